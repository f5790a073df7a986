/* What JSON and tables of `verify` say alike; private to it and to drift. */
#ifndef NETPOL_CLI_VERIFY_WORDS_H
#define NETPOL_CLI_VERIFY_WORDS_H

#include "cli/because.h"
#include "cli/verify_print.h"

/* "shop/web[Deployment]", "shop/web-1[Pod]", else as shape_end_cell(). */
const char *verify_end_cell(const struct graph *graph, const struct end *end,
			    char cell[static SHAPE_CELL_MAX]);

/* Where it is written: the line of the rule, else of the policy; 0 without either. */
unsigned verify_row_line(const struct replay_row *row);
/* Of the peer, else the port, the rule, the policy. */
unsigned verify_item_line(const struct unused_item *item);
/* Why it is not known whether it was used, or why it cannot have been; else nothing. */
void verify_put_why_unused(struct buf *buf, const struct unused_item *item);

/* The item's own, or the only one that its rule has; NULL: all of them. */
const struct netpol_peer *verify_item_peer(const struct unused_item *item);
const struct netpol_port *verify_item_port(const struct unused_item *item);

/* How many of several a line of a table names, and how it ends: "; 7 more in --format csv". */
#define VERIFY_NAMED 3
void verify_put_more(struct buf *buf, const char *separator, size_t count);

/* Items of what is not used. */
struct verify_unused {
	size_t unused;
	size_t perhaps; /* not of those above */
	size_t wider;   /* nor of these: there on purpose, whether surely unused or perhaps */
};

struct verify_unused verify_count_unused(const struct verification *verification);

/* Adds why the row's edge that was seen last is what it is. -ENOMEM; clear because in any case. */
int verify_explain(const struct verification *verification, const struct replay_row *row,
		   struct because *because);
/* Who is at the row's end that policies are for; the other is not told. */
struct because_ends verify_ends(const struct replay_row *row, const char *subject);

/* Is there anything that was recorded? */
bool verify_has_edges(const struct graph *graph);
/* Is it less than what is done once a week may need? */
bool verify_is_short(const struct graph *graph);

#endif
