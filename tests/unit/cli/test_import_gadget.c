#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "cli/import_gadget.h"
#include "tests/unit/cli/sighting_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define T INT64_C(1769860800123)
#define TIME "\"timestamp\":\"2026-01-31T12:00:00.123456789Z\""
#define NANO "\"timestamp\":1769860800123456789"
#define K8S                                                                                        \
	"\"k8s\":{\"node\":\"n1\",\"namespace\":\"shop\",\"podName\":\"web-1\","                   \
	"\"podLabels\":\"app=web,tier=\",\"hostnetwork\":false,"                                   \
	"\"owner\":{\"kind\":\"Deployment\",\"name\":\"web\"}}"
#define FLAT "\"node\":\"n1\",\"namespace\":\"shop\",\"pod\":\"web-1\""
#define SRC "\"src\":{\"addr\":\"10.0.1.1\",\"port\":40000,\"proto\":\"TCP\",\"version\":4}"
#define DST                                                                                        \
	"\"dst\":{\"addr\":\"10.0.2.2\",\"port\":8080,\"k8s\":{\"kind\":\"pod\",\"namespace\":"    \
	"\"shop\",\"name\":\"api-0\",\"labels\":\"app=api\"}}"
#define EVENT(type) "{" K8S "," SRC "," DST "," TIME ",\"type\":\"" type "\",\"error\":\"\"}"
#define SEEN(members)                                                                              \
	"{" FLAT "," NANO ",\"type\":\"normal\",\"podIP\":\"10.0.1.1\",\"port\":53," members "}"

static const struct format format = {gadget_is, gadget_decode};

static void assert_address(struct addr address, const char *expected)
{
	char text[ADDR_TEXT_MAX];

	assert_string_equal(addr_format(address, text), expected);
}

static void test_connect(void **state)
{
	struct sighting sighting = decode(EVENT("connect"));

	(void)state;
	assert_int_equal(sighting.kind, SIGHTING_CONNECTION);
	assert_int_equal(sighting.recorder, RECORDER_GADGET);
	assert_string_equal(sighting.node, "n1");
	assert_int_equal(sighting.time, T);
	assert_address(sighting.from.address, "10.0.1.1");
	assert_int_equal(sighting.from.port, 40000);
	assert_string_equal(sighting.from.name, "web-1");
	assert_string_equal(sighting.from.owner_name, "web");
	assert_true(sighting.from.here);
	assert_int_equal(sighting.from.labels.count, 2);
	assert_string_equal(labels_get(&sighting.from.labels, "tier"), "");
	assert_address(sighting.to.address, "10.0.2.2");
	assert_string_equal(sighting.to.name, "api-0");
	assert_string_equal(labels_get(&sighting.to.labels, "app"), "api");
	assert_false(sighting.to.here);
	assert_int_equal(sighting.signs, SIGN_BEGUN | SIGN_PASSED | SIGN_ANSWERED);
	done(&sighting);
}

static void test_accept_has_its_client_in_dst(void **state)
{
	struct sighting sighting = decode(EVENT("accept"));

	(void)state;
	assert_address(sighting.from.address, "10.0.2.2");
	assert_string_equal(sighting.from.name, "api-0");
	assert_string_equal(sighting.to.name, "web-1");
	assert_int_equal(sighting.to.port, 40000);
	assert_true(sighting.to.here);
	assert_int_equal(sighting.signs, SIGN_BEGUN | SIGN_PASSED | SIGN_ANSWERED);
	done(&sighting);
	sighting = decode(EVENT("close"));
	assert_int_equal(sighting.signs, SIGN_CLOSED);
	assert_true(sighting.either_way);
	done(&sighting);
}

static void test_errors_of_connect(void **state)
{
	static const struct {
		const char *error;
		unsigned signs;
	} cases[] = {
	    {"\"ECONNREFUSED\"",
	     SIGN_BEGUN | SIGN_PASSED | SIGN_REFUSED | SIGN_RESET | SIGN_CLOSED},
	    {"\"ETIMEDOUT\"", SIGN_BEGUN | SIGN_PASSED},
	    {"\"EINPROGRESS\"", SIGN_BEGUN},
	    {"\"EPERM\"", SIGN_BEGUN},
	    {"0", SIGN_BEGUN | SIGN_PASSED | SIGN_ANSWERED},
	    {"\"\"", SIGN_BEGUN | SIGN_PASSED | SIGN_ANSWERED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char line[1024];
		struct sighting sighting;

		snprintf(line, sizeof(line),
			 "{" K8S "," SRC "," DST "," TIME ",\"type\":\"connect\",\"error\":%s}",
			 cases[i].error);
		sighting = decode(line);
		if (sighting.signs != cases[i].signs)
			fail_msg("%s: %#x", cases[i].error, sighting.signs);
		done(&sighting);
	}
}

static void test_connect_as_it_was_called(void **state)
{
	struct sighting sighting = decode("{" K8S "," SRC "," DST "," TIME "}");

	(void)state;
	assert_int_equal(sighting.signs, SIGN_BEGUN);
	done(&sighting);
	sighting = decode("{" FLAT "," NANO ",\"type\":\"normal\",\"saddr\":\"10.0.1.1\","
			  "\"daddr\":\"fd00::2\",\"dport\":80,\"latency\":12}");
	assert_int_equal(sighting.time, T);
	assert_string_equal(sighting.from.name, "web-1");
	assert_false(sighting.from.labelled);
	assert_address(sighting.to.address, "fd00::2");
	assert_int_equal(sighting.to.port, 80);
	assert_int_equal(sighting.signs, SIGN_BEGUN | SIGN_PASSED | SIGN_ANSWERED);
	done(&sighting);
	sighting = decode("{" FLAT "," NANO ",\"type\":\"normal\",\"operation\":\"accept\","
			  "\"saddr\":\"::ffff:10.0.1.1\",\"sport\":80,\"daddr\":\"10.0.2.2\","
			  "\"dport\":5}");
	assert_address(sighting.to.address, "10.0.1.1");
	assert_address(sighting.from.address, "10.0.2.2");
	done(&sighting);
}

static void test_service_and_host_network(void **state)
{
	struct sighting sighting = decode(
	    "{\"k8s\":{\"node\":\"n1\",\"namespace\":\"a\",\"podName\":\"b\",\"hostnetwork\":"
	    "true}," SRC ",\"dst\":{\"addr\":\"10.96.0.1\",\"port\":443,\"kind\":\"svc\","
	    "\"namespace\":\"default\",\"podname\":\"kubernetes\"}," NANO
	    ",\"operation\":\"connect\",\"type\":\"normal\"}");

	(void)state;
	assert_true(sighting.to_service);
	assert_string_equal(sighting.to.name, "");
	assert_true(sighting.from.node);
	done(&sighting);
}

static void test_first_packets(void **state)
{
	struct sighting sighting;

	(void)state;
	sighting = decode(SEEN("\"pktType\":\"OUTGOING\",\"proto\":\"udp\",\"remoteKind\":\"svc\","
			       "\"remoteAddr\":\"10.96.0.10\",\"podLabels\":{\"app\":\"web\"}"));
	assert_true(sighting.to_service);
	assert_address(sighting.to.address, "10.96.0.10");
	assert_int_equal(sighting.to.port, 53);
	assert_int_equal(sighting.protocol, IPPROTO_UDP);
	assert_int_equal(sighting.signs, SIGN_BEGUN);
	assert_string_equal(labels_get(&sighting.from.labels, "app"), "web");
	done(&sighting);
	sighting = decode(SEEN("\"pktType\":\"HOST\",\"proto\":\"udp\",\"addr\":\"10.0.9.9\","
			       "\"remoteKind\":\"pod\",\"remotePodNamespace\":\"ops\","
			       "\"remotePodName\":\"cron\",\"remotePodLabels\":{\"a\":\"b\"}"));
	assert_string_equal(sighting.from.name, "cron");
	assert_string_equal(labels_get(&sighting.from.labels, "a"), "b");
	assert_address(sighting.from.address, "10.0.9.9");
	assert_string_equal(sighting.to.name, "web-1");
	assert_int_equal(sighting.to.port, 53);
	assert_int_equal(sighting.signs, SIGN_BEGUN | SIGN_PASSED);
	done(&sighting);
	/* Of a SYN it is not known whether anybody listened. */
	sighting =
	    decode(SEEN("\"pktType\":\"HOST\",\"proto\":\"tcp\",\"dst\":{\"addr\":\"10.0.9.9\","
			"\"kind\":\"pod\",\"namespace\":\"ops\",\"podname\":\"cron\"}"));
	assert_string_equal(sighting.from.name, "cron");
	assert_int_equal(sighting.signs, SIGN_BEGUN);
	done(&sighting);
	sighting = decode(SEEN("\"pktType\":\"OUTGOING\",\"proto\":\"TCP\",\"ip\":\"203.0.113.1\","
			       "\"remoteKind\":\"other\""));
	assert_address(sighting.to.address, "203.0.113.1");
	assert_int_equal(sighting.protocol, IPPROTO_TCP);
	done(&sighting);
}

static void test_messages(void **state)
{
	struct sighting sighting;

	(void)state;
	sighting = decode("{\"k8s\":{\"node\":\"n1\"},\"type\":\"warn\",\"message\":\"lost 7 "
			  "samples\"}");
	assert_int_equal(sighting.kind, SIGHTING_LOSS);
	assert_int_equal(sighting.lost, 7);
	assert_int_equal(sighting.time, 0);
	assert_string_equal(sighting.node, "n1");
	done(&sighting);
	sighting = decode("{" FLAT ",\"type\":\"debug\",\"message\":\"tracer attached\"}");
	assert_int_equal(sighting.kind, SIGHTING_NOTHING);
	assert_null(sighting.left_out);
	done(&sighting);
	sighting = decode("{\"type\":\"err\",\"message\":\"lost 99999999999999999999 x\"}");
	assert_int_equal(sighting.kind, SIGHTING_NOTHING);
	done(&sighting);
}

static void test_what_is_left_out(void **state)
{
	static const char *const lines[] = {
	    "{" K8S ",\"src\":{\"addr\":\"127.0.0.1\",\"port\":1},\"dst\":{\"addr\":\"127.0.0.1\","
	    "\"port\":80}," TIME ",\"type\":\"connect\"}",
	    "{" K8S "," SRC ",\"dst\":{\"addr\":\"10.0.0.1\"}," TIME ",\"type\":\"connect\"}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct sighting sighting = decode(lines[i]);

		assert_int_equal(sighting.kind, SIGHTING_NOTHING);
		assert_non_null(sighting.left_out);
		done(&sighting);
	}
}

static void test_wrong_lines(void **state)
{
	static const struct {
		const char *line;
		const char *member;
	} cases[] = {
	    {"{" K8S "," SRC "," DST ",\"type\":\"connect\"}", "\"timestamp\""},
	    {"{" K8S "," SRC "," DST ",\"timestamp\":-5,\"type\":\"connect\"}", "\"timestamp\""},
	    {"{" K8S "," SRC "," DST ",\"timestamp\":\"now\",\"type\":\"connect\"}",
	     "\"timestamp\""},
	    {"{" K8S "," SRC "," DST "," TIME ",\"type\":\"listen\"}", "\"type\""},
	    {"{" K8S "," SRC "," TIME ",\"type\":\"connect\"}", "\"daddr\""},
	    {"{" K8S ",\"src\":\"p/shop/web:1\"," DST "," TIME "}", "\"src\""},
	    {"{" K8S ",\"src\":{\"addr\":\"x\"}," DST "," TIME "}", "\"addr\""},
	    {"{" K8S ",\"src\":{\"addr\":\"10.0.0.1\",\"port\":70000}," DST "," TIME "}",
	     "\"port\""},
	    {"{\"k8s\":7," SRC "," DST "," TIME "}", "\"k8s\""},
	    {"{\"k8s\":{\"namespace\":\"a\",\"podName\":7}," SRC "," DST "," TIME "}",
	     "\"podName\""},
	    {"{\"k8s\":{\"podLabels\":7}," SRC "," DST "," TIME "}", "\"podLabels\""},
	    {"{\"k8s\":{\"hostnetwork\":\"yes\"}," SRC "," DST "," TIME "}", "\"hostnetwork\""},
	    {SEEN("\"pktType\":\"BROADCAST\",\"proto\":\"udp\",\"addr\":\"10.0.0.1\""),
	     "\"pktType\""},
	    {SEEN("\"pktType\":\"HOST\",\"proto\":\"icmp\",\"addr\":\"10.0.0.1\""), "\"proto\""},
	    {SEEN("\"pktType\":\"HOST\",\"proto\":\"udp\""), "\"addr\""},
	    {"{" FLAT ",\"pktType\":\"HOST\",\"proto\":\"udp\",\"addr\":\"10.0.0.1\"," NANO "}",
	     "\"podIP\""},
	    {"{" K8S ",\"endpoint\":{\"addr\":\"10.0.0.1\",\"port\":80},\"egress\":1}",
	     "trace_tcp"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_refused(cases[i].line, cases[i].member, "");
}

static void test_lines_of_others(void **state)
{
	static const char *const lines[] = {
	    "{}",
	    "{\"type\":\"flow\",\"from\":{},\"to\":{}}",
	    "{\"type\":\"pod\",\"node\":\"n1\"}",
	    "{\"flow\":{\"verdict\":\"FORWARDED\"},\"node_name\":\"n1\"}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++)
		assert_of_others(lines[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_connect),
	    cmocka_unit_test(test_accept_has_its_client_in_dst),
	    cmocka_unit_test(test_errors_of_connect),
	    cmocka_unit_test(test_connect_as_it_was_called),
	    cmocka_unit_test(test_service_and_host_network),
	    cmocka_unit_test(test_first_packets),
	    cmocka_unit_test(test_messages),
	    cmocka_unit_test(test_what_is_left_out),
	    cmocka_unit_test(test_wrong_lines),
	    cmocka_unit_test(test_lines_of_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
