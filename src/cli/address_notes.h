/* Addresses of the cluster that a question is for: they are asked as ones outside. */
#ifndef NETPOL_CLI_ADDRESS_NOTES_H
#define NETPOL_CLI_ADDRESS_NOTES_H

#include "cli/manifests.h"

/* One problem for each kind (pods, nodes, services) of which any has an address in the range;
 * subject is the range as it was written. */
void address_notes(struct session *session, const char *subject, struct addr_range range,
		   enum direction direction, const struct manifests *manifests);

#endif
