/*
 * What edges did in a part of their flow rows, summed up in one pass over the rows in their order:
 * SQLite would sort them all first, or look each up by its edge; private to the reader.
 */
#ifndef NETPOL_STORE_SUMS_H
#define NETPOL_STORE_SUMS_H

#include "base/hash.h"
#include "store/reader_internal.h"

struct edge_sum {
	int64_t edge;
	int64_t first, last; /* moments, of anything seen */
	struct totals totals;
	bool used;
};

/* By edge; start from {0}, release with edge_sums_clear(). */
struct edge_sums {
	struct hash_seed seed;
	struct edge_sum *slots; /* open addressing; capacity is a power of two */
	size_t capacity, count;
};

/*
 * Adds the rows with anything seen in the interval, of edges after one number up to another. Sets
 * the sticky error, also for sums that do not fit.
 */
void edge_sums_read(struct edge_sums *sums, struct reader *reader, struct interval interval,
		    int64_t after, int64_t until);
/* NULL: none of its rows was there. */
const struct edge_sum *edge_sums_find(const struct edge_sums *sums, int64_t edge);
void edge_sums_clear(struct edge_sums *sums);

/* What the edge's totals have beyond the sum. Sets the sticky error where that does not fit. */
struct totals edge_sums_rest(const struct edge_sums *sums, struct reader *reader, int64_t edge,
			     const struct totals *totals);

#endif
