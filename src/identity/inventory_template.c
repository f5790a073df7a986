#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "identity/inventory_object.h"
#include "identity/inventory_table.h"
#include "identity/inventory_whole.h"

#define SUBJECT_MAX 4200

static const char *const workload_kinds[] = {"CronJob",    "DaemonSet",  "Deployment",
					     "Job",        "ReplicaSet", "ReplicationController",
					     "StatefulSet"};

/* Kinds of one's own have groups with a dot. */
static bool is_built_in(const char *version)
{
	const char *slash = strchr(version, '/');

	return !slash || !memchr(version, '.', (size_t)(slash - version));
}

static bool is_workload(const char *version, const char *kind, size_t length)
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

/* What the controllers of others add; NULL: it is not known. */
static const struct unknown_label *find_foreign(const char *version, const char *kind,
						size_t length)
{
	static const struct unknown_label rollout_labels[] = {{"rollouts-pod-template-hash", true},
							      {NULL, false}};
	static const char group[] = "argoproj.io/", name[] = "Rollout";

	return strncmp(version, group, sizeof(group) - 1) == 0 && length == strlen(name) &&
		       memcmp(kind, name, length) == 0
		   ? rollout_labels
		   : NULL;
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

static int add_workload(struct whole *whole, struct object_reader *reader,
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

/* ---- kinds that are not known ---- */

/* A PodTemplateSpec, by its shape. */
static bool is_template(const struct node *node)
{
	return node_kind(node_get(node_get(node, "spec"), "containers")) == NODE_SEQUENCE;
}

/* The first below; depth is bounded by the document's. */
static const struct node *find_template(const struct node *node)
{
	const struct node *found = NULL;

	if (node_kind(node) != NODE_MAPPING && node_kind(node) != NODE_SEQUENCE)
		return NULL;
	if (is_template(node))
		return node;
	for (size_t i = 0; i < node_count(node) && !found; i++)
		found = find_template(node_item(node, i));
	return found;
}

/* An object of such a kind. */
struct unknown {
	const struct node *object;
	const struct node *template;
	const char *version, *kind, *name;
	size_t length; /* of the kind */
};

static void tell(struct object_reader *reader, const struct unknown *unknown,
		 enum problem_severity severity, const char *what)
{
	const char *namespace = node_get_text(node_get(unknown->object, "metadata"), "namespace");
	char subject[SUBJECT_MAX];

	snprintf(subject, sizeof(subject), "%s:%u", reader->file, node_line(unknown->template));
	problem_add(reader->problems, severity, subject, "%.*s %s/%s (%s): %s",
		    (int)unknown->length, unknown->kind,
		    namespace && *namespace ? namespace : reader->namespace, unknown->name,
		    unknown->version, what);
}

static int read_unknown(struct whole *whole, struct object_reader *reader,
			const struct unknown *unknown)
{
	struct inventory_template read = {.kind = strndup(unknown->kind, unknown->length)};
	int r;

	object_read_template(reader, unknown->object, unknown->template, &read);
	read.unknown_labels = find_foreign(unknown->version, unknown->kind, unknown->length);
	if (!read.unknown_labels)
		tell(reader, unknown, PROBLEM_NOTE,
		     "its kind is not known: its pods are taken to have the labels of "
		     "spec.template and no others");
	r = reader->error || !read.kind ? -ENOMEM : keep(whole, &read);
	if (r < 0)
		inventory_template_clear(&read);
	return r;
}

/* Where workloads have it, for whatever looks the same. */
static const struct node *usual_place(const struct node *object)
{
	const struct node *spec = node_get(object, "spec");
	const struct node *job = node_get(node_get(spec, "jobTemplate"), "spec");

	return node_get(job ? job : spec, "template");
}

static int add_unknown(struct whole *whole, struct object_reader *reader,
		       const struct unknown *unknown)
{
	if (!unknown->template)
		return 0;
	if (!unknown->name || !*unknown->name) {
		object_problem(reader, unknown->object, "%.*s without metadata.name: left out",
			       (int)unknown->length, unknown->kind);
		return 0;
	}
	if (unknown->template == usual_place(unknown->object))
		return read_unknown(whole, reader, unknown);
	tell(reader, unknown, PROBLEM_CAVEAT,
	     "a template of pods that is not spec.template is not read: what these pods may do is "
	     "not in the answer");
	return 0;
}

int inventory_add_template(struct whole *whole, struct object_reader *reader,
			   const struct node *object, const char *version, const char *kind,
			   size_t length)
{
	const struct unknown unknown = {.object = object,
					.template = find_template(node_get(object, "spec")),
					.version = version,
					.kind = kind,
					.name = node_get_text(node_get(object, "metadata"), "name"),
					.length = length};

	if (is_workload(version, kind, length))
		return add_workload(whole, reader, object, kind, length);
	return add_unknown(whole, reader, &unknown);
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
