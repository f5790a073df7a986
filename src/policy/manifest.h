/*
 * Manifests: NetworkPolicies (networking.k8s.io/v1) as written, and the objects beside them.
 *
 * Files (YAML or JSON; several documents, List and NetworkPolicyList), directories (all files
 * below that end in .yaml, .yml or .json, in the order of their names) and standard input ("-").
 * A file or directory that several paths or links lead to is read once.
 *
 * Policies are read strictly, as the API server does (networking/validation, ObjectMeta included):
 * an unknown field, a value of the wrong type or out of range, an invalid selector, block or port
 * is a PROBLEM_ERROR with file, line and field, as is a policy whose namespace and name were there
 * before, an empty entry of a list, and whatever may be meant to be a policy and is none: another
 * apiVersion, a kind that is close, no kind. status is not looked at. All else is read leniently,
 * as inventory.h says; documents that are no Kubernetes object, and kinds of other policies, whose
 * effect is not evaluated, are warnings, as are policies without a namespace where others have one
 * or "default" has no pods.
 */
#ifndef NETPOL_POLICY_MANIFEST_H
#define NETPOL_POLICY_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/document.h"
#include "base/problem.h"
#include "identity/inventory.h"
#include "policy/direction.h"
#include "policy/label_selector.h"

/* Selectors or a block, never both. */
struct netpol_peer {
	bool has_pods, has_namespaces, has_block;
	struct label_selector pods;       /* without has_namespaces: in the policy's namespace */
	struct label_selector namespaces; /* without has_pods: all of their pods */
	struct prefix block;
	struct prefix *except; /* each within block */
	size_t except_count;
	char
	    *wider; /* in what it allows more than was seen, as the policy's annotation netpol/wider
		       has it for just this peer on just these ports; NULL: nothing is said */
	unsigned line;
};

struct netpol_port {
	uint8_t protocol;     /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP */
	char *name;           /* of a container's port; NULL: numbers */
	uint16_t first, last; /* 1 to 65535 where all are meant; 0 with a name */
	unsigned line;
};

struct netpol_rule {
	struct netpol_peer *peers; /* none: everybody */
	size_t peer_count;
	struct netpol_port *ports; /* none: whatever it is */
	size_t port_count;
	unsigned line;
};

struct netpol {
	char *namespace; /* "default" where none is written */
	bool namespace_told;
	char *name;
	struct label_selector pods;
	bool isolates[DIRECTIONS]; /* policyTypes, else ingress, and egress where it has rules (the
				      API server's default); rules without it are void */
	struct netpol_rule *rules[DIRECTIONS];
	size_t rule_count[DIRECTIONS];
	bool wider_cut;   /* the annotation had no room for what it has to say of all peers */
	const char *file; /* owned by the manifest */
	unsigned line;
};

struct manifest {
	struct netpol *policies; /* by namespace, name */
	size_t policy_count;
	struct inventory *inventory; /* all other objects, finished */
	char **files;
	size_t file_count;
};

struct manifest *manifest_new(void);                       /* NULL: out of memory */
struct manifest *manifest_free(struct manifest *manifest); /* NULL is allowed; returns NULL */
/* Adds a file, a directory or "-". -EINVAL with a problem if anything of it was an error, or it
 * cannot be read; -ENOMEM. */
int manifest_read(struct manifest *manifest, const char *path, struct problems *problems);
/* The same for a document that was read already. Fuzzed. */
int manifest_add(struct manifest *manifest, const struct document *document,
		 struct problems *problems);
/* Sorts, and finishes the inventory. Call once, after the last file. -EINVAL: two policies of one
 * name; -ENOMEM. */
int manifest_finish(struct manifest *manifest, struct problems *problems);

#endif
