#include "sources/state_layout.h"

#include <string.h>

#include "sources/aws_ipam.h"
#include "sources/cilium_endpoint.h"
#include "sources/cni_result.h"
#include "sources/host_local.h"
#include "sources/kindnet.h"
#include "sources/oci_bundle.h"
#include "sources/watch.h"

static enum look look_for_files(unsigned depth, const char *name)
{
	(void)depth;
	return name[0] == '.' ? LOOK_AWAY : LOOK_FILE;
}

static enum look look_for_networks(unsigned depth, const char *name)
{
	if (name[0] == '.')
		return LOOK_AWAY;
	return depth == 0 ? LOOK_DIRECTORY : LOOK_FILE;
}

static enum look look_for_endpoints(unsigned depth, const char *name)
{
	if (depth == 0)
		return *name && name[strspn(name, "0123456789")] == '\0' ? LOOK_DIRECTORY
									 : LOOK_AWAY;
	return strcmp(name, CILIUM_ENDPOINT_JSON) == 0 || strcmp(name, CILIUM_ENDPOINT_HEADER) == 0
		   ? LOOK_FILE
		   : LOOK_AWAY;
}

/* CRI-O has a directory more. */
static enum look look_for_bundles(unsigned depth, const char *name)
{
	if (depth == 0)
		return name[0] == '.' ? LOOK_AWAY : LOOK_DIRECTORY;
	if (depth == 1 && strcmp(name, "userdata") == 0)
		return LOOK_DIRECTORY;
	return strcmp(name, "config.json") == 0 ? LOOK_FILE : LOOK_AWAY;
}

const struct state_layout state_layouts[NODE_STATE_KINDS] = {
    [NODE_STATE_CNI_RESULTS] = {.format = &cni_result_format, .look = look_for_files},
    [NODE_STATE_HOST_LOCAL] = {.format = &host_local_format,
			       .look = look_for_networks,
			       .watch = WATCH_NESTS},
    [NODE_STATE_KINDNET] = {.format = &kindnet_format, .is_file = true, .watch = WATCH_OPEN},
    [NODE_STATE_AWS_VPC_CNI] = {.format = &aws_ipam_format, .is_file = true},
    [NODE_STATE_CILIUM] = {.format = &cilium_endpoint_format,
			   .look = look_for_endpoints,
			   .watch = WATCH_NESTS},
    [NODE_STATE_OCI_BUNDLES] = {.format = &oci_bundle_format,
				.look = look_for_bundles,
				.watch = WATCH_NESTS},
};
