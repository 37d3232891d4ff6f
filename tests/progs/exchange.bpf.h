/* SPDX-License-Identifier: GPL-2.0-only */
/* Both ways to exchange a referenced kptr, in one program. Include after kptr.bpf.h. */
#ifndef _TASKHOLD_TESTS_EXCHANGE_BPF_H
#define _TASKHOLD_TESTS_EXCHANGE_BPF_H

/*
 * By the instruction instead of the helper. Set before the programs are loaded, as a
 * kernel that lacks it does not look at a branch that is not taken.
 */
const volatile bool by_insn;

#define exchange(slot, ptr)	(by_insn ? kptr_xchg_insn(slot, ptr) : bpf_kptr_xchg(slot, ptr))

#endif /* _TASKHOLD_TESTS_EXCHANGE_BPF_H */
