/* What was seen and is not in a policy, counted by reason; private to policy/. */
#ifndef NETPOL_POLICY_LEAVE_H
#define NETPOL_POLICY_LEAVE_H

#include "policy/group.h"

#define LEAVE_NAMED_MAX 3

/* Why no rule can name a peer. */
enum leave_reason {
	LEAVE_UNKNOWN,    /* its labels are not known */
	LEAVE_UNLABELLED, /* they are, and none is of use */
	LEAVE_SHARED,     /* the address was not one pod's all the time */
	LEAVE_FOLDED,     /* it is a prefix with addresses of the cluster's own */
	LEAVE_CONFLICT,   /* what is told of the address's pod contradicts itself */
	LEAVE_PEERS
};

/* Peers of one direction that no rule can name, for one reason. */
struct leave_peers {
	size_t edges;
	const struct end *named[LEAVE_NAMED_MAX];
	size_t named_count;
	bool more; /* than named */
};

struct leave {
	bool unseen;                              /* nothing is left that a policy could allow */
	size_t uncertain;                         /* edges picked up in mid-stream */
	size_t secondary;                         /* edges over further networks */
	size_t portless;                          /* edges of protocols without ports */
	uint8_t protocols[256 / 8];               /* which */
	struct leave_peers peers[2][LEAVE_PEERS]; /* ingress, egress */
};

void leave_portless(struct leave *leave, uint8_t protocol);
void leave_peer(struct leave *leave, bool egress, const struct end *end);
/* At most one problem for each reason. subject: "Deployment/api in shop". */
void leave_report(const struct leave *leave, const char *subject, struct problems *problems);

/* Recorded pods without labels, workloads without a usable one, names of the filter that mean
 * nothing. */
int leave_report_subjects(const struct graph *graph, const struct policy_filter *filter,
			  struct problems *problems);

#define LEAVE_LABEL "give them one, such as app.kubernetes.io/name"

#endif
