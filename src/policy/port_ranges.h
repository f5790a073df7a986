/* Ports that were used side by side, and those that were not; private to policy/. */
#ifndef NETPOL_POLICY_PORT_RANGES_H
#define NETPOL_POLICY_PORT_RANGES_H

#include "policy/policy.h"

/* More single ports and ranges than this of one peer are told of. */
#define PORTS_SCATTERED_MAX 64

/* Makes ranges of more than threshold consecutive ports of one protocol, which allow the same. The
 * rules' ports are single ones, each there once. */
void port_ranges_make(struct policy_rule *rules, size_t count, size_t threshold);
/* subject: "Deployment/api in shop". */
void port_ranges_report(const struct policy_rule *rules, size_t count, enum direction direction,
			const char *subject, struct problems *problems);

#endif
