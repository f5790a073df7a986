#include "policy/diff_units.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/intern.h"
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
		unit->pod[side] = unit->classes[side] = SCENE_NONE;
		for (size_t i = 0; i < unit->count; i++) {
			const struct diff_member *member = &units->members[unit->first + i];

			if (member->pods[side] == SCENE_NONE)
				continue;
			/* A workload makes as many as it is told to. */
			unit->is_several |= unit->pod[side] != SCENE_NONE || !member->name->pod[0];
			unit->pod[side] = member->pods[side];
			unit->classes[side] = member->classes[side];
		}
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
}

/* ---- classes ---- */

static int number_units(struct diff_units *units, struct intern *numbers)
{
	for (size_t i = 0; i < units->count; i++) {
		struct diff_unit *unit = &units->items[i];
		struct diff_class *class;
		const size_t known = numbers->count;
		int r = intern_add(numbers, unit->classes, sizeof(unit->classes), &unit->class);

		if (r < 0)
			return r;
		class = &units->classes[unit->class];
		if (unit->class == known) {
			*class = (struct diff_class){.first = i};
			memcpy(class->pod, unit->pod, sizeof(class->pod));
			units->class_count++;
		}
		class->last = i;
	}
	return 0;
}

static int make_classes(struct diff_units *units)
{
	struct intern numbers = intern_make();
	int r = -ENOMEM;

	units->classes = calloc(units->count + 1, sizeof(*units->classes));
	if (units->classes)
		r = number_units(units, &numbers);
	intern_clear(&numbers);
	return r;
}

/* ---- ranges ---- */

static int make_pieces(struct diff_units *units, struct diff_class *class, int side)
{
	int r = 0;

	for (int d = 0; r == 0 && class->pod[side] != SCENE_NONE && d < DIRECTIONS; d++) {
		struct reach_pieces *pieces = &class->pieces[side][d];

		r = reach_pieces_make(&units->answers[side], class->pod[side], (enum direction)d,
				      pieces);
		for (size_t i = 0; r == 0 && i < pieces->count; i++)
			r = reach_cuts_add(&units->ranges, pieces->items[i].first);
	}
	return r;
}

static int make_ranges(struct diff_units *units)
{
	int r = reach_cuts_add(&units->ranges, (struct addr){.family = ADDR_IPV4});

	if (r == 0)
		r = reach_cuts_add(&units->ranges, (struct addr){.family = ADDR_IPV6});
	for (size_t i = 0; r == 0 && i < units->class_count; i++)
		for (int side = 0; r == 0 && side < DIFF_SIDES; side++)
			r = make_pieces(units, &units->classes[i], side);
	reach_cuts_sort(&units->ranges);
	return r;
}

/* ---- the whole ---- */

int diff_units_make(const struct diff_set sets[static DIFF_SIDES], struct diff_units *ret)
{
	int r = 0;

	*ret = (struct diff_units){0};
	for (int side = 0; r == 0 && side < DIFF_SIDES; side++)
		r = answers_make(&ret->answers[side], sets[side].evaluator, NULL);
	if (r == 0)
		r = make_members(sets, ret);
	if (r < 0)
		return r;
	ret->items = calloc(ret->member_count + 1, sizeof(*ret->items));
	if (!ret->items)
		return -ENOMEM;
	add_owners(ret);
	r = make_classes(ret);
	return r < 0 ? r : make_ranges(ret);
}

int diff_units_ask(struct diff_units *units, size_t from, size_t to, struct diff_cell *ret)
{
	const struct diff_class *source = &units->classes[from], *other = &units->classes[to];
	int r = 0;

	*ret = (struct diff_cell){{ANSWERS_NOTHING, ANSWERS_NOTHING}};
	for (int side = 0; r == 0 && side < DIFF_SIDES; side++) {
		const struct party sender = {.kind = PARTY_POD, .index = source->pod[side]};
		const struct party receiver = {
		    .kind = PARTY_POD, .index = other->pod[side], .another = from == to};

		if (source->pod[side] != SCENE_NONE && other->pod[side] != SCENE_NONE)
			r = answers_ask(&units->answers[side], &sender, &receiver,
					&ret->answers[side]);
	}
	return r;
}

void diff_units_clear(struct diff_units *units)
{
	for (size_t i = 0; i < units->class_count; i++)
		for (int d = 0; d < DIRECTIONS; d++) {
			reach_pieces_clear(&units->classes[i].pieces[DIFF_OLD][d]);
			reach_pieces_clear(&units->classes[i].pieces[DIFF_NEW][d]);
		}
	for (int side = 0; side < DIFF_SIDES; side++)
		answers_clear(&units->answers[side]);
	reach_cuts_clear(&units->ranges);
	free(units->classes);
	free(units->members);
	free(units->items);
	*units = (struct diff_units){0};
}
