/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A command that is started, but does not run before it is told to: it exists
 * while a policy is attached, and is recorded from its first instruction on.
 */
#ifndef _TASKHOLD_COMMAND_H
#define _TASKHOLD_COMMAND_H

#include <stdbool.h>
#include <sys/types.h>

struct command {
	pid_t pid;
	int go;		/* closing it lets the command run */
	int failed;	/* an int comes out if it cannot be executed: errno */
};

/*
 * command_start - fork a process that waits to become argv
 *
 * Returns TH_OK, or an exit code after it has said what failed: TH_NOT_FOUND
 * where no such command is, TH_NOT_EXEC where it may not be executed.
 */
int command_start(struct command *cmd, char **argv);

/*
 * command_go - let it run
 *
 * Returns TH_OK when it has been executed; else the process is reaped, and the
 * exit code is returned after the reason has been said.
 */
int command_go(struct command *cmd, char **argv);

/* End it before it ran. */
void command_cancel(struct command *cmd);

/* The exit code that says the same as a wait(2) status, by the shell's rules. */
int command_exit_code(int status);

#endif /* _TASKHOLD_COMMAND_H */
