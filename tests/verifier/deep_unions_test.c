// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// rows: B7
/*
 * Unions in one another that no compiler would write: as deep as a program's BTF can
 * have them where each stands behind those that it is made of. The kernel goes through
 * all of them for one load, and must not look through them anew at every level.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <linux/bpf.h>

#include "lib/guest.h"
#include "lib/harness.h"

#define LEVELS	100000
#define WIDTH	2

/* Returns a struct of a pointer that is in so many unions. */
static int add_unions(struct btf *btf)
{
	int id = btf__add_ptr(btf, 0), i, k;

	for (i = 0; i < LEVELS; i++) {
		int below = id;

		id = btf__add_union(btf, NULL, 8);
		for (k = 0; k < WIDTH; k++) {
			if (id < 0 || btf__add_field(btf, NULL, below, 0, 0))
				die("make BTF of a union");
		}
	}
	i = btf__add_struct(btf, "deep", 8);
	if (i < 0 || btf__add_field(btf, "u", id, 0, 0))
		die("make BTF of a struct");
	return i;
}

static int kernel_func(const struct btf *vmlinux, const char *name)
{
	int id = btf__find_by_name_kind(vmlinux, name, BTF_KIND_FUNC);

	if (id < 0)
		die("find %s()", name);
	return id;
}

#define MOV_IMM(reg, value)							\
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = reg, .imm = value }
#define MOV_REG(to, from)							\
	{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = to, .src_reg = from }
#define CALL(id)								\
	{ .code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_KFUNC_CALL, .imm = id }

TEST(are_gone_through_once)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .prog_flags = BPF_F_SLEEPABLE);
	struct btf *vmlinux = btf__load_vmlinux_btf(), *btf = btf__new_empty();
	struct bpf_func_info func = {};
	int deep, integer, proto, fd;
	char log[4096] = "";

	ASSERT_NE(NULL, vmlinux);
	ASSERT_NE(NULL, btf);
	deep = add_unions(btf);
	integer = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	proto = btf__add_func_proto(btf, integer);
	func.type_id = btf__add_func(btf, "prog", BTF_FUNC_GLOBAL, proto);
	ASSERT_LT(0, (int)func.type_id);
	ASSERT_EQ(0, btf__load_into_kernel(btf));

	const struct bpf_insn insns[] = {
		MOV_IMM(BPF_REG_1, deep),
		MOV_IMM(BPF_REG_2, 0),
		CALL(kernel_func(vmlinux, "bpf_obj_new_impl")),
		/* if r0 == 0 goto the last but one */
		{ .code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = BPF_REG_0, .off = 4 },
		/* r3 = *(u64 *)(r0 + 0) */
		{ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_3, .src_reg = BPF_REG_0 },
		MOV_REG(BPF_REG_1, BPF_REG_0),
		MOV_IMM(BPF_REG_2, 0),
		CALL(kernel_func(vmlinux, "bpf_obj_drop_impl")),
		MOV_IMM(BPF_REG_0, 0),
		{ .code = BPF_JMP | BPF_EXIT },
	};

	opts.prog_btf_fd = btf__fd(btf);
	opts.func_info = &func;
	opts.func_info_cnt = 1;
	opts.func_info_rec_size = sizeof(func);
	opts.log_buf = log;
	opts.log_size = sizeof(log);
	opts.log_level = 1;
	fd = bpf_prog_load(BPF_PROG_TYPE_SYSCALL, "deep", "GPL", insns, ARRAY_SIZE(insns), &opts);
	EXPECT_LE(0, fd) {
		TH_LOG("%s", log);
	}
	close(fd);
	btf__free(btf);
	btf__free(vmlinux);
}

TEST_HARNESS_MAIN
