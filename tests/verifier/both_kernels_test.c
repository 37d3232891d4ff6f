// SPDX-License-Identifier: GPL-2.0-only
// timeout: 120
// rows: C1, C4
/*
 * One BPF object on kernels with and without the patches of kernel/patches: it goes
 * the way that the kernel has, and does the same either way. No test here asks
 * which kernel it is but the one about the way.
 *
 * That a task is held is seen at its record, which is finished when the kernel
 * lets the task go and no sooner; that a record is held at the allocator.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "lib/cpus.h"
#include "lib/expect.h"
#include "lib/reader.h"
#include "both_kernels.skel.h"

#include "lib/harness.h"

FIXTURE(both)
{
	struct reader *r;
	struct both_kernels *b;
	struct gate gate;
	pid_t pid;	/* a held child that waits at the gate, 0: it has ended */
};

static int update(struct both_kernels *b, __u32 key)
{
	__u64 value[3] = {};

	return bpf_map__update_elem(b->maps.slots, &key, sizeof(key), value, sizeof(value),
				    BPF_ANY);
}

static int delete(struct both_kernels *b, __u32 key)
{
	return bpf_map__delete_elem(b->maps.slots, &key, sizeof(key), 0);
}

FIXTURE_SETUP(both)
{
	self->r = reader_open();
	self->b = both_kernels__open_and_load();
	ASSERT_NE(NULL, self->b);
	self->b->bss->root_pid = getpid();
	self->b->links.ops = bpf_map__attach_struct_ops(self->b->maps.ops);
	ASSERT_NE(NULL, self->b->links.ops);
	ASSERT_EQ(0, update(self->b, 0));

	gate_make(&self->gate);
	self->pid = fork();
	if (self->pid == 0) {
		gate_wait(&self->gate);
		_exit(42);
	}
	self->b->bss->pid = self->pid;
}

static void end_child(struct __test_metadata *_metadata, FIXTURE_DATA(both) *self)
{
	gate_open(&self->gate);
	ASSERT_EQ(42, WEXITSTATUS(reap(self->pid)));
	self->pid = 0;
}

FIXTURE_TEARDOWN(both)
{
	if (self->pid) {
		gate_open(&self->gate);
		reap(self->pid);
	}
	both_kernels__destroy(self->b);
	reader__destroy(self->r);
	gate_close(&self->gate);
	EXPECT_TRUE(until(10, module_refs() == 0));
}

static int run_prog(struct bpf_program *prog, struct both_kernels *b)
{
	reader_run(prog);
	return b->bss->ret;
}

/* The address of a function of the kernel's or a module's, 0 if there is none. */
static __u64 address_of(const char *name)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	char line[512], symbol[256];
	__u64 address, found = 0;
	int fields;

	while (f && !found && fgets(line, sizeof(line), f)) {
		fields = sscanf(line, "%llx %*c %255s", &address, symbol);
		if (fields == 2 && !strcmp(symbol, name))
			found = address;
	}
	if (f)
		fclose(f);
	return found;
}

/* Does what the kernel has made of a program call a kfunc? */
static bool calls(const struct bpf_program *prog, const char *kfunc)
{
	__u64 base = address_of("__bpf_call_base"), address = address_of(kfunc);
	static struct bpf_insn insns[1024];
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info), i;

	info.xlated_prog_insns = (__u64)(unsigned long)insns;
	info.xlated_prog_len = sizeof(insns);
	if (!base || bpf_prog_get_info_by_fd(bpf_program__fd(prog), &info, &len) ||
	    !info.xlated_prog_len || info.xlated_prog_len > sizeof(insns))
		die("look at program %s", bpf_program__name(prog));
	for (i = 0; address && i < info.xlated_prog_len / sizeof(insns[0]); i++) {
		if (insns[i].code == (BPF_JMP | BPF_CALL) &&
		    insns[i].src_reg == BPF_PSEUDO_KFUNC_CALL &&
		    insns[i].imm == (__s32)(address - base))
			return true;
	}
	return false;
}

static const struct way {
	const char *prog;
	const char *kfunc;	/* that it calls on a kernel with the patches */
	const char *otherwise;	/* and else */
} ways[] = {
	{ "get_task", "taskhold_task_kptr_get", "bpf_task_acquire" },
	{ "put_task", "taskhold_task_acquire", "bpf_task_acquire" },
	{ "put_task", "taskhold_task_release", "bpf_task_release" },
	{ "drop_task", "taskhold_task_release", "bpf_task_release" },
	{ "get_rec", "taskhold_rec_kptr_get", "taskhold_rec_acquire" },
	{ "on_finish", "taskhold_rec_kptr_get", "taskhold_rec_acquire" },
};

TEST_F(both, goes_the_way_that_is_there)
{
	bool patched = expect_kernel_patched();
	size_t i;

	reader_run(self->b->progs.ask);
	TH_LOG("task: %s and %s; record: %s; exchange: %s",
	       self->b->bss->by_task_acquire ? "taskhold_task_acquire" : "bpf_task_acquire",
	       self->b->bss->by_task_kptr_get ? "taskhold_task_kptr_get" : "RCU",
	       self->b->bss->by_rec_kptr_get ? "taskhold_rec_kptr_get" : "exchanges",
	       self->b->bss->by_insn ? "an instruction" : "bpf_kptr_xchg");
	EXPECT_EQ(patched, self->b->bss->by_task_acquire);
	EXPECT_EQ(patched, self->b->bss->by_task_kptr_get);
	EXPECT_EQ(patched, self->b->bss->by_rec_kptr_get);
	EXPECT_EQ(patched, self->b->bss->by_insn);
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		struct bpf_program *prog;

		prog = bpf_object__find_program_by_name(self->b->obj, ways[i].prog);
		ASSERT_NE(NULL, prog);
		EXPECT_EQ(patched, calls(prog, ways[i].kfunc))
			TH_LOG("%s, %s", ways[i].prog, ways[i].kfunc);
		EXPECT_EQ(!patched, calls(prog, ways[i].otherwise))
			TH_LOG("%s, %s", ways[i].prog, ways[i].otherwise);
	}
}

TEST_F(both, nothing_is_got_from_an_empty_slot)
{
	EXPECT_EQ(-2, run_prog(self->b->progs.get_task, self->b));
	EXPECT_EQ(-2, run_prog(self->b->progs.drop_task, self->b));
	EXPECT_EQ(-2, run_prog(self->b->progs.get_rec, self->b));
	EXPECT_EQ(-2, run_prog(self->b->progs.drop_rec, self->b));
	ASSERT_EQ(0, delete(self->b, 0));
	EXPECT_EQ(-1, run_prog(self->b->progs.get_task, self->b));
	EXPECT_EQ(-1, run_prog(self->b->progs.get_rec, self->b));
}

TEST_F(both, task_is_got_and_stays)
{
	pid_t pid = self->pid;
	int i;

	ASSERT_EQ(0, run_prog(self->b->progs.put_task, self->b));
	end_child(_metadata, self);
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, run_prog(self->b->progs.get_task, self->b));
		ASSERT_EQ(pid, self->b->bss->number);
	}
	/* a reference too few, and the process would have finished by now */
	reader_settle(self->r);
	EXPECT_EQ(1, reader_stats(self->r)->live);
	ASSERT_EQ(0, run_prog(self->b->progs.drop_task, self->b));
	/* one too many, and it would not finish */
	reader_finish(self->r, 0);
	EXPECT_EQ(-2, run_prog(self->b->progs.get_task, self->b));
}

TEST_F(both, task_goes_with_its_element)
{
	ASSERT_EQ(0, run_prog(self->b->progs.put_task, self->b));
	ASSERT_EQ(0, run_prog(self->b->progs.get_task, self->b));
	end_child(_metadata, self);
	reader_settle(self->r);
	EXPECT_EQ(1, reader_stats(self->r)->live);
	ASSERT_EQ(0, delete(self->b, 0));
	reader_finish(self->r, 0);
}

TEST_F(both, record_is_got_and_stays)
{
	pid_t pid = self->pid;
	int i;

	ASSERT_EQ(0, run_prog(self->b->progs.put_rec, self->b));
	end_child(_metadata, self);
	reader_finish(self->r, 0);
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, run_prog(self->b->progs.get_rec, self->b));
		ASSERT_EQ(pid, (pid_t)self->b->bss->info.tgid);
	}
	EXPECT_EQ(42 << 8, self->b->bss->info.exit_code);
	EXPECT_EQ(1, reader_stats(self->r)->records);
	EXPECT_EQ(1, slab_records());
	ASSERT_EQ(0, run_prog(self->b->progs.drop_rec, self->b));
	EXPECT_TRUE(until(5, reader_stats(self->r)->records == 0));
	EXPECT_TRUE(until(5, slab_records() == 0));
	EXPECT_EQ(-2, run_prog(self->b->progs.get_rec, self->b));
}

TEST_F(both, record_goes_with_its_element)
{
	ASSERT_EQ(0, run_prog(self->b->progs.put_rec, self->b));
	ASSERT_EQ(0, run_prog(self->b->progs.get_rec, self->b));
	end_child(_metadata, self);
	reader_finish(self->r, 0);
	ASSERT_EQ(0, run_prog(self->b->progs.get_rec, self->b));
	EXPECT_EQ(1, slab_records());
	ASSERT_EQ(0, delete(self->b, 0));
	EXPECT_TRUE(until(5, slab_records() == 0));
}

TEST_F(both, policy_gets_what_a_program_has_put)
{
	ASSERT_EQ(0, run_prog(self->b->progs.put_rec, self->b));
	EXPECT_EQ(0, self->b->bss->finished_with);
	end_child(_metadata, self);
	reader_finish(self->r, 0);
	EXPECT_EQ(1, self->b->bss->finished_with);
	/* it was put back */
	EXPECT_EQ(0, run_prog(self->b->progs.get_rec, self->b));
}

/* ---- on two processors at once ---- */

struct worker {
	pthread_t thread;
	int cpu;
	struct bpf_program *prog;
	atomic_bool *stop;
};

static void *work(void *arg)
{
	struct worker *w = arg;

	run_on(w->cpu);
	while (!*w->stop)
		reader_run(w->prog);
	return NULL;
}

/* Run two programs, each on a processor of its own, for two seconds and until they meet. */
static void race(struct __test_metadata *_metadata, struct both_kernels *b,
		 struct bpf_program *one, struct bpf_program *other)
{
	atomic_bool stop = false;
	struct worker workers[2] = {
		{ .cpu = 0, .prog = one, .stop = &stop },
		{ .cpu = 1, .prog = other, .stop = &stop },
	};
	int i;

	b->bss->rounds = 200;
	for (i = 0; i < 2; i++) {
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			die("make a thread");
	}
	/* nothing is to come that could be waited for: time is what is tested */
	go_on_for(2);
	EXPECT_TRUE(until(30, b->bss->met));
	stop = true;
	for (i = 0; i < 2; i++)
		pthread_join(workers[i].thread, NULL);
}

TEST_F(both, record_is_got_by_two_at_once)
{
	pid_t pid = self->pid;

	ASSERT_EQ(0, run_prog(self->b->progs.put_rec, self->b));
	race(_metadata, self->b, self->b->progs.get_many, self->b->progs.get_many);
	TH_LOG("%llu got, %llu times nothing was there", self->b->bss->got,
	       self->b->bss->missed);
	TH_LOG("%llu times the other one got it meanwhile", self->b->bss->met);
	EXPECT_LT(0, self->b->bss->got);
	/* nothing is missed where the slot keeps the record; it is never lost */
	reader_run(self->b->progs.ask);
	if (self->b->bss->by_rec_kptr_get)
		EXPECT_EQ(0, self->b->bss->missed);
	ASSERT_EQ(0, run_prog(self->b->progs.get_rec, self->b));
	EXPECT_EQ(pid, (pid_t)self->b->bss->info.tgid);
	end_child(_metadata, self);
	reader_finish(self->r, 0);
	EXPECT_EQ(1, slab_records());
	ASSERT_EQ(0, run_prog(self->b->progs.drop_rec, self->b));
	EXPECT_TRUE(until(5, slab_records() == 0));
}

TEST_F(both, record_is_got_while_it_is_replaced)
{
	ASSERT_EQ(0, run_prog(self->b->progs.put_rec, self->b));
	race(_metadata, self->b, self->b->progs.get_many, self->b->progs.put_many);
	TH_LOG("%llu put, %llu got, %llu times nothing was there", self->b->bss->put,
	       self->b->bss->got, self->b->bss->missed);
	TH_LOG("%llu times another one was put meanwhile", self->b->bss->met);
	EXPECT_LT(0, self->b->bss->put);
	EXPECT_LT(0, self->b->bss->got);
	ASSERT_EQ(0, run_prog(self->b->progs.get_rec, self->b));
	end_child(_metadata, self);
	reader_finish(self->r, 0);
	EXPECT_EQ(1, slab_records());
	ASSERT_EQ(0, run_prog(self->b->progs.drop_rec, self->b));
	EXPECT_TRUE(until(5, slab_records() == 0));
}

TEST_HARNESS_MAIN
