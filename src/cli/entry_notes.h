/* Clients from outside whose addresses a policy cannot know, because they came in by another node.
 */
#ifndef NETPOL_CLI_ENTRY_NOTES_H
#define NETPOL_CLI_ENTRY_NOTES_H

#include "cli/session.h"

/*
 * A warning for each workload that was reached from a node, through a service that is open on all
 * nodes and hides its clients (externalTrafficPolicy Cluster), where the filters let it through.
 */
void entry_note(struct session *session);

#endif
