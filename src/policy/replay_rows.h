/* Rows of a replay while they are gathered; private to policy/replay*.c. */
#ifndef NETPOL_POLICY_REPLAY_ROWS_H
#define NETPOL_POLICY_REPLAY_ROWS_H

#include "policy/intern.h"
#include "policy/replay.h"

/* Start from {.keys = intern_make()}. */
struct replay_rows {
	struct replay_row *items; /* malloc'd */
	size_t count, capacity;
	struct intern keys; /* their numbers are those of the items until these are sorted */
};

/* Of that side of the edge. */
struct replay_row replay_make_row(const struct graph_edge *edge, enum replay_list list,
				  const struct replayed *replayed, enum direction direction);
/* Is it this side that makes the answer what it is? */
bool replay_is_cause(const struct side *side, enum replay_list list);

/* To the row that differs in nothing but the edge, or as a new one. Not after
 * replay_rows_sort(). -ENOMEM. */
int replay_rows_add(struct replay_rows *rows, const struct replay_row *row);
/*
 * A row of each side that is a cause. Of an end that cannot be named little can be said: it is
 * shown where nothing else is the cause. -ENOMEM.
 */
int replay_rows_add_edge(struct replay_rows *rows, const struct graph_edge *edge,
			 enum replay_list list, const struct replayed *replayed);
/* 0: they are one row. */
int replay_compare_rows(const struct replay_row *x, const struct replay_row *y);
void replay_rows_sort(struct replay_rows *rows);

#endif
