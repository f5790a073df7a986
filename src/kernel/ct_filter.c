#include "kernel/ct_filter.h"

#include <errno.h>
#include <sys/socket.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>

#include "kernel/wire.h"

#define FAMILY_AT sizeof(struct nlmsghdr)
#define ATTRS_AT (sizeof(struct nlmsghdr) + sizeof(struct nfgenmsg))
#define WORDS_MAX 4
#define PASS 0xffffffffu
#define REFUSE 0

/* Jumps to a label are patched when the label's place is known; one chain is enough for each. */
struct label {
	size_t at[2 * CT_FILTER_PREFIXES_MAX + 8];
	size_t count;
};

struct program {
	struct ct_filter *filter;
	struct label pass;
	struct label refuse;
};

static void emit_jump(struct program *program, unsigned code, uint32_t k, uint8_t jt, uint8_t jf)
{
	program->filter->code[program->filter->length++] =
	    (struct sock_filter){.code = (uint16_t)code, .jt = jt, .jf = jf, .k = k};
}

static void emit(struct program *program, unsigned code, uint32_t k)
{
	emit_jump(program, code, k, 0, 0);
}

/* A conditional jump reaches 255 instructions, this one everything. */
static void emit_goto(struct program *program, struct label *label)
{
	label->at[label->count++] = program->filter->length;
	emit(program, BPF_JMP | BPF_JA, 0);
}

static void put_label(struct program *program, const struct label *label)
{
	const size_t here = program->filter->length;

	for (size_t i = 0; i < label->count; i++)
		program->filter->code[label->at[i]].k = (uint32_t)(here - label->at[i] - 1);
}

/* A: where the attribute lies whose type is given; how says where to look from A on. */
static void emit_find(struct program *program, int how, uint32_t type)
{
	emit(program, BPF_LDX | BPF_IMM, type);
	emit(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + how));
	emit_jump(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1);
	emit_goto(program, &program->pass);
}

/* M[0..]: the source of that tuple in words. */
static void emit_load(struct program *program, uint32_t tuple, uint32_t source, size_t words)
{
	emit(program, BPF_LD | BPF_IMM, ATTRS_AT);
	emit_find(program, SKF_AD_NLATTR, tuple);
	emit_find(program, SKF_AD_NLATTR_NEST, CTA_TUPLE_IP);
	emit_find(program, SKF_AD_NLATTR_NEST, source);
	emit(program, BPF_MISC | BPF_TAX, 0);
	for (size_t i = 0; i < words; i++) {
		emit(program, BPF_LD | BPF_W | BPF_IND,
		     (uint32_t)(sizeof(struct nlattr) + i * sizeof(uint32_t)));
		emit(program, BPF_ST, (uint32_t)i);
	}
}

static uint32_t word_mask(const struct prefix *prefix, size_t word)
{
	const size_t first = word * 32;

	if (prefix->length >= first + 32)
		return UINT32_MAX;
	return UINT32_MAX << (first + 32 - prefix->length);
}

static void emit_refuse_in(struct program *program, const struct prefix *prefix)
{
	const size_t words = (prefix->length + 31u) / 32;
	size_t jumps[WORDS_MAX];

	for (size_t i = 0; i < words; i++) {
		const uint32_t mask = word_mask(prefix, i);

		emit(program, BPF_LD | BPF_MEM, (uint32_t)i);
		if (mask != UINT32_MAX)
			emit(program, BPF_ALU | BPF_AND | BPF_K, mask);
		jumps[i] = program->filter->length;
		emit(program, BPF_JMP | BPF_JEQ | BPF_K,
		     wire_be32(prefix->addr.bytes + i * sizeof(uint32_t)) & mask);
	}
	emit_goto(program, &program->refuse);
	for (size_t i = 0; i < words; i++)
		program->filter->code[jumps[i]].jf =
		    (uint8_t)(program->filter->length - jumps[i] - 1);
}

static void emit_source(struct program *program, const struct prefix *prefixes, size_t count,
			uint8_t family, uint32_t tuple)
{
	if (family == ADDR_IPV4)
		emit_load(program, tuple, CTA_IP_V4_SRC, 1);
	else
		emit_load(program, tuple, CTA_IP_V6_SRC, WORDS_MAX);
	for (size_t i = 0; i < count; i++)
		if (prefixes[i].addr.family == family)
			emit_refuse_in(program, &prefixes[i]);
}

static void emit_family(struct program *program, const struct prefix *prefixes, size_t count,
			uint8_t family)
{
	struct label other = {.count = 0};

	emit(program, BPF_LD | BPF_B | BPF_ABS, FAMILY_AT);
	emit_jump(program, BPF_JMP | BPF_JEQ | BPF_K, family == ADDR_IPV4 ? AF_INET : AF_INET6, 1,
		  0);
	emit_goto(program, &other);
	emit_source(program, prefixes, count, family, CTA_TUPLE_ORIG);
	emit_source(program, prefixes, count, family, CTA_TUPLE_REPLY);
	emit_goto(program, &program->pass);
	put_label(program, &other);
}

int ct_filter_build(const struct prefix *prefixes, size_t count, struct ct_filter *ret)
{
	struct program program = {.filter = ret};

	if (count > CT_FILTER_PREFIXES_MAX)
		return -EINVAL;
	for (size_t i = 0; i < count; i++)
		if (!addr_is_set(prefixes[i].addr) ||
		    prefixes[i].length > 8 * addr_length(prefixes[i].addr))
			return -EINVAL;
	ret->length = 0;
	emit_family(&program, prefixes, count, ADDR_IPV4);
	emit_family(&program, prefixes, count, ADDR_IPV6);
	put_label(&program, &program.pass);
	emit(&program, BPF_RET | BPF_K, PASS);
	put_label(&program, &program.refuse);
	emit(&program, BPF_RET | BPF_K, REFUSE);
	return 0;
}

bool ct_excluded(const struct prefix *prefixes, size_t count, struct addr client,
		 struct addr server)
{
	for (size_t i = 0; i < count; i++)
		if (prefixes[i].addr.family == client.family &&
		    (prefix_contains(prefixes[i], client) || prefix_contains(prefixes[i], server)))
			return true;
	return false;
}
