// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pointers to user space and to per-CPU memory of a module stay in a map, and are
 * read through later: by whoever runs the programs.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "module_tags.h"
#include "module_tags_run.h"

/* Or else only its name is in the object's BTF; hidden from the skeleton. */
struct testmod_user_data data_in_btf __hidden;

struct held {
	struct testmod_user_data __kptr_user *user;
	struct testmod_user_data __kptr_percpu *percpu;
	__u64 mark;
};

#include "held_maps.h"

/* in */
__s32 pid;		/* keep: of whom */
__u32 cpu;		/* read: whose per-CPU memory */

/* out */
__u64 kept;		/* what was put into the map */
__u64 user;		/* and came out */
__u64 user_number;
__u64 cpu_number;
int ret;

SEC("fentry/testmod_user_call")
int BPF_PROG(keep, struct testmod_user_data *address, struct testmod_user_holder *own)
{
	struct held *v = lookup();

	if (!v || bpf_get_current_task_btf()->pid != pid)
		return 0;
	v->user = address;
	v->percpu = own->percpu;
	kept = (__u64)address;
	return 0;
}

/* Returned, as nobody may be there to see the variables. */
SEC("syscall")
int look(void *ctx)
{
	struct held *v = lookup();

	if (!v)
		return HELD_MISSING;
	return (v->user ? TAGS_USER : 0) | (v->percpu ? TAGS_PERCPU : 0);
}

SEC("syscall")
int update(void *ctx)
{
	__u64 value[sizeof(struct held) / 8];
	int i;

	for (i = 0; i < sizeof(struct held) / 8; i++)
		value[i] = HELD_BY_PROGRAM;
	return replace(value);
}

SEC("syscall")
int read_user(void *ctx)
{
	struct held *v = lookup();
	struct testmod_user_data data = {}, *p;

	ret = -1;
	user = 0;
	user_number = 0;
	if (!v)
		return 0;
	p = v->user;
	user = (__u64)p;
	if (!p)
		return 0;
	ret = bpf_probe_read_user(&data, sizeof(data), p);
	user_number = data.number;
	return 0;
}

SEC("syscall")
int read_percpu(void *ctx)
{
	struct held *v = lookup();
	struct testmod_user_data *p;

	ret = -1;
	cpu_number = 0;
	if (!v)
		return 0;
	p = v->percpu;
	if (p)
		p = bpf_per_cpu_ptr(p, cpu);
	if (!p)
		return 0;
	cpu_number = p->number;
	ret = 0;
	return 0;
}

SEC("syscall")
int take_user(void *ctx)
{
	struct held *v = lookup();

	if (v)
		user = (__u64)kptr_xchg_insn(&v->user, NULL);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
