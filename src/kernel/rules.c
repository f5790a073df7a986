#include "kernel/rules.h"

#include <errno.h>
#include <inttypes.h>
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

int rules_open(const struct rules_options *options, struct rules **ret, bool *ret_owned)
{
	struct rules *rules;
	int r;

	if (!options->table || !is_table_name(options->table))
		return -EINVAL;
	rules = calloc(1, sizeof(*rules));
	if (!rules)
		return -ENOMEM;
	memcpy(rules->table, options->table, strlen(options->table));
	r = nlsock_open(&rules->sock);
	if (r < 0)
		goto out;
	r = options->unowned ? -EOPNOTSUPP : send_rules(rules, options, true);
	if (r == -EOPNOTSUPP || r == -EINVAL)
		r = send_rules(rules, options, false);
	if (r == -EPERM && nlsock_probe(rules->sock) == 0)
		r = -EBUSY;
	if (r < 0) {
		rules->sock = nlsock_close(rules->sock);
		goto out;
	}
	*ret_owned = rules->owned;
	*ret = rules;
	rules = NULL;
out:
	rules_close(rules);
	return r;
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
	if (rules->sock && !rules->owned)
		delete_table(rules);
	nlsock_close(rules->sock);
	free(rules);
	return NULL;
}

struct counter {
	bool found;
	int error;
	uint64_t packets;
};

static int find_counter(struct nftnl_expr *expr, void *context)
{
	struct counter *counter = context;

	if (strcmp(nftnl_expr_get_str(expr, NFTNL_EXPR_NAME), "counter") != 0)
		return 0;
	counter->packets = nftnl_expr_get_u64(expr, NFTNL_EXPR_CTR_PACKETS);
	counter->found = true;
	return 0;
}

static void take_rule(void *context, const void *message, size_t length)
{
	struct counter *counter = context;
	struct nftnl_rule *rule = nftnl_rule_alloc();

	(void)length;
	if (!rule)
		counter->error = -ENOMEM;
	else if (nftnl_rule_nlmsg_parse(message, rule) < 0)
		counter->error = -EBADMSG;
	else
		nftnl_expr_foreach(rule, find_counter, counter);
	if (rule)
		nftnl_rule_free(rule);
}

int rules_read_counter(struct rules *rules, uint64_t *ret_packets)
{
	struct nftnl_rule *filter = nftnl_rule_alloc();
	struct counter counter = {.found = false};
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
	r = nlsock_exchange(rules->sock, request.bytes, request.header.nlmsg_len, take_rule,
			    &counter);
	if (r == 0)
		r = counter.error;
	if (r == 0 && !counter.found)
		r = -ENOENT;
	if (r == 0)
		*ret_packets = counter.packets;
out:
	if (filter)
		nftnl_rule_free(filter);
	return r;
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
