#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "identity/interval.h"

static struct addr address(const char *text)
{
	struct addr addr = {0};

	assert_int_equal(addr_parse(text, &addr), 0);
	return addr;
}

static uint32_t put_sandbox(struct registry *registry, const char *name, const char *sandbox,
			    const char *text, int64_t since, int64_t until)
{
	char namespace[] = "shop", source[] = "test", uid[64];
	struct pod_address owned = {address(text), since, until, false, false};
	struct pod pod = {.namespace = namespace,
			  .name = (char *)(uintptr_t)name,
			  .uid = uid,
			  .sandbox = (char *)(uintptr_t)sandbox,
			  .source = source,
			  .addresses = &owned,
			  .address_count = 1};
	uint32_t number = 0;
	bool changed;

	snprintf(uid, sizeof(uid), "uid-%s", name);
	assert_int_equal(registry_put(registry, &pod, &number, &changed), 0);
	assert_true(number > 0);
	return number;
}

static uint32_t put(struct registry *registry, const char *name, const char *text, int64_t since,
		    int64_t until)
{
	return put_sandbox(registry, name, name, text, since, until);
}

static int bind(const struct registry *registry, const char *text, int64_t when, int64_t slack)
{
	uint32_t number = UINT32_MAX;
	int r = registry_bind(registry, address(text), when, slack, &number);

	if (r < 0)
		assert_int_equal(number, UINT32_MAX);
	return r < 0 ? r : (int)number;
}

static int bind_span(const struct registry *registry, const char *text, int64_t from, int64_t until,
		     int64_t slack)
{
	uint32_t number = UINT32_MAX;
	int r = registry_bind_span(registry, address(text), from, until, slack, &number);

	if (r < 0)
		assert_int_equal(number, UINT32_MAX);
	return r < 0 ? r : (int)number;
}

static void test_empty(void **state)
{
	struct registry *registry = registry_new();

	(void)state;
	assert_int_equal(bind(registry, "10.0.0.1", 5, 100), 0);
	assert_int_equal(bind_span(registry, "10.0.0.1", 5, 7, 100), 0);
	assert_int_equal(registry_count(registry), 0);
	assert_null(registry_get(registry, 0));
	assert_null(registry_get(registry, 1));
	assert_false(registry_end(registry, 1, 5));
	registry_forget(registry, 5, NULL, NULL);
	assert_null(registry_free(registry));
	assert_null(registry_free(NULL));
}

static void test_address_reuse(void **state)
{
	struct registry *registry = registry_new();
	int a = (int)put(registry, "a", "10.0.0.1", 100, INTERVAL_OPEN);
	int b;

	(void)state;
	assert_int_equal(bind(registry, "10.0.0.1", 99, 0), 0);
	assert_int_equal(bind(registry, "10.0.0.1", 100, 0), a);
	assert_int_equal(bind(registry, "10.0.0.1", INT64_MAX - 1, 0), a);
	assert_true(registry_end(registry, (uint32_t)a, 200));
	assert_false(registry_end(registry, (uint32_t)a, 250));
	b = (int)put(registry, "b", "10.0.0.1", 200, INTERVAL_OPEN);
	assert_int_not_equal(a, b);
	assert_int_equal(bind(registry, "10.0.0.1", 199, 1000), a);
	assert_int_equal(bind(registry, "10.0.0.1", 200, 1000), b);
	assert_int_equal(bind(registry, "10.0.0.2", 200, 0), 0);
	assert_int_equal(registry_count(registry), 2);
	assert_string_equal(registry_get(registry, (uint32_t)a)->name, "a");
	assert_int_equal(registry_get(registry, (uint32_t)a)->addresses[0].until, 200);
	registry_free(registry);
}

static void test_slack(void **state)
{
	struct registry *registry = registry_new();
	int a = (int)put(registry, "a", "10.0.0.1", 100, 200), b;

	(void)state;
	assert_int_equal(bind(registry, "10.0.0.1", 90, 9), 0);
	assert_int_equal(bind(registry, "10.0.0.1", 90, 10), a);
	assert_int_equal(bind(registry, "10.0.0.1", 90, INT64_MAX), a);
	assert_int_equal(bind(registry, "10.0.0.1", 200, INT64_MAX), 0);
	b = (int)put(registry, "b", "10.0.0.1", 205, INTERVAL_OPEN);
	assert_int_equal(bind(registry, "10.0.0.1", 90, 10), a);
	assert_int_equal(bind(registry, "10.0.0.1", 90, 200), a);
	assert_int_equal(bind(registry, "10.0.0.1", 203, 10), b);
	assert_int_equal(bind(registry, "10.0.0.1", 150, 100), a);
	registry_free(registry);
}

static void test_ambiguity(void **state)
{
	struct registry *registry = registry_new();
	int a = (int)put(registry, "a", "10.0.0.1", 100, 200);
	int b = (int)put(registry, "b", "10.0.0.1", 150, 300);

	(void)state;
	assert_int_equal(bind(registry, "10.0.0.1", 149, 0), a);
	assert_int_equal(bind(registry, "10.0.0.1", 150, 0), -ENOTUNIQ);
	assert_int_equal(bind(registry, "10.0.0.1", 199, 0), -ENOTUNIQ);
	assert_int_equal(bind(registry, "10.0.0.1", 200, 0), b);
	registry_free(registry);
}

static void test_sandbox_restart(void **state)
{
	struct registry *registry = registry_new();
	int old = (int)put_sandbox(registry, "a", "one", "10.0.0.1", 100, INTERVAL_OPEN);
	int new = (int)put_sandbox(registry, "a", "two", "10.0.0.1", 150, INTERVAL_OPEN);

	(void)state;
	assert_int_not_equal(old, new);
	assert_int_equal(bind(registry, "10.0.0.1", 140, 0), old);
	assert_int_equal(bind(registry, "10.0.0.1", 160, 0), new);
	assert_true(registry_end(registry, (uint32_t)old, 170));
	assert_int_equal(bind(registry, "10.0.0.1", 165, 0), new);
	assert_int_equal(bind_span(registry, "10.0.0.1", 110, 300, 0), old);
	registry_free(registry);
}

static void test_span(void **state)
{
	struct registry *registry = registry_new();
	int a = (int)put(registry, "a", "10.0.0.1", 100, 200);
	int b = (int)put(registry, "b", "10.0.0.1", 300, INTERVAL_OPEN);

	(void)state;
	assert_int_equal(bind_span(registry, "10.0.0.1", 100, 199, 0), a);
	assert_int_equal(bind_span(registry, "10.0.0.1", 100, 299, 0), a);
	assert_int_equal(bind_span(registry, "10.0.0.1", 100, 300, 0), -ENOTUNIQ);
	assert_int_equal(bind_span(registry, "10.0.0.1", 90, 110, 0), -ENOTUNIQ);
	assert_int_equal(bind_span(registry, "10.0.0.1", 90, 110, 10), a);
	assert_int_equal(bind_span(registry, "10.0.0.1", 90, 95, 10), a);
	assert_int_equal(bind_span(registry, "10.0.0.1", 90, 95, 0), 0);
	assert_int_equal(bind_span(registry, "10.0.0.1", 200, 299, 0), 0);
	assert_int_equal(bind_span(registry, "10.0.0.1", 300, 900, 0), b);
	assert_int_equal(bind_span(registry, "10.0.0.1", 90, 900, 10), -ENOTUNIQ);
	registry_free(registry);
}

static void test_put_again(void **state)
{
	char empty[] = "", name[] = "a", namespace[] = "shop";
	struct pod_address both[] = {{address("10.0.0.1"), 100, INTERVAL_OPEN, false, false},
				     {address("fd00::1"), 100, INTERVAL_OPEN, false, false}};
	struct pod pod = {.namespace = namespace,
			  .name = name,
			  .uid = empty,
			  .sandbox = empty,
			  .source = empty,
			  .addresses = both,
			  .address_count = 2};
	struct registry *registry = registry_new();
	uint32_t first = 0, again = 0;
	bool changed = false;

	(void)state;
	assert_int_equal(registry_put(registry, &pod, &first, &changed), 0);
	assert_true(changed);
	assert_int_equal(registry_put(registry, &pod, &again, &changed), 0);
	assert_false(changed);
	assert_int_equal(first, again);
	both[0].until = 200;
	assert_int_equal(registry_put(registry, &pod, &again, &changed), 0);
	assert_true(changed);
	assert_int_equal(bind(registry, "10.0.0.1", 200, 0), 0);
	/* The ended interval stays though it is not given; the open one that is not given goes. */
	both[0] = (struct pod_address){address("10.0.0.9"), 300, INTERVAL_OPEN, false, false};
	pod.address_count = 1;
	assert_int_equal(registry_put(registry, &pod, &again, &changed), 0);
	assert_true(changed);
	assert_int_equal(bind(registry, "10.0.0.1", 150, 0), first);
	assert_int_equal(bind(registry, "fd00::1", 150, 0), 0);
	assert_int_equal(bind(registry, "10.0.0.9", 300, 0), first);
	assert_int_equal(registry_get(registry, first)->address_count, 2);
	/* It may come to life again. */
	both[0] = (struct pod_address){address("10.0.0.1"), 100, INTERVAL_OPEN, false, false};
	assert_int_equal(registry_put(registry, &pod, &again, &changed), 0);
	assert_int_equal(bind(registry, "10.0.0.1", 500, 0), first);
	assert_int_equal(registry_get(registry, first)->address_count, 1);
	assert_int_equal(registry_count(registry), 1);
	registry_free(registry);
}

static void test_end_before_since(void **state)
{
	struct registry *registry = registry_new();
	uint32_t a = put(registry, "a", "10.0.0.1", 100, INTERVAL_OPEN);

	(void)state;
	assert_true(registry_end(registry, a, 50));
	assert_int_equal(registry_get(registry, a)->addresses[0].until, 100);
	assert_int_equal(bind(registry, "10.0.0.1", 100, 0), 0);
	assert_int_equal(bind(registry, "10.0.0.1", 95, 10), a);
	registry_free(registry);
}

static void test_forget(void **state)
{
	struct registry *registry = registry_new();
	uint32_t a = put(registry, "a", "10.0.0.1", 100, 200);
	uint32_t b = put(registry, "b", "10.0.0.1", 200, INTERVAL_OPEN);
	uint32_t c;

	(void)state;
	registry_forget(registry, 200, NULL, NULL);
	assert_int_equal(registry_count(registry), 2);
	registry_forget(registry, 201, NULL, NULL);
	assert_int_equal(registry_count(registry), 1);
	assert_null(registry_get(registry, a));
	assert_int_equal(bind(registry, "10.0.0.1", 150, 0), 0);
	assert_int_equal(bind(registry, "10.0.0.1", 250, 0), b);
	c = put(registry, "a", "10.0.0.1", 100, 200);
	assert_true(c > b);
	registry_forget(registry, INT64_MAX, NULL, NULL);
	assert_int_equal(registry_count(registry), 1);
	registry_free(registry);
}

static bool is_odd(void *context, uint32_t number)
{
	(void)context;
	return number % 2;
}

static void test_what_is_needed_is_not_forgotten(void **state)
{
	struct registry *registry = registry_new();
	int a = (int)put(registry, "a", "10.0.0.1", 100, 200);
	int b = (int)put(registry, "b", "10.0.0.2", 100, 300);

	(void)state;
	assert_true(registry_forgotten(registry) == INT64_MIN);
	registry_forget(registry, 1000, is_odd, NULL);
	assert_int_equal(bind(registry, "10.0.0.1", 150, 0), a);
	assert_null(registry_get(registry, (uint32_t)b));
	assert_int_equal(registry_forgotten(registry), 300);
	registry_forget(registry, 1000, NULL, NULL);
	assert_int_equal(registry_count(registry), 0);
	assert_int_equal(registry_forgotten(registry), 300);
	registry_free(registry);
}

/* A pod of one address, to be changed and put again. */
struct one_pod {
	char namespace[16], name[16], uid[16], sandbox[16], source[16], conflict[16];
	struct pod_address address;
	struct pod pod;
};

static void one_pod(struct one_pod *one, const char *sandbox, const char *name, const char *text,
		    int64_t since)
{
	*one = (struct one_pod){.namespace = "shop", .uid = "u", .source = "test"};
	snprintf(one->sandbox, sizeof(one->sandbox), "%s", sandbox);
	snprintf(one->name, sizeof(one->name), "%s", name);
	one->address = (struct pod_address){address(text), since, INTERVAL_OPEN, false, false};
	one->pod = (struct pod){.namespace = one->namespace,
				.name = one->name,
				.uid = one->uid,
				.sandbox = one->sandbox,
				.source = one->source,
				.conflict = one->conflict,
				.addresses = &one->address,
				.address_count = 1};
}

static int put_one(struct registry *registry, const struct one_pod *one, bool changed)
{
	uint32_t number = 0;
	bool found;

	assert_int_equal(registry_put(registry, &one->pod, &number, &found), 0);
	assert_int_equal(found, changed);
	return (int)number;
}

static void test_exact_has_no_slack(void **state)
{
	struct registry *registry = registry_new();
	struct one_pod a, b;
	int number;

	(void)state;
	one_pod(&a, "1", "a", "10.0.0.1", 100);
	a.address.exact = true;
	number = put_one(registry, &a, true);
	assert_int_equal(bind(registry, "10.0.0.1", 99, 50), 0);
	assert_int_equal(bind(registry, "10.0.0.1", 100, 50), number);
	/* Who comes after one that was told exactly does not speak before it. */
	one_pod(&b, "2", "b", "10.0.0.1", 120);
	a.address.until = 110;
	put_one(registry, &a, true);
	put_one(registry, &b, true);
	assert_int_equal(bind(registry, "10.0.0.1", 99, 50), 0);
	assert_int_equal(bind(registry, "10.0.0.1", 115, 50), number + 1);
	registry_free(registry);
}

static void test_conflict_is_nobodys(void **state)
{
	struct registry *registry = registry_new();
	struct one_pod a;
	int number;

	(void)state;
	one_pod(&a, "1", "a", "10.0.0.1", 100);
	strcpy(a.conflict, "names");
	number = put_one(registry, &a, true);
	assert_int_equal(bind(registry, "10.0.0.1", 150, 0), -ENOTUNIQ);
	assert_int_equal(bind_span(registry, "10.0.0.1", 150, 160, 0), -ENOTUNIQ);
	assert_int_equal(bind(registry, "10.0.0.1", 95, 10), 0);
	strcpy(a.conflict, "");
	assert_int_equal(put_one(registry, &a, true), number);
	assert_int_equal(bind(registry, "10.0.0.1", 150, 0), number);
	registry_free(registry);
}

static void test_unwatched_has_no_slack(void **state)
{
	struct registry *registry = registry_new();
	int a = (int)put(registry, "a", "10.0.0.1", 100, INTERVAL_OPEN);
	int b = (int)put(registry, "b", "10.0.0.2", 80, INTERVAL_OPEN), c;

	(void)state;
	registry_unwatched(registry, 85, 95, 0);
	assert_int_equal(bind(registry, "10.0.0.1", 94, 10), 0);
	assert_int_equal(bind(registry, "10.0.0.1", 95, 10), a);
	assert_int_equal(bind(registry, "10.0.0.1", 80, 50), 0);
	assert_int_equal(bind(registry, "10.0.0.2", 75, 10), b);
	for (int i = 0; i < 40; i++)
		registry_unwatched(registry, 1000 + 10 * i, 1001 + 10 * i, 0);
	c = (int)put(registry, "c", "10.0.0.3", 1395, INTERVAL_OPEN);
	assert_int_equal(bind(registry, "10.0.0.3", 1390, 10), 0);
	assert_int_equal(bind(registry, "10.0.0.3", 1391, 10), c);
	assert_int_equal(bind(registry, "10.0.0.1", 94, 10), 0);
	assert_int_equal(bind(registry, "10.0.0.2", 75, 10), b);
	registry_free(registry);
}

static void test_one_sandbox_is_one_entry(void **state)
{
	struct registry *registry = registry_new();
	struct label label = {(char[]){"app"}, (char[]){"web"}};
	struct pod_word word = {(char[]){"cri"}, (char[]){"/s"}, (char[]){"{}"}};
	struct one_pod a;
	const struct pod *pod;
	int number;

	(void)state;
	one_pod(&a, "1", "", "10.0.0.1", 100);
	strcpy(a.uid, "");
	number = put_one(registry, &a, true);
	put_one(registry, &a, false);
	strcpy(a.name, "web");
	assert_int_equal(put_one(registry, &a, true), number);
	a.pod.labelled = true;
	assert_int_equal(put_one(registry, &a, true), number);
	a.pod.labels = (struct labels){&label, 1};
	assert_int_equal(put_one(registry, &a, true), number);
	a.pod.words = &word;
	a.pod.word_count = 1;
	assert_int_equal(put_one(registry, &a, true), number);
	word.said = (char[]){"{\"name\":\"web\"}"};
	assert_int_equal(put_one(registry, &a, true), number);
	a.pod.created = 50;
	assert_int_equal(put_one(registry, &a, true), number);
	a.pod.host_network = true;
	assert_int_equal(put_one(registry, &a, true), number);
	a.pod.ended = INTERVAL_OPEN;
	assert_int_equal(put_one(registry, &a, false), number);
	a.pod.ended = 300;
	assert_int_equal(put_one(registry, &a, true), number);
	a.address.secondary = true;
	assert_int_equal(put_one(registry, &a, true), number);
	put_one(registry, &a, false);
	/* What is not said any more is not unknown. */
	a.pod.labelled = false;
	a.pod.labels = (struct labels){0};
	a.pod.created = 0;
	strcpy(a.name, "");
	put_one(registry, &a, false);
	pod = registry_get(registry, (uint32_t)number);
	assert_string_equal(pod->name, "web");
	assert_string_equal(labels_get(&pod->labels, "app"), "web");
	assert_int_equal(pod->created, 50);
	assert_int_equal(registry_find(registry, "1"), number);
	assert_int_equal(registry_find(registry, "2"), 0);
	assert_int_equal(registry_find(registry, ""), 0);
	registry_free(registry);
}

static void test_intervals_that_overlap_are_one(void **state)
{
	struct registry *registry = registry_new();
	struct one_pod a;
	const struct pod *pod;
	uint32_t number;

	(void)state;
	one_pod(&a, "1", "a", "10.0.0.1", 100);
	number = (uint32_t)put_one(registry, &a, true);
	/* Told as of later, it has been so since the earlier. */
	a.address.since = 130;
	put_one(registry, &a, false);
	assert_true(registry_end(registry, number, 150));
	a.address.since = 140;
	put_one(registry, &a, true);
	pod = registry_get(registry, number);
	assert_int_equal(pod->address_count, 1);
	assert_int_equal(pod->addresses[0].since, 100);
	assert_true(pod->addresses[0].until == INTERVAL_OPEN);
	/* Exactly known, it is so. */
	a.address.since = 105;
	a.address.exact = true;
	put_one(registry, &a, true);
	pod = registry_get(registry, number);
	assert_int_equal(pod->address_count, 1);
	assert_int_equal(pod->addresses[0].since, 105);
	/* A later time with the address is another. */
	a.address.until = 160;
	put_one(registry, &a, true);
	a.address = (struct pod_address){a.address.address, 200, INTERVAL_OPEN, false, false};
	put_one(registry, &a, true);
	pod = registry_get(registry, number);
	assert_int_equal(pod->address_count, 2);
	assert_int_equal(pod->addresses[0].since, 105);
	assert_int_equal(pod->addresses[0].until, 160);
	assert_int_equal(pod->addresses[1].since, 200);
	registry_free(registry);
}

static void test_clock_set(void **state)
{
	struct registry *registry = registry_new();
	int a = (int)put(registry, "a", "10.0.0.1", 100, INTERVAL_OPEN), b;

	(void)state;
	put(registry, "b", "10.0.0.2", 200, 300);
	put(registry, "brief", "10.0.0.3", 150, 260);
	b = (int)put(registry, "b", "10.0.0.4", 310, INTERVAL_OPEN);
	registry_forget(registry, 270, NULL, NULL);
	assert_int_equal(registry_forgotten(registry), 260);
	registry_shift(registry, 600, 300);
	assert_int_equal(bind(registry, "10.0.0.2", 250, 0), b);
	assert_int_equal(registry_get(registry, (uint32_t)b)->addresses[1].since, 310);
	assert_int_equal(registry_forgotten(registry), 260);
	registry_shift(registry, 90, -510);
	assert_int_equal(registry_forgotten(registry), 90);
	assert_int_equal(bind(registry, "10.0.0.1", 89, 0), 0);
	assert_int_equal(bind(registry, "10.0.0.1", 90, 0), a);
	assert_int_equal(bind(registry, "10.0.0.4", 90, 0), b);
	assert_true(registry_end(registry, (uint32_t)b, 95));
	assert_int_equal(bind(registry, "10.0.0.4", 95, 0), 0);
	/* Whose it was the first time it is not for sure the second time. */
	assert_int_equal(bind(registry, "10.0.0.2", 199, 0), 0);
	assert_int_equal(bind(registry, "10.0.0.2", 250, 0), -ENOTUNIQ);
	assert_int_equal(bind(registry, "10.0.0.2", 300, 0), 0);
	put(registry, "c", "10.0.0.2", 120, INTERVAL_OPEN);
	put_sandbox(registry, "b", "again", "10.0.0.4", 130, INTERVAL_OPEN);
	assert_int_equal(bind(registry, "10.0.0.2", 199, 0), 4);
	assert_int_equal(bind_span(registry, "10.0.0.2", 150, 250, 0), -ENOTUNIQ);
	assert_int_equal(bind(registry, "10.0.0.2", 300, 0), 4);
	assert_int_equal(bind(registry, "10.0.0.4", 400, 0), 5);
	registry_shift(registry, 600, 0);
	registry_forget(registry, 600, NULL, NULL);
	assert_int_equal(bind(registry, "10.0.0.2", 250, 0), 4);
	registry_free(registry);
}

/* An owner that nobody can name is nobody, but what it has is not another's. */
static void test_nameless_owner(void **state)
{
	struct registry *registry = registry_new();
	int a = (int)put(registry, "a", "10.0.0.1", 100, INTERVAL_OPEN), b;

	(void)state;
	put_sandbox(registry, "", "x", "10.0.0.1", 200, 300);
	put_sandbox(registry, "", "y", "10.0.0.2", 200, 300);
	assert_int_equal(registry_count(registry), 1);
	assert_int_equal(registry_find(registry, "x"), 0);
	assert_null(registry_get(registry, 2));
	assert_int_equal(bind(registry, "10.0.0.1", 199, 0), a);
	assert_int_equal(bind(registry, "10.0.0.1", 200, 0), -ENOTUNIQ);
	assert_int_equal(bind(registry, "10.0.0.1", 300, 0), a);
	assert_int_equal(bind_span(registry, "10.0.0.1", 100, 400, 0), -ENOTUNIQ);
	assert_int_equal(bind(registry, "10.0.0.2", 250, 0), 0);
	assert_int_equal(bind_span(registry, "10.0.0.2", 150, 400, 0), 0);
	/* Who comes after it did not speak before. */
	b = (int)put(registry, "b", "10.0.0.2", 310, INTERVAL_OPEN);
	assert_int_equal(bind(registry, "10.0.0.2", 305, 10), b);
	assert_int_equal(bind(registry, "10.0.0.2", 299, 20), 0);
	assert_int_equal(bind(registry, "10.0.0.2", 190, 1000), 0);
	assert_int_equal(bind_span(registry, "10.0.0.2", 250, 400, 0), -ENOTUNIQ);
	/* It has a name after all. */
	assert_int_equal(put_sandbox(registry, "y", "y", "10.0.0.2", 200, 300), 3);
	assert_int_equal(bind(registry, "10.0.0.2", 250, 0), 3);
	assert_int_equal(registry_count(registry), 3);
	registry_forget(registry, 400, NULL, NULL);
	assert_int_equal(registry_count(registry), 2);
	registry_free(registry);
}

/* Nobody told of an address of it again. */
static void test_end_is_not_put_off(void **state)
{
	struct registry *registry = registry_new();
	struct one_pod a;
	uint32_t number;

	(void)state;
	one_pod(&a, "1", "a", "10.0.0.1", 100);
	number = (uint32_t)put_one(registry, &a, true);
	assert_true(registry_end(registry, number, 500));
	a.pod.address_count = 0;
	a.pod.ended = INTERVAL_OPEN;
	put_one(registry, &a, false);
	assert_int_equal(registry_get(registry, number)->ended, 500);
	a.pod.ended = 600;
	put_one(registry, &a, false);
	assert_int_equal(registry_get(registry, number)->ended, 500);
	a.pod.address_count = 1;
	a.pod.ended = INTERVAL_OPEN;
	put_one(registry, &a, true);
	assert_true(registry_get(registry, number)->ended == INTERVAL_OPEN);
	registry_free(registry);
}

static void test_pod_without_address(void **state)
{
	struct registry *registry = registry_new();
	struct one_pod a;
	uint32_t number;

	(void)state;
	one_pod(&a, "1", "a", "10.0.0.1", 100);
	a.pod.address_count = 0;
	a.pod.host_network = true;
	number = (uint32_t)put_one(registry, &a, true);
	registry_forget(registry, 1000, NULL, NULL);
	assert_non_null(registry_get(registry, number));
	assert_true(registry_end(registry, number, 500));
	assert_false(registry_end(registry, number, 600));
	assert_int_equal(registry_get(registry, number)->ended, 500);
	registry_forget(registry, 500, NULL, NULL);
	assert_non_null(registry_get(registry, number));
	registry_forget(registry, 501, NULL, NULL);
	assert_null(registry_get(registry, number));
	registry_free(registry);
}

enum { PODS = 5000, ADDRESSES = 400, SPAN = 10000, QUESTIONS = 30000 };

struct naive {
	uint32_t number;
	int pod; /* identity: two sandboxes may share it */
	int address;
	int64_t since, until;
};

static unsigned random_next(unsigned *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static struct addr random_address(int index)
{
	char text[ADDR_TEXT_MAX];

	if (index % 2)
		snprintf(text, sizeof(text), "10.0.%d.%d", index / 250, index % 250);
	else
		snprintf(text, sizeof(text), "fd00::%x", index + 1);
	return address(text);
}

static int naive_bind(const struct naive *all, int address_index, int64_t from, int64_t until)
{
	const struct naive *found = NULL;

	for (int i = 0; i < PODS; i++) {
		if (all[i].address != address_index || all[i].since > until || all[i].until <= from)
			continue;
		if (found && found->pod != all[i].pod)
			return -ENOTUNIQ;
		if (!found || all[i].since > found->since ||
		    (all[i].since == found->since && all[i].number > found->number))
			found = &all[i];
	}
	return found ? (int)found->number : 0;
}

static int naive_soon(const struct naive *all, int address_index, int64_t when, int64_t slack)
{
	const struct naive *found = NULL;

	for (int i = 0; i < PODS; i++) {
		if (all[i].address != address_index || all[i].since <= when ||
		    all[i].since > when + slack)
			continue;
		if (!found || all[i].since < found->since ||
		    (all[i].since == found->since && all[i].number < found->number))
			found = &all[i];
	}
	for (int i = 0; found && i < PODS; i++)
		if (all[i].address == address_index && all[i].pod != found->pod &&
		    all[i].since > when && all[i].since <= when + slack &&
		    (all[i].since < found->until || all[i].since == found->since))
			return 0;
	return found ? (int)found->number : 0;
}

static void random_fill(struct registry *registry, struct naive *all, unsigned *seed)
{
	for (int i = 0; i < PODS; i++) {
		struct naive *one = &all[i];
		char name[32], sandbox[32], text[ADDR_TEXT_MAX];

		one->pod = (int)(random_next(seed) % (PODS / 2));
		one->address = (int)(random_next(seed) % ADDRESSES);
		one->since = random_next(seed) % SPAN;
		one->until =
		    random_next(seed) % 10 ? one->since + random_next(seed) % 500 : INTERVAL_OPEN;
		snprintf(name, sizeof(name), "pod-%d", one->pod);
		snprintf(sandbox, sizeof(sandbox), "sandbox-%d", i);
		addr_format(random_address(one->address), text);
		one->number = put_sandbox(registry, name, sandbox, text, one->since, INTERVAL_OPEN);
		if (one->until != INTERVAL_OPEN)
			assert_true(registry_end(registry, one->number, one->until));
	}
}

static void test_random_against_naive(void **state)
{
	struct naive *all = calloc(PODS, sizeof(*all));
	struct registry *registry = registry_new();
	unsigned seed = 7, bound = 0, ambiguous = 0;

	(void)state;
	assert_non_null(all);
	random_fill(registry, all, &seed);
	assert_int_equal(registry_count(registry), PODS);
	for (int i = 0; i < QUESTIONS; i++) {
		int index = (int)(random_next(&seed) % ADDRESSES);
		int64_t when = random_next(&seed) % SPAN, slack = random_next(&seed) % 20;
		char text[ADDR_TEXT_MAX];
		int expected = naive_bind(all, index, when, when);

		if (expected == 0)
			expected = naive_soon(all, index, when, slack);
		addr_format(random_address(index), text);
		assert_int_equal(bind(registry, text, when, slack), expected);
		bound += expected > 0;
		ambiguous += expected < 0;
	}
	assert_true(bound > 1000 && ambiguous > 1000);
	registry_forget(registry, SPAN / 2, NULL, NULL);
	for (int i = 0; i < PODS; i++)
		if (all[i].until < SPAN / 2)
			all[i].address = -1;
	for (int i = 0; i < QUESTIONS; i++) {
		int index = (int)(random_next(&seed) % ADDRESSES);
		int64_t when = random_next(&seed) % SPAN;
		char text[ADDR_TEXT_MAX];

		addr_format(random_address(index), text);
		assert_int_equal(bind(registry, text, when, 0), naive_bind(all, index, when, when));
	}
	registry_free(registry);
	free(all);
}

static void test_shared(void **state)
{
	struct registry *registry = registry_new();

	(void)state;
	assert_non_null(registry);
	put(registry, "old", "10.1.0.2", 100, 200);
	put(registry, "new", "10.1.0.2", 202, INTERVAL_OPEN);
	put(registry, "only", "10.1.0.3", 100, INTERVAL_OPEN);
	assert_true(registry_is_shared(registry, address("10.1.0.2"), 199, 202));
	assert_false(registry_is_shared(registry, address("10.1.0.2"), 200, 300));
	assert_false(registry_is_shared(registry, address("10.1.0.2"), 0, 201));
	assert_false(registry_is_shared(registry, address("10.1.0.3"), 0, 300));
	assert_false(registry_is_shared(registry, address("10.1.0.4"), 0, 300));
	registry_free(registry);
}

/* Who had it before may have lingered, and nobody saw. */
static void test_unwatched_has_lingerers(void **state)
{
	struct registry *registry = registry_new();
	int64_t since = 0;
	int a, b, c;

	(void)state;
	a = (int)put(registry, "a", "10.0.0.1", 10, 100);
	b = (int)put(registry, "b", "10.0.0.1", 120, INTERVAL_OPEN);
	c = (int)put(registry, "c", "10.0.0.2", 120, INTERVAL_OPEN);
	put(registry, "d", "10.0.0.3", 10, 99);
	put(registry, "e", "10.0.0.3", 120, INTERVAL_OPEN);
	registry_unwatched(registry, 100, 150, 20);
	assert_int_equal(bind(registry, "10.0.0.1", 99, 0), a);
	assert_int_equal(bind(registry, "10.0.0.1", 119, 0), 0);
	assert_int_equal(bind(registry, "10.0.0.1", 120, 0), -ENOTUNIQ);
	assert_int_equal(bind(registry, "10.0.0.1", 139, 0), -ENOTUNIQ);
	assert_int_equal(bind_span(registry, "10.0.0.1", 139, 200, 0), -ENOTUNIQ);
	assert_int_equal(bind(registry, "10.0.0.1", 140, 0), b);
	assert_int_equal(bind(registry, "10.0.0.2", 120, 0), c);
	assert_true(bind(registry, "10.0.0.3", 120, 0) > c);
	assert_true(registry_is_unseen(registry, address("10.0.0.1"), 130, &since));
	assert_int_equal(since, 120);
	assert_false(registry_is_unseen(registry, address("10.0.0.1"), 119, &since));
	assert_false(registry_is_unseen(registry, address("10.0.0.1"), 140, &since));
	assert_false(registry_is_unseen(registry, address("10.0.0.9"), 140, &since));
	registry_free(registry);
}

static void test_has_owner(void **state)
{
	struct registry *registry = registry_new();
	int64_t since = 0;

	(void)state;
	assert_false(registry_has_owner(registry, address("10.0.0.1"), 5, &since));
	put(registry, "a", "10.0.0.1", 100, 300);
	put(registry, "b", "10.0.0.1", 150, 200);
	put(registry, "c", "10.0.0.1", 400, INTERVAL_OPEN);
	assert_false(registry_has_owner(registry, address("10.0.0.1"), 99, &since));
	assert_true(registry_has_owner(registry, address("10.0.0.1"), 160, &since));
	assert_int_equal(since, 100);
	assert_true(registry_has_owner(registry, address("10.0.0.1"), 299, &since));
	assert_int_equal(since, 100);
	assert_false(registry_has_owner(registry, address("10.0.0.1"), 300, &since));
	assert_true(registry_has_owner(registry, address("10.0.0.1"), 500, &since));
	assert_int_equal(since, 400);
	registry_free(registry);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_empty),
	    cmocka_unit_test(test_address_reuse),
	    cmocka_unit_test(test_slack),
	    cmocka_unit_test(test_ambiguity),
	    cmocka_unit_test(test_sandbox_restart),
	    cmocka_unit_test(test_span),
	    cmocka_unit_test(test_unwatched_has_lingerers),
	    cmocka_unit_test(test_has_owner),
	    cmocka_unit_test(test_put_again),
	    cmocka_unit_test(test_end_before_since),
	    cmocka_unit_test(test_forget),
	    cmocka_unit_test(test_random_against_naive),
	    cmocka_unit_test(test_what_is_needed_is_not_forgotten),
	    cmocka_unit_test(test_exact_has_no_slack),
	    cmocka_unit_test(test_conflict_is_nobodys),
	    cmocka_unit_test(test_unwatched_has_no_slack),
	    cmocka_unit_test(test_one_sandbox_is_one_entry),
	    cmocka_unit_test(test_intervals_that_overlap_are_one),
	    cmocka_unit_test(test_pod_without_address),
	    cmocka_unit_test(test_clock_set),
	    cmocka_unit_test(test_nameless_owner),
	    cmocka_unit_test(test_end_is_not_put_off),
	    cmocka_unit_test(test_shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
