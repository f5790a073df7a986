#include "store/sums.h"

#include <errno.h>
#include <stdlib.h>

/* Columns of SQL_READ_SUMS. */
enum { COLUMN_EDGE, COLUMN_TOTALS, COLUMN_FIRST = 13, COLUMN_LAST };

static const size_t members[] = {
    offsetof(struct totals, connections),
    offsetof(struct totals, closed),
    offsetof(struct totals, counted),
    offsetof(struct totals, packets_sent),
    offsetof(struct totals, packets_received),
    offsetof(struct totals, bytes_sent),
    offsetof(struct totals, bytes_received),
    offsetof(struct totals, timed_out),
    offsetof(struct totals, reset),
    offsetof(struct totals, evicted),
    offsetof(struct totals, deleted),
    offsetof(struct totals, vanished),
};
#define MEMBERS (sizeof(members) / sizeof(members[0]))
_Static_assert(sizeof(struct totals) == MEMBERS * sizeof(int64_t), "one that is not summed up");

static int64_t *member(struct totals *totals, size_t index)
{
	return (void *)((char *)totals + members[index]);
}

static int64_t member_of(const struct totals *totals, size_t index)
{
	return *(const int64_t *)(const void *)((const char *)totals + members[index]);
}

static void fail_overflow(struct reader *reader, int64_t edge)
{
	db_fail(&reader->db, -EBADMSG, "damaged: counts of edge %lld are too large",
		(long long)edge);
}

/* The edge's slot, or the empty one where it belongs. */
static struct edge_sum *find_slot(const struct edge_sums *sums, int64_t edge)
{
	size_t at = hash_bytes(sums->seed, &edge, sizeof(edge)) & (sums->capacity - 1);

	while (sums->slots[at].used && sums->slots[at].edge != edge)
		at = (at + 1) & (sums->capacity - 1);
	return &sums->slots[at];
}

static int grow(struct edge_sums *sums)
{
	struct edge_sums larger = {.seed = sums->seed,
				   .capacity = sums->capacity ? sums->capacity * 2 : 1024,
				   .count = sums->count};

	if (!sums->capacity)
		larger.seed = hash_seed_random();
	larger.slots = calloc(larger.capacity, sizeof(*larger.slots));
	if (!larger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < sums->capacity; i++)
		if (sums->slots[i].used)
			*find_slot(&larger, sums->slots[i].edge) = sums->slots[i];
	free(sums->slots);
	*sums = larger;
	return 0;
}

static struct edge_sum *put(struct edge_sums *sums, int64_t edge)
{
	struct edge_sum *slot;

	if (sums->count >= sums->capacity / 4 * 3 && grow(sums) < 0)
		return NULL;
	slot = find_slot(sums, edge);
	if (!slot->used) {
		*slot = (struct edge_sum){
		    .edge = edge, .first = INT64_MAX, .last = INT64_MIN, .used = true};
		sums->count++;
	}
	return slot;
}

static void add_row(struct edge_sums *sums, struct reader *reader, sqlite3_stmt *statement)
{
	int64_t edge = sqlite3_column_int64(statement, COLUMN_EDGE);
	int64_t first = sqlite3_column_int64(statement, COLUMN_FIRST);
	int64_t last = sqlite3_column_int64(statement, COLUMN_LAST);
	struct edge_sum *sum = put(sums, edge);

	if (!sum) {
		db_fail(&reader->db, -ENOMEM, "out of memory");
		return;
	}
	for (size_t i = 0; i < MEMBERS; i++) {
		int64_t *to = member(&sum->totals, i);

		if (__builtin_add_overflow(
			*to, sqlite3_column_int64(statement, COLUMN_TOTALS + (int)i), to))
			fail_overflow(reader, edge);
	}
	sum->first = first < sum->first ? first : sum->first;
	sum->last = last > sum->last ? last : sum->last;
}

void edge_sums_read(struct edge_sums *sums, struct reader *reader, struct interval interval,
		    int64_t after, int64_t until)
{
	struct db *db = &reader->db;
	sqlite3_stmt *statement = db_use(db, SQL_READ_SUMS);

	db_bind_int(db, statement, 1, interval.from);
	db_bind_int(db, statement, 2, interval.until);
	db_bind_int(db, statement, 3, reader_first_window(reader, interval));
	db_bind_int(db, statement, 4, after);
	db_bind_int(db, statement, 5, until);
	while (db_row(db, statement))
		add_row(sums, reader, statement);
}

const struct edge_sum *edge_sums_find(const struct edge_sums *sums, int64_t edge)
{
	const struct edge_sum *slot = sums->capacity ? find_slot(sums, edge) : NULL;

	return slot && slot->used ? slot : NULL;
}

void edge_sums_clear(struct edge_sums *sums)
{
	free(sums->slots);
	*sums = (struct edge_sums){0};
}

struct totals edge_sums_rest(const struct edge_sums *sums, struct reader *reader, int64_t edge,
			     const struct totals *totals)
{
	const struct edge_sum *sum = edge_sums_find(sums, edge);
	struct totals rest = *totals;

	for (size_t i = 0; sum && i < MEMBERS; i++)
		if (__builtin_sub_overflow(member_of(totals, i), member_of(&sum->totals, i),
					   member(&rest, i)))
			fail_overflow(reader, edge);
	return rest;
}
