#include "flow/pending.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

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
 * Confirmed paths. A full table is not spread anew: another of twice its size is put beside it, and
 * the next memory begins with what this one needed. Two memories take turns, so each path is known
 * for PENDING_WAIT to twice that.
 */
struct memory {
	struct table tables[TABLES_MAX];
	size_t table_count;
	size_t count;
};

/* They enter the memory together, when their places have come from main memory. */
#define FRESH_MAX 16u

enum attempt_state { ATTEMPT_WAITING = 1, ATTEMPT_JUDGED };

struct attempt {
	struct path path;
	int64_t first;
	uint8_t state; /* 0: free */
};

struct pending {
	struct pending_options options;
	struct hash_seed seed;
	struct memory now, before;
	uint64_t fresh[FRESH_MAX]; /* confirmed, not yet in the memory */
	size_t fresh_count;
	int64_t turned;
	int64_t whole_since;
	struct attempt *attempts; /* open addressing, at most half full */
	size_t slot_count;
	size_t count;
	size_t waiting;
	int64_t earliest; /* no waiting attempt is older */
	int64_t swept;
};

#define SLOTS_FIRST 256u

static void memory_clear(struct memory *memory)
{
	for (size_t i = 0; i < memory->table_count; i++)
		free(memory->tables[i].buckets);
	memory->table_count = memory->count = 0;
}

struct pending *pending_new(struct pending_options options)
{
	struct pending *pending = calloc(1, sizeof(*pending));

	if (!pending)
		return NULL;
	pending->options = options;
	pending->seed = hash_seed_random();
	pending->earliest = INT64_MAX;
	return pending;
}

struct pending *pending_free(struct pending *pending)
{
	if (pending) {
		memory_clear(&pending->now);
		memory_clear(&pending->before);
		free(pending->attempts);
		free(pending);
	}
	return NULL;
}

static uint64_t path_hash(const struct pending *pending, const struct path *path)
{
	return hash_bytes(pending->seed, path, sizeof(*path));
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

/* The packet of each may come as late as PENDING_WAIT from now. */
static void remember_fresh(struct pending *pending, int64_t now)
{
	for (size_t i = 0; i < pending->fresh_count; i++)
		if (!memory_add(&pending->now, pending->fresh[i], pending->options.confirmed_limit,
				memory_wanted(&pending->before)))
			pending->whole_since = now + PENDING_WAIT;
	pending->fresh_count = 0;
}

static void memory_turn(struct pending *pending, int64_t now)
{
	int64_t age = now - pending->turned;

	if (age < PENDING_WAIT)
		return;
	remember_fresh(pending, now);
	memory_clear(&pending->before);
	pending->before = pending->now;
	pending->now = (struct memory){0};
	if (age >= 2 * PENDING_WAIT)
		memory_clear(&pending->before);
	pending->turned = now;
}

/* The attempt of this path, or the free slot where it belongs; NULL: no memory yet. */
static struct attempt *attempt_find(const struct pending *pending, const struct path *path,
				    uint64_t hash)
{
	size_t mask = pending->slot_count - 1;
	size_t at = hash & mask;

	if (pending->slot_count == 0)
		return NULL;
	while (pending->attempts[at].state &&
	       memcmp(&pending->attempts[at].path, path, sizeof(*path)) != 0)
		at = (at + 1) & mask;
	return &pending->attempts[at];
}

/* Moves what is kept into a fresh array; false: no memory, nothing changed. */
static bool attempts_rebuild(struct pending *pending, size_t slot_count, int64_t forget_before)
{
	struct attempt *old = pending->attempts;
	size_t old_count = pending->slot_count;
	struct attempt *attempts = calloc(slot_count, sizeof(*attempts));

	if (!attempts)
		return false;
	pending->attempts = attempts;
	pending->slot_count = slot_count;
	pending->count = 0;
	for (size_t i = 0; i < old_count; i++) {
		if (!old[i].state ||
		    (old[i].state == ATTEMPT_JUDGED && old[i].first < forget_before))
			continue;
		*attempt_find(pending, &old[i].path, path_hash(pending, &old[i].path)) = old[i];
		pending->count++;
	}
	free(old);
	return true;
}

/* When all places are taken, attempts that were judged give way: theirs may then be judged again.
 */
static bool attempts_make_room(struct pending *pending, int64_t now)
{
	if (pending->count >= pending->options.packet_limit &&
	    (pending->waiting == pending->count ||
	     !attempts_rebuild(pending, pending->slot_count, INT64_MAX)))
		return false;
	if ((pending->count + 1) * 2 <= pending->slot_count)
		return true;
	return attempts_rebuild(pending,
				pending->slot_count ? pending->slot_count * 2 : SLOTS_FIRST,
				now - PENDING_ATTEMPT);
}

/* Linear probing closes the hole by moving later members of the run into it. */
static void attempt_remove(struct pending *pending, struct attempt *attempt)
{
	size_t mask = pending->slot_count - 1;
	size_t hole = (size_t)(attempt - pending->attempts);

	for (size_t at = (hole + 1) & mask; pending->attempts[at].state; at = (at + 1) & mask) {
		size_t home = path_hash(pending, &pending->attempts[at].path) & mask;

		if (((at - home) & mask) >= ((at - hole) & mask)) {
			pending->attempts[hole] = pending->attempts[at];
			hole = at;
		}
	}
	pending->attempts[hole].state = 0;
	pending->count--;
}

static void take_back(struct pending *pending, const struct path *path, uint64_t hash)
{
	struct attempt *attempt = attempt_find(pending, path, hash);

	if (attempt && attempt->state == ATTEMPT_WAITING) {
		attempt_remove(pending, attempt);
		pending->waiting--;
	}
}

void pending_confirmed(struct pending *pending, const struct path *path, int64_t now)
{
	uint64_t hash = path_hash(pending, path);

	memory_turn(pending, now);
	if (pending->fresh_count == FRESH_MAX)
		remember_fresh(pending, now);
	if (pending->now.table_count > 0)
		table_prefetch(&pending->now.tables[pending->now.table_count - 1], hash);
	pending->fresh[pending->fresh_count++] = hash;
	if (pending->waiting > 0)
		take_back(pending, path, hash);
}

void pending_shown(struct pending *pending, const struct path *path)
{
	if (pending->waiting > 0)
		take_back(pending, path, path_hash(pending, path));
}

bool pending_packet(struct pending *pending, const struct path *path, int64_t now)
{
	uint64_t hash = path_hash(pending, path);
	struct attempt *attempt;

	memory_turn(pending, now);
	remember_fresh(pending, now);
	if (memory_has(&pending->now, hash) || memory_has(&pending->before, hash))
		return true;
	attempt = attempt_find(pending, path, hash);
	if (attempt && attempt->state == ATTEMPT_JUDGED &&
	    now - attempt->first >= PENDING_ATTEMPT) {
		attempt_remove(pending, attempt);
		attempt = attempt_find(pending, path, hash);
	}
	if (attempt && attempt->state)
		return true;
	if (!attempts_make_room(pending, now))
		return false;
	attempt = attempt_find(pending, path, hash);
	*attempt = (struct attempt){.path = *path, .first = now, .state = ATTEMPT_WAITING};
	pending->count++;
	pending->waiting++;
	if (now < pending->earliest)
		pending->earliest = now;
	return true;
}

static void judge_before(struct pending *pending, int64_t deadline, pending_fn *judge,
			 void *context)
{
	pending->earliest = INT64_MAX;
	for (size_t i = 0; i < pending->slot_count; i++) {
		struct attempt *attempt = &pending->attempts[i];

		if (attempt->state != ATTEMPT_WAITING)
			continue;
		if (attempt->first > deadline) {
			if (attempt->first < pending->earliest)
				pending->earliest = attempt->first;
			continue;
		}
		attempt->state = ATTEMPT_JUDGED;
		pending->waiting--;
		judge(context, &attempt->path, attempt->first);
	}
}

void pending_expire(struct pending *pending, int64_t now, pending_fn *judge, void *context)
{
	if (pending->waiting > 0 && now - pending->earliest >= PENDING_WAIT)
		judge_before(pending, now - PENDING_WAIT, judge, context);
	if (pending->count > 0 && now - pending->swept >= PENDING_ATTEMPT / 8) {
		attempts_rebuild(pending, pending->slot_count, now - PENDING_ATTEMPT);
		pending->swept = now;
	}
	remember_fresh(pending, now);
	memory_turn(pending, now);
}

void pending_flush(struct pending *pending, pending_fn *judge, void *context)
{
	judge_before(pending, INT64_MAX, judge, context);
}

void pending_stalled(struct pending *pending, int64_t now)
{
	pending->whole_since = now + PENDING_WAIT;
}

void pending_shift(struct pending *pending, int64_t delta)
{
	pending->turned += delta;
	pending->swept += delta;
	if (pending->whole_since)
		pending->whole_since += delta;
	if (pending->earliest != INT64_MAX)
		pending->earliest += delta;
	for (size_t i = 0; i < pending->slot_count; i++)
		pending->attempts[i].first += delta;
}

size_t pending_waiting(const struct pending *pending)
{
	return pending->waiting;
}

int64_t pending_whole_since(const struct pending *pending)
{
	return pending->whole_since;
}
