#include "policy/known_networks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/array.h"
#include "policy/manifest_value.h"
#include "policy/prefixes.h"

#define NAME_MAX_LENGTH 253

/* A network where it was read. */
struct entry {
	struct known_network network;
	size_t order;
	char *file;
	unsigned line;
};

/* A block of one of them, to be found by address. */
struct range {
	struct prefix prefix;
	size_t network;
	size_t up; /* the next longer range that holds this one; RANGE_NONE */
};

#define RANGE_NONE SIZE_MAX

struct known_networks {
	struct entry *entries; /* by name */
	size_t count;
	size_t capacity;
	struct range *ranges; /* each once, the shorter first; of equal ones the first by name */
	size_t range_count;
};

struct known_networks *known_networks_new(void)
{
	return calloc(1, sizeof(struct known_networks));
}

static void entry_clear(struct entry *entry)
{
	free(entry->network.name);
	free(entry->network.blocks);
	free(entry->file);
}

struct known_networks *known_networks_free(struct known_networks *networks)
{
	if (!networks)
		return NULL;
	for (size_t i = 0; i < networks->count; i++)
		entry_clear(&networks->entries[i]);
	free(networks->entries);
	free(networks->ranges);
	free(networks);
	return NULL;
}

/* ---- reading ---- */

static const char *const fields[] = {"name", "cidrs", NULL};

/* It stands in comments, which are one line. */
static bool is_plain(const char *text)
{
	for (const unsigned char *byte = (const unsigned char *)text; *byte; byte++)
		if (*byte < ' ' || *byte == 0x7f)
			return false;
	return true;
}

static char *read_name(struct strict_reader *reader, const struct node *node,
		       const struct place *at)
{
	const struct place place = {.up = at, .key = fields[0]};
	const struct node *value = node_get(node, fields[0]);
	const char *name = strict_needed_text(reader, value, node_line(node), &place);

	if (!name)
		return NULL;
	if (!*name || strlen(name) > NAME_MAX_LENGTH || !is_plain(name)) {
		strict_fail(reader, node_line(value), &place,
			    "expected a name of 1 to %d bytes in one line", NAME_MAX_LENGTH);
		return NULL;
	}
	return strict_copy(reader, name);
}

static bool is_mapped(struct prefix prefix)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return prefix.addr.family == ADDR_IPV6 && prefix.length >= 96 &&
	       memcmp(prefix.addr.bytes, mapped, sizeof(mapped)) == 0;
}

static bool has_host_bits(const char *text, struct prefix prefix)
{
	char address[ADDR_TEXT_MAX] = "";
	struct addr written;

	memcpy(address, text, strcspn(text, "/"));
	return addr_parse(address, &written) == 0 && !addr_equal(written, prefix.addr);
}

static bool read_block(struct strict_reader *reader, const struct node *value, unsigned line,
		       const struct place *place, struct prefix *ret)
{
	const char *text = strict_needed_text(reader, value, line, place);
	char block[PREFIX_TEXT_MAX];

	if (!text)
		return false;
	if (!strchr(text, '/') || prefix_parse(text, ret) < 0)
		strict_fail(reader, node_line(value), place,
			    "expected a block such as 192.0.2.0/24 or 2001:db8::/32, not \"%.*s\"",
			    NAME_MAX_LENGTH, text);
	else if (is_mapped(*ret))
		strict_fail(reader, node_line(value), place,
			    "\"%s\" is IPv4 in the form of IPv6: write it as IPv4", text);
	else if (has_host_bits(text, *ret))
		strict_fail(reader, node_line(value), place,
			    "\"%s\" has bits set beyond its length: did you mean %s?", text,
			    prefix_format(*ret, block));
	else
		return true;
	return false;
}

static void read_blocks(struct strict_reader *reader, const struct node *node,
			const struct place *at, struct known_network *network)
{
	const struct place place = {.up = at, .key = fields[1]};
	const struct node *value = node_get(node, fields[1]);
	const struct node *list = strict_list(reader, value, &place);

	if (node_kind(value) == NODE_NULL || (list && node_count(list) == 0))
		strict_fail(reader, node_line(value ? value : node), &place,
			    "expected a list of blocks, and at least one");
	network->blocks = strict_array(reader, node_count(list), sizeof(*network->blocks));
	for (size_t i = 0; network->blocks && i < node_count(list); i++) {
		const struct place here = {.up = &place, .index = i};

		network->block_count += read_block(reader, node_item(list, i), node_line(list),
						   &here, &network->blocks[network->block_count]);
	}
	network->block_count = prefixes_tidy(network->blocks, network->block_count);
}

static void read_network(struct strict_reader *reader, const struct node *node,
			 const struct place *place, struct known_networks *networks)
{
	struct entry entry = {.order = networks->count, .line = node_line(node)};

	if (!strict_mapping(reader, node, place, fields))
		return;
	entry.file = strict_copy(reader, reader->file);
	entry.network.name = read_name(reader, node, place);
	read_blocks(reader, node, place, &entry.network);
	if (!reader->failed && !reader->error)
		reader->error = array_grow(&networks->entries, sizeof(*networks->entries),
					   networks->count, &networks->capacity);
	if (reader->failed || reader->error)
		entry_clear(&entry);
	else
		networks->entries[networks->count++] = entry;
}

static void read_list(struct strict_reader *reader, const struct document *document,
		      struct known_networks *networks)
{
	const struct node *root = document_root(document, 0);

	if (document_count(document) != 1 || node_kind(root) != NODE_SEQUENCE ||
	    node_count(root) == 0) {
		strict_fail(reader, root ? node_line(root) : 1, NULL,
			    "expected one list of {name, cidrs}, and at least one in it");
		return;
	}
	for (size_t i = 0; i < node_count(root) && !reader->error; i++) {
		const struct place place = {.index = i};

		read_network(reader, node_item(root, i), &place, networks);
	}
}

/* ---- finding ---- */

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	int r = strcmp(x->network.name, y->network.name);

	return r ? r : (x->order > y->order) - (x->order < y->order);
}

static void find_twins(struct strict_reader *reader, const struct known_networks *networks)
{
	for (size_t i = 1; i < networks->count; i++) {
		const struct entry *first = &networks->entries[i - 1], *second = first + 1;
		struct strict_reader at = *reader;

		if (strcmp(first->network.name, second->network.name) != 0)
			continue;
		at.file = second->file;
		strict_fail(&at, second->line, NULL, "name: \"%s\" is there already, at %s:%u",
			    second->network.name, first->file, first->line);
		reader->failed = true;
	}
}

static int compare_ranges(const void *a, const void *b)
{
	const struct range *x = a, *y = b;
	int r = prefix_compare(x->prefix, y->prefix);

	return r ? r : (x->network > y->network) - (x->network < y->network);
}

static size_t holder_of(const struct range *ranges, size_t index, struct prefix prefix)
{
	while (index != RANGE_NONE && !prefix_covers(ranges[index].prefix, prefix))
		index = ranges[index].up;
	return index;
}

static void link_ranges(struct known_networks *networks)
{
	struct range *ranges = networks->ranges;
	size_t kept = 0;

	for (size_t i = 0; i < networks->range_count; i++) {
		if (kept > 0 && prefix_compare(ranges[kept - 1].prefix, ranges[i].prefix) == 0)
			continue;
		ranges[kept] = ranges[i];
		ranges[kept].up =
		    kept > 0 ? holder_of(ranges, kept - 1, ranges[i].prefix) : RANGE_NONE;
		kept++;
	}
	networks->range_count = kept;
}

static int index_ranges(struct known_networks *networks)
{
	size_t count = 0;

	for (size_t i = 0; i < networks->count; i++)
		count += networks->entries[i].network.block_count;
	free(networks->ranges);
	networks->range_count = 0;
	networks->ranges = calloc(count + 1, sizeof(*networks->ranges));
	if (!networks->ranges)
		return -ENOMEM;
	for (size_t i = 0; i < networks->count; i++)
		for (size_t j = 0; j < networks->entries[i].network.block_count; j++)
			networks->ranges[networks->range_count++] = (struct range){
			    .prefix = networks->entries[i].network.blocks[j], .network = i};
	if (count > 0)
		qsort(networks->ranges, count, sizeof(*networks->ranges), compare_ranges);
	link_ranges(networks);
	return 0;
}

int known_networks_add(struct known_networks *networks, const struct document *document,
		       struct problems *problems)
{
	struct strict_reader reader = {
	    .file = document_name(document), .object = "known networks", .problems = problems};
	int r;

	read_list(&reader, document, networks);
	if (networks->count > 0)
		qsort(networks->entries, networks->count, sizeof(*networks->entries),
		      compare_entries);
	if (!reader.error)
		find_twins(&reader, networks);
	r = index_ranges(networks);
	if (r == 0)
		r = reader.error;
	return r == 0 && reader.failed ? -EINVAL : r;
}

const struct known_network *known_networks_find(const struct known_networks *networks,
						struct prefix wanted)
{
	size_t low = 0, high = networks->range_count, found;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (prefix_compare(networks->ranges[middle].prefix, wanted) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return NULL;
	found = holder_of(networks->ranges, low - 1, wanted);
	return found == RANGE_NONE ? NULL
				   : &networks->entries[networks->ranges[found].network].network;
}
