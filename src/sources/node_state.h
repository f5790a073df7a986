/*
 * What the container network left on this node's disk of its pods: every format in one place,
 * watched with inotify(7). Never writes.
 *
 * One thread, no locks. Time comes in as a parameter (ns since the epoch, CLOCK_REALTIME: files
 * have such times).
 */
#ifndef NETPOL_SOURCES_NODE_STATE_H
#define NETPOL_SOURCES_NODE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "identity/claim.h"

/* Files beyond this number, over all sources, are a problem, and not read; nor are directories. */
#define NODE_STATE_FILES_MAX 32768
/* After the first, a call looks at no more directories than this; the rest is due soon after. */
#define NODE_STATE_DIRECTORIES_AT_ONCE 1024
/* Files that tell of all sandboxes, kindnet's and the VPC CNI's, are read no more often than so. */
#define NODE_STATE_PAUSE_NS (200 * INT64_C(1000000))
/* An undecodable file may be half-written for this long before it is a problem. */
#define NODE_STATE_SETTLE_NS (2 * INT64_C(1000000000))

enum node_state_kind {
	NODE_STATE_CNI_RESULTS, /* directories of libcni's cached results */
	NODE_STATE_HOST_LOCAL,  /* directories with one directory a network in them */
	NODE_STATE_KINDNET,     /* SQLite files: cni.db */
	NODE_STATE_AWS_VPC_CNI, /* files: ipam.json */
	NODE_STATE_CILIUM,      /* directories with one directory an endpoint in them */
	NODE_STATE_OCI_BUNDLES, /* directories with one bundle a container in them */
	NODE_STATE_KINDS
};

struct node_state_paths {
	const char *const *paths; /* absolute; they need not exist yet; copied */
	size_t count;             /* 0: switched off */
};

struct node_state_options {
	struct node_state_paths kinds[NODE_STATE_KINDS];
	bool check_netns;  /* a file whose network namespace's path is gone: its sandbox is
			      orphaned */
	int64_t boot_time; /* a file that was last written before this tells nothing, unless it
			      names a network namespace that is there; ns */
};

struct node_state;

/*
 * What is claimed, one claim for each sandbox of a file, claim.place being the file's path:
 *
 * - since is when the file says that the address was allocated, otherwise the file's own time.
 *   exact: of host-local, kindnet and the VPC CNI, who allocate. File times come from the kernel's
 *   coarse clock, at most some ms early.
 * - secondary: of an interface other than eth0. A file of libcni for an interface of another name,
 *   unless Multus named it (net1), counts as primary while the sandbox has none for eth0.
 * - orphaned: the network namespace that the file names is gone; then without addresses.
 * - What is undecodable, unreadable, too large or no regular file is a problem after
 *   NODE_STATE_SETTLE_NS, and what was claimed before stays until the file goes.
 */

/*
 * Begins to watch. The first node_state_rescan() tells what is there already. -ENOMEM, or what
 * epoll_create1(2) and timerfd_create(2) say. What cannot be watched, for want of an instance of
 * inotify or of watches, is one problem for all of a source, told by a rescan, and left to the
 * rescans; bundles give their watches to other sources.
 */
int node_state_open(const struct node_state_options *options, const struct claim_events *events,
		    struct node_state **ret);
struct node_state *node_state_close(struct node_state *state); /* NULL is allowed; returns NULL */
/* Poll it for reading; it covers inotify and the module's own timer. */
int node_state_fd(const struct node_state *state);
/* Takes what inotify has to say, without blocking. 0, -ENOMEM (a rescan is due), or what read(2)
 * says. */
int node_state_read(struct node_state *state, int64_t now);
/*
 * The same, then compares everything with what is known: for the start and for a slow timer, that
 * finds what no event tells (unreadable files that became readable, network namespaces that went,
 * files that stayed half-written).
 */
int node_state_rescan(struct node_state *state, int64_t now);
/* Tells all claims once more, for who could not take some of them. */
void node_state_retell(struct node_state *state);
/* For each path that existed when it was looked at last, in order of kinds and paths: the source's
 * name and the path. */
void node_state_visit_found(const struct node_state *state,
			    void (*visit)(void *context, const char *source, const char *path),
			    void *context);

#endif
