/* A command of netpol-report: how it is called, what it takes, what it does. */
#ifndef NETPOL_CLI_COMMAND_H
#define NETPOL_CLI_COMMAND_H

#include "cli/options.h"

/* Exit statuses of netpol-report. */
enum { EXIT_DONE = 0, EXIT_NO = 1, EXIT_USAGE = 2, EXIT_DATABASE = 3 };

#define PROGRAM "netpol-report"

struct command {
	const char *name;
	const char *summary;  /* one line, for the list of commands */
	const char *operands; /* for the usage line, "" if there are none */
	const char *details;  /* what the answer means, in ASCII; wrapped when it is printed */
	unsigned takes;       /* TAKES_… */
	unsigned formats;     /* FORMAT_…, the lowest bit is not the default: see format */
	enum format format;   /* default */
	int (*run)(const struct options *options);
};

extern const struct command command_status;
extern const struct command command_pods;
extern const struct command command_flows;
extern const struct command command_edges;
extern const struct command command_denied;
extern const struct command command_policy;
extern const struct command command_verify;
extern const struct command command_reach;
extern const struct command command_diff;
extern const struct command command_import;

#endif
