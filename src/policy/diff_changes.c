#include "policy/diff_changes.h"

#include <errno.h>
#include <stdlib.h>

#include "policy/array.h"
#include "policy/diff_compare.h"

/* Neighbouring ranges to which one and the same is allowed. */
struct segment {
	size_t first, end; /* of the ranges */
	size_t comparison;
};

struct changing {
	struct diff_units *units;
	const struct diff_draft *drafts;
	struct diff *diff;
	size_t change_capacity;
	struct diff_comparisons comparisons;
	/* From the class that is being compared. */
	size_t *to_class;                     /* comparisons, by class */
	struct segment *segments[DIRECTIONS]; /* EGRESS: to ranges; INGRESS: from them */
	size_t segment_counts[DIRECTIONS];
	size_t segment_capacities[DIRECTIONS];
};

static int add_change(struct changing *changing, size_t from, size_t to, enum diff_side side,
		      uint32_t ports)
{
	struct diff *diff = changing->diff;

	if (ports == DIFF_NO_PORTS)
		return 0;
	if (array_grow(&diff->changes, sizeof(*diff->changes), diff->change_count,
		       &changing->change_capacity) < 0)
		return -ENOMEM;
	diff->changes[diff->change_count++] =
	    (struct diff_change){(uint32_t)from, (uint32_t)to, side, ports};
	return 0;
}

static int add_changes(struct changing *changing, size_t from, size_t to, size_t comparison)
{
	const struct diff_comparison *it = &changing->comparisons.items[comparison];
	int r = add_change(changing, from, to, DIFF_OLD, it->ports[DIFF_OLD]);

	return r < 0 ? r : add_change(changing, from, to, DIFF_NEW, it->ports[DIFF_NEW]);
}

/* ---- from one class ---- */

static int compare_classes(struct changing *changing, size_t class)
{
	struct diff_cell cell;
	int r = 0;

	for (size_t i = 0; r == 0 && i < changing->units->class_count; i++) {
		r = diff_units_ask(changing->units, class, i, &cell);
		if (r == 0)
			r = diff_compare(&changing->comparisons, &cell, &changing->to_class[i]);
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

static int add_segment(struct changing *changing, enum direction direction, size_t first,
		       size_t end, const struct diff_cell *cell)
{
	struct segment **segments = &changing->segments[direction];
	size_t *count = &changing->segment_counts[direction];
	struct segment segment = {first, end, 0};
	int r = diff_compare(&changing->comparisons, cell, &segment.comparison);

	if (r == 0)
		r = array_grow(segments, sizeof(**segments), *count,
			       &changing->segment_capacities[direction]);
	if (r == 0)
		(*segments)[(*count)++] = segment;
	return r;
}

static int make_segments(struct changing *changing, size_t class, enum direction direction)
{
	const struct reach_cuts *ranges = &changing->units->ranges;
	const struct diff_class *it = &changing->units->classes[class];
	size_t pieces[DIFF_SIDES] = {0}, ends[DIFF_SIDES];
	int r = 0;

	changing->segment_counts[direction] = 0;
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
		r = add_segment(changing, direction, at, end, &cell);
	}
	return r;
}

static int compare_class(struct changing *changing, size_t class)
{
	int r = compare_classes(changing, class);

	for (int d = 0; r == 0 && d < DIRECTIONS; d++)
		r = make_segments(changing, class, (enum direction)d);
	return r;
}

/* ---- from one row, of that class ---- */

/* The pods of one row, to one another. */
static int compare_within(struct changing *changing, size_t row)
{
	const struct diff_draft *draft = &changing->drafts[row];
	const struct diff_units *units = changing->units;
	const struct diff_unit *unit = &units->items[draft->unit];
	const bool is_one_unit = unit->owner_end - unit->owner_first == 1;

	if (draft->member != DIFF_NONE && units->members[draft->member].name->pod[0])
		return 0;
	if (!is_one_unit && draft->member == DIFF_NONE)
		unit++;
	else if (!unit->is_several)
		return 0;
	return add_changes(changing, row, row, changing->to_class[unit->class]);
}

static size_t class_of(const struct changing *changing, size_t row)
{
	return changing->units->items[changing->drafts[row].unit].class;
}

static int compare_workloads(struct changing *changing, size_t row)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < changing->diff->range_first; i++) {
		const size_t comparison = changing->to_class[class_of(changing, i)];

		if (i == row)
			continue;
		changing->diff->unchanged += changing->comparisons.items[comparison].is_unchanged;
		r = add_changes(changing, row, i, comparison);
	}
	return r;
}

static int compare_ranges(struct changing *changing, size_t row, enum direction direction)
{
	const bool is_source = direction == DIRECTION_EGRESS;
	struct diff *diff = changing->diff;
	int r = 0;

	for (size_t i = 0; i < changing->segment_counts[direction]; i++) {
		const struct segment *segment = &changing->segments[direction][i];
		const struct diff_comparison *it =
		    &changing->comparisons.items[segment->comparison];

		if (it->is_unchanged)
			diff->unchanged += segment->end - segment->first;
		for (size_t j = segment->first; r == 0 && j < segment->end; j++) {
			const size_t range = diff->range_first + j;

			if (it->ports[DIFF_OLD] == DIFF_NO_PORTS &&
			    it->ports[DIFF_NEW] == DIFF_NO_PORTS)
				break;
			r = add_changes(changing, is_source ? row : range, is_source ? range : row,
					segment->comparison);
		}
	}
	return r;
}

static int compare_row(struct changing *changing, size_t row)
{
	int r = compare_workloads(changing, row);

	if (r == 0)
		r = compare_within(changing, row);
	for (int d = 0; r == 0 && d < DIRECTIONS; d++)
		r = compare_ranges(changing, row, (enum direction)d);
	return r;
}

/* ---- all of them ---- */

/* The rows in the order of their classes. NULL: out of memory. */
static size_t *order_rows(const struct changing *changing)
{
	const size_t count = changing->diff->range_first, classes = changing->units->class_count;
	size_t *starts = calloc(classes + 2, sizeof(*starts));
	size_t *rows = calloc(count + 1, sizeof(*rows));

	if (starts && rows) {
		for (size_t i = 0; i < count; i++)
			starts[class_of(changing, i) + 1]++;
		for (size_t i = 0; i < classes; i++)
			starts[i + 1] += starts[i];
		for (size_t i = 0; i < count; i++)
			rows[starts[class_of(changing, i)]++] = i;
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

static int make_changes(struct changing *changing)
{
	struct diff *diff = changing->diff;
	size_t *rows = order_rows(changing);
	int r = rows ? 0 : -ENOMEM;

	changing->to_class = calloc(changing->units->class_count + 1, sizeof(*changing->to_class));
	if (!changing->to_class || diff->row_count > UINT32_MAX)
		r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < changing->diff->range_first; i++) {
		const size_t class = class_of(changing, rows[i]);

		if (i == 0 || class != class_of(changing, rows[i - 1]))
			r = compare_class(changing, class);
		if (r == 0)
			r = compare_row(changing, rows[i]);
	}
	free(rows);
	if (r == 0 && diff->change_count > 0)
		qsort(diff->changes, diff->change_count, sizeof(*diff->changes), compare_changes);
	return r;
}
int diff_changes_make(struct diff_units *units, const struct diff_draft *drafts, struct diff *diff)
{
	struct changing changing = {
	    .units = units,
	    .drafts = drafts,
	    .diff = diff,
	    .comparisons = {.units = units, .diff = diff, .pairs = intern_make()}};
	int r = make_changes(&changing);

	for (int d = 0; d < DIRECTIONS; d++)
		free(changing.segments[d]);
	free(changing.to_class);
	diff_comparisons_clear(&changing.comparisons);
	return r;
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
