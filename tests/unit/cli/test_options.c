#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/command.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool lacks_memory;

void *__real_reallocarray(void *memory, size_t count, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size);
char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
char *__real_strndup(const char *text, size_t length);
char *__wrap_strndup(const char *text, size_t length);

void *__wrap_reallocarray(void *memory, size_t count, size_t size)
{
	return lacks_memory ? NULL : __real_reallocarray(memory, count, size);
}

char *__wrap_strdup(const char *text)
{
	return lacks_memory ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t length)
{
	return lacks_memory ? NULL : __real_strndup(text, length);
}

static int run_nothing(const struct options *options)
{
	(void)options;
	return EXIT_DONE;
}

static const struct command asks = {
    .name = "edges",
    .summary = "Who speaks with whom",
    .operands = "",
    .details = "Details.\n",
    .takes = TAKES_FILTERS | TAKES_INVENTORY | TAKES_STRICT,
    .formats = FORMAT_TABLE | FORMAT_JSON | FORMAT_CSV,
    .format = FORMAT_TABLE,
    .run = run_nothing,
};

static const struct command makes = {
    .name = "import",
    .summary = "Makes a database",
    .operands = "FILE...",
    .details = "Details.\n",
    .takes = TAKES_INTO | TAKES_FILES,
    .run = run_nothing,
};

/* stderr and stdout of one parse. */
struct said {
	char text[4096];
};

static int redirect(int fd, int to)
{
	int saved = dup(fd);

	assert_true(saved >= 0);
	assert_int_equal(dup2(to, fd), fd);
	return saved;
}

static void redirect_back(int fd, int saved)
{
	dup2(saved, fd);
	close(saved);
}

/* The words are separated by blanks. What is printed is kept in said. */
static enum options_result parse(const struct command *command, const char *words,
				 struct options *options, struct said *said)
{
	static char line[512];
	char *argv[32], *rest = NULL;
	int argc = 0, out, err, count;
	FILE *file = tmpfile();
	enum options_result result;

	assert_non_null(file);
	snprintf(line, sizeof(line), "%s", words);
	for (char *word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		argv[argc++] = word;
	argv[argc] = NULL;
	*options = (struct options){.db_default = "default.db"};
	fflush(stdout);
	out = redirect(STDOUT_FILENO, fileno(file));
	err = redirect(STDERR_FILENO, fileno(file));
	result = options_parse(command, argc, argv, options);
	fflush(stdout);
	redirect_back(STDOUT_FILENO, out);
	redirect_back(STDERR_FILENO, err);
	count = (int)pread(fileno(file), said->text, sizeof(said->text) - 1, 0);
	said->text[count > 0 ? count : 0] = '\0';
	fclose(file);
	return result;
}

static void parse_good(const struct command *command, const char *words, struct options *options)
{
	struct said said;

	if (parse(command, words, options, &said) != OPTIONS_RUN)
		fail_msg("%s: %s", words, said.text);
	assert_string_equal(said.text, "");
}

static void check_bad(const struct command *command, const char *words, const char *reason)
{
	struct options options;
	struct said said;

	assert_int_equal(parse(command, words, &options, &said), OPTIONS_WRONG);
	if (!strstr(said.text, reason))
		fail_msg("%s: '%s' is not in '%s'", words, reason, said.text);
	options_clear(&options);
}

static void test_defaults(void **state)
{
	struct options options;

	(void)state;
	parse_good(&asks, "edges", &options);
	assert_string_equal(options.db[0], "default.db");
	assert_int_equal(options.format, FORMAT_TABLE);
	assert_true(options.interval.from == INT64_MIN);
	assert_true(options.interval.until == INT64_MAX);
	assert_null(options.namespace);
	assert_null(options.workload_kind);
	assert_null(options.node);
	assert_false(options.strict);
	assert_int_equal(options.inventory_count, 0);
	assert_int_equal(options.file_count, 0);
	options_clear(&options);
}

static void test_every_option(void **state)
{
	struct options options;

	(void)state;
	parse_good(
	    &asks,
	    "edges --db x.db -o json --since 2023-11-14T22:13:20Z --until=2023-11-15T00:00:00Z "
	    "-n shop --workload deploy/api --node n1 --inventory a --inventory b --strict",
	    &options);
	assert_string_equal(options.db[0], "x.db");
	assert_int_equal(options.format, FORMAT_JSON);
	assert_int_equal(options.interval.from, INT64_C(1700000000000));
	assert_int_equal(options.interval.until, INT64_C(1700006400000));
	assert_string_equal(options.namespace, "shop");
	assert_string_equal(options.workload_kind, "Deployment");
	assert_string_equal(options.workload_name, "api");
	assert_string_equal(options.node, "n1");
	assert_true(options.strict);
	assert_int_equal(options.inventory_count, 2);
	assert_string_equal(options.inventory[0], "a");
	assert_string_equal(options.inventory[1], "b");
	options_clear(&options);
}

static void test_last_one_counts(void **state)
{
	struct options options;

	(void)state;
	parse_good(&asks, "edges -n a -n b --format=csv --workload po/x --workload Rollout/y",
		   &options);
	assert_string_equal(options.namespace, "b");
	assert_int_equal(options.format, FORMAT_CSV);
	assert_string_equal(options.workload_kind, "Rollout");
	assert_string_equal(options.workload_name, "y");
	options_clear(&options);
	parse_good(&asks, "edges -n a -A", &options);
	assert_null(options.namespace);
	options_clear(&options);
}

static void test_several_databases(void **state)
{
	struct options options;

	(void)state;
	parse_good(&asks, "edges --db b.db --db=a.db", &options);
	assert_int_equal(options.db_count, 2);
	assert_string_equal(options.db[0], "b.db");
	assert_string_equal(options.db[1], "a.db");
	options_clear(&options);
	check_bad(&asks, "edges --db a.db --db=", "expected the name of a file");
}

static void test_ages(void **state)
{
	int64_t before = clock_msec(clock_now()), after;
	struct options options;

	(void)state;
	parse_good(&asks, "edges --since 24h --until 30m", &options);
	after = clock_msec(clock_now());
	assert_in_range(options.interval.from + 86400000, before, after);
	assert_in_range(options.interval.until + 1800000, before, after);
	options_clear(&options);
}

static void test_operands(void **state)
{
	struct options options;

	(void)state;
	parse_good(&makes, "import --into new.db a b", &options);
	assert_string_equal(options.into, "new.db");
	assert_int_equal(options.file_count, 2);
	assert_string_equal(options.files[0], "a");
	assert_string_equal(options.files[1], "b");
	options_clear(&options);
	parse_good(&makes, "import a --into new.db -- --b", &options);
	assert_int_equal(options.file_count, 2);
	assert_string_equal(options.files[1], "--b");
	options_clear(&options);
}

static void test_wrong(void **state)
{
	(void)state;
	check_bad(&asks, "edges x", "unexpected operand 'x'");
	check_bad(&asks, "edges --sinc", "needs an argument");
	check_bad(&asks, "edges --since", "needs an argument");
	check_bad(&asks, "edges -n", "needs an argument");
	check_bad(&asks, "edges --into x", "unknown option '--into'");
	check_bad(&asks, "edges --db=", "--db '': expected the name of a file");
	check_bad(&makes, "import --into=", "--into '': expected the name of a file");
	check_bad(&asks, "edges -x", "unknown option '-x'");
	check_bad(&asks, "edges --strict -xA", "unknown option '-x'");
	check_bad(&asks, "edges --frob=1", "unknown option '--frob=1'");
	check_bad(&asks, "edges --strict=yes", "--strict takes no argument");
	check_bad(&asks, "edges --all-namespaces=yes", "--all-namespaces takes no argument");
	check_bad(&asks, "edges -An", "-n needs an argument");
	check_bad(&asks, "edges --namespace=", "--namespace '': expected a name");
	check_bad(&asks, "edges --node=", "--node '': expected a name");
	check_bad(&asks, "edges --inventory - --inventory -", "cannot both be standard input");
	check_bad(&asks, "edges --since yesterday", "--since 'yesterday': expected");
	check_bad(&asks, "edges --until 5", "--until '5': expected");
	check_bad(&asks, "edges --since 1h --until 2h", "--since is not before --until");
	check_bad(&asks, "edges -o yaml", "expected one of table (default), json, csv");
	check_bad(&asks, "edges --workload api", "KIND/NAME");
	check_bad(&asks, "edges --workload /api", "KIND/NAME");
	check_bad(&asks, "edges --workload deploy/", "KIND/NAME");
	check_bad(&makes, "import a", "--into FILE is missing");
	check_bad(&makes, "import --db x --into y a", "unknown option '--db'");
	check_bad(&makes, "import -o json --into y a", "unknown option '-o'");
}

static void test_without_memory(void **state)
{
	static const char *const lines[] = {
	    "edges",
	    "edges --db x.db",
	    "edges --workload deploy/api",
	    "edges --inventory a",
	    "edges -f a",
	    "edges --known-networks a",
	    "edges --ignore-label a",
	    "edges --canary a=b",
	};
	struct command all = asks;

	(void)state;
	all.takes |= TAKES_MANIFESTS | TAKES_COMPILE | TAKES_KIND;
	lacks_memory = true;
	for (size_t i = 0; i < COUNT(lines); i++)
		check_bad(&all, lines[i], "netpol-report: Cannot allocate memory\n");
	lacks_memory = false;
}

static void test_help(void **state)
{
	static const char *const words[] = {"edges --help", "edges -h", "edges -n x -h y"};
	struct options options;
	struct said said;

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		assert_int_equal(parse(&asks, words[i], &options, &said), OPTIONS_DONE);
		assert_non_null(strstr(said.text, "Usage: netpol-report edges [OPTION]..."));
		assert_non_null(strstr(said.text, "--inventory FILE"));
		assert_non_null(strstr(said.text, "table (default),"));
		assert_null(strstr(said.text, "--into"));
		options_clear(&options);
	}
	assert_int_equal(parse(&makes, "import --help", &options, &said), OPTIONS_DONE);
	assert_non_null(strstr(said.text, "FILE..."));
	assert_non_null(strstr(said.text, "--into FILE"));
	assert_null(strstr(said.text, "--format"));
	assert_null(strstr(said.text, "--db"));
	options_clear(&options);
}

static void test_kinds(void **state)
{
	static const char *const cases[][2] = {
	    {"deploy", "Deployment"},
	    {"Deployments", "Deployment"},
	    {"DEPLOYMENT", "Deployment"},
	    {"sts", "StatefulSet"},
	    {"statefulsets", "StatefulSet"},
	    {"ds", "DaemonSet"},
	    {"rs", "ReplicaSet"},
	    {"rc", "ReplicationController"},
	    {"job", "Job"},
	    {"cj", "CronJob"},
	    {"po", "Pod"},
	    {"pods", "Pod"},
	};
	static const char *const none[] = {"",
					   " ",
					   "d",
					   "dep",
					   "deployment ",
					   "svc",
					   "ploy",
					   "pod pods",
					   "deploy/",
					   "service",
					   "deploymentdeploymentdeploymentdeploymentdeployment"};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(options_kind(cases[i][0]), cases[i][1]);
	for (size_t i = 0; i < COUNT(none); i++)
		assert_null(options_kind(none[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_defaults),
	    cmocka_unit_test(test_every_option),
	    cmocka_unit_test(test_last_one_counts),
	    cmocka_unit_test(test_several_databases),
	    cmocka_unit_test(test_ages),
	    cmocka_unit_test(test_operands),
	    cmocka_unit_test(test_wrong),
	    cmocka_unit_test(test_without_memory),
	    cmocka_unit_test(test_help),
	    cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
