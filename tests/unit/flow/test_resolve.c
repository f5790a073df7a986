#include "tests/unit/flow/fixture.h"

static void test_plain(void **state)
{
	struct tuple tuple = a_tuple(IPPROTO_TCP, "10.0.0.1", 40000, "10.0.0.2", 80);
	struct tuple reply = reversed(tuple);
	struct edge_key key = resolve_key(&tuple, &reply), expected;

	(void)state;
	memset(&expected, 0, sizeof(expected));
	expected.source = ip("10.0.0.1");
	expected.destination = ip("10.0.0.2");
	expected.protocol = IPPROTO_TCP;
	expected.port = 80;
	expected.has_port = 1;
	assert_memory_equal(&key, &expected, sizeof(key));
}

static void test_service(void **state)
{
	struct tuple tuple = a_tuple(IPPROTO_TCP, "10.0.0.1", 40000, "10.96.0.10", 80);
	struct tuple reply = a_tuple(IPPROTO_TCP, "10.0.1.5", 8080, "10.0.0.1", 40000);
	struct edge_key key = resolve_key(&tuple, &reply);

	(void)state;
	assert_addr(key.destination, "10.0.1.5");
	assert_int_equal(key.port, 8080);
	assert_addr(key.service, "10.96.0.10");
	assert_int_equal(key.service_port, 80);
	assert_false(addr_is_set(key.translated));
}

static void test_service_of_another_port(void **state)
{
	struct tuple tuple = a_tuple(IPPROTO_UDP, "fd00::1", 40000, "fd00::2", 53);
	struct tuple reply = a_tuple(IPPROTO_UDP, "fd00::2", 5353, "fd00::1", 40000);
	struct edge_key key = resolve_key(&tuple, &reply);

	(void)state;
	assert_int_equal(key.port, 5353);
	assert_addr(key.service, "fd00::2");
	assert_int_equal(key.service_port, 53);
}

static void test_source_translated(void **state)
{
	struct tuple tuple = a_tuple(IPPROTO_TCP, "10.0.0.1", 40000, "192.0.2.9", 443);
	struct tuple reply = a_tuple(IPPROTO_TCP, "192.0.2.9", 443, "198.51.100.1", 61000);
	struct edge_key key = resolve_key(&tuple, &reply);

	(void)state;
	assert_addr(key.source, "10.0.0.1");
	assert_addr(key.translated, "198.51.100.1");
	assert_false(addr_is_set(key.service));
	/* Another port alone is no other address. */
	reply.destination = ip("10.0.0.1");
	assert_false(addr_is_set(resolve_key(&tuple, &reply).translated));
}

static void test_without_ports(void **state)
{
	struct tuple tuple = a_tuple(IPPROTO_ICMP, "10.0.0.1", 77, "10.96.0.10", 8 << 8);
	struct tuple reply = a_tuple(IPPROTO_ICMP, "10.0.1.5", 77, "10.0.0.1", 0);
	struct edge_key key = resolve_key(&tuple, &reply);

	(void)state;
	assert_int_equal(key.has_port, 0);
	assert_int_equal(key.port, 0);
	assert_addr(key.service, "10.96.0.10");
	assert_int_equal(key.service_port, 0);
	reply.source = ip("10.96.0.10");
	assert_false(addr_is_set(resolve_key(&tuple, &reply).service));
}

static struct conntrack_event tcp(enum conntrack_event_type type)
{
	struct tuple tuple = a_tuple(IPPROTO_TCP, "10.0.0.1", 40000, "10.0.0.2", 80);

	return an_event(type, tuple, reversed(tuple));
}

static void test_direction(void **state)
{
	struct conntrack_event event = tcp(CONNTRACK_NEW);

	(void)state;
	assert_false(resolve_direction_uncertain(&event));
	event.has_tcp_state = true;
	event.tcp_state = TCP_CONNTRACK_SYN_SENT;
	assert_false(resolve_direction_uncertain(&event));
	event.tcp_state = TCP_CONNTRACK_ESTABLISHED;
	assert_true(resolve_direction_uncertain(&event));
	event.original.protocol = IPPROTO_UDP;
	assert_false(resolve_direction_uncertain(&event));

	event = tcp(CONNTRACK_ENTRY);
	event.has_tcp_state = true;
	event.tcp_state = TCP_CONNTRACK_ESTABLISHED;
	assert_false(resolve_direction_uncertain(&event));
	event.tcp_picked_up = true;
	assert_true(resolve_direction_uncertain(&event));
}

/* With the event that followed: the handshake is over by then. */
static void test_direction_of_a_late_new(void **state)
{
	struct conntrack_event event = tcp(CONNTRACK_NEW);

	(void)state;
	event.has_tcp_state = true;
	event.tcp_state = TCP_CONNTRACK_ESTABLISHED;
	event.status |= CONNTRACK_SEEN_REPLY;
	assert_false(resolve_direction_uncertain(&event));
	event.tcp_picked_up = true;
	assert_true(resolve_direction_uncertain(&event));
	event.status &= ~CONNTRACK_SEEN_REPLY;
	event.tcp_picked_up = false;
	assert_true(resolve_direction_uncertain(&event));
}

static void test_ended(void **state)
{
	struct conntrack_event event = tcp(CONNTRACK_DESTROY);

	(void)state;
	set_counters(&event, 3, 0, 180, 0);
	assert_int_equal(resolve_ended(&event), VERDICT_UNANSWERED);
	event.packets_received = 1;
	assert_int_equal(resolve_ended(&event), VERDICT_REFUSED);
	event.status |= CONNTRACK_SEEN_REPLY;
	assert_int_equal(resolve_ended(&event), VERDICT_ANSWERED);
}

static void test_ended_without_counters(void **state)
{
	struct conntrack_event event = tcp(CONNTRACK_DESTROY);

	(void)state;
	assert_int_equal(resolve_ended(&event), VERDICT_UNANSWERED);
	event.has_timeout = true;
	assert_int_equal(resolve_ended(&event), VERDICT_UNANSWERED);
	event.timeout = 9;
	assert_int_equal(resolve_ended(&event), VERDICT_REFUSED);
	event.sender = 4711;
	assert_int_equal(resolve_ended(&event), VERDICT_UNANSWERED);
	/* With counters they decide. */
	event.sender = 0;
	set_counters(&event, 1, 0, 60, 0);
	assert_int_equal(resolve_ended(&event), VERDICT_UNANSWERED);
}

static void test_ended_silent(void **state)
{
	static const struct {
		uint8_t protocol;
		enum verdict verdict;
	} cases[] = {
	    {IPPROTO_TCP, VERDICT_UNANSWERED},    {IPPROTO_SCTP, VERDICT_UNANSWERED},
	    {IPPROTO_DCCP, VERDICT_UNANSWERED},   {IPPROTO_ICMP, VERDICT_UNANSWERED},
	    {IPPROTO_ICMPV6, VERDICT_UNANSWERED}, {IPPROTO_UDP, VERDICT_ONE_WAY},
	    {IPPROTO_UDPLITE, VERDICT_ONE_WAY},   {IPPROTO_GRE, VERDICT_ONE_WAY},
	    {IPPROTO_ESP, VERDICT_ONE_WAY},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct conntrack_event event = tcp(CONNTRACK_DESTROY);

		event.original.protocol = cases[i].protocol;
		assert_int_equal(resolve_silent(cases[i].protocol), cases[i].verdict);
		assert_int_equal(resolve_ended(&event), cases[i].verdict);
		event.status |= CONNTRACK_SEEN_REPLY;
		assert_int_equal(resolve_ended(&event), VERDICT_ANSWERED);
	}
}

static void test_endings(void **state)
{
	static const struct {
		uint8_t protocol;
		uint8_t tcp_state; /* 0: not told */
		uint32_t timeout, sender;
		bool replied, full;
		enum ending ending;
	} cases[] = {
	    {IPPROTO_TCP, TCP_CONNTRACK_TIME_WAIT, 0, 0, true, false, ENDING_IN_ORDER},
	    {IPPROTO_TCP, TCP_CONNTRACK_TIME_WAIT, 0, 0, true, true, ENDING_IN_ORDER},
	    {IPPROTO_TCP, TCP_CONNTRACK_LAST_ACK, 0, 0, true, false, ENDING_IN_ORDER},
	    /* Its client port was used again. */
	    {IPPROTO_TCP, TCP_CONNTRACK_TIME_WAIT, 90, 0, true, false, ENDING_IN_ORDER},
	    {IPPROTO_TCP, TCP_CONNTRACK_CLOSE, 0, 0, true, false, ENDING_RESET},
	    {IPPROTO_TCP, TCP_CONNTRACK_CLOSE, 9, 0, true, true, ENDING_RESET},
	    /* Refused. */
	    {IPPROTO_TCP, TCP_CONNTRACK_CLOSE, 120, 0, false, false, ENDING_RESET},
	    {IPPROTO_TCP, TCP_CONNTRACK_CLOSE, 9, 4711, true, false, ENDING_DELETED},
	    {IPPROTO_TCP, TCP_CONNTRACK_ESTABLISHED, 0, 0, true, false, ENDING_TIMED_OUT},
	    {IPPROTO_TCP, TCP_CONNTRACK_ESTABLISHED, 0, 0, true, true, ENDING_TIMED_OUT},
	    {IPPROTO_TCP, TCP_CONNTRACK_ESTABLISHED, 99, 0, true, true, ENDING_EVICTED},
	    {IPPROTO_TCP, TCP_CONNTRACK_ESTABLISHED, 99, 0, true, false, ENDING_DELETED},
	    {IPPROTO_TCP, TCP_CONNTRACK_ESTABLISHED, 99, 4711, true, true, ENDING_DELETED},
	    {IPPROTO_TCP, TCP_CONNTRACK_FIN_WAIT, 99, 0, true, true, ENDING_EVICTED},
	    {IPPROTO_TCP, TCP_CONNTRACK_CLOSE_WAIT, 0, 0, true, false, ENDING_TIMED_OUT},
	    {IPPROTO_TCP, TCP_CONNTRACK_SYN_SENT, 0, 0, false, false, ENDING_TIMED_OUT},
	    {IPPROTO_TCP, TCP_CONNTRACK_SYN_SENT, 60, 0, false, true, ENDING_EVICTED},
	    {IPPROTO_TCP, 0, 0, 0, true, false, ENDING_IN_ORDER},
	    {IPPROTO_TCP, 0, 0, 0, false, false, ENDING_TIMED_OUT},
	    {IPPROTO_TCP, 0, 120, 0, false, false, ENDING_RESET},
	    {IPPROTO_TCP, 0, 120, 4711, false, false, ENDING_DELETED},
	    {IPPROTO_TCP, 0, 120, 0, true, true, ENDING_EVICTED},
	    {IPPROTO_SCTP, 0, 0, 0, true, false, ENDING_IN_ORDER},
	    {IPPROTO_SCTP, 0, 0, 0, false, false, ENDING_TIMED_OUT},
	    {IPPROTO_UDP, 0, 0, 0, true, false, ENDING_TIMED_OUT},
	    {IPPROTO_UDP, 0, 0, 0, false, true, ENDING_TIMED_OUT},
	    {IPPROTO_UDP, 0, 12, 0, false, true, ENDING_EVICTED},
	    {IPPROTO_UDP, 0, 12, 0, true, false, ENDING_DELETED},
	    {IPPROTO_UDP, 0, 12, 4711, true, true, ENDING_DELETED},
	    {IPPROTO_ICMP, 0, 0, 0, true, false, ENDING_TIMED_OUT},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct conntrack_event event = tcp(CONNTRACK_DESTROY);

		print_message("# case %zu\n", i);
		event.original.protocol = event.reply.protocol = cases[i].protocol;
		event.has_tcp_state = cases[i].tcp_state != 0;
		event.tcp_state = cases[i].tcp_state;
		event.has_timeout = cases[i].timeout > 0;
		event.timeout = cases[i].timeout;
		event.sender = cases[i].sender;
		event.status |= cases[i].replied ? CONNTRACK_SEEN_REPLY : 0;
		assert_int_equal(resolve_ending(&event, cases[i].full), cases[i].ending);
	}
}

static void test_a_packet_back_is_no_reset_elsewhere(void **state)
{
	struct conntrack_event event = tcp(CONNTRACK_DESTROY);

	(void)state;
	event.original.protocol = IPPROTO_UDP;
	set_counters(&event, 1, 1, 60, 60);
	assert_int_equal(resolve_ended(&event), VERDICT_ONE_WAY);
}

static void test_open(void **state)
{
	struct conntrack_event event = tcp(CONNTRACK_ENTRY);

	(void)state;
	assert_int_equal(resolve_open(&event), VERDICT_UNKNOWN);
	event.status |= CONNTRACK_SEEN_REPLY;
	assert_int_equal(resolve_open(&event), VERDICT_ANSWERED);
}

static void test_ports(void **state)
{
	unsigned with_ports = 0;

	(void)state;
	for (unsigned protocol = 0; protocol <= UINT8_MAX; protocol++)
		with_ports += protocol_has_ports((uint8_t)protocol);
	assert_int_equal(with_ports, 5);
	assert_true(protocol_has_ports(IPPROTO_TCP));
	assert_true(protocol_has_ports(IPPROTO_UDP));
	assert_true(protocol_has_ports(IPPROTO_UDPLITE));
	assert_true(protocol_has_ports(IPPROTO_SCTP));
	assert_true(protocol_has_ports(IPPROTO_DCCP));
}

/* In forward a packet shows the client's source and the backend. */
static void test_paths_meet(void **state)
{
	struct tuple tuple = a_tuple(IPPROTO_TCP, "10.0.0.1", 40000, "10.96.0.10", 80);
	struct tuple reply = a_tuple(IPPROTO_TCP, "10.0.1.5", 8080, "198.51.100.1", 61000);
	struct tuple packet = a_tuple(IPPROTO_TCP, "10.0.0.1", 40000, "10.0.1.5", 8080);
	struct path a = path_of_connection(&tuple, &reply), b = path_of_packet(&packet);

	(void)state;
	assert_memory_equal(&a, &b, sizeof(a));
	packet.source_port = 40001;
	b = path_of_packet(&packet);
	assert_memory_not_equal(&a, &b, sizeof(a));
}

static void test_paths_of_pings_meet(void **state)
{
	struct tuple tuple = a_tuple(IPPROTO_ICMP, "10.0.0.1", 77, "10.0.0.2", 8 << 8);
	struct tuple reply = a_tuple(IPPROTO_ICMP, "10.0.0.2", 77, "10.0.0.1", 0);
	struct path a = path_of_connection(&tuple, &reply), b = path_of_packet(&tuple);

	(void)state;
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(a.source_port, 77);
	assert_int_equal(a.destination_port, 8 << 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_plain),
	    cmocka_unit_test(test_service),
	    cmocka_unit_test(test_service_of_another_port),
	    cmocka_unit_test(test_source_translated),
	    cmocka_unit_test(test_without_ports),
	    cmocka_unit_test(test_direction),
	    cmocka_unit_test(test_direction_of_a_late_new),
	    cmocka_unit_test(test_ended),
	    cmocka_unit_test(test_ended_without_counters),
	    cmocka_unit_test(test_ended_silent),
	    cmocka_unit_test(test_endings),
	    cmocka_unit_test(test_a_packet_back_is_no_reset_elsewhere),
	    cmocka_unit_test(test_open),
	    cmocka_unit_test(test_ports),
	    cmocka_unit_test(test_paths_meet),
	    cmocka_unit_test(test_paths_of_pings_meet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
