#include "policy/diff.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/array.h"
#include "policy/diff_units.h"

/* A row while there is no order yet. */
struct draft {
	struct diff_row row;
	size_t unit;   /* that answers for it */
	size_t member; /* it alone, or DIFF_NONE: all of the owner */
};

#define NO_PORTS UINT32_MAX

/* Two answers. */
struct comparison {
	uint32_t ports[DIFF_SIDES]; /* that only this side has; or NO_PORTS */
	bool is_unchanged;          /* something is in both */
};

/* Neighbouring ranges to which one and the same is allowed. */
struct segment {
	size_t first, end; /* of the ranges */
	size_t comparison;
};

struct building {
	struct diff_units units;
	struct draft *drafts; /* as diff.rows will begin */
	size_t draft_count;
	size_t *row_of_member;
	struct diff *diff;
	size_t change_capacity, port_capacity;
	struct intern pairs; /* of answers */
	struct comparison *comparisons;
	size_t comparison_capacity;
	/* From the class that is being compared. */
	size_t *to_class;                     /* comparisons, by class */
	struct segment *segments[DIRECTIONS]; /* EGRESS: to ranges; INGRESS: from them */
	size_t segment_counts[DIRECTIONS];
	size_t segment_capacities[DIRECTIONS];
};

/* ---- which units are one row ---- */

static bool cells_equal(const struct diff_cell *a, const struct diff_cell *b)
{
	return memcmp(a->answers, b->answers, sizeof(a->answers)) == 0;
}

/* Are there units of the class that are another owner's? */
static bool has_others(const struct diff_class *class, const struct diff_unit *owner)
{
	return class->first < owner->owner_first || class->last >= owner->owner_end;
}

/* Is it the same between a and others as between b and them? */
static int same_with(struct diff_units *units, size_t a, size_t b, size_t other, bool *ret)
{
	struct diff_cell first, second;
	int r = diff_units_ask(units, a, other, &first);

	if (r == 0)
		r = diff_units_ask(units, b, other, &second);
	*ret = r == 0 && cells_equal(&first, &second);
	if (!*ret)
		return r;
	r = diff_units_ask(units, other, a, &first);
	if (r == 0)
		r = diff_units_ask(units, other, b, &second);
	*ret = r == 0 && cells_equal(&first, &second);
	return r;
}

static bool same_with_ranges(const struct diff_units *units, size_t a, size_t b)
{
	const struct diff_class *first = &units->classes[a], *second = &units->classes[b];

	for (int side = 0; side < DIFF_SIDES; side++)
		for (int d = 0; d < DIRECTIONS; d++)
			if (!reach_pieces_equal(&first->pieces[side][d], &second->pieces[side][d]))
				return false;
	return true;
}

static bool is_in(const struct diff_unit *unit, enum diff_side side)
{
	return unit->pod[side] != SCENE_NONE;
}

static int are_two_alike(struct diff_units *units, const struct diff_unit *a,
			 const struct diff_unit *b, bool *ret)
{
	int r = 0;

	*ret = is_in(a, DIFF_OLD) == is_in(b, DIFF_OLD) && is_in(a, DIFF_NEW) == is_in(b, DIFF_NEW);
	if (*ret)
		*ret = same_with_ranges(units, a->class, b->class);
	for (size_t i = 0; r == 0 && *ret && i < units->class_count; i++)
		if (has_others(&units->classes[i], a))
			r = same_with(units, a->class, b->class, i, ret);
	return r;
}

/* Do the pods of an owner, of several units, have one answer to one another? */
static int are_even_inside(struct diff_units *units, const struct diff_unit *owner, bool *ret)
{
	const struct diff_unit *items = units->items;
	struct diff_cell wanted, cell;
	int r = diff_units_ask(units, owner->class, items[owner->owner_first + 1].class, &wanted);

	for (size_t i = owner->owner_first; *ret && i < owner->owner_end; i++)
		for (size_t j = owner->owner_first; r == 0 && *ret && j < owner->owner_end; j++) {
			if (i == j && !items[i].is_several)
				continue;
			r = diff_units_ask(units, items[i].class, items[j].class, &cell);
			*ret = r == 0 && cells_equal(&cell, &wanted);
		}
	return r;
}

static int are_alike(struct diff_units *units, const struct diff_unit *owner, bool *ret)
{
	int r = 0;

	*ret = true;
	for (size_t i = owner->owner_first + 1; r == 0 && *ret && i < owner->owner_end; i++)
		r = are_two_alike(units, owner, &units->items[i], ret);
	if (r == 0 && *ret && owner->owner_end - owner->owner_first > 1)
		r = are_even_inside(units, owner, ret);
	return r;
}

/* ---- rows ---- */

static int name_draft(struct draft *draft, const struct diff_units *units)
{
	const struct diff_unit *unit = &units->items[draft->unit];
	const struct scene_owner *name =
	    units->members[draft->member == DIFF_NONE ? unit->first : draft->member].name;
	const bool alone = draft->member != DIFF_NONE && name->pod[0];

	if (asprintf(&draft->row.text, "%s/%s[%s]", name->namespace, alone ? name->pod : name->name,
		     alone ? "Pod" : name->kind) >= 0)
		return 0;
	draft->row.text = NULL;
	return -ENOMEM;
}

static int name_range(struct diff_row *row)
{
	char first[ADDR_TEXT_MAX], last[ADDR_TEXT_MAX];

	if (asprintf(&row->text, "%s-%s", addr_format(row->range.first, first),
		     addr_format(row->range.last, last)) >= 0)
		return 0;
	row->text = NULL;
	return -ENOMEM;
}

static void add_draft(struct building *building, size_t unit, size_t member)
{
	struct draft *draft = &building->drafts[building->draft_count++];
	const struct diff_unit *from = &building->units.items[unit];

	*draft = (struct draft){.unit = unit, .member = member};
	for (int side = 0; side < DIFF_SIDES; side++)
		draft->row.is_in[side] = from->pod[side] != SCENE_NONE;
}

static int draft_owner(struct building *building, const struct diff_unit *owner)
{
	struct diff_units *units = &building->units;
	bool alike;
	int r = are_alike(units, owner, &alike);

	if (r < 0)
		return r;
	if (alike) {
		add_draft(building, owner->owner_first, DIFF_NONE);
		return 0;
	}
	for (size_t i = owner->owner_first; i < owner->owner_end; i++)
		for (size_t j = 0; j < units->items[i].count; j++)
			add_draft(building, i, units->items[i].first + j);
	return 0;
}

static int compare_drafts(const void *a, const void *b)
{
	const struct draft *left = a, *right = b;
	int order = strcmp(left->row.text, right->row.text);

	return order ? order : (left->unit > right->unit) - (left->unit < right->unit);
}

static int make_drafts(struct building *building)
{
	const struct diff_units *units = &building->units;
	int r = 0;

	building->drafts =
	    calloc(units->member_count + units->count + 1, sizeof(*building->drafts));
	if (!building->drafts)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < units->count; i = units->items[i].owner_end)
		r = draft_owner(building, &units->items[i]);
	building->diff->range_first = building->draft_count;
	for (size_t i = 0; r == 0 && i < building->draft_count; i++)
		r = name_draft(&building->drafts[i], units);
	if (r == 0)
		qsort(building->drafts, building->diff->range_first, sizeof(*building->drafts),
		      compare_drafts);
	return r;
}

static void index_owner(struct building *building, size_t row)
{
	const struct diff_units *units = &building->units;
	const struct diff_unit *owner = &units->items[building->drafts[row].unit];

	for (size_t i = owner->owner_first; i < owner->owner_end; i++)
		for (size_t j = 0; j < units->items[i].count; j++)
			building->row_of_member[units->items[i].first + j] = row;
}

static int compare_pods(const void *a, const void *b)
{
	const struct diff_pod *left = a, *right = b;
	int order = strcmp(left->name->namespace, right->name->namespace);

	return order ? order : strcmp(left->name->pod, right->name->pod);
}

static int index_members(struct building *building)
{
	const struct diff_units *units = &building->units;
	struct diff *diff = building->diff;

	building->row_of_member = calloc(units->member_count + 1, sizeof(*building->row_of_member));
	diff->pods = calloc(units->member_count + 1, sizeof(*diff->pods));
	if (!building->row_of_member || !diff->pods)
		return -ENOMEM;
	for (size_t i = 0; i < diff->range_first; i++)
		if (building->drafts[i].member == DIFF_NONE)
			index_owner(building, i);
		else
			building->row_of_member[building->drafts[i].member] = i;
	for (size_t i = 0; i < units->member_count; i++)
		if (units->members[i].name->pod[0])
			diff->pods[diff->pod_count++] =
			    (struct diff_pod){units->members[i].name, building->row_of_member[i]};
	qsort(diff->pods, diff->pod_count, sizeof(*diff->pods), compare_pods);
	return 0;
}

static int add_ranges(struct building *building)
{
	const struct reach_cuts *ranges = &building->units.ranges;
	struct diff *diff = building->diff;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ranges->count; i++) {
		struct diff_row *row = &diff->rows[diff->row_count++];

		*row =
		    (struct diff_row){.range = reach_cuts_range(ranges, i), .is_in = {true, true}};
		r = name_range(row);
	}
	return r;
}

static int make_rows(struct building *building)
{
	struct diff *diff = building->diff;
	int r = make_drafts(building);

	if (r == 0)
		r = index_members(building);
	if (r < 0)
		return r;
	diff->rows =
	    calloc(building->draft_count + building->units.ranges.count + 1, sizeof(*diff->rows));
	if (!diff->rows)
		return -ENOMEM;
	for (size_t i = 0; i < building->draft_count; i++) {
		diff->rows[diff->row_count++] = building->drafts[i].row;
		building->drafts[i].row.text = NULL;
	}
	return add_ranges(building);
}

/* ---- changes ---- */

static int set_without(const struct port_set *set, const struct port_set *other,
		       struct port_set *ret)
{
	int r = port_set_copy(set, ret);

	return r < 0 ? r : port_set_subtract(ret, other);
}

static const struct answer_sets *answer_of(const struct diff_units *units,
					   const struct diff_cell *cell, enum diff_side side)
{
	return &units->answers[side].items[cell->answers[side]];
}

static void ports_clear(struct diff_ports *ports)
{
	port_set_clear(&ports->allows);
	port_set_clear(&ports->unknown);
}

/* What that side has and the other has not. */
static int add_ports(struct building *building, const struct diff_cell *cell, enum diff_side side,
		     uint32_t *ret)
{
	const struct answer_sets *mine = answer_of(&building->units, cell, side);
	const struct answer_sets *others = answer_of(&building->units, cell, !side);
	struct diff *diff = building->diff;
	struct diff_ports *ports;
	int r = array_grow(&diff->ports, sizeof(*diff->ports), diff->port_count,
			   &building->port_capacity);

	if (r < 0)
		return r;
	ports = &diff->ports[diff->port_count];
	*ports = (struct diff_ports){0};
	r = set_without(&mine->allows, &others->allows, &ports->allows);
	if (r == 0)
		r = set_without(&mine->unknown, &others->unknown, &ports->unknown);
	*ret = NO_PORTS;
	if (r == 0 && (ports->allows.count > 0 || ports->unknown.count > 0))
		*ret = (uint32_t)diff->port_count++;
	else
		ports_clear(ports);
	return r;
}

static int have_common(const struct port_set *a, const struct port_set *b, bool *ret)
{
	struct port_set both = {0};
	int r = port_set_copy(a, &both);

	if (r == 0)
		r = port_set_intersect(&both, b);
	*ret = both.count > 0;
	port_set_clear(&both);
	return r;
}

static int compare_answers(struct building *building, const struct diff_cell *cell,
			   struct comparison *ret)
{
	const struct answer_sets *old = answer_of(&building->units, cell, DIFF_OLD);
	const struct answer_sets *new = answer_of(&building->units, cell, DIFF_NEW);
	int r = have_common(&old->allows, &new->allows, &ret->is_unchanged);

	if (r == 0 && !ret->is_unchanged)
		r = have_common(&old->unknown, &new->unknown, &ret->is_unchanged);
	if (r == 0)
		r = add_ports(building, cell, DIFF_OLD, &ret->ports[DIFF_OLD]);
	return r < 0 ? r : add_ports(building, cell, DIFF_NEW, &ret->ports[DIFF_NEW]);
}

/* Few pairs of answers are of many pairs of rows. */
static int find_comparison(struct building *building, const struct diff_cell *cell, size_t *ret)
{
	const size_t known = building->pairs.count;
	int r = array_grow(&building->comparisons, sizeof(*building->comparisons), known,
			   &building->comparison_capacity);

	if (r == 0)
		r = intern_add(&building->pairs, cell->answers, sizeof(cell->answers), ret);
	if (r == 0 && *ret == known)
		r = compare_answers(building, cell, &building->comparisons[known]);
	return r;
}

static int add_change(struct building *building, size_t from, size_t to, enum diff_side side,
		      uint32_t ports)
{
	struct diff *diff = building->diff;

	if (ports == NO_PORTS)
		return 0;
	if (array_grow(&diff->changes, sizeof(*diff->changes), diff->change_count,
		       &building->change_capacity) < 0)
		return -ENOMEM;
	diff->changes[diff->change_count++] =
	    (struct diff_change){(uint32_t)from, (uint32_t)to, side, ports};
	return 0;
}

static int add_changes(struct building *building, size_t from, size_t to, size_t comparison)
{
	const struct comparison *it = &building->comparisons[comparison];
	int r = add_change(building, from, to, DIFF_OLD, it->ports[DIFF_OLD]);

	return r < 0 ? r : add_change(building, from, to, DIFF_NEW, it->ports[DIFF_NEW]);
}

/* ---- from one class ---- */

static int compare_classes(struct building *building, size_t class)
{
	struct diff_cell cell;
	int r = 0;

	for (size_t i = 0; r == 0 && i < building->units.class_count; i++) {
		r = diff_units_ask(&building->units, class, i, &cell);
		if (r == 0)
			r = find_comparison(building, &cell, &building->to_class[i]);
	}
	return r;
}

static int compare_addresses(const void *a, const void *b)
{
	return addr_compare(*(const struct addr *)a, *(const struct addr *)b);
}

/* Where the piece begins that comes next; the number of ranges after the last one. */
static size_t next_piece(const struct reach_cuts *ranges, const struct reach_pieces *pieces,
			 size_t piece)
{
	const struct addr *found;

	if (piece + 1 >= pieces->count)
		return ranges->count;
	found = bsearch(&pieces->items[piece + 1].first, ranges->items, ranges->count,
			sizeof(*ranges->items), compare_addresses);
	return (size_t)(found - ranges->items);
}

static int add_segment(struct building *building, enum direction direction, size_t first,
		       size_t end, const struct diff_cell *cell)
{
	struct segment **segments = &building->segments[direction];
	size_t *count = &building->segment_counts[direction];
	struct segment segment = {first, end, 0};
	int r = find_comparison(building, cell, &segment.comparison);

	if (r == 0)
		r = array_grow(segments, sizeof(**segments), *count,
			       &building->segment_capacities[direction]);
	if (r == 0)
		(*segments)[(*count)++] = segment;
	return r;
}

static int make_segments(struct building *building, size_t class, enum direction direction)
{
	const struct reach_cuts *ranges = &building->units.ranges;
	const struct diff_class *it = &building->units.classes[class];
	size_t pieces[DIFF_SIDES] = {0}, ends[DIFF_SIDES];
	int r = 0;

	building->segment_counts[direction] = 0;
	for (size_t at = 0, end; r == 0 && at < ranges->count; at = end) {
		struct diff_cell cell = {{ANSWERS_NOTHING, ANSWERS_NOTHING}};

		for (int side = 0; side < DIFF_SIDES; side++) {
			const struct reach_pieces *of_side = &it->pieces[side][direction];

			ends[side] = next_piece(ranges, of_side, pieces[side]);
			if (of_side->count > 0)
				cell.answers[side] = of_side->items[pieces[side]].answer;
		}
		end = ends[DIFF_OLD] < ends[DIFF_NEW] ? ends[DIFF_OLD] : ends[DIFF_NEW];
		for (int side = 0; side < DIFF_SIDES; side++)
			pieces[side] += ends[side] == end;
		r = add_segment(building, direction, at, end, &cell);
	}
	return r;
}

static int compare_class(struct building *building, size_t class)
{
	int r = compare_classes(building, class);

	for (int d = 0; r == 0 && d < DIRECTIONS; d++)
		r = make_segments(building, class, (enum direction)d);
	return r;
}

/* ---- from one row, of that class ---- */

/* The pods of one row, to one another. */
static int compare_within(struct building *building, size_t row)
{
	const struct draft *draft = &building->drafts[row];
	const struct diff_units *units = &building->units;
	const struct diff_unit *unit = &units->items[draft->unit];
	const bool is_one_unit = unit->owner_end - unit->owner_first == 1;

	if (draft->member != DIFF_NONE && units->members[draft->member].name->pod[0])
		return 0;
	if (!is_one_unit && draft->member == DIFF_NONE)
		unit++;
	else if (!unit->is_several)
		return 0;
	return add_changes(building, row, row, building->to_class[unit->class]);
}

static size_t class_of(const struct building *building, size_t row)
{
	return building->units.items[building->drafts[row].unit].class;
}

static int compare_workloads(struct building *building, size_t row)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < building->draft_count; i++) {
		const size_t comparison = building->to_class[class_of(building, i)];

		if (i == row)
			continue;
		building->diff->unchanged += building->comparisons[comparison].is_unchanged;
		r = add_changes(building, row, i, comparison);
	}
	return r;
}

static int compare_ranges(struct building *building, size_t row, enum direction direction)
{
	const bool is_source = direction == DIRECTION_EGRESS;
	struct diff *diff = building->diff;
	int r = 0;

	for (size_t i = 0; i < building->segment_counts[direction]; i++) {
		const struct segment *segment = &building->segments[direction][i];
		const struct comparison *it = &building->comparisons[segment->comparison];

		if (it->is_unchanged)
			diff->unchanged += segment->end - segment->first;
		for (size_t j = segment->first; r == 0 && j < segment->end; j++) {
			const size_t range = diff->range_first + j;

			if (it->ports[DIFF_OLD] == NO_PORTS && it->ports[DIFF_NEW] == NO_PORTS)
				break;
			r = add_changes(building, is_source ? row : range, is_source ? range : row,
					segment->comparison);
		}
	}
	return r;
}

static int compare_row(struct building *building, size_t row)
{
	int r = compare_workloads(building, row);

	if (r == 0)
		r = compare_within(building, row);
	for (int d = 0; r == 0 && d < DIRECTIONS; d++)
		r = compare_ranges(building, row, (enum direction)d);
	return r;
}

/* ---- all of them ---- */

/* The rows in the order of their classes. NULL: out of memory. */
static size_t *order_rows(const struct building *building)
{
	const size_t count = building->draft_count, classes = building->units.class_count;
	size_t *starts = calloc(classes + 2, sizeof(*starts));
	size_t *rows = calloc(count + 1, sizeof(*rows));

	if (starts && rows) {
		for (size_t i = 0; i < count; i++)
			starts[class_of(building, i) + 1]++;
		for (size_t i = 0; i < classes; i++)
			starts[i + 1] += starts[i];
		for (size_t i = 0; i < count; i++)
			rows[starts[class_of(building, i)]++] = i;
	} else {
		free(rows);
		rows = NULL;
	}
	free(starts);
	return rows;
}

static int compare_changes(const void *a, const void *b)
{
	const struct diff_change *left = a, *right = b;

	if (left->from != right->from)
		return left->from < right->from ? -1 : 1;
	if (left->to != right->to)
		return left->to < right->to ? -1 : 1;
	return (left->side > right->side) - (left->side < right->side);
}

static int make_changes(struct building *building)
{
	struct diff *diff = building->diff;
	size_t *rows = order_rows(building);
	int r = rows ? 0 : -ENOMEM;

	building->to_class = calloc(building->units.class_count + 1, sizeof(*building->to_class));
	if (!building->to_class || diff->row_count > UINT32_MAX)
		r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < building->draft_count; i++) {
		const size_t class = class_of(building, rows[i]);

		if (i == 0 || class != class_of(building, rows[i - 1]))
			r = compare_class(building, class);
		if (r == 0)
			r = compare_row(building, rows[i]);
	}
	free(rows);
	if (r == 0 && diff->change_count > 0)
		qsort(diff->changes, diff->change_count, sizeof(*diff->changes), compare_changes);
	return r;
}

static void building_clear(struct building *building)
{
	for (size_t i = 0; i < building->draft_count; i++)
		free(building->drafts[i].row.text);
	free(building->drafts);
	for (int d = 0; d < DIRECTIONS; d++)
		free(building->segments[d]);
	free(building->to_class);
	free(building->row_of_member);
	free(building->comparisons);
	intern_clear(&building->pairs);
	diff_units_clear(&building->units);
	diff_free(building->diff);
}

int diff_build(const struct diff_set sets[static DIFF_SIDES], struct diff **ret)
{
	struct building building = {.diff = calloc(1, sizeof(struct diff)), .pairs = intern_make()};
	int r = building.diff ? diff_units_make(sets, &building.units) : -ENOMEM;

	if (r == 0)
		r = make_rows(&building);
	if (r == 0)
		r = make_changes(&building);
	if (r == 0) {
		*ret = building.diff;
		building.diff = NULL;
	}
	building_clear(&building);
	return r;
}

struct diff *diff_free(struct diff *diff)
{
	if (!diff)
		return NULL;
	for (size_t i = 0; i < diff->row_count; i++)
		free(diff->rows[i].text);
	for (size_t i = 0; i < diff->port_count; i++)
		ports_clear(&diff->ports[i]);
	free(diff->rows);
	free(diff->changes);
	free(diff->ports);
	free(diff->pods);
	free(diff);
	return NULL;
}

/* ---- finding ---- */

size_t diff_find_pod(const struct diff *diff, const char *namespace, const char *pod)
{
	const struct scene_owner name = {.namespace = namespace, .pod = pod};
	const struct diff_pod key = {.name = &name};
	const struct diff_pod *found =
	    bsearch(&key, diff->pods, diff->pod_count, sizeof(*diff->pods), compare_pods);

	return found ? found->row : DIFF_NONE;
}

static int compare_text(const void *key, const void *item)
{
	return strcmp(key, ((const struct diff_row *)item)->text);
}

size_t diff_find_row(const struct diff *diff, const char *text)
{
	const struct diff_row *found =
	    bsearch(text, diff->rows, diff->range_first, sizeof(*diff->rows), compare_text);

	return found ? (size_t)(found - diff->rows) : DIFF_NONE;
}

static int compare_range(const void *key, const void *item)
{
	const struct diff_row *row = item;

	if (addr_compare(*(const struct addr *)key, row->range.first) < 0)
		return -1;
	return addr_compare(*(const struct addr *)key, row->range.last) > 0;
}

size_t diff_find_address(const struct diff *diff, struct addr address)
{
	const struct diff_row *found =
	    bsearch(&address, diff->rows + diff->range_first, diff->row_count - diff->range_first,
		    sizeof(*diff->rows), compare_range);

	return found ? (size_t)(found - diff->rows) : DIFF_NONE;
}

const struct diff_change *diff_find_change(const struct diff *diff, size_t from, size_t to,
					   enum diff_side side)
{
	const struct diff_change key = {.from = (uint32_t)from, .to = (uint32_t)to, .side = side};

	if (diff->change_count == 0)
		return NULL;
	return bsearch(&key, diff->changes, diff->change_count, sizeof(*diff->changes),
		       compare_changes);
}

const struct diff_ports *diff_ports_of(const struct diff *diff, const struct diff_change *change)
{
	return &diff->ports[change->ports];
}
