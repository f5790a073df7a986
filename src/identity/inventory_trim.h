/*
 * Objects of a cluster one by one, each less what the inventory does not read: what is kept of an
 * inventory file. Read back by inventory_add(), they give what the document itself gives.
 */
#ifndef NETPOL_IDENTITY_INVENTORY_TRIM_H
#define NETPOL_IDENTITY_INVENTORY_TRIM_H

#include "base/document.h"
#include "base/problem.h"

/* All of it valid during the call. */
struct trimmed_object {
	const char *kind;      /* with its API group where it has one: "Pod", "ReplicaSet.apps" */
	const char *namespace; /* "" for what has none */
	const char *name;
	const char *uid;     /* "" unknown */
	const char *content; /* JSON with sorted keys: the same object has the same */
	unsigned line;
};

/* A return other than 0 ends the walk and is returned. */
typedef int trimmed_fn(void *context, const struct trimmed_object *object);

/*
 * Visits the objects in the document's order. Of kinds that the inventory reads nothing but owners
 * of, those that own something in the document. -EINVAL: it is not all Kubernetes objects, or has
 * none, with a problem at the line; objects without a name are left out with a problem. -ENOMEM.
 */
int inventory_trim(const struct document *document, struct problems *problems, trimmed_fn *visit,
		   void *context);

#endif
