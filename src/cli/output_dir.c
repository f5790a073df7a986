#include "cli/output_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/document.h"
#include "base/hash.h"
#include "output/output.h"
#include "policy/kind.h"

#define LIST_BYTES_MAX (64u << 20)
#define LIST_MADE_BY "Made by netpol-report policy, which removes what it lists and makes no more."
#define LIST_FILES "netpol/files"
#define NAME_BYTES_MAX 255 /* NAME_MAX of Linux */

/* Names of files below the directory: NAME.yaml or NAMESPACE/NAME.yaml. */
struct names {
	char **items;
	size_t count;
};

struct output_dir {
	const char *path;
	struct problems *problems;
	bool is_json;
	bool is_review; /* its files are no resources */
	int fd;
	int stage;           /* -1: there is none of ours */
	bool is_listed;      /* by an earlier run */
	bool was_review;     /* an earlier run's files are none */
	struct names before; /* sorted: of earlier runs */
	struct names files;  /* of this one */
};

/* ---- names ---- */

static void names_clear(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
	*names = (struct names){0};
}

static int names_add(struct names *names, const char *name)
{
	char **grown;

	if ((names->count & (names->count - 1)) == 0) {
		grown =
		    reallocarray(names->items, names->count ? 2 * names->count : 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		names->items = grown;
	}
	names->items[names->count] = strdup(name);
	if (!names->items[names->count])
		return -ENOMEM;
	names->count++;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void names_sort(struct names *names)
{
	if (names->count > 0)
		qsort(names->items, names->count, sizeof(*names->items), compare_names);
}

static bool names_have(const struct names *names, const char *name)
{
	return names->count > 0 && bsearch(&name, names->items, names->count, sizeof(*names->items),
					   compare_names) != NULL;
}

static int compare_directory(const void *key, const void *item)
{
	const char *directory = key, *name = *(char *const *)item;
	size_t length = strlen(directory);
	int r = strncmp(directory, name, length);

	return r ? r : '/' - (unsigned char)name[length];
}

/* Is it a directory of one of them? */
static bool names_have_below(const struct names *names, const char *directory)
{
	return names->count > 0 && bsearch(directory, names->items, names->count,
					   sizeof(*names->items), compare_directory) != NULL;
}

/* As in names of Kubernetes: no separator, and nothing that is hidden, empty or "..". */
static bool is_component(const char *text, size_t length)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char digits[] = "0123456789";

	if (length == 0 || length > NAME_BYTES_MAX ||
	    (!strchr(letters, text[0]) && !strchr(digits, text[0])))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!strchr(letters, text[i]) && !strchr(digits, text[i]) &&
		    !strchr("-._", text[i]))
			return false;
	return true;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), of_end = strlen(end);

	return length > of_end && strcmp(text + length - of_end, end) == 0;
}

static bool is_file_name(const char *name)
{
	const char *slash = strchr(name, '/');
	const char *file = slash ? slash + 1 : name;

	return (!slash || is_component(name, (size_t)(slash - name))) &&
	       is_component(file, strlen(file)) &&
	       (ends_with(file, ".yaml") || ends_with(file, ".json")) &&
	       strcmp(name, OUTPUT_DIR_LIST) != 0;
}

/* ---- failures ---- */

/* error: positive errno. */
static int fail(const struct output_dir *dir, const char *name, int error)
{
	struct buf subject = {0};

	buf_printf(&subject, "%s%s%s", dir->path, *name ? "/" : "", name);
	problem_add(dir->problems, PROBLEM_ERROR, subject.error ? dir->path : subject.data, "%s",
		    strerror(error));
	buf_clear(&subject);
	return -error;
}

/* ---- the list ---- */

static void add_resources(struct tree_node *list, const struct names *names)
{
	struct tree_node *resources = tree_add_list(list, "resources");

	for (size_t i = 0; i < names->count; i++)
		tree_add_text(resources, NULL, names->items[i]);
}

/* A line each, but for the last without its end, so that the text stands as it is. */
static int add_files(struct tree_node *list, const struct names *names)
{
	struct tree_node *annotations = tree_add_map(tree_add_map(list, "metadata"), "annotations");
	struct buf buf = {0};
	int r;

	for (size_t i = 0; i < names->count; i++)
		buf_printf(&buf, "%s%s", i > 0 ? "\n" : "", names->items[i]);
	tree_add_copy(annotations, LIST_FILES, buf.data, buf.length);
	r = buf.error;
	buf_clear(&buf);
	return r;
}

static int make_list(struct tree *tree, const struct names *names, bool is_review,
		     struct tree_node **ret)
{
	struct tree_node *list = tree_map(tree);
	int r = 0;

	tree_add_comment(list, LIST_MADE_BY, strlen(LIST_MADE_BY));
	tree_add_text(list, "apiVersion", "kustomize.config.k8s.io/v1beta1");
	tree_add_text(list, "kind", "Kustomization");
	if (is_review)
		r = add_files(list, names);
	add_resources(list, is_review ? &(struct names){0} : names);
	*ret = list;
	return r < 0 ? r : tree->error;
}

static void put_list(struct buf *buf, const struct names *names, bool is_review)
{
	struct tree tree = {0};
	struct tree_node *list;
	int r = make_list(&tree, names, is_review, &list);

	if (r == 0)
		output_yaml(buf, list);
	else
		buf->error = r;
	tree_clear(&tree);
}

static int take_name(struct names *names, const char *name)
{
	return name && is_file_name(name) ? names_add(names, name) : -EINVAL;
}

static int take_resources(const struct node *resources, struct names *names)
{
	int r = node_kind(resources) == NODE_SEQUENCE ? 0 : -EINVAL;

	for (size_t i = 0; i < node_count(resources) && r == 0; i++)
		r = take_name(names, node_text(node_item(resources, i)));
	return r;
}

/* The last line may have its end. */
static int take_files(const char *text, struct names *names)
{
	int r = 0;

	while (r == 0 && *text) {
		const size_t length = strcspn(text, "\n");
		char *name = strndup(text, length);

		r = name ? take_name(names, name) : -ENOMEM;
		free(name);
		text += length + (text[length] == '\n');
	}
	return r;
}

static bool has_text(const struct node *map, const char *key, const char *text)
{
	const char *value = node_get_text(map, key);

	return value && strcmp(value, text) == 0;
}

/* As make_list() does, and nothing besides. */
static int take_list(const struct node *list, struct names *names, bool *ret_review)
{
	const struct node *metadata = node_get(list, "metadata");
	const struct node *annotations = node_get(metadata, "annotations");
	const char *files = node_get_text(annotations, LIST_FILES);
	int r;

	if (!has_text(list, "apiVersion", "kustomize.config.k8s.io/v1beta1") ||
	    !has_text(list, "kind", "Kustomization") || node_count(list) != (metadata ? 4 : 3))
		return -EINVAL;
	r = take_resources(node_get(list, "resources"), names);
	if (r < 0 || !metadata)
		return r;
	if (names->count > 0 || !files || node_count(metadata) != 1 || node_count(annotations) != 1)
		return -EINVAL;
	*ret_review = true;
	return take_files(files, names);
}

/* -EINVAL: it is not what a run writes. */
static int parse_list(const struct buf *text, struct names *names, bool *ret_review)
{
	static const char mark[] = "# " LIST_MADE_BY "\n";
	struct problems ignored = {0};
	struct document *document = NULL;
	int r;

	if (text->length < strlen(mark) || memcmp(text->data, mark, strlen(mark)) != 0)
		return -EINVAL;
	r = document_parse(text->data, text->length, OUTPUT_DIR_LIST, &ignored, &document);
	if (r == 0)
		r = document_count(document) == 1
			? take_list(document_root(document, 0), names, ret_review)
			: -EINVAL;
	names_sort(names);
	document_free(document);
	problems_clear(&ignored);
	return r;
}

/* -ENOENT, -EINVAL, or another -errno. */
static int read_list(int directory, const char *name, struct names *names, bool *ret_review)
{
	int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct buf text = {0};
	int r;

	if (fd < 0)
		return -errno;
	r = buf_read_fd(&text, fd, LIST_BYTES_MAX);
	close(fd);
	if (r == 0)
		r = parse_list(&text, names, ret_review);
	buf_clear(&text);
	return r;
}

/* ---- what is there ---- */

typedef int entry_fn(struct output_dir *dir, int directory, const char *name, void *context);

/* Takes fd. */
static int each_entry(struct output_dir *dir, int fd, entry_fn *entry, void *context)
{
	DIR *stream = fdopendir(fd);
	struct dirent *found;
	int r = 0;

	if (!stream) {
		r = -errno;
		close(fd);
		return r;
	}
	for (errno = 0; r == 0 && (found = readdir(stream)); errno = 0)
		if (strcmp(found->d_name, ".") != 0 && strcmp(found->d_name, "..") != 0)
			r = entry(dir, fd, found->d_name, context);
	r = r == 0 && errno ? -errno : r;
	closedir(stream);
	return r;
}

static int open_directory(int directory, const char *name)
{
	int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* What is of no earlier run; in which directory we are, "" for the first. */
struct foreign {
	const char *inside;
	char *first; /* by name */
	size_t count;
};

static int add_foreign(struct foreign *foreign, const char *name)
{
	foreign->count++;
	if (foreign->first && strcmp(foreign->first, name) < 0)
		return 0;
	free(foreign->first);
	foreign->first = strdup(name);
	return foreign->first ? 0 : -ENOMEM;
}

static int inspect(struct output_dir *dir, int directory, const char *name, void *context);

static int inspect_directory(struct output_dir *dir, int directory, const char *name,
			     struct foreign *foreign)
{
	int fd = open_directory(directory, name);
	int r;

	if (fd < 0)
		return fd;
	foreign->inside = name;
	r = each_entry(dir, fd, inspect, foreign);
	foreign->inside = "";
	return r;
}

static bool is_of_ours(const struct output_dir *dir, const char *inside, const char *name)
{
	return !*inside && (strcmp(name, OUTPUT_DIR_STAGE) == 0 ||
			    (dir->is_listed && strcmp(name, OUTPUT_DIR_LIST) == 0));
}

static int inspect(struct output_dir *dir, int directory, const char *name, void *context)
{
	struct foreign *foreign = context;
	struct buf path = {0};
	struct stat status;
	int r = 0;

	buf_printf(&path, "%s%s%s", foreign->inside, *foreign->inside ? "/" : "", name);
	if (path.error)
		r = path.error;
	else if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		r = -errno;
	else if (is_of_ours(dir, foreign->inside, name) ||
		 (S_ISREG(status.st_mode) && names_have(&dir->before, path.data)))
		r = 0;
	else if (!*foreign->inside && S_ISDIR(status.st_mode) &&
		 names_have_below(&dir->before, name))
		r = inspect_directory(dir, directory, name, foreign);
	else
		r = add_foreign(foreign, path.data);
	buf_clear(&path);
	return r;
}

static int report_foreign(const struct output_dir *dir, const struct foreign *foreign)
{
	struct buf subject = {0};

	buf_printf(&subject, "%s/%s", dir->path, foreign->first);
	if (foreign->count > 1)
		buf_printf(&subject, " and %zu more", foreign->count - 1);
	problem_add(dir->problems, PROBLEM_ERROR, subject.error ? dir->path : subject.data,
		    "not of an earlier run: expected a directory that is new, empty, or holds what "
		    "policy wrote and nothing else");
	buf_clear(&subject);
	return -EEXIST;
}

static int inspect_all(struct output_dir *dir)
{
	struct foreign foreign = {.inside = ""};
	int fd = open_directory(dir->fd, ".");
	int r = fd < 0 ? fd : each_entry(dir, fd, inspect, &foreign);

	if (r < 0 && r != -ENOMEM)
		r = fail(dir, "", -r);
	else if (r == 0 && foreign.count > 0)
		r = report_foreign(dir, &foreign);
	free(foreign.first);
	return r;
}

/* ---- the stage ---- */

static int remove_entry(struct output_dir *dir, int directory, const char *name, void *context)
{
	int fd = open_directory(directory, name);
	int r;

	if (fd == -ENOTDIR || fd == -ELOOP)
		return unlinkat(directory, name, 0) < 0 ? -errno : 0;
	r = fd < 0 ? fd : each_entry(dir, fd, remove_entry, context);
	if (r == 0 && unlinkat(directory, name, AT_REMOVEDIR) < 0)
		r = -errno;
	return r;
}

static int remove_stage(struct output_dir *dir)
{
	int r = remove_entry(dir, dir->fd, OUTPUT_DIR_STAGE, NULL);

	return r == 0 || r == -ENOENT ? 0 : fail(dir, OUTPUT_DIR_STAGE, -r);
}

static int make_stage(struct output_dir *dir)
{
	if (mkdirat(dir->fd, OUTPUT_DIR_STAGE, 0777) < 0)
		return fail(dir, OUTPUT_DIR_STAGE, errno);
	dir->stage = open_directory(dir->fd, OUTPUT_DIR_STAGE);
	return dir->stage < 0 ? fail(dir, OUTPUT_DIR_STAGE, -dir->stage) : 0;
}

static int write_all(int fd, const struct buf *text)
{
	for (size_t written = 0; written < text->length;) {
		ssize_t n = write(fd, text->data + written, text->length - written);

		if (n < 0 && errno != EINTR)
			return -errno;
		written += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Takes what is in the buffer. */
static int write_staged(struct output_dir *dir, const char *name, struct buf *text)
{
	int fd, r = text->error;

	if (r == 0) {
		fd = openat(dir->stage, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		r = fd < 0 ? -errno : write_all(fd, text);
		if (fd >= 0 && close(fd) < 0 && r == 0)
			r = -errno;
		if (r < 0)
			r = fail(dir, name, -r);
	}
	buf_clear(text);
	return r;
}

/* Of NAMESPACE/NAME.yaml, where it is missing. */
static int make_parent(const struct output_dir *dir, int directory, const char *name)
{
	const char *slash = strchr(name, '/');
	char *parent = slash ? strndup(name, (size_t)(slash - name)) : NULL;
	int r = 0;

	if (!slash)
		return 0;
	if (!parent)
		return -ENOMEM;
	if (mkdirat(directory, parent, 0777) < 0 && errno != EEXIST)
		r = fail(dir, parent, errno);
	free(parent);
	return r;
}

/* ---- begin and end ---- */

/* -EBUSY: another run is at work. */
static int open_locked(struct output_dir *dir)
{
	if (mkdir(dir->path, 0777) < 0 && errno != EEXIST)
		return -errno;
	dir->fd = open(dir->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir->fd < 0)
		return -errno;
	return flock(dir->fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK ? -EBUSY : 0;
}

static int begin(struct output_dir *dir)
{
	int r = open_locked(dir);

	if (r < 0)
		return fail(dir, "", -r);
	r = read_list(dir->fd, OUTPUT_DIR_LIST, &dir->before, &dir->was_review);
	dir->is_listed = r == 0;
	if (r == -EINVAL)
		names_clear(&dir->before);
	else if (r < 0 && r != -ENOENT)
		return fail(dir, OUTPUT_DIR_LIST, -r);
	r = inspect_all(dir);
	if (r == 0)
		r = remove_stage(dir);
	return r == 0 ? make_stage(dir) : r;
}

int output_dir_open(const char *path, enum format format, bool review_only,
		    struct problems *problems, struct output_dir **ret)
{
	struct output_dir *dir = calloc(1, sizeof(*dir));
	int r;

	if (!dir)
		return -ENOMEM;
	*dir = (struct output_dir){.path = path,
				   .problems = problems,
				   .is_json = format == FORMAT_JSON,
				   .is_review = review_only,
				   .fd = -1,
				   .stage = -1};
	r = begin(dir);
	if (r < 0)
		output_dir_free(dir);
	else
		*ret = dir;
	return r;
}

static const char *text_of(const struct tree_node *object, const char *key)
{
	const char *text = tree_get_text(tree_get(object, "metadata"), key);

	return text ? text : "";
}

static void put_json_list(struct buf *text, const struct tree_node *objects)
{
	struct output_items items;
	struct tree tree = {0};
	const struct tree_node *head = policy_kind_list(&tree);

	if (tree.error) {
		text->error = tree.error;
	} else {
		output_items_begin(&items, text, true, head, "items");
		for (const struct tree_node *at = objects->first; at; at = at->next)
			output_items_add(&items, at);
		output_items_end(&items);
	}
	tree_clear(&tree);
}

/* Several are documents of YAML, and a list in JSON, which has none. */
static void put_objects(const struct output_dir *dir, struct buf *text,
			const struct tree_node *objects)
{
	if (!dir->is_json)
		output_yaml_stream(text, objects);
	else if (objects->first == objects->last)
		output_tree_json(text, objects->first);
	else
		put_json_list(text, objects);
}

/* 1, or 0 where that is no name. */
static int write_objects(struct output_dir *dir, const char *name, const struct tree_node *objects)
{
	struct buf text = {0};
	int r;

	if (!is_file_name(name)) {
		fail(dir, name, EINVAL);
		return 0;
	}
	r = make_parent(dir, dir->stage, name);
	if (r < 0)
		return r;
	put_objects(dir, &text, objects);
	r = write_staged(dir, name, &text);
	r = r == 0 ? names_add(&dir->files, name) : r;
	return r < 0 ? r : 1;
}

/* Room for an end; a hash of all takes the place of what is cut off. */
static void put_file_name(const struct output_dir *dir, struct buf *buf, const char *name)
{
	static const size_t hash_text = sizeof("-0123456789abcdef") - 1;
	const char *end = dir->is_json ? ".json" : ".yaml";
	const size_t room = NAME_BYTES_MAX - strlen(end), length = strlen(name);

	if (length <= room)
		buf_printf(buf, "%s%s", name, end);
	else
		buf_printf(buf, "%.*s-%016llx%s", (int)(room - hash_text), name,
			   (unsigned long long)hash_bytes((struct hash_seed){0}, name, length),
			   end);
}

int output_dir_add(struct output_dir *dir, const struct tree_node *objects)
{
	const struct tree_node *first = objects->first;
	const char *namespace = text_of(first, "namespace");
	struct buf name = {0};
	int r;

	if (!first)
		return 0;
	buf_printf(&name, "%s%s", namespace, *namespace ? "/" : "");
	put_file_name(dir, &name, text_of(first, "name"));
	r = name.error ? name.error : write_objects(dir, name.data, objects);
	buf_clear(&name);
	return r;
}

/* What is written before is on the disk before the list is, and the list before what comes then. */
static int set_list(struct output_dir *dir, const struct names *names, bool is_review)
{
	struct buf text = {0};
	int r;

	put_list(&text, names, is_review);
	r = write_staged(dir, OUTPUT_DIR_LIST, &text);
	if (r == 0 && (syncfs(dir->fd) < 0 ||
		       renameat(dir->stage, OUTPUT_DIR_LIST, dir->fd, OUTPUT_DIR_LIST) < 0 ||
		       fsync(dir->fd) < 0))
		r = fail(dir, OUTPUT_DIR_LIST, errno);
	return r;
}

/* Whatever becomes of this run, the next one knows all that may be there. */
static int list_all(struct output_dir *dir)
{
	struct names all = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < dir->files.count; i++)
		r = names_add(&all, dir->files.items[i]);
	for (size_t i = 0; r == 0 && i < dir->before.count; i++)
		if (!names_have(&dir->files, dir->before.items[i]))
			r = names_add(&all, dir->before.items[i]);
	names_sort(&all);
	if (r == 0)
		r = set_list(dir, &all, dir->is_review || dir->was_review);
	names_clear(&all);
	return r;
}

static int move(struct output_dir *dir, const char *name)
{
	int r = make_parent(dir, dir->fd, name);

	if (r == 0 && renameat(dir->stage, name, dir->fd, name) < 0)
		r = fail(dir, name, errno);
	return r;
}

static int remove_stale(struct output_dir *dir, const char *name)
{
	const char *slash = strchr(name, '/');
	char *parent;

	if (unlinkat(dir->fd, name, 0) < 0 && errno != ENOENT)
		return fail(dir, name, errno);
	if (!slash)
		return 0;
	parent = strndup(name, (size_t)(slash - name));
	if (!parent)
		return -ENOMEM;
	/* It stays where files are left in it. */
	unlinkat(dir->fd, parent, AT_REMOVEDIR);
	free(parent);
	return 0;
}

static int remove_all_stale(struct output_dir *dir, size_t *ret_removed)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < dir->before.count; i++)
		if (!names_have(&dir->files, dir->before.items[i])) {
			r = remove_stale(dir, dir->before.items[i]);
			(*ret_removed)++;
		}
	return r;
}

static int refuse_to_empty(const struct output_dir *dir)
{
	problem_add(
	    dir->problems, PROBLEM_ERROR, dir->path,
	    "no policy is made: the files of an earlier run stay (%zu); remove the directory "
	    "if that is meant",
	    dir->before.count);
	return -ENODATA;
}

int output_dir_finish(struct output_dir *dir, size_t *ret_removed)
{
	int r;

	*ret_removed = 0;
	if (dir->files.count == 0 && dir->before.count > 0)
		return refuse_to_empty(dir);
	names_sort(&dir->files);
	r = list_all(dir);
	for (size_t i = 0; r == 0 && i < dir->files.count; i++)
		r = move(dir, dir->files.items[i]);
	if (r == 0)
		r = remove_all_stale(dir, ret_removed);
	return r == 0 ? set_list(dir, &dir->files, dir->is_review) : r;
}

struct output_dir *output_dir_free(struct output_dir *dir)
{
	if (!dir)
		return NULL;
	if (dir->stage >= 0) {
		remove_stage(dir);
		close(dir->stage);
	}
	if (dir->fd >= 0)
		close(dir->fd);
	names_clear(&dir->before);
	names_clear(&dir->files);
	free(dir);
	return NULL;
}
