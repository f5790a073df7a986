/* kernel/ct_filter: the predicate, and the program as the kernel runs it on a datagram socket. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include "kernel/ct_filter.h"

union message {
	struct nlmsghdr header;
	char bytes[512];
};

static struct prefix prefix(const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, &prefix), 0);
	return prefix;
}

static struct tuple tuple(const char *source, const char *destination)
{
	struct tuple tuple = {.protocol = IPPROTO_UDP, .has_ports = true};

	assert_int_equal(addr_parse(source, &tuple.source), 0);
	assert_int_equal(addr_parse(destination, &tuple.destination), 0);
	return tuple;
}

static void put_tuple(struct nlmsghdr *header, uint16_t type, const struct tuple *tuple)
{
	bool v4 = tuple->source.family == ADDR_IPV4;
	struct nlattr *nest = mnl_attr_nest_start(header, type);
	struct nlattr *inner = mnl_attr_nest_start(header, CTA_TUPLE_IP);

	mnl_attr_put(header, v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, v4 ? 4 : 16, tuple->source.bytes);
	mnl_attr_put(header, v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, v4 ? 4 : 16,
		     tuple->destination.bytes);
	mnl_attr_nest_end(header, inner);
	inner = mnl_attr_nest_start(header, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(header, CTA_PROTO_NUM, tuple->protocol);
	mnl_attr_put_u16(header, CTA_PROTO_SRC_PORT, htons(40001));
	mnl_attr_put_u16(header, CTA_PROTO_DST_PORT, htons(53));
	mnl_attr_nest_end(header, inner);
	mnl_attr_nest_end(header, nest);
}

/* A client that asks a service for a server, and is itself translated. */
static void build(union message *message, const struct tuple *ends)
{
	bool v4 = ends->source.family == ADDR_IPV4;
	struct tuple original = {.source = ends->source,
				 .destination = prefix(v4 ? "203.0.113.1" : "2001:dead::1").addr};
	struct tuple reply = {.source = ends->destination, .destination = original.destination};
	struct nfgenmsg *netfilter;

	memset(message, 0, sizeof(*message));
	mnl_nlmsg_put_header(message);
	netfilter = mnl_nlmsg_put_extra_header(&message->header, sizeof(*netfilter));
	netfilter->nfgen_family = v4 ? AF_INET : AF_INET6;
	message->header.nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW;
	put_tuple(&message->header, CTA_TUPLE_ORIG, &original);
	put_tuple(&message->header, CTA_TUPLE_REPLY, &reply);
}

struct sieve {
	int sockets[2];
};

static struct sieve sieve(const struct prefix *prefixes, size_t count)
{
	struct ct_filter filter;
	struct sieve sieve;
	struct sock_fprog program;

	assert_int_equal(ct_filter_build(prefixes, count, &filter), 0);
	program.len = filter.length;
	program.filter = filter.code;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, sieve.sockets), 0);
	assert_int_equal(
	    setsockopt(sieve.sockets[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)),
	    0);
	return sieve;
}

static void sieve_end(const struct sieve *sieve)
{
	close(sieve->sockets[0]);
	close(sieve->sockets[1]);
}

static bool passes(const struct sieve *sieve, const void *bytes, size_t length)
{
	char received[sizeof(union message)];
	ssize_t r;

	assert_int_equal(send(sieve->sockets[0], bytes, length, 0), length);
	r = recv(sieve->sockets[1], received, sizeof(received), MSG_DONTWAIT);
	if (r < 0) {
		assert_int_equal(errno, EAGAIN);
		return false;
	}
	assert_int_equal(r, length);
	assert_memory_equal(received, bytes, length);
	return true;
}

/* Both must say so. */
static void check(const struct sieve *sieve, const struct prefix *prefixes, size_t count,
		  const struct tuple *tuple, bool excluded)
{
	union message message;

	build(&message, tuple);
	assert_int_equal(ct_excluded(prefixes, count, tuple->source, tuple->destination), excluded);
	assert_int_equal(passes(sieve, message.bytes, message.header.nlmsg_len), !excluded);
}

struct expectation {
	const char *source, *destination;
	bool excluded;
};

static void test_both_families(void **state)
{
	const struct prefix prefixes[] = {prefix("127.0.0.0/8"),  prefix("::1"),
					  prefix("10.9.0.0/17"),  prefix("192.0.2.7"),
					  prefix("fd00:1::/33"),  prefix("2001:db8::/32"),
					  prefix("fd00:2::/127"), prefix("fd00:3:0:4::/64")};
	const struct expectation expectations[] = {
	    {"127.0.0.1", "127.0.0.1", true},
	    {"10.1.0.1", "127.255.255.255", true},
	    {"128.0.0.1", "126.255.255.255", false},
	    {"10.9.127.255", "10.1.0.1", true},
	    {"10.1.0.1", "10.9.0.0", true},
	    {"10.9.128.0", "10.8.255.255", false},
	    {"192.0.2.7", "10.1.0.1", true},
	    {"192.0.2.6", "192.0.2.8", false},
	    {"::1", "::1", true},
	    {"::", "::2", false},
	    {"fd00:1:7fff::1", "fd05::1", true},
	    {"fd05::1", "fd00:1::", true},
	    {"fd00:1:8000::1", "fd00:0:ffff::", false},
	    {"fd05::1", "2001:db8:ffff::1", true},
	    {"2001:db9::1", "2001:db7::1", false},
	    {"fd00:2::", "fd05::1", true},
	    {"fd00:2::1", "fd05::1", true},
	    {"fd00:2::2", "fd00:2:0:0:1::", false},
	    {"fd05::1", "fd00:3:0:4:ffff::", true},
	    {"fd00:3:0:5::", "fd00:3:0:3:ffff:ffff:ffff:ffff", false},
	};
	const size_t count = sizeof(prefixes) / sizeof(prefixes[0]);
	struct sieve in = sieve(prefixes, count);

	(void)state;
	for (size_t i = 0; i < sizeof(expectations) / sizeof(expectations[0]); i++) {
		struct tuple t = tuple(expectations[i].source, expectations[i].destination);

		check(&in, prefixes, count, &t, expectations[i].excluded);
	}
	sieve_end(&in);
}

static void test_none_and_all(void **state)
{
	const struct prefix all4 = prefix("0.0.0.0/0"), all6 = prefix("::/0");
	struct tuple v4 = tuple("127.0.0.1", "127.0.0.1"), v6 = tuple("::1", "::1");
	struct sieve none = sieve(NULL, 0), in4 = sieve(&all4, 1), in6 = sieve(&all6, 1);

	(void)state;
	check(&none, NULL, 0, &v4, false);
	check(&none, NULL, 0, &v6, false);
	check(&in4, &all4, 1, &v4, true);
	check(&in4, &all4, 1, &v6, false);
	check(&in6, &all6, 1, &v4, false);
	check(&in6, &all6, 1, &v6, true);
	sieve_end(&none);
	sieve_end(&in4);
	sieve_end(&in6);
}

/* The longest program: it must be within what the kernel allows one socket. */
static void test_many(void **state)
{
	struct prefix prefixes[CT_FILTER_PREFIXES_MAX + 1];
	struct ct_filter filter;
	struct sieve in;

	(void)state;
	for (unsigned i = 0; i <= CT_FILTER_PREFIXES_MAX; i++) {
		prefixes[i] = prefix("fdff:eeee:dddd:cccc:bbbb:aaaa:9900::/127");
		prefixes[i].addr.bytes[13] = (uint8_t)i;
	}
	in = sieve(prefixes, CT_FILTER_PREFIXES_MAX);
	for (unsigned i = 0; i <= CT_FILTER_PREFIXES_MAX; i++) {
		struct tuple from = {.source = prefixes[i].addr, .destination = {ADDR_IPV6, {1}}};
		struct tuple to = {.source = {ADDR_IPV6, {1}}, .destination = prefixes[i].addr};

		check(&in, prefixes, CT_FILTER_PREFIXES_MAX, &from, i < CT_FILTER_PREFIXES_MAX);
		check(&in, prefixes, CT_FILTER_PREFIXES_MAX, &to, i < CT_FILTER_PREFIXES_MAX);
	}
	sieve_end(&in);
	assert_int_equal(ct_filter_build(prefixes, CT_FILTER_PREFIXES_MAX, &filter), 0);
	assert_true(filter.length <= CT_FILTER_CODE_MAX);
	assert_int_equal(ct_filter_build(prefixes, CT_FILTER_PREFIXES_MAX + 1, &filter), -EINVAL);
}

static void test_invalid(void **state)
{
	struct prefix unset = {.length = 0}, too_long = prefix("10.0.0.0/8");
	struct ct_filter filter;

	(void)state;
	too_long.length = 33;
	assert_int_equal(ct_filter_build(&unset, 1, &filter), -EINVAL);
	assert_int_equal(ct_filter_build(&too_long, 1, &filter), -EINVAL);
}

/* What the filter does not understand is for the decoder to judge. */
static void test_other_messages(void **state)
{
	const struct prefix prefixes[] = {prefix("0.0.0.0/0"), prefix("::/0")};
	struct sieve in = sieve(prefixes, 2);
	struct tuple t = tuple("10.0.0.1", "10.0.0.2");
	struct nfgenmsg *netfilter;
	union message message;

	(void)state;
	build(&message, &t);
	netfilter = mnl_nlmsg_get_payload(&message.header);
	netfilter->nfgen_family = AF_UNSPEC;
	assert_true(passes(&in, message.bytes, message.header.nlmsg_len));
	netfilter->nfgen_family = AF_INET6;
	assert_true(passes(&in, message.bytes, message.header.nlmsg_len));
	netfilter->nfgen_family = AF_INET;
	assert_false(passes(&in, message.bytes, message.header.nlmsg_len));
	assert_true(passes(&in, message.bytes, sizeof(struct nlmsghdr) + sizeof(*netfilter)));
	sieve_end(&in);
}

static struct addr random_addr(bool v4)
{
	uint8_t bytes[16];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(random() % 4 ? 0 : random());
	return addr_from_bytes(bytes, v4 ? 4 : 16);
}

static void test_random(void **state)
{
	(void)state;
	srandom(20260101);
	for (unsigned round = 0; round < 200; round++) {
		struct prefix prefixes[8];
		struct sieve in;

		for (size_t i = 0; i < 8; i++) {
			bool v4 = random() % 2;
			char text[PREFIX_TEXT_MAX];

			prefixes[i].addr = random_addr(v4);
			prefixes[i].length = (uint8_t)(2 + random() % (v4 ? 31 : 127));
			assert_int_equal(
			    prefix_parse(prefix_format(prefixes[i], text), &prefixes[i]), 0);
		}
		in = sieve(prefixes, 8);
		for (unsigned i = 0; i < 50; i++) {
			bool v4 = random() % 2;
			struct tuple t = {.source = random_addr(v4),
					  .destination = random_addr(v4)};

			check(&in, prefixes, 8, &t,
			      ct_excluded(prefixes, 8, t.source, t.destination));
		}
		sieve_end(&in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_both_families),  cmocka_unit_test(test_none_and_all),
	    cmocka_unit_test(test_many),           cmocka_unit_test(test_invalid),
	    cmocka_unit_test(test_other_messages), cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
