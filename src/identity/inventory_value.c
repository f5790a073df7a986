#include "identity/inventory_value.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void object_problem(struct object_reader *reader, const struct node *node, const char *format, ...)
{
	char *subject = NULL, *message = NULL;
	va_list arguments;

	if (asprintf(&subject, "%s:%u", reader->file, node_line(node)) < 0)
		subject = NULL;
	va_start(arguments, format);
	if (vasprintf(&message, format, arguments) < 0)
		message = NULL;
	va_end(arguments);
	problem_add(reader->problems, PROBLEM_WARNING, subject ? subject : reader->file, "%s",
		    message ? message : "out of memory");
	free(subject);
	free(message);
}

static const char *const kind_names[] = {[NODE_NULL] = "nothing",
					 [NODE_SCALAR] = "a single value",
					 [NODE_SEQUENCE] = "a list",
					 [NODE_MAPPING] = "a mapping"};

const struct node *object_get(struct object_reader *reader, const struct node *object,
			      const char *key, enum node_kind kind)
{
	const struct node *value = node_get(object, key);

	if (node_kind(value) == NODE_NULL)
		return NULL;
	if (node_kind(value) == kind)
		return value;
	object_problem(reader, value, "%s: expected %s, not %s", key, kind_names[kind],
		       kind_names[node_kind(value)]);
	return NULL;
}

const struct node *object_entry(struct object_reader *reader, const struct node *list, size_t index,
				const char *name)
{
	const struct node *entry = node_item(list, index);

	if (node_kind(entry) == NODE_MAPPING)
		return entry;
	object_problem(reader, entry, "%s: expected %s, not %s", name, kind_names[NODE_MAPPING],
		       kind_names[node_kind(entry)]);
	return NULL;
}

const char *object_text(struct object_reader *reader, const struct node *object, const char *key)
{
	const char *text = node_text(object_get(reader, object, key, NODE_SCALAR));

	return text ? text : "";
}

bool object_boolean(struct object_reader *reader, const struct node *object, const char *key)
{
	const struct node *value = object_get(reader, object, key, NODE_SCALAR);
	bool truth = false;

	if (value && !node_boolean(value, &truth))
		object_problem(reader, value, "%s: expected true or false, not \"%s\"", key,
			       node_text(value));
	return truth;
}

char *object_dup(struct object_reader *reader, const char *text)
{
	char *fresh = strdup(text);

	if (!fresh)
		reader->error = -ENOMEM;
	return fresh;
}

char *object_copy(struct object_reader *reader, const struct node *object, const char *key)
{
	return object_dup(reader, object_text(reader, object, key));
}

char *object_namespace(struct object_reader *reader, const struct node *metadata)
{
	const char *namespace = object_text(reader, metadata, "namespace");

	return object_dup(reader, *namespace || !reader->namespace ? namespace : reader->namespace);
}

/* Room for one more item: there is room for the next power of two. */
bool object_grow(struct object_reader *reader, void *items, size_t item_size, size_t count)
{
	void *grown;

	if (count & (count - 1))
		return true;
	grown = reallocarray(*(void **)items, count ? count * 2 : 1, item_size);
	if (!grown) {
		reader->error = -ENOMEM;
		return false;
	}
	*(void **)items = grown;
	return true;
}

static int compare_labels(const void *a, const void *b)
{
	return strcmp(((const struct label *)a)->key, ((const struct label *)b)->key);
}

void object_labels(struct object_reader *reader, const struct node *object, const char *key,
		   struct labels *ret)
{
	const struct node *map = object_get(reader, object, key, NODE_MAPPING);

	if (node_count(map) == 0)
		return;
	ret->items = calloc(node_count(map), sizeof(*ret->items));
	if (!ret->items) {
		reader->error = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < node_count(map); i++) {
		const struct node *value = node_item(map, i);

		if (node_kind(value) != NODE_SCALAR && node_kind(value) != NODE_NULL) {
			object_problem(reader, value, "%s: the value of \"%s\" must be text", key,
				       node_key(map, i));
			continue;
		}
		if (!node_key_is_text(map, i))
			object_problem(reader, value,
				       "%s: the key \"%s\" is no text, or another one, to "
				       "Kubernetes: put it in quotes",
				       key, node_key(map, i));
		ret->items[ret->count++] =
		    (struct label){object_dup(reader, node_key(map, i)),
				   object_dup(reader, node_text(value) ? node_text(value) : "")};
	}
	if (!reader->error)
		qsort(ret->items, ret->count, sizeof(*ret->items), compare_labels);
}

void object_add_address(struct object_reader *reader, const struct node *value, const char *key,
			struct addr **addresses, size_t *count)
{
	const char *text = node_text(value);
	struct addr address;

	if (!text || addr_parse(text, &address) < 0) {
		object_problem(reader, value, "%s: \"%s\" is no address", key, text ? text : "");
		return;
	}
	if (object_grow(reader, addresses, sizeof(**addresses), *count))
		(*addresses)[(*count)++] = address;
}

static int compare_addresses(const void *a, const void *b)
{
	return addr_compare(*(const struct addr *)a, *(const struct addr *)b);
}

void object_add_range(struct object_reader *reader, const struct node *value, const char *key,
		      struct prefix **ranges, size_t *count)
{
	const char *text = node_text(value);
	struct prefix range;

	if (!text || prefix_parse(text, &range) < 0)
		object_problem(reader, value, "%s: \"%s\" is no address range", key,
			       text ? text : "");
	else if (object_grow(reader, ranges, sizeof(range), *count))
		(*ranges)[(*count)++] = range;
}

void object_ranges(struct object_reader *reader, const struct node *object, const char *key,
		   struct prefix **ranges, size_t *count)
{
	const struct node *list = object_get(reader, object, key, NODE_SEQUENCE);

	for (size_t i = 0; i < node_count(list); i++)
		object_add_range(reader, node_item(list, i), key, ranges, count);
}

void object_settle(struct addr *addresses, size_t *count)
{
	size_t kept = 0;

	if (*count == 0)
		return;
	qsort(addresses, *count, sizeof(*addresses), compare_addresses);
	for (size_t i = 0; i < *count; i++)
		if (i == 0 || !addr_equal(addresses[i], addresses[kept - 1]))
			addresses[kept++] = addresses[i];
	*count = kept;
}

static int compare_prefixes(const void *a, const void *b)
{
	const struct prefix *x = a, *y = b;
	int order = addr_compare(x->addr, y->addr);

	return order ? order : (x->length > y->length) - (x->length < y->length);
}

void object_settle_ranges(struct prefix *ranges, size_t *count)
{
	size_t kept = 0;

	if (*count > 0)
		qsort(ranges, *count, sizeof(*ranges), compare_prefixes);
	for (size_t i = 0; i < *count; i++)
		if (kept == 0 || compare_prefixes(&ranges[kept - 1], &ranges[i]) != 0)
			ranges[kept++] = ranges[i];
	*count = kept;
}

static bool read_protocol(const char *text, uint8_t *ret)
{
	if (!*text || strcmp(text, "TCP") == 0)
		*ret = IPPROTO_TCP;
	else if (strcmp(text, "UDP") == 0)
		*ret = IPPROTO_UDP;
	else if (strcmp(text, "SCTP") == 0)
		*ret = IPPROTO_SCTP;
	else
		return false;
	return true;
}

uint16_t object_port_number(struct object_reader *reader, const struct node *object,
			    const char *key)
{
	const struct node *number = node_get(object, key);
	int64_t value = 0;

	if (node_kind(number) == NODE_NULL)
		return 0;
	/* The API prints a hostPort of 0 in places where none is meant. */
	if (node_integer(number, &value) && value >= 0 && value <= UINT16_MAX)
		return (uint16_t)value;
	object_problem(reader, number, "%s: expected a port number, 1 to 65535", key);
	return 0;
}

static bool is_any_address(const char *text)
{
	return !*text || strcmp(text, "0.0.0.0") == 0 || strcmp(text, "::") == 0;
}

static void read_host_port(struct object_reader *reader, const struct node *entry,
			   struct inventory_port *port)
{
	const char *text = object_text(reader, entry, "hostIP");

	port->host_port = object_port_number(reader, entry, "hostPort");
	if (!is_any_address(text) && addr_parse(text, &port->host_address) < 0)
		object_problem(reader, node_get(entry, "hostIP"), "hostIP: \"%s\" is no address",
			       text);
}

/* The number; 0: there is none, which only endpoints may have. */
static bool read_number(struct object_reader *reader, const struct node *entry, enum port_of of,
			uint16_t *ret)
{
	const char *key = of == PORT_OF_CONTAINER ? "containerPort" : "port";
	const struct node *number = node_get(entry, key);
	int64_t value = 0;

	if (of == PORT_OF_ENDPOINTS && node_kind(number) == NODE_NULL) {
		*ret = 0;
		return true;
	}
	if (!node_integer(number, &value) || value < 1 || value > UINT16_MAX) {
		object_problem(reader, number ? number : entry,
			       "%s: expected a port number, 1 to 65535", key);
		return false;
	}
	*ret = (uint16_t)value;
	return true;
}

static bool add_port(struct object_reader *reader, const struct node *entry, enum port_of of,
		     struct inventory_port **ports, size_t *count)
{
	struct inventory_port port = {0};

	if (!read_number(reader, entry, of, &port.port))
		return false;
	if (!read_protocol(object_text(reader, entry, "protocol"), &port.protocol)) {
		object_problem(reader, node_get(entry, "protocol"),
			       "protocol: expected TCP, UDP or SCTP");
		return false;
	}
	if (!object_grow(reader, ports, sizeof(**ports), *count))
		return false;
	if (of == PORT_OF_CONTAINER)
		read_host_port(reader, entry, &port);
	if (of == PORT_OF_SERVICE)
		port.node_port = object_port_number(reader, entry, "nodePort");
	port.name = object_copy(reader, entry, "name");
	port.target = of == PORT_OF_SERVICE ? object_copy(reader, entry, "targetPort")
					    : object_dup(reader, "");
	(*ports)[(*count)++] = port;
	return true;
}

bool object_ports(struct object_reader *reader, const struct node *object, enum port_of of,
		  struct inventory_port **ports, size_t *count)
{
	const struct node *list = object_get(reader, object, "ports", NODE_SEQUENCE);
	bool all = list || node_kind(node_get(object, "ports")) == NODE_NULL;

	for (size_t i = 0; i < node_count(list); i++) {
		const struct node *entry = object_entry(reader, list, i, "ports");

		all &= entry && add_port(reader, entry, of, ports, count);
	}
	return all;
}

void object_ports_free(struct inventory_port *ports, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(ports[i].name);
		free(ports[i].target);
	}
	free(ports);
}
