/*
 * What identity costs: binding an address among 10,000 pods, and a pod that is replaced on a node
 * of 110. One JSON line.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "identity/interval.h"
#include "identity/merge.h"

#define PODS 10000
#define OWNERS 4 /* that each address had, one after the other */
#define BINDS 4000000
#define NODE_PODS 110
#define REPLACED 20000
#define CHANGES_PER_SECOND 10
#define SECOND INT64_C(1000000000)

static int64_t cpu_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * SECOND + now.tv_nsec;
}

static uint64_t random_next(void)
{
	static uint64_t state = 88172645463325252;

	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

static void fail(const char *what)
{
	fprintf(stderr, "bind: %s\n", what);
	exit(1);
}

static struct addr address_of(unsigned index, bool six)
{
	uint8_t bytes[16] = {10, (uint8_t)(index >> 16), (uint8_t)(index >> 8), (uint8_t)index};

	return addr_from_bytes(bytes, six ? 16 : 4);
}

static void on_pod(void *context, const struct pod *pod)
{
	uint32_t number;
	bool changed;

	if (registry_put(context, pod, &number, &changed) < 0)
		fail("no memory");
}

static void on_problem(void *context, const char *subject, const char *text)
{
	(void)context;
	fprintf(stderr, "bind: %s: %s\n", subject, text);
	exit(1);
}

static struct merge *merge_into(struct registry *registry)
{
	const struct merge_events events = {
	    .pod = on_pod, .problem = on_problem, .context = registry};
	struct merge *merge = merge_new(&events);

	if (!registry || !merge)
		fail("no memory");
	return merge;
}

/* What is said of a pod with an IPv4 and an IPv6 address in three places. */
struct said {
	char sandbox[65], name[32], place[128];
	struct label labels[4];
	struct claim_address addresses[2];
};

static struct claim say(struct said *said, const char *source, unsigned pod, unsigned address,
			int64_t since)
{
	static char keys[4][4] = {"a", "b", "c", "d"};
	bool allocates = strcmp(source, CLAIM_HOST_LOCAL) == 0;
	bool runtime = strcmp(source, CLAIM_CRI) == 0;

	snprintf(said->sandbox, sizeof(said->sandbox), "%064u", pod);
	snprintf(said->name, sizeof(said->name), "pod-%u", pod);
	snprintf(said->place, sizeof(said->place), "/var/lib/cni/%s/%u", source, pod);
	for (unsigned i = 0; i < 4; i++)
		said->labels[i] = (struct label){keys[i], said->name};
	for (unsigned i = 0; i < 2; i++)
		said->addresses[i] = (struct claim_address){
		    .address = address_of(address, i > 0), .since = since, .exact = allocates};
	return (struct claim){.source = source,
			      .place = said->place,
			      .sandbox = said->sandbox,
			      .namespace = allocates ? "" : "shop",
			      .name = allocates ? "" : said->name,
			      .uid = allocates ? "" : said->name,
			      .labelled = runtime,
			      .labels = {said->labels, runtime ? 4 : 0},
			      .addresses = said->addresses,
			      .address_count = runtime ? 0 : 2};
}

static const char *const sources[] = {CLAIM_HOST_LOCAL, CLAIM_CNI_RESULT, CLAIM_CRI};

static void begin_pod(struct merge *merge, unsigned pod, unsigned address, int64_t now)
{
	struct said said;

	for (unsigned i = 0; i < 3; i++) {
		struct claim claim = say(&said, sources[i], pod, address, now);

		if (merge_claim(merge, &claim, now) < 0)
			fail("no memory");
	}
}

static void end_pod(struct merge *merge, unsigned pod, unsigned address, int64_t now)
{
	struct said said;

	for (unsigned i = 0; i < 3; i++) {
		struct claim claim = say(&said, sources[i], pod, address, now);

		if (merge_withdraw(merge, claim.source, claim.place, claim.sandbox, now) < 0)
			fail("no memory");
	}
}

/* ns for each binding. */
static double measure_binding(void)
{
	struct registry *registry = registry_new();
	struct merge *merge = merge_into(registry);
	uint64_t bound = 0;
	int64_t begun, took;

	for (unsigned owner = 0; owner < OWNERS; owner++) {
		for (unsigned i = 0; i < PODS; i++) {
			int64_t since = SECOND * (100 * owner + 1);

			begin_pod(merge, owner * PODS + i, i, since);
			if (owner + 1 < OWNERS)
				end_pod(merge, owner * PODS + i, i, since + 90 * SECOND);
		}
		merge_tick(merge, SECOND * (100 * owner + 190));
	}
	begun = cpu_now();
	for (unsigned i = 0; i < BINDS; i++) {
		uint64_t random = random_next();
		struct addr address = address_of((unsigned)(random % PODS), random >> 32 & 1);
		int64_t when = (int64_t)(random >> 40) % (100 * OWNERS) * SECOND;
		uint32_t number;

		if (registry_bind(registry, address, when, 5 * SECOND, &number) == 0)
			bound += number > 0;
	}
	took = cpu_now() - begun;
	if (bound < BINDS / 2)
		fail("too little was bound");
	merge_free(merge);
	registry_free(registry);
	return (double)took / BINDS;
}

/* ns for each pod that another takes the place of. */
static double measure_replacing(void)
{
	struct registry *registry = registry_new();
	struct merge *merge = merge_into(registry);
	int64_t now = SECOND, begun, took;

	for (unsigned i = 0; i < NODE_PODS; i++)
		begin_pod(merge, i, i, now);
	begun = cpu_now();
	for (unsigned i = 0; i < REPLACED; i++) {
		unsigned address = i % NODE_PODS;

		now += SECOND / CHANGES_PER_SECOND;
		end_pod(merge, i, address, now);
		begin_pod(merge, i + NODE_PODS, address, now + SECOND / 100);
		if (i % CHANGES_PER_SECOND == 0 && merge_tick(merge, now) < 0)
			fail("no memory");
		if (i % (CHANGES_PER_SECOND * 300) == 0)
			registry_forget(registry, now - 900 * SECOND, NULL, NULL);
	}
	took = cpu_now() - begun;
	merge_free(merge);
	registry_free(registry);
	return (double)took / REPLACED;
}

int main(void)
{
	double binding = measure_binding(), replacing = measure_replacing();

	printf("{\"case\": \"bind\", \"pods\": %d, \"owners_per_address\": %d, "
	       "\"bind_ns\": %.0f, \"node_pods\": %d, \"replace_ns\": %.0f, "
	       "\"changes_per_second\": %d, \"core_share\": %.6f}\n",
	       PODS, OWNERS, binding, NODE_PODS, replacing, CHANGES_PER_SECOND,
	       replacing * CHANGES_PER_SECOND / 1e9);
	return 0;
}
