#include "flow/pending.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "flow/recent.h"

enum attempt_state { ATTEMPT_WAITING = 1, ATTEMPT_JUDGED };

struct attempt {
	struct path path;
	int64_t first;
	uint8_t state; /* 0: free */
};

struct pending {
	struct pending_options options;
	struct hash_seed seed;
	struct recent *confirmed; /* paths */
	int64_t whole_since;      /* after a stall */
	struct attempt *attempts; /* open addressing, at most half full */
	size_t slot_count;
	size_t count;
	size_t waiting;
	int64_t earliest; /* no waiting attempt is older */
	int64_t swept;
};

#define SLOTS_FIRST 256u

struct pending *pending_new(struct pending_options options)
{
	struct pending *pending = calloc(1, sizeof(*pending));

	if (!pending)
		return NULL;
	pending->options = options;
	pending->seed = hash_seed_random();
	pending->earliest = INT64_MAX;
	pending->confirmed = recent_new(PENDING_WAIT, options.confirmed_limit);
	if (!pending->confirmed)
		return pending_free(pending);
	return pending;
}

struct pending *pending_free(struct pending *pending)
{
	if (pending) {
		recent_free(pending->confirmed);
		free(pending->attempts);
		free(pending);
	}
	return NULL;
}

static uint64_t path_hash(const struct pending *pending, const struct path *path)
{
	return hash_bytes(pending->seed, path, sizeof(*path));
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

	recent_add(pending->confirmed, hash, now);
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

	if (recent_has(pending->confirmed, hash, now))
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
	recent_expire(pending->confirmed, now);
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
	recent_shift(pending->confirmed, delta);
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
	int64_t refused = recent_refused(pending->confirmed);

	/* The packet of each may come as late as PENDING_WAIT after it. */
	if (refused && refused + PENDING_WAIT > pending->whole_since)
		return refused + PENDING_WAIT;
	return pending->whole_since;
}
