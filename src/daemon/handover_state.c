#include "daemon/handover_state.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define FIELD(member, bits)                                                                        \
	{                                                                                          \
#member, offsetof(struct handover_state, member),                                  \
		    sizeof(((struct handover_state *)NULL)->member), UINT64_MAX>>(64 - (bits))     \
	}

struct field {
	const char *key;
	size_t offset;
	size_t size; /* 4 or 8 */
	uint64_t max;
};

static const struct field fields[] = {
    FIELD(stopped_at, 63),          FIELD(event_drops, 32), FIELD(log_drops, 32),
    FIELD(log_sequence, 32),        FIELD(log_group, 16),   FIELD(log_packets, 64),
    FIELD(rule_packets, 64),        FIELD(stats.drop, 64),  FIELD(stats.early_drop, 64),
    FIELD(stats.insert_failed, 64),
};

struct input {
	const char *text;
	size_t left;
};

static uint64_t load(const struct handover_state *state, const struct field *field)
{
	const char *from = (const char *)state + field->offset;
	uint64_t value;
	uint32_t word;

	if (field->size == sizeof(word)) {
		memcpy(&word, from, sizeof(word));
		return word;
	}
	memcpy(&value, from, sizeof(value));
	return value;
}

static void store(struct handover_state *state, const struct field *field, uint64_t value)
{
	char *to = (char *)state + field->offset;
	uint32_t word = (uint32_t)value;

	if (field->size == sizeof(word))
		memcpy(to, &word, sizeof(word));
	else
		memcpy(to, &value, sizeof(value));
}

void handover_encode(const struct handover_state *state, struct buf *buf)
{
	buf_printf(buf, "format=%d\n", HANDOVER_FORMAT);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		buf_printf(buf, "%s=%" PRIu64 "\n", fields[i].key, load(state, &fields[i]));
}

static bool take_text(struct input *input, const char *text)
{
	size_t length = strlen(text);

	if (input->left < length || memcmp(input->text, text, length) != 0)
		return false;
	input->text += length;
	input->left -= length;
	return true;
}

static bool take_number(struct input *input, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;
	size_t digits = 0;

	for (; digits < input->left; digits++) {
		unsigned digit = (unsigned)(unsigned char)input->text[digits] - '0';

		if (digit > 9)
			break;
		if (value > (max - digit) / 10 || (digits > 0 && value == 0))
			return false;
		value = value * 10 + digit;
	}
	input->text += digits;
	input->left -= digits;
	*ret = value;
	return digits > 0;
}

static bool take_line(struct input *input, const char *key, uint64_t max, uint64_t *ret)
{
	return take_text(input, key) && take_text(input, "=") && take_number(input, max, ret) &&
	       take_text(input, "\n");
}

int handover_decode(const char *text, size_t length, struct handover_state *ret)
{
	struct input input = {text, length};
	struct handover_state state = {.valid = true};
	uint64_t value = 0;
	bool good = take_line(&input, "format", UINT64_MAX, &value) && value == HANDOVER_FORMAT;

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; good && i < sizeof(fields) / sizeof(fields[0]); i++) {
		good = take_line(&input, fields[i].key, fields[i].max, &value);
		store(&state, &fields[i], value);
	}
	if (!good || input.left > 0)
		return -EBADMSG;
	*ret = state;
	return 0;
}
