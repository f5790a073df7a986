/* The node's own addresses, those of its interfaces in this network namespace. */
#ifndef NETPOL_SOURCES_HOST_ADDR_H
#define NETPOL_SOURCES_HOST_ADDR_H

#include <stddef.h>

#include "base/addr.h"

/*
 * All but loopback and link-local addresses, sorted, each once. The caller frees *ret. -errno of
 * getifaddrs(3), -ENOMEM.
 */
int host_addr_list(struct addr **ret, size_t *ret_count);

#endif
