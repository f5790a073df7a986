/*
 * First packets as the log group shows them: the group, the rule that logs to it, and their books.
 * What the rule counted is shown, or known to be lost and a gap of the tracker.
 *
 * One thread.
 */
#ifndef NETPOL_DAEMON_FIRST_PACKETS_H
#define NETPOL_DAEMON_FIRST_PACKETS_H

#include "daemon/exclusions.h"
#include "daemon/handover.h"
#include "flow/track.h"

struct first_packets;

struct first_packets_figures {
	bool rules_owned; /* and die with us */
	int log_error;    /* negative errno: the log group could not be bound */
	int rules_error;
	uint64_t lost;
};

/* All are borrowed; the handover's sockets are used by the first first_packets_watch(). NULL: no
 * memory. */
struct first_packets *first_packets_new(const struct config *config,
					const struct exclusions *exclusions, struct track *track,
					struct handover *handover);
/* Takes the rules away. NULL is allowed; returns NULL. */
struct first_packets *first_packets_free(struct first_packets *packets);

/*
 * Binds the group and installs the rule, whichever is not there. Failures are in the figures and a
 * gap at every check, which tries again now and then. Without the group the rule only counts, so
 * that nobody else is sent our packets.
 */
void first_packets_watch(struct first_packets *packets);
int first_packets_fd(const struct first_packets *packets); /* -1: no group yet; it stays */
/* Reads what is there, up to budget messages. Errors of the socket. */
int first_packets_read(struct first_packets *packets, size_t budget, bool *ret_more);
/* Each second, after a reading that left nothing: the rule's counter, the rule itself, the group.
 */
void first_packets_check(struct first_packets *packets, bool all_read);
/* Takes the rules away and reads what the kernel still held back. */
void first_packets_finish(struct first_packets *packets, size_t budget);
/*
 * In place of it, before a restart: reads what the rule has counted so far, and lends the sockets
 * and tells of them in *handover.
 */
void first_packets_hand_over(struct first_packets *packets, size_t budget,
			     struct handover *handover);
struct first_packets_figures first_packets_figures(const struct first_packets *packets);

#endif
