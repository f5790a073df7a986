/*
 * Who ever had each address, and when: one list an address, for the registry (interval.h). Within
 * identity/.
 */
#ifndef NETPOL_IDENTITY_TENURES_H
#define NETPOL_IDENTITY_TENURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/hash.h"

struct registry_entry;

/* One pod's interval of one address. Or its echo: when it had it by a clock that was set back
 * since, so that the moments came, or will come, again. */
struct tenure {
	struct registry_entry *entry; /* NULL: an echo */
	uint32_t number;              /* the entry's */
	bool exact;
	bool disputed; /* the pod has a conflict */
	bool nameless; /* nobody knows who it is */
	int64_t since;
	int64_t until;
	int64_t reach; /* the latest until of this and all tenures before it: where a search
			  backwards may stop; kept here */
};

/* Of one address, sorted by since, then number; echoes as they come. */
struct tenure_list {
	struct addr address;
	struct tenure_list *next; /* in the bucket */
	struct tenure *items;
	size_t count;
	size_t capacity;
};

struct tenures {
	struct hash_seed seed;
	struct tenure_list **buckets; /* a power of two */
	size_t bucket_count;
	size_t count; /* addresses */
};

/* -ENOMEM: then clear it all the same. */
int tenures_init(struct tenures *tenures);
void tenures_clear(struct tenures *tenures);
/* NULL: nobody had it. */
struct tenure_list *tenures_find(const struct tenures *tenures, struct addr address);
/* The same with room for more tenures, made where there is none. NULL: no memory; one without a
 * tenure may be left then, which does no harm. */
struct tenure_list *tenures_need(struct tenures *tenures, struct addr address, size_t more);
/* Where nothing is left in the list it goes. */
void tenures_tidy(struct tenures *tenures, struct tenure_list *list);

/* How many began at or before the moment. */
size_t tenure_list_begun(const struct tenure_list *list, int64_t when);
/* There must be room. */
void tenure_list_add(struct tenure_list *list, const struct tenure *tenure);
/* The same, after all that began no later. */
void tenure_list_add_echo(struct tenure_list *list, const struct tenure *echo);
void tenure_list_drop(struct tenure_list *list, size_t at);
/* SIZE_MAX: the entry has no such tenure. */
size_t tenure_list_find(const struct tenure_list *list, const struct registry_entry *entry,
			int64_t since, int64_t until);

#endif
