/*
 * The directories that node state is read from: those of the configuration, and those found in
 * them, each watched under the number that watch_add() gives it; and which of them are due to be
 * looked at. One thread.
 */
#ifndef NETPOL_SOURCES_DIRECTORIES_H
#define NETPOL_SOURCES_DIRECTORIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "sources/node_state.h"
#include "sources/snapshot.h"
#include "sources/state_files.h"
#include "sources/state_layout.h"
#include "sources/watch.h"

#define DIRECTORIES_BUCKETS 1024
#define DIRECTORY_NONE SIZE_MAX

enum due {
	DUE_NOTHING,
	DUE_CHECK, /* is it as it was listed? */
	DUE_SCAN
};

struct directory {
	struct folder folder;
	enum node_state_kind kind;
	char *only;                     /* the configured file, NULL for all */
	unsigned depth;                 /* 0: of the configuration */
	size_t parent;                  /* of an inner one */
	size_t next;                    /* inner one in the same bucket, or NONE */
	size_t child;                   /* an inner one, or NONE, as these */
	size_t sibling, sibling_before; /* other children of the parent */
	uint64_t listing;               /* of the parent, the last that met it */
	enum due due;
	bool written;    /* the configured file was, and is to be read */
	int64_t read_at; /* the last time for that */
	int failed;
	struct stamp listed; /* as it was when its entries were listed */
	bool is_whole;       /* all of them were */
};

struct directories {
	struct watch *watch;      /* borrowed */
	struct directory **items; /* by number; NULL: none */
	size_t capacity;
	size_t outer; /* the first are of the configuration, in its order */
	size_t inner; /* how many others there are */
	size_t due;   /* how many are */
	size_t cursor;
	size_t named[DIRECTORIES_BUCKETS]; /* inner ones, by parent and name */
	struct hash_seed seed;
};

void directories_init(struct directories *directories);
/* Their files are forgotten first, the watch is closed later. */
void directories_clear(struct directories *directories);

/* A path of the configuration; all of them before any inner one. -ENOMEM. */
int directories_add_outer(struct directories *directories, enum node_state_kind kind,
			  const char *path);
/* DIRECTORY_NONE: no directory of this name is known in the parent. */
size_t directories_find(const struct directories *directories, size_t parent, const char *name);
/* One that is not known, due to be scanned. -ENOMEM. */
int directories_add_inner(struct directories *directories, size_t parent, const char *name,
			  size_t *ret);
/* An inner one without children, whose files are removed. */
void directories_remove(struct directories *directories, size_t number);

const struct state_layout *directory_layout(const struct directory *directory);
bool directory_is_inner(const struct directory *directory);

/* ---- due ---- */

/* Never less than it was. */
void directories_set_due(struct directories *directories, struct directory *directory,
			 enum due due);
void directories_set_all_due(struct directories *directories, enum due due);
void directories_unset_due(struct directories *directories, struct directory *directory);
/* The next one that is, round and round. There must be one. */
struct directory *directories_next_due(struct directories *directories, size_t *ret);

#endif
