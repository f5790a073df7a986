/*
 * ▷ The databases of one question, read as one record.
 *
 * What a node recorded counts once. Where databases have it in times that overlap, one is a copy of
 * the other, and the one in which it was heard of last counts. Where they do not, it went on in
 * another file: all count, what was so still at the end of one ends there, and between them is a
 * gap. Numbers of pods and edges are unique over all of them. Everything
 * else is as the store's reader has it: the same visitors, times, errors and limits; a snapshot of
 * each database begins with the first walk and lasts until record_end().
 */
#ifndef NETPOL_MODEL_RECORD_H
#define NETPOL_MODEL_RECORD_H

#include "base/problem.h"
#include "store/store.h"

struct record;

/*
 * Opens the databases, count > 0. On failure *ret_error (malloc'd; NULL without memory) names the
 * file and says why. What is left out as a copy goes to problems.
 */
int record_open(const char *const *paths, size_t count, struct problems *problems,
		struct record **ret, char **ret_error);
struct record *record_close(struct record *record); /* NULL is allowed; returns NULL */
/* Ends the snapshots. */
void record_end(struct record *record);
/* The text of the last failure and the database that it happened in; "" if none. */
const char *record_error(const struct record *record);
const char *record_failed_path(const struct record *record);

/*
 * Databases are walked one after the other, by the name of their first node, then by path: the
 * order in which they were given does not matter. Nodes come by name; of the rest each database's
 * rows in the reader's order.
 */
int record_nodes(struct record *record, reader_node_fn *visit, void *context);
/* From now on pods come with the words of their sources. */
void record_want_words(struct record *record);
/* May edges come with the first of their counts alone? See reader_shorten(). */
void record_shorten(struct record *record, bool in_short);
/* Must come before the walks that name pods: edges and flows. */
int record_pods(struct record *record, reader_pod_fn *visit, void *context);
int record_addresses(struct record *record, reader_address_fn *visit, void *context);
int record_edges(struct record *record, struct interval interval, reader_edge_fn *visit,
		 void *context);
/* Ends the snapshots, as reader_flows() does. */
int record_flows(struct record *record, struct interval interval, reader_flow_fn *visit,
		 void *context);
/* The same of these edges alone, which are sorted by id: see reader_edge_flows(). */
int record_edge_flows(struct record *record, const struct edge_span *spans, size_t count,
		      reader_flow_fn *visit, void *context);
int record_gaps(struct record *record, struct interval interval, reader_gap_fn *visit,
		void *context);
int record_facts(struct record *record, reader_fact_fn *visit, void *context);
int record_objects(struct record *record, reader_object_fn *visit, void *context);
/* Of the databases as they are: with the nodes that count elsewhere. */
int record_uncut(struct record *record, struct interval interval, size_t *ret);
typedef int record_figures_fn(void *context, const char *path, const struct store_figures *figures);
int record_figures(struct record *record, record_figures_fn *visit, void *context);

#endif
