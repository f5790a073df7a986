/* An array of anything, sorted and thinned; private to the inventory. */
#ifndef NETPOL_IDENTITY_INVENTORY_TABLE_H
#define NETPOL_IDENTITY_INVENTORY_TABLE_H

#include <stddef.h>

struct table {
	void *items;
	size_t size;
	size_t count;
	int (*compare)(const void *, const void *);
	void (*clear)(void *);
	void (*fill)(void *context, void *kept, void *other); /* before other is cleared; NULL:
								 nothing */
	void *context;
};

/* Sorts; of equals the one added last stays. -ENOMEM leaves the table as it was. */
int table_finish(struct table *table);

#endif
