/* Which classes of pods have a label, so that a selector need not be asked of all; private to
 * policy/evaluate*.c. */
#ifndef NETPOL_POLICY_CLASS_INDEX_H
#define NETPOL_POLICY_CLASS_INDEX_H

#include <stddef.h>

#include "base/buf.h"
#include "policy/intern.h"
#include "policy/label_selector.h"

struct evaluator;

/* Start from {0}. */
struct class_index {
	struct intern labels;
	size_t *first;   /* by label, and one more: of classes */
	size_t *classes; /* of one label by namespace */
	size_t *found;   /* what was asked for last */
	size_t found_count;
	size_t *marks; /* by class: the turn in which it was found */
	size_t turn;
	struct buf text;
};

/* -ENOMEM. */
int class_index_make(struct class_index *index, const struct evaluator *evaluator);
/* All classes of the namespace (as in evaluator.class_first) that the selector, or NULL, may match,
 * and perhaps others; each once, until it is asked again. -ENOMEM. */
int class_index_find(struct class_index *index, const struct evaluator *evaluator,
		     const struct label_selector *selector, size_t namespace, const size_t **ret,
		     size_t *ret_count);
void class_index_clear(struct class_index *index);

#endif
