#include "tests/unit/policy/properties.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output/output.h"
#include "policy/kind.h"

/* One object; line by line, as cmocka cuts what is longer. */
static void print_object(const char *text)
{
	const char *after = strstr(text + 1, "\n- apiVersion");

	for (const char *end; *text && text != after; text = end) {
		end = strchr(text + 1, '\n');
		end = end ? end : text + strlen(text);
		print_error("%.*s", (int)(end - text), text);
	}
}

void fail_world(const struct world *world, const char *text, const char *format, ...)
{
	char message[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	for (const char *at = text; at; at = strstr(at + 1, "\n- apiVersion"))
		print_object(at);
	fail_msg("seed %llu: %s", (unsigned long long)world->seed, message);
}

/* ---- compiling ---- */

static void put_text(const struct tree_node *list, struct compiled *ret)
{
	struct buf buf = {0};

	output_yaml(&buf, list);
	assert_int_equal(buf.error, 0);
	ret->text = buf.data;
}

void compile(const struct graph *graph, const struct policy_request *request, enum explain explain,
	     struct compiled *ret)
{
	const struct kind_options options = {.explain = explain,
					     .api_version = kind_networkpolicy.api_versions[0]};
	struct problems problems = {0};
	struct compiler *compiler = NULL;
	struct tree tree = {0};
	struct tree_node *list = policy_kind_list(&tree);
	struct tree_node *objects = tree_add_list(list, "items");
	size_t room = graph->workload_count + 16;
	int r;

	*ret = (struct compiled){.policies = calloc(room, sizeof(*ret->policies))};
	assert_non_null(ret->policies);
	assert_int_equal(compiler_new(graph, request, &problems, &compiler), 0);
	while ((r = compiler_next(compiler, &ret->policies[ret->count])) > 0) {
		assert_int_equal(kind_networkpolicy.add(&ret->policies[ret->count], &options,
							&problems, objects),
				 0);
		ret->count++;
		assert_true(ret->count < room);
	}
	assert_int_equal(r, 0);
	ret->summary = *compiler_summary(compiler);
	compiler_free(compiler);
	put_text(list, ret);
	tree_clear(&tree);
	problems_clear(&problems);
}

void compiled_clear(struct compiled *compiled)
{
	for (size_t i = 0; i < compiled->count; i++)
		policy_clear(&compiled->policies[i]);
	free(compiled->policies);
	free(compiled->text);
}

/* ---- judging ---- */

static void read_manifest(const struct world *world, const char *text, struct judged *judged)
{
	struct problems problems = {0};
	struct document *document = NULL;

	judged->manifest = manifest_new();
	assert_non_null(judged->manifest);
	if (document_parse(text, strlen(text), "generated", &problems, &document) < 0 ||
	    manifest_add(judged->manifest, document, &problems) < 0 ||
	    manifest_finish(judged->manifest, &problems) < 0 || problems.errors > 0)
		fail_world(world, text, "it cannot be read: %s: %s", problems.items[0].subject,
			   problems.items[0].message);
	document_free(document);
	problems_clear(&problems);
}

void judge(const struct world *world, const char *text, struct judged *judged)
{
	struct scene_graph_options options = {0};

	*judged = (struct judged){0};
	read_manifest(world, text, judged);
	options.policies = judged->manifest->policies;
	options.policy_count = judged->manifest->policy_count;
	assert_int_equal(scene_graph_new(world->graph, &options, &judged->scene), 0);
	judged->replay.scene = judged->scene;
	assert_int_equal(evaluator_new(judged->manifest->policies, judged->manifest->policy_count,
				       scene_graph_scene(judged->scene),
				       (struct evaluator_options){0}, &judged->replay.evaluator),
			 0);
}

void judged_clear(struct judged *judged)
{
	evaluator_free(judged->replay.evaluator);
	scene_graph_free(judged->scene);
	manifest_free(judged->manifest);
}

struct replayed ask(const struct replay *replay, const struct graph_edge *edge)
{
	struct replayed replayed;

	assert_int_equal(replay_edge(replay, edge, &replayed), 0);
	return replayed;
}

/* ---- what is to be allowed ---- */

static bool has_a_port(const struct edge_key *key)
{
	return key->has_port && key->port > 0 &&
	       (key->protocol == IPPROTO_TCP || key->protocol == IPPROTO_UDP ||
		key->protocol == IPPROTO_SCTP);
}

/* What keeps the edge out whatever its ends are; LEFT_NONE: nothing. */
enum left_reason why_void(const struct graph_edge *edge)
{
	static const enum left_reason by_verdict[] = {
	    [VERDICT_ANSWERED] = LEFT_NONE,   [VERDICT_ONE_WAY] = LEFT_NONE,
	    [VERDICT_REFUSED] = LEFT_REFUSED, [VERDICT_UNANSWERED] = LEFT_UNANSWERED,
	    [VERDICT_DENIED] = LEFT_DENIED,   [VERDICT_UNKNOWN] = LEFT_UNKNOWN};
	const struct edge_key *key = &edge->edge.key;

	if (by_verdict[key->verdict] != LEFT_NONE)
		return by_verdict[key->verdict];
	if (key->verdict == VERDICT_ONE_WAY && edge->standing == STANDING_OVERRIDDEN)
		return LEFT_DENIED;
	if (edge->from->kind == END_POD && edge->to->kind == END_POD &&
	    edge->from->pod == edge->to->pod)
		return LEFT_ITSELF;
	if (edge->from->secondary || edge->to->secondary)
		return LEFT_SECONDARY;
	if (key->direction_uncertain)
		return LEFT_UNCERTAIN;
	return has_a_port(key) ? LEFT_NONE : LEFT_PORTLESS;
}

/* Why no rule can name the peer. */
enum left_reason why_unnamed(const struct graph *graph, const struct end *peer)
{
	const struct workload *workload;

	if (peer->kind == END_NODE || peer->kind == END_EXTERNAL)
		return LEFT_NONE;
	if (peer->kind == END_UNKNOWN && peer->prefix)
		return LEFT_FOLDED;
	if (peer->kind == END_UNKNOWN && strcmp(peer->class, "pod") != 0)
		return strcmp(peer->reason, GRAPH_REASON_CONFLICT) == 0 ? LEFT_CONTRADICTED
									: LEFT_AMBIGUOUS;
	if (peer->kind == END_UNKNOWN || peer->workload == GRAPH_NONE)
		return LEFT_UNLABELLED;
	workload = &graph->workloads[peer->workload];
	return workload->host_network || workload->selector.count > 0 ? LEFT_NONE : LEFT_UNLABELLED;
}

bool same_labels(const struct labels *a, const struct labels *b)
{
	for (size_t i = 0; i < a->count && a->count == b->count; i++)
		if (strcmp(a->items[i].key, b->items[i].key) != 0 ||
		    strcmp(a->items[i].value, b->items[i].value) != 0)
			return false;
	return a->count == b->count;
}

/* Is there a policy that isolates the pod, though it may be meant for others? */
static bool is_isolated(const struct compiled *compiled, const struct graph_pod *pod)
{
	for (size_t i = 0; i < compiled->count && pod->labels && !*pod->conflict; i++)
		if (compiled->policies[i].workload &&
		    strcmp(compiled->policies[i].namespace, pod->namespace) == 0 &&
		    labels_match(pod->labels, &compiled->policies[i].selector))
			return true;
	return false;
}

/* Did the end's own node record it, or one that no label tells from it? */
static bool has_policy(const struct graph *graph, const struct compiled *compiled,
		       const struct end *end)
{
	const struct workload *own;

	if (end->kind != END_POD || end->workload == GRAPH_NONE)
		return false;
	own = &graph->workloads[end->workload];
	if (!own->host_network && is_isolated(compiled, &graph->pods[end->pod]))
		return true;
	for (size_t i = 0; i < graph->workload_count; i++) {
		const struct workload *other = &graph->workloads[i];

		if (other->recorded && !other->host_network && other->selector.count > 0 &&
		    !own->host_network && strcmp(own->namespace, other->namespace) == 0 &&
		    same_labels(&own->selector, &other->selector))
			return true;
	}
	return false;
}

static const struct end *subject_of(const struct graph_edge *edge, enum direction direction)
{
	return direction == DIRECTION_EGRESS ? edge->from : edge->to;
}

static bool is_own_node(const struct end *pod, const struct end *peer)
{
	return peer->kind == END_NODE && strcmp(peer->name, pod->node) == 0;
}

/* By the destination's own node, which is not the client: its address is named as any other. */
bool is_forwarded(const struct graph_edge *edge, enum direction direction)
{
	return direction == DIRECTION_INGRESS && edge->translated &&
	       is_own_node(edge->to, edge->translated) && !is_own_node(edge->to, edge->from);
}

/* Why it is in no rule of this end's, which worked. */
enum left_reason why_left(const struct graph *graph, const struct compiled *compiled,
			  const struct graph_edge *edge, enum direction direction)
{
	const struct end *subject = subject_of(edge, direction);
	const struct end *peer = direction == DIRECTION_EGRESS ? edge->to : edge->translated;

	peer = peer ? peer : edge->from;
	if (!has_policy(graph, compiled, subject))
		return LEFT_NO_POLICY;
	if (is_forwarded(edge, direction))
		return LEFT_NONE;
	if (direction == DIRECTION_INGRESS && is_own_node(subject, peer))
		return LEFT_OWN_NODE;
	return why_unnamed(graph, peer);
}

/* Of a pod whose labels prove nothing it counts that its workload has a policy. */
static bool is_of_isolated(const struct graph *graph, const struct compiled *compiled,
			   const struct end *end)
{
	const struct workload *own =
	    end->workload == GRAPH_NONE ? NULL : &graph->workloads[end->workload];

	for (size_t i = 0; own && i < compiled->count; i++)
		if (compiled->policies[i].workload &&
		    strcmp(compiled->policies[i].namespace, own->namespace) == 0 &&
		    same_labels(&compiled->policies[i].selector, &own->selector))
			return true;
	return false;
}

bool is_end_isolated(const struct graph *graph, const struct compiled *compiled,
		     const struct graph_edge *edge, enum direction direction)
{
	const struct end *end = subject_of(edge, direction);

	if (end->kind != END_POD || graph->pods[end->pod].host_network)
		return false;
	return is_isolated(compiled, &graph->pods[end->pod]) ||
	       is_of_isolated(graph, compiled, end);
}

/* Of the whole edge, as the summary is to have it. */
enum left_reason fate_of(const struct graph *graph, const struct compiled *compiled,
			 const struct graph_edge *edge)
{
	const enum left_reason both = why_void(edge);
	enum left_reason denied = LEFT_REASONS, least = LEFT_NO_POLICY;

	if (both != LEFT_NONE)
		return both;
	for (enum direction d = 0; d < DIRECTIONS; d++) {
		const enum left_reason left = why_left(graph, compiled, edge, d);

		least = left < least ? left : least;
		if (left != LEFT_NONE && left != LEFT_OWN_NODE && left < denied &&
		    is_end_isolated(graph, compiled, edge, d))
			denied = left;
	}
	return denied < LEFT_REASONS ? denied : least;
}

void print_edge(const struct graph_edge *edge)
{
	char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX], seen[ADDR_TEXT_MAX] = "";

	if (edge->translated)
		addr_format(edge->translated->address, seen);
	print_error("%s %s %s %s on %s -> %s %s %s %s on %s, protocol %u port %u, %s%s, seen as "
		    "%s, standing %d, of %s\n",
		    end_kind_name(edge->from->kind), edge->from->class,
		    addr_format(edge->from->address, from), edge->from->name, edge->from->node,
		    end_kind_name(edge->to->kind), edge->to->class,
		    addr_format(edge->to->address, to), edge->to->name, edge->to->node,
		    edge->edge.key.protocol, edge->edge.key.port,
		    verdict_name((enum verdict)edge->edge.key.verdict),
		    edge->edge.key.direction_uncertain ? ", uncertain" : "", seen, edge->standing,
		    edge->edge.node);
}

/* ---- what there is ---- */

/* Where the object begins in which that is. */
static const char *object_at(const char *text, const char *at)
{
	const char *begin = text;

	for (const char *next = text; next && next <= at; next = strstr(next + 1, "\n- apiVersion"))
		begin = next;
	return begin;
}

void expect_same(const struct world *world, const char *expected, const char *text,
		 const char *what)
{
	size_t same = 0;

	while (expected[same] && expected[same] == text[same])
		same++;
	if (expected[same] == text[same])
		return;
	print_object(object_at(expected, expected + same));
	print_error("\n---- %s:\n", what);
	print_object(object_at(text, text + same));
	fail_world(world, NULL, "%s: other bytes from \"%.40s\" and \"%.40s\" on", what,
		   expected + same, text + same);
}

char *tell(const struct world *world, const struct history_telling *telling, enum explain explain,
	   const char *folder)
{
	struct inventory *inventory = history_inventory(&world->history, telling);
	struct graph *graph =
	    folder ? history_stored_graph(&world->history, telling, inventory, folder)
		   : history_graph(&world->history, telling, inventory);
	struct compiled compiled;
	char *text;

	compile(graph, &world->request, explain, &compiled);
	text = compiled.text;
	compiled.text = NULL;
	compiled_clear(&compiled);
	graph_free(graph);
	inventory_free(inventory);
	return text;
}

void world_make(struct world *world, uint64_t seed, unsigned long features[HISTORY_FEATURE_COUNT])
{
	const struct history_telling telling = {0};

	world->seed = seed;
	history_make(&world->history, seed, features);
	world->inventory = history_inventory(&world->history, &telling);
	world->graph = history_graph(&world->history, &telling, world->inventory);
}

void world_clear(struct world *world)
{
	graph_free(world->graph);
	inventory_free(world->inventory);
}
