#include "sources/member.h"

#include <errno.h>

int member_load(const char *bytes, size_t length, json_t **ret)
{
	json_error_t error;

	if (length == 0)
		return -ENODATA;
	*ret = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &error);
	if (!*ret && json_error_code(&error) == json_error_numeric_overflow)
		*ret = json_loadb(bytes, length, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL,
				  &error);
	if (*ret)
		return 0;
	return json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : -EBADMSG;
}

/* NULL where absent. */
static const json_t *get(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_null(value) ? NULL : value;
}

bool member_text(const json_t *object, const char *key, const char **ret)
{
	const json_t *value = get(object, key);

	*ret = value ? json_string_value(value) : "";
	return *ret;
}

bool member_array(const json_t *object, const char *key, const json_t **ret)
{
	*ret = get(object, key);
	return !*ret || json_is_array(*ret);
}

bool member_object(const json_t *object, const char *key, const json_t **ret)
{
	*ret = get(object, key);
	return !*ret || json_is_object(*ret);
}
