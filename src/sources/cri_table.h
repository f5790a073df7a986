/*
 * The sandboxes that container runtimes told of, which of them somebody waits for, and what
 * follows to be asked when. Tells claims as answers come in. No I/O; the clock comes in as a
 * parameter (ns, never goes back).
 */
#ifndef NETPOL_SOURCES_CRI_TABLE_H
#define NETPOL_SOURCES_CRI_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "identity/claim.h"
#include "sources/cri_message.h"

/* All sandboxes are asked for as often. */
#define CRI_LIST_NS (60 * NSEC_PER_SEC)
/* A wanted sandbox is asked for after the first of these; while it is not there again after half of
 * the time that it has been wanted, but not sooner than the second and not later than the third;
 * and given up after the fourth. */
#define CRI_WANT_FIRST_NS (75 * NSEC_PER_MSEC)
#define CRI_WANT_LEAST_NS (150 * NSEC_PER_MSEC)
#define CRI_WANT_MOST_NS (5 * NSEC_PER_SEC)
#define CRI_WANT_GIVE_UP_NS (60 * NSEC_PER_SEC)
/* A sandbox that nobody wanted for so long may share the node's network: its status tells. */
#define CRI_STATUS_AFTER_NS (5 * NSEC_PER_SEC)
#define CRI_STATUS_EVERY_NS (100 * NSEC_PER_MSEC) /* among all sandboxes */
#define CRI_STATUS_TRIES 3                        /* for each, CRI_LIST_NS apart */

enum cri_subject {
	CRI_LIST_ALL, /* ListPodSandbox */
	CRI_LIST_ONE, /* ListPodSandbox, filtered by id */
	CRI_STATUS    /* PodSandboxStatus */
};

struct cri_question {
	enum cri_subject subject;
	const char *id;    /* valid until all sandboxes are told; NULL for CRI_LIST_ALL */
	const char *place; /* of CRI_STATUS: who told of the sandbox, and is asked */
};

struct cri_table;

struct cri_table *cri_table_new(const struct claim_events *events); /* NULL: no memory */
struct cri_table *cri_table_free(struct cri_table *table); /* NULL is allowed; returns NULL */
/* 1: there is something new to ask, soon; 0: nothing new; -ENOMEM: all are asked for instead. */
int cri_table_want(struct cri_table *table, const char *sandbox, int64_t now);
/* When something is to be asked. */
int64_t cri_table_due(const struct cri_table *table);
/* What is to be asked now, false: nothing. One question at a time. */
bool cri_table_ask(struct cri_table *table, int64_t now, struct cri_question *ret);
/*
 * The answer of a place, which is static text to the table, to the question; where several are
 * asked, one after the other. Of all sandboxes it also withdraws what this place told earlier and
 * is not in it. What another place told of is left to that one until it fails. -ENOMEM: not all of
 * it was taken, and all are asked for again.
 */
int cri_table_answer(struct cri_table *table, const struct cri_question *question,
		     const char *place, const struct cri_answer *answer, int64_t now);
/* There is no answer of the place: all that it told stays until it or another place tells of it;
 * or there is none to this one question. */
void cri_table_fail(struct cri_table *table, const char *place);
void cri_table_refuse(struct cri_table *table, const struct cri_question *question, int64_t now);

#endif
