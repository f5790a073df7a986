#include "sources/cri.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "sources/cri_call.h"
#include "sources/cri_message.h"
#include "sources/cri_table.h"

#define NEVER INT64_MAX
#define QUESTIONS_MAX 16 /* that end within one cri_read() */

struct place {
	char *path;
	int64_t due; /* not asked before */
	int64_t wait;
	bool listed;    /* it told of all its sandboxes, and has not failed since */
	unsigned round; /* the last in which it was asked */
	dev_t device;   /* of the socket */
	ino_t inode;
	const char *problem; /* the last one told, static text; NULL after a proper answer */
	int problem_status;  /* gRPC's, with it */
	size_t spoilt;       /* of the last answer with all sandboxes */
};

struct cri {
	struct claim_events events;
	struct cri_table *table;
	struct place *places;
	size_t place_count;
	struct place *preferred;  /* it knows sandboxes; NULL: none does */
	const struct place *told; /* as the one where sandboxes are */
	struct place *asked;      /* by the call */
	struct cri_call *call;    /* NULL: none in flight */
	struct cri_question question;
	unsigned round;   /* of the question, through the places */
	bool goes_on;     /* places that were not asked in the round are to be */
	int64_t deadline; /* of the call */
	int64_t last;     /* moment that was told */
	int64_t set_back; /* the caller's clock, in all */
	int64_t armed;
	uint32_t polled; /* events of the call's socket */
	int epoll;
	int timer;
};

static int watch_timer(struct cri *cri)
{
	struct epoll_event event = {.events = EPOLLIN};

	cri->epoll = epoll_create1(EPOLL_CLOEXEC);
	cri->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (cri->epoll < 0 || cri->timer < 0 ||
	    epoll_ctl(cri->epoll, EPOLL_CTL_ADD, cri->timer, &event) < 0)
		return -errno;
	return 0;
}

/* Relative, so that the caller's clock may be any. */
static void arm(struct cri *cri, int64_t due, int64_t now)
{
	int64_t wait = due > now ? due - now : 1;
	struct itimerspec spec = {
	    .it_value = {.tv_sec = wait / NSEC_PER_SEC, .tv_nsec = wait % NSEC_PER_SEC}};

	cri->armed = due;
	timerfd_settime(cri->timer, 0, &spec, NULL);
}

int cri_open(const char *const *sockets, size_t count, const struct claim_events *events,
	     struct cri **ret)
{
	struct cri *cri = calloc(1, sizeof(*cri));
	int r = -ENOMEM;

	if (!cri)
		return -ENOMEM;
	cri->events = *events;
	cri->epoll = cri->timer = -1;
	cri->table = cri_table_new(events);
	cri->places = calloc(count + 1, sizeof(*cri->places));
	if (!cri->table || !cri->places)
		goto out;
	for (; cri->place_count < count; cri->place_count++) {
		cri->places[cri->place_count].path = strdup(sockets[cri->place_count]);
		if (!cri->places[cri->place_count].path)
			goto out;
	}
	r = watch_timer(cri);
	if (r < 0)
		goto out;
	arm(cri, 0, 0);
	*ret = cri;
	cri = NULL;
out:
	cri_close(cri);
	return r;
}

struct cri *cri_close(struct cri *cri)
{
	if (!cri)
		return NULL;
	cri_call_close(cri->call);
	cri_table_free(cri->table);
	for (size_t i = 0; i < cri->place_count; i++)
		free(cri->places[i].path);
	free(cri->places);
	if (cri->timer >= 0)
		close(cri->timer);
	if (cri->epoll >= 0)
		close(cri->epoll);
	free(cri);
	return NULL;
}

int cri_fd(const struct cri *cri)
{
	return cri->epoll;
}

static struct place *find_listed(const struct cri *cri)
{
	if (cri->preferred && cri->preferred->listed)
		return cri->preferred;
	for (size_t i = 0; i < cri->place_count; i++)
		if (cri->places[i].listed)
			return &cri->places[i];
	return NULL;
}

const char *cri_socket(const struct cri *cri)
{
	return cri->told && cri->told->listed ? cri->told->path : NULL;
}

static const char *get_method(enum cri_subject subject)
{
	return subject == CRI_STATUS ? "PodSandboxStatus" : "ListPodSandbox";
}

static const char *get_status_name(int status)
{
	/* gRPC's status codes, in their order. */
	static const char *const names[] = {"OK",
					    "Canceled",
					    "Unknown",
					    "InvalidArgument",
					    "DeadlineExceeded",
					    "NotFound",
					    "AlreadyExists",
					    "PermissionDenied",
					    "ResourceExhausted",
					    "FailedPrecondition",
					    "Aborted",
					    "OutOfRange",
					    "Unimplemented",
					    "Internal",
					    "Unavailable",
					    "DataLoss",
					    "Unauthenticated"};

	return (size_t)status < sizeof(names) / sizeof(names[0]) ? names[status] : "unknown status";
}

static bool is_absent(int error)
{
	return error == -ENOENT || error == -ENOTDIR || error == -ECONNREFUSED || error == -EEXIST;
}

/* Where no runtime is installed there is no socket, or another name of one that is known. */
static bool is_ordinary(int error)
{
	return error == -ENOENT || error == -ENOTDIR || error == -EEXIST;
}

static void set_retry(struct place *place, int error, int64_t now)
{
	int64_t most = is_absent(error) ? CRI_RETRY_ABSENT_NS : CRI_RETRY_MOST_NS;

	place->wait = place->wait ? 2 * place->wait : CRI_RETRY_FIRST_NS;
	if (place->wait > most)
		place->wait = most;
	place->due = now + place->wait;
}

static const char *get_call_error(int error)
{
	switch (error) {
	case -EREMOTEIO:
		return "refused with gRPC status";
	case -ETIMEDOUT:
		return "no answer within 10 s";
	case -ECONNRESET:
		return "the connection ended before the answer did";
	case -EPROTO:
		return "what answers is not gRPC over HTTP/2";
	case -EFBIG:
		return "the answer is larger than 16 MiB";
	default:
		return strerrordesc_np(-error);
	}
}

/* Once until the next proper answer, whatever text came with it. */
static void tell_problem(struct cri *cri, struct place *place, const char *reason, int status,
			 const char *text)
{
	struct buf buf = {0};

	if (place->problem && place->problem_status == status &&
	    strcmp(place->problem, reason) == 0)
		return;
	place->problem = reason;
	place->problem_status = status;
	buf_printf(&buf, "%s: %s", get_method(cri->question.subject), reason);
	if (status > 0)
		buf_printf(&buf, " %d (%s)%s%s", status, get_status_name(status), *text ? ": " : "",
			   text);
	cri->events.problem(cri->events.context, place->path, buf.error < 0 ? reason : buf.data);
	buf_clear(&buf);
}

/* The place is not asked for a while; others may be. */
static void fail(struct cri *cri, int error, const char *reason, int64_t now)
{
	struct place *place = cri->asked;
	bool refused = error == -EREMOTEIO;

	set_retry(place, error, now);
	place->listed = false;
	if (!is_ordinary(error))
		tell_problem(cri, place, reason, refused ? cri_call_status(cri->call) : 0,
			     refused ? cri_call_text(cri->call) : "");
	if (cri->question.subject == CRI_STATUS)
		cri_table_refuse(cri->table, &cri->question, now);
	cri_table_fail(cri->table, place->path);
	cri->call = cri_call_close(cri->call);
}

static void tell_spoilt(struct cri *cri, struct place *place, size_t spoilt)
{
	struct buf buf = {0};

	if (spoilt > 0 && spoilt != place->spoilt) {
		buf_printf(&buf,
			   "%zu sandboxes are listed without a usable id, with names or labels "
			   "that are none, or twice",
			   spoilt);
		if (buf.error == 0)
			cri->events.problem(cri->events.context, place->path, buf.data);
		buf_clear(&buf);
	}
	place->spoilt = spoilt;
}

static void take_list(struct cri *cri, struct place *place, const struct cri_answer *answer,
		      int64_t now)
{
	place->listed = true;
	cri->goes_on |= cri_table_due(cri->table) <= now;
	if (answer->count > 0 && (!cri->preferred || !cri->preferred->listed))
		cri->preferred = place;
	tell_spoilt(cri, place, answer->spoilt);
}

static bool is_told(const struct cri_answer *answer, const char *id)
{
	for (size_t i = 0; i < answer->count; i++)
		if (strcmp(answer->items[i].id, id) == 0)
			return true;
	return false;
}

/* What is left to do once the answer is known to be proper. */
static int take_proper(struct cri *cri, const struct cri_answer *answer, int64_t now)
{
	struct place *place = cri->asked;

	place->wait = 0;
	place->problem = NULL;
	if (cri->question.subject == CRI_LIST_ALL) {
		take_list(cri, place, answer, now);
	} else if (cri->question.subject == CRI_LIST_ONE && is_told(answer, cri->question.id)) {
		cri->preferred = place;
		cri->goes_on = false;
	}
	return cri_table_answer(cri->table, &cri->question, place->path, answer, now);
}

static int take_answer(struct cri *cri, int64_t now)
{
	const struct buf *body = cri_call_body(cri->call);
	struct cri_answer answer = {0};
	int r = cri->question.subject == CRI_STATUS
		    ? cri_decode_status(body->data, body->length, &answer)
		    : cri_decode_list(body->data, body->length, &answer);

	if (r < 0) {
		fail(cri, r, cri_message_error(r), now);
		return r == -ENOMEM ? r : 0;
	}
	r = take_proper(cri, &answer, now);
	cri_answer_clear(&answer);
	cri->call = cri_call_close(cri->call);
	return r;
}

/* A refusal to tell of one sandbox is no word on the runtime: it may just have gone. */
static void refuse(struct cri *cri, int64_t now)
{
	cri_table_refuse(cri->table, &cri->question, now);
	cri->call = cri_call_close(cri->call);
}

static void poll_call(struct cri *cri, int operation)
{
	struct epoll_event event = {
	    .events = EPOLLIN | (cri_call_wants_write(cri->call) ? (uint32_t)EPOLLOUT : 0)};

	if (operation == EPOLL_CTL_MOD && event.events == cri->polled)
		return;
	cri->polled = event.events;
	epoll_ctl(cri->epoll, operation, cri_call_fd(cri->call), &event);
}

/* Goes on with the call; true: it ended. */
static bool go_on(struct cri *cri, int64_t now, int *ret_error)
{
	int r = cri_call_go(cri->call);

	if (r == CRI_CALL_GOES_ON && now >= cri->deadline)
		r = -ETIMEDOUT;
	if (r == CRI_CALL_GOES_ON)
		poll_call(cri, EPOLL_CTL_MOD);
	else if (r == 0)
		*ret_error = take_answer(cri, now);
	else if (r == -EREMOTEIO && cri->question.subject == CRI_STATUS)
		refuse(cri, now);
	else
		fail(cri, r, get_call_error(r), now);
	if (r == -ENOMEM)
		*ret_error = r;
	return r != CRI_CALL_GOES_ON;
}

/* One that has not told of all its sandboxes and may be asked; NULL: none. */
static struct place *find_unlisted(const struct cri *cri, int64_t now)
{
	for (size_t i = 0; i < cri->place_count; i++)
		if (!cri->places[i].listed && cri->places[i].due <= now)
			return &cri->places[i];
	return NULL;
}

/* The next of the round, NULL after the last. */
static struct place *find_next(const struct cri *cri)
{
	struct place *first = find_listed(cri);

	if (!first || first->round != cri->round)
		return first;
	for (size_t i = 0; i < cri->place_count; i++)
		if (cri->places[i].listed && cri->places[i].round != cri->round)
			return &cri->places[i];
	return NULL;
}

static struct place *find_place(const struct cri *cri, const char *path)
{
	for (size_t i = 0; i < cri->place_count; i++)
		if (cri->places[i].path == path)
			return &cri->places[i];
	return NULL;
}

static void begin_round(struct cri *cri, bool goes_on)
{
	cri->round++;
	cri->goes_on = goes_on;
}

/* Who is to be asked what; NULL: nobody, or nothing. */
static struct place *choose(struct cri *cri, int64_t now)
{
	struct place *place = cri->goes_on ? find_next(cri) : NULL;

	if (place)
		return place;
	cri->goes_on = false;
	place = find_unlisted(cri, now);
	if (place) {
		begin_round(cri, false);
		cri->question = (struct cri_question){.subject = CRI_LIST_ALL};
		return place;
	}
	if (!find_listed(cri) || !cri_table_ask(cri->table, now, &cri->question))
		return NULL;
	begin_round(cri, cri->question.subject != CRI_STATUS);
	return cri->question.subject == CRI_STATUS ? find_place(cri, cri->question.place)
						   : find_next(cri);
}

/* -EEXIST: it is the socket of another place that answers. */
static int identify(const struct cri *cri, struct place *place)
{
	struct stat status;

	if (stat(place->path, &status) < 0)
		return -errno;
	place->device = status.st_dev;
	place->inode = status.st_ino;
	for (size_t i = 0; i < cri->place_count; i++) {
		const struct place *other = &cri->places[i];

		if (other != place && other->listed && other->device == place->device &&
		    other->inode == place->inode)
			return -EEXIST;
	}
	return 0;
}

static int open_call(struct cri *cri)
{
	const struct cri_question *question = &cri->question;
	const char *method = question->subject == CRI_STATUS
				 ? "/runtime.v1.RuntimeService/PodSandboxStatus"
				 : "/runtime.v1.RuntimeService/ListPodSandbox";
	struct buf body = {0};
	int r = identify(cri, cri->asked);

	if (r < 0)
		return r;
	if (question->subject == CRI_STATUS)
		cri_put_status(&body, question->id);
	else
		cri_put_list(&body, question->id);
	r = body.error;
	if (r == 0)
		r = cri_call_open(cri->asked->path, method, &body, CRI_FRAME_HEAD + CRI_ANSWER_MAX,
				  &cri->call);
	buf_clear(&body);
	return r;
}

/* Asks what is due; false: nothing is, or nobody is there to ask. */
static bool ask(struct cri *cri, int64_t now, int *ret_error)
{
	int r;

	cri->asked = choose(cri, now);
	if (!cri->asked)
		return false;
	cri->asked->round = cri->round;
	r = open_call(cri);
	if (r < 0) {
		fail(cri, r, get_call_error(r), now);
		*ret_error = r == -ENOMEM ? r : *ret_error;
		return true;
	}
	cri->deadline = now + CRI_ANSWER_NS;
	poll_call(cri, EPOLL_CTL_ADD);
	return true;
}

static int64_t get_due(const struct cri *cri)
{
	int64_t due = find_listed(cri) ? cri_table_due(cri->table) : NEVER;

	if (cri->call)
		return cri->deadline;
	if (cri->goes_on)
		return 0;
	for (size_t i = 0; i < cri->place_count; i++)
		if (!cri->places[i].listed && cri->places[i].due < due)
			due = cri->places[i].due;
	return due;
}

static void drain_timer(struct cri *cri)
{
	uint64_t expirations;

	while (read(cri->timer, &expirations, sizeof(expirations)) > 0)
		;
}

static int64_t get_moment(struct cri *cri, int64_t now)
{
	if (now + cri->set_back < cri->last)
		cri->set_back = cri->last - now;
	cri->last = now + cri->set_back;
	return cri->last;
}

int cri_read(struct cri *cri, int64_t now)
{
	int error = 0;

	now = get_moment(cri, now);
	drain_timer(cri);
	for (int i = 0; i < QUESTIONS_MAX; i++) {
		if (cri->call ? !go_on(cri, now, &error) : !ask(cri, now, &error))
			break;
	}
	/* While others are asked one without sandboxes may be the wrong one. */
	if (!cri->call || (cri->preferred && cri->preferred->listed))
		cri->told = find_listed(cri);
	if (cri->place_count > 0)
		arm(cri, get_due(cri), now);
	return error;
}

void cri_want(struct cri *cri, const char *sandbox, int64_t now)
{
	int64_t due;

	now = get_moment(cri, now);
	due = now + CRI_WANT_FIRST_NS;

	if (cri_table_want(cri->table, sandbox, now) != 0 && !cri->call && due < cri->armed)
		arm(cri, due, now);
}
