// SPDX-License-Identifier: GPL-2.0-only
// timeout: 120
// kmsg-allow: bpf: map 'kptrs': (pointer at offset .*|its value cannot have kptrs, error -[0-9]+)
// kmsg-allow: Unprivileged eBPF is enabled
// rows: A2, A3, A4, A5, A6
/*
 * Maps whose values have kptrs, as user space creates them: how many, of what, in
 * which kinds of map, with which flags and by whom.
 *
 * A struct that has a kptr itself is looked at when its BTF is loaded, and one
 * that has it in an array or another struct when a map is created. What is wrong
 * then is refused by a kernel with the patches of kernel/patches; one without
 * creates the map, with no kptrs.
 */
#include <sys/mman.h>

#include "lib/capabilities.h"
#include "lib/expect.h"
#include "lib/kmsg.h"
#include "lib/kptr_types.h"

#include "lib/harness.h"

/* ---- how many ---- */

enum shape {
	MEMBERS, ARRAY, ARRAYS, NESTED, LOCKED, OVERLAPPING, PACKED, PACKED_ARRAY, PACKED_SECOND,
	ARRAY_OF_PACKED,
};

FIXTURE(number)
{
	struct types t;
};

FIXTURE_VARIANT(number)
{
	enum shape shape;
	int nr;		/* of members or elements */
	int load_err;	/* of loading the BTF */
	int err;	/* of the creation, on a patched kernel */
	bool none;	/* where it is created there are no kptrs */
};

#define VARIANT(name, form, count, loading, error, without)			\
	FIXTURE_VARIANT_ADD(number, name)					\
	{									\
		.shape = form, .nr = count, .load_err = loading, .err = error,	\
		.none = without,						\
	}

VARIANT(one, MEMBERS, 1, 0, 0, false);
VARIANT(nine, MEMBERS, 9, 0, 0, false);
VARIANT(eleven, MEMBERS, 11, 0, 0, false);
VARIANT(twelve, MEMBERS, 12, -E2BIG, 0, false);
VARIANT(hundred, MEMBERS, 100, -E2BIG, 0, false);
VARIANT(array_of_eleven, ARRAY, 11, 0, 0, false);
VARIANT(array_of_twelve, ARRAY, 12, 0, 0, true);
VARIANT(array_of_many, ARRAY, 1 << 20, 0, 0, true);
VARIANT(five_arrays_of_two, ARRAYS, 5, 0, 0, false);
VARIANT(six_arrays_of_two, ARRAYS, 6, 0, 0, true);
VARIANT(five_structs_of_two, NESTED, 5, 0, 0, false);
VARIANT(six_structs_of_two, NESTED, 6, 0, 0, true);
VARIANT(ten_and_a_lock, LOCKED, 10, 0, 0, false);
VARIANT(eleven_and_a_lock, LOCKED, 11, -E2BIG, 0, false);
VARIANT(two_in_one_place, OVERLAPPING, 2, -EEXIST, 0, false);
VARIANT(not_aligned, PACKED, 1, -EFAULT, 0, false);
VARIANT(array_that_is_not_aligned, PACKED_ARRAY, 2, 0, -EINVAL, true);
/* the one that is aligned must not make up for the other */
VARIANT(second_that_is_not_aligned, PACKED_SECOND, 2, 0, -EINVAL, false);
VARIANT(elements_that_are_not_aligned, ARRAY_OF_PACKED, 2, 0, -EINVAL, false);

FIXTURE_SETUP(number)
{
	int nr = variant->nr, i, pointer, inner;
	struct types *t = &self->t;
	char name[16];

	types_make(t);
	pointer = types_pointer(t, "kptr", "task_struct", false);
	switch (variant->shape) {
	case MEMBERS:
	case OVERLAPPING:
		types_struct(t, "value", 8 * nr);
		for (i = 0; i < nr; i++) {
			snprintf(name, sizeof(name), "p%d", i);
			types_member(t, name, pointer, variant->shape == MEMBERS ? 8 * i : 0);
		}
		break;
	case ARRAY:
		inner = types_array(t, pointer, nr);
		types_struct(t, "value", 8 * nr);
		types_member(t, "p", inner, 0);
		break;
	case ARRAYS:
		inner = types_array(t, types_array(t, pointer, 2), nr);
		types_struct(t, "value", 16 * nr);
		types_member(t, "p", inner, 0);
		break;
	case NESTED:
		types_struct(t, "pair", 16);
		types_member(t, "first", pointer, 0);
		types_member(t, "second", pointer, 8);
		inner = types_array(t, t->value, nr);
		types_struct(t, "value", 16 * nr + 8);
		types_member(t, "mark", t->integer, 0);
		types_member(t, "pairs", inner, 8);
		break;
	case LOCKED:
		types_struct(t, "bpf_spin_lock", 4);
		types_member(t, "val", t->integer, 0);
		inner = t->value;
		pointer = types_array(t, pointer, nr);
		types_struct(t, "value", 8 * nr + 8);
		types_member(t, "lock", inner, 0);
		types_member(t, "p", pointer, 8);
		break;
	case PACKED:
	case PACKED_ARRAY:
		if (variant->shape == PACKED_ARRAY)
			pointer = types_array(t, pointer, nr);
		types_struct(t, "value", 4 + 8 * nr);
		types_member(t, "mark", t->integer, 0);
		types_member(t, "p", pointer, 4);
		break;
	case PACKED_SECOND:
		types_struct(t, "value", 20);
		types_member(t, "p", pointer, 0);
		types_member(t, "mark", t->integer, 8);
		types_member(t, "q", pointer, 12);
		break;
	case ARRAY_OF_PACKED:
		types_struct(t, "packed", 12);
		types_member(t, "p", pointer, 0);
		types_member(t, "mark", t->integer, 8);
		inner = types_array(t, t->value, nr);
		types_struct(t, "value", 12 * nr);
		types_member(t, "elements", inner, 0);
		break;
	}
}

FIXTURE_TEARDOWN(number)
{
	btf__free(self->t.btf);
}

TEST_F(number, creation)
{
	int err = expect_kernel_patched() ? variant->err : 0, fd;

	ASSERT_EQ(variant->load_err, types_try(&self->t));
	if (variant->load_err)
		return;
	fd = types_map(&self->t, BPF_MAP_TYPE_ARRAY, 0);
	if (err) {
		EXPECT_EQ(err, fd);
		return;
	}
	ASSERT_LE(0, fd);
	EXPECT_EQ(!variant->none, has_kptrs(fd));
	close(fd);
}

/* ---- of what ---- */

FIXTURE(pointee)
{
	struct types t;
	int pointer;
};

FIXTURE_VARIANT(pointee)
{
	const char *tag;
	const char *name;
	bool to_union;
	int load_err;	/* of loading the BTF, where it is a member of the struct */
	int err;	/* of the creation, on a patched kernel; without, there are no kptrs */
	bool is_new;	/* a stock kernel does not know the tag */
};

#undef VARIANT
#define VARIANT(variant, what, of, is_union, loading, error, newer)		\
	FIXTURE_VARIANT_ADD(pointee, variant)					\
	{									\
		.tag = what, .name = of, .to_union = is_union, .load_err = loading, \
		.err = error, .is_new = newer,					\
	}

#define OWN "nobody_else_has_this"

VARIANT(of_vmlinux, "kptr", "task_struct", false, 0, 0, false);
VARIANT(of_vmlinux_without_destructor, "kptr", "inode", false, -ENOENT, -ENOENT, false);
VARIANT(of_vmlinux_unreferenced, "kptr_untrusted", "inode", false, 0, 0, false);
VARIANT(of_a_module, "kptr", "taskhold_rec", false, 0, 0, false);
VARIANT(of_a_module_without_destructor, "kptr", "taskhold_policy", false, -ENOENT, -ENOENT, false);
VARIANT(of_a_module_unreferenced, "kptr_untrusted", "taskhold_policy", false, 0, 0, false);
VARIANT(of_the_program, "kptr", OWN, false, 0, 0, false);
VARIANT(of_the_program_for_each_processor, "percpu_kptr", OWN, false, 0, 0, false);
VARIANT(of_another_kind, "kptr", "task_struct", true, 0, -EINVAL, false);
VARIANT(per_cpu_of_vmlinux, "kptr_percpu", "rq", false, 0, 0, true);
VARIANT(user_of_vmlinux, "kptr_user", "sockaddr", false, 0, 0, true);
/* a program has no memory of its own of these kinds */
VARIANT(per_cpu_of_the_program, "kptr_percpu", OWN, false, -ENOENT, -ENOENT, true);
VARIANT(user_of_the_program, "kptr_user", OWN, false, -ENOENT, -ENOENT, true);

FIXTURE_SETUP(pointee)
{
	types_make(&self->t);
	self->pointer = types_pointer(&self->t, variant->tag, variant->name, variant->to_union);
}

FIXTURE_TEARDOWN(pointee)
{
	btf__free(self->t.btf);
}

TEST_F(pointee, loading)
{
	bool known = expect_kernel_patched() || !variant->is_new;

	types_struct(&self->t, "value", 8);
	types_member(&self->t, "p", self->pointer, 0);
	EXPECT_EQ(known ? variant->load_err : 0, types_try(&self->t));
}

TEST_F(pointee, creation)
{
	bool patched = expect_kernel_patched();
	int array = types_array(&self->t, self->pointer, 2), kmsg = kmsg_open(), fd, said;

	types_struct(&self->t, "value", 16);
	types_member(&self->t, "p", array, 0);
	types_load(&self->t);
	fd = types_map(&self->t, BPF_MAP_TYPE_HASH, 0);
	said = kmsg_count_text(kmsg, "its value cannot have kptrs, error -2");
	close(kmsg);
	/* the tag alone is no reason for any other error */
	EXPECT_EQ(patched && variant->err == -ENOENT, said);
	if (patched && variant->err) {
		EXPECT_EQ(variant->err, fd);
		return;
	}
	ASSERT_LE(0, fd);
	EXPECT_EQ(!variant->err && (patched || !variant->is_new), has_kptrs(fd));
	close(fd);
}

/* Without its module, a struct of this name is the program's own. */
TEST(pointee_of_a_module_that_is_gone)
{
	struct types t;
	int fd;

	ASSERT_EQ(0, module_unload_soon());
	types_one(&t, "kptr", "taskhold_rec");
	fd = types_map(&t, BPF_MAP_TYPE_ARRAY, 0);
	module_load();
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, module_refs());
	EXPECT_TRUE(has_kptrs(fd));
	close(fd);
	btf__free(t.btf);
}

/* What is not released needs no destructor, so its module may go. */
TEST(unreferenced_does_not_hold_the_module)
{
	struct types t;
	int fd;

	types_one(&t, "kptr_untrusted", "taskhold_rec");
	fd = types_map(&t, BPF_MAP_TYPE_ARRAY, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, module_refs());
	EXPECT_EQ(0, module_unload());
	EXPECT_TRUE(has_kptrs(fd));
	close(fd);
	btf__free(t.btf);
	module_load();
}

/* BTF that has a destructor's type does so by itself, before there is a map. */
TEST(referenced_holds_the_module)
{
	struct types t;
	int fd;

	types_one(&t, "kptr", "taskhold_rec");
	EXPECT_LT(0, module_refs());
	fd = types_map(&t, BPF_MAP_TYPE_ARRAY, 0);
	ASSERT_LE(0, fd);
	btf__free(t.btf);
	EXPECT_LT(0, module_refs());
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	close(fd);
	EXPECT_TRUE(until(10, module_refs() == 0));
}

/* ---- in which kinds of map ---- */

FIXTURE(type)
{
	struct types t;
};

FIXTURE_VARIANT(type)
{
	enum bpf_map_type type;
	__u32 flags;
	__u32 key_size;		/* 4: an int, 8: the struct, 0: none */
	__u32 entries;
	int err;		/* with kptrs */
};

#undef VARIANT
#define VARIANT(name, kind, flag, key, nr, error)				\
	FIXTURE_VARIANT_ADD(type, name)						\
	{									\
		.type = BPF_MAP_TYPE_##kind, .flags = flag, .key_size = key, .entries = nr, \
		.err = error,							\
	}

#define STORAGE BPF_F_NO_PREALLOC

VARIANT(hash, HASH, 0, 4, 2, 0);
VARIANT(hash_without_preallocation, HASH, BPF_F_NO_PREALLOC, 4, 2, 0);
VARIANT(percpu_hash, PERCPU_HASH, 0, 4, 2, 0);
VARIANT(lru_hash, LRU_HASH, 0, 4, 2, 0);
VARIANT(lru_percpu_hash, LRU_PERCPU_HASH, 0, 4, 2, 0);
VARIANT(array, ARRAY, 0, 4, 2, 0);
VARIANT(percpu_array, PERCPU_ARRAY, 0, 4, 2, 0);
VARIANT(sk_storage, SK_STORAGE, STORAGE, 4, 0, 0);
VARIANT(inode_storage, INODE_STORAGE, STORAGE, 4, 0, 0);
VARIANT(task_storage, TASK_STORAGE, STORAGE, 4, 0, 0);
VARIANT(cgrp_storage, CGRP_STORAGE, STORAGE, 4, 0, 0);
VARIANT(cgroup_storage, CGROUP_STORAGE, 0, 8, 0, -EOPNOTSUPP);
VARIANT(percpu_cgroup_storage, PERCPU_CGROUP_STORAGE, 0, 8, 0, -EOPNOTSUPP);
VARIANT(lpm_trie, LPM_TRIE, BPF_F_NO_PREALLOC, 8, 2, -EOPNOTSUPP);
VARIANT(bloom_filter, BLOOM_FILTER, 0, 0, 2, -EOPNOTSUPP);
VARIANT(stack_trace, STACK_TRACE, 0, 4, 2, -EOPNOTSUPP);
VARIANT(sockmap, SOCKMAP, 0, 4, 2, -EOPNOTSUPP);
VARIANT(sockhash, SOCKHASH, 0, 4, 2, -EOPNOTSUPP);
VARIANT(reuseport_sockarray, REUSEPORT_SOCKARRAY, 0, 4, 2, -EOPNOTSUPP);
VARIANT(cpumap, CPUMAP, 0, 4, 2, -EOPNOTSUPP);
/* no program writes to them, which is looked at first */
VARIANT(devmap, DEVMAP, 0, 4, 2, -EACCES);
VARIANT(devmap_hash, DEVMAP_HASH, 0, 4, 2, -EACCES);
/* BTF wants a key, and they have none */
VARIANT(queue, QUEUE, 0, 0, 2, -EINVAL);
VARIANT(stack, STACK, 0, 0, 2, -EINVAL);

FIXTURE_SETUP(type)
{
	struct types *t = &self->t;
	int pointer;

	types_make(t);
	pointer = types_pointer(t, "kptr", "task_struct", false);
	types_struct(t, "value", 8);
	types_member(t, "p", pointer, 0);
	types_load(t);
}

FIXTURE_TEARDOWN(type)
{
	btf__free(self->t.btf);
}

/* A storage has BTF in any case. */
static bool is_storage(enum bpf_map_type type)
{
	return type == BPF_MAP_TYPE_SK_STORAGE || type == BPF_MAP_TYPE_INODE_STORAGE ||
	       type == BPF_MAP_TYPE_TASK_STORAGE || type == BPF_MAP_TYPE_CGRP_STORAGE;
}

TEST_F(type, creation)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = variant->flags);
	int fd;

	/* the neighbour: it is for nothing else that it is refused */
	if (!is_storage(variant->type)) {
		fd = bpf_map_create(variant->type, "plain", variant->key_size, 8, variant->entries,
				    &opts);
		EXPECT_LE(0, fd);
		close(fd);
	}

	opts.btf_fd = btf__fd(self->t.btf);
	opts.btf_value_type_id = self->t.value;
	if (variant->key_size)
		opts.btf_key_type_id = variant->key_size == 4 ? self->t.integer : self->t.key;
	fd = bpf_map_create(variant->type, "kptrs", variant->key_size, 8, variant->entries, &opts);
	EXPECT_EQ(variant->err, fd < 0 ? fd : 0);
	if (fd < 0)
		return;
	EXPECT_TRUE(has_kptrs(fd));
	close(fd);
}

/* ---- with which flags, and what cannot be done to it ---- */

TEST(not_hidden_from_programs)
{
	struct types with, without;
	int fd;

	types_one(&with, "kptr_untrusted", "task_struct");
	types_one(&without, NULL, "task_struct");
	EXPECT_EQ(-EACCES, types_map(&with, BPF_MAP_TYPE_ARRAY, BPF_F_RDONLY_PROG));
	EXPECT_EQ(-EACCES, types_map(&with, BPF_MAP_TYPE_ARRAY, BPF_F_WRONLY_PROG));
	fd = types_map(&without, BPF_MAP_TYPE_ARRAY, BPF_F_RDONLY_PROG);
	EXPECT_LE(0, fd);
	close(fd);
	fd = types_map(&without, BPF_MAP_TYPE_ARRAY, BPF_F_WRONLY_PROG);
	EXPECT_LE(0, fd);
	close(fd);
	/* what user space may do is another thing */
	fd = types_map(&with, BPF_MAP_TYPE_ARRAY, BPF_F_RDONLY);
	EXPECT_LE(0, fd);
	close(fd);
	btf__free(with.btf);
	btf__free(without.btf);
}

TEST(not_mapped_nor_frozen)
{
	long page = sysconf(_SC_PAGESIZE);
	struct types t[2];
	void *at;
	int fd;

	types_one(&t[0], "kptr_untrusted", "task_struct");
	fd = types_map(&t[0], BPF_MAP_TYPE_ARRAY, BPF_F_MMAPABLE);
	ASSERT_LE(0, fd);
	at = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 0);
	EXPECT_EQ(MAP_FAILED, at);
	EXPECT_EQ(ENOTSUPP, errno);
	EXPECT_EQ(-ENOTSUPP, bpf_map_freeze(fd));
	close(fd);

	types_one(&t[1], NULL, "task_struct");
	fd = types_map(&t[1], BPF_MAP_TYPE_ARRAY, BPF_F_MMAPABLE);
	ASSERT_LE(0, fd);
	at = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 0);
	EXPECT_NE(MAP_FAILED, at);
	munmap(at, page);
	EXPECT_EQ(0, bpf_map_freeze(fd));
	close(fd);
	btf__free(t[0].btf);
	btf__free(t[1].btf);
}

/* ---- by whom ---- */

#define UNPRIVILEGED "/proc/sys/kernel/unprivileged_bpf_disabled"

TEST(takes_cap_bpf)
{
	struct types with, without;
	char before[16];
	int plain, kptrs, allowed;

	types_one(&with, "kptr_untrusted", "task_struct");
	types_one(&without, NULL, "task_struct");
	ASSERT_LT(0, read_file(UNPRIVILEGED, before, sizeof(before)));
	ASSERT_NE('1', before[0]);

	/* maps are there for everybody, but for kptrs */
	write_file(UNPRIVILEGED, "0");
	capabilities(0);
	plain = types_map(&without, BPF_MAP_TYPE_ARRAY, 0);
	kptrs = types_map(&with, BPF_MAP_TYPE_ARRAY, 0);
	capabilities(CAPABILITY(CAP_BPF));
	allowed = types_map(&with, BPF_MAP_TYPE_ARRAY, 0);
	capabilities(CAPABILITIES_ALL);
	write_file(UNPRIVILEGED, before);

	EXPECT_LE(0, plain);
	EXPECT_EQ(-EPERM, kptrs);
	EXPECT_LE(0, allowed);
	close(plain);
	close(allowed);
	btf__free(with.btf);
	btf__free(without.btf);
}

TEST_HARNESS_MAIN
