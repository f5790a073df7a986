#include "sources/directories.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void directories_init(struct directories *directories)
{
	*directories = (struct directories){.seed = hash_seed_random()};
	for (size_t i = 0; i < DIRECTORIES_BUCKETS; i++)
		directories->named[i] = DIRECTORY_NONE;
}

static struct directory *directory_free(struct directory *directory)
{
	if (directory) {
		free(directory->folder.path);
		free(directory->only);
		free(directory);
	}
	return NULL;
}

void directories_clear(struct directories *directories)
{
	for (size_t i = 0; i < directories->capacity; i++)
		directory_free(directories->items[i]);
	free(directories->items);
	directories->items = NULL;
	directories->capacity = 0;
}

const struct state_layout *directory_layout(const struct directory *directory)
{
	return &state_layouts[directory->kind];
}

bool directory_is_inner(const struct directory *directory)
{
	return directory->depth > 0;
}

static int make_room(struct directories *directories, size_t number)
{
	size_t capacity = directories->capacity ? directories->capacity * 2 : 16;
	struct directory **items;

	if (number < directories->capacity)
		return 0;
	items = reallocarray(directories->items, capacity, sizeof(struct directory *));
	if (!items)
		return -ENOMEM;
	memset(items + directories->capacity, 0,
	       (capacity - directories->capacity) * sizeof(struct directory *));
	directories->items = items;
	directories->capacity = capacity;
	return 0;
}

/* Takes the directory over. -ENOMEM. */
static int directory_add(struct directories *directories, struct directory *directory, size_t *ret)
{
	unsigned flags =
	    directory_layout(directory)->watch | (directory_is_inner(directory) ? WATCH_INNER : 0);
	int r = watch_add(directories->watch, directory->folder.path, flags, ret);

	if (r == 0) {
		r = make_room(directories, *ret);
		if (r < 0)
			watch_remove(directories->watch, *ret);
	}
	if (r < 0) {
		directory_free(directory);
		return r;
	}
	directories->items[*ret] = directory;
	return 0;
}

static struct directory *directory_new(enum node_state_kind kind, const char *path)
{
	struct directory *directory = calloc(1, sizeof(*directory));

	if (!directory)
		return NULL;
	directory->kind = kind;
	directory->child = directory->sibling = directory->sibling_before = DIRECTORY_NONE;
	directory->folder.format = state_layouts[kind].format;
	directory->folder.path = strdup(path);
	return directory->folder.path ? directory : directory_free(directory);
}

/* "/a/b" → "/a", and "b" into only. */
static int split_file(struct directory *directory)
{
	char *path = directory->folder.path, *slash = strrchr(path, '/');

	directory->only = strdup(slash ? slash + 1 : path);
	if (!directory->only)
		return -ENOMEM;
	if (slash == path)
		path[1] = '\0';
	else if (slash)
		*slash = '\0';
	return 0;
}

int directories_add_outer(struct directories *directories, enum node_state_kind kind,
			  const char *path)
{
	struct directory *directory = directory_new(kind, path);
	size_t number;
	int r;

	if (!directory)
		return -ENOMEM;
	if (state_layouts[kind].is_file && split_file(directory) < 0) {
		directory_free(directory);
		return -ENOMEM;
	}
	r = directory_add(directories, directory, &number);
	if (r == 0)
		directories->outer = number + 1;
	return r;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static size_t bucket_of(const struct directories *directories, size_t parent, const char *name)
{
	struct hash_seed seed = directories->seed;

	seed.k0 ^= parent;
	return hash_bytes(seed, name, strlen(name)) % DIRECTORIES_BUCKETS;
}

static size_t *inner_bucket(struct directories *directories, const struct directory *directory)
{
	const char *name = base_name(directory->folder.path);

	return &directories->named[bucket_of(directories, directory->parent, name)];
}

size_t directories_find(const struct directories *directories, size_t parent, const char *name)
{
	size_t number = directories->named[bucket_of(directories, parent, name)];

	while (number != DIRECTORY_NONE) {
		const struct directory *directory = directories->items[number];

		if (directory->parent == parent &&
		    strcmp(base_name(directory->folder.path), name) == 0)
			break;
		number = directory->next;
	}
	return number;
}

static void inner_link(struct directories *directories, size_t number)
{
	struct directory *directory = directories->items[number];
	struct directory *parent = directories->items[directory->parent];
	size_t *bucket = inner_bucket(directories, directory);

	directory->next = *bucket;
	*bucket = number;
	directory->sibling = parent->child;
	if (parent->child != DIRECTORY_NONE)
		directories->items[parent->child]->sibling_before = number;
	parent->child = number;
	directories->inner++;
}

static void inner_unlink(struct directories *directories, size_t number)
{
	const struct directory *directory = directories->items[number];
	size_t *link = inner_bucket(directories, directory);

	while (*link != number)
		link = &directories->items[*link]->next;
	*link = directory->next;
	if (directory->sibling != DIRECTORY_NONE)
		directories->items[directory->sibling]->sibling_before = directory->sibling_before;
	if (directory->sibling_before != DIRECTORY_NONE)
		directories->items[directory->sibling_before]->sibling = directory->sibling;
	else
		directories->items[directory->parent]->child = directory->sibling;
	directories->inner--;
}

int directories_add_inner(struct directories *directories, size_t parent, const char *name,
			  size_t *ret)
{
	const struct directory *above = directories->items[parent];
	struct directory *directory = NULL;
	char *path = NULL;
	int r;

	if (asprintf(&path, "%s/%s", above->folder.path, name) >= 0)
		directory = directory_new(above->kind, path);
	free(path);
	if (!directory)
		return -ENOMEM;
	directory->depth = above->depth + 1;
	directory->parent = parent;
	r = directory_add(directories, directory, ret);
	if (r < 0)
		return r;
	directories_set_due(directories, directory, DUE_SCAN);
	inner_link(directories, *ret);
	return 0;
}

void directories_remove(struct directories *directories, size_t number)
{
	struct directory *directory = directories->items[number];

	inner_unlink(directories, number);
	directories_unset_due(directories, directory);
	watch_remove(directories->watch, number);
	directories->items[number] = directory_free(directory);
}

/* ---- due ---- */

void directories_set_due(struct directories *directories, struct directory *directory, enum due due)
{
	if (directory->due == DUE_NOTHING)
		directories->due++;
	if (directory->due < due)
		directory->due = due;
}

void directories_unset_due(struct directories *directories, struct directory *directory)
{
	if (directory->due != DUE_NOTHING)
		directories->due--;
	directory->due = DUE_NOTHING;
}

void directories_set_all_due(struct directories *directories, enum due due)
{
	for (size_t i = 0; i < directories->capacity; i++)
		if (directories->items[i])
			directories_set_due(directories, directories->items[i], due);
}

struct directory *directories_next_due(struct directories *directories, size_t *ret)
{
	for (;; directories->cursor++) {
		struct directory *directory;

		if (directories->cursor >= directories->capacity)
			directories->cursor = 0;
		directory = directories->items[directories->cursor];
		if (directory && directory->due != DUE_NOTHING) {
			*ret = directories->cursor++;
			return directory;
		}
	}
}
