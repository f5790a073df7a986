/* sources/dataplane: what is concluded from what was seen, one case for each kind of dataplane. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sources/dataplane.h"

#define ABSENT                                                                                     \
	{                                                                                          \
		.error = -ENOENT                                                                   \
	}
#define ON                                                                                         \
	{                                                                                          \
		.value = 1                                                                         \
	}
#define OFF                                                                                        \
	{                                                                                          \
		.value = 0                                                                         \
	}

struct row {
	const char *name;
	struct dataplane_observations seen;
	const char *plugin, *proxy;
	const char *answers; /* same node, cross node, service, external, denied: y p n u */
	const char *reason;  /* part of one of the reasons; NULL: not looked at */
};

static const struct row rows[] = {
    /* The kernel's own forwarding. */
    {"Calico with iptables",
     {.cni = CNI_CALICO, .routed = 5, .rules = RULE_CALICO | RULE_KUBE_SERVICES},
     "calico",
     "iptables",
     "yyyyp",
     "between a pod and the node itself"},
    {"kindnet with nftables",
     {.cni = CNI_PTP | CNI_KINDNET, .routed = 3, .rules = RULE_KUBE_PROXY},
     "kindnet",
     "nftables",
     "yyyyp",
     NULL},
    {"kube-router",
     {.cni = CNI_BRIDGE,
      .devices = DEVICE_KUBE_ROUTER,
      .bridged = 2,
      .unfiltered = 2,
      .rules = RULE_KUBE_ROUTER | RULE_KUBE_SERVICES,
      .bridge_ipv4 = ON,
      .bridge_ipv6 = ON},
     "kube-router",
     "iptables",
     "yyyyp",
     NULL},
    {"a bridge with br_netfilter",
     {.cni = CNI_FLANNEL,
      .bridged = 4,
      .unfiltered = 4,
      .rules = RULE_KUBE_SERVICES,
      .bridge_ipv4 = ON,
      .bridge_ipv6 = ON},
     "flannel",
     "iptables",
     "yyyyp",
     NULL},
    {"a bridge with br_netfilter told to pass packets by",
     {.cni = CNI_FLANNEL,
      .bridged = 4,
      .unfiltered = 4,
      .rules = RULE_KUBE_SERVICES,
      .bridge_ipv4 = OFF,
      .bridge_ipv6 = ON},
     "flannel",
     "iptables",
     "nypyp",
     "net.bridge.bridge-nf-call-iptables = 0"},
    {"a bridge without br_netfilter, before its first pod",
     {.cni = CNI_BRIDGE, .rules = RULE_KUBE_SERVICES, .bridge_ipv4 = ABSENT, .bridge_ipv6 = ABSENT},
     "bridge",
     "iptables",
     "nypyp",
     "br_netfilter is not loaded"},
    {"a bridge that has the setting of its own",
     {.cni = CNI_FLANNEL, .bridged = 4, .rules = RULE_KUBE_SERVICES, .bridge_ipv4 = OFF},
     "flannel",
     "iptables",
     "yyyyp",
     NULL},
    {"a bridge that has the setting of its own, for IPv4 alone",
     {.cni = CNI_FLANNEL,
      .bridged = 4,
      .unfiltered_ipv6 = 4,
      .rules = RULE_KUBE_SERVICES,
      .bridge_ipv4 = OFF,
      .bridge_ipv6 = OFF},
     "flannel",
     "iptables",
     "pyyyp",
     "IPv6 not"},
    {"a bridge that has the setting of its own, to no purpose without br_netfilter",
     {.cni = CNI_FLANNEL,
      .bridged = 4,
      .rules = RULE_KUBE_SERVICES,
      .bridge_ipv4 = ABSENT,
      .bridge_ipv6 = ABSENT},
     "flannel",
     "iptables",
     "nypyp",
     "br_netfilter is not loaded"},
    {"a bridge behind which a plugin puts pods that usually does not",
     {.cni = CNI_PTP, .bridged = 4, .unfiltered = 4, .rules = RULE_KUBE_SERVICES},
     "ptp",
     "iptables",
     "nypyp",
     "net.bridge.bridge-nf-call-iptables = 0"},
    {"a bridge whose IPv6 passes by",
     {.cni = CNI_FLANNEL,
      .bridged = 4,
      .unfiltered = 4,
      .unfiltered_ipv6 = 4,
      .rules = RULE_KUBE_SERVICES,
      .bridge_ipv4 = ON,
      .bridge_ipv6 = OFF},
     "flannel",
     "iptables",
     "pyyyp",
     "IPv6 not"},
    {"a bridge whose setting cannot be read",
     {.cni = CNI_FLANNEL,
      .bridged = 4,
      .unfiltered = 4,
      .rules = RULE_KUBE_SERVICES,
      .bridge_ipv4 = {.error = -EACCES}},
     "flannel",
     "iptables",
     "uyyyp",
     "cannot be read"},
    {"a bridge whose setting for IPv6 cannot be read",
     {.cni = CNI_FLANNEL,
      .bridged = 4,
      .unfiltered = 4,
      .rules = RULE_KUBE_SERVICES,
      .bridge_ipv4 = ON,
      .bridge_ipv6 = {.error = -EACCES}},
     "flannel",
     "iptables",
     "pyyyp",
     "IPv6 perhaps not"},
    {"flannel that delegates to ptp",
     {.cni = CNI_FLANNEL | CNI_PTP, .rules = RULE_KUBE_SERVICES, .bridge_ipv4 = ABSENT},
     "flannel",
     "iptables",
     "yyyyp",
     NULL},
    {"kube-proxy in ipvs mode, chains of before still there",
     {.cni = CNI_CALICO,
      .routed = 5,
      .devices = DEVICE_IPVS,
      .rules = RULE_CALICO | RULE_KUBE_SERVICES},
     "calico",
     "ipvs",
     "yyyyp",
     "with ipvs"},
    {"ipvs without its device",
     {.cni = CNI_PTP, .ipvs_services = true},
     "ptp",
     "ipvs",
     "yyyyp",
     NULL},
    {"AWS without the policy agent",
     {.cni = CNI_AWS, .routed = 8, .rules = RULE_KUBE_SERVICES},
     "aws-vpc-cni",
     "iptables",
     "yyyyp",
     NULL},
    {"AWS with the policy agent",
     {.cni = CNI_AWS, .routed = 8, .rules = RULE_KUBE_SERVICES, .programs = PROGRAM_AWS_AGENT},
     "aws-vpc-cni",
     "iptables",
     "yyyyn",
     "the policy agent"},
    /* eBPF. */
    {"Calico with eBPF, by its device",
     {.cni = CNI_CALICO, .routed = 5, .devices = DEVICE_CALICO_EBPF, .rules = RULE_CALICO},
     "calico",
     "calico-ebpf",
     "nnnpn",
     "Calico's eBPF"},
    {"Calico with eBPF, by its programs, kube-proxy's chains still there",
     {.cni = CNI_CALICO, .routed = 5, .programs = PROGRAM_CALICO, .rules = RULE_KUBE_SERVICES},
     "calico",
     "calico-ebpf",
     "nnnpn",
     NULL},
    {"eBPF that would be attached by tcx",
     {.cni = CNI_CALICO,
      .routed = 5,
      .rules = RULE_CALICO | RULE_KUBE_SERVICES,
      .tcx_error = -EPERM},
     "calico",
     "iptables",
     "uuuuu",
     "by tcx cannot be listed"},
    {"more devices than can be looked at in time",
     {.cni = CNI_PTP, .routed = 5000, .rules = RULE_KUBE_SERVICES, .programs_missed = true},
     "ptp",
     "iptables",
     "uuuuu",
     "not all of the pods' devices"},
    {"AWS with the policy agent, and more than can be seen",
     {.cni = CNI_AWS,
      .routed = 8,
      .rules = RULE_KUBE_SERVICES,
      .programs = PROGRAM_AWS_AGENT,
      .tcx_error = -EPERM},
     "aws-vpc-cni",
     "iptables",
     "uuuun",
     "the policy agent"},
    {"Cilium beside kube-proxy: legacy host routing",
     {.cni = CNI_CILIUM,
      .devices = DEVICE_CILIUM,
      .programs = PROGRAM_CILIUM,
      .rules = RULE_CILIUM | RULE_CILIUM_MASQUERADE | RULE_KUBE_SERVICES},
     "cilium",
     "iptables",
     "pppyn",
     "outer packets"},
    {"Cilium beside kube-proxy, which masquerades itself",
     {.cni = CNI_CILIUM, .devices = DEVICE_CILIUM, .rules = RULE_CILIUM | RULE_KUBE_SERVICES},
     "cilium",
     "iptables",
     "ppppn",
     "no rule of Cilium's masquerades"},
    {"Cilium in place of kube-proxy",
     {.cni = CNI_CILIUM, .devices = DEVICE_CILIUM, .rules = RULE_CILIUM},
     "cilium",
     "cilium",
     "nnnnn",
     "import its flows"},
    {"GKE Dataplane V2: Cilium behind a chain of another name",
     {.cni = CNI_PTP | CNI_OTHER, .devices = DEVICE_CILIUM, .routed = 9},
     "cilium",
     "cilium",
     "nnnnn",
     NULL},
    {"Cilium in place of kube-proxy, with rules that masquerade: legacy host routing",
     {.cni = CNI_CILIUM,
      .devices = DEVICE_CILIUM,
      .programs = PROGRAM_CILIUM,
      .rules = RULE_CILIUM | RULE_CILIUM_MASQUERADE},
     "cilium",
     "cilium",
     "pppyn",
     "outer packets"},
    {"Cilium with netkit devices, and rules that masquerade",
     {.cni = CNI_CILIUM,
      .devices = DEVICE_CILIUM | DEVICE_NETKIT,
      .rules = RULE_CILIUM | RULE_CILIUM_MASQUERADE},
     "cilium",
     "cilium",
     "nnnnn",
     NULL},
    {"Cilium's devices, left behind by a network that was",
     {.cni = CNI_FLANNEL,
      .devices = DEVICE_CILIUM,
      .bridged = 4,
      .rules = RULE_KUBE_SERVICES,
      .bridge_ipv4 = ON,
      .bridge_ipv6 = ON},
     "flannel",
     "iptables",
     "yyyyp",
     NULL},
    {"Cilium's devices, left behind, with its programs still at work",
     {.cni = CNI_PTP,
      .devices = DEVICE_CILIUM,
      .programs = PROGRAM_CILIUM,
      .routed = 4,
      .rules = RULE_KUBE_SERVICES},
     "cilium",
     "iptables",
     "ppppn",
     NULL},
    {"Antrea's device, left behind",
     {.cni = CNI_CALICO,
      .devices = DEVICE_ANTREA,
      .routed = 4,
      .rules = RULE_CALICO | RULE_KUBE_SERVICES},
     "calico",
     "iptables",
     "yyyyp",
     NULL},
    {"Calico's eBPF devices, left behind",
     {.cni = CNI_KINDNET, .devices = DEVICE_CALICO_EBPF, .rules = RULE_KUBE_PROXY},
     "kindnet",
     "nftables",
     "yyyyp",
     NULL},
    {"Antrea's device, and no configuration",
     {.cni_error = -ENOENT, .devices = DEVICE_ANTREA | DEVICE_OVS, .switched = 4},
     "antrea",
     "antrea",
     "yyyyn",
     NULL},
    {"Cilium whose programs are attached by tcx",
     {.cni = CNI_CILIUM,
      .devices = DEVICE_CILIUM,
      .programs = PROGRAM_TCX,
      .rules = RULE_CILIUM | RULE_CILIUM_MASQUERADE | RULE_KUBE_SERVICES},
     "cilium",
     "iptables",
     "pppyn",
     NULL},
    {"tcx where nobody is known to use it",
     {.cni = CNI_KINDNET, .routed = 4, .programs = PROGRAM_TCX, .rules = RULE_KUBE_PROXY},
     "kindnet",
     "nftables",
     "uuuuu",
     "eBPF that is not known here"},
    {"Cilium with netkit devices",
     {.cni = CNI_CILIUM, .devices = DEVICE_CILIUM | DEVICE_NETKIT, .rules = RULE_KUBE_SERVICES},
     "cilium",
     "iptables",
     "nnnnn",
     NULL},
    {"Cilium chained behind AWS",
     {.cni = CNI_AWS | CNI_CILIUM, .rules = RULE_KUBE_SERVICES},
     "cilium",
     "iptables",
     "ppppn",
     NULL},
    {"eBPF of nobody we know",
     {.cni = CNI_FLANNEL,
      .bridged = 4,
      .rules = RULE_KUBE_SERVICES,
      .bridge_ipv4 = ON,
      .programs = PROGRAM_OTHER,
      .program = "watch_all"},
     "flannel",
     "iptables",
     "uuuuu",
     "watch_all"},
    {"eBPF that cannot be listed",
     {.cni = CNI_PTP, .rules = RULE_KUBE_SERVICES, .programs_error = -EPERM},
     "ptp",
     "iptables",
     "uuuuu",
     "cannot be listed"},
    /* Open vSwitch. */
    {"Antrea",
     {.cni = CNI_ANTREA,
      .devices = DEVICE_ANTREA | DEVICE_OVS,
      .switched = 3,
      .rules = RULE_ANTREA,
      .zones = 3},
     "antrea",
     "antrea",
     "yyyyn",
     "Antrea drops in Open vSwitch"},
    {"OVN-Kubernetes",
     {.cni = CNI_OVN, .devices = DEVICE_OVN | DEVICE_OVS, .switched = 3, .zones = 40},
     "ovn-kubernetes",
     "ovn-kubernetes",
     "yypyn",
     "OVN's load balancer alone"},
    /* What is beside it. */
    {"NodeLocal DNS",
     {.cni = CNI_CALICO,
      .routed = 5,
      .devices = DEVICE_NODE_DNS,
      .rules = RULE_CALICO | RULE_KUBE_SERVICES | RULE_NOTRACK_DNS},
     "calico",
     "iptables",
     "yypyp",
     "DNS cache on this node"},
    {"NodeLocal DNS without a device of its own",
     {.cni = CNI_PTP, .routed = 5, .rules = RULE_KUBE_SERVICES | RULE_NOTRACK_DNS},
     "ptp",
     "iptables",
     "yypyp",
     "DNS cache on this node"},
    {"NodeLocal DNS, and notrack for others",
     {.cni = CNI_PTP,
      .routed = 5,
      .devices = DEVICE_NODE_DNS,
      .rules = RULE_KUBE_SERVICES | RULE_NOTRACK_DNS | RULE_NOTRACK},
     "ptp",
     "iptables",
     "ppppp",
     "rules keep some packets"},
    {"notrack for who knows what",
     {.cni = CNI_PTP, .rules = RULE_KUBE_SERVICES | RULE_NOTRACK},
     "ptp",
     "iptables",
     "ppppp",
     "notrack"},
    /* NodePort, traffic policy Local, hairpin, hostPort, headless services, Kata on veth, gVisor,
     * dual stack: as the dataplane that they stand on. */
    {"NodePort and the like",
     {.cni = CNI_PTP, .routed = 5, .rules = RULE_KUBE_SERVICES, .zones = 1},
     "ptp",
     "iptables",
     "yyyyp",
     NULL},
    {"macvlan", {.cni = CNI_MACVLAN}, "macvlan", "unknown", "nnnnn", "their own (macvlan)"},
    {"ipvlan", {.cni = CNI_IPVLAN}, "ipvlan", "unknown", "nnnnn", NULL},
    {"SR-IOV", {.cni = CNI_SRIOV}, "sr-iov", "unknown", "nnnnn", NULL},
    {"vhost-user", {.cni = CNI_VHOST_USER}, "vhost-user", "unknown", "nnnnn", NULL},
    {"a mesh of sidecars",
     {.cni = CNI_CALICO | CNI_ISTIO, .rules = RULE_CALICO | RULE_KUBE_SERVICES},
     "calico",
     "iptables",
     "yypyp",
     "the pod's own proxy picks the backend"},
    {"Linkerd",
     {.cni = CNI_PTP | CNI_LINKERD, .rules = RULE_KUBE_SERVICES},
     "ptp",
     "iptables",
     "yypyp",
     NULL},
    {"an ambient mesh",
     {.cni = CNI_CALICO | CNI_ISTIO | CNI_AMBIENT, .rules = RULE_CALICO | RULE_KUBE_SERVICES},
     "calico",
     "iptables",
     "ppppp",
     "15008"},
    {"an ambient mesh on Cilium",
     {.cni = CNI_CILIUM | CNI_ISTIO | CNI_AMBIENT},
     "cilium",
     "cilium",
     "nnnnn",
     NULL},
    /* Not to be known. */
    {"no CNI configuration",
     {.cni_error = -ENOENT, .routed = 5, .rules = RULE_KUBE_SERVICES},
     "unknown",
     "iptables",
     "uuuuu",
     "no CNI configuration was found"},
    {"no CNI configuration, but zones",
     {.cni_error = -ENOENT, .zones = 3, .zone = 65520},
     "unknown",
     "unknown",
     "uuuuu",
     "conntrack has several zones, 65520 among them"},
    {"CNI configuration for others",
     {.cni_error = -EACCES},
     "unknown",
     "unknown",
     "uuuuu",
     "cannot be read"},
    {"a plugin that is not known",
     {.cni = CNI_OTHER, .cni_type = "novel-cni", .rules = RULE_KUBE_SERVICES},
     "novel-cni",
     "iptables",
     "uuuuu",
     "CNI plugin novel-cni is not known here"},
    {"pods of which none has a device here",
     {.cni = CNI_CALICO, .pods = true, .rules = RULE_CALICO | RULE_KUBE_SERVICES},
     "calico",
     "iptables",
     "uuuuu",
     "none has a device on this node"},
    {"pods with devices of their own",
     {.cni = CNI_MACVLAN, .pods = true},
     "macvlan",
     "unknown",
     "nnnnn",
     "their own (macvlan)"},
    {"devices that cannot be listed",
     {.cni = CNI_PTP, .rules = RULE_KUBE_SERVICES, .links_error = -EPERM},
     "ptp",
     "iptables",
     "uuuuu",
     "devices cannot be listed"},
    {"Open vSwitch under a plugin that knows nothing of it",
     {.cni = CNI_PTP, .devices = DEVICE_OVS, .switched = 3, .rules = RULE_KUBE_SERVICES},
     "ptp",
     "iptables",
     "uuuuu",
     "ports of a switch"},
    {"a plugin that is not known beside one that is",
     {.cni = CNI_PTP | CNI_OTHER,
      .cni_type = "ptp",
      .cni_other = "novel-cni",
      .routed = 3,
      .rules = RULE_KUBE_SERVICES},
     "ptp",
     "iptables",
     "uuuuu",
     "plugin novel-cni in the chain is not known here"},
    {"Multus whose first network is elsewhere",
     {.cni_error = -EAGAIN},
     "unknown",
     "unknown",
     "uuuuu",
     "Multus' configuration does not say"},
    {"CNI configuration that is none",
     {.cni_error = -EBADMSG},
     "unknown",
     "unknown",
     "uuuuu",
     "no network configuration"},
    {"no service proxy", {.cni = CNI_PTP}, "ptp", "unknown", "yyuyp", "no service proxy was found"},
    {"iptables-legacy",
     {.cni = CNI_PTP, .rules = RULE_LEGACY},
     "ptp",
     "unknown",
     "ppupp",
     "iptables-legacy"},
    {"rules that cannot be listed",
     {.cni = CNI_PTP, .rules_error = -EPERM},
     "ptp",
     "unknown",
     "uuuuu",
     "rules cannot be listed"},
    {"rules that cannot be listed, with ipvs",
     {.cni = CNI_PTP, .devices = DEVICE_IPVS, .rules_error = -ETIMEDOUT},
     "ptp",
     "ipvs",
     "uuuuu",
     "rules cannot be listed"},
    {"iptables-legacy, with ipvs",
     {.cni = CNI_PTP, .devices = DEVICE_IPVS, .rules = RULE_LEGACY},
     "ptp",
     "ipvs",
     "ppppp",
     "iptables-legacy"},
    {"first packets that are not logged",
     {.cni = CNI_PTP, .rules = RULE_KUBE_SERVICES, .log_error = -EBUSY},
     "ptp",
     "iptables",
     "yyyyn",
     "first packets are not logged"},
    {"nothing at all",
     {.cni_error = -ENOENT,
      .links_error = -EPERM,
      .programs_error = -EPERM,
      .rules_error = -EPERM,
      .tcx_error = -EPERM,
      .bridge_ipv4 = ABSENT},
     "unknown",
     "unknown",
     "uuuuu",
     NULL},
};

static bool any_reason_has(const struct dataplane *dataplane, const char *part)
{
	for (unsigned i = 0; i < DATAPLANE_ASPECTS; i++)
		if (strstr(dataplane->answers[i].reason, part))
			return true;
	return false;
}

static void check_row(const struct row *row)
{
	static const char letters[] = {'u', 'y', 'p', 'n'};
	char answers[DATAPLANE_ASPECTS + 1] = "";
	struct dataplane dataplane;

	print_message("%s\n", row->name);
	dataplane_judge(&row->seen, &dataplane);
	assert_string_equal(dataplane.plugin, row->plugin);
	assert_string_equal(dataplane.proxy, row->proxy);
	for (unsigned i = 0; i < DATAPLANE_ASPECTS; i++) {
		answers[i] = letters[dataplane.answers[i].seen];
		/* Whatever is not yes says why, and yes does not. */
		assert_int_equal(dataplane.answers[i].reason[0] == '\0',
				 dataplane.answers[i].seen == DATAPLANE_YES);
	}
	assert_string_equal(answers, row->answers);
	if (row->reason)
		assert_true(any_reason_has(&dataplane, row->reason));
}

static void every_kind_of_dataplane(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&rows[i]);
}

/* However much is seen or hidden: no answer without its reason, and no yes for what is unknown. */
static void whatever_is_seen_has_an_answer(void **state)
{
	uint64_t random = 88172645463325252u;

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		struct dataplane_observations seen = {0};
		struct dataplane dataplane;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		seen.cni = 1u << random % 18 | (random >> 8 & 1) << (random >> 9) % 18;
		seen.devices = random >> 16 & random >> 28 & 0x1ff;
		seen.rules = random >> 20 & 0x3ff;
		seen.programs = random >> 30 & random >> 36 & random >> 42 & 0x1f;
		seen.bridged = random >> 34 & 1;
		seen.unfiltered = seen.bridged;
		seen.bridge_ipv4.value = random >> 35 & 1;
		seen.cni_error = seen.cni == CNI_OTHER ? -ENOENT : 0;
		dataplane_judge(&seen, &dataplane);
		for (unsigned j = 0; j < DATAPLANE_ASPECTS; j++) {
			assert_int_equal(dataplane.answers[j].reason[0] == '\0',
					 dataplane.answers[j].seen == DATAPLANE_YES);
			if (seen.programs & PROGRAM_OTHER)
				assert_int_not_equal(dataplane.answers[j].seen, DATAPLANE_YES);
		}
	}
}

/* The number of zones grows with every pod of OVN's: that alone is no news. */
static void zones_that_come_are_no_difference(void **state)
{
	struct dataplane_observations seen = {.cni_error = -ENOENT, .zones = 2, .zone = 64000};
	struct dataplane a, b;

	(void)state;
	dataplane_judge(&seen, &a);
	seen.zones = 3;
	dataplane_judge(&seen, &b);
	assert_true(dataplane_equal(&a, &b));
}

static void differences_are_seen(void **state)
{
	struct dataplane a, b;

	(void)state;
	dataplane_judge(&rows[0].seen, &a);
	dataplane_judge(&rows[0].seen, &b);
	assert_true(dataplane_equal(&a, &b));
	snprintf(b.answers[DATAPLANE_DENIED].reason, sizeof(b.answers[0].reason), "else");
	assert_false(dataplane_equal(&a, &b));
	b = a;
	b.answers[0].seen = DATAPLANE_NO;
	assert_false(dataplane_equal(&a, &b));
	b = a;
	snprintf(b.proxy, sizeof(b.proxy), "ipvs");
	assert_false(dataplane_equal(&a, &b));
	b = a;
	snprintf(b.plugin, sizeof(b.plugin), "flannel");
	assert_false(dataplane_equal(&a, &b));
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(dataplane_aspect_name(DATAPLANE_CROSS_NODE), "cross-node");
	assert_string_equal(dataplane_seen_name(DATAPLANE_PARTLY), "partly");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_kind_of_dataplane),
	    cmocka_unit_test(whatever_is_seen_has_an_answer),
	    cmocka_unit_test(zones_that_come_are_no_difference),
	    cmocka_unit_test(differences_are_seen),
	    cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
