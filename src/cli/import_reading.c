#include "cli/import_reading.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "model/graph.h"

#define NAME_LENGTH_MAX 253u
/* Later moments have no nanoseconds in 64 bits. */
#define TIME_MAX (INT64_MAX / NSEC_PER_MSEC - 1)

void reading_expect(struct reading *reading, const char *member, const char *expected)
{
	if (reading->member)
		return;
	reading->member = member;
	reading->expected = expected;
}

int reading_result(const struct reading *reading, char reason[static 256])
{
	if (reading->member) {
		snprintf(reason, 256, "\"%s\": expected %s", reading->member, reading->expected);
		return -EINVAL;
	}
	return reading->error;
}

json_t *reading_member(const json_t *tree, const char *name)
{
	json_t *value = json_object_get(tree, name);

	return json_is_null(value) ? NULL : value;
}

const char *reading_text(struct reading *reading, const json_t *tree, const char *name)
{
	const json_t *value = reading_member(tree, name);

	if (value && !json_is_string(value))
		reading_expect(reading, name, "a string");
	return json_is_string(value) ? json_string_value(value) : "";
}

const char *reading_name(struct reading *reading, const json_t *tree, const char *name)
{
	const char *text = reading_text(reading, tree, name);

	if (strlen(text) > NAME_LENGTH_MAX)
		reading_expect(reading, name, "a name of at most 253 bytes");
	return text;
}

const json_t *reading_object(struct reading *reading, const json_t *tree, const char *name)
{
	const json_t *value = reading_member(tree, name);

	if (value && !json_is_object(value))
		reading_expect(reading, name, "an object");
	return json_is_object(value) ? value : NULL;
}

const json_t *reading_array(struct reading *reading, const json_t *tree, const char *name)
{
	const json_t *value = reading_member(tree, name);

	if (value && !json_is_array(value))
		reading_expect(reading, name, "an array");
	return json_is_array(value) ? value : NULL;
}

static bool parse_integer(const char *text, int64_t *ret)
{
	char *end = NULL;
	long long value;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoll(text, &end, 10);
	*ret = value;
	return errno == 0 && *end == '\0';
}

int64_t reading_integer(struct reading *reading, const json_t *tree, const char *name, int64_t max)
{
	const json_t *value = reading_member(tree, name);
	int64_t number = 0;

	if (!value)
		return 0;
	if (json_is_integer(value))
		number = json_integer_value(value);
	else if (!json_is_string(value) || !parse_integer(json_string_value(value), &number))
		number = -1;
	if (number >= 0 && number <= max)
		return number;
	reading_expect(reading, name, "a whole number in range");
	return 0;
}

bool reading_boolean(struct reading *reading, const json_t *tree, const char *name)
{
	const json_t *value = reading_member(tree, name);

	if (value && !json_is_boolean(value))
		reading_expect(reading, name, "true or false");
	return json_is_true(value);
}

static struct addr bare(struct addr address)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	if (address.family != ADDR_IPV6 || memcmp(address.bytes, mapped, sizeof(mapped)) != 0)
		return address;
	return addr_from_bytes(address.bytes + sizeof(mapped), 4);
}

struct addr reading_address(struct reading *reading, const json_t *tree, const char *name)
{
	const char *text = reading_text(reading, tree, name);
	struct addr address = {0};

	if (*text && addr_parse(text, &address) < 0)
		reading_expect(reading, name, "an IPv4 or IPv6 address");
	return bare(address);
}

int64_t reading_time(struct reading *reading, const json_t *tree, const char *name)
{
	const json_t *value = reading_member(tree, name);
	int64_t time = 0;

	if (json_is_integer(value))
		time = json_integer_value(value) / NSEC_PER_MSEC;
	else if (!json_is_string(value) || clock_parse(json_string_value(value), &time) < 0)
		time = 0;
	if (time <= 0 || time > TIME_MAX)
		reading_expect(reading, name,
			       json_is_integer(value) ? "nanoseconds since 1970"
						      : "a moment such as 2026-01-31T12:00:00Z");
	return time;
}

static void add_label(struct reading *reading, const char *key, const char *value,
		      struct labels *labels)
{
	if (labels->count < LABELS_READ_MAX && label_is_valid(key, value) &&
	    labels_set(labels, key, value) < 0)
		reading->error = -ENOMEM;
}

void reading_label(struct reading *reading, const char *text, size_t length, struct labels *labels)
{
	char *key = strndup(text, length);
	char *equals = key ? strchr(key, '=') : NULL;

	if (equals)
		*equals = '\0';
	if (key)
		add_label(reading, key, equals ? equals + 1 : "", labels);
	else
		reading->error = -ENOMEM;
	free(key);
}

static void read_list(struct reading *reading, const char *text, struct labels *labels)
{
	while (*text) {
		size_t length = strcspn(text, ",");

		reading_label(reading, text, length, labels);
		text += length;
		text += *text == ',';
	}
}

bool reading_labels(struct reading *reading, const json_t *tree, const char *name,
		    struct labels *labels)
{
	json_t *value = reading_member(tree, name), *item;
	const char *key;

	if (json_is_string(value))
		read_list(reading, json_string_value(value), labels);
	else if (value && !json_is_object(value))
		reading_expect(reading, name, "labels");
	json_object_foreach(value, key, item)
	{
		if (!json_is_string(item))
			reading_expect(reading, name, "labels");
		else
			add_label(reading, key, json_string_value(item), labels);
	}
	return value != NULL;
}
