#include "policy/replay_service.h"

#include <stdlib.h>
#include <string.h>

bool replay_is_service(const struct end *end)
{
	return end->kind == END_EXTERNAL && end->service_address &&
	       (strcmp(end->class, "service") == 0 || strcmp(end->class, "cluster-dns") == 0);
}

static const struct inventory_port *find_service_port(const struct inventory_service *service,
						      const struct edge_key *key)
{
	for (size_t i = 0; i < service->port_count; i++)
		if (service->ports[i].protocol == key->protocol &&
		    service->ports[i].port == key->port)
			return &service->ports[i];
	return NULL;
}

/* 0: not known. */
static uint16_t target_port(const struct inventory_port *port, const struct scene_pod *pod)
{
	char *end;
	unsigned long number = strtoul(port->target, &end, 10);

	if (!*port->target)
		return port->port;
	if (!*end)
		return number <= UINT16_MAX ? (uint16_t)number : 0;
	for (size_t i = 0; i < pod->port_count; i++)
		if (strcmp(pod->ports[i].name, port->target) == 0 &&
		    pod->ports[i].protocol == port->protocol)
			return pod->ports[i].port;
	return 0;
}

/* As if that pod had answered. */
static void add_backend(const struct replay *replay, const struct replay_parties *parties,
			uint8_t protocol, size_t pod, uint16_t port, struct decision *sum)
{
	const struct party to = {.kind = PARTY_POD, .index = pod};
	struct decision decision;

	if (port == 0)
		sum->sides[DIRECTION_EGRESS].answer = ANSWER_UNKNOWN;
	for (size_t i = 0; i < parties->from_count && port != 0; i++) {
		evaluator_connection(replay->evaluator, &parties->from[i], NULL, &to, protocol,
				     port, &decision);
		replay_merge(sum, &decision);
	}
}

static size_t add_backends(const struct replay *replay, const struct graph_edge *edge,
			   const struct replay_parties *parties, struct decision *sum)
{
	const struct scene *scene = scene_graph_scene(replay->scene);
	const struct inventory_service *service = edge->service;
	const struct inventory_port *port =
	    service ? find_service_port(service, &edge->edge.key) : NULL;
	const size_t namespace =
	    service ? scene_find_namespace(scene, service->namespace) : SCENE_NONE;
	size_t count = 0;

	if (!port || service->selector.count == 0 || namespace == SCENE_NONE)
		return 0;
	for (size_t i = 0; i < scene->pod_count; i++) {
		const struct scene_pod *pod = &scene->pods[i];

		if (pod->namespace != namespace || !pod->labels ||
		    !labels_match(pod->labels, &service->selector))
			continue;
		add_backend(replay, parties, edge->edge.key.protocol, i, target_port(port, pod),
			    sum);
		count++;
	}
	return count;
}

void replay_judge_service(const struct replay *replay, const struct graph_edge *edge,
			  const struct replay_parties *parties, struct replayed *replayed)
{
	const struct decision address = replayed->decision;

	if (add_backends(replay, edge, parties, &replayed->decision) == 0 &&
	    address.answer == ANSWER_DENIED)
		replayed->decision.sides[DIRECTION_EGRESS].answer = ANSWER_UNKNOWN;
	replayed->decision.answer = replay_together(&replayed->decision);
	if (replayed->decision.answer == ANSWER_UNKNOWN && address.answer != ANSWER_UNKNOWN)
		replayed->why = "address of a service; which pod answered was not seen";
}
