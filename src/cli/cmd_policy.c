#include <errno.h>

#include "cli/compile.h"
#include "cli/entry_notes.h"
#include "cli/holes.h"
#include "cli/mesh_notes.h"
#include "cli/session.h"
#include "policy/kind.h"

static int take_objects(struct session *session, struct compiler *compiler, json_t *objects)
{
	const struct options *options = session->options;
	struct policy policy;
	int r;

	while ((r = compiler_next(compiler, &policy)) > 0) {
		r = options->kind->add(&policy, &options->kind_options, &session->problems,
				       objects);
		policy_clear(&policy);
		if (r < 0)
			return r;
	}
	return r;
}

static void print_objects(struct session *session, json_t *objects)
{
	json_t *tree =
	    json_pack("{s:s, s:s, s:O}", "apiVersion", "v1", "kind", "List", "items", objects);
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

static int answer(struct session *session)
{
	struct compile compile = {0};
	struct holes holes;
	json_t *objects = json_array();
	int r = objects ? holes_warn(session, session->options->interval, &holes) : -ENOMEM;

	if (r == 0)
		r = compile_begin(session, &compile);
	if (r == 0)
		r = take_objects(session, compile.compiler, objects);
	compile_end(&compile);
	mesh_note(session);
	entry_note(session);
	if (r == 0)
		print_objects(session, objects);
	json_decref(objects);
	return r;
}

static int run(const struct options *options)
{
	struct session session;
	int r;

	if (!session_begin(&session, options) || !session_build(&session))
		return session_end(&session);
	r = answer(&session);
	if (r < 0)
		session_fail(&session, "policy", r);
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
	     TAKES_STRICT | TAKES_COMPILE | TAKES_KIND,
    .formats = FORMAT_YAML | FORMAT_JSON,
    .format = FORMAT_YAML,
    .run = run,
};
