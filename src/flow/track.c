#include "flow/track.h"

#include <stdlib.h>
#include <string.h>

#include "flow/account.h"
#include "flow/leaders.h"
#include "flow/live.h"
#include "flow/losses.h"
#include "flow/repeats.h"
#include "flow/zones.h"

/* The kernel holds back no more ends than its table has room for. */
#define REPEATS_MAX (1u << 20)

struct track {
	struct track_options options;
	struct live *live;
	struct pending *pending;
	struct repeats *repeats;
	struct zones *zones;
	struct losses losses;
	struct account account;
	struct leaders leaders;
	uint8_t generation;
	bool dumping;
	bool dump_is_whole; /* every end since its begin is remembered */
	bool lacked_room;   /* of this dump: something was left uncounted */
	bool yielding;      /* the round began in an earlier dump */
	uint8_t round;      /* of dumps, until all that they show were counted; modulo 4 */
	bool table_is_full;
	size_t ended_count; /* of the live table's entries */
	int64_t dumped[2];  /* the ends of the last two whole dumps, the later last; 0: none */
	struct track_figures figures;
};

struct track *track_new(struct track_options options, struct fold *fold,
			const struct registry *registry)
{
	struct track *track = calloc(1, sizeof(*track));

	if (!track)
		return NULL;
	track->options = options;
	track->live = live_new(options.live_limit);
	track->pending = pending_new(options.pending);
	track->repeats =
	    repeats_new(options.live_limit < REPEATS_MAX ? options.live_limit : REPEATS_MAX);
	track->zones = zones_new(options.live_limit);
	track->losses.repeats = track->repeats;
	track->account = (struct account){
	    .fold = fold, .losses = &track->losses, .owners = {registry, options.bind_slack}};
	track->leaders = (struct leaders){track->zones, track->live, &track->account};
	if (!track->live || !track->pending || !track->repeats || !track->zones)
		return track_free(track);
	return track;
}

struct track *track_free(struct track *track)
{
	if (track) {
		live_free(track->live);
		pending_free(track->pending);
		repeats_free(track->repeats);
		zones_free(track->zones);
		account_clear(&track->account);
		free(track);
	}
	return NULL;
}

/* ---- ends that were not seen ---- */

/* Its DESTROY never came: closed with what was known. It was last shown at the moment since. */
static void entry_close_unseen(struct track *track, struct live_entry *entry, int64_t since,
			       int64_t now)
{
	struct loss loss = {.source = LOSS_CONNTRACK, .bounded = true, .at_most = 1};
	uint8_t verdict = entry->verdict ? entry->verdict : VERDICT_UNKNOWN;
	struct totals grown = account_uncounted(entry);

	leaders_part(&track->leaders, entry, now);
	if (entry->follower)
		return;
	grown.closed = grown.vanished = 1;
	account_count(&track->account, entry, verdict, grown, now);
	losses_add(&track->losses, &loss, since ? since : now, now,
		   "the end of a connection was not seen");
	account_drop(&track->account, entry, now);
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
		account_drop(&track->account, entry, now);
	entry->start_ns = entry->first_ns = event->start;
	entry->unbegun = false;
	if (renames)
		account_save(&track->account, entry, now);
}

/* ---- events ---- */

/* Without room it is counted whole at its end. */
static void on_new(struct track *track, const struct conntrack_event *event, int64_t now)
{
	struct live_entry entry;
	bool known = find(track, event, &entry);

	track->figures.created++;
	if (known && entry.announced && track->losses.of_events < entry.first_ns) {
		track->figures.repeated++;
		return;
	}
	if (known && entry.announced) {
		entry_lost(track, &entry, track->dumped[1], now);
		known = false;
	}
	if (!known) {
		entry = entry_begin(track, event, now);
		leaders_join(&track->leaders, &entry, now, event, now);
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

static bool has_come_before(struct track *track, const struct conntrack_event *event, int64_t now)
{
	bool known = repeats_know(track->repeats, event, now);

	track->figures.repeated += known;
	return known;
}

static void note_ended(struct track *track, const struct conntrack_event *event, int64_t now)
{
	struct loss loss = {.source = LOSS_CONNTRACK, .bounded = true};

	loss.at_most = repeats_note(track->repeats, event, now);
	if (loss.at_most > 0)
		losses_add_gap(&track->losses, &loss, now, now,
			       "ends came again for so long that some may be counted twice");
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
		leaders_join(&track->leaders, &entry, event->has_start ? event->start : 0, event,
			     now);
	}
	entry_set_start(track, &entry, event, now);
	grown = account_grown(&track->account, &entry, event, now);
	totals_close(&grown, resolve_ending(event, track->table_is_full));
	account_count(&track->account, &entry, (uint8_t)resolve_ended(event), grown, end);
	account_drop(&track->account, &entry, now);
	leaders_part(&track->leaders, &entry, now);
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
	if (account_has_room(&track->account)) {
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
	grown = account_grown(&track->account, entry, event, now);
	if (verdict == VERDICT_UNKNOWN)
		verdict = entry->verdict;
	if (verdict == 0)
		return;
	if (account_count(&track->account, entry, verdict, grown, now))
		account_save(&track->account, entry, now);
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
	leaders_part(&track->leaders, entry, now);
	entry->awaited = true;
	entry_keep_ended(track, entry, true);
}

/* What finds no room takes no lead: what was counted of the other would be counted again at the
 * end. */
static bool entry_enter(struct track *track, struct live_entry *entry,
			const struct conntrack_event *event, int64_t now)
{
	if (!live_has_room(track->live))
		return false;
	leaders_join(&track->leaders, entry, event->has_start ? event->start : 0, event, now);
	return live_insert(track->live, entry);
}

static void lose_for_room(struct track *track, int64_t now)
{
	losses_add_one(&track->losses, LOSS_STORE, now, "the table of live connections is full");
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
	ret_entry->replaced = replaces;
	if (entry_enter(track, ret_entry, event, now))
		return true;
	lose_for_room(track, now);
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
static bool restore_older(struct track *track, struct live_entry *older)
{
	struct live_entry ended;

	if (live_find_ended(track->live, &older->original, older->zone, older->id, &ended))
		return true;
	older->awaited = true;
	return entry_keep_ended(track, older, false);
}

static bool restore_younger(struct track *track, struct live_entry *older,
			    struct live_entry *younger)
{
	younger->replaced = true;
	live_remove(track->live, older);
	return live_insert(track->live, younger) && restore_older(track, older);
}

static bool restore(struct track *track, struct live_entry *entry)
{
	struct live_entry found;

	if (!live_find(track->live, &entry->original, entry->zone, entry->id, &found))
		return live_insert(track->live, entry);
	if (entry->start_ns > found.start_ns)
		return restore_younger(track, &found, entry);
	return entry->start_ns == found.start_ns || restore_older(track, entry);
}

void track_restore(struct track *track, const struct checkpoint *checkpoint, int64_t now)
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

	leaders_join(&track->leaders, &entry, entry.start_ns, NULL, entry.first_ns);
	if (!restore(track, &entry))
		lose_for_room(track, now);
}

void track_visit_pods(struct track *track, int64_t now, track_pod_fn *visit, void *context)
{
	struct live_entry entry;
	uint32_t cursor = 0;

	while (live_next(track->live, &cursor, &entry)) {
		if (!entry.verdict) {
			owners_bind(&track->account.owners, &entry, 0, now);
			live_put(track->live, &entry);
		}
		visit(context, entry.source_pod);
		visit(context, entry.destination_pod);
	}
}

/* ---- what was missed ---- */

void track_loss(struct track *track, const struct loss *loss, int64_t from, int64_t until,
		const char *reason)
{
	losses_add(&track->losses, loss, from, until, reason);
}

void track_disturbed(struct track *track, int64_t from, int64_t until)
{
	losses_disturb(&track->losses, from, until);
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
		losses_add_gap(&track->losses, &one, now, now,
			       "too many first packets wait for their connection");
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
	const struct owners *owners = &track->account.owners;
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
	key.source_pod = owners_find(owners, path->source, first, true);
	key.destination_pod = owners_find(owners, path->destination, first, false);
	key.verdict = VERDICT_DENIED;
	/* A packet may come PENDING_WAIT later than the events of its connection. */
	if (found < 0 || track->losses.last + PENDING_WAIT >= first ||
	    pending_whole_since(track->pending) >= first)
		key.verdict = VERDICT_UNKNOWN, attempt = (struct totals){0};
	else
		track->figures.denied++;
	account_add(&track->account, &key, first, first, &attempt);
}

void track_expire(struct track *track, int64_t now, track_look_fn *look, void *context)
{
	struct judgement judgement = {.track = track, .look = look, .context = context};

	repeats_expire(track->repeats, now);
	zones_expire(track->zones, now);
	pending_expire(track->pending, now, judge, &judgement);
}

void track_stalled(struct track *track, int64_t now)
{
	pending_stalled(track->pending, now);
	repeats_hold(track->repeats, now);
}

void track_shift(struct track *track, int64_t delta)
{
	pending_shift(track->pending, delta);
	repeats_shift(track->repeats, delta);
	zones_shift(track->zones, delta);
	losses_shift(&track->losses, delta);
	for (size_t i = 0; i < 2; i++)
		if (track->dumped[i])
			track->dumped[i] += delta;
}

/* ---- the end ---- */

static bool finish_open(struct track *track, int64_t now)
{
	struct live_entry entry;
	uint32_t cursor = 0;

	while (live_next(track->live, &cursor, &entry)) {
		if (entry.verdict || entry.ended || entry.follower)
			continue;
		if (!account_has_room(&track->account))
			return true;
		account_count(&track->account, &entry,
			      (uint8_t)resolve_silent(entry.original.protocol),
			      account_uncounted(&entry), now);
		account_save(&track->account, &entry, now);
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
	return account_wants_room(&track->account);
}

bool track_retell(struct track *track, uint32_t *cursor, int64_t now)
{
	struct live_entry entry;

	while (track->account.count < ACCOUNT_ROWS_OPEN_MAX) {
		if (!live_next(track->live, cursor, &entry))
			return false;
		if (entry.checkpoint)
			account_save(&track->account, &entry, now);
	}
	return true;
}

void track_take(struct track *track, struct batch *batch)
{
	account_take(&track->account, batch);
	losses_take(&track->losses, batch);
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
