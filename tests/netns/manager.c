/*
 * As much of a service manager as a restart needs, for tests: manager DIRECTORY PROGRAM
 * [ARGUMENT]...
 *
 * Runs the program as one unit with systemd's protocols: DIRECTORY/notify takes messages and
 * descriptors (sd_notify(3)), DIRECTORY/bus answers for the unit's job as the system bus would.
 * Reads commands from standard input, a line each:
 *
 *   start    runs the program, with what is in the store
 *   restart  SIGTERM with a restart job, which goes on with the next start
 *   stop     SIGTERM with a stop job
 *   kill     SIGKILL
 *   deaf     from now on the bus does not answer
 *   store    says what is in the store
 *
 * and says on standard output what happens: "started", "ready", "stored NAME", "removed NAME",
 * "exited STATUS" or "killed SIGNAL", "dropped COUNT": what the store had when no job kept it. At
 * the end of the input it kills the program and ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#define STORE_MAX 8
#define CALLERS_MAX 16
#define NAME_MAX_LENGTH 64
#define UNIT_PATH "/org/freedesktop/systemd1/unit/netpold_2eservice"
#define JOB_PATH "/org/freedesktop/systemd1/job/7"

enum job { JOB_NONE, JOB_RESTART, JOB_STOP };

struct stored {
	char name[NAME_MAX_LENGTH];
	int fd;
};

struct manager {
	sd_event *loop;
	const char *directory;
	char **program;
	int notify, bus;
	pid_t pid; /* 0: it does not run */
	enum job job;
	bool deaf;
	struct stored store[STORE_MAX];
	size_t stored;
	sd_bus *callers[CALLERS_MAX];
	size_t called;
	char line[256];
	size_t length;
};

static void die(const char *what)
{
	fprintf(stderr, "manager: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

/* ---- the store ---- */

static void keep(struct manager *manager, const char *name, int fd)
{
	struct stored *stored = &manager->store[manager->stored];

	if (manager->stored == STORE_MAX) {
		close(fd);
		printf("refused %s\n", name);
		return;
	}
	snprintf(stored->name, sizeof(stored->name), "%s", name);
	stored->fd = fd;
	manager->stored++;
	printf("stored %s\n", name);
}

static void drop(struct manager *manager, const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < manager->stored; i++) {
		if (strcmp(manager->store[i].name, name) == 0) {
			close(manager->store[i].fd);
			printf("removed %s\n", name);
		} else {
			manager->store[kept++] = manager->store[i];
		}
	}
	manager->stored = kept;
}

static void drop_all(struct manager *manager)
{
	for (size_t i = 0; i < manager->stored; i++)
		close(manager->store[i].fd);
	printf("dropped %zu\n", manager->stored);
	manager->stored = 0;
}

/* ---- messages ---- */

/* The value of KEY= in a message of lines, or "". */
static void value_of(const char *message, const char *key, char value[static NAME_MAX_LENGTH])
{
	size_t length = strlen(key);

	value[0] = '\0';
	for (const char *line = message; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) == 0 && line[length] == '=')
			snprintf(value, NAME_MAX_LENGTH, "%.*s",
				 (int)strcspn(line + length + 1, "\n"), line + length + 1);
	}
}

static bool says(const char *message, const char *key)
{
	char value[NAME_MAX_LENGTH];

	value_of(message, key, value);
	return strcmp(value, "1") == 0;
}

/* Descriptors that are not for the store are closed: for BARRIER=1 that is the answer. */
static void take_message(struct manager *manager, const char *message, const int *fds, size_t count)
{
	bool store = says(message, "FDSTORE");
	char name[NAME_MAX_LENGTH];

	value_of(message, "FDNAME", name);
	for (size_t i = 0; i < count; i++) {
		if (store)
			keep(manager, name, fds[i]);
		else
			close(fds[i]);
	}
	if (says(message, "FDSTOREREMOVE"))
		drop(manager, name);
	if (says(message, "READY")) {
		manager->job = JOB_NONE;
		puts("ready");
	}
}

static int on_notify(sd_event_source *source, int fd, uint32_t events, void *context)
{
	char bytes[4096];
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(STORE_MAX * sizeof(int))];
	} control;
	struct iovec part = {.iov_base = bytes, .iov_len = sizeof(bytes) - 1};
	struct msghdr message = {
	    .msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *header;
	ssize_t length = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	int fds[STORE_MAX];
	size_t count = 0;

	(void)source, (void)events;
	if (length < 0)
		die("recvmsg");
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_type == SCM_RIGHTS) {
		count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(header), count * sizeof(int));
	}
	bytes[length] = '\0';
	take_message(context, bytes, fds, count);
	return 0;
}

/* ---- the bus ---- */

static int answer_property(struct manager *manager, sd_bus_message *question)
{
	static const char *const types[] = {"", "restart", "stop"};
	const char *interface, *name;
	int r = sd_bus_message_read(question, "ss", &interface, &name);

	if (r < 0)
		return r;
	if (strcmp(name, "Job") == 0 && strcmp(sd_bus_message_get_path(question), UNIT_PATH) == 0)
		return sd_bus_reply_method_return(question, "v", "(uo)",
						  manager->job == JOB_NONE ? 0 : 7,
						  manager->job == JOB_NONE ? "/" : JOB_PATH);
	if (strcmp(name, "JobType") == 0 && manager->job != JOB_NONE &&
	    strcmp(sd_bus_message_get_path(question), JOB_PATH) == 0)
		return sd_bus_reply_method_return(question, "v", "s", types[manager->job]);
	return sd_bus_reply_method_errorf(question, SD_BUS_ERROR_UNKNOWN_PROPERTY, "%s", name);
}

static int answer_unit(struct manager *manager, sd_bus_message *question)
{
	uint32_t pid = 0;
	int r = sd_bus_message_read(question, "u", &pid);

	if (r < 0)
		return r;
	if ((pid_t)pid != manager->pid)
		return sd_bus_reply_method_errorf(question, "org.freedesktop.systemd1.NoUnitForPID",
						  "%u", pid);
	return sd_bus_reply_method_return(question, "o", UNIT_PATH);
}

static int on_question(sd_bus_message *question, void *context, sd_bus_error *error)
{
	struct manager *manager = context;
	int r = 0;

	(void)error;
	if (sd_bus_message_is_method_call(question, "org.freedesktop.DBus", "Hello"))
		r = sd_bus_reply_method_return(question, "s", ":1.1");
	else if (manager->deaf)
		r = 0;
	else if (sd_bus_message_is_method_call(question, "org.freedesktop.systemd1.Manager",
					       "GetUnitByPID"))
		r = answer_unit(manager, question);
	else if (sd_bus_message_is_method_call(question, "org.freedesktop.DBus.Properties", "Get"))
		r = answer_property(manager, question);
	return r < 0 ? r : 1;
}

/* A connection lives as long as the manager. */
static int on_caller(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct manager *manager = context;
	int caller = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	sd_id128_t id;
	sd_bus *bus;
	int r;

	(void)source, (void)events;
	if (caller < 0 || manager->called == CALLERS_MAX)
		die("accept");
	r = sd_id128_randomize(&id);
	if (r >= 0)
		r = sd_bus_new(&bus);
	if (r >= 0)
		r = sd_bus_set_fd(bus, caller, caller);
	if (r >= 0)
		r = sd_bus_set_server(bus, true, id);
	if (r >= 0)
		r = sd_bus_add_filter(bus, NULL, on_question, manager);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r >= 0)
		r = sd_bus_attach_event(bus, manager->loop, SD_EVENT_PRIORITY_NORMAL);
	if (r >= 0)
		manager->callers[manager->called++] = bus;
	return r;
}

/* ---- the unit ---- */

static void set_number(const char *name, long number)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", number);
	setenv(name, text, 1);
}

/* Out of the way of 3, 4, … first. */
static void pass_store(const struct manager *manager)
{
	char names[STORE_MAX * (NAME_MAX_LENGTH + 1)] = "";
	size_t length = 0;
	int moved[STORE_MAX];

	for (size_t i = 0; i < manager->stored; i++) {
		moved[i] = fcntl(manager->store[i].fd, F_DUPFD_CLOEXEC, 64);
		length += (size_t)snprintf(names + length, sizeof(names) - length, "%s%s",
					   i > 0 ? ":" : "", manager->store[i].name);
	}
	for (size_t i = 0; i < manager->stored; i++)
		dup2(moved[i], 3 + (int)i);
	if (manager->stored == 0)
		return;
	set_number("LISTEN_PID", getpid());
	set_number("LISTEN_FDS", (long)manager->stored);
	setenv("LISTEN_FDNAMES", names, 1);
}

static void become_unit(const struct manager *manager)
{
	char text[256];
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	snprintf(text, sizeof(text), "%s/notify", manager->directory);
	setenv("NOTIFY_SOCKET", text, 1);
	snprintf(text, sizeof(text), "unix:path=%s/bus", manager->directory);
	setenv("DBUS_SYSTEM_BUS_ADDRESS", text, 1);
	pass_store(manager);
	execv(manager->program[0], manager->program);
	_exit(127);
}

static int on_exit_of_unit(sd_event_source *source, const siginfo_t *what, void *context)
{
	struct manager *manager = context;

	(void)source;
	manager->pid = 0;
	if (what->si_code == CLD_EXITED)
		printf("exited %d\n", what->si_status);
	else
		printf("killed %d\n", what->si_status);
	if (manager->job != JOB_RESTART) {
		manager->job = JOB_NONE;
		drop_all(manager);
	}
	return 0;
}

static void start(struct manager *manager)
{
	fflush(stdout);
	manager->pid = fork();
	if (manager->pid < 0)
		die("fork");
	if (manager->pid == 0)
		become_unit(manager);
	if (sd_event_add_child(manager->loop, NULL, manager->pid, WEXITED, on_exit_of_unit,
			       manager) < 0)
		die("child");
	printf("started %d\n", manager->pid);
}

static void end(struct manager *manager, enum job job, int signal)
{
	manager->job = job;
	if (manager->pid > 0)
		kill(manager->pid, signal);
}

/* ---- commands ---- */

static void obey(struct manager *manager, const char *command)
{
	if (strcmp(command, "start") == 0)
		start(manager);
	else if (strcmp(command, "restart") == 0)
		end(manager, JOB_RESTART, SIGTERM);
	else if (strcmp(command, "stop") == 0)
		end(manager, JOB_STOP, SIGTERM);
	else if (strcmp(command, "kill") == 0)
		end(manager, JOB_NONE, SIGKILL);
	else if (strcmp(command, "deaf") == 0)
		manager->deaf = true;
	else if (strcmp(command, "store") == 0)
		printf("store %zu\n", manager->stored);
	else
		printf("unknown %s\n", command);
}

static int on_command(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct manager *manager = context;
	ssize_t length =
	    read(fd, manager->line + manager->length, sizeof(manager->line) - 1 - manager->length);
	char *newline;

	(void)source, (void)events;
	if (length <= 0)
		return sd_event_exit(manager->loop, 0);
	manager->length += (size_t)length;
	manager->line[manager->length] = '\0';
	while ((newline = strchr(manager->line, '\n'))) {
		*newline = '\0';
		obey(manager, manager->line);
		manager->length -= (size_t)(newline + 1 - manager->line);
		memmove(manager->line, newline + 1, manager->length + 1);
	}
	return 0;
}

static int make_socket(const char *directory, const char *name, int type)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", directory, name);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		die(address.sun_path);
	if (type == SOCK_STREAM && listen(fd, 8) < 0)
		die("listen");
	return fd;
}

int main(int argc, char **argv)
{
	struct manager manager = {0};
	sigset_t signals;
	int r;

	if (argc < 3)
		return EXIT_FAILURE;
	setvbuf(stdout, NULL, _IOLBF, 0);
	manager.directory = argv[1];
	manager.program = argv + 2;
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	manager.notify = make_socket(manager.directory, "notify", SOCK_DGRAM);
	manager.bus = make_socket(manager.directory, "bus", SOCK_STREAM);
	r = sd_event_new(&manager.loop);
	if (r >= 0)
		r = sd_event_add_io(manager.loop, NULL, manager.notify, EPOLLIN, on_notify,
				    &manager);
	if (r >= 0)
		r = sd_event_add_io(manager.loop, NULL, manager.bus, EPOLLIN, on_caller, &manager);
	if (r >= 0)
		r = sd_event_add_io(manager.loop, NULL, STDIN_FILENO, EPOLLIN, on_command,
				    &manager);
	if (r >= 0)
		r = sd_event_loop(manager.loop);
	if (manager.pid > 0)
		kill(manager.pid, SIGKILL);
	for (size_t i = 0; i < manager.called; i++) {
		sd_bus_detach_event(manager.callers[i]);
		sd_bus_close_unref(manager.callers[i]);
	}
	sd_event_unref(manager.loop);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
