// SPDX-License-Identifier: GPL-2.0-only
/*
 * Expectations that are wrong, each in another way, and two that are right:
 * tests/kfuncs/expect_test.c sees to it that tests/lib/expect.h finds them.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#include "expect.h"

struct taskhold_stats stats;

SEC("syscall")
__why("right")
__success
int right_success(void *ctx)
{
	return 0;
}

SEC("syscall")
__why("right")
__failure __msg("Unreleased reference")
int right_failure(void *ctx)
{
	return !!taskhold_rec_lookup(bpf_get_current_task_btf());
}

SEC("syscall")
__why("it loads")
__failure __msg("Unreleased reference")
int loads_after_all(void *ctx)
{
	return 0;
}

SEC("syscall")
__why("it is refused")
__success
int refused_after_all(void *ctx)
{
	return !!taskhold_rec_lookup(bpf_get_current_task_btf());
}

SEC("syscall")
__why("it is refused for another reason")
__failure __msg("unbounded memory access")
int another_message(void *ctx)
{
	return !!taskhold_rec_lookup(bpf_get_current_task_btf());
}

SEC("syscall")
__why("one of two reasons is another")
__failure __msg("Unreleased reference") __msg("unbounded memory access")
int one_of_two(void *ctx)
{
	return !!taskhold_rec_lookup(bpf_get_current_task_btf());
}

SEC("syscall")
__why("right: it is not said")
__failure __msg("Unreleased reference") __no_msg("unbounded memory access")
int right_silence(void *ctx)
{
	return !!taskhold_rec_lookup(bpf_get_current_task_btf());
}

SEC("syscall")
__why("it is said after all")
__failure __msg("Unreleased reference") __no_msg("taskhold_rec_lookup")
int said_after_all(void *ctx)
{
	return !!taskhold_rec_lookup(bpf_get_current_task_btf());
}

SEC("syscall")
__why("it is said of a program that loads")
__success __no_msg("R10=fp0")
int said_when_loaded(void *ctx)
{
	return 0;
}

SEC("syscall")
__why("what is not said is no reason for a refusal")
__failure __no_msg("unbounded memory access")
int says_only_silence(void *ctx)
{
	return !!taskhold_rec_lookup(bpf_get_current_task_btf());
}

SEC("fentry/taskhold_that_is_nowhere")
__why("it does not get as far as the verifier, whose log has nothing at all")
__failure __msg("failed to find kernel BTF type ID") __no_msg("unbounded memory access")
int never_verified(void *ctx)
{
	return 0;
}

SEC("fentry/taskhold_that_is_nowhere")
__why("nor does this, and what it ought to be refused with is all over its BTF")
__failure __msg("unbounded memory access")
int refused_before(void *ctx)
{
	return 0;
}

SEC("syscall")
int says_nothing(void *ctx)
{
	return 0;
}

SEC("syscall")
__success
int says_no_why(void *ctx)
{
	return 0;
}

SEC("syscall")
__why("no message")
__failure
int says_no_message(void *ctx)
{
	return 0;
}

SEC("syscall")
__why("both")
__success __failure __msg("x")
int says_both(void *ctx)
{
	return 0;
}

SEC("syscall")
__why("a word that is not known")
__success __expect("lood", "success")
int says_what_nobody_knows(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
