#include "daemon/queue.h"

#define SLOTS (QUEUE_BATCHES + 1)

size_t batch_rows(const struct batch *batch)
{
	return batch->flow_count + batch->checkpoint_count;
}

bool queue_has_room(const struct queue *queue)
{
	return queue->count == 0 || (queue->count < QUEUE_BATCHES && queue->rows < QUEUE_ROWS);
}

void queue_add(struct queue *queue, struct batch *batch)
{
	queue->batches[(queue->first + queue->count) % SLOTS] = batch;
	queue->count++;
	queue->rows += batch_rows(batch);
}

struct batch *queue_front(const struct queue *queue)
{
	return queue->count ? queue->batches[queue->first] : NULL;
}

struct batch *queue_take(struct queue *queue)
{
	struct batch *batch = queue->batches[queue->first];

	queue->rows -= batch_rows(batch);
	queue->first = (queue->first + 1) % SLOTS;
	queue->count--;
	return batch;
}
