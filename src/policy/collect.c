#include "policy/collect.h"

#include <errno.h>

#include "policy/admit.h"
#include "policy/endpoints.h"
#include "policy/peers.h"
#include "policy/picks.h"

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

bool collect_is_of_held(const struct compiler *compiler, const struct atom *atom)
{
	return is_held(compiler, atom->egress ? atom->edge->from : atom->edge->to);
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

	for (size_t i = 0; i < count; i++) {
		struct atom *atom = atoms_push(atoms, start);
		enum left_reason reason;

		if (!atom)
			return -ENOMEM;
		reason = peer_init(&compiler->basis, peers[i], atom);
		if (reason == LEFT_NONE)
			named++;
		else
			atoms->count--;
		if (i == 0)
			left = reason;
	}
	if (named == 0)
		leave_side(compiler, side, start->subject, peers[0], left);
	return 0;
}

static int add_atoms(struct compiler *compiler, const struct side *side, size_t subject)
{
	const struct graph_edge *edge = side->edge;
	const struct atom atom = {.subject = subject,
				  .egress = side->direction == DIRECTION_EGRESS,
				  .edge = edge,
				  .wider = side->admission.included ? WIDER_INCLUDED : 0,
				  .port = edge->edge.key.port,
				  .protocol = edge->edge.key.protocol};

	if (side->admission.left == LEFT_NONE)
		return add_peers(compiler, side, &atom);
	if (side->admission.left == LEFT_ITSELF && !compiler->request.exact && is_told(side) &&
	    endpoints_add_itself(&atom, compiler->request.service_ports, &compiler->atoms) < 0)
		return -ENOMEM;
	leave_side(compiler, side, subject, NULL, side->admission.left);
	return 0;
}

static int add_side(struct compiler *compiler, const struct side *side)
{
	const struct graph_edge *edge = side->edge;
	const struct end *end = side->direction == DIRECTION_EGRESS ? edge->from : edge->to;
	size_t subject;

	/* Who asked behind another node's address is told by those that do not count, too. */
	if (!is_told(side) && edge->standing != STANDING_COUNTS && !edge->translated)
		return 0;
	if (side->admission.left != LEFT_NONE)
		tally_mark(&compiler->tally, edge, side->direction, side->admission.left);
	subject = subject_of(compiler, end, side->direction);
	return subject == GROUP_NONE ? 0 : add_atoms(compiler, side, subject);
}

/* held: only those of pods that policies isolate without being meant for them. */
static int add_sides(struct compiler *compiler, const struct graph_edge *edge, bool held)
{
	struct side side = {.edge = edge, .admission = admit_edge(edge, compiler->request.include)};
	int r = 0;

	for (enum direction d = 0; d < DIRECTIONS && r == 0; d++) {
		side.direction = d;
		if (!held || is_held(compiler, d == DIRECTION_EGRESS ? edge->from : edge->to))
			r = add_side(compiler, &side);
	}
	return r;
}

int collect_edges(struct compiler *compiler)
{
	const struct graph *graph = compiler->graph;
	int r = 0;

	for (size_t i = 0; i < graph->edge_count && r == 0; i++) {
		const struct graph_edge *edge = &graph->edges[i];

		if (edge->standing == STANDING_COUNTS &&
		    (is_wanted(compiler, edge->from) || is_wanted(compiler, edge->to)))
			tally_expect(&compiler->tally, edge);
		r = add_sides(compiler, edge, false);
	}
	return r;
}

int collect_held_edges(struct compiler *compiler)
{
	const struct graph *graph = compiler->graph;
	int r = 0;

	for (size_t i = 0; i < graph->edge_count && r == 0; i++)
		r = add_sides(compiler, &graph->edges[i], true);
	return r;
}

int collect_resolvers(struct compiler *compiler)
{
	int r = 0;

	for (size_t i = 0; i < compiler->groups.count && r == 0; i++)
		if (group_is_subject(&compiler->groups.items[i]))
			r = peer_add_resolvers(&compiler->basis, i, &compiler->atoms);
	return r;
}
