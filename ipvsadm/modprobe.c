// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "modprobe.h"

#define EXIT_CANNOT_RUN 127

static void modprobe_path(char *path, size_t size)
{
	FILE *file = fopen("/proc/sys/kernel/modprobe", "re");

	snprintf(path, size, "/sbin/modprobe");
	if (!file)
		return;
	if (fgets(path, size, file))
		path[strcspn(path, "\n")] = '\0';
	fclose(file);
	if (path[0] != '/')
		snprintf(path, size, "/sbin/modprobe");
}

const char *modprobe(const char *module)
{
	static char why[320];
	char path[256];
	int status = 0;
	pid_t pid;

	if (geteuid())
		return "and only root can load it";
	modprobe_path(path, sizeof(path));
	pid = fork();
	if (pid < 0)
		return "and there is no process to spare for modprobe";
	if (!pid) {
		execl(path, path, "--", module, (char *)NULL);
		_exit(EXIT_CANNOT_RUN);
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return "and modprobe cannot be waited for";
	}
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return NULL;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_CANNOT_RUN)
		snprintf(why, sizeof(why), "and %s cannot be run", path);
	else
		snprintf(why, sizeof(why), "and %s could not load it", path);
	return why;
}
