#include "model/selector.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/* The label sets that people select by, the first that fits is taken. */
#define CONVENTIONS 6
#define CONVENTION_LABELS 3

/* How many other workloads are named, and after how many of their pods the search ends. */
#define NAMED_MAX 3
#define OTHERS_MAX 64

/* A label as one pod, or one template, carries it: all of them, sorted, answer "which have it"
 * without a walk over the inventory. */
struct posting {
	const char *namespace;
	const char *key;
	const char *value;
	const struct labels *labels; /* all that it carries */
	size_t pod;                  /* its index; templates: TEMPLATE */
};

#define TEMPLATE SIZE_MAX

struct postings {
	struct posting *items;
	size_t count;
	struct inventory_made *made;
	size_t made_count;
};

/* How many a selector picks. */
struct picked {
	size_t pods, templates;
};

static int compare_labels_at(const struct posting *a, const struct posting *b)
{
	int r = strcmp(a->namespace, b->namespace);

	r = r ? r : strcmp(a->key, b->key);
	return r ? r : strcmp(a->value, b->value);
}

static int compare_postings(const void *a, const void *b)
{
	const struct posting *x = a, *y = b;
	int r = compare_labels_at(x, y);

	return r ? r : (x->pod > y->pod) - (x->pod < y->pod);
}

/* What is gone is picked by nothing, but for a job's pods, whose like comes again; and what a pod
 * in conflict has for labels is not known. */
static bool can_be_picked(const struct workloads *workloads, const struct inventory *inventory,
			  size_t index)
{
	const struct inventory_pod *pod = &inventory->pods[index];
	const char *kind = workloads->items[workloads->of_pod[index]].kind;
	bool gone = pod->finished && pod->source < INVENTORY_STORED;

	return !*pod->conflict &&
	       (!gone || strcmp(kind, "Job") == 0 || strcmp(kind, "CronJob") == 0);
}

static void postings_add(struct postings *postings, const char *namespace,
			 const struct labels *labels, size_t pod)
{
	for (size_t i = 0; i < labels->count; i++)
		postings->items[postings->count++] =
		    (struct posting){.namespace = namespace,
				     .key = labels->items[i].key,
				     .value = labels->items[i].value,
				     .labels = labels,
				     .pod = pod};
}

static int postings_build(const struct workloads *workloads, const struct inventory *inventory,
			  struct postings *ret)
{
	size_t count = 0;
	int r = inventory_made(inventory, &ret->made, &ret->made_count);

	if (r < 0)
		return r;
	for (size_t i = 0; i < inventory->pod_count; i++)
		count += inventory->pods[i].labels.count;
	for (size_t i = 0; i < ret->made_count; i++)
		count += ret->made[i].labels->count;
	ret->items = calloc(count + 1, sizeof(*ret->items));
	if (!ret->items)
		return -ENOMEM;
	for (size_t i = 0; i < inventory->pod_count; i++)
		if (can_be_picked(workloads, inventory, i))
			postings_add(ret, inventory->pods[i].namespace, &inventory->pods[i].labels,
				     i);
	for (size_t i = 0; i < ret->made_count; i++)
		postings_add(ret, ret->made[i].namespace, ret->made[i].labels, TEMPLATE);
	qsort(ret->items, ret->count, sizeof(*ret->items), compare_postings);
	return 0;
}

static void postings_clear(struct postings *postings)
{
	free(postings->items);
	free(postings->made);
}

/* The first posting of those from low on that is not before the wanted one; with after: not before
 * or equal. high: there is none. */
static size_t postings_bound(const struct postings *postings, size_t low, size_t high,
			     const struct posting *wanted, bool after)
{
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int r = compare_labels_at(&postings->items[middle], wanted);

		if (r < 0 || (after && r == 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The pods with the selector's rarest label: all candidates of the whole selector. */
static void postings_rarest(const struct postings *postings, const char *namespace,
			    const struct labels *selector, size_t *ret_from, size_t *ret_until)
{
	size_t best = SIZE_MAX;

	for (size_t i = 0; i < selector->count; i++) {
		struct posting wanted = {.namespace = namespace,
					 .key = selector->items[i].key,
					 .value = selector->items[i].value};
		size_t from = postings_bound(postings, 0, postings->count, &wanted, false);
		size_t left = postings->count - from;
		size_t until = postings_bound(postings, from, from + (left < best ? left : best),
					      &wanted, true);

		if (until - from >= best)
			continue;
		best = until - from;
		*ret_from = from;
		*ret_until = until;
	}
}

static int compare_indexes(const void *a, const void *b)
{
	const size_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static const char *name_others(const struct workloads *workloads, size_t *others, size_t count,
			       struct strings *strings)
{
	const char *text = NULL;
	struct buf buf = {0};
	size_t named = 0;

	qsort(others, count, sizeof(*others), compare_indexes);
	for (size_t i = 0; i < count; i++) {
		const struct workload *other = &workloads->items[others[i]];

		if (i > 0 && others[i] == others[i - 1])
			continue;
		if (named < NAMED_MAX)
			buf_printf(&buf, "%s%s/%s", named > 0 ? ", " : "", other->kind,
				   other->name);
		named++;
	}
	if (named > NAMED_MAX)
		buf_puts(&buf, " and more");
	if (!buf.error)
		text = strings_intern(strings, buf.data);
	buf_clear(&buf);
	return text;
}

static int compare_selectors(const struct workload *a, const struct workload *b)
{
	int r = strcmp(a->namespace, b->namespace);

	for (size_t i = 0; !r && i < a->selector.count && i < b->selector.count; i++) {
		r = strcmp(a->selector.items[i].key, b->selector.items[i].key);
		r = r ? r : strcmp(a->selector.items[i].value, b->selector.items[i].value);
	}
	return r ? r
		 : (a->selector.count > b->selector.count) -
		       (a->selector.count < b->selector.count);
}

static int compare_by_selector(const void *a, const void *b, void *context)
{
	const struct workload *items = context;
	const size_t *x = a, *y = b;
	int r = compare_selectors(&items[*x], &items[*y]);

	return r ? r : compare_indexes(a, b);
}

static int prove(struct workloads *workloads, size_t index, const struct postings *postings,
		 struct strings *strings)
{
	struct workload *workload = &workloads->items[index];
	size_t from = 0, until = 0, count = 0;
	size_t *others;
	int r = 0;

	if (workload->selector.count == 0)
		return 0;
	postings_rarest(postings, workload->namespace, &workload->selector, &from, &until);
	others = calloc(OTHERS_MAX, sizeof(*others));
	if (!others)
		return -ENOMEM;
	for (size_t i = from; i < until && count < OTHERS_MAX; i++) {
		const struct posting *posting = &postings->items[i];
		size_t other = posting->pod == TEMPLATE ? index : workloads->of_pod[posting->pod];

		/* Those with the same selector are one subject and one peer with it: nobody
		 * else's. */
		if (other != index && compare_selectors(&workloads->items[other], workload) != 0 &&
		    labels_match(posting->labels, &workload->selector))
			others[count++] = other;
	}
	if (count > 0) {
		workload->also_picks = name_others(workloads, others, count, strings);
		if (!workload->also_picks) {
			workload->also_picks = "";
			r = -ENOMEM;
		}
	}
	free(others);
	return r;
}

/* The workloads' indexes, those with the same selector beside one another; NULL: no memory. */
static size_t *order_by_selector(const struct workloads *workloads)
{
	size_t *order = calloc(workloads->count + 1, sizeof(*order));

	if (!order)
		return NULL;
	for (size_t i = 0; i < workloads->count; i++)
		order[i] = i;
	qsort_r(order, workloads->count, sizeof(*order), compare_by_selector, workloads->items);
	return order;
}

/* What is true of a selector is so for all workloads that have it. */
static int prove_all(struct workloads *workloads, const struct postings *postings,
		     struct strings *strings)
{
	size_t *order = order_by_selector(workloads);
	struct workload *proven = NULL;
	int r = order ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < workloads->count; i++) {
		struct workload *workload = &workloads->items[order[i]];

		if (proven && compare_selectors(proven, workload) == 0) {
			workload->also_picks = proven->also_picks;
			continue;
		}
		r = prove(workloads, order[i], postings, strings);
		proven = workload;
	}
	free(order);
	return r;
}

static bool is_ignored(const struct ignored_labels *ignored, const char *key)
{
	for (size_t i = 0; i < ignored->count; i++)
		if (strcmp(ignored->keys[i], key) == 0)
			return true;
	return false;
}

static int selector_start(struct labels *selector, const struct inventory *inventory,
			  const struct ignored_labels *ignored, const char *namespace,
			  const struct labels *labels)
{
	selector->items = calloc(labels->count + 1, sizeof(*selector->items));
	if (!selector->items)
		return -ENOMEM;
	for (size_t i = 0; i < labels->count; i++) {
		const struct label *label = &labels->items[i];

		if (!label_is_volatile(label->key) && !is_ignored(ignored, label->key) &&
		    label_is_valid(label->key, label->value) &&
		    !inventory_label_changes(inventory, namespace, label->key))
			selector->items[selector->count++] = *label;
	}
	return 0;
}

static void selector_narrow(struct labels *selector, const struct labels *labels)
{
	size_t kept = 0;

	for (size_t i = 0; i < selector->count; i++) {
		const char *value = labels_get(labels, selector->items[i].key);

		if (value && strcmp(value, selector->items[i].value) == 0)
			selector->items[kept++] = selector->items[i];
	}
	selector->count = kept;
}

static bool is_alive(const struct inventory_pod *pod)
{
	return !pod->finished && !*pod->conflict;
}

/* A pod that failed long ago may have the labels of an older template: the living decide where
 * there are any. */
static int intersect_all(struct workloads *workloads, const struct inventory *inventory,
			 const struct ignored_labels *ignored)
{
	bool *alive = calloc(workloads->count + 1, sizeof(*alive));
	int r = 0;

	if (!alive)
		return -ENOMEM;
	for (size_t i = 0; i < inventory->pod_count; i++)
		alive[workloads->of_pod[i]] |= is_alive(&inventory->pods[i]);
	for (size_t i = 0; i < inventory->pod_count && r == 0; i++) {
		const struct inventory_pod *pod = &inventory->pods[i];
		struct labels *selector = &workloads->items[workloads->of_pod[i]].selector;

		if (*pod->conflict || (alive[workloads->of_pod[i]] && !is_alive(pod)))
			continue;
		if (selector->items)
			selector_narrow(selector, &pod->labels);
		else
			r = selector_start(selector, inventory, ignored, pod->namespace,
					   &pod->labels);
	}
	free(alive);
	return r;
}

/* ---- the few that people know ---- */

static struct picked count_picked(const struct postings *postings, const char *namespace,
				  const struct labels *selector)
{
	struct picked picked = {0};
	size_t from = 0, until = 0;

	postings_rarest(postings, namespace, selector, &from, &until);
	for (size_t i = from; i < until; i++) {
		const struct posting *posting = &postings->items[i];

		if (!labels_match(posting->labels, selector))
			continue;
		if (posting->pod == TEMPLATE)
			picked.templates++;
		else
			picked.pods++;
	}
	return picked;
}

/* The labels of these keys; false: not all are there. */
static bool take_labels(const struct labels *whole, const char *const *keys, struct labels *few)
{
	few->count = 0;
	for (size_t i = 0; i < CONVENTION_LABELS && keys[i]; i++) {
		size_t at = 0;

		while (at < whole->count && strcmp(whole->items[at].key, keys[i]) != 0)
			at++;
		if (at == whole->count)
			return false;
		few->items[few->count++] = whole->items[at];
	}
	return true;
}

/* What is at stake where a selector is to be taken instead of all that a workload's pods have in
 * common. */
struct choice {
	const struct workloads *workloads;
	const struct inventory *inventory;
	const struct ignored_labels *ignored;
	const struct postings *postings;
	size_t *pods;               /* of each workload, how many can be picked */
	struct picked *whole;       /* of each workload, what all those labels pick */
	const struct labels **some; /* of each workload, the labels of one of its pods that live */
};

/* Of a run, and so of the object that makes one, an own selector tells the run. */
static const struct labels *find_own(const struct choice *choice, const struct workload *workload)
{
	const struct labels *own = inventory_own_selector(choice->inventory, workload->namespace,
							  workload->kind, workload->name);

	if (!own || strcmp(workload->kind, "Job") == 0)
		return NULL;
	for (size_t i = 0; i < own->count; i++)
		if (is_ignored(choice->ignored, own->items[i].key) ||
		    !label_is_valid(own->items[i].key, own->items[i].value))
			return NULL;
	return own;
}

static int take(struct workload *workload, const struct labels *labels)
{
	struct label *items = calloc(labels->count + 1, sizeof(*items));

	if (!items)
		return -ENOMEM;
	memcpy(items, labels->items, labels->count * sizeof(*items));
	free(workload->selector.items);
	workload->selector = (struct labels){.items = items, .count = labels->count};
	return 0;
}

static int choose(const struct choice *choice, size_t index)
{
	static const char *const conventions[CONVENTIONS][CONVENTION_LABELS] = {
	    {"app.kubernetes.io/instance", "app.kubernetes.io/name"},
	    {"app.kubernetes.io/component", "app.kubernetes.io/name"},
	    {"app.kubernetes.io/component", "app.kubernetes.io/instance", "app.kubernetes.io/name"},
	    {"app.kubernetes.io/name"},
	    {"k8s-app"},
	    {"app"},
	};
	struct workload *workload = &choice->workloads->items[index];
	const struct labels *own = find_own(choice, workload);
	struct label labels[CONVENTION_LABELS];
	struct labels few = {.items = labels};
	const struct picked whole = choice->whole[index];
	struct picked picked = {0};

	if (own)
		picked = count_picked(choice->postings, workload->namespace, own);
	/* All of its pods that live, and no others. */
	if (own && choice->pods[index] > 0 && picked.pods == choice->pods[index] &&
	    (workload->selector.count == 0 || picked.templates <= whole.templates) &&
	    choice->some[index] && labels_match(choice->some[index], own))
		return take(workload, own);
	for (size_t i = 0; i < CONVENTIONS && whole.pods == choice->pods[index]; i++) {
		if (!take_labels(&workload->selector, conventions[i], &few))
			continue;
		picked = count_picked(choice->postings, workload->namespace, &few);
		if (picked.pods == whole.pods && picked.templates == whole.templates)
			return take(workload, &few);
	}
	return 0;
}

/* Thousands of runs may have the same labels. */
static int count_whole(struct choice *choice)
{
	const struct workloads *workloads = choice->workloads;
	size_t *order = order_by_selector(workloads);

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < workloads->count; i++) {
		const struct workload *workload = &workloads->items[order[i]];

		if (i > 0 && compare_selectors(&workloads->items[order[i - 1]], workload) == 0)
			choice->whole[order[i]] = choice->whole[order[i - 1]];
		else
			choice->whole[order[i]] = count_picked(
			    choice->postings, workload->namespace, &workload->selector);
	}
	free(order);
	return 0;
}

static int choose_all(struct workloads *workloads, const struct inventory *inventory,
		      const struct ignored_labels *ignored, const struct postings *postings)
{
	struct choice choice = {.workloads = workloads,
				.inventory = inventory,
				.ignored = ignored,
				.postings = postings};
	int r = -ENOMEM;

	choice.pods = calloc(workloads->count + 1, sizeof(*choice.pods));
	choice.whole = calloc(workloads->count + 1, sizeof(*choice.whole));
	choice.some = calloc(workloads->count + 1, sizeof(*choice.some));
	if (choice.pods && choice.whole && choice.some)
		r = count_whole(&choice);
	for (size_t i = 0; r == 0 && i < inventory->pod_count; i++) {
		choice.pods[workloads->of_pod[i]] += can_be_picked(workloads, inventory, i);
		if (is_alive(&inventory->pods[i]))
			choice.some[workloads->of_pod[i]] = &inventory->pods[i].labels;
	}
	for (size_t i = 0; r == 0 && i < workloads->count; i++)
		r = choose(&choice, i);
	free(choice.pods);
	free(choice.whole);
	free(choice.some);
	return r;
}

static int compare_changes(const void *a, const void *b)
{
	const struct inventory_change *const *x = a, *const *y = b;
	int r = strcmp((*x)->key, (*y)->key);

	return r ? r : strcmp((*x)->namespace, (*y)->namespace);
}

/* One label, in one namespace or several. */
static void report_change(const struct inventory_change *const *changes, size_t count,
			  struct problems *problems)
{
	struct buf subject = {0}, namespaces = {0};

	for (size_t i = 0; i < count && i < NAMED_MAX; i++)
		buf_printf(&namespaces, "%s%s", i > 0 ? ", " : "", changes[i]->namespace);
	if (count > NAMED_MAX)
		buf_printf(&namespaces, " and %zu more", count - NAMED_MAX);
	buf_printf(&subject, "label %s", changes[0]->key);
	if (!subject.error && !namespaces.error)
		problem_add(problems, PROBLEM_NOTE, subject.data,
			    "was seen changing on Pod/%s in %s: no selector in %s uses it",
			    changes[0]->pod, changes[0]->namespace, namespaces.data);
	buf_clear(&subject);
	buf_clear(&namespaces);
}

static int report_changes(const struct inventory *inventory, struct problems *problems)
{
	const struct inventory_change **changes =
	    calloc(inventory->change_count + 1, sizeof(*changes));
	size_t count = 0;

	if (!changes)
		return -ENOMEM;
	for (size_t i = 0; i < inventory->change_count; i++)
		if (!label_is_volatile(inventory->changes[i].key))
			changes[count++] = &inventory->changes[i];
	if (count > 0)
		qsort(changes, count, sizeof(*changes), compare_changes);
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count; end++)
			if (strcmp(changes[i]->key, changes[end]->key) != 0)
				break;
		report_change(changes + i, end - i, problems);
	}
	free(changes);
	return 0;
}

int selectors_choose(struct workloads *workloads, const struct inventory *inventory,
		     const struct ignored_labels *ignored, struct strings *strings,
		     struct problems *problems)
{
	struct postings postings = {0};
	int r = postings_build(workloads, inventory, &postings);

	if (r == 0)
		r = intersect_all(workloads, inventory, ignored);
	if (r == 0)
		r = choose_all(workloads, inventory, ignored, &postings);
	if (r == 0)
		r = prove_all(workloads, &postings, strings);
	if (r == 0)
		r = report_changes(inventory, problems);
	postings_clear(&postings);
	return r;
}
