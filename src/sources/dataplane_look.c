#include "sources/dataplane_look.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/bpf.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "base/clock.h"
#include "sources/dataplane_cni.h"
#include "sources/dataplane_decode.h"

#define CONFIG_SIZE_MAX (1u << 20)
#define CONFIG_FILES_MAX 64u
#define LINKS_MAX 4096u
#define TABLES_MAX 256u
#define BUFFER_SIZE 32768u
#define PATIENCE (10 * NSEC_PER_SEC)

/* linux/bpf.h of 6.6. */
#define TCX_INGRESS 46u
#define TCX_EGRESS 47u

/* A directory of configuration, and the socket of the runtime that reads it instead of the usual.
 */
struct config_place {
	const char *path, *socket;
};

/* k3s and RKE2, MicroK8s, and what all others read. */
static const struct config_place config_places[] = {
    {"/var/lib/rancher/k3s/agent/etc/cni/net.d", "/run/k3s/containerd/containerd.sock"},
    {"/var/lib/rancher/rke2/agent/etc/cni/net.d", "/run/k3s/containerd/containerd.sock"},
    {"/var/snap/microk8s/current/args/cni-network",
     "/var/snap/microk8s/common/run/containerd.sock"},
    {"/etc/cni/net.d", NULL},
};
#define CONFIG_PLACES (sizeof(config_places) / sizeof(config_places[0]))

/* ---- files ---- */

/* Up to size - 1 bytes, ended by 0. */
static ssize_t read_file(int directory, const char *path, char *text, size_t size)
{
	int fd = openat(directory, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t length = 0;
	ssize_t r = 1;

	if (fd < 0)
		return -errno;
	while (length < size - 1 && (r = read(fd, text + length, size - 1 - length)) > 0)
		length += (size_t)r;
	if (r < 0)
		r = -errno;
	close(fd);
	text[length] = '\0';
	return r < 0 ? r : (ssize_t)length;
}

static struct dataplane_setting read_setting(const char *path)
{
	struct dataplane_setting setting = {0};
	char text[32];
	ssize_t r = read_file(AT_FDCWD, path, text, sizeof(text));

	if (r < 0)
		setting.error = (int)r;
	else
		setting.value = strtol(text, NULL, 10);
	return setting;
}

static bool has_suffix(const char *name, const char *suffix)
{
	size_t length = strlen(name), end = strlen(suffix);

	return length > end && strcmp(name + length - end, suffix) == 0;
}

static int is_config(const struct dirent *entry)
{
	return has_suffix(entry->d_name, ".conflist") || has_suffix(entry->d_name, ".conf") ||
	       has_suffix(entry->d_name, ".json");
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* The first that says anything, as the runtimes do. */
static int read_place(const char *place, char *text, struct dataplane_observations *ret)
{
	int directory = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = -ENOENT;
	struct dirent **entries = NULL;
	int count;

	if (directory < 0)
		return -errno;
	count = scandirat(directory, ".", &entries, is_config, compare_names);
	if (count < 0)
		r = -errno;
	for (int i = 0; i < count; i++) {
		if (r < 0 && i < (int)CONFIG_FILES_MAX) {
			ssize_t length =
			    read_file(directory, entries[i]->d_name, text, CONFIG_SIZE_MAX);

			r = length < 0 ? (int)length
				       : dataplane_cni_decode(text, (size_t)length, ret);
		}
		free(entries[i]);
	}
	free(entries);
	close(directory);
	return r;
}

/* Its runtime runs; the usual place is anybody's. Others left files there (Podman, a former
 * runtime). */
static bool is_in_use(const struct config_place *place)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, r;

	if (!place->socket)
		return true;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", place->socket);
	r = connect(fd, (const struct sockaddr *)&address, sizeof(address));
	r = r < 0 ? -errno : 0;
	close(fd);
	return r == 0 || r == -EAGAIN;
}

/* The first of those that are in use, or of those that are not, that says anything. */
static int read_places(bool in_use, char *text, struct dataplane_observations *ret)
{
	int error = -ENOENT;

	for (size_t i = 0; error && i < CONFIG_PLACES; i++) {
		int r = is_in_use(&config_places[i]) == in_use
			    ? read_place(config_places[i].path, text, ret)
			    : -ENOENT;

		if (r != -ENOENT && r != -ENOTDIR)
			error = r;
	}
	return error;
}

static void look_at_config(struct dataplane_observations *ret)
{
	char *text = malloc(CONFIG_SIZE_MAX);

	ret->cni_error = text ? read_places(true, text, ret) : -ENOMEM;
	if (ret->cni_error == -ENOENT)
		ret->cni_error = read_places(false, text, ret);
	free(text);
}

uint64_t dataplane_cni_stamp(void)
{
	uint64_t stamp = 0;

	for (size_t i = 0; i < CONFIG_PLACES; i++) {
		struct stat place = {0};

		if (stat(config_places[i].path, &place) == 0)
			stamp = stamp * 31 + (uint64_t)place.st_mtim.tv_sec * NSEC_PER_SEC +
				(uint64_t)place.st_mtim.tv_nsec;
	}
	return stamp;
}

/* Lists of services begin with their protocol. */
static bool has_ipvs_services(void)
{
	char text[4096];

	return read_file(AT_FDCWD, "/proc/net/ip_vs", text, sizeof(text)) > 0 &&
	       (strstr(text, "\nTCP ") || strstr(text, "\nUDP ") || strstr(text, "\nSCTP ") ||
		strstr(text, "\nFWM "));
}

static bool has_legacy_tables(void)
{
	char text[256];

	return read_file(AT_FDCWD, "/proc/net/ip_tables_names", text, sizeof(text)) > 0 ||
	       read_file(AT_FDCWD, "/proc/net/ip6_tables_names", text, sizeof(text)) > 0;
}

/* ---- netlink ---- */

typedef int take_fn(const void *message, size_t length, void *context);

struct talk {
	struct mnl_socket *socket;
	int64_t deadline; /* monotonic */
	uint32_t sequence;
	char buffer[BUFFER_SIZE] __attribute__((aligned(4)));
};

static int talk_begin(int family, struct talk **ret)
{
	const struct timeval silence = {.tv_sec = 2};
	struct talk *talk = calloc(1, sizeof(*talk));
	int r = 0;

	if (!talk)
		return -ENOMEM;
	talk->deadline = clock_monotonic() + PATIENCE;
	talk->socket = mnl_socket_open2(family, SOCK_CLOEXEC);
	if (!talk->socket || mnl_socket_bind(talk->socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    setsockopt(mnl_socket_get_fd(talk->socket), SOL_SOCKET, SO_RCVTIMEO, &silence,
		       sizeof(silence)) < 0) {
		r = -errno;
		if (talk->socket)
			mnl_socket_close(talk->socket);
		free(talk);
		return r;
	}
	*ret = talk;
	return 0;
}

static void talk_end(struct talk *talk)
{
	mnl_socket_close(talk->socket);
	free(talk);
}

static struct nlmsghdr *talk_request(struct talk *talk, uint16_t type)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(talk->buffer);

	request->nlmsg_type = type;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request->nlmsg_seq = ++talk->sequence;
	return request;
}

static int error_of(const struct nlmsghdr *message)
{
	int error = 0;

	if (mnl_nlmsg_get_payload_len(message) >= sizeof(error))
		memcpy(&error, mnl_nlmsg_get_payload(message), sizeof(error));
	return error;
}

/* 1: there is more to come. What changed during a dump is seen by the next look. */
static int take_datagram(struct talk *talk, int length, take_fn *take, void *context)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)talk->buffer;

	for (; mnl_nlmsg_ok(message, length); message = mnl_nlmsg_next(message, &length)) {
		int r;

		if (message->nlmsg_seq != talk->sequence)
			continue;
		if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE)
			return error_of(message);
		r = take(message, message->nlmsg_len, context);
		if (r < 0)
			return r;
	}
	return 1;
}

static int talk_dump(struct talk *talk, const struct nlmsghdr *request, take_fn *take,
		     void *context)
{
	int r = 1;

	if (mnl_socket_sendto(talk->socket, request, request->nlmsg_len) < 0)
		return -errno;
	while (r == 1) {
		ssize_t length = mnl_socket_recvfrom(talk->socket, talk->buffer, BUFFER_SIZE);

		if (length < 0)
			return -errno;
		r = clock_monotonic() > talk->deadline
			? -ETIMEDOUT
			: take_datagram(talk, (int)length, take, context);
	}
	return r;
}

/* ---- devices ---- */

struct links {
	struct link_seen *items;
	size_t count;
	bool cut;
};

static int take_link(const void *message, size_t length, void *context)
{
	struct links *links = context;

	if (((const struct nlmsghdr *)message)->nlmsg_type != RTM_NEWLINK)
		return 0;
	if (links->count == LINKS_MAX) {
		links->cut = true;
		return 0;
	}
	return dataplane_decode_link(message, length, &links->items[links->count++]);
}

static int look_at_links(struct talk *talk, struct links *links)
{
	struct nlmsghdr *request = talk_request(talk, RTM_GETLINK);

	mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
	return talk_dump(talk, request, take_link, links);
}

struct cache_search {
	const struct links *links;
	struct dataplane_observations *observations;
};

/* NodeLocal DNSCache's default, and what its device has. */
static const struct dataplane_address usual_cache = {.length = 4, .bytes = {169, 254, 20, 10}};

static bool is_on_caches_device(const struct links *links, uint32_t index)
{
	for (size_t i = 0; i < links->count; i++)
		if (links->items[i].index == (int)index)
			return strcmp(links->items[i].name, "nodelocaldns") == 0;
	return false;
}

static void add_cache(struct dataplane_observations *observations, const void *bytes, size_t length)
{
	struct dataplane_address *cache = &observations->caches[observations->cache_count];

	if (observations->cache_count == DATAPLANE_CACHES_MAX || length > sizeof(cache->bytes))
		return;
	cache->length = (uint8_t)length;
	memcpy(cache->bytes, bytes, length);
	observations->cache_count++;
}

static int take_address(const void *message, size_t length, void *context)
{
	const struct cache_search *search = context;
	const struct nlattr *attr;
	struct ifaddrmsg header;

	if (length < MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(header)))
		return -EBADMSG;
	memcpy(&header, mnl_nlmsg_get_payload(message), sizeof(header));
	mnl_attr_for_each(attr, (const struct nlmsghdr *)message, sizeof(header))
	{
		const void *bytes = mnl_attr_get_payload(attr);
		size_t size = mnl_attr_get_payload_len(attr);

		if (mnl_attr_get_type(attr) !=
		    (header.ifa_family == AF_INET ? IFA_LOCAL : IFA_ADDRESS))
			continue;
		if (size == usual_cache.length && memcmp(bytes, usual_cache.bytes, size) == 0)
			search->observations->devices |= DEVICE_NODE_DNS;
		else if (is_on_caches_device(search->links, header.ifa_index))
			add_cache(search->observations, bytes, size);
	}
	return 0;
}

static void look_at_addresses(struct talk *talk, const struct links *links,
			      struct dataplane_observations *ret)
{
	struct cache_search search = {.links = links, .observations = ret};
	struct nlmsghdr *request = talk_request(talk, RTM_GETADDR);
	struct ifaddrmsg *header = mnl_nlmsg_put_extra_header(request, sizeof(*header));

	header->ifa_family = AF_UNSPEC;
	add_cache(ret, usual_cache.bytes, usual_cache.length);
	talk_dump(talk, request, take_address, &search);
}

/* ---- eBPF ---- */

static int take_filter(const void *message, size_t length, void *context)
{
	if (((const struct nlmsghdr *)message)->nlmsg_type != RTM_NEWTFILTER)
		return 0;
	return dataplane_take_filter(message, length, context);
}

/* A device without clsact has no such place. */
static int look_at_filters(struct talk *talk, int device, uint32_t place,
			   struct dataplane_observations *ret)
{
	struct nlmsghdr *request = talk_request(talk, RTM_GETTFILTER);
	struct tcmsg *header = mnl_nlmsg_put_extra_header(request, sizeof(*header));
	int r;

	header->tcm_family = AF_UNSPEC;
	header->tcm_ifindex = device;
	header->tcm_parent = TC_H_MAKE(TC_H_CLSACT, place);
	r = talk_dump(talk, request, take_filter, ret);
	return r == -EINVAL || r == -ENOENT || r == -ENODEV ? 0 : r;
}

/* Since 6.6. */
static bool has_tcx(void)
{
	struct utsname kernel;
	int major = 0, minor = 0;

	return uname(&kernel) < 0 || sscanf(kernel.release, "%d.%d", &major, &minor) != 2 ||
	       major > 6 || (major == 6 && minor >= 6);
}

/* Kernels without tcx know no such place: -EINVAL. */
static int count_tcx(int device, uint32_t place)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (uint32_t)device;
	attr.query.attach_type = place;
	if (syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof(attr)) == 0)
		return (int)attr.query.prog_cnt;
	return errno == EINVAL || errno == ENODEV || errno == ENOENT ? 0 : -errno;
}

static void look_at_tcx(int device, struct dataplane_observations *ret)
{
	int ingress = count_tcx(device, TCX_INGRESS), egress = count_tcx(device, TCX_EGRESS);

	if (ingress < 0 || egress < 0)
		ret->tcx_error = ingress < 0 ? ingress : egress;
	else if (ingress + egress > 0)
		ret->programs |= PROGRAM_TCX;
}

static void look_at_device(struct talk *talk, int device, bool tcx,
			   struct dataplane_observations *ret)
{
	int r = look_at_filters(talk, device, TC_H_MIN_INGRESS, ret);

	if (r == 0)
		r = look_at_filters(talk, device, TC_H_MIN_EGRESS, ret);
	if (r < 0)
		ret->programs_error = r;
	if (tcx)
		look_at_tcx(device, ret);
}

static void look_at_programs(struct talk *talk, const struct links *links,
			     struct dataplane_observations *ret)
{
	bool tcx = has_tcx();

	ret->programs_missed = links->cut;
	for (size_t i = 0; i < links->count; i++) {
		if (!dataplane_is_pods(links->items, links->count, &links->items[i]))
			continue;
		if (clock_monotonic() > talk->deadline) {
			ret->programs_missed = true;
			break;
		}
		look_at_device(talk, links->items[i].index, tcx, ret);
	}
}

static void look_at_devices(struct dataplane_observations *ret)
{
	struct links links = {.items = calloc(LINKS_MAX, sizeof(*links.items))};
	struct talk *talk = NULL;
	int r = links.items ? talk_begin(NETLINK_ROUTE, &talk) : -ENOMEM;

	if (r == 0)
		r = look_at_links(talk, &links);
	ret->links_error = ret->programs_error = r;
	if (r == 0) {
		dataplane_take_links(links.items, links.count, ret);
		look_at_addresses(talk, &links, ret);
		look_at_programs(talk, &links, ret);
	}
	if (talk)
		talk_end(talk);
	free(links.items);
}

/* ---- nftables ---- */

struct tables {
	struct dataplane_observations *observations;
	struct table_seen early[TABLES_MAX]; /* each once */
	size_t count;
};

static int add_table(struct tables *tables, const struct table_seen *table)
{
	for (size_t i = 0; i < tables->count; i++)
		if (tables->early[i].family == table->family &&
		    strcmp(tables->early[i].name, table->name) == 0)
			return 0;
	if (tables->count == TABLES_MAX)
		return -E2BIG;
	tables->early[tables->count++] = *table;
	return 0;
}

static int take_rule(const void *message, size_t length, void *context)
{
	struct tables *tables = context;
	struct table_seen table;
	int r = dataplane_take_rule(message, length, tables->observations);

	if (r == 0 && dataplane_decode_early(message, length, &table) == 1)
		r = add_table(tables, &table);
	return r;
}

static int look_at_tables(struct talk *talk, uint16_t type, uint8_t family, const char *table,
			  const char *chain, struct tables *tables)
{
	struct nlmsghdr *request = talk_request(talk, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type));
	struct nfgenmsg *header = mnl_nlmsg_put_extra_header(request, sizeof(*header));

	header->nfgen_family = family;
	header->version = NFNETLINK_V0;
	if (table)
		mnl_attr_put_strz(request, NFTA_RULE_TABLE, table);
	if (chain)
		mnl_attr_put_strz(request, NFTA_RULE_CHAIN, chain);
	return talk_dump(talk, request, take_rule, tables);
}

/* What went away meanwhile has no rules. */
static int look_at_table(struct talk *talk, uint8_t family, const char *table, const char *chain,
			 struct tables *tables)
{
	int r = look_at_tables(talk, NFT_MSG_GETRULE, family, table, chain, tables);

	return r == -ENOENT ? 0 : r;
}

/* Of rules only those that matter here: there may be hundreds of thousands. */
static int look_at_all_tables(struct talk *talk, struct tables *tables)
{
	static const uint8_t families[] = {NFPROTO_IPV4, NFPROTO_IPV6};
	int r = look_at_tables(talk, NFT_MSG_GETTABLE, NFPROTO_UNSPEC, NULL, NULL, tables);

	if (r == 0)
		r = look_at_tables(talk, NFT_MSG_GETCHAIN, NFPROTO_UNSPEC, NULL, NULL, tables);
	for (size_t i = 0; r == 0 && i < tables->count; i++)
		r = look_at_table(talk, tables->early[i].family, tables->early[i].name, NULL,
				  tables);
	if (!(tables->observations->rules & RULE_CILIUM))
		return r;
	for (size_t i = 0; r == 0 && i < sizeof(families); i++)
		r = look_at_table(talk, families[i], "nat", "CILIUM_POST_nat", tables);
	return r;
}

static void look_at_rules(struct dataplane_observations *ret)
{
	struct tables *tables = calloc(1, sizeof(*tables));
	struct talk *talk = NULL;
	int r = tables ? talk_begin(NETLINK_NETFILTER, &talk) : -ENOMEM;

	if (r == 0) {
		tables->observations = ret;
		r = look_at_all_tables(talk, tables);
		talk_end(talk);
	}
	free(tables);
	ret->rules_error = r;
	if (has_legacy_tables())
		ret->rules |= RULE_LEGACY;
}

void dataplane_look(struct dataplane_observations *ret)
{
	memset(ret, 0, sizeof(*ret));
	look_at_config(ret);
	ret->bridge_ipv4 = read_setting("/proc/sys/net/bridge/bridge-nf-call-iptables");
	ret->bridge_ipv6 = read_setting("/proc/sys/net/bridge/bridge-nf-call-ip6tables");
	look_at_devices(ret);
	look_at_rules(ret);
	ret->ipvs_services = has_ipvs_services();
}
