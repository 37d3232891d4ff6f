// SPDX-License-Identifier: GPL-2.0-only
/*
 * For tests/cli/policy_*: a policy with a variable of each type that --set knows, and of
 * some that it does not; with a companion on a tracepoint, an iterator, and a program
 * that nothing says of where to attach it.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

enum colour {
	RED = 1,
	GREEN = 7,
	BLUE = -3,
};

enum wide : __u64 {
	NARROW = 1,
	WIDE = 0x100000000ULL,
};

struct pair {
	int a, b;
};

const volatile bool hold = true;
const volatile __s8 s_8;
const volatile __s16 s_16;
const volatile __s32 s_32;
const volatile __s64 s_64;
const volatile __u8 u_8;
const volatile __u16 u_16;
const volatile __u32 u_32;
const volatile unsigned long u_64;
const volatile enum colour colour = RED;
const volatile enum wide wide = NARROW;
const volatile char text[8] = "before";
const volatile struct pair pair = { 1, 2 };
const volatile __u8 bytes[4];
const volatile int verdict = TASKHOLD_FOLD;
const int fixed = 5;

__u64 admitted, execs;

SEC("struct_ops/admit")
int BPF_PROG(on_admit, struct task_struct *task, struct task_struct *parent, __u32 event)
{
	__sync_fetch_and_add(&admitted, 1);
	return hold && (event & TASKHOLD_EV_KIND) == TASKHOLD_EV_FORK;
}

SEC("struct_ops/finish")
int BPF_PROG(on_finish, struct taskhold_rec *rec, struct task_struct *task)
{
	return verdict;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(count_exec)
{
	__sync_fetch_and_add(&execs, 1);
	return 0;
}

SEC("iter/task")
int show_execs(struct bpf_iter__task *ctx)
{
	if (!ctx->task)
		BPF_SEQ_PRINTF(ctx->meta->seq, "execs %llu\n", execs);
	return 0;
}

/* What user space runs, which has all variables in it that nothing else reads. */
SEC("syscall")
int read_all(void *ctx)
{
	return s_8 + s_16 + s_32 + s_64 + u_8 + u_16 + u_32 + u_64 + colour + wide + text[0] +
	       pair.a + bytes[1];
}

SEC(".struct_ops.link")
struct taskhold_ops policy = {
	.name = "cli",
	.admit = (void *)on_admit,
	.finish = (void *)on_finish,
	.max_held = 1000,
};

char LICENSE[] SEC("license") = "GPL";
