/* The policies that a question is about: those of -f, and those that `policy` would make. */
#ifndef NETPOL_CLI_CANDIDATES_H
#define NETPOL_CLI_CANDIDATES_H

#include "cli/session.h"
#include "policy/manifest.h"

/* Start from {0}; release with candidates_clear(). */
struct candidates {
	struct manifest *given;     /* NULL: there is no -f */
	struct manifest *generated; /* NULL: none were asked for, or there are none */
	struct netpol *policies;    /* of both, by namespace and name; what they hold is theirs */
	size_t count;
	size_t generated_count;
};

/* Reads -f. Before session_build(), so that no snapshot waits for standard input. False: said why,
 * the status is set. */
bool candidates_read(struct session *session, struct candidates *ret);
/*
 * Adds what `policy` would print with the same options, read back from that very text, so that what
 * is judged is what would be applied. One of -f with the same namespace and name gives way to it,
 * and a note says so. After session_build() and record_end(). False as above.
 */
bool candidates_finish(struct session *session, struct candidates *candidates);
void candidates_clear(struct candidates *candidates);

#endif
