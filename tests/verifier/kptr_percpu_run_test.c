// SPDX-License-Identifier: GPL-2.0-only
// timeout: 120
// module: none
// rows: A9, B5
/*
 * A pointer to the kernel's own per-CPU memory in a map value: it is the same for
 * every processor, user space does not see it, and it goes with the value; so
 * does what the instruction exchanges. A kernel without the patches of
 * kernel/patches loads none of it.
 */
#include "lib/cpus.h"
#include "lib/expect.h"
#include "kptr_percpu_run.skel.h"

#include "lib/harness.h"

struct seen {
	__u64 rq;
	__u64 task;
	__u64 mark;
};

#define MARK	0x4141414141414141ULL

FIXTURE(percpu)
{
	struct kptr_percpu_run *m;
	struct bpf_map *map;
};

FIXTURE_VARIANT(percpu)
{
	bool in_hash;
};

FIXTURE_VARIANT_ADD(percpu, array)
{
};

FIXTURE_VARIANT_ADD(percpu, hash)
{
	.in_hash = true,
};

static int update(struct bpf_map *map)
{
	const struct seen value = { .rq = MARK, .task = MARK, .mark = MARK };
	__u32 key = 0;

	return bpf_map__update_elem(map, &key, sizeof(key), &value, sizeof(value), BPF_ANY);
}

static int run_prog(struct kptr_percpu_run *m, struct bpf_program *prog)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	if (bpf_prog_test_run_opts(bpf_program__fd(prog), &opts))
		die("run %s", bpf_program__name(prog));
	return m->bss->ret;
}

FIXTURE_SETUP(percpu)
{
	if (!expect_kernel_patched())
		SKIP(return, "the kernel lacks the patches of kernel/patches");
	self->m = kptr_percpu_run__open_and_load();
	ASSERT_NE(NULL, self->m);
	self->map = variant->in_hash ? self->m->maps.hash : self->m->maps.array;
	self->m->bss->in_hash = variant->in_hash;
	ASSERT_EQ(0, update(self->map));
	/* what was written has not got there */
	ASSERT_EQ(-2, run_prog(self->m, self->m->progs.load));
	ASSERT_EQ(0, run_prog(self->m, self->m->progs.store));
}

FIXTURE_TEARDOWN(percpu)
{
	kptr_percpu_run__destroy(self->m);
}

TEST_F(percpu, is_the_same_for_every_processor)
{
	__u32 key = 0;
	struct seen seen;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	for (int cpu = 0; cpu < cpus; cpu++) {
		self->m->bss->cpu = cpu;
		self->m->bss->cpu_seen = -1;
		EXPECT_EQ(0, run_prog(self->m, self->m->progs.load));
		EXPECT_EQ(cpu, self->m->bss->cpu_seen);
	}
	/* there is no processor of this number */
	self->m->bss->cpu = 1 << 20;
	EXPECT_EQ(-3, run_prog(self->m, self->m->progs.load));

	memset(&seen, 0x55, sizeof(seen));
	ASSERT_EQ(0, bpf_map__lookup_elem(self->map, &key, sizeof(key), &seen, sizeof(seen), 0));
	EXPECT_EQ(0, seen.rq);
	EXPECT_EQ(0, seen.task);
	EXPECT_EQ(MARK, seen.mark);
}

TEST_F(percpu, goes_with_its_value)
{
	__u32 key = 0;

	ASSERT_EQ(0, update(self->map));
	EXPECT_EQ(-2, run_prog(self->m, self->m->progs.load));
	if (!variant->in_hash)
		return;
	ASSERT_EQ(0, run_prog(self->m, self->m->progs.store));
	ASSERT_EQ(0, bpf_map__delete_elem(self->map, &key, sizeof(key), 0));
	EXPECT_EQ(-1, run_prog(self->m, self->m->progs.load));
	ASSERT_EQ(0, update(self->map));
	EXPECT_EQ(-2, run_prog(self->m, self->m->progs.load));
}

TEST_F(percpu, comes_out_by_exchange)
{
	for (int cpu = 0; cpu < 2; cpu++) {
		run_on(cpu);
		ASSERT_EQ(0, run_prog(self->m, self->m->progs.store));
		EXPECT_EQ(0, run_prog(self->m, self->m->progs.exchange));
		EXPECT_EQ(cpu, self->m->bss->cpu_seen);
		EXPECT_EQ(gettid(), self->m->bss->pid_seen);
		EXPECT_EQ(-2, run_prog(self->m, self->m->progs.exchange));
		EXPECT_EQ(-2, run_prog(self->m, self->m->progs.load));
	}
}

/* A number comes out of a slot whose tag the kernel does not know. */
TEST(is_followed_by_no_other_kernel)
{
	struct bpf_object *obj;
	const void *elf;
	size_t size;
	int err;

	libbpf_set_print(expect_print);
	elf = kptr_percpu_run__elf_bytes(&size);
	obj = expect_open(elf, size);
	ASSERT_NE(NULL, obj);
	err = bpf_object__load(obj);
	if (expect_kernel_patched()) {
		EXPECT_EQ(0, err);
	} else {
		EXPECT_EQ(-EACCES, err);
		EXPECT_NE(NULL, strstr(expect_log, "R1 type=scalar expected=percpu_ptr_"));
	}
	bpf_object__close(obj);
}

TEST_HARNESS_MAIN
