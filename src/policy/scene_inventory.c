#include "policy/scene_inventory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct built {
	struct scene scene; /* first: it is what is handed out */
	struct scene_port *ports;
	size_t port_count;
};

static int compare_namespaces(const void *a, const void *b)
{
	const struct scene_namespace *first = a, *second = b;
	int r = strcmp(first->name, second->name);

	/* What has an object comes before what is but named. */
	return r ? r : (second->labels != NULL) - (first->labels != NULL);
}

static int compare_nodes(const void *a, const void *b)
{
	const struct scene_node *first = a, *second = b;
	int r = strcmp(first->name, second->name);

	return r ? r
		 : (first->address_count < second->address_count) -
		       (first->address_count > second->address_count);
}

static int make_namespaces(struct scene *scene, const struct inventory *inventory)
{
	size_t wanted =
	    inventory->namespace_count + inventory->pod_count + inventory->template_count;
	struct scene_namespace *items = calloc(wanted + 1, sizeof(*items));
	size_t count = 0, kept = 0;

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < inventory->namespace_count; i++)
		items[count++] = (struct scene_namespace){inventory->namespaces[i].name,
							  &inventory->namespaces[i].labels};
	for (size_t i = 0; i < inventory->pod_count; i++)
		items[count++].name = inventory->pods[i].namespace;
	for (size_t i = 0; i < inventory->template_count; i++)
		items[count++].name = inventory->templates[i].namespace;
	qsort(items, count, sizeof(*items), compare_namespaces);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || strcmp(items[kept - 1].name, items[i].name) != 0)
			items[kept++] = items[i];
	scene->namespaces = items;
	scene->namespace_count = kept;
	return 0;
}

static int make_nodes(struct scene *scene, const struct inventory *inventory)
{
	struct scene_node *items =
	    calloc(inventory->node_count + inventory->pod_count + 1, sizeof(*items));
	size_t count = 0, kept = 0;

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < inventory->node_count; i++)
		items[count++] = (struct scene_node){inventory->nodes[i].name,
						     inventory->nodes[i].addresses,
						     inventory->nodes[i].address_count};
	for (size_t i = 0; i < inventory->pod_count; i++)
		if (inventory->pods[i].node[0])
			items[count++].name = inventory->pods[i].node;
	qsort(items, count, sizeof(*items), compare_nodes);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || strcmp(items[kept - 1].name, items[i].name) != 0)
			items[kept++] = items[i];
	scene->nodes = items;
	scene->node_count = kept;
	return 0;
}

/* Only ports with a name are ever looked for. */
static void take_ports(struct built *built, const struct inventory_port *ports, size_t count,
		       struct scene_pod *pod)
{
	pod->ports = built->ports + built->port_count;
	for (size_t i = 0; i < count; i++)
		if (ports[i].name[0])
			built->ports[built->port_count++] = (struct scene_port){
			    ports[i].name, ports[i].protocol, ports[i].port};
	pod->port_count = (size_t)(built->ports + built->port_count - pod->ports);
	pod->ports_known = true;
}

/* Labels and addresses of a pod whose sources contradict one another prove nothing, and a finished
 * pod's addresses may be another's. */
static void take_pod(struct built *built, const struct inventory_pod *pod, bool on_node)
{
	struct scene *scene = &built->scene;
	struct scene_pod *taken = &scene->pods[scene->pod_count++];
	bool contradicts = pod->conflict[0] != '\0';

	*taken = (struct scene_pod){
	    .namespace = scene_find_namespace(scene, pod->namespace),
	    .labels = contradicts ? NULL : &pod->labels,
	    .on_node = on_node && pod->host_network,
	    .node = pod->node[0] ? scene_find_node(scene, pod->node) : SCENE_NONE,
	    .addresses = pod->addresses,
	    .address_count = contradicts || pod->finished ? 0 : pod->address_count,
	};
	take_ports(built, pod->ports, pod->port_count, taken);
}

static void take_template(struct built *built, const struct inventory_template *template,
			  bool on_node)
{
	struct scene *scene = &built->scene;
	struct scene_pod *taken = &scene->pods[scene->pod_count++];

	*taken = (struct scene_pod){
	    .namespace = scene_find_namespace(scene, template->namespace),
	    .labels = &template->labels,
	    .on_node = on_node && template->host_network,
	    .node = SCENE_NONE,
	};
	take_ports(built, template->ports, template->port_count, taken);
}

static size_t count_ports(const struct inventory *inventory)
{
	size_t count = 0;

	for (size_t i = 0; i < inventory->pod_count; i++)
		count += inventory->pods[i].port_count;
	for (size_t i = 0; i < inventory->template_count; i++)
		count += inventory->templates[i].port_count;
	return count;
}

int scene_of_inventory(const struct inventory *inventory, bool host_network_on_node,
		       struct scene **ret)
{
	struct built *built = calloc(1, sizeof(*built));
	int r;

	if (!built)
		return -ENOMEM;
	r = make_namespaces(&built->scene, inventory);
	if (r == 0)
		r = make_nodes(&built->scene, inventory);
	built->ports = calloc(count_ports(inventory) + 1, sizeof(*built->ports));
	built->scene.pods = calloc(inventory->pod_count + inventory->template_count + 1,
				   sizeof(*built->scene.pods));
	if (r < 0 || !built->ports || !built->scene.pods) {
		scene_free(&built->scene);
		return -ENOMEM;
	}
	for (size_t i = 0; i < inventory->pod_count; i++)
		take_pod(built, &inventory->pods[i], host_network_on_node);
	for (size_t i = 0; i < inventory->template_count; i++)
		take_template(built, &inventory->templates[i], host_network_on_node);
	*ret = &built->scene;
	return 0;
}

struct scene *scene_free(struct scene *scene)
{
	struct built *built = (struct built *)scene;

	if (!built)
		return NULL;
	free(scene->namespaces);
	free(scene->nodes);
	free(scene->pods);
	free(built->ports);
	free(built);
	return NULL;
}
