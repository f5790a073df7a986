#include "kernel/nflog_decode.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink_log.h>

#include "base/clock.h"
#include "kernel/packet.h"
#include "kernel/wire.h"

struct decoder {
	struct packet_event event;
	bool has_hook;
	struct wire_attr payload; /* bytes NULL: none */
};

static int open_message(const void *message, size_t length, struct nfgenmsg *ret_header,
			struct wire *ret_attrs)
{
	struct wire wire = wire_of(message, length);
	struct wire_message whole;

	if (wire_next_message(&wire, &whole) <= 0)
		return -EBADMSG;
	if (NFNL_SUBSYS_ID(whole.header.nlmsg_type) != NFNL_SUBSYS_ULOG ||
	    NFNL_MSG_TYPE(whole.header.nlmsg_type) != NFULNL_MSG_PACKET)
		return -ENOMSG;
	return wire_open(&whole, ret_header, ret_attrs);
}

static int decode_hook(const struct wire_attr *attr, struct decoder *decoder)
{
	if (attr->length != sizeof(struct nfulnl_msg_packet_hdr))
		return -EBADMSG;
	decoder->event.hook = attr->bytes[offsetof(struct nfulnl_msg_packet_hdr, hook)];
	decoder->has_hook = true;
	return 0;
}

static int decode_time(const struct wire_attr *attr, struct packet_event *event)
{
	uint64_t seconds, microseconds;

	if (attr->length != sizeof(struct nfulnl_msg_packet_timestamp))
		return -EBADMSG;
	seconds = wire_be64(attr->bytes);
	microseconds = wire_be64(attr->bytes + 8);
	if (seconds >= INT64_MAX / NSEC_PER_SEC || microseconds >= NSEC_PER_SEC / NSEC_PER_USEC)
		return -EBADMSG;
	event->time = (int64_t)seconds * NSEC_PER_SEC + (int64_t)microseconds * NSEC_PER_USEC;
	event->has_time = true;
	return 0;
}

static int decode_attr(const struct wire_attr *attr, struct decoder *decoder)
{
	switch (attr->type) {
	case NFULA_PACKET_HDR:
		return decode_hook(attr, decoder);
	case NFULA_TIMESTAMP:
		return decode_time(attr, &decoder->event);
	case NFULA_SEQ:
		decoder->event.has_sequence = true;
		return wire_get_be32(attr, &decoder->event.sequence);
	case NFULA_PAYLOAD:
		decoder->payload = *attr;
		return 0;
	default:
		return 0;
	}
}

int nflog_decode(const void *message, size_t length, struct packet_event *ret)
{
	struct decoder decoder = {0};
	struct nfgenmsg header;
	struct wire_attr attr;
	struct wire wire;
	int r;

	r = open_message(message, length, &header, &wire);
	if (r < 0)
		return r;
	decoder.event.group = ntohs(header.res_id);
	while ((r = wire_next_attr(&wire, &attr)) > 0) {
		r = decode_attr(&attr, &decoder);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	if (!decoder.has_hook || !decoder.payload.bytes)
		return -EBADMSG;
	r = packet_decode(decoder.payload.bytes, decoder.payload.length, &decoder.event.tuple,
			  &decoder.event.fragment);
	if (r < 0)
		return r;
	*ret = decoder.event;
	return 0;
}

int nflog_decode_sequence(const void *message, size_t length, uint32_t *ret)
{
	struct nfgenmsg header;
	struct wire_attr attr;
	struct wire wire;
	int r;

	r = open_message(message, length, &header, &wire);
	if (r < 0)
		return r;
	while ((r = wire_next_attr(&wire, &attr)) > 0)
		if (attr.type == NFULA_SEQ)
			return wire_get_be32(&attr, ret);
	return r < 0 ? r : -ENODATA;
}
