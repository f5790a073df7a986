#include "cli/cilium_note.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

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

static bool has_nodes_address(const struct policy *policy)
{
	for (int i = 0; i < DIRECTIONS; i++)
		for (size_t j = 0; j < policy->rule_count[i]; j++)
			for (size_t k = 0; k < policy->rules[i][j].peer_count; k++)
				if (is_nodes_address(&policy->rules[i][j].peers[k]))
					return true;
	return false;
}

int cilium_note_take(struct cilium_note *note, const struct policy *policy)
{
	if (!has_nodes_address(policy))
		return 0;
	note->count++;
	if (!note->first &&
	    asprintf(&note->first, "%s in %s", policy->subject, policy->namespace) < 0) {
		note->first = NULL;
		return -ENOMEM;
	}
	return 0;
}

void cilium_note_tell(const struct cilium_note *note, const char *advice, struct problems *problems)
{
	struct buf subject = {0};

	if (!note->first)
		return;
	buf_puts(&subject, note->first);
	if (note->count > 1)
		buf_printf(&subject, " and %zu more", note->count - 1);
	problem_add(problems, PROBLEM_WARNING, subject.error ? note->first : subject.data,
		    "nodes or the API server are peers by their addresses, where Cilium does not "
		    "look for them unless its policyCIDRMatchMode has nodes: %s",
		    advice);
	buf_clear(&subject);
}

void cilium_note_clear(struct cilium_note *note)
{
	free(note->first);
	*note = (struct cilium_note){0};
}
