#include "sources/cri_message.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sources/cri.pb-c.h"

typedef Runtime__V1__ListPodSandboxRequest list_request;
typedef Runtime__V1__PodSandboxStatusRequest status_request;
typedef Runtime__V1__ListPodSandboxResponse list_response;
typedef Runtime__V1__PodSandboxStatusResponse status_response;
typedef Runtime__V1__PodSandboxMetadata metadata;
typedef Runtime__V1__PodSandbox__LabelsEntry list_label;
typedef Runtime__V1__PodSandboxStatus__LabelsEntry status_label;

/* Each allocation costs about this much more. */
#define ALLOCATION_COST 16

static void put_message(struct buf *buf, const ProtobufCMessage *message)
{
	size_t length = protobuf_c_message_get_packed_size(message);
	uint32_t announced = htobe32((uint32_t)length);
	uint8_t *packed = malloc(length + 1);

	if (packed)
		protobuf_c_message_pack(message, packed);
	else
		buf->error = -ENOMEM;
	buf_putc(buf, 0);
	buf_put(buf, &announced, sizeof(announced));
	buf_put(buf, packed, length);
	free(packed);
}

void cri_put_list(struct buf *buf, const char *id)
{
	Runtime__V1__PodSandboxFilter filter = RUNTIME__V1__POD_SANDBOX_FILTER__INIT;
	list_request request = RUNTIME__V1__LIST_POD_SANDBOX_REQUEST__INIT;

	if (id) {
		filter.id = (char *)id;
		request.filter = &filter;
	}
	put_message(buf, &request.base);
}

void cri_put_status(struct buf *buf, const char *id)
{
	status_request request = RUNTIME__V1__POD_SANDBOX_STATUS_REQUEST__INIT;

	request.pod_sandbox_id = (char *)id;
	put_message(buf, &request.base);
}

/* What decoding may still allocate. */
struct budget {
	size_t left;
	bool exceeded;
};

static void *take(void *data, size_t size)
{
	struct budget *budget = data;

	if (size > budget->left || budget->left - size < ALLOCATION_COST) {
		budget->exceeded = true;
		return NULL;
	}
	budget->left -= size + ALLOCATION_COST;
	return malloc(size);
}

static void give_back(void *data, void *pointer)
{
	(void)data;
	free(pointer);
}

/* The one message of a body, as the caller's type. */
static int unpack(const void *body, size_t length, const ProtobufCMessageDescriptor *type,
		  void **ret)
{
	struct budget budget = {.left = CRI_DECODED_MAX};
	ProtobufCAllocator allocator = {take, give_back, &budget};
	const uint8_t *bytes = body;
	uint32_t announced;

	if (length < CRI_FRAME_HEAD)
		return -ENODATA;
	if (bytes[0] != 0)
		return -EOPNOTSUPP;
	memcpy(&announced, bytes + 1, sizeof(announced));
	if (be32toh(announced) != length - CRI_FRAME_HEAD)
		return -EBADMSG;
	*ret = protobuf_c_message_unpack(type, &allocator, length - CRI_FRAME_HEAD,
					 bytes + CRI_FRAME_HEAD);
	if (*ret)
		return 0;
	return budget.exceeded ? -EFBIG : -EPROTO;
}

static bool is_usable(const char *text)
{
	size_t length = strnlen(text, CRI_TEXT_MAX + 1);

	return length <= CRI_TEXT_MAX && buf_is_text(text, length);
}

static int compare_labels(const void *a, const void *b)
{
	const struct label *left = a, *right = b;

	return strcmp(left->key, right->key);
}

/* Sorts; false if a label is unusable or a key is there twice. */
static bool order_labels(struct labels *labels)
{
	if (labels->count > CRI_LABELS_MAX)
		return false;
	for (size_t i = 0; i < labels->count; i++)
		if (!is_usable(labels->items[i].key) || !is_usable(labels->items[i].value))
			return false;
	if (labels->count > 0)
		qsort(labels->items, labels->count, sizeof(*labels->items), compare_labels);
	for (size_t i = 1; i < labels->count; i++)
		if (strcmp(labels->items[i - 1].key, labels->items[i].key) == 0)
			return false;
	return true;
}

static bool take_labels(struct cri_sandbox *sandbox, struct labels labels)
{
	sandbox->labelled = order_labels(&labels);
	if (sandbox->labelled)
		sandbox->labels = labels;
	return sandbox->labelled;
}

static bool take_names(struct cri_sandbox *sandbox, const metadata *names)
{
	if (!names)
		return true;
	if (!is_usable(names->namespace_) || !is_usable(names->name) || !is_usable(names->uid))
		return false;
	sandbox->namespace = names->namespace_;
	sandbox->name = names->name;
	sandbox->uid = names->uid;
	return true;
}

/* Appends the sandbox, of which id is usable if anything is. */
static void add(struct cri_answer *answer, const char *id, const metadata *names,
		struct labels labels, struct cri_sandbox other)
{
	struct cri_sandbox *sandbox = &answer->items[answer->count];
	bool whole;

	if (!*id || !is_usable(id)) {
		answer->spoilt++;
		return;
	}
	*sandbox = other;
	sandbox->id = id;
	sandbox->namespace = sandbox->name = sandbox->uid = "";
	whole = take_names(sandbox, names);
	whole &= take_labels(sandbox, labels);
	answer->spoilt += !whole;
	answer->count++;
}

static int compare_sandboxes(const void *a, const void *b)
{
	const struct cri_sandbox *left = a, *right = b;

	return strcmp(left->id, right->id);
}

/* Which of two with the same id is true cannot be said. */
static void join_repeated(struct cri_answer *answer)
{
	size_t kept = 0;

	if (answer->count > 1)
		qsort(answer->items, answer->count, sizeof(*answer->items), compare_sandboxes);
	for (size_t i = 0; i < answer->count; i++) {
		struct cri_sandbox *last = kept > 0 ? &answer->items[kept - 1] : NULL;

		if (last && compare_sandboxes(last, &answer->items[i]) == 0) {
			*last = (struct cri_sandbox){
			    .id = last->id, .namespace = "", .name = "", .uid = ""};
			answer->spoilt++;
		} else {
			answer->items[kept++] = answer->items[i];
		}
	}
	answer->count = kept;
}

static int allocate(struct cri_answer *answer, size_t sandboxes, size_t labels)
{
	answer->items = calloc(sandboxes + 1, sizeof(*answer->items));
	answer->labels = calloc(labels + 1, sizeof(*answer->labels));
	return answer->items && answer->labels ? 0 : -ENOMEM;
}

static size_t count_labels(const list_response *response)
{
	size_t count = 0;

	for (size_t i = 0; i < response->n_items; i++)
		count += response->items[i]->n_labels;
	return count;
}

static struct labels copy_list_labels(list_label *const *entries, size_t count, struct label *into)
{
	for (size_t i = 0; i < count; i++)
		into[i] = (struct label){entries[i]->key, entries[i]->value};
	return (struct labels){into, count};
}

/* Something else than a list of sandboxes may well look like one of nameless ones, or like none
 * with fields that nobody knows. */
static bool is_other(const list_response *response)
{
	return response->n_items > 0 || response->base.n_unknown_fields > 0;
}

static int take_list(struct cri_answer *answer, const list_response *response)
{
	struct label *labels;
	int r;

	if (response->n_items > CRI_SANDBOXES_MAX)
		return -E2BIG;
	r = allocate(answer, response->n_items, count_labels(response));
	if (r < 0)
		return r;
	labels = answer->labels;
	for (size_t i = 0; i < response->n_items; i++) {
		const Runtime__V1__PodSandbox *item = response->items[i];

		add(answer, item->id, item->metadata,
		    copy_list_labels(item->labels, item->n_labels, labels),
		    (struct cri_sandbox){.ready = item->state ==
						  RUNTIME__V1__POD_SANDBOX_STATE__SANDBOX_READY,
					 .created = item->created_at > 0 ? item->created_at : 0});
		labels += item->n_labels;
	}
	join_repeated(answer);
	return answer->count == 0 && is_other(response) ? -EPROTO : 0;
}

static bool is_host_network(const Runtime__V1__PodSandboxStatus *status)
{
	return status->of_linux && status->of_linux->namespaces &&
	       status->of_linux->namespaces->options &&
	       status->of_linux->namespaces->options->network == RUNTIME__V1__NAMESPACE_MODE__NODE;
}

static struct labels copy_status_labels(status_label *const *entries, size_t count,
					struct label *into)
{
	for (size_t i = 0; i < count; i++)
		into[i] = (struct label){entries[i]->key, entries[i]->value};
	return (struct labels){into, count};
}

static int take_status(struct cri_answer *answer, const status_response *response)
{
	const Runtime__V1__PodSandboxStatus *status = response->status;
	int r;

	if (!status)
		return -EPROTO;
	r = allocate(answer, 1, status->n_labels);
	if (r < 0)
		return r;
	add(answer, status->id, status->metadata,
	    copy_status_labels(status->labels, status->n_labels, answer->labels),
	    (struct cri_sandbox){.ready =
				     status->state == RUNTIME__V1__POD_SANDBOX_STATE__SANDBOX_READY,
				 .host_network = is_host_network(status),
				 .created = status->created_at > 0 ? status->created_at : 0});
	return answer->count == 0 ? -EPROTO : 0;
}

int cri_decode_list(const void *body, size_t length, struct cri_answer *ret)
{
	struct cri_answer answer = {0};
	int r = unpack(body, length, &runtime__v1__list_pod_sandbox_response__descriptor,
		       &answer.message);

	if (r == 0)
		r = take_list(&answer, answer.message);
	if (r == 0)
		*ret = answer;
	else
		cri_answer_clear(&answer);
	return r;
}

int cri_decode_status(const void *body, size_t length, struct cri_answer *ret)
{
	struct cri_answer answer = {0};
	int r = unpack(body, length, &runtime__v1__pod_sandbox_status_response__descriptor,
		       &answer.message);

	if (r == 0)
		r = take_status(&answer, answer.message);
	if (r == 0)
		*ret = answer;
	else
		cri_answer_clear(&answer);
	return r;
}

const char *cri_message_error(int error)
{
	switch (error) {
	case -ENOMEM:
		return "no memory for the answer";
	case -ENODATA:
		return "the answer is empty";
	case -EOPNOTSUPP:
		return "the answer is compressed, which nobody asked for";
	case -EBADMSG:
		return "the answer is not as long as it says";
	case -EFBIG:
		return "the answer takes too much memory";
	case -E2BIG:
		return "the answer has too many sandboxes";
	default:
		return "the answer is not what the container runtime interface says";
	}
}

void cri_answer_clear(struct cri_answer *answer)
{
	/* What malloc() gave is freed by the default allocator just as well. */
	protobuf_c_message_free_unpacked(answer->message, NULL);
	free(answer->items);
	free(answer->labels);
	*answer = (struct cri_answer){0};
}
