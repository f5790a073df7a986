#include "daemon/inventory_changes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "identity/inventory_trim.h"

struct told {
	char *name; /* kind, namespace and name, a NUL behind each */
	uint64_t hash;
};

struct told_objects {
	struct hash_seed seed;
	struct told *items; /* by name */
	size_t count;
};

/* What a document has. */
struct reading {
	const struct document *document;
	struct problems *problems;
	struct batch_object *objects;
	size_t count, capacity;
	size_t bytes;
};

static void object_clear(struct batch_object *object)
{
	free(object->kind);
	free(object->namespace);
	free(object->name);
	free(object->uid);
	free(object->content);
	*object = (struct batch_object){0};
}

void object_changes_clear(struct object_changes *changes)
{
	for (size_t i = 0; i < changes->count; i++)
		object_clear(&changes->items[i]);
	free(changes->items);
	*changes = (struct object_changes){0};
}

struct told_objects *told_objects_new(void)
{
	struct told_objects *told = calloc(1, sizeof(*told));

	if (told)
		told->seed = hash_seed_random();
	return told;
}

static void told_clear(struct told *items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(items[i].name);
	free(items);
}

void told_objects_clear(struct told_objects *told)
{
	told_clear(told->items, told->count);
	told->items = NULL;
	told->count = 0;
}

struct told_objects *told_objects_free(struct told_objects *told)
{
	if (told)
		told_objects_clear(told);
	free(told);
	return NULL;
}

size_t told_objects_count(const struct told_objects *told)
{
	return told->count;
}

/* ---- names ---- */

static const char *second(const char *name)
{
	return name + strlen(name) + 1;
}

static int compare_names(const char *a, const char *b)
{
	int order = strcmp(a, b);

	for (int part = 1; order == 0 && part < 3; part++) {
		a = second(a);
		b = second(b);
		order = strcmp(a, b);
	}
	return order;
}

static char *make_name(const struct batch_object *object)
{
	size_t kind = strlen(object->kind) + 1, namespace = strlen(object->namespace) + 1,
	       last = strlen(object->name) + 1;
	char *name = malloc(kind + namespace + last);

	if (name) {
		memcpy(name, object->kind, kind);
		memcpy(name + kind, object->namespace, namespace);
		memcpy(name + kind + namespace, object->name, last);
	}
	return name;
}

static int compare_objects(const struct batch_object *a, const struct batch_object *b)
{
	int order = strcmp(a->kind, b->kind);

	order = order ? order : strcmp(a->namespace, b->namespace);
	return order ? order : strcmp(a->name, b->name);
}

/* ---- reading ---- */

static int make_room(struct reading *reading)
{
	size_t capacity = reading->capacity ? reading->capacity * 2 : 256;
	struct batch_object *objects;

	if (reading->count < reading->capacity)
		return 0;
	objects = reallocarray(reading->objects, capacity, sizeof(*objects));
	if (!objects)
		return -ENOMEM;
	reading->objects = objects;
	reading->capacity = capacity;
	return 0;
}

static int refuse(struct reading *reading, const char *what)
{
	problem_add(reading->problems, PROBLEM_ERROR, document_name(reading->document), "%s", what);
	return -EINVAL;
}

static void leave_out(struct reading *reading, const struct trimmed_object *object)
{
	char subject[512];

	snprintf(subject, sizeof(subject), "%s:%u", document_name(reading->document), object->line);
	problem_add(reading->problems, PROBLEM_WARNING, subject,
		    "%s %s is larger than %u bytes: left out", object->kind, object->name,
		    OBJECT_CONTENT_MAX);
}

static int add_object(void *context, const struct trimmed_object *object)
{
	struct reading *reading = context;
	size_t length = strlen(object->content);
	struct batch_object *copy;

	if (length > OBJECT_CONTENT_MAX) {
		leave_out(reading, object);
		return 0;
	}
	if (reading->count == INVENTORY_OBJECTS_MAX)
		return refuse(reading, "more objects than netpold keeps");
	reading->bytes += length;
	if (reading->bytes > INVENTORY_CONTENT_MAX)
		return refuse(reading, "objects larger than netpold keeps");
	if (make_room(reading) < 0)
		return -ENOMEM;
	copy = &reading->objects[reading->count++];
	*copy = (struct batch_object){.kind = strdup(object->kind),
				      .namespace = strdup(object->namespace),
				      .name = strdup(object->name),
				      .uid = strdup(object->uid),
				      .content = strdup(object->content)};
	return copy->kind && copy->namespace && copy->name && copy->uid && copy->content ? 0
											 : -ENOMEM;
}

static int compare_order(const void *left, const void *right, void *context)
{
	const struct batch_object *objects = context;
	size_t a = *(const size_t *)left, b = *(const size_t *)right;
	int order = compare_objects(&objects[a], &objects[b]);

	return order ? order : (a < b) - (a > b);
}

/* Sorts; of equals the last one read stays. */
static int sort_objects(struct reading *reading)
{
	size_t *order = calloc(reading->count + 1, sizeof(*order)), kept = 0;
	struct batch_object *sorted = calloc(reading->count + 1, sizeof(*sorted));

	if (!order || !sorted) {
		free(order);
		free(sorted);
		return -ENOMEM;
	}
	for (size_t i = 0; i < reading->count; i++)
		order[i] = i;
	qsort_r(order, reading->count, sizeof(*order), compare_order, reading->objects);
	for (size_t i = 0; i < reading->count; i++) {
		struct batch_object *object = &reading->objects[order[i]];

		if (kept > 0 && compare_objects(&sorted[kept - 1], object) == 0)
			object_clear(object);
		else
			sorted[kept++] = *object;
	}
	free(order);
	free(reading->objects);
	reading->objects = sorted;
	reading->count = kept;
	return 0;
}

static void reading_clear(struct reading *reading)
{
	for (size_t i = 0; i < reading->count; i++)
		object_clear(&reading->objects[i]);
	free(reading->objects);
}

/* ---- changes ---- */

static uint64_t hash_object(const struct told_objects *told, const struct batch_object *object)
{
	const uint64_t parts[] = {
	    hash_bytes(told->seed, object->uid, strlen(object->uid)),
	    hash_bytes(told->seed, object->content, strlen(object->content)),
	};

	return hash_bytes(told->seed, parts, sizeof(parts));
}

static struct told *remember(const struct told_objects *told, const struct reading *reading)
{
	struct told *items = calloc(reading->count + 1, sizeof(*items));

	for (size_t i = 0; items && i < reading->count; i++) {
		items[i].name = make_name(&reading->objects[i]);
		items[i].hash = hash_object(told, &reading->objects[i]);
		if (!items[i].name) {
			told_clear(items, i);
			return NULL;
		}
	}
	return items;
}

static int add_gone(struct object_changes *changes, const struct told *gone)
{
	const char *namespace = second(gone->name);
	struct batch_object *object = &changes->items[changes->count++];

	*object = (struct batch_object){.kind = strdup(gone->name),
					.namespace = strdup(namespace),
					.name = strdup(second(namespace)),
					.uid = strdup("")};
	return object->kind && object->namespace && object->name && object->uid ? 0 : -ENOMEM;
}

/* Both are sorted. What did not change is freed. */
static int compare_all(const struct told_objects *told, const struct told *now,
		       struct reading *reading, struct object_changes *changes)
{
	size_t i = 0, j = 0;
	int r = 0;

	changes->items = calloc(told->count + reading->count + 1, sizeof(*changes->items));
	if (!changes->items)
		return -ENOMEM;
	while (r == 0 && (i < told->count || j < reading->count)) {
		int order = i == told->count      ? 1
			    : j == reading->count ? -1
						  : compare_names(told->items[i].name, now[j].name);

		if (order < 0) {
			r = add_gone(changes, &told->items[i]);
		} else if (order > 0 || told->items[i].hash != now[j].hash) {
			changes->items[changes->count++] = reading->objects[j];
			reading->objects[j] = (struct batch_object){0};
		}
		i += order <= 0;
		j += order >= 0;
	}
	return r;
}

static int take_in(struct told_objects *told, struct reading *reading, struct object_changes *ret)
{
	struct told *now = remember(told, reading);
	struct object_changes changes = {0};
	int r = now ? compare_all(told, now, reading, &changes) : -ENOMEM;

	if (r < 0) {
		if (now)
			told_clear(now, reading->count);
		object_changes_clear(&changes);
		return r;
	}
	told_objects_clear(told);
	told->items = now;
	told->count = reading->count;
	*ret = changes;
	return 0;
}

int told_objects_update(struct told_objects *told, const struct document *document,
			struct problems *problems, struct object_changes *ret)
{
	struct reading reading = {.document = document, .problems = problems};
	int r = document ? inventory_trim(document, problems, add_object, &reading) : 0;

	if (r == 0)
		r = sort_objects(&reading);
	if (r == 0)
		r = take_in(told, &reading, ret);
	reading_clear(&reading);
	return r;
}
