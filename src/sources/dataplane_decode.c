#include "sources/dataplane_decode.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/xt_CT.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/netfilter_ipv4.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>

/* ---- attributes ---- */

typedef void take_attr_fn(const struct nlattr *attr, void *context);

static void take_attrs(const void *bytes, size_t length, take_attr_fn *take, void *context)
{
	const struct nlattr *attr;

	mnl_attr_for_each_payload(bytes, length) take(attr, context);
	(void)attr;
}

static void take_nested(const struct nlattr *nest, take_attr_fn *take, void *context)
{
	take_attrs(mnl_attr_get_payload(nest), mnl_attr_get_payload_len(nest), take, context);
}

/* A whole message of this type with its fixed header; NULL otherwise. */
static const struct nlmsghdr *message_of(const void *bytes, size_t length, size_t fixed)
{
	const struct nlmsghdr *message = bytes;

	if (length < sizeof(*message) || message->nlmsg_len > length ||
	    message->nlmsg_len < MNL_ALIGN(sizeof(*message)) + MNL_ALIGN(fixed))
		return NULL;
	return message;
}

static void take_message(const struct nlmsghdr *message, size_t fixed, take_attr_fn *take,
			 void *context)
{
	take_attrs(mnl_nlmsg_get_payload_offset(message, fixed),
		   mnl_nlmsg_get_payload_len(message) - MNL_ALIGN(fixed), take, context);
}

static void copy_text(char *text, size_t size, const struct nlattr *attr)
{
	size_t length = strnlen(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));

	if (length > size - 1)
		length = size - 1;
	memcpy(text, mnl_attr_get_payload(attr), length);
	text[length] = '\0';
}

static uint8_t u8_of(const struct nlattr *attr)
{
	return mnl_attr_get_payload_len(attr) >= 1 ? *(const uint8_t *)mnl_attr_get_payload(attr)
						   : 0;
}

static int int_of(const struct nlattr *attr)
{
	int value = 0;

	if (mnl_attr_get_payload_len(attr) >= sizeof(value))
		memcpy(&value, mnl_attr_get_payload(attr), sizeof(value));
	return value;
}

static uint32_t be32_of(const struct nlattr *attr)
{
	return ntohl((uint32_t)int_of(attr));
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* ---- devices ---- */

static void take_bridge_data(const struct nlattr *attr, void *context)
{
	struct link_seen *link = context;

	if (mnl_attr_get_type(attr) == IFLA_BR_NF_CALL_IPTABLES && u8_of(attr))
		link->filters = true;
	else if (mnl_attr_get_type(attr) == IFLA_BR_NF_CALL_IP6TABLES && u8_of(attr))
		link->filters_ipv6 = true;
}

static void take_info(const struct nlattr *attr, void *context)
{
	struct link_seen *link = context;

	if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
		copy_text(link->kind, sizeof(link->kind), attr);
	else if (mnl_attr_get_type(attr) == IFLA_INFO_SLAVE_KIND)
		copy_text(link->master_kind, sizeof(link->master_kind), attr);
	else if (mnl_attr_get_type(attr) == IFLA_INFO_DATA && strcmp(link->kind, "bridge") == 0)
		take_nested(attr, take_bridge_data, link);
}

static void take_xdp(const struct nlattr *attr, void *context)
{
	struct link_seen *link = context;

	if (mnl_attr_get_type(attr) == IFLA_XDP_ATTACHED && u8_of(attr) != XDP_ATTACHED_NONE)
		link->xdp = true;
}

static void take_link_attr(const struct nlattr *attr, void *context)
{
	struct link_seen *link = context;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		copy_text(link->name, sizeof(link->name), attr);
		break;
	case IFLA_MASTER:
		link->master = int_of(attr);
		break;
	case IFLA_LINK_NETNSID:
		link->peer_elsewhere = true;
		break;
	case IFLA_LINKINFO:
		take_nested(attr, take_info, link);
		break;
	case IFLA_XDP:
		take_nested(attr, take_xdp, link);
		break;
	default:
		break;
	}
}

int dataplane_decode_link(const void *bytes, size_t length, struct link_seen *ret)
{
	const struct nlmsghdr *message = message_of(bytes, length, sizeof(struct ifinfomsg));
	struct ifinfomsg header;

	if (!message)
		return -EBADMSG;
	memset(ret, 0, sizeof(*ret));
	memcpy(&header, mnl_nlmsg_get_payload(message), sizeof(header));
	ret->index = header.ifi_index;
	take_message(message, sizeof(header), take_link_attr, ret);
	return 0;
}

struct device_name {
	const char *name;
	enum dataplane_device device;
};

static const struct device_name device_names[] = {
    {"kube-ipvs0", DEVICE_IPVS},         {"nodelocaldns", DEVICE_NODE_DNS},
    {"cilium_host", DEVICE_CILIUM},      {"cilium_net", DEVICE_CILIUM},
    {"bpfin.cali", DEVICE_CALICO_EBPF},  {"bpfout.cali", DEVICE_CALICO_EBPF},
    {"antrea-gw0", DEVICE_ANTREA},       {"ovn-k8s-mp0", DEVICE_OVN},
    {"kube-bridge", DEVICE_KUBE_ROUTER},
};

static unsigned device_of(const struct link_seen *link)
{
	if (strcmp(link->kind, "openvswitch") == 0)
		return DEVICE_OVS;
	if (strcmp(link->kind, "netkit") == 0)
		return DEVICE_NETKIT;
	for (size_t i = 0; i < sizeof(device_names) / sizeof(device_names[0]); i++)
		if (strcmp(device_names[i].name, link->name) == 0)
			return device_names[i].device;
	return 0;
}

static const struct link_seen *master_of(const struct link_seen *links, size_t count,
					 const struct link_seen *link)
{
	for (size_t i = 0; link->master && i < count; i++)
		if (links[i].index == link->master)
			return &links[i];
	return NULL;
}

/* docker0, and br- with the network's id. */
static bool is_dockers(const struct link_seen *bridge)
{
	return strcmp(bridge->name, "docker0") == 0 ||
	       (begins(bridge->name, "br-") && strspn(bridge->name + 3, "0123456789abcdef") == 12 &&
		!bridge->name[15]);
}

bool dataplane_is_pods(const struct link_seen *links, size_t count, const struct link_seen *link)
{
	const struct link_seen *master = master_of(links, count, link);

	if (!link->peer_elsewhere ||
	    (strcmp(link->kind, "veth") != 0 && strcmp(link->kind, "netkit") != 0))
		return false;
	return !master || !is_dockers(master);
}

static void take_port(const struct link_seen *bridge, struct dataplane_observations *observations)
{
	observations->bridged++;
	observations->unfiltered += !bridge || !bridge->filters;
	observations->unfiltered_ipv6 += !bridge || !bridge->filters_ipv6;
}

/* A program by its name alone. */
static void take_program(const char *name, struct dataplane_observations *observations)
{
	if (begins(name, "cil_") || begins(name, "bpf_lxc") || begins(name, "cilium")) {
		observations->programs |= PROGRAM_CILIUM;
	} else if (begins(name, "cali") || begins(name, "to_cali") || begins(name, "from_cali")) {
		observations->programs |= PROGRAM_CALICO;
	} else if (begins(name, "handle_ingress") || begins(name, "handle_egress")) {
		observations->programs |= PROGRAM_AWS_AGENT;
	} else {
		observations->programs |= PROGRAM_OTHER;
		if (!observations->program[0])
			snprintf(observations->program, sizeof(observations->program), "%.*s",
				 DATAPLANE_NAME_MAX - 1, name);
	}
}

void dataplane_take_links(const struct link_seen *links, size_t count,
			  struct dataplane_observations *observations)
{
	for (size_t i = 0; i < count; i++) {
		const struct link_seen *link = &links[i], *master = master_of(links, count, link);

		observations->devices |= device_of(link);
		if (!dataplane_is_pods(links, count, link))
			continue;
		if (link->xdp)
			take_program("XDP", observations);
		if (!link->master)
			observations->routed++;
		else if (strcmp(link->master_kind, "bridge") == 0)
			take_port(master, observations);
		else
			observations->switched++;
	}
}

/* ---- eBPF ---- */

struct filter {
	char kind[16];
	char name[DATAPLANE_NAME_MAX];
};

static void take_bpf_option(const struct nlattr *attr, void *context)
{
	struct filter *filter = context;

	if (mnl_attr_get_type(attr) == TCA_BPF_NAME)
		copy_text(filter->name, sizeof(filter->name), attr);
}

static void take_filter_attr(const struct nlattr *attr, void *context)
{
	struct filter *filter = context;

	if (mnl_attr_get_type(attr) == TCA_KIND)
		copy_text(filter->kind, sizeof(filter->kind), attr);
	else if (mnl_attr_get_type(attr) == TCA_OPTIONS)
		take_nested(attr, take_bpf_option, filter);
}

/* A filter is told once for its chain, without options, and then itself. */
int dataplane_take_filter(const void *bytes, size_t length,
			  struct dataplane_observations *observations)
{
	const struct nlmsghdr *message = message_of(bytes, length, sizeof(struct tcmsg));
	struct filter filter = {.kind = ""};
	struct tcmsg header;

	if (!message)
		return -EBADMSG;
	memcpy(&header, mnl_nlmsg_get_payload(message), sizeof(header));
	take_message(message, sizeof(header), take_filter_attr, &filter);
	if (header.tcm_handle && strcmp(filter.kind, "bpf") == 0)
		take_program(filter.name[0] ? filter.name : "without a name", observations);
	return 0;
}

/* ---- rules ---- */

/* What of a packet was looked up last, and is compared next. */
enum operand { OPERAND_OTHER, OPERAND_ADDRESS, OPERAND_PORT };

struct rule {
	const struct dataplane_observations *seen;
	char table[TABLE_NAME_MAX];
	char chain[DATAPLANE_NAME_MAX]; /* or, of NEWCHAIN and NEWTABLE, its name */
	uint32_t hook;
	int32_t priority;
	bool base;
	char expression[32];
	char target[32];
	char match[32];
	struct {
		uint32_t base, offset, length;
	} payload;
	enum operand operand;
	bool equal;
	bool for_cache, for_address, for_dns;
	bool notrack, masquerades;
};

static const uint16_t dns_port = 53;

/* ---- what a rule matches ---- */

static enum operand operand_of(const struct rule *rule)
{
	uint32_t base = rule->payload.base, offset = rule->payload.offset,
		 length = rule->payload.length;

	if (base == NFT_PAYLOAD_TRANSPORT_HEADER && length == 2 && (offset == 0 || offset == 2))
		return OPERAND_PORT;
	if (base == NFT_PAYLOAD_NETWORK_HEADER &&
	    ((length == 4 && (offset == 12 || offset == 16)) ||
	     (length == 16 && (offset == 8 || offset == 24))))
		return OPERAND_ADDRESS;
	return OPERAND_OTHER;
}

static void take_payload(const struct nlattr *attr, void *context)
{
	struct rule *rule = context;

	if (mnl_attr_get_type(attr) == NFTA_PAYLOAD_BASE)
		rule->payload.base = be32_of(attr);
	else if (mnl_attr_get_type(attr) == NFTA_PAYLOAD_OFFSET)
		rule->payload.offset = be32_of(attr);
	else if (mnl_attr_get_type(attr) == NFTA_PAYLOAD_LEN)
		rule->payload.length = be32_of(attr);
}

static bool is_cache(const struct dataplane_observations *seen, const void *bytes, size_t length)
{
	for (size_t i = 0; i < seen->cache_count; i++)
		if (seen->caches[i].length == length &&
		    memcmp(seen->caches[i].bytes, bytes, length) == 0)
			return true;
	return false;
}

static void take_value(const struct nlattr *attr, void *context)
{
	struct rule *rule = context;
	const void *bytes = mnl_attr_get_payload(attr);
	size_t length = mnl_attr_get_payload_len(attr);
	uint16_t port;

	if (mnl_attr_get_type(attr) != NFTA_DATA_VALUE || !rule->equal)
		return;
	if (rule->operand == OPERAND_ADDRESS && length == rule->payload.length) {
		rule->for_address = true;
		rule->for_cache |= is_cache(rule->seen, bytes, length);
	} else if (rule->operand == OPERAND_PORT && length == sizeof(port)) {
		memcpy(&port, bytes, sizeof(port));
		rule->for_dns |= ntohs(port) == dns_port;
	}
}

static void take_comparison(const struct nlattr *attr, void *context)
{
	struct rule *rule = context;

	if (mnl_attr_get_type(attr) == NFTA_CMP_OP)
		rule->equal = be32_of(attr) == NFT_CMP_EQ;
	else if (mnl_attr_get_type(attr) == NFTA_CMP_DATA)
		take_nested(attr, take_value, rule);
}

static bool is_dns_port(const uint16_t ports[2], uint8_t inverted)
{
	return !inverted && ports[0] == dns_port && ports[1] == dns_port;
}

static void take_udp_or_tcp(const struct nlattr *attr, struct rule *rule)
{
	struct xt_udp udp;
	struct xt_tcp tcp;

	if (strcmp(rule->match, "udp") == 0 && mnl_attr_get_payload_len(attr) >= sizeof(udp)) {
		memcpy(&udp, mnl_attr_get_payload(attr), sizeof(udp));
		rule->for_dns |= is_dns_port(udp.spts, udp.invflags & XT_UDP_INV_SRCPT) ||
				 is_dns_port(udp.dpts, udp.invflags & XT_UDP_INV_DSTPT);
	} else if (strcmp(rule->match, "tcp") == 0 &&
		   mnl_attr_get_payload_len(attr) >= sizeof(tcp)) {
		memcpy(&tcp, mnl_attr_get_payload(attr), sizeof(tcp));
		rule->for_dns |= is_dns_port(tcp.spts, tcp.invflags & XT_TCP_INV_SRCPT) ||
				 is_dns_port(tcp.dpts, tcp.invflags & XT_TCP_INV_DSTPT);
	}
}

static void take_match(const struct nlattr *attr, void *context)
{
	struct rule *rule = context;

	if (mnl_attr_get_type(attr) == NFTA_MATCH_NAME)
		copy_text(rule->match, sizeof(rule->match), attr);
	else if (mnl_attr_get_type(attr) == NFTA_MATCH_INFO)
		take_udp_or_tcp(attr, rule);
}

/* ---- what a rule does ---- */

static void take_target(const struct nlattr *attr, void *context)
{
	struct rule *rule = context;
	uint16_t flags = 0;

	if (mnl_attr_get_type(attr) == NFTA_TARGET_NAME) {
		copy_text(rule->target, sizeof(rule->target), attr);
		rule->notrack |= strcmp(rule->target, "NOTRACK") == 0;
		rule->masquerades |=
		    strcmp(rule->target, "MASQUERADE") == 0 || strcmp(rule->target, "SNAT") == 0;
	} else if (mnl_attr_get_type(attr) == NFTA_TARGET_INFO && strcmp(rule->target, "CT") == 0 &&
		   mnl_attr_get_payload_len(attr) >= sizeof(flags)) {
		memcpy(&flags, mnl_attr_get_payload(attr), sizeof(flags));
		rule->notrack |= flags & XT_CT_NOTRACK;
	}
}

static void take_expression_name(const struct nlattr *attr, struct rule *rule)
{
	copy_text(rule->expression, sizeof(rule->expression), attr);
	rule->target[0] = rule->match[0] = '\0';
	rule->equal = false;
	if (strcmp(rule->expression, "cmp") != 0)
		rule->operand = OPERAND_OTHER;
	rule->notrack |= strcmp(rule->expression, "notrack") == 0;
	rule->masquerades |=
	    strcmp(rule->expression, "masq") == 0 || strcmp(rule->expression, "nat") == 0;
}

static void take_expression_data(const struct nlattr *attr, struct rule *rule)
{
	if (strcmp(rule->expression, "target") == 0) {
		take_nested(attr, take_target, rule);
	} else if (strcmp(rule->expression, "match") == 0) {
		take_nested(attr, take_match, rule);
	} else if (strcmp(rule->expression, "cmp") == 0) {
		take_nested(attr, take_comparison, rule);
	} else if (strcmp(rule->expression, "payload") == 0) {
		memset(&rule->payload, 0, sizeof(rule->payload));
		take_nested(attr, take_payload, rule);
		rule->operand = operand_of(rule);
	}
}

static void take_expression(const struct nlattr *attr, void *context)
{
	if (mnl_attr_get_type(attr) == NFTA_EXPR_NAME)
		take_expression_name(attr, context);
	else if (mnl_attr_get_type(attr) == NFTA_EXPR_DATA)
		take_expression_data(attr, context);
}

static void take_element(const struct nlattr *attr, void *context)
{
	if (mnl_attr_get_type(attr) == NFTA_LIST_ELEM)
		take_nested(attr, take_expression, context);
}

static void take_rule_attr(const struct nlattr *attr, void *context)
{
	struct rule *rule = context;

	if (mnl_attr_get_type(attr) == NFTA_RULE_TABLE)
		copy_text(rule->table, sizeof(rule->table), attr);
	else if (mnl_attr_get_type(attr) == NFTA_RULE_CHAIN)
		copy_text(rule->chain, sizeof(rule->chain), attr);
	else if (mnl_attr_get_type(attr) == NFTA_RULE_EXPRESSIONS)
		take_nested(attr, take_element, rule);
}

static void take_hook(const struct nlattr *attr, void *context)
{
	struct rule *rule = context;

	rule->base = true;
	if (mnl_attr_get_type(attr) == NFTA_HOOK_HOOKNUM)
		rule->hook = be32_of(attr);
	else if (mnl_attr_get_type(attr) == NFTA_HOOK_PRIORITY)
		rule->priority = (int32_t)be32_of(attr);
}

static void take_chain_attr(const struct nlattr *attr, void *context)
{
	struct rule *rule = context;

	if (mnl_attr_get_type(attr) == NFTA_CHAIN_HOOK)
		take_nested(attr, take_hook, rule);
	else if (mnl_attr_get_type(attr) == NFTA_CHAIN_TABLE)
		copy_text(rule->table, sizeof(rule->table), attr);
	else if (mnl_attr_get_type(attr) == NFTA_CHAIN_NAME)
		copy_text(rule->chain, sizeof(rule->chain), attr);
}

static void take_table_attr(const struct nlattr *attr, void *context)
{
	struct rule *rule = context;

	if (mnl_attr_get_type(attr) == NFTA_TABLE_NAME)
		copy_text(rule->table, sizeof(rule->table), attr);
}

/* "cali-…" by iptables, "filter-cali-…" and the like in Calico's own table. */
static bool is_calicos(const struct rule *rule)
{
	return begins(rule->chain, "cali-") || strstr(rule->chain, "-cali-") ||
	       strcmp(rule->table, "calico") == 0;
}

static unsigned chain_meaning(const struct rule *rule)
{
	if (strcmp(rule->table, "kube-proxy") == 0)
		return RULE_KUBE_PROXY;
	if (strcmp(rule->chain, "KUBE-SERVICES") == 0 || strcmp(rule->chain, "KUBE-NODEPORTS") == 0)
		return RULE_KUBE_SERVICES;
	if (begins(rule->chain, "KUBE-ROUTER"))
		return RULE_KUBE_ROUTER;
	if (begins(rule->chain, "CILIUM_"))
		return RULE_CILIUM;
	if (begins(rule->chain, "ANTREA-"))
		return RULE_ANTREA;
	return is_calicos(rule) ? RULE_CALICO : 0;
}

static unsigned rule_meaning(const struct rule *rule)
{
	if (rule->notrack && !is_calicos(rule))
		return rule->for_cache || (rule->for_dns && rule->for_address) ? RULE_NOTRACK_DNS
									       : RULE_NOTRACK;
	return rule->masquerades && begins(rule->chain, "CILIUM_") ? RULE_CILIUM_MASQUERADE : 0;
}

int dataplane_take_rule(const void *bytes, size_t length,
			struct dataplane_observations *observations)
{
	const size_t fixed = sizeof(struct nfgenmsg);
	const struct nlmsghdr *message = message_of(bytes, length, fixed);
	struct rule rule = {.seen = observations};

	if (!message)
		return -EBADMSG;
	switch (message->nlmsg_type) {
	case NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE:
		take_message(message, fixed, take_table_attr, &rule);
		observations->rules |= chain_meaning(&rule);
		break;
	case NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN:
		take_message(message, fixed, take_chain_attr, &rule);
		observations->rules |= chain_meaning(&rule);
		break;
	case NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE:
		take_message(message, fixed, take_rule_attr, &rule);
		observations->rules |= rule_meaning(&rule);
		break;
	default:
		break;
	}
	return 0;
}

/* Connections are tracked at this priority, and so is what comes to it from a bridge. */
static bool is_early(const struct rule *rule, uint8_t family)
{
	if (!rule->base || is_calicos(rule))
		return false;
	if (family == NFPROTO_NETDEV || rule->hook == NF_INET_INGRESS)
		return true;
	return (rule->hook == NF_INET_PRE_ROUTING || rule->hook == NF_INET_LOCAL_OUT) &&
	       (family == NFPROTO_BRIDGE || rule->priority <= NF_IP_PRI_CONNTRACK);
}

int dataplane_decode_early(const void *bytes, size_t length, struct table_seen *ret)
{
	const struct nlmsghdr *message = message_of(bytes, length, sizeof(struct nfgenmsg));
	struct rule rule = {.table = ""};
	struct nfgenmsg header;

	if (!message)
		return -EBADMSG;
	if (message->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN))
		return 0;
	memcpy(&header, mnl_nlmsg_get_payload(message), sizeof(header));
	take_message(message, sizeof(header), take_chain_attr, &rule);
	ret->family = header.nfgen_family;
	memcpy(ret->name, rule.table, sizeof(ret->name));
	return is_early(&rule, header.nfgen_family);
}
