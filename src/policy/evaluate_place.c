#include "policy/evaluate_internal.h"

static struct block_choice blocks_of_range(const struct evaluator *evaluator,
					   const struct addr_range *range)
{
	struct block_choice choice = {0};
	size_t last;

	if (!addr_is_set(range->first) || range->first.family != range->last.family ||
	    addr_compare(range->first, range->last) > 0)
		return choice;
	choice.first = blocks_find(&evaluator->blocks, range->first);
	last = choice.first;
	if (addr_compare(range->last, evaluator->blocks.items[last].last) > 0)
		last = blocks_find(&evaluator->blocks, range->last);
	choice.count = last - choice.first + 1;
	return choice;
}

static struct place place_of_node(const struct evaluator *evaluator, size_t node,
				  const struct addr_range *range, struct block_choice own)
{
	struct place place = {.is_node = true, .node = node, .blocks = own};

	if (addr_is_set(range->first))
		place.blocks = blocks_of_range(evaluator, range);
	return place;
}

struct place place_of(const struct evaluator *evaluator, const struct party *party)
{
	static const struct block_choice unknown = {0};
	size_t index = party->index;
	const struct scene_pod *pod;

	if (party->kind == PARTY_ADDRESSES)
		return (struct place){.blocks = blocks_of_range(evaluator, &party->range)};
	if (party->kind == PARTY_NODE)
		return place_of_node(evaluator, index, &party->range,
				     index == SCENE_NONE ? unknown : evaluator->node_blocks[index]);
	pod = &evaluator->scene->pods[index];
	if (pod->on_node)
		return place_of_node(evaluator, pod->node, &party->range,
				     evaluator->pod_blocks[index]);
	return (struct place){.is_pod = true,
			      .is_another = party->another,
			      .pod = index,
			      .class = evaluator->class_of[index],
			      .node = pod->node,
			      .blocks = evaluator->classes[evaluator->class_of[index]].blocks};
}

enum match place_own_node(const struct place *a, const struct place *b)
{
	if (!(a->is_pod && b->is_node) && !(a->is_node && b->is_pod))
		return MATCH_NO;
	if (a->node == SCENE_NONE || b->node == SCENE_NONE)
		return MATCH_MAYBE;
	return a->node == b->node ? MATCH_YES : MATCH_NO;
}

bool place_same_pod(const struct place *a, const struct place *b)
{
	return a->is_pod && b->is_pod && a->pod == b->pod && a->is_another == b->is_another;
}

size_t place_ports(const struct evaluator *evaluator, const struct place *destination)
{
	return destination->is_pod ? evaluator->classes[destination->class].ports : PORTS_NONE;
}

size_t place_alternatives(const struct place *place)
{
	return place->blocks.count > 0 ? place->blocks.count : 1;
}

struct peer_rows place_rows(const struct evaluator *evaluator, enum direction direction,
			    const struct place *place, size_t alternative)
{
	const struct ruleset *ruleset = &evaluator->rulesets[direction];
	const struct block_choice *blocks = &place->blocks;
	const uint64_t *nobody = bit_table_row(&ruleset->special, ROW_NOBODY);
	struct peer_rows rows = {.block = nobody, .any_block = nobody};
	bool by_address = !place->is_pod || evaluator->options.ipblock_pods;

	if (place->is_pod) {
		rows.sure = bit_table_row(&ruleset->sure, place->class);
		rows.possible = bit_table_row(&ruleset->possible, place->class);
	} else {
		rows.sure = bit_table_row(&ruleset->special, ROW_EVERYBODY);
		rows.possible = rows.sure;
	}
	if (blocks->count > 0) {
		size_t at = blocks->first + alternative;

		rows.block = rule_rows_at(&ruleset->blocks,
					  blocks->listed ? evaluator->block_lists[at] : at);
	} else if (by_address) {
		rows.any_block = bit_table_row(&ruleset->special, ROW_BLOCKS);
	}
	return rows;
}
