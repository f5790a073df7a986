#include "daemon/valve.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define LOOK_INTERVAL_MSEC 100

/* In memory that both processes have. */
struct shared {
	_Atomic uint32_t given_up; /* how often; raised before it is done */
	_Atomic bool reliable;     /* set after it is done */
};

struct valve {
	struct ct_feed *feed;
	struct shared *shared;
	pid_t guard;
	uint32_t given_up; /* at the last call of valve_held() */
	bool reliable;
};

struct valve_rule valve_rule_begin(bool reliable, uint32_t drops)
{
	return (struct valve_rule){.reliable = reliable, .drops = drops};
}

static void note_drops(struct valve_rule *rule, const struct valve_look *look)
{
	bool advanced = look->drops != rule->drops;

	if (advanced && !rule->dropping)
		rule->since = look->now;
	if (advanced)
		rule->dropped = look->now;
	rule->dropping = rule->dropped && look->now - rule->dropped <= VALVE_LULL;
	rule->drops = look->drops;
}

enum valve_action valve_rule_apply(struct valve_rule *rule, const struct valve_look *look)
{
	note_drops(rule, look);
	if (rule->reliable) {
		if (!look->too_many_wait &&
		    !(rule->dropping && look->now - rule->since > VALVE_PATIENCE))
			return VALVE_KEEP;
		rule->reliable = false;
		return VALVE_GIVE_UP;
	}
	if (!look->read || look->too_many_wait || look->now - rule->dropped < VALVE_RECOVERY)
		return VALVE_KEEP;
	rule->reliable = true;
	return VALVE_TAKE_BACK;
}

/* ---- the guard ---- */

struct guard {
	struct ct_feed *feed;
	struct shared *shared;
	struct ct_query *query;
	uint64_t undelivered_max;
	struct valve_rule rule;
};

/* Counting costs a dump, so only while something may wait. */
static bool too_many_wait(struct guard *guard, const struct ct_gauge *gauge)
{
	uint64_t waiting = 0;

	if (guard->rule.reliable ? gauge->drops == guard->rule.drops && !guard->rule.dropping
				 : gauge->queued * 2 > gauge->granted)
		return false;
	return ct_query_count_dying(guard->query, guard->undelivered_max + 1, &waiting) == 0 &&
	       waiting > guard->undelivered_max;
}

static void act(struct guard *guard, enum valve_action action)
{
	if (action == VALVE_GIVE_UP) {
		atomic_fetch_add(&guard->shared->given_up, 1);
		atomic_store(&guard->shared->reliable, false);
		ct_feed_set_reliable(guard->feed, false);
	} else if (action == VALVE_TAKE_BACK && ct_feed_set_reliable(guard->feed, true) == 0) {
		atomic_store(&guard->shared->reliable, true);
	}
}

static void guard_look(struct guard *guard)
{
	struct valve_look look = {.now = clock_monotonic()};
	struct ct_gauge gauge;

	if (ct_feed_gauge(guard->feed, &gauge) < 0)
		_exit(EXIT_FAILURE);
	look.drops = gauge.drops;
	look.read = gauge.queued * 2 <= gauge.granted;
	look.too_many_wait = too_many_wait(guard, &gauge);
	act(guard, valve_rule_apply(&guard->rule, &look));
}

/* Nothing but the event socket may outlive netpold here, not even for a moment. */
static void keep_only(int fd)
{
	if (fd > STDERR_FILENO + 1)
		close_range(STDERR_FILENO + 1, (unsigned)fd - 1, 0);
	close_range((unsigned)fd + 1, ~0u, 0);
}

static void guard_run(struct guard *guard, pid_t netpold)
{
	struct ct_gauge gauge;
	sigset_t signals;

	keep_only(ct_feed_fd(guard->feed));
	prctl(PR_SET_NAME, "netpold-valve");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigfillset(&signals);
	sigprocmask(SIG_SETMASK, &signals, NULL);
	if (getppid() != netpold || ct_query_open(&guard->query) < 0 ||
	    ct_feed_gauge(guard->feed, &gauge) < 0)
		_exit(EXIT_FAILURE);
	guard->rule = valve_rule_begin(true, gauge.drops);
	for (;;) {
		guard_look(guard);
		poll(NULL, 0, LOOK_INTERVAL_MSEC);
	}
}

/* ---- the collector's side ---- */

static int start_guard(struct valve *valve, uint64_t undelivered_max)
{
	struct guard guard = {
	    .feed = valve->feed, .shared = valve->shared, .undelivered_max = undelivered_max};
	pid_t netpold = getpid();

	valve->guard = fork();
	if (valve->guard < 0)
		return -errno;
	if (valve->guard == 0)
		guard_run(&guard, netpold);
	return 0;
}

int valve_open(struct ct_feed *feed, uint64_t undelivered_max, struct valve **ret)
{
	struct valve *valve = calloc(1, sizeof(*valve));
	int r;

	if (!valve)
		return -ENOMEM;
	valve->feed = feed;
	valve->guard = -1;
	valve->shared = mmap(NULL, sizeof(*valve->shared), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (valve->shared == MAP_FAILED) {
		free(valve);
		return -ENOMEM;
	}
	valve->reliable = true;
	atomic_init(&valve->shared->given_up, 0);
	atomic_init(&valve->shared->reliable, true);
	r = ct_feed_set_reliable(feed, true);
	if (r == 0)
		r = start_guard(valve, undelivered_max);
	if (r < 0) {
		valve_close(valve);
		return r;
	}
	*ret = valve;
	return 0;
}

static void end_guard(struct valve *valve)
{
	if (valve->guard > 0) {
		kill(valve->guard, SIGKILL);
		while (waitpid(valve->guard, NULL, 0) < 0 && errno == EINTR)
			;
	}
	valve->guard = -1;
	ct_feed_set_reliable(valve->feed, false);
}

struct valve *valve_close(struct valve *valve)
{
	if (!valve)
		return NULL;
	end_guard(valve);
	munmap(valve->shared, sizeof(*valve->shared));
	free(valve);
	return NULL;
}

bool valve_held(struct valve *valve, bool *ret_dead)
{
	bool held = valve->reliable && valve->guard > 0;
	uint32_t given_up = atomic_load(&valve->shared->given_up);

	*ret_dead = valve->guard > 0 && waitpid(valve->guard, NULL, WNOHANG) == valve->guard;
	if (*ret_dead) {
		valve->guard = -1;
		end_guard(valve);
		return false;
	}
	held = held && given_up == valve->given_up;
	valve->given_up = given_up;
	valve->reliable = valve->guard > 0 && atomic_load(&valve->shared->reliable);
	return held;
}
