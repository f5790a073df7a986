#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/resource.h>

#include "stage.h"

#define FILE_A "net-" ID_A "-eth0"
#define FILE_B "net-" ID_B "-eth0"

static int setup(void **state)
{
	struct stage *stage;

	stage_setup(state);
	stage = *state;
	stage->paths[NODE_STATE_CNI_RESULTS][0] = stage->results;
	stage->options.kinds[NODE_STATE_CNI_RESULTS].count = 1;
	return 0;
}

static char *result_text(const char *id, const char *interface, const char *addresses,
			 const char *netns)
{
	struct buf text = {0};

	buf_printf(&text,
		   "{\"kind\":\"cniCacheV1\",\"containerId\":\"%s\",\"ifName\":\"%s\","
		   "\"networkName\":\"net\",\"netns\":\"%s\",\"cniArgs\":[[\"K8S_POD_NAMESPACE\","
		   "\"shop\"],[\"K8S_POD_NAME\",\"pod\"],[\"K8S_POD_UID\",\"uid-%s\"]],"
		   "\"result\":{\"cniVersion\":\"1.0.0\",\"ips\":[%s]}}",
		   id, interface, netns, id, addresses);
	assert_int_equal(text.error, 0);
	return text.data;
}

static void put_network(const char *directory, const char *name, const char *id,
			const char *interface, const char *address)
{
	char addresses[128], *text;

	snprintf(addresses, sizeof(addresses), "{\"address\":\"%s/24\"}", address);
	text = result_text(id, interface, addresses, "");
	put_text(directory, name, text);
	free(text);
}

static void put_pod(const char *directory, const char *name, const char *id, const char *address)
{
	put_network(directory, name, id, "eth0", address);
}

static void put_netns(const char *directory, const char *name, const char *id, const char *address,
		      const char *netns)
{
	char addresses[128], *text;

	snprintf(addresses, sizeof(addresses), "{\"address\":\"%s/24\"}", address);
	text = result_text(id, "eth0", addresses, netns);
	put_text(directory, name, text);
	free(text);
}

static unsigned found(const struct stage *stage);

static void test_scan(void **state)
{
	struct stage *stage = *state;
	const struct kept_claim *claim;
	struct stat status;
	char path[512];
	int64_t now;

	put_pod(stage->results, FILE_A, ID_A, "10.0.0.1");
	put_text(stage->results, "cni-loopback-" ID_A "-lo",
		 "{\"kind\":\"cniCacheV1\",\"networkName\":\"cni-loopback\",\"ifName\":\"lo\","
		 "\"containerId\":\"" ID_A "\",\"result\":{}}");
	assert_int_equal(stat(in(stage->results, FILE_A, path), &status), 0);
	now = clock_now() + NSEC_PER_SEC;
	start(stage, now);
	assert_int_equal(found(stage), 1);
	assert_int_equal(stage->claim_count, 1);
	claim = claim_of(stage, ID_A);
	assert_non_null(claim);
	assert_string_equal(claim->source, "cni-result");
	assert_string_equal(claim->place, path);
	assert_string_equal(claim->namespace, "shop");
	assert_string_equal(claim->name, "pod");
	assert_string_equal(claim->uid, "uid-" ID_A);
	assert_false(claim->labelled || claim->host_network || claim->orphaned);
	assert_int_equal(claim->created, 0);
	assert_int_equal(claim->address_count, 1);
	assert_false(claim->addresses[0].exact || claim->addresses[0].secondary);
	assert_true(claim->addresses[0].since <=
		    status.st_mtim.tv_sec * NSEC_PER_SEC + status.st_mtim.tv_nsec);
	assert_true(now - claim->addresses[0].since < 60 * NSEC_PER_SEC);
	rescan(stage, now);
	assert_int_equal(stage->told, 1);
	assert_int_equal(stage->problems + stage->losses, 0);
}

static void test_short_life(void **state)
{
	struct stage *stage = *state;

	start(stage, clock_now());
	put_pod(stage->results, FILE_A, ID_A, "10.0.0.1");
	read_events(stage, clock_now());
	assert_string_equal(owner(stage, "10.0.0.1"), ID_A);
	remove_file(stage->results, FILE_A);
	read_events(stage, clock_now());
	assert_int_equal(stage->claim_count, 0);
	assert_int_equal(stage->told, 1);
	assert_int_equal(stage->withdrawn, 1);
	assert_int_equal(stage->problems + stage->losses, 0);
}

/* The withdrawal comes before the next owner's claim, though both happened unseen. */
static void test_address_moves(void **state)
{
	struct stage *stage = *state;

	start(stage, clock_now());
	put_pod(stage->results, FILE_A, ID_A, "10.0.0.1");
	read_events(stage, clock_now());
	remove_file(stage->results, FILE_A);
	put_pod(stage->results, FILE_B, ID_B, "10.0.0.1");
	read_events(stage, clock_now());
	assert_string_equal(owner(stage, "10.0.0.1"), ID_B);
	assert_int_equal(stage->told, 2);
	assert_int_equal(stage->withdrawn, 1);
	assert_int_equal(stage->losses, 0);
}

static void test_gone_before_read(void **state)
{
	struct stage *stage = *state;
	int64_t now = clock_now();

	start(stage, now);
	put_text(stage->results, "cni-loopback-" ID_A "-lo", "{");
	remove_file(stage->results, "cni-loopback-" ID_A "-lo");
	read_events(stage, now + 1);
	assert_int_equal(stage->losses, 0);
	for (int i = 0; i < 5; i++) {
		put_pod(stage->results, FILE_A, ID_A, "10.0.0.1");
		remove_file(stage->results, FILE_A);
	}
	read_events(stage, now + 2);
	assert_int_equal(stage->losses, 1);
	assert_int_equal(stage->loss_from, now + 1);
	assert_int_equal(stage->told, 0);
}

static void test_renames(void **state)
{
	struct stage *stage = *state;
	char from[512], to[512];

	start(stage, clock_now());
	put_pod(stage->root, "new", ID_A, "10.0.0.1");
	assert_int_equal(rename(in(stage->root, "new", from), in(stage->results, FILE_A, to)), 0);
	read_events(stage, clock_now());
	assert_string_equal(owner(stage, "10.0.0.1"), ID_A);
	put_pod(stage->root, "new", ID_A, "10.0.0.2");
	assert_int_equal(rename(from, to), 0);
	read_events(stage, clock_now());
	assert_string_equal(owner(stage, "10.0.0.1"), "");
	assert_string_equal(owner(stage, "10.0.0.2"), ID_A);
	assert_int_equal(rename(to, from), 0);
	read_events(stage, clock_now());
	assert_int_equal(stage->claim_count, 0);
}

/* Every file is a place of its own; what they tell together is not their affair. */
static void test_places(void **state)
{
	struct stage *stage = *state;

	put_pod(stage->results, FILE_A, ID_A, "10.0.0.1");
	put_pod(stage->results, "other-" ID_A "-eth0", ID_A, "10.0.0.1");
	start(stage, clock_now());
	assert_int_equal(stage->claim_count, 2);
	remove_file(stage->results, FILE_A);
	read_events(stage, clock_now());
	assert_int_equal(stage->claim_count, 1);
	assert_string_equal(owner(stage, "10.0.0.1"), ID_A);
}

static bool is_secondary(const struct stage *stage, const char *text)
{
	for (size_t i = 0; i < stage->claim_count; i++) {
		const struct claim_address *address = address_of(&stage->claims[i], text);

		if (address)
			return address->secondary;
	}
	fail_msg("nobody has %s", text);
	return false;
}

/* Multus: net1 and the like are further networks; an interface of another name is one as soon as
 * there is eth0. */
static void test_networks(void **state)
{
	struct stage *stage = *state;

	put_network(stage->results, "x-" ID_A "-net1", ID_A, "net1", "10.1.0.1");
	put_network(stage->results, "y-" ID_A "-mac0", ID_A, "mac0", "10.2.0.1");
	put_network(stage->results, "y-" ID_B "-mac0", ID_B, "mac0", "10.2.0.2");
	start(stage, clock_now());
	assert_true(is_secondary(stage, "10.1.0.1"));
	assert_false(is_secondary(stage, "10.2.0.1"));
	put_network(stage->results, "z-" ID_A "-eth0", ID_A, "eth0", "10.0.0.1");
	read_events(stage, clock_now());
	assert_false(is_secondary(stage, "10.0.0.1"));
	assert_true(is_secondary(stage, "10.1.0.1"));
	assert_true(is_secondary(stage, "10.2.0.1"));
	assert_false(is_secondary(stage, "10.2.0.2"));
	remove_file(stage->results, "z-" ID_A "-eth0");
	read_events(stage, clock_now());
	assert_true(is_secondary(stage, "10.1.0.1"));
	assert_false(is_secondary(stage, "10.2.0.1"));
	assert_int_equal(stage->told, 6);
}

static void test_rewritten(void **state)
{
	struct stage *stage = *state;
	int64_t now = clock_now() + NSEC_PER_SEC, since;

	put_pod(stage->results, FILE_A, ID_A, "10.0.0.1");
	start(stage, now);
	since = claim_of(stage, ID_A)->addresses[0].since;
	put_pod(stage->results, FILE_A, ID_A, "10.0.0.1");
	read_events(stage, now);
	assert_int_equal(stage->told, 1);
	assert_int_equal(claim_of(stage, ID_A)->addresses[0].since, since);
	put_text(
	    stage->results, FILE_A,
	    "{\"kind\":\"cniCacheV1\",\"containerId\":\"" ID_A "\",\"ifName\":\"eth0\","
	    "\"result\":{\"ips\":[{\"address\":\"10.0.0.1/8\"},{\"address\":\"10.0.0.2/8\"}]}}");
	read_events(stage, now);
	assert_int_equal(address_of(claim_of(stage, ID_A), "10.0.0.1")->since, since);
	assert_true(address_of(claim_of(stage, ID_A), "10.0.0.2")->since > since);
	put_pod(stage->results, FILE_A, ID_A, "10.0.0.2");
	read_events(stage, now + 5);
	assert_string_equal(owner(stage, "10.0.0.1"), "");
	assert_string_equal(owner(stage, "10.0.0.2"), ID_A);
	assert_int_equal(stage->withdrawn, 0);
	put_pod(stage->results, FILE_A, ID_B, "10.0.0.2");
	read_events(stage, now + 9);
	assert_string_equal(owner(stage, "10.0.0.2"), ID_B);
	assert_int_equal(stage->withdrawn, 1);
	assert_int_equal(stage->problems + stage->losses, 0);
}

static void test_half_written(void **state)
{
	struct stage *stage = *state;
	int64_t now = clock_now();

	put_text(stage->results, FILE_A, "");
	put_text(stage->results, FILE_B, "{\"kind\":\"cniCa");
	start(stage, now);
	assert_int_equal(stage->problems, 0);
	put_pod(stage->results, FILE_A, ID_A, "10.0.0.1");
	read_events(stage, now + NSEC_PER_SEC);
	assert_int_equal(stage->told, 1);
	assert_int_equal(stage->problems, 0);
	assert_int_equal(node_state_read(stage->state, now + NODE_STATE_SETTLE_NS), 0);
	assert_int_equal(stage->problems, 1);
	assert_non_null(strstr(stage->problem, FILE_B ": not JSON"));
	rescan(stage, now + 2 * NODE_STATE_SETTLE_NS);
	assert_int_equal(stage->problems, 1);
	put_text(stage->results, FILE_B, "");
	read_events(stage, now + 3 * NODE_STATE_SETTLE_NS);
	assert_int_equal(stage->problems, 1);
	rescan(stage, now + 4 * NODE_STATE_SETTLE_NS);
	assert_int_equal(stage->problems, 2);
	assert_non_null(strstr(stage->problem, FILE_B ": empty"));
	remove_file(stage->results, FILE_B);
	read_events(stage, now + 5 * NODE_STATE_SETTLE_NS);
	assert_int_equal(stage->problems, 2);
	assert_int_equal(stage->losses, 0);
}

/* A claimed file turns to garbage: the claim stays until the file goes. */
static void test_spoilt(void **state)
{
	struct stage *stage = *state;
	int64_t now = clock_now() + NSEC_PER_SEC;

	put_pod(stage->results, FILE_A, ID_A, "10.0.0.1");
	start(stage, now);
	put_text(stage->results, FILE_A, "garbage");
	read_events(stage, now + 1);
	rescan(stage, now + NODE_STATE_SETTLE_NS + 1);
	assert_int_equal(stage->problems, 1);
	assert_string_equal(owner(stage, "10.0.0.1"), ID_A);
	remove_file(stage->results, FILE_A);
	read_events(stage, now + NODE_STATE_SETTLE_NS + 3);
	assert_string_equal(owner(stage, "10.0.0.1"), "");
}

static void test_strange_files(void **state)
{
	struct stage *stage = *state;
	char path[512], target[512];
	int64_t now = clock_now();
	int fd;

	put_pod(stage->root, "target", ID_A, "10.0.0.1");
	assert_int_equal(symlink(in(stage->root, "target", target), in(stage->results, "l", path)),
			 0);
	assert_int_equal(mkfifo(in(stage->results, "fifo", path), 0600), 0);
	assert_int_equal(mkdir(in(stage->results, "directory", path), 0700), 0);
	put_text(stage->results, ".hidden", "x");
	fd = open(in(stage->results, "huge", path), O_WRONLY | O_CREAT, 0600);
	assert_int_equal(ftruncate(fd, INT64_C(1) << 40), 0);
	close(fd);
	start(stage, now);
	rescan(stage, now + NODE_STATE_SETTLE_NS);
	assert_int_equal(stage->problems, 4);
	assert_int_equal(stage->told, 0);
	/* All of that is no hindrance for others. */
	put_pod(stage->results, FILE_B, ID_B, "10.0.0.2");
	read_events(stage, now);
	assert_int_equal(stage->told, 1);
	rescan(stage, now + 9 * NODE_STATE_SETTLE_NS);
	assert_int_equal(stage->problems, 4);
}

#define NOBODY 65534

static int unprivileged_teardown(void **state)
{
	assert_int_equal(seteuid(getuid()), 0);
	return stage_teardown(state);
}

/* Root reads whatever the mode is. */
static void drop_privileges(struct stage *stage)
{
	if (geteuid() != 0)
		return;
	assert_int_equal(chown(stage->root, NOBODY, NOBODY), 0);
	assert_int_equal(chown(stage->results, NOBODY, NOBODY), 0);
	assert_int_equal(seteuid(NOBODY), 0);
}

static void test_unreadable(void **state)
{
	struct stage *stage = *state;
	int64_t now = clock_now();
	char path[512], problem[1024];

	drop_privileges(stage);
	put_pod(stage->results, FILE_A, ID_A, "10.0.0.1");
	put_pod(stage->results, FILE_B, ID_B, "10.0.0.2");
	assert_int_equal(chmod(in(stage->results, FILE_B, path), 0), 0);
	start(stage, now);
	rescan(stage, now + NODE_STATE_SETTLE_NS);
	rescan(stage, now + 2 * NODE_STATE_SETTLE_NS);
	snprintf(problem, sizeof(problem), "%s: Permission denied", path);
	assert_int_equal(stage->problems, 1);
	assert_string_equal(stage->problem, problem);
	assert_int_equal(stage->claim_count, 1);
	assert_string_equal(owner(stage, "10.0.0.1"), ID_A);
	/* What is known of a file that becomes unreadable stays. */
	assert_int_equal(chmod(path, 0600), 0);
	rescan(stage, now + 3 * NODE_STATE_SETTLE_NS);
	assert_string_equal(owner(stage, "10.0.0.2"), ID_B);
	assert_int_equal(chmod(path, 0), 0);
	rescan(stage, now + 4 * NODE_STATE_SETTLE_NS);
	rescan(stage, now + 5 * NODE_STATE_SETTLE_NS);
	assert_string_equal(owner(stage, "10.0.0.2"), ID_B);
	assert_int_equal(stage->problems, 2);
	assert_int_equal(stage->losses, 0);
}

static void test_unreadable_directory(void **state)
{
	struct stage *stage = *state;
	int64_t now = clock_now();

	drop_privileges(stage);
	put_pod(stage->results, FILE_A, ID_A, "10.0.0.1");
	start(stage, now);
	assert_int_equal(chmod(stage->results, 0), 0);
	rescan(stage, now + 1);
	rescan(stage, now + 2);
	assert_int_equal(stage->problems, 1);
	assert_non_null(strstr(stage->problem, "results: Permission denied"));
	assert_string_equal(owner(stage, "10.0.0.1"), ID_A);
	assert_int_equal(chmod(stage->results, 0700), 0);
	rescan(stage, now + 3);
	assert_string_equal(owner(stage, "10.0.0.1"), ID_A);
	assert_int_equal(stage->problems, 1);
}

/* It stays as it is, so only another look finds what the first could not. */
static void test_no_descriptor_to_list_with(void **state)
{
	struct stage *stage = *state;
	struct rlimit before, none;
	int64_t now = clock_now();

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
	put_pod(stage->results, FILE_A, ID_A, "10.0.0.1");
	stage_open(stage);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	rescan(stage, now);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(stage->problems, 1);
	assert_non_null(strstr(stage->problem, "results: Too many open files"));
	assert_int_equal(stage->claim_count, 0);
	rescan(stage, now + 1);
	assert_string_equal(owner(stage, "10.0.0.1"), ID_A);
	assert_int_equal(stage->problems, 1);
}

static void test_too_large(void **state)
{
	struct stage *stage = *state;
	int64_t now = clock_now();
	char path[512];
	int fd = open(in(stage->results, "huge", path), O_WRONLY | O_CREAT, 0600);

	assert_int_equal(ftruncate(fd, (1 << 20) + 1), 0);
	close(fd);
	start(stage, now);
	rescan(stage, now + NODE_STATE_SETTLE_NS);
	assert_int_equal(stage->problems, 1);
	assert_non_null(strstr(stage->problem, "huge: larger than 1 MiB"));
}

static void count_found(void *context, const char *source, const char *path)
{
	unsigned *count = context;

	assert_non_null(source);
	assert_int_equal(path[0], '/');
	++*count;
}

static unsigned found(const struct stage *stage)
{
	unsigned count = 0;

	node_state_visit_found(stage->state, count_found, &count);
	return count;
}

static void test_directory_comes_late(void **state)
{
	struct stage *stage = *state;
	char one[512], two[512], three[512];

	in(stage->root, "x", one);
	in(one, "y", two);
	in(two, "results", three);
	stage->paths[NODE_STATE_CNI_RESULTS][0] = three;
	start(stage, clock_now());
	assert_int_equal(found(stage), 0);
	assert_int_equal(stage->problems, 0);
	assert_int_equal(mkdir(one, 0700), 0);
	read_events(stage, clock_now());
	assert_int_equal(mkdir(two, 0700), 0);
	assert_int_equal(mkdir(three, 0700), 0);
	put_pod(three, FILE_A, ID_A, "10.0.0.1");
	read_events(stage, clock_now());
	assert_int_equal(found(stage), 1);
	assert_int_equal(stage->told, 1);
	put_pod(three, FILE_B, ID_B, "10.0.0.2");
	read_events(stage, clock_now());
	assert_int_equal(stage->told, 2);
	assert_int_equal(stage->problems + stage->losses, 0);
}

static void test_directory_replaced(void **state)
{
	struct stage *stage = *state;
	int64_t now = clock_now() + NSEC_PER_SEC;
	char away[512];

	put_pod(stage->results, FILE_A, ID_A, "10.0.0.1");
	start(stage, now);
	assert_int_equal(rename(stage->results, in(stage->root, "away", away)), 0);
	assert_int_equal(mkdir(stage->results, 0700), 0);
	put_pod(stage->results, FILE_B, ID_B, "10.0.0.2");
	read_events(stage, now + 1);
	assert_int_equal(stage->losses, 1);
	assert_string_equal(owner(stage, "10.0.0.1"), "");
	assert_string_equal(owner(stage, "10.0.0.2"), ID_B);
	/* What happens in the old one no longer counts. */
	remove_file(away, FILE_A);
	remove_file(stage->results, FILE_B);
	assert_int_equal(rmdir(stage->results), 0);
	read_events(stage, now + 2);
	assert_int_equal(found(stage), 0);
	assert_int_equal(stage->claim_count, 0);
	assert_int_equal(mkdir(stage->results, 0700), 0);
	read_events(stage, now + 3);
	assert_int_equal(found(stage), 1);
}

/* A directory higher up is exchanged: no event tells, the next rescan sees it. */
static void test_parent_replaced(void **state)
{
	struct stage *stage = *state;
	int64_t now = clock_now() + NSEC_PER_SEC;
	char parent[512], results[512], away[512];

	in(stage->root, "parent", parent);
	stage->paths[NODE_STATE_CNI_RESULTS][0] = in(parent, "results", results);
	assert_int_equal(mkdir(parent, 0700), 0);
	assert_int_equal(mkdir(results, 0700), 0);
	put_pod(results, FILE_A, ID_A, "10.0.0.1");
	start(stage, now);
	assert_int_equal(rename(parent, in(stage->root, "away", away)), 0);
	assert_int_equal(mkdir(parent, 0700), 0);
	assert_int_equal(mkdir(results, 0700), 0);
	rescan(stage, now + 1);
	assert_int_equal(stage->losses, 1);
	assert_int_equal(found(stage), 1);
	assert_string_equal(owner(stage, "10.0.0.1"), "");
	put_pod(results, FILE_B, ID_B, "10.0.0.2");
	read_events(stage, now + 2);
	assert_string_equal(owner(stage, "10.0.0.2"), ID_B);
}

static void test_two_directories(void **state)
{
	struct stage *stage = *state;
	int64_t now = clock_now();
	char inner[512];

	/* One lies in the other and comes later: its watch is the other's own. */
	stage->paths[NODE_STATE_CNI_RESULTS][1] = in(stage->results, "inner", inner);
	stage->options.kinds[NODE_STATE_CNI_RESULTS].count = 2;
	start(stage, now);
	assert_int_equal(found(stage), 1);
	assert_int_equal(mkdir(inner, 0700), 0);
	read_events(stage, now);
	assert_int_equal(found(stage), 2);
	put_pod(stage->results, FILE_A, ID_A, "10.0.0.1");
	put_pod(inner, FILE_A, ID_B, "10.0.0.2");
	read_events(stage, now);
	assert_int_equal(stage->told, 2);
	rescan(stage, now + NODE_STATE_SETTLE_NS);
	rescan(stage, now + 2 * NODE_STATE_SETTLE_NS);
	assert_int_equal(stage->problems + stage->losses, 0);
}

static void test_not_a_directory(void **state)
{
	struct stage *stage = *state;
	char path[512];

	put_text(stage->root, "file", "");
	stage->paths[NODE_STATE_CNI_RESULTS][0] = in(stage->root, "file", path);
	start(stage, clock_now());
	rescan(stage, clock_now());
	assert_int_equal(stage->problems, 1);
	assert_non_null(strstr(stage->problem, "file: cannot be watched: Not a directory"));
}

static void test_overflow(void **state)
{
	struct stage *stage = *state;
	int64_t now = clock_now() + NSEC_PER_SEC;
	long limit = 0;
	FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "r");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%ld", &limit), 1);
	fclose(file);
	put_pod(stage->results, FILE_A, ID_A, "10.0.0.1");
	start(stage, now);
	for (long i = 0; i < limit; i++)
		put_text(stage->results, i % 2 ? "x" : "y", "");
	remove_file(stage->results, FILE_A);
	put_pod(stage->results, FILE_B, ID_B, "10.0.0.2");
	read_events(stage, now + 1);
	assert_int_equal(stage->losses, 1);
	assert_int_equal(stage->loss_from, now);
	assert_string_equal(owner(stage, "10.0.0.1"), "");
	assert_string_equal(owner(stage, "10.0.0.2"), ID_B);
}

static void test_netns(void **state)
{
	struct stage *stage = *state;
	int64_t now = clock_now() + NSEC_PER_SEC;
	char netns[512];

	put_text(stage->root, "netns", "");
	put_netns(stage->results, FILE_A, ID_A, "10.0.0.1", in(stage->root, "netns", netns));
	put_netns(stage->results, FILE_B, ID_B, "10.0.0.2", "/nowhere/at/all");
	put_netns(stage->results, "c", "c", "10.0.0.3", "/proc/0/ns/net");
	stage->options.check_netns = true;
	start(stage, now);
	assert_string_equal(owner(stage, "10.0.0.1"), ID_A);
	assert_string_equal(owner(stage, "10.0.0.2"), "");
	assert_true(claim_of(stage, ID_B)->orphaned);
	assert_string_equal(owner(stage, "10.0.0.3"), "c");
	assert_true(claim_of(stage, ID_A)->has_netns);
	assert_false(claim_of(stage, ID_B)->has_netns || claim_of(stage, "c")->has_netns);
	remove_file(stage->root, "netns");
	rescan(stage, now + 5);
	assert_string_equal(owner(stage, "10.0.0.1"), "");
	assert_true(claim_of(stage, ID_A)->orphaned);
	assert_int_equal(stage->told, 4);
	rescan(stage, now + 6);
	assert_int_equal(stage->told, 4);
	put_text(stage->root, "netns", "");
	rescan(stage, now + 7);
	assert_string_equal(owner(stage, "10.0.0.1"), ID_A);
	remove_file(stage->results, FILE_A);
	read_events(stage, now + 9);
	assert_int_equal(stage->withdrawn, 1);
	assert_int_equal(stage->problems + stage->losses, 0);
}

static void test_boot_time(void **state)
{
	struct stage *stage = *state;
	struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	int64_t now = clock_now() + NSEC_PER_SEC;
	char path[512];

	put_pod(stage->results, FILE_A, ID_A, "10.0.0.1");
	put_pod(stage->results, FILE_B, ID_B, "10.0.0.2");
	assert_int_equal(utimensat(AT_FDCWD, in(stage->results, FILE_A, path), old, 0), 0);
	stage->options.boot_time = 2000 * NSEC_PER_SEC;
	start(stage, now);
	assert_string_equal(owner(stage, "10.0.0.1"), "");
	assert_string_equal(owner(stage, "10.0.0.2"), ID_B);
	assert_int_equal(stage->told, 1);
}

/* The clock was set forward after the files were written: who has a network namespace lives. */
static void test_clock_set_since_the_boot(void **state)
{
	struct stage *stage = *state;
	char netns[512], file[512];

	assert_int_equal(symlink("/proc/self/ns/net", in(stage->root, "living", netns)), 0);
	put_netns(stage->results, FILE_A, ID_A, "10.0.0.1", netns);
	put_text(stage->root, "left", "");
	put_netns(stage->results, FILE_B, ID_B, "10.0.0.2", in(stage->root, "left", file));
	put_netns(stage->results, "c", "c", "10.0.0.3", "/nowhere/at/all");
	put_pod(stage->results, "d", "d", "10.0.0.4");
	stage->options.check_netns = true;
	stage->options.boot_time = clock_now() + 86400 * NSEC_PER_SEC;
	start(stage, clock_now());
	assert_string_equal(owner(stage, "10.0.0.1"), ID_A);
	assert_int_equal(stage->claim_count, 1);
	assert_int_equal(stage->told, 1);
	node_state_retell(stage->state);
	assert_int_equal(stage->claim_count, 1);
	assert_int_equal(stage->told, 2);
}

static void test_many(void **state)
{
	enum { COUNT = 2000 };
	struct stage *stage = *state;
	int64_t now;

	for (int i = 0; i < COUNT; i++) {
		char name[32], id[32], address[32];

		snprintf(name, sizeof(name), "file-%d", i);
		snprintf(id, sizeof(id), "sandbox-%d", i);
		snprintf(address, sizeof(address), "10.0.%d.%d", i / 250, i % 250 + 1);
		put_pod(stage->results, name, id, address);
	}
	now = clock_now() + NSEC_PER_SEC;
	start(stage, now);
	assert_int_equal(stage->claim_count, COUNT);
	assert_string_equal(owner(stage, "10.0.4.6"), "sandbox-1005");
	rescan(stage, now);
	assert_int_equal(stage->told, COUNT);
}

#undef STAGED
#define STAGED(test) cmocka_unit_test_setup_teardown(test, setup, stage_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    STAGED(test_scan),
	    STAGED(test_short_life),
	    STAGED(test_address_moves),
	    STAGED(test_gone_before_read),
	    STAGED(test_renames),
	    STAGED(test_places),
	    STAGED(test_networks),
	    STAGED(test_rewritten),
	    STAGED(test_half_written),
	    STAGED(test_spoilt),
	    STAGED(test_strange_files),
	    cmocka_unit_test_setup_teardown(test_unreadable, setup, unprivileged_teardown),
	    cmocka_unit_test_setup_teardown(test_unreadable_directory, setup,
					    unprivileged_teardown),
	    STAGED(test_no_descriptor_to_list_with),
	    STAGED(test_too_large),
	    STAGED(test_directory_comes_late),
	    STAGED(test_directory_replaced),
	    STAGED(test_parent_replaced),
	    STAGED(test_two_directories),
	    STAGED(test_not_a_directory),
	    STAGED(test_overflow),
	    STAGED(test_netns),
	    STAGED(test_boot_time),
	    STAGED(test_clock_set_since_the_boot),
	    STAGED(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
