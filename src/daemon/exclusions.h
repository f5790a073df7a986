/* Connections that nobody wants to hear of: the configured prefixes, and loopback. */
#ifndef NETPOL_DAEMON_EXCLUSIONS_H
#define NETPOL_DAEMON_EXCLUSIONS_H

#include "daemon/config.h"

#define EXCLUSIONS_MAX (CONFIG_EXCLUDES_MAX + 2)

struct exclusions {
	struct prefix items[EXCLUSIONS_MAX];
	size_t count;
};

struct exclusions exclusions_of(const struct config *config);
/* As ct_excluded(). */
bool exclusions_hold(const struct exclusions *exclusions, struct addr client, struct addr server);

#endif
