#include "cli/refused.h"

#include <stdio.h>
#include <string.h>

#include "cli/summary_text.h"
#include "policy/kind.h"

#define NAMED_MAX 5

static bool is_in(const struct refused *refused, const char *namespace)
{
	return refused->count > 0 && strcmp(refused->namespace.data, namespace) == 0;
}

int refused_add(struct refused *refused, struct compiler *compiler, const struct policy *policy)
{
	compiler_refuse(compiler);
	if (!is_in(refused, policy->namespace)) {
		refused_clear(refused);
		buf_puts(&refused->namespace, policy->namespace);
	}
	if (refused->count < NAMED_MAX)
		buf_printf(&refused->names, "%s%s", refused->count > 0 ? ", " : "",
			   policy->subject);
	refused->count++;
	return refused->namespace.error ? refused->namespace.error : refused->names.error;
}

int refused_none(struct refused *refused, struct compiler *compiler, const struct policy *deny,
		 struct problems *problems)
{
	struct buf subject = {0};
	int r;

	if (!is_in(refused, deny->namespace))
		return 1;
	compiler_refuse(compiler);
	buf_printf(&subject, "namespace %s", deny->namespace);
	if (refused->count > NAMED_MAX)
		buf_printf(&refused->names, " and %zu more", refused->count - NAMED_MAX);
	r = subject.error ? subject.error : refused->names.error;
	if (r == 0)
		problem_add(problems, PROBLEM_CAVEAT, subject.data,
			    "no default-deny: it would cut off those whose policies could not be "
			    "said: %s",
			    refused->names.data);
	buf_clear(&subject);
	return r;
}

int refused_tell(const struct session *session, const struct compiler *compiler)
{
	struct policy_refused sum;
	struct buf buf = {0};
	int r = compiler_refused(compiler, &sum);

	if (r < 0 || sum.policies == 0)
		return r;
	summary_text_refused(&sum, session->options->kind->name, &buf);
	r = buf.error;
	if (r == 0)
		fprintf(stderr, "%s: note: %s\n", PROGRAM, buf.data);
	buf_clear(&buf);
	return r;
}

void refused_clear(struct refused *refused)
{
	buf_clear(&refused->namespace);
	buf_clear(&refused->names);
	*refused = (struct refused){0};
}
