/* Values of Kubernetes objects: what is of another kind than it should be becomes a problem at its
 * line; private to the inventory. */
#ifndef NETPOL_IDENTITY_INVENTORY_VALUE_H
#define NETPOL_IDENTITY_INVENTORY_VALUE_H

#include "identity/inventory.h"

struct object_reader {
	const char *file;
	struct problems *problems;
	const char *namespace; /* of objects that name none; NULL: they must */
	int error;             /* 0 or -ENOMEM; once set, what is read must be thrown away */
};

/* What a port is of decides which members it may have. */
enum port_of { PORT_OF_CONTAINER, PORT_OF_SERVICE, PORT_OF_ENDPOINTS };

/* A problem at the node's line. */
void object_problem(struct object_reader *reader, const struct node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The value under the key if it has this kind; NULL where it is absent or null, and with a problem
 * where it is another. */
const struct node *object_get(struct object_reader *reader, const struct node *object,
			      const char *key, enum node_kind kind);
/* The index-th entry if it is a mapping; likewise. */
const struct node *object_entry(struct object_reader *reader, const struct node *list, size_t index,
				const char *name);
/* The text under the key; "" where it is absent or null, and with a problem where it is no scalar.
 */
const char *object_text(struct object_reader *reader, const struct node *object, const char *key);
bool object_boolean(struct object_reader *reader, const struct node *object, const char *key);
/* A port number under the key; 0 where it is absent or null, and with a problem where it is none.
 */
uint16_t object_port_number(struct object_reader *reader, const struct node *object,
			    const char *key);
/* malloc'd; NULL sets the reader's error. */
char *object_dup(struct object_reader *reader, const char *text);
char *object_copy(struct object_reader *reader, const struct node *object, const char *key);
/* metadata.namespace, or the reader's. */
char *object_namespace(struct object_reader *reader, const struct node *metadata);
/* Room for one more item; false sets the reader's error. */
bool object_grow(struct object_reader *reader, void *items, size_t item_size, size_t count);
void object_labels(struct object_reader *reader, const struct node *object, const char *key,
		   struct labels *ret);
/* Adds the address that the value is; key is what it is called. */
void object_add_address(struct object_reader *reader, const struct node *value, const char *key,
			struct addr **addresses, size_t *count);
/* Adds the range that the value is; key is what it is called. */
void object_add_range(struct object_reader *reader, const struct node *value, const char *key,
		      struct prefix **ranges, size_t *count);
/* Those of the object's list of that name. */
void object_ranges(struct object_reader *reader, const struct node *object, const char *key,
		   struct prefix **ranges, size_t *count);
/* Sorts, and leaves each once. */
void object_settle(struct addr *addresses, size_t *count);
void object_settle_ranges(struct prefix *ranges, size_t *count);
/* Adds those of the object's list "ports"; false: not all of them can be read. */
bool object_ports(struct object_reader *reader, const struct node *object, enum port_of of,
		  struct inventory_port **ports, size_t *count);
void object_ports_free(struct inventory_port *ports, size_t count);

#endif
