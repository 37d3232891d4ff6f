// SPDX-License-Identifier: GPL-2.0-only
// timeout: 120
// rows: C3, C4, E1, E2, E3, E4, E12
/*
 * References to tasks, as the kernel counts them: each that is taken is there, and
 * each goes once, from wherever it was put. By vmlinux's kfuncs, and by the
 * module's on a kernel that has them.
 */
#include <bpf/btf.h>

#include "lib/reader.h"
#include "lib/expect.h"
#include "task_refs.skel.h"

#include "lib/harness.h"

FIXTURE(refs)
{
	struct task_refs *t;
	struct gate gate;
	pid_t pid;	/* a child that waits at the gate, 0: it has ended */
	__u32 before;	/* references to it */
};

FIXTURE_VARIANT(refs)
{
	bool by_module;
};

FIXTURE_VARIANT_ADD(refs, by_vmlinux)
{
};

FIXTURE_VARIANT_ADD(refs, by_module)
{
	.by_module = true,
};

static int run_prog(struct bpf_program *prog, struct task_refs *t)
{
	reader_run(prog);
	return t->bss->ret;
}

static int element(struct task_refs *t)
{
	__u64 value = 0;
	__u32 key = 0;

	return bpf_map__update_elem(t->bss->in_hash ? t->maps.hash : t->maps.array, &key,
				    sizeof(key), &value, sizeof(value), BPF_ANY);
}

/* References that the kernel counts of a process, with those of the kernel itself. */
static __u32 refs_of(struct task_refs *t, pid_t pid)
{
	pid_t was = t->bss->pid;

	t->bss->pid = pid;
	if (run_prog(t->progs.count_refs, t) || t->bss->number != pid)
		die("no task %d", pid);
	t->bss->pid = was;
	return t->bss->refs;
}

FIXTURE_SETUP(refs)
{
	if (variant->by_module && !expect_kernel_patched())
		SKIP(return, "the kernel lacks the patches of kernel/patches");
	self->t = task_refs__open();
	ASSERT_NE(NULL, self->t);
	self->t->rodata->by_module = variant->by_module;
	ASSERT_EQ(0, task_refs__load(self->t));
	self->t->bss->root_pid = getpid();

	gate_make(&self->gate);
	self->pid = fork();
	if (self->pid == 0) {
		gate_wait(&self->gate);
		_exit(0);
	}
	self->t->bss->pid = self->pid;
	self->before = refs_of(self->t, self->pid);
}

FIXTURE_TEARDOWN(refs)
{
	if (self->pid) {
		gate_open(&self->gate);
		reap(self->pid);
	}
	gate_close(&self->gate);
	task_refs__destroy(self->t);
}

/* The child has ended and has been reaped. */
static void end_child(FIXTURE_DATA(refs) *self)
{
	gate_open(&self->gate);
	reap(self->pid);
	self->pid = 0;
}

TEST_F(refs, one_is_taken_and_dropped)
{
	ASSERT_EQ(0, run_prog(self->t->progs.acquire_and_release, self->t));
	EXPECT_EQ(self->before + 1, self->t->bss->during);
	EXPECT_EQ(self->before, self->t->bss->refs);
	EXPECT_EQ(self->before, refs_of(self->t, self->pid));
}

TEST_F(refs, at_the_start_of_a_process)
{
	struct bpf_link *link = bpf_program__attach(self->t->progs.on_fork);
	pid_t pid;

	ASSERT_NE(NULL, link);
	pid = fork();
	if (pid == 0)
		_exit(0);
	reap(pid);
	bpf_link__destroy(link);
	EXPECT_EQ(1, self->t->bss->of_argument);
	EXPECT_EQ(1, self->t->bss->of_current);
	EXPECT_EQ(1, self->t->bss->of_leader);
	EXPECT_TRUE(self->t->bss->same_by_number);
}

TEST_F(refs, none_to_one_that_is_being_freed)
{
	struct bpf_link *link = bpf_program__attach(self->t->progs.on_free);

	ASSERT_NE(NULL, link);
	end_child(self);
	EXPECT_TRUE(until(10, __atomic_load_n(&self->t->bss->dead, __ATOMIC_RELAXED) == 1));
	EXPECT_EQ(0, self->t->bss->risen);
	bpf_link__destroy(link);
}

TEST_F(refs, none_by_a_number_that_nobody_has)
{
	EXPECT_EQ(0, run_prog(self->t->progs.from_invalid, self->t));
	EXPECT_EQ(0, run_prog(self->t->progs.count_refs, self->t));
	end_child(self);
	EXPECT_EQ(-1, run_prog(self->t->progs.count_refs, self->t));
}

TEST_F(refs, by_other_names)
{
	EXPECT_EQ(0, run_prog(self->t->progs.by_other_names, self->t));
}

TEST_F(refs, a_map_has_one)
{
	/* nothing there */
	EXPECT_EQ(-2, run_prog(self->t->progs.get, self->t));
	EXPECT_EQ(-2, run_prog(self->t->progs.take, self->t));

	ASSERT_EQ(0, run_prog(self->t->progs.put, self->t));
	EXPECT_EQ(self->before + 1, refs_of(self->t, self->pid));
	ASSERT_EQ(0, run_prog(self->t->progs.get, self->t));
	EXPECT_EQ(self->pid, self->t->bss->number);
	EXPECT_EQ(self->before + 2, self->t->bss->during);
	EXPECT_EQ(self->before + 1, refs_of(self->t, self->pid));

	ASSERT_EQ(0, run_prog(self->t->progs.take, self->t));
	EXPECT_EQ(self->before, self->t->bss->refs);
	EXPECT_EQ(self->before, refs_of(self->t, self->pid));
	EXPECT_EQ(-2, run_prog(self->t->progs.get, self->t));
}

TEST_F(refs, put_twice_one_is_left)
{
	ASSERT_EQ(0, run_prog(self->t->progs.put, self->t));
	ASSERT_EQ(0, run_prog(self->t->progs.put, self->t));
	EXPECT_EQ(self->before + 1, refs_of(self->t, self->pid));
}

TEST_F(refs, goes_with_an_update)
{
	ASSERT_EQ(0, run_prog(self->t->progs.put, self->t));
	ASSERT_EQ(0, element(self->t));
	EXPECT_EQ(self->before, refs_of(self->t, self->pid));
}

TEST_F(refs, goes_with_its_element)
{
	__u32 key = 0;

	self->t->bss->in_hash = true;
	ASSERT_EQ(0, element(self->t));
	ASSERT_EQ(0, run_prog(self->t->progs.put, self->t));
	EXPECT_EQ(self->before + 1, refs_of(self->t, self->pid));
	ASSERT_EQ(0, bpf_map__delete_elem(self->t->maps.hash, &key, sizeof(key), 0));
	EXPECT_TRUE(until(5, refs_of(self->t, self->pid) == self->before));
}

TEST_F(refs, goes_with_the_map)
{
	struct task_refs *watch = task_refs__open_and_load();

	ASSERT_NE(NULL, watch);
	ASSERT_EQ(0, run_prog(self->t->progs.put, self->t));
	EXPECT_EQ(self->before + 1, refs_of(watch, self->pid));
	task_refs__destroy(self->t);
	self->t = NULL;
	EXPECT_TRUE(until(5, refs_of(watch, self->pid) == self->before));
	task_refs__destroy(watch);
}

TEST_F(refs, goes_with_the_object_that_has_it)
{
	ASSERT_EQ(0, run_prog(self->t->progs.leave_in_object, self->t));
	EXPECT_EQ(self->before + 1, self->t->bss->during);
	EXPECT_EQ(self->before, self->t->bss->refs);
	EXPECT_EQ(self->before, refs_of(self->t, self->pid));
}

TEST_F(refs, task_in_a_map_outlives_its_process)
{
	struct bpf_link *link = bpf_program__attach(self->t->progs.on_free);
	pid_t pid = self->pid;

	ASSERT_NE(NULL, link);
	ASSERT_EQ(0, run_prog(self->t->progs.put, self->t));
	end_child(self);
	EXPECT_EQ(-1, run_prog(self->t->progs.count_refs, self->t));
	ASSERT_EQ(0, run_prog(self->t->progs.get, self->t));
	EXPECT_EQ(pid, self->t->bss->number);
	EXPECT_EQ(0, self->t->bss->dead);
	/* the kernel's own have gone, or are about to */
	EXPECT_TRUE(until(5, (run_prog(self->t->progs.get, self->t),
			      self->t->bss->during == 2)));
	ASSERT_EQ(0, run_prog(self->t->progs.take, self->t));
	EXPECT_EQ(pid, self->t->bss->number);
	EXPECT_TRUE(until(10, __atomic_load_n(&self->t->bss->dead, __ATOMIC_RELAXED) == 1));
	EXPECT_EQ(0, self->t->bss->risen);
	bpf_link__destroy(link);
}

TEST_F(refs, task_in_a_map_keeps_its_storage)
{
	__u32 mine = refs_of(self->t, getpid());

	ASSERT_EQ(0, run_prog(self->t->progs.put_into_storage, self->t));
	EXPECT_EQ(mine + 1, refs_of(self->t, getpid()));
	ASSERT_EQ(0, run_prog(self->t->progs.put, self->t));
	end_child(self);
	EXPECT_EQ(-1, run_prog(self->t->progs.count_refs, self->t));

	ASSERT_EQ(0, run_prog(self->t->progs.get_from_storage, self->t));
	EXPECT_EQ(getpid(), self->t->bss->number);
	EXPECT_EQ(mine + 1, refs_of(self->t, getpid()));

	ASSERT_EQ(0, run_prog(self->t->progs.take, self->t));
	EXPECT_TRUE(until(10, refs_of(self->t, getpid()) == mine));
}

TEST_F(refs, storage_goes_with_a_task_that_nobody_has)
{
	__u32 mine = refs_of(self->t, getpid());

	ASSERT_EQ(0, run_prog(self->t->progs.put_into_storage, self->t));
	end_child(self);
	EXPECT_TRUE(until(10, refs_of(self->t, getpid()) == mine));
}

TEST_HARNESS_MAIN
