#include "model/sieve.h"

#include <errno.h>
#include <stdlib.h>

/* One of so many that were not put is let through. */
#define BITS_EACH 8

int sieve_init(struct sieve *sieve, size_t count)
{
	uint64_t words = 1;

	while (words * 64 < (uint64_t)count * BITS_EACH)
		words *= 2;
	sieve->bits = calloc(words, sizeof(*sieve->bits));
	sieve->mask = words * 64 - 1;
	return sieve->bits ? 0 : -ENOMEM;
}

void sieve_clear(struct sieve *sieve)
{
	free(sieve->bits);
	*sieve = (struct sieve){0};
}

void sieve_put(struct sieve *sieve, uint64_t hash)
{
	uint64_t bit = hash & sieve->mask;

	sieve->bits[bit / 64] |= UINT64_C(1) << bit % 64;
}

bool sieve_may_have(const struct sieve *sieve, uint64_t hash)
{
	uint64_t bit = hash & sieve->mask;

	return sieve->bits[bit / 64] >> bit % 64 & 1;
}
