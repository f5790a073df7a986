/* What a policy's annotations say of its peers; private to the manifest. */
#ifndef NETPOL_POLICY_MANIFEST_WIDER_H
#define NETPOL_POLICY_MANIFEST_WIDER_H

#include "policy/manifest.h"

/*
 * Fills in netpol_peer.wider and wider_cut by annotation netpol/wider (KIND_WIDER) of the object,
 * after all else of the policy. A peer, block or port that was changed since is no longer what the
 * annotation speaks of, and words that `policy` does not write say nothing. What it does write
 * anybody may have written. -ENOMEM.
 */
int netpol_take_wider(const struct node *object, struct netpol *policy);

#endif
