#include "model/counts.h"

#include <errno.h>
#include <stdlib.h>

#define RESTS_PER_BLOCK 256

struct rest_block {
	struct rest_block *next;
	size_t used;
	struct totals rests[RESTS_PER_BLOCK];
};

static struct totals *new_rest(struct rests *rests)
{
	struct rest_block *block = rests->blocks;

	if (!block || block->used == RESTS_PER_BLOCK) {
		block = calloc(1, sizeof(*block));
		if (!block)
			return NULL;
		block->next = rests->blocks;
		rests->blocks = block;
	}
	return &block->rests[block->used++];
}

void rests_clear(struct rests *rests)
{
	while (rests->blocks) {
		struct rest_block *next = rests->blocks->next;

		free(rests->blocks);
		rests->blocks = next;
	}
}

/* What stands in the counts is zero in the rest. */
struct counts counts_within(struct totals *totals)
{
	struct counts counts = {.connections = totals->connections,
				.closed = totals->closed,
				.packets_sent = totals->packets_sent,
				.rest = totals};

	totals->connections = totals->closed = totals->packets_sent = 0;
	return counts;
}

int counts_init(struct counts *counts, struct totals totals, struct rests *rests)
{
	*counts = counts_within(&totals);
	counts->rest = rests->wanted ? new_rest(rests) : NULL;
	if (counts->rest)
		*counts->rest = totals;
	return counts->rest || !rests->wanted ? 0 : -ENOMEM;
}

struct totals graph_totals(const struct counts *counts)
{
	struct totals totals = counts->rest ? *counts->rest : (struct totals){0};

	totals.connections = counts->connections;
	totals.closed = counts->closed;
	totals.packets_sent = counts->packets_sent;
	return totals;
}

void counts_copy(struct counts *counts, const struct counts *from)
{
	struct totals *rest = counts->rest;

	if (rest && from->rest)
		*rest = *from->rest;
	*counts = *from;
	counts->rest = rest;
}

void counts_add(struct counts *counts, const struct counts *more)
{
	counts->connections += more->connections;
	counts->closed += more->closed;
	counts->packets_sent += more->packets_sent;
	if (counts->rest && more->rest)
		totals_add(counts->rest, more->rest);
}

static void scale(int64_t *value, int64_t part, int64_t whole)
{
	*value = (int64_t)((double)*value * (double)part / (double)whole);
}

static void scale_rest(struct totals *rest, int64_t part, int64_t whole)
{
	scale(&rest->counted, part, whole);
	scale(&rest->packets_received, part, whole);
	scale(&rest->bytes_sent, part, whole);
	scale(&rest->bytes_received, part, whole);
	scale(&rest->timed_out, part, whole);
	scale(&rest->reset, part, whole);
	scale(&rest->evicted, part, whole);
	scale(&rest->deleted, part, whole);
	scale(&rest->vanished, part, whole);
}

void counts_reduce(struct counts *counts, int64_t connections)
{
	const int64_t whole = counts->connections;

	counts->connections = connections;
	scale(&counts->closed, connections, whole);
	scale(&counts->packets_sent, connections, whole);
	if (counts->rest)
		scale_rest(counts->rest, connections, whole);
}

static bool take_away(int64_t *from, int64_t what)
{
	*from = *from > what ? *from - what : 0;
	return *from > 0;
}

static bool take_rest_away(struct totals *rest, const struct totals *what)
{
	bool left = take_away(&rest->counted, what->counted);

	left |= take_away(&rest->packets_received, what->packets_received);
	left |= take_away(&rest->bytes_sent, what->bytes_sent);
	left |= take_away(&rest->bytes_received, what->bytes_received);
	left |= take_away(&rest->timed_out, what->timed_out);
	left |= take_away(&rest->reset, what->reset);
	left |= take_away(&rest->evicted, what->evicted);
	left |= take_away(&rest->deleted, what->deleted);
	left |= take_away(&rest->vanished, what->vanished);
	return left;
}

bool counts_take_away(struct counts *counts, const struct counts *what)
{
	bool left = take_away(&counts->connections, what->connections);

	left |= take_away(&counts->closed, what->closed);
	left |= take_away(&counts->packets_sent, what->packets_sent);
	if (counts->rest && what->rest)
		left |= take_rest_away(counts->rest, what->rest);
	return left;
}

static int compare(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int compare_rests(const struct totals *a, const struct totals *b)
{
	int r = compare(a->counted, b->counted);

	r = r ? r : compare(a->packets_received, b->packets_received);
	r = r ? r : compare(a->bytes_sent, b->bytes_sent);
	r = r ? r : compare(a->bytes_received, b->bytes_received);
	r = r ? r : compare(a->timed_out, b->timed_out);
	r = r ? r : compare(a->reset, b->reset);
	r = r ? r : compare(a->evicted, b->evicted);
	r = r ? r : compare(a->deleted, b->deleted);
	return r ? r : compare(a->vanished, b->vanished);
}

int counts_compare(const struct counts *a, const struct counts *b)
{
	int r = compare(a->connections, b->connections);

	r = r ? r : compare(a->closed, b->closed);
	r = r ? r : compare(a->packets_sent, b->packets_sent);
	return r || !a->rest || !b->rest ? r : compare_rests(a->rest, b->rest);
}
