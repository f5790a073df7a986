/* What is understood of a line that another recorder wrote is whole: nobody looks again. */
#pragma once

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/import_sighting.h"

static inline void check_sighting_end(const struct sighting_end *end)
{
	if (!end->namespace || !end->name || !end->owner_kind || !end->owner_name ||
	    (end->here && !*end->name) || strlen(end->name) > 253)
		abort();
}

static inline void check_sighting(const struct sighting *sighting)
{
	if (!sighting->node || !*sighting->node || sighting->time < 0)
		abort();
	if (sighting->kind == SIGHTING_CONNECTION) {
		check_sighting_end(&sighting->from);
		check_sighting_end(&sighting->to);
		if (!addr_is_set(sighting->from.address) || !addr_is_set(sighting->to.address) ||
		    sighting->protocol == 0 || sighting->time == 0)
			abort();
	}
	if (sighting->kind == SIGHTING_LOSS && (!sighting->reason || sighting->lost == 0))
		abort();
}

/* Decodes the bytes, if they are an object; aborts if what comes of that is not sound. */
static inline int fuzz_sighting(const uint8_t *data, size_t size, bool (*is)(const json_t *tree),
				int (*decode)(const json_t *tree, struct sighting *ret,
					      char reason[static 256]))
{
	json_t *tree = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
	struct sighting sighting;
	char reason[256] = "";
	int r;

	if (!json_is_object(tree)) {
		json_decref(tree);
		return 0;
	}
	is(tree);
	r = decode(tree, &sighting, reason);
	if (r == 0) {
		check_sighting(&sighting);
		sighting_clear(&sighting);
	} else if (r != -EINVAL || reason[0] == '\0') {
		abort();
	}
	json_decref(tree);
	return 0;
}
