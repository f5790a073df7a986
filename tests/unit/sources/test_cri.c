#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sources/cri.h"
#include "sources/cri_message.h"
#include "sources/cri_table.h"
#include "tests/unit/sources/cri_bodies.h"
#include "tests/unit/sources/cri_server.h"

#define WAIT_NS (300 * NSEC_PER_SEC)
#define UNIMPLEMENTED 12
#define NOT_FOUND 5
#define UNAVAILABLE 14

/* Two runtimes, who asks them, and what it told. */
struct stage {
	char root[64];
	char paths[2][96];
	struct cri_server servers[2];
	struct cri *cri;
	int64_t ahead; /* of the clock */
	unsigned claims, withdrawn, problems;
	char claim[512]; /* the last: place's last letter, sandbox, namespace, name, uid, labels */
	char problem[512]; /* the last: place's last letter, text */
};

static char last_letter(const char *text)
{
	return text[strlen(text) - 1];
}

static void on_claim(void *context, const struct claim *claim)
{
	char *labels = claim->labelled ? labels_print(&claim->labels) : strdup("unknown");
	struct stage *stage = context;

	snprintf(stage->claim, sizeof(stage->claim), "%c %s %s/%s %s %s%s",
		 last_letter(claim->place), claim->sandbox, claim->namespace, claim->name,
		 claim->uid, labels, claim->host_network ? " h" : "");
	stage->claims++;
	free(labels);
}

static void on_withdraw(void *context, const char *source, const char *place, const char *sandbox)
{
	struct stage *stage = context;

	(void)source;
	(void)place;
	(void)sandbox;
	stage->withdrawn++;
}

static void on_problem(void *context, const char *place, const char *reason)
{
	struct stage *stage = context;

	snprintf(stage->problem, sizeof(stage->problem), "%c %s", last_letter(place), reason);
	stage->problems++;
}

static int setup(void **state)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	const struct claim_events events = {
	    .claim = on_claim, .withdraw = on_withdraw, .problem = on_problem, .context = stage};
	const char *paths[2];

	if (!stage)
		return -1;
	snprintf(stage->root, sizeof(stage->root), "/tmp/netpol-cri.XXXXXX");
	assert_non_null(mkdtemp(stage->root));
	for (int i = 0; i < 2; i++) {
		snprintf(stage->paths[i], sizeof(stage->paths[i]), "%s/%c", stage->root, 'A' + i);
		paths[i] = stage->paths[i];
	}
	assert_int_equal(cri_open(paths, 2, &events, &stage->cri), 0);
	*state = stage;
	return 0;
}

static int teardown(void **state)
{
	struct stage *stage = *state;

	cri_close(stage->cri);
	for (int i = 0; i < 2; i++) {
		cri_server_free(&stage->servers[i]);
		unlink(stage->paths[i]);
	}
	rmdir(stage->root);
	free(stage);
	return 0;
}

static int64_t now(const struct stage *stage)
{
	return clock_monotonic() + stage->ahead;
}

/* Waits a while for something to do, and does it; fails after the deadline. */
static void step(struct stage *stage, int64_t deadline)
{
	struct pollfd poller = {.fd = cri_fd(stage->cri), .events = POLLIN};

	assert_true(clock_monotonic() < deadline);
	if (poll(&poller, 1, 100) > 0)
		assert_int_equal(cri_read(stage->cri, now(stage)), 0);
}

/* Lets it do what is due until the figure is reached. */
static void run_until(struct stage *stage, const unsigned *figure, unsigned least)
{
	int64_t deadline = clock_monotonic() + WAIT_NS;

	while (*figure < least)
		step(stage, deadline);
	assert_int_equal(*figure, least);
}

/* The same for what the other side counts, which goes on meanwhile. */
static void run_until_server(struct stage *stage, const _Atomic unsigned *figure, unsigned least)
{
	int64_t deadline = clock_monotonic() + WAIT_NS;

	while (*figure < least)
		step(stage, deadline);
}

/* As if so much time had gone by. */
static void jump(struct stage *stage, int64_t time)
{
	stage->ahead += time;
	assert_int_equal(cri_read(stage->cri, now(stage)), 0);
}

static void set_status(struct cri_server *server, const struct sandbox_spec *spec)
{
	struct buf body = {0};

	put_status_body(&body, spec);
	cri_server_set(server, ASKED_STATUS, body.data, body.length, 0);
	buf_clear(&body);
}

static void set_list(struct cri_server *server, enum cri_server_question question,
		     const struct sandbox_spec *specs, size_t count)
{
	struct buf body = {0};

	put_list_body(&body, specs, count);
	cri_server_set(server, question, body.data, body.length, 0);
	buf_clear(&body);
}

static const struct sandbox_spec web = {
    .id = "1234",
    .namespace = "shop",
    .name = "web-0",
    .uid = "u-1",
    .labels = {"app", "web"},
    .created = 1700000000000000000,
};

static const char web_claim[] = "1234 shop/web-0 u-1 {\"app\":\"web\"}";

static struct cri_server *start(struct stage *stage, int which, const struct sandbox_spec *specs,
				size_t count)
{
	struct cri_server *server = &stage->servers[which];

	cri_server_start(server, stage->paths[which]);
	set_list(server, ASKED_ALL, specs, count);
	set_list(server, ASKED_ONE, NULL, 0);
	set_status(server, &web);
	return server;
}

static unsigned asked(const struct cri_server *server)
{
	return server->order->asked[ASKED_ALL] + server->order->asked[ASKED_ONE] +
	       server->order->asked[ASKED_STATUS];
}

static void test_labels(void **state)
{
	struct stage *stage = *state;

	start(stage, 0, &web, 1);
	assert_null(cri_socket(stage->cri));
	run_until(stage, &stage->claims, 1);
	assert_string_equal(stage->claim + 2, web_claim);
	assert_string_equal(cri_socket(stage->cri), stage->paths[0]);
	assert_int_equal(stage->problems, 0);
}

static void test_gone(void **state)
{
	struct stage *stage = *state;
	struct cri_server *server = start(stage, 0, &web, 1);

	run_until(stage, &stage->claims, 1);
	set_list(server, ASKED_ALL, NULL, 0);
	jump(stage, CRI_LIST_NS);
	run_until(stage, &stage->withdrawn, 1);
}

static void test_clock_set_back(void **state)
{
	struct stage *stage = *state;
	struct cri_server *server = start(stage, 0, &web, 1);

	run_until(stage, &stage->claims, 1);
	jump(stage, -1000 * CRI_LIST_NS);
	set_list(server, ASKED_ALL, NULL, 0);
	jump(stage, CRI_LIST_NS);
	run_until(stage, &stage->withdrawn, 1);
}

/* One question, filtered by the id, and again as long as it is not there. */
static void test_wanted(void **state)
{
	struct stage *stage = *state;
	struct cri_server *server = start(stage, 0, &web, 1);
	struct sandbox_spec other = {.id = "5678", .namespace = "n", .name = "o", .uid = "u"};
	struct buf request = {0};

	run_until(stage, &stage->claims, 1);
	for (int i = 0; i < 100; i++)
		cri_want(stage->cri, "5678", now(stage));
	run_until_server(stage, &server->order->asked[ASKED_ONE], 2);
	set_list(server, ASKED_ONE, &other, 1);
	run_until(stage, &stage->claims, 2);
	assert_string_equal(stage->claim + 2, "5678 n/o u {}");
	assert_in_range(server->order->asked[ASKED_ONE], 2, 4);
	cri_put_list(&request, "5678");
	assert_int_equal(server->order->request_length, request.length);
	assert_memory_equal(server->order->request, request.data, request.length);
	buf_clear(&request);
}

static void test_host_network(void **state)
{
	struct stage *stage = *state;
	struct cri_server *server = start(stage, 0, &web, 1);
	struct sandbox_spec spec = web;

	spec.host_network = true;
	set_status(server, &spec);
	run_until(stage, &stage->claims, 1);
	jump(stage, CRI_STATUS_AFTER_NS);
	run_until(stage, &stage->claims, 2);
	assert_string_equal(stage->claim, "A 1234 shop/web-0 u-1 {\"app\":\"web\"} h");
	assert_int_equal(server->order->asked[ASKED_STATUS], 1);
}

/* That one sandbox is gone is no word on the runtime. */
static void test_status_refused(void **state)
{
	struct stage *stage = *state;
	struct cri_server *server = start(stage, 0, &web, 1);

	run_until(stage, &stage->claims, 1);
	server->order->manner = SERVE_TRAILERS_ONLY;
	server->order->status = NOT_FOUND;
	jump(stage, CRI_STATUS_AFTER_NS);
	run_until_server(stage, &server->order->ended, 2);
	assert_int_equal(server->order->asked[ASKED_STATUS], 1);
	server->order->manner = SERVE_WELL;
	server->order->status = 0;
	set_list(server, ASKED_ALL, NULL, 0);
	jump(stage, CRI_LIST_NS);
	run_until(stage, &stage->withdrawn, 1);
	assert_int_equal(stage->problems, 0);
}

/* A status that never comes does not keep the lists away, and is not asked for without an end. */
static void test_status_hangs(void **state)
{
	struct stage *stage = *state;
	struct cri_server *server = start(stage, 0, &web, 1);
	struct sandbox_spec spec = web;

	run_until(stage, &stage->claims, 1);
	for (unsigned i = 0; i < CRI_STATUS_TRIES; i++) {
		server->order->manner = RAW_NOTHING;
		/* Before the next list is due. */
		jump(stage, i == 0 ? CRI_STATUS_AFTER_NS : CRI_LIST_NS - CRI_RETRY_FIRST_NS);
		jump(stage, CRI_ANSWER_NS);
		assert_int_equal(stage->problems, 1 + i);
		server->order->manner = SERVE_WELL;
		spec.created++;
		set_list(server, ASKED_ALL, &spec, 1);
		jump(stage, CRI_RETRY_FIRST_NS);
		run_until(stage, &stage->claims, 2 + i);
	}
	assert_string_equal(stage->problem, "A PodSandboxStatus: no answer within 10 s");
	jump(stage, CRI_LIST_NS / 2);
	assert_int_equal(server->order->asked[ASKED_STATUS], 0);
}

static const struct sandbox_spec cart = {
    .id = "5678", .namespace = "shop", .name = "cart-0", .uid = "u-2", .created = 1};

/* Nobody is at the first; when somebody is, both are asked. */
static void test_order(void **state)
{
	const struct sandbox_spec both[] = {web, cart};
	struct stage *stage = *state;

	start(stage, 1, &web, 1);
	run_until(stage, &stage->claims, 1);
	assert_int_equal(stage->claim[0], 'B');
	assert_int_equal(stage->problems, 0);

	start(stage, 0, both, 2);
	jump(stage, CRI_RETRY_ABSENT_NS);
	run_until(stage, &stage->claims, 2);
	assert_string_equal(stage->claim, "A 5678 shop/cart-0 u-2 {}");
	assert_string_equal(cri_socket(stage->cri), stage->paths[1]);
	assert_int_equal(stage->withdrawn, 0);
}

/* Docker's containerd, which answers that it has no sandboxes, beside the runtime of k3s. */
static void test_first_is_empty(void **state)
{
	struct stage *stage = *state;
	struct cri_server *first = start(stage, 0, NULL, 0), *second = start(stage, 1, &web, 1);
	unsigned before;

	cri_want(stage->cri, web.id, now(stage));
	run_until(stage, &stage->claims, 1);
	assert_int_equal(stage->claim[0], 'B');
	assert_string_equal(cri_socket(stage->cri), stage->paths[1]);

	/* Who knew one is asked first, and then nobody else is. No question is cut short by the jump. */
	run_until_server(stage, &second->order->ended, 1);
	jump(stage, CRI_WANT_GIVE_UP_NS / 2);
	before = asked(first);
	set_list(second, ASKED_ONE, &cart, 1);
	cri_want(stage->cri, cart.id, now(stage));
	run_until(stage, &stage->claims, 2);
	assert_int_equal(asked(first), before);
	assert_int_equal(stage->problems, 0);
}

/* The sandboxes of one, then of the other, whoever was asked first for the one before. */
static void test_wanted_elsewhere(void **state)
{
	struct stage *stage = *state;
	struct cri_server *first = start(stage, 0, &web, 1);

	start(stage, 1, NULL, 0);
	run_until(stage, &stage->claims, 1);
	run_until_server(stage, &stage->servers[1].order->asked[ASKED_ALL], 1);
	set_list(&stage->servers[1], ASKED_ONE, &cart, 1);
	cri_want(stage->cri, cart.id, now(stage));
	run_until(stage, &stage->claims, 2);
	assert_string_equal(stage->claim, "B 5678 shop/cart-0 u-2 {}");
	assert_int_equal(first->order->asked[ASKED_ONE], 1);
	assert_int_equal(stage->withdrawn, 0);
}

/* A link to the socket of another. */
static void test_same_socket(void **state)
{
	struct stage *stage = *state;
	struct cri_server *server = start(stage, 0, &web, 1);

	assert_int_equal(symlink(stage->paths[0], stage->paths[1]), 0);
	cri_want(stage->cri, web.id, now(stage)); /* nobody asks for its status */
	run_until(stage, &stage->claims, 1);
	for (int i = 0; i < 5; i++)
		jump(stage, CRI_RETRY_ABSENT_NS);
	assert_int_equal(server->order->asked[ASKED_ALL], 1);
	assert_int_equal(stage->claims, 1);
	assert_int_equal(stage->problems, 0);
}

/* As Docker's containerd, which has a socket, and no CRI behind it. */
static void test_without_cri(void **state)
{
	struct stage *stage = *state;
	struct cri_server *server = start(stage, 0, NULL, 0), *second = start(stage, 1, &web, 1);
	struct sandbox_spec spec = web;

	server->order->manner = SERVE_TRAILERS_ONLY;
	server->order->status = UNIMPLEMENTED;
	cri_want(stage->cri, web.id, now(stage));
	run_until(stage, &stage->claims, 1);
	assert_int_equal(stage->claim[0], 'B');
	assert_string_equal(stage->problem, "A ListPodSandbox: refused with gRPC status 12 "
					    "(Unimplemented): unknown service ? runtime");
	for (unsigned i = 1; i <= 5; i++) {
		spec.created++;
		set_list(second, ASKED_ALL, &spec, 1);
		jump(stage, CRI_LIST_NS);
		run_until(stage, &stage->claims, 1 + i);
	}
	assert_int_equal(stage->problems, 1);
	assert_in_range(asked(server), 3, 6);
	assert_string_equal(cri_socket(stage->cri), stage->paths[1]);
}

static const uint8_t settings_flood[] = {0, 0, 0, 4, 0, 0, 0, 0, 0};
static const uint8_t ping_flood[] = {0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8};
/* SETTINGS, then a HEADERS frame that never ends. */
static const uint8_t continuation[] = {0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0x88};
/* Empty DATA for a stream that has no headers yet. */
static const uint8_t early_data[] = {0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
static const char banner[] = "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n";
static const uint8_t compressed[] = {1, 0, 0, 0, 0};
static const uint8_t lying[] = {0, 0xff, 0xff, 0xff, 0xff, 1};
static const uint8_t other_protobuf[] = {0, 0, 0, 0, 7, 0x0a, 5, '0', '.', '1', '.', '0'};

#define NOT_GRPC "what answers is not gRPC over HTTP/2"
#define CUT_OFF "the connection ended before the answer did"
#define TOO_LARGE "the answer is larger than 16 MiB"
#define NO_ANSWER "no answer within 10 s"

static const struct evil {
	const char *name;
	enum cri_server_manner manner;
	const void *bytes; /* NULL: the proper answer */
	size_t stored, length;
	const char *problem;
	bool silent; /* it takes the clock to end it */
} evils[] = {
    {"empty answer", SERVE_WELL, "", 0, 0, "the answer is empty", false},
    {"compressed", SERVE_WELL, compressed, sizeof(compressed), 0,
     "the answer is compressed, which nobody asked for", false},
    {"lying length", SERVE_WELL, lying, sizeof(lying), 0, "the answer is not as long as it says",
     false},
    {"other message", SERVE_WELL, other_protobuf, sizeof(other_protobuf), 0,
     "the answer is not what the container runtime interface says", false},
    {"too large", SERVE_WELL, lying, sizeof(lying), (size_t)64 << 20, TOO_LARGE, false},
    {"no gRPC status", SERVE_WITHOUT_TRAILERS, NULL, 0, 0, NOT_GRPC, false},
    {"web page", SERVE_WEB_PAGE, NULL, 0, 0, NOT_GRPC, false},
    {"many headers", SERVE_MANY_HEADERS, NULL, 0, 0, NOT_GRPC, false},
    {"reset", SERVE_RESET, NULL, 0, 0, CUT_OFF, false},
    {"going away", SERVE_GOAWAY, NULL, 0, 0, CUT_OFF, false},
    {"half", SERVE_HALF, NULL, 0, 0, CUT_OFF, false},
    {"closes at once", RAW_CLOSE, NULL, 0, 0, CUT_OFF, false},
    {"silence", RAW_NOTHING, NULL, 0, 0, NO_ANSWER, true},
    {"byte by byte", SERVE_SLOWLY, NULL, 0, (size_t)1 << 20, NO_ANSWER, true},
    {"banner", RAW_BYTES, banner, sizeof(banner) - 1, 0, NOT_GRPC, false},
    {"SETTINGS flood", RAW_BYTES_AGAIN, settings_flood, sizeof(settings_flood), 0, NULL, false},
    {"PING flood", RAW_BYTES_AGAIN, ping_flood, sizeof(ping_flood), 0, NULL, false},
    {"endless headers", RAW_BYTES_AGAIN, continuation, sizeof(continuation), 0, NOT_GRPC, false},
    {"early data", RAW_BYTES, early_data, sizeof(early_data), 0, NOT_GRPC, false},
};

static int64_t processor_time(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return time.tv_sec * NSEC_PER_SEC + time.tv_nsec;
}

static void misbehave(struct cri_server *server, const struct evil *evil)
{
	if (evil->bytes)
		cri_server_set(server, ASKED_ALL, evil->bytes, evil->stored, evil->length);
	else if (evil->length > 0)
		server->order->bodies[ASKED_ALL].length = evil->length;
	server->order->manner = evil->manner;
}

/* Ends a call that the other side does not end. */
static void wait_for_clock(struct stage *stage)
{
	jump(stage, CRI_ANSWER_NS - NSEC_PER_SEC);
	assert_int_equal(stage->problems, 0);
	jump(stage, NSEC_PER_SEC);
}

/* It is a problem once, ends nothing that is known, and is over with the next good answer. */
static void test_evil(void **state)
{
	struct stage *stage = *state;
	struct cri_server *server = start(stage, 0, &web, 1);
	int64_t begin;

	run_until(stage, &stage->claims, 1);
	for (size_t i = 0; i < sizeof(evils) / sizeof(evils[0]); i++) {
		stage->problems = 0;
		misbehave(server, &evils[i]);
		begin = processor_time();
		jump(stage, CRI_LIST_NS);
		if (evils[i].silent)
			wait_for_clock(stage);
		run_until(stage, &stage->problems, 1);
		print_message("# %s: %s, %lld us\n", evils[i].name, stage->problem,
			      (long long)((processor_time() - begin) / NSEC_PER_USEC));
		if (evils[i].problem)
			assert_string_equal(strchr(stage->problem, ':') + 2, evils[i].problem);
		assert_int_equal(stage->withdrawn, 0);
		assert_int_equal(stage->claims, 1);

		/* Whatever it still writes goes to a connection that is closed. */
		server->order->manner = SERVE_WELL;
		set_list(server, ASKED_ALL, NULL, 0);
		jump(stage, CRI_RETRY_FIRST_NS);
		run_until(stage, &stage->withdrawn, 1);
		set_list(server, ASKED_ALL, &web, 1);
		jump(stage, CRI_LIST_NS);
		run_until(stage, &stage->claims, 2);
		stage->claims = 1;
		stage->withdrawn = 0;
		assert_int_equal(stage->problems, 1);
	}
}

/* The longer it fails the more seldom it is asked, and not more than one problem is made of it. */
static void test_back_off(void **state)
{
	struct stage *stage = *state;
	struct cri_server *server = start(stage, 0, &web, 1);
	int64_t wait = CRI_RETRY_FIRST_NS;

	server->order->manner = SERVE_TRAILERS_ONLY;
	server->order->status = UNAVAILABLE;
	for (unsigned asked = 1; asked <= 15; asked++) {
		run_until_server(stage, &server->order->ended, asked);
		jump(stage, wait / 2);
		jump(stage, wait / 2);
		wait = wait < CRI_RETRY_MOST_NS / 2 ? 2 * wait : CRI_RETRY_MOST_NS;
	}
	run_until_server(stage, &server->order->ended, 16);
	assert_int_equal(server->order->connections, 16);
	assert_int_equal(stage->problems, 1);
}

static void test_restart(void **state)
{
	struct stage *stage = *state;
	struct cri_server *server = start(stage, 0, &web, 1);

	run_until(stage, &stage->claims, 1);
	cri_server_kill(server);
	jump(stage, CRI_LIST_NS);
	run_until(stage, &stage->problems, 1);
	assert_string_equal(stage->problem, "A ListPodSandbox: Connection refused");
	assert_null(cri_socket(stage->cri));
	assert_int_equal(stage->withdrawn, 0);

	cri_server_start(server, stage->paths[0]);
	set_list(server, ASKED_ALL, NULL, 0);
	jump(stage, CRI_RETRY_ABSENT_NS);
	run_until(stage, &stage->withdrawn, 1);
	assert_int_equal(stage->problems, 1);
}

static void test_spoilt(void **state)
{
	const struct sandbox_spec specs[] = {web, {.id = ""}};
	struct stage *stage = *state;
	struct cri_server *server = start(stage, 0, specs, 2);

	run_until(stage, &stage->problems, 1);
	assert_string_equal(stage->claim + 2, web_claim);
	jump(stage, CRI_LIST_NS);
	run_until_server(stage, &server->order->ended, 2);
	assert_int_equal(server->order->asked[ASKED_ALL], 2);
	run_until(stage, &stage->problems, 1);
}

#define PODS 110
#define CHANGES 200

/* 110 pods, and 10 new ones a second; each is there when it is asked for the second time. */
static void test_cost(void **state)
{
	struct stage *stage = *state;
	struct cri_server *server = &stage->servers[0];
	struct sandbox_spec specs[PODS], one = web;
	char ids[PODS + CHANGES][72];
	int64_t begin;
	double share;

	for (int i = 0; i < PODS + CHANGES; i++)
		snprintf(ids[i], sizeof(ids[i]), "%064d", i);
	for (int i = 0; i < PODS; i++) {
		specs[i] = web;
		specs[i].id = ids[i];
	}
	start(stage, 0, specs, PODS);
	run_until(stage, &stage->claims, PODS);
	for (int i = 0; i < PODS; i++)
		cri_want(stage->cri, ids[i], now(stage));

	begin = processor_time();
	for (unsigned i = 0; i < CHANGES; i++) {
		unsigned before = server->order->connections;

		one.id = ids[PODS + i];
		cri_want(stage->cri, one.id, now(stage));
		jump(stage, CRI_WANT_FIRST_NS);
		run_until_server(stage, &server->order->ended, before + 1);
		set_list(server, ASKED_ONE, &one, 1);
		jump(stage, CRI_WANT_LEAST_NS);
		run_until(stage, &stage->claims, PODS + i + 1);
		set_list(server, ASKED_ONE, NULL, 0);
	}
	share = (double)(processor_time() - begin) / (CHANGES * 100.0 * NSEC_PER_MSEC);
	print_message("# 10 changes a second among %d pods: %.3f %% of a core, %u questions\n",
		      PODS, 100 * share, asked(server));
	/* Sanitizers take their part. */
	assert_true(share < 0.01);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_first_is_empty), TEST(test_wanted_elsewhere),
	    TEST(test_same_socket),    TEST(test_labels),
	    TEST(test_gone),           TEST(test_wanted),
	    TEST(test_host_network),   TEST(test_status_refused),
	    TEST(test_order),          TEST(test_without_cri),
	    TEST(test_evil),           TEST(test_back_off),
	    TEST(test_restart),        TEST(test_clock_set_back),
	    TEST(test_status_hangs),   TEST(test_spoilt),
	    TEST(test_cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
