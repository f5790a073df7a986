#include "policy/diff_compare.h"

#include <errno.h>
#include <stdlib.h>

#include "policy/array.h"

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

void diff_ports_clear(struct diff_ports *ports)
{
	port_set_clear(&ports->allows);
	port_set_clear(&ports->unknown);
}

/* What that side has and the other has not. */
static int add_ports(struct diff_comparisons *all, const struct diff_cell *cell,
		     enum diff_side side, uint32_t *ret)
{
	const struct answer_sets *mine = answer_of(all->units, cell, side);
	const struct answer_sets *others = answer_of(all->units, cell, !side);
	struct diff *diff = all->diff;
	struct diff_ports *ports;
	int r =
	    array_grow(&diff->ports, sizeof(*diff->ports), diff->port_count, &all->port_capacity);

	if (r < 0)
		return r;
	ports = &diff->ports[diff->port_count];
	*ports = (struct diff_ports){0};
	r = set_without(&mine->allows, &others->allows, &ports->allows);
	if (r == 0)
		r = set_without(&mine->unknown, &others->unknown, &ports->unknown);
	*ret = DIFF_NO_PORTS;
	if (r == 0 && (ports->allows.count > 0 || ports->unknown.count > 0))
		*ret = (uint32_t)diff->port_count++;
	else
		diff_ports_clear(ports);
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

static int compare_answers(struct diff_comparisons *all, const struct diff_cell *cell,
			   struct diff_comparison *ret)
{
	const struct answer_sets *old = answer_of(all->units, cell, DIFF_OLD);
	const struct answer_sets *new = answer_of(all->units, cell, DIFF_NEW);
	int r = have_common(&old->allows, &new->allows, &ret->is_unchanged);

	if (r == 0 && !ret->is_unchanged)
		r = have_common(&old->unknown, &new->unknown, &ret->is_unchanged);
	if (r == 0)
		r = add_ports(all, cell, DIFF_OLD, &ret->ports[DIFF_OLD]);
	return r < 0 ? r : add_ports(all, cell, DIFF_NEW, &ret->ports[DIFF_NEW]);
}

/* Few pairs of answers are of many pairs of rows. */
int diff_compare(struct diff_comparisons *all, const struct diff_cell *cell, size_t *ret)
{
	const size_t known = all->pairs.count;
	int r = array_grow(&all->items, sizeof(*all->items), known, &all->capacity);

	if (r == 0)
		r = intern_add(&all->pairs, cell->answers, sizeof(cell->answers), ret);
	if (r == 0 && *ret == known)
		r = compare_answers(all, cell, &all->items[known]);
	return r;
}

void diff_comparisons_clear(struct diff_comparisons *all)
{
	free(all->items);
	intern_clear(&all->pairs);
}
