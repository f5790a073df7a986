#include "cli/options.h"

#include <ctype.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "cli/command.h"

static const struct {
	enum format format;
	const char *name;
} formats[] = {{FORMAT_TABLE, "table"},
	       {FORMAT_JSON, "json"},
	       {FORMAT_JSONL, "jsonl"},
	       {FORMAT_YAML, "yaml"},
	       {FORMAT_CSV, "csv"}};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

enum {
	LONG_DB = 256,
	LONG_SINCE,
	LONG_UNTIL,
	LONG_WORKLOAD,
	LONG_NODE,
	LONG_INVENTORY,
	LONG_INTO,
	LONG_STRICT,
	LONG_UNKNOWN,
	LONG_WITH_GENERATED,
	LONG_DRIFT,
	LONG_FROM,
	LONG_TO,
	LONG_PORT,
	LONG_EXPLAIN,
	LONG_IPBLOCK_PODS,
	LONG_HOSTNETWORK,
	LONG_HISTORY,
	LONG_NEW_SINCE
};

/* Every option once: its spelling, who takes it (0: all), its help. */
static const struct entry {
	int value;
	char letter;
	const char *name;
	const char *argument; /* NULL: none */
	unsigned takes;
	const char *help;
} entries[] = {
    {LONG_DB, 0, "db", "FILE", 0,
     "the database to read; repeated, those of several nodes [$NETPOL_DB, else "
     "/var/lib/netpol/flows.db]"},
    {'o', 'o', "format", "FORMAT", 0, "how the answer is printed"},
    {LONG_SINCE, 0, "since", "T", TAKES_SINCE, "from T on: RFC 3339, or 30m, 24h, 7d ago"},
    {LONG_UNTIL, 0, "until", "T", TAKES_UNTIL, "before T"},
    {'n', 'n', "namespace", "NS", TAKES_NAMESPACE, "what has an end in this namespace"},
    {'A', 'A', "all-namespaces", NULL, TAKES_NAMESPACE, "all namespaces (the default)"},
    {LONG_WORKLOAD, 0, "workload", "KIND/NAME", TAKES_WORKLOAD,
     "what has this workload at an end; kubectl's short names too"},
    {LONG_NODE, 0, "node", "NAME", TAKES_NODE, "what this node recorded"},
    {LONG_INVENTORY, 0, "inventory", "FILE", TAKES_INVENTORY,
     "labels and owners: kubectl get pods,namespaces,services,endpointslices,nodes -A -o json (may "
     "be repeated; - is standard input)"},
    {LONG_INTO, 0, "into", "FILE", TAKES_INTO, "the database to make; it must not exist"},
    {'f', 'f', "filename", "PATH", TAKES_MANIFESTS,
     "manifests: a file, a directory, or - for standard input (may be repeated)"},
    {LONG_WITH_GENERATED, 0, "with-generated", NULL, TAKES_GENERATED,
     "together with the policies that `policy` makes of this record"},
    {LONG_UNKNOWN, 0, "unknown", "deny|allow", TAKES_UNKNOWN,
     "what cannot be decided counts as denied (default) or allowed"},
    {LONG_DRIFT, 0, "drift", NULL, TAKES_DRIFT,
     "only what first appeared in the interval and is not allowed, however it went"},
    {LONG_FROM, 0, "from", "END", TAKES_QUESTION,
     "only from NAMESPACE/NAME, NAMESPACE/NAME[KIND], an address or a prefix"},
    {LONG_TO, 0, "to", "END", TAKES_QUESTION, "only to it, likewise"},
    {LONG_PORT, 0, "port", "PORT", TAKES_QUESTION, "only on 80, TCP/80 or UDP/53-60"},
    {LONG_EXPLAIN, 0, "explain", NULL, TAKES_EXPLAIN, "name the rules that decide"},
    {LONG_HOSTNETWORK, 0, "hostnetwork", "pod|node", TAKES_PLUGIN,
     "what a pod with its node's network is to policies: a pod, or the node"},
    {LONG_IPBLOCK_PODS, 0, "ipblock-pods", NULL, TAKES_PLUGIN,
     "ipBlock selects pods by their addresses, as with some network plugins"},
    {LONG_HISTORY, 0, "history", NULL, TAKES_HISTORY,
     "weigh the differences by the connections of the record"},
    {LONG_NEW_SINCE, 0, "new-since", "T", TAKES_NEW_SINCE, "only what was first seen from T on"},
    {LONG_STRICT, 0, "strict", NULL, TAKES_STRICT, "end with 1 if there was any problem"},
    {'h', 'h', "help", NULL, 0, "print this and end"},
};
#define ENTRIES (sizeof(entries) / sizeof(entries[0]))

static bool takes(const struct command *command, const struct entry *entry)
{
	if (entry->value == LONG_DB && (command->takes & (TAKES_INTO | TAKES_NO_DB)))
		return false;
	if (entry->value == 'o' && command->formats == 0)
		return false;
	return entry->takes == 0 || (command->takes & entry->takes);
}

static void print_formats(const struct command *command, FILE *out)
{
	const char *separator = "";

	for (size_t i = 0; i < FORMATS; i++) {
		if (!(command->formats & formats[i].format))
			continue;
		fprintf(out, "%s%s%s", separator, formats[i].name,
			formats[i].format == command->format ? " (default)" : "");
		separator = ", ";
	}
}

static void print_entry(const struct command *command, const struct entry *entry, FILE *out)
{
	char spelling[64];

	snprintf(spelling, sizeof(spelling), "%c%c%s--%s%s%s", entry->letter ? '-' : ' ',
		 entry->letter ? entry->letter : ' ', entry->letter ? ", " : "  ", entry->name,
		 entry->argument ? " " : "", entry->argument ? entry->argument : "");
	fprintf(out, "  %-28s %s", spelling, entry->help);
	if (entry->value == 'o') {
		fputs(": ", out);
		print_formats(command, out);
	}
	fputc('\n', out);
}

void options_print_help(const struct command *command, FILE *out)
{
	fprintf(out, "Usage: %s %s [OPTION]...%s%s\n%s.\n\n%s\nOptions:\n", PROGRAM, command->name,
		command->operands[0] ? " " : "", command->operands, command->summary,
		command->details);
	for (size_t i = 0; i < ENTRIES; i++)
		if (takes(command, &entries[i]))
			print_entry(command, &entries[i], out);
}

const char *options_kind(const char *text)
{
	static const struct {
		const char *kind;
		const char *names; /* each between blanks, lower case */
	} kinds[] = {
	    {"Deployment", " deployment deployments deploy "},
	    {"StatefulSet", " statefulset statefulsets sts "},
	    {"DaemonSet", " daemonset daemonsets ds "},
	    {"ReplicaSet", " replicaset replicasets rs "},
	    {"ReplicationController", " replicationcontroller replicationcontrollers rc "},
	    {"Job", " job jobs "},
	    {"CronJob", " cronjob cronjobs cj "},
	    {"Pod", " pod pods po "},
	};
	char name[64];

	if (strlen(text) > 40 || strchr(text, ' '))
		return NULL;
	snprintf(name, sizeof(name), " %s ", text);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcasestr(kinds[i].names, name))
			return kinds[i].kind;
	return NULL;
}

static bool wrong(const struct command *command, const char *option, const char *given,
		  const char *expected)
{
	fprintf(stderr, "%s %s: --%s '%s': expected %s\n", PROGRAM, command->name, option, given,
		expected);
	return false;
}

static bool set_format(const struct command *command, const char *name, struct options *options)
{
	for (size_t i = 0; i < FORMATS; i++) {
		if (strcmp(formats[i].name, name) == 0 && (command->formats & formats[i].format)) {
			options->format = formats[i].format;
			return true;
		}
	}
	fprintf(stderr, "%s %s: --format '%s': expected one of ", PROGRAM, command->name, name);
	print_formats(command, stderr);
	fputc('\n', stderr);
	return false;
}

static bool set_time(const struct command *command, const char *option, const char *text,
		     int64_t *field)
{
	if (clock_parse_since(text, clock_msec(clock_now()), field) < 0)
		return wrong(
		    command, option, text,
		    "a moment such as 2026-01-31T12:00:00Z, or an age such as 30m, 24h, 7d");
	return true;
}

static bool set_path(const struct command *command, const char *option, const char *path,
		     const char **field)
{
	if (!*path)
		return wrong(command, option, path, "the name of a file");
	*field = path;
	return true;
}

static bool set_workload(const struct command *command, const char *text, struct options *options)
{
	static const char expected[] = "KIND/NAME, such as deploy/api";
	const char *slash = strchr(text, '/');
	const char *kind;
	char name[64];

	if (!slash || slash == text || slash[1] == '\0' || (size_t)(slash - text) >= sizeof(name))
		return wrong(command, "workload", text, expected);
	snprintf(name, sizeof(name), "%.*s", (int)(slash - text), text);
	kind = options_kind(name);
	free(options->workload_kind);
	free(options->workload_name);
	options->workload_kind = strdup(kind ? kind : name);
	options->workload_name = strdup(slash + 1);
	return options->workload_kind && options->workload_name;
}

static bool add_path(const char *path, const char ***paths, size_t *count)
{
	const char **grown = reallocarray(*paths, *count + 1, sizeof(*grown));

	if (!grown)
		return false;
	grown[(*count)++] = path;
	*paths = grown;
	return true;
}

static bool add_inventory(const char *path, struct options *options)
{
	bool added = add_path(path, &options->inventory_paths, &options->inventory_count);

	options->inventory = options->inventory_paths;
	return added;
}

static bool add_manifest(const char *path, struct options *options)
{
	bool added = add_path(path, &options->manifest_paths, &options->manifest_count);

	options->manifests = options->manifest_paths;
	return added;
}

bool options_add_db(struct options *options, const char *path)
{
	bool added = *path && add_path(path, &options->db_paths, &options->db_count);

	options->db = options->db_paths;
	return added;
}

/* The first or the second word. */
static bool set_choice(const struct command *command, const char *option, const char *given,
		       const char *first, const char *second, bool *ret_second)
{
	char expected[64];

	snprintf(expected, sizeof(expected), "%s or %s", first, second);
	*ret_second = strcmp(given, second) == 0;
	return *ret_second || strcmp(given, first) == 0 || wrong(command, option, given, expected);
}

static bool set_host_network(const struct command *command, const char *given,
			     struct options *options)
{
	bool node;

	if (!set_choice(command, "hostnetwork", given, "pod", "node", &node))
		return false;
	options->host_network = node ? HOST_NETWORK_NODE : HOST_NETWORK_POD;
	return true;
}

/* Options of the commands that evaluate policies. */
static bool set_of_policies(const struct command *command, int value, const char *argument,
			    struct options *options)
{
	switch (value) {
	case 'f':
		return add_manifest(argument, options);
	case LONG_UNKNOWN:
		return set_choice(command, "unknown", argument, "deny", "allow",
				  &options->allow_unknown);
	case LONG_HOSTNETWORK:
		return set_host_network(command, argument, options);
	case LONG_FROM:
		options->from = argument;
		return true;
	case LONG_TO:
		options->to = argument;
		return true;
	case LONG_PORT:
		options->port = argument;
		return true;
	case LONG_WITH_GENERATED:
		options->with_generated = true;
		return true;
	case LONG_DRIFT:
		options->drift = true;
		return true;
	case LONG_EXPLAIN:
		options->explain = true;
		return true;
	case LONG_IPBLOCK_PODS:
		options->ipblock_pods = true;
		return true;
	default:
		options->history = true;
		return true;
	}
}

static bool set(const struct command *command, int value, const char *argument,
		struct options *options)
{
	switch (value) {
	case LONG_DB:
		return options_add_db(options, argument) ||
		       wrong(command, "db", argument, "the name of a file");
	case 'o':
		return set_format(command, argument, options);
	case LONG_SINCE:
		return set_time(command, "since", argument, &options->interval.from);
	case LONG_UNTIL:
		return set_time(command, "until", argument, &options->interval.until);
	case 'n':
		options->namespace = argument;
		return true;
	case 'A':
		options->namespace = NULL;
		return true;
	case LONG_WORKLOAD:
		return set_workload(command, argument, options);
	case LONG_NODE:
		options->node = argument;
		return true;
	case LONG_INVENTORY:
		return add_inventory(argument, options);
	case LONG_INTO:
		return set_path(command, "into", argument, &options->into);
	case LONG_NEW_SINCE:
		return set_time(command, "new-since", argument, &options->new_since);
	case LONG_STRICT:
		options->strict = true;
		return true;
	default:
		return set_of_policies(command, value, argument, options);
	}
}

/* getopt's tables of what the command takes. */
static void make_tables(const struct command *command, struct option longs[static ENTRIES + 1],
			char letters[static 2 * ENTRIES + 3])
{
	size_t count = 0, length = 0;

	letters[length++] = ':';
	for (size_t i = 0; i < ENTRIES; i++) {
		const struct entry *entry = &entries[i];

		if (!takes(command, entry))
			continue;
		longs[count++] =
		    (struct option){entry->name, entry->argument ? required_argument : no_argument,
				    NULL, entry->value};
		if (!entry->letter)
			continue;
		letters[length++] = entry->letter;
		if (entry->argument)
			letters[length++] = ':';
	}
	longs[count] = (struct option){0};
	letters[length] = '\0';
}

static enum options_result check(const struct command *command, const struct options *options)
{
	if (options->file_count > 0 && !(command->takes & TAKES_FILES)) {
		fprintf(stderr, "%s %s: unexpected operand '%s'\n", PROGRAM, command->name,
			options->files[0]);
		return OPTIONS_WRONG;
	}
	if ((command->takes & TAKES_INTO) && !options->into) {
		fprintf(stderr, "%s %s: --into FILE is missing: the database to make\n", PROGRAM,
			command->name);
		return OPTIONS_WRONG;
	}
	if (options->interval.from >= options->interval.until) {
		fprintf(stderr, "%s %s: --since is not before --until\n", PROGRAM, command->name);
		return OPTIONS_WRONG;
	}
	return OPTIONS_RUN;
}

static enum options_result complain(const struct command *command, int value, char **argv)
{
	if (value == ':')
		fprintf(stderr, "%s %s: %s needs an argument\n", PROGRAM, command->name,
			argv[optind - 1]);
	else
		fprintf(stderr, "%s %s: unknown option '%s'; see %s %s --help\n", PROGRAM,
			command->name, argv[optind - 1], PROGRAM, command->name);
	return OPTIONS_WRONG;
}

enum options_result options_parse(const struct command *command, int argc, char **argv,
				  struct options *options)
{
	struct option longs[ENTRIES + 1];
	char letters[2 * ENTRIES + 3];
	int value;

	options->format = command->format;
	options->interval = (struct interval){INT64_MIN, INT64_MAX};
	options->new_since = INT64_MIN;
	make_tables(command, longs, letters);
	optind = 0; /* glibc: start afresh */
	while ((value = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (value == 'h') {
			options_print_help(command, stdout);
			return OPTIONS_DONE;
		}
		if (value == '?' || value == ':')
			return complain(command, value, argv);
		if (!set(command, value, optarg, options))
			return OPTIONS_WRONG;
	}
	if (options->db_count == 0 && options->db_default &&
	    !options_add_db(options, options->db_default))
		return OPTIONS_WRONG;
	options->files = argv + optind;
	options->file_count = (size_t)(argc - optind);
	return check(command, options);
}

void options_clear(struct options *options)
{
	free(options->workload_kind);
	free(options->workload_name);
	free(options->db_paths);
	free(options->inventory_paths);
	free(options->manifest_paths);
	*options = (struct options){0};
}
