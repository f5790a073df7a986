#include "tests/unit/store/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#define NOBODY 65534

/* In a child: how many edges a reader finds, or 200 and above for a failure. */
static int count_edges_of(const char *path)
{
	struct reader *reader = NULL;
	struct seen *seen = calloc(1, sizeof(*seen));
	char *error = NULL;
	int count = 200;

	if (seen && reader_open(path, &reader, &error) == 0 &&
	    reader_edges(reader, ALWAYS, see_edge, seen) == 0)
		count = (int)seen->count;
	if (error)
		fprintf(stderr, "# %s\n", error);
	free(error);
	free(seen);
	reader_close(reader);
	return count;
}

/* As somebody who can only read: root becomes nobody in the group of the file, others take the
 * right to write away. */
static void assert_unprivileged_reads(const struct place *place, int edges)
{
	static const char *const endings[] = {"", "-wal", "-shm"};
	int status = 0;
	pid_t child;

	for (size_t i = 0; i < COUNT(endings); i++) {
		char name[128];

		snprintf(name, sizeof(name), "%s%s", place->path, endings[i]);
		if (geteuid() == 0)
			assert_true(chown(name, 0, NOBODY) == 0 || errno == ENOENT);
		else
			assert_true(chmod(name, 0440) == 0 || errno == ENOENT);
	}
	assert_int_equal(chmod(place->folder, geteuid() == 0 ? 0755 : 0555), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (geteuid() == 0 && (setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
			_exit(201);
		if (access(place->path, W_OK) == 0 || access(place->folder, W_OK) == 0)
			_exit(202);
		_exit(count_edges_of(place->path));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(chmod(place->folder, 0755), 0);
	if (geteuid() != 0) {
		chmod(place->path, 0640);
		for (size_t i = 1; i < COUNT(endings); i++) {
			char name[128];

			snprintf(name, sizeof(name), "%s%s", place->path, endings[i]);
			chmod(name, 0640);
		}
	}
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), edges);
}

static void assert_mode(const struct place *place, const char *ending)
{
	char name[128];
	struct stat found;

	snprintf(name, sizeof(name), "%s%s", place->path, ending);
	assert_int_equal(stat(name, &found), 0);
	assert_int_equal(found.st_mode & 07777, 0640);
}

static void test_modes_do_not_depend_on_umask(void **state)
{
	struct place *place = *state;
	mode_t before = umask(0077);
	struct store *store = open_node(place->path, "n1");

	umask(before);
	assert_mode(place, "");
	assert_mode(place, "-wal");
	assert_mode(place, "-shm");
	assert_mode(place, ".lock");
	store_close(store);
	assert_mode(place, "");
	assert_mode(place, "-wal");
	assert_mode(place, "-shm");
}

/* A process of its own, because SQLite shares much within one: it writes one more edge for every
 * byte it is sent. */
struct writer {
	pid_t pid;
	int order, done;
};

static void run_writer(const char *path, int order, int done)
{
	struct store *store = NULL;
	uint16_t port = 1;
	char byte;

	while (read(order, &byte, 1) == 1) {
		store = store ? store : open_node(path, "n1");
		write_one(store, a_flow(port++, 0));
		if (write(done, &byte, 1) != 1)
			_exit(1);
	}
	store_close(store);
	_exit(0);
}

static struct writer start_writer(const char *path)
{
	struct writer writer;
	int order[2], done[2];

	assert_int_equal(pipe(order), 0);
	assert_int_equal(pipe(done), 0);
	writer.pid = fork();
	assert_true(writer.pid >= 0);
	if (writer.pid == 0) {
		close(order[1]);
		close(done[0]);
		run_writer(path, order[0], done[1]);
	}
	close(order[0]);
	close(done[1]);
	writer.order = order[1];
	writer.done = done[0];
	return writer;
}

static void order_edge(const struct writer *writer)
{
	char byte = 'x';

	assert_int_equal(write(writer->order, &byte, 1), 1);
	assert_int_equal(read(writer->done, &byte, 1), 1);
}

static void end_writer(struct writer *writer, int with_signal)
{
	int status;

	if (with_signal)
		assert_int_equal(kill(writer->pid, with_signal), 0);
	close(writer->order);
	assert_int_equal(waitpid(writer->pid, &status, 0), writer->pid);
	close(writer->done);
	if (with_signal)
		assert_true(WIFSIGNALED(status));
	else
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_snapshot_stands_while_the_writer_writes(void **state)
{
	struct place *place = *state;
	struct writer writer = start_writer(place->path);
	struct reader *reader;
	struct seen *seen;

	order_edge(&writer);
	reader = open_snapshot(place->path);
	for (int i = 0; i < 100; i++)
		order_edge(&writer);
	seen = edges_in(reader, ALWAYS);
	assert_int_equal(seen->count, 1);
	free(seen);
	end_writer(&writer, 0);
	seen = edges_in(reader, ALWAYS);
	assert_int_equal(seen->count, 1);
	free(seen);
	reader_end(reader);
	seen = edges_in(reader, ALWAYS);
	assert_int_equal(seen->count, 101);
	free(seen);
	reader_close(reader);
	assert_int_equal(count_edges_of(place->path), 101);
}

static void test_while_the_writer_writes(void **state)
{
	struct place *place = *state;
	struct writer writer = start_writer(place->path);

	for (int i = 1; i <= 50; i++) {
		order_edge(&writer);
		assert_unprivileged_reads(place, i);
		assert_int_equal(count_edges_of(place->path), i);
	}
	end_writer(&writer, 0);
	assert_unprivileged_reads(place, 50);
}

static void test_after_a_clean_stop(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	char name[128];
	struct stat found;

	write_one(store, a_flow(80, 0));
	store_close(store);
	snprintf(name, sizeof(name), "%s-wal", place->path);
	assert_int_equal(stat(name, &found), 0);
	assert_int_equal(found.st_size, 0);
	assert_unprivileged_reads(place, 1);
	assert_int_equal(count_edges_of(place->path), 1);
	assert_unprivileged_reads(place, 1);
}

static void test_after_kill(void **state)
{
	struct place *place = *state;
	struct writer writer = start_writer(place->path);

	order_edge(&writer);
	order_edge(&writer);
	end_writer(&writer, SIGKILL);
	assert_unprivileged_reads(place, 2);
	assert_int_equal(count_edges_of(place->path), 2);
	assert_unprivileged_reads(place, 2);
	store_close(open_node(place->path, "n1"));
	assert_unprivileged_reads(place, 2);
}

static void assert_snapshot_survives(struct place *place, size_t edges)
{
	struct writer writer = start_writer(place->path);
	struct reader *reader = open_snapshot(place->path);
	struct seen *seen;

	for (int i = 0; i < 20; i++)
		order_edge(&writer);
	end_writer(&writer, 0);
	seen = edges_in(reader, ALWAYS);
	assert_int_equal(seen->count, edges);
	for (size_t i = 0; i < edges; i++)
		assert_int_equal(seen->edges[i].totals.connections, 1);
	free(seen);
	reader_end(reader);
	seen = edges_in(reader, ALWAYS);
	assert_int_equal(seen->count, 20);
	free(seen);
	reader_close(reader);
}

static void test_snapshot_stands_when_the_writer_returns(void **state)
{
	struct place *place = *state;
	struct writer writer = start_writer(place->path);

	order_edge(&writer);
	order_edge(&writer);
	end_writer(&writer, SIGKILL);
	assert_snapshot_survives(place, 2);
	assert_int_equal(unlink(place->path), 0);
	for (int i = 0; i < 2; i++) {
		char name[128];

		snprintf(name, sizeof(name), "%s%s", place->path, i ? "-wal" : "-shm");
		assert_int_equal(unlink(name), 0);
	}
	writer = start_writer(place->path);
	order_edge(&writer);
	end_writer(&writer, 0);
	assert_snapshot_survives(place, 1);
}

static void copy_file(const char *from, const char *to)
{
	char bytes[4096];
	ssize_t length;
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0644);

	assert_true(in >= 0 && out >= 0);
	while ((length = read(in, bytes, sizeof(bytes))) > 0)
		assert_int_equal(write(out, bytes, (size_t)length), length);
	assert_int_equal(length, 0);
	close(in);
	close(out);
}

static void test_lone_copy(void **state)
{
	struct place *place = *state;
	struct place *copy = NULL;
	struct store *store = open_node(place->path, "n1");
	char name[128];

	write_one(store, a_flow(80, 0));
	store_close(store);
	place_setup((void **)&copy);
	copy_file(place->path, copy->path);
	/* Where writing is allowed nothing is left behind either. */
	assert_int_equal(count_edges_of(copy->path), 1);
	snprintf(name, sizeof(name), "%s-wal", copy->path);
	assert_int_equal(access(name, F_OK), -1);
	snprintf(name, sizeof(name), "%s-shm", copy->path);
	assert_int_equal(access(name, F_OK), -1);
	assert_int_equal(chmod(copy->path, 0444), 0);
	assert_unprivileged_reads(copy, 1);
	place_teardown((void **)&copy);
}

static void test_empty_log_without_its_index(void **state)
{
	struct place *place = *state;
	struct place *copy = NULL;
	struct store *store = open_node(place->path, "n1");
	char name[128];
	int log;

	write_one(store, a_flow(80, 0));
	store_close(store);
	place_setup((void **)&copy);
	copy_file(place->path, copy->path);
	snprintf(name, sizeof(name), "%s-wal", copy->path);
	log = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);
	assert_true(log >= 0);
	close(log);
	assert_int_equal(count_edges_of(copy->path), 1);
	place_teardown((void **)&copy);
}

/* Refused to everybody, root too, rather than a -shm made that hides what is missing. */
static void test_log_without_its_index(void **state)
{
	struct place *place = *state;
	struct writer writer = start_writer(place->path);
	char name[128], *error = NULL;

	order_edge(&writer);
	end_writer(&writer, SIGKILL);
	snprintf(name, sizeof(name), "%s-shm", place->path);
	assert_int_equal(unlink(name), 0);
	assert_true(open_reader_error(place->path, &error) < 0);
	assert_non_null(error);
	assert_non_null(strstr(error, "-shm"));
	free(error);
	assert_int_equal(access(name, F_OK), -1);
}

static int no_fact(void *context, const struct stored_fact *fact)
{
	(void)context;
	fail_msg("%s", fact->name);
	return 0;
}

static void test_text_that_is_no_text(void **state)
{
	struct place *place = *state;
	struct reader *reader;
	char *error = NULL;

	store_close(open_node(place->path, "n1"));
	change(place->path, "INSERT INTO fact SELECT id, 'a', CAST(x'61ff' AS TEXT), 0 FROM node");
	reader = open_reader(place->path);
	assert_int_equal(reader_facts(reader, no_fact, NULL), -EBADMSG);
	assert_non_null(strstr(reader_error(reader), "UTF-8"));
	reader_close(reader);
	change(place->path, "UPDATE node SET name = CAST(x'ff' AS TEXT)");
	assert_int_equal(open_reader_error(place->path, &error), -EBADMSG);
	free(error);
}

static void test_view_in_the_place_of_a_table(void **state)
{
	struct place *place = *state;
	char *error = NULL;

	store_close(open_node(place->path, "n1"));
	change(place->path, "DROP VIEW gaps; ALTER TABLE gap RENAME TO hole;"
			    "CREATE VIEW gap AS SELECT * FROM hole");
	assert_int_equal(open_reader_error(place->path, &error), -EBADMSG);
	assert_non_null(strstr(error, "gap"));
	free(error);
}

static void test_writer_that_comes_to_a_lone_file_is_noticed(void **state)
{
	struct place *place = *state;
	const struct store_options options = {.create_only = true};
	struct store *store = NULL;
	struct reader *reader;
	struct seen *seen;
	char *error = NULL;

	assert_int_equal(store_open(place->path, &options, &store, &error), 0);
	assert_int_equal(store_use_node(store, "n1"), 0);
	write_one(store, a_flow(80, 0));
	store_close(store);
	reader = open_reader(place->path);
	seen = edges_in(reader, ALWAYS);
	assert_int_equal(seen->count, 1);
	store = open_node(place->path, "n1");
	write_one(store, a_flow(81, 0));
	seen->count = 0;
	assert_int_equal(reader_edges(reader, ALWAYS, see_edge, seen), -EBUSY);
	assert_string_not_equal(reader_error(reader), "");
	free(seen);
	reader_close(reader);
	store_close(store);
}

static void test_path_with_signs(void **state)
{
	struct place *place = *state;
	char path[128];
	struct store *store;

	snprintf(path, sizeof(path), "%s/a b%%41?x=1#y\xc3\xa9.db", place->folder);
	store = open_node(path, "n1");
	write_one(store, a_flow(80, 0));
	assert_int_equal(count_edges_of(path), 1);
	store_close(store);
	assert_int_equal(count_edges_of(path), 1);
}

static void assert_refused(const char *path, int expected)
{
	char *error = NULL;

	assert_int_equal(open_reader_error(path, &error), expected);
	assert_non_null(error);
	assert_non_null(strstr(error, path));
	free(error);
}

static void test_what_is_no_database(void **state)
{
	struct place *place = *state;
	FILE *file;

	assert_refused(place->path, -ENOENT);
	assert_refused(place->folder, -EISDIR);
	file = fopen(place->path, "w");
	assert_non_null(file);
	fclose(file);
	assert_refused(place->path, -EBADMSG);
	file = fopen(place->path, "w");
	assert_non_null(file);
	for (int i = 0; i < 1000; i++)
		fputs("not a database at all\n", file);
	fclose(file);
	assert_refused(place->path, -EBADMSG);
	assert_int_equal(unlink(place->path), 0);
	change(place->path, "CREATE TABLE edge (id INTEGER)");
	assert_refused(place->path, -EBADMSG);
}

static void test_other_schemas_are_refused(void **state)
{
	struct place *place = *state;

	store_close(open_node(place->path, "n1"));
	change(place->path, "PRAGMA user_version = 999");
	assert_refused(place->path, -EPROTO);
	change(place->path, "PRAGMA user_version = 0");
	assert_refused(place->path, -EPROTO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_modes_do_not_depend_on_umask),
	    TEST(test_while_the_writer_writes),
	    TEST(test_snapshot_stands_while_the_writer_writes),
	    TEST(test_after_a_clean_stop),
	    TEST(test_after_kill),
	    TEST(test_empty_log_without_its_index),
	    TEST(test_log_without_its_index),
	    TEST(test_text_that_is_no_text),
	    TEST(test_view_in_the_place_of_a_table),
	    TEST(test_snapshot_stands_when_the_writer_returns),
	    TEST(test_lone_copy),
	    TEST(test_writer_that_comes_to_a_lone_file_is_noticed),
	    TEST(test_path_with_signs),
	    TEST(test_what_is_no_database),
	    TEST(test_other_schemas_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
