#include "daemon/valve.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "kernel/nlsock.h"

/* Since Linux 6.3; headers may be older. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

/* At 100,000 events a second 2,000 are undelivered after one interval. */
#define LOOK_INTERVAL_MSEC 20

/* In memory that both processes have. */
struct shared {
	_Atomic uint32_t given_up; /* how often; raised before it is done */
	_Atomic bool reliable;     /* set after it is done */
	_Atomic bool ran;
};

struct valve {
	struct ct_feed *feed;
	struct shared *shared;
	int memory; /* what shared is a mapping of */
	pid_t guard;
	uint32_t given_up; /* at the last call of valve_held() */
	bool reliable;     /* then; at first as the guard is to make it */
};

int64_t valve_pause_after(int64_t pause)
{
	if (pause < VALVE_PAUSE_MIN)
		return VALVE_PAUSE_MIN;
	return pause < VALVE_PAUSE_MAX / 2 ? 2 * pause : VALVE_PAUSE_MAX;
}

struct valve_rule valve_rule_begin(uint32_t undelivered_max, uint32_t drops)
{
	return (struct valve_rule){
	    .undelivered_max = undelivered_max, .drops = drops, .drained = drops};
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
	if (look->reliable && is_too_much(rule, look))
		action = VALVE_GIVE_UP;
	else if (!look->reliable && is_over(rule, look))
		action = VALVE_TAKE_BACK;
	if (look->drained)
		rule->drained = look->drops;
	return action;
}

/* ---- the guard ---- */

struct guard {
	struct nlsock *events;
	size_t granted;
	struct shared *shared;
	struct valve_rule rule;
};

static void act(struct guard *guard, enum valve_action action)
{
	if (action == VALVE_GIVE_UP) {
		atomic_fetch_add(&guard->shared->given_up, 1);
		atomic_store(&guard->shared->reliable, false);
		if (nlsock_set_reliable(guard->events, false) < 0)
			atomic_store(&guard->shared->reliable, true);
	} else if (action == VALVE_TAKE_BACK && nlsock_set_reliable(guard->events, true) == 0) {
		atomic_store(&guard->shared->reliable, true);
	}
}

/* What was dropped since netpold looked is as lost as if it had been given up. */
static void take_first(struct guard *guard)
{
	uint32_t drops;
	bool taken = nlsock_set_reliable(guard->events, true) == 0;

	if (!taken || nlsock_drops(guard->events, &drops) < 0 || drops != guard->rule.drops)
		atomic_fetch_add(&guard->shared->given_up, 1);
	atomic_store(&guard->shared->reliable, taken);
	atomic_store(&guard->shared->ran, true);
}

static int guard_look(struct guard *guard)
{
	struct valve_look look = {.now = clock_monotonic(),
				  .reliable = atomic_load(&guard->shared->reliable)};
	uint32_t queued;
	int r = nlsock_drops(guard->events, &look.drops);

	if (r == 0)
		r = nlsock_queued(guard->events, &queued);
	if (r < 0)
		return r;
	look.drained = queued < guard->granted / 2;
	act(guard, valve_rule_apply(&guard->rule, &look));
	return 0;
}

/* What netpold says to it, in decimal. */
enum { SAID_SOCKET = 1, SAID_MEMORY, SAID_NETPOLD, SAID_UNDELIVERED_MAX, SAID_DROPS, SAID };

static struct shared *map_shared(int memory)
{
	void *shared =
	    mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);

	return shared == MAP_FAILED ? NULL : shared;
}

static int guard_begin(struct guard *guard, char **said)
{
	int r = nlsock_adopt(atoi(said[SAID_SOCKET]), &guard->events);

	if (r == 0)
		r = nlsock_buffer(guard->events, &guard->granted);
	if (r < 0)
		return r;
	guard->shared = map_shared(atoi(said[SAID_MEMORY]));
	guard->rule = valve_rule_begin((uint32_t)strtoul(said[SAID_UNDELIVERED_MAX], NULL, 10),
				       (uint32_t)strtoul(said[SAID_DROPS], NULL, 10));
	return guard->shared ? 0 : -ENOMEM;
}

static void close_between(int before, int after)
{
	if (after - before > 1)
		close_range((unsigned)before + 1, (unsigned)after - 1, 0);
}

/* What netpold itself was given. Its own is closed where a program begins; before Linux 5.9 that is
 * all. */
static void keep_only(int a, int b)
{
	int low = a < b ? a : b, high = a < b ? b : a;

	close_between(STDERR_FILENO, low);
	close_between(low, high);
	close_between(high, INT_MAX);
}

int valve_main(int argc, char **argv)
{
	struct guard guard = {0};
	sigset_t signals;

	if (argc != SAID)
		return EXIT_FAILURE;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigfillset(&signals);
	sigprocmask(SIG_SETMASK, &signals, NULL);
	keep_only(atoi(argv[SAID_SOCKET]), atoi(argv[SAID_MEMORY]));
	if (getppid() != atoi(argv[SAID_NETPOLD]) || guard_begin(&guard, argv) < 0)
		return EXIT_FAILURE;
	take_first(&guard);
	prctl(PR_SET_NAME, VALVE_PROGRAM);
	while (guard_look(&guard) == 0)
		poll(NULL, 0, LOOK_INTERVAL_MSEC);
	return EXIT_FAILURE;
}

/* ---- the collector's side ---- */

/* The two stay open in it; all else that netpold has is closed as it begins. */
static int spawn(const struct valve *valve, char **said, pid_t *ret)
{
	posix_spawn_file_actions_t actions;
	int fd = ct_feed_fd(valve->feed), r = posix_spawn_file_actions_init(&actions);

	if (r)
		return -r;
	r = posix_spawn_file_actions_adddup2(&actions, fd, fd);
	if (!r)
		r = posix_spawn_file_actions_adddup2(&actions, valve->memory, valve->memory);
	if (!r)
		r = posix_spawn(ret, "/proc/self/exe", &actions, NULL, said, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

static int start_guard(struct valve *valve, uint32_t undelivered_max)
{
	char name[] = VALVE_PROGRAM, socket[16], memory[16], netpold[16], most[16], drops[16];
	char *said[SAID + 1] = {name, socket, memory, netpold, most, drops, NULL};
	struct ct_gauge gauge;
	int r = ct_feed_gauge(valve->feed, &gauge);

	if (r < 0)
		return r;
	snprintf(socket, sizeof(socket), "%d", ct_feed_fd(valve->feed));
	snprintf(memory, sizeof(memory), "%d", valve->memory);
	snprintf(netpold, sizeof(netpold), "%ld", (long)getpid());
	snprintf(most, sizeof(most), "%" PRIu32, undelivered_max);
	snprintf(drops, sizeof(drops), "%" PRIu32, gauge.drops);
	return spawn(valve, said, &valve->guard);
}

/* Where vm.memfd_noexec is 2, Linux before 6.6 refuses who does not ask for the seal; what is older
 * than the seal refuses who does. */
static int make_memory(void)
{
	int fd = memfd_create(VALVE_PROGRAM, MFD_CLOEXEC | MFD_NOEXEC_SEAL);

	return fd < 0 && errno == EINVAL ? memfd_create(VALVE_PROGRAM, MFD_CLOEXEC) : fd;
}

static int share(struct valve *valve)
{
	valve->memory = make_memory();
	if (valve->memory < 0 || ftruncate(valve->memory, sizeof(*valve->shared)) < 0)
		return -errno;
	valve->shared = map_shared(valve->memory);
	if (!valve->shared)
		return -ENOMEM;
	atomic_init(&valve->shared->given_up, 0);
	atomic_init(&valve->shared->reliable, false);
	atomic_init(&valve->shared->ran, false);
	return 0;
}

int valve_open(struct ct_feed *feed, uint32_t undelivered_max, struct valve **ret)
{
	struct valve *valve = calloc(1, sizeof(*valve));
	int r;

	if (!valve)
		return -ENOMEM;
	*valve = (struct valve){.feed = feed, .memory = -1, .guard = -1, .reliable = true};
	r = share(valve);
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
	if (valve->shared)
		munmap(valve->shared, sizeof(*valve->shared));
	if (valve->memory >= 0)
		close(valve->memory);
	free(valve);
	return NULL;
}

bool valve_ran(const struct valve *valve)
{
	return atomic_load(&valve->shared->ran);
}

bool valve_is_dead(struct valve *valve)
{
	if (valve->guard > 0 && waitpid(valve->guard, NULL, WNOHANG) != 0) {
		valve->guard = -1;
		end_guard(valve);
	}
	return valve->guard < 0;
}

bool valve_held(struct valve *valve)
{
	bool held = valve->reliable;
	uint32_t given_up;

	if (!valve_ran(valve))
		return false;
	given_up = atomic_load(&valve->shared->given_up);
	held = held && given_up == valve->given_up;
	valve->given_up = given_up;
	valve->reliable = atomic_load(&valve->shared->reliable);
	return held;
}
