#include "tests/unit/policy/histories.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NONE SIZE_MAX

struct side {
	struct addr address;
	uint8_t prefix;
	size_t pod;  /* NONE: not a pod, or one on its node's network */
	size_t node; /* where it stands; NONE: outside */
	int64_t since, until;
};

struct talk {
	struct side client, server;
	struct addr service;
	uint16_t service_port;
	struct addr translated; /* the client, as the server sees it */
	size_t translator;      /* the node that does that, and that took the service's place */
	uint8_t protocol, verdict;
	uint16_t port;
	bool uncertain;
	bool in_two;
	int64_t first, last;
	int64_t connections;
};

static void count(struct history *history, enum history_feature feature)
{
	history->features[feature]++;
}

static bool has(struct history *history, unsigned percent, enum history_feature feature)
{
	bool is_to_be = history_has(history, percent, feature);

	history->features[feature] += is_to_be;
	return is_to_be;
}

/* ---- rows ---- */

static void unite_flows(struct history *history, size_t kept, size_t other)
{
	for (size_t i = 0; i < history->row_count; i++)
		if (history->rows[i].flow == other)
			history->rows[i].flow = kept;
}

/* One that was there already is a part of this flow, too. */
static void add_row(struct history *history, struct history_row *row)
{
	row->flow = history->flow_count;
	for (size_t i = 0; i < history->row_count; i++)
		if (history->rows[i].node == row->node &&
		    memcmp(&history->rows[i].key, &row->key, sizeof(row->key)) == 0) {
			unite_flows(history, row->flow, history->rows[i].flow);
			return;
		}
	if (history->row_count < HISTORY_ROWS)
		history->rows[history->row_count++] = *row;
}

static uint32_t local_pod(const struct side *side, size_t node)
{
	return side->pod != NONE && side->node == node ? (uint32_t)side->pod + 1 : 0;
}

/* Who had the pod's address before or after it; NONE: nobody. */
static size_t find_other(const struct history *history, size_t index)
{
	const struct history_pod *pod = &history->pods[index];

	for (size_t i = 0; i < history->pod_count; i++)
		if (i != index && addr_equal(history->pods[i].addresses[0], pod->addresses[0]) &&
		    history->pods[i].since != pod->since)
			return i;
	return NONE;
}

/* A node tells its own pods apart: in the time in which each had the address. */
static bool add_turns(struct history *history, const struct history_row *row,
		      const uint32_t *number)
{
	const size_t pod = *number ? *number - 1 : NONE;
	const size_t other = pod == NONE ? NONE : find_other(history, pod);

	if (!row->in_two || other == NONE)
		return false;
	for (size_t i = 0; i < 2; i++) {
		const size_t turn = i ? other : pod;
		const bool first = history->pods[turn].until > 0;
		struct history_row part = *row;

		part.in_two = false;
		part.last = first ? row->first + 10 : row->last;
		part.first = first ? row->first : row->last - 10;
		if (number == &row->key.source_pod)
			part.key.source_pod = (uint32_t)turn + 1;
		else
			part.key.destination_pod = (uint32_t)turn + 1;
		add_row(history, &part);
	}
	return true;
}

static void record_at(struct history *history, const struct talk *talk, size_t node)
{
	const bool translates =
	    talk->translator == NONE ? node == talk->client.node : node == talk->translator;
	const bool is_after =
	    !translates && addr_is_set(talk->translated) && node == talk->server.node;
	struct history_row row = {.node = node,
				  .connections = talk->connections,
				  .first = talk->first,
				  .last = talk->last,
				  .in_two = talk->in_two};

	if (node == NONE || !history->nodes[node].recorded)
		return;
	row.key.source = is_after ? talk->translated : talk->client.address;
	row.key.source_prefix = is_after ? 0 : talk->client.prefix;
	row.key.destination = talk->server.address;
	row.key.destination_prefix = talk->server.prefix;
	if (translates) {
		row.key.service = talk->service;
		row.key.service_port = talk->service_port;
		row.key.translated = talk->translated;
	}
	row.key.source_pod = is_after ? 0 : local_pod(&talk->client, node);
	row.key.destination_pod = local_pod(&talk->server, node);
	row.key.port = talk->port;
	row.key.has_port = talk->port > 0;
	row.key.protocol = talk->protocol;
	row.key.verdict = talk->verdict;
	row.key.direction_uncertain = talk->uncertain;
	if (!add_turns(history, &row, &row.key.source_pod) &&
	    !add_turns(history, &row, &row.key.destination_pod))
		add_row(history, &row);
}

/* By each node on the way that has a record. */
static void record(struct history *history, struct talk talk)
{
	const bool passes = talk.client.node != talk.server.node && talk.server.node != NONE;

	history->flow_count++;
	record_at(history, &talk, talk.client.node);
	if (talk.translator != talk.client.node && talk.translator != talk.server.node)
		record_at(history, &talk, talk.translator);
	if (!passes)
		return;
	if ((talk.verdict == VERDICT_UNANSWERED || talk.verdict == VERDICT_ONE_WAY) &&
	    talk.client.node != NONE && has(history, 30, HISTORY_DENIED_ELSEWHERE))
		talk.verdict = VERDICT_DENIED;
	if (history_chance(history, 20))
		talk.connections++;
	record_at(history, &talk, talk.server.node);
}

/* ---- how it went ---- */

static void choose_verdict(struct history *history, struct talk *talk)
{
	static const struct {
		unsigned percent;
		uint8_t verdict;
		enum history_feature feature;
	} verdicts[] = {{64, VERDICT_ANSWERED, HISTORY_ANSWERED},
			{10, VERDICT_ONE_WAY, HISTORY_ONE_WAY},
			{7, VERDICT_REFUSED, HISTORY_REFUSED},
			{7, VERDICT_UNANSWERED, HISTORY_UNANSWERED},
			{8, VERDICT_DENIED, HISTORY_DENIED},
			{4, VERDICT_UNKNOWN, HISTORY_VERDICT_UNKNOWN}};
	uint64_t rolled = history_roll(history, 100);
	size_t i = 0;

	while (rolled >= verdicts[i].percent)
		rolled -= verdicts[i++].percent;
	talk->verdict = verdicts[i].verdict;
	count(history, verdicts[i].feature);
	talk->uncertain = talk->verdict == VERDICT_ANSWERED && has(history, 4, HISTORY_UNCERTAIN);
}

static void choose_time(struct history *history, struct talk *talk)
{
	int64_t from = 1000, until = 3900;

	for (size_t i = 0; i < 2; i++) {
		const struct side *side = i ? &talk->server : &talk->client;

		if (side->since)
			from = 2200;
		if (side->until)
			until = 1900;
	}
	if (from > until)
		talk->in_two = true;
	else
		talk->in_two = history_chance(history, 15);
	if (talk->in_two) {
		talk->first = 1500;
		talk->last = 2500;
	} else {
		talk->first = from + (int64_t)history_roll(history, (uint64_t)(until - from - 50));
		talk->last = talk->first + (int64_t)history_roll(history, 40);
	}
}

static struct talk new_talk(struct history *history)
{
	struct talk talk = {.translator = NONE, .protocol = IPPROTO_TCP};

	talk.client.node = talk.server.node = talk.client.pod = talk.server.pod = NONE;
	talk.connections = 1 + (int64_t)history_roll(history, 9);
	choose_verdict(history, &talk);
	return talk;
}

static void count_protocol(struct history *history, const struct talk *talk)
{
	history->features[HISTORY_UDP] += talk->protocol == IPPROTO_UDP;
	history->features[HISTORY_SCTP] += talk->protocol == IPPROTO_SCTP;
	history->features[HISTORY_PORTLESS] += talk->port == 0;
}

/* ---- ends ---- */

static struct side outside(struct addr address)
{
	return (struct side){.address = address, .pod = NONE, .node = NONE};
}

static struct side node_side(const struct history *history, size_t node, size_t family)
{
	return (struct side){
	    .address = history->nodes[node].address[family], .pod = NONE, .node = node};
}

static struct side pod_side(const struct history *history, size_t index, size_t family)
{
	const struct history_pod *pod = &history->pods[index];

	if (pod->host_network)
		return node_side(history, pod->node, family);
	return (struct side){.address = pod->addresses[family],
			     .pod = index,
			     .node = pod->node,
			     .since = pod->since,
			     .until = pod->until};
}

static size_t any_family(struct history *history)
{
	return history->has_dual_stack && history_chance(history, 30);
}

static size_t any_pod(struct history *history)
{
	return (size_t)history_roll(history, history->pod_count);
}

static size_t any_node(struct history *history)
{
	return (size_t)history_roll(history, history->node_count);
}

/* One of the few that are talked to, so that peers come again. */
static struct addr any_public(struct history *history, size_t family)
{
	unsigned last = 100 + (unsigned)history_roll(history, 12);

	if (family)
		return history_addr("2606:2800:220::%x", last);
	return history_chance(history, 70) ? history_addr("93.184.217.%u", last)
					   : history_addr("151.101.%u.69", last);
}

static struct addr any_private(struct history *history, size_t family)
{
	unsigned last = 1 + (unsigned)history_roll(history, 12);

	count(history, HISTORY_PRIVATE_OUTSIDE);
	if (family)
		return history_addr("fd12:3456::%x", last);
	return history_chance(history, 70) ? history_addr("172.20.5.%u", last)
					   : history_addr("100.64.3.%u", last);
}

static struct addr any_outside(struct history *history, size_t family)
{
	return history_chance(history, 70) ? any_public(history, family)
					   : any_private(history, family);
}

/* A port that the workload has, or one beside. */
static void ask_port(struct history *history, size_t workload, struct talk *talk)
{
	const struct history_workload *asked = &history->workloads[workload];
	const struct history_port *port = &asked->ports[history_roll(history, asked->port_count)];

	talk->protocol = port->protocol;
	talk->port = port->port;
	if (history_chance(history, 8))
		talk->port = (uint16_t)(port->port + 1 + history_roll(history, 3));
	if (history_chance(history, 3)) {
		talk->protocol = history_chance(history, 70) ? IPPROTO_ICMP : 47;
		talk->port = 0;
	}
}

/* ---- who spoke with whom ---- */

static void ask_service(struct history *history, struct talk *talk, size_t workload)
{
	for (size_t i = 0; i < history->service_count; i++) {
		const struct history_service *service = &history->services[i];

		if (service->workload != workload || !addr_is_set(service->address) ||
		    service->address.family != talk->server.address.family ||
		    service->target != talk->port || service->protocol != talk->protocol)
			continue;
		count(history, HISTORY_THROUGH_SERVICE);
		talk->service = service->address;
		talk->service_port = service->port;
	}
}

static void pod_to_pod(struct history *history)
{
	const size_t family = any_family(history), from = any_pod(history), to = any_pod(history);
	struct talk talk = new_talk(history);

	talk.client = pod_side(history, from, family);
	talk.server = pod_side(history, to, family);
	if (addr_equal(talk.client.address, talk.server.address) && talk.client.pod == NONE)
		return;
	ask_port(history, history->pods[to].workload, &talk);
	if (history_chance(history, 50))
		ask_service(history, &talk, history->pods[to].workload);
	if (from == to) {
		count(history, HISTORY_POD_TO_ITSELF);
	} else if (talk.client.node != talk.server.node) {
		count(history, HISTORY_ACROSS_NODES);
		if (has(history, 12, HISTORY_MASQUERADED))
			talk.translated = history->nodes[talk.client.node].address[family];
	} else if (talk.client.pod != NONE && talk.server.pod != NONE &&
		   has(history, 6, HISTORY_HAIRPIN)) {
		talk.translated = history->nodes[talk.client.node].address[family];
	}
	count(history, HISTORY_POD_TO_POD);
	choose_time(history, &talk);
	count_protocol(history, &talk);
	record(history, talk);
}

/* From one pod to neighbouring ports of another. */
static void many_ports(struct history *history)
{
	const size_t from = any_pod(history), to = any_pod(history);
	struct talk talk = new_talk(history);

	talk.client = pod_side(history, from, 0);
	talk.server = pod_side(history, to, 0);
	if (talk.client.node == talk.server.node && (talk.client.pod == NONE || from == to))
		return;
	count(history, HISTORY_MANY_PORTS);
	choose_time(history, &talk);
	for (uint16_t i = 0; i < 5; i++) {
		talk.port = (uint16_t)(20000 + i);
		record(history, talk);
	}
}

/* From one pod to neighbouring addresses, or from them. */
static void many_outside(struct history *history)
{
	const size_t pod = any_pod(history);
	const bool private = history_chance(history, 30), to = history_chance(history, 60);
	struct talk talk = new_talk(history);
	struct side *inside = to ? &talk.client : &talk.server;

	*inside = pod_side(history, pod, 0);
	talk.port = to ? 443 : history->workloads[history->pods[pod].workload].ports[0].port;
	choose_time(history, &talk);
	count(history, HISTORY_MANY_OUTSIDE);
	for (unsigned i = 0; i < 6; i++) {
		*(to ? &talk.server : &talk.client) =
		    outside(history_addr(private ? "172.20.5.%u" : "93.184.217.%u", 101 + i));
		record(history, talk);
	}
}

static void from_outside(struct history *history)
{
	const size_t family = any_family(history), to = any_pod(history);
	struct talk talk = new_talk(history);

	talk.client = outside(any_outside(history, family));
	talk.server = pod_side(history, to, family);
	ask_port(history, history->pods[to].workload, &talk);
	count(history, HISTORY_EXTERNAL_CLIENT);
	choose_time(history, &talk);
	record(history, talk);
}

static void through_node_port(struct history *history)
{
	const size_t entry = any_node(history);
	struct talk talk = new_talk(history);

	for (size_t i = 0; i < history->service_count; i++) {
		const struct history_service *service = &history->services[i];
		const struct history_workload *workload = &history->workloads[service->workload];
		size_t pod =
		    workload->first_pod + (size_t)history_roll(history, workload->pod_count);

		if (!service->node_port || history->pods[pod].host_network)
			continue;
		count(history, HISTORY_EXTERNAL_CLIENT_OF_NODE_PORT);
		talk.client = outside(any_outside(history, 0));
		talk.server = pod_side(history, pod, 0);
		talk.protocol = service->protocol;
		talk.port = service->target;
		talk.translator = entry;
		talk.service = history->nodes[entry].address[0];
		talk.service_port = service->node_port;
		if (history_chance(history, 70))
			talk.translated = history->nodes[entry].address[0];
		choose_time(history, &talk);
		record(history, talk);
	}
}

static void from_node(struct history *history)
{
	const size_t family = any_family(history), to = any_pod(history), node = any_node(history);
	struct talk talk = new_talk(history);

	talk.client = node_side(history, node, family);
	talk.server = pod_side(history, to, family);
	if (talk.server.pod == NONE)
		return;
	ask_port(history, history->pods[to].workload, &talk);
	count(history, node == talk.server.node ? HISTORY_OWN_NODE : HISTORY_NODE_CLIENT);
	choose_time(history, &talk);
	record(history, talk);
}

static void to_outside(struct history *history)
{
	const size_t family = any_family(history), from = any_pod(history);
	struct talk talk = new_talk(history);

	talk.client = pod_side(history, from, family);
	talk.server = outside(any_outside(history, family));
	talk.port = history_chance(history, 70) ? 443 : 80;
	if (talk.client.pod != NONE && history_chance(history, 60))
		talk.translated = history->nodes[talk.client.node].address[family];
	count(history, HISTORY_EXTERNAL_SERVER);
	choose_time(history, &talk);
	record(history, talk);
}

static void to_node(struct history *history)
{
	static const uint16_t ports[] = {10250, 22, 9100};
	const size_t family = any_family(history), from = any_pod(history),
		     node = any_node(history);
	struct talk talk = new_talk(history);

	talk.client = pod_side(history, from, family);
	talk.server = node_side(history, node, family);
	if (talk.client.pod == NONE)
		return;
	talk.port = ports[history_roll(history, COUNT(ports))];
	count(history, HISTORY_NODE_SERVER);
	choose_time(history, &talk);
	record(history, talk);
}

/* To something that is the same for all. */
static void to_fixed(struct history *history, enum history_feature feature, struct addr address,
		     uint8_t protocol, uint16_t port, struct addr service, uint16_t service_port)
{
	const size_t from = any_pod(history);
	struct talk talk = new_talk(history);

	talk.client = pod_side(history, from, 0);
	if (talk.client.pod == NONE)
		return;
	talk.server = outside(address);
	for (size_t i = 0; i < history->node_count; i++)
		if (addr_equal(history->nodes[i].address[0], address))
			talk.server.node = i;
	talk.protocol = protocol;
	talk.port = port;
	talk.service = service;
	talk.service_port = service_port;
	count(history, feature);
	choose_time(history, &talk);
	record(history, talk);
}

static void to_api_server(struct history *history)
{
	to_fixed(history, HISTORY_API_SERVER, history->nodes[0].address[0], IPPROTO_TCP, 6443,
		 history_addr("10.96.0.1"), 443);
}

static void to_special(struct history *history)
{
	const struct addr none = {0};

	switch (history_roll(history, 6)) {
	case 0:
		to_fixed(history, HISTORY_METADATA, history_addr("169.254.169.254"), IPPROTO_TCP,
			 80, none, 0);
		break;
	case 1:
		to_fixed(history, HISTORY_LINK_LOCAL, history_addr("169.254.9.9"), IPPROTO_TCP,
			 8000, none, 0);
		break;
	case 2:
		to_fixed(history, HISTORY_MULTICAST, history_addr("224.0.0.251"), IPPROTO_UDP, 5353,
			 none, 0);
		break;
	case 3:
		to_fixed(history, HISTORY_NODE_LOCAL_DNS, history_addr("169.254.20.10"),
			 IPPROTO_UDP, 53, none, 0);
		break;
	case 4:
		to_fixed(history, HISTORY_OUTSIDE_DNS, history_addr("8.8.8.8"), IPPROTO_UDP, 53,
			 none, 0);
		break;
	default:
		for (size_t i = 0; i < history->service_count; i++)
			if (addr_is_set(history->services[i].address)) {
				to_fixed(history, HISTORY_VIP_NOT_TRANSLATED,
					 history->services[i].address,
					 history->services[i].protocol, history->services[i].port,
					 none, 0);
				return;
			}
		break;
	}
}

static void to_cluster_dns(struct history *history)
{
	struct talk talk = new_talk(history);
	const struct history_workload *dns = &history->workloads[history->dns];
	const struct history_port *port = &dns->ports[history_roll(history, 2)];

	if (!history->has_dns)
		return;
	talk.client = pod_side(history, any_pod(history), 0);
	talk.server =
	    pod_side(history, dns->first_pod + (size_t)history_roll(history, dns->pod_count), 0);
	talk.protocol = port->protocol;
	talk.port = port->port;
	talk.service = history_addr("10.96.0.10");
	talk.service_port = 53;
	count(history, HISTORY_CLUSTER_DNS);
	choose_time(history, &talk);
	count_protocol(history, &talk);
	record(history, talk);
}

/* As a store that is full keeps them. */
static void folded(struct history *history)
{
	const bool with_node = has(history, 30, HISTORY_FOLDED_WITH_NODE);
	struct talk talk = new_talk(history);
	struct side *side = history_chance(history, 50) ? &talk.client : &talk.server;
	const size_t pod = any_pod(history);

	*(side == &talk.client ? &talk.server : &talk.client) = pod_side(history, pod, 0);
	*side = outside(history_addr("93.184.%u.0", with_node ? 216u : 217u));
	side->prefix = 24;
	ask_port(history, history->pods[pod].workload, &talk);
	count(history, HISTORY_FOLDED);
	choose_time(history, &talk);
	record(history, talk);
}

/* An address of a node's range that nobody is known to have had; or of a further network. */
static void odd_address(struct history *history)
{
	struct talk talk = new_talk(history);
	const size_t pod = any_pod(history), other = any_pod(history);
	struct side odd = outside(history_addr("10.%zu.0.200", any_node(history) + 1));

	if (addr_is_set(history->pods[other].secondary)) {
		odd = pod_side(history, other, 0);
		odd.address = history->pods[other].secondary;
	} else {
		count(history, HISTORY_UNKNOWN_POD_ADDRESS);
	}
	talk.client = history_chance(history, 50) ? odd : pod_side(history, pod, 0);
	talk.server = talk.client.pod == odd.pod ? pod_side(history, pod, 0) : odd;
	if (talk.client.pod == talk.server.pod)
		return;
	ask_port(history, history->pods[pod].workload, &talk);
	choose_time(history, &talk);
	record(history, talk);
}

typedef void talk_fn(struct history *history);

void history_talk(struct history *history)
{
	static const struct {
		unsigned share;
		talk_fn *talk;
	} talks[] = {{40, pod_to_pod},   {12, from_outside}, {4, through_node_port},
		     {10, from_node},    {12, to_outside},   {6, to_node},
		     {5, to_api_server}, {10, to_special},   {8, to_cluster_dns},
		     {4, folded},        {4, odd_address},   {1, many_ports},
		     {2, many_outside}};
	uint64_t count_of_talks = 10 + history_roll(history, 40), all = 0;

	for (size_t i = 0; i < COUNT(talks); i++)
		all += talks[i].share;
	while (count_of_talks-- > 0) {
		uint64_t rolled = history_roll(history, all);
		size_t i = 0;

		while (rolled >= talks[i].share)
			rolled -= talks[i++].share;
		talks[i].talk(history);
	}
}
