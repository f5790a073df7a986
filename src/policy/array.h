/* Arrays that grow; private to policy/. */
#ifndef NETPOL_POLICY_ARRAY_H
#define NETPOL_POLICY_ARRAY_H

#include <errno.h>
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

#endif
