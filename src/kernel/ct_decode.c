#include "kernel/ct_decode.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include "kernel/packet.h"
#include "kernel/wire.h"

#define IPV4_LENGTH 4
#define IPV6_LENGTH 16

/* The layer-4 part of a tuple; seen has a bit for each attribute that was there. */
struct proto {
	uint32_t seen;
	uint8_t number;
	uint16_t source;
	uint16_t destination;
	uint16_t id;
	uint8_t type;
	uint8_t code;
};

struct decoder {
	struct conntrack_event event;
	bool has_original;
	bool has_reply;
	bool has_sent;
	bool has_received;
};

static inline void set_address(struct addr *addr, const uint8_t *bytes, size_t length)
{
	*addr = (struct addr){.family = length == IPV4_LENGTH ? ADDR_IPV4 : ADDR_IPV6};
	memcpy(addr->bytes, bytes, length);
}

static inline int decode_address(const struct wire_attr *attr, size_t length, struct addr *ret)
{
	if (attr->length != length)
		return -EBADMSG;
	set_address(ret, attr->bytes, length);
	return 0;
}

static int decode_ip(const struct wire_attr *nest, struct tuple *tuple)
{
	struct wire wire = wire_nested(nest);
	struct wire_attr attr;
	int r;

	while ((r = wire_next_attr(&wire, &attr)) > 0) {
		switch (attr.type) {
		case CTA_IP_V4_SRC:
			r = decode_address(&attr, IPV4_LENGTH, &tuple->source);
			break;
		case CTA_IP_V4_DST:
			r = decode_address(&attr, IPV4_LENGTH, &tuple->destination);
			break;
		case CTA_IP_V6_SRC:
			r = decode_address(&attr, IPV6_LENGTH, &tuple->source);
			break;
		case CTA_IP_V6_DST:
			r = decode_address(&attr, IPV6_LENGTH, &tuple->destination);
			break;
		}
		if (r < 0)
			return r;
	}
	return r;
}

static int decode_proto_attr(const struct wire_attr *attr, struct proto *proto)
{
	if (attr->type <= CTA_PROTO_MAX)
		proto->seen |= 1u << attr->type;
	switch (attr->type) {
	case CTA_PROTO_NUM:
		return wire_get_u8(attr, &proto->number);
	case CTA_PROTO_SRC_PORT:
		return wire_get_be16(attr, &proto->source);
	case CTA_PROTO_DST_PORT:
		return wire_get_be16(attr, &proto->destination);
	case CTA_PROTO_ICMP_ID:
	case CTA_PROTO_ICMPV6_ID:
		return wire_get_be16(attr, &proto->id);
	case CTA_PROTO_ICMP_TYPE:
	case CTA_PROTO_ICMPV6_TYPE:
		return wire_get_u8(attr, &proto->type);
	case CTA_PROTO_ICMP_CODE:
	case CTA_PROTO_ICMPV6_CODE:
		return wire_get_u8(attr, &proto->code);
	default:
		return 0;
	}
}

/* Which attributes a tuple of this protocol cannot do without. */
static uint32_t proto_needs(uint8_t number)
{
	uint32_t needs = 1u << CTA_PROTO_NUM;

	if (packet_has_ports(number))
		needs |= 1u << CTA_PROTO_SRC_PORT | 1u << CTA_PROTO_DST_PORT;
	else if (number == IPPROTO_ICMP)
		needs |=
		    1u << CTA_PROTO_ICMP_ID | 1u << CTA_PROTO_ICMP_TYPE | 1u << CTA_PROTO_ICMP_CODE;
	else if (number == IPPROTO_ICMPV6)
		needs |= 1u << CTA_PROTO_ICMPV6_ID | 1u << CTA_PROTO_ICMPV6_TYPE |
			 1u << CTA_PROTO_ICMPV6_CODE;
	return needs;
}

static int decode_proto(const struct wire_attr *nest, struct tuple *tuple)
{
	struct wire wire = wire_nested(nest);
	struct proto proto = {0};
	struct wire_attr attr;
	uint32_t needs;
	int r;

	while ((r = wire_next_attr(&wire, &attr)) > 0) {
		r = decode_proto_attr(&attr, &proto);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	needs = proto_needs(proto.number);
	if ((proto.seen & needs) != needs)
		return -EBADMSG;
	tuple->protocol = proto.number;
	tuple->has_ports = packet_has_ports(proto.number);
	if (tuple->has_ports) {
		tuple->source_port = proto.source;
		tuple->destination_port = proto.destination;
	} else if (proto.number == IPPROTO_ICMP || proto.number == IPPROTO_ICMPV6) {
		tuple->source_port = proto.id;
		tuple->destination_port = (uint16_t)(proto.type << 8 | proto.code);
	}
	return 0;
}

static inline bool is_attr(const uint8_t *at, size_t payload, uint16_t type)
{
	struct nlattr attr;

	memcpy(&attr, at, sizeof(attr));
	return attr.nla_len == sizeof(attr) + payload && (attr.nla_type & NLA_TYPE_MASK) == type;
}

/*
 * The one layout the kernel gives a tuple with ports in the default zone: both addresses, protocol,
 * both ports. False: it is another layout, and nothing was written.
 */
static inline bool decode_plain(const struct wire_attr *nest, size_t length, uint16_t source_type,
				uint16_t destination_type, struct tuple *tuple)
{
	const size_t header = sizeof(struct nlattr);
	const size_t addresses = 2 * (header + length), ports = 3 * (header + 4);
	const uint8_t *source = nest->bytes + header;
	const uint8_t *destination = source + header + length;
	const uint8_t *number = destination + header + length + header;

	if (nest->length != header + addresses + header + ports)
		return false;
	if (!is_attr(nest->bytes, addresses, CTA_TUPLE_IP) ||
	    !is_attr(source, length, source_type) ||
	    !is_attr(destination, length, destination_type) ||
	    !is_attr(number - header, ports, CTA_TUPLE_PROTO) ||
	    !is_attr(number, 1, CTA_PROTO_NUM) || !is_attr(number + 8, 2, CTA_PROTO_SRC_PORT) ||
	    !is_attr(number + 16, 2, CTA_PROTO_DST_PORT) || !packet_has_ports(number[header]))
		return false;
	set_address(&tuple->source, source + header, length);
	set_address(&tuple->destination, destination + header, length);
	tuple->protocol = number[header];
	tuple->has_ports = true;
	tuple->source_port = wire_be16(number + 8 + header);
	tuple->destination_port = wire_be16(number + 16 + header);
	return true;
}

/* *zone is untouched unless the tuple has one of its own. */
static int decode_tuple(const struct wire_attr *nest, struct tuple *tuple, uint16_t *zone)
{
	struct wire wire = wire_nested(nest);
	struct wire_attr attr;
	bool has_proto = false;
	int r;

	if (decode_plain(nest, IPV4_LENGTH, CTA_IP_V4_SRC, CTA_IP_V4_DST, tuple) ||
	    decode_plain(nest, IPV6_LENGTH, CTA_IP_V6_SRC, CTA_IP_V6_DST, tuple))
		return 0;
	while ((r = wire_next_attr(&wire, &attr)) > 0) {
		switch (attr.type) {
		case CTA_TUPLE_IP:
			r = decode_ip(&attr, tuple);
			break;
		case CTA_TUPLE_PROTO:
			r = decode_proto(&attr, tuple);
			has_proto = true;
			break;
		case CTA_TUPLE_ZONE:
			r = wire_get_be16(&attr, zone);
			break;
		}
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	if (!has_proto || !addr_is_set(tuple->source) ||
	    tuple->source.family != tuple->destination.family)
		return -EBADMSG;
	return 0;
}

static int decode_counters(const struct wire_attr *nest, uint64_t *packets, uint64_t *bytes,
			   bool *ret_present)
{
	struct wire wire = wire_nested(nest);
	struct wire_attr attr;
	unsigned seen = 0;
	int r;

	while ((r = wire_next_attr(&wire, &attr)) > 0) {
		switch (attr.type) {
		case CTA_COUNTERS_PACKETS:
			r = wire_get_be64(&attr, packets);
			seen |= 1;
			break;
		case CTA_COUNTERS_BYTES:
			r = wire_get_be64(&attr, bytes);
			seen |= 2;
			break;
		}
		if (r < 0)
			return r;
	}
	*ret_present = seen == 3;
	return r;
}

static int decode_time(const struct wire_attr *attr, int64_t *time, bool *present)
{
	uint64_t value;
	int r = wire_get_be64(attr, &value);

	if (r < 0)
		return r;
	if (value > INT64_MAX)
		return -EBADMSG;
	*time = (int64_t)value;
	*present = true;
	return 0;
}

static int decode_timestamp(const struct wire_attr *nest, struct conntrack_event *event)
{
	struct wire wire = wire_nested(nest);
	struct wire_attr attr;
	int r;

	while ((r = wire_next_attr(&wire, &attr)) > 0) {
		switch (attr.type) {
		case CTA_TIMESTAMP_START:
			r = decode_time(&attr, &event->start, &event->has_start);
			break;
		case CTA_TIMESTAMP_STOP:
			r = decode_time(&attr, &event->stop, &event->has_stop);
			break;
		}
		if (r < 0)
			return r;
	}
	return r;
}

/* Whether the side carries IP_CT_TCP_FLAG_BE_LIBERAL: struct nf_ct_tcp_flags, flags then mask. */
static int decode_liberal(const struct wire_attr *attr, bool *ret)
{
	struct nf_ct_tcp_flags flags;

	if (attr->length < sizeof(flags))
		return -EBADMSG;
	memcpy(&flags, attr->bytes, sizeof(flags));
	*ret = flags.flags & IP_CT_TCP_FLAG_BE_LIBERAL;
	return 0;
}

static int decode_tcp(const struct wire_attr *nest, struct conntrack_event *event)
{
	struct wire wire = wire_nested(nest);
	struct wire_attr attr;
	bool sent = false, received = false;
	int r;

	while ((r = wire_next_attr(&wire, &attr)) > 0) {
		switch (attr.type) {
		case CTA_PROTOINFO_TCP_STATE:
			r = wire_get_u8(&attr, &event->tcp_state);
			event->has_tcp_state = r >= 0;
			break;
		case CTA_PROTOINFO_TCP_FLAGS_ORIGINAL:
			r = decode_liberal(&attr, &sent);
			break;
		case CTA_PROTOINFO_TCP_FLAGS_REPLY:
			r = decode_liberal(&attr, &received);
			break;
		}
		if (r < 0)
			return r;
	}
	event->tcp_picked_up = sent && received;
	return r;
}

static int decode_protoinfo(const struct wire_attr *nest, struct conntrack_event *event)
{
	struct wire wire = wire_nested(nest);
	struct wire_attr attr;
	int r;

	while ((r = wire_next_attr(&wire, &attr)) > 0) {
		if (attr.type != CTA_PROTOINFO_TCP)
			continue;
		r = decode_tcp(&attr, event);
		if (r < 0)
			return r;
	}
	return r;
}

static int decode_attr(const struct wire_attr *attr, struct decoder *decoder)
{
	struct conntrack_event *event = &decoder->event;
	uint16_t unused;

	switch (attr->type) {
	case CTA_TUPLE_ORIG:
		decoder->has_original = true;
		return decode_tuple(attr, &event->original, &event->zone);
	case CTA_TUPLE_REPLY:
		decoder->has_reply = true;
		return decode_tuple(attr, &event->reply, &unused);
	case CTA_ZONE:
		return wire_get_be16(attr, &event->zone);
	case CTA_ID:
		return wire_get_be32(attr, &event->id);
	case CTA_STATUS:
		return wire_get_be32(attr, &event->status);
	case CTA_TIMEOUT:
		event->has_timeout = true;
		return wire_get_be32(attr, &event->timeout);
	case CTA_COUNTERS_ORIG:
		return decode_counters(attr, &event->packets_sent, &event->bytes_sent,
				       &decoder->has_sent);
	case CTA_COUNTERS_REPLY:
		return decode_counters(attr, &event->packets_received, &event->bytes_received,
				       &decoder->has_received);
	case CTA_TIMESTAMP:
		return decode_timestamp(attr, event);
	case CTA_PROTOINFO:
		return decode_protoinfo(attr, event);
	default:
		return 0;
	}
}

static int decode_type(const struct nlmsghdr *header, enum ct_origin origin,
		       enum conntrack_event_type *ret)
{
	const uint16_t created = NLM_F_CREATE | NLM_F_EXCL;

	if (NFNL_SUBSYS_ID(header->nlmsg_type) != NFNL_SUBSYS_CTNETLINK)
		return -ENOMSG;
	switch (NFNL_MSG_TYPE(header->nlmsg_type)) {
	case IPCTNL_MSG_CT_NEW:
		if (origin == CT_ANSWER)
			*ret = CONNTRACK_ENTRY;
		else if ((header->nlmsg_flags & created) == created)
			*ret = CONNTRACK_NEW;
		else
			return -ENOMSG;
		return 0;
	case IPCTNL_MSG_CT_DELETE:
		if (origin == CT_ANSWER)
			return -ENOMSG;
		*ret = CONNTRACK_DESTROY;
		return 0;
	default:
		return -ENOMSG;
	}
}

static void forget_half_counters(struct decoder *decoder)
{
	struct conntrack_event *event = &decoder->event;

	event->has_counters = decoder->has_sent && decoder->has_received;
	if (event->has_counters)
		return;
	event->packets_sent = event->bytes_sent = 0;
	event->packets_received = event->bytes_received = 0;
}

int ct_decode(const void *message, size_t length, enum ct_origin origin,
	      struct conntrack_event *ret)
{
	struct wire wire = wire_of(message, length);
	struct decoder decoder = {0};
	struct wire_message whole;
	struct nfgenmsg header;
	struct wire_attr attr;
	int r;

	if (wire_next_message(&wire, &whole) <= 0)
		return -EBADMSG;
	r = decode_type(&whole.header, origin, &decoder.event.type);
	if (r < 0)
		return r;
	r = wire_open(&whole, &header, &wire);
	if (r < 0)
		return r;
	if (origin == CT_MULTICAST)
		decoder.event.sender = whole.header.nlmsg_pid;
	while ((r = wire_next_attr(&wire, &attr)) > 0) {
		r = decode_attr(&attr, &decoder);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	if (!decoder.has_original || !decoder.has_reply)
		return -EBADMSG;
	forget_half_counters(&decoder);
	*ret = decoder.event;
	return 0;
}

static int decode_stats_attr(const struct wire_attr *attr, struct conntrack_stats *stats)
{
	uint64_t *counter;
	uint32_t value;
	int r;

	switch (attr->type) {
	case CTA_STATS_DROP:
		counter = &stats->drop;
		break;
	case CTA_STATS_EARLY_DROP:
		counter = &stats->early_drop;
		break;
	case CTA_STATS_INSERT_FAILED:
		counter = &stats->insert_failed;
		break;
	default:
		return 0;
	}
	r = wire_get_be32(attr, &value);
	if (r < 0)
		return r;
	*counter += value;
	return 0;
}

int ct_decode_stats(const void *message, size_t length, struct conntrack_stats *sum)
{
	struct wire wire = wire_of(message, length);
	struct conntrack_stats stats = *sum;
	struct wire_message whole;
	struct nfgenmsg header;
	struct wire_attr attr;
	int r;

	if (wire_next_message(&wire, &whole) <= 0)
		return -EBADMSG;
	if (NFNL_SUBSYS_ID(whole.header.nlmsg_type) != NFNL_SUBSYS_CTNETLINK ||
	    NFNL_MSG_TYPE(whole.header.nlmsg_type) != IPCTNL_MSG_CT_GET_STATS_CPU)
		return -ENOMSG;
	r = wire_open(&whole, &header, &wire);
	if (r < 0)
		return r;
	while ((r = wire_next_attr(&wire, &attr)) > 0) {
		r = decode_stats_attr(&attr, &stats);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	*sum = stats;
	return 0;
}
