#include "daemon/found.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define FOUND_MAX 128u
#define NAME_MAX_BYTES 64
#define NAMELESS "identity.nameless"

struct place {
	const char *source;
	char *path;
	bool seen;
};

struct found {
	struct place places[FOUND_MAX]; /* in the order in which they are told */
	size_t count;
	char *facts[FOUND_MAX + 1]; /* names that the store has */
	size_t fact_count;
	size_t nameless; /* as said */
	size_t nameless_lately;
	bool changed;
};

static int remember_fact(struct found *found, const char *name)
{
	char *copy = strdup(name);

	if (!copy)
		return -ENOMEM;
	found->facts[found->fact_count++] = copy;
	return 0;
}

struct found *found_new(const struct store_state *state)
{
	struct found *found = calloc(1, sizeof(*found));

	if (!found)
		return NULL;
	found->changed = true;
	for (size_t i = 0; i < state->fact_count && found->fact_count < FOUND_MAX; i++) {
		if (strncmp(state->facts[i].name, "source.", 7) != 0 &&
		    strcmp(state->facts[i].name, NAMELESS) != 0)
			continue;
		if (remember_fact(found, state->facts[i].name) < 0)
			return found_free(found);
	}
	return found;
}

static void facts_clear(struct found *found)
{
	for (size_t i = 0; i < found->fact_count; i++)
		free(found->facts[i]);
	found->fact_count = 0;
}

struct found *found_free(struct found *found)
{
	if (found) {
		facts_clear(found);
		for (size_t i = 0; i < found->count; i++)
			free(found->places[i].path);
		free(found);
	}
	return NULL;
}

void found_begin(struct found *found)
{
	for (size_t i = 0; i < found->count; i++)
		found->places[i].seen = false;
}

void found_add(struct found *found, const char *source, const char *place)
{
	char *path;

	for (size_t i = 0; i < found->count; i++) {
		if (strcmp(found->places[i].source, source) == 0 &&
		    strcmp(found->places[i].path, place) == 0) {
			found->places[i].seen = true;
			return;
		}
	}
	path = found->count < FOUND_MAX ? strdup(place) : NULL;
	if (!path)
		return;
	found->places[found->count++] =
	    (struct place){.source = source, .path = path, .seen = true};
	found->changed = true;
	log_line(LOG_INFO, "identity", "%s: %s found", source, place);
}

void found_end(struct found *found)
{
	size_t kept = 0;

	for (size_t i = 0; i < found->count; i++) {
		struct place *place = &found->places[i];

		if (place->seen) {
			found->places[kept++] = *place;
			continue;
		}
		log_line(LOG_NOTE, "identity", "%s: %s is gone", place->source, place->path);
		free(place->path);
		found->changed = true;
	}
	found->count = kept;
}

void found_nameless(struct found *found, size_t count)
{
	bool stays = count == found->nameless_lately;

	found->nameless_lately = count;
	if (!stays || count == found->nameless)
		return;
	found->nameless = count;
	found->changed = true;
	if (count > 0)
		log_line(LOG_NOTE, "identity",
			 "%zu sandboxes have an address, and no source names them", count);
}

bool found_is_changed(const struct found *found)
{
	return found->changed;
}

/* "source.NAME", of several of one name "source.NAME.2" … */
static void name_fact(const struct found *found, size_t at, char name[static NAME_MAX_BYTES])
{
	size_t number = 1;

	for (size_t i = 0; i < at; i++)
		number += strcmp(found->places[i].source, found->places[at].source) == 0;
	if (number == 1)
		snprintf(name, NAME_MAX_BYTES, "source.%s", found->places[at].source);
	else
		snprintf(name, NAME_MAX_BYTES, "source.%s.%zu", found->places[at].source, number);
}

int found_tell(const struct found *found, struct batch *batch)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < found->count; i++) {
		char name[NAME_MAX_BYTES];

		name_fact(found, i, name);
		r = batch_add_fact(batch, name, found->places[i].path);
	}
	if (r == 0 && found->nameless > 0) {
		char text[32];

		snprintf(text, sizeof(text), "%zu", found->nameless);
		r = batch_add_fact(batch, NAMELESS, text);
	}
	return r;
}

static bool is_told(const struct found *found, const char *fact)
{
	if (strcmp(fact, NAMELESS) == 0)
		return found->nameless > 0;
	for (size_t i = 0; i < found->count; i++) {
		char name[NAME_MAX_BYTES];

		name_fact(found, i, name);
		if (strcmp(name, fact) == 0)
			return true;
	}
	return false;
}

static int remember_facts(struct found *found)
{
	int r = 0;

	facts_clear(found);
	for (size_t i = 0; r == 0 && i < found->count; i++) {
		char name[NAME_MAX_BYTES];

		name_fact(found, i, name);
		r = remember_fact(found, name);
	}
	if (r == 0 && found->nameless > 0)
		r = remember_fact(found, NAMELESS);
	return r;
}

int found_take(struct found *found, struct batch *batch)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < found->fact_count; i++)
		if (!is_told(found, found->facts[i]))
			r = batch_add_fact(batch, found->facts[i], NULL);
	if (r == 0)
		r = found_tell(found, batch);
	if (r == 0)
		r = remember_facts(found);
	found->changed = r < 0;
	return r;
}
