/* An array of objects, each printed to standard output as soon as it is made: a large record as
 * JSON is many times as large as it is in memory. */
#ifndef NETPOL_CLI_JSON_LIST_H
#define NETPOL_CLI_JSON_LIST_H

#include <jansson.h>

#include "cli/session.h"

struct json_list {
	struct session *session;
	struct output_list list;
	struct buf buf;
	struct buf values; /* of one object, for as long as it is printed */
};

/* In the format asked for: json or jsonl. */
void json_list_begin(struct json_list *list, struct session *session);
/* Takes the reference; NULL: no memory. */
int json_list_add(struct json_list *list, json_t *object);
/* r: of the calls before, returned again. After a failure the array has no end, so that nobody
 * takes it for the whole. */
int json_list_end(struct json_list *list, int r);

/* All edges that are wanted; says what failed. */
typedef json_t *json_list_edge_fn(const struct session *session, const struct graph_edge *edge);
void json_list_edges(struct session *session, json_list_edge_fn *shape,
		     session_edge_wanted_fn *wanted);

#endif
