/* Policies and those they are for, written as YAML, and what the evaluator says of them. */
#ifndef NETPOL_TESTS_POLICY_STAGE_H
#define NETPOL_TESTS_POLICY_STAGE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "policy/evaluate.h"
#include "policy/scene_inventory.h"

#define POLICY(NAMESPACE, NAME, SPEC)                                                              \
	"---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: "                  \
	"{namespace: " NAMESPACE ", name: " NAME "}, spec: {" SPEC "}}\n"
#define POD(NAMESPACE, NAME, LABELS, SPEC)                                                         \
	"---\n{apiVersion: v1, kind: Pod, metadata: {namespace: " NAMESPACE ", name: " NAME        \
	", labels: {" LABELS "}}, spec: {" SPEC "}}\n"
#define NAMESPACE(NAME, LABELS)                                                                    \
	"---\n{apiVersion: v1, kind: Namespace, metadata: {name: " NAME ", labels: {" LABELS "}}}" \
	"\n"
#define NODE(NAME, ADDRESS)                                                                        \
	"---\n{apiVersion: v1, kind: Node, metadata: {name: " NAME                                 \
	"}, status: {addresses: [{type: InternalIP, address: \"" ADDRESS "\"}]}}\n"

struct stage {
	struct manifest *manifest;
	struct scene_inventory *made;
	struct scene *scene; /* may be changed until it is evaluated */
	struct evaluator *evaluator;
};

static inline struct stage stage_read(const char *text, struct scene_inventory_options options)
{
	struct stage stage = {.manifest = manifest_new()};
	struct problems problems = {0};
	struct document *document = NULL;

	assert_non_null(stage.manifest);
	assert_int_equal(document_parse(text, strlen(text), "stage", &problems, &document), 0);
	assert_int_equal(manifest_add(stage.manifest, document, &problems), 0);
	assert_int_equal(manifest_finish(stage.manifest, &problems), 0);
	assert_int_equal(problems.errors, 0);
	problems_clear(&problems);
	document_free(document);
	assert_int_equal(scene_of_inventory(stage.manifest->inventory, options, &stage.made), 0);
	stage.scene = &stage.made->scene;
	return stage;
}

static inline void stage_evaluate(struct stage *stage, struct evaluator_options options)
{
	assert_int_equal(evaluator_new(stage->manifest->policies, stage->manifest->policy_count,
				       stage->scene, options, &stage->evaluator),
			 0);
}

static inline struct stage stage_open(const char *text)
{
	struct stage stage = stage_read(text, (struct scene_inventory_options){0});

	stage_evaluate(&stage, (struct evaluator_options){0});
	return stage;
}

static inline void stage_close(struct stage *stage)
{
	evaluator_free(stage->evaluator);
	scene_inventory_free(stage->made);
	manifest_free(stage->manifest);
}

/* ---- parties ---- */

static inline struct scene_pod *stage_pod(const struct stage *stage, const char *name)
{
	for (size_t i = 0; i < stage->scene->pod_count; i++)
		if (strcmp(stage->made->owners[i].name, name) == 0)
			return &stage->scene->pods[i];
	fail_msg("no pod %s", name);
	return NULL;
}

static inline struct party pod(const struct stage *stage, const char *name)
{
	return (struct party){.kind = PARTY_POD,
			      .index = (size_t)(stage_pod(stage, name) - stage->scene->pods)};
}

static inline struct party range(const char *first, const char *last)
{
	struct party party = {.kind = PARTY_ADDRESSES};

	assert_int_equal(addr_parse(first, &party.range.first), 0);
	assert_int_equal(addr_parse(last, &party.range.last), 0);
	return party;
}

static inline struct party at(const char *address)
{
	return range(address, address);
}

/* NULL: one not known. */
static inline struct party node(const struct stage *stage, const char *name)
{
	struct party party = {.kind = PARTY_NODE, .index = SCENE_NONE};

	if (name) {
		party.index = scene_find_node(stage->scene, name);
		assert_true(party.index != SCENE_NONE);
	}
	return party;
}

/* ---- answers ---- */

static inline enum answer ask(const struct stage *stage, struct party from, struct party to,
			      uint8_t protocol, uint16_t port)
{
	struct decision decision;

	evaluator_connection(stage->evaluator, &from, NULL, &to, protocol, port, &decision);
	return decision.answer;
}

static inline void put_set(struct buf *text, const struct port_set *set)
{
	char range_text[PORT_SET_RANGE_TEXT_MAX];

	if (port_set_is_all(set)) {
		buf_puts(text, "all");
		return;
	}
	for (size_t i = 0; i < set->count; i++)
		buf_printf(text, "%s%s", i > 0 ? ", " : "",
			   port_range_format(set->items[i], range_text));
}

/* Each port of the sets' ends, and its neighbours, asked for alone. */
static inline void check_ends(const struct stage *stage, struct party from, struct party to,
			      const struct port_set *sure, const struct port_set *possible)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP};
	static const uint16_t often[] = {1, 53, 80, 443, 8080, 65535};
	uint16_t ports[256];
	size_t count = 0;

	for (size_t i = 0; i < sizeof(often) / sizeof(often[0]); i++)
		ports[count++] = often[i];
	for (size_t i = 0; i < possible->count && count < 250; i++) {
		ports[count++] = possible->items[i].first;
		ports[count++] = (uint16_t)(possible->items[i].first - 1);
		ports[count++] = possible->items[i].last;
		ports[count++] = (uint16_t)(possible->items[i].last + 1);
	}
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < 3; j++) {
			enum answer answer = ask(stage, from, to, protocols[j], ports[i]);

			if (ports[i] == 0)
				continue;
			if (port_set_has(sure, protocols[j], ports[i]))
				assert_int_equal(answer, ANSWER_ALLOWED);
			else if (port_set_has(possible, protocols[j], ports[i]))
				assert_int_equal(answer, ANSWER_UNKNOWN);
			else
				assert_int_equal(answer, ANSWER_DENIED);
		}
}

/* "sure", where all of it is known; else "sure / possible". */
static inline void check(const struct stage *stage, struct party from, struct party to,
			 const char *expected)
{
	struct port_set sure = {0}, possible = {0};
	struct buf text = {0};

	assert_int_equal(evaluator_pair(stage->evaluator, &from, &to, &sure, &possible), 0);
	put_set(&text, &sure);
	if (!port_set_equal(&sure, &possible)) {
		buf_puts(&text, " / ");
		put_set(&text, &possible);
	}
	assert_string_equal(text.data ? text.data : "", expected);
	check_ends(stage, from, to, &sure, &possible);
	buf_clear(&text);
	port_set_clear(&sure);
	port_set_clear(&possible);
}

#endif
