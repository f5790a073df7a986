#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "identity/inventory_object.h"
#include "identity/inventory_whole.h"

struct merger {
	struct whole *whole;
	struct problems *problems;
	struct inventory_pod *merged;
	size_t count;
	int error;
};

/* ---- the order ---- */

static int compare_kubelet_uids(const void *left, const void *right)
{
	const struct static_uid *a = left, *b = right;

	return strcmp(a->kubelet, b->kubelet);
}

/* What a node records of a static pod has the kubelet's uid; its object has both. */
static int translate_uids(struct whole *whole)
{
	struct inventory *inventory = &whole->inventory;

	if (whole->static_uid_count == 0)
		return 0;
	qsort(whole->static_uids, whole->static_uid_count, sizeof(*whole->static_uids),
	      compare_kubelet_uids);
	for (size_t i = 0; i < inventory->pod_count; i++) {
		struct inventory_pod *pod = &inventory->pods[i];
		struct static_uid wanted = {.kubelet = pod->uid};
		const struct static_uid *found;
		char *uid;

		if (pod->source != INVENTORY_RECORDED)
			continue;
		found = bsearch(&wanted, whole->static_uids, whole->static_uid_count,
				sizeof(wanted), compare_kubelet_uids);
		if (!found || !*found->api)
			continue;
		uid = strdup(found->api);
		if (!uid)
			return -ENOMEM;
		free(pod->uid);
		pod->uid = uid;
	}
	return 0;
}

static int compare_names(const struct inventory_pod *a, const struct inventory_pod *b)
{
	int order = strcmp(a->namespace, b->namespace);

	return order ? order : strcmp(a->name, b->name);
}

/* Of one pod the best source comes first, and of that what was told last. */
static int compare_pods(const void *left, const void *right, void *context)
{
	const struct inventory_pod *pods = context;
	size_t x = *(const size_t *)left, y = *(const size_t *)right;
	const struct inventory_pod *a = &pods[x], *b = &pods[y];
	int order = compare_names(a, b);

	order = order ? order : strcmp(a->uid, b->uid);
	order = order ? order : (a->source < b->source) - (a->source > b->source);
	order = order ? order : (a->moment < b->moment) - (a->moment > b->moment);
	return order ? order : (x < y) - (x > y);
}

/* ---- labels that change ---- */

static void add_change(struct merger *merger, const struct inventory_pod *pod, const char *key)
{
	struct inventory *inventory = &merger->whole->inventory;
	struct inventory_change change = {strdup(pod->namespace), strdup(key), strdup(pod->name)};

	if (!change.namespace || !change.key || !change.pod ||
	    inventory_grow(&inventory->changes, sizeof(change), inventory->change_count,
			   &merger->whole->change_capacity) < 0) {
		free(change.namespace);
		free(change.key);
		free(change.pod);
		merger->error = -ENOMEM;
		return;
	}
	inventory->changes[inventory->change_count++] = change;
}

/* Who tells no label at all may be silent; and files are trimmed by hand: what they lack counts for
 * nothing. */
static void note_changes(struct merger *merger, const struct inventory_pod *kept,
			 const struct inventory_pod *other)
{
	const struct labels *now = &kept->labels, *then = &other->labels;

	if (now->count == 0 || then->count == 0 || !*kept->uid ||
	    strcmp(kept->uid, other->uid) != 0)
		return;
	for (size_t i = 0; i < now->count; i++) {
		const char *value = labels_get(then, now->items[i].key);

		if (!value || strcmp(value, now->items[i].value) != 0)
			add_change(merger, kept, now->items[i].key);
	}
	for (size_t i = 0; i < then->count && kept->source != INVENTORY_FILE; i++)
		if (!labels_get(now, then->items[i].key))
			add_change(merger, kept, then->items[i].key);
}

static int compare_changes(const void *left, const void *right)
{
	const struct inventory_change *a = left, *b = right;
	int order = strcmp(a->namespace, b->namespace);

	order = order ? order : strcmp(a->key, b->key);
	return order ? order : strcmp(a->pod, b->pod);
}

static void settle_changes(struct inventory *inventory)
{
	struct inventory_change *changes = inventory->changes;
	size_t kept = 0;

	if (inventory->change_count == 0)
		return;
	qsort(changes, inventory->change_count, sizeof(*changes), compare_changes);
	for (size_t i = 0; i < inventory->change_count; i++) {
		struct inventory_change *last = kept > 0 ? &changes[kept - 1] : NULL;

		if (!last || strcmp(last->namespace, changes[i].namespace) != 0 ||
		    strcmp(last->key, changes[i].key) != 0) {
			changes[kept++] = changes[i];
			continue;
		}
		free(changes[i].namespace);
		free(changes[i].key);
		free(changes[i].pod);
	}
	inventory->change_count = kept;
}

/* ---- one of several ---- */

static void take_text(char **kept, char **other)
{
	char *text = *kept;

	if (*text)
		return;
	*kept = *other;
	*other = text;
}

static void take_array(void *kept, size_t *kept_count, void *other, size_t *other_count)
{
	void *array = *(void **)kept;

	if (*kept_count > 0)
		return;
	*(void **)kept = *(void **)other;
	*(void **)other = array;
	*kept_count = *other_count;
	*other_count = 0;
}

static void mark_conflict(struct merger *merger, struct inventory_pod *pod, const char *what)
{
	char *text;

	if (*pod->conflict)
		return;
	text = strdup(what);
	if (!text) {
		merger->error = -ENOMEM;
		return;
	}
	free(pod->conflict);
	pod->conflict = text;
}

static void take_network(struct merger *merger, struct inventory_pod *kept,
			 const struct inventory_pod *other)
{
	if (!other->network_told)
		return;
	if (kept->network_told && kept->host_network != other->host_network)
		mark_conflict(merger, kept, "whether it shares its node's network");
	if (!kept->network_told)
		kept->host_network = other->host_network;
	kept->network_told = true;
}

/* A node may have recorded it under a name of its own. */
static void take_node(struct merger *merger, struct inventory_pod *kept,
		      struct inventory_pod *other)
{
	if (*kept->node && *other->node && other->source != INVENTORY_RECORDED &&
	    strcmp(kept->node, other->node) != 0)
		mark_conflict(merger, kept, "the node on which it runs");
	take_text(&kept->node, &other->node);
}

/* One pod has an address once: from the earliest that is told to the latest. */
static void take_turn(struct inventory_pod *pod, const struct pod_address *turn)
{
	for (size_t i = 0; i < pod->turn_count; i++) {
		struct pod_address *known = &pod->turns[i];

		if (!addr_equal(known->address, turn->address))
			continue;
		known->since = turn->since < known->since ? turn->since : known->since;
		known->until = turn->until > known->until ? turn->until : known->until;
		return;
	}
	pod->turns[pod->turn_count++] = *turn;
}

static void take_turns(struct merger *merger, struct inventory_pod *kept,
		       const struct inventory_pod *other)
{
	struct pod_address *turns;

	if (other->turn_count == 0)
		return;
	turns = reallocarray(kept->turns, kept->turn_count + other->turn_count, sizeof(*turns));
	if (!turns) {
		merger->error = -ENOMEM;
		return;
	}
	kept->turns = turns;
	for (size_t i = 0; i < other->turn_count; i++)
		take_turn(kept, &other->turns[i]);
}

/* Who tells all of them is believed, be it none. */
static void take_ports(struct inventory_pod *kept, struct inventory_pod *other)
{
	struct inventory_pod less = *kept;

	if (kept->ports_told)
		return;
	if (!other->ports_told) {
		take_array(&kept->ports, &kept->port_count, &other->ports, &other->port_count);
		return;
	}
	kept->ports = other->ports;
	kept->port_count = other->port_count;
	kept->ports_told = true;
	other->ports = less.ports;
	other->port_count = less.port_count;
}

static struct namesake namesake_of(const struct inventory_pod *pod)
{
	return (struct namesake){"Pod",        pod->namespace, pod->name,
				 &pod->labels, pod->file,      pod->line};
}

/* Of one that runs, states of different times differ. */
static void compare_namesakes(const struct merger *merger, const struct inventory_pod *kept,
			      const struct inventory_pod *other)
{
	const bool is_labelled = kept->labels.count > 0;
	const struct namesake believed = namesake_of(is_labelled ? kept : other);
	const struct namesake another = namesake_of(is_labelled ? other : kept);

	if (merger->whole->of_manifests && !*kept->uid && !*other->uid)
		inventory_compare_namesakes(merger->problems, &believed, &another);
}

/* Takes from the other what the kept one leaves out; the other is cleared. */
static void absorb(struct merger *merger, struct inventory_pod *kept, struct inventory_pod *other)
{
	note_changes(merger, kept, other);
	compare_namesakes(merger, kept, other);
	take_network(merger, kept, other);
	take_text(&kept->uid, &other->uid);
	take_node(merger, kept, other);
	take_text(&kept->generate_name, &other->generate_name);
	if (!*kept->owner_kind) {
		take_text(&kept->owner_kind, &other->owner_kind);
		take_text(&kept->owner_name, &other->owner_name);
	}
	take_text(&kept->conflict, &other->conflict);
	take_text(&kept->container, &other->container);
	take_array(&kept->labels.items, &kept->labels.count, &other->labels.items,
		   &other->labels.count);
	take_array(&kept->addresses, &kept->address_count, &other->addresses,
		   &other->address_count);
	take_array(&kept->secondary, &kept->secondary_count, &other->secondary,
		   &other->secondary_count);
	take_turns(merger, kept, other);
	take_ports(kept, other);
	kept->mirror |= other->mirror;
	kept->ambient |= other->ambient;
	if (!*kept->sidecar)
		kept->sidecar = other->sidecar;
	inventory_pod_clear(other);
}

/* The one that is meant by who tells no uid: the only one of the name, or the only one that lives.
 */
static size_t find_meant(const struct merger *merger, size_t first)
{
	size_t alive = 0, found = SIZE_MAX;

	if (merger->count == first + 2)
		return first + 1;
	for (size_t i = first + 1; i < merger->count; i++) {
		if (merger->merged[i].finished)
			continue;
		found = i;
		alive++;
	}
	return alive == 1 ? found : SIZE_MAX;
}

/* Pods of one name from first on; without uid is at most the first. */
static void join_without_uid(struct merger *merger, size_t first)
{
	struct inventory_pod *pods = merger->merged, joined = pods[first];
	size_t meant;

	if (merger->count < first + 2 || *joined.uid)
		return;
	meant = find_meant(merger, first);
	if (meant == SIZE_MAX ||
	    (*joined.node && *pods[meant].node && strcmp(joined.node, pods[meant].node) != 0))
		return;
	if (pods[meant].source >= joined.source) {
		absorb(merger, &pods[meant], &joined);
	} else {
		absorb(merger, &joined, &pods[meant]);
		pods[meant] = joined;
	}
	merger->count--;
	memmove(&pods[first], &pods[first + 1], (merger->count - first) * sizeof(*pods));
}

static void merge_all(struct merger *merger, const size_t *order)
{
	struct inventory *inventory = &merger->whole->inventory;
	size_t first = 0;

	for (size_t i = 0; i < inventory->pod_count; i++) {
		struct inventory_pod *pod = &inventory->pods[order[i]];
		struct inventory_pod *last =
		    merger->count > first ? &merger->merged[merger->count - 1] : NULL;

		if (last && compare_names(last, pod) == 0 && strcmp(last->uid, pod->uid) == 0) {
			absorb(merger, last, pod);
			continue;
		}
		if (last && compare_names(last, pod) != 0) {
			join_without_uid(merger, first);
			first = merger->count;
		}
		merger->merged[merger->count++] = *pod;
	}
	if (merger->count > first)
		join_without_uid(merger, first);
}

/* ---- one uid, several names ---- */

static int compare_uids(const void *left, const void *right, void *context)
{
	const struct inventory_pod *pods = context;
	size_t x = *(const size_t *)left, y = *(const size_t *)right;
	int order = strcmp(pods[x].uid, pods[y].uid);

	return order ? order : (x > y) - (x < y);
}

static int mark_namesake(struct inventory_pod *pod, const struct inventory_pod *other)
{
	char *text;

	if (asprintf(&text, "its uid is that of Pod/%s in %s, too", other->name, other->namespace) <
	    0)
		return -ENOMEM;
	free(pod->conflict);
	pod->conflict = text;
	return 0;
}

static int mark_conflicts(struct inventory *inventory)
{
	struct inventory_pod *pods = inventory->pods;
	size_t *order = calloc(inventory->pod_count + 1, sizeof(*order));
	int r = order ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < inventory->pod_count; i++)
		order[i] = i;
	if (r == 0)
		qsort_r(order, inventory->pod_count, sizeof(*order), compare_uids, pods);
	for (size_t i = 1; r == 0 && i < inventory->pod_count; i++) {
		struct inventory_pod *a = &pods[order[i - 1]], *b = &pods[order[i]];

		if (!*a->uid || strcmp(a->uid, b->uid) != 0)
			continue;
		r = mark_namesake(a, b);
		if (r == 0)
			r = mark_namesake(b, a);
	}
	free(order);
	return r;
}

int inventory_merge_pods(struct whole *whole, struct problems *problems)
{
	struct inventory *inventory = &whole->inventory;
	size_t *order = calloc(inventory->pod_count + 1, sizeof(*order));
	struct merger merger = {.whole = whole, .problems = problems};
	int r = -ENOMEM;

	merger.merged = calloc(inventory->pod_count + 1, sizeof(*merger.merged));
	if (!order || !merger.merged)
		goto out;
	r = translate_uids(whole);
	if (r < 0)
		goto out;
	for (size_t i = 0; i < inventory->pod_count; i++)
		order[i] = i;
	qsort_r(order, inventory->pod_count, sizeof(*order), compare_pods, inventory->pods);
	merge_all(&merger, order);
	free(inventory->pods);
	inventory->pods = merger.merged;
	inventory->pod_count = merger.count;
	merger.merged = NULL;
	settle_changes(inventory);
	r = merger.error < 0 ? merger.error : mark_conflicts(inventory);
out:
	free(merger.merged);
	free(order);
	return r;
}
