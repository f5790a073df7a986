#include "policy/diff_rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Who becomes which row. */
struct drawing {
	struct diff_units *units;
	struct diff *diff;
	struct diff_draft *drafts;
	size_t draft_count;
	size_t *row_of_member;
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

static int name_draft(struct diff_draft *draft, const struct diff_units *units)
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

static void add_draft(struct drawing *drawing, size_t unit, size_t member)
{
	struct diff_draft *draft = &drawing->drafts[drawing->draft_count++];
	const struct diff_unit *from = &drawing->units->items[unit];

	*draft = (struct diff_draft){.unit = unit, .member = member};
	for (int side = 0; side < DIFF_SIDES; side++)
		draft->row.is_in[side] = from->pod[side] != SCENE_NONE;
}

static int draft_owner(struct drawing *drawing, const struct diff_unit *owner)
{
	struct diff_units *units = drawing->units;
	bool alike;
	int r = are_alike(units, owner, &alike);

	if (r < 0)
		return r;
	if (alike) {
		add_draft(drawing, owner->owner_first, DIFF_NONE);
		return 0;
	}
	for (size_t i = owner->owner_first; i < owner->owner_end; i++)
		for (size_t j = 0; j < units->items[i].count; j++)
			add_draft(drawing, i, units->items[i].first + j);
	return 0;
}

static int compare_drafts(const void *a, const void *b)
{
	const struct diff_draft *left = a, *right = b;
	int order = strcmp(left->row.text, right->row.text);

	return order ? order : (left->unit > right->unit) - (left->unit < right->unit);
}

static int make_drafts(struct drawing *drawing)
{
	const struct diff_units *units = drawing->units;
	int r = 0;

	drawing->drafts = calloc(units->member_count + units->count + 1, sizeof(*drawing->drafts));
	if (!drawing->drafts)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < units->count; i = units->items[i].owner_end)
		r = draft_owner(drawing, &units->items[i]);
	drawing->diff->range_first = drawing->draft_count;
	for (size_t i = 0; r == 0 && i < drawing->draft_count; i++)
		r = name_draft(&drawing->drafts[i], units);
	if (r == 0)
		qsort(drawing->drafts, drawing->diff->range_first, sizeof(*drawing->drafts),
		      compare_drafts);
	return r;
}

static void index_owner(struct drawing *drawing, size_t row)
{
	const struct diff_units *units = drawing->units;
	const struct diff_unit *owner = &units->items[drawing->drafts[row].unit];

	for (size_t i = owner->owner_first; i < owner->owner_end; i++)
		for (size_t j = 0; j < units->items[i].count; j++)
			drawing->row_of_member[units->items[i].first + j] = row;
}

static int compare_pods(const void *a, const void *b)
{
	const struct diff_pod *left = a, *right = b;
	int order = strcmp(left->name->namespace, right->name->namespace);

	return order ? order : strcmp(left->name->pod, right->name->pod);
}

static int index_members(struct drawing *drawing)
{
	const struct diff_units *units = drawing->units;
	struct diff *diff = drawing->diff;

	drawing->row_of_member = calloc(units->member_count + 1, sizeof(*drawing->row_of_member));
	diff->pods = calloc(units->member_count + 1, sizeof(*diff->pods));
	if (!drawing->row_of_member || !diff->pods)
		return -ENOMEM;
	for (size_t i = 0; i < diff->range_first; i++)
		if (drawing->drafts[i].member == DIFF_NONE)
			index_owner(drawing, i);
		else
			drawing->row_of_member[drawing->drafts[i].member] = i;
	for (size_t i = 0; i < units->member_count; i++)
		if (units->members[i].name->pod[0])
			diff->pods[diff->pod_count++] =
			    (struct diff_pod){units->members[i].name, drawing->row_of_member[i]};
	qsort(diff->pods, diff->pod_count, sizeof(*diff->pods), compare_pods);
	return 0;
}

static int add_ranges(struct drawing *drawing)
{
	const struct reach_cuts *ranges = &drawing->units->ranges;
	struct diff *diff = drawing->diff;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ranges->count; i++) {
		struct diff_row *row = &diff->rows[diff->row_count++];

		*row =
		    (struct diff_row){.range = reach_cuts_range(ranges, i), .is_in = {true, true}};
		r = name_range(row);
	}
	return r;
}

static int make_rows(struct drawing *drawing)
{
	struct diff *diff = drawing->diff;
	int r = make_drafts(drawing);

	if (r == 0)
		r = index_members(drawing);
	if (r < 0)
		return r;
	diff->rows =
	    calloc(drawing->draft_count + drawing->units->ranges.count + 1, sizeof(*diff->rows));
	if (!diff->rows)
		return -ENOMEM;
	for (size_t i = 0; i < drawing->draft_count; i++) {
		diff->rows[diff->row_count++] = drawing->drafts[i].row;
		drawing->drafts[i].row.text = NULL;
	}
	return add_ranges(drawing);
}

int diff_rows_make(struct diff_units *units, struct diff *diff, struct diff_draft **ret)
{
	struct drawing drawing = {.units = units, .diff = diff};
	int r = make_rows(&drawing);

	for (size_t i = 0; r < 0 && i < drawing.draft_count; i++)
		free(drawing.drafts[i].row.text);
	free(drawing.row_of_member);
	if (r == 0)
		*ret = drawing.drafts;
	else
		free(drawing.drafts);
	return r;
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
