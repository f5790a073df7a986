#include "daemon/dataplane.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "sources/dataplane_look.h"

#define LOOK_INTERVAL (60 * NSEC_PER_SEC)
#define VALUE_MAX (DATAPLANE_REASON_MAX + CLOCK_TEXT_MAX + 16)
#define NAME_PREFIX "dataplane."
#define FACT_NAME_MAX 64

/* What was before. */
struct former {
	char reason[DATAPLANE_REASON_MAX]; /* "": it was not */
	int64_t until;                     /* ms */
	bool dropped;
};

/* Those of which it is kept up to when they were, the worst first. */
static const enum dataplane_seen bad[] = {DATAPLANE_NO, DATAPLANE_PARTLY};
#define BAD (sizeof(bad) / sizeof(bad[0]))

struct look {
	dataplane_look_fn *fn;
	struct dataplane_observations observations; /* the thread's until done */
	atomic_bool done;
};

struct dataplane_watch {
	struct dataplane now;
	struct former former[DATAPLANE_ASPECTS][BAD];
	bool earlier_run; /* answers are those of an earlier run */
	bool known;       /* a look of this run is told */
	struct look look;
	pthread_t thread;
	bool looking;
	int64_t looked; /* monotonic; 0: never */
	bool pods;      /* some ran when the look began */
	uint64_t stamp;
};

/* ---- facts of an earlier run ---- */

static bool parse_answer(const char *text, struct dataplane_answer *ret)
{
	for (enum dataplane_seen seen = DATAPLANE_UNKNOWN; seen <= DATAPLANE_NO; seen++) {
		const char *name = dataplane_seen_name(seen);
		size_t length = strlen(name);

		if (strncmp(text, name, length) != 0)
			continue;
		text += length;
		text += strncmp(text, ": ", 2) == 0 ? 2 : 0;
		ret->seen = seen;
		snprintf(ret->reason, sizeof(ret->reason), "%s", text);
		return true;
	}
	return false;
}

static void parse_former(const char *text, struct former *ret)
{
	const char *space = strchr(text, ' ');
	char time[CLOCK_TEXT_MAX];

	if (!space || (size_t)(space - text) >= sizeof(time))
		return;
	memcpy(time, text, (size_t)(space - text));
	time[space - text] = '\0';
	if (clock_parse(time, &ret->until) == 0)
		snprintf(ret->reason, sizeof(ret->reason), "%s", space + 1);
}

/* ASPECT, or was.SEEN.ASPECT. */
static const char *name_of(enum dataplane_aspect aspect, const char *seen, char name[FACT_NAME_MAX])
{
	snprintf(name, FACT_NAME_MAX, NAME_PREFIX "%s%s%s%s", seen ? "was." : "", seen ? seen : "",
		 seen ? "." : "", dataplane_aspect_name(aspect));
	return name;
}

static void take_aspect(struct dataplane_watch *watch, enum dataplane_aspect aspect,
			const struct fact *fact)
{
	char name[FACT_NAME_MAX];

	if (strcmp(fact->name, name_of(aspect, NULL, name)) == 0)
		watch->earlier_run |= parse_answer(fact->value, &watch->now.answers[aspect]);
	for (size_t i = 0; i < BAD; i++)
		if (strcmp(fact->name, name_of(aspect, dataplane_seen_name(bad[i]), name)) == 0)
			parse_former(fact->value, &watch->former[aspect][i]);
}

struct dataplane_watch *dataplane_watch_new(dataplane_look_fn *look, const struct fact *facts,
					    size_t fact_count)
{
	struct dataplane_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return NULL;
	watch->look.fn = look;
	for (size_t i = 0; i < fact_count; i++)
		for (enum dataplane_aspect j = 0; facts[i].value && j < DATAPLANE_ASPECTS; j++)
			take_aspect(watch, j, &facts[i]);
	return watch;
}

struct dataplane_watch *dataplane_watch_free(struct dataplane_watch *watch)
{
	if (watch && watch->looking)
		pthread_join(watch->thread, NULL);
	free(watch);
	return NULL;
}

/* ---- the look ---- */

static void *run_look(void *context)
{
	struct look *look = context;

	look->fn(&look->observations);
	atomic_store(&look->done, true);
	return NULL;
}

static bool is_due(const struct dataplane_watch *watch, uint64_t stamp)
{
	return !watch->looked || stamp != watch->stamp ||
	       clock_monotonic() - watch->looked >= LOOK_INTERVAL;
}

static void begin_look(struct dataplane_watch *watch, const struct dataplane_own *own)
{
	uint64_t stamp = dataplane_cni_stamp();

	if (!is_due(watch, stamp))
		return;
	watch->stamp = stamp;
	watch->pods = own->pods;
	watch->looked = clock_monotonic();
	atomic_store(&watch->look.done, false);
	watch->looking = pthread_create(&watch->thread, NULL, run_look, &watch->look) == 0;
}

/* ---- what is said of it ---- */

static const char *format_answer(const struct dataplane_answer *answer, char text[VALUE_MAX])
{
	snprintf(text, VALUE_MAX, "%s%s%s", dataplane_seen_name(answer->seen),
		 answer->reason[0] ? ": " : "", answer->reason);
	return text;
}

static void log_answers(const struct dataplane *now)
{
	char text[VALUE_MAX];

	log_line(LOG_NOTE, "dataplane", "CNI plugin %s, service proxy %s", now->plugin, now->proxy);
	for (enum dataplane_aspect i = 0; i < DATAPLANE_ASPECTS; i++) {
		const struct dataplane_answer *answer = &now->answers[i];

		log_line(answer->seen == DATAPLANE_NO ? LOG_WARN : LOG_INFO, "dataplane",
			 "%s connections seen: %s", dataplane_aspect_name(i),
			 format_answer(answer, text));
	}
}

/* Not knowing was no state of the node's. What became worse need not be kept: that ends later. */
static void keep_former(struct dataplane_watch *watch, const struct dataplane *fresh, int64_t now)
{
	for (size_t i = 0; i < DATAPLANE_ASPECTS; i++) {
		const struct dataplane_answer *before = &watch->now.answers[i];

		for (size_t j = 0; j < BAD; j++) {
			struct former *former = &watch->former[i][j];

			if (before->seen != bad[j] || before->seen <= fresh->answers[i].seen)
				continue;
			memcpy(former->reason, before->reason, sizeof(former->reason));
			former->until = clock_msec(now);
		}
	}
}

static bool take_look(struct dataplane_watch *watch, const struct dataplane_own *own, int64_t now)
{
	struct dataplane fresh;
	bool changed;

	pthread_join(watch->thread, NULL);
	watch->looking = false;
	watch->look.observations.log_error = own->log_error;
	watch->look.observations.zones = own->zones;
	watch->look.observations.zone = own->zone;
	watch->look.observations.pods = own->pods && watch->pods;
	dataplane_judge(&watch->look.observations, &fresh);
	changed = !watch->known || !dataplane_equal(&fresh, &watch->now);
	if (!changed)
		return false;
	if (watch->known || watch->earlier_run)
		keep_former(watch, &fresh, now);
	watch->now = fresh;
	watch->known = true;
	log_answers(&fresh);
	return true;
}

static bool forget(struct dataplane_watch *watch, int64_t before)
{
	bool changed = false;

	for (size_t i = 0; i < DATAPLANE_ASPECTS * BAD; i++) {
		struct former *former = &watch->former[i / BAD][i % BAD];

		if (!former->reason[0] || former->until >= before)
			continue;
		former->reason[0] = '\0';
		former->dropped = changed = true;
	}
	return changed;
}

bool dataplane_watch_tick(struct dataplane_watch *watch, const struct dataplane_own *own,
			  int64_t now, int64_t before)
{
	bool changed = forget(watch, before);

	if (watch->looking && atomic_load(&watch->look.done))
		changed |= take_look(watch, own, now);
	if (!watch->looking)
		begin_look(watch, own);
	return changed;
}

static int add_former(const struct former *former, const char *name, struct batch *batch)
{
	char time[CLOCK_TEXT_MAX], value[VALUE_MAX];

	if (!former->reason[0])
		return former->dropped ? batch_add_fact(batch, name, NULL) : 0;
	snprintf(value, sizeof(value), "%s %s", clock_format(former->until, time), former->reason);
	return batch_add_fact(batch, name, value);
}

static int add_aspect(const struct dataplane_watch *watch, enum dataplane_aspect aspect,
		      struct batch *batch)
{
	char name[FACT_NAME_MAX], text[VALUE_MAX];
	int r = batch_add_fact(batch, name_of(aspect, NULL, name),
			       format_answer(&watch->now.answers[aspect], text));

	for (size_t i = 0; r == 0 && i < BAD; i++)
		r = add_former(&watch->former[aspect][i],
			       name_of(aspect, dataplane_seen_name(bad[i]), name), batch);
	return r;
}

int dataplane_watch_describe(const struct dataplane_watch *watch, struct batch *batch)
{
	int r = 0;

	if (!watch->known)
		return 0;
	r = batch_add_fact(batch, NAME_PREFIX "plugin", watch->now.plugin);
	if (r == 0)
		r = batch_add_fact(batch, NAME_PREFIX "proxy", watch->now.proxy);
	for (enum dataplane_aspect i = 0; r == 0 && i < DATAPLANE_ASPECTS; i++)
		r = add_aspect(watch, i, batch);
	return r;
}
