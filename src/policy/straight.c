#include "policy/straight.h"

#include "base/buf.h"
#include "policy/entry.h"
#include "policy/prefixes.h"

void straight_add(const struct basis *basis, const struct atom *const *atoms, size_t count,
		  struct straight *straight)
{
	const struct inventory_service *service = NULL;
	size_t addresses = 0;

	for (size_t i = 0; i < count; i++)
		addresses += i == 0 || prefix_compare(atoms[i - 1]->block, atoms[i]->block) != 0;
	for (size_t i = 0; i < count && !service; i++)
		if (i == 0 || atoms[i - 1]->edge->to->pod != atoms[i]->edge->to->pod)
			service = entry_service_of(basis->graph, atoms[i]->edge->to,
						   atoms[i]->protocol, atoms[i]->port);
	if (!service)
		return;
	if (straight->ports++ == 0) {
		straight->first = atoms[0];
		straight->service = service;
		straight->addresses = addresses;
	}
}

void straight_note(const struct basis *basis, const struct straight *straight,
		   struct problems *problems)
{
	const struct atom *first = straight->first;
	const struct group *group;
	struct buf subject = {0};
	char number[4];

	if (straight->ports == 0)
		return;
	group = &basis->groups->items[first->subject];
	buf_printf(&subject, "%s in %s", group->subject, group->namespace);
	if (!subject.error)
		problem_add(
		    problems, PROBLEM_NOTE, subject.data,
		    "%zu private address%s outside reached %s %u straight, to which service "
		    "%s leads%s, and %s allowed one by one; a load balancer's would change: "
		    "an inventory with its ingresses or targetgroupbindings opens the port, "
		    "--external-ingress learned-cidr joins addresses, --known-networks "
		    "takes its subnets",
		    straight->addresses, straight->addresses == 1 ? "" : "es",
		    protocol_name(first->protocol, number), first->port, straight->service->name,
		    straight->ports > 1 ? ", and so were other ports" : "",
		    straight->addresses == 1 ? "is" : "are");
	buf_clear(&subject);
}
