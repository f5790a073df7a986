/*
 * What the programs in the demo's pods do: serve, resolve, call, hold a line open.
 *
 *   talk listen PORT                       TCP: answers every line with itself
 *   talk dns PORT NAME=ADDRESS...          UDP and TCP: answers A queries (RFC 1035)
 *   talk call TIMES NAMESERVER NAME PORT   resolves NAME and speaks one line, TIMES over
 *   talk hold NAMESERVER NAME PORT         the same once, says "ready", stays until a signal
 *   talk ask TIMES NAMESERVER NAME         resolves NAME by TCP, TIMES over
 *
 * call, hold and ask end with 0 only if every answer came, each within two seconds.
 */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <resolv.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define PATIENCE 2 /* seconds */
#define CLIENTS 64
#define DNS_TTL 30
#define DNS_ANSWER (NS_RRFIXEDSZ + 2 + 4) /* bytes of one A record */

static const char line[] = "hello\n";

static void fail(const char *what)
{
	fprintf(stderr, "talk: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint16_t parse_port(const char *text)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || port == 0 || port > UINT16_MAX) {
		fprintf(stderr, "talk: '%s' is no port\n", text);
		exit(2);
	}
	return (uint16_t)port;
}

static int bind_port(int type, uint16_t port)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		fail("bind");
	if (type == SOCK_STREAM && listen(fd, CLIENTS) < 0)
		fail("listen");
	return fd;
}

static void accept_client(struct pollfd *fds, size_t *count)
{
	int fd = accept4(fds[0].fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (*count == CLIENTS) {
		close(fd);
		return;
	}
	fds[(*count)++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static _Noreturn void serve_echo(uint16_t port)
{
	struct pollfd fds[CLIENTS] = {{.fd = bind_port(SOCK_STREAM, port), .events = POLLIN}};
	size_t count = 1;

	for (;;) {
		if (poll(fds, count, -1) < 0 && errno != EINTR)
			fail("poll");
		for (size_t i = count - 1; i > 0; i--) {
			char bytes[512];
			ssize_t got;

			if (fds[i].revents == 0)
				continue;
			got = read(fds[i].fd, bytes, sizeof(bytes));
			if (got > 0 && write(fds[i].fd, bytes, (size_t)got) == got)
				continue;
			close(fds[i].fd);
			fds[i] = fds[--count];
		}
		if (fds[0].revents != 0)
			accept_client(fds, &count);
	}
}

/* The address of NAME=ADDRESS in names; false: there is no such name. */
static bool dns_find(const char *name, char *const *names, struct in_addr *ret_address)
{
	size_t length = strlen(name);

	for (; *names != NULL; names++)
		if (strncasecmp(*names, name, length) == 0 && (*names)[length] == '=')
			return inet_pton(AF_INET, *names + length + 1, ret_address) == 1;
	return false;
}

static unsigned char *dns_put_address(unsigned char *end, const struct in_addr *address)
{
	NS_PUT16(NS_CMPRSFLGS << 8 | NS_HFIXEDSZ, end);
	NS_PUT16(ns_t_a, end);
	NS_PUT16(ns_c_in, end);
	NS_PUT32(DNS_TTL, end);
	NS_PUT16(sizeof(*address), end);
	memcpy(end, address, sizeof(*address));
	return end + sizeof(*address);
}

/* Turns the query into its answer in place; 0 if it is none that can be answered. */
static size_t dns_answer(unsigned char *message, size_t length, size_t room, char *const *names)
{
	struct in_addr address;
	ns_msg parsed;
	ns_rr question;
	HEADER header;
	unsigned char *end;

	if (ns_initparse(message, (int)length, &parsed) < 0 ||
	    ns_parserr(&parsed, ns_s_qd, 0, &question) < 0)
		return 0;
	/* The question stays, what follows it (EDNS) goes. */
	end = message + NS_HFIXEDSZ;
	end += dn_skipname(end, message + length) + NS_QFIXEDSZ;
	memcpy(&header, message, sizeof(header));
	header.qr = header.aa = header.ra = 1;
	header.rcode = ns_r_nxdomain;
	header.qdcount = htons(1);
	header.ancount = header.nscount = header.arcount = 0;
	if (dns_find(ns_rr_name(question), names, &address)) {
		header.rcode = ns_r_noerror;
		if (ns_rr_type(question) == ns_t_a && message + room - end >= DNS_ANSWER) {
			header.ancount = htons(1);
			end = dns_put_address(end, &address);
		}
	}
	memcpy(message, &header, sizeof(header));
	return (size_t)(end - message);
}

static void dns_by_udp(int fd, char *const *names)
{
	unsigned char message[NS_PACKETSZ];
	struct sockaddr_in peer;
	socklen_t peer_length = sizeof(peer);
	ssize_t got =
	    recvfrom(fd, message, sizeof(message), 0, (struct sockaddr *)&peer, &peer_length);
	size_t length = got < 0 ? 0 : dns_answer(message, (size_t)got, sizeof(message), names);

	if (length > 0)
		sendto(fd, message, length, 0, (struct sockaddr *)&peer, peer_length);
}

/* One query a connection, whose bytes come in one segment: all that the demo's clients send. */
static void dns_by_tcp(int listener, char *const *names)
{
	unsigned char message[2 + NS_PACKETSZ];
	struct timeval patience = {.tv_sec = PATIENCE};
	unsigned char *start = message;
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	ssize_t got;
	size_t length;

	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	got = recv(fd, message, 2, MSG_WAITALL);
	if (got == 2 && ns_get16(message) <= NS_PACKETSZ) {
		got = recv(fd, message + 2, ns_get16(message), MSG_WAITALL);
		length = got < 0 ? 0 : dns_answer(message + 2, (size_t)got, NS_PACKETSZ, names);
		NS_PUT16(length, start);
		if (length > 0 && write(fd, message, length + 2) < 0)
			perror("talk: dns");
	}
	close(fd);
}

static _Noreturn void serve_dns(uint16_t port, char *const *names)
{
	struct pollfd fds[] = {{.fd = bind_port(SOCK_DGRAM, port), .events = POLLIN},
			       {.fd = bind_port(SOCK_STREAM, port), .events = POLLIN}};

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			fail("poll");
		if (fds[0].revents != 0)
			dns_by_udp(fds[0].fd, names);
		if (fds[1].revents != 0)
			dns_by_tcp(fds[1].fd, names);
	}
}

/* Asks that name server and no other, whatever the machine's own resolver says. */
static struct in_addr resolve(const char *server, const char *name, bool by_tcp)
{
	struct __res_state state = {0};
	unsigned char answer[NS_PACKETSZ];
	struct in_addr address;
	ns_msg parsed;
	ns_rr record;
	int length;

	if (inet_pton(AF_INET, name, &address) == 1)
		return address;
	if (res_ninit(&state) < 0)
		fail("resolver");
	state.nscount = 1;
	state.nsaddr_list[0].sin_family = AF_INET;
	state.nsaddr_list[0].sin_port = htons(NS_DEFAULTPORT);
	state.retrans = PATIENCE;
	state.retry = 1;
	state.options &= ~(RES_DNSRCH | RES_DEFNAMES);
	if (by_tcp)
		state.options |= RES_USEVC;
	if (inet_pton(AF_INET, server, &state.nsaddr_list[0].sin_addr) != 1)
		fail("name server");
	length = res_nquery(&state, name, ns_c_in, ns_t_a, answer, sizeof(answer));
	if (length < 0 || ns_initparse(answer, length, &parsed) < 0 ||
	    ns_parserr(&parsed, ns_s_an, 0, &record) < 0 ||
	    ns_rr_rdlen(record) != sizeof(address)) {
		fprintf(stderr, "talk: %s: no answer from %s\n", name, server);
		exit(1);
	}
	memcpy(&address, ns_rr_rdata(record), sizeof(address));
	res_nclose(&state);
	return address;
}

/* Returns the open connection after one line went there and came back. */
static int speak(const char *server, const char *name, uint16_t port)
{
	struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct timeval patience = {.tv_sec = PATIENCE};
	char bytes[sizeof(line)] = "";
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	peer.sin_addr = resolve(server, name, false);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
		fail("socket");
	if (connect(fd, (struct sockaddr *)&peer, sizeof(peer)) < 0)
		fail(name);
	if (write(fd, line, strlen(line)) < 0)
		fail(name);
	if (recv(fd, bytes, strlen(line), MSG_WAITALL) != (ssize_t)strlen(line))
		fail(name);
	return fd;
}

/* Speaks to the port; without one, only asks for the name, by TCP. */
static int repeat(const char *times, const char *server, const char *name, const char *port)
{
	for (unsigned long n = strtoul(times, NULL, 10); n > 0; n--) {
		if (port != NULL)
			close(speak(server, name, parse_port(port)));
		else
			resolve(server, name, true);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	signal(SIGPIPE, SIG_IGN);
	if (strcmp(verb, "listen") == 0 && argc == 3)
		serve_echo(parse_port(argv[2]));
	if (strcmp(verb, "dns") == 0 && argc >= 3)
		serve_dns(parse_port(argv[2]), argv + 3);
	if (strcmp(verb, "call") == 0 && argc == 6)
		return repeat(argv[2], argv[3], argv[4], argv[5]);
	if (strcmp(verb, "ask") == 0 && argc == 5)
		return repeat(argv[2], argv[3], argv[4], NULL);
	if (strcmp(verb, "hold") == 0 && argc == 5) {
		speak(argv[2], argv[3], parse_port(argv[4]));
		puts("ready");
		fflush(stdout);
		pause();
		return 0;
	}
	fprintf(stderr, "usage: talk listen|dns|call|hold|ask ... (see talk.c)\n");
	return 2;
}
