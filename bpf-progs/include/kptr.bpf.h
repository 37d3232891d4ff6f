/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kinds of kptrs that libbpf's headers have no names for, and the exchange of
 * kptrs by an instruction. Include after vmlinux.h and libbpf's headers.
 *
 * With any libbpf the names mean what 6.12 and newer kernels make of their tags:
 * __kptr owns a reference, also where libbpf's own header still says otherwise.
 *
 * Only a kernel with the patches of kernel/patches has all of it. Others refuse a
 * program that relies on it, but take a __kptr_percpu or __kptr_user pointer for
 * plain data where nothing else in the value is a kptr. kptr_kinds() and
 * bpf_ksym_exists() of a kfunc tell beforehand; `taskhold status --features` tells
 * by trying.
 */
#ifndef _TASKHOLD_KPTR_BPF_H
#define _TASKHOLD_KPTR_BPF_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#ifndef __kptr
#define __kptr __attribute__((btf_type_tag("kptr")))
#endif

/*
 * libbpf 1.0 and 1.1 had __kptr for what owns nothing, by the tag that is now of
 * what owns a reference, and this for the latter, by a tag that no kernel since 6.4
 * knows: one with the patches refuses it, others take the pointer for plain data.
 */
#undef __kptr_ref
#define __kptr_ref __attribute__((btf_type_tag("kptr")))

/* These came with libbpf 1.2 and 1.3. */
#ifndef __kptr_untrusted
#define __kptr_untrusted __attribute__((btf_type_tag("kptr_untrusted")))
#endif

#ifndef __percpu_kptr
#define __percpu_kptr __attribute__((btf_type_tag("percpu_kptr")))
#endif

/* Of the kernel's own per-CPU memory. __percpu_kptr is for what a program owns. */
#ifndef __kptr_percpu
#define __kptr_percpu __attribute__((btf_type_tag("kptr_percpu")))
#endif

/* Of user space: an address in the task that was current when it was stored. */
#ifndef __kptr_user
#define __kptr_user __attribute__((btf_type_tag("kptr_user")))
#endif

/*
 * What bpf_kptr_xchg() does, without a call: store a reference or NULL in a kptr,
 * and return what was there. Unreferenced kptrs can be exchanged as well.
 */
#define kptr_xchg_insn(slot, ptr)						\
	((typeof(*(slot)))__sync_lock_test_and_set((__u64 *)(slot), (__u64)(ptr)))

/* Members of the kernel's own enum, by another name so that both can be there. */
enum btf_field_type___kptr_kinds {
	BPF_KPTR_KERN_PERCPU___kptr_kinds = 1 << 20,
	BPF_KPTR_USER___kptr_kinds = 1 << 21,
};

/*
 * Has the kernel __kptr_percpu and __kptr_user, and what comes with them? Known
 * when the program is loaded: the verifier does not look at the branch that is
 * not taken, so that may have what the kernel would refuse.
 */
#define kptr_kinds()								\
	bpf_core_enum_value_exists(enum btf_field_type___kptr_kinds,		\
				   BPF_KPTR_USER___kptr_kinds)

/*
 * Exchange a referenced kptr of a map value, by the instruction where the kernel has it.
 * The instruction writes a pointer to memory, for which a program needs CAP_PERFMON:
 * where it is loaded with CAP_BPF alone, use bpf_kptr_xchg(), which every kernel has.
 */
/* clang-format off */
#define kptr_xchg(slot, ptr)							\
({										\
	typeof(*(slot)) kptr_xchg_old;						\
										\
	if (kptr_kinds())							\
		kptr_xchg_old = kptr_xchg_insn(slot, ptr);			\
	else									\
		kptr_xchg_old = bpf_kptr_xchg(slot, ptr);			\
	kptr_xchg_old;								\
})
/* clang-format on */

#endif /* _TASKHOLD_KPTR_BPF_H */
