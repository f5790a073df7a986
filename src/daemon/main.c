#include <config.h>

#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "daemon/collector.h"
#include "daemon/valve.h"
#include "kernel/feed.h"
#include "kernel/rules.h"

#define EXIT_USAGE 2

struct arguments {
	const char *config;
	const char *db;
	bool check_config;
	bool print_rules;
};

static void print_help(FILE *out)
{
	fputs("Usage: netpold [OPTION]...\n"
	      "Records the connections of this node, with the pods that they belong to.\n\n"
	      "Options:\n"
	      "      --config FILE   the configuration\n"
	      "                      [" CONFIG_PATH_DEFAULT " if it is there]\n"
	      "      --db FILE       the database, in place of the configuration's\n"
	      "      --check-config  say what is wrong with the configuration and end\n"
	      "      --print-rules   print the nftables rules, for manage_rules = no, and end\n"
	      "  -h, --help          print this and end\n"
	      "      --version       print the version and end\n\n"
	      "Stays in the foreground and logs to stderr. SIGHUP reads the configuration\n"
	      "again; SIGTERM writes everything and ends with 0.\n",
	      out);
}

/* -1: go on; otherwise the exit status. */
static int parse(int argc, char **argv, struct arguments *arguments)
{
	enum { OPTION_CONFIG = 1, OPTION_DB, OPTION_CHECK, OPTION_RULES, OPTION_VERSION };
	static const struct option options[] = {
	    {"config", required_argument, NULL, OPTION_CONFIG},
	    {"db", required_argument, NULL, OPTION_DB},
	    {"check-config", no_argument, NULL, OPTION_CHECK},
	    {"print-rules", no_argument, NULL, OPTION_RULES},
	    {"version", no_argument, NULL, OPTION_VERSION},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case OPTION_CONFIG:
			arguments->config = optarg;
			break;
		case OPTION_DB:
			arguments->db = optarg;
			break;
		case OPTION_CHECK:
			arguments->check_config = true;
			break;
		case OPTION_RULES:
			arguments->print_rules = true;
			break;
		case OPTION_VERSION:
			puts("netpold " PACKAGE_VERSION);
			return EXIT_SUCCESS;
		case 'h':
			print_help(stdout);
			return EXIT_SUCCESS;
		default:
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "netpold: unexpected operand '%s'; see netpold --help\n",
			argv[optind]);
		return EXIT_USAGE;
	}
	if (arguments->db && !*arguments->db) {
		fputs("netpold: --db '': expected the name of a file\n", stderr);
		return EXIT_USAGE;
	}
	return -1;
}

static int read_config(struct arguments *arguments, struct config *config)
{
	struct problems problems = {0};
	int r = config_defaults(config);

	if (!arguments->config && access(CONFIG_PATH_DEFAULT, F_OK) == 0)
		arguments->config = CONFIG_PATH_DEFAULT;
	if (r == 0 && arguments->config)
		r = config_read(arguments->config, config, &problems);
	if (r == 0 && arguments->db) {
		free(config->store.path);
		config->store.path = strdup(arguments->db);
		r = config->store.path ? 0 : -ENOMEM;
	}
	problems_print(&problems, "netpold", stderr);
	problems_clear(&problems);
	return r;
}

static int print_rules(const struct config *config)
{
	const struct rules_options options = {
	    .table = RULES_TABLE_DEFAULT,
	    .group = (uint16_t)config->log_new.group,
	    .queue_threshold = LOG_FEED_QUEUE_THRESHOLD,
	    .snaplen = LOG_FEED_COPY_RANGE,
	};
	struct buf text = {0};
	int r = rules_print(&options, &text);

	if (r == 0)
		fputs(text.data, stdout);
	buf_clear(&text);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* What was printed must have arrived. */
static int finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	perror("netpold: standard output");
	return EXIT_FAILURE;
}

/* What a storm needed goes back to the system when it is over: large blocks are mapped, always, and
 * the threads share one heap. */
static void keep_memory_small(void)
{
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	mallopt(M_ARENA_MAX, 1);
}

int main(int argc, char **argv)
{
	struct arguments arguments = {0};
	struct config config = {0};
	int status;

	if (argc > 0 && strcmp(argv[0], VALVE_PROGRAM) == 0)
		return valve_main(argc, argv);
	status = parse(argc, argv, &arguments);
	if (status >= 0)
		return finish(status);
	if (read_config(&arguments, &config) < 0) {
		config_clear(&config);
		return EXIT_USAGE;
	}
	if (arguments.check_config || arguments.print_rules) {
		status = arguments.print_rules ? print_rules(&config) : EXIT_SUCCESS;
		config_clear(&config);
		return finish(status);
	}
	keep_memory_small();
	return collector_run(
		   &(struct collector_options){.config_path = arguments.config, .db = arguments.db},
		   &config) < 0
		   ? EXIT_FAILURE
		   : EXIT_SUCCESS;
}
