#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "identity/inventory_object.h"
#include "identity/inventory_table.h"
#include "identity/inventory_whole.h"

static const char *const workload_kinds[] = {"CronJob",    "DaemonSet",  "Deployment",
					     "Job",        "ReplicaSet", "ReplicationController",
					     "StatefulSet"};

/* Kinds of one's own have groups with a dot. */
static bool is_built_in(const char *version)
{
	const char *slash = strchr(version, '/');

	return !slash || !memchr(version, '.', (size_t)(slash - version));
}

bool inventory_has_template(const char *version, const char *kind, size_t length)
{
	for (size_t i = 0; i < sizeof(workload_kinds) / sizeof(workload_kinds[0]); i++)
		if (strlen(workload_kinds[i]) == length &&
		    memcmp(workload_kinds[i], kind, length) == 0)
			return is_built_in(version);
	return false;
}

static const struct node *find_template(struct object_reader *reader, const struct node *object)
{
	const struct node *spec = object_get(reader, object, "spec", NODE_MAPPING);
	const struct node *job = object_get(reader, spec, "jobTemplate", NODE_MAPPING);

	if (job)
		spec = object_get(reader, job, "spec", NODE_MAPPING);
	return object_get(reader, spec, "template", NODE_MAPPING);
}

static int keep(struct whole *whole, struct inventory_template *template)
{
	struct inventory *inventory = &whole->inventory;
	int r = inventory_grow(&inventory->templates, sizeof(*template), inventory->template_count,
			       &whole->template_capacity);

	if (r == 0)
		inventory->templates[inventory->template_count++] = *template;
	return r;
}

int inventory_add_template(struct whole *whole, struct object_reader *reader,
			   const struct node *object, const char *kind, size_t length)
{
	const struct node *template = find_template(reader, object);
	const char *name = node_get_text(node_get(object, "metadata"), "name");
	struct inventory_template read = {0};
	int r;

	if (!name || !*name || !template) {
		object_problem(reader, object, "%.*s without %s: left out", (int)length, kind,
			       template ? "metadata.name" : "a template of its pods");
		return 0;
	}
	read.kind = strndup(kind, length);
	object_read_template(reader, object, template, &read);
	r = reader->error || !read.kind ? -ENOMEM : keep(whole, &read);
	if (r < 0)
		inventory_template_clear(&read);
	return r;
}

static int compare_templates(const void *left, const void *right)
{
	const struct inventory_template *a = left, *b = right;
	int order = strcmp(a->namespace, b->namespace);

	order = order ? order : strcmp(a->kind, b->kind);
	return order ? order : strcmp(a->name, b->name);
}

int inventory_sort_templates(struct whole *whole)
{
	struct inventory *inventory = &whole->inventory;
	struct table templates = {inventory->templates,      sizeof(*inventory->templates),
				  inventory->template_count, compare_templates,
				  inventory_template_clear,  NULL};
	int r = table_finish(&templates);

	inventory->templates = templates.items;
	inventory->template_count = templates.count;
	return r;
}
