#include "flow/fold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define SLOTS_FIRST 1024u
#define ROWS_FIRST 512u

/* row is from 1, 0 is free. */
struct slot {
	uint32_t row;
	uint32_t print; /* of the hash: few rows are looked at in vain */
};

/* Rows in insertion order; at most half of the slots are used. */
struct fold {
	struct fold_options options;
	struct hash_seed seed;
	struct flow *rows;
	size_t count;
	size_t capacity;
	struct slot *slots;
	size_t slot_count;
};

/* What is hashed and compared; no padding is left unset. */
struct row_key {
	struct edge_key edge;
	int64_t window;
	uint32_t length;
	uint32_t unused;
};

struct fold *fold_new(struct fold_options options)
{
	struct fold *fold = calloc(1, sizeof(*fold));

	if (!fold)
		return NULL;
	fold->options = options;
	fold->seed = hash_seed_random();
	return fold;
}

struct fold *fold_free(struct fold *fold)
{
	if (fold) {
		free(fold->rows);
		free(fold->slots);
		free(fold);
	}
	return NULL;
}

void fold_set_window(struct fold *fold, uint32_t window)
{
	fold->options.window = window;
}

static uint64_t row_hash(const struct fold *fold, const struct flow *row)
{
	struct row_key key;

	memset(&key, 0, sizeof(key));
	key.edge = row->key;
	key.window = row->window;
	key.length = row->length;
	return hash_bytes(fold->seed, &key, sizeof(key));
}

static bool row_is(const struct flow *row, const struct flow *other)
{
	return row->window == other->window && row->length == other->length &&
	       memcmp(&row->key, &other->key, sizeof(row->key)) == 0;
}

/* The slot of an equal row, or the free one where it belongs. */
static struct slot *fold_slot(const struct fold *fold, const struct flow *row, uint64_t hash)
{
	size_t mask = fold->slot_count - 1;
	uint32_t print = (uint32_t)(hash >> 32);
	size_t at = hash & mask;

	while (fold->slots[at].row && (fold->slots[at].print != print ||
				       !row_is(&fold->rows[fold->slots[at].row - 1], row)))
		at = (at + 1) & mask;
	return &fold->slots[at];
}

static void fold_place(struct fold *fold, size_t index)
{
	uint64_t hash = row_hash(fold, &fold->rows[index]);

	*fold_slot(fold, &fold->rows[index], hash) =
	    (struct slot){.row = (uint32_t)index + 1, .print = (uint32_t)(hash >> 32)};
}

static int fold_grow_slots(struct fold *fold)
{
	size_t count = fold->slot_count ? fold->slot_count * 2 : SLOTS_FIRST;
	struct slot *slots;

	if ((fold->count + 1) * 2 <= fold->slot_count)
		return 0;
	slots = calloc(count, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(fold->slots);
	fold->slots = slots;
	fold->slot_count = count;
	for (size_t i = 0; i < fold->count; i++)
		if (fold->rows[i].length > 0)
			fold_place(fold, i);
	return 0;
}

static int fold_append(struct fold *fold, const struct flow *row)
{
	size_t capacity = fold->capacity ? fold->capacity * 2 : ROWS_FIRST;
	struct flow *rows;

	if (fold->count >= fold->options.limit)
		return -ENOBUFS;
	if (fold->count == fold->capacity) {
		rows = realloc(fold->rows, capacity * sizeof(*rows));
		if (!rows)
			return -ENOMEM;
		fold->rows = rows;
		fold->capacity = capacity;
	}
	fold->rows[fold->count++] = *row;
	return 0;
}

static void row_merge(struct flow *row, const struct flow *more)
{
	totals_add(&row->totals, &more->totals);
	if (more->first_seen < row->first_seen)
		row->first_seen = more->first_seen;
	if (more->last_seen > row->last_seen)
		row->last_seen = more->last_seen;
}

static int64_t window_start(int64_t when, uint32_t window)
{
	int64_t rest = when % window;

	return when - rest - (rest < 0 ? window : 0);
}

int fold_add(struct fold *fold, const struct edge_key *key, int64_t when, int64_t first,
	     int64_t last, const struct totals *totals)
{
	uint32_t window = fold->options.window;
	struct flow row = {.key = *key,
			   .length = window,
			   .totals = *totals,
			   .first_seen = first,
			   .last_seen = last};
	struct slot *slot;
	uint64_t hash;
	int r;

	if (window == 0) {
		row.window = first;
		return fold_append(fold, &row);
	}
	row.window = window_start(when, window);
	r = fold_grow_slots(fold);
	if (r < 0)
		return r;
	hash = row_hash(fold, &row);
	slot = fold_slot(fold, &row, hash);
	if (slot->row) {
		row_merge(&fold->rows[slot->row - 1], &row);
		return 0;
	}
	r = fold_append(fold, &row);
	if (r < 0)
		return r;
	*slot = (struct slot){.row = (uint32_t)fold->count, .print = (uint32_t)(hash >> 32)};
	return 0;
}

bool fold_has_room(const struct fold *fold)
{
	return fold->count + 2 <= fold->options.limit;
}

bool fold_is_nearly_full(const struct fold *fold)
{
	return fold->count >= fold->options.limit - fold->options.limit / 4;
}

void fold_take(struct fold *fold, struct flow **ret_flows, size_t *ret_count)
{
	*ret_flows = fold->rows;
	*ret_count = fold->count;
	fold->rows = NULL;
	fold->count = fold->capacity = 0;
	if (fold->slots)
		memset(fold->slots, 0, fold->slot_count * sizeof(*fold->slots));
}
