#include "policy/kind.h"

#include <string.h>

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

const struct policy_kind *policy_kind_find(const char *name)
{
	for (size_t i = 0; all[i]; i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}
