/*
 * One NFLOG message into a packet event.
 *
 * Format: linux/netfilter/nfnetlink_log.h; nfnetlink_log.c fills it in.
 */
#ifndef NETPOL_KERNEL_NFLOG_DECODE_H
#define NETPOL_KERNEL_NFLOG_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/event.h"

/*
 * message is one whole struct nlmsghdr and what follows, in at least nlmsg_len of length bytes; no
 * alignment is needed. The time is there only at the hooks prerouting, input and forward; the
 * sequence only where NFULNL_CFG_F_SEQ is set.
 *
 * -ENOMSG: a whole message of another kind. -EBADMSG: lengths that do not fit, an attribute of the
 * wrong size, no hook, no payload, or a payload that packet_decode() refuses.
 */
int nflog_decode(const void *message, size_t length, struct packet_event *ret);

/*
 * The sequence number of a message that nflog_decode() refused, so that it is not taken for lost
 * too. -ENODATA: it has none; -ENOMSG and -EBADMSG as above, but whatever lies behind the number is
 * not looked at.
 */
int nflog_decode_sequence(const void *message, size_t length, uint32_t *ret);

#endif
