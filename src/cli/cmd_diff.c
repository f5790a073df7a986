#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "cli/diff_print.h"
#include "cli/diff_sets.h"

static int print_diff(struct session *session, const struct diff *diff,
		      const struct diff_weights *weights)
{
	struct diff_lines lines;
	struct diff_answer answer = {.diff = diff, .lines = &lines, .weighed = weights != NULL};
	int r = diff_join(diff, weights, &lines);

	if (r < 0)
		return r;
	r = diff_print(session, &answer);
	if (session->status == EXIT_DONE && lines.count > 0)
		session->status = EXIT_NO;
	diff_lines_clear(&lines);
	return r;
}

static int weigh(struct session *session, const struct diff *diff)
{
	struct diff_weights weights;
	int r = diff_weigh(diff, session->graph, &weights);

	if (r < 0)
		return r;
	if (weights.unplaced > 0)
		problem_add(&session->problems, PROBLEM_NOTE, "history",
			    "%" PRId64 " connection%s an end that is none of the workloads "
			    "compared, and count%s nowhere",
			    weights.unplaced, weights.unplaced == 1 ? " has" : "s have",
			    weights.unplaced == 1 ? "s" : "");
	r = print_diff(session, diff, &weights);
	diff_weights_clear(&weights);
	return r;
}

static void compare(struct session *session, const struct diff_input inputs[static DIFF_SIDES])
{
	const struct diff_set sets[DIFF_SIDES] = {inputs[DIFF_OLD].set, inputs[DIFF_NEW].set};
	struct diff *diff = NULL;
	int r = diff_build(sets, &diff);

	if (r == 0)
		r = session->graph ? weigh(session, diff) : print_diff(session, diff, NULL);
	diff_free(diff);
	if (r < 0)
		session_fail(session, "diff", r);
}

static bool begin(struct session *session, const struct options *options)
{
	*session = (struct session){.options = options};
	if (!options->history)
		return true;
	if (!session_begin(session, options) || !session_build(session))
		return false;
	record_end(session->record);
	return true;
}

static int run(const struct options *options)
{
	struct diff_input inputs[DIFF_SIDES] = {0};
	struct session session;

	if (begin(&session, options) && diff_inputs_read(&session, inputs))
		compare(&session, inputs);
	diff_input_clear(&inputs[DIFF_OLD]);
	diff_input_clear(&inputs[DIFF_NEW]);
	return session_end(&session);
}

const struct command command_diff = {
    .name = "diff",
    .summary = "what one set of policies allows and another does not",
    .operands = "A B",
    .details =
	"A and B are manifests, each a file, a directory or -, compared by what they allow, not by "
	"their text. What -f\n"
	"names belongs to both: the cluster's workloads and namespaces, say. One row for each pair "
	"of ends that lost (-)\n"
	"or got (+) ports; addresses are cut where either set tells them apart, and what only may "
	"be allowed is apart, under\n"
	"UNKNOWN. What is the same in both is counted; `reach` prints it. A workload that only one "
	"set has is said to be,\n"
	"and all that it may do is a difference. --history weighs each row by the connections of "
	"the record, those that\n"
	"were used first; where there is no workload in the manifests it takes the pods that were "
	"recorded. Ends with 1 if\n"
	"anything differs.\n",
    .takes = TAKES_FILES | TAKES_MANIFESTS | TAKES_PLUGIN | TAKES_HISTORY | TAKES_SINCE |
	     TAKES_UNTIL | TAKES_INVENTORY | TAKES_STRICT,
    .formats = FORMAT_TABLE | FORMAT_JSON | FORMAT_CSV,
    .format = FORMAT_TABLE,
    .run = run,
};
