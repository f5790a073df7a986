#include "model/workload.h"

#include <string.h>

enum match { EXACT, PREFIX, DOMAIN_SUFFIX };

/* What such labels tell changes while the workload stays the same: a selector that names them goes
 * stale. */
static const struct {
	enum match match;
	const char *text;
	const char *reason;
} volatile_labels[] = {
    {PREFIX, "pod-template-", "one revision of the pod template (Deployment, DaemonSet)"},
    {EXACT, "controller-revision-hash", "one revision (StatefulSet, DaemonSet)"},
    {EXACT, "rollouts-pod-template-hash", "one revision (Argo Rollout)"},
    {EXACT, "service.istio.io/canonical-revision", "one version"},
    {PREFIX, "statefulset.kubernetes.io/", "one replica"},
    {EXACT, "apps.kubernetes.io/pod-index", "one replica"},
    {PREFIX, "serving.knative.dev/revision", "one revision (Knative)"},
    {EXACT, "istio.io/rev", "one revision of the mesh"},
    {EXACT, "security.istio.io/tlsMode", "written by the mesh"},
    {EXACT, "tekton.dev/pipelineRun", "one run (Tekton)"},
    {EXACT, "tekton.dev/pipelineRunUID", "one run (Tekton)"},
    {EXACT, "tekton.dev/taskRun", "one run (Tekton)"},
    {EXACT, "tekton.dev/taskRunUID", "one run (Tekton)"},
    {PREFIX, "workflows.argoproj.io/", "one run, and how far it is (Argo Workflows)"},
    {PREFIX, "job.runner.gitlab.com/", "one run (GitLab)"},
    {EXACT, "job-name", "one run"},
    {EXACT, "controller-uid", "one run"},
    {PREFIX, "batch.kubernetes.io/", "one run, or one index of it"},
    {PREFIX, "topology.kubernetes.io/", "where a replica runs"},
    {DOMAIN_SUFFIX, "beta.kubernetes.io", "where a replica runs, and kin of the nodes' labels"},
    {PREFIX, "kubernetes.io/", "kept by the cluster for itself"},
    {PREFIX, "io.kubernetes.", "written by the container runtime"},
    {PREFIX, "k8s.io/", "kept by the cluster for itself"},
    {EXACT, "scheduler.alpha.kubernetes.io/node-selector", "where a replica runs"},
    {EXACT, "etcd_node", "one replica"},
    {PREFIX, "annotation.", "an annotation by nature"},
    {EXACT, "helm.sh/chart", "holds the version of the chart"},
    {EXACT, "chart", "holds the version of the chart"},
    {EXACT, "app.kubernetes.io/version", "one version"},
    {EXACT, "app.kubernetes.io/revision", "one version"},
    {EXACT, "app.kubernetes.io/managed-by", "the tool that deployed it"},
    {EXACT, "app.kubernetes.io/created-by", "the tool that deployed it"},
    {EXACT, "app.kubernetes.io/owner", "who deployed it"},
};

static bool domain_ends_with(const char *key, const char *domain)
{
	const char *slash = strchr(key, '/');
	size_t length = strlen(domain);
	size_t whole = slash ? (size_t)(slash - key) : 0;

	return whole >= length && memcmp(slash - length, domain, length) == 0;
}

bool label_is_volatile(const char *key)
{
	for (size_t i = 0; i < sizeof(volatile_labels) / sizeof(volatile_labels[0]); i++) {
		const char *text = volatile_labels[i].text;
		enum match match = volatile_labels[i].match;

		if ((match == EXACT && strcmp(key, text) == 0) ||
		    (match == PREFIX && strncmp(key, text, strlen(text)) == 0) ||
		    (match == DOMAIN_SUFFIX && domain_ends_with(key, text)))
			return true;
	}
	return false;
}

static bool is_alphanumeric(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name(const char *text, size_t length, size_t limit)
{
	if (length == 0 || length > limit || !is_alphanumeric(text[0]) ||
	    !is_alphanumeric(text[length - 1]))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!is_alphanumeric(text[i]) && text[i] != '-' && text[i] != '_' && text[i] != '.')
			return false;
	return true;
}

bool label_is_valid(const char *key, const char *value)
{
	const char *slash = strchr(key, '/');
	const char *name = slash ? slash + 1 : key;

	if (slash && !is_name(key, (size_t)(slash - key), 253))
		return false;
	return is_name(name, strlen(name), 63) && (!*value || is_name(value, strlen(value), 63));
}
