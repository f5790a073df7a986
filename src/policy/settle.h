/* What becomes of atoms; private to policy/. */
#ifndef NETPOL_POLICY_SETTLE_H
#define NETPOL_POLICY_SETTLE_H

#include "policy/compiler.h"

/* Which groups were seen to do what is allowed, or would be. */
void settle_seen(struct compiler *compiler);
/*
 * All that decides it has done so, but for atoms that are added: tells the tally, and drops those
 * that are left out. What other records tell the policies of shares the fate of what these tell,
 * and is dropped, too; of both those are remembered behind which a client is masked. From here on
 * an atom is in a rule. The atoms are sorted and stay so. -ENOMEM.
 */
int settle(struct compiler *compiler);

#endif
