/*
 * A strict reader of what netpol prints: every object is held to the fields that its API publishes,
 * and to the limits that the API server, or the plugin's own admission, holds it to. Written from
 * the published types alone, and nothing of netpol's own is asked:
 *
 * NetworkPolicy                  kubernetes staging/src/k8s.io/api/networking/v1 and
 *                                pkg/apis/networking/validation
 * NetworkNeighborhood,           kubescape/storage pkg/apis/softwarecomposition/v1beta1
 *   GeneratedNetworkPolicy
 * CiliumNetworkPolicy            cilium pkg/policy/api, with what Rule.Validate() refuses
 * StagedKubernetesNetworkPolicy  projectcalico/api pkg/apis/projectcalico/v3
 * ClusterNetworkPolicy           kubernetes-sigs/network-policy-api apis/v1alpha2 (066a9454) and
 *                                apis/v1beta1 (30ea168a)
 * Kustomization                  kustomize api/types, kustomize.config.k8s.io/v1beta1
 *
 * A field that a type has and netpol has no reason to write (status, L7 rules, metadata.uid, …) is
 * refused like one that it does not have.
 *
 * In a unit test: what a kind added to a list of objects goes to published_check_tree(), and
 * published.wrong says what is wrong. In bats: tests/unit/policy/check_published
 * FILE… does the same for printed YAML or JSON; "-" is standard input.
 */
#ifndef NETPOL_TESTS_PUBLISHED_H
#define NETPOL_TESTS_PUBLISHED_H

#include <stddef.h>

#include "base/buf.h"
#include "base/document.h"
#include "base/tree.h"

struct published {
	struct buf wrong; /* one line each: "12: items[0].spec.ingress: why" */
	size_t count;     /* of these lines */
	size_t objects;   /* that were held to their fields; a list is none */
};

/* Every root of the document, and every item of a v1 List in it. Start from {0}; release with
 * published_clear(). */
void published_check(struct published *published, const struct document *document);
/* The same for an object, or a list of objects, as output_yaml() prints it. */
void published_check_tree(struct published *published, const struct tree_node *tree);
void published_clear(struct published *published);

#endif
