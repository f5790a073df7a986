#include <errno.h>

#include "cli/compile.h"
#include "cli/entry_notes.h"
#include "cli/holes.h"
#include "cli/mesh_notes.h"
#include "cli/session.h"
#include "cli/summary_text.h"
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

static void print_list(struct session *session, json_t *list)
{
	struct buf buf = {0};

	if (session->options->format == FORMAT_YAML)
		output_yaml(&buf, list);
	else
		output_json(&buf, list);
	session_print(session, &buf);
}

static int fill_list(struct session *session, json_t *list)
{
	struct compile compile = {0};
	int r = compile_begin(session, &compile);

	if (r == 0)
		r = summary_tell(session, compiler_summary(compile.compiler), list);
	if (r == 0)
		r = take_objects(session, compile.compiler, json_object_get(list, "items"));
	compile_end(&compile);
	return r;
}

static int answer(struct session *session)
{
	struct holes holes;
	json_t *list = json_pack("{s:s, s:s, s:[]}", "apiVersion", "v1", "kind", "List", "items");
	int r = list ? holes_warn(session, session->options->interval, &holes) : -ENOMEM;

	if (r == 0)
		r = fill_list(session, list);
	mesh_note(session);
	entry_note(session);
	if (r == 0)
		print_list(session, list);
	json_decref(list);
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
