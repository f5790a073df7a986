#include "cli/say_policies.h"

#include <stdio.h>
#include <string.h>

#include "cli/summary_text.h"

#define NAMED_MAX 5

/* Policies that could not be said. */
struct refused {
	struct buf namespace; /* of the last */
	struct buf names;     /* the first few in it */
	size_t count;         /* in it */
};

static void refused_clear(struct refused *refused)
{
	buf_clear(&refused->namespace);
	buf_clear(&refused->names);
	*refused = (struct refused){0};
}

static bool is_in(const struct refused *refused, const char *namespace)
{
	return refused->count > 0 && strcmp(refused->namespace.data, namespace) == 0;
}

static int add_refused(struct refused *refused, struct compiler *compiler,
		       const struct policy *policy)
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

static int leave_deny(struct refused *refused, const struct policy *deny, struct problems *problems)
{
	struct buf subject = {0};
	int r;

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

static int say_deny(const struct say_policies *all, struct refused *refused,
		    const struct policy *deny)
{
	if (!is_in(refused, deny->namespace))
		return all->say(all->context, deny);
	compiler_refuse(all->compiler);
	return leave_deny(refused, deny, &all->session->problems);
}

static int say_policy(const struct say_policies *all, struct refused *refused,
		      const struct policy *policy)
{
	int r;

	if (!policy->workload)
		return say_deny(all, refused, policy);
	r = all->say(all->context, policy);
	if (r == 0 && !policy_kind_passes_over(policy, all->options))
		r = add_refused(refused, all->compiler, policy);
	return r;
}

static int say_each(const struct say_policies *all, struct refused *refused)
{
	struct policy policy;
	int r;

	while ((r = compiler_next(all->compiler, &policy)) > 0) {
		r = say_policy(all, refused, &policy);
		policy_clear(&policy);
		if (r < 0)
			return r;
	}
	return r;
}

static int tell(const struct say_policies *all)
{
	struct policy_refused sum;
	struct buf buf = {0};
	int r = compiler_refused(all->compiler, &sum);

	if (r < 0 || sum.policies == 0)
		return r;
	summary_text_refused(&sum, all->kind->name, &buf);
	r = buf.error;
	if (r == 0)
		fprintf(stderr, "%s: note: %s\n", PROGRAM, buf.data);
	buf_clear(&buf);
	return r;
}

int say_policies(const struct say_policies *all)
{
	struct refused refused = {0};
	int r = say_each(all, &refused);

	refused_clear(&refused);
	return r < 0 ? r : tell(all);
}
