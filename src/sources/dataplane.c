#include "sources/dataplane.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CNI_OF_ITS_OWN_DEVICE (CNI_MACVLAN | CNI_IPVLAN | CNI_SRIOV | CNI_VHOST_USER)
#define CNI_BRIDGED (CNI_FLANNEL | CNI_BRIDGE | CNI_WEAVE)
#define CNI_ROUTED (CNI_CALICO | CNI_AWS | CNI_PTP | CNI_KINDNET)

const char *dataplane_aspect_name(enum dataplane_aspect aspect)
{
	static const char *const names[DATAPLANE_ASPECTS] = {"same-node", "cross-node", "service",
							     "external", "denied"};

	return names[aspect];
}

const char *dataplane_seen_name(enum dataplane_seen seen)
{
	static const char *const names[] = {"unknown", "yes", "partly", "no"};

	return names[seen];
}

bool dataplane_equal(const struct dataplane *a, const struct dataplane *b)
{
	if (strcmp(a->plugin, b->plugin) != 0 || strcmp(a->proxy, b->proxy) != 0)
		return false;
	for (unsigned i = 0; i < DATAPLANE_ASPECTS; i++)
		if (a->answers[i].seen != b->answers[i].seen ||
		    strcmp(a->answers[i].reason, b->answers[i].reason) != 0)
			return false;
	return true;
}

/* ---- answers ---- */

static __attribute__((format(printf, 4, 0))) void set_answer(struct dataplane *dataplane,
							     enum dataplane_aspect aspect,
							     enum dataplane_seen seen,
							     const char *format, va_list arguments)
{
	struct dataplane_answer *answer = &dataplane->answers[aspect];

	answer->seen = seen;
	vsnprintf(answer->reason, sizeof(answer->reason), format, arguments);
}

static __attribute__((format(printf, 4, 5))) void answer(struct dataplane *dataplane,
							 enum dataplane_aspect aspect,
							 enum dataplane_seen seen,
							 const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set_answer(dataplane, aspect, seen, format, arguments);
	va_end(arguments);
}

/* What is known to be lacking stays, whatever else is found. */
static __attribute__((format(printf, 4, 5))) void worsen(struct dataplane *dataplane,
							 enum dataplane_aspect aspect,
							 enum dataplane_seen seen,
							 const char *format, ...)
{
	static const int badness[] = {[DATAPLANE_YES] = 0,
				      [DATAPLANE_PARTLY] = 1,
				      [DATAPLANE_UNKNOWN] = 2,
				      [DATAPLANE_NO] = 3};
	va_list arguments;

	if (badness[seen] <= badness[dataplane->answers[aspect].seen])
		return;
	va_start(arguments, format);
	set_answer(dataplane, aspect, seen, format, arguments);
	va_end(arguments);
}

static void answer_traffic(struct dataplane *dataplane, enum dataplane_seen seen,
			   const char *reason)
{
	for (enum dataplane_aspect i = DATAPLANE_SAME_NODE; i <= DATAPLANE_EXTERNAL; i++)
		answer(dataplane, i, seen, "%s", reason);
}

/* ---- who is who ---- */

struct plugin_name {
	unsigned cni, devices;
	const char *name;
};

/* In this order: Cilium chains itself behind others, Calico's policies come with flannel too. */
static const struct plugin_name plugin_names[] = {
    {CNI_CILIUM, DEVICE_CILIUM, "cilium"},
    {CNI_ANTREA, DEVICE_ANTREA, "antrea"},
    {CNI_OVN, DEVICE_OVN, "ovn-kubernetes"},
    {CNI_AWS, 0, "aws-vpc-cni"},
    {CNI_CALICO, DEVICE_CALICO_EBPF, "calico"},
    {CNI_FLANNEL, 0, "flannel"},
    {CNI_KINDNET, 0, "kindnet"},
    {CNI_WEAVE, 0, "weave-net"},
    {0, DEVICE_KUBE_ROUTER, "kube-router"},
    {CNI_BRIDGE, 0, "bridge"},
    {CNI_PTP, 0, "ptp"},
    {CNI_MACVLAN, 0, "macvlan"},
    {CNI_IPVLAN, 0, "ipvlan"},
    {CNI_SRIOV, 0, "sr-iov"},
    {CNI_VHOST_USER, 0, "vhost-user"},
};

/* Devices stay behind when the network is changed: they decide where the configuration does not,
 * or where eBPF at the pods' devices agrees. */
static bool is_configured(const struct dataplane_observations *seen)
{
	unsigned known = 0;

	for (size_t i = 0; i < sizeof(plugin_names) / sizeof(plugin_names[0]); i++)
		known |= plugin_names[i].cni;
	return seen->cni & known && !(seen->cni & CNI_OTHER);
}

static unsigned believable_devices(const struct dataplane_observations *seen)
{
	unsigned devices = seen->devices;

	if (!is_configured(seen))
		return devices;
	/* kube-router's own configuration is the plugin bridge. */
	devices &= seen->cni & CNI_BRIDGE ? DEVICE_KUBE_ROUTER : 0;
	if (seen->programs & PROGRAM_CILIUM)
		devices |= seen->devices & DEVICE_CILIUM;
	if (seen->cni & CNI_CALICO || seen->programs & PROGRAM_CALICO)
		devices |= seen->devices & DEVICE_CALICO_EBPF;
	return devices;
}

static const char *plugin_of(const struct dataplane_observations *seen)
{
	unsigned devices = believable_devices(seen);

	for (size_t i = 0; i < sizeof(plugin_names) / sizeof(plugin_names[0]); i++)
		if (seen->cni & plugin_names[i].cni || devices & plugin_names[i].devices)
			return plugin_names[i].name;
	return seen->cni_type[0] ? seen->cni_type : "unknown";
}

static bool has_plugin(const struct dataplane *dataplane, const char *name)
{
	return strcmp(dataplane->plugin, name) == 0;
}

static bool is_calico_ebpf(const struct dataplane_observations *seen)
{
	return believable_devices(seen) & DEVICE_CALICO_EBPF || seen->programs & PROGRAM_CALICO;
}

static bool has_ipvs(const struct dataplane_observations *seen)
{
	return seen->devices & DEVICE_IPVS || seen->ipvs_services;
}

static bool has_kube_proxy(const struct dataplane_observations *seen)
{
	return has_ipvs(seen) || seen->rules & (RULE_KUBE_PROXY | RULE_KUBE_SERVICES);
}

/* Chains stay behind when the mode changes; the device and the table of the newer ones do not. */
static const char *proxy_of(const struct dataplane_observations *seen, const char *plugin)
{
	if (has_ipvs(seen))
		return "ipvs";
	if (seen->rules & RULE_KUBE_PROXY)
		return "nftables";
	if (is_calico_ebpf(seen))
		return "calico-ebpf";
	if (seen->rules & RULE_KUBE_SERVICES)
		return "iptables";
	if (strcmp(plugin, "cilium") == 0 || strcmp(plugin, "antrea") == 0 ||
	    strcmp(plugin, "ovn-kubernetes") == 0)
		return plugin;
	return "unknown";
}

/* ---- dataplanes that are eBPF ---- */

static void judge_cilium(const struct dataplane_observations *seen, struct dataplane *ret)
{
	bool legacy_routing = (has_kube_proxy(seen) || seen->rules & RULE_CILIUM_MASQUERADE) &&
			      !(seen->devices & DEVICE_NETKIT);

	answer(ret, DATAPLANE_DENIED, DATAPLANE_NO, "Cilium drops in eBPF, before netfilter");
	if (!legacy_routing) {
		answer_traffic(ret, DATAPLANE_NO,
			       "Cilium's eBPF carries packets past netfilter; import its flows");
		return;
	}
	answer(ret, DATAPLANE_SAME_NODE, DATAPLANE_PARTLY,
	       "Cilium's eBPF may hand packets from pod to pod past netfilter");
	answer(ret, DATAPLANE_CROSS_NODE, DATAPLANE_PARTLY,
	       "behind Cilium's tunnel only the outer packets are tracked");
	answer(ret, DATAPLANE_SERVICE, DATAPLANE_PARTLY,
	       "Cilium may choose the backend in eBPF: the service address is hidden then");
	if (seen->rules & RULE_CILIUM_MASQUERADE)
		answer(ret, DATAPLANE_EXTERNAL, DATAPLANE_YES, "%s", "");
	else
		answer(ret, DATAPLANE_EXTERNAL, DATAPLANE_PARTLY,
		       "no rule of Cilium's masquerades: what eBPF translates may be untracked");
}

static void judge_calico_ebpf(struct dataplane *ret)
{
	answer_traffic(ret, DATAPLANE_NO, "Calico's eBPF carries packets past conntrack");
	answer(ret, DATAPLANE_EXTERNAL, DATAPLANE_PARTLY,
	       "with Calico's eBPF only what is translated on its way out is tracked");
	answer(ret, DATAPLANE_DENIED, DATAPLANE_NO, "Calico drops in eBPF, before netfilter");
}

/* ---- Open vSwitch, which has conntrack zones of its own ---- */

static void judge_switch(const char *name, struct dataplane *ret)
{
	answer_traffic(ret, DATAPLANE_YES, "");
	answer(ret, DATAPLANE_DENIED, DATAPLANE_NO, "%s drops in Open vSwitch", name);
}

static void judge_ovn(struct dataplane *ret)
{
	judge_switch("OVN-Kubernetes", ret);
	answer(ret, DATAPLANE_SERVICE, DATAPLANE_PARTLY,
	       "the service address is known in the zone of OVN's load balancer alone");
}

/* ---- the kernel's own forwarding ---- */

/* Why the bridges' packets pass conntrack by; "": they do not. */
static const char *why_unseen(const struct dataplane_observations *seen)
{
	if (seen->bridge_ipv4.error == -ENOENT)
		return "br_netfilter is not loaded: conntrack does not see a bridge's packets";
	if (seen->bridge_ipv4.error == 0 && seen->bridge_ipv4.value == 0 &&
	    (seen->bridged == 0 || seen->unfiltered > 0))
		return "net.bridge.bridge-nf-call-iptables = 0";
	return "";
}

static void judge_bridge_ipv6(const struct dataplane_observations *seen, struct dataplane *ret)
{
	const struct dataplane_setting *setting = &seen->bridge_ipv6;

	if (setting->error)
		worsen(ret, DATAPLANE_SAME_NODE, DATAPLANE_PARTLY,
		       "IPv6 perhaps not: net.bridge.bridge-nf-call-ip6tables cannot be read: %s",
		       strerror(-setting->error));
	else if (setting->value == 0 && (seen->bridged == 0 || seen->unfiltered_ipv6 > 0))
		worsen(ret, DATAPLANE_SAME_NODE, DATAPLANE_PARTLY,
		       "IPv6 not: net.bridge.bridge-nf-call-ip6tables = 0");
}

static void judge_bridge(const struct dataplane_observations *seen, struct dataplane *ret)
{
	const char *reason = why_unseen(seen);

	if (seen->bridge_ipv4.error && seen->bridge_ipv4.error != -ENOENT) {
		answer(ret, DATAPLANE_SAME_NODE, DATAPLANE_UNKNOWN,
		       "net.bridge.bridge-nf-call-iptables cannot be read: %s",
		       strerror(-seen->bridge_ipv4.error));
	} else if (reason[0]) {
		answer(ret, DATAPLANE_SAME_NODE, DATAPLANE_NO, "%s", reason);
		answer(ret, DATAPLANE_SERVICE, DATAPLANE_PARTLY,
		       "of connections to pods of this node, answers are not seen: %s", reason);
		answer(ret, DATAPLANE_DENIED, DATAPLANE_PARTLY, "between pods of this node not: %s",
		       reason);
	}
	judge_bridge_ipv6(seen, ret);
}

static void judge_proxy(const struct dataplane_observations *seen, struct dataplane *ret)
{
	if (has_ipvs(seen))
		answer(ret, DATAPLANE_DENIED, DATAPLANE_PARTLY,
		       "with ipvs the path through a service address is not forwarding, and not "
		       "judged");
	if (strcmp(ret->proxy, "unknown") != 0)
		return;
	if (seen->rules & RULE_LEGACY)
		answer(ret, DATAPLANE_SERVICE, DATAPLANE_UNKNOWN,
		       "rules of iptables-legacy cannot be listed");
	else
		answer(ret, DATAPLANE_SERVICE, DATAPLANE_UNKNOWN, "no service proxy was found");
}

static bool is_bridged(const struct dataplane_observations *seen, const struct dataplane *dataplane)
{
	if (seen->bridged > 0 && seen->routed == 0)
		return true;
	if (!(seen->cni & CNI_BRIDGED) && !has_plugin(dataplane, "kube-router"))
		return false;
	return !(seen->cni & (CNI_CALICO | CNI_PTP)) && (seen->routed == 0 || seen->bridged > 0);
}

static void judge_kernel(const struct dataplane_observations *seen, struct dataplane *ret)
{
	answer_traffic(ret, DATAPLANE_YES, "");
	answer(ret, DATAPLANE_DENIED, DATAPLANE_PARTLY,
	       "only what this node forwards: between a pod and the node itself not");
	judge_proxy(seen, ret);
	if (is_bridged(seen, ret))
		judge_bridge(seen, ret);
	for (enum dataplane_aspect i = DATAPLANE_SAME_NODE;
	     seen->switched > 0 && i < DATAPLANE_ASPECTS; i++)
		worsen(ret, i, DATAPLANE_UNKNOWN,
		       "pods' devices are ports of a switch, of which plugin %s knows nothing",
		       ret->plugin);
	if (seen->programs & PROGRAM_AWS_AGENT)
		answer(ret, DATAPLANE_DENIED, DATAPLANE_NO,
		       "the policy agent drops in eBPF at the pods' devices: egress is not seen, "
		       "ingress looks unanswered");
}

/* ---- what else carries packets elsewhere ---- */

static void judge_chain(const struct dataplane_observations *seen, struct dataplane *ret)
{
	for (enum dataplane_aspect i = DATAPLANE_SAME_NODE;
	     seen->cni & CNI_OTHER && i < DATAPLANE_ASPECTS; i++)
		worsen(ret, i, DATAPLANE_UNKNOWN, "plugin %s in the chain is not known here",
		       seen->cni_other);
}

static void judge_devices(const struct dataplane_observations *seen, struct dataplane *ret)
{
	for (enum dataplane_aspect i = DATAPLANE_SAME_NODE; i < DATAPLANE_ASPECTS; i++) {
		if (seen->links_error)
			worsen(ret, i, DATAPLANE_UNKNOWN, "devices cannot be listed: %s",
			       strerror(-seen->links_error));
		else if (seen->pods && seen->routed + seen->bridged + seen->switched == 0)
			worsen(ret, i, DATAPLANE_UNKNOWN,
			       "pods run here, but none has a device on this node");
	}
}

static bool is_strange(const struct dataplane_observations *seen, const struct dataplane *dataplane)
{
	if (seen->programs & PROGRAM_CILIUM && !has_plugin(dataplane, "cilium"))
		return true;
	if (seen->programs & PROGRAM_AWS_AGENT && !has_plugin(dataplane, "aws-vpc-cni"))
		return true;
	if (seen->programs & PROGRAM_TCX && !has_plugin(dataplane, "cilium") &&
	    !is_calico_ebpf(seen))
		return true;
	return seen->programs & PROGRAM_OTHER;
}

static void judge_programs(const struct dataplane_observations *seen, struct dataplane *ret)
{
	for (enum dataplane_aspect i = DATAPLANE_SAME_NODE; i < DATAPLANE_ASPECTS; i++) {
		if (is_strange(seen, ret))
			worsen(ret, i, DATAPLANE_UNKNOWN,
			       "eBPF that is not known here is at pods' devices%s%s",
			       seen->program[0] ? ": " : "", seen->program);
		else if (seen->programs_error)
			worsen(ret, i, DATAPLANE_UNKNOWN,
			       "eBPF at pods' devices cannot be listed: %s",
			       strerror(-seen->programs_error));
		else if (seen->programs_missed)
			worsen(ret, i, DATAPLANE_UNKNOWN,
			       "not all of the pods' devices were looked at for eBPF");
		else if (seen->tcx_error)
			worsen(ret, i, DATAPLANE_UNKNOWN,
			       "eBPF attached to pods' devices by tcx cannot be listed: %s",
			       strerror(-seen->tcx_error));
	}
}

static void judge_untracked(const struct dataplane_observations *seen, struct dataplane *ret)
{
	for (enum dataplane_aspect i = DATAPLANE_SAME_NODE; i < DATAPLANE_ASPECTS; i++) {
		if (seen->rules_error)
			worsen(ret, i, DATAPLANE_UNKNOWN, "rules cannot be listed: %s",
			       strerror(-seen->rules_error));
		else if (seen->rules & RULE_NOTRACK)
			worsen(ret, i, DATAPLANE_PARTLY,
			       "rules keep some packets from being tracked (notrack)");
		else if (seen->rules & RULE_LEGACY)
			worsen(ret, i, DATAPLANE_PARTLY,
			       "rules of iptables-legacy cannot be listed: some may keep packets "
			       "from being tracked");
	}
	if (seen->devices & DEVICE_NODE_DNS || seen->rules & RULE_NOTRACK_DNS)
		worsen(ret, DATAPLANE_SERVICE, DATAPLANE_PARTLY,
		       "what asks the DNS cache on this node is not tracked");
}

static void judge_mesh(const struct dataplane_observations *seen, struct dataplane *ret)
{
	if (seen->cni & CNI_AMBIENT) {
		worsen(ret, DATAPLANE_SAME_NODE, DATAPLANE_PARTLY,
		       "pods in the ambient mesh show port 15008 only");
		worsen(ret, DATAPLANE_CROSS_NODE, DATAPLANE_PARTLY,
		       "pods in the ambient mesh show port 15008 only");
		worsen(ret, DATAPLANE_SERVICE, DATAPLANE_PARTLY,
		       "services of pods in the ambient mesh are hidden");
		worsen(ret, DATAPLANE_EXTERNAL, DATAPLANE_PARTLY,
		       "what pods in the ambient mesh ask for may go through its proxies");
	} else if (seen->cni & (CNI_ISTIO | CNI_LINKERD)) {
		worsen(ret, DATAPLANE_SERVICE, DATAPLANE_PARTLY,
		       "in a mesh the pod's own proxy picks the backend: service addresses are "
		       "hidden");
	}
}

/* ---- all together ---- */

static const char *config_error(int error)
{
	switch (error) {
	case -EAGAIN:
		return "Multus' configuration does not say which network is the first";
	case -EBADMSG:
		return "what is there is no network configuration";
	default:
		return strerror(-error);
	}
}

static void judge_unknown(const struct dataplane_observations *seen, struct dataplane *ret)
{
	char zones[80] = "";

	if (seen->zones > 1)
		snprintf(zones, sizeof(zones), "; conntrack has several zones, %u among them",
			 (unsigned)seen->zone);
	for (enum dataplane_aspect i = DATAPLANE_SAME_NODE; i < DATAPLANE_ASPECTS; i++) {
		if (seen->cni_error == -ENOENT)
			answer(ret, i, DATAPLANE_UNKNOWN, "no CNI configuration was found%s",
			       zones);
		else if (seen->cni_error)
			answer(ret, i, DATAPLANE_UNKNOWN,
			       "the CNI configuration cannot be read: %s%s",
			       config_error(seen->cni_error), zones);
		else
			answer(ret, i, DATAPLANE_UNKNOWN, "CNI plugin %s is not known here%s",
			       ret->plugin, zones);
	}
}

static bool is_kernel(const struct dataplane_observations *seen, const struct dataplane *dataplane)
{
	return seen->cni & (CNI_BRIDGED | CNI_ROUTED) || has_plugin(dataplane, "kube-router");
}

static void judge_plugin(const struct dataplane_observations *seen, struct dataplane *ret)
{
	if (has_plugin(ret, "cilium")) {
		judge_cilium(seen, ret);
	} else if (is_calico_ebpf(seen)) {
		judge_calico_ebpf(ret);
	} else if (has_plugin(ret, "antrea")) {
		judge_switch("Antrea", ret);
	} else if (has_plugin(ret, "ovn-kubernetes")) {
		judge_ovn(ret);
	} else if (is_kernel(seen, ret)) {
		judge_kernel(seen, ret);
	} else if (seen->cni & CNI_OF_ITS_OWN_DEVICE) {
		for (enum dataplane_aspect i = DATAPLANE_SAME_NODE; i < DATAPLANE_ASPECTS; i++)
			answer(ret, i, DATAPLANE_NO,
			       "all pods have devices of their own (%s), past this node's stack",
			       ret->plugin);
	} else {
		judge_unknown(seen, ret);
	}
}

void dataplane_judge(const struct dataplane_observations *seen, struct dataplane *ret)
{
	const char *plugin = plugin_of(seen);

	memset(ret, 0, sizeof(*ret));
	snprintf(ret->plugin, sizeof(ret->plugin), "%s", plugin);
	snprintf(ret->proxy, sizeof(ret->proxy), "%s", proxy_of(seen, plugin));
	judge_plugin(seen, ret);
	judge_chain(seen, ret);
	judge_devices(seen, ret);
	judge_programs(seen, ret);
	judge_untracked(seen, ret);
	judge_mesh(seen, ret);
	if (seen->log_error)
		worsen(ret, DATAPLANE_DENIED, DATAPLANE_NO, "first packets are not logged: %s",
		       strerror(-seen->log_error));
}
