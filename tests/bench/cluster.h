/* A cluster that is as big as they come, in YAML: what policies are measured with. */
#ifndef NETPOL_BENCH_CLUSTER_H
#define NETPOL_BENCH_CLUSTER_H

#include <stdbool.h>
#include <stdio.h>

#define CLUSTER_WORKLOADS 1000
#define CLUSTER_NAMESPACES 20
#define CLUSTER_POLICIES 1000
#define CLUSTER_BLOCKS 100
#define CLUSTER_REPLICAS 2

/*
 * Namespaces with labels of their team and environment. Workloads "w0" to "w999" of tiers front,
 * api, data and batch, by turns of the namespaces: Deployments with their template, and
 * StatefulSets of which there are only the pods; or all of them so.
 */
void cluster_put_objects(FILE *out, bool only_pods);
/*
 * As people write them: in most namespaces one that denies all and one for names; in those of the
 * environment test ingress alone, from the namespace and for metrics. The others are one for each
 * workload: neighbours by labels, by expressions, in other namespaces by both selectors, hosts
 * by blocks with exceptions, ports by number, range and name.
 */
void cluster_put_policies(FILE *out);

#endif
