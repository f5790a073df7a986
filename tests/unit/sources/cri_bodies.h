/* Bodies of answers of a container runtime, encoded by protobuf-c. */
#ifndef NETPOL_TESTS_CRI_BODIES_H
#define NETPOL_TESTS_CRI_BODIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define SPEC_LABELS_MAX 4

struct sandbox_spec {
	const char *id, *namespace, *name, *uid;
	const char *labels[2 * SPEC_LABELS_MAX]; /* key, value; ends before the first NULL */
	bool not_ready;
	bool host_network; /* in a status */
	int64_t created;
};

/* Appends the body of an answer to ListPodSandbox, or to PodSandboxStatus. */
void put_list_body(struct buf *buf, const struct sandbox_spec *specs, size_t count);
void put_status_body(struct buf *buf, const struct sandbox_spec *spec);
/* The same around any message. */
void put_body(struct buf *buf, const void *message, size_t length);

#endif
