#include "cli/import_gather.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/import_index.h"
#include "cli/import_pods.h"
#include "cli/import_books.h"

#define WINDOW_MSEC (60 * MSEC_PER_SEC)
#define ATTEMPT_MSEC (130 * MSEC_PER_SEC)
#define TRANSLATION_MSEC (10 * MSEC_PER_SEC)
#define ALIKE_MAX 64u /* connections of one client's port that are followed at once */

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
	struct books books;
	struct seen_pods *pods;
	struct connection *connections; /* from 1 on */
	size_t connection_room;
	uint32_t connection_count, connection_max;
	uint32_t free; /* one that is not used, or 0 */
	struct index by_client;
	uint32_t newest, oldest;
};

struct gathering *gathering_new(struct store *store, uint32_t max_connections)
{
	struct gathering *gathering = calloc(1, sizeof(*gathering));

	if (!gathering)
		return NULL;
	gathering->connection_max = max_connections;
	gathering->by_client.seed = hash_seed_random();
	gathering->pods = seen_pods_new();
	gathering->books = (struct books){
	    .store = store, .pods = gathering->pods, .by_name = {.seed = hash_seed_random()}};
	return gathering->pods ? gathering : gathering_free(gathering);
}

struct gathering *gathering_free(struct gathering *gathering)
{
	if (!gathering)
		return NULL;
	books_clear(&gathering->books);
	free(gathering->connections);
	index_clear(&gathering->by_client);
	seen_pods_free(gathering->pods);
	free(gathering);
	return NULL;
}

const char *gathering_node(const struct gathering *gathering, uint32_t node)
{
	return node < gathering->books.node_count ? gathering->books.nodes[node].name : NULL;
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
	key.source_pod = connection->client_home ? BOOKS_NUMBER_FIRST + connection->client_home : 0;
	key.destination_pod =
	    connection->server_home ? BOOKS_NUMBER_FIRST + connection->server_home : 0;
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

	flow.totals.connections = 1;
	if (flow.key.verdict != VERDICT_DENIED && (connection->signs & SIGN_CLOSED)) {
		flow.totals.closed = 1;
		flow.totals.reset = (connection->signs & SIGN_RESET) != 0;
	}
	return books_add_flow(&gathering->books, &gathering->books.nodes[connection->node], &flow,
			      connection->client_home, connection->server_home);
}

/* ---- following them ---- */

/* By its client; where that has no port, only who is asked tells its connections apart. */
static uint64_t hash_of(const struct gathering *gathering, const struct connection *connection)
{
	struct {
		struct addr client, server;
		uint8_t protocol;
		uint8_t port[2];
	} key = {.client = connection->client, .protocol = connection->protocol};
	uint16_t port = connection->client_port;

	if (!port) {
		key.server = connection->server;
		port = connection->server_port;
	}
	key.port[0] = (uint8_t)(port >> 8);
	key.port[1] = (uint8_t)port;
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
	uint64_t hash = hash_of(gathering, asked);

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
	if (!addr_is_set(kept->translated))
		kept->translated = asked->translated;
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
	struct recorded_node *node = &gathering->books.nodes[connection->node];

	if ((connection->signs & SIGN_CLOSED) ||
	    connection->last + ATTEMPT_MSEC < gathering->books.now)
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
	uint64_t hash = hash_of(gathering, fresh);
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
	uint64_t hash = hash_of(gathering, wanted);

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
	struct recorded_node *node = &gathering->books.nodes[number];
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
		books_own_address(node, sighting->from.address);
	if (sighting->to.node)
		books_own_address(node, sighting->to.address);
	r = seen_pods_take(gathering->pods, number, sighting->recorder, &sighting->from,
			   sighting->time, &seen.client_home);
	if (r == 0)
		r = seen_pods_take(gathering->pods, number, sighting->recorder, &sighting->to,
				   sighting->time, &seen.server_home);
	return r ? r : follow(gathering, &seen);
}

static int take_loss(struct books *books, struct recorded_node *node,
		     const struct sighting *sighting)
{
	int64_t from = node->latest_line ? node->latest_line : sighting->time;
	int64_t until = sighting->time ? sighting->time : node->latest_line;

	return books_add_gap(books, node, LOSS_CONNTRACK, from, until, sighting->lost,
			     sighting->reason);
}

/* -1: no bound is known of one of them. */
static int64_t add_losses(int64_t a, int64_t b)
{
	if (a < 0 || b < 0)
		return -1;
	return a > INT64_MAX - b ? INT64_MAX : a + b;
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
		int r = *text ? books_need_node(&gathering->books, text, &number) : 0;

		if (r < 0)
			return r;
		if (!*text)
			continue;
		node = &gathering->books.nodes[number];
		books_hear_of(&gathering->books, node, sighting->time);
		r = books_remember_file(node, sighting->recorder, "relay");
		if (r == 0 && !sighting->gone)
			r = books_end_absence(&gathering->books, node, sighting->time);
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
	int r = books_need_node(&gathering->books, sighting->node, &number);

	if (r < 0)
		return r;
	gathering->books.node_last = number;
	node = &gathering->books.nodes[number];
	r = books_remember_file(node, sighting->recorder, file);
	if (sighting->kind == SIGHTING_LOSS && !sighting->time && !node->first) {
		node->lost_early = add_losses(node->lost_early, sighting->lost);
		return r;
	}
	node->health = node->health || sighting->health;
	if (r == 0)
		r = books_end_absence(&gathering->books, node, sighting->time);
	if (r == 0 && sighting->kind == SIGHTING_LOSS)
		r = take_loss(&gathering->books, node, sighting);
	else if (r == 0 && sighting->kind == SIGHTING_CONNECTION)
		r = take_connection(gathering, number, sighting);
	if (sighting->time)
		books_hear_of(&gathering->books, &gathering->books.nodes[number], sighting->time);
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

int gathering_finish(struct gathering *gathering)
{
	int r = books_place_losses(&gathering->books);

	r = r ? r : settle_all(gathering);
	return r ? r : books_finish(&gathering->books);
}
