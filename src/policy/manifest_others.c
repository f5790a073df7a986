#include "policy/manifest_others.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/manifest_value.h"

#define SHOWN_MAX 80

struct other_kind {
	char *kind;
	char *version;
	char *name; /* of the first */
	const char *file;
	unsigned line;
	size_t count;
};

static struct other_kind *find(const struct other_kinds *others, const char *version,
			       const char *kind, size_t kind_length)
{
	for (size_t i = 0; i < others->count; i++) {
		struct other_kind *item = &others->items[i];

		if (strlen(item->kind) == kind_length &&
		    memcmp(item->kind, kind, kind_length) == 0 &&
		    strcmp(item->version, version) == 0)
			return item;
	}
	return NULL;
}

static char *print_name(const struct node *policy)
{
	const struct node *metadata = node_get(policy, "metadata");
	const char *name = node_get_text(metadata, "name");
	const char *namespace = node_get_text(metadata, "namespace");
	char *text;

	if (asprintf(&text, "%.*s%s%.*s", SHOWN_MAX, namespace ? namespace : "",
		     namespace ? "/" : "", SHOWN_MAX, name ? name : "?") < 0)
		return NULL;
	return text;
}

static void kind_clear(struct other_kind *kind)
{
	free(kind->kind);
	free(kind->version);
	free(kind->name);
}

static int grow(struct other_kinds *others)
{
	size_t wanted = others->capacity ? 2 * others->capacity : 4;
	struct other_kind *items;

	if (others->count < others->capacity)
		return 0;
	items = reallocarray(others->items, wanted, sizeof(*items));
	if (!items)
		return -ENOMEM;
	others->items = items;
	others->capacity = wanted;
	return 0;
}

int other_kinds_add(struct other_kinds *others, const struct node *policy, const char *version,
		    const char *kind, size_t kind_length, const char *file)
{
	struct other_kind *known = find(others, version, kind, kind_length), fresh;

	if (known || others->count == OTHER_KINDS_MAX) {
		(*(known ? &known->count : &others->more))++;
		return 0;
	}
	fresh = (struct other_kind){.kind = strndup(kind, kind_length),
				    .version = strdup(version),
				    .name = print_name(policy),
				    .file = file,
				    .line = node_line(policy),
				    .count = 1};
	if (!fresh.kind || !fresh.version || !fresh.name || grow(others) < 0) {
		kind_clear(&fresh);
		return -ENOMEM;
	}
	others->items[others->count++] = fresh;
	return 0;
}

static void tell(const struct other_kind *kind, struct problems *problems)
{
	char more[64] = "is";

	if (kind->count > 1)
		snprintf(more, sizeof(more), "and %zu more of the kind are", kind->count - 1);
	manifest_problem(problems, PROBLEM_CAVEAT, kind->file, kind->line,
			 "%.*s %s (%.*s) %s not evaluated: what %s or %s is not in the answer",
			 SHOWN_MAX, kind->kind, kind->name, SHOWN_MAX, kind->version, more,
			 kind->count > 1 ? "they allow" : "it allows",
			 kind->count > 1 ? "deny" : "denies");
}

void other_kinds_tell(const struct other_kinds *others, struct problems *problems)
{
	for (size_t i = 0; i < others->count; i++)
		tell(&others->items[i], problems);
	if (others->more > 0)
		problem_add(problems, PROBLEM_CAVEAT, "manifests",
			    "%zu policies of further kinds are not evaluated: what they allow or "
			    "deny is not in the answer",
			    others->more);
}

void other_kinds_clear(struct other_kinds *others)
{
	for (size_t i = 0; i < others->count; i++)
		kind_clear(&others->items[i]);
	free(others->items);
	*others = (struct other_kinds){0};
}
