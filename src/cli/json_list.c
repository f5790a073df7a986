#include "cli/json_list.h"

#include <errno.h>

#define FLUSH_BYTES (1 << 16)
#define MEMBERS_MAX 32

void json_list_begin(struct json_list *list, struct session *session)
{
	*list = (struct json_list){.session = session};
	output_list_begin(&list->list, &list->buf, session->options->format == FORMAT_JSONL);
}

/* Values may move until the last of them is there. */
static int put_object(struct json_list *list, json_t *object)
{
	struct output_member members[MEMBERS_MAX];
	size_t count = 0, at = 0;
	const char *name;
	json_t *value;

	if (json_object_size(object) > MEMBERS_MAX)
		return -ENOBUFS;
	list->values.length = 0;
	json_object_foreach(object, name, value)
	{
		const size_t before = list->values.length;

		output_list_value(&list->list, &list->values, value);
		members[count++] =
		    (struct output_member){.name = name, .length = list->values.length - before};
	}
	if (list->values.error)
		return list->values.error;
	for (size_t i = 0; i < count; at += members[i++].length)
		members[i].value = list->values.data + at;
	output_list_object(&list->list, members, count);
	return list->buf.error;
}

int json_list_add(struct json_list *list, json_t *object)
{
	int r = object ? put_object(list, object) : -ENOMEM;

	json_decref(object);
	if (r == 0 && list->buf.length >= FLUSH_BYTES)
		session_print(list->session, &list->buf);
	return r;
}

int json_list_end(struct json_list *list, int r)
{
	if (r == 0)
		output_list_end(&list->list);
	session_print(list->session, &list->buf);
	buf_clear(&list->values);
	return r;
}

void json_list_edges(struct session *session, json_list_edge_fn *shape,
		     session_edge_wanted_fn *wanted)
{
	const struct graph *graph = session->graph;
	struct json_list list;
	int r = 0;

	json_list_begin(&list, session);
	for (size_t i = 0; r == 0 && i < graph->edge_count; i++)
		if (wanted(session, &graph->edges[i]))
			r = json_list_add(&list, shape(session, &graph->edges[i]));
	r = json_list_end(&list, r);
	if (r < 0)
		session_fail(session, "answer", r);
}
