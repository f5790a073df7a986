/* Policies, their rules, peers and ports in few words, for tables and JSON. */
#ifndef NETPOL_CLI_RULE_TEXT_H
#define NETPOL_CLI_RULE_TEXT_H

#include "base/buf.h"
#include "policy/manifest.h"

/* "ingress", "egress". */
const char *rule_direction(enum direction direction);
/* "spec.ingress[0]": the rule's place in the policy; nothing without a rule. */
void rule_put_path(struct buf *buf, const struct netpol *policy, enum direction direction,
		   const struct netpol_rule *rule);
/* "10.0.0.0/8 except 10.1.0.0/16", "pods app=web, tier in (a, b), !old", "namespaces team=a, pods
 * all". */
void rule_put_peer(struct buf *buf, const struct netpol_peer *peer);
/* "TCP 80", "UDP 53-60", "TCP http". */
void rule_put_port(struct buf *buf, const struct netpol_port *port);

#endif
