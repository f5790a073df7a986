#include "identity/word.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

static const char *const ranks[] = {
    CLAIM_CNI_RESULT, CLAIM_AWS_VPC_CNI, CLAIM_CILIUM,     CLAIM_KINDNET,
    CLAIM_CRI,        CLAIM_OCI_BUNDLE,  CLAIM_HOST_LOCAL,
};
#define RANK_COUNT (sizeof(ranks) / sizeof(ranks[0]))

/* What jansson refuses, as text that is not UTF-8, is left out. */
static void say(json_t *object, const char *key, json_t *value)
{
	if (value)
		json_object_set_new(object, key, value);
}

static void say_text(json_t *object, const char *key, const char *text)
{
	if (*text)
		say(object, key, json_string(text));
}

static void say_moment(json_t *object, const char *key, int64_t moment)
{
	char text[CLOCK_TEXT_MAX];

	if (moment)
		say_text(object, key, clock_format(clock_msec(moment), text));
}

static void say_flag(json_t *object, const char *key, bool flag)
{
	if (flag)
		say(object, key, json_true());
}

static json_t *print_address(const struct claim_address *address)
{
	char text[ADDR_TEXT_MAX];
	json_t *object = json_object();

	say_text(object, "address", addr_format(address->address, text));
	say_moment(object, "since", address->since);
	say_flag(object, "exact", address->exact);
	say_flag(object, "secondary", address->secondary);
	return object;
}

static void say_addresses(json_t *object, const struct claim *claim)
{
	json_t *addresses = json_array();

	for (size_t i = 0; i < claim->address_count; i++)
		json_array_append_new(addresses, print_address(&claim->addresses[i]));
	if (claim->address_count > 0)
		say(object, "addresses", addresses);
	else
		json_decref(addresses);
}

static void say_labels(json_t *object, const struct claim *claim)
{
	json_t *labels = json_object();

	for (size_t i = 0; i < claim->labels.count; i++)
		say(labels, claim->labels.items[i].key, json_string(claim->labels.items[i].value));
	if (claim->labelled)
		say(object, "labels", labels);
	else
		json_decref(labels);
}

static char *print_claim(const struct claim *claim)
{
	json_t *object = json_object();
	char *text;

	say_text(object, "namespace", claim->namespace);
	say_text(object, "name", claim->name);
	say_text(object, "uid", claim->uid);
	say_moment(object, "created", claim->created);
	say_flag(object, "host_network", claim->host_network);
	say_flag(object, "orphaned", claim->orphaned);
	say_flag(object, "stopped", claim->stopped);
	say_addresses(object, claim);
	say_labels(object, claim);
	text = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	return text;
}

static bool copy_text(const char **text)
{
	*text = strdup(*text);
	return *text;
}

static bool copy_addresses(struct claim *claim)
{
	size_t size = claim->address_count * sizeof(*claim->addresses);
	struct claim_address *addresses = malloc(size + 1);

	if (addresses && size > 0)
		memcpy(addresses, claim->addresses, size);
	claim->addresses = addresses;
	return addresses;
}

/* All of it is tried, so that whatever fails the rest is the copy's. */
static bool copy_claim(struct claim *claim)
{
	const struct labels labels = claim->labels;
	bool copied = copy_text(&claim->place);

	copied = copy_text(&claim->sandbox) && copied;
	copied = copy_text(&claim->namespace) && copied;
	copied = copy_text(&claim->name) && copied;
	copied = copy_text(&claim->uid) && copied;
	copied = copy_addresses(claim) && copied;
	claim->labels = (struct labels){0};
	return labels_copy(&labels, &claim->labels) == 0 && copied;
}

struct word *word_new(const struct claim *claim)
{
	struct word *word = calloc(1, sizeof(*word));

	if (!word)
		return NULL;
	word->claim = *claim;
	if (!copy_claim(&word->claim))
		return word_free(word);
	word->said = print_claim(claim);
	return word->said ? word : word_free(word);
}

struct word *word_free(struct word *word)
{
	if (word) {
		free((void *)(uintptr_t)word->claim.place);
		free((void *)(uintptr_t)word->claim.sandbox);
		free((void *)(uintptr_t)word->claim.namespace);
		free((void *)(uintptr_t)word->claim.name);
		free((void *)(uintptr_t)word->claim.uid);
		free((void *)(uintptr_t)word->claim.addresses);
		labels_clear(&word->claim.labels);
		free(word->said);
		free(word);
	}
	return NULL;
}

static bool addresses_equal(const struct claim *a, const struct claim *b)
{
	if (a->address_count != b->address_count)
		return false;
	for (size_t i = 0; i < a->address_count; i++) {
		const struct claim_address *x = &a->addresses[i], *y = &b->addresses[i];

		if (!addr_equal(x->address, y->address) || x->since != y->since ||
		    x->exact != y->exact || x->secondary != y->secondary)
			return false;
	}
	return true;
}

bool word_says(const struct word *word, const struct claim *claim)
{
	const struct claim *had = &word->claim;

	return !word->withdrawn && strcmp(had->namespace, claim->namespace) == 0 &&
	       strcmp(had->name, claim->name) == 0 && strcmp(had->uid, claim->uid) == 0 &&
	       had->labelled == claim->labelled && labels_equal(&had->labels, &claim->labels) &&
	       had->host_network == claim->host_network && had->orphaned == claim->orphaned &&
	       had->has_netns == claim->has_netns && had->stopped == claim->stopped &&
	       had->created == claim->created && addresses_equal(had, claim);
}

int word_compare(const struct word *word, const char *source, const char *place)
{
	int order = strcmp(word->claim.source, source);

	return order ? order : strcmp(word->claim.place, place);
}

size_t word_rank(const struct word *word)
{
	size_t rank = 0;

	while (rank < RANK_COUNT && strcmp(ranks[rank], word->claim.source) != 0)
		rank++;
	return rank;
}
