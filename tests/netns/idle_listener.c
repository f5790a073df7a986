/*
 * A reliable listener of conntrack events that never reads: joins the groups NEW and DESTROY with
 * the smallest buffer there is, asks for retries (NETLINK_BROADCAST_ERROR), says "ready" and waits
 * for its end. Everything it cannot take is told again to all listeners.
 */
#include <stdio.h>
#include <unistd.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

static int set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

int main(void)
{
	const struct sockaddr_nl here = {.nl_family = AF_NETLINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0 || bind(fd, (const struct sockaddr *)(const void *)&here, sizeof(here)) < 0 ||
	    set(fd, SOL_SOCKET, SO_RCVBUF, 1) < 0 ||
	    set(fd, SOL_NETLINK, NETLINK_BROADCAST_ERROR, 1) < 0 ||
	    set(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, NFNLGRP_CONNTRACK_NEW) < 0 ||
	    set(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, NFNLGRP_CONNTRACK_DESTROY) < 0) {
		perror("idle_listener");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	pause();
	return 0;
}
