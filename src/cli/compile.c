#include "cli/compile.h"

#include <errno.h>

#include "base/document.h"

/* Comments are YAML's alone. Without a kind it is what `policy` prints by default. */
static bool says_readiness(const struct options *options)
{
	if (!options->kind)
		return true;
	return options->kind->says_readiness ||
	       options->kind_options.explain == EXPLAIN_ANNOTATIONS ||
	       (options->kind_options.explain == EXPLAIN_COMMENTS &&
		options->format == FORMAT_YAML);
}

/* What the record says of each workload. */
static int compile_readiness(struct session *session, struct compile *compile)
{
	const struct options *options = session->options;
	struct policy_request *request = &compile->request;
	int r;

	if (!request->ready_only && !says_readiness(options))
		return 0;
	r = readinesses_build(session->graph, request, &compile->extent.evidence,
			      &compile->readinesses);
	request->readinesses = compile->readinesses;
	return r;
}

static int read_networks(struct session *session, const char *path, struct known_networks *networks)
{
	struct document *document = NULL;
	int r = document_read(path, &session->problems, &document);

	if (r == 0)
		r = known_networks_add(networks, document, &session->problems);
	document_free(document);
	return r == -ENOMEM || r == 0 ? r : -EINVAL;
}

/* All that is wrong is said at once. */
static int read_all_networks(struct session *session, struct compile *compile)
{
	const struct options *options = session->options;
	int r = 0;

	if (options->known_network_count == 0)
		return 0;
	/* Standard input may keep us waiting. */
	record_end(session->record);
	compile->known_networks = known_networks_new();
	if (!compile->known_networks)
		return -ENOMEM;
	for (size_t i = 0; r != -ENOMEM && i < options->known_network_count; i++) {
		int read =
		    read_networks(session, options->known_networks[i], compile->known_networks);

		r = read < 0 ? read : r;
	}
	if (r == -EINVAL)
		session->status = EXIT_USAGE;
	compile->request.known_networks = compile->known_networks;
	return r;
}

int compile_begin(struct session *session, struct compile *compile)
{
	const struct options *options = session->options;
	int r;

	compile->request = options->request;
	compile->request.filter = (struct policy_filter){.namespace = options->namespace,
							 .workload_kind = options->workload_kind,
							 .workload_name = options->workload_name};
	compile->request.entities = options->kind && options->kind->entities;
	compile->request.withhold_partial = options->strict;
	compile->request.coverage = &compile->extent.coverage;
	r = extent_read(session, &compile->extent);
	if (r == 0)
		r = read_all_networks(session, compile);
	if (r == 0)
		r = compile_readiness(session, compile);
	if (r < 0)
		return r;
	return compiler_new(session->graph, &compile->request, &session->problems,
			    &compile->compiler);
}

void compile_end(struct compile *compile)
{
	compiler_free(compile->compiler);
	readinesses_free(compile->readinesses);
	extent_clear(&compile->extent);
	known_networks_free(compile->known_networks);
	*compile = (struct compile){0};
}
