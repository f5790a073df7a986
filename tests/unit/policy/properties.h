/*
 * What the properties of generated policies are told of and judged by: a history, its graph, the
 * policies that are made of it, and the same read again from their text.
 */
#ifndef NETPOL_TESTS_PROPERTIES_H
#define NETPOL_TESTS_PROPERTIES_H

#include "policy/kind.h"
#include "policy/replay.h"
#include "tests/unit/policy/histories.h"

struct world {
	uint64_t seed;
	struct history history;
	struct inventory *inventory;
	struct graph *graph;
	struct policy_request request;
};

/* What came of a request. */
struct compiled {
	char *text;
	struct policy_summary summary;
	struct policy *policies;
	size_t count;
};

/* The text, read and ready to be asked. */
struct judged {
	struct manifest *manifest;
	struct scene_graph *scene;
	struct replay replay;
};

void world_make(struct world *world, uint64_t seed, unsigned long features[HISTORY_FEATURE_COUNT]);
void world_clear(struct world *world);
/* Prints the policies, unless they are NULL, and fails. */
void fail_world(const struct world *world, const char *text, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void print_edge(const struct graph_edge *edge);

/* NetworkPolicies in a List, as YAML. */
void compile(const struct graph *graph, const struct policy_request *request, enum explain explain,
	     struct compiled *ret);
void compiled_clear(struct compiled *compiled);
/* The text for the world's request of the history as it is told so; through databases in the folder
 * unless it is NULL. malloc'd. */
char *tell(const struct world *world, const struct history_telling *telling, enum explain explain,
	   const char *folder);
/* what: of the second. */
void expect_same(const struct world *world, const char *expected, const char *text,
		 const char *what);

void judge(const struct world *world, const char *text, struct judged *judged);
void judged_clear(struct judged *judged);
struct replayed ask(const struct replay *replay, const struct graph_edge *edge);

/*
 * A second opinion on what is to be in a policy, where nothing beyond what was seen is asked for.
 * What keeps the edge out whatever its ends are, and of one that worked what keeps it out of the
 * policy of one end; LEFT_NONE: nothing. Of the whole edge, as the summary is to have it.
 */
enum left_reason why_void(const struct graph_edge *edge);
enum left_reason why_left(const struct graph *graph, const struct compiled *compiled,
			  const struct graph_edge *edge, enum direction direction);
enum left_reason fate_of(const struct graph *graph, const struct compiled *compiled,
			 const struct graph_edge *edge);
/* Does a policy isolate the end that has that direction? */
bool is_end_isolated(const struct graph *graph, const struct compiled *compiled,
		     const struct graph_edge *edge, enum direction direction);
/* Why no rule can name the peer; LEFT_NONE: one can. */
enum left_reason why_unnamed(const struct graph *graph, const struct end *peer);
/* The destination's own node has put its address in the client's place. */
bool is_forwarded(const struct graph_edge *edge, enum direction direction);
bool same_labels(const struct labels *a, const struct labels *b);

#endif
