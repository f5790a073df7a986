#include "cli/dataplane.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/shape.h"

#define PREFIX "dataplane."
#define NAMED_MAX 5u
#define LIST_MAX 600

struct kind {
	const char *fact;   /* and the table's name for it */
	const char *member; /* in JSON */
	const char *what;   /* is invisible */
	const char *costs;
};

#define CONNECTIONS "connections "

static const struct kind kinds[DATAPLANE_ANSWERS] = {
    {"same-node", "same_node", CONNECTIONS "between pods of this node",
     "rules between pods on it may be missing"},
    {"cross-node", "cross_node", CONNECTIONS "with pods of other nodes",
     "rules for pods on it may be missing"},
    {"service", "service", CONNECTIONS "through service addresses",
     "rules for those that ask for services from it may be missing"},
    {"external", "external", CONNECTIONS "with what is no pod",
     "rules for what is outside the cluster may be missing"},
    {"denied", "denied", "attempts that a policy denied", "they may be missing from denied"},
};

static const char *const seen_names[] = {"unknown", "yes", "partly", "no"};

/* ---- facts ---- */

static void node_clear(struct dataplane_node *node)
{
	free(node->name);
	free(node->plugin);
	free(node->proxy);
	for (size_t i = 0; i < DATAPLANE_ANSWERS; i++) {
		free(node->answers[i].reason);
		free(node->answers[i].was_partly.reason);
		free(node->answers[i].was_no.reason);
	}
}

void dataplanes_clear(struct dataplanes *dataplanes)
{
	for (size_t i = 0; i < dataplanes->count; i++)
		node_clear(&dataplanes->nodes[i]);
	free(dataplanes->nodes);
	*dataplanes = (struct dataplanes){0};
}

static int set_text(char **text, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return -ENOMEM;
	free(*text);
	*text = copy;
	return 0;
}

static int node_set_up(struct dataplane_node *node, const char *name)
{
	int r = set_text(&node->name, name);

	r = r ? r : set_text(&node->plugin, "unknown");
	r = r ? r : set_text(&node->proxy, "unknown");
	for (size_t i = 0; r == 0 && i < DATAPLANE_ANSWERS; i++)
		r = set_text(&node->answers[i].reason, "not told");
	return r;
}

static struct dataplane_node *node_of(struct dataplanes *dataplanes, const char *name)
{
	struct dataplane_node *nodes, fresh = {0};
	size_t at = 0;

	while (at < dataplanes->count && strcmp(dataplanes->nodes[at].name, name) < 0)
		at++;
	if (at < dataplanes->count && strcmp(dataplanes->nodes[at].name, name) == 0)
		return &dataplanes->nodes[at];
	nodes = reallocarray(dataplanes->nodes, dataplanes->count + 1, sizeof(*nodes));
	if (!nodes)
		return NULL;
	dataplanes->nodes = nodes;
	if (node_set_up(&fresh, name) < 0) {
		node_clear(&fresh);
		return NULL;
	}
	memmove(&nodes[at + 1], &nodes[at], (dataplanes->count - at) * sizeof(*nodes));
	nodes[at] = fresh;
	dataplanes->count++;
	return &nodes[at];
}

/* "partly: REASON". A word of another version means that nothing is known. */
static int take_answer(const char *text, enum dataplane_seen *ret_seen, char **ret_reason)
{
	size_t length = strcspn(text, ":");

	*ret_seen = SEEN_UNKNOWN;
	for (enum dataplane_seen i = SEEN_UNKNOWN; i <= SEEN_NO; i++) {
		if (strlen(seen_names[i]) != length || strncmp(text, seen_names[i], length) != 0)
			continue;
		*ret_seen = i;
		text += length;
		text += *text ? 1 : 0;
		text += *text == ' ';
		break;
	}
	return set_text(ret_reason, text);
}

/* "TIME REASON" */
static int take_former(const char *text, struct dataplane_former *former)
{
	const char *space = strchr(text, ' ');
	char time[CLOCK_TEXT_MAX] = "";

	if (!space || (size_t)(space - text) >= sizeof(time))
		return 0;
	memcpy(time, text, (size_t)(space - text));
	if (clock_parse(time, &former->until) < 0)
		return 0;
	return set_text(&former->reason, space + 1);
}

/* Cuts the prefix off. */
static bool take_prefix(const char **name, const char *prefix)
{
	if (strncmp(*name, prefix, strlen(prefix)) != 0)
		return false;
	*name += strlen(prefix);
	return true;
}

static int take_kind(struct dataplane_node *node, const char *name, const char *value)
{
	bool was_no = take_prefix(&name, "was.no."),
	     was_partly = !was_no && take_prefix(&name, "was.partly.");

	for (size_t i = 0; i < DATAPLANE_ANSWERS; i++) {
		struct dataplane_answer *answer = &node->answers[i];

		if (strcmp(kinds[i].fact, name) != 0)
			continue;
		if (was_no || was_partly)
			return take_former(value, was_no ? &answer->was_no : &answer->was_partly);
		return take_answer(value, &answer->seen, &answer->reason);
	}
	return 0;
}

int dataplanes_take(void *context, const struct stored_fact *fact)
{
	struct dataplanes *dataplanes = context;
	struct dataplane_node *node;
	const char *name = fact->name + strlen(PREFIX);

	if (strncmp(fact->name, PREFIX, strlen(PREFIX)) != 0)
		return 0;
	node = node_of(dataplanes, fact->node);
	if (!node)
		return -ENOMEM;
	if (strcmp(name, "plugin") == 0)
		return set_text(&node->plugin, fact->value);
	if (strcmp(name, "proxy") == 0)
		return set_text(&node->proxy, fact->value);
	return take_kind(node, name, fact->value);
}

/* ---- what it means ---- */

static bool reaches(const struct dataplane_former *former, struct interval interval)
{
	return former->reason && interval.from < former->until;
}

/* The worst that was before and reaches into the interval; NULL: nothing. */
static const struct dataplane_former *former_of(const struct dataplane_answer *answer,
						struct interval interval)
{
	if (reaches(&answer->was_no, interval))
		return &answer->was_no;
	return reaches(&answer->was_partly, interval) ? &answer->was_partly : NULL;
}

static enum dataplane_seen former_seen(const struct dataplane_answer *answer,
				       const struct dataplane_former *former)
{
	return former == &answer->was_no ? SEEN_NO : SEEN_PARTLY;
}

static bool is_invisible(const struct dataplane_answer *answer, struct interval interval)
{
	return answer->seen == SEEN_NO || reaches(&answer->was_no, interval);
}

bool dataplanes_are_complete(const struct dataplanes *dataplanes, struct interval interval)
{
	for (size_t i = 0; i < dataplanes->count; i++)
		for (size_t j = 0; j < DATAPLANE_ANSWERS; j++)
			if (is_invisible(&dataplanes->nodes[i].answers[j], interval))
				return false;
	return true;
}

bool dataplanes_are_known(const struct dataplanes *dataplanes)
{
	for (size_t i = 0; i < dataplanes->count; i++)
		for (size_t j = 0; j < DATAPLANE_ANSWERS; j++)
			if (dataplanes->nodes[i].answers[j].seen == SEEN_UNKNOWN)
				return false;
	return true;
}

/* What one answer hides, and up to when. */
struct hiding {
	enum dataplane_seen seen; /* SEEN_YES: nothing */
	int64_t until;            /* INTERVAL_OPEN: still */
	const char *reason;
};

static struct hiding hiding_of(const struct dataplane_answer *answer, struct interval interval)
{
	const struct dataplane_former *former = former_of(answer, interval);

	if (answer->seen == SEEN_NO || answer->seen == SEEN_PARTLY)
		return (struct hiding){answer->seen, INTERVAL_OPEN, answer->reason};
	if (former)
		return (struct hiding){former_seen(answer, former), former->until, former->reason};
	return (struct hiding){SEEN_YES, INTERVAL_OPEN, ""};
}

static bool same_hiding(const struct hiding *a, const struct hiding *b)
{
	return a->seen == b->seen && a->until == b->until && strcmp(a->reason, b->reason) == 0;
}

static void end_hiding(struct buf *buf, const struct hiding *hiding)
{
	char until[CLOCK_TEXT_MAX];

	if (hiding->seen == SEEN_PARTLY)
		buf_puts(buf, ", partly");
	if (hiding->until != INTERVAL_OPEN)
		buf_printf(buf, ", until %s", clock_format(hiding->until, until));
	if (hiding->reason[0])
		buf_printf(buf, " (%s)", hiding->reason);
}

/* What is hidden in the same way is told together. */
void dataplane_put_hidden(struct buf *buf, const struct dataplane_node *node,
			  struct interval interval)
{
	static const struct hiding nothing = {SEEN_YES, INTERVAL_OPEN, ""};
	struct hiding last = nothing;

	for (size_t i = 0; i < DATAPLANE_DENIALS; i++) {
		const struct hiding hiding = hiding_of(&node->answers[i], interval);

		if (hiding.seen == SEEN_YES)
			continue;
		if (last.seen != SEEN_YES && same_hiding(&last, &hiding)) {
			buf_printf(buf, ", %s", kinds[i].what + strlen(CONNECTIONS));
			continue;
		}
		if (last.seen != SEEN_YES) {
			end_hiding(buf, &last);
			buf_puts(buf, "; ");
		}
		buf_puts(buf, kinds[i].what);
		last = hiding;
	}
	end_hiding(buf, &last);
}

static int compare_name(const void *name, const void *node)
{
	return strcmp(name, ((const struct dataplane_node *)node)->name);
}

const struct dataplane_node *dataplanes_find(const struct dataplanes *dataplanes, const char *name)
{
	if (dataplanes->count == 0)
		return NULL;
	return bsearch(name, dataplanes->nodes, dataplanes->count, sizeof(*dataplanes->nodes),
		       compare_name);
}

bool dataplanes_have_plugin(const struct dataplanes *dataplanes, const char *plugin)
{
	for (size_t i = 0; i < dataplanes->count; i++)
		if (strcmp(dataplanes->nodes[i].plugin, plugin) == 0)
			return true;
	return false;
}

/* ---- status ---- */

static json_t *answer_json(const struct dataplane_answer *answer, struct interval interval)
{
	const struct dataplane_former *former = former_of(answer, interval);
	json_t *was = json_null();

	if (former)
		was = json_pack("{s:s, s:o, s:o}", "seen", seen_names[former_seen(answer, former)],
				"reason", shape_text(former->reason), "until",
				shape_time(former->until));
	return json_pack("{s:s, s:o, s:o}", "seen", seen_names[answer->seen], "reason",
			 shape_text(answer->reason), "was", was);
}

static json_t *node_json(const struct dataplane_node *node, struct interval interval)
{
	json_t *object = json_pack("{s:s, s:s, s:s}", "node", node->name, "plugin", node->plugin,
				   "proxy", node->proxy);
	int r = object ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < DATAPLANE_ANSWERS; i++)
		r = shape_set(object, kinds[i].member, answer_json(&node->answers[i], interval));
	if (r == 0)
		return object;
	json_decref(object);
	return NULL;
}

json_t *dataplanes_json(const struct dataplanes *dataplanes, struct interval interval)
{
	json_t *array;
	int r = 0;

	if (dataplanes->count == 0)
		return json_null();
	array = json_array();
	for (size_t i = 0; r == 0 && i < dataplanes->count; i++)
		r = shape_append(array, node_json(&dataplanes->nodes[i], interval));
	if (r == 0)
		return array;
	json_decref(array);
	return NULL;
}

static const char *colon(const char *reason)
{
	return reason[0] ? ": " : "";
}

static void put_answer(struct buf *buf, const struct kind *kind,
		       const struct dataplane_answer *answer, struct interval interval)
{
	const struct dataplane_former *former = former_of(answer, interval);
	char until[CLOCK_TEXT_MAX];

	buf_line(buf, "  %-10s %s%s%s", kind->fact, seen_names[answer->seen], colon(answer->reason),
		 answer->reason);
	if (former)
		buf_line(buf, "  %-10s until %s %s%s%s", "", clock_format(former->until, until),
			 seen_names[former_seen(answer, former)], colon(former->reason),
			 former->reason);
}

void dataplanes_put(struct buf *buf, const struct dataplanes *dataplanes, struct interval interval)
{
	for (size_t i = 0; i < dataplanes->count; i++) {
		const struct dataplane_node *node = &dataplanes->nodes[i];

		buf_line(buf, "dataplane    %s: CNI plugin %s, service proxy %s", node->name,
			 node->plugin, node->proxy);
		for (size_t j = 0; j < DATAPLANE_ANSWERS; j++)
			put_answer(buf, &kinds[j], &node->answers[j], interval);
	}
}

/* ---- policy ---- */

static bool has_pods(const struct graph *graph, size_t workload, const char *node)
{
	for (size_t i = 0; i < graph->pod_count; i++)
		if (graph->pods[i].workload == workload && strcmp(graph->pods[i].node, node) == 0)
			return true;
	return false;
}

/* " (Deployment/api in shop, …)"; "" if there are many. */
static const char *list_workloads(const struct graph *graph, const char *node, char list[LIST_MAX])
{
	size_t length = 0, named = 0;

	list[0] = '\0';
	for (size_t i = 0; i < graph->workload_count; i++) {
		const struct workload *workload = &graph->workloads[i];
		int r;

		if (workload->host_network || !has_pods(graph, i, node))
			continue;
		r = snprintf(list + length, LIST_MAX - length, "%s%s/%s in %s", named ? ", " : " (",
			     workload->kind, workload->name, workload->namespace);
		length += (size_t)r;
		if (++named > NAMED_MAX || length >= LIST_MAX - 1)
			return "";
	}
	if (named > 0)
		snprintf(list + length, LIST_MAX - length, ")");
	return list;
}

static void warn_of(struct problems *problems, const char *node, const struct kind *kind,
		    enum dataplane_seen seen, const char *reason, const char *until,
		    const char *workloads)
{
	bool denied = kind == &kinds[DATAPLANE_DENIALS];
	char subject[300];

	snprintf(subject, sizeof(subject), "evidence of %s", node);
	if (seen == SEEN_UNKNOWN)
		problem_add(problems, PROBLEM_NOTE, subject,
			    "whether %s can be seen is not known: %s", kind->what, reason);
	else
		problem_add(problems, seen == SEEN_NO && !denied ? PROBLEM_WARNING : PROBLEM_NOTE,
			    subject, "%s %s%s%s (%s): %s%s", kind->what,
			    until[0]
				? (seen == SEEN_NO ? "were invisible" : "were partly invisible")
				: (seen == SEEN_NO ? "are invisible" : "are partly invisible"),
			    until[0] ? " until " : "", until, reason, kind->costs, workloads);
}

static void warn_of_answer(struct problems *problems, const struct dataplane_node *node, size_t at,
			   struct interval interval, const char *workloads)
{
	const struct dataplane_answer *answer = &node->answers[at];
	const struct dataplane_former *former = former_of(answer, interval);
	bool denied = at == DATAPLANE_DENIALS;
	char until[CLOCK_TEXT_MAX];

	if (answer->seen == SEEN_NO || (!denied && answer->seen == SEEN_PARTLY))
		warn_of(problems, node->name, &kinds[at], answer->seen, answer->reason, "",
			workloads);
	if (!denied && former)
		warn_of(problems, node->name, &kinds[at], former_seen(answer, former),
			former->reason, clock_format(former->until, until), workloads);
}

static bool is_all_unknown(const struct dataplane_node *node)
{
	for (size_t i = 0; i < DATAPLANE_ANSWERS; i++)
		if (node->answers[i].seen != SEEN_UNKNOWN)
			return false;
	return true;
}

/* One note for a node that nothing is known of. */
static void warn_of_unknown(struct problems *problems, const struct dataplane_node *node)
{
	static const struct kind all = {.what = "its connections"};

	if (is_all_unknown(node)) {
		warn_of(problems, node->name, &all, SEEN_UNKNOWN, node->answers[0].reason, "", "");
		return;
	}
	for (size_t i = 0; i < DATAPLANE_DENIALS; i++)
		if (node->answers[i].seen == SEEN_UNKNOWN)
			warn_of(problems, node->name, &kinds[i], SEEN_UNKNOWN,
				node->answers[i].reason, "", "");
}

void dataplanes_warn(struct problems *problems, const struct dataplanes *dataplanes,
		     struct interval interval, const struct graph *graph)
{
	for (size_t i = 0; i < dataplanes->count; i++) {
		const struct dataplane_node *node = &dataplanes->nodes[i];
		char list[LIST_MAX];
		const char *workloads = list_workloads(graph, node->name, list);

		warn_of_unknown(problems, node);
		for (size_t j = 0; j < DATAPLANE_ANSWERS; j++)
			warn_of_answer(problems, node, j, interval,
				       j == DATAPLANE_SAME ? workloads : "");
	}
}
