#include "cli/compile.h"

int compile_begin(struct session *session, struct compile *compile)
{
	const struct options *options = session->options;

	compile->request = options->request;
	compile->request.filter = (struct policy_filter){.namespace = options->namespace,
							 .workload_kind = options->workload_kind,
							 .workload_name = options->workload_name};
	compile->request.entities = options->kind && options->kind->entities;
	compile->request.withhold_partial = options->strict;
	return compiler_new(session->graph, &compile->request, &session->problems,
			    &compile->compiler);
}

void compile_end(struct compile *compile)
{
	compiler_free(compile->compiler);
	*compile = (struct compile){0};
}
