#include "flow/track.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "flow/live.h"
#include "flow/recent.h"
#include "flow/zones.h"

#define GAPS_MAX 64u
/* Rows that wait for the store. Dumps stop at the first number, so that what lies above is left to
 * connections that end. */
#define CHECKPOINTS_OPEN_MAX (1u << 16)
#define CHECKPOINTS_MAX (1u << 17)
/* The kernel tries again after 10 ms, or 100 ms (nf_conntrack_ecache.c). */
#define ENDED_PERIOD (2 * NSEC_PER_SEC)
/* In each half of the memory; the kernel holds back no more than its table has room for. */
#define ENDED_MAX (1u << 20)

struct track {
	struct track_options options;
	struct fold *fold;
	const struct registry *registry;
	struct live *live;
	struct pending *pending;
	struct hash_seed seed;
	struct recent *ended; /* of late: which connection, and its start */
	struct zones *zones;
	int64_t repeated_at; /* when an end came again; 0: never */
	int64_t events_lost; /* when one last was for good; 0: never */
	struct gap gaps[GAPS_MAX];
	size_t gap_count;
	struct checkpoint *checkpoints;
	size_t checkpoint_count;
	size_t checkpoint_capacity;
	uint8_t generation;
	bool dumping;
	bool dump_is_whole; /* every end since its begin is remembered */
	bool lacked_room;   /* of this dump: something was left uncounted */
	bool yielding;      /* the round began in an earlier dump */
	uint8_t round;      /* of dumps, until all that they show were counted; modulo 4 */
	bool table_is_full;
	size_t ended_count; /* of the live table's entries */
	int64_t last_loss;
	int64_t dumped[2]; /* the ends of the last two whole dumps, the later last; 0: none */
	struct track_figures figures;
};

struct track *track_new(struct track_options options, struct fold *fold,
			const struct registry *registry)
{
	struct track *track = calloc(1, sizeof(*track));

	if (!track)
		return NULL;
	track->options = options;
	track->fold = fold;
	track->registry = registry;
	track->live = live_new(options.live_limit);
	track->pending = pending_new(options.pending);
	track->ended = recent_new(ENDED_PERIOD,
				  options.live_limit < ENDED_MAX ? options.live_limit : ENDED_MAX);
	track->zones = zones_new(options.live_limit);
	track->seed = hash_seed_random();
	if (!track->live || !track->pending || !track->ended || !track->zones)
		return track_free(track);
	return track;
}

struct track *track_free(struct track *track)
{
	if (track) {
		live_free(track->live);
		pending_free(track->pending);
		recent_free(track->ended);
		zones_free(track->zones);
		free(track->checkpoints);
		free(track);
	}
	return NULL;
}

/* ---- gaps ---- */

static void gap_extend(struct gap *gap, const struct gap *more)
{
	if (more->from < gap->from)
		gap->from = more->from;
	if (more->until > gap->until)
		gap->until = more->until;
	gap->at_most = gap->at_most < 0 || more->at_most < 0 ? -1 : gap->at_most + more->at_most;
}

static void gap_add(struct track *track, const struct loss *loss, int64_t from, int64_t until,
		    const char *reason)
{
	struct gap gap = {
	    .source = loss->source,
	    .from = clock_msec(from < until ? from : until),
	    .until = clock_msec(until),
	    .at_most = loss->bounded ? (int64_t)loss->at_most : -1,
	    .reason = reason,
	};

	for (size_t i = 0; i < track->gap_count; i++) {
		if (track->gaps[i].source == gap.source &&
		    strcmp(track->gaps[i].reason, reason) == 0) {
			gap_extend(&track->gaps[i], &gap);
			return;
		}
	}
	if (track->gap_count < GAPS_MAX)
		track->gaps[track->gap_count++] = gap;
	else
		gap_extend(&track->gaps[GAPS_MAX - 1], &gap);
}

void track_loss(struct track *track, const struct loss *loss, int64_t from, int64_t until,
		const char *reason)
{
	bool of_events = loss->source == LOSS_CONNTRACK || loss->source == LOSS_DAEMON;

	track_disturbed(track, until, until);
	if (of_events && until > track->events_lost)
		track->events_lost = until;
	gap_add(track, loss, from, until, reason);
}

void track_disturbed(struct track *track, int64_t from, int64_t until)
{
	int64_t last = from > until ? from : until;

	if (last > track->last_loss)
		track->last_loss = last;
	recent_hold(track->ended, until);
}

static void lose_one(struct track *track, enum loss_source source, int64_t now, const char *reason)
{
	struct loss loss = {.source = source, .bounded = true, .at_most = 1};

	track_loss(track, &loss, now, now, reason);
}

/* ---- checkpoints ---- */

static bool checkpoints_reserve(struct track *track)
{
	size_t capacity = track->checkpoint_capacity ? track->checkpoint_capacity * 2 : 64;
	struct checkpoint *checkpoints;

	if (track->checkpoint_count < track->checkpoint_capacity)
		return true;
	if (capacity > CHECKPOINTS_MAX)
		return false;
	checkpoints = realloc(track->checkpoints, capacity * sizeof(*checkpoints));
	if (!checkpoints)
		return false;
	track->checkpoints = checkpoints;
	track->checkpoint_capacity = capacity;
	return true;
}

/* The store takes them in order: of one connection the last row holds. */
static void checkpoint_append(struct track *track, const struct checkpoint *row, int64_t now)
{
	if (checkpoints_reserve(track))
		track->checkpoints[track->checkpoint_count++] = *row;
	else
		lose_one(track, LOSS_STORE, now, "no room for a checkpoint");
}

static void checkpoint_save(struct track *track, struct live_entry *entry, int64_t now)
{
	struct checkpoint checkpoint = {
	    .original = entry->original,
	    .reply = entry->reply,
	    .zone = entry->zone,
	    .id = entry->id,
	    .start_ns = entry->start_ns,
	    .first_ns = entry->first_ns,
	    .has_counters = entry->has_counters,
	    .direction_uncertain = entry->direction_uncertain,
	    .verdict = entry->verdict,
	    .source_pod = entry->source_pod,
	    .destination_pod = entry->destination_pod,
	    .packets_sent = entry->packets_sent,
	    .packets_received = entry->packets_received,
	    .bytes_sent = entry->bytes_sent,
	    .bytes_received = entry->bytes_received,
	};

	entry->checkpoint = true;
	checkpoint_append(track, &checkpoint, now);
}

static void checkpoint_drop(struct track *track, struct live_entry *entry, int64_t now)
{
	struct checkpoint checkpoint = {
	    .original = entry->original,
	    .reply = entry->reply,
	    .zone = entry->zone,
	    .id = entry->id,
	    .start_ns = entry->start_ns,
	    .remove = true,
	};

	if (entry->checkpoint)
		checkpoint_append(track, &checkpoint, now);
	entry->checkpoint = false;
}

/* For what one open connection can add. */
static bool has_room(const struct track *track)
{
	return fold_has_room(track->fold) && track->checkpoint_count < CHECKPOINTS_OPEN_MAX;
}

/*
 * An ambiguous address is nobody's: 0, as for an unknown one. Who had it long ago was said when it
 * was known.
 */
static uint32_t bind_pod(const struct track *track, struct addr address, int64_t when, bool spoke,
			 uint32_t said)
{
	int64_t slack = spoke ? track->options.bind_slack : 0;
	uint32_t number = 0;

	if (when < registry_forgotten(track->registry))
		return said;
	if (registry_bind(track->registry, address, when, slack, &number) < 0)
		return 0;
	return number;
}

/* It may have begun long before it last spoke, and with another pod, and have spoken any time since
 * then: only who has had the address all the time is known to be meant. */
static uint32_t bind_unbegun(const struct track *track, struct addr address, int64_t spoke,
			     int64_t now)
{
	uint32_t number = 0, last = 0;

	if (spoke > now)
		now = spoke;
	if (spoke < registry_forgotten(track->registry) ||
	    registry_bind_span(track->registry, address, spoke, now, 0, &number) < 0 ||
	    registry_bind(track->registry, address, now, 0, &last) < 0)
		return 0;
	return last == number ? number : 0;
}

static void entry_bind_unbegun(const struct track *track, struct live_entry *entry, int64_t now)
{
	if (!entry->source_pod)
		entry->source_pod =
		    bind_unbegun(track, entry->original.source, entry->first_ns, now);
	if (!entry->destination_pod)
		entry->destination_pod =
		    bind_unbegun(track, entry->reply.source, entry->first_ns, now);
}

/* What becomes known of the moment later counts as well. But what an earlier run bound stays: the
 * store rounds the times of pods. */
static void entry_bind(const struct track *track, struct live_entry *entry, uint8_t verdict,
		       int64_t now)
{
	bool answered = verdict == VERDICT_ANSWERED;

	if (entry->unbegun) {
		entry_bind_unbegun(track, entry, now);
		return;
	}
	if (!entry->restored || !entry->source_pod)
		entry->source_pod = bind_pod(track, entry->original.source, entry->first_ns, true,
					     entry->source_pod);
	if (!entry->restored || !entry->destination_pod)
		entry->destination_pod = bind_pod(track, entry->reply.source, entry->first_ns,
						  answered, entry->destination_pod);
}

/* ---- counting ---- */

static struct edge_key entry_key(const struct live_entry *entry)
{
	struct edge_key key = resolve_key(&entry->original, &entry->reply);

	key.source_pod = entry->source_pod;
	key.destination_pod = entry->destination_pod;
	key.direction_uncertain = entry->direction_uncertain;
	key.verdict = entry->verdict;
	return key;
}

/* A clock that was set back must not make a row end before it began. */
static void add(struct track *track, const struct edge_key *key, int64_t first, int64_t last,
		const struct totals *totals)
{
	int64_t when = clock_msec(last);
	int64_t begun = clock_msec(first < last ? first : last);

	if (fold_add(track->fold, key, when, begun, when, totals) < 0)
		lose_one(track, LOSS_STORE, last, "the fold table is full");
}

static int64_t counter_grown(uint64_t *counted, uint64_t now_value, bool *fell)
{
	uint64_t before = *counted;

	*counted = now_value;
	if (now_value >= before)
		return (int64_t)(now_value - before);
	*fell = true;
	return (int64_t)now_value;
}

/* What the event shows beyond what was counted, all of it if nothing was; the entry then has the
 * event's counters. */
static struct totals entry_grow(struct track *track, struct live_entry *entry,
				const struct conntrack_event *event, int64_t now)
{
	struct totals grown = {0};
	bool fell = false;

	if (!event->has_counters)
		return grown;
	if (!entry->verdict)
		entry->packets_sent = entry->packets_received = entry->bytes_sent =
		    entry->bytes_received = 0;
	grown.counted = entry->verdict && !entry->has_counters;
	entry->has_counters = true;
	grown.packets_sent = counter_grown(&entry->packets_sent, event->packets_sent, &fell);
	grown.packets_received =
	    counter_grown(&entry->packets_received, event->packets_received, &fell);
	grown.bytes_sent = counter_grown(&entry->bytes_sent, event->bytes_sent, &fell);
	grown.bytes_received = counter_grown(&entry->bytes_received, event->bytes_received, &fell);
	if (fell)
		lose_one(track, LOSS_CONNTRACK, now, "counters of a connection went back to zero");
	return grown;
}

/* Early enough for a reader, who has the same slack but knows less of what was unseen, to take it
 * for nobody's who had or got the address since. */
static int64_t end_first(const struct track *track, const struct live_entry *entry, uint32_t pod,
			 struct addr address)
{
	const struct registry *registry = track->registry;
	int64_t first = entry->first_ns, since;
	bool is_doubted;

	if (entry->unbegun)
		first -= track->options.bind_slack;
	if (pod)
		return first;
	is_doubted = entry->unbegun ? registry_has_owner(registry, address, first, &since)
				    : registry_is_unseen(registry, address, first, &since);
	return is_doubted ? since - track->options.bind_slack - NSEC_PER_MSEC : first;
}

static int64_t entry_first(const struct track *track, const struct live_entry *entry)
{
	int64_t source = end_first(track, entry, entry->source_pod, entry->original.source);
	int64_t destination = end_first(track, entry, entry->destination_pod, entry->reply.source);

	return source < destination ? source : destination;
}

/* Takes the connection from the edge on which it was counted. */
static void entry_move(struct track *track, const struct live_entry *counted, struct edge_key key,
		       int64_t counted_more, int64_t now)
{
	struct totals moved = {.connections = -1, .counted = counted_more - counted->has_counters};

	key.verdict = counted->verdict;
	key.source_pod = counted->source_pod;
	key.destination_pod = counted->destination_pod;
	add(track, &key, entry_first(track, counted), now, &moved);
}

/* Counts what has grown, and the connection itself if it was not counted on this edge yet: the
 * verdict may have changed, a pod may have become known. Whose its ends are hangs on when it began,
 * not on when it moved. */
static bool entry_count(struct track *track, struct live_entry *entry, uint8_t verdict,
			struct totals grown, int64_t now)
{
	const struct live_entry before = *entry;
	bool fresh = entry->verdict == 0, moves;
	struct edge_key key;

	if (entry->follower)
		return false;
	entry_bind(track, entry, verdict, now);
	entry->verdict = verdict;
	key = entry_key(entry);
	moves = !fresh && (before.verdict != verdict || before.source_pod != entry->source_pod ||
			   before.destination_pod != entry->destination_pod);
	if (moves)
		entry_move(track, &before, key, grown.counted, now);
	if (fresh || moves) {
		grown.connections = 1;
		grown.counted = entry->has_counters;
	}
	if (totals_are_zero(&grown))
		return false;
	add(track, &key, fresh || moves ? entry_first(track, entry) : now, now, &grown);
	return true;
}

static struct totals entry_uncounted(const struct live_entry *entry)
{
	if (entry->verdict)
		return (struct totals){0};
	return (struct totals){
	    .packets_sent = (int64_t)entry->packets_sent,
	    .packets_received = (int64_t)entry->packets_received,
	    .bytes_sent = (int64_t)entry->bytes_sent,
	    .bytes_received = (int64_t)entry->bytes_received,
	};
}

/* ---- entries of several zones ---- */

static struct zone_entry zone_entry_of(const struct live_entry *entry, int64_t begun)
{
	const struct edge_key key = resolve_key(&entry->original, &entry->reply);

	return (struct zone_entry){
	    .path = path_of_connection(&entry->original, &entry->reply),
	    .service = key.service,
	    .service_port = key.service_port,
	    .zone = entry->zone,
	    .id = entry->id,
	    .begun = begun,
	};
}

/* As the kernel has it. */
static struct tuple original_of(const struct zone_entry *member)
{
	const struct path *path = &member->path;
	bool has_service = addr_is_set(member->service);
	struct tuple original;

	memset(&original, 0, sizeof(original));
	original.source = path->source;
	original.destination = has_service ? member->service : path->destination;
	original.source_port = path->source_port;
	original.destination_port = path->destination_port;
	original.protocol = path->protocol;
	original.has_ports = protocol_has_ports(path->protocol);
	if (has_service && original.has_ports)
		original.destination_port = member->service_port;
	return original;
}

static bool find_leader(const struct track *track, const struct zone_entry *member,
			struct live_entry *ret_leader)
{
	struct zone_entry leader;
	struct tuple original;

	if (!zones_leader(track->zones, member, &leader))
		return false;
	original = original_of(&leader);
	return live_find(track->live, &original, leader.zone, leader.id, ret_leader);
}

static bool is_translated(const struct live_entry *entry)
{
	return !addr_equal(entry->reply.destination, entry->original.source);
}

/* To what address source NAT turned the client may be known in one zone alone. */
static bool learn_translation(struct live_entry *entry, const struct live_entry *from)
{
	if (is_translated(entry) || !is_translated(from))
		return false;
	entry->reply.destination = from->reply.destination;
	entry->reply.destination_port = from->reply.destination_port;
	return true;
}

static void entry_inherit(struct track *track, struct live_entry *entry,
			  const struct live_entry *leader, const struct conntrack_event *event,
			  int64_t now)
{
	struct totals one = {.connections = 1, .counted = leader->has_counters};
	struct edge_key key = entry_key(leader);

	entry->verdict = leader->verdict;
	entry->source_pod = leader->source_pod;
	entry->destination_pod = leader->destination_pod;
	entry->has_counters = leader->has_counters;
	entry->packets_sent = leader->has_counters ? event->packets_sent : 0;
	entry->packets_received = leader->has_counters ? event->packets_received : 0;
	entry->bytes_sent = leader->has_counters ? event->bytes_sent : 0;
	entry->bytes_received = leader->has_counters ? event->bytes_received : 0;
	entry_move(track, leader, key, 0, now);
	key = entry_key(entry);
	add(track, &key, entry_first(track, entry), now, &one);
	checkpoint_save(track, entry, now);
}

/* From one that knows nothing of the service address. Once it was counted only what shows all
 * counters can go on in its place. */
static bool entry_take_lead(struct track *track, struct live_entry *entry,
			    struct live_entry *leader, const struct conntrack_event *event,
			    int64_t now)
{
	if (leader->verdict && event->type != CONNTRACK_ENTRY)
		return false;
	learn_translation(entry, leader);
	entry->follower = false;
	if (leader->verdict) {
		entry_inherit(track, entry, leader, event, now);
		checkpoint_drop(track, leader, now);
	}
	leader->verdict = 0;
	leader->follower = true;
	live_put(track->live, leader);
	return true;
}

/* What one entry knows of the connection and its leader does not, before it is counted. */
static void entry_tell_leader(struct track *track, struct live_entry *entry,
			      const struct zone_entry *member, bool explains,
			      const struct conntrack_event *event, int64_t now)
{
	struct live_entry leader;

	if (!find_leader(track, member, &leader))
		return;
	if (explains && entry_take_lead(track, entry, &leader, event, now))
		zones_lead(track->zones, member);
	else if (!leader.verdict && learn_translation(&leader, entry))
		live_put(track->live, &leader);
}

/* Those of the only zone up to now. */
static void join_all(struct track *track, int64_t now)
{
	struct live_entry entry;
	uint32_t cursor = 0;

	while (live_next(track->live, &cursor, &entry)) {
		struct zone_entry member = zone_entry_of(&entry, 0);

		if (!entry.ended)
			zones_join(track->zones, &member, now);
	}
}

/* event: NULL for what an earlier run counted. */
static void entry_join(struct track *track, struct live_entry *entry, int64_t begun,
		       const struct conntrack_event *event, int64_t now)
{
	struct zone_entry member;
	enum zones_place place;

	if (zones_notice(track->zones, entry->zone))
		join_all(track, now);
	if (!zones_are_several(track->zones))
		return;
	member = zone_entry_of(entry, begun);
	place = zones_join(track->zones, &member, now);
	entry->follower = place != ZONES_LEADS;
	if (entry->follower && event && event->type != CONNTRACK_DESTROY)
		entry_tell_leader(track, entry, &member, place == ZONES_EXPLAINS, event, now);
}

static void entry_part(struct track *track, const struct live_entry *entry, int64_t now)
{
	struct zone_entry member;

	if (!zones_are_several(track->zones) || entry->awaited)
		return;
	member = zone_entry_of(entry, 0);
	zones_end(track->zones, &member, now);
}

/* ---- ends that were not seen ---- */

/* Its DESTROY never came: closed with what was known. It was last shown at the moment since. */
static void entry_close_unseen(struct track *track, struct live_entry *entry, int64_t since,
			       int64_t now)
{
	struct loss loss = {.source = LOSS_CONNTRACK, .bounded = true, .at_most = 1};
	uint8_t verdict = entry->verdict ? entry->verdict : VERDICT_UNKNOWN;
	struct totals grown = entry_uncounted(entry);

	entry_part(track, entry, now);
	if (entry->follower)
		return;
	grown.closed = grown.vanished = 1;
	entry_count(track, entry, verdict, grown, now);
	track_loss(track, &loss, since ? since : now, now, "the end of a connection was not seen");
	checkpoint_drop(track, entry, now);
}

static void entry_lost(struct track *track, struct live_entry *entry, int64_t since, int64_t now)
{
	entry_close_unseen(track, entry, since, now);
	live_remove(track->live, entry);
}

static bool is_another(const struct live_entry *entry, const struct conntrack_event *event)
{
	return entry->start_ns && event->has_start && entry->start_ns != event->start;
}

static struct live_entry entry_begin(const struct track *track, const struct conntrack_event *event,
				     int64_t now)
{
	bool unbegun = event->type != CONNTRACK_NEW && !event->has_start;

	return (struct live_entry){
	    .original = event->original,
	    .reply = event->reply,
	    .zone = event->zone,
	    .id = event->id,
	    .first_ns = unbegun ? idle_since(&track->options.idle, event, now) : now,
	    .unbegun = unbegun,
	    .generation = track->generation,
	    .round = (track->round - 1) & 3,
	    .direction_uncertain = resolve_direction_uncertain(event),
	};
}

static bool find(const struct track *track, const struct conntrack_event *event,
		 struct live_entry *ret_entry)
{
	return live_find(track->live, &event->original, event->zone, event->id, ret_entry);
}

/* The start is part of a checkpoint's identity. */
static void entry_set_start(struct track *track, struct live_entry *entry,
			    const struct conntrack_event *event, int64_t now)
{
	bool renames = entry->checkpoint && entry->start_ns != event->start;

	if (!event->has_start)
		return;
	if (renames)
		checkpoint_drop(track, entry, now);
	entry->start_ns = entry->first_ns = event->start;
	entry->unbegun = false;
	if (renames)
		checkpoint_save(track, entry, now);
}

/* ---- events ---- */

/* Without room it is counted whole at its end. */
static void on_new(struct track *track, const struct conntrack_event *event, int64_t now)
{
	struct live_entry entry;
	bool known = find(track, event, &entry);

	track->figures.created++;
	if (known && entry.announced && track->events_lost < entry.first_ns) {
		track->figures.repeated++;
		return;
	}
	if (known && entry.announced) {
		entry_lost(track, &entry, track->dumped[1], now);
		known = false;
	}
	if (!known) {
		entry = entry_begin(track, event, now);
		entry_join(track, &entry, now, event, now);
	}
	entry.announced = true;
	entry.generation = track->generation;
	if (!entry.verdict)
		entry.direction_uncertain = resolve_direction_uncertain(event);
	if (known)
		live_put(track->live, &entry);
	else
		live_insert(track->live, &entry);
}

/* A dump showed its successor before its DESTROY came. */
static bool find_awaited(const struct track *track, const struct conntrack_event *event,
			 struct live_entry *ret_entry)
{
	return track->ended_count > 0 &&
	       live_find_ended(track->live, &event->original, event->zone, event->id, ret_entry) &&
	       ret_entry->awaited && ret_entry->start_ns == event->start;
}

static uint64_t ended_hash(const struct track *track, const struct conntrack_event *event)
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
	return hash_bytes(track->seed, &key, sizeof(key));
}

/* While they come again, the kernel may hold back any of those that are remembered. */
static bool has_come_before(struct track *track, const struct conntrack_event *event, int64_t now)
{
	if (!event->has_start || !recent_has(track->ended, ended_hash(track, event), now))
		return false;
	recent_hold(track->ended, now);
	track->repeated_at = now;
	track->figures.repeated++;
	return true;
}

static void ended_make_room(struct track *track, int64_t now)
{
	struct loss loss = {
	    .source = LOSS_CONNTRACK,
	    .bounded = true,
	    .at_most = recent_count_before(track->ended),
	};

	if (track->repeated_at && now - track->repeated_at < ENDED_PERIOD && loss.at_most > 0)
		gap_add(track, &loss, now, now,
			"ends came again for so long that some may be counted twice");
	recent_turn(track->ended, now);
}

static void note_ended(struct track *track, const struct conntrack_event *event, int64_t now)
{
	if (!event->has_start)
		return;
	if (recent_is_full(track->ended))
		ended_make_room(track, now);
	recent_add(track->ended, ended_hash(track, event), now);
}

/*
 * The entry that this DESTROY ends, false if it is not known. One that began after it stays; an
 * older one has ended unseen. *ret_counted: it was closed already, by an earlier DESTROY or after a
 * dump showed its successor.
 */
static bool find_ended_by(struct track *track, const struct conntrack_event *event, int64_t now,
			  struct live_entry *ret_entry, bool *ret_counted)
{
	bool found = find(track, event, ret_entry);

	*ret_counted = false;
	if (found && !is_another(ret_entry, event))
		return true;
	*ret_counted = has_come_before(track, event, now);
	if (!found || *ret_counted)
		return false;
	if (event->start > ret_entry->start_ns) {
		entry_lost(track, ret_entry, track->dumped[1], now);
		return false;
	}
	*ret_counted = ret_entry->replaced;
	/* Events come in order: a NEW that was seen was that of the older. */
	ret_entry->announced = false;
	live_put(track->live, ret_entry);
	if (!find_awaited(track, event, ret_entry))
		return false;
	*ret_counted = false;
	return true;
}

/* One for each key: of two the one that began later, or began nobody knows when. */
static void ended_merge(struct live_entry *ended, const struct live_entry *more)
{
	if (ended->start_ns == 0 || more->start_ns == 0)
		ended->start_ns = 0;
	else if (more->start_ns > ended->start_ns)
		ended->start_ns = more->start_ns;
}

static bool entry_keep_ended(struct track *track, struct live_entry *entry, bool known)
{
	entry->ended = true;
	if (known)
		live_put(track->live, entry);
	else if (!live_insert(track->live, entry))
		return false;
	track->ended_count++;
	return true;
}

static void forget_ended(struct track *track, const struct live_entry *ended)
{
	live_remove(track->live, ended);
	track->ended_count--;
}

/* The kernel fills a dump's messages ahead: one of them may still show the connection. */
static void entry_remember(struct track *track, struct live_entry *entry, bool known, int64_t now)
{
	struct live_entry ended;

	if (!live_find_ended(track->live, &entry->original, entry->zone, entry->id, &ended)) {
		if (!entry_keep_ended(track, entry, known))
			track->dump_is_whole = false;
		return;
	}
	/* DESTROYs come in order, so one that is still awaited never comes. */
	if (ended.awaited)
		entry_close_unseen(track, &ended, track->dumped[1], now);
	ended.awaited = false;
	ended_merge(&ended, entry);
	live_put(track->live, &ended);
	if (known)
		live_remove(track->live, entry);
}

static void entry_leave(struct track *track, struct live_entry *entry, bool known, int64_t now)
{
	bool awaited = known && entry->awaited;

	entry->awaited = false;
	if (track->dumping && !awaited)
		entry_remember(track, entry, known, now);
	else if (track->dumping)
		live_put(track->live, entry);
	else if (awaited)
		forget_ended(track, entry);
	else if (known)
		live_remove(track->live, entry);
}

static void totals_close(struct totals *totals, enum ending ending)
{
	totals->closed = 1;
	totals->timed_out = ending == ENDING_TIMED_OUT;
	totals->reset = ending == ENDING_RESET;
	totals->evicted = ending == ENDING_EVICTED;
	totals->deleted = ending == ENDING_DELETED;
}

static void on_destroy(struct track *track, const struct conntrack_event *event, int64_t now)
{
	bool counted_already;
	struct live_entry entry;
	bool known = find_ended_by(track, event, now, &entry, &counted_already);
	int64_t end = event->has_stop ? event->stop : now;
	struct totals grown;

	track->figures.destroyed++;
	if (counted_already)
		return;
	note_ended(track, event, now);
	if (!known) {
		entry = entry_begin(track, event, end);
		entry_join(track, &entry, event->has_start ? event->start : 0, event, now);
	}
	entry_set_start(track, &entry, event, now);
	grown = entry_grow(track, &entry, event, now);
	totals_close(&grown, resolve_ending(event, track->table_is_full));
	entry_count(track, &entry, (uint8_t)resolve_ended(event), grown, end);
	checkpoint_drop(track, &entry, now);
	entry_part(track, &entry, now);
	entry_leave(track, &entry, known, now);
}

void track_event(struct track *track, const struct conntrack_event *event, int64_t now)
{
	struct path path = path_of_connection(&event->original, &event->reply);

	pending_confirmed(track->pending, &path, now);
	if (event->type == CONNTRACK_NEW)
		on_new(track, event, now);
	else if (event->type == CONNTRACK_DESTROY)
		on_destroy(track, event, now);
}

void track_set_pressure(struct track *track, bool table_is_full)
{
	track->table_is_full = table_is_full;
}

/* ---- dumps ---- */

void track_dump_begin(struct track *track)
{
	track->generation++;
	track->dumping = track->dump_is_whole = true;
	track->lacked_room = false;
}

/* A dump that was cut short has not shown all that wait. */
static void round_advance(struct track *track, bool whole)
{
	if (track->lacked_room)
		track->yielding = true;
	else if (whole || !track->yielding)
		track->yielding = false, track->round = (track->round + 1) & 3;
}

/* What is awaited may still be in the queue. */
void track_dump_cancel(struct track *track)
{
	struct live_entry entry;
	uint32_t cursor = 0;

	track->generation--;
	track->dumping = false;
	round_advance(track, false);
	while (track->ended_count > 0 && live_next(track->live, &cursor, &entry))
		if (entry.ended && !entry.awaited)
			forget_ended(track, &entry);
}

/* Silence is only a verdict once it has lasted, and for what needs no answer: a SYN may still be
 * answered. */
static enum verdict open_verdict(struct live_entry *entry, const struct conntrack_event *event)
{
	enum verdict verdict = resolve_open(event);

	if (verdict != VERDICT_UNKNOWN)
		return verdict;
	if (entry->silent_dumps < 2)
		entry->silent_dumps++;
	if (entry->silent_dumps == 2 && resolve_silent(event->original.protocol) == VERDICT_ONE_WAY)
		return VERDICT_ONE_WAY;
	return VERDICT_UNKNOWN;
}

/* A dump comes in the same order each time: without room, who was counted yields to the others. */
static bool may_count(struct track *track, struct live_entry *entry)
{
	if (track->yielding && entry->round == track->round)
		return false;
	if (has_room(track)) {
		entry->round = track->round;
		return true;
	}
	track->lacked_room = true;
	return false;
}

/* Without room it waits for the next dump: nothing of it is lost. */
static void count_open(struct track *track, struct live_entry *entry,
		       const struct conntrack_event *event, int64_t now)
{
	uint8_t verdict = (uint8_t)open_verdict(entry, event);
	struct totals grown;

	if (entry->follower || !may_count(track, entry))
		return;
	grown = entry_grow(track, entry, event, now);
	if (verdict == VERDICT_UNKNOWN)
		verdict = entry->verdict;
	if (verdict == 0)
		return;
	if (entry_count(track, entry, verdict, grown, now))
		checkpoint_save(track, entry, now);
}

/* Packets come to us long before their connection has this age; they may wait, but none will
 * come. */
#define CONFIRM_AGE (2 * PENDING_WAIT)

static void confirm_shown(struct track *track, const struct conntrack_event *event, int64_t now)
{
	struct path path = path_of_connection(&event->original, &event->reply);

	if (event->has_start && now - event->start > CONFIRM_AGE)
		pending_shown(track->pending, &path);
	else
		pending_confirmed(track->pending, &path, now);
}

/* The one that is shown, or a later one with its key, ended since the dump began. */
static bool has_ended(const struct track *track, const struct conntrack_event *event)
{
	struct live_entry ended;

	if (track->ended_count == 0 ||
	    !live_find_ended(track->live, &event->original, event->zone, event->id, &ended))
		return false;
	return !event->has_start || ended.start_ns == 0 || event->start <= ended.start_ns;
}

/* One that began before the entry has ended. */
static bool is_predecessor(const struct live_entry *entry, const struct conntrack_event *event)
{
	return is_another(entry, event) && event->start < entry->start_ns;
}

/* Its DESTROY may be in the queue, with counters that nobody knows yet. */
static void entry_set_aside(struct track *track, struct live_entry *entry, int64_t now)
{
	struct live_entry ended;

	if (live_find_ended(track->live, &entry->original, entry->zone, entry->id, &ended)) {
		entry_lost(track, entry, track->dumped[1], now);
		return;
	}
	entry_part(track, entry, now);
	entry->awaited = true;
	entry_keep_ended(track, entry, true);
}

/* While an end may have been forgotten, who is not known may have ended. */
static bool find_shown(struct track *track, const struct conntrack_event *event, int64_t now,
		       struct live_entry *ret_entry)
{
	bool known = find(track, event, ret_entry);
	bool replaces = known && is_another(ret_entry, event);

	if (known && !replaces)
		return true;
	if (!track->dump_is_whole || (replaces && is_predecessor(ret_entry, event)))
		return false;
	if (replaces)
		entry_set_aside(track, ret_entry, now);
	*ret_entry = entry_begin(track, event, now);
	entry_join(track, ret_entry, event->has_start ? event->start : 0, event, now);
	ret_entry->replaced = replaces;
	if (live_insert(track->live, ret_entry))
		return true;
	lose_one(track, LOSS_STORE, now, "the table of live connections is full");
	return false;
}

/* The later it is known to have spoken, the fewer can have been it. */
static void entry_hear(const struct track *track, struct live_entry *entry,
		       const struct conntrack_event *event, int64_t now)
{
	int64_t spoke = idle_since(&track->options.idle, event, now);

	if (entry->unbegun && spoke > entry->first_ns)
		entry->first_ns = spoke;
}

void track_dump_entry(struct track *track, const struct conntrack_event *event, int64_t now)
{
	struct live_entry entry;

	if (event->status & CONNTRACK_DYING)
		return;
	confirm_shown(track, event, now);
	if (has_ended(track, event) || !find_shown(track, event, now, &entry))
		return;
	entry_set_start(track, &entry, event, now);
	entry_hear(track, &entry, event, now);
	entry.generation = track->generation;
	count_open(track, &entry, event, now);
	live_put(track->live, &entry);
}

static bool is_vanished(const struct track *track, const struct live_entry *entry)
{
	return (int8_t)(uint8_t)(track->generation - entry->generation) >= 2;
}

/* What is still awaited was not in the queue. */
static bool release_ended(struct track *track, struct live_entry *ended, int64_t now)
{
	if (ended->awaited)
		entry_close_unseen(track, ended, track->dumped[1], now);
	forget_ended(track, ended);
	return ended->awaited;
}

size_t track_dump_end(struct track *track, int64_t now)
{
	struct live_entry entry;
	uint32_t cursor = 0;
	size_t lost = 0;

	if (!track->dump_is_whole) {
		track_dump_cancel(track);
		return 0;
	}
	track->dumping = false;
	round_advance(track, true);
	while (live_next(track->live, &cursor, &entry)) {
		if (entry.ended) {
			lost += release_ended(track, &entry, now);
		} else if (is_vanished(track, &entry)) {
			entry_lost(track, &entry, track->dumped[0], now);
			lost++;
		}
	}
	track->dumped[0] = track->dumped[1];
	track->dumped[1] = now;
	return lost;
}

/* ---- what an earlier run had counted ---- */

/* The run before saw both and not the end of the older. */
static void restore_older(struct track *track, struct live_entry *older)
{
	struct live_entry ended;

	if (live_find_ended(track->live, &older->original, older->zone, older->id, &ended))
		return;
	older->awaited = true;
	entry_keep_ended(track, older, false);
}

static void restore_younger(struct track *track, struct live_entry *older,
			    struct live_entry *younger)
{
	younger->replaced = true;
	live_remove(track->live, older);
	live_insert(track->live, younger);
	restore_older(track, older);
}

void track_restore(struct track *track, const struct checkpoint *checkpoint)
{
	struct live_entry entry = {
	    .original = checkpoint->original,
	    .reply = checkpoint->reply,
	    .zone = checkpoint->zone,
	    .id = checkpoint->id,
	    .start_ns = checkpoint->start_ns,
	    .first_ns = checkpoint->first_ns,
	    .verdict = checkpoint->verdict,
	    .has_counters = checkpoint->has_counters,
	    .direction_uncertain = checkpoint->direction_uncertain,
	    .packets_sent = checkpoint->packets_sent,
	    .packets_received = checkpoint->packets_received,
	    .bytes_sent = checkpoint->bytes_sent,
	    .bytes_received = checkpoint->bytes_received,
	    .source_pod = checkpoint->source_pod,
	    .destination_pod = checkpoint->destination_pod,
	    .checkpoint = true,
	    .restored = true,
	    .unbegun = checkpoint->start_ns == 0,
	    .generation = track->generation,
	    .round = (track->round - 1) & 3,
	};
	struct live_entry found;

	entry_join(track, &entry, entry.start_ns, NULL, entry.first_ns);
	if (!live_find(track->live, &entry.original, entry.zone, entry.id, &found))
		live_insert(track->live, &entry);
	else if (entry.start_ns > found.start_ns)
		restore_younger(track, &found, &entry);
	else if (entry.start_ns < found.start_ns)
		restore_older(track, &entry);
}

void track_visit_pods(struct track *track, int64_t now, track_pod_fn *visit, void *context)
{
	struct live_entry entry;
	uint32_t cursor = 0;

	while (live_next(track->live, &cursor, &entry)) {
		if (!entry.verdict) {
			entry_bind(track, &entry, 0, now);
			live_put(track->live, &entry);
		}
		visit(context, entry.source_pod);
		visit(context, entry.destination_pod);
	}
}

/* ---- first packets ---- */

void track_packet(struct track *track, const struct packet_event *packet, int64_t now)
{
	struct path path = path_of_packet(&packet->tuple);
	struct loss one = {.source = LOSS_LOG, .bounded = true, .at_most = 1};

	track->figures.packets++;
	if (packet->fragment)
		return;
	/* That this one is not judged says nothing of the others. */
	if (!pending_packet(track->pending, &path, now))
		gap_add(track, &one, now, now, "too many first packets wait for their connection");
}

struct judgement {
	struct track *track;
	track_look_fn *look;
	void *context;
};

static void judge(void *context, const struct path *path, int64_t first)
{
	struct judgement *judgement = context;
	struct track *track = judgement->track;
	struct totals attempt = {.connections = 1, .closed = 1};
	struct edge_key key;
	int found = judgement->look(judgement->context, path);

	if (found > 0)
		return;
	memset(&key, 0, sizeof(key));
	key.source = path->source;
	key.destination = path->destination;
	key.protocol = path->protocol;
	key.has_port = protocol_has_ports(path->protocol);
	key.port = key.has_port ? path->destination_port : 0;
	key.source_pod = bind_pod(track, path->source, first, true, 0);
	key.destination_pod = bind_pod(track, path->destination, first, false, 0);
	key.verdict = VERDICT_DENIED;
	/* A packet may come PENDING_WAIT later than the events of its connection. */
	if (found < 0 || track->last_loss + PENDING_WAIT >= first ||
	    pending_whole_since(track->pending) >= first)
		key.verdict = VERDICT_UNKNOWN, attempt = (struct totals){0};
	else
		track->figures.denied++;
	add(track, &key, first, first, &attempt);
}

void track_expire(struct track *track, int64_t now, track_look_fn *look, void *context)
{
	struct judgement judgement = {.track = track, .look = look, .context = context};

	recent_expire(track->ended, now);
	zones_expire(track->zones, now);
	pending_expire(track->pending, now, judge, &judgement);
}

void track_stalled(struct track *track, int64_t now)
{
	pending_stalled(track->pending, now);
	recent_hold(track->ended, now);
}

void track_shift(struct track *track, int64_t delta)
{
	pending_shift(track->pending, delta);
	recent_shift(track->ended, delta);
	zones_shift(track->zones, delta);
	if (track->repeated_at)
		track->repeated_at += delta;
	if (track->events_lost)
		track->events_lost += delta;
	if (track->last_loss)
		track->last_loss += delta;
}

/* ---- the end ---- */

static bool finish_open(struct track *track, int64_t now)
{
	struct live_entry entry;
	uint32_t cursor = 0;

	while (live_next(track->live, &cursor, &entry)) {
		if (entry.verdict || entry.ended || entry.follower)
			continue;
		if (!has_room(track))
			return true;
		entry_count(track, &entry, (uint8_t)resolve_silent(entry.original.protocol),
			    entry_uncounted(&entry), now);
		checkpoint_save(track, &entry, now);
		live_put(track->live, &entry);
	}
	return false;
}

bool track_finish(struct track *track, int64_t now, track_look_fn *look, void *context)
{
	struct judgement judgement = {.track = track, .look = look, .context = context};

	pending_flush(track->pending, judge, &judgement);
	return finish_open(track, now);
}

bool track_wants_room(const struct track *track)
{
	return fold_is_nearly_full(track->fold) ||
	       track->checkpoint_count >= CHECKPOINTS_OPEN_MAX / 4 * 3;
}

bool track_retell(struct track *track, uint32_t *cursor, int64_t now)
{
	struct live_entry entry;

	while (track->checkpoint_count < CHECKPOINTS_OPEN_MAX) {
		if (!live_next(track->live, cursor, &entry))
			return false;
		if (entry.checkpoint)
			checkpoint_save(track, &entry, now);
	}
	return true;
}

void track_take(struct track *track, struct batch *batch)
{
	batch->checkpoints = track->checkpoints;
	batch->checkpoint_count = track->checkpoint_count;
	track->checkpoints = NULL;
	track->checkpoint_count = track->checkpoint_capacity = 0;
	if (track->gap_count == 0)
		return;
	batch->gaps = calloc(track->gap_count, sizeof(*batch->gaps));
	if (!batch->gaps)
		return;
	memcpy(batch->gaps, track->gaps, track->gap_count * sizeof(*batch->gaps));
	batch->gap_count = track->gap_count;
	track->gap_count = 0;
}

struct track_figures track_figures(const struct track *track)
{
	struct track_figures figures = track->figures;

	figures.live = live_count(track->live) - track->ended_count;
	figures.waiting = pending_waiting(track->pending);
	figures.zones = zones_count(track->zones);
	figures.zone = zones_example(track->zones);
	return figures;
}
