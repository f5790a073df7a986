#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cli/evidence_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct pod pod_of(const struct evidence_pod *end)
{
	return (struct pod){.namespace = (char *)(uintptr_t)end->namespace,
			    .name = (char *)(uintptr_t)end->name,
			    .uid = (char *)(uintptr_t)end->uid,
			    .sandbox = (char *)(uintptr_t)end->sandbox};
}

static json_t *flow_tree(const struct evidence *evidence)
{
	struct stored_flow flow = {.node = evidence->node, .flow = evidence->flow};
	struct pod source = pod_of(&evidence->source), destination = pod_of(&evidence->destination);

	return evidence_of_flow(&flow, source.name ? &source : NULL,
				destination.name ? &destination : NULL);
}

static json_t *tree_of(const struct evidence *evidence)
{
	switch (evidence->type) {
	case EVIDENCE_HEADER:
		return evidence_header(evidence->node, evidence->from, evidence->until);
	case EVIDENCE_POD:
		return evidence_of_pod(
		    &(struct stored_pod){.node = evidence->node, .pod = evidence->pod});
	case EVIDENCE_FACT:
		return evidence_of_fact(&(struct stored_fact){evidence->node, evidence->name,
							      evidence->value, evidence->from});
	case EVIDENCE_OBJECT:
		return evidence_of_object(&evidence->object);
	case EVIDENCE_GAP:
		return evidence_of_gap(evidence->node, &evidence->gap);
	default:
		return flow_tree(evidence);
	}
}

/* The line that would be printed of it; free() it. */
static char *line_of(const struct evidence *evidence)
{
	json_t *tree = tree_of(evidence);
	char *line = json_dumps(tree, JSON_COMPACT);

	if (!line)
		abort();
	json_decref(tree);
	return line;
}

/* What was understood is printed so that it is understood again, and the same. */
static void check(const struct evidence *evidence)
{
	char *first = line_of(evidence), *second, reason[256] = "";
	struct evidence again;

	if (evidence_of_line(first, strlen(first), &again, reason) < 0)
		abort();
	second = line_of(&again);
	if (strcmp(first, second) != 0)
		abort();
	evidence_clear(&again);
	free(first);
	free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct evidence evidence;
	char reason[256] = "";
	int r = evidence_of_line((const char *)data, size, &evidence, reason);

	if (r == 0) {
		check(&evidence);
		evidence_clear(&evidence);
	} else if (r != -EINVAL || reason[0] == '\0') {
		abort();
	}
	return 0;
}
