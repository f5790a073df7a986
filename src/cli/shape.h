/* The JSON shapes that several commands share, and their words in tables. */
#ifndef NETPOL_CLI_SHAPE_H
#define NETPOL_CLI_SHAPE_H

#include <jansson.h>

#include "cli/options.h"
#include "model/graph.h"

#define SHAPE_CELL_MAX 400

/* Adds to an array or object, and takes the item; -ENOMEM also where either is NULL. */
int shape_append(json_t *array, json_t *item);
int shape_set(json_t *object, const char *key, json_t *item);
/* null for "". */
json_t *shape_text(const char *text);
json_t *shape_address(struct addr address);
/* "203.0.113.7", or with a prefix "203.0.113.0/24"; "" and null for none. */
json_t *shape_range(struct addr address, uint8_t prefix);
const char *shape_range_cell(struct addr address, uint8_t prefix,
			     char cell[static PREFIX_TEXT_MAX]);
/* RFC 3339; null for no bound (INT64_MIN, INTERVAL_OPEN) and for never (0). */
json_t *shape_time(int64_t msec);
/* null where none of the connections had counters. One that began before the interval may have some
 * without being counted in it. */
json_t *shape_counter(const struct totals *totals, int64_t value);
/* {"closed","timed_out","reset","evicted","deleted","vanished"}: closed is in order, the sum is
 * totals.closed. */
json_t *shape_ended(const struct totals *totals);
int64_t shape_closed_in_order(const struct totals *totals);
json_t *shape_labels(const struct labels *labels);
/* An element of `edges`. */
json_t *shape_edge(const struct graph *graph, const struct graph_edge *edge);
/* {"node","source","from","until","at_most","reason"}. */
json_t *shape_gap(const char *node, const struct gap *gap);

/* "shop/web-1", "node n1", or the address. */
const char *shape_end_cell(const struct end *end, char cell[static SHAPE_CELL_MAX]);
/* "TCP 8080", "ICMP", "proto 253". */
const char *shape_port_cell(uint8_t protocol, bool has_port, uint16_t port, char cell[static 16]);
/* "10.96.0.10:80", "[fd00::1]:80"; "" for none. */
const char *shape_address_port_cell(struct addr address, uint8_t prefix, uint16_t port,
				    char cell[static PREFIX_TEXT_MAX + 8]);
/* "12 B", "1.2 kB", "3.4 MB"; "-" where counters are absent. In CSV "12", "1234", "". */
const char *shape_bytes_cell(const struct totals *totals, int64_t bytes, enum format format,
			     char cell[static 24]);

#endif
