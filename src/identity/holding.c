#include "identity/holding.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "identity/merge.h"
#include "identity/pod.h"

#define BUCKETS_MIN 64u

struct spot {
	struct spot *next;
	struct holding *first;
	struct addr address;
	size_t open;
	bool contested; /* for long */
	bool visited;
};

struct holdings {
	struct hash_seed seed;
	holdings_same_fn *is_same;
	struct spot **spots;
	size_t bucket_count;
	size_t spot_count;
	size_t shared; /* spots with more than one owner */
	size_t contested;
	struct holding *past;
	struct holder *changed;
	int64_t set_back; /* when the clock last was; 0: never */
};

struct holdings *holdings_new(holdings_same_fn *is_same)
{
	struct holdings *holdings = calloc(1, sizeof(*holdings));

	if (!holdings)
		return NULL;
	holdings->seed = hash_seed_random();
	holdings->is_same = is_same;
	holdings->bucket_count = BUCKETS_MIN;
	holdings->spots = calloc(BUCKETS_MIN, sizeof(struct spot *));
	return holdings->spots ? holdings : holdings_free(holdings);
}

struct holdings *holdings_free(struct holdings *holdings)
{
	if (holdings) {
		free(holdings->spots);
		free(holdings);
	}
	return NULL;
}

/* ---- who is at an address ---- */

static size_t spot_bucket(const struct holdings *holdings, const struct addr *address,
			  size_t bucket_count)
{
	return hash_bytes(holdings->seed, address, sizeof(*address)) & (bucket_count - 1);
}

static struct spot *spot_find(const struct holdings *holdings, const struct addr *address)
{
	struct spot *spot = holdings->spots[spot_bucket(holdings, address, holdings->bucket_count)];

	while (spot && !addr_equal(spot->address, *address))
		spot = spot->next;
	return spot;
}

static void spot_link(struct spot **spots, size_t at, struct spot *spot)
{
	spot->next = spots[at];
	spots[at] = spot;
}

/* A table that cannot grow works on, only slower. */
static void spots_grow(struct holdings *holdings)
{
	size_t bucket_count = holdings->bucket_count * 2;
	struct spot **spots = calloc(bucket_count, sizeof(struct spot *));

	if (!spots)
		return;
	for (size_t i = 0; i < holdings->bucket_count; i++) {
		while (holdings->spots[i]) {
			struct spot *spot = holdings->spots[i];

			holdings->spots[i] = spot->next;
			spot_link(spots, spot_bucket(holdings, &spot->address, bucket_count), spot);
		}
	}
	free(holdings->spots);
	holdings->spots = spots;
	holdings->bucket_count = bucket_count;
}

static struct spot *spot_get(struct holdings *holdings, const struct addr *address)
{
	struct spot *spot = spot_find(holdings, address);

	if (spot)
		return spot;
	spot = calloc(1, sizeof(*spot));
	if (!spot)
		return NULL;
	if (holdings->spot_count >= holdings->bucket_count)
		spots_grow(holdings);
	spot->address = *address;
	spot_link(holdings->spots, spot_bucket(holdings, address, holdings->bucket_count), spot);
	holdings->spot_count++;
	return spot;
}

static void spot_drop(struct holdings *holdings, struct spot *spot)
{
	struct spot **link =
	    &holdings->spots[spot_bucket(holdings, &spot->address, holdings->bucket_count)];

	while (*link != spot)
		link = &(*link)->next;
	*link = spot->next;
	holdings->spot_count--;
	free(spot);
}

static void set_contested(struct holdings *holdings, struct spot *spot, bool contested)
{
	if (spot->contested != contested)
		holdings->contested = contested ? holdings->contested + 1 : holdings->contested - 1;
	spot->contested = contested;
	if (!contested)
		spot->visited = false;
}

static void spot_count_open(struct holdings *holdings, struct spot *spot, bool opened)
{
	bool shared = spot->open > 1;

	spot->open = opened ? spot->open + 1 : spot->open - 1;
	if (shared && spot->open <= 1)
		holdings->shared--;
	if (!shared && spot->open > 1)
		holdings->shared++;
	if (spot->open <= 1)
		set_contested(holdings, spot, false);
}

/* ---- lists ---- */

void holdings_mark_changed(struct holdings *holdings, struct holder *holder)
{
	if (holder->changed_link)
		return;
	holder->changed_link = &holdings->changed;
	holder->next_changed = holdings->changed;
	if (holdings->changed)
		holdings->changed->changed_link = &holder->next_changed;
	holdings->changed = holder;
}

static void changed_remove(struct holder *holder)
{
	if (!holder->changed_link)
		return;
	*holder->changed_link = holder->next_changed;
	if (holder->next_changed)
		holder->next_changed->changed_link = holder->changed_link;
	holder->changed_link = NULL;
}

struct holder *holdings_take_changed(struct holdings *holdings)
{
	struct holder *holder = holdings->changed;

	if (holder)
		changed_remove(holder);
	return holder;
}

static void past_add(struct holdings *holdings, struct holding *holding)
{
	if (holding->past_link)
		return;
	holding->past_link = &holdings->past;
	holding->past = holdings->past;
	if (holdings->past)
		holdings->past->past_link = &holding->past;
	holdings->past = holding;
}

static void past_remove(struct holding *holding)
{
	if (!holding->past_link)
		return;
	*holding->past_link = holding->past;
	if (holding->past)
		holding->past->past_link = holding->past_link;
	holding->past_link = NULL;
}

static void holding_remove(struct holdings *holdings, struct holding *holding)
{
	struct spot *spot = spot_find(holdings, &holding->address);
	struct holding **link = &holding->holder->first;

	past_remove(holding);
	while (*link != holding)
		link = &(*link)->next;
	*link = holding->next;
	holding->holder->count--;
	for (link = &spot->first; *link != holding;)
		link = &(*link)->rival;
	*link = holding->rival;
	if (holding->until == INTERVAL_OPEN)
		spot_count_open(holdings, spot, false);
	if (!spot->first)
		spot_drop(holdings, spot);
	free(holding);
}

void holdings_clear(struct holdings *holdings, struct holder *holder)
{
	while (holder->first)
		holding_remove(holdings, holder->first);
	changed_remove(holder);
}

/* ---- time ---- */

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* From when on nobody else can have had it. */
static int64_t begin_of(const struct holding *holding)
{
	return holding->exact ? holding->since : holding->proof;
}

static bool is_rival(const struct holding *a, const struct holding *b)
{
	return a->holder != b->holder;
}

/* What was over before the next was told is seen late: a short overlap is none. And who allocated
 * it to the next had it back before. */
static void clip(struct holdings *holdings, struct holding *ended, const struct holding *next)
{
	int64_t begin = begin_of(next);

	if (!is_rival(ended, next) || next->met < ended->noticed || begin <= begin_of(ended) ||
	    begin >= ended->until || (!next->exact && ended->until - begin > MERGE_RELEASE_NS))
		return;
	ended->until = begin > ended->since ? begin : ended->since;
	holdings_mark_changed(holdings, ended->holder);
}

static void clip_by_rivals(struct holdings *holdings, struct holding *ended,
			   const struct spot *spot)
{
	for (const struct holding *next = spot->first; next; next = next->rival)
		clip(holdings, ended, next);
}

static void clip_rivals(struct holdings *holdings, const struct holding *begun,
			const struct spot *spot)
{
	for (struct holding *other = spot->first; other; other = other->rival)
		if (other->until != INTERVAL_OPEN)
			clip(holdings, other, begun);
}

static void holding_end(struct holdings *holdings, struct holding *holding, int64_t now)
{
	struct spot *spot = spot_find(holdings, &holding->address);

	holding->until = now > holding->since ? now : holding->since;
	holding->noticed = now;
	spot_count_open(holdings, spot, false);
	past_add(holdings, holding);
	clip_by_rivals(holdings, holding, spot);
	holdings_mark_changed(holdings, holding->holder);
}

static void holding_open(struct holdings *holdings, struct holding *holding)
{
	struct spot *spot = spot_find(holdings, &holding->address);

	if (holding->until == INTERVAL_OPEN)
		return;
	holding->until = INTERVAL_OPEN;
	spot_count_open(holdings, spot, true);
	holdings_mark_changed(holdings, holding->holder);
}

static void holding_reopen(struct holdings *holdings, struct holding *holding)
{
	holding->released = 0;
	holding->freed = holding->lasting = holding->visited = false;
	past_remove(holding);
	holding_open(holdings, holding);
	clip_rivals(holdings, holding, spot_find(holdings, &holding->address));
}

static bool was_taken_since(const struct holdings *holdings, const struct holding *holding)
{
	const struct spot *spot = spot_find(holdings, &holding->address);

	for (const struct holding *other = spot->first; other; other = other->rival)
		if (is_rival(holding, other) &&
		    (other->until == INTERVAL_OPEN || begin_of(other) > begin_of(holding)))
			return true;
	return false;
}

/* Others still tell it of this one, but it was freed, or is allocated to the next. */
static bool is_disputed(const struct holding *holding, const struct holding *by)
{
	return is_rival(holding, by) && holding->told && !holding->allocated && !holding->freed &&
	       by->until == INTERVAL_OPEN &&
	       (holding->released || (by->allocated && by->since > begin_of(holding)));
}

/* An address is freed before it is taken from the interface: until nobody tells it any more, both
 * may speak. */
static void dispute(struct holdings *holdings, struct holding *holding, int64_t now)
{
	if (!holding->released)
		holding->released = now;
	past_add(holdings, holding);
	holding_open(holdings, holding);
}

static void decide_rivals(struct holdings *holdings, struct holding *holding,
			  const struct spot *spot, int64_t now)
{
	for (struct holding *other = spot->first; other; other = other->rival) {
		if (is_disputed(other, holding))
			dispute(holdings, other, now);
		else if (is_disputed(holding, other))
			dispute(holdings, holding, now);
	}
}

/* Since the sandbox is there, but not since before somebody else had it. */
static int64_t guess_since(const struct spot *spot, const struct holder *holder, int64_t created,
			   int64_t now)
{
	int64_t since = created ? earlier(created, now) : now;

	for (const struct holding *other = spot->first; other; other = other->rival) {
		if (other->holder == holder && other->until == INTERVAL_OPEN)
			continue;
		if (other->until > since)
			since = earlier(other->until, now);
	}
	return since;
}

/* What is yet to come by a file's time is from before the clock was set back. */
static int64_t not_in_future(const struct holdings *holdings, int64_t moment, int64_t now)
{
	if (moment <= now)
		return moment;
	return holdings->set_back ? earlier(holdings->set_back, now) : now;
}

/* Told so soon after the clock was set back, it may have begun before that as well as after. */
static bool is_unsure(const struct holdings *holdings, const struct evidence *told, int64_t now)
{
	int64_t moment = told->exact ? told->exact : told->plain;

	return holdings->set_back && moment > holdings->set_back &&
	       now - holdings->set_back <= MERGE_RELEASE_NS;
}

static void holding_date(struct holding *holding, const struct evidence *told,
			 const struct spot *spot, int64_t created, int64_t now)
{
	int64_t plain = told->exact ? told->exact : told->plain;

	if (told->exact && !holding->unsure) {
		holding->since =
		    holding->exact ? earlier(told->exact, holding->since) : told->exact;
		holding->proof = earlier(holding->since, holding->proof);
		holding->exact = true;
	} else if (plain && !holding->exact) {
		holding->since = holding->guessed ? plain : earlier(plain, holding->since);
		holding->proof = earlier(plain, holding->proof);
	} else if (holding->guessed) {
		holding->since =
		    earlier(guess_since(spot, holding->holder, created, now), holding->since);
	}
	holding->guessed = holding->guessed && !plain;
}

/* ---- what is told ---- */

static struct holding *find_latest(const struct holder *holder, const struct addr *address)
{
	struct holding *holding = holder->first;

	while (holding && !addr_equal(holding->address, *address))
		holding = holding->next;
	return holding;
}

static void make_room(struct holdings *holdings, struct holder *holder)
{
	struct holding *oldest = NULL;

	for (struct holding *holding = holder->first; holding; holding = holding->next)
		if (!holding->told)
			oldest = holding;
	if (oldest)
		holding_remove(holdings, oldest);
}

static struct holding *holding_begin(struct holdings *holdings, struct holder *holder,
				     const struct evidence *told, int64_t created, int64_t now)
{
	struct spot *spot = NULL;
	struct holding *holding;

	if (holder->count >= HOLDINGS_MAX)
		make_room(holdings, holder);
	holding = calloc(1, sizeof(*holding));
	if (holding)
		spot = spot_get(holdings, &told->address);
	if (!spot) {
		free(holding);
		return NULL;
	}
	*holding = (struct holding){.holder = holder,
				    .address = told->address,
				    .until = INTERVAL_OPEN,
				    .guessed = true,
				    .proof = now,
				    .met = now,
				    .next = holder->first,
				    .rival = spot->first};
	holding->since = guess_since(spot, holder, created, now);
	holder->first = spot->first = holding;
	holder->count++;
	spot_count_open(holdings, spot, true);
	holdings_mark_changed(holdings, holder);
	return holding;
}

static bool is_over(const struct holdings *holdings, const struct holding *holding,
		    const struct evidence *told)
{
	int64_t since = told->exact ? told->exact : told->plain;

	if (holding->until == INTERVAL_OPEN || (holding->released && !told->allocated))
		return false;
	return since ? since > holding->until : was_taken_since(holdings, holding);
}

static void holding_go_on(struct holdings *holdings, struct holding *holding,
			  const struct evidence *told, int64_t created, int64_t now)
{
	const struct holding before = *holding;
	struct spot *spot = spot_find(holdings, &holding->address);
	bool silent = holding->allocated && !told->allocated;

	holding->unsure |= !holding->exact && is_unsure(holdings, told, now);
	holding_date(holding, told, spot, created, now);
	if (holding->unsure)
		holding->since = earlier(holding->since, holdings->set_back);
	holding->secondary = told->secondary;
	holding->told = true;
	holding->allocated = told->allocated;
	if (told->allocated ? holding->until != INTERVAL_OPEN || holding->released
			    : holding->until != INTERVAL_OPEN && !holding->released) {
		holding_reopen(holdings, holding);
	} else if (holding->until == INTERVAL_OPEN && silent) {
		holding->released = now;
		holding_end(holdings, holding, now);
	}
	clip_rivals(holdings, holding, spot);
	decide_rivals(holdings, holding, spot, now);
	if (before.since != holding->since || before.exact != holding->exact ||
	    before.secondary != holding->secondary)
		holdings_mark_changed(holdings, holding->holder);
}

static void holding_fall_silent(struct holdings *holdings, struct holding *holding, int64_t now)
{
	holding->told = holding->allocated = holding->freed = holding->lasting = false;
	holding->released = 0;
	if (holding->until == INTERVAL_OPEN)
		holding_end(holdings, holding, now);
}

static int settle_one(struct holdings *holdings, struct holder *holder, const struct evidence *told,
		      int64_t created, int64_t now)
{
	struct holding *latest = find_latest(holder, &told->address), *holding = latest;

	if (latest && is_over(holdings, latest, told)) {
		holding_fall_silent(holdings, latest, now);
		holding = NULL;
	}
	if (!holding)
		holding = holding_begin(holdings, holder, told, created, now);
	if (!holding)
		return -ENOMEM;
	holding_go_on(holdings, holding, told, created, now);
	return 0;
}

static bool is_told(const struct holding *holding, const struct evidence *told, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (addr_equal(holding->address, told[i].address))
			return true;
	return false;
}

int holdings_settle(struct holdings *holdings, struct holder *holder, const struct evidence *told,
		    size_t count, int64_t created, int64_t now)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		struct evidence one = told[i];

		one.exact = not_in_future(holdings, one.exact, now);
		one.plain = not_in_future(holdings, one.plain, now);
		r = settle_one(holdings, holder, &one, created, now);
	}
	for (struct holding *holding = holder->first; r == 0 && holding; holding = holding->next)
		if (holding->told && !is_told(holding, told, count))
			holding_fall_silent(holdings, holding, now);
	return r;
}

/* ---- what time decides ---- */

static void decide_released(struct holdings *holdings, struct holding *holding, int64_t now)
{
	if (!holding->released || holding->freed || now - holding->released < MERGE_RELEASE_NS)
		return;
	if (!was_taken_since(holdings, holding)) {
		holding_reopen(holdings, holding);
		return;
	}
	holding->freed = true;
	if (holding->until == INTERVAL_OPEN)
		holding_end(holdings, holding, holding->released + MERGE_RELEASE_NS);
}

static void decide_told(struct holdings *holdings, struct holding *holding, int64_t now)
{
	decide_released(holdings, holding, now);
	holding->lasting = holding->freed && now - holding->released >= MERGE_RELEASE_NS;
}

/* Of those who have had it for long, the next that is of another pod than the holding; NULL: the
 * first of all. */
static const struct holding *find_owner(const struct holdings *holdings, const struct spot *spot,
					const struct holding *than, int64_t now)
{
	for (const struct holding *h = spot->first; h; h = h->rival)
		if (h->until == INTERVAL_OPEN && !h->released &&
		    now - begin_of(h) > MERGE_RELEASE_NS &&
		    (!than || (is_rival(than, h) && !holdings->is_same(than->holder, h->holder))))
			return h;
	return NULL;
}

static void find_contested(struct holdings *holdings, int64_t now)
{
	for (size_t i = 0; i < holdings->bucket_count; i++) {
		for (struct spot *spot = holdings->spots[i]; spot; spot = spot->next) {
			const struct holding *owner = find_owner(holdings, spot, NULL, now);

			set_contested(holdings, spot,
				      owner && find_owner(holdings, spot, owner, now));
		}
	}
}

void holdings_tick(struct holdings *holdings, int64_t now)
{
	struct holding *next;

	for (struct holding *holding = holdings->past; holding; holding = next) {
		next = holding->past;
		if (holding->told)
			decide_told(holdings, holding, now);
		else if (now - holding->noticed > HOLDING_MEMORY_NS)
			holding_remove(holdings, holding);
	}
	if (holdings->shared > 0)
		find_contested(holdings, now);
}

/* Moments stay those of the clock of their time, but none is yet to come; waits go on. */
static void holding_shift(struct holdings *holdings, struct holding *holding, int64_t now,
			  int64_t delta)
{
	bool open = holding->until == INTERVAL_OPEN;

	if (holding->since > now || (!open && holding->until > now))
		holdings_mark_changed(holdings, holding->holder);
	holding->since = earlier(holding->since, now);
	holding->proof = earlier(holding->proof, now);
	if (!open)
		holding->until = earlier(holding->until, now);
	holding->met += delta;
	holding->noticed += delta;
	if (holding->released)
		holding->released += delta;
}

void holdings_shift(struct holdings *holdings, int64_t now, int64_t delta)
{
	if (delta < 0)
		holdings->set_back = now;
	for (size_t i = 0; i < holdings->bucket_count; i++)
		for (struct spot *spot = holdings->spots[i]; spot; spot = spot->next)
			for (struct holding *h = spot->first; h; h = h->rival)
				holding_shift(holdings, h, now, delta);
}

bool holdings_wait(const struct holdings *holdings)
{
	return holdings->past || holdings->changed || holdings->shared > 0;
}

size_t holdings_contested(const struct holdings *holdings)
{
	return holdings->contested;
}

/* Two pods that have the address. */
static void visit_owners(const struct holdings *holdings, const struct spot *spot,
			 holdings_contest_fn *visit, void *context)
{
	const struct holding *found = find_owner(holdings, spot, NULL, INT64_MAX);
	const struct holding *other = find_owner(holdings, spot, found, INT64_MAX);

	visit(context, spot->address, other->holder, found->holder, false);
}

static void visit_contested(struct holdings *holdings, holdings_contest_fn *visit, void *context)
{
	for (size_t i = 0; holdings->contested > 0 && i < holdings->bucket_count; i++) {
		for (struct spot *spot = holdings->spots[i]; spot; spot = spot->next) {
			if (spot->contested && !spot->visited)
				visit_owners(holdings, spot, visit, context);
			spot->visited = spot->contested;
		}
	}
}

/* To whom it was allocated after this one. */
static const struct holding *find_successor(const struct holdings *holdings,
					    const struct holding *holding)
{
	const struct holding *next = spot_find(holdings, &holding->address)->first;

	while (next && (!is_rival(holding, next) || !next->allocated ||
			begin_of(next) <= begin_of(holding)))
		next = next->rival;
	return next;
}

void holdings_visit_contested(struct holdings *holdings, holdings_contest_fn *visit, void *context)
{
	visit_contested(holdings, visit, context);
	for (struct holding *holding = holdings->past; holding; holding = holding->past) {
		const struct holding *next = holding->lasting && !holding->visited
						 ? find_successor(holdings, holding)
						 : NULL;

		if (!next || holdings->is_same(holding->holder, next->holder))
			continue;
		visit(context, holding->address, holding->holder, next->holder, true);
		holding->visited = true;
	}
}
