#include "identity/pod.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static char *copy_text(const char *text)
{
	return strdup(text ? text : "");
}

int pod_copy(const struct pod *pod, struct pod *ret)
{
	struct pod copy = {
	    .namespace = copy_text(pod->namespace),
	    .name = copy_text(pod->name),
	    .uid = copy_text(pod->uid),
	    .sandbox = copy_text(pod->sandbox),
	    .source = copy_text(pod->source),
	    .addresses = calloc(pod->address_count + 1, sizeof(*copy.addresses)),
	    .address_count = pod->address_count,
	};

	if (!copy.namespace || !copy.name || !copy.uid || !copy.sandbox || !copy.source ||
	    !copy.addresses) {
		pod_clear(&copy);
		return -ENOMEM;
	}
	if (pod->address_count > 0)
		memcpy(copy.addresses, pod->addresses,
		       pod->address_count * sizeof(*copy.addresses));
	*ret = copy;
	return 0;
}

void pod_clear(struct pod *pod)
{
	free(pod->namespace);
	free(pod->name);
	free(pod->uid);
	free(pod->sandbox);
	free(pod->source);
	free(pod->addresses);
	*pod = (struct pod){0};
}
