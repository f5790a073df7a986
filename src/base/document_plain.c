/* Plain scalars as YAML 1.1 resolves them (types bool, int and float), which is what Kubernetes
 * reads. */
#include "base/document_build.h"

#include <string.h>

#define DIGITS "0123456789"
/* All of them fit into 64 bits. */
#define WHOLE_DIGITS_MAX 18

bool document_is_plain_boolean(const char *text)
{
	static const char *const words[] = {
	    "y", "Y", "yes", "Yes", "YES", "true",  "True",  "TRUE",  "on",  "On",  "ON",
	    "n", "N", "no",  "No",  "NO",  "false", "False", "FALSE", "off", "Off", "OFF"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(text, words[i]) == 0)
			return true;
	return false;
}

/* YAML 1.1 has underscores within numbers. */
static const char *skip(const char *text, const char *digits)
{
	while (*text && (*text == '_' || strchr(digits, *text)))
		text++;
	return text;
}

static bool is_whole_of_other_base(const char *text)
{
	const char *digits;

	if (text[0] != '0')
		return false;
	switch (text[1]) {
	case 'x':
	case 'X':
		digits = DIGITS "abcdefABCDEF";
		break;
	case 'b':
	case 'B':
		digits = "01";
		break;
	case 'o':
	case 'O':
		digits = "01234567";
		break;
	default:
		return false;
	}
	return text[2] && !*skip(text + 2, digits);
}

bool document_is_plain_number(const char *text)
{
	const char *start = text + (*text == '-' || *text == '+'), *end;

	if (is_whole_of_other_base(start))
		return true;
	if (!*start || !strchr(DIGITS ".", *start))
		return false;
	end = skip(start, DIGITS);
	if (*end == '.')
		end = skip(end + 1, DIGITS);
	if (end == start + 1 && *start == '.')
		return false;
	if (*end == 'e' || *end == 'E') {
		end++;
		end += *end == '-' || *end == '+';
		if (!*end)
			return false;
		end = skip(end, DIGITS);
	}
	return !*end;
}

/* Written as it is printed. */
static bool is_canonical(const char *text)
{
	const char *digits = text + (*text == '-');

	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0 || strcmp(text, "0") == 0)
		return true;
	return *digits && *digits != '0' && strlen(digits) <= WHOLE_DIGITS_MAX &&
	       !digits[strspn(digits, DIGITS)];
}

static bool is_null(const char *text)
{
	static const char *const words[] = {"", "~", "null", "Null", "NULL"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(text, words[i]) == 0)
			return true;
	return false;
}

bool node_key_is_text(const struct node *node, size_t index)
{
	const char *text = node_key(node, index);

	if (!text || node_keys(node)[index].quoted || is_canonical(text))
		return text;
	return !document_is_plain_boolean(text) && !document_is_plain_number(text) &&
	       !is_null(text);
}
