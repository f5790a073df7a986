/* What printers do of a tree in parts; private to output/. */
#ifndef NETPOL_OUTPUT_ITEMS_H
#define NETPOL_OUTPUT_ITEMS_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"

/* All of the object up to the value of one more member, which is a list. */
void yaml_put_head(struct buf *buf, const json_t *head, const char *name);
void json_put_head(struct buf *buf, const json_t *head, const char *name);
/* An element of that list. */
void yaml_put_element(struct buf *buf, const json_t *element, bool first);
void json_put_element(struct buf *buf, const json_t *element, bool first);
/* All that comes after them. */
void yaml_put_tail(struct buf *buf, bool empty);
void json_put_tail(struct buf *buf, bool empty);

#endif
