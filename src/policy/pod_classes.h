/* Pods of a scene that an evaluator cannot tell apart, as parties of a connection; private to
 * policy/. */
#ifndef NETPOL_POLICY_POD_CLASSES_H
#define NETPOL_POLICY_POD_CLASSES_H

#include "policy/evaluate.h"

struct pod_class_members {
	size_t first, second; /* two of its pods; second SCENE_NONE: there is but one */
};

struct pod_classes {
	size_t *of; /* by the scene's pods */
	struct pod_class_members *items;
	size_t count;
};

/* -ENOMEM. */
int pod_classes_make(const struct scene *scene, const struct evaluator *evaluator,
		     struct pod_classes *ret);
void pod_classes_clear(struct pod_classes *classes);

#endif
