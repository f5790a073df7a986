#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sources/cri_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_labels(const struct cri_sandbox *sandbox)
{
	if (!sandbox->labelled && sandbox->labels.count > 0)
		abort();
	for (size_t i = 0; i < sandbox->labels.count; i++) {
		const struct label *label = &sandbox->labels.items[i];

		if (!buf_is_text(label->key, strlen(label->key)) ||
		    !buf_is_text(label->value, strlen(label->value)))
			abort();
		if (i > 0 && strcmp(label[-1].key, label->key) >= 0)
			abort();
	}
}

static void check(const struct cri_answer *answer)
{
	for (size_t i = 0; i < answer->count; i++) {
		const struct cri_sandbox *sandbox = &answer->items[i];

		if (!*sandbox->id || strlen(sandbox->id) > CRI_TEXT_MAX ||
		    !buf_is_text(sandbox->namespace, strlen(sandbox->namespace)) ||
		    !buf_is_text(sandbox->name, strlen(sandbox->name)) ||
		    !buf_is_text(sandbox->uid, strlen(sandbox->uid)) || sandbox->created < 0)
			abort();
		if (i > 0 && strcmp(sandbox[-1].id, sandbox->id) >= 0)
			abort();
		check_labels(sandbox);
	}
}

static void decode(int (*decoder)(const void *, size_t, struct cri_answer *), const uint8_t *data,
		   size_t size)
{
	struct cri_answer answer = {0};
	int r = decoder(data, size, &answer);

	if (r == 0)
		check(&answer);
	else if (answer.items || !*cri_message_error(r))
		abort();
	cri_answer_clear(&answer);
}

/* The body of an answer to either question. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	decode(cri_decode_list, data, size);
	decode(cri_decode_status, data, size);
	return 0;
}
