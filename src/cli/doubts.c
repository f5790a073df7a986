#include "cli/doubts.h"

#include <stdio.h>

#include "base/clock.h"

/* Batches come more often than that. */
#define SILENCE_MSEC (5 * 60 * MSEC_PER_SEC)

/* ---- nodes ---- */

struct node_walk {
	struct session *session;
	int64_t until; /* what each should have been heard of after */
};

static int check_node(void *context, const char *node, int64_t first, int64_t heartbeat)
{
	const struct node_walk *walk = context;
	char subject[300], last[CLOCK_TEXT_MAX];

	(void)first;
	if (heartbeat >= walk->until)
		return 0;
	snprintf(subject, sizeof(subject), "evidence of %s", node);
	problem_add(&walk->session->problems, PROBLEM_WARNING, subject,
		    "last heard of at %s, before the end of the interval",
		    clock_format(heartbeat, last));
	return 0;
}

int doubts_of_nodes(struct session *session, struct interval interval, bool whole)
{
	const int64_t now = clock_msec(clock_now()) - SILENCE_MSEC;
	struct node_walk walk = {.session = session, .until = interval.until};

	if (interval.until == INTERVAL_OPEN && whole)
		return 0;
	if (walk.until > now)
		walk.until = now;
	return record_nodes(session->record, check_node, &walk);
}

/* ---- time ---- */

bool doubts_of_time(struct session *session, struct interval interval)
{
	const struct interval seen = session->graph->seen;

	if (seen.from <= seen.until && seen.until >= interval.from)
		return false;
	problem_add(&session->problems, PROBLEM_WARNING, "evidence",
		    "nothing was recorded in this time: nothing is proved");
	return true;
}

/* ---- pods ---- */

static size_t count_unlabelled(const struct graph *graph)
{
	size_t count = 0;

	for (size_t i = 0; i < graph->pod_count; i++)
		count += !graph->pods[i].labels;
	return count;
}

void doubts_of_pods(struct session *session)
{
	const struct graph *graph = session->graph;
	const bool has_objects = session->inventory && session->inventory->has_objects;
	const size_t unlabelled = count_unlabelled(graph);

	if (!has_objects)
		problem_add(&session->problems, PROBLEM_WARNING, "inventory",
			    "no object of the cluster is known: addresses of pods and nodes that "
			    "were not recorded count as external; " GRAPH_SUPPLY);
	if (unlabelled > 0)
		problem_add(&session->problems, PROBLEM_WARNING, "pods",
			    "of %zu of %zu the labels are not known%s", unlabelled,
			    graph->pod_count, has_objects ? "; " GRAPH_SUPPLY : "");
}

/* ---- policies ---- */

static void warn_of_policy(struct session *session, const struct scene *scene,
			   const struct netpol *policy, const struct policy_subjects *subjects)
{
	struct buf subject = {0};

	buf_printf(&subject, "NetworkPolicy %s/%s", policy->namespace, policy->name);
	if (subject.error)
		session->problems.left_out++;
	else if (subjects->pods > 0)
		problem_add(&session->problems, PROBLEM_WARNING, subject.data,
			    "none of the pods it selects was recorded on its own node: nothing is "
			    "known of what it would deny");
	else if (scene_find_namespace(scene, policy->namespace) == SCENE_NONE)
		problem_add(&session->problems, PROBLEM_WARNING, subject.data,
			    "selects no pod: no namespace %s is known", policy->namespace);
	else
		problem_add(&session->problems, PROBLEM_WARNING, subject.data,
			    "selects no pod that is known");
	buf_clear(&subject);
}

void doubts_of_policies(struct session *session, const struct scene *scene,
			const struct netpol *policies, size_t count,
			const struct subjects *subjects)
{
	for (size_t i = 0; i < count; i++) {
		const struct policy_subjects *of = &subjects->policies[i];

		if (of->pods == 0 || (!session->options->drift && of->wanted && of->recorded == 0))
			warn_of_policy(session, scene, &policies[i], of);
	}
}
