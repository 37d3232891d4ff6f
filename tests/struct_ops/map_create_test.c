// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// module: none
// rows: H2, H9, H14, H15
/*
 * Maps for policies: which ones the system call makes, for whom, and that each one
 * keeps the module loaded until it is gone, whatever it is used for.
 */
#include <linux/capability.h>

#include "lib/struct_ops.h"

#include "lib/harness.h"

FIXTURE(create)
{
	struct struct_ops_type t;
};

FIXTURE_SETUP(create)
{
	module_load();
	struct_ops_open(&self->t, "taskhold", "taskhold_ops");
	ASSERT_EQ(0, module_refs());
}

FIXTURE_TEARDOWN(create)
{
	struct_ops_close(&self->t);
	EXPECT_EQ(0, module_unload_soon());
	EXPECT_FALSE(module_loaded());
}

/* What is wrong with a map is said at once, and holds nothing. */
#define REFUSED(error, key, value, entries, ...)				\
do {										\
	LIBBPF_OPTS(bpf_map_create_opts, opts, .btf_fd = btf__fd(self->t.own),	\
		    .map_flags = BPF_F_LINK | BPF_F_VTYPE_BTF_OBJ_FD,		\
		    .value_type_btf_obj_fd = self->t.btf_fd,			\
		    .btf_vmlinux_value_type_id = self->t.value_id);		\
	int fd;									\
										\
	__VA_ARGS__;								\
	fd = bpf_map_create(BPF_MAP_TYPE_STRUCT_OPS, "raw", key, value, entries, &opts); \
	EXPECT_EQ(error, fd);							\
	if (fd >= 0)								\
		close(fd);							\
	EXPECT_EQ(0, module_refs());						\
} while (0)

#define SIZE	self->t.value_size

TEST_F(create, sizes)
{
	REFUSED(-EINVAL, 8, SIZE, 1);
	REFUSED(-EINVAL, 2, SIZE, 1);
	REFUSED(-EINVAL, 4, SIZE, 2);
	REFUSED(-EINVAL, 4, SIZE, 0);
	REFUSED(-EINVAL, 4, SIZE - 1, 1);
	REFUSED(-EINVAL, 4, SIZE + 1, 1);
}

TEST_F(create, flags)
{
	REFUSED(-EINVAL, 4, SIZE, 1, opts.map_flags |= BPF_F_MMAPABLE);
	REFUSED(-EINVAL, 4, SIZE, 1, opts.map_flags |= BPF_F_RDONLY_PROG);
	REFUSED(-EINVAL, 4, SIZE, 1, opts.map_flags |= 1U << 31);
	/* whose type it is must be said by the flag, not by the file alone */
	REFUSED(-ENOTSUPP, 4, SIZE, 1, opts.map_flags = BPF_F_LINK);
}

TEST_F(create, types)
{
	int vmlinux, map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "array", 4, 8, 1, NULL);

	struct_ops_btf_id("vmlinux", &vmlinux);
	REFUSED(-EINVAL, 4, SIZE, 1, opts.btf_vmlinux_value_type_id = 0);
	/* the policy itself, and not the value; and none */
	REFUSED(-ENOTSUPP, 4, SIZE, 1, opts.btf_vmlinux_value_type_id = self->t.type_id);
	REFUSED(-ENOTSUPP, 4, SIZE, 1, opts.btf_vmlinux_value_type_id = 1U << 30);
	REFUSED(-EINVAL, 4, SIZE, 1, opts.value_type_btf_obj_fd = vmlinux);
	REFUSED(-EINVAL, 4, SIZE, 1, opts.value_type_btf_obj_fd = map);
	REFUSED(-EBADF, 4, SIZE, 1, opts.value_type_btf_obj_fd = 999);
	/* a value has one type, and who makes the map has BTF of his own */
	REFUSED(-EINVAL, 4, SIZE, 1, opts.btf_value_type_id = 1);
	REFUSED(-EINVAL, 4, SIZE, 1, opts.btf_fd = map);
	REFUSED(-EACCES, 4, SIZE, 1, opts.btf_fd = self->t.btf_fd);
	close(vmlinux);
	close(map);
}

/* Whether a child without some capabilities can make a map: its exit status is the error. */
static int create_without(const struct struct_ops_type *t, int capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	pid_t pid = fork();
	int status, fd;

	if (pid == 0) {
		if (syscall(SYS_capget, &header, data))
			_exit(255);
		data[capability / 32].effective &= ~(1U << capability % 32);
		/* it stands in for CAP_BPF */
		data[CAP_SYS_ADMIN / 32].effective &= ~(1U << CAP_SYS_ADMIN % 32);
		if (syscall(SYS_capset, &header, data))
			_exit(254);
		fd = struct_ops_map(t, BPF_F_LINK);
		_exit(fd < 0 ? -fd : 0);
	}
	status = reap(pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(create, capabilities)
{
	EXPECT_EQ(EPERM, create_without(&self->t, CAP_BPF));
	EXPECT_EQ(0, create_without(&self->t, CAP_NET_ADMIN));
	EXPECT_TRUE(until(10, module_refs() == 0));
}

#define IN_USE(refs)						\
do {								\
	EXPECT_EQ(refs, module_refs());				\
	EXPECT_EQ(-EWOULDBLOCK, module_unload());		\
} while (0)

TEST_F(create, a_map_that_nobody_uses)
{
	int first = struct_ops_map(&self->t, BPF_F_LINK), second = struct_ops_map(&self->t, 0);

	ASSERT_LE(0, first);
	ASSERT_LE(0, second);
	IN_USE(2);
	close(first);
	/* it is freed after grace periods, and the module is let go of before */
	EXPECT_TRUE(until(10, module_refs() == 1));
	IN_USE(1);
	close(second);
	EXPECT_TRUE(until(10, module_refs() == 0));
}

TEST_F(create, a_map_with_a_value)
{
	int map = struct_ops_map(&self->t, BPF_F_LINK), link;
	char value[STRUCT_OPS_VALUE_MAX] = {};

	strcpy(value + struct_ops_offset(&self->t, "name"), "create");
	ASSERT_EQ(0, struct_ops_update(map, value));
	IN_USE(1);
	link = struct_ops_link(map);
	ASSERT_LE(0, link);
	close(map);
	/* the link has it */
	IN_USE(1);
	EXPECT_EQ(0, bpf_link_detach(link));
	EXPECT_TRUE(until(10, module_refs() == 0));
	close(link);
}

/* A program has the module while the verifier is at it, and nothing of it afterwards. */
TEST_F(create, a_program_that_nobody_uses)
{
	int prog = struct_ops_prog(&self->t, "admit", 0);

	ASSERT_LE(0, prog);
	EXPECT_EQ(0, module_refs());
	close(prog);
}

TEST_HARNESS_MAIN
