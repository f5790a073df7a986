#include "cli/candidates.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/document.h"
#include "cli/compile.h"
#include "cli/manifests.h"
#include "cli/summary_text.h"
#include "policy/kind.h"

/* What stands for the name of a file in which nobody has written them. */
#define GENERATED "generated"

static bool fail(struct session *session, const char *what, int error)
{
	if (error == -ENOMEM || session->problems.errors == 0)
		session_fail(session, what, error);
	session->status = EXIT_USAGE;
	return false;
}

bool candidates_read(struct session *session, struct candidates *ret)
{
	const struct options *options = session->options;
	struct manifests manifests = {0};
	bool read;

	if (options->manifest_count == 0)
		return true;
	read = manifests_read(session, options->manifests, options->manifest_count, &manifests);
	ret->given = manifests.manifest;
	return read;
}

/* Byte for byte what `policy` prints, so that lines are its lines. */
static int put_list(struct buf *buf, const char *summary, json_t *objects)
{
	json_t *tree = json_pack("{s:s, s:s, s:s, s:O}", OUTPUT_COMMENT, summary, "apiVersion",
				 "v1", "kind", "List", "items", objects);

	if (!tree)
		return -ENOMEM;
	output_yaml(buf, tree);
	json_decref(tree);
	return buf->error;
}

static int read_back(struct session *session, const char *summary, json_t *objects,
		     struct manifest *manifest)
{
	struct document *document = NULL;
	struct buf buf = {0};
	int r = put_list(&buf, summary, objects);

	if (r == 0)
		r = document_parse(buf.data, buf.length, GENERATED, &session->problems, &document);
	if (r == 0)
		r = manifest_add(manifest, document, &session->problems);
	if (r == 0)
		r = manifest_finish(manifest, &session->problems);
	document_free(document);
	buf_clear(&buf);
	return r;
}

/* As they would be applied: NetworkPolicy is what can be evaluated. */
static int take_policies(struct session *session, struct compiler *compiler, json_t *objects)
{
	const struct kind_options options = {.explain = EXPLAIN_COMMENTS,
					     .api_version = kind_networkpolicy.api_versions[0]};
	struct policy policy;
	int r;

	while ((r = compiler_next(compiler, &policy)) > 0) {
		r = policy_kind_add(&kind_networkpolicy, &policy, &options, &session->problems,
				    objects);
		policy_clear(&policy);
		if (r < 0)
			return r;
	}
	return r;
}

static int generate_objects(struct session *session, json_t *objects, struct buf *summary)
{
	struct compile compile = {0};
	int r = compile_begin(session, &compile);

	if (r == 0) {
		summary_text_lines(compiler_summary(compile.compiler), session->graph, summary);
		r = summary->error;
	}
	if (r == 0)
		r = take_policies(session, compile.compiler, objects);
	compile_end(&compile);
	return r;
}

static int generate(struct session *session, struct candidates *candidates)
{
	json_t *objects = json_array();
	struct buf summary = {0};
	int r = objects ? generate_objects(session, objects, &summary) : -ENOMEM;

	if (r == 0 && json_array_size(objects) > 0) {
		candidates->generated = manifest_new();
		r = candidates->generated
			? read_back(session, summary.data, objects, candidates->generated)
			: -ENOMEM;
	}
	json_decref(objects);
	buf_clear(&summary);
	return r;
}

static int compare_names(const void *a, const void *b)
{
	const struct netpol *x = a, *y = b;
	int r = strcmp(x->namespace, y->namespace);

	return r ? r : strcmp(x->name, y->name);
}

static bool is_replaced(const struct candidates *candidates, const struct netpol *policy)
{
	const struct manifest *generated = candidates->generated;

	return generated && bsearch(policy, generated->policies, generated->policy_count,
				    sizeof(*policy), compare_names);
}

static void note_replaced(struct session *session, const struct netpol *policy)
{
	struct buf subject = {0};

	buf_printf(&subject, "%s:%u", policy->file, policy->line);
	if (!subject.error)
		problem_add(&session->problems, PROBLEM_NOTE, subject.data,
			    "NetworkPolicy %s in %s is replaced by the generated one of that name",
			    policy->name, policy->namespace);
	buf_clear(&subject);
}

static int unite(struct session *session, struct candidates *candidates)
{
	const struct manifest *given = candidates->given, *generated = candidates->generated;
	size_t given_count = given ? given->policy_count : 0;
	size_t most = given_count + (generated ? generated->policy_count : 0);

	candidates->policies = calloc(most + 1, sizeof(*candidates->policies));
	if (!candidates->policies)
		return -ENOMEM;
	for (size_t i = 0; i < given_count; i++) {
		if (is_replaced(candidates, &given->policies[i]))
			note_replaced(session, &given->policies[i]);
		else
			candidates->policies[candidates->count++] = given->policies[i];
	}
	for (size_t i = 0; generated && i < generated->policy_count; i++)
		candidates->policies[candidates->count++] = generated->policies[i];
	candidates->generated_count = generated ? generated->policy_count : 0;
	if (candidates->count > 0)
		qsort(candidates->policies, candidates->count, sizeof(*candidates->policies),
		      compare_names);
	return 0;
}

bool candidates_finish(struct session *session, struct candidates *candidates)
{
	int r = session->options->with_generated ? generate(session, candidates) : 0;

	if (r == 0)
		r = unite(session, candidates);
	return r == 0 || fail(session, "policies", r);
}

void candidates_clear(struct candidates *candidates)
{
	manifest_free(candidates->given);
	manifest_free(candidates->generated);
	free(candidates->policies);
	*candidates = (struct candidates){0};
}
