/* ▷ Pods and the time during which each address was theirs. */
#ifndef NETPOL_IDENTITY_POD_H
#define NETPOL_IDENTITY_POD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "identity/labels.h"

#define INTERVAL_OPEN INT64_MAX /* until: still owned */

/* Half-open [since, until), ns in the daemon's registry. */
struct pod_address {
	struct addr address;
	int64_t since;
	int64_t until;
	bool exact;     /* allocated at since, so that nothing earlier can be this pod's; false: it
			   may have spoken some seconds before */
	bool secondary; /* of a further network (Multus): it tells the pod, but no policy covers it
			 */
};

/* What one source said of a sandbox, kept so that anyone can see why a pod is what it is. */
struct pod_word {
	char *source; /* "cni-result", "host-local", "cri", … */
	char *place;  /* the file, or the socket */
	char *said;   /* a JSON object: what of namespace, name, uid, addresses, labels … it named
		       */
};

/*
 * One sandbox on this node. Strings are never NULL in a copy; "" is unknown. A pod whose sandbox is
 * replaced is a new entry with the same uid. Of one sandbox what is unknown at first may become
 * known later: it is the same entry all the same.
 */
struct pod {
	char *namespace;
	char *name;
	char *uid;
	char *sandbox;  /* container id of the sandbox */
	char *source;   /* where this was read, sorted: "cni-result", "cni-result,cri" … */
	char *conflict; /* what its sources contradict one another in, for people; "": nothing.
			   Whose such a sandbox is cannot be said. */
	bool labelled;  /* the labels are known, if only to be none */
	struct labels labels; /* of the sandbox's creation */
	bool host_network;    /* shares the node's network: it has no address of its own */
	int64_t created;      /* of the sandbox, as the addresses' times; 0: unknown */
	int64_t ended;        /* the sandbox is gone since then; INTERVAL_OPEN, or 0: it is not */
	struct pod_address *addresses;
	size_t address_count;
	struct pod_word *words; /* by source, place */
	size_t word_count;
};

/* Every string NULL → "". -ENOMEM leaves *ret untouched. */
int pod_copy(const struct pod *pod, struct pod *ret);
/* Frees what the pod owns and zeroes it. */
void pod_clear(struct pod *pod);

#endif
