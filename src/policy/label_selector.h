/* Kubernetes' LabelSelector (meta/v1): what it asks for, and whether labels meet it. */
#ifndef NETPOL_POLICY_LABEL_SELECTOR_H
#define NETPOL_POLICY_LABEL_SELECTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "identity/labels.h"

enum requirement_operator {
	REQUIREMENT_IN,
	REQUIREMENT_NOT_IN,
	REQUIREMENT_EXISTS,
	REQUIREMENT_DOES_NOT_EXIST
};

struct requirement {
	char *key;
	enum requirement_operator operator;
	char **values; /* IN, NOT_IN: at least one */
	size_t value_count;
};

/* All of them must be met; matchLabels are requirements like others. None: everything is selected.
 */
struct label_selector {
	struct requirement *items;
	size_t count;
};

/* What can be said where not everything is known. NO < MAYBE < YES. */
enum match { MATCH_NO, MATCH_MAYBE, MATCH_YES };

/* Both must hold. */
enum match match_worse(enum match a, enum match b);

/* labels NULL: not known. NotIn and DoesNotExist are met by a label that is not there. */
enum match label_selector_match(const struct label_selector *selector, const struct labels *labels);
/* The same where there are more labels, of unknown values: they end with a key that is NULL; NULL:
 * there are none. What labels say of such a key holds. */
enum match label_selector_match_partly(const struct label_selector *selector,
				       const struct labels *labels,
				       const struct unknown_label *unknown);
void label_selector_clear(struct label_selector *selector);

#endif
