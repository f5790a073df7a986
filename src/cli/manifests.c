#include "cli/manifests.h"

#include <errno.h>

bool manifests_read(struct session *session, const char *const *paths, size_t count,
		    struct manifests *manifests)
{
	int r = 0;

	manifests->manifest = manifest_new();
	if (!manifests->manifest)
		r = -ENOMEM;
	/* All that is wrong is said at once. */
	for (size_t i = 0; r != -ENOMEM && i < count; i++) {
		int read = manifest_read(manifests->manifest, paths[i], &session->problems);

		r = read < 0 ? read : r;
	}
	if (r == 0)
		r = manifest_finish(manifests->manifest, &session->problems);
	if (r == 0 && manifests->manifest->policy_count == 0 && session->problems.errors == 0)
		problem_add(&session->problems, PROBLEM_WARNING,
			    manifests->name ? manifests->name : "manifests",
			    "no NetworkPolicy is among them: everything is allowed");
	if (r == -ENOMEM || (r < 0 && session->problems.errors == 0))
		session_fail(session, "manifests", r);
	if (r < 0)
		session->status = EXIT_USAGE;
	return r == 0;
}

bool manifests_evaluate(struct session *session, struct manifests *manifests)
{
	const struct manifest *manifest = manifests->manifest;
	const struct options *options = session->options;
	const struct scene_inventory_options scene_options = {
	    .hosts_are_nodes = options->host_network == HOST_NETWORK_NODE};
	const struct evaluator_options evaluator_options = {.ipblock_pods = options->ipblock_pods};
	int r = scene_of_inventory(manifest->inventory, scene_options, &manifests->scene);

	if (r == 0)
		r = evaluator_new(manifest->policies, manifest->policy_count,
				  &manifests->scene->scene, evaluator_options,
				  &manifests->evaluator);
	if (r < 0)
		session_fail(session, "policies", r);
	return r == 0;
}

void manifests_clear(struct manifests *manifests)
{
	evaluator_free(manifests->evaluator);
	scene_inventory_free(manifests->scene);
	manifest_free(manifests->manifest);
	*manifests = (struct manifests){0};
}
