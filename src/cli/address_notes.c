#include "cli/address_notes.h"

#include <stdio.h>
#include <string.h>

#define AS_OUTSIDE "asked is what an address outside of the cluster could"

struct notes {
	struct session *session;
	const char *subject;
	struct addr_range range;
};

/* Who has an address in the range: how many, and one of them. */
struct overlap {
	size_t count;
	size_t index;
	struct addr address;
};

static void look(const struct notes *notes, size_t index, const struct addr *addresses,
		 size_t count, struct overlap *overlap)
{
	const struct addr_range range = notes->range;

	for (size_t i = 0; i < count; i++) {
		if (addr_compare(addresses[i], range.first) < 0 ||
		    addr_compare(addresses[i], range.last) > 0)
			continue;
		if (overlap->count++ == 0) {
			overlap->index = index;
			overlap->address = addresses[i];
		}
		return;
	}
}

static bool is_one(const struct notes *notes)
{
	return addr_equal(notes->range.first, notes->range.last);
}

/* " (10.0.0.7), and 11 more", where more than the one address was asked. */
struct others {
	char text[ADDR_TEXT_MAX + 48];
};

static struct others others_of(const struct notes *notes, const struct overlap *overlap)
{
	struct others others = {""};
	char address[ADDR_TEXT_MAX], more[40] = "";

	if (overlap->count > 1)
		snprintf(more, sizeof(more), ", and %zu more", overlap->count - 1);
	if (is_one(notes))
		snprintf(others.text, sizeof(others.text), "%s", more);
	else
		snprintf(others.text, sizeof(others.text), " (%s)%s",
			 addr_format(overlap->address, address), more);
	return others;
}

static const char *which(const struct notes *notes)
{
	return is_one(notes) ? "this address" : "an address in it";
}

/* ---- pods and nodes ---- */

static void note_pods(const struct notes *notes, const struct scene *scene,
		      const struct scene_owner *owners)
{
	struct overlap overlap = {0};

	for (size_t i = 0; i < scene->pod_count; i++)
		look(notes, i, scene->pods[i].addresses, scene->pods[i].address_count, &overlap);
	if (overlap.count > 0)
		problem_add(&notes->session->problems, PROBLEM_NOTE, notes->subject,
			    "a pod has %s, %s/%s%s: " AS_OUTSIDE, which(notes),
			    owners[overlap.index].namespace, owners[overlap.index].pod,
			    others_of(notes, &overlap).text);
}

static void note_nodes(const struct notes *notes, const struct scene *scene)
{
	struct overlap overlap = {0};

	for (size_t i = 0; i < scene->node_count; i++)
		look(notes, i, scene->nodes[i].addresses, scene->nodes[i].address_count, &overlap);
	if (overlap.count > 0)
		problem_add(&notes->session->problems,
			    is_one(notes) ? PROBLEM_WARNING : PROBLEM_NOTE, notes->subject,
			    "a node has %s, %s%s: " AS_OUTSIDE
			    ", and a pod and its own node are never kept apart",
			    which(notes), scene->nodes[overlap.index].name,
			    others_of(notes, &overlap).text);
}

/* ---- services ---- */

static bool selects(const struct inventory_service *service, const struct scene_owner *owner,
		    const struct labels *labels)
{
	return labels && service->selector.count > 0 &&
	       strcmp(service->namespace, owner->namespace) == 0 &&
	       labels_match(labels, &service->selector);
}

/* Whose pods are behind it; NULL: nobody's that is known. */
static const struct scene_owner *find_backend(const struct inventory_service *service,
					      const struct scene_inventory *scene)
{
	for (size_t i = 0; i < scene->scene.pod_count; i++)
		if (selects(service, &scene->owners[i], scene->scene.pods[i].labels))
			return &scene->owners[i];
	return NULL;
}

static void note_services(const struct notes *notes, enum direction direction,
			  const struct manifests *manifests)
{
	const struct inventory *inventory = manifests->manifest->inventory;
	const struct inventory_service *service;
	const struct scene_owner *backend;
	struct overlap overlap = {0};

	for (size_t i = 0; i < inventory->service_count; i++)
		look(notes, i, inventory->services[i].addresses,
		     inventory->services[i].address_count, &overlap);
	if (overlap.count == 0)
		return;
	service = &inventory->services[overlap.index];
	backend = direction == DIRECTION_INGRESS ? find_backend(service, manifests->scene) : NULL;
	problem_add(
	    &notes->session->problems, is_one(notes) ? PROBLEM_WARNING : PROBLEM_NOTE,
	    notes->subject, "%s of service %s/%s%s: plugins judge the pods behind it%s%s%s%s",
	    is_one(notes) ? "address" : "it has the address", service->namespace, service->name,
	    others_of(notes, &overlap).text, backend ? "; ask --to " : "",
	    backend ? backend->namespace : "", backend ? "/" : "", backend ? backend->name : "");
}

void address_notes(struct session *session, const char *subject, struct addr_range range,
		   enum direction direction, const struct manifests *manifests)
{
	const struct notes notes = {session, subject, range};

	note_pods(&notes, &manifests->scene->scene, manifests->scene->owners);
	note_nodes(&notes, &manifests->scene->scene);
	note_services(&notes, direction, manifests);
}
