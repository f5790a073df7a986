#include "flow/idle.h"

#include <linux/netfilter/nf_conntrack_tcp.h>
#include <netinet/in.h>

#include "base/clock.h"

#define GRAIN 1 /* s: what was listed is told a little later */
#define LONGEST (INT64_C(5) * 24 * 60 * 60)

struct idle_times idle_times_default(void)
{
	return (struct idle_times){.syn_sent = 120,
				   .syn_received = 60,
				   .established = LONGEST,
				   .closing = 120,
				   .udp = 30,
				   .udp_stream = 180,
				   .icmp = 30,
				   .other = LONGEST};
}

static int64_t longer(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Of all that the protocol's states could have been. */
static int64_t longest(const struct idle_times *times, uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return longer(times->established, LONGEST) + longer(times->closing, 0);
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		return longer(longer(times->udp, times->udp_stream),
			      idle_times_default().udp_stream);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return longer(times->icmp, idle_times_default().icmp);
	default:
		return longer(times->other, LONGEST);
	}
}

/* 0: the state does not say. */
static int64_t of_tcp_state(const struct idle_times *times, const struct conntrack_event *event)
{
	if (!event->has_tcp_state)
		return 0;
	switch (event->tcp_state) {
	case TCP_CONNTRACK_SYN_SENT:
		return times->syn_sent;
	case TCP_CONNTRACK_SYN_RECV:
		return times->syn_received;
	case TCP_CONNTRACK_ESTABLISHED:
		return times->established;
	default:
		return 0;
	}
}

static int64_t of_udp_state(const struct idle_times *times, const struct conntrack_event *event)
{
	if (event->status & CONNTRACK_ASSURED)
		return times->udp_stream;
	return event->status & CONNTRACK_NAT_CLASH ? 0 : times->udp;
}

static int64_t of_state(const struct idle_times *times, const struct conntrack_event *event)
{
	switch (event->original.protocol) {
	case IPPROTO_TCP:
		return of_tcp_state(times, event);
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		return of_udp_state(times, event);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return times->icmp;
	default:
		return times->other;
	}
}

int64_t idle_since(const struct idle_times *times, const struct conntrack_event *event, int64_t now)
{
	int64_t full = of_state(times, event);
	int64_t idle = longest(times, event->original.protocol);

	if (event->type != CONNTRACK_DESTROY && event->has_timeout && full > 0 &&
	    (int64_t)event->timeout <= full)
		idle = full - event->timeout;
	return now - (idle + GRAIN) * NSEC_PER_SEC;
}
