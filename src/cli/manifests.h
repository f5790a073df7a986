/* What the commands that ask manifests share: files read, who is in them, and what evaluates them.
 */
#ifndef NETPOL_CLI_MANIFESTS_H
#define NETPOL_CLI_MANIFESTS_H

#include "cli/session.h"
#include "policy/evaluate.h"
#include "policy/manifest.h"
#include "policy/scene_inventory.h"

#define MANIFESTS_SUPPLY                                                                           \
	"give those of the cluster with -f (kubectl get "                                          \
	"deployments,statefulsets,daemonsets,cronjobs,namespaces -A -o json)"

/* Start from {0}. */
struct manifests {
	const char *name; /* for problems; NULL: "manifests" */
	struct manifest *manifest;
	struct scene_inventory *scene; /* host-network pods are what --hostnetwork says, pods
					  unless it does */
	struct evaluator *evaluator;
};

/* Reads all of the paths. False: what is wrong is among the session's problems, or was printed,
 * and the session's status is set; manifests_clear() is due all the same. */
bool manifests_read(struct session *session, const char *const *paths, size_t count,
		    struct manifests *manifests);
/* The scene of what was read, and the evaluator of its policies. Likewise. */
bool manifests_evaluate(struct session *session, struct manifests *manifests);
/* Warns of policies that select nobody although their namespace has pods: a label may be misspelt.
 * Not of all of them, where they are many. The scene and the evaluator are those of the policies.
 */
void manifests_tell_idle(struct session *session, const struct manifest *manifest,
			 const struct scene *scene, const struct evaluator *evaluator);
void manifests_clear(struct manifests *manifests);

#endif
