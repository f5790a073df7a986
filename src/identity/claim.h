/*
 * ▷ What a source on the node says of a sandbox: the hand-over from sources/ to identity/, which
 * merges it (identity/merge.h). Times are ns since the epoch (CLOCK_REALTIME).
 */
#ifndef NETPOL_IDENTITY_CLAIM_H
#define NETPOL_IDENTITY_CLAIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "identity/labels.h"

struct claim_address {
	struct addr address;
	int64_t since;  /* from when on; 0: the source cannot say */
	bool exact;     /* the source allocated the address, at since: while it says so the address
			   is nobody else's, and when it no longer does it is free */
	bool secondary; /* not of the pod's primary network */
};

/*
 * The word of one place of one source on one sandbox, whole: told again, it replaces what the same
 * source, place and sandbox said before. Strings are never NULL; "" is "does not say".
 */
struct claim {
	const char *source;  /* static text: CLAIM_CNI_RESULT … */
	const char *place;   /* the file or the socket it was read from */
	const char *sandbox; /* container id of the sandbox, never "" */
	const char *namespace;
	const char *name;
	const char *uid;
	bool labelled; /* labels are told */
	struct labels labels;
	bool host_network; /* the sandbox is known to share the node's network */
	bool has_netns;    /* its network namespace was seen to be there */
	bool orphaned;     /* its network namespace is gone: it owns nothing, whatever others say,
			      until one says that it has one */
	bool stopped;      /* it is remembered, but no longer runs: who it was, not that it is */
	int64_t created;   /* of the sandbox; 0: does not say */
	const struct claim_address *addresses;
	size_t address_count;
};

/* The sources, in the order in which their names of a pod are believed where they differ only in
 * what they leave out. */
#define CLAIM_CNI_RESULT "cni-result"   /* libcni's result cache */
#define CLAIM_AWS_VPC_CNI "aws-vpc-cni" /* ipam.json */
#define CLAIM_CILIUM "cilium"           /* endpoint state */
#define CLAIM_KINDNET "kindnet"         /* cni.db */
#define CLAIM_CRI "cri"                 /* the container runtime's list of sandboxes */
#define CLAIM_OCI_BUNDLE "oci-bundle"   /* annotations in config.json */
#define CLAIM_HOST_LOCAL "host-local"   /* the IPAM plugin's directories: no names */

/* How a source tells; what it gives is valid during the call. Called from within its read and
 * rescan functions alone. */
struct claim_events {
	void (*claim)(void *context, const struct claim *claim);
	/* The place no longer says anything of the sandbox. */
	void (*withdraw)(void *context, const char *source, const char *place, const char *sandbox);
	/* A file, directory or answer that cannot be used; once for each state of its content. */
	void (*problem)(void *context, const char *place, const char *reason);
	/* Pods may have come and gone unseen since the moment; reason is static text. */
	void (*loss)(void *context, int64_t from, const char *reason);
	void *context;
};

#endif
