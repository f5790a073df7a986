/*
 * ▷ What this node's network is made of, as far as can be seen from it without asking anybody, and
 * what conntrack therefore shows of the pods' connections. dataplane_judge() is pure.
 *
 * Where nothing is known, that is the answer: never yes.
 */
#ifndef NETPOL_SOURCES_DATAPLANE_H
#define NETPOL_SOURCES_DATAPLANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dataplane_seen { DATAPLANE_UNKNOWN, DATAPLANE_YES, DATAPLANE_PARTLY, DATAPLANE_NO };

/* Connections between pods of this node; with pods of other nodes; through a service's address;
 * with what is no pod; and attempts that a policy denied. */
enum dataplane_aspect {
	DATAPLANE_SAME_NODE,
	DATAPLANE_CROSS_NODE,
	DATAPLANE_SERVICE,
	DATAPLANE_EXTERNAL,
	DATAPLANE_DENIED,
	DATAPLANE_ASPECTS
};

#define DATAPLANE_NAME_MAX 64
#define DATAPLANE_REASON_MAX 200

struct dataplane_answer {
	enum dataplane_seen seen;
	char reason[DATAPLANE_REASON_MAX]; /* "" with yes */
};

struct dataplane {
	char plugin[DATAPLANE_NAME_MAX]; /* "calico", "flannel", …; "unknown" */
	char proxy[DATAPLANE_NAME_MAX];  /* "iptables", "nftables", "ipvs", …; "unknown" */
	struct dataplane_answer answers[DATAPLANE_ASPECTS];
};

/* Types of CNI plugins, of the chain that gives pods their first network. */
enum dataplane_cni {
	CNI_FLANNEL = 1 << 0,
	CNI_CALICO = 1 << 1,
	CNI_CILIUM = 1 << 2,
	CNI_ANTREA = 1 << 3,
	CNI_OVN = 1 << 4,
	CNI_AWS = 1 << 5,
	CNI_PTP = 1 << 6,
	CNI_BRIDGE = 1 << 7,
	CNI_KINDNET = 1 << 8,
	CNI_WEAVE = 1 << 9,
	CNI_MACVLAN = 1 << 10,
	CNI_IPVLAN = 1 << 11,
	CNI_SRIOV = 1 << 12, /* or another device that is moved into the pod */
	CNI_VHOST_USER = 1 << 13,
	CNI_ISTIO = 1 << 14,
	CNI_LINKERD = 1 << 15,
	CNI_AMBIENT = 1 << 16, /* istio-cni, with ambient_enabled */
	CNI_OTHER = 1 << 17    /* a plugin that is not known here */
};

/* Devices of the node that tell of software by their name or kind. */
enum dataplane_device {
	DEVICE_IPVS = 1 << 0,        /* kube-ipvs0 */
	DEVICE_NODE_DNS = 1 << 1,    /* nodelocaldns, or 169.254.20.10 */
	DEVICE_CILIUM = 1 << 2,      /* cilium_host, cilium_net */
	DEVICE_CALICO_EBPF = 1 << 3, /* bpfin.cali, bpfout.cali */
	DEVICE_ANTREA = 1 << 4,      /* antrea-gw0 */
	DEVICE_OVN = 1 << 5,         /* ovn-k8s-mp0 */
	DEVICE_OVS = 1 << 6,         /* of kind openvswitch */
	DEVICE_NETKIT = 1 << 7,
	DEVICE_KUBE_ROUTER = 1 << 8 /* kube-bridge */
};

/* eBPF at pods' devices: tc filters and XDP, by the name of the program. */
enum dataplane_program {
	PROGRAM_CILIUM = 1 << 0,    /* cil_… */
	PROGRAM_CALICO = 1 << 1,    /* cali… */
	PROGRAM_AWS_AGENT = 1 << 2, /* handle_ingress, handle_egress */
	PROGRAM_OTHER = 1 << 3,
	PROGRAM_TCX = 1 << 4 /* attached by tcx, where the name is not to be had */
};

/* Tables, chains and rules of nftables, those that iptables-nft makes among them. */
enum dataplane_rule {
	RULE_KUBE_SERVICES = 1 << 0, /* kube-proxy: iptables */
	RULE_KUBE_PROXY = 1 << 1,    /* kube-proxy: nftables, table kube-proxy */
	RULE_KUBE_ROUTER = 1 << 2,
	RULE_CALICO = 1 << 3,
	RULE_CILIUM = 1 << 4,
	RULE_ANTREA = 1 << 5,
	RULE_CILIUM_MASQUERADE = 1 << 6,
	RULE_NOTRACK = 1 << 7,    /* in a chain that is not Calico's, which are for its tunnel */
	RULE_LEGACY = 1 << 8,     /* tables of iptables-legacy, whose rules cannot be listed */
	RULE_NOTRACK_DNS = 1 << 9 /* for the DNS cache on this node alone */
};

struct dataplane_setting {
	int error; /* negative errno: cannot be read; -ENOENT: there is none */
	long value;
};

#define DATAPLANE_CACHES_MAX 8

/* As it is in a packet. */
struct dataplane_address {
	uint8_t length; /* 4 or 16 */
	uint8_t bytes[16];
};

struct dataplane_observations {
	int cni_error; /* -ENOENT: no configuration; else as dataplane_cni_decode() */
	unsigned cni;  /* enum dataplane_cni */
	char cni_type[DATAPLANE_NAME_MAX];                 /* of the first plugin of the chain */
	char cni_other[DATAPLANE_NAME_MAX];                /* of the first that is not known here */
	struct dataplane_setting bridge_ipv4, bridge_ipv6; /* bridge-nf-call-iptables, -ip6tables */
	int links_error;
	unsigned devices;                 /* enum dataplane_device */
	size_t routed, bridged, switched; /* pods' devices: by themselves, ports of bridges, of
					     Open vSwitch */
	size_t unfiltered;                /* of bridged: their bridge has no nf_call_iptables */
	size_t unfiltered_ipv6;           /* of bridged: their bridge has no nf_call_ip6tables */
	bool pods;                        /* some run here that have addresses of their own */
	struct dataplane_address caches[DATAPLANE_CACHES_MAX]; /* of the DNS cache on this node */
	size_t cache_count;
	int programs_error;
	unsigned programs;                /* enum dataplane_program */
	char program[DATAPLANE_NAME_MAX]; /* one of PROGRAM_OTHER */
	bool programs_missed;             /* not all of the pods' devices were looked at */
	int tcx_error; /* whether programs are attached by tcx cannot be seen; 0 too if the kernel
			  has no tcx */
	int rules_error;
	unsigned rules; /* enum dataplane_rule */
	bool ipvs_services;
	int log_error; /* first packets are not logged to us */
	size_t zones;  /* of conntrack, in use */
	uint16_t zone; /* one of them, always the same */
};

void dataplane_judge(const struct dataplane_observations *observations, struct dataplane *ret);

/* "same-node", "cross-node", "service", "external", "denied". */
const char *dataplane_aspect_name(enum dataplane_aspect aspect);
/* "yes", "partly", "no", "unknown". */
const char *dataplane_seen_name(enum dataplane_seen seen);
bool dataplane_equal(const struct dataplane *a, const struct dataplane *b);

#endif
