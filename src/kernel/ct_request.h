/* Requests to ctnetlink, built in memory. Format: linux/netfilter/nfnetlink_conntrack.h. */
#ifndef NETPOL_KERNEL_CT_REQUEST_H
#define NETPOL_KERNEL_CT_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/event.h"
#include "kernel/request.h"

/* Every entry, both families (AF_UNSPEC). IPCTNL_MSG_CT_GET: the kernel's counters stay. */
void ct_request_dump(union request *ret);

/*
 * One entry by one of its tuples, in the zone that this direction has: reply false, tuple is an
 * original tuple; true, a reply tuple. Asks for an acknowledgement, which follows the entry.
 * -EINVAL if the tuple's addresses are not of one family.
 */
int ct_request_find(union request *ret, const struct tuple *tuple, bool reply, uint16_t zone);

/* Counters of the table, one message for each CPU. */
void ct_request_stats(union request *ret);

#endif
