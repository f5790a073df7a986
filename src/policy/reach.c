#include "policy/reach.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/pod_classes.h"
#include "policy/reach_ranges.h"
#include "policy/reach_workloads.h"

#define NOT_ASKED UINT32_MAX

struct range {
	struct addr_range range;
	char text[2 * ADDR_TEXT_MAX];
};

/* What a class of pods is allowed. */
struct class_answers {
	uint32_t *to;           /* by class, NOT_ASKED where it is not known yet; NULL: none is */
	size_t rows;            /* workloads of it from which rows are still to come */
	bool asked[DIRECTIONS]; /* whether any workload of it may be the source (EGRESS), … */
	struct reach_pieces pieces[DIRECTIONS];
};

struct reach {
	const struct scene *scene;
	struct evaluator *evaluator;
	struct pod_classes classes;
	struct reach_workloads workloads;
	/* From here on by reach_narrow(). */
	struct reach_question question;
	struct answers answers;
	struct class_answers *by_class;
	struct range *ranges;
	size_t range_count;
};

int reach_new(const struct scene *scene, const struct scene_owner *owners,
	      struct evaluator *evaluator, struct reach **ret)
{
	struct reach *reach = calloc(1, sizeof(*reach));
	int r;

	if (!reach)
		return -ENOMEM;
	reach->scene = scene;
	reach->evaluator = evaluator;
	r = pod_classes_make(scene, evaluator, &reach->classes);
	if (r == 0)
		r = reach_workloads_make(evaluator, &reach->classes, scene, owners,
					 &reach->workloads);
	if (r < 0)
		reach_free(reach);
	else
		*ret = reach;
	return r;
}

struct reach *reach_free(struct reach *reach)
{
	if (!reach)
		return NULL;
	for (size_t i = 0; reach->by_class && i < reach->classes.count; i++) {
		free(reach->by_class[i].to);
		for (int d = 0; d < DIRECTIONS; d++)
			reach_pieces_clear(&reach->by_class[i].pieces[d]);
	}
	free(reach->by_class);
	free(reach->ranges);
	answers_clear(&reach->answers);
	reach_workloads_clear(&reach->workloads);
	pod_classes_clear(&reach->classes);
	free(reach);
	return NULL;
}

const struct reach_workload *reach_workloads(const struct reach *reach, size_t *ret_count)
{
	*ret_count = reach->workloads.count;
	return reach->workloads.items;
}

/* ---- ends ---- */

static const struct reach_side *side_of(const struct reach *reach, enum direction direction)
{
	return direction == DIRECTION_EGRESS ? &reach->question.from : &reach->question.to;
}

static bool workload_is_asked(const struct reach_side *side, size_t workload)
{
	return side->workloads ? side->workloads[workload] : !side->has_range;
}

static bool range_is_asked(const struct reach_side *side, struct addr_range range)
{
	if (!side->has_range)
		return !side->workloads;
	return addr_compare(side->range.first, range.first) <= 0 &&
	       addr_compare(range.last, side->range.last) <= 0;
}

size_t reach_end_count(const struct reach *reach)
{
	return reach->workloads.count + reach->range_count;
}

static const struct range *range_of(const struct reach *reach, size_t end)
{
	return end < reach->workloads.count ? NULL : &reach->ranges[end - reach->workloads.count];
}

const char *reach_end_text(const struct reach *reach, size_t end)
{
	const struct range *range = range_of(reach, end);

	return range ? range->text : reach->workloads.items[end].text;
}

bool reach_end_is_range(const struct reach *reach, size_t end)
{
	return end >= reach->workloads.count;
}

static bool end_is_asked(const struct reach *reach, size_t end, enum direction direction)
{
	const struct range *range = range_of(reach, end);

	return range ? range_is_asked(side_of(reach, direction), range->range)
		     : workload_is_asked(side_of(reach, direction), end);
}

static bool in_namespace(const struct reach *reach, size_t end)
{
	return end < reach->workloads.count &&
	       strcmp(reach->workloads.items[end].name.namespace, reach->question.namespace) == 0;
}

static bool pair_is_asked(const struct reach *reach, size_t from, size_t to)
{
	return !reach->question.namespace || in_namespace(reach, from) || in_namespace(reach, to);
}

/* ---- ranges ---- */

static bool any_range_is_asked(const struct reach *reach, enum direction direction)
{
	const struct reach_side *side = side_of(reach, direction);

	return side->has_range || !side->workloads;
}

static void mark_class(struct reach *reach, size_t workload)
{
	struct class_answers *class = &reach->by_class[reach->workloads.items[workload].class];

	for (int d = 0; d < DIRECTIONS; d++)
		if (workload_is_asked(side_of(reach, (enum direction)d), workload)) {
			class->rows += d == DIRECTION_EGRESS;
			class->asked[d] = true;
		}
}

static int make_pieces(struct reach *reach, size_t class, struct reach_cuts *cuts)
{
	struct class_answers *answers = &reach->by_class[class];
	int r = 0;

	for (int d = 0; r == 0 && d < DIRECTIONS; d++) {
		struct reach_pieces *pieces = &answers->pieces[d];
		const enum direction other =
		    d == DIRECTION_EGRESS ? DIRECTION_INGRESS : DIRECTION_EGRESS;

		if (!answers->asked[d] || !any_range_is_asked(reach, other))
			continue;
		r = reach_pieces_make(&reach->answers, reach->classes.items[class].first,
				      (enum direction)d, pieces);
		for (size_t i = 0; r == 0 && i < pieces->count; i++)
			r = reach_cuts_add(cuts, pieces->items[i].first);
	}
	return r;
}

static int cut_where_asked(const struct reach *reach, struct reach_cuts *cuts)
{
	int r = 0;

	for (int d = 0; r == 0 && d < DIRECTIONS; d++) {
		const struct reach_side *side = side_of(reach, (enum direction)d);

		if (side->has_range)
			r = reach_cuts_around(cuts, side->range);
	}
	return r;
}

static struct range make_range(struct addr_range addresses)
{
	struct range range = {.range = addresses};
	char first[ADDR_TEXT_MAX], last[ADDR_TEXT_MAX];

	snprintf(range.text, sizeof(range.text), "%s-%s", addr_format(addresses.first, first),
		 addr_format(addresses.last, last));
	return range;
}

static int make_ranges(struct reach *reach, const struct reach_cuts *cuts)
{
	reach->ranges = calloc(cuts->count + 1, sizeof(*reach->ranges));
	if (!reach->ranges)
		return -ENOMEM;
	for (size_t i = 0; i < cuts->count; i++)
		reach->ranges[i] = make_range(reach_cuts_range(cuts, i));
	reach->range_count = cuts->count;
	return 0;
}

int reach_narrow(struct reach *reach, const struct reach_question *question)
{
	struct reach_cuts cuts = {0};
	int r;

	reach->question = *question;
	reach->by_class = calloc(reach->classes.count + 1, sizeof(*reach->by_class));
	r = answers_make(&reach->answers, reach->evaluator, question->ports);
	if (!reach->by_class)
		r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < reach->workloads.count; i++)
		mark_class(reach, i);
	for (size_t i = 0; r == 0 && i < reach->classes.count; i++)
		r = make_pieces(reach, i, &cuts);
	if (r == 0)
		r = cut_where_asked(reach, &cuts);
	reach_cuts_sort(&cuts);
	if (r == 0)
		r = make_ranges(reach, &cuts);
	reach_cuts_clear(&cuts);
	return r;
}

/* ---- rows ---- */

static int open_class(struct reach *reach, struct class_answers *class)
{
	if (class->to)
		return 0;
	class->to = calloc(reach->classes.count, sizeof(*class->to));
	if (!class->to)
		return -ENOMEM;
	for (size_t i = 0; i < reach->classes.count; i++)
		class->to[i] = NOT_ASKED;
	return 0;
}

/* Two different pods, also of one class: no workload is asked of itself. */
static int ask_classes(struct reach *reach, size_t from, size_t to, uint32_t *ret)
{
	const struct pod_class_members *source = &reach->classes.items[from];
	const struct party first = {.kind = PARTY_POD, .index = source->first};
	const struct party second = {.kind = PARTY_POD,
				     .index = from == to ? source->second
							 : reach->classes.items[to].first};
	struct class_answers *class = &reach->by_class[from];
	int r = 0;

	if (class->to[to] == NOT_ASKED)
		r = answers_ask(&reach->answers, &first, &second, &class->to[to]);
	*ret = class->to[to];
	return r;
}

static int ask(struct reach *reach, size_t from, size_t to, uint32_t *ret)
{
	const struct range *source = range_of(reach, from);
	const struct range *destination = range_of(reach, to);
	const size_t count = reach->workloads.count;
	const size_t from_class = from < count ? reach->workloads.items[from].class : 0;
	const size_t to_class = to < count ? reach->workloads.items[to].class : 0;

	if (!source && !destination)
		return ask_classes(reach, from_class, to_class, ret);
	if (destination)
		*ret = reach_pieces_find(&reach->by_class[from_class].pieces[DIRECTION_EGRESS],
					 destination->range.first);
	else
		*ret = reach_pieces_find(&reach->by_class[to_class].pieces[DIRECTION_INGRESS],
					 source->range.first);
	return 0;
}

/* The end of the row that is a range; NULL: none is. */
static size_t *ranged_end(const struct reach *reach, struct reach_row *row)
{
	if (reach_end_is_range(reach, row->from))
		return &row->from;
	return reach_end_is_range(reach, row->to) ? &row->to : NULL;
}

/* Is the answer the same in a range beside the row's, and is that asked for, too? */
static bool is_alike(struct reach *reach, struct reach_row row, size_t beside)
{
	size_t *end = ranged_end(reach, &row);
	const enum direction direction = end == &row.from ? DIRECTION_EGRESS : DIRECTION_INGRESS;
	const struct range *range = range_of(reach, *end), *next;
	uint32_t answer;

	if (beside < reach->workloads.count || beside >= reach_end_count(reach) ||
	    !end_is_asked(reach, beside, direction))
		return false;
	next = range_of(reach, beside);
	if (next->range.first.family != range->range.first.family)
		return false;
	*end = beside;
	return ask(reach, row.from, row.to, &answer) == 0 && answer == row.answer;
}

/* Of ranges that are alike at the first, which tells of all. */
static int tell(struct reach *reach, struct reach_row row, reach_row_fn *fn, void *context)
{
	const size_t *end = ranged_end(reach, &row);

	if (end) {
		if (is_alike(reach, row, *end - 1))
			return 0;
		row.last = *end;
		while (is_alike(reach, row, row.last + 1))
			row.last++;
	}
	return fn(context, &row);
}

static int walk(struct reach *reach, size_t from, reach_row_fn *fn, void *context)
{
	const bool from_range = range_of(reach, from) != NULL;
	const size_t end = from_range ? reach->workloads.count : reach_end_count(reach);
	int r = 0;

	for (size_t to = 0; r >= 0 && to < end; to++) {
		struct reach_row row = {.from = from, .to = to, .last = REACH_NONE};

		if (to == from || !end_is_asked(reach, to, DIRECTION_INGRESS) ||
		    !pair_is_asked(reach, from, to))
			continue;
		r = ask(reach, from, to, &row.answer);
		if (r == 0 && (row.answer != ANSWERS_NOTHING || reach->question.denied_too))
			r = tell(reach, row, fn, context);
	}
	return r < 0 ? r : 0;
}

int reach_from(struct reach *reach, size_t from, reach_row_fn *fn, void *context)
{
	struct class_answers *class;
	int r;

	if (!end_is_asked(reach, from, DIRECTION_EGRESS))
		return 0;
	if (range_of(reach, from))
		return walk(reach, from, fn, context);
	class = &reach->by_class[reach->workloads.items[from].class];
	r = open_class(reach, class);
	if (r == 0)
		r = walk(reach, from, fn, context);
	if (class->rows > 0)
		class->rows--;
	if (class->rows == 0) {
		free(class->to);
		class->to = NULL;
	}
	return r;
}

const struct answer_sets *reach_answer(const struct reach *reach, uint32_t answer)
{
	return &reach->answers.items[answer];
}

size_t reach_answer_count(const struct reach *reach)
{
	return reach->answers.count;
}

bool reach_row_range(const struct reach *reach, const struct reach_row *row,
		     enum direction direction, struct addr_range *ret)
{
	const struct range *first =
	    range_of(reach, direction == DIRECTION_EGRESS ? row->from : row->to);

	if (first)
		*ret =
		    (struct addr_range){first->range.first, range_of(reach, row->last)->range.last};
	return first != NULL;
}

static struct party row_party(const struct reach *reach, const struct reach_row *row,
			      enum direction direction)
{
	const size_t end = direction == DIRECTION_EGRESS ? row->from : row->to;
	struct party party = {.kind = PARTY_ADDRESSES};

	if (!reach_row_range(reach, row, direction, &party.range))
		party =
		    (struct party){.kind = PARTY_POD, .index = reach->workloads.items[end].pods[0]};
	return party;
}

int reach_explain(struct reach *reach, const struct reach_row *row, evaluator_reason_fn *reason,
		  void *context)
{
	const struct party source = row_party(reach, row, DIRECTION_EGRESS);
	const struct party destination = row_party(reach, row, DIRECTION_INGRESS);

	return evaluator_explain(reach->evaluator, &source, &destination, reason, context);
}
