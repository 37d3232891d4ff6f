/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The subcommands.  Each gets its own arguments, argv[0] being its name, and
 * returns the exit status of the process (see error.h).
 */
#ifndef _TASKHOLD_CMD_H
#define _TASKHOLD_CMD_H

int cmd_policy(int argc, char **argv);
int cmd_record(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_status(int argc, char **argv);

#endif /* _TASKHOLD_CMD_H */
