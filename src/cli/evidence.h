/*
 * Evidence as lines of JSON: what `flows --format jsonl` prints and `import` reads. One object a
 * line, each with a "type":
 *
 * - header: node, version (1), from, until; one per node, before its other lines
 * - pod: node, namespace, name, uid, sandbox, source, conflict, labels (null: not known),
 * host_network, created, ended, addresses [{address, from, until, exact, secondary}],
 * words [{source, place, said}]
 * - fact: node, name, value, since; an address of the node itself is the fact "address", which has
 * until, too
 * - object: node, kind, namespace, name, uid, since, until, content (the object itself)
 * - gap: node, source, from, until, at_most, reason
 * - flow: node, window, length (ms), from END, to END, service {address, port}, translated,
 * protocol, port, verdict, direction_certain, connections, closed, ended {closed, timed_out, reset,
 * evicted, deleted, vanished}, counted, packets_…, bytes_…, first_seen, last_seen
 *
 * What ended adds up to closed. An END is {"address"}, where the address may be a prefix
 * ("203.0.113.0/24") that stands for many, or, where a pod had it,
 * {"address","namespace","name","uid","sandbox"}; of the last two only what is needed to tell pods
 * apart. A flow without a window raises only its edge's totals, and may make it begin earlier.
 * Absent members are null; others than these are an error, but for what is in labels and content.
 */
#ifndef NETPOL_CLI_EVIDENCE_H
#define NETPOL_CLI_EVIDENCE_H

#include <jansson.h>

#include "store/store.h"

#define EVIDENCE_VERSION 1
#define EVIDENCE_ADDRESS_FACT "address"
/* Where a line names no node. */
#define EVIDENCE_NODE_DEFAULT "node"

enum evidence_type {
	EVIDENCE_HEADER,
	EVIDENCE_POD,
	EVIDENCE_FACT,
	EVIDENCE_OBJECT,
	EVIDENCE_GAP,
	EVIDENCE_FLOW
};

/* The pod at an end; name NULL: none. Strings are owned by the evidence; "" where the line has
 * none. */
struct evidence_pod {
	const char *namespace;
	const char *name;
	const char *uid;
	const char *sandbox;
};

/* One line, decoded. Times in ms. Release with evidence_clear(). */
struct evidence {
	enum evidence_type type;
	const char *node;
	int64_t from, until; /* header: first and heartbeat; fact: since and until */
	struct pod
	    pod; /* POD: strings owned by the tree but for labels; the rest by the evidence */
	const char *name, *value;    /* FACT */
	struct stored_object object; /* OBJECT: content owned by the evidence */
	struct gap gap;              /* GAP */
	struct flow flow;            /* FLOW: pods are in source and destination */
	struct evidence_pod source, destination;
	json_t *tree;
};

/*
 * Parses one line without its newline. On failure -EINVAL and in reason the JSON parser's own
 * words, or that it is no object. -ENOMEM. The tree is the caller's. Fuzzed, with what follows.
 */
int evidence_parse(const char *line, size_t length, json_t **ret, char reason[static 256]);
/*
 * What such a tree says; it is taken even on failure: -EINVAL and in reason what was expected of
 * which member. -ENOMEM.
 */
int evidence_decode(json_t *tree, struct evidence *ret, char reason[static 256]);
void evidence_clear(struct evidence *evidence);

/* The lines. NULL: no memory. */
json_t *evidence_header(const char *node, int64_t first, int64_t heartbeat);
json_t *evidence_of_pod(const struct stored_pod *pod);
json_t *evidence_of_fact(const struct stored_fact *fact);
json_t *evidence_of_address(const struct stored_address *address);
json_t *evidence_of_object(const struct stored_object *object);
json_t *evidence_of_gap(const char *node, const struct gap *gap);
/* The pods at the ends may be NULL. */
json_t *evidence_of_flow(const struct stored_flow *flow, const struct pod *source,
			 const struct pod *destination);

#endif
