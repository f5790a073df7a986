/*
 * Flows of Hubble as JSON: `hubble observe -o jsonpb` (or json), with one GetFlowsResponse a line,
 * the bare flow of `-o json` before Hubble 0.10, and the files of Cilium's flow exporter, with one
 * ExportEvent a line.
 *
 * The format is that of github.com/cilium/cilium, api/v1/observer/observer.proto and
 * api/v1/flow/flow.proto, in protobuf's JSON with the fields' own names; what it means is said
 * there and in pkg/hubble/parser/threefour. Of a flow these are read:
 *
 * - time, node_name (without the cluster's name), also where the line has them beside the flow
 * - IP.source, IP.destination, IP.source_xlated
 * - l4.TCP, UDP, SCTP: source_port, destination_port, TCP's flags; l4.ICMPv4, ICMPv6: type
 * - source, destination: ID, identity, namespace, pod_name, labels, workloads
 * - source_service, destination_service
 * - verdict, drop_reason, drop_reason_desc, event_type.type, Type, l7.type
 * - is_reply, before it reply; traffic_direction; trace_observation_point, trace_reason
 *
 * One packet is traced at several points, and a flow is one packet at one of them: who gathers them
 * counts a connection once. Points at which a packet comes in (FROM_…) are before translation and
 * policy; of them the first packet from an endpoint counts, as it names the service, the others
 * come again.
 *
 * A reply's ends are exchanged. Where is_reply is absent, as in drops, a SYN or a policy's verdict
 * tells: only the first packet of a connection has one. An endpoint with an ID is on the node that
 * tells; without any, traffic_direction says which is. ACK without SYN from the client proves that
 * it was answered. A policy's own verdict (event type 5) lets a packet go on; whether it came
 * through is not known from it.
 *
 * source_xlated is the header's source where source is the one before translation: of a reply the
 * service that the client asked for, else the node's address after source NAT.
 *
 * Labels without the prefix "k8s:" are identities of Cilium; of those with it "io.kubernetes.pod."
 * and "io.cilium.k8s." are not the pod's own. Which labels of a pod are there is Cilium's setting.
 *
 * lost_events, of these source and num_events_lost, are losses; node_status, of these state_change
 * and node_names, tell of nodes that could not be asked. agent_event and debug_event tell nothing.
 */
#ifndef NETPOL_CLI_IMPORT_HUBBLE_H
#define NETPOL_CLI_IMPORT_HUBBLE_H

#include "cli/import_sighting.h"

/* Does the object look like one of these? */
bool hubble_is(const json_t *tree);
/* -EINVAL: the reason names what was expected; -ENOMEM; then there is nothing to clear. Pure. */
int hubble_decode(const json_t *tree, struct sighting *ret, char reason[static 256]);

#endif
