/* Every end once: a set that owns copies, so that equal ends are equal pointers; private to model/.
 */
#ifndef NETPOL_MODEL_ENDS_H
#define NETPOL_MODEL_ENDS_H

#include "base/hash.h"
#include "model/graph.h"

struct end_block;

/* Start from {0}; release with ends_clear(). */
struct ends {
	struct hash_seed seed;    /* addresses come from the network */
	struct end_block *blocks; /* the newest first: what is in one does not move */
	const struct end **slots; /* open addressing; capacity is a power of two */
	size_t capacity;
	size_t count;
	size_t ranked; /* how many there were when they were ranked */
};

/* The set's own copy, valid until ends_clear(). Texts are compared as pointers. NULL: out of
 * memory. */
const struct end *ends_intern(struct ends *ends, const struct end *end);
/* Sets their ranks: by kind, by pod or the node's name, by address, … and 0 at first. -ENOMEM. */
int ends_rank(struct ends *ends);
void ends_clear(struct ends *ends);

#endif
