#include <errno.h>
#include <stdlib.h>

#include "policy/compiler.h"

void compiler_refuse(struct compiler *compiler)
{
	compiler->subjects[compiler->next - 1].refused = true;
}

/* Of each edge: is it in a rule of a policy that was printed, and of one that was not? */
enum { IN_PRINTED = 1, IN_REFUSED = 2 };

static void mark_rules(const struct compiler *compiler, const struct subject *subject,
		       uint8_t *marks)
{
	for (size_t i = 0; i < subject->count; i++) {
		const struct graph_edge *edge = subject->atoms[i].edge;

		if (edge)
			marks[edge - compiler->graph->edges] |=
			    subject->refused ? IN_REFUSED : IN_PRINTED;
	}
}

/* Of the edges that no other policy has. */
static int sum_edges(const struct compiler *compiler, struct policy_refused *sum)
{
	const struct graph *graph = compiler->graph;
	uint8_t *marks = calloc(graph->edge_count + 1, 1);

	if (!marks)
		return -ENOMEM;
	for (size_t i = 0; i < compiler->subject_count; i++)
		if (compiler->subjects[i].group != GROUP_NONE)
			mark_rules(compiler, &compiler->subjects[i], marks);
	for (size_t i = 0; i < graph->edge_count; i++) {
		const int64_t connections = graph->edges[i].edge.totals.connections;

		if (marks[i] != IN_REFUSED || !tally_is_used(&compiler->tally, &graph->edges[i]))
			continue;
		sum->edges++;
		sum->connections += connections > 0 ? connections : 0;
	}
	free(marks);
	return 0;
}

int compiler_refused(const struct compiler *compiler, struct policy_refused *ret)
{
	*ret = (struct policy_refused){0};
	for (size_t i = 0; i < compiler->subject_count; i++) {
		if (compiler->subjects[i].group == GROUP_NONE)
			continue;
		ret->given++;
		ret->policies += compiler->subjects[i].refused;
	}
	return ret->policies > 0 ? sum_edges(compiler, ret) : 0;
}
