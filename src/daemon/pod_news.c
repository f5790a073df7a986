#include "daemon/pod_news.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void pod_news_clear(struct pod_news *news)
{
	free(news->changed.items);
	free(news->forgotten.items);
	free(news->marks);
	*news = (struct pod_news){0};
}

static bool numbers_reserve(struct pod_numbers *numbers, size_t more)
{
	size_t capacity = numbers->capacity ? numbers->capacity : 64;
	uint32_t *items;

	if (more <= numbers->capacity - numbers->count)
		return true;
	while (capacity < numbers->count + more)
		capacity *= 2;
	items = reallocarray(numbers->items, capacity, sizeof(*items));
	if (!items)
		return false;
	numbers->items = items;
	numbers->capacity = capacity;
	return true;
}

static bool is_marked(const struct pod_news *news, uint32_t number)
{
	return number / 8 < news->marks_bytes && news->marks[number / 8] >> number % 8 & 1;
}

bool pod_news_make_room(struct pod_news *news, uint32_t last)
{
	size_t bytes = news->marks_bytes ? news->marks_bytes * 2 : 64;
	uint8_t *marks;

	if (!numbers_reserve(&news->changed, 1))
		return false;
	if (((size_t)last + 1) / 8 < news->marks_bytes)
		return true;
	while (bytes <= ((size_t)last + 1) / 8)
		bytes *= 2;
	marks = realloc(news->marks, bytes);
	if (!marks)
		return false;
	memset(marks + news->marks_bytes, 0, bytes - news->marks_bytes);
	news->marks = marks;
	news->marks_bytes = bytes;
	return true;
}

void pod_news_change(struct pod_news *news, uint32_t number)
{
	if (is_marked(news, number))
		return;
	news->marks[number / 8] |= (uint8_t)(1u << number % 8);
	news->changed.items[news->changed.count++] = number;
}

static void clear_marks(struct pod_news *news)
{
	for (size_t i = 0; i < news->changed.count; i++)
		news->marks[news->changed.items[i] / 8] = 0;
	news->changed.count = 0;
}

bool pod_news_make_room_to_forget(struct pod_news *news, size_t more)
{
	return numbers_reserve(&news->forgotten, more);
}

void pod_news_forget(struct pod_news *news, uint32_t number)
{
	news->forgotten.items[news->forgotten.count++] = number;
}

static int copy_pod(const struct registry *registry, uint32_t number, struct batch *batch)
{
	const struct pod *pod = registry_get(registry, number);
	int r;

	if (!pod)
		return 0;
	r = pod_copy(pod, &batch->pods[batch->pod_count].pod);
	if (r == 0)
		batch->pods[batch->pod_count++].number = number;
	return r;
}

int pod_news_copy(const struct pod_news *news, const struct registry *registry, struct batch *batch)
{
	int r = 0;

	if (news->changed.count == 0)
		return 0;
	batch->pods = calloc(news->changed.count, sizeof(*batch->pods));
	if (!batch->pods)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < news->changed.count; i++)
		r = copy_pod(registry, news->changed.items[i], batch);
	return r;
}

void pod_news_taken(struct pod_news *news, struct batch *batch)
{
	clear_marks(news);
	batch->forgotten = news->forgotten.items;
	batch->forgotten_count = news->forgotten.count;
	news->forgotten = (struct pod_numbers){0};
}

static void take_back(struct batch *batch)
{
	for (size_t i = 0; i < batch->pod_count; i++)
		pod_clear(&batch->pods[i].pod);
	free(batch->pods);
	batch->pods = NULL;
	batch->pod_count = 0;
}

int pod_news_copy_all(const struct registry *registry, struct batch *batch)
{
	uint32_t number = 0;
	int r = 0;

	batch->pods = calloc(registry_count(registry) + 1, sizeof(*batch->pods));
	if (!batch->pods)
		return -ENOMEM;
	while (r == 0 && (number = registry_after(registry, number)) > 0)
		r = copy_pod(registry, number, batch);
	if (r < 0)
		take_back(batch);
	return r;
}
