#include "tests/unit/store/fixture.h"

#include <errno.h>

#define MS INT64_C(1000000)
#define DAY INT64_C(86400000)
#define PAST_STATES 16

/* ---- pods ---- */

static void write_pods(struct store *store, int64_t time, struct batch_pod *pods, size_t count,
		       bool complete)
{
	struct batch batch = {
	    .time = time, .pods = pods, .pod_count = count, .pods_complete = complete};

	write_batch(store, &batch);
}

static struct label app_web[] = {{(char *)(uintptr_t) "app", (char *)(uintptr_t) "web"}};

static struct pod a_full_pod(struct pod_address *addresses, size_t address_count,
			     struct pod_word *words, size_t word_count)
{
	struct pod pod = a_pod("web-1", "s1", addresses, address_count);

	pod.conflict = text("cri says uid-2");
	pod.labelled = true;
	pod.labels = (struct labels){app_web, 1};
	pod.host_network = true;
	pod.created = 3 * MS + 1;
	pod.ended = 9 * MS;
	pod.words = words;
	pod.word_count = word_count;
	return pod;
}

static void assert_full_pod(const struct pod *pod, int64_t unit, size_t words)
{
	assert_string_equal(pod->conflict, "cri says uid-2");
	assert_true(pod->labelled);
	assert_int_equal(pod->labels.count, 1);
	assert_string_equal(labels_get(&pod->labels, "app"), "web");
	assert_true(pod->host_network);
	assert_int_equal(pod->created, 3 * unit);
	assert_int_equal(pod->ended, 9 * unit);
	assert_int_equal(pod->address_count, 2);
	assert_true(pod->addresses[0].exact);
	assert_false(pod->addresses[0].secondary);
	assert_false(pod->addresses[1].exact);
	assert_true(pod->addresses[1].secondary);
	assert_int_equal(pod->word_count, words);
	if (words == 0)
		return;
	assert_string_equal(pod->words[0].source, "cni-result");
	assert_string_equal(pod->words[0].place, "/a");
	assert_string_equal(pod->words[0].said, "{\"name\":\"web-1\"}");
	assert_string_equal(pod->words[1].source, "cri");
	assert_string_equal(pod->words[1].place, "/s");
}

static int see_full_pod(void *context, const struct stored_pod *pod)
{
	*(size_t *)context += 1;
	assert_full_pod(&pod->pod, 1, 2);
	return 0;
}

static int see_pod_without_words(void *context, const struct stored_pod *pod)
{
	*(size_t *)context += 1;
	assert_full_pod(&pod->pod, 1, 0);
	return 0;
}

static void test_all_of_a_pod_comes_back(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct pod_address addresses[] = {{ip("10.0.0.1"), 4 * MS, 9 * MS, true, false},
					  {ip("10.9.0.1"), 5 * MS, 9 * MS, false, true}};
	struct pod_word words[] = {{text("cri"), text("/s"), text("{}")},
				   {text("cni-result"), text("/a"), text("{\"name\":\"web-1\"}")}};
	struct batch_pod pod = {1, a_full_pod(addresses, 2, words, 2)};
	struct store_state loaded;
	struct reader *reader;
	size_t seen = 0;

	write_pods(store, 10, &pod, 1, true);
	store_close(store);
	reader = open_reader(place->path);
	assert_int_equal(reader_pods(reader, see_pod_without_words, &seen), 0);
	reader_want_words(reader);
	assert_int_equal(reader_pods(reader, see_full_pod, &seen), 0);
	assert_int_equal(seen, 2);
	reader_close(reader);
	store = open_node(place->path, "n1");
	assert_int_equal(store_load_state(store, &loaded), 0);
	assert_int_equal(loaded.pod_count, 1);
	assert_full_pod(&loaded.pods[0], MS, 0);
	store_state_clear(&loaded);
	store_close(store);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM pods WHERE exact + secondary = 1"
					  " AND ended LIKE '%00.009Z' AND host_network"),
			 2);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM pod_words WHERE name = 'web-1'"),
			 2);
}

static int see_plain_pod(void *context, const struct stored_pod *pod)
{
	*(size_t *)context += 1;
	assert_string_equal(pod->pod.conflict, "");
	assert_false(pod->pod.labelled);
	assert_int_equal(pod->pod.labels.count, 0);
	assert_false(pod->pod.host_network);
	assert_int_equal(pod->pod.created, 0);
	assert_true(pod->pod.ended == INTERVAL_OPEN);
	assert_int_equal(pod->pod.word_count, 0);
	return 0;
}

static void test_what_is_not_known_comes_back_so(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct batch_pod pods[] = {{1, a_pod("a", "s1", NULL, 0)}, {2, a_pod("b", "s2", NULL, 0)}};
	struct reader *reader;
	size_t seen = 0;

	pods[0].pod.ended = INTERVAL_OPEN;
	write_pods(store, 10, pods, 2, true);
	reader = open_reader(place->path);
	assert_int_equal(reader_pods(reader, see_plain_pod, &seen), 0);
	assert_int_equal(seen, 2);
	reader_close(reader);
	store_close(store);
}

static void test_no_labels_are_not_unknown_labels(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct batch_pod pod = {1, a_pod("a", "s1", NULL, 0)};

	pod.pod.labelled = true;
	write_pods(store, 10, &pod, 1, true);
	store_close(store);
	assert_int_equal(ask(place->path, "SELECT labels = '{}' FROM pod"), 1);
}

static void test_a_sandbox_is_one_pod_in_all_runs(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct pod_address address = {ip("10.0.0.1"), 5 * MS, INTERVAL_OPEN, false, false};
	struct batch_pod nameless = {1, a_pod("", "s1", &address, 1)};
	struct batch_pod named = {7, a_pod("web-1", "s1", &address, 1)};

	nameless.pod.namespace = nameless.pod.uid = text("");
	write_pods(store, 10, &nameless, 1, true);
	store_close(store);
	store = open_node(place->path, "n1");
	named.pod.labelled = true;
	named.pod.labels = (struct labels){app_web, 1};
	named.pod.created = 4 * MS;
	write_pods(store, 20, &named, 1, true);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM pod WHERE id = 1 AND name = 'web-1'"
					  " AND namespace = 'shop' AND uid = 'uid-1'"),
			 1);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM pod"), 1);
	/* What was known stays, even where the next run cannot ask. */
	nameless.pod.source = text("");
	write_pods(store, 30, &nameless, 1, true);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM pod WHERE name = 'web-1'"
					  " AND labels = '{\"app\":\"web\"}' AND created = 4"
					  " AND source = 'cni-result'"),
			 1);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM pod_address"), 1);
	store_close(store);
	assert_sound(place->path);
}

static void test_a_sandbox_that_becomes_known_is_the_same_pod(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct batch_pod pod = {1, a_pod("web-1", "", NULL, 0)};
	struct flow flow = a_flow(80, 0);

	write_pods(store, 10, &pod, 1, true);
	flow.key.source_pod = 1;
	write_one(store, flow);
	pod.pod.sandbox = text("s1");
	write_pods(store, 20, &pod, 1, false);
	write_one(store, flow);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM pod WHERE sandbox = 's1'"), 1);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM pod"), 1);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM edge"), 1);
	/* Another sandbox under its number is another pod all the same. */
	pod.pod.sandbox = text("s2");
	write_pods(store, 30, &pod, 1, false);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM pod"), 2);
	store_close(store);
	assert_sound(place->path);
}

/* Two rows of the time before the sandbox was known cannot both have the address. */
static void test_a_row_left_behind_has_no_address(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct pod_address address = {ip("10.0.0.1"), 5 * MS, INTERVAL_OPEN, false, false};
	struct batch_pod known = {1, a_pod("web-1", "s1", NULL, 0)};
	struct batch_pod pod = {2, a_pod("web-1", "", &address, 1)};

	write_pods(store, 10, &known, 1, true);
	write_pods(store, 11, &pod, 1, true);
	pod.pod.sandbox = text("s1");
	write_pods(store, 12, &pod, 1, true);
	assert_int_equal(
	    ask(place->path, "SELECT count(*) FROM pod WHERE sandbox = '' AND ended = 12"), 1);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM pod WHERE ended IS NULL"), 1);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM pod_address"), 1);
	assert_int_equal(ask(place->path,
			     "SELECT count(*) FROM pods WHERE sandbox = 's1' AND until IS NULL"
			     " AND address IS NOT NULL"),
			 1);
	store_close(store);
}

static int64_t ended_of(const char *path, const char *name)
{
	char query[128];

	snprintf(query, sizeof(query), "SELECT ifnull(ended, -1) FROM pod WHERE name = '%s'", name);
	return ask(path, query);
}

static void test_pods_without_address_end_too(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct batch_pod pods[] = {{1, a_pod("stays", "s1", NULL, 0)},
				   {2, a_pod("vanishes", "s2", NULL, 0)},
				   {3, a_pod("ended", "s3", NULL, 0)},
				   {4, a_pod("early", "s4", NULL, 0)}};

	for (size_t i = 0; i < COUNT(pods); i++)
		pods[i].pod.host_network = true;
	pods[2].pod.ended = 70 * MS;
	pods[3].pod.created = 105 * MS;
	write_pods(store, 100, pods, 4, true);
	write_pods(store, 110, NULL, 0, true);
	assert_int_equal(ended_of(place->path, "vanishes"), -1);
	store_close(store);
	store = open_node(place->path, "n1");
	write_pods(store, 1000, pods, 1, false);
	assert_int_equal(ended_of(place->path, "vanishes"), -1);
	write_pods(store, 1100, NULL, 0, true);
	assert_int_equal(ended_of(place->path, "stays"), -1);
	assert_int_equal(ended_of(place->path, "vanishes"), 110);
	assert_int_equal(ended_of(place->path, "ended"), 70);
	assert_int_equal(ended_of(place->path, "early"), 110);
	write_pods(store, 1200, &pods[1], 1, true);
	assert_int_equal(ended_of(place->path, "vanishes"), -1);
	store_close(store);
}

static void load_names(const char *path, const char *const names[], size_t count)
{
	struct store *store = open_node(path, "n1");
	struct store_state loaded;

	assert_int_equal(store_load_state(store, &loaded), 0);
	assert_int_equal(loaded.pod_count, count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(loaded.pods[i].name, names[i]);
	store_state_clear(&loaded);
	store_close(store);
}

/* A connection of a week has the pod that had the address when it began, and no other. */
static void test_pods_of_live_connections_come_back(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct pod_address old[] = {{ip("10.0.0.1"), 5 * MS, DAY * MS + MS, false, false}};
	struct pod_address soon[] = {
	    {ip("10.0.0.1"), (DAY + 59000) * MS, (DAY + 90000) * MS, false, false}};
	struct pod_address late[] = {
	    {ip("10.0.0.1"), (DAY + 61000) * MS, (DAY + 90000) * MS, false, false}};
	struct pod_address older[] = {{ip("10.0.0.1"), 1 * MS, (DAY - 61000) * MS, false, false}};
	struct pod_address server[] = {{ip("10.0.0.3"), 1 * MS, 2 * DAY * MS, false, false}};
	struct pod_address other[] = {{ip("10.0.0.4"), 1 * MS, 2 * DAY * MS, false, false}};
	struct batch_pod pods[] = {
	    {1, a_pod("old", "s1", old, 1)},       {2, a_pod("soon", "s2", soon, 1)},
	    {3, a_pod("late", "s3", late, 1)},     {4, a_pod("older", "s4", older, 1)},
	    {5, a_pod("server", "s5", server, 1)}, {6, a_pod("other", "s6", other, 1)},
	    {7, a_pod("host", "s7", NULL, 0)},     {8, a_pod("gone", "s8", NULL, 0)}};
	struct checkpoint live = {.original = {ip("10.0.0.1"), ip("10.0.0.2"), 1, 2, 6, true},
				  .reply = {ip("10.0.0.3"), ip("10.0.0.1"), 2, 1, 6, true},
				  .first_ns = DAY * MS,
				  .verdict = VERDICT_ANSWERED};
	struct batch batch = {.time = 8 * DAY, .checkpoints = &live, .checkpoint_count = 1};

	pods[7].pod.ended = 2 * DAY * MS;
	write_pods(store, 8 * DAY, pods, COUNT(pods), true);
	store_close(store);
	load_names(place->path, (const char *[]){"host"}, 1);
	store = open_node(place->path, "n1");
	write_batch(store, &batch);
	store_close(store);
	load_names(place->path, (const char *[]){"old", "soon", "server", "host"}, 4);
	/* Of another node. */
	store = open_node(place->path, "n2");
	live.first_ns = DAY * MS;
	write_batch(store, &batch);
	store_close(store);
	change(place->path, "DELETE FROM checkpoint WHERE node = 1");
	load_names(place->path, (const char *[]){"host"}, 1);
}

static int64_t words_of(const char *path, const char *name)
{
	char query[128];

	snprintf(query, sizeof(query), "SELECT count(*) FROM pod_words WHERE name = '%s'", name);
	return ask(path, query);
}

static void test_words_go_with_the_pod_unless_they_contradict(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct pod_word word = {text("cri"), text("/s"), text("{}")};
	struct batch_pod pods[] = {{1, a_pod("ends", "s1", NULL, 0)},
				   {2, a_pod("doubtful", "s2", NULL, 0)},
				   {3, a_pod("vanishes", "s3", NULL, 0)},
				   {4, a_pod("stays", "s4", NULL, 0)},
				   {5, a_pod("late", "s5", NULL, 0)}};

	for (size_t i = 0; i < COUNT(pods); i++) {
		pods[i].pod.words = &word;
		pods[i].pod.word_count = 1;
	}
	pods[1].pod.conflict = text("cri says uid-2");
	pods[4].pod.ended = 60 * MS;
	write_pods(store, 100, pods, 5, true);
	assert_int_equal(words_of(place->path, "ends"), 1);
	assert_int_equal(words_of(place->path, "late"), 0);
	pods[0].pod.ended = pods[1].pod.ended = 150 * MS;
	write_pods(store, 200, pods, 2, false);
	assert_int_equal(words_of(place->path, "ends"), 0);
	assert_int_equal(words_of(place->path, "doubtful"), 1);
	store_close(store);
	store = open_node(place->path, "n1");
	write_pods(store, 300, &pods[3], 1, true);
	assert_int_equal(words_of(place->path, "vanishes"), 0);
	assert_int_equal(words_of(place->path, "stays"), 1);
	store_close(store);
}

static void prune_before(struct store *store, int64_t before)
{
	const struct store_limits limits = {.before = before};
	bool more = true;

	while (more)
		assert_int_equal(store_prune(store, &limits, 100, &more), 0);
}

static void test_pods_without_address_go_once_ended(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct pod_word word = {text("cri"), text("/s"), text("{}")};
	struct batch_pod pods[] = {{1, a_pod("live", "s1", NULL, 0)},
				   {2, a_pod("gone", "s2", NULL, 0)},
				   {3, a_pod("named", "s3", NULL, 0)}};
	struct flow flow = a_flow(80, 1000);

	for (size_t i = 0; i < COUNT(pods); i++) {
		pods[i].pod.words = &word;
		pods[i].pod.word_count = 1;
	}
	pods[1].pod.ended = pods[2].pod.ended = 50 * MS;
	pods[1].pod.conflict = pods[2].pod.conflict = text("cri says uid-2");
	write_pods(store, 100, pods, 3, true);
	flow.key.source_pod = 3;
	write_one(store, flow);
	prune_before(store, 50);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM pod"), 3);
	prune_before(store, 51);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM pod"), 2);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM pod WHERE name = 'gone'"), 0);
	assert_int_equal(words_of(place->path, "live"), 1);
	assert_int_equal(words_of(place->path, "named"), 0);
	/* Told again, it is one again. */
	flow.key.source_pod = 2;
	write_one(store, flow);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM edge WHERE source_pod IS NULL"), 1);
	store_close(store);
	assert_sound(place->path);
}

static void test_words_add_up(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct pod_word first[] = {{text("cri"), text("/s"), text("1")},
				   {text("cni-result"), text("/a"), text("2")}};
	struct pod_word second[] = {{text("cri"), text("/s"), text("3")}};
	struct batch_pod pod = {1, a_pod("a", "s1", NULL, 0)};

	pod.pod.words = first;
	pod.pod.word_count = 2;
	write_pods(store, 10, &pod, 1, true);
	pod.pod.words = second;
	pod.pod.word_count = 1;
	write_pods(store, 20, &pod, 1, true);
	store_close(store);
	assert_int_equal(ask(place->path, "SELECT sum(said) FROM pod_word"), 5);
}

static int see_nothing(void *context, const struct stored_pod *pod)
{
	(void)context;
	(void)pod;
	return 0;
}

static void assert_damaged(const char *path, const char *script)
{
	struct reader *reader;

	change(path, script);
	reader = open_reader(path);
	reader_want_words(reader);
	assert_int_equal(reader_pods(reader, see_nothing, NULL), -EBADMSG);
	assert_non_null(strstr(reader_error(reader), "damaged"));
	reader_close(reader);
}

static void test_damage_is_told(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct pod_word word = {text("cri"), text("/s"), text("{}")};
	struct batch_pod pod = {1, a_pod("a", "s1", NULL, 0)};

	pod.pod.words = &word;
	pod.pod.word_count = 1;
	write_pods(store, 10, &pod, 1, true);
	store_close(store);
	assert_damaged(place->path, "UPDATE pod SET labels = '[]'");
	assert_damaged(place->path, "UPDATE pod SET labels = NULL;"
				    "UPDATE pod_word SET said = CAST(x'ff41' AS TEXT)");
}

/* ---- objects ---- */

static struct batch_object an_object(const char *name, const char *content)
{
	return (struct batch_object){.kind = text("Pod"),
				     .namespace = text("shop"),
				     .name = text(name),
				     .uid = text("u1"),
				     .content = text(content)};
}

static void write_objects(struct store *store, int64_t time, struct batch_object *objects,
			  size_t count, bool complete)
{
	struct batch batch = {
	    .time = time, .objects = objects, .object_count = count, .objects_complete = complete};

	write_batch(store, &batch);
}

static void write_object(struct store *store, int64_t time, const char *name, const char *content)
{
	struct batch_object object = an_object(name, content);

	write_objects(store, time, &object, 1, false);
}

struct log {
	char text[4096];
};

static int see_object(void *context, const struct stored_object *object)
{
	struct log *log = context;
	size_t length = strlen(log->text);

	snprintf(log->text + length, sizeof(log->text) - length, "%s %s %s/%s %s %s[%lld,%lld)\n",
		 object->node, object->kind, object->namespace, object->name, object->uid,
		 object->content, (long long)object->since,
		 object->until == INTERVAL_OPEN ? -1LL : (long long)object->until);
	return 0;
}

static void assert_objects(const char *path, const char *expected)
{
	struct reader *reader = open_reader(path);
	struct log log = {""};

	assert_int_equal(reader_objects(reader, see_object, &log), 0);
	assert_string_equal(log.text, expected);
	reader_close(reader);
}

static void test_states_of_objects_follow_each_other(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct batch_object other = an_object("web", "3");

	write_object(store, 10, "web", "1");
	write_object(store, 20, "web", "1");
	write_object(store, 30, "web", "2");
	write_object(store, 30, "api", "1");
	write_object(store, 40, "api", NULL);
	write_object(store, 50, "never", NULL);
	other.uid = text("u2");
	write_objects(store, 60, &other, 1, false);
	store_close(store);
	assert_objects(place->path, "n1 Pod shop/api u1 1[30,40)\n"
				    "n1 Pod shop/web u1 1[10,30)\n"
				    "n1 Pod shop/web u1 2[30,60)\n"
				    "n1 Pod shop/web u2 3[60,-1)\n");
	assert_int_equal(ask(place->path, "SELECT count(*) FROM objects WHERE name = 'web'"
					  " AND until IS NULL AND content = '3'"),
			 1);
}

/* As evidence tells them: each state by itself, in any order. */
static void test_states_told_by_themselves(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct batch_object objects[] = {an_object("web", "3"), an_object("web", "1"),
					 an_object("web", "2")};

	objects[0].since = 60;
	objects[0].until = INTERVAL_OPEN;
	objects[1].since = 10;
	objects[1].until = 30;
	objects[2].since = 30;
	objects[2].until = 60;
	objects[2].uid = text("u0");
	write_objects(store, 5, objects, 3, false);
	store_close(store);
	assert_objects(place->path, "n1 Pod shop/web u1 1[10,30)\n"
				    "n1 Pod shop/web u0 2[30,60)\n"
				    "n1 Pod shop/web u1 3[60,-1)\n");
}

static void test_states_of_one_moment_are_the_last(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct batch_object objects[] = {an_object("web", "1"), an_object("web", "2")};

	write_objects(store, 10, objects, 2, false);
	/* The clock was set back. */
	write_object(store, 5, "web", "3");
	store_close(store);
	assert_objects(place->path, "n1 Pod shop/web u1 3[5,-1)\n"
				    "n1 Pod shop/web u1 2[10,10)\n");
}

static void test_objects_not_told_again_are_gone(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct batch_object objects[] = {an_object("a", "1"), an_object("b", "1"),
					 an_object("c", "1")};

	write_objects(store, 100, objects, 3, true);
	assert_int_equal(store_use_node(store, "n2"), 0);
	write_objects(store, 100, objects, 1, true);
	store_close(store);
	store = open_node(place->path, "n1");
	write_objects(store, 200, objects, 1, false);
	write_objects(store, 210, &objects[2], 1, true);
	assert_objects(place->path, "n1 Pod shop/a u1 1[100,-1)\n"
				    "n1 Pod shop/b u1 1[100,100)\n"
				    "n1 Pod shop/c u1 1[100,-1)\n"
				    "n2 Pod shop/a u1 1[100,-1)\n");
	/* Later in the run all that it told counts. */
	write_objects(store, 220, &objects[1], 1, true);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM object WHERE until IS NULL"), 4);
	store_close(store);
}

static void test_a_batch_that_failed_told_nothing(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct batch_object object = an_object("a", "1");
	struct flow bad = a_flow(80, 0);
	struct batch batch = {.time = 10,
			      .objects = &object,
			      .object_count = 1,
			      .objects_complete = true,
			      .flows = &bad,
			      .flow_count = 1};

	bad.key.source_pod = 9;
	assert_int_equal(store_write(store, &batch), -EINVAL);
	assert_objects(place->path, "");
	batch.flow_count = 0;
	write_batch(store, &batch);
	assert_objects(place->path, "n1 Pod shop/a u1 1[10,-1)\n");
	store_close(store);
}

static void test_past_states_are_bounded(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	char content[8];

	for (int i = 0; i < 40; i++) {
		snprintf(content, sizeof(content), "%d", i);
		write_object(store, 100 + i, "web", content);
	}
	store_close(store);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM object"), PAST_STATES + 1);
	assert_int_equal(ask(place->path, "SELECT min(CAST(content AS INTEGER)) FROM object"),
			 39 - PAST_STATES);
}

/* A StatefulSet's pods have one name in all their lives. */
static void test_each_of_the_last_uids_keeps_a_state(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	char content[8], uid[8];
	int64_t time = 100;

	for (int i = 0; i < 20; i++) {
		struct batch_object object = an_object("web-0", content);

		snprintf(uid, sizeof(uid), "u%d", i);
		object.uid = uid;
		for (int j = 0; j < 3; j++) {
			snprintf(content, sizeof(content), "%d", j);
			write_objects(store, time++, &object, 1, false);
		}
	}
	assert_int_equal(ask(place->path, "SELECT count(DISTINCT uid) FROM object"), PAST_STATES);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM object WHERE uid = 'u5'"
					  " AND content = '2' AND until - since = 1"),
			 1);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM object WHERE uid = 'u4'"), 1);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM object WHERE uid = 'u19'"), 3);
	store_close(store);
}

static void test_content_is_bounded(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	char *content = malloc(OBJECT_CONTENT_MAX + 2);
	struct batch_object object = an_object("web", content);
	struct batch batch = {.time = 10, .objects = &object, .object_count = 1};

	assert_non_null(content);
	memset(content, 'x', OBJECT_CONTENT_MAX + 1);
	content[OBJECT_CONTENT_MAX + 1] = '\0';
	assert_int_equal(store_write(store, &batch), -EINVAL);
	content[OBJECT_CONTENT_MAX] = '\0';
	write_batch(store, &batch);
	store_close(store);
	free(content);
}

static void test_old_states_of_objects_go(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");

	write_object(store, 10, "web", "1");
	write_object(store, 30, "web", "2");
	write_object(store, 40, "web", "3");
	prune_before(store, 30);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM object"), 3);
	prune_before(store, 31);
	assert_objects(place->path, "n1 Pod shop/web u1 2[30,40)\n"
				    "n1 Pod shop/web u1 3[40,-1)\n");
	prune_before(store, 1000);
	assert_objects(place->path, "n1 Pod shop/web u1 3[40,-1)\n");
	store_close(store);
}

static void test_states_go_with_the_flows_where_space_is_short(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	const struct store_limits limits = {.before = INT64_MIN, .max_bytes = 1};
	bool more = true;

	write_object(store, 10, "web", "1");
	write_object(store, 30, "web", "2");
	write_one(store, a_flow(80, 20));
	while (more)
		assert_int_equal(store_prune(store, &limits, 100, &more), 0);
	assert_objects(place->path, "n1 Pod shop/web u1 2[30,-1)\n");
	store_close(store);
	assert_sound(place->path);
}

static void test_another_database_is_told_all_again(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct batch_object object = an_object("a", "1");

	write_objects(store, 100, &object, 1, true);
	assert_int_equal(unlink(place->path), 0);
	assert_int_equal(store_renew(store, false), 0);
	assert_string_equal(store_take_loss(store).reason, "the database was deleted by someone");
	write_objects(store, 110, &object, 1, true);
	assert_objects(place->path, "n1 Pod shop/a u1 1[110,-1)\n");
	store_close(store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_all_of_a_pod_comes_back),
	    TEST(test_what_is_not_known_comes_back_so),
	    TEST(test_no_labels_are_not_unknown_labels),
	    TEST(test_a_sandbox_is_one_pod_in_all_runs),
	    TEST(test_a_sandbox_that_becomes_known_is_the_same_pod),
	    TEST(test_a_row_left_behind_has_no_address),
	    TEST(test_pods_without_address_end_too),
	    TEST(test_pods_of_live_connections_come_back),
	    TEST(test_words_go_with_the_pod_unless_they_contradict),
	    TEST(test_pods_without_address_go_once_ended),
	    TEST(test_words_add_up),
	    TEST(test_damage_is_told),
	    TEST(test_states_of_objects_follow_each_other),
	    TEST(test_states_told_by_themselves),
	    TEST(test_states_of_one_moment_are_the_last),
	    TEST(test_objects_not_told_again_are_gone),
	    TEST(test_a_batch_that_failed_told_nothing),
	    TEST(test_past_states_are_bounded),
	    TEST(test_each_of_the_last_uids_keeps_a_state),
	    TEST(test_content_is_bounded),
	    TEST(test_old_states_of_objects_go),
	    TEST(test_states_go_with_the_flows_where_space_is_short),
	    TEST(test_another_database_is_told_all_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
