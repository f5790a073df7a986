#include "daemon/announce.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

static const char *rules_problem(int error)
{
	switch (error) {
	case -EBUSY:
		return "another process owns a table of that name";
	case -EEXIST:
		return "there is a table of that name already; delete it, or set manage_rules = no "
		       "if it is meant to stay";
	default:
		return strerror(-error);
	}
}

static const char *log_problem(int error)
{
	return error == -EBUSY ? "another process has it" : strerror(-error);
}

const char *announce_valve_problem(int error)
{
	return error == -ECHILD ? "the process of the valve ends before it begins"
				: strerror(-error);
}

static void announce_rules(const struct config *config, const struct taps_figures *taps)
{
	if (!config->nftables.manage_rules)
		return;
	if (taps->rules_error)
		log_line(LOG_WARN, "nftables",
			 "rules cannot be installed: %s; denied connections stay unseen%s",
			 rules_problem(taps->rules_error),
			 taps->tracked_before ? "" : ", and nothing may be tracked");
	else if (!taps->rules_owned)
		log_line(LOG_NOTE, "nftables",
			 "this kernel has no owned tables: after kill -9 the table stays until the "
			 "next start");
}

static void announce_sysctls(const struct sysctls *sysctls)
{
	for (size_t i = 0; i < SYSCTL_COUNT; i++)
		if (sysctls->items[i].error)
			log_line(LOG_WARN, "sysctl", "%s cannot be set to %ld: %s",
				 sysctls->items[i].name, sysctls->items[i].wanted,
				 strerror(-sysctls->items[i].error));
}

void announce_start(const struct config *config, const struct sysctls *sysctls,
		    const struct taps_figures *taps)
{
	log_line(LOG_INFO, "conntrack", "receive buffer %zu bytes (asked for %" PRId64 ")",
		 taps->events_granted, config->conntrack.buffer_size);
	if (taps->events_granted / 2 < (size_t)config->conntrack.buffer_size)
		log_line(LOG_WARN, "conntrack",
			 "the kernel cut the receive buffer: raise net.core.rmem_max");
	if (!taps->tracked_before)
		log_line(LOG_NOTE, "conntrack",
			 "nothing was tracked in this network namespace before netpold started");
	if (taps->log_error)
		log_line(LOG_WARN, "log",
			 "group %" PRId64 " cannot be bound: %s; denied connections stay unseen",
			 config->log_new.group, log_problem(taps->log_error));
	announce_rules(config, taps);
	announce_sysctls(sysctls);
	log_line(LOG_INFO, "store", "%s, node %s", config->store.path, config->node.name);
}

static const char *rules_text(const struct config *config, const struct taps_figures *taps)
{
	if (!config->nftables.manage_rules)
		return "left to the administrator";
	if (taps->rules_error)
		return rules_problem(taps->rules_error);
	return taps->rules_owned ? "installed, owned" : "installed, not owned";
}

static int add_excluded(const struct config *config, struct batch *batch)
{
	int r = batch_add_fact(batch, "excluded.loopback", "connections from 127.0.0.0/8 and ::1");

	for (size_t i = 0; r == 0 && i < CONFIG_EXCLUDES_MAX; i++) {
		char name[64], value[128] = "", prefix[PREFIX_TEXT_MAX];
		bool there = i < config->conntrack.exclude_count;

		snprintf(name, sizeof(name), "excluded.conntrack.%zu", i + 1);
		if (there)
			snprintf(value, sizeof(value), "connections from or to %s",
				 prefix_format(config->conntrack.excludes[i], prefix));
		/* What an earlier run left out may be wanted now. */
		r = batch_add_fact(batch, name, there ? value : NULL);
	}
	return r;
}

static int add_limit(struct batch *batch, const char *name, int64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64, value);
	return batch_add_fact(batch, name, text);
}

static int add_limits(const struct config *config, struct batch *batch)
{
	int r = add_limit(batch, "limit.max_size", config->store.max_size);

	if (r == 0)
		r = add_limit(batch, "limit.max_edges", config->store.max_edges);
	if (r == 0)
		r = add_limit(batch, "limit.wal", config->store.wal_limit);
	return r;
}

int announce_facts(const struct config *config, const struct sysctls *sysctls,
		   const struct taps_figures *taps, struct batch *batch)
{
	char group[128], buffer[64];
	const struct {
		const char *name, *value;
	} facts[] = {
	    {"collector.tracking",
	     taps->tracked_before ? "was on" : "nothing was tracked before netpold's rules"},
	    {"collector.rules", rules_text(config, taps)},
	    {"collector.log-group", group},
	    {"collector.event-buffer", buffer},
	    {"collector.delivery", taps->valve_error ? announce_valve_problem(taps->valve_error)
						     : "reliable, within bounds"},
	};
	int r = sysctls_describe(sysctls, batch);

	snprintf(group, sizeof(group), "%" PRId64 "%s%s", config->log_new.group,
		 taps->log_error ? ": " : "", taps->log_error ? log_problem(taps->log_error) : "");
	snprintf(buffer, sizeof(buffer), "%zu bytes", taps->events_granted);
	if (r == 0)
		r = add_excluded(config, batch);
	if (r == 0)
		r = add_limits(config, batch);
	for (size_t i = 0; r == 0 && i < sizeof(facts) / sizeof(facts[0]); i++)
		r = batch_add_fact(batch, facts[i].name, facts[i].value);
	return r;
}
