#include "sources/cri.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
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
	const char *problem; /* the last one told, static text; NULL after a proper answer */
	int problem_status;  /* gRPC's, with it */
	size_t spoilt;       /* of the last answer with all sandboxes */
};

struct cri {
	struct claim_events events;
	struct cri_table *table;
	struct place *places;
	size_t place_count;
	struct place *answered; /* last */
	struct place *asked;    /* by the call */
	struct cri_call *call;  /* NULL: none in flight */
	struct cri_question question;
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

const char *cri_socket(const struct cri *cri)
{
	return cri->answered ? cri->answered->path : NULL;
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
	return error == -ENOENT || error == -ENOTDIR || error == -ECONNREFUSED;
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
	/* Where no runtime is installed there is no socket. */
	if (error != -ENOENT && error != -ENOTDIR)
		tell_problem(cri, place, reason, refused ? cri_call_status(cri->call) : 0,
			     refused ? cri_call_text(cri->call) : "");
	if (cri->question.subject == CRI_STATUS)
		cri_table_refuse(cri->table, &cri->question, now);
	if (place == cri->answered)
		cri_table_fail(cri->table, now);
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

/* What is left to do once the answer is known to be proper. */
static int take_proper(struct cri *cri, const struct cri_answer *answer, int64_t now)
{
	struct place *place = cri->asked;

	cri->answered = place;
	place->wait = 0;
	place->problem = NULL;
	if (cri->question.subject == CRI_LIST_ALL)
		tell_spoilt(cri, place, answer->spoilt);
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

/* The first that may be asked; NULL: none. */
static struct place *choose_place(const struct cri *cri, int64_t now)
{
	for (size_t i = 0; i < cri->place_count; i++)
		if (cri->places[i].due <= now)
			return &cri->places[i];
	return NULL;
}

static int open_call(struct cri *cri)
{
	const struct cri_question *question = &cri->question;
	const char *method = question->subject == CRI_STATUS
				 ? "/runtime.v1.RuntimeService/PodSandboxStatus"
				 : "/runtime.v1.RuntimeService/ListPodSandbox";
	struct buf body = {0};
	int r;

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

	cri->asked = choose_place(cri, now);
	if (!cri->asked || !cri_table_ask(cri->table, now, &cri->question))
		return false;
	/* Who did not answer last is first asked for everything. */
	if (cri->asked != cri->answered)
		cri->question = (struct cri_question){CRI_LIST_ALL, NULL};
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
	int64_t due = NEVER;

	if (cri->call)
		return cri->deadline;
	for (size_t i = 0; i < cri->place_count; i++)
		if (cri->places[i].due < due)
			due = cri->places[i].due;
	return due > cri_table_due(cri->table) ? due : cri_table_due(cri->table);
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
