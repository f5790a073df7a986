#include "sources/base64.h"

#include <errno.h>
#include <stdint.h>

/* -1 for what is no digit. */
static int digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int base64_decode(const char *text, size_t length, char *ret, size_t *ret_length)
{
	size_t digits = length, written = 0;
	uint32_t bits = 0;

	if (length % 4 != 0)
		return -EBADMSG;
	while (digits > 0 && length - digits < 2 && text[digits - 1] == '=')
		digits--;
	for (size_t i = 0; i < digits; i++) {
		int value = digit(text[i]);

		if (value < 0)
			return -EBADMSG;
		bits = bits << 6 | (uint32_t)value;
		if (i % 4 > 0)
			ret[written++] = (char)(bits >> (6 - i % 4 * 2));
	}
	*ret_length = written;
	return 0;
}
