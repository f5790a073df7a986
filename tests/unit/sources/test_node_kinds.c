/* How each kind of state changes, as the programs that own it change it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <sqlite3.h>

#include "stage.h"

/* Watches root/NAME as this kind. */
static void watch(struct stage *stage, enum node_state_kind kind, const char *name,
		  char path[static 512])
{
	stage->paths[kind][stage->options.kinds[kind].count++] = in(stage->root, name, path);
}

/* ---- host-local ---- */

static void allocate(const char *network, const char *address, const char *sandbox,
		     const char *interface)
{
	char text[256];

	snprintf(text, sizeof(text), "%s%s%s", sandbox, *interface ? "\r\n" : "", interface);
	put_text(network, address, text);
}

static void test_allocations(void **state)
{
	struct stage *stage = *state;
	char networks[512], network[512];
	int64_t now = clock_now(), before;
	const struct claim_address *address;

	watch(stage, NODE_STATE_HOST_LOCAL, "networks", networks);
	start(stage, now);
	assert_int_equal(mkdir(networks, 0700), 0);
	read_events(stage, now);
	assert_int_equal(mkdir(in(networks, "cbr0", network), 0700), 0);
	read_events(stage, now);
	before = clock_now();
	put_text(network, "lock", "");
	allocate(network, "10.1.0.2", ID_A, "eth0");
	put_text(network, "last_reserved_ip.0", "10.1.0.2");
	allocate(network, "fd00:1::2", ID_A, "net1");
	allocate(network, "10.1.0.3", ID_B, "");
	read_events(stage, now + 1);
	assert_int_equal(stage->claim_count, 3);
	assert_string_equal(owner(stage, "10.1.0.2"), ID_A);
	assert_string_equal(owner(stage, "fd00:1::2"), ID_A);
	assert_string_equal(owner(stage, "10.1.0.3"), ID_B);
	for (size_t i = 0; i < 3; i++) {
		const struct kept_claim *claim = &stage->claims[i];

		address = &claim->addresses[0];
		assert_string_equal(claim->source, "host-local");
		assert_string_equal(claim->name, "");
		assert_true(address->exact);
		assert_int_equal(address->secondary, address->address.family == ADDR_IPV6);
		assert_in_range(address->since, before - 20 * NSEC_PER_MSEC, clock_now());
	}
	assert_int_equal(stage->problems + stage->losses, 0);
}

/* Freed and allocated again before anybody looked: the old owner's word ends, the new one's has
 * the new file's time. */
static void test_allocated_again(void **state)
{
	struct stage *stage = *state;
	char networks[512], network[512];
	int64_t now = clock_now(), first;

	watch(stage, NODE_STATE_HOST_LOCAL, "networks", networks);
	assert_int_equal(mkdir(networks, 0700), 0);
	assert_int_equal(mkdir(in(networks, "cbr0", network), 0700), 0);
	allocate(network, "10.1.0.2", ID_A, "eth0");
	start(stage, now);
	first = claim_of(stage, ID_A)->addresses[0].since;
	while (clock_now() < first + 20 * NSEC_PER_MSEC)
		continue;
	remove_file(network, "10.1.0.2");
	allocate(network, "10.1.0.2", ID_B, "eth0");
	read_events(stage, now + 1);
	assert_string_equal(owner(stage, "10.1.0.2"), ID_B);
	assert_int_equal(stage->withdrawn, 1);
	assert_true(claim_of(stage, ID_B)->addresses[0].since > first);
	/* An empty file is one that its owner has yet to write. */
	remove_file(network, "10.1.0.2");
	put_text(network, "10.1.0.2", "");
	read_events(stage, now + 2);
	assert_int_equal(stage->claim_count, 0);
	allocate(network, "10.1.0.2", ID_A, "eth0");
	read_events(stage, now + 3);
	assert_string_equal(owner(stage, "10.1.0.2"), ID_A);
	assert_int_equal(stage->problems + stage->losses, 0);
}

static void test_networks_come_and_go(void **state)
{
	struct stage *stage = *state;
	char networks[512], one[512], two[512], other[512];
	int64_t now = clock_now();

	watch(stage, NODE_STATE_HOST_LOCAL, "networks", networks);
	assert_int_equal(mkdir(networks, 0700), 0);
	start(stage, now);
	assert_int_equal(mkdir(in(networks, "one", one), 0700), 0);
	allocate(one, "10.1.0.2", ID_A, "eth0");
	assert_int_equal(mkdir(in(networks, "two", two), 0700), 0);
	allocate(two, "10.2.0.2", ID_B, "eth0");
	read_events(stage, now);
	assert_int_equal(stage->claim_count, 2);
	/* Renamed: another place says the same. */
	assert_int_equal(rename(one, in(networks, "other", other)), 0);
	read_events(stage, now);
	assert_int_equal(stage->claim_count, 2);
	assert_string_equal(owner(stage, "10.1.0.2"), ID_A);
	assert_int_equal(stage->withdrawn, 1);
	allocate(other, "10.1.0.3", ID_A, "eth0");
	read_events(stage, now);
	assert_string_equal(owner(stage, "10.1.0.3"), ID_A);
	remove_tree(other);
	read_events(stage, now);
	assert_int_equal(stage->claim_count, 1);
	/* Replaced by one of the same name, of which no event tells as long as it is not looked
	 * at. */
	assert_int_equal(rename(two, in(stage->root, "away", other)), 0);
	assert_int_equal(mkdir(two, 0700), 0);
	allocate(two, "10.2.0.9", ID_A, "eth0");
	read_events(stage, now);
	assert_string_equal(owner(stage, "10.2.0.2"), "");
	assert_string_equal(owner(stage, "10.2.0.9"), ID_A);
	allocate(two, "10.2.0.10", ID_A, "eth0");
	read_events(stage, now);
	assert_string_equal(owner(stage, "10.2.0.10"), ID_A);
	assert_int_equal(stage->problems + stage->losses, 0);
	/* The directory above goes. */
	remove_tree(networks);
	read_events(stage, now);
	assert_int_equal(stage->claim_count, 0);
	assert_int_equal(stage->losses, 1);
}

static void test_strange_networks(void **state)
{
	struct stage *stage = *state;
	char networks[512], path[512], target[512];
	int64_t now = clock_now();

	watch(stage, NODE_STATE_HOST_LOCAL, "networks", networks);
	assert_int_equal(mkdir(networks, 0700), 0);
	assert_int_equal(mkdir(in(stage->root, "target", target), 0700), 0);
	allocate(target, "10.1.0.2", ID_A, "eth0");
	assert_int_equal(symlink(target, in(networks, "linked", path)), 0);
	put_text(networks, "file", "no network");
	start(stage, now);
	rescan(stage, now + NODE_STATE_SETTLE_NS);
	assert_int_equal(stage->claim_count, 0);
	assert_int_equal(stage->problems, 1);
	assert_non_null(strstr(stage->problem, "networks/linked: cannot be watched: "));
	assert_int_equal(stage->losses, 0);
}

/* Without libcni's results a file that was gone before it was read is a pod that nobody saw. */
static void test_missed_allocation(void **state)
{
	struct stage *stage = *state;
	char networks[512], network[512], path[512];
	int64_t now = clock_now();

	watch(stage, NODE_STATE_HOST_LOCAL, "networks", networks);
	assert_int_equal(mkdir(networks, 0700), 0);
	assert_int_equal(mkdir(in(networks, "cbr0", network), 0700), 0);
	start(stage, now);
	allocate(network, "10.1.0.2", ID_A, "eth0");
	remove_file(network, "10.1.0.2");
	read_events(stage, now + 1);
	assert_int_equal(stage->losses, 1);
	/* Results of which there are none, and then there are. */
	stage->state = node_state_close(stage->state);
	assert_int_equal(rmdir(stage->results), 0);
	watch(stage, NODE_STATE_CNI_RESULTS, "results", path);
	start(stage, now);
	allocate(network, "10.1.0.2", ID_A, "eth0");
	remove_file(network, "10.1.0.2");
	read_events(stage, now + 1);
	assert_int_equal(stage->losses, 2);
	assert_int_equal(mkdir(stage->results, 0700), 0);
	read_events(stage, now + 2);
	allocate(network, "10.1.0.2", ID_A, "eth0");
	remove_file(network, "10.1.0.2");
	read_events(stage, now + 3);
	assert_int_equal(stage->losses, 2);
}

/* A path of the configuration may lead through links, as /var/run does. */
static void test_linked_path(void **state)
{
	struct stage *stage = *state;
	char target[512], network[512], linked[512];
	int64_t now = clock_now();

	watch(stage, NODE_STATE_HOST_LOCAL, "linked", linked);
	assert_int_equal(mkdir(in(stage->root, "networks", target), 0700), 0);
	assert_int_equal(mkdir(in(target, "cbr0", network), 0700), 0);
	start(stage, now);
	assert_int_equal(symlink(target, linked), 0);
	read_events(stage, now);
	allocate(network, "10.1.0.2", ID_A, "eth0");
	read_events(stage, now);
	assert_string_equal(owner(stage, "10.1.0.2"), ID_A);
	rescan(stage, now + NODE_STATE_SETTLE_NS);
	assert_int_equal(stage->problems + stage->losses, 0);
}

/* ---- AWS VPC CNI ---- */

static void put_ipam(struct stage *stage, const char *entries)
{
	char text[2048], from[512], to[512];

	snprintf(text, sizeof(text), "{\"version\":\"vpc-cni-ipam/1\",\"allocations\":[%s]}",
		 entries);
	put_text(stage->root, "aws/ipam.json.tmp1", text);
	assert_int_equal(rename(in(stage->root, "aws/ipam.json.tmp1", from),
				in(stage->root, "aws/ipam.json", to)),
			 0);
}

static void read_after_pause(struct stage *stage, int64_t *now)
{
	*now += NODE_STATE_PAUSE_NS;
	read_events(stage, *now);
}

#define AWS_A                                                                                      \
	"{\"networkName\":\"aws-cni\",\"containerID\":\"" ID_A "\",\"ifName\":\"eth0\","           \
	"\"ipv4\":\"10.3.0.2\",\"allocationTimestamp\":1600000000000000001,\"metadata\":{"         \
	"\"k8sPodNamespace\":\"shop\",\"k8sPodName\":\"a\"}}"
#define AWS_B                                                                                      \
	"{\"networkName\":\"aws-cni\",\"containerID\":\"" ID_B "\",\"ifName\":\"eth0\","           \
	"\"ipv4\":\"10.3.0.3\",\"allocationTimestamp\":1600000000000000002,\"metadata\":{"         \
	"\"k8sPodNamespace\":\"shop\",\"k8sPodName\":\"b\"}}"

static void test_ipam(void **state)
{
	struct stage *stage = *state;
	char path[512], directory[512];
	int64_t now = clock_now();

	watch(stage, NODE_STATE_AWS_VPC_CNI, "aws/ipam.json", path);
	start(stage, now);
	assert_int_equal(mkdir(in(stage->root, "aws", directory), 0700), 0);
	put_ipam(stage, AWS_A);
	read_after_pause(stage, &now);
	assert_string_equal(owner(stage, "10.3.0.2"), ID_A);
	assert_string_equal(claim_of(stage, ID_A)->place, path);
	put_ipam(stage, AWS_A "," AWS_B);
	read_after_pause(stage, &now);
	assert_int_equal(stage->told, 2);
	assert_int_equal(claim_of(stage, ID_B)->addresses[0].since, INT64_C(1600000000000000002));
	assert_true(claim_of(stage, ID_B)->addresses[0].exact);
	put_ipam(stage, AWS_B);
	read_after_pause(stage, &now);
	assert_int_equal(stage->told, 2);
	assert_int_equal(stage->withdrawn, 1);
	assert_int_equal(stage->claim_count, 1);
	put_text(stage->root, "aws/other.json", "{");
	remove_file(stage->root, "aws/other.json");
	read_after_pause(stage, &now);
	remove_file(stage->root, "aws/ipam.json");
	read_after_pause(stage, &now);
	assert_int_equal(stage->claim_count, 0);
	assert_int_equal(stage->problems + stage->losses, 0);
}

/* However often it is written, it is read now and then, and once more after the last time. */
static void test_pause(void **state)
{
	struct stage *stage = *state;
	char path[512], directory[512];
	int64_t now = clock_now();

	watch(stage, NODE_STATE_AWS_VPC_CNI, "aws/ipam.json", path);
	assert_int_equal(mkdir(in(stage->root, "aws", directory), 0700), 0);
	start(stage, now);
	put_ipam(stage, AWS_A);
	read_events(stage, now);
	assert_int_equal(stage->claim_count, 1);
	put_ipam(stage, AWS_A "," AWS_B);
	read_events(stage, now + NODE_STATE_PAUSE_NS - 1);
	assert_int_equal(stage->claim_count, 1);
	read_events(stage, now + NODE_STATE_PAUSE_NS);
	assert_int_equal(stage->claim_count, 2);
	/* The clock is set back. */
	put_ipam(stage, AWS_B);
	read_events(stage, now);
	assert_int_equal(stage->claim_count, 1);
}

/* What was allocated before the boot is nobody's, however late the file was written. */
static void test_ipam_of_an_earlier_boot(void **state)
{
	struct stage *stage = *state;
	char path[512], directory[512];

	watch(stage, NODE_STATE_AWS_VPC_CNI, "aws/ipam.json", path);
	assert_int_equal(mkdir(in(stage->root, "aws", directory), 0700), 0);
	put_ipam(stage, AWS_A "," AWS_B);
	stage->options.boot_time = INT64_C(1600000000000000002);
	start(stage, clock_now());
	assert_int_equal(stage->claim_count, 1);
	assert_string_equal(owner(stage, "10.3.0.3"), ID_B);
	assert_string_equal(owner(stage, "10.3.0.2"), "");
}

/* ---- Cilium ---- */

static void put_endpoint(const char *directory, const char *id, const char *sandbox,
			 const char *address)
{
	char text[512], path[512];

	snprintf(text, sizeof(text),
		 "/*\n * CILIUM_BASE64_x:{\"ID\":%s,\"dockerID\":\"%s\",\"IPv4\":\"%s\","
		 "\"K8sPodName\":\"pod\",\"K8sNamespace\":\"shop\"}\n */\n",
		 id, sandbox, address);
	if (mkdir(directory, 0700) < 0)
		assert_int_equal(errno, EEXIST);
	put_text(directory, ".ep_config.h123", text);
	assert_int_equal(rename(in(directory, ".ep_config.h123", path),
				strcat(strcpy(text, directory), "/ep_config.h")),
			 0);
}

/* An endpoint is regenerated in a directory beside, which then takes the place of the old one. */
static void test_endpoints(void **state)
{
	struct stage *stage = *state;
	char cilium[512], endpoint[512], next[512], stale[512];
	int64_t now = clock_now(), since;

	watch(stage, NODE_STATE_CILIUM, "cilium", cilium);
	assert_int_equal(mkdir(cilium, 0700), 0);
	start(stage, now);
	in(cilium, "77", endpoint);
	in(cilium, "77_next", next);
	in(cilium, "77_stale", stale);
	put_endpoint(next, "77", ID_A, "10.4.0.2");
	assert_int_equal(rename(next, endpoint), 0);
	read_events(stage, now);
	assert_string_equal(owner(stage, "10.4.0.2"), ID_A);
	since = claim_of(stage, ID_A)->addresses[0].since;
	for (int i = 0; i < 3; i++) {
		put_endpoint(next, "77", ID_A, "10.4.0.2");
		assert_int_equal(rename(endpoint, stale), 0);
		assert_int_equal(rename(next, endpoint), 0);
		remove_tree(stale);
		read_events(stage, now);
		assert_int_equal(stage->claim_count, 1);
	}
	assert_int_equal(stage->told, 1);
	assert_int_equal(stage->withdrawn, 0);
	assert_int_equal(claim_of(stage, ID_A)->addresses[0].since, since);
	/* In place. */
	put_endpoint(endpoint, "77", ID_A, "10.4.0.3");
	read_events(stage, now);
	assert_string_equal(owner(stage, "10.4.0.3"), ID_A);
	put_text(endpoint, "ep_config.json",
		 "{\"ID\":77,\"dockerID\":\"" ID_A "\",\"IPv4\":\"10.4.0.4\"}");
	read_events(stage, now);
	assert_int_equal(stage->claim_count, 1);
	assert_string_equal(owner(stage, "10.4.0.4"), ID_A);
	put_endpoint(endpoint, "77", ID_A, "10.4.0.5");
	read_events(stage, now);
	assert_string_equal(owner(stage, "10.4.0.4"), ID_A);
	remove_file(endpoint, "ep_config.json");
	read_events(stage, now);
	assert_int_equal(stage->claim_count, 1);
	assert_string_equal(owner(stage, "10.4.0.5"), ID_A);
	remove_tree(endpoint);
	read_events(stage, now);
	assert_int_equal(stage->claim_count, 0);
	assert_int_equal(stage->problems + stage->losses, 0);
}

/* ---- OCI bundles ---- */

static void put_bundle(const char *directory, const char *sandbox)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "{\"ociVersion\":\"1.1.0\",\"annotations\":{\"io.kubernetes.cri.container-type\":"
		 "\"sandbox\",\"io.kubernetes.cri.sandbox-id\":\"%s\","
		 "\"io.kubernetes.cri.sandbox-name\":\"pod\","
		 "\"io.kubernetes.cri.sandbox-namespace\":\"shop\"}}",
		 sandbox);
	put_text(directory, "config.json", text);
}

static void test_bundles(void **state)
{
	struct stage *stage = *state;
	char bundles[512], one[512], two[512], inner[512];
	int64_t now = clock_now();

	watch(stage, NODE_STATE_OCI_BUNDLES, "bundles", bundles);
	assert_int_equal(mkdir(bundles, 0700), 0);
	start(stage, now);
	assert_int_equal(mkdir(in(bundles, ID_A, one), 0700), 0);
	read_events(stage, now);
	put_bundle(one, ID_A);
	read_events(stage, now);
	assert_string_equal(claim_of(stage, ID_A)->name, "pod");
	assert_int_equal(claim_of(stage, ID_A)->address_count, 0);
	/* CRI-O's way. */
	assert_int_equal(mkdir(in(bundles, ID_B, two), 0700), 0);
	read_events(stage, now);
	assert_int_equal(mkdir(in(two, "userdata", inner), 0700), 0);
	read_events(stage, now);
	put_bundle(inner, ID_B);
	read_events(stage, now);
	assert_string_equal(claim_of(stage, ID_B)->name, "pod");
	assert_int_equal(mkdir(in(two, "rootfs", inner), 0700), 0);
	put_text(inner, "config.json", "of somebody else");
	rescan(stage, now + NODE_STATE_SETTLE_NS);
	rescan(stage, now + 2 * NODE_STATE_SETTLE_NS);
	assert_int_equal(stage->told, 2);
	remove_tree(one);
	read_events(stage, now);
	assert_int_equal(stage->claim_count, 1);
	remove_tree(two);
	read_events(stage, now);
	assert_int_equal(stage->claim_count, 0);
	assert_int_equal(stage->problems + stage->losses, 0);
}

/* What an overflow hid in directories further down is found by listing all of them. */
static void test_overflow(void **state)
{
	struct stage *stage = *state;
	char bundles[512], one[512], two[512], noise[512];
	int64_t now = clock_now();
	long limit = 0;
	FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "r");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%ld", &limit), 1);
	fclose(file);
	watch(stage, NODE_STATE_OCI_BUNDLES, "bundles", bundles);
	assert_int_equal(mkdir(bundles, 0700), 0);
	assert_int_equal(mkdir(in(bundles, "noise", noise), 0700), 0);
	assert_int_equal(mkdir(in(bundles, ID_A, one), 0700), 0);
	put_bundle(one, ID_A);
	start(stage, now);
	for (long i = 0; i < limit; i++)
		put_text(noise, i % 2 ? "x" : "y", "");
	put_bundle(noise, "noise");
	remove_tree(one);
	assert_int_equal(mkdir(in(bundles, ID_B, two), 0700), 0);
	put_bundle(two, ID_B);
	read_events(stage, now + 1);
	assert_int_equal(stage->losses, 1);
	assert_null(claim_of(stage, ID_A));
	assert_non_null(claim_of(stage, ID_B));
	assert_non_null(claim_of(stage, "noise"));
	remove_file(two, "config.json");
	read_events(stage, now + 2);
	assert_null(claim_of(stage, ID_B));
}

/* ---- kindnet ---- */

#define PODS                                                                                       \
	"CREATE TABLE pods (container_id TEXT PRIMARY KEY, name TEXT, namespace TEXT, uid TEXT, "  \
	"netns TEXT NOT NULL, ip_address_v4 TEXT, ip_address_v6 TEXT, "                            \
	"creation_timestamp DATETIME DEFAULT CURRENT_TIMESTAMP, UNIQUE (ip_address_v4), "          \
	"UNIQUE (ip_address_v6));"
#define INSERT "INSERT INTO pods (container_id, name, namespace, netns, ip_address_v4) VALUES "
#define POD_A "('" ID_A "', 'a', 'shop', '/run/netns/a', '10.5.0.2')"
#define POD_B "('" ID_B "', 'b', 'shop', '/run/netns/b', '10.5.0.3')"

static void run(sqlite3 *database, const char *sql)
{
	char *error = NULL;

	if (sqlite3_exec(database, sql, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s: %s", sql, error);
}

static sqlite3 *open_database(const char *path)
{
	sqlite3 *database;

	assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
	run(database, "PRAGMA journal_mode = WAL");
	return database;
}

static size_t count_entries(const char *path)
{
	DIR *listing = opendir(path);
	size_t count = 0;

	assert_non_null(listing);
	while (readdir(listing))
		count++;
	closedir(listing);
	return count - 2;
}

/* The plugin opens the database, writes, and closes it, for every pod. */
static void test_database(void **state)
{
	struct stage *stage = *state;
	char path[512], directory[512];
	int64_t now = clock_now(), before;
	const struct claim_address *address;
	sqlite3 *database;

	watch(stage, NODE_STATE_KINDNET, "kindnet/cni.db", path);
	start(stage, now);
	assert_int_equal(mkdir(in(stage->root, "kindnet", directory), 0700), 0);
	database = open_database(path);
	run(database, PODS);
	read_after_pause(stage, &now);
	before = clock_now();
	run(database, INSERT POD_A);
	read_after_pause(stage, &now);
	assert_string_equal(owner(stage, "10.5.0.2"), ID_A);
	assert_string_equal(claim_of(stage, ID_A)->place, path);
	address = &claim_of(stage, ID_A)->addresses[0];
	assert_true(address->exact);
	/* Of the same moment, though the row has whole seconds: the file's time. */
	assert_in_range(address->since, before - 20 * NSEC_PER_MSEC, clock_now());
	before = address->since;
	sqlite3_close(database);
	read_after_pause(stage, &now);
	assert_int_equal(count_entries(directory), 1);
	assert_int_equal(stage->told, 1);
	database = open_database(path);
	run(database, "BEGIN; DELETE FROM pods; " INSERT POD_B "; COMMIT");
	sqlite3_close(database);
	read_after_pause(stage, &now);
	assert_int_equal(stage->claim_count, 1);
	assert_string_equal(owner(stage, "10.5.0.3"), ID_B);
	assert_true(claim_of(stage, ID_B)->addresses[0].since > before);
	assert_int_equal(count_entries(directory), 1);
	rescan(stage, now + NODE_STATE_SETTLE_NS);
	rescan(stage, now + 2 * NODE_STATE_SETTLE_NS);
	assert_int_equal(stage->problems + stage->losses, 0);
}

/* While a transaction is open nobody is held up, and nothing of it is seen. */
static void test_busy_database(void **state)
{
	struct stage *stage = *state;
	char path[512], directory[512];
	int64_t now = clock_now();
	sqlite3 *database, *other;

	watch(stage, NODE_STATE_KINDNET, "kindnet/cni.db", path);
	assert_int_equal(mkdir(in(stage->root, "kindnet", directory), 0700), 0);
	database = open_database(path);
	run(database, PODS INSERT POD_A);
	run(database, "PRAGMA cache_size = 1; BEGIN EXCLUSIVE; DELETE FROM pods;" INSERT POD_B);
	start(stage, now);
	assert_string_equal(owner(stage, "10.5.0.2"), ID_A);
	run(database, "CREATE TABLE filler (x); WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL "
		      "SELECT i + 1 FROM n WHERE i < 500) INSERT INTO filler SELECT "
		      "randomblob(4000) FROM n");
	rescan(stage, now + NODE_STATE_SETTLE_NS);
	assert_string_equal(owner(stage, "10.5.0.2"), ID_A);
	assert_string_equal(owner(stage, "10.5.0.3"), "");
	run(database, "COMMIT");
	read_events(stage, now + 2 * NODE_STATE_SETTLE_NS);
	assert_string_equal(owner(stage, "10.5.0.2"), "");
	assert_string_equal(owner(stage, "10.5.0.3"), ID_B);
	/* A second connection reads on while the first one's checkpoint moves the log. */
	other = open_database(path);
	run(other, "BEGIN; SELECT * FROM pods");
	run(database, "DROP TABLE filler; PRAGMA wal_checkpoint(PASSIVE)");
	read_events(stage, now + 3 * NODE_STATE_SETTLE_NS);
	assert_string_equal(owner(stage, "10.5.0.3"), ID_B);
	sqlite3_close(other);
	run(database, "PRAGMA wal_checkpoint(TRUNCATE); DELETE FROM pods");
	read_events(stage, now + 4 * NODE_STATE_SETTLE_NS);
	assert_int_equal(stage->claim_count, 0);
	sqlite3_close(database);
	assert_int_equal(stage->problems + stage->losses, 0);
}

/* With a log of 4 MiB, as large as it becomes; no more than five times a second. */
static void test_cost_of_a_database(void **state)
{
	enum { READS = 20 };
	struct stage *stage = *state;
	char path[512], directory[512], statement[512];
	int64_t now = clock_now(), taken = 0;
	sqlite3 *database;

	watch(stage, NODE_STATE_KINDNET, "kindnet/cni.db", path);
	assert_int_equal(mkdir(in(stage->root, "kindnet", directory), 0700), 0);
	database = open_database(path);
	run(database, "PRAGMA wal_autocheckpoint = 0");
	run(database, PODS);
	for (int i = 0; i < 200; i++)
		run(database, "BEGIN; DELETE FROM pods; " INSERT POD_A "; COMMIT");
	start(stage, now);
	for (int i = 0; i < READS; i++) {
		int64_t begin;

		snprintf(statement, sizeof(statement),
			 INSERT "('%064d', 'x', 'shop', '/run/netns/x', '10.6.0.%d')", i, i);
		run(database, statement);
		begin = clock_monotonic();
		read_after_pause(stage, &now);
		taken += clock_monotonic() - begin;
		assert_int_equal(stage->claim_count, 2 + i);
	}
	sqlite3_close(database);
	print_message("# a reading: %lld us\n", (long long)(taken / READS / NSEC_PER_USEC));
}

/* Without a log a transaction lies in a journal until it is done: the database is not whole. */
static void test_journal(void **state)
{
	struct stage *stage = *state;
	char path[512], directory[512];
	int64_t now = clock_now();
	sqlite3 *database;

	watch(stage, NODE_STATE_KINDNET, "kindnet/cni.db", path);
	assert_int_equal(mkdir(in(stage->root, "kindnet", directory), 0700), 0);
	assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
	run(database, PODS INSERT POD_A);
	start(stage, now);
	assert_string_equal(owner(stage, "10.5.0.2"), ID_A);
	run(database, "PRAGMA cache_size = 1; BEGIN; DELETE FROM pods; CREATE TABLE filler (x); "
		      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
		      "i < 50) INSERT INTO filler SELECT randomblob(4000) FROM n");
	read_after_pause(stage, &now);
	assert_string_equal(owner(stage, "10.5.0.2"), ID_A);
	run(database, "ROLLBACK");
	read_after_pause(stage, &now);
	assert_string_equal(owner(stage, "10.5.0.2"), ID_A);
	run(database, "DELETE FROM pods");
	read_after_pause(stage, &now);
	assert_int_equal(stage->claim_count, 0);
	sqlite3_close(database);
	rescan(stage, now + NODE_STATE_SETTLE_NS);
	assert_int_equal(stage->problems + stage->losses, 0);
}

static void put_numbered(const char *bundles, unsigned number)
{
	char name[16], directory[512];

	snprintf(name, sizeof(name), "%u", number);
	assert_int_equal(mkdir(in(bundles, name, directory), 0700), 0);
	put_bundle(directory, name);
}

/* Of very many directories a call looks at some, and the timer at the rest. */
static void test_many_directories(void **state)
{
	enum { COUNT = 2500 };
	struct stage *stage = *state;
	char bundles[512];
	int64_t now = clock_now(), begin;

	watch(stage, NODE_STATE_OCI_BUNDLES, "bundles", bundles);
	assert_int_equal(mkdir(bundles, 0700), 0);
	put_numbered(bundles, 0);
	start(stage, now);
	for (unsigned i = 1; i < COUNT; i++)
		put_numbered(bundles, i);
	read_events(stage, now);
	assert_in_range(stage->claim_count, 1000, NODE_STATE_DIRECTORIES_AT_ONCE + 1);
	while (stage->claim_count < COUNT)
		read_events(stage, now);
	remove_tree(bundles);
	while (stage->claim_count > 0)
		read_events(stage, now);
	assert_int_equal(mkdir(bundles, 0700), 0);
	for (unsigned i = 0; i < COUNT; i++)
		put_numbered(bundles, i);
	begin = clock_monotonic();
	rescan(stage, now);
	print_message("# a call: %lld us\n",
		      (long long)(clock_monotonic() - begin) / NSEC_PER_USEC);
	while (stage->claim_count < COUNT)
		read_events(stage, now);
	assert_int_equal(stage->problems + stage->losses, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    STAGED(test_allocations),
	    STAGED(test_allocated_again),
	    STAGED(test_networks_come_and_go),
	    STAGED(test_strange_networks),
	    STAGED(test_missed_allocation),
	    STAGED(test_linked_path),
	    STAGED(test_ipam),
	    STAGED(test_pause),
	    STAGED(test_many_directories),
	    STAGED(test_ipam_of_an_earlier_boot),
	    STAGED(test_endpoints),
	    STAGED(test_bundles),
	    STAGED(test_overflow),
	    STAGED(test_database),
	    STAGED(test_busy_database),
	    STAGED(test_cost_of_a_database),
	    STAGED(test_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
