/*
 * Offers new connections, one packet each, from one core: frames of our own making on a packet
 * socket, past the queueing discipline, into a veth whose other end routes them.
 *
 * Nothing here knows whether a packet was forwarded: the truth is a counter in the router.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define BATCH 64u
#define FRAME_MAX 128u
#define PAYLOAD 8u
#define FIRST_PORT 1024u
#define PORTS (65536u - FIRST_PORT)
#define NSEC_PER_SEC INT64_C(1000000000)

/* 10.244.0.0/16 and fd00:244::/64 ask; 10.96.0.1 and fd00:245::/64 are asked, if nothing else is
 * said. */
#define SOURCE_NETWORK 0x0af40000u
#define FOLDED_TARGET 0x0a600001u
#define SCANNED_TARGETS 0x0a600100u
/* 172.16.0.0/12, and 32.0.0.0/5 for addresses that nobody would call private. */
#define PRIVATE_NETWORK 0xac100000u
#define PRIVATE_BITS 20u
#define PUBLIC_NETWORK 0x20000000u
#define PUBLIC_BITS 27u
#define TARGET_PORT 8080u
#define SCAN_SOURCE_PORT 40000u

enum pattern {
	PATTERN_FOLD,
	PATTERN_PRIVATE,
	PATTERN_PUBLIC,
	PATTERN_SCAN,
};

struct options {
	const char *interface;
	unsigned char router[ETH_ALEN];
	enum pattern pattern;
	bool ipv6;
	bool tcp;
	int cpu;        /* -1: wherever */
	uint64_t rate;  /* a second; 0: as many as possible */
	uint64_t count; /* 0: until the time is over */
	uint64_t first; /* number of the first connection */
	uint64_t sources;
	int64_t duration; /* ns; 0: until the count is reached */
};

/* Host byte order. */
struct connection {
	uint32_t source;
	uint32_t target;
	uint16_t source_port;
	uint16_t target_port;
};

struct sender {
	int fd;
	size_t frame_length;
	struct mmsghdr headers[BATCH];
	struct iovec vectors[BATCH];
	unsigned char frames[BATCH][FRAME_MAX];
};

static void usage(void)
{
	fputs("usage: offer [-6t] [-c CPU] [-d SECONDS] [-f FIRST] [-m ROUTER_MAC] [-n COUNT]\n"
	      "             [-p fold|private|public|scan] [-r PER_SECOND] [-s SOURCES] INTERFACE\n",
	      stderr);
	exit(2);
}

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * NSEC_PER_SEC + time.tv_nsec;
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-')
		usage();
	return value;
}

static enum pattern pattern_of(const char *name)
{
	static const char *const names[] = {"fold", "private", "public", "scan"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return (enum pattern)i;
	usage();
	return PATTERN_FOLD;
}

static void take_mac(struct options *options, const char *text)
{
	unsigned char *mac = options->router;

	if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2], &mac[3],
		   &mac[4], &mac[5]) != ETH_ALEN)
		usage();
}

static struct options take_options(int argc, char **argv)
{
	struct options options = {.router = {2, 0, 0, 0, 0, 1}, .cpu = -1, .sources = 64};
	int option;

	while ((option = getopt(argc, argv, "6tc:d:f:m:n:p:r:s:")) != -1) {
		switch (option) {
		case '6':
			options.ipv6 = true;
			break;
		case 't':
			options.tcp = true;
			break;
		case 'c':
			options.cpu = (int)number(optarg);
			break;
		case 'd':
			options.duration = (int64_t)number(optarg) * NSEC_PER_SEC;
			break;
		case 'f':
			options.first = number(optarg);
			break;
		case 'm':
			take_mac(&options, optarg);
			break;
		case 'n':
			options.count = number(optarg);
			break;
		case 'p':
			options.pattern = pattern_of(optarg);
			break;
		case 'r':
			options.rate = number(optarg);
			break;
		case 's':
			options.sources = number(optarg);
			break;
		default:
			usage();
		}
	}
	if (optind + 1 != argc || options.sources == 0 || options.sources > 65000 ||
	    (!options.duration && !options.count))
		usage();
	options.interface = argv[optind];
	return options;
}

static int fail(const char *what)
{
	fprintf(stderr, "offer: %s: %s\n", what, strerror(errno));
	return 1;
}

static void put16(unsigned char *at, uint16_t value)
{
	value = htons(value);
	memcpy(at, &value, sizeof(value));
}

static void put32(unsigned char *at, uint32_t value)
{
	value = htonl(value);
	memcpy(at, &value, sizeof(value));
}

static uint32_t sum_words(const unsigned char *bytes, size_t length, uint32_t sum)
{
	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	return sum;
}

static uint16_t checksum(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* An odd factor maps the numbers below 2^bits onto each other, so no address comes twice. */
static uint32_t scattered(uint64_t number, unsigned bits)
{
	return (uint32_t)(number * UINT64_C(2654435761)) & ((1u << bits) - 1);
}

static struct connection connection_of(const struct options *options, uint64_t number)
{
	struct connection connection = {
	    .source = SOURCE_NETWORK + 2 + (uint32_t)(number / PORTS % options->sources),
	    .target = FOLDED_TARGET,
	    .source_port = (uint16_t)(FIRST_PORT + number % PORTS),
	    .target_port = TARGET_PORT,
	};

	switch (options->pattern) {
	case PATTERN_FOLD:
		break;
	case PATTERN_PRIVATE:
		connection.target = PRIVATE_NETWORK + scattered(number, PRIVATE_BITS);
		break;
	case PATTERN_PUBLIC:
		connection.target = PUBLIC_NETWORK + scattered(number, PUBLIC_BITS);
		break;
	case PATTERN_SCAN:
		connection.source = SOURCE_NETWORK + 2;
		connection.source_port = SCAN_SOURCE_PORT;
		connection.target = SCANNED_TARGETS + (uint32_t)(number / 65535);
		connection.target_port = (uint16_t)(1 + number % 65535);
		break;
	}
	return connection;
}

static size_t transport_length(const struct options *options)
{
	return options->tcp ? 20 : 8 + PAYLOAD;
}

static void put_ipv4(unsigned char *ip, const struct connection *connection)
{
	put32(ip + 12, connection->source);
	put32(ip + 16, connection->target);
	put16(ip + 10, 0);
	put16(ip + 10, checksum(sum_words(ip, 20, 0)));
}

static void put_ipv6(unsigned char *ip, const struct connection *connection)
{
	put32(ip + 20, connection->source & 0xffff);
	put32(ip + 36, connection->target);
}

/* UDP goes without a checksum, which conntrack takes over IPv6 too; a wrong one of TCP is invalid.
 */
static void put_transport(const struct options *options, unsigned char *ip,
			  const struct connection *connection)
{
	size_t ip_length = options->ipv6 ? 40 : 20;
	size_t addresses = options->ipv6 ? 32 : 8;
	unsigned char *transport = ip + ip_length;

	put16(transport, connection->source_port);
	put16(transport + 2, connection->target_port);
	if (!options->tcp)
		return;
	put16(transport + 16, 0);
	put16(transport + 16,
	      checksum(sum_words(ip + ip_length - addresses, addresses + transport_length(options),
				 (uint32_t)(IPPROTO_TCP + transport_length(options)))));
}

static void put_connection(const struct options *options, unsigned char *frame, uint64_t number)
{
	struct connection connection = connection_of(options, number);
	unsigned char *ip = frame + ETH_HLEN;

	if (options->ipv6)
		put_ipv6(ip, &connection);
	else
		put_ipv4(ip, &connection);
	put_transport(options, ip, &connection);
}

/* All that is the same in every packet. */
static size_t put_template(const struct options *options, unsigned char *frame)
{
	size_t length = transport_length(options);
	unsigned char protocol = options->tcp ? IPPROTO_TCP : IPPROTO_UDP;
	unsigned char *ip = frame + ETH_HLEN;
	unsigned char *transport;

	memset(frame, 0, FRAME_MAX);
	memcpy(frame, options->router, ETH_ALEN);
	frame[ETH_ALEN] = 2;
	put16(frame + 2 * ETH_ALEN, options->ipv6 ? ETH_P_IPV6 : ETH_P_IP);
	if (options->ipv6) {
		ip[0] = 6 << 4;
		put16(ip + 4, (uint16_t)length);
		ip[6] = protocol;
		ip[7] = 64;
		put32(ip + 8, 0xfd000244);
		put32(ip + 24, 0xfd000245);
		transport = ip + 40;
	} else {
		ip[0] = 4 << 4 | 5;
		put16(ip + 2, (uint16_t)(20 + length));
		ip[8] = 64;
		ip[9] = protocol;
		transport = ip + 20;
	}
	if (options->tcp) {
		transport[12] = 5 << 4;
		transport[13] = 0x02; /* SYN */
		put16(transport + 14, 65535);
	} else {
		put16(transport + 4, (uint16_t)length);
	}
	return (size_t)(transport - frame) + length;
}

static int sender_open(const struct options *options, struct sender *sender)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET};
	int one = 1;

	address.sll_ifindex = (int)if_nametoindex(options->interface);
	if (!address.sll_ifindex)
		return fail(options->interface);
	sender->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (sender->fd < 0)
		return fail("packet socket");
	if (bind(sender->fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    setsockopt(sender->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)) < 0)
		return fail(options->interface);
	for (unsigned i = 0; i < BATCH; i++) {
		sender->frame_length = put_template(options, sender->frames[i]);
		sender->vectors[i].iov_base = sender->frames[i];
		sender->vectors[i].iov_len = sender->frame_length;
		sender->headers[i].msg_hdr.msg_iov = &sender->vectors[i];
		sender->headers[i].msg_hdr.msg_iovlen = 1;
	}
	return 0;
}

/* Returns how many were sent, -1 on an error. */
static int send_some(const struct options *options, struct sender *sender, uint64_t next,
		     unsigned count)
{
	int sent;

	for (unsigned i = 0; i < count; i++)
		put_connection(options, sender->frames[i], next + i);
	sent = sendmmsg(sender->fd, sender->headers, count, 0);
	if (sent < 0 && (errno == EINTR || errno == ENOBUFS || errno == EAGAIN))
		return 0;
	return sent;
}

static unsigned due(const struct options *options, uint64_t sent, int64_t elapsed)
{
	uint64_t allowed = UINT64_MAX;

	if (options->rate)
		allowed = (uint64_t)((double)elapsed * (double)options->rate / 1e9) + 1;
	if (options->count && allowed > options->count)
		allowed = options->count;
	if (allowed <= sent)
		return 0;
	return allowed - sent > BATCH ? BATCH : (unsigned)(allowed - sent);
}

static bool is_over(const struct options *options, uint64_t sent, int64_t elapsed)
{
	return (options->duration && elapsed >= options->duration) ||
	       (options->count && sent >= options->count);
}

static int offer(const struct options *options, struct sender *sender)
{
	const struct timespec pause = {.tv_nsec = 200000};
	int64_t begin = now();
	int64_t elapsed = 0;
	uint64_t sent = 0;

	while (!is_over(options, sent, elapsed)) {
		unsigned count = due(options, sent, elapsed);
		int r = 0;

		if (count)
			r = send_some(options, sender, options->first + sent, count);
		else
			nanosleep(&pause, NULL);
		if (r < 0)
			return fail("sendmmsg");
		sent += (uint64_t)r;
		elapsed = now() - begin;
	}
	printf("{\"sent\":%" PRIu64 ",\"seconds\":%.3f}\n", sent, (double)elapsed / 1e9);
	return 0;
}

static int pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return 0;
	CPU_ZERO(&set);
	CPU_SET((unsigned)cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) < 0 ? fail("sched_setaffinity") : 0;
}

int main(int argc, char **argv)
{
	static struct sender sender;
	struct options options = take_options(argc, argv);
	int r = pin(options.cpu);

	if (r == 0)
		r = sender_open(&options, &sender);
	return r == 0 ? offer(&options, &sender) : r;
}
