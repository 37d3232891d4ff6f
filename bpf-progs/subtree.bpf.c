// SPDX-License-Identifier: GPL-2.0-only
/*
 * subtree: hold what runs in one cgroup and in those below it.
 *
 * What `taskhold record --cgroup PATH` attaches. A process is held from its
 * birth in there, or from the moment it is moved in; one that is moved out is
 * held on, with the CPU time of its time outside charged to where it is.
 *
 * Knob: root_cgroup, the cgroup's id (the inode number of its directory). Until it is
 * set nobody is held, so that bpftool, which sets no knobs, is of no use here.
 *
 *	taskhold policy attach subtree.bpf.o --pin /sys/fs/bpf/subtree \
 *		--set root_cgroup=$(stat -c %i /sys/fs/cgroup/system.slice)
 *
 * Attached so it keeps the finished processes, as everything.bpf.c does.
 */
#include "recorder.bpf.h"

const volatile __u64 root_cgroup;

SEC("struct_ops/admit")
int BPF_PROG(admit, struct task_struct *task, struct task_struct *parent, __u32 event)
{
	return taskhold_task_in_cgroup(task, root_cgroup);
}

RECORDER_POLICY(.name = "subtree", .admit = (void *)admit);
