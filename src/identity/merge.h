/*
 * What all sources of a node say, merged into pods: one for each sandbox, and by its uid one pod
 * of several sandboxes. Pure; the clock comes in as a parameter (ns, CLOCK_REALTIME). One thread.
 *
 * - A pod is told once namespace and name are known; until then its addresses wait.
 * - An address is the sandbox's from the earliest exact moment told, else from the earliest told;
 *   a source that cannot say when counts from the sandbox's creation, else from when it spoke.
 * - It ends when nobody tells it any more, or when the source that allocated it freed it: then at
 *   that moment, but not later than the next owner's exact beginning. If others still tell it
 *   MERGE_RELEASE_NS later and nobody else has it, it was never freed (somebody emptied the IPAM
 *   plugin's directory) and goes on.
 * - Where sources name different namespaces, names or uids, the pod has a conflict and is a
 *   problem. What one leaves out another may fill in.
 */
#ifndef NETPOL_IDENTITY_MERGE_H
#define NETPOL_IDENTITY_MERGE_H

#include "identity/claim.h"
#include "identity/pod.h"

#define MERGE_RELEASE_NS (10 * INT64_C(1000000000))
/* Sandboxes beyond this number are a problem, and not merged. */
#define MERGE_SANDBOXES_MAX 16384

struct merge;

struct merge_events {
	/* The pod as it now is, with its open addresses and those that have just ended; meant for
	 * registry_put(). Valid during the call. */
	void (*pod)(void *context, const struct pod *pod);
	/* A contradiction, once for each state of it. */
	void (*problem)(void *context, const char *subject, const char *text);
	void *context;
};

struct merge_figures {
	size_t sandboxes;  /* that any source tells of */
	size_t nameless;   /* of these, with an address and without a name */
	size_t unlabelled; /* of these, with a name and without labels */
	size_t conflicts;
};

struct merge *merge_new(const struct merge_events *events); /* NULL: no memory */
struct merge *merge_free(struct merge *merge);              /* NULL is allowed; returns NULL */
/* -ENOMEM: tell it again. */
int merge_claim(struct merge *merge, const struct claim *claim, int64_t now);
int merge_withdraw(struct merge *merge, const char *source, const char *place, const char *sandbox,
		   int64_t now);
/* What only time decides; to be called about once a second. */
int merge_tick(struct merge *merge, int64_t now);
struct merge_figures merge_figures(const struct merge *merge);
/* The sandboxes that lack labels, for who can ask for them. */
void merge_visit_unlabelled(const struct merge *merge,
			    void (*visit)(void *context, const char *sandbox), void *context);

#endif
