#include "policy/endpoints.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "policy/array.h"
#include "policy/forwarding.h"
#include "policy/order.h"

/* A subject that asked for the service, or that one behind it asked. */
struct want {
	const struct inventory_service *service;
	uint16_t port;
	uint8_t protocol;
	bool egress;
	size_t subject;
	const struct end *end; /* who answered, or asked */
};

struct wants {
	struct want *items;
	size_t count;
	size_t capacity;
};

struct addresses {
	struct addr *items;
	size_t count;
	size_t capacity;
};

/* An address behind a service, and no pod's. */
struct holding {
	struct addr address;
	const struct inventory_service *service;
};

/* The API server's, and those of services that have no address of their own and no selector:
 * whoever asks one of these has it by the service's name. */
struct holdings {
	struct holding *items; /* by address */
	size_t count;
	const struct inventory_service *api_server; /* NULL: not known */
};

static bool is_api_server(const struct inventory_service *service)
{
	return strcmp(service->namespace, "default") == 0 &&
	       strcmp(service->name, "kubernetes") == 0;
}

static bool is_of(const struct inventory_endpoints *object, const struct inventory_service *service)
{
	return strcmp(object->namespace, service->namespace) == 0 &&
	       strcmp(object->service, service->name) == 0;
}

static int compare_holdings(const void *a, const void *b)
{
	const struct holding *x = a, *y = b;
	int r = addr_compare(x->address, y->address);

	r = r ? r : is_api_server(y->service) - is_api_server(x->service);
	return r ? r : (x->service > y->service) - (x->service < y->service);
}

/* NULL: none of interest. Services are by namespace and name. */
static const struct inventory_service *holder_of(const struct inventory *inventory,
						 const struct inventory_endpoints *object)
{
	size_t low = 0, high = inventory->service_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const struct inventory_service *service = &inventory->services[middle];
		int r = strcmp(service->namespace, object->namespace);

		r = r ? r : strcmp(service->name, object->service);
		if (r == 0)
			return is_api_server(service) ||
				       (service->selector.count == 0 && service->address_count == 0)
				   ? service
				   : NULL;
		if (r < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static size_t count_endpoints(const struct inventory *inventory)
{
	size_t count = 0;

	for (size_t i = 0; i < inventory->endpoints_count; i++)
		if (holder_of(inventory, &inventory->endpoints[i]))
			count += inventory->endpoints[i].count;
	return count;
}

static int find_holdings(const struct inventory *inventory, struct holdings *ret)
{
	if (!inventory)
		return 0;
	ret->items = calloc(count_endpoints(inventory) + 1, sizeof(*ret->items));
	if (!ret->items)
		return -ENOMEM;
	for (size_t i = 0; i < inventory->endpoints_count; i++) {
		const struct inventory_endpoints *object = &inventory->endpoints[i];
		const struct inventory_service *service = holder_of(inventory, object);

		for (size_t j = 0; service && j < object->count; j++)
			if (!*object->items[j].pod)
				ret->items[ret->count++] = (struct holding){
				    .address = object->items[j].address, .service = service};
	}
	qsort(ret->items, ret->count, sizeof(*ret->items), compare_holdings);
	for (size_t i = 0; i < inventory->service_count && !ret->api_server; i++)
		if (is_api_server(&inventory->services[i]))
			ret->api_server = &inventory->services[i];
	return 0;
}

/* The API server's, or the first that has the address; NULL: none. */
static const struct inventory_service *find_holder(const struct holdings *holdings,
						   struct addr address)
{
	size_t low = 0, high = holdings->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (addr_compare(holdings->items[middle].address, address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < holdings->count && addr_equal(holdings->items[low].address, address)
		   ? holdings->items[low].service
		   : NULL;
}

/* What calls webhooks is whichever API server has the request. */
static const struct inventory_service *client_of(const struct holdings *holdings,
						 const struct atoms *atoms, const struct atom *atom)
{
	const struct inventory_service *service;

	if (atom->own_node || (atom->wider & WIDER_ANY_CLIENT))
		return NULL;
	service = find_holder(holdings, atom->end->address);
	return service && is_api_server(service) && !is_open_to_all(atoms, atom) ? service : NULL;
}

/* NULL: none whose endpoints are known by address alone. */
static const struct inventory_service *
service_of(const struct holdings *holdings, const struct atoms *atoms, const struct atom *atom)
{
	if (atom->peer != ATOM_BLOCK || !atom->edge || atom->end->service_address)
		return NULL;
	if (!atom->egress)
		return client_of(holdings, atoms, atom);
	if (strcmp(atom->end->class, "api-server") == 0)
		return holdings->api_server;
	if (atom->edge->service)
		return atom->edge->service;
	return atom->end->prefix ? NULL : find_holder(holdings, atom->end->address);
}

static int compare_services(const struct want *x, const struct want *y)
{
	int r = strcmp(x->service->namespace, y->service->namespace);

	r = r ? r : strcmp(x->service->name, y->service->name);
	r = r ? r : order_numbers(x->egress, y->egress);
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

static int find_wants(const struct holdings *holdings, const struct atoms *atoms, struct wants *ret)
{
	for (size_t i = 0; i < atoms->count; i++) {
		const struct atom *atom = &atoms->items[i];
		const struct inventory_service *service = service_of(holdings, atoms, atom);

		if (!service)
			continue;
		if (array_grow(&ret->items, sizeof(*ret->items), ret->count, &ret->capacity) < 0)
			return -ENOMEM;
		ret->items[ret->count++] = (struct want){.service = service,
							 .port = atom->port,
							 .protocol = atom->protocol,
							 .egress = atom->egress,
							 .subject = atom->subject,
							 .end = atom->end};
	}
	if (ret->count > 0)
		qsort(ret->items, ret->count, sizeof(*ret->items), compare_wants);
	return 0;
}

/* ---- who else is behind the service ---- */

/* As a client it has no port. */
static bool has_port(const struct inventory_endpoints *object,
		     const struct inventory_endpoint *endpoint, const struct want *want)
{
	if (!want->egress)
		return true;
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
	if (array_grow(&addresses->items, sizeof(*addresses->items), addresses->count,
		       &addresses->capacity) < 0)
		return -ENOMEM;
	addresses->items[addresses->count++] = address;
	return 0;
}

/* No selector of a rule picks pods on the network of their node. */
static bool is_by_address(const struct inventory *inventory,
			  const struct inventory_endpoints *object,
			  const struct inventory_endpoint *endpoint)
{
	const struct inventory_pod *pod;

	if (!*endpoint->pod)
		return true;
	pod = inventory_find_pod(inventory, object->namespace, endpoint->pod, endpoint->pod_uid);
	return pod ? pod->host_network : inventory_find_node(inventory, endpoint->address) != NULL;
}

static int add_object(const struct inventory *inventory, const struct inventory_endpoints *object,
		      const struct want *want, struct addresses *ret)
{
	int r = 0;

	if (!is_of(object, want->service))
		return 0;
	for (size_t i = 0; i < object->count && r == 0; i++) {
		const struct inventory_endpoint *endpoint = &object->items[i];

		if (endpoint->ready && is_by_address(inventory, object, endpoint) &&
		    has_port(object, endpoint, want))
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
		    "it has %zu endpoints that addresses alone tell, more than %zu blocks "
		    "(--max-blocks): of "
		    "them only those that were seen are allowed %s port %u",
		    count, basis->request->max_blocks, want->egress ? "at" : "to ask", want->port);
	buf_clear(&subject);
}

/* Those of one subject, by address: did one of them see it already? */
static bool is_seen(const struct want *wants, size_t count, struct addr address)
{
	for (size_t i = 0; i < count && wants[i].subject == wants->subject; i++)
		if (addr_equal(wants[i].end->address, address))
			return true;
	return false;
}

/* All want the same of the same service. */
static int add_run(const struct basis *basis, const struct want *wants, size_t count,
		   struct problems *problems, struct atoms *atoms)
{
	const struct inventory *inventory = basis->graph->inventory;
	struct addresses addresses = {0};
	int r = 0;

	for (size_t i = 0; i < inventory->endpoints_count && r == 0; i++)
		r = add_object(inventory, &inventory->endpoints[i], wants, &addresses);
	tidy(&addresses);
	if (r == 0 && addresses.count > basis->request->max_blocks) {
		warn(basis, wants, addresses.count, problems);
		addresses.count = 0;
	}
	for (size_t i = 0; i < count; i++) {
		struct atom atom = {.subject = wants[i].subject,
				    .egress = wants[i].egress,
				    .peer = ATOM_BLOCK,
				    .group = GROUP_NONE,
				    .end = wants[i].end,
				    .service = wants[i].service,
				    .wider = WIDER_ENDPOINTS,
				    .port = wants[i].port,
				    .protocol = wants[i].protocol};

		/* One endpoint that was seen is enough. */
		if (i > 0 && wants[i].subject == wants[i - 1].subject)
			continue;
		for (size_t j = 0; j < addresses.count && r == 0; j++) {
			atom.block = prefix_of(addresses.items[j]);
			if (!is_seen(&wants[i], count - i, addresses.items[j]))
				r = atoms_add(atoms, &atom);
		}
	}
	free(addresses.items);
	return r;
}

int endpoints_add(const struct basis *basis, struct problems *problems, struct atoms *atoms)
{
	const size_t before = atoms->count;
	struct holdings holdings = {0};
	struct wants wants = {0};
	int r = find_holdings(basis->graph->inventory, &holdings);

	if (r == 0)
		r = find_wants(&holdings, atoms, &wants);

	for (size_t i = 0, end; i < wants.count && r == 0; i = end) {
		for (end = i + 1;
		     end < wants.count && compare_services(&wants.items[i], &wants.items[end]) == 0;
		     end++)
			;
		r = add_run(basis, &wants.items[i], end - i, problems, atoms);
	}
	free(holdings.items);
	free(wants.items);
	if (atoms->count > before)
		atoms_sort(atoms);
	return r;
}

int endpoints_add_itself(const struct atom *atom, bool service_ports, struct atoms *atoms)
{
	const struct edge_key *key = &atom->edge->edge.key;
	struct atom replica = *atom;
	int r;

	if (!addr_is_set(key->service) || !key->has_port || key->port == 0 ||
	    key->direction_uncertain)
		return 0;
	replica.peer = ATOM_GROUP;
	replica.group = atom->subject;
	replica.edge = NULL;
	replica.service = atom->edge->service;
	replica.wider |= WIDER_ENDPOINTS;
	r = atoms_add(atoms, &replica);
	if (r < 0 || !service_ports || !atom->egress || key->service_port == 0 ||
	    key->service_port == key->port)
		return r;
	replica.port = key->service_port;
	replica.wider |= WIDER_SERVICE_PORT;
	return atoms_add(atoms, &replica);
}
