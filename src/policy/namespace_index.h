/* Which namespaces a selector may match: where it lists values, only those that have one, or of
 * whose labels not all is known. Private to policy/. */
#ifndef NETPOL_POLICY_NAMESPACE_INDEX_H
#define NETPOL_POLICY_NAMESPACE_INDEX_H

#include "policy/scene.h"

struct namespace_label {
	const char *key, *value;
	size_t namespace;
};

/* Start from {0}. */
struct namespace_index {
	struct namespace_label *labels; /* by key and value */
	size_t label_count;
	size_t *all;     /* every namespace */
	size_t *unknown; /* those whose labels are not known */
	size_t unknown_count;
	size_t *found;
	size_t found_count, found_capacity;
};

/* The scene outlives it. -ENOMEM. */
int namespace_index_make(struct namespace_index *index, const struct scene *scene);
/*
 * All that scene_match_namespace() may match, and perhaps others; one may be there twice. *ret
 * holds until the next time. -ENOMEM.
 */
int namespace_index_find(struct namespace_index *index, const struct scene *scene,
			 const struct label_selector *selector, const size_t **ret,
			 size_t *ret_count);
void namespace_index_clear(struct namespace_index *index);

#endif
