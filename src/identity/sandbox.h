/*
 * What all sources say of one sandbox, and what it comes to: names, labels, whether it lives, and
 * wherein they contradict one another. The rules are in merge.h. Within identity/.
 */
#ifndef NETPOL_IDENTITY_SANDBOX_H
#define NETPOL_IDENTITY_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "identity/holding.h"
#include "identity/pod.h"
#include "identity/word.h"

struct sandbox {
	struct holder holder; /* the first member: a holder is its sandbox */
	struct sandbox *next;
	char *id;
	uint64_t hash;
	struct word *words; /* by source, place */
	size_t word_count;
	bool unsettled;
	bool told;
	bool overfull;    /* said so */
	bool crowded;     /* with addresses: said so */
	bool silent;      /* nobody tells of it any more */
	bool expendable;  /* it owns nothing, and nobody heard of it */
	int64_t ended;    /* INTERVAL_OPEN: not */
	int64_t deserted; /* nobody tells of an address any more; 0: somebody does, or never did */
	char *conflict;   /* NULL: none */
	char *remembered; /* a conflict of the earlier run; NULL: none */
	char *awaited;    /* the sources that have to speak before it is settled */
	bool lasting;     /* the conflict: who was part of it gave way */
};

/* Silent, and ended now. NULL: no memory. */
struct sandbox *sandbox_new(const char *id, uint64_t hash, int64_t now);
struct sandbox *sandbox_free(struct sandbox *sandbox); /* less its holdings; returns NULL */

/* ---- its words ---- */

/* NULL: that source says nothing at that place. */
struct word *sandbox_word(struct sandbox *sandbox, const char *source, const char *place);
/* For one word more: what is no longer said gives way. False: there is no room. */
bool sandbox_make_room(struct sandbox *sandbox);
/* Takes the word over, in place of what the same source said at the same place. */
void sandbox_put(struct sandbox *sandbox, struct word *word);
/* What an earlier run said has no source. */
bool word_is_memory(const struct word *word);

/* ---- what they say together ---- */

enum sandbox_text { SANDBOX_NAMESPACE, SANDBOX_NAME, SANDBOX_UID, SANDBOX_TEXTS };

/* "" if nobody says. */
const char *sandbox_text(const struct sandbox *sandbox, enum sandbox_text text);
/* The word whose labels count; NULL: nobody tells any. */
const struct word *sandbox_labels(const struct sandbox *sandbox);
int64_t sandbox_created(const struct sandbox *sandbox); /* the earliest; 0: nobody says */
bool sandbox_is_host_network(const struct sandbox *sandbox);
/* Are namespace and name known? */
bool sandbox_is_named(const struct sandbox *sandbox);
/* Are both of one pod, as registry_bind() sees it? */
bool sandbox_is_same_pod(const struct sandbox *a, const struct sandbox *b);
bool sandbox_is_silent(const struct sandbox *sandbox);
bool sandbox_is_orphaned(const struct sandbox *sandbox);
bool sandbox_is_alive(const struct sandbox *sandbox);

/* ---- contradictions ---- */

/*
 * Finds the conflict anew; what was one at the end stays one, and what is remembered counts until
 * all who said it have spoken. *ret_news: it is another than before. -ENOMEM.
 */
int sandbox_find_conflict(struct sandbox *sandbox, bool *ret_news);
/* The pod's conflict in an earlier run, if it had one. -ENOMEM. */
int sandbox_remember_conflict(struct sandbox *sandbox, const struct pod *pod);

#endif
