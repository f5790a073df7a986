/* What `policy` would print, as a manifest. */
#ifndef NETPOL_CLI_GENERATED_H
#define NETPOL_CLI_GENERATED_H

#include "cli/session.h"
#include "policy/manifest.h"

/* Read back from that very text, so that what is judged is what would be applied. *ret stays as it
 * is where there is no policy, and is to be freed also after an error. After session_build().
 * Negative errno; -EINVAL where a file of the options is wrong, which is said. */
int generated_read(struct session *session, struct manifest **ret);

#endif
