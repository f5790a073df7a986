/*
 * The nodes of which other recorders told, and what of each goes to the store: batches of flows,
 * pods, gaps, facts and addresses, written as they fill.
 *
 * One thread. Of all nodes together so many flows wait, then all are written. A store that fails is
 * at its end: what it says is returned, and nothing more is to be added.
 */
#ifndef NETPOL_CLI_IMPORT_BOOKS_H
#define NETPOL_CLI_IMPORT_BOOKS_H

#include "cli/import_index.h"
#include "cli/import_pods.h"
#include "cli/import_sighting.h"
#include "store/store.h"

#define BOOKS_NODES_MAX 5000u
#define BOOKS_OWN_ADDRESSES_MAX 64u
/* Pods' numbers are the store's; those of evidence lines are smaller. */
#define BOOKS_NUMBER_FIRST (UINT32_C(1) << 31)

struct recorded_node {
	char *name;
	int64_t first, last; /* 0: nothing yet */
	int64_t latest_line; /* time of the last line, for where a gap begins */
	int64_t gone_since;  /* 0: it is not */
	int64_t lost_early;  /* before anything was told of it */
	int64_t evicted;     /* connections that were forgotten too soon */
	int64_t evicted_first, evicted_last;
	char *files[RECORDERS]; /* where each was read first; NULL: none */
	bool health;
	struct addr own[BOOKS_OWN_ADDRESSES_MAX];
	size_t own_count;
	struct batch *batch;
	size_t flow_room, gap_room, pod_room, object_room;
};

struct books {
	struct store *store; /* borrowed, as pods */
	const struct seen_pods *pods;
	struct recorded_node *nodes;
	size_t node_room;
	uint32_t node_count, node_last; /* the last one asked for */
	struct index by_name;           /* nodes, each by its number and 1 */
	bool *told;                     /* homes that the store knows; by home */
	size_t told_room, told_count;
	int64_t now;    /* the latest moment of all */
	size_t pending; /* flows in all batches */
};

/* Start from {0}, with store, pods and a seed in by_name. */
void books_clear(struct books *books);

/* The number of the node of this name, a new one if there is none. -E2BIG: too many; -ENOMEM. */
int books_need_node(struct books *books, const char *name, uint32_t *ret);
/* A line of the node has this moment. */
void books_hear_of(struct books *books, struct recorded_node *node, int64_t time);
/* The recorder's lines on the node were read there, the first time. -ENOMEM. */
int books_remember_file(struct recorded_node *node, enum recorder recorder, const char *file);
/* The address is the node's own. */
void books_own_address(struct recorded_node *node, struct addr address);
/* The node is there at the moment: a gap, if it was gone before. As store_write(). */
int books_end_absence(struct books *books, struct recorded_node *node, int64_t time);
/* Of a node that was heard of, or will be before the end. As store_write(). */
int books_add_gap(struct books *books, struct recorded_node *node, enum loss_source source,
		  int64_t from, int64_t until, int64_t at_most, const char *reason);
/* Homes (import_pods.h) that are not 0 at the ends are told to the store before it. As
 * store_write(). */
int books_add_flow(struct books *books, struct recorded_node *node, const struct flow *flow,
		   uint32_t client_home, uint32_t server_home);

/*
 * Where nothing but losses was told of a node, they may be of any moment that others tell of.
 * -ENODATA: nobody tells of any.
 */
int books_place_losses(struct books *books);
/* Writes what is left, with all that is known of nodes and pods. Once, after the last flow. */
int books_finish(struct books *books);

#endif
