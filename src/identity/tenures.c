#include "identity/tenures.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_MIN 64

int tenures_init(struct tenures *tenures)
{
	*tenures = (struct tenures){.seed = hash_seed_random()};
	tenures->buckets = calloc(BUCKETS_MIN, sizeof(*tenures->buckets));
	if (!tenures->buckets)
		return -ENOMEM;
	tenures->bucket_count = BUCKETS_MIN;
	return 0;
}

static void list_free(struct tenure_list *list)
{
	free(list->items);
	free(list);
}

void tenures_clear(struct tenures *tenures)
{
	for (size_t i = 0; i < tenures->bucket_count; i++) {
		while (tenures->buckets[i]) {
			struct tenure_list *next = tenures->buckets[i]->next;

			list_free(tenures->buckets[i]);
			tenures->buckets[i] = next;
		}
	}
	free(tenures->buckets);
	*tenures = (struct tenures){0};
}

static struct tenure_list **bucket_of(const struct tenures *tenures, const struct addr *address)
{
	uint64_t hash = hash_bytes(tenures->seed, address, sizeof(*address));

	return &tenures->buckets[hash & (tenures->bucket_count - 1)];
}

struct tenure_list *tenures_find(const struct tenures *tenures, struct addr address)
{
	struct tenure_list *list = *bucket_of(tenures, &address);

	while (list && memcmp(&list->address, &address, sizeof(address)) != 0)
		list = list->next;
	return list;
}

static void link_list(struct tenures *tenures, struct tenure_list *list)
{
	struct tenure_list **bucket = bucket_of(tenures, &list->address);

	list->next = *bucket;
	*bucket = list;
}

/* A table that cannot grow works on, only slower. */
static void grow(struct tenures *tenures)
{
	struct tenure_list **had = tenures->buckets;
	size_t count = tenures->bucket_count;
	struct tenure_list **grown = calloc(count * 2, sizeof(*grown));

	if (!grown)
		return;
	tenures->buckets = grown;
	tenures->bucket_count = count * 2;
	for (size_t i = 0; i < count; i++) {
		while (had[i]) {
			struct tenure_list *list = had[i];

			had[i] = list->next;
			link_list(tenures, list);
		}
	}
	free(had);
}

static struct tenure_list *add(struct tenures *tenures, struct addr address)
{
	struct tenure_list *list = calloc(1, sizeof(*list));

	if (!list)
		return NULL;
	if (tenures->count >= tenures->bucket_count)
		grow(tenures);
	list->address = address;
	link_list(tenures, list);
	tenures->count++;
	return list;
}

static bool reserve(struct tenure_list *list, size_t more)
{
	size_t capacity = list->capacity ? list->capacity : 2;
	struct tenure *items;

	if (more <= list->capacity - list->count)
		return true;
	while (capacity < list->count + more)
		capacity *= 2;
	items = reallocarray(list->items, capacity, sizeof(*items));
	if (!items)
		return false;
	list->items = items;
	list->capacity = capacity;
	return true;
}

struct tenure_list *tenures_need(struct tenures *tenures, struct addr address, size_t more)
{
	struct tenure_list *list = tenures_find(tenures, address);

	if (!list)
		list = add(tenures, address);
	return list && reserve(list, more) ? list : NULL;
}

void tenures_tidy(struct tenures *tenures, struct tenure_list *list)
{
	struct tenure_list **link = bucket_of(tenures, &list->address);

	if (list->count > 0)
		return;
	while (*link != list)
		link = &(*link)->next;
	*link = list->next;
	tenures->count--;
	list_free(list);
}

/* ---- of one address ---- */

static void set_reach(struct tenure_list *list, size_t from)
{
	for (size_t i = from; i < list->count; i++) {
		struct tenure *tenure = &list->items[i];

		tenure->reach = tenure->until;
		if (i > 0 && tenure[-1].reach > tenure->reach)
			tenure->reach = tenure[-1].reach;
	}
}

size_t tenure_list_begun(const struct tenure_list *list, int64_t when)
{
	size_t low = 0, high = list->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list->items[middle].since <= when)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void insert(struct tenure_list *list, size_t at, const struct tenure *tenure)
{
	memmove(&list->items[at + 1], &list->items[at], (list->count - at) * sizeof(*list->items));
	list->items[at] = *tenure;
	list->count++;
	set_reach(list, at);
}

void tenure_list_add(struct tenure_list *list, const struct tenure *tenure)
{
	size_t at = tenure_list_begun(list, tenure->since);

	while (at > 0 && list->items[at - 1].since == tenure->since &&
	       list->items[at - 1].number > tenure->number)
		at--;
	insert(list, at, tenure);
}

void tenure_list_add_echo(struct tenure_list *list, const struct tenure *echo)
{
	insert(list, tenure_list_begun(list, echo->since), echo);
}

void tenure_list_drop(struct tenure_list *list, size_t at)
{
	list->count--;
	memmove(&list->items[at], &list->items[at + 1], (list->count - at) * sizeof(*list->items));
	set_reach(list, at);
}

size_t tenure_list_find(const struct tenure_list *list, const struct registry_entry *entry,
			int64_t since, int64_t until)
{
	size_t at = tenure_list_begun(list, since);

	while (at-- > 0)
		if (list->items[at].entry == entry && list->items[at].until == until)
			return at;
	return SIZE_MAX;
}
