#include "identity/inventory_trim.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is kept ---- */

/*
 * A mask names members of a mapping, or of each mapping in a list, with a blank between them; in
 * brackets behind a name stands the mask of what is below, without any all of it is kept. "*" is
 * every member.
 */
#define PORTS "ports(name protocol port targetPort containerPort hostPort hostIP nodePort) "
#define CONTAINERS "(name restartPolicy " PORTS ")"
#define ENDPOINTS "(ip addresses conditions(ready) targetRef(kind name uid) nodeName)"
#define LABELLED "metadata(name namespace uid labels) "
#define OWNERS "ownerReferences(controller kind name) "
#define BACKEND "(service(name port(name number)))"
#define TARGET_GROUP "metadata(name namespace uid) spec(targetType serviceRef(name port))"
#define NODE_METADATA                                                                              \
	"metadata(name uid annotations("                                                           \
	"flannel.alpha.coreos.com/public-ip flannel.alpha.coreos.com/public-ipv6 "                 \
	"projectcalico.org/IPv4Address projectcalico.org/IPv6Address "                             \
	"k3s.io/internal-ip k3s.io/external-ip alpha.kubernetes.io/provided-node-ip "              \
	"projectcalico.org/IPv4VXLANTunnelAddr projectcalico.org/IPv6VXLANTunnelAddr "             \
	"projectcalico.org/IPv4IPIPTunnelAddr "                                                    \
	"projectcalico.org/IPv4WireguardInterfaceAddr "                                            \
	"projectcalico.org/IPv6WireguardInterfaceAddr "                                            \
	"network.cilium.io/ipv4-cilium-host network.cilium.io/ipv6-cilium-host "                   \
	"io.cilium.network.ipv4-cilium-host io.cilium.network.ipv6-cilium-host)) "

static const struct kind {
	const char *group;
	const char *kind;
	bool namespaced;
	const char *mask;
} kinds[] = {
    {"", "Pod", true,
     "metadata(name namespace uid generateName creationTimestamp labels " OWNERS
     "annotations(k8s.v1.cni.cncf.io/network-status kubernetes.io/config.mirror "
     "ambient.istio.io/redirection)) "
     "spec(nodeName hostNetwork containers" CONTAINERS " initContainers" CONTAINERS ") "
     "status(phase podIP podIPs(ip) startTime)"},
    {"", "Namespace", false, LABELLED},
    {"", "Service", true,
     "metadata(name namespace uid labels annotations(cloud.google.com/neg-status)) "
     "spec(type externalName externalTrafficPolicy healthCheckNodePort selector "
     "clusterIP clusterIPs externalIPs loadBalancerSourceRanges " PORTS
     ") status(loadBalancer(ingress(ip)))"},
    {"", "Endpoints", true,
     LABELLED "subsets(addresses" ENDPOINTS " notReadyAddresses" ENDPOINTS " " PORTS ")"},
    {"", "Node", false, NODE_METADATA "spec(podCIDR podCIDRs) status(addresses(type address))"},
    {"discovery.k8s.io", "EndpointSlice", true,
     LABELLED "addressType endpoints" ENDPOINTS " " PORTS},
    {"cilium.io", "CiliumNode", false,
     NODE_METADATA "spec(addresses(type ip) ipam(podCIDRs pools(allocated(cidrs)))) "
		   "status(eni(enis(*(subnet(cidr)))) azure(interfaces(cidr)) "
		   "alibaba-cloud(enis(*(vswitch(cidr ipv6-cidr)))))"},
    {"cilium.io", "CiliumPodIPPool", false, "metadata(name uid) spec(ipv4(cidrs) ipv6(cidrs))"},
    {"networking.k8s.io", "Ingress", true,
     "metadata(name namespace uid annotations(alb.ingress.kubernetes.io/target-type "
     "kubernetes.io/ingress.class)) "
     "spec(ingressClassName defaultBackend" BACKEND " rules(http(paths(backend" BACKEND "))))"},
    {"elbv2.k8s.aws", "TargetGroupBinding", true, TARGET_GROUP},
    {"eks.amazonaws.com", "TargetGroupBinding", true, TARGET_GROUP},
    {"networking.k8s.io", "ServiceCIDR", false, "metadata(name uid) spec(cidrs)"},
    {"projectcalico.org", "IPPool", false, "metadata(name uid) spec(cidr allowedUses)"},
    {"crd.projectcalico.org", "IPPool", false, "metadata(name uid) spec(cidr allowedUses)"},
};

static const char owned[] = "metadata(name namespace uid generateName " OWNERS ") spec(selector)";

struct member {
	char key[64];
	const char *below; /* its own mask; NULL: all */
};

static const char *skip_brackets(const char *mask)
{
	int depth = 1;

	while (depth > 0) {
		depth += (*mask == '(') - (*mask == ')');
		mask++;
	}
	return mask;
}

/* The rest of the mask, or NULL where it has no further member. */
static const char *next_member(const char *mask, struct member *ret)
{
	size_t length;

	mask += strspn(mask, " ");
	length = strcspn(mask, " ()");
	if (length == 0)
		return NULL;
	snprintf(ret->key, sizeof(ret->key), "%.*s", (int)length, mask);
	mask += length;
	ret->below = *mask == '(' ? mask + 1 : NULL;
	return ret->below ? skip_brackets(ret->below) : mask;
}

/* ---- values ---- */

/* What would read differently as a number or a truth value stays text. */
static json_t *print_scalar(const struct node *value)
{
	const char *text = node_text(value);
	int64_t number;
	char decimal[32];

	if (!node_is_quoted(value) && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0))
		return json_boolean(*text == 't');
	if (!node_is_quoted(value) && node_integer(value, &number)) {
		snprintf(decimal, sizeof(decimal), "%" PRId64, number);
		if (strcmp(decimal, text) == 0)
			return json_integer(number);
	}
	return json_string(text);
}

static json_t *print(const struct node *value, const char *mask);

static int print_member(json_t *object, const char *key, const struct node *value, const char *mask)
{
	if (node_kind(value) == NODE_NULL)
		return 0;
	return json_object_set_new(object, key, print(value, mask));
}

static int print_all(json_t *object, const struct node *mapping, const char *mask)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < node_count(mapping); i++)
		r = print_member(object, node_key(mapping, i), node_item(mapping, i), mask);
	return r;
}

static json_t *print_mapping(const struct node *mapping, const char *mask)
{
	json_t *object = json_object();
	struct member member;
	int r = object ? 0 : -1;

	if (r == 0 && !mask)
		r = print_all(object, mapping, NULL);
	while (mask && r == 0 && (mask = next_member(mask, &member)))
		r = strcmp(member.key, "*") == 0
			? print_all(object, mapping, member.below)
			: print_member(object, member.key, node_get(mapping, member.key),
				       member.below);
	if (r == 0)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *print_sequence(const struct node *sequence, const char *mask)
{
	json_t *list = json_array();
	int r = list ? 0 : -1;

	for (size_t i = 0; r == 0 && i < node_count(sequence); i++)
		r = json_array_append_new(list, print(node_item(sequence, i), mask));
	if (r == 0)
		return list;
	json_decref(list);
	return NULL;
}

/* As deep as a document may be. NULL: no memory. */
static json_t *print(const struct node *value, const char *mask)
{
	switch (node_kind(value)) {
	case NODE_MAPPING:
		return print_mapping(value, mask);
	case NODE_SEQUENCE:
		return print_sequence(value, mask);
	case NODE_SCALAR:
		return print_scalar(value);
	case NODE_NULL:
		break;
	}
	return json_null();
}

/* ---- objects ---- */

struct object {
	const struct node *node;
	const char *version; /* apiVersion */
	const char *kind;
	size_t kind_length;
};

/* Somebody's controller. */
struct reference {
	const char *kind, *namespace, *name;
};

struct trim {
	const struct document *document;
	struct problems *problems;
	trimmed_fn *visit;
	void *context;
	struct reference *owners; /* sorted once all are known */
	size_t owner_count, owner_capacity;
	size_t objects;
};

static void complain(struct trim *trim, enum problem_severity severity, const struct node *at,
		     const char *what, const char *name)
{
	char subject[512];

	snprintf(subject, sizeof(subject), "%s:%u", document_name(trim->document), node_line(at));
	problem_add(trim->problems, severity, subject, "%s%s%s", what, *name ? ": " : "", name);
}

static int refuse(struct trim *trim, const struct node *at, const char *what)
{
	complain(trim, PROBLEM_ERROR, at, what, "");
	return -EINVAL;
}

typedef int object_fn(struct trim *trim, const struct object *object);

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static bool is_list(const struct object *object)
{
	size_t length = object->kind_length;

	return length >= 4 && memcmp(object->kind + length - 4, "List", 4) == 0 &&
	       !node_get_text(node_get(object->node, "metadata"), "name");
}

/* around: the list that it stands in; its items need not say what they are. */
static int walk(struct trim *trim, const struct node *at, const struct object *around,
		object_fn *visit)
{
	const char *kind = node_get_text(at, "kind"), *version = node_get_text(at, "apiVersion");
	struct object object = {.node = at,
				.version = version ? version : around->version,
				.kind = kind ? kind : around->kind,
				.kind_length = kind ? strlen(kind) : around->kind_length};
	const struct node *items = node_get(at, "items");
	int r = 0;

	if (node_kind(at) != NODE_MAPPING)
		return refuse(trim, at, "expected a Kubernetes object");
	if (object.kind_length == 0)
		return refuse(trim, at, "expected a Kubernetes object: there is no kind");
	if (!is_list(&object))
		return visit(trim, &object);
	if (node_kind(items) == NODE_MAPPING || node_kind(items) == NODE_SCALAR)
		return refuse(trim, items, "items: expected a list");
	object.kind_length -= strlen("List");
	for (size_t i = 0; r == 0 && i < node_count(items); i++)
		r = walk(trim, node_item(items, i), &object, visit);
	return r;
}

static int walk_all(struct trim *trim, object_fn *visit)
{
	const struct object around = {.version = "v1", .kind = ""};
	int r = 0;

	for (size_t i = 0; r == 0 && i < document_count(trim->document); i++) {
		const struct node *root = document_root(trim->document, i);

		if (node_kind(root) != NODE_NULL)
			r = walk(trim, root, &around, visit);
	}
	return r;
}

/* ---- owners ---- */

static int compare_references(const void *left, const void *right)
{
	const struct reference *a = left, *b = right;
	int order = strcmp(a->kind, b->kind);

	order = order ? order : strcmp(a->name, b->name);
	return order ? order : strcmp(a->namespace, b->namespace);
}

static int add_owner(struct trim *trim, const struct reference *reference)
{
	size_t capacity = trim->owner_capacity ? trim->owner_capacity * 2 : 64;
	struct reference *owners = trim->owners;

	if (trim->owner_count == trim->owner_capacity) {
		owners = reallocarray(trim->owners, capacity, sizeof(*owners));
		if (!owners)
			return -ENOMEM;
		trim->owners = owners;
		trim->owner_capacity = capacity;
	}
	owners[trim->owner_count++] = *reference;
	return 0;
}

static int collect_owners(struct trim *trim, const struct object *object)
{
	const struct node *metadata = node_get(object->node, "metadata");
	const struct node *list = node_get(metadata, "ownerReferences");
	bool controls;
	int r = 0;

	for (size_t i = 0; r == 0 && i < node_count(list); i++) {
		const struct node *entry = node_item(list, i);
		struct reference reference = {or_empty(node_get_text(entry, "kind")),
					      or_empty(node_get_text(metadata, "namespace")),
					      or_empty(node_get_text(entry, "name"))};

		if (node_boolean(node_get(entry, "controller"), &controls) && controls)
			r = add_owner(trim, &reference);
	}
	return r;
}

/* An owner stands in the namespace of what it owns, or in none. */
static bool is_owner(const struct trim *trim, const struct reference *object)
{
	for (size_t low = 0, high = trim->owner_count; low < high;) {
		size_t middle = low + (high - low) / 2;
		const struct reference *at = &trim->owners[middle];
		int order = *object->namespace ? compare_references(object, at)
					       : strcmp(object->kind, at->kind);

		if (order == 0 && !*object->namespace)
			order = strcmp(object->name, at->name);
		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

/* ---- one by one ---- */

static size_t group_length(const char *version)
{
	const char *slash = strchr(version, '/');

	return slash ? (size_t)(slash - version) : 0;
}

static const struct kind *find_kind(const struct object *object)
{
	size_t length = group_length(object->version);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strlen(kinds[i].group) == length &&
		    memcmp(kinds[i].group, object->version, length) == 0 &&
		    strlen(kinds[i].kind) == object->kind_length &&
		    memcmp(kinds[i].kind, object->kind, object->kind_length) == 0)
			return &kinds[i];
	}
	return NULL;
}

static char *print_object(const struct object *object, const char *mask)
{
	json_t *json = print_mapping(object->node, mask);
	char *text = NULL;
	int r = json ? 0 : -1;

	if (r == 0)
		r = json_object_set_new(json, "apiVersion", json_string(object->version));
	if (r == 0)
		r = json_object_set_new(json, "kind",
					json_stringn(object->kind, object->kind_length));
	if (r == 0)
		text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(json);
	return text;
}

static int visit_object(struct trim *trim, const struct object *object,
			struct trimmed_object *trimmed, const char *mask)
{
	int group = (int)group_length(object->version);
	char *kind = NULL, *content = print_object(object, mask);
	int r = -ENOMEM;

	if (asprintf(&kind, "%.*s%s%.*s", (int)object->kind_length, object->kind, group ? "." : "",
		     group, object->version) < 0)
		kind = NULL;
	if (kind && content) {
		trimmed->kind = kind;
		trimmed->content = content;
		trim->objects++;
		r = trim->visit(trim->context, trimmed);
	}
	free(kind);
	free(content);
	return r;
}

static int trim_object(struct trim *trim, const struct object *object)
{
	const struct node *metadata = node_get(object->node, "metadata");
	const struct kind *known = find_kind(object);
	struct trimmed_object trimmed = {.namespace =
					     or_empty(node_get_text(metadata, "namespace")),
					 .name = or_empty(node_get_text(metadata, "name")),
					 .uid = or_empty(node_get_text(metadata, "uid")),
					 .line = node_line(object->node)};
	struct reference reference = {.namespace = trimmed.namespace, .name = trimmed.name};
	char *kind;
	bool owns;

	if (!*trimmed.name && known)
		complain(trim, PROBLEM_WARNING, object->node,
			 "an object without metadata.name is left out", known->kind);
	else if (known && known->namespaced && !*trimmed.namespace)
		complain(trim, PROBLEM_WARNING, object->node,
			 "an object without metadata.namespace is left out", trimmed.name);
	else if (known)
		return visit_object(trim, object, &trimmed, known->mask);
	if (known)
		return 0;
	kind = strndup(object->kind, object->kind_length);
	if (!kind)
		return -ENOMEM;
	reference.kind = kind;
	owns = is_owner(trim, &reference);
	free(kind);
	return owns ? visit_object(trim, object, &trimmed, owned) : 0;
}

int inventory_trim(const struct document *document, struct problems *problems, trimmed_fn *visit,
		   void *context)
{
	struct trim trim = {
	    .document = document, .problems = problems, .visit = visit, .context = context};
	int r = walk_all(&trim, collect_owners);

	if (r == 0 && trim.owner_count > 0)
		qsort(trim.owners, trim.owner_count, sizeof(*trim.owners), compare_references);
	if (r == 0)
		r = walk_all(&trim, trim_object);
	if (r == 0 && trim.objects == 0) {
		problem_add(problems, PROBLEM_ERROR, document_name(document),
			    "no objects that tell of a cluster");
		r = -EINVAL;
	}
	free(trim.owners);
	return r;
}
