#include "identity/interval.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "identity/interval_registry.h"
#include "identity/pod_join.h"

#define BUCKETS_MIN 64

struct registry *registry_new(void)
{
	struct registry *registry = calloc(1, sizeof(*registry));

	if (!registry)
		return NULL;
	registry->seed = hash_seed_random();
	registry->forgotten = INT64_MIN;
	registry->named = calloc(BUCKETS_MIN, sizeof(*registry->named));
	registry->named_buckets = BUCKETS_MIN;
	if (tenures_init(&registry->tenures) < 0 || !registry->named)
		return registry_free(registry);
	return registry;
}

static struct registry_entry *entry_free(struct registry_entry *entry)
{
	if (entry) {
		pod_clear(&entry->pod);
		free(entry);
	}
	return NULL;
}

struct registry *registry_free(struct registry *registry)
{
	if (!registry)
		return NULL;
	for (size_t i = 0; i < registry->count; i++)
		entry_free(registry->entries[i]);
	tenures_clear(&registry->tenures);
	free(registry->entries);
	free(registry->named);
	free(registry);
	return NULL;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* There must be room. */
static void tenure_add(struct registry *registry, struct registry_entry *entry,
		       const struct pod_address *address)
{
	const struct tenure tenure = {.entry = entry,
				      .number = entry->number,
				      .disputed = *entry->pod.conflict != '\0',
				      .nameless = pod_is_nameless(&entry->pod),
				      .since = address->since,
				      .until = address->until,
				      .exact = address->exact};

	tenure_list_add(tenures_find(&registry->tenures, address->address), &tenure);
}

static void tenure_remove(struct registry *registry, const struct registry_entry *entry,
			  const struct pod_address *address)
{
	struct tenure_list *list = tenures_find(&registry->tenures, address->address);

	tenure_list_drop(list, tenure_list_find(list, entry, address->since, address->until));
}

static uint64_t name_hash(const struct registry *registry, const struct pod *pod)
{
	const char *const parts[] = {pod->namespace, pod->name, pod->uid};
	uint64_t hashes[3];

	if (*pod->sandbox)
		return hash_bytes(registry->seed, pod->sandbox, strlen(pod->sandbox));
	for (size_t i = 0; i < 3; i++)
		hashes[i] = hash_bytes(registry->seed, parts[i], strlen(parts[i]));
	return hash_bytes(registry->seed, hashes, sizeof(hashes));
}

static bool is_same_sandbox(const struct pod *a, const struct pod *b)
{
	return strcmp(a->sandbox, b->sandbox) == 0 && (*a->sandbox || pods_are_one(a, b));
}

static struct registry_entry *entry_find(const struct registry *registry, const struct pod *pod,
					 uint64_t hash)
{
	struct registry_entry *entry = registry->named[hash & (registry->named_buckets - 1)];

	while (entry && (entry->hash != hash || !is_same_sandbox(&entry->pod, pod)))
		entry = entry->next;
	return entry;
}

static void named_link(struct registry *registry, struct registry_entry *entry)
{
	size_t at = entry->hash & (registry->named_buckets - 1);

	entry->next = registry->named[at];
	registry->named[at] = entry;
}

static void named_unlink(struct registry *registry, struct registry_entry *entry)
{
	struct registry_entry **link =
	    &registry->named[entry->hash & (registry->named_buckets - 1)];

	while (*link != entry)
		link = &(*link)->next;
	*link = entry->next;
}

static void named_grow(struct registry *registry)
{
	size_t buckets = registry->named_buckets * 2;
	struct registry_entry **grown = calloc(buckets, sizeof(*grown));

	if (!grown)
		return;
	free(registry->named);
	registry->named = grown;
	registry->named_buckets = buckets;
	for (size_t i = 0; i < registry->count; i++)
		named_link(registry, registry->entries[i]);
}

static int entries_reserve(struct registry *registry)
{
	size_t capacity = registry->capacity ? registry->capacity * 2 : 16;
	struct registry_entry **entries;

	if (registry->count < registry->capacity)
		return 0;
	entries = reallocarray(registry->entries, capacity, sizeof(struct registry_entry *));
	if (!entries)
		return -ENOMEM;
	registry->entries = entries;
	registry->capacity = capacity;
	return 0;
}

static struct registry_entry *entry_new(uint64_t hash)
{
	struct registry_entry *entry = calloc(1, sizeof(*entry));

	if (entry)
		entry->hash = hash;
	return entry;
}

/* The numbers in entries ascend. */
struct registry_entry *registry_entry(const struct registry *registry, uint32_t number)
{
	size_t low = 0, high = registry->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (registry->entries[middle]->number == number)
			return registry->entries[middle];
		if (registry->entries[middle]->number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static int addresses_reserve(struct registry *registry, const struct pod_address *addresses,
			     size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!tenures_need(&registry->tenures, addresses[i].address, count))
			return -ENOMEM;
	}
	return 0;
}

static void tidy(struct registry *registry, struct addr address)
{
	struct tenure_list *list = tenures_find(&registry->tenures, address);

	if (list)
		tenures_tidy(&registry->tenures, list);
}

/* All room was reserved: cannot fail. *pod becomes what the entry had. */
static void entry_replace(struct registry *registry, struct registry_entry *entry, struct pod *pod)
{
	const struct pod had = entry->pod;

	for (size_t i = 0; i < had.address_count; i++)
		tenure_remove(registry, entry, &had.addresses[i]);
	entry->pod = *pod;
	*pod = had;
	for (size_t i = 0; i < entry->pod.address_count; i++)
		tenure_add(registry, entry, &entry->pod.addresses[i]);
	for (size_t i = 0; i < had.address_count; i++)
		tidy(registry, had.addresses[i].address);
}

static void entry_enter(struct registry *registry, struct registry_entry *entry)
{
	entry->number = ++registry->last_number;
	registry->entries[registry->count++] = entry;
	named_link(registry, entry);
	if (registry->count > registry->named_buckets)
		named_grow(registry);
}

/* The pod as the entry shall have it, with room for its tenures. */
static int entry_join(struct registry *registry, const struct registry_entry *entry,
		      const struct pod *given, struct pod *ret)
{
	struct pod joined;
	int r = pod_join(entry->number ? &entry->pod : NULL, given, &joined);

	if (r < 0)
		return r;
	r = addresses_reserve(registry, joined.addresses, joined.address_count);
	if (r < 0)
		pod_clear(&joined);
	else
		*ret = joined;
	return r;
}

int registry_put(struct registry *registry, const struct pod *pod, uint32_t *ret_number,
		 bool *ret_changed)
{
	uint64_t hash = name_hash(registry, pod);
	struct registry_entry *entry = entry_find(registry, pod, hash), *fresh = NULL;
	struct pod joined = {0};
	int r = 0;

	if (!entry) {
		entry = fresh = entry_new(hash);
		r = fresh ? entries_reserve(registry) : -ENOMEM;
	}
	if (r == 0)
		r = entry_join(registry, entry, pod, &joined);
	if (r < 0) {
		entry_free(fresh);
		return r;
	}
	*ret_changed = fresh || !pods_equal(&entry->pod, &joined);
	if (fresh)
		entry_enter(registry, fresh);
	else
		registry->nameless_count -= pod_is_nameless(&entry->pod);
	registry->nameless_count += pod_is_nameless(&joined);
	if (*ret_changed)
		entry_replace(registry, entry, &joined);
	pod_clear(&joined);
	*ret_number = entry->number;
	return 0;
}

bool registry_end(struct registry *registry, uint32_t number, int64_t when)
{
	struct registry_entry *entry = registry_entry(registry, number);
	bool ended = false;

	if (!entry)
		return false;
	for (size_t i = 0; i < entry->pod.address_count; i++) {
		struct pod_address *address = &entry->pod.addresses[i];

		if (address->until != INTERVAL_OPEN)
			continue;
		tenure_remove(registry, entry, address);
		address->until = when > address->since ? when : address->since;
		tenure_add(registry, entry, address);
		ended = true;
	}
	if (!pod_is_ended(&entry->pod)) {
		entry->pod.ended = when;
		ended = true;
	}
	return ended;
}

const struct pod *registry_get(const struct registry *registry, uint32_t number)
{
	const struct registry_entry *entry = registry_entry(registry, number);

	return entry && !pod_is_nameless(&entry->pod) ? &entry->pod : NULL;
}

uint32_t registry_find(const struct registry *registry, const char *sandbox)
{
	char empty[] = "";
	const struct pod pod = {
	    .namespace = empty, .name = empty, .uid = empty, .sandbox = (char *)(uintptr_t)sandbox};
	const struct registry_entry *entry =
	    *sandbox ? entry_find(registry, &pod, name_hash(registry, &pod)) : NULL;

	return entry && !pod_is_nameless(&entry->pod) ? entry->number : 0;
}

uint32_t registry_after(const struct registry *registry, uint32_t number)
{
	size_t low = 0, high = registry->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (registry->entries[middle]->number <= number)
			low = middle + 1;
		else
			high = middle;
	}
	while (low < registry->count && pod_is_nameless(&registry->entries[low]->pod))
		low++;
	return low < registry->count ? registry->entries[low]->number : 0;
}

size_t registry_count(const struct registry *registry)
{
	return registry->count - registry->nameless_count;
}

/* Removes what ended before the moment; true if nothing is left. */
static bool entry_forget(struct registry *registry, struct registry_entry *entry, int64_t before)
{
	struct pod *pod = &entry->pod;
	size_t had = pod->address_count, kept = 0;

	for (size_t i = 0; i < had; i++) {
		const struct pod_address address = pod->addresses[i];

		if (address.until >= before) {
			pod->addresses[kept++] = address;
			continue;
		}
		if (address.until > registry->forgotten)
			registry->forgotten = address.until;
		tenure_remove(registry, entry, &address);
		tidy(registry, address.address);
	}
	pod->address_count = kept;
	return kept == 0 && (had > 0 || (pod_is_ended(pod) && pod->ended < before));
}

static void list_forget(struct registry *registry, struct tenure_list *list, int64_t before)
{
	for (size_t i = list->count; i-- > 0;)
		if (!list->items[i].entry && list->items[i].until < before)
			tenure_list_drop(list, i);
	tenures_tidy(&registry->tenures, list);
}

static void forget_echoes(struct registry *registry, int64_t before)
{
	for (size_t i = 0; i < registry->tenures.bucket_count; i++) {
		struct tenure_list *next;

		for (struct tenure_list *list = registry->tenures.buckets[i]; list; list = next) {
			next = list->next;
			list_forget(registry, list, before);
		}
	}
}

void registry_forget(struct registry *registry, int64_t before, registry_needed_fn *is_needed,
		     void *context)
{
	size_t kept = 0;

	for (size_t i = 0; i < registry->count; i++) {
		struct registry_entry *entry = registry->entries[i];

		if ((is_needed && is_needed(context, entry->number)) ||
		    !entry_forget(registry, entry, before)) {
			registry->entries[kept++] = entry;
			continue;
		}
		registry->nameless_count -= pod_is_nameless(&entry->pod);
		named_unlink(registry, entry);
		entry_free(entry);
	}
	registry->count = kept;
	if (registry->has_echoes)
		forget_echoes(registry, before);
}

void registry_lacks(struct registry *registry, int64_t before)
{
	if (before > registry->forgotten)
		registry->forgotten = before;
}

int64_t registry_forgotten(const struct registry *registry)
{
	return registry->forgotten;
}

/* Of one pod there is one echo, as long as all of them. */
static void echo_join(struct tenure_list *list, struct tenure *echo)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct tenure had = list->items[i];

		if (had.entry || had.number != echo->number)
			continue;
		echo->since = earlier(echo->since, had.since);
		echo->until = later(echo->until, had.until);
		tenure_list_drop(list, i);
		return;
	}
}

static void echo_add(struct registry *registry, const struct registry_entry *entry,
		     const struct pod_address *address, struct span twice)
{
	struct tenure_list *list;
	struct tenure echo = {.number = entry->number,
			      .since = later(address->since, twice.from),
			      .until = earlier(address->until, twice.until)};

	if (echo.since >= registry->skipped.from)
		echo.since = later(echo.since, registry->skipped.until);
	if (echo.since >= echo.until)
		return;
	list = tenures_need(&registry->tenures, address->address, 1);
	if (!list) {
		registry->muddled.until = later(registry->muddled.until, echo.until);
		return;
	}
	echo_join(list, &echo);
	tenure_list_add_echo(list, &echo);
	registry->has_echoes = true;
}

static void entry_shift(struct registry *registry, struct registry_entry *entry, struct span twice)
{
	struct pod *pod = &entry->pod;
	int64_t now = twice.from;

	for (size_t i = 0; i < pod->address_count; i++) {
		struct pod_address *address = &pod->addresses[i];
		bool open = address->until == INTERVAL_OPEN;

		echo_add(registry, entry, address, twice);
		if (address->since <= now && (open || address->until <= now))
			continue;
		tenure_remove(registry, entry, address);
		address->since = earlier(address->since, now);
		if (!open)
			address->until = earlier(address->until, now);
		tenure_add(registry, entry, address);
	}
	pod_sort_addresses(pod->addresses, pod->address_count);
	if (pod_is_ended(pod))
		pod->ended = earlier(pod->ended, now);
}

/* Set forward, no moment was lived twice, and all that is known of the past is as it was. */
void registry_shift(struct registry *registry, int64_t now, int64_t delta)
{
	const struct span twice = {now, now - delta};

	if (delta >= 0) {
		registry->skipped = (struct span){now - delta, now};
		return;
	}
	if (registry->muddled.until <= now)
		registry->muddled = (struct span){now, now};
	for (size_t i = 0; i < registry->count; i++)
		entry_shift(registry, registry->entries[i], twice);
	registry->forgotten = earlier(registry->forgotten, now);
	registry->skipped = (struct span){0};
}

/* Of too many the first two become one, with all that is between them. */
void registry_unwatched(struct registry *registry, int64_t from, int64_t until, int64_t linger)
{
	struct span *spans = registry->unwatched;
	size_t at = registry->unwatched_count;

	registry->linger = later(registry->linger, linger);
	if (at == REGISTRY_UNWATCHED_MAX) {
		spans[0].until = spans[1].until > spans[0].until ? spans[1].until : spans[0].until;
		memmove(&spans[1], &spans[2], (at - 2) * sizeof(*spans));
		at--;
	}
	registry->unwatched_count = at + 1;
	for (; at > 0 && spans[at - 1].from > from; at--)
		spans[at] = spans[at - 1];
	spans[at] = (struct span){from, until};
}
