#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "cli/dataplane.h"
#include "cli/entry_notes.h"
#include "cli/mesh_notes.h"
#include "cli/session.h"
#include "policy/policy.h"

/* Holes in the evidence are holes in the policies. */
static int warn_of_gap(void *context, const char *node, const struct gap *gap)
{
	struct session *session = context;
	char from[CLOCK_TEXT_MAX], until[CLOCK_TEXT_MAX], subject[300], at_most[48] = "";

	snprintf(subject, sizeof(subject), "evidence of %s", node);
	if (gap->at_most >= 0)
		snprintf(at_most, sizeof(at_most), " (at most %" PRId64 ")", gap->at_most);
	problem_add(&session->problems, PROBLEM_WARNING, subject, "%s gap from %s to %s: %s%s",
		    loss_source_name(gap->source), clock_format(gap->from, from),
		    clock_format(gap->until, until), gap->reason, at_most);
	return 0;
}

static void print_policies(struct session *session, const struct policy_set *set)
{
	json_t *tree = kind_networkpolicy(set);
	struct buf buf = {0};

	if (!tree)
		buf.error = -ENOMEM;
	else if (session->options->format == FORMAT_YAML)
		output_yaml(&buf, tree);
	else
		output_json(&buf, tree);
	json_decref(tree);
	session_print(session, &buf);
}

static int run(const struct options *options)
{
	const struct policy_filter filter = {.namespace = options->namespace,
					     .workload_kind = options->workload_kind,
					     .workload_name = options->workload_name};
	struct dataplanes dataplanes = {0};
	struct policy_set *set = NULL;
	struct session session;
	int r;

	if (!session_begin(&session, options) || !session_build(&session))
		return session_end(&session);
	r = record_gaps(session.record, options->interval, warn_of_gap, &session);
	if (r == 0)
		r = record_facts(session.record, dataplanes_take, &dataplanes);
	record_end(session.record);
	dataplanes_warn(&session.problems, &dataplanes, options->interval, session.graph);
	dataplanes_clear(&dataplanes);
	if (r == 0)
		r = policy_derive(session.graph, &filter, &session.problems, &set);
	mesh_note(&session);
	entry_note(&session);
	if (r < 0)
		session_fail(&session, "policy", r);
	else
		print_policies(&session, set);
	policy_set_free(set);
	return session_end(&session);
}

const struct command command_policy = {
    .name = "policy",
    .summary = "the NetworkPolicies that allow what was answered, and nothing more",
    .operands = "",
    .details = "One networking.k8s.io/v1 NetworkPolicy per workload that was recorded on its own "
	       "node, in a v1 List. Ports are\n"
	       "those that the pods listen on, never a service's. Names to resolve stay reachable. "
	       "A workload whose labels are\n"
	       "unknown gets none, and a problem on stderr that says what to supply.\n",
    .takes = TAKES_SINCE | TAKES_UNTIL | TAKES_NAMESPACE | TAKES_WORKLOAD | TAKES_INVENTORY |
	     TAKES_STRICT,
    .formats = FORMAT_YAML | FORMAT_JSON,
    .format = FORMAT_YAML,
    .run = run,
};
