/* The registry over restarts, forgetting and clocks that are set. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/pods.h"
#include "flow/fold.h"

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define MINUTES(n) ((int64_t)(n)*60 * NSEC_PER_SEC)

/* The clock that all of it sees is ahead of the system's by so much. */
static int64_t ahead;

int64_t __real_clock_now(void);
int64_t __wrap_clock_now(void);

int64_t __wrap_clock_now(void)
{
	return __real_clock_now() + ahead;
}

struct scene {
	char root[64];
	char socket[96];
	struct config config;
	struct store_state state;
	struct pod pods[8];
	struct pod_address addresses[8];
	struct pods *tested;
	struct fold *fold;
	struct track *track;
};

static char *text(const char *literal)
{
	return (char *)(uintptr_t)literal;
}

static struct addr ip(const char *name)
{
	struct addr address;

	assert_int_equal(addr_parse(name, &address), 0);
	return address;
}

static int setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	assert_non_null(scene);
	ahead = 0;
	strcpy(scene->root, "/tmp/netpol-pods-XXXXXX");
	assert_non_null(mkdtemp(scene->root));
	snprintf(scene->socket, sizeof(scene->socket), "%s/none.sock", scene->root);
	scene->config.identity.cni_results.items[0] = scene->root;
	scene->config.identity.cni_results.count = 1;
	scene->state.pods = scene->pods;
	scene->state.pods_since = INT64_MIN;
	*state = scene;
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
	(void)status, (void)type, (void)at;
	return remove(path);
}

static int teardown(void **state)
{
	struct scene *scene = *state;

	pods_free(scene->tested);
	track_free(scene->track);
	fold_free(scene->fold);
	nftw(scene->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(scene);
	return 0;
}

static void put_file(const struct scene *scene, const char *id, const char *name,
		     const char *address)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/pods-%s-eth0", scene->root, id);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file,
		"{\"kind\":\"cniCacheV1\",\"containerId\":\"%s\",\"ifName\":\"eth0\","
		"\"networkName\":\"pods\",\"cniArgs\":[[\"K8S_POD_NAMESPACE\",\"shop\"],"
		"[\"K8S_POD_NAME\",\"%s\"],[\"K8S_POD_UID\",\"uid-%s\"]],"
		"\"result\":{\"cniVersion\":\"1.0.0\",\"interfaces\":[{\"name\":\"eth0\","
		"\"sandbox\":\"/x\"}],\"ips\":[{\"address\":\"%s/24\",\"interface\":0}]}}",
		id, name, name, address);
	fclose(file);
}

static void remove_file(const struct scene *scene, const char *id)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/pods-%s-eth0", scene->root, id);
	assert_int_equal(unlink(path), 0);
}

/* Of the earlier run; address NULL: of the node's network. */
static struct pod *had(struct scene *scene, const char *name, const char *id, const char *address,
		       int64_t since, int64_t until)
{
	size_t at = scene->state.pod_count++;

	scene->pods[at] = (struct pod){.namespace = text("shop"),
				       .name = text(name),
				       .uid = text("uid"),
				       .sandbox = text(id),
				       .source = text("cni-result"),
				       .conflict = text(""),
				       .host_network = !address,
				       .ended = until,
				       .addresses = address ? &scene->addresses[at] : NULL,
				       .address_count = address ? 1 : 0};
	if (address)
		scene->addresses[at] = (struct pod_address){ip(address), since, until, true, false};
	return &scene->pods[at];
}

static void open_pods(struct scene *scene)
{
	const struct track_options options = {
	    .live_limit = 100, .pending = {.packet_limit = 100, .confirmed_limit = 100}};

	assert_int_equal(pods_open(&scene->config, &scene->state, &scene->tested), 0);
	pods_ready(scene->tested);
	scene->fold = fold_new((struct fold_options){.window = 60000, .limit = 100});
	scene->track = track_new(options, scene->fold, pods_registry(scene->tested));
	assert_non_null(scene->track);
}

static const struct pod *pod_of(const struct scene *scene, const char *id)
{
	const struct registry *registry = pods_registry(scene->tested);

	return registry_get(registry, registry_find(registry, id));
}

static uint32_t owner(const struct scene *scene, const char *address, int64_t when)
{
	uint32_t number = 0;

	assert_int_equal(registry_bind(pods_registry(scene->tested), ip(address), when, 0, &number),
			 0);
	return number;
}

static struct batch *take(struct scene *scene)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	assert_non_null(batch);
	assert_true(pods_take(scene->tested, batch));
	return batch;
}

static bool tells(const struct batch *batch, const char *id)
{
	for (size_t i = 0; i < batch->pod_count; i++)
		if (strcmp(batch->pods[i].pod.sandbox, id) == 0)
			return true;
	return false;
}

static void later(struct scene *scene, int minutes)
{
	for (int i = 0; i < minutes; i++) {
		ahead += MINUTES(1);
		assert_int_equal(pods_read(scene->tested, scene->track), 0);
		assert_int_equal(pods_rescan(scene->tested, scene->track, true), 0);
	}
}

/* What ended before is not told again; what went meanwhile ended when the run before was heard. */
static void test_restart(void **state)
{
	struct scene *scene = *state;
	int64_t now = clock_now(), heartbeat = clock_msec(now - MINUTES(2));
	struct batch *batch;

	scene->state.heartbeat = heartbeat;
	had(scene, "over", "over", "10.0.0.9", now - MINUTES(60), now - MINUTES(50));
	had(scene, "gone", "gone", "10.0.0.8", now - MINUTES(60), INTERVAL_OPEN);
	had(scene, "stays", ID_A, "10.0.0.1", now - MINUTES(60), INTERVAL_OPEN);
	put_file(scene, ID_A, "stays", "10.0.0.1");
	open_pods(scene);
	assert_int_equal(pod_of(scene, "gone")->ended, heartbeat * NSEC_PER_MSEC);
	assert_int_equal(pod_of(scene, "gone")->addresses[0].until, heartbeat * NSEC_PER_MSEC);
	assert_true(pod_of(scene, ID_A)->addresses[0].until == INTERVAL_OPEN);
	assert_int_equal(owner(scene, "10.0.0.1", now - MINUTES(30)), 3);
	batch = take(scene);
	assert_false(tells(batch, "over"));
	assert_true(tells(batch, "gone") && tells(batch, ID_A));
	batch_free(batch);
	batch = take(scene);
	assert_int_equal(batch->pod_count, 0);
	assert_int_equal(pods_tell(scene->tested, batch), 0);
	assert_int_equal(batch->pod_count, 3);
	batch_free(batch);
}

/* What was said to its address since may have been meant for nobody. */
static void test_end_during_the_start(void **state)
{
	struct scene *scene = *state;
	const struct registry *registry;
	int64_t opened, began = clock_now() - MINUTES(1);

	put_file(scene, ID_A, "gone", "10.0.0.1");
	put_file(scene, ID_B, "leaves", "10.0.0.2");
	assert_int_equal(pods_open(&scene->config, &scene->state, &scene->tested), 0);
	opened = clock_now();
	remove_file(scene, ID_A);
	ahead = MINUTES(1);
	assert_int_equal(pods_read(scene->tested, NULL), 0);
	assert_in_range(pod_of(scene, ID_A)->addresses[0].until, began, opened);
	assert_in_range(pod_of(scene, ID_A)->ended, began, opened);
	assert_int_equal(owner(scene, "10.0.0.1", opened + 1), 0);
	pods_ready(scene->tested);
	remove_file(scene, ID_B);
	ahead = MINUTES(2);
	assert_int_equal(pods_read(scene->tested, NULL), 0);
	registry = pods_registry(scene->tested);
	assert_int_equal(owner(scene, "10.0.0.2", opened + MINUTES(1)),
			 registry_find(registry, ID_B));
}

/* Only the runtime knows them: they are waited for. */
static void test_host_network_while_the_runtime_is_silent(void **state)
{
	struct scene *scene = *state;
	int64_t now = clock_now(), heartbeat = clock_msec(now - MINUTES(2));

	scene->config.identity.cri_sockets.items[0] = scene->socket;
	scene->config.identity.cri_sockets.count = 1;
	scene->state.heartbeat = heartbeat;
	had(scene, "proxy", "proxy", NULL, 0, INTERVAL_OPEN);
	open_pods(scene);
	assert_true(pod_of(scene, "proxy")->ended == INTERVAL_OPEN);
	later(scene, 2);
	assert_int_equal(pod_of(scene, "proxy")->ended, heartbeat * NSEC_PER_MSEC);
}

/* The store has no room: what it was not told of is not forgotten. */
static void test_untold_pods_are_kept(void **state)
{
	struct scene *scene = *state;
	struct batch *batch;
	uint32_t number;

	open_pods(scene);
	put_file(scene, ID_A, "brief", "10.0.0.1");
	later(scene, 1);
	number = registry_find(pods_registry(scene->tested), ID_A);
	assert_int_equal(number, 1);
	remove_file(scene, ID_A);
	later(scene, 40);
	assert_int_equal(pods_count(scene->tested), 1);
	batch = take(scene);
	assert_true(tells(batch, ID_A));
	assert_int_equal(batch->forgotten_count, 0);
	batch_free(batch);
	ahead += MINUTES(20);
	assert_int_equal(pods_rescan(scene->tested, scene->track, false), 0);
	assert_int_equal(pods_count(scene->tested), 1);
	assert_int_equal(pods_rescan(scene->tested, scene->track, true), 0);
	assert_int_equal(pods_count(scene->tested), 0);
	batch = take(scene);
	assert_int_equal(batch->forgotten_count, 1);
	assert_int_equal(batch->forgotten[0], number);
	batch_free(batch);
}

static void test_clock_set_back(void **state)
{
	struct scene *scene = *state;
	struct batch *batch;

	put_file(scene, ID_A, "web", "10.0.0.1");
	open_pods(scene);
	batch_free(take(scene));
	ahead -= MINUTES(60);
	assert_int_equal(owner(scene, "10.0.0.1", clock_now()), 0);
	pods_shift(scene->tested, -MINUTES(60));
	assert_int_equal(owner(scene, "10.0.0.1", clock_now()), 1);
	batch = take(scene);
	assert_true(tells(batch, ID_A));
	batch_free(batch);
	ahead += MINUTES(120);
	pods_shift(scene->tested, MINUTES(120));
	assert_int_equal(owner(scene, "10.0.0.1", clock_now()), 1);
}

/* A board without a clock starts before the moment at which it was last heard. */
static void test_clock_behind_the_heartbeat(void **state)
{
	struct scene *scene = *state;
	int64_t now = clock_now();

	scene->state.heartbeat = clock_msec(now + MINUTES(60));
	had(scene, "gone", "gone", "10.0.0.8", now - MINUTES(60), INTERVAL_OPEN);
	open_pods(scene);
	assert_in_range(pod_of(scene, "gone")->ended, now, clock_now());
	assert_int_equal(owner(scene, "10.0.0.8", clock_now()), 0);
}

/* Who had an address before all that was loaded is not known. */
static void test_what_was_not_loaded(void **state)
{
	struct scene *scene = *state;
	int64_t now = clock_now();

	scene->state.heartbeat = clock_msec(now);
	scene->state.pods_since = now - MINUTES(60);
	put_file(scene, ID_A, "web", "10.0.0.1");
	put_file(scene, ID_B, "api", "10.0.0.2");
	open_pods(scene);
	assert_int_equal(registry_forgotten(pods_registry(scene->tested)), now - MINUTES(60));
}

/* All of them are told, each once. */
static void test_many(void **state)
{
	enum { COUNT = 100000 };
	struct scene *scene = *state;
	struct pod *many = calloc(COUNT, sizeof(*many));
	struct pod_address *addresses = calloc(COUNT, sizeof(*addresses));
	char(*ids)[16] = calloc(COUNT, sizeof(*ids));
	int64_t now = clock_now();
	struct batch *batch;

	assert_true(many && addresses && ids);
	for (size_t i = 0; i < COUNT; i++) {
		snprintf(ids[i], sizeof(ids[i]), "s%zu", i);
		addresses[i] = (struct pod_address){ip("10.0.0.1"), now - MINUTES(60),
						    INTERVAL_OPEN, true, false};
		addresses[i].address.bytes[2] = (uint8_t)(i >> 8);
		addresses[i].address.bytes[3] = (uint8_t)i;
		addresses[i].address.bytes[1] = (uint8_t)(i >> 16);
		many[i] = (struct pod){.namespace = text("shop"),
				       .name = ids[i],
				       .uid = ids[i],
				       .sandbox = ids[i],
				       .source = text(""),
				       .conflict = text(""),
				       .ended = INTERVAL_OPEN,
				       .addresses = &addresses[i],
				       .address_count = 1};
	}
	scene->state.pods = many;
	scene->state.pod_count = COUNT;
	scene->state.heartbeat = clock_msec(now);
	open_pods(scene);
	assert_int_equal(pods_count(scene->tested), COUNT);
	batch = take(scene);
	assert_int_equal(batch->pod_count, COUNT);
	assert_int_equal(batch->pods[COUNT - 1].number, COUNT);
	batch_free(batch);
	free(many);
	free(addresses);
	free(ids);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_restart),
	    TEST(test_end_during_the_start),
	    TEST(test_host_network_while_the_runtime_is_silent),
	    TEST(test_untold_pods_are_kept),
	    TEST(test_clock_set_back),
	    TEST(test_clock_behind_the_heartbeat),
	    TEST(test_what_was_not_loaded),
	    TEST(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
