/* Rows: pods of one owner, ranges of addresses, what is asked; and that no row says anything but
 * what the evaluator says of each pod. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "policy/manifest.h"
#include "policy/reach.h"
#include "policy/scene_inventory.h"

struct world {
	struct manifest *manifest;
	struct scene_inventory *scene;
	struct evaluator *evaluator;
	struct reach *reach;
};

static void world_make(struct world *world, const char *yaml, bool hosts_are_nodes)
{
	const struct scene_inventory_options options = {.hosts_are_nodes = hosts_are_nodes};
	struct problems problems = {0};
	struct document *document;

	world->manifest = manifest_new();
	assert_non_null(world->manifest);
	assert_int_equal(document_parse(yaml, strlen(yaml), "t.yaml", &problems, &document), 0);
	if (manifest_add(world->manifest, document, &problems) < 0) {
		problems_print(&problems, "test", stderr);
		fail();
	}
	document_free(document);
	assert_int_equal(manifest_finish(world->manifest, &problems), 0);
	problems_clear(&problems);
	assert_int_equal(scene_of_inventory(world->manifest->inventory, options, &world->scene), 0);
	assert_int_equal(evaluator_new(world->manifest->policies, world->manifest->policy_count,
				       &world->scene->scene, (struct evaluator_options){0},
				       &world->evaluator),
			 0);
	assert_int_equal(
	    reach_new(&world->scene->scene, world->scene->owners, world->evaluator, &world->reach),
	    0);
}

static void world_clear(struct world *world)
{
	reach_free(world->reach);
	evaluator_free(world->evaluator);
	scene_inventory_free(world->scene);
	manifest_free(world->manifest);
}

/* ---- rows as text ---- */

struct lines {
	struct buf buf;
	const struct reach *reach;
};

static void put_ports(struct buf *buf, const struct port_set *set, const char *mark)
{
	char text[PORT_SET_RANGE_TEXT_MAX];

	if (port_set_is_all(set)) {
		buf_printf(buf, " all%s", mark);
		return;
	}
	for (size_t i = 0; i < set->count; i++)
		buf_printf(buf, " %s%s", port_range_format(set->items[i], text), mark);
}

static void put_end(struct lines *lines, const struct reach_row *row, enum direction direction)
{
	char first[ADDR_TEXT_MAX], last[ADDR_TEXT_MAX];
	struct addr_range range;

	if (reach_row_range(lines->reach, row, direction, &range))
		buf_printf(&lines->buf, "%s-%s", addr_format(range.first, first),
			   addr_format(range.last, last));
	else
		buf_puts(&lines->buf,
			 reach_end_text(lines->reach,
					direction == DIRECTION_EGRESS ? row->from : row->to));
}

static int put_row(void *context, const struct reach_row *row)
{
	struct lines *lines = context;
	const struct answer_sets *sets = reach_answer(lines->reach, row->answer);

	put_end(lines, row, DIRECTION_EGRESS);
	buf_puts(&lines->buf, " > ");
	put_end(lines, row, DIRECTION_INGRESS);
	buf_putc(&lines->buf, ':');
	put_ports(&lines->buf, &sets->allows, "");
	put_ports(&lines->buf, &sets->unknown, "?");
	buf_putc(&lines->buf, '\n');
	return 0;
}

static void assert_rows(const char *yaml, const struct reach_question *question,
			const char *expected)
{
	struct world world = {0};
	struct lines lines = {0};

	world_make(&world, yaml, false);
	lines.reach = world.reach;
	assert_int_equal(reach_narrow(world.reach, question), 0);
	for (size_t i = 0; i < reach_end_count(world.reach); i++)
		assert_int_equal(reach_from(world.reach, i, put_row, &lines), 0);
	buf_puts(&lines.buf, "");
	assert_string_equal(lines.buf.data, expected);
	buf_clear(&lines.buf);
	world_clear(&world);
}

static struct addr address(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(text, &addr), 0);
	return addr;
}

#define POD(name, more)                                                                            \
	"---\nkind: Pod\napiVersion: v1\nmetadata:\n  name: " name "\n  namespace: s\n" more
#define OWNED(kind, name)                                                                          \
	"  ownerReferences:\n  - {apiVersion: v1, " kind "name: " name                             \
	", uid: u, controller: true}\n"
#define DEPLOYMENT(name)                                                                           \
	"---\nkind: Deployment\napiVersion: apps/v1\nmetadata: {name: " name ", namespace: s}\n"   \
	"spec: {template: {metadata: {labels: {app: " name                                         \
	"}}, spec: {containers: [{name: c}]}}}\n"
#define POLICY(name, spec)                                                                         \
	"---\nkind: NetworkPolicy\napiVersion: networking.k8s.io/v1\n"                             \
	"metadata: {name: " name ", namespace: s}\nspec: {" spec "}\n"
#define NOBODY_OUTSIDE                                                                             \
	POLICY("inside", "podSelector: {}, policyTypes: [Ingress, Egress], "                       \
			 "ingress: [{from: [{podSelector: {}}]}], "                                \
			 "egress: [{to: [{podSelector: {}}]}]")

static void test_names(void **state)
{
	static const char yaml[] = POD("a", OWNED("kind: ReplicaSet, ", "web-1"))
	    POD("b", OWNED("kind: ReplicaSet, ", "web-1")) POD("c", OWNED("", "strange"))
		POD("d", OWNED("kind: Node, ", "n1")) POD("e", "") NOBODY_OUTSIDE;

	(void)state;
	assert_rows(yaml, &(struct reach_question){0},
		    "s/d[Pod] > s/e[Pod]: all\n"
		    "s/d[Pod] > s/strange[Pod]: all\n"
		    "s/d[Pod] > s/web-1[ReplicaSet]: all\n"
		    "s/e[Pod] > s/d[Pod]: all\n"
		    "s/e[Pod] > s/strange[Pod]: all\n"
		    "s/e[Pod] > s/web-1[ReplicaSet]: all\n"
		    "s/strange[Pod] > s/d[Pod]: all\n"
		    "s/strange[Pod] > s/e[Pod]: all\n"
		    "s/strange[Pod] > s/web-1[ReplicaSet]: all\n"
		    "s/web-1[ReplicaSet] > s/d[Pod]: all\n"
		    "s/web-1[ReplicaSet] > s/e[Pod]: all\n"
		    "s/web-1[ReplicaSet] > s/strange[Pod]: all\n");
}

#define PODS_OF_SET(label)                                                                         \
	POD("set-0", "  labels: {id: zero}\n" OWNED("kind: StatefulSet, ", "set"))                 \
	POD("set-1", "  labels: {id: " label "}\n" OWNED("kind: StatefulSet, ", "set"))            \
	DEPLOYMENT("web")
#define TO_ZERO                                                                                    \
	POLICY("zero", "podSelector: {matchExpressions: [{key: id, operator: Exists}]}, "          \
		       "ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]")            \
	POLICY("web", "podSelector: {matchLabels: {app: web}}, policyTypes: [Egress, Ingress], "   \
		      "egress: [{to: [{podSelector: {matchLabels: {id: zero}}}]}]")                \
	POLICY("out", "podSelector: {matchExpressions: [{key: id, operator: Exists}]}, "           \
		      "policyTypes: [Egress]")

static void test_owner_joined_or_apart(void **state)
{
	(void)state;
	assert_rows(PODS_OF_SET("zero") TO_ZERO, &(struct reach_question){0},
		    "s/web[Deployment] > s/set[StatefulSet]: all\n");
	assert_rows(PODS_OF_SET("one") TO_ZERO, &(struct reach_question){0},
		    "s/web[Deployment] > s/set-0[Pod]: all\n");
	/* Other labels alone make no difference. */
	assert_rows(PODS_OF_SET("one") POLICY("one", "podSelector: {matchLabels: {id: one}}, "
						     "ingress: [{}]") NOBODY_OUTSIDE,
		    &(struct reach_question){.from.workloads = (const bool[]){false, false, true}},
		    "s/web[Deployment] > s/set-0[Pod]: all\n"
		    "s/web[Deployment] > s/set-1[Pod]: all\n");
	assert_rows(PODS_OF_SET("one") POLICY("one", "podSelector: {matchLabels: {id: two}}, "
						     "ingress: [{}]") NOBODY_OUTSIDE,
		    &(struct reach_question){.from.workloads = (const bool[]){false, true}},
		    "s/web[Deployment] > s/set[StatefulSet]: all\n");
}

/* Two pods that differ only in whether one reaches the other. */
static void test_owner_apart_within(void **state)
{
	static const char yaml[] = PODS_OF_SET("one")
	    POLICY("one", "podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{from: "
			  "[{podSelector: {matchLabels: {id: one}}}]}], egress: [{to: "
			  "[{podSelector: {matchLabels: {id: zero}}}]}]");

	(void)state;
	assert_rows(yaml, &(struct reach_question){0}, "s/set-1[Pod] > s/set-0[Pod]: all\n");
}

/* The object's own row stays where its pods are apart, and is theirs where they are not. */
static void test_object_beside_its_pods(void **state)
{
	static const char set[] =
	    "---\nkind: StatefulSet\napiVersion: apps/v1\nmetadata: {name: set, namespace: s}\n"
	    "spec: {template: {metadata: {labels: {id: zero}}, spec: {containers: [{name: c}]}}}\n";
	struct buf yaml = {0};

	(void)state;
	buf_printf(&yaml, "%s%s", set, PODS_OF_SET("zero") TO_ZERO);
	assert_rows(yaml.data, &(struct reach_question){0},
		    "s/web[Deployment] > s/set[StatefulSet]: all\n");
	buf_clear(&yaml);
	buf_printf(&yaml, "%s%s", set, PODS_OF_SET("one") TO_ZERO);
	assert_rows(yaml.data, &(struct reach_question){0},
		    "s/web[Deployment] > s/set-0[Pod]: all\n"
		    "s/web[Deployment] > s/set[StatefulSet]: all\n");
	buf_clear(&yaml);
}

#define WITH_BLOCKS                                                                                \
	DEPLOYMENT("web")                                                                          \
	DEPLOYMENT("api")                                                                          \
	POLICY("api", "podSelector: {matchLabels: {app: api}}, policyTypes: [Ingress, Egress], "   \
		      "ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}, "   \
		      "{ipBlock: {cidr: 11.0.0.0/8}}], ports: [{port: 80, endPort: 90}]}], "       \
		      "egress: [{to: [{ipBlock: {cidr: 'fd00::/8'}}]}]")                           \
	POLICY("web", "podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress, Egress], "   \
		      "egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: 1}]}, "        \
		      "{to: [{ipBlock: {cidr: 12.0.0.0/8}}], ports: [{port: 1}]}]")

static void test_ranges(void **state)
{
	(void)state;
	/* 12.0.0.0/8 is told apart by nothing; 10.2.0.0 to 11.255.255.255 is one range; what cuts
	 * them for api is nothing to web. */
	assert_rows(WITH_BLOCKS, &(struct reach_question){0},
		    "s/api[Deployment] > fd00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff: all\n"
		    "s/web[Deployment] > 0.0.0.0-255.255.255.255: TCP 1\n"
		    "10.0.0.0-10.0.255.255 > s/api[Deployment]: TCP 80-90\n"
		    "10.2.0.0-11.255.255.255 > s/api[Deployment]: TCP 80-90\n");
}

static void test_asked_ranges(void **state)
{
	const struct reach_side side = {.has_range = true,
					.range = {address("10.0.255.0"), address("10.2.0.0")}};
	const struct reach_side last = {
	    .has_range = true, .range = {address("255.255.255.255"), address("255.255.255.255")}};

	(void)state;
	assert_rows(WITH_BLOCKS, &(struct reach_question){.from = side},
		    "10.0.255.0-10.0.255.255 > s/api[Deployment]: TCP 80-90\n"
		    "10.2.0.0-10.2.0.0 > s/api[Deployment]: TCP 80-90\n");
	/* What is not asked does not cut. */
	assert_rows(WITH_BLOCKS, &(struct reach_question){.to = side},
		    "s/web[Deployment] > 10.0.255.0-10.2.0.0: TCP 1\n");
	assert_rows(WITH_BLOCKS, &(struct reach_question){.to = last},
		    "s/web[Deployment] > 255.255.255.255-255.255.255.255: TCP 1\n");
	assert_rows(WITH_BLOCKS, &(struct reach_question){.from = side, .to = side}, "");
}

static void test_asked_ports(void **state)
{
	struct port_set ports = {0};

	(void)state;
	assert_int_equal(port_set_add(&ports, (struct port_range){IPPROTO_TCP, 85, 100}), 0);
	/* Without port 1 nothing tells addresses apart but the blocks of api. */
	assert_rows(WITH_BLOCKS, &(struct reach_question){.ports = &ports},
		    "s/api[Deployment] > fd00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff: "
		    "TCP 85-100\n"
		    "10.0.0.0-10.0.255.255 > s/api[Deployment]: TCP 85-90\n"
		    "10.2.0.0-11.255.255.255 > s/api[Deployment]: TCP 85-90\n");
	port_set_clear(&ports);
}

static void test_asked_namespace(void **state)
{
	static const char yaml[] = DEPLOYMENT("web") DEPLOYMENT(
	    "api") "---\nkind: Pod\napiVersion: v1\nmetadata: {name: p, namespace: other}\n"
		   "---\nkind: Pod\napiVersion: v1\nmetadata: {name: q, namespace: other}\n" POLICY(
		       "in", "podSelector: {}, ingress: [{from: [{namespaceSelector: {}}], "
			     "ports: [{port: 7}]}]");
	const struct reach_side no_ranges = {.workloads = (const bool[]){true, true, true, true}};

	(void)state;
	assert_rows(yaml,
		    &(struct reach_question){.namespace = "s", .from = no_ranges, .to = no_ranges},
		    "other/p[Pod] > s/api[Deployment]: TCP 7\n"
		    "other/p[Pod] > s/web[Deployment]: TCP 7\n"
		    "other/q[Pod] > s/api[Deployment]: TCP 7\n"
		    "other/q[Pod] > s/web[Deployment]: TCP 7\n"
		    "s/api[Deployment] > other/p[Pod]: all\n"
		    "s/api[Deployment] > other/q[Pod]: all\n"
		    "s/api[Deployment] > s/web[Deployment]: TCP 7\n"
		    "s/web[Deployment] > other/p[Pod]: all\n"
		    "s/web[Deployment] > other/q[Pod]: all\n"
		    "s/web[Deployment] > s/api[Deployment]: TCP 7\n");
	assert_rows(yaml, &(struct reach_question){.namespace = "none"}, "");
}

static void test_denied_and_unknown(void **state)
{
	static const char yaml[] = DEPLOYMENT("web") DEPLOYMENT("api")
	    POLICY("api", "podSelector: {matchLabels: {app: api}}, ingress: "
			  "[{from: [{namespaceSelector: {matchLabels: {team: a}}}], "
			  "ports: [{port: 80}]}, {from: [{podSelector: {}}], "
			  "ports: [{port: 81}]}]")
		POLICY("web", "podSelector: {matchLabels: {app: web}}");
	const struct reach_side workloads = {.workloads = (const bool[]){true, true}};

	(void)state;
	assert_rows(
	    yaml, &(struct reach_question){.from = workloads, .to = workloads, .denied_too = true},
	    "s/api[Deployment] > s/web[Deployment]:\n"
	    "s/web[Deployment] > s/api[Deployment]: TCP 81 TCP 80?\n");
}

/* ---- every row against every pod ---- */

static unsigned next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(*state >> 33);
}

static unsigned pick(uint64_t *state, unsigned count)
{
	return next_random(state) % count;
}

static void put_peers(struct buf *buf, uint64_t *state)
{
	unsigned block = pick(state, 2) * 2;

	switch (pick(state, 4)) {
	case 0:
		buf_printf(buf, "{podSelector: {matchLabels: {a: x%u}}}", pick(state, 3));
		break;
	case 1:
		buf_printf(buf, "{namespaceSelector: {matchLabels: {team: t%u}}}", pick(state, 2));
		break;
	case 2:
		buf_puts(buf, "{namespaceSelector: {}, podSelector: {matchExpressions: "
			      "[{key: b, operator: Exists}]}}");
		break;
	default:
		buf_printf(buf, "{ipBlock: {cidr: 10.%u.0.0/15, except: [10.%u.%u.0/24]}}", block,
			   block, pick(state, 2));
		break;
	}
}

static void put_rules(struct buf *buf, uint64_t *state, const char *direction, const char *peers)
{
	buf_printf(buf, "  %s:\n", direction);
	for (unsigned i = pick(state, 3); i < 3; i++) {
		buf_printf(buf, "  - {%s: [", peers);
		put_peers(buf, state);
		buf_puts(buf, "]");
		if (pick(state, 2))
			buf_printf(buf, ", ports: [{port: %s}]", pick(state, 2) ? "web" : "80");
		buf_puts(buf, "}\n");
	}
}

static void put_random(struct buf *buf, uint64_t *state)
{
	buf_printf(buf,
		   "kind: Namespace\napiVersion: v1\nmetadata: {name: n0, labels: {team: t%u}}\n",
		   pick(state, 2));
	for (unsigned i = 0; i < 8; i++) {
		buf_printf(buf,
			   "---\nkind: Pod\napiVersion: v1\nmetadata:\n  name: p%u\n"
			   "  namespace: n%u\n  labels: {a: x%u%s}\n",
			   i, pick(state, 2), pick(state, 3), pick(state, 2) ? ", b: y" : "");
		if (pick(state, 3))
			buf_printf(buf,
				   "  ownerReferences: [{apiVersion: v1, kind: Job, name: o%u, "
				   "uid: u, controller: true}]\n",
				   pick(state, 2));
		buf_printf(buf,
			   "spec: {nodeName: m%u, hostNetwork: %s, containers: [{name: c, ports: "
			   "[{name: web, containerPort: 8%u}]}]}\n",
			   pick(state, 2), pick(state, 5) ? "false" : "true", pick(state, 2));
	}
	for (unsigned i = 0; i < 4; i++) {
		buf_printf(buf,
			   "---\nkind: NetworkPolicy\napiVersion: networking.k8s.io/v1\n"
			   "metadata: {name: q%u, namespace: n%u}\nspec:\n"
			   "  podSelector: {matchLabels: {a: x%u}}\n  policyTypes: [%s]\n",
			   i, pick(state, 2), pick(state, 3),
			   pick(state, 2) ? "Ingress, Egress" : "Ingress");
		put_rules(buf, state, "ingress", "from");
		put_rules(buf, state, "egress", "to");
	}
}

/* The answers of all rows, from by to; nothing where there is no row. */
struct matrix {
	const struct reach *reach;
	uint32_t *answers;
	size_t count;
	size_t rows;
};

static int take_row(void *context, const struct reach_row *row)
{
	struct matrix *matrix = context;
	const bool from_range = reach_end_is_range(matrix->reach, row->from);
	const size_t first = from_range ? row->from : row->to;
	const size_t last = row->last == REACH_NONE ? first : row->last;

	for (size_t i = first; i <= last; i++)
		matrix->answers[from_range ? i * matrix->count + row->to
					   : row->from * matrix->count + i] = row->answer;
	matrix->rows++;
	return 0;
}

static void assert_pair(struct world *world, const struct matrix *matrix, size_t from,
			const struct party *source, size_t to, const struct party *destination)
{
	const struct answer_sets *sets =
	    reach_answer(world->reach, matrix->answers[from * matrix->count + to]);
	struct port_set sure = {0}, possible = {0};

	assert_int_equal(evaluator_pair(world->evaluator, source, destination, &sure, &possible),
			 0);
	assert_true(port_set_equal(&sets->allows, &sure));
	assert_int_equal(port_set_subtract(&possible, &sure), 0);
	assert_true(port_set_equal(&sets->unknown, &possible));
	port_set_clear(&sure);
	port_set_clear(&possible);
}

static void assert_with_ranges(struct world *world, const struct matrix *matrix, size_t row,
			       const struct party *pod)
{
	size_t count;
	const struct addr_range *ranges = evaluator_ranges(world->evaluator, &count);
	size_t workloads, end;

	reach_workloads(world->reach, &workloads);
	end = workloads;
	for (size_t i = 0; i < count; i++) {
		const struct party range = {.kind = PARTY_ADDRESSES, .range = ranges[i]};
		char first[ADDR_TEXT_MAX + 1];

		/* The row that begins here, or the one before. */
		addr_format(ranges[i].first, first);
		strcat(first, "-");
		if (end + 1 < matrix->count &&
		    strncmp(reach_end_text(world->reach, end + 1), first, strlen(first)) == 0)
			end++;
		assert_pair(world, matrix, row, pod, end, &range);
		assert_pair(world, matrix, end, &range, row, pod);
	}
	assert_int_equal(end, matrix->count - 1);
}

static void assert_all_pods(struct world *world, const struct matrix *matrix)
{
	size_t count;
	const struct reach_workload *workloads = reach_workloads(world->reach, &count);

	for (size_t i = 0; i < count; i++)
		for (size_t a = 0; a < workloads[i].pod_count; a++) {
			const struct party source = {.kind = PARTY_POD,
						     .index = workloads[i].pods[a]};

			for (size_t j = 0; j < count; j++)
				for (size_t b = 0; i != j && b < workloads[j].pod_count; b++) {
					const struct party destination = {
					    .kind = PARTY_POD, .index = workloads[j].pods[b]};

					assert_pair(world, matrix, i, &source, j, &destination);
				}
			assert_with_ranges(world, matrix, i, &source);
		}
}

/* Do the pods of one owner differ wherever they are apart? */
static size_t count_apart(const struct world *world)
{
	size_t count, apart = 0;
	const struct reach_workload *workloads = reach_workloads(world->reach, &count);

	for (size_t i = 0; i < count; i++)
		apart += strcmp(world->scene->owners[workloads[i].pods[0]].kind, "Job") == 0 &&
			 strcmp(workloads[i].name.kind, "Pod") == 0;
	return apart;
}

static void test_random(void **state)
{
	uint64_t seed = 7;
	size_t apart = 0, joined = 0, rows = 0;

	(void)state;
	for (int turn = 0; turn < 200; turn++) {
		struct world world = {0};
		struct matrix matrix = {0};
		struct buf yaml = {0};
		size_t count;

		put_random(&yaml, &seed);
		assert_int_equal(yaml.error, 0);
		world_make(&world, yaml.data, turn % 2);
		assert_int_equal(reach_narrow(world.reach, &(struct reach_question){0}), 0);
		matrix.reach = world.reach;
		matrix.count = reach_end_count(world.reach);
		matrix.answers = calloc(matrix.count * matrix.count, sizeof(*matrix.answers));
		assert_non_null(matrix.answers);
		for (size_t i = 0; i < matrix.count; i++)
			assert_int_equal(reach_from(world.reach, i, take_row, &matrix), 0);
		assert_all_pods(&world, &matrix);
		reach_workloads(world.reach, &count);
		apart += count_apart(&world);
		joined += 8 - count;
		rows += matrix.rows;
		free(matrix.answers);
		world_clear(&world);
		buf_clear(&yaml);
	}
	/* It was about something. */
	assert_true(apart > 50);
	assert_true(joined > 50);
	assert_true(rows > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_owner_joined_or_apart),
	    cmocka_unit_test(test_owner_apart_within),
	    cmocka_unit_test(test_object_beside_its_pods),
	    cmocka_unit_test(test_ranges),
	    cmocka_unit_test(test_asked_ranges),
	    cmocka_unit_test(test_asked_ports),
	    cmocka_unit_test(test_asked_namespace),
	    cmocka_unit_test(test_denied_and_unknown),
	    cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
