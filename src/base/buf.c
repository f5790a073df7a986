#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool buf_grow(struct buf *buf, size_t more)
{
	size_t capacity = buf->capacity ? buf->capacity : 256;
	char *data;

	if (buf->error)
		return false;
	if (more >= SIZE_MAX / 2 - buf->length) {
		buf->error = -ENOMEM;
		return false;
	}
	while (capacity < buf->length + more + 1)
		capacity *= 2;
	data = realloc(buf->data, capacity);
	if (!data) {
		buf->error = -ENOMEM;
		return false;
	}
	buf->data = data;
	buf->capacity = capacity;
	return true;
}

/* With room for a NUL. */
static inline bool buf_reserve(struct buf *buf, size_t more)
{
	return (!buf->error && more < buf->capacity - buf->length) || buf_grow(buf, more);
}

void buf_put(struct buf *buf, const void *bytes, size_t length)
{
	if (!buf_reserve(buf, length))
		return;
	if (length > 0)
		memcpy(buf->data + buf->length, bytes, length);
	buf->length += length;
	buf->data[buf->length] = '\0';
}

void buf_puts(struct buf *buf, const char *text)
{
	buf_put(buf, text, strlen(text));
}

void buf_putc(struct buf *buf, char c)
{
	if (!buf_reserve(buf, 1))
		return;
	buf->data[buf->length++] = c;
	buf->data[buf->length] = '\0';
}

void buf_put_number(struct buf *buf, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	buf_put(buf, digits + at, sizeof(digits) - at);
}

__attribute__((format(printf, 2, 0))) static void put_formatted(struct buf *buf, const char *format,
								va_list arguments)
{
	size_t room;
	va_list again;
	int length;

	if (!buf_reserve(buf, 0))
		return;
	room = buf->capacity - buf->length;
	va_copy(again, arguments);
	length = vsnprintf(buf->data + buf->length, room, format, arguments);
	if (length < 0)
		buf->error = -EINVAL;
	else if ((size_t)length >= room && buf_reserve(buf, (size_t)length))
		vsnprintf(buf->data + buf->length, (size_t)length + 1, format, again);
	if (buf->error)
		buf->data[buf->length] = '\0';
	else
		buf->length += (size_t)length;
	va_end(again);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	put_formatted(buf, format, arguments);
	va_end(arguments);
}

/* How many bytes at p are a control character: C0, DEL, or C1 in UTF-8. */
static size_t control_length(const unsigned char *p)
{
	if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
		return 2;
	return p[0] < 0x20 || p[0] == 0x7f;
}

void buf_line(struct buf *buf, const char *format, ...)
{
	size_t start = buf->length;
	va_list arguments;

	va_start(arguments, format);
	put_formatted(buf, format, arguments);
	va_end(arguments);
	for (size_t i = start; i < buf->length;) {
		size_t n = control_length((unsigned char *)buf->data + i);

		memset(buf->data + i, '?', n);
		i += n ? n : 1;
	}
	buf_putc(buf, '\n');
}

static size_t character_length(const unsigned char *p, size_t length)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	if (n == 0 || n > length || p[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* Longer than need be, surrogates, and beyond U+10FFFF. */
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

bool buf_is_text(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length;) {
		size_t n = character_length((const unsigned char *)bytes + i, length - i);

		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

int buf_read_fd(struct buf *buf, int fd, size_t limit)
{
	size_t total = 0;

	for (;;) {
		ssize_t n;

		if (!buf_reserve(buf, 4096))
			return buf->error;
		n = read(fd, buf->data + buf->length, buf->capacity - buf->length - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		buf->length += (size_t)n;
		buf->data[buf->length] = '\0';
		total += (size_t)n;
		if (total > limit)
			return -EFBIG;
		if (n == 0)
			return 0;
	}
}

int buf_read_file(struct buf *buf, const char *path, size_t limit)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = buf_read_fd(buf, fd, limit);
	close(fd);
	return r;
}

void buf_clear(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){0};
}
