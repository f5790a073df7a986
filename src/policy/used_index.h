/* Which of a rule's peers and ports are to be looked at for a pod or a port, so that what is used
 * is not asked of all of them; private to policy/used*.c. */
#ifndef NETPOL_POLICY_USED_INDEX_H
#define NETPOL_POLICY_USED_INDEX_H

#include "policy/manifest.h"
#include "policy/scene.h"

/* A label that a peer wants. */
struct wanted_label {
	const char *key, *value; /* key "": the namespace's name */
	const struct requirement *requirement;
	uint32_t peer;
};

/* Of the peers with selectors. Start from {0}. */
struct peer_index {
	struct wanted_label *labels; /* of each peer those of one requirement; by key and value */
	size_t label_count;
	uint32_t *others; /* peers that list no label */
	size_t other_count;
};

/* The rule outlives it. -ENOMEM. */
int peer_index_make(struct peer_index *index, const struct netpol_rule *rule);
/* Is enough known of the pod? Else any selector may pick it. */
bool peer_index_knows(const struct scene_pod *pod);
/* Every peer whose selectors may pick such a pod, and perhaps others, each once. ret: room for all
 * of the rule's. Returns how many. */
size_t peer_index_find(const struct peer_index *index, const struct scene *scene,
		       const struct scene_pod *pod, uint32_t *ret);
void peer_index_clear(struct peer_index *index);

/* Start from {0}. */
struct port_index {
	uint32_t *order; /* the rule's ports: numbers by protocol and first, then names */
	uint32_t *ends;  /* of the numbers: where they and those before them end at most */
	size_t number_count, count;
};

/* -ENOMEM. */
int port_index_make(struct port_index *index, const struct netpol_rule *rule);
/* *ret_first to *ret_end, of order: all numbers that may be that port, and perhaps others. */
void port_index_find(const struct port_index *index, const struct netpol_rule *rule,
		     uint8_t protocol, uint16_t port, size_t *ret_first, size_t *ret_end);
void port_index_clear(struct port_index *index);

#endif
