/* Objects that are yet to be applied: the default namespace, and the templates of their pods. */
#include "tests/unit/identity/inventory_fixture.h"

static struct inventory *read_manifest(const char *text, struct problems *problems)
{
	struct inventory *inventory = inventory_new();
	struct document *document = NULL;

	assert_non_null(inventory);
	assert_int_equal(document_parse(text, strlen(text), "f", problems, &document), 0);
	assert_int_equal(inventory_add_manifest(inventory, document, problems), 0);
	assert_int_equal(inventory_finish(inventory, problems), 0);
	document_free(document);
	return inventory;
}

#define TEMPLATE                                                                                   \
	"template: {metadata: {labels: {app: web}}, spec: {hostNetwork: true,\n"                   \
	"  containers: [{name: a, ports: [{name: http, containerPort: 8080}]}, {name: b,\n"        \
	"    ports: [{containerPort: 53, protocol: UDP}]}],\n"                                     \
	"  initContainers: [{name: c, ports: [{name: gone, containerPort: 1}]}]}}"

static void assert_template(const struct inventory_template *template, const char *kind)
{
	assert_string_equal(template->kind, kind);
	assert_string_equal(template->namespace, "default");
	assert_string_equal(template->name, "x");
	assert_string_equal(template->file, "f");
	assert_int_equal(template->line, 1);
	assert_string_equal(labels_get(&template->labels, "app"), "web");
	assert_true(template->host_network);
	assert_int_equal(template->port_count, 2);
	assert_string_equal(template->ports[0].name, "http");
	assert_int_equal(template->ports[0].port, 8080);
	assert_int_equal(template->ports[1].protocol, 17);
}

static void test_every_kind(void **state)
{
	static const struct {
		const char *version;
		const char *kind;
	} kinds[] = {{"apps/v1", "Deployment"},  {"extensions/v1beta1", "Deployment"},
		     {"apps/v1", "StatefulSet"}, {"apps/v1beta2", "DaemonSet"},
		     {"apps/v1", "ReplicaSet"},  {"batch/v1", "Job"},
		     {"batch/v1", "CronJob"},    {"v1", "ReplicationController"}};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		bool cron = strcmp(kinds[i].kind, "CronJob") == 0;
		struct problems problems = {0};
		struct inventory *inventory;
		char text[1024];

		snprintf(text, sizeof(text),
			 "{apiVersion: %s, kind: %s, metadata: {name: x},\n"
			 "spec: {%s" TEMPLATE "}%s}\n",
			 kinds[i].version, kinds[i].kind, cron ? "jobTemplate: {spec: {" : "",
			 cron ? "}}" : "");
		inventory = read_manifest(text, &problems);
		assert_int_equal(problems.count, 0);
		assert_int_equal(inventory->template_count, 1);
		assert_template(&inventory->templates[0], kinds[i].kind);
		assert_int_equal(inventory->pod_count, 0);
		inventory_free(inventory);
	}
}

static void test_sorted_and_once(void **state)
{
	struct problems problems = {0};
	struct inventory *inventory = read_manifest(
	    "{apiVersion: apps/v1, kind: Deployment, metadata: {name: b},\n"
	    "  spec: {template: {metadata: {labels: {app: old}}}}}\n"
	    "---\n"
	    "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, namespace: z},\n"
	    "  spec: {template: {}}}\n"
	    "---\n"
	    "{apiVersion: batch/v1, kind: Job, metadata: {name: a},\n"
	    "  spec: {template: {}}}\n"
	    "---\n"
	    "{apiVersion: apps/v1, kind: Deployment, metadata: {name: b},\n"
	    "  spec: {template: {metadata: {labels: {app: new}}}}}\n",
	    &problems);

	(void)state;
	assert_int_equal(problems.count, 1);
	assert_string_equal(problems.items[0].subject, "f:1");
	assert_string_equal(problems.items[0].message,
			    "Deployment default/b is there twice, with different labels: those in "
			    "f:10 are believed");
	assert_int_equal(inventory->template_count, 3);
	assert_string_equal(inventory->templates[0].kind, "Deployment");
	assert_string_equal(labels_get(&inventory->templates[0].labels, "app"), "new");
	assert_string_equal(inventory->templates[1].kind, "Job");
	assert_string_equal(inventory->templates[2].namespace, "z");
	assert_int_equal(inventory->templates[2].labels.count, 0);
	assert_int_equal(inventory->templates[2].port_count, 0);
	inventory_free(inventory);
	problems_clear(&problems);
}

/* The keys of unknown value, with a question mark where they may be absent. */
static void assert_unknown(const char *kind, const char *spec, const char *expected)
{
	struct problems problems = {0};
	struct inventory *inventory;
	const struct unknown_label *label;
	char text[512], found[512] = "";

	snprintf(text, sizeof(text), "{apiVersion: v1, kind: %s, metadata: {name: x}, spec: {%s}}",
		 kind, spec);
	inventory = read_manifest(text, &problems);
	assert_int_equal(inventory->template_count, 1);
	for (label = inventory->templates[0].unknown_labels; label && label->key; label++) {
		strcat(found, label->key);
		strcat(found, label->is_there ? " " : "? ");
	}
	assert_string_equal(found, expected);
	inventory_free(inventory);
}

/* One problem, of that severity; how many templates there are. */
static void assert_foreign(const char *object, size_t count, enum problem_severity severity,
			   const char *subject, const char *begin)
{
	struct problems problems = {0};
	struct inventory *inventory = read_manifest(object, &problems);

	assert_int_equal(inventory->template_count, count);
	if (count > 0)
		assert_string_equal(labels_get(&inventory->templates[0].labels, "app"), "a");
	assert_int_equal(problems.count, 1);
	assert_int_equal(problems.items[0].severity, severity);
	assert_string_equal(problems.items[0].subject, subject);
	assert_memory_equal(problems.items[0].message, begin, strlen(begin));
	inventory_free(inventory);
	problems_clear(&problems);
}

#define FOREIGN(SPEC)                                                                              \
	"{apiVersion: example.org/v1, kind: Farm, metadata: {name: x, namespace: lab}, "           \
	"spec: " SPEC "}"
#define PODS "{metadata: {labels: {app: a}},\n  spec: {containers: [{name: main}]}}"

static void test_kinds_that_are_not_known(void **state)
{
	(void)state;
	assert_foreign(FOREIGN("{template: " PODS "}"), 1, PROBLEM_NOTE, "f:1",
		       "Farm lab/x (example.org/v1): its kind");
	assert_foreign(FOREIGN("{jobTemplate: {spec: {template: " PODS "}}}"), 1, PROBLEM_NOTE,
		       "f:1", "Farm lab/x (example.org/v1): its kind");
	assert_foreign(FOREIGN("{tasks: [{replicas: 1},\n{template: " PODS "}]}"), 0,
		       PROBLEM_CAVEAT, "f:2", "Farm lab/x (example.org/v1): a template of pods");
	assert_foreign(FOREIGN("{template: {kafka: {pod: " PODS "}}}"), 0, PROBLEM_CAVEAT, "f:1",
		       "Farm lab/x (example.org/v1): a template of pods");
	assert_foreign("{apiVersion: example.org/v1, kind: Farm, spec: {template: " PODS "}}", 0,
		       PROBLEM_WARNING, "f:1", "Farm without metadata.name");
}

static void test_what_only_looks_alike(void **state)
{
	static const char *const objects[] = {
	    FOREIGN("{template: {data: {a: b}}}"), FOREIGN("{template: {spec: {containers: 3}}}"),
	    FOREIGN("[template]"), FOREIGN("{workloadRef: {name: web}}"), FOREIGN("text")};

	(void)state;
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		struct problems problems = {0};
		struct inventory *inventory = read_manifest(objects[i], &problems);

		assert_int_equal(inventory->template_count, 0);
		assert_int_equal(problems.count, 0);
		inventory_free(inventory);
	}
}

static void test_rollout(void **state)
{
	struct problems problems = {0};
	struct inventory *inventory =
	    read_manifest("{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: x}, "
			  "spec: {template: " PODS "}}",
			  &problems);

	(void)state;
	assert_int_equal(problems.count, 0);
	assert_int_equal(inventory->template_count, 1);
	assert_string_equal(inventory->templates[0].unknown_labels[0].key,
			    "rollouts-pod-template-hash");
	inventory_free(inventory);
}

static void test_labels_of_controllers(void **state)
{
	(void)state;
	assert_unknown("Deployment", "template: {}", "pod-template-hash ");
	assert_unknown("ReplicaSet", "template: {}", "");
	assert_unknown("ReplicationController", "template: {}", "");
	assert_unknown("DaemonSet", "template: {}",
		       "controller-revision-hash pod-template-generation ");
	assert_unknown("StatefulSet", "template: {}",
		       "controller-revision-hash statefulset.kubernetes.io/pod-name "
		       "apps.kubernetes.io/pod-index? ");
	assert_unknown("Job", "template: {}", "batch.kubernetes.io/controller-uid controller-uid ");
	assert_unknown("Job", "completionMode: Indexed, template: {}",
		       "batch.kubernetes.io/job-completion-index? "
		       "batch.kubernetes.io/controller-uid controller-uid ");
	assert_unknown("Job", "manualSelector: true, template: {}", "");
	assert_unknown("CronJob", "jobTemplate: {spec: {template: {}}}",
		       "batch.kubernetes.io/controller-uid batch.kubernetes.io/job-name "
		       "controller-uid job-name ");
	assert_unknown("CronJob", "jobTemplate: {spec: {completionMode: Indexed, template: {}}}",
		       "batch.kubernetes.io/job-completion-index? "
		       "batch.kubernetes.io/controller-uid batch.kubernetes.io/job-name "
		       "controller-uid job-name ");
}

static void test_names_of_jobs(void **state)
{
	struct problems problems = {0};
	struct inventory *inventory =
	    read_manifest("{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {\n"
			  "  template: {metadata: {labels: {app: x}}}}}\n"
			  "---\n"
			  "{apiVersion: batch/v1, kind: Job, metadata: {name: b}, spec: {\n"
			  "  template: {metadata: {labels: {job-name: c}}}}}\n"
			  "---\n"
			  "{apiVersion: batch/v1, kind: Job, metadata: {name: c}, spec: {\n"
			  "  manualSelector: true, template: {}}}\n",
			  &problems);
	const struct inventory_template *jobs = inventory->templates;

	(void)state;
	assert_int_equal(jobs[0].labels.count, 3);
	assert_string_equal(labels_get(&jobs[0].labels, "job-name"), "a");
	assert_string_equal(labels_get(&jobs[0].labels, "batch.kubernetes.io/job-name"), "a");
	assert_string_equal(labels_get(&jobs[1].labels, "job-name"), "c");
	assert_int_equal(jobs[2].labels.count, 0);
	inventory_free(inventory);
}

/* expected NULL: nothing is said. */
static void assert_twice(const char *first, const char *second, const char *subject,
			 const char *expected)
{
	struct problems problems = {0};
	char text[512];

	snprintf(text, sizeof(text), "%s\n---\n%s\n", first, second);
	inventory_free(read_manifest(text, &problems));
	assert_int_equal(problems.count, expected ? 1 : 0);
	if (expected) {
		assert_string_equal(problems.items[0].subject, subject);
		assert_string_equal(problems.items[0].message, expected);
	}
	problems_clear(&problems);
	if (expected) {
		inventory_free(read_with(text, &problems));
		assert_int_equal(problems.count, 0);
	}
}

#define NAMED(KIND, LABELS)                                                                        \
	"{apiVersion: v1, kind: " KIND ", metadata: {name: a, namespace: b, labels: {" LABELS "}}" \
	"}"

static void test_told_twice(void **state)
{
	(void)state;
	assert_twice(NAMED("Namespace", "x: y"), NAMED("Namespace", "x: z"), "f:1",
		     "Namespace a is there twice, with different labels: those in f:3 are "
		     "believed");
	assert_twice(NAMED("Namespace", "x: y"), NAMED("Namespace", "x: y"), NULL, NULL);
	assert_twice(NAMED("Pod", "x: y"), NAMED("Pod", "x: z, w: v"), "f:1",
		     "Pod b/a is there twice, with different labels: those in f:3 are believed");
	assert_twice(NAMED("Pod", "x: y"), NAMED("Pod", ""), "f:3",
		     "Pod b/a is there twice, with different labels: those in f:1 are believed");
	assert_twice(NAMED("Pod", "x: y"), NAMED("Pod", "x: y"), NULL, NULL);
	assert_twice(NAMED("Pod", "x: y"), "{kind: Pod, metadata: {name: a, namespace: b, uid: u}}",
		     NULL, NULL);
}

static void test_contradictions(void **state)
{
	static const char text[] =
	    "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {hostNetwork: true}}\n---\n"
	    "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {}}\n---\n"
	    "{apiVersion: v1, kind: Pod, metadata: {name: b, uid: u}}\n---\n"
	    "{apiVersion: v1, kind: Pod, metadata: {name: c, uid: u}}\n";
	struct problems problems = {0};

	(void)state;
	inventory_free(read_manifest(text, &problems));
	assert_int_equal(problems.count, 3);
	assert_string_equal(problems.items[0].subject, "f:3");
	assert_string_equal(problems.items[0].message,
			    "Pod default/a: what is told of it contradicts itself (whether it "
			    "shares its node's network): what it may do is not known");
	assert_string_equal(problems.items[1].subject, "f:5");
	assert_string_equal(problems.items[2].subject, "f:7");
	problems_clear(&problems);
}

static void test_left_out(void **state)
{
	struct problems problems = {0};
	struct inventory *inventory = read_manifest(
	    "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}}\n"
	    "---\n"
	    "{apiVersion: apps/v1, kind: Deployment, spec: {template: {}}}\n"
	    "---\n"
	    "{apiVersion: apps.kruise.io/v1, kind: StatefulSet, metadata: {name: a},\n"
	    "  spec: {template: {}}}\n",
	    &problems);

	(void)state;
	assert_int_equal(inventory->template_count, 0);
	assert_int_equal(problems.count, 2);
	assert_string_equal(problems.items[0].subject, "f:1");
	assert_string_equal(problems.items[0].message,
			    "Deployment without a template of its pods: left out");
	assert_string_equal(problems.items[1].message,
			    "Deployment without metadata.name: left out");
	inventory_free(inventory);
	problems_clear(&problems);
}

static void test_default_namespace(void **state)
{
	static const char objects[] =
	    "{apiVersion: v1, kind: Pod, metadata: {name: a}}\n"
	    "---\n"
	    "{apiVersion: v1, kind: Service, metadata: {name: a}}\n"
	    "---\n"
	    "{apiVersion: v1, kind: Endpoints, metadata: {name: a}}\n"
	    "---\n"
	    "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice,\n"
	    "  metadata: {name: a}}\n"
	    "---\n"
	    "{apiVersion: apps/v1, kind: Deployment,\n"
	    "  metadata: {name: a, namespace: b}, spec: {template: {}}}\n";
	struct problems problems = {0};
	struct inventory *inventory = read_manifest(objects, &problems);

	(void)state;
	assert_int_equal(problems.count, 0);
	assert_string_equal(inventory->pods[0].namespace, "default");
	assert_string_equal(inventory->services[0].namespace, "default");
	assert_string_equal(inventory->endpoints[0].namespace, "default");
	assert_string_equal(inventory->endpoints[1].namespace, "default");
	assert_string_equal(inventory->templates[0].namespace, "b");
	inventory_free(inventory);
	/* What a cluster printed has namespaces, and pods instead of templates. */
	inventory = read_with(objects, &problems);
	assert_int_equal(problems.count, 4);
	assert_int_equal(inventory->pod_count, 0);
	assert_int_equal(inventory->template_count, 0);
	inventory_free(inventory);
	problems_clear(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_kind),
	    cmocka_unit_test(test_sorted_and_once),
	    cmocka_unit_test(test_kinds_that_are_not_known),
	    cmocka_unit_test(test_what_only_looks_alike),
	    cmocka_unit_test(test_rollout),
	    cmocka_unit_test(test_labels_of_controllers),
	    cmocka_unit_test(test_names_of_jobs),
	    cmocka_unit_test(test_told_twice),
	    cmocka_unit_test(test_contradictions),
	    cmocka_unit_test(test_left_out),
	    cmocka_unit_test(test_default_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
