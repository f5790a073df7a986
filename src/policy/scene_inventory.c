#include "policy/scene_inventory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static size_t count_ports(const struct inventory *inventory)
{
	size_t count = 0;

	for (size_t i = 0; i < inventory->pod_count; i++)
		count += inventory->pods[i].port_count;
	for (size_t i = 0; i < inventory->template_count; i++)
		count += inventory->templates[i].port_count;
	return count;
}

static int reserve(struct scene_inventory *made, const struct inventory *inventory)
{
	size_t pods = inventory->pod_count + inventory->template_count;

	made->ports = calloc(count_ports(inventory) + 1, sizeof(*made->ports));
	made->owners = calloc(pods + 1, sizeof(*made->owners));
	made->scene.pods = calloc(pods + 1, sizeof(*made->scene.pods));
	made->scene.nodes =
	    calloc(inventory->node_count + inventory->pod_count + 1, sizeof(*made->scene.nodes));
	made->scene.namespaces =
	    calloc(inventory->namespace_count + pods + 1, sizeof(*made->scene.namespaces));
	return made->ports && made->owners && made->scene.pods && made->scene.nodes &&
		       made->scene.namespaces
		   ? 0
		   : -ENOMEM;
}

/* ---- namespaces ---- */

/* Those with labels first. */
static int compare_namespaces(const void *left, const void *right)
{
	const struct scene_namespace *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	return order ? order : (b->labels != NULL) - (a->labels != NULL);
}

static void add_namespace(struct scene *scene, const char *name, const struct labels *labels)
{
	scene->namespaces[scene->namespace_count++] = (struct scene_namespace){name, labels};
}

static void add_namespaces(struct scene *scene, const struct inventory *inventory)
{
	size_t kept = 0;

	for (size_t i = 0; i < inventory->namespace_count; i++)
		add_namespace(scene, inventory->namespaces[i].name,
			      &inventory->namespaces[i].labels);
	for (size_t i = 0; i < inventory->pod_count; i++)
		add_namespace(scene, inventory->pods[i].namespace, NULL);
	for (size_t i = 0; i < inventory->template_count; i++)
		add_namespace(scene, inventory->templates[i].namespace, NULL);
	qsort(scene->namespaces, scene->namespace_count, sizeof(*scene->namespaces),
	      compare_namespaces);
	for (size_t i = 0; i < scene->namespace_count; i++)
		if (kept == 0 ||
		    strcmp(scene->namespaces[kept - 1].name, scene->namespaces[i].name) != 0)
			scene->namespaces[kept++] = scene->namespaces[i];
	scene->namespace_count = kept;
}

/* ---- nodes ---- */

/* Those with addresses first. */
static int compare_nodes(const void *left, const void *right)
{
	const struct scene_node *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	return order ? order : (b->address_count > 0) - (a->address_count > 0);
}

static void add_nodes(struct scene *scene, const struct inventory *inventory)
{
	size_t kept = 0;

	for (size_t i = 0; i < inventory->node_count; i++)
		scene->nodes[scene->node_count++] = (struct scene_node){
		    .name = inventory->nodes[i].name,
		    .addresses = inventory->nodes[i].addresses,
		    .address_count = inventory->nodes[i].address_count,
		};
	for (size_t i = 0; i < inventory->pod_count; i++)
		if (*inventory->pods[i].node)
			scene->nodes[scene->node_count++] =
			    (struct scene_node){.name = inventory->pods[i].node};
	qsort(scene->nodes, scene->node_count, sizeof(*scene->nodes), compare_nodes);
	for (size_t i = 0; i < scene->node_count; i++)
		if (kept == 0 || strcmp(scene->nodes[kept - 1].name, scene->nodes[i].name) != 0)
			scene->nodes[kept++] = scene->nodes[i];
	scene->node_count = kept;
}

/* ---- pods ---- */

static size_t add_ports(struct scene_port *ports, const struct inventory_port *items, size_t count)
{
	size_t added = 0;

	for (size_t i = 0; i < count; i++)
		if (*items[i].name)
			ports[added++] = (struct scene_port){
			    .name = items[i].name,
			    .protocol = items[i].protocol,
			    .port = items[i].port,
			};
	return added;
}

static struct scene_owner owner_of(const struct inventory_pod *pod)
{
	struct scene_owner owner = {.namespace = pod->namespace, .pod = pod->name};
	bool is_own = !*pod->owner_name || strcmp(pod->owner_kind, "Node") == 0;

	owner.kind = is_own || !*pod->owner_kind ? "Pod" : pod->owner_kind;
	owner.name = is_own ? pod->name : pod->owner_name;
	return owner;
}

/* What may be a node or not: no selector finds it for sure. */
static struct scene_pod no_one(void)
{
	return (struct scene_pod){.namespace = SCENE_NONE, .node = SCENE_NONE};
}

static struct scene_pod pod_of(const struct scene *scene, const struct inventory_pod *pod,
			       bool hosts_are_nodes)
{
	struct scene_pod made = {.namespace = scene_find_namespace(scene, pod->namespace),
				 .node = SCENE_NONE};

	if (*pod->conflict)
		return made;
	if (hosts_are_nodes && !pod->network_told)
		return no_one();
	made.labels = &pod->labels;
	made.ports_known = pod->ports_told;
	made.on_node = hosts_are_nodes && pod->host_network;
	if (*pod->node)
		made.node = scene_find_node(scene, pod->node);
	made.addresses = pod->addresses;
	made.address_count = pod->address_count;
	return made;
}

static struct scene_pod pod_of_template(const struct scene *scene,
					const struct inventory_template *template,
					bool hosts_are_nodes)
{
	if (hosts_are_nodes && !template->network_told)
		return no_one();
	return (struct scene_pod){
	    .namespace = scene_find_namespace(scene, template->namespace),
	    .labels = &template->labels,
	    .unknown_labels = template->unknown_labels,
	    .ports_known = template->ports_told,
	    .on_node = hosts_are_nodes && template->host_network,
	    .node = SCENE_NONE,
	};
}

static void add_pods(struct scene_inventory *made, const struct inventory *inventory,
		     bool hosts_are_nodes)
{
	struct scene_port *ports = made->ports;

	for (size_t i = 0; i < inventory->pod_count; i++) {
		const struct inventory_pod *pod = &inventory->pods[i];
		struct scene_pod *added = &made->scene.pods[made->scene.pod_count];

		*added = pod_of(&made->scene, pod, hosts_are_nodes);
		added->ports = ports;
		added->port_count = add_ports(ports, pod->ports, pod->port_count);
		ports += added->port_count;
		made->owners[made->scene.pod_count++] = owner_of(pod);
	}
	for (size_t i = 0; i < inventory->template_count; i++) {
		const struct inventory_template *template = &inventory->templates[i];
		struct scene_pod *added = &made->scene.pods[made->scene.pod_count];

		*added = pod_of_template(&made->scene, template, hosts_are_nodes);
		added->ports = ports;
		added->port_count = add_ports(ports, template->ports, template->port_count);
		ports += added->port_count;
		made->owners[made->scene.pod_count++] =
		    (struct scene_owner){template->namespace, template->kind, template->name, ""};
	}
}

int scene_of_inventory(const struct inventory *inventory, struct scene_inventory_options options,
		       struct scene_inventory **ret)
{
	struct scene_inventory *made = calloc(1, sizeof(*made));

	if (!made || reserve(made, inventory) < 0) {
		scene_inventory_free(made);
		return -ENOMEM;
	}
	add_namespaces(&made->scene, inventory);
	add_nodes(&made->scene, inventory);
	add_pods(made, inventory, options.hosts_are_nodes);
	*ret = made;
	return 0;
}

struct scene_inventory *scene_inventory_free(struct scene_inventory *scene)
{
	if (!scene)
		return NULL;
	free(scene->ports);
	free(scene->owners);
	free(scene->scene.pods);
	free(scene->scene.nodes);
	free(scene->scene.namespaces);
	free(scene);
	return NULL;
}
