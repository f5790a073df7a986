/* One small netlink request in memory, built by *_request and sent by nlsock. */
#ifndef NETPOL_KERNEL_REQUEST_H
#define NETPOL_KERNEL_REQUEST_H

#include <linux/netlink.h>

#define REQUEST_MAX 256

/* header.nlmsg_len bytes are the request; nlmsg_seq is left to the sender. */
union request {
	struct nlmsghdr header;
	unsigned char bytes[REQUEST_MAX];
};

#endif
