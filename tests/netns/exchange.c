/*
 * Connections of which each asks an address of its own, so that each is an edge of its own.
 *
 *   exchange serve PORT                       echoes UDP and TCP, whatever local address was asked
 *   exchange ask PORT SEED PER_SECOND LASTING
 *
 * ask begins PER_SECOND short exchanges a second, half UDP and half TCP, of random length, and has
 * LASTING connections that go on and on. After SIGUSR1 nothing new is begun or sent; once no
 * answer is due it prints how many connections it began, and keeps those that are open so until
 * it is ended.
 */
#include <errno.h>
#include <inttypes.h>
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
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#define FIRST_ADDRESS 0x0a600100u /* 10.96.1.0 */
#define MESSAGE_MAX 900u
#define ROUNDS_MAX 4u
#define WAKE_UPS 64
#define LASTING_INTERVAL INT64_C(50000000)
#define PATIENCE INT64_C(1000000000)
#define NSEC_PER_SEC INT64_C(1000000000)

struct talk {
	int fd;
	bool lasting;
	unsigned rounds;
	size_t awaited; /* bytes of the answer that have not come */
};

struct asker {
	int epoll;
	uint16_t port;
	uint64_t random;
	uint64_t rate;
	uint32_t begun;
	size_t lasting_count;
	struct talk **lasting;
	size_t unanswered;
};

static const unsigned char filler[MESSAGE_MAX];

static int fail(const char *what)
{
	fprintf(stderr, "exchange: %s: %s\n", what, strerror(errno));
	return 1;
}

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * NSEC_PER_SEC + time.tv_nsec;
}

/* xorshift64: the same seed, the same exchanges. */
static uint64_t next_random(struct asker *asker)
{
	asker->random ^= asker->random << 13;
	asker->random ^= asker->random >> 7;
	asker->random ^= asker->random << 17;
	return asker->random;
}

static int watch(int epoll, int fd, void *data)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = data};

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static int listen_on(int type, uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int one = 1;

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	if (type == SOCK_DGRAM)
		return setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one)) < 0 ? -1 : fd;
	return listen(fd, 4096) < 0 ? -1 : fd;
}

/* The packet information that came in names the address that was asked; sent back, it is the one
 * that answers. */
static void echo_datagrams(int fd)
{
	unsigned char bytes[MESSAGE_MAX];
	char control[CMSG_SPACE(sizeof(struct in_pktinfo))];
	struct sockaddr_in client;
	struct iovec vector = {.iov_base = bytes};
	struct msghdr header = {.msg_name = &client, .msg_iov = &vector, .msg_iovlen = 1};
	ssize_t length;

	for (;;) {
		vector.iov_len = sizeof(bytes);
		header.msg_namelen = sizeof(client);
		header.msg_control = control;
		header.msg_controllen = sizeof(control);
		length = recvmsg(fd, &header, 0);
		if (length < 0)
			return;
		vector.iov_len = (size_t)length;
		((struct in_pktinfo *)CMSG_DATA(CMSG_FIRSTHDR(&header)))->ipi_ifindex = 0;
		sendmsg(fd, &header, 0);
	}
}

static void accept_all(int epoll, int listener)
{
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			return;
		if (watch(epoll, fd, (void *)(intptr_t)fd) < 0)
			close(fd);
	}
}

static void echo_stream(int fd)
{
	unsigned char bytes[MESSAGE_MAX];
	ssize_t length = read(fd, bytes, sizeof(bytes));

	if (length == 0 || (length < 0 && errno != EAGAIN))
		close(fd);
	else if (length > 0 && write(fd, bytes, (size_t)length) < 0)
		close(fd);
}

static int serve(uint16_t port)
{
	struct epoll_event events[WAKE_UPS];
	int datagrams = listen_on(SOCK_DGRAM, port);
	int listener = listen_on(SOCK_STREAM, port);
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int count;

	if (datagrams < 0 || listener < 0 || epoll < 0 ||
	    watch(epoll, datagrams, (void *)(intptr_t)datagrams) < 0 ||
	    watch(epoll, listener, (void *)(intptr_t)listener) < 0)
		return fail("serve");
	for (;;) {
		count = epoll_wait(epoll, events, WAKE_UPS, -1);
		for (int i = 0; i < count; i++) {
			int fd = (int)(intptr_t)events[i].data.ptr;

			if (fd == datagrams)
				echo_datagrams(fd);
			else if (fd == listener)
				accept_all(epoll, fd);
			else
				echo_stream(fd);
		}
	}
}

static int say(struct asker *asker, struct talk *talk)
{
	size_t length = 1 + next_random(asker) % MESSAGE_MAX;

	if (send(talk->fd, filler, length, MSG_NOSIGNAL) != (ssize_t)length)
		return -1;
	talk->awaited = length;
	asker->unanswered++;
	return 0;
}

static void end(struct talk *talk)
{
	close(talk->fd);
	free(talk);
}

static struct talk *begin(struct asker *asker, bool lasting)
{
	uint32_t number = asker->begun;
	struct sockaddr_in address = {
	    .sin_family = AF_INET,
	    .sin_port = htons(asker->port),
	    .sin_addr.s_addr = htonl(FIRST_ADDRESS + number),
	};
	struct talk *talk = calloc(1, sizeof(*talk));

	if (!talk)
		return NULL;
	talk->lasting = lasting;
	talk->rounds = 1 + (unsigned)(next_random(asker) % ROUNDS_MAX);
	talk->fd = socket(AF_INET, (number % 2 ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
	if (talk->fd < 0 || connect(talk->fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    watch(asker->epoll, talk->fd, talk) < 0 || say(asker, talk) < 0) {
		end(talk);
		return NULL;
	}
	asker->begun++;
	return talk;
}

static void hear(struct asker *asker, struct talk *talk, bool quiet)
{
	unsigned char bytes[MESSAGE_MAX];
	ssize_t length = recv(talk->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (length <= 0)
		return;
	talk->awaited -= (size_t)length > talk->awaited ? talk->awaited : (size_t)length;
	if (talk->awaited)
		return;
	asker->unanswered--;
	if (talk->lasting || quiet)
		return;
	if (--talk->rounds == 0 || say(asker, talk) < 0)
		end(talk);
}

static void go_on(struct asker *asker)
{
	for (size_t i = 0; i < asker->lasting_count; i++)
		if (!asker->lasting[i]->awaited)
			say(asker, asker->lasting[i]);
}

static void hear_all(struct asker *asker, bool quiet)
{
	struct epoll_event events[WAKE_UPS];
	int count = epoll_wait(asker->epoll, events, WAKE_UPS, 2);

	for (int i = 0; i < count; i++)
		hear(asker, events[i].data.ptr, quiet);
}

static int begin_lasting(struct asker *asker)
{
	asker->lasting = calloc(asker->lasting_count + 1, sizeof(struct talk *));
	for (size_t i = 0; asker->lasting && i < asker->lasting_count; i++) {
		asker->lasting[i] = begin(asker, true);
		if (!asker->lasting[i])
			return fail("a lasting connection");
	}
	return asker->lasting ? 0 : fail("memory");
}

static int talk_until_told(struct asker *asker, int told)
{
	struct signalfd_siginfo information;
	int64_t started = now();
	int64_t last = started;
	uint64_t due;

	while (read(told, &information, sizeof(information)) < 0) {
		due = (uint64_t)((double)(now() - started) * (double)asker->rate / 1e9);
		while (asker->begun - asker->lasting_count < due)
			if (!begin(asker, false))
				return fail("an exchange");
		if (now() - last >= LASTING_INTERVAL) {
			last = now();
			go_on(asker);
		}
		hear_all(asker, false);
	}
	return 0;
}

static int ask(struct asker *asker)
{
	sigset_t signals;
	int64_t until;
	int told;
	int r;

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	told = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	asker->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (told < 0 || asker->epoll < 0)
		return fail("ask");
	r = begin_lasting(asker);
	if (r == 0)
		r = talk_until_told(asker, told);
	for (until = now() + PATIENCE; r == 0 && asker->unanswered && now() < until;)
		hear_all(asker, true);
	if (r == 0) {
		printf("%" PRIu32 "\n", asker->begun);
		fflush(stdout);
		pause();
	}
	return r;
}

int main(int argc, char **argv)
{
	struct asker asker = {0};

	if (argc == 3 && strcmp(argv[1], "serve") == 0)
		return serve((uint16_t)atoi(argv[2]));
	if (argc == 6 && strcmp(argv[1], "ask") == 0) {
		asker.port = (uint16_t)atoi(argv[2]);
		asker.random = strtoull(argv[3], NULL, 10) * 2 + 1;
		asker.rate = strtoull(argv[4], NULL, 10);
		asker.lasting_count = strtoul(argv[5], NULL, 10);
		return ask(&asker);
	}
	fputs("usage: exchange serve PORT | ask PORT SEED PER_SECOND LASTING\n", stderr);
	return 2;
}
