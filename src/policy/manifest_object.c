#include "policy/manifest_object.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "policy/manifest_value.h"

#define POLICY_GROUP "networking.k8s.io"
#define POLICY_VERSION POLICY_GROUP "/v1"
#define POLICY_KIND "NetworkPolicy"
#define KIND_MAX 63
#define SHOWN_MAX 80
/* So many letters may be wrong. */
#define TYPOS_MAX 2

struct finder {
	const char *file;
	struct problems *problems;
	const struct policy_taker *taker;
};

/* What an object says it is, or the list around it; "" where neither does. */
struct said {
	const char *version;
	const char *kind;
	size_t kind_length;
};

/* ---- kinds ---- */

/* What is left of the kind in small letters without anything else; false: too long to be close. */
static bool fold_kind(const char *kind, size_t length, char ret[static KIND_MAX + 1])
{
	size_t kept = 0;

	for (size_t i = 0; i < length; i++) {
		if (!isalnum((unsigned char)kind[i]))
			continue;
		if (kept == KIND_MAX)
			return false;
		ret[kept++] = (char)tolower((unsigned char)kind[i]);
	}
	ret[kept] = '\0';
	return true;
}

static size_t least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Letters to be added, removed or changed (Levenshtein). */
static size_t typos(const char *a, const char *b)
{
	size_t row[KIND_MAX + 1], length = strlen(b);

	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			size_t above = row[j];

			row[j] =
			    least(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[length];
}

/* Is it meant to be NetworkPolicy, or a list of them? */
static bool is_close(const char *kind, size_t length)
{
	static const char *const close[] = {"networkpolicy", "networkpolicies",
					    "networkpolicylist"};
	static const char *const words[] = {"netpol", "netpols"}; /* kubectl's */
	char folded[KIND_MAX + 1];

	if (!fold_kind(kind, length, folded))
		return false;
	for (size_t i = 0; i < sizeof(close) / sizeof(close[0]); i++)
		if (typos(folded, close[i]) <= TYPOS_MAX)
			return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(folded, words[i]) == 0)
			return true;
	return false;
}

static bool kind_is(const struct said *said, const char *kind)
{
	return strlen(kind) == said->kind_length &&
	       memcmp(kind, said->kind, said->kind_length) == 0;
}

static bool kind_ends(const struct said *said, const char *end)
{
	size_t length = strlen(end);

	return said->kind_length >= length &&
	       memcmp(said->kind + said->kind_length - length, end, length) == 0;
}

static bool group_is(const struct said *said, const char *group)
{
	size_t length = strlen(group);

	return strncmp(said->version, group, length) == 0 && said->version[length] == '/';
}

/* Others' own NetworkPolicy. */
static bool is_foreign_group(const struct said *said)
{
	static const char *const groups[] = {"projectcalico.org",
					     "crd.projectcalico.org",
					     "crd.antrea.io",
					     "controlplane.antrea.io",
					     "clusterinformation.antrea.tanzu.vmware.com",
					     "security.antrea.tanzu.vmware.com"};

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (group_is(said, groups[i]))
			return true;
	return false;
}

/* Of no other kind of the API server. */
static bool is_policy_spec(const struct node *spec)
{
	return node_get(spec, "podSelector") &&
	       (node_get(spec, "policyTypes") ||
		node_kind(node_get(spec, "ingress")) == NODE_SEQUENCE ||
		node_kind(node_get(spec, "egress")) == NODE_SEQUENCE);
}

/* Kinds beside NetworkPolicy that decide who may talk to whom. */
static bool is_other_policy(const struct said *said, const struct node *spec)
{
	static const char *const kinds[] = {"AuthorizationPolicy",   "EgressFirewall",
					    "MeshTrafficPermission", "ServerAuthorization",
					    "ServiceIntentions",     "TrafficPermission"};

	if (kind_is(said, POLICY_KIND))
		return is_foreign_group(said);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kind_is(said, kinds[i]))
			return true;
	return (kind_ends(said, POLICY_KIND) || is_policy_spec(spec)) &&
	       strchr(said->version, '.') && !group_is(said, POLICY_GROUP);
}

static bool is_of_group(const struct said *said)
{
	static const char *const kinds[] = {"Ingress", "IngressClass", "IPAddress", "ServiceCIDR"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kind_is(said, kinds[i]))
			return true;
	return false;
}

/* ---- policies where none is looked for ---- */

/* In a mapping that says another kind, or none. */
static bool has_rules(const struct node *spec)
{
	return node_get(spec, "podSelector") || node_get(spec, "policyTypes") ||
	       node_kind(node_get(spec, "ingress")) == NODE_SEQUENCE ||
	       node_kind(node_get(spec, "egress")) == NODE_SEQUENCE;
}

static bool says_policy(const struct node *object)
{
	for (size_t i = 0; i < node_count(object); i++) {
		const char *kind = node_text(node_item(object, i));

		if (strcasecmp(node_key(object, i), "kind") == 0 && kind &&
		    is_close(kind, strlen(kind)))
			return true;
	}
	return false;
}

/* Depth is bounded by the document's. Without a spec and metadata it but speaks of one. */
static const struct node *find_hidden(const struct node *node)
{
	const struct node *found = NULL;

	if (node_kind(node) == NODE_MAPPING && says_policy(node) &&
	    (node_get(node, "spec") || node_get(node, "metadata")))
		return node;
	for (size_t i = 0; i < node_count(node) && !found; i++)
		found = find_hidden(node_item(node, i));
	return found;
}

/* Under a key that is meant to be items, and may be misspelt. */
static const struct node *find_in_items(const struct node *object)
{
	const struct node *found = NULL;

	for (size_t i = 0; i < node_count(object) && !found; i++)
		if (node_kind(object) == NODE_MAPPING &&
		    (strcasecmp(node_key(object, i), "items") == 0 ||
		     strcasecmp(node_key(object, i), "item") == 0))
			found = find_hidden(node_item(object, i));
	return found;
}

static const struct node *find_beside_items(const struct node *list)
{
	const struct node *found = NULL;

	for (size_t i = 0; i < node_count(list) && !found; i++)
		if (strcmp(node_key(list, i), "items") != 0)
			found = find_hidden(node_item(list, i));
	return found;
}

/* No kind is said: is it a policy all the same? */
static void check_nameless(struct finder *finder, const struct node *object)
{
	const struct said said = {.version = node_get_text(object, "apiVersion")};
	const struct node *hidden = find_hidden(object);

	if (node_kind(object) == NODE_MAPPING &&
	    (says_policy(object) || has_rules(node_get(object, "spec")) ||
	     (said.version && group_is(&said, POLICY_GROUP))))
		manifest_problem(finder->problems, PROBLEM_ERROR, finder->file, node_line(object),
				 "kind: expected " POLICY_KIND ", and there is none");
	else if (hidden)
		manifest_problem(finder->problems, PROBLEM_ERROR, finder->file, node_line(hidden),
				 "a " POLICY_KIND
				 " within something that is no Kubernetes object is not read");
}

/* ---- objects ---- */

static int shown(const struct said *said)
{
	return said->kind_length > SHOWN_MAX ? SHOWN_MAX : (int)said->kind_length;
}

static void check_other(struct finder *finder, const struct node *object, const struct said *said)
{
	const struct node *hidden;

	if (group_is(said, "kustomize.config.k8s.io")) {
		manifest_problem(
		    finder->problems, PROBLEM_WARNING, finder->file, node_line(object),
		    "%.*s is no Kubernetes object: what it makes of the others is not read",
		    shown(said), said->kind);
		return;
	}
	if (is_close(said->kind, said->kind_length) || is_policy_spec(node_get(object, "spec")) ||
	    (group_is(said, POLICY_GROUP) && !is_of_group(said))) {
		manifest_problem(finder->problems, PROBLEM_ERROR, finder->file, node_line(object),
				 "expected kind " POLICY_KIND " of apiVersion " POLICY_VERSION
				 ", not %.*s of apiVersion \"%.*s\"",
				 shown(said), said->kind, SHOWN_MAX, said->version);
		return;
	}
	hidden = find_in_items(object);
	if (hidden)
		manifest_problem(finder->problems, PROBLEM_ERROR, finder->file, node_line(hidden),
				 "a " POLICY_KIND
				 " among the items of what is no list is not read");
	else if ((hidden = find_hidden(object)))
		manifest_problem(finder->problems, PROBLEM_WARNING, finder->file, node_line(hidden),
				 "a " POLICY_KIND
				 " within %.*s is not one of the cluster: it is not read",
				 shown(said), said->kind);
}

static int find_in(struct finder *finder, const struct node *object, const struct said *around);

static void check_list(struct finder *finder, const struct node *list)
{
	static const char *const fields[] = {"apiVersion", "kind", "metadata", "items"};

	for (size_t i = 0; i < node_count(list); i++) {
		const char *key = node_key(list, i);
		bool known = false;

		for (size_t j = 0; j < sizeof(fields) / sizeof(fields[0]); j++)
			known |= strcmp(key, fields[j]) == 0;
		if (!known)
			manifest_problem(finder->problems, PROBLEM_ERROR, finder->file,
					 node_key_line(list, i), "%.*s: unknown field of a list",
					 SHOWN_MAX, key);
	}
}

static int find_in_list(struct finder *finder, const struct node *list, const struct said *said)
{
	const struct said items_say = {said->version, said->kind,
				       said->kind_length - strlen("List")};
	const struct node *items = node_get(list, "items"), *hidden = find_beside_items(list);
	int r = 0;

	if (kind_is(said, "List") || kind_is(said, POLICY_KIND "List"))
		check_list(finder, list);
	else if (hidden)
		manifest_problem(finder->problems, PROBLEM_ERROR, finder->file, node_line(hidden),
				 "a " POLICY_KIND " beside the items of a list is not read");
	if (node_kind(items) == NODE_MAPPING || node_kind(items) == NODE_SCALAR)
		manifest_problem(finder->problems, PROBLEM_ERROR, finder->file, node_line(items),
				 "items: expected a list");
	for (size_t i = 0; node_kind(items) == NODE_SEQUENCE && i < node_count(items) && r == 0;
	     i++) {
		const struct node *item = node_item(items, i);

		if (node_kind(item) == NODE_MAPPING)
			r = find_in(finder, item, &items_say);
		else
			manifest_problem(finder->problems, PROBLEM_ERROR, finder->file,
					 node_line(item),
					 "items[%zu]: expected a Kubernetes object", i);
	}
	return r;
}

/* The text, or what the list around says; false with an error if it is no text. */
static bool read_said(struct finder *finder, const struct node *object, const char *key,
		      const char **text)
{
	const struct node *value = node_get(object, key);

	if (node_kind(value) == NODE_NULL)
		return true;
	if (node_text(value) && strlen(node_text(value)) == node_text_length(value)) {
		*text = node_text(value);
		return true;
	}
	manifest_problem(finder->problems, PROBLEM_ERROR, finder->file, node_line(value),
			 "%s: expected text", key);
	return false;
}

/* A list of its own, and not an object that is called so? */
static bool is_list(const struct said *said, const struct node *object)
{
	return kind_is(said, "List") || kind_is(said, POLICY_KIND "List") ||
	       (kind_ends(said, "List") && !node_get_text(node_get(object, "metadata"), "name"));
}

static int find_in(struct finder *finder, const struct node *object, const struct said *around)
{
	struct said said = *around;
	const char *kind = NULL;

	if (!read_said(finder, object, "apiVersion", &said.version) ||
	    !read_said(finder, object, "kind", &kind))
		return 0;
	if (kind) {
		said.kind = kind;
		said.kind_length = strlen(kind);
	}
	if (said.kind_length == 0)
		check_nameless(finder, object);
	else if (is_list(&said, object))
		return find_in_list(finder, object, &said);
	else if (kind_is(&said, POLICY_KIND) && strcmp(said.version, POLICY_VERSION) == 0)
		return finder->taker->take(object, finder->taker->context);
	else if (is_other_policy(&said, node_get(object, "spec")))
		return finder->taker->take_other(object, said.version, said.kind, said.kind_length,
						 finder->taker->context);
	else
		check_other(finder, object, &said);
	return 0;
}

int manifest_find_policies(const struct document *document, struct problems *problems,
			   const struct policy_taker *taker)
{
	struct finder finder = {
	    .file = document_name(document), .problems = problems, .taker = taker};
	const struct said nothing = {"", "", 0};
	int r = 0;

	for (size_t i = 0; i < document_count(document) && r == 0; i++) {
		const struct node *root = document_root(document, i);

		if (node_kind(root) == NODE_MAPPING)
			r = find_in(&finder, root, &nothing);
		else
			check_nameless(&finder, root);
	}
	return r;
}
