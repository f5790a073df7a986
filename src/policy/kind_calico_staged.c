/* StagedKubernetesNetworkPolicy: Calico tells what such a NetworkPolicy would do, and enforces
 * nothing. */
#include "policy/kind_common.h"
#include "policy/kind_networkpolicy.h"

static int add(const struct policy *policy, const struct kind_options *options,
	       struct problems *problems, struct tree_node *objects)
{
	struct tree_node *object, *spec;

	if (!kind_has_subject(policy, options, problems))
		return 0;
	object = kind_add_object(objects, NULL, policy, options, "StagedKubernetesNetworkPolicy");
	kind_add_metadata(object, policy, options, policy->name, policy->namespace);
	spec = networkpolicy_add_spec(object, policy, options);
	/* The default, as the word that a reader should see. */
	tree_add_text(spec, "stagedAction", "Set");
	return objects->tree->error;
}

static const char *const api_versions[] = {"projectcalico.org/v3", NULL};

const struct policy_kind kind_calico_staged = {
    .name = "calico-staged", .api_versions = api_versions, .add = add};
