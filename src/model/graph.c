#include "model/graph.h"

#include <errno.h>

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

int graph_build(struct record *record, const struct graph_request *request,
		struct problems *problems, struct graph **ret)
{
	struct assembly *assembly = assembly_new(request->inventory, problems);
	int r;

	if (!assembly)
		return -ENOMEM;
	r = read_nodes(record, assembly);
	if (r == 0)
		r = assembly_index(assembly);
	if (r == 0)
		r = record_edges(record, request->interval, assembly_edge, assembly);
	if (r == 0 && assembly_needs_flows(assembly))
		r = record_flows(record, request->interval, assembly_flow, assembly);
	if (r == 0)
		r = assembly_finish(assembly, request->apart, ret);
	assembly_free(assembly);
	return r;
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
