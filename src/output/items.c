#include "output/items.h"

#include "output/output.h"

void output_items_begin(struct output_items *items, struct buf *buf, bool json,
			const struct tree_node *head, const char *name)
{
	*items = (struct output_items){.buf = buf, .json = json};
	if (json)
		json_put_head(buf, head, name);
	else
		yaml_put_head(buf, head, name);
}

void output_items_add(struct output_items *items, const struct tree_node *item)
{
	if (items->json)
		json_put_element(items->buf, item, !items->any);
	else
		yaml_put_element(items->buf, item, !items->any);
	items->any = true;
}

void output_items_end(struct output_items *items)
{
	if (items->json)
		json_put_tail(items->buf, !items->any);
	else
		yaml_put_tail(items->buf, !items->any);
}

void output_items_spoil(struct output_items *items)
{
	/* No token of YAML begins so, and a JSON text that lacks its end is none. */
	if (!items->json)
		buf_puts(items->buf, items->any ? "%\n" : "\n%\n");
}
