#include "flow/zones.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define ZONE_NUMBERS 65536u
/* More than OVN-Kubernetes has for one connection; what is beyond is followed, not remembered. */
#define MEMBERS 5u
#define FIRST_CAPACITY 1024u
#define NONE 0u

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

struct zones {
	struct hash_seed seed;
	size_t limit;
	size_t zone_count;
	uint16_t first_zone, example;
	uint8_t *seen;               /* a bit for each zone, once there are several */
	struct connection *items;    /* from 1 on */
	uint32_t *buckets;           /* as many as capacity */
	uint32_t capacity;           /* a power of two */
	uint32_t used, free, number; /* used: of items, the free ones too */
	uint32_t oldest, newest;     /* of those whose leader has ended */
};

struct zones *zones_new(size_t limit)
{
	struct zones *zones = calloc(1, sizeof(*zones));

	if (!zones)
		return NULL;
	zones->seed = hash_seed_random();
	zones->limit = limit;
	return zones;
}

struct zones *zones_free(struct zones *zones)
{
	if (zones) {
		free(zones->seen);
		free(zones->items);
		free(zones->buckets);
		free(zones);
	}
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

static uint32_t *bucket_of(const struct zones *zones, uint64_t hash)
{
	return &zones->buckets[hash & (zones->capacity - 1)];
}

static void link_connection(struct zones *zones, uint32_t index)
{
	uint32_t *bucket = bucket_of(zones, zones->items[index].hash);

	zones->items[index].next = *bucket;
	*bucket = index;
}

/* Only when all items are in use, so all are linked again. */
static bool grow(struct zones *zones)
{
	uint32_t capacity = zones->capacity ? zones->capacity * 2 : FIRST_CAPACITY;
	struct connection *items;
	uint32_t *buckets;

	if (zones->capacity >= zones->limit)
		return false;
	items = reallocarray(zones->items, (size_t)capacity + 1, sizeof(*items));
	if (!items)
		return false;
	zones->items = items;
	buckets = calloc(capacity, sizeof(*buckets));
	if (!buckets)
		return false;
	free(zones->buckets);
	zones->buckets = buckets;
	zones->capacity = capacity;
	for (uint32_t i = 1; i <= zones->used; i++)
		link_connection(zones, i);
	return true;
}

static void unlink_connection(struct zones *zones, uint32_t index)
{
	uint32_t *at = bucket_of(zones, zones->items[index].hash);

	while (*at != index)
		at = &zones->items[*at].next;
	*at = zones->items[index].next;
}

static void forget_oldest(struct zones *zones)
{
	uint32_t index = zones->oldest;

	zones->oldest = zones->items[index].later;
	if (zones->oldest == NONE)
		zones->newest = NONE;
	unlink_connection(zones, index);
	zones->items[index].next = zones->free;
	zones->free = index;
}

static uint32_t take_free(struct zones *zones)
{
	uint32_t index = zones->free;

	if (index) {
		zones->free = zones->items[index].next;
		return index;
	}
	if (zones->used < zones->capacity || grow(zones))
		return ++zones->used;
	if (zones->oldest == NONE)
		return NONE;
	forget_oldest(zones);
	return take_free(zones);
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
	uint32_t index = zones->capacity ? *bucket_of(zones, hash) : NONE;

	for (; index; index = zones->items[index].next) {
		struct connection *connection = &zones->items[index];
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
	uint32_t index = zones->capacity ? *bucket_of(zones, hash) : NONE, found = NONE;

	for (; index; index = zones->items[index].next) {
		struct connection *connection = &zones->items[index];

		if (connection->hash != hash || find_member(connection, entry->zone) ||
		    is_over_for(connection, entry, now))
			continue;
		if (!found || (int32_t)(connection->number - zones->items[found].number) < 0)
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
	uint32_t index = take_free(zones);

	if (!index)
		return;
	zones->items[index] = (struct connection){
	    .hash = path_hash(zones, &entry->path),
	    .number = zones->number++,
	    .service = entry->service,
	    .service_port = entry->service_port,
	};
	add_member(&zones->items[index], entry);
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
		connection = &zones->items[index];
		return member == &connection->members[connection->leader] ? ZONES_LEADS
									  : ZONES_FOLLOWS;
	}
	index = find_open(zones, entry, now);
	if (!index) {
		begin_connection(zones, entry);
		return ZONES_LEADS;
	}
	connection = &zones->items[index];
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
	const struct connection *connection = index ? &zones->items[index] : NULL;

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
	zones->items[index].leader = (uint8_t)(found - zones->items[index].members);
	zones->items[index].service = member->service;
	zones->items[index].service_port = member->service_port;
}

static void end_connection(struct zones *zones, uint32_t index, int64_t now)
{
	zones->items[index].ended_at = now;
	zones->items[index].later = NONE;
	if (zones->newest)
		zones->items[zones->newest].later = index;
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
	if (member == &zones->items[index].members[zones->items[index].leader])
		end_connection(zones, index, now);
}

void zones_expire(struct zones *zones, int64_t now)
{
	while (zones->oldest && now - zones->items[zones->oldest].ended_at >= ZONES_MEMORY)
		forget_oldest(zones);
}

void zones_shift(struct zones *zones, int64_t delta)
{
	for (uint32_t i = zones->oldest; i; i = zones->items[i].later)
		zones->items[i].ended_at += delta;
}
