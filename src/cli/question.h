/* --from, --to and --port: what they say, and whom they mean. */
#ifndef NETPOL_CLI_QUESTION_H
#define NETPOL_CLI_QUESTION_H

#include "cli/manifests.h"
#include "policy/reach.h"

/* Start from {0}. */
struct question {
	struct reach_question asked; /* points into the rest */
	bool *workloads[DIRECTIONS]; /* EGRESS: --from, INGRESS: --to */
	struct port_set ports;
};

/*
 * What the options ask of these workloads; names are the pods'. False: said what is wrong, or that
 * there is no such end and what there is, and set the session's status; question_clear() is due all
 * the same.
 */
bool question_make(struct session *session, const struct reach *reach,
		   const struct manifests *manifests, struct question *ret);
/* Is it one with yes or no for an answer: both ends and the port? */
bool question_wants_answer(const struct options *options);
bool question_has_both_ends(const struct options *options);
void question_clear(struct question *question);

#endif
