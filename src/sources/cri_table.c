#include "sources/cri_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"

#define NEVER INT64_MAX
/* One filtered question costs about as much as so many sandboxes of a whole answer. */
#define ONE_COSTS 32
/* A sandbox that nobody has and nobody wants any more is remembered for so long. */
#define REMEMBER_NS (10 * CRI_LIST_NS)

struct entry {
	char *id;
	const char *place; /* that told of it; NULL: none did */
	uint64_t fingerprint;
	bool ready;
	bool host_network;
	bool unsure;          /* the place has failed since */
	bool asked_for;       /* somebody wanted it, so it has an address of its own */
	bool seen;            /* in the answer at hand */
	int64_t wanted_since; /* the last time that it became wanted */
	int64_t wanted_last;
	int64_t want_due; /* NEVER: not wanted, or given up */
	int64_t status_due;
	unsigned status_tries;
};

struct cri_table {
	struct claim_events events;
	struct hash_seed seed;
	struct entry **entries; /* by id */
	size_t count;
	size_t capacity;
	int64_t list_due;
	int64_t status_next; /* no sandbox's status before */
};

struct cri_table *cri_table_new(const struct claim_events *events)
{
	struct cri_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->events = *events;
	table->seed = hash_seed_random();
	return table;
}

static void free_entry(struct entry *entry)
{
	free(entry->id);
	free(entry);
}

struct cri_table *cri_table_free(struct cri_table *table)
{
	if (!table)
		return NULL;
	for (size_t i = 0; i < table->count; i++)
		free_entry(table->entries[i]);
	free(table->entries);
	free(table);
	return NULL;
}

/* The first entry whose id is not before this one. */
static size_t find(const struct cri_table *table, const char *id)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(table->entries[middle]->id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct entry *get(const struct cri_table *table, const char *id)
{
	size_t at = find(table, id);

	return at < table->count && strcmp(table->entries[at]->id, id) == 0 ? table->entries[at]
									    : NULL;
}

static int reserve(struct cri_table *table)
{
	size_t capacity = table->capacity ? 2 * table->capacity : 64;
	struct entry **entries;

	if (table->count < table->capacity)
		return 0;
	entries = reallocarray(table->entries, capacity, sizeof(struct entry *));
	if (!entries)
		return -ENOMEM;
	table->entries = entries;
	table->capacity = capacity;
	return 0;
}

/* The entry, made if there is none; NULL: no memory. */
static struct entry *demand(struct cri_table *table, const char *id)
{
	struct entry *entry = get(table, id);
	size_t at = find(table, id);

	if (entry)
		return entry;
	if (reserve(table) < 0)
		return NULL;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	*entry = (struct entry){.id = strdup(id), .want_due = NEVER, .status_due = NEVER};
	if (!entry->id) {
		free(entry);
		return NULL;
	}
	memmove(&table->entries[at + 1], &table->entries[at],
		(table->count - at) * sizeof(struct entry *));
	table->entries[at] = entry;
	table->count++;
	return entry;
}

int cri_table_want(struct cri_table *table, const char *sandbox, int64_t now)
{
	struct entry *entry = get(table, sandbox);
	bool is_new = !entry;

	if (!entry && table->count < CRI_SANDBOXES_MAX)
		entry = demand(table, sandbox);
	if (!entry) {
		table->list_due = now;
		return -ENOMEM;
	}
	entry->asked_for = true;
	entry->status_due = NEVER;
	entry->wanted_last = now;
	if (is_new) {
		entry->wanted_since = now;
		entry->want_due = now + CRI_WANT_FIRST_NS;
	}
	return is_new;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

int64_t cri_table_due(const struct cri_table *table)
{
	int64_t due = table->list_due, status_due = NEVER;

	for (size_t i = 0; i < table->count; i++) {
		const struct entry *entry = table->entries[i];

		due = earlier(due, entry->want_due);
		if (!entry->unsure)
			status_due = earlier(status_due, entry->status_due);
	}
	return earlier(due, later(status_due, table->status_next));
}

/* The earliest of those that are due, and the number of those that are or soon will be. */
static struct entry *find_wanted(const struct cri_table *table, int64_t now, size_t *ret_count)
{
	struct entry *first = NULL;

	*ret_count = 0;
	for (size_t i = 0; i < table->count; i++) {
		struct entry *entry = table->entries[i];

		*ret_count += entry->want_due <= now + CRI_WANT_FIRST_NS;
		if (entry->want_due <= now && (!first || entry->want_due < first->want_due))
			first = entry;
	}
	return first;
}

static struct entry *find_status(const struct cri_table *table, int64_t now)
{
	for (size_t i = 0; i < table->count && table->status_next <= now; i++)
		if (!table->entries[i]->unsure && table->entries[i]->status_due <= now)
			return table->entries[i];
	return NULL;
}

bool cri_table_ask(struct cri_table *table, int64_t now, struct cri_question *ret)
{
	size_t wanted;
	struct entry *entry = find_wanted(table, now, &wanted);

	if (table->list_due <= now || (entry && wanted > 1 + table->count / ONE_COSTS)) {
		*ret = (struct cri_question){.subject = CRI_LIST_ALL};
		return true;
	}
	if (entry) {
		*ret = (struct cri_question){.subject = CRI_LIST_ONE, .id = entry->id};
		return true;
	}
	entry = find_status(table, now);
	if (!entry)
		return false;
	table->status_next = now + CRI_STATUS_EVERY_NS;
	*ret = (struct cri_question){.subject = CRI_STATUS, .id = entry->id, .place = entry->place};
	return true;
}

static void put_text(struct buf *buf, const char *text)
{
	buf_put(buf, text, strlen(text) + 1);
}

static int get_fingerprint(const struct cri_table *table, const struct claim *claim, uint64_t *ret)
{
	struct buf buf = {0};

	put_text(&buf, claim->namespace);
	put_text(&buf, claim->name);
	put_text(&buf, claim->uid);
	buf_put(&buf, &claim->created, sizeof(claim->created));
	buf_putc(&buf, claim->labelled ? 'l' : '-');
	buf_putc(&buf, claim->host_network ? 'h' : '-');
	buf_putc(&buf, claim->stopped ? 's' : '-');
	for (size_t i = 0; i < claim->labels.count; i++) {
		put_text(&buf, claim->labels.items[i].key);
		put_text(&buf, claim->labels.items[i].value);
	}
	*ret = buf.error < 0 ? 0 : hash_bytes(table->seed, buf.data, buf.length);
	buf_clear(&buf);
	return buf.error;
}

static void withdraw(const struct cri_table *table, const struct entry *entry)
{
	table->events.withdraw(table->events.context, CLAIM_CRI, entry->place, entry->id);
}

/* Tells it unless it was told as it is. */
static int tell(const struct cri_table *table, struct entry *entry, const char *place,
		const struct cri_sandbox *sandbox)
{
	const struct claim claim = {.source = CLAIM_CRI,
				    .place = place,
				    .sandbox = entry->id,
				    .namespace = sandbox->namespace,
				    .name = sandbox->name,
				    .uid = sandbox->uid,
				    .labelled = sandbox->labelled,
				    .labels = sandbox->labels,
				    .host_network = entry->host_network,
				    .stopped = !sandbox->ready,
				    .created = sandbox->created};
	uint64_t fingerprint;
	int r = get_fingerprint(table, &claim, &fingerprint);

	if (r < 0 || (entry->place == place && entry->fingerprint == fingerprint))
		return r;
	table->events.claim(table->events.context, &claim);
	if (entry->place && entry->place != place)
		withdraw(table, entry);
	entry->place = place;
	entry->fingerprint = fingerprint;
	return 0;
}

static int take(struct cri_table *table, const char *place, const struct cri_sandbox *sandbox,
		int64_t now)
{
	struct entry *entry = demand(table, sandbox->id);

	if (!entry)
		return -ENOMEM;
	if (entry->place && entry->place != place && !entry->unsure)
		return 0;
	entry->seen = true;
	entry->unsure = false;
	entry->ready = sandbox->ready;
	entry->host_network |= sandbox->host_network;
	entry->want_due = NEVER;
	if (!entry->place && !entry->asked_for)
		entry->status_due = now + CRI_STATUS_AFTER_NS;
	if (!entry->ready || entry->host_network)
		entry->status_due = NEVER;
	return tell(table, entry, place, sandbox);
}

/* Of a sandbox that was asked for and is not in the answer. */
static void miss(struct entry *entry, int64_t now)
{
	int64_t age = now - entry->wanted_since;

	if (entry->want_due > now)
		return;
	entry->want_due = age >= CRI_WANT_GIVE_UP_NS
			      ? NEVER
			      : now + earlier(later(age / 2, CRI_WANT_LEAST_NS), CRI_WANT_MOST_NS);
}

/* Is there nothing left to say of it after an answer with all sandboxes of the place? */
static bool is_gone(const struct entry *entry, const char *place, int64_t now)
{
	if (entry->place)
		return entry->place == place && !entry->seen;
	return entry->want_due == NEVER && now - entry->wanted_last >= REMEMBER_NS;
}

static void sweep(struct cri_table *table, const char *place, int64_t now)
{
	size_t kept = 0;

	for (size_t i = 0; i < table->count; i++) {
		struct entry *entry = table->entries[i];

		if (is_gone(entry, place, now)) {
			if (entry->place)
				withdraw(table, entry);
			free_entry(entry);
			continue;
		}
		if (!entry->place)
			miss(entry, now);
		table->entries[kept++] = entry;
	}
	table->count = kept;
}

static void end_status(struct entry *entry, bool answered, int64_t now)
{
	entry->status_tries++;
	entry->status_due =
	    answered || entry->status_tries >= CRI_STATUS_TRIES ? NEVER : now + CRI_LIST_NS;
}

static int take_all(struct cri_table *table, const char *place, const struct cri_answer *answer,
		    int64_t now)
{
	for (size_t i = 0; i < answer->count; i++) {
		int r = take(table, place, &answer->items[i], now);

		if (r < 0)
			return r;
	}
	return 0;
}

static void end_question(struct cri_table *table, const struct cri_question *question,
			 const char *place, int64_t now)
{
	struct entry *entry = question->id ? get(table, question->id) : NULL;

	if (question->subject == CRI_LIST_ALL) {
		table->list_due = now + CRI_LIST_NS;
		sweep(table, place, now);
	} else if (question->subject == CRI_STATUS) {
		end_status(entry, entry->seen, now);
	} else if (!entry->seen) {
		miss(entry, now);
	}
}

int cri_table_answer(struct cri_table *table, const struct cri_question *question,
		     const char *place, const struct cri_answer *answer, int64_t now)
{
	int r;

	for (size_t i = 0; i < table->count; i++)
		table->entries[i]->seen = false;
	r = take_all(table, place, answer, now);
	if (r == 0)
		end_question(table, question, place, now);
	else
		table->list_due = now;
	return r;
}

void cri_table_fail(struct cri_table *table, const char *place)
{
	for (size_t i = 0; i < table->count; i++)
		table->entries[i]->unsure |= table->entries[i]->place == place;
}

void cri_table_refuse(struct cri_table *table, const struct cri_question *question, int64_t now)
{
	struct entry *entry = get(table, question->id);

	end_status(entry, false, now);
}
