#include "tests/unit/store/fixture.h"

#include <poll.h>

#include "base/clock.h"
#include "daemon/inventory_file.h"

#define PATIENCE (300 * NSEC_PER_SEC)

#define A "{kind: Node, apiVersion: v1, metadata: {name: a}}\n"
#define B "{kind: Node, apiVersion: v1, metadata: {name: b}}\n"
#define NEXT "---\n"

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void replace(const struct place *place, const char *text)
{
	char other[128];

	snprintf(other, sizeof(other), "%s/other", place->folder);
	write_text(other, text);
	assert_int_equal(rename(other, place->path), 0);
}

static struct inventory_file *open_file(const char *path)
{
	struct inventory_file *file = NULL;

	assert_int_equal(inventory_file_open(path, &file), 0);
	return file;
}

/* What is told until it says that this is all. */
struct told {
	char objects[1024]; /* "+a -b " */
	char facts[1024];   /* "source.inventory=/x;" */
	size_t count;
	size_t batches;
};

static void note(struct told *told, const struct batch *batch)
{
	size_t length;

	for (size_t i = 0; i < batch->object_count && told->count < 8; i++) {
		length = strlen(told->objects);
		snprintf(told->objects + length, sizeof(told->objects) - length, "%c%s ",
			 batch->objects[i].content ? '+' : '-', batch->objects[i].name);
	}
	for (size_t i = 0; i < batch->fact_count; i++) {
		length = strlen(told->facts);
		snprintf(told->facts + length, sizeof(told->facts) - length, "%s=%s;",
			 batch->facts[i].name, batch->facts[i].value ? batch->facts[i].value : "");
	}
	told->count += batch->object_count;
	told->batches += batch->object_count > 0;
}

static bool take(struct inventory_file *file, struct told *told)
{
	struct batch *batch = calloc(1, sizeof(*batch));
	bool complete;

	assert_non_null(batch);
	inventory_file_take(file, batch);
	note(told, batch);
	complete = batch->objects_complete;
	batch_free(batch);
	return complete;
}

static struct told wait_for_all(struct inventory_file *file)
{
	int64_t deadline = clock_monotonic() + PATIENCE;
	struct told told = {0};

	while (!take(file, &told)) {
		assert_true(clock_monotonic() < deadline);
		poll(NULL, 0, 2);
	}
	return told;
}

static void wait_for_fact(struct inventory_file *file, struct told *told, const char *part)
{
	int64_t deadline = clock_monotonic() + PATIENCE;

	while (!strstr(told->facts, part)) {
		if (clock_monotonic() >= deadline)
			fail_msg("%s", told->facts);
		assert_false(take(file, told));
		poll(NULL, 0, 2);
	}
}

static void assert_told(struct inventory_file *file, const char *expected)
{
	struct told told = wait_for_all(file);

	assert_string_equal(told.objects, expected);
}

static void test_told_once_then_what_changed(void **state)
{
	const struct place *place = *state;
	struct inventory_file *file;
	struct told told;
	char expected[256];

	write_text(place->path, A NEXT B);
	file = open_file(place->path);
	told = wait_for_all(file);
	assert_string_equal(told.objects, "+a +b ");
	snprintf(expected, sizeof(expected), "source.inventory=%s;source.inventory.problem=;",
		 place->path);
	assert_string_equal(told.facts, expected);
	replace(place, B);
	assert_told(file, "-a ");
	write_text(place->path, B NEXT A);
	assert_told(file, "+a ");
	inventory_file_close(file);
}

static void test_a_file_that_comes_later(void **state)
{
	const struct place *place = *state;
	char path[160], folder[128];
	struct told told = {0};
	struct inventory_file *file;

	snprintf(folder, sizeof(folder), "%s/later", place->folder);
	snprintf(path, sizeof(path), "%s/cluster.yaml", folder);
	file = open_file(path);
	wait_for_fact(file, &told, "cannot be read");
	assert_int_equal(mkdir(folder, 0755), 0);
	write_text(path, A);
	told = wait_for_all(file);
	assert_string_equal(told.objects, "+a ");
	assert_non_null(strstr(told.facts, "source.inventory.problem=;"));
	inventory_file_close(file);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void test_a_broken_file_changes_nothing(void **state)
{
	const struct place *place = *state;
	struct told told = {0};
	struct inventory_file *file;

	write_text(place->path, A);
	file = open_file(place->path);
	assert_told(file, "+a ");
	write_text(place->path, "{\"kind\": \"List\",\n \"items\": [{\"kind\": \"No");
	wait_for_fact(file, &told, "flows.db:");
	write_text(place->path, "");
	wait_for_fact(file, &told, "no objects");
	assert_int_equal(unlink(place->path), 0);
	wait_for_fact(file, &told, "cannot be read");
	assert_int_equal(told.count, 0);
	write_text(place->path, A NEXT B);
	assert_told(file, "+b ");
	inventory_file_close(file);
}

static void test_another_database_is_told_all(void **state)
{
	const struct place *place = *state;
	struct batch *batch = calloc(1, sizeof(*batch));
	struct inventory_file *file;

	write_text(place->path, A NEXT B);
	file = open_file(place->path);
	assert_told(file, "+a +b ");
	assert_int_equal(inventory_file_tell(file, batch), 0);
	assert_int_equal(batch->object_count, 0);
	assert_int_equal(batch->fact_count, 2);
	assert_string_equal(batch->facts[0].name, "source.inventory");
	assert_string_equal(batch->facts[0].value, place->path);
	batch_free(batch);
	assert_told(file, "+a +b ");
	inventory_file_close(file);
}

static void test_none_and_another(void **state)
{
	const struct place *place = *state;
	struct inventory_file *file = open_file("");
	struct told told = wait_for_all(file);

	assert_int_equal(told.count, 0);
	assert_string_equal(told.facts, "source.inventory=;source.inventory.problem=;");
	write_text(place->path, A);
	assert_int_equal(inventory_file_set(file, place->path), 0);
	assert_told(file, "+a ");
	assert_int_equal(inventory_file_set(file, place->path), 0);
	assert_int_equal(inventory_file_set(file, ""), 0);
	assert_told(file, "-a ");
	inventory_file_close(file);
}

/* A batch never has so many that it would hold up the writer. */
static void test_many_come_in_parts(void **state)
{
	const struct place *place = *state;
	struct inventory_file *file;
	FILE *out = fopen(place->path, "w");
	struct told told;

	assert_non_null(out);
	for (unsigned i = 0; i < 10000; i++)
		fprintf(out, "{\"kind\":\"Node\",\"metadata\":{\"name\":\"n%u\"}}\n", i);
	assert_int_equal(fclose(out), 0);
	file = open_file(place->path);
	told = wait_for_all(file);
	assert_int_equal(told.count, 10000);
	assert_int_equal(told.batches, 3);
	inventory_file_close(file);
}

static void test_closed_while_it_reads(void **state)
{
	const struct place *place = *state;
	FILE *out = fopen(place->path, "w");

	assert_non_null(out);
	for (unsigned i = 0; i < 20000; i++)
		fprintf(out, "{\"kind\":\"Node\",\"metadata\":{\"name\":\"n%u\"}}\n", i);
	assert_int_equal(fclose(out), 0);
	for (int i = 0; i < 20; i++) {
		struct inventory_file *file = open_file(place->path);

		poll(NULL, 0, i);
		inventory_file_close(file);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_told_once_then_what_changed),
	    TEST(test_a_file_that_comes_later),
	    TEST(test_a_broken_file_changes_nothing),
	    TEST(test_another_database_is_told_all),
	    TEST(test_none_and_another),
	    TEST(test_many_come_in_parts),
	    TEST(test_closed_while_it_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
