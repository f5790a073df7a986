#include "tests/unit/policy/histories.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "model/assembly.h"

#define SECOND 1000
#define WINDOW 60000
#define RECORD_END (10000 * SECOND)

/* ---- orders ---- */

static size_t roll(uint64_t *order, size_t sides)
{
	*order ^= *order << 13;
	*order ^= *order >> 7;
	*order ^= *order << 17;
	return (size_t)((*order >> 11) % sides);
}

static void shuffle(uint64_t order, size_t *items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		items[i] = i;
	for (size_t i = count; order && i > 1; i--) {
		size_t j = roll(&order, i), kept = items[i - 1];

		items[i - 1] = items[j];
		items[j] = kept;
	}
}

/* ---- the inventory ---- */

static void add_text(struct inventory *inventory, const struct buf *text)
{
	struct problems problems = {0};
	struct document *document = NULL;

	assert_int_equal(document_parse(text->data, text->length, "objects", &problems, &document),
			 0);
	assert_int_equal(inventory_add(inventory, document, &problems), 0);
	document_free(document);
	problems_clear(&problems);
}

static void add_objects(const struct history *history, const struct history_telling *telling,
			struct inventory *inventory)
{
	size_t order[HISTORY_OBJECTS];
	struct buf text = {0};

	shuffle(telling->order, order, history->object_count);
	for (size_t i = 0; i < history->object_count; i++)
		buf_puts(&text, history->objects[order[i]]);
	assert_int_equal(text.error, 0);
	for (size_t i = 0; i <= (size_t)telling->doubled; i++)
		add_text(inventory, &text);
	buf_clear(&text);
}

/* Owned by the history but for labels, which it does not change, and address_count. */
static struct pod pod_of(const struct history_pod *from, int64_t unit,
			 struct pod_address addresses[static 3])
{
	struct pod pod = {.namespace = (char *)from->namespace,
			  .name = (char *)from->name,
			  .uid = (char *)from->uid,
			  .sandbox = (char *)from->uid,
			  .source = (char *)"cni-result",
			  .conflict = (char *)(from->in_conflict ? "two names" : ""),
			  .labelled = true,
			  .labels = {(struct label *)from->labels, from->label_count},
			  .host_network = from->host_network,
			  .created = from->since * unit,
			  .ended = from->until ? from->until * unit : INTERVAL_OPEN,
			  .addresses = addresses};

	for (size_t i = 0; i < from->address_count && !from->host_network; i++)
		addresses[pod.address_count++] =
		    (struct pod_address){.address = from->addresses[i]};
	if (addr_is_set(from->secondary))
		addresses[pod.address_count++] =
		    (struct pod_address){.address = from->secondary, .secondary = true};
	for (size_t i = 0; i < pod.address_count; i++) {
		addresses[i].since = pod.created;
		addresses[i].until = pod.ended;
	}
	return pod;
}

static bool is_recorded(const struct history *history, const struct history_pod *pod)
{
	return history->nodes[pod->node].recorded;
}

/* Labels of pods come sorted. */
static void sort_labels(struct history_pod *pod)
{
	for (size_t i = 1; i < pod->label_count; i++)
		for (size_t j = i; j > 0; j--) {
			struct label kept = pod->labels[j];

			if (strcmp(pod->labels[j - 1].key, kept.key) < 0)
				break;
			pod->labels[j] = pod->labels[j - 1];
			pod->labels[j - 1] = kept;
		}
}

static void add_records(const struct history *history, const struct history_telling *telling,
			struct inventory *inventory)
{
	size_t order[HISTORY_PODS];

	shuffle(telling->order, order, history->pod_count);
	for (size_t i = 0; i < history->pod_count; i++) {
		struct history_pod copy = history->pods[order[i]];
		struct pod_address addresses[3];
		struct pod pod;

		if (!is_recorded(history, &copy))
			continue;
		sort_labels(&copy);
		pod = pod_of(&copy, SECOND, addresses);
		assert_int_equal(inventory_add_pod(inventory, history->nodes[copy.node].name, &pod),
				 0);
	}
}

struct inventory *history_inventory(const struct history *history,
				    const struct history_telling *telling)
{
	struct problems problems = {0};
	struct inventory *inventory;

	if (!history->has_inventory)
		return NULL;
	inventory = inventory_new();
	assert_non_null(inventory);
	if (history->has_objects)
		add_objects(history, telling, inventory);
	else
		add_records(history, telling, inventory);
	assert_int_equal(inventory_finish(inventory, &problems), 0);
	problems_clear(&problems);
	return inventory;
}

/* ---- rows by hand ---- */

static struct totals totals_of(const struct history_row *row, int64_t connections)
{
	const bool answered = row->key.verdict == VERDICT_ANSWERED;

	return (struct totals){.connections = connections,
			       .closed = connections,
			       .counted = connections,
			       .packets_sent = connections,
			       .packets_received = answered ? connections : 0,
			       .bytes_sent = 100 * connections,
			       .bytes_received = answered ? 100 * connections : 0};
}

static void feed_pods(const struct history *history, const struct history_telling *telling,
		      struct assembly *assembly)
{
	size_t order[HISTORY_PODS];

	shuffle(telling->order, order, history->pod_count);
	for (size_t i = 0; i < history->pod_count; i++) {
		const struct history_pod *from = &history->pods[order[i]];
		struct pod_address addresses[3];
		struct stored_pod row = {.number = (uint32_t)order[i] + 1,
					 .node = history->nodes[from->node].name};

		if (!is_recorded(history, from))
			continue;
		row.pod = pod_of(from, SECOND, addresses);
		assert_int_equal(assembly_pod(assembly, &row), 0);
	}
}

static void feed_nodes(const struct history *history, const struct history_telling *telling,
		       struct assembly *assembly)
{
	size_t order[HISTORY_NODES];

	shuffle(telling->order, order, history->node_count);
	for (size_t i = 0; i < history->node_count; i++) {
		const struct history_node *node = &history->nodes[order[i]];

		if (!node->recorded)
			continue;
		assert_int_equal(assembly_node(assembly, node->name, SECOND, RECORD_END), 0);
		for (size_t j = 0; j < 2; j++) {
			struct stored_address address = {.node = node->name,
							 .address = node->address[j],
							 .since = SECOND,
							 .until = INTERVAL_OPEN};

			assert_int_equal(assembly_address(assembly, &address), 0);
		}
	}
}

/* The connections that one of the row's parts has. */
static int64_t share(const struct history_row *row, bool second, bool in_two)
{
	int64_t half = row->connections / 2;

	if (!in_two)
		return row->connections;
	return second ? half : row->connections - half;
}

static void feed_edge(const struct history *history, const struct history_row *row, int64_t id,
		      int64_t connections, struct assembly *assembly)
{
	struct edge edge = {.id = id,
			    .node = history->nodes[row->node].name,
			    .key = row->key,
			    .totals = totals_of(row, connections),
			    .first_seen = row->first * SECOND,
			    .last_seen = row->last * SECOND,
			    .begun = row->first * SECOND};

	assert_int_equal(assembly_edge(assembly, &edge), 0);
}

static bool is_used(const struct history_telling *telling, size_t row)
{
	return !telling->use || telling->use[row];
}

static size_t parts_of(const struct history_row *row, const struct history_telling *telling)
{
	return telling->doubled && !row->in_two && row->connections > 1 ? 2 : 1;
}

static int64_t id_of(size_t row, size_t part)
{
	return (int64_t)(2 * row + part + 1);
}

size_t history_row_of(int64_t id)
{
	return (size_t)(id - 1) / 2;
}

static void feed_edges(const struct history *history, const struct history_telling *telling,
		       struct assembly *assembly)
{
	size_t order[HISTORY_ROWS];

	shuffle(telling->order, order, history->row_count);
	for (size_t i = 0; i < history->row_count; i++) {
		const struct history_row *row = &history->rows[order[i]];
		size_t parts = parts_of(row, telling);

		for (size_t j = 0; is_used(telling, order[i]) && j < parts; j++)
			feed_edge(history, row, id_of(order[i], j), share(row, j, parts > 1),
				  assembly);
	}
}

/* One flow row for each time that the row was seen. */
static size_t flows_of(const struct history_row *row, int64_t connections,
		       struct flow ret[static 2])
{
	const bool in_two = row->in_two && connections > 1;

	for (size_t i = 0; i <= (size_t)in_two; i++) {
		int64_t from = i ? row->last : row->first;
		int64_t until = in_two && !i ? row->first + 1 : row->last;

		ret[i] = (struct flow){
		    .key = row->key,
		    .window = from * SECOND / WINDOW * WINDOW,
		    .length = WINDOW,
		    .totals = totals_of(row, in_two ? (i ? 1 : connections - 1) : connections),
		    .first_seen = from * SECOND,
		    .last_seen = until * SECOND};
	}
	return 1 + (size_t)in_two;
}

static void feed_flows(const struct history *history, const struct history_telling *telling,
		       const struct edge_span *spans, size_t count, struct assembly *assembly)
{
	for (size_t i = 0; i < count; i++) {
		const size_t index = history_row_of(spans[i].edge);
		const bool second = (spans[i].edge - 1) % 2;
		const struct history_row *row = &history->rows[index];
		struct flow flows[2];
		size_t flow_count =
		    flows_of(row, share(row, second, parts_of(row, telling) > 1), flows);

		for (size_t j = 0; j < flow_count; j++) {
			struct stored_flow stored = {.node = history->nodes[row->node].name,
						     .flow = flows[j],
						     .edge = spans[i].edge};

			assert_int_equal(assembly_flow(assembly, &stored), 0);
		}
	}
}

struct graph *history_graph(const struct history *history, const struct history_telling *telling,
			    const struct inventory *inventory)
{
	struct problems problems = {0};
	struct assembly *assembly = assembly_new(inventory, &problems);
	struct edge_span *spans = NULL;
	struct graph *graph = NULL;
	size_t count = 0;

	assert_non_null(assembly);
	feed_pods(history, telling, assembly);
	feed_nodes(history, telling, assembly);
	assert_int_equal(assembly_index(assembly, &(struct ignored_labels){0}), 0);
	feed_edges(history, telling, assembly);
	assert_int_equal(assembly_spans(assembly, &spans, &count), 0);
	feed_flows(history, telling, spans, count, assembly);
	free(spans);
	assert_int_equal(assembly_finish(assembly, false, &graph), 0);
	assembly_free(assembly);
	problems_clear(&problems);
	return graph;
}

/* ---- databases ---- */

struct told {
	struct batch_pod pods[HISTORY_PODS];
	struct pod_address addresses[HISTORY_PODS][3];
	struct flow flows[4 * HISTORY_ROWS];
	size_t pod_count, flow_count;
};

static void tell_pods(const struct history *history, size_t node, struct told *told)
{
	for (size_t i = 0; i < history->pod_count; i++)
		if (history->pods[i].node == node) {
			struct batch_pod *pod = &told->pods[told->pod_count];

			pod->number = (uint32_t)i + 1;
			pod->pod = pod_of(&history->pods[i], SECOND * 1000000,
					  told->addresses[told->pod_count++]);
			/* What pods the inventory does not have are labelled with is not known. */
			pod->pod.labelled = false;
			pod->pod.labels = (struct labels){0};
		}
}

static void tell_flows(const struct history *history, const struct history_telling *telling,
		       size_t node, struct told *told)
{
	size_t order[HISTORY_ROWS];

	shuffle(telling->order, order, history->row_count);
	for (size_t i = 0; i < history->row_count; i++) {
		const struct history_row *row = &history->rows[order[i]];
		size_t parts = parts_of(row, telling);

		for (size_t j = 0; row->node == node && is_used(telling, order[i]) && j < parts;
		     j++)
			told->flow_count +=
			    flows_of(row, share(row, j, parts > 1), told->flows + told->flow_count);
	}
}

static void write_node(const struct history *history, const struct history_telling *telling,
		       size_t node, const char *path)
{
	static struct told told;
	struct node_address addresses[2] = {
	    {.address = history->nodes[node].address[0], .present = true},
	    {.address = history->nodes[node].address[1], .present = true}};
	struct batch first = {.time = SECOND, .addresses = addresses, .address_count = 2};
	struct batch batch = {.time = RECORD_END, .flows = told.flows, .pods = told.pods};
	struct store *store = NULL;
	char *error = NULL;

	told = (struct told){0};
	tell_pods(history, node, &told);
	tell_flows(history, telling, node, &told);
	batch.pod_count = told.pod_count;
	batch.flow_count = told.flow_count;
	if (store_open(path, NULL, &store, &error) < 0)
		fail_msg("%s", error);
	assert_int_equal(store_use_node(store, history->nodes[node].name), 0);
	assert_int_equal(store_write(store, &first), 0);
	if (store_write(store, &batch) < 0)
		fail_msg("%s", store_error(store));
	store_close(store);
}

static void remove_database(const char *path)
{
	char lock[256];

	snprintf(lock, sizeof(lock), "%s.lock", path);
	unlink(path);
	unlink(lock);
}

static struct graph *read_graph(const char *const *paths, size_t count,
				const struct inventory *inventory)
{
	const struct graph_request request = {.interval = {INT64_MIN, INT64_MAX},
					      .inventory = inventory};
	struct problems problems = {0};
	struct record *record = NULL;
	struct graph *graph = NULL;
	char *error = NULL;

	if (record_open(paths, count, &problems, &record, &error) < 0)
		fail_msg("%s", error);
	assert_int_equal(graph_build(record, &request, &problems, &graph), 0);
	record_close(record);
	problems_clear(&problems);
	return graph;
}

struct graph *history_stored_graph(const struct history *history,
				   const struct history_telling *telling,
				   const struct inventory *inventory, const char *folder)
{
	char texts[HISTORY_NODES][128];
	const char *paths[HISTORY_NODES];
	size_t order[HISTORY_NODES], count = 0;
	struct graph *graph;

	shuffle(telling->order, order, history->node_count);
	for (size_t i = 0; i < history->node_count; i++) {
		if (!history->nodes[order[i]].recorded)
			continue;
		snprintf(texts[count], sizeof(texts[0]), "%s/%s.db", folder,
			 history->nodes[order[i]].name);
		paths[count] = texts[count];
		write_node(history, telling, order[i], paths[count++]);
	}
	graph = read_graph(paths, count, inventory);
	for (size_t i = 0; i < count; i++)
		remove_database(paths[i]);
	return graph;
}
