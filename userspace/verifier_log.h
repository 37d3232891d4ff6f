/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What matters of a log of the verifier's (log level 1) that ends with a refusal: the
 * last instruction that it looked at, the line of source that this was made from, and
 * what it said then.
 */
#ifndef _TASKHOLD_VERIFIER_LOG_H
#define _TASKHOLD_VERIFIER_LOG_H

#include <stddef.h>

struct verifier_log {
	char *file;		/* "name.bpf.c:33", "" where the program has no line info */
	char *source;		/* that line, "" likewise */
	char *insn;		/* "2: (63) *(u32 *)(r1 +224) = r2", "" where none was looked at */
	char *reason;		/* one line; "" where the log is empty */
};

/* Returns 0 or -ENOMEM; verifier_log_free() in any case. */
int verifier_log_trim(const char *log, struct verifier_log *out);
void verifier_log_free(struct verifier_log *out);

#endif /* _TASKHOLD_VERIFIER_LOG_H */
