#include "daemon/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORD_PREFIX "restore."
#define VALUE_PREFIX "sysctl."

static const struct sysctl wanted[SYSCTL_COUNT] = {
    {.name = "nf_conntrack_acct", .wanted = 1},
    {.name = "nf_conntrack_timestamp", .wanted = 1},
    {.name = "nf_conntrack_events", .wanted = 1},
};

static int open_setting(const char *directory, const char *name, int flags)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sysctl_read(const char *directory, const char *name, long *ret)
{
	char text[32] = "";
	int fd = open_setting(directory, name, O_RDONLY);
	ssize_t length;

	if (fd < 0)
		return fd;
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (length <= 0)
		return -EIO;
	*ret = strtol(text, NULL, 10);
	return 0;
}

static int64_t read_seconds(const char *directory, const char *name, int64_t otherwise)
{
	long value = 0;

	return sysctl_read(directory, name, &value) == 0 && value > 0 ? value : otherwise;
}

struct idle_times sysctls_read_idle(const char *directory)
{
	const struct idle_times usual = idle_times_default();
	struct idle_times times = usual;

	times.syn_sent =
	    read_seconds(directory, "nf_conntrack_tcp_timeout_syn_sent", usual.syn_sent);
	times.syn_received =
	    read_seconds(directory, "nf_conntrack_tcp_timeout_syn_recv", usual.syn_received);
	times.established =
	    read_seconds(directory, "nf_conntrack_tcp_timeout_established", usual.established);
	times.udp = read_seconds(directory, "nf_conntrack_udp_timeout", usual.udp);
	times.udp_stream =
	    read_seconds(directory, "nf_conntrack_udp_timeout_stream", usual.udp_stream);
	times.icmp = read_seconds(directory, "nf_conntrack_icmp_timeout", usual.icmp);
	return times;
}

static int write_setting(const struct sysctls *sysctls, const char *name, long value)
{
	char text[32];
	int fd = open_setting(sysctls->directory, name, O_WRONLY);
	int length = snprintf(text, sizeof(text), "%ld\n", value);
	int r = 0;

	if (fd < 0)
		return fd;
	if (write(fd, text, (size_t)length) != length)
		r = errno ? -errno : -EIO;
	close(fd);
	return r;
}

static void read_scope(char *scope, size_t size)
{
	char boot[64] = "";
	struct stat namespace = {0};
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		ssize_t length = read(fd, boot, sizeof(boot) - 1);

		boot[length > 0 ? strcspn(boot, "\n") : 0] = '\0';
		close(fd);
	}
	stat("/proc/self/ns/net", &namespace);
	snprintf(scope, size, "%s:%llu", boot, (unsigned long long)namespace.st_ino);
}

/* "BEFORE SCOPE" */
static void take_record(struct sysctls *sysctls, const struct fact *fact)
{
	char *end = NULL;
	long before;

	if (strncmp(fact->name, RECORD_PREFIX, strlen(RECORD_PREFIX)) != 0 || !fact->value)
		return;
	before = strtol(fact->value, &end, 10);
	if (end == fact->value || *end != ' ' || strcmp(end + 1, sysctls->scope) != 0)
		return;
	for (size_t i = 0; i < SYSCTL_COUNT; i++) {
		if (strcmp(fact->name + strlen(RECORD_PREFIX), sysctls->items[i].name) != 0)
			continue;
		sysctls->items[i].before = before;
		sysctls->items[i].ours = true;
	}
}

void sysctls_prepare(struct sysctls *sysctls, const char *directory, const struct fact *facts,
		     size_t fact_count)
{
	memset(sysctls, 0, sizeof(*sysctls));
	sysctls->directory = directory;
	read_scope(sysctls->scope, sizeof(sysctls->scope));
	memcpy(sysctls->items, wanted, sizeof(wanted));
	for (size_t i = 0; i < fact_count; i++)
		take_record(sysctls, &facts[i]);
	for (size_t i = 0; i < SYSCTL_COUNT; i++) {
		struct sysctl *item = &sysctls->items[i];
		long value = 0;

		item->error = sysctl_read(sysctls->directory, item->name, &value);
		if (item->error < 0 || item->ours || value == item->wanted)
			continue;
		item->before = value;
		item->ours = true;
	}
}

static int add_named_fact(struct batch *batch, const char *prefix, const char *name,
			  const char *value)
{
	char full[128];

	snprintf(full, sizeof(full), "%s%s", prefix, name);
	return batch_add_fact(batch, full, value);
}

int sysctls_record(const struct sysctls *sysctls, struct batch *batch)
{
	for (size_t i = 0; i < SYSCTL_COUNT; i++) {
		const struct sysctl *item = &sysctls->items[i];
		char value[192];
		int r;

		if (!item->ours)
			continue;
		snprintf(value, sizeof(value), "%ld %s", item->before, sysctls->scope);
		r = add_named_fact(batch, RECORD_PREFIX, item->name, value);
		if (r < 0)
			return r;
	}
	return 0;
}

void sysctls_apply(struct sysctls *sysctls)
{
	for (size_t i = 0; i < SYSCTL_COUNT; i++) {
		struct sysctl *item = &sysctls->items[i];
		long value = 0;

		item->error = sysctl_read(sysctls->directory, item->name, &value);
		if (item->error == 0 && value != item->wanted)
			item->error = write_setting(sysctls, item->name, item->wanted);
		if (item->error < 0)
			item->ours = false;
	}
}

bool sysctls_is_changed(const struct sysctls *sysctls, size_t index, long *ret_value)
{
	const struct sysctl *item = &sysctls->items[index];

	return item->error == 0 && sysctl_read(sysctls->directory, item->name, ret_value) == 0 &&
	       *ret_value != item->wanted;
}

int sysctls_describe(const struct sysctls *sysctls, struct batch *batch)
{
	for (size_t i = 0; i < SYSCTL_COUNT; i++) {
		const struct sysctl *item = &sysctls->items[i];
		char text[192];
		long value = 0;
		int r = sysctl_read(sysctls->directory, item->name, &value);

		if (r < 0)
			snprintf(text, sizeof(text), "not readable: %s", strerror(-r));
		else if (value != item->wanted)
			snprintf(text, sizeof(text), "%ld (wanted %ld, refused: %s)", value,
				 item->wanted,
				 item->error ? strerror(-item->error) : "value did not stay");
		else
			snprintf(text, sizeof(text), "%ld", value);
		r = add_named_fact(batch, VALUE_PREFIX, item->name, text);
		if (r == 0 && !item->ours)
			r = add_named_fact(batch, RECORD_PREFIX, item->name, NULL);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What somebody else has set meanwhile is theirs. */
static int put_back(const struct sysctls *sysctls, const struct sysctl *item)
{
	long value = 0;
	int r = sysctl_read(sysctls->directory, item->name, &value);

	if (r < 0 || value != item->wanted)
		return r;
	return write_setting(sysctls, item->name, item->before);
}

int sysctls_restore(struct sysctls *sysctls, struct batch *batch)
{
	for (size_t i = 0; i < SYSCTL_COUNT; i++) {
		struct sysctl *item = &sysctls->items[i];
		int r;

		if (!item->ours)
			continue;
		item->error = put_back(sysctls, item);
		if (item->error < 0)
			continue;
		item->ours = false;
		r = add_named_fact(batch, RECORD_PREFIX, item->name, NULL);
		if (r < 0)
			return r;
	}
	return 0;
}
