#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t visit(const struct node *node)
{
	size_t seen = 1;
	int64_t number;
	bool truth;

	if (node_text(node))
		seen += strlen(node_text(node));
	seen += node_integer(node, &number) + node_boolean(node, &truth) + node_line(node);
	for (size_t i = 0; i < node_count(node); i++) {
		const char *key = node_key(node, i);

		if (key && node_get(node, key) != node_item(node, i))
			abort();
		seen += visit(node_item(node, i));
	}
	return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct problems problems = {0};
	struct document *document = NULL;
	int r = document_parse((const char *)data, size, "input", &problems, &document);

	if ((r < 0) != (document == NULL) || (r < 0) != (problems.errors == 1))
		abort();
	for (size_t i = 0; document && i < document_count(document); i++)
		visit(document_root(document, i));
	document_free(document);
	problems_clear(&problems);
	return 0;
}
