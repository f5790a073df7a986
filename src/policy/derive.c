/*
 * From edges to policies:
 * 1. workloads with equal selectors become groups, the subjects and peers;
 * 2. every edge that worked becomes an atom for each end whose policy no other edge tells better;
 * what cannot be said is counted;
 * 3. every subject gets atoms for the resolvers, and resolvers for those who ask;
 * 4. atoms are sorted; a run of one peer becomes a rule, and the rules of a subject are reduced.
 */
#include "policy/policy.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "policy/atom.h"
#include "policy/dns.h"
#include "policy/entities.h"
#include "policy/group.h"
#include "policy/leave.h"
#include "policy/name.h"
#include "policy/order.h"
#include "policy/peers.h"
#include "policy/reduce.h"

/* A group with the run of atoms that is its own. */
struct subject {
	size_t group;
	const struct atom *atoms;
	size_t count;
	const char *name; /* of its policy */
};

struct compiler {
	const struct graph *graph;
	struct policy_request request;
	struct problems *problems;
	struct groups groups;
	struct dns dns;
	struct basis basis;   /* the above */
	struct leave *leaves; /* one a group */
	struct atoms atoms;
	char **names;             /* one a workload */
	struct subject *subjects; /* by namespace, name */
	size_t subject_count;
	size_t next;
	bool reported;
	struct policy_summary summary;
};

static bool is_subject(const struct group *group)
{
	return group->recorded && group->wanted;
}

/* The group whose policy the end's side of an edge belongs in; GROUP_NONE: none. */
static size_t subject_of(const struct compiler *compiler, const struct end *end)
{
	size_t group;

	if (end->kind != END_POD || end->workload == GRAPH_NONE)
		return GROUP_NONE;
	group = compiler->groups.of_workload[end->workload];
	if (group == GROUP_NONE || !is_subject(&compiler->groups.items[group]))
		return GROUP_NONE;
	return group;
}

/* Nothing but a connection that worked is a reason to allow one. Of a connection between nodes the
 * records of both are, whichever counts: each tells of the end that it knows. */
static bool is_evidence(const struct graph_edge *edge)
{
	const struct totals *totals = &edge->edge.totals;

	if (edge->edge.key.verdict == VERDICT_ANSWERED)
		return true;
	return edge->edge.key.verdict == VERDICT_ONE_WAY && edge->standing != STANDING_OVERRIDDEN &&
	       (totals->connections > 0 || totals->packets_sent > 0);
}

/* A pod reaches itself whatever the policies say, through a service, too. */
static bool is_its_own(const struct graph_edge *edge)
{
	return edge->from.kind == END_POD && edge->to.kind == END_POD &&
	       edge->from.pod == edge->to.pod;
}

static bool can_be_said(const struct edge_key *key)
{
	return key->has_port && key->port > 0 &&
	       (key->protocol == IPPROTO_TCP || key->protocol == IPPROTO_UDP ||
		key->protocol == IPPROTO_SCTP);
}

static int add_side(struct compiler *compiler, const struct graph_edge *edge, bool egress)
{
	const struct end *end = egress ? &edge->from : &edge->to;
	const struct end *peer = egress ? &edge->to : edge->translated;
	const struct edge_key *key = &edge->edge.key;
	struct atom atom = {.subject = subject_of(compiler, end),
			    .egress = egress,
			    .edge = edge,
			    .port = key->port,
			    .protocol = key->protocol};
	struct leave *leave;

	if (atom.subject == GROUP_NONE || edge->told_elsewhere[!egress])
		return 0;
	if (!peer)
		peer = &edge->from;
	leave = &compiler->leaves[atom.subject];
	if (edge->from.secondary || edge->to.secondary) {
		leave->secondary++;
		return 0;
	}
	if (key->direction_uncertain)
		leave->uncertain++;
	else if (!can_be_said(key))
		leave_portless(leave, key->protocol);
	else if (!peer_init(&compiler->basis, peer, &atom))
		leave_peer(leave, egress, peer);
	else
		return atoms_add(&compiler->atoms, &atom);
	return 0;
}

static int add_edges(struct compiler *compiler)
{
	const struct graph *graph = compiler->graph;
	int r = 0;

	for (size_t i = 0; i < graph->edge_count && r == 0; i++) {
		const struct graph_edge *edge = &graph->edges[i];

		if (!is_evidence(edge) || is_its_own(edge))
			continue;
		r = add_side(compiler, edge, false);
		if (r == 0)
			r = add_side(compiler, edge, true);
	}
	return r;
}

static int add_resolver(struct compiler *compiler, size_t subject, const struct resolver *resolver)
{
	struct atom atom = {.subject = subject,
			    .egress = true,
			    .group = resolver->group,
			    .end = resolver->end,
			    .port = resolver->port,
			    .protocol = resolver->protocol};
	struct atom asked = {.subject = subject,
			     .peer = ATOM_ALL,
			     .group = GROUP_NONE,
			     .port = resolver->port,
			     .protocol = resolver->protocol};
	int r;

	if (resolver->group != GROUP_NONE)
		atom.peer = ATOM_GROUP;
	else
		atom.peer = resolver->end ? ATOM_BLOCK : ATOM_DNS;
	if (atom.peer == ATOM_BLOCK)
		atom.block = block_of(resolver->end);
	r = atoms_add(&compiler->atoms, &atom);
	if (r == 0 && dns_is_by(&compiler->dns, resolver, subject))
		r = atoms_add(&compiler->atoms, &asked);
	return r;
}

static int add_resolvers(struct compiler *compiler)
{
	const struct dns *dns = &compiler->dns;
	int r = 0;

	for (size_t i = 0; i < compiler->groups.count; i++)
		for (size_t j = 0; is_subject(&compiler->groups.items[i]) && j < dns->count; j++) {
			r = add_resolver(compiler, i, &dns->resolvers[j]);
			if (r < 0)
				return r;
		}
	return 0;
}

/* ---- atoms to rules ---- */

/* All atoms of one subject and direction. */
static int make_rules(struct compiler *compiler, const struct atom *atoms, size_t count,
		      struct policy_rule **ret_rules, size_t *ret_count)
{
	size_t peers = 0;

	for (size_t i = 0; i < count; i++)
		peers += i == 0 || !atom_same_peer(&atoms[i - 1], &atoms[i]);
	if (peers == 0)
		return 0;
	*ret_rules = calloc(peers, sizeof(**ret_rules));
	if (!*ret_rules)
		return -ENOMEM;
	for (size_t i = 0, end; i < count; i = end) {
		int r;

		for (end = i + 1; end < count && atom_same_peer(&atoms[i], &atoms[end]); end++)
			;
		r = rule_init(&compiler->basis, atoms + i, end - i, &(*ret_rules)[*ret_count]);
		*ret_count += (*ret_rules)[*ret_count].peer_count > 0;
		if (r < 0)
			return r;
	}
	return reduce_rules(*ret_rules, ret_count);
}

/* ---- policies ---- */

static int policy_init(struct compiler *compiler, const struct subject *subject,
		       struct policy *policy)
{
	struct group *group = &compiler->groups.items[subject->group];
	size_t ingress = 0;
	int r;

	group->used = true;
	while (ingress < subject->count && !subject->atoms[ingress].egress)
		ingress++;
	policy->workload = &compiler->graph->workloads[group->first];
	policy->selector = *group->selector;
	policy->namespace = strdup(group->namespace);
	policy->subject = strdup(group->subject);
	policy->name = strdup(subject->name);
	if (!policy->namespace || !policy->subject || !policy->name)
		return -ENOMEM;
	for (int i = 0; i < DIRECTIONS; i++)
		policy->isolates[i] = compiler->request.directions[i];
	r = make_rules(compiler, subject->atoms, ingress, &policy->rules[DIRECTION_INGRESS],
		       &policy->rule_count[DIRECTION_INGRESS]);
	if (r < 0)
		return r;
	return make_rules(compiler, subject->atoms + ingress, subject->count - ingress,
			  &policy->rules[DIRECTION_EGRESS], &policy->rule_count[DIRECTION_EGRESS]);
}

static int compare_subjects(const void *a, const void *b, void *context)
{
	const struct subject *x = a, *y = b;
	const struct compiler *compiler = context;
	const struct group *groups = compiler->groups.items;
	int r = strcmp(groups[x->group].namespace, groups[y->group].namespace);

	r = r ? r : strcmp(x->name, y->name);
	return r ? r : order_numbers(x->group, y->group);
}

static bool was_seen(const struct atom *atoms, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (atoms[i].edge)
			return true;
	return false;
}

/* Who was never seen to do anything that works gets no policy: it would forbid all that comes next.
 */
static int find_subjects(struct compiler *compiler)
{
	const struct atoms *atoms = &compiler->atoms;
	size_t at = 0;

	compiler->subjects = calloc(compiler->groups.count + 1, sizeof(*compiler->subjects));
	if (!compiler->subjects)
		return -ENOMEM;
	for (size_t i = 0; i < compiler->groups.count; i++) {
		struct subject subject = {.group = i};

		subject.atoms = atoms->items + at;
		while (at < atoms->count && atoms->items[at].subject == i)
			at++;
		subject.count = (size_t)(atoms->items + at - subject.atoms);
		subject.name = compiler->names[compiler->groups.items[i].first];
		compiler->leaves[i].unseen = !was_seen(subject.atoms, subject.count);
		if (is_subject(&compiler->groups.items[i]) && !compiler->leaves[i].unseen)
			compiler->subjects[compiler->subject_count++] = subject;
	}
	if (compiler->subject_count > 0)
		qsort_r(compiler->subjects, compiler->subject_count, sizeof(*compiler->subjects),
			compare_subjects, compiler);
	return 0;
}

static int report_group(const struct compiler *compiler, size_t index)
{
	const struct group *group = &compiler->groups.items[index];
	struct buf subject = {0};
	int r;

	buf_printf(&subject, "%s in %s", group->subject, group->namespace);
	r = subject.error;
	if (r == 0 && is_subject(group))
		leave_report(&compiler->leaves[index], subject.data, compiler->problems);
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
	return r < 0 ? r
		     : leave_report_subjects(compiler->graph, &compiler->request.filter,
					     compiler->problems);
}

static bool has_subject(const struct groups *groups)
{
	for (size_t i = 0; i < groups->count; i++)
		if (is_subject(&groups->items[i]))
			return true;
	return false;
}

static int prepare(struct compiler *compiler)
{
	int r = groups_build(compiler->graph, &compiler->request.filter, &compiler->groups);

	if (r == 0)
		r = policy_names(compiler->graph, &compiler->names);
	if (r < 0)
		return r;
	compiler->leaves = calloc(compiler->groups.count + 1, sizeof(*compiler->leaves));
	if (!compiler->leaves)
		return -ENOMEM;
	if (has_subject(&compiler->groups))
		r = dns_find(compiler->graph, &compiler->groups, compiler->problems,
			     &compiler->dns);
	if (r == 0)
		r = add_edges(compiler);
	if (r == 0)
		r = add_resolvers(compiler);
	if (r < 0)
		return r;
	if (compiler->request.entities && !compiler->request.exact)
		entities_replace(compiler->graph, &compiler->atoms);
	atoms_sort(&compiler->atoms);
	return find_subjects(compiler);
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
					 .dns = &compiler->dns};
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
	dns_clear(&compiler->dns);
	free(compiler->subjects);
	free(compiler->leaves);
	groups_clear(&compiler->groups);
	free(compiler);
	return NULL;
}

const struct policy_summary *compiler_summary(const struct compiler *compiler)
{
	return &compiler->summary;
}

int compiler_next(struct compiler *compiler, struct policy *ret)
{
	int r;

	*ret = (struct policy){0};
	if (compiler->next < compiler->subject_count) {
		r = policy_init(compiler, &compiler->subjects[compiler->next++], ret);
		if (r < 0)
			policy_clear(ret);
		return r < 0 ? r : 1;
	}
	if (compiler->reported)
		return 0;
	compiler->reported = true;
	return report(compiler);
}

/* ---- sets ---- */

void policy_request_init(struct policy_request *request)
{
	*request = (struct policy_request){.directions = {true, true},
					   .range_threshold = 10,
					   .block_threshold = 16,
					   .block_floor = {24, 48},
					   .max_blocks = 64};
}

static int set_add(struct policy_set *set, const struct policy *policy)
{
	struct policy *grown;

	if ((set->count & (set->count - 1)) == 0) {
		grown =
		    reallocarray(set->policies, set->count ? 2 * set->count : 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		set->policies = grown;
	}
	set->policies[set->count++] = *policy;
	return 0;
}

static int collect(struct compiler *compiler, struct policy_set *set)
{
	struct policy policy;
	int r;

	while ((r = compiler_next(compiler, &policy)) > 0) {
		r = set_add(set, &policy);
		if (r < 0) {
			policy_clear(&policy);
			return r;
		}
	}
	return r;
}

int policy_derive(const struct graph *graph, const struct policy_request *request,
		  struct problems *problems, struct policy_set **ret)
{
	struct policy_set *set = calloc(1, sizeof(*set));
	struct compiler *compiler = NULL;
	int r = set ? compiler_new(graph, request, problems, &compiler) : -ENOMEM;

	if (r == 0)
		r = collect(compiler, set);
	compiler_free(compiler);
	if (r < 0)
		set = policy_set_free(set);
	else
		*ret = set;
	return r;
}

void policy_clear(struct policy *policy)
{
	for (int i = 0; i < DIRECTIONS; i++) {
		for (size_t j = 0; j < policy->rule_count[i]; j++)
			rule_clear(&policy->rules[i][j]);
		free(policy->rules[i]);
		free(policy->partial[i]);
	}
	free(policy->namespace);
	free(policy->subject);
	free(policy->name);
	*policy = (struct policy){0};
}

struct policy_set *policy_set_free(struct policy_set *set)
{
	if (!set)
		return NULL;
	for (size_t i = 0; i < set->count; i++)
		policy_clear(&set->policies[i]);
	free(set->policies);
	free(set);
	return NULL;
}
