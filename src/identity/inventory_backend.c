#include "identity/inventory_object.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct reading {
	struct object_reader *reader;
	const struct node *metadata;
	struct inventory_backend **backends;
	size_t *count;
};

static void add(const struct reading *reading, const char *service, const char *port)
{
	struct object_reader *reader = reading->reader;

	if (!*service || !*port ||
	    !object_grow(reader, reading->backends, sizeof(**reading->backends), *reading->count))
		return;
	(*reading->backends)[(*reading->count)++] =
	    (struct inventory_backend){.namespace = object_namespace(reader, reading->metadata),
				       .service = object_dup(reader, service),
				       .port = object_dup(reader, port)};
}

static const struct node *metadata_of(struct object_reader *reader, const struct node *object)
{
	return object_get(reader, object, "metadata", NODE_MAPPING);
}

/* ---- Google ---- */

void object_read_endpoint_groups(struct object_reader *reader, const struct node *service,
				 struct inventory_backend **backends, size_t *count)
{
	static const char key[] = "cloud.google.com/neg-status";
	const struct reading reading = {reader, metadata_of(reader, service), backends, count};
	const struct node *annotations =
	    object_get(reader, reading.metadata, "annotations", NODE_MAPPING);
	const struct node *value = object_get(reader, annotations, key, NODE_SCALAR);
	json_t *status = value ? json_loads(node_text(value), 0, NULL) : NULL;
	const char *name = object_text(reader, reading.metadata, "name"), *port;
	json_t *group;

	if (value && !json_is_object(status))
		object_problem(reader, value, "%s: expected a mapping in JSON", key);
	json_object_foreach(json_object_get(status, "network_endpoint_groups"), port, group)
	    add(&reading, name, port);
	json_decref(status);
}

/* ---- Amazon ---- */

void object_read_target_group(struct object_reader *reader, const struct node *object,
			      struct inventory_backend **backends, size_t *count)
{
	const struct reading reading = {reader, metadata_of(reader, object), backends, count};
	const struct node *spec = object_get(reader, object, "spec", NODE_MAPPING);
	const struct node *service = object_get(reader, spec, "serviceRef", NODE_MAPPING);

	if (strcmp(object_text(reader, spec, "targetType"), "ip") == 0)
		add(&reading, object_text(reader, service, "name"),
		    object_text(reader, service, "port"));
}

/* ---- Ingress ---- */

/* Most controllers are pods, or lead to nodes. */
static bool leads_to_pods(struct object_reader *reader, const struct node *metadata,
			  const struct node *spec)
{
	const struct node *annotations = object_get(reader, metadata, "annotations", NODE_MAPPING);
	const char *class = object_text(reader, spec, "ingressClassName");
	const char *old_class = object_text(reader, annotations, "kubernetes.io/ingress.class");
	const char *target =
	    object_text(reader, annotations, "alb.ingress.kubernetes.io/target-type");

	return strcmp(target, "ip") == 0 || strcmp(class, "azure-application-gateway") == 0 ||
	       strcmp(old_class, "azure/application-gateway") == 0;
}

static void read_backend(const struct reading *reading, const struct node *backend)
{
	struct object_reader *reader = reading->reader;
	const struct node *service = object_get(reader, backend, "service", NODE_MAPPING);
	const struct node *port = object_get(reader, service, "port", NODE_MAPPING);
	const char *name = object_text(reader, port, "name");

	add(reading, object_text(reader, service, "name"),
	    *name ? name : object_text(reader, port, "number"));
}

static void read_rule(const struct reading *reading, const struct node *rule)
{
	struct object_reader *reader = reading->reader;
	const struct node *http = object_get(reader, rule, "http", NODE_MAPPING);
	const struct node *paths = object_get(reader, http, "paths", NODE_SEQUENCE);

	for (size_t i = 0; i < node_count(paths); i++) {
		const struct node *path = object_entry(reader, paths, i, "paths");

		read_backend(reading, object_get(reader, path, "backend", NODE_MAPPING));
	}
}

void object_read_ingress(struct object_reader *reader, const struct node *object,
			 struct inventory_backend **backends, size_t *count)
{
	const struct reading reading = {reader, metadata_of(reader, object), backends, count};
	const struct node *spec = object_get(reader, object, "spec", NODE_MAPPING);
	const struct node *rules = object_get(reader, spec, "rules", NODE_SEQUENCE);

	if (!leads_to_pods(reader, reading.metadata, spec))
		return;
	read_backend(&reading, object_get(reader, spec, "defaultBackend", NODE_MAPPING));
	for (size_t i = 0; i < node_count(rules); i++)
		read_rule(&reading, object_entry(reader, rules, i, "rules"));
}

void inventory_backend_clear(void *cleared)
{
	struct inventory_backend *backend = cleared;

	free(backend->namespace);
	free(backend->service);
	free(backend->port);
}
