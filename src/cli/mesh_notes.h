/* What a service mesh hides, for status and as problems. */
#ifndef NETPOL_CLI_MESH_NOTES_H
#define NETPOL_CLI_MESH_NOTES_H

#include "cli/session.h"

/* [{"namespace","workload","way","proxy","hidden"}]; workload null: all of the namespace. NULL: no
 * memory. */
json_t *mesh_json(const struct graph *graph);
void mesh_put(struct buf *buf, json_t *mesh);
/* A note for each, where the filters of namespace and workload let it through. */
void mesh_note(struct session *session);

#endif
