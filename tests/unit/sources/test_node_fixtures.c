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

/* ---- damage ---- */

struct damaged {
	struct scene *scene;
	char *claims; /* before any damage */
	char path[512];
	struct buf content; /* before any damage */
};

/* What is cut off an allocation's end is of its interface, and says no more than "another". */
static void drop_secondary(char *claims)
{
	char *to = claims;

	for (const char *from = claims; *from; from++)
		if (*from != '+')
			*to++ = *from;
	*to = '\0';
}

static void put_content(const struct damaged *damaged, const void *bytes, size_t length)
{
	/* Some file systems wait for the disk where a file was cut to nothing before. */
	int fd = open(damaged->path, O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), length);
	assert_int_equal(ftruncate(fd, (off_t)length), 0);
	close(fd);
}

/* Lets it be seen, and settle. */
static void pass_time(struct scene *scene)
{
	for (int i = 0; i < 3; i++) {
		scene->now += NODE_STATE_SETTLE_NS;
		rescan(scene->stage, scene->now);
	}
}

/* Whatever the file holds now, claims are as before; returns whether there was a problem, which
 * must name the file. */
static bool check_damage(struct damaged *damaged, const char *what)
{
	struct stage *stage = damaged->scene->stage;
	unsigned problems = stage->problems;
	char *claims;

	stage->problem[0] = '\0';
	pass_time(damaged->scene);
	claims = print_claims(stage);
	if (strstr(damaged->path, "/networks/"))
		drop_secondary(claims);
	if (strcmp(claims, damaged->claims) != 0)
		fail_msg("%s, %s:\n%s\ninstead of\n%s", damaged->path, what, claims,
			 damaged->claims);
	free(claims);
	assert_in_range(stage->problems - problems, 0, 1);
	if (stage->problems > problems &&
	    strncmp(stage->problem, damaged->path, strlen(damaged->path)) != 0)
		fail_msg("%s, %s: %s", damaged->path, what, stage->problem);
	assert_int_equal(stage->losses, 0);
	return stage->problems > problems;
}

static void mend(struct damaged *damaged)
{
	put_content(damaged, damaged->content.data ? damaged->content.data : "",
		    damaged->content.length);
	assert_false(check_damage(damaged, "mended"));
}

/* How much of the file is needed to tell that it is whole. */
static size_t needed(const struct damaged *damaged)
{
	const char *text = damaged->content.data, *mark = strstr(text, "CILIUM_BASE64_");
	size_t length = damaged->content.length;

	if (strstr(damaged->path, "/networks/"))
		return strcspn(text, "\r");
	if (mark)
		return (size_t)(strchr(mark, '\n') - text) + 1;
	return text[length - 1] == '\n' ? length - 1 : length;
}

static void check_truncated(struct damaged *damaged)
{
	size_t length = damaged->content.length;
	/* A page at a time is enough of a database. */
	size_t step = length > 8192 ? 512 : 1, enough = needed(damaged);

	for (size_t cut = 1; cut < length; cut += step) {
		char what[32];

		snprintf(what, sizeof(what), "cut to %zu", cut);
		put_content(damaged, damaged->content.data, cut);
		if (!check_damage(damaged, what) && cut < enough)
			fail_msg("%s, %s: no problem", damaged->path, what);
	}
	mend(damaged);
}

static void check_huge(struct damaged *damaged)
{
	assert_int_equal(truncate(damaged->path, INT64_C(64) << 20), 0);
	assert_true(check_damage(damaged, "64 MiB"));
	assert_non_null(strstr(damaged->scene->stage->problem, ": larger than "));
	mend(damaged);
}

static void check_nested(struct damaged *damaged)
{
	enum { DEPTH = 100000 };
	char *nested = malloc(DEPTH);

	assert_non_null(nested);
	memset(nested, '[', DEPTH);
	put_content(damaged, nested, DEPTH);
	assert_true(check_damage(damaged, "nested"));
	for (size_t i = 0; i < DEPTH; i += 5)
		memcpy(nested + i, "{\"a\":", 5);
	put_content(damaged, nested, DEPTH);
	assert_true(check_damage(damaged, "nested objects"));
	free(nested);
	mend(damaged);
}

static void check_replaced_texts(struct damaged *damaged)
{
	static const char *const texts[] = {"",         "[]", "{}",   "7",        "null",
					    "\"text\"", " ",  "\n\n", "\xff\xfe", "{\"a\""};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		put_content(damaged, texts[i], strlen(texts[i]));
		assert_true(check_damage(damaged, texts[i]));
	}
	mend(damaged);
}

/* In place of the file by rename(2), so that it never was away. */
static void check_other_types(struct damaged *damaged)
{
	const char *root = damaged->scene->stage->root;
	char aside[512], other[512];

	in(root, "aside", aside);
	in(root, "other", other);
	assert_int_equal(symlink("/etc/passwd", other), 0);
	assert_int_equal(rename(other, damaged->path), 0);
	assert_true(check_damage(damaged, "a symbolic link"));
	put_bytes(root, "aside", damaged->content.data ? damaged->content.data : "",
		  damaged->content.length);
	assert_int_equal(symlink(aside, other), 0);
	assert_int_equal(rename(other, damaged->path), 0);
	assert_true(check_damage(damaged, "a symbolic link to the same content"));
	assert_int_equal(mkfifo(other, 0600), 0);
	assert_int_equal(rename(other, damaged->path), 0);
	assert_true(check_damage(damaged, "a FIFO"));
	assert_int_equal(rename(aside, damaged->path), 0);
	assert_false(check_damage(damaged, "moved back"));
}

static void put_json(struct damaged *damaged, const json_t *root)
{
	char *text = json_dumps(root, JSON_COMPACT);

	assert_non_null(text);
	put_content(damaged, text, strlen(text));
	check_damage(damaged, text);
	free(text);
}

static json_t *another_type(const json_t *value, int which)
{
	switch (which) {
	case 0:
		return json_is_integer(value) ? json_string("x") : json_integer(7);
	case 1:
		return json_is_array(value) ? json_object() : json_array();
	default:
		return json_is_object(value) ? json_true() : json_object();
	}
}

static void check_values(struct damaged *damaged, const json_t *root, json_t *container);

/* Each value below in turn becomes one of another type. */
static void check_value(struct damaged *damaged, const json_t *root, json_t *container,
			const char *key, size_t index)
{
	json_t *value =
	    json_incref(key ? json_object_get(container, key) : json_array_get(container, index));

	for (int which = 0; which < 3; which++) {
		json_t *other = another_type(value, which);

		if (key)
			json_object_set_new(container, key, other);
		else
			json_array_set_new(container, index, other);
		put_json(damaged, root);
	}
	if (key)
		json_object_set_new(container, key, value);
	else
		json_array_set_new(container, index, value);
	check_values(damaged, root, value);
}

static void check_values(struct damaged *damaged, const json_t *root, json_t *container)
{
	size_t count = json_object_size(container), at = 0;
	const char *keys[128], *key;
	json_t *value;

	assert_in_range(count, 0, 128);
	json_object_foreach(container, key, value) keys[at++] = key;
	for (size_t i = 0; i < count; i++)
		check_value(damaged, root, container, keys[i], 0);
	for (size_t i = 0; i < json_array_size(container); i++)
		check_value(damaged, root, container, NULL, i);
}

static void check_wrong_types(struct damaged *damaged)
{
	json_t *root = json_loadb(damaged->content.data, damaged->content.length, 0, NULL);

	if (root)
		check_values(damaged, root, root);
	json_decref(root);
	mend(damaged);
}

static void check_file(struct scene *scene, const char *path)
{
	struct damaged damaged = {.scene = scene, .claims = print_claims(scene->stage)};

	snprintf(damaged.path, sizeof(damaged.path), "%s", path);
	read_whole(path, &damaged.content);
	if (strstr(path, "/networks/"))
		drop_secondary(damaged.claims);
	check_truncated(&damaged);
	check_huge(&damaged);
	check_nested(&damaged);
	check_replaced_texts(&damaged);
	check_other_types(&damaged);
	check_wrong_types(&damaged);
	free(damaged.claims);
	buf_clear(&damaged.content);
}

/* Each file once that anything is claimed of. */
static void check_damages(struct stage *stage, const char *fixture)
{
	struct scene scene;
	char places[16][512];
	size_t count = 0;

	scene_begin(&scene, stage, fixture);
	for (size_t i = 0; i < stage->claim_count; i++) {
		size_t at = 0;

		while (at < count && strcmp(places[at], stage->claims[i].place) != 0)
			at++;
		assert_in_range(at, 0, 15);
		snprintf(places[at], sizeof(places[at]), "%s", stage->claims[i].place);
		count = at == count ? count + 1 : count;
	}
	assert_in_range(count, 1, 16);
	for (size_t i = 0; i < count; i++)
		check_file(&scene, places[i]);
	scene_end(&scene);
}

static void test_damage(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(fixtures) / sizeof(fixtures[0]); i++)
		with_stage(check_damages, fixtures[i]);
}

/* A directory where a file was: that what it told is over, and the directory is a problem. */
static void check_directory_in_place(struct stage *stage, const char *fixture)
{
	struct scene scene;
	char path[512];
	size_t count;

	scene_begin(&scene, stage, fixture);
	count = stage->claim_count;
	snprintf(path, sizeof(path), "%s", stage->claims[0].place);
	for (size_t i = 0; i < stage->claim_count; i++)
		count -= strcmp(stage->claims[i].place, path) == 0;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	pass_time(&scene);
	assert_int_equal(stage->claim_count, count);
	assert_int_equal(stage->problems, 1);
	assert_non_null(strstr(stage->problem, path));
	assert_non_null(strstr(stage->problem, ": Is a directory"));
	assert_int_equal(rmdir(path), 0);
	pass_time(&scene);
	assert_int_equal(stage->problems, 1);
	scene_end(&scene);
}

static void test_directory_in_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(fixtures) / sizeof(fixtures[0]); i++)
		with_stage(check_directory_in_place, fixtures[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_fixtures),
	    cmocka_unit_test(test_damage),
	    cmocka_unit_test(test_directory_in_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
