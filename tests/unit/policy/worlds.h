/* What a cluster may be like where not everything of it is known. */
#ifndef NETPOL_TESTS_WORLDS_H
#define NETPOL_TESTS_WORLDS_H

#include "tests/unit/policy/cluster.h"
#include "tests/unit/policy/naive.h"

enum { WORLDS_CHOICES = 24, WORLDS_LIMIT = 24 };

struct worlds {
	struct cluster *cluster;
	const struct question *question;
	size_t digits[WORLDS_CHOICES], sides[WORLDS_CHOICES];
	size_t used, known;
	size_t count; /* so far */
	uint64_t all;
	bool is_whole; /* all of them are gone through, not a sample */
	struct scene scene;
	struct scene_namespace namespaces[CLUSTER_NAMES];
	struct scene_pod pods[CLUSTER_PODS];
	struct addr pod_addresses[CLUSTER_PODS];
	bool has_pod[CLUSTER_PODS];
	struct scene_port ports[CLUSTER_PODS][CLUSTER_PORT_NAMES + 2];
	struct naive_world world;
	struct naive_connection connection;
};

/* Makes the first. The cluster's dice are used if there are too many for all of them. */
void worlds_begin(struct worlds *worlds, struct cluster *cluster, const struct question *question);
/* The next is in world and connection; false: there was none. */
bool worlds_next(struct worlds *worlds);

#endif
