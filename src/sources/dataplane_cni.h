/*
 * Which CNI plugins make a pod's first network: a network configuration or list as the runtimes
 * read it (github.com/containernetworking/cni, SPEC.md, section 1).
 */
#ifndef NETPOL_SOURCES_DATAPLANE_CNI_H
#define NETPOL_SOURCES_DATAPLANE_CNI_H

#include <stddef.h>

#include "sources/dataplane.h"

/*
 * Sets cni, cni_type and cni_other, to nothing on failure. Multus counts as its first delegate
 * (github.com/k8snetworkplumbingwg/ multus-cni, docs/configuration.md), flannel as bridge or ptp
 * besides if it delegates so. -EAGAIN: nothing but a Multus that names its delegate elsewhere: look
 * at the next file. -EBADMSG: no such configuration.
 */
int dataplane_cni_decode(const char *text, size_t length, struct dataplane_observations *ret);

#endif
