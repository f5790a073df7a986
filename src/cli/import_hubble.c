#include "cli/import_hubble.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "cli/evidence.h"
#include "cli/import_reading.h"

#define IDENTITY_HOST 1
#define EVENT_POLICY_VERDICT 5
#define NODE_NAME_MAX 253u

enum { ICMP_ECHO_REPLY = 0, ICMP_ECHO = 8, ICMPV6_ECHO = 128, ICMPV6_ECHO_REPLY = 129 };

bool hubble_is(const json_t *tree)
{
	static const char *const wrapped[] = {"flow", "lost_events", "node_status", "agent_event",
					      "debug_event"};

	for (size_t i = 0; i < sizeof(wrapped) / sizeof(wrapped[0]); i++)
		if (json_is_object(json_object_get(tree, wrapped[i])))
			return true;
	return json_object_get(tree, "verdict") && !json_object_get(tree, "type") &&
	       (json_object_get(tree, "IP") || json_object_get(tree, "Type") ||
		json_object_get(tree, "event_type"));
}

/* A flow as it is written, its packet's direction. */
struct packet_told {
	struct sighting_end source, destination;
	struct addr source_xlated;
	bool source_service, destination_service; /* its address is a service's own */
	bool has_reply, is_reply;
	const char *verdict;
	const char *point;
	const char *drop_reason;
	int64_t drop_number;
	int64_t event;
	bool seen_new; /* connection tracking had not seen the connection before */
	bool l7;
	bool tcp;
	bool syn, ack, fin, rst;
	bool health;
};

/* ---- ends ---- */

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static void read_label(struct reading *reading, const char *text, struct sighting_end *end)
{
	if (!starts_with(text, "k8s:"))
		return;
	end->labelled = true;
	text += strlen("k8s:");
	if (!starts_with(text, "io.kubernetes.pod.") && !starts_with(text, "io.cilium.k8s."))
		reading_label(reading, text, strlen(text), &end->labels);
}

static void read_labels(struct reading *reading, const json_t *tree, struct sighting_end *end,
			bool *ret_health)
{
	const json_t *labels = reading_array(reading, tree, "labels"), *label;
	size_t i;

	json_array_foreach(labels, i, label)
	{
		const char *text = json_string_value(label);

		if (!text)
			reading_expect(reading, "labels", "an array of strings");
		else if (strcmp(text, "reserved:host") == 0)
			end->node = true;
		else if (strcmp(text, "reserved:health") == 0)
			*ret_health = true;
		else
			read_label(reading, text, end);
	}
}

static void read_workload(struct reading *reading, const json_t *tree, struct sighting_end *end)
{
	const json_t *workloads = reading_array(reading, tree, "workloads"), *first;

	if (json_array_size(workloads) != 1)
		return;
	first = json_array_get(workloads, 0);
	if (!json_is_object(first))
		reading_expect(reading, "workloads", "an array of objects");
	end->owner_kind = reading_name(reading, first, "kind");
	end->owner_name = reading_name(reading, first, "name");
}

static void read_end(struct reading *reading, const json_t *flow, const char *name,
		     struct sighting_end *end, bool *ret_health)
{
	const json_t *tree = reading_object(reading, flow, name);

	end->namespace = reading_name(reading, tree, "namespace");
	end->name = *end->namespace ? reading_name(reading, tree, "pod_name") : "";
	end->here = reading_integer(reading, tree, "ID", UINT32_MAX) != 0 && *end->name;
	end->node = reading_integer(reading, tree, "identity", UINT32_MAX) == IDENTITY_HOST;
	read_workload(reading, tree, end);
	read_labels(reading, tree, end, ret_health);
}

/* ---- what kind of packet ---- */

static void read_flags(struct reading *reading, const json_t *tcp, struct packet_told *told)
{
	const json_t *flags = reading_object(reading, tcp, "flags");

	told->syn = reading_boolean(reading, flags, "SYN");
	told->ack = reading_boolean(reading, flags, "ACK");
	told->fin = reading_boolean(reading, flags, "FIN");
	told->rst = reading_boolean(reading, flags, "RST");
}

static bool read_ports(struct reading *reading, const json_t *l4, const char *name,
		       struct packet_told *told)
{
	const json_t *tree = reading_object(reading, l4, name);

	if (!tree)
		return false;
	told->source.port = (uint16_t)reading_integer(reading, tree, "source_port", UINT16_MAX);
	told->destination.port =
	    (uint16_t)reading_integer(reading, tree, "destination_port", UINT16_MAX);
	read_flags(reading, tree, told);
	return true;
}

/* Errors and neighbours are not connections; of the two directions the type itself tells. */
static bool read_echo(struct reading *reading, const json_t *l4, const char *name, int64_t asks,
		      int64_t answers, struct packet_told *told)
{
	const json_t *tree = reading_object(reading, l4, name);
	int64_t type;

	if (!tree)
		return false;
	type = reading_integer(reading, tree, "type", UINT8_MAX);
	told->has_reply = true;
	told->is_reply = type == answers;
	return type == asks || type == answers;
}

/* 0: none that makes an edge. */
static uint8_t read_protocol(struct reading *reading, const json_t *flow, struct packet_told *told)
{
	const json_t *l4 = reading_object(reading, flow, "l4");

	told->tcp = read_ports(reading, l4, "TCP", told);
	if (told->tcp)
		return IPPROTO_TCP;
	if (read_ports(reading, l4, "UDP", told))
		return IPPROTO_UDP;
	if (read_ports(reading, l4, "SCTP", told))
		return IPPROTO_SCTP;
	if (read_echo(reading, l4, "ICMPv4", ICMP_ECHO, ICMP_ECHO_REPLY, told))
		return IPPROTO_ICMP;
	if (read_echo(reading, l4, "ICMPv6", ICMPV6_ECHO, ICMPV6_ECHO_REPLY, told))
		return IPPROTO_ICMPV6;
	return 0;
}

/* The name of an enumeration's value; "" for one that has no name, as of another version. */
static const char *read_word(struct reading *reading, const json_t *tree, const char *name)
{
	return json_is_integer(reading_member(tree, name)) ? "" : reading_text(reading, tree, name);
}

static void read_reply(struct reading *reading, const json_t *flow, struct packet_told *told)
{
	if (told->has_reply)
		return;
	if (reading_member(flow, "is_reply")) {
		told->has_reply = true;
		told->is_reply = reading_boolean(reading, flow, "is_reply");
	} else if (reading_boolean(reading, flow, "reply") || (told->syn && told->ack)) {
		told->has_reply = true;
		told->is_reply = true;
	} else if (told->destination_service != told->source_service) {
		told->has_reply = true;
		told->is_reply = told->source_service;
	} else {
		told->has_reply = told->syn;
	}
}

static void read_direction(struct reading *reading, const json_t *flow, struct packet_told *told)
{
	const char *direction = read_word(reading, flow, "traffic_direction");
	bool client_is_here = strcmp(direction, "EGRESS") == 0;

	read_reply(reading, flow, told);
	if (told->source.here || told->destination.here || !told->has_reply ||
	    (!client_is_here && strcmp(direction, "INGRESS") != 0))
		return;
	if (client_is_here != told->is_reply)
		told->source.here = *told->source.name;
	else
		told->destination.here = *told->destination.name;
}

static void read_l7(struct reading *reading, const json_t *flow, struct packet_told *told)
{
	const json_t *l7 = reading_object(reading, flow, "l7");
	const char *type = read_word(reading, l7, "type");

	told->l7 = l7 || strcmp(read_word(reading, flow, "Type"), "L7") == 0;
	if (told->l7 && !reading_member(flow, "is_reply")) {
		told->has_reply = true;
		told->is_reply = strcmp(type, "RESPONSE") == 0;
	}
}

static void read_told(struct reading *reading, const json_t *flow, struct packet_told *told)
{
	const json_t *ip = reading_object(reading, flow, "IP");

	read_end(reading, flow, "source", &told->source, &told->health);
	read_end(reading, flow, "destination", &told->destination, &told->health);
	told->source.address = reading_address(reading, ip, "source");
	told->destination.address = reading_address(reading, ip, "destination");
	told->source_xlated = reading_address(reading, ip, "source_xlated");
	told->source_service =
	    reading_object(reading, flow, "source_service") && !*told->source.name;
	told->destination_service =
	    reading_object(reading, flow, "destination_service") && !*told->destination.name;
	told->verdict = read_word(reading, flow, "verdict");
	told->point = read_word(reading, flow, "trace_observation_point");
	told->seen_new = strcmp(read_word(reading, flow, "trace_reason"), "NEW") == 0;
	told->drop_reason = read_word(reading, flow, "drop_reason_desc");
	told->drop_number = reading_integer(reading, flow, "drop_reason", UINT32_MAX);
	told->event = reading_integer(reading, reading_object(reading, flow, "event_type"), "type",
				      INT32_MAX);
	read_l7(reading, flow, told);
	read_direction(reading, flow, told);
}

/* ---- what it proves ---- */

/* By policies and by the rules of services, as flow.proto numbers and names them. */
static bool is_dropped_by_rule(const struct packet_told *told)
{
	static const struct {
		int64_t number;
		const char *name;
	} reasons[] = {
	    {133, "POLICY_DENIED"}, {158, "SERVICE_BACKEND_NOT_FOUND"},
	    {181, "POLICY_DENY"},   {177, "DENIED_BY_LB_SRC_RANGE_CHECK"},
	    {189, "AUTH_REQUIRED"},
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (told->drop_number == reasons[i].number ||
		    strcmp(told->drop_reason, reasons[i].name) == 0)
			return true;
	return told->event == EVENT_POLICY_VERDICT;
}

/* A packet that the node took for the first of its connection. Connection tracking that was emptied
 * takes any packet of TCP for one, also an answer: there only a SYN is proof. */
static unsigned sign_of_first(const struct packet_told *told)
{
	return !told->tcp || told->syn ? SIGN_BEGUN : 0u;
}

static unsigned sign_of_beginning(const struct packet_told *told)
{
	return told->syn || told->seen_new ? sign_of_first(told) : 0u;
}

static unsigned signs_of_reply(const struct packet_told *told)
{
	if (told->rst)
		return SIGN_REFUSED | SIGN_RESET | SIGN_CLOSED | SIGN_PASSED;
	return SIGN_ANSWERED | SIGN_PASSED | sign_of_beginning(told) |
	       (told->fin ? SIGN_CLOSED : 0u);
}

static unsigned signs_of_request(const struct packet_told *told)
{
	unsigned signs = sign_of_beginning(told);

	if (strcmp(told->verdict, "FORWARDED") == 0 && !starts_with(told->point, "FROM_"))
		signs |= SIGN_PASSED;
	if (told->ack && !told->syn && !told->rst)
		signs |= SIGN_ANSWERED;
	if (told->rst)
		signs |= SIGN_RESET;
	return signs | (told->fin || told->rst ? SIGN_CLOSED : 0u);
}

static unsigned signs_of(const struct packet_told *told)
{
	bool reply = told->has_reply && told->is_reply;

	if (told->l7)
		return SIGN_BEGUN | SIGN_PASSED | (reply ? SIGN_ANSWERED : 0u);
	if (strcmp(told->verdict, "DROPPED") == 0)
		return is_dropped_by_rule(told) ? SIGN_DENIED | sign_of_first(told)
						: (told->syn ? SIGN_BEGUN : 0u);
	if (told->event == EVENT_POLICY_VERDICT)
		return sign_of_first(told);
	return reply ? signs_of_reply(told) : signs_of_request(told);
}

/* Static text; NULL: it is of a connection. */
static const char *why_left_out(const struct packet_told *told, uint8_t protocol,
				const char *flow_type)
{
	bool has_port =
	    protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
	uint16_t port = told->is_reply ? told->source.port : told->destination.port;

	if (strcmp(flow_type, "SOCK") == 0)
		return "translations of addresses in a socket";
	if (!addr_is_set(told->source.address) || !addr_is_set(told->destination.address))
		return "flows without addresses";
	if (told->health)
		return "probes of Cilium's health check";
	if (protocol == 0)
		return "flows of other protocols than TCP, UDP, SCTP and ICMP echo";
	if (has_port && port == 0)
		return "flows without the port that was asked for";
	if (told->l7 && strcmp(told->verdict, "FORWARDED") != 0)
		return "requests that a rule of layer 7 dropped, of connections that were let "
		       "through";
	if (starts_with(told->point, "FROM_") &&
	    (strcmp(told->point, "FROM_ENDPOINT") != 0 || !told->syn || told->ack))
		return "flows that come again after translation and policy";
	if (strcmp(told->verdict, "DROPPED") == 0 && told->has_reply && told->is_reply)
		return "answers that were dropped";
	return NULL;
}

/* ---- lines ---- */

/* As a client and a server. */
static void turn(struct packet_told *told, struct sighting *sighting)
{
	bool reply = told->has_reply && told->is_reply;
	struct sighting_end *server = reply ? &told->source : &told->destination;

	sighting->to_service = reply ? told->source_service : told->destination_service;
	if (reply && addr_is_set(told->source_xlated)) {
		server->address = told->source_xlated;
		server->here = false;
		server->namespace = server->name = "";
		sighting->to_service = true;
	} else if (!reply && !addr_equal(told->source_xlated, told->source.address)) {
		sighting->translated = told->source_xlated;
	}
	sighting->from = reply ? told->destination : told->source;
	sighting->to = *server;
}

static void decode_flow(struct reading *reading, const json_t *flow, struct sighting *sighting)
{
	struct packet_told told = {.source = {.owner_kind = "", .owner_name = ""},
				   .destination = {.owner_kind = "", .owner_name = ""}};
	const char *flow_type = read_word(reading, flow, "Type");
	uint8_t protocol = read_protocol(reading, flow, &told);

	read_told(reading, flow, &told);
	sighting->left_out = why_left_out(&told, protocol, flow_type);
	sighting->health = told.health;
	if (reading->member || reading->error || sighting->left_out) {
		labels_clear(&told.source.labels);
		labels_clear(&told.destination.labels);
		return;
	}
	sighting->kind = SIGHTING_CONNECTION;
	sighting->protocol = protocol;
	sighting->has_port = protocol != IPPROTO_ICMP && protocol != IPPROTO_ICMPV6;
	sighting->signs = signs_of(&told);
	sighting->either_way = !told.has_reply && !(sighting->signs & SIGN_BEGUN);
	turn(&told, sighting);
}

static void decode_loss(struct reading *reading, const json_t *lost, struct sighting *sighting)
{
	static const struct {
		const char *source;
		const char *reason;
	} reasons[] = {
	    {"PERF_EVENT_RING_BUFFER", "Hubble lost events: Cilium's agent did not keep up"},
	    {"OBSERVER_EVENTS_QUEUE", "Hubble lost events: its queue was full"},
	    {"HUBBLE_RING_BUFFER",
	     "Hubble lost events: they were overwritten before they were read"},
	};
	const char *source = read_word(reading, lost, "source");

	sighting->kind = SIGHTING_LOSS;
	sighting->reason = "Hubble lost events";
	sighting->lost = reading_integer(reading, lost, "num_events_lost", INT64_MAX);
	if (sighting->lost == 0)
		sighting->lost = -1;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strcmp(reasons[i].source, source) == 0)
			sighting->reason = reasons[i].reason;
}

static void decode_nodes(struct reading *reading, const json_t *status, struct sighting *sighting)
{
	const char *state = read_word(reading, status, "state_change");
	const json_t *name;
	size_t i;

	sighting->nodes = reading_array(reading, status, "node_names");
	json_array_foreach(sighting->nodes, i, name)
	{
		if (!json_is_string(name) || json_string_length(name) > NODE_NAME_MAX)
			reading_expect(reading, "node_names", "an array of names");
	}
	sighting->kind = SIGHTING_NODES;
	sighting->reason = "Hubble's relay could not ask the node";
	sighting->gone = strcmp(state, "NODE_UNAVAILABLE") == 0 ||
			 strcmp(state, "NODE_GONE") == 0 || strcmp(state, "NODE_ERROR") == 0;
	if (!sighting->gone && strcmp(state, "NODE_CONNECTED") != 0)
		sighting->kind = SIGHTING_NOTHING;
}

static void decode_any(struct reading *reading, const json_t *tree, struct sighting *sighting)
{
	const json_t *flow = reading_object(reading, tree, "flow");
	const json_t *lost = reading_object(reading, tree, "lost_events");
	const json_t *status = reading_object(reading, tree, "node_status");
	const json_t *owner = flow ? flow : tree;

	if (flow)
		decode_flow(reading, flow, sighting);
	else if (lost)
		decode_loss(reading, lost, sighting);
	else if (status)
		decode_nodes(reading, status, sighting);
	else if (reading_member(tree, "verdict"))
		decode_flow(reading, tree, sighting);
	sighting->node = reading_name(reading, tree, "node_name");
	if (!*sighting->node)
		sighting->node = reading_name(reading, owner, "node_name");
	sighting->node =
	    *sighting->node ? sighting_node_name(sighting->node) : EVIDENCE_NODE_DEFAULT;
	if (sighting->kind != SIGHTING_NOTHING || sighting->left_out)
		sighting->time =
		    reading_time(reading, reading_member(owner, "time") ? owner : tree, "time");
}

int hubble_decode(const json_t *tree, struct sighting *ret, char reason[static 256])
{
	struct sighting sighting = {.recorder = RECORDER_HUBBLE};
	struct reading reading = {0};
	int r;

	decode_any(&reading, tree, &sighting);
	r = reading_result(&reading, reason);
	if (r == 0)
		*ret = sighting;
	else
		sighting_clear(&sighting);
	return r;
}
