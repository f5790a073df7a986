#include "policy/policy_make.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/partial.h"
#include "policy/peers.h"
#include "policy/port_ranges.h"

/* ---- atoms to rules ---- */

static size_t count_peers(const struct atom *atoms, size_t count)
{
	size_t peers = count > 0;

	for (size_t i = 1; i < count; i++)
		peers += !atom_same_peer(&atoms[i - 1], &atoms[i]);
	return peers;
}

/* Room for the permits of one policy, and the next's. */
static int reserve(struct scratch *scratch, size_t atoms, size_t peers)
{
	if (atoms > scratch->port_room) {
		free(scratch->ports);
		scratch->ports = reallocarray(NULL, atoms, sizeof(*scratch->ports));
		scratch->port_room = scratch->ports ? atoms : 0;
	}
	if (peers > scratch->permit_room) {
		free(scratch->permits);
		scratch->permits = reallocarray(NULL, peers, sizeof(*scratch->permits));
		scratch->permit_room = scratch->permits ? peers : 0;
	}
	return atoms <= scratch->port_room && peers <= scratch->permit_room ? 0 : -ENOMEM;
}

/* All atoms of one subject and direction. */
static int make_rules(struct compiler *compiler, const struct atom *atoms, size_t count,
		      struct policy_rule **ret_rules, size_t *ret_count)
{
	struct scratch *scratch = &compiler->scratch;
	size_t permits = 0;
	int r = reserve(scratch, count, count_peers(atoms, count));

	for (size_t i = 0, end; i < count && r == 0; i = end) {
		for (end = i + 1; end < count && atom_same_peer(&atoms[i], &atoms[end]); end++)
			;
		r = permit_init(&compiler->basis, atoms + i, end - i, scratch->ports + i,
				&scratch->text, &scratch->permits[permits++]);
	}
	if (r == 0)
		r = permits_reduce(scratch->permits, permits, ret_rules, ret_count);
	permits_clear(scratch->permits, permits);
	return r;
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

int policy_make(struct compiler *compiler, const struct subject *subject, struct policy *policy)
{
	struct group *group = &compiler->groups.items[subject->group];
	size_t ingress = 0, egress;
	int r;

	group->used = true;
	while (ingress < subject->count && !subject->atoms[ingress].egress)
		ingress++;
	policy->workload = &compiler->graph->workloads[group->first];
	policy->shared = group->shared;
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
