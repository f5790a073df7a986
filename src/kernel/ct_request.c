#include "kernel/ct_request.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include "kernel/packet.h"

static struct nlmsghdr *put_header(union request *request, uint16_t type, uint16_t flags,
				   uint8_t family)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(request);
	struct nfgenmsg *netfilter = mnl_nlmsg_put_extra_header(header, sizeof(*netfilter));

	header->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type);
	header->nlmsg_flags = NLM_F_REQUEST | flags;
	netfilter->nfgen_family = family;
	netfilter->version = NFNETLINK_V0;
	return header;
}

static void put_ip(struct nlmsghdr *header, const struct tuple *tuple)
{
	bool ipv4 = tuple->source.family == ADDR_IPV4;
	struct nlattr *nest = mnl_attr_nest_start(header, CTA_TUPLE_IP);

	mnl_attr_put(header, ipv4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, addr_length(tuple->source),
		     tuple->source.bytes);
	mnl_attr_put(header, ipv4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, addr_length(tuple->destination),
		     tuple->destination.bytes);
	mnl_attr_nest_end(header, nest);
}

static void put_icmp(struct nlmsghdr *header, const struct tuple *tuple)
{
	bool v4 = tuple->protocol == IPPROTO_ICMP;

	mnl_attr_put_u16(header, v4 ? CTA_PROTO_ICMP_ID : CTA_PROTO_ICMPV6_ID,
			 htons(tuple->source_port));
	mnl_attr_put_u8(header, v4 ? CTA_PROTO_ICMP_TYPE : CTA_PROTO_ICMPV6_TYPE,
			(uint8_t)(tuple->destination_port >> 8));
	mnl_attr_put_u8(header, v4 ? CTA_PROTO_ICMP_CODE : CTA_PROTO_ICMPV6_CODE,
			(uint8_t)tuple->destination_port);
}

static void put_proto(struct nlmsghdr *header, const struct tuple *tuple)
{
	struct nlattr *nest = mnl_attr_nest_start(header, CTA_TUPLE_PROTO);

	mnl_attr_put_u8(header, CTA_PROTO_NUM, tuple->protocol);
	if (tuple->protocol == IPPROTO_ICMP || tuple->protocol == IPPROTO_ICMPV6) {
		put_icmp(header, tuple);
	} else if (packet_has_ports(tuple->protocol) || tuple->protocol == IPPROTO_GRE) {
		/* The kernel keeps the call keys of PPTP here and insists on them; plain GRE has 0.
		 */
		mnl_attr_put_u16(header, CTA_PROTO_SRC_PORT, htons(tuple->source_port));
		mnl_attr_put_u16(header, CTA_PROTO_DST_PORT, htons(tuple->destination_port));
	}
	mnl_attr_nest_end(header, nest);
}

void ct_request_dump(union request *ret)
{
	put_header(ret, IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC);
}

int ct_request_find(union request *ret, const struct tuple *tuple, bool reply, uint16_t zone)
{
	struct nlmsghdr *header;
	struct nlattr *nest;

	if (!addr_is_set(tuple->source) || tuple->source.family != tuple->destination.family)
		return -EINVAL;
	header = put_header(ret, IPCTNL_MSG_CT_GET, NLM_F_ACK,
			    tuple->source.family == ADDR_IPV4 ? AF_INET : AF_INET6);
	nest = mnl_attr_nest_start(header, reply ? CTA_TUPLE_REPLY : CTA_TUPLE_ORIG);
	put_ip(header, tuple);
	put_proto(header, tuple);
	mnl_attr_nest_end(header, nest);
	if (zone)
		mnl_attr_put_u16(header, CTA_ZONE, htons(zone));
	return 0;
}

void ct_request_stats(union request *ret)
{
	put_header(ret, IPCTNL_MSG_CT_GET_STATS_CPU, NLM_F_DUMP, AF_UNSPEC);
}
