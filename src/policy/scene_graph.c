#include "policy/scene_graph.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/likeness.h"

/* Of which nothing is known: one as source, one as destination. */
#define NAMELESS 2

struct node_at {
	struct addr address;
	size_t node;
};

struct scene_graph {
	struct node_at *node_addresses; /* in order */
	size_t node_address_count;
	struct scene scene;
	const struct graph *graph;
	bool hosts_are_pods;
	struct labels *united; /* of namespaces of which several tell */
	size_t united_count;
	struct likeness *likenesses; /* by the graph's pods */
	struct scene_port *ports;    /* of all pods, as the next */
	struct addr *addresses;
};

/* ---- namespaces ---- */

/* Whose labels are believed: of the same name and key the first. */
enum teller { TELLER_MANIFESTS, TELLER_INVENTORY, TELLER_NOBODY };

struct named_namespace {
	struct scene_namespace namespace;
	enum teller teller;
};

static int compare_namespaces(const void *a, const void *b)
{
	const struct named_namespace *x = a, *y = b;
	int r = strcmp(x->namespace.name, y->namespace.name);

	return r ? r : (x->teller > y->teller) - (x->teller < y->teller);
}

static size_t collect_namespaces(const struct inventory *inventory, enum teller teller,
				 struct named_namespace *items)
{
	if (!inventory)
		return 0;
	for (size_t i = 0; i < inventory->namespace_count; i++)
		items[i] = (struct named_namespace){{.name = inventory->namespaces[i].name,
						     .labels = &inventory->namespaces[i].labels},
						    teller};
	return inventory->namespace_count;
}

static size_t count_namespaces(const struct inventory *inventory)
{
	return inventory ? inventory->namespace_count : 0;
}

/* A manifest need not say all of a namespace that is there. */
static int unite_labels(struct scene_graph *scene, struct scene_namespace *namespace,
			const struct labels *more)
{
	struct labels *united = &scene->united[scene->united_count];
	int r = labels_copy(namespace->labels, united);

	if (r < 0)
		return r;
	scene->united_count++;
	for (size_t i = 0; i < more->count && r == 0; i++)
		if (!labels_get(namespace->labels, more->items[i].key))
			r = labels_set(united, more->items[i].key, more->items[i].value);
	namespace->labels = united;
	return r;
}

static int keep_namespace(struct scene_graph *scene, const struct scene_namespace *item)
{
	struct scene_namespace *next = scene->scene.namespaces + scene->scene.namespace_count;

	if (scene->scene.namespace_count > 0 && strcmp(next[-1].name, item->name) == 0)
		return item->labels ? unite_labels(scene, next - 1, item->labels) : 0;
	*next = *item;
	scene->scene.namespace_count++;
	return 0;
}

static int add_namespaces(struct scene_graph *scene, const struct inventory *manifests)
{
	const struct graph *graph = scene->graph;
	struct scene_namespace *namespaces;
	struct named_namespace *items;
	size_t count;
	int r = 0;

	count = count_namespaces(manifests) + count_namespaces(graph->inventory) + graph->pod_count;
	items = calloc(count + 1, sizeof(*items));
	namespaces = calloc(count + 1, sizeof(*namespaces));
	scene->scene.namespaces = namespaces;
	scene->united = calloc(count + 1, sizeof(*scene->united));
	if (!items || !namespaces || !scene->united) {
		free(items);
		return -ENOMEM;
	}
	count = collect_namespaces(manifests, TELLER_MANIFESTS, items);
	count += collect_namespaces(graph->inventory, TELLER_INVENTORY, items + count);
	for (size_t i = 0; i < graph->pod_count; i++)
		items[count++] =
		    (struct named_namespace){{.name = graph->pods[i].namespace}, TELLER_NOBODY};
	if (count > 0)
		qsort(items, count, sizeof(*items), compare_namespaces);
	for (size_t i = 0; i < count && r == 0; i++)
		r = keep_namespace(scene, &items[i].namespace);
	free(items);
	return r;
}

/* ---- nodes ---- */

static int compare_nodes(const void *a, const void *b)
{
	const struct scene_node *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	/* Of one name the one with addresses first. */
	return r ? r
		 : (x->address_count < y->address_count) - (x->address_count > y->address_count);
}

struct node_list {
	struct scene_node *items;
	size_t count, capacity;
};

static void sort_nodes(struct node_list *nodes)
{
	size_t kept = 0;

	if (nodes->count > 0)
		qsort(nodes->items, nodes->count, sizeof(*nodes->items), compare_nodes);
	for (size_t i = 0; i < nodes->count; i++)
		if (kept == 0 || strcmp(nodes->items[kept - 1].name, nodes->items[i].name) != 0)
			nodes->items[kept++] = nodes->items[i];
	nodes->count = kept;
}

static int add_node(struct node_list *nodes, struct scene_node node)
{
	struct scene_node *grown;
	size_t larger = nodes->capacity ? nodes->capacity * 2 : 64;

	if (!*node.name)
		return 0;
	/* Many ends, few nodes: dropping repetitions mostly makes room enough. */
	if (nodes->count == nodes->capacity) {
		sort_nodes(nodes);
		if (nodes->count * 2 >= nodes->capacity) {
			grown = reallocarray(nodes->items, larger, sizeof(*grown));
			if (!grown)
				return -ENOMEM;
			nodes->items = grown;
			nodes->capacity = larger;
		}
	}
	nodes->items[nodes->count++] = node;
	return 0;
}

static int add_end(struct node_list *nodes, const struct end *end)
{
	if (!end || end->kind != END_NODE)
		return 0;
	return add_node(nodes, (struct scene_node){.name = end->name});
}

static int collect_nodes(const struct graph *graph, struct node_list *nodes)
{
	const struct inventory *inventory = graph->inventory;
	int r = 0;

	for (size_t i = 0; inventory && i < inventory->node_count && r == 0; i++)
		r = add_node(
		    nodes, (struct scene_node){.name = inventory->nodes[i].name,
					       .addresses = inventory->nodes[i].addresses,
					       .address_count = inventory->nodes[i].address_count});
	for (size_t i = 0; i < graph->pod_count && r == 0; i++)
		r = add_node(nodes, (struct scene_node){.name = graph->pods[i].node});
	for (size_t i = 0; i < graph->edge_count && r == 0; i++) {
		r = add_end(nodes, graph->edges[i].from);
		if (r == 0)
			r = add_end(nodes, graph->edges[i].to);
		if (r == 0)
			r = add_end(nodes, graph->edges[i].translated);
	}
	return r;
}

static int compare_node_addresses(const void *a, const void *b)
{
	const struct node_at *x = a, *y = b;

	return addr_compare(x->address, y->address);
}

static int list_node_addresses(struct scene_graph *scene)
{
	size_t count = 0;

	for (size_t i = 0; i < scene->scene.node_count; i++)
		count += scene->scene.nodes[i].address_count;
	scene->node_addresses = calloc(count + 1, sizeof(*scene->node_addresses));
	if (!scene->node_addresses)
		return -ENOMEM;
	for (size_t i = 0; i < scene->scene.node_count; i++)
		for (size_t j = 0; j < scene->scene.nodes[i].address_count; j++)
			scene->node_addresses[scene->node_address_count++] =
			    (struct node_at){scene->scene.nodes[i].addresses[j], i};
	qsort(scene->node_addresses, count, sizeof(*scene->node_addresses), compare_node_addresses);
	return 0;
}

static int add_nodes(struct scene_graph *scene)
{
	struct node_list nodes = {0};
	int r = collect_nodes(scene->graph, &nodes);

	sort_nodes(&nodes);
	scene->scene.nodes = nodes.items;
	scene->scene.node_count = nodes.count;
	return r;
}

/* ---- pods ---- */

static void put_ports(const struct likeness *likeness, struct scene_port **next,
		      struct scene_pod *pod)
{
	pod->ports = *next;
	pod->ports_known = likeness->ports_known;
	for (size_t i = 0; likeness->ports_known && i < likeness->port_count; i++)
		if (*likeness->ports[i].name)
			*(*next)++ = (struct scene_port){.name = likeness->ports[i].name,
							 .protocol = likeness->ports[i].protocol,
							 .port = likeness->ports[i].port};
	pod->port_count = (size_t)(*next - pod->ports);
}

static void put_addresses(const struct graph_pod *from, struct addr **next, struct scene_pod *pod)
{
	pod->addresses = *next;
	for (size_t i = 0; i < from->address_count; i++)
		if (!from->addresses[i].secondary)
			*(*next)++ = from->addresses[i].address;
	pod->address_count = (size_t)(*next - pod->addresses);
}

static struct scene_pod nameless(void)
{
	return (struct scene_pod){.namespace = SCENE_NONE, .node = SCENE_NONE};
}

static void fill_pods(struct scene_graph *scene)
{
	const struct graph *graph = scene->graph;
	struct scene_port *port = scene->ports;
	struct addr *address = scene->addresses;

	for (size_t i = 0; i < graph->pod_count; i++) {
		const struct graph_pod *from = &graph->pods[i];
		struct scene_pod *pod = &scene->scene.pods[i];

		*pod = nameless();
		pod->node = scene_find_node(&scene->scene, from->node);
		pod->on_node = from->host_network && !scene->hosts_are_pods;
		if (*from->conflict)
			continue;
		pod->namespace = scene_find_namespace(&scene->scene, from->namespace);
		pod->labels = scene->likenesses[i].labels;
		put_ports(&scene->likenesses[i], &port, pod);
		put_addresses(from, &address, pod);
	}
	for (size_t i = 0; i < NAMELESS; i++)
		scene->scene.pods[graph->pod_count + i] = nameless();
}

static int add_pods(struct scene_graph *scene)
{
	const struct graph *graph = scene->graph;
	size_t ports = 0, addresses = 0;

	for (size_t i = 0; i < graph->pod_count; i++) {
		ports += scene->likenesses[i].port_count;
		addresses += graph->pods[i].address_count;
	}
	scene->scene.pods = calloc(graph->pod_count + NAMELESS, sizeof(*scene->scene.pods));
	scene->ports = calloc(ports + 1, sizeof(*scene->ports));
	scene->addresses = calloc(addresses + 1, sizeof(*scene->addresses));
	if (!scene->scene.pods || !scene->ports || !scene->addresses)
		return -ENOMEM;
	scene->scene.pod_count = graph->pod_count + NAMELESS;
	fill_pods(scene);
	return 0;
}

int scene_graph_new(const struct graph *graph, const struct scene_graph_options *options,
		    struct scene_graph **ret)
{
	struct scene_graph *scene = calloc(1, sizeof(*scene));
	const struct likeness_request request = {.graph = graph,
						 .manifests = options->manifests,
						 .policies = options->policies,
						 .policy_count = options->policy_count};
	int r;

	if (!scene)
		return -ENOMEM;
	scene->graph = graph;
	scene->hosts_are_pods = options->hosts_are_pods;
	r = add_namespaces(scene, options->manifests);
	if (r == 0)
		r = add_nodes(scene);
	if (r == 0)
		r = list_node_addresses(scene);
	if (r == 0)
		r = likeness_find(&request, &scene->likenesses);
	if (r == 0)
		r = add_pods(scene);
	if (r < 0) {
		scene_graph_free(scene);
		return r;
	}
	*ret = scene;
	return 0;
}

struct scene_graph *scene_graph_free(struct scene_graph *scene)
{
	if (!scene)
		return NULL;
	for (size_t i = 0; i < scene->united_count; i++)
		labels_clear(&scene->united[i]);
	free(scene->united);
	free(scene->scene.namespaces);
	free(scene->scene.nodes);
	free(scene->scene.pods);
	free(scene->likenesses);
	free(scene->ports);
	free(scene->addresses);
	free(scene->node_addresses);
	free(scene);
	return NULL;
}

const struct scene *scene_graph_scene(const struct scene_graph *scene)
{
	return &scene->scene;
}

bool scene_graph_labels_differ(const struct scene_graph *scene, size_t pod)
{
	return pod < scene->graph->pod_count && scene->likenesses[pod].labels_differ;
}

bool scene_graph_ports_differ(const struct scene_graph *scene, size_t pod)
{
	return pod < scene->graph->pod_count && scene->likenesses[pod].ports_differ;
}

/* ---- ends ---- */

static struct addr_range range_of(const struct end *end)
{
	struct addr_range range = {.first = end->address, .last = end->address};
	size_t bits = 8 * addr_length(end->address);

	for (size_t i = end->prefix ? end->prefix : bits; i < bits; i++)
		range.last.bytes[i / 8] |= (uint8_t)(0x80u >> i % 8);
	return range;
}

static struct party node_of(const struct scene_graph *scene, const struct end *end)
{
	return (struct party){.kind = PARTY_NODE,
			      .index = scene_find_node(&scene->scene, end->name),
			      .range = range_of(end)};
}

static struct party pod_of(const struct scene_graph *scene, const struct end *end, bool destination)
{
	size_t none = scene->graph->pod_count + destination;

	return (struct party){
	    .kind = PARTY_POD,
	    .index = end->kind == END_UNKNOWN || end->pod == GRAPH_NONE ? none : end->pod,
	    .range = range_of(end)};
}

/* The first of the nodes' addresses that is not before it. */
static size_t find_node_address(const struct scene_graph *scene, struct addr address)
{
	size_t low = 0, high = scene->node_address_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (addr_compare(scene->node_addresses[middle].address, address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A prefix may hold nodes that were not known as such when it was recorded. */
static size_t addresses_of(const struct scene_graph *scene, const struct end *end,
			   struct party ret[static SCENE_GRAPH_PARTIES])
{
	const struct addr_range range = range_of(end);
	size_t first = find_node_address(scene, range.first), after = first;

	while (after < scene->node_address_count &&
	       addr_compare(scene->node_addresses[after].address, range.last) <= 0 &&
	       scene->node_addresses[after].node == scene->node_addresses[first].node)
		after++;
	ret[0] = (struct party){.kind = PARTY_ADDRESSES, .range = range};
	if (after == first)
		return 1;
	ret[1] = (struct party){
	    .kind = PARTY_NODE, .index = scene->node_addresses[first].node, .range = range};
	if (after < scene->node_address_count &&
	    addr_compare(scene->node_addresses[after].address, range.last) <= 0)
		ret[1].index = SCENE_NONE;
	return 2;
}

size_t scene_graph_parties(const struct scene_graph *scene, const struct end *end, bool destination,
			   struct party ret[static SCENE_GRAPH_PARTIES])
{
	switch (end->kind) {
	case END_POD:
		ret[0] = pod_of(scene, end, destination);
		return 1;
	case END_NODE:
		ret[0] = scene->hosts_are_pods && end->pod != GRAPH_NONE &&
				 strcmp(end->class, "host-network") == 0
			     ? pod_of(scene, end, destination)
			     : node_of(scene, end);
		return 1;
	case END_EXTERNAL:
		return addresses_of(scene, end, ret);
	default:
		ret[0] = pod_of(scene, end, destination);
		if (strcmp(end->class, "pod") == 0)
			return 1;
		ret[1] = (struct party){.kind = PARTY_ADDRESSES, .range = range_of(end)};
		ret[2] =
		    (struct party){.kind = PARTY_NODE, .index = SCENE_NONE, .range = range_of(end)};
		return SCENE_GRAPH_PARTIES;
	}
}
