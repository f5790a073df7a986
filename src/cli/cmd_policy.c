#include <errno.h>

#include "cli/cilium_note.h"
#include "cli/compile.h"
#include "cli/doubts.h"
#include "cli/holes.h"
#include "cli/mesh_notes.h"
#include "cli/output_dir.h"
#include "cli/say_policies.h"
#include "cli/summary_text.h"
#include "policy/kind.h"

/* So much is printed at once. */
#define FLUSH_BYTES 65536

/* The objects of one policy after the other, so that a great many need not be held at once. */
struct printer {
	struct session *session;
	struct output_dir *dir; /* NULL: they are a list on standard output */
	struct compiler *compiler;
	struct cilium_note note;
	bool for_cilium; /* there is somebody to note it for */
	struct buf buf;
	struct output_items items;
	struct tree tree; /* of the policy at hand */
};

static void flush(struct printer *printer)
{
	if (!printer->buf.error && printer->buf.length > 0)
		fwrite(printer->buf.data, 1, printer->buf.length, stdout);
	printer->buf.length = 0;
}

/* 1; 0: in no file; -errno. */
static int print_objects(struct printer *printer, const struct tree_node *objects)
{
	if (printer->dir)
		return output_dir_add(printer->dir, objects);
	for (const struct tree_node *object = objects->first; object; object = object->next)
		output_items_add(&printer->items, object);
	if (printer->buf.length >= FLUSH_BYTES)
		flush(printer);
	return printer->buf.error ? printer->buf.error : 1;
}

/* 1: it was printed; 0: it could not be. */
static int print_policy(void *context, const struct policy *policy)
{
	struct printer *printer = context;
	struct session *session = printer->session;
	const struct options *options = session->options;
	struct tree_node *objects = tree_list(&printer->tree);
	int r = objects ? policy_kind_add(options->kind, policy, &options->kind_options,
					  &session->problems, objects)
			: -ENOMEM;

	if (r > 0)
		r = print_objects(printer, objects);
	if (r > 0 && printer->for_cilium && cilium_note_take(&printer->note, policy) < 0)
		r = -ENOMEM;
	tree_reset(&printer->tree);
	return r;
}

static int print_policies(struct printer *printer)
{
	const struct options *options = printer->session->options;
	const struct say_policies all = {.session = printer->session,
					 .compiler = printer->compiler,
					 .kind = options->kind,
					 .options = &options->kind_options,
					 .say = print_policy,
					 .context = printer};

	return say_policies(&all);
}

static void end_list(struct printer *printer, int r)
{
	if (r == 0) {
		output_items_end(&printer->items);
		return;
	}
	/* There was no room for more. */
	buf_clear(&printer->buf);
	output_items_spoil(&printer->items);
}

static int print_items(struct printer *printer, const struct tree_node *head)
{
	int r;

	output_items_begin(&printer->items, &printer->buf,
			   printer->session->options->format == FORMAT_JSON, head, "items");
	r = print_policies(printer);
	end_list(printer, r);
	r = r < 0 ? r : printer->buf.error;
	flush(printer);
	return r;
}

static int print_list(struct printer *printer)
{
	struct tree tree = {0};
	struct tree_node *head = policy_kind_list(&tree);
	int r = tree.error;

	if (r == 0)
		r = summary_tell(printer->session, compiler_summary(printer->compiler), head);
	if (r == 0)
		r = print_items(printer, head);
	tree_clear(&tree);
	return r;
}

static int finish_files(struct printer *printer)
{
	size_t removed;
	int r = output_dir_finish(printer->dir, &removed);

	if (r == 0 && removed > 0)
		fprintf(stderr, "%s: note: %s: %zu file%s of policies that are made no more %s\n",
			PROGRAM, printer->session->options->output_dir, removed,
			removed == 1 ? "" : "s", removed == 1 ? "was removed" : "were removed");
	return r;
}

static int write_files(struct printer *printer)
{
	struct session *session = printer->session;
	const struct options *options = session->options;
	const size_t errors = session->problems.errors;
	int r = output_dir_open(options->output_dir, options->format, options->kind->review_only,
				&session->problems, &printer->dir);

	if (r == 0)
		r = summary_tell(session, compiler_summary(printer->compiler), NULL);
	if (r == 0)
		r = print_policies(printer);
	if (r == 0)
		r = finish_files(printer);
	output_dir_free(printer->dir);
	if (session->problems.errors > errors)
		session->status = EXIT_USAGE;
	return r;
}

static void tell_cilium(const struct printer *printer)
{
	struct session *session = printer->session;

	cilium_note_tell(&printer->note,
			 session->options->kind == &kind_cilium
			     ? "without --exact they are entities"
			     : "--for cilium has entities in their place",
			 &session->problems);
}

static int print(struct session *session, struct compiler *compiler, bool on_cilium)
{
	struct printer printer = {.session = session,
				  .compiler = compiler,
				  .for_cilium =
				      on_cilium || session->options->kind == &kind_cilium};
	int r = session->options->output_dir ? write_files(&printer) : print_list(&printer);

	tell_cilium(&printer);
	cilium_note_clear(&printer.note);
	tree_clear(&printer.tree);
	buf_clear(&printer.buf);
	return r;
}

static int answer(struct session *session)
{
	struct compile compile = {0};
	struct holes holes;
	int r = holes_warn(session, session->options->interval, &holes);

	doubts_of_time(session, session->options->interval);
	if (r == 0)
		r = compile_begin(session, &compile);
	if (r == 0)
		r = print(session, compile.compiler, holes.cilium);
	compile_end(&compile);
	mesh_note(session);
	return r;
}

static int run(const struct options *options)
{
	struct session session;
	int r;

	if (!session_begin(&session, options) || !session_build(&session))
		return session_end(&session);
	r = answer(&session);
	if (r < 0 && session.status == EXIT_DONE)
		session_fail(&session, "policy", r);
	return session_end(&session);
}

const struct command command_policy = {
    .name = "policy",
    .summary = "the least NetworkPolicies that allow what worked",
    .operands = "",
    .details =
	"One policy per workload that was recorded on its own node: without --for a "
	"NetworkPolicy of networking.k8s.io/v1,\n"
	"without --output-dir in a v1 List. Ports are those that the pods listen on, never a "
	"service's. Names to resolve stay\n"
	"reachable. What is wider than what was seen says so in the policy; --exact does without. "
	"A workload whose labels are\n"
	"unknown gets none, and a problem on stderr says what to supply. With --strict a direction "
	"whose evidence is partial\n"
	"is left open.\n",
    .takes = TAKES_SINCE | TAKES_UNTIL | TAKES_NAMESPACE | TAKES_WORKLOAD | TAKES_INVENTORY |
	     TAKES_STRICT | TAKES_COMPILE | TAKES_KIND,
    .formats = FORMAT_YAML | FORMAT_JSON,
    .format = FORMAT_YAML,
    .run = run,
};
