/* Policies written by hand, and what a kind makes of them. */
#ifndef NETPOL_TESTS_KIND_FIXTURE_H
#define NETPOL_TESTS_KIND_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>

#include "output/output.h"
#include "policy/kind.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* Everything in it is borrowed: it is not for policy_clear(). */
struct hand_policy {
	struct policy policy;
	struct workload workload;
};

static struct label fixture_web[] = {{(char *)"app", (char *)"web"}};
static struct label fixture_api[] = {{(char *)"app", (char *)"api"}};

static inline struct labels web_labels(void)
{
	return (struct labels){fixture_web, 1};
}

static inline struct labels api_labels(void)
{
	return (struct labels){fixture_api, 1};
}

/* Of Deployment/web in shop, both directions, no rules. */
static inline void hand_policy_init(struct hand_policy *hand)
{
	*hand = (struct hand_policy){
	    .policy = {.namespace = (char *)"shop",
		       .name = (char *)"web-netpol",
		       .subject = (char *)"Deployment/web",
		       .selector = web_labels(),
		       .isolates = {true, true}},
	    .workload = {.namespace = "shop",
			 .kind = "Deployment",
			 .name = "web",
			 .selector = web_labels(),
			 .also_picks = "",
			 .sidecar = "",
			 .container = "main",
			 .revision = ""},
	};
	hand->policy.workload = &hand->workload;
}

static inline struct policy_peer pods_peer(const char *namespace, struct labels labels)
{
	return (struct policy_peer){.kind = PEER_PODS,
				    .namespace = namespace,
				    .selector = labels,
				    .reason = (char *)"some pods",
				    .class = ""};
}

static inline struct policy_peer block_peer(const char *text)
{
	struct policy_peer peer = {
	    .kind = PEER_BLOCK, .namespace = "", .reason = (char *)"a block", .class = ""};

	assert_int_equal(prefix_parse(text, &peer.block), 0);
	return peer;
}

static inline struct policy_port tcp(uint16_t port, uint16_t end_port)
{
	return (struct policy_port){IPPROTO_TCP, port, end_port};
}

/* The YAML of a list's objects; "" for none. To be released with buf_clear(). */
static inline struct buf print_kind(const struct policy_kind *kind, const struct policy *policy,
				    const struct kind_options *options, struct problems *problems)
{
	struct kind_options asked = *options;
	struct tree tree = {0};
	struct tree_node *objects = tree_list(&tree);
	struct buf buf = {0};

	if (!asked.api_version)
		asked.api_version = kind->api_versions[0];
	assert_int_equal(kind->add(policy, &asked, problems, objects), 0);
	buf_puts(&buf, "");
	output_yaml_stream(&buf, objects);
	assert_int_equal(buf.error, 0);
	tree_clear(&tree);
	return buf;
}

static inline void assert_kind(const struct policy_kind *kind, const struct policy *policy,
			       const struct kind_options *options, const char *expected)
{
	struct problems problems = {0};
	struct buf buf = print_kind(kind, policy, options, &problems);

	assert_string_equal(buf.data ? buf.data : "", expected);
	assert_int_equal(problems.count, 0);
	buf_clear(&buf);
}

/* What it becomes has, or has not, that text. */
static inline bool kind_has(const struct policy_kind *kind, const struct policy *policy,
			    const char *text)
{
	struct problems problems = {0};
	struct buf buf = print_kind(kind, policy, &(struct kind_options){0}, &problems);
	bool has = buf.data && strstr(buf.data, text);

	problems_clear(&problems);
	buf_clear(&buf);
	return has;
}

static inline void assert_problem(const struct policy_kind *kind, const struct policy *policy,
				  const char *message)
{
	struct problems problems = {0};
	struct buf buf = print_kind(kind, policy, &(struct kind_options){0}, &problems);

	assert_int_equal(problems.count, 1);
	assert_string_equal(problems.items[0].message, message);
	problems_clear(&problems);
	buf_clear(&buf);
}

#endif
