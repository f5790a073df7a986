/* kernel/ct_request: what is built reads back, here through libnetfilter_conntrack. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include "kernel/ct_decode.h"
#include "kernel/ct_request.h"

static void check_header(const union request *request, uint16_t type, uint16_t flags,
			 uint8_t family)
{
	const struct nfgenmsg *netfilter = mnl_nlmsg_get_payload(&request->header);

	assert_true(request->header.nlmsg_len <= sizeof(*request));
	assert_int_equal(request->header.nlmsg_type, NFNL_SUBSYS_CTNETLINK << 8 | type);
	assert_int_equal(request->header.nlmsg_flags, NLM_F_REQUEST | flags);
	assert_int_equal(netfilter->nfgen_family, family);
	assert_int_equal(netfilter->version, NFNETLINK_V0);
	assert_int_equal(netfilter->res_id, 0);
}

static void test_dumps(void **state)
{
	union request request;

	(void)state;
	ct_request_dump(&request);
	check_header(&request, IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC);
	assert_int_equal(request.header.nlmsg_len, 20);
	ct_request_stats(&request);
	check_header(&request, IPCTNL_MSG_CT_GET_STATS_CPU, NLM_F_DUMP, AF_UNSPEC);
	assert_int_equal(request.header.nlmsg_len, 20);
}

static struct tuple tuple_of(const char *source, const char *destination, uint8_t protocol)
{
	struct tuple tuple = {.protocol = protocol, .source_port = 1000, .destination_port = 2000};

	assert_int_equal(addr_parse(source, &tuple.source), 0);
	assert_int_equal(addr_parse(destination, &tuple.destination), 0);
	return tuple;
}

static void test_find_original(void **state)
{
	struct tuple tuple = tuple_of("10.0.0.1", "10.0.0.2", IPPROTO_TCP);
	struct nf_conntrack *ct = nfct_new();
	union request request;

	(void)state;
	assert_int_equal(ct_request_find(&request, &tuple, false, 0), 0);
	check_header(&request, IPCTNL_MSG_CT_GET, NLM_F_ACK, AF_INET);
	assert_int_equal(nfct_nlmsg_parse(&request.header, ct), 0);
	assert_int_equal(nfct_get_attr_u32(ct, ATTR_ORIG_IPV4_SRC), htonl(0x0a000001));
	assert_int_equal(nfct_get_attr_u32(ct, ATTR_ORIG_IPV4_DST), htonl(0x0a000002));
	assert_int_equal(nfct_get_attr_u8(ct, ATTR_ORIG_L4PROTO), IPPROTO_TCP);
	assert_int_equal(nfct_get_attr_u16(ct, ATTR_ORIG_PORT_SRC), htons(1000));
	assert_int_equal(nfct_get_attr_u16(ct, ATTR_ORIG_PORT_DST), htons(2000));
	assert_false(nfct_attr_is_set(ct, ATTR_ZONE));
	assert_false(nfct_attr_is_set(ct, ATTR_REPL_L4PROTO));
	nfct_destroy(ct);
}

static void test_find_reply(void **state)
{
	struct tuple tuple = tuple_of("fd00::1", "fd00::2", IPPROTO_UDP);
	struct nf_conntrack *ct = nfct_new();
	union request request;

	(void)state;
	assert_int_equal(ct_request_find(&request, &tuple, true, 513), 0);
	check_header(&request, IPCTNL_MSG_CT_GET, NLM_F_ACK, AF_INET6);
	assert_int_equal(nfct_nlmsg_parse(&request.header, ct), 0);
	assert_memory_equal(nfct_get_attr(ct, ATTR_REPL_IPV6_SRC), tuple.source.bytes, 16);
	assert_memory_equal(nfct_get_attr(ct, ATTR_REPL_IPV6_DST), tuple.destination.bytes, 16);
	assert_int_equal(nfct_get_attr_u16(ct, ATTR_REPL_PORT_SRC), htons(1000));
	assert_int_equal(nfct_get_attr_u16(ct, ATTR_REPL_PORT_DST), htons(2000));
	assert_int_equal(nfct_get_attr_u16(ct, ATTR_ZONE), 513);
	assert_false(nfct_attr_is_set(ct, ATTR_ORIG_L4PROTO));
	nfct_destroy(ct);
}

/* Both directions in one message are a whole entry: what the builder writes, the decoder reads. */
static void check_round_trip(const struct tuple *original, const struct tuple *reply)
{
	union {
		struct nlmsghdr header;
		unsigned char bytes[2 * REQUEST_MAX];
	} message;
	struct conntrack_event event;
	union request request;
	size_t fixed = MNL_NLMSG_HDRLEN + sizeof(struct nfgenmsg), more;

	assert_int_equal(ct_request_find(&request, original, false, 7), 0);
	memcpy(message.bytes, request.bytes, request.header.nlmsg_len);
	assert_int_equal(ct_request_find(&request, reply, true, 0), 0);
	more = request.header.nlmsg_len - fixed;
	memcpy(message.bytes + message.header.nlmsg_len, request.bytes + fixed, more);
	message.header.nlmsg_len += (uint32_t)more;
	message.header.nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW;
	assert_int_equal(ct_decode(message.bytes, message.header.nlmsg_len, CT_ANSWER, &event), 0);
	assert_memory_equal(&event.original, original, sizeof(*original));
	assert_memory_equal(&event.reply, reply, sizeof(*reply));
	assert_int_equal(event.zone, 7);
}

static void test_round_trips(void **state)
{
	struct tuple original = tuple_of("10.0.0.1", "10.0.0.2", IPPROTO_SCTP);
	struct tuple reply = tuple_of("10.0.0.2", "10.0.0.1", IPPROTO_SCTP);

	(void)state;
	original.has_ports = reply.has_ports = true;
	check_round_trip(&original, &reply);
	original.has_ports = reply.has_ports = false;
	original.protocol = reply.protocol = IPPROTO_ICMP;
	original.destination_port = 8 << 8;
	reply.destination_port = 3;
	check_round_trip(&original, &reply);
	original = tuple_of("fd00::1", "fd00::2", IPPROTO_ICMPV6);
	reply = tuple_of("fd00::2", "fd00::1", IPPROTO_ICMPV6);
	check_round_trip(&original, &reply);
	original.source_port = original.destination_port = 0;
	reply.source_port = reply.destination_port = 0;
	original.protocol = reply.protocol = IPPROTO_GRE;
	check_round_trip(&original, &reply);
	original.protocol = reply.protocol = IPPROTO_ESP;
	check_round_trip(&original, &reply);
}

static void test_find_refuses(void **state)
{
	struct tuple tuple = tuple_of("10.0.0.1", "fd00::1", IPPROTO_TCP);
	union request request;

	(void)state;
	assert_int_equal(ct_request_find(&request, &tuple, false, 0), -EINVAL);
	tuple.source = tuple.destination = (struct addr){0};
	assert_int_equal(ct_request_find(&request, &tuple, false, 0), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_dumps),        cmocka_unit_test(test_find_original),
	    cmocka_unit_test(test_find_reply),   cmocka_unit_test(test_round_trips),
	    cmocka_unit_test(test_find_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
