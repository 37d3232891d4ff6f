// SPDX-License-Identifier: GPL-2.0-only
// timeout: 180
// module: none
// rows: B2, B3, F3, F4, F6, G1, G2, G3
/*
 * Objects that a program has put into a map: they are taken out as they were, and
 * go with the value, however that goes, and with all they have. The count of a task
 * that each object has a reference to tells. All of it by the helper, and by the
 * instruction on a kernel that has it: in the map as well as in the objects.
 */
#include <bpf/bpf.h>

#include "lib/expect.h"
#include "lib/reader.h"
#include "kptr_local_run.skel.h"

#include "lib/harness.h"

FIXTURE(local)
{
	struct kptr_local_run *l;
	struct kptr_local_run *watch;	/* counts with a map of its own */
	struct gate gate;
	pid_t pid;	/* a child that waits at the gate */
	__u32 before;	/* references to it */
	struct bpf_newest others; /* BPF objects that are not of l */
};

FIXTURE_VARIANT(local)
{
	bool by_insn;
};

FIXTURE_VARIANT_ADD(local, by_helper)
{
};

FIXTURE_VARIANT_ADD(local, by_instruction)
{
	.by_insn = true,
};

static struct kptr_local_run *open_and_load(bool by_insn)
{
	struct kptr_local_run *l = kptr_local_run__open();

	if (!l)
		die("open kptr_local_run.bpf.o");
	l->rodata->by_insn = by_insn;
	if (kptr_local_run__load(l))
		die("load kptr_local_run.bpf.o");
	return l;
}

static int run_prog(struct bpf_program *prog, struct kptr_local_run *l)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	char packet[64] = { [12] = 8 };

	if (bpf_program__type(prog) == BPF_PROG_TYPE_SCHED_CLS) {
		opts.data_in = packet;
		opts.data_size_in = sizeof(packet);
	}
	if (bpf_prog_test_run_opts(bpf_program__fd(prog), &opts) || opts.retval)
		die("run %s", bpf_program__name(prog));
	return l->bss->ret;
}

static __u32 count_refs(FIXTURE_DATA(local) *self)
{
	if (run_prog(self->watch->progs.count_refs, self->watch))
		die("no task %d", self->pid);
	return self->watch->bss->refs;
}

/* Objects that have a reference. */
static int objects(FIXTURE_DATA(local) *self)
{
	return count_refs(self) - self->before;
}

FIXTURE_SETUP(local)
{
	if (variant->by_insn && !expect_kernel_patched())
		SKIP(return, "the kernel lacks the patches of kernel/patches");
	gate_make(&self->gate);
	self->pid = fork();
	if (self->pid == 0) {
		gate_wait(&self->gate);
		_exit(0);
	}
	self->watch = open_and_load(variant->by_insn);
	self->watch->bss->pid = self->pid;
	self->before = count_refs(self);

	self->others = bpf_newest();
	self->l = open_and_load(variant->by_insn);
	self->l->bss->pid = self->pid;
	self->l->bss->value = 42;
}

FIXTURE_TEARDOWN(local)
{
	kptr_local_run__destroy(self->l);
	EXPECT_TRUE(until(5, objects(self) == 0));
	kptr_local_run__destroy(self->watch);
	gate_open(&self->gate);
	reap(self->pid);
	gate_close(&self->gate);
}

static int element(struct kptr_local_run *l)
{
	__u64 value[4] = {};
	__u32 key = 0;

	return bpf_map__update_elem(l->bss->in_hash ? l->maps.hash : l->maps.array, &key,
				    sizeof(key), value, sizeof(value), BPF_ANY);
}

/* One of each kind in the slots. */
static void fill(struct __test_metadata *_metadata, FIXTURE_DATA(local) *self)
{
	ASSERT_EQ(0, run_prog(self->l->progs.stash, self->l));
	ASSERT_EQ(0, run_prog(self->l->progs.stash_leaf, self->l));
	ASSERT_EQ(0, run_prog(self->l->progs.stash_tree, self->l));
	ASSERT_EQ(0, run_prog(self->l->progs.stash_refcounted, self->l));
	ASSERT_EQ(4, objects(self));
}

TEST_F(local, is_taken_out_as_it_was)
{
	EXPECT_EQ(-2, run_prog(self->l->progs.unstash, self->l));
	ASSERT_EQ(0, run_prog(self->l->progs.stash, self->l));
	EXPECT_EQ(1, objects(self));
	ASSERT_EQ(0, run_prog(self->l->progs.unstash, self->l));
	EXPECT_EQ(42, self->l->bss->seen);
	EXPECT_EQ(0, objects(self));
	EXPECT_EQ(-2, run_prog(self->l->progs.unstash, self->l));
}

TEST_F(local, is_replaced_by_another)
{
	ASSERT_EQ(0, run_prog(self->l->progs.stash, self->l));
	self->l->bss->value = 43;
	ASSERT_EQ(0, run_prog(self->l->progs.stash, self->l));
	EXPECT_EQ(1, objects(self));
	ASSERT_EQ(0, run_prog(self->l->progs.unstash, self->l));
	EXPECT_EQ(43, self->l->bss->seen);
}

TEST_F(local, has_one_of_its_own)
{
	ASSERT_EQ(0, run_prog(self->l->progs.stash_leaf, self->l));
	EXPECT_EQ(1, objects(self));
	ASSERT_EQ(0, run_prog(self->l->progs.unstash_leaf, self->l));
	EXPECT_EQ(84, self->l->bss->seen);
	EXPECT_EQ(0, objects(self));
}

TEST_F(local, is_acquired_where_it_is)
{
	EXPECT_EQ(-2, run_prog(self->l->progs.acquire_refcounted, self->l));
	ASSERT_EQ(0, run_prog(self->l->progs.stash_refcounted, self->l));
	ASSERT_EQ(0, run_prog(self->l->progs.acquire_refcounted, self->l));
	EXPECT_EQ(42, self->l->bss->seen);
	/* the map's own count is left, and what it has with it */
	EXPECT_EQ(1, objects(self));
	ASSERT_EQ(0, run_prog(self->l->progs.acquire_refcounted, self->l));
	EXPECT_EQ(42, self->l->bss->seen);
}

TEST_F(local, user_space_sees_nothing_of_it)
{
	__u64 value[4] = { 1, 1, 1, 1 };
	__u32 key = 0;

	fill(_metadata, self);
	ASSERT_EQ(0, bpf_map__lookup_elem(self->l->maps.array, &key, sizeof(key), value,
					  sizeof(value), 0));
	EXPECT_EQ(0, value[0] | value[1] | value[2] | value[3]);
}

TEST_F(local, goes_with_an_update)
{
	fill(_metadata, self);
	ASSERT_EQ(0, element(self->l));
	EXPECT_TRUE(until(5, objects(self) == 0)) {
		TH_LOG("%d objects", objects(self));
	}
}

TEST_F(local, goes_with_its_element)
{
	__u32 key = 0;

	self->l->bss->in_hash = true;
	ASSERT_EQ(0, element(self->l));
	fill(_metadata, self);
	ASSERT_EQ(0, bpf_map__delete_elem(self->l->maps.hash, &key, sizeof(key), 0));
	EXPECT_TRUE(until(5, objects(self) == 0)) {
		TH_LOG("%d objects", objects(self));
	}
}

/* The types are in the BTF of an object that nobody has any more but the map. */
TEST_F(local, goes_with_the_map)
{
	int fd = dup(bpf_map__fd(self->l->maps.array));

	ASSERT_LE(0, fd);
	fill(_metadata, self);
	kptr_local_run__destroy(self->l);
	self->l = NULL;
	EXPECT_TRUE(until(10, bpf_made_since(self->others) == 1));
	EXPECT_EQ(4, objects(self));
	close(fd);
	EXPECT_TRUE(until(10, objects(self) == 0)) {
		TH_LOG("%d objects", objects(self));
	}
}

TEST_F(local, pointer_that_is_left_over_is_read_and_no_more)
{
	ASSERT_EQ(0, run_prog(self->l->progs.stash, self->l));
	ASSERT_EQ(0, run_prog(self->l->progs.read_dropped, self->l));
	EXPECT_EQ(0, objects(self));
}

TEST_F(local, unreferenced_one_of_its_own)
{
	/* by the helper nothing gets in, as it takes what is referenced alone */
	EXPECT_EQ(variant->by_insn ? 0 : -1, run_prog(self->l->progs.exchange_unref, self->l));
	EXPECT_EQ(variant->by_insn ? self->pid : 0, self->l->bss->seen);
	EXPECT_EQ(0, objects(self));
}

/* ---- the same type by name and members, of another object ---- */

static char log_text[1 << 16];

static int load_with_map_of(struct kptr_local_run *other, bool by_insn, bool reuse)
{
	struct kptr_local_run *l = kptr_local_run__open();
	struct bpf_program *prog;
	int err;

	if (!l)
		die("open kptr_local_run.bpf.o");
	l->rodata->by_insn = by_insn;
	bpf_object__for_each_program(prog, l->obj)
		bpf_program__set_autoload(prog, prog == l->progs.stash);
	log_text[0] = '\0';
	bpf_program__set_log_buf(l->progs.stash, log_text, sizeof(log_text));
	if (reuse && bpf_map__reuse_fd(l->maps.array, bpf_map__fd(other->maps.array)))
		die("reuse a map");
	err = kptr_local_run__load(l);
	kptr_local_run__destroy(l);
	return err;
}

TEST_F(local, type_is_that_of_the_map_and_no_other)
{
	EXPECT_EQ(0, load_with_map_of(self->l, variant->by_insn, false));
	EXPECT_EQ(-EACCES, load_with_map_of(self->l, variant->by_insn, true));
	EXPECT_NE(NULL, strstr(log_text, " type=ptr_counted expected=ptr_counted")) {
		TH_LOG("%s", log_text);
	}
}

/* That is what makes the variant above one of its own. */
TEST(no_other_kernel_has_the_instruction)
{
	int err = load_with_map_of(NULL, true, false);

	if (expect_kernel_patched()) {
		EXPECT_EQ(0, err);
		return;
	}
	EXPECT_EQ(-EACCES, err);
	EXPECT_NE(NULL, strstr(log_text, "direct access to kptr is disallowed")) {
		TH_LOG("%s", log_text);
	}
}

TEST_HARNESS_MAIN
