/* What two sets of policies allow, compared. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "policy/diff_join.h"

#define PODS_MAX 16

/* A pod of a namespace that has the label "name" with its own name. */
struct given_pod {
	const char *namespace, *kind, *owner, *name; /* name "": what a workload makes */
	const char *labels;                          /* "app=web,tier=front" */
	int http;                                    /* its port of that name; 0: it has none */
	bool ports_unknown;
};

struct given_set {
	struct problems problems;
	struct manifest *manifest;
	struct scene scene;
	struct scene_namespace namespaces[PODS_MAX];
	struct scene_pod pods[PODS_MAX];
	struct scene_port ports[PODS_MAX];
	struct labels labels[PODS_MAX];
	struct scene_owner owners[PODS_MAX];
	struct evaluator *evaluator;
};

struct fixture {
	struct given_set sides[DIFF_SIDES];
	struct diff *diff;
};

static void set_labels(const char *text, struct labels *labels)
{
	char *copy = strdup(text), *save, *word;

	assert_non_null(copy);
	for (word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		char *equals = strchr(word, '=');

		assert_non_null(equals);
		*equals = '\0';
		assert_int_equal(labels_set(labels, word, equals + 1), 0);
	}
	free(copy);
}

static size_t namespace_of(struct given_set *side, const char *name)
{
	size_t i = 0;

	while (i < side->scene.namespace_count && strcmp(side->namespaces[i].name, name) != 0)
		i++;
	if (i == side->scene.namespace_count)
		side->namespaces[side->scene.namespace_count++].name = name;
	return i;
}

static void add_pod(struct given_set *side, const struct given_pod *given)
{
	size_t i = side->scene.pod_count++;

	assert_true(i < PODS_MAX);
	set_labels(given->labels, &side->labels[i]);
	side->ports[i] = (struct scene_port){"http", IPPROTO_TCP, (uint16_t)given->http};
	side->pods[i] = (struct scene_pod){.namespace = namespace_of(side, given->namespace),
					   .labels = &side->labels[i],
					   .ports = &side->ports[i],
					   .port_count = given->http != 0,
					   .ports_known = !given->ports_unknown,
					   .node = SCENE_NONE};
	side->owners[i] =
	    (struct scene_owner){given->namespace, given->kind, given->owner, given->name};
}

/* policies: YAML. Pods end with one without a namespace. */
static void begin_side(struct given_set *side, const char *policies, const struct given_pod *pods)
{
	struct document *document;

	side->manifest = manifest_new();
	assert_non_null(side->manifest);
	assert_int_equal(
	    document_parse(policies, strlen(policies), "policies", &side->problems, &document), 0);
	assert_int_equal(manifest_add(side->manifest, document, &side->problems), 0);
	assert_int_equal(side->problems.errors, 0);
	document_free(document);
	assert_int_equal(manifest_finish(side->manifest, &side->problems), 0);
	side->scene = (struct scene){.namespaces = side->namespaces, .pods = side->pods};
	for (; pods->namespace; pods++)
		add_pod(side, pods);
	assert_int_equal(evaluator_new(side->manifest->policies, side->manifest->policy_count,
				       &side->scene, (struct evaluator_options){0},
				       &side->evaluator),
			 0);
}

static void end_side(struct given_set *side)
{
	evaluator_free(side->evaluator);
	manifest_free(side->manifest);
	for (size_t i = 0; i < side->scene.pod_count; i++)
		labels_clear(&side->labels[i]);
	problems_clear(&side->problems);
}

static struct fixture *compare(const char *old, const struct given_pod *old_pods, const char *new,
			       const struct given_pod *new_pods)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct diff_set sets[DIFF_SIDES];

	assert_non_null(fixture);
	begin_side(&fixture->sides[DIFF_OLD], old, old_pods);
	begin_side(&fixture->sides[DIFF_NEW], new, new_pods);
	for (int side = 0; side < DIFF_SIDES; side++)
		sets[side] =
		    (struct diff_set){fixture->sides[side].evaluator, &fixture->sides[side].scene,
				      fixture->sides[side].owners};
	assert_int_equal(diff_build(sets, &fixture->diff), 0);
	return fixture;
}

static void end(struct fixture *fixture)
{
	diff_free(fixture->diff);
	end_side(&fixture->sides[DIFF_OLD]);
	end_side(&fixture->sides[DIFF_NEW]);
	free(fixture);
}

static void put_ports(const struct port_set *set, char *text, size_t size)
{
	char range[PORT_SET_RANGE_TEXT_MAX];

	text[0] = '\0';
	if (port_set_is_all(set)) {
		snprintf(text, size, "all");
		return;
	}
	for (size_t i = 0; i < set->count; i++) {
		size_t length = strlen(text);

		snprintf(text + length, size - length, "%s%s", i > 0 ? "," : "",
			 port_range_format(set->items[i], range));
	}
}

/* Changes end with NULL: "- FROM TO ALLOWS ?UNKNOWN". */
static void expect(const struct diff *diff, const char *const *changes)
{
	char text[500], allows[100], unknown[100];

	for (size_t i = 0; i < diff->change_count; i++) {
		const struct diff_change *change = &diff->changes[i];

		put_ports(&diff_ports_of(diff, change)->allows, allows, sizeof(allows));
		put_ports(&diff_ports_of(diff, change)->unknown, unknown, sizeof(unknown));
		snprintf(text, sizeof(text), "%c %s %s %s%s%s",
			 change->side == DIFF_NEW ? '+' : '-', diff->rows[change->from].text,
			 diff->rows[change->to].text, allows, unknown[0] ? "?" : "", unknown);
		if (!changes[i])
			fail_msg("not expected: %s", text);
		assert_string_equal(text, changes[i]);
	}
	if (changes[diff->change_count])
		fail_msg("missing: %s", changes[diff->change_count]);
}

#define EXPECT(diff, ...) expect(diff, (const char *const[]){__VA_ARGS__, NULL})

#define POLICY(name)                                                                               \
	"---\nkind: NetworkPolicy\napiVersion: networking.k8s.io/v1\n"                             \
	"metadata: {namespace: shop, name: " name "}\nspec: "
#define WEB                                                                                        \
	{                                                                                          \
		"shop", "Deployment", "web", "web-1", "app=web", 8080, false                       \
	}
#define DB                                                                                         \
	{                                                                                          \
		"shop", "StatefulSet", "db", "db-0", "app=db,nr=0", 0, false                       \
	}
#define DB_1                                                                                       \
	{                                                                                          \
		"shop", "StatefulSet", "db", "db-1", "app=db,nr=1", 0, false                       \
	}
#define IPV4 "0.0.0.0-255.255.255.255"
#define IPV6 "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"

static const struct given_pod web_and_db[] = {WEB, DB, {0}};

static void test_text_does_not_matter(void **state)
{
	struct fixture *fixture = compare(
	    POLICY("a") "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: "
			"{matchLabels: {app: web}}}], ports: [{port: 80, endPort: 82}]}]}\n",
	    web_and_db,
	    POLICY("b") "{podSelector: {matchExpressions: [{key: app, operator: In, values: "
			"[db]}]}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], "
			"ports: [{port: 82}, {port: 80}]}, {from: [{podSelector: {matchLabels: "
			"{app: web}}}], ports: [{port: 81}]}]}\n",
	    web_and_db);

	(void)state;
	assert_int_equal(fixture->diff->change_count, 0);
	/* web to db; db to web; both to all of IPv4 and IPv6, and these to web. */
	assert_int_equal(fixture->diff->unchanged, 8);
	end(fixture);
}

static void test_ports(void **state)
{
	struct fixture *fixture = compare(
	    POLICY("a") "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: "
			"{}}], ports: [{port: 5432}, {port: 80}]}]}\n",
	    web_and_db,
	    POLICY("a") "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: "
			"{}}], ports: [{port: 5433}, {port: 80}]}]}\n",
	    web_and_db);

	(void)state;
	EXPECT(fixture->diff, "- shop/web[Deployment] shop/db[StatefulSet] TCP 5432",
	       "+ shop/web[Deployment] shop/db[StatefulSet] TCP 5433");
	assert_int_equal(fixture->diff->unchanged, 8);
	end(fixture);
}

static void test_ranges(void **state)
{
	static const struct given_pod db[] = {DB, {0}};
	struct fixture *fixture =
	    compare(POLICY("a") "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: "
				"10.0.0.0/8, except: [10.1.0.0/16]}}]}]}\n",
		    db,
		    POLICY("a") "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: "
				"10.0.0.0/9}}]}]}\n",
		    db);

	(void)state;
	EXPECT(fixture->diff, "+ 10.1.0.0-10.1.255.255 shop/db[StatefulSet] all",
	       "- 10.128.0.0-10.255.255.255 shop/db[StatefulSet] all");
	assert_int_equal(diff_find_address(fixture->diff, (struct addr){4, {10, 1, 2, 3}}),
			 fixture->diff->changes[0].from);
	assert_int_equal(diff_find_address(fixture->diff, (struct addr){0}), DIFF_NONE);
	end(fixture);
}

/* "+ FROM TO", one after the other. */
static void expect_lines(const struct diff *diff, const struct diff_weights *weights,
			 const char *expected)
{
	struct diff_lines lines;
	struct buf text = {0};

	assert_int_equal(diff_join(diff, weights, &lines), 0);
	for (size_t i = 0; i < lines.count; i++) {
		buf_puts(&text, lines.items[i].change->side == DIFF_OLD ? "- " : "+ ");
		diff_line_put_from(diff, &lines.items[i], &text);
		buf_puts(&text, " ");
		diff_line_put_to(diff, &lines.items[i], &text);
		buf_puts(&text, "\n");
	}
	assert_string_equal(text.data, expected);
	buf_clear(&text);
	diff_lines_clear(&lines);
}

/* Another policy cuts the addresses; with a record a range that was used stays by itself. */
static void test_neighbours_are_one_line(void **state)
{
	static const struct given_pod pods[] = {WEB, DB, {0}};
	static const char web[] = POLICY("w") "{podSelector: {matchLabels: {app: web}}, ingress: "
					      "[{from: [{ipBlock: {cidr: 10.0.0.0/24}}]}]}\n";
	static const char closed[] =
	    POLICY("d") "{podSelector: {matchLabels: {app: db}}, ingress: []}\n";
	char old[512], new[512];
	struct fixture *fixture;
	struct diff_weight items[PODS_MAX] = {{0}};
	const struct diff_weights weights = {.items = items};
	size_t used;

	(void)state;
	snprintf(old, sizeof(old), "%s%s", web, closed);
	snprintf(new, sizeof(new), "%s", web);
	fixture = compare(old, pods, new, pods);
	assert_in_range(fixture->diff->change_count, 5, PODS_MAX);
	expect_lines(fixture->diff, NULL,
		     "+ shop/web[Deployment] shop/db[StatefulSet]\n"
		     "+ 0.0.0.0-255.255.255.255 shop/db[StatefulSet]\n"
		     "+ ::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff shop/db[StatefulSet]\n");
	used = diff_find_address(fixture->diff, (struct addr){4, {10, 0, 0, 9}});
	for (size_t i = 0; i < fixture->diff->change_count; i++)
		if (fixture->diff->changes[i].from == used)
			items[i].connections = 3;
	expect_lines(fixture->diff, &weights,
		     "+ 10.0.0.0-10.0.0.255 shop/db[StatefulSet]\n"
		     "+ shop/web[Deployment] shop/db[StatefulSet]\n"
		     "+ 0.0.0.0-9.255.255.255 shop/db[StatefulSet]\n"
		     "+ 10.0.1.0-255.255.255.255 shop/db[StatefulSet]\n"
		     "+ ::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff shop/db[StatefulSet]\n");
	end(fixture);
}

static void test_unknown_is_apart(void **state)
{
	static const struct given_pod known[] = {WEB, DB, {0}};
	static const struct given_pod unknown[] = {
	    {"shop", "Deployment", "web", "web-1", "app=web", 0, true}, DB, {0}};
	static const char policy[] =
	    POLICY("a") "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: "
			"{matchLabels: {app: db}}}], ports: [{port: http}]}]}\n";
	struct fixture *fixture = compare(policy, known, policy, unknown);

	(void)state;
	EXPECT(fixture->diff, "- shop/db[StatefulSet] shop/web[Deployment] TCP 8080",
	       "+ shop/db[StatefulSet] shop/web[Deployment] ?TCP 1-65535");
	end(fixture);
}

static void test_workload_of_one_set(void **state)
{
	static const struct given_pod db[] = {DB, {0}};
	static const char policy[] =
	    POLICY("a") "{podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{from: "
			"[{podSelector: {}}], ports: [{port: 80}]}], egress: [{to: [{podSelector: "
			"{}}]}]}\n";
	struct fixture *fixture = compare(policy, web_and_db, policy, db);
	size_t web = diff_find_row(fixture->diff, "shop/web[Deployment]");

	(void)state;
	EXPECT(fixture->diff, "- shop/db[StatefulSet] shop/web[Deployment] TCP 80",
	       "- shop/web[Deployment] shop/db[StatefulSet] TCP 80");
	assert_true(fixture->diff->rows[web].is_in[DIFF_OLD]);
	assert_false(fixture->diff->rows[web].is_in[DIFF_NEW]);
	assert_int_equal(diff_find_pod(fixture->diff, "shop", "web-1"), web);
	assert_int_equal(diff_find_pod(fixture->diff, "shop", "web-2"), DIFF_NONE);
	assert_int_equal(diff_find_row(fixture->diff, "shop/web[Pod]"), DIFF_NONE);
	end(fixture);
}

static void test_replicas_come_and_go(void **state)
{
	static const struct given_pod old[] = {WEB, DB, {0}};
	static const struct given_pod new[] = {
	    {"shop", "Deployment", "web", "web-2", "app=web", 8080, false},
	    {"shop", "Deployment", "web", "web-3", "app=web", 8080, false},
	    DB,
	    {0}};
	static const char policy[] = POLICY("a") "{podSelector: {matchLabels: {app: db}}, ingress: "
						 "[{from: [{podSelector: {}}]}]}\n";
	struct fixture *fixture = compare(policy, old, policy, new);

	(void)state;
	assert_int_equal(fixture->diff->change_count, 0);
	assert_int_equal(fixture->diff->unchanged, 8);
	end(fixture);
}

static void test_pods_that_differ(void **state)
{
	static const struct given_pod pods[] = {WEB, DB, DB_1, {0}};
	struct fixture *fixture = compare(
	    "", pods,
	    POLICY("a") "{podSelector: {matchLabels: {nr: '0'}}, ingress: [{from: [{podSelector: "
			"{matchLabels: {app: web}}}]}]}\n",
	    pods);

	(void)state;
	EXPECT(fixture->diff, "- shop/db-1[Pod] shop/db-0[Pod] all",
	       "- " IPV4 " shop/db-0[Pod] all", "- " IPV6 " shop/db-0[Pod] all");
	assert_int_equal(diff_find_row(fixture->diff, "shop/db[StatefulSet]"), DIFF_NONE);
	end(fixture);
}

static void test_pods_that_are_told_apart_in_vain(void **state)
{
	static const struct given_pod pods[] = {DB, DB_1, {0}};
	static const char old[] =
	    POLICY("a") "{podSelector: {matchLabels: {nr: '0'}}, ingress: []}\n" POLICY(
		"b") "{podSelector: {matchLabels: {nr: '1'}}, ingress: []}\n";
	struct fixture *fixture = compare(
	    old, pods, POLICY("a") "{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}\n",
	    pods);

	(void)state;
	EXPECT(fixture->diff, "+ shop/db[StatefulSet] shop/db[StatefulSet] all");
	assert_int_equal(fixture->diff->unchanged, 2);
	end(fixture);
}

static void test_workload_among_itself(void **state)
{
	static const struct given_pod web[] = {
	    {"shop", "Deployment", "web", "", "app=web", 8080, false}, {0}};
	struct fixture *fixture =
	    compare(POLICY("a") "{podSelector: {}, ingress: [{ports: [{port: 80}]}]}\n", web,
		    POLICY("a") "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}, "
				"{ipBlock: {cidr: '::/0'}}], ports: [{port: 80}]}]}\n",
		    web);

	(void)state;
	EXPECT(fixture->diff, "- shop/web[Deployment] shop/web[Deployment] TCP 80");
	end(fixture);
}

static struct end end_of(const char *namespace, const char *name, const char *address)
{
	struct end end = {.kind = name[0] ? END_POD : END_EXTERNAL,
			  .class = "",
			  .namespace = namespace,
			  .name = name,
			  .uid = "",
			  .node = "",
			  .pod = GRAPH_NONE,
			  .workload = GRAPH_NONE};

	if (address[0])
		assert_int_equal(addr_parse(address, &end.address), 0);
	return end;
}

static struct graph_edge edge_of(const struct end *from, const struct end *to, uint16_t port,
				 int connections, int64_t last_seen)
{
	return (struct graph_edge){.from = from,
				   .to = to,
				   .edge = {.key = {.protocol = IPPROTO_TCP,
						    .has_port = 1,
						    .port = port,
						    .verdict = VERDICT_ANSWERED},
					    .totals = {.connections = connections},
					    .last_seen = last_seen}};
}

static void test_weights(void **state)
{
	static const struct given_pod pods[] = {WEB, DB, {0}};
	struct fixture *fixture = compare(
	    POLICY(
		"a") "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: "
		     "{}}, {ipBlock: {cidr: 10.0.0.0/24}}], ports: [{port: 80}, {port: 81}]}]}\n",
	    pods, POLICY("a") "{podSelector: {matchLabels: {app: db}}, ingress: []}\n", pods);
	struct workload workloads[] = {{.namespace = "shop", .kind = "Deployment", .name = "web"}};
	struct graph_pod graph_pods[] = {
	    {.namespace = "shop", .name = "db-0", .uid = "", .workload = GRAPH_NONE},
	    /* Gone meanwhile: its owner is its row. */
	    {.namespace = "shop", .name = "web-0", .uid = "", .workload = 0},
	    {.namespace = "shop", .name = "other", .uid = "", .workload = GRAPH_NONE}};
	struct end db = end_of("shop", "db-0", ""), web = end_of("shop", "web-0", "");
	struct end other = end_of("shop", "other", "");
	struct end client = end_of("", "", "10.0.0.7"), stranger = end_of("", "", "10.0.1.7");
	struct end folded = end_of("", "", "10.0.0.0");
	struct diff_weights weights;

	(void)state;
	db.pod = 0;
	web.pod = 1;
	other.pod = 2;
	folded.prefix = 23;
	struct graph_edge edges[] = {
	    edge_of(&web, &db, 80, 5, 1000),       edge_of(&web, &db, 81, 2, 3000),
	    edge_of(&web, &db, 82, 100, 9000),     edge_of(&client, &db, 80, 7, 2000),
	    edge_of(&stranger, &db, 80, 50, 9000), edge_of(&other, &db, 80, 11, 9000),
	    edge_of(&folded, &db, 80, 1, 1500),    edge_of(&db, &web, 80, 60, 9000),
	    edge_of(&web, &db, 80, 3, 4000),       edge_of(&stranger, &db, 81, 4, 5000)};
	struct graph graph = {.workloads = workloads,
			      .workload_count = 1,
			      .pods = graph_pods,
			      .pod_count = 3,
			      .edges = edges,
			      .edge_count = sizeof(edges) / sizeof(edges[0])};

	edges[8].edge.key.verdict = VERDICT_DENIED;
	edges[9].translated = &client;
	EXPECT(fixture->diff, "- shop/web[Deployment] shop/db[StatefulSet] TCP 80-81",
	       "- 10.0.0.0-10.0.0.255 shop/db[StatefulSet] TCP 80-81");
	assert_int_equal(diff_weigh(fixture->diff, &graph, &weights), 0);
	assert_int_equal(weights.items[0].connections, 7);
	assert_int_equal(weights.items[0].denied, 3);
	assert_int_equal(weights.items[0].last_seen, 4000);
	assert_int_equal(weights.items[1].connections, 12);
	assert_int_equal(weights.items[1].denied, 0);
	assert_int_equal(weights.items[1].last_seen, 5000);
	assert_int_equal(weights.unplaced, 11);
	diff_weights_clear(&weights);
	end(fixture);
}

/* ---- against each pair of pods on its own ---- */

static unsigned next_random(uint64_t *random)
{
	*random = *random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*random >> 33);
}

static void put_random_selector(struct buf *buf, uint64_t *random)
{
	switch (next_random(random) % 4) {
	case 0:
		buf_puts(buf, "{}");
		break;
	case 1:
		buf_printf(buf, "{matchLabels: {app: a%u}}", next_random(random) % 2);
		break;
	case 2:
		buf_printf(buf, "{matchLabels: {nr: '%u'}}", next_random(random) % 3);
		break;
	default:
		buf_printf(buf, "{matchExpressions: [{key: nr, operator: NotIn, values: ['%u']}]}",
			   next_random(random) % 3);
		break;
	}
}

static char *random_policies(uint64_t *random)
{
	struct buf buf = {0};
	unsigned count = next_random(random) % 4;

	buf_puts(&buf, "");
	for (unsigned i = 0; i < count; i++) {
		buf_printf(&buf,
			   "---\nkind: NetworkPolicy\napiVersion: networking.k8s.io/v1\nmetadata: "
			   "{namespace: shop, name: p%u}\nspec: {podSelector: ",
			   i);
		put_random_selector(&buf, random);
		buf_puts(&buf, ", ingress: [{from: [{podSelector: ");
		put_random_selector(&buf, random);
		buf_printf(&buf, "}], ports: [{port: %s}]}]}\n",
			   next_random(random) % 2 ? "http" : "80");
	}
	assert_int_equal(buf.error, 0);
	return buf.data;
}

static void random_pods(uint64_t *random, struct given_pod *pods)
{
	static const char *const names[] = {"a0-0", "a0-1", "a0-2", "a1-0", "a1-1", "a1-2"};
	static const char *const owners[] = {"a0", "a1"};
	static const char *const labels[] = {"app=a0,nr=0", "app=a0,nr=1", "app=a0,nr=2",
					     "app=a1,nr=0", "app=a1,nr=1", "app=a1,nr=2"};
	size_t count = 0;

	for (unsigned i = 0; i < 6; i++)
		if (next_random(random) % 4 > 0)
			pods[count++] = (struct given_pod){"shop",
							   "StatefulSet",
							   owners[i / 3],
							   names[i],
							   labels[i],
							   (int)(next_random(random) % 2) * 80,
							   next_random(random) % 5 == 0};
	pods[count] = (struct given_pod){0};
}

/* What one pod may do to the other on that side; -1: one of them is not there. */
static int ask(const struct given_set *side, size_t from, size_t to, struct port_set *sure,
	       struct port_set *possible)
{
	const struct party source = {.kind = PARTY_POD, .index = from};
	const struct party destination = {.kind = PARTY_POD, .index = to};

	return evaluator_pair(side->evaluator, &source, &destination, sure, possible);
}

static void check_change(const struct diff *diff, size_t from, size_t to, enum diff_side side,
			 const struct port_set *allows, const struct port_set *unknown)
{
	const struct diff_change *change = diff_find_change(diff, from, to, side);

	if (!change) {
		assert_int_equal(allows->count, 0);
		assert_int_equal(unknown->count, 0);
		return;
	}
	assert_true(port_set_equal(&diff_ports_of(diff, change)->allows, allows));
	assert_true(port_set_equal(&diff_ports_of(diff, change)->unknown, unknown));
}

static void check_pair(const struct fixture *fixture, size_t from, size_t to)
{
	const struct given_set *old = &fixture->sides[DIFF_OLD];
	size_t from_row = diff_find_pod(fixture->diff, "shop", old->owners[from].pod);
	size_t to_row = diff_find_pod(fixture->diff, "shop", old->owners[to].pod);
	struct port_set sure[DIFF_SIDES] = {{0}, {0}}, unknown[DIFF_SIDES] = {{0}, {0}};

	for (int side = 0; side < DIFF_SIDES; side++) {
		assert_int_equal(ask(&fixture->sides[side], from, to, &sure[side], &unknown[side]),
				 0);
		assert_int_equal(port_set_subtract(&unknown[side], &sure[side]), 0);
	}
	for (int side = 0; side < DIFF_SIDES; side++) {
		struct port_set allows = {0}, perhaps = {0};

		assert_int_equal(port_set_copy(&sure[side], &allows), 0);
		assert_int_equal(port_set_subtract(&allows, &sure[!side]), 0);
		assert_int_equal(port_set_copy(&unknown[side], &perhaps), 0);
		assert_int_equal(port_set_subtract(&perhaps, &unknown[!side]), 0);
		check_change(fixture->diff, from_row, to_row, side, &allows, &perhaps);
		port_set_clear(&allows);
		port_set_clear(&perhaps);
	}
	for (int side = 0; side < DIFF_SIDES; side++) {
		port_set_clear(&sure[side]);
		port_set_clear(&unknown[side]);
	}
}

static void test_random(void **state)
{
	uint64_t random = 20260131;
	size_t changes = 0, whole = 0;

	(void)state;
	for (int i = 0; i < 300; i++) {
		struct given_pod pods[7];
		char *old = random_policies(&random), *new = random_policies(&random);
		struct fixture *fixture;

		random_pods(&random, pods);
		fixture = compare(old, pods, new, pods);
		for (size_t from = 0; from < fixture->sides[DIFF_OLD].scene.pod_count; from++)
			for (size_t to = 0; to < fixture->sides[DIFF_OLD].scene.pod_count; to++)
				if (from != to)
					check_pair(fixture, from, to);
		changes += fixture->diff->change_count;
		whole += diff_find_row(fixture->diff, "shop/a0[StatefulSet]") != DIFF_NONE;
		end(fixture);
		free(old);
		free(new);
	}
	assert_true(changes > 300);
	assert_true(whole > 10 && whole < 290);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_text_does_not_matter),
	    cmocka_unit_test(test_ports),
	    cmocka_unit_test(test_ranges),
	    cmocka_unit_test(test_neighbours_are_one_line),
	    cmocka_unit_test(test_unknown_is_apart),
	    cmocka_unit_test(test_workload_of_one_set),
	    cmocka_unit_test(test_replicas_come_and_go),
	    cmocka_unit_test(test_pods_that_differ),
	    cmocka_unit_test(test_pods_that_are_told_apart_in_vain),
	    cmocka_unit_test(test_workload_among_itself),
	    cmocka_unit_test(test_weights),
	    cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
