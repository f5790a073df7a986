/* The record against policies: what is allowed, denied, unknown, undefined; how it is grouped. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/policy/past.h"

#define NODE(NAME, ADDRESS)                                                                        \
	"---\n{apiVersion: v1, kind: Node, metadata: {name: " NAME                                 \
	"}, status: {addresses: [{type: InternalIP, address: \"" ADDRESS "\"}]}}\n"
#define FROM_WEB                                                                                   \
	"ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 80}]}]"

struct shop {
	struct past record;
	size_t web, api;
};

static struct graph_edge *shop_open(struct shop *shop)
{
	*shop = (struct shop){0};
	shop->web = past_pod(&shop->record, "web-1", "web");
	shop->api = past_pod(&shop->record, "api-1", "api");
	return past_edge(&shop->record, past_pod_end(&shop->record, shop->web),
			 past_pod_end(&shop->record, shop->api), 80);
}

static void assert_only(const struct replay_result *result, enum replay_list list)
{
	assert_int_equal(result->allowed.edges, 0);
	for (unsigned i = 0; i < REPLAY_LISTS; i++)
		assert_int_equal(result->lists[i].edges, i == list);
	assert_int_equal(result->row_count, 1);
	assert_int_equal(result->rows[0].list, list);
}

static void assert_all_allowed(const struct replay_result *result, size_t edges)
{
	assert_int_equal(result->allowed.edges, edges);
	assert_int_equal(result->row_count, 0);
}

static void an_edge_that_a_rule_allows_is_in_no_row(void **state)
{
	struct shop shop;

	(void)state;
	shop_open(&shop);
	past_replay(&shop.record, POLICY("api", "api", FROM_WEB));
	assert_all_allowed(&shop.record.result, 1);
	past_clear(&shop.record);
}

static void a_denied_edge_names_its_subject_and_policy(void **state)
{
	const struct replay_row *row;
	struct shop shop;

	(void)state;
	shop_open(&shop)->edge.key.port = 81;
	past_replay(&shop.record, POLICY("api", "api", FROM_WEB));
	assert_only(&shop.record.result, REPLAY_DENIED);
	row = shop.record.result.rows;
	assert_int_equal(row->direction, DIRECTION_INGRESS);
	assert_int_equal(row->subject->pod, shop.api);
	assert_int_equal(row->peer->pod, shop.web);
	assert_string_equal(row->policy->name, "api");
	assert_null(row->rule);
	assert_int_equal(row->port, 81);
	past_clear(&shop.record);
}

static void both_sides_that_deny_have_rows_and_the_edge_counts_once(void **state)
{
	struct shop shop;

	(void)state;
	shop_open(&shop);
	past_replay(&shop.record, POLICY("api", "api", "policyTypes: [Ingress]")
				      POLICY("web", "web", "policyTypes: [Egress]"));
	assert_int_equal(shop.record.result.lists[REPLAY_DENIED].edges, 1);
	assert_int_equal(shop.record.result.row_count, 2);
	assert_int_equal(shop.record.result.rows[0].direction, DIRECTION_INGRESS);
	assert_int_equal(shop.record.result.rows[1].direction, DIRECTION_EGRESS);
	past_clear(&shop.record);
}

static void pods_of_one_workload_are_one_row(void **state)
{
	struct shop shop;
	struct graph_edge *edge;
	size_t other;

	(void)state;
	shop_open(&shop);
	other = past_pod(&shop.record, "web-2", "web");
	shop.record.workloads[0] =
	    (struct workload){.namespace = "shop", .kind = "Deployment", .name = "web"};
	shop.record.graph.workload_count = 1;
	shop.record.pods[shop.web].workload = shop.record.pods[other].workload = 0;
	shop.record.ends[0][0] = past_pod_end(&shop.record, shop.web);
	edge = past_edge(&shop.record, past_pod_end(&shop.record, other),
			 past_pod_end(&shop.record, shop.api), 80);
	edge->edge.totals.connections = 4;
	edge->edge.last_seen = 9000;
	past_replay(&shop.record, POLICY("api", "api", "policyTypes: [Ingress]"));
	assert_int_equal(shop.record.result.row_count, 1);
	assert_int_equal(shop.record.result.rows[0].edges, 2);
	assert_int_equal(shop.record.result.rows[0].connections, 5);
	assert_int_equal(shop.record.result.rows[0].first_seen, 1000);
	assert_int_equal(shop.record.result.rows[0].last_seen, 9000);
	assert_ptr_equal(shop.record.result.rows[0].edge, edge);
	past_clear(&shop.record);
}

static void labels_that_are_not_known_decide_nothing(void **state)
{
	struct shop shop;

	(void)state;
	shop_open(&shop);
	shop.record.pods[shop.web].labels = NULL;
	past_replay(&shop.record, POLICY("api", "api", FROM_WEB));
	assert_only(&shop.record.result, REPLAY_UNKNOWN);
	assert_string_equal(shop.record.result.rows[0].why,
			    "the labels of the source are not known");
	past_clear(&shop.record);
}

static void labels_that_no_rule_asks_for_are_no_reason(void **state)
{
	struct shop shop;

	(void)state;
	shop_open(&shop);
	shop.record.pods[shop.web].labels = NULL;
	past_replay(&shop.record, POLICY("api", "api", "ingress: [{ports: [{port: http}]}]"));
	assert_only(&shop.record.result, REPLAY_UNKNOWN);
	assert_string_equal(shop.record.result.rows[0].why,
			    "the destination's ports are not known by name");
	past_clear(&shop.record);
}

static void pods_of_one_workload_that_differ_are_the_reason(void **state)
{
	struct shop shop;

	(void)state;
	shop_open(&shop);
	shop.record.workloads[0] =
	    (struct workload){.namespace = "shop", .kind = "Deployment", .name = "web"};
	shop.record.graph.workload_count = 1;
	shop.record.pods[past_pod(&shop.record, "web-2", "web")].workload = 0;
	shop.record.pods[past_pod(&shop.record, "web-3", "canary")].workload = 0;
	shop.record.pods[shop.web].labels = NULL;
	shop.record.pods[shop.web].workload = 0;
	past_replay(&shop.record, POLICY("api", "api", FROM_WEB));
	assert_only(&shop.record.result, REPLAY_UNKNOWN);
	assert_string_equal(shop.record.result.rows[0].why,
			    "the pods of the source's workload differ in their labels");
	past_clear(&shop.record);
}

static void a_pod_that_is_gone_has_the_labels_of_its_workload(void **state)
{
	struct shop shop;

	(void)state;
	shop_open(&shop);
	shop.record.workloads[0] =
	    (struct workload){.namespace = "shop", .kind = "Deployment", .name = "web"};
	shop.record.graph.workload_count = 1;
	shop.record.pods[past_pod(&shop.record, "web-2", "web")].workload = 0;
	shop.record.pods[shop.web].labels = NULL;
	shop.record.pods[shop.web].workload = 0;
	past_replay(&shop.record, POLICY("api", "api", FROM_WEB));
	assert_all_allowed(&shop.record.result, 1);
	past_clear(&shop.record);
}

static void an_end_that_cannot_be_named_is_never_denied_for_sure(void **state)
{
	static const char *const specs[] = {"policyTypes: [Ingress]", FROM_WEB,
					    "ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]"};

	(void)state;
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		char yaml[500];
		struct shop shop;

		past_ends(&shop.record, shop_open(&shop))[0] =
		    past_end(END_UNKNOWN, "ambiguous", "", "10.1.0.77");
		snprintf(yaml, sizeof(yaml), POLICY("api", "api", "%s"), specs[i]);
		past_replay(&shop.record, yaml);
		assert_only(&shop.record.result, REPLAY_UNKNOWN);
		assert_int_equal(shop.record.result.rows[0].direction, DIRECTION_INGRESS);
		assert_string_equal(shop.record.result.rows[0].why,
				    "it is not known who had the source's address");
		past_clear(&shop.record);
	}
}

static void an_address_of_the_pod_network_is_some_pods(void **state)
{
	static const struct {
		const char *spec;
		enum replay_list list;
	} cases[] = {
	    {"policyTypes: [Ingress]", REPLAY_DENIED},
	    {FROM_WEB, REPLAY_UNKNOWN},
	    {"ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]", REPLAY_DENIED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char yaml[500];
		struct shop shop;

		past_ends(&shop.record, shop_open(&shop))[0] =
		    past_end(END_UNKNOWN, "pod", "", "10.1.0.77");
		snprintf(yaml, sizeof(yaml), POLICY("api", "api", "%s"), cases[i].spec);
		past_replay(&shop.record, yaml);
		assert_only(&shop.record.result, cases[i].list);
		past_clear(&shop.record);
	}
}

static void whoever_it_is_may_come_where_everybody_may(void **state)
{
	struct shop shop;

	(void)state;
	past_ends(&shop.record, shop_open(&shop))[0] =
	    past_end(END_UNKNOWN, "pod", "", "10.1.0.77");
	past_replay(&shop.record, POLICY("api", "api", "ingress: [{}]"));
	assert_all_allowed(&shop.record.result, 1);
	past_clear(&shop.record);
}

static void two_ends_that_cannot_be_named_are_not_one_pod(void **state)
{
	struct shop shop;
	struct graph_edge *edge = shop_open(&shop);

	(void)state;
	past_ends(&shop.record, edge)[0] = past_end(END_UNKNOWN, "ambiguous", "", "10.1.0.77");
	past_ends(&shop.record, edge)[1] = past_end(END_UNKNOWN, "ambiguous", "", "10.1.0.78");
	past_replay(&shop.record, POLICY("api", "api", "policyTypes: [Ingress]"));
	assert_only(&shop.record.result, REPLAY_UNKNOWN);
	past_clear(&shop.record);
}

static void a_pods_own_node_reaches_it_and_another_does_not(void **state)
{
	struct shop shop;

	(void)state;
	past_ends(&shop.record, shop_open(&shop))[0] =
	    past_end(END_NODE, "node", "n1", "192.0.2.1");
	past_edge(&shop.record, past_end(END_NODE, "node", "n2", "192.0.2.2"),
		  past_pod_end(&shop.record, shop.api), 80);
	past_replay(&shop.record, POLICY("api", "api", "policyTypes: [Ingress]"));
	assert_int_equal(shop.record.result.allowed.edges, 1);
	assert_int_equal(shop.record.result.lists[REPLAY_DENIED].edges, 1);
	assert_string_equal(shop.record.result.rows[0].peer->name, "n2");
	past_clear(&shop.record);
}

static void ingress_is_judged_as_the_destination_saw_it(void **state)
{
	const struct end node = past_end(END_NODE, "node", "n2", "192.0.2.2");
	struct shop shop;

	(void)state;
	shop_open(&shop)->translated = &node;
	past_replay(
	    &shop.record,
	    POLICY("api", "api", "ingress: [{from: [{ipBlock: {cidr: 192.0.2.2/32}}]}]")
		POLICY("web", "web", "policyTypes: [Egress], egress: [{to: [{podSelector: {}}]}]"));
	assert_all_allowed(&shop.record.result, 1);
	past_clear(&shop.record);
}

static void what_a_node_forwards_to_its_pod_is_not_its_own(void **state)
{
	static const struct {
		const char *from;
		enum answer answer;
	} cases[] = {
	    {"", ANSWER_DENIED},
	    {"{ipBlock: {cidr: 203.0.113.9/32}}", ANSWER_UNKNOWN},
	    {"{ipBlock: {cidr: 192.0.2.1/32}}", ANSWER_UNKNOWN},
	    {"{ipBlock: {cidr: 0.0.0.0/0}}", ANSWER_ALLOWED},
	};
	const struct end node = past_end(END_NODE, "node", "n1", "192.0.2.1");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct replayed replayed;
		char yaml[500];
		struct shop shop;
		struct graph_edge *edge = shop_open(&shop);

		past_ends(&shop.record, edge)[0] =
		    past_end(END_EXTERNAL, "external", "", "203.0.113.9");
		edge->translated = &node;
		snprintf(yaml, sizeof(yaml),
			 *cases[i].from ? POLICY("api", "api", "ingress: [{from: [%s]}]")
					: POLICY("api", "api", "policyTypes: [Ingress]"),
			 cases[i].from);
		past_policies(&shop.record, yaml);
		assert_int_equal(replay_edge(&shop.record.replay, edge, &replayed), 0);
		assert_int_equal(replayed.decision.answer, cases[i].answer);
		if (cases[i].answer == ANSWER_UNKNOWN)
			assert_string_equal(replayed.why, "source NAT on the pod's own node: "
							  "plugins differ in when they look");
		past_clear(&shop.record);
	}
}

static void a_node_that_replaces_its_own_address_stays_itself(void **state)
{
	const struct end node = past_end(END_NODE, "node", "n1", "192.0.2.1");
	struct shop shop;
	struct graph_edge *edge = shop_open(&shop);

	(void)state;
	past_ends(&shop.record, edge)[0] = past_end(END_NODE, "node", "n1", "192.0.2.9");
	edge->translated = &node;
	past_replay(&shop.record, POLICY("api", "api", "policyTypes: [Ingress]"));
	assert_all_allowed(&shop.record.result, 1);
	past_clear(&shop.record);
}

static void part_of_a_prefix_is_unknown_and_all_of_it_is_allowed(void **state)
{
	static const struct {
		const char *block;
		enum answer answer;
	} cases[] = {{"203.0.113.0/24", ANSWER_ALLOWED},
		     {"203.0.113.0/25", ANSWER_UNKNOWN},
		     {"198.51.100.0/24", ANSWER_DENIED}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct replayed replayed;
		char yaml[500];
		struct shop shop;
		struct graph_edge *edge = shop_open(&shop);

		past_ends(&shop.record, edge)[0] =
		    past_end(END_EXTERNAL, "external", "", "203.0.113.0");
		past_ends(&shop.record, edge)[0].prefix = 24;
		snprintf(yaml, sizeof(yaml),
			 POLICY("api", "api", "ingress: [{from: [{ipBlock: {cidr: %s}}]}]"),
			 cases[i].block);
		past_policies(&shop.record, yaml);
		assert_int_equal(replay_edge(&shop.record.replay, edge, &replayed), 0);
		assert_int_equal(replayed.decision.answer, cases[i].answer);
		past_clear(&shop.record);
	}
}

static void a_prefix_with_the_pods_own_node_is_not_denied(void **state)
{
	static const struct {
		const char *nodes;
		enum answer answer;
	} cases[] = {{NODE("n1", "203.0.113.9"), ANSWER_UNKNOWN},
		     {NODE("n2", "203.0.113.9"), ANSWER_DENIED},
		     {NODE("n1", "203.0.114.0") NODE("n2", "203.0.112.255"), ANSWER_DENIED},
		     {NODE("n0", "203.0.113.0") NODE("n1", "203.0.113.255"), ANSWER_UNKNOWN}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct replayed replayed;
		struct shop shop;
		struct graph_edge *edge = shop_open(&shop);

		past_ends(&shop.record, edge)[0] =
		    past_end(END_EXTERNAL, "external", "", "203.0.113.0");
		past_ends(&shop.record, edge)[0].prefix = 24;
		past_inventory(&shop.record, cases[i].nodes);
		past_policies(&shop.record, POLICY("api", "api", "policyTypes: [Ingress]"));
		assert_int_equal(replay_edge(&shop.record.replay, edge, &replayed), 0);
		assert_int_equal(replayed.decision.answer, cases[i].answer);
		past_clear(&shop.record);
	}
}

static void what_may_run_the_other_way_is_allowed_only_if_that_is(void **state)
{
	static const struct {
		const char *policies;
		enum replay_list list; /* REPLAY_LISTS: allowed */
	} cases[] = {
	    {POLICY("api", "api", FROM_WEB), REPLAY_LISTS},
	    {POLICY("api", "api", "policyTypes: [Ingress]"), REPLAY_UNKNOWN},
	    {POLICY("web", "web", "ingress: [{ports: [{port: 80}]}]"), REPLAY_UNKNOWN},
	    {POLICY("api", "api", "policyTypes: [Ingress, Egress]"), REPLAY_DENIED},
	    {POLICY("api", "api", "policyTypes: [Ingress, Egress], egress: [{ports: [{port: 9}]}]"),
	     REPLAY_UNKNOWN},
	    {POLICY(
		 "api", "api",
		 "policyTypes: [Ingress, Egress], egress: [{ports: [{port: 9, protocol: UDP}]}]"),
	     REPLAY_DENIED},
	    {POLICY("web", "web", "ingress: [{ports: [{port: 1, endPort: 65535}]}]"), REPLAY_LISTS},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct shop shop;

		shop_open(&shop)->edge.key.direction_uncertain = 1;
		past_replay(&shop.record, cases[i].policies);
		if (cases[i].list == REPLAY_LISTS)
			assert_all_allowed(&shop.record.result, 1);
		else
			assert_int_equal(shop.record.result.lists[cases[i].list].edges, 1);
		past_clear(&shop.record);
	}
}

static void a_protocol_without_ports_is_allowed_or_undefined(void **state)
{
	struct shop shop;

	(void)state;
	for (int any = 0; any < 2; any++) {
		struct edge_key *key = &shop_open(&shop)->edge.key;

		key->protocol = IPPROTO_ICMP;
		key->has_port = 0;
		key->port = 0;
		past_replay(&shop.record,
			    any ? POLICY("api", "api", "ingress: [{from: [{podSelector: {}}]}]")
				: POLICY("api", "api", FROM_WEB));
		if (any)
			assert_all_allowed(&shop.record.result, 1);
		else
			assert_only(&shop.record.result, REPLAY_UNDEFINED);
		past_clear(&shop.record);
	}
}

static void no_policy_covers_further_networks(void **state)
{
	struct shop shop;

	(void)state;
	past_ends(&shop.record, shop_open(&shop))[1].secondary = true;
	past_replay(&shop.record, POLICY("api", "api", "policyTypes: [Ingress]"));
	assert_all_allowed(&shop.record.result, 1);
	assert_int_equal(shop.record.result.uncovered.edges, 1);
	past_clear(&shop.record);
}

static void what_did_not_work_is_not_judged(void **state)
{
	static const struct {
		enum verdict verdict;
		int64_t connections;
	} cases[] = {{VERDICT_REFUSED, 1},
		     {VERDICT_UNANSWERED, 1},
		     {VERDICT_UNKNOWN, 0},
		     {VERDICT_ONE_WAY, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct shop shop;
		struct graph_edge *edge = shop_open(&shop);

		edge->edge.key.verdict = (uint8_t)cases[i].verdict;
		edge->edge.totals.connections = cases[i].connections;
		past_replay(&shop.record, POLICY("api", "api", "policyTypes: [Ingress]"));
		assert_int_equal(shop.record.result.row_count, 0);
		assert_int_equal(shop.record.result.failed.edges, 1);
		past_clear(&shop.record);
	}
}

static void what_was_denied_and_would_be_allowed_is_told(void **state)
{
	struct shop shop;

	(void)state;
	shop_open(&shop)->edge.key.verdict = VERDICT_DENIED;
	past_replay(&shop.record, POLICY("api", "api", FROM_WEB));
	assert_only(&shop.record.result, REPLAY_ALLOWED_NOW);
	assert_string_equal(shop.record.result.rows[0].policy->name, "api");
	assert_non_null(shop.record.result.rows[0].rule);
	past_clear(&shop.record);

	shop_open(&shop)->edge.key.verdict = VERDICT_DENIED;
	past_replay(&shop.record, POLICY("api", "api", "policyTypes: [Ingress]"));
	assert_all_allowed(&shop.record.result, 0);
	past_clear(&shop.record);
}

#define SERVICE(SELECTOR)                                                                          \
	"{kind: Service, metadata: {namespace: shop, name: api}, spec: {clusterIP: 10.96.0.1, "    \
	"selector: {app: " SELECTOR "}, ports: [{port: 80, targetPort: 8080}]}}"
#define TO_ADDRESS "{to: [{ipBlock: {cidr: 10.96.0.1/32}}], ports: [{port: 80}]}"
#define TO_POD "{to: [{podSelector: {matchLabels: {app: api}}}], ports: [{port: 8080}]}"
#define EGRESS(RULES) POLICY("web", "web", "policyTypes: [Egress], egress: [" RULES "]")

static void a_service_is_its_address_and_its_pods(void **state)
{
	static const struct {
		const char *inventory, *policies;
		enum answer answer;
	} cases[] = {
	    {SERVICE("api"), EGRESS(""), ANSWER_DENIED},
	    {SERVICE("api"), EGRESS(TO_ADDRESS), ANSWER_UNKNOWN},
	    {SERVICE("api"), EGRESS(TO_POD), ANSWER_UNKNOWN},
	    {SERVICE("api"), EGRESS(TO_ADDRESS "," TO_POD), ANSWER_ALLOWED},
	    {SERVICE("api"),
	     EGRESS(TO_ADDRESS "," TO_POD) POLICY("api", "api", "policyTypes: [Ingress]"),
	     ANSWER_UNKNOWN},
	    {SERVICE("nobody"), EGRESS(TO_ADDRESS), ANSWER_ALLOWED},
	    {SERVICE("nobody"), EGRESS(TO_POD), ANSWER_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct replayed replayed;
		struct shop shop;
		struct graph_edge *edge = shop_open(&shop);

		past_ends(&shop.record, edge)[1] =
		    past_end(END_EXTERNAL, "service", "", "10.96.0.1");
		past_ends(&shop.record, edge)[1].service_address = true;
		past_inventory(&shop.record, cases[i].inventory);
		edge->service = &shop.record.inventory->services[0];
		past_policies(&shop.record, cases[i].policies);
		assert_int_equal(replay_edge(&shop.record.replay, edge, &replayed), 0);
		assert_int_equal(replayed.decision.answer, cases[i].answer);
		if (cases[i].answer == ANSWER_UNKNOWN)
			assert_string_equal(
			    replayed.why, "address of a service; which pod answered was not seen");
		past_clear(&shop.record);
	}
}

static void nobody_behind_a_service_is_no_matter_of_policies(void **state)
{
	struct shop shop;
	struct graph_edge *edge = shop_open(&shop);

	(void)state;
	edge->edge.key.verdict = VERDICT_DENIED;
	past_ends(&shop.record, edge)[1] = past_end(END_EXTERNAL, "service", "", "10.96.0.1");
	past_ends(&shop.record, edge)[1].service_address = true;
	past_replay(&shop.record, POLICY("api", "api", FROM_WEB));
	assert_all_allowed(&shop.record.result, 0);
	assert_int_equal(shop.record.result.failed.edges, 1);
	past_clear(&shop.record);
}

/* Both nodes' records of one edge: the source's counts, each tells of its own side. */
static void past_twice(struct shop *shop)
{
	struct graph_edge *source = shop_open(shop), *destination;

	destination = past_edge(&shop->record, *source->from, *source->to, 80);
	source->told_elsewhere[1] = true;
	destination->told_elsewhere[0] = true;
	destination->standing = STANDING_SUPERSEDED;
}

static void an_edge_of_two_records_counts_once(void **state)
{
	struct shop shop;

	(void)state;
	past_twice(&shop);
	past_replay(&shop.record, POLICY("api", "api", "policyTypes: [Ingress]")
				      POLICY("web", "web", "policyTypes: [Egress]"));
	assert_int_equal(shop.record.result.lists[REPLAY_DENIED].edges, 1);
	assert_int_equal(shop.record.result.row_count, 2);
	past_clear(&shop.record);

	past_twice(&shop);
	past_replay(&shop.record, POLICY("api", "api", "policyTypes: [Ingress]"));
	assert_only(&shop.record.result, REPLAY_DENIED);
	past_clear(&shop.record);
}

static void a_side_is_judged_by_the_record_that_tells_of_it(void **state)
{
	struct shop shop;

	(void)state;
	past_twice(&shop);
	/* The source's node did not see which port it came to in the end. */
	shop.record.edges[0].edge.key.port = 30080;
	past_replay(&shop.record,
		    POLICY("api", "api", FROM_WEB) POLICY(
			"web", "web", "policyTypes: [Egress], egress: [{ports: [{port: 30080}]}]"));
	assert_all_allowed(&shop.record.result, 1);
	past_clear(&shop.record);
}

static void records_that_do_not_agree_are_told_rather_twice(void **state)
{
	struct shop shop;

	(void)state;
	past_twice(&shop);
	shop.record.edges[0].edge.key.port = 30080;
	past_replay(&shop.record, POLICY("api", "api", "ingress: [{ports: [{port: 30080}]}]"));
	assert_int_equal(shop.record.result.allowed.edges, 1);
	assert_int_equal(shop.record.result.lists[REPLAY_DENIED].edges, 1);
	assert_int_equal(shop.record.result.row_count, 1);
	past_clear(&shop.record);
}

static void namespaces_of_the_manifests_are_believed_first(void **state)
{
	static const char inventory[] =
	    "{kind: Namespace, metadata: {name: shop, labels: {team: a}}}";
	static const char policies[] =
	    POLICY("api", "api",
		   "ingress: [{from: [{namespaceSelector: {matchLabels: {team: "
		   "b}}}]}]") "---\n{apiVersion: v1, kind: Namespace, metadata: "
			      "{name: shop, labels: {team: b}}}\n";
	struct shop shop;

	(void)state;
	shop_open(&shop);
	past_inventory(&shop.record, inventory);
	past_replay(&shop.record, policies);
	assert_all_allowed(&shop.record.result, 1);
	past_clear(&shop.record);
}

static void a_named_port_is_what_the_pods_object_says(void **state)
{
	static const char named[] = POLICY("api", "api", "ingress: [{ports: [{port: http}]}]");
	static const char object[] = "{kind: Pod, metadata: {namespace: shop, name: api-1}, spec: "
				     "{containers: [{ports: [{name: http, containerPort: 80}]}]}}";
	struct shop shop;

	(void)state;
	shop_open(&shop);
	past_replay(&shop.record, named);
	assert_only(&shop.record.result, REPLAY_UNKNOWN);
	assert_string_equal(shop.record.result.rows[0].why,
			    "the destination's ports are not known by name");
	past_clear(&shop.record);

	shop_open(&shop);
	past_inventory(&shop.record, object);
	past_replay(&shop.record, named);
	assert_all_allowed(&shop.record.result, 1);
	past_clear(&shop.record);
}

static void a_pod_told_of_in_contradiction_has_no_labels(void **state)
{
	struct shop shop;

	(void)state;
	shop_open(&shop);
	shop.record.pods[shop.web].conflict = "its name";
	past_replay(&shop.record, POLICY("api", "api", FROM_WEB));
	assert_only(&shop.record.result, REPLAY_UNKNOWN);
	past_clear(&shop.record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_edge_that_a_rule_allows_is_in_no_row),
	    cmocka_unit_test(a_denied_edge_names_its_subject_and_policy),
	    cmocka_unit_test(both_sides_that_deny_have_rows_and_the_edge_counts_once),
	    cmocka_unit_test(pods_of_one_workload_are_one_row),
	    cmocka_unit_test(labels_that_are_not_known_decide_nothing),
	    cmocka_unit_test(labels_that_no_rule_asks_for_are_no_reason),
	    cmocka_unit_test(pods_of_one_workload_that_differ_are_the_reason),
	    cmocka_unit_test(a_pod_that_is_gone_has_the_labels_of_its_workload),
	    cmocka_unit_test(an_end_that_cannot_be_named_is_never_denied_for_sure),
	    cmocka_unit_test(an_address_of_the_pod_network_is_some_pods),
	    cmocka_unit_test(whoever_it_is_may_come_where_everybody_may),
	    cmocka_unit_test(two_ends_that_cannot_be_named_are_not_one_pod),
	    cmocka_unit_test(a_pods_own_node_reaches_it_and_another_does_not),
	    cmocka_unit_test(ingress_is_judged_as_the_destination_saw_it),
	    cmocka_unit_test(what_a_node_forwards_to_its_pod_is_not_its_own),
	    cmocka_unit_test(a_node_that_replaces_its_own_address_stays_itself),
	    cmocka_unit_test(part_of_a_prefix_is_unknown_and_all_of_it_is_allowed),
	    cmocka_unit_test(a_prefix_with_the_pods_own_node_is_not_denied),
	    cmocka_unit_test(what_may_run_the_other_way_is_allowed_only_if_that_is),
	    cmocka_unit_test(a_protocol_without_ports_is_allowed_or_undefined),
	    cmocka_unit_test(no_policy_covers_further_networks),
	    cmocka_unit_test(what_did_not_work_is_not_judged),
	    cmocka_unit_test(what_was_denied_and_would_be_allowed_is_told),
	    cmocka_unit_test(a_service_is_its_address_and_its_pods),
	    cmocka_unit_test(nobody_behind_a_service_is_no_matter_of_policies),
	    cmocka_unit_test(an_edge_of_two_records_counts_once),
	    cmocka_unit_test(a_side_is_judged_by_the_record_that_tells_of_it),
	    cmocka_unit_test(records_that_do_not_agree_are_told_rather_twice),
	    cmocka_unit_test(namespaces_of_the_manifests_are_believed_first),
	    cmocka_unit_test(a_named_port_is_what_the_pods_object_says),
	    cmocka_unit_test(a_pod_told_of_in_contradiction_has_no_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
