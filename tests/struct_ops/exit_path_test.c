// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
/*
 * What a process costs on its way out is in its record: tearing down a large
 * address space comes after the last moment at which the process itself, or
 * taskstats, could look.
 */
#include <sys/mman.h>

#include "lib/policy.h"

#include "lib/harness.h"

#define CGROUP	"taskhold-exit-path"
#define BYTES	(512UL << 20)	/* touched page by page */

static uint64_t *last_reading;

FIXTURE(exit_path)
{
	struct reader *r;
	struct policy *p;
	struct gate gate;
	int slot;
};

FIXTURE_SETUP(exit_path)
{
	last_reading = mmap(NULL, sizeof(*last_reading), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, last_reading);
	cgroup_make(CGROUP);
	gate_make(&self->gate);
	self->r = reader_open();
	self->p = policy_open("exit-path");
	policy_load(self->p);
	self->slot = policy_attach(self->p, self->r);
}

FIXTURE_TEARDOWN(exit_path)
{
	policy__destroy(self->p);
	reader__destroy(self->r);
	gate_close(&self->gate);
	cgroup_remove(CGROUP);
	munmap(last_reading, sizeof(*last_reading));
}

TEST_F(exit_path, is_in_the_record)
{
	const struct taskhold_info *info;
	struct rusage usage;
	uint64_t wait_us, record_us, cgroup_us, exit_us;
	int status;
	char *mem;
	pid_t pid;
	size_t i;

	pid = fork();
	if (pid == 0) {
		gate_wait(&self->gate);
		mem = small_pages(BYTES);
		if (!mem)
			_exit(95);
		for (i = 0; i < BYTES; i += 4096)
			mem[i] = 1;
		*last_reading = now_ns(CLOCK_PROCESS_CPUTIME_ID);
		_exit(0);
	}
	cgroup_move(CGROUP, pid);
	gate_open(&self->gate);
	ASSERT_EQ(pid, wait4(pid, &status, 0, &usage));
	ASSERT_EQ(0, status);
	reader_finish(self->r, 0);

	info = reader_find(self->r, self->slot, pid);
	ASSERT_NE(NULL, info);
	record_us = info->use.cpu_ns / 1000;
	wait_us = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000ULL +
		  usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
	exit_us = record_us - *last_reading / 1000;
	/* what it used before it was moved is no part of the cgroup's */
	cgroup_us = cgroup_cpu_us(CGROUP);
	TH_LOG("own last reading %lu us, exit path %lu us, wait4 %lu us, record %lu us, cgroup %lu us",
	       *last_reading / 1000, exit_us, wait_us, record_us, cgroup_us);

	EXPECT_LE(BYTES, info->max_rss);
	EXPECT_LE(BYTES / 4096, info->use.min_flt);
	/* 131,072 pages take more than 10 ms to give back on any machine */
	EXPECT_LE(10000, exit_us);
	/* wait4() cannot see the last switch away, and nothing else is between them */
	EXPECT_LE(wait_us, record_us + 1);
	EXPECT_GE(1000 + record_us / 100, record_us - wait_us);
	EXPECT_GE(1000 + record_us / 100,
		  (uint64_t)labs((long)(info->use.cpu_ns - info->cpu_moved_ns) / 1000 -
				 (long)cgroup_us));
}

TEST_HARNESS_MAIN
