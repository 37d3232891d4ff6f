// SPDX-License-Identifier: GPL-2.0-only
// timeout: 180
// module: none
// rows: A9, A11, B2, B5
/*
 * A pointer to the kernel's own per-CPU memory in a map value, and an unreferenced
 * one: it is the same for every processor, user space does not see it, and it goes
 * with the value; so does what the instruction exchanges. A kernel without the
 * patches of kernel/patches loads none of it.
 */
#include "lib/cpus.h"
#include "lib/expect.h"
#include "lib/held_maps.h"
#include "progs/kptr_percpu_run.h"

#include "kptr_percpu_run.skel.h"

#include "lib/harness.h"

FIXTURE(percpu)
{
	struct kptr_percpu_run *m;
	struct held held;
};

FIXTURE_VARIANT(percpu)
{
	struct held_kind kind;
};

HELD_VARIANT(percpu, array, HELD_ARRAY, true, false, false);
HELD_VARIANT(percpu, hash, HELD_HASH, false, false, false);
HELD_VARIANT(percpu, hash_without_preallocation, HELD_HASH_LAZY, false, false, false);
HELD_VARIANT(percpu, lru_hash, HELD_LRU, false, true, false);
HELD_VARIANT(percpu, percpu_array, HELD_CPU_ARRAY, true, false, true);
HELD_VARIANT(percpu, percpu_hash, HELD_CPU_HASH, false, false, true);
HELD_VARIANT(percpu, lru_percpu_hash, HELD_CPU_LRU, false, true, true);
HELD_VARIANT(percpu, map_in_map, HELD_INNER, false, false, false);

static int run_prog(struct kptr_percpu_run *m, struct bpf_program *prog)
{
	held_run(bpf_program__fd(prog));
	return m->bss->ret;
}

static void set_up(struct __test_metadata *_metadata, FIXTURE_DATA(percpu) *self,
		   const FIXTURE_VARIANT(percpu) *variant)
{
	/* a per-CPU value is the one of the CPU that the program runs on */
	run_on(0);
	self->m = kptr_percpu_run__open();
	ASSERT_NE(NULL, self->m);
	held_choose(self->m->obj, &self->m->rodata->which, variant->kind.which);
	ASSERT_EQ(0, kptr_percpu_run__load(self->m));
	self->held = (struct held){
		.kind = variant->kind,
		.map = held_map_of(self->m->obj, variant->kind.which),
		.words = PERCPU_WORDS,
		.kptrs = PERCPU_RQ | PERCPU_TASK,
		.look = self->m->progs.look,
		.key = &self->m->bss->key,
	};
	ASSERT_EQ(0, held_update(&self->held, 0, BPF_ANY));
	/* what was written has not got there */
	ASSERT_EQ(0, held_look(&self->held));
	ASSERT_EQ(0, run_prog(self->m, self->m->progs.store));
	ASSERT_EQ(self->held.kptrs, held_look(&self->held));
}

FIXTURE_SETUP(percpu)
{
	if (!expect_kernel_patched())
		SKIP(return, "the kernel lacks the patches of kernel/patches");
	set_up(_metadata, self, variant);
}

FIXTURE_TEARDOWN(percpu)
{
	kptr_percpu_run__destroy(self->m);
}

TEST_F(percpu, is_the_same_for_every_processor)
{
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
}

TEST_F(percpu, is_not_in_copies)
{
	held_expect_copies(_metadata, &self->held);
}

TEST_F(percpu, goes_with_an_update)
{
	held_expect_update(_metadata, &self->held);
	EXPECT_EQ(-2, run_prog(self->m, self->m->progs.load));
}

TEST_F(percpu, goes_with_an_update_of_a_program)
{
	held_expect_update_by(_metadata, &self->held, self->m->progs.update);
	EXPECT_EQ(-2, run_prog(self->m, self->m->progs.load));
}

TEST_F(percpu, goes_with_its_element)
{
	held_expect_delete(_metadata, &self->held);
}

TEST_F(percpu, goes_with_what_user_space_takes_out)
{
	held_expect_taken_out(_metadata, &self->held);
}

TEST_F(percpu, goes_when_it_is_evicted_and_not_otherwise)
{
	held_expect_eviction(_metadata, &self->held);
}

/* As long as a program uses the map, nobody need have it open. */
TEST_F(percpu, goes_with_the_map)
{
	int fd = dup(bpf_program__fd(self->m->progs.look));
	__u32 id = held_map_id(bpf_map__fd(self->held.map));

	ASSERT_LE(0, fd);
	kptr_percpu_run__destroy(self->m);
	self->m = NULL;
	EXPECT_EQ(self->held.kptrs, held_run(fd));
	close(fd);
	/* a destructor that is not there would be missed now */
	EXPECT_TRUE(until(10, !held_map_is_there(id)));
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

/* Of a map in another one, the other one is enough, and goes with it. */
TEST(goes_with_an_inner_map)
{
	const FIXTURE_VARIANT(percpu) inner = { .kind = { .which = HELD_INNER } };
	FIXTURE_DATA(percpu) data = {}, *self = &data;
	__u32 id;
	int fd;

	if (!expect_kernel_patched())
		SKIP(return, "the kernel lacks the patches of kernel/patches");
	set_up(_metadata, self, &inner);
	fd = held_put_other_inner(&self->held, self->m->obj);
	id = held_map_id(fd);
	close(fd);
	EXPECT_TRUE(held_map_is_there(id));
	EXPECT_EQ(0, held_look(&self->held));
	ASSERT_EQ(0, run_prog(self->m, self->m->progs.store));
	EXPECT_EQ(0, run_prog(self->m, self->m->progs.load));

	held_put_inner_back(&self->held, self->m->obj);
	EXPECT_TRUE(until(10, !held_map_is_there(id)));
	/* it was not the one that is there again */
	EXPECT_EQ(self->held.kptrs, held_look(&self->held));
	kptr_percpu_run__destroy(self->m);
}

/* A number comes out of a slot whose tag the kernel does not know. */
TEST(is_followed_by_no_other_kernel)
{
	struct kptr_percpu_run *m;
	struct bpf_program *prog;
	int err;

	libbpf_set_print(expect_print);
	m = kptr_percpu_run__open();
	ASSERT_NE(NULL, m);
	/* the last that is loaded is the one that is refused */
	bpf_object__for_each_program(prog, m->obj)
		bpf_program__set_log_buf(prog, expect_log, sizeof(expect_log));
	held_choose(m->obj, &m->rodata->which, HELD_ARRAY);
	err = kptr_percpu_run__load(m);
	if (expect_kernel_patched()) {
		EXPECT_EQ(0, err);
	} else {
		EXPECT_EQ(-EACCES, err);
		EXPECT_NE(NULL, strstr(expect_log, "R1 type=scalar expected=percpu_ptr_"));
	}
	kptr_percpu_run__destroy(m);
}

TEST_HARNESS_MAIN
