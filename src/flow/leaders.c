#include "flow/leaders.h"

#include <string.h>

static struct zone_entry zone_entry_of(const struct live_entry *entry, int64_t begun)
{
	const struct edge_key key = resolve_key(&entry->original, &entry->reply);

	return (struct zone_entry){
	    .path = path_of_connection(&entry->original, &entry->reply),
	    .service = key.service,
	    .service_port = key.service_port,
	    .zone = entry->zone,
	    .id = entry->id,
	    .begun = begun,
	};
}

/* As the kernel has it. */
static struct tuple original_of(const struct zone_entry *member)
{
	const struct path *path = &member->path;
	bool has_service = addr_is_set(member->service);
	struct tuple original;

	memset(&original, 0, sizeof(original));
	original.source = path->source;
	original.destination = has_service ? member->service : path->destination;
	original.source_port = path->source_port;
	original.destination_port = path->destination_port;
	original.protocol = path->protocol;
	original.has_ports = protocol_has_ports(path->protocol);
	if (has_service && original.has_ports)
		original.destination_port = member->service_port;
	return original;
}

static bool find_leader(const struct leaders *leaders, const struct zone_entry *member,
			struct live_entry *ret_leader)
{
	struct zone_entry leader;
	struct tuple original;

	if (!zones_leader(leaders->zones, member, &leader))
		return false;
	original = original_of(&leader);
	return live_find(leaders->live, &original, leader.zone, leader.id, ret_leader);
}

static bool is_translated(const struct live_entry *entry)
{
	return !addr_equal(entry->reply.destination, entry->original.source);
}

/* To what address source NAT turned the client may be known in one zone alone. */
static bool learn_translation(struct live_entry *entry, const struct live_entry *from)
{
	if (is_translated(entry) || !is_translated(from))
		return false;
	entry->reply.destination = from->reply.destination;
	entry->reply.destination_port = from->reply.destination_port;
	return true;
}

static void entry_inherit(const struct leaders *leaders, struct live_entry *entry,
			  struct live_entry *leader, const struct conntrack_event *event,
			  int64_t now)
{
	entry->verdict = leader->verdict;
	entry->source_pod = leader->source_pod;
	entry->destination_pod = leader->destination_pod;
	entry->has_counters = leader->has_counters;
	entry->packets_sent = leader->has_counters ? event->packets_sent : 0;
	entry->packets_received = leader->has_counters ? event->packets_received : 0;
	entry->bytes_sent = leader->has_counters ? event->bytes_sent : 0;
	entry->bytes_received = leader->has_counters ? event->bytes_received : 0;
	account_hand_over(leaders->account, leader, entry, now);
}

/* From one that knows nothing of the service address. Once it was counted only what shows all
 * counters can go on in its place. */
static bool entry_take_lead(const struct leaders *leaders, struct live_entry *entry,
			    struct live_entry *leader, const struct conntrack_event *event,
			    int64_t now)
{
	if (leader->verdict && event->type != CONNTRACK_ENTRY)
		return false;
	learn_translation(entry, leader);
	entry->follower = false;
	if (leader->verdict)
		entry_inherit(leaders, entry, leader, event, now);
	leader->verdict = 0;
	leader->follower = true;
	live_put(leaders->live, leader);
	return true;
}

/* What one entry knows of the connection and its leader does not, before it is counted. */
static void entry_tell_leader(const struct leaders *leaders, struct live_entry *entry,
			      const struct zone_entry *member, bool explains,
			      const struct conntrack_event *event, int64_t now)
{
	struct live_entry leader;

	if (!find_leader(leaders, member, &leader))
		return;
	if (explains && entry_take_lead(leaders, entry, &leader, event, now))
		zones_lead(leaders->zones, member);
	else if (!leader.verdict && learn_translation(&leader, entry))
		live_put(leaders->live, &leader);
}

/* Those of the only zone up to now. */
static void join_all(const struct leaders *leaders, int64_t now)
{
	struct live_entry entry;
	uint32_t cursor = 0;

	while (live_next(leaders->live, &cursor, &entry)) {
		struct zone_entry member = zone_entry_of(&entry, 0);

		if (!entry.ended)
			zones_join(leaders->zones, &member, now);
	}
}

void leaders_join(const struct leaders *leaders, struct live_entry *entry, int64_t begun,
		  const struct conntrack_event *event, int64_t now)
{
	struct zone_entry member;
	enum zones_place place;

	if (zones_notice(leaders->zones, entry->zone))
		join_all(leaders, now);
	if (!zones_are_several(leaders->zones))
		return;
	member = zone_entry_of(entry, begun);
	place = zones_join(leaders->zones, &member, now);
	entry->follower = place != ZONES_LEADS;
	if (entry->follower && event && event->type != CONNTRACK_DESTROY)
		entry_tell_leader(leaders, entry, &member, place == ZONES_EXPLAINS, event, now);
}

void leaders_part(const struct leaders *leaders, const struct live_entry *entry, int64_t now)
{
	struct zone_entry member;

	if (!zones_are_several(leaders->zones) || entry->awaited)
		return;
	member = zone_entry_of(entry, 0);
	zones_end(leaders->zones, &member, now);
}
