/* A graph by hand, policies as text, and what replaying them gives. */
#ifndef NETPOL_TESTS_POLICY_PAST_H
#define NETPOL_TESTS_POLICY_PAST_H

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/document.h"
#include "policy/replay.h"
#include "policy/unused.h"

#define PAST_MAX 32

struct past {
	struct graph graph;
	struct workload workloads[PAST_MAX];
	struct graph_pod pods[PAST_MAX];
	struct labels labels[PAST_MAX];
	struct label label[PAST_MAX];
	struct graph_edge edges[PAST_MAX];
	struct end ends[PAST_MAX][2]; /* of each edge from, to */
	struct inventory *inventory;
	struct manifest *manifest;
	struct scene_graph *scene;
	struct replay replay;
	struct replay_result result;
	struct subjects subjects;
	struct unused_item *unused;
	size_t unused_count;
	struct problems problems;
};

static inline struct addr past_addr(const char *text)
{
	struct addr addr;

	if (addr_parse(text, &addr) < 0)
		fail_msg("no address: %s", text);
	return addr;
}

/* In "shop" with label app=APP on node n1; app NULL: its labels are not known. */
static inline size_t past_pod(struct past *record, const char *name, const char *app)
{
	size_t at = record->graph.pod_count++;

	assert_true(at < PAST_MAX);
	record->label[at] = (struct label){(char *)"app", (char *)app};
	record->labels[at] = (struct labels){&record->label[at], 1};
	record->pods[at] = (struct graph_pod){.node = "n1",
					      .namespace = "shop",
					      .name = name,
					      .uid = "",
					      .source = "cni-result",
					      .labels = app ? &record->labels[at] : NULL,
					      .workload = GRAPH_NONE,
					      .local = true,
					      .conflict = ""};
	record->graph.pods = record->pods;
	return at;
}

static inline struct end past_pod_end(const struct past *record, size_t pod)
{
	return (struct end){.kind = END_POD,
			    .class = "pod",
			    .namespace = record->pods[pod].namespace,
			    .name = record->pods[pod].name,
			    .uid = "",
			    .node = record->pods[pod].node,
			    .address = past_addr("10.1.0.1"),
			    .pod = pod,
			    .workload = record->pods[pod].workload};
}

static inline struct end past_end(enum end_kind kind, const char *class, const char *name,
				  const char *address)
{
	return (struct end){.kind = kind,
			    .class = class,
			    .namespace = "",
			    .name = name,
			    .uid = "",
			    .node = "",
			    .address = past_addr(address),
			    .pod = GRAPH_NONE,
			    .workload = GRAPH_NONE};
}

/* Answered, over TCP, by one connection in second 1. */
static inline struct graph_edge *past_edge(struct past *record, struct end from, struct end to,
					   uint16_t port)
{
	size_t at = record->graph.edge_count++;

	assert_true(at < PAST_MAX);
	record->ends[at][0] = from;
	record->ends[at][1] = to;
	record->edges[at] = (struct graph_edge){.from = &record->ends[at][0],
						.to = &record->ends[at][1],
						.edge = {.node = "n1",
							 .key = {.protocol = IPPROTO_TCP,
								 .port = port,
								 .has_port = 1,
								 .verdict = VERDICT_ANSWERED},
							 .totals = {.connections = 1},
							 .first_seen = 1000,
							 .last_seen = 1000}};
	record->graph.edges = record->edges;
	return &record->edges[at];
}

/* Where the edge comes from and leads to, to be changed. */
static inline struct end *past_ends(struct past *record, const struct graph_edge *edge)
{
	return record->ends[edge - record->edges];
}

static inline struct document *past_document(struct past *record, const char *yaml)
{
	struct document *document = NULL;

	assert_int_equal(document_parse(yaml, strlen(yaml), "p.yaml", &record->problems, &document),
			 0);
	return document;
}

static inline void past_inventory(struct past *record, const char *yaml)
{
	struct document *document = past_document(record, yaml);

	record->inventory = inventory_new();
	assert_int_equal(inventory_add(record->inventory, document, &record->problems), 0);
	assert_int_equal(inventory_finish(record->inventory, &record->problems), 0);
	record->graph.inventory = record->inventory;
	document_free(document);
}

/* After the pods and edges. */
static inline void past_policies(struct past *record, const char *yaml)
{
	struct document *document = past_document(record, yaml);
	struct scene_graph_options options = {0};

	record->manifest = manifest_new();
	assert_int_equal(manifest_add(record->manifest, document, &record->problems), 0);
	assert_int_equal(manifest_finish(record->manifest, &record->problems), 0);
	document_free(document);
	options.manifests = record->manifest->inventory;
	options.policies = record->manifest->policies;
	options.policy_count = record->manifest->policy_count;
	record->graph.workloads = record->workloads;
	assert_int_equal(scene_graph_new(&record->graph, &options, &record->scene), 0);
	record->replay.scene = record->scene;
	assert_int_equal(evaluator_new(record->manifest->policies, record->manifest->policy_count,
				       scene_graph_scene(record->scene),
				       (struct evaluator_options){0}, &record->replay.evaluator),
			 0);
}

static inline void past_replay(struct past *record, const char *yaml)
{
	past_policies(record, yaml);
	assert_int_equal(replay_graph(&record->replay, &record->graph, NULL, NULL, &record->result),
			 0);
}

static inline void past_find_unused(struct past *record, const char *yaml)
{
	past_policies(record, yaml);
	const struct subjects_request of_subjects = {.graph = &record->graph,
						     .scene = record->scene,
						     .evaluator = record->replay.evaluator,
						     .policies = record->manifest->policies,
						     .policy_count =
							 record->manifest->policy_count};

	assert_int_equal(subjects_find(&of_subjects, &record->subjects), 0);
	const struct unused_request request = {.graph = &record->graph,
					       .scene = record->scene,
					       .policies = record->manifest->policies,
					       .policy_count = record->manifest->policy_count,
					       .evaluator = record->replay.evaluator,
					       .subjects = &record->subjects};

	assert_int_equal(unused_find(&request, &record->unused, &record->unused_count), 0);
}

static inline void past_clear(struct past *record)
{
	replay_result_clear(&record->result);
	free(record->unused);
	subjects_clear(&record->subjects);
	evaluator_free(record->replay.evaluator);
	scene_graph_free(record->scene);
	manifest_free(record->manifest);
	inventory_free(record->inventory);
	problems_clear(&record->problems);
}

#define POLICY(NAME, APP, SPEC)                                                                    \
	"---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {namespace: "      \
	"shop, name: " NAME "}, spec: {podSelector: {matchLabels: {app: " APP "}}, " SPEC "}}\n"

#endif
