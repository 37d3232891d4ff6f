/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SIGINT, SIGTERM, SIGHUP and SIGPIPE while a command makes what is to stay, or nothing
 * of it.  Until policy_signal_block() nothing is there that would stay, and they end the
 * process.  From then on the first three are read: policy_signal_come(), or by who polls
 * the file.
 */
#ifndef _TASKHOLD_POLICY_SIGNAL_H
#define _TASKHOLD_POLICY_SIGNAL_H

/*
 * Signals are not delivered any more, but wait to be read from *fd, which the caller
 * closes; SIGHUP only where it was not ignored, as nohup has it.  SIGPIPE is ignored:
 * th_end_output() says so.  Speaks of what fails; returns an exit code.
 */
int policy_signal_block(int *fd);

/*
 * TH_OK, or it has said that a signal came, and returns 128 and its number: the caller
 * takes back what it has made.  Does not wait.
 */
int policy_signal_come(int fd);

#endif /* _TASKHOLD_POLICY_SIGNAL_H */
