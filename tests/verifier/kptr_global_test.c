// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// module: none
// rows: A1, A2, A9, A10
/*
 * Kptrs among a program's global variables, which are the value of a map as well:
 * the section is its type, and each variable has a place in it. A kernel with the
 * patches of kernel/patches creates no such map with a tag that it cannot honour.
 */
#include "lib/expect.h"
#include "lib/kmsg.h"
#include "lib/kptr_types.h"
#include "progs/kptr_global.h"
#include "kptr_global.skel.h"

#include "lib/harness.h"

/* ---- tags ---- */

/* What the second of two variables is; the first is a sound kptr. */
enum form { POINTER, MEMBER, ELEMENT, IN_UNION, BEHIND_TYPEDEF, CONST, NUMBER };

FIXTURE(section)
{
	struct types t;
};

FIXTURE_VARIANT(section)
{
	const char *tag;
	enum form form;
	int offset;		/* of the second variable */
	const char *says;	/* why a patched kernel refuses it, in its log */
};

#define VARIANT(name, what, of, at, text)					\
	FIXTURE_VARIANT_ADD(section, name)					\
	{									\
		.tag = what, .form = of, .offset = at, .says = text,		\
	}

#define UNKNOWN	"is no kind of kptr that is known"
#define HIDDEN	"is const, in a union or behind a typedef"

VARIANT(pointer, "kptr", POINTER, 8, NULL);
VARIANT(pointer_unreferenced, "kptr_untrusted", POINTER, 8, NULL);
/* no kptr, but with it the section cannot have the other one either */
VARIANT(pointer_with_another_tag, "user", POINTER, 8, "its value cannot have kptrs, error -22");
VARIANT(pointer_misspelt, "kptrs", POINTER, 8, UNKNOWN);
VARIANT(pointer_of_another_time, "kptr_ref", POINTER, 8, UNKNOWN);
VARIANT(member, "kptr", MEMBER, 8, NULL);
VARIANT(member_misspelt, "kptrs", MEMBER, 8, UNKNOWN);
VARIANT(element, "kptr", ELEMENT, 8, NULL);
VARIANT(element_misspelt, "kptrs", ELEMENT, 8, UNKNOWN);
VARIANT(in_a_union, "kptr", IN_UNION, 8, HIDDEN);
VARIANT(behind_a_typedef, "kptr", BEHIND_TYPEDEF, 8, HIDDEN);
VARIANT(constant, "kptr", CONST, 8, HIDDEN);
VARIANT(not_aligned, "kptr", POINTER, 12, "is not aligned");
/* the offset that is said is the one in the section */
VARIANT(said_where, "kptrs", MEMBER, 16, "pointer at offset 24 with tag 'kptrs'");
VARIANT(no_kptr, NULL, NUMBER, 8, NULL);

#define SECTION_SIZE	48

FIXTURE_SETUP(section)
{
	struct types *t = &self->t;
	int good, type, size = 8, var[2];

	types_make(t);
	good = types_pointer(t, "kptr_untrusted", "task_struct", false);
	type = t->integer;
	if (variant->form != NUMBER)
		type = types_pointer(t, variant->tag, "task_struct", false);
	switch (variant->form) {
	case MEMBER:
		size = 16;
		types_struct(t, "pair", size);
		types_member(t, "mark", t->integer, 0);
		types_member(t, "p", type, 8);
		type = t->value;
		break;
	case ELEMENT:
		size = 16;
		type = types_array(t, type, 2);
		break;
	case IN_UNION:
		t->value = btf__add_union(t->btf, "either", size);
		types_member(t, "p", type, 0);
		types_member(t, "mark", t->integer, 0);
		type = t->value;
		break;
	case BEHIND_TYPEDEF:
		type = btf__add_typedef(t->btf, "pointer", type);
		break;
	case CONST:
		type = btf__add_const(t->btf, type);
		break;
	case NUMBER:
		size = 4;
		break;
	default:
		break;
	}
	var[0] = btf__add_var(t->btf, "good", BTF_VAR_STATIC,
			      variant->form == NUMBER ? t->integer : good);
	var[1] = btf__add_var(t->btf, "second", BTF_VAR_STATIC, type);
	ASSERT_LT(0, var[1]);
	t->value = btf__add_datasec(t->btf, ".data.kptrs", SECTION_SIZE);
	ASSERT_LT(0, t->value);
	ASSERT_EQ(0, btf__add_datasec_var_info(t->btf, var[0], 0,
					       variant->form == NUMBER ? 4 : 8));
	ASSERT_EQ(0, btf__add_datasec_var_info(t->btf, var[1], variant->offset, size));
	types_load(t);
	/* as libbpf does it for what is no array of sections */
	t->integer = 0;
}

FIXTURE_TEARDOWN(section)
{
	btf__free(self->t.btf);
}

/* It is refused, and the log has a new line with this text. */
static bool refused_and_said(const struct types *t, int kmsg, const char *text)
{
	return types_map(t, BPF_MAP_TYPE_ARRAY, 0) == -EINVAL &&
	       kmsg_count_of(kmsg, "bpf", text);
}

TEST_F(section, creation)
{
	int fd, kmsg;

	if (variant->says && expect_kernel_patched()) {
		kmsg = kmsg_open();
		ASSERT_EQ(-EINVAL, types_map(&self->t, BPF_MAP_TYPE_ARRAY, 0));
		/* tried again, as the kernel says only so many in a time */
		EXPECT_TRUE(until(20, refused_and_said(&self->t, kmsg, variant->says)));
		close(kmsg);
		return;
	}
	fd = types_map(&self->t, BPF_MAP_TYPE_ARRAY, 0);
	ASSERT_LE(0, fd);
	/* without the patches some of those that are not sound take the other one along */
	if (!variant->says)
		EXPECT_EQ(variant->form != NUMBER, has_kptrs(fd));
	close(fd);
}

/* ---- what becomes of one ---- */

FIXTURE(variable)
{
	struct kptr_global *g;
	struct kptr_global *watch;	/* counts, and is there when the other is gone */
	struct gate gate;
	pid_t pid;	/* a child that waits at the gate */
	int before;	/* references to it that are not of this test */
};

static int run_prog(struct bpf_program *prog)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	if (bpf_prog_test_run_opts(bpf_program__fd(prog), &opts))
		die("run %s", bpf_program__name(prog));
	return opts.retval;
}

static int refs(FIXTURE_DATA(variable) *self)
{
	self->watch->bss->pid = self->pid;
	return run_prog(self->watch->progs.count);
}

FIXTURE_SETUP(variable)
{
	gate_make(&self->gate);
	self->pid = fork();
	if (self->pid == 0) {
		gate_wait(&self->gate);
		_exit(0);
	}
	self->watch = kptr_global__open_and_load();
	ASSERT_NE(NULL, self->watch);
	self->before = refs(self);
	ASSERT_LT(0, self->before);
	self->g = kptr_global__open_and_load();
	ASSERT_NE(NULL, self->g);
	self->g->bss->pid = self->pid;
	ASSERT_EQ(GLOBAL_NONE, run_prog(self->g->progs.look));
	ASSERT_EQ(0, run_prog(self->g->progs.store));
	ASSERT_EQ(GLOBAL_ALL, run_prog(self->g->progs.look));
	ASSERT_EQ(self->before + GLOBAL_REFS, refs(self));
}

FIXTURE_TEARDOWN(variable)
{
	kptr_global__destroy(self->g);
	EXPECT_TRUE(until(10, refs(self) == self->before));
	kptr_global__destroy(self->watch);
	gate_open(&self->gate);
	reap(self->pid);
	gate_close(&self->gate);
}

TEST_F(variable, comes_out_as_it_was)
{
	EXPECT_EQ(self->pid, run_prog(self->g->progs.take));
	EXPECT_EQ(self->before + GLOBAL_REFS - 1, refs(self));
	EXPECT_EQ(GLOBAL_ALL & ~GLOBAL_TASK, run_prog(self->g->progs.look));
}

TEST_F(variable, is_not_seen_by_user_space)
{
	struct bpf_map *map = self->g->maps.data_kptrs;
	__u64 value[GLOBAL_WORDS];
	__u32 key = 0;
	int i;

	memset(value, 0x55, sizeof(value));
	ASSERT_EQ(sizeof(value), bpf_map__value_size(map));
	ASSERT_EQ(0, bpf_map__lookup_elem(map, &key, sizeof(key), value, sizeof(value), 0));
	/* of what is there the number alone */
	for (i = 0; i < GLOBAL_WORDS; i++)
		EXPECT_TRUE(!value[i] || value[i] == GLOBAL_MARK);
	EXPECT_EQ(GLOBAL_ALL, run_prog(self->g->progs.look));

	/* the number is written, and what is written besides it is not taken */
	for (i = 0; i < GLOBAL_WORDS; i++)
		value[i] = GLOBAL_MARK;
	ASSERT_EQ(0, bpf_map__update_elem(map, &key, sizeof(key), value, sizeof(value), BPF_ANY));
	EXPECT_EQ(GLOBAL_MARKED, run_prog(self->g->progs.look));
	EXPECT_TRUE(until(10, refs(self) == self->before));
}

TEST_F(variable, goes_with_its_program)
{
	kptr_global__destroy(self->g);
	self->g = NULL;
	EXPECT_TRUE(until(10, refs(self) == self->before));
}

TEST_HARNESS_MAIN
