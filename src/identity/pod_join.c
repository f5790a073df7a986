#include "identity/pod_join.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool pod_is_nameless(const struct pod *pod)
{
	return !*pod->namespace || !*pod->name;
}

bool pods_are_one(const struct pod *a, const struct pod *b)
{
	return a == b || (strcmp(a->uid, b->uid) == 0 && strcmp(a->name, b->name) == 0 &&
			  strcmp(a->namespace, b->namespace) == 0);
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

void pod_sort_addresses(struct pod_address *addresses, size_t count)
{
	qsort(addresses, count, sizeof(*addresses), compare_addresses);
}

/* The addresses that the pod shall have: those given, and its ended ones that are not given again.
 */
static int addresses_join(const struct pod *had, const struct pod *given, struct pod_address **ret,
			  size_t *ret_count)
{
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
	pod_sort_addresses(joined, count);
	for (size_t i = 0; i < had->address_count; i++)
		if (!is_continued(&had->addresses[i], joined, given->address_count) &&
		    had->addresses[i].until != INTERVAL_OPEN)
			joined[count++] = had->addresses[i];
	pod_sort_addresses(joined, count);
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

bool pod_is_ended(const struct pod *pod)
{
	return pod->ended != 0 && pod->ended != INTERVAL_OPEN;
}

bool pods_equal(const struct pod *a, const struct pod *b)
{
	return pods_are_one(a, b) && strcmp(a->source, b->source) == 0 &&
	       strcmp(a->conflict, b->conflict) == 0 && a->labelled == b->labelled &&
	       a->host_network == b->host_network && a->created == b->created &&
	       pod_is_ended(a) == pod_is_ended(b) && (!pod_is_ended(a) || a->ended == b->ended) &&
	       a->address_count == b->address_count &&
	       addresses_equal(a->addresses, b->addresses, a->address_count) &&
	       labels_equal(&a->labels, &b->labels) && words_equal(a, b);
}

/* Who ended with its addresses did not live on, or again, without one. */
static bool ended_before(const struct pod *had, const struct pod *given)
{
	return pod_is_ended(had) && had->address_count > 0 && given->address_count == 0 &&
	       (!pod_is_ended(given) || given->ended > had->ended);
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

int pod_join(const struct pod *had, const struct pod *given, struct pod *ret)
{
	const struct pod nothing = {0};
	struct pod_address *addresses = NULL;
	struct pod pod = had ? fill_in(given, had) : *given;
	int r = addresses_join(had ? had : &nothing, given, &addresses, &pod.address_count);

	pod.addresses = addresses;
	if (r == 0)
		r = pod_copy(&pod, ret);
	free(addresses);
	return r;
}
