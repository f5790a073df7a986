/* kernel/nflog_request: what is built reads back attribute by attribute. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>

#include "kernel/nflog_request.h"

static const struct nflog_settings settings = {
    .copy_range = 128, .queue_threshold = 256, .timeout = 10, .batch_bytes = 131072};

static const struct nlattr *find(const union request *request, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, &request->header, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attr) == type)
			return attr;
	}
	return NULL;
}

static void check_header(const union request *request, uint16_t flags, uint16_t group)
{
	const struct nfgenmsg *netfilter = mnl_nlmsg_get_payload(&request->header);

	assert_true(request->header.nlmsg_len <= sizeof(*request));
	assert_int_equal(request->header.nlmsg_type, NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG);
	assert_int_equal(request->header.nlmsg_flags, NLM_F_REQUEST | flags);
	assert_int_equal(netfilter->nfgen_family, AF_UNSPEC);
	assert_int_equal(netfilter->version, NFNETLINK_V0);
	assert_int_equal(ntohs(netfilter->res_id), group);
}

static void check_number(const union request *request, uint16_t type, uint32_t expected)
{
	const struct nlattr *attr = find(request, type);

	assert_non_null(attr);
	assert_int_equal(mnl_attr_get_payload_len(attr), 4);
	assert_int_equal(ntohl(mnl_attr_get_u32(attr)), expected);
}

static void check_settings(const union request *request)
{
	const struct nfulnl_msg_config_mode *mode;
	const struct nlattr *attr;

	attr = find(request, NFULA_CFG_MODE);
	assert_non_null(attr);
	assert_int_equal(mnl_attr_get_payload_len(attr), sizeof(*mode));
	mode = mnl_attr_get_payload(attr);
	assert_int_equal(mode->copy_mode, NFULNL_COPY_PACKET);
	assert_int_equal(ntohl(mode->copy_range), 128);
	attr = find(request, NFULA_CFG_FLAGS);
	assert_non_null(attr);
	assert_int_equal(mnl_attr_get_payload_len(attr), 2);
	assert_int_equal(ntohs(mnl_attr_get_u16(attr)), NFULNL_CFG_F_SEQ);
	check_number(request, NFULA_CFG_QTHRESH, 256);
	check_number(request, NFULA_CFG_TIMEOUT, 10);
	check_number(request, NFULA_CFG_NLBUFSIZ, 131072);
}

static void test_bind(void **state)
{
	const struct nlattr *attr;
	union request request;

	(void)state;
	nflog_request_bind(&request, 5600, &settings);
	check_header(&request, NLM_F_ACK, 5600);
	attr = find(&request, NFULA_CFG_CMD);
	assert_non_null(attr);
	assert_int_equal(mnl_attr_get_payload_len(attr), 1);
	assert_int_equal(mnl_attr_get_u8(attr), NFULNL_CFG_CMD_BIND);
	check_settings(&request);
}

static void test_settings(void **state)
{
	union request request;

	(void)state;
	nflog_request_settings(&request, 5600, &settings);
	check_header(&request, 0, 5600);
	assert_null(find(&request, NFULA_CFG_CMD));
	check_settings(&request);
}

static void test_default_batch(void **state)
{
	struct nflog_settings plain = settings;
	union request request;

	(void)state;
	plain.batch_bytes = 0;
	nflog_request_bind(&request, 0, &plain);
	check_header(&request, NLM_F_ACK, 0);
	assert_null(find(&request, NFULA_CFG_NLBUFSIZ));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bind),
	    cmocka_unit_test(test_settings),
	    cmocka_unit_test(test_default_batch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
