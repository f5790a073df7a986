/* IPv4 and IPv6 addresses and prefixes as plain values. */
#ifndef NETPOL_BASE_ADDR_H
#define NETPOL_BASE_ADDR_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum addr_family { ADDR_NONE = 0, ADDR_IPV4 = 4, ADDR_IPV6 = 6 };

/* Network byte order. Bytes past the family's length are zero, so that values compare with memcmp.
 */
struct addr {
	uint8_t family; /* enum addr_family; ADDR_NONE: no address */
	uint8_t bytes[16];
};

struct prefix {
	struct addr addr; /* host bits zero */
	uint8_t length;   /* 0..32 or 0..128 */
};

#define ADDR_TEXT_MAX 46   /* longest textual address and its NUL (INET6_ADDRSTRLEN) */
#define PREFIX_TEXT_MAX 50 /* the same with "/128" */

/* 4, 16, or 0 for ADDR_NONE. */
size_t addr_length(struct addr addr);
/* length 4 or 16, else ADDR_NONE. */
struct addr addr_from_bytes(const void *bytes, size_t length);
/* -EINVAL unless text is one address as inet_pton(3) takes it. */
int addr_parse(const char *text, struct addr *ret);
/* Canonical text (RFC 5952); "" for ADDR_NONE. Returns text. */
const char *addr_format(struct addr addr, char text[static ADDR_TEXT_MAX]);
/* Total order: none, then IPv4, then IPv6, each by value. */
static inline int addr_compare(struct addr a, struct addr b);
static inline bool addr_equal(struct addr a, struct addr b);
bool addr_is_set(struct addr addr);
bool addr_is_loopback(struct addr addr);
/* IPv4 169.254/16, IPv6 fe80::/10. */
bool addr_is_link_local(struct addr addr);
/* Of networks that the Internet does not route: RFC 1918, RFC 6598, RFC 4193. Link-local ones are
 * none of these. */
bool addr_is_private(struct addr addr);
/* Multicast of either family, and 255.255.255.255. */
bool addr_is_multicast(struct addr addr);
/* "ADDRESS" or "ADDRESS/LENGTH"; host bits are cleared. -EINVAL otherwise. */
int prefix_parse(const char *text, struct prefix *ret);
const char *prefix_format(struct prefix prefix, char text[static PREFIX_TEXT_MAX]);
bool prefix_contains(struct prefix prefix, struct addr addr);
/* The prefix of that length, of at most the family's bits, that holds the address. */
struct prefix prefix_around(struct addr addr, uint8_t length);
/* The prefix that holds this address alone. */
struct prefix prefix_of(struct addr addr);

/* A million edges are compared twenty times each. */
static inline uint64_t addr_half(const uint8_t *bytes)
{
	uint64_t half;

	memcpy(&half, bytes, sizeof(half));
	return be64toh(half);
}

static inline int addr_compare(struct addr a, struct addr b)
{
	uint64_t x = addr_half(a.bytes), y = addr_half(b.bytes);

	if (a.family != b.family)
		return a.family < b.family ? -1 : 1;
	if (x == y) {
		x = addr_half(a.bytes + 8);
		y = addr_half(b.bytes + 8);
	}
	return (x > y) - (x < y);
}

static inline bool addr_equal(struct addr a, struct addr b)
{
	return addr_compare(a, b) == 0;
}

#endif
