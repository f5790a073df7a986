#include "cli/diff_sets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doubts.h"

#define NO_WORKLOAD "there is no workload: " MANIFESTS_SUPPLY

static bool wrong(struct session *session, const char *text)
{
	fprintf(stderr, "%s diff: %s\n", PROGRAM, text);
	session->status = EXIT_USAGE;
	return false;
}

static bool is_stdin(const char *path)
{
	return strcmp(path, "-") == 0;
}

static bool check(struct session *session)
{
	const struct options *options = session->options;

	if (options->file_count != DIFF_SIDES)
		return wrong(session, "expected two sets of manifests, A and B");
	if (is_stdin(options->files[DIFF_OLD]) && is_stdin(options->files[DIFF_NEW]))
		return wrong(session, "standard input can be A or B, not both");
	for (size_t i = 0; i < options->manifest_count; i++)
		if (is_stdin(options->manifests[i]))
			return wrong(session, "-f -: standard input is read once, and what is "
					      "common to A and B twice; give a file");
	if (!options->history &&
	    (options->inventory_count > 0 || options->interval.from != INT64_MIN ||
	     options->interval.until != INT64_MAX))
		return wrong(session,
			     "--inventory, --since and --until are of the record, which is read "
			     "with --history alone");
	return true;
}

static bool read_one(struct session *session, enum diff_side side, struct diff_input *input)
{
	const struct options *options = session->options;
	const char **paths = calloc(options->manifest_count + 1, sizeof(*paths));
	bool done;

	if (!paths) {
		session_fail(session, "manifests", -ENOMEM);
		return false;
	}
	/* Of objects of one name the last holds. */
	for (size_t i = 0; i < options->manifest_count; i++)
		paths[i] = options->manifests[i];
	paths[options->manifest_count] = options->files[side];
	input->manifests.name = options->files[side];
	done = manifests_read(session, paths, options->manifest_count + 1, &input->manifests);
	free(paths);
	return done;
}

static size_t workloads_of(const struct diff_input *input)
{
	const struct inventory *inventory = input->manifests.manifest->inventory;

	return inventory->pod_count + inventory->template_count;
}

static bool use_own(struct session *session, struct diff_input *input)
{
	if (!manifests_evaluate(session, &input->manifests))
		return false;
	input->set = (struct diff_set){.evaluator = input->manifests.evaluator,
				       .scene = &input->manifests.scene->scene,
				       .owners = input->manifests.scene->owners};
	return true;
}

static struct scene_owner owner_of(const struct graph *graph, const struct graph_pod *pod)
{
	const struct workload *workload =
	    pod->workload == GRAPH_NONE ? NULL : &graph->workloads[pod->workload];

	return (struct scene_owner){.namespace = pod->namespace,
				    .name = workload ? workload->name : pod->name,
				    .kind = workload ? workload->kind : "Pod",
				    .pod = pod->name};
}

/* NULL: out of memory. */
static struct scene_owner *own_pods(const struct graph *graph)
{
	struct scene_owner *owners = calloc(graph->pod_count + 1, sizeof(*owners));

	for (size_t i = 0; owners && i < graph->pod_count; i++)
		owners[i] = owner_of(graph, &graph->pods[i]);
	return owners;
}

static int make_recorded(const struct session *session, struct diff_input *input)
{
	const struct manifest *manifest = input->manifests.manifest;
	const struct scene_graph_options of_scene = {
	    .manifests = manifest->inventory,
	    .policies = manifest->policies,
	    .policy_count = manifest->policy_count,
	    .hosts_are_pods = session->options->host_network != HOST_NETWORK_NODE};
	const struct evaluator_options of_evaluator = {.ipblock_pods =
							   session->options->ipblock_pods};
	int r = scene_graph_new(session->graph, &of_scene, &input->recorded);

	if (r == 0)
		r = evaluator_new(manifest->policies, manifest->policy_count,
				  scene_graph_scene(input->recorded), of_evaluator,
				  &input->evaluator);
	if (r < 0)
		return r;
	input->owners = own_pods(session->graph);
	if (!input->owners)
		return -ENOMEM;
	/* Those that stand for pods of which nothing is known are no rows. */
	input->scene = *scene_graph_scene(input->recorded);
	input->scene.pod_count = session->graph->pod_count;
	return 0;
}

static bool use_recorded(struct session *session, struct diff_input *input)
{
	int r = make_recorded(session, input);

	if (r < 0) {
		session_fail(session, "manifests", r);
		return false;
	}
	input->set = (struct diff_set){
	    .evaluator = input->evaluator, .scene = &input->scene, .owners = input->owners};
	return true;
}

static void warn_of_none(struct session *session, enum diff_side side)
{
	problem_add(&session->problems, PROBLEM_WARNING, session->options->files[side],
		    "there is no workload in it, and so nothing is allowed; give what is common to "
		    "both sets with -f");
}

bool diff_inputs_read(struct session *session, struct diff_input inputs[static DIFF_SIDES])
{
	size_t workloads[DIFF_SIDES];
	bool (*use)(struct session *, struct diff_input *) = use_own;

	if (!check(session))
		return false;
	for (int side = 0; side < DIFF_SIDES; side++) {
		if (!read_one(session, side, &inputs[side]))
			return false;
		workloads[side] = workloads_of(&inputs[side]);
	}
	if (workloads[DIFF_OLD] == 0 && workloads[DIFF_NEW] == 0) {
		if (!session->graph || session->graph->pod_count == 0)
			return wrong(session, session->options->history ? NO_WORKLOAD "."
									: NO_WORKLOAD
						  ", or take the recorded pods with --history");
		use = use_recorded;
		doubts_of_pods(session);
	} else if (workloads[DIFF_OLD] == 0 || workloads[DIFF_NEW] == 0) {
		warn_of_none(session, workloads[DIFF_OLD] == 0 ? DIFF_OLD : DIFF_NEW);
	}
	for (int side = 0; side < DIFF_SIDES; side++) {
		const struct diff_input *input = &inputs[side];

		if (!use(session, &inputs[side]))
			return false;
		manifests_tell_idle(session, input->manifests.manifest, input->set.scene,
				    input->set.evaluator);
	}
	return true;
}

void diff_input_clear(struct diff_input *input)
{
	evaluator_free(input->evaluator);
	scene_graph_free(input->recorded);
	free(input->owners);
	manifests_clear(&input->manifests);
}
