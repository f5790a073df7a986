#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void log_line(enum log_level level, const char *subject, const char *format, ...)
{
	char line[2048];
	va_list arguments;
	int used = 0;

	if (!isatty(STDERR_FILENO))
		used = snprintf(line, sizeof(line), "<%d>", (int)level);
	used += snprintf(line + used, sizeof(line) - (size_t)used, "%s: ", subject);
	if (used < (int)sizeof(line)) {
		va_start(arguments, format);
		vsnprintf(line + used, sizeof(line) - (size_t)used, format, arguments);
		va_end(arguments);
	}
	for (char *c = line; *c; c++)
		if (*c == '\n' || *c == '\r')
			*c = ' ';
	fprintf(stderr, "%s\n", line);
}
