/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the verifier must say of a program, written on the program; read by
 * tests/lib/expect.h out of the object's BTF. Include after vmlinux.h.
 *
 *	SEC("syscall")
 *	__why("a record that was looked up may not be there")
 *	__failure __msg("Possibly NULL pointer passed to trusted arg0")
 *	int lookup_unchecked(void *ctx)
 *
 * Each program says __success or __failure, and why; a failure names at least
 * one part of the verifier's log, without the numbers that compilers change.
 * What the log must not have may stand beside it.
 */
#ifndef _TASKHOLD_TESTS_EXPECT_BPF_H
#define _TASKHOLD_TESTS_EXPECT_BPF_H

#define __expect(what, text)	__attribute__((btf_decl_tag("expect:" what "=" text)))

#define __success		__expect("load", "success")
#define __failure		__expect("load", "failure")
#define __msg(text)		__expect("msg", text)
#define __no_msg(text)		__expect("no-msg", text)
#define __why(text)		__expect("why", text)

/*
 * The verifier keeps the state of every place where paths meet, not one in some:
 * for programs that show what it must not take for the same.
 */
#define __all_states		__expect("states", "all")

/* Who loads it may use BPF, and may not handle addresses: CAP_BPF without CAP_PERFMON. */
#define __cap_bpf		__expect("caps", "bpf")

/* Where a kernel without the patches of kernel/patches says something else. */
#define __stock_success		__expect("stock-load", "success")
#define __stock_failure		__expect("stock-load", "failure")
#define __stock_msg(text)	__expect("stock-msg", text)
#define __stock_no_msg(text)	__expect("stock-no-msg", text)

#endif /* _TASKHOLD_TESTS_EXPECT_BPF_H */
