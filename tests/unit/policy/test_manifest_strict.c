/* What is refused, with line and field; and that no policy goes by unseen. */
#include "tests/unit/policy/manifest_fixture.h"

/* A spec in flow style, on line 4, and the field that is wrong with it. */
struct wrong {
	const char *spec;
	const char *message;
};

static void refuse(const struct wrong *wrong, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *text;

		assert_true(asprintf(&text, POLICY_HEAD "spec: %s\n", wrong[i].spec) > 0);
		assert_refused(text, "f:4", wrong[i].message);
		free(text);
	}
}
#define REFUSE(list) refuse(list, sizeof(list) / sizeof((list)[0]))

#define PEER(peer) "{podSelector: {}, ingress: [{from: [" peer "]}]}"
#define PORT(port) "{podSelector: {}, egress: [{ports: [" port "]}]}"
#define SELECTOR(selector) "{podSelector: {" selector "}}"
#define AT_PEER "NetworkPolicy shop/p: spec.ingress[0].from[0]"
#define AT_PORT "NetworkPolicy shop/p: spec.egress[0].ports[0]"
#define AT_SELECTOR "NetworkPolicy shop/p: spec.podSelector"

static void test_fields(void **state)
{
	static const struct wrong wrong[] = {
	    {"{podSelector: {}, ingres: []}", "shop/p: spec.ingres: unknown field"},
	    {"{podSelector: {}, policytypes: []}",
	     "spec.policytypes: unknown field: it is written policyTypes"},
	    {"{podSelector: {}, ingress: [{to: []}]}", "spec.ingress[0].to: unknown field"},
	    {"{podSelector: {}, egress: [{from: []}]}", "spec.egress[0].from: unknown field"},
	    {"{podSelector: {}, egress: [{}, {port: 1}]}", "spec.egress[1].port: unknown field"},
	    {PEER("{pods: {}}"), AT_PEER ".pods: unknown field"},
	    {PEER("{ipBlock: {cidr: 10.0.0.0/8, excepts: []}}"),
	     AT_PEER ".ipBlock.excepts: unknown field"},
	    {PORT("{port: 1, name: x}"), AT_PORT ".name: unknown field"},
	    {SELECTOR("app: web"), AT_SELECTOR ".app: unknown field"},
	    {SELECTOR("matchExpressions: [{key: a, operator: Exists, value: []}]"),
	     AT_SELECTOR ".matchExpressions[0].value: unknown field"},
	};

	(void)state;
	REFUSE(wrong);
	assert_refused(POLICY_HEAD "spec: {podSelector: {}}\nSpec: {}\n", "f:5",
		       "NetworkPolicy shop/p: Spec: unknown field: it is written spec");
}

static void test_types(void **state)
{
	static const struct wrong wrong[] = {
	    {"[]", "shop/p: spec: expected a mapping, not a list"},
	    {"x", "shop/p: spec: expected a mapping, not a single value"},
	    {"{podSelector: []}", "spec.podSelector: expected a mapping, not a list"},
	    {"{podSelector: {}, ingress: {}}", "spec.ingress: expected a list, not a mapping"},
	    {"{podSelector: {}, ingress: ''}", "spec.ingress: expected a list, not a single"},
	    {"{podSelector: {}, ingress: [null]}",
	     "spec.ingress[0]: expected a mapping, not nothing"},
	    {"{podSelector: {}, ingress: [[]]}", "spec.ingress[0]: expected a mapping, not a list"},
	    {"{podSelector: {}, ingress: [{from: {}}]}", "spec.ingress[0].from: expected a list"},
	    {"{podSelector: {}, ingress: [{ports: 80}]}", "spec.ingress[0].ports: expected a list"},
	    {"{podSelector: {}, policyTypes: Egress}", "spec.policyTypes: expected a list"},
	    {PEER("null"), AT_PEER ": expected a mapping, not nothing"},
	    {PEER("10.0.0.0/8"), AT_PEER ": expected a mapping, not a single value"},
	    {PEER("{ipBlock: 10.0.0.0/8}"), AT_PEER ".ipBlock: expected a mapping"},
	    {PEER("{ipBlock: {cidr: 10.0.0.0/8, except: 10.0.0.0/9}}"),
	     AT_PEER ".ipBlock.except: expected a list"},
	    {PEER("{ipBlock: {cidr: [10.0.0.0/8]}}"),
	     AT_PEER ".ipBlock.cidr: expected text, not a list"},
	    {PORT("null"), AT_PORT ": expected a mapping, not nothing"},
	    {PORT("80"), AT_PORT ": expected a mapping, not a single value"},
	    {PORT("{port: [80]}"), AT_PORT ".port: expected text, not a list"},
	    {PORT("{port: 1, protocol: 6}"), AT_PORT ".protocol: expected text, not the number 6"},
	    {SELECTOR("matchLabels: []"), AT_SELECTOR ".matchLabels: expected a mapping"},
	    {SELECTOR("matchExpressions: {}"), AT_SELECTOR ".matchExpressions: expected a list"},
	    {SELECTOR("matchExpressions: [null]"), AT_SELECTOR ".matchExpressions[0]: expected a"},
	};

	(void)state;
	REFUSE(wrong);
}

/* What Kubernetes' YAML takes for a number or a boolean is no text. */
static void test_labels_that_are_no_text(void **state)
{
	static const char *const values[] = {"1",     "true", "yes",    "Off",   "n",     "0x1f",
					     "1e3",   "1.",   ".5",     "-7",    "1_000", ".inf",
					     "+.INF", ".nan", "0b10",   "0o7",   "~",     "",
					     "null",  "[a]",  "{a: b}", "1.5e-7"};
	static const char *const texts[] = {"e3", "1.2.3",    "v1",  "x1e3", "\"1\"", "'yes'", "0x",
					    "1e", "2024-1-1", "0b2", "none", "yES",   "''"};
	char *text;

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		assert_true(asprintf(&text,
				     POLICY_HEAD "spec: {podSelector: {matchLabels: {a: %s}}}\n",
				     values[i]) > 0);
		assert_refused(text, "f:4", AT_SELECTOR ".matchLabels.a: ");
		free(text);
	}
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_true(asprintf(&text, "  podSelector: {matchLabels: {a: %s}}\n", texts[i]) >
			    0);
		manifest_free(read_spec(text));
		free(text);
	}
}

static void test_keys_that_are_no_text(void **state)
{
	static const char *const keys[] = {"on",  "y",    "No",   "TRUE",
					   "1.0", "1e3",  "0x1f", "007",
					   "1_0", "null", "1.5",  "99999999999999999999"};
	static const char *const texts[] = {"'on'", "\"y\"", "true", "false",
					    "0",    "10",    "one",  "1.2.3"};
	char *text;

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		assert_true(asprintf(&text,
				     POLICY_HEAD "spec: {podSelector: {matchLabels: {%s: x}}}\n",
				     keys[i]) > 0);
		assert_refused(text, "f:4", "to Kubernetes: put it in quotes");
		free(text);
	}
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_true(asprintf(&text, "  podSelector: {matchLabels: {%s: x}}\n", texts[i]) >
			    0);
		manifest_free(read_spec(text));
		free(text);
	}
	manifest_free(
	    read_clean("{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": "
		       "{\"name\": \"a\", \"labels\": {\"on\": \"x\"}}}\n---\n" POLICY_HEAD
		       "spec: {podSelector: {}}\n"));
	assert_warned("{apiVersion: v1, kind: Pod, metadata: {name: a, labels: {on: x}}}\n", "f:1",
		      "labels: the key \"on\" is no text, or another one, to Kubernetes");
}

static void test_selectors(void **state)
{
	static const struct wrong wrong[] = {
	    {SELECTOR("matchLabels: {'a b': x}"),
	     AT_SELECTOR ".matchLabels.a b: \"a b\" is no valid key"},
	    {SELECTOR("matchLabels: {'': x}"), "is no valid key"},
	    {SELECTOR("matchLabels: {/a: x}"), "is no valid key"},
	    {SELECTOR("matchLabels: {a/: x}"), "is no valid key"},
	    {SELECTOR("matchLabels: {a/b/c: x}"), "is no valid key"},
	    {SELECTOR("matchLabels: {A.b/c: x}"), "is no valid key"},
	    {SELECTOR("matchLabels: {a..b/c: x}"), "is no valid key"},
	    {SELECTOR("matchLabels: {-a: x}"), "is no valid key"},
	    {SELECTOR("matchLabels: {a_: x}"), "is no valid key"},
	    {SELECTOR("matchLabels: "
		      "{a12345678901234567890123456789012345678901234567890123456789012x: x}"),
	     "is no valid key"},
	    {SELECTOR("matchLabels: {a: 'x y'}"),
	     AT_SELECTOR ".matchLabels.a: \"x y\" is no valid value"},
	    {SELECTOR("matchLabels: {a: -x}"), "is no valid value"},
	    {SELECTOR("matchLabels: "
		      "{a: x12345678901234567890123456789012345678901234567890123456789012x}"),
	     "is no valid value"},
	    {SELECTOR("matchLabels: {a: \"web\\0\"}"), ".a: holds a NUL character"},
	    {SELECTOR("matchExpressions: [{operator: Exists}]"),
	     AT_SELECTOR ".matchExpressions[0].key: is missing"},
	    {SELECTOR("matchExpressions: [{key: '*', operator: Exists}]"),
	     AT_SELECTOR ".matchExpressions[0].key: \"*\" is no valid key"},
	    {SELECTOR("matchExpressions: [{key: a}]"),
	     AT_SELECTOR ".matchExpressions[0].operator: is missing"},
	    {SELECTOR("matchExpressions: [{key: a, operator: in, values: [b]}]"),
	     AT_SELECTOR ".matchExpressions[0].operator: expected In, NotIn"},
	    {SELECTOR("matchExpressions: [{key: a, operator: Gt, values: ['1']}]"),
	     AT_SELECTOR ".matchExpressions[0].operator: expected In, NotIn"},
	    {SELECTOR("matchExpressions: [{key: a, operator: In}]"),
	     AT_SELECTOR ".matchExpressions[0].values: In and NotIn need values"},
	    {SELECTOR("matchExpressions: [{key: a, operator: NotIn, values: []}]"),
	     AT_SELECTOR ".matchExpressions[0].values: In and NotIn need values"},
	    {SELECTOR("matchExpressions: [{key: a, operator: Exists, values: [b]}]"),
	     AT_SELECTOR ".matchExpressions[0].values: Exists and DoesNotExist take no values"},
	    {SELECTOR("matchExpressions: [{key: a, operator: DoesNotExist, values: [b]}]"),
	     AT_SELECTOR ".matchExpressions[0].values: Exists and DoesNotExist take no values"},
	    {SELECTOR("matchExpressions: [{key: a, operator: In, values: [b, 'c d']}]"),
	     AT_SELECTOR ".matchExpressions[0].values[1]: \"c d\" is no valid value"},
	    {SELECTOR("matchExpressions: [{key: a, operator: In, values: [b, 2]}]"),
	     AT_SELECTOR ".matchExpressions[0].values[1]: expected text, not the number"},
	    {PEER("{podSelector: {x: y}}"), AT_PEER ".podSelector.x: unknown field"},
	    {PEER("{namespaceSelector: {matchLabels: {a: b c/}}}"),
	     AT_PEER ".namespaceSelector.matchLabels.a: "},
	};

	(void)state;
	REFUSE(wrong);
}

static void test_peers(void **state)
{
	static const struct wrong wrong[] = {
	    {PEER("{}"), AT_PEER ": expected podSelector, namespaceSelector or ipBlock"},
	    {PEER("{podSelector: null}"), AT_PEER ": expected podSelector, namespaceSelector or"},
	    {PEER("{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}"),
	     AT_PEER ": ipBlock stands alone"},
	    {PEER("{ipBlock: {cidr: 10.0.0.0/8}, namespaceSelector: {}}"),
	     AT_PEER ": ipBlock stands alone"},
	    {PEER("{ipBlock: {}}"), AT_PEER ".ipBlock.cidr: is missing"},
	    {PEER("{ipBlock: {except: [10.0.0.0/8]}}"), AT_PEER ".ipBlock.cidr: is missing"},
	    {PEER("{ipBlock: {cidr: ''}}"), AT_PEER ".ipBlock.cidr: expected a block"},
	    {PEER("{ipBlock: {cidr: 10.0.0.1}}"), AT_PEER ".ipBlock.cidr: expected a block"},
	    {PEER("{ipBlock: {cidr: 10.0.0.0/33}}"), AT_PEER ".ipBlock.cidr: expected a block"},
	    {PEER("{ipBlock: {cidr: 10.0.0/24}}"), AT_PEER ".ipBlock.cidr: expected a block"},
	    {PEER("{ipBlock: {cidr: 010.0.0.0/8}}"), AT_PEER ".ipBlock.cidr: expected a block"},
	    {PEER("{ipBlock: {cidr: 10.0.0.0/255.0.0.0}}"), AT_PEER ".ipBlock.cidr: expected a"},
	    {PEER("{ipBlock: {cidr: 'fd00::/129'}}"), AT_PEER ".ipBlock.cidr: expected a block"},
	    {PEER("{ipBlock: {cidr: 'fe80::%eth0/64'}}"), AT_PEER ".ipBlock.cidr: expected a"},
	    {PEER("{ipBlock: {cidr: any}}"), AT_PEER ".ipBlock.cidr: expected a block"},
	    {PEER("{ipBlock: {cidr: '::ffff:10.0.0.0/104'}}"),
	     AT_PEER ".ipBlock.cidr: \"::ffff:10.0.0.0/104\" is IPv4 in the form of IPv6"},
	    {PEER("{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}}"),
	     AT_PEER ".ipBlock.except[0]: \"11.0.0.0/16\" is no part of the cidr 10.0.0.0/8"},
	    {PEER("{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/9, 10.0.0.0/8]}}"),
	     AT_PEER ".ipBlock.except[1]: \"10.0.0.0/8\" is no part"},
	    {PEER("{ipBlock: {cidr: 10.1.0.0/16, except: [10.0.0.0/8]}}"),
	     AT_PEER ".ipBlock.except[0]: \"10.0.0.0/8\" is no part"},
	    {PEER("{ipBlock: {cidr: 0.0.0.0/0, except: ['::/1']}}"),
	     AT_PEER ".ipBlock.except[0]: \"::/1\" is no part"},
	    {PEER("{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.1.1]}}"),
	     AT_PEER ".ipBlock.except[0]: expected a block"},
	    {PEER("{ipBlock: {cidr: 10.0.0.0/8, except: [null]}}"),
	     AT_PEER ".ipBlock.except[0]: is missing"},
	};

	(void)state;
	REFUSE(wrong);
}

static void test_ports(void **state)
{
	static const struct wrong wrong[] = {
	    {PORT("{port: 0}"), AT_PORT ".port: expected a number from 1 to 65535, not 0"},
	    {PORT("{port: 65536}"), AT_PORT ".port: expected a number from 1 to 65535"},
	    {PORT("{port: -1}"), AT_PORT ".port: expected a number from 1 to 65535"},
	    {PORT("{port: 99999999999999999999}"), AT_PORT ".port: expected a number from 1"},
	    {PORT("{port: 80.5}"), AT_PORT ".port: expected a number from 1 to 65535"},
	    {PORT("{port: 0x50}"), AT_PORT ".port: expected a number from 1 to 65535"},
	    {PORT("{port: 080}"), AT_PORT ".port: expected a number from 1 to 65535"},
	    {PORT("{port: 8_0}"), AT_PORT ".port: expected a number from 1 to 65535"},
	    {PORT("{port: '80'}"), AT_PORT ".port: \"80\" in quotes is a name"},
	    {PORT("{port: true}"), AT_PORT ".port: expected text, not the boolean"},
	    {PORT("{port: ''}"), AT_PORT ".port: \"\" is no port's name"},
	    {PORT("{port: HTTP}"), AT_PORT ".port: \"HTTP\" is no port's name"},
	    {PORT("{port: -http}"), AT_PORT ".port: \"-http\" is no port's name"},
	    {PORT("{port: http-}"), AT_PORT ".port: \"http-\" is no port's name"},
	    {PORT("{port: ht--tp}"), AT_PORT ".port: \"ht--tp\" is no port's name"},
	    {PORT("{port: 80-90}"), AT_PORT ".port: \"80-90\" is no port's name"},
	    {PORT("{port: a123456789012345}"), AT_PORT ".port: \"a123456789012345\" is no port's"},
	    {PORT("{endPort: 90}"), AT_PORT ".endPort: needs a port that is a number"},
	    {PORT("{port: http, endPort: 90}"), AT_PORT ".endPort: needs a port that is a number"},
	    {PORT("{port: 90, endPort: 80}"), AT_PORT ".endPort: 80 is below port, which is 90"},
	    {PORT("{port: 90, endPort: 0}"), AT_PORT ".endPort: expected a number from 1"},
	    {PORT("{port: 90, endPort: 65536}"), AT_PORT ".endPort: expected a number from 1"},
	    {PORT("{port: 90, endPort: '99'}"),
	     AT_PORT ".endPort: expected a number from 1 to 65535, not the text \"99\""},
	    {PORT("{port: 90, endPort: x}"), AT_PORT ".endPort: expected a number from 1"},
	    {PORT("{port: 1, protocol: tcp}"), AT_PORT ".protocol: expected TCP, UDP or SCTP"},
	    {PORT("{port: 1, protocol: ICMP}"), AT_PORT ".protocol: expected TCP, UDP or SCTP"},
	    {PORT("{port: 1, protocol: ''}"), AT_PORT ".protocol: expected TCP, UDP or SCTP"},
	    {"{podSelector: {}, policyTypes: [ingress]}",
	     "spec.policyTypes[0]: expected Ingress or Egress, not \"ingress\""},
	    {"{podSelector: {}, policyTypes: [null]}", "spec.policyTypes[0]: is missing"},
	    {"{podSelector: {}, policyTypes: [Ingress, Egress, Ingress]}",
	     "spec.policyTypes: has more than two entries"},
	};

	(void)state;
	REFUSE(wrong);
}

static void test_metadata(void **state)
{
	static const struct wrong wrong[] = {
	    {"{}", "NetworkPolicy: metadata.name: is missing"},
	    {"null", "NetworkPolicy: metadata.name: is missing"},
	    {"{generateName: a-}", "NetworkPolicy: metadata.name: is missing"},
	    {"[]", "NetworkPolicy: metadata: expected a mapping"},
	    {"{name: a, labls: {}}", "NetworkPolicy default/a: metadata.labls: unknown field"},
	    {"{name: a/b}", "metadata.name: is no valid name"},
	    {"{name: 7}", "metadata.name: expected text, not the number 7"},
	    {"{name: \"a\\0b\"}", "metadata.name: holds a NUL character"},
	    {"{name: a, namespace: b.c}", "NetworkPolicy b.c/a: metadata.namespace: is no valid"},
	    {"{name: a, namespace: [b]}", "metadata.namespace: expected text"},
	    {"{name: a, labels: []}", "metadata.labels: expected a mapping"},
	    {"{name: a, labels: x}", "metadata.labels: expected a mapping"},
	    {"{name: a, labels: {b: 1}}", "metadata.labels.b: expected text, not the number 1"},
	    {"{name: a, labels: {b: [c]}}", "metadata.labels.b: expected text, not a list"},
	    {"{name: a, labels: {b: c d}}", "metadata.labels.b: \"c d\" is no valid value"},
	    {"{name: a, labels: {b c: d}}", "metadata.labels.b c: \"b c\" is no valid key"},
	    {"{name: a, labels: {on: d}}", "metadata.labels.on: the key is no text"},
	    {"{name: a, annotations: [b]}", "metadata.annotations: expected a mapping"},
	    {"{name: a, annotations: {b: yes}}",
	     "metadata.annotations.b: expected text, not the boolean yes"},
	    {"{name: a, annotations: {b: {c: d}}}", "metadata.annotations.b: expected text"},
	    {"{name: a, annotations: {b/c/d: e}}", "\"b/c/d\" is no valid key of an annotation"},
	    {"{name: a, annotations: {_b.c/d: e}}", "is no valid key of an annotation"},
	    {"{name: a, annotations: {1.0: e}}", "metadata.annotations.1.0: the key is no text"},
	    {"{name: a, finalizers: b}", "metadata.finalizers: expected a list"},
	    {"{name: a, finalizers: [1]}", "metadata.finalizers[0]: expected text"},
	    {"{name: a, ownerReferences: {}}", "metadata.ownerReferences: expected a list"},
	    {"{name: a, ownerReferences: [b]}", "metadata.ownerReferences[0]: expected a mapping"},
	    {"{name: a, managedFields: b}", "metadata.managedFields: expected a list"},
	    {"{name: a, managedFields: [1]}", "metadata.managedFields[0]: expected a mapping"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char *text;

		assert_true(asprintf(&text,
				     "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy,\n"
				     "metadata: %s, spec: {podSelector: {}}}\n",
				     wrong[i].spec) > 0);
		assert_refused(text, "f:2", wrong[i].message);
		free(text);
	}
	assert_warned("{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy,\n"
		      "metadata: {name: A_b}, spec: {podSelector: {}}}\n",
		      "f:2", "NetworkPolicy default/A_b: metadata.name: is no valid name");
}

/* All that is wrong with a file is told at once, and the good policy beside it helps nothing. */
static void test_good_metadata(void **state)
{
	(void)state;
	manifest_free(read_clean(
	    "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a,\n"
	    "namespace: b, labels: {a.b/c: d, e: '', f: , '1': '2'}, finalizers: [b],\n"
	    "annotations: {A.b/C: d e, f: , '1.0': '2'}, ownerReferences: [{kind: X}],\n"
	    "managedFields: [{}]}, spec: {podSelector: {}}}\n---\n"
	    "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: b,\n"
	    "namespace: b, labels: , annotations: , finalizers: , ownerReferences: ,\n"
	    "managedFields: null}, spec: {podSelector: {}}}\n"));
}

static void test_all_errors_are_told(void **state)
{
	struct manifest *manifest = manifest_new();
	struct problems problems = {0};

	(void)state;
	assert_non_null(manifest);
	assert_int_equal(
	    add_text(manifest,
		     POLICY_HEAD
		     "spec: {podSelector: {}, ingress: [{ports: [{port: 0}, {port: x_}]}]}\n"
		     "---\n" POLICY_HEAD "spec: {podSelector: {}}\n"
		     "---\n" POLICY_HEAD "spec: {podselector: {}}\n",
		     &problems),
	    -EINVAL);
	assert_problem(&problems, PROBLEM_ERROR, "f:4", "spec.ingress[0].ports[0].port: ");
	assert_problem(&problems, PROBLEM_ERROR, "f:4", "spec.ingress[0].ports[1].port: ");
	assert_problem(&problems, PROBLEM_ERROR, "f:14", "spec.podselector: ");
	manifest_free(manifest);
	problems_clear(&problems);
}

/* ---- policies that nobody would see ---- */

#define BODY "metadata: {name: p}\nspec: {podSelector: {}}\n"

static void test_kinds_and_versions(void **state)
{
	static const char *const heads[] = {
	    "apiVersion: networking.k8s.io/v1beta1\nkind: NetworkPolicy\n",
	    "apiVersion: extensions/v1beta1\nkind: NetworkPolicy\n",
	    "apiVersion: networking.k8s.io/V1\nkind: NetworkPolicy\n",
	    "apiVersion: networking/v1\nkind: NetworkPolicy\n",
	    "apiVersion: networking.k8.io/v1\nkind: NetworkPolicy\n",
	    "apiVersion: v1\nkind: NetworkPolicy\n",
	    "kind: NetworkPolicy\n",
	    "apiVersion:\nkind: NetworkPolicy\n",
	    "apiVersion: networking.k8s.io/v1\nkind: networkpolicy\n",
	    "apiVersion: networking.k8s.io/v1\nkind: Networkpolicy\n",
	    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicies\n",
	    "apiVersion: networking.k8s.io/v1\nkind: 'NetworkPolicy '\n",
	    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolcy\n",
	    "apiVersion: networking.k8s.io/v1\nkind: NetPol\n",
	    "apiVersion: v1\nkind: Network-Policy\n",
	    "apiVersion: v1\nkind: networkpolicylist\n",
	    "apiVersion: v1\nkind: netpol\n",
	    "kind: NetPols\n",
	    "apiVersion: v1\nkind: NetworkPolcyList\nitems: [{}]\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		char *text;

		assert_true(
		    asprintf(&text, "%s%s", heads[i], strstr(heads[i], "items") ? "" : BODY) > 0);
		assert_refused(text, strstr(heads[i], "items") ? "f:3" : "f:1",
			       "expected kind NetworkPolicy of apiVersion networking.k8s.io/v1");
		free(text);
	}
	assert_refused("apiVersion: [networking.k8s.io/v1]\nkind: NetworkPolicy\n" BODY, "f:1",
		       "apiVersion: expected text");
	assert_refused("apiVersion: networking.k8s.io/v1\nkind: [NetworkPolicy]\n" BODY, "f:2",
		       "kind: expected text");
	assert_refused("apiVersion: v1\nkind: \"Pod\\0\"\n" BODY, "f:2", "kind: expected text");
}

/* What it holds is a policy's, whatever it is called. */
static void test_policies_of_other_names(void **state)
{
	static const char *const specs[] = {"policyTypes: [Ingress]", "ingress: []",
					    "egress: [{}]"};
	char *text;

	(void)state;
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		assert_true(asprintf(&text,
				     "apiVersion: v1\nkind: NetworkPolicySet\n"
				     "metadata: {name: p}\nspec: {podSelector: {}, %s}\n",
				     specs[i]) > 0);
		assert_refused(text, "f:1", "expected kind NetworkPolicy of apiVersion");
		free(text);
	}
	assert_warned("apiVersion: example.com/v1\nkind: Fence\nmetadata: {name: p}\n"
		      "spec: {podSelector: {}, ingress: []}\n",
		      "f:1", "Fence p (example.com/v1) is not evaluated");
}

static void test_without_a_kind(void **state)
{
	static const char *const heads[] = {
	    "apiVersion: networking.k8s.io/v1\n",
	    "apiVersion: v1\n",
	    "",
	    "apiVersion: networking.k8s.io/v1\nKind: NetworkPolicy\n",
	    "apiVersion: networking.k8s.io/v1\nkind:\n",
	    "apiVersion: networking.k8s.io/v1\nkind: ''\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		char *text;

		assert_true(asprintf(&text, "%s%s", heads[i], BODY) > 0);
		assert_refused(text, "f:1", "kind: expected NetworkPolicy, and there is none");
		free(text);
	}
}

static void test_within_others(void **state)
{
	(void)state;
	assert_refused("- apiVersion: networking.k8s.io/v1\n"
		       "  kind: NetworkPolicy\n"
		       "  spec: {podSelector: {}}\n",
		       "f:1", "within something that is no Kubernetes object");
	assert_refused("policies:\n- kind: NetworkPolicy\n  spec: {podSelector: {}}\n", "f:2",
		       "within something that is no Kubernetes object");
	assert_refused("kind: list\napiVersion: v1\nitems:\n"
		       "- {kind: NetworkPolicy, spec: {podSelector: {}}}\n",
		       "f:4", "among the items of what is no list");
	assert_refused("- kind: NetworkPolicy\n  spec: {}\n", "f:1",
		       "within something that is no Kubernetes object");
	assert_refused("- - kind: NetworkPolicy\n    metadata: {name: p}\n", "f:1",
		       "within something that is no Kubernetes object");
	assert_refused("policies:\n  a:\n    kind: NetworkPolicy\n    spec:\n", "f:3",
		       "within something that is no Kubernetes object");
	assert_refused("kind: list\nitems:\n- {kind: NetworkPolicy, spec: {}}\n", "f:3",
		       "among the items of what is no list");
	assert_refused("kind: list\nItem:\n- {kind: NetworkPolicy, spec: {}}\n", "f:3",
		       "among the items of what is no list");
	assert_refused("kind: PodList\napiVersion: v1\nItems:\n- {kind: NetworkPolicy, spec: {}}\n",
		       "f:4", "beside the items of a list");
	assert_refused("kind: PodList\napiVersion: v1\nitems: []\nitem:\n"
		       "- {kind: NetworkPolicy, metadata: {}}\n",
		       "f:5", "beside the items of a list");
	assert_warned("kind: ClusterPolicy\napiVersion: kyverno.io/v1\nspec:\n"
		      "- {kind: NetworkPolicy, spec: {podSelector: {}}}\n",
		      "f:4", "within ClusterPolicy is not one of the cluster");
}

static void test_lists(void **state)
{
	(void)state;
	assert_refused("kind: List\napiVersion: v1\nitems: [null]\n", "f:3",
		       "items[0]: expected a Kubernetes object");
	assert_refused("kind: List\napiVersion: v1\nitems:\n- {kind: Pod}\n- - kind: Pod\n", "f:5",
		       "items[1]: expected a Kubernetes object");
	assert_refused("kind: List\napiVersion: v1\nitems: {}\n", "f:3", "items: expected a list");
	assert_refused("kind: List\napiVersion: v1\nItems: []\n", "f:3",
		       "Items: unknown field of a list");
	assert_refused("kind: List\napiVersion: v1\nitems:\n- {metadata: {name: p},\n"
		       "    spec: {policyTypes: [Egress]}}\n",
		       "f:4", "kind: expected NetworkPolicy");
	assert_refused("kind: NetworkPolicyList\napiVersion: v1\nitems: [{metadata: {name: a}}]\n",
		       "f:3", "expected kind NetworkPolicy of apiVersion networking.k8s.io/v1");
	assert_refused("kind: PodList\napiVersion: v1\nitems:\n- kind: NetworkPolicy\n", "f:4",
		       "expected kind NetworkPolicy of apiVersion networking.k8s.io/v1");
}

/* They are told, and nobody takes what they allow for allowed without knowing. */
static void test_other_policies(void **state)
{
	static const char *const heads[] = {
	    "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n",
	    "apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\n",
	    "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\n",
	    "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\n",
	    "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\n",
	    "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\n",
	    "apiVersion: crd.projectcalico.org/v1\nkind: NetworkPolicy\n",
	    "apiVersion: crd.antrea.io/v1beta1\nkind: NetworkPolicy\n",
	    "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		char *text;

		assert_true(asprintf(&text, "%smetadata: {name: p, namespace: shop}\n", heads[i]) >
			    0);
		assert_warned(text, "f:1", "shop/p (");
		assert_warned(text, "f:1", "is not evaluated");
		free(text);
	}
	assert_warned("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
		      "resources: []\n",
		      "f:1", "Kustomization is no Kubernetes object");
	assert_warned("image: {tag: x}\n", "f:1", "expected a Kubernetes object: there is no kind");
	assert_warned("- a\n", "f:1", "expected a Kubernetes object");
	assert_warned("text\n", "f:1", "expected a Kubernetes object");
}

/* Once for each kind, whatever else there is to tell. */
static void test_many_other_policies(void **state)
{
	struct manifest *manifest = manifest_new();
	struct problems problems = {0};
	size_t caveats = 0;
	char text[256];

	(void)state;
	assert_non_null(manifest);
	for (int i = 0; i < PROBLEMS_MAX; i++)
		problem_add(&problems, PROBLEM_WARNING, "x", "%d", i);
	for (int i = 0; i < 150; i++) {
		snprintf(
		    text, sizeof(text),
		    "{apiVersion: cilium.io/v%d, kind: CiliumNetworkPolicy, metadata: {name: p}}",
		    i);
		assert_int_equal(add_text(manifest, text, &problems), 0);
		assert_int_equal(add_text(manifest, text, &problems), 0);
	}
	assert_int_equal(manifest_finish(manifest, &problems), 0);
	for (size_t i = 0; i < problems.count; i++)
		caveats += problems.items[i].severity == PROBLEM_CAVEAT;
	assert_int_equal(caveats, 101);
	assert_problem(&problems, PROBLEM_CAVEAT, "f:1",
		       "CiliumNetworkPolicy p (cilium.io/v99) and 1 more of the kind are not "
		       "evaluated: what they allow or deny is not in the answer");
	assert_problem(&problems, PROBLEM_CAVEAT, "manifests", "100 policies of further kinds");
	manifest_free(manifest);
	problems_clear(&problems);
}

/* Of the other kinds nothing is said. */
static void test_ordinary_objects(void **state)
{
	struct manifest *manifest = manifest_new();
	struct problems problems = {0};

	(void)state;
	assert_non_null(manifest);
	assert_int_equal(
	    add_text(
		manifest,
		"{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a}}\n"
		"---\n{apiVersion: networking.k8s.io/v1, kind: IngressList, items: []}\n"
		"---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {spec: x}}\n"
		"---\n{apiVersion: policy/v1, kind: PodDisruptionBudget}\n"
		"---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, rules: [\n"
		"  {apiGroups: [networking.k8s.io], resources: [networkpolicies]}]}\n"
		"---\n{apiVersion: v1, kind: Event, involvedObject: {kind: NetworkPolicy}}\n"
		"---\n{apiVersion: x.y/v1, kind: AllowList, metadata: {name: a}, items: x}\n",
		&problems),
	    0);
	assert_int_equal(problems.count, 0);
	manifest_free(manifest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_fields),
	    cmocka_unit_test(test_types),
	    cmocka_unit_test(test_labels_that_are_no_text),
	    cmocka_unit_test(test_keys_that_are_no_text),
	    cmocka_unit_test(test_selectors),
	    cmocka_unit_test(test_peers),
	    cmocka_unit_test(test_ports),
	    cmocka_unit_test(test_metadata),
	    cmocka_unit_test(test_good_metadata),
	    cmocka_unit_test(test_all_errors_are_told),
	    cmocka_unit_test(test_kinds_and_versions),
	    cmocka_unit_test(test_policies_of_other_names),
	    cmocka_unit_test(test_without_a_kind),
	    cmocka_unit_test(test_within_others),
	    cmocka_unit_test(test_lists),
	    cmocka_unit_test(test_other_policies),
	    cmocka_unit_test(test_many_other_policies),
	    cmocka_unit_test(test_ordinary_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
