/* Arrays that grow; private to policy/. */
#ifndef NETPOL_POLICY_ARRAY_H
#define NETPOL_POLICY_ARRAY_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

/* items: of the pointer to them. Makes room for one more; -ENOMEM leaves them as they were. */
static inline int array_grow(void *items, size_t item_size, size_t count, size_t *capacity)
{
	size_t wanted = *capacity ? *capacity * 2 : 8;
	void *grown;

	if (count < *capacity)
		return 0;
	grown = reallocarray(*(void **)items, wanted, item_size);
	if (!grown)
		return -ENOMEM;
	*(void **)items = grown;
	*capacity = wanted;
	return 0;
}

static inline bool array_is_sorted(const void *items, size_t item_size, size_t count,
				   int (*compare)(const void *, const void *))
{
	const char *item = items;

	for (size_t i = 1; i < count; i++, item += item_size)
		if (compare(item, item + item_size) > 0)
			return false;
	return true;
}

/* As qsort(), and quicker where they are in order already, as they mostly are. */
static inline void array_sort(void *items, size_t item_size, size_t count,
			      int (*compare)(const void *, const void *))
{
	if (!array_is_sorted(items, item_size, count, compare))
		qsort(items, count, item_size, compare);
}

#endif
