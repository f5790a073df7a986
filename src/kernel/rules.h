/*
 * Our own nftables table: it switches tracking on and logs every packet of a connection that is not
 * yet confirmed.
 *
 * One table of family inet with one base chain (hook forward, priority -300, policy accept: after
 * DNAT, before any filter) and one rule. The table is made in one atomic batch. Its use of ct makes
 * the kernel track connections in this network namespace at all.
 */
#ifndef NETPOL_KERNEL_RULES_H
#define NETPOL_KERNEL_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define RULES_TABLE_DEFAULT "netpol"
#define RULES_TABLE_MAX 64

/*
 * table: a letter, then letters, digits, '_', '-'; fewer than RULES_TABLE_MAX bytes. Of
 * queue_threshold and snaplen the kernel takes the smaller: this one or the group's own (struct
 * nflog_settings).
 */
struct rules_options {
	const char *table;
	uint16_t group;           /* NFLOG group */
	uint16_t queue_threshold; /* packets in one batch */
	uint32_t snaplen;         /* bytes copied of each packet */
	bool silent;              /* count only, log nothing: nobody of ours listens to the group */
	bool unowned;             /* never ask for NFT_TABLE_F_OWNER, as if the kernel had none */
};

struct rules; /* owns the socket that owns the table */

/*
 * Makes the table. *ret_owned: it has the owner flag (kernel 5.12 and later): nobody else can
 * change or flush it, and it goes when this process goes, also by SIGKILL. Without it, a table of
 * that name that was left behind is replaced in the same batch, and rules_close() deletes ours.
 *
 * -EINVAL: options; -EPERM: no CAP_NET_ADMIN; -EBUSY: another process owns a table of that name;
 * -EEXIST: there is one that nobody owns; -EOPNOTSUPP, -ENOENT: the kernel lacks nf_tables or one
 * of ct, log, counter.
 */
int rules_open(const struct rules_options *options, struct rules **ret, bool *ret_owned);
struct rules *rules_close(struct rules *rules); /* NULL is allowed; returns NULL */

/*
 * The owned table of an earlier process, by the socket that owns it (rules_fd()): a copy of that
 * descriptor keeps the table past rules_close(). Owns fd from the call on, also when it fails. The
 * rule goes on counting where it was.
 *
 * -ENOENT: the table is not this socket's, or it has not the rule that options ask for: closing the
 * last copy of fd takes it away. -EINVAL: options, or fd is something else.
 */
int rules_adopt(const struct rules_options *options, int fd, struct rules **ret);
int rules_fd(const struct rules *rules);
bool rules_owned(const struct rules *rules);

/*
 * Packets the rule has matched since rules_open() made it. -ENOENT: the table or the rule is gone.
 * Waits as nlsock_exchange().
 */
int rules_read_counter(struct rules *rules, uint64_t *ret_packets);

/*
 * Appends the same rules as text for nft -f, without the owner flag; loading it again replaces the
 * table. -EINVAL as above, or buf->error.
 */
int rules_print(const struct rules_options *options, struct buf *buf);

#endif
