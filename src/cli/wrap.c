#include "cli/wrap.h"

#include <string.h>

void wrap_put(FILE *out, size_t indent, const char *text)
{
	static const char blanks[] = " \n";
	size_t column = indent;

	for (;;) {
		size_t length;

		text += strspn(text, blanks);
		length = strcspn(text, blanks);
		if (length == 0)
			break;
		if (column > indent && column + 1 + length > WRAP_COLUMNS) {
			fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
		}
		fprintf(out, "%s%.*s", column > indent ? " " : "", (int)length, text);
		column += (column > indent) + length;
		text += length;
	}
	fputc('\n', out);
}
