#include "policy/reach_workloads.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/reach_ranges.h"

struct entry {
	const struct scene_owner *name;
	size_t pod;
};

static int compare_owners(const struct scene_owner *a, const struct scene_owner *b)
{
	int r = strcmp(a->namespace, b->namespace);

	if (r == 0)
		r = strcmp(a->name, b->name);
	return r ? r : strcmp(a->kind, b->kind);
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *first = a, *second = b;
	int r = compare_owners(first->name, second->name);

	return r ? r : (first->pod > second->pod) - (first->pod < second->pod);
}

static int compare_workloads(const void *a, const void *b)
{
	const struct reach_workload *first = a, *second = b;

	return strcmp(first->text, second->text);
}

/* ---- are two pods alike? ---- */

struct comparison {
	struct answers answers;
	const struct pod_classes *classes;
	/* What the first pod of an owner is allowed, with each class: to it, from it. */
	uint32_t *lines[DIRECTIONS];
	struct reach_pieces pieces[DIRECTIONS];
};

static struct party pod_party(size_t pod)
{
	return (struct party){.kind = PARTY_POD, .index = pod};
}

/* EGRESS: from the pod to the other. */
static int ask(struct comparison *comparison, size_t pod, size_t other, enum direction direction,
	       uint32_t *ret)
{
	const struct party one = pod_party(pod), two = pod_party(other);

	if (direction == DIRECTION_EGRESS)
		return answers_ask(&comparison->answers, &one, &two, ret);
	return answers_ask(&comparison->answers, &two, &one, ret);
}

/* A pod of the class that is neither of the two; SCENE_NONE: there is none. */
static size_t third(const struct pod_classes *classes, size_t class, size_t a, size_t b)
{
	const struct pod_class_members *members = &classes->items[class];

	if (members->first != a && members->first != b)
		return members->first;
	return members->second != a && members->second != b ? members->second : SCENE_NONE;
}

static int take_first(struct comparison *comparison, size_t first)
{
	int r = 0;

	for (int d = 0; r == 0 && d < DIRECTIONS; d++) {
		for (size_t i = 0; r == 0 && i < comparison->classes->count; i++) {
			const size_t other = third(comparison->classes, i, first, first);

			if (other != SCENE_NONE)
				r = ask(comparison, first, other, (enum direction)d,
					&comparison->lines[d][i]);
		}
		reach_pieces_clear(&comparison->pieces[d]);
		if (r == 0)
			r = reach_pieces_make(&comparison->answers, first, (enum direction)d,
					      &comparison->pieces[d]);
	}
	return r;
}

static int same_with_pods(struct comparison *comparison, size_t first, size_t pod,
			  enum direction direction, bool *ret)
{
	const struct pod_classes *classes = comparison->classes;
	uint32_t answer;
	int r = 0;

	for (size_t i = 0; r == 0 && *ret && i < classes->count; i++) {
		const size_t other = third(classes, i, first, pod);

		if (other == SCENE_NONE)
			continue;
		r = ask(comparison, pod, other, direction, &answer);
		*ret = r == 0 && answer == comparison->lines[direction][i];
	}
	return r;
}

static int same_with_ranges(struct comparison *comparison, size_t pod, enum direction direction,
			    bool *ret)
{
	struct reach_pieces pieces = {0};
	int r = reach_pieces_make(&comparison->answers, pod, direction, &pieces);

	*ret = r == 0 && reach_pieces_equal(&pieces, &comparison->pieces[direction]);
	reach_pieces_clear(&pieces);
	return r;
}

static int same_as_first(struct comparison *comparison, size_t first, size_t pod, bool *ret)
{
	uint32_t there, back;
	int r = ask(comparison, first, pod, DIRECTION_EGRESS, &there);

	if (r == 0)
		r = ask(comparison, first, pod, DIRECTION_INGRESS, &back);
	*ret = r == 0 && there == back;
	for (int d = 0; r == 0 && *ret && d < DIRECTIONS; d++)
		r = same_with_ranges(comparison, pod, (enum direction)d, ret);
	for (int d = 0; r == 0 && *ret && d < DIRECTIONS; d++)
		r = same_with_pods(comparison, first, pod, (enum direction)d, ret);
	return r;
}

/* To be alike is transitive: it is enough to compare each class with the first. */
static int alike(struct comparison *comparison, const struct entry *entries, size_t count,
		 bool *ret)
{
	const struct pod_classes *classes = comparison->classes;
	const size_t first = entries[0].pod;
	bool taken = false;
	int r = 0;

	*ret = true;
	for (size_t i = 1; r == 0 && *ret && i < count; i++) {
		const size_t pod = entries[i].pod;

		if (classes->of[pod] == classes->of[entries[i - 1].pod] ||
		    classes->of[pod] == classes->of[first])
			continue;
		if (!taken)
			r = take_first(comparison, first);
		taken = true;
		if (r == 0)
			r = same_as_first(comparison, first, pod, ret);
	}
	return r;
}

/* ---- rows ---- */

static int add(struct reach_workloads *workloads, const struct pod_classes *classes,
	       struct scene_owner name, const size_t *pods, size_t count)
{
	struct reach_workload *workload;

	if (workloads->count == workloads->capacity) {
		size_t wanted = workloads->capacity ? workloads->capacity * 2 : 64;

		workload = reallocarray(workloads->items, wanted, sizeof(*workload));
		if (!workload)
			return -ENOMEM;
		workloads->items = workload;
		workloads->capacity = wanted;
	}
	workload = &workloads->items[workloads->count];
	*workload = (struct reach_workload){
	    .name = name, .pods = pods, .pod_count = count, .class = classes->of[pods[0]]};
	if (asprintf(&workload->text, "%s/%s[%s]", name.namespace, name.name, name.kind) < 0)
		return -ENOMEM;
	workloads->count++;
	return 0;
}

/* Each by itself; what a workload object makes keeps the object's name. */
static int add_apart(struct reach_workloads *workloads, const struct pod_classes *classes,
		     const struct entry *entries, size_t count, const size_t *pods)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		struct scene_owner name = *entries[i].name;

		if (name.pod[0]) {
			name.name = name.pod;
			name.kind = "Pod";
		}
		r = add(workloads, classes, name, pods + i, 1);
	}
	return r;
}

static int add_group(struct reach_workloads *workloads, struct comparison *comparison,
		     const struct entry *entries, size_t count, const size_t *pods)
{
	struct scene_owner name = *entries[0].name;
	bool joined;
	int r = alike(comparison, entries, count, &joined);

	if (r < 0)
		return r;
	if (!joined)
		return add_apart(workloads, comparison->classes, entries, count, pods);
	if (count > 1 || strcmp(name.name, name.pod) != 0 || strcmp(name.kind, "Pod") != 0)
		name.pod = "";
	return add(workloads, comparison->classes, name, pods, count);
}

static int add_groups(struct reach_workloads *workloads, struct comparison *comparison,
		      const struct entry *entries, size_t count)
{
	size_t begin = 0;
	int r = 0;

	for (size_t i = 1; r == 0 && i <= count; i++) {
		if (i < count && compare_owners(entries[begin].name, entries[i].name) == 0)
			continue;
		r = add_group(workloads, comparison, entries + begin, i - begin,
			      workloads->pods + begin);
		begin = i;
	}
	return r;
}

static struct entry *sort_entries(const struct scene_owner *owners, size_t count)
{
	struct entry *entries = calloc(count + 1, sizeof(*entries));

	if (!entries)
		return NULL;
	for (size_t i = 0; i < count; i++)
		entries[i] = (struct entry){&owners[i], i};
	qsort(entries, count, sizeof(*entries), compare_entries);
	return entries;
}

int reach_workloads_make(struct evaluator *evaluator, const struct pod_classes *classes,
			 const struct scene *scene, const struct scene_owner *owners,
			 struct reach_workloads *ret)
{
	const size_t count = scene->pod_count;
	struct comparison comparison = {.classes = classes};
	struct entry *entries = sort_entries(owners, count);
	int r = answers_make(&comparison.answers, evaluator, NULL);

	ret->pods = calloc(count + 1, sizeof(*ret->pods));
	if (!entries || !ret->pods)
		r = -ENOMEM;
	for (int d = 0; d < DIRECTIONS; d++) {
		comparison.lines[d] = calloc(classes->count + 1, sizeof(*comparison.lines[d]));
		if (!comparison.lines[d])
			r = -ENOMEM;
	}
	for (size_t i = 0; r == 0 && i < count; i++)
		ret->pods[i] = entries[i].pod;
	if (r == 0 && count > 0)
		r = add_groups(ret, &comparison, entries, count);
	if (r == 0 && ret->count > 0)
		qsort(ret->items, ret->count, sizeof(*ret->items), compare_workloads);
	for (int d = 0; d < DIRECTIONS; d++) {
		free(comparison.lines[d]);
		reach_pieces_clear(&comparison.pieces[d]);
	}
	answers_clear(&comparison.answers);
	free(entries);
	return r;
}

void reach_workloads_clear(struct reach_workloads *workloads)
{
	for (size_t i = 0; i < workloads->count; i++)
		free(workloads->items[i].text);
	free(workloads->items);
	free(workloads->pods);
	*workloads = (struct reach_workloads){0};
}
