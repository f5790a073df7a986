#include "cli/evidence.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/shape.h"

/* Sums stay far from overflow. */
#define COUNT_MAX (INT64_C(1) << 53)

/* ---- writing ---- */

json_t *evidence_header(const char *node, int64_t first, int64_t heartbeat)
{
	return json_pack("{s:s, s:i, s:s, s:o, s:o}", "type", "header", "version", EVIDENCE_VERSION,
			 "node", node, "from", shape_time(first), "until", shape_time(heartbeat));
}

static json_t *addresses_tree(const struct pod *pod)
{
	json_t *addresses = json_array();

	for (size_t i = 0; i < pod->address_count; i++) {
		const struct pod_address *owned = &pod->addresses[i];

		if (shape_append(addresses,
				 json_pack("{s:o, s:o, s:o, s:b, s:b}", "address",
					   shape_address(owned->address), "from",
					   shape_time(owned->since), "until",
					   shape_time(owned->until), "exact", owned->exact,
					   "secondary", owned->secondary)) < 0) {
			json_decref(addresses);
			return NULL;
		}
	}
	return addresses;
}

static json_t *words_tree(const struct pod *pod)
{
	json_t *words = json_array();

	for (size_t i = 0; i < pod->word_count; i++) {
		const struct pod_word *word = &pod->words[i];

		if (shape_append(words, json_pack("{s:s, s:s, s:s}", "source", word->source,
						  "place", word->place, "said", word->said)) < 0) {
			json_decref(words);
			return NULL;
		}
	}
	return words;
}

json_t *evidence_of_pod(const struct stored_pod *stored)
{
	const struct pod *pod = &stored->pod;
	json_t *labels = pod->labelled ? shape_labels(&pod->labels) : json_null();

	return json_pack(
	    "{s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:o, s:o, s:b, s:o, s:o, s:o, s:o}", "type", "pod",
	    "node", stored->node, "namespace", pod->namespace, "name", pod->name, "uid",
	    shape_text(pod->uid), "sandbox", shape_text(pod->sandbox), "source", pod->source,
	    "conflict", shape_text(pod->conflict ? pod->conflict : ""), "labels", labels,
	    "host_network", pod->host_network, "created", shape_time(pod->created), "ended",
	    shape_time(pod->ended), "addresses", addresses_tree(pod), "words", words_tree(pod));
}

json_t *evidence_of_object(const struct stored_object *object)
{
	json_t *content = json_loads(object->content, 0, NULL);

	return json_pack("{s:s, s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:o}", "type", "object", "node",
			 object->node, "kind", object->kind, "namespace",
			 shape_text(object->namespace), "name", object->name, "uid",
			 shape_text(object->uid), "since", shape_time(object->since), "until",
			 shape_time(object->until), "content", content ? content : json_null());
}

json_t *evidence_of_fact(const struct stored_fact *fact)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:o}", "type", "fact", "node", fact->node, "name",
			 fact->name, "value", fact->value, "since", shape_time(fact->since));
}

json_t *evidence_of_address(const struct stored_address *address)
{
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "type", "fact", "node", address->node,
			 "name", EVIDENCE_ADDRESS_FACT, "value", shape_address(address->address),
			 "since", shape_time(address->since), "until", shape_time(address->until));
}

json_t *evidence_of_gap(const char *node, const struct gap *gap)
{
	json_t *tree = json_pack("{s:s}", "type", "gap");
	json_t *members = shape_gap(node, gap);

	if (!tree || !members || json_object_update(tree, members) < 0) {
		json_decref(tree);
		tree = NULL;
	}
	json_decref(members);
	return tree;
}

static json_t *end_tree(struct addr address, uint8_t prefix, const struct pod *pod)
{
	if (!pod || prefix)
		return json_pack("{s:o}", "address", shape_range(address, prefix));
	return json_pack("{s:o, s:s, s:s, s:o, s:o}", "address", shape_address(address),
			 "namespace", pod->namespace, "name", pod->name, "uid",
			 shape_text(pod->uid), "sandbox", shape_text(pod->sandbox));
}

static json_t *port_tree(bool has_port, uint16_t port)
{
	return has_port ? json_integer(port) : json_null();
}

static json_t *service_tree(const struct edge_key *key)
{
	if (!addr_is_set(key->service))
		return json_null();
	return json_pack("{s:o, s:o}", "address", shape_address(key->service), "port",
			 port_tree(key->has_port, key->service_port));
}

static int set_counts(json_t *tree, const struct totals *totals)
{
	const struct {
		const char *name;
		json_t *value;
	} counts[] = {
	    {"connections", json_integer(totals->connections)},
	    {"closed", json_integer(totals->closed)},
	    {"ended", shape_ended(totals)},
	    {"counted", json_integer(totals->counted)},
	    {"packets_sent", shape_counter(totals, totals->packets_sent)},
	    {"packets_received", shape_counter(totals, totals->packets_received)},
	    {"bytes_sent", shape_counter(totals, totals->bytes_sent)},
	    {"bytes_received", shape_counter(totals, totals->bytes_received)},
	};
	int r = 0;

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		if (shape_set(tree, counts[i].name, counts[i].value) < 0)
			r = -ENOMEM;
	return r;
}

json_t *evidence_of_flow(const struct stored_flow *stored, const struct pod *source,
			 const struct pod *destination)
{
	const struct flow *flow = &stored->flow;
	const struct edge_key *key = &flow->key;
	bool window = flow->length != FLOW_WITHOUT_WINDOW;
	char protocol[4];
	json_t *tree = json_pack(
	    "{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:s, s:b}", "type", "flow", "node",
	    stored->node, "window", window ? shape_time(flow->window) : json_null(), "length",
	    window ? json_integer(flow->length) : json_null(), "from",
	    end_tree(key->source, key->source_prefix, source), "to",
	    end_tree(key->destination, key->destination_prefix, destination), "service",
	    service_tree(key), "translated", shape_address(key->translated), "protocol",
	    protocol_name(key->protocol, protocol), "port", port_tree(key->has_port, key->port),
	    "verdict", verdict_name((enum verdict)key->verdict), "direction_certain",
	    !key->direction_uncertain);

	if (set_counts(tree, &flow->totals) < 0 ||
	    shape_set(tree, "first_seen", shape_time(flow->first_seen)) < 0 ||
	    shape_set(tree, "last_seen", shape_time(flow->last_seen)) < 0) {
		json_decref(tree);
		return NULL;
	}
	return tree;
}

/* ---- reading: the first thing that is wrong is remembered, then nothing more is read ---- */

struct reading {
	const char *expected; /* NULL: all well; "": there is no such member */
	const char *member;
	int error; /* -ENOMEM */
};

static json_t *member(const json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);

	return json_is_null(value) ? NULL : value;
}

static void expect(struct reading *reading, const char *name, const char *expected)
{
	if (reading->expected)
		return;
	reading->member = name;
	reading->expected = expected;
}

static bool is_among(const char *const *names, const char *name)
{
	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names;
}

/* A name that is misspelt would count as absent. names: up to NULL. */
static void check_members(struct reading *reading, const json_t *object, const char *const *names)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		if (!is_among(names, name))
			expect(reading, name, "");
	}
}

/* fallback NULL: the member must be there. */
static const char *get_text(struct reading *reading, const json_t *object, const char *name,
			    const char *fallback)
{
	const json_t *value = member(object, name);

	if (value ? !json_is_string(value) : !fallback) {
		expect(reading, name, "a string");
		return "";
	}
	return value ? json_string_value(value) : fallback;
}

static int64_t get_integer(struct reading *reading, const json_t *object, const char *name,
			   int64_t fallback, int64_t least, int64_t most)
{
	const json_t *value = member(object, name);

	if (!value)
		return fallback;
	if (!json_is_integer(value) || json_integer_value(value) < least ||
	    json_integer_value(value) > most) {
		expect(reading, name, "a whole number in range");
		return fallback;
	}
	return json_integer_value(value);
}

static bool get_boolean(struct reading *reading, const json_t *object, const char *name,
			bool fallback)
{
	const json_t *value = member(object, name);

	if (value && !json_is_boolean(value))
		expect(reading, name, "true or false");
	return value ? json_is_true(value) : fallback;
}

/* Refers to a missing member by *must; otherwise absent gives fallback. */
static int64_t get_time(struct reading *reading, const json_t *object, const char *name, bool must,
			int64_t fallback)
{
	const json_t *value = member(object, name);
	int64_t time = fallback;

	if (value ? !json_is_string(value) || clock_parse(json_string_value(value), &time) < 0
		  : must)
		expect(reading, name, "a moment such as 2026-01-31T12:00:00Z");
	return time;
}

/* The address before the slash. */
static bool parse_before_slash(const char *text, struct addr *ret)
{
	char address[ADDR_TEXT_MAX];
	size_t length = strcspn(text, "/");

	if (length >= sizeof(address))
		return false;
	memcpy(address, text, length);
	address[length] = '\0';
	return addr_parse(address, ret) == 0;
}

static struct addr get_address(struct reading *reading, const json_t *object, const char *name,
			       bool must)
{
	const json_t *value = member(object, name);
	struct addr address = {0};

	if (value ? !json_is_string(value) || addr_parse(json_string_value(value), &address) < 0
		  : must)
		expect(reading, name, "an IPv4 or IPv6 address");
	return address;
}

/* One address, or a prefix that stands for many: then its length, else 0. */
static struct addr get_range(struct reading *reading, const json_t *object, const char *name,
			     uint8_t *ret_length)
{
	const char *text = json_string_value(member(object, name));
	struct prefix prefix = {0};
	struct addr address;

	if (!text || !strchr(text, '/'))
		return get_address(reading, object, name, true);
	if (prefix_parse(text, &prefix) < 0 || !parse_before_slash(text, &address) ||
	    prefix.length == 0 || prefix.length >= 8 * addr_length(prefix.addr) ||
	    !addr_equal(prefix.addr, address))
		expect(reading, name, "an address, or a prefix whose other bits are zero");
	*ret_length = prefix.length;
	return prefix.addr;
}

static void read_header(struct reading *reading, struct evidence *evidence)
{
	if (get_integer(reading, evidence->tree, "version", 0, 0, 1 << 20) != EVIDENCE_VERSION)
		expect(reading, "version", "1");
	evidence->until = get_time(reading, evidence->tree, "until", false, 0);
	evidence->from = get_time(reading, evidence->tree, "from", false, evidence->until);
}

/* Room for the entries of the array under the name; *ret is their number. */
static void *get_array(struct reading *reading, const json_t *tree, const char *name, size_t size,
		       const json_t **ret_array)
{
	const json_t *array = member(tree, name);
	void *items;

	*ret_array = NULL;
	if (array && !json_is_array(array)) {
		expect(reading, name, "an array");
		return NULL;
	}
	items = calloc(json_array_size(array) + 1, size);
	if (items)
		*ret_array = array;
	else
		reading->error = -ENOMEM;
	return items;
}

static void read_addresses(struct reading *reading, const json_t *tree, struct pod *pod)
{
	static const char *const members[] = {"address", "from",      "until",
					      "exact",   "secondary", NULL};
	const json_t *addresses;

	pod->addresses = get_array(reading, tree, "addresses", sizeof(*pod->addresses), &addresses);
	for (size_t i = 0; i < json_array_size(addresses); i++) {
		const json_t *owned = json_array_get(addresses, i);

		check_members(reading, owned, members);
		pod->addresses[i] = (struct pod_address){
		    .address = get_address(reading, owned, "address", true),
		    .since = get_time(reading, owned, "from", true, 0),
		    .until = get_time(reading, owned, "until", false, INTERVAL_OPEN),
		    .exact = get_boolean(reading, owned, "exact", false),
		    .secondary = get_boolean(reading, owned, "secondary", false),
		};
		if (pod->addresses[i].until < pod->addresses[i].since)
			expect(reading, "until", "a moment that is not before from");
	}
	pod->address_count = json_array_size(addresses);
}

static void read_words(struct reading *reading, const json_t *tree, struct pod *pod)
{
	static const char *const members[] = {"source", "place", "said", NULL};
	const json_t *words;

	pod->words = get_array(reading, tree, "words", sizeof(*pod->words), &words);
	for (size_t i = 0; i < json_array_size(words); i++) {
		const json_t *word = json_array_get(words, i);

		check_members(reading, word, members);
		pod->words[i] = (struct pod_word){
		    .source = (char *)get_text(reading, word, "source", NULL),
		    .place = (char *)get_text(reading, word, "place", NULL),
		    .said = (char *)get_text(reading, word, "said", NULL),
		};
	}
	pod->word_count = json_array_size(words);
}

static void read_labels(struct reading *reading, const json_t *tree, struct pod *pod)
{
	json_t *labels = member(tree, "labels"), *value;
	const char *key;

	pod->labelled = labels != NULL;
	if (labels && !json_is_object(labels))
		expect(reading, "labels", "an object of strings");
	json_object_foreach(labels, key, value)
	{
		if (!json_is_string(value))
			expect(reading, "labels", "an object of strings");
		else if (labels_set(&pod->labels, key, json_string_value(value)) < 0)
			reading->error = -ENOMEM;
	}
}

static void read_pod(struct reading *reading, struct evidence *evidence)
{
	const json_t *tree = evidence->tree;
	struct pod *pod = &evidence->pod;

	pod->namespace = (char *)get_text(reading, tree, "namespace", NULL);
	pod->name = (char *)get_text(reading, tree, "name", NULL);
	pod->uid = (char *)get_text(reading, tree, "uid", "");
	pod->sandbox = (char *)get_text(reading, tree, "sandbox", "");
	pod->source = (char *)get_text(reading, tree, "source", "import");
	pod->conflict = (char *)get_text(reading, tree, "conflict", "");
	pod->host_network = get_boolean(reading, tree, "host_network", false);
	pod->created = get_time(reading, tree, "created", false, 0);
	pod->ended = get_time(reading, tree, "ended", false, INTERVAL_OPEN);
	read_labels(reading, tree, pod);
	read_addresses(reading, tree, pod);
	read_words(reading, tree, pod);
}

static void read_object(struct reading *reading, struct evidence *evidence)
{
	const json_t *tree = evidence->tree, *content = member(tree, "content");
	struct stored_object *object = &evidence->object;

	object->node = evidence->node;
	object->kind = get_text(reading, tree, "kind", NULL);
	object->namespace = get_text(reading, tree, "namespace", "");
	object->name = get_text(reading, tree, "name", NULL);
	object->uid = get_text(reading, tree, "uid", "");
	object->since = get_time(reading, tree, "since", true, 0);
	object->until = get_time(reading, tree, "until", false, INTERVAL_OPEN);
	if (object->since <= 0)
		expect(reading, "since", "a moment such as 2026-01-31T12:00:00Z");
	if (object->until < object->since)
		expect(reading, "until", "a moment that is not before since");
	if (!json_is_object(content)) {
		expect(reading, "content", "an object");
		return;
	}
	object->content = json_dumps(content, JSON_COMPACT | JSON_SORT_KEYS);
	if (!object->content)
		reading->error = -ENOMEM;
	else if (strlen(object->content) > OBJECT_CONTENT_MAX)
		expect(reading, "content", "an object of at most 262144 bytes");
}

static void read_fact(struct reading *reading, struct evidence *evidence)
{
	evidence->name = get_text(reading, evidence->tree, "name", NULL);
	evidence->value = get_text(reading, evidence->tree, "value", NULL);
	evidence->from = get_time(reading, evidence->tree, "since", false, 0);
	evidence->until = get_time(reading, evidence->tree, "until", false, INTERVAL_OPEN);
}

static void read_gap(struct reading *reading, struct evidence *evidence)
{
	struct gap *gap = &evidence->gap;

	if (loss_source_parse(get_text(reading, evidence->tree, "source", NULL), &gap->source) < 0)
		expect(reading, "source",
		       "conntrack, table, log, rules, daemon, store or identity");
	gap->from = get_time(reading, evidence->tree, "from", true, 0);
	gap->until = get_time(reading, evidence->tree, "until", true, 0);
	gap->at_most = get_integer(reading, evidence->tree, "at_most", -1, 0, INT64_MAX);
	gap->reason = get_text(reading, evidence->tree, "reason", "");
	if (gap->until < gap->from)
		expect(reading, "until", "a moment that is not before from");
}

static struct evidence_pod read_end(struct reading *reading, const json_t *tree, const char *name,
				    struct addr *ret_address, uint8_t *ret_prefix)
{
	static const char *const members[] = {"address", "namespace", "name",
					      "uid",     "sandbox",   NULL};
	const json_t *end = member(tree, name);
	struct evidence_pod pod = {0};

	if (!json_is_object(end)) {
		expect(reading, name, "an object with an address");
		return pod;
	}
	check_members(reading, end, members);
	*ret_address = get_range(reading, end, "address", ret_prefix);
	if (!member(end, "name"))
		return pod;
	if (*ret_prefix)
		expect(reading, "address", "one address, as a pod has it");
	pod.namespace = get_text(reading, end, "namespace", NULL);
	pod.name = get_text(reading, end, "name", NULL);
	pod.uid = get_text(reading, end, "uid", "");
	pod.sandbox = get_text(reading, end, "sandbox", "");
	return pod;
}

static void read_service(struct reading *reading, const json_t *tree, struct edge_key *key)
{
	static const char *const members[] = {"address", "port", NULL};
	const json_t *service = member(tree, "service");

	if (!service)
		return;
	if (!json_is_object(service))
		expect(reading, "service", "an object with an address");
	check_members(reading, service, members);
	key->service = get_address(reading, service, "address", true);
	key->service_port = (uint16_t)get_integer(reading, service, "port", 0, 0, UINT16_MAX);
}

static void read_key(struct reading *reading, struct evidence *evidence)
{
	const json_t *tree = evidence->tree;
	struct edge_key *key = &evidence->flow.key;
	enum verdict verdict = VERDICT_ANSWERED;

	evidence->source = read_end(reading, tree, "from", &key->source, &key->source_prefix);
	evidence->destination =
	    read_end(reading, tree, "to", &key->destination, &key->destination_prefix);
	read_service(reading, tree, key);
	key->translated = get_address(reading, tree, "translated", false);
	if (protocol_parse(get_text(reading, tree, "protocol", NULL), &key->protocol) < 0)
		expect(reading, "protocol", "a protocol's name or number");
	key->has_port = member(tree, "port") != NULL;
	key->port = (uint16_t)get_integer(reading, tree, "port", 0, 0, UINT16_MAX);
	if (verdict_parse(get_text(reading, tree, "verdict", "answered"), &verdict) < 0)
		expect(reading, "verdict",
		       "answered, one-way, refused, unanswered, denied or unknown");
	key->verdict = (uint8_t)verdict;
	key->direction_uncertain = !get_boolean(reading, tree, "direction_certain", true);
}

/* Those that closed in order are what is left of all. */
static void read_ended(struct reading *reading, const json_t *tree, struct totals *totals)
{
	static const char *const members[] = {"closed",  "timed_out", "reset", "evicted",
					      "deleted", "vanished",  NULL};
	const json_t *ended = member(tree, "ended");
	const struct {
		const char *name;
		int64_t *field;
	} fields[] = {
	    {"timed_out", &totals->timed_out}, {"reset", &totals->reset},
	    {"evicted", &totals->evicted},     {"deleted", &totals->deleted},
	    {"vanished", &totals->vanished},
	};
	int64_t sum = 0;

	if (!ended)
		return;
	if (!json_is_object(ended))
		expect(reading, "ended", "an object");
	check_members(reading, ended, members);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		*fields[i].field =
		    get_integer(reading, ended, fields[i].name, 0, INT32_MIN, COUNT_MAX);
		sum += *fields[i].field;
	}
	if (member(ended, "closed"))
		sum += get_integer(reading, ended, "closed", 0, INT32_MIN, COUNT_MAX);
	else
		sum = totals->closed > sum ? totals->closed : sum;
	if (!member(tree, "closed"))
		totals->closed = sum;
	if (sum != totals->closed)
		expect(reading, "ended", "what adds up to closed");
}

static void read_totals(struct reading *reading, const json_t *tree, struct totals *totals)
{
	const struct {
		const char *name;
		int64_t *field;
	} fields[] = {
	    {"closed", &totals->closed},
	    {"packets_sent", &totals->packets_sent},
	    {"packets_received", &totals->packets_received},
	    {"bytes_sent", &totals->bytes_sent},
	    {"bytes_received", &totals->bytes_received},
	};
	bool has_counters = member(tree, "packets_sent") || member(tree, "bytes_sent");

	totals->connections = get_integer(reading, tree, "connections", 1, INT32_MIN, COUNT_MAX);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		*fields[i].field =
		    get_integer(reading, tree, fields[i].name, 0, INT32_MIN, COUNT_MAX);
	totals->counted = get_integer(reading, tree, "counted",
				      has_counters ? totals->connections : 0, INT32_MIN, COUNT_MAX);
	read_ended(reading, tree, totals);
}

static void read_flow(struct reading *reading, struct evidence *evidence)
{
	struct flow *flow = &evidence->flow;
	const json_t *tree = evidence->tree;

	read_key(reading, evidence);
	read_totals(reading, tree, &flow->totals);
	flow->first_seen = get_time(reading, tree, "first_seen", true, 0);
	flow->last_seen = get_time(reading, tree, "last_seen", false, flow->first_seen);
	flow->length = FLOW_WITHOUT_WINDOW;
	if (member(tree, "window")) {
		flow->window = get_time(reading, tree, "window", true, 0);
		flow->length =
		    (uint32_t)get_integer(reading, tree, "length", 0, 0, 24 * 3600 * MSEC_PER_SEC);
	}
	if (flow->last_seen < flow->first_seen)
		expect(reading, "last_seen", "a moment that is not before first_seen");
}

/* What each line may have. */
static const char *const header_members[] = {"type", "node", "version", "from", "until", NULL};
static const char *const pod_members[] = {
    "type",   "node",         "namespace", "name",  "uid",       "sandbox", "source", "conflict",
    "labels", "host_network", "created",   "ended", "addresses", "words",   NULL};
static const char *const fact_members[] = {"type", "node", "name", "value", "since", "until", NULL};
static const char *const object_members[] = {"type", "node",  "kind",  "namespace", "name",
					     "uid",  "since", "until", "content",   NULL};
static const char *const gap_members[] = {"type",  "node",    "source", "from",
					  "until", "at_most", "reason", NULL};
static const char *const flow_members[] = {"type",
					   "node",
					   "window",
					   "length",
					   "from",
					   "to",
					   "service",
					   "translated",
					   "protocol",
					   "port",
					   "verdict",
					   "direction_certain",
					   "connections",
					   "closed",
					   "ended",
					   "counted",
					   "packets_sent",
					   "packets_received",
					   "bytes_sent",
					   "bytes_received",
					   "first_seen",
					   "last_seen",
					   NULL};

static const struct line_type {
	const char *name;
	enum evidence_type type;
	const char *const *members;
	void (*read)(struct reading *reading, struct evidence *evidence);
} line_types[] = {
    {"header", EVIDENCE_HEADER, header_members, read_header},
    {"pod", EVIDENCE_POD, pod_members, read_pod},
    {"fact", EVIDENCE_FACT, fact_members, read_fact},
    {"object", EVIDENCE_OBJECT, object_members, read_object},
    {"gap", EVIDENCE_GAP, gap_members, read_gap},
    {"flow", EVIDENCE_FLOW, flow_members, read_flow},
};

static void read_any(struct reading *reading, struct evidence *evidence)
{
	const char *type = get_text(reading, evidence->tree, "type", NULL);

	evidence->node = get_text(reading, evidence->tree, "node", EVIDENCE_NODE_DEFAULT);
	if (!*evidence->node)
		expect(reading, "node", "a name");
	for (size_t i = 0; i < sizeof(line_types) / sizeof(line_types[0]); i++) {
		if (strcmp(line_types[i].name, type) != 0)
			continue;
		evidence->type = line_types[i].type;
		check_members(reading, evidence->tree, line_types[i].members);
		line_types[i].read(reading, evidence);
		return;
	}
	expect(reading, "type", "header, pod, fact, object, gap or flow");
}

int evidence_parse(const char *line, size_t length, json_t **ret, char reason[static 256])
{
	json_error_t error;
	json_t *tree = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);

	if (!tree) {
		snprintf(reason, 256, "not JSON: %s", error.text);
		return -EINVAL;
	}
	if (!json_is_object(tree)) {
		snprintf(reason, 256, "expected an object");
		json_decref(tree);
		return -EINVAL;
	}
	*ret = tree;
	return 0;
}

static void say_wrong(const struct reading *reading, char reason[static 256])
{
	if (*reading->expected)
		snprintf(reason, 256, "\"%s\": expected %s", reading->member, reading->expected);
	else
		snprintf(reason, 256, "\"%.64s\": there is no such member", reading->member);
}

int evidence_decode(json_t *tree, struct evidence *ret, char reason[static 256])
{
	struct evidence evidence = {.tree = tree};
	struct reading reading = {0};

	memset(&evidence.flow.key, 0, sizeof(evidence.flow.key));
	read_any(&reading, &evidence);
	if (reading.expected) {
		say_wrong(&reading, reason);
		evidence_clear(&evidence);
		return -EINVAL;
	}
	if (reading.error) {
		evidence_clear(&evidence);
		return reading.error;
	}
	*ret = evidence;
	return 0;
}

void evidence_clear(struct evidence *evidence)
{
	free(evidence->pod.addresses);
	free(evidence->pod.words);
	labels_clear(&evidence->pod.labels);
	free((char *)(uintptr_t)evidence->object.content);
	json_decref(evidence->tree);
	*evidence = (struct evidence){0};
}
