/* Inventories written as YAML. */
#ifndef NETPOL_TESTS_INVENTORY_FIXTURE_H
#define NETPOL_TESTS_INVENTORY_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "identity/inventory.h"

static inline struct addr address(const char *text)
{
	struct addr addr = {0};

	assert_int_equal(addr_parse(text, &addr), 0);
	return addr;
}

static inline void add_as(struct inventory *inventory, const char *text,
			  enum inventory_source source)
{
	const struct inventory_told told = {
	    .source = source, .since = INT64_MIN, .until = INTERVAL_OPEN, .first = true};
	struct problems problems = {0};
	struct document *document = NULL;

	assert_int_equal(document_parse(text, strlen(text), "stored", &problems, &document), 0);
	assert_int_equal(inventory_add_stored(inventory, document, &told, &problems), 0);
	assert_int_equal(problems.count, 0);
	document_free(document);
}

static inline void add(struct inventory *inventory, const char *name, const char *text,
		       struct problems *problems)
{
	struct document *document = NULL;

	assert_int_equal(document_parse(text, strlen(text), name, problems, &document), 0);
	assert_int_equal(inventory_add(inventory, document, problems), 0);
	document_free(document);
}

static inline struct inventory *read_with(const char *text, struct problems *problems)
{
	struct inventory *inventory = inventory_new();

	assert_non_null(inventory);
	add(inventory, "f", text, problems);
	assert_int_equal(inventory_finish(inventory, problems), 0);
	return inventory;
}

static inline struct inventory *read_clean(const char *text)
{
	struct problems problems = {0};
	struct inventory *inventory = read_with(text, &problems);

	if (problems.count > 0)
		print_error("%s: %s\n", problems.items[0].subject, problems.items[0].message);
	assert_int_equal(problems.count, 0);
	return inventory;
}

/* Is the pod of that kind and name? */
static inline void assert_workload(const struct inventory_pod *pod, const char *kind,
				   const char *name)
{
	char *got_kind = NULL, *got_name = NULL;

	assert_non_null(pod);
	assert_int_equal(inventory_workload(pod, &got_kind, &got_name), 0);
	assert_string_equal(got_kind, kind);
	assert_string_equal(got_name, name);
	free(got_kind);
	free(got_name);
}

#endif
