/* ▷ Pods and the time during which each address was theirs. */
#ifndef NETPOL_IDENTITY_POD_H
#define NETPOL_IDENTITY_POD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define INTERVAL_OPEN INT64_MAX /* until: still owned */

/* Half-open [since, until), ns in the daemon's registry. */
struct pod_address {
	struct addr address;
	int64_t since;
	int64_t until;
};

/*
 * One sandbox on this node. Strings are never NULL; "" is unknown. A pod whose sandbox is replaced
 * is a new entry with the same uid.
 */
struct pod {
	char *namespace;
	char *name;
	char *uid;
	char *sandbox; /* container id of the sandbox */
	char *source;  /* where this was read: "cni-result" … */
	struct pod_address *addresses;
	size_t address_count;
};

/* Every string NULL → "". -ENOMEM leaves *ret untouched. */
int pod_copy(const struct pod *pod, struct pod *ret);
/* Frees what the pod owns and zeroes it. */
void pod_clear(struct pod *pod);

#endif
