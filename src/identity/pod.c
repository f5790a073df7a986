#include "identity/pod.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Sets *error where there is no memory. */
static char *copy_text(const char *text, int *error)
{
	char *copy = strdup(text ? text : "");

	if (!copy)
		*error = -ENOMEM;
	return copy;
}

static struct pod_word *copy_words(const struct pod *pod, int *error)
{
	struct pod_word *words = calloc(pod->word_count + 1, sizeof(*words));

	if (!words) {
		*error = -ENOMEM;
		return NULL;
	}
	for (size_t i = 0; i < pod->word_count; i++)
		words[i] = (struct pod_word){.source = copy_text(pod->words[i].source, error),
					     .place = copy_text(pod->words[i].place, error),
					     .said = copy_text(pod->words[i].said, error)};
	return words;
}

int pod_copy(const struct pod *pod, struct pod *ret)
{
	int error = 0;
	struct pod copy = {
	    .namespace = copy_text(pod->namespace, &error),
	    .name = copy_text(pod->name, &error),
	    .uid = copy_text(pod->uid, &error),
	    .sandbox = copy_text(pod->sandbox, &error),
	    .source = copy_text(pod->source, &error),
	    .conflict = copy_text(pod->conflict, &error),
	    .labelled = pod->labelled,
	    .host_network = pod->host_network,
	    .created = pod->created,
	    .ended = pod->ended,
	    .addresses = calloc(pod->address_count + 1, sizeof(*copy.addresses)),
	    .words = copy_words(pod, &error),
	};

	if (!copy.addresses)
		error = -ENOMEM;
	copy.address_count = copy.addresses ? pod->address_count : 0;
	copy.word_count = copy.words ? pod->word_count : 0;
	if (error == 0)
		error = labels_copy(&pod->labels, &copy.labels);
	if (error < 0) {
		pod_clear(&copy);
		return error;
	}
	if (pod->address_count > 0)
		memcpy(copy.addresses, pod->addresses,
		       pod->address_count * sizeof(*copy.addresses));
	*ret = copy;
	return 0;
}

void pod_clear(struct pod *pod)
{
	for (size_t i = 0; i < pod->word_count; i++) {
		free(pod->words[i].source);
		free(pod->words[i].place);
		free(pod->words[i].said);
	}
	free(pod->words);
	free(pod->namespace);
	free(pod->name);
	free(pod->uid);
	free(pod->sandbox);
	free(pod->source);
	free(pod->conflict);
	labels_clear(&pod->labels);
	free(pod->addresses);
	*pod = (struct pod){0};
}
