#include "model/pods.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define NOT_KNOWN SIZE_MAX

/* One source's word on a pod; equal ones become one pod. */
struct draft {
	const char *namespace;
	const char *name;
	const char *uid;
	const char *node;
	const char *source;
	const char *conflict;
	struct pod_row *row; /* NULL: from the inventory */
	size_t inventory;    /* the very pod, or NOT_KNOWN */
	size_t workload;
};

struct joiner {
	const struct inventory *inventory;
	const struct workloads *workloads;
	struct strings *strings;
	struct problems *problems;
	struct draft *drafts;
	size_t draft_count;
};

static int copy_words(struct pod_row *row, const struct pod *pod, struct strings *strings)
{
	row->words = calloc(pod->word_count + 1, sizeof(*row->words));
	if (!row->words)
		return -ENOMEM;
	for (; row->word_count < pod->word_count; row->word_count++) {
		const struct pod_word *word = &pod->words[row->word_count];
		struct pod_word *copy = &row->words[row->word_count];

		copy->source = (char *)strings_intern(strings, word->source);
		copy->place = (char *)strings_intern(strings, word->place);
		copy->said = (char *)strings_intern(strings, word->said);
		if (!copy->source || !copy->place || !copy->said)
			return -ENOMEM;
	}
	return 0;
}

int pod_row_init(struct pod_row *row, const struct stored_pod *stored, struct strings *strings)
{
	const struct pod *pod = &stored->pod;

	*row = (struct pod_row){.number = stored->number,
				.node = strings_intern(strings, stored->node),
				.namespace = strings_intern(strings, pod->namespace),
				.name = strings_intern(strings, pod->name),
				.uid = strings_intern(strings, pod->uid),
				.sandbox = strings_intern(strings, pod->sandbox),
				.source = strings_intern(strings, pod->source),
				.conflict =
				    strings_intern(strings, pod->conflict ? pod->conflict : ""),
				.host_network = pod->host_network,
				.address_count = pod->address_count};
	row->addresses = calloc(pod->address_count + 1, sizeof(*row->addresses));
	if (!row->node || !row->namespace || !row->name || !row->uid || !row->sandbox ||
	    !row->source || !row->conflict || !row->addresses ||
	    copy_words(row, pod, strings) < 0) {
		pod_row_clear(row);
		return -ENOMEM;
	}
	for (size_t i = 0; i < pod->address_count; i++)
		row->addresses[i] = pod->addresses[i];
	return 0;
}

void pod_row_clear(struct pod_row *row)
{
	free(row->addresses);
	free(row->words);
	*row = (struct pod_row){0};
}

static int compare_drafts(const void *a, const void *b)
{
	const struct draft *x = a, *y = b;
	int r = strcmp(x->namespace, y->namespace);

	r = r ? r : strcmp(x->name, y->name);
	r = r ? r : strcmp(x->uid, y->uid);
	r = r ? r : strcmp(x->node, y->node);
	r = r ? r : (x->row == NULL) - (y->row == NULL);
	/* Sandboxes of one pod: in any order, but always the same. */
	r = r || !x->row ? r : strcmp(x->row->sandbox, y->row->sandbox);
	return r || !x->row ? r
			    : (x->row->number > y->row->number) - (x->row->number < y->row->number);
}

/* A static pod's uid of its kubelet, too. */
static size_t find_uid(const struct joiner *joiner, const char *uid)
{
	const struct inventory_pod *pod =
	    *uid ? inventory_find_pod(joiner->inventory, "", "", uid) : NULL;

	return pod ? (size_t)(pod - joiner->inventory->pods) : NOT_KNOWN;
}

/* The inventory's pods of that name: the first, and how many. */
static size_t find_name(const struct inventory *inventory, const char *namespace, const char *name,
			size_t *ret_count)
{
	size_t low = 0, high = inventory->pod_count, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int r = strcmp(inventory->pods[middle].namespace, namespace);

		r = r ? r : strcmp(inventory->pods[middle].name, name);
		if (r < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low;
	     end < inventory->pod_count && strcmp(inventory->pods[end].namespace, namespace) == 0 &&
	     strcmp(inventory->pods[end].name, name) == 0;
	     end++)
		;
	*ret_count = end - low;
	return low;
}

static void check_node(const struct joiner *joiner, const struct draft *draft)
{
	const struct inventory_pod *pod = &joiner->inventory->pods[draft->inventory];
	struct buf subject = {0};

	if (!*pod->node || !*draft->node || strcmp(pod->node, draft->node) == 0)
		return;
	buf_printf(&subject, "Pod/%s in %s", draft->name, draft->namespace);
	if (!subject.error)
		problem_add(
		    joiner->problems, PROBLEM_WARNING, subject.data,
		    "recorded on node %s, but on node %s in the inventory; the record is used",
		    draft->node, pod->node);
	buf_clear(&subject);
}

/* The inventory may know the uid as another pod's: whose the record is cannot be said then. */
static int find_by_uid(struct joiner *joiner, struct draft *draft)
{
	size_t found = find_uid(joiner, draft->uid);
	const struct inventory_pod *pod;
	struct buf text = {0};

	if (found == NOT_KNOWN)
		return 0;
	pod = &joiner->inventory->pods[found];
	if (strcmp(pod->namespace, draft->namespace) == 0 && strcmp(pod->name, draft->name) == 0) {
		draft->inventory = found;
		return 0;
	}
	buf_printf(&text, "its uid is that of Pod/%s in %s, too", pod->name, pod->namespace);
	draft->conflict = text.error ? NULL : strings_intern(joiner->strings, text.data);
	buf_clear(&text);
	return draft->conflict ? 0 : -ENOMEM;
}

/* By uid; where either has none by a name that is nobody else's. A namesake with another uid tells
 * the workload, not the labels. */
static int identify(struct joiner *joiner, struct draft *draft)
{
	const struct workloads *workloads = joiner->workloads;
	size_t count = 0;
	size_t named;
	int r;

	if (!joiner->inventory)
		return 0;
	r = find_by_uid(joiner, draft);
	if (r < 0 || *draft->conflict)
		return r;
	named = find_name(joiner->inventory, draft->namespace, draft->name, &count);
	if (draft->inventory == NOT_KNOWN && count == 1 &&
	    (!*draft->uid || !*joiner->inventory->pods[named].uid))
		draft->inventory = named;
	if (draft->inventory != NOT_KNOWN) {
		draft->workload = workloads->of_pod[draft->inventory];
		check_node(joiner, draft);
	} else if (count > 0) {
		draft->workload = workloads->of_pod[named];
	} else {
		draft->workload = workloads_guess(workloads, draft->namespace, draft->name);
	}
	return 0;
}

static int draft_rows(struct joiner *joiner, struct pod_row *rows, size_t count, bool *known)
{
	for (size_t i = 0; i < count; i++) {
		struct draft *draft = &joiner->drafts[joiner->draft_count++];
		int r;

		*draft = (struct draft){.namespace = rows[i].namespace,
					.name = rows[i].name,
					.uid = rows[i].uid,
					.node = rows[i].node,
					.source = rows[i].source,
					.conflict = rows[i].conflict,
					.row = &rows[i],
					.inventory = NOT_KNOWN,
					.workload = GRAPH_NONE};
		r = identify(joiner, draft);
		if (r < 0)
			return r;
		if (draft->inventory != NOT_KNOWN)
			known[draft->inventory] = true;
	}
	return 0;
}

static int draft_inventory(struct joiner *joiner, const bool *known)
{
	for (size_t i = 0; i < joiner->inventory->pod_count; i++) {
		const struct inventory_pod *pod = &joiner->inventory->pods[i];
		struct draft *draft = &joiner->drafts[joiner->draft_count];

		if (known[i])
			continue;
		*draft =
		    (struct draft){.namespace = strings_intern(joiner->strings, pod->namespace),
				   .name = strings_intern(joiner->strings, pod->name),
				   .uid = strings_intern(joiner->strings, pod->uid),
				   .node = strings_intern(joiner->strings, pod->node),
				   .source = "inventory",
				   .conflict = "",
				   .inventory = i,
				   .workload = joiner->workloads->of_pod[i]};
		if (!draft->namespace || !draft->name || !draft->uid || !draft->node)
			return -ENOMEM;
		joiner->draft_count++;
	}
	return 0;
}

/* list with token in its place, both sorted. */
static const char *source_add(struct strings *strings, const char *list, const char *token)
{
	const char *text = NULL;
	struct buf buf = {0};
	bool done = !*token;

	for (const char *p = list; *p; p += strcspn(p, ","), p += *p == ',') {
		size_t length = strcspn(p, ",");
		int order = strncmp(token, p, length);

		order = order ? order : token[length] != '\0';
		if (!done && order < 0)
			buf_printf(&buf, "%s%s", buf.length > 0 ? "," : "", token);
		done |= order <= 0;
		buf_printf(&buf, "%s%.*s", buf.length > 0 ? "," : "", (int)length, p);
	}
	if (!done)
		buf_printf(&buf, "%s%s", buf.length > 0 ? "," : "", token);
	if (!buf.error)
		text = strings_intern(strings, buf.data ? buf.data : "");
	buf_clear(&buf);
	return text;
}

static void put_address(struct pods *pods, struct graph_pod *pod, const struct pod_address *address)
{
	size_t start = (size_t)(pod->addresses - pods->addresses);

	pods->addresses[start + pod->address_count++] = *address;
}

static int compare_pod_addresses(const void *a, const void *b)
{
	const struct pod_address *x = a, *y = b;
	int r = addr_compare(x->address, y->address);

	r = r ? r : (x->since > y->since) - (x->since < y->since);
	return r ? r : (x->until > y->until) - (x->until < y->until);
}

/* A node's record need not know which networks are further ones. */
static void mark_secondary(struct pod_row *row, const struct inventory_pod *known)
{
	for (size_t i = 0; i < row->address_count; i++)
		for (size_t j = 0; j < known->secondary_count; j++)
			row->addresses[i].secondary |=
			    addr_equal(row->addresses[i].address, known->secondary[j]);
}

/* Where the record is silent, the inventory's addresses hold. */
static void put_inventory_addresses(struct pods *pods, struct graph_pod *pod,
				    const struct inventory_pod *known)
{
	size_t recorded = pod->address_count;

	for (size_t i = 0; i < known->turn_count && !known->host_network; i++) {
		bool have = false;

		for (size_t j = 0; j < recorded; j++)
			have |= addr_equal(pod->addresses[j].address, known->turns[i].address);
		if (!have)
			put_address(pods, pod, &known->turns[i]);
	}
}

static void merge_row(struct pods *pods, struct graph_pod *pod, struct pod_row *row)
{
	size_t words = (size_t)(pod->words - pods->words);

	for (size_t i = 0; i < row->address_count; i++)
		put_address(pods, pod, &row->addresses[i]);
	for (size_t i = 0; i < row->word_count; i++)
		pods->words[words + pod->word_count++] = row->words[i];
	pod->host_network |= row->host_network;
	row->pod = pods->count;
}

/* Everything but addresses. */
static int merge_inventory(struct joiner *joiner, struct graph_pod *pod, size_t index)
{
	const struct inventory_pod *known = &joiner->inventory->pods[index];

	pod->labels = &known->labels;
	pod->host_network |= known->host_network;
	if (known->source != INVENTORY_RECORDED)
		pod->source = source_add(joiner->strings, pod->source, "inventory");
	if (!*pod->conflict)
		pod->conflict = strings_intern(joiner->strings, known->conflict);
	return pod->source && pod->conflict ? 0 : -ENOMEM;
}

static void report_conflict(const struct joiner *joiner, const struct graph_pod *pod)
{
	struct buf subject = {0};

	buf_printf(&subject, "Pod/%s in %s", pod->name, pod->namespace);
	if (!subject.error)
		problem_add(joiner->problems, PROBLEM_WARNING, subject.data,
			    "what is told of it contradicts itself: %s; no policy is made from it",
			    pod->conflict);
	buf_clear(&subject);
}

/* The drafts [from, until) are one pod. */
static int merge(struct joiner *joiner, struct pods *pods, size_t from, size_t until,
		 struct pod_address *addresses, struct pod_word *words)
{
	const struct draft *first = &joiner->drafts[from];
	struct graph_pod *pod = &pods->items[pods->count];
	size_t known = NOT_KNOWN;

	*pod = (struct graph_pod){.node = first->node,
				  .namespace = first->namespace,
				  .name = first->name,
				  .uid = first->uid,
				  .source = "",
				  .conflict = "",
				  .workload = first->workload,
				  .local = first->row != NULL,
				  .addresses = addresses,
				  .words = words};
	for (size_t i = from; i < until; i++) {
		struct draft *draft = &joiner->drafts[i];

		pod->source = source_add(joiner->strings, pod->source, draft->source);
		if (!pod->source)
			return -ENOMEM;
		known = draft->inventory != NOT_KNOWN ? draft->inventory : known;
		if (*draft->conflict)
			pod->conflict = draft->conflict;
	}
	for (size_t i = from; i < until; i++) {
		struct pod_row *row = joiner->drafts[i].row;

		if (row && known != NOT_KNOWN)
			mark_secondary(row, &joiner->inventory->pods[known]);
		if (row)
			merge_row(pods, pod, row);
	}
	if (known != NOT_KNOWN && merge_inventory(joiner, pod, known) < 0)
		return -ENOMEM;
	if (*pod->conflict) {
		pod->workload = GRAPH_NONE;
		pod->labels = NULL;
		report_conflict(joiner, pod);
	}
	/* One uid on two nodes makes two pods: the address is the first one's. */
	if (known != NOT_KNOWN && pods->of_inventory[known] == NOT_KNOWN) {
		put_inventory_addresses(pods, pod, &joiner->inventory->pods[known]);
		pods->of_inventory[known] = pods->count;
	}
	if (pod->address_count > 0)
		qsort(addresses, pod->address_count, sizeof(*addresses), compare_pod_addresses);
	pods->count++;
	return 0;
}

static int merge_all(struct joiner *joiner, struct pods *pods)
{
	struct draft *drafts = joiner->drafts;
	size_t addresses = 0, words = 0;

	if (joiner->draft_count > 0)
		qsort(drafts, joiner->draft_count, sizeof(*drafts), compare_drafts);
	for (size_t i = 0, end; i < joiner->draft_count; i = end) {
		int r;

		for (end = i + 1; end < joiner->draft_count; end++)
			if (strcmp(drafts[i].namespace, drafts[end].namespace) != 0 ||
			    strcmp(drafts[i].name, drafts[end].name) != 0 ||
			    strcmp(drafts[i].uid, drafts[end].uid) != 0 ||
			    strcmp(drafts[i].node, drafts[end].node) != 0)
				break;
		r = merge(joiner, pods, i, end, pods->addresses + addresses, pods->words + words);
		if (r < 0)
			return r;
		addresses += pods->items[pods->count - 1].address_count;
		words += pods->items[pods->count - 1].word_count;
	}
	return 0;
}

static int pods_reserve(struct pods *pods, const struct pod_row *rows, size_t row_count,
			const struct inventory *inventory)
{
	size_t inventory_count = inventory ? inventory->pod_count : 0;
	size_t addresses = 0, words = 0;

	for (size_t i = 0; i < row_count; i++) {
		addresses += rows[i].address_count;
		words += rows[i].word_count;
	}
	for (size_t i = 0; i < inventory_count; i++)
		addresses += inventory->pods[i].turn_count;
	pods->items = calloc(row_count + inventory_count + 1, sizeof(*pods->items));
	pods->addresses = calloc(addresses + 1, sizeof(*pods->addresses));
	pods->words = calloc(words + 1, sizeof(*pods->words));
	pods->of_inventory = calloc(inventory_count + 1, sizeof(*pods->of_inventory));
	if (!pods->items || !pods->addresses || !pods->words || !pods->of_inventory)
		return -ENOMEM;
	for (size_t i = 0; i < inventory_count; i++)
		pods->of_inventory[i] = NOT_KNOWN;
	return 0;
}

int pods_join(struct pod_row *rows, size_t row_count, const struct inventory *inventory,
	      const struct workloads *workloads, struct strings *strings, struct problems *problems,
	      struct pods *ret)
{
	struct joiner joiner = {.inventory = inventory,
				.workloads = workloads,
				.strings = strings,
				.problems = problems};
	size_t inventory_count = inventory ? inventory->pod_count : 0;
	bool *known = calloc(inventory_count + 1, sizeof(*known));
	struct pods pods = {0};
	int r = -ENOMEM;

	joiner.drafts = calloc(row_count + inventory_count + 1, sizeof(*joiner.drafts));
	if (!known || !joiner.drafts || pods_reserve(&pods, rows, row_count, inventory) < 0)
		goto out;
	r = draft_rows(&joiner, rows, row_count, known);
	if (r == 0 && inventory)
		r = draft_inventory(&joiner, known);
	if (r == 0)
		r = merge_all(&joiner, &pods);
	if (r < 0)
		goto out;
	*ret = pods;
	pods = (struct pods){0};
out:
	pods_clear(&pods);
	free(joiner.drafts);
	free(known);
	return r;
}

void pods_clear(struct pods *pods)
{
	free(pods->items);
	free(pods->addresses);
	free(pods->words);
	free(pods->of_inventory);
	*pods = (struct pods){0};
}

/* ---- addresses with two owners ---- */

struct tenure {
	struct pod_address at;
	const char *node; /* on which a further network is alone with its addresses; primary: "" */
	size_t pod;
};

static int compare_owners(const struct tenure *a, const struct tenure *b)
{
	int r = addr_compare(a->at.address, b->at.address);

	return r ? r : strcmp(a->node, b->node);
}

static int compare_tenures(const void *a, const void *b)
{
	const struct tenure *x = a, *y = b;
	int r = compare_owners(x, y);

	r = r ? r : (x->at.secondary > y->at.secondary) - (x->at.secondary < y->at.secondary);
	r = r ? r : compare_pod_addresses(&x->at, &y->at);
	return r ? r : (x->pod > y->pod) - (x->pod < y->pod);
}

/* Networks of one node's own may have the same addresses on each; nor do they contest a primary
 * one. */
static bool is_contest(const struct tenure *a, const struct tenure *b)
{
	return compare_owners(a, b) == 0 && a->at.secondary == b->at.secondary;
}

static bool is_same_pod(const struct graph_pod *a, const struct graph_pod *b)
{
	return a->namespace == b->namespace && a->name == b->name && a->uid == b->uid;
}

static void report(struct pods *pods, const struct tenure *a, const struct tenure *b,
		   struct problems *problems)
{
	struct graph_pod *x = &pods->items[a->pod], *y = &pods->items[b->pod];
	char text[ADDR_TEXT_MAX];

	x->ambiguous = true;
	y->ambiguous = true;
	problem_add(problems, PROBLEM_WARNING, addr_format(a->at.address, text),
		    "Pod/%s in %s and Pod/%s in %s had this address at the same time; its "
		    "connections of that time belong to neither",
		    x->name, x->namespace, y->name, y->namespace);
}

/*
 * Tenures of one address by their start. Of those still running, the one that ends last and the one
 * of another pod that ends last decide: whoever overlaps anybody overlaps one of these two.
 */
static void sweep(struct pods *pods, const struct tenure *tenures, size_t count,
		  struct problems *problems)
{
	const struct tenure *last = NULL, *other = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct tenure *now = &tenures[i];
		bool is_last = last && is_same_pod(&pods->items[last->pod], &pods->items[now->pod]);
		const struct tenure *rival = is_last ? other : last;

		if (rival && rival->at.until > now->at.since && now->at.until > now->at.since)
			report(pods, rival, now, problems);
		if (!last || now->at.until > last->at.until) {
			if (!is_last)
				other = last;
			last = now;
		} else if (!is_last && (!other || now->at.until > other->at.until)) {
			other = now;
		}
	}
}

/* Secondary and link-local addresses repeat from node to node. */
static struct tenure tenure_of(const struct pod_row *row, const struct pod_address *address)
{
	bool repeats = address->secondary || addr_is_link_local(address->address);

	return (struct tenure){.at = *address, .node = repeats ? row->node : "", .pod = row->pod};
}

int pods_mark_ambiguous(struct pods *pods, const struct pod_row *rows, size_t row_count,
			struct problems *problems)
{
	struct tenure *tenures;
	size_t count = 0;

	for (size_t i = 0; i < row_count; i++)
		count += rows[i].address_count;
	tenures = calloc(count + 1, sizeof(*tenures));
	if (!tenures)
		return -ENOMEM;
	count = 0;
	for (size_t i = 0; i < row_count; i++)
		for (size_t j = 0; j < rows[i].address_count; j++)
			tenures[count++] = tenure_of(&rows[i], &rows[i].addresses[j]);
	if (count > 0)
		qsort(tenures, count, sizeof(*tenures), compare_tenures);
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count; end++)
			if (!is_contest(&tenures[i], &tenures[end]))
				break;
		sweep(pods, tenures + i, end - i, problems);
	}
	free(tenures);
	return 0;
}
