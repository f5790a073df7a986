#include "identity/interval_registry.h"

#include <errno.h>
#include <string.h>

#include "identity/pod_join.h"

static bool was_watched(const struct registry *registry, int64_t from, int64_t until)
{
	for (size_t i = 0; i < registry->unwatched_count; i++)
		if (from < registry->unwatched[i].until && until > registry->unwatched[i].from)
			return false;
	return true;
}

static int64_t add_clamped(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

/* NULL: it is forgotten. */
static const struct pod *pod_of(const struct registry *registry, const struct tenure *tenure)
{
	const struct registry_entry *entry =
	    tenure->entry ? tenure->entry : registry_entry(registry, tenure->number);

	return entry ? &entry->pod : NULL;
}

static bool are_one(const struct registry *registry, const struct tenure *a, const struct tenure *b)
{
	const struct pod *x = pod_of(registry, a), *y = pod_of(registry, b);

	return a->number == b->number || (x && y && pods_are_one(x, y));
}

/* The one pod that owned the address at some moment of [from, until]; the tenure that began last.
 */
static int owner_within(const struct registry *registry, const struct tenure_list *list,
			int64_t from, int64_t until, const struct tenure **ret)
{
	const struct tenure *any = NULL;

	*ret = NULL;
	if (from < registry->muddled.until && until >= registry->muddled.from)
		return -ENOTUNIQ;
	for (size_t i = tenure_list_begun(list, until); i-- > 0;) {
		const struct tenure *tenure = &list->items[i];

		if (tenure->reach <= from)
			break;
		if (tenure->until <= from)
			continue;
		if (tenure->disputed || (any && !are_one(registry, any, tenure)))
			return -ENOTUNIQ;
		any = tenure;
		if (tenure->entry && !*ret)
			*ret = tenure;
	}
	return any && !*ret ? -ENOTUNIQ : 0;
}

/* Did another than the one with this tenure own the address at the moment, or end then? */
static bool is_anothers(const struct registry *registry, const struct tenure_list *list,
			const struct tenure *than, int64_t when)
{
	for (size_t i = tenure_list_begun(list, when); i-- > 0;) {
		const struct tenure *tenure = &list->items[i];

		if (tenure->reach < when)
			break;
		if (tenure->until >= when && !are_one(registry, tenure, than))
			return true;
	}
	return false;
}

static bool is_unseen(const struct registry *registry, const struct tenure_list *list,
		      const struct tenure *tenure, int64_t when)
{
	for (size_t i = 0; i < registry->unwatched_count; i++) {
		const struct span *span = &registry->unwatched[i];

		if (tenure->since > span->from && tenure->since <= when && when < span->until &&
		    when - tenure->since < registry->linger &&
		    is_anothers(registry, list, tenure, span->from))
			return true;
	}
	return false;
}

bool registry_is_unseen(const struct registry *registry, struct addr address, int64_t when,
			int64_t *ret_since)
{
	const struct tenure_list *list = tenures_find(&registry->tenures, address);

	for (size_t i = list ? tenure_list_begun(list, when) : 0; i-- > 0;) {
		const struct tenure *tenure = &list->items[i];

		if (tenure->reach <= when)
			break;
		if (tenure->until <= when || !is_unseen(registry, list, tenure, when))
			continue;
		*ret_since = tenure->since;
		return true;
	}
	return false;
}

/* The first that took the address in (when, when + slack], and no other while it had it. */
static const struct tenure *owner_soon(const struct registry *registry,
				       const struct tenure_list *list, int64_t when, int64_t slack)
{
	int64_t limit = add_clamped(when, slack);
	const struct tenure *found = NULL;

	for (size_t i = tenure_list_begun(list, when); i < list->count; i++) {
		const struct tenure *tenure = &list->items[i];

		if (tenure->since > limit)
			break;
		if (!found)
			found = tenure;
		else if (tenure->since >= found->until && tenure->since > found->since)
			break;
		else if (!are_one(registry, found, tenure))
			return NULL;
	}
	return found && found->entry && !found->exact && !found->disputed && !found->nameless
		   ? found
		   : NULL;
}

int registry_bind(const struct registry *registry, struct addr address, int64_t when, int64_t slack,
		  uint32_t *ret_number)
{
	const struct tenure_list *list = tenures_find(&registry->tenures, address);
	const struct tenure *tenure = NULL;

	if (list) {
		int r = owner_within(registry, list, when, when, &tenure);

		if (r < 0)
			return r;
		if (tenure && is_unseen(registry, list, tenure, when))
			return -ENOTUNIQ;
		if (!tenure)
			tenure = owner_soon(registry, list, when, slack);
		if (tenure && tenure->since > when && !was_watched(registry, when, tenure->since))
			tenure = NULL;
		if (tenure && tenure->nameless)
			tenure = NULL;
	}
	*ret_number = tenure ? tenure->number : 0;
	return 0;
}

int registry_bind_span(const struct registry *registry, struct addr address, int64_t from,
		       int64_t until, int64_t slack, uint32_t *ret_number)
{
	const struct tenure_list *list = tenures_find(&registry->tenures, address);
	const struct tenure *any = NULL;
	uint32_t number = 0;
	int r;

	r = registry_bind(registry, address, from, slack, &number);
	if (r == 0 && list)
		r = owner_within(registry, list, from, until, &any);
	if (r < 0)
		return r;
	if (any && any->nameless)
		any = NULL;
	/* Nobody's at first and somebody's later is a change of owner, too. */
	if (any && (number == 0 || !pods_are_one(&any->entry->pod, registry_get(registry, number))))
		return -ENOTUNIQ;
	*ret_number = number;
	return 0;
}

bool registry_is_shared(const struct registry *registry, struct addr address, int64_t from,
			int64_t until)
{
	const struct tenure_list *list = tenures_find(&registry->tenures, address);
	const struct tenure *any;

	return list && owner_within(registry, list, from, until, &any) == -ENOTUNIQ;
}

bool registry_has_owner(const struct registry *registry, struct addr address, int64_t when,
			int64_t *ret_since)
{
	const struct tenure_list *list = tenures_find(&registry->tenures, address);
	bool found = false;

	for (size_t i = list ? tenure_list_begun(list, when) : 0; i-- > 0;) {
		const struct tenure *tenure = &list->items[i];

		if (tenure->reach <= when)
			break;
		if (tenure->until <= when)
			continue;
		*ret_since = tenure->since;
		found = true;
	}
	return found;
}
