#include "flow/flow.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const verdict_names[VERDICT_MAX + 1] = {
    [VERDICT_ANSWERED] = "answered", [VERDICT_ONE_WAY] = "one-way",
    [VERDICT_REFUSED] = "refused",   [VERDICT_UNANSWERED] = "unanswered",
    [VERDICT_DENIED] = "denied",     [VERDICT_UNKNOWN] = "unknown",
};

static const char *const loss_source_names[] = {
    [LOSS_CONNTRACK] = "conntrack", [LOSS_TABLE] = "table",   [LOSS_LOG] = "log",
    [LOSS_RULES] = "rules",         [LOSS_DAEMON] = "daemon", [LOSS_STORE] = "store",
    [LOSS_IDENTITY] = "identity",
};

static const struct {
	uint8_t number;
	const char *name;
} protocols[] = {
    {IPPROTO_TCP, "TCP"},   {IPPROTO_UDP, "UDP"},         {IPPROTO_SCTP, "SCTP"},
    {IPPROTO_ICMP, "ICMP"}, {IPPROTO_ICMPV6, "ICMPv6"},   {IPPROTO_IGMP, "IGMP"},
    {IPPROTO_DCCP, "DCCP"}, {IPPROTO_UDPLITE, "UDPLite"}, {IPPROTO_GRE, "GRE"},
    {IPPROTO_ESP, "ESP"},   {IPPROTO_AH, "AH"},
};

const char *verdict_name(enum verdict verdict)
{
	if (verdict < VERDICT_ANSWERED || verdict > VERDICT_MAX)
		return "invalid";
	return verdict_names[verdict];
}

int verdict_parse(const char *name, enum verdict *ret)
{
	for (unsigned i = VERDICT_ANSWERED; i <= VERDICT_MAX; i++) {
		if (strcmp(name, verdict_names[i]) == 0) {
			*ret = (enum verdict)i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *protocol_name(uint8_t protocol, char text[static 4])
{
	for (size_t i = 0; i < COUNT(protocols); i++) {
		if (protocols[i].number == protocol)
			return protocols[i].name;
	}
	snprintf(text, 4, "%u", (unsigned)protocol);
	return text;
}

static int protocol_number(const char *text, uint8_t *ret)
{
	size_t length = strspn(text, "0123456789");
	unsigned number = 0;

	if (length == 0 || length > 3 || text[length] != '\0' || (length > 1 && text[0] == '0'))
		return -EINVAL;
	for (size_t i = 0; i < length; i++)
		number = number * 10 + (unsigned)(text[i] - '0');
	if (number > UINT8_MAX)
		return -EINVAL;
	*ret = (uint8_t)number;
	return 0;
}

int protocol_parse(const char *name, uint8_t *ret)
{
	for (size_t i = 0; i < COUNT(protocols); i++) {
		if (strcasecmp(name, protocols[i].name) == 0) {
			*ret = protocols[i].number;
			return 0;
		}
	}
	return protocol_number(name, ret);
}

const char *loss_source_name(enum loss_source source)
{
	if ((size_t)source >= COUNT(loss_source_names))
		return "invalid";
	return loss_source_names[source];
}

int loss_source_parse(const char *name, enum loss_source *ret)
{
	for (size_t i = 0; i < COUNT(loss_source_names); i++) {
		if (strcmp(name, loss_source_names[i]) == 0) {
			*ret = (enum loss_source)i;
			return 0;
		}
	}
	return -EINVAL;
}

bool totals_are_zero(const struct totals *totals)
{
	static const struct totals zero;

	return memcmp(totals, &zero, sizeof(zero)) == 0;
}

void totals_add(struct totals *sum, const struct totals *more)
{
	sum->connections += more->connections;
	sum->closed += more->closed;
	sum->counted += more->counted;
	sum->packets_sent += more->packets_sent;
	sum->packets_received += more->packets_received;
	sum->bytes_sent += more->bytes_sent;
	sum->bytes_received += more->bytes_received;
	sum->timed_out += more->timed_out;
	sum->reset += more->reset;
	sum->evicted += more->evicted;
	sum->deleted += more->deleted;
	sum->vanished += more->vanished;
}

struct batch *batch_free(struct batch *batch)
{
	if (!batch)
		return NULL;
	for (size_t i = 0; i < batch->pod_count; i++)
		pod_clear(&batch->pods[i].pod);
	for (size_t i = 0; i < batch->fact_count; i++) {
		free(batch->facts[i].name);
		free(batch->facts[i].value);
	}
	for (size_t i = 0; i < batch->object_count; i++) {
		free(batch->objects[i].kind);
		free(batch->objects[i].namespace);
		free(batch->objects[i].name);
		free(batch->objects[i].uid);
		free(batch->objects[i].content);
	}
	free(batch->objects);
	free(batch->flows);
	free(batch->gaps);
	free(batch->pods);
	free(batch->forgotten);
	free(batch->checkpoints);
	free(batch->addresses);
	free(batch->facts);
	free(batch);
	return NULL;
}

bool batch_is_empty(const struct batch *batch)
{
	return batch->flow_count == 0 && batch->gap_count == 0 && batch->pod_count == 0 &&
	       batch->forgotten_count == 0 && batch->checkpoint_count == 0 &&
	       batch->address_count == 0 && batch->fact_count == 0 && batch->object_count == 0 &&
	       !batch->objects_complete;
}

int batch_add_fact(struct batch *batch, const char *name, const char *value)
{
	struct fact fact = {.name = strdup(name), .value = value ? strdup(value) : NULL};
	struct fact *facts = realloc(batch->facts, (batch->fact_count + 1) * sizeof(*facts));

	if (facts)
		batch->facts = facts;
	if (!facts || !fact.name || (value && !fact.value)) {
		free(fact.name);
		free(fact.value);
		return -ENOMEM;
	}
	batch->facts[batch->fact_count++] = fact;
	return 0;
}
