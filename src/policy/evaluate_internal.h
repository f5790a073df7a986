/*
 * The inside of the evaluator; private to policy/evaluate*.c.
 *
 * 1. Pods that no policy can tell apart are one class; addresses are cut into blocks, ports into
 *    spans, alike.
 * 2. The rules of each direction are numbered. Each class, block and span has a set of the rules
 *    that let it in, as a peer or as a port; each class has a set of those that are for it.
 * 3. A question is the intersection of three such sets: the rules that allow.
 *
 * Where not everything is known there are two of each, sure and possible.
 */
#ifndef NETPOL_POLICY_EVALUATE_INTERNAL_H
#define NETPOL_POLICY_EVALUATE_INTERNAL_H

#include "policy/array.h"
#include "policy/bits.h"
#include "policy/blocks.h"
#include "policy/class_index.h"
#include "policy/evaluate.h"
#include "policy/intern.h"
#include "policy/namespace_index.h"
#include "policy/port_sets.h"
#include "policy/rule_rows.h"

#define NO_POLICY SIZE_MAX
#define QUESTION_HEAD 2

/* Blocks that may be meant: all of a run, or of a part of evaluator.block_lists. */
struct block_choice {
	size_t first;
	size_t count; /* 0: not known */
	bool listed;
};

/* A name and protocol that a policy asks for. */
struct port_name {
	const char *name;
	uint8_t protocol;
};

/* What such a name is at a pod. */
struct resolved_port {
	uint32_t name; /* of evaluator.port_names */
	uint16_t port;
	uint8_t protocol;
	uint8_t disputed; /* the name is of another port, too */
};

/* All of a pod, by protocol, port, name. */
struct port_table {
	size_t first, count; /* of evaluator.resolved */
	bool known;          /* and no name is disputed */
};

enum { PORTS_NONE, PORTS_ANY /* not known */ }; /* the first port tables */

struct pod_class {
	size_t namespace; /* SCENE_NONE: not known */
	size_t pod;       /* one of them */
	size_t ports;     /* port table */
	struct block_choice blocks;
};

struct compiled_rule {
	uint32_t policy;
	const struct netpol_rule *rule;
};

struct selection {
	uint32_t policy;
	bool is_sure;
};

/* Rules of policies that select it, surely or perhaps. */
struct subject_word {
	size_t word;
	uint64_t sure, possible;
};

/* A class in one direction. */
struct subject {
	struct selection *selections; /* by policy: those that isolate it, or may */
	size_t count;
	size_t capacity;
	size_t first_sure;          /* policy, or NO_POLICY */
	struct subject_word *words; /* those of its rules, in order */
	size_t word_count;
	size_t word_capacity;
};

enum special_row {
	ROW_NOBODY,
	ROW_EVERYBODY, /* without peers */
	ROW_BLOCKS,    /* with any block */
	ROW_PORTLESS,  /* without ports */
	ROW_NAMED,     /* with a named port */
	ROW_NAMED_TCP, /* one of TCP, … */
	ROW_NAMED_UDP,
	ROW_NAMED_SCTP,
	SPECIAL_ROWS
};

/* The rules of one direction, in the order of the policies. */
struct ruleset {
	struct compiled_rule *rules;
	size_t count;
	size_t *first_rule; /* by policy, and one more */
	struct bit_table special;
	struct bit_table sure, possible; /* by class: as a peer */
	struct rule_rows blocks;         /* by block: as a peer, by ipBlock */
	struct rule_rows spans;          /* by port span: numbers, and those without ports */
	struct rule_rows names;          /* by port name */
	struct subject *subjects;        /* by class */
};

struct evaluator {
	const struct netpol *policies;
	size_t policy_count;
	const struct scene *scene;
	struct evaluator_options options;
	struct blocks blocks;
	uint32_t *spans; /* where port spans begin: protocol_rank() << 16 | port; sorted */
	size_t span_count;
	size_t span_capacity;
	struct port_name *port_names; /* sorted */
	size_t port_name_count;
	size_t port_name_capacity;
	const char **keys; /* of labels that any policy asks for; sorted */
	size_t key_count;
	size_t key_capacity;
	struct pod_class *classes;
	size_t class_count;
	size_t class_capacity;
	size_t *class_of;    /* by pod; of no meaning on_node */
	size_t *class_order; /* classes by namespace, those of none last */
	size_t *class_first; /* by namespace, none, and one more: of class_order */
	struct class_index index;
	struct namespace_index namespaces;
	uint32_t *block_lists; /* blocks of nodes and pods */
	size_t block_list_count;
	size_t block_list_capacity;
	struct block_choice *node_blocks; /* by node */
	struct block_choice *pod_blocks;  /* by pod, on_node alone */
	struct port_table *port_tables;
	size_t port_table_count;
	size_t port_table_capacity;
	struct resolved_port *resolved;
	size_t resolved_count;
	size_t resolved_capacity;
	struct ruleset rulesets[DIRECTIONS];
	size_t room;         /* bytes that are left for the rulesets' tables */
	enum match *selects; /* by policy: any pod of its namespace */
	struct port_sets *sets;
	struct memo unions; /* port sets of sets of rules */
	/* One of them, as long as any can be: direction and port table, and of each word that is
	 * not 0 its number and itself. */
	uint64_t *question;
};

/* TCP 0, UDP 1, SCTP 2, others 3. */
unsigned protocol_rank(uint8_t protocol);

/* evaluate_cuts.c: blocks, spans, names, keys. -ENOMEM. */
int evaluator_cut(struct evaluator *evaluator);
size_t evaluator_find_span(const struct evaluator *evaluator, uint8_t protocol, uint16_t port);
/* SIZE_MAX: no policy asks for it. */
size_t evaluator_find_name(const struct evaluator *evaluator, const char *name, uint8_t protocol);
/* SIZE_MAX: no policy asks for the label. */
size_t evaluator_find_key(const struct evaluator *evaluator, const char *key);

/* evaluate_classes.c. -ENOMEM. */
int evaluator_classify(struct evaluator *evaluator);
/* Of class_first: its namespace, or that of none. */
size_t evaluator_namespace_rank(const struct evaluator *evaluator, size_t class);

/* evaluate_compile.c: numbers the rules; fills the rulesets. Both -ENOMEM; the latter -E2BIG. */
int evaluator_number(struct evaluator *evaluator);
int evaluator_compile(struct evaluator *evaluator);
void ruleset_clear(struct ruleset *ruleset, size_t class_count);

/* evaluate_peers.c: the rules that name classes as peers, by their selectors. -ENOMEM. */
int evaluator_admit_pods(struct evaluator *evaluator, struct ruleset *ruleset);

enum bound { BOUND_SURE, BOUND_POSSIBLE };

/* evaluate_pair.c: a rule's ports at a destination, added to the set. -ENOMEM. */
int evaluator_rule_ports(const struct evaluator *evaluator, const struct netpol_rule *rule,
			 size_t port_table, enum bound bound, struct port_set *set);

/* evaluate_place.c: a party as the rules see it. */
struct place {
	bool is_pod, is_node;
	bool is_another;
	size_t pod;
	size_t class;
	size_t node;                /* of the pod, or itself; SCENE_NONE: not known */
	struct block_choice blocks; /* of what is no pod, and of pods with ipblock_pods */
};

struct place place_of(const struct evaluator *evaluator, const struct party *party);
/* Is one a pod and the other its own node? */
enum match place_own_node(const struct place *a, const struct place *b);
bool place_same_pod(const struct place *a, const struct place *b);
size_t place_ports(const struct evaluator *evaluator, const struct place *destination);

/* The rules that name a place as a peer, in the blocks that it may be in one after the other. */
struct peer_rows {
	const uint64_t *sure, *possible; /* by selectors, or because they name nobody */
	const uint64_t *block;           /* by address; both */
	const uint64_t *any_block;       /* possible too, where the address is not known */
};

static inline uint64_t peer_sure(const struct peer_rows *rows, size_t word)
{
	return rows->sure[word] | rows->block[word];
}

static inline uint64_t peer_possible(const struct peer_rows *rows, size_t word)
{
	return rows->possible[word] | rows->block[word] | rows->any_block[word];
}

/* How many there are; at least one. */
size_t place_alternatives(const struct place *place);
struct peer_rows place_rows(const struct evaluator *evaluator, enum direction direction,
			    const struct place *place, size_t alternative);

#endif
