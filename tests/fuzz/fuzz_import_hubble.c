#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/import_hubble.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_end(const struct sighting_end *end)
{
	if (!end->namespace || !end->name || !end->owner_kind || !end->owner_name ||
	    (end->here && !*end->name) || strlen(end->name) > 253)
		abort();
}

/* What was understood is whole: nobody looks again. */
static void check(const struct sighting *sighting)
{
	if (!sighting->node || !*sighting->node || sighting->time < 0)
		abort();
	if (sighting->kind == SIGHTING_CONNECTION) {
		check_end(&sighting->from);
		check_end(&sighting->to);
		if (!addr_is_set(sighting->from.address) || !addr_is_set(sighting->to.address) ||
		    sighting->protocol == 0 || sighting->time == 0)
			abort();
	}
	if (sighting->kind == SIGHTING_LOSS && (!sighting->reason || sighting->lost == 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *tree = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
	struct sighting sighting;
	char reason[256] = "";
	int r;

	if (!json_is_object(tree)) {
		json_decref(tree);
		return 0;
	}
	hubble_is(tree);
	r = hubble_decode(tree, &sighting, reason);
	if (r == 0) {
		check(&sighting);
		sighting_clear(&sighting);
	} else if (r != -EINVAL || reason[0] == '\0') {
		abort();
	}
	json_decref(tree);
	return 0;
}
