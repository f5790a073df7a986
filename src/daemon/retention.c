#include "daemon/retention.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"

#define STEP (3600 * NSEC_PER_SEC)
#define HOLD (3600 * NSEC_PER_SEC)

static void hold(struct retention *retention, int64_t trusted, int64_t offset, int64_t monotonic)
{
	if (!retention->until)
		retention->trusted = trusted;
	retention->step = offset - retention->trusted;
	retention->until = monotonic + HOLD;
}

void retention_start(struct retention *retention, int64_t realtime, int64_t monotonic,
		     int64_t heartbeat_ms, int64_t retention_ms)
{
	int64_t heartbeat = heartbeat_ms * NSEC_PER_MSEC, limit = retention_ms / 2 * NSEC_PER_MSEC;

	*retention = (struct retention){.offset = realtime - monotonic};
	if (limit < STEP)
		limit = STEP;
	if (heartbeat_ms && realtime - heartbeat > limit)
		hold(retention, heartbeat - monotonic, retention->offset, monotonic);
}

bool retention_look(struct retention *retention, int64_t realtime, int64_t monotonic)
{
	int64_t offset = realtime - monotonic;

	if (offset - retention->offset > STEP)
		hold(retention, retention->offset, offset, monotonic);
	else if (monotonic >= retention->until || offset - retention->trusted <= STEP)
		retention->until = 0;
	retention->offset = offset;
	return !retention->until;
}

const char *retention_say(const struct retention *retention, char text[static RETENTION_TEXT_MAX])
{
	text[0] = '\0';
	if (retention->until)
		snprintf(text, RETENTION_TEXT_MAX,
			 "the clock is %" PRId64 " hours ahead of what was recorded last: nothing "
			 "is deleted for its age for an hour",
			 (retention->step + STEP / 2) / STEP);
	return text;
}
