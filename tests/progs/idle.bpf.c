// SPDX-License-Identifier: GPL-2.0-only
/* For tests/struct_ops/idle_test.c: who is called at the tracepoints that policies live on. */
#include "vmlinux.h"
#include "taskhold.bpf.h"

/* The kernel's own, of which BTF knows nothing. */
extern const void __tracepoint_task_newtask __ksym;
extern const void __tracepoint_sched_process_exec __ksym;
extern const void __tracepoint_sched_process_exit __ksym;
extern const void __tracepoint_sched_process_free __ksym;
extern const void __tracepoint_cgroup_attach_task __ksym;

/* out: of these tracepoints, those that somebody is called at, and those that could be read */
__u32 called, read;

static void look(const void *at)
{
	const struct tracepoint *tracepoint = at;
	struct tracepoint_func *funcs;

	if (bpf_core_read(&funcs, sizeof(funcs), &tracepoint->funcs))
		return;
	read++;
	if (funcs)
		called++;
}

SEC("syscall")
int look_at_all(void *ctx)
{
	called = 0;
	read = 0;
	look(&__tracepoint_task_newtask);
	look(&__tracepoint_sched_process_exec);
	look(&__tracepoint_sched_process_exit);
	look(&__tracepoint_sched_process_free);
	look(&__tracepoint_cgroup_attach_task);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
