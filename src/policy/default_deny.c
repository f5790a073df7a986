#include "policy/default_deny.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "policy/picks.h"

#define NAMED_MAX 5

int default_deny_init(const char *namespace, const bool directions[DIRECTIONS],
		      const bool asked[DIRECTIONS], struct policy *ret)
{
	*ret = (struct policy){.namespace = strdup(namespace),
			       .name = strdup(DEFAULT_DENY),
			       .subject = strdup("all pods")};
	for (int i = 0; i < DIRECTIONS; i++) {
		ret->isolates[i] = directions[i];
		if (directions[i] || !asked[i])
			continue;
		ret->withheld[i] = strdup("it is withheld from a policy of the namespace");
		if (!ret->withheld[i])
			return -ENOMEM;
	}
	return ret->namespace && ret->name && ret->subject ? 0 : -ENOMEM;
}

/* A list that names the first few. */
struct list {
	struct buf text;
	size_t count;
};

static void list_add(struct list *list, const char *kind, const char *name)
{
	if (list->count < NAMED_MAX)
		buf_printf(&list->text, "%s%s/%s", list->count > 0 ? ", " : "", kind, name);
	list->count++;
}

static void list_end(struct list *list)
{
	if (list->count > NAMED_MAX)
		buf_printf(&list->text, " and %zu more", list->count - NAMED_MAX);
}

static const struct group *group_of(const struct groups *groups, size_t workload)
{
	size_t group = groups->of_workload[workload];

	return group == GROUP_NONE ? NULL : &groups->items[group];
}

/* Who is not ready, or has no direction left that was asked for, has no policy: a default-deny is
 * there for those. */
static bool is_withheld(const struct group *group, enum direction direction)
{
	return group->because[direction] || group->withheld[direction] == LEFT_PARTIAL ||
	       group->withheld[direction] == LEFT_BEYOND_LIMIT;
}

/* Where those of the namespace begin. */
static size_t find_groups(const struct groups *groups, const char *namespace)
{
	size_t low = 0, high = groups->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(groups->items[middle].namespace, namespace) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool default_deny_directions(const struct groups *groups, const char *namespace,
			     const bool asked[DIRECTIONS], bool ret[DIRECTIONS])
{
	bool any = false;

	for (int d = 0; d < DIRECTIONS; d++)
		ret[d] = asked[d];
	for (size_t i = find_groups(groups, namespace);
	     i < groups->count && strcmp(groups->items[i].namespace, namespace) == 0; i++)
		for (int d = 0; d < DIRECTIONS; d++)
			if (is_withheld(&groups->items[i], (enum direction)d))
				ret[d] = false;
	for (int d = 0; d < DIRECTIONS; d++)
		any |= ret[d];
	return any;
}

static void find_uncovered(const struct graph *graph, const struct groups *groups,
			   const char *namespace, struct list *bare, struct list *withheld)
{
	for (size_t i = find_workloads(graph, namespace);
	     i < graph->workload_count && strcmp(graph->workloads[i].namespace, namespace) == 0;
	     i++) {
		const struct workload *workload = &graph->workloads[i];
		const struct group *group;

		if (workload->host_network)
			continue;
		group = group_of(groups, i);
		if (!group || !group->given)
			list_add(bare, workload->kind, workload->name);
		for (int d = 0; group && d < DIRECTIONS; d++)
			if (is_withheld(group, (enum direction)d))
				list_add(&withheld[d], workload->kind, workload->name);
	}
	for (size_t i = find_pods(graph, namespace);
	     i < graph->pod_count && strcmp(graph->pods[i].namespace, namespace) == 0; i++) {
		const struct graph_pod *pod = &graph->pods[i];

		if (pod->workload == GRAPH_NONE && !pod->host_network && pod->local)
			list_add(bare, "Pod", pod->name);
	}
}

static void warn_of_bare(const struct list *list, const char *subject, bool egress,
			 struct problems *problems)
{
	if (list->count > 0)
		problem_add(problems, PROBLEM_WARNING, subject,
			    "default-deny cuts off those without a policy%s: %s",
			    egress ? ", from DNS as well" : "", list->text.data);
}

static void warn_of_withheld(const struct list *list, const char *subject, enum direction direction,
			     struct problems *problems)
{
	if (list->count > 0)
		problem_add(problems, PROBLEM_CAVEAT, subject,
			    "default-deny leaves %s open, for it is withheld from the policies of: "
			    "%s",
			    direction == DIRECTION_INGRESS ? "ingress" : "egress", list->text.data);
}

int default_deny_warn(const struct graph *graph, const struct groups *groups, const char *namespace,
		      const bool asked[DIRECTIONS], struct problems *problems)
{
	struct list bare = {0}, withheld[DIRECTIONS] = {0};
	bool directions[DIRECTIONS];
	const bool closes = default_deny_directions(groups, namespace, asked, directions);
	struct buf subject = {0};
	int r;

	find_uncovered(graph, groups, namespace, &bare, withheld);
	list_end(&bare);
	buf_printf(&subject, "namespace %s", namespace);
	r = subject.error ? subject.error : bare.text.error;
	if (r == 0 && closes)
		warn_of_bare(&bare, subject.data, directions[DIRECTION_EGRESS], problems);
	for (int d = 0; d < DIRECTIONS; d++) {
		list_end(&withheld[d]);
		r = r ? r : withheld[d].text.error;
		if (r == 0)
			warn_of_withheld(&withheld[d], subject.data, (enum direction)d, problems);
		buf_clear(&withheld[d].text);
	}
	buf_clear(&bare.text);
	buf_clear(&subject);
	return r;
}
