/*
 * Labels and names of this node's sandboxes from the container runtime: ListPodSandbox of the
 * Kubernetes CRI (runtime.v1) over its unix socket, gRPC by nghttp2 and protobuf-c. Of sandboxes
 * that nobody wanted PodSandboxStatus tells whether they share the node's network.
 *
 * Never blocks: the socket is non-blocking, answers are bounded in bytes and time, and what is
 * wrong with one is a problem and a later try that withdraws nothing. One question at a time, on a
 * connection of its own. GetContainerEvents is never asked for: in some runtimes a second listener
 * takes the kubelet's events away.
 *
 * One thread. Time comes in as a parameter: ns of any clock; where one is set back it goes on from
 * where it was.
 */
#ifndef NETPOL_SOURCES_CRI_H
#define NETPOL_SOURCES_CRI_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "identity/claim.h"

#define CRI_ANSWER_MAX ((size_t)16 << 20) /* bytes; the kubelet's limit, too */
#define CRI_ANSWER_NS (10 * NSEC_PER_SEC)
/* A socket that failed is asked again after the first of these, doubling up to the second, or to
 * the third where nobody listens: that costs next to nothing. */
#define CRI_RETRY_FIRST_NS NSEC_PER_SEC
#define CRI_RETRY_MOST_NS (300 * NSEC_PER_SEC)
#define CRI_RETRY_ABSENT_NS (4 * NSEC_PER_SEC)

struct cri;

/*
 * sockets: all that answer are asked, for a runtime of another use, with a socket of its own, may
 * stand beside the kubelet's. A wanted sandbox is first asked for where one was found last, then in
 * this order. They need not exist yet; copied. claim.place is the socket's path; two names of one
 * socket are one place.
 * -ENOMEM, or what epoll_create1(2) and timerfd_create(2) say.
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
 * is not in the answer, ever more seldom, and gives up on it after a minute (cri_table.h). Cheap to
 * call often; many calls become one question. Who has an address of its own is best named here
 * before the first cri_read(), and may be named here even with labels: nobody asks whether it
 * shares the node's network.
 */
void cri_want(struct cri *cri, const char *sandbox, int64_t now);
/* The socket where sandboxes are found, otherwise the first that answers; NULL while none does. */
const char *cri_socket(const struct cri *cri);

#endif
