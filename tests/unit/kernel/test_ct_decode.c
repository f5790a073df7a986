/* kernel/ct_decode: messages as the kernel fills them in, read against libnetfilter_conntrack. */
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
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include "kernel/ct_decode.h"

#define START UINT64_C(1767323045123456789)
#define STOP UINT64_C(1767323046000000001)

union message {
	struct nlmsghdr header;
	char bytes[2048];
};

static struct nlmsghdr *begin(union message *message, uint16_t type, uint16_t flags)
{
	struct nfgenmsg *netfilter;

	memset(message, 0, sizeof(*message));
	mnl_nlmsg_put_header(message);
	netfilter = mnl_nlmsg_put_extra_header(&message->header, sizeof(*netfilter));
	netfilter->nfgen_family = AF_INET;
	message->header.nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type);
	message->header.nlmsg_flags = flags;
	message->header.nlmsg_pid = 4711;
	return &message->header;
}

static struct nf_conntrack *connection(int family, uint8_t protocol)
{
	struct in6_addr source = IN6ADDR_ANY_INIT, destination = IN6ADDR_ANY_INIT;
	struct nf_conntrack *ct = nfct_new();

	assert_non_null(ct);
	inet_pton(family, family == AF_INET ? "10.1.2.3" : "fd01::3", &source);
	inet_pton(family, family == AF_INET ? "10.9.8.7" : "fd09::7", &destination);
	nfct_set_attr_u8(ct, ATTR_L3PROTO, (uint8_t)family);
	nfct_set_attr(ct, family == AF_INET ? ATTR_IPV4_SRC : ATTR_IPV6_SRC, &source);
	nfct_set_attr(ct, family == AF_INET ? ATTR_IPV4_DST : ATTR_IPV6_DST, &destination);
	nfct_set_attr_u8(ct, ATTR_L4PROTO, protocol);
	if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6) {
		nfct_set_attr_u8(ct, ATTR_ICMP_TYPE, protocol == IPPROTO_ICMP ? 8 : 128);
		nfct_set_attr_u8(ct, ATTR_ICMP_CODE, 0);
		nfct_set_attr_u16(ct, ATTR_ICMP_ID, htons(0x1234));
	} else {
		nfct_set_attr_u16(ct, ATTR_PORT_SRC, htons(40001));
		nfct_set_attr_u16(ct, ATTR_PORT_DST, htons(443));
	}
	if (protocol == IPPROTO_TCP)
		nfct_set_attr_u8(ct, ATTR_TCP_STATE, TCP_CONNTRACK_ESTABLISHED);
	nfct_setobjopt(ct, NFCT_SOPT_SETUP_REPLY);
	nfct_set_attr_u32(ct, ATTR_STATUS, IPS_CONFIRMED | IPS_SEEN_REPLY);
	nfct_set_attr_u32(ct, ATTR_TIMEOUT, 431999);
	return ct;
}

static void put_counters(struct nlmsghdr *header, uint16_t type, uint64_t packets, uint64_t bytes)
{
	struct nlattr *nest = mnl_attr_nest_start(header, type);

	mnl_attr_put_u64(header, CTA_COUNTERS_PACKETS, htobe64(packets));
	mnl_attr_put_u64(header, CTA_COUNTERS_BYTES, htobe64(bytes));
	mnl_attr_nest_end(header, nest);
}

static void put_history(struct nlmsghdr *header)
{
	struct nlattr *nest;

	put_counters(header, CTA_COUNTERS_ORIG, 7, UINT64_C(0x1122334455667788));
	put_counters(header, CTA_COUNTERS_REPLY, UINT64_C(0x100000002), 299);
	nest = mnl_attr_nest_start(header, CTA_TIMESTAMP);
	mnl_attr_put_u64(header, CTA_TIMESTAMP_START, htobe64(START));
	mnl_attr_put_u64(header, CTA_TIMESTAMP_STOP, htobe64(STOP));
	mnl_attr_nest_end(header, nest);
	mnl_attr_put_u32(header, CTA_ID, htonl(0xfedcba98));
	mnl_attr_put_u16(header, CTA_ZONE, htons(4242));
}

static void build(union message *message, struct nf_conntrack *ct, uint16_t type, uint16_t flags)
{
	assert_int_equal(nfct_nlmsg_build(begin(message, type, flags), ct), 0);
}

static int decode(const void *bytes, size_t length, enum ct_origin origin,
		  struct conntrack_event *ret)
{
	void *copy = malloc(length ? length : 1);
	int r;

	assert_non_null(copy);
	memcpy(copy, bytes, length);
	r = ct_decode(copy, length, origin, ret);
	free(copy);
	return r;
}

static int decode_message(const union message *message, enum ct_origin origin,
			  struct conntrack_event *ret)
{
	return decode(message, message->header.nlmsg_len, origin, ret);
}

struct tuple_attrs {
	enum nf_conntrack_attr ipv4_source, ipv4_destination, ipv6_source, ipv6_destination;
	enum nf_conntrack_attr port_source, port_destination, protocol;
};

static const struct tuple_attrs original_attrs = {
    ATTR_ORIG_IPV4_SRC, ATTR_ORIG_IPV4_DST, ATTR_ORIG_IPV6_SRC, ATTR_ORIG_IPV6_DST,
    ATTR_ORIG_PORT_SRC, ATTR_ORIG_PORT_DST, ATTR_ORIG_L4PROTO};
static const struct tuple_attrs reply_attrs = {
    ATTR_REPL_IPV4_SRC, ATTR_REPL_IPV4_DST, ATTR_REPL_IPV6_SRC, ATTR_REPL_IPV6_DST,
    ATTR_REPL_PORT_SRC, ATTR_REPL_PORT_DST, ATTR_REPL_L4PROTO};

static void check_tuple(const struct tuple *tuple, const struct nf_conntrack *ct,
			const struct tuple_attrs *attrs, int family)
{
	size_t length = family == AF_INET ? 4 : 16;
	bool v4 = family == AF_INET;

	assert_int_equal(tuple->source.family, v4 ? ADDR_IPV4 : ADDR_IPV6);
	assert_int_equal(tuple->destination.family, v4 ? ADDR_IPV4 : ADDR_IPV6);
	assert_memory_equal(tuple->source.bytes,
			    nfct_get_attr(ct, v4 ? attrs->ipv4_source : attrs->ipv6_source),
			    length);
	assert_memory_equal(
	    tuple->destination.bytes,
	    nfct_get_attr(ct, v4 ? attrs->ipv4_destination : attrs->ipv6_destination), length);
	assert_int_equal(tuple->protocol, nfct_get_attr_u8(ct, attrs->protocol));
	if (!tuple->has_ports)
		return;
	assert_int_equal(tuple->source_port, ntohs(nfct_get_attr_u16(ct, attrs->port_source)));
	assert_int_equal(tuple->destination_port,
			 ntohs(nfct_get_attr_u16(ct, attrs->port_destination)));
}

static void check_history(const struct conntrack_event *event, const struct nf_conntrack *ct)
{
	assert_true(event->has_counters);
	assert_true(event->packets_sent == nfct_get_attr_u64(ct, ATTR_ORIG_COUNTER_PACKETS));
	assert_true(event->bytes_sent == nfct_get_attr_u64(ct, ATTR_ORIG_COUNTER_BYTES));
	assert_true(event->packets_received == nfct_get_attr_u64(ct, ATTR_REPL_COUNTER_PACKETS));
	assert_true(event->bytes_received == nfct_get_attr_u64(ct, ATTR_REPL_COUNTER_BYTES));
	assert_true(event->has_start && event->has_stop);
	assert_true((uint64_t)event->start == nfct_get_attr_u64(ct, ATTR_TIMESTAMP_START));
	assert_true((uint64_t)event->stop == nfct_get_attr_u64(ct, ATTR_TIMESTAMP_STOP));
	assert_int_equal(event->id, nfct_get_attr_u32(ct, ATTR_ID));
	assert_int_equal(event->zone, nfct_get_attr_u16(ct, ATTR_ZONE));
}

static void check_against_oracle(int family, uint8_t protocol, bool ports)
{
	struct nf_conntrack *ct = connection(family, protocol), *oracle = nfct_new();
	struct conntrack_event event;
	union message message;

	assert_non_null(oracle);
	build(&message, ct, IPCTNL_MSG_CT_DELETE, 0);
	put_history(&message.header);
	assert_int_equal(nfct_nlmsg_parse(&message.header, oracle), 0);
	assert_int_equal(decode_message(&message, CT_MULTICAST, &event), 0);
	assert_int_equal(event.type, CONNTRACK_DESTROY);
	assert_int_equal(event.sender, 4711);
	assert_int_equal(event.original.has_ports, ports);
	assert_int_equal(event.reply.has_ports, ports);
	check_tuple(&event.original, oracle, &original_attrs, family);
	check_tuple(&event.reply, oracle, &reply_attrs, family);
	check_history(&event, oracle);
	assert_int_equal(event.status, nfct_get_attr_u32(oracle, ATTR_STATUS));
	assert_true(event.has_timeout);
	assert_int_equal(event.timeout, nfct_get_attr_u32(oracle, ATTR_TIMEOUT));
	assert_int_equal(event.has_tcp_state, protocol == IPPROTO_TCP);
	if (event.has_tcp_state)
		assert_int_equal(event.tcp_state, nfct_get_attr_u8(oracle, ATTR_TCP_STATE));
	nfct_destroy(oracle);
	nfct_destroy(ct);
}

static void test_oracle(void **state)
{
	(void)state;
	check_against_oracle(AF_INET, IPPROTO_TCP, true);
	check_against_oracle(AF_INET, IPPROTO_UDP, true);
	check_against_oracle(AF_INET, IPPROTO_SCTP, true);
	check_against_oracle(AF_INET, IPPROTO_ICMP, false);
	check_against_oracle(AF_INET6, IPPROTO_TCP, true);
	check_against_oracle(AF_INET6, IPPROTO_UDP, true);
	check_against_oracle(AF_INET6, IPPROTO_SCTP, true);
	check_against_oracle(AF_INET6, IPPROTO_ICMPV6, false);
}

static void test_icmp(void **state)
{
	const struct {
		int family;
		uint8_t protocol;
		uint16_t original, reply;
	} cases[] = {{AF_INET, IPPROTO_ICMP, 8 << 8, 0},
		     {AF_INET6, IPPROTO_ICMPV6, 128 << 8, 129 << 8}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct nf_conntrack *ct = connection(cases[i].family, cases[i].protocol);
		struct conntrack_event event;
		union message message;

		build(&message, ct, IPCTNL_MSG_CT_NEW, 0);
		assert_int_equal(decode_message(&message, CT_ANSWER, &event), 0);
		assert_int_equal(event.original.source_port, 0x1234);
		assert_int_equal(event.original.destination_port, cases[i].original);
		assert_int_equal(event.reply.source_port, 0x1234);
		assert_int_equal(event.reply.destination_port, cases[i].reply);
		nfct_destroy(ct);
	}
}

/* The kernel gives both sides this flag when it picks a connection up mid-stream. */
static void test_picked_up(void **state)
{
	static const struct {
		uint8_t original, reply;
		bool expected;
	} cases[] = {{0, 0, false},
		     {0x08, 0, false},
		     {0, 0x08, false},
		     {0x0a, 0x08, true},
		     {0x02, 0x02, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nf_conntrack *ct = connection(AF_INET, IPPROTO_TCP);
		struct conntrack_event event;
		union message message;

		nfct_set_attr_u8(ct, ATTR_TCP_FLAGS_ORIG, cases[i].original);
		nfct_set_attr_u8(ct, ATTR_TCP_MASK_ORIG, 0xff);
		nfct_set_attr_u8(ct, ATTR_TCP_FLAGS_REPL, cases[i].reply);
		nfct_set_attr_u8(ct, ATTR_TCP_MASK_REPL, 0xff);
		build(&message, ct, IPCTNL_MSG_CT_NEW, 0);
		assert_int_equal(decode_message(&message, CT_ANSWER, &event), 0);
		assert_int_equal(event.tcp_picked_up, cases[i].expected);
		assert_true(event.has_tcp_state);
		nfct_destroy(ct);
	}
}

static void test_types(void **state)
{
	const struct {
		uint16_t type, flags;
		enum ct_origin origin;
		int expected; /* event type or error */
	} cases[] = {
	    {IPCTNL_MSG_CT_NEW, NLM_F_CREATE | NLM_F_EXCL, CT_MULTICAST, CONNTRACK_NEW},
	    {IPCTNL_MSG_CT_NEW, 0, CT_MULTICAST, -ENOMSG},
	    {IPCTNL_MSG_CT_NEW, NLM_F_CREATE, CT_MULTICAST, -ENOMSG},
	    {IPCTNL_MSG_CT_DELETE, 0, CT_MULTICAST, CONNTRACK_DESTROY},
	    {IPCTNL_MSG_CT_NEW, NLM_F_MULTI, CT_ANSWER, CONNTRACK_ENTRY},
	    {IPCTNL_MSG_CT_DELETE, 0, CT_ANSWER, -ENOMSG},
	    {IPCTNL_MSG_CT_GET_STATS_CPU, 0, CT_ANSWER, -ENOMSG},
	};
	struct nf_conntrack *ct = connection(AF_INET, IPPROTO_UDP);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conntrack_event event;
		union message message;
		int r;

		build(&message, ct, cases[i].type, cases[i].flags);
		r = decode_message(&message, cases[i].origin, &event);
		assert_int_equal(r < 0 ? r : (int)event.type, cases[i].expected);
		if (r == 0)
			assert_int_equal(event.sender, cases[i].origin == CT_MULTICAST ? 4711 : 0);
		message.header.nlmsg_type = NFNL_SUBSYS_CTNETLINK_EXP << 8;
		assert_int_equal(decode_message(&message, cases[i].origin, &event), -ENOMSG);
	}
	nfct_destroy(ct);
}

static void test_absent(void **state)
{
	struct nf_conntrack *ct = connection(AF_INET, IPPROTO_UDP);
	struct conntrack_event event;
	union message message;

	(void)state;
	build(&message, ct, IPCTNL_MSG_CT_DELETE, 0);
	put_counters(&message.header, CTA_COUNTERS_ORIG, 7, 8);
	assert_int_equal(decode_message(&message, CT_MULTICAST, &event), 0);
	assert_false(event.has_counters || event.has_start || event.has_stop);
	assert_false(event.has_tcp_state);
	assert_true(event.packets_sent == 0 && event.bytes_sent == 0);
	assert_int_equal(event.zone, 0);
	assert_int_equal(event.id, 0);
	nfct_destroy(ct);
}

/* One tuple as the kernel nests it; zone 0: none. */
static void put_tuple(struct nlmsghdr *header, uint16_t type, uint8_t protocol, bool ports,
		      uint16_t zone)
{
	struct nlattr *tuple = mnl_attr_nest_start(header, type), *nest;

	nest = mnl_attr_nest_start(header, CTA_TUPLE_IP);
	mnl_attr_put_u32(header, CTA_IP_V4_SRC, htonl(0x0a000001));
	mnl_attr_put_u32(header, CTA_IP_V4_DST, htonl(0x0a000002));
	mnl_attr_nest_end(header, nest);
	nest = mnl_attr_nest_start(header, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(header, CTA_PROTO_NUM, protocol);
	if (ports) {
		mnl_attr_put_u16(header, CTA_PROTO_SRC_PORT, htons(1));
		mnl_attr_put_u16(header, CTA_PROTO_DST_PORT, htons(2));
	}
	mnl_attr_nest_end(header, nest);
	if (zone)
		mnl_attr_put_u16(header, CTA_TUPLE_ZONE, htons(zone));
	mnl_attr_nest_end(header, tuple);
}

static void test_direction_zones(void **state)
{
	struct conntrack_event event;
	union message message;
	struct nlmsghdr *header = begin(&message, IPCTNL_MSG_CT_DELETE, 0);

	(void)state;
	put_tuple(header, CTA_TUPLE_ORIG, IPPROTO_UDP, true, 8);
	put_tuple(header, CTA_TUPLE_REPLY, IPPROTO_UDP, true, 0);
	assert_int_equal(decode_message(&message, CT_MULTICAST, &event), 0);
	assert_int_equal(event.zone, 8);
	header = begin(&message, IPCTNL_MSG_CT_DELETE, 0);
	put_tuple(header, CTA_TUPLE_ORIG, IPPROTO_UDP, true, 0);
	put_tuple(header, CTA_TUPLE_REPLY, IPPROTO_UDP, true, 9);
	assert_int_equal(decode_message(&message, CT_MULTICAST, &event), 0);
	assert_int_equal(event.zone, 0);
}

static void test_tuples_required(void **state)
{
	struct conntrack_event event = {.id = 99};
	union message message;
	struct nlmsghdr *header = begin(&message, IPCTNL_MSG_CT_DELETE, 0);

	(void)state;
	assert_int_equal(decode_message(&message, CT_MULTICAST, &event), -EBADMSG);
	put_tuple(header, CTA_TUPLE_ORIG, IPPROTO_UDP, true, 0);
	assert_int_equal(decode_message(&message, CT_MULTICAST, &event), -EBADMSG);
	put_tuple(header, CTA_TUPLE_REPLY, IPPROTO_UDP, false, 0);
	assert_int_equal(decode_message(&message, CT_MULTICAST, &event), -EBADMSG);
	assert_int_equal(event.id, 99);
	header = begin(&message, IPCTNL_MSG_CT_DELETE, 0);
	put_tuple(header, CTA_TUPLE_ORIG, IPPROTO_ESP, false, 0);
	put_tuple(header, CTA_TUPLE_REPLY, IPPROTO_ESP, false, 0);
	assert_int_equal(decode_message(&message, CT_MULTICAST, &event), 0);
	assert_false(event.original.has_ports);
	/* The kernel gives GRE its keys as ports. */
	header = begin(&message, IPCTNL_MSG_CT_DELETE, 0);
	put_tuple(header, CTA_TUPLE_ORIG, IPPROTO_GRE, true, 0);
	put_tuple(header, CTA_TUPLE_REPLY, IPPROTO_GRE, true, 0);
	assert_int_equal(decode_message(&message, CT_MULTICAST, &event), 0);
	assert_false(event.original.has_ports);
	assert_int_equal(event.original.source_port, 0);
	assert_int_equal(event.original.destination_port, 0);
}

static void put_addresses(struct nlmsghdr *header, bool v4, bool swapped)
{
	const uint16_t source = v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC;
	const uint16_t destination = v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST;
	struct nlattr *nest = mnl_attr_nest_start(header, CTA_TUPLE_IP);

	if (swapped)
		mnl_attr_put(header, destination, v4 ? 4 : 16, "fedcba9876543210");
	mnl_attr_put(header, source, v4 ? 4 : 16, "0123456789abcdef");
	if (!swapped)
		mnl_attr_put(header, destination, v4 ? 4 : 16, "fedcba9876543210");
	mnl_attr_nest_end(header, nest);
}

static void put_ports(struct nlmsghdr *header, bool swapped)
{
	struct nlattr *nest = mnl_attr_nest_start(header, CTA_TUPLE_PROTO);

	mnl_attr_put_u8(header, CTA_PROTO_NUM, IPPROTO_UDP);
	if (swapped)
		mnl_attr_put_u16(header, CTA_PROTO_DST_PORT, htons(53));
	mnl_attr_put_u16(header, CTA_PROTO_SRC_PORT, htons(40001));
	if (!swapped)
		mnl_attr_put_u16(header, CTA_PROTO_DST_PORT, htons(53));
	mnl_attr_nest_end(header, nest);
}

enum layout { PLAIN, PROTO_FIRST, ADDRESSES_SWAPPED, PORTS_SWAPPED, MORE_BEHIND, LAYOUTS };

static void put_laid_out(struct nlmsghdr *header, uint16_t type, bool v4, enum layout layout)
{
	struct nlattr *nest = mnl_attr_nest_start(header, type);

	if (layout == PROTO_FIRST)
		put_ports(header, false);
	put_addresses(header, v4, layout == ADDRESSES_SWAPPED);
	if (layout != PROTO_FIRST)
		put_ports(header, layout == PORTS_SWAPPED);
	if (layout == MORE_BEHIND)
		mnl_attr_put_u16(header, CTA_TUPLE_MAX + 1, 0);
	mnl_attr_nest_end(header, nest);
}

/* The kernel's own order of attributes is a short cut; every other means the same. */
static void test_layouts(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2 * LAYOUTS; i++) {
		struct conntrack_event event;
		union message message;
		struct nlmsghdr *header = begin(&message, IPCTNL_MSG_CT_DELETE, 0);
		bool v4 = i % 2;

		put_laid_out(header, CTA_TUPLE_ORIG, v4, i / 2);
		put_laid_out(header, CTA_TUPLE_REPLY, v4, i / 2);
		assert_int_equal(decode_message(&message, CT_MULTICAST, &event), 0);
		assert_true(addr_equal(event.original.source,
				       addr_from_bytes("0123456789abcdef", v4 ? 4 : 16)));
		assert_true(addr_equal(event.original.destination,
				       addr_from_bytes("fedcba9876543210", v4 ? 4 : 16)));
		assert_int_equal(event.original.source_port, 40001);
		assert_int_equal(event.original.destination_port, 53);
		assert_int_equal(event.original.protocol, IPPROTO_UDP);
		assert_true(event.original.has_ports);
		assert_memory_equal(&event.original.source, &event.reply.source,
				    sizeof(struct addr));
	}
}

static void test_wrong_sizes(void **state)
{
	const struct {
		uint16_t type;
		size_t length;
	} cases[] = {
	    {CTA_STATUS, 3}, {CTA_STATUS, 8}, {CTA_TIMEOUT, 2}, {CTA_ID, 0}, {CTA_ZONE, 4},
	};
	const char zeroes[8] = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conntrack_event event;
		union message message;
		struct nlmsghdr *header = begin(&message, IPCTNL_MSG_CT_DELETE, 0);

		put_tuple(header, CTA_TUPLE_ORIG, IPPROTO_UDP, true, 0);
		put_tuple(header, CTA_TUPLE_REPLY, IPPROTO_UDP, true, 0);
		mnl_attr_put(header, cases[i].type, cases[i].length, zeroes);
		assert_int_equal(decode_message(&message, CT_MULTICAST, &event), -EBADMSG);
	}
}

/* Cut at every length, once with the length in the header as it was, once with it following the
 * cut. */
static void check_cuts(const union message *message, enum ct_origin origin)
{
	const size_t whole = message->header.nlmsg_len;

	for (size_t length = 0; length < whole; length++) {
		struct conntrack_event event = {.id = 99};
		union message cut = *message;
		int r;

		assert_int_equal(decode(&cut, length, origin, &event), -EBADMSG);
		cut.header.nlmsg_len = (uint32_t)length;
		r = decode(&cut, length, origin, &event);
		assert_true(r == 0 || r == -EBADMSG);
		if (r < 0)
			assert_int_equal(event.id, 99);
		else
			assert_true(addr_is_set(event.reply.destination));
	}
}

static void test_cuts(void **state)
{
	struct nf_conntrack *ct = connection(AF_INET6, IPPROTO_TCP);
	union message message;

	(void)state;
	build(&message, ct, IPCTNL_MSG_CT_DELETE, 0);
	put_history(&message.header);
	check_cuts(&message, CT_MULTICAST);
	nfct_destroy(ct);
	ct = connection(AF_INET, IPPROTO_ICMP);
	build(&message, ct, IPCTNL_MSG_CT_NEW, 0);
	put_history(&message.header);
	check_cuts(&message, CT_ANSWER);
	nfct_destroy(ct);
}

/* Every byte of a good message set to every value: an answer or an error, never a read outside. */
static void test_flips(void **state)
{
	struct nf_conntrack *ct = connection(AF_INET, IPPROTO_TCP);
	struct conntrack_event event;
	union message message;

	(void)state;
	build(&message, ct, IPCTNL_MSG_CT_DELETE, 0);
	put_history(&message.header);
	for (size_t i = 0; i < message.header.nlmsg_len; i++) {
		union message flipped = message;

		for (unsigned value = 0; value < 256; value++) {
			int r;

			flipped.bytes[i] = (char)value;
			r = decode(&flipped, message.header.nlmsg_len, CT_MULTICAST, &event);
			assert_true(r == 0 || r == -EBADMSG || r == -ENOMSG);
		}
	}
	nfct_destroy(ct);
}

static void test_stats(void **state)
{
	struct conntrack_stats sum = {.drop = 1, .early_drop = 2, .insert_failed = 3};
	union message message;
	struct nlmsghdr *header = begin(&message, IPCTNL_MSG_CT_GET_STATS_CPU, NLM_F_MULTI);

	(void)state;
	mnl_attr_put_u32(header, CTA_STATS_FOUND, htonl(77));
	mnl_attr_put_u32(header, CTA_STATS_DROP, htonl(0xffffffff));
	mnl_attr_put_u32(header, CTA_STATS_EARLY_DROP, htonl(20));
	mnl_attr_put_u32(header, CTA_STATS_INSERT_FAILED, htonl(30));
	for (unsigned cpu = 0; cpu < 2; cpu++)
		assert_int_equal(ct_decode_stats(&message, header->nlmsg_len, &sum), 0);
	assert_true(sum.drop == UINT64_C(0x1ffffffff));
	assert_true(sum.early_drop == 42);
	assert_true(sum.insert_failed == 63);
	mnl_attr_put_u16(header, CTA_STATS_DROP, 1);
	assert_int_equal(ct_decode_stats(&message, header->nlmsg_len, &sum), -EBADMSG);
	assert_int_equal(ct_decode_stats(&message, header->nlmsg_len - 1, &sum), -EBADMSG);
	header->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW;
	assert_int_equal(ct_decode_stats(&message, header->nlmsg_len, &sum), -ENOMSG);
	assert_true(sum.drop == UINT64_C(0x1ffffffff));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_oracle),          cmocka_unit_test(test_icmp),
	    cmocka_unit_test(test_picked_up),       cmocka_unit_test(test_types),
	    cmocka_unit_test(test_absent),          cmocka_unit_test(test_direction_zones),
	    cmocka_unit_test(test_tuples_required), cmocka_unit_test(test_layouts),
	    cmocka_unit_test(test_wrong_sizes),     cmocka_unit_test(test_cuts),
	    cmocka_unit_test(test_flips),           cmocka_unit_test(test_stats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
