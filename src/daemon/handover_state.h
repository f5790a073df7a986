/*
 * What a netpold that is being restarted tells its successor about the sockets it hands over, as
 * text: "KEY=NUMBER" and a newline for each key, in a fixed order, the format's number first.
 */
#ifndef NETPOL_DAEMON_HANDOVER_STATE_H
#define NETPOL_DAEMON_HANDOVER_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "kernel/event.h"

#define HANDOVER_FORMAT 1
/* No text of this format is longer. */
#define HANDOVER_TEXT_MAX 1024

struct handover_state {
	bool valid;            /* decoded whole; not part of the text */
	int64_t stopped_at;    /* ns since the epoch: when the sockets were last read */
	uint32_t event_drops;  /* of the event socket then, see nlsock_drops() */
	uint32_t log_drops;    /* of the log socket */
	uint32_t log_sequence; /* NFULA_SEQ that the next log message has if none is lost */
	uint32_t log_group;    /* NFLOG group of the log socket and of the rule */
	uint64_t log_packets;  /* log messages since the rule was made, those found lost included */
	uint64_t rule_packets; /* the rule's counter when it was last read */
	struct conntrack_stats stats; /* of the table when they were last read */
};

/* Appends the text. */
void handover_encode(const struct handover_state *state, struct buf *buf);
/*
 * The exact inverse: every key once, in order, decimal without sign or leading zeros and within its
 * field, nothing after the last. -EBADMSG otherwise, and then *ret is all zero.
 */
int handover_decode(const char *text, size_t length, struct handover_state *ret);

#endif
