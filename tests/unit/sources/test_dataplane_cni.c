/* sources/dataplane_cni: network configurations as plugins install them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "sources/dataplane_cni.h"

static struct dataplane_observations seen; /* of the last decode() */

static int decode(const char *text)
{
	memset(&seen, 0xff, sizeof(seen));
	return dataplane_cni_decode(text, strlen(text), &seen);
}

#define CHAIN(plugins) "{\"cniVersion\":\"1.0.0\",\"name\":\"n\",\"plugins\":[" plugins "]}"

static void check(const char *text, unsigned cni, const char *type)
{
	assert_int_equal(decode(text), 0);
	assert_int_equal(seen.cni, cni);
	assert_string_equal(seen.cni_type, type);
}

static void chains(void **state)
{
	(void)state;
	check(CHAIN("{\"type\":\"calico\"},{\"type\":\"portmap\"},{\"type\":\"bandwidth\"}"),
	      CNI_CALICO, "calico");
	check(CHAIN("{\"type\":\"flannel\",\"delegate\":{\"isDefaultGateway\":true}},"
		    "{\"type\":\"portmap\"}"),
	      CNI_FLANNEL, "flannel");
	check(CHAIN("{\"type\":\"flannel\",\"delegate\":{\"type\":\"ptp\"}}"),
	      CNI_FLANNEL | CNI_PTP, "flannel");
	check(CHAIN("{\"type\":\"aws-cni\"},{\"type\":\"egress-cni\"},{\"type\":\"portmap\"}"),
	      CNI_AWS, "aws-cni");
	check(CHAIN("{\"type\":\"aws-cni\"},{\"type\":\"cilium-cni\"}"), CNI_AWS | CNI_CILIUM,
	      "aws-cni");
	check(CHAIN("{\"type\":\"antrea\"}"), CNI_ANTREA, "antrea");
	check(CHAIN("{\"type\":\"bridge\"}"), CNI_BRIDGE, "bridge");
	check(CHAIN("{\"type\":\"macvlan\"},{\"type\":\"tuning\"}"), CNI_MACVLAN, "macvlan");
	check(CHAIN("{\"type\":\"calico\"},{\"type\":\"istio-cni\",\"ambient_enabled\":true}"),
	      CNI_CALICO | CNI_ISTIO | CNI_AMBIENT, "calico");
	check(CHAIN("{\"type\":\"calico\"},{\"type\":\"istio-cni\",\"ambient_enabled\":false}"),
	      CNI_CALICO | CNI_ISTIO, "calico");
}

static void single_configurations(void **state)
{
	(void)state;
	check("{\"cniVersion\":\"0.4.0\",\"name\":\"n\",\"type\":\"ovn-k8s-cni-overlay\"}", CNI_OVN,
	      "ovn-k8s-cni-overlay");
	check("{\"name\":\"n\",\"type\":\"novel\"}", CNI_OTHER, "novel");
}

static void kindnet_by_the_name_of_its_network(void **state)
{
	(void)state;
	check("{\"name\":\"kindnet\",\"plugins\":[{\"type\":\"ptp\"},{\"type\":\"portmap\"}]}",
	      CNI_KINDNET | CNI_PTP, "ptp");
}

static void multus_is_its_first_delegate(void **state)
{
	(void)state;
	check("{\"name\":\"m\",\"type\":\"multus\",\"delegates\":[{\"name\":\"d\",\"plugins\":[{"
	      "\"type\":\"calico\"}]},{\"type\":\"macvlan\"}]}",
	      CNI_CALICO, "calico");
	check(CHAIN("{\"type\":\"multus\",\"delegates\":[{\"type\":\"flannel\"}]}"), CNI_FLANNEL,
	      "flannel");
	assert_int_equal(
	    decode("{\"name\":\"m\",\"type\":\"multus-shim\",\"clusterNetwork\":\"/x\"}"), -EAGAIN);
	assert_int_equal(decode("{\"type\":\"multus\",\"delegates\":[]}"), -EAGAIN);
	/* One within another has its end. */
	assert_int_equal(decode("{\"type\":\"multus\",\"delegates\":[{\"type\":\"multus\","
				"\"delegates\":[{\"type\":\"multus\",\"delegates\":[{\"type\":"
				"\"calico\"}]}]}]}"),
			 -EBADMSG);
}

static void what_is_none(void **state)
{
	static const char *const texts[] = {"",
					    "{",
					    "[]",
					    "7",
					    "{}",
					    "{\"plugins\":[]}",
					    "{\"plugins\":{}}",
					    "{\"plugins\":[{}]}",
					    "{\"plugins\":[7]}",
					    "{\"type\":7}",
					    "{\"plugins\":[{\"type\":\"\"}]}",
					    "{\"type\":\"multus\",\"delegates\":[7]}"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(decode(texts[i]), -EBADMSG);
}

static void plugins_that_are_not_known(void **state)
{
	(void)state;
	check(CHAIN("{\"type\":\"ptp\"},{\"type\":\"novel\"},{\"type\":\"newer\"}"),
	      CNI_PTP | CNI_OTHER, "ptp");
	assert_string_equal(seen.cni_other, "novel");
	check(CHAIN("{\"type\":\"ptp\"},{\"type\":\"portmap\"},{\"type\":\"bandwidth\"},"
		    "{\"type\":\"tuning\"},{\"type\":\"firewall\"},{\"type\":\"sbr\"},"
		    "{\"type\":\"vrf\"},{\"type\":\"loopback\"}"),
	      CNI_PTP, "ptp");
	assert_string_equal(seen.cni_other, "");
}

static void nothing_stays_of_what_cannot_be_used(void **state)
{
	static const char *const texts[] = {
	    CHAIN("{\"type\":\"flannel\"},{}"), CHAIN("{\"type\":\"novel\"},7"),
	    CHAIN("{\"type\":\"flannel\"},{\"type\":\"multus\"}"), "{\"name\":\"kindnet\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_true(decode(texts[i]) < 0);
		assert_int_equal(seen.cni, 0);
		assert_string_equal(seen.cni_type, "");
		assert_string_equal(seen.cni_other, "");
	}
}

static void a_long_type_is_cut(void **state)
{
	(void)state;
	assert_int_equal(decode("{\"type\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
				"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}"),
			 0);
	assert_int_equal(strlen(seen.cni_type), DATAPLANE_NAME_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(chains),
	    cmocka_unit_test(single_configurations),
	    cmocka_unit_test(kindnet_by_the_name_of_its_network),
	    cmocka_unit_test(multus_is_its_first_delegate),
	    cmocka_unit_test(what_is_none),
	    cmocka_unit_test(plugins_that_are_not_known),
	    cmocka_unit_test(nothing_stays_of_what_cannot_be_used),
	    cmocka_unit_test(a_long_type_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
