#include "kernel/rules.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "kernel/nlsock.h"

#define CHAIN "forward"
#define PRIORITY (-300)
#define BATCH_MAX 8192
#define PROBE "-probe"

struct rules {
	struct nlsock *sock;
	bool owned;
	char table[RULES_TABLE_MAX];
};

/* Messages one after the other; none of ours is longer than a few hundred bytes. */
struct batch {
	_Alignas(struct nlmsghdr) char bytes[BATCH_MAX];
	size_t length;
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_table_name(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length >= RULES_TABLE_MAX || !is_letter(name[0]))
		return false;
	for (size_t i = 1; i < length; i++)
		if (!is_letter(name[i]) && !(name[i] >= '0' && name[i] <= '9') && name[i] != '_' &&
		    name[i] != '-')
			return false;
	return true;
}

static void batch_control(struct batch *batch, uint16_t type)
{
	char *at = batch->bytes + batch->length;
	struct nlmsghdr *header;

	if (type == NFNL_MSG_BATCH_BEGIN)
		header = nftnl_batch_begin(at, 0);
	else
		header = nftnl_batch_end(at, 0);
	batch->length += MNL_ALIGN(header->nlmsg_len);
}

static struct nlmsghdr *batch_header(struct batch *batch, uint16_t type, uint16_t flags)
{
	return nftnl_nlmsg_build_hdr(batch->bytes + batch->length, type, NFPROTO_INET,
				     flags | NLM_F_ACK, 0);
}

static int put_table(struct batch *batch, uint16_t type, uint16_t flags, const char *name,
		     uint32_t table_flags)
{
	struct nftnl_table *table = nftnl_table_alloc();
	struct nlmsghdr *header;
	int r = -ENOMEM;

	if (!table || nftnl_table_set_str(table, NFTNL_TABLE_NAME, name) < 0)
		goto out;
	if (table_flags)
		nftnl_table_set_u32(table, NFTNL_TABLE_FLAGS, table_flags);
	header = batch_header(batch, type, flags);
	nftnl_table_nlmsg_build_payload(header, table);
	batch->length += MNL_ALIGN(header->nlmsg_len);
	r = 0;
out:
	if (table)
		nftnl_table_free(table);
	return r;
}

static int put_chain(struct batch *batch, const char *table)
{
	struct nftnl_chain *chain = nftnl_chain_alloc();
	struct nlmsghdr *header;
	int r = -ENOMEM;

	if (!chain || nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, table) < 0 ||
	    nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, CHAIN) < 0 ||
	    nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, "filter") < 0)
		goto out;
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, NF_INET_FORWARD);
	nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, PRIORITY);
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, NF_ACCEPT);
	header = batch_header(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL);
	nftnl_chain_nlmsg_build_payload(header, chain);
	batch->length += MNL_ALIGN(header->nlmsg_len);
	r = 0;
out:
	if (chain)
		nftnl_chain_free(chain);
	return r;
}

static struct nftnl_expr *add_expr(struct nftnl_rule *rule, const char *name)
{
	struct nftnl_expr *expr = nftnl_expr_alloc(name);

	if (expr)
		nftnl_rule_add_expr(rule, expr);
	return expr;
}

/* ct KEY & mask compared with 0; the kernel hands out these keys in host byte order. */
static int add_ct_match(struct nftnl_rule *rule, uint32_t key, uint32_t mask, uint32_t operator)
{
	const uint32_t zero = 0;
	struct nftnl_expr *expr;

	expr = add_expr(rule, "ct");
	if (!expr)
		return -ENOMEM;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CT_KEY, key);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CT_DREG, NFT_REG_1);
	expr = add_expr(rule, "bitwise");
	if (!expr)
		return -ENOMEM;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_OP, NFT_BITWISE_BOOL);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_LEN, sizeof(mask));
	if (nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_MASK, &mask, sizeof(mask)) < 0 ||
	    nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_XOR, &zero, sizeof(zero)) < 0)
		return -ENOMEM;
	expr = add_expr(rule, "cmp");
	if (!expr)
		return -ENOMEM;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_OP, operator);
	if (nftnl_expr_set(expr, NFTNL_EXPR_CMP_DATA, &zero, sizeof(zero)) < 0)
		return -ENOMEM;
	return 0;
}

static int add_log(struct nftnl_rule *rule, const struct rules_options *options)
{
	struct nftnl_expr *expr = add_expr(rule, "log");

	if (!expr)
		return -ENOMEM;
	nftnl_expr_set_u16(expr, NFTNL_EXPR_LOG_GROUP, options->group);
	nftnl_expr_set_u16(expr, NFTNL_EXPR_LOG_QTHRESHOLD, options->queue_threshold);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOG_SNAPLEN, options->snaplen);
	return 0;
}

/* enum ip_conntrack_info as nf_tables numbers its bits (NF_CT_STATE_BIT() in the kernel). */
static uint32_t state_bit(unsigned info)
{
	return 1u << (info % IP_CT_IS_REPLY + 1);
}

static int put_rule(struct batch *batch, const struct rules_options *options)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();
	struct nlmsghdr *header;
	int r = -ENOMEM;

	if (!rule || nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, options->table) < 0 ||
	    nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, CHAIN) < 0)
		goto out;
	r = add_ct_match(rule, NFT_CT_STATE, state_bit(IP_CT_NEW) | state_bit(IP_CT_RELATED),
			 NFT_CMP_NEQ);
	if (r < 0)
		goto out;
	r = add_ct_match(rule, NFT_CT_STATUS, IPS_CONFIRMED, NFT_CMP_EQ);
	if (r < 0)
		goto out;
	r = add_expr(rule, "counter") ? 0 : -ENOMEM;
	if (r == 0 && !options->silent)
		r = add_log(rule, options);
	if (r < 0)
		goto out;
	header = batch_header(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	nftnl_rule_nlmsg_build_payload(header, rule);
	batch->length += MNL_ALIGN(header->nlmsg_len);
out:
	if (rule)
		nftnl_rule_free(rule);
	return r;
}

static int build(struct batch *batch, const struct rules_options *options, bool owned)
{
	int r;

	batch->length = 0;
	batch_control(batch, NFNL_MSG_BATCH_BEGIN);
	if (owned) {
		r = put_table(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL, options->table,
			      NFT_TABLE_F_OWNER);
	} else {
		/* Made if it is not there, so that it can be deleted with all that is in it, and
		 * made anew. */
		r = put_table(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE, options->table, 0);
		if (r == 0)
			r = put_table(batch, NFT_MSG_DELTABLE, 0, options->table, 0);
		if (r == 0)
			r = put_table(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL,
				      options->table, 0);
	}
	if (r == 0)
		r = put_chain(batch, options->table);
	if (r == 0)
		r = put_rule(batch, options);
	if (r == 0)
		batch_control(batch, NFNL_MSG_BATCH_END);
	return r;
}

static int send_rules(struct rules *rules, const struct rules_options *options, bool owned)
{
	struct batch batch;
	int r;

	r = build(&batch, options, owned);
	if (r < 0)
		return r;
	r = nlsock_exchange(rules->sock, batch.bytes, batch.length, NULL, NULL);
	if (r == 0)
		rules->owned = owned;
	return r;
}

/* Makes and deletes an owned table in one step, which leaves nothing to see. */
static bool kernel_owns_tables(struct rules *rules)
{
	struct batch batch = {.length = 0};
	char name[RULES_TABLE_MAX + sizeof(PROBE)];
	int r;

	snprintf(name, sizeof(name), "%s%s", rules->table, PROBE);
	batch_control(&batch, NFNL_MSG_BATCH_BEGIN);
	r = put_table(&batch, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL, name, NFT_TABLE_F_OWNER);
	if (r == 0)
		r = put_table(&batch, NFT_MSG_DELTABLE, 0, name, 0);
	batch_control(&batch, NFNL_MSG_BATCH_END);
	if (r == 0)
		r = nlsock_exchange(rules->sock, batch.bytes, batch.length, NULL, NULL);
	return r == 0;
}

/* Owns sock from the call on, also when it fails. */
static int rules_new(const struct rules_options *options, struct nlsock *sock, struct rules **ret)
{
	struct rules *rules;

	if (!options->table || !is_table_name(options->table)) {
		nlsock_close(sock);
		return -EINVAL;
	}
	rules = calloc(1, sizeof(*rules));
	if (!rules) {
		nlsock_close(sock);
		return -ENOMEM;
	}
	memcpy(rules->table, options->table, strlen(options->table));
	rules->sock = sock;
	*ret = rules;
	return 0;
}

/* Frees without touching the table. */
static void rules_free(struct rules *rules)
{
	nlsock_close(rules->sock);
	free(rules);
}

int rules_open(const struct rules_options *options, struct rules **ret, bool *ret_owned)
{
	struct rules *rules;
	struct nlsock *sock;
	int r;

	r = nlsock_open(&sock);
	if (r == 0)
		r = rules_new(options, sock, &rules);
	if (r < 0)
		return r;
	r = options->unowned ? -EOPNOTSUPP : send_rules(rules, options, true);
	/* A kernel without owners looks at the name before it looks at the flag. */
	if (r == -EEXIST && !kernel_owns_tables(rules))
		r = -EOPNOTSUPP;
	if (r == -EOPNOTSUPP || r == -EINVAL)
		r = send_rules(rules, options, false);
	if (r == -EPERM && nlsock_probe(rules->sock) == 0)
		r = -EBUSY;
	if (r < 0) {
		rules_free(rules);
		return r;
	}
	*ret_owned = rules->owned;
	*ret = rules;
	return 0;
}

static void delete_table(struct rules *rules)
{
	struct batch batch = {.length = 0};

	batch_control(&batch, NFNL_MSG_BATCH_BEGIN);
	if (put_table(&batch, NFT_MSG_DELTABLE, 0, rules->table, 0) < 0)
		return;
	batch_control(&batch, NFNL_MSG_BATCH_END);
	nlsock_exchange(rules->sock, batch.bytes, batch.length, NULL, NULL);
}

struct rules *rules_close(struct rules *rules)
{
	if (!rules)
		return NULL;
	if (!rules->owned)
		delete_table(rules);
	rules_free(rules);
	return NULL;
}

/* What the kernel says of our rule. */
struct rule {
	bool counts;
	bool logs;
	int error;
	uint64_t packets;
	uint16_t group;
	uint16_t queue_threshold;
	uint32_t snaplen;
};

static int take_expr(struct nftnl_expr *expr, void *context)
{
	const char *name = nftnl_expr_get_str(expr, NFTNL_EXPR_NAME);
	struct rule *rule = context;

	if (strcmp(name, "counter") == 0) {
		rule->counts = true;
		rule->packets = nftnl_expr_get_u64(expr, NFTNL_EXPR_CTR_PACKETS);
	} else if (strcmp(name, "log") == 0) {
		rule->logs = true;
		rule->group = nftnl_expr_get_u16(expr, NFTNL_EXPR_LOG_GROUP);
		rule->queue_threshold = nftnl_expr_get_u16(expr, NFTNL_EXPR_LOG_QTHRESHOLD);
		rule->snaplen = nftnl_expr_get_u32(expr, NFTNL_EXPR_LOG_SNAPLEN);
	}
	return 0;
}

static void take_rule(void *context, const void *message, size_t length)
{
	struct nftnl_rule *parsed = nftnl_rule_alloc();
	struct rule *rule = context;

	(void)length;
	if (!parsed)
		rule->error = -ENOMEM;
	else if (nftnl_rule_nlmsg_parse(message, parsed) < 0)
		rule->error = -EBADMSG;
	else
		nftnl_expr_foreach(parsed, take_expr, rule);
	if (parsed)
		nftnl_rule_free(parsed);
}

static int read_rule(struct rules *rules, struct rule *ret)
{
	struct nftnl_rule *filter = nftnl_rule_alloc();
	struct rule rule = {.counts = false};
	union {
		struct nlmsghdr header;
		char bytes[BATCH_MAX];
	} request;
	int r = -ENOMEM;

	if (!filter || nftnl_rule_set_str(filter, NFTNL_RULE_TABLE, rules->table) < 0 ||
	    nftnl_rule_set_str(filter, NFTNL_RULE_CHAIN, CHAIN) < 0)
		goto out;
	nftnl_nlmsg_build_hdr(request.bytes, NFT_MSG_GETRULE, NFPROTO_INET, NLM_F_DUMP, 0);
	nftnl_rule_nlmsg_build_payload(&request.header, filter);
	r = nlsock_exchange(rules->sock, request.bytes, request.header.nlmsg_len, take_rule, &rule);
	if (r == 0)
		r = rule.error;
	if (r == 0 && !rule.counts)
		r = -ENOENT;
	if (r == 0)
		*ret = rule;
out:
	if (filter)
		nftnl_rule_free(filter);
	return r;
}

int rules_read_counter(struct rules *rules, uint64_t *ret_packets)
{
	struct rule rule;
	int r;

	r = read_rule(rules, &rule);
	if (r == 0)
		*ret_packets = rule.packets;
	return r;
}

/* Whose a table is. */
struct owner {
	bool owned;
	uint32_t port;
	int error;
};

static void take_owner(void *context, const void *message, size_t length)
{
	struct nftnl_table *table = nftnl_table_alloc();
	struct owner *owner = context;

	(void)length;
	if (!table) {
		owner->error = -ENOMEM;
	} else if (nftnl_table_nlmsg_parse(message, table) < 0) {
		owner->error = -EBADMSG;
	} else if (nftnl_table_is_set(table, NFTNL_TABLE_OWNER)) {
		owner->owned = true;
		owner->port = nftnl_table_get_u32(table, NFTNL_TABLE_OWNER);
	}
	if (table)
		nftnl_table_free(table);
}

static int check_owner(struct rules *rules)
{
	struct batch request = {.length = 0};
	struct owner owner = {.owned = false};
	int r;

	r = put_table(&request, NFT_MSG_GETTABLE, 0, rules->table, 0);
	if (r == 0)
		r = nlsock_exchange(rules->sock, request.bytes, request.length, take_owner, &owner);
	if (r == 0)
		r = owner.error;
	if (r < 0)
		return r;
	return owner.owned && owner.port == nlsock_port(rules->sock) ? 0 : -ENOENT;
}

static int check_rule(struct rules *rules, const struct rules_options *options)
{
	struct rule rule;
	int r;

	r = read_rule(rules, &rule);
	if (r < 0)
		return r;
	if (options->silent)
		return rule.logs ? -ENOENT : 0;
	return rule.logs && rule.group == options->group &&
		       rule.queue_threshold == options->queue_threshold &&
		       rule.snaplen == options->snaplen
		   ? 0
		   : -ENOENT;
}

int rules_adopt(const struct rules_options *options, int fd, struct rules **ret)
{
	struct rules *rules = NULL;
	struct nlsock *sock;
	int r;

	r = nlsock_adopt(fd, &sock);
	if (r < 0)
		return r;
	r = rules_new(options, sock, &rules);
	if (r < 0)
		return r;
	rules->owned = true;
	r = check_owner(rules);
	if (r == 0)
		r = check_rule(rules, options);
	if (r < 0) {
		rules_close(rules);
		return r;
	}
	*ret = rules;
	return 0;
}

int rules_fd(const struct rules *rules)
{
	return nlsock_fd(rules->sock);
}

bool rules_owned(const struct rules *rules)
{
	return rules->owned;
}

int rules_print(const struct rules_options *options, struct buf *buf)
{
	if (!options->table || !is_table_name(options->table))
		return -EINVAL;
	buf_printf(buf, "table inet %s\n", options->table);
	buf_printf(buf, "delete table inet %s\n\n", options->table);
	buf_printf(buf, "table inet %s {\n", options->table);
	buf_printf(buf, "\tchain %s {\n", CHAIN);
	buf_printf(buf, "\t\ttype filter hook forward priority %d; policy accept;\n", PRIORITY);
	buf_printf(buf,
		   "\t\tct state new,related ct status & confirmed == 0 counter log group %" PRIu16
		   " queue-threshold %" PRIu16 " snaplen %" PRIu32 "\n",
		   options->group, options->queue_threshold, options->snaplen);
	buf_puts(buf, "\t}\n}\n");
	return buf->error;
}
