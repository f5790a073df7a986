#include <stdio.h>
#include <string.h>

#include "cli/manifests.h"
#include "cli/question.h"
#include "cli/reach_print.h"

/* How what was asked for went, over all pairs of ends that it is about. */
struct tally {
	const struct reach *reach;
	const struct port_set *ports; /* NULL: all, of which only what is denied counts */
	size_t pairs;
	size_t allowed;  /* wholly */
	size_t possible; /* all of it is allowed or unknown */
	size_t denied;   /* wholly */
};

/* ---- yes or no ---- */

static int count_pair(void *context, const struct reach_row *row)
{
	struct tally *tally = context;
	const struct answer_sets *sets = reach_answer(tally->reach, row->answer);
	struct port_set possible = {0};
	int r = port_set_copy(&sets->allows, &possible);

	if (r == 0)
		r = port_set_unite(&possible, &sets->unknown);
	tally->pairs++;
	tally->allowed += tally->ports && port_set_equal(&sets->allows, tally->ports);
	tally->possible += r == 0 && tally->ports && port_set_equal(&possible, tally->ports);
	tally->denied += r == 0 && possible.count == 0;
	port_set_clear(&possible);
	return r;
}

static const char *verdict_of(const struct tally *tally)
{
	if (tally->allowed == tally->pairs)
		return "allowed";
	if (tally->denied == tally->pairs)
		return "denied";
	return tally->possible == tally->pairs ? "unknown" : "allowed in part";
}

/* A question has the exit status for its answer; people get a line, too. */
static void print_verdict(struct session *session, const struct question *question,
			  const struct tally *tally)
{
	const struct options *options = session->options;
	const bool table = options->format == FORMAT_TABLE;
	char port[PORT_SET_RANGE_TEXT_MAX];

	if (question_wants_answer(options)) {
		if (tally->allowed < tally->pairs)
			session->status = EXIT_NO;
		if (table)
			printf("%s: %s from %s to %s\n", verdict_of(tally),
			       port_range_format(question->ports.items[0], port), options->from,
			       options->to);
	} else if (table && tally->denied == tally->pairs) {
		printf("denied: everything from %s to %s\n", options->from, options->to);
	}
}

static int answer(struct session *session, struct reach *reach, const struct question *question)
{
	const struct options *options = session->options;
	struct tally tally = {.reach = reach, .ports = question->asked.ports};
	int r = 0;

	for (size_t i = 0; r == 0 && i < reach_end_count(reach); i++)
		r = reach_from(reach, i, count_pair, &tally);
	if (r < 0)
		return r;
	if (tally.pairs == 0) {
		fprintf(stderr, "%s reach: neither --from nor --to is in namespace %s\n", PROGRAM,
			options->namespace);
		session->status = EXIT_USAGE;
		return 0;
	}
	print_verdict(session, question, &tally);
	return 0;
}

/* ---- the command ---- */

static void check_namespace(struct session *session, const struct reach *reach)
{
	size_t count;
	const struct reach_workload *workloads = reach_workloads(reach, &count);

	if (count == 0)
		problem_add(&session->problems, PROBLEM_WARNING, "manifests",
			    "no pod and no workload in them, so there is nothing to "
			    "tell: " MANIFESTS_SUPPLY);
	for (size_t i = 0; session->options->namespace && i < count; i++)
		if (strcmp(workloads[i].name.namespace, session->options->namespace) == 0)
			return;
	if (session->options->namespace)
		session_warn_of_namespace(session);
}

static void tell(struct session *session, struct reach *reach, struct question *question)
{
	bool asks = question_has_both_ends(session->options);
	int r;

	question->asked.denied_too = asks;
	r = reach_narrow(reach, &question->asked);
	if (r == 0 && asks)
		r = answer(session, reach, question);
	if (r == 0 && session->status != EXIT_USAGE)
		r = reach_print(session, reach, question);
	if (r < 0)
		session_fail(session, "reach", r);
}

static void reach_manifests(struct session *session, struct manifests *manifests)
{
	struct question question = {0};
	struct reach *reach = NULL;
	int r;

	if (!manifests_read(session, session->options->manifests, session->options->manifest_count,
			    manifests) ||
	    !manifests_evaluate(session, manifests))
		return;
	r = reach_new(&manifests->scene->scene, manifests->scene->owners, manifests->evaluator,
		      &reach);
	if (r < 0) {
		session_fail(session, "reach", r);
		return;
	}
	check_namespace(session, reach);
	manifests_tell_idle(session, manifests->manifest, &manifests->scene->scene,
			    manifests->evaluator);
	if (question_make(session, reach, manifests, &question))
		tell(session, reach, &question);
	question_clear(&question);
	reach_free(reach);
}

static int run(const struct options *options)
{
	struct manifests manifests = {0};
	struct session session;

	session_begin_alone(&session, options);
	if (options->manifest_count == 0) {
		fprintf(stderr, "%s reach: -f PATH is missing: the manifests to ask\n", PROGRAM);
		session.status = EXIT_USAGE;
	} else {
		reach_manifests(&session, &manifests);
	}
	manifests_clear(&manifests);
	return session_end(&session);
}

const struct command command_reach = {
    .name = "reach",
    .summary = "all that a set of manifests allows, or one question about it",
    .operands = "",
    .details = "One row per pair of workloads, and per workload and range of addresses outside, "
	       "between which NetworkPolicies\n"
	       "allow anything; \"unknown\" is what depends on labels or ports that the manifests "
	       "do not tell. Pods of one owner\n"
	       "are one row unless they differ. With --from, --to and --port it is a question: "
	       "the exit status is 0 if all of it\n"
	       "is allowed, else 1. Reads no database.\n",
    .takes = TAKES_MANIFESTS | TAKES_NO_DB | TAKES_QUESTION | TAKES_EXPLAIN | TAKES_PLUGIN |
	     TAKES_NAMESPACE | TAKES_STRICT,
    .formats = FORMAT_TABLE | FORMAT_JSON | FORMAT_JSONL | FORMAT_CSV,
    .format = FORMAT_TABLE,
    .run = run,
};
