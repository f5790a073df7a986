#include "model/record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* An edge's number within its database has so many bits, the database's the rest. */
#define EDGE_BITS 44
#define DATABASES_MAX 4096

/* A pod of the database and its number in the record; by own once sorted. */
struct pod_number {
	uint32_t own;
	uint32_t given;
};

/* A node that went on in another database. */
struct earlier {
	const char *name; /* borrowed from nodes */
	int64_t end;
};

struct database {
	const char *path;
	struct reader *reader;
	char *first_node;     /* "" if it has none */
	uint32_t pods_before; /* how many numbers the databases before it use */
	struct pod_number *pods;
	size_t pod_count, pod_capacity;
	const char **elsewhere; /* nodes that count in another database; borrowed from nodes */
	size_t elsewhere_count;
	struct earlier *earlier;
	size_t earlier_count;
};

struct known_node {
	char *name;
	int64_t first, heartbeat;
	size_t database;
	bool counts;
};

struct record {
	struct database *databases;
	size_t count;
	struct known_node *nodes; /* by name; of one the latest first */
	size_t node_count, node_capacity;
	const struct database *failed;
};

struct record *record_close(struct record *record)
{
	if (!record)
		return NULL;
	for (size_t i = 0; i < record->count; i++) {
		reader_close(record->databases[i].reader);
		free(record->databases[i].first_node);
		free(record->databases[i].elsewhere);
		free(record->databases[i].earlier);
		free(record->databases[i].pods);
	}
	for (size_t i = 0; i < record->node_count; i++)
		free(record->nodes[i].name);
	free(record->databases);
	free(record->nodes);
	free(record);
	return NULL;
}

void record_end(struct record *record)
{
	for (size_t i = 0; i < record->count; i++)
		reader_end(record->databases[i].reader);
}

const char *record_error(const struct record *record)
{
	return record->failed ? reader_error(record->failed->reader) : "";
}

const char *record_failed_path(const struct record *record)
{
	return record->failed ? record->failed->path : "";
}

/* ---- opening ---- */

struct node_walk {
	struct record *record;
	size_t database;
};

static int keep_node(void *context, const char *name, int64_t first, int64_t heartbeat)
{
	const struct node_walk *walk = context;
	struct record *record = walk->record;
	struct known_node node = {.name = strdup(name),
				  .first = first,
				  .heartbeat = heartbeat,
				  .database = walk->database,
				  .counts = true};

	if (node.name && record->node_count == record->node_capacity) {
		size_t capacity = record->node_capacity ? record->node_capacity * 2 : 16;
		struct known_node *nodes = reallocarray(record->nodes, capacity, sizeof(*nodes));

		if (nodes) {
			record->nodes = nodes;
			record->node_capacity = capacity;
		}
	}
	if (!node.name || record->node_count == record->node_capacity) {
		free(node.name);
		return -ENOMEM;
	}
	record->nodes[record->node_count++] = node;
	return 0;
}

static int keep_first(void *context, const char *name, int64_t first, int64_t heartbeat)
{
	struct database *database = context;

	(void)first;
	(void)heartbeat;
	database->first_node = strdup(name);
	return database->first_node ? 1 : -ENOMEM;
}

static int open_database(const char *path, struct database *database, char **ret_error)
{
	int r = reader_open(path, &database->reader, ret_error);

	database->path = path;
	if (r < 0)
		return r;
	r = reader_nodes(database->reader, keep_first, database);
	if (r == 0)
		database->first_node = strdup("");
	if (r >= 0 && database->first_node)
		return 0;
	r = r < 0 ? r : -ENOMEM;
	if (asprintf(ret_error, "%s: %s", path, reader_error(database->reader)) < 0)
		*ret_error = NULL;
	return r;
}

static int compare_databases(const void *a, const void *b)
{
	const struct database *x = a, *y = b;
	int r = strcmp(x->first_node, y->first_node);

	return r ? r : strcmp(x->path, y->path);
}

static int compare_nodes(const void *a, const void *b)
{
	const struct known_node *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	r = r ? r : (x->heartbeat < y->heartbeat) - (x->heartbeat > y->heartbeat);
	return r ? r : (x->database > y->database) - (x->database < y->database);
}

static void report_copy(const struct record *record, const struct known_node *counts,
			const struct known_node *copy, struct problems *problems)
{
	const char *path = record->databases[copy->database].path;
	const char *other = record->databases[counts->database].path;
	char from[CLOCK_TEXT_MAX], until[CLOCK_TEXT_MAX];

	problem_add(problems, PROBLEM_WARNING, copy->name,
		    "%s and %s both have what this node recorded: %s, where it was heard of last, "
		    "counts; %s, which is from %s to %s, is left out",
		    path, other, other, path, clock_format(copy->first, from),
		    clock_format(copy->heartbeat, until));
}

static bool overlap(const struct known_node *a, const struct known_node *b)
{
	return a->first <= b->heartbeat && b->first <= a->heartbeat;
}

/* One of those between latest and node that counts and has its time; NULL: it is no copy. */
static const struct known_node *find_original(const struct known_node *latest,
					      const struct known_node *node)
{
	for (const struct known_node *other = latest; other < node; other++)
		if (other->counts && overlap(other, node))
			return other;
	return NULL;
}

static int set_aside(struct record *record, struct known_node *node,
		     const struct known_node *original, struct problems *problems)
{
	struct database *database = &record->databases[node->database];

	if (!database->elsewhere)
		database->elsewhere = calloc(record->node_count, sizeof(*database->elsewhere));
	if (!database->earlier)
		database->earlier = calloc(record->node_count, sizeof(*database->earlier));
	if (!database->elsewhere || !database->earlier)
		return -ENOMEM;
	if (!original) {
		database->earlier[database->earlier_count++] =
		    (struct earlier){.name = node->name, .end = node->heartbeat};
		return 0;
	}
	node->counts = false;
	report_copy(record, original, node, problems);
	database->elsewhere[database->elsewhere_count++] = node->name;
	return 0;
}

/* A copy of a node's record would double all that it counted. */
static int drop_copies(struct record *record, struct problems *problems)
{
	struct known_node *latest = NULL;
	int r = 0;

	if (record->node_count > 0)
		qsort(record->nodes, record->node_count, sizeof(*record->nodes), compare_nodes);
	for (size_t i = 0; i < record->node_count && r == 0; i++) {
		struct known_node *node = &record->nodes[i];

		if (latest && strcmp(latest->name, node->name) == 0)
			r = set_aside(record, node, find_original(latest, node), problems);
		else
			latest = node;
	}
	return r;
}

static int find_nodes(struct record *record, struct problems *problems)
{
	int r = 0;

	for (size_t i = 0; i < record->count && r == 0; i++) {
		struct node_walk walk = {.record = record, .database = i};

		r = reader_nodes(record->databases[i].reader, keep_node, &walk);
	}
	return r < 0 ? r : drop_copies(record, problems);
}

int record_open(const char *const *paths, size_t count, struct problems *problems,
		struct record **ret, char **ret_error)
{
	struct record *record = calloc(1, sizeof(*record));
	int r = record && count <= DATABASES_MAX ? 0 : -ENOMEM;

	*ret_error = NULL;
	if (r == 0)
		record->databases = calloc(count, sizeof(*record->databases));
	if (r == 0 && !record->databases)
		r = -ENOMEM;
	for (size_t i = 0; i < count && r == 0; i++) {
		r = open_database(paths[i], &record->databases[i], ret_error);
		record->count++;
	}
	if (r == 0) {
		qsort(record->databases, record->count, sizeof(*record->databases),
		      compare_databases);
		r = find_nodes(record, problems);
	}
	if (r < 0) {
		record_close(record);
		return r;
	}
	record_end(record);
	*ret = record;
	return 0;
}

/* ---- walking ---- */

/* A walk through one database on behalf of a visitor that knows of one record only. */
struct walk {
	struct database *database;
	size_t index;
	union {
		reader_pod_fn *pod;
		reader_address_fn *address;
		reader_edge_fn *edge;
		reader_flow_fn *flow;
		reader_gap_fn *gap;
		reader_fact_fn *fact;
		reader_object_fn *object;
	} visit;
	void *context;
};

static bool counts_here(const struct walk *walk, const char *node)
{
	for (size_t i = 0; i < walk->database->elsewhere_count; i++)
		if (strcmp(walk->database->elsewhere[i], node) == 0)
			return false;
	return true;
}

/* When the node's record went on in another database; INTERVAL_OPEN: it did not. */
static int64_t end_here(const struct walk *walk, const char *node)
{
	for (size_t i = 0; i < walk->database->earlier_count; i++)
		if (strcmp(walk->database->earlier[i].name, node) == 0)
			return walk->database->earlier[i].end;
	return INTERVAL_OPEN;
}

static void end_at(int64_t *until, int64_t end)
{
	*until = *until > end ? end : *until;
}

static int ended(struct record *record, const struct database *database, int r)
{
	if (r < 0)
		record->failed = database;
	return r;
}

static int compare_numbers(const void *a, const void *b)
{
	const struct pod_number *x = a, *y = b;

	return (x->own > y->own) - (x->own < y->own);
}

/* The pods that came after record_pods() are nobody's. */
static uint32_t pod_number(const struct walk *walk, uint32_t number)
{
	const struct database *database = walk->database;
	const struct pod_number wanted = {.own = number};
	const struct pod_number *found = database->pods;
	size_t count = database->pod_count;

	if (number == 0 || count == 0)
		return 0;
	/* Mostly they count up. */
	if (number >= found->own && number - found->own < count &&
	    found[number - found->own].own == number)
		return found[number - found->own].given;
	found = bsearch(&wanted, found, count, sizeof(wanted), compare_numbers);
	return found ? found->given : 0;
}

static int give_number(struct database *database, uint32_t own, uint32_t *ret)
{
	if (database->pod_count == database->pod_capacity) {
		size_t capacity = database->pod_capacity ? database->pod_capacity * 2 : 64;
		struct pod_number *pods = reallocarray(database->pods, capacity, sizeof(*pods));

		if (!pods)
			return -ENOMEM;
		database->pods = pods;
		database->pod_capacity = capacity;
	}
	if (database->pod_count >= UINT32_MAX - database->pods_before)
		return -EOVERFLOW;
	*ret = database->pods_before + (uint32_t)database->pod_count + 1;
	database->pods[database->pod_count++] = (struct pod_number){.own = own, .given = *ret};
	return 0;
}

static int edge_number(const struct walk *walk, int64_t *id)
{
	if (*id < 0 || *id >> EDGE_BITS)
		return -EBADMSG;
	*id |= (int64_t)walk->index << EDGE_BITS;
	return 0;
}

static void number_pods(const struct walk *walk, struct edge_key *key)
{
	key->source_pod = pod_number(walk, key->source_pod);
	key->destination_pod = pod_number(walk, key->destination_pod);
}

/* With addresses of its own, which end by then. */
static int visit_ended_pod(const struct walk *walk, struct stored_pod pod, int64_t end)
{
	size_t count = pod.pod.address_count;
	struct pod_address *addresses = calloc(count + 1, sizeof(*addresses));
	int r;

	if (!addresses)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		addresses[i] = pod.pod.addresses[i];
		end_at(&addresses[i].until, end);
	}
	end_at(&pod.pod.ended, end);
	pod.pod.addresses = addresses;
	r = walk->visit.pod(walk->context, &pod);
	free(addresses);
	return r;
}

static int visit_pod(void *context, const struct stored_pod *stored)
{
	struct walk *walk = context;
	struct stored_pod pod = *stored;
	int64_t end = end_here(walk, pod.node);
	int r;

	if (!counts_here(walk, pod.node))
		return 0;
	r = give_number(walk->database, stored->number, &pod.number);
	if (r < 0)
		return r;
	return end == INTERVAL_OPEN ? walk->visit.pod(walk->context, &pod)
				    : visit_ended_pod(walk, pod, end);
}

static int visit_address(void *context, const struct stored_address *stored)
{
	struct walk *walk = context;
	struct stored_address address = *stored;

	if (!counts_here(walk, address.node))
		return 0;
	end_at(&address.until, end_here(walk, address.node));
	return walk->visit.address(walk->context, &address);
}

static int visit_edge(void *context, const struct edge *stored)
{
	struct walk *walk = context;
	struct edge edge = *stored;
	int r = edge_number(walk, &edge.id);

	if (r < 0 || !counts_here(walk, edge.node))
		return r;
	number_pods(walk, &edge.key);
	return walk->visit.edge(walk->context, &edge);
}

static int visit_flow(void *context, const struct stored_flow *stored)
{
	struct walk *walk = context;
	struct stored_flow flow = *stored;
	int r = edge_number(walk, &flow.edge);

	if (r < 0 || !counts_here(walk, flow.node))
		return r;
	number_pods(walk, &flow.flow.key);
	return walk->visit.flow(walk->context, &flow);
}

static int visit_gap(void *context, const char *node, const struct gap *gap)
{
	struct walk *walk = context;

	return counts_here(walk, node) ? walk->visit.gap(walk->context, node, gap) : 0;
}

/* Facts are of now. */
static int visit_fact(void *context, const struct stored_fact *fact)
{
	struct walk *walk = context;

	if (!counts_here(walk, fact->node) || end_here(walk, fact->node) != INTERVAL_OPEN)
		return 0;
	return walk->visit.fact(walk->context, fact);
}

static int visit_object(void *context, const struct stored_object *stored)
{
	struct walk *walk = context;
	struct stored_object object = *stored;

	if (!counts_here(walk, object.node))
		return 0;
	end_at(&object.until, end_here(walk, object.node));
	return walk->visit.object(walk->context, &object);
}

/* What was heard of since the record was opened. */
static int refresh_node(void *context, const char *name, int64_t first, int64_t heartbeat)
{
	const struct node_walk *walk = context;

	for (size_t i = 0; i < walk->record->node_count; i++) {
		struct known_node *node = &walk->record->nodes[i];

		if (node->database != walk->database || strcmp(node->name, name) != 0)
			continue;
		node->first = first;
		node->heartbeat = heartbeat;
	}
	return 0;
}

static bool is_of_node(const struct record *record, size_t index, const char *name)
{
	return index < record->node_count && strcmp(record->nodes[index].name, name) == 0;
}

int record_nodes(struct record *record, reader_node_fn *visit, void *context)
{
	int r = 0;

	for (size_t i = 0; i < record->count && r == 0; i++) {
		struct database *database = &record->databases[i];
		struct node_walk walk = {.record = record, .database = i};

		r = ended(record, database, reader_nodes(database->reader, refresh_node, &walk));
	}
	for (size_t i = 0, next; i < record->node_count && r == 0; i = next) {
		const struct known_node *node = &record->nodes[i];
		int64_t first = node->first;

		for (next = i + 1; is_of_node(record, next, node->name); next++)
			if (record->nodes[next].counts)
				first = record->nodes[next].first;
		r = visit(context, node->name, first, node->heartbeat);
	}
	return r;
}

void record_want_words(struct record *record)
{
	for (size_t i = 0; i < record->count; i++)
		reader_want_words(record->databases[i].reader);
}

void record_shorten(struct record *record, bool in_short)
{
	for (size_t i = 0; i < record->count; i++)
		reader_shorten(record->databases[i].reader, in_short);
}

int record_pods(struct record *record, reader_pod_fn *visit, void *context)
{
	uint32_t before = 0;
	int r = 0;

	for (size_t i = 0; i < record->count && r == 0; i++) {
		struct database *database = &record->databases[i];
		struct walk walk = {
		    .database = database, .index = i, .visit.pod = visit, .context = context};

		database->pods_before = before;
		database->pod_count = 0;
		r = ended(record, database, reader_pods(database->reader, visit_pod, &walk));
		if (database->pod_count > 0)
			qsort(database->pods, database->pod_count, sizeof(*database->pods),
			      compare_numbers);
		before += (uint32_t)database->pod_count;
	}
	return r;
}

/* Each database in turn, until a visitor or an error ends it. */
static int walk_all(struct record *record, struct walk walk,
		    int (*read)(struct reader *reader, struct interval interval, struct walk *walk),
		    struct interval interval)
{
	int r = 0;

	for (size_t i = 0; i < record->count && r == 0; i++) {
		walk.database = &record->databases[i];
		walk.index = i;
		r = ended(record, walk.database, read(walk.database->reader, interval, &walk));
	}
	return r;
}

static const struct interval always = {.from = INT64_MIN, .until = INT64_MAX};

static int read_addresses(struct reader *reader, struct interval interval, struct walk *walk)
{
	(void)interval;
	return reader_addresses(reader, visit_address, walk);
}

static int read_edges(struct reader *reader, struct interval interval, struct walk *walk)
{
	return reader_edges(reader, interval, visit_edge, walk);
}

static int read_flows(struct reader *reader, struct interval interval, struct walk *walk)
{
	return reader_flows(reader, interval, visit_flow, walk);
}

static int read_gaps(struct reader *reader, struct interval interval, struct walk *walk)
{
	return reader_gaps(reader, interval, visit_gap, walk);
}

static int read_facts(struct reader *reader, struct interval interval, struct walk *walk)
{
	(void)interval;
	return reader_facts(reader, visit_fact, walk);
}

static int read_objects(struct reader *reader, struct interval interval, struct walk *walk)
{
	(void)interval;
	return reader_objects(reader, visit_object, walk);
}

int record_addresses(struct record *record, reader_address_fn *visit, void *context)
{
	return walk_all(record, (struct walk){.visit.address = visit, .context = context},
			read_addresses, always);
}

int record_edges(struct record *record, struct interval interval, reader_edge_fn *visit,
		 void *context)
{
	return walk_all(record, (struct walk){.visit.edge = visit, .context = context}, read_edges,
			interval);
}

int record_flows(struct record *record, struct interval interval, reader_flow_fn *visit,
		 void *context)
{
	return walk_all(record, (struct walk){.visit.flow = visit, .context = context}, read_flows,
			interval);
}

/* How many of them are of the database; ret has these by the numbers that it gave them. */
static size_t own_spans(size_t index, const struct edge_span *spans, size_t count,
			struct edge_span *ret)
{
	size_t own = 0;

	while (own < count && (size_t)(spans[own].edge >> EDGE_BITS) == index) {
		ret[own] = spans[own];
		ret[own].edge &= (INT64_C(1) << EDGE_BITS) - 1;
		own++;
	}
	return own;
}

int record_edge_flows(struct record *record, const struct edge_span *spans, size_t count,
		      reader_flow_fn *visit, void *context)
{
	struct edge_span *own = calloc(count + 1, sizeof(*own));
	size_t first = 0;
	int r = own ? 0 : -ENOMEM;

	for (size_t i = 0; i < record->count && r == 0; i++) {
		struct database *database = &record->databases[i];
		struct walk walk = {
		    .database = database, .index = i, .visit.flow = visit, .context = context};
		size_t here = own_spans(i, spans + first, count - first, own);

		if (here > 0)
			r = ended(
			    record, database,
			    reader_edge_flows(database->reader, own, here, visit_flow, &walk));
		first += here;
	}
	free(own);
	return r;
}

/* Where a node's record went on in another database, nobody tells what was between them. */
static int visit_breaks(const struct record *record, struct interval interval, reader_gap_fn *visit,
			void *context)
{
	const struct known_node *later = NULL;
	int r = 0;

	for (size_t i = 0; i < record->node_count && r == 0; i++) {
		const struct known_node *node = &record->nodes[i];
		struct gap gap = {.source = LOSS_DAEMON,
				  .from = node->heartbeat,
				  .at_most = -1,
				  .reason = "between two databases of this node"};

		if (!node->counts)
			continue;
		gap.until = later && strcmp(later->name, node->name) == 0 ? later->first : gap.from;
		if (gap.until > gap.from && gap.from < interval.until && gap.until > interval.from)
			r = visit(context, node->name, &gap);
		later = node;
	}
	return r;
}

int record_gaps(struct record *record, struct interval interval, reader_gap_fn *visit,
		void *context)
{
	int r = walk_all(record, (struct walk){.visit.gap = visit, .context = context}, read_gaps,
			 interval);

	return r ? r : visit_breaks(record, interval, visit, context);
}

int record_facts(struct record *record, reader_fact_fn *visit, void *context)
{
	return walk_all(record, (struct walk){.visit.fact = visit, .context = context}, read_facts,
			always);
}

int record_objects(struct record *record, reader_object_fn *visit, void *context)
{
	return walk_all(record, (struct walk){.visit.object = visit, .context = context},
			read_objects, always);
}

int record_uncut(struct record *record, struct interval interval, size_t *ret)
{
	size_t sum = 0;
	int r = 0;

	for (size_t i = 0; i < record->count && r == 0; i++) {
		struct database *database = &record->databases[i];
		size_t count = 0;

		r = ended(record, database, reader_uncut(database->reader, interval, &count));
		sum += count;
	}
	if (r == 0)
		*ret = sum;
	return r;
}

int record_figures(struct record *record, record_figures_fn *visit, void *context)
{
	int r = 0;

	for (size_t i = 0; i < record->count && r == 0; i++) {
		struct database *database = &record->databases[i];
		struct store_figures figures;

		r = ended(record, database, reader_figures(database->reader, &figures));
		if (r == 0)
			r = visit(context, database->path, &figures);
	}
	return r;
}
