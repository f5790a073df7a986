#include "identity/merge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "identity/holding.h"
#include "identity/sandbox.h"
#include "identity/word.h"

#define BUCKETS_MIN 64u
#define SOURCES_TEXT_MAX 160

struct merge {
	struct merge_events events;
	struct hash_seed seed;
	struct holdings *holdings;
	struct sandbox **sandboxes;
	size_t bucket_count;
	size_t count;
	size_t silent_count;
	size_t expendable_count;
	size_t expendable_at; /* no bucket before has one, or not for long */
	bool held;
	bool overfull; /* said so */
};

static bool is_one_pod(const struct holder *a, const struct holder *b)
{
	return sandbox_is_same_pod((const struct sandbox *)a, (const struct sandbox *)b);
}

struct merge *merge_new(const struct merge_events *events)
{
	struct merge *merge = calloc(1, sizeof(*merge));

	if (!merge)
		return NULL;
	merge->events = *events;
	merge->seed = hash_seed_random();
	merge->holdings = holdings_new(is_one_pod);
	merge->bucket_count = BUCKETS_MIN;
	merge->sandboxes = calloc(BUCKETS_MIN, sizeof(struct sandbox *));
	return merge->holdings && merge->sandboxes ? merge : merge_free(merge);
}

/* ---- sandboxes ---- */

struct merge *merge_free(struct merge *merge)
{
	if (!merge)
		return NULL;
	for (size_t i = 0; merge->sandboxes && i < merge->bucket_count; i++) {
		while (merge->sandboxes[i]) {
			struct sandbox *sandbox = merge->sandboxes[i];

			merge->sandboxes[i] = sandbox->next;
			holdings_clear(merge->holdings, &sandbox->holder);
			sandbox_free(sandbox);
		}
	}
	holdings_free(merge->holdings);
	free(merge->sandboxes);
	free(merge);
	return NULL;
}

static uint64_t id_hash(const struct merge *merge, const char *id)
{
	return hash_bytes(merge->seed, id, strlen(id));
}

static struct sandbox *sandbox_find(const struct merge *merge, const char *id)
{
	uint64_t hash = id_hash(merge, id);
	struct sandbox *sandbox = merge->sandboxes[hash & (merge->bucket_count - 1)];

	while (sandbox && (sandbox->hash != hash || strcmp(sandbox->id, id) != 0))
		sandbox = sandbox->next;
	return sandbox;
}

static void sandbox_link(struct sandbox **buckets, size_t bucket_count, struct sandbox *sandbox)
{
	struct sandbox **bucket = &buckets[sandbox->hash & (bucket_count - 1)];

	sandbox->next = *bucket;
	*bucket = sandbox;
}

/* A table that cannot grow works on, only slower. */
static void sandboxes_grow(struct merge *merge)
{
	size_t bucket_count = merge->bucket_count * 2;
	struct sandbox **grown = calloc(bucket_count, sizeof(struct sandbox *));

	if (!grown)
		return;
	for (size_t i = 0; i < merge->bucket_count; i++) {
		while (merge->sandboxes[i]) {
			struct sandbox *sandbox = merge->sandboxes[i];

			merge->sandboxes[i] = sandbox->next;
			sandbox_link(grown, bucket_count, sandbox);
		}
	}
	free(merge->sandboxes);
	merge->sandboxes = grown;
	merge->bucket_count = bucket_count;
}

static void sandbox_drop(struct merge *merge, struct sandbox **link)
{
	struct sandbox *sandbox = *link;

	*link = sandbox->next;
	merge->count--;
	merge->silent_count -= sandbox->silent;
	merge->expendable_count -= sandbox->expendable;
	merge->overfull = false;
	holdings_clear(merge->holdings, &sandbox->holder);
	sandbox_free(sandbox);
}

static void drop_expendable(struct merge *merge)
{
	for (size_t i = 0; i < merge->bucket_count; i++) {
		size_t at = (merge->expendable_at + i) & (merge->bucket_count - 1);
		struct sandbox **link = &merge->sandboxes[at];

		while (*link && !(*link)->expendable)
			link = &(*link)->next;
		if (*link) {
			merge->expendable_at = at;
			sandbox_drop(merge, link);
			return;
		}
	}
}

static bool has_room(struct merge *merge, const char *id)
{
	if (merge->count >= MERGE_SANDBOXES_MAX && merge->expendable_count > 0)
		drop_expendable(merge);
	if (merge->count < MERGE_SANDBOXES_MAX)
		return true;
	if (!merge->overfull)
		merge->events.problem(merge->events.context, id,
				      "too many sandboxes: this and others are not known");
	merge->overfull = true;
	return false;
}

static int sandbox_add(struct merge *merge, const char *id, int64_t now, struct sandbox **ret)
{
	struct sandbox *sandbox;

	if (!has_room(merge, id))
		return -ENOSPC;
	sandbox = sandbox_new(id, id_hash(merge, id), now);
	if (!sandbox)
		return -ENOMEM;
	merge->silent_count++;
	if (merge->count >= merge->bucket_count)
		sandboxes_grow(merge);
	sandbox_link(merge->sandboxes, merge->bucket_count, sandbox);
	merge->count++;
	*ret = sandbox;
	return 0;
}

/* ---- addresses ---- */

static void earliest(int64_t *moment, int64_t told)
{
	if (told && (!*moment || told < *moment))
		*moment = told;
}

/* False: there is no room for one more. */
static bool add_evidence(struct evidence *told, size_t *count, const struct claim_address *address)
{
	size_t at = 0;

	while (at < *count && !addr_equal(told[at].address, address->address))
		at++;
	if (at == MERGE_ADDRESSES_MAX)
		return false;
	if (at == *count)
		told[(*count)++] =
		    (struct evidence){.address = address->address, .secondary = true};
	earliest(address->exact ? &told[at].exact : &told[at].plain, address->since);
	told[at].allocated = told[at].allocated || address->exact;
	told[at].secondary = told[at].secondary && address->secondary;
	return true;
}

static size_t gather(struct merge *merge, struct sandbox *sandbox, struct evidence *told)
{
	const struct word *beyond = NULL;
	size_t count = 0;

	for (const struct word *word = sandbox->words; word; word = word->next)
		for (size_t i = 0; !word->withdrawn && i < word->claim.address_count; i++)
			if (!add_evidence(told, &count, &word->claim.addresses[i]))
				beyond = word;
	if (beyond && !sandbox->crowded)
		merge->events.problem(merge->events.context, beyond->claim.place,
				      "too many addresses of one sandbox: some are not known");
	sandbox->crowded = beyond;
	return count;
}

/* It would own something only if those who say that it is gone said otherwise. */
static bool is_expendable(const struct sandbox *sandbox)
{
	return !sandbox->told && !sandbox->holder.first && !sandbox->remembered &&
	       sandbox_is_orphaned(sandbox);
}

static void count_again(struct merge *merge, struct sandbox *sandbox)
{
	merge->silent_count -= sandbox->silent;
	sandbox->silent = sandbox_is_silent(sandbox);
	merge->silent_count += sandbox->silent;
	merge->expendable_count -= sandbox->expendable;
	sandbox->expendable = is_expendable(sandbox);
	merge->expendable_count += sandbox->expendable;
}

static int look_for_conflict(struct merge *merge, struct sandbox *sandbox)
{
	struct buf subject = {0};
	bool news;
	int r;

	buf_printf(&subject, "sandbox %s", sandbox->id);
	r = subject.error ? -ENOMEM : sandbox_find_conflict(sandbox, &news);
	if (r == 0 && news)
		merge->events.problem(merge->events.context, subject.data, sandbox->conflict);
	buf_clear(&subject);
	return r;
}

static int settle(struct merge *merge, struct sandbox *sandbox, int64_t now)
{
	struct evidence told[MERGE_ADDRESSES_MAX];
	bool alive = sandbox_is_alive(sandbox);
	size_t count = alive ? gather(merge, sandbox, told) : 0;
	int r;

	r = holdings_settle(merge->holdings, &sandbox->holder, told, count,
			    sandbox_created(sandbox), now);
	if (r == 0)
		r = look_for_conflict(merge, sandbox);
	if (r < 0)
		return r;
	if (count > 0)
		sandbox->deserted = 0;
	else if (!sandbox->deserted && sandbox->holder.count > 0)
		sandbox->deserted = now;
	if (alive != (sandbox->ended == INTERVAL_OPEN))
		sandbox->ended = alive               ? INTERVAL_OPEN
				 : sandbox->deserted ? sandbox->deserted
						     : now;
	count_again(merge, sandbox);
	return 0;
}

/* ---- telling ---- */

static void print_sources(const struct sandbox *sandbox, char text[static SOURCES_TEXT_MAX])
{
	const char *last = "";
	size_t length = 0;

	text[0] = '\0';
	for (const struct word *word = sandbox->words; word; word = word->next) {
		size_t more = strlen(word->claim.source);

		if (word_is_memory(word) || strcmp(word->claim.source, last) == 0 ||
		    length + more + 2 > SOURCES_TEXT_MAX)
			continue;
		if (length > 0)
			text[length++] = ',';
		memcpy(&text[length], word->claim.source, more + 1);
		length += more;
		last = word->claim.source;
	}
}

static struct pod_address *list_addresses(const struct sandbox *sandbox, size_t *ret_count)
{
	struct pod_address *addresses = calloc(sandbox->holder.count + 1, sizeof(*addresses));
	size_t count = 0;

	for (const struct holding *holding = sandbox->holder.first; addresses && holding;
	     holding = holding->next)
		addresses[count++] = (struct pod_address){.address = holding->address,
							  .since = holding->since,
							  .until = holding->until,
							  .exact = holding->exact,
							  .secondary = holding->secondary};
	*ret_count = count;
	return addresses;
}

static struct pod_word *list_words(const struct sandbox *sandbox, size_t *ret_count)
{
	struct pod_word *words = calloc(sandbox->word_count + 1, sizeof(*words));
	size_t count = 0;

	for (const struct word *word = sandbox->words; words && word; word = word->next)
		if (!word_is_memory(word))
			words[count++] =
			    (struct pod_word){.source = (char *)(uintptr_t)word->claim.source,
					      .place = (char *)(uintptr_t)word->claim.place,
					      .said = word->said};
	*ret_count = count;
	return words;
}

static char *text(const char *borrowed)
{
	return (char *)(uintptr_t)borrowed;
}

static int tell_pod(struct merge *merge, struct sandbox *sandbox)
{
	char sources[SOURCES_TEXT_MAX];
	const struct word *labels = sandbox_labels(sandbox);
	struct pod pod = {
	    .namespace = text(sandbox_text(sandbox, SANDBOX_NAMESPACE)),
	    .name = text(sandbox_text(sandbox, SANDBOX_NAME)),
	    .uid = text(sandbox_text(sandbox, SANDBOX_UID)),
	    .sandbox = sandbox->id,
	    .source = sources,
	    .conflict = text(sandbox->conflict ? sandbox->conflict : ""),
	    .labelled = labels != NULL,
	    .host_network = sandbox_is_host_network(sandbox),
	    .created = sandbox_created(sandbox),
	    .ended = sandbox->ended,
	};

	if (labels)
		pod.labels = labels->claim.labels;
	print_sources(sandbox, sources);
	pod.addresses = list_addresses(sandbox, &pod.address_count);
	pod.words = list_words(sandbox, &pod.word_count);
	if (pod.addresses && pod.words) {
		merge->events.pod(merge->events.context, &pod);
		sandbox->told = true;
	}
	free(pod.addresses);
	free(pod.words);
	return pod.addresses && pod.words ? 0 : -ENOMEM;
}

/* A sandbox that was gone when it was first told of is no pod of this run; and one without a name
 * is one if it owns something. */
static bool is_to_tell(const struct sandbox *sandbox)
{
	return sandbox->told || sandbox->holder.first ||
	       (sandbox_is_named(sandbox) && sandbox->ended == INTERVAL_OPEN);
}

static int flush(struct merge *merge, int64_t now)
{
	struct holder *holder;

	while (!merge->held && (holder = holdings_take_changed(merge->holdings))) {
		struct sandbox *sandbox = (struct sandbox *)holder;
		int r = sandbox->unsettled ? settle(merge, sandbox, now) : 0;

		sandbox->unsettled = r < 0;
		if (r == 0 && is_to_tell(sandbox))
			r = tell_pod(merge, sandbox);
		if (r < 0) {
			holdings_mark_changed(merge->holdings, holder);
			return r;
		}
	}
	return 0;
}

static int change(struct merge *merge, struct sandbox *sandbox, int64_t now)
{
	int r = settle(merge, sandbox, now);

	sandbox->unsettled = r < 0;
	holdings_mark_changed(merge->holdings, &sandbox->holder);
	return r < 0 ? r : flush(merge, now);
}

static void say_overfull(struct merge *merge, struct sandbox *sandbox, const char *place)
{
	if (!sandbox->overfull)
		merge->events.problem(merge->events.context, place,
				      "too many places tell of one sandbox: this is left out");
	sandbox->overfull = true;
}

/* One that owns nothing is worth no place that another could have. */
static bool is_to_add(const struct merge *merge, const struct claim *claim)
{
	return !claim->orphaned || merge->count < MERGE_SANDBOXES_MAX;
}

int merge_claim(struct merge *merge, const struct claim *claim, int64_t now)
{
	struct sandbox *sandbox = sandbox_find(merge, claim->sandbox);
	struct word *word;
	int r = 0;

	if (!sandbox && !is_to_add(merge, claim))
		return 0;
	if (!sandbox)
		r = sandbox_add(merge, claim->sandbox, now, &sandbox);
	if (r < 0)
		return r;
	word = sandbox_word(sandbox, claim->source, claim->place);
	if (word && word_says(word, claim))
		return 0;
	if (!word && !sandbox_make_room(sandbox)) {
		say_overfull(merge, sandbox, claim->place);
		return -ENOSPC;
	}
	word = word_new(claim);
	if (!word)
		return -ENOMEM;
	sandbox_put(sandbox, word);
	return change(merge, sandbox, now);
}

int merge_withdraw(struct merge *merge, const char *source, const char *place, const char *sandbox,
		   int64_t now)
{
	struct sandbox *found = sandbox_find(merge, sandbox);
	struct word *word = found ? sandbox_word(found, source, place) : NULL;

	if (!word || word->withdrawn)
		return 0;
	word->withdrawn = true;
	found->overfull = false;
	return change(merge, found, now);
}

int merge_remember(struct merge *merge, const struct pod *pod, int64_t now)
{
	const struct claim claim = {.source = "",
				    .place = "",
				    .sandbox = pod->sandbox,
				    .namespace = pod->namespace,
				    .name = pod->name,
				    .uid = pod->uid,
				    .labelled = pod->labelled,
				    .labels = pod->labels,
				    .created = pod->created};
	struct sandbox *sandbox = sandbox_find(merge, pod->sandbox);
	struct word *word;
	int r = sandbox ? 0 : sandbox_add(merge, pod->sandbox, now, &sandbox);

	if (r == 0)
		r = sandbox_remember_conflict(sandbox, pod);
	if (r < 0)
		return r == -ENOSPC ? 0 : r;
	word = word_new(&claim);
	if (!word)
		return -ENOMEM;
	word->withdrawn = true;
	sandbox_put(sandbox, word);
	return change(merge, sandbox, now);
}

int merge_hold(struct merge *merge, bool hold, int64_t now)
{
	merge->held = hold;
	return flush(merge, now);
}

/* ---- time ---- */

static void print_pod(struct buf *line, const struct sandbox *sandbox)
{
	if (sandbox_is_named(sandbox))
		buf_printf(line, "%s/%s (%s)", sandbox_text(sandbox, SANDBOX_NAMESPACE),
			   sandbox_text(sandbox, SANDBOX_NAME), sandbox->id);
	else
		buf_printf(line, "one without a name (%s)", sandbox->id);
}

static void on_contest(void *context, struct addr address, struct holder *a, struct holder *b,
		       bool decided)
{
	struct merge *merge = context;
	char subject[ADDR_TEXT_MAX];
	struct buf line = {0};

	buf_puts(&line, "told of two sandboxes, ");
	print_pod(&line, (const struct sandbox *)a);
	buf_puts(&line, " and ");
	print_pod(&line, (const struct sandbox *)b);
	buf_puts(&line, decided ? ": it is the second's, to which it was allocated"
				: ": bound to neither");
	if (!line.error)
		merge->events.problem(merge->events.context, addr_format(address, subject),
				      line.data);
	buf_clear(&line);
}

static bool is_forgotten(const struct sandbox *sandbox, int64_t now)
{
	return sandbox->silent && !sandbox->holder.first && !sandbox->holder.changed_link &&
	       now - sandbox->ended > HOLDING_MEMORY_NS;
}

static void forget(struct merge *merge, int64_t now)
{
	for (size_t i = 0; merge->silent_count > 0 && i < merge->bucket_count; i++) {
		struct sandbox **link = &merge->sandboxes[i];

		while (*link) {
			if (is_forgotten(*link, now))
				sandbox_drop(merge, link);
			else
				link = &(*link)->next;
		}
	}
}

int merge_tick(struct merge *merge, int64_t now)
{
	holdings_tick(merge->holdings, now);
	if (!merge->held)
		holdings_visit_contested(merge->holdings, on_contest, merge);
	forget(merge, now);
	return flush(merge, now);
}

static int64_t not_after(int64_t moment, int64_t now)
{
	return moment > now && moment != INTERVAL_OPEN ? now : moment;
}

void merge_shift(struct merge *merge, int64_t now, int64_t delta)
{
	holdings_shift(merge->holdings, now, delta);
	for (size_t i = 0; i < merge->bucket_count; i++) {
		for (struct sandbox *sandbox = merge->sandboxes[i]; sandbox;
		     sandbox = sandbox->next) {
			sandbox->ended = not_after(sandbox->ended, now);
			sandbox->deserted = not_after(sandbox->deserted, now);
		}
	}
	flush(merge, now);
}

bool merge_is_waiting(const struct merge *merge)
{
	return merge->silent_count > 0 || holdings_wait(merge->holdings);
}

/* ---- what is known ---- */

bool merge_has(const struct merge *merge, const char *sandbox)
{
	const struct sandbox *found = sandbox_find(merge, sandbox);

	return found && sandbox_is_alive(found);
}

static bool has_address(const struct sandbox *sandbox)
{
	for (const struct holding *holding = sandbox->holder.first; holding;
	     holding = holding->next)
		if (holding->until == INTERVAL_OPEN)
			return true;
	return false;
}

struct merge_figures merge_figures(const struct merge *merge)
{
	struct merge_figures figures = {.contested = holdings_contested(merge->holdings)};

	for (size_t i = 0; i < merge->bucket_count; i++) {
		for (const struct sandbox *sandbox = merge->sandboxes[i]; sandbox;
		     sandbox = sandbox->next) {
			if (!sandbox_is_alive(sandbox))
				continue;
			figures.sandboxes++;
			figures.nameless += has_address(sandbox) && !sandbox_is_named(sandbox);
			figures.unlabelled += !sandbox_labels(sandbox);
			figures.conflicts += sandbox->conflict != NULL;
		}
	}
	return figures;
}
