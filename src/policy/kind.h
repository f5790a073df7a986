/* ▷ The same policies in the words of several APIs. */
#ifndef NETPOL_POLICY_KIND_H
#define NETPOL_POLICY_KIND_H

#include "base/tree.h"
#include "policy/policy.h"

/* How an object says where it comes from. */
enum explain {
	EXPLAIN_NONE,
	EXPLAIN_COMMENTS,   /* comment of the object or the peer */
	EXPLAIN_ANNOTATIONS /* annotation KIND_EVIDENCE of the object */
};

/* Annotations of the objects, whatever is explained: which directions are withheld, which are
 * partial, and why; and what they allow beyond what was seen. Absent where there is nothing to say.
 */
#define KIND_WITHHELD "netpol/withheld"
#define KIND_PARTIAL "netpol/partial"
#define KIND_WIDER "netpol/wider"
#define KIND_EVIDENCE "netpol/evidence"

struct kind_options {
	enum explain explain;
	const char *api_version; /* one of the kind's */
	const char *canary_key;  /* NULL: none; else only pods with this label, too */
	const char *canary_value;
};

struct policy_kind {
	const char *name;                /* as --for has it */
	const char *const *api_versions; /* the first is the default; ends with NULL */
	bool entities;                   /* its policies are derived with them */
	bool cluster_scoped;             /* its objects have no namespace */
	bool says_readiness;             /* its objects do, whatever is explained */
	bool review_only;                /* its objects are to be read, not applied */
	/*
	 * The objects that the policy becomes, at the end of the list: none where the kind cannot
	 * say it, with a problem. However large they are: see policy_kind_add(). They borrow texts
	 * of the policy, of its graph and of the options. -ENOMEM.
	 */
	int (*add)(const struct policy *policy, const struct kind_options *options,
		   struct problems *problems, struct tree_node *objects);
};

extern const struct policy_kind kind_networkpolicy;
extern const struct policy_kind kind_kubescape;
extern const struct policy_kind kind_cilium;
extern const struct policy_kind kind_calico_staged;
extern const struct policy_kind kind_clusternetworkpolicy;

/*
 * add() of the kind, but for what is too large. Beyond 1.5 MiB, which is all that etcd stores of an
 * object, there is none, with a problem; beyond what kubectl apply takes, unless it is told to
 * leave that to the server, there is a problem. 1: something was appended; 0: nothing; -ENOMEM.
 */
int policy_kind_add(const struct policy_kind *kind, const struct policy *policy,
		    const struct kind_options *options, struct problems *problems,
		    struct tree_node *objects);
/* All of a v1 List but its items. tree->error says whether it is whole. */
struct tree_node *policy_kind_list(struct tree *tree);
/* Does the policy select other values of the canary's label? Then it is no canary's, for none of
 * its pods is one; kinds do not say it, with a problem. */
bool policy_kind_passes_over(const struct policy *policy, const struct kind_options *options);

/* Is the peer pods, by their addresses? Cilium matches CIDRs against what is outside of the
 * cluster, never against pods that it manages (docs.cilium.io, Layer 3 Policies, IP/CIDR based). */
bool cilium_passes_over(const struct policy_peer *peer);

/* All of them; ends with NULL. */
const struct policy_kind *const *policy_kinds(void);

#endif
