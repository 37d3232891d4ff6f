// SPDX-License-Identifier: GPL-2.0-only
/*
 * descendants: hold one process and whatever comes from it.
 *
 * What `taskhold record -- CMD` and `taskhold record --pid PID` attach. A
 * child belongs to it because its parent did when it was born; that the parent
 * exits, or that the child is adopted by another process, changes nothing.
 * (With --pid: a child that is orphaned in the moment of attaching, before the
 * module has come to its parent, cannot be told from other orphans.)
 *
 * Knob: root_tgid, the process that must be running when it is attached. It
 * is looked for at that moment only, so that a later process with the same
 * number is not taken for it. Until it is set nobody is held, so that bpftool, which
 * sets no knobs, is of no use here.
 *
 *	taskhold policy attach descendants.bpf.o --set root_tgid=$$ --pin /sys/fs/bpf/mine
 *
 * Attached so it keeps the finished processes, as everything.bpf.c does.
 */
#include "recorder.bpf.h"

const volatile __u32 root_tgid;

SEC("struct_ops/admit")
int BPF_PROG(admit, struct task_struct *task, struct task_struct *parent, __u32 event)
{
	switch (event & TASKHOLD_EV_KIND) {
	case TASKHOLD_EV_FORK:
		return event & TASKHOLD_EV_PARENT_HELD;
	case TASKHOLD_EV_ATTACH:
		return task->tgid == root_tgid || event & TASKHOLD_EV_PARENT_HELD;
	default:
		return 0;
	}
}

RECORDER_POLICY(.name = "descendants", .admit = (void *)admit);
