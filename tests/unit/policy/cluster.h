/* Random clusters, their policies, and connections to ask about: small, and full of corners. */
#ifndef NETPOL_TESTS_CLUSTER_H
#define NETPOL_TESTS_CLUSTER_H

#include "policy/evaluate.h"

enum {
	CLUSTER_NAMES = 6, /* of namespaces; some of them the cluster does not have */
	CLUSTER_PODS = 6,
	CLUSTER_NODES = 3,
	CLUSTER_POLICIES = 5,
	CLUSTER_MANY_POLICIES = 160, /* now and then */
	CLUSTER_BLOCKS = 100,
	CLUSTER_RULES = 3,
	CLUSTER_PEERS = 3,
	CLUSTER_PORTS = 3,
	CLUSTER_EXCEPTS = 2,
	CLUSTER_REQUIREMENTS = 2,
	CLUSTER_PORT_NAMES = 3,
	CLUSTER_LABEL_SETS = 9,
	CLUSTER_CELLS = 2 + CLUSTER_BLOCKS * (1 + CLUSTER_EXCEPTS) * 2
};

/* What the random cases must all have had. */
#define CLUSTER_FEATURES(F)                                                                        \
	F(MANY_POLICIES)                                                                           \
	F(NO_POLICY)                                                                               \
	F(POLICY_OF_NO_NAMESPACE)                                                                  \
	F(BOTH_TYPES)                                                                              \
	F(EGRESS_ONLY)                                                                             \
	F(NO_TYPE)                                                                                 \
	F(VOID_RULES)                                                                              \
	F(NO_RULES)                                                                                \
	F(SELECTOR_IN)                                                                             \
	F(SELECTOR_NOT_IN)                                                                         \
	F(SELECTOR_EXISTS)                                                                         \
	F(SELECTOR_DOES_NOT_EXIST)                                                                 \
	F(SELECTOR_EMPTY)                                                                          \
	F(SELECTOR_OF_TWO)                                                                         \
	F(SELECTOR_BY_NAMESPACE_NAME)                                                              \
	F(PEERS_ABSENT)                                                                            \
	F(PEER_PODS)                                                                               \
	F(PEER_NAMESPACES)                                                                         \
	F(PEER_PODS_OF_NAMESPACES)                                                                 \
	F(PEER_BLOCK_IPV4)                                                                         \
	F(PEER_BLOCK_IPV6)                                                                         \
	F(PEER_BLOCK_OF_ALL)                                                                       \
	F(PEER_BLOCK_OF_ONE)                                                                       \
	F(PEER_EXCEPT)                                                                             \
	F(PEER_EXCEPT_NESTED)                                                                      \
	F(PORTS_ABSENT)                                                                            \
	F(PORT_OF_PROTOCOL)                                                                        \
	F(PORT_NUMBER)                                                                             \
	F(PORT_RANGE)                                                                              \
	F(PORT_NAMED)                                                                              \
	F(PORT_SCTP)                                                                               \
	F(NAMESPACE_NAME_WRITTEN)                                                                  \
	F(NAMESPACE_NAME_WRITTEN_WRONG)                                                            \
	F(NAMESPACE_LABELS_UNKNOWN)                                                                \
	F(POD_NAMESPACE_UNKNOWN)                                                                   \
	F(POD_LABELS_UNKNOWN)                                                                      \
	F(POD_PORTS_UNKNOWN)                                                                       \
	F(POD_NODE_UNKNOWN)                                                                        \
	F(POD_ADDRESS_UNKNOWN)                                                                     \
	F(POD_LIKE_ANOTHER)                                                                        \
	F(PORT_OF_TWO_NAMES)                                                                       \
	F(PORT_NAME_OF_TWO)                                                                        \
	F(POD_ON_NODE)                                                                             \
	F(NODE_ADDRESS_UNKNOWN)                                                                    \
	F(IPBLOCK_PODS)                                                                            \
	F(ASKED_OF_SELF)                                                                           \
	F(ASKED_OF_OWN_NODE)                                                                       \
	F(ASKED_OF_NODE)                                                                           \
	F(ASKED_OF_NODE_UNKNOWN)                                                                   \
	F(ASKED_OF_NODE_ADDRESS)                                                                   \
	F(ASKED_OF_ADDRESS)                                                                        \
	F(ASKED_OF_RANGE)                                                                          \
	F(ASKED_AS_SEEN)                                                                           \
	F(ASKED_TCP)                                                                               \
	F(ASKED_UDP)                                                                               \
	F(ASKED_SCTP)                                                                              \
	F(ASKED_PORTLESS)

enum feature {
#define CLUSTER_FEATURE(name) FEATURE_##name,
	CLUSTER_FEATURES(CLUSTER_FEATURE)
#undef CLUSTER_FEATURE
	    FEATURES
};

struct cluster {
	uint64_t random;
	bool has_unknowns;
	unsigned long *features; /* counts, of FEATURES */
	struct evaluator_options options;
	struct scene scene;
	struct scene_namespace namespaces[CLUSTER_NAMES];
	struct labels namespace_labels[CLUSTER_NAMES];
	struct label namespace_label_items[CLUSTER_NAMES][3];
	struct scene_pod pods[CLUSTER_PODS];
	struct scene_port pod_ports[CLUSTER_PODS][CLUSTER_PORT_NAMES + 2];
	struct addr pod_addresses[CLUSTER_PODS][2];
	struct scene_node nodes[CLUSTER_NODES];
	struct addr node_addresses[CLUSTER_NODES][2];
	struct netpol policies[CLUSTER_MANY_POLICIES];
	size_t policy_count;
	struct netpol_rule rules[CLUSTER_MANY_POLICIES][DIRECTIONS][CLUSTER_RULES];
	struct netpol_peer peers[CLUSTER_MANY_POLICIES][DIRECTIONS][CLUSTER_RULES][CLUSTER_PEERS];
	struct netpol_port ports[CLUSTER_MANY_POLICIES][DIRECTIONS][CLUSTER_RULES][CLUSTER_PORTS];
	struct prefix excepts[CLUSTER_BLOCKS][CLUSTER_EXCEPTS];
	size_t block_count;
	struct requirement requirements[12288];
	size_t requirement_count;
	char *values[36864];
	size_t value_count;
	/* Where what the blocks say of an address may change, each family's first address too. */
	struct addr cells[CLUSTER_CELLS];
	size_t cell_count;
};

struct question {
	struct party from, seen_as, to;
	bool has_seen_as;
	uint8_t protocol;
	uint16_t port;
};

/* xorshift64: the same for the same seed on every machine. */
uint64_t cluster_roll(struct cluster *cluster, uint64_t sides);
/* Everything is made anew from the seed, which is not 0; counts features. */
void cluster_make(struct cluster *cluster, uint64_t seed, unsigned long features[FEATURES]);
void cluster_ask(struct cluster *cluster, struct question *ret);
/* A port the policies or the pods speak of, one beside it, or any. */
uint16_t cluster_port(struct cluster *cluster);
void cluster_print(const struct cluster *cluster);
void question_print(const struct question *question);

const char *cluster_namespace_name(size_t index);
const char *cluster_port_name(size_t index);
/* All that pods and namespaces may have; 0: none. */
const struct labels *cluster_labels(size_t index);
const char *cluster_feature_name(enum feature feature);

#endif
