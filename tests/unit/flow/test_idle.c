/* Connections whose begin nobody knows are bound to whom they are known to have spoken with. */
#include "tests/unit/flow/bench.h"

#define DAYS(n) SECONDS((n)*86400)

static void put_pod(struct bench *bench, const char *name, const char *address, int64_t since,
		    int64_t until, uint32_t *ret_number)
{
	char *text = (char *)(uintptr_t)name, nothing[] = "";
	struct pod_address owned = {ip(address), since, until, true, false};
	const struct pod pod = {.namespace = text,
				.name = text,
				.uid = text,
				.sandbox = text,
				.source = nothing,
				.conflict = nothing,
				.addresses = &owned,
				.address_count = 1};
	bool changed;

	assert_int_equal(registry_put(bench->registry, &pod, ret_number, &changed), 0);
}

static struct conntrack_event shown(uint32_t seconds_left)
{
	struct conntrack_event entry = tcp(CONNTRACK_ENTRY);

	entry.status |= CONNTRACK_SEEN_REPLY | CONNTRACK_ASSURED;
	entry.has_timeout = true;
	entry.timeout = seconds_left;
	return entry;
}

static void test_what_an_entry_says(void **state)
{
	const struct idle_times times = options.idle;
	struct conntrack_event entry = shown(431990);

	(void)state;
	assert_int_equal(idle_since(&times, &entry, T0), T0 - SECONDS(11));
	entry.timeout = 432001; /* the setting was changed */
	assert_int_equal(idle_since(&times, &entry, T0), T0 - SECONDS(432121));
	entry.has_timeout = false;
	assert_int_equal(idle_since(&times, &entry, T0), T0 - SECONDS(432121));
	entry = shown(115);
	entry.tcp_state = TCP_CONNTRACK_FIN_WAIT;
	assert_int_equal(idle_since(&times, &entry, T0), T0 - SECONDS(432121));
	entry.timeout = 0; /* it is about to expire */
	assert_int_equal(idle_since(&times, &entry, T0), T0 - SECONDS(432121));
	entry.timeout = 115;
	entry.tcp_state = TCP_CONNTRACK_SYN_SENT;
	assert_int_equal(idle_since(&times, &entry, T0), T0 - SECONDS(6));
	entry.type = CONNTRACK_DESTROY;
	assert_int_equal(idle_since(&times, &entry, T0), T0 - SECONDS(432121));
	entry = udp(CONNTRACK_ENTRY);
	entry.has_timeout = true;
	entry.timeout = 28;
	assert_int_equal(idle_since(&times, &entry, T0), T0 - SECONDS(3));
	entry.status |= CONNTRACK_SEEN_REPLY;
	assert_int_equal(idle_since(&times, &entry, T0), T0 - SECONDS(3));
	entry.status |= CONNTRACK_NAT_CLASH;
	assert_int_equal(idle_since(&times, &entry, T0), T0 - SECONDS(181));
	entry.timeout = 0;
	assert_int_equal(idle_since(&times, &entry, T0), T0 - SECONDS(181));
	entry.status |= CONNTRACK_ASSURED;
	entry.timeout = 100;
	assert_int_equal(idle_since(&times, &entry, T0), T0 - SECONDS(21));
	entry.status &= ~CONNTRACK_ASSURED;
	assert_int_equal(idle_since(&times, &entry, T0), T0 - SECONDS(181));
	entry.type = CONNTRACK_DESTROY;
	assert_int_equal(idle_since(&times, &entry, T0), T0 - SECONDS(181));
}

/* The dead pod's connection was never closed; its address is the next one's. */
static void test_what_a_dead_pod_left_behind(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event entry = shown(424800), end = tcp(CONNTRACK_DESTROY);
	uint32_t dead, next;

	(void)state;
	put_pod(bench, "dead", "10.0.0.1", T0 - DAYS(9), T0 - SECONDS(7000), &dead);
	put_pod(bench, "next", "10.0.0.1", T0 - SECONDS(60), INTERVAL_OPEN, &next);
	dump(bench, &entry, T0);
	assert_int_equal(take_row(bench)->key.source_pod, 0);
	/* So that no reader takes it for one that began just now, or with the dead. */
	assert_int_equal(bench->rows[0].first_seen, clock_msec(T0 - DAYS(9) - SECONDS(5)) - 1);
	dump(bench, &entry, T0 + SECONDS(30));
	end.status |= CONNTRACK_SEEN_REPLY;
	tell(bench, end, T0 + SECONDS(40));
	assert_int_equal(take_row(bench)->key.source_pod, 0);
	assert_int_equal(bench->rows[0].totals.closed, 1);
	bench_free(bench);
}

/* The kernel tells whole seconds: it may have been called when its pod had gone. */
/* Nobody has spoken since; the address changed hands while the entry went on to its end. */
static void test_what_was_closed_in_its_last_second(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event entry = shown(0), end = tcp(CONNTRACK_DESTROY);
	uint32_t dead, next;

	(void)state;
	entry.tcp_state = TCP_CONNTRACK_LAST_ACK;
	put_pod(bench, "dead", "10.0.0.1", T0 - DAYS(9), T0 - SECONDS(20), &dead);
	put_pod(bench, "next", "10.0.0.1", T0 - SECONDS(15), INTERVAL_OPEN, &next);
	dump(bench, &entry, T0);
	assert_int_equal(take_row(bench)->key.source_pod, 0);
	end.status |= CONNTRACK_SEEN_REPLY;
	tell(bench, end, T0 + SECONDS(1));
	assert_int_equal(take_row(bench)->key.source_pod, 0);
	assert_int_equal(bench->rows[0].totals.closed, 1);
	bench_free(bench);
}

static void test_called_after_the_end(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event entry = shown(119);
	uint32_t web, gone;

	(void)state;
	entry.status = CONNTRACK_CONFIRMED;
	entry.tcp_state = TCP_CONNTRACK_SYN_SENT;
	put_pod(bench, "web", "10.0.0.1", T0 - SECONDS(60), INTERVAL_OPEN, &web);
	put_pod(bench, "gone", "10.0.0.2", T0 - SECONDS(30), T0 - SECONDS(1), &gone);
	dump(bench, &entry, T0);
	track_finish(bench->track, T0 + SECONDS(1), NULL, NULL);
	assert_int_equal(take_row(bench)->key.source_pod, web);
	assert_int_equal(bench->rows[0].key.destination_pod, 0);
	assert_int_equal(bench->rows[0].first_seen, clock_msec(T0 - SECONDS(35)) - 1);
	bench_free(bench);
}

static void test_the_end_alone(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event end = tcp(CONNTRACK_DESTROY);
	uint32_t old, next, dead;

	(void)state;
	end.status |= CONNTRACK_SEEN_REPLY;
	put_pod(bench, "dead", "10.0.0.1", T0 - DAYS(9), T0 - DAYS(3), &dead);
	put_pod(bench, "next", "10.0.0.1", T0 - DAYS(2), INTERVAL_OPEN, &next);
	put_pod(bench, "old", "10.0.0.2", T0 - DAYS(9), INTERVAL_OPEN, &old);
	tell(bench, end, T0);
	assert_int_equal(take_row(bench)->key.source_pod, 0);
	assert_int_equal(bench->rows[0].key.destination_pod, old);
	bench_free(bench);
}

/* Netpold comes after the pods: what they hold open is theirs. */
static void test_open_before_the_start(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event entry = shown(431995), end = tcp(CONNTRACK_DESTROY);
	uint32_t web, api;

	(void)state;
	put_pod(bench, "web", "10.0.0.1", T0 - SECONDS(60), INTERVAL_OPEN, &web);
	put_pod(bench, "api", "10.0.0.2", T0 - SECONDS(90), INTERVAL_OPEN, &api);
	dump(bench, &entry, T0);
	assert_int_equal(take_row(bench)->key.source_pod, web);
	assert_int_equal(bench->rows[0].key.destination_pod, api);
	/* The next one who gets the address gets nothing of it. */
	put_pod(bench, "web", "10.0.0.1", T0 - SECONDS(60), T0 + SECONDS(5), &web);
	put_pod(bench, "next", "10.0.0.1", T0 + SECONDS(6), INTERVAL_OPEN, &api);
	end.status |= CONNTRACK_SEEN_REPLY;
	tell(bench, end, T0 + SECONDS(50));
	assert_int_equal(take_row(bench)->key.source_pod, web);
	assert_int_equal(bench->rows[0].totals.closed, 1);
	assert_int_equal(bench->rows[0].totals.connections, 0);
	bench_free(bench);
}

/* Nobody knows whose until it speaks again. */
static void test_it_speaks_again(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event silent = shown(431000), speaks = shown(431999);
	uint32_t web, api;

	(void)state;
	put_pod(bench, "web", "10.0.0.1", T0 - SECONDS(60), INTERVAL_OPEN, &web);
	put_pod(bench, "api", "10.0.0.2", T0 - SECONDS(2000), INTERVAL_OPEN, &api);
	dump(bench, &silent, T0);
	assert_int_equal(take_row(bench)->key.source_pod, 0);
	assert_int_equal(bench->rows[0].key.destination_pod, api);
	dump(bench, &speaks, T0 + SECONDS(30));
	take(bench);
	for (size_t i = 0; i < bench->row_count; i++)
		assert_int_equal(bench->rows[i].totals.connections,
				 bench->rows[i].key.source_pod == web ? 1 : -1);
	assert_int_equal(bench->row_count, 2);
	assert_int_equal(bench->checkpoint_count, 1);
	assert_int_equal(bench->checkpoints[0].source_pod, web);
	bench_free(bench);
}

/* Counted at nobody, the pod known since, and then a restart: it moves from where it was. */
static void test_a_restart_knows_where_it_was_counted(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event entry = answered(CONNTRACK_ENTRY, T0), end;
	uint32_t web;
	int64_t at_nobody = 0, at_web = 0;

	(void)state;
	dump(bench, &entry, T0 + SECONDS(1));
	take(bench);
	at_nobody += bench->rows[0].totals.connections;
	put_pod(bench, "web", "10.0.0.1", T0 - SECONDS(60), INTERVAL_OPEN, &web);
	restart(bench);
	end = answered(CONNTRACK_DESTROY, T0);
	tell(bench, end, T0 + SECONDS(9));
	take(bench);
	for (size_t i = 0; i < bench->row_count; i++)
		*(bench->rows[i].key.source_pod ? &at_web : &at_nobody) +=
		    bench->rows[i].totals.connections;
	assert_int_equal(at_nobody, 0);
	assert_int_equal(at_web, 1);
	bench_free(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_an_entry_says),
	    cmocka_unit_test(test_what_a_dead_pod_left_behind),
	    cmocka_unit_test(test_what_was_closed_in_its_last_second),
	    cmocka_unit_test(test_called_after_the_end),
	    cmocka_unit_test(test_the_end_alone),
	    cmocka_unit_test(test_open_before_the_start),
	    cmocka_unit_test(test_it_speaks_again),
	    cmocka_unit_test(test_a_restart_knows_where_it_was_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
