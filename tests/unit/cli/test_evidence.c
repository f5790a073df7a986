#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cli/evidence_line.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define T INT64_C(1700000000123) /* 2023-11-14T22:13:20.123Z */

static struct addr ip(const char *text)
{
	struct addr address;

	assert_int_equal(addr_parse(text, &address), 0);
	return address;
}

static char *text(const char *literal)
{
	return (char *)(uintptr_t)literal;
}

static struct evidence decode(const char *line)
{
	struct evidence evidence;
	char reason[256] = "";

	if (evidence_of_line(line, strlen(line), &evidence, reason) < 0)
		fail_msg("%s: %s", line, reason);
	return evidence;
}

/* Takes the tree. */
static struct evidence decode_tree(json_t *tree)
{
	char *line = json_dumps(tree, JSON_COMPACT);
	struct evidence evidence;

	assert_non_null(line);
	evidence = decode(line);
	free(line);
	json_decref(tree);
	return evidence;
}

/* ---- there and back ---- */

static void test_header(void **state)
{
	struct evidence evidence = decode_tree(evidence_header("n1", T, T + 5000));

	(void)state;
	assert_int_equal(evidence.type, EVIDENCE_HEADER);
	assert_string_equal(evidence.node, "n1");
	assert_int_equal(evidence.from, T);
	assert_int_equal(evidence.until, T + 5000);
	evidence_clear(&evidence);
}

static void test_pod(void **state)
{
	struct pod_address addresses[] = {{ip("10.0.0.1"), T, T + 9, true, false},
					  {ip("fd00::1"), T + 1, 0, false, true}};
	struct label labels[] = {{text("app"), text("web")}, {text("b"), text("")}};
	struct pod_word words[] = {{text("cni-result"), text("/a"), text("{\"name\":\"web-1\"}")},
				   {text("cri"), text("/s"), text("{}")}};
	struct stored_pod pod = {
	    .number = 3,
	    .node = "n1",
	    .pod = {.namespace = text("shop"),
		    .name = text("web-1"),
		    .uid = text("u1"),
		    .sandbox = text("s1"),
		    .source = text("cni-result"),
		    .conflict = text("cri says uid u2"),
		    .labelled = true,
		    .labels = {labels, COUNT(labels)},
		    .host_network = true,
		    .created = T - 5,
		    .ended = T + 9,
		    .addresses = addresses,
		    .address_count = COUNT(addresses),
		    .words = words,
		    .word_count = COUNT(words)},
	};
	struct evidence evidence;

	(void)state;
	addresses[1].until = INTERVAL_OPEN;
	evidence = decode_tree(evidence_of_pod(&pod));
	assert_int_equal(evidence.type, EVIDENCE_POD);
	assert_string_equal(evidence.node, "n1");
	assert_string_equal(evidence.pod.namespace, "shop");
	assert_string_equal(evidence.pod.name, "web-1");
	assert_string_equal(evidence.pod.uid, "u1");
	assert_string_equal(evidence.pod.sandbox, "s1");
	assert_string_equal(evidence.pod.source, "cni-result");
	assert_int_equal(evidence.pod.address_count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_true(addr_equal(evidence.pod.addresses[i].address, addresses[i].address));
		assert_int_equal(evidence.pod.addresses[i].since, addresses[i].since);
		assert_true(evidence.pod.addresses[i].until == addresses[i].until);
		assert_int_equal(evidence.pod.addresses[i].exact, addresses[i].exact);
		assert_int_equal(evidence.pod.addresses[i].secondary, addresses[i].secondary);
		assert_string_equal(evidence.pod.words[i].source, words[i].source);
		assert_string_equal(evidence.pod.words[i].place, words[i].place);
		assert_string_equal(evidence.pod.words[i].said, words[i].said);
	}
	assert_string_equal(evidence.pod.conflict, "cri says uid u2");
	assert_true(evidence.pod.labelled);
	assert_true(labels_equal(&evidence.pod.labels, &pod.pod.labels));
	assert_true(evidence.pod.host_network);
	assert_int_equal(evidence.pod.created, T - 5);
	assert_int_equal(evidence.pod.ended, T + 9);
	assert_int_equal(evidence.pod.word_count, 2);
	evidence_clear(&evidence);
}

static void test_labels_known_to_be_none(void **state)
{
	struct evidence evidence =
	    decode("{\"type\":\"pod\",\"namespace\":\"a\",\"name\":\"b\",\"labels\":{}}");

	(void)state;
	assert_true(evidence.pod.labelled);
	assert_int_equal(evidence.pod.labels.count, 0);
	evidence_clear(&evidence);
}

static void test_object(void **state)
{
	struct stored_object object = {.node = "n1",
				       .kind = "ReplicaSet.apps",
				       .namespace = "shop",
				       .name = "web-5d4",
				       .uid = "r1",
				       .content =
					   "{\"apiVersion\":\"apps/v1\",\"n\":[1,\"2\",true]}",
				       .since = T,
				       .until = T + 9};
	struct evidence evidence = decode_tree(evidence_of_object(&object));

	(void)state;
	assert_int_equal(evidence.type, EVIDENCE_OBJECT);
	assert_string_equal(evidence.node, "n1");
	assert_string_equal(evidence.object.node, "n1");
	assert_string_equal(evidence.object.kind, "ReplicaSet.apps");
	assert_string_equal(evidence.object.namespace, "shop");
	assert_string_equal(evidence.object.name, "web-5d4");
	assert_string_equal(evidence.object.uid, "r1");
	assert_string_equal(evidence.object.content, object.content);
	assert_int_equal(evidence.object.since, T);
	assert_int_equal(evidence.object.until, T + 9);
	evidence_clear(&evidence);
	object.namespace = object.uid = "";
	object.until = INTERVAL_OPEN;
	evidence = decode_tree(evidence_of_object(&object));
	assert_string_equal(evidence.object.namespace, "");
	assert_string_equal(evidence.object.uid, "");
	assert_true(evidence.object.until == INTERVAL_OPEN);
	evidence_clear(&evidence);
}

static void test_bare_pod(void **state)
{
	struct stored_pod pod = {.node = "n1",
				 .pod = {.namespace = text("shop"),
					 .name = text("web-1"),
					 .uid = text(""),
					 .sandbox = text(""),
					 .source = text("x")}};
	struct evidence evidence = decode_tree(evidence_of_pod(&pod));

	(void)state;
	assert_string_equal(evidence.pod.uid, "");
	assert_string_equal(evidence.pod.sandbox, "");
	assert_int_equal(evidence.pod.address_count, 0);
	evidence_clear(&evidence);
	pod.pod.source = text("");
	evidence = decode_tree(evidence_of_pod(&pod));
	assert_string_equal(evidence.pod.source, "");
	evidence_clear(&evidence);
	evidence = decode("{\"type\":\"pod\",\"namespace\":\"a\",\"name\":\"b\"}");
	assert_string_equal(evidence.pod.source, "import");
	assert_string_equal(evidence.node, "node");
	assert_int_equal(evidence.pod.address_count, 0);
	assert_string_equal(evidence.pod.conflict, "");
	assert_false(evidence.pod.labelled);
	assert_false(evidence.pod.host_network);
	assert_int_equal(evidence.pod.created, 0);
	assert_true(evidence.pod.ended == INTERVAL_OPEN);
	assert_int_equal(evidence.pod.word_count, 0);
	evidence_clear(&evidence);
}

static void test_fact(void **state)
{
	struct stored_fact fact = {"n1", "sysctl.x", "a \"b\"\n\xc3\xa9", T};
	struct evidence evidence = decode_tree(evidence_of_fact(&fact));

	(void)state;
	assert_int_equal(evidence.type, EVIDENCE_FACT);
	assert_string_equal(evidence.name, "sysctl.x");
	assert_string_equal(evidence.value, "a \"b\"\n\xc3\xa9");
	assert_int_equal(evidence.from, T);
	assert_true(evidence.until == INTERVAL_OPEN);
	evidence_clear(&evidence);
}

static void test_address(void **state)
{
	struct stored_address address = {"n1", ip("192.0.2.1"), T, T + 9};
	struct evidence evidence = decode_tree(evidence_of_address(&address));

	(void)state;
	assert_int_equal(evidence.type, EVIDENCE_FACT);
	assert_string_equal(evidence.name, EVIDENCE_ADDRESS_FACT);
	assert_string_equal(evidence.value, "192.0.2.1");
	assert_int_equal(evidence.from, T);
	assert_int_equal(evidence.until, T + 9);
	evidence_clear(&evidence);
	address.until = INTERVAL_OPEN;
	evidence = decode_tree(evidence_of_address(&address));
	assert_true(evidence.until == INTERVAL_OPEN);
	evidence_clear(&evidence);
}

static void test_gap(void **state)
{
	(void)state;
	for (int source = LOSS_CONNTRACK; source <= LOSS_IDENTITY; source++) {
		struct gap gap = {(enum loss_source)source, T, T + 7, source ? source : -1,
				  "because"};
		struct evidence evidence = decode_tree(evidence_of_gap("n1", &gap));

		assert_int_equal(evidence.type, EVIDENCE_GAP);
		assert_string_equal(evidence.node, "n1");
		assert_int_equal(evidence.gap.source, source);
		assert_int_equal(evidence.gap.from, T);
		assert_int_equal(evidence.gap.until, T + 7);
		assert_int_equal(evidence.gap.at_most, gap.at_most);
		assert_string_equal(evidence.gap.reason, "because");
		evidence_clear(&evidence);
	}
}

static struct stored_flow a_flow(void)
{
	struct stored_flow stored;
	struct flow *flow = &stored.flow;

	memset(&stored, 0, sizeof(stored));
	stored.node = "n1";
	flow->key.source = ip("10.0.0.1");
	flow->key.destination = ip("10.0.0.2");
	flow->key.service = ip("10.96.0.10");
	flow->key.translated = ip("192.0.2.1");
	flow->key.port = 8080;
	flow->key.service_port = 80;
	flow->key.protocol = 6;
	flow->key.verdict = VERDICT_ANSWERED;
	flow->key.has_port = 1;
	flow->key.direction_uncertain = 1;
	flow->window = INT64_C(1699999980000);
	flow->length = 60000;
	flow->totals = (struct totals){9, 20, 7, 6, 5, 4, 3, 2, 4, 1, 5, 3};
	flow->first_seen = T;
	flow->last_seen = T + 1;
	return stored;
}

static void assert_flow(const struct flow *a, const struct flow *b)
{
	assert_memory_equal(&a->key, &b->key, sizeof(a->key));
	assert_int_equal(a->window, b->window);
	assert_int_equal(a->length, b->length);
	assert_memory_equal(&a->totals, &b->totals, sizeof(a->totals));
	assert_int_equal(a->first_seen, b->first_seen);
	assert_int_equal(a->last_seen, b->last_seen);
}

static void check_flow(const struct stored_flow *stored)
{
	struct evidence evidence = decode_tree(evidence_of_flow(stored, NULL, NULL));

	assert_int_equal(evidence.type, EVIDENCE_FLOW);
	assert_string_equal(evidence.node, "n1");
	assert_flow(&evidence.flow, &stored->flow);
	assert_null(evidence.source.name);
	assert_null(evidence.destination.name);
	evidence_clear(&evidence);
}

static void test_flow(void **state)
{
	struct stored_flow stored = a_flow();

	(void)state;
	check_flow(&stored);
	stored.flow.totals = (struct totals){-1, 0, -1, 0, 0, 0, 0, -1, 0, 0, 0, 0};
	check_flow(&stored);
	stored.flow.totals = (struct totals){.connections = INT64_C(1) << 50};
	check_flow(&stored);
	stored.flow.length = 0;
	check_flow(&stored);
	stored.flow.length = FLOW_WITHOUT_WINDOW;
	stored.flow.window = 0;
	check_flow(&stored);
	memset(&stored.flow.key.service, 0, sizeof(stored.flow.key.service));
	memset(&stored.flow.key.translated, 0, sizeof(stored.flow.key.translated));
	stored.flow.key.service_port = 0;
	stored.flow.key.direction_uncertain = 0;
	check_flow(&stored);
}

static void test_flow_of_prefixes(void **state)
{
	struct pod web = {.namespace = text("shop"),
			  .name = text("web-1"),
			  .uid = text("u1"),
			  .sandbox = text(""),
			  .source = text("")};
	struct stored_flow stored = a_flow();
	struct evidence evidence;

	(void)state;
	stored.flow.key.source = ip("128.0.0.0");
	stored.flow.key.source_prefix = 1;
	check_flow(&stored);
	stored.flow.key.source = ip("203.0.113.254");
	stored.flow.key.source_prefix = 31;
	stored.flow.key.destination = ip("2001:db8::");
	stored.flow.key.destination_prefix = 127;
	check_flow(&stored);
	/* A file that names a pod as well. */
	evidence = decode_tree(evidence_of_flow(&stored, &web, NULL));
	assert_flow(&evidence.flow, &stored.flow);
	assert_null(evidence.source.name);
	evidence_clear(&evidence);
}

#define FLOW_ENDED(CLOSED, ENDED)                                                                  \
	"{\"type\":\"flow\",\"from\":{\"address\":\"10.0.0.1\"},\"to\":{\"address\":"              \
	"\"10.0.0.2\"},\"protocol\":\"TCP\",\"first_seen\":\"2023-11-14T22:13:20Z\","              \
	"\"closed\":" CLOSED ",\"ended\":" ENDED "}"

static void test_flow_that_ended(void **state)
{
	struct evidence evidence = decode(FLOW_ENDED("7", "{\"reset\":2,\"vanished\":1}"));

	(void)state;
	assert_int_equal(evidence.flow.totals.closed, 7);
	assert_int_equal(evidence.flow.totals.reset, 2);
	assert_int_equal(evidence.flow.totals.vanished, 1);
	evidence_clear(&evidence);
	evidence = decode(FLOW_ENDED("null", "{\"closed\":4,\"reset\":2,\"evicted\":3}"));
	assert_int_equal(evidence.flow.totals.closed, 9);
	assert_int_equal(evidence.flow.totals.evicted, 3);
	evidence_clear(&evidence);
	evidence = decode(FLOW_ENDED("5", "null"));
	assert_int_equal(evidence.flow.totals.closed, 5);
	assert_int_equal(evidence.flow.totals.timed_out, 0);
	evidence_clear(&evidence);
}

static void test_flow_without_ports(void **state)
{
	struct stored_flow stored = a_flow();

	(void)state;
	stored.flow.key.has_port = 0;
	stored.flow.key.port = stored.flow.key.service_port = 0;
	for (unsigned protocol = 0; protocol <= UINT8_MAX; protocol++) {
		stored.flow.key.protocol = (uint8_t)protocol;
		check_flow(&stored);
	}
	/* Port 0 is a port. */
	stored.flow.key.has_port = 1;
	check_flow(&stored);
}

static void test_flow_verdicts(void **state)
{
	struct stored_flow stored = a_flow();

	(void)state;
	for (uint8_t verdict = 1; verdict <= VERDICT_MAX; verdict++) {
		stored.flow.key.verdict = verdict;
		check_flow(&stored);
	}
}

static void test_flow_of_pods(void **state)
{
	struct pod web = {.namespace = text("shop"),
			  .name = text("web-1"),
			  .uid = text("u1"),
			  .sandbox = text(""),
			  .source = text("")};
	struct pod api = {.namespace = text("shop"),
			  .name = text("api-1"),
			  .uid = text(""),
			  .sandbox = text("s2"),
			  .source = text("")};
	struct stored_flow stored = a_flow();
	struct evidence evidence = decode_tree(evidence_of_flow(&stored, &web, &api));

	(void)state;
	assert_flow(&evidence.flow, &stored.flow);
	assert_string_equal(evidence.source.namespace, "shop");
	assert_string_equal(evidence.source.name, "web-1");
	assert_string_equal(evidence.source.uid, "u1");
	assert_string_equal(evidence.source.sandbox, "");
	assert_string_equal(evidence.destination.name, "api-1");
	assert_string_equal(evidence.destination.uid, "");
	assert_string_equal(evidence.destination.sandbox, "s2");
	evidence_clear(&evidence);
}

/* As people write it: what is not said has its most common value. */
static void test_short_flow(void **state)
{
	struct evidence evidence =
	    decode("{\"type\":\"flow\",\"from\":{\"address\":\"10.0.0.1\"},"
		   "\"to\":{\"address\":\"fd00::1\"},\"protocol\":\"TCP\",\"port\":80,"
		   "\"first_seen\":\"2023-11-14T23:13:20.123+01:00\"}");

	(void)state;
	assert_int_equal(evidence.flow.key.verdict, VERDICT_ANSWERED);
	assert_int_equal(evidence.flow.key.direction_uncertain, 0);
	assert_int_equal(evidence.flow.totals.connections, 1);
	assert_int_equal(evidence.flow.totals.counted, 0);
	assert_int_equal(evidence.flow.length, FLOW_WITHOUT_WINDOW);
	assert_int_equal(evidence.flow.first_seen, T);
	assert_int_equal(evidence.flow.last_seen, T);
	evidence_clear(&evidence);
}

/* ---- what is wrong is named ---- */

static void check_reason(const char *line, const char *words)
{
	struct evidence evidence = {.node = "untouched"};
	char reason[256] = "";

	if (evidence_of_line(line, strlen(line), &evidence, reason) != -EINVAL)
		fail_msg("taken: %s", line);
	assert_string_equal(evidence.node, "untouched");
	assert_null(evidence.tree);
	if (!strstr(reason, words))
		fail_msg("%s: '%s' is not in '%s'", line, words, reason);
}

static void test_no_evidence(void **state)
{
	(void)state;
	check_reason("", "not JSON");
	check_reason("{", "not JSON");
	check_reason("{\"type\":\"gap\",\"type\":\"gap\"}", "not JSON");
	check_reason("{\"type\":\"gap\"} x", "not JSON");
	check_reason("{\"type\":\"a\\u0000b\"}", "not JSON");
	check_reason("[]", "expected an object");
	check_reason("{}", "\"type\"");
	check_reason("{\"type\":\"edge\"}",
		     "\"type\": expected header, pod, fact, object, gap or flow");
	check_reason("{\"type\":7}", "\"type\"");
}

#define HEADER                                                                                     \
	"{\"type\":\"header\",\"version\":1,\"node\":\"n\",\"from\":\"2023-11-14T22:13:20Z\","     \
	"\"until\":\"2023-11-14T22:13:20Z\"}"
#define POD                                                                                        \
	"{\"type\":\"pod\",\"node\":\"n\",\"namespace\":\"a\",\"name\":\"b\",\"uid\":\"c\","       \
	"\"sandbox\":\"d\",\"source\":\"e\",\"addresses\":[{\"address\":\"10.0.0.1\","             \
	"\"from\":\"2023-11-14T22:13:20Z\",\"until\":\"2023-11-14T22:13:21Z\",\"exact\":true,"     \
	"\"secondary\":false}],\"conflict\":\"f\",\"labels\":{\"app\":\"a\"},"                     \
	"\"host_network\":true,\"created\":\"2023-11-14T22:13:20Z\","                              \
	"\"ended\":\"2023-11-14T22:13:20Z\",\"words\":[{\"source\":\"g\",\"place\":\"/h\","        \
	"\"said\":\"{}\"}]}"
#define OBJECT                                                                                     \
	"{\"type\":\"object\",\"node\":\"n\",\"kind\":\"Pod\",\"namespace\":\"a\",\"name\":\"b\"," \
	"\"uid\":\"c\",\"since\":\"2023-11-14T22:13:20Z\",\"until\":\"2023-11-14T22:13:20Z\","     \
	"\"content\":{\"kind\":\"Pod\"}}"
#define FACT                                                                                       \
	"{\"type\":\"fact\",\"node\":\"n\",\"name\":\"a\",\"value\":\"b\","                        \
	"\"since\":\"2023-11-14T22:13:20Z\",\"until\":\"2023-11-14T22:13:20Z\"}"
#define GAP                                                                                        \
	"{\"type\":\"gap\",\"node\":\"n\",\"source\":\"log\",\"from\":\"2023-11-14T22:13:20Z\","   \
	"\"until\":\"2023-11-14T22:13:20Z\",\"at_most\":3,\"reason\":\"r\"}"
#define FLOW                                                                                       \
	"{\"type\":\"flow\",\"node\":\"n\",\"window\":\"2023-11-14T22:13:00Z\",\"length\":60000,"  \
	"\"from\":{\"address\":\"10.0.0.1\",\"namespace\":\"a\",\"name\":\"b\",\"uid\":\"c\","     \
	"\"sandbox\":\"d\"},\"to\":{\"address\":\"10.0.0.2\"},"                                    \
	"\"service\":{\"address\":\"10.0.0.3\",\"port\":80},\"translated\":\"10.0.0.4\","          \
	"\"protocol\":\"TCP\",\"port\":8080,\"verdict\":\"answered\",\"direction_certain\":true,"  \
	"\"connections\":1,\"closed\":6,\"ended\":{\"closed\":1,\"timed_out\":1,\"reset\":1,"      \
	"\"evicted\":1,\"deleted\":1,\"vanished\":1},\"counted\":1,\"packets_sent\":1,"            \
	"\"packets_received\":1,\"bytes_sent\":1,\"bytes_received\":1,"                            \
	"\"first_seen\":\"2023-11-14T22:13:20Z\",\"last_seen\":\"2023-11-14T22:13:21Z\"}"

/* Where a member stands: in the line, or in the object or array under within. */
struct member {
	const char *line, *within, *name;
	bool must;
};

static const struct member members[] = {
    {HEADER, NULL, "type", true},
    {HEADER, NULL, "version", true},
    {HEADER, NULL, "node", false},
    {HEADER, NULL, "from", false},
    {HEADER, NULL, "until", false},
    {POD, NULL, "node", false},
    {POD, NULL, "namespace", true},
    {POD, NULL, "name", true},
    {POD, NULL, "uid", false},
    {POD, NULL, "sandbox", false},
    {POD, NULL, "source", false},
    {POD, NULL, "addresses", false},
    {POD, "addresses", "address", true},
    {POD, "addresses", "from", true},
    {POD, "addresses", "until", false},
    {POD, "addresses", "exact", false},
    {POD, "addresses", "secondary", false},
    {POD, NULL, "conflict", false},
    {POD, NULL, "labels", false},
    {POD, NULL, "host_network", false},
    {POD, NULL, "created", false},
    {POD, NULL, "ended", false},
    {POD, NULL, "words", false},
    {POD, "words", "source", true},
    {POD, "words", "place", true},
    {POD, "words", "said", true},
    {OBJECT, NULL, "node", false},
    {OBJECT, NULL, "kind", true},
    {OBJECT, NULL, "namespace", false},
    {OBJECT, NULL, "name", true},
    {OBJECT, NULL, "uid", false},
    {OBJECT, NULL, "since", true},
    {OBJECT, NULL, "until", false},
    {OBJECT, NULL, "content", true},
    {FACT, NULL, "node", false},
    {FACT, NULL, "name", true},
    {FACT, NULL, "value", true},
    {FACT, NULL, "since", false},
    {FACT, NULL, "until", false},
    {GAP, NULL, "node", false},
    {GAP, NULL, "source", true},
    {GAP, NULL, "from", true},
    {GAP, NULL, "until", true},
    {GAP, NULL, "at_most", false},
    {GAP, NULL, "reason", false},
    {FLOW, NULL, "node", false},
    {FLOW, NULL, "window", false},
    {FLOW, NULL, "length", false},
    {FLOW, NULL, "from", true},
    {FLOW, NULL, "to", true},
    {FLOW, NULL, "service", false},
    {FLOW, NULL, "translated", false},
    {FLOW, NULL, "protocol", true},
    {FLOW, NULL, "port", false},
    {FLOW, NULL, "verdict", false},
    {FLOW, NULL, "direction_certain", false},
    {FLOW, NULL, "connections", false},
    {FLOW, NULL, "closed", false},
    {FLOW, NULL, "ended", false},
    {FLOW, NULL, "counted", false},
    {FLOW, NULL, "packets_sent", false},
    {FLOW, NULL, "packets_received", false},
    {FLOW, NULL, "bytes_sent", false},
    {FLOW, NULL, "bytes_received", false},
    {FLOW, NULL, "first_seen", true},
    {FLOW, NULL, "last_seen", false},
    {FLOW, "from", "address", true},
    {FLOW, "from", "namespace", true},
    {FLOW, "from", "name", false},
    {FLOW, "from", "uid", false},
    {FLOW, "from", "sandbox", false},
    {FLOW, "to", "address", true},
    {FLOW, "service", "address", true},
    {FLOW, "service", "port", false},
    {FLOW, "ended", "closed", false},
};

/* Where the member stands in the line's tree. */
static json_t *object_of(json_t *tree, const struct member *member)
{
	json_t *object = member->within ? json_object_get(tree, member->within) : tree;

	if (json_is_array(object))
		object = json_array_get(object, 0);
	assert_non_null(json_object_get(object, member->name));
	return object;
}

/* The line with the member's value replaced (the reference is taken), or taken away. */
static char *line_with(const struct member *member, json_t *value)
{
	json_t *tree = json_loads(member->line, 0, NULL);
	json_t *object = object_of(tree, member);
	char *line;

	if (value)
		json_object_set_new(object, member->name, value);
	else
		json_object_del(object, member->name);
	line = json_dumps(tree, JSON_COMPACT);
	assert_non_null(line);
	json_decref(tree);
	return line;
}

static void check_named(const struct member *member, json_t *value)
{
	char *line = line_with(member, value), quoted[64];

	snprintf(quoted, sizeof(quoted), "\"%s\"", member->name);
	check_reason(line, quoted);
	free(line);
}

static void test_good_lines(void **state)
{
	static const char *const lines[] = {HEADER, POD, FACT, OBJECT, GAP, FLOW};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct evidence evidence = decode(lines[i]);

		evidence_clear(&evidence);
	}
}

static void test_wrong_types(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(members); i++) {
		const char *name = members[i].name;
		bool is_array = strcmp(name, "addresses") == 0 || strcmp(name, "words") == 0;

		check_named(&members[i], json_real(1.5));
		check_named(&members[i], is_array ? json_object() : json_array());
	}
}

static void test_absent(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(members); i++) {
		for (int null = 0; null < 2; null++) {
			char *line = line_with(&members[i], null ? json_null() : NULL), quoted[64];
			struct evidence evidence;

			snprintf(quoted, sizeof(quoted), "\"%s\"", members[i].name);
			if (members[i].must) {
				check_reason(line, quoted);
			} else {
				evidence = decode(line);
				evidence_clear(&evidence);
			}
			free(line);
		}
	}
}

/* Else its own would count as absent: many connections as one. */
static void test_misspelt(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(members); i++) {
		json_t *tree = json_loads(members[i].line, 0, NULL);
		char name[64], words[128], *line;

		snprintf(name, sizeof(name), "%sx", members[i].name);
		snprintf(words, sizeof(words), "\"%s\": there is no such member", name);
		json_object_set_new(object_of(tree, &members[i]), name, json_integer(1));
		line = json_dumps(tree, JSON_COMPACT);
		assert_non_null(line);
		check_reason(line, words);
		free(line);
		json_decref(tree);
	}
}

static void check_value(const char *line, const char *name, json_t *value)
{
	check_named(&(struct member){line, NULL, name, true}, value);
}

static void test_wrong_values(void **state)
{
	(void)state;
	check_value(HEADER, "version", json_integer(2));
	check_value(HEADER, "from", json_string("yesterday"));
	check_value(POD, "node", json_string(""));
	check_value(POD, "labels", json_pack("{s:i}", "app", 1));
	check_value(POD, "labels", json_pack("{s:n}", "app"));
	check_value(POD, "words", json_string("{}"));
	check_value(OBJECT, "since", json_string("1970-01-01T00:00:00Z"));
	check_value(OBJECT, "until", json_string("2023-11-14T22:13:19Z"));
	check_value(OBJECT, "content", json_string("{}"));
	check_value(FACT, "since", json_string(""));
	check_value(GAP, "source", json_string("cosmic rays"));
	check_value(GAP, "at_most", json_integer(-1));
	check_value(GAP, "until", json_string("2023-11-14T22:13:19Z"));
	check_value(FLOW, "protocol", json_string("256"));
	check_value(FLOW, "protocol", json_string("TLS"));
	check_value(FLOW, "port", json_integer(65536));
	check_value(FLOW, "port", json_integer(-1));
	check_value(FLOW, "verdict", json_string("allowed"));
	check_value(FLOW, "direction_certain", json_string("true"));
	check_value(FLOW, "length", json_integer(86400001));
	check_value(FLOW, "connections", json_integer((INT64_C(1) << 53) + 1));
	check_value(FLOW, "last_seen", json_string("2023-11-14T22:13:19Z"));
	check_value(FLOW, "translated", json_string("10.0.0.0/8"));
	check_named(&(struct member){POD, "addresses", "address", true}, json_string(""));
	check_named(&(struct member){POD, "addresses", "until", true},
		    json_string("2023-11-14T22:13:19Z"));
	check_named(&(struct member){FLOW, "service", "port", true}, json_integer(65536));
	/* More or less than closed. */
	check_reason(FLOW_ENDED("3", "{\"closed\":1,\"reset\":1}"), "\"ended\"");
	check_reason(FLOW_ENDED("1", "{\"timed_out\":2}"), "\"ended\"");
	check_reason(FLOW_ENDED("1", "{\"timed_out\":true}"), "\"timed_out\"");
	check_reason(FLOW_ENDED("1", "[]"), "\"ended\"");
}

static void test_wrong_prefixes(void **state)
{
	static const char *const texts[] = {
	    "203.0.113.1/24",
	    "203.0.113.0/0",
	    "203.0.113.0/32",
	    "203.0.113.0/33",
	    "203.0.113.0/",
	    "203.0.113.0/24/",
	    "/24",
	    "203.0.113.0/ 24",
	    "203.0.113/24",
	    "2001:db8::1/64",
	    "2001:db8::/128",
	    "::/0",
	    "2001:db8::/129",
	    "2001:db8::/-1",
	    "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb/64"};
	static const struct member ends[] = {{FLOW, "from", "address", true},
					     {FLOW, "to", "address", true}};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		for (size_t j = 0; j < COUNT(ends); j++)
			check_named(&ends[j], json_string(texts[i]));
	/* Never a pod's, and nowhere but at the ends. */
	check_named(&(struct member){FLOW, "from", "address", true}, json_string("10.0.0.0/24"));
	check_named(&(struct member){FLOW, "service", "address", true}, json_string("10.0.0.0/24"));
}

static void test_clear_twice(void **state)
{
	struct evidence evidence = decode(POD);

	(void)state;
	evidence_clear(&evidence);
	evidence_clear(&evidence);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_header),
	    cmocka_unit_test(test_pod),
	    cmocka_unit_test(test_bare_pod),
	    cmocka_unit_test(test_labels_known_to_be_none),
	    cmocka_unit_test(test_object),
	    cmocka_unit_test(test_fact),
	    cmocka_unit_test(test_address),
	    cmocka_unit_test(test_gap),
	    cmocka_unit_test(test_flow),
	    cmocka_unit_test(test_flow_without_ports),
	    cmocka_unit_test(test_flow_verdicts),
	    cmocka_unit_test(test_flow_of_pods),
	    cmocka_unit_test(test_short_flow),
	    cmocka_unit_test(test_no_evidence),
	    cmocka_unit_test(test_good_lines),
	    cmocka_unit_test(test_wrong_types),
	    cmocka_unit_test(test_absent),
	    cmocka_unit_test(test_misspelt),
	    cmocka_unit_test(test_wrong_values),
	    cmocka_unit_test(test_clear_twice),
	    cmocka_unit_test(test_flow_of_prefixes),
	    cmocka_unit_test(test_flow_that_ended),
	    cmocka_unit_test(test_wrong_prefixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
