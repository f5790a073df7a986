#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "identity/inventory_whole.h"

#define CRON_SUFFIX_MIN 8
/* What the API server appends to a generateName (apimachinery, util/rand). */
#define RANDOM_LENGTH 5
#define RANDOM_LETTERS "bcdfghjklmnpqrstvwxz2456789"
#define DIGITS "0123456789"

static const struct {
	const char *label;
	const char *kind;
} hashes[] = {{"pod-template-hash", "Deployment"}, {"rollouts-pod-template-hash", "Rollout"}};
#define HASHES (sizeof(hashes) / sizeof(hashes[0]))

/* How much of the text is before "-suffix", in whatever case; 0 if it does not end so or nothing is
 * before it. */
static size_t length_before(const char *text, size_t length, const char *suffix)
{
	size_t suffix_length = strlen(suffix);

	if (suffix_length == 0 || length < suffix_length + 2 ||
	    strncasecmp(text + length - suffix_length, suffix, suffix_length) != 0 ||
	    text[length - suffix_length - 1] != '-')
		return 0;
	return length - suffix_length - 1;
}

/* How much of the text is before its last dash, if all behind is of the letters, and at least
 * shortest of them; else 0. */
static size_t length_before_last(const char *text, const char *letters, size_t shortest)
{
	const char *dash = strrchr(text, '-');

	if (!dash || dash == text || strlen(dash + 1) < shortest ||
	    dash[1 + strspn(dash + 1, letters)])
		return 0;
	return (size_t)(dash - text);
}

/* Of a name that was made from a generateName. */
static size_t length_before_random(const char *name)
{
	size_t length = length_before_last(name, RANDOM_LETTERS, RANDOM_LENGTH);

	return length > 0 && strlen(name) == length + 1 + RANDOM_LENGTH ? length : 0;
}

/* The owner's owner, as far as names tell; *ret_length is how much of the owner's name is its name.
 */
static const char *grand_owner(const struct inventory_pod *pod, size_t *ret_length)
{
	const char *owner = pod->owner_name;

	/* A CronJob's jobs end in the scheduled minute, older ones in the second. */
	if (strcmp(pod->owner_kind, "Job") == 0) {
		*ret_length = length_before_last(owner, DIGITS, CRON_SUFFIX_MIN);
		return "CronJob";
	}
	*ret_length = 0;
	for (size_t i = 0; i < HASHES && strcmp(pod->owner_kind, "ReplicaSet") == 0; i++) {
		const char *hash = labels_get(&pod->labels, hashes[i].label);

		*ret_length = hash ? length_before(owner, strlen(owner), hash) : 0;
		if (*ret_length > 0)
			return hashes[i].kind;
	}
	return NULL;
}

struct named {
	const char *kind;
	const char *name;
	size_t length; /* of the name */
};

/* The kubelet appends the node's name, in small letters, to what the file calls the pod. */
static struct named name_mirror(const struct inventory_pod *pod)
{
	const char *node = strcmp(pod->owner_kind, "Node") == 0 ? pod->owner_name : pod->node;
	size_t length = length_before(pod->name, strlen(pod->name), node);

	if (length == 0)
		return (struct named){"Pod", pod->name, strlen(pod->name)};
	return (struct named){"StaticPod", pod->name, length};
}

static struct named name_workload(const struct inventory_pod *pod)
{
	const char *above;
	size_t length;

	if (*pod->top_kind && *pod->top_name)
		return (struct named){pod->top_kind, pod->top_name, strlen(pod->top_name)};
	if (pod->mirror)
		return name_mirror(pod);
	above = grand_owner(pod, &length);
	if (length > 0)
		return (struct named){above, pod->owner_name, length};
	if (!*pod->owner_kind || !*pod->owner_name)
		return (struct named){"Pod", pod->name, strlen(pod->name)};
	return (struct named){pod->owner_kind, pod->owner_name, strlen(pod->owner_name)};
}

int inventory_workload(const struct inventory_pod *pod, char **ret_kind, char **ret_name)
{
	struct named named = name_workload(pod);
	char *kind = strdup(named.kind), *name = strndup(named.name, named.length);

	if (!kind || !name) {
		free(kind);
		free(name);
		return -ENOMEM;
	}
	*ret_kind = kind;
	*ret_name = name;
	return 0;
}

/* ---- what labels and names prove ---- */

static struct named prove_hash(const struct inventory_pod *pod)
{
	size_t replica = length_before_random(pod->name);

	for (size_t i = 0; i < HASHES; i++) {
		const char *hash = labels_get(&pod->labels, hashes[i].label);
		size_t length = hash ? length_before(pod->name, replica, hash) : 0;

		if (length > 0)
			return (struct named){hashes[i].kind, pod->name, length};
	}
	return (struct named){0};
}

static struct named prove_daemon(const struct inventory_pod *pod)
{
	size_t length = length_before_random(pod->name);

	if (length == 0 || !labels_get(&pod->labels, "controller-revision-hash") ||
	    !labels_get(&pod->labels, "pod-template-generation"))
		return (struct named){0};
	return (struct named){"DaemonSet", pod->name, length};
}

static struct named prove_stateful(const struct inventory_pod *pod)
{
	const char *name = labels_get(&pod->labels, "statefulset.kubernetes.io/pod-name");
	const char *index = labels_get(&pod->labels, "apps.kubernetes.io/pod-index");
	size_t length = length_before_last(pod->name, DIGITS, 1);

	if (length == 0)
		return (struct named){0};
	if ((name && strcmp(name, pod->name) == 0) ||
	    (index && strcmp(index, pod->name + length + 1) == 0 &&
	     labels_get(&pod->labels, "controller-revision-hash")))
		return (struct named){"StatefulSet", pod->name, length};
	return (struct named){0};
}

static struct named prove_job(const struct inventory_pod *pod)
{
	static const char *const keys[] = {"batch.kubernetes.io/job-name", "job-name"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *job = labels_get(&pod->labels, keys[i]);
		size_t length = job ? strlen(job) : 0;

		if (length > 0 && strncmp(pod->name, job, length) == 0 && pod->name[length] == '-')
			return (struct named){"Job", job, length};
	}
	return (struct named){0};
}

/* A kubelet makes a static pod's uid of its file: a hash, without the dashes of a UUID. */
static struct named prove_mirror(const struct inventory_pod *pod)
{
	if (strlen(pod->uid) != 32 || strspn(pod->uid, "0123456789abcdef") != 32 ||
	    length_before(pod->name, strlen(pod->name), pod->node) == 0)
		return (struct named){0};
	return (struct named){"Node", pod->node, strlen(pod->node)};
}

int inventory_prove_owner(struct inventory_pod *pod)
{
	struct named (*const proofs[])(const struct inventory_pod *) = {
	    prove_hash, prove_daemon, prove_stateful, prove_job, prove_mirror};
	struct named named = {0};
	char *kind, *name;

	for (size_t i = 0; i < sizeof(proofs) / sizeof(proofs[0]) && !named.kind; i++)
		named = proofs[i](pod);
	if (!named.kind)
		return 0;
	kind = strdup(named.kind);
	name = strndup(named.name, named.length);
	if (!kind || !name) {
		free(kind);
		free(name);
		return -ENOMEM;
	}
	free(pod->owner_kind);
	free(pod->owner_name);
	pod->owner_kind = kind;
	pod->owner_name = name;
	pod->mirror = strcmp(kind, "Node") == 0;
	return 0;
}
