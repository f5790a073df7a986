/* The only program in a sandbox image: holds the pod's namespaces until it is told to stop. */
#include <signal.h>
#include <unistd.h>

static void stop(int signal)
{
	(void)signal;
	_exit(0);
}

int main(void)
{
	/* Process 1 of a pid namespace gets only signals that it has a handler for. */
	if (signal(SIGTERM, stop) == SIG_ERR || signal(SIGINT, stop) == SIG_ERR)
		return 1;
	for (;;)
		pause();
}
