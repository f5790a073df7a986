/* A line on stderr for what takes more than two seconds, only on a terminal. */
#ifndef NETPOL_CLI_PROGRESS_H
#define NETPOL_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what; /* "lines read" */
	uint64_t count;
	int64_t begun;
	int64_t shown;
	bool visible;
};

void progress_begin(struct progress *progress, const char *what);
/* Cheap: looks at the clock every 4096 steps. */
void progress_step(struct progress *progress);
void progress_steps(struct progress *progress, uint64_t count);
/* Takes the line away. */
void progress_end(struct progress *progress);

#endif
