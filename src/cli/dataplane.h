/*
 * What each node can show of its connections, from its facts (daemon/dataplane.h): a part of
 * `status`, and holes in what a policy stands on.
 */
#ifndef NETPOL_CLI_DATAPLANE_H
#define NETPOL_CLI_DATAPLANE_H

#include <jansson.h>

#include "base/buf.h"
#include "base/problem.h"
#include "model/graph.h"
#include "store/store.h"

/* Between pods of one node, across nodes, through services, with what is no pod; and denied. */
enum {
	DATAPLANE_SAME,
	DATAPLANE_CROSS,
	DATAPLANE_SERVICES,
	DATAPLANE_OUTSIDE,
	DATAPLANE_DENIALS,
	DATAPLANE_ANSWERS
};

enum dataplane_seen { SEEN_UNKNOWN, SEEN_YES, SEEN_PARTLY, SEEN_NO };

struct dataplane_former {
	char *reason;  /* NULL: it was not */
	int64_t until; /* ms: at the latest */
};

struct dataplane_answer {
	enum dataplane_seen seen;
	char *reason;                       /* "" for yes */
	struct dataplane_former was_partly; /* what it was before */
	struct dataplane_former was_no;
};

struct dataplane_node {
	char *name;
	char *plugin, *proxy;
	struct dataplane_answer answers[DATAPLANE_ANSWERS];
};

/* Start from {0}; release with dataplanes_clear(). */
struct dataplanes {
	struct dataplane_node *nodes; /* by name */
	size_t count;
};

/* A reader_fact_fn whose context are the dataplanes; other facts are passed over. -ENOMEM. */
int dataplanes_take(void *context, const struct stored_fact *fact);
void dataplanes_clear(struct dataplanes *dataplanes);

/* False if connections or attempts of some kind were invisible in the interval. */
bool dataplanes_are_complete(const struct dataplanes *dataplanes, struct interval interval);
/* False if of connections or attempts of some kind it is not known whether they can be seen. */
bool dataplanes_are_known(const struct dataplanes *dataplanes);
/* What the node hides or hid in the interval of connections that are not denied, in one line:
 * "connections through service addresses, with what is no pod, partly (REASON); …". Nothing if that
 * is nothing. */
void dataplane_put_hidden(struct buf *buf, const struct dataplane_node *node,
			  struct interval interval);
/* NULL: it told nothing. */
const struct dataplane_node *dataplanes_find(const struct dataplanes *dataplanes, const char *name);
/* Is it the network plugin of one of the nodes? */
bool dataplanes_have_plugin(const struct dataplanes *dataplanes, const char *plugin);
/* An array with each node that told of it; null if none did. "was" is the worst of what was before
 * that reaches into the interval, or null. */
json_t *dataplanes_json(const struct dataplanes *dataplanes, struct interval interval);
/* Lines of the table of `status`. */
void dataplanes_put(struct buf *buf, const struct dataplanes *dataplanes, struct interval interval);
/* For each node what of its evidence is touched, and for what connections between its own pods
 * miss, whose they are if these are few. */
void dataplanes_warn(struct problems *problems, const struct dataplanes *dataplanes,
		     struct interval interval, const struct graph *graph);

#endif
