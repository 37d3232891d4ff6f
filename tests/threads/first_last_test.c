// SPDX-License-Identifier: GPL-2.0-only
// timeout: 120
/*
 * A process whose first thread exits last: one record, with the CPU time of
 * all of its threads and of their way out, also where that is long.
 */
#include "lib/threads.h"

#include "lib/harness.h"

#define CGROUP	"first-last"
#define MS	250	/* of CPU time, each thread */

struct job {
	struct seen *seen;
	int nr;
};

static void *work(void *arg)
{
	const struct job *job = arg;

	burn_ms(MS);
	job->seen->thread_ns[job->nr] = now_ns(CLOCK_THREAD_CPUTIME_ID);
	return NULL;
}

FIXTURE(process)
{
	struct reader *r;
	struct policy *p;
	struct seen *seen;
	int slot;
};

FIXTURE_VARIANT(process)
{
	size_t bytes;	/* mapped and touched, one page at a time */
	int code;
};

FIXTURE_VARIANT_ADD(process, ends)
{
	.code = 3,
};

/* 131072 pages to give back, in exit_mm(), when the process cannot look any more */
FIXTURE_VARIANT_ADD(process, takes_long_to_exit)
{
	.bytes = 512UL << 20,
	.code = 5,
};

FIXTURE_SETUP(process)
{
	cgroup_make(CGROUP);
	self->seen = seen_make();
	self->r = reader_open();
	self->p = policy_open("first-last");
	policy_load(self->p);
	self->slot = policy_attach(self->p, self->r);
}

FIXTURE_TEARDOWN(process)
{
	policy__destroy(self->p);
	reader__destroy(self->r);
	seen_free(self->seen);
	cgroup_remove(CGROUP);
}

static void __attribute__((noreturn)) process(struct seen *seen, size_t bytes, int code)
{
	struct job jobs[THREADS];
	pthread_t ids[THREADS];
	void *memory;
	int i;

	if (bytes) {
		memory = small_pages(bytes);
		if (!memory || madvise(memory, bytes, MADV_POPULATE_WRITE))
			_exit(97);
	}
	for (i = 0; i < THREADS; i++) {
		jobs[i] = (struct job){ seen, i };
		ids[i] = thread_start(work, &jobs[i]);
	}
	for (i = 0; i < THREADS; i++) {
		if (pthread_join(ids[i], NULL))
			_exit(96);
	}
	seen->process_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	seen->first_ns = now_ns(CLOCK_THREAD_CPUTIME_ID);
	_exit(code);
}

TEST_F(process, is_one_record)
{
	const struct taskhold_info *info;
	uint64_t sum, known, cpu_ns;
	int i;
	pid_t pid = fork_into(CGROUP);

	if (pid == 0)
		process(self->seen, variant->bytes, variant->code);
	ASSERT_EQ(variant->code << 8, reap(pid));
	ASSERT_TRUE(all_finished(self->r, self->slot));

	info = reader_find(self->r, self->slot, pid);
	ASSERT_NE(NULL, info);
	EXPECT_EQ(1, self->r->bss->nr_infos);
	EXPECT_EQ(1, policy_calls(self->p, POLICY_EXIT, pid));
	EXPECT_EQ(1, finish_calls(self->p, pid));
	EXPECT_TRUE(info->flags & TASKHOLD_INFO_FINISHED);
	EXPECT_EQ(THREADS + 1, info->threads);
	EXPECT_EQ(variant->code << 8, info->exit_code);
	cpu_ns = info->use.cpu_ns;

	/* what the threads know of themselves */
	sum = self->seen->first_ns;
	for (i = 0; i < THREADS; i++) {
		EXPECT_LE(MS * 1000000UL, self->seen->thread_ns[i]);
		sum += self->seen->thread_ns[i];
	}
	/*
	 * And the kernel's sum, read by the first thread at the end, which has most
	 * of the way out of the others: on a machine that is not quiet that takes
	 * any time.
	 */
	known = self->seen->process_ns > sum ? self->seen->process_ns : sum;
	TH_LOG("record %lu ns, threads' sum %lu, process %lu, off cpu.stat by %ld", cpu_ns, sum,
	       self->seen->process_ns, off_by_ns(CGROUP, 0, cpu_ns));
	EXPECT_GE(cpu_ns, sum);
	EXPECT_GE(cpu_ns, self->seen->process_ns);
	EXPECT_LE(cpu_ns, known + (variant->bytes ? known : known / 100 * slowness()));
	EXPECT_GE(cpu_ns, self->seen->process_ns + (variant->bytes ? 20000000 : 0));

	/* and what the kernel charged, the way out of the last thread included */
	EXPECT_LE(off_by_ns(CGROUP, 0, cpu_ns), 1000);
}

TEST_HARNESS_MAIN
