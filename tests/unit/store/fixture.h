/* A database in a folder of its own, and short ways to say what goes into it. For tests of the
 * store. */
#ifndef NETPOL_TESTS_UNIT_STORE_FIXTURE_H
#define NETPOL_TESTS_UNIT_STORE_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "store/store.h"

#define UNUSED __attribute__((unused))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ALWAYS ((struct interval){INT64_MIN, INT64_MAX})

struct place {
	char folder[64];
	char path[96];
};

static UNUSED int place_setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	strcpy(place->folder, "/tmp/netpol-store-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	assert_int_equal(chmod(place->folder, 0755), 0);
	snprintf(place->path, sizeof(place->path), "%s/flows.db", place->folder);
	*state = place;
	return 0;
}

static UNUSED int place_teardown(void **state)
{
	struct place *place = *state;
	DIR *folder;
	struct dirent *entry;

	chmod(place->folder, 0755);
	folder = opendir(place->folder);
	assert_non_null(folder);
	while ((entry = readdir(folder))) {
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			unlinkat(dirfd(folder), entry->d_name, 0);
	}
	closedir(folder);
	assert_int_equal(rmdir(place->folder), 0);
	free(place);
	return 0;
}

static UNUSED struct store *open_store(const char *path)
{
	const struct store_options options = {.readable_after_close = true};
	struct store *store = NULL;
	char *error = NULL;

	if (store_open(path, &options, &store, &error) < 0)
		fail_msg("%s", error);
	return store;
}

static UNUSED struct store *open_node(const char *path, const char *node)
{
	struct store *store = open_store(path);

	assert_int_equal(store_use_node(store, node), 0);
	return store;
}

static UNUSED struct reader *open_reader(const char *path)
{
	struct reader *reader = NULL;
	char *error = NULL;

	if (reader_open(path, &reader, &error) < 0)
		fail_msg("%s", error);
	return reader;
}

static UNUSED int count_node(void *context, const char *node, int64_t first, int64_t heartbeat)
{
	(void)node;
	(void)first;
	(void)heartbeat;
	*(int *)context += 1;
	return 0;
}

/* A reader that holds a snapshot until reader_end(). */
static UNUSED struct reader *open_snapshot(const char *path)
{
	struct reader *reader = open_reader(path);
	int nodes = 0;

	assert_int_equal(reader_nodes(reader, count_node, &nodes), 0);
	assert_int_equal(nodes, 1);
	return reader;
}

static UNUSED int open_reader_error(const char *path, char **ret_error)
{
	struct reader *reader = NULL;
	int error = reader_open(path, &reader, ret_error);

	assert_null(reader);
	return error;
}

static UNUSED struct addr ip(const char *text)
{
	struct addr address;

	assert_int_equal(addr_parse(text, &address), 0);
	return address;
}

/* Literals for structs that own their strings elsewhere. */
static UNUSED char *text(const char *literal)
{
	return (char *)(uintptr_t)literal;
}

static UNUSED struct pod a_pod(const char *name, const char *sandbox, struct pod_address *addresses,
			       size_t count)
{
	return (struct pod){.namespace = text("shop"),
			    .name = text(name),
			    .uid = text("uid-1"),
			    .sandbox = text(sandbox),
			    .source = text("cni-result"),
			    .addresses = addresses,
			    .address_count = count};
}

/* 10.0.0.1 to 10.0.0.2:port, answered, one connection of ten bytes in the minute that begins at
 * window. */
static UNUSED struct flow a_flow(uint16_t port, int64_t window)
{
	struct flow flow;

	memset(&flow, 0, sizeof(flow));
	flow.key.source = ip("10.0.0.1");
	flow.key.destination = ip("10.0.0.2");
	flow.key.protocol = 6;
	flow.key.port = port;
	flow.key.has_port = 1;
	flow.key.verdict = VERDICT_ANSWERED;
	flow.window = window;
	flow.length = 60000;
	flow.totals = (struct totals){.connections = 1,
				      .closed = 1,
				      .counted = 1,
				      .packets_sent = 2,
				      .packets_received = 3,
				      .bytes_sent = 10,
				      .bytes_received = 20};
	flow.first_seen = window + 5;
	flow.last_seen = window + 10;
	return flow;
}

static UNUSED void write_batch(struct store *store, const struct batch *batch)
{
	if (store_write(store, batch) < 0)
		fail_msg("%s", store_error(store));
}

static UNUSED void write_flow_array(struct store *store, int64_t time, struct flow *flows,
				    size_t count)
{
	const struct batch batch = {.time = time, .flows = flows, .flow_count = count};

	write_batch(store, &batch);
}

static UNUSED void write_one(struct store *store, struct flow flow)
{
	write_flow_array(store, flow.last_seen, &flow, 1);
}

/* What the database says to a query of one number, through a connection of its own. */
static UNUSED int64_t ask(const char *path, const char *query)
{
	sqlite3 *handle = NULL;
	sqlite3_stmt *statement = NULL;
	int64_t answer;

	assert_int_equal(sqlite3_open_v2(path, &handle, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	sqlite3_busy_timeout(handle, 5000);
	if (sqlite3_prepare_v2(handle, query, -1, &statement, NULL) != SQLITE_OK)
		fail_msg("%s: %s", query, sqlite3_errmsg(handle));
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	answer = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(handle);
	return answer;
}

/* Changes a database that nobody has open. */
static UNUSED void change(const char *path, const char *script)
{
	sqlite3 *handle = NULL;

	assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
	if (sqlite3_exec(handle, script, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", script, sqlite3_errmsg(handle));
	sqlite3_close(handle);
}

/* Rows that a visitor saw. */
#define SEEN_MAX 4096
struct seen {
	size_t count;
	struct edge edges[SEEN_MAX];
	struct stored_flow flows[SEEN_MAX];
};

static UNUSED int see_edge(void *context, const struct edge *edge)
{
	struct seen *seen = context;

	assert_true(seen->count < SEEN_MAX);
	seen->edges[seen->count++] = *edge;
	return 0;
}

static UNUSED int see_flow(void *context, const struct stored_flow *flow)
{
	struct seen *seen = context;

	assert_true(seen->count < SEEN_MAX);
	seen->flows[seen->count++] = *flow;
	return 0;
}

static UNUSED struct seen *edges_in(struct reader *reader, struct interval interval)
{
	struct seen *seen = calloc(1, sizeof(*seen));

	assert_non_null(seen);
	if (reader_edges(reader, interval, see_edge, seen) != 0)
		fail_msg("%s", reader_error(reader));
	return seen;
}

static UNUSED struct seen *flows_in(struct reader *reader, struct interval interval)
{
	struct seen *seen = calloc(1, sizeof(*seen));

	assert_non_null(seen);
	if (reader_flows(reader, interval, see_flow, seen) != 0)
		fail_msg("%s", reader_error(reader));
	return seen;
}

static UNUSED void assert_totals(const struct totals *a, const struct totals *b)
{
	assert_int_equal(a->connections, b->connections);
	assert_int_equal(a->closed, b->closed);
	assert_int_equal(a->counted, b->counted);
	assert_int_equal(a->packets_sent, b->packets_sent);
	assert_int_equal(a->packets_received, b->packets_received);
	assert_int_equal(a->bytes_sent, b->bytes_sent);
	assert_int_equal(a->bytes_received, b->bytes_received);
	assert_int_equal(a->timed_out, b->timed_out);
	assert_int_equal(a->reset, b->reset);
	assert_int_equal(a->evicted, b->evicted);
	assert_int_equal(a->deleted, b->deleted);
	assert_int_equal(a->vanished, b->vanished);
}

static UNUSED void assert_sound(const char *path)
{
	assert_int_equal(
	    ask(path, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"),
	    0);
	assert_int_equal(ask(path, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
}

#endif
