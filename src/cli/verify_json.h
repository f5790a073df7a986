/* What `verify` found, as JSON; private to it. */
#ifndef NETPOL_CLI_VERIFY_JSON_H
#define NETPOL_CLI_VERIFY_JSON_H

#include <jansson.h>

#include "cli/verify_print.h"

/* New; NULL: out of memory. */
json_t *verify_json(const struct verification *verification);

#endif
