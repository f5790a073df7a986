#include "policy/reach_ranges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/blocks.h"

/* ---- cuts ---- */

static const struct addr families[] = {{.family = ADDR_IPV4}, {.family = ADDR_IPV6}};
#define FAMILIES (sizeof(families) / sizeof(families[0]))

/* The next address, not set after the last of the family. */
static struct addr after(struct addr address)
{
	size_t i = addr_length(address);

	while (i > 0 && ++address.bytes[i - 1] == 0)
		i--;
	return i > 0 ? address : (struct addr){0};
}

/* The one before, which must exist. */
static struct addr before(struct addr address)
{
	size_t i = addr_length(address);

	while (i > 0 && address.bytes[i - 1]-- == 0)
		i--;
	return address;
}

static struct addr last_of_family(struct addr address)
{
	memset(address.bytes, 0xff, addr_length(address));
	return address;
}

int reach_cuts_add(struct reach_cuts *cuts, struct addr first)
{
	if (cuts->count == cuts->capacity) {
		size_t wanted = cuts->capacity ? cuts->capacity * 2 : 16;
		struct addr *grown = reallocarray(cuts->items, wanted, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		cuts->items = grown;
		cuts->capacity = wanted;
	}
	cuts->items[cuts->count++] = first;
	return 0;
}

int reach_cuts_around(struct reach_cuts *cuts, struct addr_range range)
{
	struct addr next = after(range.last);
	int r = reach_cuts_add(cuts, range.first);

	return r == 0 && addr_is_set(next) ? reach_cuts_add(cuts, next) : r;
}

static int compare(const void *a, const void *b)
{
	return addr_compare(*(const struct addr *)a, *(const struct addr *)b);
}

void reach_cuts_sort(struct reach_cuts *cuts)
{
	size_t kept = 0;

	if (cuts->count > 0)
		qsort(cuts->items, cuts->count, sizeof(*cuts->items), compare);
	for (size_t i = 0; i < cuts->count; i++)
		if (i == 0 || !addr_equal(cuts->items[kept - 1], cuts->items[i]))
			cuts->items[kept++] = cuts->items[i];
	cuts->count = kept;
}

struct addr_range reach_cuts_range(const struct reach_cuts *cuts, size_t index)
{
	const struct addr first = cuts->items[index];

	if (index + 1 < cuts->count && cuts->items[index + 1].family == first.family)
		return (struct addr_range){first, before(cuts->items[index + 1])};
	return (struct addr_range){first, last_of_family(first)};
}

void reach_cuts_clear(struct reach_cuts *cuts)
{
	free(cuts->items);
	*cuts = (struct reach_cuts){0};
}

/* ---- pieces ---- */

struct cutting {
	struct reach_cuts *cuts;
	enum direction direction;
	int error;
};

static int cut_at_peer(struct reach_cuts *cuts, const struct netpol_peer *peer)
{
	int r = peer->has_block ? reach_cuts_around(cuts, prefix_range(peer->block)) : 0;

	for (size_t i = 0; r == 0 && peer->has_block && i < peer->except_count; i++)
		r = reach_cuts_around(cuts, prefix_range(peer->except[i]));
	return r;
}

/* Only the blocks of the policies that isolate the pod can matter to it. */
static void cut_at_policy(void *context, enum direction direction, const struct netpol *policy,
			  const struct netpol_rule *rule, const struct port_set *ports,
			  bool is_sure)
{
	struct cutting *cutting = context;

	(void)ports;
	(void)is_sure;
	if (rule || direction != cutting->direction)
		return;
	for (size_t i = 0; i < policy->rule_count[direction]; i++)
		for (size_t j = 0; j < policy->rules[direction][i].peer_count; j++)
			if (cutting->error == 0)
				cutting->error = cut_at_peer(cutting->cuts,
							     &policy->rules[direction][i].peers[j]);
}

static int explain(struct evaluator *evaluator, const struct party *pod, enum direction direction,
		   const struct party *addresses, struct cutting *cutting)
{
	int r;

	if (direction == DIRECTION_EGRESS)
		r = evaluator_explain(evaluator, pod, addresses, cut_at_policy, cutting);
	else
		r = evaluator_explain(evaluator, addresses, pod, cut_at_policy, cutting);
	return r < 0 ? r : cutting->error;
}

static int cut(struct evaluator *evaluator, const struct party *pod, enum direction direction,
	       struct reach_cuts *cuts)
{
	struct cutting cutting = {.cuts = cuts, .direction = direction};
	const struct party anywhere = {.kind = PARTY_ADDRESSES,
				       .range = {families[0], families[0]}};
	int r = explain(evaluator, pod, direction, &anywhere, &cutting);

	for (size_t i = 0; r == 0 && i < FAMILIES; i++)
		r = reach_cuts_add(cuts, families[i]);
	reach_cuts_sort(cuts);
	return r;
}

static int add(struct reach_pieces *pieces, struct addr first, uint32_t answer)
{
	const struct reach_piece *last =
	    pieces->count > 0 ? &pieces->items[pieces->count - 1] : NULL;

	if (last && last->answer == answer && last->first.family == first.family)
		return 0;
	if (pieces->count == pieces->capacity) {
		size_t wanted = pieces->capacity ? pieces->capacity * 2 : 2;
		struct reach_piece *grown = reallocarray(pieces->items, wanted, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		pieces->items = grown;
		pieces->capacity = wanted;
	}
	pieces->items[pieces->count++] = (struct reach_piece){first, answer};
	return 0;
}

/* One address speaks for its piece: nothing that matters to the pod tells them apart. */
static int ask(struct answers *answers, const struct party *pod, enum direction direction,
	       struct addr address, uint32_t *ret)
{
	const struct party addresses = {.kind = PARTY_ADDRESSES, .range = {address, address}};

	if (direction == DIRECTION_EGRESS)
		return answers_ask(answers, pod, &addresses, ret);
	return answers_ask(answers, &addresses, pod, ret);
}

int reach_pieces_make(struct answers *answers, size_t pod, enum direction direction,
		      struct reach_pieces *ret)
{
	const struct party party = {.kind = PARTY_POD, .index = pod};
	struct reach_cuts cuts = {0};
	int r = cut(answers->evaluator, &party, direction, &cuts);

	for (size_t i = 0; r == 0 && i < cuts.count; i++) {
		uint32_t answer;

		r = ask(answers, &party, direction, cuts.items[i], &answer);
		if (r == 0)
			r = add(ret, cuts.items[i], answer);
	}
	reach_cuts_clear(&cuts);
	return r;
}

uint32_t reach_pieces_find(const struct reach_pieces *pieces, struct addr address)
{
	size_t low = 0, high = pieces->count;

	/* The last that does not begin after it; the first of all begins with the first address. */
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (addr_compare(pieces->items[middle].first, address) <= 0)
			low = middle;
		else
			high = middle;
	}
	return pieces->items[low].answer;
}

bool reach_pieces_equal(const struct reach_pieces *a, const struct reach_pieces *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->items[i].answer != b->items[i].answer ||
		    !addr_equal(a->items[i].first, b->items[i].first))
			return false;
	return true;
}

void reach_pieces_clear(struct reach_pieces *pieces)
{
	free(pieces->items);
	*pieces = (struct reach_pieces){0};
}
