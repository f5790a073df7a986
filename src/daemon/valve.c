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

/* At 100,000 events a second 2,000 are undelivered after one interval. */
#define LOOK_INTERVAL_MSEC 20

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

struct valve_rule valve_rule_begin(bool reliable, uint32_t undelivered_max, uint32_t drops)
{
	return (struct valve_rule){.reliable = reliable,
				   .undelivered_max = undelivered_max,
				   .drops = drops,
				   .drained = drops};
}

static void note(struct valve_rule *rule, const struct valve_look *look)
{
	bool advanced = look->drops != rule->drops;

	if (advanced && !rule->dropping)
		rule->since = look->now;
	if (advanced)
		rule->dropped = look->now;
	rule->dropping = rule->dropped && look->now - rule->dropped <= VALVE_LULL;
	rule->drops = look->drops;
}

static bool is_too_much(const struct valve_rule *rule, const struct valve_look *look)
{
	return look->drops - rule->drained > rule->undelivered_max ||
	       (rule->dropping && rule->dropped - rule->since > VALVE_PATIENCE);
}

static bool is_over(const struct valve_rule *rule, const struct valve_look *look)
{
	return look->drained && look->now - rule->dropped >= VALVE_RECOVERY;
}

enum valve_action valve_rule_apply(struct valve_rule *rule, const struct valve_look *look)
{
	enum valve_action action = VALVE_KEEP;

	note(rule, look);
	if (rule->reliable && is_too_much(rule, look))
		action = VALVE_GIVE_UP;
	else if (!rule->reliable && is_over(rule, look))
		action = VALVE_TAKE_BACK;
	if (look->drained)
		rule->drained = look->drops;
	if (action != VALVE_KEEP)
		rule->reliable = action == VALVE_TAKE_BACK;
	return action;
}

/* ---- the guard ---- */

struct guard {
	struct ct_feed *feed;
	struct shared *shared;
	struct valve_rule rule;
};

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
	look.drained = gauge.queued < gauge.granted / 2;
	act(guard, valve_rule_apply(&guard->rule, &look));
}

/* Before Linux 5.9. */
static void close_each(int kept)
{
	long most = sysconf(_SC_OPEN_MAX);

	for (int fd = STDERR_FILENO + 1; fd < most; fd++)
		if (fd != kept)
			close(fd);
}

/* Nothing but the event socket may outlive netpold here, not even for a moment. */
static void keep_only(int fd)
{
	if ((fd > STDERR_FILENO + 1 && close_range(STDERR_FILENO + 1, (unsigned)fd - 1, 0) < 0) ||
	    close_range((unsigned)fd + 1, ~0u, 0) < 0)
		close_each(fd);
}

static void guard_run(struct guard *guard, pid_t netpold)
{
	sigset_t signals;

	keep_only(ct_feed_fd(guard->feed));
	prctl(PR_SET_NAME, "netpold-valve");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigfillset(&signals);
	sigprocmask(SIG_SETMASK, &signals, NULL);
	if (getppid() != netpold)
		_exit(EXIT_FAILURE);
	for (;;) {
		guard_look(guard);
		poll(NULL, 0, LOOK_INTERVAL_MSEC);
	}
}

/* ---- the collector's side ---- */

static int start_guard(struct valve *valve, uint32_t undelivered_max)
{
	struct guard guard = {.feed = valve->feed, .shared = valve->shared};
	pid_t netpold = getpid();
	struct ct_gauge gauge;
	int r = ct_feed_gauge(valve->feed, &gauge);

	if (r < 0)
		return r;
	guard.rule = valve_rule_begin(true, undelivered_max, gauge.drops);
	valve->guard = fork();
	if (valve->guard < 0)
		return -errno;
	if (valve->guard == 0)
		guard_run(&guard, netpold);
	return 0;
}

int valve_open(struct ct_feed *feed, uint32_t undelivered_max, struct valve **ret)
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

	*ret_dead = valve->guard > 0 && waitpid(valve->guard, NULL, WNOHANG) != 0;
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
