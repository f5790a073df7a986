#include "policy/leave.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "policy/manifest_value.h"

static bool same_end(const struct end *a, const struct end *b)
{
	return a->kind == b->kind && a->pod == b->pod &&
	       (a->pod != GRAPH_NONE ||
		(addr_equal(a->address, b->address) && a->prefix == b->prefix));
}

void leave_edge(struct leave *leave, const struct graph_edge *edge, enum left_reason left)
{
	const uint8_t protocol = edge->edge.key.protocol;

	if (left == LEFT_SECONDARY) {
		leave->secondary++;
	} else if (left == LEFT_UNCERTAIN) {
		leave->uncertain++;
	} else if (left == LEFT_PORTLESS) {
		leave->portless++;
		leave->protocols[protocol / 8] |= (uint8_t)(1u << protocol % 8);
	}
}

static enum leave_kind kind_of(enum left_reason left, const struct end *end)
{
	switch (left) {
	case LEFT_AMBIGUOUS:
		return LEAVE_AMBIGUOUS;
	case LEFT_CONTRADICTED:
		return end->kind == END_POD ? LEAVE_NAMESPACE : LEAVE_CONTRADICTED;
	case LEFT_FOLDED:
		return LEAVE_FOLDED;
	default:
		return end->workload == GRAPH_NONE ? LEAVE_UNKNOWN : LEAVE_UNLABELLED;
	}
}

void leave_peer(struct leave *leave, enum direction direction, enum left_reason left,
		const struct end *end)
{
	struct leave_peers *peers = &leave->peers[direction][kind_of(left, end)];

	peers->edges++;
	for (size_t i = 0; i < peers->named_count; i++)
		if (same_end(peers->named[i], end))
			return;
	if (peers->named_count < LEAVE_NAMED_MAX)
		peers->named[peers->named_count++] = end;
	else
		peers->more = true;
}

static void report_portless(const struct leave *leave, const char *subject,
			    struct problems *problems)
{
	struct buf buf = {0};
	size_t count = 0;

	for (unsigned protocol = 0; protocol < 256; protocol++) {
		char number[4];
		const char *name = protocol_name((uint8_t)protocol, number);

		if (leave->protocols[protocol / 8] & 1u << protocol % 8)
			buf_printf(&buf, "%s%s%s", count++ > 0 ? ", " : "",
				   name == number ? "protocol " : "", name);
	}
	if (!buf.error)
		problem_add(problems, PROBLEM_WARNING, subject,
			    "%s %s left out (%zu edge%s): NetworkPolicy can say TCP, UDP and SCTP "
			    "with a port only",
			    buf.data, count == 1 ? "is" : "are", leave->portless,
			    leave->portless == 1 ? "" : "s");
	buf_clear(&buf);
}

static void put_end(struct buf *buf, const struct end *end)
{
	char text[PREFIX_TEXT_MAX];

	if (end->kind == END_POD)
		buf_printf(buf, "Pod/%s in %s", end->name, end->namespace);
	else if (end->prefix)
		buf_puts(buf, prefix_format((struct prefix){end->address, end->prefix}, text));
	else
		buf_puts(buf, addr_format(end->address, text));
}

static void report_peers(const struct leave_peers *peers, enum leave_kind kind,
			 const char *direction, const char *subject, struct problems *problems)
{
	static const struct {
		const char *who;
		const char *advice;
	} texts[LEAVE_KINDS] = {
	    [LEAVE_UNKNOWN] = {"pods whose labels are not known", GRAPH_SUPPLY},
	    [LEAVE_UNLABELLED] = {"pods that have no usable label", LEAVE_LABEL},
	    [LEAVE_AMBIGUOUS] = {"addresses that were not one pod's or node's all the time",
				 "choose a time in which each was (--since, --until)"},
	    [LEAVE_FOLDED] = {"prefixes in which the cluster has addresses of its own",
			      "a higher max_edges in netpold.conf keeps addresses apart"},
	    [LEAVE_CONTRADICTED] = {"addresses whose pod is told of in contradiction",
				    "netpol-report pods -o json shows what each source says"},
	    [LEAVE_NAMESPACE] = {"pods of namespaces that no cluster can have",
				 "netpol-report pods -o json shows which source tells of them"},
	};
	struct buf buf = {0};

	if (peers->edges == 0)
		return;
	for (size_t i = 0; i < peers->named_count; i++) {
		buf_puts(&buf, i > 0 ? ", " : "");
		put_end(&buf, peers->named[i]);
	}
	if (peers->more)
		buf_puts(&buf, " and more");
	if (!buf.error)
		problem_add(problems, PROBLEM_WARNING, subject,
			    "%s %s is left out (%zu edge%s): %s; %s", direction, texts[kind].who,
			    peers->edges, peers->edges == 1 ? "" : "s", buf.data,
			    texts[kind].advice);
	buf_clear(&buf);
}

void leave_report(const struct leave *leave, const char *subject, struct problems *problems)
{
	static const char *const directions[DIRECTIONS] = {"ingress from", "egress to"};

	if (leave->uncertain > 0)
		problem_add(problems, PROBLEM_WARNING, subject,
			    "%zu edge%s picked up in mid-stream may run the other way and %s left "
			    "out; they become certain when the clients connect anew",
			    leave->uncertain, leave->uncertain == 1 ? "" : "s",
			    leave->uncertain == 1 ? "is" : "are");
	if (leave->secondary > 0)
		problem_add(problems, PROBLEM_NOTE, subject,
			    "%zu edge%s over further networks (Multus) %s left out: NetworkPolicy "
			    "covers the primary network only",
			    leave->secondary, leave->secondary == 1 ? "" : "s",
			    leave->secondary == 1 ? "is" : "are");
	if (leave->portless > 0)
		report_portless(leave, subject, problems);
	for (int d = 0; d < DIRECTIONS; d++)
		for (int i = 0; i < LEAVE_KINDS; i++)
			report_peers(&leave->peers[d][i], (enum leave_kind)i, directions[d],
				     subject, problems);
}

static bool is_all_withheld(const struct group *group)
{
	return group->withheld[DIRECTION_INGRESS] != LEFT_NONE &&
	       group->withheld[DIRECTION_EGRESS] != LEFT_NONE;
}

static bool is_withheld_for(const struct group *group, enum left_reason left)
{
	return group->withheld[DIRECTION_INGRESS] == left ||
	       group->withheld[DIRECTION_EGRESS] == left;
}

bool leave_is_unready(const struct group *group)
{
	for (int d = 0; d < DIRECTIONS; d++)
		if (group->withheld[d] == LEFT_NOT_READY && !group->because[d])
			return true;
	return false;
}

static void report_because(const struct group *group, enum direction direction, const char *subject,
			   struct problems *problems)
{
	const char *name = direction == DIRECTION_INGRESS ? "ingress" : "egress";

	if (group->because[direction])
		problem_add(
		    problems, PROBLEM_CAVEAT, subject,
		    "%s is withheld: its labels also pick pods of %s, whose %s is withheld (%s)",
		    name, group->because[direction]->subject, name,
		    left_reason_name(group->withheld[direction]));
}

void leave_report_group(const struct group *group, const char *subject, struct problems *problems)
{
	for (enum direction d = 0; d < DIRECTIONS; d++)
		report_because(group, d, subject, problems);
	if (!group->seen)
		problem_add(problems, PROBLEM_NOTE, subject,
			    "no policy: nothing was seen that it would have to allow");
	else if (group->partial && is_withheld_for(group, LEFT_PARTIAL))
		problem_add(problems, PROBLEM_CAVEAT, subject,
			    "no policy, as it would be partial: %s", group->partial);
	else if (is_all_withheld(group))
		problem_add(problems, PROBLEM_CAVEAT, subject,
			    "no policy: all directions that were asked for are withheld");
	else if (group->partial)
		problem_add(problems, PROBLEM_CAVEAT, subject, "its policy is partial: %s",
			    group->partial);
}

void leave_report_unready(const struct groups *groups, struct problems *problems)
{
	size_t learning = 0, settling = 0;

	for (size_t i = 0; i < groups->count; i++) {
		const struct group *group = &groups->items[i];

		if (!group_is_subject(group) || !leave_is_unready(group))
			continue;
		if (group->readiness && group->readiness->state == READINESS_SETTLING)
			settling++;
		else
			learning++;
	}
	if (learning + settling > 0)
		problem_add(problems, PROBLEM_NOTE, "--ready-only",
			    "%zu workload%s %s no policy yet: %zu learning, %zu settling; "
			    "netpol-report status --workloads shows why",
			    learning + settling, learning + settling == 1 ? "" : "s",
			    learning + settling == 1 ? "gets" : "get", learning, settling);
}

/* ---- subjects that get no policy ---- */

static bool is_any(const char *text)
{
	return !text || !*text;
}

/* is_asked: by its name. */
static void report_workload(const struct workload *workload, bool is_asked,
			    struct problems *problems)
{
	struct buf subject = {0};

	buf_printf(&subject, "%s/%s in %s", workload->kind, workload->name, workload->namespace);
	if (subject.error)
		return;
	if (workload->recorded && !text_is_dns_label(workload->namespace))
		problem_add(problems, PROBLEM_WARNING, subject.data,
			    "no policy: no cluster can have a namespace of that name");
	else if (workload->host_network && (workload->met || is_asked))
		problem_add(problems, PROBLEM_NOTE, subject.data,
			    "no policy: its pods use their node's network, where NetworkPolicy "
			    "does not reach");
	else if (!workload->host_network && workload->recorded && workload->selector.count == 0)
		problem_add(problems, PROBLEM_CAVEAT, subject.data,
			    "no policy: its pods have no label in common that would tell them from "
			    "others; " LEAVE_LABEL);
	buf_clear(&subject);
}

/* The pods [from, until) are of one namespace. */
static void report_pods(const struct graph *graph, size_t from, size_t until,
			struct problems *problems)
{
	struct buf subject = {0}, names = {0};
	size_t count = 0;

	for (size_t i = from; i < until; i++) {
		const struct graph_pod *pod = &graph->pods[i];

		if (!pod->local || pod->workload != GRAPH_NONE || *pod->conflict)
			continue;
		if (count < LEAVE_NAMED_MAX)
			buf_printf(&names, "%s%s", count > 0 ? ", " : "", pod->name);
		count++;
	}
	if (count > LEAVE_NAMED_MAX)
		buf_printf(&names, " and %zu more", count - LEAVE_NAMED_MAX);
	buf_printf(&subject, "namespace %s", graph->pods[from].namespace);
	if (count > 0 && !names.error && !subject.error)
		problem_add(problems, PROBLEM_CAVEAT, subject.data,
			    "no policy for pods whose labels are not known: %s; " GRAPH_SUPPLY,
			    names.data);
	buf_clear(&subject);
	buf_clear(&names);
}

/* A namespace of which there is nothing. */
static void report_namespace(const struct graph *graph, const char *namespace,
			     struct problems *problems)
{
	for (size_t i = 0; i < graph->pod_count; i++)
		if (strcmp(graph->pods[i].namespace, namespace) == 0)
			return;
	problem_add(problems, PROBLEM_CAVEAT, namespace,
		    "no policy: no pod of a namespace of that name is known");
}

static int report_filter(const struct graph *graph, const struct policy_filter *filter,
			 struct problems *problems)
{
	bool known = false, recorded = false;
	struct buf subject = {0};

	if (!filter)
		return 0;
	if (is_any(filter->workload_name)) {
		if (!is_any(filter->namespace))
			report_namespace(graph, filter->namespace, problems);
		return 0;
	}
	for (size_t i = 0; i < graph->workload_count; i++) {
		if (!filter_matches(filter, &graph->workloads[i]))
			continue;
		known = true;
		recorded |= graph->workloads[i].recorded || graph->workloads[i].host_network;
	}
	if (recorded)
		return 0;
	buf_printf(&subject, "%s%s%s%s%s",
		   is_any(filter->workload_kind) ? "" : filter->workload_kind,
		   is_any(filter->workload_kind) ? "" : "/", filter->workload_name,
		   is_any(filter->namespace) ? "" : " in ",
		   is_any(filter->namespace) ? "" : filter->namespace);
	if (subject.error)
		return subject.error;
	problem_add(problems, PROBLEM_CAVEAT, subject.data, "no policy: %s%s",
		    known ? "it was not recorded on the node that it runs on"
			  : "no such workload is known",
		    graph->inventory && graph->inventory->has_objects ? "" : "; " GRAPH_SUPPLY);
	buf_clear(&subject);
	return 0;
}

int leave_report_subjects(const struct graph *graph, const struct policy_filter *filter,
			  struct problems *problems)
{
	const char *only = filter && !is_any(filter->namespace) ? filter->namespace : NULL;

	for (size_t i = 0; i < graph->workload_count; i++)
		if (filter_matches(filter, &graph->workloads[i]))
			report_workload(&graph->workloads[i],
					filter && !is_any(filter->workload_name), problems);
	for (size_t i = 0, end; i < graph->pod_count; i = end) {
		for (end = i + 1; end < graph->pod_count; end++)
			if (strcmp(graph->pods[i].namespace, graph->pods[end].namespace) != 0)
				break;
		if (!only || strcmp(only, graph->pods[i].namespace) == 0)
			report_pods(graph, i, end, problems);
	}
	return report_filter(graph, filter, problems);
}
