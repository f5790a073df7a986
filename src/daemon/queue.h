/*
 * Batches that wait for the disk, in order: so many, and so many rows, that memory is bounded.
 *
 * The caller keeps threads apart.
 */
#ifndef NETPOL_DAEMON_QUEUE_H
#define NETPOL_DAEMON_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "flow/flow.h"

#define QUEUE_BATCHES 8u
/* Flows and checkpoints, about 200 bytes each. */
#define QUEUE_ROWS ((size_t)1 << 20)

/* Start from {0}. */
struct queue {
	struct batch *batches[QUEUE_BATCHES + 1]; /* one more for the last of the run */
	unsigned first;
	unsigned count;
	size_t rows;
};

size_t batch_rows(const struct batch *batch);
/* For a batch of any size when empty; otherwise below both bounds. */
bool queue_has_room(const struct queue *queue);
/* Takes the batch over. There must be room, or it is the last of the run. */
void queue_add(struct queue *queue, struct batch *batch);
/* NULL if it is empty; stays the queue's. */
struct batch *queue_front(const struct queue *queue);
/* Hands the front over. There must be one. */
struct batch *queue_take(struct queue *queue);

#endif
