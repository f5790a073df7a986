#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sources/cri_table.h"

#define START (1000 * NSEC_PER_SEC)

/* A table and what it told. */
struct stage {
	struct cri_table *table;
	int64_t now;
	unsigned claims;
	unsigned withdrawn;
	char claim[256]; /* the last: place, sandbox, name, labels, h for the node's network,
			    s for stopped */
	char gone[256];  /* the last: place, sandbox */
};

static const char *const here = "here", *const there = "there";

static void on_claim(void *context, const struct claim *claim)
{
	char *labels = claim->labelled ? labels_print(&claim->labels) : strdup("unknown");
	struct stage *stage = context;

	assert_string_equal(claim->source, CLAIM_CRI);
	assert_int_equal(claim->address_count, 0);
	snprintf(stage->claim, sizeof(stage->claim), "%s %s %s %s%s%s", claim->place,
		 claim->sandbox, claim->name, labels, claim->host_network ? " h" : "",
		 claim->stopped ? " s" : "");
	stage->claims++;
	free(labels);
}

static void on_withdraw(void *context, const char *source, const char *place, const char *sandbox)
{
	struct stage *stage = context;

	assert_string_equal(source, CLAIM_CRI);
	snprintf(stage->gone, sizeof(stage->gone), "%s %s", place, sandbox);
	stage->withdrawn++;
}

static int setup(void **state)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	const struct claim_events events = {
	    .claim = on_claim, .withdraw = on_withdraw, .context = stage};

	if (!stage)
		return -1;
	stage->now = START;
	stage->table = cri_table_new(&events);
	*state = stage;
	return stage->table ? 0 : -1;
}

static int teardown(void **state)
{
	struct stage *stage = *state;

	cri_table_free(stage->table);
	free(stage);
	return 0;
}

static struct cri_sandbox make_sandbox(const char *id)
{
	return (struct cri_sandbox){.id = id,
				    .namespace = "lab",
				    .name = id,
				    .uid = "",
				    .labelled = true,
				    .ready = true,
				    .created = 1};
}

/* What is asked next; fails unless it is this. */
static struct cri_question expect(struct stage *stage, enum cri_subject subject, const char *id)
{
	struct cri_question question;

	assert_true(cri_table_ask(stage->table, stage->now, &question));
	assert_int_equal(question.subject, subject);
	if (id)
		assert_string_equal(question.id, id);
	else
		assert_null(question.id);
	return question;
}

static void expect_nothing(struct stage *stage)
{
	struct cri_question question;

	assert_false(cri_table_ask(stage->table, stage->now, &question));
	assert_true(cri_table_due(stage->table) > stage->now);
}

static void answer(struct stage *stage, struct cri_question question, const char *place,
		   const struct cri_sandbox *sandboxes, size_t count)
{
	const struct cri_answer all = {.items = (struct cri_sandbox *)sandboxes, .count = count};

	assert_int_equal(cri_table_answer(stage->table, &question, place, &all, stage->now), 0);
}

/* The whole list, whose time has come. */
static void list(struct stage *stage, const char *place, const struct cri_sandbox *sandboxes,
		 size_t count)
{
	stage->now += CRI_LIST_NS;
	answer(stage, expect(stage, CRI_LIST_ALL, NULL), place, sandboxes, count);
}

static void test_list(void **state)
{
	struct stage *stage = *state;
	struct label label = {(char *)"app", (char *)"web"};
	struct cri_sandbox sandbox = make_sandbox("a");

	answer(stage, expect(stage, CRI_LIST_ALL, NULL), here, &sandbox, 1);
	assert_string_equal(stage->claim, "here a a {}");
	assert_true(cri_table_due(stage->table) <= stage->now + CRI_LIST_NS);

	list(stage, here, &sandbox, 1);
	assert_int_equal(stage->claims, 1);

	sandbox.labels = (struct labels){&label, 1};
	list(stage, here, &sandbox, 1);
	assert_string_equal(stage->claim, "here a a {\"app\":\"web\"}");
	assert_int_equal(stage->claims, 2);

	sandbox.ready = false;
	list(stage, here, &sandbox, 1);
	assert_string_equal(stage->claim, "here a a {\"app\":\"web\"} s");
	list(stage, here, &sandbox, 1);
	assert_int_equal(stage->claims, 3);
	assert_int_equal(stage->withdrawn, 0);

	list(stage, here, NULL, 0);
	assert_string_equal(stage->gone, "here a");
	assert_int_equal(stage->withdrawn, 1);
}

/* What another place says does not end what one said, nor is it told beside it. */
static void test_places(void **state)
{
	struct stage *stage = *state;
	const struct cri_sandbox both[] = {make_sandbox("a"), make_sandbox("b")};

	list(stage, here, both, 2);
	list(stage, there, NULL, 0);
	list(stage, there, both, 2);
	list(stage, here, both, 2);
	assert_int_equal(stage->claims, 2);
	assert_int_equal(stage->withdrawn, 0);
}

/* Who failed does not keep its sandboxes from another, and who tells of them again has them. */
static void test_place_fails(void **state)
{
	struct stage *stage = *state;
	const struct cri_sandbox both[] = {make_sandbox("a"), make_sandbox("b")};

	list(stage, here, both, 2);
	cri_table_fail(stage->table, here);
	list(stage, there, NULL, 0);
	assert_int_equal(stage->withdrawn, 0);
	list(stage, there, &both[1], 1);
	assert_string_equal(stage->claim, "there b b {}");
	assert_string_equal(stage->gone, "here b");
	list(stage, here, both, 2);
	list(stage, there, both, 2);
	assert_int_equal(stage->claims, 3);
	assert_int_equal(stage->withdrawn, 1);
}

static void test_wanted(void **state)
{
	struct stage *stage = *state;
	struct cri_sandbox sandbox = make_sandbox("new");
	struct cri_question question;

	list(stage, here, NULL, 0);
	assert_int_equal(cri_table_want(stage->table, "new", stage->now), 1);
	assert_int_equal(cri_table_want(stage->table, "new", stage->now), 0);
	expect_nothing(stage);
	assert_true(cri_table_due(stage->table) == stage->now + CRI_WANT_FIRST_NS);

	stage->now += CRI_WANT_FIRST_NS;
	question = expect(stage, CRI_LIST_ONE, "new");
	answer(stage, question, here, NULL, 0);
	expect_nothing(stage);
	stage->now += CRI_WANT_LEAST_NS;
	question = expect(stage, CRI_LIST_ONE, "new");
	answer(stage, question, here, &sandbox, 1);
	assert_string_equal(stage->claim, "here new new {}");
	assert_int_equal(cri_table_want(stage->table, "new", stage->now), 0);
	stage->now += CRI_WANT_MOST_NS;
	expect_nothing(stage);
}

static void test_gives_up(void **state)
{
	struct stage *stage = *state;
	int64_t begin = stage->now, last = begin;
	struct cri_question question;
	unsigned asked = 0;

	cri_table_want(stage->table, "never", begin);
	while (stage->now < begin + 2 * CRI_WANT_GIVE_UP_NS) {
		stage->now = cri_table_due(stage->table);
		assert_true(cri_table_ask(stage->table, stage->now, &question));
		answer(stage, question, here, NULL, 0);
		cri_table_want(stage->table, "never", stage->now);
		if (question.subject != CRI_LIST_ONE)
			continue;
		assert_true(stage->now - last <= CRI_WANT_MOST_NS + CRI_WANT_FIRST_NS);
		last = stage->now;
		asked++;
	}
	assert_true(last - begin <= CRI_WANT_GIVE_UP_NS + CRI_WANT_MOST_NS);
	assert_in_range(asked, 15, 30);
	assert_int_equal(stage->claims + stage->withdrawn, 0);
}

/* It is wanted anew once it was forgotten, after nobody wanted it for long. */
static void test_forgets(void **state)
{
	struct stage *stage = *state;

	cri_table_want(stage->table, "a", stage->now);
	for (int i = 0; i < 15; i++) {
		stage->now += CRI_WANT_GIVE_UP_NS;
		list(stage, here, NULL, 0);
	}
	assert_int_equal(cri_table_want(stage->table, "a", stage->now), 1);
}

static void test_many_wanted(void **state)
{
	struct stage *stage = *state;
	const struct cri_sandbox some[] = {make_sandbox("w1"), make_sandbox("w3")};
	struct cri_question question;

	list(stage, here, NULL, 0);
	cri_table_want(stage->table, "w1", stage->now);
	cri_table_want(stage->table, "w2", stage->now);
	cri_table_want(stage->table, "w3", stage->now + NSEC_PER_MSEC);
	stage->now += CRI_WANT_FIRST_NS;
	question = expect(stage, CRI_LIST_ALL, NULL);
	answer(stage, question, here, some, 2);
	assert_int_equal(stage->claims, 2);
	expect_nothing(stage);
	stage->now += CRI_WANT_LEAST_NS;
	expect(stage, CRI_LIST_ONE, "w2");
}

/* With many sandboxes a few filtered questions cost less than all of them. */
static void test_few_wanted_of_many(void **state)
{
	struct cri_sandbox sandboxes[200];
	struct stage *stage = *state;
	char ids[200][8];

	for (int i = 0; i < 200; i++) {
		snprintf(ids[i], sizeof(ids[i]), "p%03d", i);
		sandboxes[i] = make_sandbox(ids[i]);
	}
	list(stage, here, sandboxes, 200);
	cri_table_want(stage->table, "w1", stage->now);
	cri_table_want(stage->table, "w2", stage->now);
	stage->now += CRI_WANT_FIRST_NS;
	answer(stage, expect(stage, CRI_LIST_ONE, "w1"), here, NULL, 0);
	answer(stage, expect(stage, CRI_LIST_ONE, "w2"), here, NULL, 0);
	expect_nothing(stage);
}

static void test_host_network(void **state)
{
	struct stage *stage = *state;
	struct cri_sandbox sandboxes[] = {make_sandbox("a"), make_sandbox("b"), make_sandbox("c"),
					  make_sandbox("d")};
	struct cri_sandbox status = make_sandbox("b");

	sandboxes[2].ready = false;
	cri_table_want(stage->table, "a", stage->now); /* has an address */
	list(stage, here, sandboxes, 4);
	expect_nothing(stage);
	stage->now += CRI_STATUS_AFTER_NS;
	status.host_network = true;
	answer(stage, expect(stage, CRI_STATUS, "b"), here, &status, 1);
	assert_string_equal(stage->claim, "here b b {} h");
	expect_nothing(stage);
	stage->now += CRI_STATUS_EVERY_NS;
	answer(stage, expect(stage, CRI_STATUS, "d"), here, &sandboxes[3], 1);
	assert_int_equal(stage->claims, 5);
	stage->now += CRI_STATUS_EVERY_NS;
	expect_nothing(stage);

	/* The list does not say it, and does not take it back. */
	list(stage, here, sandboxes, 4);
	assert_int_equal(stage->claims, 5);
}

static void test_status_refused(void **state)
{
	struct stage *stage = *state;
	struct cri_sandbox sandbox = make_sandbox("a");
	struct cri_question question;

	list(stage, here, &sandbox, 1);
	stage->now += CRI_STATUS_AFTER_NS;
	for (int i = 0; i < CRI_STATUS_TRIES; i++) {
		question = expect(stage, CRI_STATUS, "a");
		cri_table_refuse(stage->table, &question, stage->now);
		stage->now += CRI_LIST_NS;
		list(stage, here, &sandbox, 1);
	}
	expect_nothing(stage);
	assert_int_equal(stage->claims, 1);
}

/* An answer that has nothing to do with the question is taken for what it says. */
static void test_other_answer(void **state)
{
	struct stage *stage = *state;
	struct cri_sandbox other = make_sandbox("other"), sandbox = make_sandbox("a");

	list(stage, here, &sandbox, 1);
	stage->now += CRI_STATUS_AFTER_NS;
	answer(stage, expect(stage, CRI_STATUS, "a"), here, &other, 1);
	assert_string_equal(stage->claim, "here other other {}");
	assert_int_equal(stage->withdrawn, 0);
	list(stage, here, &sandbox, 1);
	assert_string_equal(stage->gone, "here other");
}

static void test_many_sandboxes(void **state)
{
	struct stage *stage = *state;
	char id[16];

	list(stage, here, NULL, 0);
	for (size_t i = 0; i < CRI_SANDBOXES_MAX; i++) {
		snprintf(id, sizeof(id), "%zu", i);
		assert_int_equal(cri_table_want(stage->table, id, stage->now), 1);
	}
	assert_true(cri_table_want(stage->table, "one more", stage->now) < 0);
	answer(stage, expect(stage, CRI_LIST_ALL, NULL), here, NULL, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_list),         TEST(test_places),
	    TEST(test_place_fails),  TEST(test_wanted),
	    TEST(test_gives_up),     TEST(test_forgets),
	    TEST(test_many_wanted),  TEST(test_few_wanted_of_many),
	    TEST(test_host_network), TEST(test_status_refused),
	    TEST(test_other_answer), TEST(test_many_sandboxes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
