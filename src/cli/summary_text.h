/* What becomes of the edges, in words: at the head of the policies, or as a note beside them. */
#ifndef NETPOL_CLI_SUMMARY_TEXT_H
#define NETPOL_CLI_SUMMARY_TEXT_H

#include "base/buf.h"
#include "base/tree.h"
#include "cli/session.h"
#include "policy/policy.h"

/* A line for what is allowed and when it was seen, and one for each reason why something is left
 * out, with the option that brings it in; and that selectors are unique among the recorded pods,
 * where there is no inventory. No newline at the end. */
void summary_text_lines(const struct policy_summary *summary, const struct graph *graph,
			struct buf *buf);
/* The same in one line. */
void summary_text_line(const struct policy_summary *summary, const struct graph *graph,
		       struct buf *buf);
/* What is not allowed of that, because a kind could not say all policies: one line. */
void summary_text_refused(const struct policy_refused *refused, const char *kind, struct buf *buf);
/*
 * The lines as the comment of the head, which is the list's, where YAML has comments; else, or
 * without a head, the line to standard error. It is no problem: --strict does not mind. -ENOMEM.
 */
int summary_tell(const struct session *session, const struct policy_summary *summary,
		 struct tree_node *head);

#endif
