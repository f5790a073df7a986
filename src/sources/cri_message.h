/*
 * What the container runtime interface (runtime.v1, cri.proto) is asked and answers, as bodies of
 * gRPC calls: one message behind a byte for its compression and four for its length (gRPC over
 * HTTP/2, "Length-Prefixed-Message"). Pure. Fuzzed.
 */
#ifndef NETPOL_SOURCES_CRI_MESSAGE_H
#define NETPOL_SOURCES_CRI_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "identity/labels.h"

#define CRI_FRAME_HEAD 5
/* An answer beyond one of these is refused as a whole. */
#define CRI_SANDBOXES_MAX ((size_t)16384)
#define CRI_DECODED_MAX ((size_t)64 << 20) /* bytes of memory */
/* A sandbox beyond one of these tells less: see struct cri_sandbox. */
#define CRI_LABELS_MAX ((size_t)4096)
#define CRI_TEXT_MAX ((size_t)1024) /* bytes of any string */

/*
 * Strings are never NULL, and "" where the runtime does not say. Of a sandbox that is listed
 * twice, nothing but the id is told.
 */
struct cri_sandbox {
	const char *id; /* never "" */
	const char *namespace;
	const char *name;
	const char *uid;
	bool labelled; /* false: too many, one of them unusable, or a key twice */
	struct labels labels;
	bool ready;
	bool host_network; /* told by a status alone */
	int64_t created;   /* ns since the epoch; 0: unknown */
};

/* Start from {0}; release with cri_answer_clear(). */
struct cri_answer {
	struct cri_sandbox *items; /* by id, each once */
	size_t count;
	size_t spoilt; /* sandboxes that were left out or tell less, for what is wrong with them */
	struct label *labels; /* of all sandboxes */
	void *message;        /* whose strings these are */
};

/* The bodies of requests. id NULL: all sandboxes. Out of memory: buf->error. */
void cri_put_list(struct buf *buf, const char *id);
void cri_put_status(struct buf *buf, const char *id);

/*
 * The body of an answer to ListPodSandbox, of one to PodSandboxStatus (one sandbox). 0, -ENOMEM, or
 * an error for cri_message_error(), with *ret as it was.
 */
int cri_decode_list(const void *body, size_t length, struct cri_answer *ret);
int cri_decode_status(const void *body, size_t length, struct cri_answer *ret);
/* What a negative return says about the answer: static text. */
const char *cri_message_error(int error);
/* Frees and zeroes. */
void cri_answer_clear(struct cri_answer *answer);

#endif
