/* Which of the rules' peers and ports the record used; private to policy/. */
#ifndef NETPOL_POLICY_USED_H
#define NETPOL_POLICY_USED_H

#include "policy/unused.h"
#include "policy/used_index.h"

/* What is known of one peer on one port: how sure it is that it was used, in the lowest two bits,
 * and where that is MAYBE, why. */
typedef uint8_t mark_t;
#define MARK_MATCH(mark) ((enum match)((mark)&3u))
#define MARK_STREAM 4u /* what may have used it may have run the other way */
#define MARK_NAME 8u   /* whose port has that name is not known */
#define MARK_WHO 16u   /* the rest */

/* A rule, and of each of its peers on each of its ports whether it was used. */
struct use {
	const struct netpol_rule *rule;
	mark_t *marks;       /* ports of the first peer first; NULL: too many */
	size_t peers, ports; /* at least one of each: none written is everybody, everything */
	size_t open;         /* marks that are not MATCH_YES */
	/* The rule's peers: first the selectors, then the blocks by address and length. */
	uint32_t *order;
	size_t selector_count;
	bool lengths[129]; /* which the blocks have */
	struct peer_index by_label;
	struct port_index by_number;
};

struct policy_uses {
	struct use *items[DIRECTIONS];
	size_t count[DIRECTIONS];
	bool names_ports; /* for ingress */
};

/* By policy. -ENOMEM; also then *ret is for used_clear(). */
int used_find(const struct unused_request *request, struct policy_uses **ret);
void used_clear(struct policy_uses *uses, size_t policy_count);

#endif
