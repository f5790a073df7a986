/* ▷ What the record cannot show of a workload, so that a direction of its policy is partial. */
#ifndef NETPOL_POLICY_COVERAGE_H
#define NETPOL_POLICY_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>

/* A node that has a record in this answer. */
struct coverage_node {
	const char *name;
	/* What of its pods' connections is invisible there, one line; NULL: nothing is known to be.
	 * Of attempts that were denied nothing is meant: they are no evidence. */
	const char *hidden;
};

struct coverage {
	struct coverage_node *nodes; /* by name */
	size_t count;
};

#endif
