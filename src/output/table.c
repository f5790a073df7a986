#include "output/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "output/text.h"

#define GAP 2

struct output_table {
	size_t columns;
	size_t rows; /* the titles are row 0 */
	size_t capacity;
	char **cells; /* row by row */
};

static int table_grow(struct output_table *table)
{
	size_t capacity = table->capacity ? table->capacity * 2 : 16;
	char **cells;

	if (table->rows < table->capacity)
		return 0;
	if (capacity > SIZE_MAX / sizeof(*cells) / table->columns)
		return -ENOMEM;
	cells = realloc(table->cells, capacity * table->columns * sizeof(*cells));
	if (!cells)
		return -ENOMEM;
	table->cells = cells;
	table->capacity = capacity;
	return 0;
}

int output_table_row(struct output_table *table, const char *const *cells)
{
	char **row;
	int r = table_grow(table);

	if (r < 0)
		return r;
	row = table->cells + table->rows * table->columns;
	for (size_t i = 0; i < table->columns; i++) {
		row[i] = strdup(cells[i]);
		if (!row[i]) {
			while (i-- > 0)
				free(row[i]);
			return -ENOMEM;
		}
	}
	table->rows++;
	return 0;
}

struct output_table *output_table_new(const char *const *titles, size_t columns)
{
	struct output_table *table = columns > 0 ? calloc(1, sizeof(*table)) : NULL;

	if (!table)
		return NULL;
	table->columns = columns;
	if (output_table_row(table, titles) < 0)
		return output_table_free(table);
	return table;
}

struct output_table *output_table_free(struct output_table *table)
{
	if (!table)
		return NULL;
	for (size_t i = 0; i < table->rows * table->columns; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table);
	return NULL;
}

/* As text_put_visible() shows it. */
size_t output_width(const char *text)
{
	size_t length = strlen(text);
	size_t width = 0;

	for (size_t i = 0; i < length;) {
		uint32_t code;
		size_t n = text_decode(text + i, length - i, &code);
		int columns = n > 0 && text_is_printable(code) ? wcwidth((wchar_t)code) : 1;

		/* A locale that does not know the character: one column is the best guess. */
		width += columns < 0 ? 1 : (size_t)columns;
		i += n > 0 ? n : 1;
	}
	return width;
}

/* "12", "-1.5", and sizes: "3 B", "1.2 kB". */
static bool is_number(const char *text)
{
	size_t whole;

	text += *text == '-';
	whole = strspn(text, "0123456789");
	text += whole;
	if (*text == '.') {
		size_t part = strspn(text + 1, "0123456789");

		if (part == 0)
			return false;
		text += 1 + part;
	}
	if (*text == ' ') {
		text += 1 + (text[1] && strchr("kMGTP", text[1]) != NULL);
		text += *text == 'B';
		if (text[-1] != 'B')
			return false;
	}
	return whole > 0 && *text == '\0';
}

/* "-" and "" stand for an absent number. */
static bool column_is_numeric(const struct output_table *table, size_t column)
{
	bool any = false;

	for (size_t row = 1; row < table->rows; row++) {
		const char *cell = table->cells[row * table->columns + column];

		if (is_number(cell))
			any = true;
		else if (*cell && strcmp(cell, "-") != 0)
			return false;
	}
	return any;
}

static void table_measure(const struct output_table *table, struct output_column *columns)
{
	for (size_t i = 0; i < table->columns; i++) {
		columns[i] = (struct output_column){.right = column_is_numeric(table, i)};
		for (size_t row = 0; row < table->rows; row++) {
			size_t width = output_width(table->cells[row * table->columns + i]);

			if (width > columns[i].width)
				columns[i].width = width;
		}
	}
}

void output_row(struct buf *buf, const char *const *cells, const struct output_column *columns,
		size_t count)
{
	size_t pending = 0;

	for (size_t i = 0; i < count; i++) {
		size_t width = output_width(cells[i]);
		size_t blank = columns[i].width > width ? columns[i].width - width : 0;

		if (columns[i].right)
			pending += blank;
		if (*cells[i]) {
			text_put_spaces(buf, pending);
			text_put_visible(buf, cells[i], strlen(cells[i]));
			pending = 0;
		}
		pending += (columns[i].right ? 0 : blank) + GAP;
	}
	buf_putc(buf, '\n');
}

void output_table_print(struct buf *buf, const struct output_table *table)
{
	struct output_column *columns = calloc(table->columns, sizeof(*columns));

	if (!columns) {
		buf->error = buf->error ? buf->error : -ENOMEM;
		return;
	}
	table_measure(table, columns);
	for (size_t row = 0; row < table->rows; row++)
		output_row(buf, (const char *const *)table->cells + row * table->columns, columns,
			   table->columns);
	free(columns);
}

static void put_csv_cell(struct buf *buf, const char *cell)
{
	if (!strpbrk(cell, ",\"\r\n")) {
		buf_puts(buf, cell);
		return;
	}
	buf_putc(buf, '"');
	for (; *cell; cell++) {
		if (*cell == '"')
			buf_putc(buf, '"');
		buf_putc(buf, *cell);
	}
	buf_putc(buf, '"');
}

void output_row_csv(struct buf *buf, const char *const *cells, size_t columns)
{
	for (size_t i = 0; i < columns; i++) {
		if (i > 0)
			buf_putc(buf, ',');
		put_csv_cell(buf, cells[i]);
	}
	buf_puts(buf, "\r\n");
}

void output_table_csv(struct buf *buf, const struct output_table *table)
{
	for (size_t row = 0; row < table->rows; row++)
		output_row_csv(buf, (const char *const *)table->cells + row * table->columns,
			       table->columns);
}
