/* ▷ What a kernel socket may have missed. */
#ifndef NETPOL_KERNEL_LOSS_H
#define NETPOL_KERNEL_LOSS_H

#include <stdbool.h>
#include <stdint.h>

enum loss_source {
	LOSS_CONNTRACK, /* the event socket's buffer was full */
	LOSS_TABLE,     /* the conntrack table dropped packets or failed inserts */
	LOSS_LOG,       /* an NFLOG sequence gap or a full socket buffer */
	LOSS_RULES,     /* our table was not there */
	LOSS_DAEMON,    /* netpold was not running */
	LOSS_STORE,     /* the database could not take it */
	LOSS_IDENTITY   /* pods may have come and gone unseen */
};

struct loss {
	enum loss_source source;
	bool bounded;     /* at_most is valid */
	uint64_t at_most; /* events that may be missing */
};

#endif
