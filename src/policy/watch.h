/* When the nodes watched each workload; private to policy/. */
#ifndef NETPOL_POLICY_WATCH_H
#define NETPOL_POLICY_WATCH_H

#include "policy/readiness.h"

/* As struct readiness has it. */
struct watch {
	int64_t since;
	int64_t observed;
	size_t gaps;
	int64_t missing;
	int64_t first_day; /* ms: when a day had been observed; INT64_MAX: it has not */
	int64_t last_day;  /* ms: since when a day was; INT64_MIN: it was not */
	size_t pods_seen, pods_known;
};

/* One for each of graph.workloads; *ret is free()d. */
int watches_build(const struct graph *graph, const struct readiness_evidence *evidence,
		  struct watch **ret);

#endif
