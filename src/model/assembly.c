#include "model/assembly.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "model/bind.h"
#include "model/counts.h"
#include "model/edge_order.h"
#include "model/ends.h"
#include "model/pods.h"
#include "model/strings.h"
#include "model/vantage.h"
#include "model/windows.h"
#include "model/workload.h"

struct built {
	struct graph graph; /* first: what everybody else sees of it */
	struct strings strings;
	struct pods pods;
	struct ends ends;
	struct rests rests;
};

/* When a node began to record. */
struct beginning {
	const char *node;
	int64_t first;
};

struct assembly {
	const struct inventory *inventory;
	struct problems *problems;
	struct built *built;
	struct workloads workloads;
	struct binder binder;
	struct vantages vantages;
	struct windows windows;
	struct pod_row *rows; /* by number once indexed */
	size_t row_count;
	size_t row_capacity;
	size_t node_capacity;         /* of binder.nodes */
	struct beginning *beginnings; /* by name once indexed */
	size_t beginning_count, beginning_capacity;
	size_t edge_capacity; /* of built->graph.edges */
	size_t bound;         /* so many of them have their ends */
	const char *recorder; /* of the last edge; interned */
};

/* The array with room for one more than count. NULL: out of memory, the array is as it was. */
static void *reserve(void *items, size_t count, size_t *capacity, size_t size)
{
	size_t larger = *capacity ? *capacity + *capacity / 2 : 64;
	void *grown;

	if (count < *capacity)
		return items;
	grown = reallocarray(items, larger, size);
	if (grown)
		*capacity = larger;
	return grown;
}

struct assembly *assembly_new(const struct inventory *inventory, struct problems *problems)
{
	struct assembly *assembly = calloc(1, sizeof(*assembly));

	if (!assembly)
		return NULL;
	assembly->problems = problems;
	assembly->built = calloc(1, sizeof(*assembly->built));
	if (!assembly->built)
		return assembly_free(assembly);
	assembly->binder.ends = &assembly->built->ends;
	assembly_set_inventory(assembly, inventory);
	assembly->built->graph.seen = (struct interval){.from = INT64_MAX, .until = INT64_MIN};
	return assembly;
}

void assembly_set_inventory(struct assembly *assembly, const struct inventory *inventory)
{
	assembly->inventory = inventory;
	assembly->built->graph.inventory = inventory;
}

void assembly_want_rests(struct assembly *assembly)
{
	assembly->built->rests.wanted = true;
}

struct assembly *assembly_free(struct assembly *assembly)
{
	if (!assembly)
		return NULL;
	if (assembly->built)
		graph_free(&assembly->built->graph);
	for (size_t i = 0; i < assembly->row_count; i++)
		pod_row_clear(&assembly->rows[i]);
	free(assembly->rows);
	free(assembly->beginnings);
	binder_clear(&assembly->binder);
	vantage_clear(&assembly->vantages);
	windows_clear(&assembly->windows);
	workloads_clear(&assembly->workloads);
	free(assembly);
	return NULL;
}

struct graph *graph_free(struct graph *graph)
{
	struct built *built = (struct built *)graph;

	if (!built)
		return NULL;
	for (size_t i = 0; i < graph->workload_count; i++)
		free(graph->workloads[i].selector.items);
	free(graph->workloads);
	free(graph->node_addresses);
	free(graph->edges);
	pods_clear(&built->pods);
	ends_clear(&built->ends);
	rests_clear(&built->rests);
	strings_clear(&built->strings);
	free(built);
	return NULL;
}

int assembly_pod(void *context, const struct stored_pod *pod)
{
	struct assembly *assembly = context;
	struct pod_row *rows;
	int r;

	rows = reserve(assembly->rows, assembly->row_count, &assembly->row_capacity, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	assembly->rows = rows;
	r = pod_row_init(&rows[assembly->row_count], pod, &assembly->built->strings);
	if (r == 0)
		assembly->row_count++;
	return r;
}

static int add_node(struct assembly *assembly, const struct node_claim *claim)
{
	struct binder *binder = &assembly->binder;
	struct node_claim *nodes;

	if (addr_is_loopback(claim->address) || !addr_is_set(claim->address))
		return 0;
	nodes =
	    reserve(binder->nodes, binder->node_count, &assembly->node_capacity, sizeof(*nodes));
	if (!nodes)
		return -ENOMEM;
	binder->nodes = nodes;
	if (!claim->node || !claim->reason)
		return -ENOMEM;
	binder->nodes[binder->node_count++] = *claim;
	return 0;
}

/* The texts one after the other, interned: "address of node n1". */
static const char *say(struct assembly *assembly, const char *before, const char *name,
		       const char *between, const char *namespace)
{
	struct buf buf = {0};
	const char *text;

	buf_printf(&buf, "%s%s%s%s", before, name, between, namespace);
	text = buf.error ? NULL : strings_intern(&assembly->built->strings, buf.data);
	buf_clear(&buf);
	return text;
}

int assembly_address(void *context, const struct stored_address *address)
{
	struct assembly *assembly = context;
	struct node_claim claim = {
	    .address = address->address,
	    .since = address->since,
	    .until = address->until,
	    .node = strings_intern(&assembly->built->strings, address->node),
	    .reason = say(assembly, "address of node ", address->node, ", as it recorded", ""),
	    .recorded = true};

	return add_node(assembly, &claim);
}

int assembly_node(void *context, const char *node, int64_t first, int64_t heartbeat)
{
	struct assembly *assembly = context;
	const char *name = strings_intern(&assembly->built->strings, node);
	struct beginning *beginnings = reserve(assembly->beginnings, assembly->beginning_count,
					       &assembly->beginning_capacity, sizeof(*beginnings));

	if (!name || !beginnings)
		return -ENOMEM;
	assembly->beginnings = beginnings;
	beginnings[assembly->beginning_count++] = (struct beginning){name, first};
	return vantage_add_node(&assembly->vantages, name, first, heartbeat);
}

int assembly_gap(void *context, const char *node, const struct gap *gap)
{
	struct assembly *assembly = context;
	const char *name = strings_intern(&assembly->built->strings, node);

	return name ? vantage_add_gap(&assembly->vantages, name, gap) : -ENOMEM;
}

/* ---- the index ---- */

static int compare_rows(const void *a, const void *b)
{
	const struct pod_row *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

/* The addresses of the pod, of primary or of further networks. */
static int register_row(struct registry *registry, const struct pod *pod, bool secondary,
			uint32_t *ret_number)
{
	struct pod part = *pod;
	bool changed;
	int r;

	part.address_count = 0;
	part.addresses = calloc(pod->address_count + 1, sizeof(*part.addresses));
	if (!part.addresses)
		return -ENOMEM;
	/* A link-local address is many pods', one on each node: only its own netpold can tell. */
	for (size_t i = 0; i < pod->address_count; i++)
		if (pod->addresses[i].secondary == secondary &&
		    !addr_is_link_local(pod->addresses[i].address))
			part.addresses[part.address_count++] = pod->addresses[i];
	r = registry_put(registry, &part, ret_number, &changed);
	free(part.addresses);
	return r;
}

static bool is_on_further(const struct pod_row *row)
{
	for (size_t i = 0; i < row->address_count; i++)
		if (row->addresses[i].secondary)
			return true;
	return false;
}

/* further: some row has addresses in a further network. */
static int index_row(struct assembly *assembly, const struct pod_row *row, bool further)
{
	struct binder *binder = &assembly->binder;
	struct buf sandbox = {0};
	uint32_t number = 0, same = 0;
	struct pod pod = {.namespace = (char *)row->namespace,
			  .name = (char *)row->name,
			  .uid = (char *)row->uid,
			  .source = (char *)row->source,
			  .addresses = row->addresses,
			  .address_count = row->address_count};
	int r;

	/* Sandboxes are told apart within a node; one that is not known must not swallow another
	 * node's. */
	buf_printf(&sandbox, "%s/%s/%u", row->node, row->sandbox, row->number);
	if (!sandbox.error)
		pod.sandbox = (char *)strings_intern(&assembly->built->strings, sandbox.data);
	buf_clear(&sandbox);
	if (!pod.sandbox)
		return -ENOMEM;
	r = register_row(binder->registry, &pod, false, &number);
	if (r == 0 && further)
		r = register_row(binder->further, &pod, true, &same);
	/* Every row is an entry of its own: the numbers count up from 1. */
	if (r == 0 && (number > assembly->row_count || (further && same != number)))
		r = -EINVAL;
	if (r < 0)
		return r;
	binder->rows[number] = row;
	for (size_t i = 0; i < row->address_count; i++)
		binder->recorded_pods[binder->recorded_pod_count++] = row->addresses[i].address;
	return 0;
}

static int index_registry(struct assembly *assembly)
{
	struct binder *binder = &assembly->binder;
	size_t addresses = 0;
	bool further = false;
	int r = 0;

	for (size_t i = 0; i < assembly->row_count; i++) {
		addresses += assembly->rows[i].address_count;
		further |= is_on_further(&assembly->rows[i]);
	}
	binder->registry = registry_new();
	binder->further = registry_new();
	binder->rows = calloc(assembly->row_count + 1, sizeof(const struct pod_row *));
	binder->recorded_pods = calloc(addresses + 1, sizeof(*binder->recorded_pods));
	if (!binder->registry || !binder->further || !binder->rows || !binder->recorded_pods)
		return -ENOMEM;
	for (size_t i = 0; i < assembly->row_count && r == 0; i++)
		r = index_row(assembly, &assembly->rows[i], further);
	return r;
}

static int compare_beginnings(const void *a, const void *b)
{
	const struct beginning *x = a, *y = b;

	return strcmp(x->node, y->node);
}

static void mark_beginnings(struct assembly *assembly)
{
	struct binder *binder = &assembly->binder;

	if (assembly->beginning_count == 0)
		return;
	qsort(assembly->beginnings, assembly->beginning_count, sizeof(*assembly->beginnings),
	      compare_beginnings);
	for (size_t i = 0; i < binder->node_count; i++) {
		struct node_claim *claim = &binder->nodes[i];
		const struct beginning wanted = {.node = claim->node};
		const struct beginning *found =
		    bsearch(&wanted, assembly->beginnings, assembly->beginning_count,
			    sizeof(wanted), compare_beginnings);

		claim->began = claim->recorded && found && claim->since <= found->first;
	}
}

/* A node's address for all time: the inventory tells of no other moment. */
static int add_known_node(struct assembly *assembly, const char *node, struct addr address,
			  const char *reason)
{
	return add_node(
	    assembly, &(struct node_claim){.address = address,
					   .since = INT64_MIN,
					   .until = INTERVAL_OPEN,
					   .node = strings_intern(&assembly->built->strings, node),
					   .reason = reason});
}

static int index_host_pod(struct assembly *assembly, const struct inventory_pod *pod)
{
	int r = 0;

	for (size_t i = 0; i < pod->address_count && !pod->finished && r == 0; i++)
		r = add_known_node(assembly, pod->node, pod->addresses[i],
				   say(assembly, "address of a node, as of Pod/", pod->name, " in ",
				       pod->namespace));
	return r;
}

static int index_inventory_pod(struct assembly *assembly, size_t index)
{
	const struct inventory_pod *pod = &assembly->inventory->pods[index];
	struct binder *binder = &assembly->binder;
	size_t joined = assembly->built->pods.of_inventory[index];

	if (joined == GRAPH_NONE)
		return 0;
	if (pod->host_network)
		return index_host_pod(assembly, pod);
	for (size_t i = 0; i < pod->turn_count; i++)
		binder->inventory_pods[binder->inventory_pod_count++] = (struct pod_claim){
		    .address = pod->turns[i].address, .turn = pod->turns[i], .pod = joined};
	return 0;
}

static int index_inventory_pods(struct assembly *assembly)
{
	const struct inventory *inventory = assembly->inventory;
	struct binder *binder = &assembly->binder;
	size_t count = 0;
	int r = 0;

	for (size_t i = 0; i < inventory->pod_count; i++)
		count += inventory->pods[i].turn_count;
	binder->inventory_pods = calloc(count + 1, sizeof(*binder->inventory_pods));
	if (!binder->inventory_pods)
		return -ENOMEM;
	for (size_t i = 0; i < inventory->pod_count && r == 0; i++)
		r = index_inventory_pod(assembly, i);
	return r;
}

static int add_known_nodes(struct assembly *assembly, const char *node,
			   const struct addr *addresses, size_t count, const char *what)
{
	const char *reason = say(assembly, what, node, "", "");
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++)
		r = add_known_node(assembly, node, addresses[i], reason);
	return r;
}

static int index_inventory_node(struct assembly *assembly, const struct inventory_node *node)
{
	struct binder *binder = &assembly->binder;
	const char *name = strings_intern(&assembly->built->strings, node->name);
	int r;

	r = add_known_nodes(assembly, node->name, node->external, node->external_count,
			    "ExternalIP of node ");
	if (r == 0)
		r = add_known_nodes(assembly, node->name, node->addresses, node->address_count,
				    "address of node ");
	if (r == 0)
		r = add_known_nodes(assembly, node->name, node->tunnels, node->tunnel_count,
				    "tunnel or gateway of node ");
	for (size_t i = 0; i < node->pod_range_count && r == 0; i++) {
		struct range_claim claim = {
		    .range = node->pod_ranges[i],
		    .node = name,
		    .tunnel = say(assembly, "first address of the pod range of node ", node->name,
				  " (tunnel)", ""),
		    .inside = say(assembly, "in the pod range of node ", node->name,
				  ", and no pod is known to have had it then", "")};

		if (!claim.node || !claim.tunnel || !claim.inside)
			r = -ENOMEM;
		else
			binder->ranges[binder->range_count++] = claim;
	}
	return r;
}

static int index_inventory_nodes(struct assembly *assembly)
{
	const struct inventory *inventory = assembly->inventory;
	struct binder *binder = &assembly->binder;
	size_t count = 0;
	int r = 0;

	for (size_t i = 0; i < inventory->node_count; i++)
		count += inventory->nodes[i].pod_range_count;
	binder->ranges = calloc(count + 1, sizeof(*binder->ranges));
	if (!binder->ranges)
		return -ENOMEM;
	for (size_t i = 0; i < inventory->node_count && r == 0; i++)
		r = index_inventory_node(assembly, &inventory->nodes[i]);
	return r;
}

static int index_services(struct assembly *assembly)
{
	const struct inventory *inventory = assembly->inventory;
	struct binder *binder = &assembly->binder;
	size_t count = 0;

	for (size_t i = 0; i < inventory->service_count; i++)
		count += inventory->services[i].address_count;
	binder->services = calloc(count + 1, sizeof(*binder->services));
	if (!binder->services)
		return -ENOMEM;
	for (size_t i = 0; i < inventory->service_count; i++) {
		const struct inventory_service *service = &inventory->services[i];
		const char *reason =
		    say(assembly, "address of service ", service->namespace, "/", service->name);

		if (!reason)
			return -ENOMEM;
		for (size_t j = 0; j < service->address_count; j++)
			binder->services[binder->service_count++] = (struct service_claim){
			    .address = service->addresses[j], .reason = reason, .service = service};
	}
	return 0;
}

static void mark_mesh(const struct inventory_pod *pod, struct workload *workload)
{
	const char *mode = labels_get(&pod->labels, "istio.io/dataplane-mode");

	if (*pod->sidecar)
		workload->sidecar = pod->sidecar;
	workload->ambient |= pod->ambient || (mode && strcmp(mode, "ambient") == 0);
}

static void hand_over_workloads(struct assembly *assembly)
{
	const struct inventory *inventory = assembly->inventory;
	const size_t *of_pod = assembly->workloads.of_pod;
	struct graph *graph = &assembly->built->graph;

	graph->workloads = assembly->workloads.items;
	graph->workload_count = assembly->workloads.count;
	assembly->workloads.items = NULL;
	assembly->workloads.count = 0;
	for (size_t i = 0; i < graph->workload_count; i++)
		graph->workloads[i].sidecar = "";
	for (size_t i = 0; inventory && i < inventory->pod_count; i++)
		mark_mesh(&inventory->pods[i], &graph->workloads[of_pod[i]]);
	for (size_t i = 0; i < graph->pod_count; i++) {
		const struct graph_pod *pod = &graph->pods[i];

		if (pod->workload == GRAPH_NONE)
			continue;
		graph->workloads[pod->workload].pods++;
		graph->workloads[pod->workload].recorded |= pod->local;
	}
}

/* The claims are sorted by address. */
static int hand_over_nodes(struct assembly *assembly)
{
	const struct binder *binder = &assembly->binder;
	struct graph *graph = &assembly->built->graph;

	graph->node_addresses = calloc(binder->node_count + 1, sizeof(*graph->node_addresses));
	if (!graph->node_addresses)
		return -ENOMEM;
	for (size_t i = 0; i < binder->node_count; i++)
		if (i == 0 || !addr_equal(binder->nodes[i - 1].address, binder->nodes[i].address))
			graph->node_addresses[graph->node_address_count++] =
			    binder->nodes[i].address;
	return 0;
}

int assembly_index(struct assembly *assembly, const struct ignored_labels *ignored)
{
	struct built *built = assembly->built;
	int r = workloads_build(assembly->inventory, ignored, &built->strings, assembly->problems,
				&assembly->workloads);

	if (r == 0)
		r = pods_join(assembly->rows, assembly->row_count, assembly->inventory,
			      &assembly->workloads, &built->strings, assembly->problems,
			      &built->pods);
	if (r == 0)
		r = pods_mark_ambiguous(&built->pods, assembly->rows, assembly->row_count,
					assembly->problems);
	if (r == 0 && assembly->row_count > 0)
		qsort(assembly->rows, assembly->row_count, sizeof(*assembly->rows), compare_rows);
	if (r == 0)
		r = index_registry(assembly);
	if (r == 0)
		mark_beginnings(assembly);
	if (r == 0 && assembly->inventory) {
		r = index_inventory_pods(assembly);
		r = r < 0 ? r : index_inventory_nodes(assembly);
		r = r < 0 ? r : index_services(assembly);
	}
	if (r == 0)
		r = classes_build(&assembly->binder.classes, assembly->inventory, built->pods.items,
				  built->pods.count, built->pods.of_inventory, &built->strings);
	if (r < 0)
		return r;
	built->graph.pods = built->pods.items;
	built->graph.pod_count = built->pods.count;
	assembly->binder.pods = built->pods.items;
	r = binder_sort(&assembly->binder);
	vantage_sort(&assembly->vantages);
	hand_over_workloads(assembly);
	return r < 0 ? r : hand_over_nodes(assembly);
}

/* ---- edges ---- */

static struct pod_row *find_row(const struct assembly *assembly, uint32_t number)
{
	struct pod_row wanted = {.number = number};

	if (number == 0 || assembly->row_count == 0)
		return NULL;
	/* Mostly they count up from one. */
	if (number <= assembly->row_count && assembly->rows[number - 1].number == number)
		return &assembly->rows[number - 1];
	return bsearch(&wanted, assembly->rows, assembly->row_count, sizeof(wanted), compare_rows);
}

/* One whole edge, or what it did in one window. */
struct binding {
	struct assembly *assembly;
	struct graph_edge *edge;
	bool changed; /* an end changed hands */
};

/* What the daemon bound when the connection began is certain; the rest is looked up. What is seen
 * of an edge that an interval cuts may have begun before the interval. */
static int bind_end(struct binding *binding, uint32_t number, struct addr address, uint8_t prefix,
		    int64_t slack, const struct end **ret, bool *ret_local)
{
	const struct edge_record *edge = &binding->edge->edge;
	const struct binder *binder = &binding->assembly->binder;
	struct pod_row *row = find_row(binding->assembly, number);
	const struct sighting sighting = {.address = address,
					  .from = edge->begun,
					  .until = edge->last_seen,
					  .slack = slack,
					  .recorder = edge->node};
	bool changed = false;
	int r = 0;

	*ret_local = row && !prefix;
	if (prefix) {
		*ret = binder_prefix(binder, address, prefix);
	} else if (row) {
		*ret = binder_row(binder, row, &sighting);
	} else {
		r = binder_address(binder, &sighting, ret, &changed);
		*ret_local = r == 0 && end_is_on(*ret, edge->node);
	}
	binding->changed |= changed;
	return r == 0 && !*ret ? -ENOMEM : r;
}

/* An end may be folded together with its address before or after translation, of which the row does
 * not tell: then nothing is left behind the prefix. */
static uint8_t prefix_with(struct addr address, uint8_t prefix)
{
	struct prefix folded = {.addr = address, .length = prefix};

	if (prefix >= 8 * addr_length(address) || !prefix_contains(folded, address))
		return 0;
	return prefix;
}

static int bind_translated(struct binding *binding)
{
	struct graph_edge *edge = binding->edge;
	const struct edge_key *key = &edge->edge.key;
	uint8_t prefix = prefix_with(key->translated, key->source_prefix);
	bool local;
	int r;

	r = bind_end(binding, 0, key->translated, 0, BIND_SLACK, &edge->translated, &local);
	/* Nodes' addresses are never folded. */
	if (r == 0 && prefix && edge->translated->kind == END_EXTERNAL)
		edge->translated =
		    binder_prefix(&binding->assembly->binder, key->translated, prefix);
	return r == 0 && !edge->translated ? -ENOMEM : r;
}

static void bind_service(const struct binder *binder, struct graph_edge *edge)
{
	const struct edge_key *key = &edge->edge.key;

	if (addr_is_set(key->service))
		edge->service = binder_service(binder, key->service);
	else if (edge->to->service_address)
		edge->service = binder_service(binder, key->destination);
	if (addr_is_set(key->service))
		edge->service_prefix = prefix_with(key->service, key->destination_prefix);
}

/* What the end is beyond its address, now that the port and the service are known. NULL: out of
 * memory. */
static const struct end *refine(struct assembly *assembly, const struct graph_edge *edge,
				bool destination, const struct end *end)
{
	const struct classes *classes = &assembly->binder.classes;
	struct end refined;

	if (!classes_concern(classes, end, destination))
		return end;
	refined = *end;
	classes_refine(classes, edge, destination, &refined);
	return ends_intern(&assembly->built->ends, &refined);
}

/* Who answered was there; who did not may have come later. */
static int bind_edge(struct assembly *assembly, struct graph_edge *edge, bool *ret_changed)
{
	const struct edge_key *key = &edge->edge.key;
	struct binding binding = {.assembly = assembly, .edge = edge};
	int64_t slack = key->verdict == VERDICT_ANSWERED ? BIND_SLACK : 0;
	int r;

	r = bind_end(&binding, key->source_pod, key->source, key->source_prefix, BIND_SLACK,
		     &edge->from, &edge->local[0]);
	if (r == 0)
		r = bind_end(&binding, key->destination_pod, key->destination,
			     key->destination_prefix, slack, &edge->to, &edge->local[1]);
	if (r == 0 && addr_is_set(key->translated))
		r = bind_translated(&binding);
	if (r < 0)
		return r;
	bind_service(&assembly->binder, edge);
	edge->from = refine(assembly, edge, false, edge->from);
	edge->to = refine(assembly, edge, true, edge->to);
	if (!edge->from || !edge->to)
		return -ENOMEM;
	edge->vantage = vantage_of(edge);
	*ret_changed = binding.changed;
	return 0;
}

static void mark_recorded(struct graph *graph, const struct end *end, bool local)
{
	if (end->workload == GRAPH_NONE)
		return;
	graph->workloads[end->workload].met = true;
	if (local)
		graph->workloads[end->workload].recorded = true;
}

static int add_edge(struct assembly *assembly, const struct graph_edge *edge)
{
	struct graph *graph = &assembly->built->graph;
	struct graph_edge *edges =
	    reserve(graph->edges, graph->edge_count, &assembly->edge_capacity, sizeof(*edges));

	if (!edges)
		return -ENOMEM;
	graph->edges = edges;
	graph->edges[graph->edge_count++] = *edge;
	return 0;
}

static void mark_ends(struct graph *graph, const struct graph_edge *edge)
{
	mark_recorded(graph, edge->from, edge->local[0]);
	mark_recorded(graph, edge->to, edge->local[1]);
}

static int bind_next(struct assembly *assembly)
{
	struct graph *graph = &assembly->built->graph;
	struct graph_edge *edge = &graph->edges[assembly->bound];
	bool changed = false;
	int r = bind_edge(assembly, edge, &changed);

	if (r == 0 && changed)
		r = windows_add(&assembly->windows, edge->edge.id, assembly->bound);
	if (r < 0)
		return r;
	mark_ends(graph, edge);
	assembly->bound++;
	return 0;
}

/* What will be looked up of the edges that wait. */
static void fetch(const struct assembly *assembly,
		  void (*fetch_address)(const struct binder *, struct addr))
{
	const struct graph *graph = &assembly->built->graph;

	for (size_t i = assembly->bound; i < graph->edge_count; i++) {
		const struct edge_key *key = &graph->edges[i].edge.key;

		if (!key->source_pod)
			fetch_address(&assembly->binder, key->source);
		if (!key->destination_pod)
			fetch_address(&assembly->binder, key->destination);
	}
}

/* Edges are bound so many at once: their ends are anywhere in memory, and to look for one after the
 * other would be to wait for one after the other. */
#define BOUND_AT_ONCE 32

static int bind_waiting(struct assembly *assembly)
{
	int r = 0;

	fetch(assembly, binder_fetch_place);
	fetch(assembly, binder_fetch_end);
	while (r == 0 && assembly->bound < assembly->built->graph.edge_count)
		r = bind_next(assembly);
	return r;
}

/* Interned. Edges of one node mostly come one after the other. */
static const char *recorder_of(struct assembly *assembly, const char *node)
{
	if (!assembly->recorder || strcmp(assembly->recorder, node) != 0)
		assembly->recorder = strings_intern(&assembly->built->strings, node);
	return assembly->recorder;
}

int assembly_edge(void *context, const struct edge *edge)
{
	struct assembly *assembly = context;
	struct graph *graph = &assembly->built->graph;
	const char *recorder = recorder_of(assembly, edge->node);
	struct graph_edge waiting = {.recorded_by = {recorder, NULL},
				     .edge = {.id = edge->id,
					      .node = recorder,
					      .key = edge->key,
					      .first_seen = edge->first_seen,
					      .last_seen = edge->last_seen,
					      .begun = edge->begun}};
	int r;

	if (!recorder)
		return -ENOMEM;
	r = counts_init(&waiting.edge.totals, edge->totals, &assembly->built->rests);
	if (r == 0)
		r = add_edge(assembly, &waiting);
	if (r < 0)
		return r;
	if (edge->first_seen < graph->seen.from)
		graph->seen.from = edge->first_seen;
	if (edge->last_seen > graph->seen.until)
		graph->seen.until = edge->last_seen;
	return graph->edge_count - assembly->bound < BOUND_AT_ONCE ? 0 : bind_waiting(assembly);
}

/* ---- windows of edges whose address changed hands ---- */

int assembly_spans(struct assembly *assembly, struct edge_span **ret, size_t *ret_count)
{
	const struct windows *windows = &assembly->windows;
	int r = bind_waiting(assembly);
	struct edge_span *spans = r == 0 ? calloc(windows->count + 1, sizeof(*spans)) : NULL;

	if (!spans)
		return r < 0 ? r : -ENOMEM;
	windows_sort(&assembly->windows);
	for (size_t i = 0; i < windows->count; i++) {
		const struct split *split = &windows->splits[i];
		const struct edge_record *edge = &assembly->built->graph.edges[split->edge].edge;

		spans[i] = (struct edge_span){.edge = split->id,
					      .interval = {.from = edge->first_seen,
							   .until = edge->last_seen < INT64_MAX
									? edge->last_seen + 1
									: INT64_MAX}};
	}
	*ret = spans;
	*ret_count = windows->count;
	return 0;
}

static bool is_ambiguous(const struct end *end)
{
	return end && end->kind == END_UNKNOWN && strcmp(end->class, "ambiguous") == 0;
}

static unsigned count_ambiguous(const struct graph_edge *edge)
{
	return (unsigned)is_ambiguous(edge->from) + is_ambiguous(edge->to) +
	       is_ambiguous(edge->translated);
}

int assembly_flow(void *context, const struct stored_flow *flow)
{
	struct assembly *assembly = context;
	struct split *split = windows_find(&assembly->windows, flow->edge);
	struct totals totals = flow->flow.totals;
	const struct graph_edge *whole;
	struct graph_edge row;
	bool changed;
	int r;

	if (!split || flow->flow.length == FLOW_WITHOUT_WINDOW)
		return 0;
	if (flow->flow.totals.connections < 0)
		split_give_up(split);
	/* What only goes on or ends is whose it was when it began. */
	if (flow->flow.totals.connections <= 0)
		return 0;
	whole = &assembly->built->graph.edges[split->edge];
	row = *whole;
	row.edge.totals = counts_within(&totals);
	/* Who is seen when the window begins may have begun in an earlier one. */
	if (flow->flow.first_seen > flow->flow.window)
		row.edge.first_seen = row.edge.begun = flow->flow.first_seen;
	row.edge.last_seen = flow->flow.last_seen;
	r = bind_edge(assembly, &row, &changed);
	if (r < 0 || count_ambiguous(&row) >= count_ambiguous(whole))
		return r;
	return split_add(split, &row, &assembly->built->rests);
}

/* What no window told the owner of stays as it was. */
static int add_pieces(struct assembly *assembly)
{
	struct graph *graph = &assembly->built->graph;
	size_t kept = 0;
	int r = 0;

	for (size_t i = 0; i < assembly->windows.count && r == 0; i++) {
		struct split *split = &assembly->windows.splits[i];
		struct graph_edge *whole = &graph->edges[split->edge];

		if (!split_rest(split, &whole->edge))
			whole->standing = STANDING_SUPERSEDED;
		for (size_t j = 0; j < split->count && r == 0; j++) {
			mark_ends(graph, &split->pieces[j]);
			r = add_edge(assembly, &split->pieces[j]);
		}
	}
	if (r < 0 || assembly->windows.count == 0)
		return r;
	for (size_t i = 0; i < graph->edge_count; i++)
		if (graph->edges[i].standing == STANDING_COUNTS)
			graph->edges[kept++] = graph->edges[i];
	graph->edge_count = kept;
	return 0;
}

int assembly_finish(struct assembly *assembly, bool apart, struct graph **ret)
{
	struct graph *graph = &assembly->built->graph;
	int r = bind_waiting(assembly);

	if (r == 0)
		r = add_pieces(assembly);
	if (r == 0)
		r = edges_sort(graph->edges, graph->edge_count, &assembly->built->ends);
	if (r == 0)
		graph->edge_count = edges_join(graph->edges, graph->edge_count);
	if (r == 0 && !apart)
		r = vantage_merge(&assembly->vantages, &assembly->binder, &assembly->built->ends,
				  graph->edges, graph->edge_count);
	if (r < 0)
		return r;
	if (r > 0)
		r = edges_sort(graph->edges, graph->edge_count, &assembly->built->ends);
	if (r < 0)
		return r;
	assembly->built = NULL;
	*ret = graph;
	return 0;
}
