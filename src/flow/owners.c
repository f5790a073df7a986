#include "flow/owners.h"

#include "base/clock.h"

/* Who had it long ago was said when it was known. */
static uint32_t bind_pod(const struct owners *owners, struct addr address, int64_t when, bool spoke,
			 uint32_t said)
{
	int64_t slack = spoke ? owners->slack : 0;
	uint32_t number = 0;

	if (when < registry_forgotten(owners->registry))
		return said;
	if (registry_bind(owners->registry, address, when, slack, &number) < 0)
		return 0;
	return number;
}

uint32_t owners_find(const struct owners *owners, struct addr address, int64_t when, bool spoke)
{
	return bind_pod(owners, address, when, spoke, 0);
}

/* It may have begun long before it last spoke, and with another pod, and have spoken any time since
 * then: only who has had the address all the time is known to be meant. */
static uint32_t bind_unbegun(const struct owners *owners, struct addr address, int64_t spoke,
			     int64_t now)
{
	uint32_t number = 0, last = 0;

	if (spoke > now)
		now = spoke;
	if (spoke < registry_forgotten(owners->registry) ||
	    registry_bind_span(owners->registry, address, spoke, now, 0, &number) < 0 ||
	    registry_bind(owners->registry, address, now, 0, &last) < 0)
		return 0;
	return last == number ? number : 0;
}

static void entry_bind_unbegun(const struct owners *owners, struct live_entry *entry, int64_t now)
{
	if (!entry->source_pod)
		entry->source_pod =
		    bind_unbegun(owners, entry->original.source, entry->first_ns, now);
	if (!entry->destination_pod)
		entry->destination_pod =
		    bind_unbegun(owners, entry->reply.source, entry->first_ns, now);
}

void owners_bind(const struct owners *owners, struct live_entry *entry, enum verdict verdict,
		 int64_t now)
{
	bool answered = verdict == VERDICT_ANSWERED;

	if (entry->unbegun) {
		entry_bind_unbegun(owners, entry, now);
		return;
	}
	if (!entry->restored || !entry->source_pod)
		entry->source_pod = bind_pod(owners, entry->original.source, entry->first_ns, true,
					     entry->source_pod);
	if (!entry->restored || !entry->destination_pod)
		entry->destination_pod = bind_pod(owners, entry->reply.source, entry->first_ns,
						  answered, entry->destination_pod);
}

static int64_t end_first(const struct owners *owners, const struct live_entry *entry, uint32_t pod,
			 struct addr address)
{
	const struct registry *registry = owners->registry;
	int64_t first = entry->first_ns, since;
	bool is_doubted;

	if (entry->unbegun)
		first -= owners->slack;
	if (pod)
		return first;
	is_doubted = entry->unbegun ? registry_has_owner(registry, address, first, &since)
				    : registry_is_unseen(registry, address, first, &since);
	return is_doubted ? since - owners->slack - NSEC_PER_MSEC : first;
}

int64_t owners_first(const struct owners *owners, const struct live_entry *entry)
{
	int64_t source = end_first(owners, entry, entry->source_pod, entry->original.source);
	int64_t destination = end_first(owners, entry, entry->destination_pod, entry->reply.source);

	return source < destination ? source : destination;
}
