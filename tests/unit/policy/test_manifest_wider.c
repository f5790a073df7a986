/* What a policy's annotation netpol/wider says of its peers is found again, until they are changed.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "output/output.h"
#include "policy/kind_common.h"
#include "policy/wider.h"
#include "tests/unit/policy/random_policy.h"

#define SEEDS 300

static struct manifest *read_text(const char *text)
{
	struct manifest *manifest = manifest_new();
	struct problems problems = {0};
	struct document *document;

	assert_int_equal(document_parse(text, strlen(text), "p.yaml", &problems, &document), 0);
	if (manifest_add(manifest, document, &problems) < 0 ||
	    manifest_finish(manifest, &problems) < 0)
		fail_msg("%s: %s\n%s", problems.items[0].subject, problems.items[0].message, text);
	document_free(document);
	problems_clear(&problems);
	return manifest;
}

/* ---- what was generated ---- */

static void check_peer(const struct policy_peer *peer, const struct netpol *read,
		       const struct netpol_peer *found, uint64_t seed)
{
	struct buf wider = {0};

	kind_put_wider(&wider, peer->wider);
	if (found->wider ? !wider.data || strcmp(found->wider, wider.data) != 0
			 : peer->wider && !read->wider_cut)
		fail_msg("seed %llu: \"%s\", not \"%s\"", (unsigned long long)seed,
			 found->wider ? found->wider : "nothing", wider.data ? wider.data : "");
	buf_clear(&wider);
}

static size_t check_policy(const struct policy *policy, const struct netpol *read, uint64_t seed)
{
	size_t found = 0;

	for (int d = 0; d < DIRECTIONS; d++)
		for (size_t i = 0; policy->isolates[d] && i < policy->rule_count[d]; i++)
			for (size_t j = 0; j < policy->rules[d][i].peer_count; j++) {
				check_peer(&policy->rules[d][i].peers[j], read,
					   &read->rules[d][i].peers[j], seed);
				found += read->rules[d][i].peers[j].wider != NULL;
			}
	return found;
}

static struct manifest *read_policy(const struct policy *policy)
{
	const struct kind_options options = {.explain = EXPLAIN_NONE,
					     .api_version = kind_networkpolicy.api_versions[0]};
	struct problems problems = {0};
	struct tree tree = {0};
	struct tree_node *objects = tree_list(&tree);
	struct manifest *manifest;
	struct buf text = {0};

	assert_int_equal(kind_networkpolicy.add(policy, &options, &problems, objects), 0);
	output_yaml(&text, objects->first);
	manifest = read_text(text.data);
	buf_clear(&text);
	tree_clear(&tree);
	problems_clear(&problems);
	return manifest;
}

static size_t try_policy(uint64_t seed)
{
	struct manifest *manifest;
	struct policy policy;
	size_t found;

	random_policy(seed, false, &policy);
	manifest = read_policy(&policy);
	assert_int_equal(manifest->policy_count, 1);
	found = check_policy(&policy, &manifest->policies[0], seed);
	manifest_free(manifest);
	policy_clear(&policy);
	return found;
}

static void test_what_was_generated(void **state)
{
	size_t found = 0;

	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++)
		found += try_policy(seed);
	assert_in_range(found, SEEDS, SIZE_MAX);
}

/* ---- what has no room in the annotation ---- */

#define BLOCKS 2000

static struct policy many_blocks(struct policy_peer *peers, struct policy_port *port,
				 struct policy_rule *rule)
{
	*port = (struct policy_port){.protocol = 6, .port = 443};
	for (size_t i = 0; i < BLOCKS; i++)
		peers[i] = (struct policy_peer){
		    .kind = PEER_BLOCK,
		    .namespace = "",
		    .block = {{ADDR_IPV4, {52, (uint8_t)(i / 256), (uint8_t)i, 0}}, 24},
		    .reason = (char *)"a network",
		    .class = "",
		    .wider = i % 2 ? WIDER_KNOWN_NETWORK : 0};
	*rule = (struct policy_rule){peers, BLOCKS, port, 1};
	return (struct policy){.namespace = (char *)"shop",
			       .name = (char *)"web-netpol",
			       .subject = (char *)"Deployment/web",
			       .isolates = {[DIRECTION_EGRESS] = true},
			       .rules = {[DIRECTION_EGRESS] = rule},
			       .rule_count = {[DIRECTION_EGRESS] = 1}};
}

static size_t count_wider(const struct manifest *manifest)
{
	const struct netpol_rule *rule = &manifest->policies[0].rules[DIRECTION_EGRESS][0];
	size_t count = 0;

	for (size_t i = 0; i < rule->peer_count; i++) {
		assert_true(i % 2 || !rule->peers[i].wider);
		count += rule->peers[i].wider != NULL;
	}
	return count;
}

static void test_what_was_cut_is_given(void **state)
{
	static struct policy_peer peers[BLOCKS];
	struct policy_port port;
	struct policy_rule rule;
	struct policy policy = many_blocks(peers, &port, &rule);
	struct manifest *manifest = read_policy(&policy);
	struct wider wider = {0};

	(void)state;
	assert_true(manifest->policies[0].wider_cut);
	assert_in_range(count_wider(manifest), 1, BLOCKS / 2 - 1);
	assert_int_equal(wider_add(&wider, &policy), 0);
	assert_int_equal(wider_give(&wider, manifest), 0);
	assert_false(manifest->policies[0].wider_cut);
	assert_int_equal(count_wider(manifest), BLOCKS / 2);
	assert_string_equal(manifest->policies[0].rules[DIRECTION_EGRESS][0].peers[1999].wider,
			    "all published ranges of the network");
	wider_clear(&wider);
	manifest_free(manifest);
}

/* ---- what was changed ---- */

#define ANNOTATED(WIDER, RULES)                                                                    \
	"{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {namespace: shop, "     \
	"name: api, annotations: {netpol/wider: \"" WIDER "\"}}, spec: {podSelector: {}, "         \
	"policyTypes: [Ingress], ingress: " RULES "}}"

#define BLOCK "ingress from 10.0.0.0/8, TCP 80, TCP 443: addresses of the block that were not seen"
#define PODS                                                                                       \
	"ingress from app=web,tier=a in lab, TCP 80, TCP 443: endpoints of the same service that " \
	"were not seen"

static void assert_wider(const char *text, const char *wider)
{
	struct manifest *manifest = read_text(text);
	const struct netpol_peer *peer =
	    &manifest->policies[0].rules[DIRECTION_INGRESS][0].peers[0];

	if (wider)
		assert_string_equal(peer->wider, wider);
	else
		assert_null(peer->wider);
	manifest_free(manifest);
}

#define TEN_PORTS                                                                                  \
	"ingress from 10.0.0.0/8, TCP 1, TCP 3, TCP 5, TCP 7, TCP 9, TCP 11, TCP 13, TCP 15, "     \
	"TCP 17, TCP 19: addresses of the block that were not seen"

#define FROM(PEER, PORTS) "[{from: [" PEER "], ports: [" PORTS "]}]"
#define PORTS "{port: 80}, {port: 443}"
#define NINE                                                                                       \
	"{port: 1}, {port: 3}, {port: 5}, {port: 7}, {port: 9}, {port: 11}, {port: 13}, "          \
	"{port: 15}, {port: 17}"
#define LAB(LABELS)                                                                                \
	"{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: lab}}, podSelector: "     \
	"{matchLabels: {" LABELS "}}}"

static void test_what_is_as_it_was(void **state)
{
	(void)state;
	assert_wider(ANNOTATED(PODS "\\n" BLOCK, FROM("{ipBlock: {cidr: 10.0.0.0/8}}", PORTS)),
		     "addresses of the block that were not seen");
	assert_wider(ANNOTATED(PODS "\\n" BLOCK, FROM(LAB("app: web, tier: a"), PORTS)),
		     "endpoints of the same service that were not seen");
	assert_wider(
	    ANNOTATED(TEN_PORTS, FROM("{ipBlock: {cidr: 10.0.0.0/8}}", NINE ", {port: 19}")),
	    "addresses of the block that were not seen");
}

static void test_what_was_changed(void **state)
{
	static const char *const texts[] = {
	    ANNOTATED(BLOCK, FROM("{ipBlock: {cidr: 10.0.0.0/9}}", PORTS)),
	    ANNOTATED(BLOCK, FROM("{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}", PORTS)),
	    ANNOTATED(BLOCK, FROM("{ipBlock: {cidr: 10.0.0.0/8}}", "{port: 80}")),
	    ANNOTATED(BLOCK, FROM("{ipBlock: {cidr: 10.0.0.0/8}}", PORTS ", {port: http}")),
	    ANNOTATED(BLOCK, "[{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]"),
	    ANNOTATED(TEN_PORTS, FROM("{ipBlock: {cidr: 10.0.0.0/8}}", NINE ", {port: 22}")),
	    ANNOTATED(TEN_PORTS, FROM("{ipBlock: {cidr: 10.0.0.0/8}}", NINE)),
	    ANNOTATED(PODS, FROM(LAB("app: web"), PORTS)),
	    ANNOTATED(PODS, FROM(LAB("app: web, tier: b"), PORTS)),
	    ANNOTATED(PODS, FROM("{podSelector: {matchLabels: {app: web, tier: a}}}", PORTS)),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_wider(texts[i], NULL);
}

/* Of a line that somebody wrote nothing but the words of `policy` counts. */
static void test_what_was_forged(void **state)
{
#define FORGED(WORDS)                                                                              \
	ANNOTATED("ingress from 10.0.0.0/8, TCP 80: " WORDS,                                       \
		  FROM("{ipBlock: {cidr: 10.0.0.0/8}}", "{port: 80}"))
	static const char *const texts[] = {
	    FORGED(""),
	    FORGED("approved"),
	    FORGED("clients that were not seen"),
	    FORGED("DNS, not all of which was seen; approved"),
	    FORGED("approved; DNS, not all of which was seen"),
	    FORGED("DNS, not all of which was seen; DNS, not all of which was seen"),
	    FORGED("DNS, not all of which was seen "),
	    FORGED("DNS, not all of which was seen\\r\\e[2K"),
	    FORGED("all pods of the namespace; DNS, not all of which was seen"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_wider(texts[i], NULL);
	assert_wider(FORGED("DNS, not all of which was seen; all pods of the namespace"),
		     "DNS, not all of which was seen; all pods of the namespace");
}

static void test_no_room_for_all(void **state)
{
	struct manifest *whole = read_text(ANNOTATED(BLOCK, "[]"));
	struct manifest *cut = read_text(ANNOTATED(BLOCK "\\nand 12 more", "[]"));

	(void)state;
	assert_false(whole->policies[0].wider_cut);
	assert_true(cut->policies[0].wider_cut);
	manifest_free(whole);
	manifest_free(cut);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_was_generated), cmocka_unit_test(test_what_was_cut_is_given),
	    cmocka_unit_test(test_what_is_as_it_was),  cmocka_unit_test(test_what_was_changed),
	    cmocka_unit_test(test_what_was_forged),    cmocka_unit_test(test_no_room_for_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
