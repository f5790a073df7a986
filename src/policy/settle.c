#include "policy/settle.h"

#include "policy/collect.h"
#include "policy/source_nat.h"

static enum direction direction_of(const struct atom *atom)
{
	return atom->egress ? DIRECTION_EGRESS : DIRECTION_INGRESS;
}

/* Whatever decides it, but for other atoms. */
static enum left_reason fate_of(const struct compiler *compiler, const struct atom *atom)
{
	const struct group *group = &compiler->groups.items[atom->subject];
	const enum left_reason withheld = group->withheld[direction_of(atom)];

	if (withheld != LEFT_NONE)
		return withheld;
	return atom->left == LEFT_NONE && !group->seen ? LEFT_NO_POLICY : atom->left;
}

static int find_masked(struct compiler *compiler, const struct atom *atom)
{
	if (compiler->request.exact || !source_nat_is_masked(atom))
		return 0;
	return atoms_add(&compiler->masked, atom);
}

/* What other records tell the policies of shares their fate. */
static int settle_elsewhere(struct compiler *compiler)
{
	struct atoms_search search = {.atoms = &compiler->atoms};
	int r = 0;

	for (size_t i = 0; i < compiler->elsewhere.count && r == 0; i++) {
		const struct atom *atom = &compiler->elsewhere.items[i];
		const struct atom *found = atoms_find_next(&search, atom);

		if (found && found->left == LEFT_NONE)
			r = find_masked(compiler, atom);
		tally_mark(&compiler->tally, atom->edge, direction_of(atom),
			   found ? found->left : fate_of(compiler, atom));
	}
	atoms_clear(&compiler->elsewhere);
	return r;
}

void settle_seen(struct compiler *compiler)
{
	for (size_t i = 0; i < compiler->atoms.count; i++) {
		const struct atom *atom = &compiler->atoms.items[i];
		struct group *group = &compiler->groups.items[atom->subject];

		if (!group->seen && atom->edge && atom->left == LEFT_NONE)
			group->seen = !collect_is_of_held(compiler, atom);
	}
}

/* From here on an atom is in a rule. */
int settle(struct compiler *compiler)
{
	int r = 0;

	for (size_t i = 0; i < compiler->atoms.count && r == 0; i++) {
		struct atom *atom = &compiler->atoms.items[i];

		atom->left = fate_of(compiler, atom);
		if (atom->edge)
			tally_mark(&compiler->tally, atom->edge, direction_of(atom), atom->left);
		if (atom->left == LEFT_NONE)
			r = find_masked(compiler, atom);
	}
	if (r == 0)
		r = settle_elsewhere(compiler);
	atoms_sort(&compiler->masked);
	atoms_drop_left(&compiler->atoms);
	return r;
}
