#include "daemon/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "base/log.h"
#include "daemon/announce.h"

void status_log_incidents(struct status *status, const struct writer_status *writer)
{
	bool held = writer->held[0] != '\0';

	if (writer->incidents != status->incidents)
		log_line(LOG_ERROR, "store", "%s", writer->incident);
	if (held != status->held)
		log_line(LOG_WARN, "store", "%s",
			 held ? writer->held : "what is too old is deleted again");
	status->incidents = writer->incidents;
	status->held = held;
}

static void log_writer(struct status *status, const struct writer_status *writer)
{
	if (writer->error == status->writer_error)
		return;
	if (writer->error)
		log_line(LOG_ERROR, "store",
			 "cannot write: %s (%s); trying again, connections are folded in memory "
			 "meanwhile",
			 writer->message, strerror(-writer->error));
	else
		log_line(LOG_NOTE, "store", "writing again");
	status->writer_error = writer->error;
}

static void log_delivery(struct status *status, const struct taps_figures *taps)
{
	if (taps->valve_error == status->valve_error)
		return;
	if (taps->valve_error)
		log_line(LOG_WARN, "conntrack",
			 "delivery of events is not reliable: %s; what a full buffer cannot take "
			 "is lost; trying again now and then",
			 announce_valve_problem(taps->valve_error));
	else
		log_line(LOG_NOTE, "conntrack", "delivery of events is reliable again");
	status->valve_error = taps->valve_error;
}

static void log_valve(struct status *status, const struct taps_figures *taps)
{
	if (taps->valves_lost == status->valves_lost)
		return;
	log_line(LOG_WARN, "conntrack",
		 "the process of the valve was ended by someone; delivery was not reliable until "
		 "another %s",
		 taps->valve_error ? "can be started" : "was started");
	status->valves_lost = taps->valves_lost;
}

void status_say(struct status *status, const struct status_figures *figures)
{
	const struct track_figures *track = &figures->track;
	const struct writer_status *writer = &figures->writer;
	char text[sizeof(status->text)];

	status_log_incidents(status, writer);
	log_writer(status, writer);
	log_valve(status, &figures->taps);
	log_delivery(status, &figures->taps);
	snprintf(text, sizeof(text),
		 "STATUS=%zu live connections, %zu pods; seen %" PRIu64 " new, %" PRIu64
		 " ended, %" PRIu64 " denied; lost at most %" PRIu64 " events, %" PRIu64
		 " packets; kept for later %" PRIu64 ", told again %" PRIu64 "; store %s%s%s",
		 track->live, figures->pods, track->created, track->destroyed, track->denied,
		 figures->taps.lost_events, figures->taps.lost_packets, figures->taps.late_events,
		 track->repeated, writer->error ? writer->message : "ok",
		 writer->held[0] ? "; " : "", writer->held);
	if (strcmp(text, status->text) == 0)
		return;
	memcpy(status->text, text, sizeof(text));
	sd_notify(0, text);
}
