#include "cli/import_books.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_FLOWS 1024u
#define BATCH_OBJECTS 256u
#define BATCH_PODS 1024u
#define BATCH_GAPS 256u
#define PENDING_MAX 65536u /* flows in all batches */
#define LOST_EARLY "Inspektor Gadget lost events: it did not keep up"

void books_clear(struct books *books)
{
	for (uint32_t i = 0; i < books->node_count; i++) {
		struct recorded_node *node = &books->nodes[i];

		free(node->name);
		for (size_t j = 0; j < RECORDERS; j++)
			free(node->files[j]);
		batch_free(node->batch);
	}
	free(books->nodes);
	free(books->told);
	index_clear(&books->by_name);
	*books = (struct books){0};
}

/* ---- nodes ---- */

static int add_node(struct books *books, uint64_t hash, const char *name, uint32_t *ret)
{
	struct recorded_node fresh = {.name = strdup(name)};

	if (books->node_count == BOOKS_NODES_MAX || !fresh.name ||
	    array_grow(&books->nodes, sizeof(fresh), books->node_count, &books->node_room) < 0) {
		free(fresh.name);
		return books->node_count == BOOKS_NODES_MAX ? -E2BIG : -ENOMEM;
	}
	books->nodes[books->node_count] = fresh;
	*ret = books->node_count++;
	return index_put(&books->by_name, hash, books->node_count);
}

int books_need_node(struct books *books, const char *name, uint32_t *ret)
{
	uint64_t hash;

	*ret = books->node_last;
	if (*ret < books->node_count && strcmp(books->nodes[*ret].name, name) == 0)
		return 0;
	hash = hash_bytes(books->by_name.seed, name, strlen(name));
	for (uint32_t i = index_first(&books->by_name, hash); i;
	     i = index_next(&books->by_name, i)) {
		*ret = i - 1;
		if (strcmp(books->nodes[*ret].name, name) == 0)
			return 0;
	}
	return add_node(books, hash, name, ret);
}

void books_hear_of(struct books *books, struct recorded_node *node, int64_t time)
{
	if (!node->first || time < node->first)
		node->first = time;
	if (time > node->last)
		node->last = time;
	if (time > books->now)
		books->now = time;
	node->latest_line = time;
}

int books_remember_file(struct recorded_node *node, enum recorder recorder, const char *file)
{
	if (!node->files[recorder])
		node->files[recorder] = strdup(file);
	return node->files[recorder] ? 0 : -ENOMEM;
}

void books_own_address(struct recorded_node *node, struct addr address)
{
	if (addr_is_loopback(address) || addr_is_link_local(address) || !addr_is_set(address))
		return;
	for (size_t i = 0; i < node->own_count; i++)
		if (addr_equal(node->own[i], address))
			return;
	if (node->own_count < BOOKS_OWN_ADDRESSES_MAX)
		node->own[node->own_count++] = address;
}

/* ---- batches ---- */

static int need_batch(struct recorded_node *node)
{
	if (!node->batch)
		node->batch = calloc(1, sizeof(*node->batch));
	return node->batch ? 0 : -ENOMEM;
}

static int write_batch(struct books *books, struct recorded_node *node, int64_t time)
{
	int r;

	if (!node->batch)
		return 0;
	node->batch->time = time;
	books->pending -= node->batch->flow_count;
	r = store_use_node(books->store, node->name);
	if (r == 0)
		r = store_write(books->store, node->batch);
	node->batch = batch_free(node->batch);
	node->flow_room = node->gap_room = node->pod_room = node->object_room = 0;
	return r;
}

static int write_all(struct books *books)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < books->node_count; i++)
		r = write_batch(books, &books->nodes[i], books->nodes[i].last);
	return r;
}

int books_add_gap(struct books *books, struct recorded_node *node, enum loss_source source,
		  int64_t from, int64_t until, int64_t at_most, const char *reason)
{
	struct batch *batch;

	if (need_batch(node) < 0 || array_grow(&node->batch->gaps, sizeof(*node->batch->gaps),
					       node->batch->gap_count, &node->gap_room) < 0)
		return -ENOMEM;
	batch = node->batch;
	batch->gaps[batch->gap_count++] =
	    (struct gap){source, from < until ? from : until, until, at_most, reason};
	return batch->gap_count < BATCH_GAPS ? 0 : write_batch(books, node, node->last);
}

int books_end_absence(struct books *books, struct recorded_node *node, int64_t time)
{
	int64_t from = node->gone_since;

	if (!from || time < from)
		return 0;
	node->gone_since = 0;
	return books_add_gap(books, node, LOSS_DAEMON, from, time, -1,
			     "Hubble's relay could not ask the node");
}

static int add_pod(struct books *books, struct recorded_node *node, uint32_t home, bool ended)
{
	struct batch *batch;
	int r;

	if (need_batch(node) < 0 || array_grow(&node->batch->pods, sizeof(*node->batch->pods),
					       node->batch->pod_count, &node->pod_room) < 0)
		return -ENOMEM;
	batch = node->batch;
	r = seen_pods_describe(books->pods, home, ended, &batch->pods[batch->pod_count].pod);
	if (r == 0)
		batch->pods[batch->pod_count++].number = BOOKS_NUMBER_FIRST + home;
	return r;
}

/* The store must know a pod before a flow names it. */
static int need_told(struct books *books, uint32_t home)
{
	uint32_t node;

	if (!home)
		return 0;
	while (books->told_count <= home) {
		if (array_grow(&books->told, sizeof(*books->told), books->told_count,
			       &books->told_room) < 0)
			return -ENOMEM;
		books->told[books->told_count++] = false;
	}
	if (books->told[home])
		return 0;
	books->told[home] = true;
	node = seen_pods_home_node(books->pods, home);
	return add_pod(books, &books->nodes[node], home, false);
}

int books_add_flow(struct books *books, struct recorded_node *node, const struct flow *flow,
		   uint32_t client_home, uint32_t server_home)
{
	struct batch *batch;
	int r = need_told(books, client_home);

	if (r == 0)
		r = need_told(books, server_home);
	if (r == 0)
		r = need_batch(node);
	if (r == 0)
		r = array_grow(&node->batch->flows, sizeof(*node->batch->flows),
			       node->batch->flow_count, &node->flow_room);
	if (r < 0)
		return r;
	batch = node->batch;
	batch->flows[batch->flow_count++] = *flow;
	if (++books->pending >= PENDING_MAX)
		return write_all(books);
	return batch->flow_count < BATCH_FLOWS ? 0 : write_batch(books, node, node->last);
}

/* ---- the end ---- */

int books_place_losses(struct books *books)
{
	int64_t first = books->now;
	int r = 0;

	for (uint32_t i = 0; i < books->node_count; i++)
		if (books->nodes[i].first && books->nodes[i].first < first)
			first = books->nodes[i].first;
	for (uint32_t i = 0; r == 0 && i < books->node_count; i++) {
		struct recorded_node *node = &books->nodes[i];

		if (node->first || !node->lost_early)
			continue;
		if (!first)
			return -ENODATA;
		node->first = first;
		node->last = books->now;
		r = books_add_gap(books, node, LOSS_CONNTRACK, first, node->last, node->lost_early,
				  LOST_EARLY);
		node->lost_early = 0;
	}
	return r;
}

static int tell_pods(struct books *books)
{
	int r = 0;

	for (uint32_t home = 1; r == 0 && home <= seen_pods_homes(books->pods); home++) {
		struct recorded_node *node = &books->nodes[seen_pods_home_node(books->pods, home)];

		r = add_pod(books, node, home, true);
		if (r == 0 && node->batch->pod_count >= BATCH_PODS)
			r = write_batch(books, node, node->last);
	}
	return r;
}

static const char *name_of_node(const void *context, uint32_t node)
{
	const struct books *books = context;

	return books->nodes[node].name;
}

static int add_object(void *context, uint32_t number, struct batch_object *object)
{
	struct books *books = context;
	struct recorded_node *node = &books->nodes[number];
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
	return batch->object_count < BATCH_OBJECTS ? 0 : write_batch(books, node, node->last);
}

static int tell_losses(struct books *books, struct recorded_node *node)
{
	int r;

	if (node->gone_since)
		node->last = books->now;
	r = books_end_absence(books, node, node->last);
	if (r == 0 && node->lost_early)
		r = books_add_gap(books, node, LOSS_CONNTRACK, node->first, node->first,
				  node->lost_early, LOST_EARLY);
	if (r == 0 && node->evicted)
		r = books_add_gap(books, node, LOSS_TABLE, node->evicted_first, node->evicted_last,
				  node->evicted,
				  "import had no room to follow all connections at once");
	if (r == 0 && seen_pods_left_out(books->pods))
		r = books_add_gap(books, node, LOSS_IDENTITY, node->first, node->last,
				  (int64_t)seen_pods_left_out(books->pods),
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
static int close_node(struct books *books, struct recorded_node *node)
{
	int r;

	if (!node->first)
		return 0;
	r = tell_losses(books, node);
	r = r ? r : write_batch(books, node, node->last);
	r = r ? r : tell_facts(node);
	r = r ? r : tell_addresses(node);
	r = r ? r : write_batch(books, node, node->first);
	r = r ? r : need_batch(node);
	return r ? r : write_batch(books, node, node->last + 1);
}

int books_finish(struct books *books)
{
	int r = tell_pods(books);

	r = r ? r : seen_pods_objects(books->pods, name_of_node, add_object, books);
	for (uint32_t i = 0; r == 0 && i < books->node_count; i++)
		r = close_node(books, &books->nodes[i]);
	return r;
}
