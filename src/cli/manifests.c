#include "cli/manifests.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/shape.h"

/* The more there are the less a label is to blame. */
#define IDLE_MAX 100

bool manifests_read(struct session *session, const char *const *paths, size_t count,
		    struct manifests *manifests)
{
	const size_t before = session->problems.count;
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
	problems_order(&session->problems, before);
	if (r == 0 && manifests->manifest->policy_count == 0 && session->problems.errors == 0 &&
	    !session->options->with_generated)
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

/* By namespace of the scene: has it a pod that may be selected? NULL: no memory. */
static bool *find_inhabited(const struct scene *scene)
{
	bool *inhabited = calloc(scene->namespace_count + 1, sizeof(*inhabited));

	for (size_t i = 0; inhabited && i < scene->pod_count; i++)
		if (scene->pods[i].namespace != SCENE_NONE && !scene->pods[i].on_node)
			inhabited[scene->pods[i].namespace] = true;
	return inhabited;
}

void manifests_tell_idle(struct session *session, const struct manifest *manifest,
			 const struct scene *scene, const struct evaluator *evaluator)
{
	const struct netpol *policies = manifest->policies;
	bool *inhabited = find_inhabited(scene);
	size_t told = 0;

	if (!inhabited)
		session_fail(session, "policies", -ENOMEM);
	for (size_t i = 0; inhabited && i < manifest->policy_count && told < IDLE_MAX; i++) {
		size_t namespace = scene_find_namespace(scene, policies[i].namespace);
		char subject[SHAPE_CELL_MAX];

		if (evaluator_selects(evaluator, i) != MATCH_NO || namespace == SCENE_NONE ||
		    !inhabited[namespace])
			continue;
		snprintf(subject, sizeof(subject), "NetworkPolicy %s/%s", policies[i].namespace,
			 policies[i].name);
		problem_add(&session->problems, PROBLEM_WARNING, subject, "selects no pod (%s:%u)",
			    policies[i].file, policies[i].line);
		told++;
	}
	free(inhabited);
}

void manifests_clear(struct manifests *manifests)
{
	evaluator_free(manifests->evaluator);
	scene_inventory_free(manifests->scene);
	manifest_free(manifests->manifest);
	*manifests = (struct manifests){0};
}
