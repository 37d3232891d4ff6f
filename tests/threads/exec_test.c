// SPDX-License-Identifier: GPL-2.0-only
// timeout: 180
/*
 * exec by another thread than the first: it takes over the process and its pid,
 * and all others end. One record for it all, which finishes once, with the CPU
 * time of those before and after; also where exec fails when the others have
 * ended already, of which the module is not told.
 */
#include <linux/elf.h>

#include "lib/threads.h"

#include "lib/harness.h"

#define CGROUP	"exec-thread"
#define ROUNDS	8
#define MS	5	/* of CPU time, each thread, before exec */

#define UNLOADABLE "/tmp/exec-test-unloadable"

FIXTURE(process)
{
	struct reader *r;
	struct policy *p;
	struct seen *seen;
	int slot;
};

FIXTURE_VARIANT(process)
{
	bool older;		/* than the policy */
	bool first_gone;	/* the first thread has exited before exec */
	bool younger;		/* who calls exec has started after the policy */
	bool fails;		/* exec fails when there is no way back */
	bool threads;		/* the policy has records of threads */
};

FIXTURE_VARIANT_ADD(process, born_held)
{
};

FIXTURE_VARIANT_ADD(process, born_held_whose_first_is_gone)
{
	.first_gone = true,
};

FIXTURE_VARIANT_ADD(process, older)
{
	.older = true,
};

FIXTURE_VARIANT_ADD(process, older_whose_first_is_gone)
{
	.older = true, .first_gone = true,
};

FIXTURE_VARIANT_ADD(process, older_with_younger_thread)
{
	.older = true, .younger = true,
};

FIXTURE_VARIANT_ADD(process, older_with_younger_thread_whose_first_is_gone)
{
	.older = true, .younger = true, .first_gone = true,
};

FIXTURE_VARIANT_ADD(process, born_held_that_fails)
{
	.fails = true,
};

FIXTURE_VARIANT_ADD(process, older_that_fails)
{
	.older = true, .fails = true,
};

FIXTURE_VARIANT_ADD(process, older_with_younger_thread_that_fails)
{
	.older = true, .younger = true, .fails = true,
};

FIXTURE_VARIANT_ADD(process, older_with_recorded_threads_that_fails)
{
	.older = true, .younger = true, .fails = true, .threads = true,
};

/*
 * A program that the kernel begins to load, and then finds to want memory where
 * there is none for user space.
 */
static void make_unloadable(void)
{
	struct {
		struct elf64_hdr head;
		struct elf64_phdr load;
	} elf = {
		.head = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
				     ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
			.e_phoff = offsetof(typeof(elf), load), .e_ehsize = sizeof(elf.head),
			.e_phentsize = sizeof(elf.load), .e_phnum = 1,
		},
		.load = {
			.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = 1UL << 63,
			.p_filesz = sizeof(elf), .p_memsz = sizeof(elf), .p_align = 4096,
		},
	};
	int fd = open(UNLOADABLE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	if (fd < 0 || write(fd, &elf, sizeof(elf)) != sizeof(elf) || close(fd))
		die("write %s", UNLOADABLE);
}

FIXTURE_SETUP(process)
{
	make_unloadable();
	cgroup_make(CGROUP);
	self->seen = seen_make();
	self->r = reader_open();
	self->p = policy_open("exec-thread");
	if (variant->threads) {
		policy_ops(self->p)->flags = TASKHOLD_POLICY_THREADS;
		self->p->bss->drop_threads = true;
	}
	policy_load(self->p);
}

FIXTURE_TEARDOWN(process)
{
	policy__destroy(self->p);
	reader__destroy(self->r);
	seen_free(self->seen);
	cgroup_remove(CGROUP);
	unlink(UNLOADABLE);
}

struct job {
	struct seen *seen;
	bool younger;
	bool fails;
};

static void *exec(void *arg)
{
	struct job *job = arg;

	if (job->fails)
		execl(UNLOADABLE, "unloadable", NULL);
	else
		execl("/bin/sh", "sh", "-c", "exit 7", NULL);
	_exit(95);
}

static void *work(void *arg)
{
	struct job *job = arg;

	burn_ms(MS);
	count_up(&job->seen->ready);
	for (;;)
		pause();
	return NULL;
}

static void *exec_when_told(void *arg)
{
	struct job *job = arg;

	burn_ms(MS);
	count_up(&job->seen->ready);
	wait_to_go(job->seen);
	if (job->younger) {
		thread_start(exec, job);
		for (;;)
			pause();
	}
	return exec(job);
}

static void process(struct job *job, bool first_gone)
{
	int i;

	for (i = 0; i < THREADS - 1; i++)
		thread_start(work, job);
	thread_start(exec_when_told, job);
	if (first_gone)
		syscall(SYS_exit, 1);
	for (;;)
		pause();
}

static bool all_there(const struct seen *seen, pid_t pid, bool first_gone)
{
	return counter(&seen->ready) == THREADS && (!first_gone || task_state(pid) == 'Z');
}

TEST_F(process, is_one_record)
{
	int status = variant->fails ? SIGSEGV : 7 << 8;
	struct job job = { self->seen, variant->younger, variant->fails };
	const struct taskhold_policy_stats *stats;
	const struct taskhold_info *info;
	uint64_t before_us;
	pid_t pid;
	int i;

	if (!variant->older)
		self->slot = policy_attach(self->p, self->r);
	for (i = 0; i < ROUNDS; i++) {
		before_us = cgroup_cpu_us(CGROUP);
		memset(self->seen, 0, sizeof(*self->seen));
		pid = fork_into(CGROUP);
		if (pid == 0)
			process(&job, variant->first_gone);
		ASSERT_TRUE(until(10, all_there(self->seen, pid, variant->first_gone)));
		if (variant->older)
			self->slot = policy_attach(self->p, self->r);

		let_go(self->seen);
		ASSERT_EQ(status, reap(pid));
		ASSERT_TRUE(all_finished(self->r, self->slot));

		info = reader_find(self->r, self->slot, pid);
		ASSERT_NE(NULL, info);
		EXPECT_EQ(pid, (pid_t)info->tgid);
		if (!variant->fails)
			EXPECT_STREQ("sh", info->comm);
		EXPECT_EQ(status, info->exit_code);
		EXPECT_TRUE(info->flags & TASKHOLD_INFO_FINISHED);
		EXPECT_EQ(!variant->fails, !!(info->flags & TASKHOLD_INFO_EXECED));
		EXPECT_EQ(variant->older, !!(info->flags & TASKHOLD_INFO_OLDER));
		EXPECT_EQ(THREADS + 1 + variant->younger, info->threads);
		EXPECT_LE(off_by_ns(CGROUP, before_us, cpu_in_all(info)), 1000);
		EXPECT_EQ(1, policy_calls(self->p, POLICY_ADMIT, pid));
		EXPECT_EQ(!variant->fails, policy_calls(self->p, POLICY_EXEC, pid));
		EXPECT_EQ(1, finish_calls(self->p, pid));

		stats = reader_policy(self->r, self->slot);
		ASSERT_NE(NULL, stats);
		EXPECT_EQ(0, stats->live);
		EXPECT_EQ(stats->admitted, stats->finished);
		if (variant->older)
			policy_detach(self->p);
	}
	policy_detach(self->p);
	EXPECT_TRUE(until(5, slab_records() == 0));
}

TEST_HARNESS_MAIN
