/*
 * Policies as files of a directory: NAMESPACE/NAME.yaml, NAME.yaml for what has no namespace, and a
 * kustomization.yaml (kustomize.config.k8s.io/v1beta1) that lists them, for kubectl apply -k. Those
 * that are for review alone it lists in an annotation, and has no resources.
 *
 * 1. When it is opened the directory holds nothing, or what an earlier run listed and nothing else;
 *    no other run is at work there. A list is of an earlier run if it begins with the line that
 *    says so and has no more fields than a run gives it.
 * 2. Files are written in a directory inside of it, OUTPUT_DIR_STAGE.
 * 3. When all are there, and on the disk, the list is renamed to its place with what was there
 *    before and what comes now; when that is on the disk, each file is renamed to its place; what
 * was not made again is removed; and the list of what is left comes last. Wherever that ends, also
 * by a loss of power, every file is whole, and the next run knows all of them by the list.
 */
#ifndef NETPOL_CLI_OUTPUT_DIR_H
#define NETPOL_CLI_OUTPUT_DIR_H

#include "base/problem.h"
#include "base/tree.h"
#include "cli/options.h"

#define OUTPUT_DIR_LIST "kustomization.yaml"
#define OUTPUT_DIR_STAGE ".netpol-stage"

struct output_dir;

/*
 * Makes the directory where it is missing, but not what it is in. Every failure but -ENOMEM is an
 * error among the problems: -EEXIST for what is not of an earlier run, -EBUSY for another run, else
 * -errno. path and problems outlive the directory.
 */
int output_dir_open(const char *path, enum format format, bool review_only,
		    struct problems *problems, struct output_dir **ret);
/*
 * A file for a list of objects, named as the first of them, with a hash in place of the end where
 * a file can have no such long name: 1. 0: there are no objects, or name or namespace is none for a
 * file, which is an error among the problems; others may follow. Bytes are those of the objects in
 * a list, but for the indentation there.
 */
int output_dir_add(struct output_dir *dir, const struct tree_node *objects);
/* *ret_removed: how many files of earlier runs are there no more. -ENODATA: no file was added, and
 * those of an earlier run stay. */
int output_dir_finish(struct output_dir *dir, size_t *ret_removed);
/* What was not finished leaves the directory as it was. NULL is allowed; returns NULL. */
struct output_dir *output_dir_free(struct output_dir *dir);

#endif
