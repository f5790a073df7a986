#include "identity/interval.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define BUCKETS_MIN 64
#define UNWATCHED_MAX 16u

struct entry {
	struct pod pod;
	uint32_t number;
	uint64_t hash; /* of the sandbox; where it is not known of namespace, name, uid */
	struct entry *next;
};

/* One pod's interval of one address. Or its echo: when it had it by a clock that was set back
 * since, so that the moments came, or will come, again. */
struct tenure {
	struct entry *entry; /* NULL: an echo */
	uint32_t number;     /* the entry's */
	bool exact;
	bool disputed; /* the pod has a conflict */
	bool nameless;
	int64_t since;
	int64_t until;
	int64_t reach; /* the latest until of this and all tenures before it: where a search
			  backwards may stop */
};

/* All who ever had an address, sorted by since, then number. */
struct owned {
	struct addr address;
	struct owned *next;
	struct tenure *tenures;
	size_t count;
	size_t capacity;
};

struct span {
	int64_t from, until;
};

struct registry {
	struct hash_seed seed;
	struct owned **owned;
	size_t owned_buckets;
	size_t owned_count;
	struct entry **named;
	size_t named_buckets;
	struct entry **entries; /* by number */
	size_t count;
	size_t nameless_count;
	size_t capacity;
	uint32_t last_number;
	struct span unwatched[UNWATCHED_MAX]; /* by from */
	int64_t linger;                       /* the longest that was said */
	size_t unwatched_count;
	int64_t forgotten; /* up to when */
	bool has_echoes;
	struct span skipped; /* by a clock that was set forward, and not lived since */
	struct span muddled; /* lived twice, and echoes are missing */
};

struct registry *registry_new(void)
{
	struct registry *registry = calloc(1, sizeof(*registry));

	if (!registry)
		return NULL;
	registry->seed = hash_seed_random();
	registry->forgotten = INT64_MIN;
	registry->owned = calloc(BUCKETS_MIN, sizeof(*registry->owned));
	registry->named = calloc(BUCKETS_MIN, sizeof(*registry->named));
	if (!registry->owned || !registry->named)
		return registry_free(registry);
	registry->owned_buckets = registry->named_buckets = BUCKETS_MIN;
	return registry;
}

static struct entry *entry_free(struct entry *entry)
{
	if (entry) {
		pod_clear(&entry->pod);
		free(entry);
	}
	return NULL;
}

static void owned_free(struct owned *owned)
{
	free(owned->tenures);
	free(owned);
}

struct registry *registry_free(struct registry *registry)
{
	if (!registry)
		return NULL;
	for (size_t i = 0; i < registry->count; i++)
		entry_free(registry->entries[i]);
	for (size_t i = 0; i < registry->owned_buckets; i++) {
		while (registry->owned[i]) {
			struct owned *next = registry->owned[i]->next;

			owned_free(registry->owned[i]);
			registry->owned[i] = next;
		}
	}
	free(registry->entries);
	free(registry->owned);
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

static uint64_t address_hash(const struct registry *registry, const struct addr *address)
{
	return hash_bytes(registry->seed, address, sizeof(*address));
}

static struct owned *owned_find(const struct registry *registry, struct addr address)
{
	size_t at = address_hash(registry, &address) & (registry->owned_buckets - 1);
	struct owned *owned = registry->owned[at];

	while (owned && memcmp(&owned->address, &address, sizeof(address)) != 0)
		owned = owned->next;
	return owned;
}

/* A table that cannot grow works on, only slower. */
static void owned_grow(struct registry *registry)
{
	size_t buckets = registry->owned_buckets * 2;
	struct owned **grown = calloc(buckets, sizeof(*grown));

	if (!grown)
		return;
	for (size_t i = 0; i < registry->owned_buckets; i++) {
		while (registry->owned[i]) {
			struct owned *owned = registry->owned[i];
			size_t at = address_hash(registry, &owned->address) & (buckets - 1);

			registry->owned[i] = owned->next;
			owned->next = grown[at];
			grown[at] = owned;
		}
	}
	free(registry->owned);
	registry->owned = grown;
	registry->owned_buckets = buckets;
}

static struct owned *owned_add(struct registry *registry, struct addr address)
{
	struct owned *owned = owned_find(registry, address);
	size_t at;

	if (owned)
		return owned;
	owned = calloc(1, sizeof(*owned));
	if (!owned)
		return NULL;
	if (registry->owned_count >= registry->owned_buckets)
		owned_grow(registry);
	at = address_hash(registry, &address) & (registry->owned_buckets - 1);
	owned->address = address;
	owned->next = registry->owned[at];
	registry->owned[at] = owned;
	registry->owned_count++;
	return owned;
}

static void owned_remove(struct registry *registry, struct owned *owned)
{
	size_t at = address_hash(registry, &owned->address) & (registry->owned_buckets - 1);
	struct owned **link = &registry->owned[at];

	while (*link != owned)
		link = &(*link)->next;
	*link = owned->next;
	registry->owned_count--;
	owned_free(owned);
}

static int owned_reserve(struct owned *owned, size_t more)
{
	size_t capacity = owned->capacity ? owned->capacity : 2;
	struct tenure *tenures;

	if (more <= owned->capacity - owned->count)
		return 0;
	while (capacity < owned->count + more)
		capacity *= 2;
	tenures = reallocarray(owned->tenures, capacity, sizeof(*tenures));
	if (!tenures)
		return -ENOMEM;
	owned->tenures = tenures;
	owned->capacity = capacity;
	return 0;
}

static void owned_set_reach(struct owned *owned, size_t from)
{
	for (size_t i = from; i < owned->count; i++) {
		struct tenure *tenure = &owned->tenures[i];

		tenure->reach = tenure->until;
		if (i > 0 && tenure[-1].reach > tenure->reach)
			tenure->reach = tenure[-1].reach;
	}
}

/* How many tenures began at or before the moment. */
static size_t owned_begun(const struct owned *owned, int64_t when)
{
	size_t low = 0, high = owned->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (owned->tenures[middle].since <= when)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Nobody knows who it is, but what it has is nobody else's. */
static bool is_nameless(const struct pod *pod)
{
	return !*pod->namespace || !*pod->name;
}

/* There must be room. */
static void tenure_insert(struct owned *owned, size_t at, const struct tenure *tenure)
{
	memmove(&owned->tenures[at + 1], &owned->tenures[at],
		(owned->count - at) * sizeof(*owned->tenures));
	owned->tenures[at] = *tenure;
	owned->count++;
	owned_set_reach(owned, at);
}

static void tenure_add(struct owned *owned, struct entry *entry, const struct pod_address *address)
{
	const struct tenure tenure = {.entry = entry,
				      .number = entry->number,
				      .disputed = *entry->pod.conflict != '\0',
				      .nameless = is_nameless(&entry->pod),
				      .since = address->since,
				      .until = address->until,
				      .exact = address->exact};
	size_t at = owned_begun(owned, address->since);

	while (at > 0 && owned->tenures[at - 1].since == address->since &&
	       owned->tenures[at - 1].number > entry->number)
		at--;
	tenure_insert(owned, at, &tenure);
}

static size_t tenure_find(const struct owned *owned, const struct entry *entry,
			  const struct pod_address *address)
{
	size_t at = owned_begun(owned, address->since);

	while (at-- > 0)
		if (owned->tenures[at].entry == entry && owned->tenures[at].until == address->until)
			return at;
	return SIZE_MAX;
}

static void tenure_drop(struct owned *owned, size_t at)
{
	owned->count--;
	memmove(&owned->tenures[at], &owned->tenures[at + 1],
		(owned->count - at) * sizeof(*owned->tenures));
	owned_set_reach(owned, at);
}

static void tenure_remove(struct registry *registry, const struct entry *entry,
			  const struct pod_address *address)
{
	struct owned *owned = owned_find(registry, address->address);

	tenure_drop(owned, tenure_find(owned, entry, address));
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

static bool is_same_pod(const struct pod *a, const struct pod *b)
{
	return a == b || (strcmp(a->uid, b->uid) == 0 && strcmp(a->name, b->name) == 0 &&
			  strcmp(a->namespace, b->namespace) == 0);
}

static bool is_same_sandbox(const struct pod *a, const struct pod *b)
{
	return strcmp(a->sandbox, b->sandbox) == 0 && (*a->sandbox || is_same_pod(a, b));
}

static struct entry *entry_find(const struct registry *registry, const struct pod *pod,
				uint64_t hash)
{
	struct entry *entry = registry->named[hash & (registry->named_buckets - 1)];

	while (entry && (entry->hash != hash || !is_same_sandbox(&entry->pod, pod)))
		entry = entry->next;
	return entry;
}

static void named_link(struct registry *registry, struct entry *entry)
{
	size_t at = entry->hash & (registry->named_buckets - 1);

	entry->next = registry->named[at];
	registry->named[at] = entry;
}

static void named_unlink(struct registry *registry, struct entry *entry)
{
	struct entry **link = &registry->named[entry->hash & (registry->named_buckets - 1)];

	while (*link != entry)
		link = &(*link)->next;
	*link = entry->next;
}

static void named_grow(struct registry *registry)
{
	size_t buckets = registry->named_buckets * 2;
	struct entry **grown = calloc(buckets, sizeof(*grown));

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
	struct entry **entries;

	if (registry->count < registry->capacity)
		return 0;
	entries = reallocarray(registry->entries, capacity, sizeof(struct entry *));
	if (!entries)
		return -ENOMEM;
	registry->entries = entries;
	registry->capacity = capacity;
	return 0;
}

static struct entry *entry_new(uint64_t hash)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	if (entry)
		entry->hash = hash;
	return entry;
}

/* The numbers in entries ascend. */
static struct entry *entry_get(const struct registry *registry, uint32_t number)
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

/* Of one sandbox, intervals of an address that overlap are one. */
static bool is_one(const struct pod_address *a, const struct pod_address *b)
{
	return addr_equal(a->address, b->address) &&
	       (a->since == b->since || (a->since < b->until && b->since < a->until));
}

/* given: sorted. */
static bool is_continued(const struct pod_address *had, struct pod_address *given, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!is_one(had, &given[i]))
			continue;
		if (!given[i].exact && had->since < given[i].since)
			given[i].since = had->since, given[i].exact = had->exact;
		return true;
	}
	return false;
}

static int compare_addresses(const void *a, const void *b)
{
	const struct pod_address *x = a, *y = b;

	if (x->since != y->since)
		return x->since < y->since ? -1 : 1;
	return addr_compare(x->address, y->address);
}

/* The addresses that the entry shall have: those given, and its ended ones that are not given
 * again. */
static int addresses_join(const struct entry *entry, const struct pod *given,
			  struct pod_address **ret, size_t *ret_count)
{
	const struct pod *had = &entry->pod;
	size_t count = given->address_count;
	struct pod_address *joined =
	    calloc(count + had->address_count + 1, sizeof(struct pod_address));

	if (!joined)
		return -ENOMEM;
	if (count > 0)
		memcpy(joined, given->addresses, count * sizeof(*joined));
	for (size_t i = 0; i < count; i++)
		if (joined[i].until < joined[i].since)
			joined[i].until = joined[i].since;
	qsort(joined, count, sizeof(*joined), compare_addresses);
	for (size_t i = 0; i < had->address_count; i++)
		if (!is_continued(&had->addresses[i], joined, given->address_count) &&
		    had->addresses[i].until != INTERVAL_OPEN)
			joined[count++] = had->addresses[i];
	qsort(joined, count, sizeof(*joined), compare_addresses);
	*ret = joined;
	*ret_count = count;
	return 0;
}

static bool addresses_equal(const struct pod_address *a, const struct pod_address *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!addr_equal(a[i].address, b[i].address) || a[i].since != b[i].since ||
		    a[i].until != b[i].until || a[i].exact != b[i].exact ||
		    a[i].secondary != b[i].secondary)
			return false;
	return true;
}

static bool words_equal(const struct pod *a, const struct pod *b)
{
	if (a->word_count != b->word_count)
		return false;
	for (size_t i = 0; i < a->word_count; i++)
		if (strcmp(a->words[i].source, b->words[i].source) != 0 ||
		    strcmp(a->words[i].place, b->words[i].place) != 0 ||
		    strcmp(a->words[i].said, b->words[i].said) != 0)
			return false;
	return true;
}

static bool is_ended(const struct pod *pod)
{
	return pod->ended != 0 && pod->ended != INTERVAL_OPEN;
}

static bool pods_equal(const struct pod *a, const struct pod *b)
{
	return is_same_pod(a, b) && strcmp(a->source, b->source) == 0 &&
	       strcmp(a->conflict, b->conflict) == 0 && a->labelled == b->labelled &&
	       a->host_network == b->host_network && a->created == b->created &&
	       is_ended(a) == is_ended(b) && (!is_ended(a) || a->ended == b->ended) &&
	       a->address_count == b->address_count &&
	       addresses_equal(a->addresses, b->addresses, a->address_count) &&
	       labels_equal(&a->labels, &b->labels) && words_equal(a, b);
}

/* Who ended with its addresses did not live on, or again, without one. */
static bool ended_before(const struct pod *had, const struct pod *given)
{
	return is_ended(had) && had->address_count > 0 && given->address_count == 0 &&
	       (!is_ended(given) || given->ended > had->ended);
}

/* What is not said of the pod now, and was before, is still so. */
static struct pod fill_in(const struct pod *given, const struct pod *had)
{
	struct pod pod = *given;

	if (!*pod.namespace)
		pod.namespace = had->namespace;
	if (!*pod.name)
		pod.name = had->name;
	if (!*pod.uid)
		pod.uid = had->uid;
	if (!pod.labelled)
		pod.labelled = had->labelled, pod.labels = had->labels;
	if (!pod.created)
		pod.created = had->created;
	if (ended_before(had, given))
		pod.ended = had->ended;
	return pod;
}

static int addresses_reserve(struct registry *registry, const struct pod_address *addresses,
			     size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct owned *owned = owned_add(registry, addresses[i].address);

		if (!owned || owned_reserve(owned, count) < 0)
			return -ENOMEM;
	}
	return 0;
}

static void owned_drop(struct registry *registry, struct addr address)
{
	struct owned *owned = owned_find(registry, address);

	if (owned && owned->count == 0)
		owned_remove(registry, owned);
}

/* All room was reserved: cannot fail. *pod becomes what the entry had. */
static void entry_replace(struct registry *registry, struct entry *entry, struct pod *pod)
{
	const struct pod had = entry->pod;

	for (size_t i = 0; i < had.address_count; i++)
		tenure_remove(registry, entry, &had.addresses[i]);
	entry->pod = *pod;
	*pod = had;
	for (size_t i = 0; i < entry->pod.address_count; i++)
		tenure_add(owned_find(registry, entry->pod.addresses[i].address), entry,
			   &entry->pod.addresses[i]);
	for (size_t i = 0; i < had.address_count; i++)
		owned_drop(registry, had.addresses[i].address);
}

static void entry_enter(struct registry *registry, struct entry *entry)
{
	entry->number = ++registry->last_number;
	registry->entries[registry->count++] = entry;
	named_link(registry, entry);
	if (registry->count > registry->named_buckets)
		named_grow(registry);
}

/* The pod as the entry shall have it. */
static int pod_join(struct registry *registry, const struct entry *entry, const struct pod *given,
		    struct pod *ret)
{
	struct pod_address *addresses = NULL;
	struct pod pod = entry->number ? fill_in(given, &entry->pod) : *given;
	int r = addresses_join(entry, given, &addresses, &pod.address_count);

	pod.addresses = addresses;
	if (r == 0)
		r = addresses_reserve(registry, addresses, pod.address_count);
	if (r == 0)
		r = pod_copy(&pod, ret);
	free(addresses);
	return r;
}

int registry_put(struct registry *registry, const struct pod *pod, uint32_t *ret_number,
		 bool *ret_changed)
{
	uint64_t hash = name_hash(registry, pod);
	struct entry *entry = entry_find(registry, pod, hash), *fresh = NULL;
	struct pod joined = {0};
	int r = 0;

	if (!entry) {
		entry = fresh = entry_new(hash);
		r = fresh ? entries_reserve(registry) : -ENOMEM;
	}
	if (r == 0)
		r = pod_join(registry, entry, pod, &joined);
	if (r < 0) {
		entry_free(fresh);
		return r;
	}
	*ret_changed = fresh || !pods_equal(&entry->pod, &joined);
	if (fresh)
		entry_enter(registry, fresh);
	else
		registry->nameless_count -= is_nameless(&entry->pod);
	registry->nameless_count += is_nameless(&joined);
	if (*ret_changed)
		entry_replace(registry, entry, &joined);
	pod_clear(&joined);
	*ret_number = entry->number;
	return 0;
}

bool registry_end(struct registry *registry, uint32_t number, int64_t when)
{
	struct entry *entry = entry_get(registry, number);
	bool ended = false;

	if (!entry)
		return false;
	for (size_t i = 0; i < entry->pod.address_count; i++) {
		struct pod_address *address = &entry->pod.addresses[i];

		if (address->until != INTERVAL_OPEN)
			continue;
		tenure_remove(registry, entry, address);
		address->until = when > address->since ? when : address->since;
		tenure_add(owned_find(registry, address->address), entry, address);
		ended = true;
	}
	if (!is_ended(&entry->pod)) {
		entry->pod.ended = when;
		ended = true;
	}
	return ended;
}

const struct pod *registry_get(const struct registry *registry, uint32_t number)
{
	const struct entry *entry = entry_get(registry, number);

	return entry && !is_nameless(&entry->pod) ? &entry->pod : NULL;
}

uint32_t registry_find(const struct registry *registry, const char *sandbox)
{
	char empty[] = "";
	const struct pod pod = {
	    .namespace = empty, .name = empty, .uid = empty, .sandbox = (char *)(uintptr_t)sandbox};
	const struct entry *entry =
	    *sandbox ? entry_find(registry, &pod, name_hash(registry, &pod)) : NULL;

	return entry && !is_nameless(&entry->pod) ? entry->number : 0;
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
	while (low < registry->count && is_nameless(&registry->entries[low]->pod))
		low++;
	return low < registry->count ? registry->entries[low]->number : 0;
}

size_t registry_count(const struct registry *registry)
{
	return registry->count - registry->nameless_count;
}

/* Removes what ended before the moment; true if nothing is left. */
static bool entry_forget(struct registry *registry, struct entry *entry, int64_t before)
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
		owned_drop(registry, address.address);
	}
	pod->address_count = kept;
	return kept == 0 && (had > 0 || (is_ended(pod) && pod->ended < before));
}

static void owned_forget(struct registry *registry, struct owned *owned, int64_t before)
{
	for (size_t i = owned->count; i-- > 0;)
		if (!owned->tenures[i].entry && owned->tenures[i].until < before)
			tenure_drop(owned, i);
	if (owned->count == 0)
		owned_remove(registry, owned);
}

static void forget_echoes(struct registry *registry, int64_t before)
{
	for (size_t i = 0; i < registry->owned_buckets; i++) {
		struct owned *next;

		for (struct owned *owned = registry->owned[i]; owned; owned = next) {
			next = owned->next;
			owned_forget(registry, owned, before);
		}
	}
}

void registry_forget(struct registry *registry, int64_t before, registry_needed_fn *is_needed,
		     void *context)
{
	size_t kept = 0;

	for (size_t i = 0; i < registry->count; i++) {
		struct entry *entry = registry->entries[i];

		if ((is_needed && is_needed(context, entry->number)) ||
		    !entry_forget(registry, entry, before)) {
			registry->entries[kept++] = entry;
			continue;
		}
		registry->nameless_count -= is_nameless(&entry->pod);
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

static void echo_add(struct registry *registry, const struct entry *entry,
		     const struct pod_address *address, struct span twice)
{
	struct owned *owned = owned_find(registry, address->address);
	struct tenure echo = {.number = entry->number,
			      .since = later(address->since, twice.from),
			      .until = earlier(address->until, twice.until)};
	size_t at;

	if (echo.since >= registry->skipped.from)
		echo.since = later(echo.since, registry->skipped.until);
	if (echo.since >= echo.until)
		return;
	for (size_t i = 0; i < owned->count; i++) {
		struct tenure *had = &owned->tenures[i];

		if (had->entry || had->number != echo.number)
			continue;
		echo.since = earlier(echo.since, had->since);
		echo.until = later(echo.until, had->until);
		tenure_drop(owned, i);
		break;
	}
	if (owned_reserve(owned, 1) < 0) {
		registry->muddled.until = later(registry->muddled.until, echo.until);
		return;
	}
	at = owned_begun(owned, echo.since);
	tenure_insert(owned, at, &echo);
	registry->has_echoes = true;
}

static void entry_shift(struct registry *registry, struct entry *entry, struct span twice)
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
		tenure_add(owned_find(registry, address->address), entry, address);
	}
	qsort(pod->addresses, pod->address_count, sizeof(*pod->addresses), compare_addresses);
	if (is_ended(pod))
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
	if (at == UNWATCHED_MAX) {
		spans[0].until = spans[1].until > spans[0].until ? spans[1].until : spans[0].until;
		memmove(&spans[1], &spans[2], (at - 2) * sizeof(*spans));
		at--;
	}
	registry->unwatched_count = at + 1;
	for (; at > 0 && spans[at - 1].from > from; at--)
		spans[at] = spans[at - 1];
	spans[at] = (struct span){from, until};
}

static bool was_watched(const struct registry *registry, int64_t from, int64_t until)
{
	for (size_t i = 0; i < registry->unwatched_count; i++)
		if (from < registry->unwatched[i].until && until > registry->unwatched[i].from)
			return false;
	return true;
}

static int64_t add_clamped(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

/* NULL: it is forgotten. */
static const struct pod *pod_of(const struct registry *registry, const struct tenure *tenure)
{
	const struct entry *entry =
	    tenure->entry ? tenure->entry : entry_get(registry, tenure->number);

	return entry ? &entry->pod : NULL;
}

static bool are_one(const struct registry *registry, const struct tenure *a, const struct tenure *b)
{
	const struct pod *x = pod_of(registry, a), *y = pod_of(registry, b);

	return a->number == b->number || (x && y && is_same_pod(x, y));
}

/* The one pod that owned the address at some moment of [from, until]; the tenure that began last.
 */
static int owner_within(const struct registry *registry, const struct owned *owned, int64_t from,
			int64_t until, const struct tenure **ret)
{
	const struct tenure *any = NULL;

	*ret = NULL;
	if (from < registry->muddled.until && until >= registry->muddled.from)
		return -ENOTUNIQ;
	for (size_t i = owned_begun(owned, until); i-- > 0;) {
		const struct tenure *tenure = &owned->tenures[i];

		if (tenure->reach <= from)
			break;
		if (tenure->until <= from)
			continue;
		if (tenure->disputed || (any && !are_one(registry, any, tenure)))
			return -ENOTUNIQ;
		any = tenure;
		if (tenure->entry && !*ret)
			*ret = tenure;
	}
	return any && !*ret ? -ENOTUNIQ : 0;
}

/* Did another than the one with this tenure own the address at the moment, or end then? */
static bool is_anothers(const struct registry *registry, const struct owned *owned,
			const struct tenure *than, int64_t when)
{
	for (size_t i = owned_begun(owned, when); i-- > 0;) {
		const struct tenure *tenure = &owned->tenures[i];

		if (tenure->reach < when)
			break;
		if (tenure->until >= when && !are_one(registry, tenure, than))
			return true;
	}
	return false;
}

static bool is_unseen(const struct registry *registry, const struct owned *owned,
		      const struct tenure *tenure, int64_t when)
{
	for (size_t i = 0; i < registry->unwatched_count; i++) {
		const struct span *span = &registry->unwatched[i];

		if (tenure->since > span->from && tenure->since <= when && when < span->until &&
		    when - tenure->since < registry->linger &&
		    is_anothers(registry, owned, tenure, span->from))
			return true;
	}
	return false;
}

bool registry_is_unseen(const struct registry *registry, struct addr address, int64_t when,
			int64_t *ret_since)
{
	const struct owned *owned = owned_find(registry, address);

	for (size_t i = owned ? owned_begun(owned, when) : 0; i-- > 0;) {
		const struct tenure *tenure = &owned->tenures[i];

		if (tenure->reach <= when)
			break;
		if (tenure->until <= when || !is_unseen(registry, owned, tenure, when))
			continue;
		*ret_since = tenure->since;
		return true;
	}
	return false;
}

/* The first that took the address in (when, when + slack], and no other while it had it. */
static const struct tenure *owner_soon(const struct registry *registry, const struct owned *owned,
				       int64_t when, int64_t slack)
{
	int64_t limit = add_clamped(when, slack);
	const struct tenure *found = NULL;

	for (size_t i = owned_begun(owned, when); i < owned->count; i++) {
		const struct tenure *tenure = &owned->tenures[i];

		if (tenure->since > limit)
			break;
		if (!found)
			found = tenure;
		else if (tenure->since >= found->until && tenure->since > found->since)
			break;
		else if (!are_one(registry, found, tenure))
			return NULL;
	}
	return found && found->entry && !found->exact && !found->disputed && !found->nameless
		   ? found
		   : NULL;
}

int registry_bind(const struct registry *registry, struct addr address, int64_t when, int64_t slack,
		  uint32_t *ret_number)
{
	const struct owned *owned = owned_find(registry, address);
	const struct tenure *tenure = NULL;

	if (owned) {
		int r = owner_within(registry, owned, when, when, &tenure);

		if (r < 0)
			return r;
		if (tenure && is_unseen(registry, owned, tenure, when))
			return -ENOTUNIQ;
		if (!tenure)
			tenure = owner_soon(registry, owned, when, slack);
		if (tenure && tenure->since > when && !was_watched(registry, when, tenure->since))
			tenure = NULL;
		if (tenure && tenure->nameless)
			tenure = NULL;
	}
	*ret_number = tenure ? tenure->number : 0;
	return 0;
}

int registry_bind_span(const struct registry *registry, struct addr address, int64_t from,
		       int64_t until, int64_t slack, uint32_t *ret_number)
{
	const struct owned *owned = owned_find(registry, address);
	const struct tenure *any = NULL;
	uint32_t number = 0;
	int r;

	r = registry_bind(registry, address, from, slack, &number);
	if (r == 0 && owned)
		r = owner_within(registry, owned, from, until, &any);
	if (r < 0)
		return r;
	if (any && any->nameless)
		any = NULL;
	/* Nobody's at first and somebody's later is a change of owner, too. */
	if (any && (number == 0 || !is_same_pod(&any->entry->pod, registry_get(registry, number))))
		return -ENOTUNIQ;
	*ret_number = number;
	return 0;
}

bool registry_is_shared(const struct registry *registry, struct addr address, int64_t from,
			int64_t until)
{
	const struct owned *owned = owned_find(registry, address);
	const struct tenure *any;

	return owned && owner_within(registry, owned, from, until, &any) == -ENOTUNIQ;
}

bool registry_has_owner(const struct registry *registry, struct addr address, int64_t when,
			int64_t *ret_since)
{
	const struct owned *owned = owned_find(registry, address);
	bool found = false;

	for (size_t i = owned ? owned_begun(owned, when) : 0; i-- > 0;) {
		const struct tenure *tenure = &owned->tenures[i];

		if (tenure->reach <= when)
			break;
		if (tenure->until <= when)
			continue;
		*ret_since = tenure->since;
		found = true;
	}
	return found;
}
