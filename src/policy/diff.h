/*
 * Two sets of policies compared by what they allow: pair by pair, port by port, whatever their text
 * says.
 *
 * Rows are who there is in either set, and ranges of addresses, cut where the policies of either
 * tell addresses apart. Pods of one owner that have the same answers in both sets are one row, as
 * are neighbouring ranges if they have the same answers with everybody; see diff_join.h for the
 * others. Nothing is said of two ranges.
 */
#ifndef NETPOL_POLICY_DIFF_H
#define NETPOL_POLICY_DIFF_H

#include "policy/evaluate.h"
#include "policy/scene_inventory.h"

#define DIFF_NONE SIZE_MAX

enum diff_side { DIFF_OLD, DIFF_NEW, DIFF_SIDES };

/* One of the sets. */
struct diff_set {
	struct evaluator *evaluator;
	const struct scene *scene;
	const struct scene_owner *owners; /* by the scene's pods */
};

struct diff_row {
	char *text;              /* "shop/web[Deployment]", "shop/db-0[Pod]", "10.0.0.0-10.0.0.9" */
	struct addr_range range; /* set only where it is one */
	bool is_in[DIFF_SIDES];  /* of the set where it is not nothing is known: all is denied */
};

struct diff_ports {
	struct port_set allows;
	struct port_set unknown; /* allowed perhaps, and not surely */
};

/* What a pair of rows lost or got, or the pods of one row to one another. A port of which it became
 * surer, or less so, is there twice. */
struct diff_change {
	uint32_t from, to;
	enum diff_side side; /* OLD: lost; NEW: got */
	uint32_t ports;      /* index into diff.ports: many have the same */
};

/* Who has which row. */
struct diff_pod {
	const struct scene_owner *name; /* borrowed */
	size_t row;
};

struct diff {
	struct diff_row *rows; /* by text; then the ranges, in order */
	size_t row_count;
	size_t range_first;
	struct diff_change *changes; /* by from, to, side */
	size_t change_count;
	struct diff_ports *ports;
	size_t port_count;
	size_t unchanged;      /* pairs of two rows with something that is in both sets */
	struct diff_pod *pods; /* by namespace, pod */
	size_t pod_count;
};

/* The names outlive the diff. -ENOMEM. */
int diff_build(const struct diff_set sets[static DIFF_SIDES], struct diff **ret);
struct diff *diff_free(struct diff *diff); /* NULL is allowed; returns NULL */

/* These answer DIFF_NONE or NULL where there is none. */
size_t diff_find_pod(const struct diff *diff, const char *namespace, const char *pod);
size_t diff_find_row(const struct diff *diff, const char *text); /* of those with a name */
size_t diff_find_address(const struct diff *diff, struct addr address);
const struct diff_change *diff_find_change(const struct diff *diff, size_t from, size_t to,
					   enum diff_side side);
const struct diff_ports *diff_ports_of(const struct diff *diff, const struct diff_change *change);

#endif
