/*
 * One gRPC call with one message each way (gRPC over HTTP/2, RFC 9113 with prior knowledge) over a
 * connection of its own to a unix socket: whatever the other side does to it ends with the call.
 *
 * Never blocks. What is received is bounded in bytes, headers and control frames; the caller bounds
 * the time.
 */
#ifndef NETPOL_SOURCES_CRI_CALL_H
#define NETPOL_SOURCES_CRI_CALL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define CRI_CALL_GOES_ON 1

struct cri_call;

/*
 * Connects. socket: path. method: "/package.Service/Method". body: of the request, copied.
 * limit: bytes of the answer's body. -ENAMETOOLONG, -ENOMEM, or what socket(2) and connect(2) say.
 */
int cri_call_open(const char *socket, const char *method, const struct buf *body, size_t limit,
		  struct cri_call **ret);
struct cri_call *cri_call_close(struct cri_call *call); /* NULL is allowed; returns NULL */
/* Poll it for reading and, if it says so, for writing. */
int cri_call_fd(const struct cri_call *call);
bool cri_call_wants_write(const struct cri_call *call);
/*
 * Goes on for a bounded time. CRI_CALL_GOES_ON; 0: answered; or an error: -EREMOTEIO: with a gRPC
 * status; -EFBIG: too large; -EPROTO: not gRPC over HTTP/2; -ECONNRESET: cut off; -ENOMEM; what
 * recv(2) and send(2) say.
 */
int cri_call_go(struct cri_call *call);
/* Of a call that was answered. */
const struct buf *cri_call_body(const struct cri_call *call);
/* After -EREMOTEIO: the gRPC status and the text with it, "" if none, in printable ASCII. */
int cri_call_status(const struct cri_call *call);
const char *cri_call_text(const struct cri_call *call);

#endif
