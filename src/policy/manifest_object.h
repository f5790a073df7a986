/*
 * What the objects of a document are to a manifest: policies, policies of kinds that are not
 * evaluated, and others; private to the manifest. No policy goes by unseen: what may be meant to be
 * one and is none is an error.
 */
#ifndef NETPOL_POLICY_MANIFEST_OBJECT_H
#define NETPOL_POLICY_MANIFEST_OBJECT_H

#include "policy/manifest.h"

/* Hands each NetworkPolicy (a mapping) to take(), which returns 0 or -errno that ends all. Errors
 * are added to the problems; 0 or what take() returned. */
int manifest_find_policies(const struct document *document, struct problems *problems,
			   int (*take)(const struct node *object, void *context), void *context);

#endif
