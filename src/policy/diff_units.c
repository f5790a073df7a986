#include "policy/diff_units.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/array.h"
#include "policy/pod_classes.h"

static int compare_owners(const struct scene_owner *a, const struct scene_owner *b)
{
	int order = strcmp(a->namespace, b->namespace);

	if (order == 0)
		order = strcmp(a->name, b->name);
	return order ? order : strcmp(a->kind, b->kind);
}

static int compare_names(const void *a, const void *b)
{
	const struct diff_member *left = a, *right = b;
	int order = compare_owners(left->name, right->name);

	return order ? order : strcmp(left->name->pod, right->name->pod);
}

static int compare_numbers(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

/* Within an owner. */
static int compare_classes(const void *a, const void *b)
{
	const struct diff_member *left = a, *right = b;
	int order = compare_numbers(left->classes[DIFF_OLD], right->classes[DIFF_OLD]);

	if (order == 0)
		order = compare_numbers(left->classes[DIFF_NEW], right->classes[DIFF_NEW]);
	return order ? order : strcmp(left->name->pod, right->name->pod);
}

static int add_members(const struct diff_set *set, enum diff_side side, struct diff_units *units)
{
	struct pod_classes classes;
	int r = pod_classes_make(set->scene, set->evaluator, &classes);

	for (size_t i = 0; r == 0 && i < set->scene->pod_count; i++) {
		struct diff_member *member = &units->members[units->member_count++];

		*member = (struct diff_member){.name = &set->owners[i],
					       .pods = {SCENE_NONE, SCENE_NONE},
					       .classes = {SCENE_NONE, SCENE_NONE}};
		member->pods[side] = i;
		member->classes[side] = classes.of[i];
	}
	if (r == 0)
		pod_classes_clear(&classes);
	return r;
}

/* What both have is one. */
static void join_members(struct diff_units *units)
{
	size_t kept = 0;

	for (size_t i = 0; i < units->member_count; i++) {
		struct diff_member *member = &units->members[i];
		struct diff_member *last = kept > 0 ? &units->members[kept - 1] : NULL;

		if (!last || compare_names(last, member) != 0) {
			units->members[kept++] = *member;
			continue;
		}
		for (int side = 0; side < DIFF_SIDES; side++)
			if (last->pods[side] == SCENE_NONE) {
				last->pods[side] = member->pods[side];
				last->classes[side] = member->classes[side];
			}
	}
	units->member_count = kept;
}

static int make_members(const struct diff_set sets[static DIFF_SIDES], struct diff_units *units)
{
	size_t most = sets[DIFF_OLD].scene->pod_count + sets[DIFF_NEW].scene->pod_count;

	units->members = calloc(most + 1, sizeof(*units->members));
	if (!units->members)
		return -ENOMEM;
	if (add_members(&sets[DIFF_OLD], DIFF_OLD, units) < 0 ||
	    add_members(&sets[DIFF_NEW], DIFF_NEW, units) < 0)
		return -ENOMEM;
	qsort(units->members, units->member_count, sizeof(*units->members), compare_names);
	join_members(units);
	return 0;
}

/* Are those that this set has of one class? */
static bool is_one_class(const struct diff_member *members, size_t count, int side)
{
	size_t class = SCENE_NONE;

	for (size_t i = 0; i < count; i++) {
		if (members[i].pods[side] == SCENE_NONE)
			continue;
		if (class != SCENE_NONE && class != members[i].classes[side])
			return false;
		class = members[i].classes[side];
	}
	return true;
}

static void describe(const struct diff_units *units, struct diff_unit *unit)
{
	for (int side = 0; side < DIFF_SIDES; side++) {
		unit->pod[side] = SCENE_NONE;
		for (size_t i = 0; i < unit->count; i++) {
			const struct diff_member *member = &units->members[unit->first + i];

			if (member->pods[side] == SCENE_NONE)
				continue;
			/* A workload makes as many as it is told to. */
			unit->is_several |= unit->pod[side] != SCENE_NONE || !member->name->pod[0];
			unit->pod[side] = member->pods[side];
		}
		unit->is_in[side] = unit->pod[side] != SCENE_NONE;
	}
}

static void add_unit(struct diff_units *units, size_t first, size_t count)
{
	struct diff_unit *unit = &units->items[units->count++];

	*unit = (struct diff_unit){.first = first, .count = count};
	describe(units, unit);
}

static void add_owner(struct diff_units *units, size_t first, size_t count)
{
	struct diff_member *members = &units->members[first];
	size_t unit_first = units->count;

	if (is_one_class(members, count, DIFF_OLD) && is_one_class(members, count, DIFF_NEW)) {
		/* Replicas come and go: who is new here is as those that were there before. */
		add_unit(units, first, count);
	} else {
		qsort(members, count, sizeof(*members), compare_classes);
		for (size_t i = 0, next; i < count; i = next) {
			for (next = i + 1; next < count; next++)
				if (memcmp(members[i].classes, members[next].classes,
					   sizeof(members[i].classes)) != 0)
					break;
			add_unit(units, first + i, next - i);
		}
	}
	for (size_t i = unit_first; i < units->count; i++) {
		units->items[i].owner_first = unit_first;
		units->items[i].owner_end = units->count;
	}
}

static void add_owners(struct diff_units *units)
{
	for (size_t i = 0, next; i < units->member_count; i = next) {
		next = i + 1;
		while (next < units->member_count &&
		       compare_owners(units->members[i].name, units->members[next].name) == 0)
			next++;
		add_owner(units, i, next - i);
	}
	units->range_first = units->count;
}

static void add_range(struct diff_units *units, struct addr first, struct addr last)
{
	units->items[units->count] = (struct diff_unit){.range = {first, last},
							.is_in = {true, true},
							.owner_first = units->count,
							.owner_end = units->count + 1};
	units->count++;
}

/* Both have the whole space of each family, in order. */
static void add_ranges(struct diff_units *units, const struct addr_range *a, size_t a_count,
		       const struct addr_range *b, size_t b_count)
{
	for (size_t i = 0, j = 0; i < a_count && j < b_count;) {
		struct addr first =
		    addr_compare(a[i].first, b[j].first) > 0 ? a[i].first : b[j].first;
		int order = addr_compare(a[i].last, b[j].last);

		add_range(units, first, order < 0 ? a[i].last : b[j].last);
		i += order <= 0;
		j += order >= 0;
	}
}

int diff_units_make(const struct diff_set sets[static DIFF_SIDES], struct diff_units *ret)
{
	const struct addr_range *ranges[DIFF_SIDES];
	size_t range_counts[DIFF_SIDES], most;

	*ret = (struct diff_units){0};
	for (int side = 0; side < DIFF_SIDES; side++) {
		int r = answers_make(&ret->answers[side], sets[side].evaluator, NULL);

		if (r < 0)
			return r;
		ranges[side] = evaluator_ranges(sets[side].evaluator, &range_counts[side]);
	}
	if (make_members(sets, ret) < 0)
		return -ENOMEM;
	most = ret->member_count + range_counts[DIFF_OLD] + range_counts[DIFF_NEW];
	ret->items = calloc(most + 1, sizeof(*ret->items));
	ret->out = calloc(most + 1, sizeof(*ret->out));
	ret->in = calloc(most + 1, sizeof(*ret->in));
	if (!ret->items || !ret->out || !ret->in)
		return -ENOMEM;
	add_owners(ret);
	add_ranges(ret, ranges[DIFF_OLD], range_counts[DIFF_OLD], ranges[DIFF_NEW],
		   range_counts[DIFF_NEW]);
	return 0;
}

static struct party party_of(const struct diff_unit *unit, int side, bool another)
{
	if (unit->count == 0)
		return (struct party){
		    .kind = PARTY_ADDRESSES, .index = SCENE_NONE, .range = unit->range};
	return (struct party){.kind = PARTY_POD, .index = unit->pod[side], .another = another};
}

static int ask(struct diff_units *units, int side, size_t from, size_t to, uint32_t *ret)
{
	const struct diff_unit *source = &units->items[from], *destination = &units->items[to];
	struct party sender, receiver;

	*ret = ANSWERS_NOTHING;
	if (!source->is_in[side] || !destination->is_in[side] ||
	    (from == to && !source->is_several))
		return 0;
	sender = party_of(source, side, false);
	receiver = party_of(destination, side, from == to);
	return answers_ask(&units->answers[side], &sender, &receiver, ret);
}

static int put(struct diff_line *line, const struct diff_cell *cell)
{
	if (array_grow(&line->items, sizeof(*line->items), line->count, &line->capacity) < 0)
		return -ENOMEM;
	line->items[line->count++] = *cell;
	return 0;
}

static int ask_pair(struct diff_units *units, size_t from, size_t to)
{
	struct diff_cell cell = {.other = (uint32_t)to};
	int r = 0;

	for (int side = 0; r == 0 && side < DIFF_SIDES; side++)
		r = ask(units, side, from, to, &cell.answers[side]);
	if (r < 0 || (cell.answers[DIFF_OLD] == ANSWERS_NOTHING &&
		      cell.answers[DIFF_NEW] == ANSWERS_NOTHING))
		return r;
	r = put(&units->out[from], &cell);
	cell.other = (uint32_t)from;
	return r < 0 ? r : put(&units->in[to], &cell);
}

int diff_units_ask(struct diff_units *units)
{
	int r = 0;

	if (units->count > UINT32_MAX)
		return -ENOMEM;
	for (size_t from = 0; r == 0 && from < units->count; from++) {
		size_t end = from < units->range_first ? units->count : units->range_first;

		for (size_t to = 0; r == 0 && to < end; to++)
			r = ask_pair(units, from, to);
	}
	return r;
}

static int compare_cells(const void *key, const void *item)
{
	return compare_numbers(*(const size_t *)key, ((const struct diff_cell *)item)->other);
}

const struct diff_cell *diff_line_find(const struct diff_line *line, size_t other)
{
	if (line->count == 0)
		return NULL;
	return bsearch(&other, line->items, line->count, sizeof(*line->items), compare_cells);
}

void diff_units_clear(struct diff_units *units)
{
	for (size_t i = 0; units->out && units->in && i < units->count; i++) {
		free(units->out[i].items);
		free(units->in[i].items);
	}
	for (int side = 0; side < DIFF_SIDES; side++)
		answers_clear(&units->answers[side]);
	free(units->members);
	free(units->items);
	free(units->out);
	free(units->in);
	*units = (struct diff_units){0};
}
