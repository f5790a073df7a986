#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/evidence.h"
#include "cli/progress.h"
#include "cli/session.h"
#include "cli/shape.h"

struct kept_pod {
	uint32_t number;
	struct pod pod;
};

struct walk {
	struct session *session;
	struct kept_pod *pods; /* sorted by number once all are there: they name a flow's ends */
	size_t pod_count, pod_capacity;
	struct output_table *table;
	struct buf buf;
	struct progress progress;
};

static bool is_wanted_node(const struct walk *walk, const char *node)
{
	const char *wanted = walk->session->options->node;

	return !wanted || strcmp(wanted, node) == 0;
}

static int keep_pod(struct walk *walk, const struct stored_pod *stored)
{
	int r;

	if (walk->pod_count == walk->pod_capacity) {
		size_t capacity = walk->pod_capacity ? walk->pod_capacity * 2 : 64;
		struct kept_pod *pods = reallocarray(walk->pods, capacity, sizeof(*pods));

		if (!pods)
			return -ENOMEM;
		walk->pods = pods;
		walk->pod_capacity = capacity;
	}
	r = pod_copy(&stored->pod, &walk->pods[walk->pod_count].pod);
	if (r < 0)
		return r;
	walk->pods[walk->pod_count++].number = stored->number;
	return 0;
}

static int compare_pods(const void *a, const void *b)
{
	const struct kept_pod *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static void sort_pods(struct walk *walk)
{
	if (walk->pod_count > 0)
		qsort(walk->pods, walk->pod_count, sizeof(*walk->pods), compare_pods);
}

static const struct pod *find_pod(const struct walk *walk, uint32_t number)
{
	const struct kept_pod wanted = {.number = number};
	const struct kept_pod *found = NULL;

	if (number > 0 && walk->pod_count > 0)
		found = bsearch(&wanted, walk->pods, walk->pod_count, sizeof(wanted), compare_pods);
	return found ? &found->pod : NULL;
}

static void free_pods(struct walk *walk)
{
	for (size_t i = 0; i < walk->pod_count; i++)
		pod_clear(&walk->pods[i].pod);
	free(walk->pods);
}

static int put_line(struct walk *walk, json_t *tree)
{
	if (!tree)
		return -ENOMEM;
	output_json_line(&walk->buf, tree);
	json_decref(tree);
	return walk->buf.error;
}

/* Prints as it goes: a record may be larger than memory. Between two pages of the reader, that is,
 * when whoever reads us may be slow. */
static int put_flow_line(struct walk *walk, json_t *tree)
{
	int r = put_line(walk, tree);

	if (r == 0 && walk->buf.length > 1 << 16)
		session_print(walk->session, &walk->buf);
	return r == 0 && ferror(stdout) ? -EIO : r;
}

static bool is_evidence(const struct walk *walk)
{
	return walk->session->options->format == FORMAT_JSONL;
}

static int visit_node(void *context, const char *node, int64_t first, int64_t heartbeat)
{
	struct walk *walk = context;

	return is_wanted_node(walk, node) ? put_line(walk, evidence_header(node, first, heartbeat))
					  : 0;
}

static int visit_pod(void *context, const struct stored_pod *pod)
{
	struct walk *walk = context;
	int r;

	if (!is_wanted_node(walk, pod->node))
		return 0;
	r = keep_pod(walk, pod);
	if (r < 0 || !is_evidence(walk))
		return r;
	return put_line(walk, evidence_of_pod(pod));
}

static int visit_address(void *context, const struct stored_address *address)
{
	struct walk *walk = context;

	return is_wanted_node(walk, address->node) ? put_line(walk, evidence_of_address(address))
						   : 0;
}

static int visit_fact(void *context, const struct stored_fact *fact)
{
	struct walk *walk = context;

	return is_wanted_node(walk, fact->node) ? put_line(walk, evidence_of_fact(fact)) : 0;
}

static int visit_object(void *context, const struct stored_object *object)
{
	struct walk *walk = context;

	return is_wanted_node(walk, object->node) ? put_line(walk, evidence_of_object(object)) : 0;
}

static int visit_gap(void *context, const char *node, const struct gap *gap)
{
	struct walk *walk = context;

	return is_wanted_node(walk, node) ? put_line(walk, evidence_of_gap(node, gap)) : 0;
}

static bool is_wanted_flow(const struct walk *walk, const struct stored_flow *flow,
			   const struct pod *source, const struct pod *destination)
{
	const char *namespace = walk->session->options->namespace;

	if (!is_wanted_node(walk, flow->node))
		return false;
	if (!namespace)
		return true;
	return (source && strcmp(source->namespace, namespace) == 0) ||
	       (destination && strcmp(destination->namespace, namespace) == 0);
}

static const char *end_cell(struct addr address, uint8_t prefix, const struct pod *pod,
			    char cell[static SHAPE_CELL_MAX])
{
	char text[PREFIX_TEXT_MAX];

	if (pod && !prefix)
		snprintf(cell, SHAPE_CELL_MAX, "%s/%s", pod->namespace, pod->name);
	else
		snprintf(cell, SHAPE_CELL_MAX, "%s", shape_range_cell(address, prefix, text));
	return cell;
}

static int put_row(struct walk *walk, const struct flow *flow, const struct pod *source,
		   const struct pod *destination)
{
	const struct edge_key *key = &flow->key;
	enum format format = walk->session->options->format;
	char window[CLOCK_TEXT_MAX] = "", from[SHAPE_CELL_MAX], to[SHAPE_CELL_MAX], port[16];
	char connections[24], sent[24], received[24];

	if (flow->length != FLOW_WITHOUT_WINDOW)
		clock_format(flow->window, window);
	snprintf(connections, sizeof(connections), "%" PRId64, flow->totals.connections);
	const char *cells[] = {
	    window,
	    end_cell(key->source, key->source_prefix, source, from),
	    end_cell(key->destination, key->destination_prefix, destination, to),
	    shape_port_cell(key->protocol, key->has_port, key->port, port),
	    verdict_name((enum verdict)key->verdict),
	    connections,
	    shape_bytes_cell(&flow->totals, flow->totals.bytes_sent, format, sent),
	    shape_bytes_cell(&flow->totals, flow->totals.bytes_received, format, received),
	};
	return output_table_row(walk->table, cells);
}

static int visit_flow(void *context, const struct stored_flow *flow)
{
	struct walk *walk = context;
	const struct pod *source = find_pod(walk, flow->flow.key.source_pod);
	const struct pod *destination = find_pod(walk, flow->flow.key.destination_pod);

	progress_step(&walk->progress);
	if (!is_wanted_flow(walk, flow, source, destination))
		return 0;
	if (is_evidence(walk))
		return put_flow_line(walk, evidence_of_flow(flow, source, destination));
	/* It tells of the edge's times alone. */
	if (flow->flow.length == FLOW_WITHOUT_WINDOW && totals_are_zero(&flow->flow.totals))
		return 0;
	return put_row(walk, &flow->flow, source, destination);
}

static int print_evidence(struct walk *walk)
{
	struct record *record = walk->session->record;
	struct interval interval = walk->session->options->interval;
	int r = record_nodes(record, visit_node, walk);

	record_want_words(record);
	if (r == 0)
		r = record_pods(record, visit_pod, walk);
	if (r == 0)
		r = record_addresses(record, visit_address, walk);
	if (r == 0)
		r = record_facts(record, visit_fact, walk);
	if (r == 0)
		r = record_objects(record, visit_object, walk);
	if (r == 0)
		r = record_gaps(record, interval, visit_gap, walk);
	sort_pods(walk);
	if (r == 0)
		r = record_flows(record, interval, visit_flow, walk);
	if (r == 0)
		session_print(walk->session, &walk->buf);
	return r;
}

static int print_table(struct walk *walk)
{
	static const char *const titles[] = {"WINDOW",  "FROM",        "TO",   "PORT",
					     "VERDICT", "CONNECTIONS", "SENT", "RECEIVED"};
	struct record *record = walk->session->record;
	int r;

	walk->table = output_table_new(titles, 8);
	if (!walk->table)
		return -ENOMEM;
	r = record_pods(record, visit_pod, walk);
	sort_pods(walk);
	if (r == 0)
		r = record_flows(record, walk->session->options->interval, visit_flow, walk);
	if (r == 0)
		session_print_table(walk->session, walk->table);
	else
		output_table_free(walk->table);
	return r;
}

static bool has_namespace(const struct walk *walk, const char *namespace)
{
	for (size_t i = 0; i < walk->pod_count; i++)
		if (strcmp(walk->pods[i].pod.namespace, namespace) == 0)
			return true;
	return false;
}

static int run(const struct options *options)
{
	struct session session;
	struct walk walk = {.session = &session};
	int r;

	if (!session_begin(&session, options))
		return session_end(&session);
	session_check_node(&session);
	progress_begin(&walk.progress, "flows read");
	r = is_evidence(&walk) ? print_evidence(&walk) : print_table(&walk);
	progress_end(&walk.progress);
	if (r < 0 && !ferror(stdout))
		session_fail(&session, "flows", r);
	else if (options->namespace && !has_namespace(&walk, options->namespace))
		session_warn_of_namespace(&session);
	buf_clear(&walk.buf);
	free_pods(&walk);
	return session_end(&session);
}

const struct command command_flows = {
    .name = "flows",
    .summary = "what each edge did in each window of time",
    .operands = "",
    .details =
	"With --format jsonl the whole record as lines of JSON, which `import` turns into a "
	"database again: header, pod,\n"
	"fact, object, gap and flow lines. Flows whose rows were pruned come as one flow without a "
	"window per edge.\n",
    .takes = TAKES_SINCE | TAKES_UNTIL | TAKES_NAMESPACE | TAKES_NODE | TAKES_STRICT,
    .formats = FORMAT_TABLE | FORMAT_JSONL | FORMAT_CSV,
    .format = FORMAT_TABLE,
    .run = run,
};
