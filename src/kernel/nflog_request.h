/* Requests to nfnetlink_log, built in memory. Format: linux/netfilter/nfnetlink_log.h. */
#ifndef NETPOL_KERNEL_NFLOG_REQUEST_H
#define NETPOL_KERNEL_NFLOG_REQUEST_H

#include <stdint.h>

#include "kernel/request.h"

/* What the kernel takes; beyond it answers -ERANGE. */
#define NFLOG_BATCH_BYTES_MAX 131072

/* How a group hands over packets. */
struct nflog_settings {
	uint32_t copy_range;      /* bytes of each packet, from the network header */
	uint32_t queue_threshold; /* packets in one batch */
	uint32_t timeout;         /* 1/100 s after which a batch is sent as it is */
	uint32_t batch_bytes;     /* kernel memory for one batch; 0: the default, about a page */
};

/*
 * Binds the group to the sending socket and sets it up, sequence numbers included, in one message:
 * the kernel applies the settings in the same call that makes the group, so no packet is sent with
 * other ones but for those that race with that call.
 */
void nflog_request_bind(union request *ret, uint16_t group, const struct nflog_settings *settings);
/*
 * The settings alone, for a group this socket has; without an acknowledgement. -ENODEV: nobody has
 * the group; -EPERM: somebody else has it.
 */
void nflog_request_settings(union request *ret, uint16_t group,
			    const struct nflog_settings *settings);

#endif
