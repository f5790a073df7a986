#include "cli/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/clock.h"
#include "cli/command.h"
#include "cli/wrap.h"

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
	LONG_NEW_SINCE,
	LONG_WORKLOADS,
	LONG_FOR,
	LONG_API_VERSION,
	LONG_EXPLAIN_HOW,
	LONG_CANARY,
	LONG_OUTPUT_DIR,
	LONG_DIRECTION,
	LONG_EXACT,
	LONG_INCLUDE,
	LONG_MIN_CONNECTIONS,
	LONG_READY_ONLY,
	LONG_SERVICE_PORTS,
	LONG_DEFAULT_DENY,
	LONG_RANGE_THRESHOLD,
	LONG_BLOCK_THRESHOLD,
	LONG_BLOCK_FLOOR,
	LONG_MAX_BLOCKS,
	LONG_EXTERNAL_INGRESS,
	LONG_KNOWN_NETWORKS,
	LONG_IGNORE_LABEL
};

/* The greatest of --min-connections and the thresholds. */
#define NUMBER_MAX 1000000000

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
     "what a pod with its node's network is to policies: a pod (default of reach and diff), or the "
     "node (of verify)"},
    {LONG_IPBLOCK_PODS, 0, "ipblock-pods", NULL, TAKES_PLUGIN,
     "ipBlock selects pods by their addresses, as with some network plugins"},
    {LONG_HISTORY, 0, "history", NULL, TAKES_HISTORY,
     "weigh the differences by the connections of the record"},
    {LONG_NEW_SINCE, 0, "new-since", "T", TAKES_NEW_SINCE, "only what was first seen from T on"},
    {LONG_WORKLOADS, 0, "workloads", NULL, TAKES_WORKLOADS,
     "how much is known of each workload, and whether a policy may be made of it"},
    {LONG_FOR, 0, "for", "KIND", TAKES_KIND, "the kind of object"},
    {LONG_API_VERSION, 0, "api-version", "VERSION", TAKES_KIND,
     "the version of its API, where there are several"},
    {LONG_EXPLAIN_HOW, 0, "explain", "none|comments|annotations", TAKES_KIND,
     "how the evidence is told: not, above each peer (YAML's default), or on each object"},
    {LONG_CANARY, 0, "canary", "KEY=VALUE", TAKES_KIND,
     "narrow every policy to the pods that have this label, too"},
    {LONG_OUTPUT_DIR, 0, "output-dir", "DIR", TAKES_KIND,
     "write a file for each policy and a kustomization.yaml"},
    {LONG_DIRECTION, 0, "direction", "both|ingress|egress", TAKES_COMPILE,
     "which directions the policies isolate [both]"},
    {LONG_EXACT, 0, "exact", NULL, TAKES_COMPILE,
     "allow nothing that was not seen: no blocks, no ranges, no resolvers that others ask"},
    {LONG_INCLUDE, 0, "include", "REASON", TAKES_COMPILE,
     "use what is left out for this reason, too (may be repeated)"},
    {LONG_MIN_CONNECTIONS, 0, "min-connections", "N", TAKES_COMPILE,
     "leave out what had fewer connections"},
    {LONG_READY_ONLY, 0, "ready-only", NULL, TAKES_COMPILE,
     "only workloads that are ready: see status --workloads"},
    {LONG_SERVICE_PORTS, 0, "service-ports", NULL, TAKES_COMPILE,
     "also the service's port and address, for plugins that check before translation"},
    {LONG_DEFAULT_DENY, 0, "default-deny", NULL, TAKES_COMPILE,
     "also a policy for each namespace that isolates all of its pods"},
    {LONG_RANGE_THRESHOLD, 0, "range-threshold", "N", TAKES_COMPILE,
     "make a range of more neighbouring ports than N [10]"},
    {LONG_BLOCK_THRESHOLD, 0, "block-threshold", "N", TAKES_COMPILE,
     "aggregate more addresses on a port than N [16]"},
    {LONG_BLOCK_FLOOR, 0, "block-floor", "BITS[,BITS]", TAKES_COMPILE,
     "to no shorter prefixes than these, of IPv4 and IPv6 [24,48]"},
    {LONG_MAX_BLOCKS, 0, "max-blocks", "N", TAKES_COMPILE,
     "withhold a direction that needs more blocks on a port than N [64]"},
    {LONG_EXTERNAL_INGRESS, 0, "external-ingress", "any|observed|learned-cidr", TAKES_COMPILE,
     "which clients may come from outside where some did [any]"},
    {LONG_KNOWN_NETWORKS, 0, "known-networks", "FILE", TAKES_COMPILE,
     "published ranges that stand for their addresses: a YAML list of {name, cidrs} (may be "
     "repeated)"},
    {LONG_IGNORE_LABEL, 0, "ignore-label", "KEY", TAKES_COMPILE,
     "select no pods by this label (may be repeated)"},
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

static void put_formats(const struct command *command, struct buf *buf)
{
	const char *separator = "";

	for (size_t i = 0; i < FORMATS; i++) {
		if (!(command->formats & formats[i].format))
			continue;
		buf_printf(buf, "%s%s%s", separator, formats[i].name,
			   formats[i].format == command->format ? " (default)" : "");
		separator = ", ";
	}
}

static void put_kinds(struct buf *buf)
{
	for (size_t i = 0; policy_kinds()[i]; i++)
		buf_printf(buf, "%s%s%s", i > 0 ? ", " : "", policy_kinds()[i]->name,
			   i == 0 ? " (default)" : "");
}

static void put_reasons(struct buf *buf)
{
	const char *separator = "";

	for (enum left_reason i = 0; i < LEFT_REASONS; i++) {
		if (!left_reason_can_be_included(i))
			continue;
		buf_printf(buf, "%s%s", separator, left_reason_name(i));
		separator = ", ";
	}
}

/* With the words that the option's argument may be, where a table has them. */
static void put_description(const struct command *command, const struct entry *entry,
			    struct buf *buf)
{
	buf_puts(buf, entry->help);
	if (entry->value == 'o') {
		buf_puts(buf, ": ");
		put_formats(command, buf);
	} else if (entry->value == LONG_FOR) {
		buf_puts(buf, ": ");
		put_kinds(buf);
	} else if (entry->value == LONG_INCLUDE) {
		buf_puts(buf, ": ");
		put_reasons(buf);
	}
}

static void print_entry(const struct command *command, const struct entry *entry, FILE *out)
{
	const int width = 25, indent = width + 4;
	struct buf description = {0};
	char spelling[64];
	int length;

	length =
	    snprintf(spelling, sizeof(spelling), "%c%c%s--%s%s%s", entry->letter ? '-' : ' ',
		     entry->letter ? entry->letter : ' ', entry->letter ? ", " : "  ", entry->name,
		     entry->argument ? " " : "", entry->argument ? entry->argument : "");
	if (length > width)
		fprintf(out, "  %s\n%*s", spelling, indent, "");
	else
		fprintf(out, "  %-*s", width + 2, spelling);
	put_description(command, entry, &description);
	wrap_put(out, (size_t)indent, description.error ? entry->help : description.data);
	buf_clear(&description);
}

static void print_help(const struct command *command, FILE *out)
{
	fprintf(out, "Usage: %s %s [OPTION]...%s%s\n%s.\n\n", PROGRAM, command->name,
		command->operands[0] ? " " : "", command->operands, command->summary);
	wrap_put(out, 0, command->details);
	fputs("\nOptions:\n", out);
	for (size_t i = 0; i < ENTRIES; i++)
		if (takes(command, &entries[i]))
			print_entry(command, &entries[i], out);
	fputs("\n" OPTIONS_EXIT_STATUS, out);
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

static bool lack_memory(void)
{
	fprintf(stderr, "%s: %s\n", PROGRAM, strerror(ENOMEM));
	return false;
}

static bool set_format(const struct command *command, const char *name, struct options *options)
{
	struct buf expected = {0};

	for (size_t i = 0; i < FORMATS; i++) {
		if (strcmp(formats[i].name, name) == 0 && (command->formats & formats[i].format)) {
			options->format = formats[i].format;
			return true;
		}
	}
	buf_puts(&expected, "one of ");
	put_formats(command, &expected);
	wrong(command, "format", name, expected.error ? "another word" : expected.data);
	buf_clear(&expected);
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

static bool set_name(const struct command *command, const char *option, const char *name,
		     const char **field)
{
	if (!*name)
		return wrong(command, option, name, "a name");
	*field = name;
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
	return (options->workload_kind && options->workload_name) || lack_memory();
}

static bool add_path(const char *path, const char ***paths, size_t *count)
{
	const char **grown = reallocarray(*paths, *count + 1, sizeof(*grown));

	if (!grown)
		return lack_memory();
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

static bool add_known_network(const char *path, struct options *options)
{
	bool added = add_path(path, &options->known_network_paths, &options->known_network_count);

	options->known_networks = options->known_network_paths;
	return added;
}

static bool add_ignored_label(const struct command *command, const char *key,
			      struct options *options)
{
	bool added;

	if (!label_is_valid(key, ""))
		return wrong(command, "ignore-label", key, "the key of a label");
	added = add_path(key, &options->ignored_label_keys, &options->ignored_label_count);
	options->ignored_labels = options->ignored_label_keys;
	return added;
}

bool options_add_db(struct options *options, const char *path)
{
	bool added = add_path(path, &options->db_paths, &options->db_count);

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

/* Up to end, which is the end of the text or a comma. */
static bool parse_number(const char *text, int64_t most, int64_t *ret, const char **ret_end)
{
	char *end;
	long long number;

	errno = 0;
	number = isdigit((unsigned char)*text) ? strtoll(text, &end, 10) : -1;
	if (number < 0 || errno || number > most || (*end && *end != ','))
		return false;
	*ret = number;
	*ret_end = end;
	return true;
}

static bool set_number(const struct command *command, const char *option, const char *text,
		       int64_t least, int64_t *ret)
{
	char expected[64];
	const char *end;

	snprintf(expected, sizeof(expected), "a number from %" PRId64 " to %d", least, NUMBER_MAX);
	if (!parse_number(text, NUMBER_MAX, ret, &end) || *end || *ret < least)
		return wrong(command, option, text, expected);
	return true;
}

static bool set_size(const struct command *command, const char *option, const char *text,
		     size_t *field)
{
	int64_t number;

	if (!set_number(command, option, text, 1, &number))
		return false;
	*field = (size_t)number;
	return true;
}

static bool set_floor(const struct command *command, const char *text, struct options *options)
{
	int64_t ipv4, ipv6 = options->request.block_floor[1];
	const char *end;

	if (!parse_number(text, 32, &ipv4, &end) ||
	    (*end && (!parse_number(end + 1, 128, &ipv6, &end) || *end)))
		return wrong(command, "block-floor", text,
			     "the bits of IPv4 prefixes, or of IPv4 and IPv6, such as 24,48");
	options->request.block_floor[0] = (uint8_t)ipv4;
	options->request.block_floor[1] = (uint8_t)ipv6;
	return true;
}

/* The index of the word in the list, which ends with NULL; -1, with what was expected. */
static int find_word(const struct command *command, const char *option, const char *given,
		     const char *const *words)
{
	struct buf expected = {0};
	int index = -1;

	for (int i = 0; words[i]; i++) {
		if (strcmp(words[i], given) == 0)
			index = i;
		buf_printf(&expected, "%s%s", i > 0 ? ", " : "one of ", words[i]);
	}
	if (index < 0)
		wrong(command, option, given, expected.error ? "another word" : expected.data);
	buf_clear(&expected);
	return index;
}

static bool set_directions(const struct command *command, const char *text, struct options *options)
{
	static const char *const words[] = {"both", "ingress", "egress", NULL};
	int word = find_word(command, "direction", text, words);

	options->request.directions[DIRECTION_INGRESS] = word != 2;
	options->request.directions[DIRECTION_EGRESS] = word != 1;
	return word >= 0;
}

static bool set_external_ingress(const struct command *command, const char *text,
				 struct options *options)
{
	static const char *const words[] = {"any", "observed", "learned-cidr", NULL};
	int word = find_word(command, "external-ingress", text, words);

	options->request.external_ingress = (enum external_ingress)word;
	return word >= 0;
}

static bool add_included(const struct command *command, const char *text, struct options *options)
{
	const char *words[LEFT_REASONS + 1];
	enum left_reason reasons[LEFT_REASONS];
	size_t count = 0;
	int word;

	for (enum left_reason i = 0; i < LEFT_REASONS; i++)
		if (left_reason_can_be_included(i)) {
			reasons[count] = i;
			words[count++] = left_reason_name(i);
		}
	words[count] = NULL;
	word = find_word(command, "include", text, words);
	if (word < 0)
		return false;
	options->request.include |= 1u << reasons[word];
	return true;
}

/* Options that say what policies are made of. */
static bool set_of_compiler(const struct command *command, int value, const char *argument,
			    struct options *options)
{
	struct policy_request *request = &options->request;

	switch (value) {
	case LONG_DIRECTION:
		return set_directions(command, argument, options);
	case LONG_EXACT:
		request->exact = true;
		return true;
	case LONG_INCLUDE:
		return add_included(command, argument, options);
	case LONG_MIN_CONNECTIONS:
		return set_number(command, "min-connections", argument, 0,
				  &request->min_connections);
	case LONG_READY_ONLY:
		request->ready_only = true;
		return true;
	case LONG_SERVICE_PORTS:
		request->service_ports = true;
		return true;
	case LONG_DEFAULT_DENY:
		request->default_deny = true;
		return true;
	case LONG_RANGE_THRESHOLD:
		return set_size(command, "range-threshold", argument, &request->range_threshold);
	case LONG_BLOCK_THRESHOLD:
		return set_size(command, "block-threshold", argument, &request->block_threshold);
	case LONG_BLOCK_FLOOR:
		return set_floor(command, argument, options);
	case LONG_MAX_BLOCKS:
		return set_size(command, "max-blocks", argument, &request->max_blocks);
	case LONG_EXTERNAL_INGRESS:
		return set_external_ingress(command, argument, options);
	case LONG_KNOWN_NETWORKS:
		return add_known_network(argument, options);
	default:
		return add_ignored_label(command, argument, options);
	}
}

static bool set_kind(const struct command *command, const char *text, struct options *options)
{
	const char *words[16];
	size_t count = 0;
	int word;

	for (; policy_kinds()[count] && count < 15; count++)
		words[count] = policy_kinds()[count]->name;
	words[count] = NULL;
	word = find_word(command, "for", text, words);
	if (word >= 0)
		options->kind = policy_kinds()[word];
	return word >= 0;
}

static bool set_explain(const struct command *command, const char *text, struct options *options)
{
	static const char *const words[] = {"none", "comments", "annotations", NULL};
	int word = find_word(command, "explain", text, words);

	options->kind_options.explain = (enum explain)word;
	return word >= 0;
}

static bool set_canary(const struct command *command, const char *text, struct options *options)
{
	const char *equals = strchr(text, '=');

	free(options->canary_key);
	options->canary_key = strndup(text, equals ? (size_t)(equals - text) : 0);
	if (!options->canary_key)
		return lack_memory();
	if (!equals || !label_is_valid(options->canary_key, equals + 1))
		return wrong(command, "canary", text, "a label, such as netpol=canary");
	options->kind_options.canary_key = options->canary_key;
	options->kind_options.canary_value = equals + 1;
	return true;
}

/* Options that say how policies are printed. */
static bool set_of_kind(const struct command *command, int value, const char *argument,
			struct options *options)
{
	switch (value) {
	case LONG_FOR:
		return set_kind(command, argument, options);
	case LONG_API_VERSION:
		options->kind_options.api_version = argument;
		return true;
	case LONG_EXPLAIN_HOW:
		return set_explain(command, argument, options);
	case LONG_CANARY:
		return set_canary(command, argument, options);
	default:
		return set_path(command, "output-dir", argument, &options->output_dir);
	}
}

static bool set(const struct command *command, int value, const char *argument,
		struct options *options)
{
	if (value >= LONG_FOR && value <= LONG_OUTPUT_DIR)
		return set_of_kind(command, value, argument, options);
	if (value >= LONG_DIRECTION)
		return set_of_compiler(command, value, argument, options);
	switch (value) {
	case LONG_DB:
		return *argument ? options_add_db(options, argument)
				 : wrong(command, "db", argument, "the name of a file");
	case 'o':
		return set_format(command, argument, options);
	case LONG_SINCE:
		return set_time(command, "since", argument, &options->interval.from);
	case LONG_UNTIL:
		return set_time(command, "until", argument, &options->interval.until);
	case 'n':
		return set_name(command, "namespace", argument, &options->namespace);
	case 'A':
		options->namespace = NULL;
		return true;
	case LONG_WORKLOAD:
		return set_workload(command, argument, options);
	case LONG_NODE:
		return set_name(command, "node", argument, &options->node);
	case LONG_INVENTORY:
		return add_inventory(argument, options);
	case LONG_INTO:
		return set_path(command, "into", argument, &options->into);
	case LONG_NEW_SINCE:
		return set_time(command, "new-since", argument, &options->new_since);
	case LONG_STRICT:
		options->strict = true;
		return true;
	case LONG_WORKLOADS:
		options->workloads = true;
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

/* With its group or without. */
static bool is_version(const char *api_version, const char *given)
{
	const char *slash = strrchr(api_version, '/');

	return strcmp(api_version, given) == 0 || (slash && strcmp(slash + 1, given) == 0);
}

/* The version in the kind's own spelling, and its default. */
static bool check_api_version(const struct command *command, struct options *options)
{
	const char *given = options->kind_options.api_version;

	for (const char *const *version = options->kind->api_versions; *version; version++) {
		if (given && !is_version(*version, given))
			continue;
		options->kind_options.api_version = *version;
		return true;
	}
	return find_word(command, "api-version", given, options->kind->api_versions) >= 0;
}

/* It can be read once. */
static bool check_standard_input(const struct command *command, const struct options *options)
{
	const struct {
		const char *option;
		const char *const *paths;
		size_t count;
	} takers[] = {{"-f", options->manifests, options->manifest_count},
		      {"--inventory", options->inventory, options->inventory_count},
		      {"--known-networks", options->known_networks, options->known_network_count}};
	const char *first = NULL;

	for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); i++)
		for (size_t j = 0; j < takers[i].count; j++) {
			if (strcmp(takers[i].paths[j], "-") != 0)
				continue;
			if (first) {
				fprintf(stderr, "%s %s: %s and %s cannot both be standard input\n",
					PROGRAM, command->name, first, takers[i].option);
				return false;
			}
			first = takers[i].option;
		}
	return true;
}

static enum options_result check(const struct command *command, struct options *options)
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
	if (!check_standard_input(command, options))
		return OPTIONS_WRONG;
	if (options->kind && !check_api_version(command, options))
		return OPTIONS_WRONG;
	return OPTIONS_RUN;
}

static bool has_value(const struct option *longs, int value)
{
	for (; longs->name; longs++)
		if (longs->val == value)
			return true;
	return false;
}

/* getopt tells a letter, which may stand among others, by optopt; an unknown word has none. */
static enum options_result complain(const struct command *command, int value,
				    const struct option *longs, char **argv)
{
	const char letter[] = {'-', (char)optopt, '\0'};
	const char *word = argv[optind - 1];

	if (value == ':')
		fprintf(stderr, "%s %s: %s needs an argument\n", PROGRAM, command->name,
			strncmp(word, "--", 2) == 0 ? word : letter);
	else if (has_value(longs, optopt))
		fprintf(stderr, "%s %s: %.*s takes no argument\n", PROGRAM, command->name,
			(int)strcspn(word, "="), word);
	else
		fprintf(stderr, "%s %s: unknown option '%s'; see %s %s --help\n", PROGRAM,
			command->name, optopt ? letter : word, PROGRAM, command->name);
	return OPTIONS_WRONG;
}

static void note_compile(int value, struct options *options)
{
	for (size_t i = 0; i < ENTRIES && !options->compile_option; i++)
		if (entries[i].value == value && entries[i].takes == TAKES_COMPILE)
			options->compile_option = entries[i].name;
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
	policy_request_init(&options->request);
	if (command->takes & TAKES_KIND) {
		options->kind = policy_kinds()[0];
		options->kind_options.explain = EXPLAIN_COMMENTS;
	}
	make_tables(command, longs, letters);
	optind = 0; /* glibc: start afresh */
	while ((value = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (value == 'h') {
			print_help(command, stdout);
			return OPTIONS_DONE;
		}
		if (value == '?' || value == ':')
			return complain(command, value, longs, argv);
		if (!set(command, value, optarg, options))
			return OPTIONS_WRONG;
		note_compile(value, options);
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
	free(options->known_network_paths);
	free(options->ignored_label_keys);
	free(options->canary_key);
	*options = (struct options){0};
}
