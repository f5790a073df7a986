#include "policy/diff.h"

#include <errno.h>
#include <stdlib.h>

#include "policy/diff_changes.h"
#include "policy/diff_compare.h"

int diff_build(const struct diff_set sets[static DIFF_SIDES], struct diff **ret)
{
	struct diff *diff = calloc(1, sizeof(*diff));
	struct diff_units units = {0};
	struct diff_draft *drafts = NULL;
	int r = diff ? diff_units_make(sets, &units) : -ENOMEM;

	if (r == 0)
		r = diff_rows_make(&units, diff, &drafts);
	if (r == 0)
		r = diff_changes_make(&units, drafts, diff);
	free(drafts);
	diff_units_clear(&units);
	if (r == 0)
		*ret = diff;
	else
		diff_free(diff);
	return r;
}

struct diff *diff_free(struct diff *diff)
{
	if (!diff)
		return NULL;
	for (size_t i = 0; i < diff->row_count; i++)
		free(diff->rows[i].text);
	for (size_t i = 0; i < diff->port_count; i++)
		diff_ports_clear(&diff->ports[i]);
	free(diff->rows);
	free(diff->changes);
	free(diff->ports);
	free(diff->pods);
	free(diff);
	return NULL;
}
