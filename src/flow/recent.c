#include "flow/recent.h"

#include <stdlib.h>
#include <string.h>

#define BUCKET_PRINTS 16u
#define BUCKETS_FIRST 16u
#define TABLES_MAX 24u

/* Fingerprints of paths, filled from the front; 0 is free. One cache line. */
struct bucket {
	uint32_t prints[BUCKET_PRINTS];
};

struct table {
	struct bucket *buckets;
	size_t bucket_count;
	size_t count;
};

/*
 * A full table is not spread anew: another of twice its size is put beside it, and the next memory
 * begins with what this one needed.
 */
struct memory {
	struct table tables[TABLES_MAX];
	size_t table_count;
	size_t count;
};

/* They enter the memory together, when their places have come from main memory. */
#define FRESH_MAX 16u

struct recent {
	int64_t period;
	size_t limit;
	struct memory now, before; /* they take turns */
	uint64_t fresh[FRESH_MAX]; /* not yet in the memory */
	size_t fresh_count;
	int64_t turned;
	int64_t refused;
};

static void memory_clear(struct memory *memory)
{
	for (size_t i = 0; i < memory->table_count; i++)
		free(memory->tables[i].buckets);
	memory->table_count = memory->count = 0;
}

struct recent *recent_new(int64_t period, size_t limit)
{
	struct recent *recent = calloc(1, sizeof(*recent));

	if (recent) {
		recent->period = period;
		recent->limit = limit;
	}
	return recent;
}

struct recent *recent_free(struct recent *recent)
{
	if (recent) {
		memory_clear(&recent->now);
		memory_clear(&recent->before);
		free(recent);
	}
	return NULL;
}

static uint32_t hash_print(uint64_t hash)
{
	uint32_t print = (uint32_t)hash;

	return print ? print : 1;
}

/* Where the print is, or the free place where it belongs. The table is never full. */
static uint32_t *table_place(const struct table *table, uint64_t hash)
{
	size_t at = (size_t)((hash >> 32) * table->bucket_count >> 32);
	uint32_t print = hash_print(hash);

	for (;;) {
		struct bucket *bucket = &table->buckets[at];

		for (size_t i = 0; i < BUCKET_PRINTS; i++)
			if (bucket->prints[i] == print || bucket->prints[i] == 0)
				return &bucket->prints[i];
		at = at + 1 < table->bucket_count ? at + 1 : 0;
	}
}

static void table_prefetch(const struct table *table, uint64_t hash)
{
	__builtin_prefetch(&table->buckets[(hash >> 32) * table->bucket_count >> 32], 1);
}

static bool memory_has(const struct memory *memory, uint64_t hash)
{
	for (size_t i = memory->table_count; i-- > 0;)
		if (*table_place(&memory->tables[i], hash))
			return true;
	return false;
}

static bool memory_add_table(struct memory *memory, size_t bucket_count)
{
	size_t size = bucket_count * sizeof(struct bucket);
	struct table *table = &memory->tables[memory->table_count];

	if (memory->table_count == TABLES_MAX)
		return false;
	*table = (struct table){.buckets = aligned_alloc(sizeof(struct bucket), size),
				.bucket_count = bucket_count};
	if (!table->buckets)
		return false;
	memset(table->buckets, 0, size);
	memory->table_count++;
	return true;
}

/* Prints in three quarters of the places: few buckets are full. */
static bool table_has_room(const struct table *table)
{
	return table->count < table->bucket_count * BUCKET_PRINTS / 4 * 3;
}

static bool memory_has_room(const struct memory *memory)
{
	return memory->table_count > 0 && table_has_room(&memory->tables[memory->table_count - 1]);
}

static bool memory_grow(struct memory *memory, size_t bucket_count)
{
	if (memory->table_count > 0)
		bucket_count = memory->tables[memory->table_count - 1].bucket_count * 2;
	return memory_add_table(memory, bucket_count);
}

static bool memory_add(struct memory *memory, uint64_t hash, size_t limit, size_t bucket_count)
{
	size_t tables = memory->table_count;
	struct table *last;
	uint32_t *place;

	for (size_t i = 0; i + 1 < tables; i++)
		if (*table_place(&memory->tables[i], hash))
			return true;
	place = tables ? table_place(&memory->tables[tables - 1], hash) : NULL;
	if (place && *place)
		return true;
	if (memory->count >= limit)
		return false;
	if (!memory_has_room(memory)) {
		if (!memory_grow(memory, bucket_count))
			return false;
		place = table_place(&memory->tables[tables], hash);
	}
	last = &memory->tables[memory->table_count - 1];
	*place = hash_print(hash);
	last->count++;
	memory->count++;
	return true;
}

/* Buckets for as many as the memory holds, and some more. */
static size_t memory_wanted(const struct memory *memory)
{
	size_t wanted = memory->count / (BUCKET_PRINTS / 8 * 5) + 1;

	return wanted > BUCKETS_FIRST ? wanted : BUCKETS_FIRST;
}

static void remember_fresh(struct recent *recent, int64_t now)
{
	for (size_t i = 0; i < recent->fresh_count; i++)
		if (!memory_add(&recent->now, recent->fresh[i], recent->limit,
				memory_wanted(&recent->before)))
			recent->refused = now;
	recent->fresh_count = 0;
}

void recent_turn(struct recent *recent, int64_t now)
{
	remember_fresh(recent, now);
	memory_clear(&recent->before);
	recent->before = recent->now;
	recent->now = (struct memory){0};
	recent->turned = now;
}

void recent_expire(struct recent *recent, int64_t now)
{
	int64_t age = now - recent->turned;

	if (age < recent->period) {
		remember_fresh(recent, now);
		return;
	}
	recent_turn(recent, now);
	if (age >= 2 * recent->period)
		memory_clear(&recent->before);
}

void recent_add(struct recent *recent, uint64_t hash, int64_t now)
{
	if (now - recent->turned >= recent->period)
		recent_expire(recent, now);
	if (recent->fresh_count == FRESH_MAX)
		remember_fresh(recent, now);
	if (recent->now.table_count > 0)
		table_prefetch(&recent->now.tables[recent->now.table_count - 1], hash);
	recent->fresh[recent->fresh_count++] = hash;
}

bool recent_has(struct recent *recent, uint64_t hash, int64_t now)
{
	recent_expire(recent, now);
	return memory_has(&recent->now, hash) || memory_has(&recent->before, hash);
}

void recent_hold(struct recent *recent, int64_t now)
{
	if (now > recent->turned)
		recent->turned = now;
}

bool recent_is_full(const struct recent *recent)
{
	return recent->now.count + recent->fresh_count >= recent->limit;
}

size_t recent_count_before(const struct recent *recent)
{
	return recent->before.count;
}

void recent_shift(struct recent *recent, int64_t delta)
{
	recent->turned += delta;
	if (recent->refused)
		recent->refused += delta;
}

int64_t recent_refused(const struct recent *recent)
{
	return recent->refused;
}
