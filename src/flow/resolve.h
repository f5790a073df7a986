/*
 * What an entry of the conntrack table means: who asked whom, behind which address, and how it
 * went. Pure.
 */
#ifndef NETPOL_FLOW_RESOLVE_H
#define NETPOL_FLOW_RESOLVE_H

#include "flow/flow.h"

/*
 * The identifying columns but for verdict and pods. The backend and the target port are the reply's
 * source; what the client asked for is the service where it differs; a reply that goes elsewhere
 * than to the client tells of source NAT.
 */
struct edge_key resolve_key(const struct tuple *original, const struct tuple *reply);

/*
 * A TCP entry that began in another state than SYN_SENT was picked up mid-stream
 * (nf_conntrack_tcp_loose). A NEW that no socket could take before is sent again with a later event
 * of the entry and has the state of then: once a reply was seen, and in dumps, only the flags tell.
 */
bool resolve_direction_uncertain(const struct conntrack_event *first);

/*
 * How a connection that has ended went. A lone RST ends a TCP entry before the kernel marks the
 * reply as seen, yet the packet is counted; without counters the entry was killed with time left
 * although nobody asked for it.
 */
enum verdict resolve_ended(const struct conntrack_event *destroy);

/* Why a connection's entry went away; the kernel does not say, so it is read from what it left. */
enum ending {
	ENDING_IN_ORDER,  /* TCP: both sides said that they were done */
	ENDING_TIMED_OUT, /* nothing was left of its timeout: the way in which all others end */
	ENDING_RESET,     /* TCP: a RST */
	ENDING_EVICTED,   /* it had time left, and the table was full */
	ENDING_DELETED    /* a process deleted it, or it had time left and the kernel had a reason
			     of its own: an address or a device went away */
};

/*
 * nf_conntrack_proto_tcp.c: a RST leads to CLOSE, two FINs to LAST_ACK and TIME_WAIT. Time may be
 * left after each of them (a lone RST and a new SYN kill the entry). Where a kernel does not tell
 * the state, a TCP entry whose time ran out ended in order if it was answered. table_is_full: it
 * was near its maximum when the entry ended.
 */
enum ending resolve_ending(const struct conntrack_event *destroy, bool table_is_full);

/* How one stands that is still open; VERDICT_UNKNOWN: nothing came back so far, so it cannot be
 * said yet. */
enum verdict resolve_open(const struct conntrack_event *entry);

/* What "no reply yet" becomes when one has waited long enough: one-way for what needs no answer,
 * else unanswered. */
enum verdict resolve_silent(uint8_t protocol);

/* TCP, UDP, UDP-Lite, SCTP, DCCP. */
bool protocol_has_ports(uint8_t protocol);

/*
 * A connection as a packet shows it in forward, after DNAT and before source NAT. Padding is zero:
 * compares and hashes as bytes. For ICMP source_port is the identifier and destination_port the
 * request's type and code.
 */
struct path {
	struct addr source;
	struct addr destination;
	uint16_t source_port;
	uint16_t destination_port;
	uint8_t protocol;
	uint8_t unused;
};

struct path path_of_connection(const struct tuple *original, const struct tuple *reply);
struct path path_of_packet(const struct tuple *packet);

#endif
