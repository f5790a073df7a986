#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/import_gather.h"
#include "cli/import_books.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define T INT64_C(1769860800000) /* 2026-01-31T12:00:00Z */
#define ALWAYS ((struct interval){INT64_MIN, INT64_MAX})
#define SEEN (SIGN_BEGUN | SIGN_PASSED)

struct place {
	char path[64];
	struct store *store;
	struct gathering *gathering;
};

static void place_open(struct place *place, uint32_t max)
{
	char folder[] = "/tmp/netpol-gather-XXXXXX";
	char *error = NULL;

	assert_non_null(mkdtemp(folder));
	snprintf(place->path, sizeof(place->path), "%s/x.db", folder);
	assert_int_equal(store_open(place->path, NULL, &place->store, &error), 0);
	place->gathering = gathering_new(place->store, max);
	assert_non_null(place->gathering);
}

static void place_remove(struct place *place)
{
	unlink(place->path);
	*strrchr(place->path, '/') = '\0';
	assert_int_equal(rmdir(place->path), 0);
}

/* ---- saying what was seen ---- */

static struct sighting_end end_of(const char *address, uint16_t port, const char *pod, bool here)
{
	struct sighting_end end = {.port = port,
				   .namespace = *pod ? "shop" : "",
				   .name = pod,
				   .owner_kind = "",
				   .owner_name = "",
				   .here = here};

	assert_int_equal(addr_parse(address, &end.address), 0);
	return end;
}

static struct sighting sighting_of(const char *node, int64_t time, struct sighting_end from,
				   struct sighting_end to, unsigned signs)
{
	return (struct sighting){.kind = SIGHTING_CONNECTION,
				 .node = node,
				 .time = T + time,
				 .from = from,
				 .to = to,
				 .protocol = IPPROTO_TCP,
				 .has_port = true,
				 .signs = signs};
}

static void take(struct place *place, struct sighting sighting)
{
	assert_int_equal(gathering_take(place->gathering, &sighting, "f"), 0);
}

/* From 10.0.0.1 to 10.0.0.2:80, neither a pod. */
static struct sighting plain(int64_t time, uint16_t port, unsigned signs)
{
	return sighting_of("n1", time, end_of("10.0.0.1", port, "", false),
			   end_of("10.0.0.2", 80, "", false), signs);
}

/* ---- reading what came of it ---- */

static int put_edge(void *context, const struct edge *edge)
{
	char source[ADDR_TEXT_MAX], destination[ADDR_TEXT_MAX], service[ADDR_TEXT_MAX],
	    translated[ADDR_TEXT_MAX];

	buf_printf(
	    context, "%s %s%s%s > %s:%u%s%s %s %" PRId64 "%s\n", edge->node,
	    addr_format(edge->key.source, source), addr_is_set(edge->key.translated) ? " as " : "",
	    addr_format(edge->key.translated, translated),
	    addr_format(edge->key.destination, destination), edge->key.port,
	    addr_is_set(edge->key.service) ? " by " : "", addr_format(edge->key.service, service),
	    verdict_name((enum verdict)edge->key.verdict), edge->totals.connections,
	    edge->key.direction_uncertain ? " uncertain" : "");
	return 0;
}

static int put_gap(void *context, const char *node, const struct gap *gap)
{
	buf_printf(context, "%s %s %" PRId64 "-%" PRId64 " %" PRId64 "\n", node,
		   loss_source_name(gap->source), gap->from - T, gap->until - T, gap->at_most);
	return 0;
}

static int put_pod(void *context, const struct stored_pod *pod)
{
	char text[ADDR_TEXT_MAX];

	buf_printf(context, "%s %s %s", pod->node, pod->pod.name, pod->pod.source);
	for (size_t i = 0; i < pod->pod.address_count; i++)
		buf_printf(context, " %s %" PRId64 "-%" PRId64 "%s",
			   addr_format(pod->pod.addresses[i].address, text),
			   pod->pod.addresses[i].since - T,
			   pod->pod.addresses[i].until == INTERVAL_OPEN
			       ? -1
			       : pod->pod.addresses[i].until - T,
			   pod->pod.addresses[i].exact ? " exact" : "");
	buf_puts(context, "\n");
	return 0;
}

static int put_object(void *context, const struct stored_object *object)
{
	buf_printf(context, "%s %" PRId64 "-%" PRId64 " %s\n", object->name, object->since - T,
		   object->until == INTERVAL_OPEN ? -1 : object->until - T, object->content);
	return 0;
}

static int put_node(void *context, const char *node, int64_t first, int64_t heartbeat)
{
	buf_printf(context, "%s %" PRId64 "-%" PRId64 "\n", node, first - T, heartbeat - T);
	return 0;
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The reader promises no order of edges. */
static void sort_lines(struct buf *buf)
{
	struct buf sorted = {0};
	char *lines[300];
	size_t count = 0;

	for (char *line = strtok(buf->data, "\n"); line; line = strtok(NULL, "\n"))
		lines[count++] = line;
	qsort(lines, count, sizeof(*lines), compare_lines);
	for (size_t i = 0; i < count; i++)
		buf_printf(&sorted, "%s\n", lines[i]);
	buf_clear(buf);
	*buf = sorted;
}

static void check_text(struct buf *buf, const char *expected)
{
	assert_string_equal(buf->data ? buf->data : "", expected);
	buf_clear(buf);
}

/* Ends the gathering; NULL: not looked at. */
static void finish(struct place *place, const char *edges, const char *gaps, const char *pods,
		   const char *objects, const char *nodes)
{
	struct reader *reader = NULL;
	struct buf buf = {0};
	char *error = NULL;

	assert_int_equal(gathering_finish(place->gathering), 0);
	gathering_free(place->gathering);
	store_close(place->store);
	assert_int_equal(reader_open(place->path, &reader, &error), 0);
	assert_int_equal(reader_pods(reader, put_pod, &buf), 0);
	if (pods)
		check_text(&buf, pods);
	buf_clear(&buf);
	if (edges) {
		assert_int_equal(reader_edges(reader, ALWAYS, put_edge, &buf), 0);
		if (buf.data)
			sort_lines(&buf);
		check_text(&buf, edges);
	}
	if (gaps) {
		assert_int_equal(reader_gaps(reader, ALWAYS, put_gap, &buf), 0);
		check_text(&buf, gaps);
	}
	if (objects) {
		assert_int_equal(reader_objects(reader, put_object, &buf), 0);
		check_text(&buf, objects);
	}
	if (nodes) {
		assert_int_equal(reader_nodes(reader, put_node, &buf), 0);
		check_text(&buf, nodes);
	}
	reader_close(reader);
	place_remove(place);
}

static void finish_edges(struct place *place, const char *edges)
{
	finish(place, edges, "", NULL, NULL, NULL);
}

/* ---- connections ---- */

static void test_a_connection_counts_once_however_often_it_is_seen(void **state)
{
	struct place place;

	(void)state;
	place_open(&place, 100);
	take(&place, plain(0, 1000, SEEN));
	take(&place, plain(0, 1000, SEEN));
	take(&place, plain(5, 1000, SEEN | SIGN_ANSWERED));
	take(&place, plain(9, 1000, SIGN_PASSED | SIGN_CLOSED));
	take(&place, plain(10, 1000, SIGN_PASSED | SIGN_CLOSED));
	/* The port is used again. */
	take(&place, plain(500, 1000, SEEN));
	take(&place, plain(501, 1000, SIGN_ANSWERED));
	take(&place, plain(502, 1001, SEEN | SIGN_ANSWERED));
	finish_edges(&place, "n1 10.0.0.1 > 10.0.0.2:80 answered 3\n");
}

static void test_a_retry_is_the_same_attempt_for_a_while(void **state)
{
	struct place place;

	(void)state;
	place_open(&place, 100);
	take(&place, plain(0, 1000, SIGN_BEGUN | SIGN_DENIED));
	take(&place, plain(1000, 1000, SIGN_BEGUN | SIGN_DENIED));
	take(&place, plain(131000, 1000, SIGN_BEGUN | SIGN_DENIED));
	take(&place, plain(261001, 1000, SIGN_BEGUN | SIGN_DENIED));
	finish_edges(&place, "n1 10.0.0.1 > 10.0.0.2:80 denied 2\n");
}

static void test_verdicts(void **state)
{
	static const struct {
		unsigned signs;
		uint8_t protocol;
		const char *edges;
	} cases[] = {
	    {SEEN | SIGN_ANSWERED | SIGN_DENIED | SIGN_REFUSED, IPPROTO_TCP, "answered 1"},
	    {SEEN | SIGN_REFUSED, IPPROTO_TCP, "refused 1"},
	    {SEEN | SIGN_DENIED, IPPROTO_TCP, "denied 1"},
	    {SEEN, IPPROTO_TCP, "unanswered 1"},
	    {SEEN, IPPROTO_SCTP, "unanswered 1"},
	    {SEEN, IPPROTO_UDP, "one-way 1"},
	    {SIGN_BEGUN, IPPROTO_TCP, "unknown 1"},
	    {SIGN_BEGUN, IPPROTO_UDP, "unknown 1"},
	    {SIGN_PASSED | SIGN_ANSWERED, IPPROTO_TCP, "answered 1 uncertain"},
	    {SIGN_PASSED | SIGN_ANSWERED, IPPROTO_UDP, "answered 1"},
	    {SIGN_CLOSED, IPPROTO_TCP, "unknown 1 uncertain"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sighting sighting = plain(0, 1000, cases[i].signs);
		struct place place;
		char edges[128];

		place_open(&place, 100);
		sighting.protocol = cases[i].protocol;
		take(&place, sighting);
		snprintf(edges, sizeof(edges), "n1 10.0.0.1 > 10.0.0.2:80 %s\n", cases[i].edges);
		finish_edges(&place, edges);
	}
}

static void test_where_the_direction_is_not_told(void **state)
{
	struct sighting turned = sighting_of("n1", 5, end_of("10.0.0.2", 80, "", false),
					     end_of("10.0.0.1", 1000, "", false), SIGN_ANSWERED);
	struct place place;

	(void)state;
	turned.either_way = true;
	/* It is that of the connection that is known, */
	place_open(&place, 100);
	take(&place, plain(0, 1000, SEEN));
	take(&place, turned);
	finish_edges(&place, "n1 10.0.0.1 > 10.0.0.2:80 answered 1\n");
	/* also where that is seen only later; */
	place_open(&place, 100);
	take(&place, turned);
	take(&place, plain(6, 1000, SEEN));
	finish_edges(&place, "n1 10.0.0.1 > 10.0.0.2:80 answered 1\n");
	/* the smaller port is taken for the server's. */
	place_open(&place, 100);
	take(&place, turned);
	finish_edges(&place, "n1 10.0.0.1 > 10.0.0.2:80 answered 1 uncertain\n");
	place_open(&place, 100);
	turned.from.port = 2000;
	take(&place, turned);
	finish_edges(&place, "n1 10.0.0.2 > 10.0.0.1:1000 answered 1 uncertain\n");
}

static void test_a_service_and_who_answered_for_it(void **state)
{
	struct sighting asked = plain(0, 1000, SEEN),
			answers = plain(1, 1000, SEEN | SIGN_ANSWERED);
	struct place place;

	(void)state;
	asked.to = end_of("10.96.0.1", 443, "", false);
	asked.to_service = true;
	place_open(&place, 100);
	take(&place, asked);
	take(&place, answers);
	finish_edges(&place, "n1 10.0.0.1 > 10.0.0.2:80 by 10.96.0.1 answered 1\n");
	/* What the client became is known before the service was translated, too. */
	place_open(&place, 100);
	asked.translated = end_of("192.0.2.9", 0, "", false).address;
	take(&place, asked);
	take(&place, answers);
	finish_edges(&place, "n1 10.0.0.1 as 192.0.2.9 > 10.0.0.2:80 by 10.96.0.1 answered 1\n");
	asked.translated = (struct addr){0};
	/* On another node: that has its own record. */
	place_open(&place, 100);
	answers.node = "n2";
	take(&place, answers);
	take(&place, asked);
	finish_edges(&place, "n1 10.0.0.1 > 10.0.0.2:80 by 10.96.0.1 unanswered 1\n"
			     "n2 10.0.0.1 > 10.0.0.2:80 answered 1\n");
	/* Too far apart in time to be the same, or by another port. */
	place_open(&place, 100);
	answers.time = T + 60000;
	take(&place, asked);
	take(&place, answers);
	answers.time = T;
	answers.from.port = 1001;
	take(&place, answers);
	finish_edges(&place, "n1 10.0.0.1 > 10.96.0.1:443 unanswered 1\n"
			     "n2 10.0.0.1 > 10.0.0.2:80 answered 2\n");
}

static void test_no_more_are_followed_than_there_is_room_for(void **state)
{
	struct place place;

	(void)state;
	place_open(&place, 4);
	for (uint16_t i = 0; i < 10; i++)
		take(&place,
		     plain(i, (uint16_t)(1000 + i), SEEN | (i == 0 ? (unsigned)SIGN_CLOSED : 0u)));
	/* Six were forgotten; one of them had ended. */
	finish(&place, "n1 10.0.0.1 > 10.0.0.2:80 unanswered 10\n", "n1 table 1-5 5\n", "", "",
	       "n1 0-10\n");
}

static void test_one_port_to_very_many_ends(void **state)
{
	struct place place;
	char address[32];

	(void)state;
	place_open(&place, 1000);
	for (unsigned i = 0; i < 200; i++) {
		struct sighting sighting = plain(i, 1000, SEEN);

		snprintf(address, sizeof(address), "10.1.0.%u", i);
		sighting.to = end_of(address, 80, "", false);
		take(&place, sighting);
	}
	finish(&place, NULL, "n1 table 0-135 136\n", NULL, NULL, NULL);
}

static void test_a_client_without_a_port_asks_very_many(void **state)
{
	struct sighting sighting = plain(0, 0, SEEN);
	struct place place;
	char address[32];

	(void)state;
	place_open(&place, 1000);
	for (unsigned i = 0; i < 400; i++) {
		snprintf(address, sizeof(address), "10.1.0.%u", i % 200);
		sighting.to = end_of(address, 80, "", false);
		take(&place, sighting);
	}
	for (unsigned i = 0; i < 400; i++) {
		sighting.to = end_of("10.2.0.1", (uint16_t)(1 + i % 200), "", false);
		take(&place, sighting);
	}
	finish(&place, NULL, "", NULL, NULL, NULL);
}

static void test_very_many_nodes(void **state)
{
	struct sighting told = {.kind = SIGHTING_NOTHING, .time = T};
	struct place place;
	char name[16];

	(void)state;
	place_open(&place, 100);
	told.node = name;
	/* By turns, and each is one node. */
	for (uint32_t i = 0; i < 2 * BOOKS_NODES_MAX; i++) {
		snprintf(name, sizeof(name), "n%u", i % BOOKS_NODES_MAX);
		take(&place, told);
	}
	assert_string_equal(gathering_node(place.gathering, 4321), "n4321");
	assert_null(gathering_node(place.gathering, BOOKS_NODES_MAX));
	told.node = "one-more";
	assert_int_equal(gathering_take(place.gathering, &told, "f"), -E2BIG);
	gathering_free(place.gathering);
	store_close(place.store);
	place_remove(&place);
}

/* ---- pods ---- */

static void test_two_pods_of_one_address_are_told_apart_by_time(void **state)
{
	static const struct {
		int64_t time;
		const char *pod;
	} seen[] = {{100, "a"}, {200, "a"}, {500, "b"}, {300, "a"}, {400, "b"}, {700, "a"}};
	struct place place;

	(void)state;
	place_open(&place, 100);
	for (size_t i = 0; i < COUNT(seen); i++)
		take(&place, sighting_of("n1", seen[i].time,
					 end_of("10.0.0.1", (uint16_t)(i + 1), seen[i].pod, true),
					 end_of("10.0.0.2", 80, "", false), SEEN));
	finish(&place, NULL, "",
	       "n1 a hubble 10.0.0.1 100-301 10.0.0.1 700--1\n"
	       "n1 b hubble 10.0.0.1 400-501\n",
	       "", "n1 100-701\n");
}

static void test_who_had_an_address_last(void **state)
{
	static const struct {
		int64_t time;
		const char *pod;
	} seen[] = {{500, "a"}, {300, "b"}, {100, "c"}, {400, "c"}, {500, "d"}, {200, "b"}};
	struct place place;

	(void)state;
	place_open(&place, 100);
	for (size_t i = 0; i < COUNT(seen); i++)
		take(&place, sighting_of("n1", seen[i].time,
					 end_of("10.0.0.1", (uint16_t)(i + 1), seen[i].pod, true),
					 end_of("10.0.0.2", 80, "", false), SEEN));
	/* Of one moment are the last two. */
	finish(&place, NULL, NULL,
	       "n1 a hubble 10.0.0.1 500--1\n"
	       "n1 b hubble 10.0.0.1 200-301\n"
	       "n1 c hubble 10.0.0.1 100-101 10.0.0.1 400-401\n"
	       "n1 d hubble 10.0.0.1 500--1\n",
	       NULL, NULL);
}

static void test_pods_of_other_nodes_are_objects(void **state)
{
	struct sighting sighting = sighting_of("n1", 0, end_of("10.0.0.1", 1000, "a", true),
					       end_of("10.0.0.2", 80, "b", false), SEEN);
	struct place place;

	(void)state;
	sighting.to.owner_kind = "Deployment";
	sighting.to.owner_name = "bee";
	sighting.to.labelled = true;
	assert_int_equal(labels_set(&sighting.to.labels, "app", "b"), 0);
	place_open(&place, 100);
	take(&place, sighting);
	sighting.time += 1000;
	take(&place, sighting);
	finish(&place, NULL, "", "n1 a hubble 10.0.0.1 0--1\n",
	       "b 0--1 {\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"labels\":{\"app\":"
	       "\"b\"},\"name\":\"b\",\"namespace\":\"shop\",\"ownerReferences\":[{\"controller\":"
	       "true,\"kind\":\"Deployment\",\"name\":\"bee\"}]},\"spec\":{},\"status\":{"
	       "\"podIPs\":[{\"ip\":\"10.0.0.2\"}],\"startTime\":\"2026-01-31T12:00:00Z\"}}\n",
	       NULL);
	/* Once its own node tells of it, that knows better where it is. */
	place_open(&place, 100);
	take(&place, sighting);
	sighting.node = "n2";
	sighting.from.here = false;
	sighting.to.here = true;
	take(&place, sighting);
	finish(&place, NULL, "", "n1 a hubble 10.0.0.1 1000--1\nn2 b hubble 10.0.0.2 1000--1\n",
	       "b 1000--1 {\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"labels\":{"
	       "\"app\":\"b\"},\"name\":\"b\",\"namespace\":\"shop\",\"ownerReferences\":[{"
	       "\"controller\":true,\"kind\":\"Deployment\",\"name\":\"bee\"}]},\"spec\":{"
	       "\"nodeName\":\"n2\"},\"status\":{\"podIPs\":[],\"startTime\":"
	       "\"2026-01-31T12:00:01Z\"}}\n",
	       NULL);
	labels_clear(&sighting.to.labels);
}

static void test_a_pod_on_the_nodes_network_has_no_address(void **state)
{
	struct sighting sighting = sighting_of("n1", 0, end_of("192.0.2.1", 1000, "a", true),
					       end_of("10.0.0.2", 80, "", false), SEEN);
	struct place place;

	(void)state;
	sighting.from.node = true;
	place_open(&place, 100);
	take(&place, sighting);
	finish(&place, "n1 192.0.2.1 > 10.0.0.2:80 unanswered 1\n", "", "n1 a hubble\n", "", NULL);
}

/* ---- losses ---- */

static void test_losses(void **state)
{
	struct sighting lost = {
	    .kind = SIGHTING_LOSS, .node = "n1", .time = T + 50, .lost = 7, .reason = "lost"};
	json_t *names = json_pack("[s]", "c/n2");
	struct sighting gone = {
	    .kind = SIGHTING_NODES, .node = "relay", .time = T + 60, .gone = true, .nodes = names};
	struct place place;

	(void)state;
	place_open(&place, 100);
	take(&place, plain(10, 1000, SEEN));
	take(&place, lost);
	take(&place, gone);
	gone.gone = false;
	gone.time = T + 80;
	take(&place, gone);
	gone.gone = true;
	gone.time = T + 90;
	take(&place, gone);
	take(&place, plain(100, 1000, SEEN));
	lost.time = 0;
	lost.lost = 3;
	take(&place, lost);
	finish(&place, NULL,
	       "n1 conntrack 10-50 7\nn2 daemon 60-80 -1\nn2 daemon 90-100 -1\n"
	       "n1 conntrack 100-100 3\n",
	       NULL, NULL, "n1 10-101\nn2 60-101\n");
	json_decref(names);
}

static void test_very_many_losses(void **state)
{
	struct sighting lost = {
	    .kind = SIGHTING_LOSS, .node = "n1", .lost = INT64_MAX, .reason = "lost"};
	struct place place;

	(void)state;
	place_open(&place, 100);
	take(&place, lost);
	take(&place, lost);
	take(&place, plain(10, 1000, SEEN));
	finish(&place, NULL, "n1 conntrack 10-10 9223372036854775807\n", NULL, NULL, NULL);
}

static void test_a_node_of_which_all_was_lost(void **state)
{
	struct sighting lost = {.kind = SIGHTING_LOSS,
				.recorder = RECORDER_GADGET,
				.node = "n2",
				.lost = 7,
				.reason = "lost"};
	struct place place;

	(void)state;
	place_open(&place, 100);
	take(&place, lost);
	take(&place, plain(300, 1000, SEEN));
	take(&place, plain(100, 1001, SEEN));
	take(&place, lost);
	finish(&place, NULL, "n2 conntrack 100-300 14\n", NULL, NULL, "n1 100-301\nn2 100-301\n");
	/* Nothing tells when. */
	place_open(&place, 100);
	take(&place, lost);
	assert_int_equal(gathering_finish(place.gathering), -ENODATA);
	gathering_free(place.gathering);
	store_close(place.store);
	place_remove(&place);
}

static void test_nothing_at_all(void **state)
{
	struct place place;

	(void)state;
	place_open(&place, 100);
	take(&place, (struct sighting){.kind = SIGHTING_NOTHING, .node = "n1"});
	finish(&place, "", "", "", "", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_connection_counts_once_however_often_it_is_seen),
	    cmocka_unit_test(test_a_retry_is_the_same_attempt_for_a_while),
	    cmocka_unit_test(test_verdicts),
	    cmocka_unit_test(test_where_the_direction_is_not_told),
	    cmocka_unit_test(test_a_service_and_who_answered_for_it),
	    cmocka_unit_test(test_no_more_are_followed_than_there_is_room_for),
	    cmocka_unit_test(test_one_port_to_very_many_ends),
	    cmocka_unit_test(test_a_client_without_a_port_asks_very_many),
	    cmocka_unit_test(test_very_many_nodes),
	    cmocka_unit_test(test_two_pods_of_one_address_are_told_apart_by_time),
	    cmocka_unit_test(test_who_had_an_address_last),
	    cmocka_unit_test(test_pods_of_other_nodes_are_objects),
	    cmocka_unit_test(test_a_pod_on_the_nodes_network_has_no_address),
	    cmocka_unit_test(test_losses),
	    cmocka_unit_test(test_very_many_losses),
	    cmocka_unit_test(test_a_node_of_which_all_was_lost),
	    cmocka_unit_test(test_nothing_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
