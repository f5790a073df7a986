#include "sources/dataplane_cni.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

struct type_name {
	const char *type;
	unsigned cni; /* 0: changes what another plugin made, and nothing of the path */
};

static const struct type_name type_names[] = {
    {"flannel", CNI_FLANNEL},
    {"calico", CNI_CALICO},
    {"cilium-cni", CNI_CILIUM},
    {"antrea", CNI_ANTREA},
    {"ovn-k8s-cni-overlay", CNI_OVN},
    {"aws-cni", CNI_AWS},
    {"ptp", CNI_PTP},
    {"bridge", CNI_BRIDGE},
    {"kindnet", CNI_KINDNET},
    {"cni-kindnet", CNI_KINDNET},
    {"weave-net", CNI_WEAVE},
    {"macvlan", CNI_MACVLAN},
    {"ipvlan", CNI_IPVLAN},
    {"sriov", CNI_SRIOV},
    {"host-device", CNI_SRIOV},
    {"userspace", CNI_VHOST_USER},
    {"istio-cni", CNI_ISTIO},
    {"linkerd-cni", CNI_LINKERD},
    {"portmap", 0},
    {"bandwidth", 0},
    {"tuning", 0},
    {"firewall", 0},
    {"sbr", 0},
    {"vrf", 0},
    {"loopback", 0},
    {"egress-cni", 0}, /* AWS: IPv4 of IPv6 pods */
    {"egress-v4-cni", 0},
    {"egress-v6-cni", 0},
};

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static bool is_multus(const char *type)
{
	return strcmp(type, "multus") == 0 || strcmp(type, "multus-shim") == 0;
}

static void take_type(struct dataplane_observations *seen, const char *type)
{
	unsigned cni = CNI_OTHER;

	for (size_t i = 0; i < sizeof(type_names) / sizeof(type_names[0]); i++)
		if (strcmp(type_names[i].type, type) == 0)
			cni = type_names[i].cni;
	seen->cni |= cni;
	if (cni == CNI_OTHER && !seen->cni_other[0])
		snprintf(seen->cni_other, sizeof(seen->cni_other), "%s", type);
	if (cni && !seen->cni_type[0])
		snprintf(seen->cni_type, sizeof(seen->cni_type), "%s", type);
}

/* kind's classic configuration is ptp, in a network of this name. */
static void take_network(struct dataplane_observations *seen, const json_t *config)
{
	if (strcmp(text_of(config, "name"), "kindnet") == 0)
		seen->cni |= CNI_KINDNET;
}

static int take_config(struct dataplane_observations *seen, const json_t *config, int depth);

static int take_plugin(struct dataplane_observations *seen, const json_t *plugin, int depth)
{
	const char *type = text_of(plugin, "type");
	const json_t *delegates = json_object_get(plugin, "delegates");

	if (is_multus(type))
		return json_array_size(delegates) == 0
			   ? -EAGAIN
			   : take_config(seen, json_array_get(delegates, 0), depth - 1);
	if (!type[0])
		return -EBADMSG;
	take_type(seen, type);
	if (strcmp(type, "flannel") == 0 && text_of(json_object_get(plugin, "delegate"), "type")[0])
		take_type(seen, text_of(json_object_get(plugin, "delegate"), "type"));
	if (strcmp(type, "istio-cni") == 0 &&
	    json_is_true(json_object_get(plugin, "ambient_enabled")))
		seen->cni |= CNI_AMBIENT;
	return 0;
}

static int take_config(struct dataplane_observations *seen, const json_t *config, int depth)
{
	const json_t *plugins = json_object_get(config, "plugins");
	int r = -EBADMSG;

	if (depth == 0 || !json_is_object(config))
		return -EBADMSG;
	take_network(seen, config);
	if (!json_is_array(plugins))
		return take_plugin(seen, config, depth);
	for (size_t i = 0; i < json_array_size(plugins); i++) {
		r = take_plugin(seen, json_array_get(plugins, i), depth);
		if (r < 0)
			return r;
	}
	return r;
}

static void forget_plugins(struct dataplane_observations *seen)
{
	seen->cni = 0;
	seen->cni_type[0] = seen->cni_other[0] = '\0';
}

int dataplane_cni_decode(const char *text, size_t length, struct dataplane_observations *ret)
{
	json_t *config = json_loadb(text, length, 0, NULL);
	int r;

	forget_plugins(ret);
	r = take_config(ret, config, 3);
	if (r < 0)
		forget_plugins(ret);
	json_decref(config);
	return r;
}
