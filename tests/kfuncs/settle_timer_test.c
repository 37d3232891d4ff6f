// SPDX-License-Identifier: GPL-2.0-only
/*
 * taskhold_settle() sleeps, and the verifier of 6.12 lets the callback of a timer call
 * it if the program that starts the timer may: it says so, and does not sleep.
 */
#include "lib/reader.h"
#include "settle_timer.skel.h"

#include "lib/harness.h"

TEST(does_not_sleep_in_a_timer)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	struct settle_timer *s = settle_timer__open_and_load();

	ASSERT_NE(NULL, s);
	ASSERT_EQ(0, bpf_prog_test_run_opts(bpf_program__fd(s->progs.start), &opts));
	ASSERT_EQ(0, opts.retval);
	EXPECT_TRUE(until(5, s->data->settled == -EBUSY)) {
		TH_LOG("it returned %d", s->data->settled);
	}
	settle_timer__destroy(s);
}

TEST_HARNESS_MAIN
