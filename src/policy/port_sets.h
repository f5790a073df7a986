/* Sets of ports as numbers, equal ones the same, and what was made of them; private to policy/. */
#ifndef NETPOL_POLICY_PORT_SETS_H
#define NETPOL_POLICY_PORT_SETS_H

#include <stddef.h>

#include "policy/port_set.h"

struct port_sets;

enum { PORT_SETS_EMPTY, PORT_SETS_ALL }; /* the first numbers */

struct port_sets *port_sets_new(void);                    /* NULL: out of memory */
struct port_sets *port_sets_free(struct port_sets *sets); /* NULL is allowed; returns NULL */
/* Valid until the next set is added. */
const struct port_set *port_sets_get(const struct port_sets *sets, size_t number);
/* All of these: -ENOMEM. */
int port_sets_add(struct port_sets *sets, const struct port_set *set, size_t *ret_number);
int port_sets_unite(struct port_sets *sets, size_t a, size_t b, size_t *ret_number);
int port_sets_intersect(struct port_sets *sets, size_t a, size_t b, size_t *ret_number);

#endif
