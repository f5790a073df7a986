/* sources/dataplane_decode: devices, eBPF and nftables as netlink tells of them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
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
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>

#include "sources/dataplane_decode.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

union message {
	struct nlmsghdr header;
	char bytes[2048];
};

static struct nlmsghdr *begin(union message *message, uint16_t type, const void *fixed,
			      size_t length)
{
	struct nlmsghdr *header;

	memset(message, 0, sizeof(*message));
	header = mnl_nlmsg_put_header(message);
	header->nlmsg_type = type;
	memcpy(mnl_nlmsg_put_extra_header(header, length), fixed, length);
	return header;
}

typedef int decode_fn(const void *message, size_t length, void *context);

/* As it is; and cut anywhere, which must be refused or do no harm. */
static int decode_cut(const struct nlmsghdr *message, decode_fn *decode, void *context,
		      void *scratch)
{
	for (uint32_t length = 0; length < message->nlmsg_len; length++) {
		char *copy = malloc(length + 1);
		uint32_t told = length;

		assert_non_null(copy);
		memcpy(copy, message, length);
		if (length >= sizeof(struct nlmsghdr))
			memcpy(copy, &told, sizeof(told));
		decode(copy, length, scratch);
		free(copy);
	}
	assert_int_equal(decode(message, sizeof(struct nlmsghdr) - 1, scratch), -EBADMSG);
	assert_int_equal(decode(message, message->nlmsg_len - 1, scratch), -EBADMSG);
	return decode(message, message->nlmsg_len, context);
}

/* ---- devices ---- */

static int decode_link(const void *message, size_t length, void *context)
{
	return dataplane_decode_link(message, length, context);
}

struct link_words {
	int index, master;
	const char *name, *kind, *master_kind;
	bool elsewhere, filters, filters_ipv6, xdp;
};

static struct link_seen a_link(const struct link_words *words)
{
	const struct ifinfomsg fixed = {.ifi_index = words->index};
	struct link_seen seen, scratch;
	union message message;
	struct nlmsghdr *header = begin(&message, RTM_NEWLINK, &fixed, sizeof(fixed));
	struct nlattr *info, *data;

	mnl_attr_put_strz(header, IFLA_IFNAME, words->name);
	if (words->master)
		mnl_attr_put_u32(header, IFLA_MASTER, (uint32_t)words->master);
	if (words->elsewhere)
		mnl_attr_put_u32(header, IFLA_LINK_NETNSID, 3);
	info = mnl_attr_nest_start(header, IFLA_LINKINFO);
	if (words->kind)
		mnl_attr_put_strz(header, IFLA_INFO_KIND, words->kind);
	if (words->filters || words->filters_ipv6) {
		data = mnl_attr_nest_start(header, IFLA_INFO_DATA);
		mnl_attr_put_u8(header, IFLA_BR_NF_CALL_IPTABLES, words->filters);
		mnl_attr_put_u8(header, IFLA_BR_NF_CALL_IP6TABLES, words->filters_ipv6);
		mnl_attr_nest_end(header, data);
	}
	if (words->master_kind)
		mnl_attr_put_strz(header, IFLA_INFO_SLAVE_KIND, words->master_kind);
	mnl_attr_nest_end(header, info);
	info = mnl_attr_nest_start(header, IFLA_XDP);
	mnl_attr_put_u8(header, IFLA_XDP_ATTACHED,
			words->xdp ? XDP_ATTACHED_DRV : XDP_ATTACHED_NONE);
	mnl_attr_nest_end(header, info);
	assert_int_equal(decode_cut(header, decode_link, &seen, &scratch), 0);
	return seen;
}

static void a_device_is_told(void **state)
{
	const struct link_words words = {.index = 7,
					 .master = 5,
					 .name = "veth0123456789a",
					 .kind = "veth",
					 .master_kind = "bridge",
					 .elsewhere = true,
					 .xdp = true};
	struct link_seen seen = a_link(&words);

	(void)state;
	assert_int_equal(seen.index, 7);
	assert_int_equal(seen.master, 5);
	assert_string_equal(seen.name, "veth0123456789a");
	assert_string_equal(seen.kind, "veth");
	assert_string_equal(seen.master_kind, "bridge");
	assert_true(seen.peer_elsewhere);
	assert_true(seen.xdp);
	assert_false(seen.filters);
}

static struct dataplane_observations observe(const struct link_words *words, size_t count)
{
	struct dataplane_observations observations = {0};
	struct link_seen links[16];

	assert_true(count <= COUNT(links));
	for (size_t i = 0; i < count; i++)
		links[i] = a_link(&words[i]);
	dataplane_take_links(links, count, &observations);
	return observations;
}

static void pods_devices_are_told_from_others(void **state)
{
	const struct link_words words[] = {
	    {.index = 1, .name = "lo"},
	    {.index = 2, .name = "eth0"},
	    {.index = 3, .name = "cni0", .kind = "bridge"},
	    {.index = 4, .name = "docker0", .kind = "bridge"},
	    {.index = 5, .name = "br-0123456789ab", .kind = "bridge"},
	    {.index = 6, .name = "a", .kind = "veth", .elsewhere = true},
	    {.index = 7,
	     .name = "b",
	     .kind = "veth",
	     .elsewhere = true,
	     .master = 3,
	     .master_kind = "bridge"},
	    {.index = 8,
	     .name = "c",
	     .kind = "veth",
	     .elsewhere = true,
	     .master = 4,
	     .master_kind = "bridge"},
	    {.index = 9,
	     .name = "d",
	     .kind = "veth",
	     .elsewhere = true,
	     .master = 5,
	     .master_kind = "bridge"},
	    {.index = 10, .name = "e", .kind = "veth"},
	    {.index = 11,
	     .name = "f",
	     .kind = "veth",
	     .elsewhere = true,
	     .master = 12,
	     .master_kind = "openvswitch"},
	    {.index = 12, .name = "ovs-system", .kind = "openvswitch"},
	};
	struct dataplane_observations seen = observe(words, COUNT(words));

	(void)state;
	assert_int_equal(seen.routed, 1);
	assert_int_equal(seen.bridged, 1);
	assert_int_equal(seen.unfiltered, 1);
	assert_int_equal(seen.switched, 1);
	assert_int_equal(seen.devices, DEVICE_OVS);
	assert_int_equal(seen.programs, 0);
}

static void a_bridge_may_filter_by_itself(void **state)
{
	const struct link_words words[] = {
	    {.index = 3, .name = "cni0", .kind = "bridge", .filters = true},
	    {.index = 7,
	     .name = "b",
	     .kind = "veth",
	     .elsewhere = true,
	     .master = 3,
	     .master_kind = "bridge",
	     .xdp = true},
	};
	struct dataplane_observations seen = observe(words, COUNT(words));

	(void)state;
	assert_int_equal(seen.bridged, 1);
	assert_int_equal(seen.unfiltered, 0);
	assert_int_equal(seen.unfiltered_ipv6, 1);
	assert_int_equal(seen.programs, PROGRAM_OTHER);
	assert_string_equal(seen.program, "XDP");
}

static void a_bridge_may_filter_ipv6_alone(void **state)
{
	const struct link_words words[] = {
	    {.index = 3, .name = "cni0", .kind = "bridge", .filters_ipv6 = true},
	    {.index = 7,
	     .name = "b",
	     .kind = "veth",
	     .elsewhere = true,
	     .master = 3,
	     .master_kind = "bridge"},
	};
	struct dataplane_observations seen = observe(words, COUNT(words));

	(void)state;
	assert_int_equal(seen.unfiltered, 1);
	assert_int_equal(seen.unfiltered_ipv6, 0);
}

static void devices_tell_of_software(void **state)
{
	static const struct {
		const char *name, *kind;
		unsigned device;
	} cases[] = {
	    {"kube-ipvs0", "dummy", DEVICE_IPVS},
	    {"nodelocaldns", "dummy", DEVICE_NODE_DNS},
	    {"cilium_host", "veth", DEVICE_CILIUM},
	    {"bpfin.cali", "veth", DEVICE_CALICO_EBPF},
	    {"antrea-gw0", NULL, DEVICE_ANTREA},
	    {"ovn-k8s-mp0", NULL, DEVICE_OVN},
	    {"kube-bridge", "bridge", DEVICE_KUBE_ROUTER},
	    {"lxc1", "netkit", DEVICE_NETKIT},
	    {"eth0", NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct link_words words = {
		    .index = 2, .name = cases[i].name, .kind = cases[i].kind};

		assert_int_equal(observe(&words, 1).devices, cases[i].device);
	}
}

/* ---- eBPF ---- */

static int decode_filter(const void *message, size_t length, void *context)
{
	return dataplane_take_filter(message, length, context);
}

static struct dataplane_observations filtered(const char *kind, const char *name, uint32_t handle)
{
	const struct tcmsg fixed = {.tcm_ifindex = 7, .tcm_handle = handle};
	struct dataplane_observations seen = {0}, scratch = {0};
	union message message;
	struct nlmsghdr *header = begin(&message, RTM_NEWTFILTER, &fixed, sizeof(fixed));
	struct nlattr *options;

	mnl_attr_put_strz(header, TCA_KIND, kind);
	options = mnl_attr_nest_start(header, TCA_OPTIONS);
	if (name)
		mnl_attr_put_strz(header, TCA_BPF_NAME, name);
	mnl_attr_nest_end(header, options);
	assert_int_equal(decode_cut(header, decode_filter, &seen, &scratch), 0);
	return seen;
}

static void filters_of_ebpf_by_their_names(void **state)
{
	static const struct {
		const char *name;
		unsigned program;
	} cases[] = {
	    {"cil_from_container-lxc12", PROGRAM_CILIUM},
	    {"cali_tc_preambl:[12]", PROGRAM_CALICO},
	    {"calico_from_workload_ep", PROGRAM_CALICO},
	    {"handle_ingress", PROGRAM_AWS_AGENT},
	    {"handle_egress", PROGRAM_AWS_AGENT},
	    {"endpoint_ingress_filter", PROGRAM_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(filtered("bpf", cases[i].name, 1).programs, cases[i].program);
	assert_string_equal(filtered("bpf", "watch", 1).program, "watch");
	assert_string_equal(filtered("bpf", NULL, 1).program, "without a name");
	/* The chain's own line, and filters of another kind. */
	assert_int_equal(filtered("bpf", NULL, 0).programs, 0);
	assert_int_equal(filtered("flower", "x", 1).programs, 0);
}

/* ---- nftables ---- */

static int decode_rule(const void *message, size_t length, void *context)
{
	return dataplane_take_rule(message, length, context);
}

static struct nlmsghdr *begin_nft(union message *message, uint16_t type)
{
	const struct nfgenmsg fixed = {.nfgen_family = 2};

	return begin(message, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), &fixed, sizeof(fixed));
}

static unsigned rules_of(const struct nlmsghdr *header)
{
	struct dataplane_observations seen = {0}, scratch = {0};

	assert_int_equal(decode_cut(header, decode_rule, &seen, &scratch), 0);
	return seen.rules;
}

static unsigned table_means(const char *table)
{
	union message message;
	struct nlmsghdr *header = begin_nft(&message, NFT_MSG_NEWTABLE);

	mnl_attr_put_strz(header, NFTA_TABLE_NAME, table);
	return rules_of(header);
}

static unsigned chain_means(const char *table, const char *chain)
{
	union message message;
	struct nlmsghdr *header = begin_nft(&message, NFT_MSG_NEWCHAIN);

	mnl_attr_put_strz(header, NFTA_CHAIN_TABLE, table);
	mnl_attr_put_u64(header, NFTA_CHAIN_HANDLE, 1);
	mnl_attr_put_strz(header, NFTA_CHAIN_NAME, chain);
	return rules_of(header);
}

/* A rule of one match and one expression; target: of iptables, with flags as xt_CT has them. */
static unsigned rule_means(const char *table, const char *chain, const char *expression,
			   const char *target, uint16_t flags)
{
	union message message;
	struct nlmsghdr *header = begin_nft(&message, NFT_MSG_NEWRULE);
	struct nlattr *list, *element, *data;

	mnl_attr_put_strz(header, NFTA_RULE_TABLE, table);
	mnl_attr_put_strz(header, NFTA_RULE_CHAIN, chain);
	list = mnl_attr_nest_start(header, NFTA_RULE_EXPRESSIONS);
	element = mnl_attr_nest_start(header, NFTA_LIST_ELEM);
	mnl_attr_put_strz(header, NFTA_EXPR_NAME, "payload");
	mnl_attr_nest_end(header, element);
	element = mnl_attr_nest_start(header, NFTA_LIST_ELEM);
	mnl_attr_put_strz(header, NFTA_EXPR_NAME, expression);
	data = mnl_attr_nest_start(header, NFTA_EXPR_DATA);
	if (target) {
		const struct xt_ct_target_info info = {.flags = flags};

		mnl_attr_put_strz(header, NFTA_TARGET_NAME, target);
		mnl_attr_put_u32(header, NFTA_TARGET_REV, 0);
		mnl_attr_put(header, NFTA_TARGET_INFO, sizeof(info), &info);
	}
	mnl_attr_nest_end(header, data);
	mnl_attr_nest_end(header, element);
	mnl_attr_nest_end(header, list);
	return rules_of(header);
}

static void tables_and_chains(void **state)
{
	(void)state;
	assert_int_equal(table_means("kube-proxy"), RULE_KUBE_PROXY);
	assert_int_equal(table_means("filter"), 0);
	assert_int_equal(table_means("calico"), RULE_CALICO);
	assert_int_equal(chain_means("nat", "KUBE-SERVICES"), RULE_KUBE_SERVICES);
	assert_int_equal(chain_means("nat", "KUBE-NODEPORTS"), RULE_KUBE_SERVICES);
	/* The kubelet's. */
	assert_int_equal(chain_means("mangle", "KUBE-KUBELET-CANARY"), 0);
	assert_int_equal(chain_means("filter", "KUBE-ROUTER-FORWARD"), RULE_KUBE_ROUTER);
	assert_int_equal(chain_means("filter", "cali-FORWARD"), RULE_CALICO);
	assert_int_equal(chain_means("calico", "filter-cali-FORWARD"), RULE_CALICO);
	assert_int_equal(chain_means("filter", "CILIUM_FORWARD"), RULE_CILIUM);
	assert_int_equal(chain_means("filter", "ANTREA-FORWARD"), RULE_ANTREA);
	assert_int_equal(chain_means("filter", "FORWARD"), 0);
}

static void rules(void **state)
{
	(void)state;
	assert_int_equal(rule_means("raw", "PREROUTING", "notrack", NULL, 0), RULE_NOTRACK);
	assert_int_equal(rule_means("raw", "PREROUTING", "target", "CT", XT_CT_NOTRACK),
			 RULE_NOTRACK);
	assert_int_equal(rule_means("raw", "OUTPUT", "target", "NOTRACK", 0), RULE_NOTRACK);
	/* A zone, or a helper. */
	assert_int_equal(rule_means("raw", "PREROUTING", "target", "CT", 0), 0);
	assert_int_equal(rule_means("raw", "PREROUTING", "target", "MARK", XT_CT_NOTRACK), 0);
	/* Its tunnel's packets. */
	assert_int_equal(rule_means("raw", "cali-PREROUTING", "target", "CT", XT_CT_NOTRACK), 0);
	assert_int_equal(rule_means("nat", "CILIUM_POST_nat", "target", "MASQUERADE", 0),
			 RULE_CILIUM_MASQUERADE);
	assert_int_equal(rule_means("nat", "CILIUM_POST_nat", "masq", NULL, 0),
			 RULE_CILIUM_MASQUERADE);
	assert_int_equal(rule_means("nat", "POSTROUTING", "masq", NULL, 0), 0);
}

/* ---- rules that keep packets from being tracked, and whose packets ---- */

static struct nlattr *begin_expression(struct nlmsghdr *header, const char *name,
				       struct nlattr **element)
{
	*element = mnl_attr_nest_start(header, NFTA_LIST_ELEM);
	mnl_attr_put_strz(header, NFTA_EXPR_NAME, name);
	return mnl_attr_nest_start(header, NFTA_EXPR_DATA);
}

static void end_expression(struct nlmsghdr *header, struct nlattr *data, struct nlattr *element)
{
	mnl_attr_nest_end(header, data);
	mnl_attr_nest_end(header, element);
}

static void put_payload(struct nlmsghdr *header, uint32_t base, uint32_t offset, uint32_t length)
{
	struct nlattr *element, *data = begin_expression(header, "payload", &element);

	mnl_attr_put_u32(header, NFTA_PAYLOAD_DREG, htonl(NFT_REG32_00));
	mnl_attr_put_u32(header, NFTA_PAYLOAD_BASE, htonl(base));
	mnl_attr_put_u32(header, NFTA_PAYLOAD_OFFSET, htonl(offset));
	mnl_attr_put_u32(header, NFTA_PAYLOAD_LEN, htonl(length));
	end_expression(header, data, element);
}

static void put_comparison(struct nlmsghdr *header, uint32_t operation, const void *value,
			   size_t length)
{
	struct nlattr *element, *data = begin_expression(header, "cmp", &element), *nest;

	mnl_attr_put_u32(header, NFTA_CMP_SREG, htonl(NFT_REG32_00));
	mnl_attr_put_u32(header, NFTA_CMP_OP, htonl(operation));
	nest = mnl_attr_nest_start(header, NFTA_CMP_DATA);
	mnl_attr_put(header, NFTA_DATA_VALUE, length, value);
	mnl_attr_nest_end(header, nest);
	end_expression(header, data, element);
}

static void put_udp(struct nlmsghdr *header, uint16_t first, uint16_t last, uint8_t inverted)
{
	const struct xt_udp udp = {
	    .spts = {0, 0xffff}, .dpts = {first, last}, .invflags = inverted};
	struct nlattr *element, *data = begin_expression(header, "match", &element);

	mnl_attr_put_strz(header, NFTA_MATCH_NAME, "udp");
	mnl_attr_put_u32(header, NFTA_MATCH_REV, 0);
	mnl_attr_put(header, NFTA_MATCH_INFO, sizeof(udp), &udp);
	end_expression(header, data, element);
}

static void put_expression(struct nlmsghdr *header, const char *name)
{
	struct nlattr *element, *data = begin_expression(header, name, &element);

	end_expression(header, data, element);
}

struct untracked {
	const char *name;
	const char *to, *from; /* addresses; NULL: any */
	uint16_t port;         /* natively; 0: any */
	uint16_t first, last;  /* by iptables' own match; 0: any */
	uint8_t inverted;
	bool negated; /* all but this address */
	bool masked;
	unsigned means;
};

static void put_address(struct nlmsghdr *header, uint32_t offset, const char *text,
			const struct untracked *rule)
{
	uint8_t address[4];

	assert_int_equal(inet_pton(AF_INET, text, address), 1);
	put_payload(header, NFT_PAYLOAD_NETWORK_HEADER, offset, 4);
	if (rule->masked)
		put_expression(header, "bitwise");
	put_comparison(header, rule->negated ? NFT_CMP_NEQ : NFT_CMP_EQ, address, sizeof(address));
}

static unsigned untracked_means(const struct untracked *rule)
{
	struct dataplane_observations seen = {
	    .caches = {{.length = 4, .bytes = {169, 254, 20, 10}}}, .cache_count = 1};
	struct dataplane_observations scratch = seen;
	const uint16_t port = htons(rule->port);
	union message message;
	struct nlmsghdr *header = begin_nft(&message, NFT_MSG_NEWRULE);
	struct nlattr *list;

	mnl_attr_put_strz(header, NFTA_RULE_TABLE, "any");
	mnl_attr_put_strz(header, NFTA_RULE_CHAIN, "any");
	list = mnl_attr_nest_start(header, NFTA_RULE_EXPRESSIONS);
	if (rule->from)
		put_address(header, 12, rule->from, rule);
	if (rule->to)
		put_address(header, 16, rule->to, rule);
	if (rule->port) {
		put_payload(header, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2);
		put_comparison(header, NFT_CMP_EQ, &port, sizeof(port));
	}
	if (rule->last)
		put_udp(header, rule->first, rule->last, rule->inverted);
	put_expression(header, "notrack");
	mnl_attr_nest_end(header, list);
	assert_int_equal(decode_cut(header, decode_rule, &seen, &scratch), 0);
	return seen.rules;
}

static void the_dns_caches_rules_are_told_from_others(void **state)
{
	static const struct untracked cases[] = {
	    {.name = "to the cache", .to = "169.254.20.10", .port = 53, .means = RULE_NOTRACK_DNS},
	    {.name = "its health",
	     .from = "169.254.20.10",
	     .port = 8080,
	     .means = RULE_NOTRACK_DNS},
	    {.name = "to the service's address",
	     .to = "10.96.0.10",
	     .port = 53,
	     .means = RULE_NOTRACK_DNS},
	    {.name = "by iptables",
	     .to = "10.96.0.10",
	     .first = 53,
	     .last = 53,
	     .means = RULE_NOTRACK_DNS},
	    {.name = "everything", .means = RULE_NOTRACK},
	    {.name = "all DNS", .port = 53, .means = RULE_NOTRACK},
	    {.name = "one pod", .to = "10.244.0.3", .means = RULE_NOTRACK},
	    {.name = "one pod's port", .to = "10.244.0.3", .port = 80, .means = RULE_NOTRACK},
	    {.name = "all but the cache",
	     .to = "169.254.20.10",
	     .negated = true,
	     .means = RULE_NOTRACK},
	    {.name = "a network", .to = "169.254.20.10", .masked = true, .means = RULE_NOTRACK},
	    {.name = "many ports",
	     .to = "10.96.0.10",
	     .first = 53,
	     .last = 60000,
	     .means = RULE_NOTRACK},
	    {.name = "all but DNS",
	     .to = "10.96.0.10",
	     .first = 53,
	     .last = 53,
	     .inverted = XT_UDP_INV_DSTPT,
	     .means = RULE_NOTRACK},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		print_message("%s\n", cases[i].name);
		assert_int_equal(untracked_means(&cases[i]), cases[i].means);
	}
}

static int decode_early(const void *message, size_t length, void *context)
{
	return dataplane_decode_early(message, length, context);
}

static int is_early(uint8_t family, const char *table, const char *chain, int64_t hook,
		    int32_t priority)
{
	const struct nfgenmsg fixed = {.nfgen_family = family};
	struct table_seen seen, scratch;
	union message message;
	struct nlmsghdr *header =
	    begin(&message, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN, &fixed, sizeof(fixed));
	struct nlattr *nest;
	int r;

	mnl_attr_put_strz(header, NFTA_CHAIN_TABLE, table);
	mnl_attr_put_strz(header, NFTA_CHAIN_NAME, chain);
	if (hook >= 0) {
		nest = mnl_attr_nest_start(header, NFTA_CHAIN_HOOK);
		mnl_attr_put_u32(header, NFTA_HOOK_HOOKNUM, htonl((uint32_t)hook));
		mnl_attr_put_u32(header, NFTA_HOOK_PRIORITY, htonl((uint32_t)priority));
		mnl_attr_nest_end(header, nest);
	}
	r = decode_cut(header, decode_early, &seen, &scratch);
	if (r == 1) {
		assert_int_equal(seen.family, family);
		assert_string_equal(seen.name, table);
	}
	return r;
}

static void chains_before_connections_are_tracked(void **state)
{
	union message message;
	struct table_seen table;

	(void)state;
	assert_int_equal(is_early(NFPROTO_IPV4, "raw", "PREROUTING", NF_INET_PRE_ROUTING, -300), 1);
	assert_int_equal(is_early(NFPROTO_INET, "mine", "c", NF_INET_PRE_ROUTING, -300), 1);
	assert_int_equal(is_early(NFPROTO_IPV6, "mine", "c", NF_INET_LOCAL_OUT, -450), 1);
	assert_int_equal(is_early(NFPROTO_BRIDGE, "mine", "c", NF_INET_PRE_ROUTING, 0), 1);
	assert_int_equal(is_early(NFPROTO_NETDEV, "mine", "c", 0, 0), 1);
	assert_int_equal(is_early(NFPROTO_INET, "mine", "c", NF_INET_INGRESS, 0), 1);
	assert_int_equal(is_early(NFPROTO_INET, "mine", "c", NF_INET_PRE_ROUTING, -150), 0);
	assert_int_equal(is_early(NFPROTO_INET, "mine", "c", NF_INET_FORWARD, -300), 0);
	/* It has no hook: others go on to it. */
	assert_int_equal(is_early(NFPROTO_INET, "mine", "c", -1, 0), 0);
	/* Its tunnel's packets. */
	assert_int_equal(is_early(NFPROTO_IPV4, "calico", "raw-PREROUTING", 0, -300), 0);
	assert_int_equal(dataplane_decode_early(begin_nft(&message, NFT_MSG_NEWRULE), 20, &table),
			 0);
}

static void other_messages_say_nothing(void **state)
{
	union message message;
	struct nlmsghdr *header = begin_nft(&message, NFT_MSG_NEWSET);

	(void)state;
	mnl_attr_put_strz(header, NFTA_SET_TABLE, "kube-proxy");
	assert_int_equal(rules_of(header), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_device_is_told),
	    cmocka_unit_test(pods_devices_are_told_from_others),
	    cmocka_unit_test(a_bridge_may_filter_by_itself),
	    cmocka_unit_test(a_bridge_may_filter_ipv6_alone),
	    cmocka_unit_test(devices_tell_of_software),
	    cmocka_unit_test(filters_of_ebpf_by_their_names),
	    cmocka_unit_test(tables_and_chains),
	    cmocka_unit_test(rules),
	    cmocka_unit_test(the_dns_caches_rules_are_told_from_others),
	    cmocka_unit_test(chains_before_connections_are_tracked),
	    cmocka_unit_test(other_messages_say_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
