/* Puts the items of an array into another order. */
#ifndef NETPOL_BASE_PERMUTE_H
#define NETPOL_BASE_PERMUTE_H

#include <stddef.h>
#include <stdint.h>

#define PERMUTE_SIZE_MAX 256 /* bytes of an item */

/* order: for each place the index of the item that comes there, each index once; spoiled. Needs no
 * memory, and moves each item once. */
void permute(void *items, uint32_t count, size_t size, uint32_t *order);

#endif
