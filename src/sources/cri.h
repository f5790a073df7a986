/*
 * Labels and names of this node's sandboxes from the container runtime: ListPodSandbox of the
 * Kubernetes CRI (runtime.v1) over its unix socket, gRPC by nghttp2 and protobuf-c.
 *
 * Never blocks: the socket is non-blocking, answers are bounded in bytes and time, and what is
 * wrong with one is a problem and a later try. GetContainerEvents is never asked for: in some
 * runtimes a second listener takes the kubelet's events away.
 *
 * One thread. Time comes in as a parameter (ns since the epoch, CLOCK_REALTIME).
 */
#ifndef NETPOL_SOURCES_CRI_H
#define NETPOL_SOURCES_CRI_H

#include <stddef.h>
#include <stdint.h>

#include "identity/claim.h"

#define CRI_ANSWER_MAX ((size_t)16 << 20)

struct cri;

/*
 * sockets: in the order of preference; the first that answers is used until it stops to. They need
 * not exist yet; copied. claim.place is the socket's path. -ENOMEM, or what epoll_create1(2) says.
 */
int cri_open(const char *const *sockets, size_t count, const struct claim_events *events,
	     struct cri **ret);
struct cri *cri_close(struct cri *cri); /* NULL is allowed; returns NULL */
/* Poll it for reading; it covers the socket and the module's own timers. */
int cri_fd(const struct cri *cri);
/* Goes on with whatever is due, without blocking. 0, or -ENOMEM. */
int cri_read(struct cri *cri, int64_t now);
/*
 * Something changed, and these are still without labels: asks soon, soon again while one of them
 * is not in the answer, ever more seldom, and gives up on it after a minute. Cheap to call often;
 * many calls become one question.
 */
void cri_want(struct cri *cri, const char *sandbox, int64_t now);
/* The socket that answered last, NULL if none did. */
const char *cri_socket(const struct cri *cri);

#endif
