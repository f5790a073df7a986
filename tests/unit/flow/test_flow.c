#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "flow/flow.h"

static void test_verdicts(void **state)
{
	static const char *const names[] = {"answered",   "one-way", "refused",
					    "unanswered", "denied",  "unknown"};
	enum verdict verdict = VERDICT_DENIED;

	(void)state;
	for (int i = 0; i < VERDICT_MAX; i++) {
		assert_string_equal(verdict_name((enum verdict)(i + 1)), names[i]);
		assert_int_equal(verdict_parse(names[i], &verdict), 0);
		assert_int_equal(verdict, i + 1);
	}
	assert_string_equal(verdict_name((enum verdict)0), "invalid");
	assert_string_equal(verdict_name((enum verdict)(VERDICT_MAX + 1)), "invalid");
	verdict = VERDICT_DENIED;
	assert_int_equal(verdict_parse("one_way", &verdict), -EINVAL);
	assert_int_equal(verdict_parse("", &verdict), -EINVAL);
	assert_int_equal(verdict_parse("Answered", &verdict), -EINVAL);
	assert_int_equal(verdict, VERDICT_DENIED);
}

static void test_protocols_return(void **state)
{
	(void)state;
	for (int i = 0; i <= UINT8_MAX; i++) {
		char text[4];
		uint8_t protocol = (uint8_t)~i;

		assert_int_equal(protocol_parse(protocol_name((uint8_t)i, text), &protocol), 0);
		assert_int_equal(protocol, i);
	}
}

static void test_protocol_names(void **state)
{
	static const char *const bad[] = {"",   "256", "999", "1000", "-1",   "+6",
					  " 6", "6 ",  "06",  "00",   "TCPP", "0x6"};
	char text[4];
	uint8_t protocol = 99;

	(void)state;
	assert_string_equal(protocol_name(6, text), "TCP");
	assert_string_equal(protocol_name(17, text), "UDP");
	assert_string_equal(protocol_name(132, text), "SCTP");
	assert_string_equal(protocol_name(1, text), "ICMP");
	assert_string_equal(protocol_name(58, text), "ICMPv6");
	assert_string_equal(protocol_name(255, text), "255");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(protocol_parse(bad[i], &protocol), -EINVAL);
	assert_int_equal(protocol, 99);
	assert_int_equal(protocol_parse("tcp", &protocol), 0);
	assert_int_equal(protocol, 6);
	assert_int_equal(protocol_parse("6", &protocol), 0);
	assert_int_equal(protocol, 6);
	assert_int_equal(protocol_parse("0", &protocol), 0);
	assert_int_equal(protocol, 0);
}

static void test_loss_sources(void **state)
{
	static const char *const names[] = {"conntrack", "table", "log",     "rules",
					    "daemon",    "store", "identity"};
	enum loss_source source = LOSS_RULES;

	(void)state;
	for (int i = LOSS_CONNTRACK; i <= LOSS_IDENTITY; i++) {
		assert_string_equal(loss_source_name((enum loss_source)i), names[i]);
		assert_int_equal(loss_source_parse(names[i], &source), 0);
		assert_int_equal(source, i);
	}
	assert_string_equal(loss_source_name((enum loss_source)(LOSS_IDENTITY + 1)), "invalid");
	source = LOSS_RULES;
	assert_int_equal(loss_source_parse("invalid", &source), -EINVAL);
	assert_int_equal(source, LOSS_RULES);
}

static void test_totals(void **state)
{
	struct totals sum = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
	const struct totals more = {10, 20, 30, 40, 50, 60, -7, 80, 90, 100, 110, -12};

	(void)state;
	totals_add(&sum, &more);
	assert_int_equal(sum.connections, 11);
	assert_int_equal(sum.closed, 22);
	assert_int_equal(sum.counted, 33);
	assert_int_equal(sum.packets_sent, 44);
	assert_int_equal(sum.packets_received, 55);
	assert_int_equal(sum.bytes_sent, 66);
	assert_int_equal(sum.bytes_received, 0);
	assert_int_equal(sum.timed_out, 88);
	assert_int_equal(sum.reset, 99);
	assert_int_equal(sum.evicted, 110);
	assert_int_equal(sum.deleted, 121);
	assert_int_equal(sum.vanished, 0);
}

/* What it leaks, the address sanitizer says. */
static void test_batch_is_freed(void **state)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	(void)state;
	assert_null(batch_free(NULL));
	assert_non_null(batch);
	assert_non_null(batch->flows = calloc(2, sizeof(*batch->flows)));
	assert_non_null(batch->gaps = calloc(1, sizeof(*batch->gaps)));
	assert_non_null(batch->pods = calloc(1, sizeof(*batch->pods)));
	assert_non_null(batch->checkpoints = calloc(1, sizeof(*batch->checkpoints)));
	assert_non_null(batch->addresses = calloc(1, sizeof(*batch->addresses)));
	assert_non_null(batch->facts = calloc(2, sizeof(*batch->facts)));
	batch->gaps[0].reason = "static";
	batch->gap_count = 1;
	batch->pod_count = 1;
	batch->pods[0].pod.name = strdup("api");
	batch->pods[0].pod.addresses = calloc(1, sizeof(struct pod_address));
	batch->pods[0].pod.address_count = 1;
	batch->fact_count = 2;
	batch->facts[0].name = strdup("a");
	batch->facts[0].value = strdup("b");
	batch->facts[1].name = strdup("c");
	assert_null(batch_free(batch));
}

/* What is left out of a batch that is not written is lost: each part alone makes it worth that. */
static void test_what_a_batch_has_to_tell(void **state)
{
	const struct batch empty = {.time = 1, .pods_complete = true};
	const struct batch tells[] = {
	    {.flow_count = 1},       {.gap_count = 1},       {.pod_count = 1},
	    {.checkpoint_count = 1}, {.forgotten_count = 1}, {.address_count = 1},
	    {.fact_count = 1},       {.object_count = 1},    {.objects_complete = true},
	};

	(void)state;
	assert_true(batch_is_empty(&empty));
	for (size_t i = 0; i < sizeof(tells) / sizeof(tells[0]); i++)
		assert_false(batch_is_empty(&tells[i]));
}

/* Keys are compared and hashed as bytes. */
static void test_key_has_no_padding(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct edge_key), 4 * sizeof(struct addr) + 2 * sizeof(uint32_t) +
						      3 * sizeof(uint16_t) + 6 * sizeof(uint8_t));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_verdicts),
	    cmocka_unit_test(test_protocols_return),
	    cmocka_unit_test(test_protocol_names),
	    cmocka_unit_test(test_loss_sources),
	    cmocka_unit_test(test_totals),
	    cmocka_unit_test(test_batch_is_freed),
	    cmocka_unit_test(test_what_a_batch_has_to_tell),
	    cmocka_unit_test(test_key_has_no_padding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
