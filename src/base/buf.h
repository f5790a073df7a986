/* A growing byte buffer that remembers the first failure: write straight through, check once. */
#ifndef NETPOL_BASE_BUF_H
#define NETPOL_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Start from {0}; release with buf_clear(). */
struct buf {
	char *data; /* NUL-terminated once anything was written; NULL before */
	size_t length;
	size_t capacity;
	int error; /* 0 or the first negative errno; once set, writes do nothing */
};

void buf_put(struct buf *buf, const void *bytes, size_t length);
void buf_puts(struct buf *buf, const char *text);
void buf_putc(struct buf *buf, char c);
/* In decimal. */
void buf_put_number(struct buf *buf, uint64_t number);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A line for people: what was formatted, with '?' for each byte of a control character, and a
 * newline. */
void buf_line(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Is it UTF-8 (RFC 3629)? */
bool buf_is_text(const char *bytes, size_t length);
/* Reads the whole file, at most limit bytes: -EFBIG beyond that, else -errno of the failing call.
 */
int buf_read_file(struct buf *buf, const char *path, size_t limit);
int buf_read_fd(struct buf *buf, int fd, size_t limit);
/* Frees and zeroes. */
void buf_clear(struct buf *buf);

#endif
