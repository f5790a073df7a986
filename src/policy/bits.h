/* Sets of small numbers as bits, and tables of such sets; private to policy/. */
#ifndef NETPOL_POLICY_BITS_H
#define NETPOL_POLICY_BITS_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define BITS_WORD 64

static inline size_t bits_words(size_t count)
{
	return count / BITS_WORD + (count % BITS_WORD != 0);
}

static inline void bits_add(uint64_t *bits, size_t number)
{
	bits[number / BITS_WORD] |= UINT64_C(1) << number % BITS_WORD;
}

/* The lowest number in a word that is not 0. */
static inline size_t bits_first(uint64_t word)
{
	return (size_t)__builtin_ctzll(word);
}

/* The bits of a word that are of numbers from first on and before end. */
static inline uint64_t bits_between(size_t word, size_t first, size_t end)
{
	size_t begin = word * BITS_WORD;
	uint64_t bits = UINT64_MAX;

	if (first > begin)
		bits &= UINT64_MAX << (first - begin);
	if (end < begin + BITS_WORD)
		bits &= UINT64_MAX >> (begin + BITS_WORD - end);
	return bits;
}

/* Rows of equal length. */
struct bit_table {
	uint64_t *bits;
	size_t words; /* of a row */
};

/* All empty; free .bits. -ENOMEM. */
static inline int bit_table_make(struct bit_table *table, size_t rows, size_t columns)
{
	table->words = bits_words(columns);
	table->bits = calloc(rows + 1, (table->words + 1) * sizeof(uint64_t));
	return table->bits ? 0 : -ENOMEM;
}

static inline uint64_t *bit_table_row(const struct bit_table *table, size_t row)
{
	return table->bits + row * table->words;
}

#endif
