/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SIGINT, SIGTERM and SIGHUP while a command makes what is to stay, or nothing of it.
 *
 * Loading may take long, and leaves nothing but the maps that libbpf pins by their
 * names: until policy_signal_block() a signal removes those, and ends the process as it
 * would have.  From then on it is read: policy_signal_come(), or by who polls the file.
 */
#ifndef _TASKHOLD_POLICY_SIGNAL_H
#define _TASKHOLD_POLICY_SIGNAL_H

/*
 * From now on a signal unlinks @paths, up to a NULL, and ends the process.  They and
 * their array are borrowed until policy_signal_forget() or policy_signal_block().  A
 * signal that is ignored stays so.
 */
void policy_signal_catch(const char *const *paths);

/* From now on it ends the process alone. */
void policy_signal_forget(void);

/*
 * Signals are not delivered any more, but wait to be read from *fd, which the caller
 * closes; SIGHUP only where it was not ignored, as nohup has it.  Speaks of what fails;
 * returns an exit code.
 */
int policy_signal_block(int *fd);

/*
 * TH_OK, or it has said that a signal came, and returns 128 and its number: the caller
 * takes back what it has made.  Does not wait.
 */
int policy_signal_come(int fd);

#endif /* _TASKHOLD_POLICY_SIGNAL_H */
