#include "tests/unit/policy/worlds.h"

#include <netinet/in.h>
#include <string.h>

/* The digits of a number that counts the worlds: what a digit stands for may depend on those
 * before it. */
static size_t choose(struct worlds *worlds, size_t sides)
{
	const size_t place = worlds->used++;

	if (place >= worlds->known)
		worlds->digits[place] = 0;
	if (!worlds->is_whole)
		worlds->digits[place] = (size_t)cluster_roll(worlds->cluster, sides);
	worlds->sides[place] = sides;
	return worlds->digits[place];
}

static bool count_on(struct worlds *worlds)
{
	size_t place = worlds->used;

	while (place > 0 && worlds->digits[place - 1] + 1 == worlds->sides[place - 1])
		place--;
	if (place == 0)
		return false;
	worlds->digits[place - 1]++;
	worlds->known = place;
	return true;
}

/* ---- what is chosen ---- */

static struct addr any_address(struct worlds *worlds)
{
	return worlds->cluster->cells[choose(worlds, worlds->cluster->cell_count)];
}

static bool is_within(struct addr_range range, struct addr address)
{
	return address.family == range.first.family && addr_compare(range.first, address) <= 0 &&
	       addr_compare(address, range.last) <= 0;
}

static struct addr address_of_range(struct worlds *worlds, struct addr_range range)
{
	const struct cluster *cluster = worlds->cluster;
	struct addr addresses[CLUSTER_CELLS + 1] = {range.first};
	size_t count = 1;

	for (size_t i = 0; i < cluster->cell_count; i++)
		if (is_within(range, cluster->cells[i]) &&
		    !addr_equal(cluster->cells[i], range.first))
			addresses[count++] = cluster->cells[i];
	return addresses[choose(worlds, count)];
}

static struct addr address_of_list(struct worlds *worlds, const struct addr *list, size_t count)
{
	return count > 0 ? list[choose(worlds, count)] : any_address(worlds);
}

static bool is_node(const struct worlds *worlds, const struct party *party)
{
	return party->kind == PARTY_NODE ||
	       (party->kind == PARTY_POD && worlds->cluster->pods[party->index].on_node);
}

/* Any of the cluster's, or one of two others. */
static size_t node_of(struct worlds *worlds, size_t node)
{
	return node != SCENE_NONE ? node : choose(worlds, worlds->scene.node_count + 2);
}

static size_t find_namespace(const struct worlds *worlds, const char *name)
{
	for (size_t i = 0; i < worlds->scene.namespace_count; i++)
		if (strcmp(worlds->namespaces[i].name, name) == 0)
			return i;
	return SCENE_NONE;
}

static size_t namespace_of_any_name(struct worlds *worlds)
{
	const char *name = cluster_namespace_name(choose(worlds, CLUSTER_NAMES));
	size_t index = find_namespace(worlds, name);

	if (index == SCENE_NONE) {
		index = worlds->scene.namespace_count++;
		worlds->namespaces[index] = (struct scene_namespace){.name = name};
	}
	return index;
}

static void fill_namespace(struct worlds *worlds, struct scene_namespace *namespace)
{
	if (!namespace->labels)
	namespace->labels = cluster_labels(choose(worlds, CLUSTER_LABEL_SETS));
}

/* Each of the names is the port that is asked of, or another. */
static void fill_ports(struct worlds *worlds, size_t index)
{
	const struct question *question = worlds->question;
	struct scene_pod *pod = &worlds->pods[index];
	const size_t named = choose(worlds, 1u << CLUSTER_PORT_NAMES);

	pod->ports = worlds->ports[index];
	for (size_t i = 0; i < CLUSTER_PORT_NAMES; i++)
		if (named & 1u << i)
			worlds->ports[index][pod->port_count++] =
			    (struct scene_port){.name = cluster_port_name(i),
						.protocol = question->protocol,
						.port = question->port};
	pod->ports_known = true;
}

static bool is_same_name(const struct scene_port *a, const struct scene_port *b)
{
	return strcmp(a->name, b->name) == 0 && a->protocol == b->protocol;
}

static bool is_first_of_name(const struct scene_pod *pod, size_t port)
{
	for (size_t i = 0; i < port; i++)
		if (is_same_name(&pod->ports[i], &pod->ports[port]))
			return false;
	return true;
}

static bool is_last_of_name(const struct scene_pod *pod, size_t port)
{
	for (size_t i = port + 1; i < pod->port_count; i++)
		if (is_same_name(&pod->ports[i], &pod->ports[port]))
			return false;
	return true;
}

/* A plugin takes all ports of one name, the first, or the last. */
static void read_ports(struct worlds *worlds, size_t index)
{
	const struct scene_pod *written = &worlds->cluster->pods[index];
	struct scene_pod *pod = &worlds->pods[index];
	bool is_clear = true;
	size_t reading;

	for (size_t i = 0; i < written->port_count; i++)
		is_clear = is_clear && is_first_of_name(written, i);
	if (is_clear)
		return;
	reading = choose(worlds, 3);
	pod->ports = worlds->ports[index];
	pod->port_count = 0;
	for (size_t i = 0; i < written->port_count; i++)
		if (reading == 0 || (reading == 1 && is_first_of_name(written, i)) ||
		    (reading == 2 && is_last_of_name(written, i)))
			worlds->ports[index][pod->port_count++] = written->ports[i];
}

static void fill_pod(struct worlds *worlds, size_t index)
{
	const struct question *question = worlds->question;
	struct scene_pod *pod = &worlds->pods[index];

	if (pod->namespace == SCENE_NONE)
		pod->namespace = namespace_of_any_name(worlds);
	fill_namespace(worlds, &worlds->namespaces[pod->namespace]);
	if (!pod->labels)
		pod->labels = cluster_labels(choose(worlds, CLUSTER_LABEL_SETS));
	if (!pod->ports_known)
		fill_ports(worlds, index);
	else if (question->to.kind == PARTY_POD && question->to.index == index)
		read_ports(worlds, index);
	if (is_node(worlds, &question->from) || is_node(worlds, &question->to) ||
	    (question->has_seen_as && is_node(worlds, &question->seen_as)))
		pod->node = node_of(worlds, pod->node);
	if (worlds->cluster->options.ipblock_pods)
		worlds->pod_addresses[index] =
		    address_of_list(worlds, pod->addresses, pod->address_count);
	worlds->has_pod[index] = true;
}

static struct naive_end pod_end(struct worlds *worlds, size_t index)
{
	if (!worlds->has_pod[index])
		fill_pod(worlds, index);
	return (struct naive_end){.pod = &worlds->pods[index],
				  .node = worlds->pods[index].node,
				  .address = worlds->pod_addresses[index]};
}

/* Of those of the node, where they are known. */
static struct addr address_of_node(struct worlds *worlds, size_t node)
{
	const struct scene *scene = &worlds->scene;

	if (node >= scene->node_count)
		return any_address(worlds);
	return address_of_list(worlds, scene->nodes[node].addresses,
			       scene->nodes[node].address_count);
}

static struct naive_end node_end(struct worlds *worlds, const struct party *party)
{
	struct naive_end end = {.node = node_of(worlds, party->index)};

	end.address = addr_is_set(party->range.first) ? address_of_range(worlds, party->range)
						      : address_of_node(worlds, end.node);
	return end;
}

static struct naive_end pod_on_node_end(struct worlds *worlds, const struct scene_pod *pod)
{
	struct naive_end end = {.node = node_of(worlds, pod->node)};

	end.address = pod->address_count > 0
			  ? address_of_list(worlds, pod->addresses, pod->address_count)
			  : address_of_node(worlds, end.node);
	return end;
}

static struct naive_end end_of(struct worlds *worlds, const struct party *party)
{
	if (party->kind == PARTY_ADDRESSES)
		return (struct naive_end){.node = SCENE_NONE,
					  .address = address_of_range(worlds, party->range)};
	if (party->kind == PARTY_NODE)
		return node_end(worlds, party);
	if (is_node(worlds, party))
		return pod_on_node_end(worlds, &worlds->cluster->pods[party->index]);
	return pod_end(worlds, party->index);
}

/* ---- the worlds ---- */

static void make(struct worlds *worlds)
{
	const struct cluster *cluster = worlds->cluster;
	const struct question *question = worlds->question;

	worlds->used = 0;
	worlds->scene = cluster->scene;
	worlds->scene.namespaces = worlds->namespaces;
	worlds->scene.pods = worlds->pods;
	memcpy(worlds->namespaces, cluster->namespaces, sizeof(worlds->namespaces));
	memcpy(worlds->pods, cluster->pods, sizeof(worlds->pods));
	memset(worlds->has_pod, 0, sizeof(worlds->has_pod));
	worlds->connection.protocol = question->protocol;
	worlds->connection.port = question->port;
	worlds->connection.from = end_of(worlds, &question->from);
	worlds->connection.to = end_of(worlds, &question->to);
	worlds->connection.seen_as =
	    question->has_seen_as ? end_of(worlds, &question->seen_as) : worlds->connection.from;
	worlds->count++;
}

void worlds_begin(struct worlds *worlds, struct cluster *cluster, const struct question *question)
{
	worlds->cluster = cluster;
	worlds->question = question;
	worlds->known = 0;
	worlds->count = 0;
	worlds->is_whole = true;
	worlds->world = (struct naive_world){.policies = cluster->policies,
					     .policy_count = cluster->policy_count,
					     .scene = &worlds->scene,
					     .ipblock_pods = cluster->options.ipblock_pods};
	make(worlds);
	worlds->all = 1;
	for (size_t i = 0; i < worlds->used; i++)
		worlds->all *= worlds->sides[i];
	worlds->is_whole = worlds->all <= WORLDS_LIMIT;
}

bool worlds_next(struct worlds *worlds)
{
	if (worlds->is_whole ? !count_on(worlds) : worlds->count == WORLDS_LIMIT)
		return false;
	make(worlds);
	return true;
}
