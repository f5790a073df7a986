/*
 * Forwarded connections in any number, for programs that run inside a namespace: frames written
 * into one end of a veth pair, whose other end forwards them to a neighbour that is not there.
 */
#ifndef NETPOL_TESTS_LANES_H
#define NETPOL_TESTS_LANES_H

#include <stdbool.h>
#include <stddef.h>

#include "kernel/event.h"

struct lanes;

/* Needs the links that lanes.bash makes. */
struct lanes *lanes_open(void);
void lanes_close(struct lanes *lanes);

/*
 * The original tuple of connection number i, 0..65535: UDP from 10.1.I.I or fd01::I to 10.2.0.1 or
 * fd02::1.
 */
struct tuple lanes_tuple(bool v4, size_t i);

/* Sends the first packets of connections first..first + count - 1. */
void lanes_send(struct lanes *lanes, bool v4, size_t first, size_t count);

/* Deletes every entry of the table. */
void lanes_flush(void);

#endif
