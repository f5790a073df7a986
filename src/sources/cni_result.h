/*
 * One file of libcni's result cache (<cacheDir>/results/NETWORK-SANDBOX-INTERFACE) decoded. Pure.
 *
 * Formats: libcni's cached object "cniCacheV1", which wraps a result, or the bare result that older
 * versions wrote; results as in the CNI specification 0.1, 0.2, 0.3 to 0.4, 1.0 and 1.1.
 */
#ifndef NETPOL_SOURCES_CNI_RESULT_H
#define NETPOL_SOURCES_CNI_RESULT_H

#include "sources/finding.h"

#define CNI_RESULT_BYTES_MAX ((size_t)1 << 20)

/*
 * One finding, or none: the loopback network, or a network that gives no address. The file's name
 * stands in where the content does not name sandbox and interface. An address is marked secondary
 * if the result has others on the file's own interface, unless it is of 169.254.0.0/16: a way out
 * of the same network.
 */
extern const struct format cni_result_format;

#endif
