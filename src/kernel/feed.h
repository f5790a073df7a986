/*
 * The kernel's streams as the collector's loop uses them: conntrack events and logged packets.
 *
 * Every object belongs to one thread. The file descriptors of ct_feed and log_feed are non-blocking
 * and level-triggered: wait for input, then read; they stay valid until close.
 */
#ifndef NETPOL_KERNEL_FEED_H
#define NETPOL_KERNEL_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "kernel/event.h"
#include "kernel/nflog_request.h"

/* The event is valid during the call only. */
typedef void conntrack_event_fn(void *context, const struct conntrack_event *event);
typedef void packet_event_fn(void *context, const struct packet_event *event);

/*
 * Conntrack events, NEW and DESTROY. Groups 1 and 3 alone: UPDATE (2) comes with every step of a
 * TCP connection. An entry emits events only if it was made while somebody listened or
 * net.netfilter.nf_conntrack_events was 1.
 */
struct ct_feed;

/*
 * What one ct_feed_read() met. drops counts datagrams the socket could not take since the last
 * read: an upper bound, see nlsock_drops(). overruns counts ENOBUFS from receive: 0 as long as the
 * socket stays open on overrun (nlsock_stay_open()).
 */
struct ct_burst {
	uint64_t events;      /* handed over */
	uint64_t undecodable; /* messages of the kernel that ct_decode() refused */
	uint64_t overruns;
	uint64_t drops;
};

/*
 * buffer_size: bytes to ask for, see nlsock_set_buffer(); an event is charged 1280 of the granted
 * ones. excluded: connections whose original source or destination lies there give no events and
 * cost no buffer (ct_filter_build()); the array is not kept.
 *
 * fd: -1, or the socket of a feed in an earlier process (ct_feed_fd()), passed on with the events
 * it has queued; owned from the call on, also when it fails. Buffer and filter are set again, and
 * it is not reliable until that is asked for. What was queued passed the filter of its time.
 */
struct ct_feed_options {
	size_t buffer_size;
	const struct prefix *excluded;
	size_t excluded_count; /* 0..CT_FILTER_PREFIXES_MAX */
	int fd;
	uint32_t drops_before; /* with fd: the earlier ct_feed_drops() */
};

/*
 * -EPERM: no CAP_NET_ADMIN over this network namespace; -EINVAL: excluded, or fd is something else;
 * -ENOMEM: also when the filter is beyond net.core.optmem_max.
 */
int ct_feed_open(const struct ct_feed_options *options, struct ct_feed **ret);
struct ct_feed *ct_feed_close(struct ct_feed *feed); /* NULL is allowed; returns NULL */
int ct_feed_fd(const struct ct_feed *feed);
size_t ct_feed_granted(const struct ct_feed *feed); /* bytes in force, as nlsock_buffer() */
/* The socket's own count of drops, as far as ct_feed_read() has told of them. */
uint32_t ct_feed_drops(const struct ct_feed *feed);

/*
 * Reliable: an entry whose DESTROY does not fit into the buffer stays on the kernel's dying list,
 * and in nf_conntrack_count, and the DESTROY is sent again until it fits: about a second later,
 * then every 10 ms or with the next one that fits. A NEW that does not fit is sent again only with
 * the entry's next event, so it may never come. drops then counts attempts. A reader that has
 * stopped fills the table. Off in a new feed.
 */
int ct_feed_set_reliable(struct ct_feed *feed, bool reliable);

/* How the event socket stands; any process that has it may look. */
struct ct_gauge {
	uint32_t drops;  /* since the socket was made, see nlsock_drops(); wraps */
	uint32_t queued; /* bytes of the buffer that are taken */
	size_t granted;  /* of so many */
};
int ct_feed_gauge(const struct ct_feed *feed, struct ct_gauge *ret);

/*
 * Reads until the socket is empty or budget messages were read (one batch of at most 64 may go
 * beyond). An error that comes after something was read is left for the next call. Call it now and
 * then without input too: the drop counter is read at the end of every call. Errors: those of
 * recvmmsg(2), but neither EAGAIN, EINTR nor ENOBUFS.
 */
int ct_feed_read(struct ct_feed *feed, conntrack_event_fn *fn, void *context, size_t budget,
		 struct ct_burst *ret);

/* Defaults that suit a node: a batch of 128 copies of 128 bytes takes 27 KiB. */
#define LOG_FEED_QUEUE_THRESHOLD 128
#define LOG_FEED_TIMEOUT 10 /* 100 ms */
#define LOG_FEED_COPY_RANGE 128
#define LOG_FEED_BATCH_BYTES 65536

/*
 * The kernel keeps a batch until it is full or its timeout is over, and nothing makes it send one
 * earlier: a packet is told at most settings.timeout (1/100 s) after it was logged. A batch of
 * which less than half was used is cut to size before the buffer is charged.
 *
 * fd: -1, or the socket of a feed in an earlier process (log_feed_fd()), as in struct
 * ct_feed_options. The settings are sent again, and if the socket does not hold the group,
 * log_feed_read() fails with -ENODEV or, as it is somebody else's, -EPERM, once all before was
 * read.
 */
struct log_feed_options {
	uint16_t group;
	struct nflog_settings settings;
	size_t buffer_size; /* see nlsock_set_buffer() */
	int fd;
	uint32_t sequence_before; /* with fd: the earlier log_feed_sequence() */
	uint32_t drops_before;    /* with fd: the earlier log_feed_drops() */
};

/*
 * One NFLOG group: packets that a log rule sent there. A group has one listener; without one its
 * rules log nothing.
 */
struct log_feed;

/*
 * What one log_feed_read() met. lost counts missing sequence numbers; the last ones lost show only
 * when another message comes. overruns and drops as in struct ct_burst; here a datagram is a whole
 * batch.
 */
struct log_burst {
	uint64_t packets;     /* handed over */
	uint64_t undecodable; /* messages that nflog_decode() refused; not part of lost */
	uint64_t lost;
	uint64_t overruns;
	uint64_t drops;
};

/*
 * -EBUSY: another socket has the group; -EPERM: no CAP_NET_ADMIN; -ERANGE: batch_bytes out of
 * range; -EINVAL, -ENOTSOCK: fd is something else.
 */
int log_feed_open(const struct log_feed_options *options, struct log_feed **ret);
struct log_feed *log_feed_close(struct log_feed *feed); /* NULL is allowed; returns NULL */
int log_feed_fd(const struct log_feed *feed);
uint32_t log_feed_sequence(const struct log_feed *feed); /* the next number expected */
uint32_t log_feed_drops(const struct log_feed *feed);    /* as ct_feed_drops() */

/*
 * As ct_feed_read(); one batch of the kernel may go beyond the budget. -ENODEV, -EPERM, from then
 * on: the adopted socket does not hold the group.
 */
int log_feed_read(struct log_feed *feed, packet_event_fn *fn, void *context, size_t budget,
		  struct log_burst *ret);

#endif
