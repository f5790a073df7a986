/* Byte strings to numbers, equal ones to the same; private to policy/. */
#ifndef NETPOL_POLICY_INTERN_H
#define NETPOL_POLICY_INTERN_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

struct intern_entry {
	uint64_t hash;
	size_t at; /* in bytes */
	size_t length;
};

/* Start with intern_make(), release with intern_clear(). */
struct intern {
	struct intern_entry *entries; /* by number */
	size_t count;
	size_t capacity;
	uint32_t *slots; /* numbers + 1; 0: free */
	size_t slot_count;
	uint8_t *bytes;
	size_t used;
	size_t size;
	struct hash_seed seed;
};

struct intern intern_make(void);
/* Its number: intern->count as it was if it is new. -ENOMEM. */
int intern_add(struct intern *intern, const void *bytes, size_t length, size_t *ret_number);
/* The same with a hash of one's own; not for one that is asked with intern_add() or intern_find()
 * too.
 */
int intern_add_hashed(struct intern *intern, uint64_t hash, const void *bytes, size_t length,
		      size_t *ret_number);
/* SIZE_MAX: it is not there. */
size_t intern_find(const struct intern *intern, const void *bytes, size_t length);
void intern_clear(struct intern *intern);

/* Answers to questions that were asked before. Start from {0}. */
struct memo {
	struct intern questions;
	size_t *answers;
	size_t capacity;
};

#define MEMO_NEW SIZE_MAX
/* Of questions; beyond it all are forgotten. */
#define MEMO_BYTES_MAX (64u << 20)

/* Where the answer is, until the next question: MEMO_NEW, to be replaced, if there is none yet.
 * -ENOMEM. */
int memo_find(struct memo *memo, const void *question, size_t length, size_t **ret_answer);
void memo_clear(struct memo *memo);

#endif
