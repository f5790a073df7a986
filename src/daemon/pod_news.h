/*
 * What the store has yet to be told of pods: those that changed, each once, and the numbers that no
 * later batch names. Numbers are the registry's.
 *
 * Room is made before a pod changes, so that what is known is always told. One thread.
 */
#ifndef NETPOL_DAEMON_POD_NEWS_H
#define NETPOL_DAEMON_POD_NEWS_H

#include "flow/flow.h"
#include "identity/interval.h"

struct pod_numbers {
	uint32_t *items;
	size_t count, capacity;
};

/* Start from {0}. */
struct pod_news {
	struct pod_numbers changed;
	struct pod_numbers forgotten;
	uint8_t *marks; /* a bit for each number: is it in changed? */
	size_t marks_bytes;
};

void pod_news_clear(struct pod_news *news);
/* For one change more, of a number up to the one after last. False: no memory. */
bool pod_news_make_room(struct pod_news *news, uint32_t last);
/* The pod changed. There must be room. */
void pod_news_change(struct pod_news *news, uint32_t number);
/* For so many forgotten numbers more. False: no memory. */
bool pod_news_make_room_to_forget(struct pod_news *news, size_t more);
/* There must be room. */
void pod_news_forget(struct pod_news *news, uint32_t number);

/* Copies the pods that changed into a batch without any. -ENOMEM: the batch is to be freed. */
int pod_news_copy(const struct pod_news *news, const struct registry *registry,
		  struct batch *batch);
/* They are the batch's now, and the forgotten numbers become so. */
void pod_news_taken(struct pod_news *news, struct batch *batch);
/* Copies all pods into a batch without any. -ENOMEM: it has none. */
int pod_news_copy_all(const struct registry *registry, struct batch *batch);

#endif
