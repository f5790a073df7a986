/* A NetworkPolicy, read strictly; private to the manifest. */
#ifndef NETPOL_POLICY_MANIFEST_POLICY_H
#define NETPOL_POLICY_MANIFEST_POLICY_H

#include "policy/manifest.h"

/*
 * object: a mapping. -EINVAL with an error for everything that is wrong with it, -ENOMEM; nothing
 * is left in *ret then. file is borrowed.
 */
int netpol_read(const struct node *object, const char *file, struct problems *problems,
		struct netpol *ret);
void netpol_clear(struct netpol *policy);

#endif
