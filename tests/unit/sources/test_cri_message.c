#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sources/cri_message.h"
#include "tests/unit/sources/cri_bodies.h"

static const struct sandbox_spec web = {
    .id = "web",
    .namespace = "shop",
    .name = "web-0",
    .uid = "u-1",
    .labels = {"tier", "front", "app", "web"},
    .created = 1700000000000000001,
};

static int decode(const struct buf *body, struct cri_answer *ret)
{
	return cri_decode_list(body->data, body->length, ret);
}

static int decode_specs(const struct sandbox_spec *specs, size_t count, struct cri_answer *ret)
{
	struct buf body = {0};
	int r;

	put_list_body(&body, specs, count);
	r = decode(&body, ret);
	buf_clear(&body);
	return r;
}

static int decode_bytes(const void *bytes, size_t length)
{
	struct cri_answer answer = {0};
	int r = cri_decode_list(bytes, length, &answer);

	if (r < 0)
		assert_null(answer.items);
	cri_answer_clear(&answer);
	return r;
}

static void test_sandbox(void **state)
{
	struct cri_answer answer = {0};

	(void)state;
	assert_int_equal(decode_specs(&web, 1, &answer), 0);
	assert_int_equal(answer.count, 1);
	assert_int_equal(answer.spoilt, 0);
	assert_string_equal(answer.items[0].id, "web");
	assert_string_equal(answer.items[0].namespace, "shop");
	assert_string_equal(answer.items[0].name, "web-0");
	assert_string_equal(answer.items[0].uid, "u-1");
	assert_true(answer.items[0].ready);
	assert_false(answer.items[0].host_network);
	assert_true(answer.items[0].created == 1700000000000000001);
	assert_true(answer.items[0].labelled);
	assert_int_equal(answer.items[0].labels.count, 2);
	assert_string_equal(answer.items[0].labels.items[0].key, "app");
	assert_string_equal(labels_get(&answer.items[0].labels, "tier"), "front");
	cri_answer_clear(&answer);
}

static void test_by_id(void **state)
{
	const struct sandbox_spec specs[] = {
	    {.id = "c", .labels = {"of", "c"}}, {.id = "a", .not_ready = true}, {.id = "b"}};
	struct cri_answer answer = {0};

	(void)state;
	assert_int_equal(decode_specs(specs, 3, &answer), 0);
	assert_int_equal(answer.count, 3);
	assert_string_equal(answer.items[0].id, "a");
	assert_false(answer.items[0].ready);
	assert_string_equal(answer.items[0].name, "");
	assert_true(answer.items[0].labelled); /* to have none */
	assert_string_equal(answer.items[2].id, "c");
	assert_string_equal(labels_get(&answer.items[2].labels, "of"), "c");
	cri_answer_clear(&answer);
}

static void test_none(void **state)
{
	struct cri_answer answer = {0};

	(void)state;
	assert_int_equal(decode_specs(NULL, 0, &answer), 0);
	assert_int_equal(answer.count, 0);
	cri_answer_clear(&answer);
}

static void test_repeated(void **state)
{
	const struct sandbox_spec specs[] = {web, {.id = "other"}, web};
	struct cri_answer answer = {0};

	(void)state;
	assert_int_equal(decode_specs(specs, 3, &answer), 0);
	assert_int_equal(answer.count, 2);
	assert_int_equal(answer.spoilt, 1);
	assert_string_equal(answer.items[1].id, "web");
	assert_string_equal(answer.items[1].name, "");
	assert_false(answer.items[1].labelled);
	cri_answer_clear(&answer);
}

static void test_unusable(void **state)
{
	char text[CRI_TEXT_MAX + 2];
	const struct sandbox_spec specs[] = {
	    {.id = ""},
	    {.id = "\xff"},
	    {.id = text},
	    {.id = "a", .namespace = "n", .name = "\xc3\x28", .uid = "u", .labels = {"k", "v"}},
	    {.id = "b", .namespace = "n", .name = "b", .uid = "u", .labels = {"k", text}},
	    {.id = "c", .namespace = "n", .name = "c", .uid = "u", .labels = {"k", "v", "k", "w"}},
	};
	struct cri_answer answer = {0};

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(decode_specs(specs, 6, &answer), 0);
	assert_int_equal(answer.count, 3);
	assert_int_equal(answer.spoilt, 6);
	assert_string_equal(answer.items[0].namespace, "");
	assert_string_equal(answer.items[0].name, "");
	assert_true(answer.items[0].labelled);
	for (size_t i = 1; i < 3; i++) {
		assert_string_equal(answer.items[i].namespace, "n");
		assert_false(answer.items[i].labelled);
		assert_int_equal(answer.items[i].labels.count, 0);
	}
	cri_answer_clear(&answer);
}

static void test_only_nameless(void **state)
{
	const struct sandbox_spec specs[] = {{.id = ""}, {.id = "\xff"}};
	struct cri_answer answer = {0};

	(void)state;
	assert_int_equal(decode_specs(specs, 2, &answer), -EPROTO);
	assert_null(answer.items);
}

static void test_frames(void **state)
{
	(void)state;
	assert_int_equal(decode_bytes(NULL, 0), -ENODATA);
	assert_int_equal(decode_bytes("\0\0\0\0", 4), -ENODATA);
	assert_int_equal(decode_bytes("\0\0\0\0\0", 5), 0);
	assert_int_equal(decode_bytes("\1\0\0\0\0", 5), -EOPNOTSUPP);
	assert_int_equal(decode_bytes("\0\0\0\0\1", 5), -EBADMSG);
	assert_int_equal(decode_bytes("\0\xff\xff\xff\xff", 5), -EBADMSG);
	assert_int_equal(decode_bytes("\0\0\0\0\0\0\0\0\0\0", 10), -EBADMSG); /* two messages */
	assert_int_equal(decode_bytes("\0\0\0\0\3\x0a\x7f\0", 8), -EPROTO);
	/* Nothing but a field that such an answer does not have. */
	assert_int_equal(decode_bytes("\0\0\0\0\2\x12\0", 7), -EPROTO);
	/* A VersionResponse. */
	assert_int_equal(decode_bytes("\0\0\0\0\7\x0a\5"
				      "0.1.0",
				      12),
			 -EPROTO);
}

/* A list with so many of these. */
static void put_many(struct buf *body, const char *item, size_t length, size_t count)
{
	struct buf message = {0};

	for (size_t i = 0; i < count; i++)
		buf_put(&message, item, length);
	put_body(body, message.data, message.length);
	buf_clear(&message);
}

static void test_many_sandboxes(void **state)
{
	struct cri_answer answer = {0};
	struct buf body = {0};

	(void)state;
	put_many(&body, "\x0a\3\x0a\1a", 5, CRI_SANDBOXES_MAX + 1);
	assert_int_equal(decode(&body, &answer), -E2BIG);
	buf_clear(&body);
	put_many(&body, "\x0a\3\x0a\1a", 5, CRI_SANDBOXES_MAX);
	assert_int_equal(decode(&body, &answer), 0);
	assert_int_equal(answer.count, 1);
	cri_answer_clear(&answer);
	buf_clear(&body);
}

static void test_much_memory(void **state)
{
	struct cri_answer answer = {0};
	struct buf body = {0};

	(void)state;
	put_many(&body, "\x0a\0", 2, 8 << 20);
	assert_int_equal(decode(&body, &answer), -EFBIG);
	buf_clear(&body);
	/* Fields that nobody knows. */
	put_many(&body, "\x98\1\0", 3, 5 << 20);
	assert_int_equal(decode(&body, &answer), -EFBIG);
	buf_clear(&body);
}

static void test_many_labels(void **state)
{
	struct buf labels = {0}, item = {0}, body = {0};
	struct cri_answer answer = {0};
	size_t length;

	(void)state;
	for (unsigned i = 0; i < 100000; i++)
		buf_printf(&labels, "\x2a\x0b\x0a\x06%06u\x12\1v", i);
	length = labels.length + 3;
	/* Field 1 of the list with a varint of four bytes, field 1 of the sandbox: its id. */
	buf_printf(&item, "\x0a%c%c%c%c\x0a\1a", (char)(0x80 | (length & 0x7f)),
		   (char)(0x80 | (length >> 7 & 0x7f)), (char)(0x80 | (length >> 14 & 0x7f)),
		   (char)(length >> 21));
	buf_put(&item, labels.data, labels.length);
	put_body(&body, item.data, item.length);
	assert_int_equal(decode(&body, &answer), 0);
	assert_int_equal(answer.count, 1);
	assert_int_equal(answer.spoilt, 1);
	assert_false(answer.items[0].labelled);
	cri_answer_clear(&answer);
	buf_clear(&body);
	buf_clear(&item);
	buf_clear(&labels);
}

/* Every answer cut anywhere, and with every byte changed, is decoded or refused. */
static void test_damaged(void **state)
{
	const struct sandbox_spec specs[] = {web, {.id = "other", .labels = {"a", "b"}}};
	struct buf body = {0};

	(void)state;
	put_list_body(&body, specs, 2);
	for (size_t i = 0; i < body.length; i++) {
		char kept = body.data[i];

		assert_true(decode_bytes(body.data, i) < 0);
		for (int change = 1; change < 256; change++) {
			body.data[i] = (char)(kept ^ change);
			decode_bytes(body.data, body.length);
		}
		body.data[i] = kept;
	}
	buf_clear(&body);
}

static void test_status(void **state)
{
	struct sandbox_spec spec = web;
	struct cri_answer answer = {0};
	struct buf body = {0};

	(void)state;
	spec.host_network = true;
	put_status_body(&body, &spec);
	assert_int_equal(cri_decode_status(body.data, body.length, &answer), 0);
	assert_int_equal(answer.count, 1);
	assert_true(answer.items[0].host_network);
	assert_string_equal(answer.items[0].name, "web-0");
	assert_string_equal(labels_get(&answer.items[0].labels, "tier"), "front");
	assert_true(answer.items[0].created == web.created);
	cri_answer_clear(&answer);
	buf_clear(&body);

	put_status_body(&body, &web);
	assert_int_equal(cri_decode_status(body.data, body.length, &answer), 0);
	assert_false(answer.items[0].host_network);
	cri_answer_clear(&answer);
	buf_clear(&body);
	assert_int_equal(cri_decode_status("\0\0\0\0\0", 5, &answer), -EPROTO);
}

static void test_requests(void **state)
{
	struct buf buf = {0};

	(void)state;
	cri_put_list(&buf, NULL);
	assert_int_equal(buf.length, 5);
	assert_memory_equal(buf.data, "\0\0\0\0\0", 5);
	buf_clear(&buf);
	cri_put_list(&buf, "abc");
	assert_int_equal(buf.length, 12);
	assert_memory_equal(buf.data,
			    "\0\0\0\0\7\x0a\5\x0a\3"
			    "abc",
			    12);
	buf_clear(&buf);
	cri_put_status(&buf, "abc");
	assert_int_equal(buf.length, 10);
	assert_memory_equal(buf.data,
			    "\0\0\0\0\5\x0a\3"
			    "abc",
			    10);
	buf_clear(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sandbox),     cmocka_unit_test(test_by_id),
	    cmocka_unit_test(test_none),        cmocka_unit_test(test_repeated),
	    cmocka_unit_test(test_unusable),    cmocka_unit_test(test_only_nameless),
	    cmocka_unit_test(test_frames),      cmocka_unit_test(test_many_sandboxes),
	    cmocka_unit_test(test_much_memory), cmocka_unit_test(test_many_labels),
	    cmocka_unit_test(test_damaged),     cmocka_unit_test(test_status),
	    cmocka_unit_test(test_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
