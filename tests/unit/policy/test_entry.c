/* Ways into the cluster that the inventory has, and what is told where it has none. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "policy/entry.h"
#include "tests/unit/policy/shop.h"

#define CONTAINERS(PORTS) ", containers: [{ports: [" PORTS "]}]"
#define POD(NAME, SPEC)                                                                            \
	"---\n{kind: Pod, metadata: {namespace: shop, name: " NAME ", uid: u-" NAME                \
	", labels: {app: web}, ownerReferences: [{kind: StatefulSet, name: web, controller: "      \
	"true}]}, spec: {nodeName: n1" SPEC "}, status: {phase: Running, podIP: 10.1.0.1}}\n"
#define WEB POD("web", CONTAINERS("{name: http, containerPort: 8080}"))
#define SERVICE(METADATA, SPEC)                                                                    \
	"---\n{kind: Service, metadata: {namespace: shop, name: web" METADATA                      \
	"}, spec: {clusterIP: 10.96.0.5, selector: {app: web}, " SPEC "}}\n"
#define PLAIN SERVICE("", "ports: [{name: web, port: 80, targetPort: 8080}]")
#define BINDING(SPEC)                                                                              \
	"---\n{apiVersion: elbv2.k8s.aws/v1beta1, kind: TargetGroupBinding, metadata: "            \
	"{namespace: shop, name: b}, spec: {" SPEC "}}\n"
#define INGRESS(METADATA, SPEC)                                                                    \
	"---\n{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {namespace: shop, "      \
	"name: i" METADATA "}, spec: {" SPEC "}}\n"
#define ALB ", annotations: {alb.ingress.kubernetes.io/target-type: ip}"
#define RULE(PORT)                                                                                 \
	"rules: [{host: a}, {http: {paths: [{backend: {service: {name: web, port: {" PORT "}}}}]}" \
	"}]"

/* Does one lead to TCP 8080 of the pod, and do nodes forward there? */
static void assert_entry(const char *inventory, bool is_entry, bool is_forwarded)
{
	const struct graph_edge *edge;
	const struct graph *graph;
	struct shop s;

	shop_init_web(&s, inventory);
	is_asked(&s, "10.200.0.1", 8080);
	graph = scene_build(&s.scene, 0);
	edge = &graph->edges[0];
	if (entry_leads_to(graph, edge->to, IPPROTO_TCP, 8080) != is_entry)
		fail_msg("an entry or not: %s", inventory);
	if (entry_forwards_to(graph, edge) != is_forwarded)
		fail_msg("nodes forward or not: %s", inventory);
	assert_false(entry_leads_to(graph, edge->to, IPPROTO_TCP, 8081));
	assert_false(entry_leads_to(graph, edge->to, IPPROTO_UDP, 8080));
	shop_close(&s);
}

static void test_load_balancers_that_reach_pods_straight(void **state)
{
	static const char *const entries[] = {
	    WEB PLAIN BINDING("targetType: ip, serviceRef: {name: web, port: 80}"),
	    WEB PLAIN BINDING("targetType: ip, serviceRef: {name: web, port: web}"),
	    WEB PLAIN INGRESS(ALB, RULE("number: 80")),
	    WEB PLAIN INGRESS(ALB, RULE("name: web")),
	    WEB PLAIN INGRESS(ALB, "defaultBackend: {service: {name: web, port: {number: 80}}}"),
	    WEB PLAIN INGRESS("",
			      "ingressClassName: azure-application-gateway, " RULE("number: 80")),
	    WEB PLAIN INGRESS(", annotations: {kubernetes.io/ingress.class: "
			      "azure/application-gateway}",
			      RULE("number: 80")),
	    WEB SERVICE(", annotations: {cloud.google.com/neg-status: "
			"'{\"network_endpoint_groups\":{\"80\":\"k8s1-a\"},\"zones\":[\"z\"]}'}",
			"ports: [{port: 80, targetPort: http}]"),
	};
	static const char *const none[] = {
	    WEB PLAIN,
	    WEB PLAIN BINDING("targetType: instance, serviceRef: {name: web, port: 80}"),
	    WEB PLAIN BINDING("targetType: ip, serviceRef: {name: web, port: 81}"),
	    WEB PLAIN BINDING("targetType: ip, serviceRef: {name: api, port: 80}"),
	    WEB PLAIN INGRESS("", RULE("number: 80")),
	    WEB PLAIN INGRESS("", "ingressClassName: nginx, " RULE("number: 80")),
	    WEB PLAIN INGRESS(ALB, RULE("name: other")),
	    WEB SERVICE(", annotations: {cloud.google.com/neg: '{\"ingress\": true}'}",
			"ports: [{port: 80, targetPort: 8080}]"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
		assert_entry(entries[i], true, false);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_entry(none[i], false, false);
	assert_entry(WEB SERVICE("", "type: NodePort, ports: [{port: 80, targetPort: 8080}]"), true,
		     true);
}

/* What was recorded may have been replaced since by others that are like it. */
static void test_names_of_ports_that_others_tell(void **state)
{
#define NAMED SERVICE("", "type: NodePort, ports: [{port: 80, targetPort: http}]")
#define OTHER POD("web-2", CONTAINERS("{name: http, containerPort: 8080}"))
	(void)state;
	assert_entry(WEB NAMED, true, true);
	assert_entry(POD("web", "") NAMED, false, false);
	assert_entry(POD("web", "") OTHER NAMED, true, true);
	assert_entry(POD("web", CONTAINERS("{name: http, containerPort: 80}")) OTHER NAMED, false,
		     false);
}

/* ---- what is told ---- */

static bool is_told(const struct shop *s, const char *text)
{
	return scene_has_problem(&s->scene, "StatefulSet/web in shop", text);
}

static void test_private_clients_are_told_of(void **state)
{
	struct shop s;

	(void)state;
	shop_init_web(&s, WEB PLAIN);
	is_asked(&s, "10.200.0.1", 8080);
	is_asked(&s, "10.200.0.2", 8080);
	is_asked(&s, "10.200.0.2", 9090);
	derive(&s);
	assert_true(is_told(&s, "2 private addresses outside reached TCP 8080 straight, to "
				"which service web leads, and are allowed one by one"));
	s.request.external_ingress = EXTERNAL_INGRESS_LEARNED_CIDR;
	derive(&s);
	assert_false(is_told(&s, "straight"));
	s.request.external_ingress = EXTERNAL_INGRESS_ANY;
	s.request.exact = true;
	derive(&s);
	assert_false(is_told(&s, "straight"));
	shop_close(&s);
}

static void test_others_are_not(void **state)
{
	static const char *const inventories[] = {WEB, WEB PLAIN INGRESS(ALB, RULE("number: 80")),
						  WEB SERVICE("", "ports: [{port: 9090}]"),
						  WEB PLAIN};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct shop s;

		shop_init_web(&s, inventories[i]);
		is_asked(&s, i == 3 ? "203.0.113.9" : "10.200.0.1", 8080);
		derive(&s);
		assert_false(is_told(&s, "straight"));
		shop_close(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_load_balancers_that_reach_pods_straight),
	    cmocka_unit_test(test_names_of_ports_that_others_tell),
	    cmocka_unit_test(test_private_clients_are_told_of),
	    cmocka_unit_test(test_others_are_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
