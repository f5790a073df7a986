/*
 * What netlink tells of devices, of eBPF at devices and of nftables. Each takes one whole message,
 * struct nlmsghdr and all; what it does not know it passes over. -EBADMSG: lengths that do not fit.
 *
 * Formats: rtnetlink(7), linux/if_link.h, linux/pkt_cls.h, linux/netfilter/nf_tables.h.
 */
#ifndef NETPOL_SOURCES_DATAPLANE_DECODE_H
#define NETPOL_SOURCES_DATAPLANE_DECODE_H

#include <stddef.h>

#include "sources/dataplane.h"

#define LINK_NAME_MAX 16
#define TABLE_NAME_MAX 256

/* RTM_NEWLINK. */
struct link_seen {
	int index;
	int master; /* 0: none */
	char name[LINK_NAME_MAX];
	char kind[LINK_NAME_MAX];        /* "veth", "bridge", … ; "" none */
	char master_kind[LINK_NAME_MAX]; /* of the device that it is a port of */
	bool peer_elsewhere;             /* its other end is in another network namespace */
	bool filters;                    /* a bridge with nf_call_iptables of its own */
	bool filters_ipv6;               /* with nf_call_ip6tables */
	bool xdp;
};

int dataplane_decode_link(const void *message, size_t length, struct link_seen *ret);
/* Is it the node's end of a pod's device? Ports of Docker's bridges are not. */
bool dataplane_is_pods(const struct link_seen *links, size_t count, const struct link_seen *link);
/* Sets devices, routed, bridged, switched, those unfiltered, and programs where XDP is attached. */
void dataplane_take_links(const struct link_seen *links, size_t count,
			  struct dataplane_observations *observations);

/* RTM_NEWTFILTER: adds to programs if it is one of kind bpf. */
int dataplane_take_filter(const void *message, size_t length,
			  struct dataplane_observations *observations);

/* NFT_MSG_NEWTABLE, NEWCHAIN and NEWRULE: adds to rules, as caches tell whose they are. */
int dataplane_take_rule(const void *message, size_t length,
			struct dataplane_observations *observations);

/* A table of nftables. */
struct table_seen {
	uint8_t family;
	char name[TABLE_NAME_MAX];
};

/*
 * 1: the message is NFT_MSG_NEWCHAIN of a chain that packets pass before they are tracked, of this
 * table: a rule of it, or of a chain that it goes on to, may keep them from that. 0: it is not.
 */
int dataplane_decode_early(const void *message, size_t length, struct table_seen *ret);

#endif
