#include "policy/kind_size.h"

#include <string.h>

#define APPLIED_KEY "kubectl.kubernetes.io/last-applied-configuration"
/* An empty map of annotations, which kubectl adds where there are none, and a newline. */
#define APPLIED_MORE sizeof("\"annotations\":{},\n")

/* More bytes than one. Of <, > and & Go makes \u003c and its like. */
static const uint8_t escapes[256] = {
    [0 ... '\b'] = 5, ['\t'] = 1, ['\n'] = 1, [11 ... 12] = 5, ['\r'] = 1, [14 ... 31] = 5,
    ['"'] = 1,        ['&'] = 5,  ['<'] = 5,  ['>'] = 5,       ['\\'] = 1};

static size_t size_of_text(const char *text, size_t length)
{
	size_t size = length + 2;

	for (size_t i = 0; i < length; i++)
		size += escapes[(unsigned char)text[i]];
	return size;
}

static size_t size_of_integer(int64_t integer)
{
	size_t size = integer < 0 ? 2 : 1;

	while (integer /= 10)
		size++;
	return size;
}

static size_t size_of_children(const struct tree_node *parent)
{
	size_t size = 2;

	for (const struct tree_node *node = parent->first; node; node = node->next) {
		size += kind_size(node) + (node->next != NULL);
		if (node->key)
			size += size_of_text(node->key, strlen(node->key)) + 1;
	}
	return size;
}

size_t kind_size(const struct tree_node *tree)
{
	switch (tree->kind) {
	case TREE_LIST:
	case TREE_MAP:
		return size_of_children(tree);
	case TREE_TEXT:
		return size_of_text(tree->text, tree->length);
	case TREE_INTEGER:
		return size_of_integer(tree->integer);
	case TREE_BOOLEAN:
		return tree->boolean ? sizeof("true") - 1 : sizeof("false") - 1;
	case TREE_NULL:
		break;
	}
	return sizeof("null") - 1;
}

size_t kind_size_applied(const struct tree_node *object, size_t size)
{
	const struct tree_node *annotations = tree_get(tree_get(object, "metadata"), "annotations");

	size += sizeof(APPLIED_KEY) + APPLIED_MORE;
	if (!annotations)
		return size;
	for (const struct tree_node *node = annotations->first; node; node = node->next)
		size += strlen(node->key) + node->length;
	return size;
}
