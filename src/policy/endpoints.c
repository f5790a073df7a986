#include "policy/endpoints.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "policy/order.h"

/* A subject that asked for the service. */
struct want {
	const struct inventory_service *service;
	uint16_t port;
	uint8_t protocol;
	size_t subject;
	const struct end *end; /* who answered */
};

struct wants {
	struct want *items;
	size_t count;
};

struct addresses {
	struct addr *items;
	size_t count;
	size_t capacity;
};

static const struct inventory_service *find_api_server(const struct inventory *inventory)
{
	for (size_t i = 0; inventory && i < inventory->service_count; i++) {
		const struct inventory_service *service = &inventory->services[i];

		if (strcmp(service->namespace, "default") == 0 &&
		    strcmp(service->name, "kubernetes") == 0)
			return service;
	}
	return NULL;
}

/* NULL: none whose endpoints are known by address alone. */
static const struct inventory_service *service_of(const struct inventory_service *api_server,
						  const struct atom *atom)
{
	if (!atom->egress || atom->peer != ATOM_BLOCK || !atom->edge || atom->end->service_address)
		return NULL;
	if (strcmp(atom->end->class, "api-server") == 0)
		return api_server;
	if (atom->edge->service && atom->edge->service->selector.count == 0)
		return atom->edge->service;
	return NULL;
}

static int compare_services(const struct want *x, const struct want *y)
{
	int r = strcmp(x->service->namespace, y->service->namespace);

	r = r ? r : strcmp(x->service->name, y->service->name);
	r = r ? r : order_numbers(x->port, y->port);
	return r ? r : order_numbers(x->protocol, y->protocol);
}

static int compare_wants(const void *a, const void *b)
{
	const struct want *x = a, *y = b;
	int r = compare_services(x, y);

	r = r ? r : order_numbers(x->subject, y->subject);
	return r ? r : addr_compare(x->end->address, y->end->address);
}

static int find_wants(const struct basis *basis, const struct atoms *atoms, struct wants *ret)
{
	const struct inventory_service *api_server = find_api_server(basis->graph->inventory);
	size_t count = 0;

	for (size_t i = 0; i < atoms->count; i++)
		count += service_of(api_server, &atoms->items[i]) != NULL;
	ret->items = calloc(count + 1, sizeof(*ret->items));
	if (!ret->items)
		return -ENOMEM;
	for (size_t i = 0; i < atoms->count; i++) {
		const struct atom *atom = &atoms->items[i];
		const struct inventory_service *service = service_of(api_server, atom);

		if (service)
			ret->items[ret->count++] = (struct want){.service = service,
								 .port = atom->port,
								 .protocol = atom->protocol,
								 .subject = atom->subject,
								 .end = atom->end};
	}
	qsort(ret->items, ret->count, sizeof(*ret->items), compare_wants);
	return 0;
}

/* ---- who else is behind the service ---- */

static bool has_port(const struct inventory_endpoints *object,
		     const struct inventory_endpoint *endpoint, const struct want *want)
{
	for (size_t i = 0; i < endpoint->port_count; i++) {
		const struct inventory_port *port = &object->ports[endpoint->first_port + i];

		if (port->protocol == want->protocol &&
		    (port->port == 0 || port->port == want->port))
			return true;
	}
	return false;
}

static int add_address(struct addresses *addresses, struct addr address)
{
	size_t capacity = addresses->capacity ? 2 * addresses->capacity : 8;
	struct addr *items;

	if (addresses->count == addresses->capacity) {
		items = reallocarray(addresses->items, capacity, sizeof(*items));
		if (!items)
			return -ENOMEM;
		addresses->items = items;
		addresses->capacity = capacity;
	}
	addresses->items[addresses->count++] = address;
	return 0;
}

static int add_object(const struct inventory_endpoints *object, const struct want *want,
		      struct addresses *ret)
{
	int r = 0;

	if (strcmp(object->namespace, want->service->namespace) != 0 ||
	    strcmp(object->service, want->service->name) != 0)
		return 0;
	for (size_t i = 0; i < object->count && r == 0; i++) {
		const struct inventory_endpoint *endpoint = &object->items[i];

		if (endpoint->ready && !*endpoint->pod && has_port(object, endpoint, want))
			r = add_address(ret, endpoint->address);
	}
	return r;
}

static int compare_addresses(const void *a, const void *b)
{
	const struct addr *x = a, *y = b;

	return addr_compare(*x, *y);
}

/* An EndpointSlice and an Endpoints object may tell the same. */
static void tidy(struct addresses *addresses)
{
	size_t kept = 0;

	if (addresses->count > 0)
		qsort(addresses->items, addresses->count, sizeof(*addresses->items),
		      compare_addresses);
	for (size_t i = 0; i < addresses->count; i++)
		if (kept == 0 || !addr_equal(addresses->items[kept - 1], addresses->items[i]))
			addresses->items[kept++] = addresses->items[i];
	addresses->count = kept;
}

static void warn(const struct basis *basis, const struct want *want, size_t count,
		 struct problems *problems)
{
	struct buf subject = {0};

	buf_printf(&subject, "service %s in %s", want->service->name, want->service->namespace);
	problem_add(problems, PROBLEM_WARNING, subject.error ? want->service->name : subject.data,
		    "it has %zu endpoints without pods at port %u, more than %zu blocks "
		    "(--max-blocks): of them only those that were seen are allowed",
		    count, want->port, basis->request->max_blocks);
	buf_clear(&subject);
}

/* All want the same of the same service. */
static int add_run(const struct basis *basis, const struct want *wants, size_t count,
		   struct problems *problems, struct atoms *atoms)
{
	const struct inventory *inventory = basis->graph->inventory;
	struct addresses addresses = {0};
	int r = 0;

	for (size_t i = 0; i < inventory->endpoints_count && r == 0; i++)
		r = add_object(&inventory->endpoints[i], wants, &addresses);
	tidy(&addresses);
	if (r == 0 && addresses.count > basis->request->max_blocks) {
		warn(basis, wants, addresses.count, problems);
		addresses.count = 0;
	}
	for (size_t i = 0; i < count; i++) {
		struct atom atom = {.subject = wants[i].subject,
				    .egress = true,
				    .peer = ATOM_BLOCK,
				    .group = GROUP_NONE,
				    .end = wants[i].end,
				    .service = wants[i].service,
				    .wider = WIDER_ENDPOINTS,
				    .port = wants[i].port,
				    .protocol = wants[i].protocol};

		/* One endpoint that was seen is enough. */
		for (size_t j = 0; j < addresses.count && r == 0 &&
				   (i == 0 || wants[i].subject != wants[i - 1].subject);
		     j++) {
			atom.block = prefix_of(addresses.items[j]);
			r = atoms_add(atoms, &atom);
		}
	}
	free(addresses.items);
	return r;
}

int endpoints_add(const struct basis *basis, struct problems *problems, struct atoms *atoms)
{
	const size_t before = atoms->count;
	struct wants wants = {0};
	int r = find_wants(basis, atoms, &wants);

	for (size_t i = 0, end; i < wants.count && r == 0; i = end) {
		for (end = i + 1;
		     end < wants.count && compare_services(&wants.items[i], &wants.items[end]) == 0;
		     end++)
			;
		r = add_run(basis, &wants.items[i], end - i, problems, atoms);
	}
	free(wants.items);
	if (atoms->count > before)
		atoms_sort(atoms);
	return r;
}

int endpoints_add_itself(const struct atom *atom, struct atoms *atoms)
{
	const struct edge_key *key = &atom->edge->edge.key;
	struct atom replica = *atom;

	if (!addr_is_set(key->service) || !key->has_port || key->port == 0 ||
	    key->direction_uncertain)
		return 0;
	replica.peer = ATOM_GROUP;
	replica.group = atom->subject;
	replica.edge = NULL;
	replica.service = atom->edge->service;
	replica.wider |= WIDER_ENDPOINTS;
	return atoms_add(atoms, &replica);
}
