#include "daemon/inventory_file.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "daemon/inventory_changes.h"

/* What no event tells is found so: another directory in place of the one watched, or a link. */
#define LOOK_INTERVAL (2 * NSEC_PER_SEC)
/* A file that was just written without an event may be written still. */
#define SETTLE (2 * NSEC_PER_SEC)
/* Reading takes no more than a part of the time. */
#define PAUSE_MIN NSEC_PER_SEC
#define PAUSE_FACTOR 10
#define TAKE_OBJECTS 4096u
#define TAKE_BYTES ((size_t)4 << 20)
#define PROBLEMS_LOGGED 5u
#define PROBLEM_TEXT_MAX 512

/* Of a file that is not there all is 0. */
struct version {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec written, changed;
};

struct inventory_file {
	pthread_t thread;
	pthread_mutex_t mutex;
	int wake; /* eventfd */

	/* under the mutex */
	bool stopping;
	bool busy;     /* a reading goes on */
	bool orphaned; /* closed meanwhile: the thread frees all */
	char *path;
	bool moved; /* path is another one now */
	bool again; /* all is to be told again */
	struct object_changes changes;
	size_t taken;  /* of the changes */
	bool complete; /* with the last of the changes all is told */
	bool facts_due;
	char problem[PROBLEM_TEXT_MAX]; /* the first of the last reading; "": none */

	/* the thread's own */
	int watch; /* inotify; -1: there is no instance of it, and looks do without */
	struct told_objects *told;
	struct version read; /* what was read last */
	bool due;
	int64_t next; /* monotonic: no reading before */
};

/* ---- the file ---- */

static struct version look_at(const char *path)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return (struct version){0};
	return (struct version){.device = status.st_dev,
				.inode = status.st_ino,
				.size = status.st_size,
				.written = status.st_mtim,
				.changed = status.st_ctim};
}

static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool is_same(const struct version *a, const struct version *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       is_same_time(&a->written, &b->written) && is_same_time(&a->changed, &b->changed);
}

static bool is_settled(const struct version *version)
{
	int64_t written = version->written.tv_sec * NSEC_PER_SEC + version->written.tv_nsec;
	int64_t now = clock_now();

	return now - written >= SETTLE || written > now;
}

/* Another directory may have taken the place of the one that was watched. */
static void attach(struct inventory_file *file, const char *path)
{
	char *copy = strdup(path);

	if (file->watch < 0)
		file->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (copy)
		inotify_add_watch(file->watch, dirname(copy),
				  IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR);
	free(copy);
}

static const char *last_component(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* Was the file written, or another put in its place? */
static bool read_events(struct inventory_file *file, const char *path)
{
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	bool written = false;
	ssize_t length;

	while ((length = read(file->watch, buffer, sizeof(buffer))) > 0) {
		for (ssize_t at = 0; at < length;) {
			const struct inotify_event *event =
			    (const struct inotify_event *)(const void *)(buffer + at);

			if ((event->mask & IN_Q_OVERFLOW) ||
			    (event->len > 0 && strcmp(event->name, last_component(path)) == 0))
				written = true;
			at += (ssize_t)(sizeof(*event) + event->len);
		}
	}
	return written;
}

static void look(struct inventory_file *file, const char *path)
{
	struct version version;

	if (!*path)
		return;
	attach(file, path);
	if (read_events(file, path))
		file->due = true;
	version = look_at(path);
	if (!is_same(&version, &file->read) && is_settled(&version))
		file->due = true;
}

/* ---- reading ---- */

static int parse(struct inventory_file *file, const struct buf *text, const char *path,
		 struct problems *problems, struct object_changes *ret)
{
	struct document *document = NULL;
	int r =
	    document_parse(text->data ? text->data : "", text->length, path, problems, &document);

	if (r == 0)
		r = told_objects_update(file->told, document, problems, ret);
	document_free(document);
	return r;
}

/* -EAGAIN: it is being written. */
static int read_file(struct inventory_file *file, const char *path, struct problems *problems,
		     struct object_changes *ret)
{
	struct version before = look_at(path), after;
	struct buf text = {0};
	int r = buf_read_file(&text, path, INVENTORY_FILE_MAX);

	after = look_at(path);
	file->read = before;
	if (r == 0 && !is_same(&before, &after))
		r = -EAGAIN;
	else if (r == -EFBIG)
		problem_add(problems, PROBLEM_ERROR, path, "larger than %zu MiB",
			    INVENTORY_FILE_MAX >> 20);
	else if (r < 0)
		problem_add(problems, PROBLEM_ERROR, path, "cannot be read: %s", strerror(-r));
	else
		r = parse(file, &text, path, problems, ret);
	buf_clear(&text);
	return r;
}

static int read_any(struct inventory_file *file, const char *path, struct problems *problems,
		    struct object_changes *ret)
{
	int64_t begun = clock_monotonic(), took;
	int r = *path ? read_file(file, path, problems, ret)
		      : told_objects_update(file->told, NULL, problems, ret);

	took = PAUSE_FACTOR * (clock_monotonic() - begun);
	file->next = begun + (took > PAUSE_MIN ? took : PAUSE_MIN);
	/* A document is larger than what is kept of it. */
	malloc_trim(0);
	return r;
}

/* ---- what is said ---- */

static void log_problems(const struct problems *problems)
{
	for (size_t i = 0; i < problems->count && i < PROBLEMS_LOGGED; i++)
		log_line(LOG_WARN, "inventory", "%s: %s", problems->items[i].subject,
			 problems->items[i].message);
	if (problems->count > PROBLEMS_LOGGED)
		log_line(LOG_WARN, "inventory", "%zu more problems in this file",
			 problems->count - PROBLEMS_LOGGED + problems->left_out);
}

/* Under the mutex. True: it is another than before. */
static bool note_problem(struct inventory_file *file, const struct problems *problems)
{
	char text[PROBLEM_TEXT_MAX] = "";

	if (problems->count > 0)
		snprintf(text, sizeof(text), "%s: %s", problems->items[0].subject,
			 problems->items[0].message);
	if (strcmp(text, file->problem) == 0)
		return false;
	memcpy(file->problem, text, sizeof(text));
	file->facts_due = true;
	return true;
}

static void say(const char *path, size_t objects, int error, const struct problems *problems)
{
	log_problems(problems);
	if (error)
		log_line(LOG_WARN, "inventory",
			 "%s is not used as it is: what was read before stays", path);
	else if (*path)
		log_line(LOG_NOTE, "inventory", "%s: %zu objects", path, objects);
}

/* ---- the thread; the mutex is held on entry and exit, not while it reads or waits ---- */

static bool has_changes(const struct inventory_file *file)
{
	return file->complete || file->taken < file->changes.count;
}

static void publish(struct inventory_file *file, struct object_changes *changes)
{
	/* What was to be told again meanwhile is read again. */
	if (file->again) {
		object_changes_clear(changes);
		return;
	}
	file->changes = *changes;
	file->taken = 0;
	file->complete = true;
}

static void read_now(struct inventory_file *file, bool first)
{
	struct problems problems = {0};
	struct object_changes changes = {0};
	char *path = strdup(file->path);
	int r = -ENOMEM;

	if (!path)
		return;
	file->busy = true;
	file->due = false;
	pthread_mutex_unlock(&file->mutex);
	r = read_any(file, path, &problems, &changes);
	pthread_mutex_lock(&file->mutex);
	file->busy = false;
	if (r == 0)
		publish(file, &changes);
	else if (r == -ENOMEM || r == -EAGAIN)
		file->due = true;
	if (r == -ENOMEM && problems.count == 0)
		problem_add(&problems, PROBLEM_ERROR, path, "out of memory");
	if (r != -EAGAIN && (note_problem(file, &problems) || first))
		say(path, told_objects_count(file->told), r, &problems);
	problems_clear(&problems);
	free(path);
}

/* ms; -1: until someone calls. */
static int pause_of(const struct inventory_file *file)
{
	int64_t pause = LOOK_INTERVAL;

	if (has_changes(file) || (!file->due && !*file->path))
		return -1;
	if (file->due)
		pause = file->next - clock_monotonic();
	return pause > 0 ? (int)(pause / NSEC_PER_MSEC) + 1 : 0;
}

static void wait_for_news(struct inventory_file *file)
{
	struct pollfd sources[] = {{.fd = file->wake, .events = POLLIN},
				   {.fd = file->watch, .events = POLLIN}};
	/* What it has to do anyway needs no further reason. */
	nfds_t count = file->due || has_changes(file) ? 1 : 2;
	int pause = pause_of(file);
	char *path = strdup(file->path);
	uint64_t calls;

	pthread_mutex_unlock(&file->mutex);
	poll(sources, count, pause);
	if (read(file->wake, &calls, sizeof(calls)) < 0)
		calls = 0;
	if (path)
		look(file, path);
	free(path);
	pthread_mutex_lock(&file->mutex);
}

/* What the collector wants. */
static bool take_orders(struct inventory_file *file)
{
	bool moved = file->moved;

	if (file->again)
		told_objects_clear(file->told);
	if (file->again || moved)
		file->due = true;
	if (moved)
		file->next = 0;
	file->again = file->moved = false;
	return moved;
}

static struct inventory_file *destroy(struct inventory_file *file)
{
	object_changes_clear(&file->changes);
	told_objects_free(file->told);
	free(file->path);
	if (file->wake >= 0)
		close(file->wake);
	if (file->watch >= 0)
		close(file->watch);
	pthread_mutex_destroy(&file->mutex);
	free(file);
	return NULL;
}

static void *work(void *context)
{
	struct inventory_file *file = context;
	bool orphaned, first = false;

	pthread_mutex_lock(&file->mutex);
	while (!file->stopping) {
		first = take_orders(file) || first;
		if (!file->due || has_changes(file) || clock_monotonic() < file->next) {
			wait_for_news(file);
			continue;
		}
		read_now(file, first);
		first = false;
	}
	orphaned = file->orphaned;
	pthread_mutex_unlock(&file->mutex);
	if (orphaned)
		destroy(file);
	return NULL;
}

/* ---- the collector's side ---- */

static void wake(struct inventory_file *file)
{
	const uint64_t one = 1;

	/* It is full only if the thread has not even seen the last calls. */
	if (write(file->wake, &one, sizeof(one)) < 0)
		return;
}

int inventory_file_open(const char *path, struct inventory_file **ret)
{
	struct inventory_file *file = calloc(1, sizeof(*file));
	int r;

	if (!file)
		return -ENOMEM;
	pthread_mutex_init(&file->mutex, NULL);
	file->path = strdup(path);
	file->told = told_objects_new();
	file->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	file->watch = -1;
	file->moved = file->facts_due = true;
	r = !file->path || !file->told ? -ENOMEM : file->wake < 0 ? -errno : 0;
	if (r == 0)
		r = -pthread_create(&file->thread, NULL, work, file);
	if (r < 0) {
		destroy(file);
		return r;
	}
	*ret = file;
	return 0;
}

struct inventory_file *inventory_file_close(struct inventory_file *file)
{
	pthread_t thread;
	bool busy;

	if (!file)
		return NULL;
	pthread_mutex_lock(&file->mutex);
	thread = file->thread;
	busy = file->busy;
	file->stopping = true;
	file->orphaned = busy;
	wake(file);
	pthread_mutex_unlock(&file->mutex);
	if (busy) {
		pthread_detach(thread);
		return NULL;
	}
	pthread_join(thread, NULL);
	return destroy(file);
}

int inventory_file_set(struct inventory_file *file, const char *path)
{
	char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	pthread_mutex_lock(&file->mutex);
	if (strcmp(copy, file->path) != 0) {
		free(file->path);
		file->path = copy;
		copy = NULL;
		file->moved = file->facts_due = true;
		wake(file);
	}
	pthread_mutex_unlock(&file->mutex);
	free(copy);
	return 0;
}

static int add_facts(const struct inventory_file *file, struct batch *batch)
{
	bool is_some = *file->path != '\0';
	int r = batch_add_fact(batch, "source.inventory", is_some ? file->path : NULL);

	if (r < 0)
		return r;
	return batch_add_fact(batch, "source.inventory.problem",
			      is_some && *file->problem ? file->problem : NULL);
}

static void take_objects(struct inventory_file *file, struct batch *batch)
{
	size_t left = file->changes.count - file->taken, bytes = 0;
	size_t count = left < TAKE_OBJECTS ? left : TAKE_OBJECTS;

	batch->objects = calloc(count + 1, sizeof(*batch->objects));
	if (!batch->objects)
		return;
	while (batch->object_count < count && bytes < TAKE_BYTES) {
		struct batch_object *object = &file->changes.items[file->taken++];

		bytes += object->content ? strlen(object->content) : 0;
		batch->objects[batch->object_count++] = *object;
		*object = (struct batch_object){0};
	}
	if (file->taken < file->changes.count)
		return;
	object_changes_clear(&file->changes);
	file->taken = 0;
	file->complete = false;
	batch->objects_complete = true;
	wake(file);
}

void inventory_file_take(struct inventory_file *file, struct batch *batch)
{
	pthread_mutex_lock(&file->mutex);
	if (file->facts_due)
		file->facts_due = add_facts(file, batch) < 0;
	if (has_changes(file))
		take_objects(file, batch);
	pthread_mutex_unlock(&file->mutex);
}

int inventory_file_tell(struct inventory_file *file, struct batch *batch)
{
	int r;

	pthread_mutex_lock(&file->mutex);
	r = add_facts(file, batch);
	object_changes_clear(&file->changes);
	file->taken = 0;
	file->complete = false;
	file->again = true;
	wake(file);
	pthread_mutex_unlock(&file->mutex);
	return r;
}
