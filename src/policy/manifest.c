#include "policy/manifest.h"

#include <dirent.h>
#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "policy/manifest_object.h"
#include "policy/manifest_others.h"
#include "policy/manifest_policy.h"
#include "policy/manifest_value.h"

/* A file or directory that was read. */
struct seen {
	dev_t device;
	ino_t inode;
};

struct whole {
	struct manifest manifest; /* first: what everybody else sees of it */
	size_t policy_capacity, file_capacity;
	struct other_kinds others;
	void *seen; /* tree of struct seen */
};

static struct whole *whole_of(struct manifest *manifest)
{
	return (struct whole *)manifest;
}

struct manifest *manifest_new(void)
{
	struct whole *whole = calloc(1, sizeof(*whole));

	if (!whole)
		return NULL;
	whole->manifest.inventory = inventory_new();
	return whole->manifest.inventory ? &whole->manifest : manifest_free(&whole->manifest);
}

struct manifest *manifest_free(struct manifest *manifest)
{
	if (!manifest)
		return NULL;
	for (size_t i = 0; i < manifest->policy_count; i++)
		netpol_clear(&manifest->policies[i]);
	for (size_t i = 0; i < manifest->file_count; i++)
		free(manifest->files[i]);
	free(manifest->policies);
	free(manifest->files);
	inventory_free(manifest->inventory);
	other_kinds_clear(&whole_of(manifest)->others);
	tdestroy(whole_of(manifest)->seen, free);
	free(manifest);
	return NULL;
}

static int grow(void *items, size_t item_size, size_t count, size_t *capacity)
{
	size_t wanted = *capacity ? *capacity * 2 : 16;
	void *grown;

	if (count < *capacity)
		return 0;
	grown = reallocarray(*(void **)items, wanted, item_size);
	if (!grown)
		return -ENOMEM;
	*(void **)items = grown;
	*capacity = wanted;
	return 0;
}

/* ---- documents ---- */

struct taker {
	struct whole *whole;
	const char *file;
	struct problems *problems;
};

static int take_policy(const struct node *object, void *context)
{
	struct taker *taker = context;
	struct manifest *manifest = &taker->whole->manifest;
	struct netpol policy;
	int r = netpol_read(object, taker->file, taker->problems, &policy);

	if (r < 0)
		return r == -EINVAL ? 0 : r;
	r = grow(&manifest->policies, sizeof(policy), manifest->policy_count,
		 &taker->whole->policy_capacity);
	if (r == 0)
		manifest->policies[manifest->policy_count++] = policy;
	else
		netpol_clear(&policy);
	return r;
}

static int take_other(const struct node *policy, const char *version, const char *kind,
		      size_t kind_length, void *context)
{
	struct taker *taker = context;

	return other_kinds_add(&taker->whole->others, policy, version, kind, kind_length,
			       taker->file);
}

static const char *add_file(struct whole *whole, const char *name)
{
	struct manifest *manifest = &whole->manifest;
	char *file = strdup(name);

	if (!file || grow(&manifest->files, sizeof(char *), manifest->file_count,
			  &whole->file_capacity) < 0) {
		free(file);
		return NULL;
	}
	manifest->files[manifest->file_count++] = file;
	return file;
}

static bool is_empty(const struct document *document)
{
	for (size_t i = 0; i < document_count(document); i++)
		if (node_kind(document_root(document, i)) != NODE_NULL)
			return false;
	return true;
}

int manifest_add(struct manifest *manifest, const struct document *document,
		 struct problems *problems)
{
	struct taker taker = {.whole = whole_of(manifest),
			      .file = add_file(whole_of(manifest), document_name(document)),
			      .problems = problems};
	const struct policy_taker policies = {take_policy, take_other, &taker};
	size_t errors = problems->errors;
	int r = taker.file ? 0 : -ENOMEM;

	if (r == 0 && is_empty(document))
		problem_add(problems, PROBLEM_WARNING, taker.file, "holds no Kubernetes object");
	if (r == 0)
		r = manifest_find_policies(document, problems, &policies);
	if (r == 0)
		r = inventory_add_manifest(manifest->inventory, document, problems);
	if (r == 0 && problems->errors > errors)
		r = -EINVAL;
	return r;
}

/* ---- files and directories ---- */

static int compare_seen(const void *left, const void *right)
{
	const struct seen *a = left, *b = right;

	if (a->device != b->device)
		return a->device < b->device ? -1 : 1;
	return (a->inode > b->inode) - (a->inode < b->inode);
}

/* 1: it was seen before, by this or another name. */
static int mark_seen(struct whole *whole, const struct stat *status)
{
	struct seen *seen = malloc(sizeof(*seen)), **found;

	if (!seen)
		return -ENOMEM;
	*seen = (struct seen){status->st_dev, status->st_ino};
	found = tsearch(seen, &whole->seen, compare_seen);
	if (!found) {
		free(seen);
		return -ENOMEM;
	}
	if (*found == seen)
		return 0;
	free(seen);
	return 1;
}

static int fail_read(const char *path, const char *why, struct problems *problems)
{
	problem_add(problems, PROBLEM_ERROR, path, "cannot be read: %s", why);
	return -EINVAL;
}

static int read_file(struct manifest *manifest, const char *path, struct problems *problems)
{
	struct document *document = NULL;
	int r = document_read(path, problems, &document);

	if (r == 0)
		r = manifest_add(manifest, document, problems);
	document_free(document);
	return r == 0 || r == -ENOMEM ? r : -EINVAL;
}

static bool is_manifest(const char *name)
{
	static const char *const endings[] = {".yaml", ".yml", ".json"};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < sizeof(endings) / sizeof(endings[0]); i++)
		if (strcasecmp(dot, endings[i]) == 0)
			return true;
	return false;
}

static int compare_entries(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_below(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int read_directory(struct manifest *manifest, const char *path, size_t *files,
			  struct problems *problems);

static int read_entry(struct manifest *manifest, const char *path, size_t *files,
		      struct problems *problems)
{
	struct stat status;
	int r;

	if (stat(path, &status) < 0) {
		/* Whatever a dangling link means, by its name it is no manifest. */
		return errno == ENOENT && !is_manifest(path)
			   ? 0
			   : fail_read(path, strerror(errno), problems);
	}
	if (!S_ISDIR(status.st_mode) && !is_manifest(path))
		return 0;
	r = mark_seen(whole_of(manifest), &status);
	if (r != 0)
		return r < 0 ? r : 0;
	if (S_ISDIR(status.st_mode))
		return read_directory(manifest, path, files, problems);
	if (!S_ISREG(status.st_mode))
		return fail_read(path, "not a regular file", problems);
	(*files)++;
	return read_file(manifest, path, problems);
}

static int read_entries(struct manifest *manifest, const char *path, struct dirent **entries,
			size_t count, size_t *files, struct problems *problems)
{
	int r = 0;

	for (size_t i = 0; i < count && r != -ENOMEM; i++) {
		char *below = NULL;
		int s = asprintf(&below, "%s/%s", path, entries[i]->d_name) < 0
			    ? -ENOMEM
			    : read_entry(manifest, below, files, problems);

		if (s < 0)
			r = s;
		free(below);
	}
	return r;
}

/* Goes on after errors, so that all are told. */
static int read_directory(struct manifest *manifest, const char *path, size_t *files,
			  struct problems *problems)
{
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, is_below, compare_entries), r;

	if (count < 0)
		return errno == ENOMEM ? -ENOMEM : fail_read(path, strerror(errno), problems);
	r = read_entries(manifest, path, entries, (size_t)count, files, problems);
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	return r;
}

int manifest_read(struct manifest *manifest, const char *path, struct problems *problems)
{
	struct stat status;
	size_t files = 0;
	int r;

	if (strcmp(path, "-") == 0 || stat(path, &status) < 0)
		return read_file(manifest, path, problems);
	if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) {
		r = mark_seen(whole_of(manifest), &status);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	if (!S_ISDIR(status.st_mode))
		return read_file(manifest, path, problems);
	r = read_directory(manifest, path, &files, problems);
	if (r == 0 && files == 0)
		problem_add(problems, PROBLEM_WARNING, path,
			    "no file below ends in .yaml, .yml or .json");
	return r;
}

/* ---- the end ---- */

static int compare_names(const struct netpol *a, const struct netpol *b)
{
	int order = strcmp(a->namespace, b->namespace);

	return order ? order : strcmp(a->name, b->name);
}

static int compare_policies(const void *left, const void *right)
{
	const struct netpol *a = left, *b = right;
	int order = compare_names(a, b);

	order = order ? order : strcmp(a->file, b->file);
	return order ? order : (a->line > b->line) - (a->line < b->line);
}

static bool is_default(const char *namespace)
{
	return strcmp(namespace, "default") == 0;
}

static bool has_default_pods(const struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->pod_count; i++)
		if (is_default(inventory->pods[i].namespace))
			return true;
	for (size_t i = 0; i < inventory->template_count; i++)
		if (is_default(inventory->templates[i].namespace))
			return true;
	return false;
}

/* Is "default" where the policies without a namespace can be meant to be? */
static bool is_at_home(const struct manifest *manifest)
{
	for (size_t i = 0; i < manifest->policy_count; i++)
		if (!is_default(manifest->policies[i].namespace))
			return false;
	return has_default_pods(manifest->inventory);
}

/* Once for each file: before policies are sorted, those of one stand together. */
static void warn_homeless(const struct manifest *manifest, struct problems *problems)
{
	const struct netpol *policies = manifest->policies;
	size_t homeless = 0;

	if (is_at_home(manifest))
		return;
	for (size_t i = 0; i < manifest->policy_count; i++) {
		bool is_last =
		    i + 1 == manifest->policy_count || policies[i + 1].file != policies[i].file;

		homeless += !policies[i].namespace_told;
		if (is_last && homeless > 0)
			problem_add(problems, PROBLEM_WARNING, policies[i].file,
				    "%zu %s no namespace: taken for \"default\"", homeless,
				    homeless == 1 ? "policy has" : "policies have");
		homeless = is_last ? 0 : homeless;
	}
}

static void fail_twice(const struct netpol *first, const struct netpol *second,
		       struct problems *problems)
{
	manifest_problem(problems, PROBLEM_ERROR, second->file, second->line,
			 "NetworkPolicy %s/%s: is there twice: also in %s:%u", second->namespace,
			 second->name, first->file, first->line);
}

int manifest_finish(struct manifest *manifest, struct problems *problems)
{
	int r = 0;

	other_kinds_tell(&whole_of(manifest)->others, problems);
	warn_homeless(manifest, problems);
	if (manifest->policy_count > 0)
		qsort(manifest->policies, manifest->policy_count, sizeof(*manifest->policies),
		      compare_policies);
	for (size_t i = 1; i < manifest->policy_count; i++) {
		const struct netpol *first = &manifest->policies[i - 1], *second = first + 1;

		if (compare_names(first, second) == 0) {
			fail_twice(first, second, problems);
			r = -EINVAL;
		}
	}
	return r < 0 ? r : inventory_finish(manifest->inventory, problems);
}
