#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "daemon/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_paths(const struct config_paths *paths)
{
	if (paths->count > CONFIG_PATHS_MAX)
		abort();
	for (size_t i = 0; i < paths->count; i++)
		if (paths->items[i][0] != '/')
			abort();
}

static void check(const struct config *config)
{
	if (config->store.path[0] != '/' || !config->node.name[0])
		abort();
	if (config->store.flow_window < 0 || config->store.commit_interval < 1 ||
	    config->store.retention < 1 || config->conntrack.dump_interval < 1 ||
	    config->conntrack.buffer_size < 1)
		abort();
	if (config->log_new.group < 1 || config->log_new.group > 65535)
		abort();
	check_paths(&config->identity.cni_results);
	check_paths(&config->identity.host_local);
	check_paths(&config->identity.kindnet);
	check_paths(&config->identity.aws_vpc_cni);
	check_paths(&config->identity.cilium);
	check_paths(&config->identity.oci_bundles);
	check_paths(&config->identity.cri_sockets);
	if (config->identity.inventory[0] && config->identity.inventory[0] != '/')
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config config = {0};
	struct problems problems = {0};
	int r;

	if (config_defaults(&config) < 0)
		return 0;
	r = config_parse((const char *)data, size, "fuzz", &config, &problems);
	/* Whatever was wrong, what was taken is right. */
	check(&config);
	if (r != 0 && r != -EINVAL)
		abort();
	if ((r < 0) != (problems.errors > 0))
		abort();
	problems_clear(&problems);
	config_clear(&config);
	return 0;
}
