#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/config.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DAY (24 * 3600 * MSEC_PER_SEC)

struct reading {
	struct config config;
	struct problems problems;
	int result;
};

static struct reading *read_bytes(const char *text, size_t length)
{
	struct reading *reading = calloc(1, sizeof(*reading));

	assert_non_null(reading);
	assert_int_equal(config_defaults(&reading->config), 0);
	reading->result =
	    config_parse(text, length, "test.conf", &reading->config, &reading->problems);
	assert_int_equal(reading->result, reading->problems.count > 0 ? -EINVAL : 0);
	return reading;
}

static struct reading *read_text(const char *text)
{
	return read_bytes(text, strlen(text));
}

static void reading_free(struct reading *reading)
{
	config_clear(&reading->config);
	problems_clear(&reading->problems);
	free(reading);
}

static struct reading *read_good(const char *text)
{
	struct reading *reading = read_text(text);

	if (reading->result < 0)
		fail_msg("%s: %s: %s", text, reading->problems.items[0].subject,
			 reading->problems.items[0].message);
	return reading;
}

/* Exactly one problem, at the line, whose message holds the words. */
static void check_problem(struct reading *reading, unsigned line, const char *words)
{
	char subject[64];

	snprintf(subject, sizeof(subject), "test.conf:%u", line);
	assert_int_equal(reading->result, -EINVAL);
	assert_int_equal(reading->problems.count, 1);
	assert_int_equal(reading->problems.errors, 1);
	assert_string_equal(reading->problems.items[0].subject, subject);
	if (!strstr(reading->problems.items[0].message, words))
		fail_msg("'%s' is not in '%s'", words, reading->problems.items[0].message);
	reading_free(reading);
}

static void check_bad(const char *text, unsigned line, const char *words)
{
	check_problem(read_text(text), line, words);
}

/* expected: separated by blanks. */
static void check_paths(const struct config_paths *paths, const char *expected)
{
	char text[2048] = "";

	for (size_t i = 0; i < paths->count; i++) {
		strcat(text, i > 0 ? " " : "");
		strcat(text, paths->items[i]);
	}
	assert_string_equal(text, expected);
}

static void test_defaults(void **state)
{
	struct reading *reading = read_good("");
	const struct config *config = &reading->config;
	char host[256] = "";

	(void)state;
	gethostname(host, sizeof(host) - 1);
	assert_string_equal(config->store.path, "/var/lib/netpol/flows.db");
	assert_int_equal(config->store.flow_window, 60 * MSEC_PER_SEC);
	assert_int_equal(config->store.commit_interval, MSEC_PER_SEC);
	assert_int_equal(config->store.retention, 30 * DAY);
	assert_int_equal(config->conntrack.buffer_size, 32 << 20);
	assert_int_equal(config->conntrack.dump_interval, 60 * MSEC_PER_SEC);
	assert_int_equal(config->store.max_size, INT64_C(4) << 30);
	assert_int_equal(config->store.max_edges, 1000000);
	assert_int_equal(config->conntrack.undelivered_max, 2000);
	assert_int_equal(config->conntrack.exclude_count, 0);
	assert_true(config->nftables.manage_rules);
	assert_in_range(config->log_new.group, 1, 65535);
	check_paths(&config->identity.cni_results,
		    "/var/lib/cni/results /var/lib/cni/multus/results");
	check_paths(&config->identity.host_local, "/var/lib/cni/networks /run/cni-ipam-state");
	check_paths(&config->identity.kindnet, "/var/lib/cni-kindnet/cni.db");
	check_paths(&config->identity.aws_vpc_cni, "/run/aws-node/ipam.json");
	check_paths(&config->identity.cilium, "/run/cilium/state");
	check_paths(&config->identity.oci_bundles,
		    "/run/containerd/io.containerd.runtime.v2.task/k8s.io"
		    " /run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io"
		    " /run/k0s/containerd/io.containerd.runtime.v2.task/k8s.io"
		    " /var/snap/microk8s/common/run/containerd/io.containerd.runtime.v2.task/"
		    "k8s.io"
		    " /run/containers/storage/overlay-containers"
		    " /var/lib/containers/storage/overlay-containers");
	check_paths(&config->identity.cri_sockets,
		    "/run/containerd/containerd.sock /run/crio/crio.sock /run/cri-dockerd.sock"
		    " /run/k3s/containerd/containerd.sock /run/k0s/containerd.sock"
		    " /var/snap/microk8s/common/run/containerd.sock");
	assert_string_equal(config->identity.inventory, "");
	assert_string_equal(config->node.name, host[0] ? host : "localhost");
	reading_free(reading);
}

static void test_every_key(void **state)
{
	struct reading *reading = read_good("# a comment\n"
					    "[store]\n"
					    "path = /tmp/a b.db\n"
					    "flow_window = 30s\n"
					    "; another\n"
					    "commit_interval=500ms\n"
					    "retention = 7d\n"
					    "max_size = 512M\n"
					    "max_edges = 5000\n"
					    "\n"
					    "[conntrack]\n"
					    "buffer_size = 8M\n"
					    "dump_interval = 5m\n"
					    "exclude = 192.0.2.7/24, fd00::/8 ::1\n"
					    "undelivered_max = 0\n"
					    "[nftables]\n"
					    "manage_rules = no\n"
					    "[log-group new]\n"
					    "group = 77\n"
					    "meaning = new\n"
					    "[identity]\n"
					    "cni_results = /a /b\t/c,/d\n"
					    "host_local = none\n"
					    "kindnet = /k/cni.db\n"
					    "aws_vpc_cni = auto\n"
					    "cilium = /c\n"
					    "oci_bundles = /o1 /o2\n"
					    "cri_socket = /s\n"
					    "inventory = /in ventory.json\n"
					    "[node]\n"
					    "name = node-1.example");
	const struct config *config = &reading->config;
	char text[PREFIX_TEXT_MAX];

	(void)state;
	assert_string_equal(config->store.path, "/tmp/a b.db");
	assert_int_equal(config->store.flow_window, 30000);
	assert_int_equal(config->store.commit_interval, 500);
	assert_int_equal(config->store.retention, 7 * DAY);
	assert_int_equal(config->conntrack.buffer_size, 8 << 20);
	assert_int_equal(config->conntrack.dump_interval, 300000);
	assert_int_equal(config->store.max_size, 512 << 20);
	assert_int_equal(config->store.max_edges, 5000);
	assert_int_equal(config->conntrack.undelivered_max, 0);
	assert_int_equal(config->conntrack.exclude_count, 3);
	assert_string_equal(prefix_format(config->conntrack.excludes[0], text), "192.0.2.0/24");
	assert_string_equal(prefix_format(config->conntrack.excludes[2], text), "::1/128");
	assert_false(config->nftables.manage_rules);
	assert_int_equal(config->log_new.group, 77);
	check_paths(&config->identity.cni_results, "/a /b /c /d");
	check_paths(&config->identity.host_local, "");
	check_paths(&config->identity.kindnet, "/k/cni.db");
	check_paths(&config->identity.aws_vpc_cni, "/run/aws-node/ipam.json");
	check_paths(&config->identity.cilium, "/c");
	check_paths(&config->identity.oci_bundles, "/o1 /o2");
	check_paths(&config->identity.cri_sockets, "/s");
	assert_string_equal(config->identity.inventory, "/in ventory.json");
	assert_string_equal(config->node.name, "node-1.example");
	reading_free(reading);
}

static void test_line_ends(void **state)
{
	struct reading *reading = read_good("[store]\r\nflow_window = 30s\r\n\r\n[node]\r\n"
					    "name = n1\r\n");

	(void)state;
	assert_int_equal(reading->config.store.flow_window, 30000);
	assert_string_equal(reading->config.node.name, "n1");
	reading_free(reading);
	check_bad("[store]\r\n\r\nflow_window = x\r\n", 3, "duration");
}

/* A byte order mark before the first section is none of the section's name. */
static void test_byte_order_mark(void **state)
{
	struct reading *reading = read_good("\xef\xbb\xbf[node]\nname = n1\n");

	(void)state;
	assert_string_equal(reading->config.node.name, "n1");
	reading_free(reading);
	check_bad("\xef\xbb\xbf[nodes]\n", 1, "unknown section");
}

static void test_edges_of_ranges(void **state)
{
	static const char *const good[] = {
	    "[store]\nflow_window = 0",           "[store]\nflow_window = 24h",
	    "[store]\ncommit_interval = 100ms",   "[store]\ncommit_interval = 60s",
	    "[store]\nretention = 60s",           "[store]\nretention = 3650d",
	    "[conntrack]\nbuffer_size = 65536",   "[conntrack]\nbuffer_size = 64K",
	    "[conntrack]\nbuffer_size = 1G",      "[conntrack]\nbuffer_size = 1073741824",
	    "[conntrack]\ndump_interval = 1s",    "[conntrack]\ndump_interval = 1h",
	    "[nftables]\nmanage_rules = yes",     "[log-group new]\ngroup = 1",
	    "[log-group new]\ngroup = 65535",     "[log-group new]\nmeaning = new",
	    "[store]\npath = /x ; with a reason", "[node]\nname = a",
	    "[conntrack]\nexclude = none",        "[conntrack]\nexclude =",
	    "[identity]\ncri_socket = auto",      "[identity]\ncri_socket = none",
	    "[identity]\ninventory = none",       "[identity]\ncni_results = auto /a",
	    "[identity]\nkindnet = auto",         "[identity]\ncilium = none",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		reading_free(read_good(good[i]));
}

static void test_bad_values(void **state)
{
	static const struct {
		const char *section, *key, *value, *expected;
	} bad[] = {
	    {"store", "path", "flows.db", "an absolute path"},
	    {"store", "path", "", "an absolute path"},
	    {"store", "flow_window", "60", "duration"},
	    {"store", "flow_window", "-1s", "duration"},
	    {"store", "flow_window", "25h", "at most 24h"},
	    {"store", "flow_window", "9999999999999999999s", "duration"},
	    {"store", "commit_interval", "99ms", "100ms to 60s"},
	    {"store", "commit_interval", "61s", "100ms to 60s"},
	    {"store", "commit_interval", "0", "100ms to 60s"},
	    {"store", "retention", "59s", "60s to 3650d"},
	    {"store", "retention", "3651d", "60s to 3650d"},
	    {"store", "retention", "forever", "60s to 3650d"},
	    {"conntrack", "buffer_size", "65535", "64K to 1G"},
	    {"conntrack", "buffer_size", "63K", "64K to 1G"},
	    {"conntrack", "buffer_size", "1025M", "64K to 1G"},
	    {"conntrack", "buffer_size", "2G", "64K to 1G"},
	    {"conntrack", "buffer_size", "8m", "64K to 1G"},
	    {"conntrack", "buffer_size", "8Mi", "64K to 1G"},
	    {"conntrack", "buffer_size", "+8M", "64K to 1G"},
	    {"conntrack", "buffer_size", "", "64K to 1G"},
	    {"conntrack", "buffer_size", "18446744073709551617", "64K to 1G"},
	    {"conntrack", "buffer_size", "1073741824G", "64K to 1G"},
	    {"store", "max_size", "15M", "16M to 16T"},
	    {"store", "max_size", "17T", "16M to 16T"},
	    {"store", "max_size", "9223372036854775807T", "16M to 16T"},
	    {"store", "max_size", "none", "16M to 16T"},
	    {"store", "max_edges", "999", "1000 to 100000000"},
	    {"store", "max_edges", "100000001", "1000 to 100000000"},
	    {"store", "max_edges", "1000k", "1000 to 100000000"},
	    {"conntrack", "exclude", "10.0.0.0/33", "prefixes such as"},
	    {"conntrack", "exclude", "localhost", "prefixes such as"},
	    {"conntrack", "undelivered_max", "-1", "0 to 10000000"},
	    {"conntrack", "undelivered_max", "10000001", "0 to 10000000"},
	    {"conntrack", "dump_interval", "999ms", "1s to 1h"},
	    {"conntrack", "dump_interval", "61m", "1s to 1h"},
	    {"nftables", "manage_rules", "true", "yes or no"},
	    {"nftables", "manage_rules", "Yes", "yes or no"},
	    {"nftables", "manage_rules", "", "yes or no"},
	    {"log-group new", "group", "0", "1 to 65535"},
	    {"log-group new", "group", "65536", "1 to 65535"},
	    {"log-group new", "group", "-1", "1 to 65535"},
	    {"log-group new", "group", "7x", "1 to 65535"},
	    {"log-group new", "group", "", "1 to 65535"},
	    {"log-group new", "meaning", "deny", "expected new"},
	    {"identity", "cni_results", "results", "absolute"},
	    {"identity", "cni_results", "/a b", "absolute"},
	    {"identity", "cni_results", "", "auto, none, or absolute"},
	    {"identity", "cni_results", " , ,", "auto, none, or absolute"},
	    {"identity", "cni_results", "auto a", "auto, none, or absolute"},
	    {"identity", "cilium", "none /a", "auto, none, or absolute"},
	    {"identity", "host_local", "/a none", "auto, none, or absolute"},
	    {"identity", "kindnet", "cni.db", "absolute"},
	    {"identity", "aws_vpc_cni", "yes", "absolute"},
	    {"identity", "cilium", "state", "absolute"},
	    {"identity", "oci_bundles", "k8s.io", "absolute"},
	    {"identity", "cri_socket", "/a /b", "path of a socket"},
	    {"identity", "cri_socket", "", "path of a socket"},
	    {"identity", "cri_socket", "unix:///run/crio/crio.sock", "path of a socket"},
	    {"identity", "inventory", "auto", "path of a file"},
	    {"identity", "inventory", "", "path of a file"},
	    {"node", "name", "", "1 to 253"},
	    {"node", "name", "node 1", "letters"},
	    {"node", "name",
	     "n\xc3\xb6"
	     "de",
	     "letters"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		char text[256];

		snprintf(text, sizeof(text), "# 1\n[%s]\n\n%s = %s\n# 5\n", bad[i].section,
			 bad[i].key, bad[i].value);
		check_bad(text, 4, bad[i].expected);
	}
}

/* What is wrong changes nothing. */
static void test_bad_value_keeps_default(void **state)
{
	struct reading *reading = read_text("[store]\npath = x\nflow_window = x\n[node]\n"
					    "name = n1\n");

	(void)state;
	assert_int_equal(reading->problems.count, 2);
	assert_string_equal(reading->problems.items[0].subject, "test.conf:2");
	assert_string_equal(reading->problems.items[1].subject, "test.conf:3");
	assert_string_equal(reading->config.store.path, "/var/lib/netpol/flows.db");
	assert_int_equal(reading->config.store.flow_window, 60000);
	assert_string_equal(reading->config.node.name, "n1");
	reading_free(reading);
}

static void test_too_many_directories(void **state)
{
	char text[256] = "[identity]\ncni_results =", path[8];

	(void)state;
	for (unsigned i = 0; i < CONFIG_PATHS_MAX; i++) {
		snprintf(path, sizeof(path), " /%u", i);
		strcat(text, path);
	}
	reading_free(read_good(text));
	strcat(text, "\ncni_results = /a");
	check_bad(text, 3, "at most 16");
}

static void test_lists_add_up(void **state)
{
	struct reading *reading =
	    read_good("[identity]\ncni_results = /a auto\ncni_results = /b, /a\n"
		      "cilium = /c\n[conntrack]\nexclude = ::1\nexclude = fd00::/8\n"
		      "[identity]\ncilium = /d\n");

	(void)state;
	check_paths(&reading->config.identity.cni_results,
		    "/a /var/lib/cni/results /var/lib/cni/multus/results /b");
	check_paths(&reading->config.identity.cilium, "/c /d");
	assert_int_equal(reading->config.conntrack.exclude_count, 2);
	reading_free(reading);
	check_bad("[identity]\ncilium = none\ncilium = /a\n", 3, "none alone");
	check_bad("[identity]\ncilium = /a\ncilium = none\n", 3, "none alone");
	check_bad("[conntrack]\nexclude = none\nexclude = ::1\n", 3, "none alone");
	check_bad("[identity]\ncri_socket = /a\ncri_socket = /b\n", 3, "each key once");
}

static void test_too_many_excludes(void **state)
{
	char text[256] = "[conntrack]\nexclude =";

	(void)state;
	for (unsigned i = 0; i < CONFIG_EXCLUDES_MAX; i++)
		strcat(text, " ::");
	reading_free(read_good(text));
	strcat(text, " ::");
	check_bad(text, 2, "at most 32");
}

static void test_long_node_name(void **state)
{
	char name[300], text[400];

	(void)state;
	memset(name, 'a', sizeof(name));
	name[150] = '\0';
	snprintf(text, sizeof(text), "[node]\nname = %s\n", name);
	reading_free(read_good(text));
}

static void test_sections(void **state)
{
	(void)state;
	check_bad("[store]\n[stores]\npath = /x\n", 2, "unknown section 'stores'");
	check_bad("\n\n[empty]\n", 3, "unknown section 'empty'");
	check_bad("[]\n", 1, "unknown section");
	check_bad("[log-group old]\ngroup = 3\n", 1, "unknown section 'log-group old'");
	check_bad("[store\n", 1, "cannot be read");
	reading_free(read_good("[store]\n[conntrack]\n[nftables]\n[log-group new]\n[identity]\n"
			       "[node]\n[store]\n"));
}

static void test_keys(void **state)
{
	(void)state;
	check_bad("[store]\nfile = /x\n", 2, "unknown key 'file'");
	check_bad("[store]\nname = n1\n", 2, "unknown key 'name'");
	check_bad("path = /x\n", 1, "before any section");
	check_bad("[store]\nPath = /x\n", 2, "unknown key 'Path'");
	check_bad("[store]\npath\n", 2, "cannot be read");
	check_bad("[store]\npath = /x\n\npath = /y\n", 4, "repeated key 'path'");
	check_bad("[store]\npath = /x\n[node]\n[store]\npath = /y\n", 5, "repeated key 'path'");
}

/* inih takes an indented line for more of the value before it. */
static void test_indented_line(void **state)
{
	struct reading *reading = read_text("[store]\npath = /x\n  flow_window = 5s\n");

	(void)state;
	assert_int_equal(reading->result, -EINVAL);
	assert_string_equal(reading->problems.items[0].subject, "test.conf:3");
	reading_free(reading);
}

static void test_all_problems_are_told(void **state)
{
	static const unsigned lines[] = {1, 3, 4, 5, 6};
	struct reading *reading = read_text("[nonsense]\n[store]\nx = 1\npath = y\n"
					    "retention = z\nretention = 1d\n");

	(void)state;
	assert_int_equal(reading->problems.count, COUNT(lines));
	for (size_t i = 0; i < COUNT(lines); i++) {
		char subject[32];

		snprintf(subject, sizeof(subject), "test.conf:%u", lines[i]);
		assert_string_equal(reading->problems.items[i].subject, subject);
	}
	reading_free(reading);
}

static void test_every_broken_line_is_told(void **state)
{
	struct reading *reading = read_text("[store]\nfoo\nbar\n");

	(void)state;
	assert_int_equal(reading->problems.count, 2);
	assert_string_equal(reading->problems.items[0].subject, "test.conf:2");
	assert_string_equal(reading->problems.items[1].subject, "test.conf:3");
	reading_free(reading);
}

static void test_long_line(void **state)
{
	char text[1000] = "[store]\npath = /", good[400];

	(void)state;
	snprintf(good, sizeof(good), "[store]\npath = /%0182d\n", 0);
	reading_free(read_good(good));
	snprintf(good, sizeof(good), "[store]\npath = /%0183d\n", 0);
	check_bad(good, 2, "at most 190");
	memset(text + strlen(text), 'x', 500);
	strcat(text, "\nretention = 1d\n");
	check_bad(text, 2, "too long");
}

static void test_binary(void **state)
{
	static const char text[] = "[store]\npath = /x\0y\n";

	(void)state;
	check_problem(read_bytes(text, sizeof(text) - 1), 2, "binary");
	check_bad("[store]\n\x01\n", 2, "binary");
	check_bad("[store]\npath = /x\x1b\n", 2, "binary");
}

static char *temporary(const char *text)
{
	char *path = strdup("/tmp/netpol-config-XXXXXX");
	int fd;

	assert_non_null(path);
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	return path;
}

static void test_file(void **state)
{
	char *path = temporary("[node]\nname = n1\n");
	struct config config = {0};
	struct problems problems = {0};

	(void)state;
	assert_int_equal(config_defaults(&config), 0);
	assert_int_equal(config_read(path, &config, &problems), 0);
	assert_string_equal(config.node.name, "n1");
	assert_int_equal(problems.count, 0);
	unlink(path);
	assert_int_equal(config_read(path, &config, &problems), -ENOENT);
	assert_int_equal(problems.count, 1);
	assert_string_equal(problems.items[0].subject, path);
	assert_int_equal(config_read("/tmp", &config, &problems), -EISDIR);
	config_clear(&config);
	problems_clear(&problems);
	free(path);
}

static void test_empty_file(void **state)
{
	char *path = temporary("");
	struct config config = {0};
	struct problems problems = {0};

	(void)state;
	assert_int_equal(config_defaults(&config), 0);
	assert_int_equal(config_read(path, &config, &problems), 0);
	unlink(path);
	config_clear(&config);
	config_clear(&config);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_defaults),
	    cmocka_unit_test(test_every_key),
	    cmocka_unit_test(test_line_ends),
	    cmocka_unit_test(test_byte_order_mark),
	    cmocka_unit_test(test_edges_of_ranges),
	    cmocka_unit_test(test_bad_values),
	    cmocka_unit_test(test_bad_value_keeps_default),
	    cmocka_unit_test(test_too_many_directories),
	    cmocka_unit_test(test_lists_add_up),
	    cmocka_unit_test(test_too_many_excludes),
	    cmocka_unit_test(test_long_node_name),
	    cmocka_unit_test(test_sections),
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_indented_line),
	    cmocka_unit_test(test_all_problems_are_told),
	    cmocka_unit_test(test_every_broken_line_is_told),
	    cmocka_unit_test(test_long_line),
	    cmocka_unit_test(test_binary),
	    cmocka_unit_test(test_file),
	    cmocka_unit_test(test_empty_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
