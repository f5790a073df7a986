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

/* Objects from the first on; those that nothing would store go. */
static int hold_to_sizes(const struct policy *policy, size_t first, struct problems *problems,
			 json_t *objects)
{
	int r = 0;

	for (size_t i = first; i < json_array_size(objects) && r == 0;) {
		const json_t *object = json_array_get(objects, i);
		const size_t size = kind_size(object);

		if (size > KIND_STORED_MAX) {
			json_array_remove(objects, i);
			r = report_size(
			    policy, problems, PROBLEM_CAVEAT, size,
			    "it is left out, for Kubernetes stores no more than 1.5 MiB; "
			    "try --known-networks, a shorter --block-floor, a lower "
			    "--block-threshold, or --explain none");
			continue;
		}
		if (kind_size_applied(object) > KIND_ANNOTATIONS_MAX)
			r = report_size(policy, problems, PROBLEM_WARNING, size,
					"kubectl apply keeps a copy in annotations, which can have "
					"262144; use kubectl apply --server-side");
		i++;
	}
	return r;
}

int policy_kind_add(const struct policy_kind *kind, const struct policy *policy,
		    const struct kind_options *options, struct problems *problems, json_t *objects)
{
	const size_t before = json_array_size(objects);
	int r = kind->add(policy, options, problems, objects);

	if (r == 0)
		r = hold_to_sizes(policy, before, problems, objects);
	return r < 0 ? r : json_array_size(objects) > before;
}
