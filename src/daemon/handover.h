/*
 * A planned restart: the kernel's sockets wait in the service manager's descriptor store from the
 * end of one netpold to the start of the next, so that they go on queueing and the table, which its
 * socket owns, stays.
 *
 * systemd keeps a store (FileDescriptorStoreMax=) while a job waits for its unit or the unit is
 * about to be started again, and closes all that is in it as soon as the unit is inactive or failed
 * with no job. So only a stop that is one half of a restart may fill it, and whoever takes from it
 * empties it: then nothing outlives the process that runs, whichever way that ends.
 *
 * Names: netpold-events, netpold-log, netpold-rules, and netpold-state, a sealed memory file with
 * the text of handover_state.h, which comes last: without it a hand-over was not finished and
 * nothing of it is used.
 */
#ifndef NETPOL_DAEMON_HANDOVER_H
#define NETPOL_DAEMON_HANDOVER_H

#include <stdbool.h>

#include "daemon/handover_state.h"

enum handover_socket { HANDOVER_EVENTS, HANDOVER_LOG, HANDOVER_RULES, HANDOVER_SOCKETS };

struct handover {
	int sockets[HANDOVER_SOCKETS]; /* -1: there is none */
	struct handover_state state;
};

/*
 * Is the stop that goes on in this moment part of a restart? Asks systemd over the system bus for
 * the job of the unit that this process is in (org.freedesktop.systemd1(5): GetUnitByPID, Job,
 * JobType). False if it is another job, if there is none, if nobody supervises us, and if the
 * answers are not there within a second.
 */
bool handover_is_restart(void);

/*
 * Puts the sockets and the state into the store and waits until systemd has them, two seconds at
 * most. The last act of a stop: all that was read from the sockets must be in the database, or the
 * successor would not know that it is missing. A socket that waits in the store has no reader:
 * reliable delivery must be off. The caller's descriptors stay its own; it closes them afterwards,
 * without deleting what the sockets stand for.
 *
 * -ENOTCONN: nobody supervises us; -ETIMEDOUT and others: what was put there has been called back,
 * and the stop is to go on as a final one. systemd does not say if a store was too small; then the
 * next handover_take() finds nothing.
 */
int handover_send(const struct handover *handover);

/*
 * Takes what a predecessor handed over, waits until the store is empty, two seconds at most, and
 * removes the manager's variables from the environment: call it before any thread starts. Every
 * descriptor that was passed but is not of a whole hand-over is closed, so that what it stood for
 * is gone when this returns. The caller owns the sockets, which are close-on-exec.
 */
void handover_take(struct handover *ret);
void handover_close(struct handover *handover); /* closes what is left, -1 for each */

#endif
