#include "flow/account.h"

#include <stdlib.h>

#include "base/clock.h"
#include "flow/resolve.h"

void account_clear(struct account *account)
{
	free(account->rows);
	account->rows = NULL;
	account->count = account->capacity = 0;
}

bool account_has_room(const struct account *account)
{
	return fold_has_room(account->fold) && account->count < ACCOUNT_ROWS_OPEN_MAX;
}

bool account_wants_room(const struct account *account)
{
	return fold_is_nearly_full(account->fold) ||
	       account->count >= ACCOUNT_ROWS_OPEN_MAX / 4 * 3;
}

/* ---- checkpoints ---- */

static bool rows_reserve(struct account *account)
{
	size_t capacity = account->capacity ? account->capacity * 2 : 64;
	struct checkpoint *checkpoints;

	if (account->count < account->capacity)
		return true;
	if (capacity > ACCOUNT_ROWS_MAX)
		return false;
	checkpoints = realloc(account->rows, capacity * sizeof(*checkpoints));
	if (!checkpoints)
		return false;
	account->rows = checkpoints;
	account->capacity = capacity;
	return true;
}

/* The store takes them in order: of one connection the last row holds. */
static void row_append(struct account *account, const struct checkpoint *row, int64_t now)
{
	if (rows_reserve(account))
		account->rows[account->count++] = *row;
	else
		losses_add_one(account->losses, LOSS_STORE, now, "no room for a checkpoint");
}

void account_save(struct account *account, struct live_entry *entry, int64_t now)
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
	row_append(account, &checkpoint, now);
}

void account_drop(struct account *account, struct live_entry *entry, int64_t now)
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
		row_append(account, &checkpoint, now);
	entry->checkpoint = false;
}

void account_take(struct account *account, struct batch *batch)
{
	batch->checkpoints = account->rows;
	batch->checkpoint_count = account->count;
	account->rows = NULL;
	account->count = account->capacity = 0;
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

void account_add(struct account *account, const struct edge_key *key, int64_t first, int64_t last,
		 const struct totals *totals)
{
	int64_t when = clock_msec(last);
	int64_t begun = clock_msec(first < last ? first : last);

	if (fold_add(account->fold, key, when, begun, when, totals) < 0)
		losses_add_one(account->losses, LOSS_STORE, last, "the fold table is full");
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

struct totals account_grown(struct account *account, struct live_entry *entry,
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
		losses_add_one(account->losses, LOSS_CONNTRACK, now,
			       "counters of a connection went back to zero");
	return grown;
}

/* Takes the connection from the edge on which it was counted. */
static void entry_move(struct account *account, const struct live_entry *counted,
		       struct edge_key key, int64_t counted_more, int64_t now)
{
	struct totals moved = {.connections = -1, .counted = counted_more - counted->has_counters};

	key.verdict = counted->verdict;
	key.source_pod = counted->source_pod;
	key.destination_pod = counted->destination_pod;
	account_add(account, &key, owners_first(&account->owners, counted), now, &moved);
}

/* Whose its ends are hangs on when it began, not on when it moved. */
bool account_count(struct account *account, struct live_entry *entry, enum verdict verdict,
		   struct totals grown, int64_t now)
{
	const struct live_entry before = *entry;
	bool fresh = entry->verdict == 0, moves;
	struct edge_key key;

	if (entry->follower)
		return false;
	owners_bind(&account->owners, entry, verdict, now);
	entry->verdict = (uint8_t)verdict;
	key = entry_key(entry);
	moves = !fresh && (before.verdict != verdict || before.source_pod != entry->source_pod ||
			   before.destination_pod != entry->destination_pod);
	if (moves)
		entry_move(account, &before, key, grown.counted, now);
	if (fresh || moves) {
		grown.connections = 1;
		grown.counted = entry->has_counters;
	}
	if (totals_are_zero(&grown))
		return false;
	account_add(account, &key, fresh || moves ? owners_first(&account->owners, entry) : now,
		    now, &grown);
	return true;
}

void account_hand_over(struct account *account, struct live_entry *from, struct live_entry *to,
		       int64_t now)
{
	struct totals one = {.connections = 1, .counted = to->has_counters};
	struct edge_key key = entry_key(from);

	entry_move(account, from, key, 0, now);
	key = entry_key(to);
	account_add(account, &key, owners_first(&account->owners, to), now, &one);
	account_save(account, to, now);
	account_drop(account, from, now);
}

struct totals account_uncounted(const struct live_entry *entry)
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
