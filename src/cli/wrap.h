/* Running text for a terminal. */
#ifndef NETPOL_CLI_WRAP_H
#define NETPOL_CLI_WRAP_H

#include <stddef.h>
#include <stdio.h>

#define WRAP_COLUMNS 80

/*
 * The words of an ASCII text, as many on a line as WRAP_COLUMNS hold; a longer word has a line of
 * its own. Blanks and newlines in the text only part words. The cursor stands at column indent, at
 * which further lines begin; the last one ends with a newline.
 */
void wrap_put(FILE *out, size_t indent, const char *text);

#endif
