#include "sources/node_state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "sources/cilium_endpoint.h"
#include "sources/directories.h"
#include "sources/snapshot.h"
#include "sources/state_files.h"
#include "sources/state_layout.h"
#include "sources/watch.h"

#define REST_NS NSEC_PER_MSEC /* for others, before the rest of the directories */

struct node_state {
	struct claim_events events;
	struct state_files *files;
	struct watch *watch;
	struct directories directories;
	bool crowded; /* and it was said */
	bool refused; /* a directory, since the last time that losses were told */
	bool scanned; /* all of them, once */
	bool unwatched[NODE_STATE_KINDS]; /* it was said that some are */
	bool blind;                       /* it was said that there is no inotify */
	bool polled;                      /* inotify is */
	uint64_t listing;
	bool incomplete; /* what was listed since the last rescan is not all known */
	int epoll;
	int timer;
	int64_t drained; /* nothing was missed up to this moment */
	int64_t now;
	int error;
};

static void tell_loss(struct node_state *state, const char *reason)
{
	state->events.loss(state->events.context, state->drained, reason);
}

static bool is_crowded(struct node_state *state, const struct directory *directory)
{
	if (state->directories.inner < NODE_STATE_FILES_MAX)
		return false;
	if (!state->crowded)
		state->events.problem(state->events.context, directory->folder.path,
				      "too many directories: no more are read");
	return state->crowded = state->refused = true;
}

static void inner_meet(struct node_state *state, size_t parent, const char *name)
{
	struct directories *directories = &state->directories;
	size_t number = directories_find(directories, parent, name);

	if (number == DIRECTORY_NONE) {
		if (is_crowded(state, directories->items[parent]))
			return;
		if (directories_add_inner(directories, parent, name, &number) < 0) {
			state->error = -ENOMEM;
			return;
		}
	}
	directories->items[number]->listing = state->listing;
}

static void inner_remove(struct node_state *state, size_t number)
{
	struct directory *directory = state->directories.items[number];

	while (directory->child != DIRECTORY_NONE)
		inner_remove(state, directory->child);
	state_files_clear(state->files, &directory->folder);
	directories_remove(&state->directories, number);
	state->crowded &= state->directories.inner >= NODE_STATE_FILES_MAX / 10 * 9;
}

static void inner_sweep(struct node_state *state, size_t parent, uint64_t listing)
{
	size_t next;

	for (size_t i = state->directories.items[parent]->child; i != DIRECTORY_NONE; i = next) {
		next = state->directories.items[i]->sibling;
		if (state->directories.items[i]->listing != listing)
			inner_remove(state, i);
	}
}

/* The file that an entry belongs to, "" if to none. */
static const char *file_of(const struct directory *directory, const char *name)
{
	const struct state_layout *layout = directory_layout(directory);
	size_t length = directory->only ? strlen(directory->only) : 0;

	if (!directory->only)
		return layout->look(directory->depth, name) == LOOK_FILE &&
			       (!layout->format->is_relevant || layout->format->is_relevant(name))
			   ? name
			   : "";
	if (strncmp(name, directory->only, length) != 0)
		return "";
	if (name[length] == '\0' || (layout->format->has_log && strcmp(name + length, "-wal") == 0))
		return directory->only;
	return "";
}

/*
 * Where libcni's results are watched, they tell of every pod, and the other sources add to that.
 * Bundles alone never tell who has an address.
 */
static bool is_missable(const struct node_state *state, const struct directory *directory)
{
	if (directory->kind == NODE_STATE_OCI_BUNDLES)
		return true;
	for (size_t i = 0;
	     directory->kind != NODE_STATE_CNI_RESULTS && i < state->directories.outer; i++)
		if (state->directories.items[i]->kind == NODE_STATE_CNI_RESULTS &&
		    watch_is_attached(state->watch, i))
			return true;
	return false;
}

/* Where an endpoint has both files, they say the same. */
static void endpoint_meet(struct node_state *state, struct folder *folder, const char *name,
			  bool written)
{
	bool is_header = strcmp(name, CILIUM_ENDPOINT_HEADER) == 0;

	if (state_files_meet(state->files, folder, CILIUM_ENDPOINT_JSON, written && !is_header) ==
	    -ENOENT)
		state_files_meet(state->files, folder, CILIUM_ENDPOINT_HEADER,
				 written && is_header);
	else
		state_files_remove(state->files, folder, CILIUM_ENDPOINT_HEADER);
}

static void file_meet(struct node_state *state, struct directory *directory, const char *name,
		      bool written)
{
	const char *file = file_of(directory, name);

	directory->folder.missable = is_missable(state, directory);
	if (*file && directory->kind == NODE_STATE_CILIUM)
		endpoint_meet(state, &directory->folder, file, written);
	else if (*file)
		state_files_meet(state->files, &directory->folder, file, written);
}

/* A directory of the configuration may lie in another. */
static bool is_configured(const struct node_state *state, const struct directory *directory,
			  const char *name)
{
	size_t above = strlen(directory->folder.path), length = strlen(name);

	for (size_t i = 0; i < state->directories.outer; i++) {
		const char *path = state->directories.items[i]->folder.path;

		if (strncmp(path, directory->folder.path, above) == 0 && path[above] == '/' &&
		    strncmp(path + above + 1, name, length) == 0 &&
		    strchr("/", path[above + 1 + length]))
			return true;
	}
	return false;
}

static void entry_meet(struct node_state *state, size_t number, const struct dirent *entry)
{
	struct directory *directory = state->directories.items[number];
	bool may_be_directory =
	    entry->d_type == DT_DIR || entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN;

	if (directory->only ||
	    directory_layout(directory)->look(directory->depth, entry->d_name) == LOOK_FILE) {
		if (entry->d_type != DT_DIR || !is_configured(state, directory, entry->d_name))
			file_meet(state, directory, entry->d_name, false);
	} else if (may_be_directory && directory_layout(directory)->look(
					   directory->depth, entry->d_name) == LOOK_DIRECTORY) {
		inner_meet(state, number, entry->d_name);
	}
}

static int directory_list(struct node_state *state, size_t number, DIR *listing)
{
	for (;;) {
		const struct dirent *entry;

		errno = 0;
		entry = readdir(listing);
		if (!entry)
			return -errno;
		entry_meet(state, number, entry);
	}
}

static DIR *directory_open(const struct directory *directory)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC;
	int fd = open(directory->folder.path,
		      directory_is_inner(directory) ? flags | O_NOFOLLOW : flags);
	DIR *listing = fd < 0 ? NULL : fdopendir(fd);

	if (!listing && fd >= 0)
		close(fd);
	return listing;
}

static void directory_fail(struct node_state *state, struct directory *directory, int error)
{
	if (error < 0 && directory->failed != error)
		state->events.problem(state->events.context, directory->folder.path,
				      format_error(directory->folder.format, error));
	directory->failed = error;
}

/* The last bundle with a watch, which others need more; DIRECTORY_NONE. */
static size_t find_spare(const struct node_state *state)
{
	for (size_t i = state->directories.capacity; i-- > state->directories.outer;)
		if (state->directories.items[i] &&
		    state->directories.items[i]->kind == NODE_STATE_OCI_BUNDLES &&
		    watch_is_attached(state->watch, i))
			return i;
	return DIRECTORY_NONE;
}

static bool lacks_watch(const struct node_state *state, size_t number)
{
	return !watch_is_attached(state->watch, number) &&
	       watch_error(state->watch, number) == -ENOSPC;
}

static void attach(struct node_state *state, size_t number)
{
	size_t spare;

	watch_attach_one(state->watch, number);
	if (!lacks_watch(state, number) ||
	    state->directories.items[number]->kind == NODE_STATE_OCI_BUNDLES)
		return;
	spare = find_spare(state);
	if (spare == DIRECTORY_NONE)
		return;
	watch_detach(state->watch, spare);
	watch_attach_one(state->watch, number);
}

static void directory_scan(struct node_state *state, size_t number)
{
	struct directory *directory = state->directories.items[number];
	uint64_t listing = ++state->listing;
	DIR *entries;
	int r;

	if (directory_is_inner(directory))
		attach(state, number);
	directories_unset_due(&state->directories, directory);
	state_files_begin(state->files);
	directory->listed = (struct stamp){0};
	stamp_take_directory(directory->folder.path, &directory->listed);
	entries = directory_open(directory);
	r = entries ? 0 : -errno;
	if (entries) {
		r = directory_list(state, number, entries);
		closedir(entries);
		if (r == 0 && !watch_is_attached(state->watch, number) &&
		    !is_missable(state, directory))
			tell_loss(state, "a directory cannot be watched");
	}
	directory->is_whole = r == 0;
	/* What cannot be listed may still be there. */
	if (r == 0 || r == -ENOENT || r == -ENOTDIR) {
		state_files_sweep(state->files, &directory->folder);
		inner_sweep(state, number, listing);
	}
	directory_fail(state, directory, r == -ENOENT ? 0 : r);
}

/* While a directory is watched and stays as it was when all of it was listed, its files are those
 * that are known. */
static void directory_check(struct node_state *state, size_t number)
{
	struct directory *directory = state->directories.items[number];
	struct stamp stamp;

	if (directory->is_whole && watch_is_attached(state->watch, number) &&
	    stamp_take_directory(directory->folder.path, &stamp) == 0 &&
	    stamp_equal(&stamp, &directory->listed))
		state_files_refresh(state->files, &directory->folder);
	else
		directory_scan(state, number);
}

/* A file that tells of all sandboxes is read once, whatever happened to it and its log. */
static void on_written(void *context, size_t number, const char *name)
{
	struct node_state *state = context;
	struct directory *directory = state->directories.items[number];

	if (!directory->only)
		file_meet(state, directory, name, true);
	else if (*file_of(directory, name))
		directory->written = true;
}

static void on_gone(void *context, size_t number, const char *name)
{
	struct node_state *state = context;
	struct directory *directory = state->directories.items[number];
	const char *file = file_of(directory, name);

	if (!*file)
		return;
	if (strcmp(file, name) != 0) {
		directory->written = true;
		return;
	}
	state_files_remove(state->files, &directory->folder, file);
	if (directory->kind == NODE_STATE_CILIUM)
		endpoint_meet(state, &directory->folder, file, false);
}

static void on_nested(void *context, size_t number)
{
	struct node_state *state = context;

	directories_set_due(&state->directories, state->directories.items[number], DUE_SCAN);
}

static void on_attached(void *context, size_t number)
{
	on_nested(context, number);
}

static void on_detached(void *context, size_t number)
{
	struct node_state *state = context;
	struct directory *directory = state->directories.items[number];

	directories_set_due(&state->directories, directory, DUE_SCAN);
	if (directory_is_inner(directory))
		directories_set_due(&state->directories,
				    state->directories.items[directory->parent], DUE_SCAN);
	else if (!is_missable(state, directory))
		tell_loss(state, "a directory was replaced or removed");
}

static void on_failed(void *context, size_t number, int error)
{
	struct node_state *state = context;
	struct directory *directory = state->directories.items[number];
	char reason[128];

	if (error == -ENOSPC)
		return;
	/* The scan that follows need not say it again. */
	directory->failed = error;
	snprintf(reason, sizeof(reason), "cannot be watched: %s",
		 format_error(directory->folder.format, error));
	state->events.problem(state->events.context, directory->folder.path, reason);
}

static void on_overflow(void *context)
{
	struct node_state *state = context;

	directories_set_all_due(&state->directories, DUE_SCAN);
	tell_loss(state, "inotify lost events");
}

static int add_paths(struct node_state *state, const struct node_state_options *options)
{
	for (int kind = 0; kind < NODE_STATE_KINDS; kind++) {
		const struct node_state_paths *paths = &options->kinds[kind];

		for (size_t i = 0; i < paths->count; i++) {
			int r = directories_add_outer(&state->directories,
						      (enum node_state_kind)kind, paths->paths[i]);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int open_poll(struct node_state *state)
{
	struct epoll_event event = {.events = EPOLLIN};

	state->epoll = epoll_create1(EPOLL_CLOEXEC);
	state->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (state->epoll < 0 || state->timer < 0 ||
	    epoll_ctl(state->epoll, EPOLL_CTL_ADD, state->timer, &event) < 0)
		return -errno;
	return 0;
}

static void poll_watch(struct node_state *state)
{
	struct epoll_event event = {.events = EPOLLIN};
	int fd = watch_fd(state->watch);

	if (!state->polled && fd >= 0)
		state->polled = epoll_ctl(state->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static int open_parts(struct node_state *state, const struct node_state_options *options)
{
	const struct watch_events watch_events = {.written = on_written,
						  .gone = on_gone,
						  .nested = on_nested,
						  .attached = on_attached,
						  .detached = on_detached,
						  .failed = on_failed,
						  .overflow = on_overflow,
						  .context = state};
	const struct state_files_options files_options = {.check_netns = options->check_netns,
							  .boot_time = options->boot_time,
							  .files_max = NODE_STATE_FILES_MAX,
							  .settle = NODE_STATE_SETTLE_NS};
	int r;

	state->files = state_files_new(&files_options, &state->events);
	if (!state->files)
		return -ENOMEM;
	r = open_poll(state);
	if (r == 0)
		r = watch_open(&watch_events, &state->watch);
	if (r < 0)
		return r;
	state->directories.watch = state->watch;
	poll_watch(state);
	return add_paths(state, options);
}

int node_state_open(const struct node_state_options *options, const struct claim_events *events,
		    struct node_state **ret)
{
	struct node_state *state = calloc(1, sizeof(*state));
	int r;

	if (!state)
		return -ENOMEM;
	state->events = *events;
	state->epoll = state->timer = -1;
	directories_init(&state->directories);
	r = open_parts(state, options);
	if (r < 0)
		node_state_close(state);
	else
		*ret = state;
	return r;
}

struct node_state *node_state_close(struct node_state *state)
{
	if (!state)
		return NULL;
	for (size_t i = 0; i < state->directories.capacity; i++) {
		if (state->directories.items[i])
			state_files_forget(state->files, &state->directories.items[i]->folder);
	}
	directories_clear(&state->directories);
	watch_close(state->watch);
	if (state->timer >= 0)
		close(state->timer);
	if (state->epoll >= 0)
		close(state->epoll);
	state_files_free(state->files);
	free(state);
	return NULL;
}

int node_state_fd(const struct node_state *state)
{
	return state->epoll;
}

void node_state_retell(struct node_state *state)
{
	for (size_t i = 0; i < state->directories.capacity; i++)
		if (state->directories.items[i])
			state_files_retell(state->files, &state->directories.items[i]->folder);
}

void node_state_visit_found(const struct node_state *state,
			    void (*visit)(void *context, const char *source, const char *path),
			    void *context)
{
	for (size_t i = 0; i < state->directories.outer; i++) {
		const struct directory *directory = state->directories.items[i];
		const struct folder *folder = &directory->folder;
		char *path = NULL;

		if (!directory->only && directory->listed.inode != 0)
			visit(context, folder->format->source, folder->path);
		if (!directory->only || !folder->files)
			continue;
		if (asprintf(&path, "%s/%s", folder->path, directory->only) >= 0)
			visit(context, folder->format->source, path);
		free(path);
	}
}

/* At the start nothing else waits, and all is to be known. */
static void look_at_due(struct node_state *state)
{
	size_t limit = state->scanned ? NODE_STATE_DIRECTORIES_AT_ONCE : SIZE_MAX, number;

	for (; state->directories.due > 0 && limit > 0; limit--) {
		struct directory *directory = directories_next_due(&state->directories, &number);

		if (directory->due == DUE_CHECK) {
			directories_unset_due(&state->directories, directory);
			directory_check(state, number);
		} else {
			directory_scan(state, number);
		}
	}
}

static bool is_paused(const struct node_state *state, const struct directory *directory)
{
	return directory->read_at <= state->now &&
	       state->now - directory->read_at < NODE_STATE_PAUSE_NS;
}

static void read_written(struct node_state *state)
{
	for (size_t i = 0; i < state->directories.outer; i++) {
		struct directory *directory = state->directories.items[i];

		if (!directory->written || is_paused(state, directory))
			continue;
		directory->written = false;
		directory->read_at = state->now;
		file_meet(state, directory, directory->only, true);
	}
}

/* For what is left to do. */
static void set_timer(const struct node_state *state)
{
	int64_t wait = state->directories.due > 0 ? REST_NS : INT64_MAX;
	struct itimerspec spec = {0};

	for (size_t i = 0; i < state->directories.outer; i++) {
		const struct directory *directory = state->directories.items[i];
		int64_t rest = directory->read_at + NODE_STATE_PAUSE_NS - state->now;

		if (directory->written && rest < wait)
			wait = rest > REST_NS ? rest : REST_NS;
	}
	if (wait == INT64_MAX)
		return;
	spec.it_value.tv_nsec = wait;
	timerfd_settime(state->timer, 0, &spec, NULL);
}

static int take_events(struct node_state *state, int64_t now)
{
	uint64_t expirations;

	state->now = now;
	state->error = 0;
	state_files_set_time(state->files, now);
	if (state->drained == 0)
		state->drained = now;
	while (read(state->timer, &expirations, sizeof(expirations)) > 0)
		;
	return watch_read(state->watch);
}

static int settle(struct node_state *state, int r)
{
	struct state_losses losses = state_files_settle(state->files);
	bool crowded = losses.crowded || state->refused;

	state->refused = false;
	if (losses.vanished)
		tell_loss(state, "a pod's file went before it could be read");
	if (crowded)
		tell_loss(state, "too many files");
	if (r == 0)
		r = state->error ? state->error : losses.error;
	state->incomplete |= r < 0 || crowded;
	if (r == 0 && state->directories.due == 0)
		state->drained = state->now;
	set_timer(state);
	return r;
}

int node_state_read(struct node_state *state, int64_t now)
{
	int r = take_events(state, now);

	read_written(state);
	look_at_due(state);
	state_files_retry(state->files);
	return settle(state, r);
}

/* Once, until all are watched again. */
static void tell_unwatched(struct node_state *state, enum node_state_kind kind)
{
	const char *path = NULL;
	size_t count = 0;
	char reason[128];

	for (size_t i = 0; i < state->directories.capacity; i++) {
		if (!state->directories.items[i] || state->directories.items[i]->kind != kind)
			continue;
		if (!directory_is_inner(state->directories.items[i]) &&
		    (!path || lacks_watch(state, i)))
			path = state->directories.items[i]->folder.path;
		count += lacks_watch(state, i);
	}
	if (count > 0 && !state->unwatched[kind]) {
		snprintf(reason, sizeof(reason),
			 "%zu directories cannot be watched, and are read now and then: raise "
			 "fs.inotify.max_user_watches",
			 count);
		state->events.problem(state->events.context, path, reason);
	}
	state->unwatched[kind] = count > 0;
}

static void tell_blind(struct node_state *state, int error)
{
	char reason[128];

	if (error < 0 && !state->blind) {
		snprintf(reason, sizeof(reason),
			 "%s: all is read now and then: raise fs.inotify.max_user_instances",
			 strerrordesc_np(-error));
		state->events.problem(state->events.context, "inotify", reason);
	}
	state->blind = error < 0;
}

static void attach_all(struct node_state *state)
{
	tell_blind(state, watch_attach(state->watch));
	poll_watch(state);
	for (size_t i = 0; i < state->directories.outer; i++)
		if (lacks_watch(state, i))
			attach(state, i);
}

int node_state_rescan(struct node_state *state, int64_t now)
{
	int r = take_events(state, now);

	read_written(state);
	attach_all(state);
	directories_set_all_due(&state->directories, state->incomplete ? DUE_SCAN : DUE_CHECK);
	state->incomplete = false;
	look_at_due(state);
	state->scanned = true;
	for (int kind = 0; kind < NODE_STATE_KINDS; kind++)
		tell_unwatched(state, (enum node_state_kind)kind);
	return settle(state, r);
}
