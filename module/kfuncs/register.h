/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TASKHOLD_KFUNCS_REGISTER_H
#define _TASKHOLD_KFUNCS_REGISTER_H

/* Named in register.c's table of destructors; no program can call it. */
void taskhold_rec_release_dtor(void *rec);
void taskhold_pid_release_dtor(void *pid);
void taskhold_file_release_dtor(void *file);

/* Called by taskhold_kfuncs_exit(). */
void taskhold_files_exit(void);
void taskhold_pids_exit(void);

int taskhold_kfuncs_register(void);
void taskhold_kfuncs_exit(void);

#endif /* _TASKHOLD_KFUNCS_REGISTER_H */
