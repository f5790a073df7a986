/* What the objects of all kinds have in common; private to policy/. */
#ifndef NETPOL_POLICY_KIND_COMMON_H
#define NETPOL_POLICY_KIND_COMMON_H

#include "base/buf.h"
#include "policy/kind.h"

/* Also what output/ takes for a comment. */
#define KIND_COMMENT "#"

/*
 * Kubernetes takes 262144 bytes of annotations in an object (k8s.io/apimachinery,
 * api/validation/objectmeta.go), and kubectl apply writes all of the object into one more. So each
 * of ours ends here: what does not fit is counted.
 */
#define KIND_ANNOTATION_MAX 32768

/* All trees are new; NULL: out of memory. */

/* The value, which is taken in any case, as a member or as the last element: 0 or -ENOMEM, also
 * where it is NULL. */
int kind_set(json_t *object, const char *key, json_t *value);
int kind_append(json_t *array, json_t *value);
/* An object with that member alone; the value is taken. There are very many such: json_pack() would
 * read its format each time. */
json_t *kind_object_of(const char *key, json_t *value);

json_t *kind_labels(const struct labels *labels);
/* As labels.matchLabels of a selector; {} for no labels, which selects everything. Takes labels. */
json_t *kind_selector(json_t *labels);
/* "TCP", "UDP", "SCTP". */
const char *kind_protocol(uint8_t protocol);

/*
 * The labels of the policy's pods, with the canary's: 1. 0: none can have both, with a problem.
 * -ENOMEM.
 */
int kind_subject(const struct policy *policy, const struct kind_options *options,
		 struct problems *problems, json_t **ret);
/* A problem of that policy. */
void kind_problem(const struct policy *policy, struct problems *problems,
		  enum problem_severity severity, const char *text);

/* With the annotations that are due. namespace NULL: none. */
json_t *kind_metadata(const struct policy *policy, const struct kind_options *options,
		      const char *name, const char *namespace);
/* The empty object of a policy and of a peer, with the comment that is due. */
json_t *kind_object(const struct policy *policy, const struct kind_options *options);
json_t *kind_peer(const struct policy_peer *peer, const struct kind_options *options);
/* The comment that is due of one peer more; below that of others, if the object has one. */
int kind_comment_peer(json_t *object, const struct policy_peer *peer,
		      const struct kind_options *options);
/* Appends an object of that kind, with the policy's own name and namespace, in
 * options->api_version. Takes spec, also NULL. -ENOMEM. */
int kind_add(const struct policy *policy, const struct kind_options *options, const char *kind,
	     json_t *spec, json_t *objects);

/* Who the peer is, in short: "app=web in shop", "10.0.0.0/8". */
void kind_put_peer(struct buf *buf, const struct policy_peer *peer);

#endif
