#include "daemon/pods.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/found.h"
#include "daemon/pod_news.h"
#include "identity/merge.h"
#include "sources/cri.h"
#include "sources/node_state.h"

/* What ended is looked at again so long after: connections that are counted late, or not yet. What
 * others were bound to is kept for as long as they are open. */
#define MEMORY (15 * 60 * NSEC_PER_SEC)
#define FORGET_PERIOD (5 * 60 * NSEC_PER_SEC)
/* Pods without an address are known to the container runtime alone, which may be slow. */
#define RUNTIME_PATIENCE (60 * NSEC_PER_SEC)
/* What merge had no room for is told again, which costs as much as a start. */
#define RETELL_PERIOD (60 * NSEC_PER_SEC)

struct pods {
	struct registry *registry;
	struct merge *merge;
	struct node_state *files;
	struct cri *cri; /* NULL: switched off */
	struct found *found;
	int epoll;
	int timer; /* for merge_tick(), while it has something to wait for */
	bool is_timed;
	struct track *track; /* during pods_read() and pods_rescan() */
	struct pod_news news;
	uint32_t last;     /* number */
	uint32_t restored; /* the numbers up to this are the earlier run's */
	bool restoring;
	int64_t heartbeat; /* of the earlier run */
	int64_t opened;
	int64_t looked; /* when the sources had been read last */
	bool starting;
	int64_t forgot;
	int64_t lacking; /* since when merge had no room; 0: it has */
	int64_t retold;
};

/* What the store would not be told of is not to be known here either. */
static int put(struct pods *pods, const struct pod *pod)
{
	bool changed = false;
	uint32_t number;
	int r = pod_news_make_room(&pods->news, pods->last)
		    ? registry_put(pods->registry, pod, &number, &changed)
		    : -ENOMEM;

	if (r < 0)
		return r;
	if (number > pods->last)
		pods->last = number;
	if (changed)
		pod_news_change(&pods->news, number);
	return 0;
}

/* ---- what merge says ---- */

static bool is_given(const struct pod *pod, const struct pod_address *had)
{
	for (size_t i = 0; i < pod->address_count; i++)
		if (addr_equal(pod->addresses[i].address, had->address))
			return true;
	return false;
}

/* Of the earlier run; not later than now, wherever the clock was then. */
static int64_t last_heard(const struct pods *pods)
{
	return pods->heartbeat < pods->opened ? pods->heartbeat : pods->opened;
}

/* An address that the pod had in the earlier run, and that nobody tells any more. */
static int put_restored(struct pods *pods, const struct pod *pod)
{
	const struct pod *had =
	    registry_get(pods->registry, registry_find(pods->registry, pod->sandbox));
	struct pod whole = *pod;
	int r;

	if (!had)
		return put(pods, pod);
	whole.addresses =
	    calloc(pod->address_count + had->address_count + 1, sizeof(*whole.addresses));
	if (!whole.addresses)
		return -ENOMEM;
	if (pod->address_count > 0)
		memcpy(whole.addresses, pod->addresses,
		       pod->address_count * sizeof(*whole.addresses));
	for (size_t i = 0; i < had->address_count; i++) {
		if (had->addresses[i].until != INTERVAL_OPEN || is_given(pod, &had->addresses[i]))
			continue;
		whole.addresses[whole.address_count] = had->addresses[i];
		whole.addresses[whole.address_count++].until = last_heard(pods);
	}
	r = put(pods, &whole);
	free(whole.addresses);
	return r;
}

static void lose(struct pods *pods, int64_t from, const char *reason)
{
	registry_unwatched(pods->registry, from, clock_now(), MERGE_RELEASE_NS);
	if (pods->track)
		track_loss(pods->track, &(struct loss){.source = LOSS_IDENTITY}, from, clock_now(),
			   reason);
}

static void on_pod(void *context, const struct pod *pod)
{
	struct pods *pods = context;
	int r = pods->restoring ? put_restored(pods, pod) : put(pods, pod);

	if (r < 0)
		lose(pods, clock_now(), "no memory for a pod");
}

static void on_problem(void *context, const char *subject, const char *text)
{
	(void)context;
	log_line(LOG_WARN, "identity", "%s: %s", subject, text);
}

/* ---- what the sources say ---- */

static void on_loss(void *context, int64_t from, const char *reason)
{
	lose(context, from, reason);
}

/* Told again, it may be taken. */
static void lack(struct pods *pods, int64_t now, int error)
{
	lose(pods, pods->lacking ? pods->lacking : now,
	     error == -ENOSPC ? "there are more pods than are followed"
			      : "no memory for what was told of a pod");
	pods->lacking = now;
}

static void on_claim(void *context, const struct claim *claim)
{
	struct pods *pods = context;
	int64_t now = clock_now();

	int r = merge_claim(pods->merge, claim, now);

	if (r < 0)
		lack(pods, now, r);
	if (pods->cri && strcmp(claim->source, CLAIM_CRI) != 0 &&
	    merge_has(pods->merge, claim->sandbox))
		cri_want(pods->cri, claim->sandbox, now);
}

/* The start may take its time, and whoever speaks to an address meanwhile need not mean who had it
 * before. */
static void on_withdraw(void *context, const char *source, const char *place, const char *sandbox)
{
	struct pods *pods = context;
	int64_t when = pods->starting ? pods->looked : clock_now();

	if (merge_withdraw(pods->merge, source, place, sandbox, when) < 0)
		lose(pods, when, "no memory for the end of a pod");
}

static struct node_state_paths paths_of(const struct config_paths *paths)
{
	return (struct node_state_paths){.paths = (const char *const *)paths->items,
					 .count = paths->count};
}

static int64_t boot_time(void)
{
	struct timespec since_boot;

	clock_gettime(CLOCK_BOOTTIME, &since_boot);
	return clock_now() - ((int64_t)since_boot.tv_sec * NSEC_PER_SEC + since_boot.tv_nsec);
}

static int open_sources(struct pods *pods, const struct config *config)
{
	const struct node_state_options options = {
	    .kinds = {[NODE_STATE_CNI_RESULTS] = paths_of(&config->identity.cni_results),
		      [NODE_STATE_HOST_LOCAL] = paths_of(&config->identity.host_local),
		      [NODE_STATE_KINDNET] = paths_of(&config->identity.kindnet),
		      [NODE_STATE_AWS_VPC_CNI] = paths_of(&config->identity.aws_vpc_cni),
		      [NODE_STATE_CILIUM] = paths_of(&config->identity.cilium),
		      [NODE_STATE_OCI_BUNDLES] = paths_of(&config->identity.oci_bundles)},
	    .check_netns = true,
	    .boot_time = boot_time(),
	};
	const struct claim_events events = {.claim = on_claim,
					    .withdraw = on_withdraw,
					    .problem = on_problem,
					    .loss = on_loss,
					    .context = pods};
	int r = node_state_open(&options, &events, &pods->files);

	if (r == 0 && config->identity.cri_sockets.count > 0)
		r = cri_open((const char *const *)config->identity.cri_sockets.items,
			     config->identity.cri_sockets.count, &events, &pods->cri);
	return r;
}

static void on_found(void *context, const char *source, const char *path)
{
	found_add(context, source, path);
}

static void find_sources(struct pods *pods)
{
	const char *socket = pods->cri ? cri_socket(pods->cri) : NULL;

	found_begin(pods->found);
	node_state_visit_found(pods->files, on_found, pods->found);
	if (socket)
		found_add(pods->found, CLAIM_CRI, socket);
	found_end(pods->found);
}

/* ---- one descriptor for all of them ---- */

static int watch_fd(const struct pods *pods, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(pods->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int open_poll(struct pods *pods)
{
	int r;

	pods->epoll = epoll_create1(EPOLL_CLOEXEC);
	pods->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (pods->epoll < 0 || pods->timer < 0)
		return -errno;
	r = watch_fd(pods, pods->timer);
	if (r == 0)
		r = watch_fd(pods, node_state_fd(pods->files));
	if (r == 0 && pods->cri)
		r = watch_fd(pods, cri_fd(pods->cri));
	return r;
}

static void set_timer(struct pods *pods)
{
	const struct itimerspec second = {.it_value.tv_sec = 1};

	if (pods->is_timed || !merge_is_waiting(pods->merge))
		return;
	pods->is_timed = timerfd_settime(pods->timer, 0, &second, NULL) == 0;
}

static int tick(struct pods *pods)
{
	uint64_t expirations;

	if (read(pods->timer, &expirations, sizeof(expirations)) < 0 && errno == EAGAIN)
		return 0;
	pods->is_timed = false;
	return merge_tick(pods->merge, clock_now());
}

/* The first answer comes some time after the start. */
static int read_cri(struct pods *pods)
{
	const char *before = cri_socket(pods->cri);
	int r = cri_read(pods->cri, clock_now());

	if (cri_socket(pods->cri) != before)
		find_sources(pods);
	return r;
}

static int read_source(struct pods *pods, int fd)
{
	if (fd == pods->timer)
		return tick(pods);
	if (fd == node_state_fd(pods->files))
		return node_state_read(pods->files, clock_now());
	return read_cri(pods);
}

/* ---- the earlier run ---- */

static bool has_ended(const struct pod *pod)
{
	return pod->ended != 0 && pod->ended != INTERVAL_OPEN;
}

/* The store has it as it is. */
static int restore_pod(struct pods *pods, const struct pod *pod)
{
	bool changed;
	uint32_t number;
	int r = registry_put(pods->registry, pod, &number, &changed);

	if (r == 0 && number != ++pods->last)
		r = -EINVAL;
	return r;
}

static int restore(struct pods *pods, const struct store_state *state)
{
	int r = 0;

	registry_lacks(pods->registry, state->pods_since);
	for (size_t i = 0; r == 0 && i < state->pod_count; i++) {
		r = restore_pod(pods, &state->pods[i]);
		if (r == 0 && !has_ended(&state->pods[i]) && *state->pods[i].sandbox)
			r = merge_remember(pods->merge, &state->pods[i], pods->opened);
	}
	pods->restored = pods->last;
	return r;
}

/* Those of the earlier run that nobody tells of. */
static void end_restored(struct pods *pods, bool with_address)
{
	for (uint32_t number = 1; number <= pods->restored; number++) {
		const struct pod *pod = registry_get(pods->registry, number);

		if (!pod || has_ended(pod) || (pod->address_count > 0) != with_address ||
		    merge_has(pods->merge, pod->sandbox))
			continue;
		if (!pod_news_make_room(&pods->news, pods->last))
			lose(pods, last_heard(pods), "no memory for the end of a pod");
		else if (registry_end(pods->registry, number, last_heard(pods)))
			pod_news_change(&pods->news, number);
	}
}

static int first_scan(struct pods *pods)
{
	int r = node_state_rescan(pods->files, clock_now());

	if (r < 0)
		return r;
	pods->restoring = true;
	r = merge_hold(pods->merge, false, clock_now());
	pods->restoring = false;
	end_restored(pods, true);
	registry_unwatched(pods->registry, last_heard(pods), pods->opened, MERGE_RELEASE_NS);
	pods->looked = clock_now();
	find_sources(pods);
	set_timer(pods);
	return r;
}

static int open_all(struct pods *pods, const struct config *config, const struct store_state *state)
{
	const struct merge_events events = {.pod = on_pod, .problem = on_problem, .context = pods};
	int r;

	pods->registry = registry_new();
	pods->merge = merge_new(&events);
	pods->found = found_new(state);
	if (!pods->registry || !pods->merge || !pods->found)
		return -ENOMEM;
	r = merge_hold(pods->merge, true, pods->opened);
	if (r == 0)
		r = restore(pods, state);
	if (r == 0)
		r = open_sources(pods, config);
	if (r == 0)
		r = open_poll(pods);
	return r == 0 ? first_scan(pods) : r;
}

int pods_open(const struct config *config, const struct store_state *state, struct pods **ret)
{
	struct pods *pods = calloc(1, sizeof(*pods));
	int r;

	if (!pods)
		return -ENOMEM;
	pods->epoll = pods->timer = -1;
	pods->heartbeat = state->heartbeat * NSEC_PER_MSEC;
	pods->opened = pods->forgot = clock_now();
	pods->starting = true;
	r = open_all(pods, config, state);
	if (r < 0) {
		log_line(LOG_ERROR, "identity", "cannot begin to watch pods: %s",
			 strerrordesc_np(-r));
		pods_free(pods);
		return r;
	}
	*ret = pods;
	return 0;
}

struct pods *pods_free(struct pods *pods)
{
	if (pods) {
		cri_close(pods->cri);
		node_state_close(pods->files);
		merge_free(pods->merge);
		registry_free(pods->registry);
		found_free(pods->found);
		if (pods->timer >= 0)
			close(pods->timer);
		if (pods->epoll >= 0)
			close(pods->epoll);
		pod_news_clear(&pods->news);
		free(pods);
	}
	return NULL;
}

/* ---- the run ---- */

const struct registry *pods_registry(const struct pods *pods)
{
	return pods->registry;
}

int pods_fd(const struct pods *pods)
{
	return pods->epoll;
}

int pods_read(struct pods *pods, struct track *track)
{
	struct epoll_event events[4];
	int count = epoll_wait(pods->epoll, events, 4, 0), r = 0;

	if (count < 0)
		return errno == EINTR ? 0 : -errno;
	pods->track = track;
	for (int i = 0; i < count && (r == 0 || r == -ENOMEM); i++)
		r = read_source(pods, events[i].data.fd);
	pods->track = NULL;
	if (count > 0)
		set_timer(pods);
	if (r == 0)
		pods->looked = clock_now();
	return r == -ENOMEM ? 0 : r;
}

void pods_ready(struct pods *pods)
{
	pods->starting = false;
}

struct needed {
	uint8_t *bits;
	uint32_t last;
};

static void need(void *context, uint32_t pod)
{
	struct needed *needed = context;

	if (pod <= needed->last)
		needed->bits[pod / 8] |= (uint8_t)(1u << pod % 8);
}

static bool is_needed(void *context, uint32_t pod)
{
	const struct needed *needed = context;

	return needed->bits[pod / 8] >> pod % 8 & 1;
}

static bool is_old(const struct pod *pod, int64_t before)
{
	for (size_t i = 0; i < pod->address_count; i++)
		if (pod->addresses[i].until < before)
			return true;
	return pod->address_count == 0 && has_ended(pod) && pod->ended < before;
}

static size_t count_old(const struct pods *pods, int64_t before)
{
	size_t count = 0;
	uint32_t number = 0;

	while ((number = registry_after(pods->registry, number)) > 0)
		count += is_old(registry_get(pods->registry, number), before);
	return count;
}

/* Those that will be gone: their numbers are needed no more once the store has what names them. */
static void forget_old(struct pods *pods, int64_t before, struct needed *needed)
{
	size_t first = pods->news.forgotten.count, kept = first;
	uint32_t number = 0;

	while ((number = registry_after(pods->registry, number)) > 0)
		if (is_old(registry_get(pods->registry, number), before))
			pod_news_forget(&pods->news, number);
	registry_forget(pods->registry, before, is_needed, needed);
	for (size_t i = first; i < pods->news.forgotten.count; i++)
		if (!registry_get(pods->registry, pods->news.forgotten.items[i]))
			pods->news.forgotten.items[kept++] = pods->news.forgotten.items[i];
	pods->news.forgotten.count = kept;
}

/* All connections are walked only if that can be of use. */
static void forget(struct pods *pods, struct track *track, int64_t now)
{
	int64_t before = now - MEMORY;
	size_t old = count_old(pods, before);
	struct needed needed = {.last = pods->last};

	pods->forgot = now;
	if (old == 0 || !pod_news_make_room_to_forget(&pods->news, old))
		return;
	needed.bits = calloc(pods->last / 8 + 1, 1);
	if (!needed.bits)
		return;
	track_visit_pods(track, now, need, &needed);
	for (size_t i = 0; i < pods->news.changed.count; i++)
		need(&needed, pods->news.changed.items[i]);
	forget_old(pods, before, &needed);
	free(needed.bits);
}

static void retell(struct pods *pods, int64_t now)
{
	if (!pods->lacking || now - pods->retold < RETELL_PERIOD)
		return;
	pods->lacking = 0;
	pods->retold = now;
	node_state_retell(pods->files);
}

int pods_rescan(struct pods *pods, struct track *track, bool may_forget)
{
	int64_t now = clock_now();
	int r;

	pods->track = track;
	r = node_state_rescan(pods->files, now);
	retell(pods, now);
	pods->track = NULL;
	find_sources(pods);
	found_nameless(pods->found, merge_figures(pods->merge).nameless);
	set_timer(pods);
	if (pods->restored > 0 && now - pods->opened > RUNTIME_PATIENCE) {
		end_restored(pods, false);
		pods->restored = 0;
	}
	if (track && may_forget && now - pods->forgot > FORGET_PERIOD)
		forget(pods, track, now);
	return r;
}

/* A clock that was set back ends what was in the future. */
static void mark_all(struct pods *pods)
{
	uint32_t number = 0;

	while ((number = registry_after(pods->registry, number)) > 0) {
		if (pod_news_make_room(&pods->news, pods->last))
			pod_news_change(&pods->news, number);
	}
}

void pods_shift(struct pods *pods, int64_t delta)
{
	int64_t now = clock_now();

	registry_shift(pods->registry, now, delta);
	merge_shift(pods->merge, now, delta);
	pods->opened += delta;
	pods->looked += delta;
	pods->forgot += delta;
	pods->retold += delta;
	pods->lacking = pods->lacking && pods->lacking + delta > 0 ? pods->lacking + delta : 0;
	if (delta < 0)
		mark_all(pods);
	set_timer(pods);
}

/* ---- what the store shall know ---- */

bool pods_take(struct pods *pods, struct batch *batch)
{
	int r = pod_news_copy(&pods->news, pods->registry, batch);

	if (r == 0 && found_is_changed(pods->found))
		r = found_take(pods->found, batch);
	if (r < 0)
		return false;
	pod_news_taken(&pods->news, batch);
	return true;
}

int pods_tell(const struct pods *pods, struct batch *batch)
{
	int r = found_tell(pods->found, batch);

	return r < 0 ? r : pod_news_copy_all(pods->registry, batch);
}

size_t pods_count(const struct pods *pods)
{
	return registry_count(pods->registry);
}

static bool has_address(const struct pod *pod)
{
	for (size_t i = 0; i < pod->address_count; i++)
		if (pod->addresses[i].until == INTERVAL_OPEN && !pod->addresses[i].secondary)
			return true;
	return false;
}

bool pods_any_alive(const struct pods *pods)
{
	uint32_t number = 0;

	while ((number = registry_after(pods->registry, number)) > 0)
		if (has_address(registry_get(pods->registry, number)))
			return true;
	return false;
}
