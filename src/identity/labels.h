/*
 * ▷ Labels of Kubernetes objects: sets of keys with values, as in metadata.labels and
 * matchLabels. Start from {0}; release with labels_clear().
 */
#ifndef NETPOL_IDENTITY_LABELS_H
#define NETPOL_IDENTITY_LABELS_H

#include <stdbool.h>
#include <stddef.h>

struct label {
	char *key;
	char *value;
};

/* Sorted by key, keys unique. */
struct labels {
	struct label *items;
	size_t count;
};

/* A label whose value is not known. */
struct unknown_label {
	const char *key;
	bool is_there; /* else it may be absent */
};

/* Value or NULL. */
const char *labels_get(const struct labels *labels, const char *key);
/* Does the set carry every label of the selector? An empty selector matches all. */
bool labels_match(const struct labels *labels, const struct labels *selector);
bool labels_equal(const struct labels *a, const struct labels *b);
/* Adds the label, or gives the key another value; both are copied. -ENOMEM leaves the set as it
 * was. */
int labels_set(struct labels *labels, const char *key, const char *value);
/* -ENOMEM leaves *ret untouched. */
int labels_copy(const struct labels *labels, struct labels *ret);
/* Frees and zeroes. */
void labels_clear(struct labels *labels);
/* A JSON object, {"app":"web"}; malloc'd. NULL: no memory, or a label that is not UTF-8. */
char *labels_print(const struct labels *labels);
/* Reads what labels_print() wrote. -EINVAL for anything else, -ENOMEM. */
int labels_parse(const char *text, struct labels *ret);

#endif
