#include "policy/port_ranges.h"

#include <stdlib.h>

#include "base/buf.h"
#include "policy/kind_common.h"
#include "policy/order.h"

static int compare_by_protocol(const void *a, const void *b)
{
	const struct policy_port *x = a, *y = b;
	int r = order_numbers(x->protocol, y->protocol);

	return r ? r : order_numbers(x->port, y->port);
}

static int compare_ports(const void *a, const void *b)
{
	return order_ports(a, b);
}

static void make_ranges(struct policy_rule *rule, size_t threshold)
{
	struct policy_port *ports = rule->ports;
	size_t kept = 0;

	if (rule->port_count <= threshold)
		return;
	qsort(ports, rule->port_count, sizeof(*ports), compare_by_protocol);
	for (size_t i = 0, end; i < rule->port_count; i = end) {
		for (end = i + 1; end < rule->port_count; end++)
			if (ports[end].protocol != ports[i].protocol ||
			    ports[end].port != ports[end - 1].port + 1)
				break;
		if (end - i > threshold && end - i > 1) {
			ports[i].end_port = ports[end - 1].port;
			ports[kept++] = ports[i];
			continue;
		}
		for (size_t j = i; j < end; j++)
			ports[kept++] = ports[j];
	}
	rule->port_count = kept;
	qsort(ports, kept, sizeof(*ports), compare_ports);
}

void port_ranges_make(struct policy_rule *rules, size_t count, size_t threshold)
{
	for (size_t i = 0; i < count; i++)
		make_ranges(&rules[i], threshold);
}

/* Ports are sorted; a range may end anywhere. */
static uint16_t last_port(const struct policy_rule *rule)
{
	uint16_t last = 0;

	for (size_t i = 0; i < rule->port_count; i++) {
		const struct policy_port *port = &rule->ports[i];
		uint16_t end = port->end_port ? port->end_port : port->port;

		last = end > last ? end : last;
	}
	return last;
}

static void report(const struct policy_rule *rule, enum direction direction, const char *subject,
		   struct problems *problems)
{
	struct buf peer = {0};

	kind_put_peer(&peer, rule->peers);
	if (rule->peer_count > 1)
		buf_printf(&peer, " and %zu more", rule->peer_count - 1);
	if (!peer.error)
		problem_add(problems, PROBLEM_WARNING, subject,
			    "%s %s is at %zu scattered ports from %u to %u; if it may use any port "
			    "between, say so in a policy of your own",
			    direction == DIRECTION_INGRESS ? "ingress from" : "egress to",
			    peer.data, rule->port_count, rule->ports->port, last_port(rule));
	buf_clear(&peer);
}

void port_ranges_report(const struct policy_rule *rules, size_t count, enum direction direction,
			const char *subject, struct problems *problems)
{
	for (size_t i = 0; i < count; i++)
		if (rules[i].port_count > PORTS_SCATTERED_MAX)
			report(&rules[i], direction, subject, problems);
}
