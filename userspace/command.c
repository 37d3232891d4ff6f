// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "error.h"

static int fail_exec(const char *name, int err)
{
	if (err == ENOENT)
		return th_fail(TH_NOT_FOUND, "%s: command not found", name);
	return th_fail(TH_NOT_EXEC, "%s: cannot be executed: %s", name, strerror(err));
}

static void child(struct command *cmd, int go, int failed, char **argv)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;
	char byte;
	int err;

	/*
	 * The end of the pipe says go. That of a recorder that died says so
	 * too: then there is nothing to run for.
	 */
	close(cmd->go);
	close(cmd->failed);
	if (read(go, &byte, 1) != 1)
		_exit(TH_NOT_EXEC);

	/* as the recorder found them, not as it uses them */
	sigaction(SIGPIPE, &dfl, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);

	execvp(argv[0], argv);
	err = errno;
	if (write(failed, &err, sizeof(err)) != sizeof(err))
		_exit(TH_NOT_EXEC);
	_exit(err == ENOENT ? TH_NOT_FOUND : TH_NOT_EXEC);
}

/* 0, or why execve() would refuse it. */
static int executable(const char *path)
{
	struct stat st;

	if (access(path, X_OK) || stat(path, &st))
		return errno;
	return S_ISDIR(st.st_mode) ? EACCES : 0;
}

/* Is there such a command? Asked early: before a file is made for nothing. */
static int look_up(const char *name)
{
	const char *dir, *end, *path = getenv("PATH");
	char full[4096];
	int err = ENOENT;

	if (strchr(name, '/'))
		return executable(name);

	for (dir = path ? path : "/usr/bin:/bin"; ; dir = end + 1) {
		end = strchrnul(dir, ':');
		if ((size_t)(end - dir) + strlen(name) + 2 <= sizeof(full)) {
			memcpy(full, dir, end - dir);
			full[end - dir] = '/';
			strcpy(full + (end - dir) + 1, name);
			int why = executable(end == dir ? name : full);

			if (!why)
				return 0;
			if (why == EACCES)
				err = EACCES;
		}
		if (!*end)
			return err;
	}
}

int command_start(struct command *cmd, char **argv)
{
	int go[2], failed[2], err;

	err = look_up(argv[0]);
	if (err)
		return fail_exec(argv[0], err);

	if (pipe2(go, O_CLOEXEC))
		return th_fail(TH_ENV, "cannot make a pipe: %s", strerror(errno));
	if (pipe2(failed, O_CLOEXEC)) {
		err = errno;
		close(go[0]);
		close(go[1]);
		return th_fail(TH_ENV, "cannot make a pipe: %s", strerror(err));
	}

	cmd->go = go[1];
	cmd->failed = failed[0];
	cmd->pid = fork();
	if (cmd->pid == 0)
		child(cmd, go[0], failed[1], argv);
	err = errno;
	close(go[0]);
	close(failed[1]);
	if (cmd->pid < 0) {
		close(go[1]);
		close(failed[0]);
		return th_fail(TH_ENV, "cannot start a process: %s", strerror(err));
	}
	return TH_OK;
}

int command_go(struct command *cmd, char **argv)
{
	int err, status;
	ssize_t n;

	n = write(cmd->go, "", 1);
	err = n == 1 ? 0 : errno;
	close(cmd->go);
	if (!err) {
		/* closed by a successful exec */
		do {
			n = read(cmd->failed, &err, sizeof(err));
		} while (n < 0 && errno == EINTR);
		if (n != sizeof(err))
			err = 0;
	}
	close(cmd->failed);
	if (!err)
		return TH_OK;

	waitpid(cmd->pid, &status, 0);
	return fail_exec(argv[0], err);
}

void command_cancel(struct command *cmd)
{
	int status;

	close(cmd->go);
	close(cmd->failed);
	waitpid(cmd->pid, &status, 0);
}

int command_exit_code(int status)
{
	if (WIFSIGNALED(status))
		return TH_SIGNAL + WTERMSIG(status);
	return WEXITSTATUS(status);
}
