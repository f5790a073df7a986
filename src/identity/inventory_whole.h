/* What inventory_new() really makes, and the steps of inventory_finish(); private to the inventory.
 */
#ifndef NETPOL_IDENTITY_INVENTORY_WHOLE_H
#define NETPOL_IDENTITY_INVENTORY_WHOLE_H

#include "identity/inventory_value.h"

struct uid_entry {
	const char *uid;
	const struct inventory_pod *pod;
};

struct address_entry {
	struct addr address;
	size_t index; /* of the service or node */
};

struct index {
	struct address_entry *entries;
	size_t count;
};

/* A static pod has one uid from its kubelet and another from the API server. */
struct static_uid {
	char *kubelet;
	char *api;
};

/* An object that controls others, what controls it ("" for nothing), and which pods it takes for
 * its own. */
struct owner {
	char *kind;
	char *namespace;
	char *name;
	char *above_kind;
	char *above_name;
	bool generated;         /* metadata.generateName is there */
	struct labels selector; /* spec.selector, if it is labels alone; count 0: not known */
	struct labels made;     /* labels of the pods that it makes; count 0: not known */
};

struct whole {
	struct inventory inventory; /* first: what everybody else sees of it */
	bool of_manifests;
	size_t pod_capacity, template_capacity, namespace_capacity, service_capacity,
	    endpoints_capacity, node_capacity, ranges_capacity, backend_capacity, change_capacity,
	    file_capacity;
	struct owner *owners; /* by kind, namespace, name once finished */
	size_t owner_count, owner_capacity;
	struct static_uid *static_uids; /* by kubelet once merged */
	size_t static_uid_count, static_uid_capacity;
	struct uid_entry *uids; /* by uid, those of static pods included */
	size_t uid_count;
	struct index services;
	struct index nodes;
};

static inline struct whole *whole_of(struct inventory *inventory)
{
	return (struct whole *)inventory;
}

static inline const struct whole *whole_of_const(const struct inventory *inventory)
{
	return (const struct whole *)inventory;
}

/* An object that may be there twice. */
struct namesake {
	const char *kind;
	const char *namespace; /* NULL: it is in none */
	const char *name;
	const struct labels *labels;
	const char *file;
	unsigned line;
};

/* Room for one more. */
int inventory_grow(void *items, size_t item_size, size_t count, size_t *capacity);

/* Keeps what is needed of an object that may control others; length is the kind's. */
int inventory_add_owner(struct whole *whole, const struct node *object, const char *kind,
			size_t length);
/* If the object has a template of pods: of kinds that are not known by its shape. One that is not
 * read is a problem. */
int inventory_add_template(struct whole *whole, struct object_reader *reader,
			   const struct node *object, const char *version, const char *kind,
			   size_t length);
int inventory_sort_templates(struct whole *whole, struct problems *problems);
/* A problem where what two manifests say of one object differs in labels. */
void inventory_compare_namesakes(struct problems *problems, const struct namesake *believed,
				 const struct namesake *other);
void inventory_owner_clear(void *owner);
/* Sorts the owners, and sets the pods' top_kind and top_name. */
int inventory_find_owners(struct whole *whole);

/* Makes one of all that is told of one pod, sorts them, and fills changes. */
int inventory_merge_pods(struct whole *whole, struct problems *problems);

/* The controller of a recorded pod, as far as its labels and name prove it. */
int inventory_prove_owner(struct inventory_pod *pod);

/* For finding by uid and address. */
int inventory_index(struct whole *whole);

#endif
