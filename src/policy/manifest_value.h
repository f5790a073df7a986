/* Values of policies, read strictly: what is not as it must be is an error with line and field;
 * private to the manifest. */
#ifndef NETPOL_POLICY_MANIFEST_VALUE_H
#define NETPOL_POLICY_MANIFEST_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/document.h"
#include "base/problem.h"

struct strict_reader {
	const char *file;
	const char *object; /* "NetworkPolicy shop/api" */
	struct problems *problems;
	bool failed; /* an error was found */
	int error;   /* 0 or -ENOMEM; once set, what is read must be thrown away */
};

/* A field of an object, or an entry of a list, and what it is in: "spec.ingress[0].from". */
struct place {
	const struct place *up; /* NULL: the object */
	const char *key;        /* NULL: an entry */
	size_t index;           /* of an entry */
};

/* A problem; of millions not all are worth their text. */
void manifest_problem(struct problems *problems, enum problem_severity severity, const char *file,
		      unsigned line, const char *format, ...) __attribute__((format(printf, 5, 6)));
/* place NULL: of the object itself. */
void strict_fail(struct strict_reader *reader, unsigned line, const struct place *place,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));
void strict_warn(struct strict_reader *reader, unsigned line, const struct place *place,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));
/* A mapping with none but these fields (NULL ends them)? Else errors; for unknown fields they are
 * added, and it still is true. */
bool strict_mapping(struct strict_reader *reader, const struct node *node,
		    const struct place *place, const char *const *fields);
/* The list; NULL where it is absent, null or, with an error, something else. */
const struct node *strict_list(struct strict_reader *reader, const struct node *node,
			       const struct place *place);
/*
 * The text that is written; NULL where it is absent or null, and with an error where it is no
 * string: a number or boolean to Kubernetes' YAML 1.1, a list, a mapping, or with a NUL byte in it.
 */
const char *strict_text(struct strict_reader *reader, const struct node *node,
			const struct place *place);
/* The same, where an error is that there is none, too; line is the parent's. */
const char *strict_needed_text(struct strict_reader *reader, const struct node *node, unsigned line,
			       const struct place *place);
/* Is it written as a number, in whatever form YAML 1.1 has? */
bool strict_is_number(const struct node *node);
/* The whole number in the range; false with an error. */
bool strict_number(struct strict_reader *reader, const struct node *node, const struct place *place,
		   int lowest, int highest, int *ret);
/* malloc'd; NULL sets the reader's error, or is for NULL. */
char *strict_copy(struct strict_reader *reader, const char *text);
/* Zeroed; NULL sets the reader's error, or is for a count of 0. */
void *strict_array(struct strict_reader *reader, size_t count, size_t size);

/* What text can be (Kubernetes, apimachinery: validation). */
bool text_is_label_key(const char *text);
bool text_is_annotation_key(const char *text); /* in whatever case */
bool text_is_label_value(const char *text);
bool text_is_port_name(const char *text); /* RFC 6335, in lower case */
bool text_is_subdomain(const char *text); /* RFC 1123, in lower case: most objects' names */
bool text_is_dns_label(const char *text); /* RFC 1123, in lower case: namespaces' names */

#endif
