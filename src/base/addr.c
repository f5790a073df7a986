#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

size_t addr_length(struct addr addr)
{
	switch (addr.family) {
	case ADDR_IPV4:
		return 4;
	case ADDR_IPV6:
		return 16;
	default:
		return 0;
	}
}

struct addr addr_from_bytes(const void *bytes, size_t length)
{
	struct addr addr = {0};

	if (length != 4 && length != 16)
		return addr;
	addr.family = length == 4 ? ADDR_IPV4 : ADDR_IPV6;
	memcpy(addr.bytes, bytes, length);
	return addr;
}

/* Up to 255 without leading zeros. Returns what follows, NULL if it is none. */
static const char *parse_byte(const char *text, uint8_t *ret)
{
	unsigned value = (unsigned)(*text - '0');
	const char *at = text + 1;

	if (value > 9)
		return NULL;
	for (; value > 0 && at < text + 3 && *at >= '0' && *at <= '9'; at++)
		value = value * 10 + (unsigned)(*at - '0');
	*ret = (uint8_t)value;
	return value <= 255 ? at : NULL;
}

/* Four of them, as inet_pton(3) takes them, but quicker. */
static bool parse_ipv4(const char *text, uint8_t bytes[4])
{
	for (int i = 0; i < 4; i++) {
		text = parse_byte(text, &bytes[i]);
		if (!text || *text++ != (i < 3 ? '.' : '\0'))
			return false;
	}
	return true;
}

int addr_parse(const char *text, struct addr *ret)
{
	struct addr addr = {0};

	if (parse_ipv4(text, addr.bytes))
		addr.family = ADDR_IPV4;
	else if (inet_pton(AF_INET6, text, addr.bytes) == 1)
		addr.family = ADDR_IPV6;
	else
		return -EINVAL;
	*ret = addr;
	return 0;
}

/* In decimal; where it ends. */
static char *put_byte(char *at, uint8_t byte)
{
	if (byte >= 100)
		*at++ = (char)('0' + byte / 100);
	if (byte >= 10)
		*at++ = (char)('0' + byte / 10 % 10);
	*at++ = (char)('0' + byte % 10);
	return at;
}

static void format_ipv4(const uint8_t bytes[static 4], char *at)
{
	for (int i = 0; i < 4; i++) {
		at = put_byte(at, bytes[i]);
		*at++ = '.';
	}
	at[-1] = '\0';
}

/* inet_ntop() of glibc is a dozen times slower for IPv4. */
const char *addr_format(struct addr addr, char text[static ADDR_TEXT_MAX])
{
	text[0] = '\0';
	if (addr.family == ADDR_IPV4)
		format_ipv4(addr.bytes, text);
	else if (addr.family == ADDR_IPV6)
		inet_ntop(AF_INET6, addr.bytes, text, ADDR_TEXT_MAX);
	return text;
}

bool addr_is_set(struct addr addr)
{
	return addr.family != ADDR_NONE;
}

bool addr_is_loopback(struct addr addr)
{
	static const uint8_t loopback6[16] = {[15] = 1};

	if (addr.family == ADDR_IPV4)
		return addr.bytes[0] == 127;
	return addr.family == ADDR_IPV6 && memcmp(addr.bytes, loopback6, 16) == 0;
}

bool addr_is_link_local(struct addr addr)
{
	if (addr.family == ADDR_IPV4)
		return addr.bytes[0] == 169 && addr.bytes[1] == 254;
	return addr.family == ADDR_IPV6 && addr.bytes[0] == 0xfe && (addr.bytes[1] & 0xc0) == 0x80;
}

bool addr_is_private(struct addr addr)
{
	const uint8_t *b = addr.bytes;

	if (addr.family == ADDR_IPV6)
		return (b[0] & 0xfe) == 0xfc;
	if (addr.family != ADDR_IPV4)
		return false;
	return b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168) ||
	       (b[0] == 100 && (b[1] & 0xc0) == 64);
}

bool addr_is_multicast(struct addr addr)
{
	static const uint8_t broadcast[4] = {255, 255, 255, 255};

	if (addr.family == ADDR_IPV4)
		return (addr.bytes[0] & 0xf0) == 0xe0 || memcmp(addr.bytes, broadcast, 4) == 0;
	return addr.family == ADDR_IPV6 && addr.bytes[0] == 0xff;
}

static void clear_host_bits(struct prefix *prefix)
{
	for (size_t i = 0; i < sizeof(prefix->addr.bytes); i++) {
		unsigned first = (unsigned)i * 8;

		if (first >= prefix->length)
			prefix->addr.bytes[i] = 0;
		else if (first + 8 > prefix->length)
			prefix->addr.bytes[i] &= (uint8_t)(0xff << (first + 8 - prefix->length));
	}
}

static int parse_length(const char *text, unsigned max, uint8_t *ret)
{
	char *end = NULL;
	unsigned long length;

	if (text[0] < '0' || text[0] > '9' || strlen(text) > 3)
		return -EINVAL;
	length = strtoul(text, &end, 10);
	if (*end != '\0' || length > max)
		return -EINVAL;
	*ret = (uint8_t)length;
	return 0;
}

int prefix_parse(const char *text, struct prefix *ret)
{
	char address[ADDR_TEXT_MAX];
	const char *slash = strchr(text, '/');
	struct prefix prefix = {0};
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	int r;

	if (length >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, length);
	address[length] = '\0';
	r = addr_parse(address, &prefix.addr);
	if (r < 0)
		return r;
	prefix = prefix_of(prefix.addr);
	if (slash) {
		r = parse_length(slash + 1, prefix.length, &prefix.length);
		if (r < 0)
			return r;
	}
	clear_host_bits(&prefix);
	*ret = prefix;
	return 0;
}

const char *prefix_format(struct prefix prefix, char text[static PREFIX_TEXT_MAX])
{
	char *at;

	addr_format(prefix.addr, text);
	at = text + strlen(text);
	*at++ = '/';
	at = put_byte(at, prefix.length);
	*at = '\0';
	return text;
}

struct prefix prefix_around(struct addr addr, uint8_t length)
{
	struct prefix prefix = {.addr = addr, .length = length};

	clear_host_bits(&prefix);
	return prefix;
}

bool prefix_contains(struct prefix prefix, struct addr addr)
{
	const size_t whole = prefix.length / 8;
	const unsigned rest = prefix.length % 8;

	if (prefix.addr.family != addr.family || memcmp(prefix.addr.bytes, addr.bytes, whole) != 0)
		return false;
	return !rest || (prefix.addr.bytes[whole] ^ addr.bytes[whole]) >> (8 - rest) == 0;
}

struct prefix prefix_of(struct addr addr)
{
	return (struct prefix){.addr = addr, .length = (uint8_t)(addr_length(addr) * 8)};
}
