#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/rule_text.h"
#include "cli/verify_unused.h"
#include "cli/verify_words.h"

/* Items of one rule. */
struct united_line {
	struct verify_line line;
	const struct unused_item *first;
	size_t policies; /* that have the same, if it is the first of them; 0: it is not */
};

/* ---- peers of one rule ---- */

/* Do they differ in the peer alone? */
static bool are_alike(const struct unused_item *a, const struct unused_item *b)
{
	return b->wider && a->peer && b->peer && a->rule == b->rule && a->port == b->port &&
	       a->perhaps == b->perhaps && a->why == b->why && strcmp(a->wider, b->wider) == 0;
}

static size_t count_alike(const struct unused_item *items, size_t count)
{
	size_t alike = 1;

	while (alike < count && are_alike(&items[0], &items[alike]))
		alike++;
	return alike;
}

static void put_peers(const struct unused_item *items, size_t count, struct buf *buf)
{
	buf_clear(buf);
	buf_printf(buf, "%zu peers: ", count);
	for (size_t i = 0; i < count && i < VERIFY_NAMED; i++) {
		buf_puts(buf, i > 0 ? "; " : "");
		rule_put_peer(buf, items[i].peer);
	}
	verify_put_more(buf, "; ", count);
}

static void fill(const struct unused_item *items, size_t count, struct united_line *ret)
{
	*ret = (struct united_line){.first = items, .policies = 1};
	verify_fill_unused(items, &ret->line);
	if (count > 1)
		put_peers(items, count, &ret->line.cells[COLUMN_PEER]);
	verify_put_all(&ret->line);
}

/* lines: room for as many as there are items. */
static size_t make_lines(const struct verification *verification, bool wider,
			 struct united_line *lines)
{
	const struct unused_item *items = verification->unused;
	size_t count = 0, alike;

	for (size_t i = 0; i < verification->unused_count; i += alike) {
		alike = items[i].wider ? count_alike(&items[i], verification->unused_count - i) : 1;
		if (wider == (items[i].wider != NULL))
			fill(&items[i], alike, &lines[count++]);
	}
	return count;
}

/* ---- policies ---- */

static const char *text_of(const struct united_line *line, enum verify_column column)
{
	return line->line.cells[column].data ? line->line.cells[column].data : "";
}

static int compare_words(const struct united_line *a, const struct united_line *b)
{
	static const enum verify_column columns[] = {COLUMN_PEER, COLUMN_PORT, COLUMN_FINDING,
						     COLUMN_WHY};
	int r = (int)a->first->direction - (int)b->first->direction;

	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]) && r == 0; i++)
		r = strcmp(text_of(a, columns[i]), text_of(b, columns[i]));
	return r;
}

static int compare_lines(const void *a, const void *b)
{
	const struct united_line *x = *(struct united_line *const *)a;
	const struct united_line *y = *(struct united_line *const *)b;
	int r = compare_words(x, y);

	return r ? r : (x > y) - (x < y);
}

/* Into the first of them. */
static void unite(struct united_line **lines, size_t count)
{
	struct united_line *first = lines[0];
	struct buf names = {0}, *policy = &first->line.cells[COLUMN_POLICY];
	bool one_rule = true;

	buf_puts(&names, text_of(first, COLUMN_POLICY));
	for (size_t i = 1; i < count; i++) {
		lines[i]->policies = 0;
		one_rule &=
		    strcmp(text_of(first, COLUMN_RULE), text_of(lines[i], COLUMN_RULE)) == 0;
		if (lines[i]->first->policy == lines[i - 1]->first->policy)
			continue;
		if (first->policies++ < VERIFY_NAMED)
			buf_printf(&names, ", %s", text_of(lines[i], COLUMN_POLICY));
	}
	if (first->policies > 1) {
		buf_clear(policy);
		buf_printf(policy, "%zu policies: %s", first->policies,
			   names.data ? names.data : "");
		verify_put_more(policy, ", ", first->policies);
	}
	if (names.error && !policy->error)
		policy->error = names.error;
	buf_clear(&names);
	if (!one_rule) {
		buf_clear(&first->line.cells[COLUMN_RULE]);
		buf_puts(&first->line.cells[COLUMN_RULE], "several");
	}
}

/* Of what is not there on purpose each policy has its row, but for a part of one rule that many
 * have, as what they have in common was not used. */
static bool are_one(struct united_line **lines, size_t count)
{
	size_t policies = 1;

	if (lines[0]->first->wider)
		return true;
	for (size_t i = 1; i < count; i++)
		policies += lines[i]->first->policy != lines[i - 1]->first->policy;
	return lines[0]->first->rule && policies > VERIFY_NAMED;
}

static int unite_all(struct united_line *lines, size_t count)
{
	struct united_line **order = calloc(count + 1, sizeof(struct united_line *));
	size_t alike;

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		order[i] = &lines[i];
	qsort(order, count, sizeof(struct united_line *), compare_lines);
	for (size_t i = 0; i < count; i += alike) {
		for (alike = 1; i + alike < count; alike++)
			if (compare_words(order[i], order[i + alike]) != 0)
				break;
		if (are_one(&order[i], alike))
			unite(&order[i], alike);
	}
	free(order);
	return 0;
}

static int add_lines(const struct verification *verification, bool wider,
		     struct output_table *table, struct verify_columns columns)
{
	struct united_line *lines = calloc(verification->unused_count + 1, sizeof(*lines));
	size_t count;
	int r;

	if (!lines)
		return -ENOMEM;
	count = make_lines(verification, wider, lines);
	r = unite_all(lines, count);
	for (size_t i = 0; i < count && r == 0; i++)
		if (lines[i].policies > 0)
			r = verify_table_add(table, columns, &lines[i].line);
	for (size_t i = 0; i < count; i++)
		verify_line_clear(&lines[i].line);
	free(lines);
	return r;
}

int verify_add_wider_unused(const struct verification *verification, struct output_table *table,
			    struct verify_columns columns)
{
	return add_lines(verification, true, table, columns);
}

int verify_add_plain_unused(const struct verification *verification, struct output_table *table,
			    struct verify_columns columns)
{
	return add_lines(verification, false, table, columns);
}
