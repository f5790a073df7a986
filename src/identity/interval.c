#include "identity/interval.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define BUCKETS_MIN 64

struct entry {
	struct pod pod;
	uint32_t number;
	uint64_t hash; /* of namespace, name, uid, sandbox */
	struct entry *next;
};

/* One pod's interval of one address. */
struct claim {
	struct entry *entry;
	int64_t since;
	int64_t until;
	int64_t reach; /* the latest until of this and all claims before it: where a search
			  backwards may stop */
};

/* All who ever had an address, sorted by since, then number. */
struct owned {
	struct addr address;
	struct owned *next;
	struct claim *claims;
	size_t count;
	size_t capacity;
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
	size_t capacity;
	uint32_t last_number;
};

struct registry *registry_new(void)
{
	struct registry *registry = calloc(1, sizeof(*registry));

	if (!registry)
		return NULL;
	registry->seed = hash_seed_random();
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
	free(owned->claims);
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
	struct claim *claims;

	if (more <= owned->capacity - owned->count)
		return 0;
	while (capacity < owned->count + more)
		capacity *= 2;
	claims = reallocarray(owned->claims, capacity, sizeof(*claims));
	if (!claims)
		return -ENOMEM;
	owned->claims = claims;
	owned->capacity = capacity;
	return 0;
}

static void owned_set_reach(struct owned *owned, size_t from)
{
	for (size_t i = from; i < owned->count; i++) {
		struct claim *claim = &owned->claims[i];

		claim->reach = claim->until;
		if (i > 0 && claim[-1].reach > claim->reach)
			claim->reach = claim[-1].reach;
	}
}

/* How many claims began at or before the moment. */
static size_t owned_begun(const struct owned *owned, int64_t when)
{
	size_t low = 0, high = owned->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (owned->claims[middle].since <= when)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* There must be room. */
static void claim_add(struct owned *owned, struct entry *entry, const struct pod_address *address)
{
	size_t at = owned_begun(owned, address->since);

	while (at > 0 && owned->claims[at - 1].since == address->since &&
	       owned->claims[at - 1].entry->number > entry->number)
		at--;
	memmove(&owned->claims[at + 1], &owned->claims[at],
		(owned->count - at) * sizeof(*owned->claims));
	owned->claims[at] =
	    (struct claim){.entry = entry, .since = address->since, .until = address->until};
	owned->count++;
	owned_set_reach(owned, at);
}

static size_t claim_find(const struct owned *owned, const struct entry *entry,
			 const struct pod_address *address)
{
	size_t at = owned_begun(owned, address->since);

	while (at-- > 0)
		if (owned->claims[at].entry == entry && owned->claims[at].until == address->until)
			return at;
	return SIZE_MAX;
}

static void claim_remove(struct registry *registry, const struct entry *entry,
			 const struct pod_address *address)
{
	struct owned *owned = owned_find(registry, address->address);
	size_t at = claim_find(owned, entry, address);

	owned->count--;
	memmove(&owned->claims[at], &owned->claims[at + 1],
		(owned->count - at) * sizeof(*owned->claims));
	owned_set_reach(owned, at);
}

static uint64_t name_hash(const struct registry *registry, const struct pod *pod)
{
	const char *const parts[] = {pod->namespace, pod->name, pod->uid, pod->sandbox};
	uint64_t hashes[4];

	for (size_t i = 0; i < 4; i++)
		hashes[i] = hash_bytes(registry->seed, parts[i], strlen(parts[i]));
	return hash_bytes(registry->seed, hashes, sizeof(hashes));
}

static bool is_same_pod(const struct pod *a, const struct pod *b)
{
	return a == b || (strcmp(a->uid, b->uid) == 0 && strcmp(a->name, b->name) == 0 &&
			  strcmp(a->namespace, b->namespace) == 0);
}

static struct entry *entry_find(const struct registry *registry, const struct pod *pod,
				uint64_t hash)
{
	struct entry *entry = registry->named[hash & (registry->named_buckets - 1)];

	while (entry && (entry->hash != hash || !is_same_pod(&entry->pod, pod) ||
			 strcmp(entry->pod.sandbox, pod->sandbox) != 0))
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

static struct entry *entry_new(const struct pod *pod, uint64_t hash)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	entry->hash = hash;
	entry->pod.namespace = strdup(pod->namespace);
	entry->pod.name = strdup(pod->name);
	entry->pod.uid = strdup(pod->uid);
	entry->pod.sandbox = strdup(pod->sandbox);
	entry->pod.source = strdup(pod->source);
	if (!entry->pod.namespace || !entry->pod.name || !entry->pod.uid || !entry->pod.sandbox ||
	    !entry->pod.source)
		return entry_free(entry);
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

static bool is_given(const struct pod *given, const struct pod_address *address)
{
	for (size_t i = 0; i < given->address_count; i++)
		if (given->addresses[i].since == address->since &&
		    addr_equal(given->addresses[i].address, address->address))
			return true;
	return false;
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
	for (size_t i = 0; i < had->address_count; i++)
		if (had->addresses[i].until != INTERVAL_OPEN &&
		    !is_given(given, &had->addresses[i]))
			joined[count++] = had->addresses[i];
	*ret = joined;
	*ret_count = count;
	return 0;
}

static bool has_address(const struct pod *pod, const struct pod_address *address)
{
	for (size_t i = 0; i < pod->address_count; i++)
		if (pod->addresses[i].since == address->since &&
		    pod->addresses[i].until == address->until &&
		    addr_equal(pod->addresses[i].address, address->address))
			return true;
	return false;
}

static bool addresses_differ(const struct pod *pod, const struct pod_address *addresses,
			     size_t count)
{
	if (pod->address_count != count)
		return true;
	for (size_t i = 0; i < count; i++)
		if (!has_address(pod, &addresses[i]))
			return true;
	return false;
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

/* All room was reserved: cannot fail. */
static void addresses_replace(struct registry *registry, struct entry *entry,
			      struct pod_address *addresses, size_t count)
{
	for (size_t i = 0; i < entry->pod.address_count; i++)
		claim_remove(registry, entry, &entry->pod.addresses[i]);
	for (size_t i = 0; i < count; i++)
		claim_add(owned_find(registry, addresses[i].address), entry, &addresses[i]);
	for (size_t i = 0; i < entry->pod.address_count; i++) {
		struct owned *owned = owned_find(registry, entry->pod.addresses[i].address);

		if (owned && owned->count == 0)
			owned_remove(registry, owned);
	}
	free(entry->pod.addresses);
	entry->pod.addresses = addresses;
	entry->pod.address_count = count;
}

static void entry_enter(struct registry *registry, struct entry *entry)
{
	entry->number = ++registry->last_number;
	registry->entries[registry->count++] = entry;
	named_link(registry, entry);
	if (registry->count > registry->named_buckets)
		named_grow(registry);
}

int registry_put(struct registry *registry, const struct pod *pod, uint32_t *ret_number,
		 bool *ret_changed)
{
	uint64_t hash = name_hash(registry, pod);
	struct entry *entry = entry_find(registry, pod, hash), *fresh = NULL;
	struct pod_address *addresses = NULL;
	size_t count = 0;
	bool changed;
	int r;

	if (!entry) {
		entry = fresh = entry_new(pod, hash);
		r = fresh ? entries_reserve(registry) : -ENOMEM;
		if (r < 0)
			goto out;
	}
	r = addresses_join(entry, pod, &addresses, &count);
	if (r == 0)
		r = addresses_reserve(registry, addresses, count);
	if (r < 0)
		goto out;
	changed = fresh || addresses_differ(&entry->pod, addresses, count);
	if (fresh)
		entry_enter(registry, fresh);
	fresh = NULL;
	addresses_replace(registry, entry, addresses, count);
	addresses = NULL;
	*ret_number = entry->number;
	*ret_changed = changed;
out:
	free(addresses);
	entry_free(fresh);
	return r;
}

bool registry_end(struct registry *registry, uint32_t number, int64_t when)
{
	struct entry *entry = entry_get(registry, number);
	bool ended = false;

	for (size_t i = 0; entry && i < entry->pod.address_count; i++) {
		struct pod_address *address = &entry->pod.addresses[i];

		if (address->until != INTERVAL_OPEN)
			continue;
		claim_remove(registry, entry, address);
		address->until = when > address->since ? when : address->since;
		claim_add(owned_find(registry, address->address), entry, address);
		ended = true;
	}
	return ended;
}

const struct pod *registry_get(const struct registry *registry, uint32_t number)
{
	const struct entry *entry = entry_get(registry, number);

	return entry ? &entry->pod : NULL;
}

size_t registry_count(const struct registry *registry)
{
	return registry->count;
}

/* Removes what ended before the moment; true if nothing is left. */
static bool entry_forget(struct registry *registry, struct entry *entry, int64_t before)
{
	struct pod *pod = &entry->pod;
	size_t kept = 0;

	for (size_t i = 0; i < pod->address_count; i++) {
		struct owned *owned = owned_find(registry, pod->addresses[i].address);

		if (pod->addresses[i].until >= before) {
			pod->addresses[kept++] = pod->addresses[i];
			continue;
		}
		claim_remove(registry, entry, &pod->addresses[i]);
		if (owned->count == 0)
			owned_remove(registry, owned);
	}
	pod->address_count = kept;
	return kept == 0;
}

void registry_forget(struct registry *registry, int64_t before)
{
	size_t kept = 0;

	for (size_t i = 0; i < registry->count; i++) {
		struct entry *entry = registry->entries[i];

		if (!entry_forget(registry, entry, before)) {
			registry->entries[kept++] = entry;
			continue;
		}
		named_unlink(registry, entry);
		entry_free(entry);
	}
	registry->count = kept;
}

static int64_t add_clamped(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

/* The one pod that owned the address at some moment of [from, until]; the claim that began last. */
static int owner_within(const struct owned *owned, int64_t from, int64_t until,
			const struct claim **ret)
{
	const struct claim *found = NULL;

	for (size_t i = owned_begun(owned, until); i-- > 0;) {
		const struct claim *claim = &owned->claims[i];

		if (claim->reach <= from)
			break;
		if (claim->until <= from)
			continue;
		if (found && !is_same_pod(&found->entry->pod, &claim->entry->pod))
			return -ENOTUNIQ;
		if (!found)
			found = claim;
	}
	*ret = found;
	return 0;
}

/* The one pod that took the address in (when, when + slack], if it was one. */
static const struct claim *owner_soon(const struct owned *owned, int64_t when, int64_t slack)
{
	int64_t limit = add_clamped(when, slack);
	size_t first = owned_begun(owned, when);
	const struct claim *found = NULL;

	for (size_t i = first; i < owned->count && owned->claims[i].since <= limit; i++) {
		if (found && !is_same_pod(&found->entry->pod, &owned->claims[i].entry->pod))
			return NULL;
		if (!found)
			found = &owned->claims[i];
	}
	return found;
}

int registry_bind(const struct registry *registry, struct addr address, int64_t when, int64_t slack,
		  uint32_t *ret_number)
{
	const struct owned *owned = owned_find(registry, address);
	const struct claim *claim = NULL;

	if (owned) {
		int r = owner_within(owned, when, when, &claim);

		if (r < 0)
			return r;
		if (!claim)
			claim = owner_soon(owned, when, slack);
	}
	*ret_number = claim ? claim->entry->number : 0;
	return 0;
}

int registry_bind_span(const struct registry *registry, struct addr address, int64_t from,
		       int64_t until, int64_t slack, uint32_t *ret_number)
{
	const struct owned *owned = owned_find(registry, address);
	const struct claim *any = NULL;
	uint32_t number = 0;
	int r;

	r = registry_bind(registry, address, from, slack, &number);
	if (r == 0 && owned)
		r = owner_within(owned, from, until, &any);
	if (r < 0)
		return r;
	/* Nobody's at first and somebody's later is a change of owner, too. */
	if (any && (number == 0 || !is_same_pod(&any->entry->pod, registry_get(registry, number))))
		return -ENOTUNIQ;
	*ret_number = number;
	return 0;
}
