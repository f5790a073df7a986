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
#include "policy/group.h"
#include "policy/leave.h"
#include "policy/name.h"
#include "policy/reduce.h"

struct derivation {
	const struct graph *graph;
	struct problems *problems;
	struct groups groups;
	struct dns dns;
	struct leave *leaves; /* one a group */
	struct atoms atoms;
	char **names; /* one a workload */
	struct policy_set *set;
};

static bool is_subject(const struct group *group)
{
	return group->recorded && group->wanted;
}

/* The group whose policy the end's side of an edge belongs in; GROUP_NONE: none. */
static size_t subject_of(const struct derivation *derivation, const struct end *end)
{
	size_t group;

	if (end->kind != END_POD || end->workload == GRAPH_NONE)
		return GROUP_NONE;
	group = derivation->groups.of_workload[end->workload];
	if (group == GROUP_NONE || !is_subject(&derivation->groups.items[group]))
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

/* A resolver is open to all pods: those without a policy ask it, too, seen or not. */
static bool is_open_to(const struct derivation *derivation, const struct atom *atom,
		       const struct end *end)
{
	const struct workload *workloads = derivation->graph->workloads;

	if (atom->egress || !dns_is_at(&derivation->dns, atom->subject, atom->protocol, atom->port))
		return false;
	if (end->kind == END_POD)
		return end->workload == GRAPH_NONE || !workloads[end->workload].host_network;
	return end->kind == END_UNKNOWN;
}

/* False: no rule can name this peer. */
static bool peer_init(const struct derivation *derivation, const struct end *end, struct atom *atom)
{
	const struct graph *graph = derivation->graph;

	atom->end = end;
	atom->group = GROUP_NONE;
	atom->peer = ATOM_BLOCK;
	if (is_open_to(derivation, atom, end)) {
		atom->peer = ATOM_ALL;
		return true;
	}
	if (end->kind == END_UNKNOWN)
		return false;
	if (end->kind != END_POD)
		return true;
	if (end->workload == GRAPH_NONE)
		return false;
	if (graph->workloads[end->workload].host_network)
		return true;
	atom->peer = ATOM_GROUP;
	atom->group = derivation->groups.of_workload[end->workload];
	return atom->group != GROUP_NONE;
}

static int add_side(struct derivation *derivation, const struct graph_edge *edge, bool egress)
{
	const struct end *end = egress ? &edge->from : &edge->to;
	const struct end *peer = egress ? &edge->to : edge->translated;
	const struct edge_key *key = &edge->edge.key;
	struct atom atom = {.subject = subject_of(derivation, end),
			    .egress = egress,
			    .edge = edge,
			    .port = key->port,
			    .protocol = key->protocol};
	struct leave *leave;

	if (atom.subject == GROUP_NONE || edge->told_elsewhere[!egress])
		return 0;
	if (!peer)
		peer = &edge->from;
	leave = &derivation->leaves[atom.subject];
	if (edge->from.secondary || edge->to.secondary) {
		leave->secondary++;
		return 0;
	}
	if (key->direction_uncertain)
		leave->uncertain++;
	else if (!can_be_said(key))
		leave_portless(leave, key->protocol);
	else if (!peer_init(derivation, peer, &atom))
		leave_peer(leave, egress, peer);
	else
		return atoms_add(&derivation->atoms, &atom);
	return 0;
}

static int add_edges(struct derivation *derivation)
{
	const struct graph *graph = derivation->graph;
	int r = 0;

	for (size_t i = 0; i < graph->edge_count && r == 0; i++) {
		const struct graph_edge *edge = &graph->edges[i];

		if (!is_evidence(edge) || is_its_own(edge))
			continue;
		r = add_side(derivation, edge, false);
		if (r == 0)
			r = add_side(derivation, edge, true);
	}
	return r;
}

static int add_resolver(struct derivation *derivation, size_t subject,
			const struct resolver *resolver)
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
	r = atoms_add(&derivation->atoms, &atom);
	if (r == 0 && dns_is_by(&derivation->dns, resolver, subject))
		r = atoms_add(&derivation->atoms, &asked);
	return r;
}

static int add_resolvers(struct derivation *derivation)
{
	const struct dns *dns = &derivation->dns;
	int r = 0;

	for (size_t i = 0; i < derivation->groups.count; i++)
		for (size_t j = 0; is_subject(&derivation->groups.items[i]) && j < dns->count;
		     j++) {
			r = add_resolver(derivation, i, &dns->resolvers[j]);
			if (r < 0)
				return r;
		}
	return 0;
}

/* ---- atoms to rules ---- */

static struct prefix block_of(const struct end *end)
{
	if (end->prefix)
		return (struct prefix){.addr = end->address, .length = end->prefix};
	return prefix_of(end->address);
}

static struct policy_peer peer_of(struct derivation *derivation, const struct atom *atom)
{
	const struct dns *dns = &derivation->dns;
	struct group *groups = derivation->groups.items;
	struct policy_peer peer = {.kind = PEER_PODS, .namespace = ""};

	if (atom->peer == ATOM_ALL)
		return (struct policy_peer){.kind = PEER_ALL_PODS, .namespace = ""};
	if (atom->peer == ATOM_BLOCK)
		return (struct policy_peer){
		    .kind = PEER_BLOCK, .namespace = "", .block = block_of(atom->end)};
	if (atom->peer == ATOM_GROUP) {
		groups[atom->group].used = true;
		peer.namespace = groups[atom->group].namespace;
		peer.selector = *groups[atom->group].selector;
	} else {
		peer.namespace = dns->namespace;
		peer.selector = dns->selector;
	}
	if (strcmp(peer.namespace, groups[atom->subject].namespace) == 0)
		peer.namespace = "";
	return peer;
}

/* Ports may repeat: the reduction tidies them. */
static int rule_init(struct derivation *derivation, const struct atom *atoms, size_t count,
		     struct policy_rule *ret)
{
	struct policy_rule rule = {.peer_count = 1};

	rule.peers = calloc(1, sizeof(*rule.peers));
	rule.ports = calloc(count, sizeof(*rule.ports));
	if (!rule.peers || !rule.ports) {
		free(rule.peers);
		free(rule.ports);
		return -ENOMEM;
	}
	rule.peers[0] = peer_of(derivation, atoms);
	rule.peers[0].reason =
	    atoms_reason(atoms, count, derivation->graph, &derivation->groups, &derivation->dns);
	for (size_t i = 0; i < count; i++)
		rule.ports[rule.port_count++] =
		    (struct policy_port){.protocol = atoms[i].protocol, .port = atoms[i].port};
	*ret = rule;
	return rule.peers[0].reason ? 0 : -ENOMEM;
}

/* All atoms of one subject and direction. */
static int make_rules(struct derivation *derivation, const struct atom *atoms, size_t count,
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
		r = rule_init(derivation, atoms + i, end - i, &(*ret_rules)[*ret_count]);
		*ret_count += (*ret_rules)[*ret_count].peer_count > 0;
		if (r < 0)
			return r;
	}
	return reduce_rules(*ret_rules, ret_count);
}

/* ---- policies ---- */

static int policy_init(struct derivation *derivation, size_t subject, const struct atom *atoms,
		       size_t count, struct policy *policy)
{
	struct group *group = &derivation->groups.items[subject];
	size_t ingress = 0;
	int r;

	group->used = true;
	while (ingress < count && !atoms[ingress].egress)
		ingress++;
	policy->selector = *group->selector;
	policy->namespace = strdup(group->namespace);
	policy->subject = strdup(group->subject);
	policy->name = strdup(derivation->names[group->first]);
	if (!policy->namespace || !policy->subject || !policy->name)
		return -ENOMEM;
	r = make_rules(derivation, atoms, ingress, &policy->ingress, &policy->ingress_count);
	if (r < 0)
		return r;
	return make_rules(derivation, atoms + ingress, count - ingress, &policy->egress,
			  &policy->egress_count);
}

static int compare_policies(const void *a, const void *b)
{
	const struct policy *x = a, *y = b;
	int r = strcmp(x->namespace, y->namespace);

	r = r ? r : strcmp(x->name, y->name);
	return r ? r : strcmp(x->subject, y->subject);
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
static int make_policies(struct derivation *derivation)
{
	struct policy_set *set = derivation->set;
	const struct atoms *atoms = &derivation->atoms;
	size_t at = 0;
	int r = 0;

	set->policies = calloc(derivation->groups.count + 1, sizeof(*set->policies));
	if (!set->policies)
		return -ENOMEM;
	for (size_t i = 0; i < derivation->groups.count && r == 0; i++) {
		size_t start = at;
		const struct atom *run;

		while (at < atoms->count && atoms->items[at].subject == i)
			at++;
		run = at > start ? &atoms->items[start] : NULL;
		derivation->leaves[i].unseen = !was_seen(run, at - start);
		if (is_subject(&derivation->groups.items[i]) && !derivation->leaves[i].unseen)
			r = policy_init(derivation, i, run, at - start,
					&set->policies[set->count++]);
	}
	if (set->count > 0)
		qsort(set->policies, set->count, sizeof(*set->policies), compare_policies);
	return r;
}

static int report_group(const struct derivation *derivation, size_t index)
{
	const struct group *group = &derivation->groups.items[index];
	struct buf subject = {0};
	int r;

	buf_printf(&subject, "%s in %s", group->subject, group->namespace);
	r = subject.error;
	if (r == 0 && is_subject(group))
		leave_report(&derivation->leaves[index], subject.data, derivation->problems);
	if (r == 0 && group->used && *group->also_picks)
		problem_add(derivation->problems, PROBLEM_WARNING, subject.data,
			    "its labels also pick pods of %s: policies and rules for it hold for "
			    "those, too",
			    group->also_picks);
	buf_clear(&subject);
	return r;
}

static int report(struct derivation *derivation, const struct policy_filter *filter)
{
	int r = 0;

	for (size_t i = 0; i < derivation->groups.count && r == 0; i++)
		r = report_group(derivation, i);
	return r < 0 ? r : leave_report_subjects(derivation->graph, filter, derivation->problems);
}

static bool has_subject(const struct groups *groups)
{
	for (size_t i = 0; i < groups->count; i++)
		if (is_subject(&groups->items[i]))
			return true;
	return false;
}

static int derive(struct derivation *derivation, const struct policy_filter *filter)
{
	int r = groups_build(derivation->graph, filter, &derivation->groups);

	if (r == 0)
		r = policy_names(derivation->graph, &derivation->names);
	if (r < 0)
		return r;
	derivation->leaves = calloc(derivation->groups.count + 1, sizeof(*derivation->leaves));
	derivation->set = calloc(1, sizeof(*derivation->set));
	if (!derivation->leaves || !derivation->set)
		return -ENOMEM;
	if (has_subject(&derivation->groups))
		r = dns_find(derivation->graph, &derivation->groups, derivation->problems,
			     &derivation->dns);
	if (r == 0)
		r = add_edges(derivation);
	if (r == 0)
		r = add_resolvers(derivation);
	if (r < 0)
		return r;
	atoms_sort(&derivation->atoms);
	r = make_policies(derivation);
	return r < 0 ? r : report(derivation, filter);
}

int policy_derive(const struct graph *graph, const struct policy_filter *filter,
		  struct problems *problems, struct policy_set **ret)
{
	struct derivation derivation = {.graph = graph, .problems = problems};
	int r = derive(&derivation, filter);

	if (r == 0) {
		*ret = derivation.set;
		derivation.set = NULL;
	}
	policy_set_free(derivation.set);
	policy_names_free(derivation.names, graph);
	atoms_clear(&derivation.atoms);
	dns_clear(&derivation.dns);
	free(derivation.leaves);
	groups_clear(&derivation.groups);
	return r;
}

static void rules_free(struct policy_rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		rule_clear(&rules[i]);
	free(rules);
}

struct policy_set *policy_set_free(struct policy_set *set)
{
	if (!set)
		return NULL;
	for (size_t i = 0; i < set->count; i++) {
		rules_free(set->policies[i].ingress, set->policies[i].ingress_count);
		rules_free(set->policies[i].egress, set->policies[i].egress_count);
		free(set->policies[i].namespace);
		free(set->policies[i].name);
		free(set->policies[i].subject);
	}
	free(set->policies);
	free(set);
	return NULL;
}
