/* The look itself: files and netlink of this network namespace, read-only. */
#ifndef NETPOL_SOURCES_DATAPLANE_LOOK_H
#define NETPOL_SOURCES_DATAPLANE_LOOK_H

#include "sources/dataplane.h"

/*
 * Fills in all but log_error, zones, zone and pods. May wait, for a lock of the kernel's or a disk:
 * for a thread that has the time. Needs CAP_NET_ADMIN for nftables and tcx alone, and for tcx
 * bpf(2); what cannot be read, or not in time, is said in the observations.
 */
void dataplane_look(struct dataplane_observations *ret);

/* When a directory of CNI configuration changed last: any other value means that one did. Cheap. */
uint64_t dataplane_cni_stamp(void);

#endif
