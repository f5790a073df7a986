#include "kernel/nlsock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/sock_diag.h>

#include "base/clock.h"
#include "kernel/request.h"

struct nlsock {
	struct mnl_socket *mnl;
	uint32_t sequence; /* of the next request */
	_Alignas(struct nlmsghdr) unsigned char datagram[NLSOCK_DATAGRAM_MAX];
};

int nlsock_open(struct nlsock **ret)
{
	struct nlsock *sock = calloc(1, sizeof(*sock));
	int r = 0;

	if (!sock)
		return -ENOMEM;
	sock->sequence = 1;
	sock->mnl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!sock->mnl || mnl_socket_bind(sock->mnl, 0, MNL_SOCKET_AUTOPID) < 0) {
		r = -errno;
		goto out;
	}
	*ret = sock;
	sock = NULL;
out:
	nlsock_close(sock);
	return r;
}

static int get_option(int fd, int option)
{
	socklen_t length = sizeof(int);
	int value = 0;

	if (getsockopt(fd, SOL_SOCKET, option, &value, &length) < 0)
		return -errno;
	return value;
}

static int check_netfilter(int fd)
{
	int domain = get_option(fd, SO_DOMAIN);
	int protocol = get_option(fd, SO_PROTOCOL);

	if (domain < 0)
		return domain;
	return domain == AF_NETLINK && protocol == NETLINK_NETFILTER ? 0 : -EINVAL;
}

static int set_flags(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return 0;
}

int nlsock_adopt(int fd, struct nlsock **ret)
{
	struct nlsock *sock = NULL;
	int r;

	r = check_netfilter(fd);
	if (r == 0)
		r = set_flags(fd);
	if (r < 0)
		goto out;
	r = -ENOMEM;
	sock = calloc(1, sizeof(*sock));
	if (!sock)
		goto out;
	sock->mnl = mnl_socket_fdopen(fd);
	if (!sock->mnl)
		goto out;
	fd = -1;
	/* Late answers to the process before must not be taken for ours. */
	sock->sequence = (uint32_t)(clock_monotonic() / NSEC_PER_MSEC);
	*ret = sock;
	sock = NULL;
	r = 0;
out:
	nlsock_close(sock);
	if (fd >= 0)
		close(fd);
	return r;
}

struct nlsock *nlsock_close(struct nlsock *sock)
{
	if (!sock)
		return NULL;
	if (sock->mnl)
		mnl_socket_close(sock->mnl);
	free(sock);
	return NULL;
}

int nlsock_fd(const struct nlsock *sock)
{
	return mnl_socket_get_fd(sock->mnl);
}

uint32_t nlsock_port(const struct nlsock *sock)
{
	return mnl_socket_get_portid(sock->mnl);
}

int nlsock_set_buffer(struct nlsock *sock, size_t bytes)
{
	int value = bytes > INT_MAX ? INT_MAX : (int)bytes;
	int fd = nlsock_fd(sock);

	if (!setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &value, sizeof(value)))
		return 0;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, sizeof(value)) < 0)
		return -errno;
	return 0;
}

int nlsock_buffer(const struct nlsock *sock, size_t *ret)
{
	int value = get_option(nlsock_fd(sock), SO_RCVBUF);

	if (value < 0)
		return value;
	*ret = (size_t)value;
	return 0;
}

static int set_option(struct nlsock *sock, int option, unsigned value)
{
	if (mnl_socket_setsockopt(sock->mnl, option, &value, sizeof(value)) < 0)
		return -errno;
	return 0;
}

int nlsock_stay_open(struct nlsock *sock)
{
	return set_option(sock, NETLINK_NO_ENOBUFS, 1);
}

int nlsock_set_reliable(struct nlsock *sock, bool reliable)
{
	return set_option(sock, NETLINK_BROADCAST_ERROR, reliable);
}

int nlsock_set_filter(struct nlsock *sock, const struct sock_filter *code, unsigned short length)
{
	const struct sock_fprog program = {.len = length, .filter = (struct sock_filter *)code};

	if (setsockopt(nlsock_fd(sock), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) <
	    0)
		return -errno;
	return 0;
}

int nlsock_join(struct nlsock *sock, unsigned group)
{
	return set_option(sock, NETLINK_ADD_MEMBERSHIP, group);
}

static int read_meminfo(const struct nlsock *sock, unsigned which, uint32_t *ret)
{
	uint32_t values[SK_MEMINFO_VARS] = {0};
	socklen_t length = sizeof(values);

	if (getsockopt(nlsock_fd(sock), SOL_SOCKET, SO_MEMINFO, values, &length) < 0)
		return -errno;
	if (length <= which * sizeof(values[0]))
		return -EOPNOTSUPP;
	*ret = values[which];
	return 0;
}

int nlsock_drops(const struct nlsock *sock, uint32_t *ret)
{
	return read_meminfo(sock, SK_MEMINFO_DROPS, ret);
}

int nlsock_queued(const struct nlsock *sock, uint32_t *ret)
{
	return read_meminfo(sock, SK_MEMINFO_RMEM_ALLOC, ret);
}

bool nlsock_from_kernel(const struct msghdr *header)
{
	const struct sockaddr_nl *sender = header->msg_name;

	return header->msg_namelen == sizeof(*sender) && sender->nl_pid == 0;
}

int nlsock_send(struct nlsock *sock, const void *request, size_t length)
{
	ssize_t sent;

	do
		sent = mnl_socket_sendto(sock->mnl, request, length);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return -errno;
	return (size_t)sent == length ? 0 : -EIO;
}

/* Until something can be read, at most for the silence allowed and not past deadline (ns,
 * monotonic). */
static int wait_for_answer(const struct nlsock *sock, int64_t deadline)
{
	int64_t silence = clock_monotonic() + NLSOCK_SILENCE_MSEC * NSEC_PER_MSEC;
	struct pollfd poll_fd = {.fd = nlsock_fd(sock), .events = POLLIN};
	int r;

	if (deadline > silence)
		deadline = silence;
	do {
		int64_t left = deadline - clock_monotonic();

		if (left <= 0)
			return -ETIMEDOUT;
		r = poll(&poll_fd, 1, (int)(left / NSEC_PER_MSEC) + 1);
	} while (r == 0 || (r < 0 && errno == EINTR));
	return r < 0 ? -errno : 0;
}

static int receive_answer(struct nlsock *sock, struct answer *answer, answer_fn *fn, void *context)
{
	struct iovec vector = {.iov_base = sock->datagram, .iov_len = sizeof(sock->datagram)};
	struct sockaddr_nl sender = {0};
	struct msghdr header = {
	    .msg_name = &sender,
	    .msg_namelen = sizeof(sender),
	    .msg_iov = &vector,
	    .msg_iovlen = 1,
	};
	ssize_t length = recvmsg(nlsock_fd(sock), &header, MSG_DONTWAIT);

	if (length < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	if (!nlsock_from_kernel(&header))
		return 0;
	if (header.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	return answer_take(answer, sock->datagram, (size_t)length, fn, context);
}

int nlsock_exchange(struct nlsock *sock, void *requests, size_t length, answer_fn *fn,
		    void *context)
{
	int64_t deadline = clock_monotonic() + NLSOCK_TOTAL_MSEC * NSEC_PER_MSEC;
	struct answer answer;
	int r;

	r = answer_expect(requests, length, sock->sequence, &answer);
	if (r < 0)
		return r;
	/* A batch is at most a few messages; the gap keeps its unanswered tail apart from the next
	 * exchange. */
	sock->sequence = answer.last + 16;
	r = nlsock_send(sock, requests, length);
	while (r == 0 && !answer.ended) {
		r = wait_for_answer(sock, deadline);
		if (r == 0)
			r = receive_answer(sock, &answer, fn, context);
	}
	if (r < 0)
		return r;
	if (answer.error)
		return answer.error;
	return answer.interrupted ? -EINTR : 0;
}

int nlsock_probe(struct nlsock *sock)
{
	union request request = {0};
	struct nlmsghdr *header = mnl_nlmsg_put_header(&request);
	int r;

	mnl_nlmsg_put_extra_header(header, sizeof(struct nfgenmsg));
	header->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET_STATS;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	r = nlsock_exchange(sock, &request, header->nlmsg_len, NULL, NULL);
	return r == -EPERM ? r : 0;
}
