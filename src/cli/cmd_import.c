#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/problem.h"
#include "cli/command.h"
#include "cli/evidence.h"
#include "cli/import_gadget.h"
#include "cli/import_gather.h"
#include "cli/import_hubble.h"
#include "cli/progress.h"

#define BATCH_FLOWS 4096u
#define BATCH_OBJECTS 256u

/* Longer lines are not read: memory has a bound, and a file of no lines an end. */
#define LINE_BYTES_MAX (16u << 20)

/* Why lines of other recorders are left out: as many reasons as the decoders have, and more. */
#define REASONS_MAX 16u

struct left_out {
	const char *what; /* static text */
	uint64_t lines;
};

/* A node of the evidence; one node's lines make one run of the store. */
struct import_node {
	char *name;
	int64_t heartbeat;
	json_t *pods; /* "namespace/name" → array of numbers */
};

struct import {
	const struct options *options;
	struct store *store;
	struct problems problems;
	struct progress progress;
	struct import_node *nodes;
	size_t node_count;
	struct import_node *node; /* of the batch */
	struct pod *pods;         /* of all nodes: the store wants numbers that are unique */
	uint32_t pod_count;       /* numbers are 1 … pod_count */
	struct batch *batch;
	int64_t batch_time; /* 0: any will do */
	size_t flow_capacity;
	struct gathering *gathering; /* of other recorders' lines; NULL: none yet */
	struct left_out left_out[REASONS_MAX];
	const char *file;
	unsigned line;
};

static void complain(struct import *import, const char *reason)
{
	char subject[512];

	snprintf(subject, sizeof(subject), "%s:%u", import->file, import->line);
	problem_add(&import->problems, PROBLEM_ERROR, subject, "%s", reason);
}

/* ---- batches ---- */

static int flush_batch(struct import *import)
{
	int r;

	if (!import->batch)
		return 0;
	import->batch->time = import->batch_time ? import->batch_time : import->node->heartbeat;
	r = store_use_node(import->store, import->node->name);
	if (r == 0)
		r = store_write(import->store, import->batch);
	if (r < 0)
		complain(import, store_error(import->store));
	import->batch = batch_free(import->batch);
	import->flow_capacity = 0;
	import->batch_time = 0;
	return r;
}

/* A batch has one node, and one moment where that matters (time not 0). */
static int need_batch(struct import *import, struct import_node *node, int64_t time)
{
	if (import->batch &&
	    (import->node != node || (time && import->batch_time && time != import->batch_time) ||
	     import->batch->flow_count >= BATCH_FLOWS ||
	     import->batch->object_count >= BATCH_OBJECTS)) {
		int r = flush_batch(import);

		if (r < 0)
			return r;
	}
	if (!import->batch)
		import->batch = calloc(1, sizeof(*import->batch));
	import->node = node;
	if (time)
		import->batch_time = time;
	return import->batch ? 0 : -ENOMEM;
}

/* ---- nodes and pods ---- */

static struct import_node *find_node(struct import *import, const char *name)
{
	struct import_node *nodes;

	for (size_t i = 0; i < import->node_count; i++)
		if (strcmp(import->nodes[i].name, name) == 0)
			return &import->nodes[i];
	if (flush_batch(import) < 0)
		return NULL;
	nodes = realloc(import->nodes, (import->node_count + 1) * sizeof(*nodes));
	if (!nodes)
		return NULL;
	import->nodes = nodes;
	nodes[import->node_count] =
	    (struct import_node){.name = strdup(name), .pods = json_object()};
	if (!nodes[import->node_count].name || !nodes[import->node_count].pods)
		return NULL;
	return &nodes[import->node_count++];
}

static char *pod_name_key(const char *namespace, const char *name)
{
	char *key = NULL;

	return asprintf(&key, "%s/%s", namespace, name) < 0 ? NULL : key;
}

/* Evidence has milliseconds, a batch nanoseconds. */
static int copy_in_nanoseconds(const struct pod *pod, struct pod *ret)
{
	int r = pod_copy(pod, ret);

	if (r < 0)
		return r;
	ret->created *= NSEC_PER_MSEC;
	if (ret->ended != INTERVAL_OPEN)
		ret->ended *= NSEC_PER_MSEC;
	for (size_t i = 0; i < ret->address_count; i++) {
		ret->addresses[i].since *= NSEC_PER_MSEC;
		if (ret->addresses[i].until != INTERVAL_OPEN)
			ret->addresses[i].until *= NSEC_PER_MSEC;
	}
	return 0;
}

static int remember_pod(struct import *import, struct import_node *node, const struct pod *pod)
{
	char *key = pod_name_key(pod->namespace, pod->name);
	struct pod *pods = realloc(import->pods, (import->pod_count + 1) * sizeof(*pods));
	json_t *numbers = NULL;
	int r = -ENOMEM;

	if (pods)
		import->pods = pods;
	if (!key || !pods || pod_copy(pod, &pods[import->pod_count]) < 0)
		goto out;
	import->pod_count++;
	numbers = json_object_get(node->pods, key);
	if (!numbers && json_object_set_new(node->pods, key, json_array()) == 0)
		numbers = json_object_get(node->pods, key);
	if (json_array_append_new(numbers, json_integer(import->pod_count)) == 0)
		r = 0;
out:
	free(key);
	return r;
}

/* What several databases have of one pod are several lines. */
static bool is_one_sandbox(const struct pod *a, const struct pod *b)
{
	return *a->sandbox && strcmp(a->sandbox, b->sandbox) == 0 && strcmp(a->uid, b->uid) == 0;
}

/* The one pod that the end names; 0 with a complaint if there is none or more than one. */
static uint32_t find_pod(struct import *import, const struct import_node *node,
			 const struct evidence_pod *pod)
{
	char *key = pod_name_key(pod->namespace, pod->name);
	json_t *numbers = key ? json_object_get(node->pods, key) : NULL;
	uint32_t found = 0;
	char reason[256];

	free(key);
	for (size_t i = 0; i < json_array_size(numbers); i++) {
		uint32_t number = (uint32_t)json_integer_value(json_array_get(numbers, i));
		const struct pod *known = &import->pods[number - 1];

		if ((pod->uid[0] && strcmp(pod->uid, known->uid) != 0) ||
		    (pod->sandbox[0] && strcmp(pod->sandbox, known->sandbox) != 0))
			continue;
		if (found && !is_one_sandbox(known, &import->pods[found - 1])) {
			complain(import,
				 "more than one pod line has that name: give uid or sandbox");
			return 0;
		}
		found = number;
	}
	if (!found) {
		snprintf(reason, sizeof(reason),
			 "no pod line of this node before it has %.100s/%.100s", pod->namespace,
			 pod->name);
		complain(import, reason);
	}
	return found;
}

/* ---- lines ---- */

static int take_header(struct import *import, struct import_node *node,
		       const struct evidence *evidence)
{
	node->heartbeat = evidence->until;
	return evidence->from ? need_batch(import, node, evidence->from) : 0;
}

static int take_pod(struct import *import, struct import_node *node,
		    const struct evidence *evidence)
{
	struct batch_pod *pods;
	int r = need_batch(import, node, 0);

	if (r == 0)
		r = remember_pod(import, node, &evidence->pod);
	if (r < 0)
		return r;
	pods = realloc(import->batch->pods, (import->batch->pod_count + 1) * sizeof(*pods));
	if (!pods)
		return -ENOMEM;
	import->batch->pods = pods;
	r = copy_in_nanoseconds(&evidence->pod, &pods[import->batch->pod_count].pod);
	if (r < 0)
		return r;
	pods[import->batch->pod_count++].number = import->pod_count;
	return 0;
}

static int add_address(struct import *import, struct import_node *node, struct addr address,
		       bool present, int64_t when)
{
	struct node_address *addresses;
	int r = need_batch(import, node, when);

	if (r < 0)
		return r;
	addresses = realloc(import->batch->addresses,
			    (import->batch->address_count + 1) * sizeof(*addresses));
	if (!addresses)
		return -ENOMEM;
	import->batch->addresses = addresses;
	addresses[import->batch->address_count++] =
	    (struct node_address){.address = address, .present = present};
	return 0;
}

static int take_address(struct import *import, struct import_node *node,
			const struct evidence *evidence)
{
	struct addr address;
	int r;

	if (addr_parse(evidence->value, &address) < 0) {
		complain(import, "\"value\": expected an IPv4 or IPv6 address");
		return 0;
	}
	r = add_address(import, node, address, true, evidence->from);
	if (r == 0 && evidence->until != INTERVAL_OPEN)
		r = add_address(import, node, address, false, evidence->until);
	return r;
}

static int take_fact(struct import *import, struct import_node *node,
		     const struct evidence *evidence)
{
	int r;

	if (strcmp(evidence->name, EVIDENCE_ADDRESS_FACT) == 0)
		return take_address(import, node, evidence);
	r = need_batch(import, node, evidence->from);
	return r < 0 ? r : batch_add_fact(import->batch, evidence->name, evidence->value);
}

static int take_object(struct import *import, struct import_node *node,
		       const struct evidence *evidence)
{
	const struct stored_object *told = &evidence->object;
	struct batch_object *objects, *object;
	int r = need_batch(import, node, 0);

	if (r < 0)
		return r;
	objects =
	    reallocarray(import->batch->objects, import->batch->object_count + 1, sizeof(*objects));
	if (!objects)
		return -ENOMEM;
	import->batch->objects = objects;
	object = &objects[import->batch->object_count++];
	*object = (struct batch_object){.kind = strdup(told->kind),
					.namespace = strdup(told->namespace),
					.name = strdup(told->name),
					.uid = strdup(told->uid),
					.content = strdup(told->content),
					.since = told->since,
					.until = told->until};
	return object->kind && object->namespace && object->name && object->uid && object->content
		   ? 0
		   : -ENOMEM;
}

/* A gap's reason must outlive the line, so it goes at once. */
static int take_gap(struct import *import, struct import_node *node,
		    const struct evidence *evidence)
{
	int r = need_batch(import, node, 0);

	if (r < 0)
		return r;
	import->batch->gaps = malloc(sizeof(*import->batch->gaps));
	if (!import->batch->gaps)
		return -ENOMEM;
	import->batch->gaps[0] = evidence->gap;
	import->batch->gap_count = 1;
	return flush_batch(import);
}

static int take_flow(struct import *import, struct import_node *node, struct evidence *evidence)
{
	struct flow *flow = &evidence->flow;
	size_t capacity;
	struct flow *flows;
	int r = need_batch(import, node, 0);

	if (r < 0)
		return r;
	if (evidence->source.name)
		flow->key.source_pod = find_pod(import, node, &evidence->source);
	if (evidence->destination.name)
		flow->key.destination_pod = find_pod(import, node, &evidence->destination);
	if (import->batch->flow_count == import->flow_capacity) {
		capacity = import->flow_capacity ? import->flow_capacity * 2 : 64;
		flows = realloc(import->batch->flows, capacity * sizeof(*flows));
		if (!flows)
			return -ENOMEM;
		import->batch->flows = flows;
		import->flow_capacity = capacity;
	}
	import->batch->flows[import->batch->flow_count++] = *flow;
	return 0;
}

/* Takes the tree. */
static int take_evidence(struct import *import, json_t *tree)
{
	struct evidence evidence;
	struct import_node *node;
	char reason[256] = "";
	int r = evidence_decode(tree, &evidence, reason);

	if (r == -EINVAL) {
		complain(import, reason);
		return 0;
	}
	if (r < 0)
		return r;
	node = find_node(import, evidence.node);
	if (!node)
		r = -ENOMEM;
	else if (evidence.type == EVIDENCE_HEADER)
		r = take_header(import, node, &evidence);
	else if (evidence.type == EVIDENCE_POD)
		r = take_pod(import, node, &evidence);
	else if (evidence.type == EVIDENCE_FACT)
		r = take_fact(import, node, &evidence);
	else if (evidence.type == EVIDENCE_OBJECT)
		r = take_object(import, node, &evidence);
	else if (evidence.type == EVIDENCE_GAP)
		r = take_gap(import, node, &evidence);
	else
		r = take_flow(import, node, &evidence);
	evidence_clear(&evidence);
	return r;
}

static void count_left_out(struct import *import, const char *what)
{
	size_t i = 0;

	while (i + 1 < REASONS_MAX && import->left_out[i].what && import->left_out[i].what != what)
		i++;
	import->left_out[i].what = what;
	import->left_out[i].lines++;
}

/* A line of another recorder, by its decoder. */
static int take_sighting(struct import *import, const json_t *tree,
			 int decode(const json_t *tree, struct sighting *ret,
				    char reason[static 256]))
{
	struct sighting sighting;
	char reason[256] = "";
	int r = decode(tree, &sighting, reason);

	if (r == -EINVAL) {
		complain(import, reason);
		return 0;
	}
	if (r < 0)
		return r;
	if (sighting.left_out)
		count_left_out(import, sighting.left_out);
	if (!import->gathering)
		import->gathering = gathering_new(import->store, GATHER_CONNECTIONS_MAX);
	r = import->gathering ? gathering_take(import->gathering, &sighting, import->file)
			      : -ENOMEM;
	sighting_clear(&sighting);
	if (r == -E2BIG)
		complain(import, "too many nodes: more than 5000");
	else if (r < 0 && *store_error(import->store))
		complain(import, store_error(import->store));
	return r;
}

static int take_line(struct import *import, const char *line, size_t length)
{
	char reason[256] = "";
	json_t *tree = NULL;
	int r = evidence_parse(line, length, &tree, reason);

	if (r == -EINVAL) {
		complain(import, reason);
		return 0;
	}
	if (r < 0)
		return r;
	if (!hubble_is(tree) && !gadget_is(tree))
		return take_evidence(import, tree);
	r = take_sighting(import, tree, hubble_is(tree) ? hubble_decode : gadget_decode);
	json_decref(tree);
	return r;
}

static bool is_blank(const char *line, size_t length)
{
	return strspn(line, " \t\r\n") == length;
}

struct line {
	char *text; /* with a NUL behind it */
	size_t length, room;
};

/* Room for one more byte and the NUL. */
static int line_room(struct line *line)
{
	size_t wanted = line->room ? line->room * 2 : 4096;
	char *text;

	if (line->length + 1 < line->room)
		return 0;
	if (line->length == LINE_BYTES_MAX)
		return -EMSGSIZE;
	if (wanted > LINE_BYTES_MAX + 1)
		wanted = LINE_BYTES_MAX + 1;
	text = realloc(line->text, wanted);
	if (!text)
		return -ENOMEM;
	line->text = text;
	line->room = wanted;
	return 0;
}

/* With its newline; 1, or 0 at the end of the file. */
static int next_line(FILE *file, struct line *line)
{
	int byte, r;

	line->length = 0;
	while ((byte = getc_unlocked(file)) != EOF) {
		r = line_room(line);
		if (r < 0)
			return r;
		line->text[line->length++] = (char)byte;
		if (byte == '\n')
			break;
	}
	if (line->length == 0 || ferror(file))
		return 0;
	line->text[line->length] = '\0';
	return 1;
}

static int read_lines(struct import *import, FILE *file)
{
	struct line line = {0};
	int r;

	import->line = 0;
	while ((r = next_line(file, &line)) > 0) {
		import->line++;
		progress_step(&import->progress);
		if (!is_blank(line.text, line.length))
			r = take_line(import, line.text, line.length);
		if (r < 0)
			break;
	}
	if (r == -EMSGSIZE) {
		import->line++;
		complain(import, "the line is longer than 16 MiB");
	}
	if (r == 0 && ferror(file)) {
		problem_add(&import->problems, PROBLEM_ERROR, import->file, "%s", strerror(errno));
		r = -EIO;
	}
	free(line.text);
	return r;
}

static int read_file(struct import *import, const char *path)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	int r;

	import->file = strcmp(path, "-") == 0 ? "standard input" : path;
	if (!file) {
		problem_add(&import->problems, PROBLEM_ERROR, path, "cannot be read: %s",
			    strerror(errno));
		return -EIO;
	}
	r = read_lines(import, file);
	if (file != stdin)
		fclose(file);
	return r;
}

/* ---- the whole ---- */

/* The last word of each node is its heartbeat. */
static int close_nodes(struct import *import)
{
	int r = flush_batch(import);

	for (size_t i = 0; r == 0 && i < import->node_count; i++) {
		r = need_batch(import, &import->nodes[i], import->nodes[i].heartbeat);
		if (r == 0)
			r = flush_batch(import);
	}
	return r;
}

/* Who was recorded by netpold, too, has its connections twice. */
static void warn_of_both(struct import *import)
{
	const char *name;

	for (uint32_t i = 0; (name = gathering_node(import->gathering, i)); i++)
		for (size_t j = 0; j < import->node_count; j++)
			if (strcmp(import->nodes[j].name, name) == 0)
				problem_add(&import->problems, PROBLEM_WARNING, name,
					    "lines of netpold and of another recorder tell of this "
					    "node: what both saw counts twice");
}

/* They cannot be stored without a moment, and without them the record would look complete. */
static void complain_of_losses(struct import *import)
{
	const char *name;

	for (uint32_t i = 0; (name = gathering_node(import->gathering, i)); i++)
		problem_add(&import->problems, PROBLEM_ERROR, name,
			    "events of this node were lost, and no event of any node tells when: "
			    "import it with the rest of that record");
}

/* What other recorders told. */
static int close_gathering(struct import *import)
{
	int r;

	if (!import->gathering)
		return 0;
	warn_of_both(import);
	for (size_t i = 0; i < REASONS_MAX && import->left_out[i].what; i++)
		problem_add(&import->problems, PROBLEM_NOTE, "left out", "%s (%" PRIu64 " line%s)",
			    import->left_out[i].what, import->left_out[i].lines,
			    import->left_out[i].lines == 1 ? "" : "s");
	r = gathering_finish(import->gathering);
	if (r == -ENODATA)
		complain_of_losses(import);
	else if (r < 0 && *store_error(import->store))
		problem_add(&import->problems, PROBLEM_ERROR, import->options->into, "%s",
			    store_error(import->store));
	return r;
}

static void import_clear(struct import *import)
{
	gathering_free(import->gathering);
	for (size_t i = 0; i < import->node_count; i++) {
		free(import->nodes[i].name);
		json_decref(import->nodes[i].pods);
	}
	free(import->nodes);
	for (uint32_t i = 0; i < import->pod_count; i++)
		pod_clear(&import->pods[i]);
	free(import->pods);
	batch_free(import->batch);
}

static int read_all(struct import *import)
{
	static char *const standard_input[] = {(char *)"-"};
	char *const *files = import->options->file_count ? import->options->files : standard_input;
	size_t count = import->options->file_count ? import->options->file_count : 1;
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = read_file(import, files[i]);
	r = r ? r : close_nodes(import);
	return r ? r : close_gathering(import);
}

/* The database, and what is made beside it. */
static const char *const endings[] = {"", "-wal", "-shm", ".lock"};
#define ENDINGS (sizeof(endings) / sizeof(endings[0]))

/* What is there already is somebody else's, and stays: then nothing is made. */
static bool is_free(const char *path)
{
	char name[PATH_MAX];
	struct stat found;

	for (size_t i = 0; i < ENDINGS; i++) {
		snprintf(name, sizeof(name), "%s%s", path, endings[i]);
		if (lstat(name, &found) < 0)
			continue;
		fprintf(stderr, "%s: %s: %s\n", PROGRAM, name, strerror(EEXIST));
		return false;
	}
	return true;
}

/* Under another name, which the database has until it is whole. */
static struct store *open_draft(const char *path)
{
	static const struct store_options draft = {.draft = true};
	struct store *store = NULL;
	char name[PATH_MAX], *error = NULL;
	int r = -ENAMETOOLONG;

	if (snprintf(name, sizeof(name), "%s.importing", path) < (int)sizeof(name))
		r = store_open(name, &draft, &store, &error);
	if (r < 0)
		fprintf(stderr, "%s: %s\n", PROGRAM, error ? error : strerror(-r));
	free(error);
	return store;
}

static void finish(struct import *import)
{
	if (import->node_count == 0 && !import->gathering)
		problem_add(&import->problems, PROBLEM_WARNING, import->options->into,
			    "nothing is in it: no line tells of a node or a connection");
	if (store_finish(import->store, import->options->into) < 0)
		problem_add(&import->problems, PROBLEM_ERROR, import->options->into, "%s",
			    store_error(import->store));
}

static int run(const struct options *options)
{
	struct import import = {.options = options};
	int r;

	if (!is_free(options->into))
		return EXIT_USAGE;
	import.store = open_draft(options->into);
	if (!import.store)
		return EXIT_USAGE;
	progress_begin(&import.progress, "lines read");
	r = read_all(&import);
	progress_end(&import.progress);
	if (r < 0 && import.problems.errors == 0)
		problem_add(&import.problems, PROBLEM_ERROR, options->into, "%s", strerror(-r));
	if (import.problems.errors == 0)
		finish(&import);
	store_close(import.store);
	import_clear(&import);
	problems_print(&import.problems, PROGRAM, stderr);
	r = import.problems.errors > 0 ? EXIT_USAGE : EXIT_DONE;
	problems_clear(&import.problems);
	return r;
}

const struct command command_import = {
    .name = "import",
    .summary = "makes a database from lines of flows, Hubble or Inspektor Gadget",
    .operands = "[FILE]...",
    .details =
	"Reads the files, or standard input, in order. It only ever makes a new database; "
	"if any line is wrong, none is\n"
	"made. Until it is whole it is named FILE.importing, which nothing reads; what an import "
	"that was ended left there\n"
	"the next one replaces. Each line shows by itself what it is: one that flows --format "
	"jsonl printed or that you\n"
	"wrote, a flow of Hubble (hubble observe -o jsonpb), or an event of Inspektor Gadget "
	"(trace_tcp -o json).\n"
	"netpol-report(1) describes them.\n",
    .takes = TAKES_INTO | TAKES_FILES,
    .formats = 0,
    .format = FORMAT_TABLE,
    .run = run,
};
