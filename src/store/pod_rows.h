/* Pods from rows that come one for each time of each address, as the writer's state and the reader
 * need them. */
#ifndef NETPOL_STORE_POD_ROWS_H
#define NETPOL_STORE_POD_ROWS_H

#include "identity/pod.h"
#include "store/db.h"

/* The columns of SQL_STATE_POD, with which SQL_READ_PODS begins; addresses are NULL where there is
 * none. */
struct pod_rows {
	int64_t number;  /* of the pod below; 0: none yet */
	struct pod pod;  /* times multiplied by scale; ended INTERVAL_OPEN: it is not */
	size_t capacity; /* of pod.addresses */
	int64_t scale;   /* 1: ms; NSEC_PER_MSEC: ns */
	bool with_words; /* the pod gets its words too */
};

/*
 * True: the row begins another pod, and the one collected so far is complete: use it, take it over
 * or pod_rows_clear() it, then call again with the same row. False: the row was added. Sets the
 * sticky error.
 */
bool pod_rows_add(struct pod_rows *rows, struct db *db, sqlite3_stmt *statement);
/* Frees the pod collected. */
void pod_rows_clear(struct pod_rows *rows);

#endif
