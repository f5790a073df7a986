/* Which classes of pods a selector matches: by numbers, and where it lists values asked only of
 * those that have one. Private to policy/evaluate*.c. */
#ifndef NETPOL_POLICY_CLASS_INDEX_H
#define NETPOL_POLICY_CLASS_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "policy/intern.h"
#include "policy/label_selector.h"

struct evaluator;

/* A label of a class, as numbers. */
struct class_label {
	uint32_t key; /* of evaluator.keys */
	uint32_t label;
};

/* A requirement in these numbers. */
struct asked_requirement {
	enum requirement_operator operator;
	uint32_t key;
	size_t first, count; /* of asked_labels; values that no class has are left out */
};

struct found_class {
	size_t class;
	enum match match; /* MAYBE, YES */
};

/* Start from {0}. */
struct class_index {
	struct intern labels;
	size_t *first;        /* by label, and one more: of classes */
	size_t *classes;      /* of one label by namespace */
	size_t *labels_first; /* by class, and one more: of labels_of */
	struct class_label *labels_of;
	bool *unknown;                         /* by class: not all of its labels are known */
	const struct label_selector *selector; /* what is looked for */
	struct asked_requirement *asked;       /* the same */
	size_t asked_count;
	size_t asked_capacity;
	uint32_t *asked_labels;
	size_t asked_label_count;
	size_t asked_label_capacity;
	size_t chosen; /* of asked: to look for the labels of; SIZE_MAX: none, look at all */
	struct found_class *found;
	size_t found_count;
	size_t *marks; /* by class: the turn in which it was seen */
	size_t turn;
	struct buf text;
};

/* -ENOMEM. */
int class_index_make(struct class_index *index, const struct evaluator *evaluator);
/* What is looked for from here on; NULL: everything. -ENOMEM. */
int class_index_ask(struct class_index *index, const struct evaluator *evaluator,
		    const struct label_selector *selector);
/* All classes of the namespace (as in evaluator.class_first) that the selector matches or may;
 * until the next time. */
const struct found_class *class_index_find(struct class_index *index,
					   const struct evaluator *evaluator, size_t namespace,
					   size_t *ret_count);
void class_index_clear(struct class_index *index);

#endif
