/* Types as tables, and how a place in an object is told; private to the strict reader. */
#ifndef NETPOL_TESTS_PUBLISHED_INTERNAL_H
#define NETPOL_TESTS_PUBLISHED_INTERNAL_H

#include <stdbool.h>

#include "tests/unit/policy/published.h"

/* Where it is: the steps down from an object. */
struct place {
	const struct place *above; /* NULL: a root */
	const char *name;          /* member; NULL: an item */
	size_t index;
};

enum shape { SHAPE_OBJECT, SHAPE_LIST, SHAPE_MAP, SHAPE_TEXT, SHAPE_INTEGER, SHAPE_BOOLEAN };

struct type;

struct field {
	const char *name;
	const struct type *type;
	enum { OPTIONAL, REQUIRED, NULLABLE } need; /* NULLABLE: required, but may be null */
};

struct type {
	enum shape shape;
	const struct field *fields; /* OBJECT: ends with a name that is NULL */
	const struct type *item;    /* LIST, MAP: of the values */
	long least, most; /* INTEGER: value; LIST, MAP: entries; OBJECT: members; TEXT: bytes; most
			     0: any */
	const char *const *values; /* TEXT: one of these; NULL: any */
	/* What is wrong with the text, or a key; NULL: nothing. */
	const char *(*text)(const char *text);
	const char *(*key)(const char *text);
	bool port_name; /* INTEGER: or a text, which names a port */
	bool set;       /* LIST: no item twice */
	/* What the parts say together. */
	void (*whole)(struct published *published, const struct place *place,
		      const struct node *node);
};

/* An API's object. */
struct published_kind {
	const char *api_version;
	const char *kind;
	const struct type *type;
};

/* Ends with an api_version that is NULL. */
extern const struct published_kind published_kinds[];

void published_wrong(struct published *published, const struct place *place,
		     const struct node *node, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

const char *text_dns_label(const char *text);
const char *text_dns_subdomain(const char *text);
const char *text_label_key(const char *text);
/* Cilium's: with a source in front, "k8s:app". */
const char *text_cilium_key(const char *text);
const char *text_label_value(const char *text);
const char *text_port_name(const char *text);
const char *text_port_number(const char *text);
const char *text_cidr(const char *text);
/* Of a /32 or /128 as well; "": none. */
const char *text_address_or_nothing(const char *text);
const char *text_not_empty(const char *text);
const char *text_domain_name(const char *text);

#endif
