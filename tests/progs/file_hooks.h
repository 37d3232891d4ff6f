/* SPDX-License-Identifier: GPL-2.0-only */
/* What file_hooks.bpf.c counts, by hook. */
#ifndef _TASKHOLD_TESTS_FILE_HOOKS_H
#define _TASKHOLD_TESTS_FILE_HOOKS_H

enum hook {
	HOOK_MMAP,
	HOOK_OPEN,
	HOOK_POST_OPEN,
	HOOK_BACKING_ALLOC,
	HOOK_READ,
	HOOK_READ_BACKING,
	NR_HOOKS,
};

/**
 * struct hook_calls - of a hook
 * @seen: calls
 * @had: of these, where a reference was had
 */
struct hook_calls {
	__u64 seen;
	__u64 had;
};

#endif /* _TASKHOLD_TESTS_FILE_HOOKS_H */
