#include "tests/unit/policy/histories.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum kind {
	DEPLOYMENT,
	STATEFUL_SET,
	DAEMON_SET,
	JOB,
	CRON_JOB,
	REPLICA_SET,
	ROLLOUT,
	POD,
	STATIC_POD,
	KINDS
};

static const char *const namespaces[HISTORY_NAMESPACES] = {"shop", "kube-system", "ops"};

uint64_t history_roll(struct history *history, uint64_t sides)
{
	history->random ^= history->random << 13;
	history->random ^= history->random >> 7;
	history->random ^= history->random << 17;
	return (history->random >> 11) % sides;
}

bool history_chance(struct history *history, unsigned percent)
{
	return history_roll(history, 100) < percent;
}

/* Rolls, and counts the feature if it is to be. */
bool history_has(struct history *history, unsigned percent, enum history_feature feature)
{
	return history_chance(history, percent) || history->certain == feature;
}

static bool has(struct history *history, unsigned percent, enum history_feature feature)
{
	bool is_to_be = history_has(history, percent, feature);

	history->features[feature] += is_to_be;
	return is_to_be;
}

const char *history_text(struct history *history, const char *format, ...)
{
	char *text = history->text + history->text_size;
	size_t room = sizeof(history->text) - history->text_size;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text, room, format, arguments);
	va_end(arguments);
	assert_true(length >= 0 && (size_t)length < room);
	history->text_size += (size_t)length + 1;
	return text;
}

struct addr history_addr(const char *format, ...)
{
	char text[ADDR_TEXT_MAX];
	struct addr addr;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (addr_parse(text, &addr) < 0)
		fail_msg("no address: %s", text);
	return addr;
}

const char *history_feature_name(enum history_feature feature)
{
	static const char *const names[] = {
#define HISTORY_FEATURE(name) #name,
	    HISTORY_FEATURES(HISTORY_FEATURE)
#undef HISTORY_FEATURE
	};

	return names[feature];
}

/* ---- nodes ---- */

static void make_nodes(struct history *history)
{
	history->node_count = 1 + (size_t)history_roll(history, HISTORY_NODES);
	for (size_t i = 0; i < history->node_count; i++) {
		struct history_node *node = &history->nodes[i];
		unsigned number = (unsigned)i + 1;

		snprintf(node->name, sizeof(node->name), "n%u", number);
		node->recorded = i == 0 || !has(history, 20, HISTORY_NODE_WITHOUT_RECORD);
		node->address[0] = history_addr("192.168.0.%u", number);
		node->address[1] = history_addr("fd00:1::%x", number);
		if (has(history, 15, HISTORY_NODE_PUBLIC))
			node->public = history_addr("93.184.216.%u", number);
	}
}

/* ---- pods ---- */

static void set_label(struct history_pod *pod, const char *key, const char *value)
{
	assert_true(pod->label_count < HISTORY_LABELS);
	pod->labels[pod->label_count++] = (struct label){(char *)key, (char *)value};
}

enum labelling { OWN, RECOMMENDED, SHARED, PART, VOLATILE, NONE, LABELLINGS };

static enum labelling choose_labelling(struct history *history)
{
	static const unsigned percent[LABELLINGS] = {50, 17, 12, 10, 6, 5};
	static const enum history_feature features[LABELLINGS] = {
	    HISTORY_LABELS_OWN,  HISTORY_LABELS_RECOMMENDED, HISTORY_LABELS_SHARED,
	    HISTORY_LABELS_PART, HISTORY_LABELS_VOLATILE,    HISTORY_LABELS_NONE};
	uint64_t rolled = history_roll(history, 100);
	size_t labelling = 0;

	while (rolled >= percent[labelling])
		rolled -= percent[labelling++];
	history->features[features[labelling]]++;
	return (enum labelling)labelling;
}

static void label_pod(struct history *history, struct history_pod *pod, enum labelling labelling,
		      const char *tier)
{
	const struct history_workload *workload = &history->workloads[pod->workload];

	switch (labelling) {
	case OWN:
		set_label(pod, "app", workload->name);
		break;
	case RECOMMENDED:
		set_label(pod, "app.kubernetes.io/name", workload->name);
		set_label(pod, "app.kubernetes.io/instance", "main");
		set_label(pod, "helm.sh/chart", "chart-1.2.3");
		break;
	case SHARED:
		set_label(pod, "app", "twin");
		break;
	case PART:
		set_label(pod, "app", pod->workload > 0 ? workload[-1].name : workload->name);
		set_label(pod, "part", "yes");
		break;
	default:
		break;
	}
	if (labelling != NONE && labelling != VOLATILE && tier)
		set_label(pod, "tier", tier);
}

static const char *letters(struct history *history, size_t length)
{
	static const char safe[] = "bcdfghjklmnpqrstvwxz2456789";
	char text[16] = "";

	for (size_t i = 0; i < length; i++)
		text[i] = safe[history_roll(history, sizeof(safe) - 1)];
	return history_text(history, "%s", text);
}

/* What controllers write of their own. */
static void own_pod(struct history *history, struct history_pod *pod, enum kind kind,
		    size_t replica, bool is_labelled)
{
	const char *name = history->workloads[pod->workload].name;
	const char *end = letters(history, 5);
	static const char *const hash = "6d4cf56db6";

	switch (kind) {
	case DEPLOYMENT:
	case ROLLOUT:
		pod->owner_kind = "ReplicaSet";
		pod->owner_name = history_text(history, "%s-%s", name, hash);
		pod->name = history_text(history, "%s-%s-%s", name, hash, end);
		if (is_labelled)
			set_label(pod,
				  kind == ROLLOUT ? "rollouts-pod-template-hash"
						  : "pod-template-hash",
				  hash);
		break;
	case STATEFUL_SET:
		pod->owner_kind = "StatefulSet";
		pod->owner_name = name;
		pod->name = history_text(history, "%s-%zu", name, replica);
		if (is_labelled)
			set_label(pod, "statefulset.kubernetes.io/pod-name", pod->name);
		break;
	case DAEMON_SET:
	case REPLICA_SET:
		pod->owner_kind = kind == DAEMON_SET ? "DaemonSet" : "ReplicaSet";
		pod->owner_name = name;
		pod->name = history_text(history, "%s-%s", name, end);
		if (is_labelled && kind == DAEMON_SET)
			set_label(pod, "controller-revision-hash", hash);
		break;
	case JOB:
		pod->owner_kind = "Job";
		pod->owner_name = name;
		pod->name = history_text(history, "%s-%s", name, end);
		if (is_labelled)
			set_label(pod, "job-name", name);
		break;
	case CRON_JOB:
		pod->owner_kind = "Job";
		pod->owner_name = history_text(history, "%s-2800000%zu", name, replica);
		pod->name = history_text(history, "%s-%s", pod->owner_name, end);
		if (is_labelled)
			set_label(pod, "job-name", pod->owner_name);
		break;
	case STATIC_POD:
		pod->owner_kind = "Node";
		pod->owner_name = history->nodes[pod->node].name;
		pod->name = history_text(history, "%s-%s", name, pod->owner_name);
		pod->mirror = true;
		break;
	default:
		pod->name = name;
		break;
	}
	pod->uid = history_text(history, "u-%s", pod->name);
}

static void address_pod(struct history *history, struct history_pod *pod)
{
	const struct history_node *node = &history->nodes[pod->node];
	unsigned number = (unsigned)(pod - history->pods) + 5;
	unsigned range = (unsigned)pod->node + 1;

	pod->address_count = history->has_dual_stack ? 2 : 1;
	for (size_t i = 0; i < pod->address_count && pod->host_network; i++)
		pod->addresses[i] = node->address[i];
	if (pod->host_network)
		return;
	pod->addresses[0] = history_addr("10.%u.0.%u", range, number);
	pod->addresses[1] = history_addr("fd00:10:%x::%x", range, number);
	if (has(history, 6, HISTORY_SECONDARY))
		pod->secondary = history_addr("10.%u.9.%u", range, number);
}

static struct history_pod *add_pod(struct history *history, size_t workload)
{
	struct history_pod *pod = &history->pods[history->pod_count++];

	assert_true(history->pod_count <= HISTORY_PODS);
	*pod = (struct history_pod){.workload = workload,
				    .namespace = namespaces[history->workloads[workload].namespace],
				    .host_network = history->workloads[workload].host_network,
				    .node = (size_t)history_roll(history, history->node_count),
				    .in_inventory = !has(history, 8, HISTORY_POD_NOT_IN_INVENTORY),
				    .in_conflict = has(history, 1, HISTORY_POD_IN_CONFLICT)};
	return pod;
}

static void make_pods(struct history *history, size_t index, enum kind kind, size_t count)
{
	struct history_workload *workload = &history->workloads[index];
	const enum labelling labelling = choose_labelling(history);
	const bool is_dns = history->has_dns && index == history->dns;
	const bool differ = count > 1 && has(history, 10, HISTORY_LABELS_DIFFER);
	const char *tier = NULL;

	if (history_chance(history, 30))
		tier = history_chance(history, 50) ? "front" : "back";
	workload->first_pod = history->pod_count;
	workload->pod_count = count;
	for (size_t i = 0; i < count; i++) {
		struct history_pod *pod = add_pod(history, index);

		if (kind == STATIC_POD)
			pod->node = i;
		if (is_dns)
			set_label(pod, "k8s-app", "kube-dns");
		else
			label_pod(history, pod, labelling, tier);
		if (differ && labelling != NONE)
			set_label(pod, "shard", i % 2 ? "odd" : "even");
		own_pod(history, pod, kind, i, labelling != NONE);
		address_pod(history, pod);
	}
}

/* ---- workloads ---- */

static void make_ports(struct history *history, struct history_workload *workload)
{
	static const uint16_t numbers[] = {80, 8080, 5432, 9090, 6379, 8443};
	static const char *const names[] = {"http", "web", "data", "metrics", "cache", "tls"};

	workload->port_count = 1 + (size_t)history_roll(history, 2);
	for (size_t i = 0; i < workload->port_count; i++) {
		size_t at = (size_t)history_roll(history, COUNT(numbers));
		struct history_port *port = &workload->ports[i];

		*port = (struct history_port){
		    .name = names[at], .port = numbers[at], .protocol = IPPROTO_TCP};
		if (history_chance(history, 15))
			port->protocol = history_chance(history, 50) ? IPPROTO_UDP : IPPROTO_SCTP;
		if (!workload->host_network && has(history, 5, HISTORY_HOST_PORT))
			port->host_port = (uint16_t)(9000 + numbers[at] % 100);
	}
}

static void make_dns_ports(struct history *history, struct history_workload *workload)
{
	uint16_t port = history_chance(history, 50) ? 53 : 1053;

	workload->ports[0] =
	    (struct history_port){.name = "dns", .protocol = IPPROTO_UDP, .port = port};
	workload->ports[1] =
	    (struct history_port){.name = "dns-tcp", .protocol = IPPROTO_TCP, .port = port};
	workload->port_count = 2;
}

/* Nothing is rolled for it, so that all else is as it would be. */
static void put_on_nodes(struct history *history, struct history_workload *workload)
{
	workload->host_network = true;
	history->features[HISTORY_HOST_NETWORK]++;
	for (size_t i = 0; i < workload->pod_count; i++) {
		struct history_pod *pod = &history->pods[workload->first_pod + i];

		pod->host_network = true;
		pod->secondary = (struct addr){0};
		address_pod(history, pod);
	}
}

static void make_workload(struct history *history, size_t index)
{
	struct history_workload *workload = &history->workloads[index];
	const bool is_dns = history->has_dns && index == history->dns;
	enum kind kind = is_dns ? DEPLOYMENT : (enum kind)history_roll(history, KINDS);
	size_t count = 1 + (size_t)history_roll(history, HISTORY_REPLICAS_MAX);

	if (kind == POD)
		count = 1;
	else if (kind == STATIC_POD && count > history->node_count)
		count = history->node_count;
	*workload = (struct history_workload){
	    .namespace = is_dns ? 1 : (size_t)history_roll(history, history->namespace_count),
	    .name = history_text(history, is_dns ? "coredns" : "w%zu", index),
	    .host_network = !is_dns && (kind == STATIC_POD || history_chance(history, 4)),
	    .sidecar = has(history, 6, HISTORY_SIDECAR)};
	history->features[HISTORY_KIND_DEPLOYMENT + kind]++;
	history->features[HISTORY_REPLICAS] += count > 1;
	history->features[HISTORY_HOST_NETWORK] += workload->host_network;
	if (is_dns)
		make_dns_ports(history, workload);
	else
		make_ports(history, workload);
	make_pods(history, index, kind, count);
	if (is_dns && history->random % 8 == 1)
		put_on_nodes(history, workload);
}

static void make_workloads(struct history *history)
{
	history->workload_count = 2 + (size_t)history_roll(history, HISTORY_WORKLOADS - 2);
	history->has_dns = history->namespace_count > 1 && history_chance(history, 70);
	for (size_t i = 0; i < history->workload_count; i++)
		make_workload(history, i);
}

/* Another pod of its workload, with the address of the one before. */
static void inherit(struct history *history, struct history_pod *heir,
		    const struct history_pod *dead)
{
	const struct history_pod *first =
	    &history->pods[history->workloads[heir->workload].first_pod];

	memcpy(heir->labels, first->labels, sizeof(heir->labels));
	heir->label_count = first->label_count;
	heir->owner_kind = first->owner_kind;
	heir->owner_name = first->owner_name;
	heir->name = history_text(history, "%s-%s", heir->owner_name ? heir->owner_name : "heir",
				  letters(history, 5));
	heir->uid = history_text(history, "u-%s", heir->name);
	heir->node = dead->node;
	memcpy(heir->addresses, dead->addresses, sizeof(heir->addresses));
	heir->address_count = dead->address_count;
}

/* One that died, and one that has its address since; or both at the same time. */
static void make_heirs(struct history *history)
{
	for (size_t i = 0; i < history->workload_count; i++) {
		struct history_pod *dead = &history->pods[history->workloads[i].first_pod];
		struct history_pod *heir;
		const bool shares = history_has(history, 45, HISTORY_ADDRESS_SHARED);

		if (dead->host_network || !history_has(history, 20, HISTORY_ADDRESS_SHARED) ||
		    history->pod_count == HISTORY_PODS)
			continue;
		heir = add_pod(history, (size_t)history_roll(history, history->workload_count));
		if (history->workloads[heir->workload].host_network) {
			history->pod_count--;
			continue;
		}
		inherit(history, heir, dead);
		heir->since = shares ? 0 : 2050;
		dead->until = shares ? 0 : 2000;
		history->features[shares ? HISTORY_ADDRESS_SHARED : HISTORY_ADDRESS_REUSED]++;
		history->features[HISTORY_POD_DEAD] += !shares;
	}
}

/* ---- services ---- */

static void make_service(struct history *history, size_t workload)
{
	const struct history_workload *behind = &history->workloads[workload];
	const bool is_dns = history->has_dns && workload == history->dns;
	struct history_service *service = &history->services[history->service_count++];

	*service = (struct history_service){
	    .namespace = namespaces[behind->namespace],
	    .name = is_dns ? "kube-dns" : behind->name,
	    .workload = workload,
	    .address = is_dns ? history_addr("10.96.0.10")
			      : history_addr("10.96.1.%zu", history->service_count),
	    .port = is_dns ? 53 : (uint16_t)(history_chance(history, 50) ? 80 : 7000),
	    .target = behind->ports[0].port,
	    .protocol = behind->ports[0].protocol};
}

static void make_services(struct history *history)
{
	for (size_t i = 0; i < history->workload_count; i++)
		if ((history->has_dns && i == history->dns) || history_chance(history, 50))
			make_service(history, i);
}

/* ---- the inventory ---- */

static void put_labels(struct buf *buf, const struct label *labels, size_t count)
{
	buf_puts(buf, "{");
	for (size_t i = 0; i < count; i++)
		buf_printf(buf, "%s%s: \"%s\"", i > 0 ? ", " : "", labels[i].key, labels[i].value);
	buf_puts(buf, "}");
}

static const char *protocol_text(uint8_t protocol)
{
	if (protocol == IPPROTO_SCTP)
		return "SCTP";
	return protocol == IPPROTO_UDP ? "UDP" : "TCP";
}

/* Takes the buffer. */
static void add_object(struct history *history, struct buf *buf)
{
	assert_int_equal(buf->error, 0);
	assert_true(history->object_count < HISTORY_OBJECTS);
	history->objects[history->object_count++] = history_text(history, "%s", buf->data);
	buf_clear(buf);
}

static void put_ports(struct buf *buf, const struct history_workload *workload)
{
	buf_puts(buf, "containers: [{name: main, ports: [");
	for (size_t i = 0; i < workload->port_count; i++) {
		const struct history_port *port = &workload->ports[i];

		buf_printf(buf, "%s{name: %s, protocol: %s, containerPort: %u", i > 0 ? ", " : "",
			   port->name, protocol_text(port->protocol), port->port);
		if (port->host_port)
			buf_printf(buf, ", hostPort: %u", port->host_port);
		buf_puts(buf, "}");
	}
	buf_printf(buf, "]}%s]", workload->sidecar ? ", {name: istio-proxy}" : "");
}

static void put_addresses(struct buf *buf, const struct history_pod *pod)
{
	char text[ADDR_TEXT_MAX];

	buf_puts(buf, "podIPs: [");
	for (size_t i = 0; i < pod->address_count; i++)
		buf_printf(buf, "%s{ip: \"%s\"}", i > 0 ? ", " : "",
			   addr_format(pod->addresses[i], text));
	buf_puts(buf, "]");
}

static void put_annotations(struct buf *buf, const struct history_pod *pod)
{
	char text[ADDR_TEXT_MAX];

	if (pod->mirror)
		buf_puts(buf, ", annotations: {kubernetes.io/config.mirror: \"1\"}");
	else if (addr_is_set(pod->secondary))
		buf_printf(buf,
			   ", annotations: {k8s.v1.cni.cncf.io/network-status: "
			   "'[{\"name\": \"net1\", \"ips\": [\"%s\"]}]'}",
			   addr_format(pod->secondary, text));
}

static void describe_pod(struct history *history, const struct history_pod *pod)
{
	const char *api = "v1";
	struct buf buf = {0};

	if (pod->owner_kind && strcmp(pod->owner_kind, "Node") != 0)
		api = strcmp(pod->owner_kind, "Job") == 0 ? "batch/v1" : "apps/v1";
	buf_printf(&buf,
		   "---\n{apiVersion: v1, kind: Pod, metadata: {namespace: %s, name: %s, uid: %s, "
		   "labels: ",
		   pod->namespace, pod->name, pod->uid);
	put_labels(&buf, pod->labels, pod->label_count);
	put_annotations(&buf, pod);
	if (pod->owner_kind)
		buf_printf(&buf,
			   ", ownerReferences: [{apiVersion: %s, kind: %s, name: %s, controller: "
			   "true}]",
			   api, pod->owner_kind, pod->owner_name);
	buf_printf(&buf, "}, spec: {nodeName: %s, %s", history->nodes[pod->node].name,
		   pod->host_network ? "hostNetwork: true, " : "");
	put_ports(&buf, &history->workloads[pod->workload]);
	buf_printf(&buf, "}, status: {phase: %s, ", pod->until ? "Succeeded" : "Running");
	put_addresses(&buf, pod);
	buf_puts(&buf, "}}\n");
	add_object(history, &buf);
}

static void describe_node(struct history *history, size_t index)
{
	const struct history_node *node = &history->nodes[index];
	struct buf buf = {0};

	buf_printf(&buf,
		   "---\n{apiVersion: v1, kind: Node, metadata: {name: %s}, spec: {podCIDRs: "
		   "[10.%zu.0.0/24, \"fd00:10:%zx::/64\"]}, status: {addresses: [{type: "
		   "InternalIP, address: 192.168.0.%zu}, {type: InternalIP, address: "
		   "\"fd00:1::%zx\"}",
		   node->name, index + 1, index + 1, index + 1, index + 1);
	if (addr_is_set(node->public))
		buf_printf(&buf, ", {type: ExternalIP, address: 93.184.216.%zu}", index + 1);
	buf_puts(&buf, "]}}\n");
	add_object(history, &buf);
}

/* The type is rolled here: what is recorded of it is the same. */
static void put_type(struct history *history, struct history_service *service, struct buf *buf)
{
	char text[ADDR_TEXT_MAX];
	uint64_t rolled = history_roll(history, 10);

	if (rolled == 0 && !(history->has_dns && service->workload == history->dns)) {
		history->features[HISTORY_SERVICE_HEADLESS]++;
		service->address = (struct addr){0};
		buf_puts(buf, "clusterIP: None, ");
		return;
	}
	buf_printf(buf, "clusterIP: %s, ", addr_format(service->address, text));
	if (rolled < 6) {
		history->features[HISTORY_SERVICE_CLUSTER_IP]++;
		return;
	}
	service->node_port = (uint16_t)(30000 + service->workload);
	history->features[rolled < 8 ? HISTORY_SERVICE_NODE_PORT : HISTORY_SERVICE_LOAD_BALANCER]++;
	buf_printf(buf, "type: %s, ", rolled < 8 ? "NodePort" : "LoadBalancer");
}

static void describe_service(struct history *history, struct history_service *service)
{
	const struct history_workload *workload = &history->workloads[service->workload];
	const struct history_pod *pod = &history->pods[workload->first_pod];
	struct buf buf = {0};

	buf_printf(&buf, "---\n{apiVersion: v1, kind: Service, metadata: {namespace: %s, name: %s}",
		   service->namespace, service->name);
	buf_puts(&buf, ", spec: {");
	put_type(history, service, &buf);
	if (pod->label_count > 0) {
		buf_puts(&buf, "selector: ");
		put_labels(&buf, pod->labels, 1);
		buf_puts(&buf, ", ");
	}
	buf_puts(&buf, "ports: [");
	for (size_t i = 0; i < (service->port == 53 ? workload->port_count : 1); i++) {
		const struct history_port *port = &workload->ports[i];

		buf_printf(&buf,
			   "%s{name: %s, protocol: %s, port: %u, targetPort: ", i > 0 ? ", " : "",
			   port->name, protocol_text(port->protocol), service->port);
		if (has(history, 30, HISTORY_TARGET_PORT_NAMED))
			buf_puts(&buf, port->name);
		else
			buf_printf(&buf, "%u", port->port);
		if (service->node_port)
			buf_printf(&buf, ", nodePort: %u", service->node_port);
		buf_puts(&buf, "}");
	}
	buf_puts(&buf, "]}}\n");
	add_object(history, &buf);
}

static void describe(struct history *history, const char *object)
{
	struct buf buf = {0};

	buf_printf(&buf, "---\n%s\n", object);
	add_object(history, &buf);
}

static void describe_rollout(struct history *history, const struct history_pod *pod)
{
	struct buf buf = {0};

	if (pod->label_count == 0 ||
	    strcmp(pod->labels[pod->label_count - 1].key, "rollouts-pod-template-hash") != 0)
		return;
	buf_printf(&buf,
		   "---\n{apiVersion: apps/v1, kind: ReplicaSet, metadata: {namespace: %s, name: "
		   "%s, ownerReferences: [{apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: "
		   "%s, controller: true}]}}\n",
		   pod->namespace, pod->owner_name, history->workloads[pod->workload].name);
	add_object(history, &buf);
}

static void describe_all(struct history *history)
{
	for (size_t i = 0; i < history->node_count; i++)
		describe_node(history, i);
	for (size_t i = 0; i < history->namespace_count; i++)
		describe(history,
			 history_text(history,
				      "{apiVersion: v1, kind: Namespace, metadata: {name: %s}}",
				      namespaces[i]));
	for (size_t i = 0; i < history->pod_count; i++)
		if (history->pods[i].in_inventory)
			describe_pod(history, &history->pods[i]);
	for (size_t i = 0; i < history->workload_count; i++)
		describe_rollout(history, &history->pods[history->workloads[i].first_pod]);
	for (size_t i = 0; i < history->service_count; i++)
		describe_service(history, &history->services[i]);
	describe(history, "{apiVersion: v1, kind: Service, metadata: {namespace: default, name: "
			  "kubernetes}, spec: {clusterIP: 10.96.0.1, ports: [{name: https, "
			  "port: 443, targetPort: 6443}]}}");
	describe(history,
		 "{apiVersion: v1, kind: Endpoints, metadata: {namespace: default, name: "
		 "kubernetes}, subsets: [{addresses: [{ip: 192.168.0.1}], ports: [{name: https, "
		 "port: 6443, protocol: TCP}]}]}");
	if (has(history, 10, HISTORY_SERVICE_EXTERNAL_NAME))
		describe(history, "{apiVersion: v1, kind: Service, metadata: {namespace: shop, "
				  "name: outside}, spec: {type: ExternalName, externalName: "
				  "example.org}}");
}

void history_make(struct history *history, uint64_t seed,
		  unsigned long features[HISTORY_FEATURE_COUNT])
{
	memset(history, 0, offsetof(struct history, text));
	history->text_size = 0;
	history->random = seed * 0x9e3779b97f4a7c15u;
	history->features = features;
	history->certain = (enum history_feature)(seed % HISTORY_FEATURE_COUNT);
	for (size_t i = 0; i < 8; i++)
		history_roll(history, 2);
	history->has_dual_stack = has(history, 30, HISTORY_DUAL_STACK);
	history->namespace_count = 1 + (size_t)history_roll(history, HISTORY_NAMESPACES);
	history->has_inventory = !has(history, 3, HISTORY_NO_INVENTORY);
	history->has_objects =
	    history->has_inventory && !has(history, 5, HISTORY_INVENTORY_OF_RECORDS);
	make_nodes(history);
	make_workloads(history);
	make_heirs(history);
	make_services(history);
	describe_all(history);
	history_talk(history);
}
