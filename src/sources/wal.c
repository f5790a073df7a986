#include "sources/wal.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "SQLite format 3"
#define DATABASE_HEADER 100u
#define PAGE_SIZE_AT 16u
#define WRITE_VERSION_AT 18u
#define READ_VERSION_AT 19u
#define VERSION_ROLLBACK 1

#define LOG_MAGIC 0x377f0682u /* its lowest bit: checksums are of big-endian words */
#define LOG_VERSION 3007000u

struct checksum {
	uint32_t a, b;
};

struct log {
	const unsigned char *bytes;
	size_t length;
	uint32_t page_size;
	bool big_endian;
	struct checksum sum; /* of all before the next frame */
	size_t next;
};

struct frame {
	uint32_t page; /* from 1 on */
	uint32_t size; /* of the database in pages, where a transaction ends; else 0 */
	const unsigned char *content;
};

static uint32_t get_big(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t get_little(const unsigned char *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static void add(struct log *log, const unsigned char *p, size_t length)
{
	for (size_t i = 0; i + 8 <= length; i += 8) {
		uint32_t x = log->big_endian ? get_big(p + i) : get_little(p + i);
		uint32_t y = log->big_endian ? get_big(p + i + 4) : get_little(p + i + 4);

		log->sum.a += x + log->sum.b;
		log->sum.b += y + log->sum.a;
	}
}

static bool is_sum(const struct log *log, const unsigned char *p)
{
	return get_big(p) == log->sum.a && get_big(p + 4) == log->sum.b;
}

/* False if the log holds nothing for a database with such pages. */
static bool log_begin(struct log *log, const char *bytes, size_t length, uint32_t page_size)
{
	*log = (struct log){
	    .bytes = (const unsigned char *)bytes, .length = length, .page_size = page_size};
	if (length < WAL_HEADER || (get_big(log->bytes) & ~1u) != LOG_MAGIC ||
	    get_big(log->bytes + 4) != LOG_VERSION || get_big(log->bytes + 8) != page_size)
		return false;
	log->big_endian = get_big(log->bytes) & 1;
	add(log, log->bytes, 24);
	log->next = WAL_HEADER;
	return is_sum(log, log->bytes + 24);
}

/* Frames of an earlier use of the file have other salts. */
static bool log_next(struct log *log, struct frame *ret)
{
	const unsigned char *frame = log->bytes + log->next;

	if (log->length - log->next < (size_t)WAL_FRAME_HEADER + log->page_size ||
	    memcmp(frame + 8, log->bytes + 16, 8) != 0)
		return false;
	*ret = (struct frame){.page = get_big(frame),
			      .size = get_big(frame + 4),
			      .content = frame + WAL_FRAME_HEADER};
	add(log, frame, 8);
	add(log, ret->content, log->page_size);
	log->next += (size_t)WAL_FRAME_HEADER + log->page_size;
	return ret->page > 0 && is_sum(log, frame + 16);
}

/* Where the last whole transaction ends, and how many pages the database then has. */
static size_t find_end(struct log log, uint32_t *pages)
{
	struct frame frame;
	size_t end = 0;

	while (log_next(&log, &frame)) {
		if (frame.size == 0)
			continue;
		*pages = frame.size;
		end = log.next;
	}
	return end;
}

static bool is_page_size(uint32_t size)
{
	return size >= 512 && size <= 65536 && (size & (size - 1)) == 0;
}

/* 0 if the bytes are no database. */
static uint32_t page_size_of(const char *bytes, size_t length)
{
	const unsigned char *header = (const unsigned char *)bytes;
	uint32_t size;

	if (length < DATABASE_HEADER || memcmp(bytes, MAGIC, sizeof(MAGIC)) != 0)
		return 0;
	size = (uint32_t)header[PAGE_SIZE_AT] << 8 | header[PAGE_SIZE_AT + 1];
	if (size == 1)
		size = 65536;
	return is_page_size(size) ? size : 0;
}

/* A new database may lie in its log alone. */
static uint32_t find_page_size(const char *bytes, size_t length, const char *log, size_t log_length)
{
	if (length == 0 && log_length >= WAL_HEADER)
		return get_big((const unsigned char *)log + 8);
	return page_size_of(bytes, length);
}

/* Of frames whose sums are known to be right. */
static void copy_frames(const struct log *log, size_t end, unsigned char *database, uint32_t pages)
{
	for (size_t at = WAL_HEADER; at < end; at += (size_t)WAL_FRAME_HEADER + log->page_size) {
		uint32_t page = get_big(log->bytes + at);

		if (page <= pages)
			memcpy(database + (size_t)(page - 1) * log->page_size,
			       log->bytes + at + WAL_FRAME_HEADER, log->page_size);
	}
}

size_t wal_extent(const char *bytes, size_t length, size_t from, size_t *ret_frame)
{
	const unsigned char *log = (const unsigned char *)bytes;

	*ret_frame = 0;
	if (length < WAL_HEADER || !is_page_size(get_big(log + 8)))
		return length < WAL_HEADER ? length : WAL_HEADER;
	*ret_frame = (size_t)WAL_FRAME_HEADER + get_big(log + 8);
	if (from < WAL_HEADER)
		from = WAL_HEADER;
	while (length - from >= *ret_frame && memcmp(log + from + 8, log + 16, 8) == 0)
		from += *ret_frame;
	return from;
}

int wal_apply(const char *bytes, size_t length, const char *log_bytes, size_t log_length,
	      size_t limit, unsigned char **ret, size_t *ret_length)
{
	uint32_t page_size = find_page_size(bytes, length, log_bytes, log_length), pages;
	unsigned char *database;
	size_t end = 0, size;
	struct log log;

	if (page_size < 512 || page_size > 65536)
		return -EPROTO;
	pages = (uint32_t)(length / page_size);
	if (log_begin(&log, log_bytes, log_length, page_size))
		end = find_end(log, &pages);
	if (pages == 0)
		return length == 0 ? -ENODATA : -EPROTO;
	if (pages > limit / page_size)
		return -EFBIG;
	size = (size_t)pages * page_size;
	database = calloc(1, size);
	if (!database)
		return -ENOMEM;
	if (length > 0)
		memcpy(database, bytes, length < size ? length : size);
	copy_frames(&log, end, database, pages);
	if (page_size_of((const char *)database, size) != page_size) {
		free(database);
		return -EPROTO;
	}
	database[WRITE_VERSION_AT] = database[READ_VERSION_AT] = VERSION_ROLLBACK;
	*ret = database;
	*ret_length = size;
	return 0;
}
