// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// kernel: patched
// rows: B2
/*
 * The exchange of kptrs by an instruction in a program that the interpreter runs,
 * and in one that the JIT has translated: the same. kptr_get is a call of the
 * kernel's, which only the latter can have.
 */
#include "lib/expect.h"
#include "lib/reader.h"
#include "interpreter.skel.h"

#include "lib/harness.h"

#define JIT	"/proc/sys/net/core/bpf_jit_enable"

FIXTURE(jit)
{
	struct interpreter *m;
	char before[16];	/* of bpf_jit_enable */
};

FIXTURE_VARIANT(jit)
{
	bool on;
};

FIXTURE_VARIANT_ADD(jit, interpreted) { .on = false };
FIXTURE_VARIANT_ADD(jit, translated) { .on = true };

FIXTURE_SETUP(jit)
{
	libbpf_set_print(expect_print);
	ASSERT_LT(0, read_file(JIT, self->before, sizeof(self->before)));
	write_file(JIT, variant->on ? "1" : "0");
	self->m = interpreter__open();
	ASSERT_NE(NULL, self->m);
}

FIXTURE_TEARDOWN(jit)
{
	interpreter__destroy(self->m);
	write_file(JIT, self->before);
}

TEST_F(jit, exchange)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);
	__u64 task;

	bpf_program__set_autoload(self->m->progs.got, false);
	ASSERT_EQ(0, interpreter__load(self->m));
	ASSERT_EQ(0, bpf_prog_get_info_by_fd(bpf_program__fd(self->m->progs.exchange), &info,
					     &len));
	ASSERT_EQ(variant->on, !!info.jited_prog_len);

	reader_run(self->m->progs.exchange);
	task = self->m->bss->new;
	EXPECT_NE(0, task);
	EXPECT_EQ(0, self->m->bss->old);
	EXPECT_EQ(task, self->m->bss->found);

	/* the old value is the one that was there, and leads to the object */
	reader_run(self->m->progs.exchange);
	EXPECT_EQ(task, self->m->bss->old);
	EXPECT_EQ(gettid(), self->m->bss->pid);

	self->m->bss->clear = true;
	reader_run(self->m->progs.exchange);
	EXPECT_EQ(task, self->m->bss->old);
	EXPECT_EQ(0, self->m->bss->found);
	reader_run(self->m->progs.exchange);
	EXPECT_EQ(0, self->m->bss->old);
	EXPECT_EQ(0, self->m->bss->pid);
}

TEST_F(jit, kptr_get)
{
	bpf_program__set_autoload(self->m->progs.exchange, false);
	expect_libbpf[0] = '\0';
	if (variant->on) {
		ASSERT_EQ(0, interpreter__load(self->m));
		reader_run(self->m->progs.got);
		return;
	}
	ASSERT_EQ(-ENOTSUPP, interpreter__load(self->m));
	EXPECT_NE(NULL, strstr(expect_libbpf, "JIT is required for calling kernel function"));
}

TEST_HARNESS_MAIN
