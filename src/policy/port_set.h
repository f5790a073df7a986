/* Sets of destination ports of TCP, UDP and SCTP: what a NetworkPolicy can speak of. */
#ifndef NETPOL_POLICY_PORT_SET_H
#define NETPOL_POLICY_PORT_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct port_range {
	uint8_t protocol;     /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP */
	uint16_t first, last; /* 1 to 65535 */
};

/* Start from {0}: empty. Ranges in the order TCP, UDP, SCTP, by first; disjoint, and no two that
 * could be one, so that equal sets are equal item by item. */
struct port_set {
	struct port_range *items;
	size_t count;
	size_t capacity;
};

#define PORT_SET_RANGE_TEXT_MAX 24 /* "SCTP 10000-65535" */

/* -ENOMEM leaves the set as it was; so do all below. */
int port_set_add(struct port_set *set, struct port_range range);
int port_set_add_all(struct port_set *set);
int port_set_unite(struct port_set *set, const struct port_set *other);
int port_set_intersect(struct port_set *set, const struct port_set *other);
int port_set_subtract(struct port_set *set, const struct port_set *other);
/* *ret, a set, becomes the same; its memory is used again where it suffices. */
int port_set_copy(const struct port_set *set, struct port_set *ret);
bool port_set_has(const struct port_set *set, uint8_t protocol, uint16_t port);
bool port_set_is_all(const struct port_set *set);
bool port_set_equal(const struct port_set *a, const struct port_set *b);
/* "TCP 80", "UDP 53-60". */
const char *port_range_format(struct port_range range, char text[static PORT_SET_RANGE_TEXT_MAX]);
void port_set_clear(struct port_set *set);

#endif
