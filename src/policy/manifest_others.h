/* Policies of kinds that are not evaluated, counted by kind; private to the manifest. */
#ifndef NETPOL_POLICY_MANIFEST_OTHERS_H
#define NETPOL_POLICY_MANIFEST_OTHERS_H

#include <stddef.h>

#include "base/document.h"
#include "base/problem.h"

/* More kinds are counted as one. */
#define OTHER_KINDS_MAX 100

/* Start from {0}. */
struct other_kinds {
	struct other_kind *items;
	size_t count;
	size_t capacity;
	size_t more; /* policies of further kinds */
};

/* file is borrowed. -ENOMEM. */
int other_kinds_add(struct other_kinds *others, const struct node *policy, const char *version,
		    const char *kind, size_t kind_length, const char *file);
/* One problem for each kind, which no other displaces. */
void other_kinds_tell(const struct other_kinds *others, struct problems *problems);
void other_kinds_clear(struct other_kinds *others);

#endif
