#include "model/graph.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "model/assembly.h"

struct graph_start {
	struct record *record;
	struct assembly *assembly;
	reader_pod_fn *visit; /* NULL: nobody else wants them */
	void *context;
};

static int add_pod(void *context, const struct stored_pod *pod)
{
	struct graph_start *start = context;
	int r = assembly_pod(start->assembly, pod);

	return r == 0 && start->visit ? start->visit(start->context, pod) : r;
}

static int read_nodes(struct graph_start *start)
{
	const struct interval always = {.from = INT64_MIN, .until = INT64_MAX};
	int r = record_nodes(start->record, assembly_node, start->assembly);

	if (r == 0)
		r = record_pods(start->record, add_pod, start);
	if (r == 0)
		r = record_addresses(start->record, assembly_address, start->assembly);
	return r ? r : record_gaps(start->record, always, assembly_gap, start->assembly);
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

int graph_begin(struct record *record, reader_pod_fn *visit, void *context,
		struct problems *problems, struct graph_start **ret)
{
	struct graph_start *start = calloc(1, sizeof(*start));
	int r;

	if (!start)
		return -ENOMEM;
	*start = (struct graph_start){.record = record,
				      .assembly = assembly_new(NULL, problems),
				      .visit = visit,
				      .context = context};
	r = start->assembly ? read_nodes(start) : -ENOMEM;
	if (r != 0)
		start = graph_start_free(start);
	*ret = start;
	return r;
}

struct graph_start *graph_start_free(struct graph_start *start)
{
	if (!start)
		return NULL;
	assembly_free(start->assembly);
	free(start);
	return NULL;
}

int graph_finish(struct graph_start *start, const struct graph_request *request, struct graph **ret)
{
	struct assembly *assembly = start->assembly;
	int r;

	assembly_set_inventory(assembly, request->inventory);
	if (request->rests)
		assembly_want_rests(assembly);
	record_shorten(start->record, !request->rests);
	r = assembly_index(assembly, &request->ignored);
	if (r == 0)
		r = record_edges(start->record, request->interval, assembly_edge, assembly);
	if (r == 0)
		r = read_windows(start->record, assembly);
	if (r == 0)
		r = assembly_finish(assembly, request->apart, ret);
	graph_start_free(start);
	return r;
}

int graph_build(struct record *record, const struct graph_request *request,
		struct problems *problems, struct graph **ret)
{
	struct graph_start *start;
	int r = graph_begin(record, NULL, NULL, problems, &start);

	return r == 0 ? graph_finish(start, request, ret) : r;
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

/* As Kubernetes' own installers call it, and as OpenShift does. */
static bool is_dns_by_name(const struct inventory_service *service)
{
	return (strcmp(service->namespace, "kube-system") == 0 &&
		strcmp(service->name, "kube-dns") == 0) ||
	       (strcmp(service->namespace, "openshift-dns") == 0 &&
		strcmp(service->name, "dns-default") == 0);
}

const struct inventory_service *graph_dns_service(const struct inventory *inventory)
{
	const struct inventory_service *labelled = NULL;

	for (size_t i = 0; inventory && i < inventory->service_count; i++) {
		const struct inventory_service *service = &inventory->services[i];
		const char *label = labels_get(&service->labels, "k8s-app");

		if (!is_selector(&service->selector))
			continue;
		if (is_dns_by_name(service))
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
