/*
 * Random clusters and what was recorded of them: small, and full of corners.
 *
 * A history is rows as netpold would have stored them, node by node, and an inventory as kubectl
 * would have printed it. history_graph() makes of them what the reports begin with.
 */
#ifndef NETPOL_TESTS_HISTORIES_H
#define NETPOL_TESTS_HISTORIES_H

#include "model/graph.h"

enum {
	HISTORY_NODES = 4,
	HISTORY_NAMESPACES = 3,
	HISTORY_WORKLOADS = 10,
	HISTORY_REPLICAS_MAX = 3,
	HISTORY_PODS = HISTORY_WORKLOADS * HISTORY_REPLICAS_MAX + 4,
	HISTORY_LABELS = 8,
	HISTORY_PORTS = 3,
	HISTORY_SERVICES = HISTORY_WORKLOADS + 2,
	HISTORY_ROWS = 256,
	HISTORY_OBJECTS = 96,
	HISTORY_TEXT = 1 << 16
};

/* What the random cases must all have had. */
#define HISTORY_FEATURES(F)                                                                        \
	F(NO_INVENTORY)                                                                            \
	F(INVENTORY_OF_RECORDS)                                                                    \
	F(NODE_WITHOUT_RECORD)                                                                     \
	F(DUAL_STACK)                                                                              \
	F(KIND_DEPLOYMENT)                                                                         \
	F(KIND_STATEFUL_SET)                                                                       \
	F(KIND_DAEMON_SET)                                                                         \
	F(KIND_JOB)                                                                                \
	F(KIND_CRON_JOB)                                                                           \
	F(KIND_REPLICA_SET)                                                                        \
	F(KIND_ROLLOUT)                                                                            \
	F(KIND_POD)                                                                                \
	F(KIND_STATIC_POD)                                                                         \
	F(REPLICAS)                                                                                \
	F(LABELS_OWN)                                                                              \
	F(LABELS_RECOMMENDED)                                                                      \
	F(LABELS_SHARED)                                                                           \
	F(LABELS_PART)                                                                             \
	F(LABELS_VOLATILE)                                                                         \
	F(LABELS_NONE)                                                                             \
	F(LABELS_DIFFER)                                                                           \
	F(HOST_NETWORK)                                                                            \
	F(HOST_PORT)                                                                               \
	F(SIDECAR)                                                                                 \
	F(POD_NOT_IN_INVENTORY)                                                                    \
	F(POD_IN_CONFLICT)                                                                         \
	F(POD_DEAD)                                                                                \
	F(ADDRESS_REUSED)                                                                          \
	F(ADDRESS_SHARED)                                                                          \
	F(SECONDARY)                                                                               \
	F(SERVICE_CLUSTER_IP)                                                                      \
	F(SERVICE_NODE_PORT)                                                                       \
	F(SERVICE_LOAD_BALANCER)                                                                   \
	F(SERVICE_HEADLESS)                                                                        \
	F(SERVICE_EXTERNAL_NAME)                                                                   \
	F(TARGET_PORT_NAMED)                                                                       \
	F(NODE_PUBLIC)                                                                             \
	F(POD_TO_POD)                                                                              \
	F(POD_TO_ITSELF)                                                                           \
	F(ACROSS_NODES)                                                                            \
	F(THROUGH_SERVICE)                                                                         \
	F(MASQUERADED)                                                                             \
	F(HAIRPIN)                                                                                 \
	F(VIP_NOT_TRANSLATED)                                                                      \
	F(EXTERNAL_CLIENT)                                                                         \
	F(EXTERNAL_CLIENT_OF_NODE_PORT)                                                            \
	F(EXTERNAL_SERVER)                                                                         \
	F(PRIVATE_OUTSIDE)                                                                         \
	F(NODE_CLIENT)                                                                             \
	F(OWN_NODE)                                                                                \
	F(NODE_SERVER)                                                                             \
	F(API_SERVER)                                                                              \
	F(CLUSTER_DNS)                                                                             \
	F(NODE_LOCAL_DNS)                                                                          \
	F(OUTSIDE_DNS)                                                                             \
	F(METADATA)                                                                                \
	F(LINK_LOCAL)                                                                              \
	F(MULTICAST)                                                                               \
	F(FOLDED)                                                                                  \
	F(FOLDED_WITH_NODE)                                                                        \
	F(UNKNOWN_POD_ADDRESS)                                                                     \
	F(MANY_OUTSIDE)                                                                            \
	F(MANY_PORTS)                                                                              \
	F(ANSWERED)                                                                                \
	F(ONE_WAY)                                                                                 \
	F(REFUSED)                                                                                 \
	F(UNANSWERED)                                                                              \
	F(DENIED)                                                                                  \
	F(VERDICT_UNKNOWN)                                                                         \
	F(DENIED_ELSEWHERE)                                                                        \
	F(UNCERTAIN)                                                                               \
	F(PORTLESS)                                                                                \
	F(UDP)                                                                                     \
	F(SCTP)

enum history_feature {
#define HISTORY_FEATURE(name) HISTORY_##name,
	HISTORY_FEATURES(HISTORY_FEATURE)
#undef HISTORY_FEATURE
	    HISTORY_FEATURE_COUNT
};

const char *history_feature_name(enum history_feature feature);

struct history_node {
	char name[8];
	bool recorded;          /* it has a record */
	struct addr address[2]; /* IPv4, IPv6 */
	struct addr public;     /* not set: none */
};

struct history_port {
	const char *name;
	uint8_t protocol;
	uint16_t port, host_port;
};

struct history_workload {
	size_t namespace;
	const char *name;
	bool host_network;
	bool sidecar;
	struct history_port ports[HISTORY_PORTS];
	size_t port_count;
	size_t first_pod, pod_count;
};

struct history_pod {
	const char *namespace, *name, *uid;
	size_t workload, node;
	struct label labels[HISTORY_LABELS];
	size_t label_count;
	const char *owner_kind, *owner_name; /* NULL: none */
	struct addr addresses[2];
	size_t address_count;
	struct addr secondary; /* not set: none */
	int64_t since, until;  /* s; until 0: it lives */
	bool host_network, mirror, in_inventory, in_conflict;
};

struct history_service {
	const char *namespace, *name;
	struct addr address; /* not set: headless */
	size_t workload;
	uint16_t port, target, node_port;
	uint8_t protocol;
};

struct history_row {
	size_t node;
	struct edge_key key; /* numbers of pods: index + 1 */
	int64_t connections;
	int64_t first, last; /* s */
	size_t flow;         /* the same of what several nodes have of one */
	bool in_two;         /* seen at the first moment and at the last, and not between */
};

struct history {
	uint64_t random;
	/* The seed's own, which occurs wherever it can, however rare it is elsewhere. */
	enum history_feature certain;
	unsigned long *features; /* counts, of HISTORY_FEATURE_COUNT */
	struct history_node nodes[HISTORY_NODES];
	size_t node_count, namespace_count;
	struct history_workload workloads[HISTORY_WORKLOADS];
	size_t workload_count;
	struct history_pod pods[HISTORY_PODS];
	size_t pod_count;
	struct history_service services[HISTORY_SERVICES];
	size_t service_count;
	struct history_row rows[HISTORY_ROWS];
	size_t row_count, flow_count;
	bool has_dual_stack, has_dns, has_inventory, has_objects;
	size_t dns; /* the workload, where there is one */
	const char *objects[HISTORY_OBJECTS];
	size_t object_count;
	char text[HISTORY_TEXT];
	size_t text_size;
};

/* xorshift64: the same for the same seed on every machine. */
uint64_t history_roll(struct history *history, uint64_t sides);
bool history_chance(struct history *history, unsigned percent);
/* With that chance, or certainly; rolled in any case. */
bool history_has(struct history *history, unsigned percent, enum history_feature feature);
/* Everything is made anew from the seed, which is not 0; counts features. */
void history_make(struct history *history, uint64_t seed,
		  unsigned long features[HISTORY_FEATURE_COUNT]);
/* What was recorded of the cluster; called by history_make(). */
void history_talk(struct history *history);
/* A copy that lives as long as the history. */
const char *history_text(struct history *history, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct addr history_addr(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* How the same history is told. */
struct history_telling {
	uint64_t order;  /* 0: as it is; else a seed that shuffles */
	bool doubled;    /* objects twice, and each row as two */
	const bool *use; /* by row; NULL: all */
};

/* NULL: the history has none. */
struct inventory *history_inventory(const struct history *history,
				    const struct history_telling *telling);
/* The inventory outlives the graph. */
struct graph *history_graph(const struct history *history, const struct history_telling *telling,
			    const struct inventory *inventory);
/* The row that an edge of this graph comes from, by its id. */
size_t history_row_of(int64_t id);
/* The same through the databases of the nodes, which are made in the folder, and removed. */
struct graph *history_stored_graph(const struct history *history,
				   const struct history_telling *telling,
				   const struct inventory *inventory, const char *folder);

#endif
