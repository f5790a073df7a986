/* What policies allow that nothing used, by rule, peer and port. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/policy/past.h"

#define WEB "{podSelector: {matchLabels: {app: web}}}"
#define JOB "{podSelector: {matchLabels: {app: job}}}"

/* web-1 and job-1 ask api-1, on port 80 both, and web alone on 81. */
static void shop_open(struct past *record)
{
	size_t web, job, api;

	*record = (struct past){0};
	web = past_pod(record, "web-1", "web");
	job = past_pod(record, "job-1", "job");
	api = past_pod(record, "api-1", "api");
	past_edge(record, past_pod_end(record, web), past_pod_end(record, api), 80);
	past_edge(record, past_pod_end(record, web), past_pod_end(record, api), 81);
	past_edge(record, past_pod_end(record, job), past_pod_end(record, api), 80);
}

static void what_was_used_is_not_listed(void **state)
{
	struct past record;

	(void)state;
	shop_open(&record);
	past_find_unused(&record,
			 POLICY("api", "api",
				"ingress: [{from: [" WEB ", " JOB "], ports: [{port: 80}]}, "
				"{from: [" WEB "], ports: [{port: 81}]}, {}]"));
	assert_int_equal(record.unused_count, 0);
	past_clear(&record);
}

static void one_peer_on_one_port_is_told(void **state)
{
	struct past record;

	(void)state;
	shop_open(&record);
	past_find_unused(&record, POLICY("api", "api",
					 "ingress: [{from: [" WEB ", " JOB
					 "], ports: [{port: 80}, {port: 81}]}]"));
	assert_int_equal(record.unused_count, 1);
	assert_false(record.unused[0].perhaps);
	assert_int_equal(record.unused[0].port->first, 81);
	assert_ptr_equal(record.unused[0].peer, &record.unused[0].rule->peers[1]);
	past_clear(&record);
}

/* Of three peers two are there on purpose: that they are not used is told apart. */
#define DNS "DNS, not all of which was seen"
#define SEEN "addresses of the block that were not seen"

static void what_is_wider_on_purpose_is_told_apart(void **state)
{
	struct past record;

	(void)state;
	shop_open(&record);
	past_find_unused(
	    &record,
	    "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {namespace: shop, "
	    "name: api, annotations: {netpol/wider: \"ingress from app=a, TCP 90: " DNS "\\n"
	    "ingress from 10.9.0.0/16, TCP 90: " SEEN "\\ningress from app=a, TCP 91: " DNS "\\n"
	    "ingress from app=b, TCP 91: " DNS
	    "\"}}, spec: {podSelector: {matchLabels: {app: api}}, "
	    "ingress: [{from: [{podSelector: {matchLabels: {app: a}}}, " WEB ", {ipBlock: {cidr: "
	    "10.9.0.0/16}}], ports: [{port: 90}]}, {from: [{podSelector: {matchLabels: {app: a}}}, "
	    "{podSelector: {matchLabels: {app: b}}}], ports: [{port: 91}]}]}}");
	assert_int_equal(record.unused_count, 4);
	assert_string_equal(record.unused[0].wider, DNS);
	assert_string_equal(record.unused[0].why, "it names no pod that is known");
	assert_null(record.unused[1].wider);
	assert_null(record.unused[1].why);
	assert_ptr_equal(record.unused[1].peer, &record.unused[1].rule->peers[1]);
	assert_string_equal(record.unused[2].wider, SEEN);
	assert_null(record.unused[2].why);
	assert_string_equal(record.unused[3].wider, DNS);
	assert_null(record.unused[3].peer);
	assert_string_equal(record.unused[3].why, "it names no pod that is known");
	past_clear(&record);
}

static void what_is_alike_is_one_item(void **state)
{
	struct past record;

	(void)state;
	shop_open(&record);
	past_find_unused(
	    &record, POLICY("api", "api",
			    "ingress: [{from: [" WEB ", {ipBlock: {cidr: 192.0.2.0/24}}], ports: "
			    "[{port: 80}, {port: 81}, {protocol: UDP, port: 53}]}, "
			    "{from: [" JOB ", " WEB "], ports: [{port: 90}, {port: 91}]}]"));
	assert_int_equal(record.unused_count, 3);
	assert_null(record.unused[0].peer);
	assert_int_equal(record.unused[0].port->first, 53);
	assert_true(record.unused[1].peer->has_block);
	assert_null(record.unused[1].port);
	assert_ptr_equal(record.unused[2].rule,
			 &record.unused[2].policy->rules[DIRECTION_INGRESS][1]);
	assert_null(record.unused[2].peer);
	assert_null(record.unused[2].port);
	past_clear(&record);
}

static void egress_is_judged_of_the_source(void **state)
{
	struct past record;

	(void)state;
	shop_open(&record);
	past_find_unused(&record,
			 POLICY("job", "job",
				"policyTypes: [Egress], egress: [{to: [{podSelector: "
				"{matchLabels: {app: api}}}], ports: [{port: 80}, {port: 81}]}]"));
	assert_int_equal(record.unused_count, 1);
	assert_int_equal(record.unused[0].direction, DIRECTION_EGRESS);
	assert_int_equal(record.unused[0].port->first, 81);
	past_clear(&record);
}

static void rules_of_a_direction_that_is_not_isolated_are_no_allowances(void **state)
{
	struct past record;

	(void)state;
	shop_open(&record);
	past_find_unused(&record, POLICY("api", "api",
					 "policyTypes: [Egress], ingress: [{ports: [{port: "
					 "9}]}]"));
	assert_int_equal(record.unused_count, 0);
	past_clear(&record);
}

static void a_policy_that_selects_nobody_is_one_item(void **state)
{
	struct past record;

	(void)state;
	shop_open(&record);
	past_find_unused(&record, POLICY("none", "none", "ingress: [{}, {}]"));
	assert_int_equal(record.unused_count, 1);
	assert_null(record.unused[0].rule);
	assert_false(record.unused[0].perhaps);
	assert_string_equal(record.unused[0].why, "it selects no pod that is known");
	past_clear(&record);
}

static void what_may_have_been_used_is_perhaps_unused(void **state)
{
	struct past record;

	(void)state;
	shop_open(&record);
	record.pods[1].labels = NULL;
	past_find_unused(&record,
			 POLICY("api", "api", "ingress: [{from: [" JOB "], ports: [{port: 80}]}]"));
	assert_int_equal(record.unused_count, 1);
	assert_true(record.unused[0].perhaps);
	assert_string_equal(record.unused[0].why, "who used it cannot be said");
	past_clear(&record);
}

static void nothing_can_be_said_of_pods_that_were_not_recorded(void **state)
{
	struct past record;

	(void)state;
	shop_open(&record);
	record.pods[2].local = false;
	past_find_unused(&record, POLICY("api", "api", "ingress: [{ports: [{port: 9}]}]"));
	assert_int_equal(record.unused_count, 1);
	assert_true(record.unused[0].perhaps);
	assert_null(record.unused[0].why);
	assert_int_equal(record.unused[0].pods, 1);
	assert_int_equal(record.unused[0].recorded, 0);
	past_clear(&record);
}

static void of_some_that_were_not_recorded_nothing_is_certain(void **state)
{
	struct past record;
	size_t other;

	(void)state;
	shop_open(&record);
	other = past_pod(&record, "api-2", "api");
	record.pods[other].local = false;
	past_find_unused(&record, POLICY("api", "api", "ingress: [{ports: [{port: 9}]}]"));
	assert_int_equal(record.unused_count, 1);
	assert_true(record.unused[0].perhaps);
	assert_int_equal(record.unused[0].pods, 2);
	assert_int_equal(record.unused[0].recorded, 1);
	past_clear(&record);
}

/* The edge from web to api on 81 may be one from api to web, on any port. */
static void mid_stream_may_have_used_the_other_way_round(void **state)
{
	struct past record;

	(void)state;
	shop_open(&record);
	record.edges[1].edge.key.direction_uncertain = true;
	past_find_unused(&record,
			 POLICY("api", "api",
				"policyTypes: [Egress], egress: [{to: [" WEB "], ports: [{port: "
				"9000}]}, {to: [" JOB "], ports: [{port: 9000}]}, {to: [" WEB
				"], ports: [{protocol: UDP, port: 9000}]}]"));
	assert_int_equal(record.unused_count, 3);
	assert_true(record.unused[0].perhaps);
	assert_string_equal(record.unused[0].why,
			    "what may have used it was picked up in mid-stream");
	assert_false(record.unused[1].perhaps);
	assert_false(record.unused[2].perhaps);
	past_clear(&record);
}

static void mid_stream_may_have_used_ingress_of_who_began(void **state)
{
	struct past record;

	(void)state;
	shop_open(&record);
	record.edges[1].edge.key.direction_uncertain = true;
	past_find_unused(&record, POLICY("web", "web", "ingress: [{ports: [{port: 9000}]}]"));
	assert_int_equal(record.unused_count, 1);
	assert_true(record.unused[0].perhaps);
	past_clear(&record);
}

static void a_port_whose_name_is_not_known_is_the_reason(void **state)
{
	struct past record;

	(void)state;
	shop_open(&record);
	past_find_unused(&record, POLICY("api", "api", "ingress: [{ports: [{port: http}]}]"));
	assert_int_equal(record.unused_count, 1);
	assert_true(record.unused[0].perhaps);
	assert_string_equal(record.unused[0].why,
			    "the ports of what may have been used are not known by name");
	past_clear(&record);
}

/* Nested and neighbouring blocks, and excepts, against addresses and a prefix. */
/* Each of the peers but the last four means one of those who came. */
static void selectors_are_found_whatever_they_ask_for(void **state)
{
	struct past record;

	(void)state;
	shop_open(&record);
	past_find_unused(
	    &record,
	    POLICY(
		"api", "api",
		"ingress: [{from: [{podSelector: {matchExpressions: [{key: app, operator: In, "
		"values: [web, web]}]}}, {podSelector: {matchExpressions: [{key: app, operator: "
		"Exists}]}}, {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: "
		"shop}}}, {namespaceSelector: {}, podSelector: {matchExpressions: [{key: app, "
		"operator: In, values: [db, job]}]}}, {podSelector: {matchExpressions: [{key: "
		"app, operator: NotIn, values: [web]}]}}, {namespaceSelector: {matchLabels: "
		"{kubernetes.io/metadata.name: shop}}, podSelector: {matchLabels: {app: web}}}, "
		"{podSelector: {matchLabels: {app: db}}}, {namespaceSelector: {matchLabels: "
		"{kubernetes.io/metadata.name: other}}, podSelector: {matchLabels: {app: web}}}, "
		"{podSelector: {matchExpressions: [{key: app, operator: DoesNotExist}]}}, "
		"{podSelector: {matchLabels: {app: web, tier: front}}}]}]"));
	assert_int_equal(record.unused_count, 4);
	for (size_t i = 0; i < 4; i++)
		assert_ptr_equal(record.unused[i].peer, &record.unused[i].rule->peers[6 + i]);
	past_clear(&record);
}

static void ports_are_found_among_ranges(void **state)
{
	struct past record;

	(void)state;
	shop_open(&record);
	past_find_unused(
	    &record, POLICY("api", "api",
			    "ingress: [{ports: [{port: 82, endPort: 90}, {port: 80}, {port: 1, "
			    "endPort: 100}, {port: 75, endPort: 76}, {port: 70, endPort: 81}, "
			    "{protocol: UDP, port: 80}, {port: 81}, {port: 1, endPort: 79}]}]"));
	assert_int_equal(record.unused_count, 4);
	assert_ptr_equal(record.unused[0].port, &record.unused[0].rule->ports[0]);
	assert_ptr_equal(record.unused[1].port, &record.unused[0].rule->ports[3]);
	assert_ptr_equal(record.unused[2].port, &record.unused[0].rule->ports[5]);
	assert_ptr_equal(record.unused[3].port, &record.unused[0].rule->ports[7]);
	past_clear(&record);
}

static void blocks_are_found_among_many(void **state)
{
	static const struct {
		const char *block;
		bool perhaps;
	} expected[] = {{"10.0.0.0/8", false},      {"10.1.2.4/31", false},
			{"10.1.2.0/24", false},     {"203.0.113.0/24", false},
			{"2001:db8:1::/48", false}, {"192.0.2.8/29", true}};
	char text[PREFIX_TEXT_MAX];
	const struct graph_edge *edge;
	struct past record = {0};
	size_t web;

	(void)state;
	web = past_pod(&record, "web-1", "web");
	past_edge(&record, past_pod_end(&record, web),
		  past_end(END_EXTERNAL, "external", "", "10.1.2.3"), 80);
	past_edge(&record, past_pod_end(&record, web),
		  past_end(END_EXTERNAL, "external", "", "2001:db8::7"), 80);
	edge = past_edge(&record, past_pod_end(&record, web),
			 past_end(END_EXTERNAL, "external", "", "192.0.2.0"), 80);
	past_ends(&record, edge)[1].prefix = 26;
	past_find_unused(
	    &record,
	    POLICY("web", "web",
		   "policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: "
		   "[10.1.0.0/16]}}, {ipBlock: {cidr: 10.1.2.2/31}}, {ipBlock: {cidr: "
		   "10.1.2.4/31}}, {ipBlock: {cidr: 10.1.2.0/24, except: [10.1.2.3/32]}}, "
		   "{ipBlock: {cidr: 10.1.2.0/24}}, {ipBlock: {cidr: 192.0.2.8/29}}, {ipBlock: "
		   "{cidr: 192.0.0.0/16}}, {ipBlock: {cidr: 203.0.113.0/24}}, {ipBlock: {cidr: "
		   "\"2001:db8::/32\"}}, {ipBlock: {cidr: \"2001:db8:1::/48\"}}, {ipBlock: "
		   "{cidr: 0.0.0.0/0}}]}]"));
	assert_int_equal(record.unused_count, sizeof(expected) / sizeof(expected[0]));
	for (size_t i = 0; i < record.unused_count; i++) {
		assert_string_equal(prefix_format(record.unused[i].peer->block, text),
				    expected[i].block);
		assert_int_equal(record.unused[i].perhaps, expected[i].perhaps);
	}
	past_clear(&record);
}

static void what_did_not_work_uses_nothing(void **state)
{
	struct past record;

	(void)state;
	shop_open(&record);
	record.edges[1].edge.key.verdict = VERDICT_UNANSWERED;
	past_find_unused(&record, POLICY("api", "api", "ingress: [{ports: [{port: 81}]}]"));
	assert_int_equal(record.unused_count, 1);
	past_clear(&record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_used_is_not_listed),
	    cmocka_unit_test(one_peer_on_one_port_is_told),
	    cmocka_unit_test(what_is_wider_on_purpose_is_told_apart),
	    cmocka_unit_test(what_is_alike_is_one_item),
	    cmocka_unit_test(egress_is_judged_of_the_source),
	    cmocka_unit_test(rules_of_a_direction_that_is_not_isolated_are_no_allowances),
	    cmocka_unit_test(a_policy_that_selects_nobody_is_one_item),
	    cmocka_unit_test(what_may_have_been_used_is_perhaps_unused),
	    cmocka_unit_test(nothing_can_be_said_of_pods_that_were_not_recorded),
	    cmocka_unit_test(of_some_that_were_not_recorded_nothing_is_certain),
	    cmocka_unit_test(mid_stream_may_have_used_the_other_way_round),
	    cmocka_unit_test(mid_stream_may_have_used_ingress_of_who_began),
	    cmocka_unit_test(a_port_whose_name_is_not_known_is_the_reason),
	    cmocka_unit_test(selectors_are_found_whatever_they_ask_for),
	    cmocka_unit_test(ports_are_found_among_ranges),
	    cmocka_unit_test(blocks_are_found_among_many),
	    cmocka_unit_test(what_did_not_work_uses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
