#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "identity/interval.h"
#include "identity/merge.h"

#define S INT64_C(1000000000)
#define T0 (INT64_C(1700000000) * S)
#define AT(seconds) (T0 + (int64_t)((seconds)*1e9))

/* What merge says goes into a registry, as in the daemon. */
struct node {
	struct merge *merge;
	struct registry *registry;
	unsigned told, problems;
	char subject[256], problem[1024];
};

static void on_pod(void *context, const struct pod *pod)
{
	struct node *node = context;
	uint32_t number;
	bool changed;

	assert_true(pod->address_count > 0 || (*pod->namespace && *pod->name));
	assert_int_equal(registry_put(node->registry, pod, &number, &changed), 0);
	node->told++;
}

static void on_problem(void *context, const char *subject, const char *text)
{
	struct node *node = context;

	node->problems++;
	snprintf(node->subject, sizeof(node->subject), "%s", subject);
	snprintf(node->problem, sizeof(node->problem), "%s", text);
}

static int begin(void **state)
{
	struct node *node = calloc(1, sizeof(*node));
	const struct merge_events events = {.pod = on_pod, .problem = on_problem, .context = node};

	node->merge = merge_new(&events);
	node->registry = registry_new();
	*state = node;
	return 0;
}

static int end(void **state)
{
	struct node *node = *state;

	assert_null(merge_free(node->merge));
	registry_free(node->registry);
	free(node);
	return 0;
}

static struct claim_address owns(const char *text, int64_t since, bool exact)
{
	struct claim_address address = {.since = since, .exact = exact};

	assert_int_equal(addr_parse(text, &address.address), 0);
	return address;
}

static struct claim claim_of(const char *source, const char *sandbox, const char *name,
			     const struct claim_address *address)
{
	return (struct claim){.source = source,
			      .place = sandbox,
			      .sandbox = sandbox,
			      .namespace = *name ? "shop" : "",
			      .name = name,
			      .uid = "",
			      .addresses = address,
			      .address_count = address ? 1 : 0};
}

/* The cache tells a name and an address; the allocator an address alone. */
static void cache(struct node *node, const char *sandbox, const char *text, int64_t since,
		  int64_t now)
{
	struct claim_address address = owns(text, since, false);
	struct claim claim = claim_of(CLAIM_CNI_RESULT, sandbox, sandbox, &address);

	assert_int_equal(merge_claim(node->merge, &claim, now), 0);
}

static void allocate(struct node *node, const char *sandbox, const char *text, int64_t since,
		     int64_t now)
{
	struct claim_address address = owns(text, since, true);
	struct claim claim = claim_of(CLAIM_HOST_LOCAL, sandbox, "", &address);

	assert_int_equal(merge_claim(node->merge, &claim, now), 0);
}

static void withdraw(struct node *node, const char *source, const char *sandbox, int64_t now)
{
	assert_int_equal(merge_withdraw(node->merge, source, sandbox, sandbox, now), 0);
}

static const struct pod *pod_of(const struct node *node, const char *sandbox)
{
	return registry_get(node->registry, registry_find(node->registry, sandbox));
}

/* Whose the address was: the name, "" nobody's, "?" ambiguous. */
static const char *owner(const struct node *node, const char *text, int64_t when)
{
	struct addr address;
	uint32_t number = 0;

	assert_int_equal(addr_parse(text, &address), 0);
	if (registry_bind(node->registry, address, when, 0, &number) < 0)
		return "?";
	return number ? registry_get(node->registry, number)->name : "";
}

#define assert_owner(node, text, when, name) assert_string_equal(owner(node, text, when), name)

static void test_names_come_later(void **state)
{
	struct node *node = *state;
	struct claim cri = claim_of(CLAIM_CRI, "a", "web", NULL);

	cri.place = "/run/cri.sock";
	allocate(node, "a", "10.0.0.1", AT(1), AT(1.1));
	assert_null(pod_of(node, "a"));
	assert_owner(node, "10.0.0.1", AT(2), "");
	assert_int_equal(merge_figures(node->merge).nameless, 1);
	assert_true(merge_has(node->merge, "a"));
	assert_false(merge_has(node->merge, "b"));
	merge_claim(node->merge, &cri, AT(3));
	assert_int_equal(merge_figures(node->merge).nameless, 0);
	assert_int_equal(merge_figures(node->merge).unlabelled, 1);
	assert_owner(node, "10.0.0.1", AT(1), "web");
	assert_owner(node, "10.0.0.1", AT(0.9), "");
	assert_string_equal(pod_of(node, "a")->source, "cri,host-local");
	assert_int_equal(pod_of(node, "a")->word_count, 2);
}

static void test_what_is_told_again_changes_nothing(void **state)
{
	struct node *node = *state;

	cache(node, "a", "10.0.0.1", AT(1), AT(1));
	assert_int_equal(node->told, 1);
	cache(node, "a", "10.0.0.1", AT(1), AT(2));
	assert_int_equal(node->told, 1);
	withdraw(node, CLAIM_CNI_RESULT, "b", AT(3));
	withdraw(node, CLAIM_CRI, "a", AT(3));
	assert_int_equal(node->told, 1);
	withdraw(node, CLAIM_CNI_RESULT, "a", AT(3));
	assert_int_equal(node->told, 2);
	withdraw(node, CLAIM_CNI_RESULT, "a", AT(4));
	assert_int_equal(node->told, 2);
}

static void test_beginning(void **state)
{
	struct node *node = *state;
	struct claim_address address = owns("10.0.0.3", 0, false);
	struct claim claim = claim_of(CLAIM_CILIUM, "c", "c", &address);

	/* The exact moment, also where it is not the earliest. */
	cache(node, "a", "10.0.0.1", AT(3), AT(3));
	allocate(node, "a", "10.0.0.1", AT(2), AT(4));
	assert_true(pod_of(node, "a")->addresses[0].since == AT(2));
	assert_true(pod_of(node, "a")->addresses[0].exact);
	cache(node, "b", "10.0.0.2", AT(1), AT(3));
	allocate(node, "b", "10.0.0.2", AT(2), AT(4));
	assert_true(pod_of(node, "b")->addresses[0].since == AT(2));
	/* Nobody says: when it was told, until the creation is known. */
	merge_claim(node->merge, &claim, AT(9));
	assert_true(pod_of(node, "c")->addresses[0].since == AT(9));
	assert_false(pod_of(node, "c")->addresses[0].exact);
	claim.created = AT(5);
	merge_claim(node->merge, &claim, AT(10));
	assert_true(pod_of(node, "c")->addresses[0].since == AT(5));
	/* A file written after now: the clock was set. */
	cache(node, "d", "10.0.0.4", AT(50), AT(20));
	assert_true(pod_of(node, "d")->addresses[0].since == AT(20));
}

static void test_a_guess_stops_at_who_had_it_before(void **state)
{
	struct node *node = *state;
	struct claim_address address = owns("10.0.0.1", 0, false);
	struct claim claim = claim_of(CLAIM_CILIUM, "b", "b", &address);

	cache(node, "a", "10.0.0.1", AT(1), AT(1));
	withdraw(node, CLAIM_CNI_RESULT, "a", AT(10));
	claim.created = AT(9);
	merge_claim(node->merge, &claim, AT(11));
	assert_owner(node, "10.0.0.1", AT(9.5), "a");
	assert_owner(node, "10.0.0.1", AT(10), "b");
}

static void test_end(void **state)
{
	struct node *node = *state;

	allocate(node, "a", "10.0.0.1", AT(1), AT(1));
	cache(node, "a", "10.0.0.1", AT(2), AT(2));
	withdraw(node, CLAIM_HOST_LOCAL, "a", AT(5));
	assert_owner(node, "10.0.0.1", AT(4.9), "a");
	assert_owner(node, "10.0.0.1", AT(5), "");
	assert_true(pod_of(node, "a")->ended == INTERVAL_OPEN);
	withdraw(node, CLAIM_CNI_RESULT, "a", AT(6));
	assert_owner(node, "10.0.0.1", AT(5), "");
	assert_true(pod_of(node, "a")->ended == AT(6));
	/* What was said of it stays. */
	assert_string_equal(pod_of(node, "a")->source, "cni-result,host-local");
	assert_true(merge_is_waiting(node->merge));
	assert_int_equal(merge_tick(node->merge, AT(70)), 0);
	assert_int_equal(merge_tick(node->merge, AT(71)), 0);
	assert_false(merge_is_waiting(node->merge));
	assert_int_equal(merge_figures(node->merge).sandboxes, 0);
}

static void test_emptied_directory(void **state)
{
	struct node *node = *state;

	allocate(node, "a", "10.0.0.1", AT(1), AT(1));
	cache(node, "a", "10.0.0.1", AT(2), AT(2));
	withdraw(node, CLAIM_HOST_LOCAL, "a", AT(5));
	merge_tick(node->merge, AT(14.9));
	assert_owner(node, "10.0.0.1", AT(20), "");
	merge_tick(node->merge, AT(15));
	assert_owner(node, "10.0.0.1", AT(5), "a");
	assert_owner(node, "10.0.0.1", AT(20), "a");
	assert_false(merge_is_waiting(node->merge));
	withdraw(node, CLAIM_CNI_RESULT, "a", AT(30));
	assert_owner(node, "10.0.0.1", AT(29), "a");
	assert_owner(node, "10.0.0.1", AT(30), "");
}

/* The allocator freed it and gave it to another, while the first still has its interface. */
static void test_freed_and_taken(void **state)
{
	struct node *node = *state;

	allocate(node, "a", "10.0.0.1", AT(1), AT(1));
	cache(node, "a", "10.0.0.1", AT(2), AT(2));
	withdraw(node, CLAIM_HOST_LOCAL, "a", AT(5));
	assert_owner(node, "10.0.0.1", AT(5.5), "");
	allocate(node, "b", "10.0.0.1", AT(6), AT(6));
	assert_owner(node, "10.0.0.1", AT(5.5), "a");
	assert_owner(node, "10.0.0.1", AT(6), "?");
	cache(node, "b", "10.0.0.1", AT(6.1), AT(6.2));
	withdraw(node, CLAIM_CNI_RESULT, "a", AT(6.3));
	assert_owner(node, "10.0.0.1", AT(5.5), "a");
	assert_owner(node, "10.0.0.1", AT(6), "?");
	assert_owner(node, "10.0.0.1", AT(6.2), "?");
	assert_owner(node, "10.0.0.1", AT(6.3), "b");
	cache(node, "b", "10.0.0.1", AT(6), AT(7));
	merge_tick(node->merge, AT(30));
	assert_owner(node, "10.0.0.1", AT(6.2), "?");
	assert_owner(node, "10.0.0.1", AT(30), "b");
	assert_int_equal(node->problems, 0);
}

/* The cache names the first for good. */
static void test_freed_and_never_forgotten(void **state)
{
	struct node *node = *state;

	allocate(node, "a", "10.0.0.1", AT(1), AT(1));
	cache(node, "a", "10.0.0.1", AT(2), AT(2));
	withdraw(node, CLAIM_HOST_LOCAL, "a", AT(5));
	allocate(node, "b", "10.0.0.1", AT(6), AT(6));
	cache(node, "b", "10.0.0.1", AT(6.1), AT(6.1));
	merge_tick(node->merge, AT(14.9));
	assert_owner(node, "10.0.0.1", AT(14.9), "?");
	assert_int_equal(node->problems, 0);
	merge_tick(node->merge, AT(15));
	assert_owner(node, "10.0.0.1", AT(6), "?");
	assert_owner(node, "10.0.0.1", AT(15), "b");
	merge_tick(node->merge, AT(16));
	assert_int_equal(node->problems, 1);
	withdraw(node, CLAIM_HOST_LOCAL, "b", AT(20));
	withdraw(node, CLAIM_CNI_RESULT, "b", AT(20));
	merge_tick(node->merge, AT(40));
	assert_owner(node, "10.0.0.1", AT(30), "");
}

static void test_allocated_again(void **state)
{
	struct node *node = *state;

	allocate(node, "a", "10.0.0.1", AT(1), AT(1));
	cache(node, "a", "10.0.0.1", AT(2), AT(2));
	withdraw(node, CLAIM_HOST_LOCAL, "a", AT(5));
	allocate(node, "a", "10.0.0.1", AT(7), AT(7));
	assert_owner(node, "10.0.0.1", AT(4), "a");
	assert_owner(node, "10.0.0.1", AT(6), "");
	assert_owner(node, "10.0.0.1", AT(7), "a");
	withdraw(node, CLAIM_HOST_LOCAL, "a", AT(8));
	withdraw(node, CLAIM_CNI_RESULT, "a", AT(8));
	assert_owner(node, "10.0.0.1", AT(9), "");
}

/* It was another's for a moment, and is the first's again. */
static void test_allocated_again_after_another(void **state)
{
	struct node *node = *state;

	allocate(node, "a", "10.0.0.1", AT(1), AT(1));
	cache(node, "a", "10.0.0.1", AT(2), AT(2));
	withdraw(node, CLAIM_HOST_LOCAL, "a", AT(5));
	allocate(node, "b", "10.0.0.1", AT(6), AT(6));
	cache(node, "b", "10.0.0.1", AT(6.1), AT(6.1));
	withdraw(node, CLAIM_HOST_LOCAL, "b", AT(7));
	assert_owner(node, "10.0.0.1", AT(7.5), "?");
	withdraw(node, CLAIM_CNI_RESULT, "b", AT(7.2));
	allocate(node, "a", "10.0.0.1", AT(8), AT(8));
	assert_owner(node, "10.0.0.1", AT(6.5), "?");
	assert_owner(node, "10.0.0.1", AT(7.1), "?");
	assert_owner(node, "10.0.0.1", AT(7.5), "a");
	merge_tick(node->merge, AT(30));
	assert_owner(node, "10.0.0.1", AT(30), "a");
	withdraw(node, CLAIM_HOST_LOCAL, "a", AT(31));
	withdraw(node, CLAIM_CNI_RESULT, "a", AT(32));
	assert_owner(node, "10.0.0.1", AT(31), "");
	assert_int_equal(node->problems, 0);
}

/* Files come and go in another order than what they stand for. */
static void test_order_of_files(void **state)
{
	struct node *node = *state;

	/* The later is known before the earlier is gone. */
	cache(node, "a", "10.0.0.1", AT(1), AT(1));
	cache(node, "b", "10.0.0.1", AT(9), AT(9));
	assert_owner(node, "10.0.0.1", AT(9.5), "?");
	withdraw(node, CLAIM_CNI_RESULT, "a", AT(10));
	assert_owner(node, "10.0.0.1", AT(8.9), "a");
	assert_owner(node, "10.0.0.1", AT(9), "?");
	assert_owner(node, "10.0.0.1", AT(10), "b");
	/* The earlier is gone before the later is known, but later than it began. */
	withdraw(node, CLAIM_CNI_RESULT, "b", AT(20));
	allocate(node, "c", "10.0.0.1", AT(19.5), AT(20.1));
	cache(node, "c", "10.0.0.1", AT(19.8), AT(20.2));
	assert_owner(node, "10.0.0.1", AT(19.4), "b");
	assert_owner(node, "10.0.0.1", AT(19.5), "c");
	assert_int_equal(node->problems, 0);
}

static void test_two_owners(void **state)
{
	struct node *node = *state;

	cache(node, "a", "10.0.0.1", AT(1), AT(1));
	cache(node, "b", "10.0.0.1", AT(100), AT(100));
	merge_tick(node->merge, AT(105));
	assert_int_equal(node->problems, 0);
	merge_tick(node->merge, AT(111));
	merge_tick(node->merge, AT(112));
	assert_int_equal(node->problems, 1);
	assert_string_equal(node->subject, "10.0.0.1");
	assert_non_null(strstr(node->problem, "shop/a"));
	assert_non_null(strstr(node->problem, "shop/b"));
	assert_int_equal(merge_figures(node->merge).contested, 1);
	withdraw(node, CLAIM_CNI_RESULT, "a", AT(200));
	assert_owner(node, "10.0.0.1", AT(99), "a");
	assert_owner(node, "10.0.0.1", AT(150), "?");
	assert_owner(node, "10.0.0.1", AT(200), "b");
	merge_tick(node->merge, AT(201));
	assert_int_equal(merge_figures(node->merge).contested, 0);
	/* A new contest is a new problem. */
	cache(node, "a", "10.0.0.1", AT(210), AT(210));
	merge_tick(node->merge, AT(230));
	assert_int_equal(node->problems, 2);
}

/* What nobody allocated ends a while after another got it, however long it is told. */
static void test_allocated_to_another(void **state)
{
	struct node *node = *state;

	cache(node, "a", "10.0.0.1", AT(1), AT(1));
	allocate(node, "b", "10.0.0.1", AT(100), AT(100));
	assert_owner(node, "10.0.0.1", AT(99), "a");
	cache(node, "b", "10.0.0.1", AT(100.1), AT(100.1));
	assert_owner(node, "10.0.0.1", AT(100), "?");
	merge_tick(node->merge, AT(109));
	assert_int_equal(node->problems, 0);
	assert_owner(node, "10.0.0.1", AT(109), "?");
	merge_tick(node->merge, AT(110));
	assert_owner(node, "10.0.0.1", AT(109), "?");
	assert_owner(node, "10.0.0.1", AT(110), "b");
	merge_tick(node->merge, AT(111));
	assert_int_equal(node->problems, 1);
	assert_string_equal(node->subject, "10.0.0.1");
	assert_string_equal(node->problem, "told of two sandboxes, shop/a (a) and shop/b (b): it "
					   "is the second's, to which it was allocated");
	assert_int_equal(merge_figures(node->merge).contested, 0);
	withdraw(node, CLAIM_HOST_LOCAL, "b", AT(200));
	withdraw(node, CLAIM_CNI_RESULT, "b", AT(200));
	merge_tick(node->merge, AT(300));
	assert_owner(node, "10.0.0.1", AT(300), "");
	/* It is given to the first again. */
	allocate(node, "a", "10.0.0.1", AT(301), AT(301));
	assert_owner(node, "10.0.0.1", AT(300), "");
	assert_owner(node, "10.0.0.1", AT(301), "a");
	assert_int_equal(node->problems, 1);
}

/* It was taken for not freed at all, and then given to another. */
static void test_taken_after_it_went_on(void **state)
{
	struct node *node = *state;

	allocate(node, "a", "10.0.0.1", AT(1), AT(1));
	cache(node, "a", "10.0.0.1", AT(2), AT(2));
	withdraw(node, CLAIM_HOST_LOCAL, "a", AT(5));
	merge_tick(node->merge, AT(16));
	assert_owner(node, "10.0.0.1", AT(16), "a");
	allocate(node, "b", "10.0.0.1", AT(20), AT(20));
	cache(node, "b", "10.0.0.1", AT(20.1), AT(20.1));
	merge_tick(node->merge, AT(31));
	assert_owner(node, "10.0.0.1", AT(12), "a");
	assert_owner(node, "10.0.0.1", AT(20), "?");
	assert_owner(node, "10.0.0.1", AT(31), "b");
	assert_owner(node, "10.0.0.1", AT(3000), "b");
	assert_int_equal(node->problems, 1);
}

static void test_owner_without_a_name(void **state)
{
	struct node *node = *state;

	allocate(node, "a", "10.0.0.1", AT(1), AT(1));
	cache(node, "b", "10.0.0.1", AT(100), AT(100));
	assert_owner(node, "10.0.0.1", AT(99), "");
	assert_owner(node, "10.0.0.1", AT(100), "?");
	merge_tick(node->merge, AT(111));
	assert_int_equal(node->problems, 1);
	assert_string_equal(node->problem, "told of two sandboxes, one without a name (a) and "
					   "shop/b (b): bound to neither");
	assert_int_equal(registry_count(node->registry), 1);
	cache(node, "a", "10.0.0.1", AT(1), AT(120));
	assert_owner(node, "10.0.0.1", AT(99), "a");
	assert_owner(node, "10.0.0.1", AT(100), "?");
	assert_int_equal(registry_count(node->registry), 2);
	withdraw(node, CLAIM_CNI_RESULT, "b", AT(130));
	assert_owner(node, "10.0.0.1", AT(131), "a");
	merge_tick(node->merge, AT(131));
	assert_int_equal(merge_figures(node->merge).contested, 0);
}

/* All of it is seen long after it happened. */
static void test_seen_late(void **state)
{
	struct node *node = *state;

	allocate(node, "a", "10.0.0.1", AT(1), AT(1));
	cache(node, "a", "10.0.0.1", AT(1), AT(1));
	withdraw(node, CLAIM_HOST_LOCAL, "a", AT(20));
	withdraw(node, CLAIM_CNI_RESULT, "a", AT(20));
	assert_owner(node, "10.0.0.1", AT(10), "a");
	allocate(node, "b", "10.0.0.1", AT(3), AT(20));
	cache(node, "b", "10.0.0.1", AT(3.1), AT(20));
	assert_owner(node, "10.0.0.1", AT(2.9), "a");
	assert_owner(node, "10.0.0.1", AT(3), "b");
	assert_owner(node, "10.0.0.1", AT(10), "b");
	/* Without an allocator nobody knows which of the times is late. */
	cache(node, "c", "10.0.0.2", AT(1), AT(1));
	withdraw(node, CLAIM_CNI_RESULT, "c", AT(20));
	cache(node, "d", "10.0.0.2", AT(3), AT(20));
	assert_owner(node, "10.0.0.2", AT(10), "?");
	assert_owner(node, "10.0.0.2", AT(20), "d");
}

static void test_sandboxes_of_one_pod(void **state)
{
	struct node *node = *state;
	struct claim_address address = owns("10.0.0.1", AT(1), false);
	struct claim claim = claim_of(CLAIM_CNI_RESULT, "s1", "web", &address);

	claim.uid = "u";
	merge_claim(node->merge, &claim, AT(1));
	claim.sandbox = claim.place = "s2";
	merge_claim(node->merge, &claim, AT(1));
	merge_tick(node->merge, AT(100));
	assert_int_equal(node->problems, 0);
	assert_int_equal(merge_figures(node->merge).contested, 0);
	assert_owner(node, "10.0.0.1", AT(50), "web");
	claim.sandbox = claim.place = "s3";
	claim.uid = "v";
	merge_claim(node->merge, &claim, AT(100));
	merge_tick(node->merge, AT(101));
	assert_int_equal(node->problems, 1);
	assert_owner(node, "10.0.0.1", AT(50), "?");
}

static void test_conflict(void **state)
{
	struct node *node = *state;
	struct claim_address address = owns("10.0.0.1", AT(1), false);
	struct claim claim = claim_of(CLAIM_CRI, "a", "other", NULL);

	cache(node, "a", "10.0.0.1", AT(1), AT(1));
	merge_claim(node->merge, &claim, AT(2));
	assert_int_equal(node->problems, 1);
	assert_string_equal(pod_of(node, "a")->name, "a");
	assert_string_equal(pod_of(node, "a")->conflict,
			    "name: cni-result (a) says a, cri (a) says other");
	assert_owner(node, "10.0.0.1", AT(3), "?");
	assert_int_equal(merge_figures(node->merge).conflicts, 1);
	claim.uid = "u";
	merge_claim(node->merge, &claim, AT(3));
	assert_int_equal(node->problems, 1);
	claim.name = "third";
	merge_claim(node->merge, &claim, AT(3));
	assert_int_equal(node->problems, 2);
	claim.name = "a";
	merge_claim(node->merge, &claim, AT(3));
	assert_int_equal(node->problems, 2);
	assert_string_equal(pod_of(node, "a")->conflict, "");
	assert_string_equal(pod_of(node, "a")->uid, "u");
	assert_owner(node, "10.0.0.1", AT(3), "a");
	claim = claim_of(CLAIM_CILIUM, "a", "a", &address);
	claim.host_network = true;
	merge_claim(node->merge, &claim, AT(4));
	assert_int_equal(node->problems, 3);
	assert_owner(node, "10.0.0.1", AT(5), "?");
	/* With whom it was at the end it stays. */
	withdraw(node, CLAIM_CNI_RESULT, "a", AT(5));
	withdraw(node, CLAIM_CRI, "a", AT(5));
	withdraw(node, CLAIM_CILIUM, "a", AT(5));
	assert_true(*pod_of(node, "a")->conflict);
}

/* The runtime forgets the sandbox last: who contradicted it is silent by then. */
static void test_conflict_outlives_the_cache(void **state)
{
	struct node *node = *state;
	struct claim claim = claim_of(CLAIM_CRI, "a", "other", NULL);

	cache(node, "a", "10.0.0.1", AT(1), AT(1));
	merge_claim(node->merge, &claim, AT(2));
	withdraw(node, CLAIM_CNI_RESULT, "a", AT(5));
	assert_true(*pod_of(node, "a")->conflict);
	claim.stopped = true;
	merge_claim(node->merge, &claim, AT(5.5));
	assert_true(*pod_of(node, "a")->conflict);
	withdraw(node, CLAIM_CRI, "a", AT(6));
	assert_true(*pod_of(node, "a")->conflict);
	assert_owner(node, "10.0.0.1", AT(3), "?");
	assert_true(pod_of(node, "a")->ended == AT(5));
	assert_int_equal(node->problems, 1);
}

/* Too many words, and those that contradict one another give way. */
static void test_conflict_outlives_its_words(void **state)
{
	struct node *node = *state;
	struct claim claim = claim_of(CLAIM_CNI_RESULT, "a", "other", NULL);
	char place[16];

	claim.place = "0";
	merge_claim(node->merge, &claim, AT(1));
	cache(node, "a", "10.0.0.1", AT(1), AT(1));
	merge_withdraw(node->merge, CLAIM_CNI_RESULT, "0", "a", AT(2));
	claim.name = "a";
	claim.place = place;
	for (unsigned i = 1; i < MERGE_WORDS_MAX; i++) {
		snprintf(place, sizeof(place), "%u", i);
		assert_int_equal(merge_claim(node->merge, &claim, AT(3)), 0);
	}
	assert_int_equal(pod_of(node, "a")->word_count, MERGE_WORDS_MAX);
	assert_true(*pod_of(node, "a")->conflict);
	assert_owner(node, "10.0.0.1", AT(2), "?");
}

static void test_orphan(void **state)
{
	struct node *node = *state;
	struct claim_address address = owns("10.0.0.1", AT(1), false);
	struct claim claim = claim_of(CLAIM_CNI_RESULT, "a", "a", &address);

	cache(node, "a", "10.0.0.1", AT(1), AT(1));
	allocate(node, "a", "10.0.0.1", AT(1), AT(1));
	claim.orphaned = true;
	merge_claim(node->merge, &claim, AT(5));
	assert_owner(node, "10.0.0.1", AT(4), "a");
	assert_owner(node, "10.0.0.1", AT(5), "");
	assert_true(pod_of(node, "a")->ended == AT(5));
	assert_false(merge_has(node->merge, "a"));
	/* A stale file is no pod. */
	claim = claim_of(CLAIM_CNI_RESULT, "b", "b", &address);
	claim.orphaned = true;
	merge_claim(node->merge, &claim, AT(5));
	assert_null(pod_of(node, "b"));
	merge_tick(node->merge, AT(1000));
	/* The namespace was there after all. */
	claim.orphaned = false;
	merge_claim(node->merge, &claim, AT(1001));
	assert_owner(node, "10.0.0.1", AT(1001), "b");
}

/* Who saw that the namespace was gone is silent, and an allocator was not told. */
static void test_orphan_stays_dead(void **state)
{
	struct node *node = *state;
	struct claim claim = claim_of(CLAIM_CNI_RESULT, "a", "a", NULL);

	cache(node, "a", "10.0.0.1", AT(1), AT(1));
	allocate(node, "a", "10.0.0.1", AT(1), AT(1));
	claim.orphaned = true;
	merge_claim(node->merge, &claim, AT(5));
	withdraw(node, CLAIM_CNI_RESULT, "a", AT(7));
	assert_owner(node, "10.0.0.1", AT(8), "");
	assert_true(pod_of(node, "a")->ended == AT(5));
	assert_false(merge_has(node->merge, "a"));
	claim = claim_of(CLAIM_OCI_BUNDLE, "a", "a", NULL);
	merge_claim(node->merge, &claim, AT(9));
	assert_owner(node, "10.0.0.1", AT(9), "");
	claim.has_netns = true;
	merge_claim(node->merge, &claim, AT(10));
	assert_true(merge_has(node->merge, "a"));
	/* So it was there all the time. */
	assert_owner(node, "10.0.0.1", AT(9), "a");
}

static void test_stopped(void **state)
{
	struct node *node = *state;
	struct label label = {(char[]){"app"}, (char[]){"web"}};
	struct claim claim = claim_of(CLAIM_CRI, "a", "web", NULL);

	claim.labelled = true;
	claim.labels = (struct labels){&label, 1};
	claim.stopped = true;
	/* It is no pod, but says who one is. */
	merge_claim(node->merge, &claim, AT(1));
	assert_false(merge_has(node->merge, "a"));
	assert_int_equal(node->told, 0);
	assert_int_equal(merge_figures(node->merge).sandboxes, 0);
	allocate(node, "a", "10.0.0.1", AT(2), AT(2));
	assert_true(merge_has(node->merge, "a"));
	assert_owner(node, "10.0.0.1", AT(2), "web");
	assert_true(pod_of(node, "a")->labelled);
	withdraw(node, CLAIM_HOST_LOCAL, "a", AT(3));
	assert_true(pod_of(node, "a")->ended == AT(3));
	withdraw(node, CLAIM_CRI, "a", AT(50));
	assert_true(pod_of(node, "a")->ended == AT(3));
	/* It stops. */
	claim = claim_of(CLAIM_CRI, "b", "b", NULL);
	merge_claim(node->merge, &claim, AT(60));
	assert_true(pod_of(node, "b")->ended == INTERVAL_OPEN);
	claim.stopped = true;
	merge_claim(node->merge, &claim, AT(61));
	assert_true(pod_of(node, "b")->ended == AT(61));
	assert_non_null(strstr(pod_of(node, "b")->words[0].said, "\"stopped\":true"));
}

static void test_labels(void **state)
{
	struct node *node = *state;
	struct label label = {(char[]){"app"}, (char[]){"web"}};
	struct claim claim = claim_of(CLAIM_CRI, "a", "a", NULL);

	claim.labelled = true;
	claim.labels = (struct labels){&label, 1};
	cache(node, "a", "10.0.0.1", AT(1), AT(1));
	assert_false(pod_of(node, "a")->labelled);
	merge_claim(node->merge, &claim, AT(2));
	assert_string_equal(labels_get(&pod_of(node, "a")->labels, "app"), "web");
	assert_int_equal(merge_figures(node->merge).unlabelled, 0);
	withdraw(node, CLAIM_CRI, "a", AT(3));
	assert_string_equal(labels_get(&pod_of(node, "a")->labels, "app"), "web");
	merge_claim(node->merge, &claim, AT(3));
	/* The runtime forgets the sandbox last. */
	withdraw(node, CLAIM_CNI_RESULT, "a", AT(4));
	assert_true(pod_of(node, "a")->ended == INTERVAL_OPEN);
	withdraw(node, CLAIM_CRI, "a", AT(50));
	assert_true(pod_of(node, "a")->ended == AT(4));
	assert_true(pod_of(node, "a")->labelled);
}

static void test_words(void **state)
{
	struct node *node = *state;
	struct label label = {(char[]){"app"}, (char[]){"we\"b"}};
	struct claim_address addresses[] = {owns("10.0.0.1", AT(1), true),
					    owns("fd00::1", 0, false)};
	struct claim claim = claim_of(CLAIM_AWS_VPC_CNI, "a", "we\xff", addresses);
	json_t *said;

	claim.address_count = 2;
	addresses[1].secondary = true;
	merge_claim(node->merge, &claim, AT(1));
	claim.uid = "u";
	claim.labelled = true;
	claim.labels = (struct labels){&label, 1};
	claim.created = AT(0.5);
	merge_claim(node->merge, &claim, AT(1));
	assert_int_equal(pod_of(node, "a")->word_count, 1);
	assert_string_equal(pod_of(node, "a")->words[0].source, "aws-vpc-cni");
	assert_string_equal(pod_of(node, "a")->words[0].place, "a");
	assert_string_equal(
	    pod_of(node, "a")->words[0].said,
	    "{\"namespace\":\"shop\",\"uid\":\"u\",\"created\":\"2023-11-14T22:13:20.500Z\","
	    "\"addresses\":[{\"address\":\"10.0.0.1\",\"since\":\"2023-11-14T22:13:21Z\","
	    "\"exact\":true},{\"address\":\"fd00::1\",\"secondary\":true}],"
	    "\"labels\":{\"app\":\"we\\\"b\"}}");
	said = json_loads(pod_of(node, "a")->words[0].said, 0, NULL);
	assert_non_null(said);
	json_decref(said);
}

static void test_primary_by_any(void **state)
{
	struct node *node = *state;
	struct claim_address address = owns("10.0.0.1", AT(1), false);
	struct claim claim = claim_of(CLAIM_CNI_RESULT, "a", "a", &address);

	address.secondary = true;
	merge_claim(node->merge, &claim, AT(1));
	assert_true(pod_of(node, "a")->addresses[0].secondary);
	allocate(node, "a", "10.0.0.1", AT(1), AT(1));
	assert_false(pod_of(node, "a")->addresses[0].secondary);
}

static void test_earlier_run(void **state)
{
	struct node *node = *state;
	char name[] = "web", namespace[] = "shop", empty[] = "", sandbox[] = "a", gone[] = "gone";
	struct pod pod = {.namespace = namespace,
			  .name = name,
			  .uid = empty,
			  .sandbox = sandbox,
			  .labelled = true,
			  .created = AT(0)};

	merge_hold(node->merge, true, AT(10));
	merge_remember(node->merge, &pod, AT(10));
	pod.sandbox = gone;
	merge_remember(node->merge, &pod, AT(10));
	assert_false(merge_has(node->merge, "a"));
	allocate(node, "a", "10.0.0.1", AT(1), AT(10));
	assert_int_equal(node->told, 0);
	merge_hold(node->merge, false, AT(10));
	assert_int_equal(node->told, 1);
	assert_true(merge_has(node->merge, "a"));
	assert_false(merge_has(node->merge, "gone"));
	assert_owner(node, "10.0.0.1", AT(2), "web");
	assert_string_equal(pod_of(node, "a")->source, "host-local");
	assert_int_equal(pod_of(node, "a")->word_count, 1);
	assert_true(pod_of(node, "a")->labelled);
	assert_int_equal(merge_figures(node->merge).unlabelled, 0);
	assert_null(pod_of(node, "gone"));
}

static void test_conflict_of_an_earlier_run(void **state)
{
	struct node *node = *state;
	char name[] = "a", namespace[] = "shop", empty[] = "", source[] = "cni-result,cri",
	     conflict[] = "name: cni-result (a) says a, cri (s) says other";
	const struct pod pod = {.namespace = namespace,
				.name = name,
				.uid = empty,
				.sandbox = name,
				.source = source,
				.conflict = conflict};
	struct claim claim = claim_of(CLAIM_CRI, "a", "a", NULL);

	merge_hold(node->merge, true, AT(10));
	merge_remember(node->merge, &pod, AT(10));
	cache(node, "a", "10.0.0.1", AT(1), AT(10));
	merge_hold(node->merge, false, AT(10));
	assert_string_equal(pod_of(node, "a")->conflict, conflict);
	assert_owner(node, "10.0.0.1", AT(3), "?");
	assert_int_equal(node->problems, 1);
	claim.source = CLAIM_OCI_BUNDLE;
	merge_claim(node->merge, &claim, AT(11));
	merge_tick(node->merge, AT(1000));
	assert_owner(node, "10.0.0.1", AT(3), "?");
	claim.source = CLAIM_CRI;
	merge_claim(node->merge, &claim, AT(1001));
	assert_owner(node, "10.0.0.1", AT(3), "a");
	assert_string_equal(pod_of(node, "a")->conflict, "");
}

/* Nobody tells of it for long. */
static void test_conflict_is_remembered_for_long(void **state)
{
	struct node *node = *state;
	char name[] = "a", namespace[] = "shop", empty[] = "", source[] = "cni-result,cri",
	     conflict[] = "name: cni-result (a) says a, cri (s) says other";
	const struct pod pod = {.namespace = namespace,
				.name = name,
				.uid = empty,
				.sandbox = name,
				.source = source,
				.conflict = conflict};

	merge_remember(node->merge, &pod, AT(10));
	assert_false(merge_is_waiting(node->merge));
	merge_tick(node->merge, AT(1000));
	cache(node, "a", "10.0.0.1", AT(1), AT(1000));
	assert_owner(node, "10.0.0.1", AT(3), "?");
}

static void test_many_addresses(void **state)
{
	struct node *node = *state;
	struct claim_address addresses[MERGE_ADDRESSES_MAX + 1] = {0};
	struct claim claim = claim_of(CLAIM_CNI_RESULT, "a", "web", addresses);
	char text[16];

	for (unsigned i = 0; i <= MERGE_ADDRESSES_MAX; i++) {
		snprintf(text, sizeof(text), "10.0.0.%u", i);
		addresses[i] = owns(text, AT(1), false);
	}
	claim.address_count = MERGE_ADDRESSES_MAX;
	merge_claim(node->merge, &claim, AT(1));
	assert_int_equal(node->problems, 0);
	claim.address_count++;
	merge_claim(node->merge, &claim, AT(2));
	assert_int_equal(node->problems, 1);
	assert_string_equal(node->subject, "a");
	claim.uid = "u";
	merge_claim(node->merge, &claim, AT(3));
	assert_int_equal(node->problems, 1);
	assert_int_equal(pod_of(node, "a")->address_count, MERGE_ADDRESSES_MAX);
}

/* Whoever owns nothing takes no place from who does. */
static void test_room(void **state)
{
	struct node *node = *state;
	struct claim claim = claim_of(CLAIM_CNI_RESULT, "new", "new", NULL);
	char text[16];

	for (unsigned i = 0; i < MERGE_SANDBOXES_MAX; i++) {
		snprintf(text, sizeof(text), "s%u", i);
		claim.sandbox = claim.place = text;
		claim.orphaned = i % 2;
		assert_int_equal(merge_claim(node->merge, &claim, AT(1)), 0);
	}
	for (unsigned i = 0; i < MERGE_SANDBOXES_MAX / 2; i++) {
		snprintf(text, sizeof(text), "n%u", i);
		claim.orphaned = false;
		assert_int_equal(merge_claim(node->merge, &claim, AT(2)), 0);
		assert_true(merge_has(node->merge, text));
	}
	assert_int_equal(node->problems, 0);
	claim.sandbox = "one";
	assert_int_equal(merge_claim(node->merge, &claim, AT(3)), -ENOSPC);
	assert_int_equal(merge_claim(node->merge, &claim, AT(3)), -ENOSPC);
	assert_int_equal(node->problems, 1);
	claim.orphaned = true;
	assert_int_equal(merge_claim(node->merge, &claim, AT(3)), 0);
	/* There is room again. */
	withdraw(node, CLAIM_CNI_RESULT, "s0", AT(4));
	merge_tick(node->merge, AT(100));
	claim.orphaned = false;
	assert_int_equal(merge_claim(node->merge, &claim, AT(100)), 0);
	assert_true(merge_has(node->merge, "one"));
}

static void test_bounds(void **state)
{
	struct node *node = *state;
	char text[64];

	for (unsigned i = 0; i < MERGE_SANDBOXES_MAX + 5; i++) {
		snprintf(text, sizeof(text), "s%u", i);
		merge_claim(node->merge,
			    &(struct claim){.source = CLAIM_CRI,
					    .place = "p",
					    .sandbox = text,
					    .namespace = "",
					    .name = "",
					    .uid = ""},
			    AT(1));
	}
	assert_int_equal(node->problems, 1);
	assert_int_equal(merge_figures(node->merge).sandboxes, MERGE_SANDBOXES_MAX);
	for (unsigned i = 0; i < MERGE_WORDS_MAX + 5; i++) {
		struct claim_address addresses[40];
		struct claim claim = claim_of(CLAIM_CNI_RESULT, "s1", "web", addresses);

		for (unsigned j = 0; j < 40; j++) {
			snprintf(text, sizeof(text), "10.0.%u.%u", i, j);
			addresses[j] = owns(text, AT(1), false);
		}
		claim.address_count = 40;
		snprintf(text, sizeof(text), "place-%u", i);
		claim.place = text;
		assert_int_equal(merge_claim(node->merge, &claim, AT(1)),
				 i < MERGE_WORDS_MAX - 1 ? 0 : -ENOSPC);
	}
	assert_int_equal(node->problems, 3);
	assert_int_equal(pod_of(node, "s1")->word_count, MERGE_WORDS_MAX);
	assert_int_equal(pod_of(node, "s1")->address_count, MERGE_ADDRESSES_MAX);
}

static void set_clock(struct node *node, int64_t now, int64_t delta)
{
	registry_shift(node->registry, now, delta);
	merge_shift(node->merge, now, delta);
}

static void test_clock_set_back(void **state)
{
	struct node *node = *state;

	cache(node, "b", "10.0.0.2", AT(3500), AT(3500));
	allocate(node, "a", "10.0.0.1", AT(3600), AT(3600));
	cache(node, "a", "10.0.0.1", AT(3600), AT(3600));
	withdraw(node, CLAIM_CNI_RESULT, "b", AT(3605));
	set_clock(node, AT(10), -3600 * S);
	assert_owner(node, "10.0.0.1", AT(10), "a");
	assert_owner(node, "10.0.0.1", AT(3000), "a");
	assert_true(pod_of(node, "a")->addresses[0].exact);
	assert_owner(node, "10.0.0.2", AT(10), "");
	assert_owner(node, "10.0.0.2", AT(3502), "?");
	assert_true(pod_of(node, "b")->ended == AT(10));
	assert_int_equal(pod_of(node, "b")->address_count, 1);
	/* The files still have the times that they had. */
	allocate(node, "a", "10.0.0.1", AT(3600), AT(20));
	cache(node, "a", "10.0.0.1", AT(3600), AT(20));
	cache(node, "b", "10.0.0.2", AT(3500), AT(20));
	assert_int_equal(merge_tick(node->merge, AT(75)), 0);
	assert_owner(node, "10.0.0.1", AT(10), "a");
	assert_owner(node, "10.0.0.2", AT(15), "b");
	assert_owner(node, "10.0.0.2", AT(9), "");
}

static void test_clock_set_forward_and_back(void **state)
{
	struct node *node = *state;

	allocate(node, "a", "10.0.0.1", AT(1), AT(1));
	cache(node, "a", "10.0.0.1", AT(1), AT(1));
	set_clock(node, AT(3605), 3600 * S);
	assert_owner(node, "10.0.0.1", AT(3605), "a");
	withdraw(node, CLAIM_HOST_LOCAL, "a", AT(3610));
	withdraw(node, CLAIM_CNI_RESULT, "a", AT(3610));
	set_clock(node, AT(15), -3600 * S);
	assert_owner(node, "10.0.0.1", AT(14), "a");
	assert_owner(node, "10.0.0.1", AT(15), "");
	/* Now, or before it was set back? */
	allocate(node, "c", "10.0.0.2", AT(17), AT(20));
	cache(node, "c", "10.0.0.2", AT(17), AT(20));
	assert_owner(node, "10.0.0.2", AT(15), "c");
	assert_false(pod_of(node, "c")->addresses[0].exact);
	allocate(node, "b", "10.0.0.1", AT(26), AT(26));
	cache(node, "b", "10.0.0.1", AT(26), AT(26));
	merge_tick(node->merge, AT(60));
	merge_tick(node->merge, AT(76));
	assert_owner(node, "10.0.0.1", AT(25), "");
	assert_owner(node, "10.0.0.1", AT(26), "b");
	/* It was another's when it was this time before. */
	assert_owner(node, "10.0.0.1", AT(3604), "b");
	assert_owner(node, "10.0.0.1", AT(3608), "?");
	assert_owner(node, "10.0.0.1", AT(3610), "b");
	assert_int_equal(node->problems, 0);
	assert_false(merge_is_waiting(node->merge));
}

/* Waits are as long as they would have been. */
static void test_clock_set_while_waiting(void **state)
{
	struct node *node = *state;

	allocate(node, "a", "10.0.0.1", AT(1), AT(1));
	cache(node, "a", "10.0.0.1", AT(2), AT(2));
	withdraw(node, CLAIM_HOST_LOCAL, "a", AT(5));
	set_clock(node, AT(3605), 3600 * S);
	merge_tick(node->merge, AT(3606));
	assert_owner(node, "10.0.0.1", AT(3606), "");
	set_clock(node, AT(7), -3600 * S);
	merge_tick(node->merge, AT(14));
	assert_owner(node, "10.0.0.1", AT(14), "");
	merge_tick(node->merge, AT(15));
	assert_owner(node, "10.0.0.1", AT(15), "a");
}

/*
 * A node whose pods come and go over few addresses. An address is freed before its interface is
 * gone, so that two may have it at once; what is told comes late, in order. What the registry says
 * must be what was; with a cache alone from when it was written on, and while two have it, or may,
 * that it is nobody's. Whatever else goes wrong, nothing is another's.
 */

enum { TRUE_PODS = 400, TRUE_ADDRESSES = 6, TRUE_STEPS = 3 };
enum { MESSAGES = TRUE_PODS * 6 + TRUE_STEPS };
enum trait {
	EXACT = 1,      /* there is an allocator */
	STALLS = 2,     /* nothing is seen for longer than MERGE_RELEASE_NS */
	NAMELESS = 4,   /* some pods are not in the cache */
	LEAKS = 8,      /* some stay there */
	CONFLICTS = 16, /* the runtime says otherwise of some, and forgets them last */
	STEPS = 32      /* the clock is set */
};

/* Times that never go back, but for what is told: see clock_at(). */
struct truth {
	char sandbox[16], text[16];
	int64_t begun, ended;     /* by who allocates */
	int64_t gone;             /* the interface */
	int64_t freed, forgotten; /* when that was seen, by the allocator and by the cache */
	int64_t doubted;          /* up to when who had it before is told, too */
	bool nameless, conflicting;
};

struct message {
	int64_t happened, when; /* it was seen */
	int pod;                /* or step */
	enum { ALLOCATED, CACHED, FREED, UNCACHED, LISTED, UNLISTED, STEPPED } kind;
};

struct step {
	int64_t when, ahead; /* of the clock, from then on */
};

struct history {
	unsigned traits, seed;
	struct truth pods[TRUE_PODS];
	struct message messages[MESSAGES];
	size_t count;
	struct step steps[TRUE_STEPS];
};

static unsigned random_next(unsigned *seed, unsigned below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % below;
}

static int compare_happened(const void *a, const void *b)
{
	const struct message *x = a, *y = b;

	return (x->happened > y->happened) - (x->happened < y->happened);
}

static int compare_seen(const void *a, const void *b)
{
	const struct message *x = a, *y = b;

	return (x->when > y->when) - (x->when < y->when);
}

static int64_t milliseconds(unsigned count)
{
	return (int64_t)count * (S / 1000);
}

static int64_t clock_at(const struct history *history, int64_t when)
{
	int64_t ahead = 0;

	for (int i = 0; i < TRUE_STEPS && history->traits & STEPS; i++)
		if (history->steps[i].when <= when)
			ahead = history->steps[i].ahead;
	return when + ahead;
}

/* Of every minute the first half. */
static int64_t stall(int64_t when)
{
	int64_t in_minute = (when - T0) % (60 * S);

	return in_minute < 30 * S ? when + 30 * S - in_minute : when;
}

static void send(struct history *history, int pod, int kind, int64_t happened)
{
	history->messages[history->count++] =
	    (struct message){.happened = happened, .pod = pod, .kind = kind};
}

/* The allocator's file is there first and gone first, the cache's last. */
static void send_pod(struct history *history, int i)
{
	const struct truth *pod = &history->pods[i];
	unsigned *seed = &history->seed, traits = history->traits;
	int64_t leak = traits & LEAKS && random_next(seed, 4) == 0
			   ? milliseconds(random_next(seed, 60000))
			   : 0;

	if (traits & EXACT) {
		send(history, i, ALLOCATED, pod->begun);
		send(history, i, FREED, pod->ended);
	}
	if (!pod->nameless) {
		send(history, i, CACHED, pod->begun + milliseconds(20));
		send(history, i, UNCACHED, pod->gone + milliseconds(random_next(seed, 20)) + leak);
	}
	if (pod->conflicting) {
		send(history, i, LISTED, pod->begun + milliseconds(random_next(seed, 100)));
		send(history, i, UNLISTED, pod->ended + leak + milliseconds(1000));
	}
}

/* Each is seen up to 50 ms late. */
static void see(struct history *history)
{
	int64_t last = 0;

	qsort(history->messages, history->count, sizeof(struct message), compare_happened);
	for (size_t i = 0; i < history->count; i++) {
		struct message *message = &history->messages[i];
		int64_t when = message->happened + milliseconds(random_next(&history->seed, 50));

		if (message->kind == STEPPED) {
			message->when = message->happened;
			continue;
		}
		if (history->traits & STALLS)
			when = stall(when);
		message->when = last = when > last ? when : last + 1;
		if (message->kind == FREED)
			history->pods[message->pod].freed = when;
		if (message->kind == UNCACHED)
			history->pods[message->pod].forgotten = last;
	}
	qsort(history->messages, history->count, sizeof(struct message), compare_seen);
}

/* Who is told for longer than MERGE_RELEASE_NS had it no more; as far as that is seen. */
static void find_doubts(struct history *history)
{
	for (int i = 0; i < TRUE_PODS; i++) {
		struct truth *pod = &history->pods[i];

		for (int j = 0; j < i; j++) {
			const struct truth *other = &history->pods[j];
			int64_t until = other->forgotten;

			if (strcmp(other->text, pod->text) != 0)
				continue;
			if (other->freed && !(history->traits & STALLS) &&
			    until > other->freed + 15 * S)
				until = other->freed + 15 * S;
			pod->doubted = until > pod->doubted ? until : pod->doubted;
		}
	}
}

/* None while nothing is seen: of what came meanwhile nobody knows on which side of it it was. */
static void invent_steps(struct history *history)
{
	for (int i = 0; i < TRUE_STEPS && history->traits & STEPS; i++) {
		int64_t size = milliseconds(random_next(&history->seed, 120000));

		history->steps[i] =
		    (struct step){.when = T0 + (215 + 240 * i) * S,
				  .ahead = random_next(&history->seed, 2) ? size : -size};
		send(history, i, STEPPED, history->steps[i].when);
	}
}

static void invent(struct history *history, unsigned traits, unsigned seed)
{
	int64_t free_at[TRUE_ADDRESSES];

	*history = (struct history){.traits = traits, .seed = seed};
	invent_steps(history);
	for (int i = 0; i < TRUE_ADDRESSES; i++)
		free_at[i] = T0;
	for (int i = 0; i < TRUE_PODS; i++) {
		struct truth *pod = &history->pods[i];
		unsigned address = random_next(&history->seed, TRUE_ADDRESSES);

		snprintf(pod->sandbox, sizeof(pod->sandbox), "pod-%d", i);
		snprintf(pod->text, sizeof(pod->text), "10.0.0.%u", address);
		pod->begun = free_at[address] + milliseconds(1 + random_next(&history->seed, 500));
		pod->ended = pod->begun + milliseconds(100 + random_next(&history->seed, 30000));
		pod->gone = pod->ended + milliseconds(1 + random_next(&history->seed, 80));
		free_at[address] = pod->ended;
		pod->nameless = traits & NAMELESS && random_next(&history->seed, 4) == 0;
		pod->conflicting =
		    !pod->nameless && traits & CONFLICTS && random_next(&history->seed, 4) == 0;
		send_pod(history, i);
	}
	see(history);
	find_doubts(history);
}

static void tell(struct node *node, const struct history *history, const struct message *message)
{
	const struct truth *pod = &history->pods[message->pod];
	int64_t now = clock_at(history, message->when);
	struct claim listed = claim_of(CLAIM_CRI, pod->sandbox, "another", NULL);

	switch (message->kind) {
	case ALLOCATED:
		allocate(node, pod->sandbox, pod->text, clock_at(history, pod->begun), now);
		break;
	case CACHED:
		cache(node, pod->sandbox, pod->text,
		      clock_at(history, pod->begun + milliseconds(20)), now);
		break;
	case FREED:
		withdraw(node, CLAIM_HOST_LOCAL, pod->sandbox, now);
		break;
	case UNCACHED:
		withdraw(node, CLAIM_CNI_RESULT, pod->sandbox, now);
		break;
	case LISTED:
		assert_int_equal(merge_claim(node->merge, &listed, now), 0);
		break;
	case UNLISTED:
		withdraw(node, CLAIM_CRI, pod->sandbox, now);
		break;
	default:
		set_clock(node, now,
			  now - message->when - clock_at(history, message->when - 1) +
			      message->when - 1);
	}
}

/* By its clock; what is told only after that was set is not known the first time. */
static bool comes_again(const struct history *history, int64_t when)
{
	for (int i = 0; i < TRUE_STEPS && history->traits & STEPS; i++)
		if (history->steps[i].when > when &&
		    clock_at(history, history->steps[i].when) <= clock_at(history, when))
			return true;
	return false;
}

static bool must_be_known(const struct history *history, const struct truth *pod, int64_t when)
{
	if (pod->nameless || pod->conflicting || when < pod->doubted || when >= pod->ended)
		return false;
	if (history->traits & EXACT)
		return !(history->traits & STEPS);
	return history->traits == 0;
}

static void check_moment(const struct node *node, const struct history *history,
			 const struct truth *pod, int64_t when, unsigned *bound)
{
	const char *found = owner(node, pod->text, clock_at(history, when));
	bool is_unknown = !*found || strcmp(found, "?") == 0;

	if ((comes_again(history, when) && history->traits != (EXACT | STEPS)) ||
	    (!(history->traits & EXACT) && when < pod->begun + milliseconds(20)))
		return;
	if (strcmp(found, pod->sandbox) == 0 && !pod->conflicting && !pod->nameless)
		(*bound)++;
	else if (!is_unknown || must_be_known(history, pod, when))
		fail_msg("%s: %s at %ld, found '%s'", pod->sandbox, pod->text,
			 (long)((when - T0) / (S / 1000)), found);
}

static void check_truth(const struct node *node, struct history *history, unsigned *bound)
{
	for (int i = 0; i < TRUE_PODS; i++) {
		const struct truth *pod = &history->pods[i];
		unsigned span = (unsigned)((pod->ended - pod->begun) / (S / 1000));
		unsigned rest = (unsigned)((pod->gone - pod->ended) / (S / 1000));

		for (int j = 0; j < 20; j++)
			check_moment(node, history, pod,
				     pod->begun + milliseconds(random_next(&history->seed, span)),
				     bound);
		/* Of the interface the cache alone tells; soon after the clock was set back the
		 * next may be as old as that. */
		for (int j = 0; j < 5 && !pod->nameless && !(history->traits & STEPS); j++)
			check_moment(node, history, pod,
				     pod->ended + milliseconds(random_next(&history->seed, rest)),
				     bound);
	}
}

static void check_history(void **state, unsigned traits)
{
	struct node *node = *state;
	static struct history history;

	for (unsigned round = 1; round <= 20; round++) {
		unsigned bound = 0;
		int64_t second = T0;

		invent(&history, traits, round);
		for (size_t i = 0; i < history.count; i++) {
			const struct message *message = &history.messages[i];

			for (; second < message->when; second += S)
				assert_int_equal(
				    merge_tick(node->merge, clock_at(&history, second)), 0);
			tell(node, &history, message);
		}
		check_truth(node, &history, &bound);
		assert_true(bound > TRUE_PODS * (traits & STEPS ? 3 : traits & STALLS ? 5 : 10));
		if (!(traits & ~(unsigned)EXACT))
			assert_int_equal(node->problems, 0);
		end(state);
		begin(state);
		node = *state;
	}
}

static void test_history_with_an_allocator(void **state)
{
	check_history(state, EXACT);
}

static void test_history_of_the_cache_alone(void **state)
{
	check_history(state, 0);
}

static void test_history_with_stalls(void **state)
{
	check_history(state, EXACT | STALLS);
	check_history(state, STALLS);
}

static void test_history_with_nameless_rivals(void **state)
{
	check_history(state, EXACT | NAMELESS | LEAKS);
	check_history(state, EXACT | NAMELESS | LEAKS | STALLS);
}

static void test_history_with_conflicts(void **state)
{
	check_history(state, EXACT | CONFLICTS);
	check_history(state, CONFLICTS | STALLS);
}

static void test_history_with_clock_steps(void **state)
{
	check_history(state, EXACT | STEPS);
	check_history(state, STEPS);
	check_history(state, EXACT | NAMELESS | LEAKS | CONFLICTS | STALLS | STEPS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_names_come_later),
	    TEST(test_what_is_told_again_changes_nothing),
	    TEST(test_beginning),
	    TEST(test_a_guess_stops_at_who_had_it_before),
	    TEST(test_end),
	    TEST(test_emptied_directory),
	    TEST(test_freed_and_taken),
	    TEST(test_freed_and_never_forgotten),
	    TEST(test_allocated_again),
	    TEST(test_allocated_again_after_another),
	    TEST(test_order_of_files),
	    TEST(test_two_owners),
	    TEST(test_allocated_to_another),
	    TEST(test_taken_after_it_went_on),
	    TEST(test_owner_without_a_name),
	    TEST(test_seen_late),
	    TEST(test_sandboxes_of_one_pod),
	    TEST(test_conflict),
	    TEST(test_conflict_outlives_the_cache),
	    TEST(test_conflict_outlives_its_words),
	    TEST(test_orphan_stays_dead),
	    TEST(test_stopped),
	    TEST(test_orphan),
	    TEST(test_labels),
	    TEST(test_words),
	    TEST(test_primary_by_any),
	    TEST(test_earlier_run),
	    TEST(test_conflict_of_an_earlier_run),
	    TEST(test_conflict_is_remembered_for_long),
	    TEST(test_many_addresses),
	    TEST(test_room),
	    TEST(test_bounds),
	    TEST(test_clock_set_back),
	    TEST(test_clock_set_forward_and_back),
	    TEST(test_clock_set_while_waiting),
	    TEST(test_history_with_an_allocator),
	    TEST(test_history_of_the_cache_alone),
	    TEST(test_history_with_stalls),
	    TEST(test_history_with_nameless_rivals),
	    TEST(test_history_with_conflicts),
	    TEST(test_history_with_clock_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
