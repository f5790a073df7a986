#include "flow/zones.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/hash.h"

#define ZONE_NUMBERS 65536u
/* More than OVN-Kubernetes has for one connection; what is beyond is followed, not remembered. */
#define MEMBERS 5u
#define NONE 0u
#define CHUNK_SHIFT 10
#define CHUNK_ITEMS (1u << CHUNK_SHIFT)
#define SEGMENTS 256u
#define BUCKETS_MIN 4u

struct member {
	uint32_t id;
	uint16_t zone;
	bool ended;
};

struct connection {
	uint64_t hash;
	int64_t ended_at; /* of the leader; 0: it has not */
	uint32_t next;    /* in its bucket, or the next free one */
	uint32_t later;   /* whose leader ended next */
	uint32_t number;  /* in the order of their beginning; wraps */
	uint8_t count;
	uint8_t leader;
	uint16_t service_port; /* of the leader */
	struct addr service;
	struct member members[MEMBERS];
};

struct chunk {
	struct connection *items; /* NULL: not taken from the system */
	uint32_t used;
	uint32_t touched; /* items from here on were never used */
	uint32_t free;    /* the first free one below that, from 1; 0: none */
};

/* Of the connections whose hash begins alike: so none of the indexes is long to make anew. */
struct segment {
	uint32_t *buckets;
	uint32_t bucket_count; /* a power of two, or 0 */
	uint32_t count;
};

struct zones {
	struct hash_seed seed;
	size_t limit;
	size_t zone_count;
	uint16_t first_zone, example;
	uint8_t *seen; /* a bit for each zone, once there are several */
	struct chunk *chunks;
	uint64_t *room; /* a bit for each chunk that is not full */
	uint32_t chunk_count, empty_count;
	struct segment segments[SEGMENTS];
	size_t count;
	uint32_t number;
	uint32_t oldest, newest; /* of those whose leader has ended */
};

struct zones *zones_new(size_t limit)
{
	struct zones *zones = calloc(1, sizeof(*zones));

	if (!zones)
		return NULL;
	zones->seed = hash_seed_random();
	zones->limit = limit;
	zones->chunk_count = (uint32_t)((limit + CHUNK_ITEMS - 1) >> CHUNK_SHIFT);
	zones->chunks = calloc(zones->chunk_count + 1, sizeof(*zones->chunks));
	zones->room = calloc(zones->chunk_count / 64 + 1, sizeof(*zones->room));
	if (!zones->chunks || !zones->room)
		return zones_free(zones);
	for (uint32_t i = 0; i < zones->chunk_count; i++)
		zones->room[i / 64] |= UINT64_C(1) << i % 64;
	return zones;
}

static void chunk_release(struct chunk *chunk)
{
	munmap(chunk->items, CHUNK_ITEMS * sizeof(*chunk->items));
	*chunk = (struct chunk){0};
}

struct zones *zones_free(struct zones *zones)
{
	if (!zones)
		return NULL;
	for (uint32_t i = 0; zones->chunks && i < zones->chunk_count; i++)
		if (zones->chunks[i].items)
			chunk_release(&zones->chunks[i]);
	for (uint32_t i = 0; i < SEGMENTS; i++)
		free(zones->segments[i].buckets);
	free(zones->seen);
	free(zones->chunks);
	free(zones->room);
	free(zones);
	return NULL;
}

/* ---- which zones there are ---- */

static void note_zone(struct zones *zones, uint16_t zone)
{
	uint8_t bit = (uint8_t)(1u << zone % 8);

	if (!zones->seen || zones->seen[zone / 8] & bit)
		return;
	zones->seen[zone / 8] |= bit;
	zones->zone_count++;
	if (zone)
		zones->example = zone;
}

bool zones_notice(struct zones *zones, uint16_t zone)
{
	if (zones->zone_count == 0) {
		zones->zone_count = 1;
		zones->first_zone = zones->example = zone;
		return false;
	}
	if (zones->zone_count > 1)
		note_zone(zones, zone);
	if (zones->zone_count > 1 || zone == zones->first_zone)
		return false;
	zones->seen = calloc(1, ZONE_NUMBERS / 8);
	zones->zone_count = 2;
	if (zones->seen)
		zones->seen[zones->first_zone / 8] |= (uint8_t)(1u << zones->first_zone % 8);
	if (zones->seen)
		zones->seen[zone / 8] |= (uint8_t)(1u << zone % 8);
	if (zone)
		zones->example = zone;
	return true;
}

bool zones_are_several(const struct zones *zones)
{
	return zones->zone_count > 1;
}

size_t zones_count(const struct zones *zones)
{
	return zones->zone_count;
}

uint16_t zones_example(const struct zones *zones)
{
	return zones->example;
}

/* ---- connections ---- */

/* From 1 on. */
static struct connection *item_at(const struct zones *zones, uint32_t index)
{
	return &zones->chunks[(index - 1) >> CHUNK_SHIFT].items[(index - 1) & (CHUNK_ITEMS - 1)];
}

static struct segment *segment_of(struct zones *zones, uint64_t hash)
{
	return &zones->segments[hash >> 56];
}

static uint32_t *bucket_of(const struct segment *segment, uint64_t hash)
{
	return &segment->buckets[hash & (segment->bucket_count - 1)];
}

static uint32_t first_of(const struct zones *zones, uint64_t hash)
{
	const struct segment *segment = &zones->segments[hash >> 56];

	return segment->bucket_count ? *bucket_of(segment, hash) : NONE;
}

static void segment_link(const struct zones *zones, struct segment *segment, uint32_t index)
{
	struct connection *connection = item_at(zones, index);
	uint32_t *bucket = bucket_of(segment, connection->hash);

	connection->next = *bucket;
	*bucket = index;
}

/* Without memory it stays as it is, which is slower and still right. */
static void segment_resize(const struct zones *zones, struct segment *segment,
			   uint32_t bucket_count)
{
	struct segment resized = {.bucket_count = bucket_count, .count = segment->count};

	resized.buckets = calloc(bucket_count, sizeof(*resized.buckets));
	if (!resized.buckets)
		return;
	for (uint32_t i = 0; i < segment->bucket_count; i++) {
		uint32_t index = segment->buckets[i];

		while (index) {
			uint32_t next = item_at(zones, index)->next;

			segment_link(zones, &resized, index);
			index = next;
		}
	}
	free(segment->buckets);
	*segment = resized;
}

static bool make_room(struct zones *zones, uint64_t hash)
{
	struct segment *segment = segment_of(zones, hash);

	if (segment->count >= segment->bucket_count)
		segment_resize(zones, segment,
			       segment->bucket_count ? segment->bucket_count * 2 : BUCKETS_MIN);
	return segment->bucket_count > 0;
}

static void link_connection(struct zones *zones, uint32_t index)
{
	struct segment *segment = segment_of(zones, item_at(zones, index)->hash);

	segment_link(zones, segment, index);
	segment->count++;
}

static void unlink_connection(struct zones *zones, uint32_t index)
{
	uint64_t hash = item_at(zones, index)->hash;
	struct segment *segment = segment_of(zones, hash);
	uint32_t *at = bucket_of(segment, hash);

	while (*at != index)
		at = &item_at(zones, *at)->next;
	*at = item_at(zones, index)->next;
	segment->count--;
	if (segment->bucket_count > BUCKETS_MIN && segment->count < segment->bucket_count / 8)
		segment_resize(zones, segment, segment->bucket_count / 2);
}

/* The lowest, so that the highest may become empty; chunk_count: all are full. */
static uint32_t chunk_with_room(const struct zones *zones)
{
	for (uint32_t i = 0; i < zones->chunk_count / 64 + 1; i++)
		if (zones->room[i])
			return i * 64 + (uint32_t)__builtin_ctzll(zones->room[i]);
	return zones->chunk_count;
}

static bool chunk_take(struct zones *zones, struct chunk *chunk)
{
	void *items = mmap(NULL, CHUNK_ITEMS * sizeof(*chunk->items), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (items == MAP_FAILED)
		return false;
	chunk->items = items;
	zones->empty_count++;
	return true;
}

static uint32_t take_item(struct zones *zones)
{
	uint32_t at = chunk_with_room(zones), index;
	struct chunk *chunk = &zones->chunks[at];

	if (zones->count >= zones->limit || at == zones->chunk_count ||
	    (!chunk->items && !chunk_take(zones, chunk)))
		return NONE;
	if (chunk->free) {
		index = chunk->free - 1;
		chunk->free = chunk->items[index].next;
	} else {
		index = chunk->touched++;
	}
	zones->empty_count -= chunk->used == 0;
	if (++chunk->used == CHUNK_ITEMS)
		zones->room[at / 64] &= ~(UINT64_C(1) << at % 64);
	zones->count++;
	return (at << CHUNK_SHIFT) + index + 1;
}

/* One empty chunk is kept, so that a few that come and go cost no system calls. */
static void give_item_back(struct zones *zones, uint32_t index)
{
	uint32_t at = (index - 1) >> CHUNK_SHIFT;
	struct chunk *chunk = &zones->chunks[at];

	item_at(zones, index)->next = chunk->free;
	chunk->free = ((index - 1) & (CHUNK_ITEMS - 1)) + 1;
	chunk->used--;
	zones->count--;
	zones->room[at / 64] |= UINT64_C(1) << at % 64;
	if (chunk->used > 0)
		return;
	if (zones->empty_count > 0)
		chunk_release(chunk);
	else
		zones->empty_count++;
}

static void forget_oldest(struct zones *zones)
{
	uint32_t index = zones->oldest;

	zones->oldest = item_at(zones, index)->later;
	if (zones->oldest == NONE)
		zones->newest = NONE;
	unlink_connection(zones, index);
	give_item_back(zones, index);
}

/* For a connection of this hash. */
static uint32_t take_free(struct zones *zones, uint64_t hash)
{
	uint32_t index = make_room(zones, hash) ? take_item(zones) : NONE;

	if (index || zones->oldest == NONE)
		return index;
	forget_oldest(zones);
	return make_room(zones, hash) ? take_item(zones) : NONE;
}

static uint64_t path_hash(const struct zones *zones, const struct path *path)
{
	return hash_bytes(zones->seed, path, sizeof(*path));
}

static struct member *find_member(struct connection *connection, uint16_t zone)
{
	for (unsigned i = 0; i < connection->count; i++)
		if (connection->members[i].zone == zone)
			return &connection->members[i];
	return NULL;
}

/* The one that has this entry, which has not ended. */
static uint32_t find_connection(const struct zones *zones, const struct zone_entry *entry,
				struct member **ret_member)
{
	uint64_t hash = path_hash(zones, &entry->path);
	uint32_t index = first_of(zones, hash);

	for (; index; index = item_at(zones, index)->next) {
		struct connection *connection = item_at(zones, index);
		struct member *member;

		if (connection->hash != hash)
			continue;
		member = find_member(connection, entry->zone);
		if (member && member->id == entry->id && !member->ended) {
			*ret_member = member;
			return index;
		}
	}
	return NONE;
}

static bool is_over_for(const struct connection *connection, const struct zone_entry *entry,
			int64_t now)
{
	if (!connection->ended_at)
		return false;
	if (entry->begun && entry->begun > connection->ended_at + ZONES_SLACK)
		return true;
	return now - connection->ended_at >= ZONES_MEMORY;
}

/* The oldest that has no entry of this zone yet. */
static uint32_t find_open(const struct zones *zones, const struct zone_entry *entry, int64_t now)
{
	uint64_t hash = path_hash(zones, &entry->path);
	uint32_t index = first_of(zones, hash), found = NONE;

	for (; index; index = item_at(zones, index)->next) {
		struct connection *connection = item_at(zones, index);

		if (connection->hash != hash || find_member(connection, entry->zone) ||
		    is_over_for(connection, entry, now))
			continue;
		if (!found || (int32_t)(connection->number - item_at(zones, found)->number) < 0)
			found = index;
	}
	return found;
}

static void add_member(struct connection *connection, const struct zone_entry *entry)
{
	if (connection->count < MEMBERS)
		connection->members[connection->count++] =
		    (struct member){.id = entry->id, .zone = entry->zone};
}

static void begin_connection(struct zones *zones, const struct zone_entry *entry)
{
	uint64_t hash = path_hash(zones, &entry->path);
	uint32_t index = take_free(zones, hash);

	if (!index)
		return;
	*item_at(zones, index) = (struct connection){
	    .hash = hash,
	    .number = zones->number++,
	    .service = entry->service,
	    .service_port = entry->service_port,
	};
	add_member(item_at(zones, index), entry);
	link_connection(zones, index);
}

enum zones_place zones_join(struct zones *zones, const struct zone_entry *entry, int64_t now)
{
	struct connection *connection;
	struct member *member;
	uint32_t index;

	if (!zones_are_several(zones))
		return ZONES_LEADS;
	zones_expire(zones, now);
	index = find_connection(zones, entry, &member);
	if (index) {
		connection = item_at(zones, index);
		return member == &connection->members[connection->leader] ? ZONES_LEADS
									  : ZONES_FOLLOWS;
	}
	index = find_open(zones, entry, now);
	if (!index) {
		begin_connection(zones, entry);
		return ZONES_LEADS;
	}
	connection = item_at(zones, index);
	add_member(connection, entry);
	return addr_is_set(entry->service) && !addr_is_set(connection->service) &&
		       !connection->ended_at
		   ? ZONES_EXPLAINS
		   : ZONES_FOLLOWS;
}

bool zones_leader(const struct zones *zones, const struct zone_entry *member,
		  struct zone_entry *ret_leader)
{
	struct member *found;
	uint32_t index = find_connection(zones, member, &found);
	const struct connection *connection = index ? item_at(zones, index) : NULL;

	if (!connection)
		return false;
	*ret_leader = (struct zone_entry){
	    .path = member->path,
	    .service = connection->service,
	    .service_port = connection->service_port,
	    .zone = connection->members[connection->leader].zone,
	    .id = connection->members[connection->leader].id,
	};
	return true;
}

void zones_lead(struct zones *zones, const struct zone_entry *member)
{
	struct member *found;
	uint32_t index = find_connection(zones, member, &found);

	if (!index)
		return;
	item_at(zones, index)->leader = (uint8_t)(found - item_at(zones, index)->members);
	item_at(zones, index)->service = member->service;
	item_at(zones, index)->service_port = member->service_port;
}

static void end_connection(struct zones *zones, uint32_t index, int64_t now)
{
	item_at(zones, index)->ended_at = now;
	item_at(zones, index)->later = NONE;
	if (zones->newest)
		item_at(zones, zones->newest)->later = index;
	else
		zones->oldest = index;
	zones->newest = index;
}

void zones_end(struct zones *zones, const struct zone_entry *entry, int64_t now)
{
	struct member *member;
	uint32_t index;

	if (!zones_are_several(zones))
		return;
	index = find_connection(zones, entry, &member);
	if (!index)
		return;
	member->ended = true;
	if (member == &item_at(zones, index)->members[item_at(zones, index)->leader])
		end_connection(zones, index, now);
}

void zones_expire(struct zones *zones, int64_t now)
{
	while (zones->oldest && now - item_at(zones, zones->oldest)->ended_at >= ZONES_MEMORY)
		forget_oldest(zones);
}

void zones_shift(struct zones *zones, int64_t delta)
{
	for (uint32_t i = zones->oldest; i; i = item_at(zones, i)->later)
		item_at(zones, i)->ended_at += delta;
}
