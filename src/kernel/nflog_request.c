#include "kernel/nflog_request.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>

static struct nlmsghdr *put_header(union request *request, uint16_t flags, uint16_t group)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(request);
	struct nfgenmsg *netfilter = mnl_nlmsg_put_extra_header(header, sizeof(*netfilter));

	header->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG;
	header->nlmsg_flags = NLM_F_REQUEST | flags;
	netfilter->nfgen_family = AF_UNSPEC;
	netfilter->version = NFNETLINK_V0;
	netfilter->res_id = htons(group);
	return header;
}

static void put_command(struct nlmsghdr *header, uint8_t command)
{
	struct nfulnl_msg_config_cmd payload = {.command = command};

	mnl_attr_put(header, NFULA_CFG_CMD, sizeof(payload), &payload);
}

static void put_settings(struct nlmsghdr *header, const struct nflog_settings *settings)
{
	struct nfulnl_msg_config_mode mode = {
	    .copy_range = htonl(settings->copy_range),
	    .copy_mode = NFULNL_COPY_PACKET,
	};

	mnl_attr_put(header, NFULA_CFG_MODE, sizeof(mode), &mode);
	mnl_attr_put_u16(header, NFULA_CFG_FLAGS, htons(NFULNL_CFG_F_SEQ));
	mnl_attr_put_u32(header, NFULA_CFG_QTHRESH, htonl(settings->queue_threshold));
	mnl_attr_put_u32(header, NFULA_CFG_TIMEOUT, htonl(settings->timeout));
	if (settings->batch_bytes)
		mnl_attr_put_u32(header, NFULA_CFG_NLBUFSIZ, htonl(settings->batch_bytes));
}

void nflog_request_bind(union request *ret, uint16_t group, const struct nflog_settings *settings)
{
	struct nlmsghdr *header = put_header(ret, NLM_F_ACK, group);

	put_command(header, NFULNL_CFG_CMD_BIND);
	put_settings(header, settings);
}

void nflog_request_settings(union request *ret, uint16_t group,
			    const struct nflog_settings *settings)
{
	put_settings(put_header(ret, 0, group), settings);
}
