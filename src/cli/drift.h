/* `verify --drift`: what is new and not allowed. */
#ifndef NETPOL_CLI_DRIFT_H
#define NETPOL_CLI_DRIFT_H

#include "cli/verify_print.h"

/* Is the edge asked for? */
bool drift_wants(const void *session, const struct graph_edge *edge);
/*
 * Prints each edge that began in or after since and is not allowed, once, whichever nodes recorded
 * it; nothing where there is none, so that a timer that mails is quiet. The graph is of all the
 * time before since, too. Sets passed. Negative errno.
 */
int drift_print(struct verification *verification, int64_t since);

#endif
