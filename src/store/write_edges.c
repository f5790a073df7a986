#include "store/store_internal.h"

#include <errno.h>
#include <string.h>

#include "store/wide.h"

/* All of a key as bytes, the same on every machine: three numbers, four addresses, two ports and
 * six small numbers. */
#define KEY_BYTES (3 * 8 + 4 * 17 + 2 * 2 + 6)

struct key_bytes {
	uint8_t bytes[KEY_BYTES];
	size_t length;
};

static void put_number(struct key_bytes *out, uint64_t value, size_t width)
{
	for (size_t i = 0; i < width; i++)
		out->bytes[out->length++] = (uint8_t)(value >> (8 * i));
}

static void put_address(struct key_bytes *out, const struct addr *address)
{
	put_number(out, address->family, 1);
	memcpy(out->bytes + out->length, address->bytes, sizeof(address->bytes));
	out->length += sizeof(address->bytes);
}

int64_t pod_row(struct store *store, uint32_t number)
{
	int64_t row;

	if (number == 0)
		return 0;
	row = idmap_get(&store->pods, &number);
	if (!row || row == POD_UNTOLD)
		db_fail(&store->db, -EINVAL, "pod %u is named, which no batch has told",
			(unsigned)number);
	return row > 0 ? row : 0;
}

/* Stored as edge.fingerprint: what it is made of may not change while files live. */
struct edge_mark edge_mark(struct store *store, const struct edge_key *key)
{
	struct key_bytes out = {.length = 0};

	put_number(&out, (uint64_t)store->node, 8);
	put_number(&out, (uint64_t)pod_row(store, key->source_pod), 8);
	put_number(&out, (uint64_t)pod_row(store, key->destination_pod), 8);
	put_address(&out, &key->source);
	put_address(&out, &key->destination);
	put_address(&out, &key->service);
	put_address(&out, &key->translated);
	put_number(&out, key->port, 2);
	put_number(&out, addr_is_set(key->service) ? key->service_port : 0, 2);
	put_number(&out, key->protocol, 1);
	put_number(&out, key->verdict, 1);
	put_number(&out, key->has_port, 1);
	put_number(&out, key->direction_uncertain, 1);
	put_number(&out, key->source_prefix, 1);
	put_number(&out, key->destination_prefix, 1);
	return (struct edge_mark){
	    .fingerprint = (int64_t)hash_bytes(store->book.seed, out.bytes, out.length),
	    .check = hash_bytes(store->edges.seed, out.bytes, out.length),
	};
}

static void bind_or_null(struct db *db, sqlite3_stmt *statement, int index, bool there,
			 int64_t value)
{
	if (there)
		db_bind_int(db, statement, index, value);
	else
		db_bind_null(db, statement, index);
}

/* An address as text, where SQLite finds it until the statement was run. */
struct key_texts {
	char source[ADDR_TEXT_MAX];
	char destination[ADDR_TEXT_MAX];
	char service[ADDR_TEXT_MAX];
	char translated[ADDR_TEXT_MAX];
};

static const char *text_or_null(struct addr address, char text[static ADDR_TEXT_MAX])
{
	return addr_is_set(address) ? addr_format(address, text) : NULL;
}

static void bind_key(struct store *store, sqlite3_stmt *statement, const struct edge_key *key,
		     const struct edge_mark *mark, struct key_texts *texts)
{
	struct db *db = &store->db;
	int64_t source_pod = pod_row(store, key->source_pod);
	int64_t destination_pod = pod_row(store, key->destination_pod);

	db_bind_int(db, statement, 1, mark->fingerprint);
	db_bind_int(db, statement, 2, store->node);
	db_bind_text(db, statement, 3, text_or_null(key->source, texts->source));
	db_bind_text(db, statement, 4, text_or_null(key->destination, texts->destination));
	db_bind_text(db, statement, 5, text_or_null(key->service, texts->service));
	db_bind_text(db, statement, 6, text_or_null(key->translated, texts->translated));
	bind_or_null(db, statement, 7, source_pod != 0, source_pod);
	bind_or_null(db, statement, 8, destination_pod != 0, destination_pod);
	db_bind_int(db, statement, 9, key->protocol);
	bind_or_null(db, statement, 10, key->has_port, key->port);
	bind_or_null(db, statement, 11, addr_is_set(key->service), key->service_port);
	db_bind_int(db, statement, 12, key->verdict);
	db_bind_int(db, statement, 13, key->direction_uncertain);
	bind_or_null(db, statement, 14, key->source_prefix != 0, key->source_prefix);
	bind_or_null(db, statement, 15, key->destination_prefix != 0, key->destination_prefix);
}

int64_t find_edge(struct store *store, const struct edge_key *key, const struct edge_mark *mark)
{
	int64_t edge = idmap_get(&store->edges, mark);
	sqlite3_stmt *statement;
	struct key_texts texts;

	if (edge)
		return edge;
	statement = db_use(&store->db, SQL_EDGE_GET);
	bind_key(store, statement, key, mark, &texts);
	return db_run_int(&store->db, statement, 0);
}

static int64_t make_edge(struct store *store, const struct flow *flow, const struct edge_key *key,
			 const struct edge_mark *mark)
{
	struct db *db = &store->db;
	sqlite3_stmt *statement = db_use(db, SQL_EDGE_PUT);
	struct key_texts texts;

	bind_key(store, statement, key, mark, &texts);
	bind_totals(db, statement, 16, &flow->totals);
	db_bind_int(db, statement, 28, flow->first_seen);
	db_bind_int(db, statement, 29, flow->last_seen);
	db_bind_int(db, statement, 30, store->book.last + 1);
	db_run(db, statement);
	name_pod(store, pod_row(store, key->source_pod));
	name_pod(store, pod_row(store, key->destination_pod));
	if (db->error)
		return 0;
	store->book.count++;
	return ++store->book.last;
}

static void add_to_edge(struct store *store, int64_t edge, const struct flow *flow)
{
	struct db *db = &store->db;
	sqlite3_stmt *statement = db_use(db, SQL_EDGE_ADD);

	db_bind_int(db, statement, 1, edge);
	bind_totals(db, statement, 2, &flow->totals);
	db_bind_int(db, statement, 14, flow->first_seen);
	db_bind_int(db, statement, 15, flow->last_seen);
	db_run(db, statement);
	if (!db->error && db_changes(db) != 1)
		db_fail(db, -EBADMSG, "edge %lld is gone", (long long)edge);
	spare_edge(store, edge);
}

static bool is_own(const void *context, struct addr address)
{
	const struct store *store = context;

	return idmap_get(&store->own, &address) != 0;
}

/* The key that a flow has among so many edges, and its edge, 0 if there is none. */
struct place {
	struct edge_key key;
	struct edge_mark mark;
	int64_t edge;
};

static void find_wide(struct store *store, int64_t edges, int64_t max_edges, struct place *place)
{
	if (!wide_fold(&place->key, edges, max_edges, is_own, store))
		return;
	place->mark = edge_mark(store, &place->key);
	place->edge = find_edge(store, &place->key, &place->mark);
}

/* What goes on may have begun when there were more edges: eight tenths, or all there may be. */
static void find_counted(struct store *store, const struct edge_key *key, struct place *place)
{
	static const int64_t tenths[] = {8, 10};

	for (size_t i = 0; i < sizeof(tenths) / sizeof(tenths[0]) && !place->edge; i++) {
		struct place wide = {.key = *key};

		find_wide(store, tenths[i], 10, &wide);
		if (wide.edge)
			*place = wide;
	}
}

static int64_t at_least_none(int64_t number)
{
	return number > 0 ? number : 0;
}

/* What is taken away was counted on an edge that is gone: in that one's gap. */
static void raise_negatives(struct totals *totals)
{
	totals->connections = at_least_none(totals->connections);
	totals->closed = at_least_none(totals->closed);
	totals->counted = at_least_none(totals->counted);
}

/* There is no such edge yet: it, or the one that it folds into. */
static int64_t write_new_edge(struct store *store, struct flow *flow, const struct edge_mark *mark)
{
	struct place place = {.key = flow->key, .mark = *mark};

	find_wide(store, store->book.count, store->max_edges, &place);
	if (!place.edge && store->max_edges > 0 && flow->totals.connections <= 0)
		find_counted(store, &flow->key, &place);
	if (place.edge) {
		add_to_edge(store, place.edge, flow);
	} else {
		raise_negatives(&flow->totals);
		place.edge = make_edge(store, flow, &place.key, &place.mark);
	}
	if (!store->db.error)
		idmap_put(&store->edges, &place.mark, place.edge);
	return place.edge;
}

int64_t write_edge(struct store *store, struct flow *flow, const struct edge_mark *mark,
		   int64_t edge)
{
	struct db *db = &store->db;

	if (!addr_is_set(flow->key.source) || !addr_is_set(flow->key.destination))
		db_fail(db, -EINVAL, "an edge without source or destination");
	if (edge)
		add_to_edge(store, edge, flow);
	else
		edge = write_new_edge(store, flow, mark);
	if (!db->error)
		idmap_put(&store->edges, mark, edge);
	return edge;
}

void store_set_max_edges(struct store *store, int64_t max_edges)
{
	store->max_edges = max_edges;
}

static uint64_t number_at(const uint8_t *bytes)
{
	uint64_t value = 0;

	for (int i = 7; i >= 0; i--)
		value = value << 8 | bytes[i];
	return value;
}

void load_book(struct store *store)
{
	struct db *db = &store->db;
	struct edge_book book = {.loaded = true};
	sqlite3_stmt *statement;

	if (store->book.loaded)
		return;
	statement = db_use(db, SQL_STORE_GET);
	if (!db_row(db, statement) || sqlite3_column_bytes(statement, 0) != 16) {
		db_stop(statement);
		db_fail(db, -EBADMSG, "damaged: the table \"store\" has no seed");
		return;
	}
	book.seed.k0 = number_at(sqlite3_column_blob(statement, 0));
	book.seed.k1 = number_at((const uint8_t *)sqlite3_column_blob(statement, 0) + 8);
	book.last = sqlite3_column_int64(statement, 1);
	db_run(db, statement);
	book.count = db_run_int(db, db_use(db, SQL_EDGE_COUNT), 0);
	if (!db->error)
		store->book = book;
}

void write_book(struct store *store)
{
	sqlite3_stmt *statement = db_use(&store->db, SQL_STORE_PUT);

	db_bind_int(&store->db, statement, 1, store->book.last);
	db_run(&store->db, statement);
}
