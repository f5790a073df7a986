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

#include "base/buf.h"
#include "policy/admit.h"
#include "policy/atom.h"
#include "policy/cover.h"
#include "policy/default_deny.h"
#include "policy/dns.h"
#include "policy/endpoints.h"
#include "policy/entities.h"
#include "policy/externals.h"
#include "policy/group.h"
#include "policy/leave.h"
#include "policy/name.h"
#include "policy/order.h"
#include "policy/own_node.h"
#include "policy/partial.h"
#include "policy/peers.h"
#include "policy/picks.h"
#include "policy/port_ranges.h"
#include "policy/rare.h"
#include "policy/reduce.h"
#include "policy/service_ports.h"
#include "policy/source_nat.h"
#include "policy/tally.h"

/* A group with the run of atoms that is its own; or a namespace's default-deny. */
struct subject {
	size_t group; /* GROUP_NONE: a default-deny */
	const char *namespace;
	const struct atom *atoms; /* NULL: none */
	size_t count;
	const char *name; /* of its policy */
	bool refused;     /* by who should have printed it */
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
	struct atoms elsewhere; /* sides that another record of the same connections tells */
	struct atoms masked;    /* those of either that have a rule, if a client is behind them */
	struct tally tally;
	char **names;             /* one a workload */
	struct subject *subjects; /* by namespace, name */
	size_t subject_count;
	size_t next;
	bool reported;
	struct policy_summary summary;
};

/* The group whose policy the end's side of an edge belongs in; GROUP_NONE: none. */
static size_t subject_of(const struct compiler *compiler, const struct end *end,
			 enum direction direction)
{
	size_t own;

	if (end->kind != END_POD || end->pod == GRAPH_NONE)
		return GROUP_NONE;
	own = pick_own(compiler->graph, &compiler->groups, end->pod);
	return own != GROUP_NONE ? own : compiler->groups.holders[direction][end->pod];
}

/* Is it a pod that policies may isolate without being meant for it? */
static bool is_held(const struct compiler *compiler, const struct end *end)
{
	return end->kind == END_POD && end->pod != GRAPH_NONE &&
	       pick_own(compiler->graph, &compiler->groups, end->pod) == GROUP_NONE;
}

static bool is_of_held(const struct compiler *compiler, const struct atom *atom)
{
	return is_held(compiler, atom->egress ? &atom->edge->from : &atom->edge->to);
}

/* Does the filter let the end through, whether it gets a policy or not? */
static bool is_wanted(const struct compiler *compiler, const struct end *end)
{
	const struct policy_filter *filter = &compiler->request.filter;
	const struct workload stranger = {
	    .namespace = end->namespace, .kind = "Pod", .name = end->name};
	size_t group = GROUP_NONE;

	if (end->kind != END_POD)
		return false;
	if (end->workload == GRAPH_NONE)
		return filter_matches(filter, &stranger);
	group = compiler->groups.of_workload[end->workload];
	if (group != GROUP_NONE)
		return compiler->groups.items[group].wanted;
	return filter_matches(filter, &compiler->graph->workloads[end->workload]);
}

/* One end of an edge. */
struct side {
	const struct graph_edge *edge;
	enum direction direction;
	struct admission admission;
};

/* Else another record tells the policy of that end. */
static bool is_told(const struct side *side)
{
	return !side->edge->told_elsewhere[side->direction == DIRECTION_INGRESS];
}

/* Counts an edge whose peers no rule can name. */
static void leave_side(struct compiler *compiler, const struct side *side, size_t subject,
		       const struct end *peer, enum left_reason left)
{
	if (!compiler->request.directions[side->direction]) {
		tally_mark(&compiler->tally, side->edge, side->direction, LEFT_DIRECTION);
		return;
	}
	tally_mark(&compiler->tally, side->edge, side->direction, left);
	if (!is_told(side))
		return;
	if (peer)
		leave_peer(&compiler->leaves[subject], side->direction, left, peer);
	else
		leave_edge(&compiler->leaves[subject], side->edge, left);
}

/* One peer that has a name is enough. */
static int add_peers(struct compiler *compiler, const struct side *side, const struct atom *start)
{
	struct atoms *atoms = is_told(side) ? &compiler->atoms : &compiler->elsewhere;
	const struct end *peers[EDGE_PEERS_MAX];
	const size_t count = edge_peers(side->edge, start->egress, peers);
	enum left_reason left = LEFT_NONE;
	size_t named = 0;
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		struct atom atom = *start;
		enum left_reason reason = peer_init(&compiler->basis, peers[i], &atom);

		if (reason == LEFT_NONE) {
			r = atoms_add(atoms, &atom);
			named++;
		} else if (i == 0) {
			left = reason;
		}
	}
	if (r == 0 && named == 0)
		leave_side(compiler, side, start->subject, peers[0], left);
	return r;
}

static int add_side(struct compiler *compiler, const struct side *side)
{
	const struct graph_edge *edge = side->edge;
	const bool egress = side->direction == DIRECTION_EGRESS;
	const struct atom atom = {
	    .subject = subject_of(compiler, egress ? &edge->from : &edge->to, side->direction),
	    .egress = egress,
	    .edge = edge,
	    .wider = side->admission.included ? WIDER_INCLUDED : 0,
	    .port = edge->edge.key.port,
	    .protocol = edge->edge.key.protocol};

	/* Who asked behind another node's address is told by those that do not count, too. */
	if (!is_told(side) && edge->standing != STANDING_COUNTS && !edge->translated)
		return 0;
	if (side->admission.left != LEFT_NONE)
		tally_mark(&compiler->tally, edge, side->direction, side->admission.left);
	if (atom.subject == GROUP_NONE)
		return 0;
	if (side->admission.left == LEFT_NONE)
		return add_peers(compiler, side, &atom);
	if (side->admission.left == LEFT_ITSELF && !compiler->request.exact && is_told(side) &&
	    endpoints_add_itself(&atom, &compiler->atoms) < 0)
		return -ENOMEM;
	leave_side(compiler, side, atom.subject, NULL, side->admission.left);
	return 0;
}

/* held: only those of pods that policies isolate without being meant for them. */
static int add_sides(struct compiler *compiler, const struct graph_edge *edge, bool held)
{
	struct side side = {.edge = edge, .admission = admit_edge(edge, compiler->request.include)};
	int r = 0;

	for (enum direction d = 0; d < DIRECTIONS && r == 0; d++) {
		side.direction = d;
		if (!held || is_held(compiler, d == DIRECTION_EGRESS ? &edge->from : &edge->to))
			r = add_side(compiler, &side);
	}
	return r;
}

static int add_edges(struct compiler *compiler)
{
	const struct graph *graph = compiler->graph;
	int r = 0;

	for (size_t i = 0; i < graph->edge_count && r == 0; i++) {
		const struct graph_edge *edge = &graph->edges[i];

		if (edge->standing == STANDING_COUNTS &&
		    (is_wanted(compiler, &edge->from) || is_wanted(compiler, &edge->to)))
			tally_expect(&compiler->tally, edge);
		r = add_sides(compiler, edge, false);
	}
	return r;
}

static int add_held_edges(struct compiler *compiler)
{
	const struct graph *graph = compiler->graph;
	int r = 0;

	for (size_t i = 0; i < graph->edge_count && r == 0; i++)
		r = add_sides(compiler, &graph->edges[i], true);
	return r;
}

static int add_resolvers(struct compiler *compiler)
{
	int r = 0;

	for (size_t i = 0; i < compiler->groups.count && r == 0; i++)
		if (group_is_subject(&compiler->groups.items[i]))
			r = peer_add_resolvers(&compiler->basis, i, &compiler->atoms);
	return r;
}

/* ---- directions ---- */

/* The first reason stays. */
static void withhold(struct group *group, enum left_reason left)
{
	for (int d = 0; d < DIRECTIONS; d++)
		if (group->withheld[d] == LEFT_NONE)
			group->withheld[d] = left;
}

static bool is_less_ready(const struct readiness *a, const struct readiness *b)
{
	const bool a_is_known = a->since != INT64_MIN, b_is_known = b->since != INT64_MIN;

	return a_is_known == b_is_known ? a->state < b->state : !a_is_known;
}

static void set_readiness(struct compiler *compiler)
{
	const struct readinesses *all = compiler->request.readinesses;

	for (size_t i = 0; all && i < all->count; i++) {
		const struct readiness *readiness = &all->items[i];
		size_t index = compiler->groups.of_workload[i];
		struct group *group = index == GROUP_NONE ? NULL : &compiler->groups.items[index];

		if (!group)
			continue;
		if (group->readiness && !group->least_ready)
			group->least_ready = &compiler->graph->workloads[group->first];
		if (group->readiness && is_less_ready(readiness, group->readiness))
			group->least_ready = &compiler->graph->workloads[i];
		if (!group->readiness || is_less_ready(readiness, group->readiness))
			group->readiness = readiness;
	}
}

static bool is_ready(const struct group *group)
{
	return group->readiness && group->readiness->state == READINESS_READY;
}

static int choose_directions(struct compiler *compiler)
{
	const struct policy_request *request = &compiler->request;
	int r = 0;

	if (request->coverage)
		r = partial_find(compiler->graph, request->coverage, &compiler->groups);
	set_readiness(compiler);
	for (size_t i = 0; i < compiler->groups.count; i++) {
		struct group *group = &compiler->groups.items[i];

		for (int d = 0; d < DIRECTIONS; d++)
			if (!request->directions[d])
				group->withheld[d] = LEFT_DIRECTION;
		if (request->ready_only && !is_ready(group))
			withhold(group, LEFT_NOT_READY);
		if (request->withhold_partial && group->partial)
			withhold(group, LEFT_PARTIAL);
	}
	picks_withhold(compiler->graph, &compiler->groups);
	return r;
}

static enum direction direction_of(const struct atom *atom)
{
	return atom->egress ? DIRECTION_EGRESS : DIRECTION_INGRESS;
}

/* Whatever decides it, but for other atoms. */
static enum left_reason fate_of(const struct compiler *compiler, const struct atom *atom)
{
	const struct group *group = &compiler->groups.items[atom->subject];
	const enum left_reason withheld = group->withheld[direction_of(atom)];

	if (withheld != LEFT_NONE)
		return withheld;
	return atom->left == LEFT_NONE && !group->seen ? LEFT_NO_POLICY : atom->left;
}

static int find_masked(struct compiler *compiler, const struct atom *atom)
{
	if (compiler->request.exact || !source_nat_is_masked(atom))
		return 0;
	return atoms_add(&compiler->masked, atom);
}

/* What other records tell the policies of shares their fate. */
static int settle_elsewhere(struct compiler *compiler)
{
	struct atoms_search search = {.atoms = &compiler->atoms};
	int r = 0;

	for (size_t i = 0; i < compiler->elsewhere.count && r == 0; i++) {
		const struct atom *atom = &compiler->elsewhere.items[i];
		const struct atom *found = atoms_find_next(&search, atom);

		if (found && found->left == LEFT_NONE)
			r = find_masked(compiler, atom);
		tally_mark(&compiler->tally, atom->edge, direction_of(atom),
			   found ? found->left : fate_of(compiler, atom));
	}
	atoms_clear(&compiler->elsewhere);
	return r;
}

static void find_seen(struct compiler *compiler)
{
	for (size_t i = 0; i < compiler->atoms.count; i++) {
		const struct atom *atom = &compiler->atoms.items[i];

		if (atom->edge && atom->left == LEFT_NONE && !is_of_held(compiler, atom))
			compiler->groups.items[atom->subject].seen = true;
	}
}

/* From here on an atom is in a rule. */
static int settle(struct compiler *compiler)
{
	int r = 0;

	for (size_t i = 0; i < compiler->atoms.count && r == 0; i++) {
		struct atom *atom = &compiler->atoms.items[i];

		atom->left = fate_of(compiler, atom);
		if (atom->edge)
			tally_mark(&compiler->tally, atom->edge, direction_of(atom), atom->left);
		if (atom->left == LEFT_NONE)
			r = find_masked(compiler, atom);
	}
	if (r == 0)
		r = settle_elsewhere(compiler);
	atoms_sort(&compiler->masked);
	atoms_drop_left(&compiler->atoms);
	return r;
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

static int tidy_ports(const struct compiler *compiler, const struct group *group,
		      enum direction direction, struct policy *policy)
{
	struct policy_rule *rules = policy->rules[direction];
	const size_t count = policy->rule_count[direction];
	struct buf subject = {0};
	int r;

	if (!compiler->request.exact)
		port_ranges_make(rules, count, compiler->request.range_threshold);
	buf_printf(&subject, "%s in %s", group->subject, group->namespace);
	r = subject.error;
	if (r == 0)
		port_ranges_report(rules, count, direction, subject.data, compiler->problems);
	buf_clear(&subject);
	return r;
}

static int say_withheld(const struct compiler *compiler, const struct group *group,
			enum direction direction, struct policy *policy)
{
	if (group->withheld[direction] == LEFT_NONE || !compiler->request.directions[direction])
		return 0;
	return withheld_text(group, direction, &compiler->request, &policy->withheld[direction]);
}

static int make_direction(struct compiler *compiler, const struct group *group,
			  enum direction direction, const struct atom *atoms, size_t count,
			  struct policy *policy)
{
	int r;

	policy->isolates[direction] = group->withheld[direction] == LEFT_NONE;
	r = say_withheld(compiler, group, direction, policy);
	if (r < 0)
		return r;
	if (group->partial && compiler->request.directions[direction]) {
		policy->partial[direction] = strdup(group->partial);
		if (!policy->partial[direction])
			return -ENOMEM;
	}
	r = make_rules(compiler, atoms, count, &policy->rules[direction],
		       &policy->rule_count[direction]);
	if (r == 0)
		r = tidy_ports(compiler, group, direction, policy);
	return r;
}

static int policy_init(struct compiler *compiler, const struct subject *subject,
		       struct policy *policy)
{
	struct group *group = &compiler->groups.items[subject->group];
	size_t ingress = 0, egress;
	int r;

	group->used = true;
	while (ingress < subject->count && !subject->atoms[ingress].egress)
		ingress++;
	policy->workload = &compiler->graph->workloads[group->first];
	policy->selector = *group->selector;
	policy->readiness = group->readiness;
	policy->least_ready = group->least_ready;
	policy->namespace = strdup(group->namespace);
	policy->subject = strdup(group->subject);
	policy->name = strdup(subject->name);
	if (!policy->namespace || !policy->subject || !policy->name)
		return -ENOMEM;
	r = make_direction(compiler, group, DIRECTION_INGRESS, subject->atoms, ingress, policy);
	if (r < 0)
		return r;
	egress = subject->count - ingress;
	return make_direction(compiler, group, DIRECTION_EGRESS,
			      egress > 0 ? &subject->atoms[ingress] : NULL, egress, policy);
}

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

/* ---- whom the policies isolate ---- */

static uint8_t open_to(const struct group *group)
{
	uint8_t bits = 0;

	for (int d = 0; d < DIRECTIONS; d++)
		if (group->given && group->withheld[d] == LEFT_NONE)
			bits |= (uint8_t)(1u << d);
	return bits;
}

static void isolate_namespace(const struct compiler *compiler, const char *namespace,
			      uint8_t *isolated)
{
	const struct graph *graph = compiler->graph;
	bool directions[DIRECTIONS];

	default_deny_directions(&compiler->groups, namespace, compiler->request.directions,
				directions);
	for (size_t i = find_pods(graph, namespace);
	     i < graph->pod_count && strcmp(graph->pods[i].namespace, namespace) == 0; i++)
		for (int d = 0; d < DIRECTIONS; d++)
			if (directions[d] && !graph->pods[i].host_network)
				isolated[i] |= (uint8_t)(1u << d);
}

/* One a pod: 1 << direction. NULL: there is no room. */
static uint8_t *find_isolated(const struct compiler *compiler)
{
	const struct groups *groups = &compiler->groups;
	uint8_t *isolated = calloc(compiler->graph->pod_count + 1, sizeof(*isolated));

	if (!isolated)
		return NULL;
	for (size_t i = 0; i < compiler->graph->pod_count; i++) {
		const size_t own = pick_own(compiler->graph, groups, i);

		if (own != GROUP_NONE)
			isolated[i] = open_to(&groups->items[own]);
	}
	for (size_t i = 0; i < groups->pick_count; i++)
		isolated[groups->picks[i].pod] |= open_to(&groups->items[groups->picks[i].picker]);
	for (size_t i = 0; i < compiler->subject_count; i++)
		if (compiler->subjects[i].group == GROUP_NONE)
			isolate_namespace(compiler, compiler->subjects[i].namespace, isolated);
	return isolated;
}

static int summarize(struct compiler *compiler)
{
	uint8_t *isolated = find_isolated(compiler);

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
		find_seen(compiler);
	return r;
}

static int collect_atoms(struct compiler *compiler)
{
	int r = add_edges(compiler);

	if (r == 0)
		r = add_resolvers(compiler);
	if (r == 0)
		r = choose_atoms(compiler);
	if (r < 0 || !picks_hold(compiler->graph, &compiler->groups))
		return r;
	r = add_held_edges(compiler);
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
		r = choose_directions(compiler);
	if (r == 0)
		r = collect_atoms(compiler);
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
			r = policy_init(compiler, subject, ret);
		if (r < 0)
			policy_clear(ret);
		return r < 0 ? r : 1;
	}
	if (compiler->reported)
		return 0;
	compiler->reported = true;
	return report(compiler);
}

/* ---- what could not be printed ---- */

void compiler_refuse(struct compiler *compiler)
{
	compiler->subjects[compiler->next - 1].refused = true;
}

/* Of each edge: is it in a rule of a policy that was printed, and of one that was not? */
enum { IN_PRINTED = 1, IN_REFUSED = 2 };

static void mark_rules(const struct compiler *compiler, const struct subject *subject,
		       uint8_t *marks)
{
	for (size_t i = 0; i < subject->count; i++) {
		const struct graph_edge *edge = subject->atoms[i].edge;

		if (edge)
			marks[edge - compiler->graph->edges] |=
			    subject->refused ? IN_REFUSED : IN_PRINTED;
	}
}

int compiler_refused(const struct compiler *compiler, struct policy_refused *ret)
{
	const struct graph *graph = compiler->graph;
	uint8_t *marks = calloc(graph->edge_count + 1, 1);

	*ret = (struct policy_refused){0};
	if (!marks)
		return -ENOMEM;
	for (size_t i = 0; i < compiler->subject_count; i++) {
		const struct subject *subject = &compiler->subjects[i];

		if (subject->group == GROUP_NONE)
			continue;
		ret->given++;
		ret->policies += subject->refused;
		mark_rules(compiler, subject, marks);
	}
	for (size_t i = 0; i < graph->edge_count; i++) {
		const int64_t connections = graph->edges[i].edge.totals.connections;

		if (marks[i] != IN_REFUSED || !tally_is_used(&compiler->tally, &graph->edges[i]))
			continue;
		ret->edges++;
		ret->connections += connections > 0 ? connections : 0;
	}
	free(marks);
	return 0;
}
