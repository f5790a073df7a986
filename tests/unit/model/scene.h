/* Evidence written by hand: an inventory as YAML, rows as C, and the graph that they make. */
#ifndef NETPOL_TESTS_MODEL_SCENE_H
#define NETPOL_TESTS_MODEL_SCENE_H

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/document.h"
#include "model/assembly.h"

#define SCENE_MAX 256

/* Times in seconds; 0 in last_seen means first_seen + 10. verdict 0: answered. protocol 0: TCP.
 * connections 0: 1. */
struct scene_edge {
	const char *node, *from, *to, *service, *translated;
	uint32_t from_pod, to_pod;
	int port, service_port, protocol, verdict, connections;
	bool portless, uncertain;
	int64_t first_seen, last_seen;
	int64_t begun; /* of the edge that an interval cuts; 0: at first_seen */
};

struct scene_pod {
	const char *node, *namespace, *name, *uid, *address;
	int64_t since, until; /* seconds; until 0: open */
	const char *conflict;
	bool exact, secondary;
};

/* A flow row of the window that begins then; 0 in last_seen means first_seen + 10. */
struct scene_window {
	size_t edge;
	int64_t window, first_seen, last_seen;
	int connections;
};

/* When a node recorded, or missed something. */
struct scene_time {
	const char *node;
	int64_t from, until;
};

struct scene {
	struct problems problems;
	struct inventory *inventory;
	struct graph *graph;
	struct scene_pod pods[SCENE_MAX]; /* number: index + 1 */
	size_t pod_count;
	struct scene_pod nodes[SCENE_MAX]; /* node and address */
	size_t node_count;
	struct scene_edge edges[SCENE_MAX]; /* id: index + 1 */
	size_t edge_count;
	struct scene_window windows[SCENE_MAX];
	size_t window_count;
	struct scene_time recorded[SCENE_MAX], gaps[SCENE_MAX];
	size_t recorded_count, gap_count;
	bool apart;
};

static inline struct addr scene_addr(const char *text)
{
	struct addr addr = {0};

	if (text && addr_parse(text, &addr) < 0)
		fail_msg("no address: %s", text);
	return addr;
}

/* Also "203.0.113.0/24". */
static inline struct addr scene_range(const char *text, uint8_t *ret_prefix)
{
	struct prefix prefix = {0};

	if (!strchr(text, '/'))
		return scene_addr(text);
	if (prefix_parse(text, &prefix) < 0)
		fail_msg("no prefix: %s", text);
	*ret_prefix = prefix.length;
	return prefix.addr;
}

static inline void scene_inventory(struct scene *scene, const char *yaml)
{
	struct document *document = NULL;

	scene->inventory = inventory_new();
	assert_non_null(scene->inventory);
	assert_int_equal(
	    document_parse(yaml, strlen(yaml), "inventory", &scene->problems, &document), 0);
	assert_int_equal(inventory_add(scene->inventory, document, &scene->problems), 0);
	document_free(document);
	assert_int_equal(inventory_finish(scene->inventory, &scene->problems), 0);
	assert_int_equal(scene->problems.count, 0);
}

static inline uint32_t scene_pod(struct scene *scene, struct scene_pod pod)
{
	assert_true(scene->pod_count < SCENE_MAX);
	scene->pods[scene->pod_count++] = pod;
	return (uint32_t)scene->pod_count;
}

static inline void scene_node(struct scene *scene, const char *node, const char *address)
{
	assert_true(scene->node_count < SCENE_MAX);
	scene->nodes[scene->node_count++] = (struct scene_pod){.node = node, .address = address};
}

static inline void scene_edge(struct scene *scene, struct scene_edge edge)
{
	assert_true(scene->edge_count < SCENE_MAX);
	scene->edges[scene->edge_count++] = edge;
}

static inline void scene_window(struct scene *scene, struct scene_window window)
{
	assert_true(scene->window_count < SCENE_MAX);
	scene->windows[scene->window_count++] = window;
}

static inline void scene_recorded(struct scene *scene, const char *node, int64_t from,
				  int64_t until)
{
	assert_true(scene->recorded_count < SCENE_MAX);
	scene->recorded[scene->recorded_count++] =
	    (struct scene_time){.node = node, .from = from, .until = until};
}

static inline void scene_gap(struct scene *scene, const char *node, int64_t from, int64_t until)
{
	assert_true(scene->gap_count < SCENE_MAX);
	scene->gaps[scene->gap_count++] =
	    (struct scene_time){.node = node, .from = from, .until = until};
}

static inline void scene_feed_times(struct assembly *assembly, const struct scene *scene)
{
	for (size_t i = 0; i < scene->recorded_count; i++)
		assert_int_equal(assembly_node(assembly, scene->recorded[i].node,
					       scene->recorded[i].from * 1000,
					       scene->recorded[i].until * 1000),
				 0);
	for (size_t i = 0; i < scene->gap_count; i++) {
		const struct gap gap = {.source = LOSS_DAEMON,
					.from = scene->gaps[i].from * 1000,
					.until = scene->gaps[i].until * 1000,
					.at_most = -1,
					.reason = "netpold was not running"};

		assert_int_equal(assembly_gap(assembly, scene->gaps[i].node, &gap), 0);
	}
}

static inline void scene_feed_windows(struct assembly *assembly, const struct scene *scene)
{
	for (size_t i = 0; i < scene->window_count; i++) {
		const struct scene_window *spec = &scene->windows[i];
		int64_t last = spec->last_seen ? spec->last_seen : spec->first_seen + 10;
		struct stored_flow row = {.edge = (int64_t)spec->edge + 1,
					  .flow = {.totals = {.connections = spec->connections,
							      .closed = spec->connections},
						   .window = spec->window * 1000,
						   .first_seen = spec->first_seen * 1000,
						   .last_seen = last * 1000}};

		assert_int_equal(assembly_flow(assembly, &row), 0);
	}
}

static inline void scene_feed_pod(struct assembly *assembly, const struct scene_pod *pod,
				  uint32_t number)
{
	struct pod_address address = {.address = scene_addr(pod->address),
				      .since = pod->since * 1000,
				      .until = pod->until ? pod->until * 1000 : INTERVAL_OPEN,
				      .exact = pod->exact,
				      .secondary = pod->secondary};
	struct stored_pod row = {.number = number,
				 .node = pod->node,
				 .pod = {.namespace = (char *)pod->namespace,
					 .name = (char *)pod->name,
					 .uid = (char *)(pod->uid ? pod->uid : ""),
					 .sandbox = (char *)"",
					 .source = (char *)"cni-result",
					 .conflict = (char *)(pod->conflict ? pod->conflict : ""),
					 .addresses = &address,
					 .address_count = pod->address ? 1 : 0}};

	assert_int_equal(assembly_pod(assembly, &row), 0);
}

static inline void scene_feed_edge(struct assembly *assembly, const struct scene_edge *spec,
				   int64_t id)
{
	int64_t connections = spec->connections ? spec->connections : 1;
	int64_t last = spec->last_seen ? spec->last_seen : spec->first_seen + 10;
	struct edge edge = {.id = id,
			    .node = spec->node ? spec->node : "n1",
			    .totals = {.connections = connections, .closed = connections},
			    .first_seen = spec->first_seen * 1000,
			    .last_seen = last * 1000,
			    .begun = (spec->begun ? spec->begun : spec->first_seen) * 1000};

	edge.key.source = scene_range(spec->from, &edge.key.source_prefix);
	edge.key.destination = scene_range(spec->to, &edge.key.destination_prefix);
	edge.key.service = scene_addr(spec->service);
	edge.key.translated = scene_addr(spec->translated);
	edge.key.source_pod = spec->from_pod;
	edge.key.destination_pod = spec->to_pod;
	edge.key.port = (uint16_t)spec->port;
	edge.key.service_port = (uint16_t)spec->service_port;
	edge.key.protocol = (uint8_t)(spec->protocol ? spec->protocol : IPPROTO_TCP);
	edge.key.verdict = (uint8_t)(spec->verdict ? spec->verdict : VERDICT_ANSWERED);
	edge.key.has_port = !spec->portless;
	edge.key.direction_uncertain = spec->uncertain;
	assert_int_equal(assembly_edge(assembly, &edge), 0);
}

/* order: 0 as written, else a seed that shuffles the edges. */
static inline const struct graph *scene_build(struct scene *scene, uint32_t order)
{
	struct assembly *assembly = assembly_new(scene->inventory, &scene->problems);
	struct edge_span *spans = NULL;
	size_t at[SCENE_MAX], span_count = 0;

	assert_non_null(assembly);
	for (size_t i = 0; i < scene->pod_count; i++) {
		size_t j = order ? scene->pod_count - 1 - i : i;

		scene_feed_pod(assembly, &scene->pods[j], (uint32_t)j + 1);
	}
	for (size_t i = 0; i < scene->node_count; i++) {
		const struct scene_pod *node = &scene->nodes[i];
		struct stored_address row = {.node = node->node,
					     .address = scene_addr(node->address),
					     .since = node->since * 1000,
					     .until =
						 node->until ? node->until * 1000 : INTERVAL_OPEN};

		assert_int_equal(assembly_address(assembly, &row), 0);
	}
	scene_feed_times(assembly, scene);
	assert_int_equal(assembly_index(assembly, &(struct ignored_labels){0}), 0);
	for (size_t i = 0; i < scene->edge_count; i++)
		at[i] = i;
	for (size_t i = scene->edge_count; order && i > 1; i--) {
		size_t j = (order = order * 1664525u + 1013904223u) % i, kept = at[i - 1];

		at[i - 1] = at[j];
		at[j] = kept;
	}
	for (size_t i = 0; i < scene->edge_count; i++)
		scene_feed_edge(assembly, &scene->edges[at[i]], (int64_t)at[i] + 1);
	graph_free(scene->graph);
	assert_int_equal(assembly_spans(assembly, &spans, &span_count), 0);
	if (span_count > 0)
		scene_feed_windows(assembly, scene);
	free(spans);
	assert_int_equal(assembly_finish(assembly, scene->apart, &scene->graph), 0);
	assembly_free(assembly);
	return scene->graph;
}

static inline void scene_close(struct scene *scene)
{
	graph_free(scene->graph);
	inventory_free(scene->inventory);
	problems_clear(&scene->problems);
	memset(scene, 0, sizeof(*scene));
}

static inline bool scene_has_problem(const struct scene *scene, const char *subject,
				     const char *part)
{
	for (size_t i = 0; i < scene->problems.count; i++)
		if (strcmp(scene->problems.items[i].subject, subject) == 0 &&
		    strstr(scene->problems.items[i].message, part))
			return true;
	return false;
}

#endif
