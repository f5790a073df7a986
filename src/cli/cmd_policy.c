#include <errno.h>

#include "cli/entry_notes.h"
#include "cli/holes.h"
#include "cli/mesh_notes.h"
#include "cli/session.h"
#include "policy/policy.h"

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
	struct holes holes;
	struct policy_set *set = NULL;
	struct session session;
	int r;

	if (!session_begin(&session, options) || !session_build(&session))
		return session_end(&session);
	r = holes_warn(&session, options->interval, &holes);
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
