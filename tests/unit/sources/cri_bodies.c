#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/sources/cri_bodies.h"

#include <endian.h>
#include <stdlib.h>

#include "sources/cri.pb-c.h"

typedef Runtime__V1__PodSandbox sandbox_message;
typedef Runtime__V1__PodSandboxStatus status_message;
typedef Runtime__V1__PodSandbox__LabelsEntry list_label;
typedef Runtime__V1__PodSandboxStatus__LabelsEntry status_label;

static void *allocate(size_t count, size_t size)
{
	void *items = calloc(count + 1, size);

	assert_non_null(items);
	return items;
}

void put_body(struct buf *buf, const void *message, size_t length)
{
	uint32_t announced = htobe32((uint32_t)length);

	buf_putc(buf, 0);
	buf_put(buf, &announced, sizeof(announced));
	buf_put(buf, message, length);
}

static void put_packed(struct buf *buf, const ProtobufCMessage *message)
{
	size_t length = protobuf_c_message_get_packed_size(message);
	uint8_t *packed = allocate(length, 1);

	protobuf_c_message_pack(message, packed);
	put_body(buf, packed, length);
	free(packed);
}

static size_t count_labels(const struct sandbox_spec *spec)
{
	size_t count = 0;

	while (count < SPEC_LABELS_MAX && spec->labels[2 * count])
		count++;
	return count;
}

static Runtime__V1__PodSandboxMetadata *make_names(const struct sandbox_spec *spec)
{
	Runtime__V1__PodSandboxMetadata *names;

	if (!spec->name)
		return NULL;
	names = allocate(1, sizeof(*names));
	runtime__v1__pod_sandbox_metadata__init(names);
	names->namespace_ = (char *)spec->namespace;
	names->name = (char *)spec->name;
	names->uid = (char *)spec->uid;
	return names;
}

static sandbox_message *make_sandbox(const struct sandbox_spec *spec)
{
	sandbox_message *sandbox = allocate(1, sizeof(*sandbox));

	runtime__v1__pod_sandbox__init(sandbox);
	sandbox->id = (char *)spec->id;
	sandbox->metadata = make_names(spec);
	sandbox->state = spec->not_ready ? RUNTIME__V1__POD_SANDBOX_STATE__SANDBOX_NOTREADY
					 : RUNTIME__V1__POD_SANDBOX_STATE__SANDBOX_READY;
	sandbox->created_at = spec->created;
	sandbox->n_labels = count_labels(spec);
	sandbox->labels = allocate(sandbox->n_labels, sizeof(list_label *));
	for (size_t i = 0; i < sandbox->n_labels; i++) {
		sandbox->labels[i] = allocate(1, sizeof(list_label));
		runtime__v1__pod_sandbox__labels_entry__init(sandbox->labels[i]);
		sandbox->labels[i]->key = (char *)spec->labels[2 * i];
		sandbox->labels[i]->value = (char *)spec->labels[2 * i + 1];
	}
	return sandbox;
}

static void free_sandbox(sandbox_message *sandbox)
{
	for (size_t i = 0; i < sandbox->n_labels; i++)
		free(sandbox->labels[i]);
	free(sandbox->labels);
	free(sandbox->metadata);
	free(sandbox);
}

void put_list_body(struct buf *buf, const struct sandbox_spec *specs, size_t count)
{
	Runtime__V1__ListPodSandboxResponse response = RUNTIME__V1__LIST_POD_SANDBOX_RESPONSE__INIT;

	response.n_items = count;
	response.items = allocate(count, sizeof(sandbox_message *));
	for (size_t i = 0; i < count; i++)
		response.items[i] = make_sandbox(&specs[i]);
	put_packed(buf, &response.base);
	for (size_t i = 0; i < count; i++)
		free_sandbox(response.items[i]);
	free(response.items);
}

void put_status_body(struct buf *buf, const struct sandbox_spec *spec)
{
	Runtime__V1__NamespaceOption options = RUNTIME__V1__NAMESPACE_OPTION__INIT;
	Runtime__V1__Namespace namespaces = RUNTIME__V1__NAMESPACE__INIT;
	Runtime__V1__LinuxPodSandboxStatus of_linux = RUNTIME__V1__LINUX_POD_SANDBOX_STATUS__INIT;
	Runtime__V1__PodSandboxStatusResponse response =
	    RUNTIME__V1__POD_SANDBOX_STATUS_RESPONSE__INIT;
	status_message status = RUNTIME__V1__POD_SANDBOX_STATUS__INIT;
	status_label labels[SPEC_LABELS_MAX], *items[SPEC_LABELS_MAX];

	options.network = spec->host_network ? RUNTIME__V1__NAMESPACE_MODE__NODE
					     : RUNTIME__V1__NAMESPACE_MODE__POD;
	namespaces.options = &options;
	of_linux.namespaces = &namespaces;
	status.of_linux = &of_linux;
	status.id = (char *)spec->id;
	status.metadata = make_names(spec);
	status.created_at = spec->created;
	status.n_labels = count_labels(spec);
	status.labels = items;
	for (size_t i = 0; i < status.n_labels; i++) {
		runtime__v1__pod_sandbox_status__labels_entry__init(&labels[i]);
		labels[i].key = (char *)spec->labels[2 * i];
		labels[i].value = (char *)spec->labels[2 * i + 1];
		items[i] = &labels[i];
	}
	response.status = &status;
	put_packed(buf, &response.base);
	free(status.metadata);
}
