/* Base64 with padding (RFC 4648 section 4). */
#ifndef NETPOL_SOURCES_BASE64_H
#define NETPOL_SOURCES_BASE64_H

#include <stddef.h>

/* ret: room for length bytes; text and ret may be the same. -EBADMSG. */
int base64_decode(const char *text, size_t length, char *ret, size_t *ret_length);

#endif
