#include "model/graph.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "model/assembly.h"

static int read_nodes(struct record *record, struct assembly *assembly)
{
	const struct interval always = {.from = INT64_MIN, .until = INT64_MAX};
	int r = record_nodes(record, assembly_node, assembly);

	if (r == 0)
		r = record_pods(record, assembly_pod, assembly);
	if (r == 0)
		r = record_addresses(record, assembly_address, assembly);
	return r ? r : record_gaps(record, always, assembly_gap, assembly);
}

static int read_windows(struct record *record, struct assembly *assembly)
{
	struct edge_span *spans = NULL;
	size_t count = 0;
	int r = assembly_spans(assembly, &spans, &count);

	if (r == 0 && count > 0)
		r = record_edge_flows(record, spans, count, assembly_flow, assembly);
	free(spans);
	return r;
}

int graph_build(struct record *record, const struct graph_request *request,
		struct problems *problems, struct graph **ret)
{
	struct assembly *assembly = assembly_new(request->inventory, problems);
	int r;

	if (!assembly)
		return -ENOMEM;
	r = read_nodes(record, assembly);
	if (r == 0)
		r = assembly_index(assembly, &request->ignored);
	if (r == 0)
		r = record_edges(record, request->interval, assembly_edge, assembly);
	if (r == 0)
		r = read_windows(record, assembly);
	if (r == 0)
		r = assembly_finish(assembly, request->apart, ret);
	assembly_free(assembly);
	return r;
}

/* The time in which the pod had the address when the edge was first seen, else any. */
static const struct pod_address *find_turn(const struct graph_pod *pod, struct addr address,
					   int64_t when)
{
	const struct pod_address *found = NULL;

	for (size_t i = 0; i < pod->address_count; i++) {
		const struct pod_address *turn = &pod->addresses[i];

		if (!addr_equal(turn->address, address))
			continue;
		if (!found || (turn->since <= when && turn->until > when))
			found = turn;
	}
	return found;
}

static void put_pod_reason(const struct graph_pod *pod, const struct graph_edge *edge,
			   const struct end *end, struct buf *buf)
{
	const struct pod_address *turn = find_turn(pod, end->address, edge->edge.first_seen);
	char since[CLOCK_TEXT_MAX], until[CLOCK_TEXT_MAX];

	buf_printf(buf, "%s of Pod/%s", end->secondary ? "address on a further network" : "address",
		   pod->name);
	if (turn && turn->since > 0)
		buf_printf(buf, " from %s", clock_format(turn->since, since));
	if (turn && turn->until != INTERVAL_OPEN)
		buf_printf(buf, " to %s", clock_format(turn->until, until));
	else if (turn && turn->since > 0)
		buf_puts(buf, " on");
	buf_printf(buf, ", %s", pod->source);
	if (strcmp(end->class, "cluster-dns") == 0)
		buf_puts(buf, "; behind the service that resolves names");
}

void graph_put_reason(const struct graph *graph, const struct graph_edge *edge,
		      const struct end *end, struct buf *buf)
{
	if (end->reason)
		buf_puts(buf, end->reason);
	else if (end->pod != GRAPH_NONE)
		put_pod_reason(&graph->pods[end->pod], edge, end, buf);
}

/* What the API takes, and not none: it would be all pods. */
static bool is_selector(const struct labels *selector)
{
	for (size_t i = 0; i < selector->count; i++)
		if (!label_is_valid(selector->items[i].key, selector->items[i].value))
			return false;
	return selector->count > 0;
}

const struct inventory_service *graph_dns_service(const struct inventory *inventory)
{
	const struct inventory_service *labelled = NULL;

	for (size_t i = 0; inventory && i < inventory->service_count; i++) {
		const struct inventory_service *service = &inventory->services[i];
		const char *label = labels_get(&service->labels, "k8s-app");

		if (!is_selector(&service->selector))
			continue;
		if (strcmp(service->namespace, "kube-system") == 0 &&
		    strcmp(service->name, "kube-dns") == 0)
			return service;
		if (!labelled && label && strcmp(label, "kube-dns") == 0)
			labelled = service;
	}
	return labelled;
}

const char *end_kind_name(enum end_kind kind)
{
	static const char *const names[] = {[END_POD] = "pod",
					    [END_NODE] = "node",
					    [END_EXTERNAL] = "external",
					    [END_UNKNOWN] = "unknown"};

	return names[kind];
}

const char *vantage_name(enum vantage vantage)
{
	static const char *const names[] = {[VANTAGE_NEITHER] = "neither",
					    [VANTAGE_SOURCE] = "source",
					    [VANTAGE_DESTINATION] = "destination",
					    [VANTAGE_BOTH] = "both"};

	return names[vantage];
}
