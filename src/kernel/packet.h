/*
 * The start of an IPv4 or IPv6 packet, as a log rule copied it, read into a tuple.
 *
 * Formats: RFC 791, RFC 8200, RFC 4302 (AH), RFC 792, RFC 4443. What is read agrees with what
 * conntrack makes of the same packet (nf_conntrack_core.c, ipv6_skip_exthdr()): IPv6 extension
 * headers are walked, an IPv4 AH header is the protocol itself.
 */
#ifndef NETPOL_KERNEL_PACKET_H
#define NETPOL_KERNEL_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/event.h"

/* IPv6 extension headers walked before a packet is given up as malformed. */
#define PACKET_EXTENSIONS_MAX 16

/* TCP, UDP, UDP-Lite, SCTP, DCCP: ports are the first four bytes. */
bool packet_has_ports(uint8_t protocol);

/*
 * bytes start at the network header; the copy may end early, and what lies behind the packet's own
 * length is ignored (a length of 0, as in jumbograms, sets no bound).
 *
 * TCP, UDP, UDP-Lite, SCTP, DCCP: both ports. ICMP and ICMPv6: destination_port is type << 8 |
 * code, source_port the identifier of queries and their replies, 0 for other types. Any other
 * protocol, and every fragment but the first
 * (*ret_fragment true): protocol alone. The protocol of an IPv6 fragment is the one its fragment
 * header names.
 *
 * -EBADMSG: neither IPv4 nor IPv6; a header that is cut off, contradicts itself, or is one of too
 * many; ports, or the eight bytes of an ICMP header, that are not all in the copy. A tuple without
 * them would match no connection, so it is no answer.
 */
int packet_decode(const void *bytes, size_t length, struct tuple *ret, bool *ret_fragment);

#endif
