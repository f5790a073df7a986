/* Evidence of a line of text, as import reads it. */
#ifndef NETPOL_TESTS_EVIDENCE_LINE_H
#define NETPOL_TESTS_EVIDENCE_LINE_H

#include "cli/evidence.h"

/* What evidence_parse() or evidence_decode() returns. */
static inline int evidence_of_line(const char *line, size_t length, struct evidence *ret,
				   char reason[static 256])
{
	json_t *tree = NULL;
	int r = evidence_parse(line, length, &tree, reason);

	return r < 0 ? r : evidence_decode(tree, ret, reason);
}

#endif
