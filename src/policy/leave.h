/* What was seen and is not in a policy, counted by reason; private to policy/. */
#ifndef NETPOL_POLICY_LEAVE_H
#define NETPOL_POLICY_LEAVE_H

#include "policy/group.h"

#define LEAVE_NAMED_MAX 3

/* Peers of one direction that no rule can name, for one reason. */
struct leave_peers {
	size_t edges;
	const struct end *named[LEAVE_NAMED_MAX];
	size_t named_count;
	bool more; /* than named */
};

/* By what would help: of LEFT_UNLABELLED there are two. */
enum leave_kind {
	LEAVE_UNKNOWN,    /* labels are not known */
	LEAVE_UNLABELLED, /* they are, and none is of use */
	LEAVE_AMBIGUOUS,
	LEAVE_FOLDED,
	LEAVE_CONTRADICTED,
	LEAVE_NAMESPACE, /* is none */
	LEAVE_KINDS
};

struct leave {
	size_t uncertain;           /* edges picked up in mid-stream */
	size_t secondary;           /* edges over further networks */
	size_t portless;            /* edges of protocols without ports */
	uint8_t protocols[256 / 8]; /* which */
	struct leave_peers peers[DIRECTIONS][LEAVE_KINDS];
};

/* An edge that counts for nothing at an end of the subject's. Reasons that its own problem tells
 * are remembered; the others the summary has. */
void leave_edge(struct leave *leave, const struct graph_edge *edge, enum left_reason left);
/* One whose peer is this, which no rule can name. */
void leave_peer(struct leave *leave, enum direction direction, enum left_reason left,
		const struct end *end);
/* At most one problem for each reason. subject: "Deployment/api in shop". */
void leave_report(const struct leave *leave, const char *subject, struct problems *problems);
/* Is it one of those that leave_report_unready() counts? */
bool leave_is_unready(const struct group *group);
/* Why the group gets no policy, or one that is partial. */
void leave_report_group(const struct group *group, const char *subject, struct problems *problems);
/* How many groups get no policy as they are not ready, in one note. */
void leave_report_unready(const struct groups *groups, struct problems *problems);

/* Recorded pods without labels, workloads without a usable one, names of the filter that mean
 * nothing. */
int leave_report_subjects(const struct graph *graph, const struct policy_filter *filter,
			  struct problems *problems);

#define LEAVE_LABEL "give them one, such as app.kubernetes.io/name"

#endif
