/*
 * When a connection last spoke, as its entry tells: the kernel counts down from the timeout of its
 * state, and begins anew with each packet. So for entries whose begin nobody knows (made while
 * nf_conntrack_timestamp was off) there is a moment since which a packet passed.
 *
 * Rules: nf_conntrack-sysctl.rst; states and their defaults: nf_conntrack_proto_tcp.c, _udp.c,
 * _icmp.c.
 */
#ifndef NETPOL_FLOW_IDLE_H
#define NETPOL_FLOW_IDLE_H

#include <stdint.h>

#include "kernel/event.h"

/* Seconds for which an entry may stay without a packet. */
struct idle_times {
	int64_t syn_sent, syn_received, established, closing; /* TCP; closing: any other state */
	int64_t udp, udp_stream;                              /* stream: assured */
	int64_t icmp;
	int64_t other;
};

/* As the kernel has them where nobody set them otherwise. */
struct idle_times idle_times_default(void);

/*
 * No packet that the entry stands for is known to be older than this: a lower bound of the moment
 * of its last packet, ns. now: of the event, and at most a second later than the kernel's answer,
 * which tells whole seconds.
 *
 * Who took the address of a dead client and is sent its server's last words changes the state: of a
 * connection that is being closed, or that is gone, only the longest time of all is said. What is
 * left being more than the state's time, the time was changed: the same. UDP is a stream from when
 * on it is assured; one whose tuple clashed with another's never is.
 */
int64_t idle_since(const struct idle_times *times, const struct conntrack_event *event,
		   int64_t now);

#endif
