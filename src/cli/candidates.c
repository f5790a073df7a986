#include "cli/candidates.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/generated.h"
#include "cli/manifests.h"

static bool fail(struct session *session, const char *what, int error)
{
	if (error == -ENOMEM || session->problems.errors == 0)
		session_fail(session, what, error);
	session->status = EXIT_USAGE;
	return false;
}

bool candidates_read(struct session *session, struct candidates *ret)
{
	const struct options *options = session->options;
	struct manifests manifests = {0};
	bool read;

	if (options->manifest_count == 0)
		return true;
	read = manifests_read(session, options->manifests, options->manifest_count, &manifests);
	ret->given = manifests.manifest;
	return read;
}

static int compare_names(const void *a, const void *b)
{
	const struct netpol *x = a, *y = b;
	int r = strcmp(x->namespace, y->namespace);

	return r ? r : strcmp(x->name, y->name);
}

static bool is_replaced(const struct candidates *candidates, const struct netpol *policy)
{
	const struct manifest *generated = candidates->generated;

	return generated && bsearch(policy, generated->policies, generated->policy_count,
				    sizeof(*policy), compare_names);
}

static void note_replaced(struct session *session, const struct netpol *policy)
{
	struct buf subject = {0};

	buf_printf(&subject, "%s:%u", policy->file, policy->line);
	if (!subject.error)
		problem_add(&session->problems, PROBLEM_NOTE, subject.data,
			    "NetworkPolicy %s in %s is replaced by the generated one of that name",
			    policy->name, policy->namespace);
	buf_clear(&subject);
}

static int unite(struct session *session, struct candidates *candidates)
{
	const struct manifest *given = candidates->given, *generated = candidates->generated;
	size_t given_count = given ? given->policy_count : 0;
	size_t most = given_count + (generated ? generated->policy_count : 0);

	candidates->policies = calloc(most + 1, sizeof(*candidates->policies));
	if (!candidates->policies)
		return -ENOMEM;
	for (size_t i = 0; i < given_count; i++) {
		if (is_replaced(candidates, &given->policies[i]))
			note_replaced(session, &given->policies[i]);
		else
			candidates->policies[candidates->count++] = given->policies[i];
	}
	for (size_t i = 0; generated && i < generated->policy_count; i++)
		candidates->policies[candidates->count++] = generated->policies[i];
	candidates->generated_count = generated ? generated->policy_count : 0;
	if (candidates->count > 0)
		qsort(candidates->policies, candidates->count, sizeof(*candidates->policies),
		      compare_names);
	return 0;
}

bool candidates_finish(struct session *session, struct candidates *candidates)
{
	int r =
	    session->options->with_generated ? generated_read(session, &candidates->generated) : 0;

	if (r == 0)
		r = unite(session, candidates);
	return r == 0 || fail(session, "policies", r);
}

void candidates_clear(struct candidates *candidates)
{
	manifest_free(candidates->given);
	manifest_free(candidates->generated);
	free(candidates->policies);
	*candidates = (struct candidates){0};
}
