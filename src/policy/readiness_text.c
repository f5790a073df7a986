#include "policy/readiness.h"

#include <inttypes.h>

#include "base/clock.h"

const char *readiness_state_name(enum readiness_state state)
{
	static const char *const names[] = {[READINESS_LEARNING] = "learning",
					    [READINESS_SETTLING] = "settling",
					    [READINESS_READY] = "ready"};

	return names[state];
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static void put_time(const struct readiness *readiness, struct buf *buf)
{
	char since[CLOCK_TEXT_MAX], length[CLOCK_TEXT_MAX], missing[CLOCK_TEXT_MAX];

	if (readiness->since == INT64_MIN) {
		buf_puts(buf, "never observed");
		return;
	}
	buf_printf(buf, "observed since %s for %s", clock_format(readiness->since, since),
		   clock_format_duration(readiness->observed, length));
	if (readiness->gaps > 0)
		buf_printf(buf, " less %zu gap%s of %s", readiness->gaps, plural(readiness->gaps),
			   clock_format_duration(readiness->missing, missing));
}

/* A decimal point whatever the locale: in hundredths. */
static void put_hundredths(struct buf *buf, double value)
{
	const uint64_t hundredths = (uint64_t)(value * 100 + 0.5);

	buf_printf(buf, "%" PRIu64 ".%02" PRIu64, hundredths / 100, hundredths % 100);
}

/* Nothing of what rounds to none, as the first day tells no rate. */
static void put_rate(const struct readiness *readiness, struct buf *buf)
{
	if (readiness->observed <= READINESS_DAY || readiness->new_edges_per_day < 0.005)
		return;
	buf_puts(buf, ", ");
	put_hundredths(buf, readiness->new_edges_per_day);
	buf_puts(buf, " new a day");
}

void readiness_text(const struct readiness *readiness, struct buf *buf)
{
	buf_puts(buf, readiness_state_name(readiness->state));
	if (*readiness->reason)
		buf_printf(buf, " (%s)", readiness->reason);
	buf_puts(buf, ": ");
	put_time(readiness, buf);
	buf_printf(buf, "; %zu of %zu pod%s seen; %" PRId64 " connection%s on %zu edge%s",
		   readiness->pods_seen, readiness->pods_known, plural(readiness->pods_known),
		   readiness->connections, plural((size_t)readiness->connections), readiness->edges,
		   plural(readiness->edges));
	if (readiness->connections == 0)
		return;
	buf_printf(buf, ", %zu new in the last day", readiness->new_edges);
	put_rate(readiness, buf);
	buf_puts(buf, "; about ");
	put_hundredths(buf, 100 * readiness->unseen);
	buf_puts(buf, " % unseen");
}
