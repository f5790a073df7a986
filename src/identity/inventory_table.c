#include "identity/inventory_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static char *item_at(const struct table *table, size_t index)
{
	return (char *)table->items + index * table->size;
}

/* Of equals the one added last comes first. */
static int compare_order(const void *left, const void *right, void *context)
{
	const struct table *table = context;
	size_t a = *(const size_t *)left, b = *(const size_t *)right;
	int order = table->compare(item_at(table, a), item_at(table, b));

	return order ? order : (a < b) - (a > b);
}

int table_finish(struct table *table)
{
	size_t *order = calloc(table->count + 1, sizeof(*order));
	char *sorted = calloc(table->count + 1, table->size);
	size_t kept = 0;

	if (!order || !sorted) {
		free(order);
		free(sorted);
		return -ENOMEM;
	}
	for (size_t i = 0; i < table->count; i++)
		order[i] = i;
	qsort_r(order, table->count, sizeof(*order), compare_order, table);
	for (size_t i = 0; i < table->count; i++) {
		char *item = item_at(table, order[i]);
		char *last = kept > 0 ? sorted + (kept - 1) * table->size : NULL;

		if (!last || table->compare(last, item) != 0) {
			memcpy(sorted + kept++ * table->size, item, table->size);
			continue;
		}
		if (table->fill)
			table->fill(table->context, last, item);
		table->clear(item);
	}
	free(order);
	free(table->items);
	table->items = sorted;
	table->count = kept;
	return 0;
}
