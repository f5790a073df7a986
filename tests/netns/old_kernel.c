/*
 * Preloaded, it makes the kernel refuse to own a table, as kernels before 5.12 do: the flag that
 * asks for it is changed to one that no kernel knows, so that the refusal is the kernel's own.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#define UNKNOWN_FLAG (1u << 31)
#define LENGTH_MAX 65536

typedef ssize_t sendto_fn(int, const void *, size_t, int, const struct sockaddr *, socklen_t);

ssize_t sendto(int fd, const void *bytes, size_t length, int flags, const struct sockaddr *address,
	       socklen_t address_length);

static uint32_t flags_of(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void change_flag(uint8_t *message, size_t length)
{
	size_t at = NLMSG_ALIGN(sizeof(struct nlmsghdr) + sizeof(struct nfgenmsg));
	struct nlattr attr;

	for (; at + sizeof(attr) <= length; at += NLA_ALIGN(attr.nla_len)) {
		memcpy(&attr, message + at, sizeof(attr));
		if (attr.nla_len < sizeof(attr) || at + attr.nla_len > length)
			return;
		if ((attr.nla_type & NLA_TYPE_MASK) == NFTA_TABLE_FLAGS &&
		    flags_of(message + at + sizeof(attr)) & NFT_TABLE_F_OWNER)
			message[at + sizeof(attr)] |= UNKNOWN_FLAG >> 24;
	}
}

static void change_flags(uint8_t *bytes, size_t length)
{
	struct nlmsghdr header;

	for (size_t at = 0; at + sizeof(header) <= length; at += NLMSG_ALIGN(header.nlmsg_len)) {
		memcpy(&header, bytes + at, sizeof(header));
		if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > length - at)
			return;
		if (header.nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE))
			change_flag(bytes + at, header.nlmsg_len);
	}
}

ssize_t sendto(int fd, const void *bytes, size_t length, int flags, const struct sockaddr *address,
	       socklen_t address_length)
{
	sendto_fn *next = (sendto_fn *)dlsym(RTLD_NEXT, "sendto");
	_Alignas(struct nlmsghdr) uint8_t copy[LENGTH_MAX];

	if (address && address->sa_family == AF_NETLINK && length <= sizeof(copy)) {
		memcpy(copy, bytes, length);
		change_flags(copy, length);
		bytes = copy;
	}
	return next(fd, bytes, length, flags, address, address_length);
}
