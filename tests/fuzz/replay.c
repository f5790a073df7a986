/* Runs a fuzz target over every regular file of the folders given and tells the result in TAP. */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"

#define INPUT_MAX (64u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct paths {
	char **items;
	size_t count;
};

static void add_path(struct paths *paths, const char *folder, const char *name)
{
	char **items = realloc(paths->items, (paths->count + 1) * sizeof(*items));
	char *path = NULL;
	struct stat status;

	if (!items || asprintf(&path, "%s/%s", folder, name) < 0)
		abort();
	paths->items = items;
	if (stat(path, &status) == 0 && S_ISREG(status.st_mode))
		items[paths->count++] = path;
	else
		free(path);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_folder(struct paths *paths, const char *folder)
{
	DIR *entries = opendir(folder);
	size_t first = paths->count;

	if (!entries) {
		perror(folder);
		return -1;
	}
	for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries))
		add_path(paths, folder, entry->d_name);
	closedir(entries);
	if (paths->count > first)
		qsort(paths->items + first, paths->count - first, sizeof(*paths->items), compare);
	return 0;
}

/* The bytes are copied to a block of their own size, so that reading past them is noticed. */
static int replay(const char *path)
{
	struct buf buf = {0};
	int r = buf_read_file(&buf, path, INPUT_MAX);
	uint8_t *input = malloc(buf.length);

	if (r == 0 && (input || buf.length == 0)) {
		if (buf.length > 0)
			memcpy(input, buf.data, buf.length);
		LLVMFuzzerTestOneInput(input, buf.length);
	}
	free(input);
	buf_clear(&buf);
	return r;
}

static bool replay_all(const struct paths *paths)
{
	bool failed = false;

	printf("1..%zu\n", paths->count);
	for (size_t i = 0; i < paths->count; i++) {
		int r;

		/* An input that ends the program is the one named last. */
		printf("# %s\n", paths->items[i]);
		fflush(stdout);
		r = replay(paths->items[i]);
		printf("%sok %zu - %s\n", r < 0 ? "not " : "", i + 1, paths->items[i]);
		fflush(stdout);
		failed |= r < 0;
	}
	return !failed;
}

int main(int argc, char **argv)
{
	struct paths paths = {0};
	bool passed = argc > 1;

	for (int i = 1; i < argc; i++)
		passed &= add_folder(&paths, argv[i]) == 0;
	if (paths.count == 0) {
		printf("Bail out! no inputs\n");
		passed = false;
	} else {
		passed &= replay_all(&paths);
	}
	for (size_t i = 0; i < paths.count; i++)
		free(paths.items[i]);
	free(paths.items);
	return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
