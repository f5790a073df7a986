/*
 * Netlink messages and attributes as bytes, walked with every length checked; nothing here needs
 * alignment.
 *
 * Format: linux/netlink.h (struct nlmsghdr, struct nlattr), linux/netfilter/nfnetlink.h (struct
 * nfgenmsg).
 */
#ifndef NETPOL_KERNEL_WIRE_H
#define NETPOL_KERNEL_WIRE_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <linux/netlink.h>
#include <linux/netfilter/nfnetlink.h>

/* What is left to walk. */
struct wire {
	const uint8_t *at;
	size_t left;
};

struct wire_message {
	struct nlmsghdr header;
	const uint8_t *bytes; /* header.nlmsg_len of them, the header included */
};

struct wire_attr {
	uint16_t type;   /* without NLA_F_NESTED and NLA_F_NET_BYTEORDER */
	uint16_t length; /* of bytes */
	const uint8_t *bytes;
};

static inline uint16_t wire_be16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static inline uint32_t wire_be32(const uint8_t *bytes)
{
	return (uint32_t)wire_be16(bytes) << 16 | wire_be16(bytes + 2);
}

static inline uint64_t wire_be64(const uint8_t *bytes)
{
	return (uint64_t)wire_be32(bytes) << 32 | wire_be32(bytes + 4);
}

static inline struct wire wire_of(const void *bytes, size_t length)
{
	return (struct wire){.at = bytes, .left = length};
}

static inline void wire_skip(struct wire *wire, size_t length)
{
	size_t step = length < wire->left ? length : wire->left;

	wire->at += step;
	wire->left -= step;
}

/* 1: *ret is the next message; 0: the end; -EBADMSG: a message that is longer than what is left. */
static inline int wire_next_message(struct wire *wire, struct wire_message *ret)
{
	struct nlmsghdr header;

	if (!wire->left)
		return 0;
	if (wire->left < sizeof(header))
		return -EBADMSG;
	memcpy(&header, wire->at, sizeof(header));
	if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > wire->left)
		return -EBADMSG;
	ret->header = header;
	ret->bytes = wire->at;
	wire_skip(wire, NLMSG_ALIGN((size_t)header.nlmsg_len));
	return 1;
}

/* Splits a message of netfilter into fixed header and attributes; -EBADMSG if it is too short. */
static inline int wire_open(const struct wire_message *message, struct nfgenmsg *ret_header,
			    struct wire *ret_attrs)
{
	const size_t offset = NLMSG_ALIGN(sizeof(message->header) + sizeof(*ret_header));

	if (message->header.nlmsg_len < offset)
		return -EBADMSG;
	memcpy(ret_header, message->bytes + sizeof(message->header), sizeof(*ret_header));
	*ret_attrs = wire_of(message->bytes + offset, message->header.nlmsg_len - offset);
	return 0;
}

/*
 * 1: *ret is the next attribute; 0: the end; -EBADMSG: an attribute that is longer than what is
 * left. As in the kernel's own parser, less than one attribute header at the end is padding.
 */
static inline int wire_next_attr(struct wire *wire, struct wire_attr *ret)
{
	struct nlattr attr;

	if (wire->left < sizeof(attr))
		return 0;
	memcpy(&attr, wire->at, sizeof(attr));
	if (attr.nla_len < sizeof(attr) || attr.nla_len > wire->left)
		return -EBADMSG;
	ret->type = attr.nla_type & NLA_TYPE_MASK;
	ret->length = (uint16_t)(attr.nla_len - sizeof(attr));
	ret->bytes = wire->at + sizeof(attr);
	wire_skip(wire, NLA_ALIGN((size_t)attr.nla_len));
	return 1;
}

static inline struct wire wire_nested(const struct wire_attr *attr)
{
	return wire_of(attr->bytes, attr->length);
}

/* Numbers in network byte order; -EBADMSG unless the attribute has exactly that size. */
static inline int wire_get_u8(const struct wire_attr *attr, uint8_t *ret)
{
	if (attr->length != sizeof(*ret))
		return -EBADMSG;
	*ret = attr->bytes[0];
	return 0;
}

static inline int wire_get_be16(const struct wire_attr *attr, uint16_t *ret)
{
	if (attr->length != sizeof(*ret))
		return -EBADMSG;
	*ret = wire_be16(attr->bytes);
	return 0;
}

static inline int wire_get_be32(const struct wire_attr *attr, uint32_t *ret)
{
	if (attr->length != sizeof(*ret))
		return -EBADMSG;
	*ret = wire_be32(attr->bytes);
	return 0;
}

static inline int wire_get_be64(const struct wire_attr *attr, uint64_t *ret)
{
	if (attr->length != sizeof(*ret))
		return -EBADMSG;
	*ret = wire_be64(attr->bytes);
	return 0;
}

#endif
