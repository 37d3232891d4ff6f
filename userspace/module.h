/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The module as user space sees it: is it there, may we use it, do both sides
 * speak the same interface?  Reading and judging are apart, so that the
 * judgement can be tested without a module.
 */
#ifndef _TASKHOLD_MODULE_H
#define _TASKHOLD_MODULE_H

#include <stdbool.h>

#define MODULE_NAME		"taskhold"
#define MODULE_SHA256_LEN	65	/* hex digits and NUL */

/* What the effective capabilities and the BPF system call allow. */
enum module_access {
	MODULE_ACCESS_OK,
	MODULE_ACCESS_NO_CAP,	/* CAP_SYS_ADMIN is missing, so are others */
	MODULE_ACCESS_BPF_ONLY,	/* CAP_BPF and CAP_PERFMON, but not CAP_SYS_ADMIN */
	MODULE_ACCESS_REFUSED,	/* capable, yet refused: user namespace, seccomp, LSM */
	MODULE_ACCESS_NO_BPF,	/* a kernel without the BPF system call */
};

enum module_base {
	MODULE_BASE_UNKNOWN,	/* the module does not say, or no vmlinux BTF */
	MODULE_BASE_SAME,
	MODULE_BASE_OTHER,
};

struct module_state {
	char release[65];			/* uname -r */
	enum module_access access;
	bool vmlinux_btf;			/* /sys/kernel/btf/vmlinux */
	char vmlinux_sha256[MODULE_SHA256_LEN];	/* of it, "" unless asked for */
	bool installed;				/* modprobe would find it, where asked for */
	bool loaded;
	char initstate[16];			/* "live", "coming", "going" */
	bool btf;				/* /sys/kernel/btf/taskhold */
	char version[32];
	char srcversion[32];
	long abi;				/* -1: not to be read */
	long refcnt;				/* -1: not to be read */
	char base_sha256[MODULE_SHA256_LEN];	/* parameter base_btf, "" if empty */
};

/*
 * Fills *st from /proc, /sys and, where the module is not loaded, /lib/modules below root
 * ("" but in tests); what cannot be read is left empty.  Leaves access and vmlinux_sha256
 * alone.
 */
void module_read(struct module_state *st, const char *root);

/* Is it installed?  Asked for where it is loaded as well: modprobe's list is long. */
void module_read_installed(struct module_state *st, const char *root);

/*
 * Reads refcnt again until the module has no more than that many references, or so many ms
 * have passed: BPF objects give theirs up some time after they were closed, in
 * MODULE_FREED_MS if at all.  Not for an event, as the kernel offers none.
 */
#define MODULE_FREED_MS	2000
void module_wait_refcnt(struct module_state *st, long refcnt, int ms);

/* What this process may do. */
enum module_access module_access(void);

/* SHA-256 of a file in hex digits; 0 or a negative errno. */
int module_sha256(const char *path, char hex[MODULE_SHA256_LEN]);

/* Was the module built for the running kernel's BTF?  Needs vmlinux_sha256. */
enum module_base module_base(const struct module_state *st);

/* TH_OK, or the reason why the loaded module does not fit or is not there, said on stderr. */
int module_check_loaded(const struct module_state *st);

/* Likewise, and whether this process may use it at all. */
int module_check(const struct module_state *st);

/*
 * The first thing a subcommand does that needs the module: TH_OK, or it has
 * said what is missing and what to do and returns TH_ENV.
 */
int module_require(void);

#endif /* _TASKHOLD_MODULE_H */
