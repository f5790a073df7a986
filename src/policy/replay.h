/*
 * What policies would have made of the record: every edge against the evaluator, and what is not
 * plainly as it was, grouped.
 */
#ifndef NETPOL_POLICY_REPLAY_H
#define NETPOL_POLICY_REPLAY_H

#include "model/graph.h"
#include "policy/evaluate.h"
#include "policy/scene_graph.h"

/* Start from {.evaluator, .scene}: the evaluator's scene is that of the graph. */
struct replay {
	struct evaluator *evaluator;
	const struct scene_graph *scene;
};

struct replayed {
	/* ingress: of the source as the destination saw it; where its own node translated the
	 * address, of both, and unknown where they differ */
	struct decision decision;
	const char *why; /* UNKNOWN: what is not known; static text; else NULL */
	bool uncovered;  /* over a further network (Multus), of which no policy speaks: allowed */
};

/*
 * Only of the sides that no other record tells better (graph_edge.told_elsewhere); of the others
 * the answer is "allowed". Without allocating, but for what was picked up in mid-stream: that may
 * run the other way, to a port that is not known, and is allowed only if all of that is, too, and
 * denied only if nothing of that is possible; else unknown. A protocol without ports is allowed or
 * undefined. -ENOMEM.
 */
int replay_edge(const struct replay *replay, const struct graph_edge *edge, struct replayed *ret);

/* Did it work, so that it would be missed: answered, or one-way and passed? */
bool replay_is_evidence(const struct graph_edge *edge);
/* Dropped by a policy, or another rule that drops: not for want of anyone behind a service. */
bool replay_is_denied(const struct graph_edge *edge);

enum replay_list {
	REPLAY_DENIED,     /* worked, and would be denied */
	REPLAY_UNKNOWN,    /* worked, and it cannot be decided whether it would be denied */
	REPLAY_UNDEFINED,  /* worked, of a protocol of which policies do not speak */
	REPLAY_ALLOWED_NOW /* was denied, and would be allowed, or it cannot be decided */
};
#define REPLAY_LISTS 4

/*
 * Edges of one subject, direction, policy, rule, peer, protocol and port. An edge that both sides
 * deny is in a row of each; a side is in that of the record that tells of it.
 */
struct replay_row {
	enum replay_list list;
	enum direction direction;    /* whose side: EGRESS the source's */
	const struct end *subject;   /* one of its ends; by workload where there is one, else by pod
					or address */
	const struct end *peer;      /* likewise */
	const struct netpol *policy; /* as in struct side; NULL: none */
	const struct netpol_rule *rule; /* likewise */
	const char *why;                /* as in struct replayed */
	uint8_t protocol;
	bool has_port;
	uint16_t port;
	size_t edges;
	int64_t connections;
	int64_t first_seen, last_seen;
	const struct graph_edge *edge; /* the one seen last */
};

struct replay_sum {
	size_t edges;
	int64_t connections;
};

struct replay_result {
	struct replay_row
	    *rows; /* by list, subject, direction, policy, rule, peer, protocol, port */
	size_t row_count;
	struct replay_sum allowed; /* of what worked; with uncovered */
	struct replay_sum uncovered;
	struct replay_sum lists[REPLAY_LISTS]; /* each connection once, but where the records of two
						  nodes do not agree */
	struct replay_sum failed;              /* did not work, and was not denied: not judged */
};

/* Which edges; NULL: all. Its standing is not its matter. */
typedef bool replay_wanted_fn(const void *context, const struct graph_edge *edge);

/* policies are those of the evaluator, by namespace and name. -ENOMEM. */
int replay_graph(const struct replay *replay, const struct graph *graph, replay_wanted_fn *wanted,
		 const void *context, struct replay_result *ret);
void replay_result_clear(struct replay_result *result);

/* What the ends of the edge that the row has were taken for on its side: of several the first. */
void replay_row_parties(const struct replay *replay, const struct replay_row *row,
			struct party *ret_from, struct party *ret_to);

/* In the order of rows; 0: they are one subject or peer, as pods of one workload are. */
int replay_compare_ends(const struct end *a, const struct end *b);

#endif
