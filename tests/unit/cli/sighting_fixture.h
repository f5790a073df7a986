/* Lines of another recorder, decoded. The program defines the format. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "cli/import_sighting.h"

struct format {
	bool (*is)(const json_t *tree);
	int (*decode)(const json_t *tree, struct sighting *ret, char reason[static 256]);
};

static const struct format format;
/* It outlives the sighting: released by done(). */
static json_t *tree;

static inline int try(const char *line, struct sighting *ret, char reason[static 256])
{
	json_error_t error;

	tree = json_loads(line, JSON_REJECT_DUPLICATES, &error);
	if (!tree)
		fail_msg("%s: %s", line, error.text);
	if (!format.is(tree))
		fail_msg("taken for another recorder's: %s", line);
	return format.decode(tree, ret, reason);
}

static inline struct sighting decode(const char *line)
{
	struct sighting sighting;
	char reason[256] = "";

	if (try(line, &sighting, reason) < 0)
		fail_msg("%s: %s", line, reason);
	return sighting;
}

static inline void done(struct sighting *sighting)
{
	sighting_clear(sighting);
	json_decref(tree);
}

/* The reason names the member, and has the word. */
static inline void assert_refused(const char *line, const char *member, const char *word)
{
	struct sighting sighting;
	char reason[256] = "";
	int r = try(line, &sighting, reason);

	if (r != -EINVAL || !strstr(reason, member) || !strstr(reason, word))
		fail_msg("%s: %d, %s", line, r, reason);
	json_decref(tree);
}

static inline void assert_of_others(const char *line)
{
	tree = json_loads(line, 0, NULL);
	assert_false(format.is(tree));
	json_decref(tree);
}
