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

struct building {
	struct diff_units units;
	struct draft *drafts; /* as diff.rows will be */
	size_t draft_count;
	size_t *first_of_unit; /* by unit, and one more: where its rows are in of_unit */
	size_t *of_unit;
	size_t *row_of_member;
	struct diff *diff;
	size_t change_capacity, port_capacity;
	struct intern pairs; /* of answers */
	struct comparison *comparisons;
	size_t comparison_capacity;
};

/* ---- which units are one row ---- */

static size_t skip_owner(const struct diff_line *line, size_t at, const struct diff_unit *owner)
{
	while (at < line->count && line->items[at].other >= owner->owner_first &&
	       line->items[at].other < owner->owner_end)
		at++;
	return at;
}

/* But for the owner's own. */
static bool lines_equal(const struct diff_line *a, const struct diff_line *b,
			const struct diff_unit *owner)
{
	size_t i = 0, j = 0;

	for (;;) {
		i = skip_owner(a, i, owner);
		j = skip_owner(b, j, owner);
		if (i == a->count || j == b->count)
			return i == a->count && j == b->count;
		if (memcmp(&a->items[i++], &b->items[j++], sizeof(*a->items)) != 0)
			return false;
	}
}

static struct diff_cell cell_of(const struct diff_units *units, size_t from, size_t to)
{
	const struct diff_cell *found = diff_line_find(&units->out[from], to);

	return found ? *found : (struct diff_cell){0};
}

/* Do the pods of an owner, of several units, have one answer to one another? */
static bool is_even_inside(const struct diff_units *units, const struct diff_unit *owner)
{
	struct diff_cell wanted = cell_of(units, owner->owner_first, owner->owner_first + 1);

	for (size_t i = owner->owner_first; i < owner->owner_end; i++)
		for (size_t j = owner->owner_first; j < owner->owner_end; j++) {
			struct diff_cell cell = cell_of(units, i, j);

			if ((i != j || units->items[i].is_several) &&
			    memcmp(cell.answers, wanted.answers, sizeof(cell.answers)) != 0)
				return false;
		}
	return true;
}

static bool are_alike(const struct diff_units *units, const struct diff_unit *owner)
{
	size_t first = owner->owner_first;

	for (size_t i = first + 1; i < owner->owner_end; i++)
		if (memcmp(units->items[i].is_in, owner->is_in, sizeof(owner->is_in)) != 0 ||
		    !lines_equal(&units->out[i], &units->out[first], owner) ||
		    !lines_equal(&units->in[i], &units->in[first], owner))
			return false;
	return owner->owner_end - first == 1 || is_even_inside(units, owner);
}

/* ---- rows ---- */

static int name_draft(struct draft *draft, const struct diff_units *units)
{
	const struct diff_unit *unit = &units->items[draft->unit];
	char first[ADDR_TEXT_MAX], last[ADDR_TEXT_MAX];
	const struct scene_owner *name;
	int r;

	if (unit->count == 0) {
		r = asprintf(&draft->row.text, "%s-%s", addr_format(draft->row.range.first, first),
			     addr_format(draft->row.range.last, last));
	} else {
		bool alone;

		name =
		    units->members[draft->member == DIFF_NONE ? unit->first : draft->member].name;
		alone = draft->member != DIFF_NONE && name->pod[0];
		r = asprintf(&draft->row.text, "%s/%s[%s]", name->namespace,
			     alone ? name->pod : name->name, alone ? "Pod" : name->kind);
	}
	if (r < 0)
		draft->row.text = NULL;
	return r < 0 ? -ENOMEM : 0;
}

static void add_draft(struct building *building, size_t unit, size_t member)
{
	struct draft *draft = &building->drafts[building->draft_count++];
	const struct diff_unit *from = &building->units.items[unit];

	*draft = (struct draft){.unit = unit, .member = member, .row.range = from->range};
	memcpy(draft->row.is_in, from->is_in, sizeof(from->is_in));
}

static void draft_owner(struct building *building, const struct diff_unit *owner)
{
	const struct diff_units *units = &building->units;

	if (are_alike(units, owner)) {
		add_draft(building, owner->owner_first, DIFF_NONE);
		return;
	}
	for (size_t i = owner->owner_first; i < owner->owner_end; i++)
		for (size_t j = 0; j < units->items[i].count; j++)
			add_draft(building, i, units->items[i].first + j);
}

static bool continues(const struct diff_units *units, size_t first, size_t range)
{
	const struct diff_unit *a = &units->items[first], *b = &units->items[range];

	return a->range.first.family == b->range.first.family &&
	       lines_equal(&units->out[first], &units->out[range], a) &&
	       lines_equal(&units->in[first], &units->in[range], a);
}

static void draft_ranges(struct building *building)
{
	const struct diff_units *units = &building->units;

	for (size_t i = units->range_first, next; i < units->count; i = next) {
		for (next = i + 1; next < units->count && continues(units, i, next); next++)
			;
		add_draft(building, i, DIFF_NONE);
		building->drafts[building->draft_count - 1].row.range.last =
		    units->items[next - 1].range.last;
	}
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
	for (size_t i = 0; i < units->range_first; i = units->items[i].owner_end)
		draft_owner(building, &units->items[i]);
	building->diff->range_first = building->draft_count;
	draft_ranges(building);
	for (size_t i = 0; r == 0 && i < building->draft_count; i++)
		r = name_draft(&building->drafts[i], units);
	if (r == 0)
		qsort(building->drafts, building->diff->range_first, sizeof(*building->drafts),
		      compare_drafts);
	return r;
}

/* Which rows each unit answers for. */
static int index_units(struct building *building)
{
	size_t count = building->units.count;

	building->first_of_unit = calloc(count + 2, sizeof(*building->first_of_unit));
	building->of_unit = calloc(building->draft_count + 1, sizeof(*building->of_unit));
	if (!building->first_of_unit || !building->of_unit)
		return -ENOMEM;
	for (size_t i = 0; i < building->draft_count; i++)
		building->first_of_unit[building->drafts[i].unit + 2]++;
	for (size_t i = 0; i < count; i++)
		building->first_of_unit[i + 2] += building->first_of_unit[i + 1];
	for (size_t i = 0; i < building->draft_count; i++)
		building->of_unit[building->first_of_unit[building->drafts[i].unit + 1]++] = i;
	return 0;
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

static int make_rows(struct building *building)
{
	struct diff *diff = building->diff;
	int r = make_drafts(building);

	if (r == 0)
		r = index_units(building);
	if (r == 0)
		r = index_members(building);
	if (r < 0)
		return r;
	diff->rows = calloc(building->draft_count + 1, sizeof(*diff->rows));
	if (!diff->rows)
		return -ENOMEM;
	for (size_t i = 0; i < building->draft_count; i++) {
		diff->rows[diff->row_count++] = building->drafts[i].row;
		building->drafts[i].row.text = NULL;
	}
	return 0;
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
static int find_comparison(struct building *building, const struct diff_cell *cell,
			   const struct comparison **ret)
{
	size_t known = building->pairs.count, number;
	int r = array_grow(&building->comparisons, sizeof(*building->comparisons), known,
			   &building->comparison_capacity);

	if (r == 0)
		r = intern_add(&building->pairs, cell->answers, sizeof(cell->answers), &number);
	if (r == 0 && number == known)
		r = compare_answers(building, cell, &building->comparisons[number]);
	if (r == 0)
		*ret = &building->comparisons[number];
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

static int compare_pair(struct building *building, size_t from, size_t to,
			const struct diff_cell *cell)
{
	const struct comparison *comparison;
	int r = find_comparison(building, cell, &comparison);

	for (int side = 0; r == 0 && side < DIFF_SIDES; side++)
		r = add_change(building, from, to, side, comparison->ports[side]);
	if (r == 0 && from != to)
		building->diff->unchanged += comparison->is_unchanged;
	return r;
}

/* The pods of one row, to one another. */
static int compare_within(struct building *building, size_t row)
{
	const struct draft *draft = &building->drafts[row];
	const struct diff_units *units = &building->units;
	const struct diff_unit *unit = &units->items[draft->unit];
	bool is_one_unit = unit->owner_end - unit->owner_first == 1;
	struct diff_cell cell;

	if (unit->count == 0 ||
	    (draft->member != DIFF_NONE && units->members[draft->member].name->pod[0]))
		return 0;
	cell = cell_of(units, draft->unit,
		       is_one_unit || draft->member != DIFF_NONE ? draft->unit : draft->unit + 1);
	return compare_pair(building, row, row, &cell);
}

static int compare_row(struct building *building, size_t row)
{
	const struct diff_line *line = &building->units.out[building->drafts[row].unit];
	int r = 0;

	for (size_t i = 0; r == 0 && i < line->count; i++) {
		size_t end = building->first_of_unit[line->items[i].other + 1];
		size_t at = building->first_of_unit[line->items[i].other];

		for (; r == 0 && at < end; at++) {
			if (building->of_unit[at] == row)
				continue;
			r = compare_pair(building, row, building->of_unit[at], &line->items[i]);
		}
	}
	return r < 0 ? r : compare_within(building, row);
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
	int r = 0;

	for (size_t i = 0; r == 0 && i < diff->row_count; i++)
		r = compare_row(building, i);
	if (r == 0 && diff->change_count > 0)
		qsort(diff->changes, diff->change_count, sizeof(*diff->changes), compare_changes);
	return r;
}

static void building_clear(struct building *building)
{
	for (size_t i = 0; i < building->draft_count; i++)
		free(building->drafts[i].row.text);
	free(building->drafts);
	free(building->first_of_unit);
	free(building->of_unit);
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
		r = diff_units_ask(&building.units);
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
