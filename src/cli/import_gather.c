#include "cli/import_gather.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/import_index.h"
#include "cli/import_pods.h"

#define WINDOW_MSEC (60 * MSEC_PER_SEC)
#define ATTEMPT_MSEC (130 * MSEC_PER_SEC)
#define TRANSLATION_MSEC (10 * MSEC_PER_SEC)
#define BATCH_FLOWS 1024u
#define BATCH_OBJECTS 256u
#define BATCH_PODS 1024u
#define PENDING_MAX 65536u /* flows in all batches */
#define ALIKE_MAX 64u      /* connections of one client's port that are followed at once */
#define OWN_ADDRESSES_MAX 64u
/* Pods' numbers are the store's; those of evidence lines are smaller. */
#define NUMBER_FIRST (UINT32_C(1) << 31)
#define LOST_EARLY "Inspektor Gadget lost events: it did not keep up"

struct recorded_node {
	char *name;
	int64_t first, last; /* 0: nothing yet */
	int64_t latest_line; /* time of the last line, for where a gap begins */
	int64_t gone_since;  /* 0: it is not */
	int64_t lost_early;  /* before anything was told of it */
	int64_t evicted;     /* connections that were forgotten too soon */
	int64_t evicted_first, evicted_last;
	char *files[RECORDERS]; /* where each was read first; NULL: none */
	bool health;
	struct addr own[OWN_ADDRESSES_MAX];
	size_t own_count;
	struct batch *batch;
	size_t flow_room, gap_room, pod_room, object_room;
};

struct connection {
	uint32_t node;
	uint32_t newer, older; /* by when anything was seen of it last */
	uint32_t client_home, server_home;
	struct addr client, server, service, translated;
	uint16_t client_port, server_port, service_port;
	uint16_t signs;
	uint8_t protocol;
	bool has_port;
	bool to_service; /* server is the address of a service */
	bool guessed;    /* which end asked */
	bool used;
	int64_t first, last;
};

struct gathering {
	struct store *store;
	struct seen_pods *pods;
	bool *told; /* homes that the store knows; by home */
	size_t told_room, told_count;
	struct recorded_node *nodes;
	size_t node_room;
	uint32_t node_count, node_last; /* the last one asked for */
	struct connection *connections; /* from 1 on */
	size_t connection_room;
	uint32_t connection_count, connection_max;
	uint32_t free; /* one that is not used, or 0 */
	struct index by_client;
	struct index by_name; /* nodes, each by its number and 1 */
	uint32_t newest, oldest;
	int64_t now; /* the latest moment of all */
	size_t pending;
};

struct gathering *gathering_new(struct store *store, uint32_t max_connections)
{
	struct gathering *gathering = calloc(1, sizeof(*gathering));

	if (!gathering)
		return NULL;
	gathering->store = store;
	gathering->connection_max = max_connections;
	gathering->by_client.seed = gathering->by_name.seed = hash_seed_random();
	gathering->pods = seen_pods_new();
	return gathering->pods ? gathering : gathering_free(gathering);
}

struct gathering *gathering_free(struct gathering *gathering)
{
	if (!gathering)
		return NULL;
	for (uint32_t i = 0; i < gathering->node_count; i++) {
		struct recorded_node *node = &gathering->nodes[i];

		free(node->name);
		for (size_t j = 0; j < RECORDERS; j++)
			free(node->files[j]);
		batch_free(node->batch);
	}
	free(gathering->nodes);
	free(gathering->connections);
	free(gathering->told);
	index_clear(&gathering->by_client);
	index_clear(&gathering->by_name);
	seen_pods_free(gathering->pods);
	free(gathering);
	return NULL;
}

const char *gathering_node(const struct gathering *gathering, uint32_t node)
{
	return node < gathering->node_count ? gathering->nodes[node].name : NULL;
}

/* ---- nodes ---- */

static int add_node(struct gathering *gathering, uint64_t hash, const char *name, uint32_t *ret)
{
	struct recorded_node fresh = {.name = strdup(name)};

	if (gathering->node_count == GATHER_NODES_MAX || !fresh.name ||
	    array_grow(&gathering->nodes, sizeof(fresh), gathering->node_count,
		       &gathering->node_room) < 0) {
		free(fresh.name);
		return gathering->node_count == GATHER_NODES_MAX ? -E2BIG : -ENOMEM;
	}
	gathering->nodes[gathering->node_count] = fresh;
	*ret = gathering->node_count++;
	return index_put(&gathering->by_name, hash, gathering->node_count);
}

static int need_node(struct gathering *gathering, const char *name, uint32_t *ret)
{
	uint64_t hash;

	*ret = gathering->node_last;
	if (*ret < gathering->node_count && strcmp(gathering->nodes[*ret].name, name) == 0)
		return 0;
	hash = hash_bytes(gathering->by_name.seed, name, strlen(name));
	for (uint32_t i = index_first(&gathering->by_name, hash); i;
	     i = index_next(&gathering->by_name, i)) {
		*ret = i - 1;
		if (strcmp(gathering->nodes[*ret].name, name) == 0)
			return 0;
	}
	return add_node(gathering, hash, name, ret);
}

static void hear_of(struct gathering *gathering, struct recorded_node *node, int64_t time)
{
	if (!node->first || time < node->first)
		node->first = time;
	if (time > node->last)
		node->last = time;
	if (time > gathering->now)
		gathering->now = time;
	node->latest_line = time;
}

static int remember_file(struct recorded_node *node, enum recorder recorder, const char *file)
{
	if (!node->files[recorder])
		node->files[recorder] = strdup(file);
	return node->files[recorder] ? 0 : -ENOMEM;
}

static void take_own_address(struct recorded_node *node, struct addr address)
{
	if (addr_is_loopback(address) || addr_is_link_local(address) || !addr_is_set(address))
		return;
	for (size_t i = 0; i < node->own_count; i++)
		if (addr_equal(node->own[i], address))
			return;
	if (node->own_count < OWN_ADDRESSES_MAX)
		node->own[node->own_count++] = address;
}

/* ---- batches ---- */

static int need_batch(struct recorded_node *node)
{
	if (!node->batch)
		node->batch = calloc(1, sizeof(*node->batch));
	return node->batch ? 0 : -ENOMEM;
}

static int write_batch(struct gathering *gathering, struct recorded_node *node, int64_t time)
{
	int r;

	if (!node->batch)
		return 0;
	node->batch->time = time;
	gathering->pending -= node->batch->flow_count;
	r = store_use_node(gathering->store, node->name);
	if (r == 0)
		r = store_write(gathering->store, node->batch);
	node->batch = batch_free(node->batch);
	node->flow_room = node->gap_room = node->pod_room = node->object_room = 0;
	return r;
}

static int write_all(struct gathering *gathering)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < gathering->node_count; i++)
		r = write_batch(gathering, &gathering->nodes[i], gathering->nodes[i].last);
	return r;
}

static int add_gap(struct recorded_node *node, enum loss_source source, int64_t from, int64_t until,
		   int64_t at_most, const char *reason)
{
	struct batch *batch;

	if (need_batch(node) < 0 || array_grow(&node->batch->gaps, sizeof(*node->batch->gaps),
					       node->batch->gap_count, &node->gap_room) < 0)
		return -ENOMEM;
	batch = node->batch;
	batch->gaps[batch->gap_count++] =
	    (struct gap){source, from < until ? from : until, until, at_most, reason};
	return 0;
}

static int add_pod(struct gathering *gathering, struct recorded_node *node, uint32_t home,
		   bool ended)
{
	struct batch *batch;
	int r;

	if (need_batch(node) < 0 || array_grow(&node->batch->pods, sizeof(*node->batch->pods),
					       node->batch->pod_count, &node->pod_room) < 0)
		return -ENOMEM;
	batch = node->batch;
	r = seen_pods_describe(gathering->pods, home, ended, &batch->pods[batch->pod_count].pod);
	if (r == 0)
		batch->pods[batch->pod_count++].number = NUMBER_FIRST + home;
	return r;
}

/* The store must know a pod before a flow names it. */
static int need_told(struct gathering *gathering, uint32_t home)
{
	uint32_t node;

	if (!home)
		return 0;
	while (gathering->told_count <= home) {
		if (array_grow(&gathering->told, sizeof(*gathering->told), gathering->told_count,
			       &gathering->told_room) < 0)
			return -ENOMEM;
		gathering->told[gathering->told_count++] = false;
	}
	if (gathering->told[home])
		return 0;
	gathering->told[home] = true;
	node = seen_pods_home_node(gathering->pods, home);
	return add_pod(gathering, &gathering->nodes[node], home, false);
}

static int add_flow(struct gathering *gathering, struct recorded_node *node,
		    const struct flow *flow)
{
	struct batch *batch;

	if (need_batch(node) < 0 || array_grow(&node->batch->flows, sizeof(*node->batch->flows),
					       node->batch->flow_count, &node->flow_room) < 0)
		return -ENOMEM;
	batch = node->batch;
	batch->flows[batch->flow_count++] = *flow;
	if (++gathering->pending >= PENDING_MAX)
		return write_all(gathering);
	return batch->flow_count < BATCH_FLOWS ? 0 : write_batch(gathering, node, node->last);
}

/* ---- connections as edges ---- */

static bool needs_answer(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_SCTP || protocol == IPPROTO_ICMP ||
	       protocol == IPPROTO_ICMPV6;
}

static enum verdict verdict_of(const struct connection *connection)
{
	unsigned signs = connection->signs;

	if (signs & SIGN_ANSWERED)
		return VERDICT_ANSWERED;
	if (signs & SIGN_REFUSED)
		return VERDICT_REFUSED;
	if (signs & SIGN_DENIED)
		return VERDICT_DENIED;
	if (!(signs & SIGN_PASSED))
		return VERDICT_UNKNOWN;
	return needs_answer(connection->protocol) ? VERDICT_UNANSWERED : VERDICT_ONE_WAY;
}

static struct edge_key key_of(const struct connection *connection)
{
	struct edge_key key;

	memset(&key, 0, sizeof(key));
	key.source = connection->client;
	key.destination = connection->server;
	key.translated = connection->translated;
	key.service = connection->service;
	key.service_port = connection->service_port;
	key.source_pod = connection->client_home ? NUMBER_FIRST + connection->client_home : 0;
	key.destination_pod = connection->server_home ? NUMBER_FIRST + connection->server_home : 0;
	key.has_port = connection->has_port;
	key.port = connection->has_port ? connection->server_port : 0;
	key.protocol = connection->protocol;
	key.verdict = (uint8_t)verdict_of(connection);
	key.direction_uncertain = connection->guessed || (connection->protocol == IPPROTO_TCP &&
							  !(connection->signs & SIGN_BEGUN));
	return key;
}

static int tell_connection(struct gathering *gathering, const struct connection *connection)
{
	struct flow flow = {.key = key_of(connection),
			    .window = connection->first - connection->first % WINDOW_MSEC,
			    .length = WINDOW_MSEC,
			    .first_seen = connection->first,
			    .last_seen = connection->last};
	int r = need_told(gathering, connection->client_home);

	flow.totals.connections = 1;
	if (flow.key.verdict != VERDICT_DENIED && (connection->signs & SIGN_CLOSED)) {
		flow.totals.closed = 1;
		flow.totals.reset = (connection->signs & SIGN_RESET) != 0;
	}
	r = r ? r : need_told(gathering, connection->server_home);
	return r ? r : add_flow(gathering, &gathering->nodes[connection->node], &flow);
}

/* ---- following them ---- */

static uint64_t client_hash(const struct gathering *gathering, uint8_t protocol, struct addr client,
			    uint16_t port)
{
	struct {
		struct addr client;
		uint8_t protocol;
		uint8_t port[2];
	} key = {client, protocol, {(uint8_t)(port >> 8), (uint8_t)port}};

	return hash_bytes(gathering->by_client.seed, &key, sizeof(key));
}

static bool is_client(const struct connection *connection, uint8_t protocol, struct addr client,
		      uint16_t port)
{
	return connection->protocol == protocol && connection->client_port == port &&
	       addr_equal(connection->client, client);
}

static void unlink_age(struct gathering *gathering, uint32_t number)
{
	const struct connection *connection = &gathering->connections[number];

	if (connection->newer)
		gathering->connections[connection->newer].older = connection->older;
	else
		gathering->newest = connection->older;
	if (connection->older)
		gathering->connections[connection->older].newer = connection->newer;
	else
		gathering->oldest = connection->newer;
}

static void link_newest(struct gathering *gathering, uint32_t number)
{
	struct connection *connection = &gathering->connections[number];

	connection->older = gathering->newest;
	connection->newer = 0;
	if (gathering->newest)
		gathering->connections[gathering->newest].newer = number;
	else
		gathering->oldest = number;
	gathering->newest = number;
}

static void forget(struct gathering *gathering, uint32_t number)
{
	unlink_age(gathering, number);
	index_remove(&gathering->by_client, number);
	gathering->connections[number] = (struct connection){.newer = gathering->free};
	gathering->free = number;
}

/* Were both seen at about one time? */
static bool are_together(const struct connection *a, const struct connection *b)
{
	return a->first <= b->last + TRANSLATION_MSEC && b->first <= a->last + TRANSLATION_MSEC;
}

/* The same connection behind the service's address; this node's record of it rather than another's.
 */
static struct connection *find_translated(const struct gathering *gathering, uint32_t number)
{
	const struct connection *asked = &gathering->connections[number];
	struct connection *found = NULL;
	uint64_t hash = client_hash(gathering, asked->protocol, asked->client, asked->client_port);

	if (!asked->client_port)
		return NULL;
	for (uint32_t i = index_first(&gathering->by_client, hash); i;
	     i = index_next(&gathering->by_client, i)) {
		struct connection *other = &gathering->connections[i];

		if (other->to_service || addr_is_set(other->service) ||
		    !is_client(other, asked->protocol, asked->client, asked->client_port) ||
		    !are_together(asked, other))
			continue;
		if (!found || other->node == asked->node)
			found = other;
	}
	return found;
}

static void merge_into(struct connection *kept, const struct connection *asked)
{
	kept->service = asked->server;
	kept->service_port = asked->server_port;
	kept->signs |= asked->signs;
	kept->guessed = kept->guessed && asked->guessed;
	kept->first = asked->first < kept->first ? asked->first : kept->first;
	kept->last = asked->last > kept->last ? asked->last : kept->last;
	if (!kept->client_home)
		kept->client_home = asked->client_home;
}

/* Tells of the connection and forgets it. */
static int settle(struct gathering *gathering, uint32_t number)
{
	struct connection connection = gathering->connections[number];
	struct connection *behind =
	    connection.to_service ? find_translated(gathering, number) : NULL;

	forget(gathering, number);
	if (behind && behind->node == connection.node) {
		merge_into(behind, &connection);
		return 0;
	}
	if (behind) {
		connection.service = connection.server;
		connection.service_port = connection.server_port;
		connection.server = behind->server;
		connection.server_port = behind->server_port;
	}
	return tell_connection(gathering, &connection);
}

static void count_evicted(struct gathering *gathering, const struct connection *connection)
{
	struct recorded_node *node = &gathering->nodes[connection->node];

	if ((connection->signs & SIGN_CLOSED) || connection->last + ATTEMPT_MSEC < gathering->now)
		return;
	if (!node->evicted || connection->first < node->evicted_first)
		node->evicted_first = connection->first;
	if (connection->last > node->evicted_last)
		node->evicted_last = connection->last;
	node->evicted++;
}

static int evict(struct gathering *gathering, uint32_t number)
{
	count_evicted(gathering, &gathering->connections[number]);
	return settle(gathering, number);
}

static int need_room(struct gathering *gathering)
{
	if (gathering->free)
		return 0;
	if (gathering->connection_count == gathering->connection_max)
		return evict(gathering, gathering->oldest);
	if (array_grow(&gathering->connections, sizeof(*gathering->connections),
		       gathering->connection_count + 1u, &gathering->connection_room) < 0)
		return -ENOMEM;
	gathering->free = ++gathering->connection_count;
	gathering->connections[gathering->free] = (struct connection){0};
	return 0;
}

/* Of one client's port only so many are followed. */
static int bound_alike(struct gathering *gathering, uint64_t hash)
{
	uint32_t last = 0;
	unsigned count = 0;

	for (uint32_t i = index_first(&gathering->by_client, hash); i;
	     i = index_next(&gathering->by_client, i)) {
		last = i;
		count++;
	}
	return count >= ALIKE_MAX ? evict(gathering, last) : 0;
}

static int add_connection(struct gathering *gathering, const struct connection *fresh,
			  uint32_t *ret)
{
	uint64_t hash = client_hash(gathering, fresh->protocol, fresh->client, fresh->client_port);
	int r = bound_alike(gathering, hash);

	r = r ? r : need_room(gathering);
	if (r < 0)
		return r;
	*ret = gathering->free;
	gathering->free = gathering->connections[*ret].newer;
	gathering->connections[*ret] = *fresh;
	link_newest(gathering, *ret);
	return index_put(&gathering->by_client, hash, *ret);
}

static uint32_t find_connection(const struct gathering *gathering, const struct connection *wanted)
{
	uint64_t hash =
	    client_hash(gathering, wanted->protocol, wanted->client, wanted->client_port);

	for (uint32_t i = index_first(&gathering->by_client, hash); i;
	     i = index_next(&gathering->by_client, i)) {
		const struct connection *other = &gathering->connections[i];

		if (other->node == wanted->node && other->server_port == wanted->server_port &&
		    addr_equal(other->server, wanted->server) &&
		    is_client(other, wanted->protocol, wanted->client, wanted->client_port))
			return i;
	}
	return 0;
}

static void exchange(struct connection *connection)
{
	struct connection old = *connection;

	connection->client = old.server;
	connection->client_port = old.server_port;
	connection->client_home = old.server_home;
	connection->server = old.client;
	connection->server_port = old.client_port;
	connection->server_home = old.client_home;
}

/* The connection that the sighting belongs to, turned as that is; 0: a new one. */
static int find_either_way(struct gathering *gathering, struct connection *seen, uint32_t *ret)
{
	struct connection turned = *seen;
	uint32_t found = find_connection(gathering, seen);
	int r = 0;

	*ret = found;
	if (found)
		return 0;
	exchange(&turned);
	found = find_connection(gathering, &turned);
	if (!found) {
		if (seen->guessed && seen->client_port < seen->server_port)
			*seen = turned;
		return 0;
	}
	if (seen->guessed) {
		*seen = turned;
		*ret = found;
	} else if (gathering->connections[found].guessed) {
		struct connection known = gathering->connections[found];

		forget(gathering, found);
		exchange(&known);
		known.guessed = false;
		r = add_connection(gathering, &known, ret);
	}
	return r;
}

static bool begins_anew(const struct connection *known, const struct connection *seen)
{
	if (!(seen->signs & SIGN_BEGUN) || seen->last <= known->last)
		return false;
	return (known->signs & (SIGN_CLOSED | SIGN_REFUSED)) ||
	       seen->last > known->last + ATTEMPT_MSEC;
}

static void merge(struct connection *known, const struct connection *seen)
{
	known->signs |= seen->signs;
	known->guessed = known->guessed && seen->guessed;
	known->to_service = known->to_service || seen->to_service;
	known->first = seen->first < known->first ? seen->first : known->first;
	known->last = seen->last > known->last ? seen->last : known->last;
	if (!addr_is_set(known->translated))
		known->translated = seen->translated;
	if (!known->client_home)
		known->client_home = seen->client_home;
	if (!known->server_home)
		known->server_home = seen->server_home;
}

static int follow(struct gathering *gathering, struct connection *seen)
{
	uint32_t number = 0;
	int r = find_either_way(gathering, seen, &number);

	if (r == 0 && number && begins_anew(&gathering->connections[number], seen)) {
		r = settle(gathering, number);
		number = 0;
	}
	if (r < 0)
		return r;
	if (!number)
		return add_connection(gathering, seen, &number);
	merge(&gathering->connections[number], seen);
	unlink_age(gathering, number);
	link_newest(gathering, number);
	return 0;
}

/* ---- sightings ---- */

static int take_connection(struct gathering *gathering, uint32_t number,
			   const struct sighting *sighting)
{
	struct recorded_node *node = &gathering->nodes[number];
	struct connection seen = {
	    .node = number,
	    .client = sighting->from.address,
	    .client_port = sighting->from.port,
	    .server = sighting->to.address,
	    .server_port = sighting->to.port,
	    .translated = sighting->translated,
	    .signs = (uint16_t)sighting->signs,
	    .protocol = sighting->protocol,
	    .has_port = sighting->has_port,
	    .to_service = sighting->to_service,
	    .guessed = sighting->either_way,
	    .used = true,
	    .first = sighting->time,
	    .last = sighting->time,
	};
	int r;

	if (sighting->from.node)
		take_own_address(node, sighting->from.address);
	if (sighting->to.node)
		take_own_address(node, sighting->to.address);
	r = seen_pods_take(gathering->pods, number, sighting->recorder, &sighting->from,
			   sighting->time, &seen.client_home);
	if (r == 0)
		r = seen_pods_take(gathering->pods, number, sighting->recorder, &sighting->to,
				   sighting->time, &seen.server_home);
	return r ? r : follow(gathering, &seen);
}

static int take_loss(struct recorded_node *node, const struct sighting *sighting)
{
	int64_t from = node->latest_line ? node->latest_line : sighting->time;
	int64_t until = sighting->time ? sighting->time : node->latest_line;

	return add_gap(node, LOSS_CONNTRACK, from, until, sighting->lost, sighting->reason);
}

/* -1: no bound is known of one of them. */
static int64_t add_losses(int64_t a, int64_t b)
{
	if (a < 0 || b < 0)
		return -1;
	return a > INT64_MAX - b ? INT64_MAX : a + b;
}

static int end_absence(struct recorded_node *node, int64_t time)
{
	int64_t from = node->gone_since;

	if (!from || time < from)
		return 0;
	node->gone_since = 0;
	return add_gap(node, LOSS_DAEMON, from, time, -1, "Hubble's relay could not ask the node");
}

static int take_nodes(struct gathering *gathering, const struct sighting *sighting)
{
	const json_t *name;
	size_t i;

	json_array_foreach(sighting->nodes, i, name)
	{
		const char *text = sighting_node_name(json_string_value(name));
		struct recorded_node *node;
		uint32_t number = 0;
		int r = *text ? need_node(gathering, text, &number) : 0;

		if (r < 0)
			return r;
		if (!*text)
			continue;
		node = &gathering->nodes[number];
		hear_of(gathering, node, sighting->time);
		r = remember_file(node, sighting->recorder, "relay");
		if (r == 0 && !sighting->gone)
			r = end_absence(node, sighting->time);
		else if (r == 0 && !node->gone_since)
			node->gone_since = sighting->time;
		if (r < 0)
			return r;
	}
	return 0;
}

static int take_of_node(struct gathering *gathering, const struct sighting *sighting,
			const char *file)
{
	struct recorded_node *node;
	uint32_t number = 0;
	int r = need_node(gathering, sighting->node, &number);

	if (r < 0)
		return r;
	gathering->node_last = number;
	node = &gathering->nodes[number];
	r = remember_file(node, sighting->recorder, file);
	if (sighting->kind == SIGHTING_LOSS && !sighting->time && !node->first) {
		node->lost_early = add_losses(node->lost_early, sighting->lost);
		return r;
	}
	node->health = node->health || sighting->health;
	if (r == 0)
		r = end_absence(node, sighting->time);
	if (r == 0 && sighting->kind == SIGHTING_LOSS)
		r = take_loss(node, sighting);
	else if (r == 0 && sighting->kind == SIGHTING_CONNECTION)
		r = take_connection(gathering, number, sighting);
	if (sighting->time)
		hear_of(gathering, &gathering->nodes[number], sighting->time);
	return r;
}

int gathering_take(struct gathering *gathering, const struct sighting *sighting, const char *file)
{
	if (sighting->kind == SIGHTING_NODES)
		return take_nodes(gathering, sighting);
	if (sighting->kind == SIGHTING_NOTHING && !sighting->time)
		return 0;
	return take_of_node(gathering, sighting, file);
}

/* ---- the end ---- */

/* Where nothing but losses was told of a node, they may be of any moment that others tell of. */
static int place_losses(struct gathering *gathering)
{
	int64_t first = gathering->now;
	int r = 0;

	for (uint32_t i = 0; i < gathering->node_count; i++)
		if (gathering->nodes[i].first && gathering->nodes[i].first < first)
			first = gathering->nodes[i].first;
	for (uint32_t i = 0; r == 0 && i < gathering->node_count; i++) {
		struct recorded_node *node = &gathering->nodes[i];

		if (node->first || !node->lost_early)
			continue;
		if (!first)
			return -ENODATA;
		node->first = first;
		node->last = gathering->now;
		r = add_gap(node, LOSS_CONNTRACK, first, node->last, node->lost_early, LOST_EARLY);
		node->lost_early = 0;
	}
	return r;
}

/* Those to services first: they may be others before translation. */
static int settle_all(struct gathering *gathering)
{
	int r = 0;

	for (uint32_t i = 1; r == 0 && i <= gathering->connection_count; i++)
		if (gathering->connections[i].used && gathering->connections[i].to_service)
			r = settle(gathering, i);
	while (r == 0 && gathering->oldest)
		r = settle(gathering, gathering->oldest);
	return r;
}

static int tell_pods(struct gathering *gathering)
{
	int r = 0;

	for (uint32_t home = 1; r == 0 && home <= seen_pods_homes(gathering->pods); home++) {
		struct recorded_node *node =
		    &gathering->nodes[seen_pods_home_node(gathering->pods, home)];

		r = add_pod(gathering, node, home, true);
		if (r == 0 && node->batch->pod_count >= BATCH_PODS)
			r = write_batch(gathering, node, node->last);
	}
	return r;
}

static const char *name_of_node(const void *context, uint32_t node)
{
	const struct gathering *gathering = context;

	return gathering->nodes[node].name;
}

static int add_object(void *context, uint32_t number, struct batch_object *object)
{
	struct gathering *gathering = context;
	struct recorded_node *node = &gathering->nodes[number];
	struct batch *batch;

	if (need_batch(node) < 0 || array_grow(&node->batch->objects, sizeof(*object),
					       node->batch->object_count, &node->object_room) < 0) {
		free(object->kind);
		free(object->namespace);
		free(object->name);
		free(object->uid);
		free(object->content);
		return -ENOMEM;
	}
	batch = node->batch;
	batch->objects[batch->object_count++] = *object;
	return batch->object_count < BATCH_OBJECTS ? 0 : write_batch(gathering, node, node->last);
}

static int tell_losses(struct gathering *gathering, struct recorded_node *node)
{
	int r;

	if (node->gone_since)
		node->last = gathering->now;
	r = end_absence(node, node->last);
	if (r == 0 && node->lost_early)
		r = add_gap(node, LOSS_CONNTRACK, node->first, node->first, node->lost_early,
			    LOST_EARLY);
	if (r == 0 && node->evicted)
		r = add_gap(node, LOSS_TABLE, node->evicted_first, node->evicted_last,
			    node->evicted, "import had no room to follow all connections at once");
	if (r == 0 && seen_pods_left_out(gathering->pods))
		r = add_gap(node, LOSS_IDENTITY, node->first, node->last,
			    (int64_t)seen_pods_left_out(gathering->pods),
			    "import had no room for all pods");
	return r;
}

/* What such a record cannot show. */
static int add_dataplane(struct batch *batch, const struct recorded_node *node)
{
	static const char *const aspects[] = {"dataplane.same-node", "dataplane.cross-node",
					      "dataplane.service", "dataplane.external",
					      "dataplane.denied"};
	bool hubble = node->files[RECORDER_HUBBLE] != NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(aspects) / sizeof(aspects[0]); i++) {
		const char *told = hubble ? "unknown: imported from Hubble, which does not tell "
					    "what its filters and its buffer left out"
					  : "partly: imported from Inspektor Gadget, which sees "
					    "TCP, and UDP to ports below 1024 at most";

		if (!hubble && i + 1 == sizeof(aspects) / sizeof(aspects[0]))
			told = "no: imported from Inspektor Gadget, which does not see what "
			       "policies drop";
		r = batch_add_fact(batch, aspects[i], told);
	}
	return r;
}

static int tell_facts(struct recorded_node *node)
{
	static const char *const sources[RECORDERS] = {"source.hubble", "source.inspektor-gadget"};
	int r = need_batch(node);

	for (size_t i = 0; r == 0 && i < RECORDERS; i++)
		if (node->files[i])
			r = batch_add_fact(node->batch, sources[i], node->files[i]);
	if (r == 0 && node->health)
		r = batch_add_fact(node->batch, "excluded.cilium-health",
				   "probes of Cilium's health check");
	return r ? r : add_dataplane(node->batch, node);
}

static int tell_addresses(struct recorded_node *node)
{
	if (need_batch(node) < 0)
		return -ENOMEM;
	node->batch->addresses = calloc(node->own_count + 1, sizeof(*node->batch->addresses));
	if (!node->batch->addresses)
		return -ENOMEM;
	for (size_t i = 0; i < node->own_count; i++)
		node->batch->addresses[i] =
		    (struct node_address){.address = node->own[i], .present = true};
	node->batch->address_count = node->own_count;
	return 0;
}

/* A batch of its first moment, and one of its last, which is in the record. */
static int close_node(struct gathering *gathering, struct recorded_node *node)
{
	int r;

	if (!node->first)
		return 0;
	r = tell_losses(gathering, node);
	r = r ? r : write_batch(gathering, node, node->last);
	r = r ? r : tell_facts(node);
	r = r ? r : tell_addresses(node);
	r = r ? r : write_batch(gathering, node, node->first);
	r = r ? r : need_batch(node);
	return r ? r : write_batch(gathering, node, node->last + 1);
}

int gathering_finish(struct gathering *gathering)
{
	int r = place_losses(gathering);

	r = r ? r : settle_all(gathering);
	r = r ? r : tell_pods(gathering);
	r = r ? r : seen_pods_objects(gathering->pods, name_of_node, add_object, gathering);
	for (uint32_t i = 0; r == 0 && i < gathering->node_count; i++)
		r = close_node(gathering, &gathering->nodes[i]);
	return r;
}
