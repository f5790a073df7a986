/* Short ways to say what the kernel says. For tests of the flow stage. */
#ifndef NETPOL_TESTS_UNIT_FLOW_FIXTURE_H
#define NETPOL_TESTS_UNIT_FLOW_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter/nf_conntrack_tcp.h>

#include "base/clock.h"
#include "flow/flow.h"
#include "flow/resolve.h"

#define UNUSED __attribute__((unused))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* 2023-11-14T22:13:20Z: 20 s into a minute. */
#define T0 (INT64_C(1700000000) * NSEC_PER_SEC)
#define SECONDS(n) ((int64_t)(n)*NSEC_PER_SEC)

static UNUSED struct addr ip(const char *text)
{
	struct addr address;

	assert_int_equal(addr_parse(text, &address), 0);
	return address;
}

static UNUSED struct tuple a_tuple(uint8_t protocol, const char *source, uint16_t source_port,
				   const char *destination, uint16_t destination_port)
{
	struct tuple tuple;

	memset(&tuple, 0, sizeof(tuple));
	tuple.source = ip(source);
	tuple.destination = ip(destination);
	tuple.source_port = source_port;
	tuple.destination_port = destination_port;
	tuple.protocol = protocol;
	tuple.has_ports = protocol_has_ports(protocol);
	return tuple;
}

/* The way back, for protocols with ports. */
static UNUSED struct tuple reversed(struct tuple tuple)
{
	struct tuple reply = tuple;

	reply.source = tuple.destination;
	reply.destination = tuple.source;
	reply.source_port = tuple.destination_port;
	reply.destination_port = tuple.source_port;
	return reply;
}

static UNUSED struct conntrack_event an_event(enum conntrack_event_type type, struct tuple original,
					      struct tuple reply)
{
	return (struct conntrack_event){.type = type,
					.original = original,
					.reply = reply,
					.id = 7,
					.status = CONNTRACK_CONFIRMED};
}

static UNUSED void set_counters(struct conntrack_event *event, uint64_t packets_sent,
				uint64_t packets_received, uint64_t bytes_sent,
				uint64_t bytes_received)
{
	event->has_counters = true;
	event->packets_sent = packets_sent;
	event->packets_received = packets_received;
	event->bytes_sent = bytes_sent;
	event->bytes_received = bytes_received;
}

static UNUSED void set_start(struct conntrack_event *event, int64_t start)
{
	event->has_start = true;
	event->start = start;
}

static UNUSED void set_stop(struct conntrack_event *event, int64_t stop)
{
	event->has_stop = true;
	event->stop = stop;
}

/* connections, closed, counted, packets sent and received, bytes sent and received. */
static UNUSED void assert_totals(struct totals totals, int64_t connections, int64_t closed,
				 int64_t counted, int64_t packets_sent, int64_t packets_received,
				 int64_t bytes_sent, int64_t bytes_received)
{
	assert_int_equal(totals.connections, connections);
	assert_int_equal(totals.closed, closed);
	assert_int_equal(totals.counted, counted);
	assert_int_equal(totals.packets_sent, packets_sent);
	assert_int_equal(totals.packets_received, packets_received);
	assert_int_equal(totals.bytes_sent, bytes_sent);
	assert_int_equal(totals.bytes_received, bytes_received);
}

static UNUSED void assert_addr(struct addr address, const char *text)
{
	char found[ADDR_TEXT_MAX];

	assert_string_equal(addr_format(address, found), text);
}

#endif
