/* Members of the JSON that other recorders print; the first that is wrong is remembered. */
#ifndef NETPOL_CLI_IMPORT_READING_H
#define NETPOL_CLI_IMPORT_READING_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "identity/labels.h"

/* Start from {0}. */
struct reading {
	const char *member; /* NULL: nothing is wrong yet */
	const char *expected;
	int error; /* -ENOMEM */
};

void reading_expect(struct reading *reading, const char *member, const char *expected);
/* -EINVAL with the reason, or the error, or 0. */
int reading_result(const struct reading *reading, char reason[static 256]);

/* The member; NULL where it is null or absent. tree may be NULL in all of these. */
json_t *reading_member(const json_t *tree, const char *name);
/* "" where it is absent; the tree's. */
const char *reading_text(struct reading *reading, const json_t *tree, const char *name);
/* The same of a name of a node, namespace, pod or owner: at most 253 bytes (RFC 1123). */
const char *reading_name(struct reading *reading, const json_t *tree, const char *name);
/* NULL where it is absent. */
const json_t *reading_object(struct reading *reading, const json_t *tree, const char *name);
const json_t *reading_array(struct reading *reading, const json_t *tree, const char *name);
/* A number, or one in quotes, as protobuf prints 64 bits; absent: 0. */
int64_t reading_integer(struct reading *reading, const json_t *tree, const char *name, int64_t max);
bool reading_boolean(struct reading *reading, const json_t *tree, const char *name);
/* None where it is absent or "". An IPv4 address in IPv6's clothes (RFC 4291, 2.5.5.2) is one. */
struct addr reading_address(struct reading *reading, const json_t *tree, const char *name);
/* RFC 3339, or nanoseconds since 1970; ms, > 0. Must be there. */
int64_t reading_time(struct reading *reading, const json_t *tree, const char *name);
/* An object of strings, or "key=value,key=value"; into labels. False: absent. */
bool reading_labels(struct reading *reading, const json_t *tree, const char *name,
		    struct labels *labels);
/* A label "key=value", with or without a value. What is no label to the Kubernetes API is skipped,
 * and so is what comes after LABELS_READ_MAX of them. */
#define LABELS_READ_MAX 256u
void reading_label(struct reading *reading, const char *text, size_t length, struct labels *labels);

#endif
