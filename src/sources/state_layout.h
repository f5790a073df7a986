/* How each kind of node state lies on disk (node_state.h). */
#ifndef NETPOL_SOURCES_STATE_LAYOUT_H
#define NETPOL_SOURCES_STATE_LAYOUT_H

#include <stdbool.h>

#include "sources/finding.h"
#include "sources/node_state.h"

enum look { LOOK_AWAY, LOOK_FILE, LOOK_DIRECTORY };

struct state_layout {
	const struct format *format;
	/* What is an entry of the directory, depth levels below the configured one? NULL where
	 * is_file. */
	enum look (*look)(unsigned depth, const char *name);
	bool is_file;   /* a path of the configuration names a file, not a directory */
	unsigned watch; /* enum watch_flags */
};

extern const struct state_layout state_layouts[NODE_STATE_KINDS];

#endif
