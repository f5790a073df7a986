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

static bool buf_reserve(struct buf *buf, size_t more)
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
	if (capacity == buf->capacity)
		return true;
	data = realloc(buf->data, capacity);
	if (!data) {
		buf->error = -ENOMEM;
		return false;
	}
	buf->data = data;
	buf->capacity = capacity;
	return true;
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
	buf_put(buf, &c, 1);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0) {
		buf->error = buf->error ? buf->error : -EINVAL;
		return;
	}
	if (!buf_reserve(buf, (size_t)length))
		return;
	va_start(arguments, format);
	vsnprintf(buf->data + buf->length, (size_t)length + 1, format, arguments);
	va_end(arguments);
	buf->length += (size_t)length;
}

int buf_read_fd(struct buf *buf, int fd, size_t limit)
{
	size_t total = 0;

	for (;;) {
		ssize_t n;

		if (!buf_reserve(buf, 64 * 1024))
			return buf->error;
		n = read(fd, buf->data + buf->length, 64 * 1024);
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
