/*
 * What one line of another recorder tells: a packet or an event of a connection, or a loss. The
 * decoders (import_hubble.h, import_gadget.h) make it; import_gather.h makes edges of many.
 */
#ifndef NETPOL_CLI_IMPORT_SIGHTING_H
#define NETPOL_CLI_IMPORT_SIGHTING_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "identity/labels.h"

enum sighting_kind {
	SIGHTING_NOTHING,    /* understood, and tells of no connection */
	SIGHTING_CONNECTION, /* of one */
	SIGHTING_LOSS,       /* events were lost before this moment */
	SIGHTING_NODES       /* nodes came or went */
};

enum recorder { RECORDER_HUBBLE, RECORDER_GADGET };
#define RECORDERS 2

/* What it proves of the connection. */
enum {
	SIGN_BEGUN = 1 << 0,    /* that it began: the direction is certain */
	SIGN_PASSED = 1 << 1,   /* that its first packet was let through on this node */
	SIGN_ANSWERED = 1 << 2, /* that the other end answered */
	SIGN_REFUSED = 1 << 3,  /* a RST came back: refused, unless it was answered before */
	SIGN_DENIED = 1 << 4,   /* a policy dropped it */
	SIGN_CLOSED = 1 << 5,   /* that it ended */
	SIGN_RESET = 1 << 6     /* ... by a RST */
};

/* Texts are the tree's. */
struct sighting_end {
	struct addr address;
	uint16_t port;
	const char *namespace; /* of its pod; "" if none is named, as the next */
	const char *name;
	const char *owner_kind; /* of the pod's workload; "" if that is not told */
	const char *owner_name;
	bool here; /* the pod runs on the node that tells */
	bool node; /* the address is that node's own */
	bool labelled;
	struct labels labels; /* owned */
};

/* One line, decoded. Release with sighting_clear(); the tree must outlive it. */
struct sighting {
	enum sighting_kind kind;
	enum recorder recorder;
	const char *left_out; /* NOTHING: why a connection is left out; static text, or NULL */
	bool health;          /* NOTHING: it is the network plugin's own health check */
	const char *node;     /* never "" */
	int64_t time;         /* ms */

	struct sighting_end from, to; /* to is the one that was asked */
	bool either_way;              /* it is not known which of them asked */
	bool to_service;              /* to is the address of a service, not who answered */
	struct addr translated;       /* from after source NAT; or none */
	uint8_t protocol;
	bool has_port;
	unsigned signs; /* SIGN_… */

	int64_t lost;        /* LOSS: at most so many events; -1: no bound known */
	const char *reason;  /* LOSS, NODES: static text */
	bool gone;           /* NODES: they are, or they are back */
	const json_t *nodes; /* NODES: array of their names */
};

static inline void sighting_clear(struct sighting *sighting)
{
	labels_clear(&sighting->from.labels);
	labels_clear(&sighting->to.labels);
}

/* Without the name of the cluster before the last slash, as Cilium writes it. */
static inline const char *sighting_node_name(const char *text)
{
	const char *name = text;

	for (; *text; text++)
		if (*text == '/' && text[1])
			name = text + 1;
	return name;
}

#endif
