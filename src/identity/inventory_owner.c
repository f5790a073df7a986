#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "identity/inventory_object.h"
#include "identity/inventory_table.h"
#include "identity/inventory_whole.h"

/* Longer chains, and those that bite their tail, end here. */
#define CHAIN_MAX 8
/* Where there are more labels, none are known. */
#define LABELS_MAX 32
/* A time in seconds, or in minutes. */
#define TIME_DIGITS_MIN 8

/* A new one for each revision or run of what controls it. */
static const char *const revisions[] = {"ReplicaSet", "ReplicationController", "Job"};

static bool is_revision(const char *kind, size_t length)
{
	for (size_t i = 0; i < sizeof(revisions) / sizeof(revisions[0]); i++)
		if (strlen(revisions[i]) == length && memcmp(revisions[i], kind, length) == 0)
			return true;
	return false;
}

void inventory_owner_clear(void *cleared)
{
	struct owner *owner = cleared;

	free(owner->kind);
	free(owner->namespace);
	free(owner->name);
	free(owner->above_kind);
	free(owner->above_name);
	labels_clear(&owner->selector);
	labels_clear(&owner->made);
}

static char *copy_text(const char *text)
{
	return strdup(text ? text : "");
}

/* As kinds without expressions have it (v1 ReplicationController), or a LabelSelector (meta/v1). */
static const struct node *find_labels(const struct node *selector)
{
	const struct node *labels = node_get(selector, "matchLabels");
	const struct node *expressions = node_get(selector, "matchExpressions");

	if (node_kind(labels) == NODE_MAPPING)
		return node_count(expressions) == 0 ? labels : NULL;
	return node_kind(selector) == NODE_MAPPING && !expressions ? selector : NULL;
}

/* What is no mapping of texts has none. */
static int read_labels(const struct node *labels, struct labels *ret)
{
	if (node_count(labels) > LABELS_MAX)
		return 0;
	for (size_t i = 0; i < node_count(labels); i++) {
		const char *key = node_key(labels, i);
		const struct node *value = node_item(labels, i);

		if (!key || node_kind(value) != NODE_SCALAR) {
			labels_clear(ret);
			return 0;
		}
		if (labels_set(ret, key, node_text(value)) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Of a CronJob that of its jobs. */
static const struct node *find_made(const struct node *spec)
{
	const struct node *job = node_get(node_get(spec, "jobTemplate"), "spec");
	const struct node *template = node_get(job ? job : spec, "template");

	return node_get(node_get(template, "metadata"), "labels");
}

int inventory_add_owner(struct whole *whole, const struct node *object, const char *kind,
			size_t length)
{
	const struct node *metadata = node_get(object, "metadata");
	const struct node *above = object_controller(object);
	const char *name = node_get_text(metadata, "name");
	const char *generate = node_get_text(metadata, "generateName");
	struct owner owner = {.generated = generate && *generate};
	const struct node *spec = node_get(object, "spec");
	int r = read_labels(find_labels(node_get(spec, "selector")), &owner.selector);

	if (r == 0)
		r = read_labels(find_made(spec), &owner.made);
	/* Where nothing is above, a chain ends all the same; but then names must not guess. */
	if (r == 0 && (!name || !*name ||
		       (!above && !is_revision(kind, length) && owner.selector.count == 0 &&
			owner.made.count == 0))) {
		inventory_owner_clear(&owner);
		return 0;
	}
	owner.kind = strndup(kind, length);
	owner.namespace = copy_text(node_get_text(metadata, "namespace"));
	owner.name = copy_text(name);
	owner.above_kind = copy_text(node_get_text(above, "kind"));
	owner.above_name = copy_text(node_get_text(above, "name"));
	if (r < 0 || !owner.kind || !owner.namespace || !owner.name || !owner.above_kind ||
	    !owner.above_name ||
	    inventory_grow(&whole->owners, sizeof(owner), whole->owner_count,
			   &whole->owner_capacity) < 0) {
		inventory_owner_clear(&owner);
		return -ENOMEM;
	}
	whole->owners[whole->owner_count++] = owner;
	return 0;
}

static int compare_owners(const void *left, const void *right)
{
	const struct owner *a = left, *b = right;
	int order = strcmp(a->kind, b->kind);

	order = order ? order : strcmp(a->namespace, b->namespace);
	return order ? order : strcmp(a->name, b->name);
}

static const struct owner *find_exactly(const struct whole *whole, const char *namespace,
					const char *kind, const char *name)
{
	const struct owner wanted = {
	    .kind = (char *)kind, .namespace = (char *)namespace, .name = (char *)name};

	return whole->owner_count == 0 ? NULL
				       : bsearch(&wanted, whole->owners, whole->owner_count,
						 sizeof(wanted), compare_owners);
}

/* An owner stands in the namespace of what it owns, or in none. */
static const struct owner *find_owner(const struct whole *whole, const char *namespace,
				      const char *kind, const char *name)
{
	const struct owner *owner = find_exactly(whole, namespace, kind, name);

	return owner ? owner : find_exactly(whole, "", kind, name);
}

const struct labels *inventory_own_selector(const struct inventory *inventory,
					    const char *namespace, const char *kind,
					    const char *name)
{
	const struct owner *owner = find_exactly(whole_of_const(inventory), namespace, kind, name);

	return owner && owner->selector.count > 0 ? &owner->selector : NULL;
}

int inventory_made(const struct inventory *inventory, struct inventory_made **ret,
		   size_t *ret_count)
{
	const struct whole *whole = whole_of_const(inventory);
	struct inventory_made *made = calloc(whole->owner_count + 1, sizeof(*made));
	size_t count = 0;

	if (!made)
		return -ENOMEM;
	for (size_t i = 0; i < whole->owner_count; i++)
		if (whole->owners[i].made.count > 0)
			made[count++] = (struct inventory_made){whole->owners[i].namespace,
								&whole->owners[i].made};
	*ret = made;
	*ret_count = count;
	return 0;
}

/* What a schedule made: NAME-TIME. */
static bool is_named_by_time(const struct owner *owner)
{
	size_t length = strlen(owner->above_name);
	const char *suffix = owner->name + length;

	return strncmp(owner->name, owner->above_name, length) == 0 && *suffix == '-' &&
	       strlen(suffix + 1) >= TIME_DIGITS_MIN &&
	       strspn(suffix + 1, "0123456789") == strlen(suffix + 1);
}

/*
 * Is the object one of many that its controller makes over time? Others stay what people know: one
 * operator's object may control several that do different things.
 */
static bool is_made_anew(const struct owner *owner)
{
	return *owner->above_kind && *owner->above_name &&
	       (is_revision(owner->kind, strlen(owner->kind)) || owner->generated ||
		is_named_by_time(owner));
}

static int climb(const struct whole *whole, struct inventory_pod *pod)
{
	const struct owner *owner =
	    find_owner(whole, pod->namespace, pod->owner_kind, pod->owner_name);
	const char *kind = pod->owner_kind, *name = pod->owner_name;
	char *kind_copy, *name_copy;

	if (!owner)
		return 0;
	for (int i = 0; i < CHAIN_MAX && owner && is_made_anew(owner); i++) {
		kind = owner->above_kind;
		name = owner->above_name;
		owner = find_owner(whole, pod->namespace, kind, name);
	}
	kind_copy = strdup(kind);
	name_copy = strdup(name);
	if (!kind_copy || !name_copy) {
		free(kind_copy);
		free(name_copy);
		return -ENOMEM;
	}
	free(pod->top_kind);
	free(pod->top_name);
	pod->top_kind = kind_copy;
	pod->top_name = name_copy;
	return 0;
}

int inventory_find_owners(struct whole *whole)
{
	struct table owners = {.items = whole->owners,
			       .size = sizeof(*whole->owners),
			       .count = whole->owner_count,
			       .compare = compare_owners,
			       .clear = inventory_owner_clear};
	int r = table_finish(&owners);

	whole->owners = owners.items;
	whole->owner_count = owners.count;
	for (size_t i = 0; i < whole->inventory.pod_count && r == 0; i++)
		r = climb(whole, &whole->inventory.pods[i]);
	return r;
}
