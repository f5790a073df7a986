/* ▷ The same policies in the words of several APIs. */
#ifndef NETPOL_POLICY_KIND_H
#define NETPOL_POLICY_KIND_H

#include <jansson.h>

#include "policy/policy.h"

/* How an object says where it comes from. */
enum explain {
	EXPLAIN_NONE,
	EXPLAIN_COMMENTS,   /* member "#" of the object or the peer, for output/ */
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
	bool own_node;       /* it keeps out a pod's own node, which is therefore included */
	bool says_readiness; /* its objects do, whatever is explained */
	/*
	 * The objects that the policy becomes, appended to the array: none where the kind cannot
	 * say it, with a problem. -ENOMEM.
	 */
	int (*add)(const struct policy *policy, const struct kind_options *options,
		   struct problems *problems, json_t *objects);
};

extern const struct policy_kind kind_networkpolicy;
extern const struct policy_kind kind_kubescape;
extern const struct policy_kind kind_cilium;
extern const struct policy_kind kind_calico_staged;
extern const struct policy_kind kind_clusternetworkpolicy;

/* By name; NULL: there is none of it. */
const struct policy_kind *policy_kind_find(const char *name);
/* All of them; ends with NULL. */
const struct policy_kind *const *policy_kinds(void);

#endif
