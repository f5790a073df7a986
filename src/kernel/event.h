/*
 * ▷ What the kernel said, decoded: conntrack entries and logged packets.
 *
 * Formats: linux/netfilter/nfnetlink_conntrack.h, nfnetlink_log.h, nf_conntrack_common.h. Ports are
 * in host order; times are CLOCK_REALTIME nanoseconds.
 */
#ifndef NETPOL_KERNEL_EVENT_H
#define NETPOL_KERNEL_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

/* One direction of a connection, as conntrack names it. */
struct tuple {
	struct addr source;
	struct addr destination;
	uint16_t source_port;      /* ICMP: the identifier */
	uint16_t destination_port; /* ICMP: type << 8 | code */
	uint8_t protocol;          /* IPPROTO_* */
	bool has_ports; /* TCP, UDP, UDP-Lite, SCTP, DCCP; the port fields are 0 elsewhere but for
			   ICMP */
};

enum conntrack_event_type {
	CONNTRACK_NEW, /* multicast: the entry was confirmed, so its first packet passed every hook
			*/
	CONNTRACK_DESTROY, /* multicast: the entry is gone */
	CONNTRACK_ENTRY    /* an answer to our own dump or look-up: the entry is alive */
};

/* Bits of status used here: enum ip_conntrack_status. */
#define CONNTRACK_SEEN_REPLY (1u << 1)
#define CONNTRACK_ASSURED (1u << 2)
#define CONNTRACK_CONFIRMED (1u << 3)
#define CONNTRACK_DYING (1u << 9)
#define CONNTRACK_NAT_CLASH (1u << 12)

struct conntrack_event {
	enum conntrack_event_type type;
	struct tuple original; /* what the client asked for */
	struct tuple reply;    /* who really answered: source is the backend and its target port */
	uint16_t zone;         /* 0: the default zone */
	uint32_t id;           /* CTA_ID: repeats over time, see start */
	uint32_t status;       /* IPS_* bits */
	uint32_t timeout;      /* seconds left; valid if has_timeout */
	uint32_t sender;       /* nlmsg_pid: not 0 when a process deleted the entry */
	uint8_t tcp_state;     /* enum tcp_conntrack; valid if has_tcp_state */
	bool has_tcp_state;
	bool tcp_picked_up; /* both sides carry IP_CT_TCP_FLAG_BE_LIBERAL: began mid-stream; not
			       told with DESTROY */
	bool has_timeout;
	bool has_counters; /* the entry was made while nf_conntrack_acct was on */
	bool has_start;    /* … while nf_conntrack_timestamp was on */
	bool has_stop;
	uint64_t packets_sent; /* original direction */
	uint64_t packets_received;
	uint64_t bytes_sent;
	uint64_t bytes_received;
	int64_t start;
	int64_t stop;
};

/* A packet that a log rule showed us; original is read from the packet itself, as it was at that
 * hook. */
struct packet_event {
	uint16_t group;
	struct tuple tuple;
	bool fragment;     /* not the first fragment: ports unknown, has_ports false */
	bool has_sequence; /* sequence is valid */
	uint32_t sequence; /* of this group's instance, counts messages */
	bool has_time;
	int64_t time; /* when the packet was received */
	uint8_t hook; /* NF_INET_* */
};

/* The table's own losses since boot, summed over CPUs (IPCTNL_MSG_CT_GET_STATS_CPU). */
struct conntrack_stats {
	uint64_t drop;
	uint64_t early_drop;
	uint64_t insert_failed;
};

#endif
