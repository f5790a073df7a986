#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/document.h"
#include "identity/inventory_trim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct document *parse(const char *text, size_t length)
{
	struct problems problems = {0};
	struct document *document = NULL;

	if (document_parse(text, length, "input", &problems, &document) < 0)
		document = NULL;
	problems_clear(&problems);
	return document;
}

static int expect_same(void *context, const struct trimmed_object *object)
{
	const char *content = context;

	if (strcmp(object->content, content) != 0)
		abort();
	return 0;
}

/* What was trimmed is an object, and nothing more can be taken off it. */
static int check(void *context, const struct trimmed_object *object)
{
	struct problems problems = {0};
	struct document *document = parse(object->content, strlen(object->content));
	int r;

	(void)context;
	if (!document || document_count(document) != 1)
		abort();
	r = inventory_trim(document, &problems, expect_same, (void *)(uintptr_t)object->content);
	/* An owner is none without what it owns. */
	if (r != 0 && r != -EINVAL)
		abort();
	problems_clear(&problems);
	document_free(document);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct document *document = parse((const char *)data, size);
	struct problems problems = {0};
	int r = document ? inventory_trim(document, &problems, check, NULL) : -EINVAL;

	if (r != 0 && r != -EINVAL)
		abort();
	if (document && (r == -EINVAL) != (problems.errors > 0))
		abort();
	problems_clear(&problems);
	document_free(document);
	return 0;
}
