#include "policy/pick.h"

#include <string.h>

/* Is the pod in that namespace? */
static enum match match_own(const struct scene *scene, const struct scene_pod *pod,
			    const char *namespace)
{
	if (pod->namespace == SCENE_NONE)
		return MATCH_MAYBE;
	return strcmp(scene->namespaces[pod->namespace].name, namespace) == 0 ? MATCH_YES
									      : MATCH_NO;
}

static enum match pick_pod(const struct scene *scene, const struct netpol *policy,
			   const struct netpol_peer *peer, const struct scene_pod *pod)
{
	enum match match;

	if (!peer->has_namespaces)
		match = match_own(scene, pod, policy->namespace);
	else if (pod->namespace == SCENE_NONE)
		match = label_selector_match(&peer->namespaces, NULL);
	else
		match =
		    scene_match_namespace(&peer->namespaces, &scene->namespaces[pod->namespace]);
	if (match == MATCH_NO || !peer->has_pods)
		return match;
	return match_worse(
	    match, label_selector_match_partly(&peer->pods, pod->labels, pod->unknown_labels));
}

static struct addr last_of(struct prefix prefix)
{
	struct addr last = prefix.addr;

	for (size_t i = prefix.length; i < 8 * addr_length(last); i++)
		last.bytes[i / 8] |= (uint8_t)(0x80u >> i % 8);
	return last;
}

static bool overlaps(struct prefix prefix, const struct addr_range *range)
{
	return prefix.addr.family == range->first.family &&
	       addr_compare(prefix.addr, range->last) <= 0 &&
	       addr_compare(last_of(prefix), range->first) >= 0;
}

static bool holds(struct prefix prefix, const struct addr_range *range)
{
	return prefix_contains(prefix, range->first) && prefix_contains(prefix, range->last);
}

static enum match pick_range(const struct netpol_peer *peer, const struct addr_range *range)
{
	enum match match = holds(peer->block, range) ? MATCH_YES : MATCH_MAYBE;

	if (!addr_is_set(range->first))
		return MATCH_MAYBE;
	if (!overlaps(peer->block, range))
		return MATCH_NO;
	for (size_t i = 0; i < peer->except_count; i++) {
		if (holds(peer->except[i], range))
			return MATCH_NO;
		if (overlaps(peer->except[i], range))
			match = MATCH_MAYBE;
	}
	return match;
}

static enum match pick_addresses(const struct netpol_peer *peer, const struct scene_pod *pod)
{
	enum match best = pod->address_count > 0 ? MATCH_NO : MATCH_MAYBE;

	for (size_t i = 0; i < pod->address_count; i++) {
		const struct addr_range one = {pod->addresses[i], pod->addresses[i]};
		enum match match = pick_range(peer, &one);

		best = match > best ? match : best;
	}
	return best;
}

enum match pick_peer(const struct scene *scene, struct evaluator_options options,
		     const struct netpol *policy, const struct netpol_peer *peer,
		     const struct party *party)
{
	const struct scene_pod *pod = party->kind == PARTY_POD ? &scene->pods[party->index] : NULL;

	if (!pod || pod->on_node)
		return peer->has_block ? pick_range(peer, &party->range) : MATCH_NO;
	if (!peer->has_block)
		return pick_pod(scene, policy, peer, pod);
	return options.ipblock_pods ? pick_addresses(peer, pod) : MATCH_NO;
}

enum match pick_port(const struct scene *scene, const struct netpol_port *port,
		     const struct party *destination, uint8_t protocol, uint16_t number)
{
	const struct scene_pod *pod;

	if (port->protocol != protocol || number == 0)
		return MATCH_NO;
	if (!port->name)
		return port->first <= number && number <= port->last ? MATCH_YES : MATCH_NO;
	if (destination->kind != PARTY_POD || scene->pods[destination->index].on_node)
		return MATCH_NO;
	pod = &scene->pods[destination->index];
	for (size_t i = 0; i < pod->port_count; i++)
		if (pod->ports[i].protocol == protocol && pod->ports[i].port == number &&
		    strcmp(pod->ports[i].name, port->name) == 0)
			return MATCH_YES;
	return pod->ports_known ? MATCH_NO : MATCH_MAYBE;
}
