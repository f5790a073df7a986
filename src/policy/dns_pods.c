#include "policy/dns_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/array.h"
#include "policy/order.h"

/* ---- who asked ---- */

static int compare_foreigners(const void *a, const void *b)
{
	const struct foreigner *x = a, *y = b;
	int r = order_numbers(x->group, y->group);

	return r ? r : strcmp(x->namespace, y->namespace);
}

static void tidy(struct foreigners *foreigners)
{
	size_t kept = 0;

	if (foreigners->count == 0)
		return;
	array_sort(foreigners->items, sizeof(*foreigners->items), foreigners->count,
		   compare_foreigners);
	for (size_t i = 0; i < foreigners->count; i++)
		if (kept == 0 ||
		    compare_foreigners(&foreigners->items[kept - 1], &foreigners->items[i]) != 0)
			foreigners->items[kept++] = foreigners->items[i];
	foreigners->count = kept;
}

int dns_add_foreigner(struct dns_work *work, size_t group, const char *namespace)
{
	struct foreigners *foreigners = &work->foreigners;

	if (strcmp(work->groups->items[group].namespace, namespace) == 0)
		return 0;
	if (foreigners->count == foreigners->capacity) {
		tidy(foreigners);
		if (foreigners->count * 2 >= foreigners->capacity &&
		    array_grow(&foreigners->items, sizeof(*foreigners->items), foreigners->capacity,
			       &foreigners->capacity) < 0)
			return -ENOMEM;
	}
	foreigners->items[foreigners->count++] =
	    (struct foreigner){.group = group, .namespace = namespace};
	return 0;
}

/* ---- pods that labels tell ---- */

static bool is_pod(const struct resolver *resolver)
{
	return resolver->group != GROUP_NONE;
}

static size_t count_pods(const struct resolver_list *list)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		count += is_pod(&list->items[i]);
	return count;
}

bool dns_has_pods(const struct dns_work *work)
{
	return count_pods(&work->all) > 0;
}

/* selected: by group; NULL: none is kept. */
static void drop_pods(struct dns_work *work, const bool *selected)
{
	struct resolver_list *list = &work->all;
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (!is_pod(&list->items[i]) || (selected && selected[list->items[i].group]))
			list->items[kept++] = list->items[i];
	list->count = kept;
}

/* ---- of too many, some ---- */

struct rank {
	size_t reach; /* of how many namespaces */
	struct resolver resolver;
};

static int compare_ranks(const void *a, const void *b)
{
	const struct rank *x = a, *y = b;
	int r = order_numbers(y->reach, x->reach);

	r = r ? r : order_numbers(x->resolver.group, y->resolver.group);
	r = r ? r : order_numbers(x->resolver.port, y->resolver.port);
	return r ? r : order_numbers(x->resolver.protocol, y->resolver.protocol);
}

static void warn_of_left(const struct dns_work *work, const struct rank *left, size_t count)
{
	const struct group *first;
	size_t others = 0;

	if (!work->problems || !is_pod(&left->resolver))
		return;
	first = &work->groups->items[left->resolver.group];
	for (size_t i = 1; i < count; i++)
		others += left[i].resolver.group != left[i - 1].resolver.group;
	problem_add(work->problems, PROBLEM_WARNING, "DNS",
		    "more pods were asked for names than are taken for the cluster's resolvers: %s "
		    "in %s and %zu other%s are allowed only to those who asked them; an inventory "
		    "with the cluster's DNS service tells which are for everybody",
		    first->subject, first->namespace, others, others == 1 ? "" : "s");
}

/* Those that most namespaces asked. */
static int limit_pods(struct dns_work *work, const size_t *reach)
{
	struct resolver_list *list = &work->all;
	const size_t count = count_pods(list);
	struct rank *ranks;
	size_t ranked = 0, kept = 0;

	if (count <= DNS_PODS_MAX)
		return 0;
	ranks = calloc(count, sizeof(*ranks));
	if (!ranks)
		return -ENOMEM;
	for (size_t i = 0; i < list->count; i++) {
		const struct resolver *resolver = &list->items[i];

		if (is_pod(resolver))
			ranks[ranked++] = (struct rank){reach[resolver->group], *resolver};
		else
			list->items[kept++] = *resolver;
	}
	list->count = kept;
	qsort(ranks, count, sizeof(*ranks), compare_ranks);
	for (size_t i = 0; i < DNS_PODS_MAX; i++)
		list->items[list->count++] = ranks[i].resolver;
	resolvers_sort(list);
	warn_of_left(work, ranks + DNS_PODS_MAX, count - DNS_PODS_MAX);
	free(ranks);
	return 0;
}

/* ---- whose they are ---- */

/* The labels in place of workloads, at the ports that were asked. */
static int use_labels(struct dns_work *work)
{
	struct resolver_list *list = &work->all, ports = {0};
	int r = 0;

	for (size_t i = 0; i < list->count && r == 0; i++)
		if (is_pod(&list->items[i]))
			r = resolvers_add(&ports,
					  (struct resolver){.asker = GROUP_NONE,
							    .group = GROUP_NONE,
							    .port = list->items[i].port,
							    .protocol = list->items[i].protocol});
	resolvers_sort(&ports);
	drop_pods(work, NULL);
	for (size_t i = 0; i < ports.count && i < DNS_PODS_MAX && r == 0; i++)
		r = resolvers_add(list, ports.items[i]);
	if (ports.count > DNS_PODS_MAX && work->problems)
		problem_add(work->problems, PROBLEM_WARNING, "DNS",
			    "the cluster's resolvers were asked at more ports than are used: the "
			    "others, from %u on, are allowed only to those who asked there",
			    ports.items[DNS_PODS_MAX].port);
	work->dns.namespace = work->convention->namespace;
	work->dns.selector = work->convention->labels;
	free(ports.items);
	return r;
}

/* By group, of how many other namespaces it was asked. */
static int count_reach(struct dns_work *work, size_t **ret)
{
	struct foreigners *foreigners = &work->foreigners;
	size_t *reach = calloc(work->groups->count + 1, sizeof(*reach));

	if (!reach)
		return -ENOMEM;
	tidy(foreigners);
	for (size_t i = 0; i < foreigners->count; i++)
		reach[foreigners->items[i].group]++;
	*ret = reach;
	return 0;
}

/* Whom only the own namespace asks is that one's, for all that is known. */
static int choose_common(struct dns_work *work)
{
	size_t *reach = NULL;
	size_t count = count_pods(&work->all);
	bool *is_common;
	int r;

	if (count == 0)
		return 0;
	r = count_reach(work, &reach);
	if (r < 0)
		return r;
	is_common = calloc(work->groups->count + 1, sizeof(*is_common));
	if (is_common) {
		for (size_t i = 0; i < work->groups->count; i++)
			is_common[i] = reach[i] > 0;
		drop_pods(work, is_common);
		work->has_private |= count_pods(&work->all) < count;
	}
	r = is_common ? limit_pods(work, reach) : -ENOMEM;
	free(is_common);
	free(reach);
	return r;
}

int dns_choose_pods(struct dns_work *work)
{
	if (!work->dns.service && !dns_has_selected(work))
		return choose_common(work);
	if (!work->dns.service)
		drop_pods(work, work->selected);
	if (count_pods(&work->all) <= DNS_PODS_MAX)
		return 0;
	if (!work->dns.service)
		return use_labels(work);
	drop_pods(work, NULL);
	return 0;
}
