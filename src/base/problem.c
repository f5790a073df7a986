#include "base/problem.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static bool problem_is_known(const struct problems *problems, enum problem_severity severity,
			     const char *subject, const char *message)
{
	for (size_t i = 0; i < problems->count; i++) {
		const struct problem *problem = &problems->items[i];

		if (problem->severity == severity && strcmp(problem->subject, subject) == 0 &&
		    strcmp(problem->message, message) == 0)
			return true;
	}
	return false;
}

static bool problems_grow(struct problems *problems)
{
	size_t capacity = problems->capacity ? problems->capacity * 2 : 16;
	struct problem *items;

	if (problems->count < problems->capacity)
		return true;
	items = realloc(problems->items, capacity * sizeof(*items));
	if (!items)
		return false;
	problems->items = items;
	problems->capacity = capacity;
	return true;
}

static bool drop_lesser(struct problems *problems, enum problem_severity severity)
{
	for (size_t i = problems->count; severity >= PROBLEM_CAVEAT && i-- > 0;) {
		struct problem *problem = &problems->items[i];

		if (problem->severity >= PROBLEM_CAVEAT)
			continue;
		free(problem->subject);
		free(problem->message);
		problems->count--;
		memmove(problem, problem + 1, (problems->count - i) * sizeof(*problem));
		problems->left_out++;
		return true;
	}
	return false;
}

static bool problems_make_room(struct problems *problems, enum problem_severity severity)
{
	return problems->count < PROBLEMS_MAX ? problems_grow(problems)
					      : drop_lesser(problems, severity);
}

void problem_add(struct problems *problems, enum problem_severity severity, const char *subject,
		 const char *format, ...)
{
	char *message = NULL, *copy = NULL;
	va_list arguments;
	int length;

	if (severity == PROBLEM_ERROR)
		problems->errors++;
	va_start(arguments, format);
	length = vasprintf(&message, format, arguments);
	va_end(arguments);
	if (length < 0) {
		problems->left_out++;
		return;
	}
	if (problem_is_known(problems, severity, subject, message)) {
		free(message);
		return;
	}
	copy = strdup(subject);
	if (!copy || !problems_make_room(problems, severity)) {
		problems->left_out++;
		free(message);
		free(copy);
		return;
	}
	problems->items[problems->count++] =
	    (struct problem){.severity = severity, .subject = copy, .message = message};
}

/* Where a problem is. */
struct problem_place {
	struct problem problem;
	size_t file; /* the first problem of it */
	size_t length;
	unsigned long line; /* 0: none */
	size_t index;
};

static struct problem_place place_of(const struct problem *problem, size_t index)
{
	const char *colon = strrchr(problem->subject, ':');
	struct problem_place place = {
	    .problem = *problem, .length = strlen(problem->subject), .index = index};

	if (!colon || !colon[1] || colon[1 + strspn(colon + 1, "0123456789")])
		return place;
	place.length = (size_t)(colon - problem->subject);
	place.line = strtoul(colon + 1, NULL, 10);
	return place;
}

static size_t find_file(const struct problem_place *places, size_t index)
{
	const struct problem_place *place = &places[index];
	size_t file = 0;

	while (file < index &&
	       (places[file].length != place->length ||
		memcmp(places[file].problem.subject, place->problem.subject, place->length) != 0))
		file++;
	return file;
}

static int compare_places(const void *a, const void *b)
{
	const struct problem_place *x = a, *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

void problems_order(struct problems *problems, size_t first)
{
	size_t count = first < problems->count ? problems->count - first : 0;
	struct problem_place *places = calloc(count + 1, sizeof(*places));

	if (!places)
		return;
	for (size_t i = 0; i < count; i++) {
		places[i] = place_of(&problems->items[first + i], i);
		places[i].file = find_file(places, i);
	}
	qsort(places, count, sizeof(*places), compare_places);
	for (size_t i = 0; i < count; i++)
		problems->items[first + i] = places[i].problem;
	free(places);
}

void problems_print(const struct problems *problems, const char *program, FILE *out)
{
	static const char *const names[] = {[PROBLEM_NOTE] = "note",
					    [PROBLEM_WARNING] = "warning",
					    [PROBLEM_CAVEAT] = "warning",
					    [PROBLEM_ERROR] = "error"};

	struct buf buf = {0};

	for (size_t i = 0; i < problems->count; i++) {
		const struct problem *problem = &problems->items[i];

		buf_line(&buf, "%s: %s: %s: %s", program, names[problem->severity],
			 problem->subject, problem->message);
	}
	if (problems->left_out > 0)
		buf_line(&buf, "%s: note: %zu more problems are not shown", program,
			 problems->left_out);
	if (buf.error)
		fprintf(out, "%s: error: %s\n", program, strerror(-buf.error));
	else if (buf.length > 0)
		fwrite(buf.data, 1, buf.length, out);
	buf_clear(&buf);
}

void problems_clear(struct problems *problems)
{
	for (size_t i = 0; i < problems->count; i++) {
		free(problems->items[i].subject);
		free(problems->items[i].message);
	}
	free(problems->items);
	*problems = (struct problems){0};
}
