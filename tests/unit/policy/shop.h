/* A scene about the namespace shop, what is asked of the compiler, and the policies that it
 * derives. */
#ifndef NETPOL_TESTS_POLICY_SHOP_H
#define NETPOL_TESTS_POLICY_SHOP_H

#include "policy/kind_common.h"
#include "tests/unit/model/scene.h"
#include "tests/unit/policy/policy_set.h"

struct shop {
	struct scene scene;
	struct policy_request request; /* the defaults, until a test changes them */
	struct policy_set *set;        /* of the last derive() */
};

static inline void shop_init(struct shop *s, const char *inventory)
{
	*s = (struct shop){0};
	policy_request_init(&s->request);
	scene_inventory(&s->scene, inventory);
}

static inline void shop_close(struct shop *s)
{
	policy_set_free(s->set);
	scene_close(&s->scene);
}

/* order: of the rows, as scene_build() has it. */
static inline void derive_in_order(struct shop *s, uint32_t order)
{
	policy_set_free(s->set);
	s->set = NULL;
	problems_clear(&s->scene.problems);
	assert_int_equal(
	    policy_derive(scene_build(&s->scene, order), &s->request, &s->scene.problems, &s->set),
	    0);
}

static inline void derive(struct shop *s)
{
	derive_in_order(s, 0);
}

/* ---- of one pod ---- */

/* As scene_pod() numbers it. */
#define SHOP_WEB 1

/* The node n1, and on it web, with the uid u-web and the address 10.1.0.1. */
static inline void shop_init_web(struct shop *s, const char *inventory)
{
	shop_init(s, inventory);
	scene_node(&s->scene, "n1", "192.0.2.11");
	assert_int_equal(scene_pod(&s->scene, (struct scene_pod){.node = "n1",
								 .namespace = "shop",
								 .name = "web",
								 .uid = "u-web",
								 .address = "10.1.0.1"}),
			 SHOP_WEB);
}

static inline void is_asked(struct shop *s, const char *from, int port)
{
	scene_edge(
	    &s->scene,
	    (struct scene_edge){.from = from, .to = "10.1.0.1", .to_pod = SHOP_WEB, .port = port});
}

/* ---- what was derived ---- */

static inline const struct policy *policy_of(const struct shop *s, const char *name)
{
	for (size_t i = 0; i < s->set->count; i++)
		if (strcmp(s->set->policies[i].name, name) == 0)
			return &s->set->policies[i];
	fail_msg("no policy %s", name);
	return NULL;
}

/* Is it what comments call it? */
static inline bool is_called(const struct policy_peer *peer, const char *text)
{
	struct buf buf = {0};
	bool is;

	kind_put_peer(&buf, peer);
	assert_int_equal(buf.error, 0);
	is = strcmp(buf.data, text) == 0;
	buf_clear(&buf);
	return is;
}

static inline bool has_port(const struct policy_rule *rule, int protocol, int port)
{
	for (size_t i = 0; i < rule->port_count; i++)
		if (rule->ports[i].protocol == protocol && rule->ports[i].port == port)
			return true;
	return false;
}

/* The peer that a rule of the policy names at that port; NULL: none does. */
static inline const struct policy_peer *find_peer(const struct shop *s, const char *policy,
						  enum direction direction, const char *peer,
						  int protocol, int port)
{
	const struct policy *in = policy_of(s, policy);

	for (size_t i = 0; i < in->rule_count[direction]; i++) {
		const struct policy_rule *rule = &in->rules[direction][i];

		for (size_t j = 0; has_port(rule, protocol, port) && j < rule->peer_count; j++)
			if (is_called(&rule->peers[j], peer))
				return &rule->peers[j];
	}
	return NULL;
}

#endif
