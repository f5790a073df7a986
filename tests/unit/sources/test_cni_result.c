#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "sources/cni_result.h"

#define ID "8f3a0c5b7d9e1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f809102"

static int decode_bytes(const char *bytes, size_t length, const char *file_name,
			struct findings *ret)
{
	const struct content content = {.name = file_name, .bytes = bytes, .length = length};

	return format_decode(&cni_result_format, &content, ret);
}

static int decode(const char *text, const char *file_name, struct findings *ret)
{
	return decode_bytes(text, strlen(text), file_name, ret);
}

static int decode_file(const char *name, const char *file_name, struct findings *ret)
{
	const char *root = getenv("abs_top_srcdir");
	struct buf path = {0}, content = {0};
	int r;

	buf_printf(&path, "%s/tests/data/cni/%s", root ? root : ".", name);
	assert_int_equal(buf_read_file(&content, path.data, CNI_RESULT_BYTES_MAX), 0);
	r = decode_bytes(content.data, content.length, file_name, ret);
	buf_clear(&path);
	buf_clear(&content);
	return r;
}

static void expect_addresses(const struct findings *findings, const char *first, const char *second)
{
	const struct finding *finding = &findings->items[0];
	char text[ADDR_TEXT_MAX];

	assert_int_equal(findings->count, 1);
	assert_int_equal(finding->address_count, second ? 2 : 1);
	assert_string_equal(addr_format(finding->addresses[0].address, text), first);
	if (second)
		assert_string_equal(addr_format(finding->addresses[1].address, text), second);
	for (size_t i = 0; i < finding->address_count; i++) {
		assert_int_equal(finding->addresses[i].since, 0);
		assert_false(finding->addresses[i].exact);
	}
}

static void test_containerd(void **state)
{
	struct findings result = {0};

	(void)state;
	assert_int_equal(decode_file("containerd-1.0.json", "x", &result), 0);
	assert_string_equal(result.items[0].sandbox, ID);
	assert_string_equal(result.items[0].interface, "eth0");
	assert_string_equal(result.items[0].netns,
			    "/var/run/netns/cni-0f4c2f1e-7d53-4d0c-8f35-0d1f8b2a6c11");
	assert_string_equal(result.items[0].namespace, "shop");
	assert_string_equal(result.items[0].name, "api-5d4f8c7b9-x2x7q");
	assert_string_equal(result.items[0].uid, "6c1f3a52-0f4e-4b7e-9d59-2b1a7a4d3c10");
	expect_addresses(&result, "10.88.0.7", NULL);
	findings_clear(&result);
	assert_null(result.items);
}

static void test_crio_dual_stack(void **state)
{
	struct findings result = {0};

	(void)state;
	assert_int_equal(decode_file("crio-dual-stack-1.0.json", "x", &result), 0);
	assert_string_equal(result.items[0].name, "db-0");
	expect_addresses(&result, "10.85.0.9", "1100:200::9");
	findings_clear(&result);
}

/* The VPC CNI with IPv6: the IPv4 address is the pod's way out, the same on each node. */
static void test_egress(void **state)
{
	struct findings result = {0};

	(void)state;
	assert_int_equal(
	    decode("{\"kind\":\"cniCacheV1\",\"containerId\":\"c\",\"ifName\":\"eth0\","
		   "\"networkName\":\"aws-cni\",\"result\":{\"cniVersion\":\"1.0.0\","
		   "\"interfaces\":[{\"name\":\"eni1\"},{\"name\":\"eth0\",\"sandbox\":\"/n\"},"
		   "{\"name\":\"v4if0\",\"sandbox\":\"/n\"},{\"name\":\"x0\",\"sandbox\":\"/n\"}],"
		   "\"ips\":[{\"address\":\"fd00:9::4/128\",\"interface\":1},"
		   "{\"address\":\"fe80::9/64\",\"interface\":1},"
		   "{\"address\":\"169.254.172.2/22\",\"interface\":2},"
		   "{\"address\":\"10.9.0.4/24\",\"interface\":3}]}}",
		   "x", &result),
	    0);
	assert_int_equal(result.items[0].address_count, 3);
	result.items[0].address_count = 2;
	expect_addresses(&result, "fd00:9::4", "169.254.172.2");
	assert_false(result.items[0].addresses[0].secondary);
	assert_false(result.items[0].addresses[1].secondary);
	assert_true(result.items[0].addresses[2].secondary);
	findings_clear(&result);
}

static void test_bare(void **state)
{
	struct findings result = {0};

	(void)state;
	assert_int_equal(decode_file("bare-0.2.json", "my-net-" ID "-eth0", &result), 0);
	assert_string_equal(result.items[0].sandbox, ID);
	assert_string_equal(result.items[0].interface, "eth0");
	assert_null(result.items[0].namespace);
	assert_null(result.items[0].name);
	assert_null(result.items[0].netns);
	expect_addresses(&result, "10.22.0.12", "fd00:22::c");
	findings_clear(&result);
	assert_int_equal(decode_file("bare-0.4.json", ID "-net-1", &result), 0);
	assert_string_equal(result.items[0].interface, "net-1");
	expect_addresses(&result, "10.22.0.13", NULL);
	findings_clear(&result);
	assert_int_equal(decode_file("bare-0.2.json", "my-net-" ID "-lo", &result), 0);
	assert_int_equal(decode_file("bare-0.2.json", "my-net-eth0", &result), -ENOKEY);
	assert_int_equal(decode_file("bare-0.2.json", "x" ID "-eth0", &result), -ENOKEY);
	assert_int_equal(decode_file("bare-0.2.json", ID "-", &result), -ENOKEY);
	assert_int_equal(decode_file("bare-0.2.json", ID, &result), -ENOKEY);
}

static void test_addresses_without_sandbox(void **state)
{
	struct findings result = {0};

	(void)state;
	assert_int_equal(decode_file("no-sandbox-1.1.json", "x", &result), 0);
	expect_addresses(&result, "192.168.7.4", "fd07::4");
	findings_clear(&result);
}

static void test_skipped(void **state)
{
	struct findings result = {0};

	(void)state;
	assert_int_equal(decode_file("loopback.json", "x", &result), 0);
	assert_int_equal(
	    decode("{\"kind\":\"cniCacheV1\",\"containerId\":\"c\",\"result\":{}}", "x", &result),
	    0);
	assert_int_equal(decode("{\"cniVersion\":\"1.0.0\",\"ips\":[{\"address\":\"fe80::1/64\"},"
				"{\"address\":\"127.0.0.1/8\"}]}",
				ID "-eth0", &result),
			 0);
	assert_int_equal(result.count, 0);
	assert_null(result.items);
}

static void test_loopback_names(void **state)
{
	(void)state;
	assert_false(cni_result_format.is_relevant("cni-loopback-" ID "-lo"));
	assert_false(cni_result_format.is_relevant("cni-loopback-" ID "-eth0"));
	assert_false(cni_result_format.is_relevant("net-" ID "-lo"));
	assert_true(cni_result_format.is_relevant("net-" ID "-eth0"));
	assert_true(cni_result_format.is_relevant("net-lo"));
	assert_true(cni_result_format.is_relevant(""));
}

#define CACHED(rest) "{\"kind\":\"cniCacheV1\",\"containerId\":\"c\"," rest "}"
#define IPS(list) CACHED("\"result\":{\"ips\":[" list "]}")

static void test_preference(void **state)
{
	static const char interfaces[] =
	    CACHED("\"result\":{\"interfaces\":[{\"name\":\"veth\"},{\"name\":\"eth0\","
		   "\"sandbox\":\"/n\"},{}],\"ips\":[{\"address\":\"10.0.0.1/8\"},"
		   "{\"address\":\"10.0.0.2/8\",\"interface\":0},{\"address\":\"10.0.0.3/8\","
		   "\"interface\":1},{\"address\":\"10.0.0.4/8\",\"interface\":-1},"
		   "{\"address\":\"10.0.0.5/8\",\"interface\":99},{\"address\":\"10.0.0.6/8\","
		   "\"interface\":2},{\"address\":\"10.0.0.3/8\",\"interface\":1}]}");
	struct findings result = {0};

	(void)state;
	assert_int_equal(decode(interfaces, "x", &result), 0);
	expect_addresses(&result, "10.0.0.3", NULL);
	assert_string_equal(result.items[0].sandbox, "c");
	findings_clear(&result);
	assert_int_equal(decode(IPS("{\"address\":\"10.0.0.7\",\"interface\":null}"), "x", &result),
			 0);
	expect_addresses(&result, "10.0.0.7", NULL);
	findings_clear(&result);
	assert_int_equal(decode("{\"kind\":\"cniCacheV1\",\"cniArgs\":[[\"K8S_POD_INFRA_CONTAINER_"
				"ID\",\"i\"],[\"K8S_POD_NAME\",\"\"]],"
				"\"result\":{\"ip4\":{\"ip\":\"10.0.0.8/24\"},\"ip6\":null}}",
				"x", &result),
			 0);
	assert_string_equal(result.items[0].sandbox, "i");
	assert_null(result.items[0].name);
	findings_clear(&result);
}

/* A plugin may give a pod several networks at once; the file's own is the primary one. */
static void test_several_interfaces(void **state)
{
	static const char several[] =
	    CACHED("\"ifName\":\"eth0\",\"result\":{\"interfaces\":[{\"name\":\"eth0\","
		   "\"sandbox\":\"/n\"},{\"name\":\"data0\",\"sandbox\":\"/n\"}],\"ips\":["
		   "{\"address\":\"10.0.0.1/8\",\"interface\":1},{\"address\":\"10.0.0.2/8\","
		   "\"interface\":0}]}");
	static const char foreign[] =
	    CACHED("\"ifName\":\"eth0\",\"result\":{\"interfaces\":[{\"name\":\"net\","
		   "\"sandbox\":\"/n\"}],\"ips\":[{\"address\":\"10.0.0.1/8\","
		   "\"interface\":0}]}");
	struct findings result = {0};

	(void)state;
	assert_int_equal(decode(several, "x", &result), 0);
	expect_addresses(&result, "10.0.0.1", "10.0.0.2");
	assert_true(result.items[0].addresses[0].secondary);
	assert_false(result.items[0].addresses[1].secondary);
	findings_clear(&result);
	assert_int_equal(decode(foreign, "x", &result), 0);
	assert_false(result.items[0].addresses[0].secondary);
	findings_clear(&result);
}

static void test_garbage(void **state)
{
	static const struct {
		const char *text;
		int error;
		const char *reason;
	} cases[] = {
	    {"", -ENODATA, "empty"},
	    {"{\"kind\":\"cniCacheV1\",\"contai", -EBADMSG, "not JSON"},
	    {"{\"kind\":\"cniCacheV1\"} x", -EBADMSG, "not JSON"},
	    {"{\"a\":1,\"a\":2}", -EBADMSG, "not JSON"},
	    {"\xff\xfe", -EBADMSG, "not JSON"},
	    {"[]", -EPROTO, "not a CNI result"},
	    {"7", -EBADMSG, "not JSON"},
	    {"{}", -EPROTO, "not a CNI result"},
	    {"{\"kind\":7}", -EPROTO, "not a CNI result"},
	    {"{\"kind\":\"cniCacheV9\",\"ips\":[]}", -EPROTO, "not a CNI result"},
	    {"{\"kind\":\"cniCacheV1\"}", -EPROTO, "not a CNI result"},
	    {"{\"kind\":\"cniCacheV1\",\"result\":[]}", -EPROTO, "not a CNI result"},
	    {CACHED("\"ifName\":7,\"result\":{}"), -EPROTO, "not a CNI result"},
	    {CACHED("\"cniArgs\":{},\"result\":{}"), -EPROTO, "not a CNI result"},
	    {CACHED("\"cniArgs\":[[\"K8S_POD_UID\",3]],\"result\":{}"), -EPROTO,
	     "not a CNI result"},
	    {CACHED("\"cniArgs\":[[\"K8S_POD_UID\"]],\"result\":{}"), -EPROTO, "not a CNI result"},
	    {CACHED("\"cniArgs\":[7],\"result\":{}"), -EPROTO, "not a CNI result"},
	    {IPS("{\"address\":\"10.0.0.7/8\",\"interface\":\"x\"}"), -EPROTO, "not a CNI result"},
	    {CACHED("\"result\":{\"interfaces\":[7],\"ips\":[{\"address\":\"10.0.0.7\","
		    "\"interface\":0}]}"),
	     -EPROTO, "not a CNI result"},
	    {CACHED("\"result\":{\"ips\":{}}"), -EPROTO, "not a CNI result"},
	    {CACHED("\"result\":{\"ip4\":\"x\"}"), -EPROTO, "not a CNI result"},
	    {IPS("7"), -EPROTO, "not a CNI result"},
	    {IPS("{}"), -EADDRNOTAVAIL, "an address that is none"},
	    {IPS("{\"address\":\"x\"}"), -EADDRNOTAVAIL, "an address that is none"},
	    {IPS("{\"address\":\"/8\"}"), -EADDRNOTAVAIL, "an address that is none"},
	    {IPS("{\"address\":\"10.0.0.1/33\"}"), -EADDRNOTAVAIL, "an address that is none"},
	    {IPS("{\"address\":\"10.0.0.1/8\"},{\"address\":\"10.0.0\"}"), -EADDRNOTAVAIL,
	     "an address that is none"},
	    {"{\"kind\":\"cniCacheV1\",\"result\":{\"ip4\":{\"ip\":\"10.0.0.1/8\"}}}", -ENOKEY,
	     "no sandbox id"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct findings result = {0}, zero = {0};
		int r = decode(cases[i].text, "x", &result);

		assert_int_equal(r, cases[i].error);
		assert_string_equal(format_error(&cni_result_format, r), cases[i].reason);
		assert_memory_equal(&result, &zero, sizeof(result));
	}
}

static void test_bounds(void **state)
{
	char *big = malloc(CNI_RESULT_BYTES_MAX + 1);
	struct findings result = {0};

	(void)state;
	assert_non_null(big);
	memset(big, '[', CNI_RESULT_BYTES_MAX + 1);
	assert_int_equal(decode_bytes(big, CNI_RESULT_BYTES_MAX + 1, "x", &result), -EFBIG);
	assert_int_equal(decode_bytes(big, CNI_RESULT_BYTES_MAX, "x", &result), -EBADMSG);
	free(big);
}

/* Every cut of a good file is an error, never a shorter result. */
static void test_half_written(void **state)
{
	static const char whole[] =
	    CACHED("\"ifName\":\"eth0\",\"result\":{\"ips\":[{\"address\":\"10.0.0.1/8\"}]}");
	struct findings result = {0};

	(void)state;
	for (size_t length = 0; length < sizeof(whole) - 1; length++)
		assert_true(decode_bytes(whole, length, "x", &result) < 0);
	assert_int_equal(decode_bytes(whole, sizeof(whole) - 1, "x", &result), 0);
	findings_clear(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_containerd),
	    cmocka_unit_test(test_crio_dual_stack),
	    cmocka_unit_test(test_egress),
	    cmocka_unit_test(test_bare),
	    cmocka_unit_test(test_addresses_without_sandbox),
	    cmocka_unit_test(test_skipped),
	    cmocka_unit_test(test_loopback_names),
	    cmocka_unit_test(test_preference),
	    cmocka_unit_test(test_several_interfaces),
	    cmocka_unit_test(test_garbage),
	    cmocka_unit_test(test_bounds),
	    cmocka_unit_test(test_half_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
