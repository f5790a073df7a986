#include "cli/mesh_notes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/shape.h"
#include "model/mesh.h"

static json_t *member_json(const struct graph *graph, const struct mesh_member *member)
{
	const struct workload *workload =
	    member->workload == GRAPH_NONE ? NULL : &graph->workloads[member->workload];

	return json_pack(
	    "{s:s, s:o, s:s, s:s, s:s}", "namespace", member->namespace, "workload",
	    workload ? json_sprintf("%s/%s", workload->kind, workload->name) : json_null(), "way",
	    mesh_way_name(member->way), "proxy", member->proxy, "hidden", mesh_hides(member->way));
}

json_t *mesh_json(const struct graph *graph)
{
	struct mesh_member *members = NULL;
	json_t *array = json_array();
	size_t count = 0;
	int r = mesh_find(graph, &members, &count);

	for (size_t i = 0; i < count && r == 0; i++)
		r = shape_append(array, member_json(graph, &members[i]));
	free(members);
	if (r < 0) {
		json_decref(array);
		return NULL;
	}
	return array;
}

void mesh_put(struct buf *buf, json_t *mesh)
{
	size_t i;
	json_t *member;

	json_array_foreach(mesh, i, member)
	{
		const char *workload = json_string_value(json_object_get(member, "workload"));

		buf_line(buf, "mesh         %s%s%s: %s %s, %s", workload ? workload : "namespace ",
			 workload ? " in " : "",
			 json_string_value(json_object_get(member, "namespace")),
			 json_string_value(json_object_get(member, "proxy")),
			 json_string_value(json_object_get(member, "way")),
			 json_string_value(json_object_get(member, "hidden")));
	}
}

static bool is_wanted(const struct session *session, const struct mesh_member *member)
{
	const struct end end = {.kind = END_EXTERNAL,
				.namespace = member->namespace,
				.name = "",
				.workload = member->workload};
	const char *namespace = session->options->namespace;

	if (member->workload == GRAPH_NONE)
		return !namespace || strcmp(namespace, member->namespace) == 0;
	return session_wants_end(session, &end);
}

static void note_member(struct session *session, const struct mesh_member *member)
{
	const struct graph *graph = session->graph;
	struct buf subject = {0};

	if (member->workload == GRAPH_NONE)
		buf_printf(&subject, "namespace %s", member->namespace);
	else
		buf_printf(&subject, "%s/%s in %s", graph->workloads[member->workload].kind,
			   graph->workloads[member->workload].name, member->namespace);
	if (!subject.error)
		problem_add(&session->problems, PROBLEM_NOTE, subject.data, "%s %s: %s",
			    member->proxy, mesh_way_name(member->way), mesh_hides(member->way));
	buf_clear(&subject);
}

void mesh_note(struct session *session)
{
	struct mesh_member *members = NULL;
	size_t count = 0;

	if (mesh_find(session->graph, &members, &count) < 0) {
		session_fail(session, "mesh", -ENOMEM);
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (is_wanted(session, &members[i]))
			note_member(session, &members[i]);
	free(members);
}
