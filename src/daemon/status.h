/* What a run says of itself while it runs: STATUS to the service manager, changes to the log, each
 * once. */
#ifndef NETPOL_DAEMON_STATUS_H
#define NETPOL_DAEMON_STATUS_H

#include "daemon/taps.h"
#include "daemon/writer.h"

/* As last said; start from {0}. */
struct status {
	char text[1024];
	uint64_t incidents;
	unsigned valves_lost;
	int valve_error;
	int writer_error;
	bool held;
};

struct status_figures {
	struct track_figures track;
	struct taps_figures taps;
	struct writer_status writer;
	size_t pods;
};

void status_say(struct status *status, const struct status_figures *figures);
/* Only what befell the database: for the end, when the rest is of no interest any more. */
void status_log_incidents(struct status *status, const struct writer_status *writer);

#endif
