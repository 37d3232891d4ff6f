// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// module: none
// rows: G1
/*
 * A kptr to a type of the program's whose name is that of a type of the module's:
 * an object of the program's while the module is not there, and what the map has
 * stays one; the module's type, which no such object is, once it is loaded.
 */
#include "lib/reader.h"
#include "kptr_local_name.skel.h"

#include "lib/harness.h"

static char log_text[1 << 16];

static int load(struct kptr_local_name **skel)
{
	*skel = kptr_local_name__open();
	if (!*skel)
		die("open kptr_local_name.bpf.o");
	log_text[0] = '\0';
	bpf_program__set_log_buf((*skel)->progs.exchange, log_text, sizeof(log_text));
	return kptr_local_name__load(*skel);
}

TEST(is_the_modules_where_the_module_is)
{
	struct kptr_local_name *before, *after;

	if (module_loaded())
		ASSERT_EQ(0, module_unload_soon());
	ASSERT_EQ(0, load(&before));
	reader_run(before->progs.exchange);
	EXPECT_EQ(0, before->bss->ret);
	reader_run(before->progs.exchange);
	EXPECT_EQ(1, before->bss->ret);
	EXPECT_EQ(42, before->bss->seen);

	module_load();
	EXPECT_EQ(-EACCES, load(&after));
	EXPECT_NE(NULL, strstr(log_text, "R2 type=ptr_taskhold_rec expected=ptr_taskhold_rec")) {
		TH_LOG("%s", log_text);
	}
	kptr_local_name__destroy(after);

	/* what has been decided stays so */
	before->bss->seen = 0;
	reader_run(before->progs.exchange);
	EXPECT_EQ(1, before->bss->ret);
	EXPECT_EQ(42, before->bss->seen);
	/* and is no concern of the module's */
	EXPECT_TRUE(until(10, module_refs() == 0));
	EXPECT_EQ(0, module_unload_soon());
	kptr_local_name__destroy(before);

	ASSERT_EQ(0, load(&after));
	reader_run(after->progs.exchange);
	EXPECT_EQ(0, after->bss->ret);
	kptr_local_name__destroy(after);
	module_load();
}

TEST_HARNESS_MAIN
