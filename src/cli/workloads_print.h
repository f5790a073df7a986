/* The answer of `status --workloads`. */
#ifndef NETPOL_CLI_WORKLOADS_PRINT_H
#define NETPOL_CLI_WORKLOADS_PRINT_H

#include "cli/session.h"

/* Reads what it needs and prints the workloads that are asked for. After session_build(); ends the
 * record's snapshots. Negative errno of what was read. */
int workloads_print(struct session *session);

#endif
