/* Why something is allowed, or not, in words: --explain. */
#ifndef NETPOL_CLI_BECAUSE_H
#define NETPOL_CLI_BECAUSE_H

#include <jansson.h>

#include "base/buf.h"
#include "policy/evaluate.h"
#include "policy/port_set.h"

/* One policy that isolates (rule NULL), or one rule that names the other end. */
struct because_reason {
	enum direction direction;
	const struct netpol *policy;
	const struct netpol_rule *rule;
	struct port_set ports; /* of the rule, and asked for */
	bool is_sure;
};

/* Start from {0}; clear before the next pair. */
struct because {
	struct because_reason *items;
	size_t count;
	size_t capacity;
	const struct port_set *ports; /* rules for none of these are left out; NULL: all count */
	int error;
};

/* An evaluator_reason_fn; context is a struct because. */
void because_add(void *context, enum direction direction, const struct netpol *policy,
		 const struct netpol_rule *rule, const struct port_set *ports, bool is_sure);
void because_clear(struct because *because);

/* Who the ends are, or NULL for one that no policy can be for. */
struct because_ends {
	const char *texts[DIRECTIONS]; /* EGRESS: the source, INGRESS: the destination */
};

/* One line for each thing that is said, indented by depth and ended by end. */
void because_put_lines(struct buf *buf, const struct because *because,
		       const struct because_ends *ends, const char *indent, const char *end);
/* {"egress":SIDE|null,"ingress":SIDE|null}; SIDE is {"isolated_by":[…],"allowed_by":[…]}. NULL: no
 * memory. */
json_t *because_json(const struct because *because, const struct because_ends *ends);
/* ["TCP 80"], ["all"]. NULL: no memory. */
json_t *because_ports_json(const struct port_set *ports);
/* "TCP 80, UDP 53-60", "all". */
void because_put_ports(struct buf *buf, const struct port_set *ports);

#endif
