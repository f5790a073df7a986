/*
 * netpold.conf: an INI file read with inih through a line reader of our own, since Debian's build
 * of inih hides line numbers and empty sections. An unknown section or key, a value out of range
 * and a repeated key are errors with file and line; of a key that takes a list each line adds.
 */
#ifndef NETPOL_DAEMON_CONFIG_H
#define NETPOL_DAEMON_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/problem.h"

#define CONFIG_PATH_DEFAULT "/etc/netpol/netpold.conf"
#define CONFIG_BYTES_MAX (1u << 20)
#define CONFIG_PATHS_MAX 16u
#define CONFIG_EXCLUDES_MAX 32u

struct config_paths {
	char *items[CONFIG_PATHS_MAX]; /* absolute */
	size_t count;
};

struct config {
	struct {
		char *path;              /* database */
		int64_t flow_window;     /* ms; 0: one row per connection */
		int64_t commit_interval; /* ms */
		int64_t retention;       /* ms */
		int64_t max_size;        /* bytes of the database and its log */
		int64_t max_edges;       /* rows */
		int64_t wal_limit;       /* bytes */
	} store;
	struct {
		int64_t buffer_size;     /* bytes asked for the event socket */
		int64_t dump_interval;   /* ms */
		int64_t undelivered_max; /* ended connections whose event waits in the kernel */
		struct prefix
		    excludes[CONFIG_EXCLUDES_MAX]; /* of a client, or of whoever answers */
		size_t exclude_count;
	} conntrack;
	struct {
		bool manage_rules;
	} nftables;
	struct {
		int64_t group; /* NFLOG group of first packets, 1..65535 */
	} log_new;
	struct {
		/* Where the sources lie; none: switched off. By default the well-known places. */
		struct config_paths cni_results; /* directories */
		struct config_paths host_local;  /* directories */
		struct config_paths kindnet;     /* files: cni.db */
		struct config_paths aws_vpc_cni; /* files: ipam.json */
		struct config_paths cilium;      /* directories */
		struct config_paths oci_bundles; /* directories */
		struct config_paths cri_sockets; /* in the order of preference */
		char *inventory; /* a file that something else keeps fresh; "": none */
	} identity;
	struct {
		char *name; /* of this node */
	} node;
};

/* Built-in values; the node's name is the host's. -ENOMEM. */
int config_defaults(struct config *ret);
/*
 * Reads text over the defaults. name stands in problems ("name:line: …"). -EINVAL if any problem
 * was added, all of them being collected first; *config then holds what could be read. Fuzzed.
 */
int config_parse(const char *text, size_t length, const char *name, struct config *config,
		 struct problems *problems);
/* The same for a file. -errno with a problem if it cannot be read. */
int config_read(const char *path, struct config *config, struct problems *problems);
void config_clear(struct config *config);

#endif
