#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/command.h"

void progress_begin(struct progress *progress, const char *what)
{
	*progress = (struct progress){
	    .what = what, .begun = clock_monotonic(), .visible = isatty(STDERR_FILENO)};
}

void progress_step(struct progress *progress)
{
	progress_steps(progress, 1);
}

void progress_steps(struct progress *progress, uint64_t count)
{
	int64_t now;

	progress->count += count;
	if (progress->count % 4096 >= count || !progress->visible)
		return;
	now = clock_monotonic();
	if (now - progress->begun < 2 * NSEC_PER_SEC || now - progress->shown < NSEC_PER_SEC / 4)
		return;
	progress->shown = now;
	fprintf(stderr, "\r" PROGRAM ": %" PRIu64 " %s", progress->count, progress->what);
}

void progress_end(struct progress *progress)
{
	if (progress->shown)
		fprintf(stderr, "\r\033[K");
}
