#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "cli/import_hubble.h"
#include "tests/unit/cli/sighting_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TIME "\"time\":\"2026-01-31T12:00:00.123456789Z\""
#define IP "\"IP\":{\"source\":\"10.0.1.1\",\"destination\":\"10.0.2.2\"}"
#define PODS                                                                                       \
	"\"source\":{\"ID\":7,\"identity\":9,\"namespace\":\"shop\",\"pod_name\":\"web-1\","       \
	"\"labels\":[\"k8s:app=web\",\"k8s:bare\",\"k8s:io.kubernetes.pod.namespace=shop\","       \
	"\"k8s:io.cilium.k8s.policy.cluster=default\",\"unspec:x=y\"],"                            \
	"\"workloads\":[{\"name\":\"web\",\"kind\":\"Deployment\"}]},"                             \
	"\"destination\":{\"namespace\":\"shop\",\"pod_name\":\"api-0\",\"labels\":[]}"
#define TCP(flags)                                                                                 \
	"\"l4\":{\"TCP\":{\"source_port\":40000,\"destination_port\":8080,\"flags\":{" flags "}}}"
#define UDP "\"l4\":{\"UDP\":{\"source_port\":40000,\"destination_port\":53}}"
#define SYN "\"SYN\":true"
#define ACK "\"ACK\":true"
#define FORWARDED "\"verdict\":\"FORWARDED\",\"event_type\":{\"type\":4}"
#define TO_ENDPOINT "\"trace_observation_point\":\"TO_ENDPOINT\""
#define ASKS "\"is_reply\":false"
#define ANSWERS "\"is_reply\":true"
#define FLOW(members) "{\"flow\":{" TIME "," members "},\"node_name\":\"c/n1\"," TIME "}"

/* The tree outlives the sighting: released by done(). */

static const struct format format = {hubble_is, hubble_decode};

static void test_all_of_a_flow(void **state)
{
	struct sighting sighting = decode(FLOW(
	    FORWARDED "," IP "," TCP(SYN) "," PODS "," ASKS "," TO_ENDPOINT ",\"Type\":\"L3_L4\""));
	char text[ADDR_TEXT_MAX];

	(void)state;
	assert_int_equal(sighting.kind, SIGHTING_CONNECTION);
	assert_int_equal(sighting.recorder, RECORDER_HUBBLE);
	assert_string_equal(sighting.node, "n1");
	assert_int_equal(sighting.time, INT64_C(1769860800123));
	assert_string_equal(addr_format(sighting.from.address, text), "10.0.1.1");
	assert_int_equal(sighting.from.port, 40000);
	assert_string_equal(sighting.from.namespace, "shop");
	assert_string_equal(sighting.from.name, "web-1");
	assert_string_equal(sighting.from.owner_kind, "Deployment");
	assert_string_equal(sighting.from.owner_name, "web");
	assert_true(sighting.from.here);
	assert_true(sighting.from.labelled);
	assert_int_equal(sighting.from.labels.count, 2);
	assert_string_equal(labels_get(&sighting.from.labels, "app"), "web");
	assert_string_equal(labels_get(&sighting.from.labels, "bare"), "");
	assert_string_equal(addr_format(sighting.to.address, text), "10.0.2.2");
	assert_int_equal(sighting.to.port, 8080);
	assert_string_equal(sighting.to.name, "api-0");
	assert_false(sighting.to.here);
	assert_false(sighting.to.labelled);
	assert_int_equal(sighting.protocol, IPPROTO_TCP);
	assert_true(sighting.has_port);
	assert_int_equal(sighting.signs, SIGN_BEGUN | SIGN_PASSED);
	assert_false(sighting.either_way);
	assert_false(sighting.to_service);
	done(&sighting);
}

static void test_a_reply_is_turned_round(void **state)
{
	struct sighting sighting = decode(
	    FLOW(FORWARDED "," IP "," TCP(SYN "," ACK) "," PODS "," ANSWERS "," TO_ENDPOINT));
	char text[ADDR_TEXT_MAX];

	(void)state;
	assert_string_equal(addr_format(sighting.from.address, text), "10.0.2.2");
	assert_int_equal(sighting.from.port, 8080);
	assert_string_equal(sighting.from.name, "api-0");
	assert_string_equal(sighting.to.name, "web-1");
	assert_int_equal(sighting.to.port, 40000);
	assert_int_equal(sighting.signs, SIGN_ANSWERED | SIGN_PASSED | SIGN_BEGUN);
	done(&sighting);
}

static void test_a_bare_flow_has_its_own_node_and_time(void **state)
{
	struct sighting sighting =
	    decode("{" TIME "," FORWARDED "," IP "," UDP ",\"node_name\":\"n9\"," ASKS "}");

	(void)state;
	assert_int_equal(sighting.kind, SIGHTING_CONNECTION);
	assert_string_equal(sighting.node, "n9");
	assert_string_equal(sighting.from.name, "");
	assert_int_equal(sighting.time, INT64_C(1769860800123));
	done(&sighting);
}

/* What a packet proves. */
static void test_signs(void **state)
{
	static const struct {
		const char *line;
		unsigned signs;
		bool either_way;
	} cases[] = {
	    {FLOW(FORWARDED "," IP "," TCP(ACK) "," ASKS), SIGN_PASSED | SIGN_ANSWERED, false},
	    {FLOW(FORWARDED "," IP "," TCP(ACK ",\"FIN\":true") "," ASKS),
	     SIGN_PASSED | SIGN_ANSWERED | SIGN_CLOSED, false},
	    {FLOW(FORWARDED "," IP "," TCP("\"RST\":true") "," ASKS),
	     SIGN_PASSED | SIGN_RESET | SIGN_CLOSED, false},
	    {FLOW(FORWARDED "," IP "," TCP("\"RST\":true," ACK) "," ANSWERS),
	     SIGN_PASSED | SIGN_REFUSED | SIGN_RESET | SIGN_CLOSED, false},
	    {FLOW(FORWARDED "," IP "," TCP(ACK) "," ANSWERS), SIGN_PASSED | SIGN_ANSWERED, false},
	    {FLOW(FORWARDED "," IP "," TCP(ACK)), SIGN_PASSED | SIGN_ANSWERED, true},
	    {FLOW(FORWARDED "," IP "," TCP(SYN)), SIGN_PASSED | SIGN_BEGUN, false},
	    {FLOW(FORWARDED "," IP "," TCP(SYN "," ACK)), SIGN_PASSED | SIGN_BEGUN | SIGN_ANSWERED,
	     false},
	    {FLOW(FORWARDED "," IP "," UDP "," ASKS), SIGN_PASSED, false},
	    {FLOW(FORWARDED "," IP "," UDP), SIGN_PASSED, true},
	    {FLOW(FORWARDED "," IP "," UDP "," ASKS ",\"trace_reason\":\"NEW\""),
	     SIGN_PASSED | SIGN_BEGUN, false},
	    {FLOW(FORWARDED "," IP "," UDP "," ANSWERS), SIGN_PASSED | SIGN_ANSWERED, false},
	    {FLOW(FORWARDED "," IP "," UDP ",\"reply\":true"), SIGN_PASSED | SIGN_ANSWERED, false},
	    /* A service answers, is asked. */
	    {FLOW(FORWARDED "," IP "," UDP ",\"source_service\":{\"name\":\"s\"}"),
	     SIGN_PASSED | SIGN_ANSWERED, false},
	    {FLOW(FORWARDED "," IP "," UDP ",\"destination_service\":{\"name\":\"s\"}"),
	     SIGN_PASSED, false},
	    /* A policy's word alone does not bring the packet through. */
	    {FLOW("\"verdict\":\"FORWARDED\",\"event_type\":{\"type\":5}," IP
		  "," TCP(SYN) "," ASKS),
	     SIGN_BEGUN, false},
	    {FLOW("\"verdict\":\"AUDIT\",\"event_type\":{\"type\":5}," IP "," UDP), SIGN_BEGUN,
	     false},
	    {FLOW("\"verdict\":\"REDIRECTED\",\"event_type\":{\"type\":5}," IP "," UDP), SIGN_BEGUN,
	     false},
	    {FLOW("\"verdict\":\"DROPPED\",\"event_type\":{\"type\":5}," IP "," UDP),
	     SIGN_BEGUN | SIGN_DENIED, false},
	    {FLOW("\"verdict\":\"DROPPED\",\"drop_reason_desc\":\"POLICY_DENY\"," IP "," UDP),
	     SIGN_BEGUN | SIGN_DENIED, false},
	    {FLOW("\"verdict\":\"DROPPED\",\"drop_reason\":133," IP "," TCP(SYN)),
	     SIGN_BEGUN | SIGN_DENIED, false},
	    /* A connection that goes on may be dropped in any packet, of either end. */
	    {FLOW("\"verdict\":\"DROPPED\",\"drop_reason\":133," IP "," TCP(ACK)), SIGN_DENIED,
	     true},
	    {FLOW("\"verdict\":\"DROPPED\",\"event_type\":{\"type\":5}," IP "," TCP(ACK)),
	     SIGN_DENIED, true},
	    {FLOW("\"verdict\":\"DROPPED\",\"drop_reason\":133," IP "," TCP(ACK) "," ASKS),
	     SIGN_DENIED, false},
	    {FLOW("\"verdict\":\"FORWARDED\",\"event_type\":{\"type\":5}," IP "," TCP(ACK)), 0,
	     true},
	    {FLOW(FORWARDED "," IP "," TCP(ACK) "," ASKS ",\"trace_reason\":\"NEW\""),
	     SIGN_PASSED | SIGN_ANSWERED, false},
	    {FLOW("\"verdict\":\"DROPPED\",\"drop_reason_desc\":\"SERVICE_BACKEND_NOT_FOUND\"," IP
		  "," TCP(SYN)),
	     SIGN_BEGUN | SIGN_DENIED, false},
	    /* Dropped, but not by a rule. */
	    {FLOW("\"verdict\":\"DROPPED\",\"drop_reason_desc\":\"CT_MAP_INSERTION_FAILED\"," IP
		  "," TCP(SYN)),
	     SIGN_BEGUN, false},
	    {FLOW("\"verdict\":\"DROPPED\",\"drop_reason_desc\":137," IP "," TCP(SYN)), SIGN_BEGUN,
	     false},
	    /* Where it comes in it is not past the policy. */
	    {FLOW(FORWARDED "," IP "," TCP(SYN) ",\"trace_observation_point\":\"FROM_ENDPOINT\""),
	     SIGN_BEGUN, false},
	    {FLOW(FORWARDED "," IP "," TCP(SYN) ",\"trace_observation_point\":\"TO_STACK\""),
	     SIGN_BEGUN | SIGN_PASSED, false},
	    {FLOW("\"verdict\":\"FORWARDED\",\"Type\":\"L7\",\"l7\":{\"type\":\"REQUEST\"}," IP
		  "," TCP("")),
	     SIGN_BEGUN | SIGN_PASSED, false},
	    {FLOW("\"verdict\":\"FORWARDED\",\"Type\":\"L7\",\"l7\":{\"type\":\"RESPONSE\"}," IP
		  "," TCP("")),
	     SIGN_BEGUN | SIGN_PASSED | SIGN_ANSWERED, false},
	    {FLOW(FORWARDED "," IP ",\"l4\":{\"ICMPv4\":{\"type\":8}}"), SIGN_PASSED, false},
	    {FLOW(FORWARDED "," IP ",\"l4\":{\"ICMPv4\":{}}"), SIGN_PASSED | SIGN_ANSWERED, false},
	    {FLOW(FORWARDED "," IP ",\"l4\":{\"ICMPv6\":{\"type\":129}}"),
	     SIGN_PASSED | SIGN_ANSWERED, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sighting sighting = decode(cases[i].line);

		if (sighting.kind != SIGHTING_CONNECTION || sighting.signs != cases[i].signs ||
		    sighting.either_way != cases[i].either_way)
			fail_msg("%s: kind %d, signs %#x, either way %d", cases[i].line,
				 (int)sighting.kind, sighting.signs, sighting.either_way);
		done(&sighting);
	}
}

static void test_what_is_left_out(void **state)
{
	static const char *const lines[] = {
	    FLOW(FORWARDED),
	    FLOW(FORWARDED ",\"IP\":{\"source\":\"\",\"destination\":\"10.0.0.1\"}," UDP),
	    FLOW(FORWARDED "," IP),
	    FLOW(FORWARDED "," IP ",\"l4\":{}"),
	    FLOW(FORWARDED "," IP ",\"l4\":{\"VRRP\":{}}"),
	    FLOW(FORWARDED "," IP ",\"l4\":{\"ICMPv4\":{\"type\":3,\"code\":1}}"),
	    FLOW(FORWARDED "," IP ",\"l4\":{\"ICMPv6\":{\"type\":135}}"),
	    FLOW(FORWARDED "," IP ",\"l4\":{\"TCP\":{\"source_port\":1}}," ASKS),
	    FLOW(FORWARDED "," IP ",\"l4\":{\"TCP\":{\"destination_port\":1}}," ANSWERS),
	    FLOW(FORWARDED "," IP "," TCP(SYN) ",\"source\":{\"labels\":[\"reserved:health\"]}"),
	    FLOW("\"verdict\":\"TRANSLATED\",\"Type\":\"SOCK\"," IP "," TCP("")),
	    FLOW("\"verdict\":\"DROPPED\",\"Type\":\"L7\",\"l7\":{\"type\":\"REQUEST\"}," IP
		 "," TCP("")),
	    FLOW(FORWARDED "," IP "," TCP(ACK) ",\"trace_observation_point\":\"FROM_ENDPOINT\""),
	    FLOW(FORWARDED "," IP "," TCP(SYN) ",\"trace_observation_point\":\"FROM_NETWORK\""),
	    FLOW("\"verdict\":\"DROPPED\",\"drop_reason\":133," IP "," UDP "," ANSWERS),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct sighting sighting = decode(lines[i]);

		if (sighting.kind != SIGHTING_NOTHING || !sighting.left_out)
			fail_msg("%s: kind %d", lines[i], (int)sighting.kind);
		done(&sighting);
	}
}

static void test_services_and_translation(void **state)
{
	struct sighting sighting;
	char text[ADDR_TEXT_MAX];

	(void)state;
	sighting = decode(FLOW(
	    FORWARDED "," IP "," TCP(SYN) "," ASKS ",\"destination_service\":{\"name\":\"api\"}"));
	assert_true(sighting.to_service);
	done(&sighting);
	/* A pod that is a service's only by its address is who answers. */
	sighting = decode(FLOW(FORWARDED "," IP "," TCP(
	    SYN) "," ASKS "," PODS ",\"destination_service\":{\"name\":\"api\"}"));
	assert_false(sighting.to_service);
	done(&sighting);
	sighting =
	    decode(FLOW(FORWARDED ",\"IP\":{\"source\":\"10.0.2.2\",\"source_xlated\":"
				  "\"10.96.0.9\",\"destination\":\"10.0.1.1\"}," UDP "," ANSWERS));
	assert_true(sighting.to_service);
	assert_string_equal(addr_format(sighting.to.address, text), "10.96.0.9");
	assert_false(addr_is_set(sighting.translated));
	done(&sighting);
	sighting =
	    decode(FLOW(FORWARDED ",\"IP\":{\"source\":\"10.0.1.1\",\"source_xlated\":"
				  "\"192.0.2.1\",\"destination\":\"203.0.113.1\"}," UDP "," ASKS));
	assert_false(sighting.to_service);
	assert_string_equal(addr_format(sighting.translated, text), "192.0.2.1");
	assert_string_equal(addr_format(sighting.from.address, text), "10.0.1.1");
	done(&sighting);
}

static void test_whose_pod_it_is(void **state)
{
	static const char client[] =
	    FLOW(FORWARDED "," IP "," UDP "," ASKS ",\"traffic_direction\":\"EGRESS\","
			   "\"source\":{\"namespace\":\"a\",\"pod_name\":\"b\"},"
			   "\"destination\":{\"namespace\":\"a\",\"pod_name\":\"c\"}");
	static const char server[] =
	    FLOW(FORWARDED "," IP "," UDP "," ANSWERS ",\"traffic_direction\":\"INGRESS\","
			   "\"source\":{\"namespace\":\"a\",\"pod_name\":\"b\"},"
			   "\"destination\":{\"namespace\":\"a\",\"pod_name\":\"c\"}");
	struct sighting sighting = decode(client);

	(void)state;
	assert_true(sighting.from.here);
	assert_false(sighting.to.here);
	done(&sighting);
	sighting = decode(server);
	assert_string_equal(sighting.to.name, "b");
	assert_true(sighting.to.here);
	assert_false(sighting.from.here);
	done(&sighting);
	sighting = decode(FLOW(FORWARDED "," IP "," UDP "," ASKS
					 ",\"source\":{\"labels\":[\"reserved:host\"]},"
					 "\"destination\":{\"identity\":1}"));
	assert_true(sighting.from.node);
	assert_true(sighting.to.node);
	done(&sighting);
}

static void test_losses_and_nodes(void **state)
{
	struct sighting sighting;

	(void)state;
	sighting = decode("{\"lost_events\":{\"source\":\"HUBBLE_RING_BUFFER\","
			  "\"num_events_lost\":\"18446\"},\"node_name\":\"n1\"," TIME "}");
	assert_int_equal(sighting.kind, SIGHTING_LOSS);
	assert_int_equal(sighting.lost, 18446);
	assert_string_equal(sighting.node, "n1");
	done(&sighting);
	sighting = decode("{\"lost_events\":{}," TIME "}");
	assert_int_equal(sighting.lost, -1);
	assert_string_equal(sighting.node, "node");
	done(&sighting);
	sighting = decode("{\"node_status\":{\"state_change\":\"NODE_GONE\",\"node_names\":["
			  "\"c/n1\",\"n2\"]}," TIME "}");
	assert_int_equal(sighting.kind, SIGHTING_NODES);
	assert_true(sighting.gone);
	assert_int_equal(json_array_size(sighting.nodes), 2);
	done(&sighting);
	sighting = decode("{\"node_status\":{\"state_change\":\"NODE_CONNECTED\"}," TIME "}");
	assert_int_equal(sighting.kind, SIGHTING_NODES);
	assert_false(sighting.gone);
	done(&sighting);
	sighting = decode("{\"agent_event\":{},\"node_name\":\"n1\"}");
	assert_int_equal(sighting.kind, SIGHTING_NOTHING);
	assert_null(sighting.left_out);
	done(&sighting);
}

static void test_wrong_lines(void **state)
{
	static const struct {
		const char *line;
		const char *member;
	} cases[] = {
	    {"{\"flow\":{" FORWARDED "," IP "," UDP "}}", "\"time\""},
	    {"{\"flow\":{\"time\":true," FORWARDED "," IP "," UDP "}}", "\"time\""},
	    {"{\"flow\":{\"time\":\"2400-01-01T00:00:00Z\"," FORWARDED "," IP "," UDP "}}",
	     "\"time\""},
	    {FLOW("\"verdict\":true"), "\"verdict\""},
	    {FLOW(FORWARDED ",\"IP\":\"10.0.0.1\""), "\"IP\""},
	    {FLOW(FORWARDED ",\"IP\":{\"source\":\"10.0.0\",\"destination\":\"10.0.0.1\"}"),
	     "\"source\""},
	    {FLOW(FORWARDED ",\"IP\":{\"source\":7}"), "\"source\""},
	    {FLOW(FORWARDED ",\"l4\":[]"), "\"l4\""},
	    {FLOW(FORWARDED ",\"l4\":{\"TCP\":{\"source_port\":65536}}"), "\"source_port\""},
	    {FLOW(FORWARDED ",\"l4\":{\"TCP\":{\"destination_port\":-1}}"), "\"destination_port\""},
	    {FLOW(FORWARDED ",\"l4\":{\"TCP\":{\"flags\":7}}"), "\"flags\""},
	    {FLOW(FORWARDED ",\"l4\":{\"TCP\":{\"flags\":{\"SYN\":1}}}"), "\"SYN\""},
	    {FLOW(FORWARDED ",\"l4\":{\"ICMPv4\":{\"type\":256}}"), "\"type\""},
	    {FLOW(FORWARDED ",\"is_reply\":\"no\""), "\"is_reply\""},
	    {FLOW(FORWARDED ",\"source\":7"), "\"source\""},
	    {FLOW(FORWARDED ",\"source\":{\"labels\":\"k8s:a=b\"}"), "\"labels\""},
	    {FLOW(FORWARDED ",\"source\":{\"labels\":[7]}"), "\"labels\""},
	    {FLOW(FORWARDED ",\"source\":{\"namespace\":7}"), "\"namespace\""},
	    {FLOW(FORWARDED ",\"source\":{\"namespace\":\"a\",\"pod_name\":{}}"), "\"pod_name\""},
	    {FLOW(FORWARDED ",\"source\":{\"workloads\":[7]}"), "\"workloads\""},
	    {FLOW("\"verdict\":\"FORWARDED\",\"event_type\":7"), "\"event_type\""},
	    {"{\"lost_events\":{\"num_events_lost\":\"many\"}," TIME "}", "\"num_events_lost\""},
	    {"{\"lost_events\":{}}", "\"time\""},
	    {"{\"node_status\":{\"state_change\":\"NODE_GONE\",\"node_names\":[7]}," TIME "}",
	     "\"node_names\""},
	    {"{\"lost_events\":{},\"node_name\":7," TIME "}", "\"node_name\""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_refused(cases[i].line, cases[i].member, "expected");
}

static void test_lines_of_others(void **state)
{
	static const char *const lines[] = {
	    "{}",
	    "{\"type\":\"flow\",\"verdict\":\"answered\",\"from\":{}}",
	    "{\"type\":\"connect\",\"src\":{},\"dst\":{}}",
	    "{\"flow\":\"x\"}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++)
		assert_of_others(lines[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_all_of_a_flow),
	    cmocka_unit_test(test_a_reply_is_turned_round),
	    cmocka_unit_test(test_a_bare_flow_has_its_own_node_and_time),
	    cmocka_unit_test(test_signs),
	    cmocka_unit_test(test_what_is_left_out),
	    cmocka_unit_test(test_services_and_translation),
	    cmocka_unit_test(test_whose_pod_it_is),
	    cmocka_unit_test(test_losses_and_nodes),
	    cmocka_unit_test(test_wrong_lines),
	    cmocka_unit_test(test_lines_of_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
