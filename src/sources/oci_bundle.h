/*
 * The config.json of an OCI bundle (runtime-spec) that containerd or CRI-O made for a pod's
 * sandbox, decoded. Pure.
 *
 * Names stand in annotations: io.kubernetes.cri.* of containerd (internal/cri/annotations),
 * io.kubernetes.cri-o.* of CRI-O (pkg/annotations), which has the labels as well.
 */
#ifndef NETPOL_SOURCES_OCI_BUNDLE_H
#define NETPOL_SOURCES_OCI_BUNDLE_H

#include "sources/finding.h"

/*
 * One finding, without addresses; none for a container that is not a sandbox. Of the labels, those
 * that the kubelet adds to name the pod itself are left out.
 */
extern const struct format oci_bundle_format;

#endif
