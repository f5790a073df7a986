#include "sources/host_addr.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static struct addr addr_from_sockaddr(const struct sockaddr *address)
{
	if (address && address->sa_family == AF_INET)
		return addr_from_bytes(&((const struct sockaddr_in *)address)->sin_addr, 4);
	if (address && address->sa_family == AF_INET6)
		return addr_from_bytes(&((const struct sockaddr_in6 *)address)->sin6_addr, 16);
	return (struct addr){0};
}

static int compare(const void *a, const void *b)
{
	return addr_compare(*(const struct addr *)a, *(const struct addr *)b);
}

static size_t remove_repeated(struct addr *addresses, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (kept == 0 || !addr_equal(addresses[kept - 1], addresses[i]))
			addresses[kept++] = addresses[i];
	return kept;
}

int host_addr_list(struct addr **ret, size_t *ret_count)
{
	struct ifaddrs *interfaces = NULL;
	struct addr *addresses;
	size_t count = 0;

	if (getifaddrs(&interfaces) < 0)
		return -errno;
	for (const struct ifaddrs *i = interfaces; i; i = i->ifa_next)
		count++;
	addresses = calloc(count + 1, sizeof(*addresses));
	if (!addresses) {
		freeifaddrs(interfaces);
		return -ENOMEM;
	}
	count = 0;
	for (const struct ifaddrs *i = interfaces; i; i = i->ifa_next) {
		struct addr addr = addr_from_sockaddr(i->ifa_addr);

		if (addr_is_set(addr) && !addr_is_loopback(addr) && !addr_is_link_local(addr))
			addresses[count++] = addr;
	}
	freeifaddrs(interfaces);
	qsort(addresses, count, sizeof(*addresses), compare);
	*ret = addresses;
	*ret_count = remove_repeated(addresses, count);
	return 0;
}
