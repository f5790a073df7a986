/* What the objects of all kinds have in common; private to policy/. */
#ifndef NETPOL_POLICY_KIND_COMMON_H
#define NETPOL_POLICY_KIND_COMMON_H

#include "base/buf.h"
#include "policy/kind.h"

/*
 * Kubernetes takes 262144 bytes of annotations in an object (k8s.io/apimachinery,
 * api/validation/objectmeta.go), and kubectl apply writes all of the object into one more. So each
 * of ours ends here: what does not fit is counted.
 */
#define KIND_ANNOTATION_MAX 32768
/* Its last line then, a format of a size_t. */
#define KIND_MORE "and %zu more"

/* A map with one text. */
void kind_add_single(struct tree_node *parent, const char *key, const char *name, const char *text);
/* Labels as a map. */
struct tree_node *kind_add_labels(struct tree_node *parent, const char *key,
				  const struct labels *labels);
/* A selector: {} for no labels, which selects everything. */
void kind_add_selector(struct tree_node *parent, const char *key, const struct labels *labels);
/* "TCP", "UDP", "SCTP". */
const char *kind_protocol(uint8_t protocol);

/* Can the policy's pods have the canary's label? If not, there is a problem. */
bool kind_has_subject(const struct policy *policy, const struct kind_options *options,
		      struct problems *problems);
/* The labels of the policy's pods, with the canary's; as a map, and as a selector. */
void kind_add_subject(struct tree_node *parent, const char *key, const struct policy *policy,
		      const struct kind_options *options);
void kind_add_subject_selector(struct tree_node *parent, const char *key,
			       const struct policy *policy, const struct kind_options *options);
/* A problem of that policy. */
void kind_problem(const struct policy *policy, struct problems *problems,
		  enum problem_severity severity, const char *text);

/* A new object of that kind, in options->api_version, with the comment that is due. */
struct tree_node *kind_add_object(struct tree_node *parent, const char *key,
				  const struct policy *policy, const struct kind_options *options,
				  const char *kind);
/* With the annotations that are due. name is copied; namespace NULL: none. */
struct tree_node *kind_add_metadata(struct tree_node *object, const struct policy *policy,
				    const struct kind_options *options, const char *name,
				    const char *namespace);
/* Those of the metadata; where there are none, they are added. */
struct tree_node *kind_annotations(struct tree_node *metadata);
/* The comment that is due of the peer; below that of others, if the map has one. */
void kind_comment_peer(struct tree_node *map, const struct policy_peer *peer,
		       const struct kind_options *options);
/* An item with it. */
struct tree_node *kind_add_peer(struct tree_node *peers, const struct policy_peer *peer,
				const struct kind_options *options);
void kind_add_block(struct tree_node *parent, const char *key, struct prefix block);

/* Releases a text of which the node has a copy; of its failure the node's tree is told. */
void kind_end_text(struct buf *buf, struct tree_node *node);

/* Who the peer is, in short: "app=web in shop", "10.0.0.0/8". */
void kind_put_peer(struct buf *buf, const struct policy_peer *peer);
/* How a line of KIND_WIDER begins: "ingress from app=web in shop, TCP 80: ". With all of the rule's
 * ports: by them it is seen whether one was changed since. */
void kind_put_permission(struct buf *buf, int direction, const struct policy_rule *rule,
			 const struct policy_peer *peer);
/* What the WIDER_ bits say, which is the rest of a line of KIND_WIDER. */
void kind_put_wider(struct buf *buf, unsigned wider);
/* Is it what kind_put_wider() says of some bits? 1, 0, or -ENOMEM. */
int kind_is_wider(const char *text);

#endif
