#include "store/store_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/pod_rows.h"

/* What is seen after the start may still be of a pod that ended before it. */
#define LATE_MS (15 * 60 * MSEC_PER_SEC)
/* A pod may have spoken before its address was told, and clocks differ. */
#define SLACK_MS (60 * MSEC_PER_SEC)

/* Doubles at powers of two; the caller's count is the number of items in use. */
static void *room(struct db *db, void *items, size_t count, size_t size)
{
	void *larger = items;

	if ((count & (count - 1)) == 0) {
		larger = reallocarray(items, count ? count * 2 : 1, size);
		if (!larger)
			db_fail(db, -ENOMEM, "out of memory");
	}
	return larger;
}

static struct checkpoint checkpoint_of(sqlite3_stmt *statement)
{
	return (struct checkpoint){
	    .zone = (uint16_t)sqlite3_column_int(statement, 0),
	    .original =
		{
		    .source = db_column_addr(statement, 1),
		    .destination = db_column_addr(statement, 2),
		    .protocol = (uint8_t)sqlite3_column_int(statement, 3),
		    .source_port = (uint16_t)sqlite3_column_int(statement, 4),
		    .destination_port = (uint16_t)sqlite3_column_int(statement, 5),
		    .has_ports = sqlite3_column_int(statement, 8) != 0,
		},
	    .reply =
		{
		    .source = db_column_addr(statement, 15),
		    .destination = db_column_addr(statement, 16),
		    .protocol = (uint8_t)sqlite3_column_int(statement, 3),
		    .source_port = (uint16_t)sqlite3_column_int(statement, 17),
		    .destination_port = (uint16_t)sqlite3_column_int(statement, 18),
		    .has_ports = sqlite3_column_int(statement, 8) != 0,
		},
	    .first_ns = sqlite3_column_int64(statement, 19),
	    .direction_uncertain = sqlite3_column_int(statement, 20) != 0,
	    .id = (uint32_t)sqlite3_column_int64(statement, 6),
	    .start_ns = sqlite3_column_int64(statement, 7),
	    .verdict = (uint8_t)sqlite3_column_int(statement, 9),
	    .has_counters = sqlite3_column_int(statement, 10) != 0,
	    .packets_sent = (uint64_t)sqlite3_column_int64(statement, 11),
	    .packets_received = (uint64_t)sqlite3_column_int64(statement, 12),
	    .bytes_sent = (uint64_t)sqlite3_column_int64(statement, 13),
	    .bytes_received = (uint64_t)sqlite3_column_int64(statement, 14),
	    /* Rows, until their numbers are known. */
	    .source_pod = (uint32_t)sqlite3_column_int64(statement, 21),
	    .destination_pod = (uint32_t)sqlite3_column_int64(statement, 22),
	};
}

static void load_checkpoints(struct store *store, struct store_state *state)
{
	struct db *db = &store->db;
	sqlite3_stmt *statement = db_use(db, SQL_STATE_CHECKPOINTS);

	db_bind_int(db, statement, 1, store->node);
	while (db_row(db, statement)) {
		struct checkpoint *larger =
		    room(db, state->checkpoints, state->checkpoint_count, sizeof(*larger));

		if (!larger)
			continue;
		state->checkpoints = larger;
		state->checkpoints[state->checkpoint_count++] = checkpoint_of(statement);
	}
}

static void load_facts(struct store *store, struct store_state *state)
{
	struct db *db = &store->db;
	sqlite3_stmt *statement = db_use(db, SQL_STATE_FACTS);

	db_bind_int(db, statement, 1, store->node);
	while (db_row(db, statement)) {
		struct fact *larger = room(db, state->facts, state->fact_count, sizeof(*larger)),
			    *fact;

		if (!larger)
			continue;
		state->facts = larger;
		fact = &state->facts[state->fact_count++];
		fact->name = strdup(db_column_text(statement, 0));
		fact->value = strdup(db_column_text(statement, 1));
		if (!fact->name || !fact->value)
			db_fail(db, -ENOMEM, "out of memory");
	}
}

static void keep_pod(struct db *db, struct store_state *state, struct pod_rows *rows,
		     struct numbers *loaded)
{
	struct pod *larger = room(db, state->pods, state->pod_count, sizeof(*larger));

	numbers_add(db, loaded, rows->number);
	if (larger) {
		state->pods = larger;
		state->pods[state->pod_count++] = rows->pod;
		rows->pod = (struct pod){0};
	}
	pod_rows_clear(rows);
}

/* An address that a live connection had when it began, long ago. */
struct sighting {
	struct addr address;
	int64_t when;
};

struct sightings {
	struct sighting *items;
	size_t count;
};

static int compare_sightings(const void *a, const void *b)
{
	const struct sighting *x = a, *y = b;
	int order = addr_compare(x->address, y->address);

	return order ? order : (x->when > y->when) - (x->when < y->when);
}

static void add_sighting(struct sightings *sightings, struct addr address, int64_t when)
{
	if (addr_is_set(address))
		sightings->items[sightings->count++] = (struct sighting){address, when};
}

/* Of connections that began before the moment. */
static void collect_sightings(struct db *db, const struct store_state *state, int64_t before,
			      struct sightings *sightings)
{
	sightings->items = calloc(4 * state->checkpoint_count + 1, sizeof(*sightings->items));
	if (!sightings->items) {
		db_fail(db, -ENOMEM, "out of memory");
		return;
	}
	for (size_t i = 0; i < state->checkpoint_count; i++) {
		const struct checkpoint *checkpoint = &state->checkpoints[i];
		int64_t when = clock_msec(checkpoint->first_ns);

		if (when >= before)
			continue;
		add_sighting(sightings, checkpoint->original.source, when);
		add_sighting(sightings, checkpoint->original.destination, when);
		add_sighting(sightings, checkpoint->reply.source, when);
		add_sighting(sightings, checkpoint->reply.destination, when);
	}
	qsort(sightings->items, sightings->count, sizeof(*sightings->items), compare_sightings);
}

/* Sightings are of one address, by time. */
static bool is_sighted(const struct sighting *sightings, size_t count, int64_t since, int64_t until)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sightings[middle].when < since - SLACK_MS)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && sightings[low].when - SLACK_MS < until;
}

static void add_sighted_pods(struct store *store, const struct sighting *sightings, size_t count,
			     struct numbers *pods)
{
	struct db *db = &store->db;
	char text[ADDR_TEXT_MAX];
	sqlite3_stmt *statement = db_use(db, SQL_STATE_POD_TURNS);

	db_bind_int(db, statement, 1, store->node);
	db_bind_text(db, statement, 2, addr_format(sightings->address, text));
	while (db_row(db, statement)) {
		bool open = sqlite3_column_type(statement, 2) == SQLITE_NULL;
		int64_t until = open ? INTERVAL_OPEN : sqlite3_column_int64(statement, 2);

		if (is_sighted(sightings, count, sqlite3_column_int64(statement, 1), until))
			numbers_add(db, pods, sqlite3_column_int64(statement, 0));
	}
}

/* A connection that goes on may have begun long ago, with a pod that is gone. */
static void find_sighted_pods(struct store *store, const struct store_state *state, int64_t before,
			      struct numbers *pods)
{
	struct sightings sightings = {0};
	size_t end;

	collect_sightings(&store->db, state, before, &sightings);
	for (size_t i = 0; i < sightings.count && !store->db.error; i = end) {
		const struct sighting *first = &sightings.items[i];

		for (end = i; end < sightings.count &&
			      addr_equal(sightings.items[end].address, first->address);
		     end++)
			;
		add_sighted_pods(store, first, end - i, pods);
	}
	free(sightings.items);
}

static int compare_numbers(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void load_pod(struct store *store, int64_t number, struct store_state *state,
		     struct numbers *loaded)
{
	struct db *db = &store->db;
	struct pod_rows rows = {.scale = NSEC_PER_MSEC};
	sqlite3_stmt *statement = db_use(db, SQL_STATE_POD);

	db_bind_int(db, statement, 1, number);
	while (db_row(db, statement))
		pod_rows_add(&rows, db, statement);
	if (rows.number)
		keep_pod(db, state, &rows, loaded);
}

/* loaded: their rows. */
static void load_pods(struct store *store, struct store_state *state, struct numbers *loaded)
{
	struct db *db = &store->db;
	const int64_t since = store->heartbeat - LATE_MS;
	struct numbers pods = {0};
	sqlite3_stmt *statement = db_use(db, SQL_STATE_PODS);

	db_bind_int(db, statement, 1, store->node);
	db_bind_int(db, statement, 2, since);
	numbers_collect(db, statement, &pods);
	find_sighted_pods(store, state, since, &pods);
	if (pods.count > 0)
		qsort(pods.items, pods.count, sizeof(*pods.items), compare_numbers);
	for (size_t i = 0; i < pods.count && !db->error; i++)
		if (i == 0 || pods.items[i] != pods.items[i - 1])
			load_pod(store, pods.items[i], state, loaded);
	numbers_clear(&pods);
	state->pods_since = store->heartbeat ? since * NSEC_PER_MSEC : INT64_MIN;
}

static uint32_t number_of(const struct idmap *numbers, uint32_t row)
{
	int64_t key = row;

	return (uint32_t)idmap_get(numbers, &key);
}

/* The pods are told: their numbers follow their order. */
static void number_pods(struct store *store, struct store_state *state,
			const struct numbers *loaded)
{
	struct idmap numbers;

	idmap_init(&numbers, sizeof(int64_t), 0);
	for (uint32_t i = 0; i < loaded->count; i++) {
		uint32_t number = i + 1;

		if (!idmap_put(&numbers, &loaded->items[i], number) ||
		    !idmap_put(&store->pods, &number, loaded->items[i]))
			db_fail(&store->db, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < state->checkpoint_count; i++) {
		struct checkpoint *checkpoint = &state->checkpoints[i];

		checkpoint->source_pod = number_of(&numbers, checkpoint->source_pod);
		checkpoint->destination_pod = number_of(&numbers, checkpoint->destination_pod);
	}
	idmap_clear(&numbers);
}

int store_load_state(struct store *store, struct store_state *ret)
{
	struct store_state state = {.heartbeat = store->heartbeat};
	struct numbers loaded = {0};
	int error;

	load_checkpoints(store, &state);
	load_facts(store, &state);
	load_pods(store, &state, &loaded);
	number_pods(store, &state, &loaded);
	numbers_clear(&loaded);
	error = db_take_error(&store->db);
	if (error) {
		store_state_clear(&state);
		idmap_clear(&store->pods);
	} else {
		*ret = state;
	}
	return error;
}

void store_state_clear(struct store_state *state)
{
	for (size_t i = 0; i < state->fact_count; i++) {
		free(state->facts[i].name);
		free(state->facts[i].value);
	}
	for (size_t i = 0; i < state->pod_count; i++)
		pod_clear(&state->pods[i]);
	free(state->checkpoints);
	free(state->facts);
	free(state->pods);
	*state = (struct store_state){0};
}
