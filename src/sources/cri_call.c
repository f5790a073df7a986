#include "sources/cri_call.h"

#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CHUNK ((size_t)64 << 10)
#define CHUNKS_MAX 8               /* at a time */
#define WINDOW (1 << 20)           /* bytes in flight */
#define HEADERS_MAX 128            /* trailers included */
#define OVERHEAD ((size_t)1 << 20) /* received bytes that are not the body */
#define TEXT_MAX 200
#define STATUS_NONE (-1)

struct cri_call {
	nghttp2_session *session;
	struct buf request;
	size_t sent; /* of the request */
	struct buf body;
	size_t limit;
	size_t received;
	unsigned headers;
	struct buf output; /* what the session wants to send */
	size_t output_sent;
	int fd;
	int http_status;
	int status; /* grpc-status */
	char text[TEXT_MAX];
	bool is_grpc;
	bool closed; /* the stream */
	int error;   /* first one */
};

static int fail(struct cri_call *call, int error)
{
	if (call->error == 0)
		call->error = error;
	return NGHTTP2_ERR_CALLBACK_FAILURE;
}

static bool is_named(nghttp2_rcbuf *name, const char *text)
{
	nghttp2_vec bytes = nghttp2_rcbuf_get_buf(name);

	return bytes.len == strlen(text) && memcmp(bytes.base, text, bytes.len) == 0;
}

/* A small number; -1 if it is none. */
static int get_number(nghttp2_vec bytes)
{
	int number = 0;

	if (bytes.len == 0 || bytes.len > 4)
		return -1;
	for (size_t i = 0; i < bytes.len; i++) {
		if (bytes.base[i] < '0' || bytes.base[i] > '9')
			return -1;
		number = number * 10 + (bytes.base[i] - '0');
	}
	return number;
}

static void copy_text(struct cri_call *call, nghttp2_vec bytes)
{
	size_t length = bytes.len < TEXT_MAX - 1 ? bytes.len : TEXT_MAX - 1;

	for (size_t i = 0; i < length; i++)
		call->text[i] =
		    bytes.base[i] >= ' ' && bytes.base[i] <= '~' ? (char)bytes.base[i] : '?';
	call->text[length] = '\0';
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name,
		     nghttp2_rcbuf *value, uint8_t flags, void *user)
{
	static const char type[] = "application/grpc";
	nghttp2_vec bytes = nghttp2_rcbuf_get_buf(value);
	struct cri_call *call = user;

	(void)session;
	(void)frame;
	(void)flags;
	if (++call->headers > HEADERS_MAX)
		return fail(call, -EPROTO);
	if (is_named(name, ":status"))
		call->http_status = get_number(bytes);
	else if (is_named(name, "content-type"))
		call->is_grpc =
		    bytes.len >= strlen(type) && memcmp(bytes.base, type, strlen(type)) == 0;
	else if (is_named(name, "grpc-status"))
		call->status = get_number(bytes);
	else if (is_named(name, "grpc-message"))
		copy_text(call, bytes);
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data,
		   size_t length, void *user)
{
	struct cri_call *call = user;

	(void)session;
	(void)flags;
	(void)stream;
	if (length > call->limit - call->body.length)
		return fail(call, -EFBIG);
	buf_put(&call->body, data, length);
	return call->body.error < 0 ? fail(call, call->body.error) : 0;
}

static int on_close(nghttp2_session *session, int32_t stream, uint32_t code, void *user)
{
	struct cri_call *call = user;

	(void)session;
	(void)stream;
	call->closed = true;
	if (code != NGHTTP2_NO_ERROR)
		fail(call, code == NGHTTP2_PROTOCOL_ERROR ? -EPROTO : -ECONNRESET);
	return 0;
}

static ssize_t give_request(nghttp2_session *session, int32_t stream, uint8_t *into, size_t size,
			    uint32_t *flags, nghttp2_data_source *source, void *user)
{
	struct cri_call *call = source->ptr;
	size_t length = call->request.length - call->sent;

	(void)session;
	(void)stream;
	(void)user;
	if (length > size)
		length = size;
	memcpy(into, call->request.data + call->sent, length);
	call->sent += length;
	if (call->sent == call->request.length)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)length;
}

static int make_session(struct cri_call *call)
{
	nghttp2_session_callbacks *callbacks;

	if (nghttp2_session_callbacks_new(&callbacks) != 0)
		return -ENOMEM;
	nghttp2_session_callbacks_set_on_header_callback2(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
	if (nghttp2_session_client_new(&call->session, callbacks, call) != 0)
		call->session = NULL;
	nghttp2_session_callbacks_del(callbacks);
	return call->session ? 0 : -ENOMEM;
}

#define FIELD(field, content)                                                                      \
	{                                                                                          \
		.name = (uint8_t *)(field), .value = (uint8_t *)(content),                         \
		.namelen = strlen(field), .valuelen = strlen(content)                              \
	}

static int submit(struct cri_call *call, const char *method)
{
	static const nghttp2_settings_entry settings[] = {
	    {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
	    {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW},
	};
	const nghttp2_nv fields[] = {
	    FIELD(":method", "POST"),
	    FIELD(":scheme", "http"),
	    FIELD(":path", method),
	    FIELD(":authority", "localhost"),
	    FIELD("content-type", "application/grpc"),
	    FIELD("te", "trailers"),
	    FIELD("user-agent", "netpold"),
	};
	nghttp2_data_provider provider = {.source.ptr = call, .read_callback = give_request};
	nghttp2_session *session = call->session;

	if (nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, 2) != 0 ||
	    nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, WINDOW) != 0 ||
	    nghttp2_submit_request(session, NULL, fields, sizeof(fields) / sizeof(fields[0]),
				   &provider, NULL) < 0)
		return -ENOMEM;
	return 0;
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, r = 0;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		r = -errno;
		close(fd);
	}
	return r < 0 ? r : fd;
}

int cri_call_open(const char *socket, const char *method, const struct buf *body, size_t limit,
		  struct cri_call **ret)
{
	struct cri_call *call = calloc(1, sizeof(*call));
	int r;

	if (!call)
		return -ENOMEM;
	call->limit = limit;
	call->status = STATUS_NONE;
	buf_put(&call->request, body->data, body->length);
	r = call->fd = connect_to(socket);
	if (r >= 0)
		r = call->request.error;
	if (r == 0)
		r = make_session(call);
	if (r == 0)
		r = submit(call, method);
	if (r == 0)
		*ret = call;
	else
		cri_call_close(call);
	return r;
}

struct cri_call *cri_call_close(struct cri_call *call)
{
	if (!call)
		return NULL;
	nghttp2_session_del(call->session);
	buf_clear(&call->output);
	buf_clear(&call->request);
	buf_clear(&call->body);
	if (call->fd >= 0)
		close(call->fd);
	free(call);
	return NULL;
}

int cri_call_fd(const struct cri_call *call)
{
	return call->fd;
}

bool cri_call_wants_write(const struct cri_call *call)
{
	return call->output.length > 0 || nghttp2_session_want_write(call->session);
}

static int get_session_error(ssize_t code)
{
	return code == NGHTTP2_ERR_NOMEM ? -ENOMEM : -EPROTO;
}

/* The session gives each frame by itself; one system call is enough for all of them. */
static int gather_output(struct cri_call *call)
{
	const uint8_t *frame;
	ssize_t length;

	while ((length = nghttp2_session_mem_send(call->session, &frame)) > 0)
		buf_put(&call->output, frame, (size_t)length);
	return length < 0 ? get_session_error(length) : call->output.error;
}

static int send_output(struct cri_call *call)
{
	int r = gather_output(call);

	while (r == 0 && call->output_sent < call->output.length) {
		ssize_t length = send(call->fd, call->output.data + call->output_sent,
				      call->output.length - call->output_sent, MSG_NOSIGNAL);

		/* What cannot be sent any more may well have been answered. */
		if (length < 0)
			return 0;
		call->output_sent += (size_t)length;
	}
	call->output.length = call->output_sent = 0;
	return r;
}

static int take_input(struct cri_call *call, const uint8_t *chunk, size_t length)
{
	ssize_t taken;

	call->received += length;
	if (call->received > call->limit + OVERHEAD)
		return -EFBIG;
	taken = nghttp2_session_mem_recv(call->session, chunk, length);
	if (taken < 0)
		fail(call, get_session_error(taken));
	return call->error;
}

/* CRI_CALL_GOES_ON: there may be more to receive. */
static int receive(struct cri_call *call)
{
	uint8_t chunk[CHUNK];
	ssize_t length = recv(call->fd, chunk, sizeof(chunk), 0);
	int r;

	if (length < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (length == 0)
		return -ECONNRESET;
	r = take_input(call, chunk, (size_t)length);
	return r < 0 ? r : CRI_CALL_GOES_ON;
}

/* Of a call whose stream ended as it should. */
static int get_outcome(const struct cri_call *call)
{
	if (call->http_status != 200 || !call->is_grpc || call->status < 0)
		return -EPROTO;
	return call->status == 0 ? 0 : -EREMOTEIO;
}

/* A session that gave up on the other side, and has told it so, takes nothing more from it. */
static bool is_over(const struct cri_call *call)
{
	return !nghttp2_session_want_read(call->session) &&
	       !nghttp2_session_want_write(call->session);
}

int cri_call_go(struct cri_call *call)
{
	int r = CRI_CALL_GOES_ON;

	for (int chunks = 0; chunks < CHUNKS_MAX && r == CRI_CALL_GOES_ON; chunks++) {
		r = send_output(call);
		if (r == 0)
			r = receive(call);
		if (r >= 0 && call->error < 0)
			r = call->error;
		else if (r >= 0 && call->closed)
			return get_outcome(call);
		else if (r >= 0 && is_over(call))
			r = -EPROTO;
	}
	return r < 0 ? r : CRI_CALL_GOES_ON;
}

const struct buf *cri_call_body(const struct cri_call *call)
{
	return &call->body;
}

int cri_call_status(const struct cri_call *call)
{
	return call->status;
}

const char *cri_call_text(const struct cri_call *call)
{
	return call->text;
}
