#include "policy/kind.h"

#include "policy/kind_common.h"
#include "policy/kind_size.h"

static const struct policy_kind *const all[] = {&kind_networkpolicy,
						&kind_kubescape,
						&kind_cilium,
						&kind_calico_staged,
						&kind_clusternetworkpolicy,
						NULL};

const struct policy_kind *const *policy_kinds(void)
{
	return all;
}

struct tree_node *policy_kind_list(struct tree *tree)
{
	struct tree_node *list = tree_map(tree);

	tree_add_text(list, "apiVersion", "v1");
	tree_add_text(list, "kind", "List");
	return list;
}

static int report_size(const struct policy *policy, struct problems *problems,
		       enum problem_severity severity, size_t size, const char *what)
{
	struct buf text = {0};
	int r;

	buf_printf(&text, "%zu bytes in one object: %s", size, what);
	r = text.error;
	if (r == 0)
		kind_problem(policy, problems, severity, text.data);
	buf_clear(&text);
	return r;
}

/* 1: it stays; 0: nothing would store it; -ENOMEM. */
static int hold_to_sizes(const struct policy *policy, const struct tree_node *object,
			 struct problems *problems)
{
	const size_t size = kind_size(object);
	int r = 0;

	if (size > KIND_STORED_MAX)
		return report_size(policy, problems, PROBLEM_CAVEAT, size,
				   "it is left out, for Kubernetes stores no more than 1.5 MiB; "
				   "try --known-networks, a shorter --block-floor, a lower "
				   "--block-threshold, or --explain none");
	if (kind_size_applied(object, size) > KIND_ANNOTATIONS_MAX)
		r = report_size(policy, problems, PROBLEM_WARNING, size,
				"kubectl apply keeps a copy in annotations, which can have "
				"262144; use kubectl apply --server-side");
	return r < 0 ? r : 1;
}

/* How many are left of the objects from the first on. */
static int hold_all_to_sizes(const struct policy *policy, struct tree_node *first,
			     struct problems *problems, struct tree_node *objects)
{
	int left = 0;

	for (struct tree_node *object = first, *next; object; object = next) {
		const int r = hold_to_sizes(policy, object, problems);

		if (r < 0)
			return r;
		next = object->next;
		if (r == 0)
			tree_remove(objects, object);
		left += r;
	}
	return left;
}

int policy_kind_add(const struct policy_kind *kind, const struct policy *policy,
		    const struct kind_options *options, struct problems *problems,
		    struct tree_node *objects)
{
	const struct tree_node *last = objects->last;
	int r = kind->add(policy, options, problems, objects);

	if (r == 0)
		r = hold_all_to_sizes(policy, last ? last->next : objects->first, problems,
				      objects);
	return r > 0 ? 1 : r;
}
