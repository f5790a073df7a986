/* The kernel's side of a netlink conversation: what answers a request, and where that ends. */
#ifndef NETPOL_KERNEL_ANSWER_H
#define NETPOL_KERNEL_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct answer {
	uint32_t
	    first; /* nlmsg_seq of the first request sent; the others follow it without a hole */
	uint32_t last;    /* … of the last one that will be answered (NLM_F_ACK or NLM_F_DUMP) */
	bool ended;       /* nothing more will come */
	bool interrupted; /* NLM_F_DUMP_INTR: entries may be missing or come twice */
	int error;        /* the first negative errno the kernel answered, 0 if none */
};

/*
 * One message that is no acknowledgement, error or end: a whole struct nlmsghdr, as aligned as its
 * datagram is.
 */
typedef void answer_fn(void *context, const void *message, size_t length);

/*
 * Numbers count requests in length bytes (whole messages, 4-byte aligned) from sequence on and
 * fills in what their answer will look like. -EINVAL if they are malformed or none of them asks for
 * an answer.
 */
int answer_expect(void *requests, size_t length, uint32_t sequence, struct answer *ret);

/*
 * Takes one datagram. Messages with other sequence numbers (late answers to something given up) are
 * passed over. An error on the first request ends the conversation: that is how the kernel refuses
 * a batch as a whole. fn may be NULL. -EBADMSG: lengths that do not fit.
 */
int answer_take(struct answer *answer, const void *bytes, size_t length, answer_fn *fn,
		void *context);

#endif
