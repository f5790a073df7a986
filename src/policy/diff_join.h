/*
 * The changes of a diff as they are told: neighbouring ranges of which one other end lost, or got,
 * the same are one line, whatever else cuts the addresses there.
 */
#ifndef NETPOL_POLICY_DIFF_JOIN_H
#define NETPOL_POLICY_DIFF_JOIN_H

#include "base/buf.h"
#include "policy/diff_weigh.h"

struct diff_line {
	const struct diff_change *change; /* of the first of its ranges */
	size_t last;                      /* row of the last of them; DIFF_NONE: it is one change */
	struct diff_weight weight;
};

struct diff_lines {
	struct diff_line *items; /* those that were used most first, else as the changes are */
	size_t count;
};

/* weights NULL: not known; else a range that was used stays a line by itself. -ENOMEM. */
int diff_join(const struct diff *diff, const struct diff_weights *weights, struct diff_lines *ret);
/* The line's end: "shop/web[Deployment]", "10.0.0.0-10.0.0.9". -ENOMEM: in buf. */
void diff_line_put_from(const struct diff *diff, const struct diff_line *line, struct buf *buf);
void diff_line_put_to(const struct diff *diff, const struct diff_line *line, struct buf *buf);
void diff_lines_clear(struct diff_lines *lines);

#endif
