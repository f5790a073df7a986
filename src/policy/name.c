#include "policy/name.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define SUFFIX "-netpol"
#define HASH_TEXT 9 /* "-" and eight digits */

/* FNV-1a: names must be the same in every run, so no seed. */
static uint32_t name_hash(const struct workload *workload)
{
	const char *const parts[] = {workload->kind, "/", workload->name};
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < 3; i++)
		for (const char *p = parts[i]; *p; p++)
			hash = (hash ^ (unsigned char)*p) * 16777619u;
	return hash;
}

static bool is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* A DNS subdomain starts with a letter or digit, and so does each part after a dot. */
static void make_subdomain(char *text)
{
	for (char *p = text; *p; p++) {
		bool starts = p == text || p[-1] == '.';

		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
		else if (!is_letter_or_digit(*p) && *p != '-' && *p != '.')
			*p = '-';
		if (starts && !is_letter_or_digit(*p))
			*p = 'x';
	}
	for (size_t i = 1; text[0] && text[i]; i++)
		if (text[i] == '.' && text[i - 1] == '-')
			text[i - 1] = 'x';
}

static char *make_name(const struct workload *workload, bool shared, bool distinct)
{
	size_t limit = POLICY_NAME_MAX - strlen(SUFFIX);
	struct buf buf = {0};

	if (shared)
		buf_printf(&buf, "%s-", workload->kind);
	buf_puts(&buf, workload->name);
	if (!buf.error && (buf.length > limit || distinct)) {
		if (buf.length > limit - HASH_TEXT)
			buf.length = limit - HASH_TEXT;
		/* Names that are alike in the beginning must not meet after the cut. */
		buf_printf(&buf, "-%08x", name_hash(workload));
	}
	buf_puts(&buf, SUFFIX);
	if (!buf.error)
		make_subdomain(buf.data);
	if (buf.error)
		buf_clear(&buf);
	return buf.data;
}

struct entry {
	const struct workload *workload;
	const char *name;
	size_t index;
};

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int r = strcmp(x->workload->namespace, y->workload->namespace);

	r = r ? r : strcmp(x->name, y->name);
	return r ? r : (x->index > y->index) - (x->index < y->index);
}

static bool is_next_to(const struct entry *a, const struct entry *b)
{
	return strcmp(a->name, b->name) == 0 &&
	       strcmp(a->workload->namespace, b->workload->namespace) == 0;
}

static void sort_entries(struct entry *entries, const struct graph *graph, char *const *names)
{
	for (size_t i = 0; i < graph->workload_count; i++)
		entries[i] = (struct entry){.workload = &graph->workloads[i],
					    .name = names ? names[i] : graph->workloads[i].name,
					    .index = i};
	if (graph->workload_count > 0)
		qsort(entries, graph->workload_count, sizeof(*entries), compare_entries);
}

static int name_all(const struct graph *graph, struct entry *entries, char **names)
{
	size_t count = graph->workload_count;

	sort_entries(entries, graph, NULL);
	for (size_t i = 0; i < count; i++) {
		bool shared = (i > 0 && is_next_to(&entries[i - 1], &entries[i])) ||
			      (i + 1 < count && is_next_to(&entries[i], &entries[i + 1]));

		names[entries[i].index] = make_name(entries[i].workload, shared, false);
		if (!names[entries[i].index])
			return -ENOMEM;
	}
	return 0;
}

/* Job "a" beside another "a" is called like Deployment "job-a": all but the first get a hash. */
static int tell_apart(const struct graph *graph, struct entry *entries, char **names)
{
	sort_entries(entries, graph, names);
	for (size_t i = graph->workload_count; i-- > 1;) {
		char *name;

		if (!is_next_to(&entries[i - 1], &entries[i]))
			continue;
		name = make_name(entries[i].workload, false, true);
		if (!name)
			return -ENOMEM;
		free(names[entries[i].index]);
		names[entries[i].index] = name;
	}
	return 0;
}

int policy_names(const struct graph *graph, char ***ret)
{
	struct entry *entries = calloc(graph->workload_count + 1, sizeof(*entries));
	char **names = calloc(graph->workload_count + 1, sizeof(*names));
	int r = entries && names ? 0 : -ENOMEM;

	if (r == 0)
		r = name_all(graph, entries, names);
	if (r == 0)
		r = tell_apart(graph, entries, names);
	free(entries);
	if (r < 0) {
		policy_names_free(names, graph);
		return r;
	}
	*ret = names;
	return 0;
}

void policy_names_free(char **names, const struct graph *graph)
{
	for (size_t i = 0; names && i < graph->workload_count; i++)
		free(names[i]);
	free(names);
}
