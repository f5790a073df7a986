/* Members of JSON objects that other programs wrote: absent and null are the same. */
#ifndef NETPOL_SOURCES_MEMBER_H
#define NETPOL_SOURCES_MEMBER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* The whole text as one JSON object or array. Where an integer of it, such as an unlimited
 * resource, is beyond 64 bits with a sign, all integers are reals. -ENODATA, -EBADMSG, -ENOMEM. */
int member_load(const char *bytes, size_t length, json_t **ret);
/* "" where absent; false if it is no string. */
bool member_text(const json_t *object, const char *key, const char **ret);
/* NULL where absent; false if it is no array. */
bool member_array(const json_t *object, const char *key, const json_t **ret);
/* NULL where absent; false if it is no object. */
bool member_object(const json_t *object, const char *key, const json_t **ret);

#endif
