#include "tests/unit/policy/cluster.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define METADATA_NAME "kubernetes.io/metadata.name"

#define ENTRIES(array) (sizeof(array) / sizeof((array)[0]))

/* Selectors hold what they may free: these are never written to. */
static char app[] = "app", tier[] = "tier", a[] = "a", b[] = "b", metadata_name[] = METADATA_NAME;
static char default_[] = "default", east[] = "east", kube[] = "kube-system", north[] = "north",
	    south[] = "south", west[] = "west";
static char api[] = "api", dns[] = "dns", web[] = "web";
static char policy_name[] = "policy";
static char *const namespace_names[CLUSTER_NAMES] = {default_, east, kube, north, south, west};
static char *const port_names[CLUSTER_PORT_NAMES] = {api, dns, web};
static const char *const node_names[CLUSTER_NODES] = {"n0", "n1", "n2"};
static char *const values[] = {a, b};

static struct label app_a[] = {{app, a}}, app_b[] = {{app, b}}, tier_a[] = {{tier, a}},
		    tier_b[] = {{tier, b}}, app_a_tier_a[] = {{app, a}, {tier, a}},
		    app_a_tier_b[] = {{app, a}, {tier, b}}, app_b_tier_a[] = {{app, b}, {tier, a}},
		    app_b_tier_b[] = {{app, b}, {tier, b}};
static const struct labels label_sets[CLUSTER_LABEL_SETS] = {
    {0},
    {app_a, 1},
    {app_b, 1},
    {tier_a, 1},
    {tier_b, 1},
    {app_a_tier_a, 2},
    {app_a_tier_b, 2},
    {app_b_tier_a, 2},
    {app_b_tier_b, 2},
};

static const uint16_t numbers[] = {1, 53, 80, 81, 443, 8080, 32768, 65534, 65535};

static const char *const places[] = {
    "10.0.0.0",    "10.0.0.7",
    "10.0.0.8",    "10.1.255.255",
    "0.0.0.0",     "255.255.255.255",
    "192.0.2.128", "127.255.255.255",
    "2001:db8::1", "2001:db8:0:1::",
    "fd00::a",     "::",
    "fe80::1",     "2001:db8:ffff::ffff",
    "8000::",      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
};

/* ---- dice ---- */

uint64_t cluster_roll(struct cluster *cluster, uint64_t sides)
{
	cluster->random ^= cluster->random << 13;
	cluster->random ^= cluster->random >> 7;
	cluster->random ^= cluster->random << 17;
	return (cluster->random >> 20) % sides;
}

static size_t roll(struct cluster *cluster, size_t sides)
{
	return (size_t)cluster_roll(cluster, sides);
}

static bool is_rolled(struct cluster *cluster, size_t percent)
{
	return roll(cluster, 100) < percent;
}

static bool is_unknown(struct cluster *cluster)
{
	return cluster->has_unknowns && is_rolled(cluster, 25);
}

static void count(struct cluster *cluster, enum feature feature, bool has_it)
{
	cluster->features[feature] += has_it;
}

/* ---- addresses ---- */

static struct addr roll_address(struct cluster *cluster)
{
	struct addr address;

	if (addr_parse(places[roll(cluster, ENTRIES(places))], &address))
		return (struct addr){0};
	if (is_rolled(cluster, 30))
		address.bytes[addr_length(address) - 1] ^= (uint8_t)roll(cluster, 256);
	if (is_rolled(cluster, 10))
		address.bytes[0] = (uint8_t)roll(cluster, 256);
	return address;
}

static struct prefix roll_prefix(struct cluster *cluster)
{
	const struct addr address = roll_address(cluster);
	const size_t bits = addr_length(address) * 8;
	size_t length = roll(cluster, bits + 1);

	if (is_rolled(cluster, 40))
		length = length / 8 * 8;
	if (is_rolled(cluster, 20))
		length = is_rolled(cluster, 50) ? 0 : bits;
	return prefix_around(address, (uint8_t)length);
}

static struct prefix roll_except(struct cluster *cluster, struct prefix block)
{
	const size_t bits = addr_length(block.addr) * 8;
	const size_t length = block.length + 1 + roll(cluster, bits - block.length);
	struct addr address = block.addr;

	for (size_t i = block.length; i < bits; i++)
		if (is_rolled(cluster, 30))
			address.bytes[i / 8] |= (uint8_t)(0x80 >> i % 8);
	return prefix_around(address, (uint8_t)length);
}

static bool step(struct addr *address)
{
	for (size_t i = addr_length(*address); i > 0; i--)
		if (++address->bytes[i - 1] != 0)
			return true;
	return false;
}

static struct addr last_of(struct prefix prefix)
{
	for (size_t i = prefix.length; i < addr_length(prefix.addr) * 8; i++)
		prefix.addr.bytes[i / 8] |= (uint8_t)(0x80 >> i % 8);
	return prefix.addr;
}

static void add_cell(struct cluster *cluster, struct addr address)
{
	for (size_t i = 0; i < cluster->cell_count; i++)
		if (addr_equal(cluster->cells[i], address))
			return;
	assert(cluster->cell_count < CLUSTER_CELLS);
	cluster->cells[cluster->cell_count++] = address;
}

static void add_cells(struct cluster *cluster, struct prefix prefix)
{
	struct addr after = last_of(prefix);

	add_cell(cluster, prefix.addr);
	if (step(&after))
		add_cell(cluster, after);
}

/* ---- selectors ---- */

static size_t roll_values(struct cluster *cluster, struct requirement *requirement)
{
	const bool is_name = requirement->key == metadata_name;
	char *const *from = is_name ? namespace_names : values;
	const size_t choices = is_name ? ENTRIES(namespace_names) : ENTRIES(values);

	requirement->values = &cluster->values[cluster->value_count];
	for (size_t i = roll(cluster, choices); i < choices && requirement->value_count < 3; i++)
		requirement->values[requirement->value_count++] = from[i];
	cluster->value_count += requirement->value_count;
	assert(cluster->value_count <= ENTRIES(cluster->values));
	return requirement->value_count;
}

static struct requirement roll_requirement(struct cluster *cluster, bool of_namespace)
{
	static const enum requirement_operator operators[] = {
	    REQUIREMENT_IN,     REQUIREMENT_IN,     REQUIREMENT_IN,
	    REQUIREMENT_NOT_IN, REQUIREMENT_EXISTS, REQUIREMENT_DOES_NOT_EXIST};
	struct requirement ret = {.key = is_rolled(cluster, 60) ? app : tier,
				  .operator= operators[roll(cluster, ENTRIES(operators))] };

	if (of_namespace && is_rolled(cluster, 35))
		ret.key = metadata_name;
	if (ret.operator== REQUIREMENT_IN || ret.operator== REQUIREMENT_NOT_IN)
		roll_values(cluster, &ret);
	count(cluster, FEATURE_SELECTOR_BY_NAMESPACE_NAME, ret.key == metadata_name);
	count(cluster, FEATURE_SELECTOR_IN, ret.operator== REQUIREMENT_IN);
	count(cluster, FEATURE_SELECTOR_NOT_IN, ret.operator== REQUIREMENT_NOT_IN);
	count(cluster, FEATURE_SELECTOR_EXISTS, ret.operator== REQUIREMENT_EXISTS);
	count(cluster, FEATURE_SELECTOR_DOES_NOT_EXIST, ret.operator== REQUIREMENT_DOES_NOT_EXIST);
	return ret;
}

static struct label_selector roll_selector(struct cluster *cluster, bool of_namespace)
{
	struct label_selector ret = {.items = &cluster->requirements[cluster->requirement_count]};
	const size_t wanted = (size_t)is_rolled(cluster, 60) + (size_t)is_rolled(cluster, 20);

	for (; ret.count < wanted; ret.count++)
		ret.items[ret.count] = roll_requirement(cluster, of_namespace);
	cluster->requirement_count += wanted;
	assert(cluster->requirement_count + CLUSTER_REQUIREMENTS <= ENTRIES(cluster->requirements));
	count(cluster, FEATURE_SELECTOR_EMPTY, wanted == 0);
	count(cluster, FEATURE_SELECTOR_OF_TWO, wanted == 2);
	return ret;
}

/* ---- rules ---- */

static void roll_block(struct cluster *cluster, struct netpol_peer *peer)
{
	const size_t bits = addr_length((peer->block = roll_prefix(cluster)).addr) * 8;
	const size_t wanted = peer->block.length < bits ? roll(cluster, CLUSTER_EXCEPTS + 1) : 0;

	peer->has_block = true;
	peer->except = cluster->excepts[cluster->block_count++];
	add_cells(cluster, peer->block);
	for (; peer->except_count < wanted; peer->except_count++) {
		struct prefix within = peer->block;

		if (peer->except_count > 0 && peer->except[0].length < bits &&
		    is_rolled(cluster, 50)) {
			within = peer->except[0];
			count(cluster, FEATURE_PEER_EXCEPT_NESTED, true);
		}
		peer->except[peer->except_count] = roll_except(cluster, within);
		add_cells(cluster, peer->except[peer->except_count]);
	}
	count(cluster, FEATURE_PEER_BLOCK_IPV4, bits == 32);
	count(cluster, FEATURE_PEER_BLOCK_IPV6, bits == 128);
	count(cluster, FEATURE_PEER_BLOCK_OF_ALL, peer->block.length == 0);
	count(cluster, FEATURE_PEER_BLOCK_OF_ONE, peer->block.length == bits);
	count(cluster, FEATURE_PEER_EXCEPT, wanted > 0);
}

static void roll_peer(struct cluster *cluster, struct netpol_peer *peer)
{
	const size_t kind = roll(cluster, cluster->block_count < CLUSTER_BLOCKS ? 4 : 3);

	*peer = (struct netpol_peer){.has_pods = kind == 0 || kind == 2,
				     .has_namespaces = kind == 1 || kind == 2};
	if (peer->has_pods)
		peer->pods = roll_selector(cluster, false);
	if (peer->has_namespaces)
		peer->namespaces = roll_selector(cluster, true);
	if (kind == 3)
		roll_block(cluster, peer);
	count(cluster, FEATURE_PEER_PODS, kind == 0);
	count(cluster, FEATURE_PEER_NAMESPACES, kind == 1);
	count(cluster, FEATURE_PEER_PODS_OF_NAMESPACES, kind == 2);
}

static uint8_t roll_protocol(struct cluster *cluster)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP};

	return protocols[roll(cluster, ENTRIES(protocols))];
}

static uint16_t roll_number(struct cluster *cluster)
{
	return numbers[roll(cluster, ENTRIES(numbers))];
}

static void roll_port(struct cluster *cluster, struct netpol_port *port)
{
	const size_t kind = roll(cluster, 10);

	*port = (struct netpol_port){.protocol = roll_protocol(cluster)};
	if (kind == 0) {
		port->first = 1;
		port->last = UINT16_MAX;
	} else if (kind < 4) {
		port->name = port_names[roll(cluster, CLUSTER_PORT_NAMES)];
	} else {
		port->first = port->last = roll_number(cluster);
		if (kind < 7)
			port->last = roll_number(cluster);
		if (port->last < port->first)
			port->last = port->first;
	}
	count(cluster, FEATURE_PORT_OF_PROTOCOL, kind == 0);
	count(cluster, FEATURE_PORT_NAMED, port->name);
	count(cluster, FEATURE_PORT_RANGE, kind > 0 && port->first != port->last);
	count(cluster, FEATURE_PORT_NUMBER, !port->name && port->first == port->last);
	count(cluster, FEATURE_PORT_SCTP, port->protocol == IPPROTO_SCTP);
}

static void roll_rule(struct cluster *cluster, struct netpol_rule *rule, struct netpol_peer *peers,
		      struct netpol_port *ports)
{
	*rule = (struct netpol_rule){.peers = peers,
				     .ports = ports,
				     .peer_count = 1 + roll(cluster, CLUSTER_PEERS),
				     .port_count = 1 + roll(cluster, CLUSTER_PORTS)};
	if (is_rolled(cluster, 8))
		rule->peer_count = 0;
	if (is_rolled(cluster, 20))
		rule->port_count = 0;
	for (size_t i = 0; i < rule->peer_count; i++)
		roll_peer(cluster, &peers[i]);
	for (size_t i = 0; i < rule->port_count; i++)
		roll_port(cluster, &ports[i]);
	count(cluster, FEATURE_PEERS_ABSENT, rule->peer_count == 0);
	count(cluster, FEATURE_PORTS_ABSENT, rule->port_count == 0);
}

static void roll_rules(struct cluster *cluster, struct netpol *policy, size_t index,
		       enum direction direction)
{
	struct netpol_rule *rules = cluster->rules[index][direction];

	policy->rules[direction] = rules;
	policy->rule_count[direction] = roll(cluster, CLUSTER_RULES + 1);
	for (size_t i = 0; i < policy->rule_count[direction]; i++)
		roll_rule(cluster, &rules[i], cluster->peers[index][direction][i],
			  cluster->ports[index][direction][i]);
	count(cluster, FEATURE_NO_RULES,
	      policy->isolates[direction] && policy->rule_count[direction] == 0);
	count(cluster, FEATURE_VOID_RULES,
	      !policy->isolates[direction] && policy->rule_count[direction] > 0);
}

static bool has_namespace(const struct cluster *cluster, const char *name)
{
	for (size_t i = 0; i < cluster->scene.namespace_count; i++)
		if (strcmp(cluster->namespaces[i].name, name) == 0)
			return true;
	return false;
}

static void roll_policy(struct cluster *cluster, size_t index, size_t namespace)
{
	struct netpol *policy = &cluster->policies[index];
	const size_t types = roll(cluster, 10);

	*policy = (struct netpol){
	    .namespace = namespace_names[namespace],
	    .name = policy_name,
	    .pods = roll_selector(cluster, false),
	    .isolates = {[DIRECTION_INGRESS] = types<5, [DIRECTION_EGRESS] = types> 1 && types < 7},
	    .file = "cluster.yaml",
	    .line = (unsigned)index + 1};
	roll_rules(cluster, policy, index, DIRECTION_INGRESS);
	roll_rules(cluster, policy, index, DIRECTION_EGRESS);
	count(cluster, FEATURE_BOTH_TYPES, types > 2 && types < 7);
	count(cluster, FEATURE_EGRESS_ONLY, types == 7 || types == 8);
	count(cluster, FEATURE_NO_TYPE, types == 9);
	count(cluster, FEATURE_POLICY_OF_NO_NAMESPACE,
	      !has_namespace(cluster, namespace_names[namespace]));
}

/* In the order of their namespaces, as a manifest has them. */
static void roll_policies(struct cluster *cluster)
{
	size_t wanted[CLUSTER_NAMES] = {0};

	size_t total = is_rolled(cluster, 5) ? 0 : 1 + roll(cluster, CLUSTER_POLICIES);

	if (is_rolled(cluster, 1))
		total = CLUSTER_MANY_POLICIES;
	for (size_t i = 0; i < total; i++)
		wanted[roll(cluster, is_rolled(cluster, 90) ? 2 : CLUSTER_NAMES)]++;
	for (size_t i = 0; i < CLUSTER_NAMES; i++)
		for (; wanted[i] > 0; wanted[i]--)
			roll_policy(cluster, cluster->policy_count++, i);
	count(cluster, FEATURE_MANY_POLICIES, total == CLUSTER_MANY_POLICIES);
	count(cluster, FEATURE_NO_POLICY, cluster->policy_count == 0);
}

/* ---- who there is ---- */

static void add_label(struct labels *labels, char *key, char *value)
{
	size_t place = labels->count++;

	for (; place > 0 && strcmp(labels->items[place - 1].key, key) > 0; place--)
		labels->items[place] = labels->items[place - 1];
	labels->items[place] = (struct label){key, value};
}

static void roll_namespace(struct cluster *cluster, size_t name)
{
	const size_t index = cluster->scene.namespace_count++;
	const struct labels *set = &label_sets[roll(cluster, CLUSTER_LABEL_SETS)];
	struct labels *labels = &cluster->namespace_labels[index];

	cluster->namespaces[index] = (struct scene_namespace){.name = namespace_names[name]};
	if (is_unknown(cluster)) {
		count(cluster, FEATURE_NAMESPACE_LABELS_UNKNOWN, true);
		return;
	}
	*labels = (struct labels){.items = cluster->namespace_label_items[index]};
	for (size_t i = 0; i < set->count; i++)
		add_label(labels, set->items[i].key, set->items[i].value);
	if (is_rolled(cluster, 30)) {
		const size_t written = is_rolled(cluster, 80) ? name : roll(cluster, CLUSTER_NAMES);

		add_label(labels, metadata_name, namespace_names[written]);
		count(cluster, FEATURE_NAMESPACE_NAME_WRITTEN, written == name);
		count(cluster, FEATURE_NAMESPACE_NAME_WRITTEN_WRONG, written != name);
	}
	cluster->namespaces[index].labels = labels;
}

static void roll_namespaces(struct cluster *cluster)
{
	for (size_t i = 0; i < CLUSTER_NAMES; i++)
		if (is_rolled(cluster, i < 2 ? 90 : 20) && cluster->scene.namespace_count < 5)
			roll_namespace(cluster, i);
	if (cluster->scene.namespace_count == 0)
		roll_namespace(cluster, 0);
}

static void roll_nodes(struct cluster *cluster)
{
	cluster->scene.node_count = roll(cluster, CLUSTER_NODES + 1);
	for (size_t i = 0; i < cluster->scene.node_count; i++) {
		struct scene_node *node = &cluster->nodes[i];

		*node = (struct scene_node){.name = node_names[i],
					    .addresses = cluster->node_addresses[i],
					    .address_count = 1 + is_rolled(cluster, 15)};
		cluster->node_addresses[i][0] = roll_address(cluster);
		cluster->node_addresses[i][1] = roll_address(cluster);
		if (is_unknown(cluster))
			node->address_count = 0;
		count(cluster, FEATURE_NODE_ADDRESS_UNKNOWN, node->address_count == 0);
	}
}

static void roll_pod_ports(struct cluster *cluster, size_t index)
{
	struct scene_pod *pod = &cluster->pods[index];

	pod->ports = cluster->pod_ports[index];
	pod->ports_known = !is_unknown(cluster);
	for (size_t i = 0; pod->ports_known && i < CLUSTER_PORT_NAMES; i++)
		if (is_rolled(cluster, 40))
			cluster->pod_ports[index][pod->port_count++] =
			    (struct scene_port){.name = port_names[i],
						.protocol = roll_protocol(cluster),
						.port = roll_number(cluster)};
	if (pod->port_count > 1 && is_rolled(cluster, 30)) {
		cluster->pod_ports[index][1].protocol = cluster->pod_ports[index][0].protocol;
		cluster->pod_ports[index][1].port = cluster->pod_ports[index][0].port;
		count(cluster, FEATURE_PORT_OF_TWO_NAMES, true);
	}
	for (size_t i = 0; pod->port_count > 0 && i < 2 && is_rolled(cluster, 10); i++) {
		struct scene_port *another = &cluster->pod_ports[index][pod->port_count++];

		*another = cluster->pod_ports[index][0];
		another->port = roll_number(cluster);
		count(cluster, FEATURE_PORT_NAME_OF_TWO, true);
	}
	count(cluster, FEATURE_POD_PORTS_UNKNOWN, !pod->ports_known);
}

static void roll_pod_place(struct cluster *cluster, size_t index)
{
	struct scene_pod *pod = &cluster->pods[index];

	if (!is_unknown(cluster) && cluster->scene.node_count > 0)
		pod->node = roll(cluster, cluster->scene.node_count);
	pod->on_node = pod->node != SCENE_NONE && is_rolled(cluster, 15);
	if (cluster->has_unknowns && is_rolled(cluster, 5))
		pod->on_node = true;
	pod->addresses = cluster->pod_addresses[index];
	pod->address_count = is_unknown(cluster) ? 0 : 1 + is_rolled(cluster, 10);
	cluster->pod_addresses[index][0] = roll_address(cluster);
	cluster->pod_addresses[index][1] = roll_address(cluster);
	count(cluster, FEATURE_POD_NODE_UNKNOWN, pod->node == SCENE_NONE);
	count(cluster, FEATURE_POD_ON_NODE, pod->on_node);
	count(cluster, FEATURE_POD_ADDRESS_UNKNOWN, pod->address_count == 0);
	if (pod->on_node && pod->node != SCENE_NONE &&
	    cluster->nodes[pod->node].address_count > 0) {
		pod->addresses = cluster->nodes[pod->node].addresses;
		pod->address_count = cluster->nodes[pod->node].address_count;
	}
}

static void roll_pod(struct cluster *cluster, size_t index)
{
	struct scene_pod *pod = &cluster->pods[index];

	*pod = (struct scene_pod){.namespace = roll(cluster, cluster->scene.namespace_count),
				  .labels = &label_sets[roll(cluster, CLUSTER_LABEL_SETS)],
				  .node = SCENE_NONE};
	if (is_unknown(cluster) && is_rolled(cluster, 50))
		pod->namespace = SCENE_NONE;
	if (is_unknown(cluster))
		pod->labels = NULL;
	if (index > 0 && is_rolled(cluster, 30)) {
		pod->namespace = cluster->pods[index - 1].namespace;
		pod->labels = cluster->pods[index - 1].labels;
		count(cluster, FEATURE_POD_LIKE_ANOTHER, true);
	}
	roll_pod_ports(cluster, index);
	roll_pod_place(cluster, index);
	count(cluster, FEATURE_POD_NAMESPACE_UNKNOWN, pod->namespace == SCENE_NONE);
	count(cluster, FEATURE_POD_LABELS_UNKNOWN, !pod->labels);
}

static void roll_pods(struct cluster *cluster)
{
	cluster->scene.pod_count = is_rolled(cluster, 5) ? 1 : 2 + roll(cluster, CLUSTER_PODS - 1);
	for (size_t i = 0; i < cluster->scene.pod_count; i++)
		roll_pod(cluster, i);
}

static void start(struct cluster *cluster, uint64_t seed, unsigned long features[FEATURES])
{
	cluster->random = seed * 0x9e3779b97f4a7c15u;
	cluster->features = features;
	cluster->scene = (struct scene){
	    .namespaces = cluster->namespaces, .pods = cluster->pods, .nodes = cluster->nodes};
	cluster->policy_count = 0;
	cluster->block_count = 0;
	cluster->requirement_count = 0;
	cluster->value_count = 0;
	cluster->cell_count = 0;
	add_cell(cluster, (struct addr){.family = ADDR_IPV4});
	add_cell(cluster, (struct addr){.family = ADDR_IPV6});
}

void cluster_make(struct cluster *cluster, uint64_t seed, unsigned long features[FEATURES])
{
	start(cluster, seed, features);
	cluster->has_unknowns = is_rolled(cluster, 40);
	cluster->options.ipblock_pods = is_rolled(cluster, 25);
	count(cluster, FEATURE_IPBLOCK_PODS, cluster->options.ipblock_pods);
	roll_namespaces(cluster);
	roll_nodes(cluster);
	roll_pods(cluster);
	roll_policies(cluster);
}

/* ---- questions ---- */

/* The cell that begins there, whole: no policy tells its addresses apart. */
static struct addr_range cell_range(const struct cluster *cluster, struct addr first)
{
	struct addr_range range = {first, last_of(prefix_around(first, 0))};

	for (size_t i = 0; i < cluster->cell_count; i++) {
		const struct addr next = cluster->cells[i];

		if (next.family == first.family && addr_compare(next, first) > 0 &&
		    addr_compare(next, range.last) <= 0) {
			range.last = next;
			for (size_t j = addr_length(next); j-- > 0;)
				if (range.last.bytes[j]-- != 0)
					break;
		}
	}
	return range;
}

static struct addr_range roll_range(struct cluster *cluster)
{
	const struct addr address = is_rolled(cluster, 70)
					? cluster->cells[roll(cluster, cluster->cell_count)]
					: roll_address(cluster);
	struct addr_range range = {address, address};

	if (is_rolled(cluster, 30))
		range = cell_range(cluster, cluster->cells[roll(cluster, cluster->cell_count)]);
	else if (cluster->has_unknowns && is_rolled(cluster, 60))
		range.last = last_of(
		    prefix_around(address, (uint8_t)roll(cluster, addr_length(address) * 8 + 1)));
	return range;
}

static struct party roll_addresses(struct cluster *cluster)
{
	const struct party party = {.kind = PARTY_ADDRESSES, .range = roll_range(cluster)};
	const bool is_one = addr_equal(party.range.first, party.range.last);

	count(cluster, FEATURE_ASKED_OF_ADDRESS, is_one);
	count(cluster, FEATURE_ASKED_OF_RANGE, !is_one);
	return party;
}

static struct party roll_node(struct cluster *cluster)
{
	struct party party = {.kind = PARTY_NODE, .index = SCENE_NONE};

	if (cluster->scene.node_count > 0 && !is_unknown(cluster))
		party.index = roll(cluster, cluster->scene.node_count);
	if (is_rolled(cluster, 30)) {
		party.range.first = party.range.last = roll_address(cluster);
		count(cluster, FEATURE_ASKED_OF_NODE_ADDRESS, true);
	}
	count(cluster, FEATURE_ASKED_OF_NODE, party.index != SCENE_NONE);
	count(cluster, FEATURE_ASKED_OF_NODE_UNKNOWN, party.index == SCENE_NONE);
	return party;
}

static struct party roll_party(struct cluster *cluster)
{
	const size_t kind = roll(cluster, 20);

	if (kind < 2 && (cluster->scene.node_count > 0 || cluster->has_unknowns))
		return roll_node(cluster);
	if (kind < 5)
		return roll_addresses(cluster);
	return (struct party){.kind = PARTY_POD, .index = roll(cluster, cluster->scene.pod_count)};
}

static struct party roll_pod_party(struct cluster *cluster)
{
	return (struct party){.kind = PARTY_POD, .index = roll(cluster, cluster->scene.pod_count)};
}

static bool is_own_node(const struct cluster *cluster, const struct party *pod,
			const struct party *node)
{
	return pod->kind == PARTY_POD && node->kind == PARTY_NODE && node->index != SCENE_NONE &&
	       cluster->pods[pod->index].node == node->index;
}

uint16_t cluster_port(struct cluster *cluster)
{
	const size_t beside = roll(cluster, 8);
	const uint16_t number = roll_number(cluster);

	if (beside == 0)
		return (uint16_t)(1 + roll(cluster, UINT16_MAX));
	if (beside == 1 && number > 1)
		return number - 1;
	if (beside == 2 && number < UINT16_MAX)
		return number + 1;
	return number;
}

static void roll_what(struct cluster *cluster, struct question *question)
{
	if (is_rolled(cluster, 10)) {
		question->protocol = is_rolled(cluster, 50) ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	} else {
		question->protocol = roll_protocol(cluster);
		question->port = cluster_port(cluster);
	}
	count(cluster, FEATURE_ASKED_TCP, question->protocol == IPPROTO_TCP);
	count(cluster, FEATURE_ASKED_UDP, question->protocol == IPPROTO_UDP);
	count(cluster, FEATURE_ASKED_SCTP, question->protocol == IPPROTO_SCTP);
	count(cluster, FEATURE_ASKED_PORTLESS, question->port == 0);
}

void cluster_ask(struct cluster *cluster, struct question *ret)
{
	*ret = (struct question){.from = roll_party(cluster), .to = roll_party(cluster)};
	if (ret->from.kind == PARTY_POD && ret->to.kind == PARTY_POD &&
	    ret->from.index == ret->to.index && is_rolled(cluster, 80))
		ret->to = roll_party(cluster);
	if (ret->from.kind != PARTY_POD && ret->to.kind != PARTY_POD) {
		if (is_rolled(cluster, 50))
			ret->from = roll_pod_party(cluster);
		else
			ret->to = roll_pod_party(cluster);
	}
	if (is_rolled(cluster, 10)) {
		ret->has_seen_as = true;
		ret->seen_as = is_rolled(cluster, 50) ? roll_node(cluster) : roll_party(cluster);
		count(cluster, FEATURE_ASKED_AS_SEEN, true);
	}
	roll_what(cluster, ret);
	count(cluster, FEATURE_ASKED_OF_SELF,
	      ret->from.kind == PARTY_POD && ret->to.kind == PARTY_POD &&
		  ret->from.index == ret->to.index);
	count(cluster, FEATURE_ASKED_OF_OWN_NODE,
	      is_own_node(cluster, &ret->from, &ret->to) ||
		  is_own_node(cluster, &ret->to, &ret->from));
}

/* ---- names ---- */

const char *cluster_namespace_name(size_t index)
{
	return namespace_names[index];
}

const char *cluster_port_name(size_t index)
{
	return port_names[index];
}

const struct labels *cluster_labels(size_t index)
{
	return &label_sets[index];
}

const char *cluster_feature_name(enum feature feature)
{
	static const char *const names[] = {
#define CLUSTER_FEATURE(name) #name,
	    CLUSTER_FEATURES(CLUSTER_FEATURE)
#undef CLUSTER_FEATURE
	};

	return names[feature];
}
