/* Which edges count, what is said of the others, and which directions a policy has. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "policy/admit.h"
#include "tests/unit/model/scene.h"
#include "tests/unit/policy/policy_set.h"

#define POD(NAMESPACE, NAME, NODE, IP, KIND, OWNER, LABELS, SPEC)                                  \
	"---\n{kind: Pod, metadata: {namespace: " NAMESPACE ", name: " NAME ", uid: uid-" NAME     \
	", labels: {" LABELS "}, ownerReferences: [{kind: " KIND ", name: " OWNER                  \
	", controller: true}]}, spec: {nodeName: " NODE SPEC                                       \
	"}, status: {phase: Running, podIP: \"" IP "\"}}\n"

#define WEB0 POD("shop", "web-0", "n1", "10.1.0.1", "StatefulSet", "web", "app: web", "")
#define WEB1 POD("shop", "web-1", "n1", "10.1.0.2", "StatefulSet", "web", "app: web", "")
#define WEB2 POD("shop", "web-2", "n2", "10.2.0.1", "StatefulSet", "web", "app: web", "")
#define DB POD("shop", "db-0", "n1", "10.1.0.3", "StatefulSet", "db", "app: db", "")
#define JOB POD("lab", "job-x", "n1", "10.1.0.4", "Job", "job", "app: job", "")
#define AGENT                                                                                      \
	POD("shop", "agent-x", "n1", "192.168.0.1", "DaemonSet", "agent", "app: agent",            \
	    ", hostNetwork: true")
#define BARE POD("shop", "bare-x", "n1", "10.1.0.6", "DaemonSet", "bare", "", "")

static const char yaml[] = WEB0 WEB1 WEB2 DB JOB AGENT BARE;

static const struct end two_pods[] = {{.kind = END_POD, .pod = 0}, {.kind = END_POD, .pod = 1}};

/* A cluster of two nodes. The pods of n1 are recorded there, and those of n2 where that has a
 * record. */
struct shop {
	struct scene scene;
	struct policy_request request;
	struct policy_set *set;
	struct policy_summary summary;
	uint32_t web0, web1, web2, db, job, bare;
	bool full; /* there are as many problems before as are kept */
};

static uint32_t add_pod(struct shop *s, const char *node, const char *namespace, const char *name,
			const char *uid, const char *address)
{
	return scene_pod(&s->scene, (struct scene_pod){.node = node,
						       .namespace = namespace,
						       .name = name,
						       .uid = uid,
						       .address = address});
}

static void shop_open(struct shop *s, const char *inventory)
{
	*s = (struct shop){0};
	policy_request_init(&s->request);
	scene_inventory(&s->scene, inventory);
	scene_node(&s->scene, "n1", "192.168.0.1");
	s->web0 = add_pod(s, "n1", "shop", "web-0", "uid-web-0", "10.1.0.1");
	s->web1 = add_pod(s, "n1", "shop", "web-1", "uid-web-1", "10.1.0.2");
	s->db = add_pod(s, "n1", "shop", "db-0", "uid-db-0", "10.1.0.3");
	s->job = add_pod(s, "n1", "lab", "job-x", "uid-job-x", "10.1.0.4");
	s->bare = add_pod(s, "n1", "shop", "bare-x", "uid-bare-x", "10.1.0.6");
}

static void shop_close(struct shop *s)
{
	policy_set_free(s->set);
	scene_close(&s->scene);
}

static void talk(struct shop *s, const char *from, uint32_t from_pod, const char *to,
		 uint32_t to_pod, struct scene_edge edge)
{
	edge.from = from;
	edge.from_pod = from_pod;
	edge.to = to;
	edge.to_pod = to_pod;
	edge.port = edge.port || edge.portless ? edge.port : 80;
	scene_edge(&s->scene, edge);
}

static void web_to_db(struct shop *s, struct scene_edge edge)
{
	talk(s, "10.1.0.1", s->web0, "10.1.0.3", s->db, edge);
}

static void check_sums(const struct policy_summary *summary)
{
	size_t edges = summary->used_edges;
	int64_t connections = summary->used_connections;

	assert_int_equal(summary->left_edges[LEFT_NONE], 0);
	for (int i = 0; i < LEFT_REASONS; i++) {
		edges += summary->left_edges[i];
		connections += summary->left_connections[i];
	}
	assert_int_equal(edges, summary->edges);
	assert_int_equal(connections, summary->connections);
}

static void compile(struct shop *s)
{
	struct compiler *compiler = NULL;

	policy_set_free(s->set);
	s->set = NULL;
	problems_clear(&s->scene.problems);
	scene_build(&s->scene, 0);
	assert_int_equal(compiler_new(s->scene.graph, &s->request, &s->scene.problems, &compiler),
			 0);
	s->summary = *compiler_summary(compiler);
	check_sums(&s->summary);
	compiler_free(compiler);
	problems_clear(&s->scene.problems);
	for (int i = 0; s->full && i < PROBLEMS_MAX; i++)
		problem_add(&s->scene.problems, PROBLEM_WARNING, "evidence of n1", "gap %d", i);
	assert_int_equal(policy_derive(s->scene.graph, &s->request, &s->scene.problems, &s->set),
			 0);
}

static const struct policy *find(const struct shop *s, const char *namespace, const char *name)
{
	for (size_t i = 0; i < s->set->count; i++)
		if (strcmp(s->set->policies[i].namespace, namespace) == 0 &&
		    strcmp(s->set->policies[i].name, name) == 0)
			return &s->set->policies[i];
	return NULL;
}

static const struct policy *get(const struct shop *s, const char *name)
{
	const struct policy *policy = find(s, "shop", name);

	if (!policy)
		fail_msg("no policy %s", name);
	return policy;
}

static bool allows(const struct policy *policy, enum direction direction, uint16_t port)
{
	for (size_t i = 0; i < policy->rule_count[direction]; i++)
		for (size_t j = 0; j < policy->rules[direction][i].port_count; j++)
			if (policy->rules[direction][i].ports[j].port == port)
				return true;
	return false;
}

static bool said(const struct shop *s, const char *subject, const char *part)
{
	return scene_has_problem(&s->scene, subject, part);
}

/* ---- one edge ---- */

static void test_verdicts(void **state)
{
	static const struct {
		enum verdict verdict;
		enum standing standing;
		int64_t connections, packets;
		enum left_reason left;
	} cases[] = {
	    {VERDICT_ANSWERED, STANDING_COUNTS, 1, 0, LEFT_NONE},
	    {VERDICT_ANSWERED, STANDING_OVERRIDDEN, 1, 0, LEFT_NONE},
	    {VERDICT_ONE_WAY, STANDING_COUNTS, 1, 0, LEFT_NONE},
	    {VERDICT_ONE_WAY, STANDING_SUPERSEDED, 0, 3, LEFT_NONE},
	    {VERDICT_ONE_WAY, STANDING_COUNTS, 0, 0, LEFT_UNKNOWN},
	    {VERDICT_ONE_WAY, STANDING_OVERRIDDEN, 1, 0, LEFT_DENIED},
	    {VERDICT_REFUSED, STANDING_COUNTS, 1, 0, LEFT_REFUSED},
	    {VERDICT_UNANSWERED, STANDING_COUNTS, 1, 0, LEFT_UNANSWERED},
	    {VERDICT_UNANSWERED, STANDING_OVERRIDDEN, 1, 0, LEFT_DENIED},
	    {VERDICT_DENIED, STANDING_COUNTS, 1, 0, LEFT_DENIED},
	    {VERDICT_UNKNOWN, STANDING_COUNTS, 1, 0, LEFT_UNKNOWN},
	    {VERDICT_UNKNOWN, STANDING_OVERRIDDEN, 1, 0, LEFT_DENIED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct graph_edge edge = {
		    .from = &two_pods[0],
		    .to = &two_pods[1],
		    .standing = cases[i].standing,
		    .edge = {.key = {.protocol = IPPROTO_TCP,
				     .port = 80,
				     .has_port = 1,
				     .verdict = (uint8_t)cases[i].verdict},
			     .totals = {.connections = cases[i].connections,
					.packets_sent = cases[i].packets}}};
		struct admission admission = admit_edge(&edge, 0);

		assert_int_equal(admission.left, cases[i].left);
		assert_false(admission.included);
		admission = admit_edge(&edge, 1u << cases[i].left);
		assert_int_equal(admission.left, LEFT_NONE);
		assert_int_equal(admission.included, cases[i].left != LEFT_NONE);
	}
}

/* Being brought in for one reason does not hide another. */
static void test_two_reasons(void **state)
{
	struct end from = two_pods[0], to = two_pods[1];
	struct graph_edge edge = {.from = &from,
				  .to = &to,
				  .edge = {.key = {.protocol = IPPROTO_TCP,
						   .port = 80,
						   .has_port = 1,
						   .direction_uncertain = 1,
						   .verdict = VERDICT_REFUSED},
					   .totals = {.connections = 1}}};

	(void)state;
	assert_int_equal(admit_edge(&edge, 0).left, LEFT_REFUSED);
	assert_int_equal(admit_edge(&edge, 1u << LEFT_REFUSED).left, LEFT_UNCERTAIN);
	assert_int_equal(admit_edge(&edge, 1u << LEFT_REFUSED | 1u << LEFT_UNCERTAIN).left,
			 LEFT_NONE);
	edge.edge.key.verdict = VERDICT_ANSWERED;
	assert_true(admit_edge(&edge, 1u << LEFT_UNCERTAIN).included);
	edge.edge.key.protocol = IPPROTO_ICMP;
	assert_int_equal(admit_edge(&edge, 1u << LEFT_UNCERTAIN | 1u << LEFT_PORTLESS).left,
			 LEFT_PORTLESS);
	from.secondary = true;
	assert_int_equal(admit_edge(&edge, 1u << LEFT_SECONDARY).left, LEFT_SECONDARY);
	to.pod = 0;
	assert_int_equal(admit_edge(&edge, 1u << LEFT_ITSELF).left, LEFT_ITSELF);
}

static void test_names_of_reasons(void **state)
{
	(void)state;
	for (enum left_reason i = 0; i < LEFT_REASONS; i++) {
		assert_true(*left_reason_name(i) && *left_reason_phrase(i));
		for (enum left_reason j = 0; j < i; j++)
			assert_string_not_equal(left_reason_name(i), left_reason_name(j));
	}
	assert_false(left_reason_can_be_included(LEFT_NONE));
	assert_false(left_reason_can_be_included(LEFT_CONTRADICTED));
	assert_true(left_reason_can_be_included(LEFT_OWN_NODE));
}

/* ---- what becomes of all of them ---- */

static void test_each_edge_has_one_fate(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	web_to_db(&s, (struct scene_edge){.port = 5432, .connections = 7});
	web_to_db(&s,
		  (struct scene_edge){.port = 81, .verdict = VERDICT_REFUSED, .connections = 2});
	web_to_db(&s, (struct scene_edge){.port = 82, .verdict = VERDICT_UNANSWERED});
	web_to_db(&s, (struct scene_edge){.port = 83, .verdict = VERDICT_DENIED, .connections = 3});
	web_to_db(&s, (struct scene_edge){.port = 84, .verdict = VERDICT_UNKNOWN});
	web_to_db(&s, (struct scene_edge){.port = 40000, .uncertain = true, .connections = 5});
	web_to_db(&s, (struct scene_edge){.portless = true, .protocol = IPPROTO_ICMP});
	talk(&s, "10.1.0.1", s.web0, "10.1.0.1", s.web0, (struct scene_edge){0});
	/* One end has no label, the other is named: it is in one rule at least. */
	talk(&s, "10.1.0.1", s.web0, "10.1.0.6", s.bare, (struct scene_edge){.port = 90});
	/* Neither is a pod. */
	talk(&s, "192.168.0.1", 0, "203.0.113.9", 0, (struct scene_edge){0});
	compile(&s);
	assert_int_equal(s.summary.edges, 9);
	assert_int_equal(s.summary.used_edges, 1);
	assert_int_equal(s.summary.used_connections, 7);
	assert_int_equal(s.summary.left_connections[LEFT_REFUSED], 2);
	assert_int_equal(s.summary.left_edges[LEFT_UNANSWERED], 1);
	assert_int_equal(s.summary.left_connections[LEFT_DENIED], 3);
	assert_int_equal(s.summary.left_edges[LEFT_UNKNOWN], 1);
	assert_int_equal(s.summary.left_connections[LEFT_UNCERTAIN], 5);
	assert_int_equal(s.summary.left_edges[LEFT_PORTLESS], 1);
	assert_int_equal(s.summary.left_edges[LEFT_ITSELF], 1);
	assert_int_equal(s.summary.left_edges[LEFT_UNLABELLED], 1);
	shop_close(&s);
}

static void test_filter_bounds_what_is_counted(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	web_to_db(&s, (struct scene_edge){0});
	talk(&s, "10.1.0.4", s.job, "203.0.113.9", 0, (struct scene_edge){0});
	talk(&s, "10.1.0.6", s.bare, "203.0.113.9", 0, (struct scene_edge){0});
	compile(&s);
	assert_int_equal(s.summary.edges, 3);
	assert_int_equal(s.summary.left_edges[LEFT_NO_POLICY], 1);
	s.request.filter.namespace = "lab";
	compile(&s);
	assert_int_equal(s.summary.edges, 1);
	assert_int_equal(s.summary.used_edges, 1);
	s.request.filter = (struct policy_filter){
	    .namespace = "shop", .workload_kind = "StatefulSet", .workload_name = "db"};
	compile(&s);
	assert_int_equal(s.summary.edges, 1);
	assert_int_equal(s.set->count, 1);
	shop_close(&s);
}

/* Of what two nodes recorded each tells one policy, and the edge counts once. */
static void test_two_records_are_one_edge(void **state)
{
	struct shop s;

	(void)state;
	for (int recorded = 0; recorded < 2; recorded++) {
		shop_open(&s, yaml);
		scene_node(&s.scene, "n2", "192.168.0.2");
		scene_recorded(&s.scene, "n1", 0, 1000);
		scene_recorded(&s.scene, "n2", 0, 1000);
		s.web2 = add_pod(&s, "n2", "shop", "web-2", "uid-web-2", "10.2.0.1");
		talk(&s, "10.2.0.1", s.web2, "10.1.0.3", 0,
		     (struct scene_edge){.node = "n2", .port = 5432, .connections = 4});
		talk(&s, "10.2.0.1", 0, "10.1.0.3", s.db,
		     (struct scene_edge){.node = "n1", .port = 5432, .connections = 4});
		/* Of the destination's side nothing is asked. */
		s.request.directions[DIRECTION_INGRESS] = recorded == 0;
		compile(&s);
		assert_int_equal(s.summary.edges, 1);
		assert_int_equal(s.summary.used_edges, 1);
		assert_int_equal(s.summary.used_connections, 4);
		assert_true(allows(get(&s, "web-netpol"), DIRECTION_EGRESS, 5432));
		s.request.min_connections = 5;
		compile(&s);
		assert_int_equal(s.summary.left_edges[LEFT_BELOW_MINIMUM], 1);
		shop_close(&s);
	}
}

/* What one record leaves out is not told again of the other. */
static void test_two_records_are_one_problem(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	scene_node(&s.scene, "n2", "192.168.0.2");
	scene_recorded(&s.scene, "n1", 0, 1000);
	scene_recorded(&s.scene, "n2", 0, 1000);
	s.web2 = add_pod(&s, "n2", "shop", "web-2", "uid-web-2", "10.2.0.1");
	web_to_db(&s, (struct scene_edge){.port = 5432});
	talk(&s, "10.2.0.1", s.web2, "10.1.0.6", 0, (struct scene_edge){.node = "n2"});
	talk(&s, "10.2.0.1", 0, "10.1.0.6", s.bare, (struct scene_edge){.node = "n1"});
	talk(&s, "10.1.0.6", s.bare, "10.2.0.1", 0, (struct scene_edge){.node = "n1"});
	talk(&s, "10.1.0.6", 0, "10.2.0.1", s.web2, (struct scene_edge){.node = "n2"});
	compile(&s);
	assert_true(said(&s, "StatefulSet/web in shop",
			 "egress to pods that have no usable label is left out (1 edge): "
			 "Pod/bare-x in shop"));
	assert_true(said(&s, "StatefulSet/web in shop",
			 "ingress from pods that have no usable label is left out (1 edge): "
			 "Pod/bare-x in shop"));
	assert_int_equal(s.summary.left_edges[LEFT_UNLABELLED], 2);
	s.request.directions[DIRECTION_EGRESS] = false;
	compile(&s);
	assert_false(said(&s, "StatefulSet/web in shop", "egress"));
	assert_int_equal(s.summary.left_edges[LEFT_DIRECTION], 1);
	shop_close(&s);
}

/* A connection from each of three pods is three connections. */
static void test_minimum_is_of_the_peer_and_port(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	web_to_db(&s, (struct scene_edge){.port = 5432, .connections = 1});
	talk(&s, "10.1.0.2", s.web1, "10.1.0.3", s.db, (struct scene_edge){.port = 5432});
	talk(&s, "10.2.0.1", 0, "10.1.0.3", s.db, (struct scene_edge){.port = 5432});
	web_to_db(&s, (struct scene_edge){.port = 9000, .connections = 2});
	talk(&s, "203.0.113.9", 0, "10.1.0.3", s.db, (struct scene_edge){.port = 5432});
	s.request.external_ingress = EXTERNAL_INGRESS_OBSERVED;
	s.request.min_connections = 3;
	compile(&s);
	assert_true(allows(get(&s, "db-netpol"), DIRECTION_INGRESS, 5432));
	assert_false(allows(get(&s, "db-netpol"), DIRECTION_INGRESS, 9000));
	assert_int_equal(get(&s, "db-netpol")->rule_count[DIRECTION_INGRESS], 1);
	assert_int_equal(s.summary.left_edges[LEFT_BELOW_MINIMUM], 2);
	assert_int_equal(s.summary.left_connections[LEFT_BELOW_MINIMUM], 3);
	assert_true(allows(get(&s, "web-netpol"), DIRECTION_EGRESS, 5432));
	assert_false(allows(get(&s, "web-netpol"), DIRECTION_EGRESS, 9000));
	assert_int_equal(s.summary.used_edges, 3);
	shop_close(&s);
}

/* Names are resolved however rarely they were. */
static void test_minimum_spares_resolvers(void **state)
{
	static const char with_dns[] = WEB0 DB POD("kube-system", "dns-0", "n2", "10.2.0.9",
						   "StatefulSet", "dns", "k8s-app: kube-dns", "");
	struct shop s;

	(void)state;
	shop_open(&s, with_dns);
	web_to_db(&s, (struct scene_edge){.port = 5432, .connections = 9});
	talk(&s, "10.1.0.1", s.web0, "10.2.0.9", 0,
	     (struct scene_edge){.port = 53, .protocol = IPPROTO_UDP});
	s.request.min_connections = 5;
	compile(&s);
	assert_true(allows(get(&s, "web-netpol"), DIRECTION_EGRESS, 53));
	assert_int_equal(s.summary.used_edges, 2);
	shop_close(&s);
}

static void test_included_evidence(void **state)
{
	const struct policy *db;
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	web_to_db(&s, (struct scene_edge){.port = 5432});
	web_to_db(&s, (struct scene_edge){.port = 81, .verdict = VERDICT_REFUSED});
	web_to_db(&s, (struct scene_edge){.port = 40000, .uncertain = true});
	s.request.include = 1u << LEFT_REFUSED | 1u << LEFT_UNCERTAIN;
	compile(&s);
	db = get(&s, "db-netpol");
	assert_true(allows(db, DIRECTION_INGRESS, 81));
	assert_true(allows(db, DIRECTION_INGRESS, 40000));
	assert_true(allows(get(&s, "web-netpol"), DIRECTION_EGRESS, 81));
	assert_int_equal(s.summary.used_edges, 3);
	assert_int_equal(db->rules[DIRECTION_INGRESS][0].peers[0].wider, WIDER_INCLUDED);
	assert_false(said(&s, "StatefulSet/db in shop", "mid-stream"));
	shop_close(&s);
}

/* No label picks them, so it is all pods of the namespace. */
static void test_included_peer_without_labels(void **state)
{
	const struct policy_peer *peer;
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	talk(&s, "10.1.0.6", s.bare, "10.1.0.3", s.db, (struct scene_edge){.port = 5432});
	talk(&s, "10.1.0.6", s.bare, "10.1.0.4", s.job, (struct scene_edge){.port = 5432});
	s.request.include = 1u << LEFT_UNLABELLED;
	compile(&s);
	assert_int_equal(get(&s, "db-netpol")->rule_count[DIRECTION_INGRESS], 1);
	peer = get(&s, "db-netpol")->rules[DIRECTION_INGRESS][0].peers;
	assert_int_equal(peer->kind, PEER_PODS);
	assert_int_equal(peer->selector.count, 0);
	assert_string_equal(peer->namespace, "");
	assert_int_equal(peer->wider, WIDER_INCLUDED | WIDER_ALL_OF);
	assert_non_null(find(&s, "lab", "job-netpol"));
	peer = find(&s, "lab", "job-netpol")->rules[DIRECTION_INGRESS][0].peers;
	assert_string_equal(peer->namespace, "shop");
	shop_close(&s);
}

/* ---- directions ---- */

static void test_one_direction(void **state)
{
	const struct policy *policy;
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	web_to_db(&s, (struct scene_edge){.port = 5432});
	talk(&s, "10.1.0.1", s.web0, "203.0.113.9", 0, (struct scene_edge){.port = 443});
	s.request.directions[DIRECTION_EGRESS] = false;
	compile(&s);
	policy = get(&s, "db-netpol");
	assert_true(policy->isolates[DIRECTION_INGRESS]);
	assert_false(policy->isolates[DIRECTION_EGRESS]);
	assert_int_equal(policy->rule_count[DIRECTION_EGRESS], 0);
	/* It did something, so it may be isolated from those who never came. */
	assert_int_equal(get(&s, "web-netpol")->rule_count[DIRECTION_INGRESS], 0);
	assert_int_equal(s.summary.used_edges, 1);
	assert_int_equal(s.summary.left_edges[LEFT_DIRECTION], 1);
	shop_close(&s);
}

static void test_partial(void **state)
{
	static const char more[] = WEB0 WEB1 WEB2 DB POD("shop", "web-3", "n2", "10.2.0.2",
							 "StatefulSet", "web", "app: web", "");
	struct coverage_node here[] = {{.name = "n1"}};
	const struct coverage coverage = {here, 1};
	struct shop s;

	(void)state;
	shop_open(&s, more);
	web_to_db(&s, (struct scene_edge){.port = 5432});
	s.request.coverage = &coverage;
	compile(&s);
	assert_null(get(&s, "db-netpol")->partial[DIRECTION_INGRESS]);
	assert_string_equal(get(&s, "web-netpol")->partial[DIRECTION_INGRESS],
			    "2 of 4 pods are on nodes without a record here (n2)");
	assert_string_equal(get(&s, "web-netpol")->partial[DIRECTION_EGRESS],
			    "2 of 4 pods are on nodes without a record here (n2)");
	assert_true(get(&s, "web-netpol")->isolates[DIRECTION_EGRESS]);
	assert_true(said(&s, "StatefulSet/web in shop", "its policy is partial: 2 of 4 pods"));
	assert_false(said(&s, "StatefulSet/db in shop", "partial"));
	here[0].hidden = "connections to services";
	compile(&s);
	assert_string_equal(get(&s, "db-netpol")->partial[DIRECTION_INGRESS],
			    "hidden on n1: connections to services");
	shop_close(&s);
}

static void test_a_record_that_ended_early_is_partial(void **state)
{
	const int64_t hour = 3600 * 1000;
	struct coverage_node here[] = {{.name = "n1", .until = 40 * hour},
				       {.name = "n2", .until = 38 * hour}};
	const struct coverage coverage = {here, 2};
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	web_to_db(&s, (struct scene_edge){.port = 5432});
	s.request.coverage = &coverage;
	compile(&s);
	assert_null(get(&s, "web-netpol")->partial[DIRECTION_INGRESS]);
	here[1].until--;
	compile(&s);
	assert_string_equal(get(&s, "web-netpol")->partial[DIRECTION_INGRESS],
			    "1 of 3 pods is on nodes whose record ended before the others (n2)");
	assert_null(get(&s, "db-netpol")->partial[DIRECTION_INGRESS]);
	/* Of a short time it is an hour. */
	here[0].until = hour;
	here[1].until = 0;
	compile(&s);
	assert_null(get(&s, "web-netpol")->partial[DIRECTION_INGRESS]);
	here[0].until++;
	compile(&s);
	assert_non_null(get(&s, "web-netpol")->partial[DIRECTION_INGRESS]);
	shop_close(&s);
}

static void test_partial_withheld(void **state)
{
	struct coverage_node here[] = {{.name = "n1"}};
	const struct coverage coverage = {here, 1};
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	web_to_db(&s, (struct scene_edge){.port = 5432});
	talk(&s, "10.1.0.1", s.web0, "203.0.113.9", 0, (struct scene_edge){.port = 443});
	s.request.coverage = &coverage;
	s.request.withhold_partial = true;
	compile(&s);
	assert_null(find(&s, "shop", "web-netpol"));
	assert_non_null(find(&s, "shop", "db-netpol"));
	assert_true(said(&s, "StatefulSet/web in shop", "no policy, as it would be partial: 1 of"));
	assert_int_equal(s.summary.left_edges[LEFT_PARTIAL], 1);
	assert_int_equal(s.summary.used_edges, 1);
	shop_close(&s);
}

/* A pod that has ended, or that no node has yet, hides nothing. */
static void test_finished_pods_are_not_missed(void **state)
{
	static const char with_finished[] = WEB0 WEB1 DB
	    "---\n{kind: Pod, metadata: {namespace: shop, name: web-9, uid: u9, labels: {app: "
	    "web}, "
	    "ownerReferences: [{kind: StatefulSet, name: web, controller: true}]}, spec: "
	    "{nodeName: n2}, status: {phase: Succeeded}}\n"
	    "---\n{kind: Pod, metadata: {namespace: shop, name: web-8, uid: u8, labels: {app: "
	    "web}, "
	    "ownerReferences: [{kind: StatefulSet, name: web, controller: true}]}, spec: {}, "
	    "status: {phase: Pending}}\n";
	struct coverage_node here[] = {{.name = "n1"}};
	const struct coverage coverage = {here, 1};
	struct shop s;

	(void)state;
	shop_open(&s, with_finished);
	web_to_db(&s, (struct scene_edge){.port = 5432});
	s.request.coverage = &coverage;
	compile(&s);
	assert_null(get(&s, "web-netpol")->partial[DIRECTION_EGRESS]);
	shop_close(&s);
}

/* ---- readiness ---- */

/* All are ready but those named, of which there is one at most. */
static struct readinesses states_of(const struct graph *graph, struct readiness *items,
				    const char *name, enum readiness_state other)
{
	for (size_t i = 0; i < graph->workload_count; i++) {
		bool is_named = strcmp(graph->workloads[i].name, name) == 0;

		items[i] =
		    (struct readiness){.state = is_named ? other : READINESS_READY, .reason = ""};
	}
	return (struct readinesses){.items = items, .count = graph->workload_count};
}

static void test_ready_only(void **state)
{
	struct readiness items[16];
	struct readinesses readinesses;
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	web_to_db(&s, (struct scene_edge){.port = 5432});
	talk(&s, "10.1.0.1", s.web0, "203.0.113.9", 0, (struct scene_edge){.port = 443});
	scene_build(&s.scene, 0);
	readinesses = states_of(s.scene.graph, items, "web", READINESS_SETTLING);
	s.request.readinesses = &readinesses;
	compile(&s);
	assert_int_equal(get(&s, "web-netpol")->readiness->state, READINESS_SETTLING);
	assert_int_equal(get(&s, "db-netpol")->readiness->state, READINESS_READY);
	s.request.ready_only = true;
	compile(&s);
	assert_null(find(&s, "shop", "web-netpol"));
	assert_non_null(find(&s, "shop", "db-netpol"));
	assert_true(said(&s, "--ready-only",
			 "1 workload gets no policy yet: 0 learning, 1 settling; netpol-report "
			 "status --workloads shows why"));
	assert_int_equal(s.summary.left_edges[LEFT_NOT_READY], 1);
	shop_close(&s);
}

/* Of workloads that are one subject the one that is known least decides. */
static void test_least_ready_of_a_group(void **state)
{
	static const char twins[] =
	    WEB0 DB POD("shop", "twin-0", "n1", "10.1.0.2", "StatefulSet", "twin", "app: web", "");
	struct readiness items[16];
	struct readinesses readinesses;
	struct shop s;

	(void)state;
	shop_open(&s, twins);
	web_to_db(&s, (struct scene_edge){.port = 5432});
	scene_build(&s.scene, 0);
	readinesses = states_of(s.scene.graph, items, "web", READINESS_LEARNING);
	s.request.readinesses = &readinesses;
	compile(&s);
	assert_int_equal(get(&s, "twin-netpol")->readiness->state, READINESS_LEARNING);
	assert_string_equal(get(&s, "twin-netpol")->least_ready->name, "web");
	assert_null(get(&s, "db-netpol")->least_ready);
	/* Below what is learning is what nobody observed. */
	for (size_t i = 0; i < s.scene.graph->workload_count; i++) {
		items[i].state = READINESS_LEARNING;
		if (strcmp(s.scene.graph->workloads[i].name, "web") == 0)
			items[i].since = INT64_MIN;
	}
	compile(&s);
	assert_string_equal(get(&s, "twin-netpol")->least_ready->name, "web");
	for (size_t i = 0; i < s.scene.graph->workload_count; i++)
		items[i].since = 0;
	compile(&s);
	assert_string_equal(get(&s, "twin-netpol")->least_ready->name, "twin");
	shop_close(&s);
}

/* ---- names ---- */

/* What tells of a pod without an owner may be gone tomorrow. */
static void test_named_after_who_stays(void **state)
{
	static const char dead[] =
	    "---\n{kind: Pod, metadata: {namespace: shop, name: db-0, uid: uid-db-0, labels: {app: "
	    "web}}, spec: {nodeName: n1}, status: {phase: Running, podIP: 10.1.0.3}}\n" WEB0;
	struct shop s;

	(void)state;
	shop_open(&s, dead);
	web_to_db(&s, (struct scene_edge){.port = 5432});
	compile(&s);
	assert_int_equal(s.set->count, 1);
	assert_string_equal(get(&s, "web-netpol")->workload->kind, "StatefulSet");
	assert_string_equal(get(&s, "web-netpol")->subject,
			    "StatefulSet/web, Pod/db-0 (no label tells them apart)");
	shop_close(&s);
}

/* Neither a policy's nor a peer's. */
static void test_namespace_that_is_none(void **state)
{
	static const char *const names[] = {
	    "../evil",
	    "Shop",
	    "a b",
	    "-a",
	    "a-",
	    "a.b",
	    "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char inventory[2048], subject[128];
		struct shop s;
		uint32_t pod;

		snprintf(inventory, sizeof(inventory),
			 DB "---\n{kind: Pod, metadata: {namespace: \"%s\", name: x-0, uid: uid-x, "
			    "labels: {app: x}}, spec: {nodeName: n1}, status: {phase: Running, "
			    "podIP: 10.1.0.8}}\n",
			 names[i]);
		shop_open(&s, inventory);
		pod = add_pod(&s, "n1", names[i], "x-0", "uid-x", "10.1.0.8");
		talk(&s, "10.1.0.8", pod, "10.1.0.3", s.db, (struct scene_edge){.port = 5432});
		talk(&s, "10.1.0.8", pod, "203.0.113.9", 0, (struct scene_edge){.port = 443});
		talk(&s, "203.0.113.9", 0, "10.1.0.3", s.db, (struct scene_edge){.port = 80});
		s.request.include = ~0u;
		s.request.default_deny = true;
		compile(&s);
		assert_int_equal(s.set->count, 2);
		for (size_t j = 0; j < s.set->count; j++)
			assert_string_equal(s.set->policies[j].namespace, "shop");
		assert_false(allows(get(&s, "db-netpol"), DIRECTION_INGRESS, 5432));
		assert_int_equal(s.summary.left_edges[LEFT_CONTRADICTED], 1);
		snprintf(subject, sizeof(subject), "Pod/x-0 in %s", names[i]);
		assert_true(said(&s, subject, "no cluster can have a namespace of that name"));
		assert_true(said(&s, "StatefulSet/db in shop",
				 "ingress from pods of namespaces that no cluster can have"));
		shop_close(&s);
	}
}

/* ---- policies that isolate pods of others ---- */

/* What picks web picks cron, too. */
#define PICKER                                                                                     \
	POD("shop", "web-0", "n1", "10.1.0.1", "StatefulSet", "web", "app: shop", "")              \
	"---\n{apiVersion: apps/v1, kind: StatefulSet, metadata: {namespace: shop, name: web, "    \
	"uid: "                                                                                    \
	"uid-web}, spec: {selector: {matchLabels: {app: shop}}}}\n"
#define PICKED                                                                                     \
	POD("shop", "web-1", "n1", "10.1.0.2", "StatefulSet", "cron", "app: shop, tier: cron", "") \
	"---\n{apiVersion: apps/v1, kind: StatefulSet, metadata: {namespace: shop, name: cron, "   \
	"uid: "                                                                                    \
	"uid-cron}, spec: {selector: {matchLabels: {app: shop, tier: cron}}}}\n"

/* web, which picks cron, is seen with the database; cron with three outside. */
static void picked_open(struct shop *s)
{
	static const char *const outside[] = {"203.0.113.9", "198.51.100.7", "192.0.2.5"};

	shop_open(s, PICKER PICKED DB);
	web_to_db(s, (struct scene_edge){.port = 5432});
	for (size_t i = 0; i < 3; i++)
		talk(s, "10.1.0.2", s->web1, outside[i], 0, (struct scene_edge){.port = 443});
}

static void test_beyond_limit_is_not_enforced_by_others(void **state)
{
	struct shop s;

	(void)state;
	picked_open(&s);
	s.request.block_threshold = 1;
	s.request.max_blocks = 2;
	compile(&s);
	assert_false(get(&s, "cron-netpol")->isolates[DIRECTION_EGRESS]);
	assert_false(get(&s, "web-netpol")->isolates[DIRECTION_EGRESS]);
	assert_true(get(&s, "web-netpol")->isolates[DIRECTION_INGRESS]);
	assert_true(said(&s, "StatefulSet/web in shop",
			 "egress is withheld: its labels also pick pods of StatefulSet/cron, whose "
			 "egress is withheld (beyond-limit)"));
	assert_string_equal(
	    get(&s, "web-netpol")->withheld[DIRECTION_EGRESS],
	    "its labels pick pods of StatefulSet/cron, too, of whose policy it is withheld: one of "
	    "its ports needs more blocks outside of the cluster than --max-blocks 2");
	/* The database's policy has it. */
	assert_int_equal(s.summary.used_edges, 1);
	shop_close(&s);
}

static void test_unready_is_not_enforced_by_others(void **state)
{
	struct readiness items[16];
	struct readinesses readinesses;
	struct shop s;

	(void)state;
	picked_open(&s);
	scene_build(&s.scene, 0);
	readinesses = states_of(s.scene.graph, items, "cron", READINESS_LEARNING);
	s.request.readinesses = &readinesses;
	s.request.ready_only = true;
	compile(&s);
	assert_int_equal(s.set->count, 1);
	assert_non_null(get(&s, "db-netpol"));
	assert_true(said(&s, "StatefulSet/web in shop", "pods of StatefulSet/cron"));
	/* web itself is ready. */
	assert_true(said(&s, "--ready-only", "1 workload gets no policy yet: 1 learning"));
	shop_close(&s);
}

/* Who is not asked for gets no policy, but is spoken for. */
static void test_held_pods_of_those_not_asked_for(void **state)
{
	struct shop s;

	(void)state;
	picked_open(&s);
	s.request.filter = (struct policy_filter){.workload_name = "web"};
	compile(&s);
	assert_int_equal(s.set->count, 1);
	assert_true(get(&s, "web-netpol")->isolates[DIRECTION_EGRESS]);
	assert_true(allows(get(&s, "web-netpol"), DIRECTION_EGRESS, 443));
	shop_close(&s);
}

/* Of two that pick the pod one gets no policy, as nothing was seen of it. */
static void test_second_holder(void **state)
{
	static const char two[] = POD("shop", "db-0", "n1", "10.1.0.3", "StatefulSet", "able",
				      "team: blue", "")
	    PICKER POD(
		"shop", "web-1", "n1", "10.1.0.2", "DaemonSet", "cron", "app: shop, team: blue",
		"") "---\n{apiVersion: apps/v1, kind: StatefulSet, metadata: {namespace: shop, "
		    "name: able, "
		    "uid: uid-able}, spec: {selector: {matchLabels: {team: blue}}}}\n"
		    "---\n{apiVersion: apps/v1, kind: DaemonSet, metadata: {namespace: shop, name: "
		    "cron, "
		    "uid: uid-cron}, spec: {selector: {matchLabels: {app: shop, team: blue}}}}\n";
	struct shop s;

	(void)state;
	for (int i = 0; i < 2; i++) {
		shop_open(&s, two);
		/* The other is seen. */
		if (i == 0)
			talk(&s, "10.1.0.1", s.web0, "203.0.113.9", 0,
			     (struct scene_edge){.port = 80});
		else
			talk(&s, "10.1.0.3", s.db, "203.0.113.9", 0,
			     (struct scene_edge){.port = 80});
		talk(&s, "10.1.0.2", s.web1, "203.0.113.9", 0, (struct scene_edge){.port = 443});
		s.request.filter = (struct policy_filter){.workload_kind = "StatefulSet"};
		compile(&s);
		assert_int_equal(s.set->count, 1);
		assert_true(
		    allows(get(&s, i == 0 ? "web-netpol" : "able-netpol"), DIRECTION_EGRESS, 443));
		assert_int_equal(s.summary.left_edges[LEFT_NO_POLICY], 0);
		shop_close(&s);
	}
}

/* ---- default deny ---- */

static void test_default_deny(void **state)
{
	const struct policy *policy;
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	web_to_db(&s, (struct scene_edge){.port = 5432});
	s.request.default_deny = true;
	s.request.directions[DIRECTION_INGRESS] = false;
	compile(&s);
	assert_int_equal(s.set->count, 3);
	assert_string_equal(s.set->policies[0].name, "db-netpol");
	assert_string_equal(s.set->policies[1].name, "web-netpol");
	policy = &s.set->policies[2];
	assert_string_equal(policy->name, "default-deny");
	assert_string_equal(policy->namespace, "shop");
	assert_string_equal(policy->subject, "all pods");
	assert_null(policy->workload);
	assert_int_equal(policy->selector.count, 0);
	assert_false(policy->isolates[DIRECTION_INGRESS]);
	assert_true(policy->isolates[DIRECTION_EGRESS]);
	assert_int_equal(policy->rule_count[DIRECTION_EGRESS], 0);
	/* In lab nobody has one. */
	assert_null(find(&s, "lab", "default-deny"));
	assert_true(said(&s, "namespace shop",
			 "default-deny cuts off those without a policy, from DNS as well: "
			 "DaemonSet/bare"));
	assert_false(said(&s, "namespace shop", "agent"));
	add_pod(&s, "n1", "shop", "stranger", "", "10.1.0.9");
	s.request.filter =
	    (struct policy_filter){.workload_kind = "StatefulSet", .workload_name = "web"};
	compile(&s);
	assert_int_equal(s.set->count, 2);
	assert_true(said(&s, "namespace shop", ": DaemonSet/bare, StatefulSet/db, Pod/stranger"));
	shop_close(&s);
}

/* A direction that a policy leaves open is not closed by this one. */
/* Refuses those whose name is among the names. */
static struct policy_refused refuse(struct shop *s, const char *names)
{
	struct compiler *compiler = NULL;
	struct policy_refused refused;
	struct policy policy;

	problems_clear(&s->scene.problems);
	assert_int_equal(compiler_new(s->scene.graph, &s->request, &s->scene.problems, &compiler),
			 0);
	while (compiler_next(compiler, &policy) > 0) {
		if (strstr(names, policy.name))
			compiler_refuse(compiler);
		policy_clear(&policy);
	}
	assert_int_equal(compiler_refused(compiler, &refused), 0);
	compiler_free(compiler);
	return refused;
}

static void test_refused(void **state)
{
	struct policy_refused refused;
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	web_to_db(&s, (struct scene_edge){.port = 5432});
	s.request.default_deny = true;
	compile(&s);
	refused = refuse(&s, "");
	assert_int_equal(refused.policies, 0);
	assert_int_equal(refused.given, 2);
	assert_int_equal(refused.edges, 0);
	/* What the other end's policy allows is allowed. */
	refused = refuse(&s, "web-netpol");
	assert_int_equal(refused.policies, 1);
	assert_int_equal(refused.edges, 0);
	assert_true(said(&s, "namespace shop", "default-deny cuts off"));
	refused = refuse(&s, "web-netpol db-netpol default-deny");
	assert_int_equal(refused.policies, 2);
	assert_int_equal(refused.given, 2);
	assert_int_equal(refused.edges, 1);
	assert_int_equal(refused.connections, s.summary.used_connections);
	assert_false(said(&s, "namespace shop", "default-deny cuts off"));
	shop_close(&s);
}

static void test_default_deny_of_a_withheld_direction(void **state)
{
	static const char *const outside[] = {"203.0.113.9", "198.51.100.7", "192.0.2.5"};
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	web_to_db(&s, (struct scene_edge){.port = 5432});
	for (size_t i = 0; i < 3; i++)
		talk(&s, "10.1.0.1", s.web0, outside[i], 0, (struct scene_edge){.port = 443});
	s.request.block_threshold = 1;
	s.request.max_blocks = 2;
	s.request.default_deny = true;
	compile(&s);
	assert_false(get(&s, "web-netpol")->isolates[DIRECTION_EGRESS]);
	assert_true(get(&s, "web-netpol")->isolates[DIRECTION_INGRESS]);
	assert_false(get(&s, "default-deny")->isolates[DIRECTION_EGRESS]);
	assert_true(get(&s, "default-deny")->isolates[DIRECTION_INGRESS]);
	assert_true(
	    said(&s, "namespace shop",
		 "default-deny leaves egress open, for it is withheld from the policies of: "
		 "StatefulSet/web"));
	assert_string_equal(
	    get(&s, "web-netpol")->withheld[DIRECTION_EGRESS],
	    "one of its ports needs more blocks outside of the cluster than --max-blocks 2");
	assert_null(get(&s, "web-netpol")->withheld[DIRECTION_INGRESS]);
	assert_string_equal(get(&s, "default-deny")->withheld[DIRECTION_EGRESS],
			    "it is withheld from a policy of the namespace");
	assert_null(get(&s, "default-deny")->withheld[DIRECTION_INGRESS]);
	assert_null(get(&s, "db-netpol")->withheld[DIRECTION_EGRESS]);
	assert_int_equal(s.summary.left_edges[LEFT_BEYOND_LIMIT], 3);
	assert_int_equal(s.summary.used_edges, 1);
	s.request.directions[DIRECTION_INGRESS] = false;
	compile(&s);
	assert_null(find(&s, "shop", "web-netpol"));
	assert_null(find(&s, "shop", "default-deny"));
	assert_true(said(&s, "StatefulSet/web in shop",
			 "no policy: all directions that were asked for are withheld"));
	shop_close(&s);
}

/* However many gaps there were. */
static void test_what_policies_miss_is_never_pushed_out(void **state)
{
	static const char *const outside[] = {"203.0.113.9", "198.51.100.7", "192.0.2.5"};
	struct coverage_node here[] = {{.name = "n1"}};
	const struct coverage coverage = {here, 1};
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	web_to_db(&s, (struct scene_edge){.port = 5432});
	for (size_t i = 0; i < 3; i++)
		talk(&s, "10.1.0.3", s.db, outside[i], 0, (struct scene_edge){.port = 443});
	s.request.block_threshold = 1;
	s.request.max_blocks = 2;
	s.request.coverage = &coverage;
	s.full = true;
	compile(&s);
	assert_true(said(&s, "StatefulSet/web in shop", "its policy is partial"));
	assert_true(said(&s, "StatefulSet/db in shop", "egress is withheld: TCP 443"));
	s.request.withhold_partial = true;
	compile(&s);
	assert_true(said(&s, "StatefulSet/web in shop", "no policy, as it would be partial"));
	shop_close(&s);
}

/* A direction that nobody asked for is no direction that is missing. */
static void test_other_directions_are_not_withheld(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	web_to_db(&s, (struct scene_edge){.port = 5432});
	s.request.directions[DIRECTION_EGRESS] = false;
	s.request.default_deny = true;
	compile(&s);
	assert_false(get(&s, "db-netpol")->isolates[DIRECTION_EGRESS]);
	assert_null(get(&s, "db-netpol")->withheld[DIRECTION_EGRESS]);
	assert_null(get(&s, "default-deny")->withheld[DIRECTION_EGRESS]);
	shop_close(&s);
}

/* "default" gives "default-netpol", never the other. */
static void test_default_deny_has_its_name_alone(void **state)
{
	static const char named[] = POD("shop", "web-0", "n1", "10.1.0.1", "StatefulSet",
					"default-deny", "app: web", "") DB;
	struct shop s;

	(void)state;
	shop_open(&s, named);
	web_to_db(&s, (struct scene_edge){.port = 5432});
	s.request.default_deny = true;
	compile(&s);
	assert_int_equal(s.set->count, 3);
	assert_null(get(&s, "default-deny")->workload);
	assert_non_null(get(&s, "default-deny-netpol")->workload);
	shop_close(&s);
}

/* ---- who gets none ---- */

/* Who asks for it is told why, whether it was seen or not. */
static void test_host_network(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	web_to_db(&s, (struct scene_edge){.port = 5432});
	compile(&s);
	assert_false(said(&s, "DaemonSet/agent in shop", "no policy"));
	s.request.filter =
	    (struct policy_filter){.workload_kind = "DaemonSet", .workload_name = "agent"};
	compile(&s);
	assert_int_equal(s.set->count, 0);
	assert_int_equal(s.scene.problems.count, 1);
	assert_true(said(&s, "DaemonSet/agent in shop",
			 "no policy: its pods use their node's network, where NetworkPolicy does "
			 "not reach"));
	shop_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_verdicts),
	    cmocka_unit_test(test_two_reasons),
	    cmocka_unit_test(test_names_of_reasons),
	    cmocka_unit_test(test_each_edge_has_one_fate),
	    cmocka_unit_test(test_filter_bounds_what_is_counted),
	    cmocka_unit_test(test_two_records_are_one_edge),
	    cmocka_unit_test(test_two_records_are_one_problem),
	    cmocka_unit_test(test_minimum_is_of_the_peer_and_port),
	    cmocka_unit_test(test_minimum_spares_resolvers),
	    cmocka_unit_test(test_included_evidence),
	    cmocka_unit_test(test_included_peer_without_labels),
	    cmocka_unit_test(test_one_direction),
	    cmocka_unit_test(test_partial),
	    cmocka_unit_test(test_a_record_that_ended_early_is_partial),
	    cmocka_unit_test(test_partial_withheld),
	    cmocka_unit_test(test_finished_pods_are_not_missed),
	    cmocka_unit_test(test_ready_only),
	    cmocka_unit_test(test_least_ready_of_a_group),
	    cmocka_unit_test(test_named_after_who_stays),
	    cmocka_unit_test(test_namespace_that_is_none),
	    cmocka_unit_test(test_beyond_limit_is_not_enforced_by_others),
	    cmocka_unit_test(test_unready_is_not_enforced_by_others),
	    cmocka_unit_test(test_held_pods_of_those_not_asked_for),
	    cmocka_unit_test(test_second_holder),
	    cmocka_unit_test(test_default_deny),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_default_deny_of_a_withheld_direction),
	    cmocka_unit_test(test_what_policies_miss_is_never_pushed_out),
	    cmocka_unit_test(test_other_directions_are_not_withheld),
	    cmocka_unit_test(test_default_deny_has_its_name_alone),
	    cmocka_unit_test(test_host_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
