#include "cli/import_gadget.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/evidence.h"
#include "cli/import_reading.h"

bool gadget_is(const json_t *tree)
{
	static const char *const members[] = {"k8s", "pktType", "operation", "saddr", "endpoint"};
	static const char *const types[] = {"normal", "debug",   "info",   "warn", "err",
					    "ready",  "connect", "accept", "close"};
	const char *type = json_string_value(json_object_get(tree, "type"));

	for (size_t i = 0; type && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (json_object_get(tree, members[i]))
			return true;
	return json_is_object(json_object_get(tree, "src")) &&
	       json_is_object(json_object_get(tree, "dst"));
}

/* The first of them that is there; "": none is. */
static const char *first_text(struct reading *reading, const json_t *tree, const char *first,
			      const char *second, const char *third)
{
	const char *const names[] = {first, second, third};

	for (size_t i = 0; i < 3; i++) {
		const char *text = names[i] ? reading_name(reading, tree, names[i]) : "";

		if (*text)
			return text;
	}
	return "";
}

static struct addr first_address(struct reading *reading, const json_t *tree, const char *first,
				 const char *second, const char *third)
{
	struct addr address = reading_address(reading, tree, first);

	if (!addr_is_set(address))
		address = reading_address(reading, tree, second);
	return addr_is_set(address) ? address : reading_address(reading, tree, third);
}

/* ---- the pod that the event is of ---- */

static void read_here(struct reading *reading, const json_t *tree, struct sighting *sighting,
		      struct sighting_end *end)
{
	const json_t *nested = reading_object(reading, tree, "k8s");
	const json_t *k8s = nested ? nested : tree;
	const json_t *owner = reading_object(reading, k8s, "owner");

	sighting->node = first_text(reading, k8s, "node", NULL, NULL);
	if (!*sighting->node)
		sighting->node = EVIDENCE_NODE_DEFAULT;
	end->namespace = reading_name(reading, k8s, "namespace");
	end->name = *end->namespace ? first_text(reading, k8s, "podName", "pod", NULL) : "";
	end->here = *end->name;
	end->node = reading_boolean(reading, k8s, "hostnetwork") ||
		    reading_boolean(reading, k8s, "hostNetwork");
	end->owner_kind = reading_name(reading, owner, "kind");
	end->owner_name = reading_name(reading, owner, "name");
	end->labelled =
	    reading_labels(reading, nested ? nested : tree, "podLabels", &end->labels) ||
	    (nested && reading_labels(reading, tree, "podLabels", &end->labels));
}

/* ---- the other end ---- */

static bool is_service(const char *kind)
{
	return strcmp(kind, "svc") == 0 || strcmp(kind, "service") == 0;
}

static void read_remote_pod(struct reading *reading, const json_t *tree, const char *labels,
			    struct sighting_end *end, const char *namespace, const char *name)
{
	end->namespace = namespace;
	end->name = *namespace ? name : "";
	end->labelled = *end->name && reading_labels(reading, tree, labels, &end->labels);
}

static void read_remote(struct reading *reading, const json_t *dst, struct sighting_end *end,
			bool *ret_service)
{
	const json_t *nested = reading_object(reading, dst, "k8s");
	const json_t *k8s = nested ? nested : dst;
	const char *kind = reading_text(reading, k8s, "kind");

	*ret_service = is_service(kind);
	if (strcmp(kind, "pod") == 0)
		read_remote_pod(reading, k8s, nested ? "labels" : "podlabels", end,
				reading_name(reading, k8s, "namespace"),
				first_text(reading, k8s, "name", "podname", NULL));
}

static void read_endpoint(struct reading *reading, const json_t *tree, const char *member,
			  const char *address, const char *port, struct sighting_end *end)
{
	const json_t *endpoint = reading_object(reading, tree, member);

	end->address =
	    reading_address(reading, endpoint ? endpoint : tree, endpoint ? "addr" : address);
	end->port = (uint16_t)reading_integer(reading, endpoint ? endpoint : tree,
					      endpoint ? "port" : port, UINT16_MAX);
	if (!addr_is_set(end->address))
		reading_expect(reading, endpoint ? "addr" : address, "an IPv4 or IPv6 address");
}

/* ---- TCP's own events ---- */

static unsigned signs_of_error(const char *error)
{
	static const char *const unreached[] = {"ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH"};

	if (strcmp(error, "ECONNREFUSED") == 0)
		return SIGN_BEGUN | SIGN_PASSED | SIGN_REFUSED | SIGN_CLOSED | SIGN_RESET;
	for (size_t i = 0; i < sizeof(unreached) / sizeof(unreached[0]); i++)
		if (strcmp(error, unreached[i]) == 0)
			return SIGN_BEGUN | SIGN_PASSED;
	return SIGN_BEGUN;
}

static unsigned signs_of_connect(struct reading *reading, const json_t *tree, bool established)
{
	const char *error = json_is_string(reading_member(tree, "error"))
				? reading_text(reading, tree, "error")
				: "";

	if (*error)
		return signs_of_error(error);
	if (established || reading_integer(reading, tree, "latency", INT64_MAX) > 0)
		return SIGN_BEGUN | SIGN_PASSED | SIGN_ANSWERED;
	return SIGN_BEGUN;
}

static void exchange(struct sighting *sighting)
{
	struct sighting_end end = sighting->from;

	sighting->from = sighting->to;
	sighting->to = end;
}

static void decode_operation(struct reading *reading, const json_t *tree, const char *operation,
			     struct sighting *sighting)
{
	if (strcmp(operation, "connect") == 0) {
		sighting->signs = signs_of_connect(reading, tree, true);
	} else if (!*operation) {
		sighting->signs = signs_of_connect(reading, tree, false);
	} else if (strcmp(operation, "accept") == 0) {
		sighting->signs = SIGN_BEGUN | SIGN_PASSED | SIGN_ANSWERED;
		sighting->to_service = false;
		exchange(sighting);
	} else if (strcmp(operation, "close") == 0) {
		sighting->signs = SIGN_CLOSED;
		sighting->either_way = true;
	} else if (strcmp(operation, "unknown") != 0) {
		reading_expect(reading, "type", "connect, accept or close");
	}
}

static void decode_tcp(struct reading *reading, const json_t *tree, const char *operation,
		       struct sighting *sighting)
{
	read_here(reading, tree, sighting, &sighting->from);
	read_endpoint(reading, tree, "src", "saddr", "sport", &sighting->from);
	read_endpoint(reading, tree, "dst", "daddr", "dport", &sighting->to);
	if (reading_object(reading, tree, "dst"))
		read_remote(reading, json_object_get(tree, "dst"), &sighting->to,
			    &sighting->to_service);
	sighting->protocol = IPPROTO_TCP;
	sighting->has_port = true;
	decode_operation(reading, tree, operation, sighting);
}

/* ---- the first packet of each ---- */

static void read_other(struct reading *reading, const json_t *tree, struct sighting *sighting)
{
	const json_t *dst = reading_object(reading, tree, "dst");
	const char *kind = reading_text(reading, tree, "remoteKind");
	struct sighting_end *end = &sighting->to;

	if (dst) {
		end->address = reading_address(reading, dst, "addr");
		read_remote(reading, dst, end, &sighting->to_service);
		return;
	}
	end->address = first_address(reading, tree, "addr", "ip", "remoteAddr");
	sighting->to_service = is_service(kind);
	if (strcmp(kind, "pod") == 0)
		read_remote_pod(
		    reading, tree,
		    reading_member(tree, "remoteLabels") ? "remoteLabels" : "remotePodLabels", end,
		    first_text(reading, tree, "remoteNamespace", "remotePodNamespace", NULL),
		    first_text(reading, tree, "remoteName", "remotePodName", NULL));
}

static void decode_packet(struct reading *reading, const json_t *tree, struct sighting *sighting)
{
	const char *direction = reading_text(reading, tree, "pktType");
	const char *protocol = reading_text(reading, tree, "proto");

	read_here(reading, tree, sighting, &sighting->from);
	sighting->from.address = reading_address(reading, tree, "podIP");
	read_other(reading, tree, sighting);
	if (!addr_is_set(sighting->from.address))
		reading_expect(reading, "podIP", "an IPv4 or IPv6 address");
	if (!addr_is_set(sighting->to.address))
		reading_expect(reading, "addr", "an IPv4 or IPv6 address");
	sighting->protocol = strcasecmp(protocol, "tcp") == 0 ? IPPROTO_TCP : IPPROTO_UDP;
	if (sighting->protocol == IPPROTO_UDP && strcasecmp(protocol, "udp") != 0)
		reading_expect(reading, "proto", "tcp or udp");
	sighting->has_port = true;
	sighting->signs = SIGN_BEGUN;
	if (strcmp(direction, "HOST") == 0) {
		sighting->signs |= SIGN_PASSED;
		sighting->to_service = false;
		exchange(sighting);
	} else if (strcmp(direction, "OUTGOING") != 0) {
		reading_expect(reading, "pktType", "OUTGOING or HOST");
	}
	sighting->to.port = (uint16_t)reading_integer(reading, tree, "port", UINT16_MAX);
}

/* A first packet at the server's door needs no answer if it is UDP; of a SYN it is not known. */
static void settle_packet(struct sighting *sighting)
{
	if (sighting->protocol == IPPROTO_TCP)
		sighting->signs &= ~(unsigned)SIGN_PASSED;
}

/* ---- lines ---- */

static void decode_message(struct reading *reading, const json_t *tree, struct sighting *sighting)
{
	const char *message = reading_text(reading, tree, "message");
	const char *lost = strstr(message, "lost ");
	struct sighting_end ignored = {0};
	char *end = NULL;

	read_here(reading, tree, sighting, &ignored);
	labels_clear(&ignored.labels);
	if (!lost)
		return;
	sighting->lost = strtol(lost + strlen("lost "), &end, 10);
	if (sighting->lost <= 0 || strncmp(end, " samples", strlen(" samples")) != 0)
		return;
	sighting->kind = SIGHTING_LOSS;
	sighting->reason = "Inspektor Gadget lost events: it did not keep up";
}

static const char *why_left_out(const struct sighting *sighting)
{
	if (addr_is_loopback(sighting->from.address) || addr_is_loopback(sighting->to.address))
		return "connections within a pod";
	if (sighting->to.port == 0)
		return "events without the port that was asked for";
	return NULL;
}

static void decode_event(struct reading *reading, const json_t *tree, const char *operation,
			 struct sighting *sighting)
{
	if (reading_member(tree, "pktType")) {
		decode_packet(reading, tree, sighting);
		settle_packet(sighting);
	} else if (reading_member(tree, "endpoint")) {
		sighting->node = EVIDENCE_NODE_DEFAULT;
		reading_expect(reading, "timestamp",
			       "events with a time: record with trace_tcp, as advise_networkpolicy "
			       "prints none");
	} else {
		decode_tcp(reading, tree, operation, sighting);
	}
	sighting->time = reading_time(reading, tree, "timestamp");
	sighting->left_out = why_left_out(sighting);
	if (sighting->left_out)
		sighting_clear(sighting);
	else
		sighting->kind = SIGHTING_CONNECTION;
}

static void decode_any(struct reading *reading, const json_t *tree, struct sighting *sighting)
{
	static const char *const messages[] = {"debug", "info", "warn", "err", "ready"};
	const char *type = reading_text(reading, tree, "type");

	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		if (strcmp(type, messages[i]) != 0)
			continue;
		decode_message(reading, tree, sighting);
		if (sighting->kind == SIGHTING_LOSS)
			sighting->time = reading_member(tree, "timestamp")
					     ? reading_time(reading, tree, "timestamp")
					     : 0;
		return;
	}
	if (!*type || strcmp(type, "normal") == 0)
		type = reading_text(reading, tree, "operation");
	decode_event(reading, tree, type, sighting);
}

int gadget_decode(const json_t *tree, struct sighting *ret, char reason[static 256])
{
	static const struct sighting_end nobody = {
	    .namespace = "", .name = "", .owner_kind = "", .owner_name = ""};
	struct sighting sighting = {
	    .recorder = RECORDER_GADGET, .from = nobody, .to = nobody, .node = ""};
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
