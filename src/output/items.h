/* What printers do of a tree in parts; private to output/. */
#ifndef NETPOL_OUTPUT_ITEMS_H
#define NETPOL_OUTPUT_ITEMS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/tree.h"

/* All of the map up to the value of one more member, which is a list. */
void yaml_put_head(struct buf *buf, const struct tree_node *head, const char *name);
void json_put_head(struct buf *buf, const struct tree_node *head, const char *name);
/* An element of that list. */
void yaml_put_element(struct buf *buf, const struct tree_node *element, bool first);
void json_put_element(struct buf *buf, const struct tree_node *element, bool first);
/* All that comes after them. */
void yaml_put_tail(struct buf *buf, bool empty);
void json_put_tail(struct buf *buf, bool empty);

#endif
