#include <errno.h>

#include "cli/cilium_note.h"
#include "cli/compile.h"
#include "cli/holes.h"
#include "cli/mesh_notes.h"
#include "cli/output_dir.h"
#include "cli/session.h"
#include "cli/summary_text.h"
#include "policy/kind.h"

/* So much is printed at once. */
#define FLUSH_BYTES 65536

/* The objects of one policy after the other, so that a great many need not be held at once. */
struct printer {
	struct session *session;
	struct output_dir *dir; /* NULL: they are a list on standard output */
	struct cilium_note note;
	struct buf buf;
	struct output_items items;
	json_t *objects; /* of the policy at hand */
};

static void flush(struct printer *printer)
{
	if (!printer->buf.error && printer->buf.length > 0)
		fwrite(printer->buf.data, 1, printer->buf.length, stdout);
	printer->buf.length = 0;
}

static int print_policy(struct printer *printer, const struct policy *policy)
{
	struct session *session = printer->session;
	const struct options *options = session->options;
	int r = options->kind->add(policy, &options->kind_options, &session->problems,
				   printer->objects);

	if (r == 0 && printer->dir)
		r = output_dir_add(printer->dir, printer->objects);
	for (size_t i = 0; r == 0 && !printer->dir && i < json_array_size(printer->objects); i++)
		output_items_add(&printer->items, json_array_get(printer->objects, i));
	json_array_clear(printer->objects);
	if (printer->buf.length >= FLUSH_BYTES)
		flush(printer);
	return r < 0 ? r : printer->buf.error;
}

static int print_policies(struct printer *printer, struct compiler *compiler)
{
	struct policy policy;
	int r;

	while ((r = compiler_next(compiler, &policy)) > 0) {
		r = print_policy(printer, &policy);
		if (r == 0)
			r = cilium_note_take(&printer->note, &policy);
		policy_clear(&policy);
		if (r < 0)
			return r;
	}
	return r;
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

/* All of the list but its items. */
static json_t *make_head(void)
{
	return json_pack("{s:s, s:s}", "apiVersion", "v1", "kind", "List");
}

static int print_list(struct printer *printer, struct compiler *compiler)
{
	struct session *session = printer->session;
	json_t *head = make_head();
	int r = head ? summary_tell(session, compiler_summary(compiler), head) : -ENOMEM;

	if (r == 0) {
		output_items_begin(&printer->items, &printer->buf,
				   session->options->format == FORMAT_JSON, head, "items");
		r = print_policies(printer, compiler);
		end_list(printer, r);
		r = r < 0 ? r : printer->buf.error;
		flush(printer);
	}
	json_decref(head);
	return r;
}

static int write_files(struct printer *printer, struct compiler *compiler)
{
	struct session *session = printer->session;
	const struct options *options = session->options;
	int r = output_dir_open(options->output_dir, options->format, &session->problems,
				&printer->dir);

	if (r == 0)
		r = summary_tell(session, compiler_summary(compiler), NULL);
	if (r == 0)
		r = print_policies(printer, compiler);
	if (r == 0)
		r = output_dir_finish(printer->dir);
	output_dir_free(printer->dir);
	if (r < 0 && session->problems.errors > 0)
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
	struct printer printer = {.session = session, .objects = json_array()};
	int r = -ENOMEM;

	if (printer.objects)
		r = session->options->output_dir ? write_files(&printer, compiler)
						 : print_list(&printer, compiler);
	if (on_cilium)
		tell_cilium(&printer);
	cilium_note_clear(&printer.note);
	json_decref(printer.objects);
	buf_clear(&printer.buf);
	return r;
}

static int answer(struct session *session)
{
	struct compile compile = {0};
	struct holes holes;
	int r = holes_warn(session, session->options->interval, &holes);

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
