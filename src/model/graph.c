#include "model/graph.h"

#include <errno.h>

#include "model/assembly.h"

int graph_build(struct reader *reader, struct interval interval, const struct inventory *inventory,
		struct problems *problems, struct graph **ret)
{
	struct assembly *assembly = assembly_new(inventory, problems);
	int r;

	if (!assembly)
		return -ENOMEM;
	r = reader_pods(reader, assembly_pod, assembly);
	if (r == 0)
		r = reader_addresses(reader, assembly_address, assembly);
	if (r == 0)
		r = assembly_index(assembly);
	if (r == 0)
		r = reader_edges(reader, interval, assembly_edge, assembly);
	if (r == 0)
		*ret = assembly_finish(assembly);
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
