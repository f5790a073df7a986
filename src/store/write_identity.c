#include "store/store_internal.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"

void numbers_add(struct db *db, struct numbers *numbers, int64_t number)
{
	if (numbers->count == numbers->capacity) {
		size_t capacity = numbers->capacity ? numbers->capacity * 2 : 64;
		int64_t *items = reallocarray(numbers->items, capacity, sizeof(*items));

		if (!items) {
			db_fail(db, -ENOMEM, "out of memory");
			return;
		}
		numbers->items = items;
		numbers->capacity = capacity;
	}
	numbers->items[numbers->count++] = number;
}

void numbers_collect(struct db *db, sqlite3_stmt *statement, struct numbers *numbers)
{
	while (db_row(db, statement))
		numbers_add(db, numbers, sqlite3_column_int64(statement, 0));
}

void numbers_clear(struct numbers *numbers)
{
	free(numbers->items);
	*numbers = (struct numbers){0};
}

static void write_interval(struct store *store, int64_t pod, const struct pod_address *interval)
{
	struct db *db = &store->db;
	char address[ADDR_TEXT_MAX];
	sqlite3_stmt *statement = db_use(db, SQL_POD_ADDRESS_PUT);

	if (!addr_is_set(interval->address))
		db_fail(db, -EINVAL, "a pod's address is none");
	db_bind_int(db, statement, 1, pod);
	db_bind_text(db, statement, 2, addr_format(interval->address, address));
	db_bind_int(db, statement, 3, clock_msec(interval->since));
	if (interval->until == INTERVAL_OPEN)
		db_bind_null(db, statement, 4);
	else
		db_bind_int(db, statement, 4, clock_msec(interval->until));
	db_bind_int(db, statement, 5, interval->exact);
	db_bind_int(db, statement, 6, interval->secondary);
	db_run(db, statement);
}

static void write_word(struct store *store, int64_t pod, const struct pod_word *word)
{
	struct db *db = &store->db;
	sqlite3_stmt *statement = db_use(db, SQL_POD_WORD_PUT);

	db_bind_int(db, statement, 1, pod);
	db_bind_text(db, statement, 2, word->source);
	db_bind_text(db, statement, 3, word->place);
	db_bind_text(db, statement, 4, word->said);
	db_run(db, statement);
}

/* Of one that ended, and whose sources agreed: its columns say it all. */
static void forget_words(struct store *store, int64_t pod)
{
	sqlite3_stmt *statement = db_use(&store->db, SQL_POD_WORDS_FORGET);

	db_bind_int(&store->db, statement, 1, pod);
	db_run(&store->db, statement);
}

static void bind_names(struct store *store, sqlite3_stmt *statement, const struct pod *pod)
{
	struct db *db = &store->db;

	db_bind_int(db, statement, 1, store->node);
	db_bind_text(db, statement, 2, pod->sandbox);
	db_bind_text(db, statement, 3, pod->namespace);
	db_bind_text(db, statement, 4, pod->name);
	db_bind_text(db, statement, 5, pod->uid);
}

static void bind_moment(struct db *db, sqlite3_stmt *statement, int index, int64_t moment)
{
	if (moment == 0 || moment == INTERVAL_OPEN)
		db_bind_null(db, statement, index);
	else
		db_bind_int(db, statement, index, clock_msec(moment));
}

/* row 0: it is made. Gives the row, or 0 where it is of another sandbox. */
static int64_t put_pod(struct store *store, const struct pod *pod, int64_t row)
{
	struct db *db = &store->db;
	char *labels = pod->labelled ? labels_print(&pod->labels) : NULL;
	sqlite3_stmt *statement = db_use(db, row ? SQL_POD_UPDATE : SQL_POD_PUT);

	if (pod->labelled && !labels)
		db_fail(db, -ENOMEM, "out of memory");
	bind_names(store, statement, pod);
	db_bind_text(db, statement, 6, pod->source);
	db_bind_text(db, statement, 7, pod->conflict ? pod->conflict : "");
	db_bind_text(db, statement, 8, labels);
	db_bind_int(db, statement, 9, pod->host_network);
	bind_moment(db, statement, 10, pod->created);
	bind_moment(db, statement, 11, pod->ended);
	if (row)
		db_bind_int(db, statement, 12, row);
	row = db_run_int(db, statement, 0);
	free(labels);
	return row;
}

static int64_t find_pod(struct store *store, const struct pod *pod)
{
	sqlite3_stmt *statement = db_use(&store->db, SQL_POD_FIND);

	bind_names(store, statement, pod);
	return db_run_int(&store->db, statement, 0);
}

static void forget_open_intervals(struct store *store, int64_t pod)
{
	sqlite3_stmt *statement = db_use(&store->db, SQL_POD_REOPEN);

	db_bind_int(&store->db, statement, 1, pod);
	db_run(&store->db, statement);
}

static void end_row(struct store *store, int64_t pod, int64_t when)
{
	struct db *db = &store->db;
	sqlite3_stmt *statement = db_use(db, SQL_POD_END);

	db_bind_int(db, statement, 1, pod);
	db_bind_int(db, statement, 2, when);
	db_run(db, statement);
	forget_words(store, pod);
}

/* A pod that was told before its sandbox or names were known is the same row still, unless an
 * earlier run has one of that sandbox: then the row was no pod of its own. */
static int64_t write_names(struct store *store, const struct batch_pod *entry, int64_t when)
{
	int64_t told = idmap_get(&store->pods, &entry->number);
	int64_t row = find_pod(store, &entry->pod);

	if (row && told > 0 && told != row) {
		forget_open_intervals(store, told);
		end_row(store, told, when);
	}
	if (!row && told > 0)
		row = told;
	if (row)
		row = put_pod(store, &entry->pod, row);
	return row ? row : put_pod(store, &entry->pod, 0);
}

static bool has_settled(const struct pod *pod)
{
	return pod->ended != 0 && pod->ended != INTERVAL_OPEN &&
	       (!pod->conflict || !*pod->conflict);
}

static void write_words(struct store *store, int64_t row, const struct pod *pod)
{
	if (has_settled(pod))
		forget_words(store, row);
	else
		for (size_t i = 0; i < pod->word_count; i++)
			write_word(store, row, &pod->words[i]);
}

static void write_pod(struct store *store, const struct batch_pod *entry, int64_t when)
{
	int64_t pod = write_names(store, entry, when);

	if (store->db.error)
		return;
	if (entry->number == 0)
		db_fail(&store->db, -EINVAL, "a pod without a number");
	if (!idmap_put(&store->pods, &entry->number, pod))
		db_fail(&store->db, -ENOMEM, "out of memory");
	forget_open_intervals(store, pod);
	for (size_t i = 0; i < entry->pod.address_count; i++)
		write_interval(store, pod, &entry->pod.addresses[i]);
	write_words(store, pod, &entry->pod);
}

static void end_pod(struct store *store, int64_t pod)
{
	struct db *db = &store->db;
	sqlite3_stmt *statement = db_use(db, SQL_POD_ADDRESSES_END);

	db_bind_int(db, statement, 1, pod);
	db_bind_int(db, statement, 2, store->heartbeat);
	db_run(db, statement);
	end_row(store, pod, store->heartbeat);
}

/* Pods that vanished while nobody looked. */
static void end_unnamed_pods(struct store *store)
{
	struct db *db = &store->db;
	struct numbers open = {0};
	struct idmap named;
	size_t position = 0;
	int64_t *pod;
	sqlite3_stmt *statement = db_use(db, SQL_POD_OPEN);

	idmap_init(&named, sizeof(*pod), 0);
	while (idmap_next(&store->pods, &position, &pod)) {
		if (!idmap_put(&named, pod, 1))
			db_fail(db, -ENOMEM, "out of memory");
	}
	db_bind_int(db, statement, 1, store->node);
	numbers_collect(db, statement, &open);
	for (size_t i = 0; i < open.count; i++) {
		if (!idmap_get(&named, &open.items[i]))
			end_pod(store, open.items[i]);
	}
	numbers_clear(&open);
	idmap_clear(&named);
}

static void begin_own_address(struct store *store, struct addr address, int64_t when)
{
	struct db *db = &store->db;
	char text[ADDR_TEXT_MAX];
	sqlite3_stmt *statement = db_use(db, SQL_NODE_ADDRESS_PUT);

	db_bind_int(db, statement, 1, store->node);
	db_bind_text(db, statement, 2, addr_format(address, text));
	db_bind_int(db, statement, 3, when);
	db_run(db, statement);
	if (!idmap_put(&store->own, &address, 1))
		db_fail(db, -ENOMEM, "out of memory");
}

static void end_own_address(struct store *store, struct addr address, int64_t when)
{
	struct db *db = &store->db;
	char text[ADDR_TEXT_MAX];
	sqlite3_stmt *statement = db_use(db, SQL_NODE_ADDRESS_END);

	db_bind_int(db, statement, 1, store->node);
	db_bind_text(db, statement, 2, addr_format(address, text));
	db_bind_int(db, statement, 3, when);
	db_run(db, statement);
}

/* Collected first: ending one changes the table that is walked. */
static void end_unnamed_addresses(struct store *store)
{
	struct db *db = &store->db;
	struct addr *open = NULL;
	size_t count = 0;
	sqlite3_stmt *statement = db_use(db, SQL_NODE_ADDRESS_OPEN);

	db_bind_int(db, statement, 1, store->node);
	while (db_row(db, statement)) {
		const char *text = db_column_text(statement, 0);
		struct addr address = {0}, *larger;

		if (addr_parse(text, &address) < 0)
			db_fail(db, -EBADMSG, "damaged: a node's address is \"%s\"", text);
		if (idmap_get(&store->own, &address))
			continue;
		larger = reallocarray(open, count + 1, sizeof(*open));
		if (larger)
			(open = larger)[count++] = address;
		else
			db_fail(db, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < count; i++)
		end_own_address(store, open[i], store->heartbeat);
	free(open);
}

void write_identity(struct store *store, const struct batch *batch)
{
	for (size_t i = 0; i < batch->pod_count && !store->db.error; i++)
		write_pod(store, &batch->pods[i], batch->time);
	for (size_t i = 0; i < batch->address_count && !store->db.error; i++) {
		const struct node_address *entry = &batch->addresses[i];

		if (!addr_is_set(entry->address))
			db_fail(&store->db, -EINVAL, "a node's address is none");
		else if (entry->present)
			begin_own_address(store, entry->address, batch->time);
		else
			end_own_address(store, entry->address, batch->time);
	}
	if (batch->pods_complete && !store->settled) {
		end_unnamed_pods(store);
		end_unnamed_addresses(store);
	}
}
