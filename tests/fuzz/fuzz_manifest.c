#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_selector(const struct label_selector *selector)
{
	const struct labels none = {0};

	for (size_t i = 0; i < selector->count; i++) {
		const struct requirement *requirement = &selector->items[i];
		bool values = requirement->operator== REQUIREMENT_IN || requirement->operator==
			      REQUIREMENT_NOT_IN;

		require(requirement->key && *requirement->key);
		require(values == (requirement->value_count > 0));
		for (size_t j = 0; j < requirement->value_count; j++)
			require(requirement->values[j] && strlen(requirement->values[j]) <= 63);
	}
	require(label_selector_match(selector, NULL) ==
		(selector->count > 0 ? MATCH_MAYBE : MATCH_YES));
	require(label_selector_match(selector, &none) != MATCH_MAYBE);
}

static void check_peer(const struct netpol_peer *peer)
{
	require(peer->has_block != (peer->has_pods || peer->has_namespaces));
	check_selector(&peer->pods);
	check_selector(&peer->namespaces);
	for (size_t i = 0; i < peer->except_count; i++)
		require(prefix_contains(peer->block, peer->except[i].addr) &&
			peer->except[i].length > peer->block.length);
}

static void check_port(const struct netpol_port *port)
{
	require(port->protocol == IPPROTO_TCP || port->protocol == IPPROTO_UDP ||
		port->protocol == IPPROTO_SCTP);
	if (port->name)
		require(*port->name && port->first == 0 && port->last == 0);
	else
		require(port->first > 0 && port->first <= port->last);
}

static void check_policy(const struct netpol *policy)
{
	require(*policy->namespace && *policy->name && policy->file && policy->line > 0);
	require(policy->isolates[DIRECTION_INGRESS] || policy->isolates[DIRECTION_EGRESS]);
	check_selector(&policy->pods);
	for (size_t i = 0; i < DIRECTIONS; i++)
		for (size_t j = 0; j < policy->rule_count[i]; j++) {
			const struct netpol_rule *rule = &policy->rules[i][j];

			for (size_t k = 0; k < rule->peer_count; k++)
				check_peer(&rule->peers[k]);
			for (size_t k = 0; k < rule->port_count; k++)
				check_port(&rule->ports[k]);
		}
}

static void check(const struct manifest *manifest)
{
	for (size_t i = 0; i < manifest->policy_count; i++)
		check_policy(&manifest->policies[i]);
	for (size_t i = 0; i < manifest->inventory->template_count; i++) {
		const struct inventory_template *template = &manifest->inventory->templates[i];

		require(*template->namespace && *template->kind && *template->name);
	}
	for (size_t i = 0; i < manifest->inventory->pod_count; i++)
		require(*manifest->inventory->pods[i].namespace);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct manifest *manifest = manifest_new();
	struct problems problems = {0};
	struct document *document = NULL;
	int r = manifest ? 0 : -ENOMEM;

	if (r == 0)
		r = document_parse((const char *)data, size, "input", &problems, &document);
	if (r == 0)
		r = manifest_add(manifest, document, &problems);
	require(r == -ENOMEM || (r < 0) == (problems.errors > 0));
	document_free(document);
	if (r == 0 && manifest_finish(manifest, &problems) == 0)
		check(manifest);
	manifest_free(manifest);
	problems_clear(&problems);
	return 0;
}
