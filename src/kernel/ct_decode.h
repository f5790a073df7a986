/*
 * One ctnetlink message into a conntrack event.
 *
 * Format: linux/netfilter/nfnetlink_conntrack.h; nf_conntrack_netlink.c fills it in.
 */
#ifndef NETPOL_KERNEL_CT_DECODE_H
#define NETPOL_KERNEL_CT_DECODE_H

#include <stddef.h>

#include "kernel/event.h"

/* Where a message came from; the bytes alone do not tell an answer from an update. */
enum ct_origin {
	CT_MULTICAST, /* a socket that joined the event groups */
	CT_ANSWER     /* our own dump or look-up */
};

/*
 * message is one whole struct nlmsghdr and what follows, in at least nlmsg_len of length bytes; no
 * alignment is needed. The answer of a dump or look-up is CONNTRACK_ENTRY; a multicast
 * IPCTNL_MSG_CT_NEW that created its entry (NLM_F_CREATE and NLM_F_EXCL, else it is an update) is
 * CONNTRACK_NEW, IPCTNL_MSG_CT_DELETE is CONNTRACK_DESTROY.
 *
 * ret->zone is the zone of the original direction: CTA_ZONE, or CTA_TUPLE_ZONE of the original
 * tuple, else 0. A missing CTA_ID is 0. Counters need both directions to count as present. sender
 * is set for multicasts only.
 *
 * -ENOMSG: a whole message of another kind (an update, an expectation, another subsystem).
 * -EBADMSG: lengths that do not fit, an attribute of the wrong size, a missing or half tuple, TCP
 * and its like without ports.
 */
int ct_decode(const void *message, size_t length, enum ct_origin origin,
	      struct conntrack_event *ret);

/*
 * Adds one CPU's counters (an answer to IPCTNL_MSG_CT_GET_STATS_CPU) to *sum, which is untouched on
 * failure. The kernel's counters are 32 bits wide for each CPU and wrap. Errors as above.
 */
int ct_decode_stats(const void *message, size_t length, struct conntrack_stats *sum);

#endif
