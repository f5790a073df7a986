#include "cli/rule_text.h"

#include <inttypes.h>

#include "flow/flow.h"

const char *rule_direction(enum direction direction)
{
	return direction == DIRECTION_INGRESS ? "ingress" : "egress";
}

void rule_put_path(struct buf *buf, const struct netpol *policy, enum direction direction,
		   const struct netpol_rule *rule)
{
	if (policy && rule)
		buf_printf(buf, "spec.%s[%zu]", rule_direction(direction),
			   (size_t)(rule - policy->rules[direction]));
}

static void put_requirement(struct buf *buf, const struct requirement *requirement)
{
	const enum requirement_operator kind = requirement->operator;
	const bool is_in = kind == REQUIREMENT_IN;

	if (kind == REQUIREMENT_DOES_NOT_EXIST)
		buf_puts(buf, "!");
	buf_puts(buf, requirement->key);
	if (requirement->value_count == 0)
		return;
	if (requirement->value_count == 1) {
		buf_printf(buf, "%s%s", is_in ? "=" : "!=", requirement->values[0]);
		return;
	}
	buf_puts(buf, is_in ? " in (" : " notin (");
	for (size_t i = 0; i < requirement->value_count; i++)
		buf_printf(buf, "%s%s", i > 0 ? ", " : "", requirement->values[i]);
	buf_puts(buf, ")");
}

static void put_selector(struct buf *buf, const struct label_selector *selector)
{
	if (selector->count == 0)
		buf_puts(buf, "all");
	for (size_t i = 0; i < selector->count; i++) {
		buf_puts(buf, i > 0 ? ", " : "");
		put_requirement(buf, &selector->items[i]);
	}
}

static void put_block(struct buf *buf, const struct netpol_peer *peer)
{
	char text[PREFIX_TEXT_MAX];

	buf_puts(buf, prefix_format(peer->block, text));
	for (size_t i = 0; i < peer->except_count; i++)
		buf_printf(buf, "%s%s", i > 0 ? ", " : " except ",
			   prefix_format(peer->except[i], text));
}

void rule_put_peer(struct buf *buf, const struct netpol_peer *peer)
{
	if (peer->has_block) {
		put_block(buf, peer);
		return;
	}
	if (peer->has_namespaces) {
		buf_puts(buf, "namespaces ");
		put_selector(buf, &peer->namespaces);
	}
	if (peer->has_pods) {
		buf_puts(buf, peer->has_namespaces ? ", pods " : "pods ");
		put_selector(buf, &peer->pods);
	}
}

void rule_put_port(struct buf *buf, const struct netpol_port *port)
{
	char number[4];

	buf_printf(buf, "%s ", protocol_name(port->protocol, number));
	if (port->name)
		buf_puts(buf, port->name);
	else if (port->first == port->last)
		buf_printf(buf, "%u", (unsigned)port->first);
	else
		buf_printf(buf, "%u-%u", (unsigned)port->first, (unsigned)port->last);
}
