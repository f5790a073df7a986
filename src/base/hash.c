#include "base/hash.h"

#include <endian.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"

struct hash_seed hash_seed_random(void)
{
	struct hash_seed seed;

	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed)) {
		seed.k0 = (uint64_t)clock_now();
		seed.k1 = (uint64_t)clock_monotonic() ^ (uint64_t)(uintptr_t)&seed;
	}
	return seed;
}

struct sip {
	uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t value, unsigned bits)
{
	return value << bits | value >> (64 - bits);
}

static void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v2 = rotate(s->v2, 32);
}

static void sip_absorb(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	s->v0 ^= word;
}

uint64_t hash_bytes(struct hash_seed seed, const void *bytes, size_t length)
{
	struct sip s = {
	    .v0 = seed.k0 ^ UINT64_C(0x736f6d6570736575),
	    .v1 = seed.k1 ^ UINT64_C(0x646f72616e646f6d),
	    .v2 = seed.k0 ^ UINT64_C(0x6c7967656e657261),
	    .v3 = seed.k1 ^ UINT64_C(0x7465646279746573),
	};
	const uint8_t *at = bytes;
	uint64_t last = (uint64_t)length << 56;
	size_t left = length;

	for (; left >= 8; left -= 8, at += 8) {
		uint64_t word;

		memcpy(&word, at, 8);
		word = le64toh(word);
		sip_absorb(&s, word);
	}
	for (size_t i = 0; i < left; i++)
		last |= (uint64_t)at[i] << (8 * i);
	sip_absorb(&s, last);
	s.v2 ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
