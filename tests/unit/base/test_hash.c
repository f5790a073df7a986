#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/hash.h"

/* SipHash-1-3 written from the paper word by word, as slow and plain as can be. */
static uint64_t left(uint64_t x, int bits)
{
	return (x << bits) | (x >> (64 - bits));
}

static void round_of(uint64_t v[static 4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = left(v[1], 13);
	v[3] = left(v[3], 16);
	v[1] ^= v[0];
	v[3] ^= v[2];
	v[0] = left(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = left(v[1], 17);
	v[3] = left(v[3], 21);
	v[1] ^= v[2];
	v[3] ^= v[0];
	v[2] = left(v[2], 32);
}

static uint64_t reference(struct hash_seed seed, const uint8_t *bytes, size_t length)
{
	uint64_t v[4] = {seed.k0, seed.k1, seed.k0, seed.k1};
	static const char names[4][9] = {"somepseu", "dorandom", "lygenera", "tedbytes"};

	for (int i = 0; i < 4; i++)
		for (int j = 0; j < 8; j++)
			v[i] ^= (uint64_t)(uint8_t)names[i][j] << (56 - 8 * j);
	for (size_t word = 0; word <= length / 8; word++) {
		uint64_t m = 0;

		for (size_t i = 0; i < 8; i++) {
			size_t at = word * 8 + i;
			uint64_t byte = at < length ? bytes[at] : 0;

			if (word == length / 8 && i == 7)
				byte = length & 0xff;
			m |= byte << (8 * i);
		}
		v[3] ^= m;
		round_of(v);
		v[0] ^= m;
	}
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		round_of(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static const struct hash_seed some_seed = {UINT64_C(0x0706050403020100),
					   UINT64_C(0x0f0e0d0c0b0a0908)};

/* CPython 3.11 hashes bytes with SipHash-1-3; PYTHONHASHSEED=0 is a key of zeros. */
static void test_known_values(void **state)
{
	const struct hash_seed zero = {0, 0};

	(void)state;
	assert_true(hash_bytes(zero, "", 0) == UINT64_C(0xd1fba762150c532c));
	assert_true(hash_bytes(zero, "a", 1) == UINT64_C(0x407448d2b89b1813));
	assert_true(hash_bytes(zero, "abcdefg", 7) == UINT64_C(0x6db12aae9070f506));
	assert_true(hash_bytes(zero, "abcdefgh", 8) == UINT64_C(0x3f7b849c0b8e35ea));
	assert_true(hash_bytes(zero, "abcdefghi", 9) == UINT64_C(0xf89b34a3d11eb6e5));
	assert_true(hash_bytes(zero, "0123456789abcdef", 16) == UINT64_C(0x1d42b30f7e060c24));
}

/* Every length to beyond 256, where the length's byte wraps, at every alignment. */
static void test_reference(void **state)
{
	uint8_t bytes[300 + 8];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 37 + 11);
	for (size_t length = 0; length <= 300; length++)
		for (size_t offset = 0; offset < 8; offset++)
			assert_true(hash_bytes(some_seed, bytes + offset, length) ==
				    reference(some_seed, bytes + offset, length));
}

static void test_seed_counts(void **state)
{
	uint64_t plain = hash_bytes(some_seed, "netpol", 6);

	(void)state;
	for (unsigned bit = 0; bit < 128; bit++) {
		struct hash_seed seed = some_seed;

		if (bit < 64)
			seed.k0 ^= UINT64_C(1) << bit;
		else
			seed.k1 ^= UINT64_C(1) << (bit - 64);
		assert_true(hash_bytes(seed, "netpol", 6) != plain);
	}
}

static void test_length_counts(void **state)
{
	static const uint8_t zeros[64];
	uint64_t seen[65];

	(void)state;
	for (size_t length = 0; length <= 64; length++) {
		seen[length] = hash_bytes(some_seed, zeros, length);
		for (size_t before = 0; before < length; before++)
			assert_true(seen[before] != seen[length]);
	}
}

/* One bit of the input turns about half of the 64 of the output. */
static void test_avalanche(void **state)
{
	uint8_t bytes[24] = "one bit of this is other";
	uint64_t plain = hash_bytes(some_seed, bytes, sizeof(bytes));
	unsigned turned = 0, inputs = sizeof(bytes) * 8;

	(void)state;
	for (unsigned bit = 0; bit < inputs; bit++) {
		unsigned bits;

		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		bits = (unsigned)__builtin_popcountll(plain ^
						      hash_bytes(some_seed, bytes, sizeof(bytes)));
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_in_range(bits, 12, 52);
		turned += bits;
	}
	assert_in_range(turned, inputs * 30, inputs * 34);
}

static void test_random_seeds(void **state)
{
	struct hash_seed a = hash_seed_random(), b = hash_seed_random();

	(void)state;
	assert_true(a.k0 != b.k0 || a.k1 != b.k1);
	assert_true(hash_bytes(a, "x", 1) == hash_bytes(a, "x", 1));
	assert_true(hash_bytes(a, "x", 1) != hash_bytes(b, "x", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_known_values), cmocka_unit_test(test_reference),
	    cmocka_unit_test(test_seed_counts),  cmocka_unit_test(test_length_counts),
	    cmocka_unit_test(test_avalanche),    cmocka_unit_test(test_random_seeds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
