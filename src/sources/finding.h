/*
 * What a file tells of sandboxes: the result of every decoder of a source, before the file's own
 * times and fate make claims of it (identity/claim.h). Pure.
 */
#ifndef NETPOL_SOURCES_FINDING_H
#define NETPOL_SOURCES_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "identity/claim.h"

/* One file tells of no more sandboxes than this. */
#define FINDINGS_MAX 4096

/* The interface of a pod's primary network, in every container runtime of Kubernetes. */
#define FINDING_PRIMARY_INTERFACE "eth0"

/* Of one sandbox. Strings are NULL where the file does not say. */
struct finding {
	char *sandbox;   /* never NULL or "" */
	char *interface; /* where the file tells of one network: its interface in the sandbox */
	char *netns;     /* path of the network namespace */
	char *namespace;
	char *name;
	char *uid;
	bool labelled;
	struct labels labels;
	bool host_network;
	int64_t created; /* ns; 0: does not say */
	/* since 0: the file's own time; later than that is no sooner than it. Each address once. */
	struct claim_address *addresses;
	size_t address_count;
};

/* Sorted by sandbox. Start from {0}; release with findings_clear(). */
struct findings {
	struct finding *items;
	size_t count;
};

/* A file's content, borrowed. */
struct content {
	const char *name; /* of the file, without directories */
	const char *bytes;
	size_t length;
	const char *log; /* the write-ahead log beside it; NULL: none */
	size_t log_length;
};

/* How a kind of file is read; use it through format_decode(). */
struct format {
	const char *source; /* CLAIM_CNI_RESULT … */
	const char *wrong;  /* what -EPROTO says: "not a CNI result" */
	size_t bytes_max;
	const char *large; /* what -EFBIG says: "larger than 1 MiB" */
	int (*decode)(const struct content *content, struct findings *ret);
	/* Can a file of this name tell anything? NULL: any can. */
	bool (*is_relevant)(const char *file_name);
	bool has_log; /* NAME-wal belongs to it */
	/* Each file tells of one network of its sandbox, and which of them is the primary one only
	 * all of them together say. */
	bool by_network;
};

/*
 * 0 with what the file tells, which may be nothing; else an error for format_error(), and *ret is
 * as it was, {0}.
 */
int format_decode(const struct format *format, const struct content *content, struct findings *ret);
/* What a negative errno of reading or decoding says about the file: static text. */
const char *format_error(const struct format *format, int error);

/*
 * Adds a finding on the sandbox; the one that is there already, if again. Valid until the next
 * call. -E2BIG, -ENOMEM, -ENOKEY for "".
 */
int findings_add(struct findings *findings, const char *sandbox, struct finding **ret);
/* NULL if there is none. */
struct finding *findings_get(const struct findings *findings, const char *sandbox);
void findings_remove(struct findings *findings, size_t index);
void findings_clear(struct findings *findings);

/* NULL or "" is NULL. */
int finding_set(char **field, const char *text);
/* The same, but what is there already must be the same: -EPROTO. */
int finding_agree(char **field, const char *text);
/*
 * Loopback addresses and those of fe80::/10, which every pod has, are left out. One of
 * 169.254.0.0/16 is the pod's where a source gives it: with IPv6 the VPC CNI makes a way out to
 * IPv4 of them, the same ones on each node. An address that is there already stays as it is.
 */
int finding_add_address(struct finding *finding, const struct claim_address *address);
/* "ADDRESS" or "ADDRESS/LENGTH" → ADDRESS. -EADDRNOTAVAIL. */
int finding_parse_address(const char *text, struct addr *ret);
/* NULL if the sandbox has not this address. */
const struct claim_address *finding_address(const struct finding *finding, struct addr address);
/* Is its interface known not to be that of the pod's primary network? */
bool finding_is_further(const struct finding *finding);
bool finding_equal(const struct finding *a, const struct finding *b);

#endif
