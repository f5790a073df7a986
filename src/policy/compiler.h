/* A compiler from inside; private to policy/. */
#ifndef NETPOL_POLICY_COMPILER_H
#define NETPOL_POLICY_COMPILER_H

#include "base/buf.h"
#include "policy/atom.h"
#include "policy/basis.h"
#include "policy/dns.h"
#include "policy/leave.h"
#include "policy/reduce.h"
#include "policy/tally.h"

/* A group with the run of atoms that is its own; or a namespace's default-deny. */
struct subject {
	size_t group; /* GROUP_NONE: a default-deny */
	const char *namespace;
	const struct atom *atoms; /* NULL: none */
	size_t count;
	const char *name; /* of its policy */
	bool refused;     /* by who should have printed it */
};

/* Kept from one policy to the next. */
struct scratch {
	struct policy_port *ports;
	size_t port_room;
	struct permit *permits;
	size_t permit_room;
	struct buf text;
};

struct compiler {
	const struct graph *graph;
	struct policy_request request;
	struct problems *problems;
	struct groups groups;
	struct dns dns;
	struct basis basis;   /* the above */
	struct leave *leaves; /* one a group */
	struct atoms atoms;
	struct atoms elsewhere; /* sides that another record of the same connections tells */
	struct atoms masked;    /* those of either that have a rule, if a client is behind them */
	struct tally tally;
	char **names;             /* one a workload */
	struct subject *subjects; /* by namespace, name */
	size_t subject_count;
	size_t next;
	bool reported;
	struct policy_summary summary;
	struct scratch scratch;
};

#endif
