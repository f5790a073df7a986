/*
 * What the pods of churn.bats say to one another, so that the packets themselves tell who was who:
 * a pod with serial number S asks port 20000 + S of whomever it asks (FIRST_PORT), and whoever
 * answers tells its own serial number.
 *
 *   churn serve SERIAL                  answers on port 8080, UDP and TCP
 *   churn call LOG SERIAL OWN FIRST LAST MILLISECONDS
 *                                       asks the addresses from FIRST to LAST and four more that
 *                                       are nobody's, in no order, but not OWN; 0: for ever
 *   churn first LOG SERVER              asks SERVER from each network namespace that appears in
 *                                       /run/netns, as soon as there is a way; ports from 50000
 *
 * In the directory LOG a line in calls.csv comes before the first packet of a call, one in
 * results.csv after it ended, with the time at which the packet had been sent; first.csv tells
 * which namespace used which port. Times are µs since the epoch.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>

#define SERVER_PORT 8080
#define FIRST_PORT 20000
#define FIRST_WORDS_PORT 50000
#define FIRST_SOURCE_PORT 1024
#define FIRST_WORDS_SOURCE_PORT 30000
#define NETNS_DIRECTORY "/run/netns"
#define NOBODYS 4
#define CLIENTS 256
#define USEC_PER_SEC INT64_C(1000000)
#define USEC_PER_MSEC INT64_C(1000)
/* The second of TCP's attempts comes after one second, perhaps to the address's next owner. */
#define PATIENCE (100 * USEC_PER_MSEC)
#define LONG_PATIENCE (1500 * USEC_PER_MSEC)
#define PAUSE_MAX (30 * USEC_PER_MSEC)
#define WAY_AWAITED (2 * USEC_PER_SEC)
#define WAY_INTERVAL 500 /* µs */

struct log {
	int calls;
	int results;
	unsigned count; /* of calls of this process */
	unsigned first_source_port;
};

struct call {
	int type; /* SOCK_STREAM or SOCK_DGRAM */
	struct sockaddr_in target;
	int64_t patience;
};

struct result {
	int64_t sent;
	const char *outcome;
	unsigned long answerer; /* 0: nobody */
};

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "churn: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return time.tv_sec * USEC_PER_SEC + time.tv_nsec / 1000;
}

static uint32_t random_below(uint32_t bound)
{
	uint32_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		fail("getrandom");
	return random % bound;
}

static int open_log(const char *directory, const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		fail(path);
	return fd;
}

static struct log open_logs(const char *directory, unsigned first_source_port)
{
	return (struct log){.calls = open_log(directory, "calls.csv"),
			    .results = open_log(directory, "results.csv"),
			    .first_source_port = first_source_port};
}

static struct sockaddr_in parse_address(const char *text, unsigned port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	if (inet_pton(AF_INET, text, &address.sin_addr) != 1)
		fail(text);
	return address;
}

static int listen_on(int type)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(SERVER_PORT)};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 ||
	    (type == SOCK_STREAM && listen(fd, CLIENTS) < 0))
		fail("listen");
	return fd;
}

static void answer_stream(int listener, const char *serial)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, serial, strlen(serial)) < 0)
		perror("churn: answer");
	close(fd);
}

static void answer_datagram(int fd, const char *serial)
{
	char asked[16];
	struct sockaddr_in peer;
	socklen_t length = sizeof(peer);

	if (recvfrom(fd, asked, sizeof(asked), 0, (struct sockaddr *)&peer, &length) >= 0)
		sendto(fd, serial, strlen(serial), 0, (struct sockaddr *)&peer, length);
}

static _Noreturn void serve(const char *serial)
{
	struct pollfd fds[] = {{.fd = listen_on(SOCK_STREAM), .events = POLLIN},
			       {.fd = listen_on(SOCK_DGRAM), .events = POLLIN}};

	for (;;) {
		if (poll(fds, 2, -1) < 0)
			fail("poll");
		if (fds[0].revents != 0)
			answer_stream(fds[0].fd, serial);
		if (fds[1].revents != 0)
			answer_datagram(fds[1].fd, serial);
	}
}

static const char *outcome_of(int error, bool connected)
{
	switch (error) {
	case 0:
	case ECONNRESET:
		return connected ? "connected" : "refused";
	case ECONNREFUSED:
		return "refused";
	case EAGAIN:
	case EINPROGRESS:
	case ETIMEDOUT:
		return connected ? "connected" : "silent";
	default:
		return "unreachable";
	}
}

/* Each call is a connection of its own: chosen at random, a port might come twice. */
static void choose_source_port(int fd, const struct log *log)
{
	struct sockaddr_in own = {
	    .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)(log->first_source_port + log->count)),
	};

	if (bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0)
		fail("bind");
}

static bool await(int fd, short events, int64_t patience)
{
	struct pollfd awaited = {.fd = fd, .events = events};

	if (poll(&awaited, 1, (int)(patience / USEC_PER_MSEC)) < 0)
		fail("poll");
	return awaited.revents != 0;
}

/* 0 or an error, as connect(2) has them; the first packet is on its way by *ret_sent. */
static int send_first(int fd, const struct call *call, int64_t *ret_sent)
{
	int r = connect(fd, (const struct sockaddr *)&call->target, sizeof(call->target));

	if (r == 0 && call->type == SOCK_DGRAM)
		r = (int)send(fd, "?", 1, 0);
	*ret_sent = now();
	return r < 0 ? errno : 0;
}

static int await_connection(int fd, int64_t patience)
{
	int error = 0;
	socklen_t length = sizeof(error);

	if (!await(fd, POLLOUT, patience))
		return ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		fail("SO_ERROR");
	return error;
}

static int speak(int fd, const struct call *call, struct result *ret)
{
	char answer[16] = "";
	ssize_t got;
	int error = send_first(fd, call, &ret->sent);

	if (error == EINPROGRESS)
		error = await_connection(fd, call->patience);
	if (error != 0) {
		ret->outcome = outcome_of(error, false);
		return error;
	}
	await(fd, POLLIN, call->patience);
	got = recv(fd, answer, sizeof(answer) - 1, 0);
	if (got <= 0) {
		error = got < 0 ? errno : 0;
		ret->outcome = outcome_of(error, call->type == SOCK_STREAM);
		return error;
	}
	ret->outcome = "answered";
	ret->answerer = strtoul(answer, NULL, 10);
	return 0;
}

/* false: there is no way out any more. */
static bool make_call(struct log *log, const struct call *call)
{
	struct result result = {0};
	char address[INET_ADDRSTRLEN];
	int fd = socket(AF_INET, call->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0)
		fail("socket");
	inet_ntop(AF_INET, &call->target.sin_addr, address, sizeof(address));
	log->count++;
	if (call->type == SOCK_DGRAM)
		choose_source_port(fd, log);
	dprintf(log->calls, "%d,%u,%u,%s,%s,%" PRId64 "\n", (int)getpid(), log->count,
		ntohs(call->target.sin_port), call->type == SOCK_STREAM ? "TCP" : "UDP", address,
		now());
	error = speak(fd, call, &result);
	dprintf(log->results, "%d,%u,%" PRId64 ",%" PRId64 ",%s,%lu\n", (int)getpid(), log->count,
		result.sent, now(), result.outcome, result.answerer);
	close(fd);
	return error != ENETUNREACH;
}

static int call_at_random(char **arguments)
{
	struct log log = open_logs(arguments[0], FIRST_SOURCE_PORT);
	unsigned port = FIRST_PORT + (unsigned)strtoul(arguments[1], NULL, 10);
	struct sockaddr_in own = parse_address(arguments[2], 0);
	uint32_t first = ntohl(parse_address(arguments[3], 0).sin_addr.s_addr);
	uint32_t last = ntohl(parse_address(arguments[4], 0).sin_addr.s_addr);
	int64_t lasting = strtoll(arguments[5], NULL, 10) * USEC_PER_MSEC;
	int64_t until = lasting == 0 ? INT64_MAX : now() + lasting;

	while (now() < until) {
		struct call call = {
		    .type = random_below(4) == 0 ? SOCK_DGRAM : SOCK_STREAM,
		    .target = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)},
		    .patience = random_below(8) == 0 ? LONG_PATIENCE : PATIENCE,
		};

		call.target.sin_addr.s_addr =
		    htonl(first + random_below(last - first + 1 + NOBODYS));
		if (call.target.sin_addr.s_addr == own.sin_addr.s_addr)
			continue;
		if (!make_call(&log, &call))
			break;
		usleep(random_below(PAUSE_MAX));
	}
	return 0;
}

/* The name comes first, the namespace is mounted on it afterwards. */
static bool enter(const char *name)
{
	for (int64_t end = now() + WAY_AWAITED; now() < end; usleep(WAY_INTERVAL)) {
		char path[256];
		int fd;
		bool entered;

		snprintf(path, sizeof(path), NETNS_DIRECTORY "/%s", name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		entered = fd >= 0 && setns(fd, CLONE_NEWNET) == 0;
		if (fd >= 0)
			close(fd);
		if (entered)
			return true;
	}
	return false;
}

/* A datagram socket that is connected asks for a route and sends nothing. */
static bool has_route(const struct sockaddr_in *target, int only_on_link)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r = setsockopt(fd, SOL_SOCKET, SO_DONTROUTE, &only_on_link, sizeof(only_on_link));

	if (r == 0)
		r = connect(fd, (const struct sockaddr *)target, sizeof(*target));
	close(fd);
	return r == 0;
}

/* At first the interface's own route claims the whole subnet, and nobody on that link is there. */
static bool await_way(const struct sockaddr_in *target)
{
	for (int64_t end = now() + WAY_AWAITED; now() < end; usleep(WAY_INTERVAL))
		if (has_route(target, 0) && !has_route(target, 1))
			return true;
	return false;
}

/* The host's end of the link may not listen yet; by default it would be asked again only after a
 * second, in which nothing that the pod says gets out. */
static void resolve_quickly(void)
{
	static const char *const settings[][2] = {
	    {"/proc/sys/net/ipv4/neigh/eth0/mcast_solicit", "1000"},
	    {"/proc/sys/net/ipv4/neigh/eth0/retrans_time_ms", "5"},
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		int fd = open(settings[i][0], O_WRONLY | O_CLOEXEC);

		if (fd < 0 || write(fd, settings[i][1], strlen(settings[i][1])) < 0)
			perror(settings[i][0]);
		close(fd);
	}
}

static _Noreturn void say_first_words(const char *directory, const char *name, const char *server,
				      unsigned port)
{
	struct call call = {.type = port % 2 == 0 ? SOCK_STREAM : SOCK_DGRAM,
			    .target = parse_address(server, port),
			    .patience = LONG_PATIENCE};
	struct log log = open_logs(directory, FIRST_WORDS_SOURCE_PORT);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dprintf(open_log(directory, "first.csv"), "%u,%s\n", port, name);
	if (enter(name) && await_way(&call.target)) {
		resolve_quickly();
		make_call(&log, &call);
	}
	_exit(0);
}

static _Noreturn void speak_first(const char *directory, const char *server)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	int watch = inotify_init1(IN_CLOEXEC);
	unsigned port = FIRST_WORDS_PORT;
	ssize_t got;

	signal(SIGCHLD, SIG_IGN);
	if (watch < 0 || inotify_add_watch(watch, NETNS_DIRECTORY, IN_CREATE) < 0)
		fail(NETNS_DIRECTORY);
	while ((got = read(watch, events, sizeof(events))) > 0) {
		for (char *at = events; at < events + got;) {
			struct inotify_event *event = (struct inotify_event *)(void *)at;

			at += sizeof(*event) + event->len;
			if (fork() == 0)
				say_first_words(directory, event->name, server, port);
			port++;
		}
	}
	fail("inotify");
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	signal(SIGPIPE, SIG_IGN);
	if (strcmp(verb, "serve") == 0 && argc == 3)
		serve(argv[2]);
	if (strcmp(verb, "call") == 0 && argc == 8)
		return call_at_random(argv + 2);
	if (strcmp(verb, "first") == 0 && argc == 4)
		speak_first(argv[2], argv[3]);
	fprintf(stderr, "usage: churn serve|call|first ... (see churn.c)\n");
	return 2;
}
