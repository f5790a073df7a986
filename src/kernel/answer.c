#include "kernel/answer.h"

#include "kernel/wire.h"

int answer_expect(void *requests, size_t length, uint32_t sequence, struct answer *ret)
{
	struct wire wire = wire_of(requests, length);
	struct answer answer = {.first = sequence};
	struct wire_message message;
	bool answered = false;
	int r;

	while ((r = wire_next_message(&wire, &message)) > 0) {
		size_t offset = (size_t)(message.bytes - (const uint8_t *)requests);
		struct nlmsghdr *header = (struct nlmsghdr *)((uint8_t *)requests + offset);

		header->nlmsg_seq = sequence;
		if (header->nlmsg_flags & NLM_F_ACK ||
		    (header->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP) {
			answer.last = sequence;
			answered = true;
		}
		sequence++;
	}
	if (r < 0 || !answered)
		return -EINVAL;
	*ret = answer;
	return 0;
}

/* NLMSG_ERROR and NLMSG_DONE both start with an int: 0 or a negative errno. An old NLMSG_DONE may
 * be empty. */
static int take_end(struct answer *answer, const struct wire_message *message)
{
	size_t payload = message->header.nlmsg_len - sizeof(message->header);
	int error = 0;

	if (payload >= sizeof(error))
		memcpy(&error, message->bytes + sizeof(message->header), sizeof(error));
	else if (message->header.nlmsg_type == NLMSG_ERROR)
		return -EBADMSG;
	if (error < 0 && !answer->error)
		answer->error = error;
	if (message->header.nlmsg_seq == answer->last ||
	    (error < 0 && message->header.nlmsg_seq == answer->first))
		answer->ended = true;
	return 0;
}

int answer_take(struct answer *answer, const void *bytes, size_t length, answer_fn *fn,
		void *context)
{
	struct wire wire = wire_of(bytes, length);
	struct wire_message message;
	int r;

	while ((r = wire_next_message(&wire, &message)) > 0) {
		const struct nlmsghdr *header = &message.header;

		if (header->nlmsg_seq - answer->first > answer->last - answer->first)
			continue;
		if (header->nlmsg_flags & NLM_F_DUMP_INTR)
			answer->interrupted = true;
		if (header->nlmsg_type == NLMSG_ERROR || header->nlmsg_type == NLMSG_DONE) {
			r = take_end(answer, &message);
			if (r < 0)
				return r;
		} else if (header->nlmsg_type >= NLMSG_MIN_TYPE && fn) {
			fn(context, message.bytes, header->nlmsg_len);
		}
	}
	return r;
}
