/*
 * Faults on demand, for tests: preloaded into a program, it makes its system calls fail, its clock
 * lie and the program stop as a control file says.
 *
 * FAULTS_CONTROL names the file, FAULTS_FOLDER the directory whose files are concerned. The control
 * file holds "errno=NUMBER" (each call that writes to such a file fails so; 0: none),
 * "shift=SECONDS" (added to CLOCK_REALTIME), "thread=1" and "receive=1" (stopped, until SIGCONT,
 * before it begins a thread, and before it receives several messages at once). It is read again at
 * each call.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name))

/* The other functions' own declarations would name them with or without the 64. */
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset);
int ftruncate64(int fd, off64_t length);
int posix_fallocate64(int fd, off64_t offset, off64_t length);

static long long read_control(const char *key)
{
	const char *path = getenv("FAULTS_CONTROL");
	char text[128] = "", *at;
	ssize_t length;
	int fd, saved = errno;

	fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0) {
		errno = saved;
		return 0;
	}
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	errno = saved;
	at = length > 0 ? strstr(text, key) : NULL;
	return at ? strtoll(at + strlen(key), NULL, 10) : 0;
}

static bool is_concerned(int fd)
{
	const char *folder = getenv("FAULTS_FOLDER");
	char link[64], path[4096];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	if (!folder || length < 0)
		return false;
	path[length] = '\0';
	return strncmp(path, folder, strlen(folder)) == 0;
}

/* 0: the call may go on. */
static int fault(int fd)
{
	int error = (int)read_control("errno=");

	return error && is_concerned(fd) ? error : 0;
}

#define FAIL_OR(fd, call)                                                                          \
	do {                                                                                       \
		int error = fault(fd);                                                             \
                                                                                                   \
		if (!error)                                                                        \
			return call;                                                               \
		errno = error;                                                                     \
		return -1;                                                                         \
	} while (0)

ssize_t write(int fd, const void *bytes, size_t count)
{
	FAIL_OR(fd, NEXT(write)(fd, bytes, count));
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset)
{
	FAIL_OR(fd, NEXT(pwrite)(fd, bytes, count, offset));
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset)
{
	FAIL_OR(fd, NEXT(pwrite64)(fd, bytes, count, offset));
}

int fsync(int fd)
{
	FAIL_OR(fd, NEXT(fsync)(fd));
}

int fdatasync(int fd)
{
	FAIL_OR(fd, NEXT(fdatasync)(fd));
}

int ftruncate(int fd, off_t length)
{
	FAIL_OR(fd, NEXT(ftruncate)(fd, length));
}

int ftruncate64(int fd, off64_t length)
{
	FAIL_OR(fd, NEXT(ftruncate64)(fd, length));
}

int posix_fallocate(int fd, off_t offset, off_t length)
{
	int error = fault(fd);

	return error ? error : NEXT(posix_fallocate)(fd, offset, length);
}

int posix_fallocate64(int fd, off64_t offset, off64_t length)
{
	int error = fault(fd);

	return error ? error : NEXT(posix_fallocate64)(fd, offset, length);
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
	int r = NEXT(clock_gettime)(clock, ret);

	if (r == 0 && clock == CLOCK_REALTIME)
		ret->tv_sec += (time_t)read_control("shift=");
	return r;
}

static void stop_if(const char *key)
{
	if (read_control(key))
		kill(getpid(), SIGSTOP);
}

int pthread_create(pthread_t *ret, const pthread_attr_t *attributes, void *(*run)(void *),
		   void *context)
{
	stop_if("thread=");
	return NEXT(pthread_create)(ret, attributes, run, context);
}

int recvmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags,
	     struct timespec *timeout)
{
	stop_if("receive=");
	return NEXT(recvmmsg)(fd, messages, count, flags, timeout);
}
