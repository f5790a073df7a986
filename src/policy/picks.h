/*
 * Pods that policies isolate though they are meant for others: labels of one workload pick pods of
 * another, too. Private to policy/.
 */
#ifndef NETPOL_POLICY_PICKS_H
#define NETPOL_POLICY_PICKS_H

#include "policy/group.h"

/* Sets picks and room for the holders, none of them set. groups.items and of_workload are. -ENOMEM.
 */
int picks_find(const struct graph *graph, struct groups *groups);
/*
 * What is withheld from a group, or from the holder of a pod, is withheld from all whose policies
 * would isolate those pods in its place: direction by direction, until nothing changes.
 */
void picks_withhold(const struct graph *graph, struct groups *groups);
/*
 * Sets the holders: of the subjects that pick a pod the first that isolates it, as far as is known;
 * all allow the pod what one does. True: there are any. Groups that were seen are known.
 */
bool picks_hold(const struct graph *graph, struct groups *groups);
/* The subject whose workload the pod is of; GROUP_NONE: it is of none. */
size_t pick_own(const struct graph *graph, const struct groups *groups, size_t pod);
/* Where the pods, or the workloads, of the namespace begin. */
size_t find_pods(const struct graph *graph, const char *namespace);
size_t find_workloads(const struct graph *graph, const char *namespace);

#endif
