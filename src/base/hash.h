/* A keyed hash for tables whose keys come from the network: SipHash-1-3 (Aumasson, Bernstein 2012).
 */
#ifndef NETPOL_BASE_HASH_H
#define NETPOL_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_seed {
	uint64_t k0, k1;
};

/* From getrandom(2); falls back to clocks and addresses where that fails. */
struct hash_seed hash_seed_random(void);
/* The same on every machine; files hold it (sql/: edge.fingerprint), so it stays what it is. */
uint64_t hash_bytes(struct hash_seed seed, const void *bytes, size_t length);

#endif
