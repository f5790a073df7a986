#include "tests/unit/policy/naive.h"

#include <netinet/in.h>
#include <string.h>

/* ---- labels ---- */

static const char *value_of(const struct labels *labels, const char *key)
{
	for (size_t i = 0; i < labels->count; i++)
		if (strcmp(labels->items[i].key, key) == 0)
			return labels->items[i].value;
	return NULL;
}

static bool lists(const struct requirement *requirement, const char *value)
{
	for (size_t i = 0; i < requirement->value_count; i++)
		if (strcmp(requirement->values[i], value) == 0)
			return true;
	return false;
}

/* value NULL: there is no such label. */
static bool is_met(const struct requirement *requirement, const char *value)
{
	switch (requirement->operator) {
	case REQUIREMENT_IN:
		return value && lists(requirement, value);
	case REQUIREMENT_NOT_IN:
		return !value || !lists(requirement, value);
	case REQUIREMENT_EXISTS:
		return value;
	case REQUIREMENT_DOES_NOT_EXIST:
		return !value;
	}
	return false;
}

static bool selects_pod(const struct label_selector *selector, const struct scene_pod *pod)
{
	for (size_t i = 0; i < selector->count; i++)
		if (!is_met(&selector->items[i], value_of(pod->labels, selector->items[i].key)))
			return false;
	return true;
}

static bool selects_namespace(const struct label_selector *selector,
			      const struct scene_namespace *namespace)
{
	for (size_t i = 0; i < selector->count; i++) {
		const char *key = selector->items[i].key;
		const char *value = value_of(namespace->labels, key);

		if (strcmp(key, "kubernetes.io/metadata.name") == 0)
			value = namespace->name;
		if (!is_met(&selector->items[i], value))
			return false;
	}
	return true;
}

/* ---- blocks ---- */

static bool bit(struct addr address, unsigned number)
{
	return address.bytes[number / 8] & 0x80 >> number % 8;
}

static bool prefix_has(struct prefix prefix, struct addr address)
{
	if (prefix.addr.family != address.family)
		return false;
	for (unsigned i = 0; i < prefix.length; i++)
		if (bit(prefix.addr, i) != bit(address, i))
			return false;
	return true;
}

bool naive_block_has(const struct netpol_peer *peer, struct addr address)
{
	if (!prefix_has(peer->block, address))
		return false;
	for (size_t i = 0; i < peer->except_count; i++)
		if (prefix_has(peer->except[i], address))
			return false;
	return true;
}

/* ---- peers ---- */

static bool names_pod(const struct naive_world *world, const struct netpol *policy,
		      const struct netpol_peer *peer, const struct scene_pod *pod)
{
	const struct scene_namespace *namespace = &world->scene->namespaces[pod->namespace];

	if (peer->has_namespaces && !selects_namespace(&peer->namespaces, namespace))
		return false;
	if (!peer->has_namespaces && strcmp(namespace->name, policy->namespace) != 0)
		return false;
	return !peer->has_pods || selects_pod(&peer->pods, pod);
}

static bool names_end(const struct naive_world *world, const struct netpol *policy,
		      const struct netpol_peer *peer, const struct naive_end *end)
{
	if (peer->has_block)
		return (!end->pod || world->ipblock_pods) && naive_block_has(peer, end->address);
	return end->pod && names_pod(world, policy, peer, end->pod);
}

static bool rule_names(const struct naive_world *world, const struct netpol *policy,
		       const struct netpol_rule *rule, const struct naive_end *end)
{
	if (rule->peer_count == 0)
		return true;
	for (size_t i = 0; i < rule->peer_count; i++)
		if (names_end(world, policy, &rule->peers[i], end))
			return true;
	return false;
}

/* ---- ports ---- */

static bool pod_names(const struct scene_pod *pod, const char *name, uint8_t protocol,
		      uint16_t port)
{
	for (size_t i = 0; i < pod->port_count; i++)
		if (strcmp(pod->ports[i].name, name) == 0 && pod->ports[i].protocol == protocol &&
		    pod->ports[i].port == port)
			return true;
	return false;
}

static bool rule_has_port(const struct netpol_rule *rule, const struct naive_connection *connection)
{
	if (rule->port_count == 0)
		return true;
	for (size_t i = 0; i < rule->port_count; i++) {
		const struct netpol_port *port = &rule->ports[i];

		if (port->protocol != connection->protocol)
			continue;
		if (!port->name && port->first <= connection->port &&
		    connection->port <= port->last)
			return true;
		if (port->name && connection->to.pod &&
		    pod_names(connection->to.pod, port->name, port->protocol, connection->port))
			return true;
	}
	return false;
}

/* ---- one side ---- */

static const struct naive_end *own_end(const struct naive_connection *connection,
				       enum direction direction)
{
	return direction == DIRECTION_EGRESS ? &connection->from : &connection->to;
}

static const struct naive_end *other_end(const struct naive_connection *connection,
					 enum direction direction)
{
	return direction == DIRECTION_EGRESS ? &connection->to : &connection->seen_as;
}

bool naive_is_exempt(const struct naive_connection *connection, enum direction direction)
{
	const struct naive_end *own = own_end(connection, direction);
	const struct naive_end *other = other_end(connection, direction);

	if (!own->pod || own->pod == other->pod || connection->from.pod == connection->to.pod)
		return true;
	return !other->pod && other->node != SCENE_NONE && other->node == own->node;
}

bool naive_isolates(const struct naive_world *world, const struct naive_connection *connection,
		    enum direction direction, const struct netpol *policy)
{
	const struct scene_pod *pod = own_end(connection, direction)->pod;

	if (!policy->isolates[direction])
		return false;
	if (strcmp(policy->namespace, world->scene->namespaces[pod->namespace].name) != 0)
		return false;
	return selects_pod(&policy->pods, pod);
}

bool naive_rule_allows(const struct naive_world *world, const struct naive_connection *connection,
		       enum direction direction, const struct netpol *policy,
		       const struct netpol_rule *rule)
{
	return rule_names(world, policy, rule, other_end(connection, direction)) &&
	       rule_has_port(rule, connection);
}

static bool has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
}

enum answer naive_side(const struct naive_world *world, const struct naive_connection *connection,
		       enum direction direction)
{
	bool isolated = false;

	if (naive_is_exempt(connection, direction))
		return ANSWER_ALLOWED;
	for (size_t i = 0; i < world->policy_count; i++) {
		const struct netpol *policy = &world->policies[i];

		if (!naive_isolates(world, connection, direction, policy))
			continue;
		isolated = true;
		for (size_t j = 0; j < policy->rule_count[direction]; j++)
			if (naive_rule_allows(world, connection, direction, policy,
					      &policy->rules[direction][j]))
				return ANSWER_ALLOWED;
	}
	if (!isolated)
		return ANSWER_ALLOWED;
	return has_ports(connection->protocol) ? ANSWER_DENIED : ANSWER_UNDEFINED;
}

enum answer naive_answer(const struct naive_world *world, const struct naive_connection *connection)
{
	const enum answer egress = naive_side(world, connection, DIRECTION_EGRESS);
	const enum answer ingress = naive_side(world, connection, DIRECTION_INGRESS);

	return egress == ANSWER_ALLOWED ? ingress : egress;
}
