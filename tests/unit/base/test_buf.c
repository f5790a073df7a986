#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

static void test_empty(void **state)
{
	struct buf buf = {0};

	(void)state;
	assert_null(buf.data);
	buf_puts(&buf, "");
	assert_int_equal(buf.length, 0);
	assert_string_equal(buf.data, "");
	buf_clear(&buf);
	assert_null(buf.data);
	assert_int_equal(buf.capacity, 0);
	buf_put(&buf, NULL, 0);
	assert_int_equal(buf.error, 0);
	buf_clear(&buf);
	buf_clear(&buf);
}

static void test_writes(void **state)
{
	struct buf buf = {0};

	(void)state;
	buf_puts(&buf, "a");
	buf_putc(&buf, 'b');
	buf_put(&buf, "c\0d", 3);
	buf_printf(&buf, "%d%s", -5, "e");
	buf_put_number(&buf, 0);
	buf_put_number(&buf, UINT64_MAX);
	assert_int_equal(buf.length, 29);
	assert_memory_equal(buf.data, "abc\0d-5e018446744073709551615", 30);
	assert_int_equal(buf.error, 0);
	buf_clear(&buf);
}

static void test_numbers(void **state)
{
	static const uint64_t numbers[] = {0, 9, 10, 65535, 1000000, UINT64_MAX};
	struct buf buf = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		buf_put_number(&buf, numbers[i]);
		buf_putc(&buf, ' ');
	}
	assert_string_equal(buf.data, "0 9 10 65535 1000000 18446744073709551615 ");
	buf_clear(&buf);
}

static void test_grows(void **state)
{
	struct buf buf = {0};

	(void)state;
	for (int i = 0; i < 10000; i++)
		buf_printf(&buf, "%04d", i);
	assert_int_equal(buf.length, 40000);
	for (int i = 0; i < 10000; i++) {
		char expected[16];

		snprintf(expected, sizeof(expected), "%04d", i);
		assert_memory_equal(buf.data + i * 4, expected, 4);
	}
	assert_int_equal(buf.data[40000], '\0');
	buf_clear(&buf);
}

/* Around a power of two, where the NUL no longer fits. */
static void test_room_for_the_end(void **state)
{
	static const char bytes[1100];

	(void)state;
	for (size_t length = 250; length < 1030; length++) {
		struct buf buf = {0};

		buf_put(&buf, bytes, length);
		assert_true(buf.capacity > length);
		assert_int_equal(buf.data[length], '\0');
		buf_printf(&buf, "%s", "");
		assert_int_equal(buf.length, length);
		buf_clear(&buf);
	}
}

static void test_error_stays(void **state)
{
	struct buf buf = {0};

	(void)state;
	buf_puts(&buf, "abc");
	buf_put(&buf, "x", SIZE_MAX / 2);
	assert_int_equal(buf.error, -ENOMEM);
	buf_puts(&buf, "d");
	buf_printf(&buf, "%d", 5);
	assert_int_equal(buf.error, -ENOMEM);
	assert_string_equal(buf.data, "abc");
	buf_clear(&buf);
	assert_int_equal(buf.error, 0);
	buf.error = -EIO;
	buf_puts(&buf, "d");
	assert_null(buf.data);
	assert_int_equal(buf.error, -EIO);
}

static void make_file(char path[static 32], size_t length)
{
	char *bytes = malloc(length + 1);
	int fd;

	assert_non_null(bytes);
	memset(bytes, 'x', length);
	strcpy(path, "/tmp/netpol-buf-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), (ssize_t)length);
	close(fd);
	free(bytes);
}

static void test_file(void **state)
{
	static const size_t lengths[] = {0, 1, 65535, 65536, 65537, 300000};

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct buf buf = {0};
		char path[32];

		make_file(path, lengths[i]);
		buf_puts(&buf, "before");
		assert_int_equal(buf_read_file(&buf, path, lengths[i]), 0);
		assert_int_equal(buf.length, lengths[i] + 6);
		assert_int_equal(strlen(buf.data), buf.length);
		assert_memory_equal(buf.data, "before", 6);
		if (lengths[i] > 0)
			assert_int_equal(buf_read_file(&buf, path, lengths[i] - 1), -EFBIG);
		unlink(path);
		buf_clear(&buf);
	}
}

static void test_no_file(void **state)
{
	struct buf buf = {0};

	(void)state;
	assert_int_equal(buf_read_file(&buf, "/tmp/netpol-is-not-here/x", 100), -ENOENT);
	assert_int_equal(buf_read_file(&buf, "/tmp", 100), -EISDIR);
	assert_int_equal(buf_read_fd(&buf, -1, 100), -EBADF);
	buf_clear(&buf);
}

/* A pipe gives what it has, in pieces. */
static void test_pipe(void **state)
{
	struct buf buf = {0};
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "abc", 3), 3);
	assert_int_equal(write(ends[1], "def", 3), 3);
	close(ends[1]);
	assert_int_equal(buf_read_fd(&buf, ends[0], 6), 0);
	close(ends[0]);
	assert_string_equal(buf.data, "abcdef");
	buf_clear(&buf);
}

/* One line whatever is in it; what is no control character stays. */
static void test_line(void **state)
{
	struct buf buf = {0};

	(void)state;
	buf_line(&buf, "%s: %d", "a\nb\r\t\x1b[1m\x7f", 5);
	buf_line(&buf, "%s", "caf\xc3\xa9 \xc2\x9b\xc2\xa0");
	buf_line(&buf, "%s", "");
	assert_string_equal(buf.data, "a?b???[1m?: 5\ncaf\xc3\xa9 ?\x3f\xc2\xa0\n\n");
	assert_int_equal(buf.length, strlen(buf.data));
	buf_clear(&buf);
}

static void test_is_text(void **state)
{
	static const char *const good[] = {"",
					   "a",
					   "\x7f",
					   "\xc2\x80",
					   "\xdf\xbf",
					   "\xe0\xa0\x80",
					   "\xed\x9f\xbf",
					   "\xee\x80\x80",
					   "\xf0\x90\x80\x80",
					   "\xf4\x8f\xbf\xbf"};
	static const char *const bad[] = {"a\xff",
					  "\x80",
					  "\xc0\xaf",
					  "\xc1\xbf",
					  "\xc3",
					  "\xe2\x82",
					  "\xe0\x9f\xbf",
					  "\xed\xa0\x80",
					  "\xf0\x8f\xbf\xbf",
					  "\xf4\x90\x80\x80",
					  "\xf5\x80\x80\x80",
					  "\xc3(",
					  "\xf0\x9f\x90"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(buf_is_text(good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(buf_is_text(bad[i], strlen(bad[i])));
	assert_true(buf_is_text("a\0b", 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_empty),
	    cmocka_unit_test(test_writes),
	    cmocka_unit_test(test_numbers),
	    cmocka_unit_test(test_grows),
	    cmocka_unit_test(test_room_for_the_end),
	    cmocka_unit_test(test_error_stays),
	    cmocka_unit_test(test_file),
	    cmocka_unit_test(test_no_file),
	    cmocka_unit_test(test_pipe),
	    cmocka_unit_test(test_line),
	    cmocka_unit_test(test_is_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
