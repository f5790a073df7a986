/*
 * The state of the AWS VPC CNI's address manager (ipam.json) decoded. Pure.
 *
 * Format "vpc-cni-ipam/1" of github.com/aws/amazon-vpc-cni-k8s, pkg/ipamd/datastore: one object
 * with all allocations of the node, written anew and renamed into place at every change.
 */
#ifndef NETPOL_SOURCES_AWS_IPAM_H
#define NETPOL_SOURCES_AWS_IPAM_H

#include "sources/finding.h"

/* One finding for each sandbox. Its addresses are exact where the time of allocation is told. */
extern const struct format aws_ipam_format;

#endif
