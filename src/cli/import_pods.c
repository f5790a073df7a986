#include "cli/import_pods.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/import_index.h"
#include "cli/shape.h"

/* Of one address so many are looked through. */
#define TURNS_LOOKED_AT 256u

/* An address, and whose it was last. */
struct held {
	struct addr address;
	uint32_t turns; /* the last added first */
	uint32_t pod;   /* who had it latest */
	int64_t last;
	int64_t last_of_others; /* the latest moment of all other pods; 0: none had it */
};

/* An address was seen as a pod's in this time. */
struct turn {
	struct addr address;
	uint32_t held; /* of the address */
	uint32_t pod;
	uint32_t home; /* where it was seen as the node's own pod; 0: nowhere */
	uint32_t next_of_pod, next_of_address; /* 0: no more */
	int64_t first, last;
};

/* A pod on a node that told of it as its own. */
struct home {
	uint32_t pod, node;
	uint32_t next_of_pod;
};

struct seen_pod {
	char *namespace;
	char *name;
	char *owner_kind;
	char *owner_name;
	struct labels labels;
	bool labelled;
	bool host_network;
	unsigned recorders; /* bits */
	uint32_t node;      /* who told of it first */
	uint32_t turns, homes;
	int64_t first, last;
};

struct seen_pods {
	struct seen_pod *pods; /* from 1 on, as the next three */
	struct held *held;
	struct turn *turns;
	struct home *homes;
	size_t pod_room, held_room, turn_room, home_room;
	uint32_t pod_count, held_count, turn_count, home_count;
	struct index by_name, by_address;
	uint64_t left_out;
};

struct seen_pods *seen_pods_new(void)
{
	struct seen_pods *pods = calloc(1, sizeof(*pods));

	if (pods)
		pods->by_name.seed = pods->by_address.seed = hash_seed_random();
	return pods;
}

struct seen_pods *seen_pods_free(struct seen_pods *pods)
{
	if (!pods)
		return NULL;
	for (uint32_t i = 1; i <= pods->pod_count; i++) {
		free(pods->pods[i].namespace);
		free(pods->pods[i].name);
		free(pods->pods[i].owner_kind);
		free(pods->pods[i].owner_name);
		labels_clear(&pods->pods[i].labels);
	}
	free(pods->pods);
	free(pods->held);
	free(pods->turns);
	free(pods->homes);
	index_clear(&pods->by_name);
	index_clear(&pods->by_address);
	free(pods);
	return NULL;
}

uint64_t seen_pods_left_out(const struct seen_pods *pods)
{
	return pods->left_out;
}

uint32_t seen_pods_homes(const struct seen_pods *pods)
{
	return pods->home_count;
}

uint32_t seen_pods_home_node(const struct seen_pods *pods, uint32_t home)
{
	return pods->homes[home].node;
}

/* ---- pods ---- */

static uint64_t name_hash(const struct seen_pods *pods, const char *namespace, const char *name)
{
	return hash_bytes(pods->by_name.seed, namespace, strlen(namespace)) * 31 +
	       hash_bytes(pods->by_name.seed, name, strlen(name));
}

static uint32_t find_pod(const struct seen_pods *pods, uint64_t hash,
			 const struct sighting_end *end)
{
	uint32_t i = index_first(&pods->by_name, hash);

	while (i && (strcmp(pods->pods[i].namespace, end->namespace) != 0 ||
		     strcmp(pods->pods[i].name, end->name) != 0))
		i = index_next(&pods->by_name, i);
	return i;
}

/* 0 in *ret: no room. */
static int need_pod(struct seen_pods *pods, uint32_t node, const struct sighting_end *end,
		    int64_t time, uint32_t *ret)
{
	uint64_t hash = name_hash(pods, end->namespace, end->name);
	struct seen_pod fresh = {.node = node, .first = time, .last = time};

	*ret = find_pod(pods, hash, end);
	if (*ret)
		return 0;
	if (pods->pod_count == SEEN_PODS_MAX) {
		pods->left_out++;
		return 0;
	}
	if (array_grow(&pods->pods, sizeof(*pods->pods), pods->pod_count + 1u, &pods->pod_room) < 0)
		return -ENOMEM;
	fresh.namespace = strdup(end->namespace);
	fresh.name = strdup(end->name);
	pods->pods[++pods->pod_count] = fresh;
	if (!fresh.namespace || !fresh.name || index_put(&pods->by_name, hash, pods->pod_count) < 0)
		return -ENOMEM;
	*ret = pods->pod_count;
	return 0;
}

static int replace_text(char **text, const char *value)
{
	char *copy;

	if (*text && strcmp(*text, value) == 0)
		return 0;
	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	free(*text);
	*text = copy;
	return 0;
}

static int replace_labels(struct seen_pod *pod, const struct labels *labels)
{
	struct labels copy = {0};

	if (pod->labelled && labels_equal(&pod->labels, labels))
		return 0;
	if (labels_copy(labels, &copy) < 0)
		return -ENOMEM;
	labels_clear(&pod->labels);
	pod->labels = copy;
	pod->labelled = true;
	return 0;
}

static int learn(struct seen_pod *pod, enum recorder recorder, const struct sighting_end *end,
		 int64_t time)
{
	bool latest = time >= pod->last;
	int r = 0;

	pod->recorders |= 1u << recorder;
	pod->host_network = pod->host_network || end->node;
	if (end->labelled && (latest || !pod->labelled))
		r = replace_labels(pod, &end->labels);
	if (r == 0 && *end->owner_kind && *end->owner_name && (latest || !pod->owner_kind)) {
		r = replace_text(&pod->owner_kind, end->owner_kind);
		r = r ? r : replace_text(&pod->owner_name, end->owner_name);
	}
	pod->first = time < pod->first ? time : pod->first;
	pod->last = time > pod->last ? time : pod->last;
	return r;
}

/* 0 in *ret: no room. */
static int need_home(struct seen_pods *pods, uint32_t pod, uint32_t node, uint32_t *ret)
{
	uint32_t *first = &pods->pods[pod].homes;

	for (*ret = *first; *ret; *ret = pods->homes[*ret].next_of_pod)
		if (pods->homes[*ret].node == node)
			return 0;
	if (pods->home_count == SEEN_PODS_MAX) {
		pods->left_out++;
		return 0;
	}
	if (array_grow(&pods->homes, sizeof(*pods->homes), pods->home_count + 1u,
		       &pods->home_room) < 0)
		return -ENOMEM;
	pods->homes[++pods->home_count] =
	    (struct home){.pod = pod, .node = node, .next_of_pod = *first};
	*first = *ret = pods->home_count;
	return 0;
}

/* ---- turns ---- */

/* Had another pod the address between the turn and the moment? */
static bool is_between(const struct turn *other, const struct turn *turn, int64_t time)
{
	if (other->pod == turn->pod)
		return false;
	return time > turn->last ? other->last > turn->last && other->first <= time
				 : other->first < turn->first && other->last >= time;
}

static bool can_reach(const struct seen_pods *pods, const struct turn *turn, int64_t time)
{
	unsigned looked = 0;

	if (time >= turn->first && time <= turn->last)
		return true;
	for (uint32_t i = pods->held[turn->held].turns; i && looked++ < TURNS_LOOKED_AT;
	     i = pods->turns[i].next_of_address)
		if (is_between(&pods->turns[i], turn, time))
			return false;
	return true;
}

/* The pod's turn that the moment belongs to; 0: a new one. */
static uint32_t find_turn(const struct seen_pods *pods, uint32_t held, uint32_t pod, int64_t time)
{
	unsigned looked = 0;

	for (uint32_t i = pods->held[held].turns; i && looked++ < TURNS_LOOKED_AT;
	     i = pods->turns[i].next_of_address)
		if (pods->turns[i].pod == pod && can_reach(pods, &pods->turns[i], time))
			return i;
	return 0;
}

static int add_turn(struct seen_pods *pods, uint32_t held, uint32_t pod, int64_t time,
		    uint32_t *ret)
{
	*ret = 0;
	if (pods->turn_count == SEEN_TURNS_MAX) {
		pods->left_out++;
		return 0;
	}
	if (array_grow(&pods->turns, sizeof(*pods->turns), pods->turn_count + 1u,
		       &pods->turn_room) < 0)
		return -ENOMEM;
	pods->turns[++pods->turn_count] = (struct turn){.address = pods->held[held].address,
							.held = held,
							.pod = pod,
							.next_of_pod = pods->pods[pod].turns,
							.next_of_address = pods->held[held].turns,
							.first = time,
							.last = time};
	pods->pods[pod].turns = pods->held[held].turns = *ret = pods->turn_count;
	return 0;
}

/* 0 in *ret: no room for a turn of it. */
static int need_held(struct seen_pods *pods, struct addr address, uint32_t *ret)
{
	uint64_t hash = hash_bytes(pods->by_address.seed, &address, sizeof(address));

	*ret = index_first(&pods->by_address, hash);
	while (*ret && !addr_equal(pods->held[*ret].address, address))
		*ret = index_next(&pods->by_address, *ret);
	if (*ret)
		return 0;
	if (pods->turn_count == SEEN_TURNS_MAX) {
		pods->left_out++;
		return 0;
	}
	if (array_grow(&pods->held, sizeof(*pods->held), pods->held_count + 1u, &pods->held_room) <
	    0)
		return -ENOMEM;
	pods->held[++pods->held_count] = (struct held){.address = address};
	*ret = pods->held_count;
	return index_put(&pods->by_address, hash, *ret);
}

static void hold(struct held *held, uint32_t pod, int64_t time)
{
	if (held->pod != pod && time <= held->last) {
		if (time > held->last_of_others)
			held->last_of_others = time;
		return;
	}
	if (held->pod != pod)
		held->last_of_others = held->last;
	held->pod = pod;
	held->last = time > held->last ? time : held->last;
}

static int take_address(struct seen_pods *pods, struct addr address, uint32_t pod, uint32_t home,
			int64_t time)
{
	uint32_t held = 0, number;
	struct turn *turn;
	int r = need_held(pods, address, &held);

	if (r < 0 || !held)
		return r;
	number = find_turn(pods, held, pod, time);
	r = number ? 0 : add_turn(pods, held, pod, time, &number);
	if (r < 0 || !number)
		return r;
	turn = &pods->turns[number];
	turn->first = time < turn->first ? time : turn->first;
	turn->last = time > turn->last ? time : turn->last;
	if (!turn->home)
		turn->home = home;
	hold(&pods->held[held], pod, time);
	return 0;
}

int seen_pods_take(struct seen_pods *pods, uint32_t node, enum recorder recorder,
		   const struct sighting_end *end, int64_t time, uint32_t *ret_home)
{
	uint32_t pod = 0, home = 0;
	int r;

	*ret_home = 0;
	if (!*end->name)
		return 0;
	r = need_pod(pods, node, end, time, &pod);
	if (r < 0 || !pod)
		return r;
	r = learn(&pods->pods[pod], recorder, end, time);
	if (r == 0 && end->here)
		r = need_home(pods, pod, node, &home);
	if (r < 0 || end->node)
		return r;
	*ret_home = home;
	return take_address(pods, end->address, pod, home, time);
}

/* ---- what is told of them ---- */

static const char *source_of(const struct seen_pod *pod)
{
	static const char *const sources[] = {"", "hubble", "inspektor-gadget",
					      "hubble,inspektor-gadget"};

	return sources[pod->recorders & 3];
}

static size_t count_turns(const struct seen_pods *pods, const struct seen_pod *pod)
{
	size_t count = 0;

	for (uint32_t i = pod->turns; i; i = pods->turns[i].next_of_pod)
		count++;
	return count;
}

/* Was the address another pod's later? */
static bool is_over(const struct seen_pods *pods, const struct turn *turn)
{
	const struct held *held = &pods->held[turn->held];

	return (held->pod == turn->pod ? held->last_of_others : held->last) > turn->last;
}

int seen_pods_describe(const struct seen_pods *pods, uint32_t home, bool ended, struct pod *ret)
{
	const struct seen_pod *seen = &pods->pods[pods->homes[home].pod];
	struct pod pod = {.namespace = seen->namespace,
			  .name = seen->name,
			  .source = (char *)(uintptr_t)source_of(seen),
			  .labelled = seen->labelled,
			  .labels = seen->labels,
			  .host_network = seen->host_network,
			  .created = seen->host_network ? seen->first * NSEC_PER_MSEC : 0,
			  .ended = INTERVAL_OPEN};
	int r;

	pod.addresses = calloc(count_turns(pods, seen) + 1, sizeof(*pod.addresses));
	if (!pod.addresses)
		return -ENOMEM;
	for (uint32_t i = seen->turns; i; i = pods->turns[i].next_of_pod) {
		const struct turn *turn = &pods->turns[i];

		if (turn->home != home)
			continue;
		pod.addresses[pod.address_count++] = (struct pod_address){
		    .address = turn->address,
		    .since = turn->first * NSEC_PER_MSEC,
		    .until = ended && is_over(pods, turn) ? (turn->last + 1) * NSEC_PER_MSEC
							  : INTERVAL_OPEN};
	}
	r = pod_copy(&pod, ret);
	free(pod.addresses);
	return r;
}

/* One state of a pod's object: the addresses that it had at once. */
struct state {
	const struct turn *turns[2];
	size_t turn_count;
	int64_t since, until;
};

static json_t *state_metadata(const struct seen_pod *pod)
{
	json_t *metadata = json_pack("{s:s, s:s}", "name", pod->name, "namespace", pod->namespace);
	int r = metadata ? 0 : -ENOMEM;

	if (r == 0 && pod->labelled)
		r = shape_set(metadata, "labels", shape_labels(&pod->labels));
	if (r == 0 && pod->owner_kind)
		r = shape_set(metadata, "ownerReferences",
			      json_pack("[{s:b, s:s, s:s}]", "controller", 1, "kind",
					pod->owner_kind, "name", pod->owner_name));
	if (r == 0)
		return metadata;
	json_decref(metadata);
	return NULL;
}

static json_t *state_addresses(const struct state *state)
{
	json_t *addresses = json_array();

	for (size_t i = 0; i < state->turn_count; i++)
		if (shape_append(addresses, json_pack("{s:o}", "ip",
						      shape_address(state->turns[i]->address))) <
		    0) {
			json_decref(addresses);
			return NULL;
		}
	return addresses;
}

static char *state_content(const struct seen_pod *pod, const char *node, const struct state *state)
{
	json_t *spec = json_pack("{s:s*, s:o*}", "nodeName", node, "hostNetwork",
				 pod->host_network ? json_true() : NULL);
	json_t *tree =
	    json_pack("{s:s, s:s, s:o, s:o, s:{s:o, s:o}}", "apiVersion", "v1", "kind", "Pod",
		      "metadata", state_metadata(pod), "spec", spec, "status", "podIPs",
		      state_addresses(state), "startTime", shape_time(state->since));
	char *content = tree ? json_dumps(tree, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	json_decref(tree);
	return content;
}

struct telling {
	const struct seen_pods *pods;
	node_name_fn *name_of_node;
	seen_object_fn *visit;
	void *context;
};

static int tell_state(const struct telling *telling, const struct seen_pod *pod,
		      const struct state *state)
{
	bool one_home = pod->homes && !telling->pods->homes[pod->homes].next_of_pod;
	const char *node = one_home ? telling->name_of_node(telling->context,
							    telling->pods->homes[pod->homes].node)
				    : NULL;
	struct batch_object object = {.kind = strdup("Pod"),
				      .namespace = strdup(pod->namespace),
				      .name = strdup(pod->name),
				      .uid = strdup(""),
				      .content = state_content(pod, node, state),
				      .since = state->since,
				      .until = state->until};

	if (object.kind && object.namespace && object.name && object.uid && object.content)
		return telling->visit(telling->context, pod->node, &object);
	free(object.kind);
	free(object.namespace);
	free(object.name);
	free(object.uid);
	free(object.content);
	return -ENOMEM;
}

static int compare_turns(const void *left, const void *right)
{
	const struct turn *a = *(const struct turn *const *)left;
	const struct turn *b = *(const struct turn *const *)right;

	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return addr_compare(a->address, b->address);
}

/* The moments of a state; the last one goes on, unless its address is another's by then. */
static void settle(const struct seen_pods *pods, struct state *state, bool last)
{
	bool open = last;

	state->since = state->turns[0]->first;
	state->until = state->since;
	for (size_t i = 0; i < state->turn_count; i++) {
		if (state->turns[i]->last >= state->until)
			state->until = state->turns[i]->last + 1;
		open = open && !is_over(pods, state->turns[i]);
	}
	if (open)
		state->until = INTERVAL_OPEN;
}

/* Those of two families at one time are one state. */
static bool is_beside(const struct state *state, const struct turn *turn)
{
	return state->turn_count == 1 && turn->first <= state->turns[0]->last &&
	       turn->address.family != state->turns[0]->address.family;
}

static int tell_turns(const struct telling *telling, const struct seen_pod *pod,
		      const struct turn **turns, size_t count)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count;) {
		struct state state = {.turns = {turns[i]}, .turn_count = 1};

		i++;
		if (i < count && is_beside(&state, turns[i]))
			state.turns[state.turn_count++] = turns[i++];
		settle(telling->pods, &state, i == count);
		r = tell_state(telling, pod, &state);
	}
	return r;
}

/* Turns that no node told of as its own pod's; of the others pod rows tell. */
static int tell_pod(const struct telling *telling, const struct seen_pod *pod)
{
	const struct turn **turns = calloc(count_turns(telling->pods, pod) + 1, sizeof(*turns));
	struct state bare = {.since = pod->first, .until = INTERVAL_OPEN};
	size_t count = 0;
	int r = 0;

	if (!turns)
		return -ENOMEM;
	for (uint32_t i = pod->turns; i; i = telling->pods->turns[i].next_of_pod)
		if (!telling->pods->turns[i].home)
			turns[count++] = &telling->pods->turns[i];
	qsort(turns, count, sizeof(*turns), compare_turns);
	if (count > 0)
		r = tell_turns(telling, pod, turns, count);
	else if (pod->owner_kind)
		r = tell_state(telling, pod, &bare);
	free(turns);
	return r;
}

int seen_pods_objects(const struct seen_pods *pods, node_name_fn *name_of_node,
		      seen_object_fn *visit, void *context)
{
	struct telling telling = {pods, name_of_node, visit, context};
	int r = 0;

	for (uint32_t i = 1; r == 0 && i <= pods->pod_count; i++)
		r = tell_pod(&telling, &pods->pods[i]);
	return r;
}
