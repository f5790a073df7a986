#include "policy/port_set.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT_MAX 65535u
#define PROTOCOLS 3u

/* The protocols' ports in one line; port 0, which is in no set, stands between them. */
static uint32_t line_of(uint8_t protocol, uint16_t port)
{
	uint32_t rank = protocol == IPPROTO_TCP ? 0 : protocol == IPPROTO_UDP ? 1 : 2;

	return rank << 16 | port;
}

static struct port_range range_of(uint32_t first, uint32_t last)
{
	static const uint8_t protocols[PROTOCOLS] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP};

	return (struct port_range){protocols[first >> 16], (uint16_t)(first & PORT_MAX),
				   (uint16_t)(last & PORT_MAX)};
}

/* One that is walked from its beginning to its end. */
struct walk {
	const struct port_set *set;
	size_t next;
};

#define LINE_END (PROTOCOLS << 16)

/* Is it in the set at that place, and where does this change? */
static bool walk_to(struct walk *walk, uint32_t at, uint32_t *ret_until)
{
	const struct port_set *set = walk->set;
	const struct port_range *next;
	uint32_t first;

	while (walk->next < set->count &&
	       line_of(set->items[walk->next].protocol, set->items[walk->next].last) < at)
		walk->next++;
	if (walk->next == set->count) {
		*ret_until = LINE_END;
		return false;
	}
	next = &set->items[walk->next];
	first = line_of(next->protocol, next->first);
	*ret_until = at < first ? first : line_of(next->protocol, next->last) + 1;
	return at >= first;
}

static void append(struct port_set *set, uint32_t first, uint32_t last)
{
	struct port_range *before = set->count ? &set->items[set->count - 1] : NULL;

	if (before && line_of(before->protocol, before->last) + 1 == first)
		before->last = (uint16_t)(last & PORT_MAX);
	else
		set->items[set->count++] = range_of(first, last);
}

typedef bool keep_fn(bool in_set, bool in_other);

static int combine(struct port_set *set, const struct port_set *other, keep_fn *keep)
{
	struct port_set made = {.capacity = set->count + other->count + 1};
	struct walk a = {.set = set}, b = {.set = other};

	made.items = calloc(made.capacity, sizeof(*made.items));
	if (!made.items)
		return -ENOMEM;
	for (uint32_t at = 0, next; at < LINE_END; at = next) {
		uint32_t until_a, until_b;
		bool in_a = walk_to(&a, at, &until_a), in_b = walk_to(&b, at, &until_b);

		next = until_a < until_b ? until_a : until_b;
		if (keep(in_a, in_b))
			append(&made, at, next - 1);
	}
	free(set->items);
	*set = made;
	return 0;
}

static bool in_either(bool in_set, bool in_other)
{
	return in_set || in_other;
}

static bool in_both(bool in_set, bool in_other)
{
	return in_set && in_other;
}

static bool in_first(bool in_set, bool in_other)
{
	return in_set && !in_other;
}

int port_set_unite(struct port_set *set, const struct port_set *other)
{
	return combine(set, other, in_either);
}

int port_set_intersect(struct port_set *set, const struct port_set *other)
{
	return combine(set, other, in_both);
}

int port_set_subtract(struct port_set *set, const struct port_set *other)
{
	return combine(set, other, in_first);
}

int port_set_add(struct port_set *set, struct port_range range)
{
	const struct port_set other = {&range, 1, 1};

	return port_set_unite(set, &other);
}

int port_set_add_all(struct port_set *set)
{
	struct port_range all[] = {
	    {IPPROTO_TCP, 1, PORT_MAX}, {IPPROTO_UDP, 1, PORT_MAX}, {IPPROTO_SCTP, 1, PORT_MAX}};
	const struct port_set other = {all, PROTOCOLS, PROTOCOLS};

	return port_set_unite(set, &other);
}

int port_set_copy(const struct port_set *set, struct port_set *ret)
{
	if (ret->capacity < set->count) {
		struct port_range *items = calloc(set->count, sizeof(*items));

		if (!items)
			return -ENOMEM;
		free(ret->items);
		ret->items = items;
		ret->capacity = set->count;
	}
	if (set->count > 0)
		memcpy(ret->items, set->items, set->count * sizeof(*set->items));
	ret->count = set->count;
	return 0;
}

bool port_set_has(const struct port_set *set, uint8_t protocol, uint16_t port)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->items[i].protocol == protocol && set->items[i].first <= port &&
		    port <= set->items[i].last)
			return true;
	return false;
}

bool port_set_is_all(const struct port_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->items[i].first != 1 || set->items[i].last != PORT_MAX)
			return false;
	return set->count == PROTOCOLS;
}

bool port_set_equal(const struct port_set *a, const struct port_set *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->items[i].protocol != b->items[i].protocol ||
		    a->items[i].first != b->items[i].first || a->items[i].last != b->items[i].last)
			return false;
	return true;
}

const char *port_range_format(struct port_range range, char text[static PORT_SET_RANGE_TEXT_MAX])
{
	const char *protocol = range.protocol == IPPROTO_TCP   ? "TCP"
			       : range.protocol == IPPROTO_UDP ? "UDP"
							       : "SCTP";

	if (range.first == range.last)
		snprintf(text, PORT_SET_RANGE_TEXT_MAX, "%s %u", protocol, range.first);
	else
		snprintf(text, PORT_SET_RANGE_TEXT_MAX, "%s %u-%u", protocol, range.first,
			 range.last);
	return text;
}

void port_set_clear(struct port_set *set)
{
	free(set->items);
	*set = (struct port_set){0};
}
