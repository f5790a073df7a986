/*
 * A container runtime to test against: answers gRPC calls over a unix socket as it is told to,
 * well or badly, in a process of its own, one connection at a time.
 */
#ifndef NETPOL_TESTS_CRI_SERVER_H
#define NETPOL_TESTS_CRI_SERVER_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CRI_SERVER_BYTES ((size_t)8 << 20)

enum cri_server_manner {
	SERVE_WELL,
	SERVE_TRAILERS_ONLY,    /* a gRPC status and nothing else */
	SERVE_WITHOUT_TRAILERS, /* the body, and no gRPC status */
	SERVE_WEB_PAGE,         /* HTTP, but not gRPC */
	SERVE_MANY_HEADERS,     /* more than anyone needs */
	SERVE_RESET,            /* of the stream */
	SERVE_GOAWAY,
	SERVE_HALF,     /* of the body, then closes the connection */
	SERVE_SLOWLY,   /* byte by byte */
	RAW_NOTHING,    /* takes everything, says nothing */
	RAW_CLOSE,      /* at once */
	RAW_BYTES,      /* that are no HTTP/2: those of the body for all sandboxes */
	RAW_BYTES_AGAIN /* and again, without an end */
};

enum cri_server_question { ASKED_ALL, ASKED_ONE, ASKED_STATUS, CRI_SERVER_QUESTIONS };

/* Shared with the process that serves. */
struct cri_server_order {
	_Atomic int manner;
	_Atomic int status; /* gRPC's */
	_Atomic unsigned connections;
	_Atomic unsigned ended; /* of these */
	_Atomic unsigned asked[CRI_SERVER_QUESTIONS];
	struct {
		size_t length; /* more than there are bytes: zeros follow */
		size_t stored;
		uint8_t bytes[CRI_SERVER_BYTES];
	} bodies[CRI_SERVER_QUESTIONS];
	size_t request_length;
	uint8_t request[4096]; /* the body of the last one */
};

struct cri_server {
	pid_t process;
	struct cri_server_order *order;
};

/* Listens at path and answers. */
void cri_server_start(struct cri_server *server, const char *path);
/* What is answered from now on; length 0: as long as the bytes. */
void cri_server_set(struct cri_server *server, enum cri_server_question question, const void *bytes,
		    size_t stored, size_t length);
/* Kills it; what it was told is kept for the next start. */
void cri_server_kill(struct cri_server *server);
void cri_server_free(struct cri_server *server);

#endif
