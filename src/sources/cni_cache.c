#include "sources/cni_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/hash.h"
#include "sources/cni_result.h"
#include "sources/watch.h"

/*
 * A file's life:
 * 1. It is met by an event or by a scan, and read at once.
 * 2. Decoded, it is live: its addresses are its pod's since its time. Loopback, old and orphaned
 * files are idle.
 * 3. Undecodable, it is bad: retried at every event and scan, and reported when it stays so. If it
 * was live, it stays live.
 * 4. Rewritten, it is read again; what it no longer says has ended.
 * 5. When it goes, its addresses end, unless another file of the same sandbox has them, too.
 */

#define BUCKETS 1024

/* Of one file. Strings are never NULL; "" is unknown. */
struct cni_result {
	char *sandbox;
	char *netns;
	char *namespace;
	char *name;
	char *uid;
	struct addr *addresses;
	size_t address_count;
};

/* What tells one content from another without reading it. */
struct file_state {
	uint64_t inode;
	uint64_t size;
	int64_t modified; /* ns */
	int64_t changed;  /* ns */
	int64_t born;     /* ns; 0: unknown */
};

struct file {
	struct file *next_named;
	struct file *next_sandbox; /* while live */
	size_t directory;
	char *name;
	struct file_state content;
	bool live;
	bool bad;
	bool reported; /* as bad */
	int64_t bad_since;
	int64_t since;            /* while live */
	struct cni_result result; /* while live */
	uint64_t scan;            /* the last that saw it */
};

struct directory {
	char *path;
	bool due; /* to be scanned */
	int failed;
};

struct cni_cache {
	struct cni_cache_events events;
	struct watch *watch;
	struct directory *directories;
	size_t directory_count;
	bool check_netns;
	int64_t boot_time;
	struct hash_seed seed;
	struct file *named[BUCKETS];
	struct file *sandboxes[BUCKETS];
	size_t file_count;
	size_t unreported; /* bad files that may yet become good */
	bool vanished;     /* a file went before it was read */
	bool crowded;      /* CNI_CACHE_FILES_MAX was reached: some are not read */
	uint64_t scan;
	int64_t drained; /* nothing was missed up to this moment */
	int64_t now;
	int error;
};

static void tell_loss(struct cni_cache *cache, const char *reason)
{
	cache->events.loss(cache->events.context, cache->drained, reason);
}

static char *file_path(struct cni_cache *cache, size_t directory, const char *name)
{
	char *path = NULL;

	if (asprintf(&path, "%s/%s", cache->directories[directory].path, name) < 0) {
		cache->error = -ENOMEM;
		return NULL;
	}
	return path;
}

static void cni_result_clear(struct cni_result *result)
{
	free(result->sandbox);
	free(result->netns);
	free(result->namespace);
	free(result->name);
	free(result->uid);
	free(result->addresses);
	*result = (struct cni_result){0};
}

static char *copy_text(const char *text)
{
	return strdup(text ? text : "");
}

/* 0, -ENOMEM. */
static int result_copy(const struct finding *finding, struct cni_result *ret)
{
	*ret = (struct cni_result){.sandbox = copy_text(finding->sandbox),
				   .netns = copy_text(finding->netns),
				   .namespace = copy_text(finding->namespace),
				   .name = copy_text(finding->name),
				   .uid = copy_text(finding->uid),
				   .addresses =
				       calloc(finding->address_count, sizeof(*ret->addresses))};
	if (!ret->sandbox || !ret->netns || !ret->namespace || !ret->name || !ret->uid ||
	    !ret->addresses) {
		cni_result_clear(ret);
		return -ENOMEM;
	}
	for (size_t i = 0; i < finding->address_count; i++)
		ret->addresses[ret->address_count++] = finding->addresses[i].address;
	return 0;
}

static size_t bucket(const struct cni_cache *cache, const char *text)
{
	return hash_bytes(cache->seed, text, strlen(text)) % BUCKETS;
}

static struct file *file_find(const struct cni_cache *cache, size_t directory, const char *name)
{
	struct file *file = cache->named[bucket(cache, name)];

	while (file && (file->directory != directory || strcmp(file->name, name) != 0))
		file = file->next_named;
	return file;
}

static struct file *file_free(struct file *file)
{
	if (file) {
		cni_result_clear(&file->result);
		free(file->name);
		free(file);
	}
	return NULL;
}

static struct file *file_add(struct cni_cache *cache, size_t directory, const char *name)
{
	size_t at = bucket(cache, name);
	struct file *file = calloc(1, sizeof(*file));

	if (file)
		file->name = strdup(name);
	if (!file || !file->name) {
		cache->error = -ENOMEM;
		return file_free(file);
	}
	file->directory = directory;
	file->next_named = cache->named[at];
	cache->named[at] = file;
	cache->file_count++;
	return file;
}

static bool is_same_sandbox(const struct cni_result *a, const struct cni_result *b)
{
	return strcmp(a->sandbox, b->sandbox) == 0 && strcmp(a->uid, b->uid) == 0 &&
	       strcmp(a->name, b->name) == 0 && strcmp(a->namespace, b->namespace) == 0;
}

static void sandbox_link(struct cni_cache *cache, struct file *file)
{
	size_t at = bucket(cache, file->result.sandbox);

	file->next_sandbox = cache->sandboxes[at];
	cache->sandboxes[at] = file;
	file->live = true;
}

static void sandbox_unlink(struct cni_cache *cache, struct file *file)
{
	struct file **link = &cache->sandboxes[bucket(cache, file->result.sandbox)];

	while (*link != file)
		link = &(*link)->next_sandbox;
	*link = file->next_sandbox;
	file->live = false;
}

static bool has_address(const struct cni_result *result, struct addr address)
{
	for (size_t i = 0; i < result->address_count; i++)
		if (addr_equal(result->addresses[i], address))
			return true;
	return false;
}

static bool has_same_addresses(const struct cni_result *a, const struct cni_result *b)
{
	for (size_t i = 0; i < a->address_count; i++)
		if (!has_address(b, a->addresses[i]))
			return false;
	return a->address_count == b->address_count;
}

/* Files with an address in common tell one interval of it: it began with the first of them. */
static void sandbox_share_since(struct cni_cache *cache, struct file *file)
{
	struct file *other = cache->sandboxes[bucket(cache, file->result.sandbox)];

	for (; other; other = other->next_sandbox) {
		bool shared = false;

		for (size_t i = 0; i < file->result.address_count; i++)
			shared |= has_address(&other->result, file->result.addresses[i]);
		if (!shared || !is_same_sandbox(&other->result, &file->result))
			continue;
		if (other->since < file->since)
			file->since = other->since;
		other->since = file->since;
	}
}

static void add_addresses(struct pod *pod, const struct file *file, int64_t until)
{
	for (size_t i = 0; i < file->result.address_count; i++) {
		struct addr address = file->result.addresses[i];
		size_t at = 0;

		while (at < pod->address_count && !addr_equal(pod->addresses[at].address, address))
			at++;
		if (at < pod->address_count)
			continue;
		pod->addresses[pod->address_count++] =
		    (struct pod_address){.address = address, .since = file->since, .until = until};
	}
}

/* Tells the pod of this file, which has ended where it is not live. */
static void tell_pod(struct cni_cache *cache, const struct file *file)
{
	const struct file *first = cache->sandboxes[bucket(cache, file->result.sandbox)], *other;
	const struct cni_result *who = &file->result;
	char source[] = CNI_CACHE_SOURCE;
	struct pod pod = {.namespace = who->namespace,
			  .name = who->name,
			  .uid = who->uid,
			  .sandbox = who->sandbox,
			  .source = source};
	size_t capacity = who->address_count;

	for (other = first; other; other = other->next_sandbox)
		capacity += other->result.address_count;
	pod.addresses = calloc(capacity, sizeof(*pod.addresses));
	if (!pod.addresses) {
		cache->error = -ENOMEM;
		return;
	}
	for (other = first; other; other = other->next_sandbox)
		if (is_same_sandbox(&other->result, who))
			add_addresses(&pod, other, INTERVAL_OPEN);
	if (!file->live)
		add_addresses(&pod, file, cache->now > file->since ? cache->now : file->since);
	cache->events.pod(cache->events.context, &pod);
	free(pod.addresses);
}

static void file_end(struct cni_cache *cache, struct file *file)
{
	if (!file->live)
		return;
	sandbox_unlink(cache, file);
	tell_pod(cache, file);
	cni_result_clear(&file->result);
}

static void file_set_good(struct cni_cache *cache, struct file *file)
{
	if (file->bad && !file->reported)
		cache->unreported--;
	file->bad = file->reported = false;
}

static void file_remove(struct cni_cache *cache, struct file *file)
{
	struct file **link = &cache->named[bucket(cache, file->name)];

	file_end(cache, file);
	file_set_good(cache, file);
	while (*link != file)
		link = &(*link)->next_named;
	*link = file->next_named;
	cache->file_count--;
	cache->crowded = false;
	file_free(file);
}

static bool is_same_content(const struct file_state *a, const struct file_state *b)
{
	return a->inode == b->inode && a->size == b->size && a->modified == b->modified &&
	       a->changed == b->changed;
}

static void file_set_bad(struct cni_cache *cache, struct file *file,
			 const struct file_state *content, const char *reason)
{
	char *path;

	if (!file->bad || !is_same_content(&file->content, content)) {
		file_set_good(cache, file);
		file->bad = true;
		file->bad_since = cache->now;
		cache->unreported++;
	}
	file->content = *content;
	if (file->reported || cache->now - file->bad_since < CNI_CACHE_SETTLE_NS)
		return;
	path = file_path(cache, file->directory, file->name);
	if (!path)
		return;
	file->reported = true;
	cache->unreported--;
	cache->events.problem(cache->events.context, path, reason);
	free(path);
}

/* Takes the result over. */
static void file_set_live(struct cni_cache *cache, struct file *file, struct cni_result *result)
{
	const struct file_state *content = &file->content;
	bool changed = file->live && (!is_same_sandbox(&file->result, result) ||
				      !has_same_addresses(&file->result, result));
	int64_t since = content->modified;

	if (file->live && !changed) {
		cni_result_clear(result);
		return;
	}
	file_end(cache, file);
	if (!changed && content->born > 0 && content->born < since)
		since = content->born;
	file->since = since;
	file->result = *result;
	*result = (struct cni_result){0};
	sandbox_share_since(cache, file);
	sandbox_link(cache, file);
	tell_pod(cache, file);
}

/* A path below /proc may only be hidden from us. */
static bool netns_is_gone(const struct cni_cache *cache, const struct cni_result *result)
{
	struct stat status;

	return cache->check_netns && *result->netns == '/' &&
	       strncmp(result->netns, "/proc/", strlen("/proc/")) != 0 &&
	       stat(result->netns, &status) < 0 && (errno == ENOENT || errno == ENOTDIR);
}

static int64_t nanoseconds(struct statx_timestamp time)
{
	return time.tv_sec * NSEC_PER_SEC + time.tv_nsec;
}

/* -EISDIR, -EMEDIUMTYPE for what is no regular file either, else -errno. */
static int content_stat(int fd, const char *path, struct file_state *ret)
{
	struct statx status;
	int flags = AT_SYMLINK_NOFOLLOW | (*path ? 0 : AT_EMPTY_PATH);

	if (statx(fd, path, flags, STATX_BASIC_STATS | STATX_BTIME, &status) < 0)
		return -errno;
	*ret = (struct file_state){
	    .inode = status.stx_ino,
	    .size = status.stx_size,
	    .modified = nanoseconds(status.stx_mtime),
	    .changed = nanoseconds(status.stx_ctime),
	    .born = status.stx_mask & STATX_BTIME ? nanoseconds(status.stx_btime) : 0};
	if (S_ISDIR(status.stx_mode))
		return -EISDIR;
	return S_ISREG(status.stx_mode) ? 0 : -EMEDIUMTYPE;
}

static const char *content_error(int error)
{
	const char *text = error == -EMEDIUMTYPE ? "not a regular file" : strerrordesc_np(-error);

	return text ? text : "cannot be read";
}

/* 1 if the file tells nothing; *ret_reason is set with an error. */
static int content_decode(const char *path, const char *name, struct file_state *content,
			  struct cni_result *ret, const char **ret_reason)
{
	struct findings findings = {0};
	struct buf buf = {0};
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	int r = fd < 0 ? -errno : content_stat(fd, "", content);

	if (r == 0)
		r = buf_read_fd(&buf, fd, CNI_RESULT_BYTES_MAX);
	if (r == 0)
		r = format_decode(
		    &cni_result_format,
		    &(struct content){.name = name, .bytes = buf.data, .length = buf.length},
		    &findings);
	if (r < 0)
		*ret_reason = format_error(&cni_result_format, r);
	else if (findings.count == 0)
		r = 1;
	else
		r = result_copy(&findings.items[0], ret);
	findings_clear(&findings);
	buf_clear(&buf);
	if (fd >= 0)
		close(fd);
	return r;
}

/* -ENOENT, or 0 whatever the content is. */
static int file_load(struct cni_cache *cache, struct file *file, const char *path,
		     struct file_state *content)
{
	struct cni_result result = {0};
	const char *reason = NULL;
	int r = content_decode(path, file->name, content, &result, &reason);

	if (r == -ENOENT)
		return r;
	if (r == -ENOMEM)
		cache->error = r;
	if (r < 0) {
		file_set_bad(cache, file, content, reason);
		return 0;
	}
	file_set_good(cache, file);
	file->content = *content;
	if (r == 0 && content->modified >= cache->boot_time && !netns_is_gone(cache, &result))
		file_set_live(cache, file, &result);
	else
		file_end(cache, file);
	cni_result_clear(&result);
	return 0;
}

/* A file that was written and went before it could be read. */
static void note_vanished(struct cni_cache *cache, const struct file *file, const char *name)
{
	if (!(file && file->live) && cni_result_format.is_relevant(name))
		cache->vanished = true;
}

static void file_refresh(struct cni_cache *cache, struct file *file)
{
	if (file->live && netns_is_gone(cache, &file->result))
		file_end(cache, file);
}

static bool is_crowded(struct cni_cache *cache, const char *path)
{
	if (cache->file_count < CNI_CACHE_FILES_MAX)
		return false;
	if (!cache->crowded)
		cache->events.problem(cache->events.context, path,
				      "one file too many: no more are read");
	cache->crowded = true;
	return true;
}

/* written: an event says that the content is new, whatever its times are. */
static void file_meet(struct cni_cache *cache, size_t directory, const char *name, bool written)
{
	struct file *file = file_find(cache, directory, name);
	char *path = file_path(cache, directory, name);
	struct file_state content = {0};
	int r;

	if (!path)
		return;
	r = content_stat(AT_FDCWD, path, &content);
	if (r == -ENOENT) {
		if (written)
			note_vanished(cache, file, name);
		goto out;
	}
	if (r == -EISDIR || (!file && is_crowded(cache, path)))
		goto out;
	if (!file)
		file = file_add(cache, directory, name);
	else if (!written && is_same_content(&file->content, &content) &&
		 (!file->bad || file->reported)) {
		file->scan = cache->scan;
		file_refresh(cache, file);
		goto out;
	}
	if (!file)
		goto out;
	file->scan = cache->scan;
	if (r < 0)
		file_set_bad(cache, file, &content, content_error(r));
	else if (file_load(cache, file, path, &content) == -ENOENT && written)
		note_vanished(cache, file, name);
out:
	free(path);
}

/* Removes the directory's files that this scan has not seen. */
static void directory_sweep(struct cni_cache *cache, size_t index)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct file *file = cache->named[i], *next;

		for (; file; file = next) {
			next = file->next_named;
			if (file->directory == index && file->scan != cache->scan)
				file_remove(cache, file);
		}
	}
}

static void directory_fail(struct cni_cache *cache, size_t index, int error)
{
	struct directory *directory = &cache->directories[index];

	if (error < 0 && directory->failed != error)
		cache->events.problem(cache->events.context, directory->path, content_error(error));
	directory->failed = error;
}

static int directory_list(struct cni_cache *cache, size_t index, DIR *listing)
{
	for (;;) {
		const struct dirent *entry;

		errno = 0;
		entry = readdir(listing);
		if (!entry)
			return -errno;
		if (entry->d_name[0] != '.' && entry->d_type != DT_DIR)
			file_meet(cache, index, entry->d_name, false);
	}
}

static void directory_scan(struct cni_cache *cache, size_t index)
{
	struct directory *directory = &cache->directories[index];
	DIR *listing = opendir(directory->path);
	int r = listing ? 0 : -errno;

	directory->due = false;
	cache->scan++;
	if (listing) {
		r = directory_list(cache, index, listing);
		closedir(listing);
		if (r == 0 && !watch_is_attached(cache->watch, index))
			tell_loss(cache, "a directory cannot be watched");
	}
	/* What cannot be listed may still be there. */
	if (r == 0 || r == -ENOENT || r == -ENOTDIR)
		directory_sweep(cache, index);
	directory_fail(cache, index, r == -ENOENT ? 0 : r);
}

static void on_written(void *context, size_t directory, const char *name)
{
	if (name[0] != '.')
		file_meet(context, directory, name, true);
}

static void on_gone(void *context, size_t directory, const char *name)
{
	struct cni_cache *cache = context;
	struct file *file = file_find(cache, directory, name);

	if (file)
		file_remove(cache, file);
}

static void on_nested(void *context, size_t directory)
{
	(void)context;
	(void)directory;
}

static void on_attached(void *context, size_t directory)
{
	struct cni_cache *cache = context;

	cache->directories[directory].due = true;
}

static void on_detached(void *context, size_t directory)
{
	struct cni_cache *cache = context;

	cache->directories[directory].due = true;
	tell_loss(cache, "a directory was replaced or removed");
}

static void on_failed(void *context, size_t directory, int error)
{
	struct cni_cache *cache = context;
	char reason[128];

	/* The scan that follows need not say it again. */
	cache->directories[directory].failed = error;
	snprintf(reason, sizeof(reason), "cannot be watched: %s", content_error(error));
	cache->events.problem(cache->events.context, cache->directories[directory].path, reason);
}

static void on_overflow(void *context)
{
	struct cni_cache *cache = context;

	for (size_t i = 0; i < cache->directory_count; i++)
		cache->directories[i].due = true;
	tell_loss(cache, "inotify lost events");
}

int cni_cache_open(const struct cni_cache_options *options, const struct cni_cache_events *events,
		   struct cni_cache **ret)
{
	struct cni_cache *cache = calloc(1, sizeof(*cache));
	struct watch_events watch_events = {.written = on_written,
					    .gone = on_gone,
					    .nested = on_nested,
					    .attached = on_attached,
					    .detached = on_detached,
					    .failed = on_failed,
					    .overflow = on_overflow,
					    .context = cache};
	int r = -ENOMEM;

	if (!cache)
		return -ENOMEM;
	cache->events = *events;
	cache->check_netns = options->check_netns;
	cache->boot_time = options->boot_time;
	cache->seed = hash_seed_random();
	cache->directories = calloc(options->directory_count + 1, sizeof(*cache->directories));
	if (!cache->directories)
		goto out;
	for (; cache->directory_count < options->directory_count; cache->directory_count++) {
		struct directory *directory = &cache->directories[cache->directory_count];

		directory->path = strdup(options->directories[cache->directory_count]);
		if (!directory->path)
			goto out;
	}
	r = watch_open(&watch_events, &cache->watch);
	for (size_t i = 0, number; r == 0 && i < cache->directory_count; i++)
		r = watch_add(cache->watch, cache->directories[i].path, 0, &number);
	if (r < 0)
		goto out;
	*ret = cache;
	cache = NULL;
out:
	cni_cache_close(cache);
	return r;
}

struct cni_cache *cni_cache_close(struct cni_cache *cache)
{
	if (!cache)
		return NULL;
	for (size_t i = 0; i < BUCKETS; i++) {
		while (cache->named[i]) {
			struct file *next = cache->named[i]->next_named;

			file_free(cache->named[i]);
			cache->named[i] = next;
		}
	}
	for (size_t i = 0; i < cache->directory_count; i++)
		free(cache->directories[i].path);
	free(cache->directories);
	if (cache->watch)
		watch_close(cache->watch);
	free(cache);
	return NULL;
}

int cni_cache_fd(const struct cni_cache *cache)
{
	return watch_fd(cache->watch);
}

size_t cni_cache_watched(const struct cni_cache *cache)
{
	size_t watched = 0;

	for (size_t i = 0; i < cache->directory_count; i++)
		watched += watch_is_attached(cache->watch, i);
	return watched;
}

static void retry_bad(struct cni_cache *cache)
{
	for (size_t i = 0; i < BUCKETS && cache->unreported > 0; i++)
		for (struct file *file = cache->named[i]; file; file = file->next_named)
			if (file->bad && !file->reported)
				file_meet(cache, file->directory, file->name, false);
}

/* Takes the events, then scans what they made due. */
static int catch_up(struct cni_cache *cache, int64_t now)
{
	int r;

	cache->now = now;
	cache->error = 0;
	if (cache->drained == 0)
		cache->drained = now;
	r = watch_read(cache->watch);
	for (size_t i = 0; i < cache->directory_count; i++)
		if (cache->directories[i].due)
			directory_scan(cache, i);
	return r;
}

static int settle(struct cni_cache *cache, int r)
{
	if (cache->vanished)
		tell_loss(cache, "a pod's file went before it could be read");
	if (cache->crowded)
		tell_loss(cache, "too many files");
	cache->vanished = false;
	if (r == 0)
		r = cache->error;
	if (r == 0)
		cache->drained = cache->now;
	return r;
}

int cni_cache_read(struct cni_cache *cache, int64_t now)
{
	int r = catch_up(cache, now);

	retry_bad(cache);
	return settle(cache, r);
}

int cni_cache_rescan(struct cni_cache *cache, int64_t now)
{
	int r = catch_up(cache, now);

	watch_attach(cache->watch);
	for (size_t i = 0; i < cache->directory_count; i++)
		directory_scan(cache, i);
	return settle(cache, r);
}
