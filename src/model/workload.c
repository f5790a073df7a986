#include "model/workload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/selector.h"

/* The alphabet of Kubernetes' random names (apimachinery, util/rand). */
#define SAFE_LETTERS "bcdfghjklmnpqrstvwxz2456789"
#define RANDOM_LENGTH 5
#define HASH_MAX 10

struct member {
	const char *namespace;
	const char *kind;
	const char *name;
	size_t pod; /* index in the inventory */
};

static int compare_names(const char *a_namespace, const char *a_kind, const char *a_name,
			 const char *b_namespace, const char *b_kind, const char *b_name)
{
	int r = strcmp(a_namespace, b_namespace);

	r = r ? r : strcmp(a_kind, b_kind);
	return r ? r : strcmp(a_name, b_name);
}

static int compare_members(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int r = compare_names(x->namespace, x->kind, x->name, y->namespace, y->kind, y->name);

	return r ? r : (x->pod > y->pod) - (x->pod < y->pod);
}

static int member_init(struct member *member, const struct inventory *inventory, size_t pod,
		       struct strings *strings)
{
	char *kind = NULL, *name = NULL;
	int r = inventory_workload(&inventory->pods[pod], &kind, &name);

	if (r < 0)
		return r;
	member->pod = pod;
	member->namespace = strings_intern(strings, inventory->pods[pod].namespace);
	member->kind = strings_intern(strings, kind);
	member->name = strings_intern(strings, name);
	free(kind);
	free(name);
	return member->namespace && member->kind && member->name ? 0 : -ENOMEM;
}

static const char *revision_of(const struct inventory_pod *pod)
{
	const char *hash = labels_get(&pod->labels, "pod-template-hash");

	hash = hash ? hash : labels_get(&pod->labels, "controller-revision-hash");
	return hash ? hash : "";
}

/* revision is NULL until a pod lives. */
static void take_pod(struct workload *workload, const struct inventory_pod *pod)
{
	const char *revision = revision_of(pod);

	workload->host_network |= pod->host_network;
	if (!*workload->container)
		workload->container = pod->container;
	if (pod->finished)
		return;
	if (!workload->revision)
		workload->revision = revision;
	else if (strcmp(workload->revision, revision) != 0)
		workload->revision = "";
}

static void group(struct workloads *workloads, const struct inventory *inventory,
		  const struct member *members)
{
	for (size_t i = 0; i < inventory->pod_count; i++) {
		const struct member *member = &members[i];
		struct workload *last =
		    workloads->count ? &workloads->items[workloads->count - 1] : NULL;

		/* Interned: equal texts are equal pointers. */
		if (!last || last->namespace != member->namespace || last->kind != member->kind ||
		    last->name != member->name) {
			last = &workloads->items[workloads->count++];
			*last = (struct workload){.namespace = member->namespace,
						  .kind = member->kind,
						  .name = member->name,
						  .also_picks = "",
						  .container = ""};
		}
		take_pod(last, &inventory->pods[member->pod]);
		workloads->of_pod[member->pod] = workloads->count - 1;
	}
	for (size_t i = 0; i < workloads->count; i++)
		if (!workloads->items[i].revision)
			workloads->items[i].revision = "";
}

int workloads_build(const struct inventory *inventory, const struct ignored_labels *ignored,
		    struct strings *strings, struct problems *problems, struct workloads *ret)
{
	struct workloads workloads = {0};
	struct member *members = NULL;
	size_t count = inventory ? inventory->pod_count : 0;
	int r = -ENOMEM;

	members = calloc(count + 1, sizeof(*members));
	workloads.items = calloc(count + 1, sizeof(*workloads.items));
	workloads.of_pod = calloc(count + 1, sizeof(*workloads.of_pod));
	if (!members || !workloads.items || !workloads.of_pod)
		goto out;
	for (size_t i = 0; i < count; i++) {
		r = member_init(&members[i], inventory, i, strings);
		if (r < 0)
			goto out;
	}
	if (count > 0) {
		qsort(members, count, sizeof(*members), compare_members);
		group(&workloads, inventory, members);
	}
	r = inventory ? selectors_choose(&workloads, inventory, ignored, strings, problems) : 0;
	if (r < 0)
		goto out;
	*ret = workloads;
	workloads = (struct workloads){0};
out:
	workloads_clear(&workloads);
	free(members);
	return r;
}

void workloads_clear(struct workloads *workloads)
{
	for (size_t i = 0; i < workloads->count; i++)
		free(workloads->items[i].selector.items);
	free(workloads->items);
	free(workloads->of_pod);
	*workloads = (struct workloads){0};
}

size_t workloads_find(const struct workloads *workloads, const char *namespace, const char *kind,
		      const char *name)
{
	size_t low = 0, high = workloads->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct workload *item = &workloads->items[middle];
		int r =
		    compare_names(item->namespace, item->kind, item->name, namespace, kind, name);

		if (r == 0)
			return middle;
		if (r < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return GRAPH_NONE;
}

/* Does the text end in "-" and shortest to longest letters of the set? Cuts them off then. */
static bool cut_suffix(char *text, const char *letters, size_t shortest, size_t longest)
{
	char *dash = strrchr(text, '-');
	size_t length = dash ? strlen(dash + 1) : 0;

	if (!dash || dash == text || length < shortest || length > longest ||
	    strspn(dash + 1, letters) != length)
		return false;
	*dash = '\0';
	return true;
}

struct guess {
	const struct workloads *workloads;
	const char *namespace;
	size_t found;
	size_t count;
};

static void try_kind(struct guess *guess, const char *kind, const char *name)
{
	size_t found = workloads_find(guess->workloads, guess->namespace, kind, name);

	if (found == GRAPH_NONE)
		return;
	guess->found = found;
	guess->count++;
}

static void try_generated(struct guess *guess, const char *owner)
{
	static const char *const direct[] = {"DaemonSet", "Job", "ReplicaSet",
					     "ReplicationController"};
	char *base = strdup(owner);

	/* Out of memory is "no guess": the pod stays without a workload. */
	if (!base)
		return;
	for (size_t i = 0; i < sizeof(direct) / sizeof(direct[0]); i++)
		try_kind(guess, direct[i], base);
	if (cut_suffix(base, SAFE_LETTERS, 1, HASH_MAX))
		try_kind(guess, "Deployment", base);
	memcpy(base, owner, strlen(owner) + 1);
	if (cut_suffix(base, "0123456789", 8, 11))
		try_kind(guess, "CronJob", base);
	free(base);
}

size_t workloads_guess(const struct workloads *workloads, const char *namespace, const char *pod)
{
	struct guess guess = {.workloads = workloads, .namespace = namespace, .found = GRAPH_NONE};
	char *base = strdup(pod);

	if (!base)
		return GRAPH_NONE;
	if (cut_suffix(base, SAFE_LETTERS, RANDOM_LENGTH, RANDOM_LENGTH))
		try_generated(&guess, base);
	memcpy(base, pod, strlen(pod) + 1);
	if (cut_suffix(base, "0123456789", 1, 10))
		try_kind(&guess, "StatefulSet", base);
	free(base);
	return guess.count == 1 ? guess.found : GRAPH_NONE;
}
