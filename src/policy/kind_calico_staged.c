/* StagedKubernetesNetworkPolicy: Calico tells what such a NetworkPolicy would do, and enforces
 * nothing. */
#include "policy/kind_common.h"
#include "policy/kind_networkpolicy.h"

static int add(const struct policy *policy, const struct kind_options *options,
	       struct problems *problems, json_t *objects)
{
	json_t *spec;
	int r = networkpolicy_spec(policy, options, problems, &spec);

	if (r <= 0)
		return r;
	/* The default, as the word that a reader should see. */
	r = kind_set(spec, "stagedAction", json_string("Set"));
	return kind_add(policy, options, "StagedKubernetesNetworkPolicy", spec, objects) | r;
}

static const char *const api_versions[] = {"projectcalico.org/v3", NULL};

const struct policy_kind kind_calico_staged = {
    .name = "calico-staged", .api_versions = api_versions, .add = add};
