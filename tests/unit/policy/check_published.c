/* Holds the objects in files to the fields that their APIs publish; for bats. */
#include <stdio.h>

#include "tests/unit/policy/published.h"

/* False: something is wrong with it, which is printed. */
static bool check_file(const char *path)
{
	struct published published = {0};
	struct problems problems = {0};
	struct document *document = NULL;
	bool good = document_read(path, &problems, &document) == 0;

	if (good)
		published_check(&published, document);
	problems_print(&problems, "check_published", stdout);
	fputs(published.wrong.data ? published.wrong.data : "", stdout);
	printf("%s: %zu objects, %zu wrong\n", path, published.objects, published.count);
	good = good && published.objects > 0 && published.count == 0;
	published_clear(&published);
	document_free(document);
	problems_clear(&problems);
	return good;
}

int main(int argc, char **argv)
{
	bool good = argc > 1;

	for (int i = 1; i < argc; i++)
		good = check_file(argv[i]) && good;
	return good ? 0 : 1;
}
