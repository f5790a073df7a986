#include <string.h>

#include "base/buf.h"
#include "policy/evaluate_internal.h"

/* A peer, which many rules may have. */
struct peer_group {
	const struct netpol_peer *peer;
	size_t own; /* namespace of the policies, SCENE_NONE: not of the scene */
};

struct peer_use {
	uint32_t group;
	uint32_t rule;
};

/* Rules as a part of a row. */
struct rule_word {
	size_t word;
	uint64_t bits;
};

/* What is made while rules are told of. */
struct grouping {
	struct evaluator *evaluator;
	struct ruleset *ruleset;
	struct intern peers;
	struct buf key;
	struct peer_group *groups;
	size_t group_capacity;
	struct peer_use *uses;
	size_t use_count;
	size_t use_capacity;
	struct rule_word *words; /* of one group */
	size_t word_count;
};

/* ---- which are the same ---- */

static void put_text(struct buf *key, const char *text)
{
	buf_put(key, text, strlen(text) + 1);
}

static void put_selector(struct buf *key, const struct label_selector *selector)
{
	buf_put(key, &selector->count, sizeof(selector->count));
	for (size_t i = 0; i < selector->count; i++) {
		const struct requirement *requirement = &selector->items[i];

		put_text(key, requirement->key);
		buf_putc(key, (char)requirement->operator);
		buf_put(key, &requirement->value_count, sizeof(requirement->value_count));
		for (size_t j = 0; j < requirement->value_count; j++)
			put_text(key, requirement->values[j]);
	}
}

static void put_peer(struct buf *key, const struct netpol_peer *peer, size_t own)
{
	static const struct label_selector all = {0};

	key->length = 0;
	buf_putc(key, peer->has_namespaces);
	if (peer->has_namespaces)
		put_selector(key, &peer->namespaces);
	else
		buf_put(key, &own, sizeof(own));
	put_selector(key, peer->has_pods ? &peer->pods : &all);
}

static int add_use(struct grouping *grouping, const struct netpol_peer *peer, size_t own,
		   size_t rule)
{
	size_t known = grouping->peers.count, group;

	put_peer(&grouping->key, peer, own);
	if (grouping->key.error < 0 ||
	    array_grow(&grouping->groups, sizeof(*grouping->groups), known,
		       &grouping->group_capacity) < 0 ||
	    array_grow(&grouping->uses, sizeof(*grouping->uses), grouping->use_count,
		       &grouping->use_capacity) < 0 ||
	    intern_add(&grouping->peers, grouping->key.data, grouping->key.length, &group) < 0)
		return -ENOMEM;
	if (group == known)
		grouping->groups[group] = (struct peer_group){peer, own};
	grouping->uses[grouping->use_count++] = (struct peer_use){(uint32_t)group, (uint32_t)rule};
	return 0;
}

static int add_rule(struct grouping *grouping, size_t rule)
{
	const struct compiled_rule *compiled = &grouping->ruleset->rules[rule];
	const char *name = grouping->evaluator->policies[compiled->policy].namespace;
	size_t own = scene_find_namespace(grouping->evaluator->scene, name);
	int r = 0;

	for (size_t i = 0; i < compiled->rule->peer_count && r == 0; i++)
		if (!compiled->rule->peers[i].has_block)
			r = add_use(grouping, &compiled->rule->peers[i], own, rule);
	return r;
}

static int compare_uses(const void *left, const void *right)
{
	const struct peer_use *a = left, *b = right;

	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	return a->rule < b->rule ? -1 : a->rule > b->rule;
}

/* ---- namespaces ---- */

/* namespace: of the scene; its namespace_count: one not known. */
static enum match match_peer_namespace(const struct evaluator *evaluator,
				       const struct peer_group *group, size_t namespace)
{
	const struct netpol_peer *peer = group->peer;
	bool known = namespace < evaluator->scene->namespace_count;

	if (!peer->has_namespaces) {
		if (!known)
			return MATCH_MAYBE;
		return namespace == group->own ? MATCH_YES : MATCH_NO;
	}
	if (!known)
		return label_selector_match(&peer->namespaces, NULL);
	return scene_match_namespace(&peer->namespaces, &evaluator->scene->namespaces[namespace]);
}

/* The same; NO where nobody is. */
static enum match match_inhabited(const struct evaluator *evaluator, const struct peer_group *group,
				  size_t namespace)
{
	if (evaluator->class_first[namespace] == evaluator->class_first[namespace + 1])
		return MATCH_NO;
	return match_peer_namespace(evaluator, group, namespace);
}

/* Asks for the peer's pods, and for the namespaces in which they may be, beside the one that is not
 * known. */
static int ask_of_group(struct evaluator *evaluator, const struct peer_group *group,
			const size_t **ret, size_t *ret_count)
{
	const struct netpol_peer *peer = group->peer;
	int r = class_index_ask(&evaluator->index, evaluator, peer->has_pods ? &peer->pods : NULL);

	if (r == 0 && peer->has_namespaces)
		return namespace_index_find(&evaluator->namespaces, evaluator->scene,
					    &peer->namespaces, ret, ret_count);
	*ret = &group->own;
	*ret_count = group->own != SCENE_NONE;
	return r;
}

/* ---- pods ---- */

/* The rules that have the peer, which are in order. */
static void gather_words(struct grouping *grouping, const struct peer_use *uses, size_t count)
{
	grouping->word_count = 0;
	for (size_t i = 0; i < count; i++) {
		size_t word = uses[i].rule / BITS_WORD;

		if (i == 0 || word != grouping->words[grouping->word_count - 1].word)
			grouping->words[grouping->word_count++] = (struct rule_word){.word = word};
		grouping->words[grouping->word_count - 1].bits |= UINT64_C(1)
								  << uses[i].rule % BITS_WORD;
	}
}

static void add_rules(const struct grouping *grouping, const struct bit_table *table, size_t class)
{
	uint64_t *row = bit_table_row(table, class);

	for (size_t i = 0; i < grouping->word_count; i++)
		row[grouping->words[i].word] |= grouping->words[i].bits;
}

static void admit_namespace(struct grouping *grouping, size_t namespace, enum match in_it)
{
	struct evaluator *evaluator = grouping->evaluator;
	size_t count;
	const struct found_class *found =
	    class_index_find(&evaluator->index, evaluator, namespace, &count);

	for (size_t i = 0; i < count; i++) {
		if (match_worse(in_it, found[i].match) == MATCH_YES)
			add_rules(grouping, &grouping->ruleset->sure, found[i].class);
		add_rules(grouping, &grouping->ruleset->possible, found[i].class);
	}
}

static void admit_if_in(struct grouping *grouping, const struct peer_group *group, size_t namespace)
{
	enum match match = match_inhabited(grouping->evaluator, group, namespace);

	if (match != MATCH_NO)
		admit_namespace(grouping, namespace, match);
}

static int admit_group(struct grouping *grouping, const struct peer_group *group)
{
	struct evaluator *evaluator = grouping->evaluator;
	const size_t *namespaces;
	size_t count;
	int r = ask_of_group(evaluator, group, &namespaces, &count);

	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		admit_if_in(grouping, group, namespaces[i]);
	admit_if_in(grouping, group, evaluator->scene->namespace_count);
	return 0;
}

static int admit_groups(struct grouping *grouping)
{
	const struct peer_use *uses = grouping->uses;
	size_t first = 0;
	int r = 0;

	grouping->words = calloc(grouping->use_count + 1, sizeof(*grouping->words));
	if (!grouping->words)
		return -ENOMEM;
	if (grouping->use_count > 0)
		qsort(grouping->uses, grouping->use_count, sizeof(*uses), compare_uses);
	for (size_t i = 1; i <= grouping->use_count && r == 0; i++) {
		if (i < grouping->use_count && uses[i].group == uses[first].group)
			continue;
		gather_words(grouping, &uses[first], i - first);
		r = admit_group(grouping, &grouping->groups[uses[first].group]);
		first = i;
	}
	return r;
}

int evaluator_admit_pods(struct evaluator *evaluator, struct ruleset *ruleset)
{
	struct grouping grouping = {
	    .evaluator = evaluator, .ruleset = ruleset, .peers = intern_make()};
	int r = 0;

	for (size_t i = 0; i < ruleset->count && r == 0; i++)
		r = add_rule(&grouping, i);
	if (r == 0)
		r = admit_groups(&grouping);
	intern_clear(&grouping.peers);
	buf_clear(&grouping.key);
	free(grouping.groups);
	free(grouping.uses);
	free(grouping.words);
	return r;
}

/* ---- who is meant ---- */

/* A class has the first of its pods. */
static enum match best_in(struct evaluator *evaluator, const struct peer_group *group,
			  size_t namespace, size_t pods)
{
	const enum match in_it = match_inhabited(evaluator, group, namespace);
	const struct found_class *found;
	enum match best = MATCH_NO;
	size_t count;

	if (in_it == MATCH_NO)
		return MATCH_NO;
	found = class_index_find(&evaluator->index, evaluator, namespace, &count);
	for (size_t i = 0; i < count && best != MATCH_YES; i++) {
		const enum match match = match_worse(in_it, found[i].match);

		if (evaluator->classes[found[i].class].pod < pods && match > best)
			best = match;
	}
	return best;
}

int evaluator_means(struct evaluator *evaluator, const struct netpol *policy,
		    const struct netpol_peer *peer, size_t pods, enum match *ret)
{
	const struct peer_group group = {peer,
					 scene_find_namespace(evaluator->scene, policy->namespace)};
	const size_t *namespaces;
	size_t count;
	int r = ask_of_group(evaluator, &group, &namespaces, &count);

	if (r < 0)
		return r;
	*ret = best_in(evaluator, &group, evaluator->scene->namespace_count, pods);
	for (size_t i = 0; i < count && *ret != MATCH_YES; i++) {
		const enum match best = best_in(evaluator, &group, namespaces[i], pods);

		*ret = best > *ret ? best : *ret;
	}
	return 0;
}
