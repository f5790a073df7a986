/*
 * From edges to policies:
 * 1. workloads with equal selectors become groups, the subjects and peers;
 * 2. every edge that counts becomes an atom for each end whose policy no other edge tells better;
 * 3. every subject gets atoms for the resolvers, and resolvers for those who ask;
 * 4. atoms are sorted; those that hang on others are left out, and directions are withheld;
 * 5. what becomes of each edge is known then, and what is left out goes;
 * 6. a run of one peer becomes a rule, and the rules of a subject are reduced.
 */
#include "policy/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/collect.h"
#include "policy/compiler.h"
#include "policy/cover.h"
#include "policy/default_deny.h"
#include "policy/dns_retry.h"
#include "policy/endpoints.h"
#include "policy/entities.h"
#include "policy/externals.h"
#include "policy/isolated.h"
#include "policy/name.h"
#include "policy/order.h"
#include "policy/own_node.h"
#include "policy/picks.h"
#include "policy/policy_make.h"
#include "policy/rare.h"
#include "policy/service_ports.h"
#include "policy/settle.h"
#include "policy/source_nat.h"
#include "policy/withhold.h"

static int compare_subjects(const void *a, const void *b)
{
	const struct subject *x = a, *y = b;
	int r = strcmp(x->namespace, y->namespace);

	r = r ? r : (x->group == GROUP_NONE) - (y->group == GROUP_NONE);
	r = r ? r : strcmp(x->name, y->name);
	return r ? r : order_numbers(x->group, y->group);
}

/* Who was never seen to do anything that works gets no policy: it would forbid all that comes next.
 */
static bool gets_policy(const struct group *group)
{
	return group_is_subject(group) && group->seen &&
	       (group->withheld[DIRECTION_INGRESS] == LEFT_NONE ||
		group->withheld[DIRECTION_EGRESS] == LEFT_NONE);
}

static int find_subjects(struct compiler *compiler)
{
	const struct atoms *atoms = &compiler->atoms;
	const char *denied = NULL;
	size_t at = 0;

	compiler->subjects = calloc(2 * compiler->groups.count + 1, sizeof(*compiler->subjects));
	if (!compiler->subjects)
		return -ENOMEM;
	for (size_t i = 0; i < compiler->groups.count; i++) {
		struct group *group = &compiler->groups.items[i];
		struct subject subject = {.group = i, .namespace = group->namespace};

		while (at + subject.count < atoms->count &&
		       atoms->items[at + subject.count].subject == i)
			subject.count++;
		if (subject.count > 0)
			subject.atoms = &atoms->items[at];
		at += subject.count;
		subject.name = compiler->names[group->first];
		group->given = gets_policy(group);
		if (!group->given)
			continue;
		compiler->subjects[compiler->subject_count++] = subject;
		/* Groups are by namespace. */
		if (!compiler->request.default_deny ||
		    (denied && strcmp(denied, group->namespace) == 0))
			continue;
		denied = group->namespace;
		compiler->subjects[compiler->subject_count++] = (struct subject){
		    .group = GROUP_NONE, .namespace = denied, .name = DEFAULT_DENY};
	}
	if (compiler->subject_count > 0)
		qsort(compiler->subjects, compiler->subject_count, sizeof(*compiler->subjects),
		      compare_subjects);
	return 0;
}

static int report_group(const struct compiler *compiler, size_t index)
{
	const struct group *group = &compiler->groups.items[index];
	struct buf subject = {0};
	int r;

	buf_printf(&subject, "%s in %s", group->subject, group->namespace);
	r = subject.error;
	if (r == 0 && group_is_subject(group) && !leave_is_unready(group)) {
		leave_report_group(group, subject.data, compiler->problems);
		leave_report(&compiler->leaves[index], subject.data, compiler->problems);
	}
	if (r == 0 && group->used && *group->also_picks)
		problem_add(compiler->problems, PROBLEM_WARNING, subject.data,
			    "its labels also pick pods of %s: policies and rules for it hold for "
			    "those, too",
			    group->also_picks);
	buf_clear(&subject);
	return r;
}

static int report(struct compiler *compiler)
{
	int r = 0;

	for (size_t i = 0; i < compiler->groups.count && r == 0; i++)
		r = report_group(compiler, i);
	leave_report_unready(&compiler->groups, compiler->problems);
	for (size_t i = 0; i < compiler->subject_count && r == 0; i++)
		if (compiler->subjects[i].group == GROUP_NONE && !compiler->subjects[i].refused)
			r = default_deny_warn(compiler->graph, &compiler->groups,
					      compiler->subjects[i].namespace,
					      compiler->request.directions, compiler->problems);
	return r < 0 ? r
		     : leave_report_subjects(compiler->graph, &compiler->request.filter,
					     compiler->problems);
}

static bool has_subject(const struct groups *groups)
{
	for (size_t i = 0; i < groups->count; i++)
		if (group_is_subject(&groups->items[i]))
			return true;
	return false;
}

static int summarize(struct compiler *compiler)
{
	uint8_t *isolated = isolated_find(compiler);

	if (!isolated)
		return -ENOMEM;
	tally_sum(&compiler->tally, isolated, &compiler->summary);
	free(isolated);
	return 0;
}

/* ---- all of it ---- */

/* Once more where atoms were added. */
static int choose_atoms(struct compiler *compiler)
{
	int r;

	for (size_t i = 0; i < compiler->atoms.count; i++)
		compiler->atoms.items[i].left = LEFT_NONE;
	r = own_nodes_leave(&compiler->basis, &compiler->atoms);
	if (r < 0)
		return r;
	atoms_sort(&compiler->atoms);
	atoms_sort(&compiler->elsewhere);
	r = rare_leave(&compiler->basis, &compiler->atoms);
	if (r == 0)
		settle_seen(compiler);
	return r;
}

static int collect_atoms(struct compiler *compiler)
{
	int r = collect_edges(compiler);

	if (r == 0)
		r = collect_resolvers(compiler);
	if (r == 0)
		r = choose_atoms(compiler);
	if (r < 0 || !picks_hold(compiler->graph, &compiler->groups))
		return r;
	r = collect_held_edges(compiler);
	return r < 0 ? r : choose_atoms(compiler);
}

static int prepare(struct compiler *compiler)
{
	int r = groups_build(compiler->graph, &compiler->request.filter, &compiler->groups);

	if (r == 0)
		r = policy_names(compiler->graph, &compiler->names);
	if (r == 0)
		r = tally_init(compiler->graph, &compiler->tally);
	if (r < 0)
		return r;
	compiler->leaves = calloc(compiler->groups.count + 1, sizeof(*compiler->leaves));
	if (!compiler->leaves)
		return -ENOMEM;
	/* Who asks is allowed what it asked in any case. */
	if (has_subject(&compiler->groups) && !compiler->request.exact)
		r = dns_find(compiler->graph, &compiler->groups, &compiler->request,
			     compiler->problems, &compiler->dns);
	if (r == 0)
		r = withhold_directions(&compiler->basis);
	if (r == 0)
		r = collect_atoms(compiler);
	if (r == 0 && !compiler->request.exact)
		r = dns_add_retries(&compiler->atoms);
	if (r == 0 && !compiler->request.exact)
		r = dns_add_retries(&compiler->elsewhere);
	if (r == 0)
		r = externals_apply(&compiler->basis, &compiler->atoms, compiler->problems);
	if (r < 0)
		return r;
	picks_withhold(compiler->graph, &compiler->groups);
	r = settle(compiler);
	if (r < 0)
		return r;
	if (compiler->request.entities && !compiler->request.exact)
		entities_replace(compiler->graph, &compiler->atoms);
	if (!compiler->request.exact)
		r = endpoints_add(&compiler->basis, compiler->problems, &compiler->atoms);
	if (r == 0 && !compiler->request.exact)
		r = source_nat_add(&compiler->basis, &compiler->masked, compiler->problems,
				   &compiler->atoms);
	if (r == 0 && compiler->request.service_ports && !compiler->request.exact)
		r = service_ports_add(&compiler->atoms);
	if (r == 0)
		r = atoms_cover(&compiler->basis, &compiler->atoms);
	if (r == 0)
		r = find_subjects(compiler);
	return r < 0 ? r : summarize(compiler);
}

int compiler_new(const struct graph *graph, const struct policy_request *request,
		 struct problems *problems, struct compiler **ret)
{
	struct compiler *compiler = calloc(1, sizeof(*compiler));
	int r = -ENOMEM;

	if (!compiler)
		return r;
	compiler->graph = graph;
	compiler->request = *request;
	compiler->problems = problems;
	compiler->basis = (struct basis){.graph = graph,
					 .request = &compiler->request,
					 .groups = &compiler->groups,
					 .dns = &compiler->dns,
					 .elsewhere = &compiler->elsewhere};
	r = prepare(compiler);
	if (r < 0)
		compiler_free(compiler);
	else
		*ret = compiler;
	return r;
}

struct compiler *compiler_free(struct compiler *compiler)
{
	if (!compiler)
		return NULL;
	policy_names_free(compiler->names, compiler->graph);
	atoms_clear(&compiler->atoms);
	atoms_clear(&compiler->elsewhere);
	atoms_clear(&compiler->masked);
	tally_clear(&compiler->tally);
	dns_clear(&compiler->dns);
	free(compiler->subjects);
	free(compiler->scratch.ports);
	free(compiler->scratch.permits);
	buf_clear(&compiler->scratch.text);
	free(compiler->leaves);
	groups_clear(&compiler->groups);
	free(compiler);
	return NULL;
}

const struct policy_summary *compiler_summary(const struct compiler *compiler)
{
	return &compiler->summary;
}

/* The next that isolates anything; NULL: that was all. */
static const struct subject *next_subject(struct compiler *compiler, bool directions[DIRECTIONS])
{
	while (compiler->next < compiler->subject_count) {
		const struct subject *subject = &compiler->subjects[compiler->next++];

		if (subject->group != GROUP_NONE ||
		    default_deny_directions(&compiler->groups, subject->namespace,
					    compiler->request.directions, directions))
			return subject;
	}
	return NULL;
}

int compiler_next(struct compiler *compiler, struct policy *ret)
{
	bool directions[DIRECTIONS];
	const struct subject *subject = next_subject(compiler, directions);
	int r;

	*ret = (struct policy){0};
	if (subject) {
		if (subject->group == GROUP_NONE)
			r = default_deny_init(subject->namespace, directions,
					      compiler->request.directions, ret);
		else
			r = policy_make(compiler, subject, ret);
		if (r < 0)
			policy_clear(ret);
		return r < 0 ? r : 1;
	}
	if (compiler->reported)
		return 0;
	compiler->reported = true;
	return report(compiler);
}
