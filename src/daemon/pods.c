#include "daemon/pods.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "sources/cni_cache.h"

/* Ended intervals are kept this long for connections that began in them and are still told of. */
#define MEMORY (24 * 3600 * NSEC_PER_SEC)

struct pods {
	struct registry *registry;
	struct cni_cache *cache;
	struct track *track; /* during pods_read() and pods_rescan() */
	uint32_t *changed;   /* numbers that the store does not know of yet, each once */
	size_t changed_count;
	size_t changed_capacity;
	bool *found; /* during the first scan: pods of the earlier run that are still there, by
			number */
	uint32_t restored;
};

static bool is_marked(const struct pods *pods, uint32_t number)
{
	for (size_t i = 0; i < pods->changed_count; i++)
		if (pods->changed[i] == number)
			return true;
	return false;
}

static void mark_changed(struct pods *pods, uint32_t number)
{
	size_t capacity = pods->changed_capacity ? pods->changed_capacity * 2 : 64;
	uint32_t *changed;

	if (is_marked(pods, number))
		return;
	if (pods->changed_count == pods->changed_capacity) {
		changed = realloc(pods->changed, capacity * sizeof(*changed));
		if (!changed)
			return;
		pods->changed = changed;
		pods->changed_capacity = capacity;
	}
	pods->changed[pods->changed_count++] = number;
}

static void on_pod(void *context, const struct pod *pod)
{
	struct pods *pods = context;
	bool changed = false;
	uint32_t number;

	if (registry_put(pods->registry, pod, &number, &changed) < 0) {
		log_line(LOG_ERROR, "identity", "no memory for pod %s/%s", pod->namespace,
			 pod->name);
		return;
	}
	if (changed)
		mark_changed(pods, number);
	if (pods->found && number <= pods->restored)
		pods->found[number] = true;
}

static void on_problem(void *context, const char *path, const char *reason)
{
	(void)context;
	log_line(LOG_WARN, "identity", "%s: %s", path, reason);
}

static void on_loss(void *context, int64_t from, const char *reason)
{
	struct pods *pods = context;

	if (pods->track)
		track_loss(pods->track, &(struct loss){.source = LOSS_IDENTITY}, from, clock_now(),
			   reason);
}

static int64_t boot_time(void)
{
	struct timespec since_boot;

	clock_gettime(CLOCK_BOOTTIME, &since_boot);
	return clock_now() - ((int64_t)since_boot.tv_sec * NSEC_PER_SEC + since_boot.tv_nsec);
}

static int restore(struct pods *pods, const struct store_state *state)
{
	for (size_t i = 0; i < state->pod_count; i++) {
		bool changed;
		int r = registry_put(pods->registry, &state->pods[i], &pods->restored, &changed);

		if (r < 0)
			return r;
		mark_changed(pods, pods->restored);
	}
	return 0;
}

static int first_scan(struct pods *pods, int64_t heartbeat)
{
	int r;

	pods->found = calloc((size_t)pods->restored + 1, sizeof(*pods->found));
	if (!pods->found)
		return -ENOMEM;
	r = cni_cache_rescan(pods->cache, clock_now());
	for (uint32_t number = 1; r == 0 && number <= pods->restored; number++)
		if (!pods->found[number])
			registry_end(pods->registry, number, heartbeat);
	free(pods->found);
	pods->found = NULL;
	return r;
}

static int open_cache(struct pods *pods, const struct config *config)
{
	const struct cni_cache_options options = {
	    .directories = (const char *const *)config->identity.cni_results.items,
	    .directory_count = config->identity.cni_results.count,
	    .check_netns = true,
	    .boot_time = boot_time(),
	};
	const struct cni_cache_events events = {
	    .pod = on_pod, .problem = on_problem, .loss = on_loss, .context = pods};

	return cni_cache_open(&options, &events, &pods->cache);
}

int pods_open(const struct config *config, const struct store_state *state, struct pods **ret)
{
	struct pods *pods = calloc(1, sizeof(*pods));
	int r;

	if (!pods)
		return -ENOMEM;
	pods->registry = registry_new();
	r = pods->registry ? restore(pods, state) : -ENOMEM;
	if (r == 0)
		r = open_cache(pods, config);
	if (r == 0)
		r = first_scan(pods, state->heartbeat * NSEC_PER_MSEC);
	if (r < 0) {
		pods_free(pods);
		return r;
	}
	*ret = pods;
	return 0;
}

struct pods *pods_free(struct pods *pods)
{
	if (pods) {
		cni_cache_close(pods->cache);
		registry_free(pods->registry);
		free(pods->changed);
		free(pods->found);
		free(pods);
	}
	return NULL;
}

const struct registry *pods_registry(const struct pods *pods)
{
	return pods->registry;
}

int pods_fd(const struct pods *pods)
{
	return cni_cache_fd(pods->cache);
}

int pods_read(struct pods *pods, struct track *track)
{
	int r;

	pods->track = track;
	r = cni_cache_read(pods->cache, clock_now());
	pods->track = NULL;
	return r == -ENOMEM ? 0 : r;
}

int pods_rescan(struct pods *pods, struct track *track)
{
	int r;

	pods->track = track;
	r = cni_cache_rescan(pods->cache, clock_now());
	pods->track = NULL;
	registry_forget(pods->registry, clock_now() - MEMORY, NULL, NULL);
	return r;
}

static int take_pod(const struct pods *pods, uint32_t number, struct batch *batch)
{
	const struct pod *pod = registry_get(pods->registry, number);
	int r;

	if (!pod)
		return 0;
	r = pod_copy(pod, &batch->pods[batch->pod_count].pod);
	if (r == 0)
		batch->pods[batch->pod_count++].number = number;
	return r;
}

static void untake(struct batch *batch)
{
	for (size_t i = 0; i < batch->pod_count; i++)
		pod_clear(&batch->pods[i].pod);
	free(batch->pods);
	batch->pods = NULL;
	batch->pod_count = 0;
}

bool pods_take(struct pods *pods, struct batch *batch)
{
	int r = 0;

	if (pods->changed_count == 0)
		return true;
	batch->pods = calloc(pods->changed_count, sizeof(*batch->pods));
	for (size_t i = 0; batch->pods && r == 0 && i < pods->changed_count; i++)
		r = take_pod(pods, pods->changed[i], batch);
	if (!batch->pods || r < 0) {
		untake(batch);
		return false;
	}
	pods->changed_count = 0;
	return true;
}

int pods_tell(const struct pods *pods, struct batch *batch)
{
	size_t count = registry_count(pods->registry);
	int r = 0;

	batch->pods = calloc(count + 1, sizeof(*batch->pods));
	if (!batch->pods)
		return -ENOMEM;
	for (uint32_t number = 1; r == 0 && batch->pod_count < count; number++)
		r = take_pod(pods, number, batch);
	if (r < 0)
		untake(batch);
	return r;
}

size_t pods_count(const struct pods *pods)
{
	return registry_count(pods->registry);
}
