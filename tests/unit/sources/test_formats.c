/* What the fixtures of tests/data/node do not show of the smaller formats. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sources/aws_ipam.h"
#include "sources/base64.h"
#include "sources/cilium_endpoint.h"
#include "sources/host_local.h"
#include "sources/oci_bundle.h"

#define ID "8f3a0c5b7d9e1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f809102"

static int decode(const struct format *format, const char *name, const char *text,
		  struct findings *ret)
{
	const struct content content = {.name = name, .bytes = text, .length = strlen(text)};

	return format_decode(format, &content, ret);
}

static void test_host_local(void **state)
{
	static const struct {
		const char *name, *text;
		int error;
		const char *sandbox, *interface;
	} cases[] = {
	    {"10.0.0.1", ID, 0, ID, NULL},
	    {"10.0.0.1", " " ID "\n", 0, ID, NULL},
	    {"10.0.0.1", "short\n", 0, "short", NULL},
	    {"10.0.0.1", ID "\r\neth0", 0, ID, "eth0"},
	    {"10.0.0.1", "short\r\nnet1\n", 0, "short", "net1"},
	    {"fd00::1", ID "\neth0", 0, ID, "eth0"},
	    {"10.0.0.1", "", -ENODATA, NULL, NULL},
	    {"10.0.0.1", " \r\n ", -ENODATA, NULL, NULL},
	    {"10.0.0.1", "short", -EPROTO, NULL, NULL},
	    {"10.0.0.1", ID "\r", -EPROTO, NULL, NULL},
	    {"10.0.0.1", ID "\r\n", -EPROTO, NULL, NULL},
	    {"10.0.0.1", ID "\r\neth0 more", -EPROTO, NULL, NULL},
	    {"10.0.0.1", "\x01" ID, -EPROTO, NULL, NULL},
	    {"10.0.0.1", ID "\r\n\xff", -EPROTO, NULL, NULL},
	    {"lock", ID, -EADDRNOTAVAIL, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct findings findings = {0};
		int r = decode(&host_local_format, cases[i].name, cases[i].text, &findings);

		assert_int_equal(r, cases[i].error);
		assert_int_equal(findings.count, r == 0);
		if (r < 0)
			continue;
		assert_string_equal(findings.items[0].sandbox, cases[i].sandbox);
		assert_int_equal(findings.items[0].address_count, 1);
		assert_true(findings.items[0].addresses[0].exact);
		if (cases[i].interface)
			assert_string_equal(findings.items[0].interface, cases[i].interface);
		else
			assert_null(findings.items[0].interface);
		findings_clear(&findings);
	}
	assert_true(host_local_format.is_relevant("10.0.0.1"));
	assert_true(host_local_format.is_relevant("fd00::1"));
	assert_false(host_local_format.is_relevant("lock"));
	assert_false(host_local_format.is_relevant("last_reserved_ip.0"));
	assert_false(host_local_format.is_relevant("10.0.0.1.tmp"));
}

static void expect(const struct format *format, const char *name, const char *text, int error)
{
	struct findings findings = {0};
	int r = decode(format, name, text, &findings);

	if (r != error)
		fail_msg("%s: %d instead of %d", text, r, error);
	assert_true(*format_error(format, r));
	assert_int_equal(findings.count, 0);
}

#define AWS(entries) "{\"version\":\"vpc-cni-ipam/1\",\"allocations\":[" entries "]}"
#define AWS_ENTRY(rest) "{\"containerID\":\"c\",\"ipv4\":\"10.0.0.1\"" rest "}"

static void test_aws(void **state)
{
	struct findings findings = {0};
	char *many = malloc(FINDINGS_MAX * 40 + 200);
	size_t length;

	(void)state;
	assert_non_null(many);
	expect(&aws_ipam_format, "x", "{\"version\":\"vpc-cni-ipam/2\",\"allocations\":[]}",
	       -EPROTO);
	expect(&aws_ipam_format, "x", AWS("{}"), -ENOKEY);
	expect(&aws_ipam_format, "x", AWS("{\"containerID\":\"c\",\"ipv4\":\"x\"}"),
	       -EADDRNOTAVAIL);
	expect(&aws_ipam_format, "x", AWS(AWS_ENTRY(",\"allocationTimestamp\":-1")), -EPROTO);
	expect(&aws_ipam_format, "x", AWS(), 0);
	/* Two words on one sandbox. */
	expect(&aws_ipam_format, "x",
	       AWS(AWS_ENTRY(",\"metadata\":{\"k8sPodName\":\"a\"}") "," AWS_ENTRY(
		   ",\"metadata\":{\"k8sPodName\":\"b\"}")),
	       -EPROTO);
	assert_int_equal(decode(&aws_ipam_format, "x", AWS(AWS_ENTRY()), &findings), 0);
	assert_false(findings.items[0].addresses[0].exact ||
		     findings.items[0].addresses[0].secondary);
	findings_clear(&findings);
	length = (size_t)sprintf(many, "{\"version\":\"vpc-cni-ipam/1\",\"allocations\":[");
	for (int i = 0; i <= FINDINGS_MAX; i++)
		length +=
		    (size_t)sprintf(many + length, "%s{\"containerID\":\"%d\"}", i ? "," : "", i);
	strcpy(many + length, "]}");
	expect(&aws_ipam_format, "x", many, -E2BIG);
	free(many);
}

static void test_cilium(void **state)
{
	static const char header[] = CILIUM_ENDPOINT_HEADER, json[] = CILIUM_ENDPOINT_JSON;
	struct findings findings = {0};

	(void)state;
	expect(&cilium_endpoint_format, header, "#define X\n", -EPROTO);
	expect(&cilium_endpoint_format, header, " * CILIUM_BASE64_v:eyJJRCI6", -EPROTO);
	expect(&cilium_endpoint_format, header, " * CILIUM_BASE64_v:eyJJRCI6\n", -EBADMSG);
	expect(&cilium_endpoint_format, header, " * CILIUM_BASE64_v:!!!!\n", -EBADMSG);
	expect(&cilium_endpoint_format, header, " * CILIUM_BASE64_v\n", -EPROTO);
	expect(&cilium_endpoint_format, header, " * CILIUM_BASE64_v:\n", -ENODATA);
	expect(&cilium_endpoint_format, json, "", -ENODATA);
	expect(&cilium_endpoint_format, json, "{\"ID\":1}", 0);
	expect(&cilium_endpoint_format, json, "{\"ID\":1,\"dockerID\":\"c\",\"IPv4\":\"10\"}",
	       -EADDRNOTAVAIL);
	/* Not the pod's primary interface; labels that Cilium has yet to fetch. */
	assert_int_equal(decode(&cilium_endpoint_format, json,
				"{\"ID\":1,\"dockerID\":\"c\",\"IPv4\":\"10.0.0.1\","
				"\"ContainerIfName\":\"net1\",\"OpLabels\":{\"OrchestrationInfo\":{"
				"\"a\":{\"key\":\"a\",\"value\":\"b\",\"source\":\"k8s\"}}}}",
				&findings),
			 0);
	assert_true(findings.items[0].addresses[0].secondary);
	assert_false(findings.items[0].labelled);
	assert_int_equal(findings.items[0].labels.count, 0);
	findings_clear(&findings);
}

#define OCI(rest) "{\"ociVersion\":\"1.0.2\"" rest "}"

static void test_oci(void **state)
{
	struct findings findings = {0};

	(void)state;
	expect(&oci_bundle_format, "x", OCI(), 0);
	expect(&oci_bundle_format, "x",
	       OCI(",\"annotations\":{\"io.kubernetes.cri.container-type\":\"container\"}"), 0);
	expect(&oci_bundle_format, "x",
	       OCI(",\"annotations\":{\"io.kubernetes.cri.container-type\":\"sandbox\"}"), -ENOKEY);
	expect(&oci_bundle_format, "x",
	       OCI(",\"annotations\":{\"io.kubernetes.cri-o.ContainerType\":\"sandbox\","
		   "\"io.kubernetes.cri-o.SandboxID\":\"c\",\"io.kubernetes.cri-o.Labels\":\"{\"}"),
	       -EBADMSG);
	expect(&oci_bundle_format, "x",
	       OCI(",\"annotations\":{\"io.kubernetes.cri-o.ContainerType\":\"sandbox\","
		   "\"io.kubernetes.cri-o.SandboxID\":\"c\",\"io.kubernetes.cri-o.Labels\":"
		   "\"{\\\"a\\\":1}\"}"),
	       -EPROTO);
	/* Unlimited resources are larger than any integer of JSON's reader. */
	expect(&oci_bundle_format, "x",
	       OCI(",\"process\":{\"rlimits\":[{\"type\":\"RLIMIT_CORE\","
		   "\"hard\":18446744073709551615,\"soft\":18446744073709551615}]},"
		   "\"annotations\":{\"io.kubernetes.cri.container-type\":\"container\"}"),
	       0);
	expect(&oci_bundle_format, "x", OCI(",\"a\":1e999"), -EBADMSG);
	/* Which namespaces there are is not said: the network may be anybody's. */
	assert_int_equal(
	    decode(&oci_bundle_format, "x",
		   OCI(",\"annotations\":{\"io.kubernetes.cri-o.ContainerType\":\"sandbox\","
		       "\"io.kubernetes.cri-o.SandboxID\":\"c\",\"io.kubernetes.cri-o.Created\":"
		       "\"yesterday\"}"),
		   &findings),
	    0);
	assert_false(findings.items[0].host_network || findings.items[0].labelled);
	assert_int_equal(findings.items[0].created, 0);
	findings_clear(&findings);
}

static void test_base64(void **state)
{
	static const struct {
		const char *text, *bytes;
	} cases[] = {{"", ""},          {"Zg==", "f"},        {"Zm8=", "fo"},
		     {"Zm9v", "foo"},   {"Zm9vYg==", "foob"}, {"+/+/", "\xfb\xff\xbf"},
		     {"Zm9v=", NULL},   {"Zg", NULL},         {"Z===", NULL},
		     {"Zm=v", NULL},    {"Zm9\n", NULL},      {"====", NULL},
		     {"Zm9vY=g=", NULL}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char bytes[32];
		size_t length;
		int r = base64_decode(cases[i].text, strlen(cases[i].text), bytes, &length);

		assert_int_equal(r, cases[i].bytes ? 0 : -EBADMSG);
		if (r < 0)
			continue;
		assert_int_equal(length, strlen(cases[i].bytes));
		assert_memory_equal(bytes, cases[i].bytes, length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_host_local), cmocka_unit_test(test_aws),
	    cmocka_unit_test(test_cilium),     cmocka_unit_test(test_oci),
	    cmocka_unit_test(test_base64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
