/*
 * One file of libcni's result cache (<cacheDir>/results/NETWORK-SANDBOX-INTERFACE) decoded. Pure.
 *
 * Formats: libcni's cached object "cniCacheV1", which wraps a result, or the bare result that older
 * versions wrote; results as in the CNI specification 0.1, 0.2, 0.3 to 0.4, 1.0 and 1.1.
 */
#ifndef NETPOL_SOURCES_CNI_RESULT_H
#define NETPOL_SOURCES_CNI_RESULT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"

#define CNI_RESULT_BYTES_MAX ((size_t)1 << 20)

/* Nothing of a pod in it: the loopback network, or a network that gives no address. */
#define CNI_RESULT_SKIPPED 1

/* Strings are never NULL; "" is unknown. */
struct cni_result {
	char *sandbox;   /* container id of the sandbox; never "" */
	char *interface; /* within the pod */
	char *netns;     /* path of the network namespace */
	char *namespace; /* CNI arguments K8S_POD_NAMESPACE, _NAME, _UID */
	char *name;
	char *uid;
	struct addr *addresses; /* the pod's own, at least one, each once */
	size_t address_count;
};

/*
 * file_name, without directories, stands in where the content does not name sandbox and interface.
 * Returns 0, CNI_RESULT_SKIPPED, or an error for cni_result_error(); *ret is filled only for 0.
 * Release with cni_result_clear().
 */
int cni_result_decode(const char *bytes, size_t length, const char *file_name,
		      struct cni_result *ret);
/* What a negative return says about the file: static text, "not JSON" … */
const char *cni_result_error(int error);
/* Frees and zeroes. */
void cni_result_clear(struct cni_result *result);
/* Does the file name say that the content will be skipped as loopback? */
bool cni_result_is_loopback(const char *file_name);

#endif
