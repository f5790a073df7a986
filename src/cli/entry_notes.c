#include "cli/entry_notes.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/* As the destination sees it. */
static const struct end *source_of(const struct graph_edge *edge)
{
	return edge->translated ? edge->translated : &edge->from;
}

/* Its own node asks a pod for its health, too. */
static bool is_from_entry(const struct graph_edge *edge)
{
	const struct end *from = source_of(edge);

	return edge->standing == STANDING_COUNTS && edge->edge.key.verdict != VERDICT_DENIED &&
	       from->kind == END_NODE && from->workload == GRAPH_NONE && edge->to.kind == END_POD &&
	       edge->to.workload != GRAPH_NONE && edge->to.pod != GRAPH_NONE &&
	       (edge->translated || strcmp(from->name, edge->to.node) != 0);
}

/* What the connection asked for, where its record has that. */
static bool is_asked_for(const struct inventory_port *port, const struct graph_edge *edge)
{
	uint16_t asked = edge->edge.key.service_port;

	return !asked || asked == port->node_port ||
	       (asked == port->port && edge->from.kind == END_EXTERNAL);
}

/* A target by name may be any port. */
static bool leads_to(const struct inventory_port *port, const struct graph_edge *edge)
{
	const struct edge_key *key = &edge->edge.key;
	char *end = NULL;
	unsigned long target = port->target[0] ? strtoul(port->target, &end, 10) : port->port;

	return port->node_port && port->protocol == key->protocol &&
	       ((end && *end) || target == key->port) && is_asked_for(port, edge);
}

static const struct inventory_port *entry_port(const struct inventory_service *service,
					       const struct graph_edge *edge,
					       const struct labels *labels)
{
	if (service->external_local || service->selector.count == 0 ||
	    strcmp(service->namespace, edge->to.namespace) != 0 ||
	    !labels_match(labels, &service->selector))
		return NULL;
	for (size_t i = 0; i < service->port_count; i++)
		if (leads_to(&service->ports[i], edge))
			return &service->ports[i];
	return NULL;
}

static void note(struct session *session, const struct graph_edge *edge,
		 const struct inventory_service *service, const struct inventory_port *port)
{
	const struct workload *workload = &session->graph->workloads[edge->to.workload];
	struct buf subject = {0};

	buf_printf(&subject, "%s/%s in %s", workload->kind, workload->name, workload->namespace);
	if (!subject.error)
		problem_add(&session->problems, PROBLEM_WARNING, subject.data,
			    "connections from node %s may be of clients that came in there by "
			    "node port %u of service %s: the policy allows the node, not them; "
			    "externalTrafficPolicy: Local keeps their addresses",
			    source_of(edge)->name, (unsigned)port->node_port, service->name);
	buf_clear(&subject);
}

/* The client is known to be outside, and the policy allows all of these. */
static bool is_open(const struct session *session, const struct graph_edge *edge)
{
	const struct policy_request *request = &session->options->request;

	return !request->exact && request->external_ingress == EXTERNAL_INGRESS_ANY &&
	       strcmp(edge->from.class, "external") == 0;
}

static void note_edge(struct session *session, const struct graph_edge *edge)
{
	const struct inventory *inventory = session->inventory;
	const struct labels *labels = session->graph->pods[edge->to.pod].labels;

	for (size_t i = 0; labels && i < inventory->service_count; i++) {
		const struct inventory_service *service = &inventory->services[i];
		const struct inventory_port *port = entry_port(service, edge, labels);

		if (port)
			note(session, edge, service, port);
	}
}

void entry_note(struct session *session)
{
	const struct graph *graph = session->graph;

	for (size_t i = 0; session->inventory && i < graph->edge_count; i++)
		if (is_from_entry(&graph->edges[i]) && !is_open(session, &graph->edges[i]) &&
		    session_wants_end(session, &graph->edges[i].to))
			note_edge(session, &graph->edges[i]);
}
