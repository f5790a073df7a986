/* The published types, one table each, and what their parts say together. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "tests/unit/policy/published_internal.h"

#define FIELDS (const struct field[])
#define VALUES (const char *const[])

static const struct type any_text = {.shape = SHAPE_TEXT};
static const struct type boolean = {.shape = SHAPE_BOOLEAN};
static const struct type dns_label = {.shape = SHAPE_TEXT, .text = text_dns_label};
static const struct type dns_subdomain = {.shape = SHAPE_TEXT, .text = text_dns_subdomain};
static const struct type label_key = {.shape = SHAPE_TEXT, .text = text_label_key};
static const struct type label_value = {.shape = SHAPE_TEXT, .text = text_label_value};
static const struct type cidr = {.shape = SHAPE_TEXT, .text = text_cidr};
static const struct type cidrs = {.shape = SHAPE_LIST, .item = &cidr};
static const struct type port_number = {.shape = SHAPE_INTEGER, .least = 1, .most = 65535};
static const struct type protocol = {.shape = SHAPE_TEXT,
				     .values = VALUES{"TCP", "UDP", "SCTP", NULL}};

/* meta/v1: ObjectMeta, LabelSelector. */

#define ANNOTATIONS_MAX (256 << 10)

static void whole_annotations(struct published *published, const struct place *place,
			      const struct node *map)
{
	size_t size = 0;

	for (size_t i = 0; i < node_count(map); i++)
		size += strlen(node_key(map, i)) + node_text_length(node_item(map, i));
	if (size > ANNOTATIONS_MAX)
		published_wrong(published, place, map, "has %zu bytes of at most %d", size,
				ANNOTATIONS_MAX);
}

static const struct type labels = {.shape = SHAPE_MAP, .item = &label_value, .key = text_label_key};
static const struct type annotations = {
    .shape = SHAPE_MAP, .item = &any_text, .key = text_label_key, .whole = whole_annotations};

static const struct type namespaced_meta = {.shape = SHAPE_OBJECT,
					    .fields =
						FIELDS{{"name", &dns_subdomain, REQUIRED},
						       {"namespace", &dns_label, REQUIRED},
						       {"labels", &labels, OPTIONAL},
						       {"annotations", &annotations, OPTIONAL},
						       {.name = NULL}}};
static const struct type cluster_meta = {.shape = SHAPE_OBJECT,
					 .fields = FIELDS{{"name", &dns_subdomain, REQUIRED},
							  {"labels", &labels, OPTIONAL},
							  {"annotations", &annotations, OPTIONAL},
							  {.name = NULL}}};

static void whole_expression(struct published *published, const struct place *place,
			     const struct node *node)
{
	const char *relation = node_get_text(node, "operator");
	size_t values = node_count(node_get(node, "values"));
	bool lists = relation && strstr(relation, "In");

	if (relation && lists != (values > 0))
		published_wrong(published, place, node, "operator %s has %zu values", relation,
				values);
}

static const struct type label_values = {.shape = SHAPE_LIST, .item = &label_value};
static const struct type relation = {
    .shape = SHAPE_TEXT, .values = VALUES{"In", "NotIn", "Exists", "DoesNotExist", NULL}};
static const struct type expression = {.shape = SHAPE_OBJECT,
				       .fields = FIELDS{{"key", &label_key, REQUIRED},
							{"operator", &relation, REQUIRED},
							{"values", &label_values, OPTIONAL},
							{.name = NULL}},
				       .whole = whole_expression};
static const struct type expressions = {.shape = SHAPE_LIST, .item = &expression};
static const struct type selector = {.shape = SHAPE_OBJECT,
				     .fields = FIELDS{{"matchLabels", &labels, OPTIONAL},
						      {"matchExpressions", &expressions, OPTIONAL},
						      {.name = NULL}}};

/* networking.k8s.io/v1, and what is made of it. */

static void whole_port(struct published *published, const struct place *place,
		       const struct node *node)
{
	const struct node *end = node_get(node, "endPort");
	int64_t first, last;

	if (!end)
		return;
	if (!node_integer(node_get(node, "port"), &first))
		published_wrong(published, place, node, "endPort without a number in port");
	else if (node_integer(end, &last) && last < first)
		published_wrong(published, place, end, "endPort is less than port");
}

static void whole_block(struct published *published, const struct place *place,
			const struct node *node)
{
	const struct node *excepts = node_get(node, "except");
	const char *text = node_get_text(node, "cidr");
	struct prefix block, except;

	if (!text || prefix_parse(text, &block) < 0)
		return;
	for (size_t i = 0; i < node_count(excepts); i++) {
		text = node_text(node_item(excepts, i));
		if (text && prefix_parse(text, &except) == 0 &&
		    (!prefix_contains(block, except.addr) || except.length <= block.length))
			published_wrong(published, place, excepts, "except %s is not inside", text);
	}
}

static void whole_peer(struct published *published, const struct place *place,
		       const struct node *node)
{
	if (node_get(node, "ipBlock") && node_count(node) > 1)
		published_wrong(published, place, node, "ipBlock and a selector");
}

static const struct type np_port = {
    .shape = SHAPE_INTEGER, .least = 1, .most = 65535, .port_name = true};
static const struct type np_port_of = {.shape = SHAPE_OBJECT,
				       .fields = FIELDS{{"protocol", &protocol, OPTIONAL},
							{"port", &np_port, OPTIONAL},
							{"endPort", &port_number, OPTIONAL},
							{.name = NULL}},
				       .whole = whole_port};
static const struct type np_ports = {.shape = SHAPE_LIST, .item = &np_port_of};
/* Kubescape's has an integer there. */
static const struct type ks_port_of = {.shape = SHAPE_OBJECT,
				       .fields = FIELDS{{"protocol", &protocol, OPTIONAL},
							{"port", &port_number, OPTIONAL},
							{"endPort", &port_number, OPTIONAL},
							{.name = NULL}},
				       .whole = whole_port};
static const struct type ks_ports_of = {.shape = SHAPE_LIST, .item = &ks_port_of};
static const struct type ip_block = {
    .shape = SHAPE_OBJECT,
    .fields = FIELDS{{"cidr", &cidr, REQUIRED}, {"except", &cidrs, OPTIONAL}, {.name = NULL}},
    .whole = whole_block};
static const struct type np_peer = {.shape = SHAPE_OBJECT,
				    .fields = FIELDS{{"podSelector", &selector, OPTIONAL},
						     {"namespaceSelector", &selector, OPTIONAL},
						     {"ipBlock", &ip_block, OPTIONAL},
						     {.name = NULL}},
				    .least = 1,
				    .whole = whole_peer};
static const struct type np_peers = {.shape = SHAPE_LIST, .item = &np_peer};
static const struct type np_type = {.shape = SHAPE_TEXT,
				    .values = VALUES{"Ingress", "Egress", NULL}};
static const struct type np_types = {.shape = SHAPE_LIST, .item = &np_type, .most = 2, .set = true};

static const struct type np_ingress_rule = {
    .shape = SHAPE_OBJECT,
    .fields =
	FIELDS{{"from", &np_peers, OPTIONAL}, {"ports", &np_ports, OPTIONAL}, {.name = NULL}}};
static const struct type np_ingress = {.shape = SHAPE_LIST, .item = &np_ingress_rule};
static const struct type np_egress_rule = {
    .shape = SHAPE_OBJECT,
    .fields = FIELDS{{"to", &np_peers, OPTIONAL}, {"ports", &np_ports, OPTIONAL}, {.name = NULL}}};
static const struct type np_egress = {.shape = SHAPE_LIST, .item = &np_egress_rule};
static const struct type ks_ingress_rule = {
    .shape = SHAPE_OBJECT,
    .fields =
	FIELDS{{"from", &np_peers, OPTIONAL}, {"ports", &ks_ports_of, OPTIONAL}, {.name = NULL}}};
static const struct type ks_ingress = {.shape = SHAPE_LIST, .item = &ks_ingress_rule};
static const struct type ks_egress_rule = {
    .shape = SHAPE_OBJECT,
    .fields =
	FIELDS{{"to", &np_peers, OPTIONAL}, {"ports", &ks_ports_of, OPTIONAL}, {.name = NULL}}};
static const struct type ks_egress = {.shape = SHAPE_LIST, .item = &ks_egress_rule};

static const struct type np_spec = {.shape = SHAPE_OBJECT,
				    .fields = FIELDS{{"podSelector", &selector, REQUIRED},
						     {"policyTypes", &np_types, OPTIONAL},
						     {"ingress", &np_ingress, OPTIONAL},
						     {"egress", &np_egress, OPTIONAL},
						     {.name = NULL}}};
static const struct type ks_np_spec = {.shape = SHAPE_OBJECT,
				       .fields = FIELDS{{"podSelector", &selector, REQUIRED},
							{"policyTypes", &np_types, OPTIONAL},
							{"ingress", &ks_ingress, OPTIONAL},
							{"egress", &ks_egress, OPTIONAL},
							{.name = NULL}}};

static const struct type network_policy = {.shape = SHAPE_OBJECT,
					   .fields =
					       FIELDS{{"apiVersion", &any_text, REQUIRED},
						      {"kind", &any_text, REQUIRED},
						      {"metadata", &namespaced_meta, REQUIRED},
						      {"spec", &np_spec, REQUIRED},
						      {.name = NULL}}};

/* projectcalico.org/v3. */

static const struct type staged_action = {
    .shape = SHAPE_TEXT, .values = VALUES{"Set", "Delete", "Learn", "Ignore", NULL}};
static const struct type staged_spec = {.shape = SHAPE_OBJECT,
					.fields = FIELDS{{"stagedAction", &staged_action, OPTIONAL},
							 {"podSelector", &selector, REQUIRED},
							 {"policyTypes", &np_types, OPTIONAL},
							 {"ingress", &np_ingress, OPTIONAL},
							 {"egress", &np_egress, OPTIONAL},
							 {.name = NULL}}};
static const struct type staged_policy = {.shape = SHAPE_OBJECT,
					  .fields = FIELDS{{"apiVersion", &any_text, REQUIRED},
							   {"kind", &any_text, REQUIRED},
							   {"metadata", &namespaced_meta, REQUIRED},
							   {"spec", &staged_spec, REQUIRED},
							   {.name = NULL}}};

/* spdx.softwarecomposition.kubescape.io/v1beta1. */

/* Lists that are patched by a member have no two items of one value of it. */
static void whole_by(struct published *published, const struct place *place,
		     const struct node *list, const char *member)
{
	for (size_t i = 0; i < node_count(list); i++)
		for (size_t j = 0; j < i; j++) {
			const char *a = node_get_text(node_item(list, i), member);
			const char *b = node_get_text(node_item(list, j), member);

			if (a && b && strcmp(a, b) == 0)
				published_wrong(published, place, node_item(list, i),
						"%s \"%s\" is there twice", member, a);
		}
}

static void whole_by_name(struct published *published, const struct place *place,
			  const struct node *list)
{
	whole_by(published, place, list, "name");
}

static void whole_by_identifier(struct published *published, const struct place *place,
				const struct node *list)
{
	whole_by(published, place, list, "identifier");
}

static void whole_ks_port(struct published *published, const struct place *place,
			  const struct node *node)
{
	const char *its_protocol = node_get_text(node, "protocol");
	const char *number = node_get_text(node, "port"), *name = node_get_text(node, "name");
	char expected[32];

	snprintf(expected, sizeof(expected), "%s-%s", its_protocol ? its_protocol : "",
		 number ? number : "");
	if (name && strcmp(name, expected) != 0)
		published_wrong(published, place, node, "name \"%s\" is not \"%s\"", name,
				expected);
}

/* One that names nobody is everybody to the generator. */
static void whole_neighbor(struct published *published, const struct place *place,
			   const struct node *node)
{
	const char *address = node_get_text(node, "ipAddress");

	if (node_kind(node_get(node, "podSelector")) == NODE_NULL &&
	    node_kind(node_get(node, "namespaceSelector")) == NODE_NULL &&
	    (!address || !*address) && node_count(node_get(node, "ipAddresses")) == 0)
		published_wrong(published, place, node, "names no peer");
}

/* An address or a CIDR. */
static const char *text_ip_or_cidr(const char *text)
{
	return strchr(text, '/') ? text_cidr(text) : text_address_or_nothing(text);
}

static const struct type not_empty = {.shape = SHAPE_TEXT, .text = text_not_empty};
static const struct type texts = {.shape = SHAPE_LIST, .item = &any_text};
static const struct type ip_address = {.shape = SHAPE_TEXT, .text = text_address_or_nothing};
static const struct type ip_or_cidr = {.shape = SHAPE_TEXT, .text = text_ip_or_cidr};
static const struct type ip_addresses = {.shape = SHAPE_LIST, .item = &ip_or_cidr, .set = true};
static const struct type communication = {.shape = SHAPE_TEXT,
					  .values = VALUES{"internal", "external", NULL}};
static const struct type ks_port = {.shape = SHAPE_OBJECT,
				    .fields = FIELDS{{"name", &not_empty, REQUIRED},
						     {"protocol", &protocol, REQUIRED},
						     {"port", &port_number, NULLABLE},
						     {.name = NULL}},
				    .whole = whole_ks_port};
static const struct type ks_ports = {.shape = SHAPE_LIST, .item = &ks_port, .whole = whole_by_name};
static const struct type neighbor = {.shape = SHAPE_OBJECT,
				     .fields = FIELDS{{"identifier", &not_empty, REQUIRED},
						      {"type", &communication, REQUIRED},
						      {"dns", &any_text, REQUIRED},
						      {"dnsNames", &texts, NULLABLE},
						      {"ports", &ks_ports, NULLABLE},
						      {"podSelector", &selector, NULLABLE},
						      {"namespaceSelector", &selector, NULLABLE},
						      {"ipAddress", &ip_address, REQUIRED},
						      {"ipAddresses", &ip_addresses, OPTIONAL},
						      {.name = NULL}},
				     .whole = whole_neighbor};
static const struct type neighbors = {
    .shape = SHAPE_LIST, .item = &neighbor, .whole = whole_by_identifier};
static const struct type ks_container = {.shape = SHAPE_OBJECT,
					 .fields = FIELDS{{"name", &dns_label, REQUIRED},
							  {"ingress", &neighbors, NULLABLE},
							  {"egress", &neighbors, NULLABLE},
							  {.name = NULL}}};
static const struct type ks_containers = {
    .shape = SHAPE_LIST, .item = &ks_container, .whole = whole_by_name};
static const struct type neighborhood_spec = {
    .shape = SHAPE_OBJECT,
    .fields = FIELDS{{"matchLabels", &labels, OPTIONAL},
		     {"matchExpressions", &expressions, OPTIONAL},
		     {"containers", &ks_containers, NULLABLE},
		     {"initContainers", &ks_containers, NULLABLE},
		     {"ephemeralContainers", &ks_containers, NULLABLE},
		     {.name = NULL}}};
static const struct type neighborhood = {.shape = SHAPE_OBJECT,
					 .fields = FIELDS{{"apiVersion", &any_text, REQUIRED},
							  {"kind", &any_text, REQUIRED},
							  {"metadata", &namespaced_meta, REQUIRED},
							  {"spec", &neighborhood_spec, REQUIRED},
							  {.name = NULL}}};

static void whole_inner_policy(struct published *published, const struct place *place,
			       const struct node *node)
{
	const char *api_version = node_get_text(node, "apiVersion");
	const char *kind = node_get_text(node, "kind");

	if (!api_version || strcmp(api_version, "networking.k8s.io/v1") != 0 || !kind ||
	    strcmp(kind, "NetworkPolicy") != 0)
		published_wrong(published, place, node, "is no NetworkPolicy");
}

static const struct type inner_policy = {.shape = SHAPE_OBJECT,
					 .fields = FIELDS{{"apiVersion", &any_text, REQUIRED},
							  {"kind", &any_text, REQUIRED},
							  {"metadata", &namespaced_meta, REQUIRED},
							  {"spec", &ks_np_spec, REQUIRED},
							  {.name = NULL}},
					 .whole = whole_inner_policy};
static const struct type policy_ref = {.shape = SHAPE_OBJECT,
				       .fields = FIELDS{{"ipBlock", &cidr, REQUIRED},
							{"originalIP", &ip_address, REQUIRED},
							{"dns", &any_text, REQUIRED},
							{"name", &any_text, REQUIRED},
							{"server", &any_text, REQUIRED},
							{.name = NULL}}};
static const struct type policy_refs = {.shape = SHAPE_LIST, .item = &policy_ref};
static const struct type generated_policy = {.shape = SHAPE_OBJECT,
					     .fields =
						 FIELDS{{"apiVersion", &any_text, REQUIRED},
							{"kind", &any_text, REQUIRED},
							{"metadata", &namespaced_meta, REQUIRED},
							{"spec", &inner_policy, REQUIRED},
							{"policyRef", &policy_refs, OPTIONAL},
							{.name = NULL}}};

/* cilium.io/v2. */

#define CILIUM_PORTS_MAX 40

static bool is_l3(const char *member)
{
	return strcmp(member, "toPorts") != 0 &&
	       (strncmp(member, "to", 2) == 0 || strncmp(member, "from", 4) == 0);
}

/* An empty list of peers matches nobody, and none matches everybody. */
static void whole_cilium_rule(struct published *published, const struct place *place,
			      const struct node *node)
{
	size_t peers = 0;

	for (size_t i = 0; i < node_count(node); i++)
		if (is_l3(node_key(node, i)))
			peers += node_count(node_item(node, i)) > 0;
	if (peers > 1)
		published_wrong(published, place, node, "combines %zu kinds of peers", peers);
	if (peers == 0 && node_get(node, "toPorts"))
		published_wrong(published, place, node, "has ports and no peers");
}

static void whole_cilium_port(struct published *published, const struct place *place,
			      const struct node *node)
{
	const struct node *end = node_get(node, "endPort");
	const char *port = node_get_text(node, "port");
	int64_t last;

	if (end && port && node_integer(end, &last) && last < strtol(port, NULL, 10))
		published_wrong(published, place, end, "endPort is less than port");
}

/* What Cilium says of a rule without any: it is not valid, and then it isolates nothing. */
static void whole_cilium_spec(struct published *published, const struct place *place,
			      const struct node *node)
{
	if (node_count(node_get(node, "ingress")) + node_count(node_get(node, "egress")) == 0)
		published_wrong(published, place, node, "has neither ingress nor egress");
}

static const struct type cilium_labels = {
    .shape = SHAPE_MAP, .item = &label_value, .key = text_cilium_key};
static const struct type cilium_key = {.shape = SHAPE_TEXT, .text = text_cilium_key};
static const struct type cilium_expression = {.shape = SHAPE_OBJECT,
					      .fields = FIELDS{{"key", &cilium_key, REQUIRED},
							       {"operator", &relation, REQUIRED},
							       {"values", &label_values, OPTIONAL},
							       {.name = NULL}},
					      .whole = whole_expression};
static const struct type cilium_expressions = {.shape = SHAPE_LIST, .item = &cilium_expression};
static const struct type endpoint = {.shape = SHAPE_OBJECT,
				     .fields =
					 FIELDS{{"matchLabels", &cilium_labels, OPTIONAL},
						{"matchExpressions", &cilium_expressions, OPTIONAL},
						{.name = NULL}}};
static const struct type endpoints = {.shape = SHAPE_LIST, .item = &endpoint};
static const struct type entity = {.shape = SHAPE_TEXT,
				   .values =
				       VALUES{"all", "world", "world-ipv4", "world-ipv6", "cluster",
					      "host", "init", "ingress", "unmanaged", "remote-node",
					      "health", "none", "kube-apiserver", NULL}};
static const struct type entities = {.shape = SHAPE_LIST, .item = &entity, .set = true};
static const struct type cidr_rules = {.shape = SHAPE_LIST, .item = &ip_block};
static const struct type fqdn_name = {.shape = SHAPE_TEXT, .text = text_domain_name};
static const struct type fqdn = {
    .shape = SHAPE_OBJECT, .fields = FIELDS{{"matchName", &fqdn_name, REQUIRED}, {.name = NULL}}};
static const struct type fqdns = {.shape = SHAPE_LIST, .item = &fqdn};
static const struct type cilium_port_number = {.shape = SHAPE_TEXT, .text = text_port_number};
static const struct type cilium_protocol = {
    .shape = SHAPE_TEXT, .values = VALUES{"TCP", "UDP", "SCTP", "ICMP", "ICMPv6", "ANY", NULL}};
static const struct type cilium_port = {.shape = SHAPE_OBJECT,
					.fields = FIELDS{{"port", &cilium_port_number, REQUIRED},
							 {"endPort", &port_number, OPTIONAL},
							 {"protocol", &cilium_protocol, OPTIONAL},
							 {.name = NULL}},
					.whole = whole_cilium_port};
static const struct type cilium_ports = {
    .shape = SHAPE_LIST, .item = &cilium_port, .least = 1, .most = CILIUM_PORTS_MAX};
static const struct type port_rule = {
    .shape = SHAPE_OBJECT, .fields = FIELDS{{"ports", &cilium_ports, REQUIRED}, {.name = NULL}}};
static const struct type port_rules = {.shape = SHAPE_LIST, .item = &port_rule, .least = 1};
static const struct type cilium_ingress_rule = {.shape = SHAPE_OBJECT,
						.fields =
						    FIELDS{{"fromEndpoints", &endpoints, OPTIONAL},
							   {"fromEntities", &entities, OPTIONAL},
							   {"fromCIDR", &cidrs, OPTIONAL},
							   {"fromCIDRSet", &cidr_rules, OPTIONAL},
							   {"toPorts", &port_rules, OPTIONAL},
							   {.name = NULL}},
						.whole = whole_cilium_rule};
static const struct type cilium_egress_rule = {.shape = SHAPE_OBJECT,
					       .fields =
						   FIELDS{{"toEndpoints", &endpoints, OPTIONAL},
							  {"toEntities", &entities, OPTIONAL},
							  {"toCIDR", &cidrs, OPTIONAL},
							  {"toCIDRSet", &cidr_rules, OPTIONAL},
							  {"toFQDNs", &fqdns, OPTIONAL},
							  {"toPorts", &port_rules, OPTIONAL},
							  {.name = NULL}},
					       .whole = whole_cilium_rule};
static const struct type cilium_ingress = {.shape = SHAPE_LIST, .item = &cilium_ingress_rule};
static const struct type cilium_egress = {.shape = SHAPE_LIST, .item = &cilium_egress_rule};
static const struct type default_deny = {
    .shape = SHAPE_OBJECT,
    .fields =
	FIELDS{{"ingress", &boolean, OPTIONAL}, {"egress", &boolean, OPTIONAL}, {.name = NULL}},
    .least = 1};
static const struct type cilium_spec = {.shape = SHAPE_OBJECT,
					.fields =
					    FIELDS{{"endpointSelector", &endpoint, REQUIRED},
						   {"enableDefaultDeny", &default_deny, OPTIONAL},
						   {"ingress", &cilium_ingress, OPTIONAL},
						   {"egress", &cilium_egress, OPTIONAL},
						   {"description", &any_text, OPTIONAL},
						   {.name = NULL}},
					.whole = whole_cilium_spec};
static const struct type cilium_policy = {.shape = SHAPE_OBJECT,
					  .fields = FIELDS{{"apiVersion", &any_text, REQUIRED},
							   {"kind", &any_text, REQUIRED},
							   {"metadata", &namespaced_meta, REQUIRED},
							   {"spec", &cilium_spec, REQUIRED},
							   {.name = NULL}}};

/* policy.networking.k8s.io/v1alpha2 and v1beta1: the same fields in both. */

#define CLUSTER_ITEMS_MAX 25

static void whole_range(struct published *published, const struct place *place,
			const struct node *node)
{
	int64_t first, last;

	if (node_integer(node_get(node, "start"), &first) &&
	    node_integer(node_get(node, "end"), &last) && first >= last)
		published_wrong(published, place, node, "start is not less than end");
}

static const struct type tier = {.shape = SHAPE_TEXT, .values = VALUES{"Admin", "Baseline", NULL}};
static const struct type priority = {.shape = SHAPE_INTEGER, .least = 0, .most = 1000};
static const struct type action = {.shape = SHAPE_TEXT,
				   .values = VALUES{"Accept", "Deny", "Pass", NULL}};
static const struct type rule_name = {.shape = SHAPE_TEXT, .most = 100};
static const struct type networks = {
    .shape = SHAPE_LIST, .item = &cidr, .least = 1, .most = CLUSTER_ITEMS_MAX, .set = true};
static const struct type pods = {.shape = SHAPE_OBJECT,
				 .fields = FIELDS{{"namespaceSelector", &selector, OPTIONAL},
						  {"podSelector", &selector, REQUIRED},
						  {.name = NULL}}};
static const struct type subject = {
    .shape = SHAPE_OBJECT,
    .fields =
	FIELDS{{"namespaces", &selector, OPTIONAL}, {"pods", &pods, OPTIONAL}, {.name = NULL}},
    .least = 1,
    .most = 1};
static const struct type egress_peer = {.shape = SHAPE_OBJECT,
					.fields = FIELDS{{"namespaces", &selector, OPTIONAL},
							 {"pods", &pods, OPTIONAL},
							 {"networks", &networks, OPTIONAL},
							 {.name = NULL}},
					.least = 1,
					.most = 1};
static const struct type ingress_peers = {
    .shape = SHAPE_LIST, .item = &subject, .least = 1, .most = CLUSTER_ITEMS_MAX};
static const struct type egress_peers = {
    .shape = SHAPE_LIST, .item = &egress_peer, .least = 1, .most = CLUSTER_ITEMS_MAX};
static const struct type port_range = {
    .shape = SHAPE_OBJECT,
    .fields =
	FIELDS{{"start", &port_number, REQUIRED}, {"end", &port_number, REQUIRED}, {.name = NULL}},
    .whole = whole_range};
static const struct type destination_port = {.shape = SHAPE_OBJECT,
					     .fields = FIELDS{{"number", &port_number, OPTIONAL},
							      {"range", &port_range, OPTIONAL},
							      {.name = NULL}},
					     .least = 1,
					     .most = 1};
static const struct type transport = {
    .shape = SHAPE_OBJECT,
    .fields = FIELDS{{"destinationPort", &destination_port, OPTIONAL}, {.name = NULL}},
    .least = 1};
static const struct type cluster_protocol = {.shape = SHAPE_OBJECT,
					     .fields = FIELDS{{"tcp", &transport, OPTIONAL},
							      {"udp", &transport, OPTIONAL},
							      {"sctp", &transport, OPTIONAL},
							      {.name = NULL}},
					     .least = 1,
					     .most = 1};
static const struct type cluster_protocols = {
    .shape = SHAPE_LIST, .item = &cluster_protocol, .least = 1, .most = CLUSTER_ITEMS_MAX};
static const struct type cluster_ingress_rule = {
    .shape = SHAPE_OBJECT,
    .fields = FIELDS{{"name", &rule_name, OPTIONAL},
		     {"action", &action, REQUIRED},
		     {"from", &ingress_peers, REQUIRED},
		     {"protocols", &cluster_protocols, OPTIONAL},
		     {.name = NULL}}};
static const struct type cluster_egress_rule = {
    .shape = SHAPE_OBJECT,
    .fields = FIELDS{{"name", &rule_name, OPTIONAL},
		     {"action", &action, REQUIRED},
		     {"to", &egress_peers, REQUIRED},
		     {"protocols", &cluster_protocols, OPTIONAL},
		     {.name = NULL}}};
static const struct type cluster_ingress = {
    .shape = SHAPE_LIST, .item = &cluster_ingress_rule, .most = CLUSTER_ITEMS_MAX};
static const struct type cluster_egress = {
    .shape = SHAPE_LIST, .item = &cluster_egress_rule, .most = CLUSTER_ITEMS_MAX};
static const struct type cluster_spec = {.shape = SHAPE_OBJECT,
					 .fields = FIELDS{{"tier", &tier, REQUIRED},
							  {"priority", &priority, REQUIRED},
							  {"subject", &subject, REQUIRED},
							  {"ingress", &cluster_ingress, OPTIONAL},
							  {"egress", &cluster_egress, OPTIONAL},
							  {.name = NULL}}};
static const struct type cluster_policy = {.shape = SHAPE_OBJECT,
					   .fields = FIELDS{{"apiVersion", &any_text, REQUIRED},
							    {"kind", &any_text, REQUIRED},
							    {"metadata", &cluster_meta, REQUIRED},
							    {"spec", &cluster_spec, REQUIRED},
							    {.name = NULL}}};

/* kustomize.config.k8s.io/v1beta1. */

static const struct type resources = {.shape = SHAPE_LIST, .item = &not_empty, .set = true};
static const struct type list_meta = {
    .shape = SHAPE_OBJECT,
    .fields = FIELDS{{"annotations", &annotations, OPTIONAL}, {.name = NULL}}};
static const struct type kustomization = {.shape = SHAPE_OBJECT,
					  .fields = FIELDS{{"apiVersion", &any_text, REQUIRED},
							   {"kind", &any_text, REQUIRED},
							   {"metadata", &list_meta, OPTIONAL},
							   {"resources", &resources, REQUIRED},
							   {.name = NULL}}};

#define KUBESCAPE "spdx.softwarecomposition.kubescape.io/v1beta1"

const struct published_kind published_kinds[] = {
    {"networking.k8s.io/v1", "NetworkPolicy", &network_policy},
    {KUBESCAPE, "NetworkNeighborhood", &neighborhood},
    {KUBESCAPE, "GeneratedNetworkPolicy", &generated_policy},
    {"cilium.io/v2", "CiliumNetworkPolicy", &cilium_policy},
    {"projectcalico.org/v3", "StagedKubernetesNetworkPolicy", &staged_policy},
    {"policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", &cluster_policy},
    {"policy.networking.k8s.io/v1beta1", "ClusterNetworkPolicy", &cluster_policy},
    {"kustomize.config.k8s.io/v1beta1", "Kustomization", &kustomization},
    {.api_version = NULL}};
