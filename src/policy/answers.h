/* What is allowed from one end to another, by numbers: equal answers have one; private to policy/.
 */
#ifndef NETPOL_POLICY_ANSWERS_H
#define NETPOL_POLICY_ANSWERS_H

#include <stdint.h>

#include "policy/evaluate.h"
#include "policy/intern.h"

#define ANSWERS_NOTHING 0 /* the number of the answer in which both sets are empty */

struct answer_sets {
	struct port_set allows;  /* surely */
	struct port_set unknown; /* possibly, and not surely */
};

/* Start with answers_make(), release with answers_clear(), also if that failed. */
struct answers {
	struct evaluator *evaluator;
	const struct port_set *ports; /* only these; NULL: all */
	struct port_set sure, possible;
	struct intern raw, narrowed;
	uint32_t *numbers; /* by raw answer */
	size_t number_capacity;
	struct answer_sets *items; /* by number */
	size_t count;
	size_t capacity;
	uint64_t *key;
	size_t key_capacity;
};

/* evaluator and ports outlive it. -ENOMEM. */
int answers_make(struct answers *answers, struct evaluator *evaluator,
		 const struct port_set *ports);
/* -ENOMEM. */
int answers_ask(struct answers *answers, const struct party *from, const struct party *to,
		uint32_t *ret_number);
void answers_clear(struct answers *answers);

#endif
