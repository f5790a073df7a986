/*
 * Edges whose address changed hands: their flow rows are bound one by one, and each pair of owners
 * gets an edge of its own; private to model/.
 */
#ifndef NETPOL_MODEL_WINDOWS_H
#define NETPOL_MODEL_WINDOWS_H

#include "model/counts.h"
#include "model/graph.h"

/* Owners of one edge's addresses that are told apart; what is beyond stays ambiguous. */
#define WINDOWS_PIECES_MAX 4096

/* One edge with what is certain of it taken out. */
struct split {
	int64_t id;  /* of the stored edge */
	size_t edge; /* its index in the graph */
	struct graph_edge *pieces;
	size_t count, capacity;
	bool whole; /* see split_give_up() */
};

/* Start from {0}; release with windows_clear(). */
struct windows {
	struct split *splits; /* by id once sorted */
	size_t count, capacity;
};

int windows_add(struct windows *windows, int64_t id, size_t edge);
void windows_sort(struct windows *windows);
void windows_clear(struct windows *windows);
/* NULL: the edge is none of them. */
struct split *windows_find(const struct windows *windows, int64_t id);

/* Counts a row, bound as the piece says, for its owners. -ENOMEM. */
int split_add(struct split *split, const struct graph_edge *row, struct rests *rests);
/* A connection left the edge for another, and no row tells which window had it: the edge is bound
 * as a whole. */
void split_give_up(struct split *split);
/* Takes from the edge what its pieces have, and all of it if it began all with one of them; false:
 * nothing is left. */
bool split_rest(struct split *split, struct edge_record *whole);

#endif
