// SPDX-License-Identifier: GPL-2.0-only
// timeout: 120
// module: none
/*
 * The last reference to a record is dropped by a program that is attached where a
 * lock is held, as one of RCU's could be: nothing is handed to RCU there.  Nor does
 * it matter that the CPU takes no interrupts any more.
 */
#include "lib/cpus.h"
#include "lib/reader.h"
#include "record_locks.skel.h"

#include "lib/harness.h"

#define CPU1	"/sys/devices/system/cpu/cpu1/online"

FIXTURE(locks)
{
	struct reader *r;
	struct record_locks *m;
};

FIXTURE_VARIANT(locks)
{
	bool by_element;
};

FIXTURE_VARIANT_ADD(locks, by_kfunc)
{
	.by_element = false,
};

FIXTURE_VARIANT_ADD(locks, by_destructor)
{
	.by_element = true,
};

FIXTURE_SETUP(locks)
{
	/* anew: no CPU has a callback under way that would free what dies now */
	if (module_loaded())
		ASSERT_EQ(0, module_unload_soon());
	module_load();
	run_on(0);
	self->r = reader_open();
	self->m = record_locks__open_and_load();
	ASSERT_NE(NULL, self->m);
	self->m->bss->root_pid = getpid();
	self->m->bss->by_element = variant->by_element;
	ASSERT_EQ(0, record_locks__attach(self->m));
}

static void close_all(FIXTURE_DATA(locks) *self)
{
	record_locks__destroy(self->m);
	reader__destroy(self->r);
	self->m = NULL;
	self->r = NULL;
}

FIXTURE_TEARDOWN(locks)
{
	close_all(self);
	EXPECT_TRUE(until(10, module_refs() == 0));
}

/* The record of a process that has ended; the map alone has it. */
static void put_record(struct __test_metadata *_metadata, FIXTURE_DATA(locks) *self,
		       __u64 records)
{
	__u64 empty = 0;
	struct gate gate;
	__u32 key = 0;
	pid_t pid;

	ASSERT_EQ(0, bpf_map__update_elem(self->m->maps.hash, &key, sizeof(key), &empty,
					  sizeof(empty), BPF_ANY));
	gate_make(&gate);
	/* the child has the program's memory as well, and would write its 0 there */
	pid = fork();
	if (pid == 0) {
		gate_wait(&gate);
		_exit(0);
	}
	self->m->bss->pid = pid;
	reader_run(self->m->progs.put);
	ASSERT_EQ(0, self->m->bss->ret);
	gate_open(&gate);
	reap(pid);
	gate_close(&gate);
	reader_finish(self->r, 0);
	ASSERT_TRUE(until(5, reader_stats(self->r)->records == records));
}

static bool dropped(const struct record_locks *m, __u64 count)
{
	return __atomic_load_n(&m->bss->dropped, __ATOMIC_RELAXED) == count;
}

static void drop_with_a_lock_held(struct __test_metadata *_metadata, FIXTURE_DATA(locks) *self,
				  __u64 count)
{
	self->m->bss->tid = syscall(SYS_gettid);
	/* whatever the kernel does for this task, it unlocks something */
	EXPECT_TRUE(until(5, dropped(self->m, count)));
	self->m->bss->tid = 0;
}

TEST_F(locks, nothing_is_handed_to_rcu)
{
	put_record(_metadata, self, 1);
	drop_with_a_lock_held(_metadata, self, 1);
	EXPECT_EQ(0, self->m->bss->callbacks);
	EXPECT_TRUE(until(5, reader_stats(self->r)->records == 0));
	EXPECT_TRUE(until(5, slab_records() == 0));
}

/* CPU 1 goes, and is here again afterwards. */
static void cycle_cpu(struct __test_metadata *_metadata, FIXTURE_DATA(locks) *self)
{
	self->m->bss->at_offline = true;
	write_file(CPU1, "0");
	self->m->bss->at_offline = false;
	write_file(CPU1, "1");
	EXPECT_TRUE(dropped(self->m, 1));
}

TEST_F(locks, nor_left_to_a_cpu_that_is_offline)
{
	put_record(_metadata, self, 1);
	cycle_cpu(_metadata, self);

	/* the next one that dies there sees to both */
	put_record(_metadata, self, 2);
	run_on(1);
	drop_with_a_lock_held(_metadata, self, 2);
	EXPECT_EQ(0, self->m->bss->callbacks);
	EXPECT_TRUE(until(5, reader_stats(self->r)->records == 0));
}

TEST_F(locks, nor_forgotten_when_the_module_goes)
{
	put_record(_metadata, self, 1);
	cycle_cpu(_metadata, self);
	close_all(self);
	EXPECT_EQ(0, module_unload_soon());
	EXPECT_TRUE(until(5, access(SLAB_DIR, F_OK)));
	module_load();
}

TEST_HARNESS_MAIN
