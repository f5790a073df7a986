#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/handover.h"

static const struct handover_state example = {
    .valid = true,
    .stopped_at = INT64_C(1790000000123456789),
    .event_drops = 1,
    .log_drops = UINT32_MAX,
    .log_sequence = 3,
    .log_group = 65535,
    .log_packets = UINT64_MAX,
    .rule_packets = 6,
    .stats = {.drop = 7, .early_drop = 8, .insert_failed = 0},
};

static const char example_text[] = "format=1\n"
				   "stopped_at=1790000000123456789\n"
				   "event_drops=1\n"
				   "log_drops=4294967295\n"
				   "log_sequence=3\n"
				   "log_group=65535\n"
				   "log_packets=18446744073709551615\n"
				   "rule_packets=6\n"
				   "stats.drop=7\n"
				   "stats.early_drop=8\n"
				   "stats.insert_failed=0\n";

/* ---- the text ---- */

static void state_is_written_and_read_back(void **context)
{
	struct handover_state state;
	struct buf text = {0};

	(void)context;
	handover_encode(&example, &text);
	assert_int_equal(text.error, 0);
	assert_string_equal(text.data, example_text);
	assert_true(text.length <= HANDOVER_TEXT_MAX);
	assert_int_equal(handover_decode(text.data, text.length, &state), 0);
	assert_true(state.valid);
	assert_int_equal(state.stopped_at, example.stopped_at);
	assert_int_equal(state.event_drops, example.event_drops);
	assert_int_equal(state.log_drops, example.log_drops);
	assert_int_equal(state.log_sequence, example.log_sequence);
	assert_int_equal(state.log_group, example.log_group);
	assert_true(state.log_packets == example.log_packets);
	assert_int_equal(state.rule_packets, example.rule_packets);
	assert_int_equal(state.stats.drop, example.stats.drop);
	assert_int_equal(state.stats.early_drop, example.stats.early_drop);
	assert_int_equal(state.stats.insert_failed, example.stats.insert_failed);
	buf_clear(&text);
}

static void assert_refused(const char *text, size_t length)
{
	struct handover_state state = example, zero;

	memset(&zero, 0, sizeof(zero));
	assert_int_equal(handover_decode(text, length, &state), -EBADMSG);
	assert_memory_equal(&state, &zero, sizeof(zero));
}

static void text_that_was_cut_is_refused(void **context)
{
	(void)context;
	for (size_t length = 0; length + 1 < sizeof(example_text); length++)
		assert_refused(example_text, length);
}

/* The example with the first occurrence of what replaced. */
static void assert_refused_with(const char *what, const char *instead)
{
	const char *at = strstr(example_text, what);
	char text[2 * HANDOVER_TEXT_MAX];

	assert_non_null(at);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - example_text), example_text, instead,
		 at + strlen(what));
	assert_refused(text, strlen(text));
}

static void text_that_differs_is_refused(void **context)
{
	(void)context;
	assert_refused_with("format=1", "format=2");
	assert_refused_with("format=1", "format=18446744073709551617");
	assert_refused_with("event_drops=1\n", "");
	assert_refused_with("event_drops=1\n", "event_drops=1\nevent_drops=1\n");
	assert_refused_with("event_drops=1", "event_drops=01");
	assert_refused_with("event_drops=1", "event_drops=+1");
	assert_refused_with("event_drops=1", "event_drops=-1");
	assert_refused_with("event_drops=1", "event_drops= 1");
	assert_refused_with("event_drops=1", "event_drops=1 ");
	assert_refused_with("event_drops=1", "event_drops=0x1");
	assert_refused_with("event_drops=1", "event_drops=");
	assert_refused_with("event_drops=1", "Event_drops=1");
	assert_refused_with("log_drops=4294967295", "log_drops=4294967296");
	assert_refused_with("log_group=65535", "log_group=65536");
	assert_refused_with("log_packets=18446744073709551615", "log_packets=18446744073709551616");
	assert_refused_with("stopped_at=1790000000123456789", "stopped_at=9223372036854775808");
	assert_refused_with("insert_failed=0\n", "insert_failed=0\n\n");
	assert_refused_with("insert_failed=0\n", "insert_failed=0\r\n");
	assert_refused(example_text, sizeof(example_text));
}

/* ---- the store ---- */

struct store {
	char directory[64];
	char path[96];
	int socket;
};

static void store_open(struct store *store)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(store->directory, sizeof(store->directory), "/tmp/handover-XXXXXX");
	assert_non_null(mkdtemp(store->directory));
	snprintf(store->path, sizeof(store->path), "%s/notify", store->directory);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", store->path);
	store->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_return_code(bind(store->socket, (const struct sockaddr *)&address, sizeof(address)),
			   errno);
	setenv("NOTIFY_SOCKET", store->path, 1);
}

static void store_close(struct store *store)
{
	close(store->socket);
	unlink(store->path);
	rmdir(store->directory);
	unsetenv("NOTIFY_SOCKET");
}

/* The next message and its descriptor, or -1. */
static int store_receive(const struct store *store, char text[static 256])
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = {.iov_base = text, .iov_len = 255};
	struct msghdr message = {
	    .msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *header;
	ssize_t length = recvmsg(store->socket, &message, MSG_CMSG_CLOEXEC);
	int fd = -1;

	assert_return_code(length, errno);
	text[length] = '\0';
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

static void assert_same_file(int a, int b)
{
	struct stat of_a, of_b;

	assert_return_code(fstat(a, &of_a), errno);
	assert_return_code(fstat(b, &of_b), errno);
	assert_int_equal(of_a.st_ino, of_b.st_ino);
	assert_int_equal(of_a.st_dev, of_b.st_dev);
}

static pid_t send_in_child(const struct handover *handover)
{
	pid_t child = fork();

	assert_return_code(child, errno);
	if (child == 0)
		_exit(-handover_send(handover));
	return child;
}

static int result_of(pid_t child)
{
	int status = -1;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

static void assert_stored(const struct store *store, const char *name, int fd)
{
	char text[256], wanted[256];
	int stored = store_receive(store, text);

	snprintf(wanted, sizeof(wanted), "FDSTORE=1\nFDNAME=%s\nFDPOLL=0", name);
	assert_string_equal(text, wanted);
	assert_same_file(stored, fd);
	close(stored);
}

static void assert_stored_state(const struct store *store)
{
	char text[256], content[HANDOVER_TEXT_MAX];
	int fd = store_receive(store, text);

	assert_string_equal(text, "FDSTORE=1\nFDNAME=netpold-state\nFDPOLL=0");
	assert_int_equal(pread(fd, content, sizeof(content), 0), sizeof(example_text) - 1);
	assert_memory_equal(content, example_text, sizeof(example_text) - 1);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	close(fd);
}

static void sockets_are_stored_then_the_state_then_systemd_is_awaited(void **context)
{
	struct handover handover = {.state = example};
	struct store store;
	char text[256];
	int pair[2], barrier;
	pid_t child;

	(void)context;
	assert_return_code(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), errno);
	handover.sockets[HANDOVER_EVENTS] = pair[0];
	handover.sockets[HANDOVER_LOG] = -1;
	handover.sockets[HANDOVER_RULES] = pair[1];
	store_open(&store);
	child = send_in_child(&handover);
	assert_stored(&store, "netpold-events", pair[0]);
	assert_stored(&store, "netpold-rules", pair[1]);
	assert_stored_state(&store);
	barrier = store_receive(&store, text);
	assert_string_equal(text, "BARRIER=1");
	assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
	close(barrier);
	assert_int_equal(result_of(child), 0);
	store_close(&store);
	close(pair[0]);
	close(pair[1]);
}

static void a_manager_that_does_not_answer_gets_the_store_called_back(void **context)
{
	static const char *const names[] = {"events", "log", "rules", "state"};
	struct handover handover = {.sockets = {-1, -1, -1}, .state = example};
	char text[256], wanted[256];
	struct store store;
	int barrier;
	pid_t child;

	(void)context;
	store_open(&store);
	child = send_in_child(&handover);
	assert_stored_state(&store);
	barrier = store_receive(&store, text);
	assert_string_equal(text, "BARRIER=1");
	for (size_t i = 0; i < 4; i++) {
		snprintf(wanted, sizeof(wanted), "FDSTOREREMOVE=1\nFDNAME=netpold-%s", names[i]);
		assert_int_equal(store_receive(&store, text), -1);
		assert_string_equal(text, wanted);
	}
	assert_int_equal(result_of(child), -ETIMEDOUT);
	close(barrier);
	store_close(&store);
}

static void without_a_manager_nothing_is_sent(void **context)
{
	struct handover handover = {.sockets = {-1, -1, -1}, .state = example};

	(void)context;
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(handover_send(&handover), -ENOTCONN);
	assert_false(handover_is_restart());
}

/* ---- what was passed at the start ---- */

#define PASSED_MAX 6

struct passed {
	const char *names; /* as LISTEN_FDNAMES */
	int fds[PASSED_MAX];
	int count;
};

static int state_file(const char *text)
{
	int fd = memfd_create("state", MFD_CLOEXEC);

	assert_return_code(fd, errno);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

/* In a child, whose result is to be 0: descriptors 3 and up as after exec, then check(). */
static pid_t take_in_child(const struct passed *passed, void (*check)(const struct handover *taken))
{
	pid_t child = fork();
	struct handover taken;
	char text[32];

	assert_return_code(child, errno);
	if (child > 0)
		return child;
	for (int i = 0; i < passed->count; i++)
		dup2(fcntl(passed->fds[i], F_DUPFD, 64), 100 + i);
	for (int i = 0; i < passed->count; i++)
		dup2(100 + i, 3 + i);
	snprintf(text, sizeof(text), "%d", getpid());
	setenv("LISTEN_PID", text, 1);
	snprintf(text, sizeof(text), "%d", passed->count);
	setenv("LISTEN_FDS", text, 1);
	setenv("LISTEN_FDNAMES", passed->names, 1);
	handover_take(&taken);
	check(&taken);
	_exit(getenv("LISTEN_FDS") ? 2 : 0);
}

static void must(bool condition)
{
	if (!condition)
		_exit(1);
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void check_whole(const struct handover *taken)
{
	must(taken->state.valid && taken->state.log_group == 65535);
	must(taken->sockets[HANDOVER_EVENTS] == 5 && taken->sockets[HANDOVER_RULES] == 3);
	must(taken->sockets[HANDOVER_LOG] == -1);
	must(fcntl(3, F_GETFD) == FD_CLOEXEC && fcntl(5, F_GETFD) == FD_CLOEXEC);
	must(!is_open(4) && !is_open(6) && !is_open(7));
}

static void check_nothing(const struct handover *taken)
{
	must(!taken->state.valid && taken->state.stopped_at == 0);
	for (size_t i = 0; i < HANDOVER_SOCKETS; i++)
		must(taken->sockets[i] == -1);
	for (int i = 0; i < PASSED_MAX; i++)
		must(!is_open(3 + i));
}

static void a_whole_handover_is_taken_and_what_is_strange_is_closed(void **context)
{
	int file = state_file(example_text);
	const struct passed passed = {
	    .names = "netpold-rules:stored:netpold-events:netpold-events:netpold-state",
	    .fds = {0, 1, 2, 1, file},
	    .count = 5,
	};

	(void)context;
	assert_int_equal(result_of(take_in_child(&passed, check_whole)), 0);
	close(file);
}

static void sockets_without_a_good_state_are_closed(void **context)
{
	int cut = state_file("format=1\n"), empty = state_file("");
	struct passed passed = {
	    .names = "netpold-events:netpold-log:netpold-rules",
	    .fds = {0, 1, 2, cut},
	    .count = 3,
	};

	(void)context;
	assert_int_equal(result_of(take_in_child(&passed, check_nothing)), 0);
	passed.names = "netpold-events:netpold-log:netpold-rules:netpold-state";
	passed.count = 4;
	assert_int_equal(result_of(take_in_child(&passed, check_nothing)), 0);
	passed.fds[3] = empty;
	assert_int_equal(result_of(take_in_child(&passed, check_nothing)), 0);
	passed.fds[3] = 0;
	assert_int_equal(result_of(take_in_child(&passed, check_nothing)), 0);
	close(cut);
	close(empty);
}

static void taking_empties_the_store_and_waits_for_it(void **context)
{
	int file = state_file(example_text);
	const struct passed passed = {
	    .names = "netpold-rules:stored:netpold-events:netpold-events:netpold-state",
	    .fds = {0, 1, 2, 1, file},
	    .count = 5,
	};
	struct store store;
	char text[256];
	int barrier;
	pid_t child;

	(void)context;
	store_open(&store);
	child = take_in_child(&passed, check_whole);
	for (size_t i = 0; i < 4; i++) {
		store_receive(&store, text);
		assert_memory_equal(text, "FDSTOREREMOVE=1\nFDNAME=netpold-", 31);
	}
	barrier = store_receive(&store, text);
	assert_string_equal(text, "BARRIER=1");
	assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
	close(barrier);
	assert_int_equal(result_of(child), 0);
	store_close(&store);
	close(file);
}

static void nothing_passed_is_nothing_taken(void **context)
{
	struct handover taken;

	(void)context;
	handover_take(&taken);
	assert_false(taken.state.valid);
	for (size_t i = 0; i < HANDOVER_SOCKETS; i++)
		assert_int_equal(taken.sockets[i], -1);
}

static void closing_twice_closes_once(void **context)
{
	struct handover handover = {.sockets = {-1, -1, -1}};

	(void)context;
	handover.sockets[HANDOVER_LOG] = state_file("");
	handover_close(&handover);
	assert_int_equal(handover.sockets[HANDOVER_LOG], -1);
	handover_close(&handover);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(state_is_written_and_read_back),
	    cmocka_unit_test(text_that_was_cut_is_refused),
	    cmocka_unit_test(text_that_differs_is_refused),
	    cmocka_unit_test(sockets_are_stored_then_the_state_then_systemd_is_awaited),
	    cmocka_unit_test(a_manager_that_does_not_answer_gets_the_store_called_back),
	    cmocka_unit_test(without_a_manager_nothing_is_sent),
	    cmocka_unit_test(a_whole_handover_is_taken_and_what_is_strange_is_closed),
	    cmocka_unit_test(sockets_without_a_good_state_are_closed),
	    cmocka_unit_test(taking_empties_the_store_and_waits_for_it),
	    cmocka_unit_test(nothing_passed_is_nothing_taken),
	    cmocka_unit_test(closing_twice_closes_once),
	};

	return cmocka_run_group_tests_name("daemon/handover", tests, NULL, NULL);
}
