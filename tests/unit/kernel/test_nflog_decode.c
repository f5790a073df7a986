/* kernel/nflog_decode: messages as nfnetlink_log fills them in. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>

#include "kernel/nflog_decode.h"

union message {
	struct nlmsghdr header;
	char bytes[1024];
};

enum { HOOK = 1, TIME = 2, SEQUENCE = 4, PAYLOAD = 8, ALL = 15 };

static const uint8_t payload[] = {0x45, 0, 0,  28, 0, 0, 0, 0,    64, IPPROTO_UDP, 0, 0, 10, 0,
				  0,    1, 10, 0,  0, 2, 0, 0x35, 1,  2,           0, 8, 0,  0};

static struct nlmsghdr *build(union message *message, unsigned parts)
{
	const struct nfulnl_msg_packet_hdr hook = {.hw_protocol = htons(0x0800),
						   .hook = NF_INET_FORWARD};
	const uint64_t time[2] = {htobe64(1767323045), htobe64(123456)};
	struct nfgenmsg *netfilter;
	struct nlmsghdr *header;

	memset(message, 0, sizeof(*message));
	header = mnl_nlmsg_put_header(message);
	header->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET;
	netfilter = mnl_nlmsg_put_extra_header(header, sizeof(*netfilter));
	netfilter->nfgen_family = AF_INET;
	netfilter->res_id = htons(5600);
	if (parts & HOOK)
		mnl_attr_put(header, NFULA_PACKET_HDR, sizeof(hook), &hook);
	mnl_attr_put_strz(header, NFULA_PREFIX, "");
	if (parts & TIME)
		mnl_attr_put(header, NFULA_TIMESTAMP, sizeof(time), time);
	if (parts & SEQUENCE)
		mnl_attr_put_u32(header, NFULA_SEQ, htonl(0x80000001));
	if (parts & PAYLOAD)
		mnl_attr_put(header, NFULA_PAYLOAD, sizeof(payload), payload);
	return header;
}

static int decode(const void *bytes, size_t length, struct packet_event *ret)
{
	void *copy = malloc(length ? length : 1);
	uint32_t sequence;
	int r;

	assert_non_null(copy);
	memcpy(copy, bytes, length);
	r = nflog_decode(copy, length, ret);
	nflog_decode_sequence(copy, length, &sequence);
	free(copy);
	return r;
}

static void test_whole(void **state)
{
	struct packet_event event;
	char text[ADDR_TEXT_MAX];
	union message message;

	(void)state;
	build(&message, ALL);
	assert_int_equal(decode(&message, message.header.nlmsg_len, &event), 0);
	assert_int_equal(event.group, 5600);
	assert_int_equal(event.hook, NF_INET_FORWARD);
	assert_true(event.has_sequence);
	assert_int_equal(event.sequence, 0x80000001);
	assert_true(event.has_time);
	assert_true(event.time == INT64_C(1767323045123456000));
	assert_false(event.fragment);
	assert_string_equal(addr_format(event.tuple.source, text), "10.0.0.1");
	assert_string_equal(addr_format(event.tuple.destination, text), "10.0.0.2");
	assert_int_equal(event.tuple.protocol, IPPROTO_UDP);
	assert_int_equal(event.tuple.source_port, 53);
	assert_int_equal(event.tuple.destination_port, 258);
	assert_true(event.tuple.has_ports);
}

static void test_optional(void **state)
{
	struct packet_event event;
	union message message;

	(void)state;
	build(&message, HOOK | PAYLOAD);
	assert_int_equal(decode(&message, message.header.nlmsg_len, &event), 0);
	assert_false(event.has_sequence);
	assert_false(event.has_time);
	build(&message, ALL & ~PAYLOAD);
	assert_int_equal(decode(&message, message.header.nlmsg_len, &event), -EBADMSG);
	build(&message, ALL & ~HOOK);
	assert_int_equal(decode(&message, message.header.nlmsg_len, &event), -EBADMSG);
}

static void test_fragment(void **state)
{
	struct packet_event event;
	union message message;
	char *packet;

	(void)state;
	build(&message, ALL);
	packet = message.bytes + message.header.nlmsg_len - sizeof(payload);
	packet[7] = 1;
	assert_int_equal(decode(&message, message.header.nlmsg_len, &event), 0);
	assert_true(event.fragment);
	assert_false(event.tuple.has_ports);
}

static void test_sequence_alone(void **state)
{
	struct packet_event event;
	union message message;
	uint32_t sequence = 5;
	size_t length;

	(void)state;
	build(&message, ALL);
	length = message.header.nlmsg_len;
	message.bytes[length - sizeof(payload)] = 0x75; /* neither IPv4 nor IPv6 */
	assert_int_equal(decode(&message, length, &event), -EBADMSG);
	assert_int_equal(nflog_decode_sequence(&message, length, &sequence), 0);
	assert_int_equal(sequence, 0x80000001);
	sequence = 5;
	build(&message, ALL & ~SEQUENCE);
	assert_int_equal(nflog_decode_sequence(&message, message.header.nlmsg_len, &sequence),
			 -ENODATA);
	assert_int_equal(nflog_decode_sequence(&message, 10, &sequence), -EBADMSG);
	message.header.nlmsg_type = NLMSG_DONE;
	assert_int_equal(nflog_decode_sequence(&message, message.header.nlmsg_len, &sequence),
			 -ENOMSG);
	assert_int_equal(nflog_decode(&message, message.header.nlmsg_len, &event), -ENOMSG);
	assert_int_equal(sequence, 5);
}

static void check_wrong(uint16_t type, size_t length, const void *bytes)
{
	struct packet_event event = {.group = 99};
	union message message;

	build(&message, ALL);
	mnl_attr_put(&message.header, type, length, bytes);
	assert_int_equal(decode(&message, message.header.nlmsg_len, &event), -EBADMSG);
	assert_int_equal(event.group, 99);
}

static void test_wrong(void **state)
{
	const uint64_t late[2] = {htobe64(UINT64_C(9223372036)), 0};
	const uint64_t fraction[2] = {htobe64(1), htobe64(1000000)};
	const char zeroes[32] = {0};

	(void)state;
	check_wrong(NFULA_PACKET_HDR, 3, zeroes);
	check_wrong(NFULA_TIMESTAMP, 8, zeroes);
	check_wrong(NFULA_TIMESTAMP, 16, late);
	check_wrong(NFULA_TIMESTAMP, 16, fraction);
	check_wrong(NFULA_SEQ, 2, zeroes);
	check_wrong(NFULA_PAYLOAD, 0, zeroes);
	check_wrong(NFULA_PAYLOAD, 20, zeroes);
}

static void test_cuts(void **state)
{
	union message message;

	(void)state;
	build(&message, ALL);
	for (size_t length = 0; length < message.header.nlmsg_len; length++) {
		struct packet_event event = {.group = 99};
		union message cut = message;

		assert_int_equal(decode(&cut, length, &event), -EBADMSG);
		/* The payload comes last, so nothing shorter is whole. */
		cut.header.nlmsg_len = (uint32_t)length;
		assert_int_equal(decode(&cut, length, &event), -EBADMSG);
		assert_int_equal(event.group, 99);
	}
}

static void test_flips(void **state)
{
	struct packet_event event;
	union message message;

	(void)state;
	build(&message, ALL);
	for (size_t i = 0; i < message.header.nlmsg_len; i++) {
		union message flipped = message;

		for (unsigned value = 0; value < 256; value++) {
			int r;

			flipped.bytes[i] = (char)value;
			r = decode(&flipped, message.header.nlmsg_len, &event);
			assert_true(r == 0 || r == -EBADMSG || r == -ENOMSG);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_whole),    cmocka_unit_test(test_optional),
	    cmocka_unit_test(test_fragment), cmocka_unit_test(test_sequence_alone),
	    cmocka_unit_test(test_wrong),    cmocka_unit_test(test_cuts),
	    cmocka_unit_test(test_flips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
