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

/* Of a CronJob that of its jobs. */
static const struct node *find_spec(struct object_reader *reader, const struct node *object)
{
	const struct node *spec = object_get(reader, object, "spec", NODE_MAPPING);
	const struct node *job = object_get(reader, spec, "jobTemplate", NODE_MAPPING);

	return job ? object_get(reader, job, "spec", NODE_MAPPING) : spec;
}

/* ---- labels that are added ---- */

static const struct unknown_label deployment_labels[] = {{"pod-template-hash", true},
							 {NULL, false}};
static const struct unknown_label daemon_labels[] = {
    {"controller-revision-hash", true}, {"pod-template-generation", true}, {NULL, false}};
/* pod-index since 1.28. */
static const struct unknown_label stateful_labels[] = {{"controller-revision-hash", true},
						       {"statefulset.kubernetes.io/pod-name", true},
						       {"apps.kubernetes.io/pod-index", false},
						       {NULL, false}};
/* The completion index since 1.28, of indexed jobs alone; they stand first. */
static const struct unknown_label job_labels[] = {
    {"batch.kubernetes.io/job-completion-index", false},
    {"batch.kubernetes.io/controller-uid", true},
    {"controller-uid", true},
    {NULL, false}};
static const struct unknown_label cron_labels[] = {
    {"batch.kubernetes.io/job-completion-index", false},
    {"batch.kubernetes.io/controller-uid", true},
    {"batch.kubernetes.io/job-name", true},
    {"controller-uid", true},
    {"job-name", true},
    {NULL, false}};

/* By kind, what the API server (batch/job: strategy) and the controllers add to the template's. */
static const struct {
	const char *kind;
	const struct unknown_label *labels;
} added[] = {{"CronJob", cron_labels},
	     {"DaemonSet", daemon_labels},
	     {"Deployment", deployment_labels},
	     {"Job", job_labels},
	     {"StatefulSet", stateful_labels}};

static const struct unknown_label *find_added(const char *kind)
{
	for (size_t i = 0; i < sizeof(added) / sizeof(added[0]); i++)
		if (strcmp(added[i].kind, kind) == 0)
			return added[i].labels;
	return NULL;
}

static int add_label(struct labels *labels, const char *key, const char *value)
{
	return labels_get(labels, key) ? 0 : labels_set(labels, key, value);
}

/* spec: the Job's. */
static int add_job_labels(const struct node *spec, struct inventory_template *template)
{
	const char *mode = node_get_text(spec, "completionMode");
	bool manual = false;

	if (!mode || strcmp(mode, "Indexed") != 0)
		template->unknown_labels++;
	if (strcmp(template->kind, "Job") != 0)
		return 0;
	if (node_boolean(node_get(spec, "manualSelector"), &manual) && manual) {
		template->unknown_labels = NULL;
		return 0;
	}
	if (add_label(&template->labels, "job-name", template->name) < 0)
		return -ENOMEM;
	return add_label(&template->labels, "batch.kubernetes.io/job-name", template->name);
}

static int add_labels(const struct node *spec, struct inventory_template *template)
{
	bool is_job = strcmp(template->kind, "Job") == 0 || strcmp(template->kind, "CronJob") == 0;

	template->unknown_labels = find_added(template->kind);
	return is_job ? add_job_labels(spec, template) : 0;
}

/* ---- templates ---- */

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
	const struct node *spec = find_spec(reader, object);
	const struct node *template = object_get(reader, spec, "template", NODE_MAPPING);
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
	r = reader->error || !read.kind ? -ENOMEM : add_labels(spec, &read);
	if (r == 0)
		r = keep(whole, &read);
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

static struct namesake namesake_of(const struct inventory_template *template)
{
	return (struct namesake){template->kind,    template->namespace, template->name,
				 &template->labels, template->file,      template->line};
}

static void compare_namesakes(void *context, void *kept, void *other)
{
	const struct namesake believed = namesake_of(kept), another = namesake_of(other);

	inventory_compare_namesakes(context, &believed, &another);
}

int inventory_sort_templates(struct whole *whole, struct problems *problems)
{
	struct inventory *inventory = &whole->inventory;
	struct table templates = {.items = inventory->templates,
				  .size = sizeof(*inventory->templates),
				  .count = inventory->template_count,
				  .compare = compare_templates,
				  .clear = inventory_template_clear,
				  .fill = compare_namesakes,
				  .context = problems};
	int r = table_finish(&templates);

	inventory->templates = templates.items;
	inventory->template_count = templates.count;
	return r;
}
