/*
 * A netlink socket to netfilter: non-blocking, close-on-exec, one owner, one thread.
 *
 * Every request of netfilter needs CAP_NET_ADMIN over the network namespace; so does joining a
 * group.
 */
#ifndef NETPOL_KERNEL_NLSOCK_H
#define NETPOL_KERNEL_NLSOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <linux/filter.h>

#include "kernel/answer.h"

/* How long the kernel may be silent within an exchange, and how long the whole may take. */
#define NLSOCK_SILENCE_MSEC 2000
#define NLSOCK_TOTAL_MSEC 60000

/* A dump is cut into datagrams of at most this size (netlink_recvmsg() caps them at 32 KiB). */
#define NLSOCK_DATAGRAM_MAX 32768

struct nlsock;

int nlsock_open(struct nlsock **ret);
/*
 * A socket that another process made and passed on: with what it has queued, joined and bound, and
 * its port. Owns fd from the call on, also when it fails. -ENOTSOCK, -EINVAL: not a socket to
 * netfilter.
 *
 * A copy of the descriptor that somebody else keeps (SCM_RIGHTS, systemd's store) holds the socket
 * open past nlsock_close().
 */
int nlsock_adopt(int fd, struct nlsock **ret);
struct nlsock *nlsock_close(struct nlsock *sock); /* NULL is allowed; returns NULL */
int nlsock_fd(const struct nlsock *sock);
uint32_t nlsock_port(const struct nlsock *sock); /* nl_pid */

/*
 * Receive buffer: SO_RCVBUFFORCE, else SO_RCVBUF, which the kernel cuts silently to
 * net.core.rmem_max. Both double the value; nlsock_buffer() reads back what is in force
 * (SO_RCVBUF), so ask for N and expect 2 N. A queued datagram is charged with its whole allocation:
 * 1280 bytes for a conntrack event of 150 to 250.
 */
int nlsock_set_buffer(struct nlsock *sock, size_t bytes);
int nlsock_buffer(const struct nlsock *sock, size_t *ret);

/*
 * NETLINK_NO_ENOBUFS: without it one overrun drops everything more until the queue has been read
 * empty; with it only what does not fit is dropped, and nlsock_drops() alone tells.
 */
int nlsock_stay_open(struct nlsock *sock);

/*
 * NETLINK_BROADCAST_ERROR: the sender of a multicast learns that it did not fit. conntrack then
 * keeps the entry and sends its DESTROY again.
 */
int nlsock_set_reliable(struct nlsock *sock, bool reliable);

/*
 * SO_ATTACH_FILTER: runs on every datagram before it is queued, in place of any filter before it;
 * what it refuses is neither charged to the buffer nor a drop. code is not kept.
 */
int nlsock_set_filter(struct nlsock *sock, const struct sock_filter *code, unsigned short length);

/* NETLINK_ADD_MEMBERSHIP: NFNLGRP_*. */
int nlsock_join(struct nlsock *sock, unsigned group);

/*
 * SO_MEMINFO: datagrams this socket could not take since it was made; wraps. It counts attempts: an
 * event that is sent again counts twice.
 */
int nlsock_drops(const struct nlsock *sock, uint32_t *ret);
/* SO_MEMINFO: bytes of the receive buffer that are taken now. */
int nlsock_queued(const struct nlsock *sock, uint32_t *ret);

/* True: this came from the kernel. Others with CAP_NET_ADMIN may send to a netlink socket too. */
bool nlsock_from_kernel(const struct msghdr *header);

/*
 * Sends requests (whole messages, 4-byte aligned; their nlmsg_seq is written here) and collects
 * until the last that asked for an acknowledgement or a dump has its answer. fn as in
 * answer_take().
 *
 * 0; the first error the kernel answered; -EINTR: a dump went through, but the kernel says that the
 * table changed under it; -ETIMEDOUT, -EMSGSIZE (a datagram too large), -ENOBUFS, -EBADMSG, or the
 * errno of send or receive: the conversation broke, late answers to it will be passed over, but a
 * dump the kernel has not finished makes it refuse the next with -EBUSY until the socket is
 * reopened.
 */
int nlsock_exchange(struct nlsock *sock, void *requests, size_t length, answer_fn *fn,
		    void *context);

/*
 * Sends one request that asks for no acknowledgement and reads nothing. A refusal comes as an
 * NLMSG_ERROR behind whatever is queued.
 */
int nlsock_send(struct nlsock *sock, const void *request, size_t length);

/*
 * 0: this process may make requests of netfilter; -EPERM: it may not. Tells a lack of rights from
 * the other meanings of -EPERM.
 */
int nlsock_probe(struct nlsock *sock);

#endif
