/*
 * All that a set of policies allows: from each workload to each other, and between workloads and
 * the addresses outside of the cluster. Pure; not for several threads.
 *
 * Pods of one owner are one workload if nothing is allowed to or from one of them that is not to or
 * from the others: swapping any two changes no answer. Else each is a workload by itself. Addresses
 * are cut where the answers that are asked for change, and a row tells of all neighbours that are
 * alike to its workload; between two addresses there is no answer.
 *
 * Workloads are worked out with reach_new(); reach_narrow() says what is asked of them, and then
 * reach_from() answers row by row, so that memory grows with the ends, not with their pairs.
 */
#ifndef NETPOL_POLICY_REACH_H
#define NETPOL_POLICY_REACH_H

#include "policy/answers.h"
#include "policy/evaluate.h"
#include "policy/scene_inventory.h"

struct reach_workload {
	char *text;              /* "shop/web[Deployment]" */
	struct scene_owner name; /* pod: "" unless it is one pod by itself */
	const size_t *pods;      /* of the scene */
	size_t pod_count;
	size_t class;
};

/* What may stand at one end. {0}: everything. */
struct reach_side {
	const bool *workloads; /* by workload: only these, and no addresses; NULL: all */
	bool has_range;        /* only these addresses, and no workloads */
	struct addr_range range;
};

struct reach_question {
	struct reach_side from, to;
	const char *namespace;        /* either end is in it; NULL: any. Addresses are in none */
	const struct port_set *ports; /* only these; NULL: all */
	bool denied_too;              /* rows with neither allows nor unknown, too */
};

struct reach;

/* owners are those of the scene's pods. All of these outlive it. -ENOMEM. */
int reach_new(const struct scene *scene, const struct scene_owner *owners,
	      struct evaluator *evaluator, struct reach **ret);
struct reach *reach_free(struct reach *reach); /* NULL is allowed; returns NULL */

/* By text. */
const struct reach_workload *reach_workloads(const struct reach *reach, size_t *ret_count);

/* What is asked; once. The question is copied, what it points to outlives the reach. -ENOMEM. */
int reach_narrow(struct reach *reach, const struct reach_question *question);

/* All that may be an end of a row, in the order in which they are printed: the workloads, by the
 * same index, then the ranges. After reach_narrow(). */
size_t reach_end_count(const struct reach *reach);
/* "shop/web[Deployment]", "10.0.0.0-10.0.0.255". Owned by the reach. */
const char *reach_end_text(const struct reach *reach, size_t end);
bool reach_end_is_range(const struct reach *reach, size_t end);

/* Neighbouring ranges for which the answer to one other end is the same are one row, whatever else
 * cuts the addresses there: from, or to, is the first of them. Never are both ends ranges. */
struct reach_row {
	size_t from, to;
	size_t last;     /* of the ranges; without one: REACH_NONE */
	uint32_t answer; /* for reach_answer() */
};
#define REACH_NONE SIZE_MAX

/* The rows from one end, in the order of the ends. What it returns below 0 ends the walk. -ENOMEM.
 */
typedef int reach_row_fn(void *context, const struct reach_row *row);
int reach_from(struct reach *reach, size_t from, reach_row_fn *fn, void *context);
/* The addresses at the row's one end or the other; false: a workload is there. */
bool reach_row_range(const struct reach *reach, const struct reach_row *row,
		     enum direction direction, struct addr_range *ret);
/* Valid until the next reach_from(); the number lasts. */
const struct answer_sets *reach_answer(const struct reach *reach, uint32_t answer);
size_t reach_answer_count(const struct reach *reach);

/* What decides between two ends, by one pod of each. */
int reach_explain(struct reach *reach, const struct reach_row *row, evaluator_reason_fn *reason,
		  void *context);

#endif
