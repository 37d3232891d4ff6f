// SPDX-License-Identifier: GPL-2.0-only
// timeout: 180
// module: none
/*
 * The module cannot be unloaded while anything refers to it, and can be once
 * that is gone: for each thing that may refer to it, both.
 */
#include "lib/cpus.h"
#include "lib/expect.h"
#include "lib/policy.h"
#include "drops.skel.h"
#include "slow_drops.skel.h"

#include "lib/harness.h"

#define PIN	"/sys/fs/bpf/taskhold-unload"
#define RECORDS	20000	/* some times what one callback of RCU frees */

FIXTURE(unload)
{
	struct bpf_newest before;	/* BPF objects that are not of this test */
};

FIXTURE_SETUP(unload)
{
	if (!module_loaded())
		module_load();
	self->before = bpf_newest();
}

FIXTURE_TEARDOWN(unload)
{
}

static void expect_refused(struct __test_metadata *_metadata)
{
	EXPECT_LT(0, module_refs());
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	EXPECT_TRUE(module_loaded());
}

static void expect_unloaded(struct __test_metadata *_metadata)
{
	EXPECT_EQ(0, module_unload_soon());
	EXPECT_FALSE(module_loaded());
	/* the module's text and memory go together */
	EXPECT_TRUE(until(5, access(SLAB_DIR, F_OK)));
}

TEST_F(unload, nobody_uses_it)
{
	EXPECT_EQ(0, module_refs());
	expect_unloaded(_metadata);
}

TEST_F(unload, a_policy_is_loaded_and_not_attached)
{
	struct policy *p = policy_open("unload");

	policy_load(p);
	expect_refused(_metadata);
	policy__destroy(p);
	expect_unloaded(_metadata);
}

TEST_F(unload, a_policy_is_attached)
{
	struct reader *r = reader_open();
	struct policy *p = policy_open("unload");

	policy_load(p);
	policy_attach(p, r);
	reader__destroy(r);
	expect_refused(_metadata);
	policy__destroy(p);
	expect_unloaded(_metadata);
}

TEST_F(unload, a_link_is_pinned_and_no_process_has_it)
{
	struct reader *r;
	struct policy *p;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		p = policy_open("unload");
		policy_load(p);
		p->links.ops = bpf_map__attach_struct_ops(p->maps.ops);
		_exit(!p->links.ops || bpf_link__pin(p->links.ops, PIN));
	}
	ASSERT_EQ(0, reap(pid));
	r = reader_open();
	EXPECT_EQ(0, reader_slot(r, "unload"));
	reader__destroy(r);
	expect_refused(_metadata);
	ASSERT_EQ(0, unlink(PIN));
	expect_unloaded(_metadata);
}

TEST_F(unload, a_program_that_calls_a_kfunc_is_loaded)
{
	struct reader *r = reader__open();
	struct bpf_program *prog;
	int fd;

	bpf_object__for_each_program(prog, r->obj)
		bpf_program__set_autoload(prog, prog == r->progs.read_stats);
	ASSERT_EQ(0, reader__load(r));
	fd = dup(bpf_program__fd(r->progs.read_stats));
	reader__destroy(r);
	/* the program, and the memory that it writes to */
	EXPECT_TRUE(until(10, bpf_made_since(self->before) <= 3));
	expect_refused(_metadata);
	close(fd);
	expect_unloaded(_metadata);
}

TEST_F(unload, its_policy_is_killed)
{
	struct reader *r = reader_open();
	struct gate attached;
	struct policy *p;
	pid_t pid;

	gate_make(&attached);
	pid = fork();
	if (pid == 0) {
		p = policy_open("unload");
		p->bss->hold_all = true;
		policy_load(p);
		p->links.ops = bpf_map__attach_struct_ops(p->maps.ops);
		if (!p->links.ops)
			_exit(1);
		gate_open(&attached);
		for (;;)
			pause();
	}
	gate_wait_here(&attached);
	ASSERT_EQ(1, reader_stats(r)->policies);
	ASSERT_LT(10, reader_stats(r)->live);
	expect_refused(_metadata);

	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(SIGKILL, WTERMSIG(reap(pid)));
	EXPECT_TRUE(until(5, reader_stats(r)->policies == 0));
	EXPECT_TRUE(until(5, reader_stats(r)->live == 0));
	EXPECT_TRUE(until(5, reader_stats(r)->records == 0));
	reader__destroy(r);
	gate_close(&attached);
	expect_unloaded(_metadata);
}

TEST_F(unload, it_has_records_to_free)
{
	struct reader *r = reader_open();
	struct policy *p = policy_open("unload");
	int i;

	p->bss->hold_all = true;
	policy_load(p);
	policy_attach(p, r);
	reader__destroy(r);
	for (i = 0; i < RECORDS; i++) {
		pid_t pid = vfork();

		if (pid == 0)
			_exit(0);
		reap(pid);
	}
	EXPECT_LE(RECORDS, slab_records());
	/* callbacks of RCU that are text of the module are still to come */
	policy__destroy(p);
	expect_unloaded(_metadata);
	module_load();
	EXPECT_TRUE(until(5, slab_records() == 0));
}

/* The processors for work that is bound to none, which is where maps are freed. */
#define UNBOUND	"/sys/devices/virtual/workqueue/cpumask"

TEST_F(unload, pids_and_files_have_just_been_dropped)
{
	struct slow_drops *slow;
	struct drops *m;
	char mask[64];
	int fd[2];

	if (!expect_kernel_patched())
		SKIP(return, "the kernel lacks the patches of kernel/patches");
	ASSERT_EQ(0, pipe2(fd, O_CLOEXEC));
	m = drops__open_and_load();
	ASSERT_NE(NULL, m);
	slow = slow_drops__open_and_load();
	ASSERT_NE(NULL, slow);
	m->bss->fd = fd[1];
	reader_run(m->progs.put_all);
	EXPECT_EQ(DROPS, m->bss->pids);
	EXPECT_EQ(1, m->bss->files);
	/* the last reference to the end to write to is the map's */
	close(fd[1]);

	/*
	 * The callbacks of RCU that drop the pids are text of the module, and take
	 * a second. All else that is waited for until it can be unloaded is queued
	 * on the other processor, as what comes after them on theirs waits for them.
	 */
	slow->bss->nr = getpid();
	ASSERT_EQ(0, slow_drops__attach(slow));
	ASSERT_LT(0, read_file(UNBOUND, mask, sizeof(mask)));
	write_file(UNBOUND, "1");
	run_on(1);
	reader_run(m->progs.drop_pids);
	run_on(0);
	drops__destroy(m);
	expect_unloaded(_metadata);
	EXPECT_LE(DROPS, slow->bss->dropped);
	EXPECT_TRUE(until(5, hung_up(fd[0])));
	write_file(UNBOUND, mask);
	slow_drops__destroy(slow);
	close(fd[0]);
}

TEST_HARNESS_MAIN
