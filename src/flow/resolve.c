#include "flow/resolve.h"

#include <linux/netfilter/nf_conntrack_tcp.h>
#include <netinet/in.h>
#include <string.h>

static bool protocol_expects_answer(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_SCTP || protocol == IPPROTO_DCCP ||
	       protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

struct edge_key resolve_key(const struct tuple *original, const struct tuple *reply)
{
	struct edge_key key;

	memset(&key, 0, sizeof(key));
	key.source = original->source;
	key.destination = reply->source;
	key.protocol = original->protocol;
	key.has_port = original->has_ports;
	key.port = original->has_ports ? reply->source_port : 0;
	if (!addr_equal(original->destination, reply->source) ||
	    (original->has_ports && original->destination_port != reply->source_port)) {
		key.service = original->destination;
		key.service_port = original->has_ports ? original->destination_port : 0;
	}
	if (!addr_equal(reply->destination, original->source))
		key.translated = reply->destination;
	return key;
}

bool resolve_direction_uncertain(const struct conntrack_event *first)
{
	if (first->original.protocol != IPPROTO_TCP)
		return false;
	if (first->type == CONNTRACK_NEW && !(first->status & CONNTRACK_SEEN_REPLY))
		return first->has_tcp_state && first->tcp_state != TCP_CONNTRACK_SYN_SENT;
	return first->tcp_picked_up;
}

enum verdict resolve_silent(uint8_t protocol)
{
	return protocol_expects_answer(protocol) ? VERDICT_UNANSWERED : VERDICT_ONE_WAY;
}

static bool ended_by_reset(const struct conntrack_event *destroy)
{
	if (destroy->original.protocol != IPPROTO_TCP || (destroy->status & CONNTRACK_SEEN_REPLY))
		return false;
	if (destroy->has_counters)
		return destroy->packets_received > 0;
	return destroy->has_timeout && destroy->timeout > 0 && destroy->sender == 0;
}

enum verdict resolve_ended(const struct conntrack_event *destroy)
{
	if (ended_by_reset(destroy))
		return VERDICT_REFUSED;
	if (destroy->status & CONNTRACK_SEEN_REPLY)
		return VERDICT_ANSWERED;
	return resolve_silent(destroy->original.protocol);
}

/* Both protocols know a state of their own that is not told. */
static bool has_untold_state(const struct conntrack_event *destroy)
{
	uint8_t protocol = destroy->original.protocol;

	return (protocol == IPPROTO_TCP && !destroy->has_tcp_state) || protocol == IPPROTO_SCTP ||
	       protocol == IPPROTO_DCCP;
}

static enum ending ending_in_state(const struct conntrack_event *destroy)
{
	if (destroy->original.protocol != IPPROTO_TCP || !destroy->has_tcp_state)
		return ended_by_reset(destroy) ? ENDING_RESET : ENDING_TIMED_OUT;
	if (destroy->tcp_state == TCP_CONNTRACK_CLOSE)
		return ENDING_RESET;
	if (destroy->tcp_state == TCP_CONNTRACK_LAST_ACK ||
	    destroy->tcp_state == TCP_CONNTRACK_TIME_WAIT)
		return ENDING_IN_ORDER;
	return ENDING_TIMED_OUT;
}

enum ending resolve_ending(const struct conntrack_event *destroy, bool table_is_full)
{
	enum ending ending = ending_in_state(destroy);

	if (destroy->sender != 0)
		return ENDING_DELETED;
	if (ending != ENDING_TIMED_OUT)
		return ending;
	if (destroy->has_timeout && destroy->timeout > 0)
		return table_is_full ? ENDING_EVICTED : ENDING_DELETED;
	if (has_untold_state(destroy) && (destroy->status & CONNTRACK_SEEN_REPLY))
		return ENDING_IN_ORDER;
	return ENDING_TIMED_OUT;
}

enum verdict resolve_open(const struct conntrack_event *entry)
{
	return entry->status & CONNTRACK_SEEN_REPLY ? VERDICT_ANSWERED : VERDICT_UNKNOWN;
}

bool protocol_has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE ||
	       protocol == IPPROTO_SCTP || protocol == IPPROTO_DCCP;
}

struct path path_of_connection(const struct tuple *original, const struct tuple *reply)
{
	struct path path;

	memset(&path, 0, sizeof(path));
	path.source = original->source;
	path.source_port = original->source_port;
	path.destination = reply->source;
	path.destination_port =
	    original->has_ports ? reply->source_port : original->destination_port;
	path.protocol = original->protocol;
	return path;
}

struct path path_of_packet(const struct tuple *packet)
{
	struct path path;

	memset(&path, 0, sizeof(path));
	path.source = packet->source;
	path.source_port = packet->source_port;
	path.destination = packet->destination;
	path.destination_port = packet->destination_port;
	path.protocol = packet->protocol;
	return path;
}
