/* What is wrong with a user's data, as values: collected where found, printed together at the edge.
 */
#ifndef NETPOL_BASE_PROBLEM_H
#define NETPOL_BASE_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* PROBLEM_CAVEAT: a warning without which the answer would mislead. */
enum problem_severity { PROBLEM_NOTE, PROBLEM_WARNING, PROBLEM_CAVEAT, PROBLEM_ERROR };

struct problem {
	enum problem_severity severity;
	char *subject; /* "file:line", "Deployment/api in shop", … */
	char *message; /* what is wrong and what was expected or what to do */
};

/* Start from {0}; release with problems_clear(). At most PROBLEMS_MAX are kept, errors and
 * caveats before others; the rest is counted. */
#define PROBLEMS_MAX 1000
struct problems {
	struct problem *items;
	size_t count;
	size_t capacity;
	size_t left_out;
	size_t errors; /* how many of all were PROBLEM_ERROR */
};

/* An equal problem (severity, subject, message) is kept once. Out of memory: counted in left_out.
 */
void problem_add(struct problems *problems, enum problem_severity severity, const char *subject,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Those from that index on, as they stand in what was read: by file, in the order in which each was
 * first told of, and line; subjects that are no "file:line" are files. Equals keep their order, all
 * of them where there is no memory. */
void problems_order(struct problems *problems, size_t first);
/* One line each: "program: error: subject: message"; control characters are shown as '?'. */
void problems_print(const struct problems *problems, const char *program, FILE *out);
void problems_clear(struct problems *problems);

#endif
