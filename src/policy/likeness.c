#include "policy/likeness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- what the policies ask for ---- */

struct texts {
	const char **items;
	size_t count, capacity;
};

struct asked {
	struct texts keys, port_names;
};

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_texts(struct texts *texts)
{
	size_t kept = 0;

	if (texts->count > 0)
		qsort(texts->items, texts->count, sizeof(*texts->items), compare_texts);
	for (size_t i = 0; i < texts->count; i++)
		if (kept == 0 || strcmp(texts->items[kept - 1], texts->items[i]) != 0)
			texts->items[kept++] = texts->items[i];
	texts->count = kept;
}

static int add_text(struct texts *texts, const char *text)
{
	size_t larger = texts->capacity ? texts->capacity * 2 : 64;
	const char **grown;

	/* Many policies ask for few keys: dropping repetitions mostly makes room enough. */
	if (texts->count == texts->capacity) {
		sort_texts(texts);
		if (texts->count * 2 >= texts->capacity) {
			grown = reallocarray(texts->items, larger, sizeof(*grown));
			if (!grown)
				return -ENOMEM;
			texts->items = grown;
			texts->capacity = larger;
		}
	}
	texts->items[texts->count++] = text;
	return 0;
}

static int ask_selector(struct asked *asked, const struct label_selector *selector)
{
	int r = 0;

	for (size_t i = 0; i < selector->count && r == 0; i++)
		r = add_text(&asked->keys, selector->items[i].key);
	return r;
}

static int ask_rule(struct asked *asked, const struct netpol_rule *rule)
{
	int r = 0;

	for (size_t i = 0; i < rule->peer_count && r == 0; i++)
		r = ask_selector(asked, &rule->peers[i].pods);
	for (size_t i = 0; i < rule->port_count && r == 0; i++)
		if (rule->ports[i].name)
			r = add_text(&asked->port_names, rule->ports[i].name);
	return r;
}

static int ask_policy(struct asked *asked, const struct netpol *policy)
{
	int r = ask_selector(asked, &policy->pods);

	for (size_t direction = 0; direction < DIRECTIONS; direction++)
		for (size_t i = 0; i < policy->rule_count[direction] && r == 0; i++)
			r = ask_rule(asked, &policy->rules[direction][i]);
	return r;
}

static int ask(const struct likeness_request *request, struct asked *ret)
{
	int r = 0;

	for (size_t i = 0; i < request->policy_count && r == 0; i++)
		r = ask_policy(ret, &request->policies[i]);
	sort_texts(&ret->keys);
	sort_texts(&ret->port_names);
	return r;
}

/* ---- what several tell ---- */

static bool are_labels_alike(const struct asked *asked, const struct labels *a,
			     const struct labels *b)
{
	for (size_t i = 0; i < asked->keys.count && a != b; i++) {
		const char *x = labels_get(a, asked->keys.items[i]);
		const char *y = labels_get(b, asked->keys.items[i]);

		if (x && y ? strcmp(x, y) != 0 : x != y)
			return false;
	}
	return true;
}

static bool is_asked(const struct asked *asked, const char *port_name)
{
	return asked->port_names.count > 0 &&
	       bsearch(&port_name, asked->port_names.items, asked->port_names.count,
		       sizeof(*asked->port_names.items), compare_texts);
}

static bool has_port(const struct likeness *likeness, const struct inventory_port *port)
{
	for (size_t i = 0; i < likeness->port_count; i++)
		if (strcmp(likeness->ports[i].name, port->name) == 0 &&
		    likeness->ports[i].protocol == port->protocol &&
		    likeness->ports[i].port == port->port)
			return true;
	return false;
}

static bool has_ports_of(const struct asked *asked, const struct likeness *likeness,
			 const struct likeness *other)
{
	for (size_t i = 0; i < other->port_count; i++)
		if (is_asked(asked, other->ports[i].name) && !has_port(likeness, &other->ports[i]))
			return false;
	return true;
}

static bool are_ports_alike(const struct asked *asked, const struct likeness *a,
			    const struct likeness *b)
{
	return a->ports == b->ports || (has_ports_of(asked, a, b) && has_ports_of(asked, b, a));
}

/* labels and ports remain those of the first, also where others differ. */
static void join(const struct asked *asked, struct likeness *sum, const struct likeness *more)
{
	sum->labels_differ |= more->labels_differ;
	sum->ports_differ |= more->ports_differ;
	if (!sum->labels)
		sum->labels = more->labels;
	else if (more->labels && !are_labels_alike(asked, sum->labels, more->labels))
		sum->labels_differ = true;
	if (more->ports_known && !sum->ports_known) {
		sum->ports = more->ports;
		sum->port_count = more->port_count;
		sum->ports_known = true;
	} else if (more->ports_known && !are_ports_alike(asked, sum, more)) {
		sum->ports_differ = true;
	}
}

/* What is not told yet. */
static void fill_in(struct likeness *likeness, const struct likeness *more)
{
	if (!likeness->labels) {
		likeness->labels = more->labels;
		likeness->labels_differ = more->labels_differ;
	}
	if (!likeness->ports_known) {
		likeness->ports = more->ports;
		likeness->port_count = more->port_count;
		likeness->ports_known = more->ports_known;
		likeness->ports_differ = more->ports_differ;
	}
}

static void forget_differences(struct likeness *likeness)
{
	if (likeness->labels_differ)
		likeness->labels = NULL;
	if (!likeness->ports_differ)
		return;
	likeness->ports = NULL;
	likeness->port_count = 0;
	likeness->ports_known = false;
}

/* ---- pods and their workloads ---- */

enum presence { PRESENCE_GONE, PRESENCE_PERHAPS, PRESENCE_SURE };

struct crew {
	struct likeness sure;  /* of those that are surely there */
	struct likeness today; /* and perhaps, and are to be */
	struct likeness all;   /* and those that are gone */
	struct likeness to_be;
};

struct search {
	const struct likeness_request *request;
	struct asked asked;
	struct crew *crews; /* by workload */
};

static const struct inventory_pod *find_object(const struct graph *graph,
					       const struct graph_pod *pod)
{
	const struct inventory_pod *found =
	    graph->inventory
		? inventory_find_pod(graph->inventory, pod->namespace, pod->name, pod->uid)
		: NULL;

	return found && found->source != INVENTORY_RECORDED && !*found->conflict ? found : NULL;
}

static enum presence presence_of(const struct graph *graph, const struct graph_pod *pod)
{
	const struct inventory_pod *object = find_object(graph, pod);

	if (object)
		return object->source >= INVENTORY_STORED && !object->finished ? PRESENCE_SURE
									       : PRESENCE_GONE;
	for (size_t i = 0; i < pod->address_count; i++)
		if (pod->addresses[i].until == INTERVAL_OPEN)
			return PRESENCE_PERHAPS;
	return pod->address_count == 0 ? PRESENCE_PERHAPS : PRESENCE_GONE;
}

static struct likeness likeness_of(const struct graph *graph, const struct graph_pod *pod)
{
	const struct inventory_pod *object = find_object(graph, pod);
	struct likeness likeness = {.labels = pod->labels};

	if (*pod->conflict)
		return (struct likeness){0};
	if (!object)
		return likeness;
	likeness.ports = object->ports;
	likeness.port_count = object->port_count;
	likeness.ports_known = object->ports_told;
	return likeness;
}

static void add_pod(struct search *search, const struct graph_pod *pod)
{
	const struct graph *graph = search->request->graph;
	const struct likeness own = likeness_of(graph, pod);
	enum presence presence;
	struct crew *crew;

	if (pod->workload == GRAPH_NONE || *pod->conflict)
		return;
	crew = &search->crews[pod->workload];
	presence = presence_of(graph, pod);
	join(&search->asked, &crew->all, &own);
	if (presence != PRESENCE_GONE)
		join(&search->asked, &crew->today, &own);
	if (presence == PRESENCE_SURE)
		join(&search->asked, &crew->sure, &own);
}

static int compare_workloads(const void *a, const void *b)
{
	const struct workload *x = a, *y = b;
	int r = strcmp(x->namespace, y->namespace);

	r = r ? r : strcmp(x->kind, y->kind);
	return r ? r : strcmp(x->name, y->name);
}

/* One of a workload that the record has, in the manifests. */
static void add_to_be(struct search *search, const struct workload *wanted,
		      const struct likeness *likeness)
{
	const struct graph *graph = search->request->graph;
	const struct workload *found =
	    graph->workload_count > 0 ? bsearch(wanted, graph->workloads, graph->workload_count,
						sizeof(*wanted), compare_workloads)
				      : NULL;
	struct crew *crew;

	if (!found)
		return;
	crew = &search->crews[found - graph->workloads];
	join(&search->asked, &crew->to_be, likeness);
	join(&search->asked, &crew->today, likeness);
}

static int add_manifest_pod(struct search *search, const struct inventory_pod *pod)
{
	const struct likeness likeness = {.labels = &pod->labels,
					  .ports = pod->ports,
					  .port_count = pod->port_count,
					  .ports_known = pod->ports_told};
	char *kind = NULL, *name = NULL;
	int r = inventory_workload(pod, &kind, &name);

	if (r < 0)
		return r;
	if (!*pod->conflict && !pod->finished)
		add_to_be(
		    search,
		    &(struct workload){.namespace = pod->namespace, .kind = kind, .name = name},
		    &likeness);
	free(kind);
	free(name);
	return 0;
}

static int add_manifests(struct search *search, const struct inventory *manifests)
{
	int r = 0;

	for (size_t i = 0; manifests && i < manifests->template_count; i++) {
		const struct inventory_template *template = &manifests->templates[i];

		add_to_be(search,
			  &(struct workload){.namespace = template->namespace,
					     .kind = template->kind,
					     .name = template->name},
			  &(struct likeness){.labels = &template->labels,
					     .ports = template->ports,
					     .port_count = template->port_count,
					     .ports_known = template->ports_told});
	}
	for (size_t i = 0; manifests && i < manifests->pod_count && r == 0; i++)
		r = add_manifest_pod(search, &manifests->pods[i]);
	return r;
}

/* ---- one pod ---- */

/* Itself, if it is told, and those who are to come. */
static struct likeness ask_itself(const struct search *search, const struct graph_pod *pod,
				  enum presence presence)
{
	const struct crew *crew = &search->crews[pod->workload];
	const struct likeness own = likeness_of(search->request->graph, pod);
	struct likeness told = own;

	join(&search->asked, &told, &crew->to_be);
	if (presence == PRESENCE_PERHAPS)
		join(&search->asked, &told, &crew->sure);
	if (!own.labels) {
		told.labels = NULL;
		told.labels_differ = false;
	}
	if (!own.ports_known) {
		told.ports_known = false;
		told.ports_differ = false;
	}
	return told;
}

static bool is_successor(const struct graph *graph, const struct graph_pod *pod,
			 const struct graph_pod *other)
{
	return other->workload == pod->workload && !*other->conflict &&
	       presence_of(graph, other) != PRESENCE_GONE;
}

static bool has_same_name(const struct graph_pod *a, const struct graph_pod *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->namespace, b->namespace) == 0;
}

/* Those who took its name, as the pods of a StatefulSet do. */
static struct likeness ask_successors(const struct search *search, size_t pod)
{
	const struct graph *graph = search->request->graph;
	const struct graph_pod *pods = graph->pods, *own = &pods[pod];
	struct likeness told = {0}, one;
	size_t first = pod;

	while (first > 0 && has_same_name(&pods[first - 1], own))
		first--;
	for (size_t i = first; i < graph->pod_count && has_same_name(&pods[i], own); i++) {
		if (!is_successor(graph, own, &pods[i]))
			continue;
		one = likeness_of(graph, &pods[i]);
		join(&search->asked, &told, &one);
	}
	if (told.labels || told.ports_known)
		join(&search->asked, &told, &search->crews[own->workload].to_be);
	return told;
}

static struct likeness judge(const struct search *search, size_t pod)
{
	const struct graph *graph = search->request->graph;
	const struct graph_pod *own = &graph->pods[pod];
	const enum presence presence = presence_of(graph, own);
	struct likeness told = likeness_of(graph, own), itself = told;
	const struct crew *crew;

	if (own->workload == GRAPH_NONE || *own->conflict)
		return told;
	crew = &search->crews[own->workload];
	told = presence == PRESENCE_GONE ? ask_successors(search, pod)
					 : ask_itself(search, own, presence);
	fill_in(&told, &crew->today);
	if (presence == PRESENCE_GONE)
		fill_in(&told, &itself);
	fill_in(&told, &crew->all);
	forget_differences(&told);
	return told;
}

static int search_all(struct search *search, struct likeness *ret)
{
	const struct graph *graph = search->request->graph;
	int r = add_manifests(search, search->request->manifests);

	for (size_t i = 0; i < graph->pod_count && r == 0; i++)
		add_pod(search, &graph->pods[i]);
	for (size_t i = 0; i < graph->pod_count && r == 0; i++)
		ret[i] = judge(search, i);
	return r;
}

int likeness_find(const struct likeness_request *request, struct likeness **ret)
{
	struct search search = {.request = request};
	struct likeness *found = calloc(request->graph->pod_count + 1, sizeof(*found));
	int r = ask(request, &search.asked);

	search.crews = calloc(request->graph->workload_count + 1, sizeof(*search.crews));
	if (r == 0)
		r = found && search.crews ? search_all(&search, found) : -ENOMEM;
	free(search.asked.keys.items);
	free(search.asked.port_names.items);
	free(search.crews);
	if (r < 0)
		free(found);
	else
		*ret = found;
	return r;
}
