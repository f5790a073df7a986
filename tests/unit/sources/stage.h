/* A temporary directory, node state that watches it, and what it claims at the moment. */
#ifndef NETPOL_TESTS_UNIT_SOURCES_STAGE_H
#define NETPOL_TESTS_UNIT_SOURCES_STAGE_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "sources/node_state.h"

#define WAIT_MS 10000
#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define STAGE_CLAIMS_MAX 4096
#define STAGE_ADDRESSES_MAX 8

struct kept_claim {
	char source[32], place[512], sandbox[128], namespace[64], name[128], uid[128];
	bool labelled, host_network, has_netns, orphaned;
	char labels[512];
	int64_t created;
	struct claim_address addresses[STAGE_ADDRESSES_MAX];
	size_t address_count;
};

struct stage {
	char root[64];
	char results[128]; /* root/results */
	const char *paths[NODE_STATE_KINDS][4];
	struct node_state_options options;
	struct node_state *state;
	struct kept_claim *claims;
	size_t claim_count;
	unsigned told; /* claims */
	unsigned withdrawn;
	unsigned losses;
	int64_t loss_from;
	unsigned problems;
	char problem[1024]; /* the last: "path: reason" */
};

static inline struct kept_claim *stage_find(struct stage *stage, const char *source,
					    const char *place, const char *sandbox)
{
	for (size_t i = 0; i < stage->claim_count; i++) {
		struct kept_claim *kept = &stage->claims[i];

		if (strcmp(kept->source, source) == 0 && strcmp(kept->place, place) == 0 &&
		    strcmp(kept->sandbox, sandbox) == 0)
			return kept;
	}
	return NULL;
}

static inline void stage_on_claim(void *context, const struct claim *claim)
{
	struct stage *stage = context;
	struct kept_claim *kept = stage_find(stage, claim->source, claim->place, claim->sandbox);
	char *labels = labels_print(&claim->labels);

	if (!kept) {
		assert_true(stage->claim_count < STAGE_CLAIMS_MAX);
		kept = &stage->claims[stage->claim_count++];
	}
	assert_in_range(strlen(claim->sandbox), 1, sizeof(kept->sandbox) - 1);
	assert_in_range(claim->address_count, 0, STAGE_ADDRESSES_MAX);
	*kept = (struct kept_claim){.labelled = claim->labelled,
				    .host_network = claim->host_network,
				    .has_netns = claim->has_netns,
				    .orphaned = claim->orphaned,
				    .created = claim->created,
				    .address_count = claim->address_count};
	snprintf(kept->source, sizeof(kept->source), "%s", claim->source);
	snprintf(kept->place, sizeof(kept->place), "%s", claim->place);
	snprintf(kept->sandbox, sizeof(kept->sandbox), "%s", claim->sandbox);
	snprintf(kept->namespace, sizeof(kept->namespace), "%s", claim->namespace);
	snprintf(kept->name, sizeof(kept->name), "%s", claim->name);
	snprintf(kept->uid, sizeof(kept->uid), "%s", claim->uid);
	snprintf(kept->labels, sizeof(kept->labels), "%s", labels);
	for (size_t i = 0; i < claim->address_count; i++)
		kept->addresses[i] = claim->addresses[i];
	free(labels);
	stage->told++;
}

static inline void stage_on_withdraw(void *context, const char *source, const char *place,
				     const char *sandbox)
{
	struct stage *stage = context;
	struct kept_claim *kept = stage_find(stage, source, place, sandbox);

	assert_non_null(kept);
	*kept = stage->claims[--stage->claim_count];
	stage->withdrawn++;
}

static inline void stage_on_problem(void *context, const char *path, const char *reason)
{
	struct stage *stage = context;

	snprintf(stage->problem, sizeof(stage->problem), "%s: %s", path, reason);
	stage->problems++;
}

static inline void stage_on_loss(void *context, int64_t from, const char *reason)
{
	struct stage *stage = context;

	assert_non_null(reason);
	stage->loss_from = from;
	stage->losses++;
}

static inline void stage_open(struct stage *stage)
{
	const struct claim_events events = {.claim = stage_on_claim,
					    .withdraw = stage_on_withdraw,
					    .problem = stage_on_problem,
					    .loss = stage_on_loss,
					    .context = stage};

	for (int kind = 0; kind < NODE_STATE_KINDS; kind++)
		stage->options.kinds[kind].paths = stage->paths[kind];
	assert_int_equal(node_state_open(&stage->options, &events, &stage->state), 0);
}

static inline int stage_setup(void **state)
{
	struct stage *stage = calloc(1, sizeof(*stage));

	assert_non_null(stage);
	stage->claims = calloc(STAGE_CLAIMS_MAX, sizeof(*stage->claims));
	assert_non_null(stage->claims);
	strcpy(stage->root, "/tmp/netpol-state-XXXXXX");
	assert_non_null(mkdtemp(stage->root));
	snprintf(stage->results, sizeof(stage->results), "%s/results", stage->root);
	assert_int_equal(mkdir(stage->results, 0700), 0);
	*state = stage;
	return 0;
}

static inline int stage_remove_one(const char *path, const struct stat *status, int flag,
				   struct FTW *walk)
{
	(void)status;
	(void)flag;
	(void)walk;
	return remove(path);
}

static inline void remove_tree(const char *path)
{
	nftw(path, stage_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline int stage_teardown(void **state)
{
	struct stage *stage = *state;

	assert_null(node_state_close(stage->state));
	remove_tree(stage->root);
	free(stage->claims);
	free(stage);
	return 0;
}

static inline const char *in(const char *directory, const char *name, char path[static 512])
{
	int length = snprintf(path, 512, "%s/%s", directory, name);

	assert_in_range(length, 1, 511);
	return path;
}

static inline void put_bytes(const char *directory, const char *name, const void *bytes,
			     size_t length)
{
	char path[512];
	int fd = open(in(directory, name, path), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), length);
	close(fd);
}

static inline void put_text(const char *directory, const char *name, const char *text)
{
	put_bytes(directory, name, text, strlen(text));
}

static inline void remove_file(const char *directory, const char *name)
{
	char path[512];

	assert_int_equal(unlink(in(directory, name, path)), 0);
}

/* Waits until inotify has something to say, and lets it be taken. */
static inline void read_events(struct stage *stage, int64_t now)
{
	struct pollfd fd = {.fd = node_state_fd(stage->state), .events = POLLIN};

	assert_int_equal(poll(&fd, 1, WAIT_MS), 1);
	assert_int_equal(node_state_read(stage->state, now), 0);
}

static inline void rescan(struct stage *stage, int64_t now)
{
	assert_int_equal(node_state_rescan(stage->state, now), 0);
}

static inline void start(struct stage *stage, int64_t now)
{
	stage_open(stage);
	rescan(stage, now);
}

/* What is claimed of the sandbox, from wherever; NULL: nothing. */
static inline const struct kept_claim *claim_of(const struct stage *stage, const char *sandbox)
{
	for (size_t i = 0; i < stage->claim_count; i++)
		if (strcmp(stage->claims[i].sandbox, sandbox) == 0)
			return &stage->claims[i];
	return NULL;
}

static inline const struct claim_address *address_of(const struct kept_claim *claim,
						     const char *text)
{
	struct addr address;

	assert_int_equal(addr_parse(text, &address), 0);
	for (size_t i = 0; claim && i < claim->address_count; i++)
		if (addr_equal(claim->addresses[i].address, address))
			return &claim->addresses[i];
	return NULL;
}

/* The only sandbox that has the address, "" for nobody. */
static inline const char *owner(const struct stage *stage, const char *text)
{
	const char *sandbox = "";

	for (size_t i = 0; i < stage->claim_count; i++) {
		if (!address_of(&stage->claims[i], text))
			continue;
		assert_true(!*sandbox || strcmp(sandbox, stage->claims[i].sandbox) == 0);
		sandbox = stage->claims[i].sandbox;
	}
	return sandbox;
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, stage_setup, stage_teardown)

#endif
