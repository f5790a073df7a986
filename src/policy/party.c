#include "policy/party.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A static pod is controlled by its node, which makes no others of it. */
static bool has_owner(const struct inventory_pod *pod)
{
	return pod->owner_name[0] && strcmp(pod->owner_kind, "Node") != 0;
}

static struct party_name pod_name(const struct inventory_pod *pod)
{
	bool owned = has_owner(pod);

	return (struct party_name){
	    .namespace = pod->namespace,
	    .name = owned ? pod->owner_name : pod->name,
	    .kind = owned && pod->owner_kind[0] ? pod->owner_kind : "Pod",
	    .pod = pod->name,
	};
}

int party_names_of_inventory(const struct inventory *inventory, struct party_names *ret)
{
	size_t count = inventory->pod_count + inventory->template_count;
	struct party_name *items = calloc(count + 1, sizeof(*items));
	size_t at = 0;

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < inventory->pod_count; i++)
		items[at++] = pod_name(&inventory->pods[i]);
	for (size_t i = 0; i < inventory->template_count; i++) {
		const struct inventory_template *template = &inventory->templates[i];

		items[at++] = (struct party_name){.namespace = template->namespace,
						  .name = template->name,
						  .kind = template->kind,
						  .pod = ""};
	}
	*ret = (struct party_names){.items = items, .count = count};
	return 0;
}

void party_names_clear(struct party_names *names)
{
	free(names->items);
	*names = (struct party_names){0};
}
