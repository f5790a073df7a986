#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/manifests.h"
#include "cli/mesh_notes.h"
#include "cli/rule_text.h"
#include "cli/verify_print.h"

/* ---- what both ways to ask share ---- */

static int prepare(struct verification *verification, const struct candidates *candidates,
		   struct scene_graph **scene)
{
	const struct options *options = verification->session->options;
	const struct scene_graph_options of_scene = {
	    .manifests = candidates->given ? candidates->given->inventory : NULL,
	    .hosts_are_pods = options->host_network == HOST_NETWORK_POD};
	int r = scene_graph_new(verification->session->graph, &of_scene, scene);

	if (r < 0)
		return r;
	verification->candidates = candidates;
	verification->scene = *scene;
	verification->replay.scene = *scene;
	return evaluator_new(candidates->policies, candidates->count, scene_graph_scene(*scene),
			     (struct evaluator_options){.ipblock_pods = options->ipblock_pods},
			     &verification->replay.evaluator);
}

static bool wants_edge(const void *context, const struct graph_edge *edge)
{
	return session_wants_end(context, &edge->from) || session_wants_end(context, &edge->to);
}

static bool wants_pod(const void *context, const struct graph_pod *pod)
{
	const struct end end = {.kind = END_POD,
				.namespace = pod->namespace,
				.name = pod->name,
				.workload = pod->workload};

	return session_wants_end(context, &end);
}

/* ---- the whole record ---- */

static int verify(struct verification *verification)
{
	struct session *session = verification->session;
	const struct options *options = session->options;
	const struct unused_request request = {
	    .graph = session->graph,
	    .scene = verification->scene,
	    .policies = verification->candidates->policies,
	    .policy_count = verification->candidates->count,
	    .options = {.ipblock_pods = options->ipblock_pods},
	    .wants_pod = options->namespace || options->workload_name ? wants_pod : NULL,
	    .context = session};
	struct replay_result *result = &verification->result;
	int r = replay_graph(&verification->replay, session->graph, wants_edge, session, result);

	if (r == 0)
		r = unused_find(&request, &verification->unused, &verification->unused_count);
	verification->passed = result->lists[REPLAY_DENIED].edges == 0 &&
			       (result->lists[REPLAY_UNKNOWN].edges == 0 || options->allow_unknown);
	return r;
}

/* ---- drift ---- */

static bool is_drift(const struct verification *verification, const struct replayed *replayed)
{
	const enum answer answer = replayed->decision.answer;

	return answer == ANSWER_DENIED ||
	       (answer == ANSWER_UNKNOWN && !verification->session->options->allow_unknown);
}

/* The side that decides. */
static enum direction direction_of(const struct decision *decision)
{
	return decision->sides[DIRECTION_EGRESS].answer == decision->answer &&
		       decision->sides[DIRECTION_INGRESS].answer != decision->answer
		   ? DIRECTION_EGRESS
		   : DIRECTION_INGRESS;
}

static void put_policy(struct buf *buf, const struct netpol *policy)
{
	if (policy)
		buf_printf(buf, "%s/%s", policy->namespace, policy->name);
}

static int drift_row(const struct verification *verification, const struct graph_edge *edge,
		     const struct replayed *replayed, struct output_table *table)
{
	const struct graph *graph = verification->session->graph;
	const struct edge_key *key = &edge->edge.key;
	const enum direction direction = direction_of(&replayed->decision);
	char from[SHAPE_CELL_MAX], to[SHAPE_CELL_MAX], port[16], connections[24];
	char first[CLOCK_TEXT_MAX];
	struct buf policy = {0};
	int r;

	put_policy(&policy, replayed->decision.sides[direction].policy);
	snprintf(connections, sizeof(connections), "%" PRId64, edge->edge.totals.connections);
	const char *cells[] = {
	    clock_format(edge->edge.begun, first),
	    verify_end_cell(graph, &edge->from, from),
	    verify_end_cell(graph, &edge->to, to),
	    shape_port_cell(key->protocol, key->has_port, key->port, port),
	    verdict_name((enum verdict)key->verdict),
	    connections,
	    replayed->decision.answer == ANSWER_DENIED ? "no" : "unknown",
	    rule_direction(direction),
	    policy.data ? policy.data : "",
	    replayed->why ? replayed->why : "",
	};
	r = policy.error ? policy.error : output_table_row(table, cells);
	buf_clear(&policy);
	return r;
}

static int drift_json(const struct verification *verification, const struct graph_edge *edge,
		      const struct replayed *replayed, json_t *array)
{
	const enum direction direction = direction_of(&replayed->decision);
	const struct netpol *policy = replayed->decision.sides[direction].policy;
	json_t *object = shape_edge(verification->session->graph, edge);
	int r = shape_set(object, "allowed",
			  replayed->decision.answer == ANSWER_DENIED ? json_false() : json_null());

	if (r == 0)
		r = shape_set(object, "direction", json_string(rule_direction(direction)));
	if (r == 0)
		r = shape_set(object, "policy",
			      policy ? json_sprintf("%s/%s", policy->namespace, policy->name)
				     : json_null());
	if (r == 0)
		r = shape_set(object, "why", shape_text(replayed->why));
	if (r < 0) {
		json_decref(object);
		return r;
	}
	return shape_append(array, object);
}

/* Where one of them goes; the other is NULL. */
struct drift {
	struct output_table *table;
	json_t *array;
	size_t count;
};

static int find_drift(const struct verification *verification, int64_t since, struct drift *drift)
{
	const struct graph *graph = verification->session->graph;
	int r = 0;

	for (size_t i = 0; i < graph->edge_count && r == 0; i++) {
		const struct graph_edge *edge = &graph->edges[i];
		struct replayed replayed;

		if (edge->edge.begun < since || edge->standing == STANDING_OVERRIDDEN ||
		    !wants_edge(verification->session, edge))
			continue;
		r = replay_edge(&verification->replay, edge, &replayed);
		if (r < 0 || !is_drift(verification, &replayed))
			continue;
		drift->count++;
		r = drift->table ? drift_row(verification, edge, &replayed, drift->table)
				 : drift_json(verification, edge, &replayed, drift->array);
	}
	return r;
}

/* Nothing is printed where there is nothing, so that a timer that mails is quiet. */
static int print_drift(struct verification *verification, int64_t since)
{
	static const char *const titles[] = {"FIRST SEEN", "FROM",        "TO",      "PORT",
					     "VERDICT",    "CONNECTIONS", "ALLOWED", "DIRECTION",
					     "POLICY",     "WHY"};
	struct session *session = verification->session;
	const bool is_json = session->options->format == FORMAT_JSON;
	struct drift drift = {0};
	int r;

	if (is_json)
		drift.array = json_array();
	else
		drift.table = output_table_new(titles, sizeof(titles) / sizeof(titles[0]));
	r = drift.array || drift.table ? find_drift(verification, since, &drift) : -ENOMEM;
	verification->passed = r == 0 && drift.count == 0;
	if (r == 0 && is_json) {
		session_print_array(session, json_incref(drift.array));
	} else if (r == 0 && (drift.count > 0 || session->options->format == FORMAT_CSV)) {
		session_print_table(session, drift.table);
		drift.table = NULL;
	}
	json_decref(drift.array);
	output_table_free(drift.table);
	return r;
}

/* ---- the command ---- */

static bool is_asked_well(const struct options *options)
{
	bool manifests_on_input = false, inventory_on_input = false;

	for (size_t i = 0; i < options->manifest_count; i++)
		manifests_on_input |= strcmp(options->manifests[i], "-") == 0;
	for (size_t i = 0; i < options->inventory_count; i++)
		inventory_on_input |= strcmp(options->inventory[i], "-") == 0;
	if (options->manifest_count == 0 && !options->with_generated)
		fprintf(stderr,
			PROGRAM " verify: nothing to verify: -f PATH or --with-generated is "
				"missing\n");
	else if (manifests_on_input && inventory_on_input)
		fprintf(stderr,
			PROGRAM " verify: -f and --inventory cannot both be standard input\n");
	else
		return true;
	return false;
}

static void answer(struct verification *verification, int64_t since)
{
	struct session *session = verification->session;
	struct candidates candidates = {0};
	struct scene_graph *scene = NULL;
	int r = 0;

	if (candidates_read(session, &candidates) && session_build(session)) {
		session_check_filters(session);
		r = holes_warn(session, &verification->holes);
		if (r == 0 && candidates_finish(session, &candidates)) {
			r = prepare(verification, &candidates, &scene);
			if (r == 0 && session->options->drift)
				r = print_drift(verification, since);
			else if (r == 0)
				r = verify(verification);
			if (r == 0 && !session->options->drift) {
				mesh_note(session);
				verify_print(verification);
			}
			if (r == 0 && !session->options->drift)
				manifests_tell_idle(session, PROBLEM_NOTE, candidates.policies,
						    candidates.count, scene_graph_scene(scene),
						    verification->replay.evaluator,
						    " that was recorded");
			if (session->status == EXIT_DONE && !verification->passed)
				session->status = EXIT_NO;
		}
	}
	if (r < 0)
		session_fail(session, "verify", r);
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
	if (session_begin(&session, &asked))
		answer(&verification, options->interval.from);
	return session_end(&session);
}

const struct command command_verify = {
    .name = "verify",
    .summary = "what policies would deny of what was recorded, and what they allow in vain",
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
	     TAKES_PLUGIN | TAKES_STRICT,
    .formats = FORMAT_TABLE | FORMAT_JSON | FORMAT_CSV,
    .format = FORMAT_TABLE,
    .run = run,
};
