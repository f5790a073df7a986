#include "tests/unit/policy/random_policy.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "policy/order.h"

#define L16 "abcdefghijklmnop"
#define L61 L16 L16 L16 "abcdefghijklm"
#define L63 L61 "xy"
/* 253 bytes: the longest name. */
#define L253 L61 "." L61 "." L61 "." L61 ".defgh"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

struct generator {
	uint64_t state;
	bool entities;
};

/* splitmix64. */
static uint64_t next(struct generator *generator)
{
	uint64_t z = generator->state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static size_t below(struct generator *generator, size_t limit)
{
	return (size_t)(next(generator) % limit);
}

/* Mostly few, and now and then a great many. */
static size_t some(struct generator *generator, size_t most)
{
	return below(generator, below(generator, 16) == 0 ? most : 4);
}

static char *copy(const char *text)
{
	char *copied = strdup(text);

	if (!copied)
		abort();
	return copied;
}

static void *array(size_t count, size_t size)
{
	void *items = calloc(count + 1, size);

	if (!items)
		abort();
	return items;
}

/* ---- names ---- */

/* What YAML would take for something else, too. */
static const char *const namespaces[] = {"shop", "kube-system", "1", "true", "1e3", L63};
static const char *const names[] = {"web-netpol", "null", "0x1f", "a.b-c", "1.0", L253};
static const char *const subjects[] = {"Deployment/web", "CronJob/report, Job/report-1", "all pods",
				       "a: #b\nc"};

static const struct workload workloads[] = {
    {.namespace = "shop",
     .also_picks = "",
     .kind = "Deployment",
     .name = "web",
     .container = "main",
     .revision = "5c7d9f6b8"},
    {.namespace = "shop",
     .also_picks = "Job/a",
     .kind = "StatefulSet",
     .name = "db",
     .container = "1",
     .revision = "db-6d4cf56db6"},
    {.namespace = "shop",
     .also_picks = "",
     .kind = "Job",
     .name = L253,
     .container = L63,
     .revision = ""},
    {.namespace = "shop",
     .also_picks = "",
     .kind = "StaticPod",
     .name = "etcd",
     .container = "",
     .revision = ""},
    {.namespace = "shop",
     .also_picks = "",
     .kind = "Rollout",
     .name = "Web_1",
     .container = "true",
     .revision = "no"},
    {.namespace = "shop",
     .also_picks = "",
     .kind = "Pod",
     .name = "true",
     .container = "a",
     .revision = "-"},
};

static struct label one[] = {{(char *)"app", (char *)"web"}};
static struct label two[] = {{(char *)"app.kubernetes.io/instance", (char *)"1"},
			     {(char *)"app.kubernetes.io/name", (char *)"true"}};
static struct label three[] = {{(char *)"k8s-app", (char *)""},
			       {(char *)L253 "/" L63, (char *)L63},
			       {(char *)"version", (char *)"1.0_a"}};
static struct label four[] = {{(char *)"1", (char *)"null"},
			      {(char *)"no", (char *)"off"},
			      {(char *)"tier", (char *)"2026-01-31"},
			      {(char *)"yes", (char *)"0o7"}};

static struct labels labels(struct generator *generator)
{
	const struct labels sets[] = {
	    {one, COUNT(one)}, {two, COUNT(two)}, {three, COUNT(three)}, {four, COUNT(four)}, {0}};

	return sets[below(generator, COUNT(sets))];
}

/* ---- peers ---- */

static struct addr address_in(struct generator *generator, struct prefix block)
{
	struct addr addr = block.addr;

	for (size_t bit = block.length; bit < 8 * addr_length(addr); bit++)
		if (below(generator, 2) == 0)
			addr.bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return addr;
}

static struct prefix block(struct generator *generator)
{
	const bool is_ipv4 = below(generator, 2) == 0;
	const uint8_t bits = is_ipv4 ? 32 : 128;
	struct prefix all = {.addr = {.family = is_ipv4 ? ADDR_IPV4 : ADDR_IPV6}};
	size_t length = below(generator, 3) == 0 ? below(generator, bits + 1u) : bits;

	return prefix_around(address_in(generator, all), (uint8_t)length);
}

static int compare_addresses(const void *a, const void *b)
{
	return addr_compare(*(const struct addr *)a, *(const struct addr *)b);
}

static void see(struct generator *generator, struct policy_peer *peer)
{
	size_t count = below(generator, PEER_SEEN_MAX + 1), kept = 0;

	peer->seen = array(count, sizeof(*peer->seen));
	for (size_t i = 0; i < count; i++)
		peer->seen[i] = address_in(generator, peer->block);
	qsort(peer->seen, count, sizeof(*peer->seen), compare_addresses);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || !addr_equal(peer->seen[i - 1], peer->seen[i]))
			peer->seen[kept++] = peer->seen[i];
	peer->seen_count = kept;
	peer->seen_more = kept == PEER_SEEN_MAX;
	peer->known_network = below(generator, 4) == 0 ? "a mirror: all" : NULL;
}

static void take_evidence(struct generator *generator, struct policy_peer *peer)
{
	peer->reason =
	    copy(below(generator, 2) ? "Deployment/api: 3 connections" : "# a 'b': \"c\"");
	peer->wider = below(generator, 2) ? (unsigned)below(generator, WIDER_SOURCE_NAT * 2) : 0;
	peer->edges = below(generator, 3);
	peer->connections = (int64_t)peer->edges * 7;
	peer->first_seen = peer->edges ? 1700000000000 : 1;
	peer->last_seen = peer->edges ? 1700000000000 + (int64_t)below(generator, 2) * 5000 : 0;
	peer->class = peer->edges ? "pod" : "";
}

static struct policy_peer peer(struct generator *generator)
{
	struct policy_peer made = {
	    .kind = (enum peer_kind)below(generator, generator->entities ? 4 : 3), .namespace = ""};

	take_evidence(generator, &made);
	switch (made.kind) {
	case PEER_PODS:
		made.selector = labels(generator);
		if (below(generator, 2) == 0)
			made.namespace = namespaces[below(generator, COUNT(namespaces))];
		break;
	case PEER_BLOCK:
		made.block = block(generator);
		see(generator, &made);
		break;
	case PEER_ALL_PODS:
		break;
	case PEER_ENTITY:
		made.entity = (enum entity)below(generator, ENTITY_WORLD + 1);
		break;
	}
	return made;
}

static int compare_peers(const void *a, const void *b)
{
	return order_peers(a, b);
}

/* Each once, sorted. */
static void add_peers(struct generator *generator, struct policy_rule *rule)
{
	size_t count = 1 + some(generator, 60), kept = 0;

	rule->peers = array(count, sizeof(*rule->peers));
	for (size_t i = 0; i < count; i++)
		rule->peers[i] = peer(generator);
	qsort(rule->peers, count, sizeof(*rule->peers), compare_peers);
	for (size_t i = 0; i < count; i++) {
		if (kept > 0 && order_peers(&rule->peers[kept - 1], &rule->peers[i]) == 0) {
			free(rule->peers[i].reason);
			free(rule->peers[i].seen);
			continue;
		}
		rule->peers[kept++] = rule->peers[i];
	}
	rule->peer_count = kept;
}

/* ---- ports ---- */

static struct policy_port port(struct generator *generator)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP};
	struct policy_port made = {.protocol = protocols[below(generator, COUNT(protocols))],
				   .port = (uint16_t)(1 + below(generator, 65535))};
	size_t span = below(generator, 8) == 0 ? 1 + below(generator, 40) : 0;

	if (span > 0 && made.port + span <= 65535)
		made.end_port = (uint16_t)(made.port + span);
	return made;
}

static int compare_ports(const void *a, const void *b)
{
	return order_ports(a, b);
}

/* Apart from each other, sorted. */
static void add_ports(struct generator *generator, struct policy_rule *rule)
{
	size_t count = 1 + some(generator, 100), kept = 0;

	rule->ports = array(count, sizeof(*rule->ports));
	for (size_t i = 0; i < count; i++)
		rule->ports[i] = port(generator);
	qsort(rule->ports, count, sizeof(*rule->ports), compare_ports);
	for (size_t i = 0; i < count; i++) {
		const struct policy_port *last = kept > 0 ? &rule->ports[kept - 1] : NULL;

		if (last && last->protocol == rule->ports[i].protocol &&
		    rule->ports[i].port <= (last->end_port ? last->end_port : last->port))
			continue;
		rule->ports[kept++] = rule->ports[i];
	}
	rule->port_count = kept;
}

/* ---- policies ---- */

static void add_direction(struct generator *generator, struct policy *policy, int direction)
{
	size_t count = policy->workload ? some(generator, 30) : 0;

	if (below(generator, 4) == 0)
		policy->partial[direction] = copy("pods on n2, which has no record");
	if (below(generator, 8) == 0 && direction > 0)
		return;
	policy->isolates[direction] = true;
	policy->rules[direction] = array(count, sizeof(*policy->rules[direction]));
	policy->rule_count[direction] = count;
	for (size_t i = 0; i < count; i++) {
		add_peers(generator, &policy->rules[direction][i]);
		add_ports(generator, &policy->rules[direction][i]);
	}
}

void random_policy(uint64_t seed, bool entities, struct policy *ret)
{
	static const struct readiness readinesses[] = {{.state = READINESS_LEARNING, .reason = ""},
						       {.state = READINESS_READY, .reason = ""}};
	struct generator generator = {seed, entities};

	*ret = (struct policy){
	    .namespace = copy(namespaces[below(&generator, COUNT(namespaces))]),
	    .name = copy(names[below(&generator, COUNT(names))]),
	    .subject = copy(subjects[below(&generator, COUNT(subjects))]),
	    .selector = labels(&generator),
	};
	if (below(&generator, 8) > 0)
		ret->workload = &workloads[below(&generator, COUNT(workloads))];
	if (below(&generator, 2) > 0)
		ret->readiness = &readinesses[below(&generator, COUNT(readinesses))];
	for (int i = 0; i < DIRECTIONS; i++)
		add_direction(&generator, ret, i);
}
