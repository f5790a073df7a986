#include "sources/oci_bundle.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "sources/member.h"

#define BYTES_MAX ((size_t)4 << 20)
#define CONTAINERD "io.kubernetes.cri."
#define CRIO "io.kubernetes.cri-o."

/* Set by the kubelet and by CRI-O, in every pod. */
static const char *const own_labels[] = {"io.kubernetes.pod.name", "io.kubernetes.pod.namespace",
					 "io.kubernetes.pod.uid", "io.kubernetes.container.name"};

static bool is_own_label(const char *key)
{
	for (size_t i = 0; i < sizeof(own_labels) / sizeof(own_labels[0]); i++)
		if (strcmp(own_labels[i], key) == 0)
			return true;
	return false;
}

static int add_text(const json_t *object, const char *key, char **field)
{
	const char *text;

	return member_text(object, key, &text) ? finding_agree(field, text) : -EPROTO;
}

static int add_containerd_names(const json_t *annotations, struct finding *finding)
{
	int r = add_text(annotations, CONTAINERD "sandbox-namespace", &finding->namespace);

	if (r == 0)
		r = add_text(annotations, CONTAINERD "sandbox-name", &finding->name);
	if (r == 0)
		r = add_text(annotations, CONTAINERD "sandbox-uid", &finding->uid);
	return r;
}

static int add_labels(const json_t *labels, struct finding *finding)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)labels, key, value)
	{
		int r = 0;

		if (!json_is_string(value))
			return -EPROTO;
		if (!is_own_label(key))
			r = labels_set(&finding->labels, key, json_string_value(value));
		if (r < 0)
			return r;
	}
	finding->labelled = true;
	return add_text(labels, "io.kubernetes.pod.uid", &finding->uid);
}

static int add_crio_labels(const json_t *annotations, struct finding *finding)
{
	const char *text;
	json_t *labels;
	int r;

	if (!member_text(annotations, CRIO "Labels", &text))
		return -EPROTO;
	if (!*text)
		return 0;
	r = member_load(text, strlen(text), &labels);
	if (r < 0)
		return r;
	r = json_is_object(labels) ? add_labels(labels, finding) : -EPROTO;
	json_decref(labels);
	return r;
}

static int add_crio_names(const json_t *annotations, struct finding *finding)
{
	const char *created;
	int64_t msec;
	int r = add_text(annotations, CRIO "Namespace", &finding->namespace);

	if (r == 0)
		r = add_text(annotations, CRIO "KubeName", &finding->name);
	if (r == 0)
		r = add_crio_labels(annotations, finding);
	if (!member_text(annotations, CRIO "Created", &created))
		return -EPROTO;
	if (*created && clock_parse(created, &msec) == 0)
		finding->created = msec * NSEC_PER_MSEC;
	return r;
}

/* A sandbox without a network namespace of its own shares the node's. */
static int add_network(const json_t *root, struct finding *finding)
{
	const json_t *platform, *namespaces;

	if (!member_object(root, "linux", &platform) ||
	    !member_array(platform, "namespaces", &namespaces))
		return -EPROTO;
	if (!namespaces)
		return 0;
	finding->host_network = true;
	for (size_t i = 0; i < json_array_size(namespaces); i++) {
		const json_t *namespace = json_array_get(namespaces, i);
		const char *type, *path;

		if (!json_is_object(namespace) || !member_text(namespace, "type", &type) ||
		    !member_text(namespace, "path", &path))
			return -EPROTO;
		if (strcmp(type, "network") != 0)
			continue;
		finding->host_network = false;
		return finding_set(&finding->netns, path);
	}
	return 0;
}

static int decode_bundle(const json_t *root, struct findings *ret)
{
	const char *version, *containerd, *crio, *sandbox;
	const json_t *annotations;
	struct finding *finding;
	int r;

	if (!json_is_object(root) || !member_text(root, "ociVersion", &version) || !*version ||
	    !member_object(root, "annotations", &annotations) ||
	    !member_text(annotations, CONTAINERD "container-type", &containerd) ||
	    !member_text(annotations, CRIO "ContainerType", &crio))
		return -EPROTO;
	if (strcmp(containerd, "sandbox") != 0 && strcmp(crio, "sandbox") != 0)
		return 0;
	if (!member_text(annotations, *containerd ? CONTAINERD "sandbox-id" : CRIO "SandboxID",
			 &sandbox))
		return -EPROTO;
	r = findings_add(ret, sandbox, &finding);
	if (r == 0)
		r = *containerd ? add_containerd_names(annotations, finding)
				: add_crio_names(annotations, finding);
	return r < 0 ? r : add_network(root, finding);
}

static int decode(const struct content *content, struct findings *ret)
{
	json_t *root;
	int r = member_load(content->bytes, content->length, &root);

	if (r < 0)
		return r;
	r = decode_bundle(root, ret);
	json_decref(root);
	return r;
}

const struct format oci_bundle_format = {.source = CLAIM_OCI_BUNDLE,
					 .wrong = "not an OCI bundle's configuration",
					 .bytes_max = BYTES_MAX,
					 .large = "larger than 4 MiB",
					 .decode = decode};
