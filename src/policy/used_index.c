#include "policy/used_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAMESPACE_KEY ""

/* ---- peers ---- */

static int compare_words(const struct wanted_label *a, const struct wanted_label *b)
{
	int r = strcmp(a->key, b->key);

	return r ? r : strcmp(a->value, b->value);
}

static int compare_labels(const void *a, const void *b)
{
	const struct wanted_label *x = a, *y = b;
	int r = compare_words(x, y);

	return r ? r : (x->peer > y->peer) - (x->peer < y->peer);
}

/* Adds what the selector lists; labels NULL: counts it. Of a namespace only its name is sure. */
static size_t list_labels(const struct label_selector *selector, bool of_namespace, uint32_t peer,
			  struct wanted_label *labels)
{
	size_t count = 0;

	for (size_t i = 0; i < selector->count; i++) {
		const struct requirement *requirement = &selector->items[i];

		if (requirement->operator!= REQUIREMENT_IN ||(
			of_namespace && strcmp(requirement->key, SCENE_NAMESPACE_NAME) != 0))
			continue;
		for (size_t j = 0; labels && j < requirement->value_count; j++)
			labels[count + j] =
			    (struct wanted_label){of_namespace ? NAMESPACE_KEY : requirement->key,
						  requirement->values[j], requirement, peer};
		count += requirement->value_count;
	}
	return count;
}

static size_t list_all(const struct netpol_rule *rule, struct wanted_label *labels)
{
	size_t count = 0;

	for (size_t i = 0; i < rule->peer_count; i++) {
		const struct netpol_peer *peer = &rule->peers[i];

		if (peer->has_pods)
			count += list_labels(&peer->pods, false, (uint32_t)i,
					     labels ? labels + count : NULL);
		if (peer->has_namespaces)
			count += list_labels(&peer->namespaces, true, (uint32_t)i,
					     labels ? labels + count : NULL);
	}
	return count;
}

/* By which requirement a peer is found: one whose label the fewest others want. */
struct choice {
	const struct requirement *requirement; /* NULL: none */
	size_t count;
};

static void choose(const struct peer_index *index, struct choice *choices)
{
	size_t end;

	for (size_t first = 0; first < index->label_count; first = end) {
		for (end = first + 1; end < index->label_count; end++)
			if (compare_words(&index->labels[first], &index->labels[end]) != 0)
				break;
		for (size_t i = first; i < end; i++) {
			struct choice *choice = &choices[index->labels[i].peer];

			if (!choice->requirement || end - first < choice->count)
				*choice =
				    (struct choice){index->labels[i].requirement, end - first};
		}
	}
}

/* Without those of other requirements, and each once. */
static void keep_chosen(struct peer_index *index, const struct choice *choices)
{
	size_t kept = 0;

	for (size_t i = 0; i < index->label_count; i++) {
		const struct wanted_label *label = &index->labels[i];

		if (label->requirement == choices[label->peer].requirement &&
		    (kept == 0 || compare_labels(&index->labels[kept - 1], label) != 0))
			index->labels[kept++] = *label;
	}
	index->label_count = kept;
}

static void list_others(struct peer_index *index, const struct netpol_rule *rule,
			const struct choice *choices)
{
	for (size_t i = 0; i < rule->peer_count; i++)
		if (!rule->peers[i].has_block && !choices[i].requirement)
			index->others[index->other_count++] = (uint32_t)i;
}

int peer_index_make(struct peer_index *index, const struct netpol_rule *rule)
{
	struct choice *choices = calloc(rule->peer_count + 1, sizeof(*choices));

	index->labels = calloc(list_all(rule, NULL) + 1, sizeof(*index->labels));
	index->others = calloc(rule->peer_count + 1, sizeof(*index->others));
	if (!choices || !index->labels || !index->others) {
		free(choices);
		return -ENOMEM;
	}
	index->label_count = list_all(rule, index->labels);
	qsort(index->labels, index->label_count, sizeof(*index->labels), compare_labels);
	choose(index, choices);
	keep_chosen(index, choices);
	list_others(index, rule, choices);
	free(choices);
	return 0;
}

bool peer_index_knows(const struct scene_pod *pod)
{
	return pod->labels && !pod->unknown_labels && pod->namespace != SCENE_NONE;
}

/* Adds the peers that want the label; returns how many. */
static size_t find_label(const struct peer_index *index, const struct wanted_label *label,
			 uint32_t *ret)
{
	size_t low = 0, high = index->label_count, count = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_words(&index->labels[middle], label) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < index->label_count && compare_words(&index->labels[low], label) == 0; low++)
		ret[count++] = index->labels[low].peer;
	return count;
}

size_t peer_index_find(const struct peer_index *index, const struct scene *scene,
		       const struct scene_pod *pod, uint32_t *ret)
{
	const struct wanted_label name = {.key = NAMESPACE_KEY,
					  .value = scene->namespaces[pod->namespace].name};
	size_t count = find_label(index, &name, ret);

	for (size_t i = 0; i < pod->labels->count; i++) {
		const struct wanted_label label = {.key = pod->labels->items[i].key,
						   .value = pod->labels->items[i].value};

		count += find_label(index, &label, ret + count);
	}
	for (size_t i = 0; i < index->other_count; i++)
		ret[count++] = index->others[i];
	return count;
}

void peer_index_clear(struct peer_index *index)
{
	free(index->labels);
	free(index->others);
}

/* ---- ports ---- */

/* The protocols' ports in one line. */
static uint32_t line_of(uint8_t protocol, uint16_t port)
{
	return (uint32_t)protocol << 16 | port;
}

static int compare_ports(const void *a, const void *b, void *context)
{
	const struct netpol_port *ports = context;
	const struct netpol_port *x = &ports[*(const uint32_t *)a];
	const struct netpol_port *y = &ports[*(const uint32_t *)b];
	const uint32_t of_x = line_of(x->protocol, x->first);
	const uint32_t of_y = line_of(y->protocol, y->first);

	return (of_x > of_y) - (of_x < of_y);
}

int port_index_make(struct port_index *index, const struct netpol_rule *rule)
{
	uint32_t end = 0;

	index->order = calloc(rule->port_count + 1, sizeof(*index->order));
	index->ends = calloc(rule->port_count + 1, sizeof(*index->ends));
	if (!index->order || !index->ends)
		return -ENOMEM;
	index->count = rule->port_count;
	for (size_t i = 0, name = index->count; i < rule->port_count; i++)
		index->order[rule->ports[i].name ? --name : index->number_count++] = (uint32_t)i;
	qsort_r(index->order, index->number_count, sizeof(*index->order), compare_ports,
		rule->ports);
	for (size_t i = 0; i < index->number_count; i++) {
		const struct netpol_port *port = &rule->ports[index->order[i]];
		const uint32_t last = line_of(port->protocol, port->last);

		end = last > end ? last : end;
		index->ends[i] = end;
	}
	return 0;
}

void port_index_find(const struct port_index *index, const struct netpol_rule *rule,
		     uint8_t protocol, uint16_t port, size_t *ret_first, size_t *ret_end)
{
	const uint32_t at = line_of(protocol, port);
	size_t low = 0, high = index->number_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (index->ends[middle] < at)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_first = *ret_end = low;
	while (*ret_end < index->number_count) {
		const struct netpol_port *next = &rule->ports[index->order[*ret_end]];

		if (line_of(next->protocol, next->first) > at)
			break;
		(*ret_end)++;
	}
}

void port_index_clear(struct port_index *index)
{
	free(index->order);
	free(index->ends);
}
