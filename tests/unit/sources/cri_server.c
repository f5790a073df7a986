#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/sources/cri_server.h"

#include <nghttp2/nghttp2.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HEADERS_MANY 1000
#define FRAME_HEAD 5

/* One connection. */
struct service {
	struct cri_server_order *order;
	nghttp2_session *session;
	int fd;
	enum cri_server_question question;
	size_t sent; /* of the body */
	bool over;
	char status[16];
};

#define FIELD(field, content)                                                                      \
	{                                                                                          \
		.name = (uint8_t *)(field), .value = (uint8_t *)(content),                         \
		.namelen = strlen(field), .valuelen = strlen(content)                              \
	}

static void check(bool condition)
{
	if (!condition)
		_exit(1);
}

static const char *print_status(struct service *service)
{
	snprintf(service->status, sizeof(service->status), "%d", service->order->status);
	return service->status;
}

static void submit_status(struct service *service, int32_t stream)
{
	const char *status = print_status(service);
	const nghttp2_nv fields[] = {FIELD("grpc-status", status)};

	check(nghttp2_submit_trailer(service->session, stream, fields, 1) == 0);
}

static void end_body(struct service *service, int32_t stream, uint32_t *flags)
{
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (service->order->manner == SERVE_WITHOUT_TRAILERS)
		return;
	*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
	submit_status(service, stream);
}

static ssize_t give_body(nghttp2_session *session, int32_t stream, uint8_t *into, size_t size,
			 uint32_t *flags, nghttp2_data_source *source, void *user)
{
	struct service *service = user;
	size_t length = service->order->bodies[service->question].length;
	size_t stored = service->order->bodies[service->question].stored;
	const uint8_t *bytes = service->order->bodies[service->question].bytes;

	(void)session;
	(void)source;
	if (service->order->manner == SERVE_HALF)
		length /= 2;
	if (size > length - service->sent)
		size = length - service->sent;
	for (size_t i = 0; i < size; i++)
		into[i] = service->sent + i < stored ? bytes[service->sent + i] : 0;
	service->sent += size;
	if (service->order->manner == SERVE_HALF) {
		service->over = size == 0;
		return size == 0 ? NGHTTP2_ERR_DEFERRED : (ssize_t)size;
	}
	if (service->sent == length)
		end_body(service, stream, flags);
	return (ssize_t)size;
}

static void answer_well(struct service *service, int32_t stream)
{
	const nghttp2_nv fields[] = {FIELD(":status", "200"),
				     FIELD("content-type", "application/grpc")};
	nghttp2_data_provider provider = {.read_callback = give_body};

	check(nghttp2_submit_response(service->session, stream, fields, 2, &provider) == 0);
}

static void answer_status(struct service *service, int32_t stream)
{
	const char *status = print_status(service);
	/* A tab may stand in a field's value. */
	const nghttp2_nv fields[] = {
	    FIELD(":status", "200"), FIELD("content-type", "application/grpc"),
	    FIELD("grpc-status", status), FIELD("grpc-message", "unknown service \t runtime")};

	check(nghttp2_submit_response(service->session, stream, fields, 4, NULL) == 0);
}

static void answer_page(struct service *service, int32_t stream)
{
	const nghttp2_nv fields[] = {FIELD(":status", "404"), FIELD("content-type", "text/html")};
	nghttp2_data_provider provider = {.read_callback = give_body};

	check(nghttp2_submit_response(service->session, stream, fields, 2, &provider) == 0);
}

static void answer_headers(struct service *service, int32_t stream)
{
	nghttp2_nv fields[HEADERS_MANY] = {FIELD(":status", "200")};

	for (size_t i = 1; i < HEADERS_MANY; i++)
		fields[i] = (nghttp2_nv)FIELD("x-header", "1");
	check(nghttp2_submit_response(service->session, stream, fields, HEADERS_MANY, NULL) == 0);
}

static void answer(struct service *service, int32_t stream)
{
	int manner = service->order->manner;

	switch (manner) {
	case SERVE_TRAILERS_ONLY:
		answer_status(service, stream);
		break;
	case SERVE_WEB_PAGE:
		answer_page(service, stream);
		break;
	case SERVE_MANY_HEADERS:
		answer_headers(service, stream);
		break;
	case SERVE_RESET:
		nghttp2_submit_rst_stream(service->session, 0, stream, NGHTTP2_INTERNAL_ERROR);
		break;
	case SERVE_GOAWAY:
		nghttp2_submit_goaway(service->session, 0, 0, NGHTTP2_NO_ERROR, NULL, 0);
		break;
	default:
		answer_well(service, stream);
	}
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
		     size_t name_length, const uint8_t *value, size_t length, uint8_t flags,
		     void *user)
{
	static const char status[] = "/runtime.v1.RuntimeService/PodSandboxStatus";
	struct service *service = user;

	(void)session;
	(void)frame;
	(void)flags;
	if (name_length == 5 && memcmp(name, ":path", 5) == 0)
		service->question = length == strlen(status) && memcmp(value, status, length) == 0
					? ASKED_STATUS
					: ASKED_ALL;
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data,
		   size_t length, void *user)
{
	struct cri_server_order *order = ((struct service *)user)->order;

	(void)session;
	(void)flags;
	(void)stream;
	check(order->request_length + length <= sizeof(order->request));
	memcpy(order->request + order->request_length, data, length);
	order->request_length += length;
	return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct service *service = user;

	(void)session;
	if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM) || frame->hd.stream_id == 0)
		return 0;
	if (service->question == ASKED_ALL && service->order->request_length > FRAME_HEAD)
		service->question = ASKED_ONE;
	service->order->asked[service->question]++;
	answer(service, frame->hd.stream_id);
	return 0;
}

static bool send_all(const struct service *service, const uint8_t *bytes, size_t length)
{
	const struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};
	bool slowly = service->order->manner == SERVE_SLOWLY;

	while (length > 0) {
		ssize_t sent = send(service->fd, bytes, slowly ? 1 : length, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		if (slowly)
			nanosleep(&pause, NULL);
		bytes += sent;
		length -= (size_t)sent;
	}
	return true;
}

static bool send_pending(const struct service *service)
{
	const uint8_t *bytes;
	ssize_t length;

	while ((length = nghttp2_session_mem_send(service->session, &bytes)) > 0)
		if (!send_all(service, bytes, (size_t)length))
			return false;
	return length == 0 && !service->over;
}

static void serve_http(struct service *service)
{
	nghttp2_session_callbacks *callbacks;
	uint8_t chunk[4096];
	ssize_t length;

	check(nghttp2_session_callbacks_new(&callbacks) == 0);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	check(nghttp2_session_server_new(&service->session, callbacks, service) == 0);
	nghttp2_session_callbacks_del(callbacks);
	check(nghttp2_submit_settings(service->session, 0, NULL, 0) == 0);
	while (send_pending(service)) {
		length = recv(service->fd, chunk, sizeof(chunk), 0);
		if (length <= 0 ||
		    nghttp2_session_mem_recv(service->session, chunk, (size_t)length) < 0)
			break;
	}
	nghttp2_session_del(service->session);
}

static void serve_raw(struct service *service)
{
	const uint8_t *bytes = service->order->bodies[ASKED_ALL].bytes;
	size_t length = service->order->bodies[ASKED_ALL].stored;
	uint8_t chunk[4096];

	if (service->order->manner == RAW_BYTES)
		send_all(service, bytes, length);
	while (service->order->manner == RAW_BYTES_AGAIN && send_all(service, bytes, length))
		;
	while (service->order->manner != RAW_CLOSE &&
	       recv(service->fd, chunk, sizeof(chunk), 0) > 0)
		;
}

static _Noreturn void serve(struct cri_server_order *order, int listener)
{
	for (;;) {
		struct service service = {.order = order, .fd = accept(listener, NULL, NULL)};

		check(service.fd >= 0);
		order->connections++;
		order->request_length = 0;
		if (order->manner >= RAW_NOTHING)
			serve_raw(&service);
		else
			serve_http(&service);
		close(service.fd);
		order->ended++;
	}
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0 && strlen(path) < sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path));
	unlink(path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

void cri_server_start(struct cri_server *server, const char *path)
{
	int listener = listen_at(path);

	if (!server->order) {
		server->order = mmap(NULL, sizeof(*server->order), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		assert_ptr_not_equal(server->order, MAP_FAILED);
	}
	server->process = fork();
	assert_true(server->process >= 0);
	if (server->process == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(server->order, listener);
	}
	close(listener);
}

void cri_server_set(struct cri_server *server, enum cri_server_question question, const void *bytes,
		    size_t stored, size_t length)
{
	assert_true(stored <= CRI_SERVER_BYTES);
	memcpy(server->order->bodies[question].bytes, bytes, stored);
	server->order->bodies[question].stored = stored;
	server->order->bodies[question].length = length > 0 ? length : stored;
}

void cri_server_kill(struct cri_server *server)
{
	if (server->process <= 0)
		return;
	kill(server->process, SIGKILL);
	assert_int_equal(waitpid(server->process, NULL, 0), server->process);
	server->process = 0;
}

void cri_server_free(struct cri_server *server)
{
	cri_server_kill(server);
	if (server->order)
		munmap(server->order, sizeof(*server->order));
	*server = (struct cri_server){0};
}
