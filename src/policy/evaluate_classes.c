#include <netinet/in.h>
#include <string.h>

#include "base/buf.h"
#include "policy/evaluate_internal.h"

/* What is made while pods are put into classes. */
struct classifier {
	struct evaluator *evaluator;
	struct intern classes;
	struct intern tables;
	struct buf key;
	struct resolved_port *resolved; /* of one pod */
	size_t resolved_capacity;
};

/* ---- named ports ---- */

static int compare_resolved(const void *left, const void *right)
{
	const struct resolved_port *a = left, *b = right;

	if (a->protocol != b->protocol)
		return a->protocol < b->protocol ? -1 : 1;
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return a->name < b->name ? -1 : a->name > b->name;
}

static int compare_numbers_of_names(const void *left, const void *right)
{
	const struct resolved_port *a = left, *b = right;

	return a->name < b->name ? -1 : a->name > b->name;
}

static int keep_table(struct evaluator *evaluator, const struct resolved_port *items, size_t count)
{
	struct port_table table = {
	    .first = evaluator->resolved_count, .count = count, .known = true};

	for (size_t i = 0; i < count; i++) {
		table.known = table.known && !items[i].disputed;
		if (array_grow(&evaluator->resolved, sizeof(*items), evaluator->resolved_count,
			       &evaluator->resolved_capacity) < 0)
			return -ENOMEM;
		evaluator->resolved[evaluator->resolved_count++] = items[i];
	}
	if (array_grow(&evaluator->port_tables, sizeof(table), evaluator->port_table_count,
		       &evaluator->port_table_capacity) < 0)
		return -ENOMEM;
	evaluator->port_tables[evaluator->port_table_count++] = table;
	return 0;
}

/* One that is like no pod's stands for "not known". */
static int begin_tables(struct classifier *classifier)
{
	static const uint8_t any = PORTS_ANY;
	size_t number;

	if (intern_add(&classifier->tables, "", 0, &number) < 0 ||
	    intern_add(&classifier->tables, &any, sizeof(any), &number) < 0 ||
	    keep_table(classifier->evaluator, NULL, 0) < 0 ||
	    keep_table(classifier->evaluator, NULL, 0) < 0)
		return -ENOMEM;
	classifier->evaluator->port_tables[PORTS_ANY].known = false;
	return 0;
}

/* Containers may have one name for several ports; which of them it is, not all plugins agree. */
static void find_disputed(struct resolved_port *items, size_t count)
{
	if (count > 0)
		qsort(items, count, sizeof(*items), compare_numbers_of_names);
	for (size_t i = 1; i < count; i++)
		if (items[i - 1].name == items[i].name)
			items[i - 1].disputed = items[i].disputed = 1;
	if (count > 0)
		qsort(items, count, sizeof(*items), compare_resolved);
}

/* How many names of the policies the pod has, in classifier->resolved. */
static int resolve(struct classifier *classifier, const struct scene_pod *pod, size_t *ret_count)
{
	size_t count = 0, kept = 0;

	for (size_t i = 0; i < pod->port_count; i++) {
		size_t name = evaluator_find_name(classifier->evaluator, pod->ports[i].name,
						  pod->ports[i].protocol);

		if (name == SIZE_MAX)
			continue;
		if (array_grow(&classifier->resolved, sizeof(*classifier->resolved), count,
			       &classifier->resolved_capacity) < 0)
			return -ENOMEM;
		classifier->resolved[count++] = (struct resolved_port){
		    (uint32_t)name, pod->ports[i].port, pod->ports[i].protocol, 0};
	}
	if (count > 0)
		qsort(classifier->resolved, count, sizeof(*classifier->resolved), compare_resolved);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || compare_resolved(&classifier->resolved[kept - 1],
						  &classifier->resolved[i]) != 0)
			classifier->resolved[kept++] = classifier->resolved[i];
	find_disputed(classifier->resolved, kept);
	*ret_count = kept;
	return 0;
}

static int find_table(struct classifier *classifier, const struct scene_pod *pod, size_t *ret)
{
	size_t before = classifier->tables.count, count;

	if (!pod->ports_known) {
		*ret = PORTS_ANY;
		return 0;
	}
	if (resolve(classifier, pod, &count) < 0 ||
	    intern_add(&classifier->tables, classifier->resolved,
		       count * sizeof(*classifier->resolved), ret) < 0)
		return -ENOMEM;
	return classifier->tables.count == before
		   ? 0
		   : keep_table(classifier->evaluator, classifier->resolved, count);
}

/* ---- addresses ---- */

static int list_blocks(struct evaluator *evaluator, const struct addr *addresses, size_t count,
		       struct block_choice *ret)
{
	struct block_choice choice = {.first = evaluator->block_list_count, .listed = true};

	for (size_t i = 0; i < count; i++) {
		uint32_t block;
		bool have = false;

		if (!addr_is_set(addresses[i]))
			continue;
		block = (uint32_t)blocks_find(&evaluator->blocks, addresses[i]);
		for (size_t j = choice.first; j < evaluator->block_list_count && !have; j++)
			have = evaluator->block_lists[j] == block;
		if (have)
			continue;
		if (array_grow(&evaluator->block_lists, sizeof(block), evaluator->block_list_count,
			       &evaluator->block_list_capacity) < 0)
			return -ENOMEM;
		evaluator->block_lists[evaluator->block_list_count++] = block;
	}
	choice.count = evaluator->block_list_count - choice.first;
	*ret = choice;
	return 0;
}

static int place_nodes(struct evaluator *evaluator)
{
	const struct scene *scene = evaluator->scene;
	int r = 0;

	evaluator->node_blocks = calloc(scene->node_count + 1, sizeof(*evaluator->node_blocks));
	evaluator->pod_blocks = calloc(scene->pod_count + 1, sizeof(*evaluator->pod_blocks));
	if (!evaluator->node_blocks || !evaluator->pod_blocks)
		return -ENOMEM;
	for (size_t i = 0; i < scene->node_count && r == 0; i++)
		r = list_blocks(evaluator, scene->nodes[i].addresses, scene->nodes[i].address_count,
				&evaluator->node_blocks[i]);
	for (size_t i = 0; i < scene->pod_count && r == 0; i++) {
		const struct scene_pod *pod = &scene->pods[i];

		if (!pod->on_node)
			continue;
		if (pod->node != SCENE_NONE && scene->nodes[pod->node].address_count > 0)
			evaluator->pod_blocks[i] = evaluator->node_blocks[pod->node];
		else
			r = list_blocks(evaluator, pod->addresses, pod->address_count,
					&evaluator->pod_blocks[i]);
	}
	return r;
}

/* ---- classes ---- */

/* Only the labels that a policy asks for. */
static void put_labels(struct buf *key, const struct evaluator *evaluator,
		       const struct labels *labels)
{
	buf_putc(key, labels ? 1 : 0);
	for (size_t i = 0; labels && i < labels->count; i++) {
		if (evaluator_find_key(evaluator, labels->items[i].key) == SIZE_MAX)
			continue;
		buf_put(key, labels->items[i].key, strlen(labels->items[i].key) + 1);
		buf_put(key, labels->items[i].value, strlen(labels->items[i].value) + 1);
	}
}

static void put_unknown_labels(struct buf *key, const struct evaluator *evaluator,
			       const struct unknown_label *unknown)
{
	buf_putc(key, '\0');
	for (; unknown && unknown->key; unknown++) {
		if (evaluator_find_key(evaluator, unknown->key) == SIZE_MAX)
			continue;
		buf_put(key, unknown->key, strlen(unknown->key) + 1);
		buf_putc(key, unknown->is_there ? 1 : 0);
	}
}

static int classify(struct classifier *classifier, size_t number)
{
	struct evaluator *evaluator = classifier->evaluator;
	const struct scene_pod *pod = &evaluator->scene->pods[number];
	struct pod_class class = {.namespace = pod->namespace, .pod = number};
	struct buf *key = &classifier->key;
	size_t lists = evaluator->block_list_count;

	if (find_table(classifier, pod, &class.ports) < 0)
		return -ENOMEM;
	if (evaluator->options.ipblock_pods &&
	    list_blocks(evaluator, pod->addresses, pod->address_count, &class.blocks) < 0)
		return -ENOMEM;
	key->length = 0;
	buf_put(key, &class.namespace, sizeof(class.namespace));
	buf_put(key, &class.ports, sizeof(class.ports));
	buf_put(key, &class.blocks.count, sizeof(class.blocks.count));
	for (size_t i = 0; i < class.blocks.count; i++)
		buf_put(key, &evaluator->block_lists[class.blocks.first + i], sizeof(uint32_t));
	put_labels(key, evaluator, pod->labels);
	put_unknown_labels(key, evaluator, pod->unknown_labels);
	if (key->error < 0 || intern_add(&classifier->classes, key->data, key->length,
					 &evaluator->class_of[number]) < 0)
		return -ENOMEM;
	if (evaluator->class_of[number] < evaluator->class_count) {
		evaluator->block_list_count = lists;
		return 0;
	}
	if (array_grow(&evaluator->classes, sizeof(class), evaluator->class_count,
		       &evaluator->class_capacity) < 0)
		return -ENOMEM;
	evaluator->classes[evaluator->class_count++] = class;
	return 0;
}

size_t evaluator_namespace_rank(const struct evaluator *evaluator, size_t class)
{
	size_t namespace = evaluator->classes[class].namespace;

	return namespace == SCENE_NONE ? evaluator->scene->namespace_count : namespace;
}

static int order_classes(struct evaluator *evaluator)
{
	size_t namespaces = evaluator->scene->namespace_count;
	size_t *first = calloc(namespaces + 2, sizeof(*first));

	evaluator->class_first = first;
	evaluator->class_order =
	    calloc(evaluator->class_count + 1, sizeof(*evaluator->class_order));
	if (!first || !evaluator->class_order)
		return -ENOMEM;
	for (size_t i = 0; i < evaluator->class_count; i++)
		first[evaluator_namespace_rank(evaluator, i) + 1]++;
	for (size_t i = 0; i <= namespaces; i++)
		first[i + 1] += first[i];
	for (size_t i = evaluator->class_count; i-- > 0;)
		evaluator->class_order[--first[evaluator_namespace_rank(evaluator, i) + 1]] = i;
	memmove(first, first + 1, (namespaces + 1) * sizeof(*first));
	first[namespaces + 1] = evaluator->class_count;
	return 0;
}

int evaluator_classify(struct evaluator *evaluator)
{
	struct classifier classifier = {
	    .evaluator = evaluator, .classes = intern_make(), .tables = intern_make()};
	int r = 0;

	evaluator->class_of = calloc(evaluator->scene->pod_count + 1, sizeof(size_t));
	if (!evaluator->class_of)
		r = -ENOMEM;
	if (r == 0)
		r = place_nodes(evaluator);
	if (r == 0)
		r = begin_tables(&classifier);
	for (size_t i = 0; i < evaluator->scene->pod_count && r == 0; i++)
		if (!evaluator->scene->pods[i].on_node)
			r = classify(&classifier, i);
	if (r == 0)
		r = order_classes(evaluator);
	if (r == 0)
		r = class_index_make(&evaluator->index, evaluator);
	if (r == 0)
		r = namespace_index_make(&evaluator->namespaces, evaluator->scene);
	intern_clear(&classifier.classes);
	intern_clear(&classifier.tables);
	buf_clear(&classifier.key);
	free(classifier.resolved);
	return r;
}
