#include "daemon/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/clock.h"

#define BUS_PATIENCE NSEC_PER_SEC
#define STORE_PATIENCE_USEC UINT64_C(2000000)
#define NAMES (HANDOVER_SOCKETS + 1)
#define NAME_STATE HANDOVER_SOCKETS

#define MANAGER "org.freedesktop.systemd1"

static const char *const names[NAMES] = {
    [HANDOVER_EVENTS] = "netpold-events",
    [HANDOVER_LOG] = "netpold-log",
    [HANDOVER_RULES] = "netpold-rules",
    [NAME_STATE] = "netpold-state",
};

/* ---- is it a restart? ---- */

static int keep_reply(sd_bus_message *message, void *context, sd_bus_error *error)
{
	(void)error;
	*(sd_bus_message **)context = sd_bus_message_ref(message);
	return 0;
}

/* sd_bus_call() would wait for the greeting of a bus longer than any deadline. */
static int ask(sd_bus *bus, sd_bus_message *question, int64_t deadline, sd_bus_message **ret)
{
	sd_bus_message *reply = NULL;
	sd_bus_slot *slot = NULL;
	int r = sd_bus_call_async(bus, &slot, question, keep_reply, &reply, 0);

	while (r >= 0 && !reply) {
		int64_t left = deadline - clock_monotonic();

		if (left <= 0)
			r = -ETIMEDOUT;
		else
			r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, (uint64_t)(left / NSEC_PER_USEC));
	}
	sd_bus_slot_unref(slot);
	if (r >= 0 && sd_bus_message_is_method_error(reply, NULL))
		r = -sd_bus_message_get_errno(reply);
	if (r >= 0)
		*ret = reply;
	else
		sd_bus_message_unref(reply);
	return r;
}

static int ask_property(sd_bus *bus, const char *path, const char *interface, const char *name,
			int64_t deadline, sd_bus_message **ret)
{
	sd_bus_message *question = NULL;
	int r = sd_bus_message_new_method_call(bus, &question, MANAGER, path,
					       "org.freedesktop.DBus.Properties", "Get");

	if (r >= 0)
		r = sd_bus_message_append(question, "ss", interface, name);
	if (r >= 0)
		r = ask(bus, question, deadline, ret);
	sd_bus_message_unref(question);
	return r;
}

static int ask_unit(sd_bus *bus, int64_t deadline, sd_bus_message **ret)
{
	sd_bus_message *question = NULL;
	int r = sd_bus_message_new_method_call(bus, &question, MANAGER, "/org/freedesktop/systemd1",
					       MANAGER ".Manager", "GetUnitByPID");

	if (r >= 0)
		r = sd_bus_message_append(question, "u", (uint32_t)getpid());
	if (r >= 0)
		r = ask(bus, question, deadline, ret);
	sd_bus_message_unref(question);
	return r;
}

/* Unit, its job, the job's type: each answer is the next question's object. */
static int ask_job_type(sd_bus *bus, int64_t deadline, bool *ret_restart)
{
	sd_bus_message *unit = NULL, *job = NULL, *type = NULL;
	const char *path, *word;
	int r = ask_unit(bus, deadline, &unit);

	if (r >= 0)
		r = sd_bus_message_read(unit, "o", &path);
	if (r >= 0)
		r = ask_property(bus, path, MANAGER ".Unit", "Job", deadline, &job);
	if (r >= 0)
		r = sd_bus_message_read(job, "v", "(uo)", NULL, &path);
	if (r >= 0)
		r = ask_property(bus, path, MANAGER ".Job", "JobType", deadline, &type);
	if (r >= 0)
		r = sd_bus_message_read(type, "v", "s", &word);
	if (r >= 0)
		*ret_restart = strcmp(word, "restart") == 0;
	sd_bus_message_unref(unit);
	sd_bus_message_unref(job);
	sd_bus_message_unref(type);
	return r;
}

bool handover_is_restart(void)
{
	int64_t deadline = clock_monotonic() + BUS_PATIENCE;
	bool restart = false;
	sd_bus *bus = NULL;

	if (!getenv("NOTIFY_SOCKET") || sd_bus_open_system(&bus) < 0)
		return false;
	if (ask_job_type(bus, deadline, &restart) < 0)
		restart = false;
	sd_bus_close_unref(bus);
	return restart;
}

/* ---- to the store ---- */

static int make_state_file(const struct handover_state *state)
{
	struct buf text = {0};
	ssize_t written;
	int fd = memfd_create("netpold-state", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r = fd < 0 ? -errno : 0;

	handover_encode(state, &text);
	if (r == 0)
		r = text.error;
	if (r == 0) {
		written = pwrite(fd, text.data, text.length, 0);
		if (written < 0 || (size_t)written != text.length ||
		    fcntl(fd, F_ADD_SEALS,
			  F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
			r = -EIO;
	}
	buf_clear(&text);
	if (r == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return r;
}

/* FDPOLL=0: an error that waits on a socket is for the successor to read, not for systemd to drop
 * it. */
static int put(const char *name, int fd)
{
	char message[64];
	int r;

	snprintf(message, sizeof(message), "FDSTORE=1\nFDNAME=%s\nFDPOLL=0", name);
	r = sd_pid_notify_with_fds(0, 0, message, &fd, 1);
	if (r == 0)
		return -ENOTCONN;
	return r < 0 ? r : 0;
}

static void empty_store(void)
{
	char message[64];

	for (size_t i = 0; i < NAMES; i++) {
		snprintf(message, sizeof(message), "FDSTOREREMOVE=1\nFDNAME=%s", names[i]);
		sd_notify(0, message);
	}
}

int handover_send(const struct handover *handover)
{
	int file = make_state_file(&handover->state);
	int r = file < 0 ? file : 0;

	for (size_t i = 0; r == 0 && i < HANDOVER_SOCKETS; i++)
		if (handover->sockets[i] >= 0)
			r = put(names[i], handover->sockets[i]);
	if (r == 0)
		r = put(names[NAME_STATE], file);
	if (r == 0)
		r = sd_notify_barrier(0, STORE_PATIENCE_USEC);
	if (file >= 0)
		close(file);
	if (r >= 0)
		return 0;
	empty_store();
	return r;
}

/* ---- from the store ---- */

static int read_state(int fd, struct handover_state *ret)
{
	char text[HANDOVER_TEXT_MAX];
	ssize_t length = pread(fd, text, sizeof(text), 0);

	if (length < 0)
		return -errno;
	return handover_decode(text, (size_t)length, ret);
}

/* The name's number, or NAMES. */
static size_t find_name(const char *name)
{
	size_t i = 0;

	while (i < NAMES && strcmp(name, names[i]) != 0)
		i++;
	return i;
}

/* The first of a name is kept. */
static void sort_out(char **passed, int count, int fds[static NAMES])
{
	for (int i = 0; i < count; i++) {
		int fd = SD_LISTEN_FDS_START + i;
		size_t name = find_name(passed[i]);

		if (name < NAMES && fds[name] < 0)
			fds[name] = fd;
		else
			close(fd);
		free(passed[i]);
	}
	free(passed);
}

void handover_take(struct handover *ret)
{
	int fds[NAMES] = {-1, -1, -1, -1};
	char **passed = NULL;
	int count = sd_listen_fds_with_names(1, &passed);

	memset(ret, 0, sizeof(*ret));
	memcpy(ret->sockets, fds, sizeof(ret->sockets));
	if (count <= 0)
		return;
	sort_out(passed, count, fds);
	empty_store();
	sd_notify_barrier(0, STORE_PATIENCE_USEC);
	memcpy(ret->sockets, fds, sizeof(ret->sockets));
	if (fds[NAME_STATE] >= 0) {
		read_state(fds[NAME_STATE], &ret->state);
		close(fds[NAME_STATE]);
	}
	if (!ret->state.valid)
		handover_close(ret);
}

void handover_close(struct handover *handover)
{
	for (size_t i = 0; i < HANDOVER_SOCKETS; i++) {
		if (handover->sockets[i] >= 0)
			close(handover->sockets[i]);
		handover->sockets[i] = -1;
	}
}
