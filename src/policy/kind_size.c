#include "policy/kind_size.h"

#include <stdio.h>
#include <string.h>

#include "policy/kind_common.h"

#define APPLIED_KEY "kubectl.kubernetes.io/last-applied-configuration"
/* An empty map of annotations, which kubectl adds where there are none, and a newline. */
#define APPLIED_MORE sizeof("\"annotations\":{},\n")

/* Of <, > and & Go makes \u003c and its like. */
static size_t size_of_byte(unsigned char byte)
{
	if (strchr("\"\\\n\r\t", byte) && byte)
		return 2;
	return byte < ' ' || strchr("<>&", byte) ? 6 : 1;
}

static size_t size_of_text(const char *text, size_t length)
{
	size_t size = 2;

	for (size_t i = 0; i < length; i++)
		size += size_of_byte((unsigned char)text[i]);
	return size;
}

static size_t size_of_object(const json_t *object)
{
	size_t size = 2, count = 0;
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
	{
		if (strcmp(key, KIND_COMMENT) == 0)
			continue;
		size += (count++ > 0) + size_of_text(key, strlen(key)) + 1 + kind_size(value);
	}
	return size;
}

static size_t size_of_array(const json_t *array)
{
	const size_t count = json_array_size(array);
	size_t size = 2 + (count > 0 ? count - 1 : 0);

	for (size_t i = 0; i < count; i++)
		size += kind_size(json_array_get(array, i));
	return size;
}

static size_t size_of_number(const json_t *number)
{
	char text[32];

	return (size_t)snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT,
				json_integer_value(number));
}

size_t kind_size(const json_t *tree)
{
	switch (json_typeof(tree)) {
	case JSON_OBJECT:
		return size_of_object(tree);
	case JSON_ARRAY:
		return size_of_array(tree);
	case JSON_STRING:
		return size_of_text(json_string_value(tree), json_string_length(tree));
	case JSON_INTEGER:
	case JSON_REAL: /* There are none. */
		return size_of_number(tree);
	case JSON_FALSE:
		return sizeof("false") - 1;
	case JSON_TRUE:
	case JSON_NULL:
		break;
	}
	return sizeof("true") - 1;
}

size_t kind_size_applied(const json_t *object)
{
	json_t *annotations = json_object_get(json_object_get(object, "metadata"), "annotations");
	size_t size = kind_size(object) + sizeof(APPLIED_KEY) + APPLIED_MORE;
	const char *key;
	json_t *value;

	json_object_foreach(annotations, key, value) size +=
	    strlen(key) + json_string_length(value);
	return size;
}
