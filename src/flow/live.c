#include "flow/live.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/hash.h"

/* An entry's number: 22 bits in its pool, above them the pool. */
#define POOL_SHIFT 22
#define NUMBER_BITS (POOL_SHIFT + 1)
#define NUMBER_MASK ((1u << NUMBER_BITS) - 1)

#define CHUNK_SHIFT 10
#define CHUNK_SIZE (1u << CHUNK_SHIFT)

#define SEGMENTS 256u
#define BUCKET_SLOTS 15u
/* Entries in a bucket on average at which a segment grows by half, and at which it shrinks. */
#define BUCKET_FULL 13u
#define BUCKET_IDLE 4u
#define BUCKET_WANTED 9u

enum pool_kind { POOL_IPV4, POOL_IPV6, POOLS };

enum record_flag {
	RECORD_USED = 1 << 0,
	RECORD_STARTED = 1 << 1, /* time is the kernel's */
	RECORD_HAS_PORTS = 1 << 2,
	RECORD_REPLY_HAS_PORTS = 1 << 3,
	RECORD_HAS_COUNTERS = 1 << 4,
	RECORD_DIRECTION_UNCERTAIN = 1 << 5,
	RECORD_ANNOUNCED = 1 << 6,
	RECORD_CHECKPOINT = 1 << 7,
	RECORD_REPLACED = 1 << 8,
	RECORD_ENDED = 1 << 9,
	RECORD_AWAITED = 1 << 10,
	RECORD_FOLLOWER = 1 << 11,
	RECORD_RESTORED = 1 << 12,
	RECORD_UNBEGUN = 1 << 13
};

enum record_address { ORIGINAL_SOURCE, ORIGINAL_DESTINATION, REPLY_SOURCE, REPLY_DESTINATION };

/* Followed by four addresses of the pool's length. Aligned to 4, so that 84 bytes are enough. */
struct record {
	uint64_t packets_sent, packets_received, bytes_sent, bytes_received;
	int64_t time;
	uint32_t source_pod, destination_pod;
	uint32_t id; /* of a free record: the next free one in its chunk, from 1; 0 ends */
	uint16_t ports[4];
	uint16_t zone;
	uint16_t flags;
	uint8_t protocol;
	uint8_t generation;
	uint8_t verdict : 4;
	uint8_t silent_dumps : 2;
	uint8_t round : 2;
	uint8_t families; /* two bits for each address */
	uint8_t addresses[];
} __attribute__((packed, aligned(4)));

struct chunk {
	uint8_t *records; /* NULL: not taken from the system */
	uint16_t used;
	uint16_t touched; /* records from here on were never used */
	uint16_t free_list;
};

struct pool {
	size_t address_length;
	size_t stride;
	struct chunk *chunks;
	uint64_t *room; /* one bit for each chunk that is not full */
	uint32_t chunk_count;
	uint32_t empty_count; /* chunks that are taken and empty */
};

/* One cache line. overflow counts the entries that were sent on because this bucket was full. */
struct bucket {
	uint32_t slots[BUCKET_SLOTS]; /* tag of the hash, number */
	uint32_t used : 4;
	uint32_t overflow : 28;
};

struct segment {
	struct bucket *buckets;
	uint32_t bucket_count;
	uint32_t count;
};

struct live {
	struct hash_seed seed;
	struct segment segments[SEGMENTS];
	struct pool pools[POOLS];
	size_t count;
	size_t limit;
};

/* What is looked for. */
struct live_key {
	const struct tuple *original;
	uint32_t id;
	uint16_t zone;
	bool ended;
};

/* ---- pools ---- */

static bool pool_open(struct pool *pool, size_t address_length, size_t limit)
{
	uint32_t words;

	pool->address_length = address_length;
	pool->stride = sizeof(struct record) + 4 * address_length;
	pool->chunk_count = (uint32_t)((limit + CHUNK_SIZE - 1) >> CHUNK_SHIFT);
	words = (pool->chunk_count + 63) / 64;
	pool->chunks = calloc(pool->chunk_count + 1, sizeof(*pool->chunks));
	pool->room = calloc(words + 1, sizeof(*pool->room));
	if (!pool->chunks || !pool->room)
		return false;
	for (uint32_t i = 0; i < pool->chunk_count; i++)
		pool->room[i / 64] |= UINT64_C(1) << (i % 64);
	return true;
}

static void chunk_release(const struct pool *pool, struct chunk *chunk)
{
	munmap(chunk->records, CHUNK_SIZE * pool->stride);
	*chunk = (struct chunk){0};
}

static void pool_close(struct pool *pool)
{
	for (uint32_t i = 0; pool->chunks && i < pool->chunk_count; i++)
		if (pool->chunks[i].records)
			chunk_release(pool, &pool->chunks[i]);
	free(pool->chunks);
	free(pool->room);
}

static struct record *chunk_record(const struct pool *pool, const struct chunk *chunk,
				   uint32_t index)
{
	return (struct record *)(void *)(chunk->records + index * pool->stride);
}

static struct record *record_at(const struct live *live, uint32_t number)
{
	const struct pool *pool = &live->pools[number >> POOL_SHIFT];
	uint32_t index = number & ((1u << POOL_SHIFT) - 1);

	return chunk_record(pool, &pool->chunks[index >> CHUNK_SHIFT], index & (CHUNK_SIZE - 1));
}

/* The lowest, so that the highest may become empty; chunk_count: all are full. */
static uint32_t pool_chunk_with_room(const struct pool *pool)
{
	for (uint32_t i = 0; i < (pool->chunk_count + 63) / 64; i++)
		if (pool->room[i])
			return i * 64 + (uint32_t)__builtin_ctzll(pool->room[i]);
	return pool->chunk_count;
}

static bool chunk_take(struct pool *pool, struct chunk *chunk)
{
	void *records = mmap(NULL, CHUNK_SIZE * pool->stride, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (records == MAP_FAILED)
		return false;
	chunk->records = records;
	pool->empty_count++;
	return true;
}

static bool pool_alloc(struct pool *pool, uint32_t *ret_index)
{
	uint32_t at = pool_chunk_with_room(pool), index;
	struct chunk *chunk = &pool->chunks[at];

	if (at == pool->chunk_count || (!chunk->records && !chunk_take(pool, chunk)))
		return false;
	if (chunk->free_list) {
		index = chunk->free_list - 1u;
		chunk->free_list = (uint16_t)chunk_record(pool, chunk, index)->id;
	} else {
		index = chunk->touched++;
	}
	pool->empty_count -= chunk->used == 0;
	if (++chunk->used == CHUNK_SIZE)
		pool->room[at / 64] &= ~(UINT64_C(1) << (at % 64));
	*ret_index = at << CHUNK_SHIFT | index;
	return true;
}

/* One empty chunk is kept, so that a few that come and go cost no system calls. */
static void pool_release(struct pool *pool, uint32_t index)
{
	uint32_t at = index >> CHUNK_SHIFT;
	struct chunk *chunk = &pool->chunks[at];
	struct record *record = chunk_record(pool, chunk, index & (CHUNK_SIZE - 1));

	record->flags = 0;
	record->id = chunk->free_list;
	chunk->free_list = (uint16_t)((index & (CHUNK_SIZE - 1)) + 1);
	chunk->used--;
	pool->room[at / 64] |= UINT64_C(1) << (at % 64);
	if (chunk->used > 0)
		return;
	if (pool->empty_count > 0)
		chunk_release(pool, chunk);
	else
		pool->empty_count++;
}

/* ---- records ---- */

static uint8_t family_code(uint8_t family)
{
	if (family == ADDR_IPV4)
		return 1;
	return family == ADDR_IPV6 ? 2 : 0;
}

static void record_set_address(struct record *record, const struct pool *pool,
			       enum record_address which, const struct addr *address)
{
	memcpy(record->addresses + (size_t)which * pool->address_length, address->bytes,
	       pool->address_length);
	record->families |= (uint8_t)(family_code(address->family) << 2 * which);
}

static void record_get_address(const struct record *record, const struct pool *pool,
			       enum record_address which, struct addr *ret)
{
	static const uint8_t families[4] = {ADDR_NONE, ADDR_IPV4, ADDR_IPV6, ADDR_NONE};

	memset(ret, 0, sizeof(*ret));
	memcpy(ret->bytes, record->addresses + (size_t)which * pool->address_length,
	       pool->address_length);
	ret->family = families[record->families >> 2 * which & 3];
}

static uint16_t record_flags(const struct live_entry *entry)
{
	return (uint16_t)(RECORD_USED | (entry->start_ns ? RECORD_STARTED : 0) |
			  (entry->original.has_ports ? RECORD_HAS_PORTS : 0) |
			  (entry->reply.has_ports ? RECORD_REPLY_HAS_PORTS : 0) |
			  (entry->has_counters ? RECORD_HAS_COUNTERS : 0) |
			  (entry->direction_uncertain ? RECORD_DIRECTION_UNCERTAIN : 0) |
			  (entry->announced ? RECORD_ANNOUNCED : 0) |
			  (entry->checkpoint ? RECORD_CHECKPOINT : 0) |
			  (entry->replaced ? RECORD_REPLACED : 0) |
			  (entry->ended ? RECORD_ENDED : 0) |
			  (entry->awaited ? RECORD_AWAITED : 0) |
			  (entry->follower ? RECORD_FOLLOWER : 0) |
			  (entry->restored ? RECORD_RESTORED : 0) |
			  (entry->unbegun ? RECORD_UNBEGUN : 0));
}

static void record_pack(struct record *record, const struct pool *pool,
			const struct live_entry *entry)
{
	record->packets_sent = entry->packets_sent;
	record->packets_received = entry->packets_received;
	record->bytes_sent = entry->bytes_sent;
	record->bytes_received = entry->bytes_received;
	record->time = entry->start_ns ? entry->start_ns : entry->first_ns;
	record->source_pod = entry->source_pod;
	record->destination_pod = entry->destination_pod;
	record->id = entry->id;
	record->ports[0] = entry->original.source_port;
	record->ports[1] = entry->original.destination_port;
	record->ports[2] = entry->reply.source_port;
	record->ports[3] = entry->reply.destination_port;
	record->zone = entry->zone;
	record->flags = record_flags(entry);
	record->protocol = entry->original.protocol;
	record->generation = entry->generation;
	record->verdict = entry->verdict & 15;
	record->silent_dumps = entry->silent_dumps & 3;
	record->round = entry->round & 3;
	record->families = 0;
	record_set_address(record, pool, ORIGINAL_SOURCE, &entry->original.source);
	record_set_address(record, pool, ORIGINAL_DESTINATION, &entry->original.destination);
	record_set_address(record, pool, REPLY_SOURCE, &entry->reply.source);
	record_set_address(record, pool, REPLY_DESTINATION, &entry->reply.destination);
}

static void record_unpack_original(const struct record *record, const struct pool *pool,
				   struct tuple *ret)
{
	record_get_address(record, pool, ORIGINAL_SOURCE, &ret->source);
	record_get_address(record, pool, ORIGINAL_DESTINATION, &ret->destination);
	ret->source_port = record->ports[0];
	ret->destination_port = record->ports[1];
	ret->protocol = record->protocol;
	ret->has_ports = record->flags & RECORD_HAS_PORTS;
}

static void record_unpack_reply(const struct record *record, const struct pool *pool,
				struct tuple *ret)
{
	record_get_address(record, pool, REPLY_SOURCE, &ret->source);
	record_get_address(record, pool, REPLY_DESTINATION, &ret->destination);
	ret->source_port = record->ports[2];
	ret->destination_port = record->ports[3];
	ret->protocol = record->protocol;
	ret->has_ports = record->flags & RECORD_REPLY_HAS_PORTS;
}

static void entry_unpack(const struct live *live, uint32_t number, struct live_entry *ret)
{
	const struct pool *pool = &live->pools[number >> POOL_SHIFT];
	const struct record *record = record_at(live, number);

	*ret = (struct live_entry){
	    .start_ns = record->flags & RECORD_STARTED ? record->time : 0,
	    .first_ns = record->time,
	    .packets_sent = record->packets_sent,
	    .packets_received = record->packets_received,
	    .bytes_sent = record->bytes_sent,
	    .bytes_received = record->bytes_received,
	    .source_pod = record->source_pod,
	    .destination_pod = record->destination_pod,
	    .id = record->id,
	    .handle = number,
	    .zone = record->zone,
	    .generation = record->generation,
	    .verdict = record->verdict,
	    .silent_dumps = record->silent_dumps,
	    .round = record->round,
	    .has_counters = record->flags & RECORD_HAS_COUNTERS,
	    .direction_uncertain = record->flags & RECORD_DIRECTION_UNCERTAIN,
	    .announced = record->flags & RECORD_ANNOUNCED,
	    .checkpoint = record->flags & RECORD_CHECKPOINT,
	    .replaced = record->flags & RECORD_REPLACED,
	    .ended = record->flags & RECORD_ENDED,
	    .awaited = record->flags & RECORD_AWAITED,
	    .follower = record->flags & RECORD_FOLLOWER,
	    .restored = record->flags & RECORD_RESTORED,
	    .unbegun = record->flags & RECORD_UNBEGUN,
	};
	record_unpack_original(record, pool, &ret->original);
	record_unpack_reply(record, pool, &ret->reply);
}

static bool record_has_address(const struct record *record, const struct pool *pool,
			       enum record_address which, const struct addr *address)
{
	return (record->families >> 2 * which & 3) == family_code(address->family) &&
	       memcmp(record->addresses + (size_t)which * pool->address_length, address->bytes,
		      pool->address_length) == 0;
}

static bool record_is(const struct live *live, uint32_t number, const struct live_key *key)
{
	const struct pool *pool = &live->pools[number >> POOL_SHIFT];
	const struct record *record = record_at(live, number);

	/* It lies on two cache lines or three. */
	__builtin_prefetch(record);
	__builtin_prefetch(&record->addresses[4 * pool->address_length - 1]);
	return record->id == key->id && record->zone == key->zone &&
	       record->protocol == key->original->protocol &&
	       record->ports[0] == key->original->source_port &&
	       record->ports[1] == key->original->destination_port &&
	       ((record->flags & RECORD_ENDED) != 0) == key->ended &&
	       record_has_address(record, pool, ORIGINAL_SOURCE, &key->original->source) &&
	       record_has_address(record, pool, ORIGINAL_DESTINATION, &key->original->destination);
}

/* ---- the index ---- */

/* Of the same bytes for an address of IPv4 in whichever pool. */
static uint64_t key_hash(const struct live *live, const struct tuple *original, uint16_t zone,
			 uint32_t id)
{
	uint64_t words[6];
	size_t count = 0;
	size_t length =
	    original->source.family == ADDR_IPV6 || original->destination.family == ADDR_IPV6 ? 16
											      : 4;

	words[count++] =
	    (uint64_t)original->source_port << 48 | (uint64_t)original->destination_port << 32 | id;
	words[count++] = (uint64_t)original->protocol << 16 | zone;
	memcpy(&words[count], original->source.bytes, length);
	memcpy((uint8_t *)&words[count] + length, original->destination.bytes, length);
	return hash_bytes(live->seed, words, count * sizeof(words[0]) + 2 * length);
}

static uint64_t number_hash(const struct live *live, uint32_t number)
{
	const struct record *record = record_at(live, number);
	struct tuple original;

	record_unpack_original(record, &live->pools[number >> POOL_SHIFT], &original);
	return key_hash(live, &original, record->zone, record->id);
}

/* The tag, the segment and the bucket are made of different bits. */
static uint32_t hash_tag(uint64_t hash)
{
	return (uint32_t)hash << NUMBER_BITS;
}

static struct segment *hash_segment(struct live *live, uint64_t hash)
{
	return &live->segments[hash >> 56];
}

static uint32_t hash_bucket(uint64_t hash, uint32_t bucket_count)
{
	return (uint32_t)((hash >> 16 & UINT32_MAX) * bucket_count >> 32);
}

static uint32_t bucket_after(uint32_t at, uint32_t bucket_count)
{
	return at + 1 < bucket_count ? at + 1 : 0;
}

/* There must be a free slot. */
static void segment_place(struct segment *segment, uint64_t hash, uint32_t number)
{
	uint32_t at = hash_bucket(hash, segment->bucket_count);
	struct bucket *bucket = &segment->buckets[at];

	while (bucket->used == BUCKET_SLOTS) {
		bucket->overflow++;
		at = bucket_after(at, segment->bucket_count);
		bucket = &segment->buckets[at];
	}
	bucket->slots[bucket->used++] = hash_tag(hash) | number;
}

static void segment_clear(struct segment *segment, uint64_t hash, uint32_t number)
{
	uint32_t at = hash_bucket(hash, segment->bucket_count);

	for (;;) {
		struct bucket *bucket = &segment->buckets[at];

		for (uint32_t i = 0; i < bucket->used; i++) {
			if ((bucket->slots[i] & NUMBER_MASK) == number) {
				bucket->slots[i] = bucket->slots[--bucket->used];
				return;
			}
		}
		bucket->overflow--;
		at = bucket_after(at, segment->bucket_count);
	}
}

/* Without memory it stays as it is, which is slower and still right. */
static void segment_resize(const struct live *live, struct segment *segment, uint32_t bucket_count)
{
	struct segment resized = {.bucket_count = bucket_count, .count = segment->count};
	size_t size = bucket_count * sizeof(*resized.buckets);

	resized.buckets = aligned_alloc(sizeof(*resized.buckets), size);
	if (!resized.buckets)
		return;
	memset(resized.buckets, 0, size);
	for (uint32_t i = 0; i < segment->bucket_count; i++) {
		const struct bucket *bucket = &segment->buckets[i];

		for (uint32_t j = 0; j < bucket->used; j++) {
			uint32_t number = bucket->slots[j] & NUMBER_MASK;

			segment_place(&resized, number_hash(live, number), number);
		}
	}
	free(segment->buckets);
	*segment = resized;
}

static bool segment_make_room(const struct live *live, struct segment *segment)
{
	if (segment->count >= segment->bucket_count * BUCKET_FULL)
		segment_resize(live, segment,
			       segment->bucket_count + segment->bucket_count / 2 + 1);
	return segment->count < segment->bucket_count * BUCKET_SLOTS;
}

static void segment_give_back(const struct live *live, struct segment *segment)
{
	if (segment->bucket_count > 1 && segment->count < segment->bucket_count * BUCKET_IDLE)
		segment_resize(live, segment, segment->count / BUCKET_WANTED + 1);
}

static bool segment_find(const struct live *live, const struct segment *segment, uint64_t hash,
			 const struct live_key *key, uint32_t *ret_number)
{
	uint32_t at = hash_bucket(hash, segment->bucket_count);

	for (uint32_t seen = 0; seen < segment->bucket_count; seen++) {
		const struct bucket *bucket = &segment->buckets[at];

		for (uint32_t i = 0; i < bucket->used; i++) {
			uint32_t number = bucket->slots[i] & NUMBER_MASK;

			if ((bucket->slots[i] & ~NUMBER_MASK) == hash_tag(hash) &&
			    record_is(live, number, key)) {
				*ret_number = number;
				return true;
			}
		}
		if (bucket->overflow == 0)
			break;
		at = bucket_after(at, segment->bucket_count);
	}
	return false;
}

/* ---- the table ---- */

struct live *live_new(size_t limit)
{
	struct live *live = calloc(1, sizeof(*live));

	if (!live || limit > LIVE_LIMIT_MAX)
		return live_free(live);
	live->seed = hash_seed_random();
	live->limit = limit;
	if (!pool_open(&live->pools[POOL_IPV4], 4, limit) ||
	    !pool_open(&live->pools[POOL_IPV6], 16, limit))
		return live_free(live);
	for (uint32_t i = 0; i < SEGMENTS; i++) {
		segment_resize(live, &live->segments[i], 1);
		if (!live->segments[i].buckets)
			return live_free(live);
	}
	return live;
}

struct live *live_free(struct live *live)
{
	if (!live)
		return NULL;
	for (uint32_t i = 0; i < SEGMENTS; i++)
		free(live->segments[i].buckets);
	for (uint32_t i = 0; i < POOLS; i++)
		pool_close(&live->pools[i]);
	free(live);
	return NULL;
}

static bool find(const struct live *live, const struct live_key *key, struct live_entry *ret_entry)
{
	uint64_t hash = key_hash(live, key->original, key->zone, key->id);
	uint32_t number;

	if (!segment_find(live, &live->segments[hash >> 56], hash, key, &number))
		return false;
	entry_unpack(live, number, ret_entry);
	return true;
}

bool live_find(const struct live *live, const struct tuple *original, uint16_t zone, uint32_t id,
	       struct live_entry *ret_entry)
{
	struct live_key key = {.original = original, .id = id, .zone = zone};

	return find(live, &key, ret_entry);
}

bool live_find_ended(const struct live *live, const struct tuple *original, uint16_t zone,
		     uint32_t id, struct live_entry *ret_entry)
{
	struct live_key key = {.original = original, .id = id, .zone = zone, .ended = true};

	return find(live, &key, ret_entry);
}

static enum pool_kind entry_pool(const struct live_entry *entry)
{
	if (entry->original.source.family == ADDR_IPV4 &&
	    entry->original.destination.family == ADDR_IPV4 &&
	    entry->reply.source.family == ADDR_IPV4 && entry->reply.destination.family == ADDR_IPV4)
		return POOL_IPV4;
	return POOL_IPV6;
}

bool live_has_room(const struct live *live)
{
	return live->count < live->limit;
}

bool live_insert(struct live *live, struct live_entry *entry)
{
	uint64_t hash = key_hash(live, &entry->original, entry->zone, entry->id);
	struct segment *segment = hash_segment(live, hash);
	enum pool_kind kind = entry_pool(entry);
	uint32_t index;

	if (!live_has_room(live) || !segment_make_room(live, segment) ||
	    !pool_alloc(&live->pools[kind], &index))
		return false;
	entry->handle = (uint32_t)kind << POOL_SHIFT | index;
	record_pack(record_at(live, entry->handle), &live->pools[kind], entry);
	segment_place(segment, hash, entry->handle);
	segment->count++;
	live->count++;
	return true;
}

void live_put(struct live *live, const struct live_entry *entry)
{
	record_pack(record_at(live, entry->handle), &live->pools[entry->handle >> POOL_SHIFT],
		    entry);
}

void live_remove(struct live *live, const struct live_entry *entry)
{
	uint64_t hash = key_hash(live, &entry->original, entry->zone, entry->id);
	struct segment *segment = hash_segment(live, hash);

	segment_clear(segment, hash, entry->handle);
	segment->count--;
	live->count--;
	pool_release(&live->pools[entry->handle >> POOL_SHIFT],
		     entry->handle & ((1u << POOL_SHIFT) - 1));
	segment_give_back(live, segment);
}

size_t live_count(const struct live *live)
{
	return live->count;
}

bool live_next(const struct live *live, uint32_t *cursor, struct live_entry *ret_entry)
{
	for (uint32_t number = *cursor; number >> POOL_SHIFT < POOLS; number++) {
		const struct pool *pool = &live->pools[number >> POOL_SHIFT];
		uint32_t index = number & ((1u << POOL_SHIFT) - 1);
		uint32_t at = index >> CHUNK_SHIFT;

		if (at >= pool->chunk_count) {
			number |= (1u << POOL_SHIFT) - 1;
		} else if (pool->chunks[at].used == 0) {
			number |= CHUNK_SIZE - 1;
		} else if ((index & (CHUNK_SIZE - 1)) >= pool->chunks[at].touched) {
			number |= CHUNK_SIZE - 1;
		} else if (record_at(live, number)->flags & RECORD_USED) {
			*cursor = number + 1;
			entry_unpack(live, number, ret_entry);
			return true;
		}
	}
	*cursor = (uint32_t)POOLS << POOL_SHIFT;
	return false;
}
