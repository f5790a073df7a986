/* What a run says of itself at its start: in the log, and as facts in the database. */
#ifndef NETPOL_DAEMON_ANNOUNCE_H
#define NETPOL_DAEMON_ANNOUNCE_H

#include "daemon/config.h"
#include "daemon/sysctl.h"
#include "daemon/taps.h"

/* What was granted, what was refused, and what that costs. */
void announce_start(const struct config *config, const struct sysctls *sysctls,
		    const struct taps_figures *taps);
/* The same as facts: sysctl.NAME, excluded.NAME, collector.NAME. -ENOMEM. */
int announce_facts(const struct config *config, const struct sysctls *sysctls,
		   const struct taps_figures *taps, struct batch *batch);
/* Why delivery is not reliable; the error of struct taps_figures. */
const char *announce_valve_problem(int error);

#endif
