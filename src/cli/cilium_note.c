#include "cli/cilium_note.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "policy/kind.h"

static bool is_nodes_address(const struct policy_peer *peer)
{
	static const char *const classes[] = {"node", "host-network", "host-port", "node-port",
					      "api-server"};

	if (peer->kind != PEER_BLOCK || !peer->class)
		return false;
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (strcmp(peer->class, classes[i]) == 0)
			return true;
	return false;
}

static bool has_peer(const struct policy *policy, bool (*is_wanted)(const struct policy_peer *))
{
	for (int i = 0; i < DIRECTIONS; i++)
		for (size_t j = 0; j < policy->rule_count[i]; j++)
			for (size_t k = 0; k < policy->rules[i][j].peer_count; k++)
				if (is_wanted(&policy->rules[i][j].peers[k]))
					return true;
	return false;
}

static int take(struct cilium_policies *policies, const struct policy *policy)
{
	policies->count++;
	if (!policies->first &&
	    asprintf(&policies->first, "%s in %s", policy->subject, policy->namespace) < 0) {
		policies->first = NULL;
		return -ENOMEM;
	}
	return 0;
}

int cilium_note_take(struct cilium_note *note, const struct policy *policy)
{
	int r = has_peer(policy, is_nodes_address) ? take(&note->nodes, policy) : 0;

	if (r == 0 && has_peer(policy, cilium_passes_over))
		r = take(&note->pods, policy);
	return r;
}

static void tell(const struct cilium_policies *policies, const char *what, const char *advice,
		 struct problems *problems)
{
	struct buf subject = {0};

	if (!policies->first)
		return;
	buf_puts(&subject, policies->first);
	if (policies->count > 1)
		buf_printf(&subject, " and %zu more", policies->count - 1);
	problem_add(problems, PROBLEM_WARNING, subject.error ? policies->first : subject.data,
		    "%s: %s", what, advice);
	buf_clear(&subject);
}

void cilium_note_tell(const struct cilium_note *note, const char *advice, struct problems *problems)
{
	tell(&note->nodes,
	     "nodes or the API server are peers by their addresses, where Cilium does not look for "
	     "them unless its policyCIDRMatchMode has nodes",
	     advice, problems);
	tell(&note->pods,
	     "pods are peers by their addresses, where Cilium does not look for pods that it "
	     "manages",
	     "give an inventory with their labels", problems);
}

void cilium_note_clear(struct cilium_note *note)
{
	free(note->nodes.first);
	free(note->pods.first);
	*note = (struct cilium_note){0};
}
