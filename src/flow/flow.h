/*
 * ▷ What the collector hands to the store: connections folded into edges and flows, gaps, pods,
 * checkpoints.
 *
 * An edge is one conversation: who asked whom for what, and how it went, without the client's port.
 * A flow is what an edge did in one window. Times are milliseconds since the epoch unless a name
 * says otherwise.
 */
#ifndef NETPOL_FLOW_FLOW_H
#define NETPOL_FLOW_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "identity/pod.h"
#include "kernel/event.h"
#include "kernel/loss.h"

/* Stored as these numbers (sql/: edge.verdict); never renumber. */
enum verdict {
	VERDICT_ANSWERED = 1,   /* a reply was seen */
	VERDICT_ONE_WAY = 2,    /* connectionless, forwarded, never answered: statsd, syslog */
	VERDICT_REFUSED = 3,    /* a lone RST came back */
	VERDICT_UNANSWERED = 4, /* forwarded, nothing came back */
	VERDICT_DENIED = 5,     /* dropped on this node between our hook and confirmation */
	VERDICT_UNKNOWN = 6     /* loss leaves it open: an attempt logged (no connection), or a
				   connection whose end was not seen */
};
#define VERDICT_MAX 6

/* "answered", "one-way", "refused", "unanswered", "denied", "unknown". */
const char *verdict_name(enum verdict verdict);
/* -EINVAL for anything else. */
int verdict_parse(const char *name, enum verdict *ret);
/* "TCP", "UDP", "SCTP", "ICMP", "ICMPv6", …; the decimal number for the rest. text holds that
 * number. */
const char *protocol_name(uint8_t protocol, char text[static 4]);
int protocol_parse(const char *name, uint8_t *ret);

/* The identifying columns. Zero bytes where unused, padding too, so that keys compare and hash as
 * bytes. */
struct edge_key {
	struct addr source;      /* original source */
	struct addr destination; /* reply source: the backend */
	struct addr service; /* original destination where it differs from destination (address or
				port), else none */
	struct addr
	    translated; /* reply destination where it differs from source (source NAT), else none */
	uint32_t source_pod; /* number of the pod at source when the connection began; 0: none known
				here */
	uint32_t destination_pod;    /* the same at destination */
	uint16_t port;               /* target port: reply source port; 0 where has_port is false */
	uint16_t service_port;       /* original destination port; 0 without a service */
	uint8_t protocol;            /* IPPROTO_* */
	uint8_t verdict;             /* enum verdict */
	uint8_t has_port;            /* 1 or 0 */
	uint8_t direction_uncertain; /* 1: picked up mid-stream, source may be the server */
	uint8_t source_prefix;      /* bits of source that hold, the rest is zero: many clients were
				       folded into one edge; 0: source is one address */
	uint8_t destination_prefix; /* the same of destination */
	uint16_t unused;
};

/* Sums; they may be negative in a window where a connection moved to another verdict. */
struct totals {
	int64_t
	    connections; /* counted once each, when the verdict is known; for denied: attempts */
	int64_t closed;  /* of these, how many have ended */
	int64_t counted; /* of these, how many had counters; packets and bytes are absent where this
			    is 0 */
	int64_t packets_sent;
	int64_t packets_received;
	int64_t bytes_sent;
	int64_t bytes_received;
	int64_t timed_out; /* of closed: silence outlasted the kernel's patience */
	int64_t reset;     /* of closed: a TCP RST ended it */
	int64_t evicted;   /* of closed: the kernel's table was full */
	int64_t deleted;   /* of closed: a process, or the kernel, deleted the entry before its
			      time */
	int64_t vanished;  /* of closed: its end was never seen; the rest closed in order */
};

void totals_add(struct totals *sum, const struct totals *more);
bool totals_are_zero(const struct totals *totals);

/* Not a window: only the edge's totals are raised (evidence whose rows were pruned). */
#define FLOW_WITHOUT_WINDOW UINT32_MAX

/* One edge in one window. */
struct flow {
	struct edge_key key;
	int64_t window;  /* start of the window; with a zero window the connection's own start */
	uint32_t length; /* ms; 0: one row per connection; or FLOW_WITHOUT_WINDOW */
	struct totals totals;
	int64_t first_seen;
	int64_t last_seen;
};

struct gap {
	enum loss_source source;
	int64_t from;
	int64_t until;
	int64_t at_most;    /* events; -1: no bound known */
	const char *reason; /* static text in the daemon; owned by the reader's row elsewhere */
};

/* "conntrack", "table", "log", "rules", "daemon", "store", "identity". */
const char *loss_source_name(enum loss_source source);
int loss_source_parse(const char *name, enum loss_source *ret);

/*
 * What has been counted of one live connection, so that a later run neither forgets it nor counts
 * it twice. Identity: zone, original tuple, id and start_ns; of several rows of one in a batch the
 * last holds.
 */
struct checkpoint {
	struct tuple original;
	struct tuple reply;
	uint16_t zone;
	uint32_t id;
	int64_t start_ns; /* CTA_TIMESTAMP; 0: not known */
	int64_t first_ns; /* when it began, as well as we know; where start_ns is 0 it may have been
			     earlier */
	bool remove;      /* the connection ended: delete the row; only the identity is valid */
	bool has_counters;
	bool direction_uncertain;
	uint8_t verdict;                      /* as counted */
	uint32_t source_pod, destination_pod; /* numbers of those under which it was counted */
	uint64_t packets_sent, packets_received, bytes_sent, bytes_received; /* as counted */
};

/*
 * A pod as the store shall know it under this number, with all of its open intervals. Numbers start
 * at 1 and are never reused in a run.
 */
struct batch_pod {
	uint32_t number;
	struct pod pod; /* owned by the batch */
};

struct node_address {
	struct addr address;
	bool present; /* false: gone since last told */
};

/* A named value about the node or the run: sysctls, sources, exclusions. */
struct fact {
	char *name;  /* "sysctl.nf_conntrack_acct", … */
	char *value; /* NULL: the fact ends */
};

#define OBJECT_CONTENT_MAX 262144u /* bytes; sql/: object.content */

/*
 * A Kubernetes object as the node's inventory file has it, less what nobody here reads; told once,
 * then when it changes or goes.
 */
struct batch_object {
	char *kind;      /* with its API group where it has one: "Pod", "ReplicaSet.apps" */
	char *namespace; /* "" for what has none */
	char *name;
	char *uid;     /* "" unknown */
	char *content; /* the object as JSON, apiVersion and kind included, at most
			  OBJECT_CONTENT_MAX bytes; NULL: it is gone */
	int64_t since; /* 0: it is so at the batch's time; else this is one state of it, told by
			  itself, that began then, ms */
	int64_t until; /* and ended then; INTERVAL_OPEN: it did not */
};

/*
 * All that the collector learnt since the last batch; written in one transaction. Pods come before
 * the flows that name them. Released with batch_free() by whoever holds it last.
 */
struct batch {
	int64_t time; /* when it was closed: the heartbeat that bounds a later daemon gap */
	struct flow *flows;
	size_t flow_count;
	struct gap *gaps;
	size_t gap_count;
	struct batch_pod *pods;
	size_t pod_count;
	bool pods_complete; /* the first scan is done: open intervals of pods not named in this run
			       have ended */
	struct checkpoint *checkpoints;
	size_t checkpoint_count;
	uint32_t *forgotten; /* numbers of pods that no later batch names */
	size_t forgotten_count;
	struct node_address *addresses;
	size_t address_count;
	struct fact *facts;
	size_t fact_count;
	struct batch_object *objects; /* owned by the batch, like all of the above */
	size_t object_count;
	bool objects_complete; /* all there are were told in this run: others that an earlier run
				  left are gone */
};

struct batch *batch_free(struct batch *batch); /* NULL is allowed; returns NULL */
/* Has it nothing to tell but its time, and that what was told is complete? */
bool batch_is_empty(const struct batch *batch);
/* Appends a fact; value NULL ends it. Strings are copied. -ENOMEM leaves the batch as it was. */
int batch_add_fact(struct batch *batch, const char *name, const char *value);

#endif
