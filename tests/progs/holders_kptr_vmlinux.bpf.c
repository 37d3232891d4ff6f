// SPDX-License-Identifier: GPL-2.0-only
/*
 * For holders_test: maps with types of vmlinux's, whose destructors are the module's on
 * a kernel with the patches of kernel/patches. Others have none, and no such maps.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

/* Or else only their names are in the object's BTF; hidden from the skeleton. */
struct pid *pid_in_btf __hidden;
struct file *file_in_btf __hidden;

struct held_pid {
	struct pid __kptr *pid;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held_pid);
} held_pids SEC(".maps");

struct held_file {
	struct file __kptr *file;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held_file);
} held_files SEC(".maps");

char LICENSE[] SEC("license") = "GPL";
