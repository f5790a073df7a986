/* ▷ What the record cannot show of a workload, so that a direction of its policy is partial. */
#ifndef NETPOL_POLICY_COVERAGE_H
#define NETPOL_POLICY_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A node that has a record in this answer. */
struct coverage_node {
	const char *name;
	/* What of its pods' connections is invisible there, one line; NULL: nothing is known to be.
	 * Of attempts that were denied nothing is meant: they are no evidence. */
	const char *hidden;
	int64_t from, until; /* ms: its first and its last word */
};

/*
 * A node whose last word is more than an hour, and more than this part of the time from the first
 * word of any to the last of all, before that last one tells nothing of the pods that live there.
 */
#define COVERAGE_EARLY_MIN (3600 * INT64_C(1000)) /* ms */
#define COVERAGE_EARLY_SHARE 20                   /* one in so many */

struct coverage {
	struct coverage_node *nodes; /* by name */
	size_t count;
};

#endif
