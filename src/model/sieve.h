/* Lets through what is in a set, and a little more; private to model/. */
#ifndef NETPOL_MODEL_SIEVE_H
#define NETPOL_MODEL_SIEVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Start from {0}; release with sieve_clear(). */
struct sieve {
	uint64_t *bits;
	uint64_t mask;
};

/* For so many that are put. -ENOMEM. */
int sieve_init(struct sieve *sieve, size_t count);
void sieve_clear(struct sieve *sieve);
void sieve_put(struct sieve *sieve, uint64_t hash);
/* False: that hash was never put. */
bool sieve_may_have(const struct sieve *sieve, uint64_t hash);

#endif
