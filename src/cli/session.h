/* What most commands do first and last: open the databases, read the inventory, build the graph;
 * print problems, decide the status. */
#ifndef NETPOL_CLI_SESSION_H
#define NETPOL_CLI_SESSION_H

#include "base/problem.h"
#include "cli/command.h"
#include "model/graph.h"
#include "model/record.h"
#include "output/output.h"

struct session {
	const struct options *options;
	struct record *record;
	struct inventory *inventory; /* NULL: none was given */
	struct graph *graph;         /* after session_build() */
	bool wants_rests; /* set before session_build(): edges' counts are to be complete */
	struct problems problems;
	int status; /* the exit status so far */
};

/* Opens the databases. False: said why, status is set; session_end() is due all the same. */
bool session_begin(struct session *session, const struct options *options);
/* For what reads no database. */
void session_begin_alone(struct session *session, const struct options *options);
/* Reads the inventories and builds the graph of the interval. The snapshots stay for what the
 * command reads beside it; record_end() is due before anything is printed. */
bool session_build(struct session *session);
/* A failure inside: error is negative errno; -E2BIG is evaluator_new()'s. */
void session_fail(struct session *session, const char *what, int error);
/* Prints problems to stderr, releases everything, returns the exit status. */
int session_end(struct session *session);

/* Says which of the filters of namespace, workload and node match nothing at all. After
 * session_build(). */
void session_check_filters(struct session *session);
/* The same for what has no graph: the node alone, and what to say of the namespace. */
void session_check_node(struct session *session);
void session_warn_of_namespace(struct session *session);

/* Does the end pass the filters of namespace and workload? */
bool session_wants_end(const struct session *session, const struct end *end);
/* Does either end, and the node that recorded it? */
bool session_wants_edge(const struct session *session, const struct graph_edge *edge);

/* Prints the buffer to stdout and clears it; says so once if it cannot. */
void session_print(struct session *session, struct buf *buf);
/* A table or CSV of the edges that are wanted, one row each. */
typedef bool session_edge_wanted_fn(const struct session *session, const struct graph_edge *edge);
typedef int session_edge_row_fn(const struct session *session, struct output_table *table,
				const struct graph_edge *edge);
void session_print_edges(struct session *session, const char *const *titles, size_t columns,
			 session_edge_row_fn *row, session_edge_wanted_fn *wanted);
/* Prints the table, or CSV if that was asked for, and frees it. NULL: no memory. */
void session_print_table(struct session *session, struct output_table *table);
/* The array in the format asked for: json or jsonl. Takes the reference. */
void session_print_array(struct session *session, json_t *array);

#endif
