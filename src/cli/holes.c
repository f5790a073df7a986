#include "cli/holes.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "cli/dataplane.h"

struct gap_walk {
	struct session *session;
	size_t count;
};

static int warn_of_gap(void *context, const char *node, const struct gap *gap)
{
	struct gap_walk *walk = context;
	char from[CLOCK_TEXT_MAX], until[CLOCK_TEXT_MAX], subject[300], at_most[48] = "";

	walk->count++;
	snprintf(subject, sizeof(subject), "evidence of %s", node);
	if (gap->at_most >= 0)
		snprintf(at_most, sizeof(at_most), " (at most %" PRId64 ")", gap->at_most);
	problem_add(&walk->session->problems, PROBLEM_WARNING, subject,
		    "%s gap from %s to %s: %s%s", loss_source_name(gap->source),
		    clock_format(gap->from, from), clock_format(gap->until, until), gap->reason,
		    at_most);
	return 0;
}

int holes_warn(struct session *session, struct interval interval, struct holes *ret)
{
	struct gap_walk walk = {.session = session};
	struct dataplanes dataplanes = {0};
	int r = record_gaps(session->record, interval, warn_of_gap, &walk);

	if (r == 0)
		r = record_facts(session->record, dataplanes_take, &dataplanes);
	record_end(session->record);
	dataplanes_warn(&session->problems, &dataplanes, interval, session->graph);
	ret->gaps = walk.count;
	ret->invisible = !dataplanes_are_complete(&dataplanes, interval);
	ret->cilium = dataplanes_have_plugin(&dataplanes, "cilium");
	dataplanes_clear(&dataplanes);
	return r;
}
