#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doubts.h"
#include "cli/drift.h"
#include "cli/mesh_notes.h"
#include "cli/verify_print.h"

/* ---- what both ways to ask share ---- */

static bool wants_pod(const void *context, const struct graph_pod *pod)
{
	const struct end end = {.kind = END_POD,
				.namespace = pod->namespace,
				.name = pod->name,
				.workload = pod->workload};

	return session_wants_end(context, &end);
}

static int find_subjects(struct verification *verification)
{
	const struct options *options = verification->session->options;
	const struct subjects_request request = {
	    .graph = verification->session->graph,
	    .scene = verification->scene,
	    .evaluator = verification->replay.evaluator,
	    .policies = verification->candidates->policies,
	    .policy_count = verification->candidates->count,
	    .wants_pod = options->namespace || options->workload_name ? wants_pod : NULL,
	    .context = verification->session};

	return subjects_find(&request, &verification->subjects);
}

static int prepare(struct verification *verification, const struct candidates *candidates,
		   struct scene_graph **scene)
{
	const struct options *options = verification->session->options;
	const struct scene_graph_options of_scene = {
	    .manifests = candidates->given ? candidates->given->inventory : NULL,
	    .policies = candidates->policies,
	    .policy_count = candidates->count,
	    .hosts_are_pods = options->host_network == HOST_NETWORK_POD};
	int r = scene_graph_new(verification->session->graph, &of_scene, scene);

	if (r < 0)
		return r;
	verification->candidates = candidates;
	verification->scene = *scene;
	verification->replay.scene = *scene;
	r = evaluator_new(candidates->policies, candidates->count, scene_graph_scene(*scene),
			  (struct evaluator_options){.ipblock_pods = options->ipblock_pods},
			  &verification->replay.evaluator);
	return r < 0 ? r : find_subjects(verification);
}

/* ---- the whole record ---- */

static size_t count_judged(const struct replay_result *result)
{
	return result->allowed.edges + result->lists[REPLAY_DENIED].edges +
	       result->lists[REPLAY_UNKNOWN].edges + result->lists[REPLAY_UNDEFINED].edges;
}

static int verify(struct verification *verification)
{
	struct session *session = verification->session;
	const struct options *options = session->options;
	const struct unused_request request = {.graph = session->graph,
					       .scene = verification->scene,
					       .policies = verification->candidates->policies,
					       .policy_count = verification->candidates->count,
					       .options = {.ipblock_pods = options->ipblock_pods},
					       .evaluator = verification->replay.evaluator,
					       .subjects = &verification->subjects};
	struct replay_result *result = &verification->result;
	int r = replay_graph(&verification->replay, session->graph, drift_wants, session, result);

	if (r == 0)
		r = unused_find(&request, &verification->unused, &verification->unused_count);
	verification->passed = result->lists[REPLAY_DENIED].edges == 0 &&
			       (result->lists[REPLAY_UNKNOWN].edges == 0 || options->allow_unknown);
	if (r == 0 && !doubts_of_time(session, options->interval) && count_judged(result) == 0)
		problem_add(&session->problems, PROBLEM_WARNING, "evidence",
			    "nothing that is asked for worked in this time: nothing is proved");
	return r;
}

/* Of policies with something unused that may be there on purpose, and whose annotation ends before
 * it tells. */
static void tell_cut(const struct verification *verification)
{
	const struct netpol *told = NULL;

	for (size_t i = 0; i < verification->unused_count; i++) {
		const struct unused_item *item = &verification->unused[i];
		char subject[SHAPE_CELL_MAX];

		if (item->wider || !item->policy->wider_cut || item->policy == told)
			continue;
		told = item->policy;
		snprintf(subject, sizeof(subject), "NetworkPolicy %s/%s", told->namespace,
			 told->name);
		problem_add(&verification->session->problems, PROBLEM_NOTE, subject,
			    "annotation netpol/wider has no room for all that it would say: some "
			    "of what is unused may be allowed on purpose");
	}
}

/* ---- the command ---- */

static bool is_asked_well(const struct options *options)
{
	if (options->manifest_count == 0 && !options->with_generated)
		fprintf(stderr,
			PROGRAM " verify: nothing to verify: -f PATH or --with-generated is "
				"missing\n");
	else if (options->compile_option && !options->with_generated)
		fprintf(stderr,
			PROGRAM " verify: --%s is about policies that are generated: "
				"--with-generated is missing\n",
			options->compile_option);
	else if (options->drift && options->explain)
		fprintf(stderr, PROGRAM " verify: --drift has no --explain\n");
	else
		return true;
	return false;
}

/* Reads all that is still to be read. */
static int read_doubts(struct verification *verification, struct interval interval)
{
	struct session *session = verification->session;
	const bool whole = interval.from == INT64_MIN && !session->options->drift;
	int r = doubts_of_nodes(session, interval, whole);

	if (r == 0)
		r = holes_warn(session, interval, &verification->holes);
	if (r == 0)
		doubts_of_pods(session);
	return r;
}

static bool has_policies(struct session *session, const struct candidates *candidates)
{
	if (candidates->count > 0 || session->options->drift)
		return true;
	fprintf(stderr, PROGRAM " verify: nothing to verify: there is no NetworkPolicy in %s\n",
		session->options->manifest_count > 0 ? "what -f names" : "what is generated");
	session->status = EXIT_USAGE;
	return false;
}

static int judge(struct verification *verification, struct interval interval)
{
	struct session *session = verification->session;
	int r;

	doubts_of_policies(session, scene_graph_scene(verification->scene),
			   verification->candidates->policies, verification->candidates->count,
			   &verification->subjects);
	if (session->options->drift) {
		doubts_of_time(session, interval);
		r = drift_print(verification, interval.from);
	} else {
		r = verify(verification);
		if (r == 0) {
			tell_cut(verification);
			mesh_note(session);
			verify_print(verification);
		}
	}
	if (r == 0 && session->status == EXIT_DONE && !verification->passed)
		session->status = EXIT_NO;
	return r;
}

/* interval: the one that was asked for. */
static void answer(struct verification *verification, struct interval interval)
{
	struct session *session = verification->session;
	struct candidates candidates = {0};
	struct scene_graph *scene = NULL;
	int r = 0;

	if (candidates_read(session, &candidates) && session_build(session)) {
		session_check_filters(session);
		r = read_doubts(verification, interval);
		if (r == 0 && candidates_finish(session, &candidates) &&
		    has_policies(session, &candidates)) {
			r = prepare(verification, &candidates, &scene);
			if (r == 0)
				r = judge(verification, interval);
		}
	}
	if (r < 0)
		session_fail(session, "verify", r);
	subjects_clear(&verification->subjects);
	evaluator_free(verification->replay.evaluator);
	replay_result_clear(&verification->result);
	free(verification->unused);
	scene_graph_free(scene);
	candidates_clear(&candidates);
}

static int run(const struct options *options)
{
	struct options asked = *options;
	struct verification verification = {0};
	struct session session;

	if (!is_asked_well(options))
		return EXIT_USAGE;
	/* What is new is judged by when all of it began, which an edge that is cut does not tell.
	 */
	if (options->drift)
		asked.interval.from = INT64_MIN;
	verification.session = &session;
	if (session_begin(&session, &asked)) {
		session.wants_rests = options->drift;
		answer(&verification, options->interval);
	}
	return session_end(&session);
}

const struct command command_verify = {
    .name = "verify",
    .summary = "what policies would deny of the record, and what they allow in vain",
    .operands = "",
    .details = "Replays the record against the NetworkPolicies of -f, of --with-generated, or "
	       "both. Prints what worked and\n"
	       "would be denied or cannot be decided, by workload and policy; what the policies "
	       "allow and nothing used; and\n"
	       "what was denied and would be allowed. Ends with 1 if anything that worked would be "
	       "denied or cannot be\n"
	       "decided. With --drift: what is new and not allowed, nothing else.\n",
    .takes = TAKES_SINCE | TAKES_UNTIL | TAKES_NAMESPACE | TAKES_WORKLOAD | TAKES_INVENTORY |
	     TAKES_MANIFESTS | TAKES_GENERATED | TAKES_UNKNOWN | TAKES_DRIFT | TAKES_EXPLAIN |
	     TAKES_PLUGIN | TAKES_STRICT | TAKES_COMPILE,
    .formats = FORMAT_TABLE | FORMAT_JSON | FORMAT_CSV,
    .format = FORMAT_TABLE,
    .run = run,
};
