/* kernel/nlsock: what a socket is before any request; requests need rights and are for tests/netns.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <linux/netlink.h>

#include "kernel/nlsock.h"

static void test_flags(void **state)
{
	struct nlsock *sock = NULL;
	uint32_t drops = 1;

	(void)state;
	assert_int_equal(nlsock_open(&sock), 0);
	assert_true(fcntl(nlsock_fd(sock), F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(nlsock_fd(sock), F_GETFD) & FD_CLOEXEC);
	assert_int_equal(nlsock_stay_open(sock), 0);
	assert_int_equal(nlsock_drops(sock, &drops), 0);
	assert_int_equal(drops, 0);
	assert_null(nlsock_close(sock));
	assert_null(nlsock_close(NULL));
}

static void test_buffer(void **state)
{
	struct nlsock *sock = NULL;
	size_t before, after;

	(void)state;
	assert_int_equal(nlsock_open(&sock), 0);
	assert_int_equal(nlsock_buffer(sock, &before), 0);
	assert_true(before > 0);
	assert_int_equal(nlsock_set_buffer(sock, 16384), 0);
	assert_int_equal(nlsock_buffer(sock, &after), 0);
	assert_int_equal(after, 32768);
	assert_int_equal(nlsock_set_buffer(sock, SIZE_MAX), 0);
	assert_int_equal(nlsock_buffer(sock, &after), 0);
	assert_true(after >= before);
	nlsock_close(sock);
}

static void test_exchange_without_answer(void **state)
{
	struct nlmsghdr request = {.nlmsg_len = sizeof(request), .nlmsg_flags = NLM_F_REQUEST};
	struct nlsock *sock = NULL;

	(void)state;
	assert_int_equal(nlsock_open(&sock), 0);
	assert_int_equal(nlsock_exchange(sock, &request, sizeof(request), NULL, NULL), -EINVAL);
	assert_int_equal(nlsock_exchange(sock, &request, sizeof(request) - 1, NULL, NULL), -EINVAL);
	nlsock_close(sock);
}

static void test_from_kernel(void **state)
{
	struct sockaddr_nl sender = {.nl_family = AF_NETLINK};
	struct msghdr header = {.msg_name = &sender, .msg_namelen = sizeof(sender)};

	(void)state;
	assert_true(nlsock_from_kernel(&header));
	sender.nl_pid = 1;
	assert_false(nlsock_from_kernel(&header));
	sender.nl_pid = 0;
	header.msg_namelen = 0;
	assert_false(nlsock_from_kernel(&header));
}

static void test_adopt(void **state)
{
	struct nlsock *sock = NULL, *adopted = NULL;
	int fd;

	(void)state;
	assert_int_equal(nlsock_open(&sock), 0);
	fd = dup(nlsock_fd(sock));
	assert_int_equal(nlsock_adopt(fd, &adopted), 0);
	assert_int_equal(nlsock_fd(adopted), fd);
	assert_int_equal(nlsock_port(adopted), nlsock_port(sock));
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	nlsock_close(sock);
	nlsock_close(adopted);
}

static void test_adopt_others(void **state)
{
	int route = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	int local = socket(AF_UNIX, SOCK_DGRAM, 0);
	int file = open("/dev/null", O_RDONLY);
	struct nlsock *sock = NULL;

	(void)state;
	assert_true(route >= 0 && local >= 0 && file >= 0);
	assert_int_equal(nlsock_adopt(route, &sock), -EINVAL);
	assert_int_equal(nlsock_adopt(local, &sock), -EINVAL);
	assert_int_equal(nlsock_adopt(file, &sock), -ENOTSOCK);
	assert_int_equal(fcntl(route, F_GETFD), -1);
	assert_int_equal(fcntl(local, F_GETFD), -1);
	assert_int_equal(fcntl(file, F_GETFD), -1);
	assert_null(sock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_flags),
	    cmocka_unit_test(test_adopt),
	    cmocka_unit_test(test_adopt_others),
	    cmocka_unit_test(test_buffer),
	    cmocka_unit_test(test_exchange_without_answer),
	    cmocka_unit_test(test_from_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
