#include "cli/because.h"

#include <errno.h>
#include <stdlib.h>

#include "cli/shape.h"

static const char *const direction_names[DIRECTIONS] = {
    [DIRECTION_EGRESS] = "egress", [DIRECTION_INGRESS] = "ingress"};
/* In the order in which a connection meets them. */
static const enum direction order[] = {DIRECTION_EGRESS, DIRECTION_INGRESS};

static int grow(struct because *because)
{
	size_t wanted = because->capacity ? because->capacity * 2 : 8;
	struct because_reason *grown;

	if (because->count < because->capacity)
		return 0;
	grown = reallocarray(because->items, wanted, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	because->items = grown;
	because->capacity = wanted;
	return 0;
}

static int take_ports(const struct because *because, const struct port_set *ports,
		      struct port_set *ret)
{
	int r = port_set_copy(ports, ret);

	return r == 0 && because->ports ? port_set_intersect(ret, because->ports) : r;
}

void because_add(void *context, enum direction direction, const struct netpol *policy,
		 const struct netpol_rule *rule, const struct port_set *ports, bool is_sure)
{
	struct because *because = context;
	struct because_reason reason = {
	    .direction = direction, .policy = policy, .rule = rule, .is_sure = is_sure};

	if (because->error == 0)
		because->error = grow(because);
	if (because->error == 0 && rule)
		because->error = take_ports(because, ports, &reason.ports);
	if (because->error < 0 || (rule && because->ports && reason.ports.count == 0))
		port_set_clear(&reason.ports);
	else
		because->items[because->count++] = reason;
}

void because_clear(struct because *because)
{
	for (size_t i = 0; i < because->count; i++)
		port_set_clear(&because->items[i].ports);
	free(because->items);
	*because = (struct because){.ports = because->ports};
}

/* ---- where it is written ---- */

static size_t rule_index(const struct because_reason *reason)
{
	return (size_t)(reason->rule - reason->policy->rules[reason->direction]);
}

static void put_rule(struct buf *buf, const struct because_reason *reason)
{
	buf_printf(buf, "spec.%s[%zu]", direction_names[reason->direction], rule_index(reason));
}

static unsigned line_of(const struct because_reason *reason)
{
	return reason->rule ? reason->rule->line : reason->policy->line;
}

/* ---- lines ---- */

void because_put_ports(struct buf *buf, const struct port_set *ports)
{
	char text[PORT_SET_RANGE_TEXT_MAX];

	if (port_set_is_all(ports)) {
		buf_puts(buf, "all");
		return;
	}
	for (size_t i = 0; i < ports->count; i++)
		buf_printf(buf, "%s%s", i > 0 ? ", " : "",
			   port_range_format(ports->items[i], text));
}

static size_t count_reasons(const struct because *because, enum direction direction, bool rules)
{
	size_t count = 0;

	for (size_t i = 0; i < because->count; i++)
		count += because->items[i].direction == direction &&
			 (because->items[i].rule != NULL) == rules;
	return count;
}

static void put_isolation(struct buf *buf, const struct because *because, enum direction direction)
{
	const char *separator = "";

	for (size_t i = 0; i < because->count; i++) {
		const struct because_reason *reason = &because->items[i];

		if (reason->direction != direction || reason->rule)
			continue;
		buf_printf(buf, "%s%s %s/%s (%s:%u)", separator,
			   reason->is_sure ? "isolated by" : "perhaps isolated by",
			   reason->policy->namespace, reason->policy->name, reason->policy->file,
			   line_of(reason));
		separator = ", ";
	}
	if (!*separator)
		buf_puts(buf, "no policy isolates it");
}

static void put_allowance(struct buf *buf, const struct because_reason *reason)
{
	buf_printf(buf, "%s/%s ", reason->policy->namespace, reason->policy->name);
	put_rule(buf, reason);
	buf_printf(buf, " (%s:%u) ", reason->policy->file, line_of(reason));
	if (reason->ports.count == 0) {
		buf_puts(buf, "names the other end, but no port that there is");
		return;
	}
	buf_puts(buf, reason->is_sure ? "allows " : "may allow ");
	because_put_ports(buf, &reason->ports);
}

static void put_side(struct buf *buf, const struct because *because, enum direction direction,
		     const char *text, const char *indent, const char *end)
{
	buf_printf(buf, "%s%s of %s: ", indent, direction_names[direction], text);
	put_isolation(buf, because, direction);
	buf_puts(buf, end);
	for (size_t i = 0; i < because->count; i++) {
		const struct because_reason *reason = &because->items[i];

		if (reason->direction != direction || !reason->rule)
			continue;
		buf_printf(buf, "%s%s", indent, indent);
		put_allowance(buf, reason);
		buf_puts(buf, end);
	}
	if (count_reasons(because, direction, false) > 0 &&
	    count_reasons(because, direction, true) == 0)
		buf_printf(buf, "%s%sno rule allows it%s", indent, indent, end);
}

void because_put_lines(struct buf *buf, const struct because *because,
		       const struct because_ends *ends, const char *indent, const char *end)
{
	for (size_t i = 0; i < DIRECTIONS; i++)
		if (ends->texts[order[i]])
			put_side(buf, because, order[i], ends->texts[order[i]], indent, end);
}

/* ---- JSON ---- */

json_t *because_ports_json(const struct port_set *ports)
{
	json_t *array = json_array();
	char text[PORT_SET_RANGE_TEXT_MAX];
	int r = 0;

	if (port_set_is_all(ports))
		r = shape_append(array, json_string("all"));
	else
		for (size_t i = 0; r == 0 && i < ports->count; i++)
			r = shape_append(array,
					 json_string(port_range_format(ports->items[i], text)));
	if (r == 0)
		return array;
	json_decref(array);
	return NULL;
}

static json_t *reason_json(const struct because_reason *reason)
{
	json_t *object = json_pack(
	    "{s:o, s:s, s:I, s:b}", "policy",
	    json_sprintf("%s/%s", reason->policy->namespace, reason->policy->name), "file",
	    reason->policy->file, "line", (json_int_t)line_of(reason), "certain", reason->is_sure);
	struct buf rule = {0};
	int r = object ? 0 : -ENOMEM;

	if (r == 0 && reason->rule) {
		put_rule(&rule, reason);
		r = shape_set(object, "rule", rule.error ? NULL : json_string(rule.data));
		if (r == 0)
			r = shape_set(object, "ports", because_ports_json(&reason->ports));
	}
	buf_clear(&rule);
	if (r == 0)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *reasons_json(const struct because *because, enum direction direction, bool rules)
{
	json_t *array = json_array();
	int r = 0;

	for (size_t i = 0; r == 0 && i < because->count; i++)
		if (because->items[i].direction == direction &&
		    (because->items[i].rule != NULL) == rules)
			r = shape_append(array, reason_json(&because->items[i]));
	if (r == 0)
		return array;
	json_decref(array);
	return NULL;
}

static json_t *side_json(const struct because *because, enum direction direction, const char *text)
{
	if (!text)
		return json_null();
	return json_pack("{s:o, s:o}", "isolated_by", reasons_json(because, direction, false),
			 "allowed_by", reasons_json(because, direction, true));
}

json_t *because_json(const struct because *because, const struct because_ends *ends)
{
	return json_pack("{s:o, s:o}", "egress",
			 side_json(because, DIRECTION_EGRESS, ends->texts[DIRECTION_EGRESS]),
			 "ingress",
			 side_json(because, DIRECTION_INGRESS, ends->texts[DIRECTION_INGRESS]));
}
