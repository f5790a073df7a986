#include "cli/question.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/blocks.h"

#define NEAR_MAX 5          /* ends that are proposed */
#define NAME_MAX_LENGTH 256 /* of what is compared letter by letter */

static const char *const option_names[DIRECTIONS] = {
    [DIRECTION_EGRESS] = "from", [DIRECTION_INGRESS] = "to"};

/* ---- ports ---- */

static const struct {
	const char *name;
	uint8_t protocol;
} protocols[] = {{"TCP", IPPROTO_TCP}, {"UDP", IPPROTO_UDP}, {"SCTP", IPPROTO_SCTP}};

/* "80" or "53-60". */
static bool parse_numbers(const char *text, uint16_t *first, uint16_t *last)
{
	unsigned a, b;
	int end = 0;

	if (text[strspn(text, "0123456789-")] || text[0] == '-')
		return false;
	if (sscanf(text, "%5u%n", &a, &end) == 1 && !text[end])
		b = a;
	else if (sscanf(text, "%5u-%5u%n", &a, &b, &end) != 2 || text[end])
		return false;
	if (a < 1 || b < a || b > UINT16_MAX)
		return false;
	*first = (uint16_t)a;
	*last = (uint16_t)b;
	return true;
}

/* Without a protocol TCP is meant, as in a policy. */
static bool parse_port(const char *text, struct port_range *ret)
{
	const char *slash = strchr(text, '/');

	ret->protocol = slash ? 0 : IPPROTO_TCP;
	for (size_t i = 0; slash && i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (strlen(protocols[i].name) == (size_t)(slash - text) &&
		    strncasecmp(text, protocols[i].name, (size_t)(slash - text)) == 0)
			ret->protocol = protocols[i].protocol;
	return ret->protocol && parse_numbers(slash ? slash + 1 : text, &ret->first, &ret->last);
}

/* ---- addresses ---- */

/* An address, a prefix, or FIRST-LAST as it is printed. */
static bool parse_range(const char *text, struct addr_range *ret)
{
	const char *dash = strchr(text, '-');
	char first[ADDR_TEXT_MAX];
	struct prefix prefix;

	if (prefix_parse(text, &prefix) == 0) {
		*ret = prefix_range(prefix);
		return true;
	}
	if (!dash || (size_t)(dash - text) >= sizeof(first))
		return false;
	snprintf(first, sizeof(first), "%.*s", (int)(dash - text), text);
	return addr_parse(first, &ret->first) == 0 && addr_parse(dash + 1, &ret->last) == 0 &&
	       ret->first.family == ret->last.family && addr_compare(ret->first, ret->last) <= 0;
}

/* ---- workloads ---- */

/* NAMESPACE/NAME[KIND]. */
struct end_text {
	char namespace[NAME_MAX_LENGTH];
	char name[NAME_MAX_LENGTH];
	char kind[NAME_MAX_LENGTH]; /* "": any */
};

static bool parse_end(const char *text, struct end_text *ret)
{
	const char *slash = strchr(text, '/');
	const char *bracket = slash ? strchr(slash, '[') : NULL;
	size_t length = strlen(text);
	const char *end = bracket ? bracket : text + length;
	struct addr address;
	const char *known;

	*ret = (struct end_text){0};
	if (!slash || slash == text || end == slash + 1 || length >= NAME_MAX_LENGTH)
		return false;
	memcpy(ret->namespace, text, (size_t)(slash - text));
	if (addr_parse(ret->namespace, &address) == 0)
		return false;
	memcpy(ret->name, slash + 1, (size_t)(end - slash - 1));
	if (!bracket)
		return true;
	if (text[length - 1] != ']' || bracket + 2 == text + length)
		return false;
	memcpy(ret->kind, bracket + 1, (size_t)(text + length - bracket - 2));
	known = options_kind(ret->kind);
	if (known)
		snprintf(ret->kind, sizeof(ret->kind), "%s", known);
	return true;
}

static bool is_named(const struct end_text *end, const char *namespace, const char *name,
		     const char *kind)
{
	return strcmp(end->namespace, namespace) == 0 && strcmp(end->name, name) == 0 &&
	       (!end->kind[0] || strcasecmp(end->kind, kind) == 0);
}

/* By its own name, its pods' or their owner's. */
static bool is_meant(const struct end_text *end, const struct reach_workload *workload,
		     const struct scene_owner *owners)
{
	const struct scene_owner *own = &workload->name;

	if (is_named(end, own->namespace, own->name, own->kind))
		return true;
	for (size_t i = 0; i < workload->pod_count; i++) {
		const struct scene_owner *pod = &owners[workload->pods[i]];

		if (is_named(end, pod->namespace, pod->name, pod->kind) ||
		    is_named(end, pod->namespace, pod->pod, "Pod"))
			return true;
	}
	return false;
}

/* ---- what there is instead ---- */

/* How many letters must be put in, taken away or exchanged. */
static size_t distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_LENGTH + 1];
	size_t length = strlen(b);

	if (length > NAME_MAX_LENGTH)
		return SIZE_MAX;
	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t corner = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < length; j++) {
			size_t changed = corner + (a[i] != b[j]);
			size_t least = row[j] < row[j + 1] ? row[j] + 1 : row[j + 1] + 1;

			corner = row[j + 1];
			row[j + 1] = changed < least ? changed : least;
		}
	}
	return row[length];
}

static bool is_near_name(const char *wanted, const char *name)
{
	size_t length = strlen(wanted);

	return strstr(name, wanted) || strstr(wanted, name) ||
	       distance(wanted, name) <= (length < 4   ? 1
					  : length < 8 ? 2
						       : 3);
}

/* The better the lower; SIZE_MAX: not at all. */
static size_t remoteness(const struct end_text *end, const struct scene_owner *name)
{
	bool same_namespace = strcmp(end->namespace, name->namespace) == 0;

	if (strcmp(end->name, name->name) == 0)
		return same_namespace ? 0 : is_near_name(end->namespace, name->namespace) ? 1 : 2;
	if (is_near_name(end->name, name->name))
		return same_namespace ? 3 : 5;
	return same_namespace ? 4 : SIZE_MAX;
}

#define REMOTE_MAX 6

static void put_near(struct buf *buf, const struct end_text *end,
		     const struct reach_workload *workloads, size_t count)
{
	size_t shown = 0, more = 0;

	for (size_t remote = 0; remote < REMOTE_MAX; remote++)
		for (size_t i = 0; i < count; i++) {
			if (remoteness(end, &workloads[i].name) != remote)
				continue;
			if (shown == NEAR_MAX) {
				more++;
				continue;
			}
			buf_printf(buf, "%s %s", shown++ ? "," : "; there is", workloads[i].text);
		}
	if (more > 0)
		buf_printf(buf, " and %zu more near it", more);
}

static void put_namespaces(struct buf *buf, const struct reach_workload *workloads, size_t count)
{
	size_t shown = 0, more = 0;

	for (size_t i = 0; i < count; i++) {
		if (i > 0 &&
		    strcmp(workloads[i - 1].name.namespace, workloads[i].name.namespace) == 0)
			continue;
		if (shown == NEAR_MAX)
			more++;
		else
			buf_printf(buf, "%s %s", shown++ ? "," : "; there are the namespaces",
				   workloads[i].name.namespace);
	}
	if (more > 0)
		buf_printf(buf, " and %zu more", more);
	if (count == 0)
		buf_puts(buf, "; there is no pod and no workload at all");
}

static void say_missing(const char *option, const char *text, const struct end_text *end,
			const struct reach_workload *workloads, size_t count)
{
	struct buf buf = {0};
	size_t before;

	buf_printf(&buf, "%s reach: --%s '%s': no such workload or pod", PROGRAM, option, text);
	before = buf.length;
	put_near(&buf, end, workloads, count);
	if (buf.length == before)
		put_namespaces(&buf, workloads, count);
	if (!buf.error) {
		struct buf line = {0};

		buf_line(&line, "%s", buf.data);
		if (!line.error)
			fputs(line.data, stderr);
		buf_clear(&line);
	}
	buf_clear(&buf);
}

/* ---- the question ---- */

static bool wrong(struct session *session, const char *option, const char *text,
		  const char *expected)
{
	fprintf(stderr, "%s reach: --%s '%s': expected %s\n", PROGRAM, option, text, expected);
	session->status = EXIT_USAGE;
	return false;
}

/* An address that a pod has is asked as one outside: that is worth a word. */
static void note_pods_address(struct session *session, const char *text, struct addr_range range,
			      const struct scene *scene, const struct scene_owner *owners)
{
	for (size_t i = 0; addr_equal(range.first, range.last) && i < scene->pod_count; i++)
		for (size_t j = 0; j < scene->pods[i].address_count; j++)
			if (addr_equal(scene->pods[i].addresses[j], range.first)) {
				problem_add(
				    &session->problems, PROBLEM_NOTE, text,
				    "a pod has this address, %s/%s: asked is what an address "
				    "outside of the cluster could",
				    owners[i].namespace, owners[i].pod);
				return;
			}
}

/* Nodes are no ends of rows. */
static void note_nodes_address(struct session *session, const char *text, struct addr_range range,
			       const struct scene *scene)
{
	for (size_t i = 0; addr_equal(range.first, range.last) && i < scene->node_count; i++)
		for (size_t j = 0; j < scene->nodes[i].address_count; j++)
			if (addr_equal(scene->nodes[i].addresses[j], range.first)) {
				problem_add(
				    &session->problems, PROBLEM_NOTE, text,
				    "node %s has this address: asked is what an address outside of "
				    "the cluster could; between a node and its own pods all is "
				    "allowed",
				    scene->nodes[i].name);
				return;
			}
}

static bool choose(struct session *session, enum direction direction, const char *text,
		   const struct reach *reach, const struct scene_owner *owners,
		   struct question *question)
{
	const char *option = option_names[direction];
	struct end_text end;
	size_t count;
	const struct reach_workload *workloads = reach_workloads(reach, &count);
	bool *chosen;
	bool any = false;

	if (!parse_end(text, &end))
		return wrong(session, option, text,
			     "NAMESPACE/NAME, NAMESPACE/NAME[KIND], an address or a prefix");
	chosen = calloc(count + 1, sizeof(*chosen));
	if (!chosen) {
		session_fail(session, "--from and --to", -ENOMEM);
		return false;
	}
	question->workloads[direction] = chosen;
	for (size_t i = 0; i < count; i++) {
		chosen[i] = is_meant(&end, &workloads[i], owners);
		any |= chosen[i];
	}
	if (any)
		return true;
	say_missing(option, text, &end, workloads, count);
	session->status = EXIT_USAGE;
	return false;
}

static bool ask_end(struct session *session, enum direction direction, const char *text,
		    const struct reach *reach, const struct manifests *manifests,
		    struct question *question)
{
	struct reach_side *side =
	    direction == DIRECTION_EGRESS ? &question->asked.from : &question->asked.to;
	bool done;

	if (!text)
		return true;
	if (parse_range(text, &side->range)) {
		side->has_range = true;
		note_pods_address(session, text, side->range, &manifests->scene->scene,
				  manifests->scene->owners);
		note_nodes_address(session, text, side->range, &manifests->scene->scene);
		return true;
	}
	done = choose(session, direction, text, reach, manifests->scene->owners, question);
	side->workloads = question->workloads[direction];
	return done;
}

static bool ask_port(struct session *session, const char *text, struct question *question)
{
	struct port_range range;
	int r;

	if (!text)
		return true;
	if (!parse_port(text, &range))
		return wrong(session, "port", text, "80, TCP/80 or UDP/53-60");
	r = port_set_add(&question->ports, range);
	if (r < 0)
		session_fail(session, "--port", r);
	question->asked.ports = &question->ports;
	return r == 0;
}

static bool is_of_one(const struct reach *reach, const struct question *question)
{
	const bool *from = question->asked.from.workloads, *to = question->asked.to.workloads;
	size_t count;

	reach_workloads(reach, &count);
	for (size_t i = 0; from && to && i < count; i++)
		for (size_t j = 0; from[i] && j < count; j++)
			if (to[j] && i != j)
				return false;
	return from && to;
}

/* Are there any two ends that it is about? */
static bool check_ends(struct session *session, const struct reach *reach,
		       const struct question *question)
{
	const char *reason = NULL;

	if (question->asked.from.has_range && question->asked.to.has_range)
		reason = "neither is a workload: policies say nothing of it";
	else if (is_of_one(reach, question))
		reason = "both are the same: what passes within a workload is not told";
	if (!reason)
		return true;
	fprintf(stderr, "%s reach: --from '%s' --to '%s': %s\n", PROGRAM, session->options->from,
		session->options->to, reason);
	session->status = EXIT_USAGE;
	return false;
}

bool question_make(struct session *session, const struct reach *reach,
		   const struct manifests *manifests, struct question *ret)
{
	const struct options *options = session->options;

	ret->asked.namespace = options->namespace;
	return ask_port(session, options->port, ret) &&
	       ask_end(session, DIRECTION_EGRESS, options->from, reach, manifests, ret) &&
	       ask_end(session, DIRECTION_INGRESS, options->to, reach, manifests, ret) &&
	       check_ends(session, reach, ret);
}

bool question_wants_answer(const struct options *options)
{
	return options->from && options->to && options->port;
}

void question_clear(struct question *question)
{
	for (int d = 0; d < DIRECTIONS; d++)
		free(question->workloads[d]);
	port_set_clear(&question->ports);
	*question = (struct question){0};
}
