/*
 * The state of one endpoint of Cilium (<state directory>/ID/ep_config.json, in older releases
 * ep_config.h alone) decoded. Pure.
 *
 * Format: the structure serializableEndpoint of github.com/cilium/cilium, pkg/endpoint, which calls
 * it a stable API: JSON, and in the header a comment line CILIUM_BASE64_VERSION:JSON with the JSON
 * in base64.
 */
#ifndef NETPOL_SOURCES_CILIUM_ENDPOINT_H
#define NETPOL_SOURCES_CILIUM_ENDPOINT_H

#include "sources/finding.h"

#define CILIUM_ENDPOINT_JSON "ep_config.json"
#define CILIUM_ENDPOINT_HEADER "ep_config.h"

/*
 * One finding; none for an endpoint that is no pod (the host, the health endpoint). Labels are told
 * once Cilium has the pod's own: those that it keeps as the pod's, whatever it uses them for, less
 * those that it derives from the namespace and the cluster.
 */
extern const struct format cilium_endpoint_format;

#endif
