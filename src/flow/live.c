#include "flow/live.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define CHUNK_SHIFT 10
#define CHUNK_SIZE (1u << CHUNK_SHIFT)
#define BUCKETS_FIRST 1024u

struct slot {
	struct live_entry entry; /* first: an entry's address is its slot's */
	uint32_t next;           /* number of the next in the bucket or free list; 0 ends */
	uint32_t number;         /* from 1 */
	bool used;
};

struct live {
	struct hash_seed seed;
	struct slot **chunks;
	uint32_t chunk_count;
	uint32_t *buckets;
	size_t bucket_count;
	uint32_t free_list;
	size_t count;
	size_t limit;
};

/* Padding is zeroed before it is filled, so that it hashes as bytes. */
struct live_key {
	struct addr source, destination;
	uint16_t source_port, destination_port, zone;
	uint32_t id;
	uint8_t protocol;
};

struct live *live_new(size_t limit)
{
	struct live *live = calloc(1, sizeof(*live));

	if (!live)
		return NULL;
	live->buckets = calloc(BUCKETS_FIRST, sizeof(*live->buckets));
	if (!live->buckets) {
		free(live);
		return NULL;
	}
	live->bucket_count = BUCKETS_FIRST;
	live->seed = hash_seed_random();
	live->limit = limit;
	return live;
}

struct live *live_free(struct live *live)
{
	if (!live)
		return NULL;
	for (uint32_t i = 0; i < live->chunk_count; i++)
		free(live->chunks[i]);
	free(live->chunks);
	free(live->buckets);
	free(live);
	return NULL;
}

static struct slot *slot_at(const struct live *live, uint32_t number)
{
	return &live->chunks[(number - 1) >> CHUNK_SHIFT][(number - 1) & (CHUNK_SIZE - 1)];
}

static uint32_t *bucket_of(const struct live *live, const struct tuple *original, uint16_t zone,
			   uint32_t id)
{
	struct live_key key;

	memset(&key, 0, sizeof(key));
	key.source = original->source;
	key.destination = original->destination;
	key.source_port = original->source_port;
	key.destination_port = original->destination_port;
	key.protocol = original->protocol;
	key.zone = zone;
	key.id = id;
	return &live->buckets[hash_bytes(live->seed, &key, sizeof(key)) & (live->bucket_count - 1)];
}

static bool entry_is(const struct live_entry *entry, const struct tuple *original, uint16_t zone,
		     uint32_t id)
{
	return entry->id == id && entry->zone == zone &&
	       entry->original.protocol == original->protocol &&
	       entry->original.source_port == original->source_port &&
	       entry->original.destination_port == original->destination_port &&
	       addr_equal(entry->original.source, original->source) &&
	       addr_equal(entry->original.destination, original->destination);
}

struct live_entry *live_find(const struct live *live, const struct tuple *original, uint16_t zone,
			     uint32_t id)
{
	uint32_t number = *bucket_of(live, original, zone, id);

	while (number) {
		struct slot *slot = slot_at(live, number);

		if (entry_is(&slot->entry, original, zone, id))
			return &slot->entry;
		number = slot->next;
	}
	return NULL;
}

static bool live_add_chunk(struct live *live)
{
	struct slot **chunks =
	    realloc(live->chunks, (live->chunk_count + 1) * sizeof(struct slot *));
	uint32_t first = live->chunk_count * CHUNK_SIZE + 1;
	struct slot *chunk;

	if (!chunks)
		return false;
	live->chunks = chunks;
	chunk = calloc(CHUNK_SIZE, sizeof(*chunk));
	if (!chunk)
		return false;
	for (uint32_t i = 0; i < CHUNK_SIZE; i++) {
		chunk[i].number = first + i;
		chunk[i].next = i + 1 < CHUNK_SIZE ? first + i + 1 : live->free_list;
	}
	live->free_list = first;
	live->chunks[live->chunk_count++] = chunk;
	return true;
}

/* Without memory for more buckets the chains grow longer, which is slower and still right. */
static void live_spread(struct live *live)
{
	uint32_t *old = live->buckets;
	size_t old_count = live->bucket_count;
	uint32_t *buckets;

	if (live->count < live->bucket_count)
		return;
	buckets = calloc(old_count * 2, sizeof(*buckets));
	if (!buckets)
		return;
	live->buckets = buckets;
	live->bucket_count = old_count * 2;
	for (size_t i = 0; i < old_count; i++) {
		for (uint32_t number = old[i], next; number; number = next) {
			struct slot *slot = slot_at(live, number);
			uint32_t *bucket = bucket_of(live, &slot->entry.original, slot->entry.zone,
						     slot->entry.id);

			next = slot->next;
			slot->next = *bucket;
			*bucket = number;
		}
	}
	free(old);
}

struct live_entry *live_insert(struct live *live, const struct tuple *original, uint16_t zone,
			       uint32_t id)
{
	struct slot *slot;
	uint32_t *bucket;

	if (live->count >= live->limit || (!live->free_list && !live_add_chunk(live)))
		return NULL;
	live_spread(live);
	slot = slot_at(live, live->free_list);
	live->free_list = slot->next;
	memset(&slot->entry, 0, sizeof(slot->entry));
	slot->entry.original = *original;
	slot->entry.zone = zone;
	slot->entry.id = id;
	slot->used = true;
	bucket = bucket_of(live, original, zone, id);
	slot->next = *bucket;
	*bucket = slot->number;
	live->count++;
	return &slot->entry;
}

void live_remove(struct live *live, struct live_entry *entry)
{
	struct slot *slot = (struct slot *)entry;
	uint32_t *link = bucket_of(live, &entry->original, entry->zone, entry->id);

	while (*link != slot->number)
		link = &slot_at(live, *link)->next;
	*link = slot->next;
	slot->next = live->free_list;
	slot->used = false;
	live->free_list = slot->number;
	live->count--;
}

size_t live_count(const struct live *live)
{
	return live->count;
}

void live_walk(struct live *live, void (*visit)(void *context, struct live_entry *entry),
	       void *context)
{
	for (uint32_t i = 0; i < live->chunk_count; i++)
		for (uint32_t j = 0; j < CHUNK_SIZE; j++)
			if (live->chunks[i][j].used)
				visit(context, &live->chunks[i][j].entry);
}
