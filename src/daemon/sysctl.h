/*
 * The three kernel settings that decide what conntrack can tell (nf_conntrack-sysctl.rst): acct for
 * counters, timestamp for start and end, events = 1 for the end of connections older than their
 * listener.
 *
 * What was there before is written to the store before it is changed, so that the last run's final
 * stop can put it back even if the run that changed it was killed. A record of another boot or
 * network namespace is void.
 */
#ifndef NETPOL_DAEMON_SYSCTL_H
#define NETPOL_DAEMON_SYSCTL_H

#include <stdbool.h>
#include <stddef.h>

#include "flow/flow.h"
#include "flow/idle.h"

#define SYSCTL_COUNT 3u
#define SYSCTL_DIRECTORY "/proc/sys/net/netfilter"

struct sysctl {
	const char *name;
	long wanted;
	long before; /* value to restore; valid if ours */
	bool ours;   /* netpold changed it, now or in an earlier run of this boot and namespace */
	int error;   /* negative errno: could not be read or set */
};

struct sysctls {
	const char *directory;
	char scope[128]; /* boot and network namespace */
	struct sysctl items[SYSCTL_COUNT];
};

/* One value below directory. -ENOENT, …; -EIO: nothing to read. */
int sysctl_read(const char *directory, const char *name, long *ret);

/* How long the kernel keeps entries without packets; the defaults where it does not say. */
struct idle_times sysctls_read_idle(const char *directory);

/* Reads what is there and what earlier facts tell. directory is borrowed. */
void sysctls_prepare(struct sysctls *sysctls, const char *directory, const struct fact *facts,
		     size_t fact_count);
/* Adds the facts that must be committed before sysctls_apply(): "restore.NAME". -ENOMEM. */
int sysctls_record(const struct sysctls *sysctls, struct batch *batch);
/* Sets what differs; failures are in error. */
void sysctls_apply(struct sysctls *sysctls);
/*
 * Did somebody change this setting (an index of items) after it was set here? *ret_value is what it
 * is now. sysctls_apply() sets it again.
 */
bool sysctls_is_changed(const struct sysctls *sysctls, size_t index, long *ret_value);
/*
 * Adds "sysctl.NAME" facts: the value in force and, if it is not the wanted one, why; ends the
 * records of what is not ours after all. -ENOMEM.
 */
int sysctls_describe(const struct sysctls *sysctls, struct batch *batch);
/* Puts back what is ours and adds the facts that end the records. */
int sysctls_restore(struct sysctls *sysctls, struct batch *batch);

#endif
