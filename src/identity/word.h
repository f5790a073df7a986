/* A claim as it is kept: copied, and as text for people. Within identity/. */
#ifndef NETPOL_IDENTITY_WORD_H
#define NETPOL_IDENTITY_WORD_H

#include "identity/claim.h"

struct word {
	struct word *next;  /* of the sandbox; by source, place */
	bool withdrawn;     /* no longer said: it still tells who the sandbox was */
	struct claim claim; /* owns what it points to, but for source */
	char *said;         /* JSON: the members that the claim has */
};

/* NULL: no memory. What is not UTF-8 is left out of said. */
struct word *word_new(const struct claim *claim);
struct word *word_free(struct word *word); /* NULL is allowed; returns NULL */
/* Does the word say all of this claim, and nothing else? */
bool word_says(const struct word *word, const struct claim *claim);
/* By source, then place. */
int word_compare(const struct word *word, const char *source, const char *place);
/* Whose names are believed first: the lower; unknown sources last. */
size_t word_rank(const struct word *word);

#endif
