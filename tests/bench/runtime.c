/*
 * A container runtime that knows the pods of the case identity.
 *
 *   runtime SOCKET COUNT
 *
 * It has the pods from 0 to COUNT - 1; a line on its input that says N means that pod N was
 * replaced by pod N + COUNT. Asked for one sandbox, it tells the newest. Ends with its input.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/sources/cri_bodies.h"
#include "tests/unit/sources/cri_server.h"

/* What labels pods carry on a real node, by and large. */
struct names {
	char id[65], name[32], uid[40], number[16];
};

static void write_names(struct names *names, uint64_t number)
{
	snprintf(names->id, sizeof(names->id), "%064" PRIx64, number);
	snprintf(names->name, sizeof(names->name), "pod-%" PRIu64, number);
	snprintf(names->uid, sizeof(names->uid), "00000000-0000-4000-8000-%012" PRIu64, number);
	snprintf(names->number, sizeof(names->number), "%" PRIu64, number);
}

static struct sandbox_spec spec_of(const struct names *names)
{
	return (struct sandbox_spec){.id = names->id,
				     .namespace = "bench",
				     .name = names->name,
				     .uid = names->uid,
				     .labels = {"app.kubernetes.io/name", "bench",
						"app.kubernetes.io/instance", names->number,
						"pod-template-hash", "5d8c7b9f64"}};
}

static void tell(struct cri_server *server, uint64_t first, size_t count)
{
	struct sandbox_spec *specs = calloc(count, sizeof(*specs));
	struct names *names = calloc(count, sizeof(*names));
	struct buf all = {0}, newest = {0};

	if (!specs || !names)
		exit(1);
	for (size_t i = 0; i < count; i++) {
		write_names(&names[i], first + i);
		specs[i] = spec_of(&names[i]);
	}
	put_list_body(&all, specs, count);
	put_list_body(&newest, &specs[count - 1], 1);
	cri_server_set(server, ASKED_ALL, all.data, all.length, 0);
	cri_server_set(server, ASKED_ONE, newest.data, newest.length, 0);
	buf_clear(&newest);
	buf_clear(&all);
	free(names);
	free(specs);
}

int main(int argc, char **argv)
{
	struct cri_server server = {0};
	size_t count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	uint64_t replaced;

	if (count == 0) {
		fprintf(stderr, "usage: runtime SOCKET COUNT\n");
		return 2;
	}
	cri_server_start(&server, argv[1]);
	tell(&server, 0, count);
	while (scanf("%" SCNu64, &replaced) == 1)
		tell(&server, replaced + 1, count);
	fprintf(stderr, "asked for all %u times, for one %u times\n",
		server.order->asked[ASKED_ALL], server.order->asked[ASKED_ONE]);
	cri_server_free(&server);
	return 0;
}
