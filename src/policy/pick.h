/* Whether one of a rule's peers or ports picks a party: the parts of what the evaluator takes
 * together. Private to policy/. */
#ifndef NETPOL_POLICY_PICK_H
#define NETPOL_POLICY_PICK_H

#include "policy/evaluate.h"

/* Of a range some of which the peer picks: MAYBE. */
enum match pick_peer(const struct scene *scene, struct evaluator_options options,
		     const struct netpol *policy, const struct netpol_peer *peer,
		     const struct party *party);
/* number 0: of a protocol without ports. destination decides what a name is. */
enum match pick_port(const struct scene *scene, const struct netpol_port *port,
		     const struct party *destination, uint8_t protocol, uint16_t number);

#endif
