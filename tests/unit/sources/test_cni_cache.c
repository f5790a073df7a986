#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "identity/interval.h"
#include "sources/cni_cache.h"
#include "sources/cni_result.h"

#define WAIT_MS 10000
#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define FILE_A "net-" ID_A "-eth0"
#define FILE_B "net-" ID_B "-eth0"

/* A temporary directory, a cache that watches it, and what it told. */
struct stage {
	char root[64];
	char results[128]; /* root/results */
	const char *directories[2];
	struct cni_cache_options options;
	struct cni_cache *cache;
	struct registry *registry;
	unsigned pods; /* told */
	unsigned losses;
	int64_t loss_from;
	unsigned problems;
	char problem[512]; /* the last: "path: reason" */
};

static void on_pod(void *context, const struct pod *pod)
{
	struct stage *stage = context;
	uint32_t number;
	bool changed;

	assert_string_equal(pod->source, "cni-result");
	assert_int_equal(registry_put(stage->registry, pod, &number, &changed), 0);
	stage->pods++;
}

static void on_problem(void *context, const char *path, const char *reason)
{
	struct stage *stage = context;

	snprintf(stage->problem, sizeof(stage->problem), "%s: %s", path, reason);
	stage->problems++;
}

static void on_loss(void *context, int64_t from, const char *reason)
{
	struct stage *stage = context;

	assert_non_null(reason);
	stage->loss_from = from;
	stage->losses++;
}

static void stage_open(struct stage *stage)
{
	struct cni_cache_events events = {on_pod, on_problem, on_loss, stage};

	assert_int_equal(cni_cache_open(&stage->options, &events, &stage->cache), 0);
}

static int setup(void **state)
{
	struct stage *stage = calloc(1, sizeof(*stage));

	assert_non_null(stage);
	strcpy(stage->root, "/tmp/netpol-cni-XXXXXX");
	assert_non_null(mkdtemp(stage->root));
	snprintf(stage->results, sizeof(stage->results), "%s/results", stage->root);
	assert_int_equal(mkdir(stage->results, 0700), 0);
	stage->directories[0] = stage->results;
	stage->options =
	    (struct cni_cache_options){.directories = stage->directories, .directory_count = 1};
	stage->registry = registry_new();
	assert_non_null(stage->registry);
	*state = stage;
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int flag, struct FTW *walk)
{
	(void)status;
	(void)flag;
	(void)walk;
	return remove(path);
}

static int teardown(void **state)
{
	struct stage *stage = *state;

	assert_null(cni_cache_close(stage->cache));
	registry_free(stage->registry);
	nftw(stage->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(stage);
	return 0;
}

static const char *in(const char *directory, const char *name, char path[static 512])
{
	int length = snprintf(path, 512, "%s/%s", directory, name);

	assert_in_range(length, 1, 511);
	return path;
}

static void put_text(const char *directory, const char *name, const char *text)
{
	char path[512];
	int fd = open(in(directory, name, path), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static char *result_text(const char *id, const char *pod, const char *addresses, const char *netns)
{
	struct buf text = {0};

	buf_printf(&text,
		   "{\"kind\":\"cniCacheV1\",\"containerId\":\"%s\",\"ifName\":\"eth0\","
		   "\"networkName\":\"net\",\"netns\":\"%s\",\"cniArgs\":[[\"K8S_POD_NAMESPACE\","
		   "\"shop\"],[\"K8S_POD_NAME\",\"%s\"],[\"K8S_POD_UID\",\"uid-%s\"]],"
		   "\"result\":{\"cniVersion\":\"1.0.0\",\"ips\":[%s]}}",
		   id, netns, pod, pod, addresses);
	assert_int_equal(text.error, 0);
	return text.data;
}

static void put_pod(const char *directory, const char *name, const char *id, const char *pod,
		    const char *address)
{
	char addresses[128], *text;

	snprintf(addresses, sizeof(addresses), "{\"address\":\"%s/24\"}", address);
	text = result_text(id, pod, addresses, "");
	put_text(directory, name, text);
	free(text);
}

static void remove_file(const char *directory, const char *name)
{
	char path[512];

	assert_int_equal(unlink(in(directory, name, path)), 0);
}

/* Waits until inotify has something to say, and lets the cache take it. */
static void read_events(struct stage *stage, int64_t now)
{
	struct pollfd fd = {.fd = cni_cache_fd(stage->cache), .events = POLLIN};

	assert_int_equal(poll(&fd, 1, WAIT_MS), 1);
	assert_int_equal(cni_cache_read(stage->cache, now), 0);
}

static void start(struct stage *stage, int64_t now)
{
	stage_open(stage);
	assert_int_equal(cni_cache_rescan(stage->cache, now), 0);
}

/* Name of the pod that had the address at the moment, "" for nobody. */
static const char *owner(const struct stage *stage, const char *text, int64_t when)
{
	struct addr address;
	uint32_t number = 0;

	assert_int_equal(addr_parse(text, &address), 0);
	assert_int_equal(registry_bind(stage->registry, address, when, 0, &number), 0);
	return number ? registry_get(stage->registry, number)->name : "";
}

static void test_scan(void **state)
{
	struct stage *stage = *state;
	const struct pod *pod;
	struct stat status;
	char path[512];
	int64_t now;

	put_pod(stage->results, FILE_A, ID_A, "a", "10.0.0.1");
	put_text(stage->results, "cni-loopback-" ID_A "-lo",
		 "{\"kind\":\"cniCacheV1\",\"networkName\":\"cni-loopback\",\"ifName\":\"lo\","
		 "\"containerId\":\"" ID_A "\",\"result\":{}}");
	assert_int_equal(stat(in(stage->results, FILE_A, path), &status), 0);
	now = clock_now() + NSEC_PER_SEC;
	start(stage, now);
	assert_int_equal(cni_cache_watched(stage->cache), 1);
	assert_int_equal(registry_count(stage->registry), 1);
	pod = registry_get(stage->registry, 1);
	assert_string_equal(pod->namespace, "shop");
	assert_string_equal(pod->name, "a");
	assert_string_equal(pod->uid, "uid-a");
	assert_string_equal(pod->sandbox, ID_A);
	assert_int_equal(pod->address_count, 1);
	assert_int_equal(pod->addresses[0].until, INTERVAL_OPEN);
	assert_true(pod->addresses[0].since <=
		    status.st_mtim.tv_sec * NSEC_PER_SEC + status.st_mtim.tv_nsec);
	assert_true(now - pod->addresses[0].since < 60 * NSEC_PER_SEC);
	assert_int_equal(cni_cache_rescan(stage->cache, now), 0);
	assert_int_equal(stage->pods, 1);
	assert_int_equal(stage->problems + stage->losses, 0);
}

static void test_short_life(void **state)
{
	struct stage *stage = *state;
	int64_t begun = clock_now(), ended;

	start(stage, begun);
	put_pod(stage->results, FILE_A, ID_A, "a", "10.0.0.1");
	read_events(stage, clock_now());
	assert_int_equal(stage->pods, 1);
	remove_file(stage->results, FILE_A);
	ended = clock_now() + 300 * NSEC_PER_MSEC;
	read_events(stage, ended);
	assert_int_equal(stage->pods, 2);
	assert_int_equal(registry_count(stage->registry), 1);
	assert_int_equal(registry_get(stage->registry, 1)->address_count, 1);
	assert_int_equal(registry_get(stage->registry, 1)->addresses[0].until, ended);
	assert_string_equal(owner(stage, "10.0.0.1", ended - 1), "a");
	assert_string_equal(owner(stage, "10.0.0.1", ended), "");
	assert_int_equal(stage->problems + stage->losses, 0);
}

static void test_address_moves(void **state)
{
	struct stage *stage = *state;
	int64_t now = clock_now(), moved;

	start(stage, now);
	put_pod(stage->results, FILE_A, ID_A, "a", "10.0.0.1");
	read_events(stage, clock_now());
	remove_file(stage->results, FILE_A);
	moved = clock_now();
	read_events(stage, moved);
	put_pod(stage->results, FILE_B, ID_B, "b", "10.0.0.1");
	read_events(stage, clock_now());
	assert_string_equal(owner(stage, "10.0.0.1", clock_now() + NSEC_PER_SEC), "b");
	assert_int_equal(registry_get(stage->registry, 1)->addresses[0].until, moved);
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
		put_pod(stage->results, FILE_A, ID_A, "a", "10.0.0.1");
		remove_file(stage->results, FILE_A);
	}
	read_events(stage, now + 2);
	assert_int_equal(stage->losses, 1);
	assert_int_equal(stage->loss_from, now + 1);
	assert_int_equal(stage->pods, 0);
}

static void test_renames(void **state)
{
	struct stage *stage = *state;
	char from[512], to[512];

	start(stage, clock_now());
	put_pod(stage->root, "new", ID_A, "a", "10.0.0.1");
	assert_int_equal(rename(in(stage->root, "new", from), in(stage->results, FILE_A, to)), 0);
	read_events(stage, clock_now());
	assert_int_equal(registry_count(stage->registry), 1);
	assert_int_equal(rename(to, from), 0);
	read_events(stage, clock_now());
	assert_int_not_equal(registry_get(stage->registry, 1)->addresses[0].until, INTERVAL_OPEN);
}

static void test_two_interfaces(void **state)
{
	struct stage *stage = *state;
	int64_t now = clock_now(), first, second;
	const struct pod *pod;

	start(stage, now);
	put_pod(stage->results, FILE_A, ID_A, "a", "10.0.0.1");
	put_pod(stage->results, "net-" ID_A "-net1", ID_A, "a", "10.0.1.1");
	/* The same once more, as a second cache directory would have it. */
	put_pod(stage->results, "other-" ID_A "-eth0", ID_A, "a", "10.0.0.1");
	now = clock_now() + NSEC_PER_SEC;
	read_events(stage, now);
	pod = registry_get(stage->registry, 1);
	assert_int_equal(registry_count(stage->registry), 1);
	assert_int_equal(pod->address_count, 2);
	remove_file(stage->results, FILE_A);
	read_events(stage, now + 10);
	assert_string_equal(owner(stage, "10.0.0.1", now + 20), "a");
	remove_file(stage->results, "other-" ID_A "-eth0");
	first = now + 30;
	read_events(stage, first);
	assert_string_equal(owner(stage, "10.0.0.1", first - 1), "a");
	assert_string_equal(owner(stage, "10.0.0.1", first), "");
	assert_string_equal(owner(stage, "10.0.1.1", first), "a");
	remove_file(stage->results, "net-" ID_A "-net1");
	second = now + 40;
	read_events(stage, second);
	assert_string_equal(owner(stage, "10.0.1.1", second - 1), "a");
	assert_string_equal(owner(stage, "10.0.1.1", second), "");
	assert_int_equal(registry_get(stage->registry, 1)->address_count, 2);
	assert_int_equal(registry_count(stage->registry), 1);
}

/* Two files tell one interval; it began with the older one, whichever of them goes first. */
static void test_shared_address(void **state)
{
	struct stage *stage = *state;
	struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	char path[512];

	put_pod(stage->results, FILE_A, ID_A, "a", "10.0.0.1");
	put_pod(stage->results, "other-" ID_A "-eth0", ID_A, "a", "10.0.0.1");
	in(stage->results, "other-" ID_A "-eth0", path);
	assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
	start(stage, clock_now());
	assert_int_equal(registry_get(stage->registry, 1)->addresses[0].since, 1000 * NSEC_PER_SEC);
	remove_file(stage->results, "other-" ID_A "-eth0");
	read_events(stage, clock_now());
	assert_int_equal(registry_get(stage->registry, 1)->address_count, 1);
	assert_int_equal(registry_get(stage->registry, 1)->addresses[0].since, 1000 * NSEC_PER_SEC);
	assert_int_equal(registry_get(stage->registry, 1)->addresses[0].until, INTERVAL_OPEN);
}

static void test_rewritten(void **state)
{
	struct stage *stage = *state;
	int64_t now = clock_now() + NSEC_PER_SEC, since;

	put_pod(stage->results, FILE_A, ID_A, "a", "10.0.0.1");
	start(stage, now);
	since = registry_get(stage->registry, 1)->addresses[0].since;
	put_pod(stage->results, FILE_A, ID_A, "a", "10.0.0.1");
	read_events(stage, now);
	assert_int_equal(registry_get(stage->registry, 1)->addresses[0].since, since);
	put_pod(stage->results, FILE_A, ID_A, "a", "10.0.0.2");
	read_events(stage, now + 5);
	assert_string_equal(owner(stage, "10.0.0.1", now + 4), "a");
	assert_string_equal(owner(stage, "10.0.0.1", now + 5), "");
	assert_string_equal(owner(stage, "10.0.0.2", now + 5), "a");
	put_pod(stage->results, FILE_A, ID_B, "b", "10.0.0.2");
	read_events(stage, now + 9);
	assert_string_equal(owner(stage, "10.0.0.2", now + 9), "b");
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
	put_pod(stage->results, FILE_A, ID_A, "a", "10.0.0.1");
	read_events(stage, now + NSEC_PER_SEC);
	assert_int_equal(stage->pods, 1);
	assert_int_equal(stage->problems, 0);
	assert_int_equal(cni_cache_read(stage->cache, now + CNI_CACHE_SETTLE_NS), 0);
	assert_int_equal(stage->problems, 1);
	assert_non_null(strstr(stage->problem, FILE_B ": not JSON"));
	assert_int_equal(cni_cache_rescan(stage->cache, now + 2 * CNI_CACHE_SETTLE_NS), 0);
	assert_int_equal(stage->problems, 1);
	put_text(stage->results, FILE_B, "");
	read_events(stage, now + 3 * CNI_CACHE_SETTLE_NS);
	assert_int_equal(stage->problems, 1);
	assert_int_equal(cni_cache_rescan(stage->cache, now + 4 * CNI_CACHE_SETTLE_NS), 0);
	assert_int_equal(stage->problems, 2);
	assert_non_null(strstr(stage->problem, FILE_B ": empty"));
	remove_file(stage->results, FILE_B);
	read_events(stage, now + 5 * CNI_CACHE_SETTLE_NS);
	assert_int_equal(stage->problems, 2);
	assert_int_equal(stage->losses, 0);
}

/* A live pod's file turns to garbage: the pod stays until the file goes. */
static void test_spoilt(void **state)
{
	struct stage *stage = *state;
	int64_t now = clock_now() + NSEC_PER_SEC;

	put_pod(stage->results, FILE_A, ID_A, "a", "10.0.0.1");
	start(stage, now);
	put_text(stage->results, FILE_A, "garbage");
	read_events(stage, now + 1);
	assert_int_equal(cni_cache_rescan(stage->cache, now + CNI_CACHE_SETTLE_NS + 1), 0);
	assert_int_equal(stage->problems, 1);
	assert_string_equal(owner(stage, "10.0.0.1", now + CNI_CACHE_SETTLE_NS + 2), "a");
	remove_file(stage->results, FILE_A);
	read_events(stage, now + CNI_CACHE_SETTLE_NS + 3);
	assert_string_equal(owner(stage, "10.0.0.1", now + CNI_CACHE_SETTLE_NS + 3), "");
}

static void test_strange_files(void **state)
{
	struct stage *stage = *state;
	char path[512], target[512];
	int64_t now = clock_now();
	int fd;

	put_pod(stage->root, "target", ID_A, "a", "10.0.0.1");
	assert_int_equal(symlink(in(stage->root, "target", target), in(stage->results, "l", path)),
			 0);
	assert_int_equal(mkfifo(in(stage->results, "fifo", path), 0600), 0);
	assert_int_equal(mkdir(in(stage->results, "directory", path), 0700), 0);
	put_text(stage->results, ".hidden", "x");
	fd = open(in(stage->results, "huge", path), O_WRONLY | O_CREAT, 0600);
	assert_int_equal(ftruncate(fd, INT64_C(1) << 40), 0);
	close(fd);
	start(stage, now);
	assert_int_equal(cni_cache_rescan(stage->cache, now + CNI_CACHE_SETTLE_NS), 0);
	assert_int_equal(stage->problems, 3);
	assert_int_equal(stage->pods, 0);
	/* All of that is no hindrance for others. */
	put_pod(stage->results, FILE_B, ID_B, "b", "10.0.0.2");
	read_events(stage, now);
	assert_int_equal(stage->pods, 1);
	assert_int_equal(cni_cache_rescan(stage->cache, now + 9 * CNI_CACHE_SETTLE_NS), 0);
	assert_int_equal(stage->problems, 3);
}

static void test_too_large(void **state)
{
	struct stage *stage = *state;
	int64_t now = clock_now();
	char path[512];
	int fd = open(in(stage->results, "huge", path), O_WRONLY | O_CREAT, 0600);

	assert_int_equal(ftruncate(fd, CNI_RESULT_BYTES_MAX + 1), 0);
	close(fd);
	start(stage, now);
	assert_int_equal(cni_cache_rescan(stage->cache, now + CNI_CACHE_SETTLE_NS), 0);
	assert_int_equal(stage->problems, 1);
	assert_non_null(strstr(stage->problem, "huge: larger than 1 MiB"));
}

static void test_directory_comes_late(void **state)
{
	struct stage *stage = *state;
	char one[512], two[512], three[512];

	in(stage->root, "x", one);
	in(one, "y", two);
	in(two, "results", three);
	stage->directories[0] = three;
	start(stage, clock_now());
	assert_int_equal(cni_cache_watched(stage->cache), 0);
	assert_int_equal(stage->problems, 0);
	assert_int_equal(mkdir(one, 0700), 0);
	read_events(stage, clock_now());
	assert_int_equal(mkdir(two, 0700), 0);
	assert_int_equal(mkdir(three, 0700), 0);
	put_pod(three, FILE_A, ID_A, "a", "10.0.0.1");
	read_events(stage, clock_now());
	assert_int_equal(cni_cache_watched(stage->cache), 1);
	assert_int_equal(stage->pods, 1);
	put_pod(three, FILE_B, ID_B, "b", "10.0.0.2");
	read_events(stage, clock_now());
	assert_int_equal(stage->pods, 2);
	assert_int_equal(stage->problems + stage->losses, 0);
}

static void test_directory_replaced(void **state)
{
	struct stage *stage = *state;
	int64_t now = clock_now() + NSEC_PER_SEC;
	char away[512];

	put_pod(stage->results, FILE_A, ID_A, "a", "10.0.0.1");
	start(stage, now);
	assert_int_equal(rename(stage->results, in(stage->root, "away", away)), 0);
	assert_int_equal(mkdir(stage->results, 0700), 0);
	put_pod(stage->results, FILE_B, ID_B, "b", "10.0.0.2");
	read_events(stage, now + 1);
	assert_int_equal(stage->losses, 1);
	assert_string_equal(owner(stage, "10.0.0.1", now + 1), "");
	assert_string_equal(owner(stage, "10.0.0.2", now + 1), "b");
	/* What happens in the old one no longer counts. */
	remove_file(away, FILE_A);
	remove_file(stage->results, FILE_B);
	assert_int_equal(rmdir(stage->results), 0);
	read_events(stage, now + 2);
	assert_int_equal(cni_cache_watched(stage->cache), 0);
	assert_string_equal(owner(stage, "10.0.0.2", now + 2), "");
	assert_int_equal(mkdir(stage->results, 0700), 0);
	read_events(stage, now + 3);
	assert_int_equal(cni_cache_watched(stage->cache), 1);
}

/* A directory higher up is exchanged: no event tells, the next rescan sees it. */
static void test_parent_replaced(void **state)
{
	struct stage *stage = *state;
	int64_t now = clock_now() + NSEC_PER_SEC;
	char parent[512], results[512], away[512];

	in(stage->root, "parent", parent);
	stage->directories[0] = in(parent, "results", results);
	assert_int_equal(mkdir(parent, 0700), 0);
	assert_int_equal(mkdir(results, 0700), 0);
	put_pod(results, FILE_A, ID_A, "a", "10.0.0.1");
	start(stage, now);
	assert_int_equal(rename(parent, in(stage->root, "away", away)), 0);
	assert_int_equal(mkdir(parent, 0700), 0);
	assert_int_equal(mkdir(results, 0700), 0);
	assert_int_equal(cni_cache_rescan(stage->cache, now + 1), 0);
	assert_int_equal(stage->losses, 1);
	assert_int_equal(cni_cache_watched(stage->cache), 1);
	assert_string_equal(owner(stage, "10.0.0.1", now + 1), "");
	put_pod(results, FILE_B, ID_B, "b", "10.0.0.2");
	read_events(stage, now + 2);
	assert_string_equal(owner(stage, "10.0.0.2", now + 2), "b");
}

static void test_two_directories(void **state)
{
	struct stage *stage = *state;
	char inner[512];

	/* One lies in the other and comes later: its watch is the other's own. */
	stage->directories[1] = in(stage->results, "inner", inner);
	stage->options.directory_count = 2;
	start(stage, clock_now());
	assert_int_equal(cni_cache_watched(stage->cache), 1);
	assert_int_equal(mkdir(inner, 0700), 0);
	read_events(stage, clock_now());
	assert_int_equal(cni_cache_watched(stage->cache), 2);
	put_pod(stage->results, FILE_A, ID_A, "a", "10.0.0.1");
	put_pod(inner, FILE_A, ID_B, "b", "10.0.0.2");
	read_events(stage, clock_now());
	assert_int_equal(stage->pods, 2);
	assert_int_equal(stage->problems + stage->losses, 0);
}

static void test_not_a_directory(void **state)
{
	struct stage *stage = *state;
	char path[512];

	put_text(stage->root, "file", "");
	stage->directories[0] = in(stage->root, "file", path);
	start(stage, clock_now());
	assert_int_equal(cni_cache_rescan(stage->cache, clock_now()), 0);
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
	put_pod(stage->results, FILE_A, ID_A, "a", "10.0.0.1");
	start(stage, now);
	for (long i = 0; i < limit; i++)
		put_text(stage->results, i % 2 ? "x" : "y", "");
	remove_file(stage->results, FILE_A);
	put_pod(stage->results, FILE_B, ID_B, "b", "10.0.0.2");
	read_events(stage, now + 1);
	assert_int_equal(stage->losses, 1);
	assert_int_equal(stage->loss_from, now);
	assert_string_equal(owner(stage, "10.0.0.1", now + 1), "");
	assert_string_equal(owner(stage, "10.0.0.2", now + 1), "b");
}

static void test_netns(void **state)
{
	struct stage *stage = *state;
	int64_t now = clock_now() + NSEC_PER_SEC;
	char netns[512], *text;

	put_text(stage->root, "netns", "");
	text = result_text(ID_A, "a", "{\"address\":\"10.0.0.1/24\"}",
			   in(stage->root, "netns", netns));
	put_text(stage->results, FILE_A, text);
	free(text);
	text = result_text(ID_B, "b", "{\"address\":\"10.0.0.2/24\"}", "/nowhere/at/all");
	put_text(stage->results, FILE_B, text);
	free(text);
	text = result_text("c", "c", "{\"address\":\"10.0.0.3/24\"}", "/proc/0/ns/net");
	put_text(stage->results, "c", text);
	free(text);
	stage->options.check_netns = true;
	start(stage, now);
	assert_string_equal(owner(stage, "10.0.0.1", now), "a");
	assert_string_equal(owner(stage, "10.0.0.2", now), "");
	assert_string_equal(owner(stage, "10.0.0.3", now), "c");
	remove_file(stage->root, "netns");
	assert_int_equal(cni_cache_rescan(stage->cache, now + 5), 0);
	assert_string_equal(owner(stage, "10.0.0.1", now + 4), "a");
	assert_string_equal(owner(stage, "10.0.0.1", now + 5), "");
	remove_file(stage->results, FILE_A);
	read_events(stage, now + 9);
	assert_int_equal(registry_get(stage->registry, 1)->address_count, 1);
	assert_int_equal(stage->problems + stage->losses, 0);
}

static void test_boot_time(void **state)
{
	struct stage *stage = *state;
	struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	int64_t now = clock_now() + NSEC_PER_SEC;
	char path[512];

	put_pod(stage->results, FILE_A, ID_A, "a", "10.0.0.1");
	put_pod(stage->results, FILE_B, ID_B, "b", "10.0.0.2");
	assert_int_equal(utimensat(AT_FDCWD, in(stage->results, FILE_A, path), old, 0), 0);
	stage->options.boot_time = 2000 * NSEC_PER_SEC;
	start(stage, now);
	assert_string_equal(owner(stage, "10.0.0.1", now), "");
	assert_string_equal(owner(stage, "10.0.0.2", now), "b");
	assert_int_equal(stage->pods, 1);
}

static void test_many(void **state)
{
	enum { COUNT = 2000 };
	struct stage *stage = *state;
	int64_t now;

	for (int i = 0; i < COUNT; i++) {
		char name[32], id[32], pod[32], address[32];

		snprintf(name, sizeof(name), "file-%d", i);
		snprintf(id, sizeof(id), "sandbox-%d", i);
		snprintf(pod, sizeof(pod), "pod-%d", i);
		snprintf(address, sizeof(address), "10.0.%d.%d", i / 250, i % 250 + 1);
		put_pod(stage->results, name, id, pod, address);
	}
	now = clock_now() + NSEC_PER_SEC;
	start(stage, now);
	assert_int_equal(registry_count(stage->registry), COUNT);
	assert_string_equal(owner(stage, "10.0.4.6", now), "pod-1005");
	assert_int_equal(cni_cache_rescan(stage->cache, now), 0);
	assert_int_equal(stage->pods, COUNT);
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    STAGED(test_scan),
	    STAGED(test_short_life),
	    STAGED(test_address_moves),
	    STAGED(test_gone_before_read),
	    STAGED(test_renames),
	    STAGED(test_two_interfaces),
	    STAGED(test_shared_address),
	    STAGED(test_rewritten),
	    STAGED(test_half_written),
	    STAGED(test_spoilt),
	    STAGED(test_strange_files),
	    STAGED(test_too_large),
	    STAGED(test_directory_comes_late),
	    STAGED(test_directory_replaced),
	    STAGED(test_parent_replaced),
	    STAGED(test_two_directories),
	    STAGED(test_not_a_directory),
	    STAGED(test_overflow),
	    STAGED(test_netns),
	    STAGED(test_boot_time),
	    STAGED(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
