/* Manifests written as text. */
#ifndef NETPOL_TESTS_MANIFEST_FIXTURE_H
#define NETPOL_TESTS_MANIFEST_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/manifest.h"

#define POLICY_HEAD                                                                                \
	"apiVersion: networking.k8s.io/v1\n"                                                       \
	"kind: NetworkPolicy\n"                                                                    \
	"metadata: {name: p, namespace: shop}\n"

static inline int add_text(struct manifest *manifest, const char *text, struct problems *problems)
{
	struct document *document = NULL;
	int r = document_parse(text, strlen(text), "f", problems, &document);

	if (r == 0)
		r = manifest_add(manifest, document, problems);
	document_free(document);
	return r;
}

/* With so many problems, none of them an error. */
static inline struct manifest *read_warned(const char *text, size_t count)
{
	struct manifest *manifest = manifest_new();
	struct problems problems = {0};

	assert_non_null(manifest);
	if (add_text(manifest, text, &problems) == 0)
		assert_int_equal(manifest_finish(manifest, &problems), 0);
	for (size_t i = 0; i < problems.count && problems.count != count; i++)
		print_error("%s: %s\n", problems.items[i].subject, problems.items[i].message);
	assert_int_equal(problems.count, count);
	assert_int_equal(problems.errors, 0);
	problems_clear(&problems);
	return manifest;
}

static inline struct manifest *read_clean(const char *text)
{
	return read_warned(text, 0);
}

/* A policy of this spec. */
static inline struct manifest *read_spec(const char *spec)
{
	struct manifest *manifest;
	char *text;

	assert_true(asprintf(&text, POLICY_HEAD "spec:\n%s", spec) > 0);
	manifest = read_clean(text);
	free(text);
	assert_int_equal(manifest->policy_count, 1);
	return manifest;
}

static inline bool has_problem(const struct problems *problems, enum problem_severity severity,
			       const char *subject, const char *part)
{
	for (size_t i = 0; i < problems->count; i++)
		if (problems->items[i].severity == severity &&
		    strcmp(problems->items[i].subject, subject) == 0 &&
		    strstr(problems->items[i].message, part))
			return true;
	return false;
}

static inline void assert_problem(const struct problems *problems, enum problem_severity severity,
				  const char *subject, const char *part)
{
	if (has_problem(problems, severity, subject, part))
		return;
	print_error("missing: %s: %s\n", subject, part);
	for (size_t i = 0; i < problems->count; i++)
		print_error("  %s: %s\n", problems->items[i].subject, problems->items[i].message);
	fail();
}

/* The text is refused, with an error of this line and message. */
static inline void assert_refused(const char *text, const char *subject, const char *part)
{
	struct manifest *manifest = manifest_new();
	struct problems problems = {0};

	assert_non_null(manifest);
	if (add_text(manifest, text, &problems) != -EINVAL)
		fail_msg("not refused:\n%s", text);
	assert_problem(&problems, PROBLEM_ERROR, subject, part);
	manifest_free(manifest);
	problems_clear(&problems);
}

/* The text is read, with a warning of this line and message. */
static inline void assert_warned(const char *text, const char *subject, const char *part)
{
	struct manifest *manifest = manifest_new();
	struct problems problems = {0};

	assert_non_null(manifest);
	assert_int_equal(add_text(manifest, text, &problems), 0);
	assert_int_equal(manifest_finish(manifest, &problems), 0);
	if (!has_problem(&problems, PROBLEM_CAVEAT, subject, part))
		assert_problem(&problems, PROBLEM_WARNING, subject, part);
	manifest_free(manifest);
	problems_clear(&problems);
}

#endif
