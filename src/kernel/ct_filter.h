/*
 * Connections nobody wants to hear of: a predicate, and the same as a program that the kernel runs
 * before it charges an event to a socket's buffer.
 *
 * The program is classic BPF for SO_ATTACH_FILTER (linux/filter.h, networking/filter.rst in the
 * kernel's documentation); it finds attributes with SKF_AD_NLATTR and SKF_AD_NLATTR_NEST.
 */
#ifndef NETPOL_KERNEL_CT_FILTER_H
#define NETPOL_KERNEL_CT_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/filter.h>

#include "base/addr.h"
#include "kernel/event.h"

/* The kernel takes BPF_MAXINSNS (4096) instructions, and their memory from net.core.optmem_max:
 * 20 KiB before Linux 6.7. This many IPv6 prefixes fit. */
#define CT_FILTER_PREFIXES_MAX 64
#define CT_FILTER_CODE_MAX 2048

struct ct_filter {
	unsigned short length; /* of code */
	struct sock_filter code[CT_FILTER_CODE_MAX];
};

/*
 * Refuses every ctnetlink message whose original source (the client) or reply source (whoever
 * answers, behind any service address) lies in one of the prefixes, and passes everything else.
 * -EINVAL: more than CT_FILTER_PREFIXES_MAX, or a prefix without an address.
 */
int ct_filter_build(const struct prefix *prefixes, size_t count, struct ct_filter *ret);

/*
 * The same for a connection's original source and reply source. Of a packet in forward these are
 * its source and destination: it is after DNAT and before source NAT there.
 */
bool ct_excluded(const struct prefix *prefixes, size_t count, struct addr client,
		 struct addr server);

#endif
