// SPDX-License-Identifier: GPL-2.0-only
// module: none
/* What is taken out of logs of the verifier's, which are written down as kernels make them. */
#include <stdlib.h>

#include "verifier_log.h"

#include "lib/harness.h"

FIXTURE(log)
{
	struct verifier_log out;
};

FIXTURE_SETUP(log)
{
	memset(&self->out, 0, sizeof(self->out));
}

FIXTURE_TEARDOWN(log)
{
	verifier_log_free(&self->out);
}

#define EXPECT_OUT(file_, source_, insn_, reason_)				\
do {										\
	EXPECT_STREQ(file_, self->out.file);					\
	EXPECT_STREQ(source_, self->out.source);				\
	EXPECT_STREQ(insn_, self->out.insn);					\
	EXPECT_STREQ(reason_, self->out.reason);				\
} while (0)

TEST_F(log, refused_access)
{
	ASSERT_EQ(0, verifier_log_trim("0: R1=ctx() R10=fp0\n"
		"; int BPF_PROG(no_check, struct task_struct *task) @ a.bpf.c:7\n"
		"0: (79) r1 = *(u64 *)(r1 +8)\n"
		"func 'admit' arg1 has btf_id 104 type STRUCT 'task_struct'\n"
		"1: R1_w=trusted_ptr_or_null_task_struct(id=1)\n"
		"; return parent->tgid == 1; @ a.bpf.c:11\n"
		"1: (61) r1 = *(u32 *)(r1 +1492)       "
		"\n"
		"R1 invalid mem access 'trusted_ptr_or_null_'\n"
		"verification time 120 usec\nstack depth 0\n"
		"processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0\n",
		&self->out));
	EXPECT_OUT("a.bpf.c:11", "return parent->tgid == 1;", "1: (61) r1 = *(u32 *)(r1 +1492)",
		   "R1 invalid mem access 'trusted_ptr_or_null_'");
}

/* The registers after an instruction are no part of it; nor is another path's line. */
TEST_F(log, two_paths)
{
	ASSERT_EQ(0, verifier_log_trim("; if (a) @ a.bpf.c:3\n"
		"0: (15) if r1 == 0x0 goto pc+2        ; R1_w=scalar(umin=1)\n"
		"; one(); @ a.bpf.c:4\n"
		"1: (b7) r0 = 0                        ; R0_w=0\n"
		"2: (95) exit\n"
		"\n"
		"from 0 to 3: R1_w=0 R10=fp0\n"
		"3: R1_w=0 R10=fp0\n"
		"; text @ with @ signs @ dir/b.h:40\n"
		"3: (b7) r0 = 9                        ; R0_w=9\n"
		"4: (95) exit\n"
		"mark_precise: frame0: last_idx 4 first_idx 3 subseq_idx -1 "
		"\n"
		"At program exit the register R0 has value 9\n"
		"it should have been in [0, 1]\n"
		"processed 5 insns\n", &self->out));
	EXPECT_OUT("dir/b.h:40", "text @ with @ signs", "4: (95) exit",
		   "At program exit the register R0 has value 9; it should have been in [0, 1]");
}

/* Refused before an instruction was looked at, without line info, and with no log. */
TEST_F(log, no_instruction)
{
	ASSERT_EQ(0, verifier_log_trim("struct ops programs must have a GPL compatible license\n"
				       "processed 0 insns (limit 1000000)\n", &self->out));
	EXPECT_OUT("", "", "", "struct ops programs must have a GPL compatible license");
}

TEST_F(log, no_line_info)
{
	ASSERT_EQ(0, verifier_log_trim("0: (85) call pc+7\nlast insn is not an exit or jmp\n",
				       &self->out));
	EXPECT_OUT("", "", "0: (85) call pc+7", "last insn is not an exit or jmp");
}

TEST_F(log, nothing_after_the_instruction)
{
	ASSERT_EQ(0, verifier_log_trim("too big a jump\n0: (05) goto pc+9\n", &self->out));
	EXPECT_OUT("", "", "0: (05) goto pc+9", "too big a jump");
}

TEST_F(log, empty)
{
	ASSERT_EQ(0, verifier_log_trim("", &self->out));
	EXPECT_OUT("", "", "", "");
}

TEST_HARNESS_MAIN
