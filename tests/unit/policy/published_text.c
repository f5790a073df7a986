/* What names, labels and addresses look like: apimachinery's util/validation, and RFC 5952. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "tests/unit/policy/published_internal.h"

#define LABEL_MAX 63
#define SUBDOMAIN_MAX 253

static bool is_lower(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_word(char c)
{
	return is_lower(c) || (c >= 'A' && c <= 'Z');
}

/* RFC 1123: lower case words and hyphens, a word at both ends. */
static bool is_dns_word(const char *text, size_t length)
{
	if (length == 0 || !is_lower(text[0]) || !is_lower(text[length - 1]))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!is_lower(text[i]) && text[i] != '-')
			return false;
	return true;
}

static bool is_dns_label(const char *text, size_t length)
{
	return length <= LABEL_MAX && is_dns_word(text, length);
}

/* Only as a whole it has a limit. */
static bool is_subdomain(const char *text, size_t length)
{
	size_t begin = 0;

	if (length > SUBDOMAIN_MAX)
		return false;
	for (size_t i = 0; i <= length; i++) {
		if (i < length && text[i] != '.')
			continue;
		if (!is_dns_word(&text[begin], i - begin))
			return false;
		begin = i + 1;
	}
	return true;
}

/* Words with '-', '_' and '.' between them. */
static bool is_qualified(const char *text)
{
	size_t length = strlen(text);

	if (length == 0 || length > LABEL_MAX || !is_word(text[0]) || !is_word(text[length - 1]))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!is_word(text[i]) && !strchr("-_.", text[i]))
			return false;
	return true;
}

const char *text_dns_label(const char *text)
{
	return is_dns_label(text, strlen(text)) ? NULL : "is no DNS label";
}

const char *text_dns_subdomain(const char *text)
{
	return is_subdomain(text, strlen(text)) ? NULL : "is no DNS name";
}

const char *text_label_key(const char *text)
{
	const char *slash = strchr(text, '/');

	if (slash && !is_subdomain(text, (size_t)(slash - text)))
		return "is no key of labels: its prefix is no DNS name";
	return is_qualified(slash ? slash + 1 : text) ? NULL : "is no key of labels";
}

const char *text_cilium_key(const char *text)
{
	const char *colon = strchr(text, ':');

	if (colon && !is_dns_label(text, (size_t)(colon - text)))
		return "is no key of labels: its source is no word";
	return text_label_key(colon ? colon + 1 : text);
}

const char *text_label_value(const char *text)
{
	return *text == '\0' || is_qualified(text) ? NULL : "is no value of labels";
}

/* RFC 6335, as Kubernetes has it: at most 15 bytes, a letter somewhere, no hyphens side by side. */
const char *text_port_name(const char *text)
{
	bool letter = false;

	if (!is_dns_label(text, strlen(text)) || strlen(text) > 15 || strstr(text, "--"))
		return "is no name of a port";
	for (const char *c = text; *c; c++)
		letter = letter || isalpha((unsigned char)*c);
	return letter ? NULL : "is no name of a port: a number in quotes";
}

const char *text_port_number(const char *text)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (text[0] < '1' || text[0] > '9' || *end || value > 65535)
		return "is no port";
	return NULL;
}

const char *text_cidr(const char *text)
{
	char canonical[PREFIX_TEXT_MAX];
	struct prefix prefix;

	if (!strchr(text, '/') || prefix_parse(text, &prefix) < 0)
		return "is no CIDR";
	return strcmp(prefix_format(prefix, canonical), text) == 0 ? NULL : "is not canonical";
}

const char *text_address_or_nothing(const char *text)
{
	char canonical[ADDR_TEXT_MAX];
	struct addr addr;

	if (*text == '\0')
		return NULL;
	if (addr_parse(text, &addr) < 0)
		return "is no address";
	return strcmp(addr_format(addr, canonical), text) == 0 ? NULL : "is not canonical";
}

const char *text_not_empty(const char *text)
{
	return *text ? NULL : "is empty";
}

const char *text_domain_name(const char *text)
{
	if (*text == '\0' || strlen(text) > 255)
		return "is no domain name";
	for (const char *c = text; *c; c++)
		if (!is_word(*c) && !strchr("-_.", *c))
			return "is no domain name";
	return NULL;
}
