/*
 * Sockets handed from one process to the next, as systemd's descriptor store does it: a child opens
 * them, passes them up and ends; this process adopts them. Needs the links of lanes.bash.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "kernel/feed.h"
#include "kernel/rules.h"
#include "lanes.h"

#define PATIENCE (100 * NSEC_PER_SEC)
#define GROUP 7

enum { EVENTS, LOG, RULES, SOCKETS };

struct handover {
	int fds[SOCKETS];
	uint32_t event_drops;
	uint32_t log_drops;
	uint32_t sequence;
};

static const struct rules_options rules_options = {
    .table = "adopt",
    .group = GROUP,
    .queue_threshold = LOG_FEED_QUEUE_THRESHOLD,
    .snaplen = LOG_FEED_COPY_RANGE,
};

static const struct log_feed_options log_options = {
    .group = GROUP,
    .settings = {.copy_range = LOG_FEED_COPY_RANGE,
		 .queue_threshold = LOG_FEED_QUEUE_THRESHOLD,
		 .timeout = LOG_FEED_TIMEOUT,
		 .batch_bytes = LOG_FEED_BATCH_BYTES},
    .buffer_size = 1 << 20,
    .fd = -1,
};

struct seen {
	uint64_t created, destroyed, packets;
};

static void count_event(void *context, const struct conntrack_event *event)
{
	struct seen *seen = context;

	if (event->type == CONNTRACK_NEW)
		seen->created++;
	else
		seen->destroyed++;
}

static void count_packet(void *context, const struct packet_event *packet)
{
	struct seen *seen = context;

	if (packet->group == GROUP)
		seen->packets++;
}

static void must(bool holds, int status)
{
	if (!holds)
		_exit(status);
}

static void send_handover(int fd, struct handover *handover)
{
	struct iovec vector = {.iov_base = handover, .iov_len = sizeof(*handover)};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(handover->fds))];
	} control = {.bytes = {0}};
	struct msghdr header = {.msg_iov = &vector,
				.msg_iovlen = 1,
				.msg_control = control.bytes,
				.msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *first = CMSG_FIRSTHDR(&header);

	first->cmsg_level = SOL_SOCKET;
	first->cmsg_type = SCM_RIGHTS;
	first->cmsg_len = CMSG_LEN(sizeof(handover->fds));
	memcpy(CMSG_DATA(first), handover->fds, sizeof(handover->fds));
	must(sendmsg(fd, &header, 0) == sizeof(*handover), 21);
}

static void receive_handover(int fd, struct handover *ret)
{
	struct iovec vector = {.iov_base = ret, .iov_len = sizeof(*ret)};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(ret->fds))];
	} control;
	struct msghdr header = {.msg_iov = &vector,
				.msg_iovlen = 1,
				.msg_control = control.bytes,
				.msg_controllen = sizeof(control.bytes)};

	assert_int_equal(recvmsg(fd, &header, 0), sizeof(*ret));
	assert_non_null(CMSG_FIRSTHDR(&header));
	memcpy(ret->fds, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof(ret->fds));
}

/* The first process: it sees 100 connections, loses some events, and ends without a word. */
static void first_process(int fd, struct lanes *lanes, size_t buffer_size)
{
	const struct ct_feed_options options = {.buffer_size = buffer_size, .fd = -1};
	struct handover handover;
	struct seen seen = {0};
	struct ct_burst events;
	struct log_burst packets;
	struct ct_feed *feed;
	struct log_feed *log;
	struct rules *rules;
	bool owned = false;

	must(ct_feed_open(&options, &feed) == 0, 11);
	must(log_feed_open(&log_options, &log) == 0, 12);
	must(rules_open(&rules_options, &rules, &owned) == 0 && owned, 13);
	lanes_send(lanes, true, 0, 100);
	must(ct_feed_read(feed, count_event, &seen, 4096, &events) == 0, 14);
	while (seen.packets < 100) {
		struct pollfd poll_fd = {.fd = log_feed_fd(log), .events = POLLIN};

		must(poll(&poll_fd, 1, 2000) == 1, 15);
		must(log_feed_read(log, count_packet, &seen, 4096, &packets) == 0, 16);
		must(packets.lost == 0, 17);
	}
	handover = (struct handover){.fds = {ct_feed_fd(feed), log_feed_fd(log), rules_fd(rules)},
				     .event_drops = ct_feed_drops(feed),
				     .log_drops = log_feed_drops(log),
				     .sequence = log_feed_sequence(log)};
	must(handover.sequence == 100, 18);
	must(seen.created + events.drops == 100 && events.drops == handover.event_drops, 19);
	send_handover(fd, &handover);
	rules_close(rules);
	log_feed_close(log);
	ct_feed_close(feed);
	_exit(0);
}

static struct handover run_first(struct lanes *lanes, size_t buffer_size)
{
	struct handover handover;
	int sockets[2], status;
	pid_t child;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		first_process(sockets[1], lanes, buffer_size);
	close(sockets[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	receive_handover(sockets[0], &handover);
	close(sockets[0]);
	return handover;
}

static void drop_handover(const struct handover *handover)
{
	for (size_t i = 0; i < SOCKETS; i++)
		if (handover->fds[i] >= 0)
			close(handover->fds[i]);
}

static int begin(void **state)
{
	*state = lanes_open();
	return 0;
}

static int end(void **state)
{
	lanes_close(*state);
	return 0;
}

static void test_events(void **state)
{
	struct handover handover = run_first(*state, 1 << 20);
	struct prefix excluded;
	struct ct_feed_options options = {.buffer_size = 1 << 20,
					  .excluded = &excluded,
					  .excluded_count = 1,
					  .fd = handover.fds[EVENTS],
					  .drops_before = handover.event_drops};
	struct ct_burst burst;
	struct seen seen = {0};
	struct ct_feed *feed;

	assert_int_equal(prefix_parse("10.1.8.0/24", &excluded), 0);
	lanes_send(*state, true, 0x700, 64);
	lanes_send(*state, true, 0x800, 64);
	assert_int_equal(ct_feed_open(&options, &feed), 0);
	handover.fds[EVENTS] = -1;
	assert_true(ct_feed_granted(feed) > 128 * 1280);
	lanes_send(*state, true, 0x900, 32);
	lanes_send(*state, true, 0x840, 64);
	assert_int_equal(ct_feed_read(feed, count_event, &seen, 4096, &burst), 0);
	assert_int_equal(seen.created, 64 + 64 + 32);
	assert_int_equal(burst.drops, 0);
	lanes_flush();
	assert_int_equal(ct_feed_read(feed, count_event, &seen, 4096, &burst), 0);
	assert_int_equal(seen.destroyed, 100 + 64 + 32);
	ct_feed_close(feed);
	drop_handover(&handover);
}

static void test_event_drops(void **state)
{
	struct handover handover = run_first(*state, 32768);
	struct ct_feed_options options = {
	    .buffer_size = 32768, .fd = handover.fds[EVENTS], .drops_before = handover.event_drops};
	struct ct_burst burst;
	struct seen seen = {0};
	struct ct_feed *feed;

	assert_true(handover.event_drops > 0);
	lanes_send(*state, true, 0x700, 500);
	assert_int_equal(ct_feed_open(&options, &feed), 0);
	handover.fds[EVENTS] = -1;
	assert_int_equal(ct_feed_read(feed, count_event, &seen, 4096, &burst), 0);
	assert_true(burst.drops > 0);
	assert_int_equal(seen.created + burst.drops, 500);
	assert_int_equal(ct_feed_drops(feed), handover.event_drops + burst.drops);
	ct_feed_close(feed);
	drop_handover(&handover);
	lanes_flush();
}

static void test_log(void **state)
{
	const int64_t deadline = clock_monotonic() + PATIENCE;
	struct handover handover = run_first(*state, 1 << 20);
	struct log_feed_options options = log_options;
	struct log_burst burst;
	struct seen seen = {0};
	struct log_feed *log;
	uint64_t lost = 0;

	lanes_send(*state, true, 0x700, 300);
	assert_int_equal(log_feed_open(&options, &log), -EBUSY);
	options.fd = handover.fds[LOG];
	options.sequence_before = handover.sequence - 5;
	options.drops_before = handover.log_drops;
	assert_int_equal(log_feed_open(&options, &log), 0);
	handover.fds[LOG] = -1;
	lanes_send(*state, true, 0x900, 100);
	while (seen.packets < 400) {
		struct pollfd fd = {.fd = log_feed_fd(log), .events = POLLIN};

		assert_true(clock_monotonic() < deadline);
		poll(&fd, 1, 100);
		assert_int_equal(log_feed_read(log, count_packet, &seen, 4096, &burst), 0);
		assert_int_equal(burst.undecodable + burst.drops, 0);
		lost += burst.lost;
	}
	assert_int_equal(lost, 5);
	assert_int_equal(log_feed_sequence(log), 500);
	log_feed_close(log);
	options.fd = -1;
	assert_int_equal(log_feed_open(&options, &log), 0);
	log_feed_close(log);
	drop_handover(&handover);
	lanes_flush();
}

/* A socket with another group than the one it should have: found out behind what it has queued. */
static void test_wrong_group(void **state)
{
	struct handover handover = run_first(*state, 1 << 20);
	struct log_feed_options options = log_options;
	struct log_burst burst;
	struct seen seen = {0};
	struct log_feed *log;

	options.fd = handover.fds[LOG];
	options.sequence_before = handover.sequence;
	options.group = GROUP + 1;
	assert_int_equal(log_feed_open(&options, &log), 0);
	handover.fds[LOG] = -1;
	assert_int_equal(log_feed_read(log, count_packet, &seen, 4096, &burst), -ENODEV);
	assert_int_equal(log_feed_read(log, count_packet, &seen, 4096, &burst), -ENODEV);
	log_feed_close(log);
	drop_handover(&handover);
	lanes_flush();
}

static void test_rules(void **state)
{
	struct handover handover = run_first(*state, 1 << 20);
	struct rules_options options = rules_options;
	struct rules *rules, *other;
	uint64_t packets;
	bool owned;

	lanes_send(*state, true, 0x700, 300);
	assert_int_equal(rules_open(&options, &other, &owned), -EBUSY);
	options.group = GROUP + 1;
	assert_int_equal(rules_adopt(&options, dup(handover.fds[RULES]), &rules), -ENOENT);
	options = rules_options;
	options.silent = true;
	assert_int_equal(rules_adopt(&options, dup(handover.fds[RULES]), &rules), -ENOENT);
	options = rules_options;
	options.table = "other";
	assert_int_equal(rules_adopt(&options, dup(handover.fds[RULES]), &rules), -ENOENT);
	options.table = "adopt";
	assert_int_equal(rules_adopt(&options, dup(handover.fds[EVENTS]), &rules), -ENOENT);
	assert_int_equal(rules_adopt(&options, dup(STDOUT_FILENO), &rules), -ENOTSOCK);
	assert_int_equal(rules_adopt(&options, handover.fds[RULES], &rules), 0);
	handover.fds[RULES] = -1;
	assert_true(rules_owned(rules));
	lanes_send(*state, true, 0x900, 50);
	assert_int_equal(rules_read_counter(rules, &packets), 0);
	assert_int_equal(packets, 450);
	rules_close(rules);
	assert_int_equal(rules_open(&options, &other, &owned), 0);
	assert_int_equal(rules_read_counter(other, &packets), 0);
	assert_int_equal(packets, 0);
	rules_close(other);
	drop_handover(&handover);
	lanes_flush();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_events, begin, end),
	    cmocka_unit_test_setup_teardown(test_event_drops, begin, end),
	    cmocka_unit_test_setup_teardown(test_log, begin, end),
	    cmocka_unit_test_setup_teardown(test_wrong_group, begin, end),
	    cmocka_unit_test_setup_teardown(test_rules, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
