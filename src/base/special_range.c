#include "base/special_range.h"

#include <stddef.h>

static const struct prefix ranges[] = {
    {{ADDR_IPV4, {0}}, 8},                            /* RFC 791: this network */
    {{ADDR_IPV4, {10}}, 8},                           /* RFC 1918 */
    {{ADDR_IPV4, {100, 64}}, 10},                     /* RFC 6598: behind a carrier's NAT */
    {{ADDR_IPV4, {127}}, 8},                          /* RFC 1122: loopback */
    {{ADDR_IPV4, {169, 254}}, 16},                    /* RFC 3927: link-local */
    {{ADDR_IPV4, {172, 16}}, 12},                     /* RFC 1918 */
    {{ADDR_IPV4, {192}}, 24},                         /* RFC 6890: protocol assignments */
    {{ADDR_IPV4, {192, 0, 2}}, 24},                   /* RFC 5737: documentation */
    {{ADDR_IPV4, {192, 31, 196}}, 24},                /* RFC 7535: AS112 */
    {{ADDR_IPV4, {192, 52, 193}}, 24},                /* RFC 7450: AMT */
    {{ADDR_IPV4, {192, 88, 99}}, 24},                 /* RFC 7526: once 6to4 relays */
    {{ADDR_IPV4, {192, 168}}, 16},                    /* RFC 1918 */
    {{ADDR_IPV4, {192, 175, 48}}, 24},                /* RFC 7534: AS112 */
    {{ADDR_IPV4, {198, 18}}, 15},                     /* RFC 2544: benchmarking */
    {{ADDR_IPV4, {198, 51, 100}}, 24},                /* RFC 5737: documentation */
    {{ADDR_IPV4, {203, 0, 113}}, 24},                 /* RFC 5737: documentation */
    {{ADDR_IPV4, {224}}, 4},                          /* RFC 5771: multicast */
    {{ADDR_IPV4, {240}}, 4},                          /* RFC 1112: reserved */
    {{ADDR_IPV6, {0}}, 96},                           /* RFC 4291: unspecified, loopback */
    {{ADDR_IPV6, {[10] = 0xff, 0xff}}, 96},           /* RFC 4291: IPv4-mapped */
    {{ADDR_IPV6, {0, 0x64, 0xff, 0x9b}}, 96},         /* RFC 6052: IPv4 by translation */
    {{ADDR_IPV6, {0, 0x64, 0xff, 0x9b, 0, 0x1}}, 48}, /* RFC 8215: the same, locally */
    {{ADDR_IPV6, {0x1}}, 64},                         /* RFC 6666: discarded */
    {{ADDR_IPV6, {0x1, 0, 0, 0, 0, 0, 0, 0x1}}, 64},  /* RFC 9780: dummies */
    {{ADDR_IPV6, {0x20, 0x1}}, 23},                   /* RFC 2928: protocol assignments */
    {{ADDR_IPV6, {0x20, 0x1}}, 32},                   /* RFC 4380: Teredo */
    {{ADDR_IPV6, {0x20, 0x1, 0, 0x2}}, 48},           /* RFC 5180: benchmarking */
    {{ADDR_IPV6, {0x20, 0x1, 0xd, 0xb8}}, 32},        /* RFC 3849: documentation */
    {{ADDR_IPV6, {0x20, 0x2}}, 16},                   /* RFC 3056: 6to4 */
    {{ADDR_IPV6, {0x26, 0x20, 0, 0x4f, 0x80}}, 48},   /* RFC 7534: AS112 */
    {{ADDR_IPV6, {0x3f, 0xff}}, 20},                  /* RFC 9637: documentation */
    {{ADDR_IPV6, {0x5f}}, 16},                        /* RFC 9602: segment routing */
    {{ADDR_IPV6, {0xfc}}, 7},                         /* RFC 4193: unique local */
    {{ADDR_IPV6, {0xfe, 0x80}}, 10},                  /* RFC 4291: link-local */
    {{ADDR_IPV6, {0xfe, 0xc0}}, 10},                  /* RFC 3879: once site-local */
    {{ADDR_IPV6, {0xff}}, 8},                         /* RFC 4291: multicast */
};

bool prefix_is_mixed(struct prefix prefix)
{
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (prefix.length < ranges[i].length && prefix_contains(prefix, ranges[i].addr))
			return true;
	return false;
}
