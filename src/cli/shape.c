#include "cli/shape.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"

int shape_append(json_t *array, json_t *item)
{
	return json_array_append_new(array, item) < 0 ? -ENOMEM : 0;
}

int shape_set(json_t *object, const char *key, json_t *item)
{
	return json_object_set_new(object, key, item) < 0 ? -ENOMEM : 0;
}

json_t *shape_text(const char *text)
{
	return text && text[0] ? json_string(text) : json_null();
}

json_t *shape_address(struct addr address)
{
	char text[ADDR_TEXT_MAX];

	return shape_text(addr_format(address, text));
}

const char *shape_range_cell(struct addr address, uint8_t prefix, char cell[static PREFIX_TEXT_MAX])
{
	if (prefix)
		return prefix_format((struct prefix){address, prefix}, cell);
	return addr_format(address, cell);
}

json_t *shape_range(struct addr address, uint8_t prefix)
{
	char text[PREFIX_TEXT_MAX];

	return shape_text(shape_range_cell(address, prefix, text));
}

json_t *shape_time(int64_t msec)
{
	char text[CLOCK_TEXT_MAX];

	if (msec == 0 || msec == INT64_MIN || msec == INTERVAL_OPEN)
		return json_null();
	return json_string(clock_format(msec, text));
}

json_t *shape_counter(const struct totals *totals, int64_t value)
{
	return totals->counted || value ? json_integer(value) : json_null();
}

int64_t shape_closed_in_order(const struct totals *totals)
{
	return totals->closed - totals->timed_out - totals->reset - totals->evicted -
	       totals->deleted - totals->vanished;
}

json_t *shape_ended(const struct totals *totals)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "closed",
			 (json_int_t)shape_closed_in_order(totals), "timed_out",
			 (json_int_t)totals->timed_out, "reset", (json_int_t)totals->reset,
			 "evicted", (json_int_t)totals->evicted, "deleted",
			 (json_int_t)totals->deleted, "vanished", (json_int_t)totals->vanished);
}

json_t *shape_labels(const struct labels *labels)
{
	json_t *object;

	if (!labels)
		return json_null();
	object = json_object();
	for (size_t i = 0; i < labels->count; i++)
		if (shape_set(object, labels->items[i].key, json_string(labels->items[i].value)) <
		    0) {
			json_decref(object);
			return NULL;
		}
	return object;
}

static json_t *workload_text(const struct graph *graph, size_t index)
{
	if (index == GRAPH_NONE)
		return json_null();
	return json_sprintf("%s/%s", graph->workloads[index].kind, graph->workloads[index].name);
}

static json_t *reason_text(const struct graph *graph, const struct graph_edge *edge,
			   const struct end *end)
{
	struct buf buf = {0};
	json_t *text;

	graph_put_reason(graph, edge, end, &buf);
	text = buf.error ? NULL : shape_text(buf.data);
	buf_clear(&buf);
	return text;
}

static json_t *end_of(const struct graph *graph, const struct graph_edge *edge,
		      const struct end *end)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "kind",
			 end_kind_name(end->kind), "class", shape_text(end->class), "class_reason",
			 reason_text(graph, edge, end), "namespace", shape_text(end->namespace),
			 "name", shape_text(end->name), "workload",
			 workload_text(graph, end->workload), "node", shape_text(end->node), "uid",
			 shape_text(end->uid), "address", shape_range(end->address, end->prefix));
}

static json_t *shape_service(const struct graph_edge *edge)
{
	const struct edge_key *key = &edge->edge.key;
	json_t *name = json_null();

	if (!addr_is_set(key->service))
		return json_null();
	if (edge->service)
		name = json_sprintf("%s/%s", edge->service->namespace, edge->service->name);
	return json_pack(
	    "{s:o, s:o, s:o}", "address", shape_range(key->service, edge->service_prefix), "port",
	    key->has_port ? json_integer(key->service_port) : json_null(), "name", name);
}

static json_t *recorded_by_json(const struct graph_edge *edge)
{
	json_t *nodes = json_array();

	for (size_t i = 0; i < 2 && edge->recorded_by[i]; i++)
		if (shape_append(nodes, json_string(edge->recorded_by[i])) < 0) {
			json_decref(nodes);
			return NULL;
		}
	return nodes;
}

json_t *shape_edge(const struct graph *graph, const struct graph_edge *edge)
{
	const struct edge_key *key = &edge->edge.key;
	const struct totals totals = graph_totals(&edge->edge.totals);
	const uint8_t translated = edge->translated ? edge->translated->prefix : 0;
	char protocol[4];

	return json_pack(
	    "{s:o, s:o, s:s, s:o, s:o, s:s, s:b, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
	    "s:s}",
	    "from", end_of(graph, edge, edge->from), "to", end_of(graph, edge, edge->to),
	    "protocol", protocol_name(key->protocol, protocol), "port",
	    key->has_port ? json_integer(key->port) : json_null(), "service", shape_service(edge),
	    "verdict", verdict_name((enum verdict)key->verdict), "direction_certain",
	    !key->direction_uncertain, "connections", (json_int_t)totals.connections, "ended",
	    shape_ended(&totals), "packets_sent", shape_counter(&totals, totals.packets_sent),
	    "packets_received", shape_counter(&totals, totals.packets_received), "bytes_sent",
	    shape_counter(&totals, totals.bytes_sent), "bytes_received",
	    shape_counter(&totals, totals.bytes_received), "first_seen",
	    shape_time(edge->edge.first_seen), "last_seen", shape_time(edge->edge.last_seen),
	    "recorded_by", recorded_by_json(edge), "translated",
	    shape_range(key->translated, translated), "vantage", vantage_name(edge->vantage));
}

json_t *shape_gap(const char *node, const struct gap *gap)
{
	return json_pack(
	    "{s:s, s:s, s:o, s:o, s:o, s:s}", "node", node, "source", loss_source_name(gap->source),
	    "from", shape_time(gap->from), "until", shape_time(gap->until), "at_most",
	    gap->at_most < 0 ? json_null() : json_integer(gap->at_most), "reason", gap->reason);
}

const char *shape_end_cell(const struct end *end, char cell[static SHAPE_CELL_MAX])
{
	char address[PREFIX_TEXT_MAX];

	shape_range_cell(end->address, end->prefix, address);
	switch (end->kind) {
	case END_POD:
		snprintf(cell, SHAPE_CELL_MAX, "%s/%s", end->namespace, end->name);
		break;
	case END_NODE:
		snprintf(cell, SHAPE_CELL_MAX, "node %s (%s)", end->name, address);
		break;
	default:
		if (strcmp(end->class, "external") == 0)
			snprintf(cell, SHAPE_CELL_MAX, "%s", address);
		else
			snprintf(cell, SHAPE_CELL_MAX, "%s (%s)", address, end->class);
		break;
	}
	return cell;
}

const char *shape_port_cell(uint8_t protocol, bool has_port, uint16_t port, char cell[static 16])
{
	char number[4];
	const char *name = protocol_name(protocol, number);
	const char *what = name == number ? "proto " : "";

	if (has_port)
		snprintf(cell, 16, "%s%s %u", what, name, port);
	else
		snprintf(cell, 16, "%s%s", what, name);
	return cell;
}

const char *shape_address_port_cell(struct addr address, uint8_t prefix, uint16_t port,
				    char cell[static PREFIX_TEXT_MAX + 8])
{
	char text[PREFIX_TEXT_MAX];

	if (!addr_is_set(address))
		cell[0] = '\0';
	else
		snprintf(cell, PREFIX_TEXT_MAX + 8,
			 address.family == ADDR_IPV6 ? "[%s]:%u" : "%s:%u",
			 shape_range_cell(address, prefix, text), port);
	return cell;
}

const char *shape_bytes_cell(const struct totals *totals, int64_t bytes, enum format format,
			     char cell[static 24])
{
	static const char *const units[] = {"kB", "MB", "GB", "TB", "PB"};
	double value = (double)bytes;
	size_t unit = 0;

	if (!totals->counted && bytes == 0) {
		snprintf(cell, 24, "%s", format == FORMAT_CSV ? "" : "-");
		return cell;
	}
	if (format == FORMAT_CSV) {
		snprintf(cell, 24, "%" PRId64, bytes);
		return cell;
	}
	if (bytes < 1000) {
		snprintf(cell, 24, "%" PRId64 " B", bytes);
		return cell;
	}
	for (value /= 1000; value >= 999.95 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
		value /= 1000;
	snprintf(cell, 24, "%.1f %s", value, units[unit]);
	return cell;
}
