/*
 * A record of a whole cluster, and what it costs to read it.
 *
 *   record write FILE WORKLOADS CONNECTIONS WINDOWS   makes a database: a hundred edges for each
 *                                                     workload, each with so many connections on
 *                                                     average in so many windows
 *   record read FILE   looks at all columns of all edges, and no further: the yardstick for
 *                      commands
 *   record run FILE COMMAND...   runs it with its output in the file; JSON: the time of the
 *                                quickest run of five, and the most memory of any
 *
 * Two pods a workload, 110 on a node; each node's record has what left its pods and what came to
 * them, so that most conversations between pods are two edges. A pod resolves names, asks services
 * of its namespace and of another, reads its neighbour's metrics, asks for a few names outside that
 * have several addresses each; the kubelet probes it, clients from outside come to every fourth
 * workload, and one connection is refused.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "store/store.h"

#define REPLICAS 2
#define WORKLOADS_OF_NAMESPACE 50
#define PODS_OF_NODE 110
#define PEERS 4         /* services that a workload asks */
#define NAMES 5         /* that it asks outside */
#define NAME_HOSTS 4    /* addresses of each of them */
#define WORLD_NAMES 900 /* that anybody asks */
#define CLOCKS 2
#define CLIENTS 8 /* from outside, of a pod that has any */
#define ROUNDS 5
#define BEGUN INT64_C(1780000000000)
#define WINDOW 300000 /* ms */
#define NS_PER_MS 1000000

static void fail(const char *what)
{
	fprintf(stderr, "record: %s\n", what);
	exit(1);
}

static void *grown(void *items, size_t count, size_t size)
{
	void *memory = reallocarray(items, count, size);

	if (!memory)
		fail("no memory");
	return memory;
}

static void *zeroed(size_t count, size_t size)
{
	return memset(grown(NULL, count, size), 0, count * size);
}

static unsigned random_below(unsigned limit)
{
	static uint64_t state = 88172645463325252;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 33) % limit;
}

/* ---- the cluster ---- */

struct cluster {
	unsigned workloads, pods, nodes;
	unsigned connections, windows; /* of each edge */
	struct batch *batches;         /* one a node */
	size_t *capacities;            /* of their flows */
};

static struct addr address_of(uint8_t network, unsigned number)
{
	uint8_t bytes[4] = {network, (uint8_t)(number >> 16), (uint8_t)(number >> 8),
			    (uint8_t)number};

	return addr_from_bytes(bytes, sizeof(bytes));
}

static struct addr pod_address(unsigned pod)
{
	return address_of(10, pod + 1);
}

static struct addr service_address(unsigned workload)
{
	return address_of(10, (128u << 16) + workload + 1);
}

static struct addr node_address(unsigned node)
{
	return address_of(172, (16u << 16) + node + 1);
}

/* Neighbours, as those of one name outside mostly are. */
static struct addr host_address(unsigned name, unsigned host)
{
	return address_of(20, name * 256 + host * 3 + 1);
}

static struct addr client_address(unsigned number)
{
	return address_of(90, number % (1u << 24));
}

/* The last workload resolves names. */
static bool is_resolver(const struct cluster *cluster, unsigned workload)
{
	return workload + 1 == cluster->workloads;
}

static uint16_t port_of(const struct cluster *cluster, unsigned workload)
{
	return is_resolver(cluster, workload) ? 53 : (uint16_t)(8080 + workload % 10);
}

static uint8_t protocol_of(const struct cluster *cluster, unsigned workload)
{
	return is_resolver(cluster, workload) ? IPPROTO_UDP : IPPROTO_TCP;
}

static void put_namespace(const struct cluster *cluster, unsigned workload, char name[static 32])
{
	if (is_resolver(cluster, workload))
		strcpy(name, "kube-system");
	else
		snprintf(name, 32, "n%u", workload / WORKLOADS_OF_NAMESPACE);
}

/* Replicas are never on one node, if there are two. */
static unsigned node_of(const struct cluster *cluster, unsigned pod)
{
	return pod % cluster->nodes;
}

/* ---- who there is ---- */

static char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));

static char *text(const char *format, ...)
{
	va_list arguments;
	char *made;

	va_start(arguments, format);
	if (vasprintf(&made, format, arguments) < 0)
		fail("no memory");
	va_end(arguments);
	return made;
}

static void put_labels(struct labels *labels, unsigned workload)
{
	char name[32], part[32];

	snprintf(name, sizeof(name), "w%u", workload);
	snprintf(part, sizeof(part), "p%u", workload / WORKLOADS_OF_NAMESPACE);
	if (labels_set(labels, "app.kubernetes.io/instance", name) < 0 ||
	    labels_set(labels, "app.kubernetes.io/managed-by", "Helm") < 0 ||
	    labels_set(labels, "app.kubernetes.io/name", name) < 0 ||
	    labels_set(labels, "app.kubernetes.io/part-of", part) < 0 ||
	    labels_set(labels, "pod-template-hash", "6d4cf56db8") < 0)
		fail("no memory");
}

static struct batch_pod make_pod(const struct cluster *cluster, unsigned number)
{
	static const char letters[] = "bcdfghjklmnpqrstvwxz";
	unsigned workload = number / REPLICAS;
	struct batch_pod made = {.number = number + 1};
	struct pod *pod = &made.pod;
	char namespace[32];

	put_namespace(cluster, workload, namespace);
	pod->namespace = text("%s", namespace);
	pod->name = text("w%u-6d4cf56db8-%c%c%c%c%c", workload, letters[number % 20],
			 letters[number / 20 % 20], letters[number / 400 % 20],
			 letters[number / 8000 % 20], letters[number / 160000 % 20]);
	pod->uid = text("00000000-0000-4000-8000-%012u", number);
	pod->sandbox = text("%064u", number);
	pod->source = text("cni-result,cri");
	pod->conflict = strdup("");
	pod->labelled = true;
	put_labels(&pod->labels, workload);
	pod->created = (BEGUN - 60000) * NS_PER_MS;
	pod->ended = INTERVAL_OPEN;
	pod->addresses = zeroed(1, sizeof(*pod->addresses));
	pod->addresses[0] = (struct pod_address){.address = pod_address(number),
						 .since = pod->created,
						 .until = INTERVAL_OPEN,
						 .exact = true};
	pod->address_count = 1;
	return made;
}

static void make_pods(const struct cluster *cluster, unsigned node, struct batch *batch)
{
	batch->pods = zeroed(cluster->pods / cluster->nodes + 1, sizeof(*batch->pods));
	for (unsigned pod = node; pod < cluster->pods; pod += cluster->nodes)
		batch->pods[batch->pod_count++] = make_pod(cluster, pod);
	batch->pods_complete = true;
	batch->addresses = zeroed(1, sizeof(*batch->addresses));
	batch->addresses[0] = (struct node_address){node_address(node), true};
	batch->address_count = 1;
}

static struct batch_object make_service(const struct cluster *cluster, unsigned workload)
{
	char namespace[32], name[32], address[ADDR_TEXT_MAX];
	bool resolver = is_resolver(cluster, workload);

	put_namespace(cluster, workload, namespace);
	snprintf(name, sizeof(name), resolver ? "kube-dns" : "w%u", workload);
	return (struct batch_object){
	    .kind = text("Service"),
	    .namespace = text("%s", namespace),
	    .name = text("%s", name),
	    .uid = text("00000000-0000-4000-9000-%012u", workload),
	    .content =
		text("{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"%s\","
		     "\"namespace\":\"%s\",\"uid\":\"00000000-0000-4000-9000-%012u\"},\"spec\":{"
		     "\"type\":\"ClusterIP\",\"clusterIPs\":[\"%s\"],\"selector\":{"
		     "\"app.kubernetes.io/name\":\"w%u\"},\"ports\":[{\"name\":\"main\","
		     "\"protocol\":\"%s\",\"port\":%u,\"targetPort\":%u}]}}",
		     name, namespace, workload, addr_format(service_address(workload), address),
		     workload, resolver ? "UDP" : "TCP", resolver ? 53 : 80,
		     port_of(cluster, workload))};
}

/* One node's inventory tells all services. */
static void make_services(const struct cluster *cluster, struct batch *batch)
{
	batch->objects = zeroed(cluster->workloads, sizeof(*batch->objects));
	for (unsigned i = 0; i < cluster->workloads; i++)
		batch->objects[batch->object_count++] = make_service(cluster, i);
	batch->objects_complete = true;
}

/* ---- what nodes saw ---- */

static struct flow make_flow(const struct cluster *cluster, const struct edge_key *key,
			     unsigned window)
{
	int64_t begun = BEGUN + (int64_t)window * WINDOW;
	int64_t average = cluster->connections / cluster->windows;
	int64_t count = average > 1 ? 1 + random_below((unsigned)(2 * average - 1)) : 1;

	return (struct flow){.key = *key,
			     .window = begun,
			     .length = WINDOW,
			     .totals = {.connections = count,
					.closed = count,
					.counted = count,
					.packets_sent = 6 * count,
					.packets_received = 5 * count,
					.bytes_sent = 700 * count,
					.bytes_received = 9000 * count},
			     .first_seen = begun + random_below(1000),
			     .last_seen = begun + 2000 + random_below(200000)};
}

static void record(struct cluster *cluster, unsigned node, const struct edge_key *key)
{
	struct batch *batch = &cluster->batches[node];
	size_t *capacity = &cluster->capacities[node];

	if (batch->flow_count + cluster->windows > *capacity) {
		*capacity = 2 * *capacity + cluster->windows;
		batch->flows = grown(batch->flows, *capacity, sizeof(*batch->flows));
	}
	for (unsigned i = 0; i < cluster->windows; i++)
		batch->flows[batch->flow_count++] = make_flow(cluster, key, i);
}

static struct edge_key make_key(struct addr source, struct addr destination, uint16_t port,
				uint8_t protocol)
{
	struct edge_key key;

	memset(&key, 0, sizeof(key));
	key.source = source;
	key.destination = destination;
	key.protocol = protocol;
	key.has_port = 1;
	key.port = port;
	key.verdict = VERDICT_ANSWERED;
	return key;
}

/* As the source's node has it, and as the destination's has it: after the translation. */
static void record_both(struct cluster *cluster, unsigned from, unsigned to, struct edge_key key)
{
	unsigned here = node_of(cluster, from), there = node_of(cluster, to);

	key.source_pod = from + 1;
	key.destination_pod = here == there ? to + 1 : 0;
	record(cluster, here, &key);
	if (here == there)
		return;
	key.source_pod = 0;
	key.destination_pod = to + 1;
	key.service = (struct addr){0};
	key.service_port = 0;
	record(cluster, there, &key);
}

static void ask_service(struct cluster *cluster, unsigned pod, unsigned workload)
{
	for (unsigned i = 0; i < REPLICAS; i++) {
		unsigned to = workload * REPLICAS + i;
		struct edge_key key =
		    make_key(pod_address(pod), pod_address(to), port_of(cluster, workload),
			     protocol_of(cluster, workload));

		if (to == pod)
			continue;
		key.service = service_address(workload);
		key.service_port = is_resolver(cluster, workload) ? 53 : 80;
		record_both(cluster, pod, to, key);
	}
}

/* Straight to the pods. */
static void ask_pods(struct cluster *cluster, unsigned pod, unsigned workload, uint16_t port,
		     enum verdict verdict, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		unsigned to = workload * REPLICAS + i;
		struct edge_key key =
		    make_key(pod_address(pod), pod_address(to), port, IPPROTO_TCP);

		key.verdict = (uint8_t)verdict;
		record_both(cluster, pod, to, key);
	}
}

static void ask_host(struct cluster *cluster, unsigned pod, struct addr host, uint16_t port,
		     uint8_t protocol)
{
	struct edge_key key = make_key(pod_address(pod), host, port, protocol);

	key.source_pod = pod + 1;
	record(cluster, node_of(cluster, pod), &key);
}

static void ask_world(struct cluster *cluster, unsigned pod)
{
	for (unsigned i = 0; i < CLOCKS; i++)
		ask_host(cluster, pod, host_address(WORLD_NAMES, i), 123, IPPROTO_UDP);
	for (unsigned i = 0; i < NAMES * NAME_HOSTS; i++) {
		unsigned name = (pod / REPLICAS * 31 + i / NAME_HOSTS * 173) % WORLD_NAMES;

		ask_host(cluster, pod, host_address(name, i % NAME_HOSTS), 443, IPPROTO_TCP);
	}
}

static void be_asked(struct cluster *cluster, unsigned pod)
{
	unsigned node = node_of(cluster, pod), workload = pod / REPLICAS;
	struct edge_key key =
	    make_key(node_address(node), pod_address(pod), port_of(cluster, workload), IPPROTO_TCP);

	key.destination_pod = pod + 1;
	record(cluster, node, &key);
	for (unsigned i = 0; workload % 4 == 0 && i < CLIENTS; i++) {
		key.source = client_address(pod * 7919 + i * 104729);
		record(cluster, node, &key);
	}
}

/* One of the same namespace, and beyond these one from far away. */
static unsigned peer_of(const struct cluster *cluster, unsigned workload, unsigned which)
{
	unsigned first = workload / WORKLOADS_OF_NAMESPACE * WORKLOADS_OF_NAMESPACE;

	if (which + 1 == PEERS)
		return (workload * 7919 + 13) % cluster->workloads;
	return (first + (workload - first + which + 1) % WORKLOADS_OF_NAMESPACE) %
	       cluster->workloads;
}

static void live(struct cluster *cluster, unsigned pod)
{
	unsigned workload = pod / REPLICAS;

	if (!is_resolver(cluster, workload))
		ask_service(cluster, pod, cluster->workloads - 1);
	for (unsigned i = 0; i < PEERS; i++)
		ask_service(cluster, pod, peer_of(cluster, workload, i));
	ask_pods(cluster, pod, peer_of(cluster, workload, 0), 9090, VERDICT_ANSWERED, REPLICAS);
	ask_pods(cluster, pod, peer_of(cluster, workload, 1), 5432, VERDICT_REFUSED, 1);
	ask_world(cluster, pod);
	be_asked(cluster, pod);
}

/* ---- the database ---- */

static void write_node(struct store *store, const struct cluster *cluster, unsigned node)
{
	struct batch *batch = &cluster->batches[node];
	char name[32];

	snprintf(name, sizeof(name), "node%u", node);
	batch->time = BEGUN + (int64_t)(cluster->windows + 1) * WINDOW;
	make_pods(cluster, node, batch);
	if (node == 0)
		make_services(cluster, batch);
	if (store_use_node(store, name) < 0 || store_write(store, batch) < 0)
		fail(store_error(store));
}

static void write_record(const char *path, unsigned workloads, unsigned connections,
			 unsigned windows)
{
	const struct store_options options = {.create_only = true};
	struct cluster cluster = {.workloads = workloads,
				  .pods = workloads * REPLICAS,
				  .connections = connections,
				  .windows = windows};
	struct store *store;
	char *error;

	if (workloads == 0 || windows == 0)
		fail("there must be workloads and windows");
	if (store_open(path, &options, &store, &error) < 0)
		fail(error ? error : "no memory");
	cluster.nodes = (cluster.pods + PODS_OF_NODE - 1) / PODS_OF_NODE;
	cluster.batches = zeroed(cluster.nodes, sizeof(*cluster.batches));
	cluster.capacities = zeroed(cluster.nodes, sizeof(*cluster.capacities));
	for (unsigned i = 0; i < cluster.pods; i++)
		live(&cluster, i);
	for (unsigned i = 0; i < cluster.nodes; i++)
		write_node(store, &cluster, i);
	store_close(store);
}

/* What any reader of edges must at least do. */
static void read_record(const char *path)
{
	const char *query = "SELECT connections, * FROM edge";
	sqlite3 *database;
	sqlite3_stmt *statement;
	int64_t edges = 0, connections = 0, sum = 0;

	if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) !=
		SQLITE_OK ||
	    sqlite3_prepare_v2(database, query, -1, &statement, NULL) != SQLITE_OK)
		fail(sqlite3_errmsg(database));
	while (sqlite3_step(statement) == SQLITE_ROW) {
		connections += sqlite3_column_int64(statement, 0);
		for (int i = sqlite3_column_count(statement) - 1; i > 0; i--)
			if (sqlite3_column_type(statement, i) == SQLITE_TEXT)
				sum += *sqlite3_column_text(statement, i);
			else
				sum ^= sqlite3_column_int64(statement, i);
		edges++;
	}
	if (sum == 0)
		fail("the record is empty");
	printf("{\"edges\": %" PRId64 ", \"connections\": %" PRId64 "}\n", edges, connections);
	sqlite3_finalize(statement);
	sqlite3_close(database);
}

/* ---- what commands cost ---- */

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void become(const char *path, char **command)
{
	int out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (out < 0 || dup2(out, STDOUT_FILENO) < 0)
		fail("the output cannot be made");
	execvp(command[0], command);
	fail("the command cannot be run");
}

/* Nanoseconds; *ret_memory: the most KiB that any had. */
static int64_t run_once(const char *path, char **command, long *ret_memory)
{
	int64_t begun = now_ns(), took;
	struct rusage usage;
	pid_t child = fork();
	int status;

	if (child == 0)
		become(path, command);
	if (child < 0 || wait4(child, &status, 0, &usage) != child)
		fail("the command cannot be run");
	took = now_ns() - begun;
	if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
		fail("the command failed");
	if (usage.ru_maxrss > *ret_memory)
		*ret_memory = usage.ru_maxrss;
	return took;
}

static void run(const char *path, char **command)
{
	int64_t least = INT64_MAX;
	long memory = 0;

	for (int i = 0; i < ROUNDS; i++) {
		int64_t took = run_once(path, command, &memory);

		least = took < least ? took : least;
	}
	printf("{\"seconds\": %.3f, \"peak_rss_bytes\": %ld}\n", (double)least / 1e9,
	       memory * 1024);
}

int main(int argc, char **argv)
{
	if (argc == 6 && strcmp(argv[1], "write") == 0)
		write_record(argv[2], (unsigned)atoi(argv[3]), (unsigned)atoi(argv[4]),
			     (unsigned)atoi(argv[5]));
	else if (argc == 3 && strcmp(argv[1], "read") == 0)
		read_record(argv[2]);
	else if (argc >= 4 && strcmp(argv[1], "run") == 0)
		run(argv[2], argv + 3);
	else
		fail("usage: write FILE WORKLOADS CONNECTIONS WINDOWS | read FILE | "
		     "run FILE COMMAND...");
	return 0;
}
