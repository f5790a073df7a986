/* kernel/packet: packet bytes in, tuple out; every cut of every packet stays inside its bytes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/packet.h"

struct bytes {
	uint8_t at[512];
	size_t length;
};

static void put(struct bytes *bytes, const void *more, size_t length)
{
	assert_true(bytes->length + length <= sizeof(bytes->at));
	memcpy(bytes->at + bytes->length, more, length);
	bytes->length += length;
}

static struct bytes ipv4(uint8_t protocol, unsigned words, uint16_t fragment, size_t payload)
{
	const uint8_t addresses[] = {10, 0, 0, 1, 192, 168, 7, 9};
	uint16_t total = (uint16_t)(words * 4 + payload);
	struct bytes bytes = {.length = 12};

	bytes.at[0] = (uint8_t)(0x40 | words);
	bytes.at[2] = (uint8_t)(total >> 8);
	bytes.at[3] = (uint8_t)total;
	bytes.at[6] = (uint8_t)(fragment >> 8);
	bytes.at[7] = (uint8_t)fragment;
	bytes.at[9] = protocol;
	put(&bytes, addresses, sizeof(addresses));
	bytes.length = words * 4 > 20 ? words * 4 : 20;
	return bytes;
}

static struct bytes ipv6(uint8_t next, size_t payload)
{
	struct bytes bytes = {.length = 40};

	bytes.at[0] = 0x60;
	bytes.at[4] = (uint8_t)(payload >> 8);
	bytes.at[5] = (uint8_t)payload;
	bytes.at[6] = next;
	bytes.at[8] = 0xfd;
	bytes.at[23] = 1;
	bytes.at[24] = 0xfd;
	bytes.at[39] = 2;
	return bytes;
}

static int decode(const struct bytes *bytes, struct tuple *ret, bool *ret_fragment)
{
	uint8_t *copy = malloc(bytes->length ? bytes->length : 1);
	int r;

	assert_non_null(copy);
	memcpy(copy, bytes->at, bytes->length);
	r = packet_decode(copy, bytes->length, ret, ret_fragment);
	free(copy);
	return r;
}

/* Every shorter copy is refused, but for those that still hold all that is read: least bytes. */
static void check_cuts(const struct bytes *bytes, size_t least)
{
	for (size_t length = 0; length <= bytes->length; length++) {
		struct bytes cut = *bytes;
		struct tuple tuple = {.protocol = 77};
		bool fragment = true;
		int r;

		cut.length = length;
		r = decode(&cut, &tuple, &fragment);
		assert_int_equal(r, length < least ? -EBADMSG : 0);
		if (r < 0) {
			assert_int_equal(tuple.protocol, 77);
			assert_true(fragment);
		}
	}
}

static void check(const struct bytes *bytes, const char *source, const char *destination,
		  const struct tuple *expected, bool expected_fragment)
{
	char text[ADDR_TEXT_MAX];
	struct tuple tuple;
	bool fragment;

	assert_int_equal(decode(bytes, &tuple, &fragment), 0);
	assert_string_equal(addr_format(tuple.source, text), source);
	assert_string_equal(addr_format(tuple.destination, text), destination);
	assert_int_equal(tuple.protocol, expected->protocol);
	assert_int_equal(tuple.source_port, expected->source_port);
	assert_int_equal(tuple.destination_port, expected->destination_port);
	assert_int_equal(tuple.has_ports, expected->has_ports);
	assert_int_equal(fragment, expected_fragment);
}

static const uint8_t ports[] = {0x9c, 0x40, 0x01, 0xbb, 0, 0, 0, 0};
#define PORTS(proto)                                                                               \
	{                                                                                          \
		.protocol = (proto), .source_port = 40000, .destination_port = 443,                \
		.has_ports = true                                                                  \
	}

static void test_ipv4_ports(void **state)
{
	const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDPLITE, IPPROTO_SCTP,
				     IPPROTO_DCCP};

	(void)state;
	for (size_t i = 0; i < sizeof(protocols); i++) {
		struct bytes bytes = ipv4(protocols[i], 5, 0, sizeof(ports));
		struct tuple expected = PORTS(protocols[i]);

		put(&bytes, ports, sizeof(ports));
		check(&bytes, "10.0.0.1", "192.168.7.9", &expected, false);
		check_cuts(&bytes, 24);
	}
}

static void test_ipv4_options(void **state)
{
	struct bytes bytes = ipv4(IPPROTO_TCP, 15, 0, sizeof(ports));
	struct tuple expected = PORTS(IPPROTO_TCP);

	(void)state;
	put(&bytes, ports, sizeof(ports));
	check(&bytes, "10.0.0.1", "192.168.7.9", &expected, false);
	check_cuts(&bytes, 64);
}

static void test_ipv4_lengths(void **state)
{
	struct bytes bytes = ipv4(IPPROTO_UDP, 5, 0, sizeof(ports));
	struct tuple tuple;
	bool fragment;

	(void)state;
	put(&bytes, ports, sizeof(ports));
	bytes.at[3] = 23; /* total length ends inside the ports */
	assert_int_equal(decode(&bytes, &tuple, &fragment), -EBADMSG);
	bytes.at[3] = 19; /* … inside the header */
	assert_int_equal(decode(&bytes, &tuple, &fragment), -EBADMSG);
	bytes.at[3] = 0; /* no bound */
	assert_int_equal(decode(&bytes, &tuple, &fragment), 0);
	bytes.at[0] = 0x44; /* header shorter than a header */
	assert_int_equal(decode(&bytes, &tuple, &fragment), -EBADMSG);
	bytes.at[0] = 0x55; /* version */
	assert_int_equal(decode(&bytes, &tuple, &fragment), -EBADMSG);
}

static void test_ipv4_fragments(void **state)
{
	struct tuple later = {.protocol = IPPROTO_UDP};
	struct tuple first = PORTS(IPPROTO_UDP);
	struct bytes bytes = ipv4(IPPROTO_UDP, 5, 0x2000, sizeof(ports));

	(void)state;
	put(&bytes, ports, sizeof(ports));
	check(&bytes, "10.0.0.1", "192.168.7.9", &first, false);
	bytes.at[7] = 1;
	check(&bytes, "10.0.0.1", "192.168.7.9", &later, true);
	check_cuts(&bytes, 20);
}

static void check_icmp(struct bytes bytes, uint8_t type, uint16_t identifier, const char *source,
		       const char *destination)
{
	const uint8_t header[] = {type, 3, 0, 0, 0x12, 0x34, 0, 1};
	struct tuple expected = {.protocol = bytes.at[0] >> 4 == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6};

	expected.source_port = identifier;
	expected.destination_port = (uint16_t)(type << 8 | 3);
	put(&bytes, header, sizeof(header));
	check(&bytes, source, destination, &expected, false);
	check_cuts(&bytes, bytes.length);
}

static void test_icmp(void **state)
{
	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		bool query = type == 0 || type == 8 || (type >= 13 && type <= 18);
		bool query6 = type == 128 || type == 129 || type == 139 || type == 140;

		check_icmp(ipv4(IPPROTO_ICMP, 5, 0, 8), (uint8_t)type, query ? 0x1234 : 0,
			   "10.0.0.1", "192.168.7.9");
		check_icmp(ipv6(IPPROTO_ICMPV6, 8), (uint8_t)type, query6 ? 0x1234 : 0, "fd00::1",
			   "fd00::2");
	}
}

static void test_other_protocols(void **state)
{
	struct tuple expected = {.protocol = IPPROTO_ESP};
	struct bytes bytes = ipv4(IPPROTO_ESP, 5, 0, 0);

	(void)state;
	check(&bytes, "10.0.0.1", "192.168.7.9", &expected, false);
	expected.protocol = IPPROTO_AH;
	bytes = ipv4(IPPROTO_AH, 5, 0, 0);
	check(&bytes, "10.0.0.1", "192.168.7.9", &expected, false);
	expected.protocol = IPPROTO_NONE;
	bytes = ipv6(IPPROTO_NONE, 0);
	check(&bytes, "fd00::1", "fd00::2", &expected, false);
}

static void test_ipv6_ports(void **state)
{
	struct bytes bytes = ipv6(IPPROTO_TCP, sizeof(ports));
	struct tuple expected = PORTS(IPPROTO_TCP);

	(void)state;
	put(&bytes, ports, sizeof(ports));
	check(&bytes, "fd00::1", "fd00::2", &expected, false);
	check_cuts(&bytes, 44);
	bytes.at[5] = 0;
	check(&bytes, "fd00::1", "fd00::2", &expected, false);
	bytes.at[5] = 3;
	check_cuts(&bytes, SIZE_MAX);
}

static struct bytes with_extensions(uint16_t fragment)
{
	const uint8_t hop[8] = {IPPROTO_ROUTING, 0};
	const uint8_t routing[24] = {IPPROTO_DSTOPTS, 2};
	const uint8_t options[16] = {IPPROTO_AH, 1};
	const uint8_t ah[16] = {IPPROTO_FRAGMENT, 2};
	const uint8_t fragments[8] = {IPPROTO_UDP, 0, (uint8_t)(fragment >> 8), (uint8_t)fragment};
	struct bytes bytes = ipv6(IPPROTO_HOPOPTS, 72 + sizeof(ports));

	put(&bytes, hop, sizeof(hop));
	put(&bytes, routing, sizeof(routing));
	put(&bytes, options, sizeof(options));
	put(&bytes, ah, sizeof(ah));
	put(&bytes, fragments, sizeof(fragments));
	put(&bytes, ports, sizeof(ports));
	return bytes;
}

static void test_ipv6_extensions(void **state)
{
	struct bytes bytes = with_extensions(0x0001); /* first fragment, more follow */
	struct tuple expected = PORTS(IPPROTO_UDP);

	(void)state;
	check(&bytes, "fd00::1", "fd00::2", &expected, false);
	check_cuts(&bytes, 116);
}

static void test_ipv6_fragment(void **state)
{
	struct bytes bytes = with_extensions(0x0008);
	struct tuple expected = {.protocol = IPPROTO_UDP};

	(void)state;
	check(&bytes, "fd00::1", "fd00::2", &expected, true);
	check_cuts(&bytes, 112);
}

static void test_ipv6_too_many_extensions(void **state)
{
	for (unsigned count = PACKET_EXTENSIONS_MAX; count <= PACKET_EXTENSIONS_MAX + 1; count++) {
		struct bytes bytes = ipv6(IPPROTO_DSTOPTS, count * 8 + sizeof(ports));
		struct tuple tuple;
		bool fragment;

		for (unsigned i = 0; i < count; i++) {
			uint8_t options[8] = {i + 1 < count ? IPPROTO_DSTOPTS : IPPROTO_TCP};

			put(&bytes, options, sizeof(options));
		}
		put(&bytes, ports, sizeof(ports));
		assert_int_equal(decode(&bytes, &tuple, &fragment),
				 count > PACKET_EXTENSIONS_MAX ? -EBADMSG : 0);
	}
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ipv4_ports),    cmocka_unit_test(test_ipv4_options),
	    cmocka_unit_test(test_ipv4_lengths),  cmocka_unit_test(test_ipv4_fragments),
	    cmocka_unit_test(test_icmp),          cmocka_unit_test(test_other_protocols),
	    cmocka_unit_test(test_ipv6_ports),    cmocka_unit_test(test_ipv6_extensions),
	    cmocka_unit_test(test_ipv6_fragment), cmocka_unit_test(test_ipv6_too_many_extensions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
