#include "flow/repeats.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "flow/recent.h"

/* The kernel tries again after 10 ms, or 100 ms (nf_conntrack_ecache.c). */
#define PERIOD (2 * NSEC_PER_SEC)

struct repeats {
	struct hash_seed seed;
	struct recent *ends; /* which connection, and its start */
	int64_t came;        /* when an end last came again; 0: never */
};

struct repeats *repeats_new(size_t limit)
{
	struct repeats *repeats = calloc(1, sizeof(*repeats));

	if (!repeats)
		return NULL;
	repeats->seed = hash_seed_random();
	repeats->ends = recent_new(PERIOD, limit);
	return repeats->ends ? repeats : repeats_free(repeats);
}

struct repeats *repeats_free(struct repeats *repeats)
{
	if (repeats)
		recent_free(repeats->ends);
	free(repeats);
	return NULL;
}

static uint64_t hash_of(const struct repeats *repeats, const struct conntrack_event *event)
{
	const struct tuple *tuple = &event->original;
	struct {
		int64_t start;
		uint32_t id;
		struct addr source, destination;
		uint16_t source_port, destination_port, zone;
		uint8_t protocol;
	} key;

	memset(&key, 0, sizeof(key));
	key.start = event->start;
	key.id = event->id;
	key.source = tuple->source;
	key.destination = tuple->destination;
	key.source_port = tuple->source_port;
	key.destination_port = tuple->destination_port;
	key.zone = event->zone;
	key.protocol = tuple->protocol;
	return hash_bytes(repeats->seed, &key, sizeof(key));
}

bool repeats_know(struct repeats *repeats, const struct conntrack_event *destroy, int64_t now)
{
	if (!destroy->has_start || !recent_has(repeats->ends, hash_of(repeats, destroy), now))
		return false;
	recent_hold(repeats->ends, now);
	repeats->came = now;
	return true;
}

static size_t make_room(struct repeats *repeats, int64_t now)
{
	bool come = repeats->came && now - repeats->came < PERIOD;
	size_t forgotten = come ? recent_count_before(repeats->ends) : 0;

	recent_turn(repeats->ends, now);
	return forgotten;
}

size_t repeats_note(struct repeats *repeats, const struct conntrack_event *destroy, int64_t now)
{
	size_t forgotten = 0;

	if (!destroy->has_start)
		return 0;
	if (recent_is_full(repeats->ends))
		forgotten = make_room(repeats, now);
	recent_add(repeats->ends, hash_of(repeats, destroy), now);
	return forgotten;
}

void repeats_hold(struct repeats *repeats, int64_t now)
{
	recent_hold(repeats->ends, now);
}

void repeats_expire(struct repeats *repeats, int64_t now)
{
	recent_expire(repeats->ends, now);
}

void repeats_shift(struct repeats *repeats, int64_t delta)
{
	recent_shift(repeats->ends, delta);
	if (repeats->came)
		repeats->came += delta;
}
