// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
/*
 * A program that takes the place of another one's function may call the kfuncs that
 * the other one may, and no others: it is run as that one is.
 */
#include "lib/reader.h"
#include "replaced.skel.h"
#include "replacing.skel.h"

#include "lib/harness.h"

FIXTURE(replaced)
{
	struct replaced *target;
	struct replacing *m;
	char log[1 << 14];
};

FIXTURE_SETUP(replaced)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .kernel_log_level = 1,
		    .kernel_log_buf = self->log, .kernel_log_size = sizeof(self->log));
	struct bpf_program *prog;

	self->target = replaced__open_and_load();
	ASSERT_NE(NULL, self->target);
	self->m = replacing__open_opts(&opts);
	ASSERT_NE(NULL, self->m);
	bpf_object__for_each_program(prog, self->m->obj)
		bpf_program__set_autoload(prog, false);
}

FIXTURE_TEARDOWN(replaced)
{
	replacing__destroy(self->m);
	replaced__destroy(self->target);
}

/* Loads one program, for a function of another. */
static int load(struct replacing *m, struct bpf_program *prog, struct bpf_program *target,
		const char *function)
{
	int err = bpf_program__set_attach_target(prog, bpf_program__fd(target), function);

	bpf_program__set_autoload(prog, true);
	return err ?: replacing__load(m);
}

TEST_F(replaced, none_in_perf_event)
{
	EXPECT_EQ(-EACCES, load(self->m, self->m->progs.stats_in_perf_event,
				self->target->progs.in_perf_event, "of_perf_event"));
	EXPECT_NE(NULL, strstr(self->log,
			       "calling kernel function taskhold_stats_read is not allowed")) {
		TH_LOG("%s", self->log);
	}
}

/* It is not taking its place that is refused. */
TEST_F(replaced, what_calls_none_in_perf_event)
{
	EXPECT_EQ(0, load(self->m, self->m->progs.none_in_perf_event,
			  self->target->progs.in_perf_event, "of_perf_event")) {
		TH_LOG("%s", self->log);
	}
}

/* A kfunc for SYSCALL programs alone. */
TEST_F(replaced, totals_in_syscall)
{
	EXPECT_EQ(0, load(self->m, self->m->progs.totals_in_syscall,
			  self->target->progs.in_syscall, "of_syscall")) {
		TH_LOG("%s", self->log);
	}
}

TEST_HARNESS_MAIN
