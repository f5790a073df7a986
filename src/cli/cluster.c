#include "cli/cluster.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_SHOWN 300

struct heartbeat {
	char *node;
	int64_t last;
};

/* A state of an object, as a node stored it. */
struct state {
	char *node;
	char *kind;
	char *namespace;
	char *name;
	char *uid;
	char *content;
	int64_t since;
	int64_t known; /* when it was known to be so for the last time */
	bool current;
};

struct cluster {
	struct inventory *inventory;
	struct problems *problems;
	struct heartbeat *heartbeats;
	size_t heartbeat_count, heartbeat_capacity;
	struct state *states;
	size_t state_count, state_capacity;
	bool has_files;
};

struct cluster *cluster_new(struct problems *problems)
{
	struct cluster *cluster = calloc(1, sizeof(*cluster));

	if (!cluster)
		return NULL;
	cluster->problems = problems;
	cluster->inventory = inventory_new();
	return cluster->inventory ? cluster : cluster_free(cluster);
}

static void state_clear(struct state *state)
{
	free(state->node);
	free(state->kind);
	free(state->namespace);
	free(state->name);
	free(state->uid);
	free(state->content);
}

struct cluster *cluster_free(struct cluster *cluster)
{
	if (!cluster)
		return NULL;
	for (size_t i = 0; i < cluster->heartbeat_count; i++)
		free(cluster->heartbeats[i].node);
	for (size_t i = 0; i < cluster->state_count; i++)
		state_clear(&cluster->states[i]);
	free(cluster->heartbeats);
	free(cluster->states);
	inventory_free(cluster->inventory);
	free(cluster);
	return NULL;
}

static int grow(void *items, size_t item_size, size_t count, size_t *capacity)
{
	size_t wanted = *capacity ? *capacity * 2 : 16;
	void *grown;

	if (count < *capacity)
		return 0;
	grown = reallocarray(*(void **)items, wanted, item_size);
	if (!grown)
		return -ENOMEM;
	*(void **)items = grown;
	*capacity = wanted;
	return 0;
}

int cluster_node(void *context, const char *node, int64_t first, int64_t heartbeat)
{
	struct cluster *cluster = context;
	char *copy;

	(void)first;
	if (grow(&cluster->heartbeats, sizeof(*cluster->heartbeats), cluster->heartbeat_count,
		 &cluster->heartbeat_capacity) < 0)
		return -ENOMEM;
	copy = strdup(node);
	if (!copy)
		return -ENOMEM;
	cluster->heartbeats[cluster->heartbeat_count++] = (struct heartbeat){copy, heartbeat};
	return 0;
}

static int64_t heard_last(const struct cluster *cluster, const char *node)
{
	int64_t last = 0;

	for (size_t i = 0; i < cluster->heartbeat_count; i++)
		if (strcmp(cluster->heartbeats[i].node, node) == 0 &&
		    cluster->heartbeats[i].last > last)
			last = cluster->heartbeats[i].last;
	return last;
}

int cluster_object(void *context, const struct stored_object *object)
{
	struct cluster *cluster = context;
	bool current = object->until == INTERVAL_OPEN;
	struct state state = {
	    .node = strdup(object->node),
	    .kind = strdup(object->kind),
	    .namespace = strdup(object->namespace),
	    .name = strdup(object->name),
	    .uid = strdup(object->uid),
	    .content = strdup(object->content),
	    .since = object->since,
	    .known = current ? heard_last(cluster, object->node) : object->until,
	    .current = current,
	};

	if (!state.node || !state.kind || !state.namespace || !state.name || !state.uid ||
	    !state.content ||
	    grow(&cluster->states, sizeof(state), cluster->state_count, &cluster->state_capacity) <
		0) {
		state_clear(&state);
		return -ENOMEM;
	}
	cluster->states[cluster->state_count++] = state;
	return 0;
}

int cluster_pod(void *context, const struct stored_pod *pod)
{
	struct cluster *cluster = context;

	return inventory_add_pod(cluster->inventory, pod->node, &pod->pod);
}

/* ---- what was stored ---- */

/* A pod of the same name is another one; any other object goes by its name. */
static int compare_objects(const struct state *a, const struct state *b)
{
	int order = strcmp(a->kind, b->kind);

	order = order ? order : strcmp(a->namespace, b->namespace);
	order = order ? order : strcmp(a->name, b->name);
	return order || strcmp(a->kind, "Pod") != 0 ? order : strcmp(a->uid, b->uid);
}

static int compare_states(const void *left, const void *right)
{
	const struct state *a = left, *b = right;
	int order = compare_objects(a, b);

	order = order ? order : (a->known > b->known) - (a->known < b->known);
	order = order ? order : (a->since > b->since) - (a->since < b->since);
	return order ? order : strcmp(a->node, b->node);
}

static int add_state(struct cluster *cluster, const struct state *state, struct inventory_told told)
{
	char name[NAME_MAX_SHOWN], subject[NAME_MAX_SHOWN];
	struct problems ignored = {0};
	struct document *document = NULL;
	int r;

	snprintf(name, sizeof(name), "inventory of %s", state->node);
	r = document_parse(state->content, strlen(state->content), name, &ignored, &document);
	if (r == 0)
		r = inventory_add_stored(cluster->inventory, document, &told, cluster->problems);
	if (r < 0 && r != -ENOMEM) {
		snprintf(subject, sizeof(subject), "%s/%s in %s", state->kind, state->name,
			 state->namespace);
		problem_add(cluster->problems, PROBLEM_WARNING, subject,
			    "what %s stored of it cannot be read: %s", state->node,
			    ignored.count > 0 ? ignored.items[0].message : strerror(-r));
		r = 0;
	}
	document_free(document);
	problems_clear(&ignored);
	return r;
}

/* An address that was a service's or a node's may be another's by now, and what led to pods leads
 * to none. */
static bool is_true_afterwards(const char *kind)
{
	static const char *const fleeting[] = {"Service",
					       "Endpoints",
					       "Node",
					       "EndpointSlice.discovery.k8s.io",
					       "CiliumNode.cilium.io",
					       "Ingress.networking.k8s.io",
					       "TargetGroupBinding.elbv2.k8s.aws",
					       "TargetGroupBinding.eks.amazonaws.com"};

	for (size_t i = 0; i < sizeof(fleeting) / sizeof(fleeting[0]); i++)
		if (strcmp(kind, fleeting[i]) == 0)
			return false;
	return true;
}

/* What addresses came from as long as it was there. */
static bool is_range(const char *kind)
{
	static const char *const ranges[] = {
	    "ServiceCIDR.networking.k8s.io", "IPPool.projectcalico.org",
	    "IPPool.crd.projectcalico.org", "CiliumPodIPPool.cilium.io"};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (strcmp(kind, ranges[i]) == 0)
			return true;
	return false;
}

/* Is it of use beside the object's last state? */
static bool is_told_of(const struct state *state, bool last)
{
	if (strcmp(state->kind, "Pod") == 0)
		return true;
	if (is_range(state->kind))
		return last || !state->current;
	return last && (state->current || is_true_afterwards(state->kind));
}

static int add_states(struct cluster *cluster)
{
	int r = 0;

	if (cluster->state_count > 0)
		qsort(cluster->states, cluster->state_count, sizeof(*cluster->states),
		      compare_states);
	for (size_t i = 0; i < cluster->state_count && r == 0; i++) {
		const struct state *state = &cluster->states[i];
		bool last = i + 1 == cluster->state_count || compare_objects(state, state + 1) != 0;
		struct inventory_told told = {
		    .source = state->current ? INVENTORY_STORED : INVENTORY_GONE,
		    .since = state->since,
		    .until = state->known,
		    .first = i == 0 || compare_objects(state - 1, state) != 0};

		if (!is_told_of(state, last))
			continue;
		if (strcmp(state->kind, "Pod") == 0 && !last)
			told.source = INVENTORY_PAST;
		r = add_state(cluster, state, told);
	}
	for (size_t i = 0; i < cluster->state_count; i++)
		state_clear(&cluster->states[i]);
	cluster->state_count = 0;
	return r;
}

int cluster_file(struct cluster *cluster, const char *path)
{
	struct document *document = NULL;
	size_t before;
	int r = add_states(cluster);

	cluster->has_files = true;
	before = inventory_size(cluster->inventory);
	if (r == 0)
		r = document_read(path, cluster->problems, &document);
	if (r == 0)
		r = inventory_add(cluster->inventory, document, cluster->problems);
	if (r == 0 && inventory_size(cluster->inventory) == before)
		problem_add(cluster->problems, PROBLEM_WARNING,
			    strcmp(path, "-") == 0 ? "standard input" : path,
			    "no pod, namespace, service or node is in it");
	document_free(document);
	return r;
}

int cluster_finish(struct cluster *cluster, struct inventory **ret)
{
	int r = add_states(cluster);

	if (r == 0)
		r = inventory_finish(cluster->inventory, cluster->problems);
	if (r < 0)
		return r;
	*ret = NULL;
	if (cluster->has_files || inventory_size(cluster->inventory) > 0) {
		*ret = cluster->inventory;
		cluster->inventory = NULL;
	}
	return 0;
}
