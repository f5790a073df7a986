/*
 * What is printed of all that is allowed, against the evaluator asked of each pair of pods and each
 * range of addresses that the policies tell apart: no row too many or too few, no workload split or
 * joined that should not be.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/reach.h"
#include "tests/unit/policy/cluster.h"

#define CLUSTERS 4000u
#define OWNERS 3
#define CELLS_MAX 80u /* larger clusters are left out */

struct sets {
	struct port_set allows, unknown;
};

/* What each pod may, by the evaluator. */
struct truth {
	struct sets pods[CLUSTER_PODS][CLUSTER_PODS];
	struct sets ranges[DIRECTIONS][CLUSTER_PODS][CELLS_MAX]; /* EGRESS: to the range */
	const struct addr_range *cells;
	size_t pod_count, cell_count;
};

struct bench {
	struct cluster cluster;
	struct scene_owner names[CLUSTER_PODS];
	struct evaluator *evaluator;
	struct reach *reach;
	struct truth truth;
	unsigned long joined, split, rows, merged, runs;
	size_t told_until[CLUSTER_PODS]; /* by destination: the last range that a row told of */
};

/* ---- the truth ---- */

static void ask(struct evaluator *evaluator, const struct party *from, const struct party *to,
		struct sets *ret)
{
	struct port_set possible = {0};

	assert_int_equal(evaluator_pair(evaluator, from, to, &ret->allows, &possible), 0);
	assert_int_equal(port_set_copy(&possible, &ret->unknown), 0);
	assert_int_equal(port_set_subtract(&ret->unknown, &ret->allows), 0);
	port_set_clear(&possible);
}

static void find_truth(struct evaluator *evaluator, struct truth *truth)
{
	for (size_t i = 0; i < truth->pod_count; i++) {
		const struct party pod = {.kind = PARTY_POD, .index = i};

		for (size_t j = 0; j < truth->pod_count; j++) {
			const struct party other = {.kind = PARTY_POD, .index = j};

			ask(evaluator, &pod, &other, &truth->pods[i][j]);
		}
		for (size_t j = 0; j < truth->cell_count; j++) {
			const struct party range = {.kind = PARTY_ADDRESSES,
						    .range = truth->cells[j]};

			ask(evaluator, &pod, &range, &truth->ranges[DIRECTION_EGRESS][i][j]);
			ask(evaluator, &range, &pod, &truth->ranges[DIRECTION_INGRESS][i][j]);
		}
	}
}

static void sets_clear(struct sets *sets)
{
	port_set_clear(&sets->allows);
	port_set_clear(&sets->unknown);
}

static void truth_clear(struct truth *truth)
{
	for (size_t i = 0; i < truth->pod_count; i++) {
		for (size_t j = 0; j < truth->pod_count; j++)
			sets_clear(&truth->pods[i][j]);
		for (size_t j = 0; j < truth->cell_count; j++) {
			sets_clear(&truth->ranges[DIRECTION_EGRESS][i][j]);
			sets_clear(&truth->ranges[DIRECTION_INGRESS][i][j]);
		}
	}
	memset(truth, 0, sizeof(*truth));
}

static bool are_equal(const struct sets *a, const struct sets *b)
{
	return port_set_equal(&a->allows, &b->allows) && port_set_equal(&a->unknown, &b->unknown);
}

/* ---- workloads ---- */

/* Swapping the two changes no answer. */
static bool are_alike(const struct truth *truth, size_t a, size_t b)
{
	if (!are_equal(&truth->pods[a][b], &truth->pods[b][a]))
		return false;
	for (size_t i = 0; i < truth->pod_count; i++)
		if (i != a && i != b &&
		    (!are_equal(&truth->pods[a][i], &truth->pods[b][i]) ||
		     !are_equal(&truth->pods[i][a], &truth->pods[i][b])))
			return false;
	for (enum direction d = 0; d < DIRECTIONS; d++)
		for (size_t i = 0; i < truth->cell_count; i++)
			if (!are_equal(&truth->ranges[d][a][i], &truth->ranges[d][b][i]))
				return false;
	return true;
}

static bool have_one_owner(const struct scene_owner *a, const struct scene_owner *b)
{
	return strcmp(a->namespace, b->namespace) == 0 && strcmp(a->name, b->name) == 0;
}

static bool is_split(const struct bench *bench, size_t pod)
{
	for (size_t i = 0; i < bench->truth.pod_count; i++)
		for (size_t j = 0; j < i; j++)
			if (have_one_owner(&bench->names[i], &bench->names[pod]) &&
			    have_one_owner(&bench->names[j], &bench->names[pod]) &&
			    !are_alike(&bench->truth, i, j))
				return true;
	return false;
}

static const struct reach_workload *workload_of(const struct bench *bench, size_t pod)
{
	const struct reach_workload *found = NULL;
	size_t count;
	const struct reach_workload *workloads = reach_workloads(bench->reach, &count);

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < workloads[i].pod_count; j++)
			if (workloads[i].pods[j] == pod) {
				assert_null(found);
				found = &workloads[i];
			}
	assert_non_null(found);
	return found;
}

static void check_workloads(struct bench *bench)
{
	char text[64];

	for (size_t i = 0; i < bench->truth.pod_count; i++) {
		const struct scene_owner *name = &bench->names[i];
		const struct reach_workload *workload = workload_of(bench, i);

		if (is_split(bench, i)) {
			bench->split++;
			assert_int_equal(workload->pod_count, 1);
			snprintf(text, sizeof(text), "%s/%s[Pod]", name->namespace, name->pod);
		} else {
			snprintf(text, sizeof(text), "%s/%s[%s]", name->namespace, name->name,
				 name->kind);
			for (size_t j = 0; j < bench->truth.pod_count; j++)
				if (have_one_owner(name, &bench->names[j]))
					assert_ptr_equal(workload_of(bench, j), workload);
			bench->joined += workload->pod_count > 1;
		}
		assert_string_equal(workload->text, text);
	}
}

/* ---- rows ---- */

static size_t count_workloads(const struct bench *bench)
{
	size_t count;

	reach_workloads(bench->reach, &count);
	return count;
}

static bool has_range(const char *text, struct addr_range range)
{
	char first[ADDR_TEXT_MAX], last[ADDR_TEXT_MAX];
	struct addr begin, end;

	assert_int_equal(sscanf(text, "%45[^-]-%45s", first, last), 2);
	assert_int_equal(addr_parse(first, &begin), 0);
	assert_int_equal(addr_parse(last, &end), 0);
	return begin.family == range.first.family && addr_compare(begin, range.first) <= 0 &&
	       addr_compare(range.last, end) <= 0;
}

/* Each cell is in the end that follows, or in the same: no gap, and none twice. */
static void find_ends_of_cells(struct bench *bench, size_t ends[CELLS_MAX])
{
	size_t end = count_workloads(bench);

	for (size_t i = 0; i < bench->truth.cell_count; i++) {
		if (!has_range(reach_end_text(bench->reach, end), bench->truth.cells[i]))
			end++;
		assert_true(end < reach_end_count(bench->reach));
		assert_true(has_range(reach_end_text(bench->reach, end), bench->truth.cells[i]));
		ends[i] = end;
	}
	assert_int_equal(end + 1, reach_end_count(bench->reach));
}

static void check_cuts(struct bench *bench, const size_t ends[CELLS_MAX])
{
	const struct truth *truth = &bench->truth;

	for (size_t i = 1; i < truth->cell_count; i++) {
		bool differs = truth->cells[i - 1].first.family != truth->cells[i].first.family;

		for (size_t pod = 0; pod < truth->pod_count; pod++)
			for (enum direction d = 0; d < DIRECTIONS; d++)
				if (!are_equal(&truth->ranges[d][pod][i - 1],
					       &truth->ranges[d][pod][i]))
					differs = true;
		assert_int_equal(ends[i] != ends[i - 1], differs);
		bench->merged += !differs;
	}
}

struct row_check {
	struct bench *bench;
	const size_t *ends;
	size_t next; /* the end from which on none was told of */
};

/* Of any pod or cell of these ends: they are alike. NULL: not asked, or of itself. */
static const struct sets *expected(const struct row_check *check, size_t from, size_t to)
{
	const struct truth *truth = &check->bench->truth;
	size_t count;
	const struct reach_workload *workloads = reach_workloads(check->bench->reach, &count);
	const size_t range = from < count ? to : from;
	size_t cell = 0;

	if (from == to || (from >= count && to >= count))
		return NULL;
	if (from < count && to < count)
		return &truth->pods[workloads[from].pods[0]][workloads[to].pods[0]];
	while (check->ends[cell] != range)
		cell++;
	return from < count ? &truth->ranges[DIRECTION_EGRESS][workloads[from].pods[0]][cell]
			    : &truth->ranges[DIRECTION_INGRESS][workloads[to].pods[0]][cell];
}

/* Told of by the row of a range before it? */
static bool is_told(const struct row_check *check, size_t from, size_t to)
{
	return reach_end_is_range(check->bench->reach, from) &&
	       !reach_end_is_range(check->bench->reach, to) && check->bench->told_until[to] >= from;
}

static void check_left_out(const struct row_check *check, size_t from, size_t until)
{
	for (size_t to = check->next; to < until; to++) {
		const struct sets *sets =
		    is_told(check, from, to) ? NULL : expected(check, from, to);

		assert_true(!sets || (sets->allows.count == 0 && sets->unknown.count == 0));
	}
}

static void check_sets(const struct row_check *check, size_t from, size_t to, uint32_t answer)
{
	const struct answer_sets *told = reach_answer(check->bench->reach, answer);
	const struct sets *sets = expected(check, from, to);

	assert_non_null(sets);
	assert_true(sets->allows.count > 0 || sets->unknown.count > 0);
	assert_true(port_set_equal(&sets->allows, &told->allows));
	assert_true(port_set_equal(&sets->unknown, &told->unknown));
}

static int check_row(void *context, const struct reach_row *row)
{
	struct row_check *check = context;
	struct bench *bench = check->bench;
	const bool from_range = reach_end_is_range(bench->reach, row->from);

	check_left_out(check, row->from, row->to);
	assert_false(is_told(check, row->from, row->to));
	check->next = row->to + 1;
	bench->rows++;
	if (row->last == REACH_NONE) {
		check_sets(check, row->from, row->to, row->answer);
		return 0;
	}
	for (size_t i = from_range ? row->from : row->to; i <= row->last; i++)
		check_sets(check, from_range ? i : row->from, from_range ? row->to : i,
			   row->answer);
	if (from_range)
		bench->told_until[row->to] = row->last;
	else
		check->next = row->last + 1;
	bench->runs += row->last > (from_range ? row->from : row->to);
	return 0;
}

static void check_rows(struct bench *bench, const size_t ends[CELLS_MAX])
{
	memset(bench->told_until, 0, sizeof(bench->told_until));
	for (size_t from = 0; from < reach_end_count(bench->reach); from++) {
		struct row_check check = {.bench = bench, .ends = ends};

		assert_int_equal(reach_from(bench->reach, from, check_row, &check), 0);
		check_left_out(&check, from, reach_end_count(bench->reach));
	}
}

/* ---- many ---- */

static void name_pods(struct bench *bench)
{
	static const char *const pods[CLUSTER_PODS] = {"p0", "p1", "p2", "p3", "p4", "p5"};
	static const char *const owners[OWNERS] = {"web", "api", "job"};

	for (size_t i = 0; i < bench->cluster.scene.pod_count; i++) {
		const size_t namespace = bench->cluster.pods[i].namespace;
		const size_t owner = (size_t)cluster_roll(&bench->cluster, OWNERS + 1);

		bench->names[i] = (struct scene_owner){
		    .namespace = namespace == SCENE_NONE
				     ? "lost"
				     : bench->cluster.namespaces[namespace].name,
		    .name = owner < OWNERS ? owners[owner] : pods[i],
		    .kind = owner < OWNERS ? "Deployment" : "Pod",
		    .pod = pods[i]};
	}
}

static void check_cluster(struct bench *bench, uint64_t seed, unsigned long features[FEATURES])
{
	const struct reach_question everything = {0};
	struct cluster *cluster = &bench->cluster;
	size_t ends[CELLS_MAX];

	cluster_make(cluster, seed, features);
	name_pods(bench);
	assert_int_equal(evaluator_new(cluster->policies, cluster->policy_count, &cluster->scene,
				       cluster->options, &bench->evaluator),
			 0);
	bench->truth.pod_count = cluster->scene.pod_count;
	bench->truth.cells = evaluator_ranges(bench->evaluator, &bench->truth.cell_count);
	if (bench->truth.cell_count <= CELLS_MAX) {
		find_truth(bench->evaluator, &bench->truth);
		assert_int_equal(
		    reach_new(&cluster->scene, bench->names, bench->evaluator, &bench->reach), 0);
		assert_int_equal(reach_narrow(bench->reach, &everything), 0);
		check_workloads(bench);
		find_ends_of_cells(bench, ends);
		check_cuts(bench, ends);
		check_rows(bench, ends);
		bench->reach = reach_free(bench->reach);
		truth_clear(&bench->truth);
	}
	evaluator_free(bench->evaluator);
}

static void test_agreement(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	unsigned long features[FEATURES] = {0};

	(void)state;
	assert_non_null(bench);
	for (uint64_t seed = 1; seed <= CLUSTERS; seed++)
		check_cluster(bench, seed, features);
	print_message("%lu rows, %lu of several ranges; pods joined %lu, split %lu; ranges merged "
		      "%lu\n",
		      bench->rows, bench->runs, bench->joined, bench->split, bench->merged);
	assert_true(bench->joined > CLUSTERS / 10 && bench->split > CLUSTERS / 10);
	assert_true(bench->rows > CLUSTERS * 10 && bench->merged > CLUSTERS &&
		    bench->runs > CLUSTERS);
	free(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_agreement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
