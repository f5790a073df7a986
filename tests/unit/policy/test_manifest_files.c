/* Files, directories and hostile files, made where they are needed. */
#include "tests/unit/policy/manifest_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

#define HUGE_SIZE (100u << 20)
#define LARGE_SIZE (2u << 20)
#define POLICY(name)                                                                               \
	"apiVersion: networking.k8s.io/v1\n"                                                       \
	"kind: NetworkPolicy\n"                                                                    \
	"metadata: {name: " name ", namespace: shop}\n"                                            \
	"spec: {podSelector: {}}\n"

static int enter_directory(void **state)
{
	char *path = strdup("/tmp/netpol-manifest-XXXXXX");

	*state = path;
	return path && mkdtemp(path) ? chdir(path) : -1;
}

static int remove_directory(void **state)
{
	char *path = *state, *command;
	int r = asprintf(&command, "chmod -R u+rwx %s && rm -rf %s", path, path) > 0 ? 0 : -1;

	if (r == 0)
		r = chdir("/") < 0 || system(command) != 0 ? -1 : 0;
	free(command);
	free(path);
	return r;
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void make_directory(const char *path)
{
	assert_int_equal(mkdir(path, 0755), 0);
}

/* Reads the paths, which NULL ends, and finishes; the first error. */
static int read_paths(const char *const *paths, struct manifest **ret, struct problems *problems)
{
	int r = 0;

	*ret = manifest_new();
	assert_non_null(*ret);
	for (; *paths && r == 0; paths++)
		r = manifest_read(*ret, *paths, problems);
	return r < 0 ? r : manifest_finish(*ret, problems);
}

static int read_path(const char *path, struct manifest **ret, struct problems *problems)
{
	const char *const paths[] = {path, NULL};

	return read_paths(paths, ret, problems);
}

static void assert_path_refused(const char *path, const char *subject, const char *part)
{
	struct problems problems = {0};
	struct manifest *manifest;

	assert_int_equal(read_path(path, &manifest, &problems), -EINVAL);
	assert_problem(&problems, PROBLEM_ERROR, subject, part);
	manifest_free(manifest);
	problems_clear(&problems);
}

static void test_directory(void **state)
{
	struct problems problems = {0};
	struct manifest *manifest;

	(void)state;
	make_directory("d");
	make_directory("d/b");
	make_directory("d/b/.hidden");
	put("d/b/2.yml", POLICY("two"));
	put("d/b/.hidden/3.json", POLICY("three"));
	put("d/1.yaml", POLICY("one"));
	put("d/4.YAML", POLICY("four"));
	put("d/notes.txt", "kind: [\n");
	put("d/yaml", "kind: [\n");
	assert_int_equal(read_path("d", &manifest, &problems), 0);
	assert_int_equal(problems.count, 0);
	assert_int_equal(manifest->policy_count, 4);
	assert_int_equal(manifest->file_count, 4);
	assert_string_equal(manifest->files[0], "d/1.yaml");
	assert_string_equal(manifest->files[1], "d/4.YAML");
	assert_string_equal(manifest->files[2], "d/b/.hidden/3.json");
	assert_string_equal(manifest->files[3], "d/b/2.yml");
	manifest_free(manifest);
}

/* As kubelet mounts a ConfigMap: every file has several names. */
static void test_links(void **state)
{
	static const char *const paths[] = {"l", "l/p.yaml", "l", NULL};
	struct problems problems = {0};
	struct manifest *manifest;

	(void)state;
	make_directory("l");
	make_directory("l/..2026");
	put("l/..2026/p.yaml", POLICY("p"));
	assert_int_equal(symlink("..2026", "l/..data"), 0);
	assert_int_equal(symlink("..data/p.yaml", "l/p.yaml"), 0);
	assert_int_equal(symlink(".", "l/self"), 0);
	assert_int_equal(symlink("../l", "l/again"), 0);
	assert_int_equal(symlink("loop", "l/loop"), 0);
	assert_int_equal(symlink("nowhere", "l/dangling"), 0);
	assert_int_equal(read_paths(paths, &manifest, &problems), -EINVAL);
	assert_int_equal(problems.count, 1);
	assert_problem(&problems, PROBLEM_ERROR, "l/loop", "cannot be read: ");
	manifest_free(manifest);
	problems_clear(&problems);
	assert_int_equal(unlink("l/loop"), 0);
	assert_int_equal(read_paths(paths, &manifest, &problems), 0);
	assert_int_equal(problems.count, 0);
	assert_int_equal(manifest->policy_count, 1);
	manifest_free(manifest);
}

static void test_what_cannot_be_read(void **state)
{
	struct problems problems = {0};
	struct manifest *manifest;

	(void)state;
	assert_path_refused("nothing.yaml", "nothing.yaml", "cannot be read: No such file");
	make_directory("bad");
	assert_int_equal(symlink("nowhere", "bad/a.yaml"), 0);
	assert_int_equal(mkfifo("bad/b.yaml", 0600), 0);
	put("bad/c.yaml", "a: {\n");
	put("bad/d.yaml", POLICY("d") "specs: {}\n");
	put("bad/e.yaml", POLICY("e"));
	assert_int_equal(read_path("bad", &manifest, &problems), -EINVAL);
	assert_problem(&problems, PROBLEM_ERROR, "bad/a.yaml", "cannot be read: No such file");
	assert_problem(&problems, PROBLEM_ERROR, "bad/b.yaml", "cannot be read: not a regular");
	assert_problem(&problems, PROBLEM_ERROR, "bad/c.yaml:2", "");
	assert_problem(&problems, PROBLEM_ERROR, "bad/d.yaml:5", "specs: unknown field");
	assert_int_equal(problems.count, 4);
	manifest_free(manifest);
	problems_clear(&problems);
}

static void test_nothing_to_read(void **state)
{
	struct problems problems = {0};
	struct manifest *manifest;

	(void)state;
	make_directory("empty");
	put("empty/README", "x");
	assert_int_equal(read_path("empty", &manifest, &problems), 0);
	assert_problem(&problems, PROBLEM_WARNING, "empty", "no file below ends in .yaml");
	assert_int_equal(manifest->policy_count, 0);
	manifest_free(manifest);
	problems_clear(&problems);
}

static void test_standard_input(void **state)
{
	struct problems problems = {0};
	struct manifest *manifest;
	int saved = dup(STDIN_FILENO), fd;

	(void)state;
	put("stdin", POLICY("p") "---\n" POLICY("q") "x: y\n");
	fd = open("stdin", O_RDONLY);
	assert_true(saved >= 0 && fd >= 0 && dup2(fd, STDIN_FILENO) == STDIN_FILENO);
	assert_int_equal(read_path("-", &manifest, &problems), -EINVAL);
	assert_problem(&problems, PROBLEM_ERROR, "standard input:10",
		       "NetworkPolicy shop/q: x: unknown field");
	assert_true(dup2(saved, STDIN_FILENO) == STDIN_FILENO);
	close(saved);
	close(fd);
	manifest_free(manifest);
	problems_clear(&problems);
}

/* ---- hostile files ---- */

static void test_bombs(void **state)
{
	(void)state;
	put("alias.yaml", "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n");
	assert_path_refused("alias.yaml", "alias.yaml:1", "anchors are not read");
	put("merge.yaml", POLICY("p") "<<: *a\n");
	assert_path_refused("merge.yaml", "merge.yaml:5", "aliases are not read");
	put("merged.yaml", POLICY("p") "<<: {spec: {}}\n");
	assert_path_refused("merged.yaml", "merged.yaml:5", "<<: unknown field");
	put("tag.yaml", POLICY("p") "status: !!python/object:os.system {}\n");
	assert_path_refused("tag.yaml", "tag.yaml:5", "is not read");
	put("twice.yaml", POLICY("p") "spec: {podSelector: {}}\n");
	assert_path_refused("twice.yaml", "twice.yaml:5",
			    "duplicate key \"spec\", first on line 4");
	put("twice.json", "{\"kind\": \"Pod\",\n\"kind\": \"NetworkPolicy\"}\n");
	assert_path_refused("twice.json", "twice.json:2", "duplicate key \"kind\"");
	put("tab.yaml", "spec:\n\tpodSelector: {}\n");
	assert_path_refused("tab.yaml", "tab.yaml:2", "");
	put("latin.yaml", "# \xe9\nkind: x\n");
	assert_path_refused("latin.yaml", "latin.yaml:1", "");
	put("template.yaml", "{{ if .Values.policy }}\n" POLICY("p") "{{ end }}\n");
	assert_path_refused("template.yaml", "template.yaml:1", "");
	put("cut.json", "{\"kind\": \"NetworkPolicy\",\n\"metadata\": {\n");
	assert_path_refused("cut.json", "cut.json:3", "");
}

/* Nobody waits for them, and they are refused before they become objects. */
static void test_huge_files(void **state)
{
	static const char bytes[] = {'[', '\t', '"', '\xff'};
	char *text = malloc(HUGE_SIZE);

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		struct problems problems = {0};
		struct document *document = NULL;

		memset(text, bytes[i], HUGE_SIZE);
		assert_int_equal(document_parse(text, HUGE_SIZE, "huge", &problems, &document),
				 -EINVAL);
		assert_problem(&problems, PROBLEM_ERROR, "huge:1", "");
		problems_clear(&problems);
	}
	free(text);
	put("hole.yaml", "");
	assert_int_equal(truncate("hole.yaml", HUGE_SIZE), 0);
	assert_path_refused("hole.yaml", "hole.yaml:1", "control characters are not allowed");
}

/* More errors than anybody reads cost neither memory nor time. */
static void test_many_errors(void **state)
{
	struct problems problems = {0};
	struct manifest *manifest;
	struct buf buf = {0};

	(void)state;
	buf_puts(&buf, POLICY_HEAD "spec:\n  podSelector: {}\n  ingress:\n");
	while (buf.length < LARGE_SIZE)
		buf_puts(&buf, "  - {form: x}\n");
	assert_int_equal(buf.error, 0);
	put("many.yaml", buf.data);
	assert_int_equal(read_path("many.yaml", &manifest, &problems), -EINVAL);
	assert_int_equal(problems.count, PROBLEMS_MAX);
	assert_true(problems.left_out > 100000);
	assert_problem(&problems, PROBLEM_ERROR, "many.yaml:7",
		       "spec.ingress[0].form: unknown field");
	buf_clear(&buf);
	manifest_free(manifest);
	problems_clear(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_directory),           cmocka_unit_test(test_links),
	    cmocka_unit_test(test_what_cannot_be_read), cmocka_unit_test(test_nothing_to_read),
	    cmocka_unit_test(test_standard_input),      cmocka_unit_test(test_bombs),
	    cmocka_unit_test(test_huge_files),          cmocka_unit_test(test_many_errors),
	};

	return cmocka_run_group_tests(tests, enter_directory, remove_directory);
}
