#include "cli/generated.h"

#include <errno.h>

#include "base/document.h"
#include "cli/compile.h"
#include "cli/say_policies.h"
#include "cli/summary_text.h"
#include "policy/wider.h"

/* What stands for the name of a file in which nobody has written them. */
#define GENERATED "generated"

static int read_back(struct session *session, const struct buf *text, struct manifest *manifest)
{
	struct document *document = NULL;
	int r = document_parse(text->data, text->length, GENERATED, &session->problems, &document);

	if (r == 0)
		r = manifest_add(manifest, document, &session->problems);
	if (r == 0)
		r = manifest_finish(manifest, &session->problems);
	document_free(document);
	return r;
}

/* The policies as they would be applied. */
struct putting {
	struct session *session;
	struct kind_options options;
	struct output_items items;
	struct wider *wider;
	struct tree tree; /* of the policy at hand */
};

static int put_policy(void *context, const struct policy *policy)
{
	struct putting *putting = context;
	struct tree_node *objects = tree_list(&putting->tree);
	int r = objects ? policy_kind_add(&kind_networkpolicy, policy, &putting->options,
					  &putting->session->problems, objects)
			: -ENOMEM;

	if (r > 0) {
		output_items_add(&putting->items, objects->first);
		r = wider_add(putting->wider, policy) < 0 ? -ENOMEM : 1;
	}
	tree_reset(&putting->tree);
	return r;
}

/* NetworkPolicy is what can be evaluated. Byte for byte what `policy` prints, so that lines are its
 * lines. 1; 0: there are none. */
static int put_policies(struct session *session, struct compiler *compiler,
			const struct tree_node *head, struct buf *buf, struct wider *wider)
{
	struct putting putting = {.session = session,
				  .options = {.explain = EXPLAIN_COMMENTS,
					      .api_version = kind_networkpolicy.api_versions[0]},
				  .wider = wider};
	const struct say_policies all = {.session = session,
					 .compiler = compiler,
					 .kind = &kind_networkpolicy,
					 .options = &putting.options,
					 .say = put_policy,
					 .context = &putting};
	int r;

	output_items_begin(&putting.items, buf, false, head, "items");
	r = say_policies(&all);
	output_items_end(&putting.items);
	tree_clear(&putting.tree);
	if (r == 0)
		r = buf->error;
	return r < 0 ? r : putting.items.any;
}

static int make_head(struct session *session, const struct policy_summary *summary,
		     struct tree *tree, struct tree_node **ret)
{
	struct buf lines = {0};
	int r;

	*ret = policy_kind_list(tree);
	summary_text_lines(summary, session->graph, &lines);
	r = lines.error;
	if (r == 0)
		tree_add_comment(*ret, lines.data, lines.length);
	buf_clear(&lines);
	return r < 0 ? r : tree->error;
}

static int put_list(struct session *session, struct compiler *compiler, struct buf *buf,
		    struct wider *wider)
{
	struct tree tree = {0};
	struct tree_node *head;
	int r = make_head(session, compiler_summary(compiler), &tree, &head);

	if (r == 0)
		r = put_policies(session, compiler, head, buf, wider);
	tree_clear(&tree);
	return r;
}

static int put_generated(struct session *session, struct buf *buf, struct wider *wider)
{
	struct compile compile = {0};
	int r = compile_begin(session, &compile);

	if (r == 0)
		r = put_list(session, compile.compiler, buf, wider);
	compile_end(&compile);
	return r;
}

static int read_all(struct session *session, const struct buf *text, const struct wider *wider,
		    struct manifest **ret)
{
	int r;

	*ret = manifest_new();
	r = *ret ? read_back(session, text, *ret) : -ENOMEM;
	return r < 0 ? r : wider_give(wider, *ret);
}

int generated_read(struct session *session, struct manifest **ret)
{
	struct wider wider = {0};
	struct buf text = {0};
	int r = put_generated(session, &text, &wider);

	if (r > 0)
		r = read_all(session, &text, &wider, ret);
	wider_clear(&wider);
	buf_clear(&text);
	return r;
}
