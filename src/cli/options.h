/*
 * Options with one spelling everywhere: a command says which of them it takes, and its help is
 * printed from the same table.
 */
#ifndef NETPOL_CLI_OPTIONS_H
#define NETPOL_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "policy/kind.h"
#include "store/store.h"

/* Bits of command.takes. --db, --help and --version need none. */
enum {
	TAKES_SINCE = 1 << 0,
	TAKES_UNTIL = 1 << 1,
	TAKES_NAMESPACE = 1 << 2, /* -n and -A */
	TAKES_WORKLOAD = 1 << 3,
	TAKES_NODE = 1 << 4,
	TAKES_INVENTORY = 1 << 5,
	TAKES_INTO = 1 << 6,
	TAKES_STRICT = 1 << 7,
	TAKES_FILES = 1 << 8,     /* operands; without it there are none */
	TAKES_MANIFESTS = 1 << 9, /* -f */
	TAKES_NO_DB = 1 << 10,    /* not even --db */
	TAKES_UNKNOWN = 1 << 11,
	TAKES_GENERATED = 1 << 12, /* --with-generated */
	TAKES_DRIFT = 1 << 13,
	TAKES_QUESTION = 1 << 14, /* --from, --to, --port */
	TAKES_EXPLAIN = 1 << 15,
	TAKES_PLUGIN = 1 << 16, /* --ipblock-pods, --hostnetwork */
	TAKES_HISTORY = 1 << 17,
	TAKES_NEW_SINCE = 1 << 18,
	TAKES_COMPILE = 1 << 19,   /* what policies are made of */
	TAKES_KIND = 1 << 20,      /* how they are printed */
	TAKES_WORKLOADS = 1 << 21, /* --workloads */
	TAKES_FILTERS = TAKES_SINCE | TAKES_UNTIL | TAKES_NAMESPACE | TAKES_WORKLOAD | TAKES_NODE
};

enum format {
	FORMAT_TABLE = 1 << 0,
	FORMAT_JSON = 1 << 1,
	FORMAT_JSONL = 1 << 2,
	FORMAT_YAML = 1 << 3,
	FORMAT_CSV = 1 << 4
};

/* As the help of all commands says it. */
#define OPTIONS_EXIT_STATUS                                                                        \
	"Exit status: 0 done; 1 done, and the answer is no (with --strict: any problem);\n"        \
	"2 usage, input or output error; 3 database cannot be read.\n"

/* What a host-network pod is to policies: --hostnetwork. */
enum host_network { HOST_NETWORK_DEFAULT, HOST_NETWORK_POD, HOST_NETWORK_NODE };

struct command;

struct options {
	const char *db_default; /* what is read without any --db */
	const char *const *db;  /* db_count paths, at least one after options_parse() */
	size_t db_count;
	enum format format;
	struct interval interval;
	const char *namespace; /* NULL: all */
	char *workload_kind;   /* canonical, "Deployment"; NULL: all */
	char *workload_name;
	const char *node; /* NULL: all */
	const char *into;
	bool strict;
	const char *const *inventory; /* inventory_count paths */
	size_t inventory_count;
	char *const *files;
	size_t file_count;
	const char *const *manifests; /* manifest_count paths of -f */
	size_t manifest_count;
	bool allow_unknown; /* --unknown allow */
	bool with_generated;
	bool drift;
	const char *from, *to, *port; /* as written; NULL: any */
	bool explain;
	bool ipblock_pods;
	enum host_network host_network;
	bool history;
	int64_t new_since;          /* INT64_MIN: not asked */
	bool workloads;             /* --workloads */
	const char *compile_option; /* one of those below that was given, by name; NULL: none was */
	/* What policies are made of; filter and pointers are the command's to set. */
	struct policy_request request;
	const char *const *known_networks; /* known_network_count paths */
	size_t known_network_count;
	const char *const *ignored_labels; /* ignored_label_count keys */
	size_t ignored_label_count;
	const struct policy_kind *kind; /* NULL: the command prints no policies */
	struct kind_options kind_options;
	const char *output_dir; /* NULL: standard output */
	const char **db_paths;  /* owned, as the next */
	const char **inventory_paths;
	const char **manifest_paths;
	const char **known_network_paths;
	const char **ignored_label_keys;
	char *canary_key;
};

enum options_result { OPTIONS_RUN, OPTIONS_DONE, OPTIONS_WRONG };

/* argv[0] is the command's name. OPTIONS_DONE: help was printed; OPTIONS_WRONG: the reason was
 * printed to stderr. */
enum options_result options_parse(const struct command *command, int argc, char **argv,
				  struct options *options);
/* As one more --db, not "". False: no memory; it was printed to stderr. */
bool options_add_db(struct options *options, const char *path);
void options_clear(struct options *options);

/* "deploy", "Deployments", "deployment" → "Deployment"; NULL for what kubectl does not know either.
 */
const char *options_kind(const char *text);

#endif
