#include "tests/unit/store/fixture.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/mend.h"
#include "daemon/writer.h"

#define DAY (24 * 3600 * MSEC_PER_SEC)
#define PATIENCE (300 * NSEC_PER_SEC)

static const struct writer_limits forever = {.retention = 200 * 365 * DAY};

/* One edge with the port, and the fact "last" with its number. */
static struct batch *a_batch(uint16_t port)
{
	struct batch *batch = calloc(1, sizeof(*batch));
	char value[16];

	assert_non_null(batch);
	snprintf(value, sizeof(value), "%u", port);
	batch->time = INT64_C(1700000000000) + port;
	batch->flows = calloc(1, sizeof(*batch->flows));
	batch->facts = calloc(1, sizeof(*batch->facts));
	assert_non_null(batch->flows);
	assert_non_null(batch->facts);
	batch->flows[0] = a_flow(port, INT64_C(1699999980000));
	batch->flow_count = 1;
	batch->facts[0] = (struct fact){.name = strdup("last"), .value = strdup(value)};
	batch->fact_count = 1;
	return batch;
}

static struct writer *start(const struct place *place)
{
	struct writer *writer = writer_start(open_node(place->path, "n1"), &forever);

	assert_non_null(writer);
	return writer;
}

static bool is_committed(const struct writer_status *status, uint64_t number)
{
	return status->committed >= number;
}

static bool has_failed(const struct writer_status *status, uint64_t number)
{
	(void)number;
	return status->error < 0;
}

static struct writer_status
wait_for(struct writer *writer, bool (*is)(const struct writer_status *status, uint64_t number),
	 uint64_t number)
{
	int64_t deadline = clock_monotonic() + PATIENCE;
	struct writer_status status;

	for (writer_status(writer, &status); !is(&status, number); writer_status(writer, &status)) {
		assert_true(clock_monotonic() < deadline);
		poll(NULL, 0, 2);
	}
	return status;
}

/* The ports in the order in which they were first written ascend by one. */
static void assert_in_order(const char *path, int64_t count)
{
	assert_int_equal(ask(path, "SELECT count(*) FROM edge"), count);
	assert_int_equal(ask(path, "SELECT count(DISTINCT port - id) FROM edge"), 1);
	assert_int_equal(ask(path, "SELECT value FROM fact WHERE name = 'last'"), count);
	assert_sound(path);
}

static void test_in_order(void **state)
{
	const struct place *place = *state;
	struct writer *writer = start(place);
	struct writer_status status;

	for (uint16_t i = 1; i <= 20; i++) {
		struct batch *batch = a_batch(i);

		while (writer_submit(writer, batch) == -EAGAIN)
			poll(NULL, 0, 2);
	}
	status = wait_for(writer, is_committed, 20);
	assert_int_equal(status.committed, 20);
	assert_int_equal(status.flows, 20);
	assert_int_equal(status.error, 0);
	assert_string_equal(status.message, "");
	assert_true(writer_has_room(writer));
	assert_int_equal(writer_stop(writer, a_batch(21)), 0);
	assert_in_order(place->path, 21);
}

static void test_stop_writes_all(void **state)
{
	const struct place *place = *state;
	struct writer *writer = start(place);

	for (uint16_t i = 1; i <= QUEUE_BATCHES; i++)
		assert_int_equal(writer_submit(writer, a_batch(i)), 0);
	assert_int_equal(writer_stop(writer, a_batch(QUEUE_BATCHES + 1)), 0);
	assert_in_order(place->path, QUEUE_BATCHES + 1);
}

static void test_stop_at_once(void **state)
{
	const struct place *place = *state;

	assert_int_equal(writer_stop(start(place), a_batch(1)), 0);
	assert_in_order(place->path, 1);
}

/* Another process that writes: every try of the writer fails. */
static sqlite3 *hold(const char *path)
{
	sqlite3 *handle = NULL;

	assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
	sqlite3_busy_timeout(handle, 5000);
	assert_int_equal(sqlite3_exec(handle, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	return handle;
}

static void test_queue_full_then_recovered(void **state)
{
	const struct place *place = *state;
	struct writer *writer = start(place);
	sqlite3 *other = hold(place->path);
	struct batch *refused = a_batch(QUEUE_BATCHES + 1);
	struct writer_status status;

	for (uint16_t i = 1; i <= QUEUE_BATCHES; i++) {
		assert_true(writer_has_room(writer));
		assert_int_equal(writer_submit(writer, a_batch(i)), 0);
	}
	assert_false(writer_has_room(writer));
	assert_int_equal(writer_submit(writer, refused), -EAGAIN);
	status = wait_for(writer, has_failed, 0);
	assert_int_equal(status.error, -EBUSY);
	assert_true(status.message[0] != '\0');
	assert_int_equal(status.committed, 0);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM edge"), 0);

	sqlite3_close(other);
	status = wait_for(writer, is_committed, QUEUE_BATCHES);
	assert_int_equal(status.error, 0);
	assert_string_equal(status.message, "");
	assert_int_equal(writer_submit(writer, refused), 0);
	assert_int_equal(writer_stop(writer, a_batch(QUEUE_BATCHES + 2)), 0);
	assert_in_order(place->path, QUEUE_BATCHES + 2);
}

static void test_stop_gives_up(void **state)
{
	const struct place *place = *state;
	struct writer *writer = start(place);
	sqlite3 *other = hold(place->path);

	assert_int_equal(writer_submit(writer, a_batch(1)), 0);
	assert_int_equal(writer_submit(writer, a_batch(2)), 0);
	assert_int_equal(writer_stop(writer, a_batch(3)), 3);
	sqlite3_close(other);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM edge"), 0);
	assert_sound(place->path);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) < 0)
		_exit(10);
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
		_exit(10);
}

/* No assertions here: cmocka's would jump into the parent's tests. */
static int child_of_full_disk(const struct place *place, struct batch *first, struct batch *last)
{
	const struct store_options options = {.readable_after_close = true};
	struct writer_status status = {0};
	struct store *store = NULL;
	struct writer *writer;
	char *error = NULL;

	signal(SIGXFSZ, SIG_IGN);
	if (store_open(place->path, &options, &store, &error) < 0 ||
	    store_use_node(store, "n1") < 0)
		return 11;
	limit_files(4096);
	writer = writer_start(store, &forever);
	if (!writer || writer_submit(writer, first) < 0)
		return 12;
	for (int64_t deadline = clock_monotonic() + PATIENCE; !status.error;) {
		if (status.committed > 0 || clock_monotonic() > deadline)
			return 13;
		poll(NULL, 0, 2);
		writer_status(writer, &status);
	}
	if (status.message[0] == '\0')
		return 14;
	limit_files(RLIM_INFINITY);
	return writer_stop(writer, last) == 0 ? 0 : 15;
}

/* Files may not grow for a while, as on a full disk. */
static void test_full_disk_then_recovered(void **state)
{
	const struct place *place = *state;
	struct batch *first = a_batch(1), *last = a_batch(2);
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		_exit(child_of_full_disk(place, first, last));
	batch_free(first);
	batch_free(last);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_in_order(place->path, 2);
}

/* A flow of long ago, from a run that ended at the moment. */
static void leave_old_row(const char *path, int64_t heartbeat)
{
	struct store *store = open_node(path, "n1");
	struct flow flow = a_flow(80, INT64_C(1699999980000));

	write_flow_array(store, heartbeat, &flow, 1);
	store_close(store);
	assert_int_equal(ask(path, "SELECT count(*) FROM flow"), 1);
}

static void test_old_rows_go(void **state)
{
	const struct place *place = *state;
	const struct writer_limits minute = {.retention = 60 * MSEC_PER_SEC};
	int64_t deadline = clock_monotonic() + PATIENCE;
	struct writer *writer;

	leave_old_row(place->path, clock_msec(clock_now()));
	writer = writer_start(open_node(place->path, "n1"), &minute);
	assert_non_null(writer);
	while (ask(place->path, "SELECT count(*) FROM flow") > 0) {
		assert_true(clock_monotonic() < deadline);
		poll(NULL, 0, 10);
	}
	writer_set_limits(writer, &forever);
	assert_int_equal(writer_stop(writer, a_batch(81)), 0);
	assert_int_equal(ask(place->path, "SELECT port FROM edge"), 81);
}

static void test_signs_of_life(void **state)
{
	struct writer *writer = start(*state);
	struct writer_status status;
	int64_t begun = clock_monotonic(), deadline = begun + PATIENCE;

	for (writer_status(writer, &status); status.beat < begun; writer_status(writer, &status)) {
		assert_true(clock_monotonic() < deadline);
		poll(NULL, 0, 10);
	}
	assert_int_equal(writer_stop(writer, a_batch(1)), 0);
}

/* One transaction that takes its time is no silence. */
static void test_signs_of_life_in_a_large_batch(void **state)
{
	struct writer *writer = start(*state);
	int64_t deadline = clock_monotonic() + PATIENCE, last = 0;
	struct batch *batch = a_batch(1);
	struct writer_status status;
	unsigned beats = 0;

	free(batch->flows);
	batch->flow_count = 100000;
	batch->flows = calloc(batch->flow_count, sizeof(*batch->flows));
	assert_non_null(batch->flows);
	for (size_t i = 0; i < batch->flow_count; i++) {
		batch->flows[i] = a_flow((uint16_t)i, 60000);
		batch->flows[i].key.protocol = (uint8_t)(i >> 16);
	}
	assert_int_equal(writer_submit(writer, batch), 0);
	for (writer_status(writer, &status); !status.committed; writer_status(writer, &status)) {
		assert_true(clock_monotonic() < deadline);
		beats += status.beat != last;
		last = status.beat;
		poll(NULL, 0, 2);
	}
	assert_true(beats > 10);
	assert_int_equal(writer_stop(writer, a_batch(2)), 0);
}

/* ---- a disk that stalls ---- */

static atomic_bool disk_stalls, disk_waits;

static ssize_t write_slowly(int fd, const void *bytes, size_t count, off_t offset)
{
	while (atomic_load(&disk_stalls)) {
		atomic_store(&disk_waits, true);
		poll(NULL, 0, 2);
	}
	return pwrite(fd, bytes, count, offset);
}

static void set_disk(sqlite3_syscall_ptr write)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

	assert_int_equal(vfs->xSetSystemCall(vfs, "pwrite", write), SQLITE_OK);
	assert_int_equal(vfs->xSetSystemCall(vfs, "pwrite64", write), SQLITE_OK);
}

/* One commit is one write, in the middle of which nothing can be told. */
static void test_signs_of_life_on_a_disk_that_stalls(void **state)
{
	int64_t deadline = clock_monotonic() + PATIENCE, patience = 5 * NSEC_PER_SEC;
	struct writer_status status;
	struct writer *writer;

	set_disk((sqlite3_syscall_ptr)write_slowly);
	writer = start(*state);
	atomic_store(&disk_stalls, true);
	assert_int_equal(writer_submit(writer, a_batch(1)), 0);
	while (!atomic_load(&disk_waits)) {
		assert_true(clock_monotonic() < deadline);
		poll(NULL, 0, 2);
	}
	writer_status(writer, &status);
	assert_true(writer_is_alive(&status, status.beat + 10 * patience, patience));
	assert_false(writer_is_alive(&status, status.beat + WRITER_DISK_PATIENCE, patience));
	atomic_store(&disk_stalls, false);
	wait_for(writer, is_committed, 1);
	assert_int_equal(writer_stop(writer, a_batch(2)), 0);
	set_disk(NULL);
}

static void test_no_sign_of_life_elsewhere(void **state)
{
	const struct writer_status status = {.beat = NSEC_PER_SEC};

	(void)state;
	assert_true(writer_is_alive(&status, 2 * NSEC_PER_SEC, 2 * NSEC_PER_SEC));
	assert_false(writer_is_alive(&status, 3 * NSEC_PER_SEC, 2 * NSEC_PER_SEC));
}

/* What a run counted is what the next one is told, else it would be counted twice or elsewhere. */
static void test_checkpoint_comes_back_whole(void **state)
{
	const struct place *place = *state;
	struct checkpoint checkpoint = {
	    .original = {ip("10.0.0.1"), ip("10.96.0.10"), 40000, 80, 6, true},
	    .reply = {ip("10.0.1.5"), ip("192.0.2.1"), 8080, 61000, 6, true},
	    .zone = 3,
	    .id = 4000000000u,
	    .start_ns = INT64_C(1700000000123456789),
	    .first_ns = INT64_C(1700000000123456789),
	    .has_counters = true,
	    .direction_uncertain = true,
	    .verdict = VERDICT_ANSWERED,
	    .packets_sent = 1,
	    .packets_received = 2,
	    .bytes_sent = 3,
	    .bytes_received = 4,
	};
	struct batch *batch = a_batch(1);
	struct store_state left;
	struct store *store;

	batch->checkpoints = malloc(sizeof(checkpoint));
	assert_non_null(batch->checkpoints);
	batch->checkpoints[0] = checkpoint;
	batch->checkpoint_count = 1;
	assert_int_equal(writer_stop(start(place), batch), 0);
	store = open_node(place->path, "n1");
	assert_int_equal(store_load_state(store, &left), 0);
	store_close(store);
	assert_int_equal(left.checkpoint_count, 1);
	assert_int_equal(left.checkpoints[0].original.source_port, 40000);
	assert_int_equal(left.checkpoints[0].bytes_received, 4);
	assert_true(addr_equal(left.checkpoints[0].reply.source, checkpoint.reply.source));
	assert_true(
	    addr_equal(left.checkpoints[0].reply.destination, checkpoint.reply.destination));
	assert_int_equal(left.checkpoints[0].reply.source_port, 8080);
	assert_int_equal(left.checkpoints[0].first_ns, checkpoint.first_ns);
	assert_true(left.checkpoints[0].direction_uncertain);
	store_state_clear(&left);
}

/* ---- stress ---- */

static const struct store_options as_the_daemon = {
    .readable_after_close = true, .set_damaged_aside = true, .reserve = 1 << 20};

static struct store *open_as_daemon(const char *path, const struct store_options *options)
{
	struct store *store = NULL;
	char *error = NULL;

	if (store_open(path, options, &store, &error) < 0)
		fail_msg("%s", error);
	assert_int_equal(store_use_node(store, "n1"), 0);
	return store;
}

static bool has_renewed(const struct writer_status *status, uint64_t number)
{
	return status->renewals >= number;
}

static bool is_held(const struct writer_status *status, uint64_t number)
{
	(void)number;
	return status->held[0] != '\0';
}

/* A batch whose flow names the pod. */
static struct batch *a_pod_batch(uint16_t port, uint32_t pod)
{
	struct batch *batch = a_batch(port);

	batch->flows[0].key.source_pod = pod;
	return batch;
}

static struct batch *telling(uint32_t number)
{
	struct pod_address addresses[] = {{ip("10.0.0.1"), 0, INTERVAL_OPEN, false, false}};
	struct pod pod = a_pod("web", "s1", addresses, 1);
	struct batch *batch = calloc(1, sizeof(*batch));

	assert_non_null(batch);
	batch->time = INT64_C(1800000000000);
	batch->pods = calloc(1, sizeof(*batch->pods));
	assert_non_null(batch->pods);
	assert_int_equal(pod_copy(&pod, &batch->pods[0].pod), 0);
	batch->pods[0].number = number;
	batch->pod_count = 1;
	batch->pods_complete = true;
	return batch;
}

static void remove_database(const struct place *place)
{
	static const char *const endings[] = {"", "-wal", "-shm"};
	char name[128];

	for (size_t i = 0; i < COUNT(endings); i++) {
		snprintf(name, sizeof(name), "%s%s", place->path, endings[i]);
		assert_int_equal(unlink(name), 0);
	}
}

static void submit_all(struct writer *writer, struct batch *batch)
{
	int64_t deadline = clock_monotonic() + PATIENCE;

	while (writer_submit(writer, batch) == -EAGAIN) {
		assert_true(clock_monotonic() < deadline);
		poll(NULL, 0, 2);
	}
}

static void test_deleted_then_told_again(void **state)
{
	const struct place *place = *state;
	struct writer *writer = writer_start(open_as_daemon(place->path, &as_the_daemon), &forever);
	struct writer_status status;

	submit_all(writer, telling(1));
	submit_all(writer, a_pod_batch(1, 1));
	wait_for(writer, is_committed, 2);
	remove_database(place);
	submit_all(writer, a_pod_batch(2, 1));
	submit_all(writer, a_pod_batch(3, 1));
	status = wait_for(writer, has_renewed, 1);
	assert_int_equal(status.committed, 2);
	assert_int_equal(status.incidents, 1);
	assert_string_equal(status.incident, "the database was deleted by someone");
	/* Once more before anybody answered: one answer is enough for both. */
	remove_database(place);
	writer_renew(writer, telling(1));
	wait_for(writer, is_committed, 5);
	assert_int_equal(writer_stop(writer, a_pod_batch(4, 1)), 0);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM edge WHERE source_pod IS NOT NULL"),
			 3);
	assert_int_equal(ask(place->path, "SELECT min(port) FROM edge"), 2);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM gap WHERE source = 'store' AND "
					  "at_most IS NULL AND until > since"),
			 1);
	assert_sound(place->path);
}

/* Nobody answers: what waited is lost, and the new file says so. */
static void test_deleted_at_the_end(void **state)
{
	const struct place *place = *state;
	struct writer *writer = writer_start(open_as_daemon(place->path, &as_the_daemon), &forever);

	submit_all(writer, a_batch(1));
	wait_for(writer, is_committed, 1);
	remove_database(place);
	submit_all(writer, a_batch(2));
	wait_for(writer, has_renewed, 1);
	assert_int_equal(writer_stop(writer, a_batch(3)), 2);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM gap"), 1);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM edge"), 0);
}

static void test_moved_away_and_back(void **state)
{
	const struct place *place = *state;
	struct writer *writer = writer_start(open_as_daemon(place->path, &as_the_daemon), &forever);
	char away[128];
	struct writer_status status;

	snprintf(away, sizeof(away), "%s.away", place->folder);
	submit_all(writer, a_batch(1));
	wait_for(writer, is_committed, 1);
	assert_int_equal(rename(place->folder, away), 0);
	submit_all(writer, a_batch(2));
	status = wait_for(writer, has_failed, 0);
	assert_int_equal(status.error, -ENOENT);
	assert_int_equal(rename(away, place->folder), 0);
	status = wait_for(writer, is_committed, 2);
	assert_int_equal(status.renewals, 0);
	assert_int_equal(writer_stop(writer, a_batch(3)), 0);
	assert_in_order(place->path, 3);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM gap"), 0);
}

static void overwrite(const char *path, off_t from, size_t length)
{
	FILE *file = fopen(path, "r+");

	assert_non_null(file);
	assert_int_equal(fseeko(file, from, SEEK_SET), 0);
	for (size_t i = 0; i < length; i++)
		assert_true(putc('x', file) == 'x');
	assert_int_equal(fclose(file), 0);
}

static unsigned count_aside(const struct place *place)
{
	DIR *folder = opendir(place->folder);
	unsigned count = 0;
	struct dirent *entry;

	assert_non_null(folder);
	while ((entry = readdir(folder)))
		count += strncmp(entry->d_name, "flows.db.corrupt-", 17) == 0 &&
			 !strstr(entry->d_name, "-wal") && !strstr(entry->d_name, "-shm");
	closedir(folder);
	return count;
}

/* Pages are overwritten under the running writer, which has them in its cache. */
static void test_damaged_is_set_aside(void **state)
{
	const struct place *place = *state;
	struct store *store = open_as_daemon(place->path, &as_the_daemon);
	struct writer *writer;
	struct writer_status status;

	write_one(store, a_flow(1, 60000));
	store_close(store);
	writer = writer_start(open_as_daemon(place->path, &as_the_daemon), &forever);
	submit_all(writer, a_batch(1));
	wait_for(writer, is_committed, 1);
	overwrite(place->path, 4096, 40 * 4096);
	submit_all(writer, a_batch(2));
	status = wait_for(writer, has_renewed, 1);
	assert_non_null(strstr(status.incident, "damaged and set aside as "));
	assert_int_equal(count_aside(place), 1);
	writer_renew(writer, telling(1));
	assert_int_equal(writer_stop(writer, a_pod_batch(3, 1)), 0);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM edge"), 2);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM gap WHERE reason LIKE '%damaged%'"),
			 1);
}

static bool is_renewed_and_well(const struct writer_status *status, uint64_t number)
{
	return status->renewals >= number && status->error == 0;
}

static void test_replaced_by_no_database(void **state)
{
	const struct place *place = *state;
	struct writer *writer = writer_start(open_as_daemon(place->path, &as_the_daemon), &forever);
	struct writer_status status;
	char other[128];
	FILE *file;

	submit_all(writer, a_batch(1));
	wait_for(writer, is_committed, 1);
	snprintf(other, sizeof(other), "%s.other", place->path);
	file = fopen(other, "w");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(truncate(other, 5 * 4096), 0);
	overwrite(other, 0, 5 * 4096);
	assert_int_equal(rename(other, place->path), 0);
	submit_all(writer, a_batch(2));
	status = wait_for(writer, has_renewed, 1);
	assert_non_null(strstr(status.incident, "damaged and set aside as "));
	writer_renew(writer, telling(1));
	status = wait_for(writer, is_renewed_and_well, 1);
	assert_int_equal(writer_stop(writer, a_batch(3)), 0);
	assert_int_equal(count_aside(place), 1);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM edge"), 2);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM gap"), 1);
}

/* One that was damaged when it was opened is a gap as well. */
static void test_no_database_at_the_start(void **state)
{
	const struct place *place = *state;
	FILE *file = fopen(place->path, "w");
	struct writer *writer;
	struct writer_status status;

	assert_non_null(file);
	for (int i = 0; i < 8192; i++)
		assert_true(putc('x', file) == 'x');
	assert_int_equal(fclose(file), 0);
	writer = writer_start(open_as_daemon(place->path, &as_the_daemon), &forever);
	submit_all(writer, a_batch(1));
	status = wait_for(writer, is_committed, 1);
	assert_int_equal(status.incidents, 1);
	assert_int_equal(status.renewals, 0);
	assert_int_equal(writer_stop(writer, a_batch(2)), 0);
	assert_int_equal(count_aside(place), 1);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM gap"), 1);
}

static void test_contradiction_is_left_out(void **state)
{
	const struct place *place = *state;
	struct writer *writer = start(place);
	struct batch *wrong = a_pod_batch(2, 77);
	struct writer_status status;

	free(wrong->flows);
	wrong->flows = calloc(3, sizeof(*wrong->flows));
	assert_non_null(wrong->flows);
	wrong->flow_count = 3;
	for (uint16_t i = 0; i < 3; i++)
		wrong->flows[i] = a_flow((uint16_t)(2 + i), 60000);
	wrong->flows[0].key.source_pod = 77;
	/* Five began and one ended; four ended that were counted before; the last one goes on. */
	wrong->flows[0].totals.connections = 5;
	wrong->flows[1].totals = (struct totals){.closed = 4};
	wrong->flows[2].totals = (struct totals){.bytes_sent = 1};
	submit_all(writer, a_batch(1));
	submit_all(writer, wrong);
	submit_all(writer, a_batch(3));
	status = wait_for(writer, has_renewed, 1);
	assert_int_equal(status.incidents, 1);
	assert_non_null(strstr(status.incident, "pod 77"));
	writer_renew(writer, telling(1));
	status = wait_for(writer, is_committed, 4);
	assert_int_equal(status.error, 0);
	assert_int_equal(status.renewals, 1);
	assert_int_equal(writer_stop(writer, a_batch(4)), 0);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM edge"), 3);
	assert_int_equal(ask(place->path, "SELECT at_most FROM gap WHERE source = 'store'"),
			 5 + 1 + 4 + 1);
}

/* Nobody answers any more, but the database is the one that was told all. */
static void test_contradiction_at_the_end(void **state)
{
	const struct place *place = *state;
	struct writer *writer = start(place);

	submit_all(writer, a_batch(1));
	submit_all(writer, a_pod_batch(2, 77));
	wait_for(writer, has_renewed, 1);
	submit_all(writer, a_batch(3));
	assert_int_equal(writer_stop(writer, a_batch(4)), 0);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM edge"), 3);
	assert_int_equal(ask(place->path, "SELECT max(port) FROM edge"), 4);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM gap"), 1);
	assert_int_equal(ask(place->path, "SELECT heartbeat FROM node"), INT64_C(1700000000004));
}

static void test_bounded_by_rows(void **state)
{
	const struct place *place = *state;
	struct writer *writer = start(place);
	sqlite3 *other = hold(place->path);
	struct batch *large = a_batch(1), *refused = a_batch(2);
	struct writer_status status;

	free(large->flows);
	large->flows = calloc(QUEUE_ROWS, sizeof(*large->flows));
	assert_non_null(large->flows);
	large->flow_count = QUEUE_ROWS;
	for (size_t i = 0; i < QUEUE_ROWS; i++)
		large->flows[i] = a_flow(1, 60000);
	assert_true(writer_has_room(writer));
	assert_int_equal(writer_submit(writer, large), 0);
	assert_false(writer_has_room(writer));
	assert_int_equal(writer_submit(writer, refused), -EAGAIN);
	writer_status(writer, &status);
	assert_int_equal(status.waiting, QUEUE_ROWS);
	sqlite3_close(other);
	wait_for(writer, is_committed, 1);
	assert_true(writer_has_room(writer));
	assert_int_equal(writer_stop(writer, refused), 0);
	assert_int_equal(ask(place->path, "SELECT sum(connections) FROM edge"), QUEUE_ROWS + 1);
}

static void stall(void *context)
{
	(void)context;
	poll(NULL, 0, 700);
}

/* Where a step takes its time, the batch is tried before all room is made; then history is safe for
 * a minute. */
static void test_room_on_a_slow_disk(void **state)
{
	const struct place *place = *state;
	struct store *store = open_as_daemon(place->path, &as_the_daemon);
	struct mend slow = {.beat = stall};
	struct batch *large = a_batch(1), *small = a_batch(2);
	int64_t left;

	free(large->flows);
	large->flow_count = 150000;
	large->flows = calloc(large->flow_count, sizeof(*large->flows));
	assert_non_null(large->flows);
	for (size_t i = 0; i < large->flow_count; i++) {
		large->flows[i] = a_flow(1, (int64_t)i);
		large->flows[i].length = 0;
	}
	assert_int_equal(store_write(store, large), 0);
	batch_free(large);
	assert_int_equal(mend(&slow, store, -ENOSPC), MEND_RETRY);
	left = ask(place->path, "SELECT count(*) FROM flow");
	assert_true(left < 150000 && left > 140000);
	assert_int_equal(mend(&slow, store, -ENOSPC), MEND_RETRY);
	assert_true(ask(place->path, "SELECT count(*) FROM flow") < left);
	assert_int_equal(store_write(store, small), 0);
	mend_well(&slow);
	assert_int_equal(mend(&slow, store, -ENOSPC), MEND_WAIT);
	batch_free(small);
	store_close(store);
}

static void pin(sqlite3 *handle)
{
	assert_int_equal(sqlite3_exec(handle, "BEGIN; SELECT count(*) FROM edge", NULL, NULL, NULL),
			 SQLITE_OK);
}

static struct batch *a_wide_batch(uint16_t port)
{
	struct batch *batch = a_batch(port);

	free(batch->flows);
	batch->flow_count = 1000;
	batch->flows = calloc(batch->flow_count, sizeof(*batch->flows));
	assert_non_null(batch->flows);
	for (size_t i = 0; i < batch->flow_count; i++) {
		batch->flows[i] = a_flow((uint16_t)(i + 1), port * INT64_C(60000));
	}
	return batch;
}

/* A reader that stays stops the log at its limit; when it ends everything goes on. */
static void test_log_limit(void **state)
{
	const struct place *place = *state;
	struct store_options options = as_the_daemon;
	struct writer_status status;
	struct writer *writer;
	sqlite3 *reader = NULL;
	char name[128];
	struct stat log;
	uint16_t port = 1;

	options.wal_limit = 1 << 20;
	writer = writer_start(open_as_daemon(place->path, &options), &forever);
	submit_all(writer, a_wide_batch(port++));
	wait_for(writer, is_committed, 1);
	assert_int_equal(sqlite3_open(place->path, &reader), SQLITE_OK);
	pin(reader);
	for (writer_status(writer, &status); !status.error; writer_status(writer, &status)) {
		struct batch *batch = a_wide_batch(port);

		assert_true(port < 500);
		if (writer_submit(writer, batch) < 0)
			batch_free(batch);
		else
			port++;
	}
	assert_int_equal(status.error, -EBUSY);
	assert_non_null(strstr(status.message, "reached its limit of 1 MiB"));
	snprintf(name, sizeof(name), "%s-wal", place->path);
	assert_int_equal(stat(name, &log), 0);
	assert_true(log.st_size < 3 << 20);
	sqlite3_close(reader);
	wait_for(writer, is_committed, port - 1u);
	assert_int_equal(writer_stop(writer, a_wide_batch(port)), 0);
	assert_int_equal(ask(place->path, "SELECT sum(connections) FROM edge"), port * 1000);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM gap"), 0);
	assert_sound(place->path);
}

/* Nobody is in the way: each batch may fill the log, and none is refused. */
static void test_log_filled_again_at_once(void **state)
{
	const struct place *place = *state;
	struct store_options options = as_the_daemon;
	struct store *store;

	options.wal_limit = 1 << 16;
	store = open_as_daemon(place->path, &options);
	for (uint16_t port = 1; port <= 10; port++) {
		struct batch *batch = a_wide_batch(port);

		assert_int_equal(store_write(store, batch), 0);
		batch_free(batch);
	}
	store_close(store);
	assert_sound(place->path);
}

/* So many edges that no other batch has. */
static struct batch *a_batch_of_edges(uint16_t number, size_t edges)
{
	struct batch *batch = a_batch(number);

	free(batch->flows);
	batch->flow_count = edges;
	batch->flows = calloc(edges, sizeof(*batch->flows));
	assert_non_null(batch->flows);
	for (size_t i = 0; i < edges; i++) {
		batch->flows[i] = a_flow((uint16_t)(i + 1), batch->time);
		batch->flows[i].key.destination.bytes[3] = (uint8_t)(number + 10);
	}
	return batch;
}

/* Each batch brings more than a step deletes: no more than the last one may be over. */
static void test_edges_bounded_under_load(void **state)
{
	const struct place *place = *state;
	const struct writer_limits few = {.retention = 200 * 365 * DAY, .max_edges = 1000};
	struct writer *writer = writer_start(open_node(place->path, "n1"), &few);

	assert_non_null(writer);
	for (uint16_t i = 1; i <= 4; i++)
		submit_all(writer, a_batch_of_edges(i, 30000));
	wait_for(writer, is_committed, 4);
	assert_int_equal(writer_stop(writer, a_batch(5)), 0);
	assert_true(ask(place->path, "SELECT count(*) FROM edge") <= 1000 + 30000 + 1);
	assert_int_equal(ask(place->path, "SELECT (SELECT sum(connections) FROM edge) + "
					  "(SELECT sum(at_most) FROM gap)"),
			 4 * 30000 + 1);
	assert_sound(place->path);
}

/* The file is much older than the retention: the clock is not believed at once. */
static void test_clock_in_doubt(void **state)
{
	const struct place *place = *state;
	const struct writer_limits month = {.retention = 30 * DAY};
	struct writer_status status;
	struct writer *writer;

	leave_old_row(place->path, clock_msec(clock_now()) - 20 * DAY);
	writer = writer_start(open_node(place->path, "n1"), &month);
	status = wait_for(writer, is_held, 0);
	assert_non_null(strstr(status.held, "480 hours"));
	writer_set_limits(writer, &month);
	assert_int_equal(writer_stop(writer, a_batch(81)), 0);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM flow"), 2);
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_A_PLACE(test_in_order),
	    IN_A_PLACE(test_stop_writes_all),
	    IN_A_PLACE(test_stop_at_once),
	    IN_A_PLACE(test_queue_full_then_recovered),
	    IN_A_PLACE(test_stop_gives_up),
	    IN_A_PLACE(test_full_disk_then_recovered),
	    IN_A_PLACE(test_old_rows_go),
	    IN_A_PLACE(test_signs_of_life),
	    IN_A_PLACE(test_signs_of_life_in_a_large_batch),
	    IN_A_PLACE(test_signs_of_life_on_a_disk_that_stalls),
	    cmocka_unit_test(test_no_sign_of_life_elsewhere),
	    IN_A_PLACE(test_checkpoint_comes_back_whole),
	    IN_A_PLACE(test_deleted_then_told_again),
	    IN_A_PLACE(test_deleted_at_the_end),
	    IN_A_PLACE(test_moved_away_and_back),
	    IN_A_PLACE(test_damaged_is_set_aside),
	    IN_A_PLACE(test_replaced_by_no_database),
	    IN_A_PLACE(test_no_database_at_the_start),
	    IN_A_PLACE(test_contradiction_is_left_out),
	    IN_A_PLACE(test_contradiction_at_the_end),
	    IN_A_PLACE(test_bounded_by_rows),
	    IN_A_PLACE(test_room_on_a_slow_disk),
	    IN_A_PLACE(test_log_limit),
	    IN_A_PLACE(test_log_filled_again_at_once),
	    IN_A_PLACE(test_edges_bounded_under_load),
	    IN_A_PLACE(test_clock_in_doubt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
