/* kernel/answer: which datagrams end a conversation, and with what. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/netlink.h>

#include "kernel/answer.h"

struct stream {
	_Alignas(struct nlmsghdr) char bytes[1024];
	size_t length;
};

static void put(struct stream *stream, uint16_t type, uint16_t flags, uint32_t sequence,
		const void *payload, size_t length)
{
	struct nlmsghdr header = {.nlmsg_len = (uint32_t)(sizeof(header) + length),
				  .nlmsg_type = type,
				  .nlmsg_flags = flags,
				  .nlmsg_seq = sequence};

	memcpy(stream->bytes + stream->length, &header, sizeof(header));
	if (length)
		memcpy(stream->bytes + stream->length + sizeof(header), payload, length);
	stream->length += NLMSG_ALIGN(header.nlmsg_len);
}

static void put_end(struct stream *stream, uint16_t type, uint32_t sequence, int error)
{
	put(stream, type, 0, sequence, &error, sizeof(error));
}

static void count(void *context, const void *message, size_t length)
{
	(void)message;
	assert_true(length >= sizeof(struct nlmsghdr));
	++*(unsigned *)context;
}

static int take(struct answer *answer, const struct stream *stream, unsigned *counter)
{
	void *copy = malloc(stream->length);
	int r;

	assert_non_null(copy);
	memcpy(copy, stream->bytes, stream->length);
	r = answer_take(answer, copy, stream->length, counter ? count : NULL, counter);
	free(copy);
	return r;
}

static void test_expect(void **state)
{
	struct stream stream = {.length = 0};
	struct answer answer;

	(void)state;
	put(&stream, 16, NLM_F_REQUEST, 0, NULL, 0);
	put(&stream, 17, NLM_F_REQUEST | NLM_F_ACK, 0, "12345", 5);
	put(&stream, 18, NLM_F_REQUEST | NLM_F_DUMP, 0, NULL, 0);
	put(&stream, 19, NLM_F_REQUEST, 0, NULL, 0);
	assert_int_equal(answer_expect(stream.bytes, stream.length, UINT32_MAX, &answer), 0);
	assert_int_equal(answer.first, UINT32_MAX);
	assert_int_equal(answer.last, 1);
	assert_int_equal(((struct nlmsghdr *)stream.bytes)->nlmsg_seq, UINT32_MAX);
	assert_int_equal(((struct nlmsghdr *)(stream.bytes + 16))->nlmsg_seq, 0);
	assert_int_equal(((struct nlmsghdr *)(stream.bytes + 40))->nlmsg_seq, 1);
	assert_int_equal(((struct nlmsghdr *)(stream.bytes + 56))->nlmsg_seq, 2);
	assert_false(answer.ended || answer.interrupted || answer.error);
	assert_int_equal(answer_expect(stream.bytes, stream.length - 1, 1, &answer), -EINVAL);
	assert_int_equal(answer_expect(stream.bytes, 16, 1, &answer), -EINVAL);
	assert_int_equal(answer_expect(stream.bytes, 0, 1, &answer), -EINVAL);
}

static void test_dump(void **state)
{
	struct answer answer = {.first = 7, .last = 7};
	struct stream stream = {.length = 0};
	unsigned counter = 0;

	(void)state;
	put(&stream, 256, NLM_F_MULTI, 7, "abc", 3);
	put(&stream, 256, NLM_F_MULTI, 7, NULL, 0);
	put(&stream, 256, NLM_F_MULTI, 6, NULL, 0); /* late answer to something given up */
	put(&stream, NLMSG_NOOP, 0, 7, NULL, 0);
	assert_int_equal(take(&answer, &stream, &counter), 0);
	assert_int_equal(counter, 2);
	assert_false(answer.ended);
	stream.length = 0;
	put_end(&stream, NLMSG_DONE, 6, 0);
	assert_int_equal(take(&answer, &stream, &counter), 0);
	assert_false(answer.ended);
	stream.length = 0;
	put_end(&stream, NLMSG_DONE, 7, 0);
	assert_int_equal(take(&answer, &stream, NULL), 0);
	assert_true(answer.ended);
	assert_int_equal(answer.error, 0);
	assert_false(answer.interrupted);
}

static void test_dump_troubles(void **state)
{
	struct answer answer = {.first = 7, .last = 7};
	struct stream stream = {.length = 0};

	(void)state;
	put(&stream, 256, NLM_F_MULTI | NLM_F_DUMP_INTR, 7, NULL, 0);
	put_end(&stream, NLMSG_DONE, 7, -EIO);
	assert_int_equal(take(&answer, &stream, NULL), 0);
	assert_true(answer.ended && answer.interrupted);
	assert_int_equal(answer.error, -EIO);
	answer = (struct answer){.first = 7, .last = 7};
	stream.length = 0;
	put(&stream, NLMSG_DONE, 0, 7, NULL, 0);
	assert_int_equal(take(&answer, &stream, NULL), 0);
	assert_true(answer.ended);
}

static void test_batch(void **state)
{
	struct answer answer = {.first = 10, .last = 13};
	struct stream stream = {.length = 0};

	(void)state;
	put_end(&stream, NLMSG_ERROR, 11, 0);
	put_end(&stream, NLMSG_ERROR, 12, -EEXIST);
	put_end(&stream, NLMSG_ERROR, 14, -ENOENT); /* the end of the batch asked for no answer */
	assert_int_equal(take(&answer, &stream, NULL), 0);
	assert_false(answer.ended);
	stream.length = 0;
	put_end(&stream, NLMSG_ERROR, 13, -ENOENT);
	assert_int_equal(take(&answer, &stream, NULL), 0);
	assert_true(answer.ended);
	assert_int_equal(answer.error, -EEXIST);
}

static void test_batch_refused(void **state)
{
	struct answer answer = {.first = 10, .last = 13};
	struct stream stream = {.length = 0};

	(void)state;
	put_end(&stream, NLMSG_ERROR, 10, 0);
	assert_int_equal(take(&answer, &stream, NULL), 0);
	assert_false(answer.ended);
	stream.length = 0;
	put_end(&stream, NLMSG_ERROR, 10, -EPERM);
	assert_int_equal(take(&answer, &stream, NULL), 0);
	assert_true(answer.ended);
	assert_int_equal(answer.error, -EPERM);
}

static void test_malformed(void **state)
{
	struct answer answer = {.first = 7, .last = 7};
	struct stream stream = {.length = 0};

	(void)state;
	put(&stream, NLMSG_ERROR, 0, 7, "ab", 2);
	assert_int_equal(take(&answer, &stream, NULL), -EBADMSG);
	stream.length = 17;
	((struct nlmsghdr *)stream.bytes)->nlmsg_len = 18;
	assert_int_equal(take(&answer, &stream, NULL), -EBADMSG);
	stream.length = 15;
	assert_int_equal(take(&answer, &stream, NULL), -EBADMSG);
	stream.length = 16;
	((struct nlmsghdr *)stream.bytes)->nlmsg_len = 0;
	assert_int_equal(take(&answer, &stream, NULL), -EBADMSG);
	assert_false(answer.ended);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_expect),        cmocka_unit_test(test_dump),
	    cmocka_unit_test(test_dump_troubles), cmocka_unit_test(test_batch),
	    cmocka_unit_test(test_batch_refused), cmocka_unit_test(test_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
