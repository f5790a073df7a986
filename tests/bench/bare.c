/*
 * The yardstick: reads what netpold reads, the way netpold reads it, and looks at nothing.
 *
 * The same groups with the same socket options and buffer, the same log group with the same
 * settings, each on a thread of its own so that the kernel keeps their processor time apart. Says
 * "ready" on stderr, and what it read on stdout once SIGTERM came and both sockets are empty.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "kernel/feed.h"
#include "kernel/nflog_request.h"
#include "kernel/nlsock.h"

#define BATCH 64
#define DATAGRAM_MAX 2048

struct options {
	size_t buffer;
	uint16_t group;
	bool events;
	bool log;
	bool reliable;
};

struct stream {
	struct nlsock *sock;
	int stop; /* an eventfd: readable once no more is to be waited for */
	int error;
	uint64_t datagrams;
	uint64_t bytes;
	int64_t cpu; /* µs */
	size_t datagram_max;
	int batch;
	unsigned char *memory;
	struct mmsghdr headers[BATCH];
	struct iovec vectors[BATCH];
};

static void usage(void)
{
	fputs("usage: bare [-E] [-L] [-U] [-b BUFFER_BYTES] [-g LOG_GROUP]\n"
	      "  -E no events, -L no log group, -U do not ask for retries "
	      "(NETLINK_BROADCAST_ERROR)\n",
	      stderr);
	exit(2);
}

static unsigned long number(const char *text, unsigned long max)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || value > max)
		usage();
	return value;
}

static struct options take_options(int argc, char **argv)
{
	struct options options = {
	    .buffer = 32 << 20,
	    .group = 100,
	    .events = true,
	    .log = true,
	    .reliable = true,
	};
	int option;

	while ((option = getopt(argc, argv, "ELUb:g:")) != -1) {
		switch (option) {
		case 'E':
			options.events = false;
			break;
		case 'L':
			options.log = false;
			break;
		case 'U':
			options.reliable = false;
			break;
		case 'b':
			options.buffer = number(optarg, 1 << 30);
			break;
		case 'g':
			options.group = (uint16_t)number(optarg, UINT16_MAX);
			break;
		default:
			usage();
		}
	}
	if (optind != argc)
		usage();
	return options;
}

static int stream_open(struct stream *stream, int batch, size_t datagram_max, size_t buffer)
{
	int r;

	stream->batch = batch;
	stream->datagram_max = datagram_max;
	stream->memory = calloc((size_t)batch, datagram_max);
	stream->stop = eventfd(0, EFD_CLOEXEC);
	if (!stream->memory || stream->stop < 0)
		return -ENOMEM;
	for (int i = 0; i < batch; i++) {
		stream->vectors[i].iov_base = stream->memory + (size_t)i * datagram_max;
		stream->vectors[i].iov_len = datagram_max;
		stream->headers[i].msg_hdr.msg_iov = &stream->vectors[i];
		stream->headers[i].msg_hdr.msg_iovlen = 1;
	}
	r = nlsock_open(&stream->sock);
	if (r == 0)
		r = nlsock_set_buffer(stream->sock, buffer);
	if (r == 0)
		r = nlsock_stay_open(stream->sock);
	return r;
}

static int open_events(struct stream *stream, const struct options *options)
{
	int one = 1;
	int r = stream_open(stream, BATCH, DATAGRAM_MAX, options->buffer);

	if (r == 0 && options->reliable &&
	    setsockopt(nlsock_fd(stream->sock), SOL_NETLINK, NETLINK_BROADCAST_ERROR, &one,
		       sizeof(one)) < 0)
		r = -errno;
	if (r == 0)
		r = nlsock_join(stream->sock, NFNLGRP_CONNTRACK_NEW);
	if (r == 0)
		r = nlsock_join(stream->sock, NFNLGRP_CONNTRACK_DESTROY);
	return r;
}

static int open_log(struct stream *stream, const struct options *options)
{
	const struct nflog_settings settings = {
	    .copy_range = LOG_FEED_COPY_RANGE,
	    .queue_threshold = LOG_FEED_QUEUE_THRESHOLD,
	    .timeout = LOG_FEED_TIMEOUT,
	    .batch_bytes = LOG_FEED_BATCH_BYTES,
	};
	union request request;
	int r = stream_open(stream, 1, NFLOG_BATCH_BYTES_MAX, options->buffer);

	nflog_request_bind(&request, options->group, &settings);
	if (r == 0)
		r = nlsock_exchange(stream->sock, &request, request.header.nlmsg_len, NULL, NULL);
	return r;
}

/* Until the socket is empty. */
static int read_all(struct stream *stream)
{
	int count;

	do {
		count = recvmmsg(nlsock_fd(stream->sock), stream->headers, (unsigned)stream->batch,
				 MSG_DONTWAIT, NULL);
		if (count < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		stream->datagrams += (uint64_t)count;
		for (int i = 0; i < count; i++)
			stream->bytes += stream->headers[i].msg_len;
	} while (count == stream->batch);
	return 0;
}

static int64_t microseconds(struct timeval time)
{
	return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

static void *run(void *argument)
{
	struct stream *stream = argument;
	struct pollfd sources[] = {
	    {.fd = nlsock_fd(stream->sock), .events = POLLIN},
	    {.fd = stream->stop, .events = POLLIN},
	};
	struct rusage usage;

	while (!stream->error && !(sources[1].revents & POLLIN)) {
		if (poll(sources, 2, -1) < 0 && errno != EINTR)
			stream->error = -errno;
		else
			stream->error = read_all(stream);
	}
	getrusage(RUSAGE_THREAD, &usage);
	stream->cpu = microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
	return NULL;
}

static int start(struct stream *stream, pthread_t *ret)
{
	return stream->sock ? -pthread_create(ret, NULL, run, stream) : 0;
}

static void stop(struct stream *stream, pthread_t thread)
{
	const uint64_t one = 1;

	if (!stream->sock)
		return;
	if (write(stream->stop, &one, sizeof(one)) == sizeof(one))
		pthread_join(thread, NULL);
}

static uint32_t drops(const struct stream *stream)
{
	uint32_t count = 0;

	if (stream->sock)
		nlsock_drops(stream->sock, &count);
	return count;
}

static void print(const struct stream *events, const struct stream *log)
{
	printf("{\"events\":%" PRIu64 ",\"events_cpu_us\":%" PRId64 ",\"events_drops\":%" PRIu32
	       ",\"log_batches\":%" PRIu64 ",\"log_bytes\":%" PRIu64 ",\"log_cpu_us\":%" PRId64
	       ",\"log_drops\":%" PRIu32 "}\n",
	       events->datagrams, events->cpu, drops(events), log->datagrams, log->bytes, log->cpu,
	       drops(log));
}

int main(int argc, char **argv)
{
	static struct stream events;
	static struct stream log;
	struct options options = take_options(argc, argv);
	pthread_t event_thread = 0;
	pthread_t log_thread = 0;
	sigset_t signals;
	int number_of_signal;
	int r = 0;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	if (options.events)
		r = open_events(&events, &options);
	if (r == 0 && options.log)
		r = open_log(&log, &options);
	if (r == 0)
		r = start(&events, &event_thread);
	if (r == 0)
		r = start(&log, &log_thread);
	if (r < 0) {
		fprintf(stderr, "bare: %s\n", strerror(-r));
		return 1;
	}
	fputs("ready\n", stderr);
	sigwait(&signals, &number_of_signal);
	stop(&events, event_thread);
	stop(&log, log_thread);
	print(&events, &log);
	return events.error || log.error;
}
