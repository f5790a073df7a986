#include "kernel/packet.h"

#include <errno.h>
#include <netinet/in.h>

#include "kernel/wire.h"

#define IPV4_HEADER 20
#define IPV4_OFFSET_MASK 0x1fff
#define IPV6_HEADER 40
#define IPV6_OFFSET_MASK 0xfff8
#define ICMP_HEADER 8

bool packet_has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE ||
	       protocol == IPPROTO_SCTP || protocol == IPPROTO_DCCP;
}

static void limit(struct wire *wire, size_t length)
{
	if (wire->left > length)
		wire->left = length;
}

static int decode_ipv4(struct wire *wire, struct tuple *tuple, bool *fragment)
{
	const uint8_t *header = wire->at;
	size_t header_length, total;

	if (wire->left < IPV4_HEADER)
		return -EBADMSG;
	header_length = (size_t)(header[0] & 0x0f) * 4;
	total = wire_be16(header + 2);
	if (header_length < IPV4_HEADER || wire->left < header_length)
		return -EBADMSG;
	if (total && total < header_length)
		return -EBADMSG;
	tuple->protocol = header[9];
	tuple->source = addr_from_bytes(header + 12, 4);
	tuple->destination = addr_from_bytes(header + 16, 4);
	*fragment = (wire_be16(header + 6) & IPV4_OFFSET_MASK) != 0;
	if (total)
		limit(wire, total);
	wire_skip(wire, header_length);
	return 0;
}

static bool is_extension(uint8_t protocol)
{
	return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING ||
	       protocol == IPPROTO_FRAGMENT || protocol == IPPROTO_DSTOPTS ||
	       protocol == IPPROTO_AH;
}

static size_t extension_length(uint8_t protocol, const uint8_t *header)
{
	if (protocol == IPPROTO_FRAGMENT)
		return 8;
	if (protocol == IPPROTO_AH)
		return ((size_t)header[1] + 2) * 4;
	return ((size_t)header[1] + 1) * 8;
}

static int skip_extensions(struct wire *wire, uint8_t *protocol, bool *fragment)
{
	for (unsigned i = 0; is_extension(*protocol) && !*fragment; i++) {
		size_t length;

		if (i == PACKET_EXTENSIONS_MAX || wire->left < 8)
			return -EBADMSG;
		length = extension_length(*protocol, wire->at);
		if (wire->left < length)
			return -EBADMSG;
		if (*protocol == IPPROTO_FRAGMENT)
			*fragment = (wire_be16(wire->at + 2) & IPV6_OFFSET_MASK) != 0;
		*protocol = wire->at[0];
		wire_skip(wire, length);
	}
	return 0;
}

static int decode_ipv6(struct wire *wire, struct tuple *tuple, bool *fragment)
{
	const uint8_t *header = wire->at;
	size_t payload;

	if (wire->left < IPV6_HEADER)
		return -EBADMSG;
	payload = wire_be16(header + 4);
	tuple->protocol = header[6];
	tuple->source = addr_from_bytes(header + 8, 16);
	tuple->destination = addr_from_bytes(header + 24, 16);
	wire_skip(wire, IPV6_HEADER);
	if (payload)
		limit(wire, payload);
	return skip_extensions(wire, &tuple->protocol, fragment);
}

/* The types conntrack starts and answers a connection with; only these carry an identifier. */
static bool is_query(uint8_t protocol, uint8_t type)
{
	if (protocol == IPPROTO_ICMP)
		return type == 0 || type == 8 || (type >= 13 && type <= 18);
	return type == 128 || type == 129 || type == 139 || type == 140;
}

static int decode_transport(const struct wire *wire, struct tuple *tuple)
{
	if (packet_has_ports(tuple->protocol)) {
		if (wire->left < 4)
			return -EBADMSG;
		tuple->source_port = wire_be16(wire->at);
		tuple->destination_port = wire_be16(wire->at + 2);
		tuple->has_ports = true;
	} else if (tuple->protocol == IPPROTO_ICMP || tuple->protocol == IPPROTO_ICMPV6) {
		if (wire->left < ICMP_HEADER)
			return -EBADMSG;
		tuple->destination_port = wire_be16(wire->at);
		if (is_query(tuple->protocol, wire->at[0]))
			tuple->source_port = wire_be16(wire->at + 4);
	}
	return 0;
}

int packet_decode(const void *bytes, size_t length, struct tuple *ret, bool *ret_fragment)
{
	struct wire wire = wire_of(bytes, length);
	struct tuple tuple = {0};
	bool fragment = false;
	int r;

	if (!wire.left)
		return -EBADMSG;
	switch (wire.at[0] >> 4) {
	case 4:
		r = decode_ipv4(&wire, &tuple, &fragment);
		break;
	case 6:
		r = decode_ipv6(&wire, &tuple, &fragment);
		break;
	default:
		return -EBADMSG;
	}
	if (r < 0)
		return r;
	if (!fragment) {
		r = decode_transport(&wire, &tuple);
		if (r < 0)
			return r;
	}
	*ret = tuple;
	*ret_fragment = fragment;
	return 0;
}
