#include <config.h>

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"

#define DB_DEFAULT "/var/lib/netpol/flows.db"

static const struct command *const commands[] = {
    &command_status, &command_pods,   &command_flows, &command_edges, &command_denied,
    &command_policy, &command_verify, &command_reach, &command_diff,  &command_import,
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_help(FILE *out)
{
	fprintf(out,
		"Usage: %s [--db FILE]... COMMAND [OPTION]...\n"
		"Answers questions about the connections that netpold recorded.\n\nCommands:\n",
		PROGRAM);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	fprintf(out, "\nOptions:\n"
		     "      --db FILE   the database to read; repeated, those of several nodes\n"
		     "                  [$NETPOL_DB, else " DB_DEFAULT "]\n"
		     "  -h, --help      print this and end; each command has --help too\n"
		     "      --version   print the version and end\n"
		     "\n" OPTIONS_EXIT_STATUS);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static bool add_db(struct options *options, const char *path)
{
	if (*path)
		return options_add_db(options, path);
	fprintf(stderr, "%s: --db '%s': expected the name of a file\n", PROGRAM, path);
	return false;
}

/* One option before the command; true: go on. */
static bool parse_global(int argc, char **argv, int *at, struct options *options, int *ret)
{
	const char *option = argv[*at];

	*ret = EXIT_DONE;
	if (strcmp(option, "--help") == 0 || strcmp(option, "-h") == 0) {
		print_help(stdout);
		return false;
	}
	if (strcmp(option, "--version") == 0) {
		printf("%s %s\n", PROGRAM, PACKAGE_VERSION);
		return false;
	}
	*ret = EXIT_USAGE;
	if (strncmp(option, "--db=", 5) == 0)
		return add_db(options, option + 5);
	if (strcmp(option, "--db") == 0 && *at + 1 < argc)
		return add_db(options, argv[++*at]);
	if (strcmp(option, "--db") == 0)
		fprintf(stderr, "%s: --db needs an argument\n", PROGRAM);
	else
		fprintf(stderr, "%s: unknown option '%s'; see %s --help\n", PROGRAM, option,
			PROGRAM);
	return false;
}

/* Options before the command; returns the index of the command, or -1 with the exit status in *ret.
 */
static int parse_globals(int argc, char **argv, struct options *options, int *ret)
{
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++)
		if (!parse_global(argc, argv, &i, options, ret))
			return -1;
	if (i < argc)
		return i;
	print_help(stderr);
	*ret = EXIT_USAGE;
	return -1;
}

/* An answer that could not be written is none. What failed long ago, errno does not tell. */
static int finish(int status)
{
	const bool flushed = fflush(stdout) == 0;

	if ((flushed && !ferror(stdout)) || status >= EXIT_USAGE)
		return status;
	if (flushed)
		fputs(PROGRAM ": standard output: not all could be written\n", stderr);
	else
		perror(PROGRAM ": standard output");
	return EXIT_USAGE;
}

static int run(const struct command *command, int argc, char **argv, struct options *options)
{
	int status = EXIT_USAGE;

	switch (options_parse(command, argc, argv, options)) {
	case OPTIONS_RUN:
		status = command->run(options);
		break;
	case OPTIONS_DONE:
		status = EXIT_DONE;
		break;
	case OPTIONS_WRONG:
		break;
	}
	options_clear(options);
	return status;
}

int main(int argc, char **argv)
{
	const char *environment = getenv("NETPOL_DB");
	struct options options = {.db_default =
				      environment && environment[0] ? environment : DB_DEFAULT};
	const struct command *command;
	int status;
	int at = parse_globals(argc, argv, &options, &status);

	setlocale(LC_CTYPE, "");
	/* A service manager may have it ignored: a closed pipe would then be an error to talk
	 * about. */
	signal(SIGPIPE, SIG_DFL);
	if (at < 0) {
		options_clear(&options);
		return finish(status);
	}
	command = find_command(argv[at]);
	if (!command) {
		fprintf(stderr, "%s: unknown command '%s'; see %s --help\n", PROGRAM, argv[at],
			PROGRAM);
		options_clear(&options);
		return EXIT_USAGE;
	}
	return finish(run(command, argc - at, argv + at, &options));
}
