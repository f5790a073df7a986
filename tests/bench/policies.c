/*
 * What it costs to ask policies.
 *
 *   policies write FILE   makes a cluster with its policies, in YAML
 *   policies read FILE    reads it into trees of nodes, and no further: the yardstick for commands
 *   policies replay       replays edges against the policies, and finds what they did not use; one
 *                         JSON line
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/document.h"
#include "cluster.h"
#include "policy/manifest.h"
#include "policy/replay.h"
#include "policy/unused.h"

#define EDGES 1000000
#define ROUNDS 5
#define SECOND 1e9

static void fail(const char *what)
{
	fprintf(stderr, "policies: %s\n", what);
	exit(1);
}

static void write_cluster(const char *path)
{
	FILE *out = fopen(path, "w");

	if (!out)
		fail("the file cannot be made");
	cluster_put_objects(out, false);
	cluster_put_policies(out);
	if (fclose(out) != 0)
		fail("the file cannot be written");
}

static void read_cluster(const char *path)
{
	struct problems problems = {0};
	struct document *document;

	if (document_read(path, &problems, &document) < 0)
		fail("the file cannot be read");
	document_free(document);
}

/* ---- replay ---- */

static int64_t cpu_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * (int64_t)SECOND + now.tv_nsec;
}

static unsigned random_below(unsigned limit)
{
	static uint64_t state = 88172645463325252;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 33) % limit;
}

static void *zeroed(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	if (!memory)
		fail("no memory");
	return memory;
}

static struct manifest *make_manifest(void)
{
	struct manifest *manifest = manifest_new();
	struct problems problems = {0};
	struct document *document;
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!manifest || !out)
		fail("no memory");
	cluster_put_objects(out, true);
	cluster_put_policies(out);
	if (fclose(out) != 0 || document_parse(text, length, "cluster", &problems, &document) < 0 ||
	    manifest_add(manifest, document, &problems) < 0 ||
	    manifest_finish(manifest, &problems) < 0 || problems.count > 0) {
		problems_print(&problems, "policies", stderr);
		fail("the cluster is none");
	}
	document_free(document);
	free(text);
	return manifest;
}

/* The record of a cluster in which each pod is known. */
static void add_pods(struct graph *graph)
{
	const struct inventory *inventory = graph->inventory;

	graph->pod_count = inventory->pod_count;
	graph->pods = zeroed(graph->pod_count, sizeof(*graph->pods));
	for (size_t i = 0; i < graph->pod_count; i++) {
		const struct inventory_pod *pod = &inventory->pods[i];

		graph->pods[i] = (struct graph_pod){.node = pod->node,
						    .namespace = pod->namespace,
						    .name = pod->name,
						    .uid = pod->uid,
						    .source = "inventory",
						    .labels = &pod->labels,
						    .workload = GRAPH_NONE,
						    .conflict = "",
						    .addresses = pod->turns,
						    .address_count = pod->turn_count};
	}
}

static size_t find_pod(const struct graph *graph, unsigned workload, unsigned replica)
{
	char namespace[16], name[32];
	const struct inventory_pod *pod;

	snprintf(namespace, sizeof(namespace), "n%u", workload % CLUSTER_NAMESPACES);
	snprintf(name, sizeof(name), "w%u-%u", workload, replica);
	pod = inventory_find_pod(graph->inventory, namespace, name, "");
	if (!pod)
		fail("a pod is missing");
	return (size_t)(pod - graph->inventory->pods);
}

static struct end pod_end(const struct graph *graph, size_t index)
{
	const struct graph_pod *pod = &graph->pods[index];

	return (struct end){.kind = END_POD,
			    .class = "pod",
			    .namespace = pod->namespace,
			    .name = pod->name,
			    .uid = pod->uid,
			    .node = pod->node,
			    .address = graph->inventory->pods[index].addresses[0],
			    .pod = index,
			    .workload = GRAPH_NONE};
}

static struct end outside(unsigned block, unsigned host)
{
	uint8_t bytes[4] = {172, (uint8_t)(16 + block / 64), (uint8_t)(block % 64 * 4),
			    (uint8_t)host};

	return (struct end){.kind = END_EXTERNAL,
			    .class = "external",
			    .namespace = "",
			    .name = "",
			    .uid = "",
			    .node = "",
			    .address = addr_from_bytes(bytes, sizeof(bytes)),
			    .pod = GRAPH_NONE,
			    .workload = GRAPH_NONE};
}

/* Most are of neighbours, some come from outside, and one of twenty is anybody's. */
static void add_edge(struct graph *graph, const size_t *pods, struct end *ends)
{
	struct graph_edge *edge = &graph->edges[graph->edge_count++];
	unsigned from = random_below(CLUSTER_WORKLOADS - 3 * CLUSTER_NAMESPACES);
	unsigned to = from + CLUSTER_NAMESPACES, kind = random_below(20);
	uint16_t port = random_below(2) ? (uint16_t)(8000 + to % 10) : 9050;

	if (kind == 0) {
		to = random_below(CLUSTER_WORKLOADS);
		port = (uint16_t)(1 + random_below(65535));
	} else if (kind <= 2) {
		to = from / 3 * 3;
		port = 443;
	}
	ends[1] = pod_end(graph, pods[to * CLUSTER_REPLICAS + random_below(CLUSTER_REPLICAS)]);
	ends[0] =
	    kind == 1 || kind == 2
		? outside(to % CLUSTER_BLOCKS, 101 + random_below(100))
		: pod_end(graph, pods[from * CLUSTER_REPLICAS + random_below(CLUSTER_REPLICAS)]);
	edge->from = &ends[0];
	edge->to = &ends[1];
	edge->standing = STANDING_COUNTS;
	edge->vantage = VANTAGE_DESTINATION;
	edge->edge = (struct edge_record){.node = "node0",
					  .key = {.source = edge->from->address,
						  .destination = edge->to->address,
						  .port = port,
						  .has_port = 1,
						  .protocol = IPPROTO_TCP,
						  .verdict = VERDICT_ANSWERED},
					  .totals = {.connections = 1 + random_below(100)},
					  .first_seen = 1000,
					  .last_seen = 1000 + random_below(1000000)};
}

/* ends: room for two of each edge. */
static void add_edges(struct graph *graph, struct end *ends)
{
	size_t *pods = zeroed((size_t)CLUSTER_WORKLOADS * CLUSTER_REPLICAS, sizeof(*pods));

	for (unsigned i = 0; i < CLUSTER_WORKLOADS * CLUSTER_REPLICAS; i++)
		pods[i] = find_pod(graph, i / CLUSTER_REPLICAS, i % CLUSTER_REPLICAS);
	graph->edges = zeroed(EDGES, sizeof(*graph->edges));
	while (graph->edge_count < EDGES)
		add_edge(graph, pods, &ends[2 * graph->edge_count]);
	free(pods);
}

/* What any reader of edges must at least look at. */
static uint64_t look_at(const struct graph *graph)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < graph->edge_count; i++) {
		const struct graph_edge *edge = &graph->edges[i];

		if (edge->standing == STANDING_COUNTS)
			sum += edge->from->pod + edge->to->pod + edge->from->address.bytes[3] +
			       edge->to->address.bytes[3] + edge->edge.key.port +
			       edge->edge.key.protocol + edge->edge.key.verdict +
			       (uint64_t)edge->edge.totals.connections;
	}
	return sum;
}

struct replay_times {
	int64_t replay, unused, bare; /* ns, the least of all rounds */
	size_t unused_count;
	struct replay_sum allowed, denied;
	uint64_t sum;
};

static void least(int64_t *least, int64_t took)
{
	if (*least == 0 || took < *least)
		*least = took;
}

static void find_unused(const struct replay *replay, const struct graph *graph,
			const struct manifest *manifest, struct replay_times *times)
{
	const struct subjects_request of_subjects = {.graph = graph,
						     .scene = replay->scene,
						     .evaluator = replay->evaluator,
						     .policies = manifest->policies,
						     .policy_count = manifest->policy_count};
	struct subjects subjects;
	const struct unused_request request = {.graph = graph,
					       .scene = replay->scene,
					       .policies = manifest->policies,
					       .policy_count = manifest->policy_count,
					       .evaluator = replay->evaluator,
					       .subjects = &subjects};
	struct unused_item *items;

	if (subjects_find(&of_subjects, &subjects) < 0 ||
	    unused_find(&request, &items, &times->unused_count) < 0)
		fail("no memory");
	subjects_clear(&subjects);
	free(items);
}

static void measure(const struct replay *replay, const struct graph *graph,
		    const struct manifest *manifest, struct replay_times *times)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct replay_result result = {0};
		int64_t begun = cpu_now();

		times->sum += look_at(graph);
		least(&times->bare, cpu_now() - begun);
		begun = cpu_now();
		if (replay_graph(replay, graph, NULL, NULL, &result) < 0)
			fail("no memory");
		least(&times->replay, cpu_now() - begun);
		times->allowed = result.allowed;
		times->denied = result.lists[REPLAY_DENIED];
		replay_result_clear(&result);
		begun = cpu_now();
		find_unused(replay, graph, manifest, times);
		least(&times->unused, cpu_now() - begun);
	}
}

static void replay_cluster(void)
{
	struct manifest *manifest = make_manifest();
	struct graph graph = {.inventory = manifest->inventory};
	const struct scene_graph_options of_scene = {.manifests = manifest->inventory,
						     .policies = manifest->policies,
						     .policy_count = manifest->policy_count};
	struct replay replay = {0};
	struct scene_graph *scene;
	struct replay_times times = {0};
	struct end *ends = zeroed((size_t)2 * EDGES, sizeof(*ends));

	add_pods(&graph);
	add_edges(&graph, ends);
	if (scene_graph_new(&graph, &of_scene, &scene) < 0 ||
	    evaluator_new(manifest->policies, manifest->policy_count, scene_graph_scene(scene),
			  (struct evaluator_options){0}, &replay.evaluator) < 0)
		fail("no memory");
	replay.scene = scene;
	measure(&replay, &graph, manifest, &times);
	if (times.sum == 0 || times.allowed.edges < EDGES / 2 || times.denied.edges == 0 ||
	    times.unused_count == 0)
		fail("the edges are not those that were meant");
	printf("{\"case\": \"replay\", \"policies\": %zu, \"pods\": %zu, \"edges\": %d, "
	       "\"allowed\": %zu, \"denied\": %zu, \"edges_per_second\": %.0f, "
	       "\"unused\": %zu, \"unused_edges_per_second\": %.0f, "
	       "\"bare_edges_per_second\": %.0f, \"ratio\": %.2f}\n",
	       manifest->policy_count, graph.pod_count, EDGES, times.allowed.edges,
	       times.denied.edges, EDGES / ((double)times.replay / SECOND), times.unused_count,
	       EDGES / ((double)times.unused / SECOND), EDGES / ((double)times.bare / SECOND),
	       (double)times.replay / (double)times.bare);
	evaluator_free(replay.evaluator);
	scene_graph_free(scene);
	free(graph.edges);
	free(ends);
	free(graph.pods);
	manifest_free(manifest);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "write") == 0)
		write_cluster(argv[2]);
	else if (argc == 3 && strcmp(argv[1], "read") == 0)
		read_cluster(argv[2]);
	else if (argc == 2 && strcmp(argv[1], "replay") == 0)
		replay_cluster();
	else
		fail("usage: write FILE | read FILE | replay");
	return 0;
}
