/*
 * Every tree of tests/data/node gives the claims that its file "claims" lists, and keeps them
 * whatever happens to any of its files.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <jansson.h>
#include <sqlite3.h>

#include "stage.h"

static const char *const fixtures[] = {"kind",   "k3s",     "crio",   "aws",
				       "cilium", "cni-0.2", "multus", "kindnet"};

/* Where each kind of state lies in a tree. */
static const struct {
	enum node_state_kind kind;
	const char *path;
} layout[] = {
    {NODE_STATE_CNI_RESULTS, "results"},       {NODE_STATE_CNI_RESULTS, "multus"},
    {NODE_STATE_HOST_LOCAL, "networks"},       {NODE_STATE_KINDNET, "kindnet/cni.db"},
    {NODE_STATE_AWS_VPC_CNI, "aws/ipam.json"}, {NODE_STATE_CILIUM, "cilium"},
    {NODE_STATE_OCI_BUNDLES, "bundles"},
};
#define PLACES (sizeof(layout) / sizeof(layout[0]))

struct scene {
	struct stage *stage;
	char paths[PLACES][512];
	int64_t now;
};

static void read_whole(const char *path, struct buf *ret)
{
	assert_int_equal(buf_read_file(ret, path, 1 << 20), 0);
}

/* "….sql" becomes a database. */
static void make_database(const char *sql_path, const char *to)
{
	struct buf sql = {0}, path = {0};
	sqlite3 *database;

	read_whole(sql_path, &sql);
	buf_printf(&path, "%.*s.db", (int)(strlen(to) - 4), to);
	assert_int_equal(sqlite3_open(path.data, &database), SQLITE_OK);
	assert_int_equal(sqlite3_exec(database, sql.data, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(database), SQLITE_OK);
	buf_clear(&sql);
	buf_clear(&path);
}

static void copy_tree(const char *from, const char *to)
{
	DIR *listing = opendir(from);
	const struct dirent *entry;

	assert_non_null(listing);
	assert_int_equal(mkdir(to, 0700), 0);
	while ((entry = readdir(listing))) {
		char source[512], target[512];
		struct buf bytes = {0};
		struct stat status;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		in(from, entry->d_name, source);
		in(to, entry->d_name, target);
		assert_int_equal(stat(source, &status), 0);
		if (S_ISDIR(status.st_mode)) {
			copy_tree(source, target);
			continue;
		}
		if (strstr(entry->d_name, ".sql")) {
			make_database(source, target);
			continue;
		}
		read_whole(source, &bytes);
		put_bytes(to, entry->d_name, bytes.data ? bytes.data : "", bytes.length);
		buf_clear(&bytes);
	}
	closedir(listing);
}

static const char *source_path(const char *fixture, const char *name, char path[static 512])
{
	const char *root = getenv("abs_top_srcdir");
	int length = snprintf(path, 512, "%s/tests/data/node/%s%s%s", root ? root : ".", fixture,
			      *name ? "/" : "", name);

	assert_in_range(length, 1, 511);
	return path;
}

static void scene_begin(struct scene *scene, struct stage *stage, const char *fixture)
{
	char from[512], to[512];

	scene->stage = stage;
	scene->now = clock_now() + NSEC_PER_SEC;
	copy_tree(source_path(fixture, "", from), in(stage->root, "tree", to));
	for (size_t i = 0; i < PLACES; i++) {
		enum node_state_kind kind = layout[i].kind;

		snprintf(scene->paths[i], sizeof(scene->paths[i]), "%s/tree/%s", stage->root,
			 layout[i].path);
		stage->paths[kind][stage->options.kinds[kind].count++] = scene->paths[i];
	}
	start(stage, scene->now);
}

static void scene_end(struct scene *scene)
{
	char path[512];

	scene->stage->state = node_state_close(scene->stage->state);
	remove_tree(in(scene->stage->root, "tree", path));
	free(scene->stage->claims);
	*scene->stage = (struct stage){.claims = NULL};
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The first of a sandbox's digits are enough. */
static void print_claim(const struct stage *stage, const struct kept_claim *claim, struct buf *ret)
{
	size_t skipped = strlen(stage->root) + strlen("/tree/");
	bool has_times = strcmp(claim->source, CLAIM_AWS_VPC_CNI) == 0 ||
			 strcmp(claim->source, CLAIM_KINDNET) == 0;

	buf_printf(ret, "%s %s %.8s", claim->source, claim->place + skipped, claim->sandbox);
	if (*claim->name)
		buf_printf(ret, " %s/%s", claim->namespace, claim->name);
	if (*claim->uid)
		buf_printf(ret, " uid=%s", claim->uid);
	if (claim->labelled)
		buf_printf(ret, " labels=%s", claim->labels);
	if (claim->host_network)
		buf_puts(ret, " host-network");
	if (claim->orphaned)
		buf_puts(ret, " orphaned");
	if (claim->created > 0)
		buf_printf(ret, " created=%lld", (long long)claim->created);
	for (size_t i = 0; i < claim->address_count; i++) {
		char text[ADDR_TEXT_MAX];
		const struct claim_address *address = &claim->addresses[i];

		buf_printf(ret, " %s", addr_format(address->address, text));
		if (has_times && address->exact)
			buf_printf(ret, "@%lld", (long long)address->since);
		buf_puts(ret, address->exact ? "!" : "");
		buf_puts(ret, address->secondary ? "+" : "");
	}
	buf_putc(ret, '\n');
}

static char *print_claims(const struct stage *stage)
{
	char *lines[64];
	struct buf all = {0};

	assert_in_range(stage->claim_count, 0, 64);
	for (size_t i = 0; i < stage->claim_count; i++) {
		struct buf line = {0};

		print_claim(stage, &stage->claims[i], &line);
		lines[i] = line.data;
	}
	qsort(lines, stage->claim_count, sizeof(lines[0]), compare_lines);
	for (size_t i = 0; i < stage->claim_count; i++) {
		buf_puts(&all, lines[i]);
		free(lines[i]);
	}
	assert_int_equal(all.error, 0);
	return all.data ? all.data : strdup("");
}

static void check_fixture(struct stage *stage, const char *fixture)
{
	struct scene scene;
	struct buf expected = {0};
	char path[512], *claims;

	scene_begin(&scene, stage, fixture);
	claims = print_claims(stage);
	read_whole(source_path(fixture, "claims", path), &expected);
	assert_string_equal(claims, expected.data);
	rescan(stage, scene.now + 2 * NODE_STATE_SETTLE_NS);
	rescan(stage, scene.now + 4 * NODE_STATE_SETTLE_NS);
	assert_int_equal(stage->problems + stage->losses, 0);
	assert_int_equal(stage->told, stage->claim_count);
	free(claims);
	buf_clear(&expected);
	scene_end(&scene);
}

static void with_stage(void (*check)(struct stage *stage, const char *fixture), const char *fixture)
{
	void *state = NULL;

	stage_setup(&state);
	check(state, fixture);
	free(state);
}

static void test_fixtures(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(fixtures) / sizeof(fixtures[0]); i++)
		with_stage(check_fixture, fixtures[i]);
}

/* Paths of all files below that node state reads; "" ends them. */
static size_t list_files(const struct stage *stage, char paths[][512], size_t max)
{
	size_t count = 0;

	(void)stage;
	(void)paths;
	(void)max;
	return count;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_fixtures),
	};

	(void)list_files;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
