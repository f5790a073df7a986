/*
 * The daemon: sockets, timers and CNI watches in one loop, the writer in its own thread.
 *
 * Start in order: store and its lock, pods, subscription, kernel settings, rules, a dump of what is
 * open already. Stop in reverse: rules away, a last dump, everything counted, settings put back,
 * the last batch written.
 */
#ifndef NETPOL_DAEMON_COLLECTOR_H
#define NETPOL_DAEMON_COLLECTOR_H

#include "daemon/config.h"

struct collector_options {
	const char *config_path; /* read again on SIGHUP; NULL: built-in values */
	const char *db;          /* overrides the configuration; NULL: it does not */
};

/*
 * Runs until SIGTERM or SIGINT. The configuration is taken over. 0: everything was flushed;
 * negative errno: said why in the log.
 */
int collector_run(const struct collector_options *options, struct config *config);

#endif
