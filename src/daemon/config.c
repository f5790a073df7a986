#include "daemon/config.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

#define KEYS_MAX 32u
/* Debian's inih takes lines of 199 bytes, and calls what is longer the next one. */
#define LINE_MAX_BYTES 190u

static const char *const cni_results[] = {"/var/lib/cni/results", "/var/lib/cni/multus/results",
					  NULL};
static const char *const host_local[] = {"/var/lib/cni/networks", "/run/cni-ipam-state", NULL};
static const char *const kindnet[] = {"/var/lib/cni-kindnet/cni.db", NULL};
static const char *const aws_vpc_cni[] = {"/run/aws-node/ipam.json", NULL};
static const char *const cilium[] = {"/run/cilium/state", NULL};
#define SHIM "/io.containerd.runtime.v2.task/k8s.io"
#define SNAP "/var/snap/microk8s/common/run"
/* k3s and RKE2 share one place. */
static const char *const oci_bundles[] = {"/run/containerd" SHIM,
					  "/run/k3s/containerd" SHIM,
					  "/run/k0s/containerd" SHIM,
					  SNAP "/containerd" SHIM,
					  "/run/containers/storage/overlay-containers",
					  "/var/lib/containers/storage/overlay-containers",
					  NULL};
static const char *const cri_sockets[] = {"/run/containerd/containerd.sock",
					  "/run/crio/crio.sock",
					  "/run/cri-dockerd.sock",
					  "/run/k3s/containerd/containerd.sock",
					  "/run/k0s/containerd.sock",
					  SNAP "/containerd.sock",
					  NULL};

static void paths_clear(struct config_paths *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		free(paths->items[i]);
	paths->count = 0;
}

static bool paths_have(const struct config_paths *paths, const char *path)
{
	for (size_t i = 0; i < paths->count; i++)
		if (strcmp(paths->items[i], path) == 0)
			return true;
	return false;
}

static bool paths_add(struct config_paths *paths, const char *path)
{
	paths->items[paths->count] = strdup(path);
	if (!paths->items[paths->count])
		return false;
	paths->count++;
	return true;
}

static bool paths_default(struct config_paths *paths, const char *const *well_known)
{
	bool added = true;

	for (size_t i = 0; added && well_known[i]; i++)
		added = paths_add(paths, well_known[i]);
	return added;
}

static bool default_places(struct config *config)
{
	config->identity.inventory = strdup("");
	return config->identity.inventory &&
	       paths_default(&config->identity.cni_results, cni_results) &&
	       paths_default(&config->identity.host_local, host_local) &&
	       paths_default(&config->identity.kindnet, kindnet) &&
	       paths_default(&config->identity.aws_vpc_cni, aws_vpc_cni) &&
	       paths_default(&config->identity.cilium, cilium) &&
	       paths_default(&config->identity.oci_bundles, oci_bundles) &&
	       paths_default(&config->identity.cri_sockets, cri_sockets);
}

int config_defaults(struct config *ret)
{
	struct config config = {
	    .store = {.flow_window = 60 * MSEC_PER_SEC,
		      .commit_interval = MSEC_PER_SEC,
		      .retention = 30 * 24 * 3600 * MSEC_PER_SEC,
		      .max_size = INT64_C(4) << 30,
		      .max_edges = 1000000,
		      .wal_limit = INT64_C(256) << 20},
	    .conntrack = {.buffer_size = 32 << 20,
			  .dump_interval = 60 * MSEC_PER_SEC,
			  .undelivered_max = 2000},
	    .nftables = {.manage_rules = true},
	    .log_new = {.group = 4790},
	};
	char host[256] = "localhost";

	if (gethostname(host, sizeof(host) - 1) < 0 || host[0] == '\0')
		snprintf(host, sizeof(host), "localhost");
	config.store.path = strdup("/var/lib/netpol/flows.db");
	config.node.name = strdup(host);
	if (!config.store.path || !config.node.name || !default_places(&config)) {
		config_clear(&config);
		return -ENOMEM;
	}
	*ret = config;
	return 0;
}

void config_clear(struct config *config)
{
	free(config->store.path);
	free(config->node.name);
	free(config->identity.inventory);
	paths_clear(&config->identity.cni_results);
	paths_clear(&config->identity.host_local);
	paths_clear(&config->identity.kindnet);
	paths_clear(&config->identity.aws_vpc_cni);
	paths_clear(&config->identity.cilium);
	paths_clear(&config->identity.oci_bundles);
	paths_clear(&config->identity.cri_sockets);
	*config = (struct config){0};
}

/* ---- values: each setter answers with what was expected, or NULL if the value was taken ---- */

struct key {
	const char *section;
	const char *name;
	const char *(*set)(struct config *config, const char *value);
	/* A list, to which each line adds: empties it before the first. NULL: a single value. */
	void (*empty)(struct config *config);
};

static const char *set_text(char **field, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return "more memory";
	free(*field);
	*field = copy;
	return NULL;
}

static const char *set_duration(int64_t *field, const char *value, int64_t least, int64_t most,
				const char *expected)
{
	int64_t duration;

	if (clock_parse_duration(value, &duration) < 0 || duration < least || duration > most)
		return expected;
	*field = duration;
	return NULL;
}

static const char *set_store_path(struct config *config, const char *value)
{
	return value[0] == '/' ? set_text(&config->store.path, value) : "an absolute path";
}

static const char *set_flow_window(struct config *config, const char *value)
{
	return set_duration(
	    &config->store.flow_window, value, 0, 24 * 3600 * MSEC_PER_SEC,
	    "a duration of at most 24h such as 60s, or 0 for one row per connection");
}

static const char *set_commit_interval(struct config *config, const char *value)
{
	return set_duration(&config->store.commit_interval, value, 100, 60 * MSEC_PER_SEC,
			    "a duration from 100ms to 60s");
}

static const char *set_retention(struct config *config, const char *value)
{
	return set_duration(&config->store.retention, value, 60 * MSEC_PER_SEC,
			    3650LL * 24 * 3600 * MSEC_PER_SEC, "a duration from 60s to 3650d");
}

static const char *set_dump_interval(struct config *config, const char *value)
{
	return set_duration(&config->conntrack.dump_interval, value, MSEC_PER_SEC,
			    3600 * MSEC_PER_SEC, "a duration from 1s to 1h");
}

/* Whole bytes, or a number with K, M, G or T. */
static const char *set_size(int64_t *field, const char *value, int64_t least, int64_t most,
			    const char *expected)
{
	static const char units[] = "KMGT";
	const char *unit;
	char *end = NULL;
	long long size;
	int shift = 0;

	if (!isdigit((unsigned char)value[0]))
		return expected;
	errno = 0;
	size = strtoll(value, &end, 10);
	unit = *end ? strchr(units, *end) : NULL;
	if (unit) {
		shift = 10 * (int)(unit - units + 1);
		end++;
	}
	if (errno || *end != '\0' || size > most >> shift || size << shift < least)
		return expected;
	*field = size << shift;
	return NULL;
}

static const char *set_number(int64_t *field, const char *value, int64_t least, int64_t most,
			      const char *expected)
{
	char *end = NULL;
	long long number;

	if (!isdigit((unsigned char)value[0]))
		return expected;
	errno = 0;
	number = strtoll(value, &end, 10);
	if (errno || *end != '\0' || number < least || number > most)
		return expected;
	*field = number;
	return NULL;
}

static const char *set_max_size(struct config *config, const char *value)
{
	return set_size(&config->store.max_size, value, 16 << 20, INT64_C(1) << 44,
			"a size from 16M to 16T, such as 4G");
}

static const char *set_max_edges(struct config *config, const char *value)
{
	return set_number(&config->store.max_edges, value, 1000, 100000000,
			  "a number from 1000 to 100000000");
}

static const char *set_buffer_size(struct config *config, const char *value)
{
	return set_size(&config->conntrack.buffer_size, value, 64 << 10, 1 << 30,
			"a size from 64K to 1G, such as 33554432, 32M or 512K");
}

static const char *set_undelivered_max(struct config *config, const char *value)
{
	return set_number(&config->conntrack.undelivered_max, value, 0, 10000000,
			  "a number from 0 to 10000000");
}

/* Calls add for each word; words are separated by blanks and commas. none is no word. */
static const char *set_list(void *target, const char *value,
			    const char *(*add)(void *target, const char *word))
{
	const char *expected = NULL;
	char *copy = strdup(value), *rest = NULL;

	if (!copy)
		return "more memory";
	if (strcmp(value, "none") == 0)
		copy[0] = '\0';
	for (char *word = strtok_r(copy, " \t,", &rest); word && !expected;
	     word = strtok_r(NULL, " \t,", &rest))
		expected = add(target, word);
	free(copy);
	return expected;
}

static const char *add_exclude(void *target, const char *word)
{
	struct config *config = target;
	size_t count = config->conntrack.exclude_count;

	if (count == CONFIG_EXCLUDES_MAX)
		return "at most 32 addresses and prefixes";
	if (prefix_parse(word, &config->conntrack.excludes[count]) < 0)
		return "none, or addresses and prefixes such as 192.0.2.7 or fd00::/8";
	config->conntrack.exclude_count++;
	return NULL;
}

static const char *set_exclude(struct config *config, const char *value)
{
	return set_list(config, value, add_exclude);
}

static void empty_exclude(struct config *config)
{
	config->conntrack.exclude_count = 0;
}

static const char *set_wal_limit(struct config *config, const char *value)
{
	return set_size(&config->store.wal_limit, value, 1 << 20, INT64_C(64) << 30,
			"a size from 1M to 64G, such as 256M");
}

static const char *set_manage_rules(struct config *config, const char *value)
{
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return "yes or no";
	config->nftables.manage_rules = strcmp(value, "yes") == 0;
	return NULL;
}

static const char *set_log_group(struct config *config, const char *value)
{
	static const char expected[] = "an NFLOG group from 1 to 65535";
	char *end = NULL;
	long group;

	if (!isdigit((unsigned char)value[0]) || strlen(value) > 5)
		return expected;
	group = strtol(value, &end, 10);
	if (*end != '\0' || group < 1 || group > 65535)
		return expected;
	config->log_new.group = group;
	return NULL;
}

static const char *set_log_meaning(struct config *config, const char *value)
{
	(void)config;
	return strcmp(value, "new") == 0 ? NULL : "new";
}

#define PATHS_EXPECTED "auto, none, or absolute paths, separated by blanks"

struct path_list {
	struct config_paths *paths;
	const char *const *well_known; /* for auto */
};

static const char *add_path(void *target, const char *word)
{
	const struct path_list *list = target;
	const char *const one[] = {word, NULL};
	const char *const *words = strcmp(word, "auto") == 0 ? list->well_known : one;

	for (; *words; words++) {
		if ((*words)[0] != '/')
			return PATHS_EXPECTED;
		if (paths_have(list->paths, *words))
			continue;
		if (list->paths->count == CONFIG_PATHS_MAX)
			return "at most 16 paths";
		if (!paths_add(list->paths, *words))
			return "more memory";
	}
	return NULL;
}

static const char *set_paths(struct config_paths *paths, const char *value,
			     const char *const *well_known)
{
	struct path_list list = {paths, well_known};

	/* Nothing at all may be a slip; it would switch the source off. */
	if (value[strspn(value, " \t,")] == '\0')
		return PATHS_EXPECTED;
	return set_list(&list, value, add_path);
}

static const char *set_cni_results(struct config *config, const char *value)
{
	return set_paths(&config->identity.cni_results, value, cni_results);
}

static void empty_cni_results(struct config *config)
{
	paths_clear(&config->identity.cni_results);
}

static const char *set_host_local(struct config *config, const char *value)
{
	return set_paths(&config->identity.host_local, value, host_local);
}

static void empty_host_local(struct config *config)
{
	paths_clear(&config->identity.host_local);
}

static const char *set_kindnet(struct config *config, const char *value)
{
	return set_paths(&config->identity.kindnet, value, kindnet);
}

static void empty_kindnet(struct config *config)
{
	paths_clear(&config->identity.kindnet);
}

static const char *set_aws_vpc_cni(struct config *config, const char *value)
{
	return set_paths(&config->identity.aws_vpc_cni, value, aws_vpc_cni);
}

static void empty_aws_vpc_cni(struct config *config)
{
	paths_clear(&config->identity.aws_vpc_cni);
}

static const char *set_cilium(struct config *config, const char *value)
{
	return set_paths(&config->identity.cilium, value, cilium);
}

static void empty_cilium(struct config *config)
{
	paths_clear(&config->identity.cilium);
}

static const char *set_oci_bundles(struct config *config, const char *value)
{
	return set_paths(&config->identity.oci_bundles, value, oci_bundles);
}

static void empty_oci_bundles(struct config *config)
{
	paths_clear(&config->identity.oci_bundles);
}

static const char *set_cri_socket(struct config *config, const char *value)
{
	bool is_word = strcmp(value, "auto") == 0 || strcmp(value, "none") == 0;

	if (!is_word && (value[0] != '/' || strpbrk(value, " \t,")))
		return "auto, none, or the absolute path of a socket";
	paths_clear(&config->identity.cri_sockets);
	return set_paths(&config->identity.cri_sockets, value, cri_sockets);
}

static const char *set_inventory(struct config *config, const char *value)
{
	bool is_none = strcmp(value, "none") == 0;

	if (!is_none && value[0] != '/')
		return "none, or the absolute path of a file";
	return set_text(&config->identity.inventory, is_none ? "" : value);
}

static const char *set_node_name(struct config *config, const char *value)
{
	size_t length = strlen(value);

	if (length == 0 || length > 253)
		return "the node's name as Kubernetes knows it, 1 to 253 characters";
	for (const char *c = value; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '-' && *c != '.')
			return "the node's name as Kubernetes knows it: letters, digits, '-' and "
			       "'.'";
	return set_text(&config->node.name, value);
}

static const struct key keys[] = {
    {"store", "path", set_store_path, NULL},
    {"store", "flow_window", set_flow_window, NULL},
    {"store", "commit_interval", set_commit_interval, NULL},
    {"store", "retention", set_retention, NULL},
    {"store", "max_size", set_max_size, NULL},
    {"store", "max_edges", set_max_edges, NULL},
    {"store", "wal_limit", set_wal_limit, NULL},
    {"conntrack", "buffer_size", set_buffer_size, NULL},
    {"conntrack", "dump_interval", set_dump_interval, NULL},
    {"conntrack", "exclude", set_exclude, empty_exclude},
    {"conntrack", "undelivered_max", set_undelivered_max, NULL},
    {"nftables", "manage_rules", set_manage_rules, NULL},
    {"log-group new", "group", set_log_group, NULL},
    {"log-group new", "meaning", set_log_meaning, NULL},
    {"identity", "cni_results", set_cni_results, empty_cni_results},
    {"identity", "host_local", set_host_local, empty_host_local},
    {"identity", "kindnet", set_kindnet, empty_kindnet},
    {"identity", "aws_vpc_cni", set_aws_vpc_cni, empty_aws_vpc_cni},
    {"identity", "cilium", set_cilium, empty_cilium},
    {"identity", "oci_bundles", set_oci_bundles, empty_oci_bundles},
    {"identity", "cri_socket", set_cri_socket, NULL},
    {"identity", "inventory", set_inventory, NULL},
    {"node", "name", set_node_name, NULL},
};
#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))
_Static_assert(KEY_COUNT <= KEYS_MAX, "one bit of seen per key");

/* ---- lines ---- */

struct parse {
	const char *at, *end;
	const char *name;
	unsigned line;
	struct config *config;
	struct problems *problems;
	size_t problem_count;
	uint32_t seen; /* keys that were set, one bit each */
	uint32_t off;  /* lists that are to be empty, likewise */
};

static void complain(struct parse *parse, const char *what, const char *given, const char *expected)
{
	char subject[512];

	snprintf(subject, sizeof(subject), "%s:%u", parse->name, parse->line);
	problem_add(parse->problems, PROBLEM_ERROR, subject, "%s '%s': expected %s", what, given,
		    expected);
	parse->problem_count++;
}

static bool section_is_known(const char *section)
{
	for (size_t i = 0; i < KEY_COUNT; i++)
		if (strcmp(keys[i].section, section) == 0)
			return true;
	return false;
}

/* inih does not tell of sections without keys. */
static void check_section(struct parse *parse, const char *line)
{
	char section[64] = "";
	const char *close;

	while (*line == ' ' || *line == '\t')
		line++;
	if (*line != '[')
		return;
	close = strchr(line, ']');
	if (!close)
		return;
	snprintf(section, sizeof(section), "%.*s", (int)(close - line - 1), line + 1);
	if (!section_is_known(section))
		complain(parse, "unknown section", section,
			 "[store], [conntrack], [nftables], [log-group new], [identity] or [node]");
}

static void complain_unreadable(struct parse *parse)
{
	complain(parse, "line", "cannot be read",
		 "[section], key = value, or a comment that begins with ';' or '#'");
}

/* inih tells of the first such line only. */
static bool is_readable(const char *line)
{
	line += strspn(line, " \t\r");
	if (*line == '\0' || *line == ';' || *line == '#')
		return true;
	return strpbrk(line, *line == '[' ? "]" : "=:") != NULL;
}

static bool is_binary(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)bytes[i] < ' ' && bytes[i] != '\t' && bytes[i] != '\r')
			return true;
	return false;
}

/* fgets() over memory. A line that is too long or binary is reported and read as an empty one. */
static char *read_line(char *line, int size, void *stream)
{
	struct parse *parse = stream;
	const char *newline;
	size_t length;

	if (parse->at >= parse->end)
		return NULL;
	newline = memchr(parse->at, '\n', (size_t)(parse->end - parse->at));
	length = (size_t)((newline ? newline : parse->end) - parse->at);
	parse->line++;
	line[0] = '\0';
	if (length > LINE_MAX_BYTES || length >= (size_t)size)
		complain(parse, "line", "too long",
			 "at most 190 bytes; a key that takes a list may be given again");
	else if (is_binary(parse->at, length))
		complain(parse, "line", "binary", "text");
	else
		snprintf(line, (size_t)size, "%.*s", (int)length, parse->at);
	parse->at = newline ? newline + 1 : parse->end;
	check_section(parse, line);
	if (!is_readable(line)) {
		complain_unreadable(parse);
		line[0] = '\0';
	}
	return line;
}

/* May the key be set to it, after what was said of it before? */
static bool is_first(struct parse *parse, size_t index, const char *value)
{
	const struct key *key = &keys[index];
	const uint32_t bit = 1u << index;
	bool is_off = key->empty && strcmp(value, "none") == 0;

	if (!(parse->seen & bit)) {
		parse->seen |= bit;
		parse->off |= is_off ? bit : 0;
		if (key->empty)
			key->empty(parse->config);
		return true;
	}
	if (!key->empty)
		complain(parse, "repeated key", key->name, "each key once");
	else if (is_off || parse->off & bit)
		complain(parse, "repeated key", key->name,
			 "none alone, or several lines without it");
	else
		return true;
	return false;
}

static int on_key(void *user, const char *section, const char *name, const char *value)
{
	struct parse *parse = user;
	const char *expected;

	for (size_t i = 0; i < KEY_COUNT; i++) {
		if (strcmp(keys[i].section, section) != 0 || strcmp(keys[i].name, name) != 0)
			continue;
		expected = is_first(parse, i, value) ? keys[i].set(parse->config, value) : NULL;
		if (expected)
			complain(parse, name, value, expected);
		return 1;
	}
	if (section[0] == '\0')
		complain(parse, "key before any section", name, "a section such as [store] first");
	else if (section_is_known(section))
		complain(parse, "unknown key", name, "a key of that section, see netpold.conf(5)");
	return 1;
}

int config_parse(const char *text, size_t length, const char *name, struct config *config,
		 struct problems *problems)
{
	struct parse parse = {
	    .at = text, .end = text + length, .name = name, .config = config, .problems = problems};
	int broken;

	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		parse.at += 3; /* a byte order mark */
	broken = ini_parse_stream(read_line, &parse, on_key, &parse);

	if (broken > 0) {
		parse.line = (unsigned)broken;
		complain_unreadable(&parse);
	}
	if (broken < 0)
		return -ENOMEM;
	return parse.problem_count > 0 ? -EINVAL : 0;
}

int config_read(const char *path, struct config *config, struct problems *problems)
{
	struct buf text = {0};
	int r = buf_read_file(&text, path, CONFIG_BYTES_MAX);

	if (r < 0)
		problem_add(problems, PROBLEM_ERROR, path, "cannot be read: %s", strerror(-r));
	else
		r = config_parse(text.data ? text.data : "", text.length, path, config, problems);
	buf_clear(&text);
	return r;
}
