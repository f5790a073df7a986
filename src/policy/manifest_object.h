/*
 * What the objects of a document are to a manifest: policies, policies of kinds that are not
 * evaluated, and others; private to the manifest. No policy goes by unseen: what may be meant to be
 * one and is none is an error.
 */
#ifndef NETPOL_POLICY_MANIFEST_OBJECT_H
#define NETPOL_POLICY_MANIFEST_OBJECT_H

#include "policy/manifest.h"

/* What takes a policy; 0 or -errno that ends all. */
struct policy_taker {
	int (*take)(const struct node *policy, void *context);
	/* One that is not evaluated. */
	int (*take_other)(const struct node *policy, const char *version, const char *kind,
			  size_t kind_length, void *context);
	void *context;
};

/* Hands over each policy (a mapping). Errors are added to the problems; 0 or what a function of
 * the taker returned. */
int manifest_find_policies(const struct document *document, struct problems *problems,
			   const struct policy_taker *taker);

#endif
