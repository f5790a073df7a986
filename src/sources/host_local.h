/*
 * One file of the IPAM plugin host-local (<dataDir>/NETWORK/ADDRESS) decoded. Pure.
 *
 * Its name is the address (IPv6 with colons), its content the container id of the sandbox, and in
 * versions since 0.8 CR LF and the interface in the sandbox. The plugin makes it when it allocates
 * the address and removes it when it frees it.
 */
#ifndef NETPOL_SOURCES_HOST_LOCAL_H
#define NETPOL_SOURCES_HOST_LOCAL_H

#include "sources/finding.h"

/* One finding, with one exact address. The plugin's lock and its marks are not relevant. */
extern const struct format host_local_format;

#endif
