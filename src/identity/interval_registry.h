/* The registry's inside, for the files that keep it (interval.c) and ask it (interval_bind.c). */
#ifndef NETPOL_IDENTITY_INTERVAL_REGISTRY_H
#define NETPOL_IDENTITY_INTERVAL_REGISTRY_H

#include "identity/interval.h"
#include "identity/tenures.h"

#define REGISTRY_UNWATCHED_MAX 16u

struct registry_entry {
	struct pod pod;
	uint32_t number;
	uint64_t hash; /* of the sandbox; where it is not known of namespace, name, uid */
	struct registry_entry *next;
};

struct span {
	int64_t from, until;
};

struct registry {
	struct hash_seed seed;
	struct tenures tenures;
	struct registry_entry **named;
	size_t named_buckets;
	struct registry_entry **entries; /* by number */
	size_t count;
	size_t nameless_count;
	size_t capacity;
	uint32_t last_number;
	struct span unwatched[REGISTRY_UNWATCHED_MAX]; /* by from */
	int64_t linger;                                /* the longest that was said */
	size_t unwatched_count;
	int64_t forgotten; /* up to when */
	bool has_echoes;
	struct span skipped; /* by a clock that was set forward, and not lived since */
	struct span muddled; /* lived twice, and echoes are missing */
};

/* NULL: there is no such number. */
struct registry_entry *registry_entry(const struct registry *registry, uint32_t number);

#endif
