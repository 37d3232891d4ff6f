// SPDX-License-Identifier: GPL-2.0-only
/*
 * A check that cannot fail checks nothing: expectations that are wrong must be
 * found to be, and for the right reason.
 */
#include <taskhold/types.h>

#include "lib/expect.h"

#include "expect_wrong.skel.h"

static const struct {
	const char *name, *reason;	/* NULL: it is right */
} programs[] = {
	{ "right_success", NULL },
	{ "right_failure", NULL },
	{ "loads_after_all", "it was accepted" },
	{ "refused_after_all", "refused: " },
	{ "another_message", "the log lacks 'unbounded memory access'" },
	{ "one_of_two", "the log lacks 'unbounded memory access'" },
	{ "right_silence", NULL },
	{ "said_after_all", "the log has 'taskhold_rec_lookup'" },
	{ "said_when_loaded", "the log has 'R10=fp0'" },
	{ "says_only_silence", "it lacks __msg" },
	{ "never_verified", "there is no log" },
	{ "refused_before", "the log lacks 'unbounded memory access'" },
	{ "says_nothing", "it must say either __success or __failure" },
	{ "says_no_why", "it lacks __why" },
	{ "says_no_message", "it lacks __msg" },
	{ "says_both", "it must say either __success or __failure" },
	{ "says_what_nobody_knows", "tag 'expect:lood=success' is not known" },
	{ "is_not_there", "there is no such program" },
};

int main(void)
{
	struct expectation e;
	struct bpf_object *obj;
	char reason[400];
	const void *elf;
	size_t size;
	unsigned int i;

	libbpf_set_print(expect_print);
	elf = expect_wrong__elf_bytes(&size);
	obj = expect_open(elf, size);
	if (!obj)
		ksft_exit_fail_msg("cannot open the object: %s\n", strerror(errno));

	ksft_print_header();
	ksft_set_plan(ARRAY_SIZE(programs));
	for (i = 0; i < ARRAY_SIZE(programs); i++) {
		bool good;

		memset(&e, 0, sizeof(e));
		snprintf(e.name, sizeof(e.name), "%s", programs[i].name);
		reason[0] = '\0';
		if (!strcmp(e.name, "is_not_there"))
			e.success = true;
		else
			expect_read(bpf_object__btf(obj), &e, reason, sizeof(reason));
		good = !reason[0] && expect_check(elf, size, &e, reason, sizeof(reason));
		ksft_print_msg("%s: %s\n", e.name, good ? "good" : reason);
		ksft_test_result(good ? !programs[i].reason :
				 programs[i].reason && strstr(reason, programs[i].reason),
				 "%s is found %s\n", e.name, programs[i].reason ? "wrong" : "right");
	}
	bpf_object__close(obj);
	ksft_finished();
}
