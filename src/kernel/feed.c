#include "kernel/feed.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/netfilter/nfnetlink.h>

#include "kernel/ct_decode.h"
#include "kernel/ct_filter.h"
#include "kernel/ct_request.h"
#include "kernel/nflog_decode.h"
#include "kernel/nlsock.h"
#include "kernel/wire.h"

#define CT_BATCH 64
/* An event is at most a few hundred bytes, its security context aside. */
#define CT_DATAGRAM_MAX 2048
/* A batch is one allocation of at most this size (nfulnl_set_nlbufsiz() in the kernel). */
#define LOG_DATAGRAM_MAX NFLOG_BATCH_BYTES_MAX

/* A socket that listens, and what is known of its losses. */
struct listener {
	struct nlsock *sock;
	size_t granted;
	uint32_t drops;
};

struct ct_feed {
	struct listener listener;
	struct mmsghdr headers[CT_BATCH];
	struct iovec vectors[CT_BATCH];
	struct sockaddr_nl senders[CT_BATCH];
	unsigned char datagrams[CT_BATCH][CT_DATAGRAM_MAX];
};

struct log_feed {
	struct listener listener;
	uint32_t sequence; /* the next one expected; a group starts at 0 */
	int error;         /* negative errno: the kernel refused our settings */
	unsigned char datagram[LOG_DATAGRAM_MAX];
};

static int listener_open(struct listener *listener, size_t buffer_size, int fd,
			 uint32_t drops_before)
{
	int r;

	r = fd < 0 ? nlsock_open(&listener->sock) : nlsock_adopt(fd, &listener->sock);
	if (r == 0)
		r = nlsock_set_buffer(listener->sock, buffer_size);
	if (r == 0)
		r = nlsock_buffer(listener->sock, &listener->granted);
	if (r == 0)
		r = nlsock_stay_open(listener->sock);
	if (r == 0)
		r = nlsock_set_reliable(listener->sock, false);
	listener->drops = fd < 0 ? 0 : drops_before;
	return r;
}

static int forget(int fd, int error)
{
	if (fd >= 0)
		close(fd);
	return error;
}

static int listener_new_drops(struct listener *listener, uint64_t *ret)
{
	uint32_t now;
	int r = nlsock_drops(listener->sock, &now);

	if (r < 0)
		return r;
	*ret = now - listener->drops;
	listener->drops = now;
	return 0;
}

static int set_filter(struct nlsock *sock, const struct ct_feed_options *options)
{
	struct ct_filter filter;
	int r;

	r = ct_filter_build(options->excluded, options->excluded_count, &filter);
	if (r < 0)
		return r;
	return nlsock_set_filter(sock, filter.code, filter.length);
}

int ct_feed_open(const struct ct_feed_options *options, struct ct_feed **ret)
{
	struct ct_feed *feed = calloc(1, sizeof(*feed));
	int r;

	if (!feed)
		return forget(options->fd, -ENOMEM);
	r = listener_open(&feed->listener, options->buffer_size, options->fd,
			  options->drops_before);
	if (r == 0)
		r = set_filter(feed->listener.sock, options);
	if (r == 0)
		r = nlsock_join(feed->listener.sock, NFNLGRP_CONNTRACK_NEW);
	if (r == 0)
		r = nlsock_join(feed->listener.sock, NFNLGRP_CONNTRACK_DESTROY);
	if (r < 0) {
		ct_feed_close(feed);
		return r;
	}
	for (size_t i = 0; i < CT_BATCH; i++) {
		feed->vectors[i].iov_base = feed->datagrams[i];
		feed->vectors[i].iov_len = sizeof(feed->datagrams[i]);
		feed->headers[i].msg_hdr.msg_iov = &feed->vectors[i];
		feed->headers[i].msg_hdr.msg_iovlen = 1;
		feed->headers[i].msg_hdr.msg_name = &feed->senders[i];
	}
	*ret = feed;
	return 0;
}

struct ct_feed *ct_feed_close(struct ct_feed *feed)
{
	if (!feed)
		return NULL;
	nlsock_close(feed->listener.sock);
	free(feed);
	return NULL;
}

int ct_feed_fd(const struct ct_feed *feed)
{
	return nlsock_fd(feed->listener.sock);
}

size_t ct_feed_granted(const struct ct_feed *feed)
{
	return feed->listener.granted;
}

uint32_t ct_feed_drops(const struct ct_feed *feed)
{
	return feed->listener.drops;
}

int ct_feed_set_reliable(struct ct_feed *feed, bool reliable)
{
	return nlsock_set_reliable(feed->listener.sock, reliable);
}

int ct_feed_gauge(const struct ct_feed *feed, struct ct_gauge *ret)
{
	struct ct_gauge gauge = {.granted = feed->listener.granted};
	int r = nlsock_drops(feed->listener.sock, &gauge.drops);

	if (r == 0)
		r = nlsock_queued(feed->listener.sock, &gauge.queued);
	if (r == 0)
		*ret = gauge;
	return r;
}

static void take_events(const struct mmsghdr *header, conntrack_event_fn *fn, void *context,
			struct ct_burst *burst)
{
	struct wire wire = wire_of(header->msg_hdr.msg_iov->iov_base, header->msg_len);
	struct conntrack_event event;
	struct wire_message message;
	int r;

	if (!nlsock_from_kernel(&header->msg_hdr))
		return;
	if (header->msg_hdr.msg_flags & MSG_TRUNC) {
		burst->undecodable++;
		return;
	}
	while ((r = wire_next_message(&wire, &message)) > 0) {
		if (ct_decode(message.bytes, message.header.nlmsg_len, CT_MULTICAST, &event) < 0) {
			burst->undecodable++;
			continue;
		}
		burst->events++;
		fn(context, &event);
	}
	if (r < 0)
		burst->undecodable++;
}

static int receive_events(struct ct_feed *feed, conntrack_event_fn *fn, void *context,
			  struct ct_burst *burst)
{
	int count;

	for (size_t i = 0; i < CT_BATCH; i++)
		feed->headers[i].msg_hdr.msg_namelen = sizeof(feed->senders[i]);
	count = recvmmsg(ct_feed_fd(feed), feed->headers, CT_BATCH, MSG_DONTWAIT, NULL);
	if (count < 0)
		return -errno;
	for (int i = 0; i < count; i++)
		take_events(&feed->headers[i], fn, context, burst);
	return count;
}

int ct_feed_read(struct ct_feed *feed, conntrack_event_fn *fn, void *context, size_t budget,
		 struct ct_burst *ret)
{
	struct ct_burst burst = {0};
	size_t messages = 0;
	int r = 0;

	while (messages < budget) {
		r = receive_events(feed, fn, context, &burst);
		if (r == -EINTR)
			continue;
		if (r == -ENOBUFS) {
			burst.overruns++;
			continue;
		}
		if (r <= 0)
			break;
		messages += (size_t)r;
		if (r < CT_BATCH)
			break;
	}
	if (r < 0 && r != -EAGAIN && messages == 0)
		return r;
	r = listener_new_drops(&feed->listener, &burst.drops);
	if (r < 0 && messages == 0)
		return r;
	*ret = burst;
	return 0;
}

static int bind_group(struct nlsock *sock, const struct log_feed_options *options)
{
	union request request;
	int r;

	nflog_request_bind(&request, options->group, &options->settings);
	r = nlsock_exchange(sock, &request, request.header.nlmsg_len, NULL, NULL);
	/* The kernel says -EPERM for both: somebody else's group, and a lack of rights. */
	if (r == -EPERM && nlsock_probe(sock) == 0)
		r = -EBUSY;
	return r;
}

/* Waiting for the answer would mean to read past the packets it stands behind. */
static int send_settings(struct nlsock *sock, const struct log_feed_options *options)
{
	union request request;

	nflog_request_settings(&request, options->group, &options->settings);
	return nlsock_send(sock, &request, request.header.nlmsg_len);
}

int log_feed_open(const struct log_feed_options *options, struct log_feed **ret)
{
	struct log_feed *feed = calloc(1, sizeof(*feed));
	const bool adopted = options->fd >= 0;
	int r;

	if (!feed)
		return forget(options->fd, -ENOMEM);
	feed->sequence = adopted ? options->sequence_before : 0;
	r = listener_open(&feed->listener, options->buffer_size, options->fd,
			  options->drops_before);
	if (r == 0)
		r = adopted ? send_settings(feed->listener.sock, options)
			    : bind_group(feed->listener.sock, options);
	if (r < 0) {
		log_feed_close(feed);
		return r;
	}
	*ret = feed;
	return 0;
}

struct log_feed *log_feed_close(struct log_feed *feed)
{
	if (!feed)
		return NULL;
	nlsock_close(feed->listener.sock);
	free(feed);
	return NULL;
}

int log_feed_fd(const struct log_feed *feed)
{
	return nlsock_fd(feed->listener.sock);
}

uint32_t log_feed_sequence(const struct log_feed *feed)
{
	return feed->sequence;
}

uint32_t log_feed_drops(const struct log_feed *feed)
{
	return feed->listener.drops;
}

static void take_sequence(struct log_feed *feed, uint32_t sequence, struct log_burst *burst)
{
	uint32_t missing = sequence - feed->sequence;

	if (missing <= INT32_MAX)
		burst->lost += missing;
	feed->sequence = sequence + 1;
}

static void take_packet(struct log_feed *feed, const struct wire_message *message,
			packet_event_fn *fn, void *context, struct log_burst *burst)
{
	const size_t length = message->header.nlmsg_len;
	struct packet_event event;
	uint32_t sequence;

	if (nflog_decode(message->bytes, length, &event) < 0) {
		burst->undecodable++;
		if (nflog_decode_sequence(message->bytes, length, &sequence) == 0)
			take_sequence(feed, sequence, burst);
		return;
	}
	if (event.has_sequence)
		take_sequence(feed, event.sequence, burst);
	burst->packets++;
	fn(context, &event);
}

static void take_refusal(struct log_feed *feed, const struct wire_message *message)
{
	int error;

	if (message->header.nlmsg_len < sizeof(message->header) + sizeof(error))
		return;
	memcpy(&error, message->bytes + sizeof(message->header), sizeof(error));
	if (error < 0)
		feed->error = error;
}

static void take_packets(struct log_feed *feed, size_t length, packet_event_fn *fn, void *context,
			 struct log_burst *burst)
{
	struct wire wire = wire_of(feed->datagram, length);
	struct wire_message message;
	int r;

	while ((r = wire_next_message(&wire, &message)) > 0)
		if (message.header.nlmsg_type >= NLMSG_MIN_TYPE)
			take_packet(feed, &message, fn, context, burst);
		else if (message.header.nlmsg_type == NLMSG_ERROR)
			take_refusal(feed, &message);
	if (r < 0)
		burst->undecodable++;
}

/* 1: a datagram was taken. */
static int receive_packets(struct log_feed *feed, packet_event_fn *fn, void *context,
			   struct log_burst *burst)
{
	struct iovec vector = {.iov_base = feed->datagram, .iov_len = sizeof(feed->datagram)};
	struct sockaddr_nl sender = {0};
	struct msghdr header = {
	    .msg_name = &sender,
	    .msg_namelen = sizeof(sender),
	    .msg_iov = &vector,
	    .msg_iovlen = 1,
	};
	ssize_t length = recvmsg(log_feed_fd(feed), &header, MSG_DONTWAIT);

	if (length < 0)
		return -errno;
	if (!nlsock_from_kernel(&header))
		return 1;
	if (header.msg_flags & MSG_TRUNC)
		burst->undecodable++;
	else
		take_packets(feed, (size_t)length, fn, context, burst);
	return 1;
}

static uint64_t messages_in(const struct log_burst *burst)
{
	return burst->packets + burst->undecodable;
}

int log_feed_read(struct log_feed *feed, packet_event_fn *fn, void *context, size_t budget,
		  struct log_burst *ret)
{
	struct log_burst burst = {0};
	size_t datagrams = 0;
	int r = 0;

	while (!feed->error && messages_in(&burst) < budget && datagrams < budget) {
		r = receive_packets(feed, fn, context, &burst);
		if (r > 0)
			datagrams++;
		else if (r == -ENOBUFS)
			burst.overruns++;
		else if (r != -EINTR)
			break;
	}
	if (feed->error && messages_in(&burst) == 0)
		return feed->error;
	if (r < 0 && r != -EAGAIN && datagrams == 0)
		return r;
	r = listener_new_drops(&feed->listener, &burst.drops);
	if (r < 0 && datagrams == 0)
		return r;
	*ret = burst;
	return 0;
}
