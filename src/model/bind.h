/* Whose address it was: pods by recorded intervals, then nodes, then what the inventory says;
 * private to model/. */
#ifndef NETPOL_MODEL_BIND_H
#define NETPOL_MODEL_BIND_H

#include <stddef.h>
#include <stdint.h>

#include "identity/interval.h"
#include "model/classes.h"
#include "model/ends.h"
#include "model/graph.h"
#include "model/pods.h"
#include "model/sieve.h"

/* The CNI result is written a moment after the pod may already speak; and how far nodes' clocks
 * may be apart. ms. */
#define BIND_SLACK 5000

struct pod_claim {
	struct addr address;
	struct pod_address turn; /* when it had it, as the inventory tells */
	size_t pod;              /* index in pods */
	int64_t latest;          /* end of any turn up to this one; set by binder_sort() */
};

struct node_claim {
	struct addr address;
	int64_t since;
	int64_t until;
	const char *node;
	const char *reason;
	bool recorded; /* by the node itself; false: the inventory says so */
	bool began;    /* since is when the node began to record: it may have had it before */
};

struct range_claim {
	struct prefix range;
	const char *node;
	const char *tunnel; /* why its first address is the node */
	const char *inside; /* why the others are pods */
};

struct service_claim {
	struct addr address;
	const char *reason;
	const struct inventory_service *service;
};

/* An end that is the same for all who see the address within a time. */
struct remembered {
	const struct end *end; /* NULL: there is none */
	int64_t from;          /* of sightings that lie inside */
	int64_t until;
};

/* Filled by the assembly, then sorted by binder_sort(). Texts are interned, so that nodes compare
 * as pointers. */
struct binder {
	struct ends *ends; /* what is bound is of these */
	const struct graph_pod *pods;
	struct registry *registry;   /* recorded intervals in primary networks */
	struct registry *further;    /* and in further ones, under the same numbers */
	const struct pod_row **rows; /* by registry number */
	struct addr *recorded_pods;  /* addresses of all rows */
	size_t recorded_pod_count;
	struct pod_claim *inventory_pods; /* of pods with an address of their own */
	size_t inventory_pod_count;
	struct node_claim *nodes; /* recorded, of inventory nodes, of host-network pods */
	size_t node_count;
	struct range_claim *ranges; /* nodes' pod ranges */
	size_t range_count;
	struct service_claim *services;
	size_t service_count;
	struct classes classes;
	struct sieve recorded;         /* those of recorded_pods */
	struct remembered *remembered; /* where their hashes say; NULL: each is looked up */
};

/* -ENOMEM. */
int binder_sort(struct binder *binder);
void binder_clear(struct binder *binder);

/* An address as one node saw it throughout a time. */
struct sighting {
	struct addr address;
	int64_t from;
	int64_t until;
	int64_t slack;        /* how much later it may have become its pod's: BIND_SLACK for what
				 spoke itself, 0 for what need not have been there */
	const char *recorder; /* interned */
};

/* The end that is the pod of this row, as the recorder bound it. NULL: out of memory. */
const struct end *binder_row(const struct binder *binder, struct pod_row *row,
			     const struct sighting *sighting);
/* What is remembered of the address comes from memory by the time that binder_address() needs it:
 * first its place, and once that is there, the end. */
void binder_fetch_place(const struct binder *binder, struct addr address);
void binder_fetch_end(const struct binder *binder, struct addr address);
/* The end that had the address throughout. *ret_changed: it was one pod's and then another's, so
 * that parts of the time may tell more. -ENOMEM. */
int binder_address(const struct binder *binder, const struct sighting *sighting,
		   const struct end **ret, bool *ret_changed);
/* Did the address ever belong to the node itself? */
bool binder_is_own(const struct binder *binder, struct addr address, const char *node);
/* The end that stands for all addresses of the prefix: outside, and nobody's in particular; unknown
 * if pods or nodes have some of them. NULL: out of memory. */
const struct end *binder_prefix(const struct binder *binder, struct addr address, uint8_t prefix);
/* NULL if the inventory has no service at the address. */
const struct inventory_service *binder_service(const struct binder *binder, struct addr address);

#endif
