/*
 * Events of Inspektor Gadget as JSON, one a line (-o json), of these gadgets:
 *
 * - trace_tcp (ig run, kubectl gadget run) and the built-in trace tcp before it: connect once it is
 *   established or failed, accept, close
 * - trace_tcpconnect and trace tcpconnect: connect when it is called; answered if it has a latency
 * - trace network and advise network-policy monitor: the first packet of each connection, TCP's SYN
 *   and UDP to ports below 1024, once for each peer and port
 *
 * The formats are those of github.com/inspektor-gadget/inspektor-gadget: gadgets/trace_tcp,
 * gadgets/trace_tcpconnect and pkg/operators of the image-based gadgets; pkg/types and
 * pkg/gadgets/trace/{tcp,tcpconnect,network}/types of the built-in ones, which were spelt in
 * several ways over time. Of an event these are read:
 *
 * - timestamp, as RFC 3339 or in nanoseconds; events without it (before 2023, and those of the
 *   image-based advise_networkpolicy) are wrong lines, as their edges would have no time
 * - k8s: node, namespace, podName (or pod), podLabels (an object or a list), owner, hostnetwork; or
 *   node, namespace, pod beside the others
 * - type of an image-based gadget, operation of a built-in one: connect, accept, close
 * - src and dst: addr, port, and of the pod there k8s.kind, namespace, name, labels, or kind,
 *   namespace, podname, podlabels; or saddr, sport, daddr, dport
 * - error, by its name: ECONNREFUSED is refused; latency
 * - pktType (OUTGOING, or HOST for what came in), proto, port, podIP, podLabels, the remote end by
 *   dst, addr, ip or remoteAddr and remoteKind, remoteNamespace (remotePodNamespace), remoteName
 *   (remotePodName), remoteLabels (remotePodLabels)
 * - type of a built-in one: normal; of others the message "lost N samples" is a loss
 *
 * src is the gadget's own end, dst the other one, so an accept's client is dst. Kind svc is the
 * address of a service: the gadget is before translation. Connections within a pod (loopback) are
 * left out.
 */
#ifndef NETPOL_CLI_IMPORT_GADGET_H
#define NETPOL_CLI_IMPORT_GADGET_H

#include "cli/import_sighting.h"

/* Does the object look like one of these? */
bool gadget_is(const json_t *tree);
/* -EINVAL: the reason names what was expected; -ENOMEM; then there is nothing to clear. Pure. */
int gadget_decode(const json_t *tree, struct sighting *ret, char reason[static 256]);

#endif
