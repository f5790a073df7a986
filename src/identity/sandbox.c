#include "identity/sandbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "identity/merge.h"

struct sandbox *sandbox_free(struct sandbox *sandbox)
{
	while (sandbox->words) {
		struct word *next = sandbox->words->next;

		word_free(sandbox->words);
		sandbox->words = next;
	}
	free(sandbox->id);
	free(sandbox->conflict);
	free(sandbox->remembered);
	free(sandbox->awaited);
	free(sandbox);
	return NULL;
}

struct sandbox *sandbox_new(const char *id, uint64_t hash, int64_t now)
{
	struct sandbox *sandbox = calloc(1, sizeof(*sandbox));

	if (!sandbox)
		return NULL;
	sandbox->id = strdup(id);
	if (!sandbox->id)
		return sandbox_free(sandbox);
	sandbox->hash = hash;
	sandbox->ended = now;
	sandbox->silent = true;
	return sandbox;
}

/* ---- its words ---- */

static struct word **word_place(struct sandbox *sandbox, const char *source, const char *place)
{
	struct word **link = &sandbox->words;

	while (*link && word_compare(*link, source, place) < 0)
		link = &(*link)->next;
	return link;
}

static bool word_is_at(struct word *const *link, const char *source, const char *place)
{
	return *link && word_compare(*link, source, place) == 0;
}

static void word_unlink(struct sandbox *sandbox, struct word **link)
{
	struct word *word = *link;

	*link = word->next;
	word_free(word);
	sandbox->word_count--;
}

bool sandbox_make_room(struct sandbox *sandbox)
{
	struct word **link = &sandbox->words;

	if (sandbox->word_count < MERGE_WORDS_MAX)
		return true;
	while (*link && !(*link)->withdrawn)
		link = &(*link)->next;
	if (*link) {
		sandbox->lasting |= sandbox->conflict != NULL;
		word_unlink(sandbox, link);
	}
	return sandbox->word_count < MERGE_WORDS_MAX;
}

void sandbox_put(struct sandbox *sandbox, struct word *word)
{
	struct word **link = word_place(sandbox, word->claim.source, word->claim.place);

	if (word_is_at(link, word->claim.source, word->claim.place))
		word_unlink(sandbox, link);
	word->next = *link;
	*link = word;
	sandbox->word_count++;
}

struct word *sandbox_word(struct sandbox *sandbox, const char *source, const char *place)
{
	struct word *const *link = word_place(sandbox, source, place);

	return word_is_at(link, source, place) ? *link : NULL;
}

bool word_is_memory(const struct word *word)
{
	return !*word->claim.source;
}

bool sandbox_is_silent(const struct sandbox *sandbox)
{
	for (const struct word *word = sandbox->words; word; word = word->next)
		if (!word->withdrawn)
			return false;
	return !sandbox->remembered;
}

/* Who saw that its network namespace was gone may have become silent. */
bool sandbox_is_orphaned(const struct sandbox *sandbox)
{
	bool had_none = false, has_one = false;

	for (const struct word *word = sandbox->words; word; word = word->next) {
		if (word->claim.orphaned && !word->withdrawn)
			return true;
		had_none = had_none || word->claim.orphaned;
		has_one = has_one || (word->claim.has_netns && !word->withdrawn);
	}
	return had_none && !has_one;
}

bool sandbox_is_alive(const struct sandbox *sandbox)
{
	for (const struct word *word = sandbox->words; word; word = word->next)
		if (!word->withdrawn && !word->claim.stopped)
			return !sandbox_is_orphaned(sandbox);
	return false;
}

static bool is_better(const struct word *a, const struct word *b)
{
	if (a->withdrawn != b->withdrawn)
		return !a->withdrawn;
	return word_rank(a) < word_rank(b);
}

static const char *const text_names[SANDBOX_TEXTS] = {"namespace", "name", "uid"};

static const char *text_of(const struct word *word, enum sandbox_text text)
{
	switch (text) {
	case SANDBOX_NAMESPACE:
		return word->claim.namespace;
	case SANDBOX_NAME:
		return word->claim.name;
	default:
		return word->claim.uid;
	}
}

const char *sandbox_text(const struct sandbox *sandbox, enum sandbox_text text)
{
	const struct word *best = NULL;

	for (const struct word *word = sandbox->words; word; word = word->next)
		if (*text_of(word, text) && (!best || is_better(word, best)))
			best = word;
	return best ? text_of(best, text) : "";
}

const struct word *sandbox_labels(const struct sandbox *sandbox)
{
	const struct word *best = NULL;

	for (const struct word *word = sandbox->words; word; word = word->next)
		if (word->claim.labelled && (!best || is_better(word, best)))
			best = word;
	return best;
}

int64_t sandbox_created(const struct sandbox *sandbox)
{
	int64_t created = 0;

	for (const struct word *word = sandbox->words; word; word = word->next)
		if (word->claim.created && (!created || word->claim.created < created))
			created = word->claim.created;
	return created;
}

bool sandbox_is_host_network(const struct sandbox *sandbox)
{
	for (const struct word *word = sandbox->words; word; word = word->next)
		if (word->claim.host_network)
			return true;
	return false;
}

bool sandbox_is_named(const struct sandbox *sandbox)
{
	return *sandbox_text(sandbox, SANDBOX_NAMESPACE) && *sandbox_text(sandbox, SANDBOX_NAME);
}

bool sandbox_is_same_pod(const struct sandbox *a, const struct sandbox *b)
{
	if (!sandbox_is_named(a) || !sandbox_is_named(b))
		return false;
	for (enum sandbox_text i = 0; i < SANDBOX_TEXTS; i++)
		if (strcmp(sandbox_text(a, i), sandbox_text(b, i)) != 0)
			return false;
	return true;
}

/* ---- contradictions ---- */

/* Also by who fell silent: whose what was counted was cannot be said any better by that. */
static void describe_texts(const struct sandbox *sandbox, enum sandbox_text text, struct buf *buf)
{
	const struct word *first = NULL;

	for (const struct word *word = sandbox->words; word; word = word->next) {
		const char *said = text_of(word, text);

		if (word_is_memory(word) || !*said)
			continue;
		if (!first) {
			first = word;
			continue;
		}
		if (strcmp(text_of(first, text), said) == 0)
			continue;
		buf_printf(buf, "%s%s: %s (%s) says %s, %s (%s) says %s", buf->length ? "; " : "",
			   text_names[text], first->claim.source, first->claim.place,
			   text_of(first, text), word->claim.source, word->claim.place, said);
		return;
	}
}

static void describe_network(const struct sandbox *sandbox, struct buf *buf)
{
	const struct word *shares = NULL, *owns = NULL;

	for (const struct word *word = sandbox->words; word; word = word->next) {
		if (word->claim.host_network)
			shares = word;
		if (word->claim.address_count > 0)
			owns = word;
	}
	if (shares && owns)
		buf_printf(buf, "%snetwork: %s (%s) says the node's, %s (%s) says its own",
			   buf->length ? "; " : "", shares->claim.source, shares->claim.place,
			   owns->claim.source, owns->claim.place);
}

static bool has_spoken(const struct sandbox *sandbox, const char *source, size_t length)
{
	for (const struct word *word = sandbox->words; word; word = word->next)
		if (strlen(word->claim.source) == length &&
		    memcmp(word->claim.source, source, length) == 0)
			return true;
	return false;
}

/* awaited: as in struct pod. */
static bool have_all_spoken(const struct sandbox *sandbox)
{
	for (const char *source = sandbox->awaited; *source;) {
		size_t length = strcspn(source, ",");

		if (!has_spoken(sandbox, source, length))
			return false;
		source += length + (source[length] == ',');
	}
	return true;
}

/* What an earlier run knew counts for as long as those who said it have not spoken again. */
static void describe_remembered(struct sandbox *sandbox, struct buf *buf)
{
	if (!sandbox->remembered)
		return;
	if (!have_all_spoken(sandbox)) {
		if (buf->length == 0)
			buf_puts(buf, sandbox->remembered);
		return;
	}
	free(sandbox->remembered);
	sandbox->remembered = NULL;
}

static bool texts_equal(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

int sandbox_find_conflict(struct sandbox *sandbox, bool *ret_news)
{
	struct buf text = {0};

	*ret_news = false;
	if (sandbox->conflict && (sandbox->lasting || !sandbox_is_alive(sandbox)))
		return 0;
	for (enum sandbox_text i = 0; i < SANDBOX_TEXTS; i++)
		describe_texts(sandbox, i, &text);
	describe_network(sandbox, &text);
	describe_remembered(sandbox, &text);
	if (text.error) {
		buf_clear(&text);
		return -ENOMEM;
	}
	*ret_news = text.data && !texts_equal(text.data, sandbox->conflict);
	free(sandbox->conflict);
	sandbox->conflict = text.data;
	return 0;
}

int sandbox_remember_conflict(struct sandbox *sandbox, const struct pod *pod)
{
	if (!pod->conflict || !*pod->conflict || sandbox->remembered)
		return 0;
	free(sandbox->awaited);
	sandbox->awaited = strdup(pod->source);
	if (sandbox->awaited)
		sandbox->remembered = strdup(pod->conflict);
	return sandbox->remembered ? 0 : -ENOMEM;
}
